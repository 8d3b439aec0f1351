// SPDX-License-Identifier: GPL-2.0
/*
 * Which writes to a ring are logged (VHOST_VRING_F_LOG). The device area is
 * where the owner says, in log_guest_addr. The descriptors of a packed ring,
 * which are its used entries too, are where the memory table has them. With an
 * IOTLB both are where that and the memory table have them.
 */
#include "core.h"
#include "ring/written.h"

/**
 * struct ring_log - writes that are logged together
 * @vq: queue
 * @first: first address
 * @end: behind the last one; equal if there is none
 *
 * Of the descriptors, in the terms of SET_VRING_ADDR. What was written in
 * between, or not, lies in the same page.
 */
struct ring_log {
	struct vhx_vq *vq;
	u64 first;
	u64 end;
};

static void flush(struct ring_log *l)
{
	struct vhx_dev *dev = l->vq->dev;

	if (l->first == l->end)
		return;
	if (dev->pers->addr_is_iova)
		vhx_log_guest(dev, l->first, l->end - l->first);
	else if (vhx_dev_has_iommu(dev))
		vhx_iommu_log(dev, l->first, l->end - l->first);
	else
		vhx_log_uaddr(dev, l->first, l->end - l->first);
}

static void write_desc(struct ring_log *l, u32 off, u32 len)
{
	u64 addr = l->vq->addr[VHX_AREA_DESC] + off;

	if (l->first != l->end && addr >= l->first &&
	    (addr + len - 1) >> VHX_RING_PAGE_SHIFT ==
	    l->first >> VHX_RING_PAGE_SHIFT) {
		l->end = max(l->end, addr + len);
		return;
	}
	flush(l);
	l->first = addr;
	l->end = addr + len;
}

static void written(void *arg, enum vhx_ring_area area, u32 off, u32 len)
{
	struct ring_log *l = arg;
	struct vhx_vq *vq = l->vq;

	if (area == VHX_RING_DESC)
		write_desc(l, off, len);
	else if (vhx_dev_has_iommu(vq->dev))
		vhx_iommu_log(vq->dev, vq->addr[VHX_AREA_USED] + off, len);
	else
		vhx_log_guest(vq->dev, READ_ONCE(vq->log_addr) + off, len);
}

/**
 * vhx_log_event - log that kicks were enabled or disabled
 * @vq: queue with @log_ring
 * @enabled: which of the two
 *
 * Context: the worker.
 */
void vhx_log_event(struct vhx_vq *vq, bool enabled)
{
	struct ring_log l = { .vq = vq };

	vhx_ring_event_written(&vq->ring, enabled, written, &l);
	vhx_log_notify(vq->dev);
}

/**
 * vhx_log_init - log that the ring was initialised
 * @vq: queue
 */
void vhx_log_init(struct vhx_vq *vq)
{
	struct ring_log l = { .vq = vq };

	if (!vq->log_ring)
		return;
	vhx_ring_init_written(&vq->ring, written, &l);
	vhx_log_notify(vq->dev);
}

static void set_ring(struct vhx_vq *vq, bool on, u64 addr)
{
	spin_lock_irq(&vq->used_lock);
	WRITE_ONCE(vq->log_addr, addr);
	WRITE_ONCE(vq->log_ring, on);
	spin_unlock_irq(&vq->used_lock);
}

/**
 * vhx_log_set_ring - say whether writes to a ring are logged
 * @vq: queue; it may be running
 * @on: they are
 * @addr: guest address of the device area
 *
 * Context: process, under the device's lock. May wait for a run of the queue.
 * Return: as vhx_log_fit().
 */
int vhx_log_set_ring(struct vhx_vq *vq, bool on, u64 addr)
{
	const bool was_on = vq->log_ring;
	const u64 old = vq->log_addr;
	struct vhx_dev *dev = vq->dev;
	const struct vhx_mem *mem;
	int err;

	set_ring(vq, on, addr);
	if (!vhx_vq_is_started(vq))
		return 0;
	mem = rcu_dereference_protected(dev->mem, lockdep_is_held(&dev->lock));
	err = vhx_log_fit(dev, mem, NULL);
	if (err)
		set_ring(vq, was_on, old);
	else if (on && !was_on)
		/* A run that has not seen it is over. */
		vhx_worker_flush(vhx_vq_worker(vq));
	return err;
}

/**
 * vhx_log_pushed - log that completions were pushed
 * @vq: queue with @log_ring
 * @from: vhx_ring_used_pos() before that
 * @used: the completions
 * @n: how many
 *
 * Context: any, with the queue's used_lock.
 */
void vhx_log_pushed(struct vhx_vq *vq, u16 from, const struct vhx_used *used,
		    unsigned int n)
{
	struct ring_log l = { .vq = vq };

	lockdep_assert_held(&vq->used_lock);
	vhx_ring_push_written(&vq->ring, from, used, n, written, &l);
	flush(&l);
}
