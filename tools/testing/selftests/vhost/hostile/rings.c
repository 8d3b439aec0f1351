// SPDX-License-Identifier: GPL-2.0
/*
 * Invalid rings: loops, indices and addresses out of range, invalid tables,
 * areas that overlap, descriptors that change while they are read. The queue
 * signals its err eventfd (or, where a row allows it, completes the buffer), is
 * counted, and is named in the kernel log. The other queue works meanwhile, and
 * after a restart this one does, too.
 */
#include <fcntl.h>
#include <pthread.h>

#include "harness.h"
#include "lies.h"
#include "matrix.h"
#include "wait.h"

#define NEXT	VRING_DESC_F_NEXT
#define WRITE	VRING_DESC_F_WRITE
#define TABLE	VRING_DESC_F_INDIRECT

#define ON_TX(fixture, name, f)						\
	RING_VARIANT(fixture, name,					\
		.o = { .is_net = true, .net = VHX(f), .queue = TX })

#define ON_RX(fixture, name, f)						\
	RING_VARIANT(fixture, name,					\
		.o = { .is_net = true, .net = VHX(f), .queue = RX })

#define ON_VDPA(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .blk = { .kind = BLK_VDPA, .features = (f),	\
				.queues = 2 } })

#define ON_VHOST(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .blk = { .kind = BLK_VHOST, .features = (f) } })

/*
 * The first tests, because the kernel logs no more than ten such lines in five
 * seconds.
 */
FIXTURE(log)
{
	struct victim v;
};

FIXTURE_VARIANT(log)
{
	struct victim_opts o;
};

RING_BOTH(log, vhx_tx, ON_TX, NET_PLAIN);
ON_VDPA(log, vhx_blk, BLK_INDIRECT);

FIXTURE_SETUP(log)
{
	ASSERT_EQ(0, victim_start(&self->v, &variant->o));
}

FIXTURE_TEARDOWN(log)
{
	victim_stop(&self->v);
}

/* Does a line of the log say that our queue @queue was stopped? */
static bool log_names(int kmsg, unsigned int queue)
{
	char line[1024], want[64];
	bool found = false;
	ssize_t n;

	snprintf(want, sizeof(want), ": owner %d: queue %u stopped: ",
		 getpid(), queue);
	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0) {
		line[n] = 0;
		found |= !!strstr(line, want);
	}
	return found;
}

/* The log names the owner and the queue. */
TEST_F(log, names_the_queue)
{
	struct victim *v = &self->v;
	bool found = false;
	unsigned int i;
	int kmsg;

	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, kmsg);
	lseek(kmsg, 0, SEEK_END);
	for (i = 0; !found && i < 60; i++) {
		struct kit k = kit_of(v);

		kit_put(&k, 4096, 64, k.dir);
		kit_offer(&k);
		ASSERT_EQ(ERR, victim_fate(v, ERR));
		found = log_names(kmsg, variant->o.queue);
		ASSERT_EQ(0, victim_restart(v));
		if (!found)
			event_wait(v->vq->err, QUIET_MS);
	}
	EXPECT_TRUE(found);
	close(kmsg);
}

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

/* The checks depend on little more than the format. */
RING_FEW(rings, vhx_tx, ON_TX, NET_PLAIN);
RING_BOTH(rings, vhx_rx, ON_RX, NET_PLAIN);
RING_BOTH(rings, vhx_blk_vdpa, ON_VDPA, BLK_PLAIN);
RING_BOTH(rings, vhx_blk_vhost, ON_VHOST, BLK_PLAIN);

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

TEST_F(rings, lies)
{
	struct victim *v = &self->v;
	const struct lie *l;

	for (l = lies; l->what; l++) {
		unsigned int want = variant->ref ? l->in_tree : l->vhx;
		struct kit kit = kit_of(v);
		enum fate fate;
		long broken;

		if (!(l->where & (v->vq->packed ? IN_PACKED : IN_SPLIT)))
			continue;
		ASSERT_EQ(0, victim_ping(v))
			TH_LOG("before %s", l->what);
		broken = variant->ref ? 0 : victim_broken(v);
		ASSERT_LE(0, broken);
		l->tell(&kit);
		fate = victim_fate(v, want);
		EXPECT_NE(0, want & fate)
			TH_LOG("%s: %s", l->what, fate_name(fate));
		if (!variant->ref)
			EXPECT_EQ(broken + (fate == ERR), victim_broken(v))
				TH_LOG("%s", l->what);
		ASSERT_EQ(0, victim_ping_other(v))
			TH_LOG("other queue, after %s", l->what);
		ASSERT_EQ(0, victim_restart(v))
			TH_LOG("%s, after %s", v->d->what, l->what);
	}
	ASSERT_EQ(0, victim_ping(v));
}

/* Empty descriptors within a chain are valid. */
TEST_F(rings, empty_within)
{
	struct victim *v = &self->v;
	struct kit k = kit_of(v);
	__u64 at = k.good;

	if (v->o->is_net) {
		kit_put(&k, at, 12, NEXT | k.dir);
		kit_put(&k, at + 12, 0, NEXT | k.dir);
		kit_put(&k, at + 64, 200, k.dir);
	} else {
		/* A flush. */
		v->good[0] = VIRTIO_BLK_T_FLUSH;
		v->good[64] = (char)BLK_UNTOUCHED;
		kit_put(&k, at, 16, NEXT);
		kit_put(&k, at, 0, NEXT);
		kit_put(&k, at + 32, 0, NEXT | WRITE);
		kit_put(&k, at + 64, 1, WRITE);
	}
	kit_offer(&k);
	EXPECT_EQ(USED, victim_fate(v, USED));
	if (!v->o->is_net)
		EXPECT_EQ(VIRTIO_BLK_S_OK, v->good[64]);
	ASSERT_EQ(0, victim_restart(v));
	EXPECT_EQ(0, victim_ping(v));
}

/* A broken queue signals err once; later kicks do nothing. */
TEST_F(rings, stays_broken)
{
	struct victim *v = &self->v;
	struct kit k = kit_of(v);
	long broken;
	int i;

	if (variant->ref)
		SKIP(return, "in-tree goes on with the next kick");

	kit_put(&k, 4096, 64, k.dir);
	kit_offer(&k);
	ASSERT_EQ(ERR, victim_fate(v, ERR));
	event_take(k.vq->err);
	broken = victim_broken(v);
	for (i = 0; i < 20; i++) {
		kit_put(&k, k.good, 64, k.dir);
		kit_offer(&k);
	}
	EXPECT_EQ(-ETIMEDOUT, event_wait(k.vq->err, QUIET_MS));
	EXPECT_FALSE(vq_more_used(k.vq));
	EXPECT_EQ(broken, victim_broken(v));
	ASSERT_EQ(0, victim_ping_other(v));
	ASSERT_EQ(0, victim_restart(v));
	EXPECT_EQ(0, victim_ping(v));
}

/* A good request before a bad one completes. */
TEST_F(rings, good_before_bad)
{
	struct victim *v = &self->v;
	__u64 good = gmem_gpa(v->vq->mem, v->good);
	struct vq_seg net = { good, 200, v->o->queue == RX };
	struct vq_seg blk[2] = {
		{ good, 16, false },
		{ good + 64, 1, true },
	};
	struct vq_seg bad = { 4096, 64, net.write };
	struct vq_done done = {};

	if (v->o->is_net) {
		ASSERT_EQ(0, vq_add(v->vq, &net, 1, 1));
	} else {
		v->good[0] = VIRTIO_BLK_T_FLUSH;
		ASSERT_EQ(0, vq_add(v->vq, blk, 2, 1));
	}
	ASSERT_EQ(0, vq_add(v->vq, &bad, 1, 2));
	vq_publish(v->vq);
	vq_kick_always(v->vq);
	/* For reception, one frame for each buffer. */
	EXPECT_NE(STUCK, victim_fate(v, USED | ERR));
	EXPECT_NE(STUCK, victim_fate(v, USED | ERR));
	EXPECT_EQ(0, event_wait(v->vq->err, WAIT_MS));
	/* The error may be seen before the batch with the good buffer. */
	EXPECT_EQ(0, vq_wait(v->vq, WAIT_MS));
	EXPECT_EQ(1, vq_ready(v->vq));
	EXPECT_EQ(1, vq_pop(v->vq, &done));
	EXPECT_EQ(1, done.token);
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

/* A descriptor of which parts are valid. */
static struct vring_desc random_desc(struct kit *k, __u32 *x)
{
	static const __u32 lens[] = {
		0, 1, 11, 12, 16, 64, 511, 512, 4096, 65536, 0x7fffffff, ~0u,
	};
	__u32 r = rnd(x);
	struct vring_desc d = {
		.addr = k->good + (rnd(x) & 2047),
		.len = lens[rnd(x) % ARRAY_SIZE(lens)],
		.flags = r & 7,
		.next = r & 0x700 ? (r >> 16) & 7 : r >> 16,
	};

	if (!(r & 0x70))
		d.addr = ((__u64)rnd(x) << 32) | rnd(x);
	if (d.flags & TABLE && r & 0x8000)
		d = (struct vring_desc){ k->table_gpa, 16 * (rnd(x) & 15),
					 TABLE, d.next };
	return d;
}

static void nonsense_split(struct kit *k, __u32 *x)
{
	unsigned int j;

	for (j = 0; j < 8; j++)
		k->vq->desc[j] = random_desc(k, x);
	for (j = 0; j < (rnd(x) & 7); j++)
		raw_avail(k->vq, rnd(x) & 15 ? rnd(x) & 7 : rnd(x));
	raw_offer(k->vq, rnd(x) & 7);
	for (j = 0; j < 50; j++)
		k->vq->desc[rnd(x) & 7] = random_desc(k, x);
}

static void nonsense_packed(struct kit *k, __u32 *x)
{
	__u16 at = k->vq->avail_pos;
	unsigned int j;

	for (j = 0; j < 1 + (rnd(x) & 7); j++) {
		struct vring_desc d = random_desc(k, x);

		raw_packed(k->vq, d.addr, d.len, d.flags);
	}
	raw_packed_offer(k->vq);
	for (j = 0; j < 50; j++) {
		struct vring_desc d = random_desc(k, x);
		unsigned int pos = (at + (rnd(x) & 7)) % k->vq->num;

		/* With flags of this lap, of another, or of none. */
		k->vq->ring[pos] = (struct vring_packed_desc){
			.addr = d.addr, .len = d.len, .id = d.next,
			.flags = d.flags | (rnd(x) & (PACKED_AVAIL |
						      PACKED_USED)),
		};
	}
}

/*
 * Random descriptors, written while the device reads them. The queue must be
 * able to start again. The sequence is always the same.
 */
TEST_F(rings, nonsense)
{
	const unsigned int rounds = kernel_is_slow() ? 100 : 300;
	struct victim *v = &self->v;
	struct kit k = kit_of(v);
	__u32 x = 0x12345678;
	unsigned int i, j;

	for (i = 0; i < rounds; i++) {
		for (j = 0; j < 8; j++)
			k.table[j] = random_desc(&k, &x);
		if (v->vq->packed)
			nonsense_packed(&k, &x);
		else
			nonsense_split(&k, &x);
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

/* What the thread that flips flags gets. */
struct flipper {
	__u16 *flags[2];
	__u16 bits;
	bool stop;
};

static void *flip(void *arg)
{
	struct flipper *f = arg;
	unsigned int i;

	for (i = 0; !__atomic_load_n(&f->stop, __ATOMIC_RELAXED); i++)
		__atomic_fetch_xor(f->flags[i & 1], f->bits,
				   __ATOMIC_RELAXED);
	return NULL;
}

/*
 * Flags that change between two reads. The device must read them once: it then
 * finds one of the two values, and either is harmless.
 */
TEST_F(rings, flags_change)
{
	const unsigned int rounds = kernel_is_slow() ? 8 : 24;
	static const __u16 bits[] = { NEXT, WRITE, TABLE, NEXT | WRITE | TABLE };
	struct victim *v = &self->v;
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		struct flipper f = { .bits = bits[i % ARRAY_SIZE(bits)] };
		struct kit k = kit_of(v);
		pthread_t thread;

		kit_put_table(&k, 0, k.good, 64, NEXT | k.dir);
		kit_put_table(&k, 1, k.good + 64, 64, k.dir);
		if (v->vq->packed) {
			f.flags[0] = &v->vq->ring[v->vq->avail_pos].flags;
			f.flags[1] = &k.ptable[0].flags;
		} else {
			f.flags[0] = &v->vq->desc[0].flags;
			f.flags[1] = &k.table[0].flags;
		}
		kit_put(&k, k.table_gpa, 32, i & 4 ? NEXT | k.dir : TABLE);
		if (i & 4)
			kit_put(&k, k.good, 64, k.dir);
		ASSERT_EQ(0, pthread_create(&thread, NULL, flip, &f));
		kit_offer(&k);
		/*
		 * Any result is right: the flip may take a packed ring's
		 * descriptor back. The time lets the device read some of them.
		 */
		vq_wait(v->vq, QUIET_MS / 5);
		__atomic_store_n(&f.stop, true, __ATOMIC_RELAXED);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		ASSERT_EQ(0, victim_restart(v))
			TH_LOG("%s", v->d->what);
	}
	if (v->o->is_net)
		while (peer_recv(&v->n.tap, NULL, v->good, 2048, 0) != -EAGAIN)
			;
	ASSERT_EQ(0, victim_ping_other(v));
	ASSERT_EQ(0, victim_ping(v));
}

/*
 * The area that the device writes overlaps the descriptors. That is refused, or
 * breaks this queue, but nothing else.
 */
TEST_F(rings, areas_overlap)
{
	struct victim *v = &self->v;
	struct vq *vq = v->vq;
	void *used = vq->used;
	unsigned int i, k;

	for (i = 0; i < 4; i++) {
		/* Over flags, addresses, a length and an index. */
		vq->used = (void *)((char *)vq->desc + 4 * i);
		for (k = 0; !victim_move(v) && k < 10; k++) {
			struct kit kit = kit_of(v);

			kit_put(&kit, kit.good, 64, kit.dir);
			kit_offer(&kit);
			vq_wait(vq, 10);
			ASSERT_EQ(0, victim_ping_other(v));
		}
		vq->used = used;
		ASSERT_EQ(0, victim_move(v))
			TH_LOG("%s", v->d->what);
		ASSERT_EQ(0, victim_ping(v));
	}
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
