// SPDX-License-Identifier: GPL-2.0
/*
 * A disk that takes a few requests at once, so that the worker sleeps until it
 * takes more: nothing but the requests that wait for the disk may wait for the
 * worker.
 */
#include <stdio.h>
#include <unistd.h>

#include "harness.h"
#include "attr.h"
#include "blkdev_fixture.h"
#include "dm.h"

/*
 * The disk does DEPTH requests in DELAY_MS, and the block layer holds as many
 * again. So the worker sleeps until all but 2 * DEPTH of its requests are done.
 */
#define DEPTH		4
#define DELAY_MS	200
#define REQS		32

/* That many are done while the worker surely sleeps. */
#define FEW		(REQS - 4 * DEPTH)

#define FEW_TAGS	.disk = {					\
		.delay_ns = DELAY_MS * 1000UL * 1000, .depth = DEPTH,	\
	}

static struct blkreq reqs[256];

FIXTURE(tags)
{
	struct blkdev b;
};

FIXTURE_VARIANT(tags)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(tags)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(tags)
{
	blkdev_close(&self->b);
}

FIXTURE_VARIANT_ADD(tags, vdpa_split)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT, FEW_TAGS },
};

FIXTURE_VARIANT_ADD(tags, vhost_packed)
{
	.o = { .kind = BLK_VHOST, .features = BLK_INDIRECT | RING_PACKED,
	       FEW_TAGS },
};

/*
 * Reads of a sector each, the first from @first, the others apart from each
 * other so that they are not merged; to where they are not aligned if @off is
 * odd.
 */
static void add_reads(struct __test_metadata *_metadata, struct blkdev *b,
		      size_t off, __u64 first, __u64 rest)
{
	char *room = gmem_alloc(&b->mem, REQS * 1024, 1024);
	struct virtio_blk_outhdr h = { .type = VIRTIO_BLK_T_IN };
	unsigned int i;

	for (i = 0; i < REQS; i++) {
		struct chain *c = &reqs[i].c;

		h.sector = i ? rest + 8 * i : first;
		chain_init(c, &b->arena);
		chain_add(c, &b->arena, sizeof(h), false, NULL);
		chain_put(c, 0, &h, sizeof(h));
		chain_add_at(c, room + i * 1024 + off, 512, true);
		chain_add(c, &b->arena, 1, true, NULL);
		ASSERT_EQ(0, chain_submit(&b->dev.vq[0], c, i));
	}
}

static void reap(struct __test_metadata *_metadata, struct blkdev *b,
		 unsigned int n)
{
	struct vq *vq = &b->dev.vq[0];
	struct vq_done done;

	while (n--) {
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		EXPECT_EQ(513, done.len);
	}
	EXPECT_FALSE(vq_more_used(vq));
}

/* The memory table is replaced while the worker sleeps. */
TEST_F(tags, memory_update)
{
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];

	add_reads(_metadata, b, 0, 0, 0);
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(0, b->kind == BLK_VDPA ?
		  vdpa_remap_all(&b->dev, 1 << 20) :
		  vhost_set_mem_cut(&b->dev, 1 << 20));
	EXPECT_GE(FEW, vq_ready(vq))
		TH_LOG("the update waited for the disk");
	reap(_metadata, b, REQS);
}

/* What is read is copied, and the guest called, while the worker sleeps. */
TEST_F(tags, copies)
{
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];

	add_reads(_metadata, b, 1, 0, 0);
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	EXPECT_GE(FEW, vq_ready(vq))
		TH_LOG("the first completion waited for the worker");
	reap(_metadata, b, REQS);
}

/*
 * More data on the ring than could be read in minutes: a stop waits only for
 * what the disk was given, and the base tells the rest.
 */
TEST_F(tags, stop)
{
	enum { PIECES = 60, PIECE = 256 << 10, N = 200, MOST = 20 };
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	char *data = gmem_alloc(&b->mem, PIECE, 4096);
	struct virtio_blk_outhdr h = { .type = VIRTIO_BLK_T_IN };
	unsigned int i, k;

	for (i = 0; i < N; i++) {
		struct chain *c = &reqs[i].c;

		chain_init(c, &b->arena);
		chain_add(c, &b->arena, sizeof(h), false, NULL);
		chain_put(c, 0, &h, sizeof(h));
		for (k = 0; k < PIECES; k++)
			chain_add_at(c, data, PIECE, true);
		chain_add(c, &b->arena, 1, true, NULL);
		ASSERT_EQ(0, chain_submit(vq, c, i));
	}
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(0, blkdev_stop(b))
		TH_LOG("%s", b->dev.what);
	EXPECT_GE(MOST, vq_ready(vq))
		TH_LOG("the stop waited for what was on the ring");
	EXPECT_EQ(vq->base, vq_ready_base(vq));
}

/*
 * A disk whose first part completes a request when it is given it, and whose
 * rest has few tags.
 */
FIXTURE(halves)
{
	struct disk slow;
	struct dm dm;
	struct blkdev b;
};

#define RAM		"/dev/ram0"
#define RAM_SECTORS	8

FIXTURE_SETUP(halves)
{
	const struct disk_opts o = {
		.mib = 64, .delay_ns = DELAY_MS * 1000UL * 1000,
		.depth = DEPTH,
	};
	struct dm_target t[2] = {
		{ 0, RAM_SECTORS, "linear", RAM " 0" },
		{ RAM_SECTORS, 1024, "linear" },
	};
	struct blkdev_opts blk = {
		.kind = BLK_VDPA, .features = BLK_INDIRECT,
	};
	int err;

	self->b.dev.fd = -1;
	self->b.backend = -1;
	if (access(RAM, F_OK))
		module_load("brd", "rd_nr=1");
	ASSERT_EQ(0, access(RAM, F_OK));
	ASSERT_EQ(0, disk_create(&self->slow, "vhxt_slow", &o));
	snprintf(t[1].params, sizeof(t[1].params), "%s 0", self->slow.path);
	err = dm_create(&self->dm, "vhxt_halves", t, 2);
	if (err == -ENODEV)
		SKIP(return, "no device-mapper");
	ASSERT_EQ(0, err);
	blk.backend = self->dm.path;
	blk_fixture_start(_metadata, &self->b, &blk);
}

FIXTURE_TEARDOWN(halves)
{
	if (self->b.path[0])
		blkdev_close(&self->b);
	dm_destroy(&self->dm);
	disk_destroy(&self->slow);
}

/* The worker's own completion is called for before it sleeps. */
TEST_F(halves, call)
{
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];

	add_reads(_metadata, b, 0, 0, RAM_SECTORS);
	/* Not looked at before the call: it is the call that is waited for. */
	vq_call_after(vq, 1);
	vq_kick(vq);
	ASSERT_EQ(0, event_wait(vq->call, WAIT_MS));
	EXPECT_GE(FEW, vq_ready(vq))
		TH_LOG("the call waited for the worker");
	reap(_metadata, b, REQS);
}

TEST_HARNESS_MAIN
