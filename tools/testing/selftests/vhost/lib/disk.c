// SPDX-License-Identifier: GPL-2.0
/*
 * null_blk disks through their configfs, and access to them from the host's
 * side.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attr.h"
#include "disk.h"
#include "wait.h"

#define NULLB	"/sys/kernel/config/nullb"

static int set(const struct disk *d, const char *attr, unsigned long value)
{
	char s[32];

	snprintf(s, sizeof(s), "%lu", value);
	return attr_write(s, NULLB "/%s/%s", d->name, attr);
}

static bool has_node(void *arg)
{
	struct disk *d = arg;

	return !access(d->path, F_OK);
}

/* Kernels name the node by the folder (6.2 and later) or by the index. */
static int find_node(struct disk *d)
{
	long index;

	snprintf(d->path, sizeof(d->path), "/dev/%s", d->name);
	if (has_node(d))
		return 0;

	index = attr_read_long(NULLB "/%s/index", d->name);
	if (index < 0)
		return (int)index;
	snprintf(d->path, sizeof(d->path), "/dev/nullb%ld", index);
	return cond_wait(has_node, d, WAIT_MS);
}

int disk_create(struct disk *d, const char *name, const struct disk_opts *o)
{
	char path[128];
	int err;

	err = configfs_mount();
	if (err)
		return err;
	if (access(NULLB, F_OK))
		module_load("null_blk", "nr_devices=0");

	snprintf(d->name, sizeof(d->name), "%s", name);
	disk_destroy(d);
	snprintf(path, sizeof(path), NULLB "/%s", name);
	if (mkdir(path, 0755))
		return -errno;

	err = set(d, "size", o->mib);
	if (!err)
		err = set(d, "blocksize", o->block_size ? o->block_size : 512);
	if (!err)
		err = set(d, "memory_backed", !o->forgets);
	if (!err)
		err = set(d, "hw_queue_depth", o->depth ? o->depth : 256);
	if (!err && o->cache_mib)
		err = set(d, "cache_size", o->cache_mib);
	if (!err && o->zoned)
		err = set(d, "zoned", 1);
	if (!err && o->zoned)
		err = set(d, "zone_size", 4);
	/* irqmode 0 completes at once, 2 by a timer. */
	if (!err)
		err = set(d, "irqmode", o->delay_ns ? 2 : 0);
	if (!err && o->delay_ns)
		err = set(d, "completion_nsec", o->delay_ns);
	if (!err)
		err = set(d, "power", 1);
	if (!err)
		err = find_node(d);
	if (err)
		disk_destroy(d);
	return err;
}

void disk_destroy(struct disk *d)
{
	char path[128];

	if (!d->name[0])
		return;
	snprintf(path, sizeof(path), NULLB "/%s", d->name);
	set(d, "power", 0);
	rmdir(path);
}

int disk_break(const struct disk *d, __u64 first, __u64 last)
{
	char range[64];

	snprintf(range, sizeof(range), "+%llu-%llu", first, last);
	return attr_write(range, NULLB "/%s/badblocks", d->name);
}

int disk_set_ro(const struct disk *d, bool ro)
{
	int fd = open(d->path, O_RDONLY | O_CLOEXEC), err = 0, val = ro;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, BLKROSET, &val))
		err = -errno;
	close(fd);
	return err;
}

static int transfer(const struct disk *d, __u64 off, void *buf, size_t len,
		    bool write)
{
	void *bounce = NULL;
	ssize_t n;
	int fd;

	fd = open(d->path, (write ? O_WRONLY : O_RDONLY) | O_DIRECT |
		  O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (posix_memalign(&bounce, 4096, len)) {
		close(fd);
		return -ENOMEM;
	}

	if (write) {
		memcpy(bounce, buf, len);
		n = pwrite(fd, bounce, len, (off_t)off);
	} else {
		n = pread(fd, bounce, len, (off_t)off);
		memcpy(buf, bounce, len);
	}
	if (n < 0)
		n = -errno;
	else
		n = (size_t)n == len ? 0 : -EIO;
	free(bounce);
	close(fd);
	return (int)n;
}

int disk_read(const struct disk *d, __u64 off, void *buf, size_t len)
{
	return transfer(d, off, buf, len, false);
}

int disk_write(const struct disk *d, __u64 off, const void *buf, size_t len)
{
	return transfer(d, off, (void *)buf, len, true);
}
