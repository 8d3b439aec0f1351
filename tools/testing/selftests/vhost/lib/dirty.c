// SPDX-License-Identifier: GPL-2.0
/*
 * The dirty log: set up as a monitor does it, and compared byte by byte.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dirty.h"

#define BIT_OF(gpa)	((gpa) / DIRTY_PAGE % 8)
#define BYTE_OF(gpa)	((gpa) / DIRTY_PAGE / 8)

static size_t pages_up(size_t n)
{
	return (n + DIRTY_PAGE - 1) / DIRTY_PAGE * DIRTY_PAGE;
}

int dirty_init(struct dirty *l, struct gmem *mem)
{
	*l = (struct dirty){
		.size = BYTE_OF(mem->gpa + mem->size - 1) + 1,
		.mem = mem,
		.before = malloc(mem->size),
	};
	l->map_size = pages_up(l->size) + DIRTY_PAGE;
	l->map = mmap(NULL, l->map_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!l->before || l->map == MAP_FAILED)
		return -ENOMEM;
	if (mprotect((char *)l->map + l->map_size - DIRTY_PAGE, DIRTY_PAGE,
		     PROT_NONE))
		return -errno;
	/* Its end is at the guard page but for alignment. */
	l->log = (unsigned char *)l->map + pages_up(l->size) -
		 (l->size + 7) / 8 * 8;
	return 0;
}

void dirty_exit(struct dirty *l)
{
	if (l->map && l->map != MAP_FAILED)
		munmap(l->map, l->map_size);
	free(l->before);
	memset(l, 0, sizeof(*l));
}

int dirty_set_base(struct vdev *d, const void *log)
{
	__u64 base = (uintptr_t)log;

	return vdev_ioctl(d, "SET_LOG_BASE", VHOST_SET_LOG_BASE, &base);
}

int dirty_set_fd(struct vdev *d, int fd)
{
	return vdev_ioctl(d, "SET_LOG_FD", VHOST_SET_LOG_FD, &fd);
}

int dirty_log_all(struct vdev *d, bool on)
{
	__u64 f = d->features & ~BIT_ULL(VHOST_F_LOG_ALL);
	int err;

	if (on)
		f |= BIT_ULL(VHOST_F_LOG_ALL);
	err = vdev_ioctl(d, "SET_FEATURES", VHOST_SET_FEATURES, &f);
	if (!err)
		d->features = f;
	return err;
}

int dirty_log_ring(struct vdev *d, unsigned int i, bool on)
{
	d->vq[i].log = on;
	return vring_set_addr(d, i);
}

int dirty_switch(struct dirty *l, struct vdev *d, bool on)
{
	unsigned int i;
	int err = 0;

	if (on)
		err = dirty_set_base(d, l->log);
	if (!err)
		err = dirty_log_all(d, on);
	for (i = 0; !err && i < d->nvqs; i++)
		err = dirty_log_ring(d, i, on);
	return err;
}

static void write_garbage(struct vq *vq)
{
	if (vq->packed) {
		memset(vq->device, 0xff, sizeof(*vq->device));
		return;
	}
	vq->used->flags = 0xffff;
	if (vq->event_idx)
		*split_avail_event(vq) = 0xabcd;
}

void dirty_begin(struct dirty *l, struct vdev *d)
{
	unsigned int i;

	for (i = 0; i < d->nvqs; i++)
		write_garbage(&d->vq[i]);
	memset(l->map, 0, pages_up(l->size));
	memcpy(l->before, l->mem->base, l->mem->size);
}

bool dirty_is_logged(const struct dirty *l, __u64 gpa)
{
	return __atomic_load_n(&l->log[BYTE_OF(gpa)], __ATOMIC_ACQUIRE) >>
	       BIT_OF(gpa) & 1;
}

bool dirty_take(struct dirty *l, __u64 gpa)
{
	const unsigned char bit = 1 << BIT_OF(gpa);

	return __atomic_fetch_and(&l->log[BYTE_OF(gpa)], ~bit,
				  __ATOMIC_SEQ_CST) & bit;
}

unsigned int dirty_count(const struct dirty *l)
{
	const unsigned char *map = l->map;
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < pages_up(l->size); i++)
		n += __builtin_popcount(map[i]);
	return n;
}

void dirty_compare(const struct dirty *l, struct dirty_diff *diff)
{
	const char *now = l->mem->base;
	size_t off;

	*diff = (struct dirty_diff){ .logged = dirty_count(l) };
	for (off = 0; off < l->mem->size; off += DIRTY_PAGE) {
		bool logged = dirty_is_logged(l, l->mem->gpa + off);
		bool changed = memcmp(now + off, l->before + off, DIRTY_PAGE);

		if (changed && !logged && !diff->missed++)
			diff->first_missed = l->mem->gpa + off;
		if (logged && !changed && !diff->extra++)
			diff->first_extra = l->mem->gpa + off;
	}
}
