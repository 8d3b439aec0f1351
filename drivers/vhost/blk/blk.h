/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio-blk: the disk, its requests, and how their I/O is done.
 */
#ifndef _VHX_BLK_H
#define _VHX_BLK_H

#include <linux/blkdev.h>
#include <linux/virtio_blk.h>
#include <linux/workqueue.h>
#include <vhx/instance.h>
#include <vhx/queue.h>

/* Limits in the configuration space. They bind a driver that accepts them. */
#define VHX_BLK_SEG_MAX	254
#define VHX_BLK_SIZE_MAX	SZ_1M
#define VHX_BLK_MAX_QUEUES	16
#define VHX_BLK_DEF_SERIAL	"vhx"

/* A request with more data than this is done in pieces of this size. */
#define VHX_BLK_PIECE_MAX	SZ_16M

/* Bytes that the copies of a queue's unaligned data may take. */
#define VHX_BLK_BOUNCE_MAX	SZ_16M

/* Requests of a queue in flight at most; more of them wait on the ring. */
#define VHX_BLK_REQS_MAX	1024

/* A request with no more segments than this allocates no memory. */
#define VHX_BLK_INLINE_VECS	17

/**
 * struct vhx_blk_disk - what a device reads from and writes to
 * @file: the open block device
 * @bdev: the block device
 * @read_only: writes are refused; they also are while @bdev is read-only
 * @may_block: the driver may sleep when it is given a request
 * @serial: the answer to GET_ID, zero-padded
 */
struct vhx_blk_disk {
	struct file *file;
	struct block_device *bdev;
	bool read_only;
	bool may_block;
	char serial[VIRTIO_BLK_ID_BYTES];
};

/**
 * struct vhx_blk_bounce - a copy of data that is not aligned for the disk
 * @len: bytes
 * @n: pages
 * @vecs: the pages
 */
struct vhx_blk_bounce {
	u32 len;
	unsigned int n;
	struct bio_vec vecs[];
};

/**
 * struct vhx_blk_req - a request in flight, or a piece of one
 * @free: links unused requests of the queue
 * @prepared: links requests that vq_run() has prepared for vq_submit()
 * @vq: its queue
 * @disk: the queue's disk
 * @id: of the buffer
 * @status: VIRTIO_BLK_S_OK, or the error
 * @write: data goes to the disk
 * @is_piece: a piece of a larger request: @vq's &struct vhx_blk_large gets the
 *	result; it has no buffer and no status byte
 * @held: its memory is the device's pinned memory, held until it is done; if
 *	not, the pages of its data and its status are pinned for it
 * @hold: of vhx_vq_hold_mem(), if @held
 * @in_place: the disk was given the guest's pages to write to
 * @written: bytes that the device writes if it succeeds, status included
 * @sector: first sector
 * @len: bytes of data
 * @status_at: the status byte, in a pinned page
 * @vecs: the guest's data pages
 * @nvecs: how many segments they are
 * @bounce: the copy that the disk uses in place of @vecs, or NULL
 * @log: a piece's record for the dirty log, or NULL
 * @work: completes the request if that may sleep
 * @bio: does the I/O
 * @inline_vecs: room for @vecs of a small request
 */
struct vhx_blk_req {
	union {
		struct llist_node free;
		struct list_head prepared;
	};
	struct vhx_vq *vq;
	struct vhx_blk_disk *disk;
	u32 id;
	u8 status;
	bool write;
	bool is_piece;
	bool held;
	unsigned int hold;
	bool in_place;
	u32 written;
	sector_t sector;
	u32 len;
	u8 *status_at;
	struct bio_vec *vecs;
	unsigned int nvecs;
	struct vhx_blk_bounce *bounce;
	struct vhx_log_record *log;
	struct work_struct work;
	struct bio bio;
	struct bio_vec inline_vecs[VHX_BLK_INLINE_VECS];
};

/**
 * struct vhx_blk_large - how far the request at the head of the ring is
 * @done: bytes that are done, if it is larger than VHX_BLK_PIECE_MAX
 * @status: VIRTIO_BLK_S_OK, or the error of the last piece
 * @busy: a piece is in flight; other fields are its completion's until then
 * @used: there was a piece since the queue started
 * @idle: woken when @busy becomes false
 */
struct vhx_blk_large {
	u32 done;
	u8 status;
	bool busy;
	bool used;
	wait_queue_head_t idle;
};

/**
 * struct vhx_blk_vq - a queue's private data
 * @disk: the device's disk
 * @reqs: its requests
 * @local: unused ones; the worker's
 * @free: unused ones that were completed since; any context adds
 * @prepared: requests for vq_submit(), in order; the worker's
 * @waiting: the worker waits for a request or for memory of copies
 * @bounced: bytes of the copies that exist, VHX_BLK_BOUNCE_MAX at most
 * @large: the request that is done in pieces
 */
struct vhx_blk_vq {
	struct vhx_blk_disk *disk;
	struct vhx_blk_req *reqs;
	struct llist_node *local;
	struct llist_head free;
	struct list_head prepared;
	bool waiting;
	atomic_t bounced;
	struct vhx_blk_large large;
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
int vhx_blk_disk_open(struct vhx_blk_disk *disk, struct file *file,
		      bool read_only);
void vhx_blk_disk_close(struct vhx_blk_disk *disk);
u64 vhx_blk_disk_features(const struct vhx_blk_disk *disk);
void vhx_blk_disk_config(const struct vhx_blk_disk *disk, struct vhx_dev *dev,
			 struct virtio_blk_config *config);

/* command.c */
enum vhx_verdict vhx_blk_vq_run(struct vhx_vq *vq);

/* request.c */
int vhx_blk_vq_start(struct vhx_vq *vq);
void vhx_blk_vq_stopped(struct vhx_vq *vq);
void vhx_blk_vq_submit(struct vhx_vq *vq);
void vhx_blk_vq_set_waiting(struct vhx_blk_vq *bvq);
struct vhx_blk_req *vhx_blk_req_get(struct vhx_vq *vq, bool pinned);
void vhx_blk_req_free(struct vhx_blk_req *req);
void vhx_blk_req_prepared(struct vhx_blk_req *req);
void vhx_blk_req_done(struct vhx_blk_req *req);

/* status.c */
int vhx_blk_status_put(const struct iov_iter *in, u8 status);
int vhx_blk_status_hold(struct vhx_blk_req *req, const struct iov_iter *in);
bool vhx_blk_status_is_dirty(const struct vhx_blk_req *req);
void vhx_blk_status_write(struct vhx_blk_req *req, bool set_dirty);

/* bdev.c */
bool vhx_blk_bdev_takes(const struct vhx_blk_disk *disk,
			const struct iov_iter *data, unsigned int *nvecs);
void vhx_blk_bdev_rw(struct vhx_blk_req *req);
void vhx_blk_bdev_flush(struct vhx_blk_req *req);
void vhx_blk_bdev_submit(struct vhx_blk_req *req);

/* pages.c */
bool vhx_blk_next_piece(struct iov_iter *it, struct iovec *piece);
bool vhx_blk_next_vec(struct iov_iter *it, struct bio_vec *vec);
void vhx_blk_page_set_dirty(struct page *page);
int vhx_blk_pages_pin(struct vhx_blk_req *req, const struct iov_iter *data,
		      unsigned int nvecs);
bool vhx_blk_pages_are_dirty(const struct vhx_blk_req *req);
void vhx_blk_pages_release(struct vhx_blk_req *req, bool set_dirty);

/* bounce.c */
int vhx_blk_bounce_init(struct vhx_blk_req *req, struct iov_iter *data,
			unsigned int nvecs);
void vhx_blk_bounce_finish(struct vhx_blk_req *req);

/* cache.c */
bool vhx_blk_cache_holds(const struct vhx_blk_req *req);
void vhx_blk_cache_prepare(const struct vhx_blk_req *req);
void vhx_blk_cache_invalidate(const struct vhx_blk_req *req);

/* configfs.c */
int vhx_blk_configfs_init(const struct vhx_backend_ops *ops);
void vhx_blk_configfs_exit(void);
struct vhx_blk_disk *vhx_blk_instance_disk(struct vhx_instance *inst);

#endif /* _VHX_BLK_H */
