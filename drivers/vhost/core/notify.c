// SPDX-License-Identifier: GPL-2.0
/*
 * The eventfds by which a device tells its guest or its monitor something:
 * call, err and configuration change. They are signalled in any context and
 * replaced at any time, so they live behind RCU.
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
 * vhx_eventfd_put - let an eventfd go that was taken out of its slot
 * @efd: the eventfd, or NULL
 */
void vhx_eventfd_put(struct vhx_eventfd *efd)
{
	if (efd)
		call_rcu(&efd->rcu, eventfd_put_rcu);
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
