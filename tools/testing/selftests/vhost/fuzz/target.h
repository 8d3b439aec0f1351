/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devices under test: each type, through both personalities.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <linux/types.h>
#include <stdbool.h>

#include "disk.h"
#include "instance.h"
#include "requests.h"
#include "tap.h"

/* The most queues of a device that are used. */
#define QUEUES_MAX	3

struct target;

/**
 * struct target_type - a device
 * @name: its name
 * @vdpa: its personality is vdpa, not vhost
 * @queues: the number of its queues that are used
 * @large: one set-up in so many has a queue of the largest size
 * @attach: the vhost personality's ioctl that sets its backend
 * @prepare: makes what it needs; 0 or -errno
 * @request: makes a request, for each queue
 */
struct target_type {
	const char *name;
	bool vdpa;
	unsigned int queues;
	unsigned int large;
	unsigned long attach;
	int (*prepare)(struct target *t);
	request_fn request[QUEUES_MAX];
};

/**
 * struct target - a device with what it needs
 * @type: its type
 * @node: its node
 * @backend: the file for @attach, or -1
 * @tap: of a network device
 * @disk: of a block device
 * @in: an instance
 */
struct target {
	const struct target_type *type;
	const char *node;
	int backend;
	struct tap tap;
	struct disk disk;
	struct instance in;
};

#define NTARGETS	4

extern const struct target_type target_types[NTARGETS];

/* Make it, so that it can be opened; remove it. 0 or -errno. */
int target_prepare(struct target *t, const struct target_type *type);
void target_remove(struct target *t);

/* Send frames to its tap, if it has one; drop what is left in the tap. */
void target_send(struct target *t, struct draw *d);
void target_drain(struct target *t);

#endif /* FUZZ_TARGET_H */
