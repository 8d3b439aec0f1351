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
 * @len: bytes; may be 0
 */
struct vhx_seg {
	u64 addr;
	u32 len;
};

/**
 * struct vhx_chain - a buffer popped off a ring
 * @id: identifies the buffer when it is completed; only the format knows what
 *	it means
 * @pos: where it was popped, for vhx_ring_unpop(): the available index on a
 *	split ring, the index of its first descriptor on a packed one
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
 * struct vhx_held - a completion that waits for those of earlier buffers
 * @len: bytes written
 * @id: the driver's name for the buffer
 * @ndesc: entries of the ring that the buffer takes, 0 if there is no
 *	completion
 *
 * With VIRTIO_F_IN_ORDER there is one for each entry of the ring. The push side
 * uses it.
 */
struct vhx_held {
	u32 len;
	u16 id;
	u16 ndesc;
};

/*
 * Waiting completions that one push shows at most: its caller disables
 * interrupts.
 */
#define VHX_RING_PIECE 256

/* Above a buffer's 16-bit id in &struct vhx_chain.id. */
#define VHX_ID_SHIFT 16

#endif /* _VHX_RING_H */
