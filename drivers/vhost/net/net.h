/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtio-net: its queues, and the tap behind them.
 */
#ifndef _VHX_NET_H
#define _VHX_NET_H

#include <linux/net.h>
#include <linux/ptr_ring.h>
#include <linux/virtio_net.h>
#include <vhx/vhx.h>

enum {
	NET_VQ_RX,
	NET_VQ_TX,
	NET_NVQS,
};

/* Packets served before others have their turn, and bytes. */
#define NET_BUDGET_PACKETS	256
#define NET_BUDGET_BYTES	SZ_512K
/* Packets that are taken from the tap, or from the ring, at once. */
#define NET_BATCH		64
/* Buffers that one received packet may take. */
#define NET_MAX_MERGE		256
/* Completions that are pushed at once. */
#define NET_MAX_DONE		(NET_MAX_MERGE + NET_BATCH)

/**
 * struct net_vq - a queue's private data
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
struct net_vq {
	struct vhx_vq *vq;
	struct file *file;
	struct socket *sock;
	struct ptr_ring *ring;
	struct vhx_poll poll;
	unsigned int hdr_len;
	bool own_hdr;
	bool mergeable;
	bool num_buffers;
	void *packets[NET_BATCH];
	unsigned int head;
	unsigned int tail;
	struct vhx_used done[NET_MAX_DONE];
	unsigned int ndone;
};

/* main.c */
void net_push_done(struct net_vq *nvq);
void net_done(struct net_vq *nvq, u32 id, u32 len);

/* tap.c */
bool net_is_tap(struct file *file);
int net_tap_attach(struct net_vq *nvq, struct file *file, bool rx);
void net_tap_detach(struct net_vq *nvq);
unsigned int net_tap_peek(struct net_vq *nvq);
void *net_tap_take(struct net_vq *nvq);
void net_tap_return(struct net_vq *nvq);

/* rx.c, tx.c */
enum vhx_verdict net_rx_run(struct net_vq *nvq);
enum vhx_verdict net_tx_run(struct net_vq *nvq);

#endif /* _VHX_NET_H */
