/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtqueue of either format, device side. One branch for a batch chooses the
 * format; no other code knows which it is.
 */
#ifndef _VHX_RING_VIRTQUEUE_H
#define _VHX_RING_VIRTQUEUE_H

#include "packed.h"
#include "split.h"

/**
 * struct vhx_ring - a virtqueue
 * @packed: its format
 * @p: the packed one's state
 * @s: the split one's state
 *
 * What the driver writes is read from the areas, never from here. The pop side
 * belongs to one thread, the push side to another, and neither writes a cache
 * line of the other.
 */
struct vhx_ring {
	bool packed;
	union {
		struct vhx_packed p;
		struct vhx_split s;
	};
};

/**
 * struct vhx_ring_config - what a virtqueue is made of
 * @num: entries: 1 to 32768, a power of two for the split format
 * @packed: VIRTIO_F_RING_PACKED was negotiated
 * @event_idx: VIRTIO_RING_F_EVENT_IDX was negotiated
 * @indirect: VIRTIO_RING_F_INDIRECT_DESC was negotiated
 * @notify_on_empty: VIRTIO_F_NOTIFY_ON_EMPTY was negotiated; means nothing to
 *	the packed format
 * @base: where to begin, as in VHOST_SET_VRING_BASE: the available index; or
 *	the next available descriptor with the wrap counter in bit 15, and 16
 *	bits higher the next used one, which is the same as nothing is in
 *	flight. 0 there means the same, too: DPDK's virtio-user sets that.
 * @desc: descriptor area, mapped, vhx_ring_desc_size() bytes, aligned to 16
 * @driver: driver area, mapped, vhx_ring_driver_size() bytes, aligned to 2, or
 *	to 4 for the packed format
 * @device: device area, mapped, vhx_ring_device_size() bytes, aligned to 4
 * @ndesc: room for @num if the ring is packed and VIRTIO_F_IN_ORDER was
 *	negotiated, or NULL
 * @held: room for @num, zeroed, if VIRTIO_F_IN_ORDER was negotiated, or NULL
 */
struct vhx_ring_config {
	u16 num;
	bool packed;
	bool event_idx;
	bool indirect;
	bool notify_on_empty;
	u32 base;
	void *desc;
	void *driver;
	void *device;
	u16 *ndesc;
	struct vhx_held *held;
};

/* A fresh queue's base. */
static inline u32 vhx_ring_fresh_base(bool packed)
{
	return packed ? VHX_PACKED_WRAP | (u32)VHX_PACKED_WRAP << 16 : 0;
}

/* Bytes of each area for a queue of @num entries, event indices included. */
static inline size_t vhx_ring_desc_size(bool packed, unsigned int num)
{
	return packed ? num * sizeof(struct vring_packed_desc) :
			vhx_split_desc_size(num);
}

static inline size_t vhx_ring_driver_size(bool packed, unsigned int num)
{
	return packed ? sizeof(struct vring_packed_desc_event) :
			vhx_split_avail_size(num);
}

static inline size_t vhx_ring_device_size(bool packed, unsigned int num)
{
	return packed ? sizeof(struct vring_packed_desc_event) :
			vhx_split_used_size(num);
}

int vhx_ring_init(struct vhx_ring *r, const struct vhx_ring_config *c);

/**
 * vhx_ring_base - where the queue would go on
 * @r: ring
 *
 * Return: as &struct vhx_ring_config.base; exact when nothing is in flight.
 */
static inline u32 vhx_ring_base(const struct vhx_ring *r)
{
	return r->packed ? READ_ONCE(r->p.avail) |
			   (u32)READ_ONCE(r->p.used) << 16 :
			   READ_ONCE(r->s.last_avail);
}

/**
 * vhx_ring_pop - pop a batch of buffers
 * @r: ring
 * @chains: filled, one for each buffer
 * @n: room in @chains
 * @segs: filled; each chain's segments follow those of the chain before
 * @nsegs: room in @segs, at most 65,535
 * @rd: reads indirect tables
 *
 * A chain that finds no room behind others is left for the next batch.
 *
 * Return: the number of chains, 0 if there is none, or a negative errno if the
 * next chain, or the ring itself, is invalid: -EINVAL (an index, a flag or a
 * length is wrong), -ELOOP (a chain longer than the ring), -E2BIG (more than
 * @nsegs segments) or what @rd answered, whichever is met first: for each
 * descriptor whether there is room for it, then its flags, then its next or its
 * table; the sum of the lengths at the end. Chains before an invalid one are
 * returned first.
 */
static inline int vhx_ring_pop(struct vhx_ring *r, struct vhx_chain *chains,
			       unsigned int n, struct vhx_seg *segs,
			       unsigned int nsegs,
			       const struct vhx_ring_reader *rd)
{
	return r->packed ? vhx_packed_pop(&r->p, chains, n, segs, nsegs, rd) :
			   vhx_split_pop(&r->s, chains, n, segs, nsegs, rd);
}

/**
 * vhx_ring_unpop - give back the buffers that were popped last
 * @r: ring
 * @pos: &struct vhx_chain.pos of the first of them, none of which is completed
 */
static inline void vhx_ring_unpop(struct vhx_ring *r, u16 pos)
{
	if (r->packed)
		vhx_packed_unpop(&r->p, pos);
	else
		vhx_split_unpop(&r->s, pos);
}

/**
 * vhx_ring_more - is there a buffer that was not popped before?
 * @r: ring
 */
static inline bool vhx_ring_more(const struct vhx_ring *r)
{
	return r->packed ? vhx_packed_more(&r->p) : vhx_split_more(&r->s);
}

/**
 * vhx_ring_kick_disable - tell the driver that it need not kick
 * @r: ring
 */
static inline void vhx_ring_kick_disable(struct vhx_ring *r)
{
	if (r->packed)
		vhx_packed_kick_disable(&r->p);
	else
		vhx_split_kick_disable(&r->s);
}

/**
 * vhx_ring_kick_enable - ask the driver to kick for a buffer not yet seen
 * @r: ring
 *
 * Buffers that were popped and given back, as they did not suffice, need no
 * kick and are not reported again.
 *
 * Return: true if there is a buffer for which the driver may not have kicked.
 */
static inline bool vhx_ring_kick_enable(struct vhx_ring *r)
{
	return r->packed ? vhx_packed_kick_enable(&r->p) :
			   vhx_split_kick_enable(&r->s);
}

/**
 * vhx_ring_push - push a batch of completions
 * @r: ring
 * @used: completions
 * @n: how many; 0 to go on while vhx_ring_waits()
 *
 * With VIRTIO_F_IN_ORDER a completion waits for those of the buffers before it.
 * Of completions that waited, VHX_RING_PIECE are shown at most.
 *
 * Return: whether the driver was shown any.
 */
static inline bool vhx_ring_push(struct vhx_ring *r,
				 const struct vhx_used *used, unsigned int n)
{
	return r->packed ? vhx_packed_push(&r->p, used, n) :
			   vhx_split_push(&r->s, used, n);
}

/**
 * vhx_ring_waits - is there a completion left whose turn has come?
 * @r: ring
 *
 * Then vhx_ring_push() is to be called once more.
 */
static inline bool vhx_ring_waits(const struct vhx_ring *r)
{
	return r->packed ? vhx_packed_waits(&r->p) : vhx_split_waits(&r->s);
}

/**
 * vhx_ring_need_call - must the driver be told of what was pushed?
 * @r: ring
 *
 * For all that was pushed since the last time it was asked.
 */
static inline bool vhx_ring_need_call(struct vhx_ring *r)
{
	return r->packed ? vhx_packed_need_call(&r->p) :
			   vhx_split_need_call(&r->s);
}

#endif /* _VHX_RING_VIRTQUEUE_H */
