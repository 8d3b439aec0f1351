// SPDX-License-Identifier: GPL-2.0
/*
 * See rig.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

/* Offsets in the areas of a split ring, in units of 16 bits. */
#define FLAGS 0
#define IDX 1
#define RING 2

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

/* A packed ring begins in turn 2 or 3, as even turns have wrap counter 1. */
static u32 start_of(const struct vhx_ring_config *c)
{
	if (!c->packed)
		return c->base;
	return (c->base & VHX_PACKED_INDEX) +
	       (c->base & VHX_PACKED_WRAP ? 2 : 3) * c->num;
}

/* Starts driver and device at @base, with nothing in flight. */
void rig_restart(struct rig *rig, u32 base)
{
	struct vhx_ring_config *c = &rig->c;

	c->base = base;
	if (!c->packed) {
		rig->driver[IDX] = htole16(base);
		rig->device[IDX] = htole16(base);
	}
	rig->start = start_of(c);
	rig->at = rig->start;
	if (vhx_ring_init(&rig->ring, c)) {
		fprintf(stderr, "vhx_ring_init failed\n");
		exit(1);
	}
}

void rig_init(struct rig *rig, bool packed, u16 num, u32 base,
	      unsigned int features)
{
	memset(rig, 0, sizeof(*rig));
	rig->rd.read = rig_read;
	rig->desc = get(vhx_ring_desc_size(packed, num));
	rig->driver = get(vhx_ring_driver_size(packed, num));
	rig->device = get(vhx_ring_device_size(packed, num));
	rig->mem = get(RIG_MEM);
	rig->chains = get(RIG_CHAINS * sizeof(*rig->chains));
	rig->segs = get(RIG_SEGS * sizeof(*rig->segs));
	rig->c = (struct vhx_ring_config){
		.num = num,
		.packed = packed,
		.event_idx = features & EVENT,
		.indirect = features & TABLES,
		.notify_on_empty = features & ON_EMPTY,
		.desc = rig->desc,
		.driver = rig->driver,
		.device = rig->device,
	};
	if (features & IN_ORDER) {
		rig->c.ndesc = get(num * sizeof(*rig->c.ndesc));
		rig->c.held = get(num * sizeof(*rig->c.held));
	}
	rig_restart(rig, base);
}

void rig_free(struct rig *rig)
{
	free(rig->desc);
	free(rig->driver);
	free(rig->device);
	free(rig->mem);
	free(rig->chains);
	free(rig->segs);
	free(rig->c.ndesc);
	free(rig->c.held);
}

/* Writes a descriptor. The formats differ in the order of the last fields. */
void rig_desc(struct rig *rig, void *table, u16 i, struct rig_desc d)
{
	struct vring_desc *split = table;
	struct vring_packed_desc *packed = table;

	if (rig->c.packed)
		packed[i] = (struct vring_packed_desc){
			htole64(d.addr), htole32(d.len), htole16(d.next),
			htole16(d.flags)
		};
	else
		split[i] = (struct vring_desc){
			htole64(d.addr), htole32(d.len), htole16(d.flags),
			htole16(d.next)
		};
}

/* Makes a chain available on a split ring. */
void rig_offer(struct rig *rig, u16 head)
{
	u16 idx = le16toh(rig->driver[IDX]);

	rig->driver[RING + (idx & (rig->c.num - 1))] = htole16(head);
	rig->driver[IDX] = htole16(idx + 1);
}

static u16 avail_flags(const struct rig *rig, u32 at)
{
	return at / rig->c.num % 2 ? USED : AVAIL;
}

/*
 * Adds a buffer. On a split ring @id is the index of its first descriptor. On a
 * packed ring it is the id in the last descriptor; the others have a wrong one.
 */
void rig_add(struct rig *rig, u16 id, const struct rig_desc *chain,
	     unsigned int n)
{
	const u16 num = rig->c.num;
	unsigned int i;

	for (i = n; i-- > 0;) {
		struct rig_desc d = chain[i];
		u32 at = rig->c.packed ? rig->at + i : id + i;

		d.flags |= i + 1 < n ? NEXT : 0;
		d.next = (at + 1) % num;
		if (rig->c.packed) {
			d.next = i + 1 < n ? id + 1 : id;
			d.flags |= avail_flags(rig, at);
		}
		rig_desc(rig, rig->desc, at % num, d);
	}
	rig->at += rig->c.packed ? n : 1;
	if (!rig->c.packed)
		rig_offer(rig, id);
}

void rig_add_one(struct rig *rig, u16 id, u32 len, u16 flags)
{
	const struct rig_desc d = { 0x1000 * (id + 1), len, flags, 0 };

	rig_add(rig, id, &d, 1);
}

/* Disables calls. */
void rig_no_call(struct rig *rig)
{
	if (rig->c.packed)
		rig->driver[1] = htole16(VRING_PACKED_EVENT_FLAG_DISABLE);
	else
		rig->driver[FLAGS] = htole16(VRING_AVAIL_F_NO_INTERRUPT);
}

/* The entry @n after the first, as an index or with a wrap counter. */
u16 rig_place(const struct rig *rig, unsigned int n)
{
	u32 at = rig->start + n, num = rig->c.num;

	if (!rig->c.packed)
		return at;
	return at % num | (at / num % 2 ? 0 : VHX_PACKED_WRAP);
}

/* Asks for a call when the entry @n after the first is used. */
void rig_call_at(struct rig *rig, unsigned int n)
{
	if (rig->c.packed) {
		rig->driver[0] = htole16(rig_place(rig, n));
		rig->driver[1] = htole16(VRING_PACKED_EVENT_FLAG_DESC);
	} else {
		rig->driver[RING + rig->c.num] = htole16(rig_place(rig, n));
	}
}

static bool split_used_is(const struct rig *rig, u16 at, u16 id, u32 len)
{
	const struct vring_used *used = (const void *)rig->device;
	vring_used_elem_t e = used->ring[at & (rig->c.num - 1)];

	return (u16)(le16toh(used->idx) - at - 1) < rig->c.num &&
	       le32toh(e.id) == id && le32toh(e.len) == len;
}

static bool packed_used_is(const struct rig *rig, u16 place, u16 id, u32 len)
{
	const struct vring_packed_desc *desc = (const void *)rig->desc;
	struct vring_packed_desc d = desc[place & VHX_PACKED_INDEX];
	u16 flags = place & VHX_PACKED_WRAP ? AVAIL | USED : 0;

	return le16toh(d.flags) == (flags | (len ? IN : 0)) &&
	       le16toh(d.id) == id && le32toh(d.len) == len;
}

/* Is the entry @n after the first used, with this buffer id and length? */
bool rig_used_is(const struct rig *rig, unsigned int n, u16 id, u32 len)
{
	u16 place = rig_place(rig, n);

	return rig->c.packed ? packed_used_is(rig, place, id, len) :
			       split_used_is(rig, place, id, len);
}

bool rig_kick_is_off(const struct rig *rig)
{
	if (rig->c.packed)
		return le16toh(rig->device[1]) ==
		       VRING_PACKED_EVENT_FLAG_DISABLE;
	return le16toh(rig->device[FLAGS]) == VRING_USED_F_NO_NOTIFY;
}

/* The entry for which the device wants a kick, in the form of rig_place(). */
u16 rig_kick_event(const struct rig *rig)
{
	return le16toh(rig->device[rig->c.packed ? 0 : RING + 4 * rig->c.num]);
}

int rig_pop(struct rig *rig, unsigned int n)
{
	return vhx_ring_pop(&rig->ring, rig->chains, n, rig->segs, RIG_SEGS,
			    &rig->rd);
}

/* Completes buffer @i of the last pop, with @len bytes written. */
bool rig_push(struct rig *rig, unsigned int i, u32 len)
{
	const struct vhx_used used = { rig->chains[i].id, len };

	return vhx_ring_push(&rig->ring, &used, 1);
}
