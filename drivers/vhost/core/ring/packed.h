/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The packed virtqueue, device side (virtio 1.3, section 2.8). Others use it
 * through virtqueue.h.
 */
#ifndef _VHX_RING_PACKED_H
#define _VHX_RING_PACKED_H

#include "ring.h"

/* A place in the ring: an index, and above it the wrap counter. */
#define VHX_PACKED_WRAP		BIT(VRING_PACKED_EVENT_F_WRAP_CTR)
#define VHX_PACKED_INDEX	(VHX_PACKED_WRAP - 1)

/**
 * struct vhx_packed - device side of one packed virtqueue
 * @num: entries, 1 to 32768
 * @event_idx: VIRTIO_RING_F_EVENT_IDX was negotiated
 * @indirect: VIRTIO_RING_F_INDIRECT_DESC was negotiated
 * @desc: descriptor ring, @num entries, mapped
 * @driver: event suppression by the driver, mapped
 * @device: and by the device, mapped
 * @ndesc: with VIRTIO_F_IN_ORDER the number of descriptors of each buffer in
 *	flight, by the index of its first one; or NULL
 * @held: likewise, the completions that wait
 * @avail: the next descriptor to pop, with VHX_PACKED_WRAP
 * @seen: descriptors behind @avail that were popped once and given back
 * @used: where the next used descriptor is written, with VHX_PACKED_WRAP
 * @uncalled: entries used since the driver was last considered for a call, no
 *	more than @num + 1
 *
 * The pop side (vhx_packed_pop() to vhx_packed_kick_enable()) belongs to one
 * thread at a time, the push side (vhx_packed_push(), vhx_packed_need_call())
 * to another: what either writes is on cache lines of its own.
 *
 * &struct vhx_chain.id is the buffer id and, from VHX_ID_SHIFT on, the number
 * of descriptors, or with VIRTIO_F_IN_ORDER the index of the first one.
 */
struct vhx_packed {
	u16 num;
	bool event_idx;
	bool indirect;
	struct vring_packed_desc *desc;
	const struct vring_packed_desc_event *driver;
	struct vring_packed_desc_event *device;
	u16 *ndesc;
	struct vhx_held *held;

	/* pop side */
	u16 avail ____cacheline_aligned_in_smp;
	u16 seen;

	/* push side */
	u16 used ____cacheline_aligned_in_smp;
	u32 uncalled;
};

void vhx_packed_init(struct vhx_packed *r, u16 pos);
int vhx_packed_pop(struct vhx_packed *r, struct vhx_chain *chains,
		   unsigned int n, struct vhx_seg *segs, unsigned int nsegs,
		   const struct vhx_ring_reader *rd);
void vhx_packed_unpop(struct vhx_packed *r, u16 pos);
bool vhx_packed_more(const struct vhx_packed *r);
void vhx_packed_kick_disable(struct vhx_packed *r);
bool vhx_packed_kick_enable(struct vhx_packed *r);
bool vhx_packed_push(struct vhx_packed *r, const struct vhx_used *used,
		     unsigned int n);
bool vhx_packed_waits(const struct vhx_packed *r);
bool vhx_packed_need_call(struct vhx_packed *r);

#endif /* _VHX_RING_PACKED_H */
