// SPDX-License-Identifier: GPL-2.0
/*
 * How the vring ioctls of both personalities depend on the format of the rings:
 * sizes, bases, and the alignment of areas. There is no reference, as no
 * in-tree vhost device has packed rings.
 */
#include <errno.h>
#include <fcntl.h>

#include "blkdev.h"
#include "harness.h"
#include "netdev.h"

#define PACKED	BIT_ULL(VIRTIO_F_RING_PACKED)

FIXTURE(ring_format)
{
	struct blkdev b;
	struct gmem mem;
	struct tap tap;
	struct vdev d;
};

FIXTURE_VARIANT(ring_format)
{
	bool is_net;
	enum blk_kind kind;
};

FIXTURE_VARIANT_ADD(ring_format, vhx_net) { .is_net = true };
FIXTURE_VARIANT_ADD(ring_format, vhx_blk_vhost) { .kind = BLK_VHOST };
FIXTURE_VARIANT_ADD(ring_format, vhx_blk_vdpa) { .kind = BLK_VDPA };

/* Make a disk or a tap. Each test opens the device itself. */
FIXTURE_SETUP(ring_format)
{
	const struct blkdev_opts o = { .kind = variant->kind };
	const char *why;

	self->d.fd = -1;
	self->d.config_call = -1;
	self->tap.fd = -1;
	self->tap.sock = -1;
	ASSERT_EQ(0, gmem_init(&self->mem, 1 << 20, GMEM_GPA, 1));
	if (variant->is_net) {
		ASSERT_EQ(0, netns_enter());
		ASSERT_EQ(0, tap_create(&self->tap, "tap0", 12, 1));
		return;
	}
	ASSERT_EQ(0, blkdev_open(&self->b, &o, &why))
		TH_LOG("%s", why);
	vdev_close(&self->b.dev);
}

FIXTURE_TEARDOWN(ring_format)
{
	vdev_close(&self->d);
	gmem_exit(&self->mem);
	if (variant->is_net)
		tap_destroy(&self->tap);
	else
		blkdev_close(&self->b);
}

static bool is_vdpa(const FIXTURE_VARIANT(ring_format) * variant)
{
	return !variant->is_net && variant->kind == BLK_VDPA;
}

/* Open the device again, with queues for the features in @extra. */
static void open_anew(struct __test_metadata *_metadata,
		      FIXTURE_DATA(ring_format) * self,
		      const FIXTURE_VARIANT(ring_format) * variant,
		      __u64 extra, __u16 num)
{
	__u64 features = BIT_ULL(VIRTIO_F_VERSION_1) | extra;

	if (is_vdpa(variant))
		features |= BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
	vdev_close(&self->d);
	self->mem.brk = 0;
	ASSERT_EQ(0, vdev_open(&self->d, variant->is_net ? "/dev/vhx-net" :
							   self->b.path));
	ASSERT_EQ(0, vdev_make_vqs(&self->d, &self->mem, features,
				   variant->is_net ? 2 : 1, num));
}

/* Set it up to where features, and so the format, are negotiated. */
static void negotiate(struct __test_metadata *_metadata,
		      FIXTURE_DATA(ring_format) * self,
		      const FIXTURE_VARIANT(ring_format) * variant)
{
	struct vdev *d = &self->d;

	if (!is_vdpa(variant)) {
		ASSERT_EQ(0, vhost_set_owner(d));
		ASSERT_EQ(0, vhost_set_features(d));
		return;
	}
	ASSERT_EQ(0, vdpa_realize(d));
	ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_SET_FEATURES, &d->features));
	ASSERT_EQ(0, vdpa_set_status(d, VDEV_S_FEATURES));
}

static int start(FIXTURE_DATA(ring_format) * self,
		 const FIXTURE_VARIANT(ring_format) * variant)
{
	int err;

	if (is_vdpa(variant))
		return vdpa_setup(&self->d);
	err = vhost_setup(&self->d);
	if (err)
		return err;
	return variant->is_net ? vhost_net_attach_all(&self->d, self->tap.fd) :
				 vhost_blk_attach(&self->d, self->b.backend);
}

/**
 * struct value - of a vring ioctl
 * @cmd: VHOST_SET_VRING_NUM or VHOST_SET_VRING_BASE
 * @num: the value
 * @split: its errno for a split ring, 0 for success
 * @packed: the same for a packed one
 */
struct value {
	unsigned long cmd;
	__u32 num;
	int split;
	int packed;
};

static const struct value values[] = {
	{ VHOST_SET_VRING_NUM, 0, EINVAL, EINVAL },
	{ VHOST_SET_VRING_NUM, 1, 0, 0 },
	{ VHOST_SET_VRING_NUM, 3, EINVAL, 0 },
	{ VHOST_SET_VRING_NUM, 64, 0, 0 },
	{ VHOST_SET_VRING_NUM, 100, EINVAL, 0 },
	{ VHOST_SET_VRING_NUM, 255, EINVAL, 0 },
	{ VHOST_SET_VRING_NUM, 32769, EINVAL, EINVAL },
	{ VHOST_SET_VRING_NUM, 65536, EINVAL, EINVAL },
	{ VHOST_SET_VRING_NUM, 0xffffffff, EINVAL, EINVAL },
	{ VHOST_SET_VRING_BASE, 0, 0, 0 },
	{ VHOST_SET_VRING_BASE, 0xffff, 0, 0 },
	{ VHOST_SET_VRING_BASE, 0x10000, EINVAL, 0 },
	{ VHOST_SET_VRING_BASE, 0x80008000, EINVAL, 0 },
	{ VHOST_SET_VRING_BASE, 0x80050003, EINVAL, 0 },
};

TEST_F(ring_format, values)
{
	unsigned int packed;
	size_t i;

	for (packed = 0; packed < 2; packed++) {
		open_anew(_metadata, self, variant, packed ? PACKED : 0, 64);
		negotiate(_metadata, self, variant);
		for (i = 0; i < ARRAY_SIZE(values); i++) {
			const struct value *v = &values[i];
			struct vhost_vring_state s = { .num = v->num };

			EXPECT_EQ(-(packed ? v->packed : v->split),
				  vdev_ioctl(&self->d, "", v->cmd, &s))
				TH_LOG("%s: %s %#x", packed ? "packed" :
				       "split", v->cmd == VHOST_SET_VRING_NUM ?
				       "NUM" : "BASE", v->num);
		}
	}
}

/* GET_VRING_BASE returns all bits that were set, or those of a new queue. */
TEST_F(ring_format, base_is_kept)
{
	__u32 base = 0;

	open_anew(_metadata, self, variant, PACKED, 64);
	negotiate(_metadata, self, variant);
	ASSERT_EQ(0, vring_get_base(&self->d, 0, &base));
	EXPECT_EQ(0x80008000, base);
	ASSERT_EQ(0, vring_set_base(&self->d, 0, 0x80050003));
	ASSERT_EQ(0, vring_get_base(&self->d, 0, &base));
	EXPECT_EQ(0x80050003, base);

	open_anew(_metadata, self, variant, 0, 64);
	negotiate(_metadata, self, variant);
	ASSERT_EQ(0, vring_get_base(&self->d, 0, &base));
	EXPECT_EQ(0, base);
}

/* Positions beyond the end of the ring, in either half. */
TEST_F(ring_format, base_beyond_the_ring)
{
	static const __u32 bad[] = {
		0x80008064, 0x80648000, 0x00640064, 0xffffffff, 0x7fff0000,
	};
	static const __u32 good[] = { 0x80008000, 0x80638063, 0x00000000 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		open_anew(_metadata, self, variant, PACKED, 100);
		self->d.vq[0].base = bad[i];
		EXPECT_EQ(-EINVAL, start(self, variant))
			TH_LOG("%#x", bad[i]);
	}
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		open_anew(_metadata, self, variant, PACKED, 100);
		vq_reset(&self->d.vq[0], good[i]);
		EXPECT_EQ(0, start(self, variant))
			TH_LOG("%#x: %s", good[i], self->d.what);
	}
}

/*
 * A request of a disk goes through; there is nothing to see of a tap's queue.
 */
static void ping(struct __test_metadata *_metadata,
		 FIXTURE_DATA(ring_format) * self)
{
	const struct virtio_blk_outhdr hdr = { .type = VIRTIO_BLK_T_FLUSH };
	struct vq *vq = &self->d.vq[0];
	char *at = gmem_alloc(&self->mem, 64, 64);
	const struct vq_seg seg[2] = {
		{ gmem_gpa(&self->mem, at), sizeof(hdr), false },
		{ gmem_gpa(&self->mem, at + 32), 1, true },
	};
	struct vq_done done;

	memcpy(at, &hdr, sizeof(hdr));
	at[32] = (char)BLK_UNTOUCHED;
	ASSERT_EQ(0, vq_add(vq, seg, 2, 0));
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(VIRTIO_BLK_S_OK, at[32]);
}

/*
 * Nothing is in flight when a queue starts, so both halves of a packed base are
 * the same. A used half of 0, as DPDK's virtio-user sets it, stands for that.
 */
TEST_F(ring_format, base_without_used_half)
{
	static const __u16 bases[] = { 0x8000, 0x8005, 0x8063, 0x0001, 0x0063 };
	__u32 base;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		open_anew(_metadata, self, variant, PACKED, 100);
		vq_reset(&self->d.vq[0], bases[i] * 0x10001U);
		self->d.vq[0].base = bases[i];
		ASSERT_EQ(0, start(self, variant))
			TH_LOG("%#x: %s", bases[i], self->d.what);
		ASSERT_EQ(0, vring_get_base(&self->d, 0, &base));
		EXPECT_EQ(bases[i] * 0x10001U, base);
		if (!variant->is_net)
			ping(_metadata, self);
	}
}

/*
 * Halves that differ would mean buffers in flight, of which nothing is known.
 */
TEST_F(ring_format, base_with_two_halves)
{
	static const __u32 bad[] = {
		0x80008001, 0x80018000, 0x00018000, 0x00010000, 0x80000000,
		0x80050004, 0x80050005, 0x00058005,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		open_anew(_metadata, self, variant, PACKED, 100);
		self->d.vq[0].base = bad[i];
		EXPECT_EQ(-EINVAL, start(self, variant))
			TH_LOG("%#x", bad[i]);
	}
}

/* A packed ring's areas: multiples of 16, 4 and 4. */
TEST_F(ring_format, alignment)
{
	static const struct { unsigned int desc, driver, device; } offs[] = {
		{ 8, 0, 0 }, { 4, 0, 0 }, { 1, 0, 0 }, { 0, 2, 0 },
		{ 0, 1, 0 }, { 0, 0, 2 }, { 0, 0, 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(offs); i++) {
		struct vq *vq = &self->d.vq[0];

		open_anew(_metadata, self, variant, PACKED, 100);
		vq->ring = (void *)((char *)vq->ring + offs[i].desc);
		vq->driver = (void *)((char *)vq->driver + offs[i].driver);
		vq->device = (void *)((char *)vq->device + offs[i].device);
		EXPECT_EQ(-EINVAL, start(self, variant))
			TH_LOG("+%u, +%u, +%u", offs[i].desc, offs[i].driver,
			       offs[i].device);
	}
	open_anew(_metadata, self, variant, PACKED, 100);
	EXPECT_EQ(0, start(self, variant));
}

TEST_HARNESS_MAIN
