// SPDX-License-Identifier: GPL-2.0
/*
 * The entropy device (virtio 1.3, section 5.4): it fills buffers with random
 * bytes.
 */
#include "chain.h"
#include "instance.h"
#include "harness.h"
#include "matrix.h"
#include "pins.h"
#include "wait.h"

#define FEATURES	(BIT_ULL(VIRTIO_F_VERSION_1) | \
			 BIT_ULL(VIRTIO_F_ACCESS_PLATFORM))

FIXTURE(entropy)
{
	struct instance in;
	struct gmem mem;
	struct vdev d;
	struct vq *vq;
	struct arena arena;
};

FIXTURE_VARIANT(entropy)
{
	__u64 features;
	unsigned int nregions;
	bool pinned;
};

#define IN_ONE(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.features = (f), .nregions = 1,				\
		.pinned = RING_PINNED(f))

RING_MATRIX(entropy, vhx, IN_ONE, FEATURES);
FIXTURE_VARIANT_ADD(entropy, vhx_regions)
{
	.features = FEATURES | RING_EVENT | RING_INDIRECT,
	.nregions = 100,
};

FIXTURE_SETUP(entropy)
{
	ASSERT_EQ(0, instance_create(&self->in, "rng", "vhxt_rng"));
	ASSERT_EQ(0, instance_set(&self->in, "memory",
				  pins_memory(variant->pinned)));
	ASSERT_EQ(0, instance_enable(&self->in));
	ASSERT_EQ(0, gmem_init(&self->mem, 2 << 20, GMEM_GPA,
			       variant->nregions));
	ASSERT_EQ(0, vdev_open(&self->d, self->in.node));
	ASSERT_EQ(0, vdev_make_vqs(&self->d, &self->mem, variant->features,
				   1, 256));
	arena_init(&self->arena, &self->mem, 1 << 20);
	self->vq = &self->d.vq[0];
	ASSERT_EQ(0, vdpa_setup(&self->d))
		TH_LOG("%s", self->d.what);
}

FIXTURE_TEARDOWN(entropy)
{
	vdev_close(&self->d);
	gmem_exit(&self->mem);
	instance_destroy(&self->in);
}

static char buf[2][65536];

/* Ask for @len bytes. Returns how many the device wrote. */
static __u32 ask(struct __test_metadata *_metadata, struct vq *vq,
		 struct arena *arena, size_t len, const size_t *cuts, char *to)
{
	struct vq_done done = { 0 };
	struct chain c;

	chain_init(&c, arena);
	chain_add(&c, arena, len, true, cuts);
	ASSERT_EQ(0, chain_submit(vq, &c, len));
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(len, done.token);
	EXPECT_TRUE(chain_clean(&c));
	chain_get(&c, 0, to, len);
	arena_reset(arena);
	return done.len;
}

/* Reset, and start as if @after buffers had gone through the queue. */
static void restart(struct __test_metadata *_metadata, struct vdev *d,
		    unsigned int after)
{
	ASSERT_EQ(0, vdpa_set_status(d, 0));
	ASSERT_EQ(0, vdpa_unmap_all(d));
	vq_reset(&d->vq[0], vq_base_after(&d->vq[0], after));
	ASSERT_EQ(0, vdpa_set_status(d, VDEV_S_DRIVER));
	ASSERT_EQ(0, vdpa_start(d));
}

/* Bits set in @p. */
static unsigned int ones(const char *p, size_t len)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < len; i++)
		n += __builtin_popcount((unsigned char)p[i]);
	return n;
}

TEST_F(entropy, identity)
{
	__u32 id = 0, vqs = 0;

	ASSERT_EQ(0, vdev_ioctl(&self->d, "", VHOST_VDPA_GET_DEVICE_ID, &id));
	EXPECT_EQ(4, id);
	ASSERT_EQ(0, vdev_ioctl(&self->d, "", VHOST_VDPA_GET_VQS_COUNT, &vqs));
	EXPECT_EQ(1, vqs);
}

/* Every byte is written, in whatever pieces, and differs each time. */
TEST_F(entropy, fills)
{
	static const size_t lens[] = { 1, 2, 63, 64, 4096, 4097, 65536 };
	static const size_t cuts[] = { 1, 2, 3, 64, 4095, 5000, 0 };
	size_t i, k, same;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		const size_t len = lens[i];

		EXPECT_EQ(len, ask(_metadata, self->vq, &self->arena, len,
				   NULL, buf[0]));
		EXPECT_EQ(len, ask(_metadata, self->vq, &self->arena, len,
				   cuts, buf[1]));
		if (len < 63)
			continue;
		for (k = 0, same = 0; k < len; k++)
			same += buf[0][k] == buf[1][k];
		/* One byte in 256 is the same by chance. */
		EXPECT_GT(len / 8, same);
		/* In each page, about half of the bits are set. */
		for (k = 0; k + 4096 <= len; k += 4096) {
			EXPECT_LT(15500, ones(buf[1] + k, 4096));
			EXPECT_GT(17300, ones(buf[1] + k, 4096));
		}
	}
}

/*
 * Many buffers at once, until all indices wrap. One variant runs all 65,536 of
 * a lap, which is slow; the others start shortly before its end.
 */
TEST_F(entropy, wrap)
{
	struct vq_seg seg = {
		.gpa = gmem_gpa(&self->mem, self->arena.base),
		.len = 8,
		.write = true,
	};
	const bool all = variant->features == (FEATURES | RING_EVENT) &&
			 !kernel_is_slow();
	const unsigned int total = 66000, batch = 250;
	unsigned int n = all ? 0 : total - 6 * batch, i;
	struct vq_done done;

	if (n)
		restart(_metadata, &self->d, n);
	for (; n < total; n += batch) {
		for (i = 0; i < batch; i++)
			ASSERT_EQ(0, vq_add(self->vq, &seg, 1, i));
		vq_kick(self->vq);
		for (i = 0; i < batch; i++) {
			ASSERT_EQ(0, vq_wait(self->vq, WAIT_MS));
			ASSERT_EQ(1, vq_pop(self->vq, &done));
			ASSERT_EQ(8, done.len);
		}
	}
	EXPECT_FALSE(vq_more_used(self->vq));
}

/* A readable buffer is invalid: the queue breaks, and can be restarted. */
TEST_F(entropy, readable)
{
	bool both;
	int i;

	for (i = 0; i < 4; i++) {
		struct chain c;

		both = i & 1;
		chain_init(&c, &self->arena);
		chain_add(&c, &self->arena, 64, false, NULL);
		if (both)
			chain_add(&c, &self->arena, 64, true, NULL);
		ASSERT_EQ(0, chain_submit(self->vq, &c, 0));
		vq_kick(self->vq);
		EXPECT_EQ(-EIO, vq_wait(self->vq, WAIT_MS));
		EXPECT_TRUE(chain_clean(&c));

		restart(_metadata, &self->d, 0);
		event_take(self->vq->err);
		arena_reset(&self->arena);
		EXPECT_EQ(64, ask(_metadata, self->vq, &self->arena, 64, NULL,
				  buf[0]));
	}
}

/* Memory is remapped in one step while the device works. */
TEST_F(entropy, remap)
{
	int i;

	for (i = 0; i < 50; i++) {
		struct vq_seg seg = {
			.gpa = gmem_gpa(&self->mem, self->arena.base),
			.len = 4096,
			.write = true,
		};
		struct vq_done done;
		int k;

		for (k = 0; k < 20; k++)
			ASSERT_EQ(0, vq_add(self->vq, &seg, 1, k));
		vq_kick(self->vq);
		ASSERT_EQ(0, vdpa_remap_all(&self->d, 65536 << i % 4));
		for (k = 0; k < 20; k++) {
			ASSERT_EQ(0, vq_wait(self->vq, WAIT_MS));
			ASSERT_EQ(1, vq_pop(self->vq, &done));
			ASSERT_EQ(4096, done.len);
		}
	}
	EXPECT_FALSE(event_take(self->vq->err));
}

TEST_HARNESS_MAIN
