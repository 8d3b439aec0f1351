// SPDX-License-Identifier: GPL-2.0
/*
 * Explores the notification protocol. In every order of the steps of device and
 * driver, and with every value that weakly ordered memory allows, no wake-up is
 * lost, no buffer is seen half written and none is completed twice. Then each
 * barrier is taken away in turn: something must break, or it is not needed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest.h"
#include "explore.h"
#include "explore_litmus.h"

struct explore_config config;
struct explore_area area;

/*
 * All scenarios begin at the last entry of the ring, so that the indices wrap.
 * The indices of a split ring begin at 65,535. A packed ring begins with either
 * wrap counter.
 */
static const struct explore_config scenarios[] = {
	{ "one by one", "akakc", .num = 2, .batch = 1 },
	{ "calls always wanted", "akakc", .num = 2, .batch = 1,
	  .listens = true },
	{ "ring of one", "akwakc", .num = 1, .batch = 1 },
	{ "full ring", "akwakakc", .num = 2, .batch = 2, .wrap = true },
	{ "batches", "aakakc", .num = 4, .packed_num = 3, .batch = 2,
	  .wrap = true },
	{ "batches, calls always wanted", "aakakakc", .num = 4, .batch = 4,
	  .listens = true, .late = true },
	{ "a look for all batches", "akakwakc", .num = 2, .packed_num = 3,
	  .batch = 1, .late = true },
	{ "backwards", "aakakc", .num = 4, .packed_num = 3, .batch = 3,
	  .backwards = true },
	{ "chains", "bkakwbkc", .num = 4, .batch = 2, .wrap = true },
	{ "two at least", "akakc", .num = 2, .needs = 2 },
	{ "two at least, twice", "akakaakc", .num = 4, .packed_num = 4,
	  .needs = 2, .wrap = true },
	{ "two chains at least", "bkbkc", .num = 4, .needs = 2 },
	{ "completed apart", "akc", .num = 2, .batch = 1, .apart = true },
	{ "completed apart, ring of one", "akwakc", .num = 1, .batch = 1,
	  .wrap = true, .listens = true, .apart = true },
	{ "in order, each by itself", "aakakc", .num = 4, .packed_num = 3,
	  .batch = 3, .in_order = true, .singly = true },
	{ "in order, a batch at once", "aakakc", .num = 4, .batch = 3,
	  .in_order = true, .late = true },
	{ "in order, completed backwards", "aakakc", .num = 4, .batch = 3,
	  .in_order = true, .backwards = true, .singly = true },
	{ "in order, full ring", "aakcaakc", .num = 2, .batch = 2,
	  .in_order = true, .backwards = true },
};

/* Formats and kinds of notification suppression. Each has its own barriers. */
#define KINDS 4

static const struct kind {
	const char *name;
	bool packed;
	bool event_idx;
} kinds[KINDS] = {
	{ "split, flags" },
	{ "split, event index", .event_idx = true },
	{ "packed, flags", .packed = true },
	{ "packed, event index", .packed = true, .event_idx = true },
};

static struct explore_result run(const struct explore_config *scenario,
				 const struct kind *kind,
				 struct explore_site *weakened)
{
	struct explore_thread threads[EXPLORE_THREADS];
	u8 *memory = explore_memory(4096);

	config = *scenario;
	config.packed = kind->packed;
	config.event_idx = kind->event_idx;
	if (config.packed && config.packed_num)
		config.num = config.packed_num;
	area.desc = memory;
	area.driver = memory + 1024;
	area.device = memory + 2048;
	area.data = (u64 *)(memory + 3072);
	area.handed = area.data + EXPLORE_BUFFERS;
	threads[EXPLORE_DRIVER] = explore_driver();
	threads[EXPLORE_DEVICE] = explore_device();
	threads[EXPLORE_COMPLETER] = explore_completer();
	explore_fields(area.data, (u8 []){ 8, 0 }, EXPLORE_BUFFERS);
	if (config.apart)
		explore_fields(area.handed, (u8 []){ 8, 0 }, EXPLORE_BUFFERS);
	return explore_all(threads, config.apart ? 3 : 2, weakened);
}

#define SITES ((unsigned int)(__stop_explore_sites - __start_explore_sites))

/* For each site, the kinds that reach it while nothing is weakened. */
static bool (*reached)[KINDS];

static void note_reached(unsigned int kind)
{
	unsigned int i;

	for (i = 0; i < SITES; i++) {
		reached[i][kind] |= __start_explore_sites[i]->reached;
		__start_explore_sites[i]->reached = false;
	}
}

static void test_scenario(const struct explore_config *scenario,
			  unsigned int kind)
{
	struct explore_result result = run(scenario, &kinds[kind], NULL);

	if (result.broken) {
		explore_print_path();
		ksft_print_msg("%s\n", result.broken);
	}
	ksft_print_msg("%lu states\n", result.states);
	ksft_test_result(!result.broken, "%s: %s\n", kinds[kind].name,
			 scenario->name);
	note_reached(kind);
}

/* Does any scenario of this kind break if @site is weakened? */
static bool is_needed(struct explore_site *site, const struct kind *kind)
{
	const struct explore_config *s;

	for (s = scenarios; s < scenarios + ARRAY_SIZE(scenarios); s++) {
		struct explore_result result = run(s, kind, site);

		if (!result.broken)
			continue;
		ksft_print_msg("%s: %s: %s\n", kind->name, s->name,
			       result.broken);
		return true;
	}
	ksft_print_msg("%s: nothing breaks\n", kind->name);
	return false;
}

static void test_weakened(struct explore_site *site, const bool *by)
{
	const char *slash = strrchr(site->file, '/');
	bool needed = true, seen = false;
	unsigned int kind;

	for (kind = 0; kind < KINDS; kind++) {
		if (!by[kind])
			continue;
		seen = true;
		needed &= is_needed(site, &kinds[kind]);
	}
	if (!seen)
		ksft_print_msg("no scenario reaches it\n");
	ksft_test_result(seen && needed, "%s:%d: %s\n",
			 slash ? slash + 1 : site->file, site->line,
			 site->weakened);
}

int main(int argc, char **argv)
{
	unsigned int i, kind;

	/* Programs of the kernel's harness list their tests with -l. */
	if (argc > 1) {
		fprintf(stderr, "%s: tests can't be selected\n", argv[0]);
		return strcmp(argv[1], "-l") ? KSFT_FAIL : KSFT_PASS;
	}
	ksft_print_header();
	ksft_set_plan(litmus_tests() + ARRAY_SIZE(scenarios) * KINDS + SITES);
	reached = calloc(SITES, sizeof(*reached));
	if (!reached)
		ksft_exit_fail_msg("no memory\n");
	for (i = 0; i < litmus_tests(); i++)
		ksft_test_result(litmus_passes(i), "litmus: %s\n",
				 litmus_name(i));
	for (kind = 0; kind < KINDS; kind++)
		for (i = 0; i < ARRAY_SIZE(scenarios); i++)
			test_scenario(&scenarios[i], kind);
	for (i = 0; i < SITES; i++)
		test_weakened(__start_explore_sites[i], reached[i]);
	free(reached);
	ksft_finished();
}
