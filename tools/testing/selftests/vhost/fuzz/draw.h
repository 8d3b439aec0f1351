/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The source of all random numbers: a sequence that a seed determines.
 */
#ifndef FUZZ_DRAW_H
#define FUZZ_DRAW_H

#include <linux/types.h>
#include <stdbool.h>

/**
 * struct draw - a sequence of random numbers
 * @state: the position in it
 */
struct draw {
	__u64 state;
};

/* The next number (splitmix64). */
static inline __u64 draw(struct draw *d)
{
	__u64 z = d->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* 0 to @n - 1. */
static inline __u32 draw_below(struct draw *d, __u32 n)
{
	return (__u32)(draw(d) >> 32) % n;
}

static inline bool draw_one_in(struct draw *d, __u32 n)
{
	return !draw_below(d, n);
}

/* One element of an array. */
#define draw_of(d, array) \
	((array)[draw_below(d, sizeof(array) / sizeof((array)[0]))])

/* A sequence for each pair of @seed and @number. */
static inline struct draw draw_start(__u64 seed, __u64 number)
{
	struct draw d = { .state = seed };

	d.state = draw(&d) ^ number;
	d.state = draw(&d);
	return d;
}

#endif /* FUZZ_DRAW_H */
