/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel helpers of ring_env.h, but each read is reported to reads.c.
 */
#ifndef READS_ENV_H
#define READS_ENV_H

#include "ring_env.h"

void engine_reads(const void *p, size_t size);

#undef READ_ONCE
#define READ_ONCE(x) ({					\
	engine_reads(&(x), sizeof(x));			\
	__atomic_load_n(&(x), __ATOMIC_RELAXED);	\
})

#undef smp_load_acquire
/* Pairs with nothing here: there is only one thread. */
#define smp_load_acquire(p) ({				\
	engine_reads(p, sizeof(*(p)));			\
	__atomic_load_n(p, __ATOMIC_ACQUIRE);		\
})

#endif /* READS_ENV_H */
