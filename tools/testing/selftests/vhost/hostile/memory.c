// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that changes under a running device: described anew, taken away by
 * ioctl or message, taken away behind the device's back, or locked more than
 * the owner is allowed to.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "attr.h"
#include "harness.h"
#include "matrix.h"
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

/* With two regions or more the device's view is not ours. */
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

/* Where the rings are, not what is in them. */
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

/* The same memory cut in other ways, under load: nothing is lost. */
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

/* No memory at all: the queue breaks, and works when there is some again. */
TEST_F(memory, taken_away)
{
	struct victim *v = &self->v;

	ASSERT_EQ(0, victim_ping(v));
	ASSERT_EQ(0, is_vdpa(v) ? vdpa_unmap_all(v->d) :
				  vhost_clear_mem(v->d));
	fill(_metadata, v);
	EXPECT_EQ(ERR, victim_fate(v));

	/* The restart of a vdpa device maps memory itself. */
	if (!is_vdpa(v))
		ASSERT_EQ(0, describe(v, 1 << 18));
	ASSERT_EQ(0, victim_restart(v))
		TH_LOG("%s", v->d->what);
	ASSERT_EQ(0, victim_ping(v));
}

/* And under load: what is in flight may finish, the host does not mind. */
TEST_F(memory, taken_away_under_load)
{
	struct victim *v = &self->v;
	unsigned int i;

	for (i = 0; i < 10; i++) {
		fill(_metadata, v);
		ASSERT_EQ(0, is_vdpa(v) ? vdpa_unmap_all(v->d) :
					  vhost_clear_mem(v->d));
		vq_wait(v->vq, QUIET_MS);
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

/* The owner unmaps it from itself: requests fail, in whatever way. */
TEST_F(memory, unmapped)
{
	struct victim *v = &self->v;
	struct gmem *mem = v->vq->mem;
	unsigned int i;

	fill(_metadata, v);
	for (i = 0; i < mem->nregions; i++)
		ASSERT_EQ(0, munmap(mem->region[i].user, mem->region[i].size));
	vq_kick_always(v->vq);
	victim_fate(v);
	while (netdev_reap(v->vq, 1) == 0 && vq_in_flight(v->vq))
		;
	/* Stopping works, starting does not without memory. */
	EXPECT_EQ(0, stop(v));
	if (!variant->ref)
		EXPECT_GT(0, start(v));
	/* gmem_exit() unmaps once more, which does not matter. */
}

/* Read-only memory can't be read into. */
TEST_F(memory, read_only)
{
	struct victim *v = &self->v;
	struct gmem *mem = v->vq->mem;
	__u64 at = gmem_gpa(mem, v->good);
	struct vq_seg seg[3] = {
		{ at, 16, false },
		{ at + 1024, 512, true },
		{ at + 64, 1, true },
	};
	struct vq_done done;
	char *user = gmem_user(mem, at);
	unsigned int i;

	if (v->o->is_net)
		SKIP(return, "transmission only reads");

	v->good[0] = VIRTIO_BLK_T_IN;
	memset(v->good + 1024, 0x33, 512);
	ASSERT_EQ(0, mprotect(user, 4096, PROT_READ));
	ASSERT_EQ(0, vq_add(v->vq, seg, 3, 0));
	vq_kick(v->vq);
	if (victim_fate(v) == USED)
		EXPECT_EQ(1, vq_pop(v->vq, &done));
	for (i = 0; i < 512; i++)
		ASSERT_EQ(0x33, v->good[1024 + i]);
	ASSERT_EQ(0, mprotect(user, 4096, PROT_READ | PROT_WRITE));
	ASSERT_EQ(0, victim_restart(v));
	ASSERT_EQ(0, victim_ping(v));
}

/* A kibibyte figure of /proc/self/status. */
static long status_kib(const char *field)
{
	char line[128];
	long kib = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, strlen(field)))
			kib = strtol(line + strlen(field), NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

/* Rings are pinned while they run, and the owner is charged for it. */
TEST_F(memory, pinned)
{
	struct victim *v = &self->v;
	long running, stopped;

	if (variant->ref)
		SKIP(return, "in-tree pins nothing");

	ASSERT_EQ(0, victim_ping(v));
	running = status_kib("VmPin:");
	ASSERT_EQ(0, stop(v));
	stopped = status_kib("VmPin:");
	EXPECT_EQ(0, stopped);
	EXPECT_LT(stopped, running);
	/* Rings of 256 entries are three pages at least, and not many more. */
	EXPECT_LE(12 * (long)v->d->nvqs, running);
	EXPECT_GE(100 * (long)v->d->nvqs, running);
	ASSERT_EQ(0, start(v));
	EXPECT_EQ(running, status_kib("VmPin:"));
}

/* Not more than RLIMIT_MEMLOCK, for those whom it binds. */
TEST_F(memory, memlock)
{
	struct rlimit none = { 0, 65536 }, some = { 65536, 65536 };
	struct victim *v = &self->v;
	pid_t pid;
	int status = -1;

	if (variant->ref)
		SKIP(return, "in-tree pins nothing");

	ASSERT_EQ(0, stop(v));
	/* The owner of the device gives up its rights for good. */
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &none));
	ASSERT_EQ(0, prctl(PR_SET_DUMPABLE, 1));
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-ENOMEM, start(v))
		TH_LOG("%s", v->d->what);
	EXPECT_EQ(0, status_kib("VmPin:"));
	if (is_vdpa(v)) {
		ASSERT_EQ(0, vdpa_set_status(v->d, 0));
		ASSERT_EQ(0, vdpa_unmap_all(v->d));
	}
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &some));
	EXPECT_EQ(0, start(v))
		TH_LOG("%s", v->d->what);
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(0, victim_ping(v));

	/* A child is not the owner, nor charged. */
	pid = fork();
	if (!pid)
		_exit(status_kib("VmPin:") != 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
