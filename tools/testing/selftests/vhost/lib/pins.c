// SPDX-License-Identifier: GPL-2.0
/*
 * Counting pinned pages by the counters of /proc/vmstat.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "attr.h"
#include "pins.h"
#include "wait.h"

static long vm_counter(const char *field)
{
	FILE *f = fopen("/proc/vmstat", "r");
	size_t len = strlen(field);
	char line[128];
	long n = 0;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, len) && line[len] == ' ')
			n = strtol(line + len, NULL, 10);
	if (f)
		fclose(f);
	return n;
}

long pins_now(void)
{
	/* Counters of other CPUs are added up only once a second otherwise. */
	attr_write("1", "/proc/sys/vm/stat_refresh");
	return vm_counter("nr_foll_pin_acquired") -
	       vm_counter("nr_foll_pin_released");
}

static bool same(void *arg)
{
	return pins_now() == *(long *)arg;
}

int pins_wait(long pins)
{
	return cond_wait(same, &pins, WAIT_MS);
}

const char *pins_memory(bool pinned)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	const char *memory = getenv("MEMORY");

	if (memory && !strcmp(memory, "other"))
		pinned = !pinned;
	if (pinned)
		setrlimit(RLIMIT_MEMLOCK, &all);
	return pinned ? "pinned" : "demand";
}
