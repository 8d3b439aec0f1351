// SPDX-License-Identifier: GPL-2.0
/*
 * The target of libFuzzer. An input is the configuration of a ring and a
 * sequence of steps of driver and device. The engine must do what the model
 * predicts. If it differs, all steps of the input are printed.
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

/* Runs the input again, with all steps printed, before it reports. */
void differs(const char *format, ...)
{
	va_list args;

	if (!tracing) {
		tracing = true;
		fprintf(stderr, "\nNot as the model predicts:\n");
		run(current.data, current.size);
		fprintf(stderr, "The second run does not differ.\n");
		abort();
	}
	va_start(args, format);
	fprintf(stderr, "DIFFERS: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	abort();
}

/* A small quarantine: many allocations are large. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=1:malloc_context_size=5";
}

/* The entry point that libFuzzer calls, LLVMFuzzerTestOneInput(). */
int run_input(const u8 *data, size_t size) __asm__("LLVMFuzzerTestOneInput");

int run_input(const u8 *data, size_t size)
{
	tracing = getenv("TRACE");
	current.data = data;
	current.size = size;
	run(data, size);
	return 0;
}
