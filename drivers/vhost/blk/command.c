// SPDX-License-Identifier: GPL-2.0
/*
 * What the driver asks for (virtio 1.3, 5.2.6). Buffers are popped and checked,
 * and either answered at once or made requests that are ready to be submitted.
 * An invalid one gets its status, and the queue goes on.
 */
#include "blk.h"

/* Buffers that are popped at once, and that a run handles before it submits. */
#define BATCH	16
#define RUN	32

/**
 * struct blk_cmd - a command as it was popped
 * @vq: its queue
 * @disk: the queue's disk
 * @buf: its buffer
 * @data_out: what the driver sends beside the header
 * @data_in: room for what it wants
 * @type: VIRTIO_BLK_T_
 * @sector: first sector
 */
struct blk_cmd {
	struct vhx_vq *vq;
	struct vhx_blk_disk *disk;
	const struct vhx_buf *buf;
	struct iov_iter data_out;
	struct iov_iter data_in;
	u32 type;
	u64 sector;
};

/* Answers a command that needs no I/O. @data bytes of data were written. */
static int cmd_reply(struct blk_cmd *cmd, u8 status, u32 data, u32 written)
{
	if (vhx_blk_status_put(&cmd->buf->in, status))
		return -EFAULT;
	vhx_vq_log_ends(cmd->vq, cmd->buf->id, data, 1);
	vhx_vq_push(cmd->vq, cmd->buf->id, written);
	return 0;
}

static struct vhx_blk_req *cmd_get_req(struct blk_cmd *cmd)
{
	return vhx_blk_req_get(cmd->vq, iov_iter_is_bvec(&cmd->buf->in));
}

/* A request with a status byte; or -EAGAIN or -EFAULT as an error pointer. */
static struct vhx_blk_req *cmd_to_req(struct blk_cmd *cmd, u32 written)
{
	struct vhx_blk_req *req = cmd_get_req(cmd);
	int err;

	if (unlikely(!req))
		return ERR_PTR(-EAGAIN);
	err = vhx_blk_status_hold(req, &cmd->buf->in);
	if (unlikely(err)) {
		vhx_blk_req_free(req);
		return ERR_PTR(err);
	}
	req->id = cmd->buf->id;
	req->written = written;
	return req;
}

static bool range_ok(const struct vhx_blk_disk *disk, u64 sector, u32 len)
{
	u64 capacity = bdev_nr_sectors(disk->bdev);
	u32 block = bdev_logical_block_size(disk->bdev);

	return len && IS_ALIGNED(len, block) &&
	       IS_ALIGNED(sector, block >> SECTOR_SHIFT) &&
	       sector <= capacity && len >> SECTOR_SHIFT <= capacity - sector;
}

static bool copy_fits(struct vhx_blk_vq *bvq, u32 len)
{
	return atomic_read(&bvq->bounced) <= VHX_BLK_BOUNCE_MAX - len;
}

/* Only the worker adds copies, so what fits now does so until it adds it. */
static bool copy_must_wait(struct vhx_blk_vq *bvq, u32 len)
{
	if (copy_fits(bvq, len))
		return false;
	vhx_blk_vq_set_waiting(bvq);
	return !copy_fits(bvq, len);
}

/* Holds the data of a request, or a copy of it, and prepares its bio. */
static void req_prepare(struct vhx_blk_req *req, struct iov_iter *data,
			unsigned int nvecs, bool copy)
{
	int err;

	if (unlikely(copy))
		err = vhx_blk_bounce_init(req, data, nvecs);
	else
		err = vhx_blk_pages_pin(req, data, nvecs);
	if (unlikely(err)) {
		req->status = VIRTIO_BLK_S_IOERR;
		vhx_blk_req_done(req);
		return;
	}
	vhx_blk_bdev_rw(req);
	vhx_blk_req_prepared(req);
}

/*
 * A request that is too large to be done at once is done piece by piece, and
 * its buffer remains on the ring until the last is done. So a queue that stops
 * in between does nothing about it: the whole request is done again later. Each
 * piece is checked anew, as the guest may have changed the buffer, and is
 * logged on its own. Returns 0 if the request is completed, -EINPROGRESS if a
 * piece is in flight, -EAGAIN, or -EFAULT.
 */
static int cmd_large(struct blk_cmd *cmd, struct iov_iter *data, bool write)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(cmd->vq);
	struct vhx_blk_large *large = &bvq->large;
	u32 len = iov_iter_count(data);
	struct vhx_blk_req *req;
	unsigned int nvecs;
	bool copy;

	if (large->status != VIRTIO_BLK_S_OK)
		return cmd_reply(cmd, large->status, 0, 1);
	if (large->done >= len)
		return cmd_reply(cmd, VIRTIO_BLK_S_OK, 0, write ? 1 : len + 1);

	iov_iter_advance(data, large->done);
	iov_iter_truncate(data, VHX_BLK_PIECE_MAX);
	len = iov_iter_count(data);
	copy = !vhx_blk_bdev_takes(cmd->disk, data, &nvecs);
	if (copy && copy_must_wait(bvq, len))
		return -EAGAIN;
	req = cmd_get_req(cmd);
	if (!req)
		return -EAGAIN;
	req->is_piece = true;
	req->write = write;
	req->sector = cmd->sector + (large->done >> SECTOR_SHIFT);
	req->len = len;
	req->log = vhx_vq_log_keep(cmd->vq, cmd->buf);
	large->used = true;
	large->busy = true;
	req_prepare(req, data, nvecs, copy);
	return -EINPROGRESS;
}

/* -EAGAIN if it must wait until other requests are done. */
static int cmd_rw(struct blk_cmd *cmd, bool write)
{
	struct iov_iter *data = write ? &cmd->data_out : &cmd->data_in;
	struct iov_iter *none = write ? &cmd->data_in : &cmd->data_out;
	struct vhx_blk_vq *bvq = vhx_vq_priv(cmd->vq);
	u32 len = iov_iter_count(data);
	struct vhx_blk_req *req;
	unsigned int nvecs;
	bool copy;

	if (iov_iter_count(none) || (write && cmd->disk->read_only) ||
	    !range_ok(cmd->disk, cmd->sector, len))
		return cmd_reply(cmd, VIRTIO_BLK_S_IOERR, 0, 1);
	if (unlikely(len > VHX_BLK_PIECE_MAX))
		return cmd_large(cmd, data, write);

	copy = !vhx_blk_bdev_takes(cmd->disk, data, &nvecs);
	if (unlikely(copy) && copy_must_wait(bvq, len))
		return -EAGAIN;
	req = cmd_to_req(cmd, write ? 1 : len + 1);
	if (IS_ERR(req))
		return PTR_ERR(req);
	req->write = write;
	req->sector = cmd->sector;
	req->len = len;
	req_prepare(req, data, nvecs, copy);
	return 0;
}

static int cmd_flush(struct blk_cmd *cmd)
{
	struct vhx_blk_req *req = cmd_to_req(cmd, 1);

	if (IS_ERR(req))
		return PTR_ERR(req);
	req->sector = 0;
	vhx_blk_bdev_flush(req);
	vhx_blk_req_prepared(req);
	return 0;
}

static int cmd_get_id(struct blk_cmd *cmd)
{
	const struct vhx_blk_disk *disk = cmd->disk;

	if (iov_iter_count(&cmd->data_in) < sizeof(disk->serial))
		return cmd_reply(cmd, VIRTIO_BLK_S_IOERR, 0, 1);
	if (copy_to_iter(disk->serial, sizeof(disk->serial), &cmd->data_in) !=
	    sizeof(disk->serial))
		return -EFAULT;
	return cmd_reply(cmd, VIRTIO_BLK_S_OK, sizeof(disk->serial),
			 iov_iter_count(&cmd->buf->in));
}

/*
 * Header, data and status in whatever pieces the driver chose (2.7.4.3): the
 * header is the first of what the device reads, the status the last byte of
 * what it writes. -ENODATA if there is no header.
 */
static int cmd_parse(struct blk_cmd *cmd)
{
	const struct vhx_buf *buf = cmd->buf;
	struct virtio_blk_outhdr hdr;

	cmd->data_in = buf->in;
	iov_iter_truncate(&cmd->data_in, iov_iter_count(&buf->in) - 1);
	cmd->data_out = buf->out;
	if (iov_iter_count(&buf->out) < sizeof(hdr))
		return -ENODATA;
	if (vhx_buf_pull(&cmd->data_out, &hdr, sizeof(hdr)))
		return -EFAULT;
	cmd->type = le32_to_cpu((__force __le32)hdr.type);
	cmd->sector = le64_to_cpu((__force __le64)hdr.sector);
	return 0;
}

static int cmd_handle(struct vhx_vq *vq, const struct vhx_buf *buf)
{
	const struct vhx_blk_vq *bvq = vhx_vq_priv(vq);
	struct blk_cmd cmd = {
		.vq = vq, .disk = bvq->disk, .buf = buf,
	};
	int err;

	/* There is no room for a status. */
	if (!iov_iter_count(&buf->in)) {
		vhx_vq_push(vq, buf->id, 0);
		return 0;
	}
	err = cmd_parse(&cmd);
	if (err == -ENODATA)
		return cmd_reply(&cmd, VIRTIO_BLK_S_IOERR, 0, 1);
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
		return cmd_reply(&cmd, VIRTIO_BLK_S_UNSUPP, 0, 1);
	}
}

/* The head of the ring is another request now. */
static void large_reset(struct vhx_blk_large *large)
{
	large->done = 0;
	large->status = VIRTIO_BLK_S_OK;
}

/**
 * vhx_blk_vq_run - prepare requests
 * @vq: queue
 *
 * Context: the worker.
 * Return: VHX_AGAIN if there may be more on the ring; VHX_WAIT if a completion
 * will wake the queue; else VHX_DRAINED.
 */
enum vhx_verdict vhx_blk_vq_run(struct vhx_vq *vq)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(vq);
	struct vhx_buf bufs[BATCH];
	int got, i, n, err;

	/* Pairs with the release in piece_complete(). */
	if (smp_load_acquire(&bvq->large.busy))
		return VHX_WAIT;
	for (n = 0; n < RUN; n += got) {
		got = vhx_vq_pop(vq, bufs, BATCH);
		if (got <= 0)
			return VHX_DRAINED;
		for (i = 0; i < got; i++) {
			err = cmd_handle(vq, &bufs[i]);
			if (unlikely(err)) {
				vhx_vq_unpop(vq, &bufs[i]);
				if (err != -EAGAIN && err != -EINPROGRESS)
					vhx_vq_fail(vq, err, "request");
				return VHX_WAIT;
			}
			large_reset(&bvq->large);
		}
	}
	return VHX_AGAIN;
}
