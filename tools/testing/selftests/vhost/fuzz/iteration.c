// SPDX-License-Identifier: GPL-2.0
/*
 * What is done to a device, and in which order. The random numbers do not
 * depend on what the device does, so an iteration is the same every time,
 * except for the timing of the device.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "iteration.h"
#include "wait.h"

/* How long to wait for the device before going on. No result depends on it. */
#define REST_MS		10

/* Wait until a queue signals call or err. Record a queue that is broken. */
static void take_events(struct fuzz *f, int ms)
{
	struct pollfd p[2 * QUEUES_MAX];
	unsigned int i;

	for (i = 0; i < QUEUES_MAX; i++) {
		p[2 * i] = (struct pollfd){ f->queue[i].call, POLLIN, 0 };
		p[2 * i + 1] = (struct pollfd){ f->queue[i].err, POLLIN, 0 };
	}
	if (poll(p, 2 * QUEUES_MAX, ms) <= 0)
		return;
	for (i = 0; i < QUEUES_MAX; i++) {
		if (p[2 * i].revents)
			event_take(p[2 * i].fd);
		if (p[2 * i + 1].revents)
			f->now.broken |= event_take(p[2 * i + 1].fd);
	}
}

/* Let the device serve a queue, unless it is broken. */
static void rest(struct fuzz *f, struct queue *q)
{
	if (f->now.started && !f->now.broken)
		take_events(f, REST_MS);
	queue_look(q);
}

/* Add a request, which is valid or not. */
static void offer(struct fuzz *f, unsigned int i, bool spoil)
{
	struct draw *d = &f->me.draw;
	struct queue *q = &f->queue[i];
	bool indirect = draw_one_in(d, 3);
	struct chain c;

	f->target.type->request[i](&f->data, d, &c);
	for (; spoil; spoil = draw_one_in(d, 2))
		request_spoil(&c, d, &f->mem);
	if (!(f->features & BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC)))
		indirect = draw_one_in(d, 32);
	queue_add(q, d, &c, indirect);
}

static void offer_some(struct fuzz *f, unsigned int i, bool spoil)
{
	struct draw *d = &f->me.draw;
	struct queue *q = &f->queue[i];
	unsigned int n = 1 + draw_below(d, 4), k;
	bool wait = draw_one_in(d, 2);

	for (k = 0; k < n; k++)
		offer(f, i, spoil && draw_one_in(d, n));
	if (f->target.type->request[i] == request_receive && draw_one_in(d, 2))
		target_send(&f->target, d);
	if (!draw_one_in(d, 16))
		event_signal(q->kick);
	if (wait)
		rest(f, q);
}

static void scribble(struct fuzz *f, unsigned int i)
{
	struct draw *d = &f->me.draw;
	unsigned int n = 1 + draw_below(d, 20);

	if (draw_one_in(d, 2))
		event_signal(f->queue[i].kick);
	while (n--)
		queue_scribble(&f->queue[i], d, &f->mem);
	if (draw_one_in(d, 2))
		event_signal(f->queue[i].kick);
}

static void call_some(struct fuzz *f)
{
	unsigned int n = 1 + draw_below(&f->me.draw, 3);

	while (n--)
		random_call(f, &f->me);
}

/* The first actions after a set-up are mostly valid, so that something runs. */
static void act(struct fuzz *f, bool well)
{
	struct draw *d = &f->me.draw;
	unsigned int i = f->first + draw_below(d, f->end - f->first);

	switch (draw_below(d, well ? 6 : 16)) {
	default:
		offer_some(f, i, false);
		break;
	case 6:
	case 7:
	case 8:
		offer_some(f, i, true);
		break;
	case 9:
	case 10:
		scribble(f, i);
		break;
	case 11:
		queue_jump(&f->queue[i], d);
		event_signal(f->queue[i].kick);
		break;
	case 12:
		call_some(f);
		break;
	case 13:
		setup_memory(f);
		break;
	case 14:
		setup_restart(f, i);
		break;
	case 15:
		if (draw_one_in(d, 2))
			setup_pause(f);
	}
}

/* Set the device up, use it, and stop it. */
static void round_of(struct fuzz *f)
{
	struct draw *d = &f->me.draw;
	unsigned int n = 2 + draw_below(d, 6), i;

	f->slip = draw_one_in(d, 2) ? 0 : 16 << draw_below(d, 4);
	setup(f);
	for (i = 0; i < n; i++)
		act(f, !i);
	if (draw_one_in(d, 4))
		f->slip = 8;
	setup_end(f);
}

/* Random calls by a second thread. */
static void *get_in_the_way(void *arg)
{
	struct fuzz *f = arg;
	unsigned int n = 4 + draw_below(&f->other.draw, 28);

	while (n--)
		random_call(f, &f->other);
	close(f->other.dev.fd);
	return NULL;
}

static void note(struct fuzz *f, struct outcome outcome[NFORMATS])
{
	const struct outcome *now = &f->now;
	unsigned int i;

	take_events(f, 0);
	for (i = f->first; i < f->end; i++) {
		struct queue *q = &f->queue[i];
		struct outcome *o = &outcome[q->packed];

		queue_look(q);
		o->completed |= q->completed;
		o->started |= now->started;
		o->broken |= now->broken;
		o->refused |= now->refused;
	}
}

static int begin(struct fuzz *f, __u64 seed, __u64 number)
{
	unsigned int type = f->target.type - target_types, i;

	f->me.draw = draw_start(seed, number * NTARGETS + type);
	memory_reset(&f->mem, &f->me.draw);
	target_drain(&f->target);
	take_events(f, 0);
	for (i = 0; i < QUEUES_MAX; i++)
		event_take(f->queue[i].kick);
	return vdev_open(&f->me.dev, f->target.node);
}

int fuzz_iterate(struct fuzz *f, __u64 seed, __u64 number,
		 struct outcome outcome[NFORMATS])
{
	unsigned int rounds;
	pthread_t thread;
	bool racing;
	int err;

	err = begin(f, seed, number);
	if (err)
		return err;
	memset(outcome, 0, NFORMATS * sizeof(*outcome));
	rounds = 1 + draw_one_in(&f->me.draw, 4);
	racing = draw_one_in(&f->me.draw, 8);
	f->other.draw = draw_start(seed, draw(&f->me.draw));
	if (racing) {
		f->other.dev.fd = dup(f->me.dev.fd);
		if (pthread_create(&thread, NULL, get_in_the_way, f))
			return -EAGAIN;
	}
	while (rounds--) {
		round_of(f);
		if (rounds)
			note(f, outcome);
	}
	vdev_close(&f->me.dev);
	if (racing)
		pthread_join(thread, NULL);
	/* The device is closed: all completions are in the rings. */
	note(f, outcome);
	return memory_intact(&f->mem) ? 0 : -EFAULT;
}

static int make_events(struct queue *q)
{
	q->kick = event_new();
	q->call = event_new();
	q->err = event_new();
	return q->kick < 0 || q->call < 0 || q->err < 0 ? -EMFILE : 0;
}

int fuzz_init(struct fuzz *f, const struct target_type *type)
{
	unsigned int i;
	int err;

	memset(f, 0, sizeof(*f));
	err = memory_init(&f->mem);
	if (!err)
		err = actor_init(&f->me);
	if (!err)
		err = actor_init(&f->other);
	for (i = 0; !err && i < QUEUES_MAX; i++)
		err = make_events(&f->queue[i]);
	if (!err)
		err = target_prepare(&f->target, type);
	if (!err)
		err = vdev_open(&f->me.dev, f->target.node);
	if (err)
		return err;
	err = vdev_ioctl(&f->me.dev, "features", VHOST_GET_FEATURES,
			 &f->offered);
	vdev_close(&f->me.dev);
	return err;
}

void fuzz_exit(struct fuzz *f)
{
	target_remove(&f->target);
}
