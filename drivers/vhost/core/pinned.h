/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VHX_PINNED_H
#define _VHX_PINNED_H

#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>

struct vhx_pin_stats;

/* A chunk is so much of the owner's address space, aligned: a huge page. */
#define VHX_CHUNK_SHIFT	21
#define VHX_CHUNK_PAGES	(1UL << (VHX_CHUNK_SHIFT - PAGE_SHIFT))

/*
 * What is known of a chunk: where its first page would be, if its pages are
 * physically contiguous, else the address of a table of page frame numbers.
 */
#define VHX_CHUNK_CONTIGUOUS	1UL

/**
 * struct vhx_pinned - a range of the owner's memory whose pages are pinned
 * @refs: regions that use it; under the device's lock
 * @uaddr: user address of the first page
 * @npages: how many pages
 * @writable: the device may write to them
 * @stale: the owner has unmapped some of it since, or replaced pages: new
 *	regions do not use it
 * @mm: the owner's
 * @stats: counts its pages
 * @notifier: sets @stale
 * @node: links those that are to be released
 * @chunks: from the one that has the first page
 *
 * It does not change while regions use it, so any context may look it up. A
 * huge page takes a word, as does each page of a chunk that is scattered.
 */
struct vhx_pinned {
	unsigned int refs;
	unsigned long uaddr;
	unsigned long npages;
	bool writable;
	bool stale;
	struct mm_struct *mm;
	struct vhx_pin_stats *stats;
	struct mmu_interval_notifier notifier;
	struct list_head node;
	unsigned long *chunks;
};

long vhx_pin_some(struct mm_struct *mm, unsigned long uaddr, unsigned long n,
		  unsigned int flags, struct page **pages);

struct vhx_pinned *vhx_pinned_create(struct mm_struct *mm, unsigned long uaddr,
				     unsigned long npages, bool writable,
				     struct vhx_pin_stats *stats);
void vhx_pinned_destroy(struct vhx_pinned *p);

/* Where the first page of a contiguous chunk would be: a signed number. */
static inline unsigned long vhx_chunk_pfn(unsigned long chunk)
{
	return (long)chunk >> 1;
}

/**
 * vhx_pinned_vec - look up where user memory is
 * @p: pinned range
 * @uaddr: first byte, inside the range
 * @len: bytes, at least 1, inside the range
 * @vec: set to the first of them that are physically contiguous
 *
 * Context: any, while a region uses @p.
 * Return: how many bytes @vec has.
 */
static __always_inline u32 vhx_pinned_vec(const struct vhx_pinned *p,
					  unsigned long uaddr, u32 len,
					  struct bio_vec *vec)
{
	unsigned long chunk = p->chunks[(uaddr >> VHX_CHUNK_SHIFT) -
					(p->uaddr >> VHX_CHUNK_SHIFT)];
	unsigned long page = (uaddr >> PAGE_SHIFT) & (VHX_CHUNK_PAGES - 1);
	unsigned long pfn, end;

	if (likely(chunk & VHX_CHUNK_CONTIGUOUS)) {
		pfn = vhx_chunk_pfn(chunk) + page;
		end = VHX_CHUNK_PAGES;
	} else {
		const unsigned long *pfns = (const unsigned long *)chunk;

		pfn = pfns[page];
		end = page + 1;
		while (((end - page) << PAGE_SHIFT) - offset_in_page(uaddr) <
		       len && end < VHX_CHUNK_PAGES &&
		       pfns[end] == pfn + (end - page))
			end++;
	}
	vec->bv_page = pfn_to_page(pfn);
	vec->bv_offset = offset_in_page(uaddr);
	vec->bv_len = min_t(unsigned long, len,
			    ((end - page) << PAGE_SHIFT) - vec->bv_offset);
	return vec->bv_len;
}

#endif /* _VHX_PINNED_H */
