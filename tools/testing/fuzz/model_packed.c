// SPDX-License-Identifier: GPL-2.0
/*
 * The packed format of the model (virtio 1.3, 2.8). Positions count
 * descriptors. The wrap counter is 1 in even turns of the ring. The device
 * begins in turn 2 or 3, so that positions before its first one are valid as
 * well.
 */
#include <errno.h>
#include <string.h>

#include "model.h"

/* Flags of a descriptor (2.8.13). */
#define NEXT 1
#define WRITE 2
#define INDIRECT 4
#define AVAIL (1 << 7)
#define USED (1 << 15)

/* Flags of event suppression (2.8.14). */
#define ENABLE 0
#define DISABLE 1
#define AT_DESC 2

struct desc {
	u64 addr;
	u32 len;
	u16 id;
	u16 flags;
};

static struct desc desc_of(const u8 *p)
{
	return (struct desc){
		get64(p), get32(p + 8), get16(p + 12), get16(p + 14)
	};
}

static u8 *place(const struct model *m, u64 at)
{
	return m->area[DESC] + 16 * (at % m->c.num);
}

static bool wrap_at(const struct model *m, u64 at)
{
	return at / m->c.num % 2 == 0;
}

static u16 off_wrap(const struct model *m, u64 at)
{
	return at % m->c.num | wrap_at(m, at) << 15;
}

static u64 at_of(const struct model *m, u16 pos)
{
	return (pos & 0x7fff) + (pos >> 15 ? 2 : 3) * (u64)m->c.num;
}

/* Available: AVAIL equals the wrap counter, USED is its inverse (2.8.1). */
static bool available(const struct model *m, u64 at)
{
	u16 flags = desc_of(place(m, at)).flags;

	return !!(flags & AVAIL) == wrap_at(m, at) &&
	       !!(flags & USED) != wrap_at(m, at);
}

static void packed_kick(struct model *m, bool on)
{
	u8 *device = m->area[DEVICE];

	put16(device, on && m->c.event_idx ? off_wrap(m, m->seen) : 0);
	if (!on)
		put16(device + 2, DISABLE);
	else
		put16(device + 2, m->c.event_idx ? AT_DESC : ENABLE);
}

static void packed_start(struct model *m)
{
	m->next = at_of(m, (u16)m->c.base);
	m->seen = m->next;
	m->used = m->next;
	packed_kick(m, true);
}

/* In a table only the flag WRITE counts, but INDIRECT is an error (2.8.7). */
static int walk_table(struct model *m, struct model_chain *c, u64 table,
		      u32 len)
{
	u32 entries = len / 16, i;
	u8 entry[16];
	int err;

	if (!len || len % 16 || entries > 65536)
		return -EINVAL;
	for (i = 0; i < entries; i++) {
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
	}
	return 0;
}

/*
 * A chain with an indirect table has no other descriptor (2.8.8). The buffer id
 * is that of the last descriptor of a chain (2.8.6).
 */
static int packed_pop(struct model *m, struct model_chain *c)
{
	struct desc d;
	u32 taken;
	int err;

	model_looks(DESC, 16 * (m->next % m->c.num), 16);
	if (!available(m, m->next))
		return 0;
	for (taken = 0;; taken++) {
		d = desc_of(place(m, m->next + taken));
		if (taken == m->c.num)
			return -ELOOP;
		if (model_full(c))
			return -E2BIG;
		if (taken)
			model_looks(DESC, 16 * ((m->next + taken) % m->c.num),
				    16);
		if (d.flags & INDIRECT) {
			if (taken || !m->c.indirect || d.flags & NEXT)
				return -EINVAL;
			err = walk_table(m, c, d.addr, d.len);
			if (err)
				return err;
			break;
		}
		err = model_add(c, d.addr, d.len, d.flags & WRITE);
		if (err)
			return err;
		if (!(d.flags & NEXT))
			break;
	}
	c->b->id = d.id;
	c->b->entries = taken + 1;
	return 1;
}

/*
 * In a used descriptor AVAIL and USED equal the wrap counter, and WRITE is set
 * if anything was written to the buffer (2.8.1 and 2.8.21).
 */
static void packed_write_used(struct model *m, u64 at, u16 id, u32 len)
{
	u8 *d = place(m, at);

	put32(d + 8, len);
	put16(d + 12, id);
	put16(d + 14, (wrap_at(m, at) ? AVAIL | USED : 0) | (len ? WRITE : 0));
}

/*
 * With an event index the driver wants a call once the device has used the
 * descriptor at this offset and wrap counter, or has gone past it (2.8.14). The
 * standard does not say what an offset beyond the ring means, or what happens
 * if more is in flight than the ring has descriptors: both answers are right.
 */
static int packed_need_call(struct model *m, u64 called, bool asked)
{
	u16 event = get16(m->area[DRIVER]), flags = get16(m->area[DRIVER] + 2);
	u64 at;

	if (flags == DISABLE)
		return 0;
	if (flags != AT_DESC || !m->c.event_idx)
		return 1;
	if (!asked)
		return 1;
	/* The device's position does not tell how many turns were used. */
	if (m->lied)
		return MODEL_EITHER;
	if (m->used - called > m->c.num)
		return 1;
	if ((event & 0x7fff) >= m->c.num)
		return MODEL_EITHER;
	for (at = called; at < m->used; at++)
		if (off_wrap(m, at) == event)
			return 1;
	return 0;
}

static bool packed_more(const struct model *m)
{
	return available(m, m->seen);
}

static u32 packed_base(const struct model *m)
{
	return off_wrap(m, m->next) | (u32)off_wrap(m, m->used) << 16;
}

const struct model_format model_packed = {
	.start = packed_start,
	.pop = packed_pop,
	.write_used = packed_write_used,
	.need_call = packed_need_call,
	.more = packed_more,
	.kick = packed_kick,
	.base = packed_base,
};
