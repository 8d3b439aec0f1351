// SPDX-License-Identifier: GPL-2.0
/*
 * The packed virtqueue, device side (virtio 1.3, section 2.8): pops validated
 * descriptor chains, pushes completions, and decides who must be notified. All
 * that the driver can write is read once and bounded here; what an address
 * means is for others to look up.
 */
#include "packed.h"
#include "walk.h"

/* The second half of a descriptor, read at once: length, buffer id, flags. */
#define DESC_ID_SHIFT		32
#define DESC_FLAGS_SHIFT	48

#define DESC_F_AVAIL		BIT(VRING_PACKED_DESC_F_AVAIL)
#define DESC_F_USED		BIT(VRING_PACKED_DESC_F_USED)

/* Above the buffer id in &struct vhx_chain.id. */
#define ID_NDESC_SHIFT		16

static __always_inline u64 desc_rest(const struct vring_packed_desc *d)
{
	return read_u64(&d->len);
}

static __always_inline u64 desc_rest_acquire(const struct vring_packed_desc *d)
{
	/* Pairs with the driver's barrier before it sets the flags. */
	u64 rest = smp_load_acquire((const u64 *)&d->len);

	return le64_to_cpu((__force __le64)rest);
}

static __always_inline u64 desc_addr(const struct vring_packed_desc *d)
{
	return read_u64(&d->addr);
}

static __always_inline bool rest_has(u64 rest, u64 flags)
{
	return rest & flags << DESC_FLAGS_SHIFT;
}

/* @n descriptors on from @pos, @n no more than there are. */
static __always_inline u16 packed_ahead(u16 num, u16 pos, unsigned int n)
{
	unsigned int index = (pos & VHX_PACKED_INDEX) + n;
	u16 wrap = pos & VHX_PACKED_WRAP;

	if (index >= num) {
		index -= num;
		wrap ^= VHX_PACKED_WRAP;
	}
	return index | wrap;
}

/* Available: one flag is the driver's wrap counter and the other is not. */
static __always_inline bool rest_is_avail(u64 rest, u16 pos)
{
	u64 want = pos & VHX_PACKED_WRAP ? DESC_F_AVAIL : DESC_F_USED;

	return (rest >> DESC_FLAGS_SHIFT & (DESC_F_AVAIL | DESC_F_USED)) ==
	       want;
}

/*
 * The descriptors of an indirect table follow each other (2.8.7); but for
 * INDIRECT, which the driver must not set, and WRITE their flags mean nothing.
 */
static noinline int walk_indirect(struct walk *walk, u64 table, u32 len,
				  const struct vhx_ring_reader *rd)
{
	struct walk w = *walk;
	struct vring_packed_desc window[INDIRECT_WINDOW];
	u32 n = len / sizeof(*window), i;
	int err;

	if (!len || len % sizeof(*window) || n > U16_MAX + 1)
		return -EINVAL;

	for (i = 0; i < n; i++) {
		const struct vring_packed_desc *d;
		u64 rest;

		d = &window[i % INDIRECT_WINDOW];
		if (d == window) {
			u32 have = min_t(u32, n - i, INDIRECT_WINDOW);

			err = rd->read(rd, window, table + (u64)i * sizeof(*d),
				       have * sizeof(*d));
			if (err)
				return err;
		}
		rest = desc_rest(d);
		if (unlikely(rest_has(rest, VRING_DESC_F_INDIRECT)))
			return -EINVAL;
		err = walk_add(&w, desc_addr(d), rest,
			       rest_has(rest, VRING_DESC_F_WRITE));
		if (unlikely(err))
			return err;
	}
	*walk = w;
	return 0;
}

/*
 * The chain that begins with the descriptor at @index, of which @rest was read,
 * and that is more than this one or an indirect table; @segs goes on. Of a
 * descriptor its flags are looked at first, then whether there is room for it.
 * Only the first one's flags say that it is available: the driver has written
 * the others before it (2.8.21).
 *
 * Return: how many descriptors of the ring it takes, or a negative errno.
 */
static __always_inline int walk_chain(const struct vhx_packed *r,
				      struct vhx_chain *c, u16 index, u64 rest,
				      struct vhx_seg **segs,
				      const struct vhx_seg *end,
				      const struct vhx_ring_reader *rd)
{
	const struct vring_packed_desc *d = &r->desc[index];
	const struct vring_packed_desc *stop = &r->desc[r->num];
	const unsigned int num = r->num;
	struct vhx_seg *seg = *segs, *in = NULL;
	const struct vhx_seg *limit = end;
	u64 out_len = 0, in_len = 0;
	struct walk w;
	int n, err;

	if (rest_has(rest, VRING_DESC_F_INDIRECT)) {
		if (!r->indirect || rest_has(rest, VRING_DESC_F_NEXT))
			return -EINVAL;
		w = (struct walk){ .seg = seg, .limit = end };
		n = 1;
		err = walk_indirect(&w, desc_addr(d), rest, rd);
		if (unlikely(err))
			return err;
		goto checked;
	}
	if (num < limit - seg)
		limit = seg + num;

	while (!rest_has(rest, VRING_DESC_F_WRITE | VRING_DESC_F_INDIRECT)) {
		if (unlikely(seg == limit))
			goto full;
		seg->addr = desc_addr(d);
		seg->len = rest;
		out_len += (u32)rest;
		seg++;
		if (!rest_has(rest, VRING_DESC_F_NEXT))
			goto end;
		if (unlikely(++d == stop))
			d = r->desc;
		rest = desc_rest(d);
	}
	in = seg;
	while (rest_has(rest, VRING_DESC_F_WRITE) &&
	       !rest_has(rest, VRING_DESC_F_INDIRECT)) {
		if (unlikely(seg == limit))
			goto full;
		seg->addr = desc_addr(d);
		seg->len = rest;
		in_len += (u32)rest;
		seg++;
		if (!rest_has(rest, VRING_DESC_F_NEXT))
			goto end;
		if (unlikely(++d == stop))
			d = r->desc;
		rest = desc_rest(d);
	}
	/* Readable behind writable, or a table that is not alone. */
	return -EINVAL;
end:
	n = seg - *segs;
	w = (struct walk){ seg, end, in, out_len, in_len };
checked:
	err = walk_end(&w, c, *segs);
	if (unlikely(err))
		return err;
	c->id = (u16)(rest >> DESC_ID_SHIFT) | (u32)n << ID_NDESC_SHIFT;
	*segs = w.seg;
	return n;
full:
	return seg - *segs == num ? -ELOOP : -E2BIG;
}

/**
 * vhx_packed_init - begin to serve a ring
 * @r: ring; its features, areas and @num are set
 * @avail: next descriptor to pop, with VHX_PACKED_WRAP
 * @used: where the next used descriptor is written, with VHX_PACKED_WRAP
 */
void vhx_packed_init(struct vhx_packed *r, u16 avail, u16 used)
{
	r->avail = avail;
	r->seen = 0;
	r->used = used;
	r->next = avail & VHX_PACKED_INDEX;
	r->uncalled = r->num + 1;
	vhx_packed_kick_enable(r);
}

/* In order a buffer is known by its place, and who it is when its turn comes. */
static __always_inline void packed_note(struct vhx_packed *r,
					struct vhx_chain *c, u16 index)
{
	r->slots[index] = (struct vhx_slot){
		.in_len = c->in_len,
		.buf_id = c->id,
		.ndesc = c->id >> ID_NDESC_SHIFT,
	};
	c->id = index;
}

/**
 * vhx_packed_pop - pop a batch of buffers
 * @r: ring
 * @chains: filled, one for each buffer
 * @n: room in @chains
 * @segs: filled; each chain's segments follow those of the chain before
 * @nsegs: room in @segs
 * @rd: reads indirect tables
 *
 * As vhx_ring_pop() has it.
 */
int vhx_packed_pop(struct vhx_packed *r, struct vhx_chain *chains,
		   unsigned int n, struct vhx_seg *segs, unsigned int nsegs,
		   const struct vhx_ring_reader *rd)
{
	const struct vhx_seg *end = segs + nsegs;
	const u16 num = r->num;
	unsigned int popped = 0, i;
	u16 pos = r->avail;
	int took = 0;

	for (i = 0; i < n; i++) {
		u16 index = pos & VHX_PACKED_INDEX;
		const struct vring_packed_desc *d = &r->desc[index];
		struct vhx_chain *c = &chains[i];
		u64 rest;

		rest = desc_rest_acquire(d);
		if (!rest_is_avail(rest, pos))
			break;
		c->pos = pos;
		/* One descriptor alone, as most buffers for packets are. */
		if (!rest_has(rest,
			      VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT) &&
		    segs != end) {
			walk_single(c, segs++, desc_addr(d), rest,
				    rest_has(rest, VRING_DESC_F_WRITE));
			c->id = (u16)(rest >> DESC_ID_SHIFT) |
				1U << ID_NDESC_SHIFT;
			took = 1;
		} else {
			took = walk_chain(r, c, index, rest, &segs, end, rd);
			if (unlikely(took < 0))
				break;
		}
		if (r->slots)
			packed_note(r, c, index);
		popped += took;
		pos = packed_ahead(num, pos, took);
	}
	r->avail = pos;
	r->seen -= min_t(unsigned int, r->seen, popped);
	return i || took >= 0 ? (int)i : took;
}

/**
 * vhx_packed_unpop - give back the buffers that were popped last
 * @r: ring
 * @pos: of the first of them, none of which is completed
 */
void vhx_packed_unpop(struct vhx_packed *r, u16 pos)
{
	int back = (r->avail & VHX_PACKED_INDEX) - (pos & VHX_PACKED_INDEX);

	/* As much as a whole turn: then the index is the same. */
	if ((r->avail ^ pos) & VHX_PACKED_WRAP)
		back += r->num;
	/* Less than nothing was more than a turn, by a driver that lies. */
	if (unlikely(back < 0))
		back = r->num;
	r->avail = pos;
	r->seen = min_t(unsigned int, r->seen + back, r->num);
}

/**
 * vhx_packed_more - is there a buffer that was not yet seen?
 * @r: ring
 */
bool vhx_packed_more(const struct vhx_packed *r)
{
	u16 pos = packed_ahead(r->num, r->avail, r->seen);

	return rest_is_avail(desc_rest(&r->desc[pos & VHX_PACKED_INDEX]), pos);
}

static void packed_set_event(struct vhx_packed *r, u16 off_wrap, u16 flags)
{
	u32 event = off_wrap | (u32)flags << 16;

	WRITE_ONCE(*(__le32 *)r->device, cpu_to_le32(event));
}

/**
 * vhx_packed_kick_disable - tell the driver that it need not kick
 * @r: ring
 */
void vhx_packed_kick_disable(struct vhx_packed *r)
{
	packed_set_event(r, 0, VRING_PACKED_EVENT_FLAG_DISABLE);
}

/**
 * vhx_packed_kick_enable - ask the driver to kick for a buffer not yet seen
 * @r: ring
 *
 * Buffers that were seen and left on the ring, as they did not suffice, need no
 * kick and are not reported again.
 *
 * Return: true if a buffer slipped in, for which the driver may not kick.
 */
bool vhx_packed_kick_enable(struct vhx_packed *r)
{
	if (r->event_idx)
		packed_set_event(r, packed_ahead(r->num, r->avail, r->seen),
				 VRING_PACKED_EVENT_FLAG_DESC);
	else
		packed_set_event(r, 0, VRING_PACKED_EVENT_FLAG_ENABLE);
	/*
	 * Pairs with the driver's barrier between a descriptor's flags and its
	 * look at what was written above: one of the two sides sees the other.
	 */
	smp_mb();
	return vhx_packed_more(r);
}

/* A used descriptor's second half; of the first one only its address is left. */
static __always_inline u64 used_rest(u16 pos, u16 buf_id, u32 len)
{
	u16 flags = pos & VHX_PACKED_WRAP ? DESC_F_AVAIL | DESC_F_USED : 0;

	if (len)
		flags |= VRING_DESC_F_WRITE;
	return len | (u64)buf_id << DESC_ID_SHIFT |
	       (u64)flags << DESC_FLAGS_SHIFT;
}

/**
 * struct batch - used descriptors while they are written
 * @first: where the first one will go, or NULL
 * @rest: what it will say
 */
struct batch {
	u64 *first;
	u64 rest;
};

/* The driver looks at the first one: it is written last. */
static __always_inline void batch_add(struct vhx_packed *r, struct batch *b,
				      u16 pos, u16 buf_id, u32 len)
{
	u64 *to = (u64 *)&r->desc[pos & VHX_PACKED_INDEX].len;
	u64 rest = used_rest(pos, buf_id, len);

	if (!b->first) {
		b->first = to;
		b->rest = rest;
	} else {
		WRITE_ONCE(*to, (__force u64)cpu_to_le64(rest));
	}
}

/*
 * Completions wait for those of the buffers before them. A run of buffers that
 * were used whole is one used descriptor (2.8.14): where the first one's would
 * be, and for the last one.
 */
static noinline void packed_push_in_order(struct vhx_packed *r,
					  struct batch *b,
					  const struct vhx_used *used,
					  unsigned int n)
{
	u16 pos = r->used, run = pos;
	unsigned int i;

	for (i = 0; i < n; i++)
		r->held[used[i].id] = (struct vhx_held){ used[i].len, true };

	while (r->held[r->next].done) {
		const struct vhx_slot *s = &r->slots[r->next];
		struct vhx_held *h = &r->held[r->next];
		unsigned int ndesc = s->ndesc;

		h->done = false;
		r->uncalled += ndesc;
		r->next = packed_ahead(r->num, r->next, ndesc) &
			  VHX_PACKED_INDEX;
		pos = packed_ahead(r->num, pos, ndesc);
		if (h->len == s->in_len && r->held[r->next].done)
			continue;
		batch_add(r, b, run, s->buf_id, h->len);
		run = pos;
	}
	r->used = pos;
}

static __always_inline void packed_push_as_is(struct vhx_packed *r,
					      struct batch *b,
					      const struct vhx_used *used,
					      unsigned int n)
{
	u16 pos = r->used;
	unsigned int i;

	for (i = 0; i < n; i++) {
		unsigned int ndesc = used[i].id >> ID_NDESC_SHIFT;

		batch_add(r, b, pos, used[i].id, used[i].len);
		pos = packed_ahead(r->num, pos, ndesc);
		r->uncalled += ndesc;
	}
	r->used = pos;
}

/**
 * vhx_packed_push - push a batch of completions
 * @r: ring
 * @used: completions
 * @n: how many
 *
 * As vhx_ring_push() has it.
 */
bool vhx_packed_push(struct vhx_packed *r, const struct vhx_used *used,
		     unsigned int n)
{
	struct batch b = {};

	if (r->slots)
		packed_push_in_order(r, &b, used, n);
	else
		packed_push_as_is(r, &b, used, n);
	if (!b.first)
		return false;
	r->uncalled = min_t(unsigned int, r->uncalled, r->num + 1);
	/* Pairs with the driver's barrier behind its look at the flags. */
	smp_store_release(b.first, (__force u64)cpu_to_le64(b.rest));
	return true;
}

/**
 * vhx_packed_need_call - must the driver be told of what was pushed?
 * @r: ring
 *
 * For all that was pushed since the last time it was asked.
 */
bool vhx_packed_need_call(struct vhx_packed *r)
{
	u32 event, uncalled = r->uncalled;
	u16 now = r->used & VHX_PACKED_INDEX, off;

	/*
	 * Pairs with the driver's barrier between the event that it asks for
	 * and its look at the descriptor's flags.
	 */
	smp_mb();
	event = le32_to_cpu(READ_ONCE(*(const __le32 *)r->driver));
	r->uncalled = 0;
	switch (event >> 16) {
	case VRING_PACKED_EVENT_FLAG_DISABLE:
		return false;
	case VRING_PACKED_EVENT_FLAG_DESC:
		if (r->event_idx)
			break;
		fallthrough;
	default:
		return true;
	}
	/* More than a turn ago, or never. */
	if (uncalled > r->num)
		return true;
	off = event & VHX_PACKED_INDEX;
	if ((event ^ r->used) & VHX_PACKED_WRAP)
		off -= r->num;
	return vring_need_event(off, now, now - uncalled);
}
