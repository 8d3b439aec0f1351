// SPDX-License-Identifier: GPL-2.0
/*
 * Setting up a device through the vdpa personality, in the steps of QEMU: ring
 * addresses are I/O-virtual, memory is set by IOTLB messages after the rings,
 * and the call eventfds are set again after DRIVER_OK.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vdev.h"

/* The back-end features that QEMU acknowledges if they are offered. */
#define BACKEND_WANTED	(BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2) | \
			 BIT_ULL(VHOST_BACKEND_F_IOTLB_BATCH) | \
			 BIT_ULL(VHOST_BACKEND_F_SUSPEND))

int vdpa_set_status(struct vdev *d, __u8 status)
{
	return vdev_ioctl(d, "SET_STATUS", VHOST_VDPA_SET_STATUS, &status);
}

int vdpa_get_status(struct vdev *d, __u8 *status)
{
	return vdev_ioctl(d, "GET_STATUS", VHOST_VDPA_GET_STATUS, status);
}

int vdpa_get_config(struct vdev *d, __u32 off, void *buf, __u32 len)
{
	struct vhost_vdpa_config *c = malloc(sizeof(*c) + len);
	int err;

	if (!c)
		return -ENOMEM;
	c->off = off;
	c->len = len;
	memset(c->buf, 0xee, len);
	err = vdev_ioctl(d, "GET_CONFIG", VHOST_VDPA_GET_CONFIG, c);
	memcpy(buf, c->buf, len);
	free(c);
	return err;
}

static int negotiate_backend(struct vdev *d)
{
	__u64 f;
	int err;

	err = vdev_ioctl(d, "GET_BACKEND_FEATURES", VHOST_GET_BACKEND_FEATURES,
			 &f);
	if (err)
		return err;
	f &= BACKEND_WANTED;
	return vdev_ioctl(d, "SET_BACKEND_FEATURES",
			  VHOST_SET_BACKEND_FEATURES, &f);
}

int vdpa_realize(struct vdev *d)
{
	struct vhost_vdpa_iova_range range;
	__u32 id, count, size;
	unsigned int i;
	__u16 num;
	char *config;
	int err;

	err = vdev_ioctl(d, "GET_DEVICE_ID", VHOST_VDPA_GET_DEVICE_ID, &id);
	if (!err)
		err = vdev_ioctl(d, "GET_VRING_NUM", VHOST_VDPA_GET_VRING_NUM,
				 &num);
	if (!err)
		err = vdev_ioctl(d, "GET_VQS_COUNT", VHOST_VDPA_GET_VQS_COUNT,
				 &count);
	if (!err)
		err = vdev_ioctl(d, "GET_IOVA_RANGE", VHOST_VDPA_GET_IOVA_RANGE,
				 &range);
	if (!err)
		err = vdev_ioctl(d, "GET_FEATURES", VHOST_GET_FEATURES,
				 &d->offered);
	if (!err)
		err = vdpa_set_status(d, VDEV_S_DRIVER);
	if (!err)
		err = vdev_ioctl(d, "SET_OWNER", VHOST_SET_OWNER, NULL);
	if (!err)
		err = negotiate_backend(d);
	if (!err)
		err = vdev_ioctl(d, "GET_CONFIG_SIZE",
				 VHOST_VDPA_GET_CONFIG_SIZE, &size);
	if (err)
		return err;

	config = malloc(size);
	if (!config)
		return -ENOMEM;
	err = vdpa_get_config(d, 0, config, size);
	free(config);

	for (i = 0; !err && i < d->nvqs; i++)
		err = vring_set_call(d, i, d->vq[i].call);
	return err;
}

int vdpa_enable(struct vdev *d, unsigned int i, bool on)
{
	struct vhost_vring_state s = { .index = i, .num = on };

	return vdev_ioctl(d, "SET_VRING_ENABLE", VHOST_VDPA_SET_VRING_ENABLE,
			  &s);
}

int vdpa_set_vring(struct vdev *d, unsigned int i)
{
	const struct vq *vq = &d->vq[i];
	int err;

	err = vring_set_num(d, i);
	if (!err)
		err = vring_set_base(d, i, vq->base);
	if (!err)
		err = vring_set_addr(d, i);
	if (!err)
		err = vring_set_kick(d, i, vq->kick);
	if (!err)
		err = vdpa_enable(d, i, true);
	return err;
}

int vdpa_msg(struct vdev *d, __u8 type, __u64 iova, __u64 size,
	     const void *user, __u8 perm)
{
	struct vhost_msg_v2 m = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {
			.iova = iova,
			.size = size,
			.uaddr = (uintptr_t)user,
			.perm = perm,
			.type = type,
		},
	};

	d->what = "IOTLB message";
	if (write(d->fd, &m, sizeof(m)) != sizeof(m))
		return -errno;
	return 0;
}

int vdpa_map_all(struct vdev *d)
{
	unsigned int i;
	int err;

	err = vdpa_msg(d, VHOST_IOTLB_BATCH_BEGIN, 0, 0, NULL, 0);
	for (i = 0; !err && i < d->mem->nregions; i++) {
		const struct gmem_region *r = &d->mem->region[i];

		err = vdpa_msg(d, VHOST_IOTLB_UPDATE, r->gpa, r->size, r->user,
			       VHOST_ACCESS_RW);
	}
	if (!err)
		err = vdpa_msg(d, VHOST_IOTLB_BATCH_END, 0, 0, NULL, 0);
	return err;
}

int vdpa_unmap_all(struct vdev *d)
{
	unsigned int i;
	int err;

	err = vdpa_msg(d, VHOST_IOTLB_BATCH_BEGIN, 0, 0, NULL, 0);
	for (i = 0; !err && i < d->mem->nregions; i++)
		err = vdpa_msg(d, VHOST_IOTLB_INVALIDATE, d->mem->region[i].gpa,
			       d->mem->region[i].size, NULL, 0);
	if (!err)
		err = vdpa_msg(d, VHOST_IOTLB_BATCH_END, 0, 0, NULL, 0);
	return err;
}

static int add_region(struct vdev *d, const struct gmem_region *r,
		      __u64 piece)
{
	__u64 off, n, end = d->mem->gpa + d->mem->brk;
	int err = 0;

	for (off = 0; !err && off < r->size; off += n) {
		n = r->size - off < piece ? r->size - off : piece;
		err = vdpa_msg(d, VHOST_IOTLB_UPDATE, r->gpa + off, n,
			       (char *)r->user + off, r->gpa + off < end ?
			       VHOST_ACCESS_RW : VHOST_ACCESS_RO);
	}
	return err;
}

int vdpa_remap_all(struct vdev *d, __u64 piece)
{
	unsigned int i;
	int err;

	err = vdpa_msg(d, VHOST_IOTLB_BATCH_BEGIN, 0, 0, NULL, 0);
	for (i = 0; !err && i < d->mem->nregions; i++)
		err = vdpa_msg(d, VHOST_IOTLB_INVALIDATE, d->mem->region[i].gpa,
			       d->mem->region[i].size, NULL, 0);
	for (i = 0; !err && i < d->mem->nregions; i++)
		err = add_region(d, &d->mem->region[i], piece);
	if (!err)
		err = vdpa_msg(d, VHOST_IOTLB_BATCH_END, 0, 0, NULL, 0);
	return err;
}

int vdpa_start(struct vdev *d)
{
	unsigned int i;
	int err;

	err = vdev_ioctl(d, "SET_FEATURES", VHOST_SET_FEATURES, &d->features);
	if (!err)
		err = vdpa_set_status(d, VDEV_S_FEATURES);
	for (i = 0; !err && i < d->nvqs; i++)
		err = vdpa_set_vring(d, i);
	if (!err)
		err = vdpa_map_all(d);
	if (!err)
		err = vdpa_set_status(d, VDEV_S_RUNNING);
	if (err)
		return err;

	if (d->config_call < 0)
		d->config_call = event_new();
	err = vdev_ioctl(d, "SET_CONFIG_CALL", VHOST_VDPA_SET_CONFIG_CALL,
			 &d->config_call);
	for (i = 0; !err && i < d->nvqs; i++)
		err = vring_set_call(d, i, d->vq[i].call);
	for (i = 0; !err && i < d->nvqs; i++)
		err = vring_set_err(d, i, d->vq[i].err);
	return err;
}

int vdpa_setup(struct vdev *d)
{
	int err = vdpa_realize(d);

	return err ? err : vdpa_start(d);
}

int vdpa_stop(struct vdev *d)
{
	unsigned int i;
	int err;

	err = vdev_ioctl(d, "SUSPEND", VHOST_VDPA_SUSPEND, NULL);
	for (i = 0; !err && i < d->nvqs; i++)
		err = vring_get_base(d, i, &d->vq[i].base);
	if (!err)
		err = vdpa_set_status(d, 0);
	return err ? err : vdpa_unmap_all(d);
}
