// SPDX-License-Identifier: GPL-2.0
/*
 * Instances: devices that the administrator creates in configfs, as
 * vhx/TYPE/NAME, and that appear as /dev/vhx/NAME while they are enabled.
 *
 * An instance lives as long as its folder and every file opened from it. When
 * the folder is removed the device node goes; a process that has it open can
 * use it until it closes the file.
 */
#include <linux/list.h>
#include <linux/slab.h>

#include "core.h"

/*
 * The default of queue_size. QEMU 10.0.13 tells a guest that every queue has
 * 1024 entries, whatever the device and queue-size= say.
 */
#define DEF_QUEUE_SIZE 1024

/* All instances that have a node. A name is unique across all types. */
static LIST_HEAD(inst_nodes);
/* protects inst_nodes */
static DEFINE_MUTEX(inst_nodes_lock);

static int inst_add_node(struct vhx_instance *inst)
{
	const char *name = config_item_name(&inst->group.cg_item);
	struct vhx_instance *other;
	int err = 0;

	/* type_make_group() has checked that it fits. */
	snprintf(inst->name, sizeof(inst->name), "vhx!%.*s",
		 (int)(sizeof(inst->name) - sizeof("vhx!")), name);
	mutex_lock(&inst_nodes_lock);
	list_for_each_entry(other, &inst_nodes, node)
		if (!strcmp(other->name, inst->name))
			err = -EEXIST;
	if (!err)
		err = vhx_instance_register(inst);
	if (!err)
		list_add(&inst->node, &inst_nodes);
	mutex_unlock(&inst_nodes_lock);
	return err;
}

static void inst_del_node(struct vhx_instance *inst)
{
	mutex_lock(&inst_nodes_lock);
	vhx_instance_unregister(inst);
	list_del(&inst->node);
	mutex_unlock(&inst_nodes_lock);
}

static int inst_disable(struct vhx_instance *inst)
{
	lockdep_assert_held(&inst->lock);
	if (!inst->enabled)
		return 0;
	/* From here on it can't be opened. */
	if (atomic_cmpxchg(&inst->opened, 0, -1) != 0)
		return -EBUSY;
	inst_del_node(inst);
	inst->enabled = false;
	inst->type->disable(inst);
	return 0;
}

static int inst_enable(struct vhx_instance *inst)
{
	int err;

	lockdep_assert_held(&inst->lock);
	if (inst->enabled)
		return 0;
	err = inst->type->enable(inst);
	if (err)
		return err;
	atomic_set(&inst->opened, 0);
	err = inst_add_node(inst);
	if (err) {
		atomic_set(&inst->opened, -1);
		inst->type->disable(inst);
		return err;
	}
	inst->enabled = true;
	return 0;
}

/**
 * vhx_instance_open - reserve an instance for a file
 * @inst: instance whose node is being opened
 *
 * Return: 0; -EBUSY if it is open; -ENODEV if it is being disabled.
 */
int vhx_instance_open(struct vhx_instance *inst)
{
	int was = atomic_cmpxchg(&inst->opened, 0, 1);

	if (was)
		return was > 0 ? -EBUSY : -ENODEV;
	config_group_get(&inst->group);
	return 0;
}

/**
 * vhx_instance_close - release an instance
 * @inst: instance
 */
void vhx_instance_close(struct vhx_instance *inst)
{
	WRITE_ONCE(inst->driver_features, 0);
	atomic_set(&inst->opened, 0);
	config_group_put(&inst->group);
}

/**
 * vhx_instance_lock - begin to read attributes
 * @inst: instance
 */
void vhx_instance_lock(struct vhx_instance *inst)
{
	mutex_lock(&inst->lock);
}
EXPORT_SYMBOL_GPL(vhx_instance_lock);

/**
 * vhx_instance_lock_disabled - begin to change an attribute
 * @inst: instance
 *
 * Return: 0, with the instance locked, or -EBUSY if it is enabled.
 */
int vhx_instance_lock_disabled(struct vhx_instance *inst)
{
	mutex_lock(&inst->lock);
	if (!inst->enabled)
		return 0;
	mutex_unlock(&inst->lock);
	return -EBUSY;
}
EXPORT_SYMBOL_GPL(vhx_instance_lock_disabled);

/**
 * vhx_instance_unlock - end reading or changing attributes
 * @inst: instance
 */
void vhx_instance_unlock(struct vhx_instance *inst)
{
	mutex_unlock(&inst->lock);
}
EXPORT_SYMBOL_GPL(vhx_instance_unlock);

static ssize_t vhx_enable_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", to_vhx_instance(item)->enabled);
}

static ssize_t vhx_enable_store(struct config_item *item, const char *page,
				size_t len)
{
	struct vhx_instance *inst = to_vhx_instance(item);
	bool enable;
	int err;

	err = kstrtobool(page, &enable);
	if (err)
		return err;
	mutex_lock(&inst->lock);
	err = enable ? inst_enable(inst) : inst_disable(inst);
	mutex_unlock(&inst->lock);
	return err ?: len;
}

static ssize_t store_uint(struct vhx_instance *inst, const char *page,
			  size_t len, unsigned int *val, unsigned int max,
			  bool pow2)
{
	unsigned int n;
	int err;

	err = kstrtouint(page, 0, &n);
	if (err)
		return err;
	if (!n || n > max || (pow2 && !is_power_of_2(n)))
		return -EINVAL;
	err = vhx_instance_lock_disabled(inst);
	if (err)
		return err;
	*val = n;
	vhx_instance_unlock(inst);
	return len;
}

static ssize_t vhx_queues_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", to_vhx_instance(item)->queues);
}

static ssize_t vhx_queues_store(struct config_item *item, const char *page,
				size_t len)
{
	struct vhx_instance *inst = to_vhx_instance(item);

	return store_uint(inst, page, len, &inst->queues, inst->ops->max_vqs,
			  false);
}

static ssize_t vhx_queue_size_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", to_vhx_instance(item)->queue_size);
}

static ssize_t vhx_queue_size_store(struct config_item *item, const char *page,
				    size_t len)
{
	struct vhx_instance *inst = to_vhx_instance(item);

	return store_uint(inst, page, len, &inst->queue_size, 32768, true);
}

/* As many as will be started: with fewer queues, fewer. */
static ssize_t vhx_workers_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n",
			  vhx_instance_workers(to_vhx_instance(item)));
}

static ssize_t vhx_workers_store(struct config_item *item, const char *page,
				 size_t len)
{
	struct vhx_instance *inst = to_vhx_instance(item);

	return store_uint(inst, page, len, &inst->workers, inst->ops->max_vqs,
			  false);
}

static ssize_t vhx_poll_us_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", to_vhx_instance(item)->poll_us);
}

static ssize_t vhx_poll_us_store(struct config_item *item, const char *page,
				 size_t len)
{
	struct vhx_instance *inst = to_vhx_instance(item);
	int poll_us, err;

	err = vhx_poll_us_parse(page, &poll_us);
	if (err)
		return err;
	err = vhx_instance_lock_disabled(inst);
	if (err)
		return err;
	inst->poll_us = poll_us;
	vhx_instance_unlock(inst);
	return len;
}

static ssize_t store_bool(struct vhx_instance *inst, const char *page,
			  size_t len, bool *val)
{
	bool on;
	int err;

	err = kstrtobool(page, &on);
	if (err)
		return err;
	err = vhx_instance_lock_disabled(inst);
	if (err)
		return err;
	*val = on;
	vhx_instance_unlock(inst);
	return len;
}

static ssize_t vhx_packed_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", to_vhx_instance(item)->packed);
}

static ssize_t vhx_packed_store(struct config_item *item, const char *page,
				size_t len)
{
	struct vhx_instance *inst = to_vhx_instance(item);

	return store_bool(inst, page, len, &inst->packed);
}

static ssize_t vhx_in_order_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", to_vhx_instance(item)->in_order);
}

static ssize_t vhx_in_order_store(struct config_item *item, const char *page,
				  size_t len)
{
	struct vhx_instance *inst = to_vhx_instance(item);

	return store_bool(inst, page, len, &inst->in_order);
}

static ssize_t vhx_memory_show(struct config_item *item, char *page)
{
	return vhx_memory_emit(page, to_vhx_instance(item)->pinned);
}

static ssize_t vhx_memory_store(struct config_item *item, const char *page,
				size_t len)
{
	struct vhx_instance *inst = to_vhx_instance(item);
	bool pinned;
	int err;

	err = vhx_memory_parse(page, &pinned) ?:
	      vhx_instance_lock_disabled(inst);
	if (err)
		return err;
	inst->pinned = pinned;
	vhx_instance_unlock(inst);
	return len;
}

/* Those of the driver that uses the device now. */
static ssize_t vhx_driver_features_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%#llx\n",
			  READ_ONCE(to_vhx_instance(item)->driver_features));
}

CONFIGFS_ATTR(vhx_, enable);
CONFIGFS_ATTR(vhx_, queues);
CONFIGFS_ATTR(vhx_, queue_size);
CONFIGFS_ATTR(vhx_, workers);
CONFIGFS_ATTR(vhx_, poll_us);
CONFIGFS_ATTR(vhx_, packed);
CONFIGFS_ATTR(vhx_, in_order);
CONFIGFS_ATTR(vhx_, memory);
CONFIGFS_ATTR_RO(vhx_, driver_features);

static struct configfs_attribute *common_attrs[] = {
	&vhx_attr_enable,
	&vhx_attr_queues,
	&vhx_attr_queue_size,
	&vhx_attr_workers,
	&vhx_attr_poll_us,
	&vhx_attr_packed,
	&vhx_attr_in_order,
	&vhx_attr_memory,
	&vhx_attr_driver_features,
};

static void inst_release(struct config_item *item)
{
	struct vhx_instance *inst = to_vhx_instance(item);

	if (inst->enabled)
		inst->type->disable(inst);
	mutex_destroy(&inst->lock);
	inst->type->free(inst);
}

static struct configfs_item_operations inst_item_ops = {
	.release = inst_release,
};

static struct vhx_type *to_type(struct config_group *group)
{
	return container_of(group, struct vhx_type, group);
}

static struct config_group *type_make_group(struct config_group *group,
					    const char *name)
{
	struct vhx_type *type = to_type(group);
	struct vhx_instance *inst;

	/* In the name of a device node it would stand for a slash. */
	if (strchr(name, '!'))
		return ERR_PTR(-EINVAL);
	/* The device of the name "vhx!NAME" has a folder in sysfs. */
	if (strlen(name) > NAME_MAX - strlen("vhx!"))
		return ERR_PTR(-ENAMETOOLONG);
	inst = type->alloc();
	if (!inst)
		return ERR_PTR(-ENOMEM);
	inst->type = type;
	inst->ops = type->ops;
	inst->queues = 1;
	inst->queue_size = DEF_QUEUE_SIZE;
	inst->poll_us = VHX_POLL_ADAPTIVE;
	/*
	 * QEMU offers its guest what the device offers. IN_ORDER is off: a
	 * completion would wait for slower requests before it.
	 */
	inst->packed = true;
	mutex_init(&inst->lock);
	atomic_set(&inst->opened, -1);
	config_group_init_type_name(&inst->group, name, &type->item_type);
	return &inst->group;
}

/* The folder is removed. A file that is open stays usable. */
static void type_drop_item(struct config_group *group, struct config_item *item)
{
	struct vhx_instance *inst = to_vhx_instance(item);

	mutex_lock(&inst->lock);
	if (inst->enabled && inst_disable(inst) == -EBUSY)
		inst_del_node(inst);
	mutex_unlock(&inst->lock);
	config_item_put(item);
}

static struct configfs_group_operations type_group_ops = {
	.make_group = type_make_group,
	.drop_item = type_drop_item,
};

static const struct config_item_type root_type = {
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem vhx_subsys = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "vhx",
			.ci_type = &root_type,
		},
	},
};

static struct configfs_attribute **concat_attrs(struct configfs_attribute **own)
{
	size_t n = 0, common = ARRAY_SIZE(common_attrs);
	struct configfs_attribute **all;

	while (own && own[n])
		n++;
	all = kcalloc(common + n + 1, sizeof(*all), GFP_KERNEL);
	if (!all)
		return NULL;
	memcpy(all, common_attrs, sizeof(common_attrs));
	if (n)
		memcpy(all + common, own, n * sizeof(*own));
	return all;
}

/**
 * vhx_type_register - let instances of a device type be made
 * @type: the type; stays around until it is unregistered
 *
 * Return: 0 or why not.
 */
int vhx_type_register(struct vhx_type *type)
{
	int err;

	err = vhx_ops_check(type->ops);
	if (err)
		return err;
	type->all_attrs = concat_attrs(type->attrs);
	if (!type->all_attrs)
		return -ENOMEM;
	type->item_type.ct_owner = type->ops->owner;
	type->item_type.ct_item_ops = &inst_item_ops;
	type->item_type.ct_attrs = type->all_attrs;
	type->group_type.ct_owner = type->ops->owner;
	type->group_type.ct_group_ops = &type_group_ops;
	config_group_init_type_name(&type->group, type->ops->name,
				    &type->group_type);
	err = configfs_register_group(&vhx_subsys.su_group, &type->group);
	if (err)
		kfree(type->all_attrs);
	return err;
}
EXPORT_SYMBOL_GPL(vhx_type_register);

/**
 * vhx_type_unregister - no longer let instances of a device type be made
 * @type: the type; there are no instances, as they hold the module
 */
void vhx_type_unregister(struct vhx_type *type)
{
	configfs_unregister_group(&type->group);
	kfree(type->all_attrs);
}
EXPORT_SYMBOL_GPL(vhx_type_unregister);

/**
 * vhx_configfs_init - make the vhx folder in configfs
 *
 * Return: 0 or why not.
 */
int __init vhx_configfs_init(void)
{
	config_group_init(&vhx_subsys.su_group);
	mutex_init(&vhx_subsys.su_mutex);
	return configfs_register_subsystem(&vhx_subsys);
}

/**
 * vhx_configfs_exit - remove the vhx folder
 */
void vhx_configfs_exit(void)
{
	configfs_unregister_subsystem(&vhx_subsys);
	mutex_destroy(&vhx_subsys.su_mutex);
}
