// SPDX-License-Identifier: GPL-2.0
/*
 * Requests: what the driver asks for (virtio 1.3, 5.2.6), checked and handed to
 * the disk, and how it is answered. A wrong request gets its status and the
 * queue goes on.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "blk.h"

/* Requests that are popped at once, and served before others have a turn. */
#define VHX_BLK_BATCH	16
#define VHX_BLK_BUDGET	256

/**
 * struct blk_cmd - a request as it was popped
 * @vq: its queue
 * @buf: its buffer
 * @status: user address of the status byte
 * @data_out: what the driver sends beside the header
 * @data_in: room for what it wants
 * @type: VIRTIO_BLK_T_
 * @sector: first sector
 */
struct blk_cmd {
	struct vhx_vq *vq;
	const struct vhx_buf *buf;
	u8 __user *status;
	struct iov_iter data_out;
	struct iov_iter data_in;
	u32 type;
	u64 sector;
};

static struct vhx_blk_disk *cmd_disk(const struct blk_cmd *cmd)
{
	struct vhx_blk_dev *bd = vhx_dev_priv(vhx_vq_dev(cmd->vq));

	return bd->disk;
}

/* The answer to a request that needs no I/O. */
static int cmd_reply(struct blk_cmd *cmd, u8 status, u32 written)
{
	if (put_user(status, cmd->status))
		return -EFAULT;
	vhx_vq_push(cmd->vq, cmd->buf->id, written);
	return 0;
}

/* Any context. The request is free for another before the driver knows. */
static void req_complete(struct vhx_blk_req *req)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(req->vq);
	u32 len = req->status == VIRTIO_BLK_S_OK ? req->written : 1;
	struct vhx_vq *vq = req->vq;
	u32 id = req->id;

	llist_add(&req->free, &bvq->free);
	vhx_vq_push(vq, id, len);
}

/* The status byte; false if its page must be marked dirty, which may sleep. */
static bool req_put_status(struct vhx_blk_req *req, bool may_sleep)
{
	struct page *page = req->status_page;
	bool dirty = folio_test_dirty(page_folio(page));

	if (!dirty && !may_sleep)
		return false;
	*((u8 *)page_address(page) + req->status_off) = req->status;
	if (dirty)
		unpin_user_page(page);
	else
		unpin_user_pages_dirty_lock(&page, 1, true);
	return true;
}

static void req_finish(struct vhx_blk_req *req)
{
	vhx_blk_bdev_release(req, true);
	req_put_status(req, true);
	req_complete(req);
}

static void req_finish_work(struct vhx_work *work)
{
	req_finish(container_of(work, struct vhx_blk_req, work));
}

static void req_finish_orphan(struct work_struct *work)
{
	req_finish(container_of(work, struct vhx_blk_req, orphan));
}

/**
 * vhx_blk_req_done - the disk is done with a request
 * @req: request, with its status
 *
 * Context: any.
 */
void vhx_blk_req_done(struct vhx_blk_req *req)
{
	if (vhx_blk_bdev_release(req, false) && req_put_status(req, false))
		req_complete(req);
	else if (!vhx_vq_work_queue(req->vq, &req->work))
		queue_work(vhx_blk_wq, &req->orphan);
}

static struct vhx_blk_req *req_get(struct vhx_blk_vq *bvq)
{
	struct llist_node *node = bvq->local;

	if (!node)
		node = llist_del_all(&bvq->free);
	if (!node)
		return NULL;
	bvq->local = node->next;
	return container_of(node, struct vhx_blk_req, free);
}

static void req_put(struct vhx_blk_vq *bvq, struct vhx_blk_req *req)
{
	req->free.next = bvq->local;
	bvq->local = &req->free;
}

/* A request in flight holds the page in which it will be answered. */
static int req_pin_status(struct vhx_blk_req *req, u8 __user *status)
{
	unsigned long addr = (unsigned long)status;
	struct folio *folio;

	if (pin_user_pages_fast(addr & PAGE_MASK, 1, FOLL_WRITE,
				&req->status_page) != 1)
		return -EFAULT;
	req->status_off = offset_in_page(addr);
	folio = page_folio(req->status_page);
	if (!folio_test_dirty(folio)) {
		folio_lock(folio);
		folio_mark_dirty(folio);
		folio_unlock(folio);
	}
	return 0;
}

static struct vhx_blk_req *cmd_to_req(struct blk_cmd *cmd, u32 written)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(cmd->vq);
	struct vhx_blk_req *req = req_get(bvq);
	int err;

	/* More buffers than the ring has entries: they can't all be its own. */
	if (!req)
		return ERR_PTR(-ENOBUFS);
	err = req_pin_status(req, cmd->status);
	if (err) {
		req_put(bvq, req);
		return ERR_PTR(err);
	}
	req->vq = cmd->vq;
	req->id = cmd->buf->id;
	req->written = written;
	req->status = VIRTIO_BLK_S_OK;
	return req;
}

static bool range_ok(const struct vhx_blk_disk *disk, u64 sector, u32 len)
{
	u64 capacity = bdev_nr_sectors(disk->bdev);
	u32 block = bdev_logical_block_size(disk->bdev);

	return len && len <= VHX_BLK_REQ_MAX && IS_ALIGNED(len, block) &&
	       IS_ALIGNED(sector, block >> SECTOR_SHIFT) &&
	       sector <= capacity && len >> SECTOR_SHIFT <= capacity - sector;
}

/* -EAGAIN if it must wait until other requests are done. */
static int cmd_rw(struct blk_cmd *cmd, bool write)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(cmd->vq);
	struct iov_iter *data = write ? &cmd->data_out : &cmd->data_in;
	struct iov_iter *none = write ? &cmd->data_in : &cmd->data_out;
	struct vhx_blk_disk *disk = cmd_disk(cmd);
	u32 len = iov_iter_count(data), copy = 0;
	struct vhx_blk_req *req;

	if (iov_iter_count(none) || (write && disk->read_only) ||
	    !range_ok(disk, cmd->sector, len))
		return cmd_reply(cmd, VIRTIO_BLK_S_IOERR, 1);

	if (unlikely(!vhx_blk_bdev_in_place(disk, data))) {
		copy = len;
		if (copy > VHX_BLK_BOUNCE_MAX)
			return cmd_reply(cmd, VIRTIO_BLK_S_IOERR, 1);
		/* Only the worker adds. */
		if (atomic_read(&bvq->bounced) > VHX_BLK_BOUNCE_MAX - copy)
			return -EAGAIN;
	}
	req = cmd_to_req(cmd, write ? 1 : len + 1);
	if (IS_ERR(req))
		return PTR_ERR(req);
	req->write = write;
	req->bounce_len = copy;
	if (unlikely(copy))
		atomic_add(copy, &bvq->bounced);
	vhx_blk_bdev_rw(req, disk, cmd->sector, data);
	return 0;
}

static int cmd_flush(struct blk_cmd *cmd)
{
	struct vhx_blk_req *req = cmd_to_req(cmd, 1);

	if (IS_ERR(req))
		return PTR_ERR(req);
	vhx_blk_bdev_flush(req, cmd_disk(cmd));
	return 0;
}

static int cmd_get_id(struct blk_cmd *cmd)
{
	struct vhx_blk_disk *disk = cmd_disk(cmd);

	if (iov_iter_count(&cmd->data_in) < sizeof(disk->serial))
		return cmd_reply(cmd, VIRTIO_BLK_S_IOERR, 1);
	if (copy_to_iter(disk->serial, sizeof(disk->serial), &cmd->data_in) !=
	    sizeof(disk->serial))
		return -EFAULT;
	return cmd_reply(cmd, VIRTIO_BLK_S_OK, cmd->buf->in_len);
}

/*
 * Header, data and status in whatever pieces the driver chose (2.7.4.3): the
 * header is the first of what the device reads, the status the last byte of
 * what it writes. -ENODATA if there is no header.
 */
static int cmd_parse(struct blk_cmd *cmd)
{
	const struct vhx_buf *buf = cmd->buf;
	const struct iovec *in = buf->iov + buf->nout;
	struct virtio_blk_outhdr hdr;

	cmd->status = in[buf->nin - 1].iov_base + in[buf->nin - 1].iov_len - 1;
	iov_iter_init(&cmd->data_in, ITER_DEST, in, buf->nin, buf->in_len - 1);
	iov_iter_init(&cmd->data_out, ITER_SOURCE, buf->iov, buf->nout,
		      buf->out_len);
	if (buf->out_len < sizeof(hdr))
		return -ENODATA;
	if (!copy_from_iter_full(&hdr, sizeof(hdr), &cmd->data_out))
		return -EFAULT;
	cmd->type = le32_to_cpu((__force __le32)hdr.type);
	cmd->sector = le64_to_cpu((__force __le64)hdr.sector);
	return 0;
}

static int blk_handle(struct vhx_vq *vq, const struct vhx_buf *buf)
{
	struct blk_cmd cmd = { .vq = vq, .buf = buf };
	int err;

	/* Without room for a status there is nothing to say. */
	if (!buf->in_len) {
		vhx_vq_push(vq, buf->id, 0);
		return 0;
	}
	err = cmd_parse(&cmd);
	if (err == -ENODATA)
		return cmd_reply(&cmd, VIRTIO_BLK_S_IOERR, 1);
	if (err)
		return err;

	switch (cmd.type) {
	case VIRTIO_BLK_T_IN:
		return cmd_rw(&cmd, false);
	case VIRTIO_BLK_T_OUT:
		return cmd_rw(&cmd, true);
	case VIRTIO_BLK_T_FLUSH:
		return cmd_flush(&cmd);
	case VIRTIO_BLK_T_GET_ID:
		return cmd_get_id(&cmd);
	default:
		return cmd_reply(&cmd, VIRTIO_BLK_S_UNSUPP, 1);
	}
}

static enum vhx_verdict serve(struct vhx_vq *vq)
{
	struct vhx_buf bufs[VHX_BLK_BATCH];
	unsigned int served;
	int got, i, err;

	for (served = 0; served < VHX_BLK_BUDGET; served += got) {
		got = vhx_vq_pop(vq, bufs, VHX_BLK_BATCH);
		if (got <= 0)
			return VHX_DRAINED;
		for (i = 0; i < got; i++) {
			err = blk_handle(vq, &bufs[i]);
			if (unlikely(err)) {
				vhx_vq_unpop(vq, &bufs[i]);
				if (err != -EAGAIN)
					vhx_vq_fail(vq, err, "request");
				return VHX_WAIT;
			}
		}
	}
	return VHX_AGAIN;
}

/**
 * vhx_blk_vq_run - serve a queue
 * @vq: queue
 */
enum vhx_verdict vhx_blk_vq_run(struct vhx_vq *vq)
{
	enum vhx_verdict verdict;
	struct blk_plug plug;

	blk_start_plug(&plug);
	verdict = serve(vq);
	blk_finish_plug(&plug);
	return verdict;
}

/**
 * vhx_blk_vq_start - make a queue's requests
 * @vq: queue
 *
 * Return: 0, -ENOMEM, or -ENXIO if nothing is attached.
 */
int vhx_blk_vq_start(struct vhx_vq *vq)
{
	struct vhx_blk_dev *bd = vhx_dev_priv(vhx_vq_dev(vq));
	struct vhx_blk_vq *bvq = vhx_vq_priv(vq);
	unsigned int i, n = vhx_vq_num(vq);

	if (!bd->disk)
		return -ENXIO;
	bvq->reqs = kvcalloc(n, sizeof(*bvq->reqs), GFP_KERNEL_ACCOUNT);
	if (!bvq->reqs)
		return -ENOMEM;
	init_llist_head(&bvq->free);
	atomic_set(&bvq->bounced, 0);
	bvq->local = NULL;
	for (i = 0; i < n; i++) {
		struct vhx_blk_req *req = &bvq->reqs[i];

		vhx_work_init(&req->work, req_finish_work);
		INIT_WORK(&req->orphan, req_finish_orphan);
		req_put(bvq, req);
	}
	return 0;
}

/**
 * vhx_blk_vq_stopped - free them
 * @vq: queue; nothing is in flight
 */
void vhx_blk_vq_stopped(struct vhx_vq *vq)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(vq);

	kvfree(bvq->reqs);
	bvq->reqs = NULL;
}
