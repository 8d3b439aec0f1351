/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio-net: its queues, and the tap behind them.
 */
#ifndef _VHX_NET_H
#define _VHX_NET_H

#include <linux/net.h>
#include <linux/ptr_ring.h>
#include <linux/virtio_net.h>
#include <vhx/instance.h>
#include <vhx/queue.h>

enum {
	VHX_NET_VQ_RX,
	VHX_NET_VQ_TX,
	VHX_NET_NVQS,
};

/* Packets served before others have their turn, and bytes. */
#define VHX_NET_BUDGET_PACKETS	256
#define VHX_NET_BUDGET_BYTES	SZ_512K
/* Packets that are taken from the tap, or from the ring, at once. */
#define VHX_NET_BATCH		64
/* Buffers that one received packet may take. */
#define VHX_NET_MAX_MERGE		256
/* Completions that are pushed at once. */
#define VHX_NET_MAX_DONE		(VHX_NET_MAX_MERGE + VHX_NET_BATCH)

/**
 * struct vhx_net_vq - a queue's private data
 * @vq: the queue
 * @file: the tap, or NULL while none is attached
 * @sock: its socket
 * @ring: receive: where the tap leaves its packets
 * @poll: waits for packets, or for room to send
 * @hdr_len: bytes of the virtio-net header
 * @own_hdr: the header is ours, the tap has none (VHOST_NET_F_VIRTIO_NET_HDR)
 * @mergeable: a packet may take more than one buffer
 * @num_buffers: the header has the field
 * @packets: receive: packets taken from @ring
 * @head: the next of them
 * @tail: behind the last of them
 * @done: completions not yet pushed
 * @ndone: how many
 */
struct vhx_net_vq {
	struct vhx_vq *vq;
	struct file *file;
	struct socket *sock;
	struct ptr_ring *ring;
	struct vhx_poll poll;
	unsigned int hdr_len;
	bool own_hdr;
	bool mergeable;
	bool num_buffers;
	void *packets[VHX_NET_BATCH];
	unsigned int head;
	unsigned int tail;
	struct vhx_used done[VHX_NET_MAX_DONE];
	unsigned int ndone;
};

/* main.c */
void vhx_net_push_done(struct vhx_net_vq *nvq);
void vhx_net_done(struct vhx_net_vq *nvq, u32 id, u32 len);

/* tap.c */
bool vhx_net_is_tap(struct file *file);
int vhx_net_tap_attach(struct vhx_net_vq *nvq, struct file *file, bool rx);
void vhx_net_tap_detach(struct vhx_net_vq *nvq);
unsigned int vhx_net_tap_peek(struct vhx_net_vq *nvq);
void *vhx_net_tap_take(struct vhx_net_vq *nvq);
void vhx_net_tap_return(struct vhx_net_vq *nvq);

/* rx.c, tx.c */
enum vhx_verdict vhx_net_rx_run(struct vhx_net_vq *nvq);
enum vhx_verdict vhx_net_tx_run(struct vhx_net_vq *nvq);

#endif /* _VHX_NET_H */
