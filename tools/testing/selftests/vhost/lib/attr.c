// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing attributes, loading modules.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attr.h"

int attr_write(const char *value, const char *fmt, ...)
{
	size_t len = strlen(value);
	char path[PATH_MAX];
	int fd, err = 0;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, len) != (ssize_t)len)
		err = -errno;
	close(fd);
	return err;
}

static int read_path(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, len - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;

	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

int attr_read(char *buf, size_t len, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return read_path(path, buf, len);
}

long attr_read_long(const char *fmt, ...)
{
	char path[PATH_MAX], buf[64];
	va_list ap;
	int err;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	err = read_path(path, buf, sizeof(buf));
	return err ? err : strtol(buf, NULL, 0);
}

int run_quiet(const char *prog, ...)
{
	char *argv[16] = { (char *)prog };
	int status, null, n = 0;
	va_list ap;
	pid_t pid;

	va_start(ap, prog);
	while (argv[n] && n < 15)
		argv[++n] = va_arg(ap, char *);
	va_end(ap);
	argv[n] = NULL;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execvp(prog, argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

int module_load(const char *name, const char *params)
{
	return run_quiet("modprobe", "-q", name, params, NULL) ? -ENOENT : 0;
}

bool node_present(const char *path, const char *module)
{
	if (access(path, F_OK) && module)
		module_load(module, NULL);
	return !access(path, F_OK);
}

int configfs_mount(void)
{
	if (access("/sys/kernel/config", F_OK))
		module_load("configfs", NULL);
	if (mount("configfs", "/sys/kernel/config", "configfs", 0, NULL) &&
	    errno != EBUSY)
		return -errno;
	return 0;
}
