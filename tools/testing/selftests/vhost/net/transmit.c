// SPDX-License-Identifier: GPL-2.0
/*
 * From the ring into the tap: every byte of every frame, in every shape that a
 * driver may give it.
 */
#include "harness.h"
#include "netdev_fixture.h"
#include "wait.h"

FIXTURE(transmit)
{
	struct netdev n;
};

FIXTURE_VARIANT(transmit)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(transmit)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(transmit)
{
	netdev_stop(&self->n);
}

FIXTURE_VARIANT_ADD(transmit, in_tree_legacy) { .o = IN_TREE(NET_LEGACY) };
FIXTURE_VARIANT_ADD(transmit, in_tree_plain) { .o = IN_TREE(NET_PLAIN) };
FIXTURE_VARIANT_ADD(transmit, in_tree_event) { .o = IN_TREE(NET_EVENT) };
FIXTURE_VARIANT_ADD(transmit, in_tree_indirect) { .o = IN_TREE(NET_INDIRECT) };
FIXTURE_VARIANT_ADD(transmit, vhx_legacy) { .o = VHX(NET_LEGACY) };
RING_MATRIX(transmit, vhx, NET_ON_VHX, NET_PLAIN);

/* The header with the data, on its own, and cut up, with the data too. */
static const size_t joined[] = { 0 };
static const size_t own_legacy[] = { 10, 65536, 0 };
static const size_t own[] = { 12, 65536, 0 };
static const size_t cut[] = { 3, 1, 2, 7, 1, 1, 4095, 1, 5000, 0 };

static const size_t sizes[] = {
	15, 16, 59, 60, 61, 64, 127, 128, 129, 256, 1024, 1514, 1515, 2000,
	3500, 4000, 4081, 4096, 4097, 9014, 16384, 40000, 65535,
};

static char frame[TAP_MAX_FRAME];

static void send_sizes(struct __test_metadata *_metadata, struct netdev *n,
		       const size_t *cuts)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		frame_make(frame, sizes[i], i);
		ASSERT_EQ(0, netdev_send(n, NULL, frame, sizes[i], cuts))
			TH_LOG("%zu bytes", sizes[i]);
		ASSERT_EQ(0, netdev_expect(n, frame, sizes[i], NULL))
			TH_LOG("%zu bytes", sizes[i]);
	}
	EXPECT_FALSE(event_take(n->dev.vq[TX].err));
}

TEST_F(transmit, shapes)
{
	send_sizes(_metadata, &self->n, joined);
	send_sizes(_metadata, &self->n, self->n.hlen == 10 ? own_legacy : own);
	send_sizes(_metadata, &self->n, cut);
}

/* Segments of up to 64 KiB leave the ring whole, their header with them. */
TEST_F(transmit, tso4)
{
	static const size_t lens[] = { 1500, 8000, 40000, 65535 };
	struct virtio_net_hdr hdr, got;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		frame_make_tso4(frame, lens[i], i, 1400, &hdr);
		ASSERT_EQ(0, netdev_send(&self->n, &hdr, frame, lens[i],
					 i & 1 ? cut : joined));
		ASSERT_EQ(0, netdev_expect(&self->n, frame, lens[i], &got));
		EXPECT_EQ(VIRTIO_NET_HDR_GSO_TCPV4, got.gso_type);
		EXPECT_EQ(1400, got.gso_size);
		EXPECT_EQ(VIRTIO_NET_HDR_F_NEEDS_CSUM, got.flags);
		EXPECT_EQ(hdr.csum_start, got.csum_start);
		EXPECT_EQ(hdr.csum_offset, got.csum_offset);
	}
}

/* A batch: all of it completes, in any order, with nothing written. */
TEST_F(transmit, batch)
{
	struct vq *vq = &self->n.dev.vq[TX];
	bool seen[64] = { false };
	struct vq_done done;
	struct chain c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(seen); i++) {
		char *slot = self->n.slot + i * NETDEV_SLOT;

		memset(slot, 0, self->n.hlen);
		frame_make(slot + self->n.hlen, 100, i);
		chain_init(&c, &self->n.arena);
		chain_add_at(&c, slot, self->n.hlen + 100, false);
		ASSERT_EQ(0, chain_submit(vq, &c, i));
	}
	vq_kick(vq);

	for (i = 0; i < ARRAY_SIZE(seen); i++) {
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		ASSERT_FALSE(seen[done.token]);
		seen[done.token] = true;
		EXPECT_EQ(0, done.len);
	}
	for (i = 0; i < ARRAY_SIZE(seen); i++) {
		frame_make(frame, 100, i);
		ASSERT_EQ(0, netdev_expect(&self->n, frame, 100, NULL));
	}
	EXPECT_FALSE(vq_more_used(vq));
}

/* Send @count frames from the slots, one by one but without waiting. */
static void send_slots(struct __test_metadata *_metadata, struct netdev *n,
		       unsigned int count, __u32 seed)
{
	struct vq *vq = &n->dev.vq[TX];
	unsigned int i;

	for (i = 0; i < count; i++) {
		char *slot = n->slot + i * NETDEV_SLOT;
		struct vq_seg seg = {
			.gpa = gmem_gpa(&n->mem, slot),
			.len = n->hlen + 60,
		};

		memset(slot, 0, n->hlen);
		frame_make(slot + n->hlen, 60, seed + i);
		ASSERT_EQ(0, vq_add(vq, &seg, 1, i));
	}
	vq_kick(vq);
}

/*
 * Calls come when they were asked for, and only then: without EVENT_IDX not
 * while the flag forbids them; with it at the asked index, not before. The
 * first completion after a start may call in any case.
 */
TEST_F(transmit, calls)
{
	struct vq *vq = &self->n.dev.vq[TX];
	unsigned int i;

	ASSERT_EQ(0, netdev_ping_tx(&self->n, 1000));
	vq_call_disable(vq);
	if (vq->event_idx)
		vq_call_after(vq, 10);
	event_take(vq->call);

	for (i = 0; i < 9; i++) {
		send_slots(_metadata, &self->n, 1, i);
		frame_make(frame, 60, i);
		ASSERT_EQ(0, netdev_expect(&self->n, frame, 60, NULL));
	}
	EXPECT_EQ(0, vq_wait_ready(vq, 9, WAIT_MS));
	EXPECT_EQ(-ETIMEDOUT, event_wait(vq->call, QUIET_MS));
	EXPECT_EQ(9, vq_ready(vq));

	if (!vq->event_idx)
		vq_call_enable(vq);
	send_slots(_metadata, &self->n, 1, 9);
	EXPECT_EQ(0, event_wait(vq->call, WAIT_MS));
	EXPECT_EQ(0, netdev_reap(vq, 10));
}

/* The device asks for a kick before it rests: none is lost, ever. */
TEST_F(transmit, every_kick_counts)
{
	const unsigned int n = kernel_is_slow() ? 200 : 500;
	unsigned int i;

	for (i = 0; i < n; i++)
		ASSERT_EQ(0, netdev_ping_tx(&self->n, i));
}

/*
 * More than 65,536 frames, or the last of them: every index wraps, with the
 * ring full and empty. All of them take their time, and are only for one
 * variant.
 */
TEST_F(transmit, wrap)
{
	const bool all = !kernel_is_slow() && variant->o.features == NET_EVENT;
	const unsigned int total = 66000, batch = 240;
	unsigned int sent = all ? 0 : total - 4 * batch;
	unsigned int i;

	if (sent)
		ASSERT_EQ(0, netdev_restart(&self->n, TX, sent));
	for (; sent < total; sent += batch) {
		send_slots(_metadata, &self->n, batch, sent);
		ASSERT_EQ(0, netdev_reap(&self->n.dev.vq[TX], batch));
		for (i = 0; i < batch; i++) {
			frame_make(frame, 60, sent + i);
			ASSERT_EQ(0, netdev_expect(&self->n, frame, 60, NULL))
				TH_LOG("frame %u", sent + i);
		}
	}
	EXPECT_EQ(0, peer_drops(&self->n.tap));
}

FIXTURE(transmit_regions)
{
	struct netdev n;
};

FIXTURE_VARIANT(transmit_regions)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(transmit_regions)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(transmit_regions)
{
	netdev_stop(&self->n);
}

FIXTURE_VARIANT_ADD(transmit_regions, in_tree)
{
	.o = {
		.path = "/dev/vhost-net", .module = "vhost_net",
		.features = NET_INDIRECT, .nregions = 60,
	},
};

FIXTURE_VARIANT_ADD(transmit_regions, vhx)
{
	.o = {
		.path = "/dev/vhx-net", .features = NET_INDIRECT,
		.nregions = 500,
	},
};

/* Buffers that cross from one region of memory into another. */
TEST_F(transmit_regions, across)
{
	send_sizes(_metadata, &self->n, joined);
	send_sizes(_metadata, &self->n, cut);
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
