// SPDX-License-Identifier: GPL-2.0
/*
 * The split ring, device side: what it pops, what it refuses, what it pushes,
 * and when it asks for a notification (virtio 1.3, 2.7).
 */
#include <string.h>

#include "kselftest_harness.h"
#include "rig.h"

#define NEXT VRING_DESC_F_NEXT
#define IN VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT

FIXTURE(split)
{
	struct rig rig;
};

FIXTURE_SETUP(split)
{
	rig_init(&self->rig, 8, 0);
	self->rig.ring.indirect = true;
}

FIXTURE_TEARDOWN(split)
{
	rig_free(&self->rig);
}

TEST_F(split, empty)
{
	EXPECT_EQ(0, rig_pop(&self->rig, 4));
	EXPECT_FALSE(vhx_split_more(&self->rig.ring));
}

TEST_F(split, chain)
{
	struct rig *r = &self->rig;

	rig_desc(r->desc, 5, 0x1000, 16, NEXT, 2);
	rig_desc(r->desc, 2, 0x2000, 512, NEXT | IN, 7);
	rig_desc(r->desc, 7, 0x3000, 1, IN, 0);
	rig_offer(r, 5);

	ASSERT_EQ(1, rig_pop(r, 4));
	EXPECT_EQ(5, r->chains[0].id);
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
	EXPECT_EQ(0, rig_pop(r, 4));
}

TEST_F(split, batch_and_unpop)
{
	struct rig *r = &self->rig;
	int i;

	for (i = 0; i < 6; i++) {
		rig_desc(r->desc, i, 0x100 * i, 10 + i, 0, 0);
		rig_offer(r, i);
	}
	ASSERT_EQ(4, rig_pop(r, 4));
	EXPECT_EQ(3, r->chains[3].id);
	EXPECT_EQ(13, r->segs[3].len);
	vhx_split_unpop(&r->ring, r->chains[2].pos);
	ASSERT_EQ(4, rig_pop(r, 8));
	EXPECT_EQ(2, r->chains[0].id);
	EXPECT_EQ(12, r->segs[0].len);
	EXPECT_EQ(5, r->chains[3].id);
	EXPECT_EQ(6, r->ring.last_avail);
}

/* A chain that does not fit behind others comes first in the next batch. */
TEST_F(split, no_room_for_another)
{
	struct rig *r = &self->rig;

	rig_desc(r->desc, 0, 0, 1, NEXT, 1);
	rig_desc(r->desc, 1, 0, 1, 0, 0);
	rig_offer(r, 0);
	rig_offer(r, 0);
	EXPECT_EQ(1, vhx_split_pop(&r->ring, r->chains, 2, r->segs, 3, &r->rd));
	EXPECT_EQ(1, vhx_split_pop(&r->ring, r->chains, 2, r->segs, 3, &r->rd));
	EXPECT_EQ(0, vhx_split_pop(&r->ring, r->chains, 2, r->segs, 3, &r->rd));
	rig_offer(r, 0);
	EXPECT_EQ(-E2BIG,
		  vhx_split_pop(&r->ring, r->chains, 2, r->segs, 1, &r->rd));
}

/* They are passed on, and whoever looks addresses up finds nothing to look up */
TEST_F(split, empty_descriptors)
{
	struct rig *r = &self->rig;

	rig_desc(r->desc, 0, 0x10, 0, NEXT, 1);
	rig_desc(r->desc, 1, 0x20, 5, NEXT, 2);
	rig_desc(r->desc, 2, 0x30, 0, IN, 0);
	rig_offer(r, 0);
	ASSERT_EQ(1, rig_pop(r, 1));
	EXPECT_EQ(2, r->chains[0].nout);
	EXPECT_EQ(1, r->chains[0].nin);
	EXPECT_EQ(5, r->chains[0].out_len);
	EXPECT_EQ(0, r->chains[0].in_len);
}

TEST_F(split, indirect)
{
	struct vring_desc *table = (void *)self->rig.mem + 0x400;
	struct rig *r = &self->rig;
	int i;

	/* Longer than what is fetched at once, and back again at the end. */
	for (i = 0; i < 39; i++)
		rig_desc(table, i, 0x1000 * i, i + 1, NEXT, i + 1);
	rig_desc(table, 39, 0, 1, NEXT | IN, 40);
	rig_desc(table, 40, 0, 2, IN, 0);
	rig_desc(r->desc, 0, 0x400, 41 * sizeof(*table), INDIRECT, 0);
	rig_offer(r, 0);
	ASSERT_EQ(1, rig_pop(r, 1));
	EXPECT_EQ(39, r->chains[0].nout);
	EXPECT_EQ(2, r->chains[0].nin);
	EXPECT_EQ(39 * 40 / 2, r->chains[0].out_len);
	EXPECT_EQ(0x1000 * 38, r->segs[38].addr);
	EXPECT_EQ(3, r->reads);
}

TEST_F(split, indirect_backwards)
{
	struct vring_desc *table = (void *)self->rig.mem;
	struct rig *r = &self->rig;

	rig_desc(table, 0, 0x10, 1, NEXT, 30);
	rig_desc(table, 30, 0x20, 2, NEXT, 3);
	rig_desc(table, 3, 0x30, 3, 0, 0);
	rig_desc(r->desc, 0, 0, 31 * sizeof(*table), INDIRECT, 0);
	rig_offer(r, 0);
	ASSERT_EQ(1, rig_pop(r, 1));
	EXPECT_EQ(3, r->chains[0].nout);
	EXPECT_EQ(0x20, r->segs[1].addr);
	EXPECT_EQ(0x30, r->segs[2].addr);
}

TEST_F(split, indirect_behind_direct)
{
	struct vring_desc *table = (void *)self->rig.mem;
	struct rig *r = &self->rig;

	rig_desc(r->desc, 0, 0x10, 1, NEXT, 1);
	rig_desc(r->desc, 1, 0, 2 * sizeof(*table), INDIRECT, 0);
	rig_desc(table, 0, 0x20, 2, NEXT, 1);
	rig_desc(table, 1, 0x30, 3, IN, 0);
	rig_offer(r, 0);
	ASSERT_EQ(1, rig_pop(r, 1));
	EXPECT_EQ(2, r->chains[0].nout);
	EXPECT_EQ(1, r->chains[0].nin);
}

/* What is wrong with a chain, and what is said of it. */
struct wrong {
	const char *what;
	struct vring_desc desc[3];
	struct vring_desc table[3];
	bool no_indirect;
	int err;
};

static const struct wrong wrongs[] = {
	{ "next out of range", { { 0, 1, NEXT, 8 } }, .err = -EINVAL },
	{ "next far out of range", { { 0, 1, NEXT, 65535 } }, .err = -EINVAL },
	{ "loop on itself", { { 0, 1, NEXT, 0 } }, .err = -ELOOP },
	{ "loop of two", { { 0, 1, NEXT, 1 }, { 0, 1, NEXT, 0 } },
	  .err = -ELOOP },
	{ "loop of nothing", { { 0, 0, NEXT, 0 } }, .err = -ELOOP },
	{ "readable behind writable", { { 0, 1, NEXT | IN, 1 }, { 0, 1, 0 } },
	  .err = -EINVAL },
	{ "nothing to read behind writable",
	  { { 0, 1, NEXT | IN, 1 }, { 0, 0, 0 } }, .err = -EINVAL },
	{ "more than 4 GiB", { { 0, U32_MAX, NEXT, 1 }, { 0, 1, 0 } },
	  .err = -EINVAL },
	{ "indirect not negotiated", { { 0, 16, INDIRECT } },
	  .no_indirect = true, .err = -EINVAL },
	{ "indirect with next", { { 0, 16, INDIRECT | NEXT, 1 }, { 0, 1, 0 } },
	  { { 0, 1, 0 } }, .err = -EINVAL },
	{ "indirect of no length", { { 0, 0, INDIRECT } }, .err = -EINVAL },
	{ "indirect of odd length", { { 0, 17, INDIRECT } }, .err = -EINVAL },
	{ "indirect of half a descriptor", { { 0, 8, INDIRECT } },
	  .err = -EINVAL },
	{ "indirect of more than 65,536", { { 0, 65537 * 16, INDIRECT } },
	  .err = -EINVAL },
	{ "indirect out of memory", { { RIG_MEM, 16, INDIRECT } },
	  .err = -EFAULT },
	{ "indirect over the end of the address space",
	  { { -8ULL, 32, INDIRECT } }, .err = -EFAULT },
	{ "indirect in indirect", { { 0, 16, INDIRECT } },
	  { { 0, 16, INDIRECT } }, .err = -EINVAL },
	{ "indirect next out of range", { { 0, 32, INDIRECT } },
	  { { 0, 1, NEXT, 2 } }, .err = -EINVAL },
	{ "indirect loop", { { 0, 32, INDIRECT } },
	  { { 0, 1, NEXT, 1 }, { 0, 1, NEXT, 0 } }, .err = -ELOOP },
	{ "indirect readable behind writable", { { 0, 32, INDIRECT } },
	  { { 0, 1, NEXT | IN, 1 }, { 0, 1, 0 } }, .err = -EINVAL },
};

TEST_F(split, wrong_chains)
{
	const struct wrong *w;
	int i;

	for (w = wrongs; w < wrongs + sizeof(wrongs) / sizeof(*wrongs); w++) {
		struct rig r;

		rig_init(&r, 8, 100);
		r.ring.indirect = !w->no_indirect;
		for (i = 0; i < 3; i++) {
			const struct vring_desc *d = &w->desc[i];
			const struct vring_desc *t = &w->table[i];

			rig_desc(r.desc, i, d->addr, d->len, d->flags, d->next);
			rig_desc((void *)r.mem, i, t->addr, t->len, t->flags,
				 t->next);
		}
		rig_desc(r.desc, 4, 0, 1, 0, 0);
		rig_offer(&r, 4);
		rig_offer(&r, 0);
		/* What came before is served first. */
		EXPECT_EQ(1, rig_pop(&r, 4)) TH_LOG("%s", w->what);
		EXPECT_EQ(w->err, rig_pop(&r, 4)) TH_LOG("%s", w->what);
		EXPECT_EQ(w->err, rig_pop(&r, 4)) TH_LOG("%s", w->what);
		/* The index says what was not served. */
		EXPECT_EQ(101, r.ring.last_avail) TH_LOG("%s", w->what);
		rig_free(&r);
	}
}

TEST_F(split, wrong_head)
{
	rig_offer(&self->rig, 8);
	EXPECT_EQ(-EINVAL, rig_pop(&self->rig, 1));
}

TEST_F(split, index_jumps)
{
	struct rig *r = &self->rig;

	r->avail->idx = htole16(8);
	EXPECT_EQ(8, rig_pop(r, 8));
	r->avail->idx = htole16(17);
	EXPECT_EQ(-EINVAL, rig_pop(r, 8));
}

TEST_F(split, index_goes_back)
{
	struct rig *r = &self->rig;

	rig_offer(r, 0);
	ASSERT_EQ(1, rig_pop(r, 8));
	r->avail->idx = 0;
	EXPECT_EQ(-EINVAL, rig_pop(r, 8));
}

TEST_F(split, push)
{
	const struct vhx_used used[] = { { 3, 100 }, { 7, 0 }, { 3, 5 } };
	struct rig *r = &self->rig;

	vhx_split_push(&r->ring, used, 3);
	EXPECT_EQ(3, le16toh(r->used->idx));
	EXPECT_EQ(3, le32toh(r->used->ring[0].id));
	EXPECT_EQ(100, le32toh(r->used->ring[0].len));
	EXPECT_EQ(7, le32toh(r->used->ring[1].id));
	EXPECT_EQ(5, le32toh(r->used->ring[2].len));
}

/* All indices wrap: every entry is used, and none twice. */
TEST_F(split, wrap)
{
	struct rig *r = &self->rig;
	u32 i;

	rig_free(r);
	rig_init(r, 4, 65530);
	for (i = 0; i < 4; i++)
		rig_desc(r->desc, i, 0, i + 1, IN, 0);
	for (i = 0; i < 140000; i++) {
		struct vhx_used used;

		rig_offer(r, i % 4);
		ASSERT_EQ(1, rig_pop(r, 4));
		ASSERT_EQ(i % 4, r->chains[0].id);
		used.id = r->chains[0].id;
		used.len = r->chains[0].in_len;
		vhx_split_push(&r->ring, &used, 1);
		ASSERT_EQ((u16)(65530 + i + 1), le16toh(r->used->idx));
		ASSERT_EQ(i % 4 + 1,
			  le32toh(r->used->ring[(65530 + i) % 4].len));
	}
}

TEST_F(split, base)
{
	struct rig *r = &self->rig;

	rig_free(r);
	rig_init(r, 8, 65535);
	rig_desc(r->desc, 1, 0, 1, 0, 0);
	rig_offer(r, 1);
	rig_offer(r, 1);
	EXPECT_EQ(2, rig_pop(r, 8));
	EXPECT_EQ(1, r->ring.last_avail);
}

TEST_F(split, kick_by_flag)
{
	struct rig *r = &self->rig;

	vhx_split_kick_disable(&r->ring);
	EXPECT_EQ(VRING_USED_F_NO_NOTIFY, le16toh(r->used->flags));
	EXPECT_FALSE(vhx_split_kick_enable(&r->ring));
	EXPECT_EQ(0, le16toh(r->used->flags));
	rig_offer(r, 0);
	EXPECT_TRUE(vhx_split_kick_enable(&r->ring));
}

TEST_F(split, kick_by_event)
{
	struct rig *r = &self->rig;

	r->ring.event_idx = true;
	rig_offer(r, 0);
	rig_offer(r, 0);
	ASSERT_EQ(2, rig_pop(r, 8));
	EXPECT_FALSE(vhx_split_kick_enable(&r->ring));
	EXPECT_EQ(2, le16toh(*rig_avail_event(r)));
	vhx_split_kick_disable(&r->ring);
	EXPECT_EQ(0, le16toh(r->used->flags));
	rig_offer(r, 0);
	EXPECT_TRUE(vhx_split_kick_enable(&r->ring));
}

/* What was seen and left does not keep a worker spinning. */
TEST_F(split, kick_for_what_is_new)
{
	struct rig *r = &self->rig;

	r->ring.event_idx = true;
	rig_offer(r, 0);
	rig_offer(r, 0);
	ASSERT_EQ(1, rig_pop(r, 1));
	vhx_split_unpop(&r->ring, r->chains[0].pos);
	EXPECT_FALSE(vhx_split_kick_enable(&r->ring));
	EXPECT_EQ(2, le16toh(*rig_avail_event(r)));
	rig_offer(r, 0);
	EXPECT_TRUE(vhx_split_kick_enable(&r->ring));
	EXPECT_EQ(2, rig_pop(r, 8));
	EXPECT_EQ(1, rig_pop(r, 8));
}

TEST_F(split, call_by_flag)
{
	const struct vhx_used used = { 0, 0 };
	struct rig *r = &self->rig;

	vhx_split_push(&r->ring, &used, 1);
	EXPECT_TRUE(vhx_split_need_call(&r->ring));
	r->avail->flags = htole16(VRING_AVAIL_F_NO_INTERRUPT);
	EXPECT_FALSE(vhx_split_need_call(&r->ring));
}

TEST_F(split, call_by_event)
{
	const struct vhx_used used = { 0, 0 };
	struct rig *r = &self->rig;
	int i;

	r->ring.event_idx = true;
	/* The first time nothing is known of what was signalled. */
	*rig_used_event(r) = htole16(1000);
	vhx_split_push(&r->ring, &used, 1);
	EXPECT_TRUE(vhx_split_need_call(&r->ring));

	*rig_used_event(r) = htole16(4);
	for (i = 2; i <= 4; i++) {
		vhx_split_push(&r->ring, &used, 1);
		EXPECT_FALSE(vhx_split_need_call(&r->ring));
	}
	vhx_split_push(&r->ring, &used, 1);
	EXPECT_TRUE(vhx_split_need_call(&r->ring));
	vhx_split_push(&r->ring, &used, 1);
	EXPECT_FALSE(vhx_split_need_call(&r->ring));
}

/* The event was passed in the middle of what was pushed meanwhile. */
TEST_F(split, call_for_a_batch)
{
	const struct vhx_used used[4] = {};
	struct rig *r = &self->rig;

	r->ring.event_idx = true;
	vhx_split_need_call(&r->ring);
	*rig_used_event(r) = htole16(2);
	vhx_split_push(&r->ring, used, 4);
	EXPECT_TRUE(vhx_split_need_call(&r->ring));
}

/* So much was pushed unasked that the event may mean a turn before. */
TEST_F(split, call_after_a_whole_turn)
{
	const struct vhx_used used[8] = {};
	struct rig *r = &self->rig;
	u32 i;

	r->ring.event_idx = true;
	vhx_split_push(&r->ring, used, 1);
	vhx_split_need_call(&r->ring);
	*rig_used_event(r) = htole16(20000);
	for (i = 0; i < 65536 / 8; i++)
		vhx_split_push(&r->ring, used, 8);
	EXPECT_TRUE(vhx_split_need_call(&r->ring));
}

TEST_HARNESS_MAIN
