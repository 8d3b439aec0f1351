/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An instance of vhx: the folder /sys/kernel/config/vhx/TYPE/NAME, and the node
 * /dev/vhx/NAME.
 */
#ifndef VHXT_INSTANCE_H
#define VHXT_INSTANCE_H

/* Characters of a name: those of "vhx!NAME" are a file name in sysfs. */
#define INSTANCE_NAME_MAX	251

/**
 * struct instance - one folder of configfs
 * @type: "blk", "rng", ...
 * @name: its name
 * @node: its device node
 */
struct instance {
	char type[16];
	char name[INSTANCE_NAME_MAX + 2];
	char node[INSTANCE_NAME_MAX + 16];
};

/* Make the folder. One of that name that an earlier run left is removed. */
int instance_create(struct instance *in, const char *type, const char *name);

/* Write an attribute. 0 or -errno. */
int instance_set(struct instance *in, const char *attr, const char *value);

/* Write 1 to enable and wait for the node; write 0. 0 or -errno. */
int instance_enable(struct instance *in);
int instance_disable(struct instance *in);

/* disable and rmdir. 0 or -errno of the rmdir. */
int instance_destroy(struct instance *in);

/* Make and enable a disk over @backend, with one queue. 0 or -errno. */
int instance_create_blk(struct instance *in, const char *name,
			const char *backend);

#endif /* VHXT_INSTANCE_H */
