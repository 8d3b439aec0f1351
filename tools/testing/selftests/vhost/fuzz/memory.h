/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's memory and tables of it, valid and invalid. Before and after each
 * region is a page that the device is never given, and the device must not
 * write to some of the regions. memory_intact() checks this.
 */
#ifndef FUZZ_MEMORY_H
#define FUZZ_MEMORY_H

#include <linux/types.h>
#include <stdbool.h>

#include "draw.h"
#include "gmem.h"

#define MEMORY_PAGE	4096UL
#define MEMORY_PARTS	5
#define MEMORY_PART	0x18000UL
#define MEMORY_SIZE	(MEMORY_PARTS * MEMORY_PART)
#define MEMORY_BIG	0x100000UL
#define MEMORY_BIG_GPA	0x7000000000ULL

/* Special parts. The others are plain memory. */
#define PART_READ_ONLY	0	/* VHOST_ACCESS_RO, or not in the table */
#define PART_SEALED	1	/* writable in the table, but not in its mapping */
#define PART_PLAIN	2	/* the first of the others */

/* The most rows of a memory table. */
#define MEMORY_ROWS	32

/**
 * struct memory - the guest's memory
 * @parts: small regions, adjacent in guest-physical addresses only
 * @big: a region for rings that do not fit there
 * @use_big: this iteration uses it
 * @hole: addresses at which nothing is mapped
 */
struct memory {
	struct gmem parts;
	struct gmem big;
	bool use_big;
	char *hole;
};

/**
 * struct row - a row of a memory table
 * @gpa: guest-physical, or I/O-virtual address
 * @size: bytes
 * @user: user address
 * @perm: VHOST_ACCESS_*
 */
struct row {
	__u64 gpa;
	__u64 size;
	__u64 user;
	__u8 perm;
};

/* 0 or -errno. */
int memory_init(struct memory *m);

/* Clear and free all of it, and choose its guest-physical addresses. */
void memory_reset(struct memory *m, struct draw *d);

/* Free all of it, for other rings, without clearing it. */
void memory_reuse(struct memory *m);

/* Is all unchanged that must not be written? Prints what is not. */
bool memory_intact(const struct memory *m);

/*
 * Make a memory table, with one mistake in it if @odd. No table lets the device
 * write to what memory_intact() checks. Without @perms no row is read-only.
 * Returns the number of rows.
 */
unsigned int memory_table(struct memory *m, struct draw *d, bool odd,
			  bool perms, struct row *rows);

/* Send a row as a message of the vdpa personality. Did it succeed? */
bool memory_message(int fd, __u8 type, const struct row *r);

/* A random guest-physical address, often in memory or near its ends. */
__u64 memory_odd_gpa(struct memory *m, struct draw *d);

/* A random user address for rings, mostly invalid. */
__u64 memory_odd_user(struct memory *m, struct draw *d);

#endif /* FUZZ_MEMORY_H */
