/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What vhx adds to <linux/vhost.h>.
 *
 * /dev/vhx-net and /dev/vhx-blk take the vhost ioctls, /dev/vhx/NAME takes the
 * vhost-vdpa ioctls, both as <linux/vhost.h> defines them.
 */
#ifndef _UAPI_LINUX_VHX_H
#define _UAPI_LINUX_VHX_H

#include <linux/vhost.h>
#include <linux/vhost_types.h>

/**
 * VHOST_BLK_SET_BACKEND - attach a block device to /dev/vhx-blk
 *
 * The argument is a &struct vhost_vring_file: @fd is an open block device, or
 * -1 to detach the one there is; @index must be 0 and stands for all queues.
 * The number is that of the vhost-blk series, so its monitors work.
 *
 * If @fd is not open for writing, or the block device is read-only, writes get
 * VIRTIO_BLK_S_IOERR, and VHOST_GET_FEATURES offers VIRTIO_BLK_F_RO while it is
 * attached. Features are acknowledged before that: a monitor that wants to tell
 * its guest asks for them after it has attached the device, or knows it anyway,
 * as it opened @fd. VHOST_SET_FEATURES need not contain VIRTIO_BLK_F_RO.
 *
 * Errors: EPERM if the caller is not the owner, ENOBUFS for an @index other
 * than 0, EBADF if @fd is not an open file, ENOTBLK if it is no block device,
 * EOPNOTSUPP if it is zoned, EFAULT if the rings are not set up right.
 */
#define VHOST_BLK_SET_BACKEND _IOW(VHOST_VIRTIO, 0xFF, struct vhost_vring_file)

#endif /* _UAPI_LINUX_VHX_H */
