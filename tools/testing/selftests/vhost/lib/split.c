// SPDX-License-Identifier: GPL-2.0
/*
 * The parts of the split virtqueue driver that do not run per buffer.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "split.h"

int vq_init(struct vq *vq, struct gmem *mem, __u16 num, unsigned int flags)
{
	size_t n = num;

	*vq = (struct vq){
		.num = num,
		.mem = mem,
		.event_idx = flags & VQ_EVENT_IDX,
		.slot = calloc(n, sizeof(*vq->slot)),
		.kick = event_new(),
		.call = event_new(),
		.err = event_new(),
	};
	if (!vq->slot || vq->kick < 0 || vq->call < 0 || vq->err < 0)
		return -ENOMEM;

	/* The two bytes more are the event index. */
	vq->desc = gmem_alloc_region(mem, n * sizeof(*vq->desc),
				     VRING_DESC_ALIGN_SIZE);
	vq->avail = gmem_alloc_region(mem, sizeof(*vq->avail) + 2 * n + 2,
				      VRING_AVAIL_ALIGN_SIZE);
	vq->used = gmem_alloc_region(mem, sizeof(*vq->used) +
				     n * sizeof(struct vring_used_elem) + 2,
				     VRING_USED_ALIGN_SIZE);
	if (flags & VQ_INDIRECT) {
		vq->table_len = VQ_TABLE_LEN;
		vq->table = gmem_alloc(mem, n * VQ_TABLE_LEN *
				       sizeof(*vq->table), 16);
		vq->table_gpa = gmem_gpa(mem, vq->table);
	}
	vq_reset(vq, 0);
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

void vq_reset(struct vq *vq, __u16 base)
{
	unsigned int i;

	memset(vq->slot, 0, vq->num * sizeof(*vq->slot));
	memset(vq->desc, 0, vq->num * sizeof(*vq->desc));
	for (i = 0; i < vq->num; i++)
		vq->desc[i].next = i + 1;

	vq->free = 0;
	vq->num_free = vq->num;
	vq->avail_idx = base;
	vq->kicked_idx = base;
	vq->used_idx = base;
	vq->base = base;
	vq->avail->flags = 0;
	vq->avail->idx = base;
	vq->used->flags = 0;
	vq->used->idx = base;
	*vq_used_event(vq) = base;
	*vq_avail_event(vq) = base;
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
