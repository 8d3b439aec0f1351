// SPDX-License-Identifier: GPL-2.0
/*
 * The split format of the model (virtio 1.3, 2.7). Positions count entries of
 * the available ring and of the used ring.
 */
#include <errno.h>
#include <string.h>

#include "model.h"

/* Flags of a descriptor (2.7.5). */
#define NEXT 1
#define WRITE 2
#define INDIRECT 4

/* Both rings begin with flags and an index (2.7.6 and 2.7.8). */
#define FLAGS 0
#define IDX 2
#define RING 4
#define NO_INTERRUPT 1
#define NO_NOTIFY 1

struct desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

static struct desc desc_of(const u8 *p)
{
	return (struct desc){
		get64(p), get32(p + 8), get16(p + 12), get16(p + 14)
	};
}

static u16 avail_idx(const struct model *m)
{
	return get16(m->area[DRIVER] + IDX);
}

static void split_start(struct model *m)
{
	m->next = m->c.base;
	m->seen = m->next;
	m->used = get16(m->area[DEVICE] + IDX);
	put16(m->area[DEVICE] + FLAGS, 0);
}

static int split_known(struct model *m)
{
	u16 n;

	if (m->seen != m->next)
		return 0;
	model_looks(DRIVER, IDX, 2);
	n = avail_idx(m) - (u16)m->next;
	if (n > m->c.num)
		return -EINVAL;
	m->seen = m->next + n;
	return 0;
}

/* An indirect table chains within itself and contains no other (2.7.5.3). */
static int walk_table(struct model *m, struct model_chain *c, u64 table,
		      u32 len)
{
	u32 entries = len / 16, seen, i = 0;
	u8 entry[16];
	int err;

	if (!len || len % 16 || entries > 65536)
		return -EINVAL;
	for (seen = 0; seen < entries; seen++) {
		struct desc d;

		err = model_entry(m, table, entries, i, entry);
		if (err)
			return err;
		d = desc_of(entry);
		if (model_full(c))
			return -E2BIG;
		if (d.flags & INDIRECT)
			return -EINVAL;
		err = model_add(c, d.addr, d.len, d.flags & WRITE);
		if (err)
			return err;
		if (!(d.flags & NEXT))
			return 0;
		if (d.next >= entries)
			return -EINVAL;
		i = d.next;
	}
	return -ELOOP;
}

static int walk(struct model *m, struct model_chain *c, u16 i)
{
	u32 taken;
	int err;

	for (taken = 0;; taken++) {
		struct desc d = desc_of(m->area[DESC] + 16 * (size_t)i);

		model_looks(DESC, 16 * (size_t)i, 16);
		if (taken == m->c.num)
			return -ELOOP;
		if (model_full(c))
			return -E2BIG;
		if (d.flags & INDIRECT) {
			if (!m->c.indirect || d.flags & NEXT)
				return -EINVAL;
			return walk_table(m, c, d.addr, d.len);
		}
		err = model_add(c, d.addr, d.len, d.flags & WRITE);
		if (err)
			return err;
		if (!(d.flags & NEXT))
			return 0;
		if (d.next >= m->c.num)
			return -EINVAL;
		i = d.next;
	}
}

static int split_pop(struct model *m, struct model_chain *c)
{
	size_t at;
	u16 head;
	int err;

	if (m->next == m->seen)
		return 0;
	at = RING + 2 * (m->next % m->c.num);
	model_looks(DRIVER, at, 2);
	head = get16(m->area[DRIVER] + at);
	if (head >= m->c.num)
		return -EINVAL;
	c->b->id = head;
	c->b->entries = 1;
	err = walk(m, c, head);
	return err ? err : 1;
}

static void split_write_used(struct model *m, u64 at, u16 id, u32 len)
{
	u8 *e = m->area[DEVICE] + RING + 8 * (at % m->c.num);

	put32(e, id);
	put32(e + 4, len);
}

static void split_show_used(struct model *m)
{
	put16(m->area[DEVICE] + IDX, (u16)m->used);
}

/* See 2.7.7 and 2.7.10. VIRTIO_F_NOTIFY_ON_EMPTY (6.3) overrides both. */
static int split_need_call(struct model *m, u64 called, bool asked)
{
	u64 passed = m->used - called;
	u16 event;

	if (m->c.notify_on_empty && avail_idx(m) == (u16)m->used)
		return 1;
	if (!m->c.event_idx)
		return !(get16(m->area[DRIVER] + FLAGS) & NO_INTERRUPT);
	if (!asked || passed > 65535)
		return 1;
	event = get16(m->area[DRIVER] + RING + 2 * (size_t)m->c.num);
	return (u16)(event - (u16)called) < passed;
}

static bool split_more(const struct model *m)
{
	return avail_idx(m) != (u16)m->seen;
}

static void split_kick(struct model *m, bool on)
{
	u8 *device = m->area[DEVICE];

	if (!m->c.event_idx)
		put16(device + FLAGS, on ? 0 : NO_NOTIFY);
	else if (on)
		put16(device + RING + 8 * (size_t)m->c.num, (u16)m->seen);
}

static u32 split_base(const struct model *m)
{
	return (u16)m->next;
}

const struct model_format model_split = {
	.start = split_start,
	.known = split_known,
	.pop = split_pop,
	.write_used = split_write_used,
	.show_used = split_show_used,
	.need_call = split_need_call,
	.more = split_more,
	.kick = split_kick,
	.base = split_base,
};
