// SPDX-License-Identifier: GPL-2.0
/*
 * The device's second thread, which completes what the first one popped. The
 * pop side and the push side of the engine may run in two threads, as neither
 * reads what the other writes (except with VIRTIO_F_IN_ORDER). So each thread
 * has an engine of its own here.
 */
#include <string.h>

#include "explore.h"

enum completer_phase {
	LOOK,
	SERVE,
	PUSH,
	CALL,
	SLEEP,
};

static struct completer {
	struct vhx_ring ring;
	enum completer_phase phase;
	u32 id;		/* of the current buffer */
	u8 done;
} completer;

static void look(void)
{
	struct completer *c = &completer;
	u64 handed = explore_load(EXPLORE_PLACE, &area.handed[c->done],
				  sizeof(handed), true);

	c->phase = handed ? SERVE : SLEEP;
	c->id = handed;
}

static void push(void)
{
	struct completer *c = &completer;
	struct vhx_used used = { .id = c->id, .len = buffer_used(c->done) };

	vhx_ring_push(&c->ring, &used, 1);
	c->done++;
	c->id = 0;
	c->phase = CALL;
}

static void completer_turn(void)
{
	struct completer *c = &completer;

	switch (c->phase) {
	case LOOK:
		look();
		break;
	case SERVE:
		c->phase = PUSH;
		explore_serve(c->done);
		break;
	case PUSH:
		push();
		break;
	case CALL:
		c->phase = LOOK;
		if (vhx_ring_need_call(&c->ring))
			explore_notify(EXPLORE_PLACE, EXPLORE_DRIVER);
		break;
	case SLEEP:
		c->phase = LOOK;
		explore_wait(EXPLORE_PLACE);
		break;
	}
}

/* As in device_stuck(), the driver reports it. */
static const char *completer_stuck(void)
{
	return NULL;
}

struct explore_thread explore_completer(void)
{
	memset(&completer, 0, sizeof(completer));
	explore_ring_init(&completer.ring, NULL, NULL);
	return (struct explore_thread){
		.local = &completer, .size = sizeof(completer),
		.turn = completer_turn, .stuck = completer_stuck,
	};
}
