/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attributes of sysfs and configfs, programs, and modules: what a test needs to
 * prepare a device.
 */
#ifndef VHXT_ATTR_H
#define VHXT_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Write @value to the file that @fmt names. 0 or -errno. */
[[gnu::format(printf, 2, 3)]]
int attr_write(const char *value, const char *fmt, ...);

/* Read it into @buf, the newline at its end removed. 0 or -errno. */
[[gnu::format(printf, 3, 4)]]
int attr_read(char *buf, size_t len, const char *fmt, ...);

/* Read it as a number. The number, or -errno. */
[[gnu::format(printf, 1, 2)]]
long attr_read_long(const char *fmt, ...);

/*
 * Run a program with arguments up to NULL, without showing its output. Its exit
 * status, or -errno.
 */
int run_quiet(const char *prog, ...) __attribute__((sentinel));

/*
 * Load a module with its parameters (may be NULL) by modprobe. 0, or -ENOENT if
 * that fails.
 */
int module_load(const char *name, const char *params);

/* Load @module (may be NULL) if there is no node at @path. Is there one now? */
bool node_present(const char *path, const char *module);

/* Mount configfs if it is not mounted. */
int configfs_mount(void);

#endif /* VHXT_ATTR_H */
