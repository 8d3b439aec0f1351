/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring of either format, and its driver. Each area of the ring is an
 * allocation of exactly its size, so that the sanitizer detects an access
 * beyond it.
 */
#ifndef RIG_H
#define RIG_H

#include "virtqueue.h"

#define RIG_SEGS 1024
#define RIG_CHAINS 64
/* Bytes of guest memory for indirect tables. It begins at address 0. */
#define RIG_MEM 65536

#define NEXT VRING_DESC_F_NEXT
#define IN VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT
#define AVAIL (1 << VRING_PACKED_DESC_F_AVAIL)
#define USED (1 << VRING_PACKED_DESC_F_USED)

/* Features to negotiate. */
#define EVENT 1
#define TABLES 2
#define IN_ORDER 4
#define ON_EMPTY 8

/**
 * struct rig_desc - a descriptor
 * @addr: address
 * @len: bytes
 * @flags: NEXT, IN, INDIRECT
 * @next: index of the next descriptor, or the buffer id on a packed ring
 */
struct rig_desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

/**
 * struct rig - a ring and its driver
 * @rd: reads @mem
 * @ring: the ring under test
 * @c: configuration of @ring
 * @desc: descriptor area
 * @driver: driver area, in units of 16 bits
 * @device: device area, in units of 16 bits
 * @mem: guest memory
 * @reads: number of reads of @mem
 * @start: position where the ring began: the index on a split ring; on a packed
 *	ring a count of descriptors, of which each even turn has wrap counter 1
 * @at: position of the next buffer that the driver adds
 * @chains: chains of the last pop
 * @segs: segments of the last pop
 */
struct rig {
	struct vhx_ring_reader rd;
	struct vhx_ring ring;
	struct vhx_ring_config c;
	u8 *desc;
	u16 *driver;
	u16 *device;
	u8 *mem;
	unsigned int reads;
	u32 start;
	u32 at;
	struct vhx_chain *chains;
	struct vhx_seg *segs;
};

void rig_init(struct rig *rig, bool packed, u16 num, u32 base,
	      unsigned int features);
void rig_restart(struct rig *rig, u32 base);
void rig_free(struct rig *rig);

/* The driver's side. */
void rig_desc(struct rig *rig, void *table, u16 i, struct rig_desc d);
void rig_offer(struct rig *rig, u16 head);
void rig_add(struct rig *rig, u16 id, const struct rig_desc *chain,
	     unsigned int n);
void rig_add_one(struct rig *rig, u16 id, u32 len, u16 flags);
void rig_no_call(struct rig *rig);
void rig_call_at(struct rig *rig, unsigned int n);

/* What the device wrote to the ring. */
u16 rig_place(const struct rig *rig, unsigned int n);
bool rig_used_is(const struct rig *rig, unsigned int n, u16 id, u32 len);
bool rig_kick_is_off(const struct rig *rig);
u16 rig_kick_event(const struct rig *rig);

/* The device's side. */
int rig_pop(struct rig *rig, unsigned int n);
bool rig_push(struct rig *rig, unsigned int i, u32 len);

#endif /* RIG_H */
