// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoint block_rq_issue, in a trace instance of our own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attr.h"
#include "trace.h"

#define TRACEFS	"/sys/kernel/tracing"
#define OURS	TRACEFS "/instances/vhxt"

int trace_start(void)
{
	if (mount("tracefs", TRACEFS, "tracefs", 0, NULL) && errno != EBUSY)
		return -errno;
	trace_stop();
	if (mkdir(OURS, 0755))
		return -errno;
	return attr_write("1", OURS "/events/block/block_rq_issue/enable");
}

void trace_stop(void)
{
	rmdir(OURS);
}

/*
 * "WFS": a write with FUA; "FF": a flush; the first F of "FW" is a flush too.
 */
static void count(const char *rwbs, struct issued *n)
{
	const char *write = strchr(rwbs, 'W');

	if (!write) {
		n->flushes += rwbs[0] == 'F';
		return;
	}
	n->writes++;
	n->fua += !!strchr(write, 'F');
}

int trace_issued(const char *path, struct issued *n)
{
	char line[512], rwbs[16];
	unsigned int major, minor;
	struct stat st;
	FILE *f;

	*n = (struct issued){ 0 };
	if (stat(path, &st))
		return -errno;
	f = fopen(OURS "/trace", "r");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		const char *at = strstr(line, "block_rq_issue: ");

		if (!at || sscanf(at, "block_rq_issue: %u,%u %15s", &major,
				  &minor, rwbs) != 3)
			continue;
		if (makedev(major, minor) == st.st_rdev)
			count(rwbs, n);
	}
	fclose(f);
	return 0;
}
