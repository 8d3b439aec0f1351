// SPDX-License-Identifier: GPL-2.0
/*
 * Which writes to buffers are logged (VHOST_F_LOG_ALL). While a queue logs,
 * each buffer that is popped gets a record of where in the guest its
 * device-writable part is. When it is completed, what was written of it is
 * marked in the log, before the driver learns of the completion.
 *
 * What is in flight when logging is switched on has no record. So that happens
 * while nothing is in flight.
 */
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/vhost.h>

#include "core.h"

/* Ranges for which no memory is allocated. */
#define INLINE_RANGES	2

/**
 * struct log_range - a piece of a buffer
 * @addr: guest address, or with an IOTLB user address
 * @len: bytes
 */
struct log_range {
	u64 addr;
	u64 len;
};

/**
 * struct vhx_log_record - where a buffer is
 * @hash: in the table of those in flight, by @id; or among the free ones
 * @order: in the list of those in flight, in the order in which they were
 *	popped
 * @id: &struct vhx_buf.id
 * @seq: &struct vhx_buf.seq
 * @user: @ranges have user addresses
 * @inexact: @ranges have more than the buffer: any of them may be written
 * @n: number of @ranges
 * @ranges: its device-writable part
 * @inline_ranges: room for a few of them
 */
struct vhx_log_record {
	struct hlist_node hash;
	struct list_head order;
	u32 id;
	u32 seq;
	bool user;
	bool inexact;
	unsigned int n;
	struct log_range *ranges;
	struct log_range inline_ranges[INLINE_RANGES];
};

/**
 * struct vhx_log_records - the records of a queue
 * @free: unused ones
 * @order: those in flight, the last popped last
 * @bits: there are 1 << @bits heads in @table
 * @table: those in flight
 * @all: all of them: one for each buffer that may be in flight, and one for a
 *	buffer that was given back with its record kept
 *
 * The queue's used_lock protects them.
 */
struct vhx_log_records {
	struct hlist_head free;
	struct list_head order;
	unsigned int bits;
	struct hlist_head *table;
	struct vhx_log_record all[];
};

static struct vhx_log_records *records_create(unsigned int num)
{
	struct vhx_log_records *recs;
	unsigned int i;

	recs = kvzalloc(struct_size(recs, all, num + 1), GFP_KERNEL_ACCOUNT);
	if (!recs)
		return NULL;
	recs->bits = order_base_2(num) ?: 1;
	recs->table = kvcalloc(1 << recs->bits, sizeof(*recs->table),
			       GFP_KERNEL_ACCOUNT);
	if (!recs->table) {
		kvfree(recs);
		return NULL;
	}
	INIT_LIST_HEAD(&recs->order);
	for (i = 0; i < num + 1; i++)
		hlist_add_head(&recs->all[i].hash, &recs->free);
	return recs;
}

static void records_destroy(struct vhx_log_records *recs)
{
	if (!recs)
		return;
	kvfree(recs->table);
	kvfree(recs);
}

static struct hlist_head *record_head(struct vhx_log_records *recs, u32 id)
{
	return &recs->table[hash_32(id, recs->bits)];
}

/* Takes the record of a buffer, or none, out of those in flight. */
static struct vhx_log_record *record_take(struct vhx_vq *vq, u32 id)
{
	struct vhx_log_record *rec, *oldest = NULL;
	struct vhx_log_records *recs;
	unsigned long flags;

	spin_lock_irqsave(&vq->used_lock, flags);
	recs = vq->log_records;
	/* A driver that lies can have buffers with one id in flight. */
	hlist_for_each_entry(rec, record_head(recs, id), hash)
		if (rec->id == id)
			oldest = rec;
	if (oldest) {
		hlist_del(&oldest->hash);
		list_del(&oldest->order);
	}
	spin_unlock_irqrestore(&vq->used_lock, flags);
	return oldest;
}

static void ranges_free(struct vhx_log_record *rec)
{
	if (rec->ranges != rec->inline_ranges)
		kfree(rec->ranges);
}

static void record_free(struct vhx_vq *vq, struct vhx_log_record *rec)
{
	unsigned long flags;

	ranges_free(rec);
	spin_lock_irqsave(&vq->used_lock, flags);
	hlist_add_head(&rec->hash, &vq->log_records->free);
	spin_unlock_irqrestore(&vq->used_lock, flags);
}

static void range_mark(struct vhx_vq *vq, const struct vhx_log_record *rec,
		       u64 addr, u64 len)
{
	if (unlikely(rec->user))
		vhx_log_uaddr(vq->dev, addr, len);
	else
		vhx_log_guest(vq->dev, addr, len);
}

/* Marks @len bytes, @off bytes into a buffer. */
static void record_mark(struct vhx_vq *vq, const struct vhx_log_record *rec,
			u64 off, u64 len)
{
	unsigned int i;

	for (i = 0; len && i < rec->n; i++) {
		const struct log_range *r = &rec->ranges[i];
		u64 n;

		if (unlikely(rec->inexact)) {
			range_mark(vq, rec, r->addr, r->len);
			continue;
		}
		if (off >= r->len) {
			off -= r->len;
			continue;
		}
		n = min(len, r->len - off);
		range_mark(vq, rec, r->addr + off, n);
		len -= n;
		off = 0;
	}
}

static u64 record_len(const struct vhx_log_record *rec)
{
	u64 len = 0;
	unsigned int i;

	for (i = 0; i < rec->n; i++)
		len += rec->ranges[i].len;
	return len;
}

/*
 * Without memory for all ranges, all but the first are made one that begins
 * with the first byte of them and ends with the last: more is marked than was
 * written, but nothing is missed.
 */
static void range_add(struct vhx_log_record *rec, unsigned int room, u64 addr,
		      u64 len)
{
	struct log_range *last = rec->n ? &rec->ranges[rec->n - 1] : NULL;

	if (last && last->addr + last->len == addr) {
		last->len += len;
	} else if (rec->n < room) {
		rec->ranges[rec->n++] = (struct log_range){ addr, len };
	} else {
		u64 first = min(last->addr, addr);

		rec->inexact = true;
		last->len = max(last->addr + last->len, addr + len) - first;
		last->addr = first;
	}
}

/* The IOTLB may forget I/O-virtual addresses before the buffer is completed. */
static void ranges_of_user(struct vhx_log_record *rec, unsigned int room,
			   const struct iov_iter *in)
{
	const struct iovec *iov = iter_iov(in);
	unsigned int i;

	for (i = 0; i < in->nr_segs; i++)
		range_add(rec, room, (unsigned long)iov[i].iov_base,
			  iov[i].iov_len);
}

static void ranges_of_guest(struct vhx_log_record *rec, unsigned int room,
			    const struct vhx_seg *segs, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (segs[i].len)
			range_add(rec, room, segs[i].addr, segs[i].len);
}

/**
 * vhx_log_popped - make a record of a buffer
 * @vq: queue that logs
 * @c: the buffer as it was popped
 * @segs: its segments, which are in guest memory
 * @buf: the buffer
 *
 * Context: the worker.
 */
void vhx_log_popped(struct vhx_vq *vq, const struct vhx_chain *c,
		    const struct vhx_seg *segs, const struct vhx_buf *buf)
{
	struct vhx_log_records *recs = vq->log_records;
	const bool user = vhx_dev_has_iommu(vq->dev);
	unsigned int n, room = INLINE_RANGES;
	struct vhx_log_record *rec;
	unsigned long flags;

	if (!iov_iter_count(&buf->in))
		return;
	n = user ? buf->in.nr_segs : c->nin;
	spin_lock_irqsave(&vq->used_lock, flags);
	/* There are as many as buffers, so there is one. */
	rec = hlist_entry_safe(recs->free.first, struct vhx_log_record, hash);
	if (rec)
		hlist_del(&rec->hash);
	spin_unlock_irqrestore(&vq->used_lock, flags);
	if (WARN_ON_ONCE(!rec))
		return;

	rec->id = c->id;
	rec->seq = buf->seq;
	rec->user = user;
	rec->inexact = false;
	rec->n = 0;
	rec->ranges = NULL;
	if (n > INLINE_RANGES)
		rec->ranges = kmalloc_array(n, sizeof(*rec->ranges),
					    GFP_NOWAIT | __GFP_ACCOUNT |
					    __GFP_NOWARN);
	if (rec->ranges)
		room = n;
	else
		rec->ranges = rec->inline_ranges;
	if (user)
		ranges_of_user(rec, room, &buf->in);
	else
		ranges_of_guest(rec, room, segs + c->nout, c->nin);

	spin_lock_irqsave(&vq->used_lock, flags);
	hlist_add_head(&rec->hash, record_head(recs, rec->id));
	list_add_tail(&rec->order, &recs->order);
	spin_unlock_irqrestore(&vq->used_lock, flags);
}

/**
 * vhx_log_unpopped - forget the buffers that were popped last
 * @vq: queue that logs, or has
 * @seq: &struct vhx_buf.seq of the first of them
 *
 * Context: the worker.
 */
void vhx_log_unpopped(struct vhx_vq *vq, u32 seq)
{
	struct vhx_log_records *recs = vq->log_records;
	struct vhx_log_record *rec, *prev;
	unsigned long flags;

	spin_lock_irqsave(&vq->used_lock, flags);
	list_for_each_entry_safe_reverse(rec, prev, &recs->order, order) {
		if ((s32)(rec->seq - seq) < 0)
			break;
		hlist_del(&rec->hash);
		list_del(&rec->order);
		ranges_free(rec);
		hlist_add_head(&rec->hash, &recs->free);
	}
	spin_unlock_irqrestore(&vq->used_lock, flags);
}

/**
 * vhx_log_used - log what was written to buffers that are completed
 * @vq: queue that logs, or has
 * @used: completions
 * @n: how many
 *
 * Context: any.
 */
void vhx_log_used(struct vhx_vq *vq, const struct vhx_used *used,
		  unsigned int n)
{
	struct vhx_log_record *rec;
	bool any = false;
	unsigned int i;

	for (i = 0; i < n; i++) {
		rec = record_take(vq, used[i].id);
		if (!rec)
			continue;
		record_mark(vq, rec, 0, used[i].len);
		record_free(vq, rec);
		any = true;
	}
	if (any)
		vhx_log_notify(vq->dev);
}

/**
 * vhx_vq_log_ends - log a buffer that was not written from its start on
 * @vq: queue
 * @id: of the buffer; it is completed next
 * @head: bytes that were written at the start of its device-writable part, or
 *	may have been
 * @tail: bytes that were written at the end
 *
 * Without this, the length with which a buffer is completed tells what was
 * written.
 *
 * Context: any, until the buffer is completed.
 */
void vhx_vq_log_ends(struct vhx_vq *vq, u32 id, u32 head, u32 tail)
{
	struct vhx_log_record *rec;
	u64 len;

	if (likely(!READ_ONCE(vq->log_records)))
		return;
	rec = record_take(vq, id);
	if (!rec)
		return;
	len = record_len(rec);
	record_mark(vq, rec, 0, head);
	if (tail <= len)
		record_mark(vq, rec, len - tail, tail);
	record_free(vq, rec);
	vhx_log_notify(vq->dev);
}
EXPORT_SYMBOL_GPL(vhx_vq_log_ends);

/**
 * vhx_vq_log_keep - keep the record of a buffer that is given back
 * @vq: queue
 * @buf: buffer, popped
 *
 * For a back end that goes on to write to a buffer after vhx_vq_unpop(). One at
 * a time: vhx_vq_log_kept() is called before this is called again.
 *
 * Context: in vq_run().
 * Return: the record, or NULL if the queue does not log.
 */
struct vhx_log_record *vhx_vq_log_keep(struct vhx_vq *vq,
				       const struct vhx_buf *buf)
{
	return unlikely(vq->log_records) ? record_take(vq, buf->id) : NULL;
}
EXPORT_SYMBOL_GPL(vhx_vq_log_keep);

/**
 * vhx_vq_log_kept - log a write to a buffer that was given back
 * @vq: queue
 * @rec: from vhx_vq_log_keep(), which is over
 * @off: from the start of the buffer's device-writable part, in bytes
 * @len: bytes
 *
 * Context: any, before vq_stopped() returns.
 */
void vhx_vq_log_kept(struct vhx_vq *vq, struct vhx_log_record *rec, u32 off,
		     u32 len)
{
	record_mark(vq, rec, off, len);
	record_free(vq, rec);
	vhx_log_notify(vq->dev);
}
EXPORT_SYMBOL_GPL(vhx_vq_log_kept);

/**
 * vhx_vq_logs - are writes to buffers logged?
 * @vq: queue
 *
 * Context: any.
 */
bool vhx_vq_logs(const struct vhx_vq *vq)
{
	return unlikely(READ_ONCE(vq->log_data));
}
EXPORT_SYMBOL_GPL(vhx_vq_logs);

static bool logs_all(const struct vhx_dev *dev)
{
	return dev->features & BIT_ULL(VHOST_F_LOG_ALL);
}

static const struct vhx_mem *current_table(struct vhx_dev *dev)
{
	return rcu_dereference_protected(dev->mem, lockdep_is_held(&dev->lock));
}

/**
 * vhx_log_vq_start - prepare to log a queue that is about to be started
 * @vq: queue; vhx_log_vq_stopped() is due if this fails, or later
 *
 * Context: process, under the device's lock; may sleep.
 * Return: as vhx_log_fit().
 */
int vhx_log_vq_start(struct vhx_vq *vq)
{
	struct vhx_dev *dev = vq->dev;

	if (logs_all(dev)) {
		vq->log_records = records_create(vq->num);
		if (!vq->log_records)
			return -ENOMEM;
		vq->log_data = true;
	}
	return vhx_log_fit(dev, current_table(dev), vq);
}

/**
 * vhx_log_vq_stopped - undo vhx_log_vq_start()
 * @vq: queue; nothing of it is in flight
 *
 * Context: process, under the device's lock.
 */
void vhx_log_vq_stopped(struct vhx_vq *vq)
{
	struct vhx_dev *dev = vq->dev;

	/* If this fails the log stays mapped as it is: it is not too small. */
	if (rcu_access_pointer(dev->log))
		vhx_log_fit(dev, current_table(dev), NULL);
	vq->log_data = false;
	records_destroy(vq->log_records);
	vq->log_records = NULL;
}

/* The worker sees that the queue logs before it pops the next buffer. */
static int vq_switch_on(struct vhx_vq *vq)
{
	struct vhx_log_records *recs;
	int err;

	recs = vq->log_records ?: records_create(vq->num);
	if (!recs)
		return -ENOMEM;
	err = vhx_vq_pause(vq);
	if (err) {
		if (recs != vq->log_records)
			records_destroy(recs);
		return err;
	}
	WRITE_ONCE(vq->log_records, recs);
	WRITE_ONCE(vq->log_data, true);
	vhx_vq_unpause(vq);
	return 0;
}

/* Buffers that have a record are still logged if they find the log. */
static void switch_off(struct vhx_dev *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nvqs; i++)
		WRITE_ONCE(dev->vqs[i]->log_data, false);
}

static int switch_on(struct vhx_dev *dev)
{
	unsigned int i;
	int err;

	for (i = 0; i < dev->nvqs; i++) {
		/* One whose ring is missing does it when it starts. */
		if (!vhx_vq_is_started(dev->vqs[i]) ||
		    vhx_vq_is_waiting(dev->vqs[i]))
			continue;
		err = vq_switch_on(dev->vqs[i]);
		if (err) {
			switch_off(dev);
			return err;
		}
	}
	return 0;
}

/**
 * vhx_log_set_features - acknowledge features
 * @dev: device; if a queue is started, only VHOST_F_LOG_ALL changes
 * @features: the features
 *
 * Context: process, under the device's lock. Waits until nothing is in flight
 * if logging is switched on.
 * Return: as vhx_log_fit().
 */
int vhx_log_set_features(struct vhx_dev *dev, u64 features)
{
	const u64 old = dev->features;
	const bool logged = logs_all(dev);
	int err;

	WRITE_ONCE(dev->features, features);
	err = vhx_log_fit(dev, current_table(dev), NULL);
	if (err)
		goto undo;
	if (logged && !logs_all(dev))
		switch_off(dev);
	if (logged || !logs_all(dev))
		return 0;
	err = switch_on(dev);
	if (!err)
		return 0;
undo:
	WRITE_ONCE(dev->features, old);
	vhx_log_fit(dev, current_table(dev), NULL);
	return err;
}
