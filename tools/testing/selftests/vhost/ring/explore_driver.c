// SPDX-License-Identifier: GPL-2.0
/*
 * The driver, for both formats: adds buffers and takes them back as the script
 * says. Each buffer must come back once, with the right contents and length.
 */
#include <string.h>

#include "explore.h"

enum driver_phase {
	SCRIPT,
	DISABLE,	/* disables calls, to look for completions */
	GET,
	ENABLE,
	SLEEP,
};

static struct driver {
	struct driver_ring ring;
	enum driver_phase phase;
	u8 at;		/* position in the script */
	u8 added;	/* number of buffers added */
	u8 wanted;	/* the script waits until @ring.back is that much */
} driver;

static const struct driver_ops *ops(void)
{
	return config.packed ? &packed_driver : &split_driver;
}

u16 driver_take_id(struct driver_ring *r)
{
	u16 id = __builtin_ctz(r->free);

	r->free &= ~(1 << id);
	return id;
}

static void add(unsigned int n)
{
	unsigned int k = driver.added++;

	WRITE_ONCE(area.data[k], buffer_request(k));
	driver.ring.out |= 1 << k;
	driver.ring.descs[k] = n;
	ops()->add(&driver.ring, k, n);
}

static void wait_for(unsigned int wanted)
{
	driver.wanted = wanted;
	driver.phase = DISABLE;
}

static void script(void)
{
	switch (config.script[driver.at++]) {
	case 'a':
		add(1);
		break;
	case 'b':
		add(2);
		break;
	case 'k':
		if (ops()->must_kick(&driver.ring))
			explore_notify(EXPLORE_PLACE, EXPLORE_DEVICE);
		break;
	case 'w':
		wait_for(driver.ring.back + 1);
		break;
	case 'c':
		wait_for(driver.added);
		break;
	default:
		explore_end();
	}
}

static void take_back(unsigned int k)
{
	struct driver_ring *r = &driver.ring;

	if (READ_ONCE(area.data[k]) != buffer_answer(k))
		explore_fail("the contents of a completed buffer are stale");
	r->out &= ~(1 << k);
	r->free |= r->ids[k];
	r->id[k] = 0;
	r->ids[k] = 0;
	r->descs[k] = 0;
	r->back++;
}

/* Finds the buffer that a completion is for. */
static unsigned int find(const struct driver_ring *r, u16 id)
{
	unsigned int k;

	for (k = 0; k < driver.added; k++)
		if (r->out & 1 << k && r->id[k] == id)
			return k;
	explore_fail("a completion is for no buffer that the device has");
}

/*
 * With VIRTIO_F_IN_ORDER a completion is also for the buffers before it, which
 * were written completely.
 */
static void get(void)
{
	struct driver_ring *r = &driver.ring;
	unsigned int first, last, k, descs = 0;
	u32 len;
	u16 id;

	if (!ops()->get(r, &id, &len)) {
		driver.phase = ENABLE;
		return;
	}
	last = find(r, id);
	first = config.in_order ? r->back : last;
	if (first > last)
		explore_fail("a buffer is completed twice");
	for (k = first; k <= last; k++) {
		if (buffer_used(k) != (k == last ? len : buffer_len(k)))
			explore_fail("the length in a completion is stale");
		descs += r->descs[k];
	}
	for (k = first; k <= last; k++)
		take_back(k);
	ops()->got(r, last + 1 - first, descs);
}

static void enable(void)
{
	bool more = false;

	/* If calls were enabled all the time, get() was the second look. */
	if (!config.listens)
		more = ops()->enable(&driver.ring) &&
		       !EXPLORE_WEAK("no look after calls are enabled");
	if (more)
		driver.phase = DISABLE;
	else if (driver.ring.back < driver.wanted)
		driver.phase = SLEEP;
	else
		driver.phase = SCRIPT;
}

static void driver_turn(void)
{
	switch (driver.phase) {
	case SCRIPT:
		script();
		break;
	case DISABLE:
		driver.phase = GET;
		if (!config.listens)
			ops()->disable(&driver.ring);
		break;
	case GET:
		get();
		break;
	case ENABLE:
		enable();
		break;
	case SLEEP:
		driver.phase = DISABLE;
		explore_wait(EXPLORE_PLACE);
		break;
	}
}

static const char *driver_stuck(void)
{
	return explore_popped() < driver.added ?
	       "no kick for a buffer: both sides sleep" :
	       "no call for a completion: both sides sleep";
}

struct explore_thread explore_driver(void)
{
	memset(&driver, 0, sizeof(driver));
	driver.ring.free = (1 << config.num) - 1;
	ops()->init(&driver.ring);
	return (struct explore_thread){
		.local = &driver, .size = sizeof(driver),
		.turn = driver_turn, .stuck = driver_stuck,
	};
}
