// SPDX-License-Identifier: GPL-2.0
/*
 * The character devices: vhost nodes, of which every open file is a device of
 * its own, and instances, each of which one process can have open at a time.
 */
#include <linux/compat.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>

#include "core.h"

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vhx_dev *dev = file->private_data;
	long ret;

	/* Who holds it may wait for a page that the owner is to provide. */
	if (mutex_lock_killable(&dev->lock))
		return -EINTR;
	ret = dev->pers->ioctl(dev, cmd, (void __user *)arg);
	mutex_unlock(&dev->lock);
	return ret;
}

static ssize_t dev_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct vhx_dev *dev = iocb->ki_filp->private_data;
	ssize_t ret;

	if (mutex_lock_killable(&dev->lock))
		return -EINTR;
	ret = dev->pers->write(dev, from);
	mutex_unlock(&dev->lock);
	return ret;
}

static ssize_t node_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	bool noblock = iocb->ki_filp->f_flags & O_NONBLOCK ||
		       iocb->ki_flags & IOCB_NOWAIT;

	return vhx_iommu_read(iocb->ki_filp->private_data, to, noblock);
}

static __poll_t node_poll(struct file *file, poll_table *wait)
{
	return vhx_iommu_poll(file->private_data, file, wait);
}

static int node_open(struct inode *inode, struct file *file)
{
	struct vhx_node *node = container_of(file->private_data,
					     struct vhx_node, cdev.misc);
	struct vhx_dev *dev;

	/* The file holds a reference to this module only. */
	if (!try_module_get(node->ops->owner))
		return -ENODEV;
	dev = vhx_dev_create(node->ops, &vhx_vhost_personality, &node->cdev,
			     NULL);
	if (IS_ERR(dev)) {
		module_put(node->ops->owner);
		return PTR_ERR(dev);
	}
	file->private_data = dev;
	return 0;
}

static int node_release(struct inode *inode, struct file *file)
{
	struct vhx_dev *dev = file->private_data;
	struct module *owner = dev->ops->owner;

	vhx_dev_destroy(dev);
	module_put(owner);
	return 0;
}

static int instance_open(struct inode *inode, struct file *file)
{
	struct vhx_instance *inst = container_of(file->private_data,
						 struct vhx_instance,
						 cdev.misc);
	struct vhx_dev *dev;
	int err;

	if (!try_module_get(inst->ops->owner))
		return -ENODEV;
	err = vhx_instance_open(inst);
	if (err)
		goto put_module;
	dev = vhx_dev_create(inst->ops, &vhx_vdpa_personality, &inst->cdev,
			     inst);
	if (IS_ERR(dev)) {
		err = PTR_ERR(dev);
		goto close;
	}
	file->private_data = dev;
	return 0;

close:
	vhx_instance_close(inst);
put_module:
	module_put(inst->ops->owner);
	return err;
}

static int instance_release(struct inode *inode, struct file *file)
{
	struct vhx_dev *dev = file->private_data;
	struct module *owner = dev->ops->owner;
	struct vhx_instance *inst = dev->inst;

	vhx_dev_destroy(dev);
	vhx_instance_close(inst);
	module_put(owner);
	return 0;
}

static const struct file_operations node_fops = {
	.owner		= THIS_MODULE,
	.open		= node_open,
	.release	= node_release,
	.unlocked_ioctl	= dev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.read_iter	= node_read_iter,
	.write_iter	= dev_write_iter,
	.poll		= node_poll,
	.llseek		= noop_llseek,
};

static const struct file_operations instance_fops = {
	.owner		= THIS_MODULE,
	.open		= instance_open,
	.release	= instance_release,
	.unlocked_ioctl	= dev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.write_iter	= dev_write_iter,
	.llseek		= noop_llseek,
};

/* How guest memory is used: the values of the attribute. */
static const char * const memory_modes[] = { "demand", "pinned" };

/**
 * vhx_memory_parse - read the attribute "memory"
 * @page: what was written
 * @pinned: set to whether guest memory is to be pinned
 *
 * Return: 0 or -EINVAL.
 */
int vhx_memory_parse(const char *page, bool *pinned)
{
	int mode = sysfs_match_string(memory_modes, page);

	if (mode < 0)
		return mode;
	*pinned = mode;
	return 0;
}

/**
 * vhx_memory_emit - write the attribute "memory"
 * @page: where to
 * @pinned: guest memory is pinned
 *
 * Return: bytes written.
 */
int vhx_memory_emit(char *page, bool pinned)
{
	return sysfs_emit(page, "%s\n", memory_modes[pinned]);
}

static struct vhx_chardev *to_chardev(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct vhx_chardev, misc);
}

/* Below /sys/class/misc. */
static ssize_t broken_queues_show(struct device *dev,
				  struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%u\n", atomic_read(&to_chardev(dev)->broken));
}

static ssize_t pinned_pages_show(struct device *dev,
				 struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%lld\n",
			  atomic64_read(&to_chardev(dev)->pins.now));
}

static ssize_t pinned_pages_total_show(struct device *dev,
				       struct device_attribute *attr,
				       char *page)
{
	return sysfs_emit(page, "%lld\n",
			  atomic64_read(&to_chardev(dev)->pins.total));
}

static ssize_t memory_show(struct device *dev, struct device_attribute *attr,
			   char *page)
{
	return vhx_memory_emit(page, READ_ONCE(to_chardev(dev)->pinned));
}

static ssize_t memory_store(struct device *dev, struct device_attribute *attr,
			    const char *page, size_t len)
{
	bool pinned;
	int err;

	err = vhx_memory_parse(page, &pinned);
	if (err)
		return err;
	WRITE_ONCE(to_chardev(dev)->pinned, pinned);
	return len;
}

static DEVICE_ATTR_RO(broken_queues);
static DEVICE_ATTR_RO(pinned_pages);
static DEVICE_ATTR_RO(pinned_pages_total);
static DEVICE_ATTR_RW(memory);

static struct attribute *chardev_attrs[] = {
	&dev_attr_broken_queues.attr,
	&dev_attr_pinned_pages.attr,
	&dev_attr_pinned_pages_total.attr,
	NULL,
};

static const struct attribute_group chardev_group = {
	.attrs = chardev_attrs,
};

/* An instance has these in configfs. */
static struct attribute *node_attrs[] = {
	&dev_attr_memory.attr,
	NULL,
};

static const struct attribute_group node_group = {
	.attrs = node_attrs,
};

static int chardev_register(struct vhx_chardev *cdev, const char *name,
			    const struct file_operations *fops)
{
	cdev->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = name,
		.fops = fops,
		.groups = cdev->groups,
	};
	atomic_set(&cdev->broken, 0);
	atomic64_set(&cdev->pins.now, 0);
	atomic64_set(&cdev->pins.total, 0);
	return misc_register(&cdev->misc);
}

/**
 * vhx_instance_register - create the character device of an instance
 * @inst: instance, with its name
 *
 * Return: 0 or why not.
 */
int vhx_instance_register(struct vhx_instance *inst)
{
	inst->cdev.groups[0] = &chardev_group;
	return chardev_register(&inst->cdev, inst->name, &instance_fops);
}

/**
 * vhx_instance_unregister - remove the character device of an instance
 * @inst: instance; a file that is open stays usable
 */
void vhx_instance_unregister(struct vhx_instance *inst)
{
	misc_deregister(&inst->cdev.misc);
}

/**
 * vhx_node_register - create a character device with the vhost ioctls
 * @node: its type and name; stays around until it is unregistered
 *
 * Return: 0 or why not.
 */
int vhx_node_register(struct vhx_node *node)
{
	struct vhx_chardev *cdev = &node->cdev;

	cdev->groups[0] = &chardev_group;
	cdev->groups[1] = &node_group;
	cdev->groups[2] = &vhx_poll_us_group;
	cdev->groups[3] = node->attrs;
	cdev->poll_us = VHX_POLL_ADAPTIVE;
	return vhx_ops_check(node->ops) ?:
	       chardev_register(cdev, node->name, &node_fops);
}
EXPORT_SYMBOL_GPL(vhx_node_register);

/**
 * vhx_node_unregister - remove a character device with the vhost ioctls
 * @node: node; none of its files is open, as they hold the module
 */
void vhx_node_unregister(struct vhx_node *node)
{
	misc_deregister(&node->cdev.misc);
}
EXPORT_SYMBOL_GPL(vhx_node_unregister);
