// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of the ring, for the engine and for the model, the guest's other
 * memory, and how the input determines a configuration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static const char *const names[] = { "desc", "driver", "device" };

void *get(size_t size)
{
	void *p;

	if (posix_memalign(&p, 16, size))
		abort();
	memset(p, 0, size);
	return p;
}

size_t area_size(const struct world *w, enum ring_area area)
{
	return model_area_size(w->c.packed, w->c.num, area);
}

static void compare_constants(const struct world *w)
{
	bool packed = w->c.packed;
	u16 num = w->c.num;

	expect(vhx_ring_desc_size(packed, num) == area_size(w, DESC) &&
	       vhx_ring_driver_size(packed, num) == area_size(w, DRIVER) &&
	       vhx_ring_device_size(packed, num) == area_size(w, DEVICE),
	       "wrong size of an area");
	expect(vhx_ring_fresh_base(packed) == (packed ? 0x80008000 : 0),
	       "wrong base of a fresh ring");
}

static size_t max_size(size_t a, size_t b)
{
	return a > b ? a : b;
}

/*
 * The areas of a split ring get no more alignment than they must have: 16, 2
 * and 4 bytes. Those of a packed ring get 16, 16 and 4; DRIVER_ODD makes the
 * second 2. An area that another one shares gets 16.
 */
static void make_areas(struct world *w)
{
	static const u8 skips[AREAS] = { 0, 2, 4 };
	enum ring_area under[AREAS] = { DESC, DRIVER, DEVICE };
	enum ring_area i;

	if (w->alias == DEVICE_ON_DESC)
		under[DEVICE] = DESC;
	if (w->alias == DEVICE_ON_DRIVER)
		under[DEVICE] = DRIVER;
	for (i = 0; i < AREAS; i++) {
		size_t skip = w->c.packed ? skips[i] & 4 : skips[i];

		if (under[i] != i) {
			w->area[i] = w->area[under[i]];
			w->model.area[i] = w->model.area[under[i]];
			continue;
		}
		w->size[i] = area_size(w, i);
		if (i != DEVICE && under[DEVICE] == i) {
			w->size[i] = max_size(w->size[i],
					      area_size(w, DEVICE));
			skip = 0;
		}
		if (i == DRIVER && w->alias == DRIVER_ODD)
			skip = 2;
		w->block[i] = get(skip + w->size[i]);
		w->area[i] = w->block[i] + skip;
		w->copy[i] = get(w->size[i]);
		w->model.area[i] = w->copy[i];
	}
}

void write16(struct world *w, enum ring_area area, size_t at, u16 value)
{
	put16(w->area[area] + at, value);
	put16(w->model.area[area] + at, value);
}

void write32(struct world *w, enum ring_area area, size_t at, u32 value)
{
	write16(w, area, at, (u16)value);
	write16(w, area, at + 2, value >> 16);
}

void write64(struct world *w, enum ring_area area, size_t at, u64 value)
{
	write32(w, area, at, (u32)value);
	write32(w, area, at + 4, value >> 32);
}

u16 read16(const struct world *w, enum ring_area area, size_t at)
{
	return get16(w->model.area[area] + at);
}

static void maybe_change(struct world *w, struct model_read *read)
{
	struct change *c = &w->change;

	if (!c->armed || c->after--)
		return;
	c->armed = false;
	read->changed = true;
	read->area = c->area;
	read->at = c->at;
	read->value = c->value;
	put16(w->area[c->area] + c->at, c->value);
	note("    during the read: %s+%u = %#x\n", names[c->area], c->at,
	     c->value);
}

static int read_table(const struct vhx_ring_reader *rd, void *dst, u64 addr,
		      u32 len)
{
	struct world *w = (struct world *)rd;
	struct model_read *read = &w->reads[w->nreads];
	u32 i;

	expect(w->nreads < READS, "pop: reads tables without end");
	w->nreads++;
	*read = (struct model_read){ .addr = addr, .len = len };
	note("    reads %#llx, %u bytes\n", (unsigned long long)addr, len);
	if (addr >> 32 || addr + len > 1ULL << 32) {
		read->err = -EFAULT;
	} else {
		read->data = get(len);
		for (i = 0; i < len; i++)
			read->data[i] = w->tables[(addr + i) % TABLES];
		memcpy(dst, read->data, len);
	}
	maybe_change(w, read);
	return read->err;
}

void world_forget_reads(struct world *w)
{
	while (w->nreads)
		free(w->reads[--w->nreads].data);
}

/* Compares the engine's areas with the model's, byte by byte. */
void world_compare(struct world *w, const char *what)
{
	enum ring_area i;
	size_t at;

	for (i = 0; i < AREAS; i++) {
		if (!w->size[i] || !memcmp(w->area[i], w->copy[i], w->size[i]))
			continue;
		for (at = 0; w->area[i][at] == w->copy[i][at]; at++)
			;
		differs("%s: %s+%zu is %#x, expected %#x", what, names[i], at,
			w->area[i][at], w->copy[i][at]);
	}
}

/*
 * Starts the engine and the model, which must agree on whether the
 * configuration is valid. Buffers that were in flight are forgotten.
 */
void world_init(struct world *w, u32 base)
{
	struct vhx_ring_config c = {
		.num = w->c.num,
		.packed = w->c.packed,
		.event_idx = w->c.event_idx,
		.indirect = w->c.indirect,
		.notify_on_empty = w->c.notify_on_empty,
		.base = base,
		.desc = w->area[DESC],
		.driver = w->area[DRIVER],
		.device = w->area[DEVICE],
	};
	bool ok;
	int err;

	w->c.base = base;
	note("init: %s, %u entries%s%s%s%s, base %#x, areas %u\n",
	     c.packed ? "packed" : "split", c.num,
	     c.event_idx ? ", event index" : "", c.indirect ? ", indirect" : "",
	     w->c.in_order ? ", in order" : "",
	     c.notify_on_empty ? ", notify on empty" : "", base, w->alias);
	if (w->c.in_order) {
		free(w->ndesc);
		free(w->held);
		w->ndesc = get(w->c.num * sizeof(*w->ndesc));
		w->held = get(w->c.num * sizeof(*w->held));
		c.ndesc = w->ndesc;
		c.held = w->held;
	}
	ok = model_config_ok(&w->c) &&
	     !(w->c.packed && w->alias == DRIVER_ODD);
	err = vhx_ring_init(&w->ring, &c);
	expect(err == (ok ? 0 : -EINVAL), "init returned %d", err);
	if (err) {
		w->over = true;
		return;
	}
	model_init(&w->model, &w->c);
	world_compare(w, "init");
	w->at = w->model.next;
}

/* Mostly small, so that the indices wrap often. */
static u16 choose_num(struct input *in, bool packed)
{
	static const u16 special[] = {
		0, 128, 256, 512, 1024, 4096, 32768, 32769,
	};
	u8 choice = input8(in);
	u16 num = choice % 24;

	if (choice >= 248)
		return special[choice - 248];
	if (choice >= 240)
		return input16(in);
	if (packed || num == 0)
		return num ? num : 64;
	return num < 5 ? 1 << num : 1 << num % 4;
}

static u32 choose_base(struct input *in, const struct model_config *c)
{
	u8 choice = input8(in);

	if (choice == 255)
		return input32(in);
	if (!c->packed)
		return choice < 64 ? choice : (u16)(choice - 128);
	if (!c->num)
		return 0;
	return (choice & 1 ? 0x8000 : 0) + (choice >> 2) % c->num +
	       ((choice & 2 ? 0x8000U : 0) + (choice >> 3) % c->num) * 0x10000;
}

/* The halves of a packed base are mostly equal, or the used one is 0. */
static u32 usual_base(const struct model_config *c, u32 base, u8 how)
{
	if (!c->packed || how % 64 == 63)
		return base;
	return (base & 0xffff) * (how & 1 ? 1U : 0x10001U);
}

void world_begin(struct world *w, const u8 *data, size_t size)
{
	struct model_config *c = &w->c;
	u8 bits, more;
	u32 base;

	memset(w, 0, offsetof(struct world, model));
	w->rd.read = read_table;
	w->in = (struct input){ data, data + size };
	bits = input8(&w->in);
	more = input8(&w->in);
	c->packed = bits & 1;
	c->event_idx = bits & 2;
	c->indirect = bits & 4;
	c->in_order = bits & 8;
	c->notify_on_empty = bits & 16;
	w->alias = bits >> 5 < ALIASES ? bits >> 5 : APART;
	c->num = choose_num(&w->in, c->packed);
	base = choose_base(&w->in, c);
	base = usual_base(c, base, more);
	compare_constants(w);
	make_areas(w);
	/* The used index begins where the driver's does, or anywhere. */
	if (!c->packed && c->num && c->num <= 32768) {
		write16(w, DRIVER, 2, base);
		write16(w, DEVICE, 2, more & 2 ? input16(&w->in) : base);
	}
	world_init(w, base);
}

void world_end(struct world *w)
{
	enum ring_area i;

	world_forget_reads(w);
	for (i = 0; i < AREAS; i++) {
		free(w->block[i]);
		free(w->copy[i]);
	}
	free(w->ndesc);
	free(w->held);
}
