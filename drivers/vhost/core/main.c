// SPDX-License-Identifier: GPL-2.0
/*
 * vhx.ko: initialisation, and exit in reverse order.
 */
#include <linux/module.h>

#include "core.h"

static int __init vhx_init(void)
{
	return vhx_configfs_init();
}

static void __exit vhx_exit(void)
{
	vhx_configfs_exit();
	/* Eventfds are put, and tables freed, by RCU callbacks. */
	rcu_barrier();
}

module_init(vhx_init);
module_exit(vhx_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("In-kernel virtio back ends: core");
