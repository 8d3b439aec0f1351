// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a device: opening a file creates it, a process owns it, and it is
 * live while its queues run. The ioctls are in uapi/.
 */
#include <linux/err.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "core.h"

/* The legal transitions: for each state those that may follow it. */
static const u8 dev_transitions[VHX_DEV_NSTATES] = {
	[VHX_DEV_OPEN] = BIT(VHX_DEV_OWNED),
	[VHX_DEV_OWNED] = BIT(VHX_DEV_LIVE) | BIT(VHX_DEV_OPEN),
	[VHX_DEV_LIVE] = BIT(VHX_DEV_OWNED) | BIT(VHX_DEV_SUSPENDED),
	[VHX_DEV_SUSPENDED] = BIT(VHX_DEV_LIVE) | BIT(VHX_DEV_OWNED),
};

/**
 * vhx_dev_set_state - go to another state
 * @dev: device
 * @to: the state; the current one is fine
 *
 * The caller has checked that the transition is legal.
 */
void vhx_dev_set_state(struct vhx_dev *dev, enum vhx_dev_state to)
{
	lockdep_assert_held(&dev->lock);
	WARN_ON_ONCE(to != dev->state &&
		     !(dev_transitions[dev->state] & BIT(to)));
	dev->state = to;
}

/**
 * vhx_dev_offered - all features that a device offers
 * @dev: device
 */
u64 vhx_dev_offered(struct vhx_dev *dev)
{
	u64 features = VHX_RING_FEATURES | dev->pers->features |
		       dev->ops->features;

	if (dev->ops->dev_features)
		features |= dev->ops->dev_features(dev);
	if (dev->inst && !dev->inst->packed)
		features &= ~BIT_ULL(VIRTIO_F_RING_PACKED);
	if (dev->inst && !dev->inst->in_order)
		features &= ~BIT_ULL(VIRTIO_F_IN_ORDER);
	return features;
}

/**
 * vhx_dev_check_owner - is the caller the owner?
 * @dev: device
 *
 * Return: 0 or -EPERM.
 */
int vhx_dev_check_owner(const struct vhx_dev *dev)
{
	return dev->mm && dev->mm == current->mm ? 0 : -EPERM;
}

/**
 * vhx_dev_set_owner - make the caller the owner
 * @dev: device
 *
 * Return: 0, -EBUSY if there is an owner, or why a worker can't be started.
 */
int vhx_dev_set_owner(struct vhx_dev *dev)
{
	int err;

	lockdep_assert_held(&dev->lock);
	if (dev->mm)
		return -EBUSY;
	dev->mm = get_task_mm(current);
	if (!dev->mm)
		return -EINVAL;
	err = vhx_dev_start_workers(dev);
	if (err) {
		mmput(dev->mm);
		dev->mm = NULL;
		return err;
	}
	dev->owner = current->tgid;
	vhx_dev_set_state(dev, VHX_DEV_OWNED);
	return 0;
}

/**
 * vhx_dev_stop_vqs - stop all queues
 * @dev: device
 */
void vhx_dev_stop_vqs(struct vhx_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nvqs; i++)
		vhx_vq_stop(dev->vqs[i]);
}

/**
 * vhx_dev_any_started - is any queue started?
 * @dev: device
 */
bool vhx_dev_any_started(const struct vhx_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nvqs; i++)
		if (vhx_vq_is_started(dev->vqs[i]))
			return true;
	return false;
}

/**
 * vhx_dev_reset_owner - return to the state after opening
 * @dev: device; the back end has nothing attached to it any longer
 *
 * The features stay. Of a vhost node ACCESS_PLATFORM does not: its IOTLB is
 * the owner's.
 */
void vhx_dev_reset_owner(struct vhx_dev *dev)
{
	unsigned int i;

	lockdep_assert_held(&dev->lock);
	vhx_dev_stop_vqs(dev);
	for (i = 0; i < dev->nvqs; i++)
		vhx_vq_reset(dev->vqs[i]);
	vhx_mem_free(dev->batch);
	dev->batch = NULL;
	dev->status = 0;
	dev->needs_reset = false;
	vhx_eventfd_replace(&dev->config_call, NULL);
	dev->fork = VHX_WORKERS_FORK;
	vhx_iommu_enable(dev, false);
	WRITE_ONCE(dev->backend_features, 0);
	vhx_log_clear(dev);
	if (!dev->mm)
		return;
	vhx_dev_drop_mem(dev);
	vhx_dev_stop_workers(dev);
	mmput(dev->mm);
	dev->mm = NULL;
	vhx_dev_set_state(dev, VHX_DEV_OWNED);
	vhx_dev_set_state(dev, VHX_DEV_OPEN);
}

/**
 * vhx_ops_check - check a device type that is being registered
 * @ops: device type
 *
 * Return: 0 or -EINVAL if its limits exceed those of the core.
 */
int vhx_ops_check(const struct vhx_backend_ops *ops)
{
	return ops->max_vqs && ops->max_vqs <= VHX_MAX_VQS ? 0 : -EINVAL;
}

static void dev_free(struct vhx_dev *dev)
{
	unsigned int i;

	vhx_dev_exit_mem(dev);
	for (i = 0; i < dev->nvqs; i++)
		vhx_vq_destroy(dev->vqs[i]);
	kfree(dev->workers);
	kvfree(dev->priv);
	mutex_destroy(&dev->lock);
	kvfree(dev);
}

static int dev_alloc_parts(struct vhx_dev *dev)
{
	unsigned int i;

	if (dev->ops->priv_size) {
		dev->priv = kvzalloc(dev->ops->priv_size, GFP_KERNEL_ACCOUNT);
		if (!dev->priv)
			return -ENOMEM;
	}
	dev->workers = kcalloc(vhx_dev_max_workers(dev), sizeof(*dev->workers),
			       GFP_KERNEL_ACCOUNT);
	if (!dev->workers)
		return -ENOMEM;
	for (i = 0; i < dev->nvqs; i++) {
		dev->vqs[i] = vhx_vq_create(dev, i);
		if (!dev->vqs[i])
			return -ENOMEM;
	}
	return 0;
}

/**
 * vhx_dev_create - create the device of a file that is being opened
 * @ops: its type
 * @pers: its ioctls
 * @cdev: the character device that is opened, held until vhx_dev_destroy()
 * @inst: the instance that is opened, held until vhx_dev_destroy(), or NULL
 *
 * Return: the device, in state VHX_DEV_OPEN, or an error pointer.
 */
struct vhx_dev *vhx_dev_create(const struct vhx_backend_ops *ops,
			       const struct vhx_personality *pers,
			       struct vhx_chardev *cdev,
			       struct vhx_instance *inst)
{
	unsigned int nvqs = inst ? inst->queues : ops->max_vqs;
	struct vhx_dev *dev;
	int err;

	dev = kvzalloc(struct_size(dev, vqs, nvqs), GFP_KERNEL_ACCOUNT);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->ops = ops;
	dev->pers = pers;
	dev->cdev = cdev;
	dev->inst = inst;
	dev->nvqs = nvqs;
	dev->queue_size = inst ? inst->queue_size : 32768;
	dev->fork = VHX_WORKERS_FORK;
	dev->poll_max_ns = vhx_poll_us_to_ns(inst ? inst->poll_us :
						    READ_ONCE(cdev->poll_us));
	mutex_init(&dev->lock);
	vhx_dev_init_mem(dev, inst ? inst->pinned : READ_ONCE(cdev->pinned));
	vhx_iommu_init(dev);

	err = dev_alloc_parts(dev);
	if (!err && ops->open)
		err = ops->open(dev);
	if (err) {
		dev_free(dev);
		return ERR_PTR(err);
	}
	return dev;
}

/**
 * vhx_dev_destroy - destroy a device whose file is closed
 * @dev: device
 */
void vhx_dev_destroy(struct vhx_dev *dev)
{
	mutex_lock(&dev->lock);
	vhx_dev_reset_owner(dev);
	if (dev->ops->release)
		dev->ops->release(dev);
	mutex_unlock(&dev->lock);
	dev_free(dev);
}

/**
 * vhx_dev_priv - a device's private data
 * @dev: device
 */
void *vhx_dev_priv(const struct vhx_dev *dev)
{
	return dev->priv;
}
EXPORT_SYMBOL_GPL(vhx_dev_priv);

/**
 * vhx_dev_instance - the instance that a device was opened from
 * @dev: device
 *
 * Return: the instance, or NULL for a vhost node.
 */
struct vhx_instance *vhx_dev_instance(const struct vhx_dev *dev)
{
	return dev->inst;
}
EXPORT_SYMBOL_GPL(vhx_dev_instance);

/**
 * vhx_dev_nvqs - how many queues a device has
 * @dev: device
 */
unsigned int vhx_dev_nvqs(const struct vhx_dev *dev)
{
	return dev->nvqs;
}
EXPORT_SYMBOL_GPL(vhx_dev_nvqs);

/**
 * vhx_dev_queue_size - how many entries a device's queues have at most
 * @dev: device
 */
unsigned int vhx_dev_queue_size(const struct vhx_dev *dev)
{
	return dev->queue_size;
}
EXPORT_SYMBOL_GPL(vhx_dev_queue_size);

/**
 * vhx_dev_vq - a queue of a device
 * @dev: device
 * @index: less than vhx_dev_nvqs()
 */
struct vhx_vq *vhx_dev_vq(const struct vhx_dev *dev, unsigned int index)
{
	return dev->vqs[index];
}
EXPORT_SYMBOL_GPL(vhx_dev_vq);
