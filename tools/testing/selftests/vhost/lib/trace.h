/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a disk's driver is given, by the tracepoint block_rq_issue.
 */
#ifndef VHXT_TRACE_H
#define VHXT_TRACE_H

/**
 * struct issued - requests that were given to a disk's driver
 * @writes: writes
 * @fua: writes with FUA
 * @flushes: flushes
 */
struct issued {
	unsigned int writes;
	unsigned int fua;
	unsigned int flushes;
};

/* Begin to trace. 0, or -errno if this kernel can't. */
int trace_start(void);
void trace_stop(void);

/* What was issued to the disk at @path since the start. 0 or -errno. */
int trace_issued(const char *path, struct issued *n);

#endif /* VHXT_TRACE_H */
