// SPDX-License-Identifier: GPL-2.0
/*
 * Detaching and attaching taps while frames pass. What the ring held stays in
 * the ring, what the tap held stays in the tap; nothing is lost, and nothing
 * comes twice. The driver does not kick again for what it has kicked once.
 */
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "attr.h"
#include "harness.h"
#include "netdev_fixture.h"

FIXTURE(attach)
{
	struct netdev n;
};

FIXTURE_VARIANT(attach)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(attach)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(attach)
{
	netdev_stop(&self->n);
}

FIXTURE_VARIANT_ADD(attach, in_tree_plain) { .o = IN_TREE(NET_PLAIN) };
FIXTURE_VARIANT_ADD(attach, in_tree_mrg) { .o = IN_TREE(NET_MRG) };
RING_MATRIX(attach, vhx, NET_ON_VHX, NET_PLAIN);
FIXTURE_VARIANT_ADD(attach, vhx_mrg) { .o = VHX(NET_MRG) };

/* Rounds enough to go around the ring twice. */
#define ROUNDS	6
#define BATCH	100
#define LEN	300

static char frame[LEN];

static struct vq_seg slot_seg(struct netdev *n, unsigned int i, bool write)
{
	return (struct vq_seg){
		.gpa = gmem_gpa(&n->mem, n->slot + i * NETDEV_SLOT),
		.len = write ? NETDEV_SLOT : n->hlen + LEN,
		.write = write,
	};
}

/* Fill the transmit ring with frames @seed and on, and kick once. */
static void fill_tx(struct __test_metadata *_metadata, struct netdev *n,
		    __u32 seed)
{
	struct vq *vq = &n->dev.vq[TX];
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		struct vq_seg seg = slot_seg(n, i, false);
		char *slot = n->slot + i * NETDEV_SLOT;

		memset(slot, 0, n->hlen);
		frame_make(slot + n->hlen, LEN, seed + i);
		ASSERT_EQ(0, vq_add(vq, &seg, 1, i));
	}
	vq_publish(vq);
	vq_kick_always(vq);
}

/* The laps of a packed ring that a queue was detached in, by wrap counter. */
static unsigned int laps;

/*
 * Detach queue @i. Its base is then what it has completed: nothing is in
 * flight, and nothing moves any more. Attach it to @fd from there.
 */
static void move_to(struct __test_metadata *_metadata, struct netdev *n,
		    unsigned int i, int fd)
{
	struct vq *vq = &n->dev.vq[i];
	__u32 base, used;

	ASSERT_EQ(0, vhost_net_attach(&n->dev, i, -1));
	used = vq_ready_base(vq);
	ASSERT_EQ(0, vring_get_base(&n->dev, i, &base));
	ASSERT_EQ(used, base);
	ASSERT_EQ(used, vq_ready_base(vq));
	laps |= base & PACKED_WRAP ? 1 : 2;
	ASSERT_EQ(0, vring_set_base(&n->dev, i, base));
	/* No kick is left over either. */
	event_take(vq->kick);
	ASSERT_EQ(0, vhost_net_attach(&n->dev, i, fd));
}

TEST_F(attach, transmit_same_tap)
{
	struct netdev *n = &self->n;
	unsigned int round, i;

	for (round = 0; round < ROUNDS; round++) {
		fill_tx(_metadata, n, round * BATCH);
		for (i = 0; i < round % 4; i++)
			move_to(_metadata, n, TX, n->tap.fd);
		ASSERT_EQ(0, netdev_reap(&n->dev.vq[TX], BATCH));
		for (i = 0; i < BATCH; i++) {
			frame_make(frame, LEN, round * BATCH + i);
			ASSERT_EQ(0, netdev_expect(n, frame, LEN, NULL))
				TH_LOG("round %u, frame %u", round, i);
		}
	}
	EXPECT_EQ(-EAGAIN, peer_recv(&n->tap, NULL, frame, LEN, 0));
	EXPECT_FALSE(event_take(n->dev.vq[TX].err));
	EXPECT_EQ(0, netdev_ping_rx(n, 1));
	if (n->dev.vq[TX].packed)
		EXPECT_EQ(3, laps);
}

/* Each frame comes out of one of two taps, in order. */
TEST_F(attach, transmit_another_tap)
{
	struct netdev *n = &self->n;
	static char got[LEN];
	unsigned int round, i;
	struct tap tap[2];

	tap[0] = n->tap;
	ASSERT_EQ(0, tap_create(&tap[1], "tap1", (int)n->hlen, 1));
	ASSERT_EQ(0, tap_peer(&tap[1]));

	for (round = 0; round < ROUNDS; round++) {
		int from = round & 1;

		fill_tx(_metadata, n, round * BATCH);
		move_to(_metadata, n, TX, tap[!from].fd);
		ASSERT_EQ(0, netdev_reap(&n->dev.vq[TX], BATCH));
		for (i = 0; i < BATCH; i++) {
			int ret = peer_recv(&tap[from], NULL, got, LEN, 0);

			if (ret == -EAGAIN) {
				from = !from;
				ret = peer_recv(&tap[from], NULL, got, LEN,
						WAIT_MS);
			}
			ASSERT_EQ(LEN, ret)
				TH_LOG("round %u, frame %u", round, i);
			frame_make(frame, LEN, round * BATCH + i);
			ASSERT_EQ(0, memcmp(frame, got, LEN))
				TH_LOG("round %u, frame %u", round, i);
		}
	}
	tap_destroy(&tap[1]);
}

/* Frames that the device did not deliver yet go back to the tap. */
TEST_F(attach, receive_same_tap)
{
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[RX];
	struct vq_done done;
	unsigned int round, i;

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < BATCH; i++) {
			struct vq_seg seg = slot_seg(n, i, true);

			ASSERT_EQ(0, vq_add(vq, &seg, 1, i));
		}
		vq_publish(vq);
		vq_kick_always(vq);

		for (i = 0; i < BATCH; i++) {
			frame_make(frame, LEN, round * BATCH + i);
			ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, LEN));
			if (i % 25 == 20)
				move_to(_metadata, n, RX, n->tap.fd);
		}
		for (i = 0; i < BATCH; i++) {
			ASSERT_EQ(0, vq_wait(vq, WAIT_MS))
				TH_LOG("round %u, frame %u", round, i);
			ASSERT_EQ(1, vq_pop(vq, &done));
			ASSERT_EQ(n->hlen + LEN, done.len);
			frame_make(frame, LEN, round * BATCH + i);
			ASSERT_EQ(0, memcmp(n->slot + done.token *
					    NETDEV_SLOT + n->hlen, frame, LEN))
				TH_LOG("round %u, frame %u", round, i);
		}
	}
	EXPECT_FALSE(vq_more_used(vq));
	EXPECT_FALSE(event_take(vq->err));
	EXPECT_EQ(0, netdev_ping_tx(n, 1));
	if (vq->packed)
		EXPECT_EQ(3, laps);
}

/*
 * What is about eventfds and the tap, whatever the ring.
 */
FIXTURE(attached)
{
	struct netdev n;
};

FIXTURE_VARIANT(attached)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(attached)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(attached)
{
	netdev_stop(&self->n);
}

FIXTURE_VARIANT_ADD(attached, in_tree) { .o = IN_TREE(NET_PLAIN) };
RING_MATRIX(attached, vhx, NET_ON_VHX, NET_PLAIN);

/* Detached, a queue does nothing, kicked or not, and the other one works. */
TEST_F(attached, detached_is_silent)
{
	struct netdev *n = &self->n;

	ASSERT_EQ(0, vhost_net_attach(&n->dev, TX, -1));
	fill_tx(_metadata, n, 0);
	ASSERT_EQ(0, netdev_ping_rx(n, 1));
	EXPECT_EQ(-EAGAIN, peer_recv(&n->tap, NULL, frame, LEN, QUIET_MS));
	EXPECT_FALSE(vq_more_used(&n->dev.vq[TX]));

	ASSERT_EQ(0, vhost_net_attach(&n->dev, TX, n->tap.fd));
	EXPECT_EQ(0, netdev_reap(&n->dev.vq[TX], BATCH));
}

/* Another kick eventfd takes over; one that was signalled before counts. */
TEST_F(attached, another_kick)
{
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[TX];
	int old = vq->kick;

	ASSERT_EQ(0, netdev_ping_tx(n, 1));
	vq->kick = event_new();
	ASSERT_EQ(0, vring_set_kick(&n->dev, TX, vq->kick));
	ASSERT_EQ(0, netdev_ping_tx(n, 2));

	ASSERT_EQ(0, vring_set_kick(&n->dev, TX, -1));
	fill_tx(_metadata, n, 0);
	EXPECT_EQ(-EAGAIN, peer_recv(&n->tap, NULL, frame, LEN, QUIET_MS));
	ASSERT_EQ(0, vring_set_kick(&n->dev, TX, vq->kick));
	EXPECT_EQ(0, netdev_reap(vq, BATCH));
	close(old);
}

/* Another call eventfd takes over at once. */
TEST_F(attached, another_call)
{
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[TX];
	int old = vq->call;

	vq->call = event_new();
	ASSERT_EQ(0, vring_set_call(&n->dev, TX, vq->call));
	ASSERT_EQ(0, netdev_ping_tx(n, 1));
	event_take(old);
	fill_tx(_metadata, n, 0);
	EXPECT_EQ(0, netdev_reap(vq, BATCH));
	EXPECT_FALSE(event_take(old));
	close(old);
}

FIXTURE(disabled)
{
	struct netdev n;
};

FIXTURE_VARIANT(disabled)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(disabled)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(disabled)
{
	netdev_stop(&self->n);
}

FIXTURE_VARIANT_ADD(disabled, in_tree)
{
	.o = {
		.path = "/dev/vhost-net", .module = "vhost_net",
		.features = NET_EVENT, .tap_queues = 2,
	},
};

FIXTURE_VARIANT_ADD(disabled, vhx)
{
	.o = {
		.path = "/dev/vhx-net", .features = NET_EVENT, .tap_queues = 2,
	},
};

/*
 * A tap whose queue is disabled (IFF_DETACH_QUEUE, as QEMU does it to the
 * queues that a guest does not use) takes frames and has none to give. Enabled
 * again, all is as before.
 */
TEST_F(disabled, and_enabled)
{
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[RX];
	struct vq_seg seg = slot_seg(n, 200, true);

	ASSERT_EQ(0, netdev_ping(n, 1));
	ASSERT_EQ(0, tap_set_queue(&n->tap, false));
	fill_tx(_metadata, n, 0);
	EXPECT_EQ(0, netdev_reap(&n->dev.vq[TX], BATCH));
	while (peer_recv(&n->tap, NULL, frame, LEN, QUIET_MS) > 0)
		;

	ASSERT_EQ(0, vq_add(vq, &seg, 1, 0));
	vq_publish(vq);
	vq_kick_always(vq);
	peer_send(&n->tap, NULL, frame, LEN);
	EXPECT_EQ(-ETIMEDOUT, vq_wait(vq, QUIET_MS));

	ASSERT_EQ(0, tap_set_queue(&n->tap, true));
	ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, LEN));
	ASSERT_EQ(0, netdev_reap(vq, 1));
	ASSERT_EQ(0, netdev_ping(n, 2));
}

/*
 * The interface is removed while the device has its file: what is sent is
 * completed, and counted as lost.
 */
TEST_F(disabled, interface_removed)
{
	const long before = netdev_dropped("tx_no_tap");
	struct netdev *n = &self->n;
	unsigned int i;

	ASSERT_EQ(0, netdev_ping(n, 1));
	ASSERT_EQ(0, run_quiet("ip", "link", "del", "tap0", NULL));
	for (i = 0; i < 3 && !variant->o.module; i++) {
		fill_tx(_metadata, n, 0);
		EXPECT_EQ(0, netdev_reap(&n->dev.vq[TX], BATCH));
		EXPECT_EQ(before + (i + 1) * BATCH,
			  netdev_dropped("tx_no_tap"));
		move_to(_metadata, n, TX, n->tap.fd);
		move_to(_metadata, n, RX, n->tap.fd);
	}
	if (!variant->o.module) {
		/* The same file gets another interface. */
		ASSERT_EQ(0, tap_recreate(&n->tap, IFF_NO_PI | IFF_VNET_HDR,
					  (int)n->hlen));
		close(n->tap.sock);
		ASSERT_EQ(0, tap_peer(&n->tap));
		ASSERT_EQ(0, netdev_ping(n, 2));
	}
	EXPECT_FALSE(event_take(n->dev.vq[TX].err));
	EXPECT_EQ(0, vhost_net_attach_all(&n->dev, -1));
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
