// SPDX-License-Identifier: GPL-2.0
/*
 * Linear device-mapper targets, by the device mapper's own ioctls: no tool that
 * may be missing is needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "attr.h"
#include "held_disk.h"

#define CONTROL	"/dev/mapper/control"

/* An ioctl's argument, with room for one target. */
struct arg {
	struct dm_ioctl head;
	struct dm_target_spec spec;
	char params[96];
};

static int control(const struct held_disk *h, struct arg *a, unsigned long cmd)
{
	int fd, err = 0;

	a->head.version[0] = DM_VERSION_MAJOR;
	a->head.data_size = sizeof(*a);
	a->head.data_start = sizeof(a->head);
	snprintf(a->head.name, sizeof(a->head.name), "%s", h->name);
	fd = open(CONTROL, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, cmd, a))
		err = -errno;
	close(fd);
	return err;
}

static int suspend(struct held_disk *h, __u32 flags)
{
	struct arg a = { .head.flags = flags };

	return control(h, &a, DM_DEV_SUSPEND);
}

/* devtmpfs has a node for it, but not always of its number's name. */
static int make_node(struct held_disk *h, __u64 dev)
{
	snprintf(h->path, sizeof(h->path), "/dev/%s", h->name);
	unlink(h->path);
	return mknod(h->path, S_IFBLK | 0600, (dev_t)dev) ? -errno : 0;
}

int held_disk_create(struct held_disk *h, const char *name,
		     const struct disk *below, unsigned int mib)
{
	struct arg a = { 0 };
	__u64 dev;
	int err;

	if (!node_present(CONTROL, "dm_mod"))
		return -ENODEV;
	snprintf(h->name, sizeof(h->name), "%s", name);
	held_disk_destroy(h);
	err = control(h, &a, DM_DEV_CREATE);
	if (err)
		return err;
	dev = a.head.dev;

	a = (struct arg){
		.head.target_count = 1,
		.spec.length = (__u64)mib << 11,
		.spec.target_type = "linear",
	};
	snprintf(a.params, sizeof(a.params), "%s 0", below->path);
	err = control(h, &a, DM_TABLE_LOAD);
	/* Without the flag this resumes. */
	if (!err)
		err = suspend(h, 0);
	if (!err)
		err = make_node(h, dev);
	if (err)
		held_disk_destroy(h);
	return err;
}

void held_disk_destroy(struct held_disk *h)
{
	struct arg a = { 0 };

	control(h, &a, DM_DEV_REMOVE);
	if (h->path[0])
		unlink(h->path);
}

int held_disk_hold(struct held_disk *h)
{
	return suspend(h, DM_SUSPEND_FLAG | DM_SKIP_LOCKFS_FLAG);
}

int held_disk_release(struct held_disk *h)
{
	return suspend(h, 0);
}
