// SPDX-License-Identifier: GPL-2.0
/*
 * Queues of the vdpa personality that are enabled, but that the driver did not
 * set up: a guest with fewer CPUs than queues, or firmware, uses fewer of them.
 * They do not keep the device from starting, and start once they are both, in
 * either order.
 */
#include "blkdev.h"
#include "harness.h"
#include "matrix.h"

#define QUEUES	2

FIXTURE(start)
{
	struct blkdev b;
	struct vdev *d;
};

FIXTURE_VARIANT(start)
{
	struct blkdev_opts o;
};

#define START(fixture, name, f)						\
	RING_VARIANT(fixture, name,					\
		.o = { .kind = BLK_VDPA, .features = (f),		\
		       .queues = QUEUES })

RING_BOTH(start, vhx, START, BLK_PLAIN);

/* Up to where its queues are to be set up. */
FIXTURE_SETUP(start)
{
	const char *why;

	ASSERT_EQ(0, blkdev_open(&self->b, &variant->o, &why))
		TH_LOG("%s", why);
	self->d = &self->b.dev;
	ASSERT_EQ(0, vdpa_realize(self->d))
		TH_LOG("%s", self->d->what);
}

FIXTURE_TEARDOWN(start)
{
	blkdev_close(&self->b);
}

/* A flush on queue @q: does the queue work? */
static void ping(struct __test_metadata *_metadata, struct blkdev *b,
		 unsigned int q)
{
	struct blkreq r = { .type = VIRTIO_BLK_T_FLUSH };
	struct vq *vq = &b->dev.vq[q];
	struct vq_done done;

	ASSERT_EQ(0, blk_add(b, q, &r, 0));
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS))
		TH_LOG("queue %u", q);
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&r));
	arena_reset(&b->arena);
}

/* Start the device with queue 0 alone set up. */
static void start_first(struct __test_metadata *_metadata, struct vdev *d)
{
	__u8 status = 0;

	d->nvqs = 1;
	EXPECT_EQ(0, vdpa_start(d))
		TH_LOG("%s", d->what);
	d->nvqs = QUEUES;
	ASSERT_EQ(0, vdpa_get_status(d, &status));
	ASSERT_EQ(VDEV_S_RUNNING, status);
}

static int set_addr(struct vdev *d, unsigned int i, __u64 off)
{
	const struct vq *vq = &d->vq[i];
	struct vhost_vring_addr a = {
		.index = i,
		.desc_user_addr = gmem_gpa(d->mem, vq->desc) + off,
		.avail_user_addr = gmem_gpa(d->mem, vq->avail) + off,
		.used_user_addr = gmem_gpa(d->mem, vq->used) + off,
	};

	return vdev_ioctl(d, "SET_VRING_ADDR", VHOST_SET_VRING_ADDR, &a);
}

static int set_fds(struct vdev *d, unsigned int i)
{
	int err = vring_set_kick(d, i, d->vq[i].kick);

	if (!err)
		err = vring_set_call(d, i, d->vq[i].call);
	return err ? err : vring_set_err(d, i, d->vq[i].err);
}

/* Size, base, addresses; not enabled. */
static int set_up(struct vdev *d, unsigned int i)
{
	int err;

	err = vring_set_num(d, i);
	if (!err)
		err = vring_set_base(d, i, d->vq[i].base);
	if (!err)
		err = set_addr(d, i, 0);
	return err ? err : set_fds(d, i);
}

TEST_F(start, enabled_only)
{
	ASSERT_EQ(0, vdpa_enable(self->d, 1, true));
	start_first(_metadata, self->d);
	ping(_metadata, &self->b, 0);
}

TEST_F(start, enabled_then_set_up)
{
	ASSERT_EQ(0, vdpa_enable(self->d, 1, true));
	start_first(_metadata, self->d);
	ASSERT_EQ(0, set_up(self->d, 1))
		TH_LOG("%s", self->d->what);
	ping(_metadata, &self->b, 1);
	ping(_metadata, &self->b, 0);
}

TEST_F(start, set_up_then_enabled)
{
	start_first(_metadata, self->d);
	ASSERT_EQ(0, set_up(self->d, 1))
		TH_LOG("%s", self->d->what);
	ASSERT_EQ(0, vdpa_enable(self->d, 1, true));
	ping(_metadata, &self->b, 1);
	ping(_metadata, &self->b, 0);
}

TEST_F(start, both_after_the_start)
{
	start_first(_metadata, self->d);
	ASSERT_EQ(0, vdpa_enable(self->d, 1, true));
	ASSERT_EQ(0, set_up(self->d, 1))
		TH_LOG("%s", self->d->what);
	ping(_metadata, &self->b, 1);
}

/* What was set up in part is not set up, whichever part it is. */
TEST_F(start, half_set_up)
{
	int half;

	for (half = 0; half < 2; half++) {
		ASSERT_EQ(0, vdpa_enable(self->d, 1, true));
		ASSERT_EQ(0, half ? set_addr(self->d, 1, 0) :
				    vring_set_num(self->d, 1));
		start_first(_metadata, self->d);
		ping(_metadata, &self->b, 0);
		/* The other part starts it. */
		ASSERT_EQ(0, half ? vring_set_num(self->d, 1) :
				    set_addr(self->d, 1, 0));
		ASSERT_EQ(0, set_fds(self->d, 1))
			TH_LOG("%s", self->d->what);
		ping(_metadata, &self->b, 1);

		ASSERT_EQ(0, vdpa_set_status(self->d, 0));
		ASSERT_EQ(0, vdpa_unmap_all(self->d));
		vq_reset(&self->d->vq[0], vq_base_after(&self->d->vq[0], 0));
		vq_reset(&self->d->vq[1], vq_base_after(&self->d->vq[1], 0));
		ASSERT_EQ(0, vdpa_set_status(self->d, VDEV_S_DRIVER));
	}
}

/* A ring where no memory is: refused, and can be set up better. */
TEST_F(start, set_up_wrong)
{
	ASSERT_EQ(0, vdpa_enable(self->d, 1, true));
	start_first(_metadata, self->d);
	ASSERT_EQ(0, vring_set_num(self->d, 1));
	ASSERT_EQ(-EFAULT, set_addr(self->d, 1, 1ULL << 40));
	ping(_metadata, &self->b, 0);
	ASSERT_EQ(0, set_up(self->d, 1))
		TH_LOG("%s", self->d->what);
	ping(_metadata, &self->b, 1);
}

/* Suspend and resume leave them alone. */
TEST_F(start, resumed)
{
	ASSERT_EQ(0, vdpa_enable(self->d, 1, true));
	start_first(_metadata, self->d);
	ping(_metadata, &self->b, 0);
	ASSERT_EQ(0, vdev_ioctl(self->d, "", VHOST_VDPA_SUSPEND, NULL));
	ASSERT_EQ(0, vdev_ioctl(self->d, "", VHOST_VDPA_RESUME, NULL));
	ping(_metadata, &self->b, 0);
	ASSERT_EQ(0, set_up(self->d, 1))
		TH_LOG("%s", self->d->what);
	ping(_metadata, &self->b, 1);
}

/* Not one that the driver has disabled, either. */
TEST_F(start, disabled_again)
{
	ASSERT_EQ(0, vdpa_enable(self->d, 1, true));
	ASSERT_EQ(0, vdpa_enable(self->d, 1, false));
	start_first(_metadata, self->d);
	ASSERT_EQ(0, set_up(self->d, 1))
		TH_LOG("%s", self->d->what);
	vq_kick_always(&self->d->vq[1]);
	ping(_metadata, &self->b, 0);
	/* Where it runs, its addresses could not be set again. */
	ASSERT_EQ(0, vring_set_num(self->d, 1));
	ASSERT_EQ(0, vdpa_enable(self->d, 1, true));
	ping(_metadata, &self->b, 1);
}

TEST_HARNESS_MAIN
