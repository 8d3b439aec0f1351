// SPDX-License-Identifier: GPL-2.0
/*
 * The split virtqueue, device side (virtio 1.3, section 2.7): it pops validated
 * descriptor chains, pushes completions and decides which notifications are
 * needed. All that the driver can write is read once and bounded here.
 * Addresses are not looked up here.
 */
#include "split.h"
#include "walk.h"

/* The second half of a descriptor, read at once: length, flags, next. */
#define DESC_FLAGS_SHIFT	32
#define DESC_NEXT_SHIFT		48

#define NEXT_OR_INDIRECT	(VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT)
#define DESC_FLAGS		(NEXT_OR_INDIRECT | VRING_DESC_F_WRITE)

static __always_inline u64 desc_rest(const struct vring_desc *d)
{
	return read_u64(&d->len);
}

static __always_inline u64 desc_addr(const struct vring_desc *d)
{
	return read_u64(&d->addr);
}

/* The flags, and above them the next field. */
static __always_inline u32 rest_flags(u64 rest)
{
	return rest >> DESC_FLAGS_SHIFT;
}

/*
 * The driver chooses @i, which was checked. The mask, the number of descriptors
 * less one, holds under speculation as well (Spectre v1).
 */
static __always_inline const struct vring_desc *
desc_at(const struct vhx_split *r, u32 i, u32 mask)
{
	return &r->desc[i & mask];
}

/* Walks an indirect table, whose next fields index the table itself. */
static int walk_indirect(struct walk *walk, u64 table, u32 len,
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
		u64 rest;

		/* Unsigned, so an index below the window is outside as well. */
		if (i - first >= have) {
			first = i;
			have = min_t(u32, n - i, INDIRECT_WINDOW);
			err = rd->read(rd, window, table + (u64)i * sizeof(*d),
				       have * sizeof(*d));
			if (err)
				return err;
		}
		/* Masked for speculation, as in desc_at(). */
		d = &window[(i - first) & (INDIRECT_WINDOW - 1)];
		rest = desc_rest(d);
		err = walk_add(&w, desc_addr(d), rest, rest_flags(rest));
		if (unlikely(err))
			return err;
		if (!(rest_flags(rest) & VRING_DESC_F_NEXT)) {
			*walk = w;
			return 0;
		}
		i = rest >> DESC_NEXT_SHIFT;
		if (unlikely(i >= n))
			return -EINVAL;
	}
	return -ELOOP;
}

/* Ends a chain with the indirect table to which the descriptor @d points. */
static noinline int walk_table(const struct vhx_split *r, struct walk *w,
			       const struct vring_desc *d, u64 rest,
			       struct vhx_chain *c, const struct vhx_seg *first,
			       const struct vhx_ring_reader *rd)
{
	int err;

	if (!r->indirect || rest_flags(rest) & VRING_DESC_F_NEXT)
		return -EINVAL;
	err = walk_indirect(w, desc_addr(d), rest, rd);
	if (!err)
		err = walk_end(w, c, first);
	return err;
}

/*
 * Walks the chain that begins with the descriptor @d, whose second half @rest
 * was read, and advances @segs. For each descriptor it is checked whether there
 * is room, then the flags, then the next field. A direct chain has no more
 * descriptors than the ring.
 */
static __always_inline int walk_chain(const struct vhx_split *r,
				      struct vhx_chain *c,
				      const struct vring_desc *d, u64 rest,
				      u32 mask, struct vhx_seg **segs,
				      const struct vhx_seg *end,
				      const struct vhx_ring_reader *rd)
{
	struct vhx_seg *first = *segs, *seg = first, *in;
	const struct vhx_seg *limit = walk_limit(seg, end, mask + 1);
	u32 flags = rest_flags(rest), i;
	u64 out_len = 0, in_len = 0;
	struct walk w;
	int err;

	if (unlikely(seg == limit))
		goto full;
	while ((flags & DESC_FLAGS) == VRING_DESC_F_NEXT) {
		out_len += walk_put(seg++, desc_addr(d), rest);
		i = rest >> DESC_NEXT_SHIFT;
		if (unlikely(i > mask))
			return -EINVAL;
		if (unlikely(seg == limit))
			goto full;
		d = desc_at(r, i, mask);
		rest = desc_rest(d);
		flags = rest_flags(rest);
	}
	if (!(flags & DESC_FLAGS)) {
		out_len += walk_put(seg++, desc_addr(d), rest);
		in = seg;
		goto end;
	}
	in = seg;
	while ((flags & DESC_FLAGS) ==
	       (VRING_DESC_F_WRITE | VRING_DESC_F_NEXT)) {
		in_len += walk_put(seg++, desc_addr(d), rest);
		i = rest >> DESC_NEXT_SHIFT;
		if (unlikely(i > mask))
			return -EINVAL;
		if (unlikely(seg == limit))
			goto full;
		d = desc_at(r, i, mask);
		rest = desc_rest(d);
		flags = rest_flags(rest);
	}
	if ((flags & DESC_FLAGS) == VRING_DESC_F_WRITE) {
		in_len += walk_put(seg++, desc_addr(d), rest);
		goto end;
	}
	/* Readable behind writable. */
	if (!(flags & VRING_DESC_F_INDIRECT))
		return -EINVAL;
	w = (struct walk){ seg, end, in != seg ? in : NULL, out_len, in_len };
	err = walk_table(r, &w, d, rest, c, first, rd);
	*segs = w.seg;
	return err;
end:
	if (unlikely((out_len | in_len) >> 32))
		return -EINVAL;
	c->nout = in - first;
	c->nin = seg - in;
	c->out_len = out_len;
	c->in_len = in_len;
	*segs = seg;
	return 0;
full:
	return seg - first == mask + 1 ? -ELOOP : -E2BIG;
}

/**
 * vhx_split_init - begin to serve a ring
 * @r: ring; its features, areas and @num are set
 * @base: index of the next available entry
 *
 * The used index continues from the one in the ring, which the driver knows.
 */
void vhx_split_init(struct vhx_split *r, u16 base)
{
	r->last_avail = base;
	r->avail_idx = base;
	r->used_idx = le16_to_cpu((__force __le16)READ_ONCE(r->used->idx));
	r->signalled_valid = false;
	r->next = base;
	WRITE_ONCE(r->used->flags, 0);
}

/* The number of entries to pop. The ring is read only when none is known. */
static int split_avail(struct vhx_split *r)
{
	u16 n = r->avail_idx - r->last_avail;
	__virtio16 idx;

	if (n)
		return n;
	/* Pairs with the driver's barrier between its entries and its index. */
	idx = smp_load_acquire(&r->avail->idx);
	n = le16_to_cpu((__force __le16)idx) - r->last_avail;
	if (unlikely(n > r->num))
		return -EINVAL;
	r->avail_idx += n;
	return n;
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
 * See vhx_ring_pop().
 */
int vhx_split_pop(struct vhx_split *r, struct vhx_chain *chains, unsigned int n,
		  struct vhx_seg *segs, unsigned int nsegs,
		  const struct vhx_ring_reader *rd)
{
	const struct vhx_seg *end = segs + nsegs;
	const unsigned int mask = r->num - 1;
	const struct vhx_chain *last;
	unsigned int next = r->last_avail;
	int avail = split_avail(r), err = 0;
	struct vhx_chain *c;

	if (avail < 0)
		return avail;
	last = chains + min_t(unsigned int, n, avail);

	for (c = chains; c != last; c++, next++) {
		const struct vring_desc *d;
		unsigned int head;
		u64 rest;

		head = le16_to_cpu((__force __le16)
				   READ_ONCE(r->avail->ring[next & mask]));
		if (unlikely(head > mask)) {
			err = -EINVAL;
			break;
		}
		c->id = head | next << VHX_ID_SHIFT;
		c->pos = next;
		d = desc_at(r, head, mask);
		rest = desc_rest(d);
		/* A single descriptor, as most buffers for packets are. */
		if (likely(!(rest_flags(rest) & NEXT_OR_INDIRECT)) &&
		    likely(segs != end)) {
			walk_single(c, segs++, desc_addr(d), rest,
				    rest_flags(rest) & VRING_DESC_F_WRITE);
			continue;
		}
		err = walk_chain(r, c, d, rest, mask, &segs, end, rd);
		if (unlikely(err))
			break;
	}
	r->last_avail = next;
	return c != chains ? (int)(c - chains) : err;
}

/**
 * vhx_split_unpop - give back the buffers that were popped last
 * @r: ring
 * @pos: of the first of them, none of which is completed
 */
void vhx_split_unpop(struct vhx_split *r, u16 pos)
{
	r->last_avail = pos;
}

/**
 * vhx_split_more - is there a buffer that was not popped before?
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
 * vhx_split_kick_enable - ask the driver to kick for new buffers
 * @r: ring
 *
 * See vhx_ring_kick_enable().
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

static __always_inline void write_used(vring_used_elem_t *e, u16 id, u32 len)
{
	WRITE_ONCE(e->id, (__force __virtio32)cpu_to_le32(id));
	WRITE_ONCE(e->len, (__force __virtio32)cpu_to_le32(len));
}

/*
 * Completions wait for those of earlier buffers. Each gets a used entry of its
 * own: one entry for a batch (2.7.9) would save nothing, and DPDK's driver
 * reads the length of every one.
 */
static noinline u16 split_push_in_order(struct vhx_split *r,
					const struct vhx_used *used,
					unsigned int n)
{
	const unsigned int mask = r->num - 1;
	vring_used_elem_t *ring = r->used->ring;
	u16 idx = r->used_idx, next = r->next;
	const struct vhx_used *u;
	struct vhx_held *h;
	unsigned int i;

	for (u = used; u != used + n; u++) {
		u16 pos = u->id >> VHX_ID_SHIFT;

		if (likely(pos == next)) {
			write_used(&ring[idx++ & mask], u->id, u->len);
			next++;
		} else {
			r->held[pos & mask] =
				(struct vhx_held){ u->len, u->id, 1 };
		}
	}
	for (i = 0; i < VHX_RING_PIECE; i++) {
		h = &r->held[next & mask];
		if (!h->ndesc)
			break;
		h->ndesc = 0;
		write_used(&ring[idx++ & mask], h->id, h->len);
		next++;
	}
	r->next = next;
	return idx;
}

/**
 * vhx_split_push - push a batch of completions
 * @r: ring
 * @used: completions
 * @n: how many
 *
 * See vhx_ring_push().
 */
bool vhx_split_push(struct vhx_split *r, const struct vhx_used *used,
		    unsigned int n)
{
	u16 old = r->used_idx, idx = old;
	unsigned int i;

	if (r->held)
		idx = split_push_in_order(r, used, n);
	else
		for (i = 0; i < n; i++, idx++)
			write_used(&r->used->ring[idx & (r->num - 1)],
				   used[i].id, used[i].len);
	if (idx == old)
		return false;
	r->used_idx = idx;
	/* Pairs with the driver's barrier between the index and the entries. */
	smp_store_release(&r->used->idx, (__force __virtio16)cpu_to_le16(idx));

	/* The index of the last call was passed by a whole turn of the ring. */
	if ((u16)(idx - r->signalled) < (u16)(idx - old))
		r->signalled_valid = false;
	return true;
}

/**
 * vhx_split_waits - is there a completion left whose turn has come?
 * @r: ring
 */
bool vhx_split_waits(const struct vhx_split *r)
{
	return r->held && r->held[r->next & (r->num - 1)].ndesc;
}

/* Was every available buffer used? (Legacy interface, 2.7.7.1.) */
static bool split_empty(const struct vhx_split *r)
{
	return le16_to_cpu((__force __le16)READ_ONCE(r->avail->idx)) ==
	       r->used_idx;
}

/**
 * vhx_split_need_call - must the driver be called for what was pushed?
 * @r: ring
 *
 * It covers all that was pushed since it was last asked.
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
	r->signalled = idx;
	r->signalled_valid = true;
	if (r->notify_on_empty && split_empty(r))
		return true;
	if (!r->event_idx)
		return !(le16_to_cpu((__force __le16)
				     READ_ONCE(r->avail->flags)) &
			 VRING_AVAIL_F_NO_INTERRUPT);
	if (!valid)
		return true;
	event = READ_ONCE(*(__le16 *)&r->avail->ring[r->num]);
	return vring_need_event(le16_to_cpu(event), idx, old);
}
