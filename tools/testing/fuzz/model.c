// SPDX-License-Identifier: GPL-2.0
/*
 * The part of the model that is common to both formats: chains, batches of
 * completions and in-order use.
 */
#include <errno.h>
#include <string.h>

#include "model.h"

#define ENTRY 16

u16 get16(const u8 *p)
{
	return p[0] | p[1] << 8;
}

u32 get32(const u8 *p)
{
	return get16(p) | (u32)get16(p + 2) << 16;
}

u64 get64(const u8 *p)
{
	return get32(p) | (u64)get32(p + 4) << 32;
}

void put16(u8 *p, u16 value)
{
	p[0] = (u8)value;
	p[1] = value >> 8;
}

void put32(u8 *p, u32 value)
{
	put16(p, (u16)value);
	put16(p + 2, value >> 16);
}

static const struct model_format *format(const struct model *m)
{
	return m->c.packed ? &model_packed : &model_split;
}

/* The size of an area in bytes (2.7.2 and 2.8.10). */
size_t model_area_size(bool packed, unsigned int num, enum ring_area area)
{
	if (area == DESC)
		return 16 * (size_t)num;
	if (packed)
		return 4;
	return area == DRIVER ? 6 + 2 * (size_t)num : 6 + 8 * (size_t)num;
}

bool model_config_ok(const struct model_config *c)
{
	unsigned int bits = 0, i;

	for (i = 0; i < 16; i++)
		bits += c->num >> i & 1;
	if (!c->num || c->num > 32768)
		return false;
	if (!c->packed)
		return bits == 1 && !(c->base >> 16);
	/*
	 * Nothing is in flight, so the two halves are equal. A used half of 0
	 * means the same.
	 */
	return (c->base & 0x7fff) < c->num &&
	       (c->base <= 0xffff || c->base >> 16 == (c->base & 0xffff));
}

void model_init(struct model *m, const struct model_config *c)
{
	m->c = *c;
	m->nflight = 0;
	m->asked = false;
	m->lied = false;
	format(m)->start(m);
}

bool model_full(const struct model_chain *c)
{
	return c->b->nout + c->b->nin == c->room;
}

/*
 * Adds a segment, for which there must be room. Device-readable segments come
 * first, even if they are empty (2.7.4.2 and 2.8.5.1).
 */
int model_add(struct model_chain *c, u64 addr, u32 len, bool write)
{
	struct model_buffer *b = c->b;

	if (!write && b->nin)
		return -EINVAL;
	c->segs[b->nout + b->nin] = (struct model_seg){ addr, len };
	if (write) {
		b->nin++;
		b->in_len += len;
	} else {
		b->nout++;
		b->out_len += len;
	}
	return 0;
}

/*
 * Gets entry @i of the indirect table at @table, which has @entries entries,
 * from what the engine read. The engine may read any number of entries at once,
 * but within the table and beginning with an entry that is needed.
 */
int model_entry(struct model *m, u64 table, u32 entries, u32 i, u8 *entry)
{
	u64 want = table + (u64)i * ENTRY;
	const struct model_read *read;

	if (m->nread) {
		read = &m->reads[m->nread - 1];
		if (want - read->addr < read->len)
			goto found;
	}
	if (m->nread == m->nreads) {
		m->wrong = "an entry of an indirect table was not read";
		return -EINVAL;
	}
	read = &m->reads[m->nread++];
	if (read->addr != want || read->len % ENTRY || !read->len ||
	    read->len / ENTRY > entries - i) {
		m->wrong = "a read that is not of the indirect table";
		return -EINVAL;
	}
	if (read->changed)
		put16(m->area[read->area] + read->at, read->value);
	if (read->err)
		return read->err;
found:
	memcpy(entry, read->data + (want - read->addr), ENTRY);
	return 0;
}

static int pop_one(struct model *m, struct model_seg *segs, unsigned int room)
{
	struct model_buffer *b = &m->flight[m->nflight];
	struct model_chain chain = { b, segs, room };
	int got;

	*b = (struct model_buffer){ .at = m->next };
	/* What was read for the previous buffer is not used for this one. */
	m->reads += m->nread;
	m->nreads -= m->nread;
	m->nread = 0;
	got = format(m)->pop(m, &chain);
	if (got <= 0)
		return got;
	if (b->out_len >> 32 || b->in_len >> 32)
		return -EINVAL;
	m->next += b->entries;
	if (m->seen < m->next)
		m->seen = m->next;
	m->nflight++;
	return 1;
}

/**
 * model_pop - pop a batch
 * @m: model; &struct model.reads are the engine's reads in this pop
 * @n: the most buffers to pop
 * @segs: filled with the segments of all of them
 * @room: number of segments that @segs has room for
 *
 * Return: the number of buffers, which are now the last ones in flight, or a
 * negative errno if the ring or the first buffer is invalid.
 */
int model_pop(struct model *m, unsigned int n, struct model_seg *segs,
	      unsigned int room)
{
	unsigned int popped = 0;
	int got;

	m->nread = 0;
	m->wrong = NULL;
	got = format(m)->known ? format(m)->known(m) : 0;
	while (!got && popped < n) {
		got = pop_one(m, segs, room);
		if (got <= 0)
			break;
		got = 0;
		segs += m->flight[m->nflight - 1].nout +
			m->flight[m->nflight - 1].nin;
		room -= m->flight[m->nflight - 1].nout +
			m->flight[m->nflight - 1].nin;
		popped++;
	}
	if (!m->wrong && m->nread != m->nreads)
		m->wrong = "an indirect table was read without need";
	return popped ? (int)popped : got;
}

/*
 * Gives back all buffers in flight but the first @left. None of them may be
 * completed.
 */
void model_unpop(struct model *m, unsigned int left)
{
	u64 back = m->next - m->flight[left].at;

	/*
	 * There is more than a whole ring in flight if the driver made entries
	 * available again before they were used. Then the device goes back
	 * by one turn of the ring at most.
	 */
	if (m->c.packed)
		back = (back - 1) % m->c.num + 1;
	m->next -= back;
	m->nflight = left;
	if (m->c.packed && m->seen > m->next + m->c.num)
		m->seen = m->next + m->c.num;
}

/* Removes those of the first @n buffers in flight that are completed. */
static void drop_done(struct model *m, unsigned int n)
{
	unsigned int i, left = 0;

	for (i = 0; i < m->nflight; i++)
		if (i >= n || !m->flight[i].done)
			m->flight[left++] = m->flight[i];
	m->nflight = left;
}

/**
 * struct batch - used entries while they are written
 * @n: number of entries
 * @at: position of the first one, on a packed ring
 * @id: buffer id in the first one
 * @len: length in the first one
 */
struct batch {
	unsigned int n;
	u64 at;
	u16 id;
	u32 len;
};

/*
 * The driver of a packed ring looks at the first used descriptor of a batch, so
 * that one is written last. The result differs only if the batch is longer than
 * the ring.
 */
static void batch_write(struct model *m, struct batch *b, u64 at, u16 id,
			u32 len)
{
	if (!b->n++ && m->c.packed) {
		b->at = at;
		b->id = id;
		b->len = len;
	} else {
		format(m)->write_used(m, at, id, len);
	}
}

static void batch_end(struct model *m, const struct batch *b)
{
	if (m->c.packed)
		format(m)->write_used(m, b->at, b->id, b->len);
	else
		format(m)->show_used(m);
}

/*
 * Uses buffers in the order in which they were made available (2.7.8 and
 * 2.8.14).
 */
static bool push_in_order(struct model *m)
{
	struct batch b = {};
	unsigned int gone = 0;

	while (gone < m->nflight && m->flight[gone].done) {
		const struct model_buffer *buffer = &m->flight[gone++];

		batch_write(m, &b, m->used, buffer->id, buffer->written);
		m->used += buffer->entries;
	}
	if (!gone)
		return false;
	batch_end(m, &b);
	drop_done(m, gone);
	return true;
}

static void push_as_they_come(struct model *m, const unsigned int *which,
			      const u32 *lens, unsigned int n)
{
	struct batch b = {};
	u64 before = m->used;
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct model_buffer *buffer = &m->flight[which[i]];

		batch_write(m, &b, m->used, buffer->id, lens[i]);
		m->used += buffer->entries;
		buffer->done = true;
	}
	batch_end(m, &b);
	drop_done(m, m->nflight);
	if (m->c.packed && m->used - before > m->c.num)
		m->lied = true;
}

/**
 * model_push - complete buffers
 * @m: model
 * @which: indices in &struct model.flight, all different, none completed
 * @lens: bytes written to each buffer
 * @n: number of buffers, not 0
 *
 * Return: true if the driver was shown any used entry.
 */
bool model_push(struct model *m, const unsigned int *which, const u32 *lens,
		unsigned int n)
{
	unsigned int i;

	if (!m->c.in_order) {
		push_as_they_come(m, which, lens, n);
		return true;
	}
	for (i = 0; i < n; i++) {
		m->flight[which[i]].done = true;
		m->flight[which[i]].written = lens[i];
	}
	return push_in_order(m);
}

/*
 * Must the driver be called for what was used since the last time this was
 * asked? Returns 0, 1 or MODEL_EITHER.
 */
int model_need_call(struct model *m)
{
	u64 called = m->called;
	bool asked = m->asked;
	int answer;

	m->called = m->used;
	m->asked = true;
	answer = format(m)->need_call(m, called, asked);
	m->lied = false;
	return answer;
}

bool model_kick_enable(struct model *m)
{
	format(m)->kick(m, true);
	return model_more(m);
}

void model_kick_disable(struct model *m)
{
	format(m)->kick(m, false);
}

bool model_more(const struct model *m)
{
	return format(m)->more(m);
}

u32 model_base(const struct model *m)
{
	return format(m)->base(m);
}
