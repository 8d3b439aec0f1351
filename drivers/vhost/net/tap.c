// SPDX-License-Identifier: GPL-2.0
/*
 * The tap behind a queue: its socket, the header that it expects, and the ring
 * in which it leaves the frames that it was sent.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/jiffies.h>
#include <linux/skb_array.h>
#include <linux/socket.h>
#include <net/sock.h>
#include <net/xdp.h>

#include "net.h"

static int tap_wake(wait_queue_entry_t *wait, unsigned int mode, int sync,
		    void *key)
{
	struct vhx_net_vq *nvq = container_of(wait, struct vhx_net_vq, wait);
	__poll_t events = key_to_poll(key);

	if (!events || events & EPOLLIN)
		vhx_vq_wake(nvq->vq);
	return 0;
}

static void tap_has_room(struct vhx_poll *poll)
{
	vhx_vq_wake(container_of(poll, struct vhx_net_vq, room)->vq);
}

/**
 * vhx_net_tap_init - prepare a queue for taps
 * @nvq: queue
 */
void vhx_net_tap_init(struct vhx_net_vq *nvq)
{
	init_waitqueue_func_entry(&nvq->wait, tap_wake);
	vhx_poll_init(&nvq->room, tap_has_room, EPOLLOUT);
}

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
 * @rx: frames are to be taken from it
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
	nvq->logged = 0;
	nvq->bad_hdr = false;
	nvq->next_check = jiffies;
	return 0;
}

/**
 * vhx_net_tap_detach - stop using a tap
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

/**
 * vhx_net_tap_peek - look at the tap's next frame
 * @nvq: receive queue
 *
 * Context: the worker.
 * Return: the frame or NULL if there is none.
 */
void *vhx_net_tap_peek(struct vhx_net_vq *nvq)
{
	if (nvq->head == nvq->tail) {
		nvq->head = 0;
		nvq->tail = ptr_ring_consume_batched(nvq->ring, nvq->frames,
						     VHX_NET_BATCH);
		if (!nvq->tail)
			return NULL;
	}
	return nvq->frames[nvq->head];
}

/**
 * vhx_net_tap_len - the length of a frame
 * @frame: as vhx_net_tap_peek() returned it
 *
 * Return: bytes without the virtio-net header.
 */
unsigned int vhx_net_tap_len(void *frame)
{
	if (tun_is_xdp_frame(frame))
		return tun_ptr_to_xdp(frame)->len;
	return __skb_array_len_with_tag(frame);
}

/**
 * vhx_net_tap_take - take the frame that was peeked at
 * @nvq: receive queue
 *
 * Return: the frame, for the socket's recvmsg() or tun_ptr_free(). Either frees
 * it.
 */
void *vhx_net_tap_take(struct vhx_net_vq *nvq)
{
	return nvq->frames[nvq->head++];
}

/**
 * vhx_net_tap_ready - does the tap have frames that were not yet taken?
 * @vq: receive queue
 *
 * Context: the worker.
 */
bool vhx_net_tap_ready(struct vhx_vq *vq)
{
	struct vhx_net_vq *nvq = vhx_vq_priv(vq);

	return !ptr_ring_empty(nvq->ring);
}

/**
 * vhx_net_tap_wait - have the queue woken when there are frames
 * @nvq: receive queue
 *
 * It is woken at once if there are some. This waits on the socket itself:
 * vfs_poll() fails while the file has no interface, and frames that come once
 * it has another one (TUNSETIFF) would not wake the queue.
 *
 * Context: the worker.
 */
void vhx_net_tap_wait(struct vhx_net_vq *nvq)
{
	add_wait_queue(sk_sleep(nvq->sock->sk), &nvq->wait);
	nvq->waiting = true;
	/* Pairs with the barrier in skwq_has_sleeper(). */
	smp_mb();
	if (vhx_net_tap_ready(nvq->vq))
		vhx_vq_wake(nvq->vq);
}

/**
 * vhx_net_tap_unwait - end the wait
 * @nvq: receive queue; if it does not wait, nothing happens
 *
 * Context: the worker, or process with the queue stopped.
 */
void vhx_net_tap_unwait(struct vhx_net_vq *nvq)
{
	if (!nvq->waiting)
		return;
	remove_wait_queue(sk_sleep(nvq->sock->sk), &nvq->wait);
	nvq->waiting = false;
}

/**
 * vhx_net_tap_return - give back the frames that were not taken
 * @nvq: receive queue, stopped
 */
void vhx_net_tap_return(struct vhx_net_vq *nvq)
{
	if (nvq->ring && nvq->head != nvq->tail)
		ptr_ring_unconsume(nvq->ring, nvq->frames + nvq->head,
				   nvq->tail - nvq->head, tun_ptr_free);
	nvq->head = 0;
	nvq->tail = 0;
}

/*
 * Sends @len bytes from an address that is never mapped, too few for a frame.
 * Returns -EINVAL if that is less than the header that the tap expects, or
 * -EFAULT if the tap tried to read the header.
 */
static int tap_send_hdr(struct vhx_net_vq *nvq, size_t len)
{
	struct iovec nowhere = {
		.iov_base = (void __user *)TASK_SIZE_MAX,
		.iov_len = len,
	};
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT };

	iov_iter_init(&msg.msg_iter, ITER_SOURCE, &nowhere, 1, len);
	return nvq->sock->ops->sendmsg(nvq->sock, &msg, len);
}

/* A tap without a header refuses less than an Ethernet header with -EINVAL. */
static bool tap_hdr_differs(struct vhx_net_vq *nvq)
{
	if (nvq->own_hdr)
		return tap_send_hdr(nvq, ETH_HLEN - 1) == -EFAULT;
	return tap_send_hdr(nvq, nvq->hdr_len - 1) == -EFAULT ||
	       tap_send_hdr(nvq, nvq->hdr_len) == -EINVAL;
}

/**
 * vhx_net_tap_check_hdr - find out whether the tap expects another header
 * @nvq: transmit queue; @bad_hdr is updated, at most once a second
 *
 * The owner can change IFF_NO_PI, IFF_VNET_HDR and TUNSETVNETHDRSZ at any time.
 * With another header than the ring has, the tap takes the end of the header
 * for the start of the frame, or the reverse, and reports no error. The kernel
 * has no function that reads these settings, but the errors of sendmsg() show
 * them.
 *
 * Context: the worker.
 */
void vhx_net_tap_check_hdr(struct vhx_net_vq *nvq)
{
	if (likely(time_before(jiffies, nvq->next_check)))
		return;
	nvq->next_check = jiffies + HZ;
	nvq->bad_hdr = tap_hdr_differs(nvq);
}
