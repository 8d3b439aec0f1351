// SPDX-License-Identifier: GPL-2.0
/*
 * The front end's side of the vhost-user protocol, as much of it as a back end
 * needs to run (docs/interop/vhost-user.rst of QEMU).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "blk.h"

#define VERSION			1
#define F_PROTOCOL_FEATURES	BIT_ULL(30)

enum request {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	SET_VRING_ENABLE = 18,
};

struct memory {
	__u32 nregions;
	__u32 padding;
	__u64 gpa;
	__u64 size;
	__u64 user;
	__u64 offset;
};

/* No padding before 64-bit fields. */
#pragma pack(push, 4)
struct message {
	__u32 request;
	__u32 flags;
	__u32 size;
	union {
		__u64 u64;
		struct vhost_vring_state state;
		struct vhost_vring_addr addr;
		struct memory mem;
	};
};

#pragma pack(pop)

#define HEADER	offsetof(struct message, u64)

/* @fd goes with it unless it is -1. */
static int send_message(struct vdev *d, const char *what, struct message *m,
			size_t size, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { m, HEADER + size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	d->what = what;
	m->flags = VERSION;
	m->size = (__u32)size;
	if (fd >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	return sendmsg(d->fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int set_u64(struct vdev *d, const char *what, __u32 request, __u64 value,
		   int fd)
{
	struct message m = { .request = request, .u64 = value };

	return send_message(d, what, &m, sizeof(m.u64), fd);
}

static int get_u64(struct vdev *d, const char *what, __u32 request, __u64 *value)
{
	struct message m = { .request = request };
	int err = send_message(d, what, &m, 0, -1);

	if (err)
		return err;
	if (recv(d->fd, &m, HEADER + sizeof(m.u64), MSG_WAITALL) !=
	    HEADER + sizeof(m.u64))
		return -EPROTO;
	*value = m.u64;
	return 0;
}

static int set_state(struct vdev *d, const char *what, __u32 request,
		     unsigned int i, unsigned int num)
{
	struct message m = { .request = request, .state = { i, num } };

	return send_message(d, what, &m, sizeof(m.state), -1);
}

static int set_mem(struct vdev *d)
{
	const struct gmem_region *r = &d->mem->region[0];
	struct message m = {
		.request = SET_MEM_TABLE,
		.mem = { 1, 0, r->gpa, r->size, (uintptr_t)r->user, 0 },
	};

	return send_message(d, "SET_MEM_TABLE", &m, sizeof(m.mem),
			    d->mem->memfd);
}

static int set_vring(struct vdev *d, unsigned int i)
{
	const struct vq *vq = &d->vq[i];
	struct message m = {
		.request = SET_VRING_ADDR,
		.addr = {
			.index = i,
			.desc_user_addr = (uintptr_t)vq->desc,
			.avail_user_addr = (uintptr_t)vq->avail,
			.used_user_addr = (uintptr_t)vq->used,
		},
	};
	int err;

	err = set_state(d, "SET_VRING_NUM", SET_VRING_NUM, i, vq->num);
	if (!err)
		err = set_state(d, "SET_VRING_BASE", SET_VRING_BASE, i,
				vq->base);
	if (!err)
		err = send_message(d, "SET_VRING_ADDR", &m, sizeof(m.addr), -1);
	if (!err)
		err = set_u64(d, "SET_VRING_CALL", SET_VRING_CALL, i, vq->call);
	if (!err)
		err = set_u64(d, "SET_VRING_KICK", SET_VRING_KICK, i, vq->kick);
	if (!err)
		err = set_state(d, "SET_VRING_ENABLE", SET_VRING_ENABLE, i, 1);
	return err;
}

int vhost_user_open(struct vdev *d, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	*d = (struct vdev){ .what = "connect", .config_call = -1 };
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		return -errno;
	if (connect(d->fd, (struct sockaddr *)&at, sizeof(at)))
		return -errno;
	return 0;
}

int vhost_user_setup(struct vdev *d)
{
	unsigned int i;
	__u64 ignored;
	int err;

	err = get_u64(d, "GET_FEATURES", GET_FEATURES, &d->offered);
	if (!err)
		err = get_u64(d, "GET_PROTOCOL_FEATURES", GET_PROTOCOL_FEATURES,
			      &ignored);
	if (!err)
		err = set_u64(d, "SET_PROTOCOL_FEATURES", SET_PROTOCOL_FEATURES,
			      0, -1);
	if (!err)
		err = set_u64(d, "SET_OWNER", SET_OWNER, 0, -1);
	if (!err)
		err = set_u64(d, "SET_FEATURES", SET_FEATURES,
			      (d->features | F_PROTOCOL_FEATURES) & d->offered,
			      -1);
	if (!err)
		err = set_mem(d);
	for (i = 0; !err && i < d->nvqs; i++)
		err = set_vring(d, i);
	return err;
}
