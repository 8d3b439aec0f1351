// SPDX-License-Identifier: GPL-2.0
/*
 * A log that is missing, too small, elsewhere, or more than the owner may pin:
 * what is refused, with which errno, and that the device goes on as before.
 * In-tree looks at the log only when it writes to it.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness.h"
#include "netdev_fixture.h"
#include "exact.h"
#include "pins.h"
#include "wait.h"

/* So far that nothing is mapped behind the log where its bits would be. */
#define FAR	(1ULL << 46)

FIXTURE(limits)
{
	struct netdev n;
	struct vdev *d;
	struct dirty log;
};

FIXTURE_VARIANT(limits)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(limits)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
	self->d = &self->n.dev;
	ASSERT_EQ(0, dirty_init(&self->log, &self->n.mem));
}

FIXTURE_TEARDOWN(limits)
{
	netdev_stop(&self->n);
	dirty_exit(&self->log);
}

RING_BOTH(limits, vhx, NET_ON_DEMAND, NET_MRG);

static void expect_works(struct __test_metadata *_metadata, struct netdev *n,
			 __u32 seed)
{
	EXPECT_EQ(0, netdev_ping(n, seed))
		TH_LOG("%s", n->dev.what);
}

/* @bad is no place for the log, now or when a queue starts. */
static void expect_bad(struct __test_metadata *_metadata, struct netdev *n,
		       const void *bad)
{
	struct vdev *d = &n->dev;
	const __u64 features = d->features;

	/* Nothing logs: it is not looked at. */
	ASSERT_EQ(0, dirty_set_base(d, bad));
	EXPECT_EQ(-EFAULT, dirty_log_all(d, true));
	EXPECT_EQ(features, d->features);
	EXPECT_EQ(-EINVAL, dirty_log_ring(d, RX, true));
	d->vq[RX].log = false;
	expect_works(_metadata, n, 1);

	ASSERT_EQ(0, vhost_net_attach_all(d, -1));
	EXPECT_EQ(0, dirty_log_all(d, true));
	EXPECT_EQ(-EFAULT, vhost_net_attach(d, RX, n->tap.fd));
	EXPECT_EQ(0, dirty_log_all(d, false));
	EXPECT_EQ(0, netdev_restart(n, RX, 0));
	EXPECT_EQ(0, netdev_restart(n, TX, 0));
	expect_works(_metadata, n, 2);
}

TEST_F(limits, nowhere)
{
	char *bad = mmap(NULL, self->log.map_size, PROT_READ,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(bad != MAP_FAILED);
	expect_bad(_metadata, &self->n, NULL);
	expect_bad(_metadata, &self->n, bad);
	munmap(bad, self->log.map_size);
	expect_bad(_metadata, &self->n, bad);
	expect_bad(_metadata, &self->n, (void *)0xffff888000000000UL);
	expect_bad(_metadata, &self->n, (void *)0xfffffffffffff000UL);
	/* A page too short: its last one is the guard. */
	expect_bad(_metadata, &self->n, self->log.log + DIRTY_PAGE);
}

/* A log that works is kept if another one is refused. */
TEST_F(limits, kept)
{
	struct dirty_diff diff;

	ASSERT_EQ(0, dirty_switch(&self->log, self->d, true));
	EXPECT_EQ(-EFAULT, dirty_set_base(self->d, self->log.log + DIRTY_PAGE));
	EXPECT_EQ(-EFAULT, dirty_set_base(self->d, NULL));
	ASSERT_EQ(0, vhost_net_attach_all(self->d, -1));
	dirty_begin(&self->log, self->d);
	EXPECT_EQ(0, netdev_restart(&self->n, RX, 0));
	EXPECT_EQ(0, netdev_restart(&self->n, TX, 0));
	expect_works(_metadata, &self->n, 3);
	dirty_compare(&self->log, &diff);
	EXPECT_LE(3, diff.logged);
	EXPECT_TRUE(dirty_has(&self->log, self->d->vq[RX].used));
	EXPECT_TRUE(dirty_has(&self->log, self->n.arena.base));
}

/* Memory, or a used ring, beyond the end of the log. */
TEST_F(limits, beyond)
{
	const struct gmem_region *r = &self->n.mem.region[0];
	struct {
		struct vhost_memory m;
		struct vhost_memory_region r[2];
	} t = { .m.nregions = 2, .r = {
		{ .guest_phys_addr = r->gpa, .memory_size = r->size,
		  .userspace_addr = (uintptr_t)r->user },
		{ .guest_phys_addr = r->gpa + FAR,
		  .memory_size = r->size,
		  .userspace_addr = (uintptr_t)r->user },
	} };
	struct vq *vq = &self->d->vq[RX];
	struct vhost_vring_addr a = {
		.index = RX,
		.flags = 1 << VHOST_VRING_F_LOG,
		.desc_user_addr = (uintptr_t)vq->desc,
		.avail_user_addr = (uintptr_t)vq->avail,
		.used_user_addr = (uintptr_t)vq->used,
	};
	static const __u64 addr[] = {
		GMEM_GPA + FAR, 1ULL << 63, -4ULL, -8ULL,
	};
	unsigned int i;

	ASSERT_EQ(0, dirty_switch(&self->log, self->d, true));
	EXPECT_EQ(-EFAULT, vdev_ioctl(self->d, "", VHOST_SET_MEM_TABLE, &t));
	expect_works(_metadata, &self->n, 1);
	for (i = 0; i < ARRAY_SIZE(addr); i++) {
		a.log_guest_addr = addr[i];
		EXPECT_EQ(-EINVAL, vdev_ioctl(self->d, "", VHOST_SET_VRING_ADDR,
					      &a))
			TH_LOG("%#llx", addr[i]);
	}
	expect_works(_metadata, &self->n, 2);
	EXPECT_TRUE(dirty_has(&self->log, vq->used));
	/* Less memory is fine, and so is the same again. */
	t.m.nregions = 1;
	EXPECT_EQ(0, vdev_ioctl(self->d, "", VHOST_SET_MEM_TABLE, &t));
	expect_works(_metadata, &self->n, 3);
}

/* On return of SET_LOG_BASE the old log is no longer written to. */
TEST_F(limits, moved)
{
	struct dirty second;

	ASSERT_EQ(0, dirty_init(&second, &self->n.mem));
	ASSERT_EQ(0, dirty_switch(&self->log, self->d, true));
	expect_works(_metadata, &self->n, 1);
	EXPECT_LT(0, dirty_count(&self->log));
	ASSERT_EQ(0, dirty_set_base(self->d, second.log));
	memset(self->log.map, 0, self->log.map_size - DIRTY_PAGE);
	expect_works(_metadata, &self->n, 2);
	EXPECT_LT(0, dirty_count(&second));
	EXPECT_EQ(0, dirty_count(&self->log));

	/* The owner may unmap it: then nobody reads it, but nothing breaks. */
	dirty_exit(&second);
	expect_works(_metadata, &self->n, 3);
	ASSERT_EQ(0, dirty_switch(&self->log, self->d, true));
	expect_works(_metadata, &self->n, 4);
	EXPECT_LT(0, dirty_count(&self->log));
}

static long pinned_kib(void)
{
	char line[128];
	long kib = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmPin: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

/* It is pinned, and counted, only while a started queue logs. */
TEST_F(limits, pins)
{
	const long kib = pinned_kib(), pins = pins_now();

	ASSERT_EQ(0, dirty_set_base(self->d, self->log.log));
	EXPECT_EQ(pins, pins_now());
	ASSERT_EQ(0, dirty_log_all(self->d, true));
	EXPECT_LT(kib, pinned_kib());
	EXPECT_LT(pins, pins_now());
	ASSERT_EQ(0, dirty_log_all(self->d, false));
	EXPECT_EQ(kib, pinned_kib());
	EXPECT_EQ(0, pins_wait(pins));

	ASSERT_EQ(0, dirty_log_ring(self->d, TX, true));
	EXPECT_LT(kib, pinned_kib());
	ASSERT_EQ(0, vhost_net_attach(self->d, TX, -1));
	EXPECT_EQ(kib, pinned_kib());
	ASSERT_EQ(0, vhost_net_attach(self->d, TX, self->n.tap.fd));
	EXPECT_LT(kib, pinned_kib());
	ASSERT_EQ(0, vdev_ioctl(self->d, "", VHOST_RESET_OWNER, NULL));
	EXPECT_EQ(kib, pinned_kib());
}

#define RAM	(16ULL << 30)

/*
 * Memory of 16 GiB, and far above it a page more. The log has gigabytes, of
 * which what is needed is pinned, and no more than the owner may.
 */
TEST_F(limits, sparse)
{
	const size_t size = FAR / DIRTY_PAGE / 8 + DIRTY_PAGE;
	const struct gmem_region *g = &self->n.mem.region[0];
	struct {
		struct vhost_memory m;
		struct vhost_memory_region r[3];
	} t = { .m.nregions = 3 };
	struct rlimit limit = { 4 << 20, 4 << 20 };
	struct dirty log = self->log;
	char *ram;

	ram = mmap(NULL, RAM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		   MAP_NORESERVE, -1, 0);
	log.log = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		       MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_TRUE(ram != MAP_FAILED);
	ASSERT_TRUE((void *)log.log != MAP_FAILED);
	t.r[0] = (struct vhost_memory_region){
		g->gpa, g->size, (uintptr_t)g->user
	};
	t.r[1] = (struct vhost_memory_region){
		4ULL << 30, RAM, (uintptr_t)ram
	};
	t.r[2] = (struct vhost_memory_region){
		FAR - 4096, 4096, (uintptr_t)g->user
	};
	ASSERT_EQ(0, vdev_ioctl(self->d, "", VHOST_SET_MEM_TABLE, &t));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	/* Without CAP_IPC_LOCK. */
	ASSERT_EQ(0, seteuid(65534));
	ASSERT_EQ(0, dirty_set_base(self->d, log.log));
	EXPECT_EQ(0, dirty_log_all(self->d, true));
	EXPECT_EQ(0, dirty_log_ring(self->d, RX, true));
	EXPECT_LE(RAM >> 25, pinned_kib());
	EXPECT_GE(2 * RAM >> 25, pinned_kib());
	expect_works(_metadata, &self->n, 1);
	EXPECT_TRUE(dirty_has(&log, self->n.arena.base));
	/* The alias. The first page of memory has the rings. */
	if (variant->o.features & RING_PACKED)
		EXPECT_TRUE(dirty_is_logged(&log, FAR - 4096));
	EXPECT_EQ(0, dirty_log_ring(self->d, RX, false));
	EXPECT_EQ(0, dirty_log_all(self->d, false));

	limit.rlim_cur = 256 << 10;
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-ENOMEM, dirty_log_all(self->d, true));
	EXPECT_EQ(0, pinned_kib());
	ASSERT_EQ(0, seteuid(0));
	expect_works(_metadata, &self->n, 2);
	munmap(ram, RAM);
	munmap(log.log, size);
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
