// SPDX-License-Identifier: GPL-2.0
/*
 * Making a device's calls fail, place by place, by /proc/thread-self/fail-nth.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attr.h"
#include "inject.h"

#define DEBUGFS	"/sys/kernel/debug"

struct inject inject = { .control = -1, .dev = -1 };

/* The @n'th place from here on fails; none with 0. */
static void fail_at(unsigned int n)
{
	char s[16];
	int len = snprintf(s, sizeof(s), "%u", n);

	/* Its copy of our number may be what fails. */
	while (pwrite(inject.control, s, (size_t)len, 0) != len)
		;
}

/* Did it? If not, the copy of the answer counts, too. */
static bool has_failed(void)
{
	char s[16] = { 0 };

	if (pread(inject.control, s, sizeof(s) - 1, 0) < 0)
		return false;
	return atoi(s) == 0;
}

/* Errors of a call in which an allocation, or a copy, failed. */
static bool is_explained(int err)
{
	return err == ENOMEM || err == EFAULT || err == EAGAIN ||
	       err == EINVAL;
}

/* Make a system call until nothing in it fails any more. */
static long each_fails(long nr, long a, long b, long c)
{
	unsigned int nth, at = inject.call++;
	bool failed = false;
	long ret = -1;

	for (nth = inject.from[at] + 1; nth < INJECT_PLACES; nth++) {
		int err;

		fail_at(nth);
		ret = syscall(nr, a, b, c);
		err = errno;
		failed = has_failed();
		fail_at(0);
		errno = err;
		inject.injected += failed;
		if (ret >= 0 || !failed)
			break;
		if (!is_explained(err)) {
			inject.bad++;
			printf("# call %u (%#lx), place %u: errno %d\n", at, b,
			       nth, err);
		}
	}
	inject.from[at] = failed ? nth : INJECT_PLACES;
	inject.more |= failed;
	return ret;
}

/* A call all of whose places have failed is made as usual. */
static bool is_due(void)
{
	if (!inject.on || inject.call >= INJECT_CALLS)
		return false;
	if (inject.from[inject.call] < INJECT_PLACES)
		return true;
	inject.call++;
	return false;
}

int __wrap_ioctl(int fd, unsigned long cmd, void *arg)
{
	if (_IOC_TYPE(cmd) != VHOST_VIRTIO || !is_due())
		return __real_ioctl(fd, cmd, arg);
	return (int)each_fails(SYS_ioctl, fd, (long)cmd, (long)arg);
}

ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
	if (fd != inject.dev || !is_due())
		return __real_write(fd, buf, len);
	return each_fails(SYS_write, fd, (long)buf, (long)len);
}

int __wrap_open(const char *path, int flags, ...)
{
	unsigned int mode;
	va_list ap;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, unsigned int) : 0;
	va_end(ap);
	if (strncmp(path, "/dev/vhx", 8) != 0)
		return __real_open(path, flags, mode);
	if (is_due())
		inject.dev = (int)each_fails(SYS_open, (long)path, flags, 0);
	else
		inject.dev = __real_open(path, flags);
	return inject.dev;
}

/* It can't fail, but what it does may have to do without memory. */
int __wrap_close(int fd)
{
	if (fd != inject.dev)
		return __real_close(fd);
	inject.dev = -1;
	if (!is_due())
		return __real_close(fd);
	return (int)each_fails(SYS_close, fd, 0, 0);
}

/* All allocations of those tasks that ask for it, and without a word. */
static int set_up(void)
{
	static const char * const ways[] = {
		"failslab", "fail_page_alloc", "fail_usercopy",
	};
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < 3; i++)
		err = attr_write("0", DEBUGFS "/%s/verbose", ways[i]);
	for (i = 0; !err && i < 2; i++)
		err = attr_write("N", DEBUGFS "/%s/ignore-gfp-wait", ways[i]);
	if (!err)
		err = attr_write("N", DEBUGFS
				 "/fail_page_alloc/ignore-gfp-highmem");
	if (!err)
		err = attr_write("0", DEBUGFS "/fail_page_alloc/min-order");
	return err;
}

int inject_init(void)
{
	int err = set_up();

	if (err)
		return err;
	inject.control = open("/proc/thread-self/fail-nth",
			      O_RDWR | O_CLOEXEC);
	return inject.control < 0 ? -errno : 0;
}

void inject_exit(void)
{
	if (inject.control >= 0)
		close(inject.control);
	inject.control = -1;
}
