/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One iteration: all that is done to a device between open() and close(). Only
 * a seed and a number determine it, and no iteration before it.
 */
#ifndef FUZZ_ITERATION_H
#define FUZZ_ITERATION_H

#include "setup.h"

/* The ring formats. What was reached is counted for each. */
enum format { FORMAT_SPLIT, FORMAT_PACKED, NFORMATS };

/* Make the device and what the test needs. 0 or -errno. */
int fuzz_init(struct fuzz *f, const struct target_type *type);
void fuzz_exit(struct fuzz *f);

/*
 * Run it. @outcome says what was reached at least once, for each format. 0;
 * -EFAULT if memory was written that must not be; or -errno if the device could
 * not be opened.
 */
int fuzz_iterate(struct fuzz *f, __u64 seed, __u64 number,
		 struct outcome outcome[NFORMATS]);

#endif /* FUZZ_ITERATION_H */
