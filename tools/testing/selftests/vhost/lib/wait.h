/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bounded waits. A test never sleeps and hopes: it waits for the event that it
 * is after, and a device that never sends it costs WAIT_MS, not a hang.
 */
#ifndef VHXT_WAIT_H
#define VHXT_WAIT_H

#include <stdbool.h>

/*
 * Long enough for a kernel with KASAN and lockdep under emulation; only a
 * failing test ever waits that long.
 */
#define WAIT_MS		20000

/* A wait for something that must not happen; passing tests pay it in full. */
#define QUIET_MS	100

/* Is this such a kernel? */
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

/* Poll @cond(@arg) each millisecond, for what has no file descriptor. */
int cond_wait(bool (*cond)(void *arg), void *arg, int ms);

#endif /* VHXT_WAIT_H */
