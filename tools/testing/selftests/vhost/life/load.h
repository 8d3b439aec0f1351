/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device under load: a thread drives its queues and checks what it gets,
 * while the test does to it what a host can do. A block is written and read
 * again; frames pass both ways. It does not wait for calls, so that it goes on
 * without an eventfd, and it counts what fails, as that is for the test to
 * judge.
 */
#ifndef VHXT_LOAD_H
#define VHXT_LOAD_H

#include <pthread.h>

#include "blkdev.h"
#include "netdev.h"

#define LOAD_DEPTH	32
#define LOAD_LEN	4096
#define LOAD_LEN_MAX	(96 << 10)

/* What the device is. */
enum load_kind {
	LOAD_NET,
	LOAD_VDPA,
	LOAD_VHOST,
};

/**
 * struct load_opts - which device
 * @kind: its kind
 * @ring: ring features beside the plain ones
 * @backend: the disk to use in place of a null_blk
 * @delay_ns: of the null_blk
 * @anonymous: guest memory is private to the process, as QEMU's by default
 * @nregions: of guest memory, 0 for 1
 * @len: bytes of a request of a disk, whole pages; 0 for LOAD_LEN
 */
struct load_opts {
	enum load_kind kind;
	__u64 ring;
	const char *backend;
	unsigned long delay_ns;
	bool anonymous;
	unsigned int nregions;
	unsigned int len;
};

/**
 * struct load - a device with a thread that drives it
 * @o: as it was made
 * @n: the network device
 * @b: the disk
 * @d: the device, whichever it is
 * @module: its module
 * @thread: drives it
 * @running: there is a thread
 * @stop: the thread is to complete what is in flight and to end
 * @done: good results
 * @failed: requests that failed
 * @broken: a queue was broken
 * @err: the device did what it must not do
 * @what: what that was
 * @slot: requests of the disk, twice their length each
 * @state: of each: what it does
 * @seed: of each: contents of its block
 */
struct load {
	struct load_opts o;
	struct netdev n;
	struct blkdev b;
	struct vdev *d;
	const char *module;
	pthread_t thread;
	bool running;
	bool stop;
	unsigned int done;
	unsigned int failed;
	bool broken;
	int err;
	const char *what;
	char *slot;
	unsigned char state[LOAD_DEPTH];
	__u64 seed[LOAD_DEPTH];
};

/* Open, set up and start the device. 0 or -errno; l->what names the step. */
int load_open(struct load *l, const struct load_opts *o);

/* The same in two steps: the device is opened, and has queues and memory. */
int load_prepare(struct load *l, const struct load_opts *o);
int load_setup(struct load *l);
void load_close(struct load *l);

/* Start the thread. 0 or -errno. */
int load_start(struct load *l);

/*
 * Have the thread end once nothing is in flight, or at once if a queue is
 * broken or @lost, as the device will not complete it. 0; -ETIMEDOUT if
 * something stays in flight; or what was wrong.
 */
int load_stop(struct load *l, bool lost);

/* Wait for @n more good results, or for @n more failures. 0 or -errno. */
int load_more(struct load *l, unsigned int n);
int load_more_failed(struct load *l, unsigned int n);

/* Wait until a queue is broken, or for @n more of any result. 0 or -errno. */
int load_any(struct load *l, unsigned int n);

/*
 * Stop the queues and start them again from a fresh base, with empty rings, as
 * after a reset. The thread is stopped. 0 or -errno.
 */
int load_restart(struct load *l);

/* Stop the queues, or start them. 0 or -errno. */
int load_detach(struct load *l);
int load_attach(struct load *l);

/* A few results, without the thread. 0 or -errno. */
int load_try(struct load *l);

#endif /* VHXT_LOAD_H */
