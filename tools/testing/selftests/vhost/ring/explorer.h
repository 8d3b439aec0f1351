/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs threads with their steps in every order, and with every value that their
 * loads may get from weakly ordered memory. See explorer.c for the memory model
 * and the search.
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
/* The most bytes that a thread may keep from one turn to the next. */
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
 * struct explore_site - the place of a step in the source
 * @file: file
 * @line: line
 * @weakened: a description of the step when weakened, NULL if it can't be
 * @reached: true once a thread made the step
 */
struct explore_site {
	const char *file;
	int line;
	const char *weakened;
	bool reached;
};

/**
 * struct explore_thread - a thread to run
 * @local: all state that it keeps between turns
 * @size: size of @local in bytes
 * @turn: makes some steps. For each of them it is called again from its
 *	beginning, with @local as it was there, so it may write to nothing else.
 * @stuck: called if this thread sleeps for ever; returns the property that is
 *	broken, or NULL if it may
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
 * @states: number of different states
 */
struct explore_result {
	const char *broken;
	unsigned long states;
};

/* All sites that can be weakened. */
extern struct explore_site * const __start_explore_sites[];
extern struct explore_site * const __stop_explore_sites[];

/* Allocates the shared memory, which only the steps below may access. */
void *explore_memory(size_t size);
/*
 * Declares the fields of @n structures in the shared memory. @fields has their
 * sizes and ends with 0.
 */
void explore_fields(const void *p, const uint8_t *fields, unsigned int n);

struct explore_result explore_all(const struct explore_thread *threads,
				  unsigned int n,
				  const struct explore_site *weakened);
/* Prints the steps that led to what the last explore_all() found. */
void explore_print_path(void);

/* Steps of a thread, called from its turn. */
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
