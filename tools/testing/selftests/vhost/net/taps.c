// SPDX-License-Identifier: GPL-2.0
/*
 * Taps that are full, down, gone, or have another header than the ring: no
 * frame stays in them or stops the queue, and each one that is dropped is
 * counted by its reason.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "attr.h"
#include "harness.h"
#include "netdev_fixture.h"

#define LEN	300
#define BATCH	20

static char frame[LEN], got[TAP_MAX_FRAME];

FIXTURE(taps)
{
	struct tap tap;
	struct netdev n;
};

FIXTURE_VARIANT(taps)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(taps)
{
}

FIXTURE_TEARDOWN(taps)
{
	netdev_stop(&self->n);
}

RING_BOTH(taps, vhx, NET_ON_VHX, NET_PLAIN);

/* The device on a tap with these flags. */
static void start(struct __test_metadata *_metadata, struct tap *tap,
		  struct netdev *n, struct netdev_opts o, int flags)
{
	ASSERT_EQ(0, netns_enter());
	ASSERT_EQ(0, tap_create_as(tap, "tap0", flags, 12));
	ASSERT_EQ(0, tap_peer(tap));
	o.tap = tap;
	netdev_fixture_start(_metadata, n, &o);
}

#define USUAL	(IFF_NO_PI | IFF_VNET_HDR)

/* Put a frame in the transmit ring. */
static void put_frame(struct __test_metadata *_metadata, struct netdev *n,
		      unsigned int slot, size_t len, __u32 seed)
{
	char *at = n->slot + slot * NETDEV_SLOT;
	struct vq_seg seg = {
		.gpa = gmem_gpa(&n->mem, at),
		.len = (__u32)(n->hlen + len),
	};

	memset(at, 0, n->hlen);
	frame_make(at + n->hlen, len, seed);
	ASSERT_EQ(0, vq_add(&n->dev.vq[TX], &seg, 1, slot));
}

/* Send frames @seed and on, in one batch, and wait until they are completed. */
static void send_batch(struct __test_metadata *_metadata, struct netdev *n,
		       unsigned int count, __u32 seed)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		put_frame(_metadata, n, i, LEN, seed + i);
	vq_kick(&n->dev.vq[TX]);
	ASSERT_EQ(0, netdev_reap(&n->dev.vq[TX], count));
}

static void expect_frames(struct __test_metadata *_metadata, struct netdev *n,
			  unsigned int count, __u32 seed)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		frame_make(frame, LEN, seed + i);
		ASSERT_EQ(0, netdev_expect(n, frame, LEN, NULL))
			TH_LOG("frame %u", seed + i);
	}
}

static void put_rx(struct __test_metadata *_metadata, struct netdev *n)
{
	struct vq_seg seg = {
		.gpa = gmem_gpa(&n->mem, n->slot),
		.len = NETDEV_SLOT,
		.write = true,
	};

	ASSERT_EQ(0, vq_add(&n->dev.vq[RX], &seg, 1, 0));
	vq_kick(&n->dev.vq[RX]);
}

/* Frame @seed is received in the buffer that is there. */
static void receive(struct __test_metadata *_metadata, struct netdev *n,
		    __u32 seed)
{
	struct vq *vq = &n->dev.vq[RX];
	struct vq_done done;

	frame_make(frame, LEN, seed);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	ASSERT_EQ(n->hlen + LEN, done.len);
	EXPECT_EQ(0, memcmp(n->slot + n->hlen, frame, LEN));
}

/* Larger than any frame: completed and counted, and the queue goes on. */
TEST_F(taps, too_large)
{
	static const unsigned int lens[] = { 65559, 70000, 600000, 8 << 20 };
	struct netdev *n = &self->n;
	const long before = netdev_dropped("tx_too_large");
	size_t i;

	start(_metadata, &self->tap, &self->n, variant->o, USUAL);
	ASSERT_LE(0, before);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		const unsigned int room = NETDEV_NUM * NETDEV_SLOT;
		unsigned int left = n->hlen + lens[i];
		struct vq_seg seg[32];
		unsigned int k;

		memset(n->slot, 0, n->hlen);
		for (k = 0; left; k++) {
			seg[k] = (struct vq_seg){
				.gpa = gmem_gpa(&n->mem, n->slot),
				.len = left < room ? left : room,
			};
			left -= seg[k].len;
		}
		ASSERT_EQ(0, vq_add(&n->dev.vq[TX], seg, k, 0));
		put_frame(_metadata, n, 200, LEN, i);
		vq_kick(&n->dev.vq[TX]);
		ASSERT_EQ(0, netdev_reap(&n->dev.vq[TX], 2))
			TH_LOG("%u bytes", lens[i]);
		expect_frames(_metadata, n, 1, i);
		EXPECT_EQ(before + 1 + (long)i,
			  netdev_dropped("tx_too_large"));
	}
	ASSERT_EQ(0, netdev_ping(n, 1));
}

/* What the tap refuses at the end of a batch does not hold back the others. */
TEST_F(taps, refused_last)
{
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[TX];
	const long before = netdev_dropped("tx_refused");
	unsigned int i;

	start(_metadata, &self->tap, &self->n, variant->o, USUAL);
	ASSERT_EQ(0, tap_set_coalesce(&n->tap, 64));
	for (i = 0; i < 10; i++) {
		put_frame(_metadata, n, 0, LEN, 2 * i);
		put_frame(_metadata, n, 1, LEN, 2 * i + 1);
		put_frame(_metadata, n, 2, LEN, 1000);
		/* Checksum offsets past the end of the frame. */
		memset(n->slot + 2 * NETDEV_SLOT, 0xa5, n->hlen);
		vq_kick(vq);
		ASSERT_EQ(0, netdev_reap(vq, 3));
		expect_frames(_metadata, n, 2, 2 * i);
	}
	EXPECT_EQ(before + 10, netdev_dropped("tx_refused"));
}

/* A send buffer for less than two frames, and a tap that would gather them. */
TEST_F(taps, small_send_buffer)
{
	struct netdev *n = &self->n;
	unsigned int i;

	start(_metadata, &self->tap, &self->n, variant->o, USUAL);
	ASSERT_EQ(0, tap_set_coalesce(&n->tap, 64));
	ASSERT_EQ(0, tap_set_sndbuf(&n->tap, 1600));
	for (i = 0; i < 800; i += 200) {
		send_batch(_metadata, n, 200, i);
		expect_frames(_metadata, n, 200, i);
	}
}

/*
 * A tap that is full: frames leave it on another CPU, while the device already
 * has the next ones. It waits for room, and loses none.
 */
TEST_F(taps, full)
{
	struct netdev *n = &self->n;
	const unsigned int total = kernel_is_slow() ? 1000 : 4000;
	unsigned int i;
	int err;

	start(_metadata, &self->tap, &self->n, variant->o, USUAL);
	err = tap_set_rps(&n->tap, "3");
	if (err == -ENOENT)
		SKIP(return, "no receive packet steering");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, tap_set_sndbuf(&n->tap, 4000));
	for (i = 0; i < total; i += 200) {
		send_batch(_metadata, n, 200, i);
		expect_frames(_metadata, n, 200, i);
	}
	EXPECT_EQ(0, peer_drops(&n->tap));
}

/* Down: frames are completed and counted. Up again, all is as before. */
TEST_F(taps, down)
{
	struct netdev *n = &self->n;
	const long before = netdev_dropped("tx_down");

	start(_metadata, &self->tap, &self->n, variant->o, USUAL);
	ASSERT_EQ(0, netdev_ping(n, 1));
	ASSERT_EQ(0, tap_set_up(&n->tap, false));
	send_batch(_metadata, n, BATCH, 0);
	EXPECT_EQ(before + BATCH, netdev_dropped("tx_down"));

	ASSERT_EQ(0, tap_set_up(&n->tap, true));
	/* The socket has an error from when the interface went down. */
	peer_recv(&n->tap, NULL, got, sizeof(got), 0);
	ASSERT_EQ(0, netdev_ping(n, 2));
}

/*
 * Frames both ways over a tap whose header is wrong are counted, all of them.
 */
static void lose_both_ways(struct __test_metadata *_metadata, struct netdev *n)
{
	const long tx = netdev_dropped("tx_header");
	const long rx = netdev_dropped("rx_header");
	unsigned int i;

	send_batch(_metadata, n, BATCH, 0);
	EXPECT_EQ(tx + BATCH, netdev_dropped("tx_header"));
	EXPECT_EQ(-EAGAIN, peer_recv(&n->tap, NULL, got, sizeof(got), 0));

	put_rx(_metadata, n);
	frame_make(frame, LEN, 1);
	for (i = 0; i < BATCH; i++)
		ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, LEN));
	EXPECT_EQ(0, netdev_wait_dropped("rx_header", rx + BATCH));
	EXPECT_FALSE(vq_more_used(&n->dev.vq[RX]));
	EXPECT_FALSE(event_take(n->dev.vq[RX].err));
	EXPECT_FALSE(event_take(n->dev.vq[TX].err));
}

/* Packet information before each frame (no IFF_NO_PI). */
TEST_F(taps, packet_information)
{
	start(_metadata, &self->tap, &self->n, variant->o, IFF_VNET_HDR);
	lose_both_ways(_metadata, &self->n);
}

/* No header (no IFF_VNET_HDR). */
TEST_F(taps, no_header)
{
	start(_metadata, &self->tap, &self->n, variant->o, IFF_NO_PI);
	lose_both_ways(_metadata, &self->n);
}

/* A header where the device has its own. */
TEST_F(taps, header_too_many)
{
	struct netdev_opts o = variant->o;

	o.features |= BIT_ULL(VHOST_NET_F_VIRTIO_NET_HDR);
	start(_metadata, &self->tap, &self->n, o, USUAL);
	lose_both_ways(_metadata, &self->n);
}

/* A header of another size, from some time on, and the right one again. */
TEST_F(taps, header_size)
{
	struct netdev *n = &self->n;
	const long tx = netdev_dropped("tx_header");
	const struct timespec tick = { .tv_nsec = 10 * 1000 * 1000 };
	unsigned int i;
	int err = -1;

	start(_metadata, &self->tap, &self->n, variant->o, USUAL);
	ASSERT_EQ(0, netdev_ping(n, 1));
	ASSERT_EQ(0, tap_set_hdr(&n->tap, 10));
	/* The device has a look each second. */
	for (i = 0; i < WAIT_MS / 10; i++) {
		send_batch(_metadata, n, 1, i);
		if (netdev_dropped("tx_header") > tx)
			break;
		nanosleep(&tick, NULL);
	}
	ASSERT_LT(tx, netdev_dropped("tx_header"));
	while (peer_recv(&n->tap, NULL, got, sizeof(got), 0) != -EAGAIN)
		;
	lose_both_ways(_metadata, n);

	ASSERT_EQ(0, tap_set_hdr(&n->tap, 12));
	frame_make(frame, LEN, 2);
	ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, LEN));
	receive(_metadata, n, 2);
	for (i = 0; i < WAIT_MS / 10 && err; i++) {
		send_batch(_metadata, n, 1, i);
		frame_make(frame, LEN, i);
		err = peer_recv(&n->tap, NULL, got, sizeof(got), 10);
		err = err == LEN ? memcmp(got, frame, LEN) : -1;
	}
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, netdev_ping(n, 3));
}

/* The device makes the header of a tap that has none. */
TEST_F(taps, own_header)
{
	struct netdev *n = &self->n;
	struct netdev_opts o = variant->o;
	struct virtio_net_hdr_mrg_rxbuf hdr;
	unsigned int i;

	o.features |= BIT_ULL(VHOST_NET_F_VIRTIO_NET_HDR);
	start(_metadata, &self->tap, &self->n, o, IFF_NO_PI);
	for (i = 0; i < 10; i++) {
		send_batch(_metadata, n, BATCH, i);
		expect_frames(_metadata, n, BATCH, i);
		put_rx(_metadata, n);
		memset(n->slot, 0xff, n->hlen);
		frame_make(frame, LEN, i);
		ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, LEN));
		receive(_metadata, n, i);
		memcpy(&hdr, n->slot, sizeof(hdr));
		EXPECT_EQ(0, hdr.hdr.flags);
		EXPECT_EQ(VIRTIO_NET_HDR_GSO_NONE, hdr.hdr.gso_type);
		EXPECT_EQ(0, hdr.hdr.hdr_len);
		EXPECT_EQ(1, hdr.num_buffers);
	}
}

/* How often the log says that queue TX drops frames, since the last time. */
static unsigned int logged(int kmsg)
{
	unsigned int count = 0;
	char line[1024];
	ssize_t len;

	for (;;) {
		len = read(kmsg, line, sizeof(line) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			return count;
		line[len] = '\0';
		if (strstr(line, "queue 1 drops frames: the tap is down"))
			count++;
	}
}

/*
 * Once for each reason and attachment. The log's rate is limited, so it may
 * take some attachments until there is a line.
 */
TEST_F(taps, logged_once)
{
	const struct timespec tick = { .tv_nsec = 100 * 1000 * 1000 };
	struct netdev *n = &self->n;
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	unsigned int i, lines, some = 0;

	ASSERT_LE(0, kmsg);
	lseek(kmsg, 0, SEEK_END);
	start(_metadata, &self->tap, &self->n, variant->o, USUAL);
	ASSERT_EQ(0, tap_set_up(&n->tap, false));
	for (i = 0; i < WAIT_MS / 100 && some < 2; i++) {
		send_batch(_metadata, n, BATCH, 0);
		send_batch(_metadata, n, BATCH, 0);
		lines = logged(kmsg);
		EXPECT_GE(1, lines);
		some += lines;
		ASSERT_EQ(0, vhost_net_attach(&n->dev, TX, -1));
		ASSERT_EQ(0, vhost_net_attach(&n->dev, TX, n->tap.fd));
		if (!lines)
			nanosleep(&tick, NULL);
	}
	EXPECT_EQ(2, some);
	close(kmsg);
}

static long sys_bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* Have XDP redirect all frames of interface @from to @to. A descriptor. */
static int redirect(unsigned int from, unsigned int to)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1,
		  .imm = (__s32)to },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (__u64)(unsigned long)insns,
		.insn_cnt = ARRAY_SIZE(insns),
		.license = (__u64)(unsigned long)"GPL",
	};
	union bpf_attr link = {
		.link_create.target_ifindex = from,
		.link_create.attach_type = BPF_XDP,
	};
	long fd = sys_bpf(BPF_PROG_LOAD, &load);

	if (fd < 0)
		return -errno;
	link.link_create.prog_fd = (__u32)fd;
	fd = sys_bpf(BPF_LINK_CREATE, &link);
	return fd < 0 ? -errno : (int)fd;
}

/* Frames that another interface's XDP program redirects to the tap. */
TEST_F(taps, xdp_frames)
{
	struct netdev *n = &self->n;
	const struct virtio_net_hdr_mrg_rxbuf plain = { 0 };
	struct virtio_net_hdr_mrg_rxbuf hdr;
	struct tap from;
	unsigned int i;
	int link;

	start(_metadata, &self->tap, &self->n, variant->o, USUAL);
	ASSERT_EQ(0, tap_create(&from, "tap1", 12, 1));
	link = redirect((unsigned int)from.index, (unsigned int)n->tap.index);
	ASSERT_LE(0, link)
		TH_LOG("%s", strerror(-link));

	for (i = 0; i < 50; i++) {
		const struct iovec iov[2] = {
			{ (void *)&plain, sizeof(plain) }, { frame, LEN },
		};

		put_rx(_metadata, n);
		memset(n->slot, 0xff, n->hlen);
		frame_make(frame, LEN, i);
		ASSERT_EQ((ssize_t)sizeof(plain) + LEN,
			  writev(from.fd, iov, 2));
		receive(_metadata, n, i);
		memcpy(&hdr, n->slot, sizeof(hdr));
		EXPECT_EQ(VIRTIO_NET_HDR_GSO_NONE, hdr.hdr.gso_type);
		EXPECT_EQ(1, hdr.num_buffers);
	}
	close(link);
	tap_destroy(&from);
	ASSERT_EQ(0, netdev_ping(n, 1));
}

TEST_HARNESS_MAIN
