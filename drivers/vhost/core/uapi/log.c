// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of the dirty log, which both personalities have
 * (<linux/vhost.h>). What is logged is said elsewhere: by VHOST_F_LOG_ALL among
 * the features and by VHOST_VRING_F_LOG of a queue's addresses.
 */
#include <linux/err.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>

#include "../core.h"

/* The address is looked at when a queue that logs is, or gets, started. */
static long set_base(struct vhx_dev *dev, void __user *argp)
{
	u64 base;

	if (copy_from_user(&base, argp, sizeof(base)))
		return -EFAULT;
	if (base != (unsigned long)base)
		return -EFAULT;
	return vhx_log_set_base(dev, base);
}

static long set_fd(struct vhx_dev *dev, void __user *argp)
{
	struct vhx_eventfd *efd;
	int fd;

	if (get_user(fd, (int __user *)argp))
		return -EFAULT;
	efd = vhx_eventfd_get(fd);
	if (IS_ERR(efd))
		return PTR_ERR(efd);
	vhx_eventfd_replace(&dev->log_call, efd);
	return 0;
}

/**
 * vhx_log_ioctl - the ioctls of the dirty log
 * @dev: device, locked; the caller is its owner
 * @cmd: VHOST_SET_LOG_BASE or VHOST_SET_LOG_FD
 * @argp: argument
 *
 * Return: 0 or an errno, as in-tree.
 */
long vhx_log_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp)
{
	return cmd == VHOST_SET_LOG_BASE ? set_base(dev, argp) :
					   set_fd(dev, argp);
}
