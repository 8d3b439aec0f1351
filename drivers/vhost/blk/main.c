// SPDX-License-Identifier: GPL-2.0
/*
 * vhx_blk.ko: virtio-blk (virtio 1.3, section 5.2) over a block device. This
 * file has the device type: its features and limits, and how a disk is attached
 * to it, by configfs or by VHOST_BLK_SET_BACKEND.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/virtio_ids.h>
#include <linux/vhx.h>

#include "blk.h"

struct workqueue_struct *vhx_blk_wq;

static int blk_open(struct vhx_dev *dev)
{
	struct vhx_instance *inst = vhx_dev_instance(dev);
	struct vhx_blk_dev *bd = vhx_dev_priv(dev);

	if (inst)
		bd->disk = vhx_blk_instance_disk(inst);
	else
		strscpy_pad(bd->own.serial, VHX_BLK_DEF_SERIAL,
			    sizeof(bd->own.serial));
	return 0;
}

static void blk_detach(struct vhx_dev *dev)
{
	struct vhx_blk_dev *bd = vhx_dev_priv(dev);
	unsigned int i;

	for (i = 0; i < vhx_dev_nvqs(dev); i++)
		vhx_vq_stop(vhx_dev_vq(dev, i));
	if (bd->disk == &bd->own) {
		bd->disk = NULL;
		vhx_blk_disk_close(&bd->own);
	}
}

static void blk_release(struct vhx_dev *dev)
{
	blk_detach(dev);
}

static u64 blk_features(struct vhx_dev *dev)
{
	struct vhx_blk_dev *bd = vhx_dev_priv(dev);

	return bd->disk ? vhx_blk_disk_features(bd->disk) : 0;
}

static void blk_config_get(struct vhx_dev *dev, void *config)
{
	struct vhx_blk_dev *bd = vhx_dev_priv(dev);

	vhx_blk_disk_config(bd->disk, dev, config);
}

/* Starts all queues that are set up. There must be one at least. */
static int start_queues(struct vhx_dev *dev)
{
	unsigned int i, started = 0;
	int err;

	for (i = 0; i < vhx_dev_nvqs(dev); i++) {
		struct vhx_vq *vq = vhx_dev_vq(dev, i);

		if (!vhx_vq_is_set_up(vq))
			continue;
		err = vhx_vq_start(vq);
		if (err)
			return err;
		started++;
	}
	return started ? 0 : -EFAULT;
}

/* One disk serves all queues: it is attached to the device through queue 0. */
static int blk_set_backend(struct vhx_dev *dev, unsigned int index,
			   struct file *file)
{
	struct vhx_blk_dev *bd = vhx_dev_priv(dev);
	struct vhx_blk_disk disk = bd->own;
	int err;

	if (index)
		return -ENOBUFS;
	if (!file) {
		blk_detach(dev);
		return 0;
	}
	err = vhx_blk_disk_open(&disk, file, false);
	if (err)
		return err;
	blk_detach(dev);
	bd->own = disk;
	bd->disk = &bd->own;
	err = start_queues(dev);
	if (err)
		blk_detach(dev);
	return err;
}

static const struct vhx_backend_ops blk_ops = {
	.owner		= THIS_MODULE,
	.name		= "blk",
	.device_id	= VIRTIO_ID_BLOCK,
	.features	= BIT_ULL(VIRTIO_BLK_F_SIZE_MAX) |
			  BIT_ULL(VIRTIO_BLK_F_SEG_MAX) |
			  BIT_ULL(VIRTIO_BLK_F_BLK_SIZE) |
			  BIT_ULL(VIRTIO_BLK_F_TOPOLOGY) |
			  BIT_ULL(VIRTIO_BLK_F_FLUSH) |
			  BIT_ULL(VIRTIO_BLK_F_MQ),
	.max_vqs	= VHX_BLK_MAX_QUEUES,
	.priv_size	= sizeof(struct vhx_blk_dev),
	.vq_priv_size	= sizeof(struct vhx_blk_vq),
	.config_size	= sizeof(struct virtio_blk_config),
	.open		= blk_open,
	.release	= blk_release,
	.dev_features	= blk_features,
	.config_get	= blk_config_get,
	.set_backend_cmd = VHOST_BLK_SET_BACKEND,
	.set_backend	= blk_set_backend,
	.vq_start	= vhx_blk_vq_start,
	.vq_stopped	= vhx_blk_vq_stopped,
	.vq_run		= vhx_blk_vq_run,
	.vq_submit	= vhx_blk_vq_submit,
};

static struct vhx_node blk_node = {
	.ops	= &blk_ops,
	.name	= "vhx-blk",
};

static int __init blk_init(void)
{
	int err;

	vhx_blk_wq = alloc_workqueue("vhx_blk", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!vhx_blk_wq)
		return -ENOMEM;
	err = vhx_blk_configfs_init(&blk_ops);
	if (err)
		goto destroy_wq;
	err = vhx_node_register(&blk_node);
	if (err)
		goto exit_configfs;
	return 0;

exit_configfs:
	vhx_blk_configfs_exit();
destroy_wq:
	destroy_workqueue(vhx_blk_wq);
	return err;
}

static void __exit blk_exit(void)
{
	vhx_node_unregister(&blk_node);
	vhx_blk_configfs_exit();
	destroy_workqueue(vhx_blk_wq);
}

module_init(blk_init);
module_exit(blk_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("In-kernel virtio back ends: block");
