// SPDX-License-Identifier: GPL-2.0
/*
 * The vhost personality: the ioctls of /dev/vhost-net (<linux/vhost.h>), with
 * guest-physical addresses in descriptors and user addresses for the rings, or,
 * with ACCESS_PLATFORM, I/O-virtual addresses for both.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vhost.h>

#include "../core.h"

#define VHOST_BACKEND_FEATURES BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2)

static long set_features(struct vhx_dev *dev, void __user *argp)
{
	u64 features;
	int err;

	if (copy_from_user(&features, argp, sizeof(features)))
		return -EFAULT;
	if (features & ~vhx_dev_offered(dev))
		return -EOPNOTSUPP;
	/* A ring does not change its format while it is served. */
	if ((features ^ dev->features) & ~BIT_ULL(VHOST_F_LOG_ALL) &&
	    vhx_dev_any_started(dev))
		return -EBUSY;
	err = vhx_log_set_features(dev, features);
	if (err)
		return err;
	vhx_iommu_enable(dev, features & BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
	return 0;
}

static long set_backend_features(struct vhx_dev *dev, void __user *argp)
{
	u64 features;

	if (copy_from_user(&features, argp, sizeof(features)))
		return -EFAULT;
	if (features & ~VHOST_BACKEND_FEATURES)
		return -EOPNOTSUPP;
	WRITE_ONCE(dev->backend_features, features);
	return 0;
}

static int build_table(struct vhx_dev *dev, struct vhx_mem **memp,
		       const struct vhost_memory *vm)
{
	unsigned int i;
	int err;

	for (i = 0; i < vm->nregions; i++) {
		const struct vhost_memory_region *r = &vm->regions[i];

		err = vhx_dev_map(dev, memp, r->guest_phys_addr, r->memory_size,
				  r->userspace_addr, VHOST_ACCESS_RW);
		if (err)
			return err == -EEXIST ? -EINVAL : err;
	}
	return 0;
}

static long set_mem_table(struct vhx_dev *dev, void __user *argp)
{
	struct vhost_memory head, *vm;
	struct vhx_mem *mem;
	long err = -ENOMEM;
	size_t size;

	if (copy_from_user(&head, argp, offsetof(struct vhost_memory, regions)))
		return -EFAULT;
	if (head.padding)
		return -EOPNOTSUPP;
	if (head.nregions > VHX_MEM_MAX_REGIONS)
		return -E2BIG;

	size = struct_size(vm, regions, head.nregions);
	vm = vmemdup_user(argp, size);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	/* The owner may have changed it since it was read. */
	vm->nregions = head.nregions;
	mem = vhx_mem_clone(NULL);
	if (mem) {
		err = build_table(dev, &mem, vm) ?: vhx_log_fit(dev, mem, NULL);
		if (err)
			vhx_mem_free(mem);
		else
			err = vhx_dev_publish_mem(dev, mem);
	}
	kvfree(vm);
	return err;
}

static long set_backend(struct vhx_dev *dev, void __user *argp)
{
	struct vhost_vring_file f;
	struct file *file = NULL;
	long err;

	if (copy_from_user(&f, argp, sizeof(f)))
		return -EFAULT;
	if (f.index >= dev->nvqs)
		return -ENOBUFS;
	f.index = array_index_nospec(f.index, dev->nvqs);
	if (f.fd != VHOST_FILE_UNBIND) {
		file = fget(f.fd);
		if (!file)
			return -EBADF;
	}
	err = dev->ops->set_backend(dev, f.index, file);
	if (file)
		fput(file);
	vhx_dev_set_state(dev, vhx_dev_any_started(dev) ? VHX_DEV_LIVE :
							  VHX_DEV_OWNED);
	return err;
}

static long reset_owner(struct vhx_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nvqs; i++)
		dev->ops->set_backend(dev, i, NULL);
	vhx_dev_reset_owner(dev);
	return 0;
}

static long vhost_owner_ioctl(struct vhx_dev *dev, unsigned int cmd,
			      void __user *argp)
{
	int err;

	err = vhx_dev_check_owner(dev);
	if (err)
		return err;
	if (cmd == dev->ops->set_backend_cmd)
		return set_backend(dev, argp);
	switch (cmd) {
	case VHOST_RESET_OWNER:
		return reset_owner(dev);
	case VHOST_SET_MEM_TABLE:
		return set_mem_table(dev, argp);
	case VHOST_SET_LOG_BASE:
	case VHOST_SET_LOG_FD:
		return vhx_log_ioctl(dev, cmd, argp);
	default:
		return vhx_vring_ioctl(dev, cmd, argp);
	}
}

static long vhost_ioctl(struct vhx_dev *dev, unsigned int cmd,
			void __user *argp)
{
	u64 val;

	switch (cmd) {
	case VHOST_GET_FEATURES:
		val = vhx_dev_offered(dev);
		return copy_to_user(argp, &val, sizeof(val)) ? -EFAULT : 0;
	case VHOST_SET_FEATURES:
		return set_features(dev, argp);
	case VHOST_GET_BACKEND_FEATURES:
		val = VHOST_BACKEND_FEATURES;
		return copy_to_user(argp, &val, sizeof(val)) ? -EFAULT : 0;
	case VHOST_SET_BACKEND_FEATURES:
		return set_backend_features(dev, argp);
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
		return vhost_owner_ioctl(dev, cmd, argp);
	}
}

/* NOTIFY_ON_EMPTY is of the legacy interface, which a vdpa device has not. */
const struct vhx_personality vhx_vhost_personality = {
	.features = BIT_ULL(VIRTIO_F_NOTIFY_ON_EMPTY) |
		    BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |
		    BIT_ULL(VHOST_F_LOG_ALL),
	.ioctl = vhost_ioctl,
	.write = vhx_iotlb_write,
};
