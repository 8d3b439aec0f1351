/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks what a pop reads of the ring's areas. It must read a field only as
 * often as the model looks at it, as the driver may change the field between
 * two reads.
 */
#ifndef READS_H
#define READS_H

#include "world.h"

void reads_begin(struct world *w);
void reads_end(void);
void reads_compare(void);

#endif /* READS_H */
