/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ioctls that the headers of some kernels lack.
 */
#ifndef VHXT_COMPAT_IOCTLS_H
#define VHXT_COMPAT_IOCTLS_H

#include <linux/vhost.h>

#ifndef VHOST_GET_FEATURES_ARRAY
#define VHOST_GET_FEATURES_ARRAY _IOR(VHOST_VIRTIO, 0x83, __u64)
#define VHOST_SET_FEATURES_ARRAY _IOW(VHOST_VIRTIO, 0x83, __u64)
#endif
#ifndef VHOST_SET_FORK_FROM_OWNER
#define VHOST_SET_FORK_FROM_OWNER _IOW(VHOST_VIRTIO, 0x84, __u8)
#define VHOST_GET_FORK_FROM_OWNER _IOR(VHOST_VIRTIO, 0x85, __u8)
#endif

#endif /* VHXT_COMPAT_IOCTLS_H */
