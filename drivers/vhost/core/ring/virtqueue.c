// SPDX-License-Identifier: GPL-2.0
/*
 * A virtqueue of either format: how it begins.
 */
#include "virtqueue.h"

/* A place within the ring. */
static bool base_ok(const struct vhx_ring_config *c, u16 pos)
{
	return (pos & VHX_PACKED_INDEX) < c->num;
}

static int init_packed(struct vhx_packed *p, const struct vhx_ring_config *c)
{
	u16 avail = c->base, used = c->base >> 16;

	if (!base_ok(c, avail) || !base_ok(c, used))
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
		.slots = c->slots,
		.held = c->held,
	};
	vhx_packed_init(p, avail, used);
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
		.slots = c->slots,
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
 * The split format's used index goes on from what is in the ring, as the driver
 * knows it.
 *
 * Return: 0 or -EINVAL if the number of entries, the base, or where the driver
 * area is, can't be.
 */
int vhx_ring_init(struct vhx_ring *r, const struct vhx_ring_config *c)
{
	/* Neither side writes what the other does. */
	static_assert(offsetof(struct vhx_split, used_idx) -
		      offsetof(struct vhx_split, avail_idx) >= SMP_CACHE_BYTES);
	static_assert(offsetof(struct vhx_packed, used) -
		      offsetof(struct vhx_packed, avail) >= SMP_CACHE_BYTES);

	if (!c->num || c->num > VHX_RING_MAX)
		return -EINVAL;
	r->packed = c->packed;
	return c->packed ? init_packed(&r->p, c) : init_split(&r->s, c);
}
