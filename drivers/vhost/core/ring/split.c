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

struct walk {
	struct vhx_chain *chain;
	struct vhx_seg *segs;
	unsigned int nsegs;
};

static struct vring_desc desc_read(const struct vring_desc *d)
{
	struct vring_desc copy;

	copy.addr = READ_ONCE(d->addr);
	copy.len = READ_ONCE(d->len);
	copy.flags = READ_ONCE(d->flags);
	copy.next = READ_ONCE(d->next);
	return copy;
}

static u16 desc_flags(const struct vring_desc *d)
{
	return le16_to_cpu((__force __le16)d->flags);
}

static u16 desc_next(const struct vring_desc *d)
{
	return le16_to_cpu((__force __le16)d->next);
}

static u32 desc_len(const struct vring_desc *d)
{
	return le32_to_cpu((__force __le32)d->len);
}

static u64 desc_addr(const struct vring_desc *d)
{
	return le64_to_cpu((__force __le64)d->addr);
}

/* Device-readable descriptors come first (2.7.4.2); empty ones mean nothing. */
static int walk_add(struct walk *w, const struct vring_desc *d)
{
	struct vhx_chain *c = w->chain;
	bool in = desc_flags(d) & VRING_DESC_F_WRITE;
	u32 len = desc_len(d), *total = in ? &c->in_len : &c->out_len;
	struct vhx_seg *seg;

	if (!in && c->nin)
		return -EINVAL;
	if (!len)
		return 0;
	if (c->nout + c->nin >= w->nsegs)
		return -E2BIG;
	if (len > U32_MAX - *total)
		return -EINVAL;

	seg = &w->segs[c->nout + c->nin];
	seg->addr = desc_addr(d);
	seg->len = len;
	*total += len;
	if (in)
		c->nin++;
	else
		c->nout++;
	return 0;
}

/* An indirect table chains within itself and is the last of its chain. */
static int walk_indirect(struct walk *w, const struct vring_desc *table,
			 const struct vhx_ring_reader *rd)
{
	struct vring_desc window[INDIRECT_WINDOW];
	u32 len = desc_len(table), n = len / sizeof(struct vring_desc);
	u32 first = 0, have = 0, i = 0, seen;
	int err;

	if (!len || len % sizeof(struct vring_desc) || n > U16_MAX + 1)
		return -EINVAL;

	for (seen = 0; seen < n; seen++) {
		struct vring_desc *d;

		/* Unsigned: what lies before the window is out of it too. */
		if (i - first >= have) {
			first = i;
			have = min_t(u32, n - i, INDIRECT_WINDOW);
			err = rd->read(rd, window,
				       desc_addr(table) + (u64)i * sizeof(*d),
				       have * sizeof(*d));
			if (err)
				return err;
		}
		d = &window[i - first];
		if (desc_flags(d) & VRING_DESC_F_INDIRECT)
			return -EINVAL;
		err = walk_add(w, d);
		if (err)
			return err;
		if (!(desc_flags(d) & VRING_DESC_F_NEXT))
			return 0;
		i = desc_next(d);
		if (i >= n)
			return -EINVAL;
	}
	return -ELOOP;
}

static int walk_chain(struct vhx_split *r, struct walk *w, u16 i,
		      const struct vhx_ring_reader *rd)
{
	unsigned int seen;
	int err;

	for (seen = 0; seen < r->num; seen++) {
		struct vring_desc d;

		if (i >= r->num)
			return -EINVAL;
		d = desc_read(&r->desc[i]);
		if (desc_flags(&d) & VRING_DESC_F_INDIRECT) {
			if (!r->indirect || (desc_flags(&d) & VRING_DESC_F_NEXT))
				return -EINVAL;
			return walk_indirect(w, &d, rd);
		}
		err = walk_add(w, &d);
		if (err)
			return err;
		if (!(desc_flags(&d) & VRING_DESC_F_NEXT))
			return 0;
		i = desc_next(&d);
	}
	return -ELOOP;
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
	int avail = split_avail(r);
	unsigned int i;

	if (avail < 0)
		return avail;
	n = min_t(unsigned int, n, avail);

	for (i = 0; i < n; i++) {
		struct walk w = {
			.chain = &chains[i], .segs = segs, .nsegs = nsegs,
		};
		u16 slot = r->last_avail & (r->num - 1);
		u16 head;
		int err;

		head = le16_to_cpu((__force __le16)
				   READ_ONCE(r->avail->ring[slot]));
		chains[i] = (struct vhx_chain){ .id = head };
		err = walk_chain(r, &w, head, rd);
		if (err)
			return i ? i : err;
		segs += chains[i].nout + chains[i].nin;
		nsegs -= chains[i].nout + chains[i].nin;
		r->last_avail++;
	}
	return i;
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
	unsigned int i;

	for (i = 0; i < n; i++, idx++) {
		vring_used_elem_t *e = &r->used->ring[idx & (r->num - 1)];

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
