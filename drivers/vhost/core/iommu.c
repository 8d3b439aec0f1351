// SPDX-License-Identifier: GPL-2.0
/*
 * The IOTLB of the vhost personality (VIRTIO_F_ACCESS_PLATFORM): what the
 * monitor's IOMMU has told the device so far. The monitor learns of an address
 * that is missing by reading the file (struct vhost_msg_v2, IOTLB_MISS), and
 * answers by writing an update to it; it invalidates entries in the same way.
 *
 * A miss parks the queue, and nothing else: the buffer is back on the ring, the
 * run ends, and an update for the address wakes the queue. A queue has one miss
 * at a time, which is part of it, so a guest can't make them many. The same is
 * true of a queue that can't start because its ring is missing.
 *
 * The table is &struct vhx_mem, so a look-up is that of guest memory. It is a
 * cache: when it is full an entry makes room.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/vhost.h>

#include "core.h"

static const struct vhx_mem *iommu_table(const struct vhx_dev *dev)
{
	return rcu_dereference_protected(dev->iommu.table,
					 lockdep_is_held(&dev->lock));
}

/**
 * vhx_iommu_init - prepare the IOTLB of a new device
 * @dev: device
 */
void vhx_iommu_init(struct vhx_dev *dev)
{
	spin_lock_init(&dev->iommu.lock);
	INIT_LIST_HEAD(&dev->iommu.unread);
	init_waitqueue_head(&dev->iommu.wait);
}

/*
 * Misses
 */

static void miss_set(struct vhx_vq *vq, enum vhx_miss_state state)
{
	struct vhx_miss *miss = &vq->miss;

	lockdep_assert_held(&vq->dev->iommu.lock);
	list_del_init(&miss->unread);
	if (state == VHX_MISS_UNREAD)
		list_add_tail(&miss->unread, &vq->dev->iommu.unread);
	WRITE_ONCE(miss->state, state);
}

static void miss_post(struct vhx_vq *vq, u64 addr, u32 perm)
{
	vq->miss.addr = addr;
	vq->miss.perm = perm;
	vq->miss.kicked = false;
	miss_set(vq, VHX_MISS_UNREAD);
}

static void wake_readers(struct vhx_dev *dev)
{
	wake_up_interruptible_poll(&dev->iommu.wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * vhx_iommu_fault - an address can't be accessed
 * @vq: queue
 * @r: the region that has it, which lacks the permission; or NULL
 * @addr: the address
 * @perm: the access, VHOST_ACCESS_
 *
 * Context: in vq_run().
 * Return: -EFAULT if there is no IOMMU; -EPERM if the IOTLB forbids the access;
 * -EAGAIN if it does not know the address: vhx_iommu_park() is next.
 */
int vhx_iommu_fault(struct vhx_vq *vq, const struct vhx_region *r, u64 addr,
		    u32 perm)
{
	if (!vhx_dev_has_iommu(vq->dev))
		return -EFAULT;
	if (r)
		return -EPERM;
	vq->run.miss_addr = addr;
	vq->run.miss_perm = perm;
	return -EAGAIN;
}

/**
 * vhx_iommu_park - wait for the address that vhx_iommu_fault() was about
 * @vq: queue; the buffer is back on the ring
 *
 * Who updates the IOTLB replaces the table first and looks for misses then,
 * under the lock. So either the new table is seen here, and the queue runs
 * again, or the miss is seen there.
 *
 * Context: in vq_run().
 * Return: 0, as there is no buffer for this run.
 */
int vhx_iommu_park(struct vhx_vq *vq)
{
	struct vhx_iommu *iommu = &vq->dev->iommu;
	unsigned int hint = 0;

	rcu_read_lock();
	spin_lock(&iommu->lock);
	if (vhx_mem_find(rcu_dereference(iommu->table), vq->run.miss_addr,
			 &hint)) {
		vq->run.cut = true;
	} else {
		miss_post(vq, vq->run.miss_addr, vq->run.miss_perm);
		vq->run.parked = true;
	}
	spin_unlock(&iommu->lock);
	rcu_read_unlock();
	if (vq->run.parked)
		wake_readers(vq->dev);
	return 0;
}

/**
 * vhx_iommu_unpark - may a queue that has a miss run?
 * @vq: queue
 *
 * If the monitor has not answered, because it does not know the address either,
 * it is asked again when the guest kicks.
 *
 * Context: the queue's worker.
 */
bool vhx_iommu_unpark(struct vhx_vq *vq)
{
	struct vhx_iommu *iommu = &vq->dev->iommu;
	struct vhx_miss *miss = &vq->miss;
	bool ask = false, go;

	spin_lock(&iommu->lock);
	if (miss->state == VHX_MISS_READ && READ_ONCE(miss->kicked)) {
		/* A queue that is served asks when it fails again. */
		ask = vhx_vq_is_waiting(vq);
		if (ask)
			miss_post(vq, miss->addr, miss->perm);
		else
			miss_set(vq, VHX_MISS_NONE);
	}
	go = miss->state == VHX_MISS_NONE;
	spin_unlock(&iommu->lock);
	if (ask)
		wake_readers(vq->dev);
	return go;
}

/**
 * vhx_iommu_forget - a queue waits no longer
 * @vq: queue, which the worker does not take up again
 */
void vhx_iommu_forget(struct vhx_vq *vq)
{
	struct vhx_iommu *iommu = &vq->dev->iommu;

	spin_lock(&iommu->lock);
	miss_set(vq, VHX_MISS_NONE);
	spin_unlock(&iommu->lock);
}

static bool miss_answered(struct vhx_vq *vq, u64 start, u64 last)
{
	const struct vhx_miss *miss = &vq->miss;

	return miss->state != VHX_MISS_NONE && miss->addr >= start &&
	       miss->addr <= last;
}

/* Wakes the queues that wait for an address in the range. */
static void answer_misses(struct vhx_dev *dev, u64 start, u64 last)
{
	struct vhx_iommu *iommu = &dev->iommu;
	unsigned int i;
	bool wake;

	for (i = 0; i < dev->nvqs; i++) {
		struct vhx_vq *vq = dev->vqs[i];

		spin_lock(&iommu->lock);
		wake = miss_answered(vq, start, last);
		if (wake)
			miss_set(vq, VHX_MISS_NONE);
		spin_unlock(&iommu->lock);
		if (wake)
			vhx_vq_wake(vq);
	}
}

/*
 * Rings. All that is about them is under the device's lock.
 */

/**
 * vhx_iommu_find_ring - is an area of a ring in the IOTLB?
 * @vq: queue that is to start
 * @addr: the area's address
 * @len: its bytes, not 0
 * @written: the device writes to it
 *
 * The area is mapped page by page, so an entry must consist of pages.
 *
 * Context: process, under the device's lock.
 * Return: 0; -EAGAIN if it is not, which the monitor is told; -EFAULT if it is
 * in entries that do not allow the access or are not aligned, or wraps.
 */
int vhx_iommu_find_ring(struct vhx_vq *vq, u64 addr, size_t len, bool written)
{
	const u32 perm = written ? VHOST_ACCESS_RW : VHOST_ACCESS_RO;
	const struct vhx_mem *mem = iommu_table(vq->dev);
	struct vhx_iommu *iommu = &vq->dev->iommu;
	const u64 last = addr + len - 1;
	const struct vhx_region *r;
	unsigned int hint = 0;

	if (last < addr)
		return -EFAULT;
	for (;; addr = r->last + 1) {
		r = vhx_mem_find(mem, addr, &hint);
		if (!r)
			break;
		if ((r->perm & perm) != perm ||
		    !PAGE_ALIGNED(r->start | (r->last + 1) | r->uaddr))
			return -EFAULT;
		if (r->last >= last)
			return 0;
	}
	spin_lock(&iommu->lock);
	miss_post(vq, addr, perm);
	spin_unlock(&iommu->lock);
	wake_readers(vq->dev);
	return -EAGAIN;
}

/* Is any of the ring of a queue that is started in the range? */
static bool ring_overlaps(const struct vhx_vq *vq, u64 start, u64 last)
{
	const bool packed = vhx_vq_has_feature(vq, VIRTIO_F_RING_PACKED);
	const size_t size[VHX_NAREAS] = {
		[VHX_AREA_DESC] = vhx_ring_desc_size(packed, vq->num),
		[VHX_AREA_USED] = vhx_ring_device_size(packed, vq->num),
		[VHX_AREA_AVAIL] = vhx_ring_driver_size(packed, vq->num),
	};
	unsigned int i;

	if (!vhx_vq_is_started(vq))
		return false;
	for (i = 0; i < VHX_NAREAS; i++) {
		/* What wraps can't start. */
		if (vq->addr[i] <= last && vq->addr[i] + size[i] - 1 >= start)
			return true;
	}
	return false;
}

static bool any_ring_overlaps(const struct vhx_dev *dev, u64 start, u64 last)
{
	unsigned int i;

	for (i = 0; i < dev->nvqs; i++)
		if (ring_overlaps(dev->vqs[i], start, last))
			return true;
	return false;
}

/*
 * The ring of a queue that waits may be there now. That of a queue that does
 * not may have @moved.
 */
static void restart_rings(struct vhx_dev *dev, u64 start, u64 last, bool moved)
{
	unsigned int i;

	for (i = 0; i < dev->nvqs; i++) {
		struct vhx_vq *vq = dev->vqs[i];

		if (ring_overlaps(vq, start, last) &&
		    (moved || vhx_vq_is_waiting(vq)))
			vhx_vq_restart(vq);
	}
}

/*
 * The table
 */

/*
 * Replaces the table. If entries were taken out of it, no worker uses a user
 * address that it got from them on return; see vhx_dev_publish_mem().
 */
static void publish(struct vhx_dev *dev, struct vhx_mem *mem, bool less)
{
	mem = rcu_replace_pointer(dev->iommu.table, mem,
				  lockdep_is_held(&dev->lock));
	if (mem)
		kvfree_rcu(mem, rcu);
	if (less && !down_write_killable(&dev->mem_sem))
		up_write(&dev->mem_sem);
}

static bool overlaps(const struct vhx_mem *mem, u64 start, u64 last)
{
	const struct vhx_region *r = vhx_mem_next(mem, start);

	return r && r->start <= last;
}

/* Does the table say so already? Queues often miss the same address. */
static bool is_known(const struct vhx_mem *mem,
		     const struct vhost_iotlb_msg *msg)
{
	const struct vhx_region *r = vhx_mem_next(mem, msg->iova);

	return r && r->start <= msg->iova && r->perm == msg->perm &&
	       r->last - msg->iova >= msg->size - 1 &&
	       r->uaddr + (msg->iova - r->start) == msg->uaddr;
}

/*
 * Takes an entry out of a full table. The rings stay, as queues would stop. Who
 * uses the entry may go on: it was not invalidated.
 */
static void evict(struct vhx_dev *dev, struct vhx_mem *mem)
{
	unsigned int i;

	for (i = 0; i < mem->n; i++) {
		const unsigned int victim = dev->iommu.victim++ % mem->n;
		const struct vhx_region *r = &mem->regions[victim];

		if (any_ring_overlaps(dev, r->start, r->last))
			continue;
		/* A whole region: the table does not move. */
		vhx_mem_del(&mem, r->start, r->last - r->start + 1);
		return;
	}
}

/* As in-tree, a new entry takes the place of older ones. */
static int update(struct vhx_dev *dev, const struct vhost_iotlb_msg *msg)
{
	const struct vhx_mem *old = iommu_table(dev);
	const u64 last = msg->iova + msg->size - 1;
	struct vhx_mem *mem;
	bool moved;
	int err;

	if (last < msg->iova)
		return -EINVAL;
	/* What it takes the place of is no obstacle. */
	err = vhx_mem_check(NULL, msg->iova, msg->size, msg->uaddr, msg->perm);
	if (err)
		return err;
	moved = overlaps(old, msg->iova, last);
	if (moved && is_known(old, msg))
		goto known;
	/* Room for an entry that is cut in two, and for the new one. */
	mem = vhx_mem_clone(old);
	if (!mem)
		return -ENOMEM;
	while (mem->n > VHX_MEM_MAX_REGIONS - 2) {
		const unsigned int n = mem->n;

		evict(dev, mem);
		if (mem->n == n)
			break;
	}
	err = vhx_mem_del(&mem, msg->iova, msg->size);
	if (!err)
		err = vhx_mem_add(&mem, msg->iova, msg->size, msg->uaddr,
				  msg->perm, NULL);
	if (err) {
		vhx_mem_free(mem);
		return err;
	}
	publish(dev, mem, moved);
	answer_misses(dev, msg->iova, last);
	restart_rings(dev, msg->iova, last, moved);
	return 0;

known:
	answer_misses(dev, msg->iova, last);
	restart_rings(dev, msg->iova, last, false);
	return 0;
}

/*
 * As in-tree, and as an ATS device does, whole entries go: one that is larger
 * than the range may be a large page, of which nothing is valid any longer. For
 * QEMU all of the address space begins at 0 and has the size 0.
 */
static int invalidate(struct vhx_dev *dev, u64 start, u64 size)
{
	const struct vhx_mem *old = iommu_table(dev);
	u64 last = start + size - 1;
	const struct vhx_region *r;
	struct vhx_mem *mem;
	unsigned int hint = 0;
	int err;

	if (!size && start)
		return 0;
	if (last < start)
		last = U64_MAX;
	r = vhx_mem_next(old, start);
	if (!r || r->start > last)
		return 0;
	start = min(start, r->start);
	r = vhx_mem_find(old, last, &hint);
	if (r)
		last = r->last;
	size = last - start + 1;
	mem = vhx_mem_clone(old);
	if (!mem)
		return -ENOMEM;
	err = vhx_mem_del(&mem, start, size ?: U64_MAX);
	if (err) {
		vhx_mem_free(mem);
		return err;
	}
	publish(dev, mem, true);
	restart_rings(dev, start, last, true);
	return 0;
}

/**
 * vhx_iommu_message - take a message of the monitor
 * @dev: device, locked
 * @msg: message; an update is not empty
 *
 * On return of an invalidation no look-up finds what was invalidated, no user
 * access to it is under way, and no ring is in it. Requests in flight hold the
 * pages they need, which a driver unmaps only once they are completed.
 *
 * Return: 0 or why it is refused; nothing has changed then.
 */
int vhx_iommu_message(struct vhx_dev *dev, const struct vhost_iotlb_msg *msg)
{
	if (msg->type != VHOST_IOTLB_UPDATE &&
	    msg->type != VHOST_IOTLB_INVALIDATE)
		return -EINVAL;
	if (!vhx_dev_has_iommu(dev))
		return -EFAULT;
	return msg->type == VHOST_IOTLB_UPDATE ?
	       update(dev, msg) : invalidate(dev, msg->iova, msg->size);
}

/**
 * vhx_iommu_enable - begin with an empty IOTLB, or with none
 * @dev: device; if @on changes, no queue is started
 * @on: VIRTIO_F_ACCESS_PLATFORM was acknowledged
 */
void vhx_iommu_enable(struct vhx_dev *dev, bool on)
{
	struct vhx_iommu *iommu = &dev->iommu;

	lockdep_assert_held(&dev->lock);
	if (!on && !iommu->on)
		return;
	if (!on)
		dev->features &= ~BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
	WRITE_ONCE(iommu->on, on);
	publish(dev, NULL, true);
	restart_rings(dev, 0, U64_MAX, true);
	/* A reader that finds no IOTLB returns. */
	wake_readers(dev);
}

/**
 * vhx_iommu_log - log a write to an I/O-virtual address
 * @dev: device with an IOTLB
 * @addr: address; a ring's, which stays in the IOTLB while the queue runs
 * @len: bytes that were written
 *
 * Context: any.
 */
void vhx_iommu_log(struct vhx_dev *dev, u64 addr, u64 len)
{
	const struct vhx_region *r;
	unsigned int hint = 0;
	u64 n;

	rcu_read_lock();
	for (; len; addr += n, len -= n) {
		r = vhx_mem_find(rcu_dereference(dev->iommu.table), addr,
				 &hint);
		if (!r)
			break;
		n = min(len, r->last - addr + 1);
		vhx_log_uaddr(dev, r->uaddr + (addr - r->start), n);
	}
	rcu_read_unlock();
}

/*
 * The file
 */

/* The queue whose miss is the oldest unread one, or NULL; then it is read. */
static struct vhx_vq *take_miss(struct vhx_dev *dev, struct vhx_miss *miss)
{
	struct vhx_iommu *iommu = &dev->iommu;
	struct vhx_vq *vq;

	spin_lock(&iommu->lock);
	vq = list_first_entry_or_null(&iommu->unread, struct vhx_vq,
				      miss.unread);
	if (vq) {
		*miss = vq->miss;
		miss_set(vq, VHX_MISS_READ);
	}
	spin_unlock(&iommu->lock);
	return vq;
}

/* The reader did not get it. */
static void untake_miss(struct vhx_vq *vq, const struct vhx_miss *miss)
{
	struct vhx_iommu *iommu = &vq->dev->iommu;

	spin_lock(&iommu->lock);
	if (vq->miss.state == VHX_MISS_READ && vq->miss.addr == miss->addr)
		miss_set(vq, VHX_MISS_UNREAD);
	spin_unlock(&iommu->lock);
	wake_readers(vq->dev);
}

/* Both messages have the same size. */
static bool copy_miss(const struct vhx_dev *dev, const struct vhx_miss *miss,
		      struct iov_iter *to)
{
	const struct vhost_iotlb_msg iotlb = {
		.iova = miss->addr,
		.perm = miss->perm,
		.type = VHOST_IOTLB_MISS,
	};
	union {
		struct vhost_msg v1;
		struct vhost_msg_v2 v2;
	} msg;

	/* All of it goes to user space, holes and padding too. */
	memset(&msg, 0, sizeof(msg));
	if (READ_ONCE(dev->backend_features) &
	    BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2)) {
		msg.v2.type = VHOST_IOTLB_MSG_V2;
		msg.v2.iotlb.iova = iotlb.iova;
		msg.v2.iotlb.perm = iotlb.perm;
		msg.v2.iotlb.type = iotlb.type;
	} else {
		msg.v1.type = VHOST_IOTLB_MSG;
		msg.v1.iotlb.iova = iotlb.iova;
		msg.v1.iotlb.perm = iotlb.perm;
		msg.v1.iotlb.type = iotlb.type;
	}
	return copy_to_iter(&msg, sizeof(msg), to) == sizeof(msg);
}

/**
 * vhx_iommu_read - have the monitor read a miss
 * @dev: device, not locked
 * @to: where to; nothing is read if it has no room for a message
 * @noblock: do not wait for one
 *
 * Return: the size of the message; 0; -EAGAIN if there is none and @noblock;
 * -EBADFD if there is no IOTLB that could have one; -ERESTARTSYS; -EFAULT.
 */
ssize_t vhx_iommu_read(struct vhx_dev *dev, struct iov_iter *to, bool noblock)
{
	struct vhx_iommu *iommu = &dev->iommu;
	struct vhx_miss miss;
	struct vhx_vq *vq;
	int err;

	BUILD_BUG_ON(sizeof(struct vhost_msg) != sizeof(struct vhost_msg_v2));
	if (iov_iter_count(to) < sizeof(struct vhost_msg))
		return 0;
	vq = take_miss(dev, &miss);
	if (!vq && noblock)
		return -EAGAIN;
	if (!vq) {
		err = wait_event_interruptible(iommu->wait,
					       (vq = take_miss(dev, &miss)) ||
					       !vhx_dev_has_iommu(dev));
		if (err)
			return err;
	}
	if (!vq)
		return -EBADFD;
	if (copy_miss(dev, &miss, to))
		return sizeof(struct vhost_msg);
	untake_miss(vq, &miss);
	return -EFAULT;
}

/**
 * vhx_iommu_poll - is there a miss to be read?
 * @dev: device, not locked
 * @file: the file that is polled
 * @wait: as of the file's poll function
 */
__poll_t vhx_iommu_poll(struct vhx_dev *dev, struct file *file,
			poll_table *wait)
{
	poll_wait(file, &dev->iommu.wait, wait);
	return list_empty_careful(&dev->iommu.unread) ? 0 :
							EPOLLIN | EPOLLRDNORM;
}
