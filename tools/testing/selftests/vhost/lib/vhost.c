// SPDX-License-Identifier: GPL-2.0
/*
 * Setting up a device through the vhost personality: ring addresses are user
 * addresses, and the device starts when its backend is set, for each queue
 * (net) or for the device (blk).
 *
 * With ACCESS_PLATFORM the addresses of guest memory are I/O-virtual, those of
 * the rings too, and iotlb.h has what tells the device about them. Memory is
 * elsewhere then, so that a device that takes them for guest-physical ones
 * fails the test.
 */
#include <errno.h>
#include <linux/vhx.h>
#include <stdlib.h>

#include "vdev.h"

#define GPA_MOVE	(1ULL << 40)

static bool has_iommu(const struct vdev *d)
{
	return d->features & BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
}

int vhost_set_owner(struct vdev *d)
{
	return vdev_ioctl(d, "SET_OWNER", VHOST_SET_OWNER, NULL);
}

int vhost_set_features(struct vdev *d)
{
	int err = vdev_ioctl(d, "GET_FEATURES", VHOST_GET_FEATURES,
			     &d->offered);

	if (err)
		return err;
	return vdev_ioctl(d, "SET_FEATURES", VHOST_SET_FEATURES, &d->features);
}

int vhost_set_mem_cut(struct vdev *d, __u64 piece)
{
	struct vhost_memory *m;
	unsigned int i, n = 0;
	__u64 off;
	int err;

	for (i = 0; i < d->mem->nregions; i++)
		n += d->mem->region[i].size / piece + 1;
	m = calloc(1, sizeof(*m) + n * sizeof(*m->regions));
	if (!m)
		return -ENOMEM;

	for (i = 0; i < d->mem->nregions; i++) {
		const struct gmem_region *r = &d->mem->region[i];

		for (off = 0; off < r->size; off += piece)
			m->regions[m->nregions++] =
				(struct vhost_memory_region){
				.guest_phys_addr = r->gpa + off +
					(has_iommu(d) ? GPA_MOVE : 0),
				.memory_size = r->size - off < piece ?
					       r->size - off : piece,
				.userspace_addr = (uintptr_t)r->user + off,
			};
	}
	err = vdev_ioctl(d, "SET_MEM_TABLE", VHOST_SET_MEM_TABLE, m);
	free(m);
	return err;
}

int vhost_set_mem(struct vdev *d)
{
	return vhost_set_mem_cut(d, d->mem->size);
}

int vhost_clear_mem(struct vdev *d)
{
	struct vhost_memory none = { 0 };

	return vdev_ioctl(d, "SET_MEM_TABLE", VHOST_SET_MEM_TABLE, &none);
}

int vhost_set_vring(struct vdev *d, unsigned int i)
{
	const struct vq *vq = &d->vq[i];
	int err;

	/* Behind an IOMMU the rings have I/O-virtual addresses as well. */
	d->user_rings = !has_iommu(d);
	err = vring_set_num(d, i);
	if (!err)
		err = vring_set_base(d, i, vq->base);
	if (!err)
		err = vring_set_addr(d, i);
	if (!err)
		err = vring_set_kick(d, i, vq->kick);
	if (!err)
		err = vring_set_call(d, i, vq->call);
	if (!err)
		err = vring_set_err(d, i, vq->err);
	return err;
}

int vhost_setup(struct vdev *d)
{
	__u64 backend = BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2);
	unsigned int i;
	int err;

	err = vhost_set_owner(d);
	if (!err)
		err = vhost_set_features(d);
	if (!err && has_iommu(d))
		err = vdev_ioctl(d, "SET_BACKEND_FEATURES",
				 VHOST_SET_BACKEND_FEATURES, &backend);
	if (!err)
		err = vhost_set_mem(d);
	for (i = 0; !err && i < d->nvqs; i++)
		err = vhost_set_vring(d, i);
	return err;
}

int vhost_net_attach(struct vdev *d, unsigned int i, int fd)
{
	struct vhost_vring_file f = { .index = i, .fd = fd };

	return vdev_ioctl(d, "NET_SET_BACKEND", VHOST_NET_SET_BACKEND, &f);
}

int vhost_net_attach_all(struct vdev *d, int fd)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < d->nvqs; i++)
		err = vhost_net_attach(d, i, fd);
	return err;
}

int vhost_blk_attach(struct vdev *d, int fd)
{
	struct vhost_vring_file f = { .fd = fd };

	return vdev_ioctl(d, "BLK_SET_BACKEND", VHOST_BLK_SET_BACKEND, &f);
}
