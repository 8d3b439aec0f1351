// SPDX-License-Identifier: GPL-2.0
/*
 * The host's page cache of the disk. Requests go past it, but others on the
 * host may read and write the block device through it. As in the kernel's own
 * direct I/O, dirty pages of the range are written back before a request, and
 * all pages of the range are dropped before and after a write. Usually there
 * are none, and to see that costs little.
 */
#include <linux/fs.h>
#include <linux/pagemap.h>

#include "blk.h"

static struct address_space *req_mapping(const struct vhx_blk_req *req)
{
	return req->disk->file->f_mapping;
}

static loff_t req_first(const struct vhx_blk_req *req)
{
	return (loff_t)req->sector << SECTOR_SHIFT;
}

static loff_t req_last(const struct vhx_blk_req *req)
{
	return req_first(req) + req->len - 1;
}

static void req_invalidate(const struct vhx_blk_req *req)
{
	/*
	 * A page that is dirty stays: somebody on the host writes the same
	 * range at the same time.
	 */
	invalidate_inode_pages2_range(req_mapping(req),
				      req_first(req) >> PAGE_SHIFT,
				      req_last(req) >> PAGE_SHIFT);
}

/**
 * vhx_blk_cache_holds - does the page cache hold any of a request's range?
 * @req: request
 *
 * Context: any.
 */
bool vhx_blk_cache_holds(const struct vhx_blk_req *req)
{
	struct address_space *mapping = req_mapping(req);

	return unlikely(mapping->nrpages) && req->len &&
	       filemap_range_has_page(mapping, req_first(req), req_last(req));
}

/**
 * vhx_blk_cache_prepare - before the request is given to the disk
 * @req: request
 *
 * Errors of the write-back are for who wrote to the page cache.
 *
 * Context: process; waits for I/O.
 */
void vhx_blk_cache_prepare(const struct vhx_blk_req *req)
{
	filemap_write_and_wait_range(req_mapping(req), req_first(req),
				     req_last(req));
	if (req->write)
		req_invalidate(req);
}

/**
 * vhx_blk_cache_invalidate - after a write
 * @req: request, which may have failed
 *
 * Context: process; may wait for I/O.
 */
void vhx_blk_cache_invalidate(const struct vhx_blk_req *req)
{
	req_invalidate(req);
}
