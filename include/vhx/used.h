/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A completion, which a back end passes to the core and the core to a ring. The
 * includer defines u32, as this also compiles in user space.
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
