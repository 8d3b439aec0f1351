// SPDX-License-Identifier: GPL-2.0
/*
 * The worker ioctls, which both personalities have (<linux/vhost.h>). In-tree,
 * a device without an owner answers EINVAL to all but the first two, which need
 * no owner.
 */
#include <linux/err.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>

#include "../core.h"

static long set_fork(struct vhx_dev *dev, void __user *argp)
{
	u8 fork;

	if (dev->mm)
		return -EBUSY;
	if (get_user(fork, (u8 __user *)argp))
		return -EFAULT;
	if (fork != VHOST_FORK_OWNER_TASK && fork != VHOST_FORK_OWNER_KTHREAD)
		return -EINVAL;
	if (fork == VHOST_FORK_OWNER_TASK && !VHX_WORKERS_FORK)
		return -EOPNOTSUPP;
	dev->fork = fork == VHOST_FORK_OWNER_TASK;
	return 0;
}

static long get_fork(struct vhx_dev *dev, void __user *argp)
{
	u8 fork = dev->fork ? VHOST_FORK_OWNER_TASK : VHOST_FORK_OWNER_KTHREAD;

	return put_user(fork, (u8 __user *)argp);
}

/*
 * A thread of the kernel does not count against the owner's limit of threads:
 * who asked for such a one does not get more. Kernels that have nothing else
 * have the limit of vhx_dev_new_worker() only.
 */
static long new_worker(struct vhx_dev *dev, void __user *argp)
{
	struct vhost_worker_state s = {};
	int id;

	if (VHX_WORKERS_FORK && !dev->fork)
		return -EFAULT;
	id = vhx_dev_new_worker(dev);
	if (id < 0)
		return id;
	s.worker_id = id;
	if (!copy_to_user(argp, &s, sizeof(s)))
		return 0;
	vhx_dev_free_worker(dev, id);
	return -EFAULT;
}

static long free_worker(struct vhx_dev *dev, void __user *argp)
{
	struct vhost_worker_state s;

	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	return vhx_dev_free_worker(dev, s.worker_id);
}

static long attach_worker(struct vhx_vq *vq, void __user *argp)
{
	struct vhost_vring_worker w;

	if (copy_from_user(&w, argp, sizeof(w)))
		return -EFAULT;
	return vhx_vq_attach_worker(vq, w.worker_id);
}

static long get_worker(struct vhx_vq *vq, void __user *argp)
{
	struct vhost_vring_worker w = {
		.index = vq->index,
		.worker_id = vhx_vq_worker_id(vq),
	};

	return copy_to_user(argp, &w, sizeof(w)) ? -EFAULT : 0;
}

static long owner_ioctl(struct vhx_dev *dev, unsigned int cmd,
			void __user *argp)
{
	struct vhx_vq *vq;
	int err;

	if (!dev->mm)
		return -EINVAL;
	err = vhx_dev_check_owner(dev);
	if (err)
		return err;
	if (cmd == VHOST_NEW_WORKER)
		return new_worker(dev, argp);
	if (cmd == VHOST_FREE_WORKER)
		return free_worker(dev, argp);
	err = vhx_vring_get_vq(dev, argp, &vq);
	if (err)
		return err;
	if (cmd == VHOST_ATTACH_VRING_WORKER)
		return attach_worker(vq, argp);
	return get_worker(vq, argp);
}

/**
 * vhx_worker_ioctl - the worker ioctls
 * @dev: device, locked
 * @cmd: ioctl, one of those below
 * @argp: argument
 *
 * Return: 0 or an errno.
 */
long vhx_worker_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp)
{
	switch (cmd) {
	case VHOST_SET_FORK_FROM_OWNER:
		return set_fork(dev, argp);
	case VHOST_GET_FORK_FROM_OWNER:
		return get_fork(dev, argp);
	default:
		return owner_ioctl(dev, cmd, argp);
	}
}
