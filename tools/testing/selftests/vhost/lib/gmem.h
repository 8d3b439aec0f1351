/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest memory: what a monitor gives a device as the RAM of its guest. Its
 * guest-physical address differs from every user address. It may be split into
 * regions whose user addresses are in no order. So a device that confuses the
 * two kinds of address, or that reads past the end of a region, fails the test.
 */
#ifndef VHXT_GMEM_H
#define VHXT_GMEM_H

#include <linux/types.h>
#include <stddef.h>

/* The default guest-physical address of guest memory. */
#define GMEM_GPA	0x40000000ULL

/**
 * struct gmem_region - one row of the memory table
 * @gpa: guest-physical (or I/O-virtual) address
 * @size: bytes, a multiple of the page size
 * @user: the user address that the device uses
 */
struct gmem_region {
	__u64 gpa;
	__u64 size;
	void *user;
};

/**
 * struct gmem - the memory of a guest
 * @base: the test's own mapping of all of it
 * @size: bytes
 * @gpa: guest-physical address of the first byte
 * @brk: bytes allocated by gmem_alloc()
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

/* Make @size bytes in @nregions regions, or fewer. 0 or -errno. */
int gmem_init(struct gmem *m, size_t size, __u64 gpa,
	      unsigned int nregions);
void gmem_exit(struct gmem *m);

/*
 * Allocate @size bytes. They are not freed one by one. If there is no room, the
 * test is wrong and ends.
 */
void *gmem_alloc(struct gmem *m, size_t size, size_t align);

/* The same, within one region: for rings. */
void *gmem_alloc_region(struct gmem *m, size_t size, size_t align);

/* The user address that the device uses for @gpa. */
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
