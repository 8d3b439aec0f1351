/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio-blk: the disk, its requests, and the ways to do their I/O.
 */
#ifndef _VHX_BLK_H
#define _VHX_BLK_H

#include <linux/blkdev.h>
#include <linux/virtio_blk.h>
#include <linux/workqueue.h>
#include <vhx/instance.h>
#include <vhx/queue.h>

/* Limits that the configuration space tells the driver. */
#define VHX_BLK_SEG_MAX	254
#define VHX_BLK_SIZE_MAX	SZ_1M
/* What the driver may ask for within them. */
#define VHX_BLK_REQ_MAX	(VHX_BLK_SEG_MAX * VHX_BLK_SIZE_MAX)
#define VHX_BLK_MAX_QUEUES	16
#define VHX_BLK_DEF_SERIAL	"vhx"

/*
 * Bytes that the copies of a queue's unaligned data may take: a driver that
 * keeps to the block size needs none.
 */
#define VHX_BLK_BOUNCE_MAX	SZ_16M

/* Requests of this many pages need no memory of their own. */
#define VHX_BLK_INLINE_PAGES 17

/**
 * struct vhx_blk_disk - what a device reads from and writes to
 * @file: the open block device
 * @bdev: the block device
 * @read_only: writes are refused
 * @serial: what GET_ID answers, zero-padded
 */
struct vhx_blk_disk {
	struct file *file;
	struct block_device *bdev;
	bool read_only;
	char serial[VIRTIO_BLK_ID_BYTES];
};

/**
 * struct vhx_blk_req - a request in flight
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
struct vhx_blk_req {
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
	struct page *inline_pages[VHX_BLK_INLINE_PAGES];
	void *bounce;
	u32 bounce_len;
	struct iov_iter bounce_to;
	const void *bounce_iov;
	struct vhx_work work;
	struct work_struct orphan;
	struct bio bio;
	struct bio_vec bvecs[VHX_BLK_INLINE_PAGES];
};

/**
 * struct vhx_blk_vq - a queue's private data
 * @reqs: one request for each entry of the ring
 * @local: unused requests; the worker's
 * @free: requests that were completed since; any context adds
 * @bounced: bytes of the copies that exist, VHX_BLK_BOUNCE_MAX at most
 */
struct vhx_blk_vq {
	struct vhx_blk_req *reqs;
	struct llist_node *local;
	struct llist_head free;
	atomic_t bounced;
};

/**
 * struct vhx_blk_dev - a device's private data
 * @disk: where I/O goes, NULL while nothing is attached
 * @own: @disk of a device that has no instance
 */
struct vhx_blk_dev {
	struct vhx_blk_disk *disk;
	struct vhx_blk_disk own;
};

/* main.c */
extern struct workqueue_struct *vhx_blk_wq;

/* disk.c */
int vhx_blk_disk_open(struct vhx_blk_disk *disk, struct file *file, bool read_only);
void vhx_blk_disk_close(struct vhx_blk_disk *disk);
u64 vhx_blk_disk_features(const struct vhx_blk_disk *disk);
void vhx_blk_disk_config(const struct vhx_blk_disk *disk, struct vhx_dev *dev,
		     struct virtio_blk_config *config);

/* request.c */
int vhx_blk_vq_start(struct vhx_vq *vq);
void vhx_blk_vq_stopped(struct vhx_vq *vq);
enum vhx_verdict vhx_blk_vq_run(struct vhx_vq *vq);
void vhx_blk_req_done(struct vhx_blk_req *req);

/* bdev.c */
bool vhx_blk_bdev_in_place(const struct vhx_blk_disk *disk,
		       const struct iov_iter *data);
void vhx_blk_bdev_rw(struct vhx_blk_req *req, struct vhx_blk_disk *disk, sector_t sector,
		 struct iov_iter *data);
void vhx_blk_bdev_flush(struct vhx_blk_req *req, struct vhx_blk_disk *disk);
bool vhx_blk_bdev_release(struct vhx_blk_req *req, bool may_sleep);

/* configfs.c */
int vhx_blk_configfs_init(const struct vhx_backend_ops *ops);
void vhx_blk_configfs_exit(void);
struct vhx_blk_disk *vhx_blk_instance_disk(struct vhx_instance *inst);

#endif /* _VHX_BLK_H */
