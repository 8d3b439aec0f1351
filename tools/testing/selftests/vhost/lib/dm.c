// SPDX-License-Identifier: GPL-2.0
/*
 * Device-mapper devices by the ioctls of /dev/mapper/control.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attr.h"
#include "dm.h"
#include "wait.h"

#define CONTROL	"/dev/mapper/control"

/* An ioctl's argument: the header, then targets with their parameters. */
struct dm_arg {
	struct dm_ioctl head;
	char table[4096];
};

static int control(const struct dm *d, unsigned long cmd, struct dm_arg *arg)
{
	int fd, err = 0;

	arg->head.version[0] = DM_VERSION_MAJOR;
	arg->head.data_size = sizeof(*arg);
	arg->head.data_start = offsetof(struct dm_arg, table);
	snprintf(arg->head.name, sizeof(arg->head.name), "%s", d->name);
	fd = open(CONTROL, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, cmd, arg))
		err = -errno;
	close(fd);
	return err;
}

static bool has_node(void *arg)
{
	struct dm *d = arg;

	return !access(d->path, F_OK);
}

static int make(struct dm *d)
{
	struct dm_arg arg = { 0 };
	int err = control(d, DM_DEV_CREATE, &arg);

	snprintf(d->path, sizeof(d->path), "/dev/dm-%u",
		 minor(arg.head.dev));
	return err;
}

static int load(const struct dm *d, const struct dm_target *t, unsigned int n)
{
	struct dm_arg arg = { .head.target_count = n };
	char *at = arg.table;
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct dm_target_spec spec = {
			.sector_start = t[i].start,
			.length = t[i].len,
			.next = sizeof(spec) + sizeof(t[i].params),
		};

		snprintf(spec.target_type, sizeof(spec.target_type), "%s",
			 t[i].type);
		memcpy(at, &spec, sizeof(spec));
		memcpy(at + sizeof(spec), t[i].params, sizeof(t[i].params));
		at += spec.next;
	}
	return control(d, DM_TABLE_LOAD, &arg);
}

static int resume(const struct dm *d)
{
	struct dm_arg arg = { 0 };

	return control(d, DM_DEV_SUSPEND, &arg);
}

int dm_create(struct dm *d, const char *name, const struct dm_target *t,
	      unsigned int n)
{
	int err;

	snprintf(d->name, sizeof(d->name), "%s", name);
	if (!node_present(CONTROL, "dm_mod"))
		return -ENODEV;
	dm_destroy(d);
	err = make(d);
	if (err)
		return err;
	err = load(d, t, n);
	/* A target that is not there is an invalid argument. */
	if (err == -EINVAL)
		err = -ENODEV;
	if (!err)
		err = resume(d);
	if (!err)
		err = cond_wait(has_node, d, WAIT_MS);
	if (err)
		dm_destroy(d);
	return err;
}

static bool is_gone(void *arg)
{
	struct dm_arg req = { 0 };

	return control(arg, DM_DEV_REMOVE, &req) != -EBUSY;
}

int dm_reload(const struct dm *d, const struct dm_target *t, unsigned int n)
{
	int err = load(d, t, n);

	return err ? err : resume(d);
}

void dm_destroy(struct dm *d)
{
	/* udev may be looking at it. */
	if (d->name[0])
		cond_wait(is_gone, d, WAIT_MS);
}
