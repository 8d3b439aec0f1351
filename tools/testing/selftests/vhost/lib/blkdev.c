// SPDX-License-Identifier: GPL-2.0
/*
 * Block devices on null_blk disks, and requests to them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attr.h"
#include "blkdev.h"
#include "pins.h"

#define BLK_MEM		(4 << 20)
#define BLK_ARENA	(2 << 20)

static int open_vduse(struct blkdev *b, const struct blkdev_opts *o,
		      const char **why)
{
	int err = vduse_start(&b->vduse, b->disk.path,
			      o->queues ? o->queues : 1, why);

	snprintf(b->path, sizeof(b->path), "%s", b->vduse.node);
	return err;
}

static int open_instance(struct blkdev *b, const struct blkdev_opts *o)
{
	char queues[16];
	int err;

	err = instance_create(&b->in, "blk", "vhxt_blk");
	if (!err)
		err = instance_set(&b->in, "backend", b->disk.path);
	if (!err && o->queues) {
		snprintf(queues, sizeof(queues), "%u", o->queues);
		err = instance_set(&b->in, "queues", queues);
	}
	if (!err && o->serial)
		err = instance_set(&b->in, "serial", o->serial);
	if (!err && o->read_only)
		err = instance_set(&b->in, "read_only", "1");
	if (!err)
		err = instance_set(&b->in, "memory", pins_memory(o->pinned));
	if (!err)
		err = instance_enable(&b->in);
	snprintf(b->path, sizeof(b->path), "%s", b->in.node);
	return err;
}

static int open_vhost(struct blkdev *b, const struct blkdev_opts *o)
{
	snprintf(b->path, sizeof(b->path), "/dev/vhx-blk");
	if (!node_present(b->path, "vhx_blk"))
		return -ENOENT;
	b->backend = open(b->disk.path, (o->read_only ? O_RDONLY : O_RDWR) |
			  O_CLOEXEC);
	return b->backend < 0 ? -errno : 0;
}

/* Variants are named after these features, so they must be offered. */
#define MUST (BIT_ULL(VIRTIO_RING_F_EVENT_IDX) |			\
	      BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) |			\
	      BIT_ULL(VIRTIO_F_RING_PACKED) | BIT_ULL(VIRTIO_F_IN_ORDER))

/* In the vhost personality ACCESS_PLATFORM needs an IOTLB. */
static __u64 wanted(const struct blkdev *b, const struct blkdev_opts *o,
		    __u64 offered)
{
	__u64 f = o->features & offered;

	if (b->kind == BLK_VHOST && !o->iommu)
		f &= ~BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
	return f;
}

/* The attribute of a vhost node counts for files that are opened after. */
static int open_node(struct blkdev *b, const struct blkdev_opts *o)
{
	const char *attr = "/sys/class/misc/vhx-blk/memory";
	int err, ret;

	if (b->kind != BLK_VHOST)
		return vdev_open(&b->dev, b->path);
	err = attr_write(pins_memory(o->pinned), "%s", attr);
	if (err)
		return err;
	ret = vdev_open(&b->dev, b->path);
	err = attr_write("demand", "%s", attr);
	return ret ? ret : err;
}

int blkdev_open(struct blkdev *b, const struct blkdev_opts *o,
		const char **why)
{
	struct disk_opts disk = o->disk;
	__u64 offered = 0;
	int err = 0;

	*b = (struct blkdev){ .kind = o->kind, .backend = -1 };
	b->dev.fd = -1;
	b->dev.config_call = -1;
	*why = "null_blk";
	if (!disk.mib)
		disk.mib = 64;
	if (o->backend)
		snprintf(b->disk.path, sizeof(b->disk.path), "%s", o->backend);
	else
		err = disk_create(&b->disk, "vhxt_disk", &disk);
	if (err)
		return err;

	*why = "the device";
	switch (o->kind) {
	case BLK_VDUSE:
		err = open_vduse(b, o, why);
		break;
	case BLK_VDPA:
		err = open_instance(b, o);
		break;
	case BLK_VHOST:
		err = open_vhost(b, o);
		break;
	}
	if (!err)
		err = gmem_init(&b->mem, o->mem ? o->mem : BLK_MEM, GMEM_GPA,
				o->nregions ? o->nregions : 1);
	if (!err)
		err = open_node(b, o);
	if (!err)
		err = vdev_ioctl(&b->dev, "GET_FEATURES", VHOST_GET_FEATURES,
				 &offered);
	if (!err && o->features & MUST & ~offered)
		err = -EOPNOTSUPP;
	if (!err)
		err = vdev_make_vqs(&b->dev, &b->mem, wanted(b, o, offered),
				    o->queues ? o->queues : 1,
				    o->num ? o->num : 256);
	if (err) {
		blkdev_close(b);
		return err;
	}
	arena_init(&b->arena, &b->mem, BLK_ARENA);
	/*
	 * The null_blk of Linux 7.2 says that it takes data at any address, but
	 * mixes up blocks of 4 KiB that lie in two pages, whoever reads them.
	 */
	if (disk.block_size > BLK_SECTOR)
		b->arena.align = disk.block_size;
	return 0;
}

int blkdev_start(struct blkdev *b)
{
	int err;

	if (b->kind != BLK_VHOST)
		return vdpa_setup(&b->dev);

	err = vhost_setup(&b->dev);
	return err ? err : vhost_blk_attach(&b->dev, b->backend);
}

int blkdev_stop(struct blkdev *b)
{
	unsigned int i;
	int err;

	if (b->kind != BLK_VHOST)
		return vdpa_stop(&b->dev);

	err = vhost_blk_attach(&b->dev, -1);
	for (i = 0; !err && i < b->dev.nvqs; i++)
		err = vring_get_base(&b->dev, i, &b->dev.vq[i].base);
	return err;
}

int blkdev_resume(struct blkdev *b)
{
	unsigned int i;
	int err = 0;

	if (b->kind != BLK_VHOST) {
		err = vdpa_set_status(&b->dev, VDEV_S_DRIVER);
		return err ? err : vdpa_start(&b->dev);
	}

	for (i = 0; !err && i < b->dev.nvqs; i++)
		err = vring_set_base(&b->dev, i, b->dev.vq[i].base);
	return err ? err : vhost_blk_attach(&b->dev, b->backend);
}

void blkdev_close(struct blkdev *b)
{
	vdev_close(&b->dev);
	gmem_exit(&b->mem);
	if (b->kind == BLK_VDUSE)
		vduse_stop(&b->vduse);
	if (b->kind == BLK_VDPA)
		instance_destroy(&b->in);
	if (b->backend >= 0)
		close(b->backend);
	b->backend = -1;
	disk_destroy(&b->disk);
}

int blk_add(struct blkdev *b, unsigned int q, struct blkreq *r, __u32 token)
{
	const struct virtio_blk_outhdr hdr = {
		.type = r->type,
		.sector = r->sector,
	};
	size_t hdr_len = r->hdr_len < 0 ? 0 :
			 r->hdr_len ? (size_t)r->hdr_len : sizeof(hdr);
	__u8 untouched = BLK_UNTOUCHED;

	chain_init(&r->c, &b->arena);
	chain_add(&r->c, &b->arena, hdr_len + r->out_len, false, r->out_cuts);
	chain_put(&r->c, 0, &hdr, hdr_len);
	chain_put(&r->c, hdr_len, r->out, r->out_len);

	chain_add(&r->c, &b->arena, r->in_len + !r->no_status, true,
		  r->in_cuts);
	if (!r->no_status)
		chain_put(&r->c, hdr_len + r->out_len + r->in_len, &untouched,
			  1);
	return chain_submit(&b->dev.vq[q], &r->c, token);
}

__u8 blk_status(const struct blkreq *r)
{
	__u8 status = BLK_UNTOUCHED;

	if (!r->no_status)
		chain_get(&r->c, chain_len(&r->c, false) + r->in_len, &status,
			  1);
	return status;
}

void blk_data(const struct blkreq *r, void *data)
{
	chain_get(&r->c, chain_len(&r->c, false), data, r->in_len);
}

int blk_do(struct blkdev *b, struct blkreq *r, void *data, __u32 *used)
{
	struct vq *vq = &b->dev.vq[0];
	struct vq_done done;
	int ret;

	ret = blk_add(b, 0, r, 0);
	if (ret)
		return ret;
	vq_kick(vq);
	ret = vq_wait(vq, WAIT_MS);
	if (ret)
		return ret;
	ret = vq_pop(vq, &done);
	if (ret != 1)
		return ret ? ret : -EPROTO;
	if (used)
		*used = done.len;
	if (data)
		blk_data(r, data);
	ret = chain_clean(&r->c) ? blk_status(r) : -EOVERFLOW;
	arena_reset(&b->arena);
	return ret;
}

void blk_pattern(void *buf, size_t len, __u64 seed)
{
	__u64 x = seed * 0x9e3779b97f4a7c15ULL + 0x1234567;
	size_t i, n;

	for (i = 0; i < len; i += n) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		n = len - i < sizeof(x) ? len - i : sizeof(x);
		memcpy((char *)buf + i, &x, n);
	}
}
