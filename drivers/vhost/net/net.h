/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio-net: its queues, the tap behind them, and the frames that are dropped.
 */
#ifndef _VHX_NET_H
#define _VHX_NET_H

#include <linux/net.h>
#include <linux/ptr_ring.h>
#include <linux/virtio_net.h>
#include <linux/wait.h>
#include <vhx/instance.h>
#include <vhx/queue.h>

enum {
	VHX_NET_VQ_RX,
	VHX_NET_VQ_TX,
	VHX_NET_NVQS,
};

/* Frames that are taken from the tap, or from the ring, at once. */
#define VHX_NET_BATCH		64
/* Completions of a batch, and of a frame in as many buffers as it may have. */
#define VHX_NET_MAX_DONE	(VHX_NET_BATCH + VHX_MAX_SEGS)

/**
 * enum vhx_net_drop - why a frame was dropped
 * @VHX_NET_RX_TOO_LARGE: it does not fit into the guest's buffers
 * @VHX_NET_RX_HEADER: the tap's header is not the one that was negotiated
 * @VHX_NET_RX_FAULT: a buffer is not in memory that can be written
 * @VHX_NET_RX_REFUSED: the tap did not hand it over
 * @VHX_NET_TX_EMPTY: a header without data
 * @VHX_NET_TX_TOO_LARGE: larger than any frame may be
 * @VHX_NET_TX_HEADER: the tap's header is not the one that was negotiated
 * @VHX_NET_TX_FAULT: a buffer is not in memory that can be read
 * @VHX_NET_TX_DOWN: the tap is down
 * @VHX_NET_TX_NO_TAP: the interface was removed
 * @VHX_NET_TX_NO_MEMORY: the tap found no memory
 * @VHX_NET_TX_REFUSED: the tap refused it: it or its header is invalid
 * @VHX_NET_NDROPS: number of reasons
 */
enum vhx_net_drop {
	VHX_NET_RX_TOO_LARGE,
	VHX_NET_RX_HEADER,
	VHX_NET_RX_FAULT,
	VHX_NET_RX_REFUSED,
	VHX_NET_TX_EMPTY,
	VHX_NET_TX_TOO_LARGE,
	VHX_NET_TX_HEADER,
	VHX_NET_TX_FAULT,
	VHX_NET_TX_DOWN,
	VHX_NET_TX_NO_TAP,
	VHX_NET_TX_NO_MEMORY,
	VHX_NET_TX_REFUSED,
	VHX_NET_NDROPS,
};

/**
 * struct vhx_net_vq - a queue's private data
 * @vq: the queue
 * @file: the tap, or NULL while none is attached
 * @sock: its socket
 * @hdr_len: bytes of the virtio-net header
 * @own_hdr: the header is ours, the tap has none (VHOST_NET_F_VIRTIO_NET_HDR)
 * @mergeable: a frame may take more than one buffer
 * @num_buffers: the header has the field
 * @logged: reasons for a drop that were logged since the tap was attached, a
 *	bit for each &enum vhx_net_drop
 * @done: completions not yet pushed
 * @pushed: how many of @done were pushed nevertheless
 * @ndone: how many are in @done
 *
 * @ring: receive: where the tap leaves its frames
 * @wait: receive: in the tap's wait queue while @waiting
 * @waiting: receive: a frame in @ring wakes the queue
 * @frames: receive: frames taken from @ring
 * @head: receive: the next of them
 * @tail: receive: behind the last of them
 *
 * @room: transmit: waits for room in the tap
 * @bad_hdr: transmit: the tap has another header than @hdr_len says
 * @next_check: transmit: when to find out again, in jiffies
 * @bufs: transmit: a batch of buffers
 *
 * The worker's while the queue runs, the control path's while it is stopped.
 */
struct vhx_net_vq {
	struct vhx_vq *vq;
	struct file *file;
	struct socket *sock;
	unsigned int hdr_len;
	bool own_hdr;
	bool mergeable;
	bool num_buffers;
	unsigned long logged;
	struct vhx_used done[VHX_NET_MAX_DONE];
	unsigned int pushed;
	unsigned int ndone;

	struct ptr_ring *ring;
	wait_queue_entry_t wait;
	bool waiting;
	void *frames[VHX_NET_BATCH];
	unsigned int head;
	unsigned int tail;

	struct vhx_poll room;
	bool bad_hdr;
	unsigned long next_check;
	struct vhx_buf bufs[VHX_NET_BATCH];
};

/* main.c */
void vhx_net_push_done(struct vhx_net_vq *nvq);
void vhx_net_flush(struct vhx_net_vq *nvq);

/* drop.c */
extern const struct attribute_group vhx_net_drop_group;
void vhx_net_drop(struct vhx_net_vq *nvq, enum vhx_net_drop why);

/* tap.c */
bool vhx_net_is_tap(struct file *file);
void vhx_net_tap_init(struct vhx_net_vq *nvq);
int vhx_net_tap_attach(struct vhx_net_vq *nvq, struct file *file, bool rx);
void vhx_net_tap_detach(struct vhx_net_vq *nvq);
void *vhx_net_tap_peek(struct vhx_net_vq *nvq);
unsigned int vhx_net_tap_len(void *frame);
void *vhx_net_tap_take(struct vhx_net_vq *nvq);
bool vhx_net_tap_ready(struct vhx_vq *vq);
void vhx_net_tap_wait(struct vhx_net_vq *nvq);
void vhx_net_tap_unwait(struct vhx_net_vq *nvq);
void vhx_net_tap_return(struct vhx_net_vq *nvq);
void vhx_net_tap_check_hdr(struct vhx_net_vq *nvq);

/* rx.c, tx.c */
enum vhx_verdict vhx_net_rx_run(struct vhx_net_vq *nvq);
enum vhx_verdict vhx_net_tx_run(struct vhx_net_vq *nvq);

#endif /* _VHX_NET_H */
