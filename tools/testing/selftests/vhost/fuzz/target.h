/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devices that there are to be driven: one of each type, over both
 * personalities.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <linux/types.h>
#include <stdbool.h>

#include "disk.h"
#include "instance.h"
#include "requests.h"
#include "tap.h"

/* Queues of a device that are used at most. */
#define QUEUES_MAX	3

struct target;

/**
 * struct target_type - a device
 * @name: what it is called
 * @vdpa: its personality is vdpa, not vhost
 * @queues: that are used
 * @large: one set-up in so many has a queue as large as can be
 * @attach: the vhost personality's ioctl for its backend
 * @prepare: makes what it needs; 0 or -errno
 * @request: a request for a queue
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
 * struct target - a device with all that it needs
 * @type: which
 * @node: its node
 * @backend: what it is attached to, -1 if that is not by ioctl
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

/* Ready to be opened. 0 or -errno. */
int target_prepare(struct target *t, const struct target_type *type);
void target_remove(struct target *t);

/* Something to receive, where there is such a thing; and all that is left. */
void target_send(struct target *t, struct draw *d);
void target_drain(struct target *t);

#endif /* FUZZ_TARGET_H */
