// SPDX-License-Identifier: GPL-2.0
/*
 * The split ring against a driver that writes anything anywhere at any time:
 * whatever is in its memory, the device neither leaves it, nor runs on for
 * ever, nor hands out what is out of bounds. The sanitizers watch the first,
 * the assertions the last. Every seed is a test that can be had again.
 */
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
#include "rig.h"

#define ROUNDS 400000

static u32 next_random(u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

/* Values that are near what matters more often than not. */
static u32 pick(u64 *state, u32 near)
{
	switch (next_random(state) % 4) {
	case 0:
		return next_random(state);
	case 1:
		return near + next_random(state) % 3 - 1;
	default:
		return next_random(state) % (near + 1);
	}
}

static void scribble_desc(struct vring_desc *d, u64 *state, u32 num)
{
	d->addr = next_random(state) % 3 ? pick(state, RIG_MEM) & ~15U :
		  (u64)next_random(state) << 32 | next_random(state);
	d->len = next_random(state) % 2 ? pick(state, 2 * num) * 16 :
					  pick(state, U32_MAX - 1);
	d->flags = pick(state, 7);
	d->next = pick(state, num);
}

static void scribble(struct rig *r, u64 *state)
{
	struct vring_desc *table = (void *)r->mem;
	u32 num = r->ring.num, i;

	for (i = 0; i < num; i++) {
		if (next_random(state) % 2)
			scribble_desc(&r->desc[i], state, num);
		if (next_random(state) % 2)
			scribble_desc(&table[next_random(state) % 256], state,
				      num);
		r->avail->ring[i] = pick(state, num - 1);
	}
	r->avail->flags = next_random(state);
	*rig_used_event(r) = next_random(state);
	r->used->idx = next_random(state);
	if (next_random(state) % 8)
		r->avail->idx = r->ring.last_avail + pick(state, num);
	else
		r->avail->idx = next_random(state);
}

static void check_chain(struct __test_metadata *_metadata,
			const struct vhx_chain *c, const struct vhx_seg *segs)
{
	u64 out = 0, in = 0;
	unsigned int i;

	for (i = 0; i < c->nout + c->nin; i++) {
		if (i < c->nout)
			out += segs[i].len;
		else
			in += segs[i].len;
	}
	ASSERT_EQ(out, c->out_len);
	ASSERT_EQ(in, c->in_len);
}

static void round_trip(struct __test_metadata *_metadata, struct rig *r,
		       u64 *state)
{
	struct vhx_used used[RIG_CHAINS];
	unsigned int segs = 0, want = next_random(state) % RIG_CHAINS + 1;
	unsigned int room = next_random(state) % 2 ? RIG_SEGS : 4;
	u16 before = r->ring.last_avail;
	int got, i;

	got = vhx_split_pop(&r->ring, r->chains, want, r->segs, room, &r->rd);
	if (got < 0) {
		ASSERT_EQ(before, r->ring.last_avail);
		return;
	}
	ASSERT_LE(got, want);
	ASSERT_EQ((u16)(before + got), r->ring.last_avail);
	for (i = 0; i < got; i++) {
		ASSERT_LT(r->chains[i].id, r->ring.num);
		check_chain(_metadata, &r->chains[i], r->segs + segs);
		segs += r->chains[i].nout + r->chains[i].nin;
		ASSERT_LE(segs, room);
		used[i].id = r->chains[i].id;
		used[i].len = r->chains[i].in_len;
	}
	vhx_split_kick_disable(&r->ring);
	vhx_split_push(&r->ring, used, got);
	vhx_split_need_call(&r->ring);
	vhx_split_kick_enable(&r->ring);
}

FIXTURE(fuzz)
{
	struct rig rig;
};

FIXTURE_VARIANT(fuzz)
{
	u16 num;
	bool event_idx;
	bool indirect;
};

FIXTURE_VARIANT_ADD(fuzz, one) { 1, true, true };
FIXTURE_VARIANT_ADD(fuzz, plain) { 8, false, false };
FIXTURE_VARIANT_ADD(fuzz, indirect) { 16, false, true };
FIXTURE_VARIANT_ADD(fuzz, event) { 64, true, true };
FIXTURE_VARIANT_ADD(fuzz, large) { 256, true, true };

FIXTURE_SETUP(fuzz)
{
	rig_init(&self->rig, variant->num, 0);
	self->rig.ring.event_idx = variant->event_idx;
	self->rig.ring.indirect = variant->indirect;
}

FIXTURE_TEARDOWN(fuzz)
{
	rig_free(&self->rig);
}

TEST_F(fuzz, anything)
{
	unsigned int i, rounds = ROUNDS / (1 + variant->num / 16);
	u64 state = 1;

	for (i = 0; i < rounds; i++) {
		scribble(&self->rig, &state);
		round_trip(_metadata, &self->rig, &state);
	}
}

TEST_HARNESS_MAIN
