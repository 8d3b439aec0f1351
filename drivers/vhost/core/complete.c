// SPDX-License-Identifier: GPL-2.0
/*
 * Completing buffers: completions are pushed to the ring in any context, and
 * the guest is called if it asked for that. vhx_vq.used_lock protects all of
 * it.
 */
#include "core.h"
#include "ring/written.h"

/* Must the guest be called now for what was just pushed? */
static bool vq_call_due(struct vhx_vq *vq)
{
	lockdep_assert_held(&vq->used_lock);
	if (vq->holding && vhx_worker_is_current(vhx_vq_worker(vq))) {
		vq->uncalled = true;
		return false;
	}
	vq->uncalled = false;
	return vhx_ring_need_call(&vq->ring);
}

/* Returns whether more is to be pushed: completions that waited for these. */
static bool push_some(struct vhx_vq *vq, const struct vhx_used *used,
		      unsigned int n)
{
	bool call, idle, more, log_ring;
	unsigned long flags;
	u16 from = 0;

	if (unlikely(READ_ONCE(vq->log_records)))
		vhx_log_used(vq, used, n);
	spin_lock_irqsave(&vq->used_lock, flags);
	/* Before the driver can make the entry available again. */
	WRITE_ONCE(vq->pushed, vq->pushed + n);
	log_ring = vq->log_ring;
	if (unlikely(log_ring))
		from = vhx_ring_used_pos(&vq->ring);
	call = vhx_ring_push(&vq->ring, used, n) && vq_call_due(vq);
	more = vhx_ring_waits(&vq->ring);
	if (unlikely(log_ring))
		vhx_log_pushed(vq, from, used, n);
	idle = vq->draining && vq->pushed == vq->popped;
	spin_unlock_irqrestore(&vq->used_lock, flags);

	if (unlikely(log_ring))
		vhx_log_notify(vq->dev);
	if (call)
		vhx_eventfd_signal(&vq->call);
	if (unlikely(idle))
		wake_up(&vq->idle);
	return more;
}

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
	/* Stopping a queue waits for this section, so @vq stays. */
	rcu_read_lock();
	while (unlikely(push_some(vq, used, n)))
		n = 0;
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

/**
 * vhx_vq_hold_calls - delay the calls for what the worker itself completes
 * @vq: queue
 *
 * Until vhx_vq_release_calls(), which makes one call for all of it. The caller
 * does not sleep between the two, as the guest would wait meanwhile. What is
 * completed in other contexts, interrupts on top of the worker included, is
 * called for at once.
 *
 * Context: in the worker.
 */
void vhx_vq_hold_calls(struct vhx_vq *vq)
{
	WRITE_ONCE(vq->holding, true);
}
EXPORT_SYMBOL_GPL(vhx_vq_hold_calls);

/**
 * vhx_vq_release_calls - make the call that was delayed
 * @vq: queue
 *
 * Context: in the worker.
 */
void vhx_vq_release_calls(struct vhx_vq *vq)
{
	bool call;

	WRITE_ONCE(vq->holding, false);
	spin_lock_irq(&vq->used_lock);
	call = vq->uncalled && vhx_ring_need_call(&vq->ring);
	vq->uncalled = false;
	spin_unlock_irq(&vq->used_lock);
	if (call)
		vhx_eventfd_signal(&vq->call);
}
EXPORT_SYMBOL_GPL(vhx_vq_release_calls);
