/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk to test on: a null_blk that keeps what is written to it unless told
 * not to, and that can take its time to complete a request; or another block
 * device.
 */
#ifndef VHXT_DISK_H
#define VHXT_DISK_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct disk - a null_blk, or another block device
 * @name: its folder in configfs; empty if it is another
 * @path: its block device
 */
struct disk {
	char name[32];
	char path[64];
};

/**
 * struct disk_opts - what kind of null_blk
 * @mib: size in MiB
 * @block_size: bytes, 0 for 512
 * @delay_ns: time to complete a request, 0 for none
 * @forgets: what is written to it is gone
 * @depth: requests that it takes at once, 0 for 256
 * @cache_mib: its write cache, which needs flushes
 * @zoned: it is zoned
 */
struct disk_opts {
	unsigned int mib;
	unsigned int block_size;
	unsigned long delay_ns;
	bool forgets;
	unsigned int depth;
	unsigned int cache_mib;
	bool zoned;
};

/* Make the disk @name. One of that name is removed first. 0 or -errno. */
int disk_create(struct disk *d, const char *name, const struct disk_opts *o);
void disk_destroy(struct disk *d);

/* Requests that touch the sectors from @first to @last fail. 0 or -errno. */
int disk_break(const struct disk *d, __u64 first, __u64 last);

/* Make it read-only, or writable again, as blockdev --setro does. */
int disk_set_ro(const struct disk *d, bool ro);

/* Read and write the disk past every cache (O_DIRECT). 0 or -errno. */
int disk_read(const struct disk *d, __u64 off, void *buf, size_t len);
int disk_write(const struct disk *d, __u64 off, const void *buf,
	       size_t len);

#endif /* VHXT_DISK_H */
