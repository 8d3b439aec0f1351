// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a device: how ranges are mapped, with their pages pinned if the
 * device was opened so, how a table takes effect, and how long pages stay that
 * were unmapped while I/O uses them.
 *
 * A buffer is translated under @mem_sem, and an update waits for that. I/O that
 * outlives vq_run() holds pinned memory by vhx_vq_hold_mem(): it counts in one
 * of two epochs. When ranges are unmapped, new I/O is made to count in the
 * other one; once there is none left in the first, they are unpinned. An update
 * does not wait for that: a disk may be stuck.
 */
#include <linux/err.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "core.h"
#include "pinned.h"

/* The part of a range that is pinned already, or that is to be pinned. */
struct part {
	struct vhx_pinned *pinned;
	u64 len;
};

/*
 * Finds a range of @mem with the page at @uaddr in @part, or shortens @part to
 * where one begins.
 */
static void find_pinned(const struct vhx_mem *mem, u64 uaddr, bool write,
			struct part *part)
{
	unsigned int i;

	for (i = 0; mem && i < mem->n && !part->pinned; i++) {
		struct vhx_pinned *p = mem->regions[i].pinned;
		u64 end;

		if (!p || READ_ONCE(p->stale) || (write && !p->writable))
			continue;
		end = p->uaddr + ((u64)p->npages << PAGE_SHIFT);
		if (uaddr >= p->uaddr && uaddr < end) {
			part->pinned = p;
			part->len = min(part->len, end - uaddr);
		} else if (p->uaddr > uaddr && p->uaddr - uaddr < part->len) {
			part->len = p->uaddr - uaddr;
		}
	}
}

static struct vhx_pinned *pin_part(struct vhx_dev *dev, u64 uaddr, u64 len,
				   bool write)
{
	u64 first = uaddr & PAGE_MASK, end = PAGE_ALIGN(uaddr + len);

	return vhx_pinned_create(dev->mm, first, (end - first) >> PAGE_SHIFT,
				 write, &dev->cdev->pins);
}

/* Maps what begins at @start, and sets @len to how much of it is one part. */
static int map_part(struct vhx_dev *dev, struct vhx_mem **memp, u64 start,
		    u64 *len, u64 uaddr, u32 perm)
{
	const bool write = perm & VHOST_ACCESS_WO;
	struct part part = { .len = *len };
	int err;

	find_pinned(*memp, uaddr, write, &part);
	find_pinned(rcu_dereference_protected(dev->mem,
					      lockdep_is_held(&dev->lock)),
		    uaddr, write, &part);
	if (!part.pinned) {
		part.pinned = pin_part(dev, uaddr, part.len, write);
		if (IS_ERR(part.pinned))
			return PTR_ERR(part.pinned);
	}
	*len = part.len;
	err = vhx_mem_add(memp, start, part.len, uaddr, perm, part.pinned);
	if (err && !part.pinned->refs)
		vhx_pinned_destroy(part.pinned);
	return err;
}

/**
 * vhx_dev_map - add a range to a table under construction
 * @dev: device
 * @memp: table, which may move
 * @start: first guest address
 * @size: bytes
 * @uaddr: user address of @start
 * @perm: VHOST_ACCESS_RO, _WO or _RW
 *
 * If the device's memory is pinned, pages that the same user addresses have in
 * the published table, or in this one, stay pinned and are shared.
 *
 * Context: process, under the device's lock.
 * Return: 0, or what vhx_mem_check(), vhx_mem_add() or vhx_pinned_create()
 * says; then nothing has changed.
 */
int vhx_dev_map(struct vhx_dev *dev, struct vhx_mem **memp, u64 start, u64 size,
		u64 uaddr, u32 perm)
{
	u64 done = 0, len;
	int err;

	lockdep_assert_held(&dev->lock);
	err = vhx_mem_check(*memp, start, size, uaddr, perm);
	if (err)
		return err;
	if (!dev->pinned)
		return vhx_mem_add(memp, start, size, uaddr, perm, NULL);
	while (done < size) {
		len = size - done;
		err = map_part(dev, memp, start + done, &len, uaddr + done,
			       perm);
		if (err) {
			/* The parts are whole regions: none is cut in two. */
			if (done)
				vhx_mem_del(memp, start, done);
			return err;
		}
		done += len;
	}
	return 0;
}

/* Does no I/O hold memory in the epoch that is not current? */
static bool old_epoch_idle(struct vhx_dev *dev)
{
	const unsigned int epoch = !dev->mem_epoch;
	unsigned int i;

	for (i = 0; i < dev->nvqs; i++) {
		struct vhx_vq *vq = dev->vqs[i];

		if (vq->mem_held[epoch] !=
		    (u32)atomic_read(&vq->mem_released[epoch]))
			return false;
	}
	return true;
}

static void unpin_list(struct list_head *ranges)
{
	struct vhx_pinned *p, *next;

	list_for_each_entry_safe(p, next, ranges, node)
		vhx_pinned_destroy(p);
	INIT_LIST_HEAD(ranges);
}

/*
 * Begins an epoch, after whose predecessor the ranges that are unused by now
 * are unpinned. There is no I/O left of the epoch before that.
 */
static void begin_epoch(struct vhx_dev *dev)
{
	lockdep_assert_held_write(&dev->mem_sem);
	list_splice_init(&dev->mem_unused, &dev->mem_waiting);
	dev->mem_epoch = !dev->mem_epoch;
}

/*
 * Unpins what no I/O uses any longer. If some is left, the I/O that ends queues
 * @mem_work.
 */
static void unpin_idle(struct vhx_dev *dev)
{
	lockdep_assert_held(&dev->lock);
	if (list_empty(&dev->mem_waiting))
		return;
	WRITE_ONCE(dev->mem_waits, true);
	/* Pairs with the barrier in vhx_vq_release_mem(). */
	smp_mb();
	if (!old_epoch_idle(dev))
		return;
	WRITE_ONCE(dev->mem_waits, false);
	unpin_list(&dev->mem_waiting);
	/* What came meanwhile has its turn. */
	if (!list_empty(&dev->mem_unused))
		queue_delayed_work(system_unbound_wq, &dev->mem_work, 0);
}

/* Who holds the locks may wait for the owner: this does not wait for them. */
static void mem_work(struct work_struct *work)
{
	struct vhx_dev *dev = container_of(work, struct vhx_dev, mem_work.work);
	bool again = true;

	if (mutex_trylock(&dev->lock)) {
		unpin_idle(dev);
		again = list_empty(&dev->mem_waiting) &&
			!list_empty(&dev->mem_unused);
		if (again && down_write_trylock(&dev->mem_sem)) {
			begin_epoch(dev);
			up_write(&dev->mem_sem);
			unpin_idle(dev);
			again = false;
		}
		mutex_unlock(&dev->lock);
	}
	if (again)
		queue_delayed_work(system_unbound_wq, &dev->mem_work,
				   msecs_to_jiffies(10));
}

/**
 * vhx_dev_init_mem - prepare a device's memory
 * @dev: device
 * @pinned: its pages are pinned
 */
void vhx_dev_init_mem(struct vhx_dev *dev, bool pinned)
{
	dev->pinned = pinned;
	init_rwsem(&dev->mem_sem);
	INIT_LIST_HEAD(&dev->mem_unused);
	INIT_LIST_HEAD(&dev->mem_waiting);
	INIT_DELAYED_WORK(&dev->mem_work, mem_work);
}

/**
 * vhx_dev_exit_mem - undo vhx_dev_init_mem()
 * @dev: device without memory, not locked
 */
void vhx_dev_exit_mem(struct vhx_dev *dev)
{
	cancel_delayed_work_sync(&dev->mem_work);
}

/**
 * vhx_dev_publish_mem - replace the memory table
 * @dev: device
 * @mem: the new table, or NULL; the device's from now on, also if this fails
 *
 * On return no worker uses an address that it got from the old one. Requests in
 * flight hold the pages that they need: those that were pinned with the old
 * table are unpinned when there are no such requests.
 *
 * Context: process, under the device's lock.
 * Return: 0, or -EINTR if the caller is being killed and nothing has changed.
 */
int vhx_dev_publish_mem(struct vhx_dev *dev, struct vhx_mem *mem)
{
	/* Without a new table no queue runs, so nobody holds it for long. */
	if (!mem) {
		down_write(&dev->mem_sem);
	} else if (down_write_killable(&dev->mem_sem)) {
		vhx_mem_free(mem);
		return -EINTR;
	}
	mem = rcu_replace_pointer(dev->mem, mem, lockdep_is_held(&dev->lock));
	if (mem)
		vhx_mem_retire(mem, &dev->mem_unused);
	if (!list_empty(&dev->mem_unused) && list_empty(&dev->mem_waiting))
		begin_epoch(dev);
	up_write(&dev->mem_sem);
	unpin_idle(dev);
	return 0;
}

/**
 * vhx_dev_drop_mem - forget the memory of a device whose queues are stopped
 * @dev: device
 *
 * Context: process, under the device's lock.
 */
void vhx_dev_drop_mem(struct vhx_dev *dev)
{
	vhx_dev_publish_mem(dev, NULL);
	unpin_list(&dev->mem_waiting);
	unpin_list(&dev->mem_unused);
	WRITE_ONCE(dev->mem_waits, false);
}

/**
 * vhx_vq_hold_mem - keep the memory of buffers for after vq_run()
 * @vq: queue
 *
 * Pages of a buffer that are pinned stay so until vhx_vq_release_mem(). One
 * call serves all buffers that were popped in this run, or one of them.
 *
 * Context: in vq_run().
 * Return: what vhx_vq_release_mem() is to be given.
 */
unsigned int vhx_vq_hold_mem(struct vhx_vq *vq)
{
	const unsigned int epoch = vq->dev->mem_epoch;

	WRITE_ONCE(vq->mem_held[epoch], vq->mem_held[epoch] + 1);
	return epoch;
}
EXPORT_SYMBOL_GPL(vhx_vq_hold_mem);

/**
 * vhx_vq_release_mem - end what vhx_vq_hold_mem() began
 * @vq: queue; a buffer of it is still in flight, so that it stays
 * @hold: what vhx_vq_hold_mem() returned
 *
 * Context: any.
 */
void vhx_vq_release_mem(struct vhx_vq *vq, unsigned int hold)
{
	struct vhx_dev *dev = vq->dev;

	atomic_inc(&vq->mem_released[hold]);
	/* Pairs with the barrier in unpin_idle(). */
	smp_mb__after_atomic();
	if (unlikely(READ_ONCE(dev->mem_waits)))
		queue_delayed_work(system_unbound_wq, &dev->mem_work, 0);
}
EXPORT_SYMBOL_GPL(vhx_vq_release_mem);
