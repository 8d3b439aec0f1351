// SPDX-License-Identifier: GPL-2.0
/*
 * Queues that are reset one by one (VIRTIO_F_RING_RESET): taken out while
 * frames pass, given another ring, of another size, in other memory, and
 * started afresh. The other queue does not notice. And rings of odd sizes.
 */
#include "harness.h"
#include "netdev_fixture.h"

#define LEN	300
#define BATCH	20

static char frame[LEN];

FIXTURE(reset)
{
	struct netdev n;
};

FIXTURE_VARIANT(reset)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(reset)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(reset)
{
	netdev_stop(&self->n);
}

RING_MATRIX(reset, vhx, NET_ON_VHX,
	    NET_PLAIN | BIT_ULL(VIRTIO_F_RING_RESET));

static struct vq_seg slot_seg(struct netdev *n, unsigned int i, bool write)
{
	return (struct vq_seg){
		.gpa = gmem_gpa(&n->mem, n->slot + i * NETDEV_SLOT),
		.len = write ? NETDEV_SLOT : n->hlen + LEN,
		.write = write,
	};
}

/* Put buffers for a batch of frames; let it come; take it. */
static void put_rx(struct __test_metadata *_metadata, struct netdev *n)
{
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		struct vq_seg seg = slot_seg(n, i, true);

		ASSERT_EQ(0, vq_add(&n->dev.vq[RX], &seg, 1, i));
	}
	vq_kick(&n->dev.vq[RX]);
}

static void send_rx(struct __test_metadata *_metadata, struct netdev *n,
		    unsigned int from, unsigned int to, __u32 seed)
{
	for (; from < to; from++) {
		frame_make(frame, LEN, seed + from);
		ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, LEN));
	}
}

static void take_rx(struct __test_metadata *_metadata, struct netdev *n,
		    __u32 seed)
{
	struct vq *vq = &n->dev.vq[RX];
	struct vq_done done;
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		ASSERT_EQ(i, done.token);
		ASSERT_EQ(n->hlen + LEN, done.len);
		frame_make(frame, LEN, seed + i);
		ASSERT_EQ(0, memcmp(n->slot + i * NETDEV_SLOT + n->hlen, frame,
				    LEN));
	}
}

/* Frames in flight; how many of them does not matter to anybody. */
static void fill_tx(struct __test_metadata *_metadata, struct netdev *n)
{
	struct vq *vq = &n->dev.vq[TX];
	struct vq_seg seg = slot_seg(n, NETDEV_NUM - 1, false);

	while (vq->num_free)
		ASSERT_EQ(0, vq_add(vq, &seg, 1, 0));
	vq_kick(vq);
}

/* Another ring for queue TX, of @num entries. */
static void new_ring(struct __test_metadata *_metadata, struct netdev *n,
		     __u16 num)
{
	struct vq *vq = &n->dev.vq[TX];
	unsigned int flags = 0;

	flags |= vq->packed ? VQ_PACKED : 0;
	flags |= vq->event_idx ? VQ_EVENT_IDX : 0;
	flags |= vq->in_order ? VQ_IN_ORDER : 0;
	flags |= vq->table_len ? VQ_INDIRECT : 0;
	vq_exit(vq);
	ASSERT_EQ(0, vq_init(vq, &n->mem, num, flags));
	ASSERT_EQ(0, vhost_set_vring(&n->dev, TX))
		TH_LOG("%s", n->dev.what);
}

TEST_F(reset, transmit)
{
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[TX];
	const __u16 sizes[] = { 64, vq->packed ? 100 : 128, 4, 32, 1, 16 };
	__u32 base, seed = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++, seed += 1000) {
		put_rx(_metadata, n);
		send_rx(_metadata, n, 0, 5, seed);
		fill_tx(_metadata, n);
		ASSERT_EQ(0, vhost_net_attach(&n->dev, TX, -1));
		send_rx(_metadata, n, 5, 10, seed);
		ASSERT_EQ(0, vring_get_base(&n->dev, TX, &base));
		EXPECT_EQ(vq_ready_base(vq), base);

		new_ring(_metadata, n, sizes[i]);
		send_rx(_metadata, n, 10, 15, seed);
		ASSERT_EQ(0, vhost_net_attach(&n->dev, TX, n->tap.fd));
		send_rx(_metadata, n, 15, BATCH, seed);
		take_rx(_metadata, n, seed);

		/* What was sent before is in front of the ping. */
		while (peer_recv(&n->tap, NULL, frame, LEN, 0) != -EAGAIN)
			;
		ASSERT_EQ(0, netdev_ping(n, seed + 999));
	}
}

FIXTURE(sizes)
{
	struct netdev n;
};

FIXTURE_VARIANT(sizes)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(sizes)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(sizes)
{
	netdev_stop(&self->n);
}

#define SIZE(name, n, f)						\
	RING_VARIANT(sizes, name,					\
		.o = {							\
			.path = "/dev/vhx-net", .num = (n),		\
			.features = NET_PLAIN | (f),			\
		})

SIZE(split_1, 1, RING_EVENT);
SIZE(split_32768, 32768, RING_EVENT);
SIZE(packed_1, 1, RING_PACKED | RING_EVENT);
SIZE(packed_3, 3, RING_PACKED | RING_EVENT);
SIZE(packed_3_in_order, 3, RING_PACKED | RING_EVENT | RING_IN_ORDER);
SIZE(packed_100, 100, RING_PACKED);
SIZE(packed_257, 257, RING_PACKED | RING_EVENT);
SIZE(packed_257_in_order, 257, RING_PACKED | RING_IN_ORDER);
SIZE(packed_32768, 32768, RING_PACKED | RING_EVENT);

/* Frames both ways, in up to three pieces, past the end of the ring. */
TEST_F(sizes, frames)
{
	static const size_t three[] = { 12, 100, 200, 0 };
	struct netdev *n = &self->n;
	const bool whole = variant->o.num < 3;
	unsigned int i;

	for (i = 0; i < 300; i++) {
		frame_make(frame, LEN, i);
		ASSERT_EQ(0, netdev_send(n, NULL, frame, LEN,
					 whole || i % 3 ? NULL : three));
		ASSERT_EQ(0, netdev_expect(n, frame, LEN, NULL));
		ASSERT_EQ(0, netdev_ping_rx(n, i));
	}
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
