// SPDX-License-Identifier: GPL-2.0
/*
 * The memory table of a device: a sorted array of disjoint regions. A table
 * under construction belongs to one thread; a published one is immutable and
 * read under RCU. dev.c publishes it.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vhost_types.h>

#include "mem.h"

/**
 * vhx_mem_clone - begin a new table
 * @old: table to start from, or NULL for an empty one
 * @more: room for so many regions in addition to those of @old
 *
 * Return: the table or NULL.
 */
struct vhx_mem *vhx_mem_clone(const struct vhx_mem *old, unsigned int more)
{
	unsigned int n = old ? old->n : 0;
	struct vhx_mem *mem;

	mem = kvmalloc(struct_size(mem, regions, n + more), GFP_KERNEL_ACCOUNT);
	if (!mem)
		return NULL;
	mem->n = n;
	mem->room = n + more;
	if (n)
		memcpy(mem->regions, old->regions,
		       flex_array_size(mem, regions, n));
	return mem;
}

/**
 * vhx_mem_free - free a table that nobody reads any longer
 * @mem: table, or NULL
 */
void vhx_mem_free(struct vhx_mem *mem)
{
	kvfree(mem);
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

static int mem_insert(struct vhx_mem *mem, unsigned int i,
		      const struct vhx_region *r)
{
	if (mem->n >= mem->room || mem->n >= VHX_MEM_MAX_REGIONS)
		return -E2BIG;
	memmove(&mem->regions[i + 1], &mem->regions[i],
		flex_array_size(mem, regions, mem->n - i));
	mem->regions[i] = *r;
	mem->n++;
	return 0;
}

/**
 * vhx_mem_add - add a region to a table under construction
 * @mem: table with room for one more region
 * @start: first address
 * @size: bytes
 * @uaddr: user address of @start
 * @perm: VHOST_ACCESS_RO, _WO or _RW
 *
 * Return: 0; -EINVAL if the region is empty or wraps, or @perm is none; -EFAULT
 * if it is not in user space; -EEXIST if it overlaps another; -E2BIG if there
 * are too many.
 */
int vhx_mem_add(struct vhx_mem *mem, u64 start, u64 size, u64 uaddr, u32 perm)
{
	struct vhx_region r = { .start = start, .uaddr = uaddr, .perm = perm };
	unsigned int i;

	if (!size || check_add_overflow(start, size - 1, &r.last) ||
	    uaddr + (size - 1) < uaddr)
		return -EINVAL;
	if (!perm || perm & ~VHOST_ACCESS_RW)
		return -EINVAL;
	if (uaddr != (unsigned long)uaddr ||
	    !access_ok((void __user *)(unsigned long)uaddr, size))
		return -EFAULT;

	i = mem_lower_bound(mem, start);
	if (i < mem->n && mem->regions[i].start <= r.last)
		return -EEXIST;
	return mem_insert(mem, i, &r);
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
 * @mem: table with room for one more region
 * @start: first address
 * @size: bytes; the range may run to the end of the address space
 *
 * A region that is only partly in the range is cut. It is no error if there is
 * none.
 *
 * Return: 0; -EINVAL if the range is empty or wraps; -E2BIG if a region would
 * be cut in two and there are too many.
 */
int vhx_mem_del(struct vhx_mem *mem, u64 start, u64 size)
{
	u64 last = start + (size - 1);
	unsigned int i, end;

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
			int err = mem_insert(mem, i + 1, &tail);

			/* The insertion did not move what lies before it. */
			if (!err)
				r->last = start - 1;
			return err;
		}
		r->last = start - 1;
		i++;
	}
	for (end = i; end < mem->n && mem->regions[end].last <= last; end++)
		;
	if (end < mem->n && mem->regions[end].start <= last)
		mem->regions[end] = region_tail(&mem->regions[end], last + 1);

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
 * vhx_mem_find - look an address up
 * @mem: table, or NULL; the caller is in an RCU read section or owns it
 * @addr: guest address
 * @hint: index of the region found last; any value is allowed
 *
 * Return: the region or NULL.
 */
const struct vhx_region *vhx_mem_find(const struct vhx_mem *mem, u64 addr,
				      unsigned int *hint)
{
	const struct vhx_region *r;
	unsigned int i = *hint;

	if (!mem)
		return NULL;
	if (likely(i < mem->n)) {
		r = &mem->regions[i];
		if (likely(addr >= r->start && addr <= r->last))
			return r;
	}
	i = mem_lower_bound(mem, addr);
	if (i >= mem->n || mem->regions[i].start > addr)
		return NULL;
	*hint = i;
	return &mem->regions[i];
}
