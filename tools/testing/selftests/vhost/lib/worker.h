/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The worker threads of a device: which of them serves which queue, what they
 * are called, and how long they ran.
 */
#ifndef VHXT_WORKER_H
#define VHXT_WORKER_H

#include <linux/types.h>
#include <stdbool.h>
#include <sys/types.h>

#include "vdev.h"

/* The worker ioctls. What they return, or -errno; the first two a number. */
int worker_new(struct vdev *d);
int worker_of(struct vdev *d, unsigned int q);
int worker_attach(struct vdev *d, unsigned int q, unsigned int id);
int worker_free(struct vdev *d, unsigned int id);

/*
 * The thread of a name: one of ours, or, on old kernels and where the owner
 * wants it, one of the kernel's. -ENOENT if there is none.
 */
pid_t worker_thread(const char *name);

/* Is it one of ours? */
bool worker_is_ours(pid_t tid);

/* Is it running, or waiting for a CPU? */
bool worker_is_awake(pid_t tid);

/* The time that it ran, in units that depend on the kernel; -1 on an error. */
long long worker_time(pid_t tid);

#endif /* VHXT_WORKER_H */
