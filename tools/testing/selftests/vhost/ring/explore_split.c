// SPDX-License-Identifier: GPL-2.0
/*
 * A driver of the split ring (virtio 1.3, 2.7.13 and 2.7.14), like Linux's: it
 * publishes each buffer by itself, but checks once for several of them whether
 * to kick.
 */
#include "explore.h"

static struct vring_desc *desc(void)
{
	return area.desc;
}

static struct vring_avail *avail(void)
{
	return area.driver;
}

static struct vring_used *used(void)
{
	return area.device;
}

static u16 *used_event(void)
{
	return &avail()->ring[config.num];
}

static u16 *avail_event(void)
{
	return (u16 *)&used()->ring[config.num];
}

static void init(struct driver_ring *r)
{
	const u16 base = explore_base();

	r->avail = base;
	r->used = base;
	avail()->idx = base;
	used()->idx = base;
	*used_event() = base;
	*avail_event() = base;
	explore_fields(area.desc, (u8 []){ 8, 4, 2, 2, 0 }, config.num);
	explore_fields(area.driver, (u8 []){ 2, 0 }, 3 + config.num);
	explore_fields(area.device, (u8 []){ 2, 0 }, 2);
	explore_fields(used()->ring, (u8 []){ 4, 0 }, 2 * config.num);
	explore_fields(avail_event(), (u8 []){ 2, 0 }, 1);
}

static void write_desc(u16 at, u64 addr, u32 len, u16 flags, u16 next)
{
	WRITE_ONCE(desc()[at].addr, addr);
	WRITE_ONCE(desc()[at].len, len);
	WRITE_ONCE(desc()[at].flags, flags);
	WRITE_ONCE(desc()[at].next, next);
}

static void add(struct driver_ring *r, unsigned int k, unsigned int n)
{
	u16 head = driver_take_id(r), last = head;

	r->id[k] = head;
	r->ids[k] = 1 << head;
	if (n > 1) {
		last = driver_take_id(r);
		r->ids[k] |= 1 << last;
		write_desc(head, buffer_addr(k) + BUFFER_SECOND, 1,
			   VRING_DESC_F_NEXT, last);
	}
	write_desc(last, buffer_addr(k), buffer_len(k), VRING_DESC_F_WRITE, 0);
	WRITE_ONCE(avail()->ring[r->avail % config.num], head);
	smp_wmb(); /* the entry before the index */
	r->avail++;
	r->num_added++;
	WRITE_ONCE(avail()->idx, r->avail);
}

static bool must_kick(struct driver_ring *r)
{
	u16 new = r->avail, old = new - r->num_added;

	smp_mb(); /* the index before the look at the device's event or flags */
	r->num_added = 0;
	if (config.event_idx)
		return vring_need_event(READ_ONCE(*avail_event()), new, old);
	return !(READ_ONCE(used()->flags) & VRING_USED_F_NO_NOTIFY);
}

static bool get(struct driver_ring *r, u16 *id, u32 *len)
{
	struct vring_used_elem *e = &used()->ring[r->used % config.num];

	if (READ_ONCE(used()->idx) == r->used)
		return false;
	smp_rmb(); /* the index before the entry */
	*id = READ_ONCE(e->id);
	*len = READ_ONCE(e->len);
	return true;
}

static void got(struct driver_ring *r, unsigned int n, unsigned int descs)
{
	r->used += n;
	if (config.event_idx && !r->disabled) {
		WRITE_ONCE(*used_event(), r->used);
		smp_mb(); /* before the next look at the index */
	}
}

static void disable(struct driver_ring *r)
{
	r->disabled = true;
	if (!config.event_idx)
		WRITE_ONCE(avail()->flags, VRING_AVAIL_F_NO_INTERRUPT);
}

static bool enable(struct driver_ring *r)
{
	r->disabled = false;
	if (config.event_idx)
		WRITE_ONCE(*used_event(), r->used);
	else
		WRITE_ONCE(avail()->flags, 0);
	smp_mb(); /* before the look at the index */
	return READ_ONCE(used()->idx) != r->used;
}

const struct driver_ops split_driver = {
	.init = init,
	.add = add,
	.must_kick = must_kick,
	.get = get,
	.got = got,
	.disable = disable,
	.enable = enable,
};
