// SPDX-License-Identifier: GPL-2.0
/*
 * The queue ioctls that both personalities have (<linux/vhost.h>).
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/log2.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>

#include "../core.h"

/**
 * vhx_vring_get_vq - find the queue that an ioctl is about
 * @dev: device
 * @argp: argument, which begins with the queue's index
 * @vqp: set to the queue
 *
 * Return: 0, -EFAULT, or -ENOBUFS if there is no such queue.
 */
int vhx_vring_get_vq(struct vhx_dev *dev, void __user *argp,
		     struct vhx_vq **vqp)
{
	u32 index;

	if (get_user(index, (u32 __user *)argp))
		return -EFAULT;
	if (index >= dev->nvqs)
		return -ENOBUFS;
	*vqp = dev->vqs[array_index_nospec(index, dev->nvqs)];
	return 0;
}

static bool is_packed(const struct vhx_vq *vq)
{
	return vhx_vq_has_feature(vq, VIRTIO_F_RING_PACKED);
}

static long set_num(struct vhx_vq *vq, void __user *argp)
{
	struct vhost_vring_state s;

	if (vhx_vq_is_started(vq))
		return -EBUSY;
	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	if (!s.num || s.num > vq->dev->queue_size ||
	    (!is_packed(vq) && !is_power_of_2(s.num)))
		return -EINVAL;
	vq->num = s.num;
	return 0;
}

static long set_base(struct vhx_vq *vq, void __user *argp)
{
	struct vhost_vring_state s;

	if (vhx_vq_is_started(vq))
		return -EBUSY;
	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	if (s.num > U16_MAX && !is_packed(vq))
		return -EINVAL;
	vq->base = s.num;
	vq->base_set = true;
	return 0;
}

static long get_base(struct vhx_vq *vq, void __user *argp)
{
	struct vhost_vring_state s = { .index = vq->index };

	if (vhx_vq_is_started(vq) && !vhx_vq_is_waiting(vq))
		s.num = vhx_ring_base(&vq->ring);
	else if (vq->base_set)
		s.num = vq->base;
	else
		s.num = vhx_ring_fresh_base(is_packed(vq));
	return copy_to_user(argp, &s, sizeof(s)) ? -EFAULT : 0;
}

/* A ring does not move while it is served; setting the same address is fine. */
static long set_addr(struct vhx_vq *vq, void __user *argp)
{
	struct vhost_vring_addr a;
	u64 addr[VHX_NAREAS];
	int err;

	if (copy_from_user(&a, argp, sizeof(a)))
		return -EFAULT;
	if (a.flags & ~BIT(VHOST_VRING_F_LOG))
		return -EOPNOTSUPP;
	if (!IS_ALIGNED(a.desc_user_addr, VRING_DESC_ALIGN_SIZE) ||
	    !IS_ALIGNED(a.avail_user_addr, VRING_AVAIL_ALIGN_SIZE) ||
	    !IS_ALIGNED(a.used_user_addr, VRING_USED_ALIGN_SIZE) ||
	    !IS_ALIGNED(a.log_guest_addr, VRING_USED_ALIGN_SIZE))
		return -EINVAL;

	addr[VHX_AREA_DESC] = a.desc_user_addr;
	addr[VHX_AREA_AVAIL] = a.avail_user_addr;
	addr[VHX_AREA_USED] = a.used_user_addr;
	if (vhx_vq_is_started(vq) && memcmp(addr, vq->addr, sizeof(addr)))
		return -EBUSY;
	/* In-tree says EINVAL here, and EFAULT where else the log is short. */
	err = vhx_log_set_ring(vq, a.flags & BIT(VHOST_VRING_F_LOG),
			       a.log_guest_addr);
	if (err)
		return err == -EFAULT ? -EINVAL : err;
	memcpy(vq->addr, addr, sizeof(addr));
	vq->addr_set = true;
	return 0;
}

static long set_busyloop(struct vhx_vq *vq, void __user *argp)
{
	struct vhost_vring_state s;

	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	WRITE_ONCE(vq->busyloop, s.num);
	return 0;
}

static long get_busyloop(struct vhx_vq *vq, void __user *argp)
{
	struct vhost_vring_state s = {
		.index = vq->index, .num = vq->busyloop,
	};

	return copy_to_user(argp, &s, sizeof(s)) ? -EFAULT : 0;
}

static long set_kick(struct vhx_vq *vq, void __user *argp)
{
	struct vhost_vring_file f;
	struct file *file = NULL;

	if (copy_from_user(&f, argp, sizeof(f)))
		return -EFAULT;
	if (f.fd != VHOST_FILE_UNBIND) {
		file = eventfd_fget(f.fd);
		if (IS_ERR(file))
			return PTR_ERR(file);
	}
	return vhx_vq_set_kick(vq, file);
}

static long set_eventfd(struct vhx_vq *vq, void __user *argp,
			void (*set)(struct vhx_vq *vq, struct vhx_eventfd *efd))
{
	struct vhost_vring_file f;
	struct vhx_eventfd *efd;

	if (copy_from_user(&f, argp, sizeof(f)))
		return -EFAULT;
	efd = vhx_eventfd_get(f.fd);
	if (IS_ERR(efd))
		return PTR_ERR(efd);
	set(vq, efd);
	return 0;
}

/**
 * vhx_vring_ioctl - the queue ioctls
 * @dev: device, locked; the caller is its owner
 * @cmd: ioctl
 * @argp: argument
 *
 * Return: 0, an errno, or -ENOTTY if @cmd is not one of them.
 */
long vhx_vring_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp)
{
	struct vhx_vq *vq;
	int err;

	err = vhx_vring_get_vq(dev, argp, &vq);
	if (err)
		return err;

	switch (cmd) {
	case VHOST_SET_VRING_NUM:
		return set_num(vq, argp);
	case VHOST_SET_VRING_BASE:
		return set_base(vq, argp);
	case VHOST_GET_VRING_BASE:
		return get_base(vq, argp);
	case VHOST_SET_VRING_ADDR:
		return set_addr(vq, argp);
	case VHOST_SET_VRING_KICK:
		return set_kick(vq, argp);
	case VHOST_SET_VRING_CALL:
		return set_eventfd(vq, argp, vhx_vq_set_call);
	case VHOST_SET_VRING_ERR:
		return set_eventfd(vq, argp, vhx_vq_set_err);
	case VHOST_SET_VRING_BUSYLOOP_TIMEOUT:
		return set_busyloop(vq, argp);
	case VHOST_GET_VRING_BUSYLOOP_TIMEOUT:
		return get_busyloop(vq, argp);
	default:
		return -ENOTTY;
	}
}
