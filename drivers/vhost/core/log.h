/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VHX_LOG_H
#define _VHX_LOG_H

#include <linux/types.h>

struct vhx_dev;
struct vhx_log_record;
struct vhx_log_records;
struct vhx_chain;
struct vhx_mem;
struct vhx_ring;
struct vhx_seg;
struct vhx_used;
struct vhx_vq;

/* log.c: the bitmap */
int vhx_log_fit(struct vhx_dev *dev, const struct vhx_mem *mem,
		const struct vhx_vq *starting);
int vhx_log_set_base(struct vhx_dev *dev, u64 base);
void vhx_log_clear(struct vhx_dev *dev);
void vhx_log_guest(struct vhx_dev *dev, u64 addr, u64 len);
void vhx_log_uaddr(struct vhx_dev *dev, u64 uaddr, u64 len);
void vhx_log_notify(struct vhx_dev *dev);

/* log_data.c: the buffers */
int vhx_log_set_features(struct vhx_dev *dev, u64 features);
int vhx_log_vq_start(struct vhx_vq *vq);
void vhx_log_vq_stopped(struct vhx_vq *vq);
void vhx_log_popped(struct vhx_vq *vq, const struct vhx_chain *c,
		    const struct vhx_seg *segs, const struct vhx_buf *buf);
void vhx_log_unpopped(struct vhx_vq *vq, u32 seq);
void vhx_log_used(struct vhx_vq *vq, const struct vhx_used *used,
		  unsigned int n);

/* log_ring.c: the ring */
void vhx_log_event(struct vhx_vq *vq, bool enabled);
void vhx_log_init(struct vhx_vq *vq);
int vhx_log_set_ring(struct vhx_vq *vq, bool on, u64 addr);
void vhx_log_pushed(struct vhx_vq *vq, u16 from, const struct vhx_used *used,
		    unsigned int n);

#endif /* _VHX_LOG_H */
