// SPDX-License-Identifier: GPL-2.0
/*
 * Writing rings, valid and invalid.
 */
#include <linux/virtio_ring.h>
#include <string.h>

#include "queue.h"

#define AVAIL	(1U << VRING_PACKED_DESC_F_AVAIL)
#define USED	(1U << VRING_PACKED_DESC_F_USED)
#define WRAP	0x8000U

/* The number of indirect tables of a queue, each of CHAIN_MAX entries. */
#define TABLES	8

static void areas_init(struct queue *q, unsigned int num)
{
	q->size[AREA_DESC] = num * sizeof(struct vring_desc);
	if (q->packed) {
		q->size[AREA_DRIVER] = sizeof(struct vring_packed_desc_event);
		q->size[AREA_DEVICE] = sizeof(struct vring_packed_desc_event);
	} else {
		q->size[AREA_DRIVER] = sizeof(struct vring_avail) +
				       (num + 1) * sizeof(__u16);
		q->size[AREA_DEVICE] = sizeof(struct vring_used) +
				       num * sizeof(struct vring_used_elem) +
				       sizeof(__u16);
	}
}

static void *place(struct gmem *mem, struct draw *d, size_t size, size_t align)
{
	gmem_alloc(mem, draw_below(d, 64) * align, align);
	return gmem_alloc(mem, size, align);
}

static struct vring_avail *avail_of(struct queue *q)
{
	return (void *)q->area[AREA_DRIVER];
}

static struct vring_used *used_of(struct queue *q)
{
	return (void *)q->area[AREA_DEVICE];
}

static __u16 *flags_of(struct queue *q, unsigned int desc)
{
	struct vring_packed_desc *ring = (void *)q->area[AREA_DESC];

	return &ring[desc].flags;
}

/* The base is often just before an index wraps. */
void queue_begin(struct queue *q, struct draw *d)
{
	static const __u16 indices[] = { 0, 0, 1, 0x7fff, 0xfff0, 0xffff };
	bool wrap = !draw_one_in(d, 4);

	q->scribbled = false;
	if (!q->packed) {
		q->avail = draw_of(d, indices);
		q->base = q->avail;
		q->desc = 0;
		used_of(q)->idx = q->avail;
		avail_of(q)->idx = q->avail;
		q->used = q->avail;
		return;
	}
	q->desc = draw_one_in(d, 2) ? 0 : draw_below(d, q->num);
	q->first = q->desc;
	q->avail = wrap;
	q->used = wrap;
	q->base = (q->desc | (wrap ? WRAP : 0)) * 0x10001U;
	/* No descriptor is available, whatever the wrap counter. */
	memset(q->area[AREA_DESC], 0, q->size[AREA_DESC]);
	if (!wrap)
		*flags_of(q, q->desc) = AVAIL | USED;
}

void queue_init(struct queue *q, struct gmem *mem, struct draw *d, bool packed,
		__u16 num)
{
	q->packed = packed;
	q->num = num;
	q->mem = mem;
	q->tables = 0;
	q->completed = false;
	areas_init(q, num);
	q->area[AREA_DESC] = place(mem, d, q->size[AREA_DESC], 16);
	q->area[AREA_DRIVER] = place(mem, d, q->size[AREA_DRIVER],
				     packed ? 4 : 2);
	q->area[AREA_DEVICE] = place(mem, d, q->size[AREA_DEVICE], 4);
	q->table = place(mem, d, TABLES * CHAIN_MAX * sizeof(*q->table), 16);
	queue_begin(q, d);
}

/* Write a descriptor. In a packed ring the flags make it available. */
static void put(struct queue *q, void *to, const struct link *l, __u16 flags)
{
	struct vring_packed_desc *p = to;
	struct vring_desc *s = to;

	if (q->packed) {
		p->addr = l->addr;
		p->len = l->len;
		p->id = l->next;
		__atomic_store_n(&p->flags, flags, __ATOMIC_RELEASE);
	} else {
		s->addr = l->addr;
		s->len = l->len;
		s->flags = flags;
		s->next = l->next;
	}
}

static __u64 put_table(struct queue *q, const struct chain *c)
{
	struct link *table = q->table + q->tables++ % TABLES * CHAIN_MAX;
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		struct link l = c->link[i];

		if (!q->packed)
			l.next += i + 1;
		put(q, &table[i], &l, l.flags);
	}
	return gmem_gpa(q->mem, table);
}

static void add_split(struct queue *q, const struct chain *c)
{
	struct vring_desc *ring = (void *)q->area[AREA_DESC];
	__u16 head = q->desc;
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		struct link l = c->link[i];
		__u16 at = q->desc;

		q->desc = (at + 1) % q->num;
		/* If it is not 0, the next is meant to be wrong. */
		l.next += q->desc;
		put(q, &ring[at], &l, l.flags);
	}
	avail_of(q)->ring[q->avail % q->num] = head;
	/* The device reads it with EVENT_IDX only. */
	avail_of(q)->ring[q->num] = q->avail;
	q->avail++;
	__atomic_store_n(&avail_of(q)->idx, q->avail, __ATOMIC_RELEASE);
}

static void add_packed(struct queue *q, const struct chain *c)
{
	struct vring_packed_desc *ring = (void *)q->area[AREA_DESC];
	__u16 head = q->desc, head_flags = 0;
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		const struct link *l = &c->link[i];
		__u16 flags = l->flags ^ (q->avail ? AVAIL : USED);

		if (!i) {
			head_flags = flags;
			/* Not available yet, in this lap or in the next. */
			flags = q->avail ? 0 : AVAIL | USED;
		}
		put(q, &ring[q->desc], l, flags);
		if (++q->desc == q->num) {
			q->desc = 0;
			q->avail = !q->avail;
		}
	}
	__atomic_store_n(flags_of(q, head), head_flags, __ATOMIC_RELEASE);
}

void queue_add(struct queue *q, struct draw *d, const struct chain *c,
	       bool indirect)
{
	static const __u32 odd_lens[] = { 0, 1, 17, 16 * 1024, ~15U };
	struct chain one = { .n = 1 };

	/* Adding a buffer may overwrite what shows that one was used. */
	queue_look(q);
	if (indirect) {
		one.link[0] = (struct link){
			.addr = put_table(q, c),
			.len = c->n * sizeof(struct vring_desc),
			.flags = VRING_DESC_F_INDIRECT,
			.next = c->link[0].next,
		};
		if (draw_one_in(d, 16))
			one.link[0].len = draw_of(d, odd_lens);
		if (draw_one_in(d, 16))
			one.link[0].flags |= draw_below(d, 8);
		c = &one;
	}
	if (q->packed)
		add_packed(q, c);
	else
		add_split(q, c);
}

void queue_jump(struct queue *q, struct draw *d)
{
	const __u16 jumps[] = {
		1, q->num, q->num + 1, 0xffff, -q->num, 0x8000, draw(d),
	};
	unsigned int i, n;

	queue_look(q);
	if (!q->packed) {
		q->avail += draw_of(d, jumps);
		__atomic_store_n(&avail_of(q)->idx, q->avail, __ATOMIC_RELEASE);
		return;
	}
	/* Make some or all available, and perhaps go to another lap. */
	n = draw_one_in(d, 4) ? q->num : draw_below(d, q->num);
	q->scribbled = true;
	for (i = 0; i < n; i++) {
		*flags_of(q, q->desc) ^= draw_one_in(d, 4) ? AVAIL | USED :
					 AVAIL;
		q->desc = (q->desc + 1) % q->num;
	}
	if (draw_one_in(d, 2))
		q->avail = !q->avail;
}

/* Most fields of a ring have sixteen bits. */
static __u16 odd_value(struct queue *q, struct draw *d)
{
	const __u16 values[] = {
		0, 1, 2, 3, 4, 5, 6, 7, q->num - 1, q->num, q->num + 1,
		q->avail, q->avail - 1, q->avail + 1, q->desc, 0x7fff, 0x8000,
		0xffff, AVAIL, USED, AVAIL | USED, AVAIL | VRING_DESC_F_WRITE,
		AVAIL | VRING_DESC_F_NEXT, AVAIL | VRING_DESC_F_INDIRECT,
		USED | VRING_DESC_F_NEXT, draw(d),
	};

	return draw_of(d, values);
}

static void scribble_link(struct link *l, struct queue *q, struct draw *d,
			  struct memory *m)
{
	switch (draw_below(d, 4)) {
	case 0:
		l->addr = memory_odd_gpa(m, d);
		break;
	case 1:
		l->len = odd_value(q, d) << draw_below(d, 17);
		break;
	case 2:
		l->flags = odd_value(q, d);
		break;
	default:
		l->next = odd_value(q, d);
	}
}

/* The most important fields of an area are its first ones. */
static void scribble_area(struct queue *q, enum area which, struct draw *d)
{
	__u32 words = q->size[which] / sizeof(__u16);
	__u16 *at = (__u16 *)q->area[which];

	switch (draw_below(d, 4)) {
	case 0:
		at[words - 1] = odd_value(q, d);
		break;
	case 1:
		at[draw_below(d, words)] = odd_value(q, d);
		break;
	default:
		at[draw_below(d, 2)] = odd_value(q, d);
	}
}

void queue_scribble(struct queue *q, struct draw *d, struct memory *m)
{
	struct link *ring = (struct link *)q->area[AREA_DESC];
	__u32 near = (q->desc + q->num - draw_below(d, 4)) % q->num;

	queue_look(q);
	switch (draw_below(d, 8)) {
	case 0:
		q->scribbled = true;
		scribble_area(q, AREA_DEVICE, d);
		break;
	case 1:
	case 2:
		scribble_area(q, AREA_DRIVER, d);
		break;
	case 3:
	case 4:
		scribble_link(&q->table[draw_below(d, TABLES * CHAIN_MAX)], q,
			      d, m);
		break;
	default:
		if (draw_one_in(d, 3))
			near = draw_below(d, q->num);
		q->scribbled |= q->packed;
		scribble_link(&ring[near], q, d, m);
	}
}

void queue_look(struct queue *q)
{
	__u16 flags;

	if (q->scribbled || !q->mem)
		return;
	if (!q->packed) {
		q->completed |= __atomic_load_n(&used_of(q)->idx,
						__ATOMIC_ACQUIRE) != q->used;
		return;
	}
	flags = __atomic_load_n(flags_of(q, q->first), __ATOMIC_ACQUIRE);
	q->completed |= (flags & (AVAIL | USED)) ==
			(q->used ? AVAIL | USED : 0);
}
