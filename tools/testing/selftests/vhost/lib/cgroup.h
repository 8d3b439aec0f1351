/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A control group with the memory controller, for one process: what it is
 * charged with is what the process and the devices that it owns allocate.
 */
#ifndef VHXT_CGROUP_H
#define VHXT_CGROUP_H

#include <sys/types.h>

/**
 * struct cgroup - a folder below /sys/fs/cgroup
 * @path: the folder
 */
struct cgroup {
	char path[64];
};

/* Make one and move the calling process into it. 0 or -errno. */
int cgroup_enter(struct cgroup *cg, const char *name);

/* Move back to the root and remove it. 0 or -errno. */
int cgroup_leave(struct cgroup *cg);

/*
 * Bytes of kernel memory that it is charged with: the field "kernel" of
 * memory.stat; or -errno. It may be some hundred KiB and two seconds behind.
 */
long cgroup_kernel_bytes(const struct cgroup *cg);

/* The cgroup of task @tid as /proc/TID/cgroup has it. 0 or -errno. */
int cgroup_of(pid_t tid, char *buf, size_t len);

#endif /* VHXT_CGROUP_H */
