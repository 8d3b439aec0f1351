/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables of ioctls and their results. A row is one call: the stage of the
 * device, the caller, the argument, the errno. The same rows run on the in-tree
 * device, which is the reference, and on vhx. If vhx differs on purpose, the
 * row says so and why. Each row opens the device anew, so no row depends on
 * another.
 */
#ifndef VHXT_CASES_H
#define VHXT_CASES_H

#include <stdbool.h>
#include <stddef.h>

#include "vdev.h"

/* Stages of a device. Each includes those before it. */
enum stage {
	NEW,		/* opened */
	OWNED,		/* has an owner; vdpa: status DRIVER too */
	NEGOTIATED,	/* vdpa: FEATURES_OK */
	READY,		/* features, memory, rings */
	RUNNING,	/* backend attached; vdpa: DRIVER_OK */
};

/* The argument of a call. */
enum kind {
	A_NONE,
	A_BAD,		/* a pointer to nowhere */
	A_RDONLY,	/* a page that can't be written; index @i in it */
	A_ZERO,		/* a page of zeroes */
	A_CUT,		/* @i, @n, and then memory ends */
	A_STATE,	/* vhost_vring_state: @i, @n */
	A_FILE,		/* vhost_vring_file: @i, @fd */
	A_ADDR,		/* vhost_vring_addr: @i, flags @n, ring plus @x, log */
	A_FD,		/* int: @fd */
	A_INT,		/* __u8, __u32 or __u64: @n */
	A_MEM,		/* vhost_memory: the guest's memory, changed by @mem */
	A_CONFIG,	/* vhost_vdpa_config: offset @i, length @n */
	A_MSG,		/* write() of a vhost_msg_v2: @msg */
};

/* The file descriptors that arguments name. */
enum fds {
	FD_UNBIND,	/* -1 */
	FD_NEGATIVE,	/* -2 */
	FD_CLOSED,
	FD_EVENT,
	FD_PIPE,
	FD_NULL,	/* /dev/null */
	FD_UDP,
	FD_PACKET,	/* AF_PACKET, SOCK_RAW */
	FD_TAP,
	FD_DISK,
	FD_COUNT,
};

/* The devices that a row is for; all if none is named. */
#define ON_NET		0x01
#define ON_BLK		0x02
#define ON_VHX		0x04
#define ON_REF		0x08
/* Another process makes the call. */
#define FOREIGN		0x10

/*
 * Success, for @vhx, @vhx_or and @newer, in which 0 means that they are unset.
 */
#define OK		(-1)

/**
 * struct msg_arg - an IOTLB message
 * @type: of the whole message; 0 is VHOST_IOTLB_MSG_V2
 * @asid: address space
 * @op: VHOST_IOTLB_UPDATE, ...
 * @iova: from the start of guest memory
 * @size: bytes
 * @user: from the start of guest memory in our address space
 * @perm: VHOST_ACCESS_*
 * @len: bytes to write, 0 for the whole message
 */
struct msg_arg {
	__u32 type;
	__u32 asid;
	__u8 op;
	__u64 iova;
	__u64 size;
	__u64 user;
	__u8 perm;
	size_t len;
};

/**
 * struct row - one call and its result
 * @what: describes it
 * @cmd: the ioctl; 0 is write()
 * @at: the stage of the device
 * @flags: ON_*, FOREIGN
 * @kind: the argument, made of
 * @i: its index,
 * @n: its number,
 * @x: its addresses (desc, avail, used, log),
 * @fd: its file descriptor,
 * @msg: its message,
 * @mem: changes its memory table
 * @want: errno of the in-tree device, 0 for success
 * @newer: another errno, of newer in-tree devices
 * @vhx: errno of vhx, if it differs
 * @vhx_or: another errno that vhx may return
 */
struct row {
	const char *what;
	unsigned long cmd;
	enum stage at;
	unsigned int flags;
	enum kind kind;
	__u32 i;
	__u64 n;
	__u64 x[4];
	enum fds fd;
	struct msg_arg msg;
	void (*mem)(struct vhost_memory *m);
	int want;
	int newer;
	int vhx;
	int vhx_or;
};

/**
 * struct target - the device that rows run on
 * @path: its node
 * @flags: ON_* that apply to it
 * @bring: take a fresh device to a stage
 * @features: to be negotiated
 * @nvqs: queues to set up
 * @mem: guest memory
 * @fd: what &enum fds stands for
 * @pipe_end: the other end of FD_PIPE
 */
struct target {
	const char *path;
	unsigned int flags;
	int (*bring)(struct target *t, struct vdev *d, enum stage stage);
	__u64 features;
	unsigned int nvqs;
	struct gmem mem;
	int fd[FD_COUNT];
	int pipe_end;
};

/* Room in a memory table for @mem to add regions. */
#define MEM_ROOM	1024

/* Open all files of &enum fds but FD_TAP and FD_DISK. */
int target_init(struct target *t);
void target_exit(struct target *t);

/* Does @r run on @t? */
static inline bool row_applies(const struct row *r, const struct target *t)
{
	unsigned int on = r->flags & (ON_NET | ON_BLK | ON_VHX | ON_REF);

	return !on || (on & t->flags) == on;
}

/*
 * Make the call of @r. Returns its errno, 0 for success, or a negative errno if
 * the device did not reach the row's stage; @step then names the step that
 * failed.
 */
int row_run(const struct row *r, struct target *t, const char **step);

/* Is @err a right result of @r on @t? */
bool row_ok(const struct row *r, const struct target *t, int err);

/* An ioctl of the headers: each must have a row. */
struct ioctl_name {
	const char *name;
	unsigned long cmd;
};

#endif /* VHXT_CASES_H */
