/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walking a chain of descriptors, in either format. Only the formats use it.
 */
#ifndef _VHX_RING_WALK_H
#define _VHX_RING_WALK_H

#include "ring.h"

/* The number of descriptors of an indirect table that are read at once. */
#define INDIRECT_WINDOW 16

/**
 * struct walk - the state of walking a chain
 * @seg: where the next segment goes
 * @limit: the end of the room for segments
 * @in: the first device-writable segment, or NULL
 * @out_len: device-readable bytes; 64 bits, so that one check at the end is
 *	enough
 * @in_len: device-writable bytes
 */
struct walk {
	struct vhx_seg *seg;
	const struct vhx_seg *limit;
	struct vhx_seg *in;
	u64 out_len;
	u64 in_len;
};

/* Reads half a descriptor in one access. */
static __always_inline u64 read_u64(const void *p)
{
	return le64_to_cpu((__force __le64)READ_ONCE(*(const u64 *)p));
}

/*
 * Adds a descriptor of an indirect table. Device-readable descriptors come
 * first (2.7.4.2 and 2.8.17), even if they are empty.
 */
static __always_inline int walk_add(struct walk *w, u64 addr, u32 len,
				    u32 flags)
{
	bool in = flags & VRING_DESC_F_WRITE;

	if (unlikely(w->seg == w->limit))
		return -E2BIG;
	if (unlikely(flags & VRING_DESC_F_INDIRECT || (!in && w->in)))
		return -EINVAL;
	if (in) {
		if (!w->in)
			w->in = w->seg;
		w->in_len += len;
	} else {
		w->out_len += len;
	}
	w->seg->addr = addr;
	w->seg->len = len;
	w->seg++;
	return 0;
}

/* Ends a chain whose segments begin at @first. */
static __always_inline int walk_end(const struct walk *w, struct vhx_chain *c,
				    const struct vhx_seg *first)
{
	const struct vhx_seg *in = w->in ?: w->seg;

	if (unlikely((w->out_len | w->in_len) >> 32))
		return -EINVAL;
	c->nout = in - first;
	c->nin = w->seg - in;
	c->out_len = w->out_len;
	c->in_len = w->in_len;
	return 0;
}

/*
 * The limit for a chain that begins at @seg: the end of the room, or where it
 * has more descriptors than the ring.
 */
static __always_inline const struct vhx_seg *
walk_limit(const struct vhx_seg *seg, const struct vhx_seg *end, u16 num)
{
	/* Not as a pointer, which must not point so far beyond the array. */
	unsigned long limit = (unsigned long)seg + num * sizeof(*seg);

	return limit < (unsigned long)end ? (const struct vhx_seg *)limit : end;
}

/* Stores a segment and returns its length. */
static __always_inline u32 walk_put(struct vhx_seg *seg, u64 addr, u32 len)
{
	seg->addr = addr;
	seg->len = len;
	return len;
}

/* A buffer of one descriptor. */
static __always_inline void walk_single(struct vhx_chain *c,
					struct vhx_seg *seg, u64 addr, u32 len,
					bool in)
{
	c->nout = 0;
	c->nin = 0;
	c->out_len = 0;
	c->in_len = 0;
	walk_put(seg, addr, len);
	/* A queue has mostly one kind, so the branch is well predicted. */
	if (in) {
		c->nin = 1;
		c->in_len = len;
	} else {
		c->nout = 1;
		c->out_len = len;
	}
}

#endif /* _VHX_RING_WALK_H */
