// SPDX-License-Identifier: GPL-2.0
/*
 * Many requests in flight: each completes once, in whatever order, on whatever
 * queue; a queue that stops has nothing in flight, knows where it was, and goes
 * on from there.
 */
#include "harness.h"
#include "blkdev_fixture.h"
#include "held_disk.h"
#include "wait.h"

#define DEPTH	120

static struct blkreq reqs[DEPTH];
static char data[8192], back[8192];

FIXTURE(flight)
{
	struct blkdev b;
};

FIXTURE_VARIANT(flight)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(flight)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(flight)
{
	blkdev_close(&self->b);
}

FIXTURE_VARIANT_ADD(flight, vduse)
{
	.o = { .kind = BLK_VDUSE, .features = BLK_INDIRECT, .queues = 2 },
};

#define TWO_QUEUES(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = {							\
			.kind = BLK_VDPA, .features = (f),		\
			.queues = 2, .pinned = RING_PINNED(f),		\
		})

RING_MATRIX(flight, vhx_vdpa, TWO_QUEUES, BLK_PLAIN);
RING_FEW(flight, vhx_vhost, BLK_ON_VHOST, BLK_PLAIN);

/* Request @i of a batch: 1 to 16 sectors at a place of its own. */
static size_t len_of(unsigned int i)
{
	return BLK_SECTOR * (1 + i % 16);
}

static __u64 sector_of(unsigned int i)
{
	return 64 + 16 * i;
}

static void add(struct __test_metadata *_metadata, struct blkdev *b,
		unsigned int q, unsigned int i, __u32 type, __u64 seed)
{
	struct blkreq *r = &reqs[i];

	*r = (struct blkreq){ .type = type, .sector = sector_of(i) };
	if (type == VIRTIO_BLK_T_OUT) {
		blk_pattern(data, len_of(i), seed + i);
		r->out = data;
		r->out_len = len_of(i);
	} else if (type == VIRTIO_BLK_T_IN) {
		r->in_len = len_of(i);
	}
	ASSERT_EQ(0, blk_add(b, q, r, i));
}

/*
 * Take completions of queue @q until @seen has @count of them; each token once,
 * each OK.
 */
static void reap(struct __test_metadata *_metadata, struct blkdev *b,
		 unsigned int q, bool *seen, unsigned int count)
{
	struct vq *vq = &b->dev.vq[q];
	struct vq_done done;

	while (count--) {
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		ASSERT_GT(DEPTH, done.token);
		ASSERT_FALSE(seen[done.token])
			TH_LOG("request %u comes twice", done.token);
		seen[done.token] = true;
		EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&reqs[done.token]));
		EXPECT_EQ(reqs[done.token].in_len + 1, done.len);
		EXPECT_TRUE(chain_clean(&reqs[done.token].c));
	}
}

/* All of a batch is on the disk; looked at in one go, as it may be slow. */
static void check_disk(struct __test_metadata *_metadata, struct blkdev *b,
		       __u64 seed)
{
	static char all[DEPTH * 16 * BLK_SECTOR];
	unsigned int i;

	ASSERT_EQ(0, disk_read(&b->disk, sector_of(0) * BLK_SECTOR, all,
			       sizeof(all)));
	for (i = 0; i < DEPTH; i++) {
		blk_pattern(data, len_of(i), seed + i);
		ASSERT_EQ(0, memcmp(data, all + (sector_of(i) - sector_of(0)) *
				    BLK_SECTOR, len_of(i)))
			TH_LOG("request %u is not on the disk", i);
	}
}

/* Writes on all queues at once, then reads. */
TEST_F(flight, deep)
{
	struct blkdev *b = &self->b;
	const unsigned int nvqs = b->dev.nvqs, share = DEPTH / nvqs;
	bool seen[DEPTH] = { false };
	unsigned int i, q;

	for (i = 0; i < DEPTH; i++)
		add(_metadata, b, i % nvqs, i, VIRTIO_BLK_T_OUT, 1000);
	for (q = 0; q < nvqs; q++)
		vq_kick(&b->dev.vq[q]);
	for (q = 0; q < nvqs; q++)
		reap(_metadata, b, q, seen, share);
	check_disk(_metadata, b, 1000);

	arena_reset(&b->arena);
	memset(seen, 0, sizeof(seen));
	for (i = 0; i < DEPTH; i++) {
		add(_metadata, b, i % nvqs, i, VIRTIO_BLK_T_IN, 0);
		vq_kick(&b->dev.vq[i % nvqs]);
	}
	for (q = 0; q < nvqs; q++)
		reap(_metadata, b, q, seen, share);
	for (i = 0; i < DEPTH; i++) {
		blk_pattern(data, len_of(i), 1000 + i);
		blk_data(&reqs[i], back);
		EXPECT_EQ(0, memcmp(data, back, len_of(i)))
			TH_LOG("request %u", i);
	}
	for (q = 0; q < nvqs; q++)
		EXPECT_FALSE(vq_more_used(&b->dev.vq[q]));
}

/* Go on as if @after requests of a descriptor each had been there. */
static void start_after(struct __test_metadata *_metadata, struct blkdev *b,
			unsigned int after)
{
	unsigned int q;

	ASSERT_EQ(0, blkdev_stop(b));
	for (q = 0; q < b->dev.nvqs; q++)
		vq_reset(&b->dev.vq[q], vq_base_after(&b->dev.vq[q], after));
	ASSERT_EQ(0, blkdev_resume(b));
}

/* A read of a sector, from and to the piece of memory @i of @room. */
static int add_read(struct blkdev *b, char *room, unsigned int i)
{
	struct virtio_blk_outhdr *h = (void *)(room + i * 1024);
	__u64 at = gmem_gpa(&b->mem, h);
	struct vq *vq = &b->dev.vq[0];
	struct vq_seg seg[3] = {
		{ at, 16, false },
		{ at + 512, 512, true },
		{ at + 16, 1, true },
	};

	h->type = VIRTIO_BLK_T_IN;
	h->sector = i;
	room[i * 1024 + 16] = (char)BLK_UNTOUCHED;
	return vq->table_len ? vq_add_indirect(vq, seg, 3, i) :
			       vq_add(vq, seg, 3, i);
}

/*
 * More than 65,536 requests, as many as there is room for and one by one; or
 * the last of them, where more would take its time.
 */
TEST_F(flight, wrap)
{
	const bool all = !kernel_is_slow() && variant->o.features == BLK_INDIRECT;
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	const unsigned int most = vq->table_len ? DEPTH : vq->num / 3;
	char *room = gmem_alloc(&b->mem, DEPTH * 1024, 1024);
	const unsigned int total = 66000;
	unsigned int n = 0, i;

	if (b->kind == BLK_VDUSE)
		SKIP(return, "it takes a minute");

	if (!all) {
		n = total - 1200;
		start_after(_metadata, b, n);
	}
	while (n < total) {
		unsigned int batch = n % 7 ? most : 1;

		for (i = 0; i < batch; i++)
			ASSERT_EQ(0, add_read(b, room, i));
		vq_kick(vq);
		for (i = 0; i < batch; i++) {
			struct vq_done done;

			ASSERT_EQ(0, vq_wait(vq, WAIT_MS))
				TH_LOG("request %u", n + i);
			ASSERT_EQ(1, vq_pop(vq, &done));
			ASSERT_EQ(513, done.len);
			ASSERT_EQ(VIRTIO_BLK_S_OK,
				  room[done.token * 1024 + 16]);
		}
		n += batch;
	}
	EXPECT_FALSE(vq_more_used(vq));
}

/*
 * On a disk that takes its time.
 */
FIXTURE(slow)
{
	struct blkdev b;
};

FIXTURE_VARIANT(slow)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(slow)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(slow)
{
	blkdev_close(&self->b);
}

#define DELAY_MS	200
#define SLOW		.disk = { .delay_ns = DELAY_MS * 1000UL * 1000 }

#define SLOW_VDPA(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .kind = BLK_VDPA, .features = (f),		\
		       .pinned = RING_PINNED(f), SLOW })

#define SLOW_VHOST(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .kind = BLK_VHOST, .features = (f),		\
		       .pinned = RING_PINNED(f), SLOW })

FIXTURE_VARIANT_ADD(slow, vduse)
{
	.o = { .kind = BLK_VDUSE, .features = BLK_INDIRECT, SLOW },
};

RING_MATRIX(slow, vhx_vdpa, SLOW_VDPA, BLK_PLAIN);
RING_BOTH(slow, vhx_vhost, SLOW_VHOST, BLK_PLAIN);

/* On such a disk too, what is about memory, whatever the ring. */
FIXTURE(memory)
{
	struct blkdev b;
};

FIXTURE_VARIANT(memory)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(memory)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(memory)
{
	blkdev_close(&self->b);
}

SLOW_VDPA(memory, vhx_vdpa, BLK_INDIRECT);
SLOW_VHOST(memory, vhx_vhost, BLK_INDIRECT);

/* What needs no disk overtakes what does, unless all has to be in order. */
TEST_F(slow, out_of_order)
{
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	struct blkreq rd = { .type = VIRTIO_BLK_T_IN, .in_len = 512 };
	struct blkreq id = { .type = VIRTIO_BLK_T_GET_ID, .in_len = 20 };
	const __u32 first = vq->in_order ? 1 : 2;
	struct vq_done done;

	ASSERT_EQ(0, blk_add(b, 0, &rd, 1));
	ASSERT_EQ(0, blk_add(b, 0, &id, 2));
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(first, done.token);
	if (first == 1)
		EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&rd));
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(3 - first, done.token);
	EXPECT_FALSE(vq_more_used(vq));
	EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&rd));
	EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&id));
}

/*
 * Reads, which take their time, among what takes none, and what fails: each has
 * its status and length, in whatever order; the driver's side sees to it that
 * it is the one that was promised.
 */
TEST_F(slow, mixed)
{
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	unsigned int i, last = 0;
	struct vq_done done;

	for (i = 0; i < 60; i++) {
		static const struct blkreq kinds[] = {
			{ .type = VIRTIO_BLK_T_IN, .in_len = 512 },
			{ .type = VIRTIO_BLK_T_GET_ID, .in_len = 20 },
			{ .type = 99 },
			{ .type = VIRTIO_BLK_T_IN, .in_len = 1024,
			  .sector = 1ULL << 40 },
			{ .type = VIRTIO_BLK_T_FLUSH },
		};

		reqs[i] = kinds[i * 7 / 3 % ARRAY_SIZE(kinds)];
		ASSERT_EQ(0, blk_add(b, 0, &reqs[i], i));
		if (i % 4 == 3)
			vq_kick(vq);
	}
	for (i = 0; i < 60; i++) {
		const struct blkreq *r;
		__u8 want = VIRTIO_BLK_S_OK;

		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		ASSERT_GT(60, done.token);
		if (vq->in_order)
			ASSERT_EQ(i, done.token);
		last = done.token > last ? done.token : last;
		r = &reqs[done.token];
		if (r->type == 99)
			want = VIRTIO_BLK_S_UNSUPP;
		else if (r->sector)
			want = VIRTIO_BLK_S_IOERR;
		EXPECT_EQ(want, blk_status(r))
			TH_LOG("request %u", done.token);
		/* Of what fails only the status is written. */
		if (want == VIRTIO_BLK_S_OK)
			EXPECT_EQ(r->in_len + 1, done.len);
		if (want != VIRTIO_BLK_S_OK && b->kind != BLK_VDUSE)
			EXPECT_EQ(1, done.len);
	}
	EXPECT_EQ(59, last);
	EXPECT_FALSE(vq_more_used(vq));
}

#define MIB		(1U << 20)
#define COPIES_MIB	16

/* A read or write of so many MiB, all of them the same odd piece of memory. */
static void add_odd(struct __test_metadata *_metadata, struct blkdev *b,
		    struct blkreq *r, char *odd, unsigned int mib,
		    __u32 token)
{
	struct virtio_blk_outhdr h = { .type = r->type };
	const bool in = r->type == VIRTIO_BLK_T_IN;

	chain_init(&r->c, &b->arena);
	chain_add(&r->c, &b->arena, sizeof(h), false, NULL);
	chain_put(&r->c, 0, &h, sizeof(h));
	while (mib--)
		chain_add_at(&r->c, odd, MIB, in);
	chain_add(&r->c, &b->arena, 1, true, NULL);
	ASSERT_EQ(0, chain_submit(&b->dev.vq[0], &r->c, token));
}

/* A disk that can be held, with room on the ring for what it holds. */
FIXTURE(copies)
{
	struct disk disk;
	struct held_disk held;
	struct blkdev b;
};

FIXTURE_VARIANT(copies)
{
	enum blk_kind kind;
	bool pinned;
};

FIXTURE_SETUP(copies)
{
	const struct disk_opts disk = { .mib = 64 };
	const struct blkdev_opts o = {
		.kind = variant->kind, .features = BLK_INDIRECT,
		.pinned = variant->pinned, .backend = self->held.path,
	};

	ASSERT_EQ(0, disk_create(&self->disk, "vhxt_below", &disk));
	ASSERT_EQ(0, held_disk_create(&self->held, "vhxt_held", &self->disk,
				      disk.mib));
	blk_fixture_start(_metadata, &self->b, &o);
}

FIXTURE_TEARDOWN(copies)
{
	held_disk_release(&self->held);
	blkdev_close(&self->b);
	held_disk_destroy(&self->held);
	disk_destroy(&self->disk);
}

FIXTURE_VARIANT_ADD(copies, vhx_vdpa) { BLK_VDPA, false };
FIXTURE_VARIANT_ADD(copies, vhx_vdpa_pinned) { BLK_VDPA, true };
FIXTURE_VARIANT_ADD(copies, vhx_vhost) { BLK_VHOST, false };

/*
 * Data that must be copied takes a bounded amount of the host's memory: what
 * would take more waits, and what is behind it as well.
 */
TEST_F(copies, are_bounded)
{
	const unsigned int each = 4, nreads = COPIES_MIB / each + 1;
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	char *odd = gmem_alloc(&b->mem, MIB + 1, 1);
	struct blkreq id = { .type = VIRTIO_BLK_T_GET_ID, .in_len = 20 };
	struct blkreq big = { .type = VIRTIO_BLK_T_OUT };
	struct vq_done done;
	unsigned int i;

	odd += !((uintptr_t)odd & 1);

	for (i = 0; i < nreads; i++) {
		reqs[i] = (struct blkreq){ .type = VIRTIO_BLK_T_IN };
		add_odd(_metadata, b, &reqs[i], odd, each, i);
	}
	ASSERT_EQ(0, blk_add(b, 0, &id, nreads));
	ASSERT_EQ(0, held_disk_hold(&self->held));
	event_take(vq->call);
	vq_kick(vq);
	EXPECT_EQ(-ETIMEDOUT, event_wait(vq->call, QUIET_MS));
	EXPECT_FALSE(vq_more_used(vq))
		TH_LOG("nothing waited");
	ASSERT_EQ(0, held_disk_release(&self->held));
	for (i = 0; i <= nreads; i++) {
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		if (done.token < nreads)
			EXPECT_EQ(each * MIB + 1, done.len);
	}
	EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&id));

	/* More than fits at once is done in pieces. */
	add_odd(_metadata, b, &big, odd, COPIES_MIB + 1, 0);
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	chain_get(&big.c, chain_len(&big.c, false), back, 1);
	EXPECT_EQ(VIRTIO_BLK_S_OK, back[0]);
	/* All of what is allowed fits, and can be had again. */
	for (i = 0; i < 2; i++) {
		add_odd(_metadata, b, &big, odd, COPIES_MIB, 0);
		vq_kick(vq);
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		chain_get(&big.c, chain_len(&big.c, false), back, 1);
		EXPECT_EQ(VIRTIO_BLK_S_OK, back[0]);
	}
}

/*
 * Stop with requests in flight: when that returns, nothing is; the base says
 * what was taken, all of that is completed; the rest is untouched, and is done
 * after the queue starts again, without a kick.
 */
TEST_F(slow, stop_and_resume)
{
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	unsigned int i, round, taken, laps = 0;
	bool seen[DEPTH] = { false };

	if (b->kind == BLK_VDUSE)
		SKIP(return, "vduse can't be suspended");

	for (round = 0; round < 4; round++) {
		arena_reset(&b->arena);
		memset(seen, 0, sizeof(seen));
		for (i = 0; i < DEPTH; i++)
			add(_metadata, b, 0, i, VIRTIO_BLK_T_OUT,
			    round * 1000);
		vq_publish(vq);
		vq_kick_always(vq);
		/* Stop before, within and after the work of the worker. */
		if (round & 1)
			event_wait(vq->call, DELAY_MS / 4);

		ASSERT_EQ(0, blkdev_stop(b))
			TH_LOG("%s", b->dev.what);
		EXPECT_EQ(vq->base, vq_ready_base(vq));
		laps |= vq->base & PACKED_WRAP ? 1 : 2;
		taken = vq_ready(vq);
		ASSERT_GE(DEPTH, taken);
		reap(_metadata, b, 0, seen, taken);
		for (i = 0; i < DEPTH; i++)
			EXPECT_EQ(seen[i] ? VIRTIO_BLK_S_OK : BLK_UNTOUCHED,
				  blk_status(&reqs[i]))
				TH_LOG("request %u", i);
		/* Nothing comes any more. */
		event_take(vq->call);
		EXPECT_EQ(-ETIMEDOUT, event_wait(vq->call, QUIET_MS));
		EXPECT_FALSE(vq_more_used(vq));

		event_take(vq->kick);
		ASSERT_EQ(0, blkdev_resume(b))
			TH_LOG("%s", b->dev.what);
		reap(_metadata, b, 0, seen, DEPTH - taken);
		for (i = 0; i < DEPTH; i++)
			ASSERT_TRUE(seen[i])
				TH_LOG("request %u is lost", i);
		EXPECT_FALSE(vq_more_used(vq));
	}
	check_disk(_metadata, b, (round - 1) * 1000);
	if (vq->packed)
		EXPECT_EQ(3, laps);
}

/* Reset by status 0 under load: it returns when nothing is in flight. */
TEST_F(slow, reset)
{
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	unsigned int i, used;

	if (b->kind == BLK_VHOST)
		SKIP(return, "there is no status here");
	if (b->kind == BLK_VDUSE)
		SKIP(return, "an assertion of QEMU's fails here");

	for (i = 0; i < DEPTH; i++)
		add(_metadata, b, 0, i, VIRTIO_BLK_T_OUT, 7);
	vq_kick(vq);
	event_wait(vq->call, DELAY_MS / 4);
	ASSERT_EQ(0, vdpa_set_status(&b->dev, 0));

	/* The driver may use its memory for something else now. */
	used = vq_ready(vq);
	memset(b->arena.base, 0x99, b->arena.size);
	EXPECT_EQ(-ETIMEDOUT, event_wait(vq->err, 2 * DELAY_MS));
	EXPECT_EQ(used, vq_ready(vq));
	for (i = 0; i < b->arena.size; i++)
		ASSERT_EQ(0x99, (__u8)b->arena.base[i]);

	ASSERT_EQ(0, vdpa_unmap_all(&b->dev));
	vq_reset(vq, vq_base_after(vq, 0));
	b->arena.at = b->arena.size;
	arena_reset(&b->arena);
	ASSERT_EQ(0, blkdev_resume(b))
		TH_LOG("%s", b->dev.what);
	for (i = 0; i < 4; i++) {
		struct blkreq r = { .type = VIRTIO_BLK_T_FLUSH };

		ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &r, NULL, NULL));
	}
}

/* Memory moves under requests in flight, as firmware makes QEMU move it. */
TEST_F(memory, remap)
{
	struct blkdev *b = &self->b;
	bool seen[DEPTH] = { false };
	unsigned int i, k;

	if (b->kind != BLK_VDPA)
		SKIP(return, "messages are vdpa's");

	for (k = 0; k < 6; k++) {
		arena_reset(&b->arena);
		memset(seen, 0, sizeof(seen));
		for (i = 0; i < DEPTH; i++)
			add(_metadata, b, 0, i, VIRTIO_BLK_T_OUT, k);
		vq_kick(&b->dev.vq[0]);
		ASSERT_EQ(0, vdpa_remap_all(&b->dev, 65536 << k));
		reap(_metadata, b, 0, seen, DEPTH);
	}
	check_disk(_metadata, b, k - 1);
	EXPECT_FALSE(event_take(b->dev.vq[0].err));
}

/*
 * Requests that end in an interrupt but are finished by a thread, as data is
 * copied, about when the worker goes to sleep. One that is forgotten then is
 * never seen, as no other comes to wake it.
 */
FIXTURE(asleep)
{
	struct blkdev b;
};

FIXTURE_VARIANT(asleep)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(asleep)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(asleep)
{
	blkdev_close(&self->b);
}

#define AFTER_US(us)	{						\
	.o = {								\
		.kind = BLK_VDPA, .features = BLK_INDIRECT,		\
		.disk = { .delay_ns = (us) * 1000UL },			\
	},								\
}

FIXTURE_VARIANT_ADD(asleep, vhx_50us) AFTER_US(50);
FIXTURE_VARIANT_ADD(asleep, vhx_70us) AFTER_US(70);
FIXTURE_VARIANT_ADD(asleep, vhx_100us) AFTER_US(100);

TEST_F(asleep, wakes)
{
	struct blkdev *b = &self->b;
	char *odd = gmem_alloc(&b->mem, 1024, 1);
	struct blkreq r = { .type = VIRTIO_BLK_T_IN };
	struct virtio_blk_outhdr h = { .type = VIRTIO_BLK_T_IN };
	struct vq *vq = &b->dev.vq[0];
	struct vq_done done;
	unsigned int i, n = kernel_is_slow() ? 500 : 2000;

	odd += !((uintptr_t)odd & 1);
	chain_init(&r.c, &b->arena);
	chain_add(&r.c, &b->arena, sizeof(h), false, NULL);
	chain_put(&r.c, 0, &h, sizeof(h));
	chain_add_at(&r.c, odd, 512, true);
	chain_add(&r.c, &b->arena, 1, true, NULL);
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, chain_submit(vq, &r.c, 0));
		vq_kick(vq);
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS))
			TH_LOG("request %u", i);
		ASSERT_EQ(1, vq_pop(vq, &done));
		ASSERT_EQ(513, done.len);
	}
}

TEST_HARNESS_MAIN
