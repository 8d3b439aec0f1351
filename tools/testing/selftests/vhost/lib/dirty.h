/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The dirty log of a device, and the comparison with what really changed in
 * guest memory. Between dirty_begin() and dirty_compare() the driver writes
 * nothing to guest memory, so that every byte that differs was written by the
 * device.
 */
#ifndef VHXT_DIRTY_H
#define VHXT_DIRTY_H

#include <stdbool.h>

#include "vdev.h"

#define DIRTY_PAGE	4096

/**
 * struct dirty - a log
 * @log: its first byte; behind its last one is an inaccessible page
 * @size: bytes: as many as guest memory needs
 * @map: what was mapped for it
 * @map_size: bytes of it
 * @mem: guest memory
 * @before: a copy of it
 */
struct dirty {
	unsigned char *log;
	size_t size;
	void *map;
	size_t map_size;
	struct gmem *mem;
	char *before;
};

/**
 * struct dirty_diff - how a log and memory differ
 * @missed: pages that changed and are not in the log
 * @extra: pages in the log that did not change
 * @logged: pages in the log
 * @first_missed: guest address of the first one, 0 if there is none
 * @first_extra: likewise
 */
struct dirty_diff {
	unsigned int missed;
	unsigned int extra;
	unsigned int logged;
	__u64 first_missed;
	__u64 first_extra;
};

/* Make a log for @mem. 0 or -errno. */
int dirty_init(struct dirty *l, struct gmem *mem);
void dirty_exit(struct dirty *l);

/* VHOST_SET_LOG_BASE; VHOST_SET_LOG_FD. 0 or -errno. */
int dirty_set_base(struct vdev *d, const void *log);
int dirty_set_fd(struct vdev *d, int fd);

/* SET_FEATURES with or without VHOST_F_LOG_ALL. 0 or -errno. */
int dirty_log_all(struct vdev *d, bool on);

/* SET_VRING_ADDR of a queue that is set up, with or without the log's flag. */
int dirty_log_ring(struct vdev *d, unsigned int i, bool on);

/*
 * Switch all of it on, or off, in the order of QEMU: base, features, rings. The
 * device may be running or not.
 */
int dirty_switch(struct dirty *l, struct vdev *d, bool on);

/*
 * Empty the log, write garbage to what the device will write when a queue is
 * started, and copy memory.
 */
void dirty_begin(struct dirty *l, struct vdev *d);

/* Compare. */
void dirty_compare(const struct dirty *l, struct dirty_diff *diff);

/* Is the page of a guest address in the log? */
bool dirty_is_logged(const struct dirty *l, __u64 gpa);

/* The same for an address in the test's mapping. */
static inline bool dirty_has(const struct dirty *l, const void *p)
{
	return dirty_is_logged(l, gmem_gpa(l->mem, p));
}

/* Pages in the log. */
unsigned int dirty_count(const struct dirty *l);

/* Take the page of @gpa out of the log, atomically. Was it there? */
bool dirty_take(struct dirty *l, __u64 gpa);

#endif /* VHXT_DIRTY_H */
