// SPDX-License-Identifier: GPL-2.0
/*
 * Modules, what they hold, and whether they still work.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attr.h"
#include "modules.h"
#include "pins.h"

#define NNAMES	4

static const char * const names[NNAMES] = {
	"vhx_rng", "vhx_blk", "vhx_net", "vhx",
};

void held_take(struct held *h)
{
	h->net = attr_read_long("/sys/module/vhx_net/refcnt");
	h->blk = attr_read_long("/sys/module/vhx_blk/refcnt");
	h->pins = pins_now();
}

struct pair {
	const struct held *was;
	struct held *now;
};

static bool same(void *arg)
{
	struct pair *p = arg;

	held_take(p->now);
	return p->now->net == p->was->net && p->now->blk == p->was->blk &&
	       p->now->pins == p->was->pins;
}

int held_gone(const struct held *h, struct held *now)
{
	struct pair p = { h, now };

	return cond_wait(same, &p, WAIT_MS);
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

int modules_cycle(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < NNAMES; i++)
		err = module_unload(names[i]);
	/* Each loads what it needs. */
	for (i = 0; i < NNAMES; i++)
		if (!err)
			err = module_load(names[i], NULL);
		else
			module_load(names[i], NULL);
	return err;
}

int new_device(enum load_kind kind, const char **what)
{
	const struct load_opts o = { .kind = kind };
	static struct load l;
	int err = load_open(&l, &o);

	if (!err)
		err = load_try(&l);
	*what = l.what;
	load_close(&l);
	return err;
}
