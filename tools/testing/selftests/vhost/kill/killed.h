/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Owners that are killed at work, and what must be left of them: nothing.
 */
#ifndef VHXT_KILLED_H
#define VHXT_KILLED_H

#include <stdbool.h>
#include <sys/types.h>

#define KILLS	20

/**
 * struct load - what owner and killer both see
 * @done: units of work of the owner, by queue
 * @err: what went wrong in the owner before it was killed, -errno
 * @over: whoever works shall stop
 */
struct load {
	unsigned int done[2];
	int err;
	bool over;
};

static inline unsigned int load_done(const struct load *load, unsigned int q)
{
	return __atomic_load_n(&load->done[q], __ATOMIC_RELAXED);
}

static inline void load_add(struct load *load, unsigned int q)
{
	__atomic_fetch_add(&load->done[q], 1, __ATOMIC_RELAXED);
}

static inline int load_err(const struct load *load)
{
	return __atomic_load_n(&load->err, __ATOMIC_RELAXED);
}

/* The owner gives up. */
static inline void load_fail(struct load *load, int err)
{
	__atomic_store_n(&load->err, err, __ATOMIC_RELAXED);
}

static inline void load_stop(struct load *load)
{
	__atomic_store_n(&load->over, true, __ATOMIC_RELAXED);
}

static inline bool load_over(const struct load *load)
{
	return __atomic_load_n(&load->over, __ATOMIC_RELAXED);
}

/* A load, shared with all children. */
struct load *load_new(void);

/*
 * Run @owner in a process of its own; it works until it is killed, which is
 * when @ready, called again and again with @arg, says so. 0, what went wrong
 * in the owner, or -ETIMEDOUT.
 */
int run_and_kill(struct load *load, void (*owner)(void *arg),
		 bool (*ready)(void *arg), void *arg);

/*
 * The same, but @owner has a child that goes on until load_over(), which is
 * @us after the kill.
 */
int run_kill_and_stop(struct load *load, void (*owner)(void *arg),
		      bool (*ready)(void *arg), void *arg, unsigned int us);

/**
 * struct trace - what a device leaves behind while it is in use
 * @module: its module
 * @refs: references to it
 * @pins: pages that are pinned, on the whole machine
 */
struct trace {
	const char *module;
	long refs;
	long pins;
};

void trace_take(struct trace *t, const char *module);

/* Wait until all is as it was at @t. 0, or -ETIMEDOUT with @now set. */
int trace_gone(const struct trace *t, struct trace *now);

#endif /* VHXT_KILLED_H */
