/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A completion, as back ends hand it to the core and the core to a ring. Needs
 * u32, which the includer brings: it also compiles in user space.
 */
#ifndef _VHX_USED_H
#define _VHX_USED_H

/**
 * struct vhx_used - a completion
 * @id: &struct vhx_buf.id
 * @len: bytes written to the device-writable part of the buffer
 */
struct vhx_used {
	u32 id;
	u32 len;
};

#endif /* _VHX_USED_H */
