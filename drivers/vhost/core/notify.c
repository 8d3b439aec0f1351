// SPDX-License-Identifier: GPL-2.0
/*
 * The eventfds that a device signals to its guest or its monitor: call, err and
 * configuration change. They are signalled in any context and replaced at any
 * time, so they are protected by RCU.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/vhost.h>

#include "notify.h"

/**
 * vhx_eventfd_get - get an eventfd
 * @fd: file descriptor, or VHOST_FILE_UNBIND
 *
 * Return: the eventfd, NULL for VHOST_FILE_UNBIND, or an error pointer: -EBADF
 * if @fd is not open, -EINVAL if it is no eventfd, -ENOMEM.
 */
struct vhx_eventfd *vhx_eventfd_get(int fd)
{
	struct vhx_eventfd *efd;
	struct eventfd_ctx *ctx;

	if (fd == VHOST_FILE_UNBIND)
		return NULL;
	ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(ctx))
		return ERR_CAST(ctx);
	efd = kmalloc(sizeof(*efd), GFP_KERNEL_ACCOUNT);
	if (!efd) {
		eventfd_ctx_put(ctx);
		return ERR_PTR(-ENOMEM);
	}
	efd->ctx = ctx;
	return efd;
}

static void eventfd_put_rcu(struct rcu_head *rcu)
{
	struct vhx_eventfd *efd = container_of(rcu, struct vhx_eventfd, rcu);

	eventfd_ctx_put(efd->ctx);
	kfree(efd);
}

/**
 * vhx_eventfd_put - drop an eventfd that is in no slot any longer
 * @efd: the eventfd, or NULL
 */
void vhx_eventfd_put(struct vhx_eventfd *efd)
{
	if (efd)
		call_rcu(&efd->rcu, eventfd_put_rcu);
}

/**
 * vhx_eventfd_replace - put another eventfd in a slot
 * @slot: the slot; the caller serialises its changes
 * @efd: the eventfd, which becomes the slot's, or NULL
 *
 * Who finds no eventfd in a slot loses its signal. So the caller then looks
 * whether a signal is due, and signals the new one if it is. The barrier pairs
 * with the one between what the signal is about and the signal.
 */
void vhx_eventfd_replace(struct vhx_eventfd __rcu **slot,
			 struct vhx_eventfd *efd)
{
	vhx_eventfd_put(rcu_replace_pointer(*slot, efd, true));
	/* See above. */
	smp_mb();
}

/**
 * vhx_eventfd_signal - signal the eventfd in a slot, if there is one
 * @slot: the slot
 *
 * Context: any.
 */
void vhx_eventfd_signal(struct vhx_eventfd __rcu **slot)
{
	struct vhx_eventfd *efd;

	rcu_read_lock();
	efd = rcu_dereference(*slot);
	if (efd)
		eventfd_signal(efd->ctx);
	rcu_read_unlock();
}
