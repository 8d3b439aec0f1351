// SPDX-License-Identifier: GPL-2.0
/*
 * Memory updates of the vdpa personality: struct vhost_msg_v2 written to the
 * file (<linux/vhost_types.h>). Between BATCH_BEGIN and BATCH_END they change a
 * copy of the table, which takes effect as a whole.
 */
#include <linux/mm.h>
#include <linux/uio.h>
#include <linux/vhost.h>

#include "../core.h"

static struct vhx_mem *current_table(struct vhx_dev *dev)
{
	return rcu_dereference_protected(dev->mem, lockdep_is_held(&dev->lock));
}

/* The size that stands for all of a 64-bit address space is not aligned. */
static bool is_aligned(const struct vhost_iotlb_msg *msg)
{
	if (msg->type == VHOST_IOTLB_INVALIDATE)
		return PAGE_ALIGNED(msg->iova | msg->size) ||
		       (!msg->iova && msg->size == U64_MAX);
	return PAGE_ALIGNED(msg->iova | msg->size | msg->uaddr);
}

/* A page is the unit in which memory is pinned, and no monitor maps less. */
static int apply(struct vhx_mem *mem, const struct vhost_iotlb_msg *msg)
{
	if (!is_aligned(msg))
		return -EINVAL;
	if (msg->type == VHOST_IOTLB_UPDATE)
		return vhx_mem_add(mem, msg->iova, msg->size, msg->uaddr,
				   msg->perm);
	return vhx_mem_del(mem, msg->iova, msg->size);
}

/* Either adds a region at most: an invalidation does if it cuts one in two. */
static int change_now(struct vhx_dev *dev, const struct vhost_iotlb_msg *msg)
{
	struct vhx_mem *mem = vhx_mem_clone(current_table(dev), 1);
	int err;

	if (!mem)
		return -ENOMEM;
	err = apply(mem, msg) ?: vhx_log_fit(dev, mem, NULL);
	if (err) {
		vhx_mem_free(mem);
		return err;
	}
	vhx_dev_publish_mem(dev, mem);
	return 0;
}

static int change_in_batch(struct vhx_dev *dev,
			   const struct vhost_iotlb_msg *msg)
{
	if (dev->batch->n == dev->batch->room) {
		struct vhx_mem *mem = vhx_mem_clone(dev->batch,
						    dev->batch->n + 16);

		if (!mem)
			return -ENOMEM;
		vhx_mem_free(dev->batch);
		dev->batch = mem;
	}
	return apply(dev->batch, msg);
}

static int batch_begin(struct vhx_dev *dev)
{
	struct vhx_mem *mem = vhx_mem_clone(current_table(dev), 16);

	if (!mem)
		return -ENOMEM;
	vhx_mem_free(dev->batch);
	dev->batch = mem;
	return 0;
}

static int batch_end(struct vhx_dev *dev)
{
	struct vhx_mem *mem = dev->batch;
	int err;

	dev->batch = NULL;
	if (!mem)
		return 0;
	err = vhx_log_fit(dev, mem, NULL);
	if (err)
		vhx_mem_free(mem);
	else
		vhx_dev_publish_mem(dev, mem);
	return err;
}

static int process(struct vhx_dev *dev, const struct vhost_iotlb_msg *msg)
{
	int err;

	err = vhx_dev_check_owner(dev);
	if (err)
		return err;
	switch (msg->type) {
	case VHOST_IOTLB_UPDATE:
	case VHOST_IOTLB_INVALIDATE:
		return dev->batch ? change_in_batch(dev, msg) :
				    change_now(dev, msg);
	case VHOST_IOTLB_BATCH_BEGIN:
		return batch_begin(dev);
	case VHOST_IOTLB_BATCH_END:
		return batch_end(dev);
	default:
		return -EINVAL;
	}
}

/**
 * vhx_iotlb_write - take a memory update
 * @dev: device, locked
 * @from: a struct vhost_msg_v2, or a struct vhost_msg
 *
 * Return: the size of the message; -EINVAL if it is too short or of no known
 * type; -EFAULT if it was refused, as the in-tree module answers whatever the
 * reason.
 */
ssize_t vhx_iotlb_write(struct vhx_dev *dev, struct iov_iter *from)
{
	struct vhost_iotlb_msg msg;
	size_t size, skip;
	int type;

	if (!copy_from_iter_full(&type, sizeof(type), from))
		return -EINVAL;
	switch (type) {
	case VHOST_IOTLB_MSG:
		size = sizeof(struct vhost_msg);
		skip = offsetof(struct vhost_msg, iotlb) - sizeof(type);
		break;
	case VHOST_IOTLB_MSG_V2:
		size = sizeof(struct vhost_msg_v2);
		skip = offsetof(struct vhost_msg_v2, iotlb) - sizeof(type);
		break;
	default:
		return -EINVAL;
	}
	iov_iter_advance(from, skip);
	if (!copy_from_iter_full(&msg, sizeof(msg), from))
		return -EINVAL;
	if (msg.type == VHOST_IOTLB_UPDATE && !msg.size)
		return -EINVAL;
	return process(dev, &msg) ? -EFAULT : size;
}
