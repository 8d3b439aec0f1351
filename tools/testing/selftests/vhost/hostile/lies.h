/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Invalid rings and buffers, a row for each. Most of them exist in both
 * formats.
 */
#ifndef VHXT_LIES_H
#define VHXT_LIES_H

#include "victim.h"

/**
 * struct kit - what the rows use
 * @vq: the queue under attack
 * @good: guest-physical address of valid memory
 * @table: other valid memory, for an indirect table
 * @table_gpa: guest-physical address of @table
 * @end: where guest memory ends
 * @dir: VRING_DESC_F_WRITE if the device writes to buffers of the queue, or 0
 * @n: split: descriptors put
 */
struct kit {
	struct vq *vq;
	__u64 good;
	union {
		struct vring_desc *table;
		struct vring_packed_desc *ptable;
	};
	__u64 table_gpa;
	__u64 end;
	__u16 dir;
	__u16 n;
};

struct kit kit_of(struct victim *v);

/* Write the next descriptor of a chain; make the chain available and kick. */
void kit_put(struct kit *k, __u64 gpa, __u32 len, __u16 flags);
void kit_offer(struct kit *k);

/* Write entry @i of the indirect table. */
void kit_put_table(struct kit *k, unsigned int i, __u64 gpa, __u32 len,
		   __u16 flags);

/* The formats in which a row exists. */
#define IN_SPLIT	0x1
#define IN_PACKED	0x2
#define IN_BOTH		(IN_SPLIT | IN_PACKED)

/**
 * struct lie - an invalid ring or buffer
 * @what: describes it
 * @tell: writes it and kicks
 * @where: the formats in which it exists
 * @in_tree: what the in-tree device may do with it, a set of &enum fate
 * @vhx: what vhx may do with it
 */
struct lie {
	const char *what;
	void (*tell)(struct kit *k);
	unsigned int where;
	unsigned int in_tree;
	unsigned int vhx;
};

/* The last one has no @what. */
extern const struct lie lies[];

#endif /* VHXT_LIES_H */
