// SPDX-License-Identifier: GPL-2.0
/*
 * One benchmark of one subject:
 *
 *	bench net|blk|ring|fill|reload KEY=VALUE...
 *
 *	name=NAME subject=SUBJECT	for the record
 *	instructions=N			of a repetition, approximately
 *	mode=exact|time			what the clock counts: instructions or time
 *	counted=1			print over how many operations it counted
 *	KEY=VALUE			see net.c, blk.c, ring.c
 *
 * Prints a record, "@bench " and a JSON object, as tools/bench/report reads it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static char **options;

static __u64 paused, pauses, paused_at;

const char *opt(const char *key, const char *other)
{
	size_t len = strlen(key);
	char **o;

	for (o = options; *o; o++)
		if (!strncmp(*o, key, len) && (*o)[len] == '=')
			return *o + len + 1;
	return other;
}

__u64 opt_num(const char *key, __u64 other)
{
	const char *value = opt(key, NULL);

	return value ? strtoull(value, NULL, 0) : other;
}

static void record_begin(void)
{
	printf("@bench {\"name\": \"%s\", \"subject\": \"%s\", \"mode\": \"%s\"",
	       opt("name", "-"), opt("subject", "-"), opt("mode", "exact"));
}

void bench_die(int err, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	record_begin();
	printf(", \"error\": \"%s: %s\"}\n", what, strerror(-err));
	exit(1);
}

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void bench_pause(void)
{
	paused_at = now();
}

void bench_resume(void)
{
	paused += now() - paused_at;
	pauses++;
}

/* The part of a pause that is not excluded: some of the clock's own cost. */
static double pause_cost(void)
{
	static double cost;
	unsigned int i;
	__u64 start;

	if (cost)
		return cost;
	paused = 0;
	start = now();
	for (i = 0; i < 1000; i++) {
		bench_pause();
		bench_resume();
	}
	cost = (double)(now() - start - paused) / 1000;
	return cost;
}

/*
 * Runs in parts, with the clock stopped between them for different times.
 * Otherwise wake-ups fall into step with the timer, and each run into another
 * step.
 */
#define PARTS		24
#define PART_US(i)	(700 + (i) * 900)

static double repetition(const struct bench *b, __u64 n)
{
	__u64 start, chunks = n / b->chunk, part;
	double cost = pause_cost();
	unsigned int i;

	paused = 0;
	pauses = 0;
	start = now();
	for (i = 0; i < PARTS; i++) {
		part = chunks * (i + 1) / PARTS - chunks * i / PARTS;
		if (!part)
			continue;
		b->run(part * b->chunk);
		bench_pause();
		usleep(PART_US(i));
		bench_resume();
	}
	return ((double)(now() - start - paused) - (double)pauses * cost) /
	       (double)n;
}

static __u64 read_count(__u64 (*count)(void))
{
	return count ? count() : 0;
}

static void print_count(const char *name, double count, __u64 n, bool *first)
{
	if (count < 0)
		return;
	printf("%s\"%s\": %.6g", *first ? "" : ", ", name, count / (double)n);
	*first = false;
}

/* In a separate run, as counting has costs. */
static void print_counts(const struct bench *b, __u64 n)
{
	__u64 kicks = read_count(b->kicks), calls = read_count(b->calls);
	struct counts c;
	bool first = true;

	counts_begin();
	b->run(n);
	counts_end(&c);
	kicks = read_count(b->kicks) - kicks;
	calls = read_count(b->calls) - calls;

	printf(", \"counts\": {");
	print_count("kicks", b->kicks ? (double)kicks : -1, n, &first);
	print_count("calls", b->calls ? (double)calls : -1, n, &first);
	print_count("switches", c.switches, n, &first);
	print_count("copied", c.copied, n, &first);
	print_count("pinned", c.pinned, n, &first);
	print_count("bios", c.bios, n, &first);
	print_count("locked", c.locked, n, &first);
	printf("}");
}

/* How much two repetitions may differ, and how often they are made longer. */
#define AGREE		0.004
#define LONGER		4

static bool agree(double a, double b)
{
	return (a > b ? a - b : b - a) <= AGREE * (a > b ? a : b);
}

void bench_measure(const struct bench *b)
{
	double wanted = (double)opt_num("instructions", 80000000), value;
	double first, second;
	unsigned int longer;
	__u64 n, counted;

	/* Everything is warm once, and then that says how often is enough. */
	b->run(b->chunk);
	n = b->chunk * 4;
	value = repetition(b, n);
	n = (__u64)(wanted / value) / b->chunk + 1;
	if (n < 4)
		n = 4;
	n *= b->chunk;
	b->run(n / b->chunk / 2 * b->chunk);

	/* What depends on who is scheduled when evens out in the long run. */
	for (longer = 0;; longer++, n *= 2) {
		first = repetition(b, n);
		second = repetition(b, n);
		if (longer == LONGER || agree(first, second))
			break;
	}

	record_begin();
	printf(", \"unit\": \"%s/%s\", \"better\": \"less\", \"values\": [%.2f, %.2f]",
	       strcmp(opt("mode", "exact"), "time") ? "instructions" : "ns",
	       b->op, first, second);
	counted = (n / b->chunk + 3) / 4 * b->chunk;
	print_counts(b, counted);
	printf("}\n");
	if (opt_num("counted", 0))
		printf("counted over %llu\n", counted);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*set_up)(struct bench *b);
	} kinds[] = {
		{ "net", net_bench },
		{ "blk", blk_bench },
		{ "ring", ring_bench },
	};
	struct bench b = { 0 };
	unsigned int i;

	if (argc < 2) {
		fprintf(stderr, "usage: bench net|blk|ring|fill|reload KEY=VALUE...\n");
		return 2;
	}
	options = argv + 2;
	if (!strcmp(argv[1], "fill")) {
		blk_fill();
		return 0;
	}
	if (!strcmp(argv[1], "reload")) {
		counts_reload();
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(argv[1], kinds[i].name))
			break;
	if (i == ARRAY_SIZE(kinds))
		bench_die(-EINVAL, "no benchmark '%s'", argv[1]);
	kinds[i].set_up(&b);
	bench_measure(&b);
	return 0;
}
