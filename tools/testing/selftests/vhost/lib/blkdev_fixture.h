/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The common part of the fixtures of block device tests: a running device.
 * Include it after the harness.
 */
#ifndef VHXT_BLKDEV_FIXTURE_H
#define VHXT_BLKDEV_FIXTURE_H

#include "blkdev.h"
#include "matrix.h"

/* Variants for RING_MATRIX(), one for each personality. */
#define BLK_ON_VDPA(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .kind = BLK_VDPA, .features = (f),		\
		       .pinned = RING_PINNED(f) })

#define BLK_ON_VHOST(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .kind = BLK_VHOST, .features = (f),		\
		       .pinned = RING_PINNED(f) })

/* Open the device. The test starts it. */
static inline void
blk_fixture_open(struct __test_metadata *_metadata, struct blkdev *b,
		 const struct blkdev_opts *o)
{
	const char *why;
	int err = blkdev_open(b, o, &why);

	if (err == -ENODEV && o->kind == BLK_VDUSE)
		SKIP(return, "no reference: %s", why);
	ASSERT_EQ(0, err)
		TH_LOG("%s %s: %s", why, b->path, strerror(-err));
}

static inline void
blk_fixture_start(struct __test_metadata *_metadata, struct blkdev *b,
		  const struct blkdev_opts *o)
{
	int err;

	blk_fixture_open(_metadata, b, o);
	if (_metadata->exit_code)
		return;
	err = blkdev_start(b);
	if (err)
		blkdev_close(b);
	ASSERT_EQ(0, err)
		TH_LOG("%s: %s: %s", b->path, b->dev.what, strerror(-err));
}

#endif /* VHXT_BLKDEV_FIXTURE_H */
