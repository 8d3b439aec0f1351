// SPDX-License-Identifier: GPL-2.0
/*
 * The tap behind a queue: its socket, and the ring in which it leaves the
 * packets that it was sent.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/if_tun.h>
#include <linux/skb_array.h>
#include <net/xdp.h>

#include "net.h"

/**
 * vhx_net_is_tap - is this a tap's queue?
 * @file: any open file
 */
bool vhx_net_is_tap(struct file *file)
{
	return !IS_ERR(tun_get_socket(file));
}

/**
 * vhx_net_tap_attach - begin to use a tap
 * @nvq: queue with none
 * @file: a file of /dev/net/tun with a queue of the tap
 * @rx: packets are to be taken from it
 *
 * Return: 0 or -ENOTSOCK if it is no tap.
 */
int vhx_net_tap_attach(struct vhx_net_vq *nvq, struct file *file, bool rx)
{
	struct socket *sock = tun_get_socket(file);
	struct ptr_ring *ring = NULL;

	if (IS_ERR(sock))
		return -ENOTSOCK;
	if (rx) {
		ring = tun_get_tx_ring(file);
		if (IS_ERR(ring))
			return -ENOTSOCK;
	}
	nvq->file = get_file(file);
	nvq->sock = sock;
	nvq->ring = ring;
	nvq->head = 0;
	nvq->tail = 0;
	return 0;
}

/**
 * vhx_net_tap_detach - end it
 * @nvq: stopped queue, with a tap or without
 */
void vhx_net_tap_detach(struct vhx_net_vq *nvq)
{
	if (!nvq->file)
		return;
	fput(nvq->file);
	nvq->file = NULL;
	nvq->sock = NULL;
	nvq->ring = NULL;
}

static unsigned int packet_len(void *packet)
{
	if (tun_is_xdp_frame(packet))
		return tun_ptr_to_xdp(packet)->len;
	return __skb_array_len_with_tag(packet);
}

/**
 * vhx_net_tap_peek - how long is the next packet?
 * @nvq: receive queue
 *
 * Context: the worker.
 * Return: bytes without the virtio-net header, 0 if there is no packet.
 */
unsigned int vhx_net_tap_peek(struct vhx_net_vq *nvq)
{
	if (nvq->head == nvq->tail) {
		nvq->head = 0;
		nvq->tail = ptr_ring_consume_batched(nvq->ring, nvq->packets,
						     VHX_NET_BATCH);
		if (!nvq->tail)
			return 0;
	}
	return packet_len(nvq->packets[nvq->head]);
}

/**
 * vhx_net_tap_take - take the packet that was peeked at
 * @nvq: receive queue
 *
 * Return: the packet, for the socket's recvmsg(), which frees it.
 */
void *vhx_net_tap_take(struct vhx_net_vq *nvq)
{
	return nvq->packets[nvq->head++];
}

/**
 * vhx_net_tap_return - give back the packets that were not taken
 * @nvq: receive queue, stopped
 */
void vhx_net_tap_return(struct vhx_net_vq *nvq)
{
	if (nvq->ring && nvq->head != nvq->tail)
		ptr_ring_unconsume(nvq->ring, nvq->packets + nvq->head,
				   nvq->tail - nvq->head, tun_ptr_free);
	nvq->head = 0;
	nvq->tail = 0;
}
