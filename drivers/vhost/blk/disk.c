// SPDX-License-Identifier: GPL-2.0
/*
 * A disk: an open block device, and what features and configuration space say
 * about it.
 */
#include <linux/blk-mq.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "blk.h"

static bool driver_may_block(struct block_device *bdev)
{
	const struct blk_mq_tag_set *set = bdev_get_queue(bdev)->tag_set;

	return set && set->flags & BLK_MQ_F_BLOCKING;
}

/**
 * vhx_blk_disk_open - begin to use a block device
 * @disk: its serial is set
 * @file: open block device; @disk holds its own reference
 * @read_only: refuse writes though the device would take them
 *
 * Return: 0; -ENOTBLK if @file is no block device; -EBADF if it can't be read;
 * -EOPNOTSUPP if it is zoned.
 */
int vhx_blk_disk_open(struct vhx_blk_disk *disk, struct file *file,
		      bool read_only)
{
	struct block_device *bdev;

	if (!S_ISBLK(file_inode(file)->i_mode))
		return -ENOTBLK;
	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	bdev = file_bdev(file);
	/* A driver that knows nothing of zones could not write to it. */
	if (bdev_is_zoned(bdev)) {
		pr_info_ratelimited("blk: %pg: zoned block devices are not supported\n",
				    bdev);
		return -EOPNOTSUPP;
	}
	disk->file = get_file(file);
	disk->bdev = bdev;
	disk->read_only = read_only || !(file->f_mode & FMODE_WRITE);
	disk->may_block = driver_may_block(bdev);
	/* Requests go past the page cache: begin with an empty one. */
	sync_blockdev(bdev);
	invalidate_bdev(bdev);
	return 0;
}

/**
 * vhx_blk_disk_close - end the use of a block device
 * @disk: open disk; no request is in flight
 */
void vhx_blk_disk_close(struct vhx_blk_disk *disk)
{
	fput(disk->file);
	disk->file = NULL;
	disk->bdev = NULL;
}

/**
 * vhx_blk_disk_features - virtio-blk features that depend on the disk
 * @disk: open disk
 */
u64 vhx_blk_disk_features(const struct vhx_blk_disk *disk)
{
	return disk->read_only || bdev_read_only(disk->bdev) ?
	       BIT_ULL(VIRTIO_BLK_F_RO) : 0;
}

/* As many blocks as the field can tell, in whole physical blocks. */
static u16 min_io_blocks(struct block_device *bdev)
{
	unsigned int block = bdev_logical_block_size(bdev);
	unsigned int physical = bdev_physical_block_size(bdev) / block;

	return min(bdev_io_min(bdev) / block, rounddown(U16_MAX, physical));
}

/**
 * vhx_blk_disk_config - fill the configuration space (virtio 1.3, 5.2.4)
 * @disk: open disk
 * @dev: the device that it is for
 * @config: zeroed
 */
void vhx_blk_disk_config(const struct vhx_blk_disk *disk, struct vhx_dev *dev,
			 struct virtio_blk_config *config)
{
	struct block_device *bdev = disk->bdev;
	unsigned int block = bdev_logical_block_size(bdev);
	unsigned int physical = bdev_physical_block_size(bdev);
	int segs = vhx_dev_queue_size(dev) - 2;

	config->capacity = (__force __virtio64)
			   cpu_to_le64(bdev_nr_sectors(bdev));
	config->size_max = (__force __virtio32)cpu_to_le32(VHX_BLK_SIZE_MAX);
	/* A request with header and status must fit in the ring. */
	config->seg_max = (__force __virtio32)
			  cpu_to_le32(clamp(segs, 1, VHX_BLK_SEG_MAX));
	config->blk_size = (__force __virtio32)cpu_to_le32(block);
	config->physical_block_exp = ilog2(physical / block);
	config->min_io_size = (__force __virtio16)
			      cpu_to_le16(min_io_blocks(bdev));
	config->opt_io_size = (__force __virtio32)
			      cpu_to_le32(bdev_io_opt(bdev) / block);
	config->num_queues = (__force __virtio16)
			     cpu_to_le16(vhx_dev_nvqs(dev));
}
