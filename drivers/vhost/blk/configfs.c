// SPDX-License-Identifier: GPL-2.0
/*
 * Disk instances: vhx/blk/NAME in configfs. An instance has a block device as
 * its back end and holds it exclusively while it is enabled.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "blk.h"

/**
 * struct vhx_blk_instance - a disk that the administrator made
 * @inst: what every instance has
 * @backend: attribute: path of the block device, NULL while not set
 * @read_only: attribute
 * @serial: attribute
 * @disk: open while the instance is enabled
 */
struct vhx_blk_instance {
	struct vhx_instance inst;
	char *backend;
	bool read_only;
	char serial[VIRTIO_BLK_ID_BYTES + 1];
	struct vhx_blk_disk disk;
};

static struct vhx_blk_instance *to_blk(struct vhx_instance *inst)
{
	return container_of(inst, struct vhx_blk_instance, inst);
}

static struct vhx_blk_instance *item_to_blk(struct config_item *item)
{
	return to_blk(to_vhx_instance(item));
}

/**
 * vhx_blk_instance_disk - the disk of an enabled instance
 * @inst: instance
 */
struct vhx_blk_disk *vhx_blk_instance_disk(struct vhx_instance *inst)
{
	return &to_blk(inst)->disk;
}

static ssize_t blk_backend_show(struct config_item *item, char *page)
{
	struct vhx_blk_instance *blk = item_to_blk(item);
	ssize_t len;

	vhx_instance_lock(&blk->inst);
	len = sysfs_emit(page, "%s\n", blk->backend ?: "");
	vhx_instance_unlock(&blk->inst);
	return len;
}

static ssize_t blk_backend_store(struct config_item *item, const char *page,
				 size_t len)
{
	struct vhx_blk_instance *blk = item_to_blk(item);
	char *path;
	int err;

	path = kstrndup(page, len, GFP_KERNEL);
	if (!path)
		return -ENOMEM;
	strim(path);
	err = path[0] == '/' ? vhx_instance_lock_disabled(&blk->inst) :
			       -EINVAL;
	if (err) {
		kfree(path);
		return err;
	}
	swap(blk->backend, path);
	vhx_instance_unlock(&blk->inst);
	kfree(path);
	return len;
}

static ssize_t blk_read_only_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", item_to_blk(item)->read_only);
}

static ssize_t blk_read_only_store(struct config_item *item, const char *page,
				   size_t len)
{
	struct vhx_blk_instance *blk = item_to_blk(item);
	bool read_only;
	int err;

	err = kstrtobool(page, &read_only) ?:
	      vhx_instance_lock_disabled(&blk->inst);
	if (err)
		return err;
	blk->read_only = read_only;
	vhx_instance_unlock(&blk->inst);
	return len;
}

static ssize_t blk_serial_show(struct config_item *item, char *page)
{
	struct vhx_blk_instance *blk = item_to_blk(item);
	ssize_t len;

	vhx_instance_lock(&blk->inst);
	len = sysfs_emit(page, "%s\n", blk->serial);
	vhx_instance_unlock(&blk->inst);
	return len;
}

/* Up to 20 printable ASCII characters (virtio 1.3, 5.2.6). */
static ssize_t blk_serial_store(struct config_item *item, const char *page,
				size_t len)
{
	struct vhx_blk_instance *blk = item_to_blk(item);
	size_t n = len, i;
	int err;

	if (n && page[n - 1] == '\n')
		n--;
	if (n > VIRTIO_BLK_ID_BYTES)
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (!isascii(page[i]) || !isprint(page[i]))
			return -EINVAL;
	err = vhx_instance_lock_disabled(&blk->inst);
	if (err)
		return err;
	memset(blk->serial, 0, sizeof(blk->serial));
	memcpy(blk->serial, page, n);
	vhx_instance_unlock(&blk->inst);
	return len;
}

CONFIGFS_ATTR(blk_, backend);
CONFIGFS_ATTR(blk_, read_only);
CONFIGFS_ATTR(blk_, serial);

static struct configfs_attribute *blk_attrs[] = {
	&blk_attr_backend,
	&blk_attr_read_only,
	&blk_attr_serial,
	NULL,
};

static struct vhx_instance *blk_alloc(void)
{
	struct vhx_blk_instance *blk = kzalloc(sizeof(*blk), GFP_KERNEL);

	if (!blk)
		return NULL;
	strscpy(blk->serial, VHX_BLK_DEF_SERIAL, sizeof(blk->serial));
	return &blk->inst;
}

static void blk_free(struct vhx_instance *inst)
{
	struct vhx_blk_instance *blk = to_blk(inst);

	kfree(blk->backend);
	kfree(blk);
}

static int blk_enable(struct vhx_instance *inst)
{
	struct vhx_blk_instance *blk = to_blk(inst);
	int mode = blk->read_only ? O_RDONLY : O_RDWR;
	struct file *file;
	int err;

	if (!blk->backend)
		return -EINVAL;
	/* O_EXCL claims a block device: nobody else can mount or claim it. */
	file = filp_open(blk->backend, mode | O_EXCL | O_LARGEFILE, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	memcpy(blk->disk.serial, blk->serial, sizeof(blk->disk.serial));
	err = vhx_blk_disk_open(&blk->disk, file, blk->read_only);
	fput(file);
	return err;
}

static void blk_disable(struct vhx_instance *inst)
{
	vhx_blk_disk_close(&to_blk(inst)->disk);
}

static struct vhx_type blk_type = {
	.attrs		= blk_attrs,
	.alloc		= blk_alloc,
	.free		= blk_free,
	.enable		= blk_enable,
	.disable	= blk_disable,
};

/**
 * vhx_blk_configfs_init - register the type of disk instances
 * @ops: the device type
 *
 * Return: 0 or a negative errno.
 */
int __init vhx_blk_configfs_init(const struct vhx_backend_ops *ops)
{
	blk_type.ops = ops;
	return vhx_type_register(&blk_type);
}

/**
 * vhx_blk_configfs_exit - unregister it
 */
void vhx_blk_configfs_exit(void)
{
	vhx_type_unregister(&blk_type);
}
