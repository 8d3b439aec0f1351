/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel helpers that drivers/vhost/core/ring/ needs, for the explorer:
 * each access to the ring and each barrier is a step. Other memory is accessed
 * directly.
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
 * The place of a step in the source. Pointers to all sites that can be weakened
 * are in a section of the program, so that sites that no thread reaches are
 * found as well.
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
/* The same for a step that can't be weakened. */
#define EXPLORE_PLACE ({						\
	static struct explore_site place = {				\
		.file = __FILE__, .line = __LINE__,			\
	};								\
									\
	&place;								\
})

/* The type of the sum is that of the memory, without qualifiers. */
#define EXPLORE_LOAD(site, p, acquire)					\
	((typeof(0 + *(p)))explore_load(site, p, sizeof(*(p)), acquire))

#define READ_ONCE(x) EXPLORE_LOAD(EXPLORE_PLACE, &(x), false)
#define WRITE_ONCE(x, value)						\
	explore_store(EXPLORE_PLACE, &(x), sizeof(x), value, false)
/* Pairs with barriers of the explorer's other threads. */
#define smp_load_acquire(p)						\
	EXPLORE_LOAD(EXPLORE_SITE("smp_load_acquire as READ_ONCE"), p, true)
/* Pairs with barriers of the explorer's other threads. */
#define smp_store_release(p, value)					\
	explore_store(EXPLORE_SITE("smp_store_release as WRITE_ONCE"),	\
		      p, sizeof(*(p)), value, true)
/* Pairs with barriers of the explorer's other threads. */
#define smp_mb()							\
	explore_barrier(EXPLORE_SITE("no smp_mb"), EXPLORE_MB)
/* Pairs with barriers of the explorer's other threads. */
#define smp_rmb()							\
	explore_barrier(EXPLORE_SITE("no smp_rmb"), EXPLORE_RMB)
/* Pairs with barriers of the explorer's other threads. */
#define smp_wmb()							\
	explore_barrier(EXPLORE_SITE("no smp_wmb"), EXPLORE_WMB)

/* Is this site weakened in this run, in the way that @words describe? */
#define EXPLORE_WEAK(words) explore_weak(EXPLORE_SITE(words))

#endif /* EXPLORE_ENV_H */
