// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer's target: bytes are a ring and what driver and device do to it; the
 * engine must do as the model. What differs is told with all the steps that led
 * there.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "world.h"

bool tracing;

static struct {
	const u8 *data;
	size_t size;
} current;

static struct world world;

static void run(const u8 *data, size_t size)
{
	struct world *w = &world;

	world_begin(w, data, size);
	while (!w->over && w->in.at < w->in.end) {
		u8 op = input8(&w->in);

		if (op & 1)
			device_step(w, op >> 1);
		else
			driver_step(w, op >> 1);
	}
	world_end(w);
}

/* Once more, with all that happens. */
void differs(const char *format, ...)
{
	va_list args;

	if (!tracing) {
		tracing = true;
		fprintf(stderr, "\nNot as the model has it:\n");
		run(current.data, current.size);
		fprintf(stderr, "The second time it does not.\n");
		abort();
	}
	va_start(args, format);
	fprintf(stderr, "DIFFERS: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	abort();
}

/* A freed piece of memory is not kept for long: most are large. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=1:malloc_context_size=5";
}

/* libFuzzer's name for it. */
int run_input(const u8 *data, size_t size) __asm__("LLVMFuzzerTestOneInput");

int run_input(const u8 *data, size_t size)
{
	tracing = getenv("TRACE");
	current.data = data;
	current.size = size;
	run(data, size);
	return 0;
}
