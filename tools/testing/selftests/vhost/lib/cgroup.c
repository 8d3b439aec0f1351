// SPDX-License-Identifier: GPL-2.0
/*
 * Control groups of the unified hierarchy (cgroup2).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attr.h"
#include "cgroup.h"

#define ROOT	"/sys/fs/cgroup"

int cgroup_enter(struct cgroup *cg, const char *name)
{
	int err = attr_write("+memory", ROOT "/cgroup.subtree_control");

	if (err)
		return err;
	snprintf(cg->path, sizeof(cg->path), ROOT "/%.16s.%d", name, getpid());
	if (mkdir(cg->path, 0755) && errno != EEXIST)
		return -errno;
	return attr_write("0", "%s/cgroup.procs", cg->path);
}

int cgroup_leave(struct cgroup *cg)
{
	int err = attr_write("0", ROOT "/cgroup.procs");

	if (err)
		return err;
	return rmdir(cg->path) ? -errno : 0;
}

long cgroup_kernel_bytes(const struct cgroup *cg)
{
	char path[96], line[128];
	long bytes = -ENODATA;
	FILE *f;

	/* Up to 6.15 this adds up the counters of all CPUs. */
	attr_read(line, sizeof(line), "%s/cpu.stat", cg->path);
	snprintf(path, sizeof(path), "%s/memory.stat", cg->path);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "kernel ", 7))
			bytes = strtol(line + 7, NULL, 10);
	fclose(f);
	return bytes;
}

int cgroup_of(pid_t tid, char *buf, size_t len)
{
	return attr_read(buf, len, "/proc/%d/cgroup", tid);
}
