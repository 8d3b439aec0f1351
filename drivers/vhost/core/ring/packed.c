// SPDX-License-Identifier: GPL-2.0
/*
 * The packed virtqueue, device side (virtio 1.3, section 2.8): it pops
 * validated descriptor chains, pushes completions and decides which
 * notifications are needed. All that the driver can write is read once and
 * bounded here. Addresses are not looked up here.
 */
#include "packed.h"
#include "walk.h"

/* The second half of a descriptor, read at once: length, buffer id, flags. */
#define DESC_ID_SHIFT		32
#define DESC_FLAGS_SHIFT	48

#define DESC_F_AVAIL		BIT_ULL(VRING_PACKED_DESC_F_AVAIL)
#define DESC_F_USED		BIT_ULL(VRING_PACKED_DESC_F_USED)
#define AVAIL_OR_USED		(DESC_F_AVAIL | DESC_F_USED)
#define NEXT_OR_INDIRECT	(VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT)
#define DESC_FLAGS		(NEXT_OR_INDIRECT | VRING_DESC_F_WRITE)

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

static __always_inline u64 rest_flags(u64 rest)
{
	return rest >> DESC_FLAGS_SHIFT;
}

/* Advances @pos by @n descriptors, no more than the ring has. */
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

/* AVAIL equals the wrap counter in an available descriptor, USED does not. */
static __always_inline u16 avail_flags(u16 pos)
{
	return pos & VHX_PACKED_WRAP ? DESC_F_AVAIL : DESC_F_USED;
}

/* In a used descriptor both equal it. */
static __always_inline u64 used_flags(u16 pos)
{
	return pos & VHX_PACKED_WRAP ? AVAIL_OR_USED << DESC_FLAGS_SHIFT : 0;
}

/*
 * Walks an indirect table, which is in order (2.8.7). Of its flags only WRITE
 * has a meaning, and the driver must not set INDIRECT.
 */
static int walk_indirect(struct walk *walk, u64 table, u32 len,
			 const struct vhx_ring_reader *rd)
{
	struct walk w = *walk;
	struct vring_packed_desc window[INDIRECT_WINDOW];
	const struct vring_packed_desc *d;
	u32 n = len / sizeof(*d), have;
	int err;

	if (!len || len % sizeof(*d) || n > U16_MAX + 1)
		return -EINVAL;

	for (; n; n -= have, table += have * sizeof(*d)) {
		have = min_t(u32, n, INDIRECT_WINDOW);
		err = rd->read(rd, window, table, have * sizeof(*d));
		if (err)
			return err;
		for (d = window; d != window + have; d++) {
			u64 rest = desc_rest(d);

			err = walk_add(&w, desc_addr(d), rest,
				       rest_flags(rest));
			if (unlikely(err))
				return err;
		}
	}
	*walk = w;
	return 0;
}

/*
 * Sets the id of a buffer of @ndesc descriptors, which is returned. @rest is
 * the second half of the last one.
 */
static __always_inline int packed_id(struct vhx_chain *c, u64 rest,
				     unsigned int ndesc)
{
	c->id = (u16)(rest >> DESC_ID_SHIFT) | ndesc << VHX_ID_SHIFT;
	return ndesc;
}

/*
 * Walks a chain that is the indirect table to which the descriptor @d points.
 */
static noinline int walk_table(const struct vhx_packed *r, struct vhx_chain *c,
			       const struct vring_packed_desc *d, u64 rest,
			       struct vhx_seg **segs, const struct vhx_seg *end,
			       const struct vhx_ring_reader *rd)
{
	struct walk w = { .seg = *segs, .limit = end };
	int err;

	if (!r->indirect || rest_flags(rest) & VRING_DESC_F_NEXT)
		return -EINVAL;
	err = walk_indirect(&w, desc_addr(d), rest, rd);
	if (!err)
		err = walk_end(&w, c, *segs);
	if (unlikely(err))
		return err;
	*segs = w.seg;
	return packed_id(c, rest, 1);
}

/*
 * Walks the chain that begins with the descriptor @d, whose second half @rest
 * was read, and advances @segs. For each descriptor it is checked whether there
 * is room, then the flags. Only those of the first one tell that it is
 * available: the driver has written the others before it (2.8.21).
 *
 * Return: how many descriptors of the ring it takes, or a negative errno.
 */
static __always_inline int walk_chain(const struct vhx_packed *r,
				      struct vhx_chain *c,
				      const struct vring_packed_desc *d,
				      u64 rest, struct vhx_seg **segs,
				      const struct vhx_seg *end,
				      const struct vhx_ring_reader *rd)
{
	struct vhx_seg *first = *segs, *seg = first, *in, *behind = first;
	const struct vhx_seg *limit = walk_limit(seg, end, r->num);
	const struct vhx_seg *lap = seg + (&r->desc[r->num] - d);
	u32 flags = rest_flags(rest);
	u64 out_len = 0, in_len = 0;
	unsigned int n;

	if (unlikely(seg == limit))
		goto full;
	/* One check for both: the end of the chain's room, or of the ring. */
	if (lap > limit)
		lap = limit;

	while ((flags & DESC_FLAGS) == VRING_DESC_F_NEXT) {
		out_len += walk_put(seg++, desc_addr(d), rest);
		d++;
		if (unlikely(seg == lap)) {
			if (seg == limit)
				goto full;
			lap = limit;
			d = r->desc;
		}
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
		d++;
		if (unlikely(seg == lap)) {
			if (seg == limit)
				goto full;
			lap = limit;
			d = r->desc;
		}
		rest = desc_rest(d);
		flags = rest_flags(rest);
	}
	if ((flags & DESC_FLAGS) == VRING_DESC_F_WRITE) {
		in_len += walk_put(seg++, desc_addr(d), rest);
		goto end;
	}
	/* Readable behind writable, or a table that is not alone. */
	if (seg != first || !(flags & VRING_DESC_F_INDIRECT))
		return -EINVAL;
	/* Not &seg: that would keep @seg out of a register. */
	n = walk_table(r, c, d, rest, &behind, end, rd);
	*segs = behind;
	return n;
end:
	if (unlikely((out_len | in_len) >> 32))
		return -EINVAL;
	n = seg - first;
	c->nout = in - first;
	c->nin = n - c->nout;
	c->out_len = out_len;
	c->in_len = in_len;
	*segs = seg;
	return packed_id(c, rest, n);
full:
	return seg - first == r->num ? -ELOOP : -E2BIG;
}

/**
 * vhx_packed_init - begin to serve a ring
 * @r: ring; its features, areas and @num are set
 * @pos: the next descriptor to pop, and to use, with VHX_PACKED_WRAP
 */
void vhx_packed_init(struct vhx_packed *r, u16 pos)
{
	r->avail = pos;
	r->seen = 0;
	r->used = pos;
	r->uncalled = r->num + 1;
	vhx_packed_kick_enable(r);
}

/* With IN_ORDER the id tells the place of a buffer, not its size. */
static noinline void packed_note(struct vhx_packed *r, struct vhx_chain *c,
				 const struct vhx_chain *end)
{
	for (; c != end; c++) {
		r->ndesc[c->pos] = c->id >> VHX_ID_SHIFT;
		c->id = (u16)c->id | (u32)c->pos << VHX_ID_SHIFT;
	}
}

/* The number of descriptors from one index to another, 0 if they are equal. */
static unsigned int packed_between(const struct vhx_packed *r, u16 from, u16 to)
{
	int n = (to & VHX_PACKED_INDEX) - (from & VHX_PACKED_INDEX);

	return n < 0 ? n + r->num : n;
}

/* Buffers that were popped again no longer count as given back. */
static noinline void packed_see(struct vhx_packed *r, const struct vhx_chain *c,
				const struct vhx_chain *end)
{
	for (; c != end; c++)
		r->seen -= min_t(u32, r->seen, c->id >> VHX_ID_SHIFT);
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
 * See vhx_ring_pop().
 */
int vhx_packed_pop(struct vhx_packed *r, struct vhx_chain *chains,
		   unsigned int n, struct vhx_seg *segs, unsigned int nsegs,
		   const struct vhx_ring_reader *rd)
{
	const struct vhx_seg *end = segs + nsegs;
	const struct vhx_chain *last = chains + n;
	const unsigned int num = r->num;
	unsigned int index = r->avail & VHX_PACKED_INDEX;
	const struct vring_packed_desc *d = &r->desc[index];
	u64 wrap = r->avail & VHX_PACKED_WRAP, want = avail_flags(wrap);
	struct vhx_chain *c;
	int took = 0;

	for (c = chains; c != last; c++) {
		u64 rest = desc_rest_acquire(d);
		u64 flags = rest_flags(rest);

		c->pos = index;
		/* One descriptor alone, as most buffers for packets are. */
		if (likely((flags & (AVAIL_OR_USED | NEXT_OR_INDIRECT)) ==
			   want) && likely(segs != end)) {
			walk_single(c, segs++, desc_addr(d), rest,
				    flags & VRING_DESC_F_WRITE);
			packed_id(c, rest, 1);
			d++;
			index++;
		} else {
			if ((flags & AVAIL_OR_USED) != want)
				break;
			took = walk_chain(r, c, d, rest, &segs, end, rd);
			if (unlikely(took < 0))
				break;
			d += took;
			index += took;
		}
		if (unlikely(index >= num)) {
			index -= num;
			d -= num;
			wrap ^= VHX_PACKED_WRAP;
			want ^= AVAIL_OR_USED;
		}
	}
	if (r->seen)
		packed_see(r, chains, c);
	if (r->held)
		packed_note(r, chains, c);
	r->avail = index | wrap;
	return c != chains || took >= 0 ? (int)(c - chains) : took;
}

/**
 * vhx_packed_unpop - give back the buffers that were popped last
 * @r: ring
 * @pos: of the first of them, none of which is completed
 */
void vhx_packed_unpop(struct vhx_packed *r, u16 pos)
{
	unsigned int back = packed_between(r, pos, r->avail) ?: r->num;

	/*
	 * @pos is behind the current position, by one turn of the ring at most.
	 */
	if (pos >= (r->avail & VHX_PACKED_INDEX))
		pos |= ~r->avail & VHX_PACKED_WRAP;
	else
		pos |= r->avail & VHX_PACKED_WRAP;
	r->avail = pos;
	/* A driver that lies can have more popped than the ring has entries. */
	r->seen = min_t(unsigned int, r->seen + back, r->num);
}

/**
 * vhx_packed_more - is there a buffer that was not popped before?
 * @r: ring
 */
bool vhx_packed_more(const struct vhx_packed *r)
{
	u16 pos = packed_ahead(r->num, r->avail, r->seen);
	u64 rest = desc_rest(&r->desc[pos & VHX_PACKED_INDEX]);

	return (rest_flags(rest) & AVAIL_OR_USED) ==
	       avail_flags(pos);
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
 * vhx_packed_kick_enable - ask the driver to kick for new buffers
 * @r: ring
 *
 * See vhx_ring_kick_enable().
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

/* The second half of a used descriptor; @flags are shifted already. */
static __always_inline u64 used_rest(u64 flags, u16 buf_id, u32 len)
{
	/* The upper half of -len is all ones unless @len is 0. */
	u64 write = -(u64)len & (u64)VRING_DESC_F_WRITE << DESC_FLAGS_SHIFT;

	return len | (u64)buf_id << DESC_ID_SHIFT | flags | write;
}

static __always_inline void write_used(struct vring_packed_desc *d, u64 rest)
{
	WRITE_ONCE(*(__le64 *)&d->len, cpu_to_le64(rest));
}

/* The driver looks at the first descriptor of a batch: it is written last. */
static __always_inline void write_first_used(struct vring_packed_desc *d,
					     u64 rest)
{
	/* Pairs with the driver's barrier behind its look at the flags. */
	smp_store_release((__le64 *)&d->len, cpu_to_le64(rest));
}

/**
 * struct batch - used descriptors while they are written
 * @r: ring
 * @first: the first of them, which is written last, or NULL
 * @rest: its second half
 * @pos: where the next one goes, with VHX_PACKED_WRAP
 */
struct batch {
	struct vhx_packed *r;
	struct vring_packed_desc *first;
	u64 rest;
	u16 pos;
};

static __always_inline void batch_add(struct batch *b, u16 id, u32 len,
				      unsigned int ndesc)
{
	struct vhx_packed *r = b->r;
	struct vring_packed_desc *d = &r->desc[b->pos & VHX_PACKED_INDEX];
	u64 rest = used_rest(used_flags(b->pos), id, len);

	if (b->first) {
		write_used(d, rest);
	} else {
		b->first = d;
		b->rest = rest;
	}
	r->uncalled += ndesc;
	b->pos = packed_ahead(r->num, b->pos, ndesc);
}

/*
 * Completions wait for those of earlier buffers, and so are where their buffer
 * was. Each gets a used descriptor of its own, as on a split ring.
 */
static noinline bool packed_push_in_order(struct vhx_packed *r,
					  const struct vhx_used *used,
					  unsigned int n)
{
	struct batch b = { .r = r, .pos = r->used };
	const struct vhx_used *u;
	struct vhx_held *h;
	unsigned int i;

	for (u = used; u != used + n; u++) {
		u16 pos = u->id >> VHX_ID_SHIFT, ndesc = r->ndesc[pos];

		if (likely(pos == (b.pos & VHX_PACKED_INDEX)))
			batch_add(&b, u->id, u->len, ndesc);
		else
			r->held[pos] = (struct vhx_held){
				u->len, u->id, ndesc
			};
	}
	for (i = 0; i < VHX_RING_PIECE; i++) {
		h = &r->held[b.pos & VHX_PACKED_INDEX];
		if (!h->ndesc)
			break;
		batch_add(&b, h->id, h->len, h->ndesc);
		h->ndesc = 0;
	}
	if (!b.first)
		return false;
	r->used = b.pos;
	write_first_used(b.first, b.rest);
	return true;
}

static __always_inline void packed_push_as_is(struct vhx_packed *r,
					      const struct vhx_used *used,
					      unsigned int n)
{
	const unsigned int num = r->num;
	const struct vhx_used *u, *last = used + n;
	unsigned int index = r->used & VHX_PACKED_INDEX;
	u16 wrap = r->used & VHX_PACKED_WRAP;
	u64 flags = used_flags(wrap);
	struct vring_packed_desc *first = &r->desc[index], *d = first;
	u64 rest = used_rest(flags, used->id, used->len);

	for (u = used;;) {
		unsigned int ndesc = u->id >> VHX_ID_SHIFT;

		d += ndesc;
		index += ndesc;
		if (unlikely(index >= num)) {
			d -= num;
			index -= num;
			wrap ^= VHX_PACKED_WRAP;
			flags ^= AVAIL_OR_USED << DESC_FLAGS_SHIFT;
		}
		if (++u == last)
			break;
		write_used(d, used_rest(flags, u->id, u->len));
	}
	/* At least one was used, so equal indices mean a whole turn. */
	r->uncalled += packed_between(r, r->used, index) ?: num;
	r->used = index | wrap;
	write_first_used(first, rest);
}

/**
 * vhx_packed_push - push a batch of completions
 * @r: ring
 * @used: completions
 * @n: how many
 *
 * See vhx_ring_push().
 */
bool vhx_packed_push(struct vhx_packed *r, const struct vhx_used *used,
		     unsigned int n)
{
	bool shown = true;

	if (r->held)
		shown = packed_push_in_order(r, used, n);
	else
		packed_push_as_is(r, used, n);
	r->uncalled = min_t(unsigned int, r->uncalled, r->num + 1);
	return shown;
}

/**
 * vhx_packed_waits - is there a completion left whose turn has come?
 * @r: ring
 */
bool vhx_packed_waits(const struct vhx_packed *r)
{
	return r->held && r->held[r->used & VHX_PACKED_INDEX].ndesc;
}

/**
 * vhx_packed_need_call - must the driver be called for what was pushed?
 * @r: ring
 *
 * It covers all that was pushed since it was last asked.
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
	/* The last call was more than a turn ago, or there was none. */
	if (uncalled > r->num)
		return true;
	off = event & VHX_PACKED_INDEX;
	if ((event ^ r->used) & VHX_PACKED_WRAP)
		off -= r->num;
	return vring_need_event(off, now, now - uncalled);
}
