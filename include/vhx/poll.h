/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work for a worker, and the polling of a file that starts it, such as a kick
 * eventfd or a tap.
 */
#ifndef _VHX_POLL_H
#define _VHX_POLL_H

#include <linux/llist.h>
#include <linux/poll.h>
#include <linux/wait.h>

struct vhx_worker;
struct vhx_work;

/**
 * struct vhx_work - work for a worker
 * @fn: called in the worker, with the owner's mm; may sleep
 *
 * Work that is queued again before it runs, runs once. Work that is queued
 * again while it runs, runs once more.
 */
struct vhx_work {
	void (*fn)(struct vhx_work *work);
	/* private: */
	struct llist_node node;
	unsigned long flags;
};

void vhx_work_init(struct vhx_work *work, void (*fn)(struct vhx_work *work));

/**
 * struct vhx_poll - calls a function when a file is ready
 * @wake: called when one of @mask happens, with interrupts off, possibly in
 *	interrupt context
 * @mask: events to wait for
 */
struct vhx_poll {
	void (*wake)(struct vhx_poll *poll);
	__poll_t mask;
	/* private: */
	struct file *file;
	wait_queue_head_t *wqh;
	wait_queue_entry_t wait;
	poll_table table;
};

void vhx_poll_init(struct vhx_poll *poll, void (*wake)(struct vhx_poll *poll),
		   __poll_t mask);
int vhx_poll_start(struct vhx_poll *poll, struct file *file);
void vhx_poll_stop(struct vhx_poll *poll);

#endif /* _VHX_POLL_H */
