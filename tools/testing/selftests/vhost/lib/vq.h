/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver's side of a virtqueue, split or packed: it adds buffers, kicks if
 * the device wants that, and takes used buffers back. It checks what the device
 * writes: a used buffer that is not in flight, that is out of order on a queue
 * with IN_ORDER, or that has more bytes written than it has room for, is an
 * error. The parts that run for each buffer are inline, because benchmarks
 * count their instructions.
 */
#ifndef VHXT_VQ_H
#define VHXT_VQ_H

#include "packed.h"
#include "split.h"

/* Flags for vq_init(). */
#define VQ_EVENT_IDX	0x1
#define VQ_INDIRECT	0x2
#define VQ_PACKED	0x4
#define VQ_IN_ORDER	0x8

#define VQ_TABLE_LEN	64

/* A queue of @num entries with its rings in @mem. 0 or -errno. */
int vq_init(struct vq *vq, struct gmem *mem, __u16 num, unsigned int flags);
void vq_exit(struct vq *vq);

/* As after a reset: no buffer is in flight; driver and device are at @base. */
void vq_reset(struct vq *vq, __u32 base);

/* The base of a queue after @n buffers of one descriptor each. */
__u32 vq_base_after(const struct vq *vq, unsigned int n);

/*
 * The number of valid used buffers that the driver has not taken yet; and the
 * base of a device that has used these and has nothing in flight.
 */
unsigned int vq_ready(const struct vq *vq);
__u32 vq_ready_base(const struct vq *vq);

/*
 * Ask for a call when @n more buffers of one descriptor each are used, and not
 * earlier. With EVENT_IDX only.
 */
void vq_call_after(struct vq *vq, unsigned int n);

/*
 * Enable calls and wait for the call eventfd until a buffer is used. 0;
 * -ETIMEDOUT; or -EIO if the device signals its err eventfd.
 */
int vq_wait(struct vq *vq, int ms);

/* Wait until @n completions are there, whatever calls come. 0 or -ETIMEDOUT. */
int vq_wait_ready(const struct vq *vq, unsigned int n, int ms);

/* Add @n pieces as a chain of descriptors. 0, or -ENOSPC. */
static inline int vq_add(struct vq *vq, const struct vq_seg *seg,
			 unsigned int n, __u32 token)
{
	return vq->packed ? packed_add(vq, seg, n, token) :
			    split_add(vq, seg, n, token);
}

/* The same through an indirect table. */
static inline int vq_add_indirect(struct vq *vq, const struct vq_seg *seg,
				  unsigned int n, __u32 token)
{
	return vq->packed ? packed_add_indirect(vq, seg, n, token) :
			    split_add_indirect(vq, seg, n, token);
}

/* Make the buffers that were added available to the device. */
static inline void vq_publish(struct vq *vq)
{
	if (vq->packed)
		packed_publish(vq);
	else
		split_publish(vq);
}

/* Does the device want a kick for what was published since the last time? */
static inline bool vq_kick_wanted(struct vq *vq)
{
	/* Pairs with the device's barrier between enabling and rechecking. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return vq->packed ? packed_kick_wanted(vq) : split_kick_wanted(vq);
}

/* Kick, whether the device wants it or not. */
static inline void vq_kick_always(struct vq *vq)
{
	vq->nkicks++;
	event_signal(vq->kick);
}

/* Publish, and kick if the device wants it. */
static inline void vq_kick(struct vq *vq)
{
	vq_publish(vq);
	if (vq_kick_wanted(vq))
		vq_kick_always(vq);
}

static inline bool vq_more_used(const struct vq *vq)
{
	if (vq->packed)
		return vq->batch || packed_more_used(vq);
	return split_used(vq);
}

/* Take a used buffer: 1 and @done, 0 if there is none, -EPROTO if invalid. */
static inline int vq_pop(struct vq *vq, struct vq_done *done)
{
	return vq->packed ? packed_pop(vq, done) : split_pop(vq, done);
}

/* Enable calls. The caller looks for used buffers after this. */
static inline void vq_call_enable(struct vq *vq)
{
	if (vq->packed)
		packed_call_enable(vq);
	else
		split_call_enable(vq);
	/* Pairs with the device's barrier between used entry and event. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Disable calls. */
static inline void vq_call_disable(struct vq *vq)
{
	if (vq->packed)
		packed_call_disable(vq);
	else
		split_call_disable(vq);
}

#endif /* VHXT_VQ_H */
