// SPDX-License-Identifier: GPL-2.0
/*
 * Receive: from the tap to the ring. A frame goes into one buffer, or with
 * VIRTIO_NET_F_MRG_RXBUF into as many as it needs; the header then tells their
 * number (virtio 1.3, 5.1.6.3 and 5.1.6.4).
 */
#include <linux/if_tun.h>
#include <linux/socket.h>

#include "net.h"
#include "pages.h"

/**
 * struct rx_room - buffers for a frame
 * @first: the first of them; what it writes is extended by the others, whose
 *	pieces follow its pieces
 * @nbufs: how many buffers
 */
struct rx_room {
	struct vhx_buf first;
	unsigned int nbufs;
};

static int rx_pop(struct vhx_net_vq *nvq, struct vhx_buf *buf, bool first)
{
	int got = first ? vhx_vq_pop(nvq->vq, buf, 1) :
			  vhx_vq_pop_more(nvq->vq, buf);

	if (got <= 0)
		return got;
	if (likely(!iov_iter_count(&buf->out) && iov_iter_count(&buf->in)))
		return 1;
	vhx_vq_unpop(nvq->vq, buf);
	vhx_vq_fail(nvq->vq, -EINVAL, "no room to receive");
	return -EINVAL;
}

/*
 * Reserves buffers for @len bytes. Their completions are written behind those
 * that were gathered, but are not added to @ndone yet. Returns 1; 0 if there
 * are not enough buffers yet; -EMSGSIZE if the frame can't fit; or another
 * errno if the queue failed.
 */
static int rx_reserve(struct vhx_net_vq *nvq, unsigned int len,
		      struct rx_room *room)
{
	unsigned int max = nvq->mergeable ? VHX_MAX_SEGS : 1;
	struct vhx_used *done = nvq->done + nvq->ndone;
	unsigned int left = len;
	int got;

	for (room->nbufs = 0; left && room->nbufs < max; room->nbufs++) {
		struct vhx_buf more, *buf = room->nbufs ? &more : &room->first;
		unsigned int take;

		got = rx_pop(nvq, buf, !room->nbufs);
		/*
		 * Too many pieces, or more buffers than the ring has entries.
		 */
		if ((got == -E2BIG && vhx_vq_running(nvq->vq)) ||
		    (!got && room->nbufs >= vhx_vq_num(nvq->vq)))
			break;
		if (got <= 0)
			goto give_back;
		take = min_t(size_t, left, iov_iter_count(&buf->in));
		done[room->nbufs] = (struct vhx_used){ buf->id, take };
		left -= take;
		if (room->nbufs) {
			room->first.in.nr_segs += more.in.nr_segs;
			room->first.in.count += more.in.count;
		}
	}
	if (!left)
		return 1;
	got = -EMSGSIZE;

give_back:
	if (room->nbufs)
		vhx_vq_unpop(nvq->vq, &room->first);
	return got;
}

/* Writes our own header, or the one field that the tap does not write. */
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

static enum vhx_net_drop rx_reason(int err)
{
	switch (err) {
	case -EFAULT:
		return VHX_NET_RX_FAULT;
	case -EINVAL:
		return VHX_NET_RX_HEADER;
	default:
		return VHX_NET_RX_REFUSED;
	}
}

/* Receives the frame that was peeked at, or returns an errno and sets @why. */
static int rx_frame(struct vhx_net_vq *nvq, struct rx_room *room,
		    unsigned int len, enum vhx_net_drop *why)
{
	struct msghdr msg = { .msg_control = vhx_net_tap_take(nvq) };
	unsigned int from_tap = len;
	struct iov_iter start;
	int got;

	msg.msg_iter = room->first.in;
	iov_iter_truncate(&msg.msg_iter, len);
	start = msg.msg_iter;
	if (nvq->own_hdr) {
		iov_iter_advance(&msg.msg_iter, nvq->hdr_len);
		from_tap -= nvq->hdr_len;
	}
	got = nvq->sock->ops->recvmsg(nvq->sock, &msg, from_tap,
				      MSG_DONTWAIT | MSG_TRUNC);
	if (unlikely(got != from_tap)) {
		*why = got < 0 ? rx_reason(got) : VHX_NET_RX_HEADER;
		return -EIO;
	}
	/* The tap does not report that it could not copy a frame's data. */
	if (unlikely(iov_iter_count(&msg.msg_iter) ||
		     rx_header(nvq, &start, room->nbufs))) {
		*why = VHX_NET_RX_FAULT;
		return -EFAULT;
	}
	return 0;
}

/* The next frame, which may come within the owner's busy-loop timeout. */
static void *rx_peek(struct vhx_net_vq *nvq)
{
	void *frame = vhx_net_tap_peek(nvq);

	if (likely(frame))
		return frame;
	vhx_net_push_done(nvq);
	if (!vhx_vq_busy_wait(nvq->vq, vhx_net_tap_ready))
		return NULL;
	return vhx_net_tap_peek(nvq);
}

/**
 * vhx_net_rx_run - serve a receive queue
 * @nvq: queue
 *
 * A dropped frame counts against the limits of the run too, as buffers were
 * popped for it.
 *
 * Context: the worker.
 */
enum vhx_verdict vhx_net_rx_run(struct vhx_net_vq *nvq)
{
	vhx_net_tap_unwait(nvq);
	for (;;) {
		enum vhx_net_drop why;
		struct rx_room room;
		unsigned int len;
		void *frame;
		int got;

		frame = rx_peek(nvq);
		if (!frame) {
			vhx_net_tap_wait(nvq);
			return VHX_WAIT;
		}
		if (nvq->ndone >= VHX_NET_BATCH)
			vhx_net_push_done(nvq);
		len = vhx_net_tap_len(frame) + nvq->hdr_len;
		got = rx_reserve(nvq, len, &room);
		if (unlikely(got == -EMSGSIZE)) {
			tun_ptr_free(vhx_net_tap_take(nvq));
			vhx_net_drop(nvq, VHX_NET_RX_TOO_LARGE);
			continue;
		}
		if (got <= 0)
			return VHX_DRAINED;
		if (nvq->ndone &&
		    unlikely(!vhx_net_pages_present(&room.first.in, len, true)))
			vhx_net_flush(nvq);
		if (unlikely(rx_frame(nvq, &room, len, &why))) {
			vhx_vq_unpop(nvq->vq, &room.first);
			vhx_net_drop(nvq, why);
			continue;
		}
		nvq->ndone += room.nbufs;
	}
}
