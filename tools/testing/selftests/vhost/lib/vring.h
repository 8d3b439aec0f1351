/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the driver's sides of both ring formats have in common: the queue, the
 * buffers in flight, and the checks of used buffers. Users include vq.h.
 */
#ifndef VHXT_VRING_H
#define VHXT_VRING_H

#include <errno.h>
#include <linux/types.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>

#include "gmem.h"
#include "wait.h"

/**
 * struct vq_seg - one piece of a buffer
 * @gpa: guest-physical address
 * @len: bytes
 * @write: the device writes it
 */
struct vq_seg {
	__u64 gpa;
	__u32 len;
	bool write;
};

/**
 * struct vq_slot - room for a buffer in flight
 * @token: the caller's name for it
 * @room: bytes of it that the device may write
 * @ndesc: descriptors it takes in the ring, 0 when there is none
 * @last: split: its last descriptor; packed: the next free slot
 * @seq: how many buffers were added before it; free running
 */
struct vq_slot {
	__u32 token;
	__u32 room;
	__u16 ndesc;
	__u16 last;
	__u16 seq;
};

/**
 * struct vq_done - a used buffer
 * @token: as given to vq_add()
 * @len: bytes written by the device
 */
struct vq_done {
	__u32 token;
	__u32 len;
};

/**
 * struct vq - a virtqueue
 * @desc: descriptor table of a split ring, in guest memory
 * @ring: descriptor ring of a packed ring, in guest memory
 * @avail: driver area of a split ring
 * @driver: driver area of a packed ring
 * @used: device area of a split ring
 * @device: device area of a packed ring
 * @slot: the buffers; split: one for each descriptor that a chain starts at;
 *	packed: one for each buffer id; in order: for each position
 * @table: an indirect table for each slot, in guest memory
 * @ptable: the same on a packed ring
 * @table_gpa: its guest-physical address
 * @table_len: entries of each indirect table, 0 without INDIRECT_DESC
 * @num: entries; split: a power of two
 * @num_free: free descriptors
 * @free: the first free descriptor (split) or slot (packed); in order: the next
 *	position
 * @avail_idx: buffers added; free running
 * @used_idx: buffers taken back; free running
 * @avail_pos: packed: where the next descriptor goes
 * @avail_flags: packed: the flags that make a descriptor available in this lap
 * @used_pos: the position of the oldest buffer in flight; not used by split
 *	rings without IN_ORDER
 * @used_wrap: packed: the wrap counter at @used_pos
 * @held: packed: buffers were added and not published yet
 * @held_pos: the position of the first of them
 * @held_flags: the flags that make it available
 * @kicked: at the last decision about a kick: split: @avail_idx, packed: @added
 * @added: packed: descriptors added; free running
 * @batch: in order: buffers of the last used entry that are not taken yet
 * @batch_len: the length in that entry: of the last of them
 * @bad: the device wrote something invalid
 * @base: the base for SET_VRING_BASE
 * @packed: VIRTIO_F_RING_PACKED was negotiated
 * @event_idx: VIRTIO_RING_F_EVENT_IDX was negotiated
 * @in_order: VIRTIO_F_IN_ORDER was negotiated
 * @kick: eventfd to the device
 * @call: eventfd from the device
 * @err: eventfd from the device, for a broken queue
 * @nkicks: kicks sent
 * @log: SET_VRING_ADDR has the flag that logs writes to the ring
 * @mem: where the rings are
 */
struct vq {
	union {
		struct vring_desc *desc;
		struct vring_packed_desc *ring;
	};
	union {
		struct vring_avail *avail;
		struct vring_packed_desc_event *driver;
	};
	union {
		struct vring_used *used;
		struct vring_packed_desc_event *device;
	};
	struct vq_slot *slot;
	union {
		struct vring_desc *table;
		struct vring_packed_desc *ptable;
	};
	__u64 table_gpa;
	__u16 table_len;
	__u16 num;
	__u16 num_free;
	__u16 free;
	__u16 avail_idx;
	__u16 used_idx;
	__u16 avail_pos;
	__u16 avail_flags;
	__u16 used_pos;
	bool used_wrap;
	bool held;
	__u16 held_pos;
	__u16 held_flags;
	__u16 kicked;
	__u16 added;
	__u16 batch;
	__u32 batch_len;
	bool bad;
	__u32 base;
	bool packed;
	bool event_idx;
	bool in_order;
	int kick;
	int call;
	int err;
	__u64 nkicks;
	bool log;
	struct gmem *mem;
};

/* Buffers in flight: added and not taken back. */
static inline unsigned int vq_in_flight(const struct vq *vq)
{
	return (__u16)(vq->avail_idx - vq->used_idx);
}

/* Record a buffer in its slot. */
static inline void vring_hold(struct vq *vq, __u16 slot, __u16 ndesc,
			      __u16 last, __u32 room, __u32 token)
{
	vq->slot[slot] = (struct vq_slot){
		.token = token,
		.room = room,
		.ndesc = ndesc,
		.last = last,
		.seq = vq->avail_idx++,
	};
	vq->num_free -= ndesc;
}

/* Take back the buffer in @slot, to which @len bytes were written. */
static inline int vring_release(struct vq *vq, struct vq_slot *slot,
				__u32 len, struct vq_done *done)
{
	if (len > slot->room)
		return -EPROTO;

	done->token = slot->token;
	done->len = len;
	vq->num_free += slot->ndesc;
	slot->ndesc = 0;
	vq->used_idx++;
	return 1;
}

/*
 * In order: a used entry for @slot stands for all buffers from the oldest to
 * that one. Their number; 0 if there is no buffer in @slot.
 */
static inline unsigned int vring_run(const struct vq *vq, __u16 slot)
{
	const struct vq_slot *s = &vq->slot[slot];

	return s->ndesc ? (__u16)(s->seq - vq->used_idx) + 1U : 0;
}

/*
 * In order: take back the oldest. Buffers that a used entry skips were written
 * completely; the entry has the length of the last one.
 */
static inline int vring_release_oldest(struct vq *vq, struct vq_done *done)
{
	struct vq_slot *slot = &vq->slot[vq->used_pos];
	unsigned int next = vq->used_pos + slot->ndesc;

	vq->batch--;
	if (next >= vq->num) {
		next -= vq->num;
		vq->used_wrap = !vq->used_wrap;
	}
	vq->used_pos = (__u16)next;
	return vring_release(vq, slot, vq->batch ? slot->room : vq->batch_len,
			     done);
}

#endif /* VHXT_VRING_H */
