// SPDX-License-Identifier: GPL-2.0
/*
 * The dirty log of the entropy device.
 */
#include "harness.h"
#include "exact.h"
#include "instance.h"
#include "chain.h"
#include "matrix.h"
#include "wait.h"

#define FEATURES	(BIT_ULL(VIRTIO_F_VERSION_1) | \
			 BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) | \
			 BIT_ULL(VHOST_F_LOG_ALL))
#define NUM		1024

FIXTURE(rng_log)
{
	struct instance in;
	struct gmem mem;
	struct vdev d;
	struct vq *vq;
	struct arena arena;
	struct dirty log;
};

FIXTURE_VARIANT(rng_log)
{
	__u64 features;
	unsigned int nregions;
};

#define IN_ONE(fixture, name, f)					\
	RING_VARIANT(fixture, name, .features = (f), .nregions = 1)

RING_MATRIX(rng_log, vhx, IN_ONE, FEATURES);
FIXTURE_VARIANT_ADD(rng_log, vhx_regions)
{
	.features = FEATURES | RING_EVENT | RING_INDIRECT, .nregions = 9,
};

FIXTURE_SETUP(rng_log)
{
	ASSERT_EQ(0, instance_create(&self->in, "rng", "vhxt_rng"));
	ASSERT_EQ(0, instance_enable(&self->in));
	ASSERT_EQ(0, gmem_init(&self->mem, 4 << 20, GMEM_GPA,
			       variant->nregions));
	ASSERT_EQ(0, vdev_open(&self->d, self->in.node));
	ASSERT_EQ(0, vdev_make_vqs(&self->d, &self->mem, variant->features, 1,
				   NUM));
	arena_init(&self->arena, &self->mem, 2 << 20);
	self->vq = &self->d.vq[0];
	ASSERT_EQ(0, dirty_init(&self->log, &self->mem));
	ASSERT_EQ(0, vdpa_realize(&self->d));
	ASSERT_EQ(0, dirty_set_base(&self->d, self->log.log));
	self->vq->log = true;
}

FIXTURE_TEARDOWN(rng_log)
{
	vdev_close(&self->d);
	gmem_exit(&self->mem);
	instance_destroy(&self->in);
	dirty_exit(&self->log);
}

/* All sizes; of a buffer that is larger than 64 KiB only the start is written. */
TEST_F(rng_log, exact)
{
	static const size_t lens[] = {
		16, 100, 4096, 4097, 10000, 65536, 65537, 200000,
	};
	static const size_t cuts[] = { 30, 4096, 1, 7000, 0 };
	unsigned int i, n;

	for (n = 0; n < 3; n++) {
		arena_reset(&self->arena);
		vq_reset(self->vq, vq_base_after(self->vq, 509 * n + 3));
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			struct chain c;

			chain_init(&c, &self->arena);
			chain_add(&c, &self->arena, lens[i], true,
				  i & 1 ? cuts : NULL);
			ASSERT_EQ(0, chain_submit(self->vq, &c, i));
			self->arena.at += DIRTY_PAGE;
		}
		vq_publish(self->vq);
		dirty_begin(&self->log, &self->d);
		ASSERT_EQ(0, vdpa_start(&self->d))
			TH_LOG("%s", self->d.what);
		vq_kick_always(self->vq);
		ASSERT_EQ(0, vq_wait_ready(self->vq, ARRAY_SIZE(lens),
					   WAIT_MS));
		ASSERT_EQ(0, vdpa_stop(&self->d));
		expect_exact(_metadata, &self->log, 50);
		ASSERT_EQ(0, vdpa_set_status(&self->d, VDEV_S_DRIVER));
	}
}

/* A buffer in so many pieces that the kernel needs memory for its record. */
TEST_F(rng_log, many_pieces)
{
	static const size_t cuts[] = { 100, 0 };
	struct vq_done done;
	struct chain c;
	unsigned int i;

	chain_init(&c, &self->arena);
	for (i = 0; i < 60; i++) {
		chain_add(&c, &self->arena, 100, true, cuts);
		self->arena.at += i % 3 * DIRTY_PAGE;
	}
	ASSERT_EQ(0, chain_submit(self->vq, &c, 1));
	vq_publish(self->vq);
	dirty_begin(&self->log, &self->d);
	ASSERT_EQ(0, vdpa_start(&self->d));
	vq_kick_always(self->vq);
	ASSERT_EQ(0, vq_wait_ready(self->vq, 1, WAIT_MS));
	ASSERT_EQ(0, vdpa_stop(&self->d));
	expect_exact(_metadata, &self->log, 40);
	ASSERT_EQ(1, vq_pop(self->vq, &done));
	EXPECT_EQ(6000, done.len);
}

TEST_HARNESS_MAIN
