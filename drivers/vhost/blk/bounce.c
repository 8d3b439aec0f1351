// SPDX-License-Identifier: GPL-2.0
/*
 * Data that is not aligned for the disk goes through a copy in kernel memory.
 * What is written is copied when the request is prepared. What is read is
 * copied when the disk is done, to the guest's pages, which are pinned until
 * then.
 */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "blk.h"

static int add_page(struct vhx_blk_bounce *bounce, u32 len)
{
	/* Zeroed: a disk that returns too little must not leak our memory. */
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (!page)
		return -ENOMEM;
	bounce->vecs[bounce->n++] = (struct bio_vec){
		.bv_page = page, .bv_len = len,
	};
	return 0;
}

/**
 * vhx_blk_bounce_init - make the copy
 * @req: request, with @len and @write set
 * @data: the guest's memory
 * @nvecs: how many segments it may be
 *
 * Context: the worker, in vq_run().
 * Return: 0 or a negative errno; vhx_blk_bounce_finish() is due in either case.
 */
int vhx_blk_bounce_init(struct vhx_blk_req *req, struct iov_iter *data,
			unsigned int nvecs)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(req->vq);
	struct vhx_blk_bounce *bounce;
	u32 left = req->len;
	int err;

	bounce = kvzalloc(struct_size(bounce, vecs, PFN_UP(left)),
			  GFP_KERNEL_ACCOUNT);
	if (!bounce)
		return -ENOMEM;
	bounce->len = left;
	atomic_add(left, &bvq->bounced);
	req->bounce = bounce;
	while (left) {
		u32 len = min_t(u32, left, PAGE_SIZE);

		err = add_page(bounce, len);
		if (err)
			return err;
		left -= len;
		if (req->write &&
		    copy_page_from_iter(bounce->vecs[bounce->n - 1].bv_page, 0,
					len, data) != len)
			return -EFAULT;
	}
	return req->write ? 0 : vhx_blk_pages_pin(req, data, nvecs);
}

static void copy_to_guest(struct vhx_blk_req *req)
{
	struct vhx_blk_bounce *bounce = req->bounce;
	struct iov_iter to;
	unsigned int i;

	iov_iter_bvec(&to, ITER_DEST, req->vecs, req->nvecs, bounce->len);
	for (i = 0; i < bounce->n; i++)
		copy_page_to_iter(bounce->vecs[i].bv_page, 0,
				  bounce->vecs[i].bv_len, &to);
}

/**
 * vhx_blk_bounce_finish - give the guest what was read, and free the copy
 * @req: request that is done; its pages are still pinned
 *
 * Context: process.
 */
void vhx_blk_bounce_finish(struct vhx_blk_req *req)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(req->vq);
	struct vhx_blk_bounce *bounce = req->bounce;
	unsigned int i;

	if (!req->write && req->status == VIRTIO_BLK_S_OK)
		copy_to_guest(req);
	for (i = 0; i < bounce->n; i++)
		__free_page(bounce->vecs[i].bv_page);
	atomic_sub(bounce->len, &bvq->bounced);
	kvfree(bounce);
	req->bounce = NULL;
}
