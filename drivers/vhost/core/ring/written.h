/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a virtqueue's functions have written, for the dirty log.
 */
#ifndef _VHX_RING_WRITTEN_H
#define _VHX_RING_WRITTEN_H

#include "virtqueue.h"

#define VHX_RING_PAGE_SHIFT 12

/**
 * enum vhx_ring_area - the areas that the device writes to
 * @VHX_RING_DEVICE: the device area
 * @VHX_RING_DESC: the descriptors of a packed ring
 */
enum vhx_ring_area {
	VHX_RING_DEVICE,
	VHX_RING_DESC,
};

/**
 * typedef vhx_ring_written_fn - is told of a write
 * @arg: the caller's
 * @area: area
 * @off: offset in it, in bytes
 * @len: bytes
 */
typedef void vhx_ring_written_fn(void *arg, enum vhx_ring_area area, u32 off,
				 u32 len);

/**
 * vhx_ring_used_pos - where the next completion will be written
 * @r: ring
 *
 * On the push side.
 */
static inline u16 vhx_ring_used_pos(const struct vhx_ring *r)
{
	return r->packed ? r->p.used : r->s.used_idx;
}

/**
 * vhx_ring_init_written - tell what vhx_ring_init() wrote
 * @r: ring
 * @fn: told of each write
 * @arg: for @fn
 */
static inline void vhx_ring_init_written(const struct vhx_ring *r,
					 vhx_ring_written_fn *fn, void *arg)
{
	if (r->packed)
		fn(arg, VHX_RING_DEVICE, 0, sizeof(*r->p.device));
	else
		fn(arg, VHX_RING_DEVICE, offsetof(struct vring_used, flags),
		   sizeof(__le16));
}

/**
 * vhx_ring_event_written - tell what was written to enable or disable kicks
 * @r: ring
 * @enabled: by vhx_ring_kick_enable(), not vhx_ring_kick_disable()
 * @fn: told of each write
 * @arg: for @fn
 */
static inline void vhx_ring_event_written(const struct vhx_ring *r,
					  bool enabled, vhx_ring_written_fn *fn,
					  void *arg)
{
	if (r->packed || !r->s.event_idx)
		vhx_ring_init_written(r, fn, arg);
	else if (enabled)
		fn(arg, VHX_RING_DEVICE,
		   offsetof(struct vring_used, ring[r->s.num]), sizeof(__le16));
}

static inline void split_push_written(const struct vhx_split *r, u16 from,
				      vhx_ring_written_fn *fn, void *arg)
{
	const unsigned int mask = r->num - 1, size = sizeof(r->used->ring[0]);
	unsigned int first = from & mask, n = (u16)(r->used_idx - from);
	unsigned int before_end = min_t(unsigned int, n, r->num - first);

	fn(arg, VHX_RING_DEVICE, offsetof(struct vring_used, ring[first]),
	   before_end * size);
	if (n > before_end)
		fn(arg, VHX_RING_DEVICE, offsetof(struct vring_used, ring),
		   min_t(unsigned int, n - before_end, r->num) * size);
	fn(arg, VHX_RING_DEVICE, offsetof(struct vring_used, idx),
	   sizeof(__le16));
}

/* A used descriptor is written at the first of each buffer. */
static inline void packed_push_written(const struct vhx_packed *r, u16 from,
				       const struct vhx_used *used,
				       unsigned int n, vhx_ring_written_fn *fn,
				       void *arg)
{
	unsigned int index = from & VHX_PACKED_INDEX, took = 0, i;
	int total = (r->used & VHX_PACKED_INDEX) - index;

	if (total < 0 || (!total && r->used != from))
		total += r->num;
	for (i = 0; took < total; i++) {
		unsigned int ndesc = 1;

		if (r->held)
			ndesc = READ_ONCE(r->ndesc[index]);
		else if (i < n)
			ndesc = used[i].id >> VHX_ID_SHIFT;
		fn(arg, VHX_RING_DESC,
		   index * sizeof(*r->desc) + offsetof(typeof(*r->desc), len),
		   sizeof(u64));
		/* The driver may make a place available again meanwhile. */
		ndesc = clamp_t(unsigned int, ndesc, 1, r->num);
		took += ndesc;
		index += ndesc;
		if (index >= r->num)
			index -= r->num;
	}
}

/**
 * vhx_ring_push_written - tell what was written by vhx_ring_push()
 * @r: ring
 * @from: vhx_ring_used_pos() before it
 * @used: as was given to it
 * @n: likewise
 * @fn: told of each write
 * @arg: for @fn
 */
static inline void vhx_ring_push_written(const struct vhx_ring *r, u16 from,
					 const struct vhx_used *used,
					 unsigned int n,
					 vhx_ring_written_fn *fn, void *arg)
{
	if (vhx_ring_used_pos(r) == from)
		return;
	if (r->packed)
		packed_push_written(&r->p, from, used, n, fn, arg);
	else
		split_push_written(&r->s, from, fn, arg);
}

#endif /* _VHX_RING_WRITTEN_H */
