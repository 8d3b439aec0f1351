/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls of a device in which each allocation, and each copy from and to the
 * owner, fails once. It is the kernel's fault injection that makes them fail,
 * which the debug kernel has.
 *
 * A call that fails changes nothing: it is made again, with the next place
 * failing, until it succeeds. The linker gives us each call of ioctl(), open(),
 * write() and close(); those of a device are made so while inject.on is set.
 */
#ifndef VHXT_INJECT_H
#define VHXT_INJECT_H

#include <stdbool.h>
#include <sys/types.h>

/* More places than any call has where something can fail. */
#define INJECT_PLACES	2000
#define INJECT_CALLS	200

/**
 * struct inject - one life of a device, all of whose calls fail
 * @on: calls fail
 * @control: fail-nth of this thread
 * @dev: the device's file
 * @call: which call of this life it is
 * @from: of each call: where it begins to fail
 * @more: a failure was without consequences, so what comes after it in that
 *	call is due in another pass
 * @injected: failures
 * @bad: errors that the lack of memory does not explain
 */
struct inject {
	bool on;
	int control;
	int dev;
	unsigned int call;
	unsigned int from[INJECT_CALLS];
	bool more;
	unsigned int injected;
	unsigned int bad;
};

extern struct inject inject;

/* Make this thread ready. 0; -ENOENT if this kernel can't; or -errno. */
int inject_init(void);
void inject_exit(void);

/* What the linker makes of the calls. */
int __real_ioctl(int fd, unsigned long cmd, void *arg);
int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *buf, size_t len);
int __real_close(int fd);
int __wrap_ioctl(int fd, unsigned long cmd, void *arg);
int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *buf, size_t len);
int __wrap_close(int fd);

#endif /* VHXT_INJECT_H */
