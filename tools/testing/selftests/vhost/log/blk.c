// SPDX-License-Identifier: GPL-2.0
/*
 * The dirty log of a disk: data and status of every kind of request, and
 * nothing else.
 */
#include <pthread.h>
#include <stdlib.h>

#include "harness.h"
#include "blkdev_fixture.h"
#include "exact.h"
#include "held_disk.h"
#include "wait.h"

#define NUM	1024

/* Never what memory has before. */
static char pattern[1 << 20];

FIXTURE(blk_log)
{
	struct blkdev b;
	struct dirty log;
	struct vq *vq;
};

FIXTURE_VARIANT(blk_log)
{
	struct blkdev_opts o;
};

/* Set up, but with no queue started. Log, if @on. */
static void prepare(struct __test_metadata *_metadata, struct blkdev *b,
		    struct dirty *log, bool on)
{
	unsigned int i;

	ASSERT_EQ(0, dirty_init(log, &b->mem));
	ASSERT_EQ(0, b->kind == BLK_VHOST ? vhost_set_owner(&b->dev) :
					    vdpa_realize(&b->dev));
	ASSERT_EQ(0, dirty_set_base(&b->dev, log->log));
	if (!on)
		return;
	b->dev.features |= BIT_ULL(VHOST_F_LOG_ALL);
	for (i = 0; i < b->dev.nvqs; i++)
		b->dev.vq[i].log = true;
}

/* Start it with what is on the rings. */
static int start(struct blkdev *b)
{
	unsigned int i;
	int err;

	if (b->kind != BLK_VHOST)
		return vdpa_start(&b->dev);
	err = vhost_set_features(&b->dev);
	if (!err)
		err = vhost_set_mem(&b->dev);
	for (i = 0; !err && i < b->dev.nvqs; i++)
		err = vhost_set_vring(&b->dev, i);
	return err ? err : vhost_blk_attach(&b->dev, b->backend);
}

/* Stop it; it may be started again, with a fresh ring. */
static int stop(struct blkdev *b)
{
	int err = blkdev_stop(b);

	if (!err && b->kind != BLK_VHOST)
		err = vdpa_set_status(&b->dev, VDEV_S_DRIVER);
	return err;
}

static void open_dev(struct __test_metadata *_metadata, struct blkdev *b,
		     const struct blkdev_opts *o)
{
	struct blkdev_opts mine = *o;

	mine.num = NUM;
	mine.mem = 24 << 20;
	blk_fixture_open(_metadata, b, &mine);
	blk_pattern(pattern, sizeof(pattern), 7);
}

FIXTURE_SETUP(blk_log)
{
	open_dev(_metadata, &self->b, &variant->o);
	self->vq = &self->b.dev.vq[0];
	prepare(_metadata, &self->b, &self->log, true);
}

FIXTURE_TEARDOWN(blk_log)
{
	blkdev_close(&self->b);
	dirty_exit(&self->log);
}

RING_MATRIX(blk_log, vdpa, BLK_ON_VDPA, BLK_PLAIN);
RING_FEW(blk_log, vhost, BLK_ON_VHOST, BLK_PLAIN);
FIXTURE_VARIANT_ADD(blk_log, vdpa_regions)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT, .nregions = 5 },
};

FIXTURE_VARIANT_ADD(blk_log, vhost_regions)
{
	.o = { .kind = BLK_VHOST, .features = BLK_INDIRECT, .nregions = 5 },
};

FIXTURE_VARIANT_ADD(blk_log, vdpa_timer)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT,
	       .disk = { .delay_ns = 100 * 1000 } },
};

/* Do the requests that were added, with the log. */
static void run(struct __test_metadata *_metadata, struct blkdev *b,
		struct dirty *log, unsigned int count)
{
	struct vq *vq = &b->dev.vq[0];

	vq_publish(vq);
	dirty_begin(log, &b->dev);
	ASSERT_EQ(0, start(b))
		TH_LOG("%s", b->dev.what);
	vq_kick_always(vq);
	ASSERT_EQ(0, vq_wait_ready(vq, count, WAIT_MS))
		TH_LOG("%u used", vq_ready(vq));
	ASSERT_EQ(0, stop(b))
		TH_LOG("%s", b->dev.what);
	EXPECT_FALSE(event_take(vq->err));
}

static const size_t whole[] = { 0 };
static const size_t cut[] = { 512, 1024, 4096, 512, 8192, 0 };
static const size_t odd[] = { 3, 511, 4097, 1, 20, 20000, 0 };

/* Reads of all shapes, their data in place and through a copy. */
TEST_F(blk_log, reads)
{
	static const size_t lens[] = { 512, 4096, 8192, 65536, 262144 };
	static const size_t *const cuts[] = { NULL, whole, cut, odd };
	struct blkreq r[ARRAY_SIZE(lens) * ARRAY_SIZE(cuts)];
	unsigned int i, k, n = 0;

	vq_reset(self->vq, vq_base_after(self->vq, NUM - 7));
	ASSERT_EQ(0, disk_write(&self->b.disk, 0, pattern, sizeof(pattern)));
	for (i = 0; i < ARRAY_SIZE(lens); i++)
		for (k = 0; k < ARRAY_SIZE(cuts); k++, n++) {
			bool many = k >= 2 && lens[i] > 65536;

			r[n] = (struct blkreq){
				.type = VIRTIO_BLK_T_IN,
				.sector = n,
				.in_len = lens[i],
				.in_cuts = many ? NULL : cuts[k],
			};
			ASSERT_EQ(0, blk_add(&self->b, 0, &r[n], n));
			/* What follows is in other pages. */
			self->b.arena.at += 2 * DIRTY_PAGE;
		}
	run(_metadata, &self->b, &self->log, n);
	expect_exact(_metadata, &self->log, 20);
	for (i = 0; i < n; i++)
		EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&r[i]))
			TH_LOG("request %u", i);
}

/* The status is far behind what else is written, if anything is. */
TEST_F(blk_log, status_alone)
{
	static const struct blkreq t[] = {
		{ .type = VIRTIO_BLK_T_GET_ID, .in_len = 20 },
		{ .type = VIRTIO_BLK_T_GET_ID, .in_len = 40000 },
		{ .type = VIRTIO_BLK_T_GET_ID, .in_len = 19 },
		{ .type = VIRTIO_BLK_T_FLUSH, .in_len = 40000 },
		{ .type = VIRTIO_BLK_T_FLUSH },
		{ .type = 4711, .in_len = 40000 },
		{ .type = VIRTIO_BLK_T_OUT, .out = pattern, .out_len = 65536 },
		{ .type = VIRTIO_BLK_T_OUT, .out = pattern, .out_len = 4096,
		  .in_len = 40000 },
		{ .type = VIRTIO_BLK_T_IN, .in_len = 40001 },
		{ .type = VIRTIO_BLK_T_IN, .in_len = 40960, .sector = 1 << 30 },
		{ .type = VIRTIO_BLK_T_IN, .in_len = 40000, .hdr_len = 15 },
		{ .type = VIRTIO_BLK_T_IN, .in_len = 40000, .hdr_len = -1 },
		{ .type = VIRTIO_BLK_T_IN, .no_status = true },
	};
	static const __u8 want[] = {
		VIRTIO_BLK_S_OK, VIRTIO_BLK_S_OK, VIRTIO_BLK_S_IOERR,
		VIRTIO_BLK_S_OK, VIRTIO_BLK_S_OK, VIRTIO_BLK_S_UNSUPP,
		VIRTIO_BLK_S_OK, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR,
		VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR,
		BLK_UNTOUCHED,
	};
	struct blkreq r[ARRAY_SIZE(t)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		r[i] = t[i];
		ASSERT_EQ(0, blk_add(&self->b, 0, &r[i], i));
		self->b.arena.at += 2 * DIRTY_PAGE;
	}
	run(_metadata, &self->b, &self->log, ARRAY_SIZE(t));
	expect_exact(_metadata, &self->log, ARRAY_SIZE(t));
	for (i = 0; i < ARRAY_SIZE(t); i++)
		EXPECT_EQ(want[i], blk_status(&r[i]))
			TH_LOG("request %u", i);
}

/*
 * A read that fails may have written any of its data. One that goes through a
 * copy has written none.
 */
TEST_F(blk_log, errors)
{
	struct blkreq r[] = {
		{ .type = VIRTIO_BLK_T_IN, .sector = 1000, .in_len = 65536 },
		{ .type = VIRTIO_BLK_T_IN, .sector = 1000, .in_len = 65536,
		  .in_cuts = odd },
		{ .type = VIRTIO_BLK_T_IN, .sector = 0, .in_len = 4096 },
		{ .type = VIRTIO_BLK_T_OUT, .sector = 1000, .out = pattern,
		  .out_len = 65536, .in_len = 0 },
	};
	struct dirty_diff diff;
	unsigned int i;

	ASSERT_EQ(0, disk_write(&self->b.disk, 0, pattern, sizeof(pattern)));
	ASSERT_EQ(0, disk_break(&self->b.disk, 1016, 1016));
	/* Few enough pieces for a table. */
	r[1].in_len = 16384;
	for (i = 0; i < ARRAY_SIZE(r); i++) {
		ASSERT_EQ(0, blk_add(&self->b, 0, &r[i], i));
		self->b.arena.at += 2 * DIRTY_PAGE;
	}
	run(_metadata, &self->b, &self->log, ARRAY_SIZE(r));
	dirty_compare(&self->log, &diff);
	EXPECT_EQ(0, diff.missed)
		TH_LOG("the first one: %#llx", diff.first_missed);
	/* No more than the data of the first request, in 17 pages. */
	EXPECT_GE(17, diff.extra);
	for (i = 0; i < ARRAY_SIZE(r); i++)
		EXPECT_EQ(i == 2 ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR,
			  blk_status(&r[i]));
}

/* A request that is done in pieces. */
TEST_F(blk_log, large)
{
	const size_t len = 17 << 20;
	struct vq_seg seg[3];
	char *hdr, *data, *status;
	struct virtio_blk_outhdr h = { .type = VIRTIO_BLK_T_IN };
	size_t i;

	for (i = 0; i < len; i += sizeof(pattern))
		ASSERT_EQ(0, disk_write(&self->b.disk, i, pattern,
					sizeof(pattern)));
	hdr = gmem_alloc(&self->b.mem, DIRTY_PAGE, DIRTY_PAGE);
	data = gmem_alloc(&self->b.mem, len + DIRTY_PAGE, DIRTY_PAGE);
	status = gmem_alloc(&self->b.mem, 1, DIRTY_PAGE);
	*status = BLK_UNTOUCHED;
	memcpy(hdr, &h, sizeof(h));
	seg[0] = (struct vq_seg){ gmem_gpa(&self->b.mem, hdr), sizeof(h) };
	seg[1] = (struct vq_seg){ gmem_gpa(&self->b.mem, data) + 512,
				  (__u32)len, true };
	seg[2] = (struct vq_seg){ gmem_gpa(&self->b.mem, status), 1, true };
	ASSERT_EQ(0, vq_add(self->vq, seg, 3, 0));
	run(_metadata, &self->b, &self->log, 1);
	EXPECT_EQ(VIRTIO_BLK_S_OK, *status);
	expect_exact(_metadata, &self->log, len / DIRTY_PAGE);
}

FIXTURE(blk_switch)
{
	struct blkdev b;
	struct dirty log;
	struct disk disk;
	struct held_disk held;
	struct vq *vq;
};

FIXTURE_VARIANT(blk_switch)
{
	enum blk_kind kind;
	__u64 features;
};

#define SWITCH(fixture, name, f)					\
	RING_VARIANT(fixture, name, .kind = BLK_VDPA, .features = (f))

RING_BOTH(blk_switch, vdpa, SWITCH, BLK_PLAIN);
FIXTURE_VARIANT_ADD(blk_switch, vhost)
{
	.kind = BLK_VHOST, .features = BLK_INDIRECT,
};

FIXTURE_SETUP(blk_switch)
{
	const struct disk_opts disk = { .mib = 64 };
	struct blkdev_opts o = {
		.kind = variant->kind,
		.features = variant->features,
		.backend = self->held.path,
	};
	int err;

	ASSERT_EQ(0, disk_create(&self->disk, "vhxt_below", &disk));
	err = held_disk_create(&self->held, "vhxt_held", &self->disk, 64);
	if (err)
		disk_destroy(&self->disk);
	if (err == -ENODEV)
		SKIP(return, "no device mapper");
	ASSERT_EQ(0, err);
	open_dev(_metadata, &self->b, &o);
	self->vq = &self->b.dev.vq[0];
	prepare(_metadata, &self->b, &self->log, false);
}

FIXTURE_TEARDOWN(blk_switch)
{
	blkdev_close(&self->b);
	dirty_exit(&self->log);
	held_disk_destroy(&self->held);
	disk_destroy(&self->disk);
}

struct switcher {
	struct blkdev *b;
	struct dirty *log;
	int done;
	int err;
};

static void *switch_on(void *arg)
{
	struct switcher *s = arg;

	s->err = dirty_switch(s->log, &s->b->dev, true);
	event_signal(s->done);
	return NULL;
}

/*
 * Switched on with a request in flight: it completes before the call returns,
 * so that it is known which writes are logged. Kicks meanwhile are not lost.
 */
TEST_F(blk_switch, in_flight)
{
	struct blkreq r[2] = {
		{ .type = VIRTIO_BLK_T_IN, .in_len = 65536 },
		{ .type = VIRTIO_BLK_T_IN, .in_len = 65536, .sector = 8 },
	};
	struct switcher s = {
		.b = &self->b, .log = &self->log, .done = event_new(),
	};
	pthread_t thread;

	ASSERT_EQ(0, disk_write(&self->disk, 0, pattern, sizeof(pattern)));
	ASSERT_EQ(0, start(&self->b))
		TH_LOG("%s", self->b.dev.what);
	ASSERT_EQ(0, held_disk_hold(&self->held));
	ASSERT_EQ(0, blk_add(&self->b, 0, &r[0], 0));
	vq_kick(self->vq);
	EXPECT_EQ(-ETIMEDOUT, vq_wait_ready(self->vq, 1, QUIET_MS));
	ASSERT_EQ(0, pthread_create(&thread, NULL, switch_on, &s));
	EXPECT_EQ(-ETIMEDOUT, event_wait(s.done, QUIET_MS));
	EXPECT_EQ(0, dirty_count(&self->log));
	ASSERT_EQ(0, blk_add(&self->b, 0, &r[1], 1));
	vq_publish(self->vq);
	vq_kick_always(self->vq);
	EXPECT_EQ(-ETIMEDOUT, event_wait(s.done, QUIET_MS));

	ASSERT_EQ(0, held_disk_release(&self->held));
	ASSERT_EQ(0, event_wait(s.done, WAIT_MS));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, s.err);
	ASSERT_EQ(0, vq_wait_ready(self->vq, 2, WAIT_MS));
	/* The first one is done, and the second one was popped after. */
	EXPECT_FALSE(dirty_has(&self->log,
			       gmem_ptr(&self->b.mem, r[0].c.seg[1].gpa) +
			       DIRTY_PAGE));
	EXPECT_TRUE(dirty_has(&self->log,
			      gmem_ptr(&self->b.mem, r[1].c.seg[1].gpa) +
			      DIRTY_PAGE));
	ASSERT_EQ(0, stop(&self->b));
}

/* Switched off with a request in flight: no wait, and no harm. */
TEST_F(blk_switch, off_in_flight)
{
	struct blkreq r = { .type = VIRTIO_BLK_T_IN, .in_len = 65536 };

	ASSERT_EQ(0, disk_write(&self->disk, 0, pattern, sizeof(pattern)));
	ASSERT_EQ(0, start(&self->b));
	ASSERT_EQ(0, dirty_switch(&self->log, &self->b.dev, true));
	ASSERT_EQ(0, held_disk_hold(&self->held));
	ASSERT_EQ(0, blk_add(&self->b, 0, &r, 0));
	vq_kick(self->vq);
	EXPECT_EQ(-ETIMEDOUT, vq_wait_ready(self->vq, 1, QUIET_MS));
	ASSERT_EQ(0, dirty_switch(&self->log, &self->b.dev, false));
	dirty_begin(&self->log, &self->b.dev);
	ASSERT_EQ(0, held_disk_release(&self->held));
	ASSERT_EQ(0, vq_wait_ready(self->vq, 1, WAIT_MS));
	EXPECT_EQ(0, dirty_count(&self->log));
	EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&r));
	ASSERT_EQ(0, stop(&self->b));
}

TEST_HARNESS_MAIN
