/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A network device on a tap, ready to run, and the frames that go through it.
 * The tests of net/ use it. Each also runs on /dev/vhost-net, which shows that
 * it demands of vhx only what a guest gets from the in-tree module.
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

/* Sets of features to negotiate. */
#define NET_PLAIN	BIT_ULL(VIRTIO_F_VERSION_1)
#define NET_EVENT	(NET_PLAIN | BIT_ULL(VIRTIO_RING_F_EVENT_IDX))
#define NET_INDIRECT	(NET_EVENT | BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC))
#define NET_MRG		(NET_INDIRECT | BIT_ULL(VIRTIO_NET_F_MRG_RXBUF))
#define NET_LEGACY	0ULL

/**
 * struct netdev_opts - how to run a device
 * @path: its node
 * @module: the module of an in-tree device, which is the reference; or NULL
 * @features: features to negotiate
 * @pinned: guest memory is pinned, see RING_PINNED()
 * @num: entries of a queue, 0 for NETDEV_NUM
 * @nregions: number of regions of guest memory, 0 for 1
 * @tap_queues: above 1, the tap is IFF_MULTI_QUEUE
 * @kthread: the worker is a thread of the kernel
 * @tap: the tap to use; NULL for that of netdev_share_tap(), or for a new one
 *	if that is missing or has too few queues
 */
struct netdev_opts {
	const char *path;
	const char *module;
	__u64 features;
	bool pinned;
	unsigned int num;
	unsigned int nregions;
	unsigned int tap_queues;
	bool kthread;
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
 * Make a tap for all tests of a program, as making and removing one is slow. To
 * be called before the first test. 0 or -errno.
 */
int netdev_share_tap(void);

/* Is there a node? That of an in-tree device may be missing. */
bool netdev_present(const struct netdev_opts *o);

/*
 * Set up and start the device, or do all but attach the tap. 0 or -errno;
 * n->dev.what names the step.
 * netdev_stop() always closes the tap, even if it is &struct netdev_opts.tap.
 */
int netdev_start(struct netdev *n, const struct netdev_opts *o);
int netdev_prepare(struct netdev *n, const struct netdev_opts *o);
void netdev_stop(struct netdev *n);

/*
 * Make a frame of @len bytes (15 or more) that differs for each @seed. It has
 * an Ethernet header of 14 bytes with the type TAP_ETHERTYPE.
 */
void frame_make(void *frame, size_t len, __u32 seed);

/*
 * Make a frame of @len bytes with a TCP segment for TSO, and the virtio_net
 * header for it. Its headers are valid; the device completes the checksum.
 */
void frame_make_tso4(void *frame, size_t len, __u32 seed, __u16 mss,
		     struct virtio_net_hdr *hdr);

/*
 * Send @frame and its header in a chain cut by @cuts, and wait for the
 * completion. 0 or -errno.
 */
int netdev_send(struct netdev *n, const struct virtio_net_hdr *hdr,
		const void *frame, size_t len, const size_t *cuts);

/* Receive a frame at the peer. 0 if it is @frame, -EBADMSG or -errno if not. */
int netdev_expect(struct netdev *n, const void *frame, size_t len,
		  struct virtio_net_hdr *hdr);

/*
 * Frames that /dev/vhx-net dropped for a reason, which is the name of its
 * attribute. -errno if there is none.
 */
long netdev_dropped(const char *reason);

/* Wait until it dropped @count or more. 0 or -ETIMEDOUT. */
int netdev_wait_dropped(const char *reason, long count);

/* Take @count completions of @vq; each is checked to be due. 0 or -errno. */
int netdev_reap(struct vq *vq, unsigned int count);

/*
 * Restart queue @i as if @after buffers had gone through it: detach it, discard
 * what is in it, in the tap and at the peer, and attach it. 0 or -errno.
 */
int netdev_restart(struct netdev *n, unsigned int i, unsigned int after);

/* Send a frame to the peer and one back, and compare what arrives. */
int netdev_ping(struct netdev *n, __u32 seed);

/* The first and the second half of that. */
int netdev_ping_tx(struct netdev *n, __u32 seed);
int netdev_ping_rx(struct netdev *n, __u32 seed);

#endif /* VHXT_NETDEV_H */
