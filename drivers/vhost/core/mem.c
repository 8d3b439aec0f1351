// SPDX-License-Identifier: GPL-2.0
/*
 * The memory table of a device: a sorted array of disjoint regions. A table
 * under construction belongs to one thread; a published one is immutable and
 * read under RCU. devmem.c publishes it.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vhost_types.h>

#include "mem.h"
#include "pinned.h"

/* Tables grow by so many regions. */
#define MEM_STEP	16

static struct vhx_mem *mem_alloc(const struct vhx_mem *old)
{
	unsigned int n = old ? old->n : 0;
	unsigned int room = n + n / 2 + MEM_STEP;
	struct vhx_mem *mem;

	mem = kvmalloc(struct_size(mem, regions, room), GFP_KERNEL_ACCOUNT);
	if (!mem)
		return NULL;
	mem->n = n;
	mem->room = room;
	if (n)
		memcpy(mem->regions, old->regions,
		       flex_array_size(mem, regions, n));
	return mem;
}

static void region_get(const struct vhx_region *r)
{
	if (r->pinned)
		r->pinned->refs++;
}

/* Who calls it knows that no I/O uses the pages. */
static void region_put(const struct vhx_region *r)
{
	if (r->pinned && !--r->pinned->refs)
		vhx_pinned_destroy(r->pinned);
}

/**
 * vhx_mem_clone - begin a new table
 * @old: table to start from, or NULL for an empty one
 *
 * Return: the table or NULL.
 */
struct vhx_mem *vhx_mem_clone(const struct vhx_mem *old)
{
	struct vhx_mem *mem = mem_alloc(old);
	unsigned int i;

	if (!mem)
		return NULL;
	for (i = 0; i < mem->n; i++)
		region_get(&mem->regions[i]);
	return mem;
}

/**
 * vhx_mem_free - free a table that was not published
 * @mem: table, or NULL
 */
void vhx_mem_free(struct vhx_mem *mem)
{
	unsigned int i;

	if (!mem)
		return;
	for (i = 0; i < mem->n; i++)
		region_put(&mem->regions[i]);
	kvfree(mem);
}

/**
 * vhx_mem_retire - free a table that was published and is no longer
 * @mem: table
 * @unused: gets the pinned ranges that no table uses any longer; requests in
 *	flight may use them
 */
void vhx_mem_retire(struct vhx_mem *mem, struct list_head *unused)
{
	unsigned int i;

	for (i = 0; i < mem->n; i++) {
		struct vhx_pinned *p = mem->regions[i].pinned;

		if (p && !--p->refs)
			list_add(&p->node, unused);
	}
	kvfree_rcu(mem, rcu);
}

/* The index of the first region that is not wholly below @addr. */
static unsigned int mem_lower_bound(const struct vhx_mem *mem, u64 addr)
{
	unsigned int lo = 0, hi = mem->n;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (mem->regions[mid].last < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int mem_insert(struct vhx_mem **memp, unsigned int i,
		      const struct vhx_region *r)
{
	struct vhx_mem *mem = *memp;

	if (mem->n >= VHX_MEM_MAX_REGIONS)
		return -E2BIG;
	if (mem->n == mem->room) {
		mem = mem_alloc(*memp);
		if (!mem)
			return -ENOMEM;
		kvfree(*memp);
		*memp = mem;
	}
	memmove(&mem->regions[i + 1], &mem->regions[i],
		flex_array_size(mem, regions, mem->n - i));
	mem->regions[i] = *r;
	mem->n++;
	region_get(r);
	return 0;
}

/**
 * vhx_mem_check - can a region be added to a table?
 * @mem: table, or NULL
 * @start: first address
 * @size: bytes
 * @uaddr: user address of @start
 * @perm: VHOST_ACCESS_RO, _WO or _RW
 *
 * Return: 0; -EINVAL if the region is empty or wraps, or @perm is none; -EFAULT
 * if it is not in user space; -EEXIST if it overlaps another.
 */
int vhx_mem_check(const struct vhx_mem *mem, u64 start, u64 size, u64 uaddr,
		  u32 perm)
{
	const struct vhx_region *r;
	u64 last;

	if (!size || check_add_overflow(start, size - 1, &last) ||
	    uaddr + (size - 1) < uaddr)
		return -EINVAL;
	if (!perm || perm & ~VHOST_ACCESS_RW)
		return -EINVAL;
	if (uaddr != (unsigned long)uaddr ||
	    !access_ok((void __user *)(unsigned long)uaddr, size))
		return -EFAULT;

	r = vhx_mem_next(mem, start);
	return r && r->start <= last ? -EEXIST : 0;
}

/**
 * vhx_mem_add - add a region to a table under construction
 * @memp: table, which may move
 * @start: first address
 * @size: bytes
 * @uaddr: user address of @start
 * @perm: VHOST_ACCESS_RO, _WO or _RW; vhx_mem_check() has passed all of it
 * @pinned: the pages, of which the region takes a reference, or NULL
 *
 * Return: 0, -E2BIG if there are too many, or -ENOMEM.
 */
int vhx_mem_add(struct vhx_mem **memp, u64 start, u64 size, u64 uaddr, u32 perm,
		struct vhx_pinned *pinned)
{
	struct vhx_region r = {
		.start = start, .last = start + (size - 1), .uaddr = uaddr,
		.perm = perm, .pinned = pinned,
	};

	return mem_insert(memp, mem_lower_bound(*memp, start), &r);
}

static struct vhx_region region_tail(const struct vhx_region *r, u64 start)
{
	struct vhx_region tail = *r;

	tail.start = start;
	tail.uaddr += start - r->start;
	return tail;
}

/**
 * vhx_mem_del - take a range out of a table under construction
 * @memp: table, which may move
 * @start: first address
 * @size: bytes; the range may run to the end of the address space
 *
 * A region that is only partly in the range is cut. It is no error if there is
 * none.
 *
 * Return: 0; -EINVAL if the range is empty or wraps; if a region would be cut
 * in two, also -E2BIG if there are too many, or -ENOMEM.
 */
int vhx_mem_del(struct vhx_mem **memp, u64 start, u64 size)
{
	u64 last = start + (size - 1);
	struct vhx_mem *mem = *memp;
	unsigned int i, j, end;

	/* The size ~0 stands for all of a 64-bit address space. */
	if (size == U64_MAX && !start)
		last = U64_MAX;
	else if (!size || last < start)
		return -EINVAL;

	i = mem_lower_bound(mem, start);
	if (i < mem->n && mem->regions[i].start < start) {
		struct vhx_region *r = &mem->regions[i];

		if (r->last > last) {
			struct vhx_region tail = region_tail(r, last + 1);
			int err = mem_insert(memp, i + 1, &tail);

			if (!err)
				(*memp)->regions[i].last = start - 1;
			return err;
		}
		r->last = start - 1;
		i++;
	}
	for (end = i; end < mem->n && mem->regions[end].last <= last; end++)
		;
	if (end < mem->n && mem->regions[end].start <= last)
		mem->regions[end] = region_tail(&mem->regions[end], last + 1);

	for (j = i; j < end; j++)
		region_put(&mem->regions[j]);
	memmove(&mem->regions[i], &mem->regions[end],
		flex_array_size(mem, regions, mem->n - end));
	mem->n -= end - i;
	return 0;
}

/**
 * vhx_mem_next - find the first region that does not end below an address
 * @mem: table, or NULL; the caller is in an RCU read section or owns it
 * @addr: guest address
 *
 * Return: the region, which may begin above @addr, or NULL.
 */
const struct vhx_region *vhx_mem_next(const struct vhx_mem *mem, u64 addr)
{
	unsigned int i = mem ? mem_lower_bound(mem, addr) : 0;

	return mem && i < mem->n ? &mem->regions[i] : NULL;
}

/**
 * vhx_mem_search - look an address up that the hint does not find
 * @mem: table; the caller is in an RCU read section or owns it
 * @addr: guest address
 * @hint: set to the index of the region
 *
 * Return: the region or NULL.
 */
const struct vhx_region *vhx_mem_search(const struct vhx_mem *mem, u64 addr,
					unsigned int *hint)
{
	unsigned int i = mem_lower_bound(mem, addr);

	if (i >= mem->n || mem->regions[i].start > addr)
		return NULL;
	*hint = i;
	return &mem->regions[i];
}
