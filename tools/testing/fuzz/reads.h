/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a pop reads of the ring's memory: no more than once what it looks at
 * once, as the driver may change it in between.
 */
#ifndef READS_H
#define READS_H

#include "world.h"

void reads_begin(struct world *w);
void reads_end(void);
void reads_compare(void);

#endif /* READS_H */
