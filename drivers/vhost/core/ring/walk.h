/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chain of descriptors while it is followed, in either format. For the
 * formats only.
 */
#ifndef _VHX_RING_WALK_H
#define _VHX_RING_WALK_H

#include "ring.h"

/* Descriptors of an indirect table that are fetched at once. */
#define INDIRECT_WINDOW 16

/**
 * struct walk - a chain while it is followed
 * @seg: where its next segment goes
 * @limit: where there is no more room
 * @in: its first device-writable segment, or NULL as long as there is none
 * @out_len: device-readable bytes; more than 32 bits, so that they need be
 *	looked at only at its end
 * @in_len: device-writable bytes
 */
struct walk {
	struct vhx_seg *seg;
	const struct vhx_seg *limit;
	struct vhx_seg *in;
	u64 out_len;
	u64 in_len;
};

/* Half a descriptor, or a used element: all of it is read or written at once. */
static __always_inline u64 read_u64(const void *p)
{
	return le64_to_cpu((__force __le64)READ_ONCE(*(const u64 *)p));
}

/*
 * A descriptor of an indirect table. Device-readable ones come first (2.7.4.2
 * and 2.8.17); empty ones too, though they mean nothing.
 */
static __always_inline int walk_add(struct walk *w, u64 addr, u32 len, u32 flags)
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

/* What was found from @first on is a buffer. */
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

/* Where a chain from @seg on has more descriptors than the ring, or no room. */
static __always_inline const struct vhx_seg *
walk_limit(const struct vhx_seg *seg, const struct vhx_seg *end, u16 num)
{
	/* Not as a pointer, which must not point so far beyond the array. */
	unsigned long limit = (unsigned long)seg + num * sizeof(*seg);

	return limit < (unsigned long)end ? (const struct vhx_seg *)limit : end;
}

/* One more segment. */
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
	/* A queue has mostly one kind: the branch is cheaper than none. */
	if (in) {
		c->nin = 1;
		c->in_len = len;
	} else {
		c->nout = 1;
		c->out_len = len;
	}
}

#endif /* _VHX_RING_WALK_H */
