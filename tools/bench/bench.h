/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all benchmarks share. A benchmark is an operation that can be done N
 * times. CLOCK_MONOTONIC, which in a test host with --icount counts
 * instructions, measures how long that takes. See
 * Documentation/benchmarking.md.
 */
#ifndef VHX_BENCH_H
#define VHX_BENCH_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * struct bench - a benchmark, ready to run
 * @op: the operation, for the unit: "packet", "request", ...
 * @chunk: operations are done in multiples of this
 * @run: does @n operations, a multiple of @chunk
 * @kicks: counts kicks, or NULL
 * @calls: counts calls, or NULL
 */
struct bench {
	const char *op;
	__u64 chunk;
	void (*run)(__u64 n);
	__u64 (*kicks)(void);
	__u64 (*calls)(void);
};

/* Measures a benchmark, counts its other costs, and prints the record. */
void bench_measure(const struct bench *b);

/*
 * These stop the clock while the driver does work that is not measured: filling
 * buffers, and checking data.
 */
void bench_pause(void);
void bench_resume(void);

/* Ends the benchmark with a record of the error; @err is a negative errno. */
[[noreturn, gnu::format(printf, 2, 3)]]
void bench_die(int err, const char *fmt, ...);

/* Dies unless @ret is 0 or more; returns it. */
#define bench_try(ret, ...) ({						\
	int _ret = (ret);						\
									\
	if (_ret < 0)							\
		bench_die(_ret, __VA_ARGS__);				\
	_ret; })

/* The value of KEY=VALUE on the command line, or the default. */
const char *opt(const char *key, const char *other);
__u64 opt_num(const char *key, __u64 other);

/*
 * What the kernel and the emulator count on all CPUs between these two calls.
 */

/**
 * struct counts - per kind; -1 where it can't be counted here
 * @switches: context switches
 * @bios: block_bio_queue
 * @pinned: pages pinned (FOLL_PIN)
 * @copied: bytes copied by the kernel: memcpy(), memmove(), user copies
 * @locked: instructions with a bus lock
 *
 * The last two are counted by plugin.c.
 */
struct counts {
	double switches;
	double bios;
	double pinned;
	double copied;
	double locked;
};

void counts_begin(void);
void counts_end(struct counts *c);

/* Makes the plugin read its configuration again. */
void counts_reload(void);

/* The kinds of benchmarks: set one up by the options. */
void net_bench(struct bench *b);
void blk_bench(struct bench *b);
void ring_bench(struct bench *b);

/* Fill a disk with what blk_bench() expects to read from it. */
void blk_fill(void);

#endif /* VHX_BENCH_H */
