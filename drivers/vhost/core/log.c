// SPDX-License-Identifier: GPL-2.0
/*
 * The dirty log: a bitmap in the owner's memory with a bit for each page of
 * VHOST_PAGE_SIZE bytes of the guest's address space, which the device sets
 * after it wrote to the page (VHOST_SET_LOG_BASE). What is logged is the
 * business of log_data.c and log_ring.c.
 *
 * The parts of it in which bits can be set are pinned and mapped while a queue
 * that logs is started, so that any context can set them. The parts follow from
 * the memory table: a guest whose memory ends high up in a sparse address space
 * has a large log of which little is needed. Nothing outside of them is ever
 * written to.
 */
#include <linux/bitops.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vhost.h>

#include "core.h"

#define LOG_PAGE_SHIFT	12
/* From a guest address to the byte of the log that has its bit. */
#define LOG_BYTE_SHIFT	(LOG_PAGE_SHIFT + 3)

/* The log of 8 TiB of memory. */
#define LOG_MAX_PAGES	(SZ_256M >> PAGE_SHIFT)

/**
 * struct log_part - a part of the log, in bytes from its base
 * @first: first byte
 * @last: last byte
 * @map: it in the kernel
 */
struct log_part {
	u64 first;
	u64 last;
	struct vhx_map map;
};

/**
 * struct vhx_log - a log that is mapped
 * @npages: pages that are pinned
 * @n: number of parts
 * @parts: sorted, disjoint
 *
 * It does not change; it is replaced as a whole, and read under RCU.
 */
struct vhx_log {
	unsigned long npages;
	unsigned int n;
	struct log_part parts[];
};

/* Sets the bits from @page to @last, whose bytes all lie in @part. */
static void mark_part(const struct log_part *part, u64 page, u64 last)
{
	const unsigned long addr = (unsigned long)part->map.addr;
	unsigned long *words = (unsigned long *)
			       ALIGN_DOWN(addr, sizeof(*words));
	const u64 skipped = (addr - (unsigned long)words) * 8;
	u64 bit = page - part->first * 8 + skipped;
	const u64 end = last - part->first * 8 + skipped;

	while (bit <= end) {
		unsigned long *word = words + bit / BITS_PER_LONG;
		const unsigned int nr = bit % BITS_PER_LONG;

		/* A whole word: the owner may clear it at the same time. */
		if (!nr && end - bit >= BITS_PER_LONG - 1) {
			if (READ_ONCE(*word) != ~0UL)
				WRITE_ONCE(*word, ~0UL);
			bit += BITS_PER_LONG;
			continue;
		}
		if (!test_bit(nr, word))
			set_bit(nr, word);
		bit++;
	}
}

/* The first part that does not lie wholly before the byte @byte. */
static unsigned int part_lower_bound(const struct vhx_log *log, u64 byte)
{
	unsigned int lo = 0, hi = log->n;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (log->parts[mid].last < byte)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void mark(const struct vhx_log *log, u64 addr, u64 len)
{
	u64 page = addr >> LOG_PAGE_SHIFT, last;
	unsigned int i;

	if (check_add_overflow(addr, len - 1, &last))
		last = U64_MAX;
	last >>= LOG_PAGE_SHIFT;
	/*
	 * The owner clears a bit and then reads the page. Pairs with the
	 * barrier between the two: a bit that is found set will be cleared
	 * before a read that sees what was written.
	 */
	smp_mb();
	for (i = part_lower_bound(log, page / 8); i < log->n; i++) {
		const struct log_part *part = &log->parts[i];

		if (part->first * 8 > last)
			break;
		mark_part(part, max(page, part->first * 8),
			  min(last, part->last * 8 + 7));
	}
}

/**
 * vhx_log_guest - log a write
 * @dev: device
 * @addr: guest address
 * @len: bytes that were written
 *
 * What the log does not cover is ignored.
 *
 * Context: any.
 */
void vhx_log_guest(struct vhx_dev *dev, u64 addr, u64 len)
{
	const struct vhx_log *log;

	rcu_read_lock();
	log = rcu_dereference(dev->log);
	if (log && len)
		mark(log, addr, len);
	rcu_read_unlock();
}

/**
 * vhx_log_uaddr - log a write to user memory
 * @dev: device
 * @uaddr: user address
 * @len: bytes that were written
 *
 * It is logged for all guest addresses that the memory table gives it.
 *
 * Context: any.
 */
void vhx_log_uaddr(struct vhx_dev *dev, u64 uaddr, u64 len)
{
	const u64 ulast = uaddr + (len - 1);
	const struct vhx_log *log;
	const struct vhx_mem *mem;
	unsigned int i;

	rcu_read_lock();
	log = rcu_dereference(dev->log);
	mem = rcu_dereference(dev->mem);
	if (!log || !mem || !len || ulast < uaddr)
		goto unlock;
	for (i = 0; i < mem->n; i++) {
		const struct vhx_region *r = &mem->regions[i];
		u64 rlast = r->uaddr + (r->last - r->start);
		u64 first = max(uaddr, r->uaddr), last = min(ulast, rlast);

		if (first <= last)
			mark(log, r->start + (first - r->uaddr),
			     last - first + 1);
	}
unlock:
	rcu_read_unlock();
}

/**
 * vhx_log_notify - signal that something was logged
 * @dev: device
 *
 * Context: any.
 */
void vhx_log_notify(struct vhx_dev *dev)
{
	vhx_eventfd_signal(&dev->log_call);
}

/* The parts of a log while they are gathered. */
struct parts {
	u64 base;
	unsigned int n;
	struct log_part *part;
};

static void parts_add(struct parts *p, u64 first, u64 last)
{
	p->part[p->n++] = (struct log_part){ .first = first, .last = last };
}

/* For a range of guest addresses, from the first to the last. */
static void parts_add_guest(struct parts *p, u64 first, u64 last)
{
	parts_add(p, first >> LOG_BYTE_SHIFT, last >> LOG_BYTE_SHIFT);
}

static int part_cmp(const void *a, const void *b)
{
	const struct log_part *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Sorts them, and merges those that meet or lie in neighbouring pages. */
static void parts_merge(struct parts *p)
{
	unsigned int i, n = 0;

	sort(p->part, p->n, sizeof(*p->part), part_cmp, NULL);
	for (i = 0; i < p->n; i++) {
		struct log_part *last = n ? &p->part[n - 1] : NULL;

		if (last &&
		    (p->base + p->part[i].first) >> PAGE_SHIFT <=
		    ((p->base + last->last) >> PAGE_SHIFT) + 1)
			last->last = max(last->last, p->part[i].last);
		else
			p->part[n++] = p->part[i];
	}
	p->n = n;
}

static bool log_has(const struct vhx_log *log, const struct log_part *part)
{
	unsigned int i = part_lower_bound(log, part->last);

	return i < log->n && log->parts[i].first <= part->first;
}

static bool log_has_all(const struct vhx_log *log, const struct parts *p)
{
	unsigned int i;

	for (i = 0; i < p->n; i++)
		if (!log_has(log, &p->part[i]))
			return false;
	return true;
}

static bool vq_counts(const struct vhx_vq *vq, const struct vhx_vq *starting)
{
	return vq == starting || vhx_vq_is_started(vq);
}

static bool is_packed(const struct vhx_dev *dev)
{
	return dev->features & BIT_ULL(VIRTIO_F_RING_PACKED);
}

/* Does any queue log writes to its ring, or to anything? */
static bool any_logs(const struct vhx_dev *dev, const struct vhx_vq *starting,
		     bool ring)
{
	bool all = !ring && dev->features & BIT_ULL(VHOST_F_LOG_ALL);
	unsigned int i;

	for (i = 0; i < dev->nvqs; i++)
		if (vq_counts(dev->vqs[i], starting) &&
		    (all || dev->vqs[i]->log_ring))
			return true;
	return false;
}

/*
 * Gathers what the log must have: the memory in which buffers are, the device
 * areas of rings, and of packed rings, which are written to, the descriptors:
 * where these are in the guest is known from the memory table. With an IOTLB so
 * is where the device areas are.
 */
static int parts_gather(struct parts *p, const struct vhx_dev *dev,
			const struct vhx_mem *mem,
			const struct vhx_vq *starting)
{
	unsigned int i;

	if (mem && (dev->features & BIT_ULL(VHOST_F_LOG_ALL) ||
		    is_packed(dev) || vhx_dev_has_iommu(dev)))
		for (i = 0; i < mem->n; i++)
			parts_add_guest(p, mem->regions[i].start,
					mem->regions[i].last);
	for (i = 0; i < dev->nvqs; i++) {
		const struct vhx_vq *vq = dev->vqs[i];
		u64 size = vhx_ring_device_size(is_packed(dev), vq->num), last;

		if (!vq_counts(vq, starting) || !vq->log_ring ||
		    vhx_dev_has_iommu(dev))
			continue;
		if (check_add_overflow(vq->log_addr, size - 1, &last))
			return -EFAULT;
		parts_add_guest(p, vq->log_addr, last);
	}
	return 0;
}

/* Counts pages against the limit of the owner, who is the caller. */
static int charge(struct mm_struct *mm, unsigned long npages,
		  unsigned long before)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	u64 pinned = atomic64_add_return(npages, &mm->pinned_vm);

	if (npages <= before || pinned - before <= limit ||
	    capable(CAP_IPC_LOCK))
		return 0;
	atomic64_sub(npages, &mm->pinned_vm);
	return -ENOMEM;
}

static void log_free(struct vhx_log *log, struct mm_struct *mm)
{
	unsigned int i;

	for (i = 0; i < log->n; i++)
		vhx_map_release(&log->parts[i].map);
	atomic64_sub(log->npages, &mm->pinned_vm);
	kvfree(log);
}

static unsigned long part_pages(const struct parts *p,
				const struct log_part *part)
{
	return ((p->base + part->last) >> PAGE_SHIFT) -
	       ((p->base + part->first) >> PAGE_SHIFT) + 1;
}

static struct vhx_log *log_create(struct vhx_dev *dev, const struct parts *p,
				  const struct vhx_log *old)
{
	unsigned long npages = 0;
	struct vhx_log *log;
	unsigned int i;
	int err;

	for (i = 0; i < p->n; i++) {
		u64 last;

		if (check_add_overflow(p->base, p->part[i].last, &last))
			return ERR_PTR(-EFAULT);
		npages += part_pages(p, &p->part[i]);
		if (npages > LOG_MAX_PAGES)
			return ERR_PTR(-ENOMEM);
	}
	log = kvzalloc(struct_size(log, parts, p->n), GFP_KERNEL_ACCOUNT);
	if (!log)
		return ERR_PTR(-ENOMEM);
	err = charge(dev->mm, npages, old ? old->npages : 0);
	if (err) {
		kvfree(log);
		return ERR_PTR(err);
	}
	log->npages = npages;
	for (; log->n < p->n; log->n++) {
		struct log_part *part = &log->parts[log->n];

		*part = p->part[log->n];
		err = vhx_map_init(&part->map, dev->mm, NULL,
				   p->base + part->first,
				   part->last - part->first + 1, true);
		if (err) {
			log_free(log, dev->mm);
			return ERR_PTR(err);
		}
	}
	return log;
}

/* On return nobody writes to the old one. */
static void log_publish(struct vhx_dev *dev, struct vhx_log *log)
{
	log = rcu_replace_pointer(dev->log, log, lockdep_is_held(&dev->lock));
	if (!log)
		return;
	synchronize_rcu();
	log_free(log, dev->mm);
}

/*
 * Makes the log at @base cover what it must. What the log had it keeps if
 * @keep: buffers that were popped under an earlier memory table may be in
 * flight.
 */
static int log_fit(struct vhx_dev *dev, const struct vhx_mem *mem,
		   const struct vhx_vq *starting, u64 base, bool keep)
{
	const struct vhx_log *old;
	struct parts p = { .base = base };
	struct vhx_log *log;
	unsigned int i;
	int err;

	old = rcu_dereference_protected(dev->log, lockdep_is_held(&dev->lock));
	if (!any_logs(dev, starting, false)) {
		log_publish(dev, NULL);
		return 0;
	}
	p.part = kvmalloc_array((mem ? mem->n : 0) + dev->nvqs +
				(old ? old->n : 0), sizeof(*p.part),
				GFP_KERNEL_ACCOUNT);
	if (!p.part)
		return -ENOMEM;
	err = parts_gather(&p, dev, mem, starting);
	if (err)
		goto free;
	parts_merge(&p);
	if (old && keep) {
		if (log_has_all(old, &p))
			goto free;
		for (i = 0; i < old->n; i++)
			parts_add(&p, old->parts[i].first, old->parts[i].last);
		parts_merge(&p);
	}
	log = log_create(dev, &p, old);
	if (IS_ERR(log))
		err = PTR_ERR(log);
	else
		log_publish(dev, log);
free:
	kvfree(p.part);
	return err;
}

/**
 * vhx_log_fit - make the log fit what is logged
 * @dev: device; what is logged follows from its features and its queues
 * @mem: the memory table that is to be used
 * @starting: queue that is about to be started, or NULL
 *
 * Without a started queue that logs, nothing is mapped.
 *
 * Context: process, under the device's lock; may sleep.
 * Return: 0; -EFAULT if the log is not in memory that can be written; -ENOMEM
 * if it is too large; -EINTR; then nothing has changed.
 */
int vhx_log_fit(struct vhx_dev *dev, const struct vhx_mem *mem,
		const struct vhx_vq *starting)
{
	lockdep_assert_held(&dev->lock);
	return log_fit(dev, mem, starting, dev->log_base, true);
}

/**
 * vhx_log_set_base - say where the log is
 * @dev: device
 * @base: user address
 *
 * On return nothing is written to an earlier log.
 *
 * Context and return: as vhx_log_fit().
 */
int vhx_log_set_base(struct vhx_dev *dev, u64 base)
{
	const struct vhx_mem *mem;
	int err;

	mem = rcu_dereference_protected(dev->mem, lockdep_is_held(&dev->lock));
	err = log_fit(dev, mem, NULL, base, false);
	if (!err)
		dev->log_base = base;
	return err;
}

/**
 * vhx_log_clear - forget the log
 * @dev: device without a started queue
 */
void vhx_log_clear(struct vhx_dev *dev)
{
	log_publish(dev, NULL);
	dev->log_base = 0;
	vhx_eventfd_replace(&dev->log_call, NULL);
}
