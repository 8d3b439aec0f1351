// SPDX-License-Identifier: GPL-2.0
/*
 * The network device that tests run on, and its frames.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attr.h"
#include "compat_ioctls.h"
#include "netdev.h"
#include "pins.h"

#define NETDEV_MEM	(5 * 1024 * 1024)
#define NETDEV_ARENA	(1024 * 1024)

static struct tap shared = { .fd = -1, .sock = -1 };

int netdev_share_tap(void)
{
	int err = netns_enter();

	if (!err)
		err = tap_create(&shared, "shared", 12, 1);
	return err ? err : tap_peer(&shared);
}

/* Discard the frames that another test left in the tap and at the peer. */
static void drain(struct tap *t)
{
	char frame[NETDEV_SLOT];

	while (read(t->fd, frame, sizeof(frame)) > 0)
		;
	while (peer_recv(t, NULL, frame, sizeof(frame), 0) != -EAGAIN)
		;
}

static int take_tap(struct netdev *n, const struct netdev_opts *o)
{
	int err = 0;

	if (o->tap) {
		n->tap = *o->tap;
	} else if (shared.fd >= 0 && o->tap_queues < 2) {
		n->tap = shared;
		err = tap_set_hdr(&n->tap, (int)n->hlen);
		drain(&n->tap);
		peer_drops(&n->tap);
	} else {
		err = tap_create(&n->tap, "tap0", (int)n->hlen, o->tap_queues);
		if (!err)
			err = tap_peer(&n->tap);
	}
	return err;
}

/* The attribute counts for files that are opened after. */
static int open_node(struct netdev *n, const struct netdev_opts *o)
{
	const char *memory = pins_memory(o->pinned);
	const char *attr = "/sys/class/misc/vhx-net/memory";
	int err, ret;

	if (o->module)
		return vdev_open(&n->dev, o->path);
	err = attr_write(memory, "%s", attr);
	if (err)
		return err;
	ret = vdev_open(&n->dev, o->path);
	err = attr_write("demand", "%s", attr);
	return ret ? ret : err;
}

bool netdev_present(const struct netdev_opts *o)
{
	return node_present(o->path, o->module);
}

int netdev_prepare(struct netdev *n, const struct netdev_opts *o)
{
	__u8 kernels = 0;
	int err;

	n->dev.what = "network namespace";
	err = netns_enter();
	if (err)
		return err;

	n->hlen = o->features & (BIT_ULL(VIRTIO_F_VERSION_1) |
				 BIT_ULL(VIRTIO_NET_F_MRG_RXBUF)) ?
		  sizeof(struct virtio_net_hdr_mrg_rxbuf) :
		  sizeof(struct virtio_net_hdr);
	n->dev.what = "tap";
	err = take_tap(n, o);
	if (!err)
		err = gmem_init(&n->mem, NETDEV_MEM, GMEM_GPA,
				o->nregions ? o->nregions : 1);
	if (err)
		return err;

	err = open_node(n, o);
	if (!err)
		err = vdev_make_vqs(&n->dev, &n->mem, o->features, 2,
				    o->num ? o->num : NETDEV_NUM);
	if (err)
		return err;

	n->slot = gmem_alloc(&n->mem, NETDEV_NUM * NETDEV_SLOT, 64);
	arena_init(&n->arena, &n->mem, NETDEV_ARENA);
	if (o->kthread)
		err = vdev_ioctl(&n->dev, "SET_FORK_FROM_OWNER",
				 VHOST_SET_FORK_FROM_OWNER, &kernels);
	return err ? err : vhost_setup(&n->dev);
}

int netdev_start(struct netdev *n, const struct netdev_opts *o)
{
	int err = netdev_prepare(n, o);

	return err ? err : vhost_net_attach_all(&n->dev, n->tap.fd);
}

void netdev_stop(struct netdev *n)
{
	vdev_close(&n->dev);
	tap_destroy(&n->tap);
	gmem_exit(&n->mem);
}

void frame_make(void *frame, size_t len, __u32 seed)
{
	__u64 x = seed * 0x9e3779b97f4a7c15ULL + len;
	struct ethhdr *eth = frame;
	size_t i, n;

	/* xorshift: the contents do not repeat. */
	for (i = sizeof(*eth); i < len; i += n) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		n = len - i < sizeof(x) ? len - i : sizeof(x);
		memcpy((char *)frame + i, &x, n);
	}
	memset(eth->h_dest, 0x02, sizeof(eth->h_dest));
	memset(eth->h_source, 0x06, sizeof(eth->h_source));
	memcpy(eth->h_source + 2, &seed, sizeof(seed));
	eth->h_proto = htons(TAP_ETHERTYPE);
}

static __u16 sum16(const void *data, size_t len, __u32 sum)
{
	const __u16 *p = data;

	for (; len > 1; len -= 2)
		sum += *p++;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

void frame_make_tso4(void *frame, size_t len, __u32 seed, __u16 mss,
		     struct virtio_net_hdr *hdr)
{
	struct ethhdr *eth = frame;
	struct iphdr *ip = (struct iphdr *)(eth + 1);
	struct tcphdr *tcp = (struct tcphdr *)(ip + 1);
	__u16 tcp_len = (__u16)(len - sizeof(*eth) - sizeof(*ip));

	frame_make(frame, len, seed);
	eth->h_proto = htons(ETH_P_IP);
	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = htons((__u16)(len - sizeof(*eth))),
		.frag_off = htons(0x4000),
		.ttl = 64,
		.protocol = IPPROTO_TCP,
		.saddr = htonl(0x0a000001),
		.daddr = htonl(0x0a000002),
	};
	ip->check = (__u16)~sum16(ip, sizeof(*ip), 0);
	*tcp = (struct tcphdr){
		.source = htons(1),
		.dest = htons(2),
		.seq = htonl(seed),
		.doff = 5,
		.ack = 1,
		.window = htons(1000),
	};
	/* The sum of the pseudo header. NEEDS_CSUM has the rest added. */
	tcp->check = sum16(&ip->saddr, 8, htons(IPPROTO_TCP) + htons(tcp_len));

	*hdr = (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = sizeof(*eth) + sizeof(*ip) + sizeof(*tcp),
		.gso_size = mss,
		.csum_start = sizeof(*eth) + sizeof(*ip),
		.csum_offset = offsetof(struct tcphdr, check),
	};
}

long netdev_dropped(const char *reason)
{
	return attr_read_long("/sys/class/misc/vhx-net/dropped/%s", reason);
}

struct dropped {
	const char *reason;
	long count;
};

static bool dropped_reached(void *arg)
{
	const struct dropped *d = arg;

	return netdev_dropped(d->reason) >= d->count;
}

int netdev_wait_dropped(const char *reason, long count)
{
	struct dropped d = { reason, count };

	return cond_wait(dropped_reached, &d, WAIT_MS);
}

int netdev_reap(struct vq *vq, unsigned int count)
{
	struct vq_done done;
	int ret;

	while (count) {
		ret = vq_pop(vq, &done);
		if (ret < 0)
			return ret;
		if (ret) {
			count--;
			continue;
		}
		ret = vq_wait(vq, WAIT_MS);
		if (ret)
			return ret;
	}
	return 0;
}

int netdev_send(struct netdev *n, const struct virtio_net_hdr *hdr,
		const void *frame, size_t len, const size_t *cuts)
{
	char zero[sizeof(struct virtio_net_hdr_mrg_rxbuf)] = { 0 };
	struct vq *vq = &n->dev.vq[TX];
	struct chain c;
	int err;

	chain_init(&c, &n->arena);
	chain_add(&c, &n->arena, n->hlen + len, false, cuts);
	if (hdr)
		memcpy(zero, hdr, sizeof(*hdr));
	chain_put(&c, 0, zero, n->hlen);
	chain_put(&c, n->hlen, frame, len);

	err = chain_submit(vq, &c, 0);
	if (err)
		return err;
	vq_kick(vq);
	err = netdev_reap(vq, 1);
	arena_reset(&n->arena);
	return err;
}

int netdev_expect(struct netdev *n, const void *frame, size_t len,
		  struct virtio_net_hdr *hdr)
{
	static char got[TAP_MAX_FRAME];
	int ret = peer_recv(&n->tap, hdr, got, sizeof(got), WAIT_MS);

	if (ret < 0)
		return ret;
	return (size_t)ret == len && !memcmp(got, frame, len) ? 0 : -EBADMSG;
}

int netdev_restart(struct netdev *n, unsigned int i, unsigned int after)
{
	struct vq *vq = &n->dev.vq[i];
	int err;

	err = vhost_net_attach(&n->dev, i, -1);
	drain(&n->tap);
	vq_reset(vq, vq_base_after(vq, after));
	arena_reset(&n->arena);
	event_take(vq->kick);
	if (!err)
		err = vring_set_base(&n->dev, i, vq->base);
	if (!err)
		err = vhost_net_attach(&n->dev, i, n->tap.fd);
	event_take(vq->err);
	return err;
}

int netdev_ping_tx(struct netdev *n, __u32 seed)
{
	char frame[200];
	int err;

	frame_make(frame, sizeof(frame), seed);
	err = netdev_send(n, NULL, frame, sizeof(frame), NULL);
	return err ? err : netdev_expect(n, frame, sizeof(frame), NULL);
}

int netdev_ping_rx(struct netdev *n, __u32 seed)
{
	struct vq *vq = &n->dev.vq[RX];
	char frame[200], got[200];
	struct vq_done done;
	struct chain c;
	int err;

	chain_init(&c, &n->arena);
	chain_add(&c, &n->arena, NETDEV_SLOT, true, NULL);
	err = chain_submit(vq, &c, 0);
	if (err)
		return err;
	vq_kick(vq);

	frame_make(frame, sizeof(frame), seed);
	err = peer_send(&n->tap, NULL, frame, sizeof(frame));
	if (!err)
		err = vq_wait(vq, WAIT_MS);
	if (err)
		return err;
	if (vq_pop(vq, &done) != 1 || done.len != n->hlen + sizeof(frame))
		return -EBADMSG;

	chain_get(&c, n->hlen, got, sizeof(got));
	arena_reset(&n->arena);
	return memcmp(got, frame, sizeof(got)) ? -EBADMSG : 0;
}

int netdev_ping(struct netdev *n, __u32 seed)
{
	int err = netdev_ping_tx(n, seed);

	return err ? err : netdev_ping_rx(n, seed);
}
