/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VHX_PIN_H
#define _VHX_PIN_H

#include <linux/types.h>

struct vhx_mem;
struct mm_struct;
struct page;

/**
 * struct vhx_map - user memory mapped into the kernel
 * @addr: its first byte in the kernel, NULL if nothing is mapped
 * @vmap: from vmap(), NULL if the pages are physically contiguous
 * @pages: the pinned pages
 * @npages: how many
 * @written: the device writes to them
 */
struct vhx_map {
	void *addr;
	void *vmap;
	struct page **pages;
	unsigned int npages;
	bool written;
};

int vhx_map_init(struct vhx_map *map, struct mm_struct *mm,
		 const struct vhx_mem *mem, u64 addr, size_t len, bool write);
void vhx_map_release(struct vhx_map *map);

#endif /* _VHX_PIN_H */
