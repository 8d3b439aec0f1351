/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A block device on a null_blk, ready to run: over the vdpa personality as an
 * instance of vhx, over the vhost personality as /dev/vhx-blk, or, for
 * reference, QEMU's vduse-blk behind the in-tree vhost-vdpa.
 */
#ifndef VHXT_BLKDEV_H
#define VHXT_BLKDEV_H

#include <linux/virtio_blk.h>
#include <stdbool.h>

#include "chain.h"
#include "disk.h"
#include "instance.h"
#include "vdev.h"
#include "vduse.h"

#define BLK_SECTOR	512

/* The personality, or the reference. */
enum blk_kind {
	BLK_VDUSE,
	BLK_VDPA,
	BLK_VHOST,
};

#define BLK_PLAIN	(BIT_ULL(VIRTIO_F_VERSION_1) | \
			 BIT_ULL(VIRTIO_F_ACCESS_PLATFORM))
#define BLK_EVENT	(BLK_PLAIN | BIT_ULL(VIRTIO_RING_F_EVENT_IDX))
#define BLK_INDIRECT	(BLK_EVENT | BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC))

/**
 * struct blkdev_opts - how to run it
 * @kind: the personality
 * @features: to negotiate, as far as they are offered
 * @pinned: guest memory is pinned, see RING_PINNED()
 * @iommu: BLK_VHOST: with VIRTIO_F_ACCESS_PLATFORM, see iotlb.h
 * @queues: 0 for 1
 * @num: entries of a queue, 0 for 256
 * @nregions: of guest memory, 0 for 1
 * @mem: bytes of guest memory, 0 for 4 MiB
 * @backend: the block device to use in place of a null_blk
 * @read_only: an instance that is
 * @serial: serial number of the instance, NULL for the default
 * @disk: the null_blk below, of 64 MiB if no size is set
 */
struct blkdev_opts {
	enum blk_kind kind;
	__u64 features;
	bool pinned;
	bool iommu;
	unsigned int queues;
	unsigned int num;
	unsigned int nregions;
	size_t mem;
	const char *backend;
	bool read_only;
	const char *serial;
	struct disk_opts disk;
};

/**
 * struct blkdev - a running device
 * @kind: the personality
 * @disk: its disk, for the view from the host
 * @in: the instance
 * @vduse: the export
 * @backend: the open disk (BLK_VHOST)
 * @path: the node
 * @mem: guest memory
 * @dev: the device
 * @arena: for requests
 */
struct blkdev {
	enum blk_kind kind;
	struct disk disk;
	struct instance in;
	struct vduse vduse;
	int backend;
	char path[INSTANCE_NAME_MAX + 16];
	struct gmem mem;
	struct vdev dev;
	struct arena arena;
};

/**
 * struct blkreq - a request
 * @type: VIRTIO_BLK_T_*
 * @sector: in units of 512 bytes
 * @out: data to the device, after the header
 * @out_len: its bytes
 * @in_len: bytes from the device, before the status
 * @hdr_len: bytes of the header, 0 for all 16; -1 for none
 * @no_status: there is no status byte
 * @out_cuts: how the readable part is cut; see chain_add()
 * @in_cuts: how the writable part is cut
 * @c: the chain
 */
struct blkreq {
	__u32 type;
	__u64 sector;
	const void *out;
	size_t out_len;
	size_t in_len;
	int hdr_len;
	bool no_status;
	const size_t *out_cuts;
	const size_t *in_cuts;
	struct chain c;
};

/* The status byte before the device writes it. */
#define BLK_UNTOUCHED	0xee

/*
 * Make the disk, open the device and make its queues, but do not set it up. 0;
 * -ENODEV if something for BLK_VDUSE is missing; or -errno. @why says what.
 */
int blkdev_open(struct blkdev *b, const struct blkdev_opts *o,
		const char **why);

/* Set it up and start it. 0 or -errno; b->dev.what names the step. */
int blkdev_start(struct blkdev *b);

/*
 * Stop all queues in the way of the personality and store their bases in them.
 * blkdev_resume() goes on from there.
 */
int blkdev_stop(struct blkdev *b);
int blkdev_resume(struct blkdev *b);

void blkdev_close(struct blkdev *b);

/* Build the chain of @r in the arena, and add it to queue @q. No kick. */
int blk_add(struct blkdev *b, unsigned int q, struct blkreq *r, __u32 token);

/* The status that the device wrote, and the data before it. */
__u8 blk_status(const struct blkreq *r);
void blk_data(const struct blkreq *r, void *data);

/*
 * Do a request, the only one on queue 0, and empty the arena. Its status, or
 * -errno. @used gets the length that the device says it wrote.
 */
int blk_do(struct blkdev *b, struct blkreq *r, void *data, __u32 *used);

/* Fill @buf with a pattern that differs for each @seed. */
void blk_pattern(void *buf, size_t len, __u64 seed);

#endif /* VHXT_BLKDEV_H */
