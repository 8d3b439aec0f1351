// SPDX-License-Identifier: GPL-2.0
/*
 * Memory updates: struct vhost_msg_v2 written to the file
 * (<linux/vhost_types.h>). Those of the vhost personality are for its IOTLB,
 * see ../iommu.c. Those of the vdpa personality are for the memory table.
 * Between BATCH_BEGIN and BATCH_END they change a copy of it, which takes
 * effect as a whole.
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
static int apply(struct vhx_dev *dev, struct vhx_mem **memp,
		 const struct vhost_iotlb_msg *msg)
{
	if (!is_aligned(msg))
		return -EINVAL;
	if (msg->type == VHOST_IOTLB_UPDATE)
		return vhx_dev_map(dev, memp, msg->iova, msg->size, msg->uaddr,
				   msg->perm);
	return vhx_mem_del(memp, msg->iova, msg->size);
}

static int change_now(struct vhx_dev *dev, const struct vhost_iotlb_msg *msg)
{
	struct vhx_mem *mem = vhx_mem_clone(current_table(dev));
	int err;

	if (!mem)
		return -ENOMEM;
	err = apply(dev, &mem, msg) ?: vhx_log_fit(dev, mem, NULL);
	if (err) {
		vhx_mem_free(mem);
		return err;
	}
	return vhx_dev_publish_mem(dev, mem);
}

static int batch_begin(struct vhx_dev *dev)
{
	struct vhx_mem *mem = vhx_mem_clone(current_table(dev));

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
		err = vhx_dev_publish_mem(dev, mem);
	return err;
}

static int process(struct vhx_dev *dev, const struct vhost_iotlb_msg *msg)
{
	int err;

	err = vhx_dev_check_owner(dev);
	if (err)
		return err;
	if (!dev->pers->addr_is_iova)
		return vhx_iommu_message(dev, msg);
	switch (msg->type) {
	case VHOST_IOTLB_UPDATE:
	case VHOST_IOTLB_INVALIDATE:
		return dev->batch ? apply(dev, &dev->batch, msg) :
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
 * type; -ENOMEM, also if the limit of pinned memory would be exceeded; -EINTR
 * if the caller is being killed; -EFAULT if it was refused for any other
 * reason, as the in-tree module answers whatever the reason.
 */
ssize_t vhx_iotlb_write(struct vhx_dev *dev, struct iov_iter *from)
{
	struct vhost_iotlb_msg msg;
	size_t size, skip;
	int type, err;

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
	err = process(dev, &msg);
	if (err == -ENOMEM || err == -EINTR)
		return err;
	return err ? -EFAULT : size;
}
