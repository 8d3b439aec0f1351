/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages that the kernel has pinned. A device pins its rings while a queue is
 * started and the pages of a request while it is in flight.
 */
#ifndef VHXT_PINS_H
#define VHXT_PINS_H

#include <stdbool.h>

/* Pins of pages, on the whole machine, that were not released. */
long pins_now(void);

/* Wait until there are as many as @pins. 0, or -ETIMEDOUT. */
int pins_wait(long pins);

/*
 * The value of the attribute "memory" for a device whose memory is to be
 * @pinned, if MEMORY=other is not in the environment. Lifts RLIMIT_MEMLOCK if
 * it is.
 */
const char *pins_memory(bool pinned);

#endif /* VHXT_PINS_H */
