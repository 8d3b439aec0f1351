// SPDX-License-Identifier: GPL-2.0
/*
 * I/O on a block device: one bio for each request, over the guest's pinned
 * pages or over a copy of them. The block layer splits it for the disk.
 */
#include <linux/bio.h>
#include <linux/task_io_accounting_ops.h>

#include "blk.h"

static u8 status_of(blk_status_t status)
{
	switch (status) {
	case BLK_STS_OK:
		return VIRTIO_BLK_S_OK;
	case BLK_STS_NOTSUPP:
		return VIRTIO_BLK_S_UNSUPP;
	default:
		return VIRTIO_BLK_S_IOERR;
	}
}

static void req_end_io(struct bio *bio)
{
	struct vhx_blk_req *req = container_of(bio, struct vhx_blk_req, bio);

	req->status = status_of(bio->bi_status);
	bio_uninit(bio);
	vhx_blk_req_done(req);
}

static void req_init_bio(struct vhx_blk_req *req, struct bio_vec *vecs,
			 unsigned int n, blk_opf_t opf)
{
	struct bio *bio = &req->bio;

	bio_init(bio, req->disk->bdev, vecs, n, opf);
	bio->bi_vcnt = n;
	bio->bi_iter.bi_size = req->len;
	bio->bi_iter.bi_sector = req->sector;
	bio->bi_end_io = req_end_io;
}

static bool user_fits(struct iov_iter it, unsigned long addr_mask,
		      size_t len_mask, unsigned int *nvecs)
{
	struct iovec piece;
	bool fits = true;

	while (vhx_blk_next_piece(&it, &piece)) {
		unsigned long addr = (unsigned long)piece.iov_base;

		if (unlikely(addr & addr_mask || piece.iov_len & len_mask))
			fits = false;
		*nvecs += PFN_UP(offset_in_page(addr) + piece.iov_len);
	}
	return fits;
}

/*
 * Pages that follow each other in a piece of the guest's memory need not be
 * adjacent, so a piece goes on where one segment ends with a page and the next
 * one begins with a page.
 */
static bool vecs_fit(struct iov_iter it, unsigned long addr_mask,
		     size_t len_mask, unsigned int *nvecs)
{
	unsigned int end = PAGE_SIZE - 1;
	size_t piece = 0;
	struct bio_vec vec;
	bool fits = true;

	while (vhx_blk_next_vec(&it, &vec)) {
		if (unlikely(vec.bv_offset || !PAGE_ALIGNED(end))) {
			if (vec.bv_offset & addr_mask || piece & len_mask)
				fits = false;
			piece = 0;
		}
		piece += vec.bv_len;
		end = vec.bv_offset + vec.bv_len;
		++*nvecs;
	}
	return fits && !(piece & len_mask);
}

/**
 * vhx_blk_bdev_takes - can the disk take data from where it is?
 * @disk: disk
 * @data: the guest's memory
 * @nvecs: set to how many segments it may be
 *
 * It must begin where the disk's DMA can, and each piece have whole blocks.
 */
bool vhx_blk_bdev_takes(const struct vhx_blk_disk *disk,
			const struct iov_iter *data, unsigned int *nvecs)
{
	const unsigned long addr_mask = bdev_dma_alignment(disk->bdev);
	const size_t len_mask = bdev_logical_block_size(disk->bdev) - 1;

	*nvecs = 0;
	return iov_iter_is_bvec(data) ?
	       vecs_fit(*data, addr_mask, len_mask, nvecs) :
	       user_fits(*data, addr_mask, len_mask, nvecs);
}

/**
 * vhx_blk_bdev_rw - prepare a bio that reads or writes
 * @req: request, with its pages pinned or its copy made
 */
void vhx_blk_bdev_rw(struct vhx_blk_req *req)
{
	struct vhx_blk_bounce *bounce = req->bounce;
	blk_opf_t opf = REQ_OP_READ;

	req->in_place = !req->write && !bounce;
	if (req->write) {
		opf = REQ_OP_WRITE | REQ_SYNC | REQ_IDLE;
		/* A driver that can't flush is promised no write cache. */
		if (!vhx_vq_has_feature(req->vq, VIRTIO_BLK_F_FLUSH))
			opf |= REQ_FUA;
	}
	if (unlikely(bounce))
		req_init_bio(req, bounce->vecs, bounce->n, opf);
	else
		req_init_bio(req, req->vecs, req->nvecs, opf);
}

/**
 * vhx_blk_bdev_flush - prepare a bio that makes completed writes stable
 * @req: request without data
 */
void vhx_blk_bdev_flush(struct vhx_blk_req *req)
{
	req_init_bio(req, NULL, 0, REQ_OP_WRITE | REQ_PREFLUSH);
}

/**
 * vhx_blk_bdev_submit - give a prepared request to the disk
 * @req: request; vhx_blk_req_done() is called for it, perhaps before this
 *	returns
 *
 * Context: the worker, in vq_submit(). May sleep while the disk is busy.
 */
void vhx_blk_bdev_submit(struct vhx_blk_req *req)
{
	/* The administrator may have made it read-only at any time. */
	if (req->write && unlikely(bdev_read_only(req->bio.bi_bdev))) {
		bio_io_error(&req->bio);
		return;
	}
	if (unlikely(vhx_blk_cache_holds(req)))
		vhx_blk_cache_prepare(req);
	/* submit_bio() counts only what is read. */
	if (req->write)
		task_io_account_write(req->len);
	submit_bio(&req->bio);
}
