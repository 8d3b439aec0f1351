/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ways to a disk that the block benchmarks compare.
 */
#ifndef VHX_BENCH_BLK_H
#define VHX_BENCH_BLK_H

#include <linux/types.h>
#include <stdbool.h>

#include "gmem.h"
#include "vq.h"
#include "vdev.h"

#define BLK_MAX_DEPTH	64

/**
 * struct blk_job - what is done
 * @write: write; else read
 * @bs: bytes of a request
 * @depth: requests in flight
 * @mem: the memory that contains @data
 * @data: @depth buffers of @bs bytes
 */
struct blk_job {
	bool write;
	__u32 bs;
	unsigned int depth;
	struct gmem *mem;
	char *data;
};

/**
 * struct blk_way - a way to the disk
 * @open: sets it up; @path is the option's
 * @submit: begins request @slot at byte @off; need not notify the disk yet
 * @wait: notifies the disk of new requests, and returns when one is done
 * @done: takes a request that is done: its slot, or -1 if there is none. Dies
 *	unless it went well.
 * @next: changes to the next of several queues; nothing is in flight
 * @kicks: kicks sent
 * @calls: calls received
 */
struct blk_way {
	void (*open)(const struct blk_job *job, const char *path);
	void (*submit)(unsigned int slot, __u64 off);
	void (*wait)(void);
	int (*done)(void);
	void (*next)(void);
	__u64 (*kicks)(void);
	__u64 (*calls)(void);
};

extern const struct blk_way way_vdpa, way_vhost_user, way_vhost_scsi, way_uring;

/*
 * Sets up the device of a vhost-user back end, whose socket is @d->fd, from its
 * features to its running queues.
 */
int vhost_user_open(struct vdev *d, const char *path);
int vhost_user_setup(struct vdev *d);

#endif /* VHX_BENCH_BLK_H */
