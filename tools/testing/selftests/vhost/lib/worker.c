// SPDX-License-Identifier: GPL-2.0
/*
 * Worker threads, by ioctls and in /proc.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attr.h"
#include "worker.h"

/* Fields 3 to 15 of /proc/TID/stat: of interest are utime and stime. */
#define STAT_TIMES \
	"%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu"

int worker_new(struct vdev *d)
{
	struct vhost_worker_state s = { .worker_id = ~0U };
	int err = vdev_ioctl(d, "NEW_WORKER", VHOST_NEW_WORKER, &s);

	return err ? err : (int)s.worker_id;
}

int worker_of(struct vdev *d, unsigned int q)
{
	struct vhost_vring_worker w = { .index = q, .worker_id = ~0U };
	int err = vdev_ioctl(d, "GET_VRING_WORKER", VHOST_GET_VRING_WORKER, &w);

	return err ? err : (int)w.worker_id;
}

int worker_attach(struct vdev *d, unsigned int q, unsigned int id)
{
	struct vhost_vring_worker w = { .index = q, .worker_id = id };

	return vdev_ioctl(d, "ATTACH_VRING_WORKER", VHOST_ATTACH_VRING_WORKER,
			  &w);
}

int worker_free(struct vdev *d, unsigned int id)
{
	struct vhost_worker_state s = { .worker_id = id };

	return vdev_ioctl(d, "FREE_WORKER", VHOST_FREE_WORKER, &s);
}

static pid_t thread_in(const char *path, const char *want)
{
	struct dirent *entry;
	pid_t tid = -ENOENT;
	char name[32];
	DIR *dir;

	dir = opendir(path);
	while (dir && tid < 0 && (entry = readdir(dir)))
		if (!attr_read(name, sizeof(name), "%s/%s/comm", path,
			       entry->d_name) && !strcmp(name, want))
			tid = atoi(entry->d_name);
	if (dir)
		closedir(dir);
	return tid;
}

pid_t worker_thread(const char *name)
{
	pid_t tid = thread_in("/proc/self/task", name);

	return tid < 0 ? thread_in("/proc", name) : tid;
}

bool worker_is_ours(pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d", tid);
	return !access(path, F_OK);
}

/* What follows the name in /proc/TID/stat. */
static char *stat_of(pid_t tid, char *buf, size_t len)
{
	char *end;

	if (attr_read(buf, len, "/proc/%d/stat", tid))
		return NULL;
	end = strrchr(buf, ')');
	return end ? end + 2 : NULL;
}

bool worker_is_awake(pid_t tid)
{
	char buf[512], *stat = stat_of(tid, buf, sizeof(buf));

	return stat && *stat == 'R';
}

long long worker_time(pid_t tid)
{
	unsigned long long user, kernel;
	char buf[512], *stat;

	/* To the nanosecond, if the kernel counts that. */
	if (!attr_read(buf, sizeof(buf), "/proc/%d/schedstat", tid))
		return atoll(buf);
	stat = stat_of(tid, buf, sizeof(buf));
	if (!stat || sscanf(stat, STAT_TIMES, &user, &kernel) != 2)
		return -1;
	return (long long)(user + kernel);
}
