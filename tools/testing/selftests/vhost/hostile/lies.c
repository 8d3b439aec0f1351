// SPDX-License-Identifier: GPL-2.0
/*
 * Invalid rings and buffers.
 */
#include "lies.h"

#define NEXT	VRING_DESC_F_NEXT
#define WRITE	VRING_DESC_F_WRITE
#define TABLE	VRING_DESC_F_INDIRECT

struct kit kit_of(struct victim *v)
{
	struct gmem *mem = v->vq->mem;

	return (struct kit){
		.vq = v->vq,
		.good = gmem_gpa(mem, v->good),
		.table = (struct vring_desc *)(v->good + 2048),
		.table_gpa = gmem_gpa(mem, v->good + 2048),
		.end = mem->gpa + mem->size,
		.dir = v->o->is_net && v->o->queue == RX ? WRITE : 0,
	};
}

void kit_put(struct kit *k, __u64 gpa, __u32 len, __u16 flags)
{
	if (k->vq->packed)
		raw_packed(k->vq, gpa, len, flags);
	else
		raw_desc(&k->vq->desc[k->n], gpa, len, flags, k->n + 1);
	k->n++;
}

void kit_offer(struct kit *k)
{
	if (k->vq->packed)
		raw_packed_offer(k->vq);
	else
		raw_offer(k->vq, 0);
	k->n = 0;
}

void kit_put_table(struct kit *k, unsigned int i, __u64 gpa, __u32 len,
		   __u16 flags)
{
	if (k->vq->packed)
		k->ptable[i] = (struct vring_packed_desc){
			.addr = gpa, .len = len, .flags = flags,
		};
	else
		raw_desc(&k->table[i], gpa, len, flags, i + 1);
}

static void offer_one(struct kit *k, __u64 gpa, __u32 len, __u16 flags)
{
	kit_put(k, gpa, len, flags);
	kit_offer(k);
}

/*
 * Split only: indices.
 */
static void head_out_of_range(struct kit *k)
{
	raw_offer(k->vq, k->vq->num);
}

static void head_far_out_of_range(struct kit *k)
{
	raw_offer(k->vq, 0xffff);
}

static void next_out_of_range(struct kit *k)
{
	raw_desc(k->vq->desc, k->good, 64, NEXT | k->dir, k->vq->num);
	raw_offer(k->vq, 0);
}

static void next_is_itself(struct kit *k)
{
	raw_desc(k->vq->desc, k->good, 64, NEXT | k->dir, 0);
	raw_offer(k->vq, 0);
}

static void loop(struct kit *k)
{
	struct vring_desc *d = k->vq->desc;

	raw_desc(&d[0], k->good, 64, NEXT | k->dir, 1);
	raw_desc(&d[1], k->good, 64, NEXT | k->dir, 2);
	raw_desc(&d[2], k->good, 64, NEXT | k->dir, 0);
	raw_offer(k->vq, 0);
}

static void avail_jumps(struct kit *k)
{
	k->vq->avail_idx += k->vq->num;
	raw_desc(k->vq->desc, k->good, 64, k->dir, 0);
	raw_offer(k->vq, 0);
}

static void avail_goes_back(struct kit *k)
{
	k->vq->avail_idx -= 2;
	raw_offer(k->vq, 0);
}

static void table_next_outside(struct kit *k)
{
	raw_desc(&k->table[0], k->good, 64, NEXT | k->dir, 1);
	raw_desc(&k->table[1], k->good, 64, NEXT | k->dir, 2);
	offer_one(k, k->table_gpa, 32, TABLE);
}

static void table_next_is_itself(struct kit *k)
{
	raw_desc(&k->table[0], k->good, 64, NEXT | k->dir, 0);
	offer_one(k, k->table_gpa, 32, TABLE);
}

/*
 * Packed only.
 */
static void table_and_next(struct kit *k)
{
	kit_put_table(k, 0, k->good, 64, k->dir);
	kit_put(k, k->table_gpa, 16, TABLE | NEXT);
	offer_one(k, k->good, 64, k->dir);
}

static void table_is_second(struct kit *k)
{
	kit_put_table(k, 0, k->good, 64, k->dir);
	kit_put(k, k->good, 64, NEXT | k->dir);
	offer_one(k, k->table_gpa, 16, TABLE);
}

/*
 * Both.
 */
static void endless(struct kit *k)
{
	unsigned int i;

	for (i = 0; i < k->vq->num; i++)
		kit_put(k, k->good, 64, NEXT | k->dir);
	/* In a split ring the next of the last one would be out of range. */
	if (!k->vq->packed)
		k->vq->desc[k->vq->num - 1].next = 0;
	kit_offer(k);
}

static void address_of_nothing(struct kit *k)
{
	offer_one(k, 4096, 512, k->dir);
}

static void address_past_the_end(struct kit *k)
{
	offer_one(k, k->end, 512, k->dir);
}

static void length_over_the_end(struct kit *k)
{
	offer_one(k, k->end - 64, 128, k->dir);
}

static void length_of_4g(struct kit *k)
{
	offer_one(k, k->good, 0xffffffff, k->dir);
}

static void address_wraps(struct kit *k)
{
	offer_one(k, ~0ULL - 63, 128, k->dir);
}

static void second_is_nowhere(struct kit *k)
{
	kit_put(k, k->good, 64, NEXT | k->dir);
	offer_one(k, 8192, 64, k->dir);
}

static void user_address(struct kit *k)
{
	offer_one(k, (uintptr_t)k->vq->desc, 64, k->dir);
}

static void readable_after_writable(struct kit *k)
{
	kit_put(k, k->good, 64, NEXT | WRITE);
	offer_one(k, k->good + 64, 64, 0);
}

static void empty_after_writable(struct kit *k)
{
	kit_put(k, k->good, 64, NEXT | WRITE);
	offer_one(k, k->good + 64, 0, 0);
}

static void table_odd_length(struct kit *k)
{
	kit_put_table(k, 0, k->good, 64, k->dir);
	offer_one(k, k->table_gpa, 17, TABLE);
}

static void table_empty(struct kit *k)
{
	offer_one(k, k->table_gpa, 0, TABLE);
}

static void table_nowhere(struct kit *k)
{
	offer_one(k, 4096, 32, TABLE);
}

static void table_too_long(struct kit *k)
{
	offer_one(k, k->good, (65536 + 1) * 16, TABLE);
}

static void table_nested(struct kit *k)
{
	kit_put_table(k, 0, k->table_gpa, 16, TABLE);
	offer_one(k, k->table_gpa, 16, TABLE);
}

static void table_bad_address(struct kit *k)
{
	kit_put_table(k, 0, 4096, 64, k->dir);
	offer_one(k, k->table_gpa, 16, TABLE);
}

static void table_readable_after_writable(struct kit *k)
{
	kit_put_table(k, 0, k->good, 64, NEXT | WRITE);
	kit_put_table(k, 1, k->good, 64, 0);
	offer_one(k, k->table_gpa, 32, TABLE);
}

static void only_an_empty_one(struct kit *k)
{
	offer_one(k, k->good, 0, k->dir);
}

const struct lie lies[] = {
	{ "head out of range", head_out_of_range, IN_SPLIT, ERR, ERR },
	{ "head far out of range", head_far_out_of_range, IN_SPLIT, ERR, ERR },
	{ "next out of range", next_out_of_range, IN_SPLIT, ERR, ERR },
	{ "next is itself", next_is_itself, IN_SPLIT, ERR, ERR },
	{ "loop", loop, IN_SPLIT, ERR, ERR },
	{ "avail jumps by more than the ring has", avail_jumps, IN_SPLIT, ERR,
	  ERR },
	{ "avail goes back", avail_goes_back, IN_SPLIT, ERR, ERR },
	{ "table: next outside", table_next_outside, IN_SPLIT, ERR, ERR },
	/* In-tree ends a chain after as many descriptors as the table has. */
	{ "table: next is itself", table_next_is_itself, IN_SPLIT, ERR | USED,
	  ERR },

	{ "table with a next", table_and_next, IN_PACKED, 0, ERR },
	{ "table within a chain", table_is_second, IN_PACKED, 0, ERR },

	{ "a chain as long as the ring, and no end", endless, IN_BOTH, ERR,
	  ERR },
	{ "address of nothing", address_of_nothing, IN_BOTH, ERR, ERR },
	{ "address past the end", address_past_the_end, IN_BOTH, ERR, ERR },
	{ "length over the end", length_over_the_end, IN_BOTH, ERR, ERR },
	{ "length of 4 GiB", length_of_4g, IN_BOTH, ERR, ERR },
	{ "address wraps", address_wraps, IN_BOTH, ERR, ERR },
	{ "second is nowhere", second_is_nowhere, IN_BOTH, ERR, ERR },
	{ "user address", user_address, IN_BOTH, ERR, ERR },
	{ "readable after writable", readable_after_writable, IN_BOTH, ERR,
	  ERR },
	{ "an empty readable one after writable", empty_after_writable,
	  IN_BOTH, ERR | USED | STUCK, ERR },
	{ "table: odd length", table_odd_length, IN_BOTH, ERR, ERR },
	{ "table: empty", table_empty, IN_BOTH, ERR, ERR },
	{ "table: nowhere", table_nowhere, IN_BOTH, ERR, ERR },
	{ "table: more than 65,536", table_too_long, IN_BOTH, ERR, ERR },
	{ "table: nested", table_nested, IN_BOTH, ERR, ERR },
	{ "table: bad address", table_bad_address, IN_BOTH, ERR, ERR },
	{ "table: readable after writable", table_readable_after_writable,
	  IN_BOTH, ERR, ERR },
	/* A buffer without any bytes is no request, but it is valid. */
	{ "only an empty one", only_an_empty_one, IN_BOTH, ERR, ERR | USED },
	{ NULL },
};
