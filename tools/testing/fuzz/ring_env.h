/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel helpers that drivers/vhost/core/ring/ needs, for user space.
 */
#ifndef RING_ENV
#define RING_ENV

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define __force
#define noinline __attribute_noinline__
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define fallthrough __attribute__((fallthrough))
#define SMP_CACHE_BYTES 64
#define ____cacheline_aligned_in_smp \
	__attribute__((__aligned__(SMP_CACHE_BYTES)))

#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))

#define U16_MAX UINT16_MAX
#define U32_MAX UINT32_MAX

#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, val) __atomic_store_n(&(x), val, __ATOMIC_RELAXED)
/* Pairs with nothing here: there is only one thread. */
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
/* Pairs with nothing here: there is only one thread. */
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
/* Pairs with nothing here: there is only one thread. */
#define smp_store_release(p, val) __atomic_store_n(p, val, __ATOMIC_RELEASE)

#define le16_to_cpu(x) le16toh(x)
#define le32_to_cpu(x) le32toh(x)
#define le64_to_cpu(x) le64toh(x)
#define cpu_to_le16(x) htole16(x)
#define cpu_to_le32(x) htole32(x)
#define cpu_to_le64(x) htole64(x)

#define min_t(type, a, b) ({			\
	type _a = (a), _b = (b);		\
						\
	_a < _b ? _a : _b;			\
})

#endif /* RING_ENV */
