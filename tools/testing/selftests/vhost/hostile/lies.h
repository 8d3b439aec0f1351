/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a driver can tell that is not so, a row for each lie. Most can be told in
 * either format of the ring.
 */
#ifndef VHXT_LIES_H
#define VHXT_LIES_H

#include "victim.h"

/**
 * struct kit - what lies are made with
 * @vq: the queue to be lied to
 * @good: good memory, guest-physical
 * @table: other good memory, for an indirect table
 * @table_gpa: guest-physical address of @table
 * @end: where guest memory ends
 * @dir: VRING_DESC_F_WRITE where the device wants to write, or 0
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

/* The next descriptor of a chain that starts at the first one put. */
void kit_put(struct kit *k, __u64 gpa, __u32 len, __u16 flags);
void kit_offer(struct kit *k);

/* Entry @i of the indirect table. */
void kit_put_table(struct kit *k, unsigned int i, __u64 gpa, __u32 len,
		   __u16 flags);

/* Where a lie can be told. */
#define IN_SPLIT	0x1
#define IN_PACKED	0x2
#define IN_BOTH		(IN_SPLIT | IN_PACKED)

/**
 * struct lie - one of them
 * @what: for the reader of a failure
 * @tell: tells it
 * @where: the formats in which it can be told
 * @in_tree: what the reference makes of it, &enum fate
 * @vhx: what ours may
 */
struct lie {
	const char *what;
	void (*tell)(struct kit *k);
	unsigned int where;
	unsigned int in_tree;
	unsigned int vhx;
};

/* Up to one without words. */
extern const struct lie lies[];

#endif /* VHXT_LIES_H */
