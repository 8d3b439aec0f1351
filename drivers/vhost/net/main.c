// SPDX-License-Identifier: GPL-2.0
/*
 * vhx_net.ko: virtio-net (virtio 1.3, section 5.1) over a tap. This file
 * has the device type, how VHOST_NET_SET_BACKEND attaches a tap to a queue, and
 * the completions of a queue; rx.c and tx.c move the frames.
 */
#include <linux/module.h>
#include <linux/vhost.h>
#include <linux/virtio_ids.h>

#include "net.h"

/**
 * vhx_net_flush - push the completions that were gathered
 * @nvq: queue
 *
 * They keep their places in @done, as those of a frame whose buffers are being
 * reserved are behind them.
 *
 * Context: the worker, which may sleep next.
 */
void vhx_net_flush(struct vhx_net_vq *nvq)
{
	unsigned int n = nvq->ndone - nvq->pushed;

	if (n)
		vhx_vq_push_batch(nvq->vq, nvq->done + nvq->pushed, n);
	nvq->pushed = nvq->ndone;
}

/**
 * vhx_net_push_done - push the completions that were gathered and forget them
 * @nvq: queue; no buffers are reserved
 *
 * Context: the worker.
 */
void vhx_net_push_done(struct vhx_net_vq *nvq)
{
	vhx_net_flush(nvq);
	nvq->pushed = 0;
	nvq->ndone = 0;
}

static int net_open(struct vhx_dev *dev)
{
	unsigned int i;

	for (i = 0; i < VHX_NET_NVQS; i++) {
		struct vhx_vq *vq = vhx_dev_vq(dev, i);
		struct vhx_net_vq *nvq = vhx_vq_priv(vq);

		nvq->vq = vq;
		vhx_net_tap_init(nvq);
	}
	return 0;
}

static void net_detach(struct vhx_vq *vq)
{
	vhx_vq_stop(vq);
	vhx_net_tap_detach(vhx_vq_priv(vq));
}

static void net_release(struct vhx_dev *dev)
{
	unsigned int i;

	for (i = 0; i < VHX_NET_NVQS; i++)
		net_detach(vhx_dev_vq(dev, i));
}

/* One tap in place of another: the queue goes on from where it was. */
static int net_set_backend(struct vhx_dev *dev, unsigned int index,
			   struct file *file)
{
	struct vhx_vq *vq = vhx_dev_vq(dev, index);
	struct vhx_net_vq *nvq = vhx_vq_priv(vq);
	int err;

	if (!file) {
		net_detach(vq);
		return 0;
	}
	if (file == nvq->file)
		return 0;
	/* Refuse what can't work before what works is given up. */
	if (!vhx_vq_is_set_up(vq))
		return -EFAULT;
	if (!vhx_net_is_tap(file))
		return -ENOTSOCK;
	net_detach(vq);
	err = vhx_net_tap_attach(nvq, file, index == VHX_NET_VQ_RX);
	if (err)
		return err;
	err = vhx_vq_start(vq);
	if (err)
		vhx_net_tap_detach(nvq);
	return err;
}

static int net_vq_start(struct vhx_vq *vq)
{
	struct vhx_net_vq *nvq = vhx_vq_priv(vq);
	bool v1 = vhx_vq_has_feature(vq, VIRTIO_F_VERSION_1);

	nvq->own_hdr = vhx_vq_has_feature(vq, VHOST_NET_F_VIRTIO_NET_HDR);
	nvq->mergeable = vhx_vq_has_feature(vq, VIRTIO_NET_F_MRG_RXBUF);
	nvq->num_buffers = nvq->mergeable || v1;
	nvq->hdr_len = nvq->num_buffers ?
		       sizeof(struct virtio_net_hdr_mrg_rxbuf) :
		       sizeof(struct virtio_net_hdr);
	nvq->pushed = 0;
	nvq->ndone = 0;
	return 0;
}

static void net_vq_stopped(struct vhx_vq *vq)
{
	struct vhx_net_vq *nvq = vhx_vq_priv(vq);

	vhx_net_tap_unwait(nvq);
	vhx_poll_stop(&nvq->room);
	vhx_net_tap_return(nvq);
}

static enum vhx_verdict net_vq_run(struct vhx_vq *vq)
{
	struct vhx_net_vq *nvq = vhx_vq_priv(vq);
	enum vhx_verdict verdict;

	verdict = vhx_vq_index(vq) == VHX_NET_VQ_RX ? vhx_net_rx_run(nvq) :
						      vhx_net_tx_run(nvq);
	vhx_net_push_done(nvq);
	return verdict;
}

static void net_vq_flush(struct vhx_vq *vq)
{
	vhx_net_flush(vhx_vq_priv(vq));
}

static const struct vhx_backend_ops net_ops = {
	.owner		= THIS_MODULE,
	.name		= "net",
	.device_id	= VIRTIO_ID_NET,
	.features	= BIT_ULL(VHOST_NET_F_VIRTIO_NET_HDR) |
			  BIT_ULL(VIRTIO_NET_F_MRG_RXBUF),
	.max_vqs	= VHX_NET_NVQS,
	.vq_priv_size	= sizeof(struct vhx_net_vq),
	.open		= net_open,
	.release	= net_release,
	.set_backend_cmd = VHOST_NET_SET_BACKEND,
	.set_backend	= net_set_backend,
	.vq_start	= net_vq_start,
	.vq_stopped	= net_vq_stopped,
	.vq_run		= net_vq_run,
	.vq_flush	= net_vq_flush,
};

static struct vhx_node net_node = {
	.ops	= &net_ops,
	.name	= "vhx-net",
	.attrs	= &vhx_net_drop_group,
};

static int __init net_init(void)
{
	return vhx_node_register(&net_node);
}

static void __exit net_exit(void)
{
	vhx_node_unregister(&net_node);
}

module_init(net_init);
module_exit(net_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("In-kernel virtio back ends: network");
