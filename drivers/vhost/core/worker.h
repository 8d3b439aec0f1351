/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VHX_WORKER_H
#define _VHX_WORKER_H

#include <vhx/poll.h>

struct mm_struct;
struct vhx_worker;

/* Can a worker be a thread of its owner? */
#ifdef VHX_HAVE_VHOST_TASK
#define VHX_WORKERS_FORK	1
#else
#define VHX_WORKERS_FORK	0
#endif

struct vhx_worker *vhx_worker_create(struct mm_struct *mm, bool fork,
				     const char *name);
void vhx_worker_destroy(struct vhx_worker *worker);
bool vhx_worker_queue(struct vhx_worker *worker, struct vhx_work *work);
bool vhx_worker_has_work(const struct vhx_worker *worker);
bool vhx_worker_is_current(const struct vhx_worker *worker);
bool vhx_worker_is_dying(const struct vhx_worker *worker);
void vhx_worker_flush(struct vhx_worker *worker);

#endif /* _VHX_WORKER_H */
