/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver's side of a packed ring (virtio 1.3, 2.8): the parts that run for
 * each buffer. Users include vq.h.
 */
#ifndef VHXT_PACKED_H
#define VHXT_PACKED_H

#include "vring.h"

#define PACKED_AVAIL	(1U << VRING_PACKED_DESC_F_AVAIL)
#define PACKED_USED	(1U << VRING_PACKED_DESC_F_USED)
#define PACKED_WRAP	(1U << VRING_PACKED_EVENT_F_WRAP_CTR)

/* Buffer ids differ from positions and slots, so that they are not mixed up. */
#define PACKED_ID	0x9000U

static inline __u16 packed_id(__u16 slot)
{
	return (__u16)(PACKED_ID + slot);
}

static inline __u16 packed_slot(__u16 id)
{
	return (__u16)(id - PACKED_ID);
}

/* A position with the wrap counter: the format of event areas and bases. */
static inline __u16 packed_at(__u16 pos, bool wrap)
{
	return wrap ? pos | PACKED_WRAP : pos;
}

static inline bool packed_is_used(__u16 flags, bool wrap)
{
	return !!(flags & PACKED_AVAIL) == wrap &&
	       !!(flags & PACKED_USED) == wrap;
}

static inline bool packed_more_used(const struct vq *vq)
{
	__u16 flags = __atomic_load_n(&vq->ring[vq->used_pos].flags,
				      __ATOMIC_ACQUIRE);

	return packed_is_used(flags, vq->used_wrap);
}

/*
 * Fill the next descriptor except its flags, which are returned. The device
 * uses the id of a buffer's last descriptor only; the others get a wrong one.
 */
static inline __u16 packed_next(struct vq *vq, __u64 gpa, __u32 len,
				__u16 flags, __u16 id)
{
	struct vring_packed_desc *d = &vq->ring[vq->avail_pos];

	d->addr = gpa;
	d->len = len;
	d->id = flags & VRING_DESC_F_NEXT ? ~id : id;
	flags |= vq->avail_flags;
	if (++vq->avail_pos == vq->num) {
		vq->avail_pos = 0;
		vq->avail_flags ^= PACKED_AVAIL | PACKED_USED;
	}
	return flags;
}

/*
 * The device finds a buffer by the flags of its first descriptor, and buffers
 * in their order. So publishing writes the flags of the first buffer's first
 * one.
 */
static inline void packed_show(struct vq *vq, __u16 head, __u16 flags)
{
	if (vq->held) {
		vq->ring[head].flags = flags;
		return;
	}
	vq->held = true;
	vq->held_pos = head;
	vq->held_flags = flags;
}

/* Take a slot for a buffer. In order, the slot is the position. */
static inline __u16 packed_take_slot(struct vq *vq)
{
	__u16 slot = vq->free;

	if (vq->in_order)
		return vq->avail_pos;
	vq->free = vq->slot[slot].last;
	return slot;
}

static inline int packed_add(struct vq *vq, const struct vq_seg *seg,
			     unsigned int n, __u32 token)
{
	__u16 head = vq->avail_pos, shown = 0, slot, flags, pos;
	__u32 room = 0;
	unsigned int k;

	if (vq->num_free < n)
		return -ENOSPC;

	slot = packed_take_slot(vq);
	for (k = 0; k < n; k++) {
		pos = vq->avail_pos;
		flags = k + 1 < n ? VRING_DESC_F_NEXT : 0;
		if (seg[k].write) {
			flags |= VRING_DESC_F_WRITE;
			room += seg[k].len;
		}
		flags = packed_next(vq, seg[k].gpa, seg[k].len, flags,
				    packed_id(slot));
		if (k)
			vq->ring[pos].flags = flags;
		else
			shown = flags;
	}
	vq->added += n;
	packed_show(vq, head, shown);
	vring_hold(vq, slot, n, 0, room, token);
	return 0;
}

/* Entries of a table follow each other: their only flag is WRITE. */
static inline int packed_add_indirect(struct vq *vq, const struct vq_seg *seg,
				      unsigned int n, __u32 token)
{
	struct vring_packed_desc *t;
	__u16 head = vq->avail_pos, slot, flags;
	__u32 room = 0;
	unsigned int k;
	size_t at;

	if (!vq->num_free || n > vq->table_len)
		return -ENOSPC;

	slot = packed_take_slot(vq);
	at = (size_t)slot * vq->table_len;
	t = vq->ptable + at;
	for (k = 0; k < n; k++) {
		t[k].addr = seg[k].gpa;
		t[k].len = seg[k].len;
		t[k].id = 0xffff;
		t[k].flags = seg[k].write ? VRING_DESC_F_WRITE : 0;
		room += seg[k].write ? seg[k].len : 0;
	}
	flags = packed_next(vq, vq->table_gpa + at * sizeof(*t),
			    n * sizeof(*t), VRING_DESC_F_INDIRECT,
			    packed_id(slot));
	vq->added++;
	packed_show(vq, head, flags);
	vring_hold(vq, slot, 1, 0, room, token);
	return 0;
}

static inline void packed_publish(struct vq *vq)
{
	if (!vq->held)
		return;
	vq->held = false;
	__atomic_store_n(&vq->ring[vq->held_pos].flags, vq->held_flags,
			 __ATOMIC_RELEASE);
}

/* Event indices are positions; those before this lap are negative here. */
static inline bool packed_kick_wanted(struct vq *vq)
{
	__u16 flags = __atomic_load_n(&vq->device->flags, __ATOMIC_ACQUIRE);
	__u16 at, event, new = vq->avail_pos;
	__u16 added = vq->added - vq->kicked;

	vq->kicked = vq->added;
	if (flags == VRING_PACKED_EVENT_FLAG_ENABLE)
		return true;
	if (flags == VRING_PACKED_EVENT_FLAG_DISABLE)
		return false;
	if (flags != VRING_PACKED_EVENT_FLAG_DESC || !vq->event_idx) {
		vq->bad = true;
		return true;
	}

	at = __atomic_load_n(&vq->device->off_wrap, __ATOMIC_RELAXED);
	event = at & ~PACKED_WRAP;
	if (event >= vq->num)
		vq->bad = true;
	if (!(at & PACKED_WRAP) != !(vq->avail_flags & PACKED_AVAIL))
		event -= vq->num;
	return vring_need_event(event, new, new - added);
}

/* In order: the next used descriptor, for a batch. */
static inline int packed_pop_batch(struct vq *vq, __u16 slot, __u32 len)
{
	unsigned int n = slot < vq->num ? vring_run(vq, slot) : 0;

	if (!n)
		return -EPROTO;
	vq->batch = n;
	vq->batch_len = len;
	return 0;
}

static inline int packed_pop(struct vq *vq, struct vq_done *done)
{
	const struct vring_packed_desc *d = &vq->ring[vq->used_pos];
	unsigned int next;
	__u16 slot;
	int ret;

	if (vq->batch)
		return vring_release_oldest(vq, done);
	if (!packed_more_used(vq))
		return 0;

	/* Without VRING_DESC_F_WRITE the length is reserved. */
	if (vq->bad || (d->len && !(d->flags & VRING_DESC_F_WRITE)))
		return -EPROTO;

	slot = packed_slot(d->id);
	if (vq->in_order) {
		if (packed_pop_batch(vq, slot, d->len))
			return -EPROTO;
		return vring_release_oldest(vq, done);
	}

	if (slot >= vq->num || !vq->slot[slot].ndesc)
		return -EPROTO;

	next = vq->used_pos + vq->slot[slot].ndesc;
	ret = vring_release(vq, &vq->slot[slot], d->len, done);
	if (next >= vq->num) {
		next -= vq->num;
		vq->used_wrap = !vq->used_wrap;
	}
	vq->used_pos = (__u16)next;
	vq->slot[slot].last = vq->free;
	vq->free = slot;
	return ret;
}

static inline void packed_call_enable(struct vq *vq)
{
	if (!vq->event_idx) {
		__atomic_store_n(&vq->driver->flags,
				 VRING_PACKED_EVENT_FLAG_ENABLE,
				 __ATOMIC_RELAXED);
		return;
	}
	__atomic_store_n(&vq->driver->off_wrap,
			 packed_at(vq->used_pos, vq->used_wrap),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&vq->driver->flags, VRING_PACKED_EVENT_FLAG_DESC,
			 __ATOMIC_RELEASE);
}

static inline void packed_call_disable(struct vq *vq)
{
	__atomic_store_n(&vq->driver->flags, VRING_PACKED_EVENT_FLAG_DISABLE,
			 __ATOMIC_RELAXED);
}

#endif /* VHXT_PACKED_H */
