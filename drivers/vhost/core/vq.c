// SPDX-License-Identifier: GPL-2.0
/*
 * A virtqueue: its ring mapped and served while it is started, its buffers
 * translated to the owner's address space, its completions pushed from any
 * context. The format of the ring is ring/'s business, what the buffers mean is
 * the back end's.
 *
 * No lock is held while a queue is served: it is served by its worker only.
 * The control path stops it by changing its state and flushing the worker.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vhost_types.h>

#include "core.h"

/* Bounds of the time that a worker waits for buffers where that pays. */
#define POLL_MIN_NS	(4U * NSEC_PER_USEC)
#define POLL_MAX_NS	(50U * NSEC_PER_USEC)

struct mem_reader {
	struct vhx_ring_reader rd;
	struct vhx_vq *vq;
};

static enum vhx_vq_state vq_state(const struct vhx_vq *vq)
{
	return READ_ONCE(vq->state);
}

/*
 * A guest range as pieces of the owner's address space, appended to @iov: their
 * number, -EFAULT or -E2BIG.
 */
static int vq_translate(struct vhx_vq *vq, const struct vhx_mem *mem, u64 addr,
			u32 len, u32 perm, struct iovec *iov, unsigned int room)
{
	unsigned int n = 0;

	while (len) {
		const struct vhx_region *r = vhx_mem_find(mem, addr, &vq->hint);
		u64 piece;

		if (unlikely(!r || (r->perm & perm) != perm))
			return -EFAULT;
		if (unlikely(n >= room))
			return -E2BIG;
		piece = min_t(u64, len, r->last - addr + 1);
		iov[n].iov_base = (void __user *)(unsigned long)
				  (r->uaddr + (addr - r->start));
		iov[n].iov_len = piece;
		n++;
		addr += piece;
		len -= piece;
	}
	return n;
}

static int reader_read(const struct vhx_ring_reader *rd, void *dst, u64 addr,
		       u32 len)
{
	struct vhx_vq *vq = container_of(rd, struct mem_reader, rd)->vq;
	struct iovec iov[4];
	int i, n;

	rcu_read_lock();
	n = vq_translate(vq, rcu_dereference(vq->dev->mem), addr, len,
			 VHOST_ACCESS_RO, iov, ARRAY_SIZE(iov));
	rcu_read_unlock();
	if (n < 0)
		return -EFAULT;
	for (i = 0; i < n; i++) {
		if (copy_from_user(dst, iov[i].iov_base, iov[i].iov_len))
			return -EFAULT;
		dst += iov[i].iov_len;
	}
	return 0;
}

/* A chain's segments to a buffer's pieces. */
static int vq_fill(struct vhx_vq *vq, const struct vhx_mem *mem,
		   const struct vhx_chain *c, const struct vhx_seg *segs,
		   struct vhx_buf *buf)
{
	unsigned int i, used = vq->iov_used;
	int n;

	buf->iov = vq->iov + used;
	buf->id = c->id;
	buf->pos = c->pos;
	buf->out_len = c->out_len;
	buf->in_len = c->in_len;
	for (i = 0; i < c->nout + c->nin; i++) {
		if (i == c->nout)
			buf->nout = used - vq->iov_used;
		n = vq_translate(vq, mem, segs[i].addr, segs[i].len,
				 i < c->nout ? VHOST_ACCESS_RO :
					       VHOST_ACCESS_WO,
				 vq->iov + used, VHX_MAX_SEGS - used);
		if (n < 0)
			return n;
		used += n;
	}
	if (!c->nin)
		buf->nout = used - vq->iov_used;
	buf->nin = used - vq->iov_used - buf->nout;
	vq->iov_used = used;
	return 0;
}

/*
 * More buffers popped and not yet completed than the ring has entries? If it
 * looks so, once more, as the look without the lock may be at an old value: what
 * came between was the driver's doing.
 */
static bool vq_too_many(struct vhx_vq *vq, unsigned int n)
{
	bool too_many;

	if (likely(vq->popped + n - READ_ONCE(vq->pushed) <= vq->num))
		return false;
	spin_lock_irq(&vq->used_lock);
	too_many = vq->popped + n - vq->pushed > vq->num;
	spin_unlock_irq(&vq->used_lock);
	return too_many;
}

static int vq_pop(struct vhx_vq *vq, struct vhx_buf *bufs, unsigned int n)
{
	struct mem_reader reader = { .rd.read = reader_read, .vq = vq };
	const struct vhx_seg *segs = vq->segs;
	const struct vhx_mem *mem;
	int got, i, err = 0;

	got = vhx_ring_pop(&vq->ring, vq->chains, min(n, VHX_BATCH), vq->segs,
			   VHX_MAX_SEGS, &reader.rd);
	/* An entry that was made available again before it was used. */
	if (unlikely(got > 0 && vq_too_many(vq, got)))
		got = -EINVAL;
	if (unlikely(got < 0)) {
		vhx_vq_fail(vq, got, "invalid descriptor chain");
		return got;
	}

	rcu_read_lock();
	mem = rcu_dereference(vq->dev->mem);
	for (i = 0; i < got; i++) {
		struct vhx_chain *c = &vq->chains[i];

		bufs[i].seq = vq->popped + i;
		err = vq_fill(vq, mem, c, segs, &bufs[i]);
		if (unlikely(err))
			break;
		segs += c->nout + c->nin;
	}
	rcu_read_unlock();

	if (unlikely(i < got)) {
		vhx_ring_unpop(&vq->ring, vq->chains[i].pos);
		/* Those before it are served first. */
		if (!i) {
			if (err != -E2BIG || !vq->iov_used)
				vhx_vq_fail(vq, err, "invalid buffer");
			return err;
		}
	}
	vq->popped += i;
	return i;
}

/**
 * vhx_vq_pop - pop a batch of buffers
 * @vq: queue
 * @bufs: filled
 * @n: room in @bufs; no more than VHX_BATCH are popped
 *
 * Each must be completed by vhx_vq_push() or given back by vhx_vq_unpop().
 *
 * Context: in vq_run().
 * Return: the number of buffers, 0 if there is none, or a negative errno if the
 * queue is broken, which the core has dealt with.
 */
int vhx_vq_pop(struct vhx_vq *vq, struct vhx_buf *bufs, unsigned int n)
{
	vq->iov_used = 0;
	return vq_pop(vq, bufs, n);
}
EXPORT_SYMBOL_GPL(vhx_vq_pop);

/**
 * vhx_vq_pop_more - pop one more buffer for what the last ones were popped for
 * @vq: queue
 * @buf: filled; its pieces directly follow those of the buffer before
 *
 * Context: in vq_run().
 * Return: 1, 0 if there is none, -E2BIG if no room is left for its pieces, or
 * another negative errno if the queue is broken, which the core has dealt with.
 */
int vhx_vq_pop_more(struct vhx_vq *vq, struct vhx_buf *buf)
{
	return vq_pop(vq, buf, 1);
}
EXPORT_SYMBOL_GPL(vhx_vq_pop_more);

/**
 * vhx_vq_unpop - give back the buffers that were popped last
 * @vq: queue
 * @buf: the first of them; none of them is completed
 *
 * Context: in vq_run().
 */
void vhx_vq_unpop(struct vhx_vq *vq, const struct vhx_buf *buf)
{
	vhx_ring_unpop(&vq->ring, buf->pos);
	vq->popped = buf->seq;
}
EXPORT_SYMBOL_GPL(vhx_vq_unpop);

/**
 * vhx_vq_fail - stop serving a queue whose ring or memory is invalid
 * @vq: queue
 * @err: negative errno that says what is wrong
 * @why: words for the administrator
 *
 * The other queues go on. The monitor learns it by the err eventfd.
 *
 * Context: in the worker.
 */
void vhx_vq_fail(struct vhx_vq *vq, int err, const char *why)
{
	if (cmpxchg(&vq->state, VHX_VQ_RUNNING, VHX_VQ_BROKEN) !=
	    VHX_VQ_RUNNING)
		return;
	/* Where the owner is being killed its memory just goes away. */
	if (!fatal_signal_pending(current))
		pr_info_ratelimited("%s: owner %d: queue %u stopped: %s (%d)\n",
				    vq->dev->ops->name, current->tgid,
				    vq->index, why, err);
	atomic_inc(&vq->dev->cdev->broken);
	vhx_eventfd_signal(&vq->err);
}
EXPORT_SYMBOL_GPL(vhx_vq_fail);

/**
 * vhx_vq_push_batch - push completions
 * @vq: queue
 * @used: completions
 * @n: how many
 *
 * Context: any, until the last of the buffers that were popped is completed.
 */
void vhx_vq_push_batch(struct vhx_vq *vq, const struct vhx_used *used,
		       unsigned int n)
{
	bool call = false, idle;
	unsigned long flags;

	/* Stopping a queue waits for this section, so @vq stays. */
	rcu_read_lock();
	spin_lock_irqsave(&vq->used_lock, flags);
	/* Before the driver can make the entry available again. */
	WRITE_ONCE(vq->pushed, vq->pushed + n);
	if (!vhx_ring_push(&vq->ring, used, n))
		;
	else if (vq->batching)
		vq->uncalled = true;
	else
		call = vhx_ring_need_call(&vq->ring);
	idle = vq->draining && vq->pushed == vq->popped;
	spin_unlock_irqrestore(&vq->used_lock, flags);

	if (call)
		vhx_eventfd_signal(&vq->call);
	if (unlikely(idle))
		wake_up(&vq->idle);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(vhx_vq_push_batch);

/**
 * vhx_vq_push - push one completion
 * @vq: queue
 * @id: of the buffer
 * @len: bytes written to it
 *
 * Context: any, until the last of the buffers that were popped is completed.
 */
void vhx_vq_push(struct vhx_vq *vq, u32 id, u32 len)
{
	struct vhx_used used = { .id = id, .len = len };

	vhx_vq_push_batch(vq, &used, 1);
}
EXPORT_SYMBOL_GPL(vhx_vq_push);

static void vq_batch_begin(struct vhx_vq *vq)
{
	spin_lock_irq(&vq->used_lock);
	vq->batching = true;
	vq->uncalled = false;
	spin_unlock_irq(&vq->used_lock);
}

/* One call for all that was completed meanwhile, by whomever. */
static void vq_batch_end(struct vhx_vq *vq)
{
	bool call;

	spin_lock_irq(&vq->used_lock);
	vq->batching = false;
	call = vq->uncalled && vhx_ring_need_call(&vq->ring);
	spin_unlock_irq(&vq->used_lock);
	if (call)
		vhx_eventfd_signal(&vq->call);
}

/* Whether more came, within the bound, while the CPU had nothing else to do. */
static bool vq_busy_wait(struct vhx_vq *vq, u64 ns)
{
	u64 end = local_clock() + ns;

	do {
		if (vhx_ring_more(&vq->ring))
			return true;
		cpu_relax();
	} while (vhx_vq_running(vq) && single_task_running() &&
		 !need_resched() && !signal_pending(current) &&
		 !vhx_worker_has_work(vq->worker) && local_clock() < end);
	return false;
}

/* Nothing is left to pop: wait for kicks, unless more comes before. */
static bool vq_rearm(struct vhx_vq *vq)
{
	u32 usecs = READ_ONCE(vq->busyloop);
	u64 ns = vq->poll_ns;

	/* Longer than a second is no latency that anybody tunes for. */
	if (usecs)
		ns = min_t(u64, usecs, USEC_PER_SEC) * NSEC_PER_USEC;
	if (ns && vq_busy_wait(vq, ns))
		return true;
	vq->idle_since = local_clock();
	return vhx_ring_kick_enable(&vq->ring);
}

/*
 * Waiting pays if buffers come soon after kicks were asked for. It is tried
 * for twice as long then, up to a bound, and not at all once they come late.
 */
static void vq_poll_adapt(struct vhx_vq *vq)
{
	u64 idle;

	if (!vq->idle_since)
		return;
	idle = local_clock() - vq->idle_since;
	vq->idle_since = 0;
	if (idle > POLL_MAX_NS)
		vq->poll_ns = 0;
	else if (idle > vq->poll_ns)
		vq->poll_ns = clamp(2 * vq->poll_ns, POLL_MIN_NS, POLL_MAX_NS);
}

static void vq_work(struct vhx_work *work)
{
	struct vhx_vq *vq = container_of(work, struct vhx_vq, work);
	enum vhx_verdict verdict;

	if (!vhx_vq_running(vq))
		return;
	vq_poll_adapt(vq);
	vhx_ring_kick_disable(&vq->ring);
	vq_batch_begin(vq);
	verdict = vq->dev->ops->vq_run(vq);
	vq_batch_end(vq);
	if (!vhx_vq_running(vq))
		return;
	if (verdict == VHX_AGAIN ||
	    (verdict == VHX_DRAINED && vq_rearm(vq)))
		vhx_vq_wake(vq);
}

/**
 * vhx_vq_wake - have a queue served
 * @vq: queue
 *
 * Context: any.
 */
void vhx_vq_wake(struct vhx_vq *vq)
{
	vhx_vq_work_queue(vq, &vq->work);
}
EXPORT_SYMBOL_GPL(vhx_vq_wake);

/**
 * vhx_vq_work_queue - have a queue's worker do some work
 * @vq: queue, started
 * @work: work
 *
 * Context: any.
 * Return: false if the owner was killed: the work will not be done.
 */
bool vhx_vq_work_queue(struct vhx_vq *vq, struct vhx_work *work)
{
	return vhx_worker_queue(vq->worker, work);
}
EXPORT_SYMBOL_GPL(vhx_vq_work_queue);

static void vq_kick(struct vhx_poll *poll)
{
	vhx_vq_wake(container_of(poll, struct vhx_vq, kick));
}

static void vq_unmap(struct vhx_vq *vq)
{
	unsigned int i;

	for (i = 0; i < VHX_NAREAS; i++)
		vhx_map_release(&vq->map[i], vq->dev->mm);
}

static int vq_map(struct vhx_vq *vq)
{
	const bool packed = vhx_vq_has_feature(vq, VIRTIO_F_RING_PACKED);
	const size_t size[VHX_NAREAS] = {
		[VHX_AREA_DESC] = vhx_ring_desc_size(packed, vq->num),
		[VHX_AREA_USED] = vhx_ring_device_size(packed, vq->num),
		[VHX_AREA_AVAIL] = vhx_ring_driver_size(packed, vq->num),
	};
	struct vhx_dev *dev = vq->dev;
	const struct vhx_mem *mem = NULL;
	unsigned int i;
	int err;

	if (dev->pers->addr_is_iova) {
		mem = rcu_dereference_protected(dev->mem,
						lockdep_is_held(&dev->lock));
		if (!mem)
			return -EFAULT;
	}
	for (i = 0; i < VHX_NAREAS; i++) {
		err = vhx_map_init(&vq->map[i], dev->mm, mem, vq->addr[i],
				   size[i]);
		if (err) {
			vq_unmap(vq);
			return err;
		}
	}
	return 0;
}

static void vq_free_batch(struct vhx_vq *vq)
{
	kvfree(vq->chains);
	kvfree(vq->segs);
	kvfree(vq->iov);
	kvfree(vq->slots);
	kvfree(vq->held);
	vq->slots = NULL;
	vq->held = NULL;
	vq->chains = NULL;
	vq->segs = NULL;
	vq->iov = NULL;
}

static int vq_alloc_batch(struct vhx_vq *vq)
{
	vq->chains = kvcalloc(VHX_BATCH, sizeof(*vq->chains),
			      GFP_KERNEL_ACCOUNT);
	vq->segs = kvcalloc(VHX_MAX_SEGS, sizeof(*vq->segs),
			    GFP_KERNEL_ACCOUNT);
	vq->iov = kvcalloc(VHX_MAX_SEGS, sizeof(*vq->iov), GFP_KERNEL_ACCOUNT);
	if (!vq->chains || !vq->segs || !vq->iov)
		goto nomem;
	if (!vhx_vq_has_feature(vq, VIRTIO_F_IN_ORDER))
		return 0;
	vq->slots = kvcalloc(vq->num, sizeof(*vq->slots), GFP_KERNEL_ACCOUNT);
	vq->held = kvcalloc(vq->num, sizeof(*vq->held), GFP_KERNEL_ACCOUNT);
	if (vq->slots && vq->held)
		return 0;
nomem:
	vq_free_batch(vq);
	return -ENOMEM;
}

static int vq_ring_init(struct vhx_vq *vq)
{
	const bool packed = vhx_vq_has_feature(vq, VIRTIO_F_RING_PACKED);
	const struct vhx_ring_config config = {
		.num = vq->num,
		.packed = packed,
		.event_idx = vhx_vq_has_feature(vq, VIRTIO_RING_F_EVENT_IDX),
		.indirect = vhx_vq_has_feature(vq, VIRTIO_RING_F_INDIRECT_DESC),
		.notify_on_empty = vhx_vq_has_feature(vq,
						      VIRTIO_F_NOTIFY_ON_EMPTY),
		.base = vq->base_set ? vq->base : vhx_ring_fresh_base(packed),
		.desc = vq->map[VHX_AREA_DESC].addr,
		.driver = vq->map[VHX_AREA_AVAIL].addr,
		.device = vq->map[VHX_AREA_USED].addr,
		.slots = vq->slots,
		.held = vq->held,
	};

	vq->popped = 0;
	vq->poll_ns = 0;
	vq->idle_since = 0;
	vq->pushed = 0;
	vq->batching = false;
	vq->draining = false;
	return vhx_ring_init(&vq->ring, &config);
}

/**
 * vhx_vq_is_set_up - were a queue's size and addresses set?
 * @vq: queue
 */
bool vhx_vq_is_set_up(const struct vhx_vq *vq)
{
	return vq->num && vq->addr_set;
}
EXPORT_SYMBOL_GPL(vhx_vq_is_set_up);

/**
 * vhx_vq_is_started - was a queue started, and not stopped?
 * @vq: queue
 */
bool vhx_vq_is_started(const struct vhx_vq *vq)
{
	return vq_state(vq) != VHX_VQ_STOPPED;
}
EXPORT_SYMBOL_GPL(vhx_vq_is_started);

/**
 * vhx_vq_running - is a queue served?
 * @vq: queue
 *
 * Context: any.
 */
bool vhx_vq_running(const struct vhx_vq *vq)
{
	return likely(vq_state(vq) == VHX_VQ_RUNNING);
}
EXPORT_SYMBOL_GPL(vhx_vq_running);

/**
 * vhx_vq_start - start to serve a queue
 * @vq: queue, set up and not started
 *
 * Context: process, under the device's lock.
 * Return: 0; -EFAULT if it is not set up or the ring is not in memory that can
 * be written; -ENOMEM; or what the back end says.
 */
int vhx_vq_start(struct vhx_vq *vq)
{
	const struct vhx_backend_ops *ops = vq->dev->ops;
	int err;

	lockdep_assert_held(&vq->dev->lock);
	if (!vhx_vq_is_set_up(vq))
		return -EFAULT;
	err = vq_alloc_batch(vq);
	if (err)
		return err;
	err = vq_map(vq);
	if (err)
		goto free_batch;
	err = vq_ring_init(vq);
	if (err)
		goto unmap;
	vq->worker = vq->dev->worker;
	err = ops->vq_start ? ops->vq_start(vq) : 0;
	if (err)
		goto unmap;

	WRITE_ONCE(vq->state, VHX_VQ_RUNNING);
	if (vq->kick_file) {
		err = vhx_poll_start(&vq->kick, vq->kick_file);
		if (err) {
			vhx_vq_stop(vq);
			return err;
		}
	}
	/* The guest may have kicked before anybody listened. */
	vhx_vq_wake(vq);
	return 0;

unmap:
	vq_unmap(vq);
free_batch:
	vq_free_batch(vq);
	return err;
}
EXPORT_SYMBOL_GPL(vhx_vq_start);

static bool vq_idle(struct vhx_vq *vq)
{
	bool idle;

	spin_lock_irq(&vq->used_lock);
	vq->draining = true;
	idle = vq->pushed == vq->popped;
	spin_unlock_irq(&vq->used_lock);
	return idle;
}

/**
 * vhx_vq_stop - stop a queue
 * @vq: queue; stopped already is fine
 *
 * On return nothing of it is in flight and its base index is exact.
 *
 * Context: process, under the device's lock. Waits for I/O.
 */
void vhx_vq_stop(struct vhx_vq *vq)
{
	const struct vhx_backend_ops *ops = vq->dev->ops;

	lockdep_assert_held(&vq->dev->lock);
	if (!vhx_vq_is_started(vq))
		return;
	/* From here on the worker does not take it up again. */
	WRITE_ONCE(vq->state, VHX_VQ_STOPPING);
	vhx_poll_stop(&vq->kick);
	if (ops->vq_stop)
		ops->vq_stop(vq);
	vhx_worker_flush(vq->worker);
	wait_event(vq->idle, vq_idle(vq));
	/* Who completed the last buffer may still be about to signal it. */
	synchronize_rcu();
	if (ops->vq_stopped)
		ops->vq_stopped(vq);
	vq->base = vhx_ring_base(&vq->ring);
	vq->base_set = true;
	vq_unmap(vq);
	vq_free_batch(vq);
	WRITE_ONCE(vq->state, VHX_VQ_STOPPED);
}
EXPORT_SYMBOL_GPL(vhx_vq_stop);

/**
 * vhx_vq_set_kick - replace a queue's kick eventfd
 * @vq: queue; it may be running
 * @file: eventfd, whose reference the queue takes over, or NULL
 *
 * Return: 0 or -EINVAL if it can't be polled; then there is none.
 */
int vhx_vq_set_kick(struct vhx_vq *vq, struct file *file)
{
	int err = 0;

	vhx_poll_stop(&vq->kick);
	swap(vq->kick_file, file);
	if (file)
		fput(file);
	if (vq->kick_file && vhx_vq_is_started(vq)) {
		err = vhx_poll_start(&vq->kick, vq->kick_file);
		vhx_vq_wake(vq);
	}
	return err;
}

/**
 * vhx_vq_reset - forget a stopped queue's set-up
 * @vq: queue
 */
void vhx_vq_reset(struct vhx_vq *vq)
{
	vhx_vq_set_kick(vq, NULL);
	vhx_eventfd_put(rcu_replace_pointer(vq->call, NULL, true));
	vhx_eventfd_put(rcu_replace_pointer(vq->err, NULL, true));
	vq->num = 0;
	vq->addr_set = false;
	vq->enabled = false;
	vq->base = 0;
	vq->base_set = false;
	vq->busyloop = 0;
}

/**
 * vhx_vq_create - allocate a queue
 * @dev: its device
 * @index: which of its queues it is
 *
 * Return: the queue, stopped, or NULL.
 */
struct vhx_vq *vhx_vq_create(struct vhx_dev *dev, unsigned int index)
{
	struct vhx_vq *vq = kzalloc(sizeof(*vq), GFP_KERNEL_ACCOUNT);

	if (!vq)
		return NULL;
	if (dev->ops->vq_priv_size) {
		vq->priv = kvzalloc(dev->ops->vq_priv_size, GFP_KERNEL_ACCOUNT);
		if (!vq->priv) {
			kfree(vq);
			return NULL;
		}
	}
	vq->dev = dev;
	vq->index = index;
	vhx_work_init(&vq->work, vq_work);
	vhx_poll_init(&vq->kick, vq_kick, EPOLLIN);
	spin_lock_init(&vq->used_lock);
	init_waitqueue_head(&vq->idle);
	return vq;
}

/**
 * vhx_vq_destroy - free a stopped queue
 * @vq: queue, or NULL
 */
void vhx_vq_destroy(struct vhx_vq *vq)
{
	if (!vq)
		return;
	vhx_vq_reset(vq);
	kvfree(vq->priv);
	kfree(vq);
}

/**
 * vhx_vq_priv - a queue's private data
 * @vq: queue
 */
void *vhx_vq_priv(const struct vhx_vq *vq)
{
	return vq->priv;
}
EXPORT_SYMBOL_GPL(vhx_vq_priv);

/**
 * vhx_vq_dev - a queue's device
 * @vq: queue
 */
struct vhx_dev *vhx_vq_dev(const struct vhx_vq *vq)
{
	return vq->dev;
}
EXPORT_SYMBOL_GPL(vhx_vq_dev);

/**
 * vhx_vq_index - which of its device's queues a queue is
 * @vq: queue
 */
unsigned int vhx_vq_index(const struct vhx_vq *vq)
{
	return vq->index;
}
EXPORT_SYMBOL_GPL(vhx_vq_index);

/**
 * vhx_vq_num - how many entries a queue has
 * @vq: queue, started
 */
unsigned int vhx_vq_num(const struct vhx_vq *vq)
{
	return vq->num;
}
EXPORT_SYMBOL_GPL(vhx_vq_num);

/**
 * vhx_vq_has_feature - was a feature negotiated?
 * @vq: queue, started
 * @bit: the feature's number
 */
bool vhx_vq_has_feature(const struct vhx_vq *vq, unsigned int bit)
{
	return vq->dev->features & BIT_ULL(bit);
}
EXPORT_SYMBOL_GPL(vhx_vq_has_feature);
