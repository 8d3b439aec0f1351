/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A running device to be mistreated: queue 0 or 1 is attacked, another one has
 * to go on meanwhile, and after a restart all of it has to work.
 */
#ifndef VHXT_VICTIM_H
#define VHXT_VICTIM_H

#include "blkdev.h"
#include "netdev.h"

/**
 * struct victim_opts - which device
 * @net: a network device: this one,
 * @is_net: or else
 * @blk: a block device
 * @queue: to attack
 */
struct victim_opts {
	bool is_net;
	struct netdev_opts net;
	struct blkdev_opts blk;
	unsigned int queue;
};

/**
 * struct victim - the device
 * @o: as asked for
 * @n: the network device, or
 * @b: the block device
 * @d: the device in it
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

/* Start the attacked queue afresh. */
int victim_restart(struct victim *v);

/* The same with its ring where the queue now has it. 0 or -errno. */
int victim_move(struct victim *v);

/* Do the attacked queue, and the other one, work? */
int victim_ping(struct victim *v);
int victim_ping_other(struct victim *v);

/* What became of something wrong. */
enum fate {
	ERR = 1,	/* the error eventfd was signalled */
	USED = 2,	/* it was completed */
	STUCK = 4,	/* neither */
};

enum fate victim_fate(struct victim *v);
const char *fate_name(enum fate f);

/*
 * Queues of the device's node that were stopped since the module was loaded, as
 * sysfs has it; -errno if it does not.
 */
long victim_broken(const struct victim *v);

/* Write a descriptor of a split ring, whatever is in it. */
void raw_desc(struct vring_desc *d, __u64 gpa, __u32 len, __u16 flags,
	      __u16 next);

/* Make @head available, whatever it is; and show it to the device, and kick. */
void raw_avail(struct vq *vq, __u16 head);
void raw_offer(struct vq *vq, __u16 head);

/*
 * The same for a packed ring: the next descriptor, whatever is in it; the device
 * sees none of them before they are offered.
 */
void raw_packed(struct vq *vq, __u64 gpa, __u32 len, __u16 flags);
void raw_packed_offer(struct vq *vq);

#endif /* VHXT_VICTIM_H */
