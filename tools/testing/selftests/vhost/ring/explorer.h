/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs threads in every order and with every value that weak memory may
 * give their loads. See explorer.c for the memory and for how it is searched.
 */
#ifndef EXPLORER_H
#define EXPLORER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __noreturn
#define __noreturn __attribute__((noreturn))
#endif

#define EXPLORE_THREADS 3
/* Bytes that a thread may keep from one turn to the next. */
#define EXPLORE_LOCAL 1024

enum explore_step {
	EXPLORE_LOAD_STEP,
	EXPLORE_STORE_STEP,
	EXPLORE_MB,
	EXPLORE_RMB,
	EXPLORE_WMB,
	EXPLORE_NOTIFY_STEP,
	EXPLORE_WAIT_STEP,
	EXPLORE_END_STEP,
};

/**
 * struct explore_site - a step's place in the source
 * @file: file
 * @line: line
 * @weakened: what can be taken from it, in words, or NULL
 * @reached: somebody came by
 */
struct explore_site {
	const char *file;
	int line;
	const char *weakened;
	bool reached;
};

/**
 * struct explore_thread - one side
 * @local: all that it keeps between turns, in one place
 * @size: bytes of it
 * @turn: goes on for some steps. It is called anew for each step with @local
 *	as it was when the turn began: nothing else may be written
 * @stuck: what it means if this thread sleeps for ever
 */
struct explore_thread {
	void *local;
	size_t size;
	void (*turn)(void);
	const char *(*stuck)(void);
};

/**
 * struct explore_result - what was found
 * @broken: the property that does not hold, or NULL
 * @states: how many differed
 */
struct explore_result {
	const char *broken;
	unsigned long states;
};

/* Every place that can be weakened. */
extern struct explore_site * const __start_explore_sites[];
extern struct explore_site * const __stop_explore_sites[];

/* The memory that both threads see; no other than the steps below reach it. */
void *explore_memory(size_t size);
/* The fields of @n structures, each of the sizes in @fields (ends with 0). */
void explore_fields(const void *p, const uint8_t *fields, unsigned int n);

struct explore_result explore_all(const struct explore_thread *threads,
				  unsigned int n,
				  const struct explore_site *weakened);
/* How the last one came to what it found. */
void explore_print_path(void);

/* Steps: from within a turn. */
uint64_t explore_load(struct explore_site *site, const void *p, size_t size,
		      bool acquire);
void explore_store(struct explore_site *site, void *p, size_t size,
		   uint64_t value, bool release);
void explore_barrier(struct explore_site *site, enum explore_step step);
void explore_notify(struct explore_site *site, unsigned int thread);
void explore_wait(struct explore_site *site);
void explore_end(void) __noreturn;
void explore_fail(const char *property) __noreturn;
bool explore_weak(struct explore_site *site);

#endif /* EXPLORER_H */
