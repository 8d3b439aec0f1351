/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A disk to test on: a null_blk that keeps what is written to it unless told not
 * to, and that can take its time to complete a request.
 */
#ifndef VHXT_DISK_H
#define VHXT_DISK_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * struct disk - a null_blk
 * @name: its folder in configfs
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
 */
struct disk_opts {
	unsigned int mib;
	unsigned int block_size;
	unsigned long delay_ns;
	bool forgets;
};

/* Make the disk @name. One of that name is removed first. 0 or -errno. */
int disk_create(struct disk *d, const char *name, const struct disk_opts *o);
void disk_destroy(struct disk *d);

/* Read and write the disk past every cache (O_DIRECT). 0 or -errno. */
int disk_read(const struct disk *d, __u64 off, void *buf, size_t len);
int disk_write(const struct disk *d, __u64 off, const void *buf,
	       size_t len);

#endif /* VHXT_DISK_H */
