/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kselftest_harness.h with more patience: a test on a kernel with KASAN and
 * lockdep, emulated on a busy machine, may take what no other takes.
 */
#ifndef VHXT_HARNESS_H
#define VHXT_HARNESS_H

#include "kselftest_harness.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	150

#endif /* VHXT_HARNESS_H */
