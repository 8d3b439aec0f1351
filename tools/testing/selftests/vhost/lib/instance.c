// SPDX-License-Identifier: GPL-2.0
/*
 * Making and removing vhx instances through configfs.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attr.h"
#include "instance.h"
#include "wait.h"

#define VHX	"/sys/kernel/config/vhx"

static bool has_node(void *arg)
{
	struct instance *in = arg;

	return !access(in->node, F_OK);
}

int instance_create(struct instance *in, const char *type, const char *name)
{
	char path[PATH_MAX], module[32];
	int err;

	err = configfs_mount();
	if (err)
		return err;

	snprintf(in->type, sizeof(in->type), "%s", type);
	snprintf(in->name, sizeof(in->name), "%s", name);
	snprintf(in->node, sizeof(in->node), "/dev/vhx/%s", name);
	snprintf(path, sizeof(path), VHX "/%s", type);
	if (access(path, F_OK)) {
		snprintf(module, sizeof(module), "vhx_%s", type);
		module_load(module, NULL);
	}

	instance_destroy(in);
	snprintf(path, sizeof(path), VHX "/%s/%s", type, name);
	if (mkdir(path, 0755))
		return -errno;
	/* Off by default, unlike all else that can be negotiated. */
	return instance_set(in, "in_order", "1");
}

int instance_set(struct instance *in, const char *attr, const char *value)
{
	return attr_write(value, VHX "/%s/%s/%s", in->type, in->name, attr);
}

int instance_enable(struct instance *in)
{
	int err = instance_set(in, "enable", "1");

	return err ? err : cond_wait(has_node, in, WAIT_MS);
}

int instance_disable(struct instance *in)
{
	return instance_set(in, "enable", "0");
}

int instance_destroy(struct instance *in)
{
	char path[PATH_MAX];

	instance_disable(in);
	snprintf(path, sizeof(path), VHX "/%s/%s", in->type, in->name);
	return rmdir(path) ? -errno : 0;
}

int instance_create_blk(struct instance *in, const char *name,
			const char *backend)
{
	int err = instance_create(in, "blk", name);

	if (!err)
		err = instance_set(in, "backend", backend);
	if (!err)
		err = instance_enable(in);
	return err;
}
