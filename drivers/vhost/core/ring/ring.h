/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the virtqueue formats have in common: the buffers that come off a ring
 * and the completions that go back on it. A format allocates nothing, takes no
 * lock and calls nothing but the reader below, so that it also compiles in
 * user space, where RING_ENV_H names a header with the few kernel helpers it
 * needs.
 */
#ifndef _VHX_RING_H
#define _VHX_RING_H

#ifdef __KERNEL__
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/types.h>
#include <asm/barrier.h>
#else
#include RING_ENV_H
#endif
#include <linux/virtio_ring.h>

#include <vhx/used.h>

/**
 * struct vhx_seg - a piece of a buffer
 * @addr: guest-physical or I/O-virtual address, not yet looked up
 * @len: bytes, never 0
 */
struct vhx_seg {
	u64 addr;
	u32 len;
};

/**
 * struct vhx_chain - a buffer popped off a ring
 * @id: what the completion must carry
 * @nout: device-readable segments, first in the array
 * @nin: device-writable segments, behind them
 * @out_len: bytes in the device-readable segments
 * @in_len: bytes in the device-writable segments
 */
struct vhx_chain {
	u16 id;
	u16 nout;
	u16 nin;
	u32 out_len;
	u32 in_len;
};

/**
 * struct vhx_ring_reader - how a ring reads an indirect descriptor table
 * @read: copies @len bytes at the guest's @addr to @dst; 0 or -EFAULT
 */
struct vhx_ring_reader {
	int (*read)(const struct vhx_ring_reader *rd, void *dst, u64 addr,
		    u32 len);
};

#endif /* _VHX_RING_H */
