// SPDX-License-Identifier: GPL-2.0
/*
 * The vdpa personality: the ioctls of /dev/vhost-vdpa-N (<linux/vhost.h>). All
 * addresses are I/O-virtual, and the owner sets the device status. Rings are
 * mapped when the status becomes DRIVER_OK, because the owner maps memory after
 * it has set the ring addresses.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>

#include "../core.h"

#define VDPA_BACKEND_FEATURES						\
	(BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2) |			\
	 BIT_ULL(VHOST_BACKEND_F_IOTLB_BATCH) |				\
	 BIT_ULL(VHOST_BACKEND_F_SUSPEND) |				\
	 BIT_ULL(VHOST_BACKEND_F_RESUME) |				\
	 BIT_ULL(VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK) |		\
	 BIT_ULL(VHOST_BACKEND_F_IOTLB_PERSIST))

/*
 * The size of the configuration space. It is never 0: QEMU reads all of it, and
 * reading 0 bytes is an error.
 */
#define CONFIG_MIN 4
#define CONFIG_MAX 256

static u32 config_size(const struct vhx_dev *dev)
{
	return clamp_t(u32, dev->ops->config_size, CONFIG_MIN, CONFIG_MAX);
}

static long put_val(void __user *argp, const void *val, size_t size)
{
	return copy_to_user(argp, val, size) ? -EFAULT : 0;
}

/*
 * Starts the queues that are enabled and set up. QEMU enables all of them;
 * those that the driver did not set up stay stopped.
 */
static int start_enabled(struct vhx_dev *dev)
{
	unsigned int i;
	int err;

	for (i = 0; i < dev->nvqs; i++) {
		struct vhx_vq *vq = dev->vqs[i];

		if (!vq->enabled || !vhx_vq_is_set_up(vq) ||
		    vhx_vq_is_started(vq))
			continue;
		err = vhx_vq_start(vq);
		if (err) {
			vhx_dev_stop_vqs(dev);
			return err;
		}
	}
	return 0;
}

static void acknowledge(struct vhx_dev *dev, u64 features)
{
	dev->features = features;
	WRITE_ONCE(dev->inst->driver_features,
		   features & ~BIT_ULL(VHOST_F_LOG_ALL));
}

static void dev_reset(struct vhx_dev *dev)
{
	unsigned int i;

	vhx_dev_stop_vqs(dev);
	for (i = 0; i < dev->nvqs; i++)
		vhx_vq_reset(dev->vqs[i]);
	if (dev->state != VHX_DEV_OPEN)
		vhx_dev_set_state(dev, VHX_DEV_OWNED);
	acknowledge(dev, 0);
	dev->status = 0;
	dev->needs_reset = false;
}

static int driver_ok(struct vhx_dev *dev)
{
	int err;

	if (dev->state == VHX_DEV_OPEN)
		return -EPERM;
	err = start_enabled(dev);
	if (err)
		return err;
	vhx_dev_set_state(dev, VHX_DEV_LIVE);
	return 0;
}

static long get_status(struct vhx_dev *dev, void __user *argp)
{
	u8 status = dev->status;

	if (READ_ONCE(dev->needs_reset))
		status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	return put_val(argp, &status, sizeof(status));
}

static long set_status(struct vhx_dev *dev, void __user *argp)
{
	u8 status, added;
	int err;

	if (get_user(status, (u8 __user *)argp))
		return -EFAULT;
	if (!status) {
		dev_reset(dev);
		return 0;
	}
	/* Only the device sets that bit. */
	status &= ~VIRTIO_CONFIG_S_NEEDS_RESET;
	/* Only a reset clears bits. */
	if (dev->status & ~status)
		return -EINVAL;
	added = status & ~dev->status;
	if (added & VIRTIO_CONFIG_S_DRIVER_OK) {
		err = driver_ok(dev);
		if (err)
			return err;
	}
	dev->status = status;
	return 0;
}

static long set_features(struct vhx_dev *dev, void __user *argp)
{
	u64 features;
	int err;

	if (copy_from_user(&features, argp, sizeof(features)))
		return -EFAULT;
	/*
	 * A client that leaves FEATURES_OK out may have queues that run. The
	 * dirty log is the monitor's, and may be switched at any time.
	 */
	if ((dev->status & VIRTIO_CONFIG_S_FEATURES_OK ||
	     vhx_dev_any_started(dev)) &&
	    (features ^ dev->features) != BIT_ULL(VHOST_F_LOG_ALL))
		return -EBUSY;
	if (features & ~vhx_dev_offered(dev))
		return -EINVAL;
	err = vhx_log_set_features(dev, features);
	if (!err)
		acknowledge(dev, features);
	return err;
}

/* Nothing depends on them: what they announce works in any case. */
static long set_backend_features(void __user *argp)
{
	u64 features;

	if (copy_from_user(&features, argp, sizeof(features)))
		return -EFAULT;
	if (features & ~VDPA_BACKEND_FEATURES)
		return -EOPNOTSUPP;
	return 0;
}

/* Reads and checks the range of the configuration space in a request. */
static int config_range(struct vhx_dev *dev, void __user *argp,
			struct vhost_vdpa_config *c)
{
	u32 size = config_size(dev);

	if (copy_from_user(c, argp, offsetof(struct vhost_vdpa_config, buf)))
		return -EFAULT;
	if (!c->len || c->off > size || c->len > size - c->off)
		return -EINVAL;
	return 0;
}

static long get_config(struct vhx_dev *dev, void __user *argp)
{
	struct vhost_vdpa_config __user *uc = argp;
	struct vhost_vdpa_config c;
	u8 config[CONFIG_MAX] = {};
	int err;

	err = config_range(dev, argp, &c);
	if (err)
		return err;
	if (dev->ops->config_get)
		dev->ops->config_get(dev, config);
	return put_val(uc->buf, config + c.off, c.len);
}

/* No device type has fields that the driver may write. */
static long set_config(struct vhx_dev *dev, void __user *argp)
{
	struct vhost_vdpa_config c;

	return config_range(dev, argp, &c) ?: -EOPNOTSUPP;
}

static long set_config_call(struct vhx_dev *dev, void __user *argp)
{
	struct vhx_eventfd *efd;
	int fd;

	if (get_user(fd, (int __user *)argp))
		return -EFAULT;
	efd = vhx_eventfd_get(fd);
	if (IS_ERR(efd))
		return PTR_ERR(efd);
	vhx_eventfd_replace(&dev->config_call, efd);
	if (READ_ONCE(dev->needs_reset))
		vhx_eventfd_signal(&dev->config_call);
	return 0;
}

static long suspend(struct vhx_dev *dev)
{
	if (!(dev->status & VIRTIO_CONFIG_S_DRIVER_OK))
		return 0;
	vhx_dev_stop_vqs(dev);
	vhx_dev_set_state(dev, VHX_DEV_SUSPENDED);
	return 0;
}

static long resume(struct vhx_dev *dev)
{
	int err;

	if (!(dev->status & VIRTIO_CONFIG_S_DRIVER_OK))
		return 0;
	err = start_enabled(dev);
	if (err)
		return err;
	vhx_dev_set_state(dev, VHX_DEV_LIVE);
	return 0;
}

static long set_vring_enable(struct vhx_dev *dev, void __user *argp)
{
	struct vhost_vring_state s;
	struct vhx_vq *vq;
	int err;

	err = vhx_vring_get_vq(dev, argp, &vq);
	if (err)
		return err;
	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	if (!s.num) {
		vhx_vq_stop(vq);
	} else if (dev->state == VHX_DEV_LIVE && vhx_vq_is_set_up(vq) &&
		   !vhx_vq_is_started(vq)) {
		err = vhx_vq_start(vq);
		if (err)
			return err;
	}
	vq->enabled = s.num;
	return 0;
}

static long get_vring_size(struct vhx_dev *dev, void __user *argp)
{
	struct vhost_vring_state s;
	struct vhx_vq *vq;
	int err;

	err = vhx_vring_get_vq(dev, argp, &vq);
	if (err)
		return err;
	s.index = vq->index;
	s.num = dev->queue_size;
	return put_val(argp, &s, sizeof(s));
}

/* There is one group and one address space. */
static long set_group_asid(struct vhx_dev *dev, void __user *argp)
{
	struct vhost_vring_state s;
	struct vhx_vq *vq;
	int err;

	err = vhx_vring_get_vq(dev, argp, &vq);
	if (err)
		return err;
	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	return s.index || s.num ? -EINVAL : -EOPNOTSUPP;
}

static long vring_group(struct vhx_dev *dev, void __user *argp)
{
	struct vhx_vq *vq;

	return vhx_vring_get_vq(dev, argp, &vq) ?: -EOPNOTSUPP;
}

/*
 * Sets up a queue of a device that is live. A ring that is served does not
 * move. One that the driver has reset may begin elsewhere (2.6.1), and one that
 * the driver did not set up before is started once it is set up and enabled.
 */
static long set_up_live(struct vhx_dev *dev, unsigned int cmd,
			void __user *argp)
{
	struct vhx_vq *vq;
	bool was_set_up;
	long err;

	err = vhx_vring_get_vq(dev, argp, &vq);
	if (err)
		return err;
	was_set_up = vhx_vq_is_set_up(vq);
	/* Whether writes to it are logged may change. */
	if (cmd == VHOST_SET_VRING_ADDR && vhx_vq_is_started(vq)) {
		err = vhx_vring_ioctl(dev, cmd, argp);
		return err == -EBUSY ? -EINVAL : err;
	}
	if (cmd != VHOST_SET_VRING_NUM && was_set_up &&
	    (vhx_vq_is_started(vq) ||
	     !vhx_vq_has_feature(vq, VIRTIO_F_RING_RESET)))
		return -EINVAL;
	err = vhx_vring_ioctl(dev, cmd, argp);
	if (err || was_set_up || !vq->enabled || !vhx_vq_is_set_up(vq))
		return err;
	err = vhx_vq_start(vq);
	if (!err)
		return 0;
	/* Nothing has changed. */
	if (cmd == VHOST_SET_VRING_NUM)
		vq->num = 0;
	else
		vq->addr_set = false;
	return err;
}

static long vdpa_vring_ioctl(struct vhx_dev *dev, unsigned int cmd,
			     void __user *argp)
{
	if (dev->state == VHX_DEV_LIVE && (cmd == VHOST_SET_VRING_NUM ||
					   cmd == VHOST_SET_VRING_ADDR ||
					   cmd == VHOST_SET_VRING_BASE))
		return set_up_live(dev, cmd, argp);
	return vhx_vring_ioctl(dev, cmd, argp);
}

static long vdpa_owner_ioctl(struct vhx_dev *dev, unsigned int cmd,
			     void __user *argp)
{
	int err;

	err = vhx_dev_check_owner(dev);
	if (err)
		return err;
	switch (cmd) {
	case VHOST_VDPA_SET_VRING_ENABLE:
		return set_vring_enable(dev, argp);
	case VHOST_VDPA_GET_VRING_SIZE:
		return get_vring_size(dev, argp);
	case VHOST_VDPA_SET_GROUP_ASID:
		return set_group_asid(dev, argp);
	case VHOST_SET_LOG_BASE:
	case VHOST_SET_LOG_FD:
		return vhx_log_ioctl(dev, cmd, argp);
	case VHOST_VDPA_GET_VRING_GROUP:
	case VHOST_VDPA_GET_VRING_DESC_GROUP:
		return vring_group(dev, argp);
	default:
		return vdpa_vring_ioctl(dev, cmd, argp);
	}
}

static long vdpa_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp)
{
	const struct vhost_vdpa_iova_range range = { .last = U64_MAX };
	const u64 features = vhx_dev_offered(dev);
	const u64 backend_features = VDPA_BACKEND_FEATURES;
	const u32 device_id = dev->ops->device_id;
	const u32 size = config_size(dev);
	const u32 one = 1;
	const u16 num = dev->queue_size;

	switch (cmd) {
	case VHOST_VDPA_GET_DEVICE_ID:
		return put_val(argp, &device_id, sizeof(device_id));
	case VHOST_VDPA_GET_STATUS:
		return get_status(dev, argp);
	case VHOST_VDPA_SET_STATUS:
		return set_status(dev, argp);
	case VHOST_VDPA_GET_CONFIG:
		return get_config(dev, argp);
	case VHOST_VDPA_SET_CONFIG:
		return set_config(dev, argp);
	case VHOST_GET_FEATURES:
		return put_val(argp, &features, sizeof(features));
	case VHOST_SET_FEATURES:
		return set_features(dev, argp);
	case VHOST_GET_BACKEND_FEATURES:
		return put_val(argp, &backend_features,
			       sizeof(backend_features));
	case VHOST_SET_BACKEND_FEATURES:
		return set_backend_features(argp);
	case VHOST_VDPA_GET_VRING_NUM:
		return put_val(argp, &num, sizeof(num));
	case VHOST_VDPA_GET_VQS_COUNT:
		return put_val(argp, &dev->nvqs, sizeof(dev->nvqs));
	case VHOST_VDPA_GET_GROUP_NUM:
	case VHOST_VDPA_GET_AS_NUM:
		return put_val(argp, &one, sizeof(one));
	case VHOST_VDPA_GET_IOVA_RANGE:
		return put_val(argp, &range, sizeof(range));
	case VHOST_VDPA_GET_CONFIG_SIZE:
		return put_val(argp, &size, sizeof(size));
	case VHOST_VDPA_SET_CONFIG_CALL:
		return set_config_call(dev, argp);
	case VHOST_VDPA_SUSPEND:
		return suspend(dev);
	case VHOST_VDPA_RESUME:
		return resume(dev);
	case VHOST_SET_OWNER:
		return vhx_dev_set_owner(dev);
	case VHOST_SET_FORK_FROM_OWNER:
	case VHOST_GET_FORK_FROM_OWNER:
	case VHOST_NEW_WORKER:
	case VHOST_FREE_WORKER:
	case VHOST_ATTACH_VRING_WORKER:
	case VHOST_GET_VRING_WORKER:
		return vhx_worker_ioctl(dev, cmd, argp);
	default:
		return vdpa_owner_ioctl(dev, cmd, argp);
	}
}

const struct vhx_personality vhx_vdpa_personality = {
	.features = BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |
		    BIT_ULL(VHOST_F_LOG_ALL),
	.addr_is_iova = true,
	.ioctl = vdpa_ioctl,
	.write = vhx_iotlb_write,
};
