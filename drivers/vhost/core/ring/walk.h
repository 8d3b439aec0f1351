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
 * Device-readable descriptors come first (2.7.4.2 and 2.8.17); empty ones too,
 * though they mean nothing.
 */
static __always_inline int walk_add(struct walk *w, u64 addr, u32 len, bool in)
{
	if (unlikely(!in && w->in))
		return -EINVAL;
	if (unlikely(w->seg == w->limit))
		return -E2BIG;
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

/* A buffer of one descriptor. */
static __always_inline void walk_single(struct vhx_chain *c,
					struct vhx_seg *seg, u64 addr, u32 len,
					bool in)
{
	c->nout = !in;
	c->nin = in;
	c->out_len = in ? 0 : len;
	c->in_len = in ? len : 0;
	seg->addr = addr;
	seg->len = len;
}

#endif /* _VHX_RING_WALK_H */
