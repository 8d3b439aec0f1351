/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The common part of the fixtures of IOTLB tests: an attached device. Include
 * it after the harness.
 */
#ifndef VHXT_RIG_FIXTURE_H
#define VHXT_RIG_FIXTURE_H

#include "matrix.h"
#include "rig.h"

static inline void
rig_fixture_start(struct __test_metadata *_metadata, struct rig *r,
		  const struct rig_opts *o)
{
	int err = rig_start(r, o);

	if (err == -ENODEV && o->module)
		SKIP(return, "no %s here", o->module);
	ASSERT_EQ(0, err)
		TH_LOG("%s: %s", r->d->what, strerror(-err));
}

#define RIG_FIXTURE(name)						\
	FIXTURE(name)							\
	{								\
		struct rig r;						\
	};								\
	FIXTURE_VARIANT(name)						\
	{								\
		struct rig_opts o;					\
	};								\
	FIXTURE_SETUP(name)						\
	{								\
		rig_fixture_start(_metadata, &self->r, &variant->o);	\
	}								\
	FIXTURE_TEARDOWN(name)						\
	{								\
		rig_stop(&self->r);					\
	}								\
	RIG_VARIANTS(name)

#endif /* VHXT_RIG_FIXTURE_H */
