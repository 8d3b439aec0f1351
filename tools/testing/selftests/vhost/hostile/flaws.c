// SPDX-License-Identifier: GPL-2.0
/*
 * Flaws that the in-tree vhost has had, each as a test that would have caught
 * it. Others of them are in the tests of the log and of the IOTLB.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"
#include "attr.h"
#include "blkdev_fixture.h"
#include "netdev_fixture.h"

FIXTURE(flaws)
{
	struct netdev n;
	pthread_t thread;
	bool over;
	unsigned int count;
};

FIXTURE_VARIANT(flaws)
{
	struct netdev_opts o;
};

FIXTURE_VARIANT_ADD(flaws, in_tree) { .o = IN_TREE(NET_EVENT) };
RING_BOTH(flaws, vhx, NET_ON_VHX, NET_PLAIN);

FIXTURE_SETUP(flaws)
{
	netdev_fixture_start(_metadata, &self->n, &variant->o);
}

FIXTURE_TEARDOWN(flaws)
{
	netdev_stop(&self->n);
}

static bool is_over(FIXTURE_DATA(flaws) * self)
{
	return __atomic_load_n(&self->over, __ATOMIC_RELAXED);
}

static void count_one(FIXTURE_DATA(flaws) * self)
{
	__atomic_fetch_add(&self->count, 1, __ATOMIC_RELAXED);
}

struct progress {
	FIXTURE_DATA(flaws) * self;
	unsigned int until;
};

static bool counted(void *arg)
{
	struct progress *p = arg;

	return __atomic_load_n(&p->self->count, __ATOMIC_RELAXED) >= p->until;
}

static void start_flood(struct __test_metadata *_metadata,
			FIXTURE_DATA(flaws) * self, void *(*flood)(void *arg),
			unsigned int until)
{
	struct progress p = { self, until };

	ASSERT_EQ(0, pthread_create(&self->thread, NULL, flood, self));
	ASSERT_EQ(0, cond_wait(counted, &p, WAIT_MS));
}

static void end_flood(struct __test_metadata *_metadata,
		      FIXTURE_DATA(flaws) * self)
{
	__atomic_store_n(&self->over, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(self->thread, NULL));
}

/* Frames that fit into no buffer keep coming. */
static void *flood_tap(void *arg)
{
	FIXTURE_DATA(flaws) * self = arg;
	static char frame[1400];

	frame_make(frame, sizeof(frame), 1);
	while (!is_over(self)) {
		peer_send(&self->n.tap, NULL, frame, sizeof(frame));
		count_one(self);
	}
	return NULL;
}

/*
 * CVE-2019-3900: the worker went on for ever with what makes no progress. The
 * other queue of the worker is served meanwhile, and the queue can be stopped.
 */
TEST_F(flaws, no_progress_in_the_tap)
{
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[RX];
	const struct vq_seg seg = {
		.gpa = gmem_gpa(&n->mem, n->slot), .len = n->hlen + 20,
		.write = true,
	};
	unsigned int i;

	while (!vq_add(vq, &seg, 1, 0))
		;
	vq_kick(vq);
	start_flood(_metadata, self, flood_tap, 100);
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, netdev_ping_tx(n, i));
		ASSERT_FALSE(vq_more_used(vq));
	}
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, vhost_net_attach(&n->dev, RX, -1));
		ASSERT_EQ(0, vhost_net_attach(&n->dev, RX, n->tap.fd));
	}
	end_flood(_metadata, self);
	ASSERT_EQ(0, netdev_restart(n, RX, 0));
	EXPECT_EQ(0, netdev_ping(n, i));
}

struct kind {
	const char *what;
	int family;
	int type;
	int protocol;
};

/*
 * CVE-2020-10942: the name of a socket of another family was longer than the
 * room for it. In-tree, AF_PACKET is a back end if it is raw and bound.
 */
static const struct kind kinds[] = {
	{ "a local stream", AF_UNIX, SOCK_STREAM, 0 },
	{ "local datagrams", AF_UNIX, SOCK_DGRAM, 0 },
	{ "TCP", AF_INET, SOCK_STREAM, 0 },
	{ "UDP", AF_INET, SOCK_DGRAM, 0 },
	{ "raw IP", AF_INET, SOCK_RAW, IPPROTO_UDP },
	{ "UDP over IPv6", AF_INET6, SOCK_DGRAM, 0 },
	{ "raw IPv6", AF_INET6, SOCK_RAW, IPPROTO_UDP },
	{ "netlink", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
	{ "cooked packets", AF_PACKET, SOCK_DGRAM, 0 },
	{ "VM sockets", AF_VSOCK, SOCK_STREAM, 0 },
	{ "the kernel's cryptography", AF_ALG, SOCK_SEQPACKET, 0 },
};

/* With the longest name that there is. */
static void bind_long(int fd, const struct kind *k)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (k->family != AF_UNIX)
		return;
	memset(a.sun_path + 1, 'n', sizeof(a.sun_path) - 1);
	(void)bind(fd, (struct sockaddr *)&a, sizeof(a));
}

TEST_F(flaws, sockets_of_other_families)
{
	struct netdev *n = &self->n;
	unsigned int q, tried = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		int fd = socket(kinds[i].family, kinds[i].type | SOCK_CLOEXEC,
				kinds[i].protocol);

		/* Not all kernels have all families. */
		if (fd < 0)
			continue;
		tried++;
		bind_long(fd, &kinds[i]);
		for (q = 0; q < 2; q++) {
			int err = vhost_net_attach(&n->dev, q, fd);

			EXPECT_GT(0, err) TH_LOG("%s", kinds[i].what);
			if (!variant->o.module)
				EXPECT_EQ(-ENOTSOCK, err)
					TH_LOG("%s", kinds[i].what);
		}
		close(fd);
		/* The tap is still there. */
		ASSERT_EQ(0, netdev_ping(n, i)) TH_LOG("%s", kinds[i].what);
	}
	EXPECT_LE(5, tried);
}

static bool is_gone(void *arg)
{
	return !if_nametoindex(arg);
}

/*
 * CVE-2023-1838: the reference to the tap was dropped twice if setting it
 * failed. Nor is one left over: the interface goes with its file.
 */
TEST(failed_attach_keeps_the_tap)
{
	struct netdev_opts o = VHX(NET_EVENT);
	struct vhost_vring_addr a = { .index = TX };
	char name[16] = "tap_flaw";
	struct netdev n;
	struct tap tap;
	unsigned int i;

	ASSERT_EQ(0, netns_enter());
	ASSERT_EQ(0, tap_create(&tap, name, 12, 1));
	ASSERT_EQ(0, tap_peer(&tap));
	o.tap = &tap;
	ASSERT_EQ(0, netdev_start(&n, &o)) TH_LOG("%s", n.dev.what);
	ASSERT_EQ(0, netdev_ping(&n, 1));

	/* A ring where there is no memory: the tap is taken, and given up. */
	ASSERT_EQ(0, vhost_net_attach(&n.dev, TX, -1));
	ASSERT_EQ(0, vring_get_base(&n.dev, TX, &n.dev.vq[TX].base));
	a.desc_user_addr = 4096;
	a.avail_user_addr = 8192;
	a.used_user_addr = 12288;
	ASSERT_EQ(0, vdev_ioctl(&n.dev, "", VHOST_SET_VRING_ADDR, &a));
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(-EFAULT, vhost_net_attach(&n.dev, TX, tap.fd))
			TH_LOG("time %u", i);
	}

	ASSERT_EQ(0, vhost_set_vring(&n.dev, TX));
	ASSERT_EQ(0, vhost_net_attach(&n.dev, TX, tap.fd));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, netdev_ping(&n, i))
			TH_LOG("time %u", i);
	}
	netdev_stop(&n);
	EXPECT_EQ(0, cond_wait(is_gone, name, WAIT_MS));
}

#define REFS	"/sys/module/null_blk/refcnt"

/* Without a module it is the same error each time. */
static bool refs_are(void *arg)
{
	const long now = attr_read_long(REFS);

	return now < 0 || now == *(long *)arg;
}

/* The same for a disk. */
TEST(failed_attach_keeps_the_disk)
{
	const struct blkdev_opts o = {
		.kind = BLK_VHOST, .features = BLK_INDIRECT,
	};
	struct vhost_vring_addr a = {
		.desc_user_addr = 4096, .avail_user_addr = 8192,
		.used_user_addr = 12288,
	};
	struct blkreq r = { .type = VIRTIO_BLK_T_IN, .in_len = 4096 };
	const char *why;
	struct blkdev b;
	unsigned int i;
	long refs;

	ASSERT_EQ(0, blkdev_open(&b, &o, &why)) TH_LOG("%s", why);
	/* One of them is our own. */
	refs = attr_read_long(REFS) - 1;
	ASSERT_EQ(0, vhost_setup(&b.dev)) TH_LOG("%s", b.dev.what);
	ASSERT_EQ(0, vdev_ioctl(&b.dev, "", VHOST_SET_VRING_ADDR, &a));
	for (i = 0; i < 1000; i++) {
		ASSERT_EQ(-EFAULT, vhost_blk_attach(&b.dev, b.backend))
			TH_LOG("time %u", i);
	}
	ASSERT_EQ(0, vhost_set_vring(&b.dev, 0));
	ASSERT_EQ(0, vhost_blk_attach(&b.dev, b.backend));
	EXPECT_EQ(VIRTIO_BLK_S_OK, blk_do(&b, &r, NULL, NULL));
	ASSERT_EQ(0, vhost_blk_attach(&b.dev, -1));
	close(b.backend);
	b.backend = -1;
	/* An open disk holds its module. */
	EXPECT_EQ(0, cond_wait(refs_are, &refs, WAIT_MS));
	blkdev_close(&b);
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
