// SPDX-License-Identifier: GPL-2.0
/*
 * Devices behind an IOMMU.
 */
#include <errno.h>
#include <string.h>

#include "rig.h"

#define FRAME	300

static int prepare_net(struct rig *r, const struct rig_opts *o)
{
	const struct netdev_opts no = {
		.path = o->module ? "/dev/vhost-net" : "/dev/vhx-net",
		.module = o->module,
		.features = o->features | NET_PLAIN |
			    BIT_ULL(VIRTIO_F_ACCESS_PLATFORM),
		.num = 64,
	};

	r->d = &r->n.dev;
	r->q = TX;
	if (!netdev_present(&no))
		return -ENODEV;
	return netdev_prepare(&r->n, &no);
}

static int prepare_blk(struct rig *r, const struct rig_opts *o)
{
	const struct blkdev_opts bo = {
		.kind = BLK_VHOST,
		.features = o->features | BLK_PLAIN,
		.iommu = true,
		.queues = 2,
		.num = 128,
	};
	const char *why;
	int err;

	r->d = &r->b.dev;
	r->q = 0;
	err = blkdev_open(&r->b, &bo, &why);
	return err ? err : vhost_setup(&r->b.dev);
}

int rig_attach(struct rig *r, bool on)
{
	if (r->o->is_net)
		return vhost_net_attach_all(r->d, on ? r->n.tap.fd : -1);
	return vhost_blk_attach(r->d, on ? r->b.backend : -1);
}

int rig_start(struct rig *r, const struct rig_opts *o)
{
	unsigned int i;
	int err;

	r->o = o;
	err = o->is_net ? prepare_net(r, o) : prepare_blk(r, o);
	if (err)
		return err;
	r->vq = &r->d->vq[r->q];
	r->slot = gmem_alloc(r->d->mem, 2 * RIG_SLOTS * IOTLB_PAGE,
			     IOTLB_PAGE);
	memset(r->slot, 0, 2 * RIG_SLOTS * IOTLB_PAGE);
	for (i = 0; !err && o->module && i < r->d->nvqs; i++)
		err = iotlb_map(r->d, r->d->vq[i].used, 1, VHOST_ACCESS_RW);
	return err ? err : rig_attach(r, true);
}

void rig_stop(struct rig *r)
{
	if (!r->d)
		return;
	if (r->o->is_net)
		netdev_stop(&r->n);
	else
		blkdev_close(&r->b);
}

char *rig_page(struct rig *r, unsigned int slot, unsigned int k)
{
	return r->slot + (2 * slot + k) * IOTLB_PAGE;
}

int rig_map_rings(struct rig *r)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < r->d->nvqs; i++)
		err = iotlb_map_ring(r->d, i);
	return err;
}

int rig_map(struct rig *r, unsigned int slot)
{
	return iotlb_map(r->d, rig_page(r, slot, 0), 2 * IOTLB_PAGE,
			 VHOST_ACCESS_RW);
}

static int add(struct rig *r, const struct vq_seg *seg, unsigned int n,
	       __u32 token)
{
	return r->indirect ? vq_add_indirect(r->vq, seg, n, token) :
			     vq_add(r->vq, seg, n, token);
}

static int add_frame(struct rig *r, unsigned int slot, __u32 seed)
{
	char *p = rig_page(r, slot, 1);
	const struct vq_seg seg = {
		gmem_gpa(r->d->mem, p), r->n.hlen + FRAME, false,
	};

	memset(p, 0, r->n.hlen);
	frame_make(p + r->n.hlen, FRAME, seed);
	return add(r, &seg, 1, slot);
}

/* The header at the start of the first page, the status behind it. */
#define STATUS	64

static int add_write(struct rig *r, unsigned int slot, __u32 seed)
{
	char *p = rig_page(r, slot, 0), *data = rig_page(r, slot, 1);
	struct virtio_blk_outhdr *hdr = (struct virtio_blk_outhdr *)p;
	const struct vq_seg seg[3] = {
		{ gmem_gpa(r->d->mem, p), sizeof(*hdr), false },
		{ gmem_gpa(r->d->mem, data), BLK_SECTOR, false },
		{ gmem_gpa(r->d->mem, p + STATUS), 1, true },
	};

	*hdr = (struct virtio_blk_outhdr){
		.type = VIRTIO_BLK_T_OUT, .sector = slot,
	};
	p[STATUS] = (char)BLK_UNTOUCHED;
	blk_pattern(data, BLK_SECTOR, seed);
	return add(r, seg, 3, slot);
}

int rig_add(struct rig *r, unsigned int slot, __u32 seed)
{
	return r->o->is_net ? add_frame(r, slot, seed) :
			      add_write(r, slot, seed);
}

int rig_check(struct rig *r, unsigned int slot, __u32 seed)
{
	static char got[BLK_SECTOR], want[BLK_SECTOR];
	int err;

	if (r->o->is_net) {
		frame_make(want, FRAME, seed);
		return netdev_expect(&r->n, want, FRAME, NULL);
	}
	if (rig_page(r, slot, 0)[STATUS] != VIRTIO_BLK_S_OK)
		return -EREMOTEIO;
	blk_pattern(want, BLK_SECTOR, seed);
	err = disk_read(&r->b.disk, slot * BLK_SECTOR, got, BLK_SECTOR);
	if (err)
		return err;
	return memcmp(got, want, BLK_SECTOR) ? -EBADMSG : 0;
}

int rig_take(struct rig *r, unsigned int n)
{
	struct vq_done done;

	while (n--)
		if (vq_pop(r->vq, &done) != 1)
			return -EPROTO;
	return 0;
}

int rig_do(struct rig *r, unsigned int slot, __u32 seed, unsigned int *misses)
{
	int err = rig_add(r, slot, seed);

	if (err)
		return err;
	vq_kick(r->vq);
	err = iotlb_serve(r->d, r->vq, 1, misses);
	if (!err)
		err = rig_take(r, 1);
	return err ? err : rig_check(r, slot, seed);
}
