// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a vhost-vdpa device outlives a reset
 * (VHOST_BACKEND_F_IOTLB_PERSIST).
 */
#include "harness.h"
#include "blkdev_fixture.h"

#ifndef VHOST_BACKEND_F_IOTLB_PERSIST
#define VHOST_BACKEND_F_IOTLB_PERSIST	0x8
#endif

FIXTURE(persist)
{
	struct blkdev b;
};

FIXTURE_VARIANT(persist)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(persist)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(persist)
{
	blkdev_close(&self->b);
}

RING_BOTH(persist, vhx, BLK_ON_VDPA, BLK_PLAIN);

static void read_sector(struct __test_metadata *_metadata, struct blkdev *b)
{
	struct blkreq r = { .type = VIRTIO_BLK_T_IN, .in_len = 512 };

	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &r, NULL, NULL));
}

/* Started without a message, it has all of its memory. */
TEST_F(persist, over_reset)
{
	struct vdev *d = &self->b.dev;
	unsigned int i;
	__u64 f = 0;

	ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_GET_BACKEND_FEATURES, &f));
	EXPECT_NE(0, f & BIT_ULL(VHOST_BACKEND_F_IOTLB_PERSIST));
	f = BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2) |
	    BIT_ULL(VHOST_BACKEND_F_IOTLB_PERSIST);
	ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_SET_BACKEND_FEATURES, &f));
	for (i = 0; i < 3; i++) {
		read_sector(_metadata, &self->b);
		ASSERT_EQ(0, vdpa_set_status(d, 0));
		vq_reset(&d->vq[0], vq_base_after(&d->vq[0], 0));
		ASSERT_EQ(0, vdpa_set_status(d, VDEV_S_DRIVER));
		ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_SET_FEATURES,
					&d->features));
		ASSERT_EQ(0, vdpa_set_status(d, VDEV_S_FEATURES));
		ASSERT_EQ(0, vdpa_set_vring(d, 0));
		ASSERT_EQ(0, vring_set_call(d, 0, d->vq[0].call));
		ASSERT_EQ(0, vdpa_set_status(d, VDEV_S_RUNNING));
	}
	read_sector(_metadata, &self->b);
}

TEST_HARNESS_MAIN
