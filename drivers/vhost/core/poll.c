// SPDX-License-Identifier: GPL-2.0
/*
 * Polling a file without a thread that waits: an entry in the file's wait queue
 * calls a function when the file is ready.
 */
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>

#include <vhx/poll.h>

static int poll_wake(wait_queue_entry_t *wait, unsigned int mode, int sync,
		     void *key)
{
	struct vhx_poll *poll = container_of(wait, struct vhx_poll, wait);
	__poll_t events = key_to_poll(key);

	if (!events || events & poll->mask)
		poll->wake(poll);
	return 0;
}

static void poll_queue(struct file *file, wait_queue_head_t *wqh,
		       poll_table *table)
{
	struct vhx_poll *poll = container_of(table, struct vhx_poll, table);

	/* Eventfds, and the sockets used here, have a single wait queue. */
	if (poll->wqh)
		return;
	poll->wqh = wqh;
	add_wait_queue(wqh, &poll->wait);
	/*
	 * Pairs with the barrier in skwq_has_sleeper(): either the file's poll
	 * function sees the packet, or the sender sees us. Not all poll
	 * functions have a barrier there: that of tun does not.
	 */
	smp_mb();
}

/**
 * vhx_poll_init - prepare to wait for a file
 * @poll: to be initialised
 * @wake: called with interrupts off when the file is ready
 * @mask: events to wait for
 */
void vhx_poll_init(struct vhx_poll *poll, void (*wake)(struct vhx_poll *poll),
		   __poll_t mask)
{
	memset(poll, 0, sizeof(*poll));
	poll->wake = wake;
	poll->mask = mask | EPOLLERR;
	init_waitqueue_func_entry(&poll->wait, poll_wake);
	init_poll_funcptr(&poll->table, poll_queue);
}
EXPORT_SYMBOL_GPL(vhx_poll_init);

/**
 * vhx_poll_start - begin to wait for a file
 * @poll: initialised; nothing happens if it is started already
 * @file: the file, to which @poll holds a reference until it is stopped
 *
 * If the file is ready already, @poll's function is called at once.
 *
 * Return: 0 or -EINVAL if the file has an error or can't be polled.
 */
int vhx_poll_start(struct vhx_poll *poll, struct file *file)
{
	__poll_t events;

	if (poll->file)
		return 0;
	poll->file = get_file(file);
	events = vfs_poll(file, &poll->table);
	if (events & EPOLLERR || !poll->wqh) {
		vhx_poll_stop(poll);
		return -EINVAL;
	}
	if (events & poll->mask)
		poll_wake(&poll->wait, 0, 0, poll_to_key(events));
	return 0;
}
EXPORT_SYMBOL_GPL(vhx_poll_start);

/**
 * vhx_poll_stop - stop waiting for a file
 * @poll: initialised; nothing happens if it is stopped already
 */
void vhx_poll_stop(struct vhx_poll *poll)
{
	if (poll->wqh)
		remove_wait_queue(poll->wqh, &poll->wait);
	poll->wqh = NULL;
	if (poll->file)
		fput(poll->file);
	poll->file = NULL;
}
EXPORT_SYMBOL_GPL(vhx_poll_stop);
