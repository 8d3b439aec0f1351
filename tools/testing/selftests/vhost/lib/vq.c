// SPDX-License-Identifier: GPL-2.0
/*
 * The parts of the virtqueue driver that do not run per buffer.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vq.h"

/* The two additional bytes of either area are the event index. */
static void alloc_split(struct vq *vq, size_t num)
{
	vq->desc = gmem_alloc_region(vq->mem, num * sizeof(*vq->desc),
				     VRING_DESC_ALIGN_SIZE);
	vq->avail = gmem_alloc_region(vq->mem, sizeof(*vq->avail) +
				      2 * num + 2, VRING_AVAIL_ALIGN_SIZE);
	vq->used = gmem_alloc_region(vq->mem, sizeof(*vq->used) +
				     num * sizeof(struct vring_used_elem) + 2,
				     VRING_USED_ALIGN_SIZE);
}

static void alloc_packed(struct vq *vq, size_t num)
{
	vq->ring = gmem_alloc_region(vq->mem, num * sizeof(*vq->ring), 16);
	vq->driver = gmem_alloc_region(vq->mem, sizeof(*vq->driver), 4);
	vq->device = gmem_alloc_region(vq->mem, sizeof(*vq->device), 4);
}

int vq_init(struct vq *vq, struct gmem *mem, __u16 num, unsigned int flags)
{
	size_t n = num;

	*vq = (struct vq){
		.num = num,
		.mem = mem,
		.packed = flags & VQ_PACKED,
		.event_idx = flags & VQ_EVENT_IDX,
		.in_order = flags & VQ_IN_ORDER,
		.slot = calloc(n, sizeof(*vq->slot)),
		.kick = event_new(),
		.call = event_new(),
		.err = event_new(),
	};
	if (!vq->slot || vq->kick < 0 || vq->call < 0 || vq->err < 0)
		return -ENOMEM;

	if (vq->packed)
		alloc_packed(vq, n);
	else
		alloc_split(vq, n);
	if (flags & VQ_INDIRECT) {
		vq->table_len = VQ_TABLE_LEN;
		vq->table = gmem_alloc(mem, n * VQ_TABLE_LEN *
				       sizeof(*vq->table), 16);
		vq->table_gpa = gmem_gpa(mem, vq->table);
	}
	vq_reset(vq, vq_base_after(vq, 0));
	return 0;
}

void vq_exit(struct vq *vq)
{
	if (!vq->slot)
		return;
	free(vq->slot);
	close(vq->kick);
	close(vq->call);
	close(vq->err);
	memset(vq, 0, sizeof(*vq));
}

static void reset_split(struct vq *vq, __u16 base)
{
	unsigned int i;

	memset(vq->desc, 0, vq->num * sizeof(*vq->desc));
	for (i = 0; i < vq->num; i++) {
		vq->desc[i].next = (i + 1) & (vq->num - 1);
		/* An entry that the device did not write is invalid. */
		vq->used->ring[i].id = ~0U;
	}
	vq->free = 0;
	vq->avail_idx = base;
	vq->used_idx = base;
	vq->kicked = base;
	vq->avail->flags = 0;
	vq->avail->idx = base;
	vq->used->flags = 0;
	vq->used->idx = base;
	*split_used_event(vq) = base;
	*split_avail_event(vq) = base;
}

/*
 * As if all buffers before @base had been used: descriptors before it belong to
 * this lap, the others to the lap before. Slots are taken from the last one
 * down, so that they differ from positions.
 */
static void reset_packed(struct vq *vq, __u16 base)
{
	const __u16 pos = base & ~PACKED_WRAP;
	const bool wrap = base & PACKED_WRAP;
	unsigned int i;

	memset(vq->ring, 0, vq->num * sizeof(*vq->ring));
	for (i = 0; i < vq->num; i++) {
		vq->ring[i].flags = (i < pos) == wrap ?
				    PACKED_AVAIL | PACKED_USED : 0;
		vq->slot[i].last = i - 1;
	}
	vq->free = vq->num - 1;
	vq->avail_pos = pos;
	vq->avail_flags = wrap ? PACKED_AVAIL : PACKED_USED;
	vq->used_wrap = wrap;
	vq->avail_idx = 0;
	vq->used_idx = 0;
	vq->added = 0;
	vq->kicked = 0;
	vq->held = false;
	memset(vq->driver, 0, sizeof(*vq->driver));
	memset(vq->device, 0, sizeof(*vq->device));
}

void vq_reset(struct vq *vq, __u32 base)
{
	memset(vq->slot, 0, vq->num * sizeof(*vq->slot));
	vq->num_free = vq->num;
	vq->used_pos = vq->packed ? base & ~PACKED_WRAP & 0xffff : 0;
	vq->batch = 0;
	vq->bad = false;
	vq->base = base;
	if (vq->packed)
		reset_packed(vq, (__u16)base);
	else
		reset_split(vq, (__u16)base);
}

/* A packed base: the available half and the used half, which are equal. */
static __u32 base_at(__u16 pos, bool wrap)
{
	return packed_at(pos, wrap) * 0x10001U;
}

__u32 vq_base_after(const struct vq *vq, unsigned int n)
{
	if (!vq->packed)
		return n & 0xffff;
	return base_at(n % vq->num, !(n / vq->num & 1));
}

/* Go on to the position after the buffer in @slot. */
static void step(const struct vq *vq, __u16 slot, __u16 *pos, bool *wrap)
{
	unsigned int next = *pos + vq->slot[slot].ndesc;

	if (next >= vq->num) {
		next -= vq->num;
		*wrap = !*wrap;
	}
	*pos = (__u16)next;
}

/* The slot of the buffer that is used at @pos; -1 if there is none. */
static int used_slot(const struct vq *vq, __u16 pos, bool wrap)
{
	const struct vring_packed_desc *d = &vq->ring[pos];
	__u16 slot;

	if (!packed_is_used(__atomic_load_n(&d->flags, __ATOMIC_ACQUIRE),
			    wrap))
		return -1;
	slot = packed_slot(d->id);
	return slot < vq->num && vq->slot[slot].ndesc ? slot : -1;
}

/* Count the used buffers of a packed ring without taking them. */
static unsigned int walk(const struct vq *vq, __u16 *pos, bool *wrap)
{
	unsigned int n, end = vq->batch;
	int slot = 0;

	*pos = vq->used_pos;
	*wrap = vq->used_wrap;
	for (n = 0; n < vq_in_flight(vq); n++) {
		if (n >= end) {
			slot = used_slot(vq, *pos, *wrap);
			if (slot < 0)
				break;
			end = vq->in_order ? vring_run(vq, slot) : n + 1;
		}
		step(vq, vq->in_order ? *pos : slot, pos, wrap);
	}
	return n;
}

unsigned int vq_ready(const struct vq *vq)
{
	__u16 pos;
	bool wrap;

	return vq->packed ? walk(vq, &pos, &wrap) : split_used(vq);
}

__u32 vq_ready_base(const struct vq *vq)
{
	__u16 pos;
	bool wrap;

	if (!vq->packed)
		return (__u16)(vq->used_idx + split_used(vq));
	walk(vq, &pos, &wrap);
	return base_at(pos, wrap);
}

void vq_call_after(struct vq *vq, unsigned int n)
{
	unsigned int pos = vq->used_pos + n - 1;
	bool wrap = vq->used_wrap;

	if (!vq->packed) {
		__atomic_store_n(split_used_event(vq), vq->used_idx + n - 1,
				 __ATOMIC_RELAXED);
	} else {
		if (pos >= vq->num) {
			pos -= vq->num;
			wrap = !wrap;
		}
		__atomic_store_n(&vq->driver->off_wrap, packed_at(pos, wrap),
				 __ATOMIC_RELAXED);
		__atomic_store_n(&vq->driver->flags,
				 VRING_PACKED_EVENT_FLAG_DESC,
				 __ATOMIC_RELEASE);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

int vq_wait(struct vq *vq, int ms)
{
	for (;;) {
		struct pollfd p[2] = {
			{ .fd = vq->call, .events = POLLIN },
			{ .fd = vq->err, .events = POLLIN },
		};
		int n;

		vq_call_enable(vq);
		if (vq_more_used(vq))
			return 0;

		n = poll(p, 2, ms);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			return -ETIMEDOUT;
		if (n > 0 && (p[0].revents & POLLIN))
			event_take(vq->call);
		else if (n > 0 && (p[1].revents & POLLIN))
			return -EIO;
	}
}

struct ready {
	const struct vq *vq;
	unsigned int n;
};

static bool ready_reached(void *arg)
{
	const struct ready *r = arg;

	return vq_ready(r->vq) >= r->n;
}

int vq_wait_ready(const struct vq *vq, unsigned int n, int ms)
{
	struct ready r = { vq, n };

	return cond_wait(ready_reached, &r, ms);
}
