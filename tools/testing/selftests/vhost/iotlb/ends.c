// SPDX-License-Identifier: GPL-2.0
/*
 * A queue that waits for the monitor is stopped, its device is reset or closed,
 * its owner is killed: nothing is left, and nothing is lost.
 */
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attr.h"
#include "harness.h"
#include "pins.h"
#include "rig_fixture.h"

RIG_FIXTURE(ends);

/* Operations whose memory is not known; the miss is read, or not. */
static int park(struct rig *r, bool read)
{
	struct vhost_iotlb_msg m;
	unsigned int i;
	int err = rig_map_rings(r);

	for (i = 0; !err && i < 8; i++)
		err = rig_add(r, i, i);
	if (err)
		return err;
	vq_kick(r->vq);
	return read ? iotlb_miss(r->d, &m, WAIT_MS) :
		      fd_wait(r->d->fd, POLLIN, WAIT_MS);
}

static void finish(struct __test_metadata *_metadata, struct rig *r)
{
	unsigned int i;

	ASSERT_EQ(0, iotlb_serve(r->d, r->vq, 8, NULL));
	ASSERT_EQ(0, rig_take(r, 8));
	for (i = 0; i < 8; i++)
		ASSERT_EQ(0, rig_check(r, i, i));
	EXPECT_FALSE(vq_more_used(r->vq));
}

/* It stops where it is, and forgets what it waited for. */
TEST_F(ends, detached)
{
	struct rig *r = &self->r;
	unsigned int i;
	__u32 base;

	ASSERT_EQ(0, park(r, false));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, rig_attach(r, false));
		ASSERT_EQ(0, vring_get_base(r->d, r->q, &base));
		ASSERT_EQ(vq_ready_base(r->vq), base);
		if (!variant->o.module)
			EXPECT_EQ(-ETIMEDOUT, fd_wait(r->d->fd, POLLIN, 0));
		ASSERT_EQ(0, rig_attach(r, true));
		vq_kick_always(r->vq);
		ASSERT_EQ(0, fd_wait(r->d->fd, POLLIN, WAIT_MS));
	}
	finish(_metadata, r);
}

/* An answer that comes too late does no harm. */
TEST_F(ends, answered_late)
{
	struct vhost_iotlb_msg m;
	struct rig *r = &self->r;

	ASSERT_EQ(0, park(r, false));
	ASSERT_EQ(0, iotlb_miss(r->d, &m, WAIT_MS));
	ASSERT_EQ(0, rig_attach(r, false));
	ASSERT_EQ(0, iotlb_answer(r->d, &m));
	ASSERT_EQ(0, iotlb_answer(r->d, &m));
	ASSERT_EQ(0, rig_attach(r, true));
	finish(_metadata, r);
}

/* The next owner finds no messages and no IOTLB. */
TEST_F(ends, owner_reset)
{
	struct rig *r = &self->r;

	if (variant->o.module)
		SKIP(return, "in-tree needs its back end detached");
	ASSERT_EQ(0, park(r, false));
	ASSERT_EQ(0, vdev_ioctl(r->d, "", VHOST_RESET_OWNER, NULL));
	EXPECT_EQ(-ETIMEDOUT, fd_wait(r->d->fd, POLLIN, 0));
	ASSERT_EQ(0, vhost_set_owner(r->d));
	EXPECT_EQ(-EFAULT, rig_map(r, 0));
}

static void run_owner(const struct rig_opts *o, bool read, int ready)
{
	static struct rig r;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = rig_start(&r, o);
	if (!err)
		err = park(&r, read);
	if (write(ready, &err, sizeof(err)) != sizeof(err))
		_exit(1);
	for (;;)
		pause();
}

FIXTURE(killed)
{
	long refs;
	long pins;
};

FIXTURE_VARIANT(killed)
{
	struct rig_opts o;
};

static long refs_now(void)
{
	return attr_read_long("/sys/module/vhx_net/refcnt") +
	       attr_read_long("/sys/module/vhx_blk/refcnt");
}

static bool refs_are(void *arg)
{
	return refs_now() == *(long *)arg;
}

FIXTURE_SETUP(killed)
{
	self->refs = refs_now();
	self->pins = pins_now();
}

FIXTURE_TEARDOWN(killed)
{
}

RING_BOTH(killed, net, RIG_NET, 0);
RING_BOTH(killed, blk, RIG_BLK, 0);

/* The owner ends with a miss that was read, or was not. */
TEST_F(killed, while_parked)
{
	unsigned int i;

	for (i = 0; i < 6; i++) {
		int ready[2], err = -1, status;
		pid_t pid;

		ASSERT_EQ(0, pipe(ready));
		pid = fork();
		if (!pid)
			run_owner(&variant->o, i % 2, ready[1]);
		close(ready[1]);
		ASSERT_EQ(sizeof(err), read(ready[0], &err, sizeof(err)));
		ASSERT_EQ(0, err);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		close(ready[0]);
		ASSERT_EQ(0, cond_wait(refs_are, &self->refs, WAIT_MS));
		ASSERT_EQ(0, pins_wait(self->pins));
	}
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
