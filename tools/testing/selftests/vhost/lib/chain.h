/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A buffer scattered over guest memory: pieces of given sizes at odd addresses,
 * with poisoned gaps between them. So a device that merges two pieces, or that
 * writes past the end of one, fails the test.
 */
#ifndef VHXT_CHAIN_H
#define VHXT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "vq.h"

#define CHAIN_MAX	VQ_TABLE_LEN

/**
 * struct arena - guest memory that chains are made in
 * @base: our address of it
 * @size: bytes
 * @at: bytes in use
 * @align: where pieces of this size and more begin; 0 for anywhere
 * @mem: the guest's memory
 */
struct arena {
	char *base;
	size_t size;
	size_t at;
	size_t align;
	struct gmem *mem;
};

/**
 * struct chain - a scattered buffer
 * @seg: its pieces
 * @n: how many
 * @mem: the guest's memory
 */
struct chain {
	struct vq_seg seg[CHAIN_MAX];
	unsigned int n;
	struct gmem *mem;
};

void arena_init(struct arena *a, struct gmem *mem, size_t size);

/* Free and poison all of it. No chain in it may be in flight. */
void arena_reset(struct arena *a);

void chain_init(struct chain *c, struct arena *a);

/*
 * Add @len bytes in pieces of the sizes in @cuts, which ends with a 0. The last
 * size is repeated until @len is reached. Without @cuts it is one piece.
 */
void chain_add(struct chain *c, struct arena *a, size_t len, bool write,
	       const size_t *cuts);

/* Add a piece at @p, without a gap after it. */
void chain_add_at(struct chain *c, const void *p, size_t len, bool write);

/* Copy to and from the chain, @off bytes into it. */
void chain_put(const struct chain *c, size_t off, const void *data,
	       size_t len);
void chain_get(const struct chain *c, size_t off, void *data, size_t len);

/* Bytes of it that the device reads, or writes. */
size_t chain_len(const struct chain *c, bool write);

/* Are the gaps unchanged? */
bool chain_clean(const struct chain *c);

/* Add it to a queue, through an indirect table if that was negotiated. */
int chain_submit(struct vq *vq, const struct chain *c, __u32 token);

#endif /* VHXT_CHAIN_H */
