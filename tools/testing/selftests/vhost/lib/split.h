/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver's side of a split ring (virtio 1.3, 2.7): the parts that run for
 * each buffer. Users include vq.h.
 */
#ifndef VHXT_SPLIT_H
#define VHXT_SPLIT_H

#include "vring.h"

static inline __u16 *split_used_event(struct vq *vq)
{
	return (__u16 *)&vq->avail->ring[vq->num];
}

static inline __u16 *split_avail_event(struct vq *vq)
{
	return (__u16 *)&vq->used->ring[vq->num];
}

static inline __u32 split_fill(struct vring_desc *d, const struct vq_seg *s)
{
	d->addr = s->gpa;
	d->len = s->len;
	d->flags = s->write ? VRING_DESC_F_WRITE : 0;
	return s->write ? s->len : 0;
}

/* Write the next entry of the avail ring. vring_hold() counts it. */
static inline void split_make_avail(struct vq *vq, __u16 head)
{
	vq->avail->ring[vq->avail_idx & (vq->num - 1)] = head;
}

static inline int split_add(struct vq *vq, const struct vq_seg *seg,
			    unsigned int n, __u32 token)
{
	__u16 head = vq->free, i = head, last = head;
	__u32 room = 0;
	unsigned int k;

	if (vq->num_free < n)
		return -ENOSPC;

	for (k = 0; k < n; k++) {
		last = i;
		room += split_fill(&vq->desc[i], &seg[k]);
		if (k + 1 < n)
			vq->desc[i].flags |= VRING_DESC_F_NEXT;
		i = vq->desc[i].next;
	}
	vq->free = i;
	split_make_avail(vq, head);
	vring_hold(vq, head, n, last, room, token);
	return 0;
}

static inline int split_add_indirect(struct vq *vq, const struct vq_seg *seg,
				     unsigned int n, __u32 token)
{
	__u16 head = vq->free;
	size_t at = (size_t)head * vq->table_len;
	struct vring_desc *t = vq->table + at;
	__u32 room = 0;
	unsigned int k;

	if (!vq->num_free || n > vq->table_len)
		return -ENOSPC;

	for (k = 0; k < n; k++) {
		room += split_fill(&t[k], &seg[k]);
		if (k + 1 < n)
			t[k].flags |= VRING_DESC_F_NEXT;
		t[k].next = k + 1;
	}
	vq->desc[head].addr = vq->table_gpa + at * sizeof(*t);
	vq->desc[head].len = n * sizeof(*t);
	vq->desc[head].flags = VRING_DESC_F_INDIRECT;
	vq->free = vq->desc[head].next;
	split_make_avail(vq, head);
	vring_hold(vq, head, 1, head, room, token);
	return 0;
}

static inline void split_publish(struct vq *vq)
{
	__atomic_store_n(&vq->avail->idx, vq->avail_idx, __ATOMIC_RELEASE);
}

static inline bool split_kick_wanted(struct vq *vq)
{
	__u16 from = vq->kicked, to = vq->avail_idx;

	vq->kicked = to;
	if (vq->event_idx)
		return vring_need_event(__atomic_load_n(split_avail_event(vq),
							__ATOMIC_RELAXED),
					to, from);
	return !(__atomic_load_n(&vq->used->flags, __ATOMIC_RELAXED) &
		 VRING_USED_F_NO_NOTIFY);
}

/* Used entries that the driver has not taken. */
static inline __u16 split_used(const struct vq *vq)
{
	return __atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE) -
	       vq->used_idx;
}

/*
 * In order: the next used entry, for a batch. The device does not write the
 * entries that a batch skips, so an entry that was read is made invalid: it
 * must not be read again in the next lap.
 */
static inline int split_pop_batch(struct vq *vq)
{
	struct vring_used_elem *e =
		&vq->used->ring[vq->used_idx & (vq->num - 1)];
	unsigned int n = e->id < vq->num ? vring_run(vq, e->id) : 0;

	if (!n || n > split_used(vq))
		return -EPROTO;

	vq->batch = n;
	vq->batch_len = e->len;
	e->id = ~0U;
	return 0;
}

static inline int split_pop(struct vq *vq, struct vq_done *done)
{
	const struct vring_used_elem *e;
	struct vq_slot *s;
	__u16 id;
	int ret;

	if (!split_used(vq))
		return 0;

	if (vq->in_order) {
		if (!vq->batch && split_pop_batch(vq))
			return -EPROTO;
		return vring_release_oldest(vq, done);
	}

	e = &vq->used->ring[vq->used_idx & (vq->num - 1)];
	if (e->id >= vq->num || !vq->slot[e->id].ndesc)
		return -EPROTO;

	id = (__u16)e->id;
	s = &vq->slot[id];
	ret = vring_release(vq, s, e->len, done);
	vq->desc[s->last].next = vq->free;
	vq->free = id;
	return ret;
}

static inline void split_call_enable(struct vq *vq)
{
	if (vq->event_idx)
		__atomic_store_n(split_used_event(vq), vq->used_idx,
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n(&vq->avail->flags, 0, __ATOMIC_RELAXED);
}

/* With EVENT_IDX the event index just stays where it is. */
static inline void split_call_disable(struct vq *vq)
{
	if (!vq->event_idx)
		__atomic_store_n(&vq->avail->flags, VRING_AVAIL_F_NO_INTERRUPT,
				 __ATOMIC_RELAXED);
}

#endif /* VHXT_SPLIT_H */
