// SPDX-License-Identifier: GPL-2.0
/*
 * Bounded waits on eventfds and other file descriptors.
 */
#include <errno.h>
#include <linux/types.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "wait.h"

bool kernel_is_slow(void)
{
	struct utsname u;

	return !uname(&u) && strstr(u.release, "-debug");
}

int event_new(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void event_signal(int fd)
{
	__u64 one = 1;

	/* A full counter (EAGAIN) is signalled already. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

bool event_take(int fd)
{
	__u64 n;

	return read(fd, &n, sizeof(n)) == sizeof(n);
}

int fd_wait(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do {
		n = poll(&p, 1, ms);
	} while (n < 0 && errno == EINTR);

	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

int event_wait(int fd, int ms)
{
	int err = fd_wait(fd, POLLIN, ms);

	if (!err)
		event_take(fd);
	return err;
}

int cond_wait(bool (*cond)(void *arg), void *arg, int ms)
{
	const struct timespec tick = { .tv_nsec = 1000 * 1000 };
	int i;

	for (i = 0; i < ms; i++) {
		if (cond(arg))
			return 0;
		nanosleep(&tick, NULL);
	}
	return cond(arg) ? 0 : -ETIMEDOUT;
}
