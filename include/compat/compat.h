/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of the newest kernel for older kernels. The build includes it first; no
 * other file checks a kernel version.
 */
#ifndef _VHX_COMPAT_H
#define _VHX_COMPAT_H

#include <linux/version.h>

/* 6.2: ITER_SOURCE and ITER_DEST for iov_iter_init() */
#include <linux/uio.h>
#ifndef ITER_SOURCE
#define ITER_SOURCE	WRITE
#define ITER_DEST	READ
#endif

/* 6.4: iter_iov() and what goes with it */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define __iov			iov
#define iter_iov(iter)		((iter)->iov)
#define iter_iov_addr(iter)	(iter_iov(iter)->iov_base + (iter)->iov_offset)
#define iter_iov_len(iter)	(iter_iov(iter)->iov_len - (iter)->iov_offset)
#endif

/*
 * 6.5: pin_user_pages_remote() without vmas. 6.2: it may drop the mmap lock
 * with FOLL_LONGTERM as well; before, the pages are faulted in first, where it
 * may.
 */
#include <linux/mm.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
static inline long
vhx_compat_pin_remote(struct mm_struct *mm, unsigned long start,
		      unsigned long nr, unsigned int flags, struct page **pages,
		      int *locked)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	long got = get_user_pages_remote(mm, start, nr, flags & FOLL_WRITE,
					 NULL, NULL, locked);

	if (!*locked) {
		if (mmap_read_lock_killable(mm))
			return -EINTR;
		*locked = 1;
	}
	if (got <= 0)
		return got;
	nr = got;
	locked = NULL;
#endif
	return pin_user_pages_remote(mm, start, nr, flags, pages, NULL, locked);
}

#define pin_user_pages_remote vhx_compat_pin_remote
#endif

/* 6.2: pages that are pinned for reading stay those that the owner sees */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define VHX_PIN_FOR_READING	FOLL_WRITE
#else
#define VHX_PIN_FOR_READING	0
#endif

/* 6.8: eventfd_signal() adds one */
#include <linux/eventfd.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define eventfd_signal(ctx) ((void)eventfd_signal(ctx, 1))
#endif

/* 6.9: file_bdev() */
#include <linux/blkdev.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
static inline struct block_device *file_bdev(struct file *file)
{
	return I_BDEV(file->f_mapping->host);
}
#endif

/* 6.10: vhost_task with a SIGKILL handler; older kernels use kthreads */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define VHX_HAVE_VHOST_TASK 1
#endif

/* 6.5: workers of vhost devices; 6.18: how they are made */
#include <linux/vhost.h>
#ifndef VHOST_NEW_WORKER
struct vhost_worker_state {
	unsigned int worker_id;
};

struct vhost_vring_worker {
	unsigned int index;
	unsigned int worker_id;
};

#define VHOST_NEW_WORKER	_IOR(VHOST_VIRTIO, 0x8, \
				     struct vhost_worker_state)
#define VHOST_FREE_WORKER	_IOW(VHOST_VIRTIO, 0x9, \
				     struct vhost_worker_state)
#define VHOST_ATTACH_VRING_WORKER _IOW(VHOST_VIRTIO, 0x15, \
				       struct vhost_vring_worker)
#define VHOST_GET_VRING_WORKER	_IOWR(VHOST_VIRTIO, 0x16, \
				      struct vhost_vring_worker)
#endif
#ifndef VHOST_SET_FORK_FROM_OWNER
#define VHOST_FORK_OWNER_TASK		1
#define VHOST_FORK_OWNER_KTHREAD	0
#define VHOST_SET_FORK_FROM_OWNER	_IOW(VHOST_VIRTIO, 0x84, __u8)
#define VHOST_GET_FORK_FROM_OWNER	_IOR(VHOST_VIRTIO, 0x85, __u8)
#endif

/* 6.3 to 6.8: new vhost-vdpa ioctls */
#include <linux/vhost.h>
#ifndef VHOST_VDPA_RESUME
#define VHOST_VDPA_RESUME		_IO(VHOST_VIRTIO, 0x7E)
#define VHOST_BACKEND_F_RESUME		0x5
#endif
#ifndef VHOST_VDPA_GET_VRING_DESC_GROUP
#define VHOST_VDPA_GET_VRING_DESC_GROUP	_IOWR(VHOST_VIRTIO, 0x7F, \
					      struct vhost_vring_state)
#define VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK	0x6
#endif
#ifndef VHOST_BACKEND_F_IOTLB_PERSIST
#define VHOST_BACKEND_F_IOTLB_PERSIST	0x8
#endif
#ifndef VHOST_VDPA_GET_VRING_SIZE
#define VHOST_VDPA_GET_VRING_SIZE	_IOWR(VHOST_VIRTIO, 0x82, \
					      struct vhost_vring_state)
#endif

#endif /* _VHX_COMPAT_H */
