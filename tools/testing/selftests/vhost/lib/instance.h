/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An instance of vhx: what an administrator makes under
 * /sys/kernel/config/vhx/TYPE/NAME, and the node /dev/vhx/NAME.
 */
#ifndef VHXT_INSTANCE_H
#define VHXT_INSTANCE_H

/**
 * struct instance - one folder of configfs
 * @type: "blk", "rng", ...
 * @name: its name
 * @node: its device node
 */
struct instance {
	char type[16];
	char name[32];
	char node[64];
};

/* mkdir; what an earlier run left behind of that name goes first. */
int instance_create(struct instance *in, const char *type, const char *name);

/* Write an attribute. 0 or -errno. */
int instance_set(struct instance *in, const char *attr, const char *value);

/* Write enable, and when it is "1" see that the node is there. */
int instance_enable(struct instance *in);
int instance_disable(struct instance *in);

/* disable and rmdir. 0 or -errno of the rmdir. */
int instance_destroy(struct instance *in);

/* The usual disk: @backend, one queue, enabled. */
int instance_create_blk(struct instance *in, const char *name,
			const char *backend);

#endif /* VHXT_INSTANCE_H */
