/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the engine needs of the kernel, with an eye on what it reads.
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
/* For the other side: here there is but one thread. */
#define smp_load_acquire(p) ({				\
	engine_reads(p, sizeof(*(p)));			\
	__atomic_load_n(p, __ATOMIC_ACQUIRE);		\
})

#endif /* READS_ENV_H */
