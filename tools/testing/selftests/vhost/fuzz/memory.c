// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory in parts, each between two pages that contain a pattern.
 */
#include <errno.h>
#include <linux/vhost_types.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

#define CANARY		0xc5
#define HOLE_SIZE	0x100000UL
#define PLAIN		(PART_PLAIN * MEMORY_PART)

/* What such a page contains. */
static char canary[MEMORY_PAGE];

static char *page_before(const struct gmem_region *r)
{
	return (char *)r->user - MEMORY_PAGE;
}

static char *page_behind(const struct gmem_region *r)
{
	return (char *)r->user + r->size;
}

/* In place of a guard page: a write to that would fail without a trace. */
static int make_canary(char *at)
{
	if (mmap(at, MEMORY_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	memset(at, CANARY, MEMORY_PAGE);
	return 0;
}

int memory_init(struct memory *m)
{
	unsigned int i;
	int err;

	memset(canary, CANARY, sizeof(canary));
	m->hole = mmap(NULL, HOLE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		       MAP_NORESERVE, -1, 0);
	if (m->hole == MAP_FAILED)
		return -errno;
	err = gmem_init(&m->parts, MEMORY_SIZE, GMEM_GPA, MEMORY_PARTS);
	if (!err)
		err = gmem_init(&m->big, MEMORY_BIG, MEMORY_BIG_GPA, 1);
	for (i = 0; !err && i < MEMORY_PARTS; i++) {
		err = make_canary(page_before(&m->parts.region[i]));
		if (!err)
			err = make_canary(page_behind(&m->parts.region[i]));
	}
	if (err)
		return err;
	memset(m->parts.base, CANARY, PLAIN);
	if (mprotect(m->parts.region[PART_SEALED].user, MEMORY_PART, PROT_READ))
		return -errno;
	return 0;
}

void memory_reset(struct memory *m, struct draw *d)
{
	static const __u64 places[] = {
		GMEM_GPA, GMEM_GPA, GMEM_GPA, GMEM_GPA, GMEM_GPA,
		0, 1ULL << 40, -MEMORY_SIZE,
	};
	unsigned int i;

	memset((char *)m->parts.base + PLAIN, 0, MEMORY_SIZE - PLAIN);
	if (m->use_big)
		memset(m->big.base, 0, MEMORY_BIG);
	m->use_big = false;
	m->parts.gpa = draw_of(d, places);
	for (i = 0; i < MEMORY_PARTS; i++)
		m->parts.region[i].gpa = m->parts.gpa + i * MEMORY_PART;
	memory_reuse(m);
}

void memory_reuse(struct memory *m)
{
	/* A page of plain memory, for accesses just before a ring. */
	m->parts.brk = PLAIN + MEMORY_PAGE;
	m->big.brk = 0;
}

static bool page_intact(const char *at, const char *what, unsigned int part)
{
	unsigned int i;

	if (!memcmp(at, canary, MEMORY_PAGE))
		return true;
	for (i = 0; at[i] == canary[i]; i++)
		;
	printf("# written: byte %u of a page %s part %u\n", i, what, part);
	return false;
}

bool memory_intact(const struct memory *m)
{
	const struct gmem_region *r;
	bool intact = true;
	unsigned int i;

	for (i = 0; i < MEMORY_PARTS; i++) {
		r = &m->parts.region[i];
		intact &= page_intact(page_before(r), "before", i);
		intact &= page_intact(page_behind(r), "behind", i);
	}
	for (i = 0; i < PLAIN; i += MEMORY_PAGE)
		intact &= page_intact((char *)m->parts.base + i, "of",
				      i / MEMORY_PART);
	return intact;
}

/* Make one field of a row wrong. */
static void spoil(struct memory *m, struct draw *d, struct row *r)
{
	static const __u64 sizes[] = {
		0, 1, MEMORY_PAGE - 1, ~0ULL, ~0ULL - MEMORY_PAGE + 1,
		1ULL << 63,
	};
	static const __u8 perms[] = {
		0, VHOST_ACCESS_RO, VHOST_ACCESS_WO, 4, 0xff,
	};

	switch (draw_below(d, 6)) {
	case 0:
		r->size = draw_of(d, sizes);
		break;
	case 1:
		r->gpa = memory_odd_gpa(m, d);
		break;
	case 2:
		/* Such that the region does not reach a canary. */
		r->user = (__u64)(uintptr_t)m->hole;
		break;
	case 3:
		r->user++;
		break;
	case 4:
		r->perm = draw_of(d, perms);
		break;
	default:
		r->user = draw_one_in(d, 2) ? 0xffff888000000000ULL : 0;
	}
}

/* A region in one row, or in two. */
static unsigned int table_region(struct draw *d, const struct gmem_region *g,
				 __u8 perm, struct row *rows)
{
	__u64 user = (__u64)(uintptr_t)g->user, cut = 0;
	unsigned int n = 0;

	if (draw_one_in(d, 4)) {
		cut = (1 + draw_below(d, g->size / MEMORY_PAGE - 1)) *
		      MEMORY_PAGE;
		rows[n++] = (struct row){ g->gpa, cut, user, perm };
	}
	rows[n++] = (struct row){
		g->gpa + cut, g->size - cut, user + cut, perm,
	};
	return n;
}

unsigned int memory_table(struct memory *m, struct draw *d, bool odd,
			  bool perms, struct row *rows)
{
	unsigned int i, n = 0;

	if (perms)
		n += table_region(d, &m->parts.region[PART_READ_ONLY],
				  VHOST_ACCESS_RO, rows + n);
	for (i = PART_SEALED; i < MEMORY_PARTS; i++)
		n += table_region(d, &m->parts.region[i], VHOST_ACCESS_RW,
				  rows + n);
	if (m->use_big)
		n += table_region(d, &m->big.region[0], VHOST_ACCESS_RW,
				  rows + n);
	if (!odd)
		return n;

	/* A read-only row may be removed, but must not become writable. */
	i = draw_below(d, n);
	if (rows[i].perm == VHOST_ACCESS_RW && draw_one_in(d, 2))
		spoil(m, d, &rows[i]);
	else if (draw_one_in(d, 2))
		rows[i] = rows[--n];
	else
		rows[n++] = rows[i];
	return n;
}

bool memory_message(int fd, __u8 type, const struct row *r)
{
	struct vhost_msg_v2 m = {
		.type = VHOST_IOTLB_MSG_V2,
		.iotlb = {
			.iova = r->gpa,
			.size = r->size,
			.uaddr = r->user,
			.perm = r->perm,
			.type = type,
		},
	};

	return write(fd, &m, sizeof(m)) == sizeof(m);
}

__u64 memory_odd_gpa(struct memory *m, struct draw *d)
{
	const __u64 at[] = {
		m->parts.gpa, m->parts.gpa + MEMORY_SIZE,
		m->parts.gpa + PLAIN,
		m->parts.gpa + (1 + draw_below(d, MEMORY_PARTS)) * MEMORY_PART,
		m->parts.gpa + draw_below(d, MEMORY_SIZE),
		m->parts.gpa + draw_below(d, MEMORY_SIZE),
		MEMORY_BIG_GPA, MEMORY_BIG_GPA + MEMORY_BIG,
		(__u64)(uintptr_t)m->parts.region[PART_PLAIN].user,
		0, 1ULL << 47, 1ULL << 63, ~0ULL,
	};
	static const int off[] = { 0, 0, -1, 1, -8, -16, -64, 64, -4096 };

	if (draw_one_in(d, 16))
		return draw(d);
	return draw_of(d, at) + draw_of(d, off);
}

__u64 memory_odd_user(struct memory *m, struct draw *d)
{
	/*
	 * Rings of the vhost personality may be at any user address. These are
	 * in the test's own mapping of the memory, or near its end.
	 */
	const __u64 at[] = {
		(__u64)(uintptr_t)m->parts.base + PLAIN,
		(__u64)(uintptr_t)m->parts.base + MEMORY_SIZE - 16,
		(__u64)(uintptr_t)m->parts.base + MEMORY_SIZE - 64,
		(__u64)(uintptr_t)m->parts.base + MEMORY_SIZE - MEMORY_PAGE,
		(__u64)(uintptr_t)m->parts.region[PART_SEALED].user,
		(__u64)(uintptr_t)m->hole,
		0, 4096, (1ULL << 47) - 4096, 1ULL << 47, 0xffff888000000000ULL,
		~0ULL - 15, ~0ULL - 4095,
	};

	return draw_of(d, at);
}
