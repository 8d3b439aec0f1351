/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VHX_IOMMU_H
#define _VHX_IOMMU_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

struct vhx_mem;

/**
 * enum vhx_miss_state - what became of a miss
 * @VHX_MISS_NONE: there is none
 * @VHX_MISS_UNREAD: the monitor is to be told
 * @VHX_MISS_READ: the monitor was told and has not answered
 */
enum vhx_miss_state {
	VHX_MISS_NONE,
	VHX_MISS_UNREAD,
	VHX_MISS_READ,
};

/**
 * struct vhx_miss - what a queue waits for in the IOTLB
 * @unread: in &struct vhx_iommu.unread while UNREAD
 * @state: &enum vhx_miss_state; changed under &struct vhx_iommu.lock
 * @addr: the I/O-virtual address
 * @perm: the access that is wanted, VHOST_ACCESS_
 * @kicked: the guest has kicked since then, or earlier
 */
struct vhx_miss {
	struct list_head unread;
	enum vhx_miss_state state;
	u64 addr;
	u8 perm;
	bool kicked;
};

/**
 * struct vhx_iommu - the device's end of an IOMMU that the monitor emulates
 * @on: VIRTIO_F_ACCESS_PLATFORM was acknowledged; changed under the device's
 *	lock while no queue is started
 * @table: the IOTLB: I/O-virtual to user addresses; read under RCU, replaced
 *	under the device's lock; NULL if it is empty
 * @victim: where to look for an entry that makes room; under the device's lock
 * @lock: protects @unread and the misses of all queues
 * @unread: misses that the monitor is to be told of, oldest first
 * @wait: those who read and poll the file
 */
struct vhx_iommu {
	bool on;
	struct vhx_mem __rcu *table;
	unsigned int victim;
	/* see above */
	spinlock_t lock;
	struct list_head unread;
	wait_queue_head_t wait;
};

#endif /* _VHX_IOMMU_H */
