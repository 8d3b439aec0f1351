// SPDX-License-Identifier: GPL-2.0
/*
 * VHOST_SET_VRING_BUSYLOOP_TIMEOUT: the worker stays awake for the owner's
 * timeout and finds what comes meanwhile, in the ring and in the tap.
 */
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "netdev_fixture.h"
#include "worker.h"

/* The longest that counts. */
#define TIMEOUT_US	1000000

FIXTURE(busyloop)
{
	struct netdev n;
	int worker;
};

FIXTURE_VARIANT(busyloop)
{
	struct netdev_opts o;
};

static int pin(int pid, unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(pid, sizeof(set), &set) ? -errno : 0;
}

FIXTURE_SETUP(busyloop)
{
	char name[32];

	netdev_fixture_start(_metadata, &self->n, &variant->o);
	ASSERT_EQ(0, netdev_ping(&self->n, 1));
	snprintf(name, sizeof(name), "vhx-%d", getpid());
	self->worker = worker_thread(name);
	ASSERT_LT(0, self->worker);
	/* The worker waits only where nobody else wants to run. */
	ASSERT_EQ(0, pin(0, 0));
	ASSERT_EQ(0, pin(self->worker, 1));
}

FIXTURE_TEARDOWN(busyloop)
{
	netdev_stop(&self->n);
}

RING_BOTH(busyloop, vhx, NET_ON_VHX, NET_PLAIN);

static int set_timeout(struct netdev *n, unsigned int i, unsigned int us)
{
	struct vhost_vring_state s = { .index = i, .num = us };

	return vdev_ioctl(&n->dev, "", VHOST_SET_VRING_BUSYLOOP_TIMEOUT, &s);
}

/* Is it awake after some quiet time, in which it has nothing to do? */
static bool stays_awake(pid_t worker)
{
	const struct timespec quiet = { .tv_nsec = QUIET_MS * 1000 * 1000 };

	nanosleep(&quiet, NULL);
	return worker_is_awake(worker);
}

/*
 * It may be disturbed by others on its CPU, and sleep then: what counts is that
 * it does not always.
 */
#define TRIES	(WAIT_MS / QUIET_MS)

/* Without a timeout it sleeps: the tests below would pass for nothing. */
TEST_F(busyloop, none)
{
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		ASSERT_EQ(0, netdev_ping(&self->n, i));
		if (!stays_awake(self->worker))
			break;
	}
	EXPECT_GT(TRIES, i);
}

/* A buffer in the transmit ring is found without a kick. */
TEST_F(busyloop, transmit)
{
	struct vq *vq = &self->n.dev.vq[TX];
	unsigned int i;
	__u64 kicks;

	ASSERT_EQ(0, set_timeout(&self->n, TX, TIMEOUT_US));
	for (i = 0; i < TRIES; i++) {
		ASSERT_EQ(0, netdev_ping_tx(&self->n, i));
		if (!stays_awake(self->worker))
			continue;
		kicks = vq->nkicks;
		ASSERT_EQ(0, netdev_ping_tx(&self->n, i));
		if (vq->nkicks == kicks)
			break;
	}
	EXPECT_GT(TRIES, i);
}

/* So is a frame in the tap. */
TEST_F(busyloop, receive)
{
	unsigned int i;

	ASSERT_EQ(0, set_timeout(&self->n, RX, TIMEOUT_US));
	for (i = 0; i < TRIES; i++) {
		ASSERT_EQ(0, netdev_ping_rx(&self->n, i));
		if (!stays_awake(self->worker))
			continue;
		ASSERT_EQ(0, netdev_ping_rx(&self->n, i));
		break;
	}
	EXPECT_GT(TRIES, i);
}

/* One queue's wait does not keep the other one, or a stop, waiting. */
TEST_F(busyloop, others_go_on)
{
	unsigned int i;

	ASSERT_EQ(0, set_timeout(&self->n, RX, TIMEOUT_US));
	ASSERT_EQ(0, set_timeout(&self->n, TX, TIMEOUT_US));
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, netdev_ping(&self->n, i));
		ASSERT_EQ(0, netdev_restart(&self->n, i % 2, 0));
	}
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
