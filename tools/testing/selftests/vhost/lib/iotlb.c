// SPDX-License-Identifier: GPL-2.0
/*
 * A monitor that tells a device where its I/O-virtual addresses are.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "iotlb.h"

int iotlb_miss(struct vdev *d, struct vhost_iotlb_msg *m, int ms)
{
	struct vhost_msg_v2 got, want = { .type = VHOST_IOTLB_MSG_V2 };
	int err = fd_wait(d->fd, POLLIN, ms);
	ssize_t n;

	if (err)
		return err;
	memset(&got, 0xff, sizeof(got));
	n = read(d->fd, &got, sizeof(got));
	if (n < 0)
		return -errno;
	*m = got.iotlb;
	want.iotlb.iova = m->iova;
	want.iotlb.perm = m->perm;
	want.iotlb.type = VHOST_IOTLB_MISS;
	/* All of it, padding too. */
	return n == sizeof(got) &&
	       !memcmp((const void *)&got, (const void *)&want, sizeof(got)) ?
	       0 : -EBADMSG;
}

int iotlb_send(struct vdev *d, __u8 type, __u64 iova, __u64 size,
	       const void *user, __u8 perm)
{
	return vdpa_msg(d, type, iova, size, user, perm);
}

static __u64 page_of(__u64 iova)
{
	return iova & ~(IOTLB_PAGE - 1);
}

int iotlb_map(struct vdev *d, const void *p, size_t len, __u8 perm)
{
	__u64 iova = gmem_gpa(d->mem, p), end = iova + len;
	int err = 0;

	for (iova = page_of(iova); !err && iova < end; iova += IOTLB_PAGE)
		err = iotlb_send(d, VHOST_IOTLB_UPDATE, iova, IOTLB_PAGE,
				 gmem_user(d->mem, iova), perm);
	return err;
}

int iotlb_unmap(struct vdev *d, const void *p, size_t len)
{
	__u64 iova = page_of(gmem_gpa(d->mem, p));
	__u64 end = gmem_gpa(d->mem, p) + len;

	return iotlb_send(d, VHOST_IOTLB_INVALIDATE, iova,
			  page_of(end + IOTLB_PAGE - 1) - iova, NULL, 0);
}

struct area {
	const void *p;
	size_t len;
};

/* The areas of a ring, those of a split one without their events. */
static void ring_areas(const struct vq *vq, struct area area[3])
{
	area[0] = (struct area){ vq->desc, 16 * vq->num };
	area[1] = (struct area){ vq->avail, vq->packed ? 4 :
					    6 + 2 * vq->num };
	area[2] = (struct area){ vq->used, vq->packed ? 4 : 6 + 8 * vq->num };
}

int iotlb_map_ring(struct vdev *d, unsigned int i)
{
	struct area area[3];
	unsigned int k;
	int err = 0;

	ring_areas(&d->vq[i], area);
	for (k = 0; !err && k < 3; k++)
		err = iotlb_map(d, area[k].p, area[k].len, VHOST_ACCESS_RW);
	return err;
}

int iotlb_unmap_ring(struct vdev *d, unsigned int i)
{
	struct area area[3];
	unsigned int k;
	int err = 0;

	ring_areas(&d->vq[i], area);
	for (k = 0; !err && k < 3; k++)
		err = iotlb_unmap(d, area[k].p, area[k].len);
	return err;
}

int iotlb_answer(struct vdev *d, const struct vhost_iotlb_msg *m)
{
	const void *user = gmem_user(d->mem, page_of(m->iova));

	if (!user)
		return -EFAULT;
	return iotlb_send(d, VHOST_IOTLB_UPDATE, page_of(m->iova), IOTLB_PAGE,
			  user, VHOST_ACCESS_RW);
}

int iotlb_serve(struct vdev *d, struct vq *vq, unsigned int n,
		unsigned int *misses)
{
	struct pollfd p[3] = {
		{ .fd = d->fd, .events = POLLIN },
		{ .fd = vq->call, .events = POLLIN },
		{ .fd = vq->err, .events = POLLIN },
	};
	struct vhost_iotlb_msg m = { 0 };
	int err, idle = 0;

	vq_call_enable(vq);
	for (;;) {
		if (vq_ready(vq) >= n)
			return 0;
		/* With an event index there is a call for the first only. */
		if (poll(p, 3, 1) == 0 && idle++ >= WAIT_MS)
			return -ETIMEDOUT;
		if (p[2].revents)
			return -EIO;
		event_take(vq->call);
		if (!p[0].revents)
			continue;
		err = iotlb_miss(d, &m, 0);
		if (!err)
			err = iotlb_answer(d, &m);
		if (err)
			return err;
		if (misses)
			(*misses)++;
	}
}
