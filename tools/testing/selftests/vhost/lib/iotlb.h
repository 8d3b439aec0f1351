/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The monitor's side of the IOTLB of a vhost device that was set up with
 * VIRTIO_F_ACCESS_PLATFORM: it reads misses from the device's file and writes
 * updates and invalidations to it. An I/O-virtual address is what gmem_gpa()
 * returns; entries are pages.
 *
 * Functions return 0 or -errno.
 */
#ifndef VHXT_IOTLB_H
#define VHXT_IOTLB_H

#include "vdev.h"

#define IOTLB_PAGE	4096ULL

/*
 * Read a miss. -ETIMEDOUT if there is none within @ms; -EBADMSG if the message
 * is not a miss, byte for byte.
 */
int iotlb_miss(struct vdev *d, struct vhost_iotlb_msg *m, int ms);

/* One message. */
int iotlb_send(struct vdev *d, __u8 type, __u64 iova, __u64 size,
	       const void *user, __u8 perm);

/* Map all pages of a piece of guest memory, each by itself; unmap them. */
int iotlb_map(struct vdev *d, const void *p, size_t len, __u8 perm);
int iotlb_unmap(struct vdev *d, const void *p, size_t len);

/* The same with the ring of queue @i. */
int iotlb_map_ring(struct vdev *d, unsigned int i);
int iotlb_unmap_ring(struct vdev *d, unsigned int i);

/* Map the page of a miss as guest memory. */
int iotlb_answer(struct vdev *d, const struct vhost_iotlb_msg *m);

/*
 * Answer misses until @vq has @n completions, which are not taken. @misses, if
 * it is not NULL, is increased for each. -EIO if the queue's err eventfd is
 * signalled.
 */
int iotlb_serve(struct vdev *d, struct vq *vq, unsigned int n,
		unsigned int *misses);

#endif /* VHXT_IOTLB_H */
