/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk that completes nothing while it is held: a device-mapper target over
 * another disk, which the device mapper suspends. Requests that it is given
 * meanwhile complete after it was released, so that a test decides when, and
 * not a timer.
 */
#ifndef VHXT_HELD_DISK_H
#define VHXT_HELD_DISK_H

#include "disk.h"

/**
 * struct held_disk - the target
 * @name: its name
 * @path: its block device
 */
struct held_disk {
	char name[32];
	char path[64];
};

/*
 * Make @name over @below, of @mib MiB, in place of one of that name. 0;
 * -ENODEV if this kernel has no device mapper; or -errno.
 */
int held_disk_create(struct held_disk *h, const char *name,
		     const struct disk *below, unsigned int mib);
void held_disk_destroy(struct held_disk *h);

/* Hold what comes from now on, and complete it. 0 or -errno. */
int held_disk_hold(struct held_disk *h);
int held_disk_release(struct held_disk *h);

#endif /* VHXT_HELD_DISK_H */
