// SPDX-License-Identifier: GPL-2.0
/*
 * The device, which calls the engine as drivers/vhost/core/serve.c and
 * complete.c do. It must pop the buffers that the driver added, in the same
 * order.
 */
#include <string.h>

#include "explore.h"

enum device_phase {
	BEGIN,		/* disables kicks */
	POP,
	TAKE,		/* serves the buffers that were popped */
	HAND_OVER,	/* or hands them to the completer */
	PUSH,
	CALL,
	REARM,
	SLEEP,
};

static struct device {
	struct vhx_ring ring;
	u16 ndesc[EXPLORE_SIZE_MAX];
	struct vhx_held held[EXPLORE_SIZE_MAX];
	struct vhx_chain chains[EXPLORE_BUFFERS];
	enum device_phase phase;
	u8 popped;	/* number of buffers popped and kept */
	u8 have;	/* number of @chains */
	u8 taken;	/* number of @chains that were served */
	u8 pushed;	/* number of @chains that were pushed */
	bool uncalled;
} device;

unsigned int explore_popped(void)
{
	return device.popped;
}

static void check_seg(const struct vhx_seg *seg, u64 addr, u32 len)
{
	if (seg->addr != addr || seg->len != len)
		explore_fail("a descriptor of a popped buffer is stale");
}

/* A device-readable segment may come before the device-writable one. */
static const struct vhx_seg *check_chain(const struct vhx_chain *c,
					 const struct vhx_seg *segs,
					 unsigned int k)
{
	if (c->nin != 1 || c->nout > 1)
		explore_fail("a popped buffer was not added");
	if (c->nout) {
		check_seg(segs, buffer_addr(k) + BUFFER_SECOND, 1);
		segs++;
	}
	check_seg(segs, buffer_addr(k), buffer_len(k));
	return segs + 1;
}

static void pop(void)
{
	struct device *d = &device;
	struct vhx_seg segs[2 * EXPLORE_BUFFERS];
	const struct vhx_seg *seg = segs;
	/* vhx_net also pops one by one until it has enough for a packet. */
	unsigned int n = config.needs > 1 ? 1 : config.batch;
	int got, i;

	got = vhx_ring_pop(&d->ring, d->chains + d->have, n, segs,
			   2 * EXPLORE_BUFFERS, NULL);
	if (got < 0)
		explore_fail("a popped buffer is invalid");
	for (i = 0; i < got; i++) {
		if (d->popped == EXPLORE_BUFFERS)
			explore_fail("a popped buffer was not added");
		seg = check_chain(&d->chains[d->have], seg, d->popped);
		d->have++;
		d->popped++;
	}
	if (got && d->have < config.needs)
		return;
	if (got) {
		d->phase = config.apart ? HAND_OVER : TAKE;
		return;
	}
	if (d->have)
		vhx_ring_unpop(&d->ring, d->chains[0].pos);
	d->popped -= d->have;
	d->have = 0;
	d->phase = config.late && d->uncalled ? CALL : REARM;
}

void explore_serve(unsigned int k)
{
	if (READ_ONCE(area.data[k]) != buffer_request(k))
		explore_fail("the contents of a popped buffer are stale");
	WRITE_ONCE(area.data[k], buffer_answer(k));
}

static void take(void)
{
	struct device *d = &device;

	explore_serve(d->popped - d->have + d->taken);
	if (++d->taken == d->have)
		d->phase = PUSH;
}

/* As with a block device, another context completes the buffers. */
static void hand_over(void)
{
	struct device *d = &device;
	u64 *handed = &area.handed[d->popped - d->have];
	unsigned int i;

	for (i = 0; i < d->have; i++)
		explore_store(EXPLORE_PLACE, &handed[i], sizeof(*handed),
			      EXPLORE_HANDED | d->chains[i].id, true);
	memset(d->chains, 0, sizeof(d->chains));
	d->have = 0;
	d->phase = POP;
	explore_notify(EXPLORE_PLACE, EXPLORE_COMPLETER);
}

static enum device_phase after_push(void)
{
	return device.have ? PUSH : POP;
}

static void push(void)
{
	struct device *d = &device;
	unsigned int n = config.singly ? 1 : d->have, i;
	struct vhx_used used[EXPLORE_BUFFERS];

	for (i = 0; i < n; i++) {
		unsigned int at = config.backwards ?
				  d->have - 1 - d->pushed : d->pushed;

		used[i].id = d->chains[at].id;
		used[i].len = buffer_used(d->popped - d->have + at);
		d->pushed++;
	}
	if (d->pushed == d->have) {
		memset(d->chains, 0, sizeof(d->chains));
		d->have = 0;
		d->taken = 0;
		d->pushed = 0;
	}
	if (vhx_ring_push(&d->ring, used, n))
		d->uncalled = true;
	d->phase = config.late || !d->uncalled ? after_push() : CALL;
}

static void call(void)
{
	device.phase = config.late ? REARM : after_push();
	device.uncalled = false;
	if (vhx_ring_need_call(&device.ring))
		explore_notify(EXPLORE_PLACE, EXPLORE_DRIVER);
}

static void rearm(void)
{
	bool more = vhx_ring_kick_enable(&device.ring);

	device.phase = more && !EXPLORE_WEAK("no look after kick_enable") ?
		       BEGIN : SLEEP;
}

static void device_turn(void)
{
	switch (device.phase) {
	case BEGIN:
		device.phase = POP;
		vhx_ring_kick_disable(&device.ring);
		break;
	case POP:
		pop();
		break;
	case TAKE:
		take();
		break;
	case HAND_OVER:
		hand_over();
		break;
	case PUSH:
		push();
		break;
	case CALL:
		call();
		break;
	case REARM:
		rearm();
		break;
	case SLEEP:
		device.phase = BEGIN;
		explore_wait(EXPLORE_PLACE);
		break;
	}
}

/*
 * The device may sleep for ever if no buffers are left. If some are, the driver
 * waits for their completion and reports it.
 */
static const char *device_stuck(void)
{
	return NULL;
}

void explore_ring_init(struct vhx_ring *r, u16 *ndesc, struct vhx_held *held)
{
	const u32 base = explore_base();
	const struct vhx_ring_config ring = {
		.num = config.num,
		.packed = config.packed,
		.event_idx = config.event_idx,
		.base = config.packed ? base | base << 16 : base,
		.desc = area.desc,
		.driver = area.driver,
		.device = area.device,
		.ndesc = config.in_order ? ndesc : NULL,
		.held = config.in_order ? held : NULL,
	};

	vhx_ring_init(r, &ring);
	/* The first call is always made, which would hide a lost one. */
	vhx_ring_need_call(r);
}

struct explore_thread explore_device(void)
{
	memset(&device, 0, sizeof(device));
	explore_ring_init(&device.ring, device.ndesc, device.held);
	return (struct explore_thread){
		.local = &device, .size = sizeof(device),
		.turn = device_turn, .stuck = device_stuck,
	};
}
