// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the notifications in both directions and in both formats, by flags
 * and by event indices (virtio 1.3, 2.7.7, 2.7.10, 2.8.14).
 */
#include "kselftest_harness.h"
#include "rig.h"

FIXTURE(notify)
{
	struct rig rig;
};

FIXTURE_VARIANT(notify)
{
	bool packed;
	u16 num;
	u32 base;
};

FIXTURE_VARIANT_ADD(notify, split) { false, 8, 0 };
FIXTURE_VARIANT_ADD(notify, split_end) { false, 8, 65533 };
FIXTURE_VARIANT_ADD(notify, packed) { true, 8, 0x80008000 };
FIXTURE_VARIANT_ADD(notify, packed_end) { true, 8, 0x80068006 };
FIXTURE_VARIANT_ADD(notify, packed_odd) { true, 5, 0x00030003 };

FIXTURE_SETUP(notify)
{
	rig_init(&self->rig, variant->packed, variant->num, variant->base, 0);
}

FIXTURE_TEARDOWN(notify)
{
	rig_free(&self->rig);
}

static void negotiate(struct rig *r, unsigned int features)
{
	struct rig old = *r;

	rig_init(r, old.c.packed, old.c.num, old.c.base, features);
	rig_free(&old);
}

/* Adds, pops and pushes a batch of @n buffers. */
static void serve(struct __test_metadata *_metadata, struct rig *r,
		  unsigned int n)
{
	struct vhx_used used[8];
	unsigned int i;

	for (i = 0; i < n; i++)
		rig_add_one(r, i, 1, 0);
	ASSERT_EQ(n, rig_pop(r, n));
	for (i = 0; i < n; i++)
		used[i] = (struct vhx_used){ r->chains[i].id, 0 };
	ASSERT_TRUE(vhx_ring_push(&r->ring, used, n));
}

TEST_F(notify, kick_by_flag)
{
	struct rig *r = &self->rig;

	EXPECT_FALSE(rig_kick_is_off(r));
	vhx_ring_kick_disable(&r->ring);
	EXPECT_TRUE(rig_kick_is_off(r));
	EXPECT_FALSE(vhx_ring_kick_enable(&r->ring));
	EXPECT_FALSE(rig_kick_is_off(r));
	EXPECT_EQ(0, rig_kick_event(r));
	rig_add_one(r, 0, 1, 0);
	EXPECT_TRUE(vhx_ring_kick_enable(&r->ring));
}

TEST_F(notify, kick_by_event)
{
	struct rig *r = &self->rig;

	negotiate(r, EVENT);
	rig_add_one(r, 0, 1, 0);
	rig_add_one(r, 1, 1, 0);
	ASSERT_EQ(2, rig_pop(r, 8));
	EXPECT_FALSE(vhx_ring_kick_enable(&r->ring));
	EXPECT_EQ(rig_place(r, 2), rig_kick_event(r));
	vhx_ring_kick_disable(&r->ring);
	/* On a split ring this needs no flag: the event index stays behind. */
	EXPECT_EQ(variant->packed, rig_kick_is_off(r));
	rig_add_one(r, 2, 1, 0);
	EXPECT_TRUE(vhx_ring_kick_enable(&r->ring));
}

TEST_F(notify, kick_from_the_beginning)
{
	struct rig *r = &self->rig;

	negotiate(r, EVENT);
	if (variant->packed) {
		EXPECT_EQ(rig_place(r, 0), rig_kick_event(r));
		EXPECT_EQ(VRING_PACKED_EVENT_FLAG_DESC, le16toh(r->device[1]));
	}
	EXPECT_FALSE(vhx_ring_kick_enable(&r->ring));
	EXPECT_EQ(rig_place(r, 0), rig_kick_event(r));
}

/* Buffers that were seen and given back must not keep a worker spinning. */
TEST_F(notify, kick_for_what_is_new)
{
	struct rig *r = &self->rig;

	negotiate(r, EVENT);
	rig_add_one(r, 0, 1, 0);
	rig_add_one(r, 1, 1, 0);
	ASSERT_EQ(2, rig_pop(r, 2));
	vhx_ring_unpop(&r->ring, r->chains[0].pos);
	EXPECT_FALSE(vhx_ring_kick_enable(&r->ring));
	EXPECT_EQ(rig_place(r, 2), rig_kick_event(r));
	EXPECT_FALSE(vhx_ring_more(&r->ring));
	rig_add_one(r, 2, 1, 0);
	EXPECT_TRUE(vhx_ring_more(&r->ring));
	EXPECT_TRUE(vhx_ring_kick_enable(&r->ring));
	/* The same buffers again, of which one is kept. */
	ASSERT_EQ(2, rig_pop(r, 2));
	vhx_ring_unpop(&r->ring, r->chains[1].pos);
	EXPECT_TRUE(vhx_ring_kick_enable(&r->ring));
	EXPECT_EQ(rig_place(r, 2), rig_kick_event(r));
	/*
	 * A split ring needs two pops: it reads the index when it knows none.
	 */
	ASSERT_EQ(2, rig_pop(r, 8) + rig_pop(r, 8));
	EXPECT_FALSE(vhx_ring_kick_enable(&r->ring));
	EXPECT_EQ(rig_place(r, 3), rig_kick_event(r));
}

/* A whole ring of buffers is seen, given back and popped again. */
TEST_F(notify, kick_after_a_whole_ring)
{
	unsigned int num = variant->num, i;
	struct rig *r = &self->rig;

	negotiate(r, EVENT);
	for (i = 0; i < num; i++)
		rig_add_one(r, i, 1, 0);
	ASSERT_EQ(num, rig_pop(r, num));
	vhx_ring_unpop(&r->ring, r->chains[0].pos);
	ASSERT_EQ(num, rig_pop(r, num));
	EXPECT_FALSE(vhx_ring_kick_enable(&r->ring));
	EXPECT_EQ(rig_place(r, num), rig_kick_event(r));
	for (i = 0; i < num; i++)
		rig_push(r, i, 0);
	rig_add_one(r, 0, 1, 0);
	EXPECT_TRUE(vhx_ring_more(&r->ring));
	EXPECT_TRUE(vhx_ring_kick_enable(&r->ring));
}

TEST_F(notify, call_by_flag)
{
	struct rig *r = &self->rig;

	serve(_metadata, r, 1);
	EXPECT_TRUE(vhx_ring_need_call(&r->ring));
	rig_no_call(r);
	EXPECT_FALSE(vhx_ring_need_call(&r->ring));
	serve(_metadata, r, 1);
	EXPECT_FALSE(vhx_ring_need_call(&r->ring));
}

TEST_F(notify, call_by_event)
{
	struct rig *r = &self->rig;
	unsigned int i;

	negotiate(r, EVENT);
	/* The first call is always made. */
	rig_call_at(r, 3);
	serve(_metadata, r, 1);
	EXPECT_TRUE(vhx_ring_need_call(&r->ring));

	rig_call_at(r, 4);
	for (i = 2; i <= 4; i++) {
		serve(_metadata, r, 1);
		EXPECT_FALSE(vhx_ring_need_call(&r->ring));
	}
	serve(_metadata, r, 1);
	EXPECT_TRUE(vhx_ring_need_call(&r->ring));
	serve(_metadata, r, 1);
	EXPECT_FALSE(vhx_ring_need_call(&r->ring));
}

/* Events all around the ring: no call before, one at and none after each. */
TEST_F(notify, call_at_every_place)
{
	struct rig *r = &self->rig;
	unsigned int i;

	negotiate(r, EVENT);
	vhx_ring_need_call(&r->ring);
	for (i = 0; i < 10 * r->c.num; i += 3) {
		rig_call_at(r, i + 1);
		serve(_metadata, r, 1);
		EXPECT_FALSE(vhx_ring_need_call(&r->ring));
		serve(_metadata, r, 1);
		EXPECT_TRUE(vhx_ring_need_call(&r->ring));
		serve(_metadata, r, 1);
		EXPECT_FALSE(vhx_ring_need_call(&r->ring));
	}
}

/* The event is in the middle of a batch. */
TEST_F(notify, call_for_a_batch)
{
	struct rig *r = &self->rig;

	negotiate(r, EVENT);
	vhx_ring_need_call(&r->ring);
	rig_call_at(r, 2);
	serve(_metadata, r, 4);
	EXPECT_TRUE(vhx_ring_need_call(&r->ring));
	serve(_metadata, r, 2);
	EXPECT_FALSE(vhx_ring_need_call(&r->ring));
}

/*
 * A whole turn of the ring or of the index was pushed since the last
 * need_call(), so the event was passed wherever it is.
 */
TEST_F(notify, call_after_a_whole_turn)
{
	struct rig *r = &self->rig;
	u32 i;

	negotiate(r, EVENT);
	serve(_metadata, r, 1);
	vhx_ring_need_call(&r->ring);
	rig_call_at(r, 0);
	for (i = 0; i < (variant->packed ? 2 : 65536 / 4); i++)
		serve(_metadata, r, variant->packed ? r->c.num : 4);
	rig_call_at(r, variant->packed ? 2 * r->c.num + 1 : 20000);
	EXPECT_TRUE(vhx_ring_need_call(&r->ring));
}

/*
 * After exactly a turn the next entry has the offset of the first one. The wrap
 * counter tells which of them the event is.
 */
TEST(packed_call_after_exactly_a_turn)
{
	struct rig r;

	rig_init(&r, true, 5, 0x80038003, EVENT);
	vhx_ring_need_call(&r.ring);
	rig_call_at(&r, 0);
	serve(_metadata, &r, 5);
	EXPECT_TRUE(vhx_ring_need_call(&r.ring));
	/* The entry after this turn. */
	rig_call_at(&r, 10);
	serve(_metadata, &r, 5);
	EXPECT_FALSE(vhx_ring_need_call(&r.ring));
	rig_free(&r);
}

/* The event flags of a packed ring's driver; an invalid value enables calls. */
TEST(packed_call_flags)
{
	struct rig r;

	rig_init(&r, true, 8, 0x80008000, EVENT);
	vhx_ring_need_call(&r.ring);
	rig_call_at(&r, 3);
	serve(_metadata, &r, 1);
	EXPECT_FALSE(vhx_ring_need_call(&r.ring));
	r.driver[1] = htole16(VRING_PACKED_EVENT_FLAG_ENABLE);
	EXPECT_TRUE(vhx_ring_need_call(&r.ring));
	r.driver[1] = htole16(3);
	EXPECT_TRUE(vhx_ring_need_call(&r.ring));
	rig_no_call(&r);
	EXPECT_FALSE(vhx_ring_need_call(&r.ring));
	rig_free(&r);
}

TEST(packed_call_event_not_negotiated)
{
	struct rig r;

	rig_init(&r, true, 8, 0x80008000, 0);
	serve(_metadata, &r, 1);
	rig_call_at(&r, 3);
	EXPECT_TRUE(vhx_ring_need_call(&r.ring));
	EXPECT_TRUE(vhx_ring_need_call(&r.ring));
	rig_free(&r);
}

/* The first call is always made, unless calls are disabled. */
TEST(packed_call_first)
{
	struct rig r;

	rig_init(&r, true, 8, 0x80008000, EVENT);
	rig_no_call(&r);
	EXPECT_FALSE(vhx_ring_need_call(&r.ring));
	rig_restart(&r, 0x80008000);
	rig_call_at(&r, 7);
	EXPECT_TRUE(vhx_ring_need_call(&r.ring));
	EXPECT_FALSE(vhx_ring_need_call(&r.ring));
	rig_free(&r);
}

/*
 * With VIRTIO_F_NOTIFY_ON_EMPTY the driver is called once all buffers are used,
 * even if it suppresses calls.
 */
static void call_when_empty(struct __test_metadata *_metadata,
			    unsigned int features)
{
	struct rig r;

	rig_init(&r, false, 8, 0, features | ON_EMPTY);
	rig_no_call(&r);
	vhx_ring_need_call(&r.ring);
	rig_call_at(&r, 5000);
	rig_add_one(&r, 0, 1, 0);
	rig_add_one(&r, 1, 1, 0);
	ASSERT_EQ(2, rig_pop(&r, 8));
	rig_push(&r, 0, 0);
	EXPECT_FALSE(vhx_ring_need_call(&r.ring));
	rig_push(&r, 1, 0);
	EXPECT_TRUE(vhx_ring_need_call(&r.ring));
	rig_free(&r);
}

TEST(split_call_when_empty)
{
	call_when_empty(_metadata, 0);
}

TEST(split_call_when_empty_by_event)
{
	call_when_empty(_metadata, EVENT);
}

TEST_HARNESS_MAIN
