// SPDX-License-Identifier: GPL-2.0
/*
 * The disk as others on the host see it through the page cache: they see what
 * the guest wrote, and their writes and the guest's do not undo each other.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "harness.h"
#include "blkdev_fixture.h"
#include "dm.h"

#define LEN	16384

static char data[LEN], seen[LEN], want[LEN];

FIXTURE(cache)
{
	struct blkdev b;
	int host;
};

FIXTURE_VARIANT(cache)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(cache)
{
	self->host = -1;
	blk_fixture_start(_metadata, &self->b, &variant->o);
	self->host = open(self->b.disk.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->host);
}

FIXTURE_TEARDOWN(cache)
{
	close(self->host);
	blkdev_close(&self->b);
}

FIXTURE_VARIANT_ADD(cache, vdpa)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT },
};

FIXTURE_VARIANT_ADD(cache, vhost)
{
	.o = { .kind = BLK_VHOST, .features = BLK_INDIRECT },
};

/*
 * The guest writes @len bytes from @room, aligned or not, at @off of the disk.
 */
static void guest_write(struct __test_metadata *_metadata, struct blkdev *b,
			char *room, size_t off, size_t len, __u64 seed)
{
	struct virtio_blk_outhdr h = {
		.type = VIRTIO_BLK_T_OUT, .sector = off / BLK_SECTOR,
	};
	struct vq *vq = &b->dev.vq[0];
	struct vq_done done;
	__u8 status = 0xee;
	struct chain c;

	blk_pattern(room, len, seed);
	memcpy(want + off, room, len);
	chain_init(&c, &b->arena);
	chain_add(&c, &b->arena, sizeof(h), false, NULL);
	chain_put(&c, 0, &h, sizeof(h));
	chain_add_at(&c, room, len, false);
	chain_add(&c, &b->arena, 1, true, NULL);
	ASSERT_EQ(0, chain_submit(vq, &c, 0));
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	chain_get(&c, sizeof(h) + len, &status, 1);
	ASSERT_EQ(VIRTIO_BLK_S_OK, status);
}

/* What the host has read is not what it sees after the guest wrote. */
TEST_F(cache, host_reads)
{
	struct blkdev *b = &self->b;
	char *room = gmem_alloc(&b->mem, LEN, 4096);
	int i;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(LEN, pread(self->host, want, LEN, 0));
		guest_write(_metadata, b, room + (i & 1), 512 + 4096 * (i >> 1),
			    512 << i, i);
		ASSERT_EQ(LEN, pread(self->host, seen, LEN, 0));
		EXPECT_EQ(0, memcmp(want, seen, LEN))
			TH_LOG("the host sees old data, round %d", i);
	}
}

/* The guest sees what the host wrote, though it is not on the disk yet. */
TEST_F(cache, host_writes)
{
	struct blkdev *b = &self->b;
	struct blkreq r = { .type = VIRTIO_BLK_T_IN, .in_len = LEN };

	blk_pattern(want, LEN, 1);
	ASSERT_EQ(LEN, pwrite(self->host, want, LEN, 0));
	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &r, seen, NULL));
	EXPECT_EQ(0, memcmp(want, seen, LEN));
}

/* What the host wrote before the guest is not written over it later. */
TEST_F(cache, host_wrote)
{
	struct blkdev *b = &self->b;
	char *room = gmem_alloc(&b->mem, 1024, 1024);

	blk_pattern(want, LEN, 1);
	ASSERT_EQ(LEN, pwrite(self->host, want, LEN, 0));
	guest_write(_metadata, b, room, 4096 + 512, 1024, 2);
	ASSERT_EQ(0, fsync(self->host));
	ASSERT_EQ(0, disk_read(&b->disk, 0, seen, LEN));
	EXPECT_EQ(0, memcmp(want, seen, LEN));
}

/* A disk on which writes take their time, and reads none. */
FIXTURE(delay)
{
	struct disk disk;
	struct dm dm;
	struct blkdev b;
	int host;
};

FIXTURE_SETUP(delay)
{
	const struct disk_opts o = { .mib = 16 };
	struct dm_target t = { 0, 32768, "delay" };
	struct blkdev_opts blk = {
		.kind = BLK_VDPA, .features = BLK_INDIRECT,
	};
	int err;

	self->host = -1;
	ASSERT_EQ(0, disk_create(&self->disk, "vhxt_under", &o));
	snprintf(t.params, sizeof(t.params), "%s 0 0 %s 0 500",
		 self->disk.path, self->disk.path);
	err = dm_create(&self->dm, "vhxt_delay", &t, 1);
	if (err == -ENODEV)
		SKIP(return, "no dm-delay");
	ASSERT_EQ(0, err);
	blk.backend = self->dm.path;
	blk_fixture_start(_metadata, &self->b, &blk);
	self->host = open(self->dm.path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->host);
}

FIXTURE_TEARDOWN(delay)
{
	close(self->host);
	if (self->b.path[0])
		blkdev_close(&self->b);
	dm_destroy(&self->dm);
	disk_destroy(&self->disk);
}

/* The host reads while the guest's write is in flight. */
TEST_F(delay, host_reads_meanwhile)
{
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	struct blkreq id = { .type = VIRTIO_BLK_T_GET_ID, .in_len = 20 };
	struct blkreq w = {
		.type = VIRTIO_BLK_T_OUT, .out = data, .out_len = 4096,
	};
	struct vq_done done;

	blk_pattern(data, 4096, 3);
	ASSERT_EQ(0, blk_add(b, 0, &w, 1));
	ASSERT_EQ(0, blk_add(b, 0, &id, 2));
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	ASSERT_EQ(2, done.token);
	ASSERT_EQ(4096, pread(self->host, seen, 4096, 0));
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&w));
	ASSERT_EQ(4096, pread(self->host, seen, 4096, 0));
	EXPECT_EQ(0, memcmp(data, seen, 4096));
}

TEST_HARNESS_MAIN
