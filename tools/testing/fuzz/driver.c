// SPDX-License-Identifier: GPL-2.0
/*
 * The driver's side: valid buffers, and any value anywhere in the ring.
 */
#include <stdio.h>

#include "world.h"

#define NEXT VRING_DESC_F_NEXT
#define WRITE VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT
#define AVAIL (1 << VRING_PACKED_DESC_F_AVAIL)
#define USED (1 << VRING_PACKED_DESC_F_USED)

/* Offsets in the available ring. */
#define IDX 2
#define RING 4

/* The shape of a buffer: bits of the second byte of a step. */
#define SHAPE_COUNT	7
#define SHAPE_TABLE	8
#define SHAPE_MIXED	16
#define SHAPE_WRITE	32
#define SHAPE_ODD	64

static const char *const names[] = { "desc", "driver", "device" };

static u32 choose_len(struct input *in)
{
	u8 choice = input8(in);

	switch (choice >> 6) {
	case 0:
		return choice;
	case 1:
		return (choice & 63) * 16;
	case 2:
		return choice << 6;
	}
	return choice & 1 ? U32_MAX - (choice >> 1 & 7) : input32(in);
}

static void write_desc(struct world *w, u32 i, u64 addr, u32 len, u16 flags,
		       u16 next)
{
	write64(w, DESC, i * 16, addr);
	write32(w, DESC, i * 16 + 8, len);
	write16(w, DESC, i * 16 + 12, w->c.packed ? next : flags);
	write16(w, DESC, i * 16 + 14, w->c.packed ? flags : next);
	note("    desc[%u] = { %#llx, %u, flags %#x, %s %u }\n", i,
	     (unsigned long long)addr, len, flags, w->c.packed ? "id" : "next",
	     next);
}

static void write_entry(struct world *w, u32 i, u64 addr, u32 len, u16 flags,
			u16 next)
{
	u8 *e = w->tables + i % (TABLES / 16) * 16;

	put32(e, (u32)addr);
	put32(e + 4, addr >> 32);
	put32(e + 8, len);
	put16(e + 12, w->c.packed ? next : flags);
	put16(e + 14, w->c.packed ? flags : next);
	note("    table[%u] = { %#llx, %u, flags %#x, next or id %u }\n", i,
	     (unsigned long long)addr, len, flags, next);
}

/*
 * Writes an indirect table of @n entries, which begins at @first. The entries
 * from @in on are device-writable.
 */
static void write_table(struct world *w, u32 first, u32 n, u32 in)
{
	u32 i;

	for (i = 0; i < n; i++)
		write_entry(w, first + i, 0x10000 * (i + 1),
			    choose_len(&w->in),
			    (i >= in ? WRITE : 0) | (i + 1 < n ? NEXT : 0),
			    i + 1);
}

/**
 * struct buffer - a valid buffer
 * @direct: number of descriptors in the ring, without the one of the table
 * @in: index of the first segment that is device-writable
 * @entries: number of entries of the indirect table, 0 if there is none
 * @table: where the table begins in guest memory, in entries
 * @id: buffer id on a packed ring
 * @simple: all lengths are @id instead of being chosen by the input
 */
struct buffer {
	u32 direct;
	u32 in;
	u32 entries;
	u32 table;
	u16 id;
	bool simple;
};

static u32 buffer_len(struct world *w, const struct buffer *b)
{
	return b->simple ? b->id : choose_len(&w->in);
}

static struct buffer choose_buffer(struct world *w, u8 shape)
{
	u32 count = 1 + (shape & SHAPE_COUNT);
	struct buffer b = { .direct = count, .id = 7 };
	u8 more = 0;

	if (shape & (SHAPE_ODD | SHAPE_TABLE))
		more = input8(&w->in);
	if (shape & SHAPE_ODD) {
		b.id = input16(&w->in);
		count *= 1 + (more >> 5);
		b.direct = count;
	}
	b.in = shape & SHAPE_WRITE ? more % (count + 1) : count;
	if (w->c.indirect && shape & SHAPE_TABLE) {
		b.direct = shape & SHAPE_MIXED && !w->c.packed ? count / 2 : 0;
		b.entries = count - b.direct;
		b.table = more;
		if (b.in < b.direct)
			b.in = b.direct;
		write_table(w, b.table, b.entries, b.in - b.direct);
	}
	return b;
}

static bool fits(const struct world *w, u32 entries)
{
	const struct model *m = &w->model;

	if (w->c.packed)
		return w->at - m->used + entries <= w->c.num;
	return (u16)(read16(w, DRIVER, IDX) - (u16)m->used) < w->c.num &&
	       entries <= w->c.num;
}

/* The flags of an available descriptor of a packed ring. */
static u16 flags_at(const struct world *w, u64 at)
{
	return at / w->c.num % 2 ? USED : AVAIL;
}

/* The first descriptor comes last, as its flags make the buffer available. */
static void add_packed(struct world *w, const struct buffer *b)
{
	u32 n = b->direct + !!b->entries, i;

	for (i = n; i-- > 0;) {
		u64 at = w->at + i;
		u16 flags = flags_at(w, at);

		if (b->entries)
			write_desc(w, at % w->c.num, 16 * b->table,
				   16 * b->entries, flags | INDIRECT, b->id);
		else
			write_desc(w, at % w->c.num, 0x1000 * (i + 1),
				   buffer_len(w, b),
				   flags | (i >= b->in ? WRITE : 0) |
				   (i + 1 < n ? NEXT : 0),
				   i + 1 < n ? 99 : b->id);
	}
	w->at += n;
}

static void offer(struct world *w, u16 head)
{
	u16 idx = read16(w, DRIVER, IDX);

	write16(w, DRIVER, RING + 2 * (size_t)(idx % w->c.num), head);
	write16(w, DRIVER, IDX, idx + 1);
	note("    avail[%u] = %u\n", idx, head);
}

static void add_split(struct world *w, const struct buffer *b)
{
	u32 n = b->direct + !!b->entries, i, num = w->c.num;
	u32 first = w->desc % num;

	for (i = 0; i < n; i++) {
		u32 at = (first + i) % num, next = (first + i + 1) % num;

		if (i == b->direct)
			write_desc(w, at, 16 * b->table, 16 * b->entries,
				   INDIRECT | (b->in == b->direct ? WRITE : 0),
				   0);
		else
			write_desc(w, at, 0x1000 * (i + 1),
				   buffer_len(w, b),
				   (i >= b->in ? WRITE : 0) |
				   (i + 1 < n ? NEXT : 0), next);
	}
	w->desc = first + n;
	offer(w, first);
}

/*
 * Adds @n buffers of a shape, or as many as the ring has room for. If @lying,
 * the driver adds all of them and so overwrites buffers in flight.
 */
static void add(struct world *w, unsigned int n, u8 shape, bool lying)
{
	while (n--) {
		struct buffer b = choose_buffer(w, shape);

		if (!lying && !fits(w, b.direct + !!b.entries))
			break;
		if (w->c.packed)
			add_packed(w, &b);
		else
			add_split(w, &b);
	}
}

/* Adds a buffer of one descriptor if there is room. */
void driver_simple(struct world *w, u16 id)
{
	struct buffer b = {
		.direct = 1, .in = id & 1, .id = id, .simple = true
	};

	if (!fits(w, 1))
		return;
	if (w->c.packed)
		add_packed(w, &b);
	else
		add_split(w, &b);
}

/*
 * Makes the driver go on from the device's position, with no buffer available
 * there.
 */
void driver_settle(struct world *w)
{
	if (w->c.packed) {
		w->at = w->model.next;
		write16(w, DESC, (w->at % w->c.num) * 16 + 14,
			flags_at(w, w->at + w->c.num));
	} else {
		write16(w, DRIVER, IDX, (u16)w->model.next);
	}
}

/*
 * The index of a descriptor: often near the driver's or the device's next one.
 */
static u32 choose_entry(struct world *w)
{
	u8 choice = input8(&w->in);
	u64 last = (w->c.packed ? w->at : w->desc) + 0x40000ULL * w->c.num - 1;

	if (choice < 64)
		return (last - choice % 8) % w->c.num;
	if (choice < 192)
		return choice % w->c.num;
	if (choice < 224)
		return (w->model.next + choice - 192) % w->c.num;
	return input16(&w->in) % w->c.num;
}

static u16 choose_value(struct world *w)
{
	u8 choice = input8(&w->in);

	if (choice < 64)
		return choice;
	if (choice < 96)
		return w->c.num;
	if (choice < 128)
		return w->c.num + choice - 112;
	if (choice < 192)
		return 1 << choice % 16;
	return input16(&w->in);
}

static u64 choose_addr(struct world *w)
{
	u8 choice = input8(&w->in);

	if (choice < 240)
		return choice * 16;
	if (choice < 248)
		return (1ULL << 32) - 16 * (choice - 240);
	if (choice < 252)
		return -16ULL * (choice - 248);
	return input64(&w->in);
}

static u16 choose_flags(struct world *w, u64 at)
{
	u8 choice = input8(&w->in);
	u16 flags = choice & 7;

	if (choice & 8)
		return flags | input16(&w->in);
	return w->c.packed ? flags | flags_at(w, at + (choice >> 4) * w->c.num) :
			     flags;
}

/* Overwrites a field of any descriptor of the ring. */
static void raw_desc(struct world *w)
{
	u32 i = choose_entry(w);
	u64 at = w->model.next - w->model.next % w->c.num + i;

	if (at < w->model.next)
		at += w->c.num;
	switch (input8(&w->in) % 4) {
	case 0:
		write64(w, DESC, i * 16, choose_addr(w));
		break;
	case 1:
		write32(w, DESC, i * 16 + 8, choose_len(&w->in));
		break;
	case 2:
		write16(w, DESC, i * 16 + (w->c.packed ? 14 : 12),
			choose_flags(w, at));
		break;
	case 3:
		write16(w, DESC, i * 16 + (w->c.packed ? 12 : 14),
			choose_value(w));
		break;
	}
	note("  raw desc[%u]: %#x %#x %#x %#x\n", i,
	     read16(w, DESC, i * 16), read16(w, DESC, i * 16 + 8),
	     read16(w, DESC, i * 16 + 12), read16(w, DESC, i * 16 + 14));
}

/* Overwrites an entry of the memory for indirect tables. */
static void raw_entry(struct world *w)
{
	u8 i = input8(&w->in), flags = input8(&w->in);
	u16 next = choose_value(w);
	u64 addr = choose_addr(w);
	u32 len = choose_len(&w->in);

	write_entry(w, i, addr, len,
		    flags & 8 ? input16(&w->in) : flags & 7, next);
}

/* The length of an indirect table: often near a limit. */
static u32 choose_table_len(struct input *in)
{
	static const u32 limits[] = {
		0, 8, 15, 16, 17, 32, 65535 * 16, 65536 * 16, 65537 * 16,
		65536 * 16 + 1, 65538 * 16, U32_MAX - 15, U32_MAX,
	};
	u8 choice = input8(in);

	if (choice < 128)
		return limits[choice % (sizeof(limits) / sizeof(*limits))];
	return choose_len(in);
}

/* Adds a buffer with an indirect table of any address, length and flags. */
static void raw_table(struct world *w)
{
	u64 at = w->at, addr = choose_addr(w);
	u32 i = w->c.packed ? at % w->c.num : w->desc++ % w->c.num;
	u32 len = choose_table_len(&w->in);
	u16 flags = INDIRECT;

	flags |= input8(&w->in) & (NEXT | WRITE);
	if (!fits(w, 1))
		return;
	if (w->c.packed) {
		write_desc(w, i, addr, len, flags | flags_at(w, at), 5);
		w->at++;
	} else {
		write_desc(w, i, addr, len, flags, 0);
		offer(w, i);
	}
}

static void raw_avail(struct world *w)
{
	u8 choice = input8(&w->in);
	u16 idx = read16(w, DRIVER, IDX);

	if (w->c.packed) {
		driver_settle(w);
		w->at += choice % 4 ? 0 : choice;
	} else if (choice < 32) {
		offer(w, choice);
	} else if (choice < 64) {
		offer(w, choose_value(w));
	} else if (choice < 192) {
		write16(w, DRIVER, IDX, idx + choice - 128);
	} else if (choice < 208) {
		write16(w, DRIVER, IDX, (u16)w->model.next + w->c.num +
			choice - 200);
	} else {
		write16(w, DRIVER, IDX, input16(&w->in));
	}
	note("  raw avail: was %u, is %u\n", idx, read16(w, DRIVER, IDX));
}

static u16 packed_event(const struct world *w, u64 at)
{
	return at % w->c.num | (at / w->c.num % 2 ? 0 : 0x8000);
}

/* Sets when the driver wants a call: often near the next used entry. */
static void set_event(struct world *w)
{
	u8 choice = input8(&w->in), flags = input8(&w->in);
	u64 used = w->model.used;

	if (w->c.packed) {
		write16(w, DRIVER, 0, choice == 255 ? input16(&w->in) :
			packed_event(w, used + choice % 64 - 32 +
				     (choice >> 6) * w->c.num));
		write16(w, DRIVER, 2, flags < 192 ? flags % 4 :
			flags < 224 ? 2 : input16(&w->in));
	} else {
		write16(w, DRIVER, RING + 2 * (size_t)w->c.num,
			choice == 255 ? input16(&w->in) : used + choice - 128);
		write16(w, DRIVER, 0, flags < 224 ? flags % 2 :
			input16(&w->in));
	}
	note("  event: %#x %#x\n", read16(w, DRIVER, 0),
	     read16(w, DRIVER, area_size(w, DRIVER) - 2));
}

/* Overwrites any two bytes of the ring. */
static void raw_anything(struct world *w)
{
	enum ring_area area = input8(&w->in) % AREAS;
	size_t at = input16(&w->in) * 2 % area_size(w, area);
	u16 value = input16(&w->in);

	write16(w, area, at, value);
	note("  raw %s+%zu = %#x\n", names[area], at, value);
}

/* Prepares a change of the ring while the device reads an indirect table. */
static void arm_change(struct world *w)
{
	struct change *c = &w->change;
	u8 choice = input8(&w->in);
	u32 i;

	c->armed = true;
	c->after = choice & 3;
	c->area = choice & 64 ? DRIVER : DESC;
	if (c->area == DESC) {
		i = choose_entry(w);
		c->at = i * 16 + (choice >> 2 & 7) * 2;
		c->value = choice & 128 ? choose_flags(w, i) :
					  choose_value(w);
	} else {
		c->at = input16(&w->in) * 2 % area_size(w, DRIVER);
		c->value = choose_value(w);
	}
	note("  prepare a change after %u reads\n", c->after);
}

/* One step of the driver. */
void driver_step(struct world *w, u8 op)
{
	u8 shape;

	switch (op % 16) {
	default:
		shape = input8(&w->in);
		add(w, 1 + (op >> 4) % 4, shape, op & 64);
		break;
	case 8:
		raw_desc(w);
		break;
	case 9:
		raw_entry(w);
		break;
	case 10:
		raw_table(w);
		break;
	case 11:
		raw_avail(w);
		break;
	case 12:
	case 13:
		set_event(w);
		break;
	case 14:
		raw_anything(w);
		break;
	case 15:
		arm_change(w);
		break;
	}
}
