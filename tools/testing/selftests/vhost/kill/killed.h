/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Owners that are killed while their device works. Nothing of them may be left.
 */
#ifndef VHXT_KILLED_H
#define VHXT_KILLED_H

#include <stdbool.h>
#include <sys/types.h>

#define KILLS	20

/**
 * struct load - what the owner and the test share
 * @done: units of work that the owner did, for each queue
 * @err: an error of the owner before it was killed, -errno
 * @over: the child of the owner is to stop
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

/* The owner has an error. */
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

/* A load that is shared with children. */
struct load *load_new(void);

/*
 * Run @owner in a process of its own, and kill it once @ready, which is called
 * repeatedly with @arg, returns true. 0, the owner's error, or -ETIMEDOUT.
 */
int run_and_kill(struct load *load, void (*owner)(void *arg),
		 bool (*ready)(void *arg), void *arg);

/*
 * The same, but @owner has a child that works until load_over(), which becomes
 * true @us after the kill. The time varies where the two meet; no result
 * depends on it.
 */
int run_kill_and_stop(struct load *load, void (*owner)(void *arg),
		      bool (*ready)(void *arg), void *arg, unsigned int us);

/**
 * struct trace - what a device holds while it is in use
 * @module: its module
 * @refs: references to the module
 * @pins: pinned pages, on the whole machine
 */
struct trace {
	const char *module;
	long refs;
	long pins;
};

void trace_take(struct trace *t, const char *module);

/* Wait until both are as they were in @t. 0, or -ETIMEDOUT; @now is set. */
int trace_gone(const struct trace *t, struct trace *now);

#endif /* VHXT_KILLED_H */
