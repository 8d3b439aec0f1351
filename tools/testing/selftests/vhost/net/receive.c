// SPDX-License-Identifier: GPL-2.0
/*
 * From the tap into the ring: every byte of every frame, whatever buffers the
 * driver has put there: large, small, mergeable, scattered, too late.
 */
#include "harness.h"
#include "netdev_fixture.h"
#include "wait.h"

FIXTURE(receive)
{
	struct netdev n;
};

FIXTURE_VARIANT(receive)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(receive)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(receive)
{
	netdev_stop(&self->n);
}

FIXTURE_VARIANT_ADD(receive, in_tree_legacy) { .o = IN_TREE(NET_LEGACY) };
FIXTURE_VARIANT_ADD(receive, in_tree_plain) { .o = IN_TREE(NET_PLAIN) };
FIXTURE_VARIANT_ADD(receive, in_tree_event) { .o = IN_TREE(NET_EVENT) };
FIXTURE_VARIANT_ADD(receive, in_tree_indirect) { .o = IN_TREE(NET_INDIRECT) };
FIXTURE_VARIANT_ADD(receive, in_tree_mrg) { .o = IN_TREE(NET_MRG) };
FIXTURE_VARIANT_ADD(receive, vhx_legacy) { .o = VHX(NET_LEGACY) };
RING_MATRIX(receive, vhx, NET_ON_VHX, NET_PLAIN);
FIXTURE_VARIANT_ADD(receive, vhx_mrg) { .o = VHX(NET_MRG) };

#define BIG	(65562 + 12)

static const size_t joined[] = { 0 };
static const size_t own_legacy[] = { 10, 65536, 0 };
static const size_t own[] = { 12, 65536, 0 };
static const size_t cut[] = { 3, 1, 2, 7, 1, 1, 4095, 1, 5000, 0 };

/* A frame on the wire may be as large as the MTU, or a TSO segment. */
static const size_t sizes[] = {
	15, 16, 59, 60, 61, 64, 127, 128, 129, 256, 1024, 1513, 1514,
};

static char frame[TAP_MAX_FRAME], got[TAP_MAX_FRAME];

static bool mergeable(const struct netdev *n)
{
	return n->dev.features & BIT_ULL(VIRTIO_NET_F_MRG_RXBUF);
}

/* What the device says of a frame that is in one buffer. */
static void check_hdr(struct __test_metadata *_metadata, struct netdev *n,
		      const struct chain *c)
{
	struct virtio_net_hdr_mrg_rxbuf hdr = { 0 };

	chain_get(c, 0, &hdr, n->hlen);
	EXPECT_EQ(VIRTIO_NET_HDR_GSO_NONE, hdr.hdr.gso_type);
	if (mergeable(n))
		EXPECT_EQ(1, hdr.num_buffers);
}

/* One buffer of @room bytes, one frame of @len into it. */
static void receive_one(struct __test_metadata *_metadata, struct netdev *n,
			size_t room, size_t len, const size_t *cuts,
			__u32 seed)
{
	struct vq *vq = &n->dev.vq[RX];
	struct vq_done done;
	struct chain c;

	chain_init(&c, &n->arena);
	chain_add(&c, &n->arena, room, true, cuts);
	ASSERT_EQ(0, chain_submit(vq, &c, seed));
	vq_kick(vq);

	frame_make(frame, len, seed);
	ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, len));
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS))
		TH_LOG("%zu bytes", len);
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(seed, done.token);
	EXPECT_EQ(n->hlen + len, done.len);
	chain_get(&c, n->hlen, got, len);
	EXPECT_EQ(0, memcmp(got, frame, len))
		TH_LOG("%zu bytes: not what was sent", len);
	check_hdr(_metadata, n, &c);
	EXPECT_TRUE(chain_clean(&c));
	arena_reset(&n->arena);
}

static void receive_sizes(struct __test_metadata *_metadata, struct netdev *n,
			  size_t room, const size_t *cuts)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		receive_one(_metadata, n, room, sizes[i], cuts, i);
	EXPECT_FALSE(event_take(n->dev.vq[RX].err));
}

/* Large buffers in all shapes, small ones, and such as the frame just fits. */
TEST_F(receive, shapes)
{
	size_t i;

	receive_sizes(_metadata, &self->n, BIG, joined);
	receive_sizes(_metadata, &self->n, BIG,
		      self->n.hlen == 10 ? own_legacy : own);
	receive_sizes(_metadata, &self->n, BIG, cut);
	receive_sizes(_metadata, &self->n, self->n.hlen + 1514, joined);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		receive_one(_metadata, &self->n, self->n.hlen + sizes[i],
			    sizes[i], joined, i);
}

/* A segment of 64 KiB as it comes, its header with it. */
TEST_F(receive, tso4)
{
	static const size_t lens[] = { 3000, 20000, 65535 };
	struct vq *vq = &self->n.dev.vq[RX];
	struct virtio_net_hdr hdr, is;
	struct vq_done done;
	struct chain c;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		chain_init(&c, &self->n.arena);
		chain_add(&c, &self->n.arena, BIG, true, i & 1 ? joined : cut);
		ASSERT_EQ(0, chain_submit(vq, &c, i));
		vq_kick(vq);

		frame_make_tso4(frame, lens[i], i, 1400, &hdr);
		ASSERT_EQ(0, peer_send(&self->n.tap, &hdr, frame, lens[i]));
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		EXPECT_EQ(self->n.hlen + lens[i], done.len);
		chain_get(&c, 0, &is, sizeof(is));
		EXPECT_EQ(VIRTIO_NET_HDR_GSO_TCPV4, is.gso_type);
		EXPECT_EQ(1400, is.gso_size);
		EXPECT_EQ(VIRTIO_NET_HDR_F_NEEDS_CSUM, is.flags);
		EXPECT_EQ(hdr.csum_start, is.csum_start);
		EXPECT_EQ(hdr.csum_offset, is.csum_offset);
		chain_get(&c, self->n.hlen, got, lens[i]);
		EXPECT_EQ(0, memcmp(got, frame, lens[i]));
		EXPECT_TRUE(chain_clean(&c));
		arena_reset(&self->n.arena);
	}
}

/* Too large for the buffer: dropped, the buffer stays for the next one. */
TEST_F(receive, too_large)
{
	const bool vhx = !variant->o.module;
	const long before = vhx ? netdev_dropped("rx_too_large") : 0;
	struct vq *vq = &self->n.dev.vq[RX];
	struct vq_done done;
	struct chain c;

	if (mergeable(&self->n))
		SKIP(return, "any frame fits in mergeable buffers");

	chain_init(&c, &self->n.arena);
	chain_add(&c, &self->n.arena, self->n.hlen + 100, true, joined);
	ASSERT_EQ(0, chain_submit(vq, &c, 0));
	vq_kick(vq);

	frame_make(frame, 500, 1);
	ASSERT_EQ(0, peer_send(&self->n.tap, NULL, frame, 500));
	frame_make(frame, 100, 2);
	ASSERT_EQ(0, peer_send(&self->n.tap, NULL, frame, 100));
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(self->n.hlen + 100, done.len);
	chain_get(&c, self->n.hlen, got, 100);
	EXPECT_EQ(0, memcmp(got, frame, 100));
	EXPECT_TRUE(chain_clean(&c));
	EXPECT_FALSE(event_take(vq->err));
	if (vhx)
		EXPECT_EQ(before + 1, netdev_dropped("rx_too_large"));
}

/* Put @count buffers of a slot each. */
static void put_slots(struct __test_metadata *_metadata, struct netdev *n,
		      unsigned int count)
{
	struct vq *vq = &n->dev.vq[RX];
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct vq_seg seg = {
			.gpa = gmem_gpa(&n->mem, n->slot + i * NETDEV_SLOT),
			.len = NETDEV_SLOT,
			.write = true,
		};

		ASSERT_EQ(0, vq_add(vq, &seg, 1, i));
	}
	vq_kick(vq);
}

/* Take @count frames of 60 bytes that start at @seed, in order. */
static void take_slots(struct __test_metadata *_metadata, struct netdev *n,
		       unsigned int count, __u32 seed)
{
	struct vq *vq = &n->dev.vq[RX];
	struct vq_done done;
	unsigned int i;

	for (i = 0; i < count; i++) {
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS))
			TH_LOG("frame %u", seed + i);
		ASSERT_EQ(1, vq_pop(vq, &done));
		ASSERT_EQ(n->hlen + 60, done.len);
		frame_make(frame, 60, seed + i);
		ASSERT_EQ(0, memcmp(n->slot + done.token * NETDEV_SLOT +
				    n->hlen, frame, 60))
			TH_LOG("frame %u: not what was sent", seed + i);
	}
}

static void send_frames(struct __test_metadata *_metadata, struct netdev *n,
			unsigned int count, __u32 seed)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		frame_make(frame, 60, seed + i);
		ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, 60));
	}
}

/* Frames wait in the tap for buffers, and come in order. */
TEST_F(receive, buffers_come_late)
{
	unsigned int i;

	send_frames(_metadata, &self->n, 200, 0);
	EXPECT_EQ(0, vq_ready(&self->n.dev.vq[RX]));
	for (i = 0; i < 200; i += 50) {
		put_slots(_metadata, &self->n, 50);
		take_slots(_metadata, &self->n, 50, i);
	}
}

/* Buffers are used in order, and only as many as there are frames. */
TEST_F(receive, batch)
{
	struct vq *vq = &self->n.dev.vq[RX];

	put_slots(_metadata, &self->n, 200);
	send_frames(_metadata, &self->n, 150, 7);
	take_slots(_metadata, &self->n, 150, 7);
	EXPECT_FALSE(vq_more_used(vq));
	send_frames(_metadata, &self->n, 50, 1000);
	take_slots(_metadata, &self->n, 50, 1000);
	EXPECT_FALSE(vq_more_used(vq));
}

/* As in transmit.c. */
TEST_F(receive, calls)
{
	struct vq *vq = &self->n.dev.vq[RX];
	unsigned int i;

	ASSERT_EQ(0, netdev_ping_rx(&self->n, 1000));
	put_slots(_metadata, &self->n, 10);
	vq_call_disable(vq);
	if (vq->event_idx)
		vq_call_after(vq, 10);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	event_take(vq->call);

	for (i = 0; i < 9; i++)
		send_frames(_metadata, &self->n, 1, i);
	EXPECT_EQ(0, vq_wait_ready(vq, 9, WAIT_MS));
	EXPECT_EQ(-ETIMEDOUT, event_wait(vq->call, QUIET_MS));
	EXPECT_EQ(9, vq_ready(vq));

	if (!vq->event_idx)
		vq_call_enable(vq);
	send_frames(_metadata, &self->n, 1, 9);
	EXPECT_EQ(0, event_wait(vq->call, WAIT_MS));
	take_slots(_metadata, &self->n, 10, 0);
}

FIXTURE(on_empty)
{
	struct netdev n;
};

FIXTURE_VARIANT(on_empty)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(on_empty)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(on_empty)
{
	netdev_stop(&self->n);
}

#define ON_EMPTY	BIT_ULL(VIRTIO_F_NOTIFY_ON_EMPTY)

FIXTURE_VARIANT_ADD(on_empty, in_tree) { .o = IN_TREE(ON_EMPTY) };
FIXTURE_VARIANT_ADD(on_empty, vhx) { .o = VHX(ON_EMPTY) };
FIXTURE_VARIANT_ADD(on_empty, vhx_indirect)
{
	.o = VHX(ON_EMPTY | RING_INDIRECT),
};

/*
 * VIRTIO_F_NOTIFY_ON_EMPTY: a call for the last buffer, unasked, and only then.
 */
TEST_F(on_empty, calls)
{
	struct vq *vq = &self->n.dev.vq[RX];
	unsigned int round;

	for (round = 0; round < 2; round++) {
		put_slots(_metadata, &self->n, 10);
		vq_call_disable(vq);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		event_take(vq->call);

		send_frames(_metadata, &self->n, 9, 0);
		EXPECT_EQ(0, vq_wait_ready(vq, 9, WAIT_MS));
		EXPECT_EQ(-ETIMEDOUT, event_wait(vq->call, QUIET_MS));
		EXPECT_EQ(9, vq_ready(vq));
		send_frames(_metadata, &self->n, 1, 9);
		EXPECT_EQ(0, event_wait(vq->call, WAIT_MS));
		EXPECT_EQ(10, vq_ready(vq));
		take_slots(_metadata, &self->n, 10, 0);
	}
}

/* More than 65,536 frames, or the last of them, as in transmit.c. */
TEST_F(receive, wrap)
{
	const bool all = !kernel_is_slow() && variant->o.features == NET_EVENT;
	const unsigned int total = 66000, batch = 240;
	unsigned int i = all ? 0 : total - 4 * batch;

	if (i)
		ASSERT_EQ(0, netdev_restart(&self->n, RX, i));
	for (; i < total; i += batch) {
		put_slots(_metadata, &self->n, batch);
		send_frames(_metadata, &self->n, batch, i);
		take_slots(_metadata, &self->n, batch, i);
	}
}

FIXTURE(merging)
{
	struct netdev n;
};

FIXTURE_VARIANT(merging)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(merging)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(merging)
{
	netdev_stop(&self->n);
}

FIXTURE_VARIANT_ADD(merging, in_tree) { .o = IN_TREE(NET_MRG) };
RING_MATRIX(merging, vhx, NET_ON_VHX,
	    NET_PLAIN | BIT_ULL(VIRTIO_NET_F_MRG_RXBUF));

#define ROOM	225

/* Put a buffer of ROOM bytes, cut up if the ring has room for that. */
static void put_small(struct __test_metadata *_metadata, struct netdev *n,
		      struct chain *c, __u32 token)
{
	struct vq *vq = &n->dev.vq[RX];
	bool whole = token % (vq->table_len ? 2 : 32);

	chain_init(c, &n->arena);
	chain_add(c, &n->arena, ROOM, true, whole ? joined : cut);
	ASSERT_EQ(0, chain_submit(vq, c, token));
}

/*
 * Frames larger than a buffer go into as many as they need; those that are left
 * are for the next one.
 */
TEST_F(merging, frames)
{
	static const size_t lens[] = { 60, 200, 201, 213, 1500, 9000, 40000 };
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[RX];
	unsigned int put = 0, taken = 0, end;
	struct virtio_net_hdr_mrg_rxbuf hdr;
	struct virtio_net_hdr tso;
	static struct chain c[512];
	struct vq_done done;
	size_t i, k, want, at;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		want = (lens[i] + sizeof(hdr) + ROOM - 1) / ROOM;
		for (end = taken + want + 5; put < end; put++)
			put_small(_metadata, n, &c[put], put);
		vq_kick(vq);

		if (lens[i] > 1514)
			frame_make_tso4(frame, lens[i], i, 1400, &tso);
		else
			frame_make(frame, lens[i], i);
		ASSERT_EQ(0, peer_send(&n->tap, lens[i] > 1514 ? &tso : NULL,
				       frame, lens[i]));

		/* All of a frame's buffers come at once, in order. */
		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		chain_get(&c[taken], 0, &hdr, sizeof(hdr));
		EXPECT_EQ(want, hdr.num_buffers);
		EXPECT_EQ(want, vq_ready(vq));

		for (k = 0, at = 0; k < want; k++, taken++) {
			size_t skip = k ? 0 : sizeof(hdr);

			ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
			ASSERT_EQ(1, vq_pop(vq, &done));
			ASSERT_EQ(taken, done.token);
			ASSERT_LT(skip, done.len);
			ASSERT_GE(ROOM, done.len);
			chain_get(&c[taken], skip, got + at, done.len - skip);
			EXPECT_TRUE(chain_clean(&c[taken]));
			at += done.len - skip;
		}
		EXPECT_EQ(lens[i], at);
		EXPECT_EQ(0, memcmp(got, frame, lens[i]))
			TH_LOG("%zu bytes: not what was sent", lens[i]);
		EXPECT_FALSE(vq_more_used(vq));
	}
}

FIXTURE(merging_large)
{
	struct netdev n;
};

FIXTURE_VARIANT(merging_large)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(merging_large)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(merging_large)
{
	netdev_stop(&self->n);
}

#define NET_PLAIN_MRG	(NET_PLAIN | BIT_ULL(VIRTIO_NET_F_MRG_RXBUF))

/* A ring for more buffers than one frame may have. */
#define LARGE(fixture, name, f)						\
	RING_VARIANT(fixture, name,					\
		.o = {							\
			.path = "/dev/vhx-net", .num = 2048,		\
			.features = (f),				\
		})

FIXTURE_VARIANT_ADD(merging_large, in_tree)
{
	.o = {
		.path = "/dev/vhost-net", .module = "vhost_net",
		.num = 2048, .features = NET_PLAIN_MRG,
	},
};

#define MRG_PACKED	(NET_PLAIN_MRG | RING_PACKED)

LARGE(merging_large, vhx_split, NET_PLAIN_MRG | RING_EVENT);
LARGE(merging_large, vhx_packed, MRG_PACKED | RING_EVENT);
LARGE(merging_large, vhx_packed_in_order, MRG_PACKED | RING_IN_ORDER);

/* Put @count buffers of @room bytes from @at on. */
static void put_buffers(struct __test_metadata *_metadata, struct netdev *n,
			char *at, unsigned int count, __u32 room)
{
	unsigned int i;

	for (i = 0; i < count; i++, at += room) {
		struct vq_seg seg = {
			.gpa = gmem_gpa(&n->mem, at), .len = room,
			.write = true,
		};

		ASSERT_EQ(0, vq_add(&n->dev.vq[RX], &seg, 1, i));
	}
	vq_kick(&n->dev.vq[RX]);
}

/* Take a frame of @len bytes that lies in buffers of @room from @at on. */
static void take_merged(struct __test_metadata *_metadata, struct netdev *n,
			const char *at, size_t len, size_t room)
{
	const size_t want = (n->hlen + len + room - 1) / room;
	struct vq *vq = &n->dev.vq[RX];
	struct virtio_net_hdr_mrg_rxbuf hdr;
	struct vq_done done;
	size_t i, sum = 0;

	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	/* All of a frame's buffers come at once. */
	ASSERT_EQ(want, vq_ready(vq));
	memcpy(&hdr, at, sizeof(hdr));
	EXPECT_EQ(want, hdr.num_buffers);
	for (i = 0; i < want; i++) {
		ASSERT_EQ(1, vq_pop(vq, &done));
		sum += done.len;
	}
	EXPECT_EQ(n->hlen + len, sum);
	EXPECT_EQ(0, memcmp(at + n->hlen, frame, len));
}

/* A frame goes into hundreds of small buffers. */
TEST_F(merging_large, small_buffers)
{
	struct netdev *n = &self->n;
	struct virtio_net_hdr hdr;
	char *at = n->slot;
	unsigned int i;

	put_buffers(_metadata, n, at, 1000, 230);
	for (i = 0; i < 3; i++) {
		frame_make_tso4(frame, 60000, i, 1400, &hdr);
		ASSERT_EQ(0, peer_send(&n->tap, &hdr, frame, 60000));
		take_merged(_metadata, n, at, 60000, 230);
		at += 230 * ((n->hlen + 60000 + 229) / 230);
	}
}

/*
 * Not into more than 1,024: it is dropped and counted, and the buffers are for
 * the next one.
 */
TEST_F(merging_large, too_many)
{
	const long before = netdev_dropped("rx_too_large");
	struct netdev *n = &self->n;
	struct virtio_net_hdr hdr;
	unsigned int i;

	if (variant->o.module)
		SKIP(return, "in-tree stops the queue");

	put_buffers(_metadata, n, n->slot, 1200, 60);
	frame_make_tso4(frame, 65535, 1, 1400, &hdr);
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, peer_send(&n->tap, &hdr, frame, 65535));
	frame_make_tso4(frame, 60000, 2, 1400, &hdr);
	ASSERT_EQ(0, peer_send(&n->tap, &hdr, frame, 60000));
	take_merged(_metadata, n, n->slot, 60000, 60);
	EXPECT_EQ(before + 5, netdev_dropped("rx_too_large"));
	EXPECT_FALSE(event_take(n->dev.vq[RX].err));
}

/* Nor where the ring can never have as many as it needs. */
TEST_F(merging, ring_too_small)
{
	struct netdev *n = &self->n;
	struct virtio_net_hdr hdr;
	long before;

	if (variant->o.module)
		SKIP(return, "in-tree waits for ever");

	before = netdev_dropped("rx_too_large");
	put_buffers(_metadata, n, n->slot, NETDEV_NUM, ROOM);
	frame_make_tso4(frame, 60000, 1, 1400, &hdr);
	ASSERT_EQ(0, peer_send(&n->tap, &hdr, frame, 60000));
	frame_make_tso4(frame, 50000, 2, 1400, &hdr);
	ASSERT_EQ(0, peer_send(&n->tap, &hdr, frame, 50000));
	take_merged(_metadata, n, n->slot, 50000, ROOM);
	EXPECT_EQ(before + 1, netdev_dropped("rx_too_large"));
}

/*
 * Hostile: each buffer is a table of 1,024 descriptors all over the place, of
 * which one has a byte. What a frame may cost is limited, so it is dropped.
 */
TEST_F(merging_large, wide_tables)
{
	const long before = netdev_dropped("rx_too_large");
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[RX];
	struct vring_desc *table;
	unsigned int i, at = 0;

	if (variant->o.module || vq->packed)
		SKIP(return, "for our split rings");

	/* The driver restarts the queue with tables negotiated. */
	ASSERT_EQ(0, vhost_net_attach_all(&n->dev, -1));
	n->dev.features |= RING_INDIRECT;
	ASSERT_EQ(0, vhost_set_features(&n->dev));
	ASSERT_EQ(0, vhost_net_attach_all(&n->dev, n->tap.fd));

	table = gmem_alloc(&n->mem, 1024 * sizeof(*table), 16);
	for (i = 0; i < 1024; i++) {
		table[at] = (struct vring_desc){
			.addr = gmem_gpa(&n->mem, n->slot),
			.len = i == 1023,
			.flags = VRING_DESC_F_WRITE |
				 (i < 1023 ? VRING_DESC_F_NEXT : 0),
			.next = (__u16)((at + 511) % 1024),
		};
		at = table[at].next;
	}
	for (i = 0; i < 256; i++) {
		struct vq_seg seg = {
			.gpa = gmem_gpa(&n->mem, table),
			.len = 1024 * sizeof(*table), .write = true,
		};
		__u16 head = vq->free;

		ASSERT_EQ(0, vq_add(vq, &seg, 1, i));
		vq->desc[head].flags = VRING_DESC_F_INDIRECT;
	}
	vq_kick(vq);
	frame_make(frame, 200, 1);
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, 200));
	ASSERT_EQ(0, netdev_wait_dropped("rx_too_large", before + 100));
	EXPECT_EQ(0, vq_ready(vq));
	EXPECT_FALSE(event_take(vq->err));
	EXPECT_EQ(0, netdev_ping_tx(n, 1));
	ASSERT_EQ(0, netdev_restart(n, RX, 0));
	EXPECT_EQ(0, netdev_ping(n, 2));
}

FIXTURE(receive_regions)
{
	struct netdev n;
};

FIXTURE_VARIANT(receive_regions)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(receive_regions)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(receive_regions)
{
	netdev_stop(&self->n);
}

FIXTURE_VARIANT_ADD(receive_regions, in_tree)
{
	.o = {
		.path = "/dev/vhost-net", .module = "vhost_net",
		.features = NET_MRG, .nregions = 60,
	},
};

FIXTURE_VARIANT_ADD(receive_regions, vhx)
{
	.o = {
		.path = "/dev/vhx-net", .features = NET_MRG,
		.nregions = 500,
	},
};

/* Buffers that cross from one region of memory into another. */
TEST_F(receive_regions, across)
{
	receive_sizes(_metadata, &self->n, BIG, joined);
	receive_sizes(_metadata, &self->n, BIG, cut);
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
