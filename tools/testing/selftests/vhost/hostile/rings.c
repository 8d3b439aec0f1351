// SPDX-License-Identifier: GPL-2.0
/*
 * Rings that lie: loops, indices and addresses out of range, tables that are
 * none. The queue signals its error eventfd (or, where it says so, makes
 * something harmless of it), the other queue goes on, and after a restart so
 * does this one.
 */
#include "harness.h"
#include "victim.h"

#define NEXT	VRING_DESC_F_NEXT
#define WRITE	VRING_DESC_F_WRITE
#define TABLE	VRING_DESC_F_INDIRECT

FIXTURE(rings)
{
	struct victim v;
};

FIXTURE_VARIANT(rings)
{
	struct victim_opts o;
	bool ref;
};

FIXTURE_VARIANT_ADD(rings, in_tree_tx)
{
	.o = { .is_net = true, .net = IN_TREE(NET_INDIRECT), .queue = TX },
	.ref = true,
};

FIXTURE_VARIANT_ADD(rings, in_tree_rx)
{
	.o = { .is_net = true, .net = IN_TREE(NET_INDIRECT), .queue = RX },
	.ref = true,
};

FIXTURE_VARIANT_ADD(rings, vhx_tx)
{
	.o = { .is_net = true, .net = VHX(NET_INDIRECT), .queue = TX },
};

FIXTURE_VARIANT_ADD(rings, vhx_rx)
{
	.o = { .is_net = true, .net = VHX(NET_INDIRECT), .queue = RX },
};

FIXTURE_VARIANT_ADD(rings, vhx_blk_vdpa)
{
	.o = { .blk = { .kind = BLK_VDPA, .features = BLK_INDIRECT,
			.queues = 2 } },
};

FIXTURE_VARIANT_ADD(rings, vhx_blk_vhost)
{
	.o = { .blk = { .kind = BLK_VHOST, .features = BLK_INDIRECT } },
};

FIXTURE_SETUP(rings)
{
	int err = victim_start(&self->v, &variant->o);

	if (err == -ENODEV)
		SKIP(return, "no reference here");
	ASSERT_EQ(0, err);
}

FIXTURE_TEARDOWN(rings)
{
	victim_stop(&self->v);
}

/* What the attacks are made with: the queue and good memory for it. */
struct kit {
	struct vq *vq;
	struct vring_desc *d;
	struct vring_desc *table;
	__u64 good;
	__u64 table_gpa;
	__u64 end;
	__u16 dir;
};

static void head_out_of_range(struct kit *k)
{
	raw_offer(k->vq, k->vq->num);
}

static void head_far_out_of_range(struct kit *k)
{
	raw_offer(k->vq, 0xffff);
}

static void next_out_of_range(struct kit *k)
{
	raw_desc(&k->d[0], k->good, 64, NEXT | k->dir, k->vq->num);
	raw_offer(k->vq, 0);
}

static void next_is_itself(struct kit *k)
{
	raw_desc(&k->d[0], k->good, 64, NEXT | k->dir, 0);
	raw_offer(k->vq, 0);
}

static void loop(struct kit *k)
{
	raw_desc(&k->d[0], k->good, 64, NEXT | k->dir, 1);
	raw_desc(&k->d[1], k->good, 64, NEXT | k->dir, 2);
	raw_desc(&k->d[2], k->good, 64, NEXT | k->dir, 0);
	raw_offer(k->vq, 0);
}

static void address_of_nothing(struct kit *k)
{
	raw_desc(&k->d[0], 4096, 512, k->dir, 0);
	raw_offer(k->vq, 0);
}

static void address_past_the_end(struct kit *k)
{
	raw_desc(&k->d[0], k->end, 512, k->dir, 0);
	raw_offer(k->vq, 0);
}

static void length_over_the_end(struct kit *k)
{
	raw_desc(&k->d[0], k->end - 64, 128, k->dir, 0);
	raw_offer(k->vq, 0);
}

static void length_of_4g(struct kit *k)
{
	raw_desc(&k->d[0], k->good, 0xffffffff, k->dir, 0);
	raw_offer(k->vq, 0);
}

static void address_wraps(struct kit *k)
{
	raw_desc(&k->d[0], ~0ULL - 63, 128, k->dir, 0);
	raw_offer(k->vq, 0);
}

static void second_is_nowhere(struct kit *k)
{
	raw_desc(&k->d[0], k->good, 64, NEXT | k->dir, 1);
	raw_desc(&k->d[1], 8192, 64, k->dir, 0);
	raw_offer(k->vq, 0);
}

static void user_address(struct kit *k)
{
	raw_desc(&k->d[0], (uintptr_t)k->d, 64, k->dir, 0);
	raw_offer(k->vq, 0);
}

static void readable_after_writable(struct kit *k)
{
	raw_desc(&k->d[0], k->good, 64, NEXT | WRITE, 1);
	raw_desc(&k->d[1], k->good + 64, 64, 0, 0);
	raw_offer(k->vq, 0);
}

static void avail_jumps(struct kit *k)
{
	k->vq->avail_idx += k->vq->num;
	raw_desc(&k->d[0], k->good, 64, k->dir, 0);
	raw_offer(k->vq, 0);
}

static void avail_goes_back(struct kit *k)
{
	k->vq->avail_idx -= 2;
	raw_offer(k->vq, 0);
}

static void indirect_odd_length(struct kit *k)
{
	raw_desc(&k->table[0], k->good, 64, k->dir, 0);
	raw_desc(&k->d[0], k->table_gpa, 17, TABLE, 0);
	raw_offer(k->vq, 0);
}

static void indirect_empty(struct kit *k)
{
	raw_desc(&k->d[0], k->table_gpa, 0, TABLE, 0);
	raw_offer(k->vq, 0);
}

static void indirect_nowhere(struct kit *k)
{
	raw_desc(&k->d[0], 4096, 32, TABLE, 0);
	raw_offer(k->vq, 0);
}

static void indirect_too_long(struct kit *k)
{
	raw_desc(&k->d[0], k->good, (65536 + 1) * 16, TABLE, 0);
	raw_offer(k->vq, 0);
}

static void indirect_nested(struct kit *k)
{
	raw_desc(&k->table[0], k->table_gpa, 16, TABLE, 0);
	raw_desc(&k->d[0], k->table_gpa, 16, TABLE, 0);
	raw_offer(k->vq, 0);
}

static void indirect_next_outside(struct kit *k)
{
	raw_desc(&k->table[0], k->good, 64, NEXT | k->dir, 1);
	raw_desc(&k->table[1], k->good, 64, NEXT | k->dir, 2);
	raw_desc(&k->d[0], k->table_gpa, 32, TABLE, 0);
	raw_offer(k->vq, 0);
}

static void indirect_bad_address(struct kit *k)
{
	raw_desc(&k->table[0], 4096, 64, k->dir, 0);
	raw_desc(&k->d[0], k->table_gpa, 16, TABLE, 0);
	raw_offer(k->vq, 0);
}

static void indirect_readable_after_writable(struct kit *k)
{
	raw_desc(&k->table[0], k->good, 64, NEXT | WRITE, 1);
	raw_desc(&k->table[1], k->good, 64, 0, 0);
	raw_desc(&k->d[0], k->table_gpa, 32, TABLE, 0);
	raw_offer(k->vq, 0);
}

static void only_an_empty_one(struct kit *k)
{
	raw_desc(&k->d[0], k->good, 0, k->dir, 0);
	raw_offer(k->vq, 0);
}

/**
 * struct attack - one lie
 * @what: for the reader of a failure
 * @make: tells it
 * @in_tree: what the reference makes of it
 * @vhx: what ours may
 */
struct attack {
	const char *what;
	void (*make)(struct kit *k);
	unsigned int in_tree;
	unsigned int vhx;
};

static const struct attack attacks[] = {
	{ "head out of range", head_out_of_range, ERR, ERR },
	{ "head far out of range", head_far_out_of_range, ERR, ERR },
	{ "next out of range", next_out_of_range, ERR, ERR },
	{ "next is itself", next_is_itself, ERR, ERR },
	{ "loop", loop, ERR, ERR },
	{ "address of nothing", address_of_nothing, ERR, ERR },
	{ "address past the end", address_past_the_end, ERR, ERR },
	{ "length over the end", length_over_the_end, ERR, ERR },
	{ "length of 4 GiB", length_of_4g, ERR, ERR },
	{ "address wraps", address_wraps, ERR, ERR },
	{ "second is nowhere", second_is_nowhere, ERR, ERR },
	{ "user address", user_address, ERR, ERR },
	{ "readable after writable", readable_after_writable, ERR, ERR },
	{ "avail jumps by more than the ring has", avail_jumps, ERR, ERR },
	{ "avail goes back", avail_goes_back, ERR, ERR },
	{ "indirect: odd length", indirect_odd_length, ERR, ERR },
	{ "indirect: empty", indirect_empty, ERR, ERR },
	{ "indirect: nowhere", indirect_nowhere, ERR, ERR },
	{ "indirect: more than 65,536", indirect_too_long, ERR, ERR },
	{ "indirect: nested", indirect_nested, ERR, ERR },
	{ "indirect: next outside", indirect_next_outside, ERR, ERR },
	{ "indirect: bad address", indirect_bad_address, ERR, ERR },
	{ "indirect: readable after writable",
	  indirect_readable_after_writable, ERR, ERR },
	/* No bytes at all are no request, but no lie either. */
	{ "only an empty one", only_an_empty_one, ERR, ERR | USED },
};

static struct kit make_kit(struct victim *v)
{
	struct gmem *mem = v->vq->mem;

	return (struct kit){
		.vq = v->vq,
		.d = v->vq->desc,
		.table = (struct vring_desc *)(v->good + 2048),
		.good = gmem_gpa(mem, v->good),
		.table_gpa = gmem_gpa(mem, v->good + 2048),
		.end = mem->gpa + mem->size,
		.dir = v->o->is_net && v->o->queue == RX ? WRITE : 0,
	};
}

TEST_F(rings, lies)
{
	struct victim *v = &self->v;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(attacks); i++) {
		const struct attack *a = &attacks[i];
		unsigned int want = variant->ref ? a->in_tree : a->vhx;
		struct kit kit = make_kit(v);
		enum fate fate;

		ASSERT_EQ(0, victim_ping(v))
			TH_LOG("before %s", a->what);
		a->make(&kit);
		fate = victim_fate(v);
		EXPECT_NE(0, want & fate)
			TH_LOG("%s: %s", a->what, fate_name(fate));
		ASSERT_EQ(0, victim_ping_other(v))
			TH_LOG("other queue, after %s", a->what);
		ASSERT_EQ(0, victim_restart(v))
			TH_LOG("%s, after %s", v->d->what, a->what);
	}
	ASSERT_EQ(0, victim_ping(v));
}

/* Empty descriptors within a chain are nothing special. */
TEST_F(rings, empty_within)
{
	struct victim *v = &self->v;
	struct kit k = make_kit(v);
	__u64 at = k.good;

	if (v->o->is_net) {
		raw_desc(&k.d[0], at, 12, NEXT | k.dir, 1);
		raw_desc(&k.d[1], at + 12, 0, NEXT | k.dir, 2);
		raw_desc(&k.d[2], at + 64, 200, k.dir, 0);
	} else {
		/* A flush. */
		v->good[0] = VIRTIO_BLK_T_FLUSH;
		v->good[64] = (char)BLK_UNTOUCHED;
		raw_desc(&k.d[0], at, 16, NEXT, 1);
		raw_desc(&k.d[1], at, 0, NEXT, 2);
		raw_desc(&k.d[2], at + 32, 0, NEXT | WRITE, 3);
		raw_desc(&k.d[3], at + 64, 1, WRITE, 0);
	}
	raw_offer(k.vq, 0);
	EXPECT_EQ(USED, victim_fate(v));
	if (!v->o->is_net)
		EXPECT_EQ(VIRTIO_BLK_S_OK, v->good[64]);
	ASSERT_EQ(0, victim_restart(v));
	EXPECT_EQ(0, victim_ping(v));
}

/* A broken queue is signalled once and then left alone, kicked or not. */
TEST_F(rings, stays_broken)
{
	struct victim *v = &self->v;
	struct kit k = make_kit(v);
	int i;

	if (variant->ref)
		SKIP(return, "in-tree goes on with the next kick");

	raw_offer(k.vq, 0xffff);
	ASSERT_EQ(ERR, victim_fate(v));
	event_take(k.vq->err);
	for (i = 0; i < 20; i++) {
		raw_desc(&k.d[0], k.good, 64, k.dir, 0);
		raw_offer(k.vq, 0);
	}
	EXPECT_EQ(-ETIMEDOUT, event_wait(k.vq->err, QUIET_MS));
	EXPECT_EQ(k.vq->used_idx, k.vq->used->idx);
	ASSERT_EQ(0, victim_ping_other(v));
	ASSERT_EQ(0, victim_restart(v));
	EXPECT_EQ(0, victim_ping(v));
}

/* A good request before a bad one completes. */
TEST_F(rings, good_before_bad)
{
	struct victim *v = &self->v;
	struct kit k = make_kit(v);
	__u16 used = k.vq->used_idx;

	v->good[0] = VIRTIO_BLK_T_FLUSH;
	if (v->o->is_net) {
		v->good[0] = 0;
		raw_desc(&k.d[0], k.good, 200, k.dir, 0);
	} else {
		raw_desc(&k.d[0], k.good, 16, NEXT, 1);
		raw_desc(&k.d[1], k.good + 64, 1, WRITE, 0);
	}
	raw_avail(k.vq, 0);
	raw_offer(k.vq, 0xffff);
	/* Two frames, if it is about reception. */
	victim_fate(v);
	victim_fate(v);
	EXPECT_EQ(0, event_wait(k.vq->err, WAIT_MS));
	EXPECT_EQ((__u16)(used + 1), k.vq->used->idx);
	ASSERT_EQ(0, victim_restart(v));
	EXPECT_EQ(0, victim_ping(v));
}

static __u32 rnd(__u32 *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

/* A descriptor that is good in parts. */
static void random_desc(struct kit *k, struct vring_desc *d, __u32 *x)
{
	static const __u32 lens[] = {
		0, 1, 11, 12, 16, 64, 511, 512, 4096, 65536, 0x7fffffff, ~0u,
	};
	__u32 r = rnd(x);
	__u64 at = k->good + (rnd(x) & 2047);

	if (!(r & 0x70))
		at = ((__u64)rnd(x) << 32) | rnd(x);
	raw_desc(d, at, lens[rnd(x) % ARRAY_SIZE(lens)], r & 7,
		 r & 0x700 ? (r >> 16) & 7 : r >> 16);
	if (d->flags & TABLE && r & 0x8000)
		raw_desc(d, k->table_gpa, 16 * (rnd(x) & 15), TABLE, d->next);
}

/*
 * Nonsense at random, while the device looks at it. Nothing is expected of the
 * queue but that it can be started again.
 */
TEST_F(rings, nonsense)
{
	struct victim *v = &self->v;
	struct kit k = make_kit(v);
	__u32 x = 0x12345678;
	unsigned int i, j;

	for (i = 0; i < 300; i++) {
		for (j = 0; j < 8; j++) {
			random_desc(&k, &k.d[j], &x);
			random_desc(&k, &k.table[j], &x);
		}
		for (j = 0; j < (rnd(&x) & 7); j++)
			raw_avail(k.vq, rnd(&x) & 15 ? rnd(&x) & 7 : rnd(&x));
		raw_offer(k.vq, rnd(&x) & 7);
		for (j = 0; j < 50; j++)
			random_desc(&k, &k.d[rnd(&x) & 7], &x);
		if (i % 4 == 3)
			ASSERT_EQ(0, victim_restart(v))
				TH_LOG("%s", v->d->what);
	}
	ASSERT_EQ(0, victim_restart(v));
	if (v->o->is_net)
		while (peer_recv(&v->n.tap, NULL, v->good, 2048, 0) != -EAGAIN)
			;
	ASSERT_EQ(0, victim_ping_other(v));
	ASSERT_EQ(0, victim_ping(v));
}

/* One network namespace for all tests: to make one takes its time. */
int main(int argc, char **argv)
{
	netns_enter();
	return test_harness_run(argc, argv);
}
