// SPDX-License-Identifier: GPL-2.0
/*
 * The split virtqueue, device side (virtio 1.3, section 2.7): pops validated
 * descriptor chains, pushes completions, and decides who must be notified. All
 * that the driver can write is read once and bounded here; what an address
 * means is for others to look up.
 */
#include "split.h"

/* Descriptors of an indirect table that are fetched at once. */
#define INDIRECT_WINDOW 16

/**
 * struct walk - a chain while it is followed
 * @seg: where its next segment goes
 * @end: where there is no more room
 * @in: its first device-writable segment, or NULL as long as there is none
 * @out_len: device-readable bytes; more than 32 bits, so that they need be looked
 *	at only at its end
 * @in_len: device-writable bytes
 */
struct walk {
	struct vhx_seg *seg;
	const struct vhx_seg *end;
	const struct vhx_seg *in;
	u64 out_len;
	u64 in_len;
};

/* What a descriptor says beside its address: VRING_DESC_F_* are bits of @flags. */
struct desc_rest {
	u32 len;
	u32 flags;
};

#define DESC_NEXT_SHIFT	16

/* All of it is read at once. */
static __always_inline struct desc_rest desc_rest(const struct vring_desc *d)
{
	u64 x = le64_to_cpu((__force __le64)READ_ONCE(*(const u64 *)&d->len));

	return (struct desc_rest){ .len = (u32)x, .flags = x >> 32 };
}

static u64 desc_addr(const struct vring_desc *d)
{
	return le64_to_cpu((__force __le64)READ_ONCE(d->addr));
}

/* Device-readable descriptors come first (2.7.4.2); empty ones mean nothing. */
static __always_inline int walk_add(struct walk *w, u64 addr,
				    struct desc_rest rest)
{
	bool in = rest.flags & VRING_DESC_F_WRITE;

	if (unlikely(!in && w->in))
		return -EINVAL;
	if (!rest.len)
		return 0;
	if (in) {
		if (!w->in)
			w->in = w->seg;
		w->in_len += rest.len;
	} else {
		w->out_len += rest.len;
	}
	if (unlikely(w->seg == w->end))
		return -E2BIG;
	w->seg->addr = addr;
	w->seg->len = rest.len;
	w->seg++;
	return 0;
}

/* An indirect table chains within itself and is the last of its chain. */
static noinline int walk_indirect(struct walk *walk, u64 table, u32 len,
				  const struct vhx_ring_reader *rd)
{
	struct walk w = *walk;
	struct vring_desc window[INDIRECT_WINDOW];
	u32 n = len / sizeof(struct vring_desc);
	u32 first = 0, have = 0, i = 0, seen;
	int err;

	if (!len || len % sizeof(struct vring_desc) || n > U16_MAX + 1)
		return -EINVAL;

	for (seen = 0; seen < n; seen++) {
		const struct vring_desc *d;
		struct desc_rest rest;

		/* Unsigned: what lies before the window is out of it too. */
		if (i - first >= have) {
			first = i;
			have = min_t(u32, n - i, INDIRECT_WINDOW);
			err = rd->read(rd, window, table + (u64)i * sizeof(*d),
				       have * sizeof(*d));
			if (err)
				return err;
		}
		d = &window[i - first];
		rest = desc_rest(d);
		if (unlikely(rest.flags & VRING_DESC_F_INDIRECT))
			return -EINVAL;
		err = walk_add(&w, desc_addr(d), rest);
		if (unlikely(err))
			return err;
		if (!(rest.flags & VRING_DESC_F_NEXT)) {
			*walk = w;
			return 0;
		}
		i = rest.flags >> DESC_NEXT_SHIFT;
		if (unlikely(i >= n))
			return -EINVAL;
	}
	return -ELOOP;
}

/* The chain that begins with the descriptor @addr, @rest; @segs goes on. */
static __always_inline int walk_chain(const struct vhx_split *r,
				      struct vhx_chain *c, u64 addr,
				      struct desc_rest rest,
				      struct vhx_seg **segs,
				      const struct vhx_seg *end,
				      const struct vhx_ring_reader *rd)
{
	/* Of @w no address is taken: it is kept in registers. */
	struct walk w = { .seg = *segs, .end = end }, behind;
	const struct vring_desc *desc = r->desc;
	unsigned int num = r->num, left = num;
	const struct vhx_seg *in;
	u32 i;
	int err;

	while (!(rest.flags & VRING_DESC_F_INDIRECT)) {
		err = walk_add(&w, addr, rest);
		if (unlikely(err))
			return err;
		if (!(rest.flags & VRING_DESC_F_NEXT))
			goto end;
		i = rest.flags >> DESC_NEXT_SHIFT;
		if (unlikely(i >= num))
			return -EINVAL;
		if (unlikely(!--left))
			return -ELOOP;
		rest = desc_rest(&desc[i]);
		addr = desc_addr(&desc[i]);
	}
	if (!r->indirect || (rest.flags & VRING_DESC_F_NEXT))
		return -EINVAL;
	behind = w;
	err = walk_indirect(&behind, addr, rest.len, rd);
	if (unlikely(err))
		return err;
	w = behind;
end:
	if (unlikely((w.out_len | w.in_len) > U32_MAX))
		return -EINVAL;
	in = w.in ?: w.seg;
	c->nout = in - *segs;
	c->nin = w.seg - in;
	c->out_len = w.out_len;
	c->in_len = w.in_len;
	*segs = w.seg;
	return 0;
}

/**
 * vhx_split_init - begin to serve a ring
 * @r: ring; its features, areas and @num are set
 * @base: index of the next available entry
 *
 * The used index goes on from what is in the ring, as the driver knows it.
 */
void vhx_split_init(struct vhx_split *r, u16 base)
{
	r->last_avail = base;
	r->avail_idx = base;
	r->used_idx = le16_to_cpu((__force __le16)READ_ONCE(r->used->idx));
	r->signalled_valid = false;
	WRITE_ONCE(r->used->flags, 0);
}

/* Entries that can be popped, looked up in the ring only when none is known. */
static int split_avail(struct vhx_split *r)
{
	u16 n = r->avail_idx - r->last_avail;
	__virtio16 idx;

	if (n)
		return n;
	/* Pairs with the driver's barrier between its entries and its index. */
	idx = smp_load_acquire(&r->avail->idx);
	r->avail_idx = le16_to_cpu((__force __le16)idx);
	n = r->avail_idx - r->last_avail;
	return n > r->num ? -EINVAL : n;
}

/**
 * vhx_split_pop - pop a batch of buffers
 * @r: ring
 * @chains: filled, one for each buffer
 * @n: room in @chains
 * @segs: filled; each chain's segments follow those of the chain before
 * @nsegs: room in @segs
 * @rd: reads indirect tables
 *
 * A chain that finds no room behind others is left for the next batch.
 *
 * Return: the number of chains, 0 if there is none, or a negative errno if the
 * next chain, or the ring itself, is invalid: -EINVAL (an index, a flag or a
 * length is wrong), -ELOOP (a chain without end), -E2BIG (more than @nsegs
 * segments) or what @rd answered. Chains before an invalid one are returned
 * first.
 */
int vhx_split_pop(struct vhx_split *r, struct vhx_chain *chains, unsigned int n,
		  struct vhx_seg *segs, unsigned int nsegs,
		  const struct vhx_ring_reader *rd)
{
	const struct vhx_seg *end = segs + nsegs;
	const u16 num = r->num, mask = num - 1;
	int avail = split_avail(r), err = 0;
	u16 next = r->last_avail;
	unsigned int i;

	if (avail < 0)
		return avail;
	n = min_t(unsigned int, n, avail);

	for (i = 0; i < n; i++, next++) {
		struct vhx_chain *c = &chains[i];
		const struct vring_desc *d;
		struct desc_rest rest;
		u16 head;

		head = le16_to_cpu((__force __le16)
				   READ_ONCE(r->avail->ring[next & mask]));
		if (unlikely(head >= num)) {
			err = -EINVAL;
			break;
		}
		c->id = head;
		d = &r->desc[head];
		rest = desc_rest(d);
		/* One descriptor alone, as most buffers for packets are. */
		if (!(rest.flags &
		      (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT)) &&
		    rest.len && segs != end) {
			bool in = rest.flags & VRING_DESC_F_WRITE;

			c->nout = !in;
			c->nin = in;
			c->out_len = in ? 0 : rest.len;
			c->in_len = in ? rest.len : 0;
			segs->addr = desc_addr(d);
			segs->len = rest.len;
			segs++;
			continue;
		}
		err = walk_chain(r, c, desc_addr(d), rest, &segs, end, rd);
		if (unlikely(err))
			break;
	}
	r->last_avail = next;
	return i ? i : err;
}

/**
 * vhx_split_unpop - give back the buffers that were popped last
 * @r: ring
 * @n: how many, not yet completed
 */
void vhx_split_unpop(struct vhx_split *r, unsigned int n)
{
	r->last_avail -= n;
}

/**
 * vhx_split_more - is there a buffer that was not yet seen?
 * @r: ring
 */
bool vhx_split_more(const struct vhx_split *r)
{
	return le16_to_cpu((__force __le16)READ_ONCE(r->avail->idx)) !=
	       r->avail_idx;
}

/**
 * vhx_split_kick_disable - tell the driver that it need not kick
 * @r: ring
 *
 * With event indices there is nothing to do: the driver kicks only when it
 * passes the index that vhx_split_kick_enable() wrote.
 */
void vhx_split_kick_disable(struct vhx_split *r)
{
	if (!r->event_idx)
		WRITE_ONCE(r->used->flags, (__force __virtio16)
			   cpu_to_le16(VRING_USED_F_NO_NOTIFY));
}

/**
 * vhx_split_kick_enable - ask the driver to kick for a buffer not yet seen
 * @r: ring
 *
 * Buffers that were seen and left on the ring, as they did not suffice, need no
 * kick and are not reported again.
 *
 * Return: true if a buffer slipped in, for which the driver may not kick.
 */
bool vhx_split_kick_enable(struct vhx_split *r)
{
	if (r->event_idx)
		WRITE_ONCE(*(__le16 *)&r->used->ring[r->num],
			   cpu_to_le16(r->avail_idx));
	else
		WRITE_ONCE(r->used->flags, 0);
	/*
	 * Pairs with the driver's barrier between its index and its look at
	 * what was written above: one of the two sides sees the other.
	 */
	smp_mb();
	return vhx_split_more(r);
}

/**
 * vhx_split_push - push a batch of completions
 * @r: ring
 * @used: completions
 * @n: how many
 */
void vhx_split_push(struct vhx_split *r, const struct vhx_used *used,
		    unsigned int n)
{
	u16 old = r->used_idx, idx = old;
	vring_used_elem_t *ring = r->used->ring;
	const u16 mask = r->num - 1;
	unsigned int i;

	for (i = 0; i < n; i++, idx++) {
		vring_used_elem_t *e = &ring[idx & mask];

		WRITE_ONCE(e->id, (__force __virtio32)cpu_to_le32(used[i].id));
		WRITE_ONCE(e->len, (__force __virtio32)cpu_to_le32(used[i].len));
	}
	r->used_idx = idx;
	/* Pairs with the driver's barrier between the index and the entries. */
	smp_store_release(&r->used->idx, (__force __virtio16)cpu_to_le16(idx));

	/* Past the index of the last call by a whole turn: it means nothing. */
	if ((u16)(idx - r->signalled) < (u16)(idx - old))
		r->signalled_valid = false;
}

/**
 * vhx_split_need_call - must the driver be told of what was pushed?
 * @r: ring
 *
 * For all that was pushed since the last time it was asked.
 */
bool vhx_split_need_call(struct vhx_split *r)
{
	u16 old = r->signalled, idx = r->used_idx;
	bool valid = r->signalled_valid;
	__le16 event;

	/*
	 * Pairs with the driver's barrier between the event index or flag that
	 * it sets and its look at the used index.
	 */
	smp_mb();
	if (!r->event_idx)
		return !(le16_to_cpu((__force __le16)
				     READ_ONCE(r->avail->flags)) &
			 VRING_AVAIL_F_NO_INTERRUPT);

	r->signalled = idx;
	r->signalled_valid = true;
	if (!valid)
		return true;
	event = READ_ONCE(*(__le16 *)&r->avail->ring[r->num]);
	return vring_need_event(le16_to_cpu(event), idx, old);
}
