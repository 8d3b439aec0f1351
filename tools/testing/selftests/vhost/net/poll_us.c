// SPDX-License-Identifier: GPL-2.0
/*
 * How long a worker stays awake: attribute poll_us; and that it costs nothing
 * once it sleeps.
 */
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "attr.h"
#include "blkdev_fixture.h"
#include "netdev_fixture.h"
#include "worker.h"

#define POLL_US		"/sys/class/misc/vhx-net/poll_us"

/* Rounds of QUIET_MS in which something has to be seen once. */
#define TRIES		(WAIT_MS / QUIET_MS)

static void quiet(void)
{
	const struct timespec t = { .tv_nsec = QUIET_MS * 1000 * 1000 };

	nanosleep(&t, NULL);
}

FIXTURE(poll_us)
{
	struct netdev n;
	pid_t worker;
};

FIXTURE_VARIANT(poll_us)
{
	struct netdev_opts o;
};

RING_BOTH(poll_us, vhx, NET_ON_VHX, NET_PLAIN);

FIXTURE_SETUP(poll_us)
{
	self->n.dev.fd = -1;
	self->n.tap.fd = -1;
	ASSERT_EQ(0, attr_write("-1", POLL_US));
}

FIXTURE_TEARDOWN(poll_us)
{
	attr_write("-1", POLL_US);
	if (self->n.dev.fd >= 0)
		netdev_stop(&self->n);
}

static int pin(pid_t pid, unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? -errno : 0;
}

/* Start with the value that the node has now; the worker has a CPU for itself. */
static void start(struct __test_metadata *_metadata, FIXTURE_DATA(poll_us) * f,
		  const struct netdev_opts *o)
{
	char name[32];

	netdev_fixture_start(_metadata, &f->n, o);
	ASSERT_EQ(0, netdev_ping(&f->n, 1));
	snprintf(name, sizeof(name), "vhx-%d", getpid());
	f->worker = worker_thread(name);
	ASSERT_LT(0, f->worker);
	ASSERT_EQ(0, pin(0, 0));
	ASSERT_EQ(0, pin(f->worker, 1));
}

/* netdev_stop() without the tap, which the next device is to have. */
static void close_device(struct netdev *n)
{
	vdev_close(&n->dev);
	gmem_exit(&n->mem);
}

/* Does a thread run during some quiet time? */
static bool runs(pid_t tid)
{
	long long before = worker_time(tid);

	quiet();
	return worker_time(tid) != before;
}

/*
 * It may be disturbed by the kernel now and then, but not every time. What
 * wakes up by itself, however rarely that is, is seen in most of the times.
 */
static void expect_idle(struct __test_metadata *_metadata, pid_t tid)
{
	unsigned int i, idle = 0;

	ASSERT_LT(0, worker_time(tid));
	for (i = 0; i < TRIES && idle < 5; i++)
		idle = runs(tid) ? 0 : idle + 1;
	EXPECT_EQ(5, idle)
		TH_LOG("it never sleeps for %u ms", 5 * QUIET_MS);
}

/* With frames to learn from, and with any bound. */
TEST_F(poll_us, idle)
{
	static const char *const values[] = { "-1", "0", "1000" };
	struct netdev *n = &self->n;
	size_t v;
	int i;

	for (v = 0; v < ARRAY_SIZE(values); v++) {
		ASSERT_EQ(0, attr_write(values[v], POLL_US));
		start(_metadata, self, &variant->o);
		for (i = 0; i < 50; i++) {
			ASSERT_EQ(0, netdev_ping(n, i))
				TH_LOG("%s, frame %d", values[v], i);
		}
		expect_idle(_metadata, self->worker);
		/* It is not dead. */
		ASSERT_EQ(0, netdev_ping(n, i));
		close_device(n);
	}
}

/*
 * A bound of a second. What comes within that makes the worker wait longer, up
 * to where it does not sleep between two frames that are QUIET_MS apart: then
 * it finds the next one in the tap by itself.
 */
TEST_F(poll_us, receive)
{
	unsigned int i, awake = 0;

	ASSERT_EQ(0, attr_write("1000000", POLL_US));
	start(_metadata, self, &variant->o);
	for (i = 0; i < TRIES && awake < 2; i++) {
		ASSERT_EQ(0, netdev_ping_rx(&self->n, i));
		quiet();
		awake += worker_is_awake(self->worker);
	}
	EXPECT_EQ(2, awake);
	ASSERT_EQ(0, netdev_ping_rx(&self->n, i));
}

/* The same for its ring: it finds a buffer without a kick. */
TEST_F(poll_us, transmit)
{
	struct vq *vq;
	__u64 kicks = 0;
	unsigned int i;

	ASSERT_EQ(0, attr_write("1000000", POLL_US));
	start(_metadata, self, &variant->o);
	vq = &self->n.dev.vq[TX];
	for (i = 0; i < TRIES; i++) {
		kicks = vq->nkicks;
		ASSERT_EQ(0, netdev_ping_tx(&self->n, i));
		if (vq->nkicks == kicks)
			break;
		quiet();
	}
	EXPECT_GT(TRIES, i);
}

/* It does not do that with 0, nor with the default, which is much shorter. */
TEST_F(poll_us, short_or_none)
{
	static const char *const values[] = { "0", "-1" };
	enum { ROUNDS = 24 };
	unsigned int i, awake;
	size_t v;

	for (v = 0; v < ARRAY_SIZE(values); v++) {
		ASSERT_EQ(0, attr_write(values[v], POLL_US));
		start(_metadata, self, &variant->o);
		for (i = 0, awake = 0; i < ROUNDS; i++) {
			ASSERT_EQ(0, netdev_ping(&self->n, i));
			quiet();
			awake += worker_is_awake(self->worker);
		}
		/* Others may keep it from its CPU. */
		EXPECT_GT(ROUNDS / 2, awake)
			TH_LOG("%s: awake %u times", values[v], awake);
		close_device(&self->n);
	}
}

TEST(values_of_a_node)
{
	static const char *const bad[] = {
		"-2", "1000001", "many", "", "1.5", "0x", "-1x",
	};
	static const char *const good[] = { "0", "1", "1000000", "-1" };
	char got[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, attr_write(good[i], POLL_US));
		EXPECT_EQ(0, attr_read(got, sizeof(got), POLL_US));
		EXPECT_STREQ(good[i], got);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		/* An empty write does not reach the kernel. */
		if (*bad[i])
			EXPECT_EQ(-EINVAL, attr_write(bad[i], POLL_US))
				TH_LOG("%s", bad[i]);
		EXPECT_EQ(-1, attr_read_long(POLL_US));
	}
	EXPECT_EQ(-ERANGE, attr_write("99999999999", POLL_US));
	EXPECT_EQ(-1, attr_read_long(POLL_US));
	EXPECT_EQ(0, access("/sys/class/misc/vhx-blk/poll_us", R_OK | W_OK));
}

/* A disk with a worker for each queue: none of them runs. */
TEST(idle_disk)
{
	const struct blkdev_opts o = {
		.kind = BLK_VDPA, .features = BLK_INDIRECT, .queues = 2,
	};
	pid_t tid[2];
	struct blkdev b;
	const char *why;
	int i, err;

	ASSERT_EQ(0, blkdev_open(&b, &o, &why)) TH_LOG("%s", why);
	err = blkdev_start(&b);
	ASSERT_EQ(0, err) TH_LOG("%s", b.dev.what);
	for (i = 0; i < 50; i++) {
		struct blkreq r = { .type = VIRTIO_BLK_T_IN, .in_len = 4096 };

		ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(&b, &r, NULL, NULL));
	}
	tid[0] = worker_thread("vhx-vhxt_blk-q0");
	tid[1] = worker_thread("vhx-vhxt_blk-q1");
	for (i = 0; i < 2; i++) {
		ASSERT_LT(0, tid[i]);
		expect_idle(_metadata, tid[i]);
	}
	blkdev_close(&b);
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
