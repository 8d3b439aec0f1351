/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device-mapper devices, by its ioctls: disks that fail, are slow in parts, or
 * have other limits than a null_blk.
 */
#ifndef VHXT_DM_H
#define VHXT_DM_H

#include <linux/types.h>

/**
 * struct dm - a device-mapper device
 * @name: its name
 * @path: its node
 */
struct dm {
	char name[32];
	char path[64];
};

/**
 * struct dm_target - a row of its table
 * @start: first sector
 * @len: sectors
 * @type: "linear", "error", ...
 * @params: the target's own
 */
struct dm_target {
	__u64 start;
	__u64 len;
	const char *type;
	char params[160];
};

/*
 * Make the device @name, in place of one of that name. 0; -ENODEV if this
 * kernel has no device-mapper or not such a target; or -errno.
 */
int dm_create(struct dm *d, const char *name, const struct dm_target *t,
	      unsigned int n);

/* Give it another table while it is in use. 0 or -errno. */
int dm_reload(const struct dm *d, const struct dm_target *t, unsigned int n);
void dm_destroy(struct dm *d);

#endif /* VHXT_DM_H */
