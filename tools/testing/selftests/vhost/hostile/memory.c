// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that changes under a running device: described anew, cut at any byte,
 * taken away by ioctl or message, or taken away behind the device's back.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attr.h"
#include "harness.h"
#include "matrix.h"
#include "pins.h"
#include "victim.h"

FIXTURE(memory)
{
	struct victim v;
};

FIXTURE_VARIANT(memory)
{
	struct victim_opts o;
	bool ref;
};

/* With more than one region the device uses other addresses than the test. */
FIXTURE_VARIANT_ADD(memory, in_tree_net)
{
	.o = {
		.is_net = true, .queue = TX,
		.net = { .path = "/dev/vhost-net", .module = "vhost_net",
			 .features = NET_INDIRECT, .nregions = 2 },
	},
	.ref = true,
};

#define ON_NET(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = {							\
			.is_net = true, .queue = TX,			\
			.net = { .path = "/dev/vhx-net", .features = (f),	\
				 .nregions = 2 },			\
		})

#define ON_VDPA(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .blk = { .kind = BLK_VDPA, .features = (f),	\
				.nregions = 2 } })

#define ON_VHOST(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .blk = { .kind = BLK_VHOST, .features = (f),	\
				.nregions = 2 } })

/* These tests do not depend on what is in the rings. */
RING_BOTH(memory, vhx_net, ON_NET, NET_PLAIN);
RING_BOTH(memory, vhx_blk_vdpa, ON_VDPA, BLK_PLAIN);
RING_BOTH(memory, vhx_blk_vhost, ON_VHOST, BLK_PLAIN);

FIXTURE_SETUP(memory)
{
	int err = victim_start(&self->v, &variant->o);

	if (err == -ENODEV)
		SKIP(return, "no reference here");
	ASSERT_EQ(0, err);
}

FIXTURE_TEARDOWN(memory)
{
	victim_stop(&self->v);
}

static bool is_vdpa(const struct victim *v)
{
	return !v->o->is_net && v->b.kind == BLK_VDPA;
}

static int describe(struct victim *v, __u64 piece)
{
	return is_vdpa(v) ? vdpa_remap_all(v->d, piece) :
			    vhost_set_mem_cut(v->d, piece);
}

#define DEPTH	60

/* Requests that touch all of a good page: frames, or writes of 1 KiB. */
static void fill(struct __test_metadata *_metadata, struct victim *v)
{
	struct gmem *mem = v->vq->mem;
	__u64 at = gmem_gpa(mem, v->good);
	unsigned int i;

	for (i = 0; i < DEPTH; i++) {
		struct vq_seg net[1] = { { at, 1012, false } };
		struct vq_seg blk[3] = {
			{ at, 16, false },
			{ at + 1024, 1024, false },
			{ at + 64 + i, 1, true },
		};

		if (v->o->is_net) {
			ASSERT_EQ(0, vq_add(v->vq, net, 1, i));
		} else {
			v->good[0] = VIRTIO_BLK_T_OUT;
			v->good[64 + i] = (char)BLK_UNTOUCHED;
			ASSERT_EQ(0, vq_add(v->vq, blk, 3, i));
		}
	}
	vq_kick(v->vq);
}

static void reap(struct __test_metadata *_metadata, struct victim *v)
{
	unsigned int i;

	ASSERT_EQ(0, netdev_reap(v->vq, DEPTH));
	for (i = 0; !v->o->is_net && i < DEPTH; i++)
		ASSERT_EQ(VIRTIO_BLK_S_OK, v->good[64 + i]);
}

/* The same memory in other regions, under load: nothing is lost. */
TEST_F(memory, described_anew)
{
	struct victim *v = &self->v;
	unsigned int i, k;

	for (i = 0; i < 20; i++) {
		fill(_metadata, v);
		for (k = 0; k < 4; k++)
			ASSERT_EQ(0, describe(v, (1 << 18) << (i + k) % 4))
				TH_LOG("%s", v->d->what);
		reap(_metadata, v);
	}
	EXPECT_FALSE(event_take(v->vq->err));
	EXPECT_FALSE(vq_more_used(v->vq));
}

/* Without memory the queue breaks. It works once there is memory again. */
TEST_F(memory, taken_away)
{
	struct victim *v = &self->v;

	ASSERT_EQ(0, victim_ping(v));
	ASSERT_EQ(0, is_vdpa(v) ? vdpa_unmap_all(v->d) :
				  vhost_clear_mem(v->d));
	fill(_metadata, v);
	EXPECT_EQ(ERR, victim_fate(v, ERR));

	/* The restart of a vdpa device maps memory itself. */
	if (!is_vdpa(v))
		ASSERT_EQ(0, describe(v, 1 << 18));
	ASSERT_EQ(0, victim_restart(v))
		TH_LOG("%s", v->d->what);
	ASSERT_EQ(0, victim_ping(v));
}

/* The same under load: buffers in flight may complete or break the queue. */
TEST_F(memory, taken_away_under_load)
{
	struct victim *v = &self->v;
	unsigned int i;

	for (i = 0; i < 10; i++) {
		fill(_metadata, v);
		ASSERT_EQ(0, is_vdpa(v) ? vdpa_unmap_all(v->d) :
					  vhost_clear_mem(v->d));
		/* Some completed before that, or the queue is broken. */
		ASSERT_NE(-ETIMEDOUT, vq_wait(v->vq, WAIT_MS));
		if (!is_vdpa(v))
			ASSERT_EQ(0, describe(v, 1 << 18));
		ASSERT_EQ(0, victim_restart(v))
			TH_LOG("%s", v->d->what);
		ASSERT_EQ(0, victim_ping(v));
	}
}

static int stop(struct victim *v)
{
	return v->o->is_net ? vhost_net_attach_all(v->d, -1) :
			      blkdev_stop(&v->b);
}

static int start(struct victim *v)
{
	return v->o->is_net ? vhost_net_attach_all(v->d, v->n.tap.fd) :
			      blkdev_resume(&v->b);
}

/* The base of the attacked queue, which is stopped. */
static __u32 base_of(struct __test_metadata *_metadata, struct victim *v)
{
	__u32 base = 0;

	/* blkdev_stop() has kept it, as a vdpa device is reset then. */
	if (!v->o->is_net)
		return v->vq->base;
	EXPECT_EQ(0, vring_get_base(v->d, v->o->queue, &base));
	return base;
}

/* Unmap the device's view of memory from the owner, or map it again. */
static void unmap(struct __test_metadata *_metadata, const struct gmem *mem)
{
	unsigned int i;

	for (i = 0; i < mem->nregions; i++)
		ASSERT_EQ(0, munmap(mem->region[i].user, mem->region[i].size));
}

static void map_again(struct __test_metadata *_metadata,
		      const struct gmem *mem)
{
	unsigned int i;

	for (i = 0; i < mem->nregions; i++)
		ASSERT_TRUE(mmap(mem->region[i].user, mem->region[i].size,
				 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
				 mem->memfd,
				 (off_t)(mem->region[i].gpa - mem->gpa)) !=
			    MAP_FAILED);
}

/* Nothing came of the requests of fill(), which could not be read. */
static void expect_untouched(struct __test_metadata *_metadata,
			     struct victim *v)
{
	static char disk[1024], zero[1024];
	unsigned int i;

	if (v->o->is_net) {
		EXPECT_EQ(-EAGAIN, peer_recv(&v->n.tap, NULL, disk,
					     sizeof(disk), 0));
		return;
	}
	for (i = 0; i < DEPTH; i++)
		EXPECT_EQ((char)BLK_UNTOUCHED, v->good[64 + i]);
	ASSERT_EQ(0, disk_read(&v->b.disk, 0, disk, sizeof(disk)));
	EXPECT_EQ(0, memcmp(zero, disk, sizeof(disk)));
}

/*
 * The owner unmaps it from itself. Rings are pinned, so buffers are still
 * popped, but what is in them can't be read: a disk breaks, a tap refuses the
 * frame. In-tree can't read the ring. Stopping works, and starting does not;
 * but it does once the memory is back.
 */
TEST_F(memory, unmapped)
{
	struct victim *v = &self->v;
	const unsigned int want = variant->ref || !v->o->is_net ? ERR :
				  ERR | USED;
	struct gmem *mem = v->vq->mem;
	enum fate fate;

	ASSERT_EQ(0, victim_ping(v));
	memset(v->good + 1024, 0x55, 1024);
	unmap(_metadata, mem);
	fill(_metadata, v);
	vq_kick_always(v->vq);
	fate = victim_fate(v, want);
	EXPECT_NE(0, fate & want)
		TH_LOG("%s", fate_name(fate));
	/* A queue that goes on refuses all of them. */
	if (fate == USED)
		EXPECT_EQ(0, netdev_reap(v->vq, DEPTH));
	EXPECT_EQ(0, stop(v));
	if (!variant->ref)
		EXPECT_EQ(vq_ready_base(v->vq), base_of(_metadata, v));
	expect_untouched(_metadata, v);
	if (!variant->ref)
		EXPECT_EQ(-EFAULT, start(v));

	map_again(_metadata, mem);
	ASSERT_EQ(0, victim_restart(v))
		TH_LOG("%s", v->d->what);
	EXPECT_EQ(0, victim_ping(v));
}

/* A read of 512 bytes to @data, with its status at @status. */
static void read_to(struct __test_metadata *_metadata, struct victim *v,
		    const char *data, const char *status)
{
	struct gmem *mem = v->vq->mem;
	const struct vq_seg seg[3] = {
		{ gmem_gpa(mem, v->good), 16, false },
		{ gmem_gpa(mem, data), 512, true },
		{ gmem_gpa(mem, status), 1, true },
	};

	v->good[0] = VIRTIO_BLK_T_IN;
	ASSERT_EQ(0, vq_add(v->vq, seg, 3, 0));
	vq_kick(v->vq);
}

/*
 * Read-only memory can't be read into: an error of the request, or, if the
 * status can't be written either, of the queue.
 */
TEST_F(memory, read_only)
{
	struct victim *v = &self->v;
	struct gmem *mem = v->vq->mem;
	char *sealed, *status, *user;
	struct vq_done done;
	unsigned int i;

	if (v->o->is_net)
		SKIP(return, "transmission only reads");

	sealed = gmem_alloc(mem, 4096, 4096);
	user = gmem_user(mem, gmem_gpa(mem, sealed));
	memset(sealed, 0x33, 4096);
	ASSERT_EQ(0, mprotect(user, 4096, PROT_READ));

	status = v->good + 64;
	*status = (char)BLK_UNTOUCHED;
	read_to(_metadata, v, sealed, status);
	ASSERT_EQ(USED, victim_fate(v, USED));
	EXPECT_EQ(1, vq_pop(v->vq, &done));
	EXPECT_EQ(VIRTIO_BLK_S_IOERR, *status);

	read_to(_metadata, v, sealed + 512, sealed);
	EXPECT_EQ(ERR, victim_fate(v, ERR));
	for (i = 0; i < 4096; i++)
		ASSERT_EQ(0x33, sealed[i]);
	ASSERT_EQ(0, mprotect(user, 4096, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, victim_restart(v));
	ASSERT_EQ(0, victim_ping(v));
}

/* Rings are pinned while they run, a page of a ring once. */
TEST_F(memory, pinned)
{
	struct victim *v = &self->v;
	long running, stopped;

	if (variant->ref)
		SKIP(return, "in-tree pins nothing");

	ASSERT_EQ(0, victim_ping(v));
	running = pins_now();
	ASSERT_EQ(0, stop(v));
	stopped = pins_now();
	/* Rings of 256 entries are two pages at least, and not many more. */
	EXPECT_LE(2 * (long)v->d->nvqs, running - stopped);
	EXPECT_GE(25 * (long)v->d->nvqs, running - stopped);
	ASSERT_EQ(0, start(v));
	EXPECT_EQ(0, pins_wait(running));
	/* Closing the device lets them go as well. */
	close(v->d->fd);
	v->d->fd = -1;
	EXPECT_EQ(0, pins_wait(stopped));
}

/* Data of some pages goes through the device as it is. */
static void passes_data(struct __test_metadata *_metadata, struct victim *v,
			__u32 seed)
{
	static char data[65536], got[65536];
	struct blkreq w = {
		.type = VIRTIO_BLK_T_OUT, .out = data, .out_len = sizeof(data),
	};
	struct blkreq r = { .type = VIRTIO_BLK_T_IN, .in_len = sizeof(got) };

	if (v->o->is_net) {
		frame_make(data, 9000, seed);
		ASSERT_EQ(0, netdev_send(&v->n, NULL, data, 9000, NULL));
		ASSERT_EQ(0, netdev_expect(&v->n, data, 9000, NULL));
		ASSERT_EQ(0, netdev_ping_rx(&v->n, seed));
		return;
	}
	blk_pattern(data, sizeof(data), seed + 1);
	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(&v->b, &w, NULL, NULL));
	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(&v->b, &r, got, NULL));
	ASSERT_EQ(0, memcmp(data, got, sizeof(got)));
}

/*
 * Regions that begin and end anywhere, so that buffers lie over their ends. A
 * vdpa device's are whole pages.
 */
TEST_F(memory, not_page_aligned)
{
	static const __u64 pieces[] = { 100001, 70003, 4097, 3333 };
	struct victim *v = &self->v;
	size_t i;

	if (is_vdpa(v)) {
		const struct gmem_region *r = &v->vq->mem->region[0];

		EXPECT_EQ(-EFAULT, vdpa_msg(v->d, VHOST_IOTLB_UPDATE,
					    (1ULL << 40) + 512, 4096, r->user,
					    VHOST_ACCESS_RW));
		EXPECT_EQ(-EFAULT, vdpa_msg(v->d, VHOST_IOTLB_UPDATE,
					    1ULL << 40, 4097, r->user,
					    VHOST_ACCESS_RW));
		EXPECT_EQ(-EFAULT, vdpa_msg(v->d, VHOST_IOTLB_UPDATE,
					    1ULL << 40, 4096,
					    (char *)r->user + 8,
					    VHOST_ACCESS_RW));
		return;
	}
	/* In-tree takes 64 regions at most. */
	for (i = 0; i < (variant->ref ? 1 : ARRAY_SIZE(pieces)); i++) {
		ASSERT_EQ(0, describe(v, pieces[i]))
			TH_LOG("pieces of %llu bytes", pieces[i]);
		passes_data(_metadata, v, i);
	}
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
