// SPDX-License-Identifier: GPL-2.0
/*
 * User memory that stays mapped into the kernel: the rings. It is pinned while
 * a queue is started, and read and written with plain loads and stores in any
 * context.
 *
 * The pages are the owner's, and charged to it already. They do not count
 * against RLIMIT_MEMLOCK: a ring has less than 1 MiB, and QEMU, which falls
 * back to user space without a word, runs with a limit of 64 KiB in many
 * places.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vhost_types.h>
#include <linux/vmalloc.h>

#include "mem.h"
#include "pin.h"
#include "pinned.h"

/**
 * struct run - pages with successive user addresses
 * @uaddr: of the first of them
 * @n: how many
 * @writable: the memory table lets the device write to them
 */
struct run {
	unsigned long uaddr;
	unsigned int n;
	bool writable;
};

/* The run that begins at @addr, of no more than @n pages. */
static int next_run(const struct vhx_mem *mem, u64 addr, unsigned int n,
		    unsigned int *hint, struct run *run)
{
	const struct vhx_region *r;

	*run = (struct run){ .uaddr = addr, .n = n, .writable = true };
	if (!mem)
		return 0;
	r = vhx_mem_find(mem, addr, hint);
	if (!r || !(r->perm & VHOST_ACCESS_RO))
		return -EFAULT;
	run->uaddr = r->uaddr + (addr - r->start);
	run->n = min_t(u64, n, (r->last - addr + 1) >> PAGE_SHIFT);
	run->writable = r->perm & VHOST_ACCESS_WO;
	return 0;
}

/*
 * Memory that the device only reads may be mapped read-only. If it is not, it
 * is pinned for writing all the same: then it can't be a page that a later
 * write by the owner replaces.
 */
static long pin_run(struct vhx_map *map, struct mm_struct *mm,
		    const struct run *run)
{
	struct page **pages = map->pages + map->npages;
	long got = -EFAULT;

	if (run->writable)
		got = vhx_pin_some(mm, run->uaddr, run->n, FOLL_WRITE, pages);
	if (got == -EFAULT && !map->written)
		got = vhx_pin_some(mm, run->uaddr, run->n, 0, pages);
	return got;
}

static int pin_pages(struct vhx_map *map, struct mm_struct *mm,
		     const struct vhx_mem *mem, u64 addr, unsigned int n)
{
	unsigned int hint = 0;
	struct run run;
	long got;
	int err;

	while (map->npages < n) {
		err = next_run(mem, addr, n - map->npages, &hint, &run);
		if (err)
			return err;
		got = pin_run(map, mm, &run);
		if (got < 0)
			return got;
		map->npages += got;
		addr += (u64)got << PAGE_SHIFT;
	}
	return 0;
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
 * @mm: the owner's, whose users the caller holds
 * @mem: table in which @addr is looked up, or NULL if it is a user address; the
 *	caller keeps it from going away
 * @addr: first byte
 * @len: bytes, not 0
 * @write: the device writes to it
 *
 * Context: process; may sleep until the owner provides the memory.
 * Return: 0; -EFAULT if the range is not mapped, or is read-only with @write;
 * -ENOMEM; -EINTR if the caller is being killed; or what the kernel says of
 * memory that can't be pinned for long.
 */
int vhx_map_init(struct vhx_map *map, struct mm_struct *mm,
		 const struct vhx_mem *mem, u64 addr, size_t len, bool write)
{
	u64 first = addr & PAGE_MASK;
	unsigned int n;
	int err;

	if (addr + len < addr || addr + len > U64_MAX - PAGE_SIZE)
		return -EFAULT;
	n = (PAGE_ALIGN(addr + len) - first) >> PAGE_SHIFT;

	map->written = write;
	map->pages = kvmalloc_array(n, sizeof(*map->pages), GFP_KERNEL_ACCOUNT);
	if (!map->pages)
		return -ENOMEM;
	err = pin_pages(map, mm, mem, first, n);
	if (err)
		goto unpin;

	if (pages_adjoin(map->pages, n)) {
		map->addr = page_address(map->pages[0]);
	} else {
		map->vmap = vmap(map->pages, n, VM_MAP,
				 write ? PAGE_KERNEL : PAGE_KERNEL_RO);
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
	memset(map, 0, sizeof(*map));
	return err;
}

/**
 * vhx_map_release - undo vhx_map_init()
 * @map: mapped or zeroed; zeroed after
 */
void vhx_map_release(struct vhx_map *map)
{
	if (!map->addr)
		return;
	vunmap(map->vmap);
	unpin_user_pages_dirty_lock(map->pages, map->npages, map->written);
	kvfree(map->pages);
	memset(map, 0, sizeof(*map));
}
