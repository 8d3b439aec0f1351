// SPDX-License-Identifier: GPL-2.0
/*
 * Scattered buffers with guarded gaps.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"

#define GAP	32
#define POISON	0xa5

void arena_init(struct arena *a, struct gmem *mem, size_t size)
{
	*a = (struct arena){
		.base = gmem_alloc(mem, size, 4096),
		.size = size,
		.mem = mem,
	};
	memset(a->base, POISON, size);
}

void arena_reset(struct arena *a)
{
	memset(a->base, POISON, a->at);
	a->at = 0;
}

void chain_init(struct chain *c, struct arena *a)
{
	c->n = 0;
	c->mem = a->mem;
}

void chain_add_at(struct chain *c, const void *p, size_t len, bool write)
{
	if (c->n == CHAIN_MAX) {
		fprintf(stderr, "# a chain of more than %d pieces\n",
			CHAIN_MAX);
		abort();
	}
	c->seg[c->n++] = (struct vq_seg){
		.gpa = gmem_gpa(c->mem, p),
		.len = (__u32)len,
		.write = write,
	};
}

static void *take(struct arena *a, size_t len)
{
	char *p;

	if (a->align && len >= a->align)
		a->at = (a->at + a->align - 1) / a->align * a->align;
	p = a->base + a->at;
	if (a->at > a->size || len + GAP > a->size - a->at) {
		fprintf(stderr, "# the arena is used up\n");
		abort();
	}
	a->at += len + GAP;
	return p;
}

void chain_add(struct chain *c, struct arena *a, size_t len, bool write,
	       const size_t *cuts)
{
	size_t piece = len;

	while (len) {
		if (cuts && *cuts)
			piece = *cuts++;
		if (piece > len)
			piece = len;
		chain_add_at(c, take(a, piece), piece, write);
		len -= piece;
	}
}

static void copy(const struct chain *c, size_t off, void *data, size_t len,
		 bool put)
{
	unsigned int i;
	size_t n;

	for (i = 0; i < c->n && len; i++) {
		char *p = gmem_ptr(c->mem, c->seg[i].gpa);

		if (off >= c->seg[i].len) {
			off -= c->seg[i].len;
			continue;
		}
		n = c->seg[i].len - off;
		if (n > len)
			n = len;
		memcpy(put ? p + off : data, put ? data : p + off, n);
		data = (char *)data + n;
		len -= n;
		off = 0;
	}
}

void chain_put(const struct chain *c, size_t off, const void *data, size_t len)
{
	copy(c, off, (void *)data, len, true);
}

void chain_get(const struct chain *c, size_t off, void *data, size_t len)
{
	copy(c, off, data, len, false);
}

size_t chain_len(const struct chain *c, bool write)
{
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < c->n; i++)
		if (c->seg[i].write == write)
			len += c->seg[i].len;
	return len;
}

bool chain_clean(const struct chain *c)
{
	unsigned int i, k;

	for (i = 0; i < c->n; i++) {
		const unsigned char *gap = gmem_ptr(c->mem, c->seg[i].gpa);

		gap += c->seg[i].len;
		for (k = 0; k < GAP; k++)
			if (gap[k] != POISON)
				return false;
	}
	return true;
}

int chain_submit(struct vq *vq, const struct chain *c, __u32 token)
{
	return vq->table_len ? vq_add_indirect(vq, c->seg, c->n, token) :
			       vq_add(vq, c->seg, c->n, token);
}
