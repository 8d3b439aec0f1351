// SPDX-License-Identifier: GPL-2.0
/*
 * The costs of a benchmark other than instructions. The kernel counts some
 * (perf's counters of software events and tracepoints, vmstat), the emulator's
 * plugin others: locked instructions and bytes copied. They cover the whole
 * machine, as nothing else runs on it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attr.h"
#include "bench.h"

#define TRACING		"/sys/kernel/tracing"
#define MAX_CPUS	64

struct event {
	int fd[MAX_CPUS];
	long ncpus;
};

static struct event switches, bios;
static double pinned_before;

static void event_open(struct event *e, __u32 type, __u64 config)
{
	struct perf_event_attr attr = {
		.type = type,
		.size = sizeof(attr),
		.config = config,
	};
	long i;

	e->ncpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (e->ncpus > MAX_CPUS)
		e->ncpus = MAX_CPUS;
	for (i = 0; i < e->ncpus; i++)
		e->fd[i] = (int)syscall(SYS_perf_event_open, &attr, -1, (int)i,
					-1, PERF_FLAG_FD_CLOEXEC);
}

/* The sum of the counters, or -1 if there are none. Closes them. */
static double event_close(struct event *e)
{
	double sum = 0;
	__u64 count;
	long i;

	for (i = 0; i < e->ncpus; i++) {
		if (e->fd[i] < 0 ||
		    read(e->fd[i], &count, sizeof(count)) != sizeof(count))
			sum = -1;
		else if (sum >= 0)
			sum += (double)count;
		if (e->fd[i] >= 0)
			close(e->fd[i]);
	}
	return sum;
}

static double vm_counter(const char *field)
{
	FILE *f = fopen("/proc/vmstat", "r");
	size_t len = strlen(field);
	double n = -1;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, field, len) && line[len] == ' ')
			n = strtod(line + len, NULL);
	if (f)
		fclose(f);
	return n;
}

static double pinned(void)
{
	/* Else what was counted last shows up a second later. */
	attr_write("1", "/proc/sys/vm/stat_refresh");
	return vm_counter("nr_foll_pin_acquired");
}

/*
 * Nops with these operands make the plugin write its counts since the previous
 * nop to a file, on the emulator's side of 9p, or read its configuration again.
 */
static void plugin_mark(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0x76, 0x68, 0x78, 0x62");
}

void counts_reload(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x80, 0x76, 0x68, 0x78, 0x63");
}

static void plugin_counts(struct counts *c)
{
	const char *path = getenv("VHX_BENCH_COUNTS");
	FILE *f = path ? fopen(path, "r") : NULL;

	if (!f || fscanf(f, "%lf %lf", &c->locked, &c->copied) != 2) {
		c->locked = -1;
		c->copied = -1;
	}
	if (f)
		fclose(f);
}

void counts_begin(void)
{
	long id = attr_read_long(TRACING "/events/block/block_bio_queue/id");

	event_open(&bios, PERF_TYPE_TRACEPOINT, (__u64)id);
	event_open(&switches, PERF_TYPE_SOFTWARE,
		   PERF_COUNT_SW_CONTEXT_SWITCHES);
	pinned_before = pinned();
	plugin_mark();
}

void counts_end(struct counts *c)
{
	plugin_mark();
	plugin_counts(c);
	c->switches = event_close(&switches);
	c->bios = event_close(&bios);
	c->pinned = pinned_before < 0 ? -1 : pinned() - pinned_before;
}
