// SPDX-License-Identifier: GPL-2.0
/*
 * What the model has for both formats: chains, batches, the order of use.
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

/* 2.7.2 and 2.8.10. */
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
	/* Nothing is in flight; a used half of 0 says so as well. */
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
 * 2.7.4.2 and 2.8.5.1: what is readable comes first, empty ones not excepted.
 * There is room.
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
 * Entry @i of a table of @entries, as the engine read it: however much it
 * fetches at once, within the table, beginning with an entry that it needs.
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
		m->wrong = "a table's entry was not read";
		return -EINVAL;
	}
	read = &m->reads[m->nread++];
	if (read->addr != want || read->len % ENTRY || !read->len ||
	    read->len / ENTRY > entries - i) {
		m->wrong = "what was read is not in the table";
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
	/* A table that was read for the buffer before is not this one's. */
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
 * @m: model; its reads are those of the engine
 * @n: so many at most
 * @segs: of all of them
 * @room: for so many segments
 *
 * Return: how many were added to those in flight, or an errno.
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
		m->wrong = "more was read than needed";
	return popped ? (int)popped : got;
}

/* All in flight but the first @left go back; none of them is completed. */
void model_unpop(struct model *m, unsigned int left)
{
	u64 back = m->next - m->flight[left].at;

	/*
	 * Only a driver that lies has more than a whole ring in flight. Then it
	 * gets back what is in the last turn.
	 */
	if (m->c.packed)
		back = (back - 1) % m->c.num + 1;
	m->next -= back;
	m->nflight = left;
	if (m->c.packed && m->seen > m->next + m->c.num)
		m->seen = m->next + m->c.num;
}

/* Forgets the buffers among the first @n that are done. */
static void drop_done(struct model *m, unsigned int n)
{
	unsigned int i, left = 0;

	for (i = 0; i < m->nflight; i++)
		if (i >= n || !m->flight[i].done)
			m->flight[left++] = m->flight[i];
	m->nflight = left;
}

/**
 * struct batch - used entries that are being written
 * @n: how many there were
 * @at: the first one's place
 * @id: and its buffer
 * @len: and bytes written
 */
struct batch {
	unsigned int n;
	u64 at;
	u16 id;
	u32 len;
};

/*
 * A packed ring's driver looks at the first one of a batch: it is written last,
 * which is to be seen only where a batch is longer than the ring.
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
 * 2.7.8 and 2.8.14: buffers are used in the order in which they were made
 * available.
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
 * @which: their numbers among those in flight, all different, none completed
 * @lens: bytes written to each
 * @n: how many, not 0
 *
 * Return: whether the driver sees any of it.
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

/* Answers 0, 1 or MODEL_EITHER. */
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
