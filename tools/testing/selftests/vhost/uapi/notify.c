// SPDX-License-Identifier: GPL-2.0
/*
 * Eventfds that are set late. QEMU starts a vdpa device first and sets its call
 * eventfds then; what the device had to say before must not be lost. So an
 * eventfd that is set on a queue that is started, or broken, is signalled at
 * once; and so is the one for configuration changes, when the device needs a
 * reset.
 */
#include "attr.h"
#include "blkdev.h"
#include "harness.h"
#include "matrix.h"

#define NEEDS_RESET	VIRTIO_CONFIG_S_NEEDS_RESET

FIXTURE(notify)
{
	struct blkdev b;
	struct vdev *d;
	struct vq *vq;
	bool vdpa;
};

FIXTURE_VARIANT(notify)
{
	struct blkdev_opts o;
};

#define ON_VDPA(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .kind = BLK_VDPA, .features = (f) })

#define ON_VHOST(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .kind = BLK_VHOST, .features = (f) })

RING_BOTH(notify, vhx_vdpa, ON_VDPA, BLK_PLAIN);
RING_BOTH(notify, vhx_vhost, ON_VHOST, BLK_PLAIN);

FIXTURE_SETUP(notify)
{
	const char *why;

	ASSERT_EQ(0, blkdev_open(&self->b, &variant->o, &why))
		TH_LOG("%s", why);
	self->d = &self->b.dev;
	self->vq = &self->d->vq[0];
	self->vdpa = self->b.kind == BLK_VDPA;
}

FIXTURE_TEARDOWN(notify)
{
	blkdev_close(&self->b);
}

/* Set up and start the device without some of the queue's eventfds. */
static void start_without(struct __test_metadata *_metadata,
			  FIXTURE_DATA(notify) * self, int *without)
{
	int fd = *without;

	*without = -1;
	ASSERT_EQ(0, blkdev_start(&self->b))
		TH_LOG("%s", self->d->what);
	*without = fd;
}

/* Put a flush on the ring and kick. */
static void add(struct __test_metadata *_metadata, FIXTURE_DATA(notify) * self)
{
	static struct blkreq r = { .type = VIRTIO_BLK_T_FLUSH };

	ASSERT_EQ(0, blk_add(&self->b, 0, &r, 0));
	vq_kick(self->vq);
}

static void take(struct __test_metadata *_metadata, FIXTURE_DATA(notify) * self)
{
	struct vq_done done;

	ASSERT_EQ(1, vq_pop(self->vq, &done));
	arena_reset(&self->b.arena);
}

static bool is_used(void *arg)
{
	return vq_more_used(arg);
}

/* Break the queue: there is no memory at that address. */
static void break_queue(struct __test_metadata *_metadata,
			FIXTURE_DATA(notify) * self)
{
	const struct vq_seg nowhere = { .gpa = 4096, .len = 16 };

	ASSERT_EQ(0, vq_add(self->vq, &nowhere, 1, 0));
	vq_publish(self->vq);
	vq_kick_always(self->vq);
}

/* In QEMU's order, with a request that is on the ring already. */
TEST_F(notify, call_set_after_the_completion)
{
	int i;

	vq_call_enable(self->vq);
	add(_metadata, self);
	start_without(_metadata, self, &self->vq->call);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, cond_wait(is_used, self->vq, WAIT_MS));
		ASSERT_EQ(0, vring_set_call(self->d, 0, self->vq->call));
		EXPECT_EQ(0, event_wait(self->vq->call, WAIT_MS));
		take(_metadata, self);

		/* And again, while it runs. */
		ASSERT_EQ(0, vring_set_call(self->d, 0, -1));
		vq_call_enable(self->vq);
		add(_metadata, self);
	}
}

/* With nothing completed there is nothing that might come late. */
TEST_F(notify, call_set_on_started_queue)
{
	struct vq *vq = self->vq;

	start_without(_metadata, self, &vq->call);
	ASSERT_EQ(0, vring_set_call(self->d, 0, vq->call));
	EXPECT_TRUE(event_take(vq->call));
	/* Once. */
	EXPECT_FALSE(event_take(vq->call));
	ASSERT_EQ(0, vring_set_call(self->d, 0, vq->call));
	EXPECT_TRUE(event_take(vq->call));
}

static int pause_device(FIXTURE_DATA(notify) * self)
{
	return self->vdpa ?
	       vdev_ioctl(self->d, "SUSPEND", VHOST_VDPA_SUSPEND, NULL) :
	       vhost_blk_attach(self->d, -1);
}

static int resume_device(FIXTURE_DATA(notify) * self)
{
	return self->vdpa ?
	       vdev_ioctl(self->d, "RESUME", VHOST_VDPA_RESUME, NULL) :
	       vhost_blk_attach(self->d, self->b.backend);
}

/* An eventfd that is set while the queue is stopped hears of its start. */
TEST_F(notify, call_set_while_stopped)
{
	struct vq *vq = self->vq;

	vq_call_enable(vq);
	add(_metadata, self);
	start_without(_metadata, self, &vq->call);
	ASSERT_EQ(0, cond_wait(is_used, vq, WAIT_MS));
	ASSERT_EQ(0, pause_device(self));
	ASSERT_EQ(0, vring_set_call(self->d, 0, vq->call));
	ASSERT_EQ(0, resume_device(self));
	EXPECT_EQ(0, event_wait(vq->call, WAIT_MS));
	take(_metadata, self);
}

/* The same for a queue that is disabled and enabled. */
TEST_F(notify, call_set_while_disabled)
{
	struct vq *vq = self->vq;

	if (!self->vdpa)
		SKIP(return, "there is nothing like it here");

	vq_call_enable(vq);
	add(_metadata, self);
	start_without(_metadata, self, &vq->call);
	ASSERT_EQ(0, cond_wait(is_used, vq, WAIT_MS));
	ASSERT_EQ(0, vdpa_enable(self->d, 0, false));
	ASSERT_EQ(0, vring_set_call(self->d, 0, vq->call));
	ASSERT_EQ(0, vdpa_enable(self->d, 0, true));
	EXPECT_EQ(0, event_wait(vq->call, WAIT_MS));
	take(_metadata, self);
}

#define BROKEN	"/sys/class/misc/%s/broken_queues"

static long broken_queues(FIXTURE_DATA(notify) * self)
{
	char name[64];

	if (!self->vdpa)
		return attr_read_long(BROKEN, "vhx-blk");
	snprintf(name, sizeof(name), "vhx!%.32s", self->b.in.name);
	return attr_read_long(BROKEN, name);
}

struct count {
	FIXTURE_DATA(notify) * self;
	long was;
};

static bool has_broken(void *arg)
{
	struct count *c = arg;

	return broken_queues(c->self) == c->was + 1;
}

TEST_F(notify, err_set_on_broken_queue)
{
	struct count c = { self, 0 };
	struct vq *vq = self->vq;

	start_without(_metadata, self, &vq->err);
	c.was = broken_queues(self);
	ASSERT_LE(0, c.was);
	break_queue(_metadata, self);
	ASSERT_EQ(0, cond_wait(has_broken, &c, WAIT_MS));
	ASSERT_EQ(0, vring_set_err(self->d, 0, vq->err));
	EXPECT_EQ(0, event_wait(vq->err, WAIT_MS));
}

TEST_F(notify, err_set_on_sound_queue)
{
	struct vq *vq = self->vq;

	start_without(_metadata, self, &vq->err);
	ASSERT_EQ(0, vring_set_err(self->d, 0, vq->err));
	EXPECT_FALSE(event_take(vq->err));
	break_queue(_metadata, self);
	EXPECT_EQ(0, event_wait(vq->err, WAIT_MS));
}

static void expect_status(struct __test_metadata *_metadata, struct vdev *d,
			  __u8 want)
{
	__u8 status = 0;

	ASSERT_EQ(0, vdpa_get_status(d, &status));
	EXPECT_EQ(want, status);
}

/* The client of a vdpa device learns of a broken queue from the device. */
TEST_F(notify, needs_reset)
{
	struct vdev *d = self->d;
	struct vq *vq = self->vq;

	if (!self->vdpa)
		SKIP(return, "there is no status here");

	ASSERT_EQ(0, blkdev_start(&self->b));
	expect_status(_metadata, d, VDEV_S_RUNNING);
	EXPECT_FALSE(event_take(d->config_call));
	break_queue(_metadata, self);
	EXPECT_EQ(0, event_wait(d->config_call, WAIT_MS));
	expect_status(_metadata, d, VDEV_S_RUNNING | NEEDS_RESET);
	/* A driver that writes what it reads takes nothing away. */
	ASSERT_EQ(0, vdpa_set_status(d, VDEV_S_RUNNING | NEEDS_RESET));
	expect_status(_metadata, d, VDEV_S_RUNNING | NEEDS_RESET);

	ASSERT_EQ(0, vdpa_set_status(d, 0));
	expect_status(_metadata, d, 0);
	ASSERT_EQ(0, vdpa_unmap_all(d));
	vq_reset(vq, vq_base_after(vq, 0));
	ASSERT_EQ(0, vdpa_set_status(d, VDEV_S_DRIVER));
	event_take(d->config_call);
	ASSERT_EQ(0, vdpa_start(d));
	expect_status(_metadata, d, VDEV_S_RUNNING);
	EXPECT_FALSE(event_take(d->config_call));
}

/* And if it asks to be told only afterwards. */
TEST_F(notify, needs_reset_before_config_call)
{
	struct count c = { self, 0 };
	struct vdev *d = self->d;
	int none = -1, fd;

	if (!self->vdpa)
		SKIP(return, "there is no status here");

	ASSERT_EQ(0, blkdev_start(&self->b));
	ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_VDPA_SET_CONFIG_CALL, &none));
	event_take(d->config_call);
	c.was = broken_queues(self);
	ASSERT_LE(0, c.was);
	break_queue(_metadata, self);
	ASSERT_EQ(0, cond_wait(has_broken, &c, WAIT_MS));
	/* It is counted first, and signalled then. */
	ASSERT_EQ(0, event_wait(self->vq->err, WAIT_MS));
	fd = d->config_call;
	ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_VDPA_SET_CONFIG_CALL, &fd));
	EXPECT_EQ(0, event_wait(fd, WAIT_MS));
}

TEST_HARNESS_MAIN
