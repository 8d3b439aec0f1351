// SPDX-License-Identifier: GPL-2.0
/*
 * I/O on a block device: bios built directly over the guest's pages, which are
 * pinned while the request is in flight. What the device can't take from where
 * it is, as it lies unaligned, goes through a copy.
 */
#include <linux/bio.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

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
	struct vhx_blk_req *req = bio->bi_private;

	if (unlikely(bio->bi_status))
		req->status = status_of(bio->bi_status);
	if (bio == &req->bio)
		bio_uninit(bio);
	else
		bio_put(bio);
	if (atomic_dec_and_test(&req->pending))
		vhx_blk_req_done(req);
}

static void req_fail(struct vhx_blk_req *req)
{
	req->status = VIRTIO_BLK_S_IOERR;
	vhx_blk_req_done(req);
}

static int alloc_pages_array(struct vhx_blk_req *req, unsigned int n)
{
	req->pages = req->inline_pages;
	if (n <= VHX_BLK_INLINE_PAGES)
		return 0;
	req->pages = kvmalloc_array(n, sizeof(*req->pages), GFP_KERNEL_ACCOUNT);
	return req->pages ? 0 : -ENOMEM;
}

static void free_pages_array(struct vhx_blk_req *req)
{
	if (req->pages != req->inline_pages)
		kvfree(req->pages);
	req->pages = NULL;
	req->npages = 0;
}

/* The next of the pieces of user memory that an iterator stands for. */
static bool next_piece(struct iov_iter *it, struct iovec *piece)
{
	if (!iov_iter_count(it))
		return false;
	piece->iov_base = iter_iov_addr(it);
	piece->iov_len = min(iter_iov_len(it), iov_iter_count(it));
	iov_iter_advance(it, piece->iov_len);
	return true;
}

/**
 * vhx_blk_bdev_in_place - can the disk take data from where it is?
 * @disk: disk
 * @data: user memory
 */
bool vhx_blk_bdev_in_place(const struct vhx_blk_disk *disk, const struct iov_iter *data)
{
	unsigned long mask = bdev_dma_alignment(disk->bdev) |
			     (bdev_logical_block_size(disk->bdev) - 1);
	struct iov_iter it = *data;
	struct iovec piece;

	while (next_piece(&it, &piece))
		if (((unsigned long)piece.iov_base | piece.iov_len) & mask)
			return false;
	return true;
}

static unsigned int piece_pages(const struct iovec *piece)
{
	return PFN_UP(offset_in_page(piece->iov_base) + piece->iov_len);
}

static int pin_piece(struct vhx_blk_req *req, const struct iovec *piece)
{
	unsigned long addr = (unsigned long)piece->iov_base & PAGE_MASK;
	unsigned int n = piece_pages(piece);

	while (n) {
		int got = pin_user_pages_fast(addr, n,
					      req->write ? 0 : FOLL_WRITE,
					      req->pages + req->npages);

		if (got <= 0)
			return got ?: -EFAULT;
		req->npages += got;
		addr += (unsigned long)got * PAGE_SIZE;
		n -= got;
	}
	return 0;
}

static int pin_data(struct vhx_blk_req *req, const struct iov_iter *data)
{
	unsigned int n = 0;
	struct iov_iter it = *data;
	struct iovec piece;
	int err;

	while (next_piece(&it, &piece))
		n += piece_pages(&piece);
	err = alloc_pages_array(req, n);
	if (err)
		return err;
	it = *data;
	while (next_piece(&it, &piece)) {
		err = pin_piece(req, &piece);
		if (err)
			return err;
	}
	return 0;
}

/**
 * struct builder - a request's bios while they are built
 * @req: request
 * @bio: the one that is being filled
 * @bdev: where to
 * @opf: operation and flags
 * @sector: where @bio begins
 * @page: next of @req's pages
 */
struct builder {
	struct vhx_blk_req *req;
	struct bio *bio;
	struct block_device *bdev;
	blk_opf_t opf;
	sector_t sector;
	unsigned int page;
};

static void bio_begin(struct builder *b)
{
	b->bio->bi_iter.bi_sector = b->sector;
	b->bio->bi_end_io = req_end_io;
	b->bio->bi_private = b->req;
}

/* The bio is full: on with another, for which the request waits as well. */
static int bio_next(struct builder *b)
{
	unsigned int left = b->req->npages - b->page;
	struct bio *bio;

	bio = bio_alloc(b->bdev, bio_max_segs(left), b->opf, GFP_KERNEL);
	if (!bio)
		return -ENOMEM;
	atomic_inc(&b->req->pending);
	b->sector += bio_sectors(b->bio);
	submit_bio(b->bio);
	b->bio = bio;
	bio_begin(b);
	return 0;
}

/* Pages that lie behind each other make one segment. */
static int bio_add_piece(struct builder *b, unsigned int off, size_t len)
{
	struct page **pages = b->req->pages;

	while (len) {
		struct page *first = pages[b->page];
		size_t seg = min_t(size_t, len, PAGE_SIZE - off);
		unsigned int n = 1;

		while (seg < len &&
		       page_to_pfn(pages[b->page + n]) ==
		       page_to_pfn(first) + n) {
			seg += min_t(size_t, len - seg, PAGE_SIZE);
			n++;
		}
		if (bio_add_page(b->bio, first, seg, off) != seg) {
			int err = bio_next(b);

			if (err)
				return err;
			continue;
		}
		b->page += n;
		len -= seg;
		off = 0;
	}
	return 0;
}

static int build(struct builder *b, const struct iov_iter *data)
{
	struct iov_iter it = *data;
	struct iovec piece;
	int err;

	if (b->req->bounce)
		return bio_add_piece(b, 0, b->req->bounce_len);
	while (next_piece(&it, &piece)) {
		err = bio_add_piece(b, offset_in_page(piece.iov_base),
				    piece.iov_len);
		if (err)
			return err;
	}
	return 0;
}

/* A bio that comes to nothing ends like one that failed. */
static void submit(struct vhx_blk_req *req, struct vhx_blk_disk *disk, sector_t sector,
		   const struct iov_iter *data, blk_opf_t opf)
{
	struct builder b = {
		.req = req, .bio = &req->bio, .bdev = disk->bdev, .opf = opf,
		.sector = sector,
	};

	atomic_set(&req->pending, 1);
	bio_init(&req->bio, disk->bdev, req->bvecs, VHX_BLK_INLINE_PAGES, opf);
	bio_begin(&b);
	if (build(&b, data))
		bio_io_error(b.bio);
	else
		submit_bio(b.bio);
}

static int bounce_init(struct vhx_blk_req *req, struct iov_iter *data)
{
	u32 len = req->bounce_len;
	unsigned int n = PFN_UP(len);
	int err;

	req->bounce = __vmalloc(len, GFP_KERNEL_ACCOUNT);
	if (!req->bounce)
		return -ENOMEM;
	err = alloc_pages_array(req, n);
	if (err)
		return err;
	for (; req->npages < n; req->npages++)
		req->pages[req->npages] =
			vmalloc_to_page(req->bounce +
					(size_t)req->npages * PAGE_SIZE);
	if (req->write)
		return copy_from_iter_full(req->bounce, len, data) ? 0 :
								     -EFAULT;
	/* The pieces are the queue's, until it pops again: keep a copy. */
	req->bounce_iov = dup_iter(&req->bounce_to, data, GFP_KERNEL_ACCOUNT);
	return req->bounce_iov ? 0 : -ENOMEM;
}

/**
 * vhx_blk_bdev_rw - read or write
 * @req: request, with @write and @bounce_len set; vhx_blk_req_done() is called for
 *	it, perhaps before this returns
 * @disk: disk
 * @sector: first sector, checked
 * @data: user memory, checked for its length
 *
 * Context: the worker.
 */
void vhx_blk_bdev_rw(struct vhx_blk_req *req, struct vhx_blk_disk *disk, sector_t sector,
		 struct iov_iter *data)
{
	blk_opf_t opf = REQ_OP_READ;
	int err;

	if (req->write) {
		opf = REQ_OP_WRITE | REQ_SYNC | REQ_IDLE;
		/* A driver that can't flush is promised no write cache. */
		if (!vhx_vq_has_feature(req->vq, VIRTIO_BLK_F_FLUSH))
			opf |= REQ_FUA;
	}
	if (unlikely(req->bounce_len))
		err = bounce_init(req, data);
	else
		err = pin_data(req, data);
	if (unlikely(err))
		req_fail(req);
	else
		submit(req, disk, sector, data, opf);
}

/**
 * vhx_blk_bdev_flush - make what was written stable
 * @req: request; vhx_blk_req_done() is called for it, perhaps before this returns
 * @disk: disk
 *
 * Context: the worker.
 */
void vhx_blk_bdev_flush(struct vhx_blk_req *req, struct vhx_blk_disk *disk)
{
	atomic_set(&req->pending, 1);
	bio_init(&req->bio, disk->bdev, NULL, 0, REQ_OP_WRITE | REQ_PREFLUSH);
	req->bio.bi_end_io = req_end_io;
	req->bio.bi_private = req;
	submit_bio(&req->bio);
}

/* Pages that were written to must be marked so, which may sleep. */
static bool pages_dirty(const struct vhx_blk_req *req)
{
	unsigned int i;

	for (i = 0; i < req->npages; i++)
		if (!folio_test_dirty(page_folio(req->pages[i])))
			return false;
	return true;
}

static void bounce_release(struct vhx_blk_req *req)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(req->vq);

	/* Without the owner's mm there is no one to copy for. */
	if (req->bounce_iov && req->status == VIRTIO_BLK_S_OK &&
	    (!current->mm ||
	     copy_to_iter(req->bounce, req->bounce_len, &req->bounce_to) !=
	     req->bounce_len))
		req->status = VIRTIO_BLK_S_IOERR;
	kfree(req->bounce_iov);
	vfree(req->bounce);
	req->bounce_iov = NULL;
	req->bounce = NULL;
	atomic_sub(req->bounce_len, &bvq->bounced);
	req->bounce_len = 0;
	/* It may have waited for that. */
	vhx_vq_wake(req->vq);
}

/**
 * vhx_blk_bdev_release - let go of a request's data
 * @req: request that is done
 * @may_sleep: the caller may sleep
 *
 * Context: any if not @may_sleep, else the worker, or a kernel thread if the
 * owner is dead.
 * Return: false if it could not be done without sleeping.
 */
bool vhx_blk_bdev_release(struct vhx_blk_req *req, bool may_sleep)
{
	if (!req->pages && !req->bounce_len)
		return true;
	if (req->bounce_len) {
		if (!may_sleep)
			return false;
		bounce_release(req);
	} else if (req->write || pages_dirty(req)) {
		if (!may_sleep && req->pages != req->inline_pages &&
		    is_vmalloc_addr(req->pages))
			return false;
		unpin_user_pages(req->pages, req->npages);
	} else {
		if (!may_sleep)
			return false;
		unpin_user_pages_dirty_lock(req->pages, req->npages, true);
	}
	free_pages_array(req);
	return true;
}
