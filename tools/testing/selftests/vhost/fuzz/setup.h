/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control path: setting a device up as a monitor does, with mistakes, and
 * random calls.
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
 * struct actor - a thread that makes calls
 * @draw: its random numbers
 * @dev: the device, of which only the file is used
 * @page: for arguments; the page after it is not mapped
 */
struct actor {
	struct draw draw;
	struct vdev dev;
	char *page;
};

/**
 * struct outcome - what happened since a set-up began
 * @started: a queue was started
 * @completed: a buffer was used
 * @broken: a queue became invalid
 * @refused: a step of the set-up failed
 */
struct outcome {
	bool started;
	bool completed;
	bool broken;
	bool refused;
};

/**
 * struct fuzz - a device that is being fuzzed
 * @target: the device
 * @mem: the guest's memory
 * @data: for requests
 * @offered: features
 * @features: those of them that are acknowledged
 * @queue: its queues
 * @first: the first queue that is used
 * @end: the one after the last
 * @me: the thread that sets the device up and drives its queues
 * @other: the thread that makes random calls meanwhile
 * @slip: one step in so many has a mistake, 0 for none
 * @enabled: a queue was enabled (vdpa)
 * @now: what happened since the current set-up began
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

/* Allocate the page for arguments. 0 or -errno. */
int actor_init(struct actor *a);

/* The whole set-up, from the owner to started queues. */
void setup(struct fuzz *f);

/* Set the memory table, as setup() does. */
void setup_memory(struct fuzz *f);

/* Stop one queue and start it from the beginning; or all of them. */
void setup_restart(struct fuzz *f, unsigned int i);
void setup_pause(struct fuzz *f);

/* Stop the device in one of the possible ways. */
void setup_end(struct fuzz *f);

/* A random call with a random argument. */
void random_call(struct fuzz *f, struct actor *a);

#endif /* FUZZ_SETUP_H */
