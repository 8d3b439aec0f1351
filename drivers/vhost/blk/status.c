// SPDX-License-Identifier: GPL-2.0
/*
 * The status byte of a request: the last byte of what the device writes (virtio
 * 1.3, 5.2.6 and 2.7.4.3), wherever that is.
 */
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "blk.h"

static u8 __user *status_user(const struct iov_iter *in)
{
	const struct iovec *iov = &iter_iov(in)[in->nr_segs - 1];

	return iov->iov_base + iov->iov_len - 1;
}

static u8 *status_pinned(const struct iov_iter *in)
{
	struct bio_vec vec = in->bvec[in->nr_segs - 1];

	return bvec_virt(&vec) + vec.bv_len - 1;
}

/**
 * vhx_blk_status_put - answer at once
 * @in: what the device writes of the buffer, as it was popped
 * @status: VIRTIO_BLK_S_
 *
 * Context: the worker, in vq_run().
 * Return: 0 or -EFAULT.
 */
int vhx_blk_status_put(const struct iov_iter *in, u8 status)
{
	if (!iov_iter_is_bvec(in))
		return put_user(status, status_user(in));
	WRITE_ONCE(*status_pinned(in), status);
	return 0;
}

/**
 * vhx_blk_status_hold - find where a request will be answered
 * @req: request, which holds the memory if it is pinned
 * @in: what the device writes of the buffer, as it was popped
 *
 * The page of user memory is pinned until vhx_blk_status_write().
 *
 * Context: the worker, in vq_run().
 * Return: 0 or -EFAULT.
 */
int vhx_blk_status_hold(struct vhx_blk_req *req, const struct iov_iter *in)
{
	unsigned long addr;
	struct page *page;

	if (req->held) {
		req->status_at = status_pinned(in);
		return 0;
	}
	addr = (unsigned long)status_user(in);
	if (pin_user_pages_fast(addr & PAGE_MASK, 1, FOLL_WRITE, &page) != 1)
		return -EFAULT;
	vhx_blk_page_set_dirty(page);
	req->status_at = page_address(page) + offset_in_page(addr);
	return 0;
}

/**
 * vhx_blk_status_is_dirty - is the page still marked dirty?
 * @req: request
 *
 * Context: any.
 */
bool vhx_blk_status_is_dirty(const struct vhx_blk_req *req)
{
	return req->held ||
	       folio_test_dirty(page_folio(virt_to_page(req->status_at)));
}

/**
 * vhx_blk_status_write - answer a request
 * @req: request, with its status
 * @set_dirty: mark the page dirty if it is not
 *
 * Context: process if @set_dirty, else any.
 */
void vhx_blk_status_write(struct vhx_blk_req *req, bool set_dirty)
{
	WRITE_ONCE(*req->status_at, req->status);
	if (!req->held)
		unpin_user_page_range_dirty_lock(virt_to_page(req->status_at),
						 1, set_dirty);
}
