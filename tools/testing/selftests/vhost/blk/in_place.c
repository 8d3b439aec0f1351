// SPDX-License-Identifier: GPL-2.0
/*
 * Data that is aligned for the disk's DMA, though not to a sector, is not
 * copied: on a scsi_debug, which takes it at multiples of 4 bytes.
 */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attr.h"
#include "harness.h"
#include "blkdev_fixture.h"

#define MIB	(1U << 20)

/* More than copies may take, which is 16 MiB. */
#define EACH	4
#define READS	5

#define MODULE	"scsi_debug"
#define DRIVER	"/sys/bus/pseudo/drivers/scsi_debug"
#define NODES	DRIVER "/adapter0/host*/target*/*/block/*"

static char want[65536], got[65536];

FIXTURE(in_place)
{
	struct blkdev b;
	char path[64];
	char *room;
};

FIXTURE_VARIANT(in_place)
{
	size_t off;
	bool copied;
};

FIXTURE_VARIANT_ADD(in_place, page) { .off = 0 };
FIXTURE_VARIANT_ADD(in_place, four) { .off = 4 };
FIXTURE_VARIANT_ADD(in_place, odd) { .off = 1, .copied = true };

static bool find_disk(void *arg)
{
	char *path = arg;
	glob_t g;

	if (glob(NODES, 0, NULL, &g))
		return false;
	snprintf(path, 64, "/dev/%s", strrchr(g.gl_pathv[0], '/') + 1);
	globfree(&g);
	return !access(path, F_OK);
}

/*
 * From now on a request takes 1,000 jiffies, so that none is done before all
 * are submitted. Refused while there are any.
 */
static bool slow_down(void *arg)
{
	return !attr_write("1000", DRIVER "/delay");
}

FIXTURE_SETUP(in_place)
{
	struct blkdev_opts o = {
		.kind = BLK_VDPA, .features = BLK_INDIRECT, .mem = 8 * MIB,
	};
	long mask;

	self->b.dev.fd = -1;
	module_load("sd_mod", NULL);
	if (module_load(MODULE, "dev_size_mb=16"))
		SKIP(return, "no scsi_debug");
	ASSERT_EQ(0, cond_wait(find_disk, self->path, WAIT_MS));
	mask = attr_read_long("/sys/block/%s/queue/dma_alignment",
			      strrchr(self->path, '/') + 1);
	if (mask < 0 || mask > 3)
		SKIP(return, "its DMA alignment is %ld", mask);
	o.backend = self->path;
	blk_fixture_start(_metadata, &self->b, &o);
	self->room = gmem_alloc(&self->b.mem, EACH * MIB + 4096, 4096);
}

static bool unload(void *arg)
{
	return !run_quiet("modprobe", "-r", MODULE, NULL);
}

FIXTURE_TEARDOWN(in_place)
{
	if (self->b.path[0])
		blkdev_close(&self->b);
	/* udev may be looking at the disk. */
	cond_wait(unload, NULL, WAIT_MS);
}

static void add(struct __test_metadata *_metadata, struct blkdev *b,
		struct chain *c, __u32 type, char *data, size_t len,
		__u32 token)
{
	struct virtio_blk_outhdr h = { .type = type, .sector = 9 };

	chain_init(c, &b->arena);
	chain_add(c, &b->arena, sizeof(h), false, NULL);
	chain_put(c, 0, &h, sizeof(h));
	chain_add_at(c, data, len, type == VIRTIO_BLK_T_IN);
	chain_add(c, &b->arena, 1, true, NULL);
	ASSERT_EQ(0, chain_submit(&b->dev.vq[0], c, token));
}

/* What needs no copy waits for none. */
TEST_F_TIMEOUT(in_place, many, 120)
{
	struct blkreq id = { .type = VIRTIO_BLK_T_GET_ID, .in_len = 20 };
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	struct chain c[READS];
	struct vq_done done;
	unsigned int i;

	ASSERT_EQ(0, cond_wait(slow_down, NULL, WAIT_MS));
	for (i = 0; i < READS; i++)
		add(_metadata, b, &c[i], VIRTIO_BLK_T_IN,
		    self->room + variant->off, EACH * MIB, i);
	ASSERT_EQ(0, blk_add(b, 0, &id, READS));
	vq_kick(vq);
	for (i = 0; i <= READS; i++) {
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		if (!i)
			EXPECT_EQ(variant->copied, done.token != READS);
		if (done.token != READS)
			EXPECT_EQ(EACH * MIB + 1, done.len);
	}
}

/* Sectors that lie in two pages each get there and back. */
TEST_F(in_place, contents)
{
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	char *data = self->room + variant->off;
	struct vq_done done;
	struct chain c;

	blk_pattern(want, sizeof(want), variant->off);
	memcpy(data, want, sizeof(want));
	add(_metadata, b, &c, VIRTIO_BLK_T_OUT, data, sizeof(want), 0);
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	ASSERT_EQ(0, disk_read(&b->disk, 9 * BLK_SECTOR, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(want, got, sizeof(want)));

	memset(self->room, 0x33, sizeof(want) + 4096);
	add(_metadata, b, &c, VIRTIO_BLK_T_IN, data, sizeof(want), 0);
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(sizeof(want) + 1, done.len);
	EXPECT_EQ(0, memcmp(want, data, sizeof(want)));
	EXPECT_EQ(0x33, data[sizeof(want)]);
}

TEST_HARNESS_MAIN
