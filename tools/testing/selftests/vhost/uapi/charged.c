// SPDX-License-Identifier: GPL-2.0
/*
 * What a device costs is its owner's: the worker runs in the owner's cgroups,
 * and the memory that is allocated for the device is charged to the owner's,
 * what the worker allocates included.
 */
#include <stdlib.h>
#include <unistd.h>

#include "attr.h"
#include "blkdev.h"
#include "cgroup.h"
#include "harness.h"
#include "held_disk.h"
#include "matrix.h"
#include "netdev.h"
#include "worker.h"

#define NUM		32768
#define DISK_MIB	16

FIXTURE(charged)
{
	struct cgroup cg;
	struct disk disk;
	struct held_disk held;
	struct instance in;
	struct gmem mem;
	struct vdev d;
};

/* A disk that can be held, and room for rings; the device is opened. */
FIXTURE_SETUP(charged)
{
	const __u64 features = BLK_PLAIN | RING_IN_ORDER;
	const struct disk_opts opts = { .mib = DISK_MIB };

	ASSERT_EQ(0, disk_create(&self->disk, "vhxt_disk", &opts));
	ASSERT_EQ(0, held_disk_create(&self->held, "vhxt_held", &self->disk,
				      DISK_MIB));
	ASSERT_EQ(0, instance_create(&self->in, "blk", "vhxt_charged"));
	ASSERT_EQ(0, instance_set(&self->in, "queue_size", "32768"));
	ASSERT_EQ(0, instance_set(&self->in, "backend", self->held.path));
	ASSERT_EQ(0, instance_enable(&self->in));
	ASSERT_EQ(0, cgroup_enter(&self->cg, "charged"));
	ASSERT_EQ(0, gmem_init(&self->mem, 8 << 20, GMEM_GPA, 1));
	ASSERT_EQ(0, vdev_open(&self->d, self->in.node));
	ASSERT_EQ(0, vdev_make_vqs(&self->d, &self->mem, features, 1, NUM));
}

FIXTURE_TEARDOWN(charged)
{
	held_disk_release(&self->held);
	vdev_close(&self->d);
	gmem_exit(&self->mem);
	EXPECT_EQ(0, cgroup_leave(&self->cg));
	EXPECT_EQ(0, instance_destroy(&self->in));
	held_disk_destroy(&self->held);
	disk_destroy(&self->disk);
}

/* A thread of ours, or, on older kernels, the kernel's. */
TEST_F(charged, worker_is_in_our_cgroup)
{
	char ours[256], its[256];
	pid_t worker;

	ASSERT_EQ(0, vdpa_setup(&self->d))
		TH_LOG("%s", self->d.what);
	worker = worker_thread("vhx-vhxt_charge");
	ASSERT_LT(0, worker);
	ASSERT_EQ(0, cgroup_of(getpid(), ours, sizeof(ours)));
	ASSERT_EQ(0, cgroup_of(worker, its, sizeof(its)));
	EXPECT_STREQ(ours, its);
	EXPECT_TRUE(!!strstr(ours, strrchr(self->cg.path, '/')));
}

struct charge {
	const struct cgroup *cg;
	long bytes;
};

static bool is_below(void *arg)
{
	const struct charge *c = arg;

	return cgroup_kernel_bytes(c->cg) < c->bytes;
}

static bool is_reached(void *arg)
{
	return !is_below(arg);
}

/*
 * With IN_ORDER a queue has at least 8 bytes for each entry, and the requests of
 * a disk. All of it is freed when the queue is stopped.
 */
TEST_F(charged, queue)
{
	const long least = NUM * 8;
	struct charge c = { &self->cg };
	long before, running;

	before = cgroup_kernel_bytes(&self->cg);
	ASSERT_LE(0, before);
	ASSERT_EQ(0, vdpa_setup(&self->d))
		TH_LOG("%s", self->d.what);
	c.bytes = before + least;
	ASSERT_EQ(0, cond_wait(is_reached, &c, WAIT_MS));
	running = cgroup_kernel_bytes(&self->cg);
	ASSERT_EQ(0, vdpa_set_status(&self->d, 0));
	c.bytes = running - least;
	EXPECT_EQ(0, cond_wait(is_below, &c, WAIT_MS));
}

/* A memory table of many regions. */
TEST_F(charged, table)
{
	const unsigned int regions = 4000;
	const __u64 at = 1ULL << 40;
	struct charge c = { &self->cg };
	unsigned int i;
	long before;

	ASSERT_EQ(0, vdpa_realize(&self->d));
	before = cgroup_kernel_bytes(&self->cg);
	ASSERT_LE(0, before);
	ASSERT_EQ(0, vdpa_msg(&self->d, VHOST_IOTLB_BATCH_BEGIN, 0, 0, NULL,
			      0));
	for (i = 0; i < regions; i++)
		ASSERT_EQ(0, vdpa_msg(&self->d, VHOST_IOTLB_UPDATE,
				      at + i * 8192ULL, 4096, self->mem.base,
				      VHOST_ACCESS_RW));
	ASSERT_EQ(0, vdpa_msg(&self->d, VHOST_IOTLB_BATCH_END, 0, 0, NULL, 0));
	/* Two addresses and a size each, and no less. */
	c.bytes = before + regions * 24L;
	EXPECT_EQ(0, cond_wait(is_reached, &c, WAIT_MS));
}

#define COPY_LEN	(64UL << 10)
#define COPIES		16
#define SLOT		(COPY_LEN + 4096)

/*
 * The worker copies what is not aligned for the disk, and keeps the copy until
 * the disk is done with it.
 */
TEST_F(charged, worker_allocates)
{
	struct virtio_blk_outhdr hdr = { .type = VIRTIO_BLK_T_OUT };
	struct vq *vq = &self->d.vq[0];
	struct charge c = { &self->cg };
	long before;
	unsigned int i;
	char *slot;

	slot = gmem_alloc(&self->mem, COPIES * SLOT, 4096);
	ASSERT_EQ(0, vdpa_setup(&self->d))
		TH_LOG("%s", self->d.what);
	ASSERT_EQ(0, held_disk_hold(&self->held));
	before = cgroup_kernel_bytes(&self->cg);
	ASSERT_LE(0, before);
	for (i = 0; i < COPIES; i++, slot += SLOT) {
		const __u64 gpa = gmem_gpa(&self->mem, slot);
		const struct vq_seg seg[3] = {
			{ gpa, sizeof(hdr), false },
			/* No disk takes an odd address. */
			{ gpa + 101, COPY_LEN, false },
			{ gpa + 64, 1, true },
		};

		hdr.sector = i * (COPY_LEN / BLK_SECTOR);
		memcpy(slot, &hdr, sizeof(hdr));
		slot[64] = (char)BLK_UNTOUCHED;
		ASSERT_EQ(0, vq_add(vq, seg, 3, i));
	}
	vq_kick(vq);
	c.bytes = before + (long)COPY_LEN * COPIES;
	EXPECT_EQ(0, cond_wait(is_reached, &c, WAIT_MS))
		TH_LOG("%ld bytes, were %ld", cgroup_kernel_bytes(&self->cg),
		       before);

	ASSERT_EQ(0, held_disk_release(&self->held));
	ASSERT_EQ(0, netdev_reap(vq, COPIES));
	c.bytes -= (long)COPY_LEN * COPIES / 2;
	EXPECT_EQ(0, cond_wait(is_below, &c, WAIT_MS));
}

TEST_HARNESS_MAIN
