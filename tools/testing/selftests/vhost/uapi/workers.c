// SPDX-License-Identifier: GPL-2.0
/*
 * The workers of a device: made, given queues and freed by ioctls, with
 * /dev/vhost-scsi as the reference, which is the in-tree device that has them;
 * their threads; and queues that go from one to another while they work.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "attr.h"
#include "blkdev_fixture.h"
#include "compat_ioctls.h"
#include "netdev_fixture.h"
#include "worker.h"

#define NAME		"vhxt_workers"
#define QUEUES		2

FIXTURE(workers)
{
	struct disk disk;
	struct instance in;
	struct vdev d;
};

FIXTURE_VARIANT(workers)
{
	const char *path;
	const char *module;
};

FIXTURE_VARIANT_ADD(workers, in_tree_scsi)
{
	.path = "/dev/vhost-scsi",
	.module = "vhost_scsi",
};

FIXTURE_VARIANT_ADD(workers, vhx_net)
{
	.path = "/dev/vhx-net",
};

FIXTURE_VARIANT_ADD(workers, vhx_blk)
{
	.path = "/dev/vhx-blk",
};

/* An instance of two queues and one worker. */
FIXTURE_VARIANT_ADD(workers, vhx_vdpa)
{
	.path = "/dev/vhx/" NAME,
};

FIXTURE_SETUP(workers)
{
	static const struct disk_opts opts = { .mib = 16 };
	struct instance *in = &self->in;

	self->d.fd = -1;
	if (!strcmp(variant->path, "/dev/vhx/" NAME)) {
		ASSERT_EQ(0, disk_create(&self->disk, "vhxt_disk", &opts));
		ASSERT_EQ(0, instance_create(in, "blk", NAME));
		ASSERT_EQ(0, instance_set(in, "backend", self->disk.path));
		ASSERT_EQ(0, instance_set(in, "queues", "2"));
		ASSERT_EQ(0, instance_set(in, "workers", "1"));
		ASSERT_EQ(0, instance_enable(in));
	} else if (!node_present(variant->path, variant->module) &&
		   variant->module) {
		SKIP(return, "no %s here", variant->path);
	}
	ASSERT_EQ(0, vdev_open(&self->d, variant->path))
		TH_LOG("%s", variant->path);
}

FIXTURE_TEARDOWN(workers)
{
	vdev_close(&self->d);
	if (self->in.name[0])
		instance_destroy(&self->in);
	disk_destroy(&self->disk);
}

TEST_F(workers, without_owner)
{
	struct vdev *d = &self->d;

	EXPECT_EQ(-EINVAL, worker_new(d));
	EXPECT_EQ(-EINVAL, worker_of(d, 0));
	EXPECT_EQ(-EINVAL, worker_attach(d, 0, 0));
	EXPECT_EQ(-EINVAL, worker_free(d, 0));
}

TEST_F(workers, of_another_process)
{
	struct vdev *d = &self->d;
	int status = 0;
	pid_t pid;

	ASSERT_EQ(0, vhost_set_owner(d));
	pid = fork();
	if (!pid)
		_exit(worker_new(d) == -EPERM && worker_of(d, 0) == -EPERM &&
		      worker_attach(d, 0, 0) == -EPERM &&
		      worker_free(d, 0) == -EPERM);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(1, WEXITSTATUS(status));
	EXPECT_EQ(0, worker_of(d, 0));
}

/* They are numbered from 0, which is the first one's; a number is used again. */
TEST_F(workers, numbers)
{
	struct vdev *d = &self->d;
	unsigned int q;

	ASSERT_EQ(0, vhost_set_owner(d));
	for (q = 0; q < 2; q++)
		if (q == 0 || strcmp(variant->path, "/dev/vhx-net") != 0)
			EXPECT_EQ(0, worker_of(d, q));
	EXPECT_EQ(1, worker_new(d));
	EXPECT_EQ(2, worker_new(d));
	EXPECT_EQ(0, worker_free(d, 1));
	EXPECT_EQ(-ENODEV, worker_free(d, 1));
	EXPECT_EQ(-ENODEV, worker_attach(d, 0, 1));
	EXPECT_EQ(1, worker_new(d));
	EXPECT_EQ(0, worker_free(d, 1));
	EXPECT_EQ(0, worker_free(d, 2));
	EXPECT_EQ(0, worker_of(d, 0));
}

/* One that has queues stays. Even the first one goes when it has none. */
TEST_F(workers, busy)
{
	struct vdev *d = &self->d;

	ASSERT_EQ(0, vhost_set_owner(d));
	EXPECT_EQ(-EBUSY, worker_free(d, 0));
	ASSERT_EQ(1, worker_new(d));
	ASSERT_EQ(0, worker_attach(d, 0, 1));
	EXPECT_EQ(1, worker_of(d, 0));
	EXPECT_EQ(0, worker_of(d, 1));
	EXPECT_EQ(-EBUSY, worker_free(d, 1));
	EXPECT_EQ(-EBUSY, worker_free(d, 0));
	ASSERT_EQ(0, worker_attach(d, 0, 0));
	EXPECT_EQ(0, worker_free(d, 1));
	EXPECT_EQ(-ENODEV, worker_attach(d, 0, 1));
	EXPECT_EQ(0, worker_of(d, 0));
}

/* What is refused changes nothing. */
TEST_F(workers, refused)
{
	struct vdev *d = &self->d;
	void *bad = (void *)16;

	ASSERT_EQ(0, vhost_set_owner(d));
	EXPECT_EQ(-EFAULT, vdev_ioctl(d, "", VHOST_NEW_WORKER, bad));
	EXPECT_EQ(-EFAULT, vdev_ioctl(d, "", VHOST_FREE_WORKER, bad));
	EXPECT_EQ(-EFAULT, vdev_ioctl(d, "", VHOST_ATTACH_VRING_WORKER, bad));
	EXPECT_EQ(-EFAULT, vdev_ioctl(d, "", VHOST_GET_VRING_WORKER, bad));
	EXPECT_EQ(-ENOBUFS, worker_of(d, 100000));
	EXPECT_EQ(-ENOBUFS, worker_attach(d, 100000, 0));
	EXPECT_EQ(-ENODEV, worker_attach(d, 0, 99));
	EXPECT_EQ(-ENODEV, worker_attach(d, 0, ~0U));
	EXPECT_EQ(-ENODEV, worker_free(d, 99));
	EXPECT_EQ(-ENODEV, worker_free(d, ~0U));
	EXPECT_EQ(0, worker_of(d, 0));
	/* The in-tree module keeps a worker whose number it could not tell. */
	EXPECT_EQ(variant->module ? 2 : 1, worker_new(d));
}

/* vhx has no more than one for each queue and one that they have left. */
TEST_F(workers, too_many)
{
	struct vdev *d = &self->d;
	int i, id = 0;

	if (variant->module)
		SKIP(return, "the limit is vhx's own");
	ASSERT_EQ(0, vhost_set_owner(d));
	for (i = 0; i < 100 && id >= 0; i++)
		id = worker_new(d);
	EXPECT_EQ(-ENOSPC, id);
	/* Less than that does not fail. */
	EXPECT_LE(QUEUES + 1, i);
	EXPECT_GE(18, i);
	EXPECT_EQ(0, worker_free(d, 1));
	EXPECT_EQ(1, worker_new(d));
}

static int fork_from_owner(struct vdev *d)
{
	__u8 val = 77;
	int err = vdev_ioctl(d, "", VHOST_GET_FORK_FROM_OWNER, &val);

	return err ? err : val;
}

static int set_fork_from_owner(struct vdev *d, __u8 val)
{
	return vdev_ioctl(d, "", VHOST_SET_FORK_FROM_OWNER, &val);
}

TEST_F(workers, fork_from_owner)
{
	struct vdev *d = &self->d;
	int def = fork_from_owner(d);

	/* In-tree this needs a newer kernel. */
	if (variant->module && (def == -ENOTTY || def == -EPERM))
		SKIP(return, "not here");
	ASSERT_LE(0, def);
	EXPECT_EQ(-EINVAL, set_fork_from_owner(d, 2));
	EXPECT_EQ(def, fork_from_owner(d));
	ASSERT_EQ(0, set_fork_from_owner(d, 0));
	EXPECT_EQ(0, fork_from_owner(d));
	if (!def) {
		EXPECT_EQ(-EOPNOTSUPP, set_fork_from_owner(d, 1));
	} else {
		EXPECT_EQ(0, set_fork_from_owner(d, 1));
		EXPECT_EQ(1, fork_from_owner(d));
		EXPECT_EQ(0, set_fork_from_owner(d, 0));
	}
	ASSERT_EQ(0, vhost_set_owner(d));
	EXPECT_EQ(-EBUSY, set_fork_from_owner(d, 1));
	EXPECT_EQ(0, fork_from_owner(d));
	EXPECT_EQ(0, worker_of(d, 0));
	if (def)
		EXPECT_EQ(-EFAULT, worker_new(d));
}

/*
 * The threads: their names, and whose they are.
 */

struct thread {
	char name[32];
	pid_t tid;
};

static bool has_thread(void *arg)
{
	struct thread *t = arg;

	t->tid = worker_thread(t->name);
	return t->tid > 0;
}

static bool has_no_thread(void *arg)
{
	return !has_thread(arg);
}

/* A thread takes its name before it is started. */
static void expect_thread(struct __test_metadata *_metadata, struct thread *t)
{
	EXPECT_EQ(0, cond_wait(has_thread, t, WAIT_MS))
		TH_LOG("no thread is called %s", t->name);
}

static void expect_no_thread(struct __test_metadata *_metadata,
			     struct thread *t)
{
	EXPECT_EQ(0, cond_wait(has_no_thread, t, WAIT_MS))
		TH_LOG("there is a thread %s", t->name);
}

TEST(threads_of_a_node)
{
	struct thread first, second;
	struct vdev d;

	snprintf(first.name, sizeof(first.name), "vhx-%d", getpid());
	snprintf(second.name, sizeof(second.name), "vhx-%d-1", getpid());
	ASSERT_EQ(0, vdev_open(&d, "/dev/vhx-net"));
	expect_no_thread(_metadata, &first);
	ASSERT_EQ(0, vhost_set_owner(&d));
	expect_thread(_metadata, &first);
	expect_no_thread(_metadata, &second);
	ASSERT_EQ(1, worker_new(&d));
	expect_thread(_metadata, &second);
	if (fork_from_owner(&d) == 1)
		EXPECT_TRUE(worker_is_ours(second.tid));
	ASSERT_EQ(0, worker_free(&d, 1));
	expect_no_thread(_metadata, &second);
	ASSERT_EQ(1, worker_new(&d));
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_RESET_OWNER, NULL));
	expect_no_thread(_metadata, &first);
	expect_no_thread(_metadata, &second);
	vdev_close(&d);
}

TEST(threads_of_the_kernel)
{
	struct netdev_opts o = VHX(NET_EVENT);
	struct thread t;
	struct vdev d;
	struct netdev n;

	snprintf(t.name, sizeof(t.name), "vhx-%d", getpid());
	ASSERT_EQ(0, vdev_open(&d, "/dev/vhx-net"));
	ASSERT_EQ(0, set_fork_from_owner(&d, 0));
	ASSERT_EQ(0, vhost_set_owner(&d));
	expect_thread(_metadata, &t);
	EXPECT_FALSE(worker_is_ours(t.tid));
	/* Reset, the device is as it was opened. */
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_RESET_OWNER, NULL));
	expect_no_thread(_metadata, &t);
	vdev_close(&d);

	/* And it serves queues as any worker does. */
	o.kthread = true;
	ASSERT_EQ(0, netdev_start(&n, &o)) TH_LOG("%s", n.dev.what);
	expect_thread(_metadata, &t);
	EXPECT_FALSE(worker_is_ours(t.tid));
	EXPECT_EQ(0, netdev_ping(&n, 1));
	EXPECT_EQ(0, netdev_ping(&n, 2));
	netdev_stop(&n);
	expect_no_thread(_metadata, &t);
}

struct spread {
	const char *instance;
	const char *workers;
	int of[8];
	const char *names[8];
};

/* Eight queues are dealt out to so many workers. */
static const struct spread spreads[] = {
	{ "disk0", "1", { 0, 0, 0, 0, 0, 0, 0, 0 }, { "vhx-disk0" } },
	{ "disk0", "2", { 0, 0, 0, 0, 1, 1, 1, 1 },
	  { "vhx-disk0-q0-3", "vhx-disk0-q4-7" } },
	{ "disk0", "3", { 0, 0, 1, 1, 1, 2, 2, 2 },
	  { "vhx-disk0-q0-1", "vhx-disk0-q2-4", "vhx-disk0-q5-7" } },
	{ "disk0", "8", { 0, 1, 2, 3, 4, 5, 6, 7 },
	  { "vhx-disk0-q0", "vhx-disk0-q1", "vhx-disk0-q2", "vhx-disk0-q3",
	    "vhx-disk0-q4", "vhx-disk0-q5", "vhx-disk0-q6", "vhx-disk0-q7" } },
	/* No more than there are queues. */
	{ "d", "16", { 0, 1, 2, 3, 4, 5, 6, 7 }, { "vhx-d-q0" } },
	/* 15 characters are all that a thread's name has. */
	{ "a_very_long_name", "1", { 0 }, { "vhx-a_very_long" } },
	{ "a_very_long_name", "8", { 0, 1, 2, 3, 4, 5, 6, 7 },
	  { "vhx-a_very_l-q0", "vhx-a_very_l-q1" } },
	{ "a_very_long_name", "2", { 0, 0, 0, 0, 1, 1, 1, 1 },
	  { "vhx-a_very-q0-3", "vhx-a_very-q4-7" } },
};

static void expect_spread(struct __test_metadata *_metadata,
			  const struct spread *s, const char *backend)
{
	struct instance in;
	struct thread t;
	struct vdev d;
	int q;

	ASSERT_EQ(0, instance_create(&in, "blk", s->instance));
	ASSERT_EQ(0, instance_set(&in, "backend", backend));
	ASSERT_EQ(0, instance_set(&in, "workers", s->workers));
	ASSERT_EQ(0, instance_set(&in, "queues", "8"));
	ASSERT_EQ(0, instance_enable(&in));
	ASSERT_EQ(0, vdev_open(&d, in.node));
	ASSERT_EQ(0, vhost_set_owner(&d));
	for (q = 0; q < 8; q++)
		EXPECT_EQ(s->of[q], worker_of(&d, q))
			TH_LOG("%s workers, queue %d", s->workers, q);
	for (q = 0; q < 8 && s->names[q]; q++) {
		snprintf(t.name, sizeof(t.name), "%s", s->names[q]);
		expect_thread(_metadata, &t);
	}
	vdev_close(&d);
	ASSERT_EQ(0, instance_destroy(&in));
}

TEST(threads_of_an_instance)
{
	static const struct disk_opts opts = { .mib = 16 };
	struct disk disk;
	size_t i;

	ASSERT_EQ(0, disk_create(&disk, "vhxt_disk", &opts));
	for (i = 0; i < ARRAY_SIZE(spreads); i++)
		expect_spread(_metadata, &spreads[i], disk.path);
	disk_destroy(&disk);
}

/* One for each queue, but no more than there are CPUs. */
TEST(default_of_an_instance)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct instance in;
	char queues[8];
	long n;

	ASSERT_EQ(0, instance_create(&in, "blk", NAME));
	for (n = 1; n <= 16; n++) {
		snprintf(queues, sizeof(queues), "%ld", n);
		ASSERT_EQ(0, instance_set(&in, "queues", queues));
		EXPECT_EQ(n < cpus ? n : cpus,
			  attr_read_long("/sys/kernel/config/vhx/blk/" NAME
					 "/workers"));
	}
	EXPECT_EQ(-EINVAL, instance_set(&in, "workers", "0"));
	EXPECT_EQ(-EINVAL, instance_set(&in, "workers", "17"));
	EXPECT_EQ(-EINVAL, instance_set(&in, "workers", "many"));
	ASSERT_EQ(0, instance_set(&in, "workers", "5"));
	EXPECT_EQ(5, attr_read_long("/sys/kernel/config/vhx/blk/" NAME
				    "/workers"));
	ASSERT_EQ(0, instance_destroy(&in));
}

/*
 * Under load: a thread moves the queues from worker to worker.
 */

struct mover {
	struct vdev *d;
	unsigned int nvqs;
	unsigned int most;
	unsigned int moves;
	bool over;
	int err;
	pthread_t thread;
};

static bool mover_over(struct mover *m)
{
	return __atomic_load_n(&m->over, __ATOMIC_RELAXED);
}

static unsigned int mover_moves(struct mover *m)
{
	return __atomic_load_n(&m->moves, __ATOMIC_RELAXED);
}

/* Each move is to a worker that did not exist before, or to an old one. */
static void *move(void *arg)
{
	struct mover *m = arg;
	unsigned int i;
	int id, was;

	for (i = 0; !mover_over(m) && !m->err; i++) {
		was = worker_of(m->d, i % m->nvqs);
		id = worker_new(m->d);
		if (was < 0 || id < 0) {
			m->err = was < 0 ? was : id;
			break;
		}
		m->err = worker_attach(m->d, i % m->nvqs, id);
		if (!m->err && i % 3)
			m->err = worker_attach(m->d, i % m->nvqs, was);
		worker_free(m->d, i % 3 ? id : was);
		__atomic_fetch_add(&m->moves, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void mover_start(struct __test_metadata *_metadata, struct mover *m,
			struct vdev *d)
{
	*m = (struct mover){
		.d = d, .nvqs = d->nvqs, .most = kernel_is_slow() ? 60 : 200,
	};
	ASSERT_EQ(0, pthread_create(&m->thread, NULL, move, m));
}

static void mover_stop(struct __test_metadata *_metadata, struct mover *m)
{
	__atomic_store_n(&m->over, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(m->thread, NULL));
	EXPECT_EQ(0, m->err)
		TH_LOG("%s after %u moves", strerror(-m->err), m->moves);
}

static bool mover_done(struct mover *m)
{
	return m->err || mover_moves(m) >= m->most;
}

FIXTURE(net_moved)
{
	struct netdev n;
};

FIXTURE_VARIANT(net_moved)
{
	struct netdev_opts o;
};

RING_BOTH(net_moved, vhx, NET_ON_VHX, NET_PLAIN);

FIXTURE_SETUP(net_moved)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(net_moved)
{
	netdev_stop(&self->n);
}

/* One frame after the other: each needs its kick, and its call. */
TEST_F(net_moved, one_by_one)
{
	struct mover m;
	unsigned int i;

	mover_start(_metadata, &m, &self->n.dev);
	for (i = 0; i < 100 || !mover_done(&m); i++) {
		int err = netdev_ping(&self->n, i);

		EXPECT_EQ(0, err)
			TH_LOG("frame %u, after %u moves: %s", i,
			       mover_moves(&m), strerror(-err));
		if (err)
			break;
	}
	mover_stop(_metadata, &m);
}

/* Many at once: they come in their order, none twice, whoever sends them. */
TEST_F(net_moved, stream)
{
	enum { DEPTH = 64, LEN = 200 };
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[TX];
	unsigned int sent = 0, got = 0, i;
	char frame[LEN];
	struct mover m;

	mover_start(_metadata, &m, &n->dev);
	while (got < 1000 || !mover_done(&m)) {
		struct chain c;

		for (i = 0; i < DEPTH; i++) {
			char hdr[16] = { 0 };

			chain_init(&c, &n->arena);
			chain_add(&c, &n->arena, n->hlen + LEN, false, NULL);
			chain_put(&c, 0, hdr, n->hlen);
			frame_make(frame, LEN, sent++);
			chain_put(&c, n->hlen, frame, LEN);
			ASSERT_EQ(0, chain_submit(vq, &c, i));
			if (i % 8 == 7)
				vq_kick(vq);
		}
		for (i = 0; i < DEPTH; i++) {
			frame_make(frame, LEN, got++);
			ASSERT_EQ(0, netdev_expect(n, frame, LEN, NULL))
				TH_LOG("frame %u, after %u moves", got - 1,
				       mover_moves(&m));
		}
		ASSERT_EQ(0, netdev_reap(vq, DEPTH));
		EXPECT_FALSE(vq_more_used(vq));
		arena_reset(&n->arena);
	}
	mover_stop(_metadata, &m);
}

FIXTURE(blk_moved)
{
	struct blkdev b;
};

FIXTURE_VARIANT(blk_moved)
{
	struct blkdev_opts o;
};

/* A disk that takes its time, so that requests are in flight. */
#define TWO_QUEUES(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = {							\
			.kind = BLK_VDPA, .features = (f),		\
			.queues = QUEUES,				\
			.disk = { .delay_ns = 100000, .depth = 32 },	\
		})

RING_BOTH(blk_moved, vhx, TWO_QUEUES, BLK_PLAIN);

FIXTURE_SETUP(blk_moved)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(blk_moved)
{
	blkdev_close(&self->b);
}

#define REQS	96
#define LEN	4096

static struct blkreq reqs[REQS];
static char data[LEN], back[LEN];

static void add_batch(struct __test_metadata *_metadata, struct blkdev *b,
		      unsigned int round, bool write)
{
	unsigned int i;

	for (i = 0; i < REQS; i++) {
		struct blkreq *r = &reqs[i];

		*r = (struct blkreq){
			.type = write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN,
			.sector = 8 * i,
		};
		if (write) {
			blk_pattern(data, LEN, round * REQS + i);
			r->out = data;
			r->out_len = LEN;
		} else {
			r->in_len = LEN;
		}
		ASSERT_EQ(0, blk_add(b, i % QUEUES, r, i));
		vq_kick(&b->dev.vq[i % QUEUES]);
	}
}

/* Each request is completed once, on its queue, and did what it was to. */
static void reap_batch(struct __test_metadata *_metadata, struct blkdev *b,
		       unsigned int round, bool write)
{
	bool seen[REQS] = { false };
	struct vq_done done;
	unsigned int i;

	for (i = 0; i < REQS; i++) {
		struct vq *vq = &b->dev.vq[i % QUEUES];

		ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
		ASSERT_EQ(1, vq_pop(vq, &done));
		ASSERT_GT(REQS, done.token);
		ASSERT_EQ(i % QUEUES, done.token % QUEUES);
		ASSERT_FALSE(seen[done.token])
			TH_LOG("request %u comes twice", done.token);
		seen[done.token] = true;
		ASSERT_EQ(VIRTIO_BLK_S_OK, blk_status(&reqs[done.token]));
		if (write)
			continue;
		blk_pattern(data, LEN, round * REQS + done.token);
		blk_data(&reqs[done.token], back);
		ASSERT_EQ(0, memcmp(data, back, LEN));
	}
	for (i = 0; i < QUEUES; i++)
		EXPECT_FALSE(vq_more_used(&b->dev.vq[i]));
	arena_reset(&b->arena);
}

TEST_F(blk_moved, in_flight)
{
	struct blkdev *b = &self->b;
	unsigned int round;
	struct mover m;

	mover_start(_metadata, &m, &b->dev);
	for (round = 0; round < 10 || !mover_done(&m); round++) {
		add_batch(_metadata, b, round, true);
		reap_batch(_metadata, b, round, true);
		add_batch(_metadata, b, round, false);
		reap_batch(_metadata, b, round, false);
	}
	mover_stop(_metadata, &m);
}

/* The queue is stopped and started by turns: a move finds it in any state. */
TEST_F(blk_moved, stop_and_go)
{
	struct blkdev *b = &self->b;
	unsigned int round;
	struct mover m;

	mover_start(_metadata, &m, &b->dev);
	for (round = 0; round < 10 || !mover_done(&m); round++) {
		add_batch(_metadata, b, round, true);
		ASSERT_EQ(0, vdev_ioctl(&b->dev, "", VHOST_VDPA_SUSPEND, NULL));
		ASSERT_EQ(0, vdev_ioctl(&b->dev, "", VHOST_VDPA_RESUME, NULL));
		reap_batch(_metadata, b, round, true);
		add_batch(_metadata, b, round, false);
		ASSERT_EQ(0, vdpa_enable(&b->dev, round % QUEUES, false));
		ASSERT_EQ(0, vdpa_enable(&b->dev, round % QUEUES, true));
		reap_batch(_metadata, b, round, false);
	}
	mover_stop(_metadata, &m);
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
