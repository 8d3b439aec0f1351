/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One iteration: all that is done to a device from opening it to closing it,
 * determined by a seed and a number and by nothing that was before.
 */
#ifndef FUZZ_ITERATION_H
#define FUZZ_ITERATION_H

#include "setup.h"

/* The formats of a ring, for which it is counted what was reached. */
enum format { FORMAT_SPLIT, FORMAT_PACKED, NFORMATS };

/* A device to be fuzzed, and what that takes. 0 or -errno. */
int fuzz_init(struct fuzz *f, const struct target_type *type);
void fuzz_exit(struct fuzz *f);

/*
 * Do it. @outcome says what was reached at least once, for each format. 0; or
 * -errno if the device could not be opened or something was written that must
 * not be: -EFAULT.
 */
int fuzz_iterate(struct fuzz *f, __u64 seed, __u64 number,
		 struct outcome outcome[NFORMATS]);

#endif /* FUZZ_ITERATION_H */
