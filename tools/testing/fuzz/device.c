// SPDX-License-Identifier: GPL-2.0
/*
 * The device's side: calls the engine, and compares what it does with the
 * model's prediction.
 */
#include <stdio.h>
#include <stdlib.h>

#include "reads.h"

/* The most completions in a push and the most buffers in a pop. */
#define BATCH 256

/* The most segments that a pop has room for: nout and nin have 16 bits. */
#define SEGS 65535

static void compare_chain(const struct vhx_chain *c, const struct vhx_seg *s,
			  const struct model_buffer *b,
			  const struct model_seg *must)
{
	u32 i;

	expect(c->nout == b->nout && c->nin == b->nin,
	       "pop: %u readable and %u writable segments, expected %u and %u",
	       c->nout, c->nin, b->nout, b->nin);
	expect(c->out_len == b->out_len && c->in_len == b->in_len,
	       "pop: %u readable and %u writable bytes, expected %llu and %llu",
	       c->out_len, c->in_len, (unsigned long long)b->out_len,
	       (unsigned long long)b->in_len);
	for (i = 0; i < b->nout + b->nin; i++)
		expect(s[i].addr == must[i].addr && s[i].len == must[i].len,
		       "pop: segment %u is %#llx, %u, expected %#llx, %u", i,
		       (unsigned long long)s[i].addr, s[i].len,
		       (unsigned long long)must[i].addr, must[i].len);
}

static u32 entries_in_flight(const struct model *m)
{
	u64 entries = 0;
	unsigned int i;

	for (i = 0; i < m->nflight; i++)
		entries += m->flight[i].entries;
	return entries;
}

/*
 * The engine shows only some of the in-order completions that waited for these
 * in one push, so it is called until none of them waits any more.
 */
static bool push(struct world *w, const struct vhx_used *used, unsigned int n)
{
	bool shown = vhx_ring_push(&w->ring, used, n);

	while (vhx_ring_waits(&w->ring))
		shown |= vhx_ring_push(&w->ring, used, 0);
	return shown;
}

/*
 * The driver of an in-order ring made entries available again before they were
 * used. Which buffers it then sees as used does not matter, only that the
 * engine writes to nothing but the ring. The sanitizer checks that.
 */
static void push_what_is_confused(struct world *w)
{
	const struct model *m = &w->model;
	unsigned int i;

	for (i = m->nflight; i-- > 0;) {
		struct vhx_used used = {
			m->flight[i].token, m->flight[i].in_len
		};

		if (!m->flight[i].done)
			push(w, &used, 1);
	}
	vhx_ring_need_call(&w->ring);
	w->over = true;
}

static void pop_some(struct world *w, unsigned int n, unsigned int room)
{
	struct vhx_chain *chains = get(n * sizeof(*chains));
	struct vhx_seg *segs = get(room * sizeof(*segs)), *s = segs;
	struct model_seg *must = get(room * sizeof(*must)), *t = must;
	struct model *m = &w->model;
	unsigned int before = m->nflight;
	int got, want, i;

	reads_begin(w);
	got = vhx_ring_pop(&w->ring, chains, n, segs, room, &w->rd);
	reads_end();
	m->reads = w->reads;
	m->nreads = w->nreads;
	want = model_pop(m, n, must, room);
	note("  pop %u, room %u: %d\n", n, room, got);
	expect(got == want, "pop: returned %d, expected %d", got, want);
	expect(!m->wrong, "pop: %s", m->wrong);
	reads_compare();
	for (i = 0; i < want; i++) {
		struct model_buffer *b = &m->flight[before + i];

		compare_chain(&chains[i], s, b, t);
		s += b->nout + b->nin;
		t += b->nout + b->nin;
		b->token = chains[i].id;
		b->pos = chains[i].pos;
	}
	world_forget_reads(w);
	free(chains);
	free(segs);
	free(must);
	world_compare(w, "pop");
	if (w->c.in_order && entries_in_flight(m) > w->c.num)
		push_what_is_confused(w);
}

static unsigned int room_for_flight(const struct world *w)
{
	return MODEL_FLIGHT - 1 - w->model.nflight;
}

static unsigned int at_most(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static void choose_pop(struct world *w)
{
	u8 batch = input8(&w->in), room = input8(&w->in);
	unsigned int n = batch < 128 ? 1 + batch % 32 : batch % 2 ? 1 : batch;
	unsigned int segs = 1024;

	if (room < 64)
		segs = room;
	else if (room < 128)
		segs = w->c.num + room - 96;
	else if (room == 255)
		segs = SEGS;
	segs = at_most(segs, SEGS);
	pop_some(w, at_most(n == 128 ? 0 : n, room_for_flight(w)), segs);
}

/* The number of last buffers in flight of which none is completed. */
static unsigned int can_go_back(const struct model *m)
{
	unsigned int n = 0;

	while (n < m->nflight && !m->flight[m->nflight - 1 - n].done)
		n++;
	return n;
}

static void give_back(struct world *w)
{
	struct model *m = &w->model;
	unsigned int n = can_go_back(m), left;

	if (!n)
		return;
	left = m->nflight - 1 - input8(&w->in) % n;
	note("  unpop %u\n", m->nflight - left);
	vhx_ring_unpop(&w->ring, m->flight[left].pos);
	model_unpop(m, left);
	world_compare(w, "unpop");
}

/*
 * Which buffers in flight are completed: the first ones, the last ones, the
 * last ones backwards, or every second or third one.
 */
enum choice { FIRST, LAST, BACKWARDS, SCATTERED, ORDERS };

static unsigned int choose(const struct model *m, enum choice order, u8 step,
			   unsigned int *which, unsigned int n)
{
	unsigned int i, at, found = 0, size = m->nflight;

	for (i = 0; i < size && found < n; i++) {
		switch (order) {
		case FIRST:
			at = i;
			break;
		case LAST:
			at = size - at_most(n, size) + i;
			break;
		case SCATTERED:
			at = i * (1 + step % 3);
			break;
		default:
			at = size - 1 - i;
			break;
		}
		if (at < size && !m->flight[at].done)
			which[found++] = at;
	}
	return found;
}

static u32 choose_len(struct input *in, u8 kind, const struct model_buffer *b)
{
	switch (kind % 4) {
	case 0:
		return (u32)b->in_len;
	case 1:
		return 0;
	case 2:
		return input8(in) & 1 ? (u32)b->in_len : input8(in);
	}
	return kind & 4 ? input32(in) : (u32)b->in_len - !!b->in_len;
}

static void complete(struct world *w, enum choice order, u8 kind,
		     unsigned int n)
{
	struct model *m = &w->model;
	unsigned int which[BATCH], i;
	struct vhx_used *used;
	u32 lens[BATCH];
	bool shown;

	n = choose(m, order, kind >> 3, which, at_most(n, BATCH));
	if (!n)
		return;
	used = get(n * sizeof(*used));
	note("  push %u, order %u:", n, order);
	for (i = 0; i < n; i++) {
		const struct model_buffer *b = &m->flight[which[i]];

		lens[i] = choose_len(&w->in, kind, b);
		used[i] = (struct vhx_used){ b->token, lens[i] };
		note(" %u (%u of %llu bytes)", which[i], lens[i],
		     (unsigned long long)b->in_len);
	}
	shown = push(w, used, n);
	note(": %d\n", shown);
	free(used);
	expect(shown == model_push(m, which, lens, n), "push: returned %d",
	       shown);
	world_compare(w, "push");
}

static void ask_call(struct world *w)
{
	bool is = vhx_ring_need_call(&w->ring);
	int must = model_need_call(&w->model);

	note("  need_call: %d\n", is);
	expect(must == MODEL_EITHER || is == must, "need_call: returned %d",
	       is);
	world_compare(w, "need_call");
}

static void set_kick(struct world *w, bool on)
{
	bool is;

	note("  kick %s\n", on ? "enable" : "disable");
	if (on) {
		is = vhx_ring_kick_enable(&w->ring);
		expect(is == model_kick_enable(&w->model),
		       "kick_enable: returned %d", is);
	} else {
		vhx_ring_kick_disable(&w->ring);
		model_kick_disable(&w->model);
	}
	world_compare(w, "kick");
}

static void ask_more(struct world *w)
{
	bool is = vhx_ring_more(&w->ring);

	note("  more: %d\n", is);
	expect(is == model_more(&w->model), "more: returned %d", is);
}

static u32 ask_base(struct world *w)
{
	u32 is = vhx_ring_base(&w->ring), must = model_base(&w->model);

	note("  base: %#x\n", is);
	expect(is == must, "base: is %#x, expected %#x", is, must);
	return is;
}

/*
 * Stops the ring with nothing in flight and starts it again from its base, or
 * starts it from any base at once.
 */
static void restart(struct world *w, u8 how)
{
	struct model *m = &w->model;

	if (how == 255) {
		world_init(w, input32(&w->in));
		return;
	}
	if (how & 1 && can_go_back(m)) {
		note("  unpop all\n");
		vhx_ring_unpop(&w->ring,
			       m->flight[m->nflight - can_go_back(m)].pos);
		model_unpop(m, m->nflight - can_go_back(m));
	}
	while (m->nflight)
		complete(w, FIRST, 0, BATCH);
	world_init(w, ask_base(w));
}

/* Serves a ring full of buffers, several times, so that the indices wrap. */
static void turn(struct world *w, u8 how)
{
	unsigned int rounds = (how | 16) == 255 ? 300 : 1 + how % 8, i, n;

	if (how & 64)
		driver_settle(w);
	for (i = 0; i < rounds; i++) {
		for (n = 0; n < at_most(w->c.num, BATCH); n++)
			driver_simple(w, n);
		pop_some(w, at_most(BATCH, room_for_flight(w)), 1024);
		if (w->over)
			break;
		complete(w, FIRST, how & 32, BATCH);
		if (how & 16)
			ask_call(w);
	}
}

/* One step of the device. */
void device_step(struct world *w, u8 op)
{
	u8 kind;

	switch (op % 16) {
	case 0:
		give_back(w);
		break;
	case 1:
	case 2:
	case 3:
		kind = input8(&w->in);
		complete(w, op >> 4 & (ORDERS - 1), kind,
			 op & 64 ? BATCH : 1 + (kind >> 5));
		break;
	case 4:
	case 5:
		ask_call(w);
		break;
	case 6:
		set_kick(w, true);
		break;
	case 7:
		set_kick(w, false);
		break;
	case 8:
		ask_more(w);
		break;
	case 9:
		ask_base(w);
		break;
	case 10:
		restart(w, input8(&w->in));
		break;
	case 11:
		turn(w, input8(&w->in));
		break;
	default:
		choose_pop(w);
		break;
	}
}
