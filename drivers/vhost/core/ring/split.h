/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The split virtqueue, device side (virtio 1.3, section 2.7). Others use it
 * through virtqueue.h.
 */
#ifndef _VHX_RING_SPLIT_H
#define _VHX_RING_SPLIT_H

#include "ring.h"

/**
 * struct vhx_split - device side of one split virtqueue
 * @num: entries, a power of two, 1 to 32768
 * @event_idx: VIRTIO_RING_F_EVENT_IDX was negotiated
 * @indirect: VIRTIO_RING_F_INDIRECT_DESC was negotiated
 * @notify_on_empty: VIRTIO_F_NOTIFY_ON_EMPTY was negotiated
 * @desc: descriptor table, @num entries, mapped
 * @avail: driver area, mapped
 * @used: device area, mapped
 * @held: with VIRTIO_F_IN_ORDER the completions that wait, by the buffer's
 *	place in the available ring; or NULL
 * @avail_idx: the driver's index as last read
 * @last_avail: the next available entry to pop; the base index of the queue
 * @used_idx: the next used entry to write
 * @signalled: @used_idx when the driver was last considered for a call
 * @signalled_valid: @signalled means something
 * @next: in order: the available index of the buffer to complete next
 *
 * The pop side (vhx_split_pop() to vhx_split_kick_enable()) belongs to one
 * thread at a time, the push side (vhx_split_push(), vhx_split_need_call()) to
 * another: what either writes is on cache lines of its own.
 *
 * &struct vhx_chain.id is the head of the chain and, from VHX_ID_SHIFT on, the
 * available index.
 */
struct vhx_split {
	u16 num;
	bool event_idx;
	bool indirect;
	bool notify_on_empty;
	const struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct vhx_held *held;

	/* pop side */
	u16 avail_idx ____cacheline_aligned_in_smp;
	u16 last_avail;

	/* push side */
	u16 used_idx ____cacheline_aligned_in_smp;
	u16 signalled;
	bool signalled_valid;
	u16 next;
};

/* Bytes of each area for a queue of @num entries, event indices included. */
static inline size_t vhx_split_desc_size(unsigned int num)
{
	return num * sizeof(struct vring_desc);
}

static inline size_t vhx_split_avail_size(unsigned int num)
{
	return sizeof(__le16) * (3 + num);
}

static inline size_t vhx_split_used_size(unsigned int num)
{
	return sizeof(__le16) * 3 + sizeof(struct vring_used_elem) * num;
}

void vhx_split_init(struct vhx_split *r, u16 base);
int vhx_split_pop(struct vhx_split *r, struct vhx_chain *chains, unsigned int n,
		  struct vhx_seg *segs, unsigned int nsegs,
		  const struct vhx_ring_reader *rd);
void vhx_split_unpop(struct vhx_split *r, u16 pos);
bool vhx_split_more(const struct vhx_split *r);
void vhx_split_kick_disable(struct vhx_split *r);
bool vhx_split_kick_enable(struct vhx_split *r);
bool vhx_split_push(struct vhx_split *r, const struct vhx_used *used,
		    unsigned int n);
bool vhx_split_waits(const struct vhx_split *r);
bool vhx_split_need_call(struct vhx_split *r);

#endif /* _VHX_RING_SPLIT_H */
