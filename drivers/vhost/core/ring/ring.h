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
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <asm/barrier.h>
#else
#include RING_ENV_H
#endif
#include <linux/virtio_ring.h>

#include <vhx/used.h>

/* Entries of a ring at most (virtio 1.3, 2.7 and 2.8.10.1). */
#define VHX_RING_MAX 32768

/**
 * struct vhx_seg - a piece of a buffer
 * @addr: guest-physical or I/O-virtual address, not yet looked up
 * @len: bytes; a piece of none means nothing
 */
struct vhx_seg {
	u64 addr;
	u32 len;
};

/**
 * struct vhx_chain - a buffer popped off a ring
 * @id: what the completion must carry; its meaning is the format's
 * @pos: where it was popped, for vhx_ring_unpop(); a counter of buffers on a
 *	split ring, of descriptors, with the wrap counter, on a packed one
 * @nout: device-readable segments, first in the array
 * @nin: device-writable segments, behind them
 * @out_len: bytes in the device-readable segments
 * @in_len: bytes in the device-writable segments
 */
struct vhx_chain {
	u32 id;
	u16 pos;
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

/**
 * struct vhx_slot - a buffer popped with VIRTIO_F_IN_ORDER
 * @in_len: its device-writable bytes
 * @buf_id: how the driver calls it
 * @ndesc: entries of the ring that it takes
 *
 * Written by the pop side.
 */
struct vhx_slot {
	u32 in_len;
	u16 buf_id;
	u16 ndesc;
};

/**
 * struct vhx_held - and its completion, while it waits for those before it
 * @len: bytes written
 * @done: there is one
 *
 * The push side's.
 */
struct vhx_held {
	u32 len;
	u32 done;
};

#endif /* _VHX_RING_H */
