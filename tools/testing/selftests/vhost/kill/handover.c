// SPDX-License-Identifier: GPL-2.0
/*
 * A running device goes from process to process: one stops it and keeps the
 * bases of its queues, the next opens the node anew, in memory that they share,
 * and goes on from there. The guest's driver works all the time and knows
 * nothing of it: nothing is lost, and nothing comes twice.
 *
 * VHXT_HANDOVERS in the environment is how often, in place of 20.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "blkdev_fixture.h"
#include "netdev_fixture.h"

/* What an owner sees done before it hands over. */
#define SHARE	8

/* The harness gives up after that: it is for a thousand of them. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	3600

/**
 * struct relay - what the owners and the driver share
 * @base: where the next owner begins
 * @done: buffers that the driver got back
 * @owners: how many have had the device
 * @over: the driver has seen enough
 * @err: an owner's error, negative
 * @what: the step that failed
 */
struct relay {
	__u32 base[2];
	unsigned int done;
	unsigned int owners;
	bool over;
	int err;
	char what[32];
};

/**
 * struct runner - how an owner takes the device, and how it gives it up
 * @dev: the device, without a file
 * @path: its node
 * @fd: the file that all owners have, or -1 if each opens its own
 * @start: sets it up, from the bases in its queues
 * @stop: stops it and sets these
 * @arg: for both
 */
struct runner {
	struct vdev *dev;
	const char *path;
	int fd;
	int (*start)(void *arg);
	int (*stop)(void *arg);
	void *arg;
};

static unsigned int handovers(void)
{
	const char *text = getenv("VHXT_HANDOVERS");

	return text ? (unsigned int)atoi(text) : 20;
}

static bool relay_over(const struct relay *r)
{
	return __atomic_load_n(&r->over, __ATOMIC_RELAXED);
}

static int relay_err(const struct relay *r)
{
	return __atomic_load_n(&r->err, __ATOMIC_RELAXED);
}

static unsigned int relay_owners(const struct relay *r)
{
	return __atomic_load_n(&r->owners, __ATOMIC_RELAXED);
}

static void relay_done(struct relay *r, unsigned int n)
{
	__atomic_fetch_add(&r->done, n, __ATOMIC_RELAXED);
}

struct progress {
	struct relay *r;
	unsigned int until;
};

static bool progressed(void *arg)
{
	struct progress *p = arg;

	return relay_over(p->r) || relay_err(p->r) ||
	       (int)(__atomic_load_n(&p->r->done, __ATOMIC_RELAXED) -
		     p->until) >= 0;
}

/* One owner's life. Returns 0 or -errno. */
static int own(const struct runner *u, struct relay *r)
{
	struct progress p = { r, r->done + SHARE };
	struct vdev *d = u->dev;
	unsigned int i;
	int err;

	for (i = 0; i < d->nvqs; i++)
		d->vq[i].base = r->base[i];
	d->what = "open";
	d->fd = u->fd >= 0 ? u->fd : open(u->path, O_RDWR | O_CLOEXEC);
	if (d->fd < 0)
		return -errno;
	err = u->start(u->arg);
	if (err)
		return err;
	d->what = "progress";
	err = cond_wait(progressed, &p, WAIT_MS);
	if (!err)
		err = u->stop(u->arg);
	for (i = 0; i < d->nvqs; i++)
		r->base[i] = d->vq[i].base;
	return err;
}

/* Owner after owner, each a process. */
static void run_owners(const struct runner *u, struct relay *r)
{
	int status;
	pid_t pid;

	while (!relay_over(r) && !relay_err(r)) {
		pid = fork();
		if (!pid) {
			int err = own(u, r);

			if (err) {
				snprintf(r->what, sizeof(r->what), "%s",
					 u->dev->what);
				__atomic_store_n(&r->err, err,
						 __ATOMIC_RELAXED);
			}
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			__atomic_store_n(&r->err, -ECHILD, __ATOMIC_RELAXED);
		__atomic_fetch_add(&r->owners, 1, __ATOMIC_RELAXED);
	}
}

static struct relay *relay_start(struct __test_metadata *_metadata,
				 const struct runner *u, pid_t *pid)
{
	struct relay *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	ASSERT_TRUE(r != MAP_FAILED);
	for (i = 0; i < u->dev->nvqs; i++)
		r->base[i] = u->dev->vq[i].base;
	*pid = fork();
	if (!*pid) {
		run_owners(u, r);
		_exit(0);
	}
	ASSERT_LT(0, *pid);
	return r;
}

static void relay_stop(struct __test_metadata *_metadata, struct relay *r,
		       pid_t pid)
{
	__atomic_store_n(&r->over, true, __ATOMIC_RELAXED);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, r->err)
		TH_LOG("owner %u: %s: %s", r->owners, r->what,
		       strerror(-r->err));
	EXPECT_LE(handovers(), r->owners);
}

static bool relay_goes_on(const struct relay *r)
{
	return !relay_err(r) && relay_owners(r) < handovers();
}

/*
 * A network: frames in both directions, in their order.
 */

FIXTURE(net_handover)
{
	struct netdev n;
	struct runner runner;
	struct relay *r;
	pid_t pid;
};

FIXTURE_VARIANT(net_handover)
{
	struct netdev_opts o;
	bool same_file;
};

#define ANEW(fixture, name, f)						\
	RING_VARIANT(fixture, name, .o = VHX(f))

/* The file stays; RESET_OWNER makes it free for another process. */
#define SAME_FILE(fixture, name, f)					\
	RING_VARIANT(fixture, name, .o = VHX(f), .same_file = true)

RING_BOTH(net_handover, vhx, ANEW, NET_PLAIN);
RING_BOTH(net_handover, vhx_reset_owner, SAME_FILE, NET_PLAIN);

FIXTURE_VARIANT_ADD(net_handover, in_tree)
{
	.o = IN_TREE(NET_EVENT),
};

static int net_start(void *arg)
{
	struct netdev *n = arg;
	int err = vhost_setup(&n->dev);

	return err ? err : vhost_net_attach_all(&n->dev, n->tap.fd);
}

static int net_stop(void *arg)
{
	struct vdev *d = &((struct netdev *)arg)->dev;
	int err;

	err = vhost_net_attach_all(d, -1);
	if (!err)
		err = vring_get_base(d, RX, &d->vq[RX].base);
	if (!err)
		err = vring_get_base(d, TX, &d->vq[TX].base);
	return err;
}

/* The same, with a file that the next one has, too. */
static int net_stop_and_reset(void *arg)
{
	struct netdev *n = arg;
	int err = net_stop(n);

	return err ? err : vdev_ioctl(&n->dev, "RESET_OWNER", VHOST_RESET_OWNER,
				      NULL);
}

FIXTURE_SETUP(net_handover)
{
	struct netdev *n = &self->n;
	int fd;

	netdev_fixture_start(_metadata, n, &variant->o);
	if (_metadata->exit_code)
		return;
	/* The first owner was ourselves. */
	ASSERT_EQ(0, netdev_ping(n, 1));
	ASSERT_EQ(0, net_stop_and_reset(n)) TH_LOG("%s", n->dev.what);
	fd = n->dev.fd;
	n->dev.fd = -1;
	if (!variant->same_file) {
		close(fd);
		fd = -1;
	}
	self->runner = (struct runner){
		.dev = &n->dev, .path = variant->o.path, .fd = fd,
		.start = net_start, .arg = n,
		.stop = variant->same_file ? net_stop_and_reset : net_stop,
	};
	self->r = relay_start(_metadata, &self->runner, &self->pid);
}

FIXTURE_TEARDOWN(net_handover)
{
	if (self->runner.fd >= 0)
		close(self->runner.fd);
	netdev_stop(&self->n);
}

#define DEPTH	32
#define LEN	300

static void add_frame(struct __test_metadata *_metadata, struct netdev *n,
		      struct chain *c, unsigned int q, __u32 seed)
{
	char frame[LEN], hdr[16] = { 0 };

	chain_init(c, &n->arena);
	chain_add(c, &n->arena, n->hlen + LEN, q == RX, NULL);
	if (q == TX) {
		frame_make(frame, LEN, seed);
		chain_put(c, 0, hdr, n->hlen);
		chain_put(c, n->hlen, frame, LEN);
	}
	ASSERT_EQ(0, chain_submit(&n->dev.vq[q], c, seed % DEPTH));
	vq_kick(&n->dev.vq[q]);
}

static void take_frame(struct __test_metadata *_metadata, struct netdev *n,
		       struct chain *chains, __u32 seed)
{
	struct vq *vq = &n->dev.vq[RX];
	char frame[LEN], got[LEN];
	struct vq_done done;

	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	ASSERT_EQ(seed % DEPTH, done.token);
	ASSERT_EQ(n->hlen + LEN, done.len);
	frame_make(frame, LEN, seed);
	chain_get(&chains[done.token], n->hlen, got, LEN);
	ASSERT_EQ(0, memcmp(frame, got, LEN))
		TH_LOG("frame %u", seed);
}

TEST_F(net_handover, frames)
{
	static struct chain rx[DEPTH], tx;
	struct netdev *n = &self->n;
	unsigned int round, i;
	char frame[LEN];

	for (round = 0; round < 10 || relay_goes_on(self->r); round++) {
		const __u32 seed = 2 + round * DEPTH;

		for (i = seed; i < seed + DEPTH; i++) {
			add_frame(_metadata, n, &rx[i % DEPTH], RX, i);
			add_frame(_metadata, n, &tx, TX, i);
			frame_make(frame, LEN, i);
			ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, LEN));
		}
		for (i = seed; i < seed + DEPTH; i++) {
			frame_make(frame, LEN, i);
			ASSERT_EQ(0, netdev_expect(n, frame, LEN, NULL))
				TH_LOG("frame %u, owner %u: %s", i,
				       self->r->owners, self->r->what);
			take_frame(_metadata, n, rx, i);
			ASSERT_EQ(0, netdev_reap(&n->dev.vq[TX], 1));
			relay_done(self->r, 1);
		}
		EXPECT_FALSE(vq_more_used(&n->dev.vq[TX]));
		EXPECT_FALSE(vq_more_used(&n->dev.vq[RX]));
		arena_reset(&n->arena);
	}
	relay_stop(_metadata, self->r, self->pid);
}

/*
 * A disk: many writes and reads in flight.
 */

FIXTURE(blk_handover)
{
	struct blkdev b;
	struct runner runner;
	struct relay *r;
	pid_t pid;
};

FIXTURE_VARIANT(blk_handover)
{
	struct blkdev_opts o;
};

/* It takes its time, longer than a grace period: a stop has to wait for it. */
#define DELAY_MS	100

#define ON_DISK(fixture, name, f, personality)				\
	RING_VARIANT(fixture, name,					\
		.o = {							\
			.kind = (personality), .features = (f),		\
			.queues = 2,					\
			.disk = { .delay_ns = DELAY_MS * 1000000UL },	\
		})

#define VDPA_DISK(fixture, name, f)	ON_DISK(fixture, name, f, BLK_VDPA)
#define VHOST_DISK(fixture, name, f)	ON_DISK(fixture, name, f, BLK_VHOST)

RING_BOTH(blk_handover, vhx_vdpa, VDPA_DISK, BLK_PLAIN);
RING_BOTH(blk_handover, vhx_vhost, VHOST_DISK, BLK_PLAIN);

static int blk_start(void *arg)
{
	return blkdev_start(arg);
}

static int blk_stop(void *arg)
{
	return blkdev_stop(arg);
}

FIXTURE_SETUP(blk_handover)
{
	struct blkdev *b = &self->b;

	blk_fixture_open(_metadata, b, &variant->o);
	close(b->dev.fd);
	b->dev.fd = -1;
	self->runner = (struct runner){
		.dev = &b->dev, .path = b->path, .fd = -1,
		.start = blk_start, .stop = blk_stop, .arg = b,
	};
	self->r = relay_start(_metadata, &self->runner, &self->pid);
}

FIXTURE_TEARDOWN(blk_handover)
{
	blkdev_close(&self->b);
}

#define REQS	64
#define BYTES	4096

static struct blkreq reqs[REQS];
static char data[BYTES], back[BYTES];

static void add_batch(struct __test_metadata *_metadata, struct blkdev *b,
		      unsigned int round, bool write)
{
	unsigned int i;

	for (i = 0; i < REQS; i++) {
		struct blkreq *q = &reqs[i];

		*q = (struct blkreq){
			.type = write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN,
			.sector = 8 * i,
		};
		if (write) {
			blk_pattern(data, BYTES, round * REQS + i);
			q->out = data;
			q->out_len = BYTES;
		} else {
			q->in_len = BYTES;
		}
		ASSERT_EQ(0, blk_add(b, i % 2, q, i));
		vq_kick(&b->dev.vq[i % 2]);
	}
}

/* Each is completed once, and did what it was to. */
static void reap_batch(struct __test_metadata *_metadata,
		       FIXTURE_DATA(blk_handover) * self, unsigned int round,
		       bool write)
{
	struct blkdev *b = &self->b;
	bool seen[REQS] = { false };
	struct vq_done done;
	unsigned int i;

	for (i = 0; i < REQS; i++) {
		struct vq *vq = &b->dev.vq[i % 2];

		ASSERT_EQ(0, vq_wait(vq, WAIT_MS))
			TH_LOG("owner %u: %s", self->r->owners, self->r->what);
		ASSERT_EQ(1, vq_pop(vq, &done));
		ASSERT_GT(REQS, done.token);
		ASSERT_FALSE(seen[done.token])
			TH_LOG("request %u comes twice", done.token);
		seen[done.token] = true;
		ASSERT_EQ(VIRTIO_BLK_S_OK, blk_status(&reqs[done.token]));
		relay_done(self->r, 1);
		if (write)
			continue;
		blk_pattern(data, BYTES, round * REQS + done.token);
		blk_data(&reqs[done.token], back);
		ASSERT_EQ(0, memcmp(data, back, BYTES));
	}
	EXPECT_FALSE(vq_more_used(&b->dev.vq[0]));
	EXPECT_FALSE(vq_more_used(&b->dev.vq[1]));
	arena_reset(&b->arena);
}

TEST_F(blk_handover, requests)
{
	unsigned int round;

	for (round = 0; round < 5 || relay_goes_on(self->r); round++) {
		add_batch(_metadata, &self->b, round, true);
		reap_batch(_metadata, self, round, true);
		add_batch(_metadata, &self->b, round, false);
		reap_batch(_metadata, self, round, false);
	}
	relay_stop(_metadata, self->r, self->pid);
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
