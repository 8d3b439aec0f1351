// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory that is pinned as long as it is mapped: ranges of the owner's
 * address space with the pages that they had when they were pinned. mem.c says
 * which regions use a range.
 */
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <vhx/instance.h>

#include "pinned.h"

/* Pages that are pinned by one call. */
#define PIN_BATCH	512UL

/**
 * vhx_pin_some - pin pages for long
 * @mm: the owner's, whose users the caller holds
 * @uaddr: of the first page
 * @n: how many
 * @flags: FOLL_WRITE or 0
 * @pages: filled
 *
 * A fault may sleep for as long as the owner likes (userfaultfd): without the
 * mmap lock, until the caller is killed.
 *
 * Context: process.
 * Return: how many were pinned, at least one; -EFAULT if the first is not
 * mapped, or not writable; -EINTR if the caller is being killed; or what the
 * kernel says of memory that can't be pinned for long.
 */
long vhx_pin_some(struct mm_struct *mm, unsigned long uaddr, unsigned long n,
		  unsigned int flags, struct page **pages)
{
	int locked = 1;
	long got;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	got = pin_user_pages_remote(mm, uaddr, n, flags | FOLL_LONGTERM, pages,
				    &locked);
	if (locked)
		mmap_read_unlock(mm);
	return got ?: -EFAULT;
}

/*
 * The pages of the range are no longer those that the owner sees. Reclaim and
 * migration give up on pinned pages, but may have called this before: then the
 * range is pinned once more than it need be.
 */
static bool pinned_invalidate(struct mmu_interval_notifier *notifier,
			      const struct mmu_notifier_range *range,
			      unsigned long seq)
{
	struct vhx_pinned *p = container_of(notifier, struct vhx_pinned,
					    notifier);

	mmu_interval_set_seq(notifier, seq);
	if (range->event == MMU_NOTIFY_UNMAP ||
	    range->event == MMU_NOTIFY_CLEAR)
		WRITE_ONCE(p->stale, true);
	return true;
}

static const struct mmu_interval_notifier_ops pinned_notifier_ops = {
	.invalidate = pinned_invalidate,
};

static unsigned long page_number(const struct vhx_pinned *p, unsigned long i)
{
	return (p->uaddr >> PAGE_SHIFT) + i;
}

static unsigned long *chunk_of(const struct vhx_pinned *p, unsigned long i)
{
	return &p->chunks[page_number(p, i) / VHX_CHUNK_PAGES -
			  page_number(p, 0) / VHX_CHUNK_PAGES];
}

/* A table for a chunk of which the first @n pages are contiguous. */
static unsigned long *make_table(unsigned long first_pfn, unsigned long n)
{
	unsigned long *pfns, i;

	pfns = kcalloc(VHX_CHUNK_PAGES, sizeof(*pfns), GFP_KERNEL_ACCOUNT);
	for (i = 0; pfns && i < n; i++)
		pfns[i] = first_pfn + i;
	return pfns;
}

/* Adds a page behind those that are pinned, and returns 0 or -ENOMEM. */
static int take_page(struct vhx_pinned *p, struct page *page)
{
	unsigned long *chunk = chunk_of(p, p->npages), *pfns;
	unsigned long at = page_number(p, p->npages) % VHX_CHUNK_PAGES;
	/* Where the chunk's first page would be, which may be below 0. */
	unsigned long first = page_to_pfn(page) - at;

	if (!*chunk)
		*chunk = first << 1 | VHX_CHUNK_CONTIGUOUS;
	if (*chunk & VHX_CHUNK_CONTIGUOUS) {
		if (vhx_chunk_pfn(*chunk) == first)
			goto taken;
		pfns = make_table(vhx_chunk_pfn(*chunk), at);
		if (!pfns)
			return -ENOMEM;
		*chunk = (unsigned long)pfns;
	}
	((unsigned long *)*chunk)[at] = page_to_pfn(page);
taken:
	p->npages++;
	return 0;
}

static int take_pages(struct vhx_pinned *p, struct page **pages, long got)
{
	long i;

	for (i = 0; i < got; i++) {
		if (take_page(p, pages[i])) {
			unpin_user_pages(pages + i, got - i);
			return -ENOMEM;
		}
	}
	return 0;
}

/*
 * Memory that the device only reads may be mapped read-only. Before Linux 6.2 a
 * page that is pinned for reading may be replaced when the owner writes to it:
 * there it is pinned for writing where that is possible.
 */
static long pin_batch(struct vhx_pinned *p, unsigned long n,
		      struct page **pages)
{
	unsigned long uaddr = p->uaddr + (p->npages << PAGE_SHIFT);
	unsigned int flags = p->writable ? FOLL_WRITE : VHX_PIN_FOR_READING;
	long got;

	n = min(n, PIN_BATCH);
	got = vhx_pin_some(p->mm, uaddr, n, flags, pages);
	if (got == -EFAULT && !p->writable && flags)
		got = vhx_pin_some(p->mm, uaddr, n, 0, pages);
	return got;
}

static int pin_all(struct vhx_pinned *p, unsigned long n)
{
	struct page **pages;
	int err = 0;

	pages = kvmalloc_array(PIN_BATCH, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	while (!err && p->npages < n) {
		long got = pin_batch(p, n - p->npages, pages);

		err = got < 0 ? got : take_pages(p, pages, got);
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	kvfree(pages);
	return err;
}

static void unpin_all(struct vhx_pinned *p)
{
	unsigned long end = p->uaddr + (p->npages << PAGE_SHIFT), at = p->uaddr;
	struct bio_vec vec;

	while (at < end) {
		at += vhx_pinned_vec(p, at, min(end - at, 1UL << 30), &vec);
		unpin_user_page_range_dirty_lock(vec.bv_page,
						 vec.bv_len >> PAGE_SHIFT,
						 p->writable);
		cond_resched();
	}
}

static int alloc_chunks(struct vhx_pinned *p, unsigned long npages)
{
	unsigned long n = page_number(p, npages - 1) / VHX_CHUNK_PAGES -
			  page_number(p, 0) / VHX_CHUNK_PAGES + 1;

	p->chunks = kvcalloc(n, sizeof(*p->chunks), GFP_KERNEL_ACCOUNT);
	return p->chunks ? 0 : -ENOMEM;
}

static void free_chunks(struct vhx_pinned *p, unsigned long npages)
{
	unsigned long *chunk, *last = chunk_of(p, npages - 1);

	for (chunk = p->chunks; chunk <= last; chunk++)
		if (!(*chunk & VHX_CHUNK_CONTIGUOUS))
			kfree((void *)*chunk);
	kvfree(p->chunks);
}

/* As vhost-vdpa counts: pinned pages, against the limit for locked memory. */
static int account(struct mm_struct *mm, unsigned long n)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	if (atomic64_add_return(n, &mm->pinned_vm) <= limit)
		return 0;
	atomic64_sub(n, &mm->pinned_vm);
	return -ENOMEM;
}

/**
 * vhx_pinned_create - pin a range of the caller's memory
 * @mm: the caller's, whose users are held until vhx_pinned_destroy()
 * @uaddr: of the first page
 * @npages: how many, at least 1
 * @writable: the device may write to them
 * @stats: counts the pages; stays around until vhx_pinned_destroy()
 *
 * Context: process. Sleeps until the owner provides the memory, or is killed.
 * Return: the range, without users; or an error pointer: -ENOMEM, also if
 * RLIMIT_MEMLOCK would be exceeded; -EFAULT if it is not mapped, or not
 * writable; -EINTR if the caller is being killed; or what the kernel says of
 * memory that can't be pinned for long.
 */
struct vhx_pinned *vhx_pinned_create(struct mm_struct *mm, unsigned long uaddr,
				     unsigned long npages, bool writable,
				     struct vhx_pin_stats *stats)
{
	struct vhx_pinned *p;
	int err;

	p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		return ERR_PTR(-ENOMEM);
	p->mm = mm;
	p->stats = stats;
	p->uaddr = uaddr;
	p->writable = writable;
	err = account(mm, npages);
	if (err)
		goto free;
	err = alloc_chunks(p, npages);
	if (err)
		goto unaccount;
	err = mmu_interval_notifier_insert(&p->notifier, mm, uaddr,
					   npages << PAGE_SHIFT,
					   &pinned_notifier_ops);
	if (err)
		goto free_chunks;
	err = pin_all(p, npages);
	if (err)
		goto unpin;
	/* Faults of our own may have replaced pages before they were pinned. */
	WRITE_ONCE(p->stale, false);
	atomic64_add(npages, &stats->now);
	atomic64_add(npages, &stats->total);
	return p;

unpin:
	mmu_interval_notifier_remove(&p->notifier);
	unpin_all(p);
free_chunks:
	free_chunks(p, npages);
unaccount:
	atomic64_sub(npages, &mm->pinned_vm);
free:
	kfree(p);
	return ERR_PTR(err);
}

/**
 * vhx_pinned_destroy - unpin a range
 * @p: range that no region and no I/O uses any longer
 *
 * Context: process; may sleep.
 */
void vhx_pinned_destroy(struct vhx_pinned *p)
{
	mmu_interval_notifier_remove(&p->notifier);
	unpin_all(p);
	atomic64_sub(p->npages, &p->mm->pinned_vm);
	atomic64_sub(p->npages, &p->stats->now);
	free_chunks(p, p->npages);
	kfree(p);
}
