/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is due after each test here: nothing of it is left, so the modules can
 * be unloaded, and a new device works.
 */
#ifndef VHXT_MODULES_H
#define VHXT_MODULES_H

#include "load.h"

/**
 * struct held - what is held on the whole machine
 * @net: references to vhx_net
 * @blk: references to vhx_blk
 * @pins: pinned pages
 */
struct held {
	long net;
	long blk;
	long pins;
};

void held_take(struct held *h);

/* Wait until it is as it was. 0, or -ETIMEDOUT; @now is set. */
int held_gone(const struct held *h, struct held *now);

/* delete_module() without waiting. 0 or -errno: -EAGAIN if it is in use. */
int module_unload(const char *name);

/* Unload all modules of ours, and load them again. 0 or -errno. */
int modules_cycle(void);

/* A device of this kind, from the start, that does some work. 0 or -errno. */
int new_device(enum load_kind kind, const char **what);

#endif /* VHXT_MODULES_H */
