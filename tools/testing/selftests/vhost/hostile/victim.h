/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A running device under attack. Queue 0 or 1 is attacked; the other one must
 * work meanwhile, and after a restart both must.
 */
#ifndef VHXT_VICTIM_H
#define VHXT_VICTIM_H

#include "blkdev.h"
#include "netdev.h"

/**
 * struct victim_opts - which device
 * @is_net: it is a network device
 * @net: its options if it is
 * @blk: its options if it is a block device
 * @queue: the queue to attack
 */
struct victim_opts {
	bool is_net;
	struct netdev_opts net;
	struct blkdev_opts blk;
	unsigned int queue;
};

/**
 * struct victim - the device
 * @o: its options
 * @n: the network device, if it is one
 * @b: or the block device
 * @d: the device in either
 * @vq: the queue to attack
 * @good: 4 KiB of guest memory, zeroed
 */
struct victim {
	const struct victim_opts *o;
	struct netdev n;
	struct blkdev b;
	struct vdev *d;
	struct vq *vq;
	char *good;
};

/* 0; -ENODEV if a reference is missing; or -errno. */
int victim_start(struct victim *v, const struct victim_opts *o);
void victim_stop(struct victim *v);

/* Reset the attacked queue and start it again. */
int victim_restart(struct victim *v);

/* The same, with the ring addresses that the queue has now. 0 or -errno. */
int victim_move(struct victim *v);

/* Do the attacked queue, and the other one, work? */
int victim_ping(struct victim *v);
int victim_ping_other(struct victim *v);

/* What the device did with an invalid ring or buffer. */
enum fate {
	ERR = 1,	/* the error eventfd was signalled */
	USED = 2,	/* it was completed */
	STUCK = 4,	/* neither */
};

/*
 * Wait until the device does something. If @want, a set of &enum fate, contains
 * STUCK, the wait is short, as then every result is right.
 */
enum fate victim_fate(struct victim *v, unsigned int want);
const char *fate_name(enum fate f);

/*
 * The broken_queues attribute of the device's node: queues that were stopped
 * since the module was loaded. Or -errno.
 */
long victim_broken(const struct victim *v);

/* Write a descriptor of a split ring, valid or not. */
void raw_desc(struct vring_desc *d, __u64 gpa, __u32 len, __u16 flags,
	      __u16 next);

/* Make @head available, valid or not; do so, publish it, and kick. */
void raw_avail(struct vq *vq, __u16 head);
void raw_offer(struct vq *vq, __u16 head);

/*
 * The same for a packed ring: write the next descriptor; publish all that were
 * written, and kick.
 */
void raw_packed(struct vq *vq, __u64 gpa, __u32 len, __u16 flags);
void raw_packed_offer(struct vq *vq);

#endif /* VHXT_VICTIM_H */
