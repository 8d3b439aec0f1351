/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a log must be: every page that changed is in it, and no other. Include
 * it after the harness.
 */
#ifndef VHXT_EXACT_H
#define VHXT_EXACT_H

#include "dirty.h"

static inline void expect_exact(struct __test_metadata *_metadata,
				const struct dirty *l, unsigned int least)
{
	struct dirty_diff diff;

	dirty_compare(l, &diff);
	EXPECT_EQ(0, diff.missed)
		TH_LOG("the first one: %#llx", diff.first_missed);
	EXPECT_EQ(0, diff.extra)
		TH_LOG("the first one: %#llx", diff.first_extra);
	EXPECT_LE(least, diff.logged);
}

/* The same, but more may be in it. */
static inline void expect_none_missed(struct __test_metadata *_metadata,
				      const struct dirty *l)
{
	struct dirty_diff diff;

	dirty_compare(l, &diff);
	EXPECT_EQ(0, diff.missed)
		TH_LOG("the first one: %#llx", diff.first_missed);
}

#endif /* VHXT_EXACT_H */
