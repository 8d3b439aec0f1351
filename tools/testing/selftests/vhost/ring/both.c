// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the device side of a ring in both formats: popping, pushing, the
 * base and in-order use.
 */
#include <string.h>

#include "kselftest_harness.h"
#include "rig.h"

FIXTURE(both)
{
	struct rig rig;
};

FIXTURE_VARIANT(both)
{
	bool packed;
	u32 base;
};

FIXTURE_VARIANT_ADD(both, split) { false, 0 };
FIXTURE_VARIANT_ADD(both, packed) { true, 0x80008000 };
/* The same across the place where the indices wrap. */
FIXTURE_VARIANT_ADD(both, split_end) { false, 65534 };
FIXTURE_VARIANT_ADD(both, packed_end) { true, 0x80068006 };
FIXTURE_VARIANT_ADD(both, packed_second_end) { true, 0x00070007 };

FIXTURE_SETUP(both)
{
	rig_init(&self->rig, variant->packed, 8, variant->base, TABLES);
}

FIXTURE_TEARDOWN(both)
{
	rig_free(&self->rig);
}

/* Makes a new ring with other features or of another size. */
static void again(struct rig *r, u16 num, unsigned int features)
{
	bool packed = r->c.packed;
	u32 base = r->c.base;

	rig_free(r);
	rig_init(r, packed, num, base, features);
}

TEST_F(both, empty)
{
	EXPECT_EQ(0, rig_pop(&self->rig, 4));
	EXPECT_FALSE(vhx_ring_more(&self->rig.ring));
	EXPECT_EQ(variant->base, vhx_ring_base(&self->rig.ring));
}

TEST_F(both, chain)
{
	static const struct rig_desc chain[] = {
		{ 0x1000, 16, 0 }, { 0x2000, 512, IN }, { 0x3000, 1, IN },
	};
	struct rig *r = &self->rig;

	rig_add(r, 2, chain, 3);
	EXPECT_TRUE(vhx_ring_more(&r->ring));
	ASSERT_EQ(1, rig_pop(r, 4));
	EXPECT_EQ(1, r->chains[0].nout);
	EXPECT_EQ(2, r->chains[0].nin);
	EXPECT_EQ(16, r->chains[0].out_len);
	EXPECT_EQ(513, r->chains[0].in_len);
	EXPECT_EQ(0x1000, r->segs[0].addr);
	EXPECT_EQ(16, r->segs[0].len);
	EXPECT_EQ(0x2000, r->segs[1].addr);
	EXPECT_EQ(512, r->segs[1].len);
	EXPECT_EQ(0x3000, r->segs[2].addr);
	EXPECT_EQ(1, r->segs[2].len);
	EXPECT_FALSE(vhx_ring_more(&r->ring));
	EXPECT_EQ(0, rig_pop(r, 4));
	EXPECT_TRUE(rig_push(r, 0, 513));
	EXPECT_TRUE(rig_used_is(r, 0, 2, 513));
}

/* A chain may be as long as the ring. */
TEST_F(both, longest_chain)
{
	struct rig_desc chain[8] = {};
	struct rig *r = &self->rig;
	int i;

	for (i = 0; i < 8; i++)
		chain[i].len = i + 1;
	rig_add(r, 0, chain, 8);
	ASSERT_EQ(1, rig_pop(r, 4));
	EXPECT_EQ(8, r->chains[0].nout);
	EXPECT_EQ(36, r->chains[0].out_len);
	EXPECT_TRUE(rig_push(r, 0, 0));
	EXPECT_TRUE(rig_used_is(r, 0, 0, 0));
}

TEST_F(both, batch_and_unpop)
{
	struct rig *r = &self->rig;
	u32 base;
	int i;

	for (i = 0; i < 6; i++)
		rig_add_one(r, i, 10 + i, 0);
	ASSERT_EQ(4, rig_pop(r, 4));
	EXPECT_EQ(13, r->segs[3].len);
	EXPECT_EQ(rig_place(r, 4), (u16)vhx_ring_base(&r->ring));
	vhx_ring_unpop(&r->ring, r->chains[2].pos);
	EXPECT_EQ(rig_place(r, 2), (u16)vhx_ring_base(&r->ring));
	ASSERT_EQ(4, rig_pop(r, 8));
	EXPECT_EQ(12, r->segs[0].len);
	EXPECT_EQ(15, r->segs[3].len);
	base = vhx_ring_base(&r->ring);
	EXPECT_EQ(rig_place(r, 6), (u16)base);
	EXPECT_EQ(variant->base >> 16, base >> 16);
	EXPECT_TRUE(rig_push(r, 0, 5));
	EXPECT_TRUE(rig_used_is(r, 0, 2, 5));
}

/* A whole ring of buffers is given back. */
TEST_F(both, unpop_a_whole_ring)
{
	struct rig *r = &self->rig;
	int i, k;

	for (i = 0; i < 8; i++)
		rig_add_one(r, i, i + 1, 0);
	for (k = 0; k < 3; k++) {
		ASSERT_EQ(8, rig_pop(r, 8));
		EXPECT_EQ(8, r->segs[7].len);
		EXPECT_FALSE(vhx_ring_more(&r->ring));
		vhx_ring_unpop(&r->ring, r->chains[0].pos);
		EXPECT_EQ(variant->base, vhx_ring_base(&r->ring));
		EXPECT_FALSE(vhx_ring_kick_enable(&r->ring));
	}
}

/* A chain that finds no room behind others is left for the next batch. */
TEST_F(both, no_room_for_another)
{
	static const struct rig_desc chain[] = { { 0, 1, 0 }, { 0, 1, 0 } };
	struct rig *r = &self->rig;

	rig_add(r, 0, chain, 2);
	rig_add(r, 2, chain, 2);
	EXPECT_EQ(1, vhx_ring_pop(&r->ring, r->chains, 2, r->segs, 3, &r->rd));
	EXPECT_TRUE(rig_push(r, 0, 0));
	EXPECT_EQ(1, vhx_ring_pop(&r->ring, r->chains, 2, r->segs, 3, &r->rd));
	EXPECT_EQ(0, vhx_ring_pop(&r->ring, r->chains, 2, r->segs, 3, &r->rd));
	rig_add(r, 4, chain, 2);
	EXPECT_EQ(-E2BIG,
		  vhx_ring_pop(&r->ring, r->chains, 2, r->segs, 1, &r->rd));
	EXPECT_EQ(-E2BIG,
		  vhx_ring_pop(&r->ring, r->chains, 2, r->segs, 0, &r->rd));
	EXPECT_EQ(1, vhx_ring_pop(&r->ring, r->chains, 2, r->segs, 2, &r->rd));
}

/* Empty descriptors become segments as well; their addresses do not matter. */
TEST_F(both, empty_descriptors)
{
	static const struct rig_desc chain[] = {
		{ 0x10, 0, 0 }, { 0x20, 5, 0 }, { 0x30, 0, IN },
	};
	struct rig *r = &self->rig;

	rig_add(r, 0, chain, 3);
	ASSERT_EQ(1, rig_pop(r, 1));
	EXPECT_EQ(2, r->chains[0].nout);
	EXPECT_EQ(1, r->chains[0].nin);
	EXPECT_EQ(5, r->chains[0].out_len);
	EXPECT_EQ(0, r->chains[0].in_len);
}

TEST_F(both, indirect)
{
	const struct rig_desc d = { 0x400, 41 * 16, INDIRECT };
	struct rig *r = &self->rig;
	void *table = r->mem + 0x400;
	int i;

	/* More entries than the engine reads at once. */
	for (i = 0; i < 41; i++)
		rig_desc(r, table, i, (struct rig_desc){
			 0x1000 * i, i + 1,
			 (i < 39 ? 0 : IN) | (i < 40 ? NEXT : 0), i + 1 });
	rig_add(r, 5, &d, 1);
	ASSERT_EQ(1, rig_pop(r, 1));
	EXPECT_EQ(39, r->chains[0].nout);
	EXPECT_EQ(2, r->chains[0].nin);
	EXPECT_EQ(39 * 40 / 2, r->chains[0].out_len);
	EXPECT_EQ(81, r->chains[0].in_len);
	EXPECT_EQ(0x1000 * 38, r->segs[38].addr);
	EXPECT_EQ(3, r->reads);
	EXPECT_TRUE(rig_push(r, 0, 81));
	EXPECT_TRUE(rig_used_is(r, 0, 5, 81));
}

TEST_F(both, push_a_batch)
{
	struct rig *r = &self->rig;
	struct vhx_used used[3];
	int i;

	for (i = 0; i < 5; i++)
		rig_add_one(r, i, 100, IN);
	ASSERT_EQ(5, rig_pop(r, 8));
	used[0] = (struct vhx_used){ r->chains[3].id, 100 };
	used[1] = (struct vhx_used){ r->chains[1].id, 0 };
	used[2] = (struct vhx_used){ r->chains[4].id, 5 };
	EXPECT_TRUE(vhx_ring_push(&r->ring, used, 3));
	EXPECT_TRUE(rig_used_is(r, 0, 3, 100));
	EXPECT_TRUE(rig_used_is(r, 1, 1, 0));
	EXPECT_TRUE(rig_used_is(r, 2, 4, 5));
	EXPECT_FALSE(rig_used_is(r, 3, 0, 0));
}

/* A ring that is stopped with buffers left on it goes on with these. */
TEST_F(both, base)
{
	struct rig *r = &self->rig;
	int i;

	for (i = 0; i < 6; i++)
		rig_add_one(r, i, i + 1, 0);
	ASSERT_EQ(4, rig_pop(r, 4));
	vhx_ring_unpop(&r->ring, r->chains[3].pos);
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(rig_push(r, i, 0));
	r->c.base = vhx_ring_base(&r->ring);
	memset(&r->ring, 0xff, sizeof(r->ring));
	ASSERT_EQ(0, vhx_ring_init(&r->ring, &r->c));
	EXPECT_EQ(r->c.base, vhx_ring_base(&r->ring));
	ASSERT_EQ(3, rig_pop(r, 8));
	EXPECT_EQ(4, r->segs[0].len);
	EXPECT_TRUE(rig_push(r, 0, 9));
	EXPECT_TRUE(rig_used_is(r, 3, 3, 9));
}

/* The indices wrap, and every entry is used in turn. */
static void go_around(struct __test_metadata *_metadata, struct rig *r)
{
	u16 num = r->c.num;
	u32 i, rounds = r->c.packed ? 20 * num : 140000;

	for (i = 0; i < rounds; i++) {
		rig_add_one(r, i % num, i % 3, IN);
		ASSERT_EQ(1, rig_pop(r, 4));
		ASSERT_EQ(i % 3, r->chains[0].in_len);
		ASSERT_EQ(rig_place(r, i + 1), (u16)vhx_ring_base(&r->ring));
		EXPECT_FALSE(vhx_ring_more(&r->ring));
		ASSERT_TRUE(rig_push(r, 0, i % 3));
		ASSERT_TRUE(rig_used_is(r, i, i % num, i % 3));
	}
}

TEST_F(both, wrap)
{
	static const u16 split[] = { 1, 4, 8 }, packed[] = { 1, 3, 5, 8 };
	unsigned int i, n = variant->packed ? 4 : 3;

	for (i = 0; i < n; i++) {
		u16 num = variant->packed ? packed[i] : split[i];
		u32 base = variant->packed ? 0x80008000 : variant->base;
		struct rig r;

		rig_init(&r, variant->packed, num, base, 0);
		go_around(_metadata, &r);
		rig_free(&r);
	}
}

/* With VIRTIO_F_IN_ORDER a completion waits for those of earlier buffers. */
TEST_F(both, in_order_waits)
{
	struct rig *r = &self->rig;
	int i;

	again(r, 8, IN_ORDER);
	for (i = 0; i < 4; i++)
		rig_add_one(r, i, 10, IN);
	ASSERT_EQ(4, rig_pop(r, 8));
	EXPECT_FALSE(rig_push(r, 1, 10));
	EXPECT_FALSE(rig_push(r, 3, 10));
	EXPECT_FALSE(rig_used_is(r, 0, 1, 10));
	EXPECT_TRUE(rig_push(r, 0, 10));
	EXPECT_TRUE(rig_used_is(r, 0, 0, 10));
	EXPECT_TRUE(rig_used_is(r, 1, 1, 10));
	EXPECT_FALSE(rig_used_is(r, 3, 3, 10));
	EXPECT_TRUE(rig_push(r, 2, 10));
	EXPECT_TRUE(rig_used_is(r, 2, 2, 10));
	EXPECT_TRUE(rig_used_is(r, 3, 3, 10));
	EXPECT_EQ(variant->packed ? rig_place(r, 4) : 0,
		  vhx_ring_base(&r->ring) >> 16);
}

/* Each buffer gets a used entry of its own, with its own length. */
TEST_F(both, in_order_lengths)
{
	static const u32 lens[] = { 10, 10, 3, 10, 10 };
	struct rig *r = &self->rig;
	struct vhx_used used[5];
	int i;

	again(r, 8, IN_ORDER);
	for (i = 0; i < 5; i++)
		rig_add_one(r, i, 10, IN);
	ASSERT_EQ(5, rig_pop(r, 8));
	for (i = 0; i < 5; i++)
		used[i] = (struct vhx_used){ r->chains[i].id, lens[i] };
	EXPECT_TRUE(vhx_ring_push(&r->ring, used, 5));
	for (i = 0; i < 5; i++)
		EXPECT_TRUE(rig_used_is(r, i, i, lens[i]));
}

/*
 * Completions that waited are shown in pieces: VHX_RING_PIECE in each push,
 * after the one that they waited for.
 */
TEST_F(both, in_order_pieces)
{
	enum { LEFT = 10, N = 1 + 2 * VHX_RING_PIECE + LEFT, NUM = 1024 };
	struct rig *r = &self->rig;
	struct vhx_used used[N];
	int i, got = 0;

	again(r, NUM, IN_ORDER);
	for (i = 0; i < N; i++)
		rig_add_one(r, i, 10, IN);
	while (got < N) {
		int n = rig_pop(r, 64);

		ASSERT_LT(0, n);
		for (i = 0; i < n; i++)
			used[got + i] = (struct vhx_used){
				r->chains[i].id, 10
			};
		got += n;
	}
	EXPECT_FALSE(vhx_ring_push(&r->ring, used + 1, N - 1));
	EXPECT_FALSE(vhx_ring_waits(&r->ring));
	for (i = 0; i < 3; i++) {
		int shown = 1 + (i + 1) * VHX_RING_PIECE;

		EXPECT_TRUE(vhx_ring_push(&r->ring, used, !i));
		if (i == 2)
			break;
		EXPECT_TRUE(vhx_ring_waits(&r->ring));
		EXPECT_TRUE(rig_used_is(r, shown - 1, shown - 1, 10));
		EXPECT_FALSE(rig_used_is(r, shown, shown, 10));
	}
	EXPECT_FALSE(vhx_ring_waits(&r->ring));
	EXPECT_TRUE(rig_used_is(r, N - 1, N - 1, 10));
}

/* A chain has one place in the order, that of its first descriptor. */
TEST_F(both, in_order_chains)
{
	static const struct rig_desc chain[] = { { 0, 1, 0 }, { 0, 7, IN } };
	struct rig *r = &self->rig;
	unsigned int one = variant->packed ? 2 : 1;
	struct vhx_used used[2];

	again(r, 8, IN_ORDER);
	rig_add(r, 0, chain, 2);
	rig_add(r, 2, chain, 2);
	rig_add(r, 4, chain, 2);
	ASSERT_EQ(3, rig_pop(r, 8));
	EXPECT_TRUE(rig_push(r, 0, 7));
	EXPECT_TRUE(rig_used_is(r, 0, 0, 7));
	used[0] = (struct vhx_used){ r->chains[2].id, 7 };
	used[1] = (struct vhx_used){ r->chains[1].id, 7 };
	EXPECT_TRUE(vhx_ring_push(&r->ring, used, 2));
	EXPECT_TRUE(rig_used_is(r, one, 2, 7));
	EXPECT_TRUE(rig_used_is(r, 2 * one, 4, 7));
	EXPECT_EQ(0, rig_pop(r, 8));
	EXPECT_EQ(rig_place(r, 3 * one), (u16)vhx_ring_base(&r->ring));
}

/* Buffers that are given back and popped again keep their places. */
TEST_F(both, in_order_unpop)
{
	struct rig *r = &self->rig;
	int i;

	again(r, 8, IN_ORDER);
	for (i = 0; i < 4; i++)
		rig_add_one(r, i, 10, IN);
	ASSERT_EQ(4, rig_pop(r, 8));
	EXPECT_TRUE(rig_push(r, 0, 10));
	vhx_ring_unpop(&r->ring, r->chains[1].pos);
	ASSERT_EQ(3, rig_pop(r, 8));
	EXPECT_FALSE(rig_push(r, 2, 10));
	EXPECT_TRUE(rig_push(r, 0, 2));
	EXPECT_TRUE(rig_used_is(r, 1, 1, 2));
	EXPECT_TRUE(rig_push(r, 1, 10));
	EXPECT_TRUE(rig_used_is(r, 2, 2, 10));
	EXPECT_TRUE(rig_used_is(r, 3, 3, 10));
}

TEST_HARNESS_MAIN
