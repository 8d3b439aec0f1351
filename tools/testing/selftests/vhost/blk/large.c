// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of any size: a driver that did not accept SIZE_MAX and SEG_MAX has
 * no limit but the ring's. What is too large to be done at once is done in
 * pieces, and is one request all the same.
 */
#include "harness.h"
#include "blkdev_fixture.h"

#define MIB	(1U << 20)

/* More than a piece, and not a whole number of them. */
#define LARGE	(17 * MIB + 1536)

FIXTURE(large)
{
	struct blkdev b;
	char *room;
	char *want;
};

FIXTURE_VARIANT(large)
{
	struct blkdev_opts o;
	size_t off;
};

FIXTURE_SETUP(large)
{
	self->want = malloc(LARGE);
	ASSERT_TRUE(!!self->want);
	blk_fixture_start(_metadata, &self->b, &variant->o);
	self->room = gmem_alloc(&self->b.mem, LARGE + 4096, 4096);
	self->room += variant->off;
}

FIXTURE_TEARDOWN(large)
{
	blkdev_close(&self->b);
	free(self->want);
}

#define DISK_MIB	128

#define LARGE_ON(personality, f, at, pin)	{			\
	.o = {								\
		.kind = (personality), .features = (f),			\
		.pinned = (pin),					\
		.mem = 24 * MIB, .nregions = 5,				\
		.disk = { .mib = DISK_MIB },				\
	},								\
	.off = (at),							\
}

FIXTURE_VARIANT_ADD(large, split)
	LARGE_ON(BLK_VDPA, BLK_INDIRECT, 0, false);
FIXTURE_VARIANT_ADD(large, packed_in_order_copied)
	LARGE_ON(BLK_VDPA, BLK_PLAIN | RING_PACKED | RING_ALL, 7, false);
FIXTURE_VARIANT_ADD(large, vhost)
	LARGE_ON(BLK_VHOST, BLK_EVENT, 0, false);
FIXTURE_VARIANT_ADD(large, pinned)
	LARGE_ON(BLK_VDPA, BLK_INDIRECT, 0, true);
FIXTURE_VARIANT_ADD(large, packed_pinned_copied)
	LARGE_ON(BLK_VDPA, BLK_PLAIN | RING_PACKED, 7, true);

/* A request of @pieces of @len bytes of the same memory each. */
static void add(struct __test_metadata *_metadata, struct blkdev *b,
		struct blkreq *r, void *data, size_t len, unsigned int pieces,
		__u32 token)
{
	const bool in = r->type == VIRTIO_BLK_T_IN;
	struct virtio_blk_outhdr h = { .type = r->type, .sector = r->sector };
	__u8 untouched = BLK_UNTOUCHED;

	r->in_len = in ? len * pieces : 0;
	chain_init(&r->c, &b->arena);
	chain_add(&r->c, &b->arena, sizeof(h), false, NULL);
	chain_put(&r->c, 0, &h, sizeof(h));
	while (pieces--)
		chain_add_at(&r->c, data, len, in);
	chain_add(&r->c, &b->arena, 1, true, NULL);
	chain_put(&r->c, chain_len(&r->c, false) + r->in_len, &untouched, 1);
	ASSERT_EQ(0, chain_submit(&b->dev.vq[0], &r->c, token));
}

static __u8 done(struct __test_metadata *_metadata, struct blkdev *b,
		 const struct blkreq *r, __u32 token)
{
	struct vq *vq = &b->dev.vq[0];
	struct vq_done d = { 0 };
	__u8 status;

	EXPECT_EQ(0, vq_wait(vq, WAIT_MS));
	EXPECT_EQ(1, vq_pop(vq, &d));
	EXPECT_EQ(token, d.token);
	status = blk_status(r);
	EXPECT_EQ(status == VIRTIO_BLK_S_OK ? r->in_len + 1 : 1, d.len);
	return status;
}

static void check_disk(struct __test_metadata *_metadata, struct blkdev *b,
		       __u64 off, const char *want, size_t len)
{
	char *got = malloc(len);

	ASSERT_EQ(0, disk_read(&b->disk, off, got, len));
	EXPECT_EQ(0, memcmp(want, got, len));
	free(got);
}

TEST_F(large, write)
{
	struct blkdev *b = &self->b;
	struct blkreq r = { .type = VIRTIO_BLK_T_OUT, .sector = 3 };

	blk_pattern(self->room, LARGE, 1);
	add(_metadata, b, &r, self->room, LARGE, 1, 0);
	vq_kick(&b->dev.vq[0]);
	EXPECT_EQ(VIRTIO_BLK_S_OK, done(_metadata, b, &r, 0));
	check_disk(_metadata, b, 3 * BLK_SECTOR, self->room, LARGE);
}

TEST_F(large, read)
{
	struct blkdev *b = &self->b;
	struct blkreq r = { .type = VIRTIO_BLK_T_IN, .sector = 5 };

	blk_pattern(self->want, LARGE, 2);
	ASSERT_EQ(0, disk_write(&b->disk, 5 * BLK_SECTOR, self->want, LARGE));
	self->room[LARGE] = 0x55;
	add(_metadata, b, &r, self->room, LARGE, 1, 0);
	vq_kick(&b->dev.vq[0]);
	EXPECT_EQ(VIRTIO_BLK_S_OK, done(_metadata, b, &r, 0));
	EXPECT_EQ(0, memcmp(self->want, self->room, LARGE));
	EXPECT_EQ(0x55, self->room[LARGE]);
}

/* Small ones before and behind it, as it is the turn of each. */
TEST_F(large, among_others)
{
	struct blkdev *b = &self->b;
	struct blkreq w[5], id = { .type = VIRTIO_BLK_T_GET_ID, .in_len = 20 };
	unsigned int i;

	for (i = 0; i < 5; i++) {
		w[i] = (struct blkreq){
			.type = VIRTIO_BLK_T_OUT, .sector = i * 40000,
		};
		add(_metadata, b, &w[i], self->room, i & 1 ? LARGE : 512, 1, i);
	}
	ASSERT_EQ(0, blk_add(b, 0, &id, 5));
	blk_pattern(self->room, LARGE, 4);
	vq_kick(&b->dev.vq[0]);
	for (i = 0; i < 6; i++) {
		struct vq_done d = { 0 };

		ASSERT_EQ(0, vq_wait(&b->dev.vq[0], WAIT_MS));
		ASSERT_EQ(1, vq_pop(&b->dev.vq[0], &d));
	}
	for (i = 0; i < 5; i++)
		EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&w[i]));
	EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&id));
	check_disk(_metadata, b, 120000 * BLK_SECTOR, self->room, LARGE);
	EXPECT_FALSE(vq_more_used(&b->dev.vq[0]));
}

/* Past the end it is refused as a whole, before anything of it is written. */
TEST_F(large, past_the_end)
{
	struct blkdev *b = &self->b;
	const __u64 at = DISK_MIB * MIB - LARGE + BLK_SECTOR;
	struct blkreq r = {
		.type = VIRTIO_BLK_T_OUT, .sector = at / BLK_SECTOR,
	};

	memset(self->want, 0, LARGE);
	memset(self->room, 0x11, LARGE);
	add(_metadata, b, &r, self->room, LARGE, 1, 0);
	vq_kick(&b->dev.vq[0]);
	EXPECT_EQ(VIRTIO_BLK_S_IOERR, done(_metadata, b, &r, 0));
	check_disk(_metadata, b, at, self->want, LARGE - BLK_SECTOR);
}

/* A piece that fails makes the request fail, and the next one begins anew. */
TEST_F(large, fails)
{
	struct blkdev *b = &self->b;
	struct blkreq r = { .type = VIRTIO_BLK_T_OUT };
	unsigned int i;

	ASSERT_EQ(0, disk_break(&b->disk, 33000, 33007));
	for (i = 0; i < 2; i++) {
		blk_pattern(self->room, LARGE, 5 + i);
		r.sector = 0;
		add(_metadata, b, &r, self->room, LARGE, 1, 0);
		vq_kick(&b->dev.vq[0]);
		EXPECT_EQ(VIRTIO_BLK_S_IOERR, done(_metadata, b, &r, 0));
		r.sector = 50000;
		add(_metadata, b, &r, self->room, LARGE, 1, 1);
		vq_kick(&b->dev.vq[0]);
		EXPECT_EQ(VIRTIO_BLK_S_OK, done(_metadata, b, &r, 1));
	}
	check_disk(_metadata, b, 50000 * BLK_SECTOR, self->room, LARGE);
}

/* More than the configuration space allows, on a disk that keeps nothing. */
FIXTURE(beyond)
{
	struct blkdev b;
};

FIXTURE_SETUP(beyond)
{
	const struct blkdev_opts o = {
		.kind = BLK_VDPA, .features = BLK_INDIRECT,
		.mem = 9 * MIB,
		.disk = { .mib = 1024, .forgets = true },
	};

	blk_fixture_start(_metadata, &self->b, &o);
}

FIXTURE_TEARDOWN(beyond)
{
	blkdev_close(&self->b);
}

TEST_F(beyond, limits)
{
	struct blkdev *b = &self->b;
	char *room = gmem_alloc(&b->mem, 5 * MIB, 4096);
	struct blkreq r = { .type = VIRTIO_BLK_T_OUT };
	unsigned int i;

	/* 300 MiB; then 20 MiB that the disk can't take from where they are. */
	for (i = 0; i < 2; i++) {
		add(_metadata, b, &r, room + i, i ? MIB : 5 * MIB,
		    i ? 20 : 60, i);
		vq_kick(&b->dev.vq[0]);
		EXPECT_EQ(VIRTIO_BLK_S_OK, done(_metadata, b, &r, i));
	}
}

/*
 * Stopped in the middle the queue has nothing in flight, and its base is at the
 * request, or behind it if it was done: then it does it again, and as a whole.
 */
FIXTURE(stop)
{
	struct blkdev b;
	char *room;
};

FIXTURE_VARIANT(stop)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(stop)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
	self->room = gmem_alloc(&self->b.mem, LARGE, 4096);
}

FIXTURE_TEARDOWN(stop)
{
	blkdev_close(&self->b);
}

#define SLOW_LARGE(personality, f)	{				\
	.o = {								\
		.kind = (personality), .features = (f),			\
		.mem = 24 * MIB,					\
		.disk = { .mib = 32, .delay_ns = 100 * 1000 * 1000,	\
			  .depth = 4 },					\
	},								\
}

FIXTURE_VARIANT_ADD(stop, split) SLOW_LARGE(BLK_VDPA, BLK_INDIRECT);
FIXTURE_VARIANT_ADD(stop, packed)
	SLOW_LARGE(BLK_VDPA, BLK_INDIRECT | RING_PACKED | RING_IN_ORDER);
FIXTURE_VARIANT_ADD(stop, vhost) SLOW_LARGE(BLK_VHOST, BLK_INDIRECT);

TEST_F(stop, in_the_middle)
{
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	struct blkreq w = { .type = VIRTIO_BLK_T_OUT, .sector = 1 };
	struct blkreq id = { .type = VIRTIO_BLK_T_GET_ID, .in_len = 20 };
	struct vq_done d;

	/* Once this is answered the worker is about to begin with the next. */
	ASSERT_EQ(0, blk_add(b, 0, &id, 0));
	blk_pattern(self->room, LARGE, 1);
	add(_metadata, b, &w, self->room, LARGE, 1, 1);
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &d));
	EXPECT_EQ(0, d.token);

	ASSERT_EQ(0, blkdev_stop(b))
		TH_LOG("%s", b->dev.what);
	EXPECT_EQ(vq->base, vq_ready_base(vq));
	EXPECT_EQ(0, vq_ready(vq))
		TH_LOG("it was done before the stop");
	EXPECT_EQ(BLK_UNTOUCHED, blk_status(&w));
	/* It is the driver's memory again: nothing must read the new data. */
	blk_pattern(self->room, LARGE, 2);
	ASSERT_EQ(0, blkdev_resume(b))
		TH_LOG("%s", b->dev.what);
	EXPECT_EQ(VIRTIO_BLK_S_OK, done(_metadata, b, &w, 1));
	check_disk(_metadata, b, BLK_SECTOR, self->room, LARGE);
}

/* Memory is remapped under it: each piece takes what is there then. */
TEST_F(stop, remap)
{
	struct blkdev *b = &self->b;
	struct blkreq w = { .type = VIRTIO_BLK_T_OUT, .sector = 1 };
	unsigned int i;

	blk_pattern(self->room, LARGE, 3);
	add(_metadata, b, &w, self->room, LARGE, 1, 0);
	vq_kick(&b->dev.vq[0]);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, b->kind == BLK_VDPA ?
			  vdpa_remap_all(&b->dev, MIB << i) :
			  vhost_set_mem_cut(&b->dev, MIB << i));
	EXPECT_EQ(VIRTIO_BLK_S_OK, done(_metadata, b, &w, 0));
	check_disk(_metadata, b, BLK_SECTOR, self->room, LARGE);
	EXPECT_FALSE(event_take(b->dev.vq[0].err));
}

TEST_HARNESS_MAIN
