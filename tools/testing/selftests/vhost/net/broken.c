// SPDX-License-Identifier: GPL-2.0
/*
 * Chains that make no sense for a network device: no header, no data, the wrong
 * direction. The queue stops and signals its error eventfd, or completes the
 * chain; the peer sees no frame, the other queue goes on, and after a restart
 * this one does too.
 */
#include "harness.h"
#include "netdev_fixture.h"

FIXTURE(broken)
{
	struct netdev n;
};

FIXTURE_VARIANT(broken)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(broken)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(broken)
{
	netdev_stop(&self->n);
}

FIXTURE_VARIANT_ADD(broken, in_tree) { .o = IN_TREE(NET_PLAIN) };
FIXTURE_VARIANT_ADD(broken, in_tree_indirect) { .o = IN_TREE(NET_INDIRECT) };
RING_MATRIX(broken, vhx, NET_ON_VHX, NET_PLAIN);

/* What becomes of a chain. */
enum fate {
	ERR,		/* the error eventfd */
	USED,		/* the chain completes */
	STUCK,		/* neither */
};

static const char *const fates[] = { "an error", "completed", "nothing" };

/**
 * struct bad - a chain
 * @what: for the reader of a failure
 * @queue: RX or TX
 * @readable: bytes that the device may read; they come first
 * @writable: bytes that it may write
 * @fill: what the readable ones are
 * @in_tree: what the reference does
 * @vhx: what vhx does
 */
struct bad {
	const char *what;
	unsigned int queue;
	size_t readable;
	size_t writable;
	unsigned char fill;
	enum fate in_tree;
	enum fate vhx;
};

static const struct bad bads[] = {
	{ "transmit: a byte", TX, 1, 0, 0, STUCK, ERR },
	{ "transmit: half a header", TX, 6, 0, 0, STUCK, ERR },
	{ "transmit: a header and no data", TX, 12, 0, 0, USED, USED },
	{ "transmit: less than an Ethernet header", TX, 12 + 13, 0, 0, USED, USED },
	/* Checksum offsets past the end of the frame. */
	{ "transmit: a header of nonsense", TX, 200, 0, 0xa5, STUCK, USED },
	{ "transmit: a buffer to write to", TX, 0, 100, 0, ERR, ERR },
	{ "transmit: one to read and one to write", TX, 100, 100, 0, ERR, ERR },
	{ "receive: a buffer to read", RX, 100, 0, 0, ERR, ERR },
	{ "receive: one to read and one to write", RX, 100, 1000, 0, ERR, ERR },
};

/* What becomes of the chain that was added last. STUCK is waited out. */
static enum fate fate_of(struct netdev *n, struct vq *vq, enum fate expected)
{
	struct vq_done done;
	int err;

	/* For reception there must be something to receive. */
	if (vq == &n->dev.vq[RX]) {
		char frame[64];

		frame_make(frame, sizeof(frame), 1);
		peer_send(&n->tap, NULL, frame, sizeof(frame));
	}
	err = vq_wait(vq, expected == STUCK ? QUIET_MS : WAIT_MS);
	if (!err && vq_pop(vq, &done) == 1)
		return USED;
	return err == -EIO ? ERR : STUCK;
}

TEST_F(broken, chains)
{
	struct netdev *n = &self->n;
	char buf[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bads); i++) {
		const struct bad *b = &bads[i];
		struct vq *vq = &n->dev.vq[b->queue];
		struct chain c;
		enum fate want = variant->o.module ? b->in_tree : b->vhx;
		enum fate fate;

		chain_init(&c, &n->arena);
		chain_add(&c, &n->arena, b->readable, false, NULL);
		chain_add(&c, &n->arena, b->writable, true, NULL);
		memset(buf, b->fill, sizeof(buf));
		chain_put(&c, 0, buf, b->readable);
		ASSERT_EQ(0, chain_submit(vq, &c, 0));
		vq_kick(vq);

		fate = fate_of(n, vq, want);
		EXPECT_EQ(want, fate)
			TH_LOG("%s: %s", b->what, fates[fate]);
		EXPECT_TRUE(chain_clean(&c));
		if (b->queue == TX)
			EXPECT_EQ(-EAGAIN, peer_recv(&n->tap, NULL, buf,
						     sizeof(buf), 0));
		ASSERT_EQ(0, netdev_restart(n, b->queue, 0));
		ASSERT_EQ(0, netdev_ping(n, 100 + i))
			TH_LOG("after %s", b->what);
	}
}

/* While one queue is broken, the other one works. */
TEST_F(broken, other_queue_lives)
{
	struct netdev *n = &self->n;
	struct chain c;

	chain_init(&c, &n->arena);
	chain_add(&c, &n->arena, 100, true, NULL);
	ASSERT_EQ(0, chain_submit(&n->dev.vq[TX], &c, 0));
	vq_kick(&n->dev.vq[TX]);
	ASSERT_EQ(-EIO, vq_wait(&n->dev.vq[TX], WAIT_MS));
	ASSERT_EQ(0, netdev_ping_rx(n, 1));
	ASSERT_EQ(0, netdev_restart(n, TX, 0));
	ASSERT_EQ(0, netdev_ping(n, 2));

	chain_init(&c, &n->arena);
	chain_add(&c, &n->arena, 100, false, NULL);
	ASSERT_EQ(0, chain_submit(&n->dev.vq[RX], &c, 0));
	vq_kick(&n->dev.vq[RX]);
	EXPECT_EQ(ERR, fate_of(n, &n->dev.vq[RX], ERR));
	ASSERT_EQ(0, netdev_ping_tx(n, 3));
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
