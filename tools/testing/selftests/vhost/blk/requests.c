// SPDX-License-Identifier: GPL-2.0
/*
 * Each type of request, in each shape that a driver may give it
 * (VIRTIO_F_ANY_LAYOUT): what is written is on the disk, what is on the disk is
 * read, and the lengths are right.
 */
#include "harness.h"
#include "blkdev_fixture.h"

#define SERIAL	"vhx-selftest-0001"

FIXTURE(requests)
{
	struct blkdev b;
};

FIXTURE_VARIANT(requests)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(requests)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(requests)
{
	blkdev_close(&self->b);
}

FIXTURE_VARIANT_ADD(requests, vduse)
{
	.o = { .kind = BLK_VDUSE, .features = BLK_INDIRECT },
};

FIXTURE_VARIANT_ADD(requests, vhx_vdpa_regions)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT, .nregions = 500 },
};

RING_MATRIX(requests, vhx_vdpa, BLK_ON_VDPA, BLK_PLAIN);
RING_FEW(requests, vhx_vhost, BLK_ON_VHOST, BLK_PLAIN);

/**
 * struct layout - how a request is cut into descriptors
 * @what: for the reader of a failure
 * @out: the readable part: header, then data
 * @in: the writable part: data, then status
 */
struct layout {
	const char *what;
	size_t out[20];
	size_t in[20];
};

/* Pieces of data are multiples of a sector first, then of anything. */
static const struct layout layouts[] = {
	{ "as Linux does it", { 16, 1 << 20 }, { 0 } },
	{ "all in one", { 0 }, { 0 } },
	{ "pages", { 16, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 65536 },
	  { 4096, 4096, 4096, 4096, 4096, 4096, 4096, 65536 } },
	{ "sectors", { 16, 512, 512, 1024, 1536, 131072 },
	  { 512, 512, 1024, 1536, 131072 } },
	{ "header split", { 8, 8, 1 << 20 }, { 1 << 20 } },
	{ "header in pieces", { 1, 3, 4, 7, 1, 1 << 20 }, { 1 << 20 } },
	{ "header with data", { 16 + 100, 412, 65536 }, { 65536 } },
	{ "data in odd pieces", { 16, 1, 2, 3, 500, 6, 4095, 77, 65536 },
	  { 1, 2, 3, 500, 6, 4095, 77, 65536 } },
	{ "bytes, the status with data",
	  { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 65536 },
	  { 1, 1, 1, 1, 65536 } },
};

static const size_t lens[] = {
	512, 1024, 4096, 4608, 65536, 131072,
};

static char data[1 << 17], back[1 << 17];

/* The status in a descriptor of its own after @len bytes, for "Linux". */
static void split_status(const struct layout *l, size_t len, size_t *in)
{
	memcpy(in, l->in, sizeof(l->in));
	if (l == &layouts[0])
		in[0] = len;
}

TEST_F(requests, write_layouts)
{
	struct blkdev *b = &self->b;
	__u64 sector = 8;
	size_t i, k;
	__u32 used;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		for (k = 0; k < ARRAY_SIZE(lens); k++) {
			struct blkreq r = {
				.type = VIRTIO_BLK_T_OUT,
				.sector = sector,
				.out = data,
				.out_len = lens[k],
				.out_cuts = layouts[i].out,
			};

			blk_pattern(data, lens[k], sector);
			ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &r, NULL, &used))
				TH_LOG("%s, %zu bytes", layouts[i].what,
				       lens[k]);
			EXPECT_EQ(1, used);
			ASSERT_EQ(0, disk_read(&b->disk, sector * BLK_SECTOR,
					       back, lens[k]));
			EXPECT_EQ(0, memcmp(data, back, lens[k]))
				TH_LOG("%s, %zu bytes: not on the disk",
				       layouts[i].what, lens[k]);
			sector += lens[k] / BLK_SECTOR;
		}
	}
}

TEST_F(requests, read_layouts)
{
	struct blkdev *b = &self->b;
	__u64 sector = 24;
	size_t i, k;
	__u32 used;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		for (k = 0; k < ARRAY_SIZE(lens); k++) {
			size_t in[ARRAY_SIZE(layouts[i].in)];
			struct blkreq r = {
				.type = VIRTIO_BLK_T_IN,
				.sector = sector,
				.in_len = lens[k],
				.out_cuts = layouts[i].out,
				.in_cuts = in,
			};

			split_status(&layouts[i], lens[k], in);
			blk_pattern(data, lens[k], ~sector);
			ASSERT_EQ(0, disk_write(&b->disk, sector * BLK_SECTOR,
						data, lens[k]));
			memset(back, 0, lens[k]);
			ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &r, back, &used))
				TH_LOG("%s, %zu bytes", layouts[i].what,
				       lens[k]);
			EXPECT_EQ(lens[k] + 1, used);
			EXPECT_EQ(0, memcmp(data, back, lens[k]))
				TH_LOG("%s, %zu bytes: not what is on the disk",
				       layouts[i].what, lens[k]);
			sector += lens[k] / BLK_SECTOR;
		}
	}
}

/* What is about the disk. */
FIXTURE(data)
{
	struct blkdev b;
};

FIXTURE_VARIANT(data)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(data)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(data)
{
	blkdev_close(&self->b);
}

FIXTURE_VARIANT_ADD(data, vduse)
{
	.o = { .kind = BLK_VDUSE, .features = BLK_INDIRECT },
};

#define WITH_SERIAL(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = {							\
			.kind = BLK_VDPA, .features = (f),		\
			.serial = SERIAL, .pinned = RING_PINNED(f),	\
		})

RING_MATRIX(data, vhx_vdpa, WITH_SERIAL, BLK_PLAIN);
RING_BOTH(data, vhx_vhost, BLK_ON_VHOST, BLK_PLAIN);

/* Neighbours of what is written stay as they are. */
TEST_F(data, write_nothing_else)
{
	struct blkdev *b = &self->b;
	struct blkreq r = {
		.type = VIRTIO_BLK_T_OUT,
		.sector = 101,
		.out = data,
		.out_len = 1536,
		.out_cuts = (const size_t[]){ 16, 1536, 0 },
	};

	memset(back, 0x5a, 65536);
	ASSERT_EQ(0, disk_write(&b->disk, 0, back, 65536));
	blk_pattern(data, 1536, 1);
	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &r, NULL, NULL));
	memcpy(back + 101 * BLK_SECTOR, data, 1536);
	ASSERT_EQ(0, disk_read(&b->disk, 0, data, 65536));
	EXPECT_EQ(0, memcmp(data, back, 65536));
}

/* First and last sector. */
TEST_F(data, ends)
{
	struct blkdev *b = &self->b;
	const __u64 last = (64ULL << 20) / BLK_SECTOR - 1;
	__u64 at[] = { 0, last, last - 7 };
	size_t len[] = { 512, 512, 4096 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		size_t out[] = { 16, len[i], 0 }, in[] = { len[i], 1, 0 };
		struct blkreq w = {
			.type = VIRTIO_BLK_T_OUT, .sector = at[i],
			.out = data, .out_len = len[i], .out_cuts = out,
		};
		struct blkreq r = {
			.type = VIRTIO_BLK_T_IN, .sector = at[i],
			.in_len = len[i], .out_cuts = out, .in_cuts = in,
		};

		blk_pattern(data, len[i], i);
		ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &w, NULL, NULL));
		ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &r, back, NULL));
		EXPECT_EQ(0, memcmp(data, back, len[i]));
		ASSERT_EQ(0, disk_read(&b->disk, at[i] * BLK_SECTOR, back,
				       len[i]));
		EXPECT_EQ(0, memcmp(data, back, len[i]));
	}
}

/*
 * Data anywhere in a page: the disk wants memory in sectors, or any other
 * alignment, but a guest knows nothing of it.
 */
TEST_F(data, unaligned)
{
	static const unsigned int offs[] = { 1, 3, 8, 511, 512, 4095, 2048 };
	struct blkdev *b = &self->b;
	struct vq *vq = &b->dev.vq[0];
	char *page = gmem_alloc(&b->mem, 5 * 4096, 4096);
	char *hdr = gmem_alloc(&b->mem, 64, 64);
	const __u64 sector = 777;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(offs); i++) {
		struct virtio_blk_outhdr h = {
			.type = VIRTIO_BLK_T_OUT, .sector = sector,
		};
		struct vq_done done;
		struct chain c;

		memcpy(hdr, &h, sizeof(h));
		hdr[32] = (char)BLK_UNTOUCHED;
		blk_pattern(page, 5 * 4096, i);
		chain_init(&c, &b->arena);
		chain_add_at(&c, hdr, sizeof(h), false);
		chain_add_at(&c, page + offs[i], 8192, false);
		chain_add_at(&c, hdr + 32, 1, true);
		ASSERT_EQ(0, chain_submit(vq, &c, 0));
		vq_kick(vq);
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		ASSERT_EQ(VIRTIO_BLK_S_OK, hdr[32]);
		ASSERT_EQ(0, disk_read(&b->disk, sector * BLK_SECTOR, back,
				       8192));
		EXPECT_EQ(0, memcmp(page + offs[i], back, 8192))
			TH_LOG("written from offset %u", offs[i]);

		h.type = VIRTIO_BLK_T_IN;
		memcpy(hdr, &h, sizeof(h));
		memset(page, 0x11, 5 * 4096);
		chain_init(&c, &b->arena);
		chain_add_at(&c, hdr, sizeof(h), false);
		chain_add_at(&c, page + offs[i], 8192, true);
		chain_add_at(&c, hdr + 32, 1, true);
		ASSERT_EQ(0, chain_submit(vq, &c, 0));
		vq_kick(vq);
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		EXPECT_EQ(8193, done.len);
		EXPECT_EQ(0, memcmp(page + offs[i], back, 8192))
			TH_LOG("read to offset %u", offs[i]);
		EXPECT_EQ(0x11, page[offs[i] - 1]);
		EXPECT_EQ(0x11, page[offs[i] + 8192]);
	}
}

/* As many segments as an indirect table of the driver has. */
TEST_F(data, many_segments)
{
	struct blkdev *b = &self->b;
	static const size_t out[] = { 16, 512, 0 };
	static const size_t in[] = { 512, 0 };
	struct blkreq w = {
		.type = VIRTIO_BLK_T_OUT, .sector = 5000, .out = data,
		.out_len = 62 * 512, .out_cuts = out,
	};
	struct blkreq r = {
		.type = VIRTIO_BLK_T_IN, .sector = 5000,
		.in_len = 62 * 512, .out_cuts = out, .in_cuts = in,
	};

	blk_pattern(data, 62 * 512, 62);
	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &w, NULL, NULL));
	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &r, back, NULL));
	EXPECT_EQ(0, memcmp(data, back, 62 * 512));
}

TEST_F(data, flush)
{
	struct blkreq r = { .type = VIRTIO_BLK_T_FLUSH };
	__u32 used;

	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(&self->b, &r, NULL, &used));
	EXPECT_EQ(1, used);
}

/* 20 bytes, and zeroes after the serial. */
TEST_F(data, get_id)
{
	static const size_t in[] = { VIRTIO_BLK_ID_BYTES, 0 };
	struct blkreq r = {
		.type = VIRTIO_BLK_T_GET_ID,
		.in_len = VIRTIO_BLK_ID_BYTES,
		.in_cuts = in,
	};
	char id[VIRTIO_BLK_ID_BYTES + 1] = { 0 };
	char want[sizeof(id)] = { 0 };
	__u32 used;

	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(&self->b, &r, id, &used));
	EXPECT_EQ(VIRTIO_BLK_ID_BYTES + 1, used);
	if (self->b.kind == BLK_VHOST)
		return;
	/* QEMU leaves what follows its zero as it was. */
	if (self->b.kind == BLK_VDUSE) {
		EXPECT_STREQ("reference", id);
		return;
	}
	memcpy(want, SERIAL, strlen(SERIAL));
	EXPECT_EQ(0, memcmp(want, id, sizeof(id)))
		TH_LOG("\"%s\", not \"%s\"", id, want);
}

/* Types that nobody offered: UNSUPP, whatever data comes with them. */
TEST_F(data, unsupported)
{
	static const __u32 types[] = {
		2, 3, 5, 6, 7, 9, 10, 12, 14, 15, 16, 20, 99, 0x7fffffff,
		0x80000000, 0xffffffff,
	};
	static const size_t in[] = { 512, 1, 0 }, out[] = { 16, 512, 0 };
	__u32 used;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct blkreq none = { .type = types[i] };
		struct blkreq r = {
			.type = types[i], .in_len = 512, .in_cuts = in,
		};
		struct blkreq w = {
			.type = types[i], .out_len = 512, .out = data,
			.out_cuts = out,
		};

		/* QEMU ignores the barrier bit of virtio 0.9. */
		if (self->b.kind == BLK_VDUSE && types[i] == 0x80000000)
			continue;
		EXPECT_EQ(VIRTIO_BLK_S_UNSUPP, blk_do(&self->b, &none, NULL,
						      &used))
			TH_LOG("type %u", types[i]);
		EXPECT_EQ(1, used);
		EXPECT_EQ(VIRTIO_BLK_S_UNSUPP, blk_do(&self->b, &r, NULL,
						      &used))
			TH_LOG("type %u, with room for data", types[i]);
		EXPECT_LE(1, used);
		EXPECT_GE(513, used);
		EXPECT_EQ(VIRTIO_BLK_S_UNSUPP, blk_do(&self->b, &w, NULL,
						      &used))
			TH_LOG("type %u, with data", types[i]);
		EXPECT_EQ(1, used);
	}
}

TEST_HARNESS_MAIN
