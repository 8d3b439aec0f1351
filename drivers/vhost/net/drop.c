// SPDX-License-Identifier: GPL-2.0
/*
 * Dropped frames. Each is counted by its reason, in an attribute of the node
 * below /sys/class/misc, and the first one of a reason since the tap was
 * attached is logged.
 */
#include <linux/bitops.h>
#include <linux/device.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sysfs.h>

#include "net.h"

static const char *const reasons[VHX_NET_NDROPS] = {
	[VHX_NET_RX_TOO_LARGE]	= "larger than the guest's buffers",
	[VHX_NET_RX_HEADER]	= "the tap's header is not the one negotiated",
	[VHX_NET_RX_FAULT]	= "the guest's buffer can't be written",
	[VHX_NET_RX_REFUSED]	= "the tap did not hand them over",
	[VHX_NET_TX_EMPTY]	= "a header without data",
	[VHX_NET_TX_TOO_LARGE]	= "larger than 64 KiB",
	[VHX_NET_TX_HEADER]	= "the tap's header is not the one negotiated",
	[VHX_NET_TX_FAULT]	= "the guest's buffer can't be read",
	[VHX_NET_TX_DOWN]	= "the tap is down",
	[VHX_NET_TX_NO_TAP]	= "the tap was removed",
	[VHX_NET_TX_NO_MEMORY]	= "the tap found no memory",
	[VHX_NET_TX_REFUSED]	= "the tap refused them",
};

/* Since the module was loaded. */
static atomic64_t dropped[VHX_NET_NDROPS];

static ssize_t dropped_show(struct device *dev, struct device_attribute *attr,
			    char *page)
{
	const atomic64_t *count = container_of(attr, struct dev_ext_attribute,
					       attr)->var;

	return sysfs_emit(page, "%lld\n", atomic64_read(count));
}

#define DROPPED(_name, _why)						\
	static struct dev_ext_attribute _name##_attr = {		\
		.attr = __ATTR(_name, 0444, dropped_show, NULL),	\
		.var = &dropped[_why],					\
	}

DROPPED(rx_too_large, VHX_NET_RX_TOO_LARGE);
DROPPED(rx_header, VHX_NET_RX_HEADER);
DROPPED(rx_fault, VHX_NET_RX_FAULT);
DROPPED(rx_refused, VHX_NET_RX_REFUSED);
DROPPED(tx_empty, VHX_NET_TX_EMPTY);
DROPPED(tx_too_large, VHX_NET_TX_TOO_LARGE);
DROPPED(tx_header, VHX_NET_TX_HEADER);
DROPPED(tx_fault, VHX_NET_TX_FAULT);
DROPPED(tx_down, VHX_NET_TX_DOWN);
DROPPED(tx_no_tap, VHX_NET_TX_NO_TAP);
DROPPED(tx_no_memory, VHX_NET_TX_NO_MEMORY);
DROPPED(tx_refused, VHX_NET_TX_REFUSED);

static struct attribute *drop_attrs[] = {
	&rx_too_large_attr.attr.attr,
	&rx_header_attr.attr.attr,
	&rx_fault_attr.attr.attr,
	&rx_refused_attr.attr.attr,
	&tx_empty_attr.attr.attr,
	&tx_too_large_attr.attr.attr,
	&tx_header_attr.attr.attr,
	&tx_fault_attr.attr.attr,
	&tx_down_attr.attr.attr,
	&tx_no_tap_attr.attr.attr,
	&tx_no_memory_attr.attr.attr,
	&tx_refused_attr.attr.attr,
	NULL,
};

/* The folder "dropped" of the node. */
const struct attribute_group vhx_net_drop_group = {
	.name = "dropped",
	.attrs = drop_attrs,
};

/**
 * vhx_net_drop - count a frame that is dropped, and log the first
 * @nvq: queue
 * @why: reason
 *
 * Context: the worker.
 */
void vhx_net_drop(struct vhx_net_vq *nvq, enum vhx_net_drop why)
{
	atomic64_inc(&dropped[why]);
	if (nvq->logged & BIT(why))
		return;
	nvq->logged |= BIT(why);
	/* The memory of an owner that is being killed just goes away. */
	if (fatal_signal_pending(current))
		return;
	pr_info_ratelimited("net: owner %d: queue %u drops frames: %s\n",
			    vhx_vq_owner(nvq->vq), vhx_vq_index(nvq->vq),
			    reasons[why]);
}
