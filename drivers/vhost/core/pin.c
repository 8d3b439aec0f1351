// SPDX-License-Identifier: GPL-2.0
/*
 * User memory that stays mapped into the kernel: the rings. It is pinned for
 * as long as a queue is started, accounted against RLIMIT_MEMLOCK, and read and
 * written with plain loads and stores in any context.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vhost_types.h>
#include <linux/vmalloc.h>

#include "mem.h"
#include "pin.h"

static int pin_account(struct mm_struct *mm, unsigned int n)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	if (atomic64_add_return(n, &mm->pinned_vm) > limit &&
	    !capable(CAP_IPC_LOCK)) {
		atomic64_sub(n, &mm->pinned_vm);
		return -ENOMEM;
	}
	return 0;
}

/* The user address of a page; in an I/O-virtual space it must be writable. */
static int page_uaddr(const struct vhx_mem *mem, u64 addr, unsigned int *hint,
		      unsigned long *uaddr)
{
	const struct vhx_region *r;

	if (!mem) {
		*uaddr = addr;
		return 0;
	}
	r = vhx_mem_find(mem, addr, hint);
	if (!r || r->perm != VHOST_ACCESS_RW)
		return -EFAULT;
	*uaddr = r->uaddr + (addr - r->start);
	return 0;
}

static int pin_pages(struct vhx_map *map, struct mm_struct *mm,
		     const struct vhx_mem *mem, u64 addr, unsigned int n)
{
	unsigned int hint = 0;
	int err = 0;

	if (!mmget_not_zero(mm))
		return -EFAULT;
	mmap_read_lock(mm);
	for (; map->npages < n; addr += PAGE_SIZE) {
		unsigned long uaddr;
		long got;

		err = page_uaddr(mem, addr, &hint, &uaddr);
		if (err)
			break;
		got = pin_user_pages_remote(mm, uaddr, 1,
					    FOLL_WRITE | FOLL_LONGTERM,
					    &map->pages[map->npages], NULL);
		if (got != 1) {
			err = got ? got : -EFAULT;
			break;
		}
		map->npages++;
	}
	mmap_read_unlock(mm);
	mmput(mm);
	return err;
}

/* Huge pages and small rings need no mapping of their own. */
static bool pages_adjoin(struct page **pages, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (PageHighMem(pages[i]) ||
		    page_to_pfn(pages[i]) != page_to_pfn(pages[0]) + i)
			return false;
	return true;
}

/**
 * vhx_map_init - pin a range of user memory and map it into the kernel
 * @map: zeroed
 * @mm: the owner's
 * @mem: table in which @addr is looked up, or NULL if it is a user address; the
 *	caller keeps it from going away
 * @addr: first byte
 * @len: bytes, not 0
 *
 * Return: 0; -EFAULT if the range is not mapped or not writable; -ENOMEM if it
 * is more than RLIMIT_MEMLOCK allows or memory is short; or what the kernel
 * says of memory that can't be pinned for long.
 */
int vhx_map_init(struct vhx_map *map, struct mm_struct *mm,
		 const struct vhx_mem *mem, u64 addr, size_t len)
{
	u64 first = addr & PAGE_MASK;
	unsigned int n;
	int err;

	if (addr + len < addr || addr + len > U64_MAX - PAGE_SIZE)
		return -EFAULT;
	n = (PAGE_ALIGN(addr + len) - first) >> PAGE_SHIFT;

	err = pin_account(mm, n);
	if (err)
		return err;
	map->pages = kvmalloc_array(n, sizeof(*map->pages), GFP_KERNEL_ACCOUNT);
	if (!map->pages) {
		err = -ENOMEM;
		goto unaccount;
	}
	err = pin_pages(map, mm, mem, first, n);
	if (err)
		goto unpin;

	if (pages_adjoin(map->pages, n)) {
		map->addr = page_address(map->pages[0]);
	} else {
		map->vmap = vmap(map->pages, n, VM_MAP, PAGE_KERNEL);
		map->addr = map->vmap;
	}
	if (!map->addr) {
		err = -ENOMEM;
		goto unpin;
	}
	map->addr += addr - first;
	return 0;

unpin:
	unpin_user_pages(map->pages, map->npages);
	kvfree(map->pages);
unaccount:
	atomic64_sub(n, &mm->pinned_vm);
	memset(map, 0, sizeof(*map));
	return err;
}

/**
 * vhx_map_release - undo vhx_map_init()
 * @map: mapped or zeroed; zeroed after
 * @mm: the owner's
 */
void vhx_map_release(struct vhx_map *map, struct mm_struct *mm)
{
	if (!map->addr)
		return;
	vunmap(map->vmap);
	unpin_user_pages_dirty_lock(map->pages, map->npages, true);
	kvfree(map->pages);
	atomic64_sub(map->npages, &mm->pinned_vm);
	memset(map, 0, sizeof(*map));
}
