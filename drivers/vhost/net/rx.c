// SPDX-License-Identifier: GPL-2.0
/*
 * Receive: from the tap to the ring. A packet goes into one buffer, or with
 * VIRTIO_NET_F_MRG_RXBUF into as many as it needs, of which the header then
 * tells the number (virtio 1.3, 5.1.6.3 and 5.1.6.4).
 */
#include <linux/socket.h>

#include "net.h"

/**
 * struct rx_room - buffers for a packet
 * @first: the first of them, whose pieces those of the others follow
 * @niov: how many pieces
 * @nbufs: how many buffers
 */
struct rx_room {
	struct vhx_buf first;
	unsigned int niov;
	unsigned int nbufs;
};

static int rx_pop(struct vhx_net_vq *nvq, struct vhx_buf *buf, bool first)
{
	int got = first ? vhx_vq_pop(nvq->vq, buf, 1) :
			  vhx_vq_pop_more(nvq->vq, buf);

	if (got <= 0)
		return got;
	if (likely(!buf->nout && buf->nin))
		return 1;
	vhx_vq_unpop(nvq->vq, buf);
	vhx_vq_fail(nvq->vq, -EINVAL, "no room to receive");
	return -EINVAL;
}

/*
 * Buffers for @len bytes, entered as completions to come: 1; 0 if there are not
 * enough yet; -EMSGSIZE if there is no way for it to fit; or the queue failed.
 */
static int rx_reserve(struct vhx_net_vq *nvq, unsigned int len,
		      struct rx_room *room)
{
	unsigned int max = nvq->mergeable ? VHX_NET_MAX_MERGE : 1;
	struct vhx_used *done = nvq->done + nvq->ndone;
	unsigned int left = len;
	int got;

	room->niov = 0;
	for (room->nbufs = 0; left && room->nbufs < max; room->nbufs++) {
		struct vhx_buf buf;
		unsigned int take;

		got = rx_pop(nvq, &buf, !room->nbufs);
		if (got == -E2BIG && vhx_vq_running(nvq->vq))
			break;
		if (got <= 0)
			goto give_back;
		if (!room->nbufs)
			room->first = buf;
		room->niov += buf.nin;
		take = min(left, buf.in_len);
		done[room->nbufs] = (struct vhx_used){ buf.id, take };
		left -= take;
	}
	if (!left)
		return 1;
	got = -EMSGSIZE;

give_back:
	if (room->nbufs)
		vhx_vq_unpop(nvq->vq, &room->first);
	return got;
}

/* The packet is lost, as it would be on a wire. */
static void rx_drop(struct vhx_net_vq *nvq)
{
	struct msghdr msg = { .msg_control = vhx_net_tap_take(nvq) };
	struct iovec none = {};

	iov_iter_init(&msg.msg_iter, ITER_DEST, &none, 1, 0);
	nvq->sock->ops->recvmsg(nvq->sock, &msg, 0, MSG_DONTWAIT | MSG_TRUNC);
}

/* Our own header, or just the field that the tap does not know. */
static int rx_header(struct vhx_net_vq *nvq, struct iov_iter *to,
		     unsigned int nbufs)
{
	struct virtio_net_hdr_mrg_rxbuf hdr = {
		.hdr.gso_type = VIRTIO_NET_HDR_GSO_NONE,
		.num_buffers = (__force __virtio16)cpu_to_le16(nbufs),
	};
	const void *from = &hdr;
	size_t len = nvq->hdr_len;

	if (!nvq->own_hdr) {
		if (!nvq->num_buffers)
			return 0;
		from = &hdr.num_buffers;
		len = sizeof(hdr.num_buffers);
		iov_iter_advance(to, offsetof(typeof(hdr), num_buffers));
	}
	return copy_to_iter(from, len, to) == len ? 0 : -EFAULT;
}

/* The packet that was peeked at, whole or not at all. */
static int rx_packet(struct vhx_net_vq *nvq, struct rx_room *room, unsigned int len)
{
	struct msghdr msg = { .msg_control = vhx_net_tap_take(nvq) };
	unsigned int from_tap = len;
	struct iov_iter start;
	int got;

	iov_iter_init(&msg.msg_iter, ITER_DEST, room->first.iov, room->niov, len);
	start = msg.msg_iter;
	if (nvq->own_hdr) {
		iov_iter_advance(&msg.msg_iter, nvq->hdr_len);
		from_tap -= nvq->hdr_len;
	}
	got = nvq->sock->ops->recvmsg(nvq->sock, &msg, from_tap,
				      MSG_DONTWAIT | MSG_TRUNC);
	if (unlikely(got != from_tap))
		return -EIO;
	return rx_header(nvq, &start, room->nbufs);
}

static enum vhx_verdict rx_serve(struct vhx_net_vq *nvq)
{
	unsigned int packets = 0;
	size_t bytes = 0;

	while (packets < VHX_NET_BUDGET_PACKETS && bytes < VHX_NET_BUDGET_BYTES) {
		unsigned int len = vhx_net_tap_peek(nvq);
		struct rx_room room;
		int got;

		if (!len) {
			/* Wakes the queue, at once if there is one by now. */
			vhx_poll_start(&nvq->poll, nvq->file);
			return VHX_WAIT;
		}
		len += nvq->hdr_len;
		if (nvq->ndone >= VHX_NET_BATCH)
			vhx_net_push_done(nvq);
		packets++;
		got = rx_reserve(nvq, len, &room);
		if (unlikely(got == -EMSGSIZE)) {
			rx_drop(nvq);
			continue;
		}
		if (got <= 0)
			return VHX_DRAINED;
		if (unlikely(rx_packet(nvq, &room, len))) {
			vhx_vq_unpop(nvq->vq, &room.first);
			continue;
		}
		nvq->ndone += room.nbufs;
		bytes += len;
	}
	return VHX_AGAIN;
}

/**
 * vhx_net_rx_run - serve a receive queue
 * @nvq: queue
 *
 * Context: the worker.
 */
enum vhx_verdict vhx_net_rx_run(struct vhx_net_vq *nvq)
{
	vhx_poll_stop(&nvq->poll);
	return rx_serve(nvq);
}
