/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the life cycle have in common: a device under load of each
 * kind, and the end of each test. Include it after the harness.
 */
#ifndef VHXT_LIFE_H
#define VHXT_LIFE_H

#include "load.h"
#include "matrix.h"
#include "modules.h"

/* A variant for each kind of device; one of them has packed rings. */
#define LIFE_KINDS(fixture)						\
	FIXTURE_VARIANT_ADD(fixture, net) {				\
		.o = { .kind = LOAD_NET, .ring = RING_ALL },		\
	};								\
	LIFE_DISKS(fixture)

#define LIFE_DISKS(fixture)						\
	FIXTURE_VARIANT_ADD(fixture, vdpa_packed) {			\
		.o = { .kind = LOAD_VDPA, .ring = RING_ALL | RING_PACKED, \
		       .delay_ns = 200 * 1000 },			\
	};								\
	FIXTURE_VARIANT_ADD(fixture, vhost) {				\
		.o = { .kind = LOAD_VHOST, .ring = RING_EVENT |		\
		       RING_INDIRECT },					\
	}

/* The device, with its thread at work. */
static inline void life_start(struct __test_metadata *_metadata,
			      struct load *l, const struct load_opts *o)
{
	int err = load_open(l, o);

	ASSERT_EQ(0, err)
		TH_LOG("%s: %s", l->what, strerror(-err));
	ASSERT_EQ(0, load_start(l));
	err = load_more(l, LOAD_DEPTH);
	ASSERT_EQ(0, err)
		TH_LOG("%s: %s", l->what, strerror(-err));
}

/* Fewer of what is done repeatedly, where that is slow. */
static inline unsigned int rounds(unsigned int n)
{
	return kernel_is_slow() ? (n + 3) / 4 : n;
}

/* The device is closed: is nothing left, and does a new one work? */
static inline void life_end(struct __test_metadata *_metadata,
			    const struct held *before, enum load_kind kind)
{
	struct held now;
	const char *what;
	int err;

	ASSERT_EQ(0, held_gone(before, &now))
		TH_LOG("vhx_net has %ld users, had %ld; vhx_blk %ld, %ld; pins %ld, %ld",
		       now.net, before->net, now.blk, before->blk, now.pins,
		       before->pins);
	err = new_device(kind, &what);
	ASSERT_EQ(0, err)
		TH_LOG("a new device: %s: %s", what, strerror(-err));
}

/* One network namespace for all tests, as it takes long to make one. */
static inline int life_main(int argc, char **argv)
{
	netns_enter();
	return test_harness_run(argc, argv);
}

#endif /* VHXT_LIFE_H */
