// SPDX-License-Identifier: GPL-2.0
/*
 * What lies on the ring when a queue is stopped stays there: neither a reset,
 * nor the end of the owner by SIGKILL, waits for the device to do it. The ring
 * is so large, and so much is asked for in it, that the device takes a long
 * time.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attr.h"
#include "harness.h"
#include "instance.h"
#include "killed.h"
#include "matrix.h"

#define NUM		32768
#define FEATURES	(BIT_ULL(VIRTIO_F_VERSION_1) | \
			 BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) | RING_INDIRECT)

/* Entries of the one table that all buffers have. */
#define TABLE_LEN	1000

FIXTURE(left)
{
	struct instance in;
	struct load *load;
	struct gmem mem;
	struct vdev d;
};

FIXTURE_VARIANT(left)
{
	__u64 features;
	/* of each entry of the table but the last, which has more */
	__u32 len;
	__u32 last;
};

/* As much as the device gives at once; or hardly anything, in many pieces. */
#define LEFT(fixture, name, f)						\
	RING_VARIANT(fixture, name##_bytes, .features = (f), .len = 64,	\
		     .last = 4096);					\
	RING_VARIANT(fixture, name##_pieces, .features = (f), .len = 0,	\
		     .last = 1)

LEFT(left, vhx_split, FEATURES);
LEFT(left, vhx_packed, FEATURES | RING_PACKED);

FIXTURE_SETUP(left)
{
	self->load = load_new();
	ASSERT_EQ(0, instance_create(&self->in, "rng", "vhxt_rng"));
	ASSERT_EQ(0, instance_set(&self->in, "queue_size", "32768"));
	ASSERT_EQ(0, instance_enable(&self->in));
	/* Shared with the owner that is killed. */
	ASSERT_EQ(0, gmem_init(&self->mem, 64 << 20, GMEM_GPA, 1));
	ASSERT_EQ(0, vdev_open(&self->d, self->in.node));
	ASSERT_EQ(0, vdev_make_vqs(&self->d, &self->mem, variant->features, 1,
				   NUM));
}

FIXTURE_TEARDOWN(left)
{
	vdev_close(&self->d);
	gmem_exit(&self->mem);
	EXPECT_EQ(0, instance_destroy(&self->in));
}

/* A full ring of buffers that all are the same table. */
static int fill(struct vdev *d, __u32 len, __u32 last)
{
	struct vq *vq = &d->vq[0];
	__u64 room = gmem_gpa(d->mem, gmem_alloc(d->mem, 4096, 4096));
	const bool packed = vq->packed;
	unsigned int i;
	int err = 0;

	for (i = 0; i < TABLE_LEN; i++) {
		__u32 n = i + 1 < TABLE_LEN ? len : last;

		if (packed)
			vq->ptable[i] = (struct vring_packed_desc){
				.addr = room, .len = n,
				.flags = VRING_DESC_F_WRITE,
			};
		else
			vq->table[i] = (struct vring_desc){
				.addr = room, .len = n,
				.flags = VRING_DESC_F_WRITE |
					 (i + 1 < TABLE_LEN ?
					  VRING_DESC_F_NEXT : 0),
				.next = i + 1,
			};
	}
	for (i = 0; !err && i < NUM; i++) {
		const struct vq_seg table = {
			.gpa = vq->table_gpa,
			.len = TABLE_LEN * sizeof(*vq->table),
		};

		err = vq_add(vq, &table, 1, i);
		/* What was added is a table; and what is written goes there. */
		if (packed)
			vq->ring[i].flags |= VRING_DESC_F_INDIRECT;
		else
			vq->desc[i].flags |= VRING_DESC_F_INDIRECT;
	}
	vq->held_flags |= VRING_DESC_F_INDIRECT;
	return err;
}

static bool is_used(void *arg)
{
	return vq_more_used(arg);
}

/* Buffers that the device has used; it may be at it. */
static unsigned int used_of(const struct vq *vq)
{
	const __u16 both = PACKED_AVAIL | PACKED_USED;
	unsigned int n = 0;

	if (!vq->packed)
		return split_used(vq);
	while (n < vq->num && (vq->ring[n].flags & both) == both)
		n++;
	return n;
}

TEST_F(left, reset)
{
	struct vq *vq = &self->d.vq[0];
	struct vq_done done;
	__u64 room;

	ASSERT_EQ(0, fill(&self->d, variant->len, variant->last));
	ASSERT_EQ(0, vdpa_setup(&self->d))
		TH_LOG("%s", self->d.what);
	vq_kick(vq);
	ASSERT_EQ(0, cond_wait(is_used, vq, WAIT_MS));
	ASSERT_EQ(0, vdpa_set_status(&self->d, 0));
	EXPECT_GT(NUM, used_of(vq))
		TH_LOG("the reset has waited for the whole ring");

	/* It works as before. */
	ASSERT_EQ(0, vdpa_unmap_all(&self->d));
	vq_reset(vq, vq_base_after(vq, 0));
	ASSERT_EQ(0, vdpa_set_status(&self->d, VDEV_S_DRIVER));
	ASSERT_EQ(0, vdpa_start(&self->d));
	room = gmem_gpa(&self->mem, gmem_alloc(&self->mem, 64, 64));
	ASSERT_EQ(0, vq_add(vq, &(struct vq_seg){ room, 64, true }, 1, 7));
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(7, done.token);
	EXPECT_EQ(64, done.len);
}

TEST_F(left, suspend)
{
	struct vq *vq = &self->d.vq[0];
	unsigned int used;
	__u32 base = 0;

	ASSERT_EQ(0, fill(&self->d, variant->len, variant->last));
	ASSERT_EQ(0, vdpa_setup(&self->d))
		TH_LOG("%s", self->d.what);
	vq_kick(vq);
	ASSERT_EQ(0, cond_wait(is_used, vq, WAIT_MS));
	ASSERT_EQ(0, vdev_ioctl(&self->d, "", VHOST_VDPA_SUSPEND, NULL));
	used = used_of(vq);
	EXPECT_GT(NUM, used)
		TH_LOG("SUSPEND has waited for the whole ring");
	/* Nothing of it is in flight: the base says how far it came. */
	ASSERT_EQ(0, vring_get_base(&self->d, 0, &base));
	EXPECT_EQ(vq_base_after(vq, used), base);
	EXPECT_EQ(used, used_of(vq));
}

static void own(void *arg)
{
	FIXTURE_DATA(left) * self = arg;
	int err = vdpa_setup(&self->d);

	if (!err)
		vq_kick(&self->d.vq[0]);
	load_fail(self->load, err);
	for (;;)
		pause();
}

static bool is_at_work(void *arg)
{
	FIXTURE_DATA(left) * self = arg;

	return load_err(self->load) || vq_more_used(&self->d.vq[0]);
}

TEST_F(left, killed)
{
	ASSERT_EQ(0, fill(&self->d, variant->len, variant->last));
	ASSERT_EQ(0, run_and_kill(self->load, own, is_at_work, self));
	/* The owner is gone; the device is closed when we close it, too. */
	close(self->d.fd);
	self->d.fd = -1;
	EXPECT_GT(NUM, used_of(&self->d.vq[0]))
		TH_LOG("the owner's end has waited for the whole ring");
}

TEST_HARNESS_MAIN
