// SPDX-License-Identifier: GPL-2.0
/*
 * What must be stable is: the disk, which has a write cache, is seen to get the
 * flushes that the driver asks for, and FUA where it can't ask for any.
 */
#include "harness.h"
#include "blkdev_fixture.h"
#include "trace.h"

#define N	5

static char data[4096];

FIXTURE(durable)
{
	struct blkdev b;
};

FIXTURE_VARIANT(durable)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(durable)
{
	ASSERT_EQ(0, trace_start());
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(durable)
{
	blkdev_close(&self->b);
	trace_stop();
}

#define CACHED(personality, f)	{					\
	.o = {								\
		.kind = (personality), .features = BLK_INDIRECT | (f),	\
		.disk = { .cache_mib = 8 },				\
	},								\
}

FIXTURE_VARIANT_ADD(durable, vdpa) CACHED(BLK_VDPA, 0);
FIXTURE_VARIANT_ADD(durable, vdpa_flush)
	CACHED(BLK_VDPA, BIT_ULL(VIRTIO_BLK_F_FLUSH));
FIXTURE_VARIANT_ADD(durable, vhost) CACHED(BLK_VHOST, 0);
FIXTURE_VARIANT_ADD(durable, vhost_flush)
	CACHED(BLK_VHOST, BIT_ULL(VIRTIO_BLK_F_FLUSH));

/* A driver that has no flush is promised that what is written is stable. */
TEST_F(durable, writes)
{
	const bool flush = variant->o.features & BIT_ULL(VIRTIO_BLK_F_FLUSH);
	struct blkdev *b = &self->b;
	struct issued n;
	unsigned int i;

	for (i = 0; i < N; i++) {
		struct blkreq w = {
			.type = VIRTIO_BLK_T_OUT, .sector = 8 * i,
			.out = data, .out_len = sizeof(data),
		};

		ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &w, NULL, NULL));
	}
	ASSERT_EQ(0, trace_issued(b->disk.path, &n));
	EXPECT_EQ(N, n.writes);
	EXPECT_EQ(flush ? 0 : N, n.fua);
	EXPECT_EQ(0, n.flushes);
}

TEST_F(durable, flushes)
{
	struct blkdev *b = &self->b;
	struct issued n;
	unsigned int i;

	for (i = 0; i < N; i++) {
		struct blkreq f = { .type = VIRTIO_BLK_T_FLUSH };

		ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &f, NULL, NULL));
	}
	ASSERT_EQ(0, trace_issued(b->disk.path, &n));
	EXPECT_EQ(N, n.flushes);
}

TEST_HARNESS_MAIN
