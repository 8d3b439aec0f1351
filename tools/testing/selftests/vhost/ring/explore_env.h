/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What drivers/vhost/core/ring/ needs of the kernel when it is explored: each
 * access to the ring and each barrier is a step of the explorer's. Accesses to
 * any other memory are what they are.
 */
#ifndef EXPLORE_ENV_H
#define EXPLORE_ENV_H

#include "ring_env.h"
#include "explorer.h"

#undef READ_ONCE
#undef WRITE_ONCE
#undef smp_mb
#undef smp_rmb
#undef smp_wmb
#undef smp_load_acquire
#undef smp_store_release

/*
 * Where a step stands in the source. All that can be made weaker are in one
 * section of the program, run or not.
 */
#define EXPLORE_SITE(words) ({						\
	static struct explore_site site = {				\
		.file = __FILE__, .line = __LINE__, .weakened = words,\
	};								\
	static struct explore_site * const pointer			\
		__attribute__((section("explore_sites"), used)) =	\
		&site;							\
									\
	(void)pointer;							\
	&site;								\
})
/* And what can't. */
#define EXPLORE_PLACE ({						\
	static struct explore_site place = {				\
		.file = __FILE__, .line = __LINE__,			\
	};								\
									\
	&place;								\
})

/* The sum: a type without qualifiers. */
#define EXPLORE_LOAD(site, p, acquire)					\
	((typeof(0 + *(p)))explore_load(site, p, sizeof(*(p)), acquire))

#define READ_ONCE(x) EXPLORE_LOAD(EXPLORE_PLACE, &(x), false)
#define WRITE_ONCE(x, value)						\
	explore_store(EXPLORE_PLACE, &(x), sizeof(x), value, false)
/* For the other thread, which the explorer plays. */
#define smp_load_acquire(p)						\
	EXPLORE_LOAD(EXPLORE_SITE("smp_load_acquire as READ_ONCE"), p, true)
/* For it, too. */
#define smp_store_release(p, value)					\
	explore_store(EXPLORE_SITE("smp_store_release as WRITE_ONCE"),	\
		      p, sizeof(*(p)), value, true)
/* And this. */
#define smp_mb()							\
	explore_barrier(EXPLORE_SITE("no smp_mb"), EXPLORE_MB)
/* And this. */
#define smp_rmb()							\
	explore_barrier(EXPLORE_SITE("no smp_rmb"), EXPLORE_RMB)
/* And this. */
#define smp_wmb()							\
	explore_barrier(EXPLORE_SITE("no smp_wmb"), EXPLORE_WMB)

/* Is what @words say done in this run? */
#define EXPLORE_WEAK(words) explore_weak(EXPLORE_SITE(words))

#endif /* EXPLORE_ENV_H */
