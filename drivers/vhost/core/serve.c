// SPDX-License-Identifier: GPL-2.0
/*
 * Serving a queue: its work pops batches of buffers, translates them to the
 * owner's address space and has the back end do the I/O. The worker that the
 * queue is attached to does this, and nobody else.
 *
 * A run has two phases. In vq_run() the memory table does not change, so user
 * addresses are valid. In vq_submit() it may, so the back end can sleep there
 * for as long as the I/O takes without holding up a memory update.
 */
#include <linux/err.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/uaccess.h>
#include <linux/vhost_types.h>

#include "core.h"

/* Limits of one run; then other queues of the worker have their turn. */
#define RUN_BUFS	256
#define RUN_DESCS	4096
#define RUN_BYTES	SZ_4M

/* Limits of the adaptive busy wait for more buffers. */
#define POLL_MIN_NS	(4U * NSEC_PER_USEC)
#define POLL_MAX_NS	(50U * NSEC_PER_USEC)

struct mem_reader {
	struct vhx_ring_reader rd;
	struct vhx_vq *vq;
};

/*
 * Translates a guest range to pieces of the owner's address space in @iov.
 * Returns their number, -EFAULT or -E2BIG.
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

/*
 * Copies from guest memory. What the back end has gathered is pushed before
 * this sleeps in a page fault.
 */
static int vq_copy(struct vhx_vq *vq, void *dst, const struct iovec *iov)
{
	const struct vhx_backend_ops *ops = vq->dev->ops;

	if (ops->vq_flush) {
		unsigned long left;

		pagefault_disable();
		left = copy_from_user(dst, iov->iov_base, iov->iov_len);
		pagefault_enable();
		if (likely(!left))
			return 0;
		ops->vq_flush(vq);
	}
	if (copy_from_user(dst, iov->iov_base, iov->iov_len))
		return -EFAULT;
	return 0;
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
		if (vq_copy(vq, dst, &iov[i]))
			return -EFAULT;
		dst += iov[i].iov_len;
	}
	return 0;
}

/* Translates the segments of a chain to the pieces of a buffer. */
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
	struct mem_reader reader = { .rd.read = reader_read, .vq = vq };
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
		vq->run.descs -= room;
		if (got != -E2BIG || !vq->segs_used)
			vhx_vq_fail(vq, got, "invalid descriptor chain");
		return got;
	}

	rcu_read_lock();
	mem = rcu_dereference(vq->dev->mem);
	for (i = 0; i < got; i++) {
		struct vhx_chain *c = &vq->chains[i];
		unsigned int nsegs = c->nout + c->nin;

		if (unlikely(i && vq->run.bytes <= 0))
			break;
		bufs[i].seq = vq->popped + i;
		err = vq_fill(vq, mem, c, segs, &bufs[i]);
		if (unlikely(err))
			break;
		if (unlikely(vq->log_data))
			vhx_log_popped(vq, c, segs, bufs[i].seq);
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
			if (err != -E2BIG || !vq->iov_used)
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
	if (unlikely(!vhx_vq_running(vq) || vhx_worker_is_dying(vq->worker)))
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
 * Return: the number of buffers; 0 if there is none, or none for this run,
 * which is to end with VHX_DRAINED in either case; or a negative errno if the
 * queue is broken, which the core has dealt with.
 */
int vhx_vq_pop(struct vhx_vq *vq, struct vhx_buf *bufs, unsigned int n)
{
	if (!vq_may_pop(vq))
		return 0;
	vq->iov_used = 0;
	vq->segs_used = 0;
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
 * Return: 1; 0 if there is none; -E2BIG if it exceeds VHX_MAX_SEGS, while the
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
		 !vhx_worker_has_work(vq->worker) &&
		 !rwsem_is_contended(&vq->dev->mem_sem) && local_clock() < end);
	return false;
}

/* The owner's busy-loop timeout. No latency target exceeds a second. */
static u64 busyloop_ns(const struct vhx_vq *vq)
{
	return min_t(u64, READ_ONCE(vq->busyloop), USEC_PER_SEC) *
	       NSEC_PER_USEC;
}

/**
 * vhx_vq_busy_wait - wait for the far side within the owner's busy-loop timeout
 * @vq: queue
 * @ready: says whether the far side is ready
 *
 * For what a queue waits for beside its ring: packets in a tap.
 *
 * Context: in vq_run().
 * Return: true once @ready says so; false after the timeout of
 * VHOST_SET_VRING_BUSYLOOP_TIMEOUT, at once if there is none, or when the CPU
 * or the worker has other things to do.
 */
bool vhx_vq_busy_wait(struct vhx_vq *vq, bool (*ready)(struct vhx_vq *vq))
{
	u64 ns = busyloop_ns(vq);

	return ns && busy_wait(vq, ns, ready);
}
EXPORT_SYMBOL_GPL(vhx_vq_busy_wait);

/* Asks for kicks, unless more buffers come while the worker waits for them. */
static bool vq_rearm(struct vhx_vq *vq)
{
	u64 ns = busyloop_ns(vq) ?: vq->poll_ns;
	bool more;

	if (ns && busy_wait(vq, ns, ring_ready))
		return true;
	vq->idle_since = local_clock();
	more = vhx_ring_kick_enable(&vq->ring);
	if (unlikely(READ_ONCE(vq->log_ring)))
		vhx_log_event(vq, true);
	return more;
}

/*
 * Waiting pays if buffers come soon after kicks were asked for: then the next
 * wait is twice as long, up to POLL_MAX_NS. Once they come late, there is none.
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

	if (!vhx_vq_running(vq))
		return;
	vq_poll_adapt(vq);
	vhx_ring_kick_disable(&vq->ring);
	if (unlikely(READ_ONCE(vq->log_ring)))
		vhx_log_event(vq, false);
	verdict = vq_run(vq);
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
