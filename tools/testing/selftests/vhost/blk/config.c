// SPDX-License-Identifier: GPL-2.0
/*
 * What a disk says of itself: device id, features, configuration space, queues.
 */
#include <stdio.h>

#include "harness.h"
#include "blkdev_fixture.h"
#include "dm.h"

FIXTURE(config)
{
	struct blkdev b;
};

FIXTURE_VARIANT(config)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(config)
{
	blk_fixture_open(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(config)
{
	blkdev_close(&self->b);
}

FIXTURE_VARIANT_ADD(config, vduse)
{
	.o = { .kind = BLK_VDUSE, .features = BLK_INDIRECT, .queues = 4 },
};

FIXTURE_VARIANT_ADD(config, vhx)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT, .queues = 4 },
};

FIXTURE_VARIANT_ADD(config, vhx_4k)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT, .queues = 1,
	       .disk = { .mib = 32, .block_size = 4096 } },
};

FIXTURE_VARIANT_ADD(config, vhx_read_only)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT, .queues = 2,
	       .read_only = true },
};

#define HAS(f, bit)	(!!((f) & BIT_ULL(bit)))

TEST_F(config, identity)
{
	struct vdev *d = &self->b.dev;
	__u32 id = 0, vqs = 0, size = 0;
	__u16 num = 0;

	ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_VDPA_GET_DEVICE_ID, &id));
	EXPECT_EQ(2, id);
	ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_VDPA_GET_VQS_COUNT, &vqs));
	EXPECT_EQ(variant->o.queues, vqs);
	ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_VDPA_GET_VRING_NUM, &num));
	EXPECT_LE(128, num);
	EXPECT_EQ(0, num & (num - 1));
	ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_VDPA_GET_CONFIG_SIZE, &size));
	EXPECT_LE(offsetof(struct virtio_blk_config, num_queues) + 2, size);
	EXPECT_GE(sizeof(struct virtio_blk_config), size);
}

TEST_F(config, features)
{
	struct vdev *d = &self->b.dev;
	__u64 f = 0;

	ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_GET_FEATURES, &f));
	EXPECT_TRUE(HAS(f, VIRTIO_F_VERSION_1));
	EXPECT_TRUE(HAS(f, VIRTIO_F_ACCESS_PLATFORM));
	EXPECT_TRUE(HAS(f, VIRTIO_RING_F_EVENT_IDX));
	EXPECT_TRUE(HAS(f, VIRTIO_RING_F_INDIRECT_DESC));
	EXPECT_TRUE(HAS(f, VIRTIO_BLK_F_BLK_SIZE));
	EXPECT_TRUE(HAS(f, VIRTIO_BLK_F_SEG_MAX));
	EXPECT_TRUE(HAS(f, VIRTIO_BLK_F_FLUSH));
	EXPECT_EQ(variant->o.read_only, HAS(f, VIRTIO_BLK_F_RO));
	if (variant->o.queues > 1)
		EXPECT_TRUE(HAS(f, VIRTIO_BLK_F_MQ));
	/* What this first version does not have. */
	if (variant->o.kind == BLK_VDPA) {
		EXPECT_FALSE(HAS(f, VIRTIO_BLK_F_SCSI));
		EXPECT_FALSE(HAS(f, VIRTIO_BLK_F_ZONED));
	}
}

TEST_F(config, space)
{
	struct vdev *d = &self->b.dev;
	struct virtio_blk_config c = { 0 };
	__u32 mib = variant->o.disk.mib ? variant->o.disk.mib : 64;
	__u32 block = variant->o.disk.block_size ?
		      variant->o.disk.block_size : 512;
	__u32 size = 0;
	__u8 byte;

	ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_VDPA_GET_CONFIG_SIZE, &size));
	ASSERT_GE(sizeof(c), size);
	ASSERT_EQ(0, vdpa_get_config(d, 0, &c, size));
	EXPECT_EQ((__u64)mib << 20 >> 9, c.capacity);
	if (variant->o.kind == BLK_VDPA)
		EXPECT_EQ(block, c.blk_size);
	EXPECT_LE(1, c.seg_max);
	EXPECT_EQ(variant->o.queues, c.num_queues);

	/* Any part of it, byte by byte too. */
	ASSERT_EQ(0, vdpa_get_config(d, 1, &byte, 1));
	EXPECT_EQ(((__u8 *)&c)[1], byte);
	ASSERT_EQ(0, vdpa_get_config(d, size - 1, &byte, 1));
	EXPECT_EQ(((__u8 *)&c)[size - 1], byte);
	EXPECT_GT(0, vdpa_get_config(d, size, &byte, 1));
	EXPECT_GT(0, vdpa_get_config(d, 0, &c, size + 1));
}

/* The size is the same once it runs, and data comes from where it says. */
TEST_F(config, all_queues_work)
{
	struct blkdev *b = &self->b;
	unsigned int q;

	ASSERT_EQ(0, blkdev_start(b))
		TH_LOG("%s", b->dev.what);
	for (q = 0; q < b->dev.nvqs; q++) {
		struct blkreq r = {
			.type = VIRTIO_BLK_T_IN, .sector = 8 * q,
			.in_len = 4096,
		};
		char want[4096], got[4096];
		struct vq_done done;

		blk_pattern(want, sizeof(want), q);
		ASSERT_EQ(0, disk_write(&b->disk, q * 4096, want, 4096));
		ASSERT_EQ(0, blk_add(b, q, &r, q));
		vq_kick(&b->dev.vq[q]);
		ASSERT_EQ(0, vq_wait(&b->dev.vq[q], WAIT_MS))
			TH_LOG("queue %u", q);
		ASSERT_EQ(1, vq_pop(&b->dev.vq[q], &done));
		EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&r));
		blk_data(&r, got);
		EXPECT_EQ(0, memcmp(want, got, 4096));
	}
}

/* A stripe whose width does not fit in min_io_size. */
FIXTURE(stripes)
{
	struct disk disk;
	struct dm dm;
	struct blkdev b;
};

FIXTURE_VARIANT(stripes)
{
	unsigned int mib;
};

FIXTURE_VARIANT_ADD(stripes, mib16) { .mib = 16 };
FIXTURE_VARIANT_ADD(stripes, mib32) { .mib = 32 };
FIXTURE_VARIANT_ADD(stripes, mib48) { .mib = 48 };

FIXTURE_SETUP(stripes)
{
	const struct disk_opts o = { .mib = 96, .forgets = true };
	const unsigned int chunk = variant->mib << 11;
	struct dm_target t = { 0, 2 * chunk, "striped" };
	struct blkdev_opts blk = { .kind = BLK_VDPA };
	int err;

	ASSERT_EQ(0, disk_create(&self->disk, "vhxt_under", &o));
	snprintf(t.params, sizeof(t.params), "2 %u %s 0 %s %u", chunk,
		 self->disk.path, self->disk.path, chunk);
	err = dm_create(&self->dm, "vhxt_stripes", &t, 1);
	if (err == -ENODEV)
		SKIP(return, "no device-mapper");
	ASSERT_EQ(0, err);
	blk.backend = self->dm.path;
	blk_fixture_open(_metadata, &self->b, &blk);
}

FIXTURE_TEARDOWN(stripes)
{
	if (self->b.path[0])
		blkdev_close(&self->b);
	dm_destroy(&self->dm);
	disk_destroy(&self->disk);
}

TEST_F(stripes, min_io_size)
{
	const unsigned int blocks = variant->mib << 11;
	/* Not all of it: older kernels have fewer fields. */
	const __u32 size = offsetof(struct virtio_blk_config, wce);
	struct virtio_blk_config c = { 0 };

	ASSERT_EQ(0, vdpa_get_config(&self->b.dev, 0, &c, size));
	EXPECT_EQ(blocks < 0xffff ? blocks : 0xffff, c.min_io_size);
	EXPECT_EQ(2 * blocks, c.opt_io_size);
}

TEST_HARNESS_MAIN
