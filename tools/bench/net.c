// SPDX-License-Identifier: GPL-2.0
/*
 * Packets through a network device on a tap, or through the tap's own file,
 * which is the floor.
 *
 *	node=PATH	/dev/vhx-net, /dev/vhost-net; none: the tap's own file
 *	dir=tx|rx|rtt	into the tap, out of it, or one there and one back
 *	size=BYTES	of a frame; above 1514 it is a TCP segment with GSO
 *	batch=N		packets that are sent before completions are waited for
 *	queues=N	pairs of queues, each with a file of its own, as in QEMU
 *	num=N		entries of a ring
 *	regions=N	that guest memory is cut into
 *
 * What is sent into the tap goes to nobody; that it is right is seen before,
 * with a packet socket at the other end. What comes out of the tap is compared
 * byte for byte, which the clock does not see.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench.h"
#include "netdev.h"

#define MAX_PAIRS	8
#define FRAMES		64
#define HLEN		sizeof(struct virtio_net_hdr_mrg_rxbuf)

#define FEATURES	(BIT_ULL(VIRTIO_F_VERSION_1) | \
			 BIT_ULL(VIRTIO_NET_F_MRG_RXBUF) | \
			 BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | \
			 BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC))

/* A segment goes to the device in pieces as a guest's pages are. */
#define PIECE		4096u

struct pair {
	struct gmem mem;
	struct vdev dev;
	struct tap tap;
	char *tx;
	char *rx;
};

static struct pair pairs[MAX_PAIRS];
static unsigned int npairs, batch, num, rx_len;
static size_t size;
static bool floor_only;
static __u64 ncalls;

/* Frames differ in content, and, for the tap's choice of a queue, in port. */
static char *frame[FRAMES];
static struct virtio_net_hdr gso;

static struct udphdr *udp_of(char *f)
{
	return (struct udphdr *)(f + sizeof(struct ethhdr) +
				 sizeof(struct iphdr));
}

static void frame_udp(char *f, unsigned int i)
{
	struct ethhdr *eth = (struct ethhdr *)f;
	struct iphdr *ip = (struct iphdr *)(eth + 1);
	struct udphdr *udp = udp_of(f);

	frame_make(f, size, i + 1);
	eth->h_proto = htons(ETH_P_IP);
	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = htons((__u16)(size - sizeof(*eth))),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = htonl(0x0a000001),
		.daddr = htonl(0x0a000002),
	};
	*udp = (struct udphdr){
		.source = htons((__u16)(1024 + i)),
		.dest = htons(9),
		.len = htons((__u16)(size - sizeof(*eth) - sizeof(*ip))),
	};
}

static void make_frames(void)
{
	unsigned int i;

	for (i = 0; i < FRAMES; i++) {
		frame[i] = malloc(size);
		if (!frame[i])
			bench_die(-ENOMEM, "frames");
		if (size > ETH_FRAME_LEN)
			frame_make_tso4(frame[i], size, i + 1, 1448, &gso);
		else
			frame_udp(frame[i], i);
	}
}

static char *tx_buffer(const struct pair *p, unsigned int i)
{
	return p->tx + (HLEN + size) * i;
}

static char *rx_buffer(const struct pair *p, __u32 i)
{
	return p->rx + (size_t)rx_len * i;
}

/*
 * Header and frame as one buffer, or in pieces of pages by an indirect table.
 */
static void tx_add(struct pair *p, unsigned int i)
{
	__u64 at = gmem_gpa(p->dev.mem, tx_buffer(p, i));
	size_t len = HLEN + size, off;
	struct vq_seg seg[VQ_TABLE_LEN];
	unsigned int n = 0;
	int err;

	for (off = 0; off < len; off += PIECE)
		seg[n++] = (struct vq_seg){
			at + off, (__u32)(len - off < PIECE ? len - off : PIECE),
			false,
		};
	if (n == 1)
		err = vq_add(&p->dev.vq[TX], seg, n, i);
	else
		err = vq_add_indirect(&p->dev.vq[TX], seg, n, i);
	bench_try(err, "transmit ring");
}

static void rx_add(struct pair *p, __u32 i)
{
	struct vq_seg seg = {
		gmem_gpa(p->dev.mem, rx_buffer(p, i)), rx_len, true,
	};

	bench_try(vq_add(&p->dev.vq[RX], &seg, 1, i), "receive ring");
}

static unsigned int used(const struct vq *vq)
{
	return vq->packed ? vq_ready(vq) : split_used(vq);
}

/* Waits until @n buffers are used, with one call for all of them. */
static void wait_used(struct vq *vq, unsigned int n)
{
	struct pollfd pfd[2] = {
		{ .fd = vq->call, .events = POLLIN },
		{ .fd = vq->err, .events = POLLIN },
	};
	__u64 count;

	while (used(vq) < n) {
		vq_call_after(vq, n);
		if (used(vq) >= n)
			break;
		if (poll(pfd, 2, WAIT_MS) <= 0)
			bench_die(-ETIMEDOUT, "%u of %u", used(vq), n);
		if (pfd[1].revents)
			bench_die(-EIO, "the queue broke");
		if (read(vq->call, &count, sizeof(count)) == sizeof(count))
			ncalls += count;
	}
}

static void reap(struct vq *vq, unsigned int n)
{
	struct vq_done done;

	while (n--)
		if (vq_pop(vq, &done) != 1)
			bench_die(-EPROTO, "completion");
}

/*
 * How many of a batch a queue gets, of which the tap gives every one its turn.
 */
static unsigned int share(unsigned int q, unsigned int n)
{
	return (n - q + npairs - 1) / npairs;
}

static void send_batch(unsigned int n)
{
	unsigned int i, q;

	for (i = 0; i < n; i++)
		tx_add(&pairs[i % npairs], i);
	for (q = 0; q < npairs; q++)
		vq_kick(&pairs[q].dev.vq[TX]);
	for (q = 0; q < npairs; q++) {
		unsigned int mine = share(q, n);

		wait_used(&pairs[q].dev.vq[TX], mine);
		reap(&pairs[q].dev.vq[TX], mine);
	}
}

static void run_tx(__u64 n)
{
	for (; n; n -= batch)
		send_batch(batch);
}

static void floor_send(unsigned int i)
{
	char *buf = tx_buffer(&pairs[0], i);
	ssize_t n = write(pairs[i % npairs].tap.fd, buf, HLEN + size);

	if (n != (ssize_t)(HLEN + size))
		bench_die(n < 0 ? -errno : -EMSGSIZE, "tap");
}

static void run_tx_floor(__u64 n)
{
	unsigned int i;

	for (; n; n -= batch)
		for (i = 0; i < batch; i++)
			floor_send(i);
}

/* Sends a batch from the other end, in one system call. */
static void peer_send_batch(unsigned int n)
{
	static struct mmsghdr msg[FRAMES];
	static struct iovec iov[FRAMES][2];
	unsigned int i;
	int sent;

	for (i = 0; i < n; i++) {
		iov[i][0] = (struct iovec){ &gso, sizeof(gso) };
		iov[i][1] = (struct iovec){ frame[i], size };
		msg[i].msg_hdr = (struct msghdr){ .msg_iov = iov[i],
						  .msg_iovlen = 2 };
	}
	sent = sendmmsg(pairs[0].tap.sock, msg, n, 0);
	if (sent != (int)n)
		bench_die(sent < 0 ? -errno : -EAGAIN, "packet socket");
}

static unsigned int buffers(void)
{
	return (unsigned int)((HLEN + size + rx_len - 1) / rx_len);
}

/* Which of the frames sent it is, by its first bytes: the seed. */
static const char *frame_of(const char *got)
{
	__u32 seed;

	memcpy(&seed, ((const struct ethhdr *)got)->h_source + 2, sizeof(seed));
	if (!seed || seed > FRAMES)
		bench_die(-EBADMSG, "no frame of ours");
	return frame[seed - 1];
}

static void rx_check(struct pair *p, const struct vq_done *done, unsigned int n)
{
	const char *want = NULL, *got;
	size_t at = 0, len, skip = HLEN;
	unsigned int i;

	for (i = 0; i < n; i++, skip = 0) {
		got = rx_buffer(p, done[i].token) + skip;
		len = done[i].len - skip;
		if (!want)
			want = frame_of(got);
		if (len > size - at || memcmp(got, want + at, len) != 0)
			bench_die(-EBADMSG, "received");
		at += len;
	}
	if (at != size)
		bench_die(-EBADMSG, "%zu of %zu bytes received", at, size);
}

/*
 * Takes a packet that queue @p received, and returns its buffers to the ring.
 */
static void receive(struct pair *p)
{
	struct vq *vq = &p->dev.vq[RX];
	struct vq_done done[VQ_TABLE_LEN] = { 0 };
	unsigned int i, n = buffers();

	for (i = 0; i < n; i++)
		if (vq_pop(vq, &done[i]) != 1)
			bench_die(-EPROTO, "completion");
	bench_pause();
	rx_check(p, done, n);
	bench_resume();
	for (i = 0; i < n; i++)
		rx_add(p, done[i].token);
}

static void receive_batch(unsigned int n)
{
	unsigned int q, i;

	peer_send_batch(n);
	for (q = 0; q < npairs; q++) {
		unsigned int mine = share(q, n);

		if (!mine)
			continue;
		wait_used(&pairs[q].dev.vq[RX], mine * buffers());
		for (i = 0; i < mine; i++)
			receive(&pairs[q]);
		vq_kick(&pairs[q].dev.vq[RX]);
	}
}

static void run_rx(__u64 n)
{
	for (; n; n -= batch)
		receive_batch(batch);
}

static void floor_receive(struct pair *p)
{
	static char buf[HLEN + TAP_MAX_FRAME];
	ssize_t n = read(p->tap.fd, buf, sizeof(buf));

	if (n < 0 && errno == EAGAIN &&
	    !fd_wait(p->tap.fd, POLLIN, WAIT_MS))
		n = read(p->tap.fd, buf, sizeof(buf));
	if (n != (ssize_t)(HLEN + size))
		bench_die(n < 0 ? -errno : -EMSGSIZE, "tap");
	bench_pause();
	if (memcmp(buf + HLEN, frame_of(buf + HLEN), size) != 0)
		bench_die(-EBADMSG, "received");
	bench_resume();
}

static void run_rx_floor(__u64 n)
{
	unsigned int q, i;

	for (; n; n -= batch) {
		peer_send_batch(batch);
		for (q = 0; q < npairs; q++)
			for (i = 0; i < share(q, batch); i++)
				floor_receive(&pairs[q]);
	}
}

/* Receives a frame at the other end, which must be @i's. */
static void peer_expect(unsigned int i)
{
	static char got[TAP_MAX_FRAME];
	int n = peer_recv(&pairs[0].tap, NULL, got, sizeof(got), WAIT_MS);

	bench_try(n, "packet socket");
	bench_pause();
	if ((size_t)n != size || memcmp(got, frame[i], size) != 0)
		bench_die(-EBADMSG, "sent");
	bench_resume();
}

static void run_rtt(__u64 n)
{
	struct pair *p = &pairs[0];

	while (n--) {
		tx_add(p, 0);
		vq_kick(&p->dev.vq[TX]);
		peer_expect(0);
		peer_send_batch(1);
		wait_used(&p->dev.vq[RX], 1);
		receive(p);
		vq_kick(&p->dev.vq[RX]);
		wait_used(&p->dev.vq[TX], 1);
		reap(&p->dev.vq[TX], 1);
	}
}

static void run_rtt_floor(__u64 n)
{
	while (n--) {
		floor_send(0);
		peer_expect(0);
		peer_send_batch(1);
		floor_receive(&pairs[0]);
	}
}

static __u64 kicks(void)
{
	__u64 n = 0;
	unsigned int q;

	for (q = 0; q < npairs; q++)
		n += pairs[q].dev.vq[RX].nkicks + pairs[q].dev.vq[TX].nkicks;
	return n;
}

static __u64 calls(void)
{
	return ncalls;
}

static void pair_buffers(struct pair *p)
{
	unsigned int i;

	p->tx = gmem_alloc(&p->mem, (HLEN + size) * batch, 4096);
	for (i = 0; i < batch; i++) {
		memset(tx_buffer(p, i), 0, HLEN);
		memcpy(tx_buffer(p, i), &gso, sizeof(gso));
		memcpy(tx_buffer(p, i) + HLEN, frame[i], size);
	}
	p->rx = gmem_alloc(&p->mem, (size_t)rx_len * num, 4096);
}

static void pair_start(struct pair *p, const char *node)
{
	size_t bytes = (HLEN + size) * batch + (size_t)rx_len * num +
		       (size_t)num * (2 * VQ_TABLE_LEN * 16 + 128) + (1 << 20);
	unsigned int i;
	int err;

	bench_try(tap_create(&p->tap, "bench0", (int)HLEN, npairs), "tap");
	bench_try(gmem_init(&p->mem, bytes, GMEM_GPA,
			    (unsigned int)opt_num("regions", 1)), "memory");
	pair_buffers(p);
	if (floor_only)
		return;
	bench_try(vdev_open(&p->dev, node), "%s", node);
	err = vdev_make_vqs(&p->dev, &p->mem, FEATURES, 2, (__u16)num);
	if (!err)
		err = vhost_setup(&p->dev);
	if (!err)
		err = vhost_net_attach_all(&p->dev, p->tap.fd);
	bench_try(err, "%s", p->dev.what);
	for (i = 0; i < num; i++)
		rx_add(p, i);
	vq_kick(&p->dev.vq[RX]);
}

/* The queue of the tap that a frame, sent alone, comes out of. */
static unsigned int queue_of(unsigned int i)
{
	struct pollfd pfd[MAX_PAIRS];
	char *first = frame[0];
	unsigned int q;

	for (q = 0; q < npairs; q++)
		pfd[q] = (struct pollfd){
			floor_only ? pairs[q].tap.fd : pairs[q].dev.vq[RX].call,
			POLLIN, 0,
		};
	for (q = 0; q < npairs && !floor_only; q++) {
		/* A queue that starts may call for nothing. */
		event_take(pairs[q].dev.vq[RX].call);
		vq_call_enable(&pairs[q].dev.vq[RX]);
	}
	frame[0] = frame[i];
	peer_send_batch(1);
	frame[0] = first;
	if (poll(pfd, npairs, WAIT_MS) <= 0)
		bench_die(-ETIMEDOUT, "a queue of the tap");
	for (q = 0; q < npairs - 1; q++)
		if (pfd[q].revents)
			break;
	if (floor_only) {
		floor_receive(&pairs[q]);
	} else {
		wait_used(&pairs[q].dev.vq[RX], buffers());
		event_take(pairs[q].dev.vq[RX].call);
		receive(&pairs[q]);
		vq_kick(&pairs[q].dev.vq[RX]);
	}
	return q;
}

/*
 * The tap chooses a queue by a hash whose key changes with each boot. Finds
 * ports (at the same place for TCP and UDP) for which it takes the queues in
 * turn.
 */
static void spread_frames(void)
{
	unsigned int i, port = 1024;

	for (i = 0; i < batch; i++)
		do {
			if (++port > 65535)
				bench_die(-ENOENT, "a queue of the tap");
			udp_of(frame[i])->source = htons((__u16)port);
		} while (queue_of(i) != i % npairs);
}

/* Sends each frame of a batch once, and checks it with a packet socket. */
static void check_tx(void (*run)(__u64 n))
{
	struct tap *t = &pairs[0].tap;
	unsigned int i;

	bench_try(tap_peer(t), "packet socket");
	run(batch);
	for (i = 0; i < batch; i++) {
		static char got[TAP_MAX_FRAME];
		int n = peer_recv(t, NULL, got, sizeof(got), WAIT_MS);

		bench_try(n, "packet socket");
		if ((size_t)n != size ||
		    memcmp(got, frame_of(got), size) != 0)
			bench_die(-EBADMSG, "sent");
	}
	close(t->sock);
	t->sock = -1;
}

void net_bench(struct bench *b)
{
	const char *node = opt("node", NULL), *dir = opt("dir", "tx");
	unsigned int q;

	floor_only = !node;
	size = opt_num("size", 64);
	batch = (unsigned int)opt_num("batch", 64);
	npairs = (unsigned int)opt_num("queues", 1);
	num = (unsigned int)opt_num("num", size > ETH_FRAME_LEN ? 2048 : 256);
	rx_len = size > ETH_FRAME_LEN ? PIECE : 2048;
	if (size < 64 || size > 65535 || !batch || batch > FRAMES || !npairs ||
	    npairs > MAX_PAIRS)
		bench_die(-EINVAL, "options");

	bench_try(netns_enter(), "network namespace");
	make_frames();
	for (q = 0; q < npairs; q++)
		pair_start(&pairs[q], node);

	*b = (struct bench){ .op = "packet", .chunk = batch };
	if (!floor_only) {
		b->kicks = kicks;
		b->calls = calls;
	}
	if (!strcmp(dir, "tx")) {
		b->run = floor_only ? run_tx_floor : run_tx;
		check_tx(b->run);
		return;
	}
	bench_try(tap_peer(&pairs[0].tap), "packet socket");
	if (!strcmp(dir, "rx")) {
		b->run = floor_only ? run_rx_floor : run_rx;
		if (npairs > 1)
			spread_frames();
		return;
	}
	b->op = "round trip";
	b->chunk = 1;
	b->run = floor_only ? run_rtt_floor : run_rtt;
}
