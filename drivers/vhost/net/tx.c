// SPDX-License-Identifier: GPL-2.0
/*
 * Transmit: from the ring to the tap. A buffer is a virtio-net header and a
 * packet (virtio 1.3, 5.1.6); the tap takes both as they are.
 */
#include <linux/socket.h>

#include "net.h"

/* Buffers that are popped at once: they are on the stack. */
#define TX_BATCH 16

/* 0, or -EAGAIN if the tap has no room; what it refuses is sent and lost. */
static int tx_send(struct vhx_net_vq *nvq, const struct vhx_buf *buf, bool more)
{
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | (more ? MSG_MORE : 0),
	};
	int err;

	iov_iter_init(&msg.msg_iter, ITER_SOURCE, buf->iov, buf->nout,
		      buf->out_len);
	if (nvq->own_hdr)
		iov_iter_advance(&msg.msg_iter, nvq->hdr_len);
	err = nvq->sock->ops->sendmsg(nvq->sock, &msg,
				      iov_iter_count(&msg.msg_iter));
	if (err == -EAGAIN || err == -ENOMEM || err == -ENOBUFS)
		return -EAGAIN;
	return 0;
}

static bool tx_valid(const struct vhx_net_vq *nvq, const struct vhx_buf *buf)
{
	return buf->nout && !buf->nin && buf->out_len > nvq->hdr_len;
}

/* How many of the buffers were dealt with, before the queue failed or filled */
static int tx_batch(struct vhx_net_vq *nvq, const struct vhx_buf *bufs, int n,
		    size_t *bytes)
{
	int i;

	for (i = 0; i < n; i++) {
		if (unlikely(!tx_valid(nvq, &bufs[i]))) {
			vhx_vq_fail(nvq->vq, -EINVAL, "no packet to transmit");
			break;
		}
		if (unlikely(tx_send(nvq, &bufs[i], i + 1 < n)))
			break;
		vhx_net_done(nvq, bufs[i].id, 0);
		*bytes += bufs[i].out_len;
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
	unsigned int packets = 0;
	size_t bytes = 0;

	vhx_poll_stop(&nvq->poll);
	while (packets < VHX_NET_BUDGET_PACKETS && bytes < VHX_NET_BUDGET_BYTES) {
		struct vhx_buf bufs[TX_BATCH];
		int got, sent;

		got = vhx_vq_pop(nvq->vq, bufs, TX_BATCH);
		if (got <= 0)
			return VHX_DRAINED;
		sent = tx_batch(nvq, bufs, got, &bytes);
		if (unlikely(sent < got)) {
			vhx_vq_unpop(nvq->vq, &bufs[sent]);
			/* Wakes the queue, at once if there is room already. */
			if (vhx_vq_running(nvq->vq))
				vhx_poll_start(&nvq->poll, nvq->file);
			return VHX_WAIT;
		}
		packets += sent;
	}
	return VHX_AGAIN;
}
