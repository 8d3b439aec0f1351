// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory in a memfd. The test maps it once as a whole. If there is more
 * than one region, each is mapped a second time for the device, between guard
 * pages.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gmem.h"

#define GMEM_PAGE	4096UL

static size_t round_up(size_t n, size_t align)
{
	return (n + align - 1) / align * align;
}

/* Map a part of the memfd with an inaccessible page on either side. */
static void *map_guarded(int memfd, size_t off, size_t size)
{
	char *hole, *at;

	hole = mmap(NULL, size + 2 * GMEM_PAGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hole == MAP_FAILED)
		return NULL;

	at = mmap(hole + GMEM_PAGE, size, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_FIXED, memfd, (off_t)off);
	return at == MAP_FAILED ? NULL : at;
}

int gmem_init(struct gmem *m, size_t size, __u64 gpa, unsigned int nregions)
{
	size_t part, off = 0;
	unsigned int i;

	size = round_up(size, GMEM_PAGE);
	part = round_up(size / nregions, GMEM_PAGE);
	nregions = (unsigned int)((size + part - 1) / part);

	*m = (struct gmem){
		.size = size,
		.gpa = gpa,
		.nregions = nregions,
		.region = calloc(nregions, sizeof(*m->region)),
		.memfd = memfd_create("guest", MFD_CLOEXEC),
	};
	if (!m->region || m->memfd < 0 || ftruncate(m->memfd, (off_t)size))
		return -errno;

	m->base = map_guarded(m->memfd, 0, size);
	if (!m->base)
		return -errno;

	for (i = 0; i < nregions; i++, off += part) {
		struct gmem_region *r = &m->region[i];

		r->gpa = gpa + off;
		r->size = size - off < part ? size - off : part;
		r->user = nregions == 1 ? m->base :
			  map_guarded(m->memfd, off, r->size);
		if (!r->user)
			return -errno;
	}
	return 0;
}

void gmem_exit(struct gmem *m)
{
	unsigned int i;

	if (!m->region)
		return;

	for (i = 0; m->nregions > 1 && i < m->nregions; i++)
		munmap((char *)m->region[i].user - GMEM_PAGE,
		       m->region[i].size + 2 * GMEM_PAGE);
	munmap((char *)m->base - GMEM_PAGE, m->size + 2 * GMEM_PAGE);
	close(m->memfd);
	free(m->region);
	memset(m, 0, sizeof(*m));
}

void *gmem_alloc(struct gmem *m, size_t size, size_t align)
{
	size_t at = round_up(m->brk, align);

	if (at > m->size || size > m->size - at) {
		fprintf(stderr, "# guest memory is used up: %zu of %zu, %zu wanted\n",
			m->brk, m->size, size);
		abort();
	}
	m->brk = at + size;
	return (char *)m->base + at;
}

static const struct gmem_region *region_of(const struct gmem *m, __u64 gpa)
{
	unsigned int i;

	for (i = 0; i < m->nregions; i++)
		if (gpa - m->region[i].gpa < m->region[i].size)
			return &m->region[i];
	return NULL;
}

void *gmem_alloc_region(struct gmem *m, size_t size, size_t align)
{
	for (;;) {
		char *p = gmem_alloc(m, size, align);
		__u64 gpa = gmem_gpa(m, p);
		const struct gmem_region *r = region_of(m, gpa);

		/* Every allocation begins in a region. */
		if (!r || r == region_of(m, gpa + size - 1))
			return p;
		/* Go on at the start of the next region. */
		m->brk = r->gpa + r->size - m->gpa;
	}
}

void *gmem_user(const struct gmem *m, __u64 gpa)
{
	const struct gmem_region *r = region_of(m, gpa);

	return r ? (char *)r->user + (gpa - r->gpa) : NULL;
}
