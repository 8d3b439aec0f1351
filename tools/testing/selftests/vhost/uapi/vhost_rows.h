/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of the vhost personality: each ioctl in each situation that the
 * reference tells apart, and its answer.
 */
#ifndef VHXT_VHOST_ROWS_H
#define VHXT_VHOST_ROWS_H

#include <errno.h>
#include <linux/vhx.h>
#include <linux/virtio_net.h>

#include "cases.h"
#include "compat_ioctls.h"

#define REGION(g, s, u) ((struct vhost_memory_region){ \
	.guest_phys_addr = (g), .memory_size = (s), .userspace_addr = (u) })

static void mem_padding(struct vhost_memory *m)
{
	m->padding = 1;
}

static void mem_none(struct vhost_memory *m)
{
	m->nregions = 0;
}

static void mem_region_flags(struct vhost_memory *m)
{
	m->regions[0].flags_padding = 1;
}

static void mem_empty_region(struct vhost_memory *m)
{
	m->regions[0].memory_size = 0;
}

static void mem_gpa_wraps(struct vhost_memory *m)
{
	m->regions[0].guest_phys_addr = -4096ULL;
	m->regions[0].memory_size = 8192;
}

static void mem_user_wraps(struct vhost_memory *m)
{
	m->regions[0].userspace_addr = -4096ULL;
	m->regions[0].memory_size = 8192;
}

static void mem_kernel_address(struct vhost_memory *m)
{
	m->regions[0].userspace_addr = 0xffff888000000000ULL;
}

static void mem_gpa_misaligned(struct vhost_memory *m)
{
	m->regions[0].guest_phys_addr += 512;
}

static void mem_user_misaligned(struct vhost_memory *m)
{
	m->regions[0].userspace_addr += 8;
	m->regions[0].memory_size -= 4096;
}

static void mem_size_misaligned(struct vhost_memory *m)
{
	m->regions[0].memory_size -= 8;
}

static void mem_overlap(struct vhost_memory *m)
{
	m->regions[1] = m->regions[0];
	m->regions[1].guest_phys_addr += m->regions[0].memory_size - 4096;
	m->nregions = 2;
}

static void mem_same_twice(struct vhost_memory *m)
{
	m->regions[1] = m->regions[0];
	m->nregions = 2;
}

/* The same user memory at two guest addresses is an alias, and allowed. */
static void mem_alias(struct vhost_memory *m)
{
	m->regions[1] = m->regions[0];
	m->regions[1].guest_phys_addr += 1ULL << 32;
	m->nregions = 2;
}

static void mem_unsorted(struct vhost_memory *m)
{
	m->regions[1] = m->regions[0];
	m->regions[1].guest_phys_addr -= m->regions[0].memory_size;
	m->nregions = 2;
}

/* @n regions of a page each. */
static void mem_pages(struct vhost_memory *m, unsigned int n)
{
	struct vhost_memory_region first = m->regions[0];
	unsigned int i;

	for (i = 0; i < n; i++)
		m->regions[i] = REGION(first.guest_phys_addr + i * 4096ULL,
				       4096,
				       first.userspace_addr + i * 4096ULL);
	m->nregions = n;
}

static void mem_64(struct vhost_memory *m)
{
	mem_pages(m, 64);
}

static void mem_65(struct vhost_memory *m)
{
	mem_pages(m, 65);
}

static void mem_509(struct vhost_memory *m)
{
	mem_pages(m, 509);
}

static void mem_too_many(struct vhost_memory *m)
{
	m->nregions = 1 << 20;
}

#define F(n)	BIT_ULL(n)

#define NET_FEATURES	(F(VIRTIO_F_VERSION_1) | \
			 F(VIRTIO_RING_F_EVENT_IDX) | \
			 F(VIRTIO_RING_F_INDIRECT_DESC))

static const struct row rows[] = {
	/* VHOST_GET_FEATURES */
	{ "before there is an owner", VHOST_GET_FEATURES, NEW, .kind = A_ZERO },
	{ "as owner", VHOST_GET_FEATURES, OWNED, .kind = A_ZERO },
	{ "by another process", VHOST_GET_FEATURES, OWNED, FOREIGN, A_ZERO },
	{ "bad pointer", VHOST_GET_FEATURES, OWNED, .kind = A_BAD,
	  .want = EFAULT },
	{ "read-only memory", VHOST_GET_FEATURES, OWNED, .kind = A_RDONLY,
	  .want = EFAULT },

	/* VHOST_SET_FEATURES */
	{ "before there is an owner", VHOST_SET_FEATURES, NEW,
	  .kind = A_INT, .n = NET_FEATURES },
	{ "as owner", VHOST_SET_FEATURES, OWNED, .kind = A_INT,
	  .n = NET_FEATURES },
	{ "none", VHOST_SET_FEATURES, OWNED, .kind = A_INT },
	{ "an unknown one", VHOST_SET_FEATURES, OWNED, .kind = A_INT,
	  .n = F(63), .want = EOPNOTSUPP },
	{ "all of them", VHOST_SET_FEATURES, OWNED, .kind = A_INT,
	  .n = ~0ULL, .want = EOPNOTSUPP },
	/* What no in-tree device has, or only newer ones. */
	{ "RING_PACKED", VHOST_SET_FEATURES, OWNED, .kind = A_INT,
	  .n = NET_FEATURES | F(VIRTIO_F_RING_PACKED), .want = EOPNOTSUPP,
	  .vhx = OK },
	{ "IN_ORDER", VHOST_SET_FEATURES, OWNED, .kind = A_INT,
	  .n = NET_FEATURES | F(VIRTIO_F_IN_ORDER), .want = EOPNOTSUPP,
	  .newer = OK, .vhx = OK },
	{ "RING_RESET", VHOST_SET_FEATURES, OWNED, .kind = A_INT,
	  .n = NET_FEATURES | F(VIRTIO_F_RING_RESET) },
	{ "NOTIFY_ON_EMPTY", VHOST_SET_FEATURES, OWNED, .kind = A_INT,
	  .n = F(VIRTIO_F_NOTIFY_ON_EMPTY) },
	{ "the same again while it runs", VHOST_SET_FEATURES, RUNNING,
	  .kind = A_INT, .n = NET_FEATURES },
	{ "an unknown one while it runs", VHOST_SET_FEATURES, RUNNING,
	  .kind = A_INT, .n = F(62), .want = EOPNOTSUPP },
	{ "LOG_ALL", VHOST_SET_FEATURES, READY, .kind = A_INT,
	  .n = NET_FEATURES | F(VHOST_F_LOG_ALL) },
	{ "bad pointer", VHOST_SET_FEATURES, OWNED, .kind = A_BAD,
	  .want = EFAULT },

	/* VHOST_SET_OWNER */
	{ "first", VHOST_SET_OWNER, NEW },
	{ "again", VHOST_SET_OWNER, OWNED, .want = EBUSY },
	{ "another process after it", VHOST_SET_OWNER, OWNED, FOREIGN,
	  .want = EBUSY },
	{ "another process before it", VHOST_SET_OWNER, NEW, FOREIGN },
	{ "while it runs", VHOST_SET_OWNER, RUNNING, .want = EBUSY },

	/* VHOST_RESET_OWNER */
	{ "before there is an owner", VHOST_RESET_OWNER, NEW, .want = EPERM },
	{ "as owner", VHOST_RESET_OWNER, OWNED },
	{ "another process", VHOST_RESET_OWNER, OWNED, FOREIGN,
	  .want = EPERM },
	{ "while it runs", VHOST_RESET_OWNER, RUNNING },

	/* VHOST_SET_MEM_TABLE */
	{ "before there is an owner", VHOST_SET_MEM_TABLE, NEW, .kind = A_MEM,
	  .want = EPERM },
	{ "another process", VHOST_SET_MEM_TABLE, OWNED, FOREIGN, A_MEM,
	  .want = EPERM },
	{ "one region", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM },
	{ "no region", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_none },
	{ "padding set", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_padding, .want = EOPNOTSUPP },
	{ "a region's padding set", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_region_flags, .vhx_or = EOPNOTSUPP },
	{ "bad pointer", VHOST_SET_MEM_TABLE, OWNED, .kind = A_BAD,
	  .want = EFAULT },
	{ "regions out of reach", VHOST_SET_MEM_TABLE, OWNED, .kind = A_CUT,
	  .i = 1, .want = EFAULT },
	{ "64 regions", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_64 },
	/* vhx: 509, as many memory slots as QEMU has; in-tree: 64. */
	{ "65 regions", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_65, .want = E2BIG, .vhx = OK },
	{ "509 regions", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_509, .want = E2BIG, .vhx = OK },
	{ "a million regions", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_too_many, .want = E2BIG },
	{ "an empty region", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_empty_region, .want = EFAULT, .vhx = EINVAL },
	{ "guest address wraps", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_gpa_wraps, .want = EFAULT, .vhx = EINVAL },
	/* vhx refuses at once what can't work; in-tree when a ring starts. */
	{ "user address wraps", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_user_wraps, .vhx = EINVAL, .vhx_or = EFAULT },
	{ "user address is the kernel's", VHOST_SET_MEM_TABLE, OWNED,
	  .kind = A_MEM, .mem = mem_kernel_address, .vhx = EINVAL,
	  .vhx_or = EFAULT },
	{ "user address is the kernel's, while it runs", VHOST_SET_MEM_TABLE,
	  RUNNING, .kind = A_MEM, .mem = mem_kernel_address, .want = EFAULT,
	  .vhx_or = EINVAL },
	{ "guest address misaligned", VHOST_SET_MEM_TABLE, OWNED,
	  .kind = A_MEM, .mem = mem_gpa_misaligned },
	{ "user address misaligned", VHOST_SET_MEM_TABLE, OWNED,
	  .kind = A_MEM, .mem = mem_user_misaligned },
	{ "size misaligned", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_size_misaligned },
	{ "overlap", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_overlap, .vhx = EINVAL },
	{ "the same region twice", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_same_twice, .vhx = EINVAL },
	{ "user memory twice", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_alias },
	{ "not sorted", VHOST_SET_MEM_TABLE, OWNED, .kind = A_MEM,
	  .mem = mem_unsorted },
	{ "the same again while it runs", VHOST_SET_MEM_TABLE, RUNNING,
	  .kind = A_MEM },

	/* VHOST_SET_LOG_BASE */
	{ "before there is an owner", VHOST_SET_LOG_BASE, NEW, .kind = A_INT,
	  .want = EPERM },
	{ "another process", VHOST_SET_LOG_BASE, OWNED, FOREIGN, A_INT,
	  .want = EPERM },
	{ "zero", VHOST_SET_LOG_BASE, OWNED, .kind = A_INT },
	{ "bad pointer", VHOST_SET_LOG_BASE, OWNED, .kind = A_BAD,
	  .want = EFAULT },

	/* VHOST_SET_LOG_FD */
	{ "before there is an owner", VHOST_SET_LOG_FD, NEW, .kind = A_FD,
	  .fd = FD_EVENT, .want = EPERM },
	{ "an eventfd", VHOST_SET_LOG_FD, OWNED, .kind = A_FD,
	  .fd = FD_EVENT },
	{ "none", VHOST_SET_LOG_FD, OWNED, .kind = A_FD, .fd = FD_UNBIND },
	{ "negative", VHOST_SET_LOG_FD, OWNED, .kind = A_FD,
	  .fd = FD_NEGATIVE, .want = EBADF },
	{ "closed", VHOST_SET_LOG_FD, OWNED, .kind = A_FD, .fd = FD_CLOSED,
	  .want = EBADF },
	{ "a pipe", VHOST_SET_LOG_FD, OWNED, .kind = A_FD, .fd = FD_PIPE,
	  .want = EINVAL },
	{ "bad pointer", VHOST_SET_LOG_FD, OWNED, .kind = A_BAD,
	  .want = EFAULT },

	/* VHOST_SET_VRING_NUM */
	{ "before there is an owner", VHOST_SET_VRING_NUM, NEW,
	  .kind = A_STATE, .n = 64, .want = EPERM },
	{ "another process", VHOST_SET_VRING_NUM, OWNED, FOREIGN, A_STATE,
	  .n = 64, .want = EPERM },
	{ "1", VHOST_SET_VRING_NUM, OWNED, .kind = A_STATE, .n = 1 },
	{ "64", VHOST_SET_VRING_NUM, OWNED, .kind = A_STATE, .n = 64 },
	{ "1024", VHOST_SET_VRING_NUM, OWNED, .kind = A_STATE, .n = 1024 },
	{ "32768", VHOST_SET_VRING_NUM, OWNED, .kind = A_STATE, .n = 32768 },
	{ "0", VHOST_SET_VRING_NUM, OWNED, .kind = A_STATE, .want = EINVAL },
	{ "65", VHOST_SET_VRING_NUM, OWNED, .kind = A_STATE, .n = 65,
	  .want = EINVAL },
	{ "65536", VHOST_SET_VRING_NUM, OWNED, .kind = A_STATE, .n = 65536,
	  .want = EINVAL },
	{ "2^31", VHOST_SET_VRING_NUM, OWNED, .kind = A_STATE, .n = 1U << 31,
	  .want = EINVAL },
	{ "queue 2 of 2", VHOST_SET_VRING_NUM, OWNED, ON_NET, A_STATE, .i = 2,
	  .n = 64, .want = ENOBUFS },
	{ "queue 2^31", VHOST_SET_VRING_NUM, OWNED, .kind = A_STATE,
	  .i = 1U << 31, .n = 64, .want = ENOBUFS },
	{ "bad pointer", VHOST_SET_VRING_NUM, OWNED, .kind = A_BAD,
	  .want = EFAULT },
	{ "while it runs", VHOST_SET_VRING_NUM, RUNNING, .kind = A_STATE,
	  .n = 64, .want = EBUSY },
	/* In-tree looks at the queue's state first, then at the value. */
	{ "bad value while it runs", VHOST_SET_VRING_NUM, RUNNING,
	  .kind = A_STATE, .n = 65, .want = EBUSY },

	/* VHOST_SET_VRING_ADDR */
	{ "before there is an owner", VHOST_SET_VRING_ADDR, NEW,
	  .kind = A_ADDR, .want = EPERM },
	{ "another process", VHOST_SET_VRING_ADDR, OWNED, FOREIGN, A_ADDR,
	  .want = EPERM },
	{ "before everything else", VHOST_SET_VRING_ADDR, OWNED,
	  .kind = A_ADDR },
	{ "avail at odd address", VHOST_SET_VRING_ADDR, OWNED, .kind = A_ADDR,
	  .x = { 0, 1, 0, 0 }, .want = EINVAL },
	{ "used at odd address", VHOST_SET_VRING_ADDR, OWNED, .kind = A_ADDR,
	  .x = { 0, 0, 2, 0 }, .want = EINVAL },
	{ "log at odd address", VHOST_SET_VRING_ADDR, OWNED, .kind = A_ADDR,
	  .x = { 0, 0, 0, 2 }, .want = EINVAL },
	/* In-tree takes any: descriptors need 16 (virtio 2.7); vhx may too. */
	{ "desc at odd address", VHOST_SET_VRING_ADDR, OWNED, .kind = A_ADDR,
	  .x = { 8, 0, 0, 0 }, .vhx_or = EINVAL },
	{ "the log flag", VHOST_SET_VRING_ADDR, OWNED, .kind = A_ADDR,
	  .n = 1 << VHOST_VRING_F_LOG },
	{ "an unknown flag", VHOST_SET_VRING_ADDR, OWNED, .kind = A_ADDR,
	  .n = 2, .want = EOPNOTSUPP },
	{ "queue 2^16", VHOST_SET_VRING_ADDR, OWNED, .kind = A_ADDR,
	  .i = 1 << 16, .want = ENOBUFS },
	{ "bad pointer", VHOST_SET_VRING_ADDR, OWNED, .kind = A_BAD,
	  .want = EFAULT },
	{ "addresses out of reach", VHOST_SET_VRING_ADDR, OWNED,
	  .kind = A_CUT, .want = EFAULT },
	{ "the same again while it runs", VHOST_SET_VRING_ADDR, RUNNING,
	  .kind = A_ADDR },
	{ "the kernel's while it runs", VHOST_SET_VRING_ADDR, RUNNING,
	  .kind = A_ADDR, .x = { 1ULL << 63, 0, 0, 0 }, .want = EINVAL,
	  .vhx_or = EBUSY },

	/* VHOST_SET_VRING_BASE */
	{ "before there is an owner", VHOST_SET_VRING_BASE, NEW,
	  .kind = A_STATE, .want = EPERM },
	{ "another process", VHOST_SET_VRING_BASE, OWNED, FOREIGN, A_STATE,
	  .want = EPERM },
	{ "0", VHOST_SET_VRING_BASE, OWNED, .kind = A_STATE },
	{ "65535", VHOST_SET_VRING_BASE, OWNED, .kind = A_STATE, .n = 65535 },
	{ "65536", VHOST_SET_VRING_BASE, OWNED, .kind = A_STATE, .n = 65536,
	  .want = EINVAL },
	{ "queue 2^16", VHOST_SET_VRING_BASE, OWNED, .kind = A_STATE,
	  .i = 1 << 16, .want = ENOBUFS },
	{ "bad pointer", VHOST_SET_VRING_BASE, OWNED, .kind = A_BAD,
	  .want = EFAULT },
	{ "while it runs", VHOST_SET_VRING_BASE, RUNNING, .kind = A_STATE,
	  .want = EBUSY },

	/* VHOST_GET_VRING_BASE */
	{ "before there is an owner", VHOST_GET_VRING_BASE, NEW,
	  .kind = A_STATE, .want = EPERM },
	{ "another process", VHOST_GET_VRING_BASE, OWNED, FOREIGN, A_STATE,
	  .want = EPERM },
	{ "stopped", VHOST_GET_VRING_BASE, READY, .kind = A_STATE },
	{ "running", VHOST_GET_VRING_BASE, RUNNING, .kind = A_STATE },
	{ "queue 2^16", VHOST_GET_VRING_BASE, OWNED, .kind = A_STATE,
	  .i = 1 << 16, .want = ENOBUFS },
	{ "bad pointer", VHOST_GET_VRING_BASE, OWNED, .kind = A_BAD,
	  .want = EFAULT },
	{ "read-only memory", VHOST_GET_VRING_BASE, OWNED, .kind = A_RDONLY,
	  .want = EFAULT },

	/* VHOST_SET_VRING_ENDIAN, VHOST_GET_VRING_ENDIAN: not on x86 */
	{ "little", VHOST_SET_VRING_ENDIAN, OWNED, .kind = A_STATE,
	  .want = ENOTTY },
	{ "before there is an owner", VHOST_SET_VRING_ENDIAN, NEW,
	  .kind = A_STATE, .want = EPERM },
	{ "queue 2^16", VHOST_SET_VRING_ENDIAN, OWNED, .kind = A_STATE,
	  .i = 1 << 16, .want = ENOBUFS },
	{ "as owner", VHOST_GET_VRING_ENDIAN, OWNED, .kind = A_STATE,
	  .want = ENOTTY },

	/* VHOST_SET_VRING_KICK */
	{ "before there is an owner", VHOST_SET_VRING_KICK, NEW,
	  .kind = A_FILE, .fd = FD_EVENT, .want = EPERM },
	{ "another process", VHOST_SET_VRING_KICK, OWNED, FOREIGN, A_FILE,
	  .fd = FD_EVENT, .want = EPERM },
	{ "an eventfd", VHOST_SET_VRING_KICK, OWNED, .kind = A_FILE,
	  .fd = FD_EVENT },
	{ "none", VHOST_SET_VRING_KICK, OWNED, .kind = A_FILE,
	  .fd = FD_UNBIND },
	{ "none while it runs", VHOST_SET_VRING_KICK, RUNNING, .kind = A_FILE,
	  .fd = FD_UNBIND },
	{ "another one while it runs", VHOST_SET_VRING_KICK, RUNNING,
	  .kind = A_FILE, .fd = FD_EVENT },
	{ "negative", VHOST_SET_VRING_KICK, OWNED, .kind = A_FILE,
	  .fd = FD_NEGATIVE, .want = EBADF },
	{ "closed", VHOST_SET_VRING_KICK, OWNED, .kind = A_FILE,
	  .fd = FD_CLOSED, .want = EBADF },
	{ "a pipe", VHOST_SET_VRING_KICK, OWNED, .kind = A_FILE,
	  .fd = FD_PIPE, .want = EINVAL },
	{ "/dev/null", VHOST_SET_VRING_KICK, OWNED, .kind = A_FILE,
	  .fd = FD_NULL, .want = EINVAL },
	{ "queue 2^16", VHOST_SET_VRING_KICK, OWNED, .kind = A_FILE,
	  .i = 1 << 16, .fd = FD_EVENT, .want = ENOBUFS },
	{ "bad pointer", VHOST_SET_VRING_KICK, OWNED, .kind = A_BAD,
	  .want = EFAULT },

	/* VHOST_SET_VRING_CALL */
	{ "before there is an owner", VHOST_SET_VRING_CALL, NEW,
	  .kind = A_FILE, .fd = FD_EVENT, .want = EPERM },
	{ "another process", VHOST_SET_VRING_CALL, OWNED, FOREIGN, A_FILE,
	  .fd = FD_EVENT, .want = EPERM },
	{ "an eventfd", VHOST_SET_VRING_CALL, OWNED, .kind = A_FILE,
	  .fd = FD_EVENT },
	{ "none", VHOST_SET_VRING_CALL, OWNED, .kind = A_FILE,
	  .fd = FD_UNBIND },
	{ "none while it runs", VHOST_SET_VRING_CALL, RUNNING, .kind = A_FILE,
	  .fd = FD_UNBIND },
	{ "another one while it runs", VHOST_SET_VRING_CALL, RUNNING,
	  .kind = A_FILE, .fd = FD_EVENT },
	{ "negative", VHOST_SET_VRING_CALL, OWNED, .kind = A_FILE,
	  .fd = FD_NEGATIVE, .want = EBADF },
	{ "closed", VHOST_SET_VRING_CALL, OWNED, .kind = A_FILE,
	  .fd = FD_CLOSED, .want = EBADF },
	{ "a pipe", VHOST_SET_VRING_CALL, OWNED, .kind = A_FILE,
	  .fd = FD_PIPE, .want = EINVAL },
	{ "queue 2^16", VHOST_SET_VRING_CALL, OWNED, .kind = A_FILE,
	  .i = 1 << 16, .fd = FD_EVENT, .want = ENOBUFS },
	{ "bad pointer", VHOST_SET_VRING_CALL, OWNED, .kind = A_BAD,
	  .want = EFAULT },

	/* VHOST_SET_VRING_ERR */
	{ "before there is an owner", VHOST_SET_VRING_ERR, NEW,
	  .kind = A_FILE, .fd = FD_EVENT, .want = EPERM },
	{ "another process", VHOST_SET_VRING_ERR, OWNED, FOREIGN, A_FILE,
	  .fd = FD_EVENT, .want = EPERM },
	{ "an eventfd", VHOST_SET_VRING_ERR, OWNED, .kind = A_FILE,
	  .fd = FD_EVENT },
	{ "none", VHOST_SET_VRING_ERR, OWNED, .kind = A_FILE,
	  .fd = FD_UNBIND },
	{ "another one while it runs", VHOST_SET_VRING_ERR, RUNNING,
	  .kind = A_FILE, .fd = FD_EVENT },
	{ "negative", VHOST_SET_VRING_ERR, OWNED, .kind = A_FILE,
	  .fd = FD_NEGATIVE, .want = EBADF },
	{ "a pipe", VHOST_SET_VRING_ERR, OWNED, .kind = A_FILE,
	  .fd = FD_PIPE, .want = EINVAL },
	{ "queue 2^16", VHOST_SET_VRING_ERR, OWNED, .kind = A_FILE,
	  .i = 1 << 16, .fd = FD_EVENT, .want = ENOBUFS },
	{ "bad pointer", VHOST_SET_VRING_ERR, OWNED, .kind = A_BAD,
	  .want = EFAULT },

	/* VHOST_SET_VRING_BUSYLOOP_TIMEOUT, VHOST_GET_... */
	{ "before there is an owner", VHOST_SET_VRING_BUSYLOOP_TIMEOUT, NEW,
	  .kind = A_STATE, .want = EPERM },
	{ "50 us", VHOST_SET_VRING_BUSYLOOP_TIMEOUT, OWNED, .kind = A_STATE,
	  .n = 50 },
	{ "50 us while it runs", VHOST_SET_VRING_BUSYLOOP_TIMEOUT, RUNNING,
	  .kind = A_STATE, .n = 50 },
	{ "queue 2^16", VHOST_SET_VRING_BUSYLOOP_TIMEOUT, OWNED,
	  .kind = A_STATE, .i = 1 << 16, .want = ENOBUFS },
	{ "bad pointer", VHOST_SET_VRING_BUSYLOOP_TIMEOUT, OWNED,
	  .kind = A_BAD, .want = EFAULT },
	{ "before there is an owner", VHOST_GET_VRING_BUSYLOOP_TIMEOUT, NEW,
	  .kind = A_STATE, .want = EPERM },
	{ "as owner", VHOST_GET_VRING_BUSYLOOP_TIMEOUT, OWNED,
	  .kind = A_STATE },
	{ "queue 2^16", VHOST_GET_VRING_BUSYLOOP_TIMEOUT, OWNED,
	  .kind = A_STATE, .i = 1 << 16, .want = ENOBUFS },
	{ "read-only memory", VHOST_GET_VRING_BUSYLOOP_TIMEOUT, OWNED,
	  .kind = A_RDONLY, .want = EFAULT },

	/* VHOST_SET_BACKEND_FEATURES, VHOST_GET_BACKEND_FEATURES */
	{ "before there is an owner", VHOST_GET_BACKEND_FEATURES, NEW,
	  .kind = A_ZERO },
	{ "bad pointer", VHOST_GET_BACKEND_FEATURES, NEW, .kind = A_BAD,
	  .want = EFAULT },
	{ "before there is an owner", VHOST_SET_BACKEND_FEATURES, NEW,
	  .kind = A_INT },
	{ "IOTLB_MSG_V2", VHOST_SET_BACKEND_FEATURES, OWNED, .kind = A_INT,
	  .n = F(VHOST_BACKEND_F_IOTLB_MSG_V2) },
	{ "an unknown one", VHOST_SET_BACKEND_FEATURES, OWNED, .kind = A_INT,
	  .n = F(40), .want = EOPNOTSUPP },
	{ "bad pointer", VHOST_SET_BACKEND_FEATURES, OWNED, .kind = A_BAD,
	  .want = EFAULT },

	/*
	 * Workers: vhost-net up to 7.2 has none of these ioctls. What vhx
	 * answers is what vhost-scsi does, which workers.c runs on.
	 */
	{ "before there is an owner", VHOST_NEW_WORKER, NEW, .kind = A_ZERO,
	  .want = EPERM, .vhx = EINVAL },
	{ "another process", VHOST_NEW_WORKER, OWNED, FOREIGN, A_ZERO,
	  .want = EPERM },
	{ "as owner", VHOST_NEW_WORKER, OWNED, .kind = A_ZERO, .want = ENOTTY,
	  .vhx = OK },
	{ "while it runs", VHOST_NEW_WORKER, RUNNING, .kind = A_ZERO,
	  .want = ENOTTY, .vhx = OK },
	{ "bad pointer", VHOST_NEW_WORKER, OWNED, .kind = A_BAD,
	  .want = EFAULT },
	{ "memory that can't be written", VHOST_NEW_WORKER, OWNED,
	  .kind = A_RDONLY, .want = ENOTTY, .vhx = EFAULT },
	{ "before there is an owner", VHOST_FREE_WORKER, NEW, .kind = A_STATE,
	  .want = EPERM, .vhx = EINVAL },
	{ "another process", VHOST_FREE_WORKER, OWNED, FOREIGN, A_STATE,
	  .want = EPERM },
	{ "an unknown worker", VHOST_FREE_WORKER, OWNED, .kind = A_STATE,
	  .i = 1, .want = ENOTTY, .vhx = ENODEV },
	{ "no worker's number", VHOST_FREE_WORKER, OWNED, .kind = A_STATE,
	  .i = ~0U, .want = ENOBUFS, .vhx = ENODEV },
	{ "one that has queues", VHOST_FREE_WORKER, OWNED, .kind = A_STATE,
	  .want = ENOTTY, .vhx = EBUSY },
	{ "bad pointer", VHOST_FREE_WORKER, OWNED, .kind = A_BAD,
	  .want = EFAULT },
	{ "before there is an owner", VHOST_ATTACH_VRING_WORKER, NEW,
	  .kind = A_STATE, .want = EPERM, .vhx = EINVAL },
	{ "another process", VHOST_ATTACH_VRING_WORKER, OWNED, FOREIGN,
	  A_STATE, .want = EPERM },
	{ "its own worker", VHOST_ATTACH_VRING_WORKER, OWNED, .kind = A_STATE,
	  .want = ENOTTY, .vhx = OK },
	{ "its own worker, running", VHOST_ATTACH_VRING_WORKER, RUNNING,
	  .kind = A_STATE, .want = ENOTTY, .vhx = OK },
	{ "an unknown worker", VHOST_ATTACH_VRING_WORKER, OWNED,
	  .kind = A_STATE, .n = 1, .want = ENOTTY, .vhx = ENODEV },
	{ "no worker's number", VHOST_ATTACH_VRING_WORKER, OWNED,
	  .kind = A_STATE, .n = ~0U, .want = ENOTTY, .vhx = ENODEV },
	{ "no such queue", VHOST_ATTACH_VRING_WORKER, OWNED, .kind = A_STATE,
	  .i = 99, .want = ENOBUFS },
	{ "bad pointer", VHOST_ATTACH_VRING_WORKER, OWNED, .kind = A_BAD,
	  .want = EFAULT },
	{ "before there is an owner", VHOST_GET_VRING_WORKER, NEW,
	  .kind = A_STATE, .want = EPERM, .vhx = EINVAL },
	{ "another process", VHOST_GET_VRING_WORKER, OWNED, FOREIGN, A_STATE,
	  .want = EPERM },
	{ "as owner", VHOST_GET_VRING_WORKER, OWNED, .kind = A_STATE,
	  .want = ENOTTY, .vhx = OK },
	{ "no such queue", VHOST_GET_VRING_WORKER, OWNED, .kind = A_STATE,
	  .i = 99, .want = ENOBUFS },
	{ "bad pointer", VHOST_GET_VRING_WORKER, OWNED, .kind = A_BAD,
	  .want = EFAULT },
	{ "memory that can't be written", VHOST_GET_VRING_WORKER, OWNED,
	  .kind = A_RDONLY, .want = ENOTTY, .vhx = EFAULT },

	/* VHOST_NET_SET_BACKEND */
	{ "before there is an owner", VHOST_NET_SET_BACKEND, NEW, ON_NET,
	  A_FILE, .fd = FD_TAP, .want = EPERM },
	{ "another process", VHOST_NET_SET_BACKEND, READY, ON_NET | FOREIGN,
	  A_FILE, .fd = FD_TAP, .want = EPERM },
	{ "before memory and rings", VHOST_NET_SET_BACKEND, OWNED, ON_NET,
	  A_FILE, .fd = FD_TAP, .want = EFAULT },
	{ "a tap", VHOST_NET_SET_BACKEND, READY, ON_NET, A_FILE,
	  .fd = FD_TAP },
	{ "the same tap again", VHOST_NET_SET_BACKEND, RUNNING, ON_NET, A_FILE,
	  .fd = FD_TAP },
	{ "none while it runs", VHOST_NET_SET_BACKEND, RUNNING, ON_NET, A_FILE,
	  .fd = FD_UNBIND },
	{ "none while there is none", VHOST_NET_SET_BACKEND, READY, ON_NET,
	  A_FILE, .fd = FD_UNBIND },
	/* In-tree looks at the rings first even so. */
	{ "none before memory and rings", VHOST_NET_SET_BACKEND, OWNED, ON_NET,
	  A_FILE, .fd = FD_UNBIND, .want = EFAULT, .vhx_or = OK },
	{ "queue 2 of 2", VHOST_NET_SET_BACKEND, READY, ON_NET, A_FILE, .i = 2,
	  .fd = FD_TAP, .want = ENOBUFS },
	{ "negative", VHOST_NET_SET_BACKEND, READY, ON_NET, A_FILE,
	  .fd = FD_NEGATIVE, .want = ENOTSOCK, .vhx_or = EBADF },
	{ "closed", VHOST_NET_SET_BACKEND, READY, ON_NET, A_FILE,
	  .fd = FD_CLOSED, .want = ENOTSOCK, .vhx_or = EBADF },
	{ "/dev/null", VHOST_NET_SET_BACKEND, READY, ON_NET, A_FILE,
	  .fd = FD_NULL, .want = ENOTSOCK },
	{ "an eventfd", VHOST_NET_SET_BACKEND, READY, ON_NET, A_FILE,
	  .fd = FD_EVENT, .want = ENOTSOCK },
	{ "a UDP socket", VHOST_NET_SET_BACKEND, READY, ON_NET, A_FILE,
	  .fd = FD_UDP, .want = ENOTSOCK },
	/* vhx has only taps yet. */
	{ "a packet socket", VHOST_NET_SET_BACKEND, READY, ON_NET, A_FILE,
	  .fd = FD_PACKET, .vhx_or = ENOTSOCK },
	{ "bad pointer", VHOST_NET_SET_BACKEND, READY, ON_NET, A_BAD,
	  .want = EFAULT },
	{ "on a disk", VHOST_NET_SET_BACKEND, READY, ON_BLK, A_FILE,
	  .fd = FD_TAP, .want = ENOTTY },

	/*
	 * VHOST_BLK_SET_BACKEND: only vhx has it, the errors are its header's
	 */
	{ "before there is an owner", VHOST_BLK_SET_BACKEND, NEW, ON_BLK,
	  A_FILE, .fd = FD_DISK, .want = EPERM },
	{ "another process", VHOST_BLK_SET_BACKEND, READY, ON_BLK | FOREIGN,
	  A_FILE, .fd = FD_DISK, .want = EPERM },
	{ "before memory and rings", VHOST_BLK_SET_BACKEND, OWNED, ON_BLK,
	  A_FILE, .fd = FD_DISK, .want = EFAULT },
	{ "a disk", VHOST_BLK_SET_BACKEND, READY, ON_BLK, A_FILE,
	  .fd = FD_DISK },
	{ "none while it runs", VHOST_BLK_SET_BACKEND, RUNNING, ON_BLK, A_FILE,
	  .fd = FD_UNBIND },
	{ "none while there is none", VHOST_BLK_SET_BACKEND, READY, ON_BLK,
	  A_FILE, .fd = FD_UNBIND },
	{ "index 1", VHOST_BLK_SET_BACKEND, READY, ON_BLK, A_FILE, .i = 1,
	  .fd = FD_DISK, .want = ENOBUFS },
	{ "negative", VHOST_BLK_SET_BACKEND, READY, ON_BLK, A_FILE,
	  .fd = FD_NEGATIVE, .want = EBADF },
	{ "closed", VHOST_BLK_SET_BACKEND, READY, ON_BLK, A_FILE,
	  .fd = FD_CLOSED, .want = EBADF },
	{ "/dev/null", VHOST_BLK_SET_BACKEND, READY, ON_BLK, A_FILE,
	  .fd = FD_NULL, .want = ENOTBLK },
	{ "an eventfd", VHOST_BLK_SET_BACKEND, READY, ON_BLK, A_FILE,
	  .fd = FD_EVENT, .want = ENOTBLK },
	{ "bad pointer", VHOST_BLK_SET_BACKEND, READY, ON_BLK, A_BAD,
	  .want = EFAULT },
	{ "on a network device", VHOST_BLK_SET_BACKEND, READY, ON_NET, A_FILE,
	  .fd = FD_DISK, .want = ENOTTY },

	/*
	 * Those of other devices and personalities. They read a queue index
	 * like all vring ioctls before they find that they are not known.
	 */
	{ "not a SCSI target", VHOST_SCSI_SET_ENDPOINT, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not a SCSI target", VHOST_SCSI_CLEAR_ENDPOINT, OWNED,
	  .kind = A_ZERO, .want = ENOTTY },
	{ "not a SCSI target", VHOST_SCSI_GET_ABI_VERSION, OWNED,
	  .kind = A_ZERO, .want = ENOTTY },
	{ "not a SCSI target", VHOST_SCSI_SET_EVENTS_MISSED, OWNED,
	  .kind = A_ZERO, .want = ENOTTY },
	{ "not a SCSI target", VHOST_SCSI_GET_EVENTS_MISSED, OWNED,
	  .kind = A_ZERO, .want = ENOTTY },
	{ "not a vsock", VHOST_VSOCK_SET_GUEST_CID, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not a vsock", VHOST_VSOCK_SET_RUNNING, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_GET_DEVICE_ID, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa, no owner", VHOST_VDPA_GET_DEVICE_ID, NEW, .kind = A_ZERO,
	  .want = EPERM },
	{ "not vdpa", VHOST_VDPA_GET_STATUS, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_SET_STATUS, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_GET_CONFIG, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_SET_CONFIG, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_SET_VRING_ENABLE, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_GET_VRING_NUM, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_SET_CONFIG_CALL, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_GET_IOVA_RANGE, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_GET_CONFIG_SIZE, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_GET_AS_NUM, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_GET_VRING_GROUP, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_SET_GROUP_ASID, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_SUSPEND, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_RESUME, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_GET_VRING_DESC_GROUP, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_GET_VQS_COUNT, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_GET_GROUP_NUM, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "not vdpa", VHOST_VDPA_GET_VRING_SIZE, OWNED, .kind = A_ZERO,
	  .want = ENOTTY },

	/* Newer than some of the kernels: they may have it or not. */
	{ "before there is an owner", VHOST_GET_FEATURES_ARRAY, NEW, ON_VHX,
	  A_BAD, .want = EFAULT, .vhx_or = EPERM },
	{ "as owner", VHOST_SET_FEATURES_ARRAY, OWNED, ON_VHX, A_BAD,
	  .want = EFAULT, .vhx_or = EFAULT },
	{ "threads of the kernel", VHOST_SET_FORK_FROM_OWNER, NEW, ON_VHX,
	  A_INT, .n = 0 },
	/* Linux before 6.10 has no others. */
	{ "threads of the owner", VHOST_SET_FORK_FROM_OWNER, NEW, ON_VHX,
	  A_INT, .n = 1, .vhx_or = EOPNOTSUPP },
	{ "something else", VHOST_SET_FORK_FROM_OWNER, NEW, ON_VHX, A_INT,
	  .n = 2, .want = EINVAL },
	{ "bad pointer", VHOST_SET_FORK_FROM_OWNER, NEW, ON_VHX, A_BAD,
	  .want = EFAULT },
	{ "as owner", VHOST_SET_FORK_FROM_OWNER, OWNED, ON_VHX, A_ZERO,
	  .want = EBUSY },
	{ "before there is an owner", VHOST_GET_FORK_FROM_OWNER, NEW, ON_VHX,
	  A_ZERO },
	{ "as owner", VHOST_GET_FORK_FROM_OWNER, OWNED, ON_VHX, A_ZERO },
	{ "another process", VHOST_GET_FORK_FROM_OWNER, OWNED,
	  ON_VHX | FOREIGN, A_ZERO },
	{ "bad pointer", VHOST_GET_FORK_FROM_OWNER, NEW, ON_VHX, A_BAD,
	  .want = EFAULT },

	/* What no vhost device knows. */
	{ "an unknown number", _IO(VHOST_VIRTIO, 0xf0), OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "an unknown number, no argument", _IO(VHOST_VIRTIO, 0xf0), OWNED,
	  .want = EFAULT },
	{ "an unknown number, no owner", _IO(VHOST_VIRTIO, 0xf0), NEW,
	  .kind = A_ZERO, .want = EPERM },
	{ "another magic", _IO('z', 1), OWNED, .kind = A_ZERO,
	  .want = ENOTTY },
	{ "the right number, another size", _IOW(VHOST_VIRTIO, 0x10, __u8),
	  OWNED, .kind = A_ZERO, .want = ENOTTY },

	/*
	 * Writes: messages to the device's own IOTLB, without ACCESS_PLATFORM
	 */
	{ "an update without IOTLB", 0, READY, .kind = A_MSG,
	  .msg = { .op = VHOST_IOTLB_UPDATE, .size = 4096,
		   .perm = VHOST_ACCESS_RW }, .want = EFAULT },
	{ "an invalidation without IOTLB", 0, READY, .kind = A_MSG,
	  .msg = { .op = VHOST_IOTLB_INVALIDATE, .size = 4096 },
	  .want = EFAULT },
	{ "an unknown operation", 0, READY, .kind = A_MSG,
	  .msg = { .op = 99, .size = 4096 }, .want = EFAULT },
	{ "an unknown type", 0, READY, .kind = A_MSG,
	  .msg = { .type = 99, .op = VHOST_IOTLB_UPDATE, .size = 4096 },
	  .want = EINVAL },
	{ "cut short", 0, READY, .kind = A_MSG,
	  .msg = { .op = VHOST_IOTLB_UPDATE, .size = 4096, .len = 12 },
	  .want = EINVAL },
};

#endif /* VHXT_VHOST_ROWS_H */
