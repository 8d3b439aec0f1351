// SPDX-License-Identifier: GPL-2.0
/*
 * The owner of a disk is killed with requests in flight, on a disk that delays
 * completions. Each block on the disk then is either as before or completely
 * written, and the device can be opened again.
 */
#include <fcntl.h>

#include "attr.h"
#include "blkdev.h"
#include "killed.h"
#include "harness.h"
#include "matrix.h"

#define DEPTH	100
#define LEN	4096
#define BLOCKS	256

FIXTURE(blk_killed)
{
	struct disk disk;
	struct instance in;
	struct load *load;
	const char *path;
	int backend;
	__u64 ring;
};

FIXTURE_VARIANT(blk_killed)
{
	enum blk_kind kind;
	unsigned long delay_ns;
	__u64 ring;
};

#define PACKED (RING_ALL | RING_PACKED)

FIXTURE_VARIANT_ADD(blk_killed, vdpa)
{
	.kind = BLK_VDPA, .delay_ns = 3 * 1000 * 1000,
};

FIXTURE_VARIANT_ADD(blk_killed, vdpa_fast) { .kind = BLK_VDPA };
FIXTURE_VARIANT_ADD(blk_killed, vdpa_packed)
{
	.kind = BLK_VDPA, .delay_ns = 3 * 1000 * 1000, .ring = PACKED,
};

FIXTURE_VARIANT_ADD(blk_killed, vhost)
{
	.kind = BLK_VHOST, .delay_ns = 3 * 1000 * 1000,
};

FIXTURE_VARIANT_ADD(blk_killed, vhost_packed)
{
	.kind = BLK_VHOST, .delay_ns = 3 * 1000 * 1000, .ring = PACKED,
};

FIXTURE_SETUP(blk_killed)
{
	struct disk_opts opts = { .mib = 16, .delay_ns = variant->delay_ns };

	self->backend = -1;
	self->ring = variant->ring;
	self->load = load_new();
	ASSERT_EQ(0, disk_create(&self->disk, "vhxt_disk", &opts));
	if (variant->kind == BLK_VDPA) {
		ASSERT_EQ(0, instance_create_blk(&self->in, "vhxt_kill",
						 self->disk.path));
		self->path = self->in.node;
		return;
	}
	self->path = "/dev/vhx-blk";
	ASSERT_TRUE(node_present(self->path, "vhx_blk"));
	self->backend = open(self->disk.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->backend);
}

FIXTURE_TEARDOWN(blk_killed)
{
	if (self->backend >= 0)
		close(self->backend);
	else
		EXPECT_EQ(0, instance_destroy(&self->in));
	disk_destroy(&self->disk);
}

/* An owner: its device, and DEPTH requests in a slot each. */
struct owner {
	struct gmem mem;
	struct vdev d;
	char *slot;
};

static int own(struct owner *o, const char *path, int backend, __u64 ring)
{
	int err;

	err = gmem_init(&o->mem, 2 << 20, GMEM_GPA, 1);
	if (!err)
		err = vdev_open(&o->d, path);
	if (!err)
		err = vdev_make_vqs(&o->d, &o->mem,
				    (backend < 0 ? BLK_PLAIN : 0) |
				    BIT_ULL(VIRTIO_F_VERSION_1) |
				    RING_EVENT | ring, 1, 512);
	if (err)
		return err;

	o->slot = gmem_alloc(&o->mem, DEPTH * 2 * LEN, LEN);
	if (backend < 0)
		return vdpa_setup(&o->d);
	err = vhost_setup(&o->d);
	return err ? err : vhost_blk_attach(&o->d, backend);
}

/* A block begins with its seed, which determines the rest. */
static void make_block(char *p, __u64 seed)
{
	memcpy(p, &seed, sizeof(seed));
	blk_pattern(p + sizeof(seed), LEN - sizeof(seed), seed);
}

/* Write block @at from slot @i. */
static int write_block(struct owner *o, unsigned int i, unsigned int at,
		       __u64 seed)
{
	char *slot = o->slot + i * 2 * LEN;
	struct virtio_blk_outhdr h = {
		.type = VIRTIO_BLK_T_OUT,
		.sector = at * (LEN / BLK_SECTOR),
	};
	__u64 gpa = gmem_gpa(&o->mem, slot);
	struct vq_seg seg[3] = {
		{ gpa, sizeof(h), false },
		{ gpa + LEN, LEN, false },
		{ gpa + 512, 1, true },
	};

	memcpy(slot, &h, sizeof(h));
	make_block(slot + LEN, seed);
	return vq_add(&o->d.vq[0], seg, 3, i);
}

/* Keep DEPTH writes in flight. */
static void load_disk(void *arg)
{
	FIXTURE_DATA(blk_killed) * self = arg;
	struct load *load = self->load;
	static struct owner o;
	__u64 seed = (__u64)getpid() << 32;
	struct vq_done done;
	unsigned int i;
	int err;

	err = own(&o, self->path, self->backend, self->ring);
	for (i = 0; !err && i < DEPTH; i++)
		err = write_block(&o, i, i, ++seed);
	while (!err) {
		struct vq *vq = &o.d.vq[0];

		vq_kick(vq);
		err = vq_wait(vq, WAIT_MS);
		while (!err && vq_pop(vq, &done) == 1) {
			if (o.slot[done.token * 2 * LEN + 512])
				err = -EIO;
			load_add(load, 0);
			seed++;
			if (!err)
				err = write_block(&o, done.token,
						  seed % BLOCKS, seed);
		}
	}
	load_fail(load, err);
}

static bool loaded(void *arg)
{
	FIXTURE_DATA(blk_killed) * self = arg;

	return load_err(self->load) || load_done(self->load, 0) > 500;
}

static void check_blocks(struct __test_metadata *_metadata,
			 struct disk *disk)
{
	static char all[BLOCKS * LEN], want[LEN], zero[LEN];
	unsigned int i, written = 0;
	__u64 seed;

	ASSERT_EQ(0, disk_read(disk, 0, all, sizeof(all)));
	for (i = 0; i < BLOCKS; i++) {
		char *p = all + i * LEN;

		memcpy(&seed, p, sizeof(seed));
		if (!seed && !memcmp(p, zero, LEN))
			continue;
		make_block(want, seed);
		EXPECT_EQ(0, memcmp(p, want, LEN))
			TH_LOG("block %u is torn", i);
		written++;
	}
	EXPECT_LT(DEPTH / 2, written);
}

TEST_F_TIMEOUT(blk_killed, under_load, 240)
{
	struct trace before, after;
	struct owner o = { 0 };
	struct vq_done done;
	char want[LEN], got[LEN];
	int i;

	trace_take(&before, "vhx_blk");
	for (i = 0; i < KILLS; i++) {
		ASSERT_EQ(0, run_and_kill(self->load, load_disk, loaded, self))
			TH_LOG("kill %d", i);
		ASSERT_EQ(0, trace_gone(&before, &after))
			TH_LOG("kill %d: %ld references, were %ld; %ld pins, were %ld",
			       i, after.refs, before.refs, after.pins,
			       before.pins);
	}
	check_blocks(_metadata, &self->disk);

	ASSERT_EQ(0, own(&o, self->path, self->backend, self->ring))
		TH_LOG("%s", o.d.what);
	ASSERT_EQ(0, write_block(&o, 0, 1000, 12345));
	vq_kick(&o.d.vq[0]);
	ASSERT_EQ(0, vq_wait(&o.d.vq[0], WAIT_MS));
	ASSERT_EQ(1, vq_pop(&o.d.vq[0], &done));
	EXPECT_EQ(VIRTIO_BLK_S_OK, o.slot[512]);
	make_block(want, 12345);
	ASSERT_EQ(0, disk_read(&self->disk, 1000 * LEN, got, LEN));
	EXPECT_EQ(0, memcmp(want, got, LEN));
	vdev_close(&o.d);
	gmem_exit(&o.mem);
	EXPECT_EQ(0, trace_gone(&before, &after));
}

TEST_HARNESS_MAIN
