// SPDX-License-Identifier: GPL-2.0
/*
 * A virtqueue of either format: its initialisation.
 */
#include "virtqueue.h"

static int init_packed(struct vhx_packed *p, const struct vhx_ring_config *c)
{
	u16 avail = c->base, used = c->base >> 16;

	if ((avail & VHX_PACKED_INDEX) >= c->num || (used && used != avail))
		return -EINVAL;
	/* Its two halves are read at once. */
	if ((uintptr_t)c->driver % sizeof(*p->driver))
		return -EINVAL;
	*p = (struct vhx_packed){
		.num = c->num,
		.event_idx = c->event_idx,
		.indirect = c->indirect,
		.desc = c->desc,
		.driver = c->driver,
		.device = c->device,
		.ndesc = c->ndesc,
		.held = c->held,
	};
	vhx_packed_init(p, avail);
	return 0;
}

static int init_split(struct vhx_split *s, const struct vhx_ring_config *c)
{
	if (c->num & (c->num - 1) || c->base > U16_MAX)
		return -EINVAL;
	*s = (struct vhx_split){
		.num = c->num,
		.event_idx = c->event_idx,
		.indirect = c->indirect,
		.notify_on_empty = c->notify_on_empty,
		.desc = c->desc,
		.avail = c->driver,
		.used = c->device,
		.held = c->held,
	};
	vhx_split_init(s, c->base);
	return 0;
}

/**
 * vhx_ring_init - begin to serve a ring
 * @r: set up
 * @c: what it is made of
 *
 * The split format's used index continues from the one in the ring, which the
 * driver knows.
 *
 * Return: 0 or -EINVAL if the number of entries, the base or the alignment of
 * the driver area is invalid.
 */
int vhx_ring_init(struct vhx_ring *r, const struct vhx_ring_config *c)
{
	/* The two sides never write to the same cache line. */
	static_assert(offsetof(struct vhx_split, used_idx) -
		      offsetof(struct vhx_split, avail_idx) >= SMP_CACHE_BYTES);
	static_assert(offsetof(struct vhx_packed, used) -
		      offsetof(struct vhx_packed, avail) >= SMP_CACHE_BYTES);

	if (!c->num || c->num > VHX_RING_MAX)
		return -EINVAL;
	r->packed = c->packed;
	return c->packed ? init_packed(&r->p, c) : init_split(&r->s, c);
}
