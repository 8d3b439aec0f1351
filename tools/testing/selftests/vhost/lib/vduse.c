// SPDX-License-Identifier: GPL-2.0
/*
 * Starting and stopping a vduse-blk export as a vhost-vdpa device.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attr.h"
#include "vduse.h"
#include "wait.h"

static pid_t start_daemon(const char *blockdev, const char *export)
{
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;

	/* It must not outlive a test that is killed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	execlp("qemu-storage-daemon", "qemu-storage-daemon",
	       "--blockdev", blockdev, "--export", export, NULL);
	_exit(127);
}

static bool exported(void *arg)
{
	struct vduse *v = arg;
	char path[64];

	snprintf(path, sizeof(path), "/dev/vduse/%s", v->name);
	return !access(path, F_OK) || waitpid(v->daemon, NULL, WNOHANG) > 0;
}

static bool bound(void *arg)
{
	struct vduse *v = arg;
	struct dirent *e;
	char path[128];
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/vdpa/devices/%s", v->name);
	dir = opendir(path);
	if (!dir)
		return false;
	v->node[0] = '\0';
	while ((e = readdir(dir)))
		if (!strncmp(e->d_name, "vhost-vdpa-", 11))
			snprintf(v->node, sizeof(v->node), "/dev/%.32s",
				 e->d_name);
	closedir(dir);
	return v->node[0] && !access(v->node, F_OK);
}

static int vdpa_add(struct vduse *v)
{
	return run_quiet("vdpa", "dev", "add", "name", v->name, "mgmtdev",
			 "vduse", NULL);
}

int vduse_start(struct vduse *v, const char *disk, unsigned int queues,
		const char **why)
{
	char blockdev[160], export[160];
	int err;

	*v = (struct vduse){ 0 };
	*why = "no vduse or vhost_vdpa module for this kernel";
	if (module_load("vduse", NULL) || module_load("vhost_vdpa", NULL))
		return -ENODEV;

	snprintf(v->name, sizeof(v->name), "t%d", getpid());
	snprintf(blockdev, sizeof(blockdev),
		 "driver=host_device,node-name=d,cache.direct=on,filename=%s",
		 disk);
	snprintf(export, sizeof(export),
		 "type=vduse-blk,id=e,node-name=d,writable=on,name=%s,num-queues=%u,queue-size=256,serial=reference",
		 v->name, queues);

	*why = "no qemu-storage-daemon with vduse-blk";
	v->daemon = start_daemon(blockdev, export);
	if (v->daemon < 0)
		return -errno;
	err = cond_wait(exported, v, WAIT_MS);
	if (err || kill(v->daemon, 0))
		return -ENODEV;

	*why = "no vdpa tool";
	err = vdpa_add(v);
	if (err) {
		vduse_stop(v);
		return -ENODEV;
	}

	*why = "vhost_vdpa does not bind";
	err = cond_wait(bound, v, WAIT_MS);
	if (err)
		vduse_stop(v);
	return err;
}

void vduse_stop(struct vduse *v)
{
	if (v->daemon <= 0)
		return;
	run_quiet("vdpa", "dev", "del", v->name, NULL);
	kill(v->daemon, SIGTERM);
	waitpid(v->daemon, NULL, 0);
	v->daemon = 0;
}
