// SPDX-License-Identifier: GPL-2.0
/*
 * Memory tables as large as can be. An invalidation within a region cuts it in
 * two, so a batch of them makes regions out of one. From a limit on that is
 * refused: the table stays as it was, and takes no more memory.
 */
#include <sys/mman.h>

#include "cgroup.h"
#include "harness.h"
#include "instance.h"
#include "matrix.h"

/* Regions of a table at most. */
#define REGIONS		4096

#define PAGE		4096UL
#define PAGES		(4UL * REGIONS)

/* The pages that are cut out of a region, one by one: every second. */
#define HOLE(n)		(2UL * (n) + 1)

/* What the table and a copy of it take at most. */
#define TABLES_BYTES	(1L << 20)

FIXTURE(table)
{
	struct cgroup cg;
	struct instance in;
	struct gmem mem;
	struct vdev d;
	struct vq *vq;
	char *room;
};

FIXTURE_SETUP(table)
{
	const __u64 features = BIT_ULL(VIRTIO_F_VERSION_1) |
			       BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) | RING_EVENT;

	ASSERT_EQ(0, instance_create(&self->in, "rng", "vhxt_rng"));
	ASSERT_EQ(0, instance_enable(&self->in));
	ASSERT_EQ(0, cgroup_enter(&self->cg, "table"));
	/* The ring is not in what is cut. */
	ASSERT_EQ(0, gmem_init(&self->mem, (PAGES + 16) * PAGE, GMEM_GPA, 1));
	self->room = gmem_alloc(&self->mem, PAGES * PAGE, PAGE);
	ASSERT_EQ(0, vdev_open(&self->d, self->in.node));
	ASSERT_EQ(0, vdev_make_vqs(&self->d, &self->mem, features, 1, 64));
	self->vq = &self->d.vq[0];
	ASSERT_EQ(0, vdpa_setup(&self->d))
		TH_LOG("%s", self->d.what);
}

FIXTURE_TEARDOWN(table)
{
	vdev_close(&self->d);
	gmem_exit(&self->mem);
	EXPECT_EQ(0, cgroup_leave(&self->cg));
	EXPECT_EQ(0, instance_destroy(&self->in));
}

static int batch(struct vdev *d, __u8 type)
{
	return vdpa_msg(d, type, 0, 0, NULL, 0);
}

static int cut(struct vdev *d, unsigned long page)
{
	return vdpa_msg(d, VHOST_IOTLB_INVALIDATE, GMEM_GPA + page * PAGE,
			PAGE, NULL, 0);
}

/* Start over, with all of memory mapped in one region. */
static void restart(struct __test_metadata *_metadata, struct vdev *d)
{
	ASSERT_EQ(0, vdpa_set_status(d, 0));
	ASSERT_EQ(0, vdpa_msg(d, VHOST_IOTLB_INVALIDATE, 0, ~0ULL, NULL, 0));
	vq_reset(&d->vq[0], vq_base_after(&d->vq[0], 0));
	event_take(d->vq[0].err);
	ASSERT_EQ(0, vdpa_set_status(d, VDEV_S_DRIVER));
	ASSERT_EQ(0, vdpa_start(d))
		TH_LOG("%s", d->what);
}

/* Is @page in the table? The device fills it then, and breaks if it is not. */
static bool mapped(struct __test_metadata *_metadata, struct vdev *d,
		   unsigned long page)
{
	const struct vq_seg seg = {
		.gpa = GMEM_GPA + page * PAGE, .len = 64, .write = true,
	};
	struct vq_done done = { 0 };
	int err;

	EXPECT_EQ(0, vq_add(&d->vq[0], &seg, 1, 0));
	vq_kick(&d->vq[0]);
	err = vq_wait(&d->vq[0], WAIT_MS);
	if (!err) {
		EXPECT_EQ(1, vq_pop(&d->vq[0], &done));
		EXPECT_EQ(64, done.len);
	} else {
		EXPECT_EQ(-EIO, err);
	}
	return !err;
}

/* As many cuts as there can be: one region becomes REGIONS. */
static void cut_all(struct __test_metadata *_metadata, struct vdev *d)
{
	unsigned long n;

	for (n = 0; n < REGIONS - 1; n++)
		ASSERT_EQ(0, cut(d, HOLE(n)))
			TH_LOG("cut %lu", n);
}

/* One more is refused, and neither it nor those after it change anything. */
TEST_F(table, cuts_are_limited)
{
	struct vdev *d = &self->d;
	unsigned long n;

	ASSERT_EQ(0, batch(d, VHOST_IOTLB_BATCH_BEGIN));
	cut_all(_metadata, d);
	for (n = REGIONS - 1; n < REGIONS + 100; n++)
		ASSERT_EQ(-EFAULT, cut(d, HOLE(n)))
			TH_LOG("cut %lu", n);
	/* What does not add a region is not refused. */
	EXPECT_EQ(0, cut(d, HOLE(0)));
	/* Until here none of it is in effect. */
	EXPECT_TRUE(mapped(_metadata, d, HOLE(0)));
	ASSERT_EQ(0, batch(d, VHOST_IOTLB_BATCH_END));

	EXPECT_TRUE(mapped(_metadata, d, 0));
	EXPECT_TRUE(mapped(_metadata, d, HOLE(0) + 1));
	EXPECT_TRUE(mapped(_metadata, d, HOLE(REGIONS - 2) - 1));
	EXPECT_TRUE(mapped(_metadata, d, HOLE(REGIONS - 1)));
	EXPECT_TRUE(mapped(_metadata, d, HOLE(REGIONS)));
	EXPECT_FALSE(mapped(_metadata, d, HOLE(REGIONS - 2)));
	restart(_metadata, d);
	EXPECT_TRUE(mapped(_metadata, d, HOLE(REGIONS - 2)));
}

/* The same for a message of its own, once the table is full. */
TEST_F(table, cuts_are_limited_without_a_batch)
{
	struct vdev *d = &self->d;
	unsigned int i;

	ASSERT_EQ(0, batch(d, VHOST_IOTLB_BATCH_BEGIN));
	cut_all(_metadata, d);
	ASSERT_EQ(0, batch(d, VHOST_IOTLB_BATCH_END));
	for (i = 0; i < 10; i++)
		ASSERT_EQ(-EFAULT, cut(d, HOLE(REGIONS + i)));
	EXPECT_TRUE(mapped(_metadata, d, HOLE(REGIONS)));
	/* A region less: room for one. */
	ASSERT_EQ(0, cut(d, 0));
	EXPECT_EQ(0, cut(d, HOLE(REGIONS)));
	EXPECT_EQ(-EFAULT, cut(d, HOLE(REGIONS + 1)));
	EXPECT_TRUE(mapped(_metadata, d, HOLE(REGIONS + 1)));
	EXPECT_FALSE(mapped(_metadata, d, HOLE(REGIONS)));
}

/* A batch that is given up is as if it had not been. */
TEST_F(table, batch_given_up)
{
	struct vdev *d = &self->d;

	ASSERT_EQ(0, batch(d, VHOST_IOTLB_BATCH_BEGIN));
	cut_all(_metadata, d);
	ASSERT_EQ(-EFAULT, cut(d, HOLE(REGIONS)));
	ASSERT_EQ(0, batch(d, VHOST_IOTLB_BATCH_BEGIN));
	ASSERT_EQ(0, batch(d, VHOST_IOTLB_BATCH_END));
	EXPECT_TRUE(mapped(_metadata, d, HOLE(0)));
	EXPECT_TRUE(mapped(_metadata, d, HOLE(REGIONS - 2)));
}

/* Twenty times the limit takes no more memory than the limit does. */
TEST_F(table, memory_is_bounded)
{
	const size_t size = 1UL << 36;
	struct vdev *d = &self->d;
	long before, after;
	unsigned long n;
	void *room;

	room = mmap(NULL, size, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_TRUE(room != MAP_FAILED);
	ASSERT_EQ(0, vdpa_msg(d, VHOST_IOTLB_UPDATE, 1ULL << 40, size, room,
			      VHOST_ACCESS_RW));
	before = cgroup_kernel_bytes(&self->cg);
	ASSERT_LE(0, before);
	ASSERT_EQ(0, batch(d, VHOST_IOTLB_BATCH_BEGIN));
	for (n = 0; n < 20 * REGIONS; n++)
		vdpa_msg(d, VHOST_IOTLB_INVALIDATE,
			 (1ULL << 40) + HOLE(n) * PAGE, PAGE, NULL, 0);
	after = cgroup_kernel_bytes(&self->cg);
	EXPECT_GT(TABLES_BYTES, after - before)
		TH_LOG("%ld bytes, then %ld", before, after);
}

TEST_HARNESS_MAIN
