/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A split ring in allocations of its own, each as long as it must be and no
 * longer, so that the sanitizer sees a step out of it; and the driver's side.
 */
#ifndef RIG_H
#define RIG_H

#include "split.h"

#define RIG_SEGS 1024
#define RIG_CHAINS 64
/* Guest memory for indirect tables: an address is an offset in it. */
#define RIG_MEM 65536

struct rig {
	struct vhx_ring_reader rd;
	struct vhx_split ring;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	u8 *mem;
	unsigned int reads;
	struct vhx_chain *chains;
	struct vhx_seg *segs;
};

void rig_init(struct rig *rig, u16 num, u16 base);
void rig_free(struct rig *rig);
void rig_desc(struct vring_desc *table, u16 i, u64 addr, u32 len, u16 flags,
	      u16 next);
void rig_offer(struct rig *rig, u16 head);
int rig_pop(struct rig *rig, unsigned int n);
u16 *rig_used_event(struct rig *rig);
u16 *rig_avail_event(struct rig *rig);

#endif /* RIG_H */
