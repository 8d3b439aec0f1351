/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VHX_NOTIFY_H
#define _VHX_NOTIFY_H

#include <linux/eventfd.h>
#include <linux/rcupdate.h>

/**
 * struct vhx_eventfd - an eventfd that may be replaced while it is signalled
 * @ctx: the eventfd
 * @rcu: puts it once no one can be signalling it
 */
struct vhx_eventfd {
	struct eventfd_ctx *ctx;
	struct rcu_head rcu;
};

struct vhx_eventfd *vhx_eventfd_get(int fd);
void vhx_eventfd_put(struct vhx_eventfd *efd);
void vhx_eventfd_replace(struct vhx_eventfd __rcu **slot,
			 struct vhx_eventfd *efd);
void vhx_eventfd_signal(struct vhx_eventfd __rcu **slot);

#endif /* _VHX_NOTIFY_H */
