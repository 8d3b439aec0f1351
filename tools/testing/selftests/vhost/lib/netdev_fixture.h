/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The common part of the fixtures of network device tests: a running device.
 * Include it after the harness.
 */
#ifndef VHXT_NETDEV_FIXTURE_H
#define VHXT_NETDEV_FIXTURE_H

#include "matrix.h"
#include "netdev.h"

/* A variant for RING_MATRIX(). */
#define NET_ON_VHX(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .path = "/dev/vhx-net", .features = (f),		\
		       .pinned = RING_PINNED(f) })

/* The same with memory on demand, for what is about page faults. */
#define NET_ON_DEMAND(fixture, name, f)					\
	RING_VARIANT(fixture, name, .o = VHX(f))

static inline void
netdev_fixture_start(struct __test_metadata *_metadata, struct netdev *n,
		     const struct netdev_opts *o)
{
	int err;

	if (!netdev_present(o)) {
		if (o->module) {
			SKIP(return, "no %s here", o->path);
		} else {
			ASSERT_TRUE(false)
				TH_LOG("no %s", o->path);
		}
	}
	err = netdev_start(n, o);
	ASSERT_EQ(0, err)
		TH_LOG("%s: %s: %s", o->path, n->dev.what, strerror(-err));
}

#endif /* VHXT_NETDEV_FIXTURE_H */
