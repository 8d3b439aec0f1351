// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of what a driver or the owner may get wrong, in both formats:
 * descriptors, indirect tables, indices, sizes and bases. Each must get the
 * right error.
 */
#include "kselftest_harness.h"
#include "rig.h"

/**
 * struct wrong - an invalid chain
 * @what: what is wrong with it
 * @desc: the descriptors, from the first of the chain on
 * @table: an indirect table, at guest address 0
 * @no_tables: VIRTIO_RING_F_INDIRECT_DESC was not negotiated
 * @room: number of segments that the pop has room for, if not 0
 * @err: the expected error
 */
struct wrong {
	const char *what;
	struct rig_desc desc[4];
	struct rig_desc table[3];
	bool no_tables;
	unsigned int room;
	int err;
};

static const struct wrong split_wrongs[] = {
	{ "next out of range", { { 0, 1, NEXT, 4 } }, .err = -EINVAL },
	{ "next far out of range", { { 0, 1, NEXT, 65535 } }, .err = -EINVAL },
	{ "next of a writable descriptor out of range",
	  { { 0, 1, NEXT | IN, 4 } },
	  .err = -EINVAL },
	{ "loop on itself", { { 0, 1, NEXT, 0 } }, .err = -ELOOP },
	{ "loop on itself, writable", { { 0, 1, NEXT | IN, 0 } },
	  .err = -ELOOP },
	{ "loop of two", { { 0, 1, NEXT, 1 }, { 0, 1, NEXT, 0 } },
	  .err = -ELOOP },
	{ "loop of an empty descriptor", { { 0, 0, NEXT, 0 } }, .err = -ELOOP },
	{ "loop, without room for it", { { 0, 1, NEXT, 0 } },
	  .room = 3, .err = -E2BIG },
	{ "loop, with just enough room for it", { { 0, 1, NEXT, 0 } },
	  .room = 4, .err = -ELOOP },
	{ "no room, and readable behind writable",
	  { { 0, 1, NEXT | IN, 1 }, { 0, 1, 0 } }, .room = 1, .err = -E2BIG },
	{ "no room, and an empty table", { { 0, 1, NEXT, 1 },
	  { 0, 0, INDIRECT } }, .room = 1, .err = -E2BIG },
	{ "no room, and next out of range",
	  { { 0, 1, NEXT, 1 }, { 0, 1, NEXT, 9 } }, .room = 1, .err = -E2BIG },
	{ "readable behind writable", { { 0, 1, NEXT | IN, 1 }, { 0, 1, 0 } },
	  .err = -EINVAL },
	{ "empty readable behind writable",
	  { { 0, 1, NEXT | IN, 1 }, { 0, 0, 0 } }, .err = -EINVAL },
	{ "empty readable behind empty writable",
	  { { 0, 0, NEXT | IN, 1 }, { 0, 0, 0 } }, .err = -EINVAL },
	{ "4 GiB of readable segments",
	  { { 0, U32_MAX, NEXT, 1 }, { 0, 1, 0 } },
	  .err = -EINVAL },
	{ "4 GiB of writable segments",
	  { { 0, U32_MAX, NEXT | IN, 1 }, { 0, 1, IN } },
	  .err = -EINVAL },
	{ "indirect not negotiated", { { 0, 16, INDIRECT } },
	  .no_tables = true, .err = -EINVAL },
	{ "indirect with next", { { 0, 16, INDIRECT | NEXT, 1 }, { 0, 1, 0 } },
	  { { 0, 1, 0 } }, .err = -EINVAL },
	{ "empty indirect table", { { 0, 0, INDIRECT } }, .err = -EINVAL },
	{ "indirect table of odd length",
	  { { 0, 17, INDIRECT } }, .err = -EINVAL },
	{ "indirect table of half a descriptor", { { 0, 8, INDIRECT } },
	  .err = -EINVAL },
	{ "indirect table of more than 65,536 entries",
	  { { 0, 65537 * 16, INDIRECT } },
	  .err = -EINVAL },
	{ "indirect table outside of memory", { { RIG_MEM, 16, INDIRECT } },
	  .err = -EFAULT },
	{ "indirect table across the end of addresses",
	  { { -8ULL, 32, INDIRECT } }, .err = -EFAULT },
	{ "indirect table in an indirect table", { { 0, 16, INDIRECT } },
	  { { 0, 16, INDIRECT } }, .err = -EINVAL },
	{ "next out of range in an indirect table", { { 0, 32, INDIRECT } },
	  { { 0, 1, NEXT, 2 } }, .err = -EINVAL },
	{ "loop in an indirect table", { { 0, 32, INDIRECT } },
	  { { 0, 1, NEXT, 1 }, { 0, 1, NEXT, 0 } }, .err = -ELOOP },
	{ "readable behind writable in an indirect table",
	  { { 0, 32, INDIRECT } },
	  { { 0, 1, NEXT | IN, 1 }, { 0, 1, 0 } }, .err = -EINVAL },
	{ "readable in a table behind writable in the ring",
	  { { 0, 1, NEXT | IN, 1 }, { 0, 16, INDIRECT } }, { { 0, 1, 0 } },
	  .err = -EINVAL },
	{ "4 GiB, one byte of it in a table",
	  { { 0, U32_MAX, NEXT, 1 }, { 0, 16, INDIRECT } }, { { 0, 1, 0 } },
	  .err = -EINVAL },
	{ "no room for all of a table", { { 0, 32, INDIRECT } },
	  { { 0, 1, NEXT, 1 }, { 0, 1, 0 } }, .room = 1, .err = -E2BIG },
	{ "no room for all of a table, and a table in it",
	  { { 0, 32, INDIRECT } }, { { 0, 1, NEXT, 1 }, { 0, 16, INDIRECT } },
	  .room = 1, .err = -E2BIG },
};

static const struct wrong packed_wrongs[] = {
	{ "no end", { { 0, 1, NEXT }, { 0, 1, NEXT }, { 0, 1, NEXT },
		      { 0, 1, NEXT } }, .err = -ELOOP },
	{ "no end, writable", { { 0, 1, NEXT | IN }, { 0, 1, NEXT | IN },
		      { 0, 1, NEXT | IN }, { 0, 1, NEXT | IN } },
	  .err = -ELOOP },
	{ "no end, empty descriptors", { { 0, 0, NEXT }, { 0, 0, NEXT },
		      { 0, 0, NEXT }, { 0, 0, NEXT } }, .err = -ELOOP },
	{ "no end, without room for it",
	  { { 0, 1, NEXT }, { 0, 1, NEXT }, { 0, 1, NEXT }, { 0, 1, NEXT } },
	  .room = 3, .err = -E2BIG },
	{ "no end, with just enough room for it",
	  { { 0, 1, NEXT }, { 0, 1, NEXT }, { 0, 1, NEXT }, { 0, 1, NEXT } },
	  .room = 4, .err = -ELOOP },
	{ "no room, and readable behind writable",
	  { { 0, 1, NEXT | IN }, { 0, 1, 0 } }, .room = 1, .err = -E2BIG },
	{ "no room", { { 0, 1, NEXT }, { 0, 1, IN } }, .room = 1,
	  .err = -E2BIG },
	{ "readable behind writable", { { 0, 1, NEXT | IN }, { 0, 1, 0 } },
	  .err = -EINVAL },
	{ "empty readable behind writable",
	  { { 0, 1, NEXT | IN }, { 0, 0, 0 } }, .err = -EINVAL },
	{ "empty readable behind empty writable",
	  { { 0, 0, NEXT | IN }, { 0, 0, 0 } }, .err = -EINVAL },
	{ "4 GiB of readable segments", { { 0, U32_MAX, NEXT }, { 0, 1, 0 } },
	  .err = -EINVAL },
	{ "4 GiB of writable segments",
	  { { 0, U32_MAX, NEXT | IN }, { 0, 1, IN } },
	  .err = -EINVAL },
	{ "indirect not negotiated", { { 0, 16, INDIRECT } },
	  .no_tables = true, .err = -EINVAL },
	{ "indirect with next", { { 0, 16, INDIRECT | NEXT }, { 0, 1, 0 } },
	  { { 0, 1, 0 } }, .err = -EINVAL },
	{ "indirect behind another descriptor",
	  { { 0, 1, NEXT }, { 0, 16, INDIRECT } },
	  { { 0, 1, 0 } }, .err = -EINVAL },
	{ "indirect behind a writable descriptor",
	  { { 0, 1, NEXT | IN }, { 0, 16, INDIRECT | IN } }, { { 0, 1, IN } },
	  .err = -EINVAL },
	{ "empty indirect table", { { 0, 0, INDIRECT } }, .err = -EINVAL },
	{ "indirect table of odd length",
	  { { 0, 17, INDIRECT } }, .err = -EINVAL },
	{ "indirect table of half a descriptor", { { 0, 8, INDIRECT } },
	  .err = -EINVAL },
	{ "indirect table of more than 65,536 entries",
	  { { 0, 65537 * 16, INDIRECT } },
	  .err = -EINVAL },
	{ "indirect table outside of memory", { { RIG_MEM, 16, INDIRECT } },
	  .err = -EFAULT },
	{ "indirect table across the end of addresses",
	  { { -8ULL, 32, INDIRECT } }, .err = -EFAULT },
	{ "indirect table in an indirect table", { { 0, 32, INDIRECT } },
	  { { 0, 1, 0 }, { 0, 16, INDIRECT } }, .err = -EINVAL },
	{ "readable behind writable in an indirect table",
	  { { 0, 32, INDIRECT } },
	  { { 0, 1, IN }, { 0, 1, 0 } }, .err = -EINVAL },
	{ "4 GiB in a table", { { 0, 32, INDIRECT } },
	  { { 0, U32_MAX, IN }, { 0, 1, IN } }, .err = -EINVAL },
	{ "no room for all of a table", { { 0, 32, INDIRECT } },
	  { { 0, 1, 0 }, { 0, 1, 0 } }, .room = 1, .err = -E2BIG },
	{ "no room for all of a table, and a table in it",
	  { { 0, 32, INDIRECT } }, { { 0, 1, 0 }, { 0, 16, INDIRECT } },
	  .room = 1, .err = -E2BIG },
};

/*
 * Makes the chain available. On a packed ring the flags of its first descriptor
 * do this; the others are not marked as available.
 */
static void add_wrong(struct rig *r, const struct wrong *w)
{
	unsigned int i, first = r->c.packed ? r->at : 0;

	for (i = 0; i < ARRAY_SIZE(w->table); i++)
		rig_desc(r, r->mem, i, w->table[i]);
	for (i = 0; i < ARRAY_SIZE(w->desc); i++) {
		struct rig_desc d = w->desc[i];

		if (r->c.packed && !i)
			d.flags |= AVAIL;
		rig_desc(r, r->desc, (first + i) % r->c.num, d);
	}
	if (!r->c.packed)
		rig_offer(r, 0);
}

static int pop(struct rig *r, const struct wrong *w)
{
	return vhx_ring_pop(&r->ring, r->chains, RIG_CHAINS, r->segs,
			    w->room ?: RIG_SEGS, &r->rd);
}

static void refuses(struct __test_metadata *_metadata, bool packed,
		    const struct wrong *w, unsigned int n)
{
	/* On a packed ring the chain wraps. */
	u32 base = packed ? 0x80018001 : 100;

	for (; n--; w++) {
		struct rig r;

		rig_init(&r, packed, 4, base, w->no_tables ? 0 : TABLES);
		add_wrong(&r, w);
		EXPECT_EQ(w->err, pop(&r, w)) TH_LOG("%s", w->what);
		EXPECT_EQ(w->err, pop(&r, w)) TH_LOG("%s", w->what);
		/* The chain is not popped. */
		EXPECT_EQ(base, vhx_ring_base(&r.ring)) TH_LOG("%s", w->what);
		rig_free(&r);
	}
}

TEST(split_chains)
{
	refuses(_metadata, false, split_wrongs, ARRAY_SIZE(split_wrongs));
}

TEST(packed_chains)
{
	refuses(_metadata, true, packed_wrongs, ARRAY_SIZE(packed_wrongs));
}

/* Buffers before an invalid chain are popped first. */
static void behind_a_good_one(struct __test_metadata *_metadata, bool packed)
{
	static const struct rig_desc wrong[] = { { 0, 1, IN }, { 0, 1, 0 } };
	struct rig r;

	rig_init(&r, packed, 8, vhx_ring_fresh_base(packed), 0);
	rig_add_one(&r, 4, 7, 0);
	rig_add(&r, 0, wrong, 2);
	rig_add_one(&r, 5, 8, 0);
	ASSERT_EQ(1, rig_pop(&r, 4));
	EXPECT_EQ(7, r.chains[0].out_len);
	EXPECT_EQ(-EINVAL, rig_pop(&r, 4));
	EXPECT_EQ(-EINVAL, rig_pop(&r, 4));
	EXPECT_EQ(rig_place(&r, 1), (u16)vhx_ring_base(&r.ring));
	EXPECT_TRUE(rig_push(&r, 0, 0));
	rig_free(&r);
}

TEST(split_behind_a_good_one)
{
	behind_a_good_one(_metadata, false);
}

TEST(packed_behind_a_good_one)
{
	behind_a_good_one(_metadata, true);
}

TEST(split_head)
{
	struct rig r;

	rig_init(&r, false, 8, 0, 0);
	rig_offer(&r, 8);
	EXPECT_EQ(-EINVAL, rig_pop(&r, 1));
	rig_free(&r);
}

TEST(split_index_jumps)
{
	struct rig r;

	rig_init(&r, false, 8, 0, 0);
	r.driver[1] = htole16(8);
	EXPECT_EQ(8, rig_pop(&r, 8));
	r.driver[1] = htole16(17);
	EXPECT_EQ(-EINVAL, rig_pop(&r, 8));
	/* Each pop fails until the index is valid again. */
	EXPECT_EQ(-EINVAL, rig_pop(&r, 8));
	r.driver[1] = htole16(16);
	EXPECT_EQ(8, rig_pop(&r, 8));
	rig_free(&r);
}

TEST(split_index_goes_back)
{
	struct rig r;

	rig_init(&r, false, 8, 0, 0);
	rig_add_one(&r, 0, 1, 0);
	ASSERT_EQ(1, rig_pop(&r, 8));
	r.driver[1] = 0;
	EXPECT_EQ(-EINVAL, rig_pop(&r, 8));
	EXPECT_EQ(-EINVAL, rig_pop(&r, 8));
	rig_free(&r);
}

/* Both flags must fit the wrap counter, or a descriptor is not available. */
TEST(packed_not_available)
{
	static const u16 flags[] = { 0, USED, AVAIL | USED };
	unsigned int i;
	struct rig r;

	rig_init(&r, true, 8, 0x80008000, 0);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		rig_desc(&r, r.desc, 0, (struct rig_desc){ 0, 1, flags[i] });
		EXPECT_EQ(0, rig_pop(&r, 8));
		EXPECT_FALSE(vhx_ring_more(&r.ring));
	}
	rig_restart(&r, 0);
	rig_desc(&r, r.desc, 0, (struct rig_desc){ 0, 1, AVAIL });
	EXPECT_EQ(0, rig_pop(&r, 8));
	rig_desc(&r, r.desc, 0, (struct rig_desc){ 0, 1, USED });
	EXPECT_EQ(1, rig_pop(&r, 8));
	rig_free(&r);
}

/* In an indirect table of a packed ring unused flags are ignored. */
TEST(packed_table_flags)
{
	struct rig r;

	rig_init(&r, true, 4, 0x80008000, TABLES);
	rig_desc(&r, r.mem, 0, (struct rig_desc){ 1, 1, AVAIL, 5 });
	rig_desc(&r, r.mem, 1, (struct rig_desc){ 2, 2, USED | NEXT, 5 });
	rig_desc(&r, r.desc, 0,
		 (struct rig_desc){ 0, 32, AVAIL | IN | INDIRECT, 6 });
	ASSERT_EQ(1, rig_pop(&r, 8));
	EXPECT_EQ(2, r.chains[0].nout);
	EXPECT_EQ(3, r.chains[0].out_len);
	EXPECT_TRUE(rig_push(&r, 0, 0));
	EXPECT_TRUE(rig_used_is(&r, 0, 6, 0));
	rig_free(&r);
}

/* In an indirect table of a split ring the next fields give the order. */
TEST(split_table_backwards)
{
	struct rig r;

	rig_init(&r, false, 4, 0, TABLES);
	rig_desc(&r, r.mem, 0, (struct rig_desc){ 0x10, 1, NEXT, 30 });
	rig_desc(&r, r.mem, 30, (struct rig_desc){ 0x20, 2, NEXT, 3 });
	rig_desc(&r, r.mem, 3, (struct rig_desc){ 0x30, 3, IN, 0 });
	rig_desc(&r, r.desc, 0, (struct rig_desc){ 0x40, 4, NEXT, 1 });
	rig_desc(&r, r.desc, 1, (struct rig_desc){ 0, 31 * 16, INDIRECT });
	rig_offer(&r, 0);
	ASSERT_EQ(1, rig_pop(&r, 1));
	EXPECT_EQ(3, r.chains[0].nout);
	EXPECT_EQ(1, r.chains[0].nin);
	EXPECT_EQ(0x40, r.segs[0].addr);
	EXPECT_EQ(0x20, r.segs[2].addr);
	EXPECT_EQ(0x30, r.segs[3].addr);
	rig_free(&r);
}

/* The driver area of a packed ring must be aligned to 4 bytes. */
TEST(packed_driver_area)
{
	struct vring_packed_desc_event area[2] __attribute__((aligned(4)));
	struct rig r;

	rig_init(&r, true, 4, 0x80008000, 0);
	r.c.driver = (u8 *)area + 2;
	EXPECT_EQ(-EINVAL, vhx_ring_init(&r.ring, &r.c));
	rig_free(&r);
}

/* Valid and invalid sizes and bases. */
TEST(configurations)
{
	static const struct {
		bool packed;
		u16 num;
		u32 base;
		int err;
	} rows[] = {
		{ false, 0, 0, -EINVAL },
		{ false, 1, 0, 0 },
		{ false, 3, 0, -EINVAL },
		{ false, 32768, 65535, 0 },
		{ false, 32769, 0, -EINVAL },
		{ false, 65535, 0, -EINVAL },
		{ false, 8, 65535, 0 },
		{ false, 8, 65536, -EINVAL },
		{ true, 0, 0x80008000, -EINVAL },
		{ true, 1, 0x80008000, 0 },
		{ true, 1, 0x80008001, -EINVAL },
		{ true, 3, 0x80028002, 0 },
		{ true, 3, 0x80028003, -EINVAL },
		{ true, 3, 0x80038002, -EINVAL },
		{ true, 3, 0x00030002, -EINVAL },
		{ true, 3, 0x80020002, -EINVAL },
		{ true, 3, 0x80018002, -EINVAL },
		{ true, 3, 0x00008002, 0 },
		{ true, 3, 0x00000002, 0 },
		{ true, 32768, 0xffffffff, 0 },
		{ true, 32768, 0xffff7fff, -EINVAL },
		{ true, 32769, 0, -EINVAL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vhx_ring_config c;
		struct rig r;

		rig_init(&r, rows[i].packed, 32768,
			 vhx_ring_fresh_base(rows[i].packed), 0);
		c = r.c;
		c.num = rows[i].num;
		c.base = rows[i].base;
		EXPECT_EQ(rows[i].err, vhx_ring_init(&r.ring, &c))
			TH_LOG("row %u", i);
		/* If the used half of a packed base is 0, both are equal. */
		if (!rows[i].err)
			EXPECT_EQ(rows[i].packed ?
				  (rows[i].base & 0xffff) * 0x10001 :
				  rows[i].base, vhx_ring_base(&r.ring));
		rig_free(&r);
	}
}

TEST_HARNESS_MAIN
