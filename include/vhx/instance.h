/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a device type becomes devices: vhost nodes, of which every open file is a
 * device, and instances, which the administrator creates in configfs.
 */
#ifndef _VHX_INSTANCE_H
#define _VHX_INSTANCE_H

#include <linux/configfs.h>
#include <linux/limits.h>
#include <linux/miscdevice.h>

struct vhx_backend_ops;

/* The value of poll_us with which polling is adaptive and short. */
#define VHX_POLL_ADAPTIVE	(-1)

/**
 * struct vhx_pin_stats - counts pages of guest memory
 * @now: pages that are pinned
 * @total: pages that were pinned so far
 */
struct vhx_pin_stats {
	atomic64_t now;
	atomic64_t total;
};

/**
 * struct vhx_chardev - a character device
 * @misc: the misc device
 * @groups: its attributes below /sys/class/misc
 * @poll_us: attribute of a vhost node; files opened from now on have it
 * @broken: how many queues of its files were stopped because they were invalid
 * @pins: guest memory of its files, where that is pinned as a whole
 * @pinned: that of files of a node that are opened from now on is
 */
struct vhx_chardev {
	struct miscdevice misc;
	const struct attribute_group *groups[5];
	int poll_us;
	atomic_t broken;
	struct vhx_pin_stats pins;
	bool pinned;
};

/**
 * struct vhx_node - a character device with the vhost ioctls
 * @ops: the device type
 * @name: its name below /dev
 * @attrs: attributes that it has below /sys/class/misc beside the core's.
 *	Optional.
 */
struct vhx_node {
	const struct vhx_backend_ops *ops;
	const char *name;
	const struct attribute_group *attrs;
	/* private: */
	struct vhx_chardev cdev;
};

int vhx_node_register(struct vhx_node *node);
void vhx_node_unregister(struct vhx_node *node);

/**
 * struct vhx_instance - a device that the administrator created
 * @group: its folder in configfs
 * @ops: its type
 * @queues: attribute: number of queues
 * @queue_size: attribute: the most entries of a queue
 * @workers: attribute: number of workers, see vhx_instance_workers(); 0 is the
 *	default
 * @poll_us: attribute: how long a worker stays awake for more to do
 * @packed: attribute: VIRTIO_F_RING_PACKED is offered
 * @in_order: attribute: VIRTIO_F_IN_ORDER is offered
 * @pinned: attribute "memory": guest memory is pinned while it is mapped
 *
 * A back end embeds it. Attributes change only while it is not enabled, and it
 * can not be disabled while it is open, so they do not change under an open
 * device.
 */
struct vhx_instance {
	struct config_group group;
	const struct vhx_backend_ops *ops;
	unsigned int queues;
	unsigned int queue_size;
	unsigned int workers;
	int poll_us;
	bool packed;
	bool in_order;
	bool pinned;
	/* private: */
	const struct vhx_type *type;
	/* serialises attributes and enable */
	struct mutex lock;
	bool enabled;
	/* 0: closed, 1: open, -1: not enabled */
	atomic_t opened;
	/* the features that the driver which has it open acknowledged */
	u64 driver_features;
	struct vhx_chardev cdev;
	struct list_head node;
	/* of the device, with a "!" for the slash of its path */
	char name[NAME_MAX + 1];
};

/**
 * struct vhx_type - a device type of which instances can be created
 * @ops: the device type
 * @attrs: configfs attributes of an instance in addition to the core's, ended
 *	by NULL. Optional.
 * @alloc: allocates the structure in which the instance is embedded
 * @free: frees it; nothing uses it any longer
 * @enable: acquires what an enabled instance needs
 * @disable: releases it; the instance is not open
 *
 * @enable and @disable are called in process context, one at a time.
 */
struct vhx_type {
	const struct vhx_backend_ops *ops;
	struct configfs_attribute **attrs;
	struct vhx_instance *(*alloc)(void);
	void (*free)(struct vhx_instance *inst);
	int (*enable)(struct vhx_instance *inst);
	void (*disable)(struct vhx_instance *inst);
	/* private: */
	struct config_group group;
	struct config_item_type group_type;
	struct config_item_type item_type;
	struct configfs_attribute **all_attrs;
};

int vhx_type_register(struct vhx_type *type);
void vhx_type_unregister(struct vhx_type *type);

static inline struct vhx_instance *to_vhx_instance(struct config_item *item)
{
	return container_of(to_config_group(item), struct vhx_instance, group);
}

void vhx_instance_lock(struct vhx_instance *inst);
int vhx_instance_lock_disabled(struct vhx_instance *inst);
void vhx_instance_unlock(struct vhx_instance *inst);

#endif /* _VHX_INSTANCE_H */
