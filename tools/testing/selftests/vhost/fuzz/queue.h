/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver's side of a queue of either format (virtio 1.3, 2.7 and 2.8),
 * which may write invalid values and does not depend on what the device does.
 */
#ifndef FUZZ_QUEUE_H
#define FUZZ_QUEUE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "draw.h"
#include "memory.h"

/* The most descriptors of a chain. */
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
 * struct chain - a buffer that is not in a ring yet
 * @link: its descriptors
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
 * @base: the base for SET_VRING_BASE
 * @mem: where it is
 * @area: its areas, in the test's own mapping
 * @size: their bytes
 * @table: indirect tables
 * @tables: how many were used
 * @desc: the next descriptor to be used
 * @avail: split: the available index; packed: the wrap counter
 * @used: to see that a buffer was used: split: the used index at the start;
 *	packed: the wrap counter at the first descriptor
 * @first: packed: the first descriptor
 * @scribbled: the test itself may have changed what @used is compared with
 * @completed: a buffer was used
 * @kick: eventfd to the device
 * @call: eventfd from the device
 * @err: eventfd from the device, for a broken queue
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

/* Make an empty queue of @num entries in @mem, with the same eventfds. */
void queue_init(struct queue *q, struct gmem *mem, struct draw *d, bool packed,
		__u16 num);

/* Reset the queue to a random base. */
void queue_begin(struct queue *q, struct draw *d);

/* Add a chain, through an indirect table or not, and make it available. */
void queue_add(struct queue *q, struct draw *d, const struct chain *c,
	       bool indirect);

/* Make available what is no buffer. */
void queue_jump(struct queue *q, struct draw *d);

/* Write a random value to a random place of the ring. */
void queue_scribble(struct queue *q, struct draw *d, struct memory *m);

/* Record whether the device has used a buffer. */
void queue_look(struct queue *q);

#endif /* FUZZ_QUEUE_H */
