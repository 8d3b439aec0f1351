/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device under test, and how a monitor sets it up through either of the two
 * ioctl personalities: vhost (/dev/vhost-net, /dev/vhx-net, /dev/vhx-blk) and
 * vhost-vdpa (/dev/vhost-vdpa-0, /dev/vhx/NAME).
 *
 * Functions return 0 or -errno. On an error, vdev.what names the step.
 */
#ifndef VHXT_VDEV_H
#define VHXT_VDEV_H

#include <linux/types.h>
#include <linux/vhost.h>
#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <stdbool.h>

#include "gmem.h"
#include "vq.h"

#define VDEV_MAX_VQS	16

#define BIT_ULL(n)	(1ULL << (n))

/* Values of the device status, in the order in which a driver sets them. */
#define VDEV_S_DRIVER	(VIRTIO_CONFIG_S_ACKNOWLEDGE | \
			 VIRTIO_CONFIG_S_DRIVER)
#define VDEV_S_FEATURES	(VDEV_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define VDEV_S_RUNNING	(VDEV_S_FEATURES | VIRTIO_CONFIG_S_DRIVER_OK)

/**
 * struct vdev - an open device
 * @fd: its file
 * @what: the last step
 * @mem: guest memory given to it
 * @offered: features it offers
 * @features: features negotiated
 * @nvqs: queues in @vq
 * @vq: its queues
 * @config_call: eventfd for configuration changes (vdpa)
 * @user_rings: the addresses of rings are user addresses (vhost)
 */
struct vdev {
	int fd;
	const char *what;
	struct gmem *mem;
	__u64 offered;
	__u64 features;
	unsigned int nvqs;
	struct vq vq[VDEV_MAX_VQS];
	int config_call;
	bool user_rings;
};

/* Open the node. After an error there is nothing to close. */
int vdev_open(struct vdev *d, const char *path);
void vdev_close(struct vdev *d);

/*
 * Make @nvqs queues of @num entries in @mem. @features selects their format,
 * EVENT_IDX, INDIRECT_DESC and IN_ORDER. The device does not know of them yet.
 */
int vdev_make_vqs(struct vdev *d, struct gmem *mem, __u64 features,
		  unsigned int nvqs, __u16 num);

/* Call an ioctl. Its result (0 or more), or -errno. Sets vdev.what. */
int vdev_ioctl(struct vdev *d, const char *what, unsigned long cmd, void *arg);

/* The vring ioctls that both personalities have. */
int vring_set_num(struct vdev *d, unsigned int i);
int vring_set_addr(struct vdev *d, unsigned int i);
int vring_set_base(struct vdev *d, unsigned int i, __u32 base);
int vring_get_base(struct vdev *d, unsigned int i, __u32 *base);
int vring_set_kick(struct vdev *d, unsigned int i, int fd);
int vring_set_call(struct vdev *d, unsigned int i, int fd);
int vring_set_err(struct vdev *d, unsigned int i, int fd);

/*
 * The vhost personality.
 */

/* Set owner, features, memory and all queues, but no backend. */
int vhost_setup(struct vdev *d);
int vhost_set_owner(struct vdev *d);
int vhost_set_features(struct vdev *d);
int vhost_set_mem(struct vdev *d);

/* Set the same memory in regions of at most @piece bytes; set no memory. */
int vhost_set_mem_cut(struct vdev *d, __u64 piece);
int vhost_clear_mem(struct vdev *d);
int vhost_set_vring(struct vdev *d, unsigned int i);

/* VHOST_NET_SET_BACKEND for one queue, and for all queues. */
int vhost_net_attach(struct vdev *d, unsigned int i, int fd);
int vhost_net_attach_all(struct vdev *d, int fd);

/* VHOST_BLK_SET_BACKEND. */
int vhost_blk_attach(struct vdev *d, int fd);

/*
 * The vdpa personality, with the ioctls in the order of QEMU's
 * vhost-vdpa-device-pci (from a trace of QEMU 10.0).
 */

/* What QEMU does when it opens a device, up to status DRIVER. */
int vdpa_realize(struct vdev *d);

/* From SET_FEATURES to DRIVER_OK: first the queues, then memory. */
int vdpa_start(struct vdev *d);

/* Both. */
int vdpa_setup(struct vdev *d);

/* Suspend, store the bases in the queues, reset. vdpa_start() continues. */
int vdpa_stop(struct vdev *d);

int vdpa_set_status(struct vdev *d, __u8 status);
int vdpa_get_status(struct vdev *d, __u8 *status);
int vdpa_set_vring(struct vdev *d, unsigned int i);
int vdpa_enable(struct vdev *d, unsigned int i, bool on);
int vdpa_get_config(struct vdev *d, __u32 off, void *buf, __u32 len);

/* One IOTLB message, and all of guest memory as a batch. */
int vdpa_msg(struct vdev *d, __u8 type, __u64 iova, __u64 size,
	     const void *user, __u8 perm);
int vdpa_map_all(struct vdev *d);
int vdpa_unmap_all(struct vdev *d);

/*
 * What QEMU does when firmware moves memory: one batch that invalidates all of
 * it and adds it again in pieces of @piece bytes, with the same user addresses.
 * Pieces in which nothing is allocated become read-only.
 */
int vdpa_remap_all(struct vdev *d, __u64 piece);

#endif /* VHXT_VDEV_H */
