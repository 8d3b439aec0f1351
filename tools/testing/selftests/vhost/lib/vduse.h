/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The reference for the vdpa personality: a vhost-vdpa device of the in-tree
 * drivers whose data path is qemu-storage-daemon's vduse-blk export. Kernels
 * before 6.6 as Debian builds them have no vDPA.
 */
#ifndef VHXT_VDUSE_H
#define VHXT_VDUSE_H

#include <sys/types.h>

/**
 * struct vduse - a vduse-blk export bound to vhost-vdpa
 * @name: name of the vdpa device
 * @node: its node, "/dev/vhost-vdpa-N"
 * @daemon: process id of the qemu-storage-daemon
 */
struct vduse {
	char name[32];
	char node[64];
	pid_t daemon;
};

/*
 * Export the block device @disk with @queues queues of 256 entries. 0; -ENODEV
 * if something that this needs is missing; or -errno. @why says what failed.
 */
int vduse_start(struct vduse *v, const char *disk, unsigned int queues,
		const char **why);
void vduse_stop(struct vduse *v);

#endif /* VHXT_VDUSE_H */
