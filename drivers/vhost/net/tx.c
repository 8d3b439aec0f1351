// SPDX-License-Identifier: GPL-2.0
/*
 * Transmit: from the ring to the tap. A buffer is a virtio-net header and a
 * frame (virtio 1.3, 5.1.6); the tap takes both as they are.
 *
 * Frames are sent without MSG_MORE. The tap may keep a frame that was sent with
 * it, and count it against the send buffer, until it accepts one without it,
 * and it may refuse all that follow.
 */
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/socket.h>

#include "net.h"
#include "pages.h"

/* An IP packet of 64 KiB with an Ethernet header and two VLAN tags. */
#define TX_MAX_FRAME	(SZ_64K + ETH_HLEN + 2 * VLAN_HLEN)

static enum vhx_net_drop tx_reason(int err)
{
	switch (err) {
	case -EFAULT:
		return VHX_NET_TX_FAULT;
	case -EIO:
		return VHX_NET_TX_DOWN;
	case -EBADFD:
		return VHX_NET_TX_NO_TAP;
	case -ENOMEM:
	case -ENOBUFS:
		return VHX_NET_TX_NO_MEMORY;
	default:
		return VHX_NET_TX_REFUSED;
	}
}

/* 0, or -EAGAIN if the tap has no room. What the tap refuses is dropped. */
static int tx_send(struct vhx_net_vq *nvq, const struct vhx_buf *buf)
{
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT, .msg_iter = buf->out,
	};
	int err;

	if (nvq->own_hdr)
		iov_iter_advance(&msg.msg_iter, nvq->hdr_len);
	err = nvq->sock->ops->sendmsg(nvq->sock, &msg,
				      iov_iter_count(&msg.msg_iter));
	if (likely(err >= 0))
		return 0;
	if (err != -EAGAIN) {
		vhx_net_drop(nvq, tx_reason(err));
		err = 0;
	}
	return err;
}

/* The same for a buffer of any size. */
static int tx_buf(struct vhx_net_vq *nvq, const struct vhx_buf *buf)
{
	unsigned int len = iov_iter_count(&buf->out) - nvq->hdr_len;

	if (unlikely(!len || len > TX_MAX_FRAME)) {
		vhx_net_drop(nvq, len ? VHX_NET_TX_TOO_LARGE :
					VHX_NET_TX_EMPTY);
		return 0;
	}
	if (unlikely(nvq->bad_hdr)) {
		vhx_net_drop(nvq, VHX_NET_TX_HEADER);
		return 0;
	}
	if (nvq->ndone &&
	    unlikely(!vhx_net_pages_present(&buf->out, len + nvq->hdr_len,
					    false)))
		vhx_net_push_done(nvq);
	return tx_send(nvq, buf);
}

static bool tx_valid(const struct vhx_net_vq *nvq, const struct vhx_buf *buf)
{
	return !iov_iter_count(&buf->in) &&
	       iov_iter_count(&buf->out) >= nvq->hdr_len;
}

/* Returns how many buffers were completed: fewer if the tap or queue failed. */
static int tx_batch(struct vhx_net_vq *nvq, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		const struct vhx_buf *buf = &nvq->bufs[i];

		if (unlikely(!tx_valid(nvq, buf))) {
			vhx_vq_fail(nvq->vq, -EINVAL, "no frame to transmit");
			break;
		}
		if (unlikely(tx_buf(nvq, buf)))
			break;
		nvq->done[nvq->ndone++] = (struct vhx_used){ buf->id, 0 };
	}
	return i;
}

/**
 * vhx_net_tx_run - serve a transmit queue
 * @nvq: queue
 *
 * Context: the worker.
 */
enum vhx_verdict vhx_net_tx_run(struct vhx_net_vq *nvq)
{
	vhx_poll_stop(&nvq->room);
	vhx_net_tap_check_hdr(nvq);
	for (;;) {
		int got, sent;

		if (nvq->ndone >= VHX_NET_BATCH)
			vhx_net_push_done(nvq);
		got = vhx_vq_pop(nvq->vq, nvq->bufs, VHX_NET_BATCH);
		if (got <= 0)
			return VHX_DRAINED;
		sent = tx_batch(nvq, got);
		if (unlikely(sent < got)) {
			vhx_vq_unpop(nvq->vq, &nvq->bufs[sent]);
			if (!vhx_vq_running(nvq->vq))
				return VHX_WAIT;
			/*
			 * This wakes the queue at once if there is room by now.
			 * It fails if the interface was removed.
			 */
			return vhx_poll_start(&nvq->room, nvq->file) ?
			       VHX_AGAIN : VHX_WAIT;
		}
	}
}
