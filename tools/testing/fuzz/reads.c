// SPDX-License-Identifier: GPL-2.0
/*
 * See reads.h. The engine reads by READ_ONCE() and smp_load_acquire(), which
 * reads_env.h makes report each read. The model reports what it looks at.
 */
#include <stdio.h>

#include "reads.h"

/* The most reads that are recorded in one pop. */
#define SEEN 1024

/**
 * struct look - a read of some bytes of an area
 * @area: the area
 * @at: offset of the first byte
 * @len: number of bytes
 */
struct look {
	enum ring_area area;
	size_t at;
	size_t len;
};

struct looks {
	struct look look[SEEN];
	unsigned int n;
};

static struct looks engine, model;
static const struct world *popping;

static void add(struct looks *l, enum ring_area area, size_t at, size_t len)
{
	if (l->n < SEEN)
		l->look[l->n++] = (struct look){ area, at, len };
}

void engine_reads(const void *p, size_t size)
{
	const struct world *w = popping;
	enum ring_area i;

	for (i = 0; w && i < AREAS; i++) {
		size_t at = (const u8 *)p - w->area[i];

		if (w->size[i] && at < w->size[i])
			add(&engine, i, at, size);
	}
}

void model_looks(enum ring_area area, size_t at, size_t len)
{
	add(&model, area, at, len);
}

void reads_begin(struct world *w)
{
	engine.n = 0;
	model.n = 0;
	popping = w;
}

void reads_end(void)
{
	popping = NULL;
}

static unsigned int count(const struct looks *l, const struct look *at)
{
	unsigned int i, n = 0;

	for (i = 0; i < l->n; i++)
		n += l->look[i].area == at->area &&
		     l->look[i].at < at->at + at->len &&
		     at->at < l->look[i].at + l->look[i].len;
	return n;
}

void reads_compare(void)
{
	unsigned int i, is, may;

	/*
	 * Comparing takes time in the square of the reads, so a pop with many
	 * is not checked. Nor is one of which not all was recorded.
	 */
	if (engine.n > SEEN / 8 || model.n == SEEN)
		return;
	for (i = 0; i < engine.n; i++) {
		is = count(&engine, &engine.look[i]);
		may = is > 1 ? count(&model, &engine.look[i]) : 1;
		expect(is <= may || is == 1,
		       "pop: area %u, offset %zu: %u reads, at most %u allowed",
		       engine.look[i].area, engine.look[i].at, is, may);
	}
}
