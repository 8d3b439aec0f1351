// SPDX-License-Identifier: GPL-2.0
/*
 * Requests in flight: how they are allocated, submitted and completed. They are
 * completed in the context in which the disk completes the bio or, if that may
 * sleep, in a workqueue. Not in the worker: it may be waiting for the disk, and
 * a completion must not wait for that.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "blk.h"

/**
 * vhx_blk_vq_set_waiting - have the queue woken by the next completion
 * @bvq: queue
 *
 * The caller then looks once more for what it lacks, and waits only if it still
 * does.
 *
 * Context: the worker.
 */
void vhx_blk_vq_set_waiting(struct vhx_blk_vq *bvq)
{
	WRITE_ONCE(bvq->waiting, true);
	/* Pairs with llist_add() in vhx_blk_req_free(), a full barrier. */
	smp_mb();
}

/**
 * vhx_blk_req_get - take an unused request
 * @vq: queue
 * @pinned: its buffer is in pinned memory, which it holds
 *
 * Context: the worker, in vq_run().
 * Return: the request, or NULL; then a completion will wake the queue.
 */
struct vhx_blk_req *vhx_blk_req_get(struct vhx_vq *vq, bool pinned)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(vq);
	struct llist_node *node = bvq->local;
	struct vhx_blk_req *req;

	if (!node)
		node = llist_del_all(&bvq->free);
	if (unlikely(!node)) {
		vhx_blk_vq_set_waiting(bvq);
		node = llist_del_all(&bvq->free);
	}
	if (unlikely(!node))
		return NULL;
	bvq->local = node->next;
	req = container_of(node, struct vhx_blk_req, free);
	req->status = VIRTIO_BLK_S_OK;
	req->write = false;
	req->is_piece = false;
	req->in_place = false;
	req->len = 0;
	req->held = pinned;
	if (pinned)
		req->hold = vhx_vq_hold_mem(vq);
	return req;
}

/**
 * vhx_blk_req_free - give a request back
 * @req: request that holds nothing
 *
 * Context: any.
 */
void vhx_blk_req_free(struct vhx_blk_req *req)
{
	struct vhx_vq *vq = req->vq;
	struct vhx_blk_vq *bvq = vhx_vq_priv(vq);

	llist_add(&req->free, &bvq->free);
	if (unlikely(READ_ONCE(bvq->waiting))) {
		WRITE_ONCE(bvq->waiting, false);
		vhx_vq_wake(vq);
	}
}

/* Bytes of data that were written to the guest's memory, or may have been. */
static u32 req_data_written(const struct vhx_blk_req *req)
{
	if (req->write)
		return 0;
	return req->status == VIRTIO_BLK_S_OK || req->in_place ? req->len : 0;
}

/*
 * Logs what a piece has written. If logging was switched on while it was in
 * flight it has no record: then it is done again.
 */
static void piece_log(struct vhx_blk_req *req, u32 off)
{
	if (req->log)
		vhx_vq_log_kept(req->vq, req->log, off, req_data_written(req));
	else if (vhx_vq_logs(req->vq) && req_data_written(req))
		req->len = 0;
}

/* Gives the queue the piece's result; the queue goes on with the next piece. */
static void piece_complete(struct vhx_blk_req *req)
{
	struct vhx_vq *vq = req->vq;
	struct vhx_blk_vq *bvq = vhx_vq_priv(vq);
	struct vhx_blk_large *large = &bvq->large;

	piece_log(req, large->done);
	large->status = req->status;
	large->done += req->len;
	vhx_blk_req_free(req);
	/* vhx_blk_vq_stopped() waits for this section, so the queue stays. */
	rcu_read_lock();
	/* Pairs with the acquire in vhx_blk_vq_run(). */
	smp_store_release(&large->busy, false);
	vhx_vq_wake(vq);
	wake_up(&large->idle);
	rcu_read_unlock();
}

/* The request is free for another buffer before the driver can add that. */
static void req_complete(struct vhx_blk_req *req)
{
	u32 len = req->status == VIRTIO_BLK_S_OK ? req->written : 1;
	u32 data = req_data_written(req);
	struct vhx_vq *vq = req->vq;
	u32 id = req->id;

	vhx_blk_req_free(req);
	vhx_vq_log_ends(vq, id, data, 1);
	vhx_vq_push(vq, id, len);
}

/* Completing it may sleep, takes long, or frees what an interrupt can't. */
static bool req_may_sleep(const struct vhx_blk_req *req)
{
	if (unlikely(req->bounce || is_vmalloc_addr(req->vecs)))
		return true;
	if (req->write && unlikely(vhx_blk_cache_holds(req)))
		return true;
	if (!req->is_piece && unlikely(!vhx_blk_status_is_dirty(req)))
		return true;
	return !req->write && unlikely(!vhx_blk_pages_are_dirty(req));
}

static void req_finish(struct vhx_blk_req *req, bool may_sleep)
{
	if (req->vecs)
		vhx_blk_pages_release(req, may_sleep && !req->write);
	if (likely(!req->is_piece))
		vhx_blk_status_write(req, may_sleep);
	if (req->held)
		vhx_vq_release_mem(req->vq, req->hold);
	if (unlikely(req->is_piece))
		piece_complete(req);
	else
		req_complete(req);
}

static void req_work(struct work_struct *work)
{
	struct vhx_blk_req *req = container_of(work, struct vhx_blk_req, work);

	if (req->bounce)
		vhx_blk_bounce_finish(req);
	if (req->write && vhx_blk_cache_holds(req))
		vhx_blk_cache_invalidate(req);
	req_finish(req, true);
}

/**
 * vhx_blk_req_done - the disk is done with a request
 * @req: request, with its status
 *
 * Context: any.
 */
void vhx_blk_req_done(struct vhx_blk_req *req)
{
	if (unlikely(req_may_sleep(req)))
		queue_work(vhx_blk_wq, &req->work);
	else
		req_finish(req, false);
}

/**
 * vhx_blk_req_prepared - have vq_submit() submit a request
 * @req: request with a prepared bio
 *
 * Context: the worker, in vq_run().
 */
void vhx_blk_req_prepared(struct vhx_blk_req *req)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(req->vq);

	list_add_tail(&req->prepared, &bvq->prepared);
}

/**
 * vhx_blk_vq_submit - submit what vhx_blk_vq_run() prepared
 * @vq: queue
 *
 * Context: the worker. Sleeps while the disk has no room for more.
 */
void vhx_blk_vq_submit(struct vhx_vq *vq)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(vq);
	struct vhx_blk_req *req, *next;
	struct blk_plug plug;

	if (list_empty(&bvq->prepared))
		return;
	blk_start_plug(&plug);
	/* A request may be in use again right after it was submitted. */
	list_for_each_entry_safe(req, next, &bvq->prepared, prepared)
		vhx_blk_bdev_submit(req);
	INIT_LIST_HEAD(&bvq->prepared);
	/*
	 * A disk that completes requests when it is given them does so here:
	 * one call for all. Nothing sleeps here, unless the driver may.
	 */
	if (!bvq->disk->may_block)
		vhx_vq_hold_calls(vq);
	blk_finish_plug(&plug);
	vhx_vq_release_calls(vq);
}

/**
 * vhx_blk_vq_start - make a queue's requests
 * @vq: queue
 *
 * Return: 0, -ENOMEM, or -ENXIO if nothing is attached.
 */
int vhx_blk_vq_start(struct vhx_vq *vq)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(vq);
	struct vhx_blk_dev *bd = vhx_dev_priv(vhx_vq_dev(vq));
	unsigned int i, n = min(vhx_vq_num(vq), VHX_BLK_REQS_MAX);

	if (!bd->disk)
		return -ENXIO;
	*bvq = (struct vhx_blk_vq){ .disk = bd->disk };
	bvq->reqs = kvcalloc(n, sizeof(*bvq->reqs), GFP_KERNEL_ACCOUNT);
	if (!bvq->reqs)
		return -ENOMEM;
	init_llist_head(&bvq->free);
	INIT_LIST_HEAD(&bvq->prepared);
	init_waitqueue_head(&bvq->large.idle);
	for (i = 0; i < n; i++) {
		struct vhx_blk_req *req = &bvq->reqs[i];

		req->vq = vq;
		req->disk = bd->disk;
		INIT_WORK(&req->work, req_work);
		llist_add(&req->free, &bvq->free);
	}
	return 0;
}

/**
 * vhx_blk_vq_stopped - free a queue's requests
 * @vq: queue; no buffer of it is in flight
 *
 * A piece of a large request may be: its buffer is still on the ring.
 */
void vhx_blk_vq_stopped(struct vhx_vq *vq)
{
	struct vhx_blk_vq *bvq = vhx_vq_priv(vq);
	struct vhx_blk_large *large = &bvq->large;

	if (large->used) {
		wait_event(large->idle, !READ_ONCE(large->busy));
		/* Who completed it may still be about to wake us. */
		synchronize_rcu();
	}
	kvfree(bvq->reqs);
	bvq->reqs = NULL;
}
