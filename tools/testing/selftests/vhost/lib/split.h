/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver's side of a split virtqueue: adds chains, kicks where the device
 * wants it, takes back what was used. It trusts the device with nothing: a
 * completion that was never asked for, or comes twice, is an error. The parts
 * that run per buffer are inline, as benchmarks count their instructions.
 */
#ifndef VHXT_SPLIT_H
#define VHXT_SPLIT_H

#include <errno.h>
#include <linux/types.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>

#include "gmem.h"
#include "wait.h"

/**
 * struct vq_seg - one buffer of a chain
 * @gpa: guest-physical address
 * @len: bytes
 * @write: the device writes it (VRING_DESC_F_WRITE)
 */
struct vq_seg {
	__u64 gpa;
	__u32 len;
	bool write;
};

/**
 * struct vq_slot - the chain that starts at a descriptor
 * @token: the caller's name for it
 * @ndesc: descriptors it holds, 0 when none starts here
 * @last: its last descriptor
 */
struct vq_slot {
	__u32 token;
	__u16 ndesc;
	__u16 last;
};

/**
 * struct vq_done - a completion
 * @token: as given to vq_add()
 * @len: bytes written by the device
 */
struct vq_done {
	__u32 token;
	__u32 len;
};

/**
 * struct vq - a split virtqueue
 * @desc: descriptor table, in guest memory
 * @avail: driver area, in guest memory
 * @used: device area, in guest memory
 * @slot: what each descriptor is in use for
 * @table: an indirect table for each descriptor, in guest memory
 * @table_gpa: its guest-physical address
 * @table_len: entries of each indirect table, 0 without INDIRECT_DESC
 * @num: entries, a power of two
 * @num_free: free descriptors
 * @free: first of them; they are chained through their next field
 * @avail_idx: next entry of the avail ring; free running
 * @kicked_idx: @avail_idx at the last decision about a kick
 * @used_idx: next entry of the used ring; free running
 * @base: where the device starts, for SET_VRING_BASE
 * @event_idx: VIRTIO_RING_F_EVENT_IDX was negotiated
 * @kick: eventfd to the device
 * @call: eventfd from the device
 * @err: eventfd from the device, for a broken queue
 * @nkicks: kicks sent
 * @mem: where the rings are
 */
struct vq {
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct vq_slot *slot;
	struct vring_desc *table;
	__u64 table_gpa;
	__u16 table_len;
	__u16 num;
	__u16 num_free;
	__u16 free;
	__u16 avail_idx;
	__u16 kicked_idx;
	__u16 used_idx;
	__u16 base;
	bool event_idx;
	int kick;
	int call;
	int err;
	__u64 nkicks;
	struct gmem *mem;
};

/* Flags for vq_init(). */
#define VQ_EVENT_IDX	0x1
#define VQ_INDIRECT	0x2

#define VQ_TABLE_LEN	64

/* A queue of @num entries with its rings in @mem. 0 or -errno. */
int vq_init(struct vq *vq, struct gmem *mem, __u16 num, unsigned int flags);
void vq_exit(struct vq *vq);

/* As a driver does after a reset: all free, indices at @base. */
void vq_reset(struct vq *vq, __u16 base);

/*
 * Wait until something was used, call eventfd and suppression included.
 * 0, -ETIMEDOUT, or -EIO when the device signals its error eventfd instead.
 */
int vq_wait(struct vq *vq, int ms);

/* Chains that the device holds: made available, not used yet. */
static inline unsigned int vq_in_flight(const struct vq *vq)
{
	return (__u16)(vq->avail_idx - vq->used_idx);
}

static inline __u16 *vq_used_event(struct vq *vq)
{
	return (__u16 *)&vq->avail->ring[vq->num];
}

static inline __u16 *vq_avail_event(struct vq *vq)
{
	return (__u16 *)&vq->used->ring[vq->num];
}

static inline void vq_fill(struct vring_desc *d, const struct vq_seg *s)
{
	d->addr = s->gpa;
	d->len = s->len;
	d->flags = s->write ? VRING_DESC_F_WRITE : 0;
}

/* Make the chain that starts at @head available, without telling yet. */
static inline void vq_make_avail(struct vq *vq, __u16 head)
{
	vq->avail->ring[vq->avail_idx & (vq->num - 1)] = head;
	vq->avail_idx++;
}

/* Add @n buffers as a chain of descriptors. 0, or -ENOSPC. */
static inline int vq_add(struct vq *vq, const struct vq_seg *seg,
			 unsigned int n, __u32 token)
{
	__u16 head = vq->free, i = head, last = head;
	unsigned int k;

	if (vq->num_free < n)
		return -ENOSPC;

	for (k = 0; k < n; k++) {
		last = i;
		vq_fill(&vq->desc[i], &seg[k]);
		if (k + 1 < n)
			vq->desc[i].flags |= VRING_DESC_F_NEXT;
		i = vq->desc[i].next;
	}
	vq->free = i;
	vq->num_free -= n;
	vq->slot[head] = (struct vq_slot){
		.token = token, .ndesc = n, .last = last,
	};
	vq_make_avail(vq, head);
	return 0;
}

/* The same through an indirect table. */
static inline int vq_add_indirect(struct vq *vq, const struct vq_seg *seg,
				  unsigned int n, __u32 token)
{
	__u16 head = vq->free;
	size_t at = (size_t)head * vq->table_len;
	struct vring_desc *t = vq->table + at;
	unsigned int k;

	if (!vq->num_free || n > vq->table_len)
		return -ENOSPC;

	for (k = 0; k < n; k++) {
		vq_fill(&t[k], &seg[k]);
		if (k + 1 < n)
			t[k].flags |= VRING_DESC_F_NEXT;
		t[k].next = k + 1;
	}
	vq->desc[head].addr = vq->table_gpa + at * sizeof(*t);
	vq->desc[head].len = n * sizeof(*t);
	vq->desc[head].flags = VRING_DESC_F_INDIRECT;
	vq->free = vq->desc[head].next;
	vq->num_free--;
	vq->slot[head] = (struct vq_slot){
		.token = token, .ndesc = 1, .last = head,
	};
	vq_make_avail(vq, head);
	return 0;
}

/* Show the device what was added. */
static inline void vq_publish(struct vq *vq)
{
	__atomic_store_n(&vq->avail->idx, vq->avail_idx, __ATOMIC_RELEASE);
}

/* Does the device want to hear of what was published since the last time? */
static inline bool vq_kick_wanted(struct vq *vq)
{
	__u16 from = vq->kicked_idx, to = vq->avail_idx;

	/* Pairs with the device's barrier between enabling and rechecking. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	vq->kicked_idx = to;
	if (vq->event_idx)
		return vring_need_event(__atomic_load_n(vq_avail_event(vq),
							__ATOMIC_RELAXED),
					to, from);
	return !(__atomic_load_n(&vq->used->flags, __ATOMIC_RELAXED) &
		 VRING_USED_F_NO_NOTIFY);
}

/* Tell the device, whatever it wants. */
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
	return __atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE) !=
	       vq->used_idx;
}

/* Take a completion: 1 and @done, 0 if there is none, -EPROTO if it is bad. */
static inline int vq_pop(struct vq *vq, struct vq_done *done)
{
	const struct vring_used_elem *e;
	struct vq_slot *s;

	if (!vq_more_used(vq))
		return 0;

	e = &vq->used->ring[vq->used_idx & (vq->num - 1)];
	if (e->id >= vq->num || !vq->slot[e->id].ndesc)
		return -EPROTO;

	s = &vq->slot[e->id];
	done->token = s->token;
	done->len = e->len;
	vq->desc[s->last].next = vq->free;
	vq->free = e->id;
	vq->num_free += s->ndesc;
	s->ndesc = 0;
	vq->used_idx++;
	return 1;
}

/* Ask for a call at the next completion. Look for completions after it. */
static inline void vq_call_enable(struct vq *vq)
{
	if (vq->event_idx)
		__atomic_store_n(vq_used_event(vq), vq->used_idx,
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n(&vq->avail->flags, 0, __ATOMIC_RELAXED);
	/* Pairs with the device's barrier between used index and event. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Ask for no calls. With EVENT_IDX that is where the event index rests. */
static inline void vq_call_disable(struct vq *vq)
{
	if (!vq->event_idx)
		__atomic_store_n(&vq->avail->flags, VRING_AVAIL_F_NO_INTERRUPT,
				 __ATOMIC_RELAXED);
}

#endif /* VHXT_SPLIT_H */
