// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's pages under a request, so that it does not depend on the owner's
 * address space any more: pinned while it is in flight, unless the device's
 * memory is pinned as a whole.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "blk.h"

/* Pages that are pinned by one call. */
#define PIN_BATCH	32

/**
 * vhx_blk_next_piece - take the next piece of user memory from an iterator
 * @it: iterator over user memory
 * @piece: the piece
 *
 * Return: false if there is none.
 */
bool vhx_blk_next_piece(struct iov_iter *it, struct iovec *piece)
{
	if (!iov_iter_count(it))
		return false;
	piece->iov_base = iter_iov_addr(it);
	piece->iov_len = min(iter_iov_len(it), iov_iter_count(it));
	iov_iter_advance(it, piece->iov_len);
	return true;
}

/**
 * vhx_blk_next_vec - take the next segment of pinned pages from an iterator
 * @it: iterator over pinned pages
 * @vec: the segment
 *
 * Return: false if there is none.
 */
bool vhx_blk_next_vec(struct iov_iter *it, struct bio_vec *vec)
{
	const struct bio_vec *from = it->bvec;
	unsigned int off;

	if (!it->count)
		return false;
	off = from->bv_offset + it->iov_offset;
	vec->bv_page = pfn_to_page(page_to_pfn(from->bv_page) + PHYS_PFN(off));
	vec->bv_offset = offset_in_page(off);
	vec->bv_len = min_t(size_t, from->bv_len - it->iov_offset, it->count);
	it->count -= vec->bv_len;
	it->iov_offset = 0;
	it->bvec++;
	it->nr_segs--;
	return true;
}

/**
 * vhx_blk_page_set_dirty - mark a pinned page dirty
 * @page: page
 *
 * Done before a device writes to the page, so that a completion in interrupt
 * context usually finds it dirty and need not sleep to mark it.
 *
 * Context: process; may sleep.
 */
void vhx_blk_page_set_dirty(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (likely(folio_test_dirty(folio)))
		return;
	folio_lock(folio);
	folio_mark_dirty(folio);
	folio_unlock(folio);
}

/*
 * Adds a page to the request's segments. Pages that are adjacent in memory make
 * one segment, but only where they meet at a page boundary: so each segment has
 * as many pins as it has pages.
 */
static void add_page(struct vhx_blk_req *req, struct page *page,
		     unsigned int off, unsigned int len)
{
	if (req->nvecs && !off) {
		struct bio_vec *last = &req->vecs[req->nvecs - 1];
		unsigned int end = last->bv_offset + last->bv_len;

		if (PAGE_ALIGNED(end) &&
		    page_to_pfn(last->bv_page) + PHYS_PFN(end) ==
		    page_to_pfn(page)) {
			last->bv_len += len;
			return;
		}
	}
	req->vecs[req->nvecs++] = (struct bio_vec){
		.bv_page = page, .bv_len = len, .bv_offset = off,
	};
}

static int pin_piece(struct vhx_blk_req *req, const struct iovec *piece)
{
	unsigned long addr = (unsigned long)piece->iov_base & PAGE_MASK;
	unsigned int off = offset_in_page(piece->iov_base);
	size_t left = piece->iov_len;
	struct page *pages[PIN_BATCH];

	while (left) {
		int i, got, want = min(PFN_UP(off + left), PIN_BATCH);

		got = pin_user_pages_fast(addr, want,
					  req->write ? 0 : FOLL_WRITE, pages);
		if (got <= 0)
			return got ?: -EFAULT;
		for (i = 0; i < got; i++) {
			size_t len = min_t(size_t, left, PAGE_SIZE - off);

			if (!req->write)
				vhx_blk_page_set_dirty(pages[i]);
			add_page(req, pages[i], off, len);
			left -= len;
			off = 0;
		}
		addr += (unsigned long)got * PAGE_SIZE;
	}
	return 0;
}

static int pin_pieces(struct vhx_blk_req *req, struct iov_iter it)
{
	struct iovec piece;
	int err;

	while (vhx_blk_next_piece(&it, &piece)) {
		err = pin_piece(req, &piece);
		if (err)
			return err;
	}
	return 0;
}

/* The queue's own segments do not stay as long as the request. */
static void take_vecs(struct vhx_blk_req *req, struct iov_iter it)
{
	while (vhx_blk_next_vec(&it, &req->vecs[req->nvecs]))
		req->nvecs++;
}

/**
 * vhx_blk_pages_pin - pin the pages of a request's data
 * @req: request; its @write says whether the pages are written to
 * @data: user memory, or if the request holds pinned memory, segments of it
 * @nvecs: how many segments it may be
 *
 * Context: the worker, in vq_run().
 * Return: 0 or a negative errno; vhx_blk_pages_release() is due in either case.
 */
int vhx_blk_pages_pin(struct vhx_blk_req *req, const struct iov_iter *data,
		      unsigned int nvecs)
{
	req->vecs = req->inline_vecs;
	if (nvecs > VHX_BLK_INLINE_VECS)
		req->vecs = kvmalloc_array(nvecs, sizeof(*req->vecs),
					   GFP_KERNEL_ACCOUNT);
	if (!req->vecs)
		return -ENOMEM;
	if (!req->held)
		return pin_pieces(req, *data);
	take_vecs(req, *data);
	return 0;
}

static unsigned int vec_pages(const struct bio_vec *vec)
{
	return PFN_UP(vec->bv_offset + vec->bv_len);
}

static bool vec_is_dirty(const struct bio_vec *vec)
{
	unsigned long pfn = page_to_pfn(vec->bv_page);
	unsigned long end = pfn + vec_pages(vec);

	while (pfn < end) {
		struct folio *folio = page_folio(pfn_to_page(pfn));

		if (!folio_test_dirty(folio))
			return false;
		pfn = folio_pfn(folio) + folio_nr_pages(folio);
	}
	return true;
}

/**
 * vhx_blk_pages_are_dirty - are all pages of a request still marked dirty?
 * @req: request
 *
 * Somebody else may have written them back since they were marked.
 *
 * Context: any.
 */
bool vhx_blk_pages_are_dirty(const struct vhx_blk_req *req)
{
	unsigned int i;

	if (req->held)
		return true;
	for (i = 0; i < req->nvecs; i++)
		if (!vec_is_dirty(&req->vecs[i]))
			return false;
	return true;
}

/**
 * vhx_blk_pages_release - unpin a request's data pages
 * @req: request; what it holds of pinned memory is not released here
 * @set_dirty: mark them dirty where they are not
 *
 * Context: process if @set_dirty or if @vecs of the request is vmalloc memory,
 * else any.
 */
void vhx_blk_pages_release(struct vhx_blk_req *req, bool set_dirty)
{
	const unsigned int n = req->held ? 0 : req->nvecs;
	unsigned int i;

	for (i = 0; i < n; i++)
		unpin_user_page_range_dirty_lock(req->vecs[i].bv_page,
						 vec_pages(&req->vecs[i]),
						 set_dirty);
	if (req->vecs != req->inline_vecs)
		kvfree(req->vecs);
	req->vecs = NULL;
	req->nvecs = 0;
}
