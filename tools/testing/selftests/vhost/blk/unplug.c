// SPDX-License-Identifier: GPL-2.0
/*
 * Memory is taken out of the table while a request reads into it, and the owner
 * uses its addresses for something else: what is read belongs in the memory
 * that was there, and nowhere else.
 */
#include <sys/mman.h>

#include "harness.h"
#include "blkdev_fixture.h"

#define LEN	8192

FIXTURE(unplug)
{
	struct blkdev b;
};

FIXTURE_VARIANT(unplug)
{
	struct blkdev_opts o;
	size_t off;
};

FIXTURE_SETUP(unplug)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(unplug)
{
	blkdev_close(&self->b);
}

#define UNPLUG(personality, at, pin)	{				\
	.o = {								\
		.kind = (personality), .features = BLK_INDIRECT,	\
		.pinned = (pin),					\
		.nregions = 8, .mem = 8 << 20,				\
		.disk = { .delay_ns = 1000UL * 1000 * 1000 },		\
	},								\
	.off = (at),							\
}

FIXTURE_VARIANT_ADD(unplug, vdpa_aligned) UNPLUG(BLK_VDPA, 0, false);
FIXTURE_VARIANT_ADD(unplug, vdpa_copied) UNPLUG(BLK_VDPA, 1, false);
FIXTURE_VARIANT_ADD(unplug, vhost_aligned) UNPLUG(BLK_VHOST, 0, false);
FIXTURE_VARIANT_ADD(unplug, vhost_copied) UNPLUG(BLK_VHOST, 1, false);
FIXTURE_VARIANT_ADD(unplug, vdpa_pinned) UNPLUG(BLK_VDPA, 0, true);
FIXTURE_VARIANT_ADD(unplug, vdpa_pinned_copied) UNPLUG(BLK_VDPA, 1, true);
FIXTURE_VARIANT_ADD(unplug, vhost_pinned) UNPLUG(BLK_VHOST, 0, true);

static int take_out(struct blkdev *b, const struct gmem_region *r)
{
	int err;

	if (b->kind == BLK_VDPA)
		return vdpa_msg(&b->dev, VHOST_IOTLB_INVALIDATE, r->gpa,
				r->size, NULL, 0);
	/* It is the last. */
	b->mem.nregions--;
	err = vhost_set_mem(&b->dev);
	b->mem.nregions++;
	return err;
}

TEST_F(unplug, read)
{
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	const struct gmem_region *r = &b->mem.region[b->mem.nregions - 1];
	char *data = (char *)gmem_ptr(&b->mem, r->gpa) + variant->off;
	struct blkreq id = { .type = VIRTIO_BLK_T_GET_ID, .in_len = 20 };
	struct virtio_blk_outhdr h = { .type = VIRTIO_BLK_T_IN };
	char want[LEN], *other;
	struct vq_done done;
	struct chain c;
	size_t i;

	ASSERT_GE(r->gpa, b->mem.gpa + b->mem.brk);
	blk_pattern(want, LEN, 4);
	ASSERT_EQ(0, disk_write(&b->disk, 0, want, LEN));
	chain_init(&c, &b->arena);
	chain_add(&c, &b->arena, sizeof(h), false, NULL);
	chain_put(&c, 0, &h, sizeof(h));
	chain_add_at(&c, data, LEN, true);
	chain_add(&c, &b->arena, 1, true, NULL);
	ASSERT_EQ(0, chain_submit(vq, &c, 1));
	/* It is answered at once, but after the read was looked at. */
	ASSERT_EQ(0, blk_add(b, 0, &id, 2));
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	ASSERT_EQ(2, done.token);

	ASSERT_EQ(0, take_out(b, r))
		TH_LOG("%s", b->dev.what);
	other = mmap(r->user, r->size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ASSERT_TRUE(other == r->user);
	memset(other, 0x77, r->size);
	ASSERT_EQ(0, vq_ready(vq))
		TH_LOG("too late to tell: the read is done");

	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(1, done.token);
	EXPECT_EQ(LEN + 1, done.len);
	for (i = 0; i < r->size && other[i] == 0x77; i++)
		;
	EXPECT_EQ(r->size, i)
		TH_LOG("other memory was written to at %zu", i);
	EXPECT_EQ(0, memcmp(want, data, LEN));
}

TEST_HARNESS_MAIN
