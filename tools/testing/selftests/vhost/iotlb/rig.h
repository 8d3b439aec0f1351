/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device behind an IOMMU, and operations on it whose memory each test maps as
 * it likes: frames that are sent, or sectors that are written. An operation
 * uses the pages of its slot and no other, except the ring.
 */
#ifndef VHXT_RIG_H
#define VHXT_RIG_H

#include "blkdev.h"
#include "iotlb.h"
#include "netdev.h"

#define RIG_SLOTS	32

/**
 * struct rig_opts - which device
 * @is_net: a network device, or a block device
 * @module: the module of an in-tree device, which is the reference; or NULL
 * @features: to negotiate, beside VERSION_1 and ACCESS_PLATFORM
 */
struct rig_opts {
	bool is_net;
	const char *module;
	__u64 features;
};

/**
 * struct rig - a device that is attached
 * @o: its options
 * @n: the network device, if it is one
 * @b: or the block device
 * @d: the device in either
 * @q: the queue of the operations
 * @vq: the same
 * @slot: two pages for each of RIG_SLOTS operations
 * @indirect: operations are added through an indirect table
 */
struct rig {
	const struct rig_opts *o;
	struct netdev n;
	struct blkdev b;
	struct vdev *d;
	unsigned int q;
	struct vq *vq;
	char *slot;
	bool indirect;
};

/*
 * Set the device up and attach its back end. Nothing is in the IOTLB, but that
 * the reference has the used rings, without which it does not attach. 0 or
 * -errno; r->d->what names the step.
 */
int rig_start(struct rig *r, const struct rig_opts *o);
void rig_stop(struct rig *r);

/* Attach the back end, or detach it. */
int rig_attach(struct rig *r, bool on);

/* The two pages of a slot. A frame is in the second one only. */
char *rig_page(struct rig *r, unsigned int slot, unsigned int k);

/* Map all rings, or the pages of a slot. */
int rig_map_rings(struct rig *r);
int rig_map(struct rig *r, unsigned int slot);

/* Add the operation of a slot, with contents that differ for each @seed. */
int rig_add(struct rig *r, unsigned int slot, __u32 seed);

/* Did it do what it should? It was completed; frames are in order. */
int rig_check(struct rig *r, unsigned int slot, __u32 seed);

/* Take @n completions that are there. 0, or -EPROTO. */
int rig_take(struct rig *r, unsigned int n);

/* Add it, kick, answer misses until it is done, and check it. */
int rig_do(struct rig *r, unsigned int slot, __u32 seed, unsigned int *misses);

/* The variants of a fixture whose data has `struct rig_opts o`. */
#define RIG_NET(fixture, name, f)					\
	FIXTURE_VARIANT_ADD(fixture, name)				\
	{ .o = { .is_net = true, .features = (f) } };			\
	struct vq

#define RIG_BLK(fixture, name, f)					\
	FIXTURE_VARIANT_ADD(fixture, name)				\
	{ .o = { .features = (f) } };					\
	struct vq

#define RIG_IN_TREE(fixture)						\
	FIXTURE_VARIANT_ADD(fixture, in_tree)				\
	{ .o = { .is_net = true, .module = "vhost_net",			\
		 .features = RING_EVENT | RING_INDIRECT } };		\
	struct vq

#define RIG_VARIANTS(fixture)						\
	RIG_IN_TREE(fixture);						\
	RING_BOTH(fixture, net, RIG_NET, 0);				\
	RING_BOTH(fixture, blk, RIG_BLK, 0)

#endif /* VHXT_RIG_H */
