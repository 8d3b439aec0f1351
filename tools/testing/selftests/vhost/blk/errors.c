// SPDX-License-Identifier: GPL-2.0
/*
 * A disk that fails, or is made read-only while it is in use: the request that
 * it is about fails, and no other.
 */
#include <stdio.h>

#include "harness.h"
#include "blkdev_fixture.h"
#include "dm.h"

#define BAD	1000	/* the first sector that fails */
#define NBAD	24

static char data[65536], back[65536];

/* The status of a write or read of @len bytes at @sector. */
static int rw(struct blkdev *b, __u32 type, __u64 sector, size_t len)
{
	struct blkreq r = { .type = type, .sector = sector };

	if (type == VIRTIO_BLK_T_IN) {
		r.in_len = len;
	} else {
		r.out = data;
		r.out_len = len;
	}
	return blk_do(b, &r, NULL, NULL);
}

/* In, across each end of, and beside the sectors that fail. */
static void check(struct __test_metadata *_metadata, struct blkdev *b)
{
	static const struct { __u64 sector; size_t len; __u8 status; } t[] = {
		{ BAD - 8, 4096, VIRTIO_BLK_S_OK },
		{ BAD, 512, VIRTIO_BLK_S_IOERR },
		{ BAD - 1, 1024, VIRTIO_BLK_S_IOERR },
		{ BAD + NBAD - 1, 512, VIRTIO_BLK_S_IOERR },
		{ BAD + NBAD - 1, 4096, VIRTIO_BLK_S_IOERR },
		{ BAD - 50, 65536, VIRTIO_BLK_S_IOERR },
		{ BAD + NBAD, 4096, VIRTIO_BLK_S_OK },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		EXPECT_EQ(t[i].status,
			  rw(b, VIRTIO_BLK_T_IN, t[i].sector, t[i].len))
			TH_LOG("read %zu at %llu", t[i].len, t[i].sector);
		EXPECT_EQ(t[i].status,
			  rw(b, VIRTIO_BLK_T_OUT, t[i].sector, t[i].len))
			TH_LOG("write %zu at %llu", t[i].len, t[i].sector);
	}
	blk_pattern(data, 4096, 9);
	EXPECT_EQ(VIRTIO_BLK_S_OK, rw(b, VIRTIO_BLK_T_OUT, 0, 4096));
	ASSERT_EQ(0, disk_read(&b->disk, 0, back, 4096));
	EXPECT_EQ(0, memcmp(data, back, 4096));
	EXPECT_FALSE(event_take(b->dev.vq[0].err));
}

FIXTURE(errors)
{
	struct blkdev b;
};

FIXTURE_VARIANT(errors)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(errors)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(errors)
{
	blkdev_close(&self->b);
}

FIXTURE_VARIANT_ADD(errors, vdpa)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT },
};

FIXTURE_VARIANT_ADD(errors, vdpa_timer)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT | RING_PACKED,
	       .disk = { .delay_ns = 100 * 1000 } },
};

FIXTURE_VARIANT_ADD(errors, vhost)
{
	.o = { .kind = BLK_VHOST, .features = BLK_INDIRECT },
};

/* The disk's driver reports the error. */
TEST_F(errors, bad_blocks)
{
	ASSERT_EQ(0, disk_break(&self->b.disk, BAD, BAD + NBAD - 1));
	check(_metadata, &self->b);
}

/* blockdev --setro, and --setrw, while it is in use. */
TEST_F(errors, setro)
{
	struct blkdev *b = &self->b;
	const struct blkreq fl = { .type = VIRTIO_BLK_T_FLUSH };
	struct blkreq r = fl;
	__u64 f = 0;

	blk_pattern(data, 4096, 1);
	ASSERT_EQ(VIRTIO_BLK_S_OK, rw(b, VIRTIO_BLK_T_OUT, 8, 4096));
	memcpy(back, data, 4096);
	ASSERT_EQ(0, disk_set_ro(&b->disk, true));
	blk_pattern(data, 4096, 2);
	EXPECT_EQ(VIRTIO_BLK_S_IOERR, rw(b, VIRTIO_BLK_T_OUT, 8, 4096));
	EXPECT_EQ(VIRTIO_BLK_S_OK, rw(b, VIRTIO_BLK_T_IN, 8, 4096));
	EXPECT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &r, NULL, NULL));
	ASSERT_EQ(0, disk_read(&b->disk, 4096, data, 4096));
	EXPECT_EQ(0, memcmp(back, data, 4096))
		TH_LOG("it was written");
	ASSERT_EQ(0, vdev_ioctl(&b->dev, "", VHOST_GET_FEATURES, &f));
	EXPECT_TRUE(f & BIT_ULL(VIRTIO_BLK_F_RO));
	ASSERT_EQ(0, disk_set_ro(&b->disk, false));
	EXPECT_EQ(VIRTIO_BLK_S_OK, rw(b, VIRTIO_BLK_T_OUT, 8, 4096));
}

/* The error comes from a disk that is stacked on others. */
FIXTURE(stacked)
{
	struct disk disk;
	struct dm dm;
	struct blkdev b;
};

FIXTURE_SETUP(stacked)
{
	const struct disk_opts o = { .mib = 16 };
	struct dm_target t[3] = {
		{ 0, BAD, "linear" },
		{ BAD, NBAD, "error" },
		{ BAD + NBAD, 8192, "linear" },
	};
	struct blkdev_opts blk = {
		.kind = BLK_VDPA, .features = BLK_INDIRECT,
	};
	int err;

	ASSERT_EQ(0, disk_create(&self->disk, "vhxt_under", &o));
	snprintf(t[0].params, sizeof(t[0].params), "%s 0", self->disk.path);
	snprintf(t[2].params, sizeof(t[2].params), "%s %u", self->disk.path,
		 BAD + NBAD);
	err = dm_create(&self->dm, "vhxt_error", t, 3);
	if (err == -ENODEV)
		SKIP(return, "no device-mapper");
	ASSERT_EQ(0, err);
	blk.backend = self->dm.path;
	blk_fixture_start(_metadata, &self->b, &blk);
}

FIXTURE_TEARDOWN(stacked)
{
	if (self->b.path[0])
		blkdev_close(&self->b);
	dm_destroy(&self->dm);
	disk_destroy(&self->disk);
}

TEST_F(stacked, error_target)
{
	check(_metadata, &self->b);
}

TEST_HARNESS_MAIN
