// SPDX-License-Identifier: GPL-2.0
/*
 * Serving a queue: its work pops batches of buffers and has the back end do the
 * I/O. The worker that the queue is attached to does this, and nobody else.
 *
 * A run has two phases. In vq_run() the memory table does not change, so user
 * addresses are valid. In vq_submit() it may, so the back end can sleep there
 * for as long as the I/O takes without holding up a memory update.
 */
#include <linux/err.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>

#include "core.h"

/* Limits of one run; then other queues of the worker have their turn. */
#define RUN_BUFS	256
#define RUN_DESCS	4096
#define RUN_BYTES	SZ_4M

/* The least of the adaptive busy wait; vhx_dev.poll_max_ns is the most. */
#define POLL_MIN_NS	(4U * NSEC_PER_USEC)

/*
 * Would more buffers be in flight than the ring has entries? A first check
 * without the lock may see an old value of @pushed and so count too many; then
 * the check under the lock decides.
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
	struct vhx_reader reader = { .rd.read = vhx_buf_read, .vq = vq };
	const unsigned int room = VHX_MAX_SEGS - vq->segs_used;
	struct vhx_seg *segs = vq->segs + vq->segs_used;
	const struct vhx_mem *mem;
	int got, i, err = 0;

	got = vhx_ring_pop(&vq->ring, vq->chains, min(n, VHX_BATCH), segs, room,
			   &reader.rd);
	/* The driver made an entry available again before it was used. */
	if (unlikely(got > 0 && vq_too_many(vq, got)))
		got = -EINVAL;
	if (unlikely(got < 0)) {
		if (got == -EAGAIN)
			return vhx_iommu_park(vq);
		vq->run.descs -= room;
		if (got != -E2BIG || !vq->segs_used)
			vhx_vq_fail(vq, got, "invalid descriptor chain");
		return got;
	}

	rcu_read_lock();
	mem = vhx_dev_table(vq->dev);
	for (i = 0; i < got; i++) {
		struct vhx_chain *c = &vq->chains[i];
		unsigned int nsegs = c->nout + c->nin;

		if (unlikely(i && vq->run.bytes <= 0))
			break;
		bufs[i].seq = vq->popped + i;
		err = vhx_buf_fill(vq, mem, c, segs, &bufs[i]);
		if (unlikely(err))
			break;
		if (unlikely(vq->log_data))
			vhx_log_popped(vq, c, segs, &bufs[i]);
		segs += nsegs;
		vq->segs_used += nsegs;
		vq->run.descs -= nsegs;
		vq->run.bytes -= (u64)c->out_len + c->in_len;
	}
	rcu_read_unlock();

	if (unlikely(i < got)) {
		vhx_ring_unpop(&vq->ring, vq->chains[i].pos);
		/* Buffers before an invalid one are served first. */
		if (!i) {
			if (err == -EAGAIN)
				return vhx_iommu_park(vq);
			if (err != -E2BIG || !vq->vecs_used)
				vhx_vq_fail(vq, err, "invalid buffer");
			return err;
		}
	}
	vq->popped += i;
	vq->run.bufs -= i;
	return i;
}

/* May the run go on, or must the queue stop, or others have their turn? */
static bool vq_may_pop(struct vhx_vq *vq)
{
	if (unlikely(!vhx_vq_running(vq) ||
		     vhx_worker_is_dying(vhx_vq_worker(vq))))
		return false;
	if (likely(vq->run.bufs > 0 && vq->run.descs > 0 && vq->run.bytes > 0))
		return true;
	vq->run.cut = true;
	return false;
}

/**
 * vhx_vq_pop - pop a batch of buffers
 * @vq: queue
 * @bufs: filled
 * @n: room in @bufs; no more than VHX_BATCH are popped
 *
 * Each must be completed by vhx_vq_push() or given back by vhx_vq_unpop(). The
 * core limits what one run may pop in buffers, descriptors and bytes, and pops
 * nothing for a queue that is being stopped or whose owner is being killed.
 *
 * Context: in vq_run().
 * Return: the number of buffers; 0 if there is none, or none for this run, or
 * none until the IOTLB is updated: the run is to end with VHX_DRAINED in any
 * case; or a negative errno if the queue is broken, which the core has dealt
 * with.
 */
int vhx_vq_pop(struct vhx_vq *vq, struct vhx_buf *bufs, unsigned int n)
{
	if (!vq_may_pop(vq))
		return 0;
	vq->vecs_used = 0;
	vq->segs_used = 0;
	vq->use_pinned = vhx_dev_uses_pinned(vq->dev);
	return vq_pop(vq, bufs, min_t(unsigned int, n, vq->run.bufs));
}
EXPORT_SYMBOL_GPL(vhx_vq_pop);

/**
 * vhx_vq_pop_more - pop one more buffer for the same packet or request
 * @vq: queue
 * @buf: filled; its pieces directly follow those of the buffer before
 *
 * The limits of a run do not apply, but the buffers since the last vhx_vq_pop()
 * have VHX_MAX_SEGS descriptors and pieces at most.
 *
 * Context: in vq_run().
 * Return: 1; 0 as vhx_vq_pop(); -E2BIG if it exceeds VHX_MAX_SEGS, while the
 * queue goes on; or another negative errno if the queue is broken, which the
 * core has dealt with.
 */
int vhx_vq_pop_more(struct vhx_vq *vq, struct vhx_buf *buf)
{
	if (unlikely(vq->segs_used >= VHX_MAX_SEGS))
		return -E2BIG;
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
	if (unlikely(vq->log_records))
		vhx_log_unpopped(vq, buf->seq);
	vhx_ring_unpop(&vq->ring, buf->pos);
	vq->popped = buf->seq;
}
EXPORT_SYMBOL_GPL(vhx_vq_unpop);

static bool ring_ready(struct vhx_vq *vq)
{
	return vhx_ring_more(&vq->ring);
}

/* Waits up to @ns for @ready, as long as the CPU has nothing else to do. */
static bool busy_wait(struct vhx_vq *vq, u64 ns,
		      bool (*ready)(struct vhx_vq *vq))
{
	u64 end = local_clock() + ns;

	do {
		if (ready(vq))
			return true;
		cpu_relax();
	} while (vhx_vq_running(vq) && single_task_running() &&
		 !need_resched() && !signal_pending(current) &&
		 !vhx_worker_has_work(vhx_vq_worker(vq)) &&
		 !rwsem_is_contended(&vq->dev->mem_sem) && local_clock() < end);
	return false;
}

/* The owner's busy-loop timeout. No latency target exceeds a second. */
static u64 busyloop_ns(const struct vhx_vq *vq)
{
	return min_t(u64, READ_ONCE(vq->busyloop), USEC_PER_SEC) *
	       NSEC_PER_USEC;
}

/*
 * Waits for @ready as long as the owner says, or as long as it pays. If that
 * was in vain, the time until the next run tells whether it would have paid.
 */
static bool vq_busy_wait(struct vhx_vq *vq, bool (*ready)(struct vhx_vq *vq))
{
	u64 ns = busyloop_ns(vq) ?: vq->poll_ns;

	if (ns && busy_wait(vq, ns, ready))
		return true;
	vq->idle_since = local_clock();
	return false;
}

/**
 * vhx_vq_busy_wait - wait awake for the far side
 * @vq: queue
 * @ready: says whether the far side is ready
 *
 * For what a queue waits for beside its ring: packets in a tap. If this returns
 * false, the run of the queue is to end, with VHX_WAIT.
 *
 * Context: in vq_run().
 * Return: true once @ready says so; false after the timeout of
 * VHOST_SET_VRING_BUSYLOOP_TIMEOUT, or if there is none, after a time in which
 * the far side was ready lately, or when the CPU or the worker has other things
 * to do.
 */
bool vhx_vq_busy_wait(struct vhx_vq *vq, bool (*ready)(struct vhx_vq *vq))
{
	return vq_busy_wait(vq, ready);
}
EXPORT_SYMBOL_GPL(vhx_vq_busy_wait);

/* Asks for kicks, unless more buffers come while the worker waits for them. */
static bool vq_rearm(struct vhx_vq *vq)
{
	bool more;

	if (vq_busy_wait(vq, ring_ready))
		return true;
	more = vhx_ring_kick_enable(&vq->ring);
	if (unlikely(READ_ONCE(vq->log_ring)))
		vhx_log_event(vq, true);
	return more;
}

/*
 * Waiting pays if the queue is woken soon after the worker gave up: then the
 * next wait is twice as long, within the bound. Once it is woken late, there is
 * none.
 */
static void vq_poll_adapt(struct vhx_vq *vq)
{
	const u32 max = vq->dev->poll_max_ns;
	u64 idle;

	if (!vq->idle_since)
		return;
	idle = local_clock() - vq->idle_since;
	vq->idle_since = 0;
	if (idle > max)
		vq->poll_ns = 0;
	else if (idle > vq->poll_ns)
		vq->poll_ns = min(max(2 * vq->poll_ns, POLL_MIN_NS), max);
}

static enum vhx_verdict vq_run(struct vhx_vq *vq)
{
	const struct vhx_backend_ops *ops = vq->dev->ops;
	enum vhx_verdict verdict;

	vq->run = (struct vhx_run){
		.bufs = RUN_BUFS, .descs = RUN_DESCS, .bytes = RUN_BYTES,
	};
	down_read(&vq->dev->mem_sem);
	verdict = ops->vq_run(vq);
	up_read(&vq->dev->mem_sem);
	if (ops->vq_submit)
		ops->vq_submit(vq);
	return verdict == VHX_DRAINED && vq->run.cut ? VHX_AGAIN : verdict;
}

/**
 * vhx_vq_work - serve a queue once
 * @work: &struct vhx_vq.work
 *
 * Context: the queue's worker.
 */
void vhx_vq_work(struct vhx_work *work)
{
	struct vhx_vq *vq = container_of(work, struct vhx_vq, work);
	enum vhx_verdict verdict;

	if (vhx_vq_is_parked(vq) || !vhx_vq_running(vq))
		return;
	vq_poll_adapt(vq);
	vhx_ring_kick_disable(&vq->ring);
	if (unlikely(READ_ONCE(vq->log_ring)))
		vhx_log_event(vq, false);
	verdict = vq_run(vq);
	/* An update of the IOTLB will wake a queue that is parked. */
	if (!vhx_vq_running(vq) || unlikely(vq->run.parked))
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
	bool alive;

	/* Who takes the queue's worker away waits for this section. */
	rcu_read_lock();
	alive = vhx_worker_queue(vhx_vq_worker(vq), work);
	rcu_read_unlock();
	return alive;
}
EXPORT_SYMBOL_GPL(vhx_vq_work_queue);
