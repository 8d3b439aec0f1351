/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work for a worker, and the polling of a file that starts it: a kick eventfd,
 * a tap's queue.
 */
#ifndef _VHX_POLL_H
#define _VHX_POLL_H

#include <linux/llist.h>
#include <linux/poll.h>
#include <linux/wait.h>

struct vhx_worker;
struct vhx_work;

/**
 * struct vhx_work - something to do in a worker
 * @fn: does it, in the worker, with the owner's mm; may sleep
 *
 * Queued again while it waits, it runs once; queued again while it runs, it
 * runs once more.
 */
struct vhx_work {
	void (*fn)(struct vhx_work *work);
	/* private: */
	struct llist_node node;
	unsigned long flags;
};

void vhx_work_init(struct vhx_work *work, void (*fn)(struct vhx_work *work));

/**
 * struct vhx_poll - wakes a queue, or whatever @wake does, when a file is ready
 * @wake: called when @mask holds, with interrupts off, possibly in interrupt
 *	context
 * @mask: the events that are waited for
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
