// SPDX-License-Identifier: GPL-2.0
/*
 * A driver of the packed ring (virtio 1.3, 2.8.21 and 2.8.22), like Linux's,
 * but without the barrier between the event's offset and its flags: the full
 * barrier after both suffices.
 */
#include "explore.h"

#define AVAIL(wrap) ((wrap) << VRING_PACKED_DESC_F_AVAIL)
#define USED(wrap) ((wrap) << VRING_PACKED_DESC_F_USED)

static struct vring_packed_desc *desc(void)
{
	return area.desc;
}

static struct vring_packed_desc_event *event(void)
{
	return area.driver;
}

static u16 position(u16 index, bool wrap)
{
	return index | wrap << VRING_PACKED_EVENT_F_WRAP_CTR;
}

static void init(struct driver_ring *r)
{
	const u16 base = explore_base();
	unsigned int i;

	r->avail = base & VHX_PACKED_INDEX;
	r->used = r->avail;
	r->avail_wrap = base & VHX_PACKED_WRAP;
	r->used_wrap = r->avail_wrap;
	/* All descriptors are used, those before the base in this turn. */
	for (i = 0; i < config.num; i++) {
		bool wrap = i < r->avail ? r->avail_wrap : !r->avail_wrap;

		desc()[i].flags = AVAIL(wrap) | USED(wrap);
	}
	event()->off_wrap = base;
	event()->flags = config.event_idx ? VRING_PACKED_EVENT_FLAG_DESC :
					     VRING_PACKED_EVENT_FLAG_ENABLE;
	explore_fields(area.desc, (u8 []){ 8, 4, 2, 2, 0 }, config.num);
	explore_fields(area.driver, (u8 []){ 2, 0 }, 2);
	explore_fields(area.device, (u8 []){ 2, 0 }, 2);
}

static void step(u16 *index, bool *wrap, unsigned int n)
{
	*index += n;
	if (*index >= config.num) {
		*index -= config.num;
		*wrap = !*wrap;
	}
}

/* Writes the next descriptor but for its flags, which are returned. */
static u16 write_desc(struct driver_ring *r, unsigned int k, bool first)
{
	struct vring_packed_desc *d = &desc()[r->avail];
	u16 flags = AVAIL(r->avail_wrap) | USED(!r->avail_wrap);

	WRITE_ONCE(d->addr, buffer_addr(k) + (first ? BUFFER_SECOND : 0));
	WRITE_ONCE(d->len, first ? 1 : buffer_len(k));
	WRITE_ONCE(d->id, r->id[k]);
	step(&r->avail, &r->avail_wrap, 1);
	return flags | (first ? VRING_DESC_F_NEXT : VRING_DESC_F_WRITE);
}

static void add(struct driver_ring *r, unsigned int k, unsigned int n)
{
	u16 head = r->avail, last, flags;

	r->id[k] = driver_take_id(r);
	r->ids[k] = 1 << r->id[k];
	r->num_added += n;
	flags = write_desc(r, k, n > 1);
	if (n > 1) {
		last = r->avail;
		WRITE_ONCE(desc()[last].flags, write_desc(r, k, false));
	}
	smp_wmb(); /* the flags of the first descriptor come last */
	WRITE_ONCE(desc()[head].flags, flags);
}

static bool must_kick(struct driver_ring *r)
{
	u16 new = r->avail, old = new - r->num_added, at, flags;
	u32 wanted;

	smp_mb(); /* the flags before the look at the device's event */
	r->num_added = 0;
	wanted = READ_ONCE(*(u32 *)area.device);
	flags = wanted >> 16;
	if (flags != VRING_PACKED_EVENT_FLAG_DESC)
		return flags != VRING_PACKED_EVENT_FLAG_DISABLE;
	at = wanted & VHX_PACKED_INDEX;
	if (!!(wanted & VHX_PACKED_WRAP) != r->avail_wrap)
		at -= config.num;
	return vring_need_event(at, new, old);
}

static bool is_used(const struct driver_ring *r)
{
	u16 flags = READ_ONCE(desc()[r->used].flags);

	return (flags & (AVAIL(1) | USED(1))) ==
	       (AVAIL(r->used_wrap) | USED(r->used_wrap));
}

static bool get(struct driver_ring *r, u16 *id, u32 *len)
{
	if (!is_used(r))
		return false;
	smp_rmb(); /* the flags before the rest */
	*id = READ_ONCE(desc()[r->used].id);
	*len = READ_ONCE(desc()[r->used].len);
	return true;
}

static void got(struct driver_ring *r, unsigned int n, unsigned int descs)
{
	step(&r->used, &r->used_wrap, descs);
	if (config.event_idx && !r->disabled) {
		WRITE_ONCE(event()->off_wrap, position(r->used, r->used_wrap));
		smp_mb(); /* before the next look at the flags */
	}
}

static void disable(struct driver_ring *r)
{
	r->disabled = true;
	WRITE_ONCE(event()->flags, VRING_PACKED_EVENT_FLAG_DISABLE);
}

static bool enable(struct driver_ring *r)
{
	r->disabled = false;
	if (config.event_idx) {
		WRITE_ONCE(event()->off_wrap, position(r->used, r->used_wrap));
		WRITE_ONCE(event()->flags, VRING_PACKED_EVENT_FLAG_DESC);
	} else {
		WRITE_ONCE(event()->flags, VRING_PACKED_EVENT_FLAG_ENABLE);
	}
	smp_mb(); /* before the look at the flags */
	return is_used(r);
}

const struct driver_ops packed_driver = {
	.init = init,
	.add = add,
	.must_kick = must_kick,
	.get = get,
	.got = got,
	.disable = disable,
	.enable = enable,
};
