/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of the explorer itself.
 */
#ifndef EXPLORE_LITMUS_H
#define EXPLORE_LITMUS_H

unsigned int litmus_tests(void);
const char *litmus_name(unsigned int i);
bool litmus_passes(unsigned int i);

#endif /* EXPLORE_LITMUS_H */
