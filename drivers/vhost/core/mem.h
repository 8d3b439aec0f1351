/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VHX_MEM_H
#define _VHX_MEM_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

struct vhx_pinned;

/* The most regions of a table, which limits the memory that it takes. */
#define VHX_MEM_MAX_REGIONS 4096

/**
 * struct vhx_region - a piece of the guest's address space
 * @start: first address
 * @last: last address
 * @uaddr: where @start is in the owner's address space
 * @pinned: its pages, of which it holds a reference, or NULL if they are not
 *	pinned
 * @perm: VHOST_ACCESS_RO, _WO or _RW
 */
struct vhx_region {
	u64 start;
	u64 last;
	u64 uaddr;
	struct vhx_pinned *pinned;
	u32 perm;
};

/**
 * struct vhx_mem - guest-physical or I/O-virtual to user addresses
 * @rcu: frees it
 * @n: number of regions
 * @room: number of regions that it has room for
 * @regions: sorted by address, disjoint
 *
 * A published table does not change; a change is a new table.
 */
struct vhx_mem {
	struct rcu_head rcu;
	unsigned int n;
	unsigned int room;
	struct vhx_region regions[];
};

struct vhx_mem *vhx_mem_clone(const struct vhx_mem *old);
void vhx_mem_free(struct vhx_mem *mem);
void vhx_mem_retire(struct vhx_mem *mem, struct list_head *unused);
int vhx_mem_check(const struct vhx_mem *mem, u64 start, u64 size, u64 uaddr,
		  u32 perm);
int vhx_mem_add(struct vhx_mem **memp, u64 start, u64 size, u64 uaddr, u32 perm,
		struct vhx_pinned *pinned);
int vhx_mem_del(struct vhx_mem **memp, u64 start, u64 size);
const struct vhx_region *vhx_mem_next(const struct vhx_mem *mem, u64 addr);
const struct vhx_region *vhx_mem_search(const struct vhx_mem *mem, u64 addr,
					unsigned int *hint);

/**
 * vhx_mem_find - look an address up
 * @mem: table, or NULL; the caller is in an RCU read section or owns it
 * @addr: guest address
 * @hint: index of the region found last; any value is allowed
 *
 * Return: the region or NULL.
 */
static __always_inline const struct vhx_region *
vhx_mem_find(const struct vhx_mem *mem, u64 addr, unsigned int *hint)
{
	const struct vhx_region *r;

	if (unlikely(!mem))
		return NULL;
	if (likely(*hint < mem->n)) {
		r = &mem->regions[*hint];
		if (likely(addr >= r->start && addr <= r->last))
			return r;
	}
	return vhx_mem_search(mem, addr, hint);
}

#endif /* _VHX_MEM_H */
