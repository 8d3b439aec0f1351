// SPDX-License-Identifier: GPL-2.0
/*
 * Wrong requests. Each gets the status that the specification names (virtio
 * 1.2, 5.2.6), writes nothing that it must not, and leaves the queue working.
 */
#include <fcntl.h>
#include <unistd.h>

#include "harness.h"
#include "blkdev_fixture.h"

#define CAPACITY	((64ULL << 20) / BLK_SECTOR)

FIXTURE(wrong)
{
	struct blkdev b;
};

FIXTURE_VARIANT(wrong)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(wrong)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(wrong)
{
	blkdev_close(&self->b);
}

FIXTURE_VARIANT_ADD(wrong, vduse)
{
	.o = { .kind = BLK_VDUSE, .features = BLK_INDIRECT },
};

RING_MATRIX(wrong, vhx_vdpa, BLK_ON_VDPA, BLK_PLAIN);
RING_BOTH(wrong, vhx_vhost, BLK_ON_VHOST, BLK_PLAIN);

/* Statuses that a case allows. */
#define S(status)	(1U << (status))
#define S_OK		S(VIRTIO_BLK_S_OK)
#define S_IOERR		S(VIRTIO_BLK_S_IOERR)
#define S_UNSUPP	S(VIRTIO_BLK_S_UNSUPP)

/**
 * struct wrong - a request
 * @what: for the reader of a failure
 * @type: VIRTIO_BLK_T_*
 * @sector: where
 * @out: bytes of data to the device
 * @in: bytes of room before the status
 * @status: what may become of it
 * @not_ref: QEMU has another opinion
 */
struct wrong {
	const char *what;
	__u32 type;
	__u64 sector;
	size_t out;
	size_t in;
	unsigned int status;
	bool not_ref;
};

static const struct wrong cases[] = {
	{ "write 511 bytes", VIRTIO_BLK_T_OUT, 8, 511, 0, S_IOERR },
	{ "write 513 bytes", VIRTIO_BLK_T_OUT, 8, 513, 0, S_IOERR },
	{ "write 1 byte", VIRTIO_BLK_T_OUT, 8, 1, 0, S_IOERR },
	{ "read 511 bytes", VIRTIO_BLK_T_IN, 8, 0, 511, S_IOERR },
	{ "read 513 bytes", VIRTIO_BLK_T_IN, 8, 0, 513, S_IOERR },
	{ "read 1 byte", VIRTIO_BLK_T_IN, 8, 0, 1, S_IOERR },
	{ "read at the end", VIRTIO_BLK_T_IN, CAPACITY, 0, 512, S_IOERR },
	{ "write at the end", VIRTIO_BLK_T_OUT, CAPACITY, 512, 0, S_IOERR },
	{ "read past the end", VIRTIO_BLK_T_IN, CAPACITY - 1, 0, 1024,
	  S_IOERR },
	{ "write past the end", VIRTIO_BLK_T_OUT, CAPACITY - 1, 1024, 0,
	  S_IOERR },
	{ "read far away", VIRTIO_BLK_T_IN, 1ULL << 40, 0, 512, S_IOERR },
	/* In bytes these are 0 and 512 again. */
	{ "read sector 2^55", VIRTIO_BLK_T_IN, 1ULL << 55, 0, 512, S_IOERR },
	{ "write sector 2^55 + 1", VIRTIO_BLK_T_OUT, (1ULL << 55) + 1, 512, 0,
	  S_IOERR },
	{ "read the last sector there can be", VIRTIO_BLK_T_IN, ~0ULL, 0, 512,
	  S_IOERR },
	/* sector + length wraps to 1. */
	{ "read over the wrap", VIRTIO_BLK_T_IN, ~0ULL, 0, 1024, S_IOERR },
	{ "write over the wrap", VIRTIO_BLK_T_OUT, ~0ULL, 1024, 0, S_IOERR },
	/* Not the other way round. */
	{ "read into memory to read from", VIRTIO_BLK_T_IN, 8, 512, 0,
	  S_IOERR, true },
	{ "write from memory to write to", VIRTIO_BLK_T_OUT, 8, 0, 512,
	  S_IOERR, true },
	/* The specification is silent; nothing to do is done, or refused. */
	{ "read nothing", VIRTIO_BLK_T_IN, 8, 0, 0, S_OK | S_IOERR },
	{ "write nothing", VIRTIO_BLK_T_OUT, 8, 0, 0, S_OK | S_IOERR },
	{ "flush with data", VIRTIO_BLK_T_FLUSH, 0, 512, 0, S_OK | S_IOERR },
	{ "flush with room", VIRTIO_BLK_T_FLUSH, 0, 0, 512, S_OK | S_IOERR },
	{ "flush with a sector", VIRTIO_BLK_T_FLUSH, 99, 0, 0,
	  S_OK | S_IOERR },
	{ "get an id without room", VIRTIO_BLK_T_GET_ID, 0, 0, 0,
	  S_OK | S_IOERR },
	{ "get an id into 5 bytes", VIRTIO_BLK_T_GET_ID, 0, 0, 5,
	  S_OK | S_IOERR },
	{ "get an id with data", VIRTIO_BLK_T_GET_ID, 0, 512, 20,
	  S_OK | S_IOERR },
	{ "discard, not offered", VIRTIO_BLK_T_DISCARD, 0, 16, 0, S_UNSUPP,
	  true },
	{ "zeroes, not offered", VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, 0,
	  S_UNSUPP, true },
	{ "SCSI, not offered", VIRTIO_BLK_T_SCSI_CMD, 0, 6, 512, S_UNSUPP },
};

static char data[4096], back[4096], before[65536], after[65536];

/* A good write and read, to see that the queue goes on. */
static void go_on(struct __test_metadata *_metadata, struct blkdev *b,
		  __u64 seed)
{
	struct blkreq w = {
		.type = VIRTIO_BLK_T_OUT, .sector = 1000,
		.out = data, .out_len = 4096,
	};
	struct blkreq r = {
		.type = VIRTIO_BLK_T_IN, .sector = 1000, .in_len = 4096,
	};

	blk_pattern(data, 4096, seed);
	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &w, NULL, NULL));
	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &r, back, NULL));
	ASSERT_EQ(0, memcmp(data, back, 4096));
	EXPECT_FALSE(event_take(b->dev.vq[0].err));
}

TEST_F(wrong, requests)
{
	struct blkdev *b = &self->b;
	size_t i;

	blk_pattern(before, sizeof(before), 1);
	ASSERT_EQ(0, disk_write(&b->disk, 0, before, sizeof(before)));

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct wrong *w = &cases[i];
		struct blkreq r = {
			.type = w->type, .sector = w->sector, .out = data,
			.out_len = w->out, .in_len = w->in,
		};
		__u32 used = 0;
		int status;

		if (b->kind == BLK_VDUSE && w->not_ref)
			continue;
		status = blk_do(b, &r, NULL, &used);
		ASSERT_LE(0, status)
			TH_LOG("%s: %s", w->what, strerror(-status));
		EXPECT_NE(0, w->status & S(status))
			TH_LOG("%s: status %d", w->what, status);
		/* At least the status was written, at most what there is. */
		EXPECT_LE(1, used)
			TH_LOG("%s", w->what);
		EXPECT_GE(w->in + 1, used)
			TH_LOG("%s", w->what);
		go_on(_metadata, b, i);
	}
	ASSERT_EQ(0, disk_read(&b->disk, 0, after, sizeof(after)));
	EXPECT_EQ(0, memcmp(before, after, sizeof(after)))
		TH_LOG("something of this was written");
}

/* Less than a header: an error, and no guess at what was meant. */
TEST_F(wrong, short_header)
{
	struct blkdev *b = &self->b;
	static const int lens[] = { -1, 1, 4, 8, 15 };
	size_t i;

	if (b->kind == BLK_VDUSE)
		SKIP(return, "QEMU breaks off here");

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		struct blkreq r = {
			.type = VIRTIO_BLK_T_IN, .in_len = 512,
			.hdr_len = lens[i],
		};
		__u32 used = 0;

		EXPECT_EQ(VIRTIO_BLK_S_IOERR, blk_do(b, &r, NULL, &used))
			TH_LOG("header of %d bytes", lens[i]);
		EXPECT_LE(1, used);
		EXPECT_GE(513, used);
		go_on(_metadata, b, i);
	}
}

/* Nowhere to put a status: completed, with nothing written anywhere. */
TEST_F(wrong, no_status)
{
	struct blkdev *b = &self->b;
	static const struct blkreq reqs[] = {
		{ .type = VIRTIO_BLK_T_OUT, .sector = 8, .out = data,
		  .out_len = 512, .no_status = true },
		{ .type = VIRTIO_BLK_T_FLUSH, .no_status = true },
		{ .type = VIRTIO_BLK_T_IN, .sector = 8, .no_status = true },
		{ .type = 99, .no_status = true },
		{ .type = VIRTIO_BLK_T_IN, .hdr_len = 3, .no_status = true },
	};
	__u32 used;
	size_t i;

	if (b->kind == BLK_VDUSE)
		SKIP(return, "QEMU breaks off here");

	memset(before, 0x77, 4096);
	ASSERT_EQ(0, disk_write(&b->disk, 0, before, 4096 + 512));
	for (i = 0; i < ARRAY_SIZE(reqs); i++) {
		struct blkreq r = reqs[i];

		ASSERT_LE(0, blk_do(b, &r, NULL, &used))
			TH_LOG("request %zu", i);
		EXPECT_EQ(0, used)
			TH_LOG("request %zu", i);
		go_on(_metadata, b, i);
	}
	ASSERT_EQ(0, disk_read(&b->disk, 0, after, 4096 + 512));
	EXPECT_EQ(0, memcmp(before, after, 4096 + 512))
		TH_LOG("written without a status");
}

/* 512 bytes of data are one too many when the last is the status. */
TEST_F(wrong, status_is_the_last_byte)
{
	struct blkdev *b = &self->b;
	static const size_t in[] = { 512, 0 };
	struct blkreq r = {
		.type = VIRTIO_BLK_T_IN, .sector = 8,
		.in_len = 511, .in_cuts = in,
	};

	EXPECT_EQ(VIRTIO_BLK_S_IOERR, blk_do(b, &r, NULL, NULL));
	go_on(_metadata, b, 1);
}

FIXTURE(read_only)
{
	struct blkdev b;
};

FIXTURE_VARIANT(read_only)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(read_only)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(read_only)
{
	blkdev_close(&self->b);
}

FIXTURE_VARIANT_ADD(read_only, vhx_vdpa)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT |
	       BIT_ULL(VIRTIO_BLK_F_RO), .read_only = true },
};

FIXTURE_VARIANT_ADD(read_only, vhx_vhost)
{
	.o = { .kind = BLK_VHOST, .features = BLK_INDIRECT,
	       .read_only = true },
};

TEST_F(read_only, writes_fail)
{
	struct blkdev *b = &self->b;
	struct blkreq w = {
		.type = VIRTIO_BLK_T_OUT, .sector = 8,
		.out = data, .out_len = 512,
	};
	struct blkreq r = {
		.type = VIRTIO_BLK_T_IN, .sector = 8, .in_len = 512,
	};
	__u32 used;

	blk_pattern(before, 512, 1);
	blk_pattern(data, 512, 2);
	ASSERT_EQ(0, disk_write(&b->disk, 8 * BLK_SECTOR, before, 512));
	EXPECT_EQ(VIRTIO_BLK_S_IOERR, blk_do(b, &w, NULL, &used));
	EXPECT_EQ(1, used);
	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &r, back, NULL));
	EXPECT_EQ(0, memcmp(before, back, 512));
	ASSERT_EQ(0, disk_read(&b->disk, 8 * BLK_SECTOR, back, 512));
	EXPECT_EQ(0, memcmp(before, back, 512));
}

/* What is attached decides, and is asked once it is. */
TEST_F(read_only, offered)
{
	struct blkdev *b = &self->b;
	const __u64 ro = BIT_ULL(VIRTIO_BLK_F_RO);
	__u64 f = 0;

	ASSERT_EQ(0, vdev_ioctl(&b->dev, "", VHOST_GET_FEATURES, &f));
	EXPECT_EQ(ro, f & ro);
	if (b->kind != BLK_VHOST)
		return;
	ASSERT_EQ(0, blkdev_stop(b));
	ASSERT_EQ(0, vdev_ioctl(&b->dev, "", VHOST_GET_FEATURES, &f));
	EXPECT_EQ(0, f & ro);
	/* A file that may be written to, of a disk that may not. */
	close(b->backend);
	b->backend = open(b->disk.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, b->backend);
	ASSERT_EQ(0, blkdev_resume(b));
	ASSERT_EQ(0, vdev_ioctl(&b->dev, "", VHOST_GET_FEATURES, &f));
	EXPECT_EQ(0, f & ro);
	ASSERT_EQ(0, disk_set_ro(&b->disk, true));
	ASSERT_EQ(0, vdev_ioctl(&b->dev, "", VHOST_GET_FEATURES, &f));
	EXPECT_EQ(ro, f & ro);
}

FIXTURE(large_blocks)
{
	struct blkdev b;
};

FIXTURE_VARIANT(large_blocks)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(large_blocks)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(large_blocks)
{
	blkdev_close(&self->b);
}

FIXTURE_VARIANT_ADD(large_blocks, vhx_vdpa)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT,
	       .disk = { .mib = 64, .block_size = 4096 } },
};

FIXTURE_VARIANT_ADD(large_blocks, vhx_vhost)
{
	.o = { .kind = BLK_VHOST, .features = BLK_INDIRECT,
	       .disk = { .mib = 64, .block_size = 4096 } },
};

/* On blocks of 4 KiB, parts of a block are an error, and not written. */
TEST_F(large_blocks, parts)
{
	struct blkdev *b = &self->b;
	static const struct { __u64 sector; size_t len; int status; } t[] = {
		{ 8, 4096, VIRTIO_BLK_S_OK },
		{ 8, 512, VIRTIO_BLK_S_IOERR },
		{ 9, 4096, VIRTIO_BLK_S_IOERR },
		{ 15, 512, VIRTIO_BLK_S_IOERR },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		const size_t cuts[] = { 16, t[i].len, 0 };
		struct blkreq w = {
			.type = VIRTIO_BLK_T_OUT, .sector = t[i].sector,
			.out = data, .out_len = t[i].len, .out_cuts = cuts,
		};
		struct blkreq r = {
			.type = VIRTIO_BLK_T_IN, .sector = t[i].sector,
			.in_len = t[i].len,
		};

		blk_pattern(data, sizeof(data), i);
		EXPECT_EQ(t[i].status, blk_do(b, &w, NULL, NULL))
			TH_LOG("write %zu at %llu", t[i].len, t[i].sector);
		EXPECT_EQ(t[i].status, blk_do(b, &r, back, NULL))
			TH_LOG("read %zu at %llu", t[i].len, t[i].sector);
	}
	blk_pattern(data, sizeof(data), 0);
	ASSERT_EQ(0, disk_read(&b->disk, 4096, back, 4096));
	EXPECT_EQ(0, memcmp(data, back, 4096));
	ASSERT_EQ(0, disk_read(&b->disk, 8192, back, 4096));
	memset(data, 0, sizeof(data));
	EXPECT_EQ(0, memcmp(data, back, 4096));
}

TEST_HARNESS_MAIN
