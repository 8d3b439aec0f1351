/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's memory, what is wrong to say of it, and what lies around it: a
 * page on either side of every region that no device is ever given, and regions
 * that it must not write. memory_intact() tells whether it kept to that.
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

/* Parts with a part of their own to play. The others are plain memory. */
#define PART_READ_ONLY	0	/* VHOST_ACCESS_RO, or not in the table */
#define PART_SEALED	1	/* called writable, which its mapping is not */
#define PART_PLAIN	2	/* the first of the others */

/* Rows of a memory table at most. */
#define MEMORY_ROWS	32

/**
 * struct memory - the guest's memory
 * @parts: small regions, adjacent for the guest and apart for us
 * @big: one for rings that do not fit there
 * @use_big: this iteration does
 * @hole: no memory: addresses that nothing is mapped at
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
 * @user: our address of it
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

/* All zero, nothing given out; guest-physical addresses drawn. */
void memory_reset(struct memory *m, struct draw *d);

/* Give out memory for other rings: what is there already stays. */
void memory_reuse(struct memory *m);

/* Was nothing written that must not be? Says what, if there is something. */
bool memory_intact(const struct memory *m);

/*
 * A memory table: @odd things in it or not. Whatever is in it, what
 * memory_intact() looks at can't be written by who keeps to it. Without
 * @perms it has no row that is read-only. The number of rows.
 */
unsigned int memory_table(struct memory *m, struct draw *d, bool odd,
			  bool perms, struct row *rows);

/* A row as a message of the vdpa personality: was it taken? */
bool memory_message(int fd, __u8 type, const struct row *r);

/* A guest-physical address: one that may be of memory, or anything. */
__u64 memory_odd_gpa(struct memory *m, struct draw *d);

/* A user address for rings that is wrong, or at least unusual. */
__u64 memory_odd_user(struct memory *m, struct draw *d);

#endif /* FUZZ_MEMORY_H */
