/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A queue as a driver writes it that does not care whether it is right: both
 * formats (virtio 1.3, 2.7 and 2.8), without a look at what the device does.
 */
#ifndef FUZZ_QUEUE_H
#define FUZZ_QUEUE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "draw.h"
#include "memory.h"

/* Descriptors of a chain at most. */
#define CHAIN_MAX	16

/**
 * struct link - a descriptor of either format
 * @addr: guest-physical address
 * @len: bytes
 * @flags: VRING_DESC_F_*
 * @next: or, in the packed format, the buffer id
 */
struct link {
	__u64 addr;
	__u32 len;
	__u16 flags;
	__u16 next;
};

/**
 * struct chain - links in their order, as yet in no ring
 * @link: they
 * @n: how many
 */
struct chain {
	struct link link[CHAIN_MAX];
	unsigned int n;
};

enum area { AREA_DESC, AREA_DRIVER, AREA_DEVICE, NAREAS };

/**
 * struct queue - a virtqueue
 * @packed: its format
 * @num: entries
 * @base: where it begins, for SET_VRING_BASE
 * @mem: where it is
 * @area: our view of its areas
 * @size: their bytes
 * @table: indirect tables
 * @tables: how many were used
 * @desc: the next descriptor to be used
 * @avail: split: the available index; packed: the wrap counter
 * @used: what shows that something was used: split: the used index that there
 *	was first; packed: the wrap counter at the first descriptor
 * @first: packed: the first descriptor
 * @scribbled: who looks at @used may see our own nonsense
 * @completed: something was used
 * @kick: eventfd to the device
 * @call: eventfd from it
 * @err: likewise, for a broken queue
 */
struct queue {
	bool packed;
	__u16 num;
	__u32 base;
	struct gmem *mem;
	char *area[NAREAS];
	size_t size[NAREAS];
	struct link *table;
	unsigned int tables;
	__u16 desc;
	__u16 avail;
	__u16 used;
	__u16 first;
	bool scribbled;
	bool completed;
	int kick;
	int call;
	int err;
};

/* A queue of @num entries in @mem, empty. The eventfds stay. */
void queue_init(struct queue *q, struct gmem *mem, struct draw *d, bool packed,
		__u16 num);

/* The same one from its beginning again, which is drawn anew. */
void queue_begin(struct queue *q, struct draw *d);

/* Add a chain, through an indirect table or not, and make it available. */
void queue_add(struct queue *q, struct draw *d, const struct chain *c,
	       bool indirect);

/* Make available what is not there. */
void queue_jump(struct queue *q, struct draw *d);

/* Write something that may matter to a place that may matter. */
void queue_scribble(struct queue *q, struct draw *d, struct memory *m);

/* Take note of what the device has used. */
void queue_look(struct queue *q);

#endif /* FUZZ_QUEUE_H */
