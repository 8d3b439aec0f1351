// SPDX-License-Identifier: GPL-2.0
/*
 * The dirty log of a network device: what the device wrote, and nothing else.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"
#include "netdev_fixture.h"
#include "exact.h"
#include "wait.h"

#define NUM	1024	/* the used ring of a split queue has three pages */

static char frame[TAP_MAX_FRAME];

FIXTURE(net_log)
{
	struct netdev n;
	struct dirty log;
	struct vq *rx;
};

FIXTURE_VARIANT(net_log)
{
	struct netdev_opts o;
};

/* The device is set up and logs, but nothing is attached to it. */
FIXTURE_SETUP(net_log)
{
	struct netdev *n = &self->n;

	netdev_fixture_start(_metadata, n, &variant->o);
	if (_metadata->exit_code)
		return;
	self->rx = &n->dev.vq[RX];
	ASSERT_EQ(0, vhost_net_attach_all(&n->dev, -1));
	ASSERT_EQ(0, dirty_init(&self->log, &n->mem));
	ASSERT_EQ(0, dirty_switch(&self->log, &n->dev, true))
		TH_LOG("%s", n->dev.what);
}

FIXTURE_TEARDOWN(net_log)
{
	netdev_stop(&self->n);
	dirty_exit(&self->log);
}

#define ON(fixture, name, f)						\
	RING_VARIANT(fixture, name,					\
		.o = { .path = "/dev/vhx-net", .features = (f),	\
		       .num = NUM })

#define MRG	(NET_PLAIN | BIT_ULL(VIRTIO_NET_F_MRG_RXBUF))

RING_MATRIX(net_log, vhx, ON, MRG);
FIXTURE_VARIANT_ADD(net_log, vhx_regions)
{
	.o = { .path = "/dev/vhx-net", .features = MRG, .num = NUM,
	       .nregions = 7 },
};

FIXTURE_VARIANT_ADD(net_log, vhx_packed_regions)
{
	.o = { .path = "/dev/vhx-net", .features = MRG | RING_PACKED,
	       .num = NUM, .nregions = 7 },
};

FIXTURE_VARIANT_ADD(net_log, in_tree)
{
	.o = { .path = "/dev/vhost-net", .module = "vhost_net",
	       .features = MRG, .num = NUM },
};

FIXTURE_VARIANT_ADD(net_log, in_tree_event)
{
	.o = { .path = "/dev/vhost-net", .module = "vhost_net",
	       .features = MRG | RING_EVENT | RING_INDIRECT, .num = NUM },
};

/* A buffer of @len bytes in pieces of the sizes in @cuts. */
static void put(struct __test_metadata *_metadata, struct netdev *n, size_t len,
		const size_t *cuts)
{
	struct vq *vq = &n->dev.vq[RX];
	struct chain c;

	chain_init(&c, &n->arena);
	chain_add(&c, &n->arena, len, true, cuts);
	ASSERT_EQ(0, chain_submit(vq, &c, 0));
}

static void go_on_after(struct vq *vq, unsigned int n)
{
	vq_reset(vq, vq_base_after(vq, n));
}

static void send_one(struct __test_metadata *_metadata, struct netdev *n,
		     size_t len, __u32 seed)
{
	struct virtio_net_hdr hdr = { 0 };

	if (len > 1514)
		frame_make_tso4(frame, len, seed, 1400, &hdr);
	else
		frame_make(frame, len, seed);
	ASSERT_EQ(0, peer_send(&n->tap, &hdr, frame, len));
}

/* Attach, wait until @count buffers are used, and detach. */
static void run(struct __test_metadata *_metadata, struct netdev *n,
		unsigned int count)
{
	unsigned int i;

	for (i = 0; i < n->dev.nvqs; i++)
		ASSERT_EQ(0, vring_set_base(&n->dev, i, n->dev.vq[i].base));
	ASSERT_EQ(0, vhost_net_attach_all(&n->dev, n->tap.fd))
		TH_LOG("%s", n->dev.what);
	vq_kick_always(&n->dev.vq[RX]);
	ASSERT_EQ(0, vq_wait_ready(&n->dev.vq[RX], count, WAIT_MS))
		TH_LOG("%u used", vq_ready(&n->dev.vq[RX]));
	ASSERT_EQ(0, vhost_net_attach_all(&n->dev, -1));
	EXPECT_FALSE(event_take(n->dev.vq[RX].err));
}

/* Frames that leave most of their buffers, which begin anywhere, untouched. */
TEST_F(net_log, large_buffers)
{
	static const size_t cuts[] = { 3, 9, 5000, 1, 4096, 20000, 0 };
	static const size_t lens[] = { 60, 1514, 9000, 4084, 20000, 65000 };
	unsigned int i;

	go_on_after(self->rx, NUM / 2 - 3);
	for (i = 0; i < ARRAY_SIZE(lens) + 3; i++)
		put(_metadata, &self->n, 66000, i & 1 ? NULL : cuts);
	for (i = 0; i < ARRAY_SIZE(lens); i++)
		send_one(_metadata, &self->n, lens[i], i);
	vq_publish(self->rx);
	dirty_begin(&self->log, &self->n.dev);
	run(_metadata, &self->n, ARRAY_SIZE(lens));
	expect_exact(_metadata, &self->log, 20);
}

/* Frames in several buffers each; the ring wraps. */
TEST_F(net_log, mergeable)
{
	static const size_t cuts[] = { 700, 1, 300, 0 };
	unsigned int i, total = 0;

	go_on_after(self->rx, NUM - 20);
	for (i = 0; i < 60; i++)
		put(_metadata, &self->n, 1500, i % 3 ? NULL : cuts);
	for (i = 0; i < 10; i++) {
		size_t len = 100 + 700 * i;

		send_one(_metadata, &self->n, len, i);
		total += (self->n.hlen + len + 1499) / 1500;
	}
	vq_publish(self->rx);
	dirty_begin(&self->log, &self->n.dev);
	run(_metadata, &self->n, total);
	expect_exact(_metadata, &self->log, 10);
}

/* Many frames: used entries in each page of the ring, more than once. */
TEST_F(net_log, many)
{
	const unsigned int batch = NETDEV_NUM;
	unsigned int i, k;

	for (i = 0; i < 6; i++) {
		go_on_after(self->rx, i * batch + 7);
		for (k = 0; k < batch; k++) {
			struct vq_seg seg = {
				.gpa = gmem_gpa(&self->n.mem, self->n.slot +
						k * NETDEV_SLOT),
				.len = NETDEV_SLOT,
				.write = true,
			};

			ASSERT_EQ(0, vq_add(self->rx, &seg, 1, k));
		}
		for (k = 0; k < batch / 2; k++)
			send_one(_metadata, &self->n, 60 + i, k);
		vq_publish(self->rx);
		dirty_begin(&self->log, &self->n.dev);
		run(_metadata, &self->n, batch / 2);
		expect_exact(_metadata, &self->log, batch / 4);
	}
}

/*
 * Descriptors without length, so many that a list of what to log would overrun
 * if it had room for the pieces of one frame only (CVE-2019-14835).
 */
TEST_F(net_log, zero_length)
{
	static const size_t none[] = { 0 };
	const unsigned int nseg = 60, bufs = 16;
	unsigned int i, k;
	struct chain c;

	for (i = 0; i < bufs; i++) {
		chain_init(&c, &self->n.arena);
		chain_add(&c, &self->n.arena, 64, true, none);
		for (k = 1; k < nseg; k++)
			chain_add_at(&c, self->n.slot, 0, true);
		ASSERT_EQ(0, chain_submit(self->rx, &c, i));
	}
	send_one(_metadata, &self->n, 64 * bufs - self->n.hlen, 1);
	vq_publish(self->rx);
	dirty_begin(&self->log, &self->n.dev);
	run(_metadata, &self->n, bufs);
	expect_exact(_metadata, &self->log, 1);

	/*
	 * A frame that needs more descriptors than any may have is dropped.
	 * In-tree does not go on after it.
	 */
	if (variant->o.module || !self->rx->table_len)
		return;
	arena_reset(&self->n.arena);
	go_on_after(self->rx, 0);
	for (i = 0; i < 20; i++) {
		chain_init(&c, &self->n.arena);
		chain_add(&c, &self->n.arena, 16, true, none);
		for (k = 1; k < nseg; k++)
			chain_add_at(&c, self->n.slot, 0, true);
		ASSERT_EQ(0, chain_submit(self->rx, &c, i));
	}
	send_one(_metadata, &self->n, 1514, 1);
	send_one(_metadata, &self->n, 15 * 16 - self->n.hlen, 2);
	send_one(_metadata, &self->n, 5 * 16 - self->n.hlen, 3);
	vq_publish(self->rx);
	dirty_begin(&self->log, &self->n.dev);
	run(_metadata, &self->n, 20);
	expect_exact(_metadata, &self->log, 1);
}

/* The eventfd of the log tells that there is something in it. */
TEST_F(net_log, eventfd)
{
	int fd = event_new();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dirty_set_fd(&self->n.dev, fd));
	put(_metadata, &self->n, 2000, NULL);
	send_one(_metadata, &self->n, 100, 1);
	vq_publish(self->rx);
	dirty_begin(&self->log, &self->n.dev);
	run(_metadata, &self->n, 1);
	EXPECT_TRUE(event_take(fd));
	expect_exact(_metadata, &self->log, 1);

	ASSERT_EQ(0, dirty_set_fd(&self->n.dev, -1));
	put(_metadata, &self->n, 2000, NULL);
	send_one(_metadata, &self->n, 100, 1);
	vq_publish(self->rx);
	self->rx->base = vq_ready_base(self->rx);
	run(_metadata, &self->n, 2);
	EXPECT_FALSE(event_take(fd));
	close(fd);
}

/* Where the device says when it wants kicks, and only that. */
static void *event_of(struct vq *vq)
{
	if (vq->packed)
		return vq->device;
	return vq->event_idx ? (void *)split_avail_event(vq) :
			       (void *)&vq->used->flags;
}

struct page {
	struct dirty *log;
	void *at;
};

static bool page_logged(void *arg)
{
	const struct page *p = arg;

	return dirty_has(p->log, p->at);
}

/* That the device asks for kicks again is a write, too. */
TEST_F(net_log, events)
{
	struct netdev *n = &self->n;
	struct vq *tx = &n->dev.vq[TX];
	struct page page = { &self->log, event_of(tx) };
	unsigned int i;

	for (i = 0; i < n->dev.nvqs; i++)
		ASSERT_EQ(0, vring_set_base(&n->dev, i, n->dev.vq[i].base));
	ASSERT_EQ(0, vhost_net_attach_all(&n->dev, n->tap.fd));
	frame_make(frame, 60, 1);
	for (i = 0; i < 3; i++) {
		dirty_take(&self->log, gmem_gpa(&n->mem, page.at));
		ASSERT_EQ(0, netdev_send(n, NULL, frame, 60, NULL));
		EXPECT_EQ(0, cond_wait(page_logged, &page, WAIT_MS))
			TH_LOG("frame %u", i);
	}
}

/* Data, rings: each on its own, and nothing when both are off. */
TEST_F(net_log, parts)
{
	struct vdev *d = &self->n.dev;
	unsigned int what;

	for (what = 0; what < 4; what++) {
		struct dirty_diff diff;
		char *data;
		struct chain c;

		ASSERT_EQ(0, dirty_log_all(d, what & 1));
		ASSERT_EQ(0, dirty_log_ring(d, RX, what & 2));
		ASSERT_EQ(0, dirty_log_ring(d, TX, what & 2));

		arena_reset(&self->n.arena);
		go_on_after(self->rx, 0);
		chain_init(&c, &self->n.arena);
		chain_add(&c, &self->n.arena, 2000, true, NULL);
		data = gmem_ptr(&self->n.mem, c.seg[0].gpa);
		ASSERT_EQ(0, chain_submit(self->rx, &c, 0));
		send_one(_metadata, &self->n, 100, 1);
		vq_publish(self->rx);
		dirty_begin(&self->log, d);
		run(_metadata, &self->n, 1);
		dirty_compare(&self->log, &diff);
		EXPECT_EQ(what & 1, dirty_has(&self->log, data));
		EXPECT_EQ(!!(what & 2), dirty_has(&self->log,
						  self->rx->used));
		EXPECT_EQ(0, diff.extra);
		if (!what)
			EXPECT_EQ(0, diff.logged);
	}
}

/*
 * A migration in small: under load, what is in the log is copied to another
 * memory, again and again; after the device has stopped, once more. Then both
 * have the same frames and the same used ring.
 */
struct sender {
	struct netdev *n;
	bool stop;
	unsigned int sent;
};

static void *sender(void *arg)
{
	struct sender *s = arg;
	char f[1514];

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		frame_make(f, 900 + s->sent % 600, s->sent);
		if (!peer_send(&s->n->tap, NULL, f, 900 + s->sent % 600))
			s->sent++;
	}
	return NULL;
}

static unsigned int copy_dirty(struct dirty *l, char *to)
{
	unsigned int n = 0;
	size_t off;

	for (off = 0; off < l->mem->size; off += DIRTY_PAGE) {
		if (!dirty_take(l, l->mem->gpa + off))
			continue;
		memcpy(to + off, (char *)l->mem->base + off, DIRTY_PAGE);
		n++;
	}
	return n;
}

/* Put used buffers back; they are in the slots of their tokens. */
static void refill(struct __test_metadata *_metadata, struct netdev *n)
{
	struct vq *vq = &n->dev.vq[RX];
	struct vq_done done;
	bool any = false;

	while (vq_pop(vq, &done) == 1) {
		struct vq_seg seg = {
			.gpa = gmem_gpa(&n->mem, n->slot +
					done.token * NETDEV_SLOT),
			.len = NETDEV_SLOT,
			.write = true,
		};

		ASSERT_EQ(0, vq_add(vq, &seg, 1, done.token));
		any = true;
	}
	if (any)
		vq_kick(vq);
}

FIXTURE(net_load)
{
	struct netdev n;
	struct dirty log;
	struct vq *rx;
};

FIXTURE_VARIANT(net_load)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(net_load)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
	if (_metadata->exit_code)
		return;
	self->rx = &self->n.dev.vq[RX];
	ASSERT_EQ(0, vhost_net_attach_all(&self->n.dev, -1));
	ASSERT_EQ(0, dirty_init(&self->log, &self->n.mem));
}

FIXTURE_TEARDOWN(net_load)
{
	netdev_stop(&self->n);
	dirty_exit(&self->log);
}

RING_FEW(net_load, vhx, ON, MRG);
FIXTURE_VARIANT_ADD(net_load, in_tree)
{
	.o = { .path = "/dev/vhost-net", .module = "vhost_net",
	       .features = MRG | RING_EVENT, .num = NUM },
};

TEST_F(net_load, migration)
{
	struct netdev *n = &self->n;
	struct sender s = { .n = n };
	char *copy = malloc(n->mem.size);
	unsigned int round, i;
	pthread_t thread;

	ASSERT_TRUE(!!copy);
	for (i = 0; i < NETDEV_NUM; i++) {
		struct vq_seg seg = {
			.gpa = gmem_gpa(&n->mem, n->slot + i * NETDEV_SLOT),
			.len = NETDEV_SLOT,
			.write = true,
		};

		ASSERT_EQ(0, vq_add(self->rx, &seg, 1, i));
	}
	vq_publish(self->rx);
	ASSERT_EQ(0, vhost_net_attach_all(&n->dev, n->tap.fd));
	vq_kick_always(self->rx);
	ASSERT_EQ(0, pthread_create(&thread, NULL, sender, &s));

	for (round = 0; round < 3; round++) {
		unsigned int copied = 0;

		for (i = 0; i < 10; i++) {
			ASSERT_EQ(0, vq_wait(self->rx, WAIT_MS));
			refill(_metadata, n);
		}
		/* Switched on while frames come; then all memory is copied. */
		memset(self->log.map, 0, self->log.map_size - DIRTY_PAGE);
		ASSERT_EQ(0, dirty_switch(&self->log, &n->dev, true))
			TH_LOG("%s", n->dev.what);
		memcpy(copy, n->mem.base, n->mem.size);
		for (i = 0; i < 10; i++) {
			ASSERT_EQ(0, vq_wait(self->rx, WAIT_MS));
			refill(_metadata, n);
			copied += copy_dirty(&self->log, copy);
		}
		ASSERT_EQ(0, vq_wait(self->rx, WAIT_MS));
		ASSERT_EQ(0, vhost_net_attach(&n->dev, RX, -1));
		copied += copy_dirty(&self->log, copy);
		EXPECT_LT(0, copied);

		EXPECT_EQ(0, memcmp(copy + (n->slot - (char *)n->mem.base),
				    n->slot, NETDEV_NUM * NETDEV_SLOT));
		/* Both sides write to any other ring. */
		if (!self->rx->packed && !self->rx->in_order)
			EXPECT_EQ(0, memcmp(copy + ((char *)self->rx->used -
						    (char *)n->mem.base),
					    self->rx->used, sizeof(__u16) * 3 +
					    8 * NUM));
		ASSERT_EQ(0, dirty_switch(&self->log, &n->dev, false));
		ASSERT_EQ(0, vring_get_base(&n->dev, RX, &self->rx->base));
		ASSERT_EQ(0, vring_set_base(&n->dev, RX, self->rx->base));
		ASSERT_EQ(0, vhost_net_attach(&n->dev, RX, n->tap.fd));
		vq_kick_always(self->rx);
	}
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_FALSE(event_take(self->rx->err));
	free(copy);
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
