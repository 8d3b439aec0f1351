// SPDX-License-Identifier: GPL-2.0
/*
 * Litmus tests of the explorer's memory model: outcomes that it must allow or
 * forbid. See explorer.c for where it differs from the kernel's.
 */
#include <string.h>

#include "explore.h"
#include "explore_litmus.h"

#define OPS 4

enum op_kind {
	NONE, LOAD, ACQUIRE, STORE, RELEASE, MB, RMB, WMB, NOTIFY, WAIT,
};

/* Three words of memory, and the two halves of the first one. */
enum place { X, X_LOW, X_HIGH, Y, Z };

static const struct {
	u8 offset;
	u8 size;
} places[] = { [X] = { 0, 8 }, [X_LOW] = { 0, 4 }, [X_HIGH] = { 4, 4 },
	       [Y] = { 8, 8 }, [Z] = { 16, 8 } };

struct op {
	enum op_kind kind;
	enum place place;
	u64 value;
};

/**
 * struct litmus - a test
 * @name: name
 * @ops: operations of each thread
 * @loaded: the outcome: what the loads of each thread return
 * @allowed: whether this outcome is allowed
 */
static const struct litmus {
	const char *name;
	struct op ops[EXPLORE_THREADS][OPS];
	u64 loaded[EXPLORE_THREADS][2];
	bool allowed;
} tests[] = {
	{ "store, load: late stores",
	  { { { STORE, X, 1 }, { LOAD, Y } },
	    { { STORE, Y, 1 }, { LOAD, X } } }, { { 0 }, { 0 } }, true },
	{ "store, load: one barrier",
	  { { { STORE, X, 1 }, { MB }, { LOAD, Y } },
	    { { STORE, Y, 1 }, { LOAD, X } } }, { { 0 }, { 0 } }, true },
	{ "store, load: release and acquire",
	  { { { RELEASE, X, 1 }, { ACQUIRE, Y } },
	    { { RELEASE, Y, 1 }, { ACQUIRE, X } } }, { { 0 }, { 0 } }, true },
	{ "store, load: barriers",
	  { { { STORE, X, 1 }, { MB }, { LOAD, Y } },
	    { { STORE, Y, 1 }, { MB }, { LOAD, X } } }, { { 0 }, { 0 } } },
	{ "message: no barrier",
	  { { { STORE, X, 1 }, { STORE, Y, 1 } },
	    { { LOAD, Y }, { LOAD, X } } }, { { 0 }, { 1, 0 } }, true },
	{ "message: no read barrier",
	  { { { STORE, X, 1 }, { WMB }, { STORE, Y, 1 } },
	    { { LOAD, Y }, { LOAD, X } } }, { { 0 }, { 1, 0 } }, true },
	{ "message: no write barrier",
	  { { { STORE, X, 1 }, { STORE, Y, 1 } },
	    { { LOAD, Y }, { RMB }, { LOAD, X } } },
	  { { 0 }, { 1, 0 } }, true },
	{ "message: barriers",
	  { { { STORE, X, 1 }, { WMB }, { STORE, Y, 1 } },
	    { { LOAD, Y }, { RMB }, { LOAD, X } } }, { { 0 }, { 1, 0 } } },
	{ "message: full barriers",
	  { { { STORE, X, 1 }, { MB }, { STORE, Y, 1 } },
	    { { LOAD, Y }, { MB }, { LOAD, X } } }, { { 0 }, { 1, 0 } } },
	{ "message: acquire alone",
	  { { { STORE, X, 1 }, { STORE, Y, 1 } },
	    { { ACQUIRE, Y }, { LOAD, X } } }, { { 0 }, { 1, 0 } }, true },
	{ "message: release alone",
	  { { { STORE, X, 1 }, { RELEASE, Y, 1 } },
	    { { LOAD, Y }, { LOAD, X } } }, { { 0 }, { 1, 0 } }, true },
	{ "message: release and acquire",
	  { { { STORE, X, 1 }, { RELEASE, Y, 1 } },
	    { { ACQUIRE, Y }, { LOAD, X } } }, { { 0 }, { 1, 0 } } },
	{ "message: release orders nothing behind it",
	  { { { RELEASE, X, 1 }, { STORE, Y, 1 } },
	    { { ACQUIRE, Y }, { LOAD, X } } }, { { 0 }, { 1, 0 } }, true },
	{ "message: acquire orders nothing before it",
	  { { { STORE, X, 1 }, { WMB }, { STORE, Y, 1 } },
	    { { LOAD, Y }, { ACQUIRE, X } } }, { { 0 }, { 1, 0 } }, true },
	{ "message: wake-up",
	  { { { STORE, X, 1 }, { NOTIFY } },
	    { { WAIT }, { LOAD, X } } }, { { 0 }, { 0 } } },
	{ "coherence",
	  { { { STORE, X, 1 } },
	    { { LOAD, X }, { LOAD, X } } }, { { 0 }, { 1, 0 } } },
	{ "coherence: its own store",
	  { { { STORE, X, 1 }, { LOAD, X } } }, { { 0 } } },
	{ "load, store: not played through",
	  { { { LOAD, X }, { STORE, Y, 1 } },
	    { { LOAD, Y }, { STORE, X, 1 } } }, { { 1 }, { 1 } } },
	{ "three: release and acquire",
	  { { { STORE, X, 1 }, { RELEASE, Y, 1 } },
	    { { ACQUIRE, Y }, { RELEASE, Z, 1 } },
	    { { ACQUIRE, Z }, { LOAD, X } } }, { { 0 }, { 1 }, { 1, 0 } } },
	{ "three: a write barrier is for its own thread's stores",
	  { { { STORE, X, 1 }, { RELEASE, Y, 1 } },
	    { { ACQUIRE, Y }, { WMB }, { STORE, Z, 1 } },
	    { { ACQUIRE, Z }, { LOAD, X } } }, { { 0 }, { 1 }, { 1, 0 } },
	  true },
	{ "three: a full one for all that it saw",
	  { { { STORE, X, 1 }, { RELEASE, Y, 1 } },
	    { { LOAD, Y }, { MB }, { STORE, Z, 1 } },
	    { { ACQUIRE, Z }, { LOAD, X } } }, { { 0 }, { 1 }, { 1, 0 } } },
	{ "halves: stored one by one",
	  { { { STORE, X_LOW, 1 }, { STORE, X_HIGH, 1 } },
	    { { LOAD, X } } }, { { 0 }, { 1ULL << 32 } }, true },
	{ "halves: write barrier, loaded at once",
	  { { { STORE, X_LOW, 1 }, { WMB }, { STORE, X_HIGH, 1 } },
	    { { LOAD, X } } }, { { 0 }, { 1ULL << 32 } } },
	{ "halves: stored at once, loaded at once",
	  { { { STORE, X, 1ULL << 32 | 1 } },
	    { { LOAD, X } } }, { { 0 }, { 1ULL << 32 } } },
	{ "halves: stored at once, then one of them, loaded at once",
	  { { { STORE, X, 1ULL << 32 | 1 }, { STORE, X_HIGH, 2 } },
	    { { LOAD, X } } }, { { 0 }, { 2ULL << 32 } } },
	{ "halves: stored at once, loaded one by one",
	  { { { STORE, X, 1ULL << 32 | 1 } },
	    { { LOAD, X_HIGH }, { LOAD, X_LOW } } },
	  { { 0 }, { 1, 0 } }, true },
	{ "halves: stored at once, read barrier",
	  { { { STORE, X, 1ULL << 32 | 1 } },
	    { { LOAD, X_HIGH }, { RMB }, { LOAD, X_LOW } } },
	  { { 0 }, { 1, 0 } } },
};

static const struct litmus *test;
static u8 *memory;

static struct side {
	u64 loaded[2];
	bool done;
} sides[EXPLORE_THREADS];

static void run_op(unsigned int i, const struct op *op, u64 **loaded)
{
	u8 *p = memory + places[op->place].offset;
	const size_t size = places[op->place].size;

	switch (op->kind) {
	case NONE:
		break;
	case LOAD:
	case ACQUIRE:
		*(*loaded)++ = explore_load(EXPLORE_PLACE, p, size,
					  op->kind == ACQUIRE);
		break;
	case STORE:
	case RELEASE:
		explore_store(EXPLORE_PLACE, p, size, op->value,
			      op->kind == RELEASE);
		break;
	case MB:
		explore_barrier(EXPLORE_PLACE, EXPLORE_MB);
		break;
	case RMB:
		explore_barrier(EXPLORE_PLACE, EXPLORE_RMB);
		break;
	case WMB:
		explore_barrier(EXPLORE_PLACE, EXPLORE_WMB);
		break;
	case NOTIFY:
		explore_notify(EXPLORE_PLACE, !i);
		break;
	case WAIT:
		explore_wait(EXPLORE_PLACE);
		break;
	}
}

/* Ends in a sleep, so that the explorer asks stuck_2() about the outcome. */
static void turn(unsigned int i)
{
	u64 *loaded = sides[i].loaded;
	unsigned int j;

	if (sides[i].done)
		explore_wait(EXPLORE_PLACE);
	for (j = 0; j < OPS; j++)
		run_op(i, &test->ops[i][j], &loaded);
	sides[i].done = true;
}

static void turn_0(void)
{
	turn(0);
}

static void turn_1(void)
{
	turn(1);
}

static void turn_2(void)
{
	turn(2);
}

static const char *stuck_0(void)
{
	return NULL;
}

static const char *stuck_1(void)
{
	return NULL;
}

/* The last one that is asked: @sides then has the state of all threads. */
static const char *stuck_2(void)
{
	unsigned int i;

	for (i = 0; i < EXPLORE_THREADS; i++)
		if (!sides[i].done ||
		    memcmp(sides[i].loaded, test->loaded[i],
			   sizeof(test->loaded[i])) != 0)
			return NULL;
	return "the outcome is possible";
}

unsigned int litmus_tests(void)
{
	return sizeof(tests) / sizeof(*tests);
}

const char *litmus_name(unsigned int i)
{
	return tests[i].name;
}

bool litmus_passes(unsigned int i)
{
	const struct explore_thread threads[EXPLORE_THREADS] = {
		{ &sides[0], sizeof(*sides), turn_0, stuck_0 },
		{ &sides[1], sizeof(*sides), turn_1, stuck_1 },
		{ &sides[2], sizeof(*sides), turn_2, stuck_2 },
	};
	bool found;

	test = &tests[i];
	memory = explore_memory(4096);
	explore_fields(memory, (u8 []){ 4, 4, 8, 8, 0 }, 1);
	memset(sides, 0, sizeof(sides));
	found = explore_all(threads, EXPLORE_THREADS, NULL).broken;
	return found == test->allowed;
}
