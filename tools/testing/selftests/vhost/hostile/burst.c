// SPDX-License-Identifier: GPL-2.0
/*
 * In order, a late completion shows all that wait behind it. A ring as large as
 * can be, full of requests that need no I/O, behind one on a disk that holds
 * it: once that one completes, all of them do.
 */
#include "blkdev.h"
#include "harness.h"
#include "held_disk.h"
#include "matrix.h"
#include "netdev.h"

#define NUM		32768
#define DISK_MIB	16

/* Entries of an indirect table: header, data, status. */
#define TABLE_LEN	3

FIXTURE(burst)
{
	struct disk disk;
	struct held_disk held;
	struct instance in;
	struct gmem mem;
	struct vdev d;
	struct vq *vq;
};

FIXTURE_VARIANT(burst)
{
	__u64 features;
};

#define BURST(fixture, name, f)						\
	RING_VARIANT(fixture, name, .features = (f))

RING_BOTH(burst, vhx, BURST, BLK_PLAIN);

FIXTURE_SETUP(burst)
{
	const struct disk_opts opts = { .mib = DISK_MIB };

	ASSERT_EQ(0, disk_create(&self->disk, "vhxt_disk", &opts));
	ASSERT_EQ(0, held_disk_create(&self->held, "vhxt_held", &self->disk,
				      DISK_MIB));
	ASSERT_EQ(0, instance_create(&self->in, "blk", "vhxt_burst"));
	ASSERT_EQ(0, instance_set(&self->in, "queue_size", "32768"));
	ASSERT_EQ(0, instance_set(&self->in, "serial", "burst"));
	ASSERT_EQ(0, instance_set(&self->in, "backend", self->held.path));
	ASSERT_EQ(0, instance_enable(&self->in));
	/* The library's tables are larger, but only what is used is there. */
	ASSERT_EQ(0, gmem_init(&self->mem, 64 << 20, GMEM_GPA, 1));
	ASSERT_EQ(0, vdev_open(&self->d, self->in.node));
	ASSERT_EQ(0, vdev_make_vqs(&self->d, &self->mem, variant->features, 1,
				   NUM));
	self->vq = &self->d.vq[0];
	self->vq->table_len = TABLE_LEN;
	ASSERT_EQ(0, vdpa_setup(&self->d))
		TH_LOG("%s", self->d.what);
}

FIXTURE_TEARDOWN(burst)
{
	held_disk_release(&self->held);
	vdev_close(&self->d);
	gmem_exit(&self->mem);
	EXPECT_EQ(0, instance_destroy(&self->in));
	held_disk_destroy(&self->held);
	disk_destroy(&self->disk);
}

/* A page for all requests of a kind: header, 512 bytes of data, status. */
static char *make_request(struct gmem *mem, __u32 type)
{
	const struct virtio_blk_outhdr hdr = { .type = type };
	char *page = gmem_alloc(mem, 4096, 4096);

	memcpy(page, &hdr, sizeof(hdr));
	memset(page + 512, 0xee, 512);
	page[1024] = (char)BLK_UNTOUCHED;
	return page;
}

static void add(struct __test_metadata *_metadata, struct vq *vq,
		const char *page, __u32 token)
{
	const __u64 at = gmem_gpa(vq->mem, page);
	const struct vq_seg seg[TABLE_LEN] = {
		{ at, sizeof(struct virtio_blk_outhdr), false },
		{ at + 512, 512, true },
		{ at + 1024, 1, true },
	};

	ASSERT_EQ(0, vq_add_indirect(vq, seg, TABLE_LEN, token));
}

/* With EVENT_IDX: the device has taken all and asks for a kick for the next. */
static bool drained(void *arg)
{
	struct vq *vq = arg;
	__u16 at;

	if (!vq->packed)
		return __atomic_load_n(split_avail_event(vq),
				       __ATOMIC_ACQUIRE) == vq->avail_idx;
	if (__atomic_load_n(&vq->device->flags, __ATOMIC_ACQUIRE) !=
	    VRING_PACKED_EVENT_FLAG_DESC)
		return false;
	at = __atomic_load_n(&vq->device->off_wrap, __ATOMIC_RELAXED);
	return at == packed_at(vq->avail_pos,
			       vq->avail_flags & PACKED_AVAIL);
}

TEST_F(burst, all_arrive)
{
	char *read = make_request(&self->mem, VIRTIO_BLK_T_IN);
	char *id = make_request(&self->mem, VIRTIO_BLK_T_GET_ID);
	struct vq *vq = self->vq;
	struct vq_done done;
	unsigned int i;

	ASSERT_EQ(0, held_disk_hold(&self->held));
	add(_metadata, vq, read, 0);
	for (i = 1; i < NUM; i++)
		add(_metadata, vq, id, i);
	vq_kick(vq);
	ASSERT_EQ(0, cond_wait(drained, vq, 3 * WAIT_MS));
	/* The late one's own is all that is missing. */
	EXPECT_STREQ("burst", id + 512);
	EXPECT_EQ(VIRTIO_BLK_S_OK, id[1024]);
	EXPECT_EQ((char)BLK_UNTOUCHED, read[1024]);
	EXPECT_FALSE(vq_more_used(vq));

	ASSERT_EQ(0, held_disk_release(&self->held));
	for (i = 0; i < NUM; i++) {
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS))
			TH_LOG("%u of %u arrived", i, NUM);
		ASSERT_EQ(1, vq_pop(vq, &done));
		ASSERT_EQ(i, done.token);
		if (!i)
			EXPECT_EQ(513, done.len);
	}
	EXPECT_FALSE(vq_more_used(vq));
	EXPECT_EQ(VIRTIO_BLK_S_OK, read[1024]);

	/* And a lap more, with nothing that is late. */
	for (i = 0; i < NUM; i++)
		add(_metadata, vq, id, i);
	vq_kick(vq);
	ASSERT_EQ(0, netdev_reap(vq, NUM));
	EXPECT_FALSE(event_take(vq->err));
}

TEST_HARNESS_MAIN
