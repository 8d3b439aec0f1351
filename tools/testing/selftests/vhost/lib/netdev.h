/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A network device on a tap, ready to run, and the frames that go through it.
 * The tests of net/ share it; each runs on /dev/vhost-net as well, to
 * know that what is asked of vhx is what a guest gets today.
 */
#ifndef VHXT_NETDEV_H
#define VHXT_NETDEV_H

#include <linux/virtio_net.h>
#include <stdbool.h>

#include "chain.h"
#include "tap.h"
#include "vdev.h"

#define RX		0
#define TX		1

#define NETDEV_NUM	256
#define NETDEV_SLOT	2048

/* The variants of what is negotiated. */
#define NET_PLAIN	BIT_ULL(VIRTIO_F_VERSION_1)
#define NET_EVENT	(NET_PLAIN | BIT_ULL(VIRTIO_RING_F_EVENT_IDX))
#define NET_INDIRECT	(NET_EVENT | BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC))
#define NET_MRG		(NET_INDIRECT | BIT_ULL(VIRTIO_NET_F_MRG_RXBUF))
#define NET_LEGACY	0ULL

/**
 * struct netdev_opts - what to run on
 * @path: the device
 * @module: what brings it, for the reference
 * @features: to negotiate
 * @num: entries of a queue, 0 for NETDEV_NUM
 * @nregions: of guest memory, 0 for 1
 * @tap_queues: above 1, the tap is IFF_MULTI_QUEUE
 * @tap: one that is there already, NULL for that of netdev_share_tap(), or else
 *	to make one
 */
struct netdev_opts {
	const char *path;
	const char *module;
	__u64 features;
	unsigned int num;
	unsigned int nregions;
	unsigned int tap_queues;
	const struct tap *tap;
};

#define IN_TREE(f)	{ .path = "/dev/vhost-net", .module = "vhost_net", \
			  .features = (f) }
#define VHX(f)		{ .path = "/dev/vhx-net", .features = (f) }

/**
 * struct netdev - a device with a tap
 * @mem: guest memory
 * @dev: the device, with queues RX and TX
 * @tap: its tap, with the peer open
 * @hlen: bytes of the virtio_net header
 * @arena: for scattered buffers
 * @slot: NETDEV_NUM buffers of NETDEV_SLOT bytes each
 */
struct netdev {
	struct gmem mem;
	struct vdev dev;
	struct tap tap;
	unsigned int hlen;
	struct arena arena;
	char *slot;
};

/*
 * A tap for all tests of a program, as it takes its time to make and remove
 * one; call it before any of them. 0 or -errno.
 */
int netdev_share_tap(void);

/* Is the node there? In-tree ones may be missing. */
bool netdev_present(const struct netdev_opts *o);

/*
 * Everything up to the running device. 0 or -errno; n->dev.what says where.
 * netdev_stop() closes the tap, one that was there too.
 */
int netdev_start(struct netdev *n, const struct netdev_opts *o);
void netdev_stop(struct netdev *n);

/*
 * A frame of @len bytes (15 or more) that no other @seed has. The header is of
 * 14 bytes, the Ethertype TAP_ETHERTYPE.
 */
void frame_make(void *frame, size_t len, __u32 seed);

/*
 * A TCP segment of @len bytes for TSO: valid headers, checksum left to the
 * device, and the virtio_net header that goes with it.
 */
void frame_make_tso4(void *frame, size_t len, __u32 seed, __u16 mss,
		     struct virtio_net_hdr *hdr);

/*
 * Give @frame to the device in a chain cut by @cuts, header included. Waits
 * for its completion. 0 or -errno.
 */
int netdev_send(struct netdev *n, const struct virtio_net_hdr *hdr,
		const void *frame, size_t len, const size_t *cuts);

/* Take one frame at the peer; 0 if it is @frame, else -EBADMSG or -errno. */
int netdev_expect(struct netdev *n, const void *frame, size_t len,
		  struct virtio_net_hdr *hdr);

/* Take @count completions of @vq; each is checked to be due. 0 or -errno. */
int netdev_reap(struct vq *vq, unsigned int count);

/*
 * Start queue @i afresh, as if @after buffers had gone through it: detach,
 * forget what is in it, in the tap and at the peer, attach.
 */
int netdev_restart(struct netdev *n, unsigned int i, unsigned int after);

/* A frame from ring to peer and one from peer to ring, checked. */
int netdev_ping(struct netdev *n, __u32 seed);

/* The halves of that. */
int netdev_ping_tx(struct netdev *n, __u32 seed);
int netdev_ping_rx(struct netdev *n, __u32 seed);

#endif /* VHXT_NETDEV_H */
