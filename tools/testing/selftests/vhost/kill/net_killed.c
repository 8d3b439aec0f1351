// SPDX-License-Identifier: GPL-2.0
/*
 * The owner of a network device is killed while frames pass in both directions.
 * The tap stays, and works for the next owner.
 */
#include <unistd.h>

#include "killed.h"
#include "harness.h"
#include "netdev_fixture.h"
#include "wait.h"

FIXTURE(net_killed)
{
	struct tap tap;
	struct load *load;
	struct netdev_opts o;
};

FIXTURE_VARIANT(net_killed)
{
	struct netdev_opts o;
	const char *module;
	unsigned int kills;
};

FIXTURE_VARIANT_ADD(net_killed, in_tree)
{
	.o = IN_TREE(NET_MRG), .module = "vhost_net", .kills = KILLS / 4,
};

FIXTURE_VARIANT_ADD(net_killed, vhx)
{
	.o = VHX(NET_MRG), .module = "vhx_net", .kills = KILLS,
};

FIXTURE_VARIANT_ADD(net_killed, vhx_plain)
{
	.o = VHX(NET_PLAIN), .module = "vhx_net", .kills = KILLS / 4,
};

FIXTURE_VARIANT_ADD(net_killed, vhx_packed)
{
	.o = VHX(NET_MRG | RING_ALL | RING_PACKED), .module = "vhx_net",
	.kills = KILLS / 2,
};

FIXTURE_SETUP(net_killed)
{
	if (!netdev_present(&variant->o) && variant->o.module)
		SKIP(return, "no %s here", variant->o.path);
	ASSERT_EQ(0, netns_enter());
	ASSERT_EQ(0, tap_create(&self->tap, "tap0", 12, 1));
	ASSERT_EQ(0, tap_peer(&self->tap));
	self->load = load_new();
	self->o = variant->o;
	self->o.tap = &self->tap;
}

FIXTURE_TEARDOWN(net_killed)
{
	tap_destroy(&self->tap);
}

static struct vq_seg seg_of(struct netdev *n, unsigned int i, bool write)
{
	return (struct vq_seg){
		.gpa = gmem_gpa(&n->mem, n->slot + i % NETDEV_NUM *
				NETDEV_SLOT),
		.len = write ? NETDEV_SLOT : n->hlen + 500,
		.write = write,
	};
}

/* A device with both rings full. */
static int fill(FIXTURE_DATA(net_killed) * self, struct netdev *n)
{
	int err = netdev_start(n, &self->o);
	unsigned int i, q;

	memset(n->slot, 0, NETDEV_NUM * NETDEV_SLOT);
	for (i = 0; !err && i < NETDEV_NUM; i++)
		for (q = 0; q < 2; q++) {
			struct vq_seg seg = seg_of(n, i, q == RX);

			err = vq_add(&n->dev.vq[q], &seg, 1, i);
		}
	return err;
}

/* Keep them full. */
static int keep_full(struct load *load, struct netdev *n)
{
	struct vq_done done;
	unsigned int q;
	int err = 0;

	while (!err && !load_over(load)) {
		for (q = 0; !err && q < 2; q++) {
			struct vq *vq = &n->dev.vq[q];

			vq_kick(vq);
			while ((err = vq_pop(vq, &done)) == 1) {
				struct vq_seg seg = seg_of(n, done.token,
							   q == RX);

				vq_add(vq, &seg, 1, done.token);
				load_add(load, q);
			}
		}
	}
	return err;
}

static void flood(void *arg)
{
	FIXTURE_DATA(net_killed) * self = arg;
	static struct netdev n;
	int err;

	err = fill(self, &n);
	load_fail(self->load, err ? err : keep_full(self->load, &n));
}

/* A child shares the owner's memory and files, and does the work. */
static void flood_by_child(void *arg)
{
	FIXTURE_DATA(net_killed) * self = arg;
	static struct netdev n;
	int err;

	err = fill(self, &n);
	load_fail(self->load, err);
	if (!err && !fork()) {
		alarm(60);
		keep_full(self->load, &n);
		_exit(0);
	}
	for (;;)
		pause();
}

/* Send and receive frames at the peer. Did enough go each way? */
static bool flooded(void *arg)
{
	FIXTURE_DATA(net_killed) * self = arg;
	static char frame[2048];
	unsigned int i;

	for (i = 0; i < 64; i++) {
		frame_make(frame, 300, i);
		peer_send(&self->tap, NULL, frame, 300);
	}
	while (peer_recv(&self->tap, NULL, frame, sizeof(frame), 0) != -EAGAIN)
		;
	return load_err(self->load) || (load_done(self->load, RX) > 300 &&
					load_done(self->load, TX) > 1000);
}

TEST_F_TIMEOUT(net_killed, under_load, 240)
{
	struct trace before, after;
	struct netdev n = { 0 };
	char frame[2048];
	unsigned int i;

	trace_take(&before, variant->module);
	for (i = 0; i < variant->kills; i++) {
		ASSERT_EQ(0, run_and_kill(self->load, flood, flooded, self));
		ASSERT_EQ(0, trace_gone(&before, &after))
			TH_LOG("kill %u: %ld references, were %ld; %ld pins, were %ld",
			       i, after.refs, before.refs, after.pins,
			       before.pins);
	}

	/* Drop what is left in the tap and at the peer. */
	while (read(self->tap.fd, frame, sizeof(frame)) > 0)
		;
	while (peer_recv(&self->tap, NULL, frame, sizeof(frame), 0) != -EAGAIN)
		;
	ASSERT_EQ(0, netdev_start(&n, &self->o));
	EXPECT_EQ(0, netdev_ping(&n, 1));
	vdev_close(&n.dev);
	gmem_exit(&n.mem);
	EXPECT_EQ(0, trace_gone(&before, &after));
}

/*
 * The owner is killed, but another process has the file and keeps the queues
 * busy. It closes the file at about the time at which the worker exits.
 */
TEST_F_TIMEOUT(net_killed, file_lives_on, 240)
{
	const unsigned int rounds = kernel_is_slow() ? 5 : 20;
	struct trace before, after;
	unsigned int i;

	if (self->o.features != NET_MRG)
		SKIP(return, "once is enough");

	trace_take(&before, variant->module);
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, run_kill_and_stop(self->load, flood_by_child,
					       flooded, self,
					       1500 * (1 + i)));
		ASSERT_EQ(0, trace_gone(&before, &after))
			TH_LOG("kill %u: %ld references, were %ld; %ld pins, were %ld",
			       i, after.refs, before.refs, after.pins,
			       before.pins);
	}
}

/* One network namespace for all tests, as it takes long to make one. */
int main(int argc, char **argv)
{
	netns_enter();
	return test_harness_run(argc, argv);
}
