// SPDX-License-Identifier: GPL-2.0
/*
 * What the two personalities have in common: the file, the queues, and the
 * vring ioctls.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vdev.h"

int vdev_open(struct vdev *d, const char *path)
{
	*d = (struct vdev){
		.what = "open",
		.config_call = -1,
	};
	d->fd = open(path, O_RDWR | O_CLOEXEC);
	return d->fd < 0 ? -errno : 0;
}

void vdev_close(struct vdev *d)
{
	unsigned int i;

	if (d->fd >= 0)
		close(d->fd);
	if (d->config_call >= 0)
		close(d->config_call);
	for (i = 0; i < d->nvqs; i++)
		vq_exit(&d->vq[i]);
	*d = (struct vdev){ .fd = -1, .config_call = -1 };
}

static unsigned int vq_flags(__u64 features)
{
	unsigned int flags = 0;

	if (features & BIT_ULL(VIRTIO_RING_F_EVENT_IDX))
		flags |= VQ_EVENT_IDX;
	if (features & BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC))
		flags |= VQ_INDIRECT;
	if (features & BIT_ULL(VIRTIO_F_RING_PACKED))
		flags |= VQ_PACKED;
	if (features & BIT_ULL(VIRTIO_F_IN_ORDER))
		flags |= VQ_IN_ORDER;
	return flags;
}

int vdev_make_vqs(struct vdev *d, struct gmem *mem, __u64 features,
		  unsigned int nvqs, __u16 num)
{
	const unsigned int flags = vq_flags(features);
	int err;

	d->what = "make queues";
	d->mem = mem;
	d->features = features;
	if (nvqs > VDEV_MAX_VQS)
		return -E2BIG;
	for (d->nvqs = 0; d->nvqs < nvqs; d->nvqs++) {
		err = vq_init(&d->vq[d->nvqs], mem, num, flags);
		if (err)
			return err;
	}
	return 0;
}

int vdev_ioctl(struct vdev *d, const char *what, unsigned long cmd, void *arg)
{
	int ret = ioctl(d->fd, cmd, arg);

	d->what = what;
	return ret < 0 ? -errno : ret;
}

int vring_set_num(struct vdev *d, unsigned int i)
{
	struct vhost_vring_state s = { .index = i, .num = d->vq[i].num };

	return vdev_ioctl(d, "SET_VRING_NUM", VHOST_SET_VRING_NUM, &s);
}

static __u64 ring_addr(const struct vdev *d, const void *p)
{
	__u64 gpa = gmem_gpa(d->mem, p);

	return d->user_rings ? (uintptr_t)gmem_user(d->mem, gpa) : gpa;
}

int vring_set_addr(struct vdev *d, unsigned int i)
{
	const struct vq *vq = &d->vq[i];
	struct vhost_vring_addr a = {
		.index = i,
		.flags = vq->log ? 1 << VHOST_VRING_F_LOG : 0,
		.desc_user_addr = ring_addr(d, vq->desc),
		.avail_user_addr = ring_addr(d, vq->avail),
		.used_user_addr = ring_addr(d, vq->used),
		.log_guest_addr = vq->log ? gmem_gpa(d->mem, vq->used) : 0,
	};

	return vdev_ioctl(d, "SET_VRING_ADDR", VHOST_SET_VRING_ADDR, &a);
}

int vring_set_base(struct vdev *d, unsigned int i, __u32 base)
{
	struct vhost_vring_state s = { .index = i, .num = base };

	return vdev_ioctl(d, "SET_VRING_BASE", VHOST_SET_VRING_BASE, &s);
}

int vring_get_base(struct vdev *d, unsigned int i, __u32 *base)
{
	struct vhost_vring_state s = { .index = i };
	int err = vdev_ioctl(d, "GET_VRING_BASE", VHOST_GET_VRING_BASE, &s);

	*base = s.num;
	return err;
}

static int set_fd(struct vdev *d, const char *what, unsigned long cmd,
		  unsigned int i, int fd)
{
	struct vhost_vring_file f = { .index = i, .fd = fd };

	return vdev_ioctl(d, what, cmd, &f);
}

int vring_set_kick(struct vdev *d, unsigned int i, int fd)
{
	return set_fd(d, "SET_VRING_KICK", VHOST_SET_VRING_KICK, i, fd);
}

int vring_set_call(struct vdev *d, unsigned int i, int fd)
{
	return set_fd(d, "SET_VRING_CALL", VHOST_SET_VRING_CALL, i, fd);
}

int vring_set_err(struct vdev *d, unsigned int i, int fd)
{
	return set_fd(d, "SET_VRING_ERR", VHOST_SET_VRING_ERR, i, fd);
}
