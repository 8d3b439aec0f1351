/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bounded waits. A test does not sleep for a time: it waits for an event, and
 * for no longer than WAIT_MS.
 */
#ifndef VHXT_WAIT_H
#define VHXT_WAIT_H

#include <stdbool.h>

/*
 * Enough for a kernel with KASAN and lockdep under emulation. Only a test that
 * fails waits that long.
 */
#define WAIT_MS		20000

/* A wait for something that must not happen. It always lasts that long. */
#define QUIET_MS	100

/* Is this a kernel with KASAN and lockdep? */
bool kernel_is_slow(void);

/* A non-blocking eventfd, or -errno. */
int event_new(void);

/* Write to an eventfd. */
void event_signal(int fd);

/* Wait until @fd is readable and read it. 0, -ETIMEDOUT or -errno. */
int event_wait(int fd, int ms);

/* Was @fd signalled since the last read? Reads it. */
bool event_take(int fd);

/* poll() on one descriptor. 0, -ETIMEDOUT or -errno. */
int fd_wait(int fd, short events, int ms);

/* Call @cond(@arg) each millisecond: for what has no file descriptor. */
int cond_wait(bool (*cond)(void *arg), void *arg, int ms);

#endif /* VHXT_WAIT_H */
