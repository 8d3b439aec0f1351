/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest memory: what a monitor gives a device as the RAM of its guest. It lies
 * at a guest-physical address that differs from every user address, and may be
 * cut into regions whose user addresses are in no order, so that a device that
 * mixes up the two or reads past a region is found out.
 */
#ifndef VHXT_GMEM_H
#define VHXT_GMEM_H

#include <linux/types.h>
#include <stddef.h>

/* Where guest memory starts, unless a test wants it elsewhere. */
#define GMEM_GPA	0x40000000ULL

/**
 * struct gmem_region - one row of the memory table
 * @gpa: guest-physical (or I/O-virtual) address
 * @size: bytes, a multiple of the page size
 * @user: where the device finds it in our address space
 */
struct gmem_region {
	__u64 gpa;
	__u64 size;
	void *user;
};

/**
 * struct gmem - the memory of a guest
 * @base: our own view of all of it, contiguous
 * @size: bytes
 * @gpa: guest-physical address of the first byte
 * @brk: bytes given out by gmem_alloc()
 * @memfd: the file behind it
 * @nregions: rows in @region
 * @region: the memory table
 */
struct gmem {
	void *base;
	size_t size;
	__u64 gpa;
	size_t brk;
	int memfd;
	unsigned int nregions;
	struct gmem_region *region;
};

/* @size bytes in @nregions or some fewer regions. 0 or -errno. */
int gmem_init(struct gmem *m, size_t size, __u64 gpa,
	      unsigned int nregions);
void gmem_exit(struct gmem *m);

/*
 * Give out @size bytes. They are never freed. Running out is a mistake in the
 * test, which ends there.
 */
void *gmem_alloc(struct gmem *m, size_t size, size_t align);

/* The same, within one region: for rings. */
void *gmem_alloc_region(struct gmem *m, size_t size, size_t align);

/* The address at which the device sees @gpa. */
void *gmem_user(const struct gmem *m, __u64 gpa);

static inline __u64 gmem_gpa(const struct gmem *m, const void *p)
{
	return m->gpa + (__u64)((const char *)p - (const char *)m->base);
}

static inline void *gmem_ptr(const struct gmem *m, __u64 gpa)
{
	return (char *)m->base + (gpa - m->gpa);
}

#endif /* VHXT_GMEM_H */
