/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control path: setting a device up as a monitor does, with slips, and
 * calls that have no rhyme nor reason.
 */
#ifndef FUZZ_SETUP_H
#define FUZZ_SETUP_H

#include "draw.h"
#include "memory.h"
#include "requests.h"
#include "queue.h"
#include "target.h"
#include "vdev.h"

/**
 * struct actor - who makes calls: a thread
 * @draw: what it draws from
 * @dev: the device; only the file of it is used
 * @page: for arguments: nothing is mapped behind it
 */
struct actor {
	struct draw draw;
	struct vdev dev;
	char *page;
};

/**
 * struct outcome - what a set-up has come to
 * @started: a queue runs
 * @completed: a buffer was used
 * @broken: a queue was stopped as it was invalid
 * @refused: a step of the set-up was
 */
struct outcome {
	bool started;
	bool completed;
	bool broken;
	bool refused;
};

/**
 * struct fuzz - a device that is being fuzzed
 * @target: it
 * @mem: the guest's memory
 * @data: for requests
 * @offered: features
 * @features: chosen of them
 * @queue: its queues
 * @first: the first one that is used this time
 * @end: the one behind the last
 * @me: who sets it up and drives its queues
 * @other: who gets in the way
 * @slip: one step in so many goes wrong, 0 for none
 * @enabled: a queue was (vdpa)
 * @now: what the set-up at hand has come to
 */
struct fuzz {
	struct target target;
	struct memory mem;
	struct data data;
	__u64 offered;
	__u64 features;
	struct queue queue[QUEUES_MAX];
	unsigned int first;
	unsigned int end;
	struct actor me;
	struct actor other;
	unsigned int slip;
	bool enabled;
	struct outcome now;
};

/* Room for its calls' arguments. 0 or -errno. */
int actor_init(struct actor *a);

/* From the owner to queues that run. */
void setup(struct fuzz *f);

/* All memory, as setup() does it. */
void setup_memory(struct fuzz *f);

/* Stop one queue and start it from the beginning; or all of them. */
void setup_restart(struct fuzz *f, unsigned int i);
void setup_pause(struct fuzz *f);

/* Undo it, by one of the ways there are. */
void setup_end(struct fuzz *f);

/* Any call with any argument. */
void random_call(struct fuzz *f, struct actor *a);

#endif /* FUZZ_SETUP_H */
