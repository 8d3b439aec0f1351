/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's test harness, with a longer timeout: its 30 seconds for a test
 * are not enough for the debug kernel under emulation on a busy machine.
 */
#ifndef VHXT_HARNESS_H
#define VHXT_HARNESS_H

#include <kselftest_harness.h>

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	180

#endif /* VHXT_HARNESS_H */
