// SPDX-License-Identifier: GPL-2.0
/*
 * A queue of a running disk that the driver resets (VIRTIO_F_RING_RESET), with
 * requests in flight in this one and in the other: disabled, it has nothing in
 * flight, and may begin elsewhere; the other goes on.
 */
#include "harness.h"
#include "blkdev_fixture.h"

#define DEPTH	30

static struct blkreq reqs[2][DEPTH];

FIXTURE(reset)
{
	struct blkdev b;
};

FIXTURE_VARIANT(reset)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(reset)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(reset)
{
	blkdev_close(&self->b);
}

#define SLOW_PAIR(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = {							\
			.kind = BLK_VDPA, .features = (f), .queues = 2,	\
			.pinned = RING_PINNED(f),			\
			.disk = { .delay_ns = 50 * 1000 * 1000 },	\
		})

RING_MATRIX(reset, vhx, SLOW_PAIR,
	    BLK_PLAIN | BIT_ULL(VIRTIO_F_RING_RESET));

static void fill(struct __test_metadata *_metadata, struct blkdev *b,
		 unsigned int q)
{
	unsigned int i;

	for (i = 0; i < DEPTH; i++) {
		reqs[q][i] = (struct blkreq){
			.type = VIRTIO_BLK_T_IN, .sector = i, .in_len = 512,
		};
		ASSERT_EQ(0, blk_add(b, q, &reqs[q][i], i));
	}
	vq_kick(&b->dev.vq[q]);
}

static void reap(struct __test_metadata *_metadata, struct blkdev *b,
		 unsigned int q, unsigned int count)
{
	struct vq *vq = &b->dev.vq[q];
	struct vq_done done;

	while (count--) {
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&reqs[q][done.token]));
		EXPECT_EQ(513, done.len);
	}
	EXPECT_FALSE(vq_more_used(vq));
}

static void new_ring(struct __test_metadata *_metadata, struct blkdev *b,
		     __u16 num)
{
	struct vq *vq = &b->dev.vq[1];
	unsigned int flags = 0;

	flags |= vq->packed ? VQ_PACKED : 0;
	flags |= vq->event_idx ? VQ_EVENT_IDX : 0;
	flags |= vq->in_order ? VQ_IN_ORDER : 0;
	flags |= vq->table_len ? VQ_INDIRECT : 0;
	vq_exit(vq);
	ASSERT_EQ(0, vq_init(vq, &b->mem, num, flags));
	ASSERT_EQ(0, vdpa_set_vring(&b->dev, 1))
		TH_LOG("%s", b->dev.what);
	ASSERT_EQ(0, vring_set_call(&b->dev, 1, vq->call));
	ASSERT_EQ(0, vring_set_err(&b->dev, 1, vq->err));
}

TEST_F(reset, one_of_two)
{
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[1];
	const __u16 sizes[] = { 128, vq->packed ? 100 : 64, 256 };
	unsigned int i, ready;
	__u32 base;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fill(_metadata, b, 0);
		fill(_metadata, b, 1);
		ASSERT_EQ(0, vdpa_enable(&b->dev, 1, false));
		ready = vq_ready(vq);
		ASSERT_EQ(0, vring_get_base(&b->dev, 1, &base));
		EXPECT_EQ(vq_ready_base(vq), base);
		reap(_metadata, b, 1, ready);

		new_ring(_metadata, b, sizes[i]);
		fill(_metadata, b, 1);
		reap(_metadata, b, 1, DEPTH);
		reap(_metadata, b, 0, DEPTH);
		arena_reset(&b->arena);
	}
	EXPECT_FALSE(event_take(b->dev.vq[0].err));
	EXPECT_FALSE(event_take(vq->err));
}

FIXTURE(no_reset)
{
	struct blkdev b;
};

FIXTURE_VARIANT(no_reset)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(no_reset)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(no_reset)
{
	blkdev_close(&self->b);
}

RING_BOTH(no_reset, vhx, SLOW_PAIR, BLK_PLAIN);

/* Who did not ask for it does not get it. */
TEST_F(no_reset, not_negotiated)
{
	struct blkdev *b = &self->b;

	ASSERT_EQ(0, vdpa_enable(&b->dev, 1, false));
	EXPECT_EQ(-EINVAL, vring_set_base(&b->dev, 1, 0));
	fill(_metadata, b, 0);
	reap(_metadata, b, 0, DEPTH);
}

TEST_HARNESS_MAIN
