/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio-blk: the disk, its requests, and the ways to do their I/O.
 */
#ifndef _VHX_BLK_H
#define _VHX_BLK_H

#include <linux/blkdev.h>
#include <linux/virtio_blk.h>
#include <linux/workqueue.h>
#include <vhx/vhx.h>

/* Limits that the configuration space tells the driver. */
#define BLK_SEG_MAX	254
#define BLK_SIZE_MAX	SZ_1M
/* What the driver may ask for within them. */
#define BLK_REQ_MAX	(BLK_SEG_MAX * BLK_SIZE_MAX)
#define BLK_MAX_QUEUES	16
#define BLK_DEF_SERIAL	"vhx"

/*
 * Bytes that the copies of a queue's unaligned data may take: a driver that
 * keeps to the block size needs none.
 */
#define BLK_BOUNCE_MAX	SZ_16M

/* Requests of this many pages need no memory of their own. */
#define BLK_INLINE_PAGES 17

/**
 * struct blk_disk - what a device reads from and writes to
 * @file: the open block device
 * @bdev: the block device
 * @read_only: writes are refused
 * @serial: what GET_ID answers, zero-padded
 */
struct blk_disk {
	struct file *file;
	struct block_device *bdev;
	bool read_only;
	char serial[VIRTIO_BLK_ID_BYTES];
};

/**
 * struct blk_req - a request in flight
 * @free: links unused requests of the queue
 * @vq: its queue
 * @id: of the buffer
 * @written: bytes that a successful request writes, status included
 * @status: VIRTIO_BLK_S_OK, or what went wrong first
 * @write: data goes to the disk
 * @pending: bios that are not done, plus one while they are being submitted
 * @status_page: where the status byte is, pinned
 * @status_off: and at which offset
 * @pages: data pages, pinned, or the bounce buffer's
 * @npages: how many
 * @inline_pages: room for @pages of a small request
 * @bounce: kernel copy of data that the disk can't take from where it is, or
 *	NULL
 * @bounce_len: bytes of it, which count in its queue's @bounced, 0 if none is
 *	needed
 * @bounce_to: where data that was read goes
 * @bounce_iov: and the pieces that this consists of
 * @work: finishes, in the worker, what can't be finished in interrupt context
 * @orphan: does so if the owner and with it the worker was killed
 * @bio: the first or only bio
 * @bvecs: its pages
 */
struct blk_req {
	struct llist_node free;
	struct vhx_vq *vq;
	u32 id;
	u8 status;
	bool write;
	u32 written;
	atomic_t pending;
	struct page *status_page;
	unsigned int status_off;
	struct page **pages;
	unsigned int npages;
	struct page *inline_pages[BLK_INLINE_PAGES];
	void *bounce;
	u32 bounce_len;
	struct iov_iter bounce_to;
	const void *bounce_iov;
	struct vhx_work work;
	struct work_struct orphan;
	struct bio bio;
	struct bio_vec bvecs[BLK_INLINE_PAGES];
};

/**
 * struct blk_vq - a queue's private data
 * @reqs: one request for each entry of the ring
 * @local: unused requests; the worker's
 * @free: requests that were completed since; any context adds
 * @bounced: bytes of the copies that exist, BLK_BOUNCE_MAX at most
 */
struct blk_vq {
	struct blk_req *reqs;
	struct llist_node *local;
	struct llist_head free;
	atomic_t bounced;
};

/**
 * struct blk_dev - a device's private data
 * @disk: where I/O goes, NULL while nothing is attached
 * @own: @disk of a device that has no instance
 */
struct blk_dev {
	struct blk_disk *disk;
	struct blk_disk own;
};

/* main.c */
extern struct workqueue_struct *blk_wq;

/* disk.c */
int blk_disk_open(struct blk_disk *disk, struct file *file, bool read_only);
void blk_disk_close(struct blk_disk *disk);
u64 blk_disk_features(const struct blk_disk *disk);
void blk_disk_config(const struct blk_disk *disk, struct vhx_dev *dev,
		     struct virtio_blk_config *config);

/* request.c */
int blk_vq_start(struct vhx_vq *vq);
void blk_vq_stopped(struct vhx_vq *vq);
enum vhx_verdict blk_vq_run(struct vhx_vq *vq);
void blk_req_done(struct blk_req *req);

/* bdev.c */
bool blk_bdev_in_place(const struct blk_disk *disk,
		       const struct iov_iter *data);
void blk_bdev_rw(struct blk_req *req, struct blk_disk *disk, sector_t sector,
		 struct iov_iter *data);
void blk_bdev_flush(struct blk_req *req, struct blk_disk *disk);
bool blk_bdev_release(struct blk_req *req, bool may_sleep);

/* configfs.c */
int blk_configfs_init(const struct vhx_backend_ops *ops);
void blk_configfs_exit(void);
struct blk_disk *blk_instance_disk(struct vhx_instance *inst);

#endif /* _VHX_BLK_H */
