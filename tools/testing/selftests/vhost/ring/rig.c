// SPDX-License-Identifier: GPL-2.0
/*
 * See rig.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

static void *get(size_t size)
{
	void *p = calloc(1, size);

	if (!p) {
		perror("calloc");
		exit(1);
	}
	return p;
}

static int rig_read(const struct vhx_ring_reader *rd, void *dst, u64 addr,
		    u32 len)
{
	struct rig *rig = (struct rig *)rd;

	rig->reads++;
	if (addr > RIG_MEM || len > RIG_MEM - addr)
		return -EFAULT;
	memcpy(dst, rig->mem + addr, len);
	return 0;
}

void rig_init(struct rig *rig, u16 num, u16 base)
{
	memset(rig, 0, sizeof(*rig));
	rig->rd.read = rig_read;
	rig->desc = get(vhx_split_desc_size(num));
	rig->avail = get(vhx_split_avail_size(num));
	rig->used = get(vhx_split_used_size(num));
	rig->mem = get(RIG_MEM);
	rig->chains = get(RIG_CHAINS * sizeof(*rig->chains));
	rig->segs = get(RIG_SEGS * sizeof(*rig->segs));
	rig->avail->idx = htole16(base);
	rig->used->idx = htole16(base);
	rig->ring.num = num;
	rig->ring.desc = rig->desc;
	rig->ring.avail = rig->avail;
	rig->ring.used = rig->used;
	vhx_split_init(&rig->ring, base);
}

void rig_free(struct rig *rig)
{
	free(rig->desc);
	free(rig->avail);
	free(rig->used);
	free(rig->mem);
	free(rig->chains);
	free(rig->segs);
}

void rig_desc(struct vring_desc *table, u16 i, u64 addr, u32 len, u16 flags,
	      u16 next)
{
	table[i].addr = htole64(addr);
	table[i].len = htole32(len);
	table[i].flags = htole16(flags);
	table[i].next = htole16(next);
}

void rig_offer(struct rig *rig, u16 head)
{
	u16 idx = le16toh(rig->avail->idx);

	rig->avail->ring[idx & (rig->ring.num - 1)] = htole16(head);
	rig->avail->idx = htole16(idx + 1);
}

int rig_pop(struct rig *rig, unsigned int n)
{
	return vhx_split_pop(&rig->ring, rig->chains, n, rig->segs, RIG_SEGS,
			     &rig->rd);
}

u16 *rig_used_event(struct rig *rig)
{
	return &rig->avail->ring[rig->ring.num];
}

u16 *rig_avail_event(struct rig *rig)
{
	return (u16 *)&rig->used->ring[rig->ring.num];
}
