// SPDX-License-Identifier: GPL-2.0
/*
 * Taps, and packet sockets with a virtio_net header (PACKET_VNET_HDR) at their
 * other end, so that frames of 64 KiB pass unsegmented in both directions.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "attr.h"
#include "tap.h"
#include "wait.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING	23
#endif

#define PEER_BUFFER	(32 << 20)

int netns_enter(void)
{
	static bool entered;

	if (entered)
		return 0;
	entered = true;
	if (unshare(CLONE_NEWNET))
		return -errno;
	attr_write("1", "/proc/sys/net/ipv6/conf/all/disable_ipv6");
	attr_write("1", "/proc/sys/net/ipv6/conf/default/disable_ipv6");
	return 0;
}

/* An ioctl for an interface. */
static int net_ioctl(const struct tap *t, unsigned long cmd, struct ifreq *ifr)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (s < 0)
		return -errno;
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", t->name);
	if (ioctl(s, cmd, ifr))
		err = -errno;
	close(s);
	return err;
}

int tap_set_up(const struct tap *t, bool up)
{
	struct ifreq ifr = { .ifr_flags = IFF_NOARP | (up ? IFF_UP : 0) };

	return net_ioctl(t, SIOCSIFFLAGS, &ifr);
}

int tap_set_sndbuf(const struct tap *t, int bytes)
{
	return ioctl(t->fd, TUNSETSNDBUF, &bytes) ? -errno : 0;
}

int tap_set_coalesce(const struct tap *t, unsigned int frames)
{
	struct ethtool_coalesce c = {
		.cmd = ETHTOOL_SCOALESCE,
		.rx_max_coalesced_frames = frames,
	};
	struct ifreq ifr = { .ifr_data = (void *)&c };

	return net_ioctl(t, SIOCETHTOOL, &ifr);
}

int tap_set_rps(const struct tap *t, const char *cpus)
{
	char dir[] = "/tmp/sysfs-XXXXXX";
	int err;

	/* What is mounted at /sys shows another network namespace. */
	if (!mkdtemp(dir))
		return -errno;
	err = mount("sysfs", dir, "sysfs", 0, NULL) ? -errno : 0;
	if (!err) {
		err = attr_write(cpus, "%s/class/net/%s/queues/rx-0/rps_cpus",
				 dir, t->name);
		umount2(dir, MNT_DETACH);
	}
	rmdir(dir);
	return err;
}

int tap_set_hdr(struct tap *t, int hdr_len)
{
	return ioctl(t->fd, TUNSETVNETHDRSZ, &hdr_len) ? -errno : 0;
}

int tap_recreate(struct tap *t, int flags, int hdr_len)
{
	struct ifreq ifr = { .ifr_flags = (short)(IFF_TAP | flags) };
	unsigned int offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", t->name);
	if (ioctl(t->fd, TUNSETIFF, &ifr))
		return -errno;
	if (flags & IFF_VNET_HDR &&
	    (tap_set_hdr(t, hdr_len) || ioctl(t->fd, TUNSETOFFLOAD, offload)))
		return -errno;

	t->index = (int)if_nametoindex(t->name);
	return tap_set_up(t, true);
}

int tap_create_as(struct tap *t, const char *name, int flags, int hdr_len)
{
	*t = (struct tap){ .sock = -1 };
	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return -errno;
	snprintf(t->name, sizeof(t->name), "%s", name);
	return tap_recreate(t, flags, hdr_len);
}

int tap_create(struct tap *t, const char *name, int hdr_len,
	       unsigned int queues)
{
	int flags = IFF_NO_PI | IFF_VNET_HDR;

	if (queues > 1)
		flags |= IFF_MULTI_QUEUE;
	return tap_create_as(t, name, flags, hdr_len);
}

void tap_destroy(struct tap *t)
{
	if (t->sock >= 0)
		close(t->sock);
	if (t->fd >= 0)
		close(t->fd);
	t->sock = -1;
	t->fd = -1;
}

int tap_set_queue(struct tap *t, bool on)
{
	struct ifreq ifr = {
		.ifr_flags = on ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE,
	};

	return ioctl(t->fd, TUNSETQUEUE, &ifr) ? -errno : 0;
}

static int set_opt(int s, int level, int name, int value)
{
	return setsockopt(s, level, name, &value, sizeof(value)) ? -errno : 0;
}

int tap_peer(struct tap *t)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = t->index,
	};
	int err;

	/* Protocol 0: nothing is received before the options are set. */
	t->sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (t->sock < 0)
		return -errno;
	err = set_opt(t->sock, SOL_PACKET, PACKET_VNET_HDR, 1);
	if (!err)
		err = set_opt(t->sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
	if (!err)
		err = set_opt(t->sock, SOL_SOCKET, SO_RCVBUFFORCE, PEER_BUFFER);
	if (!err)
		err = set_opt(t->sock, SOL_SOCKET, SO_SNDBUFFORCE, PEER_BUFFER);
	if (!err && bind(t->sock, (struct sockaddr *)&at, sizeof(at)))
		err = -errno;
	return err;
}

int peer_send(struct tap *t, const struct virtio_net_hdr *hdr,
	      const void *frame, size_t len)
{
	static const struct virtio_net_hdr plain;
	struct iovec iov[2] = {
		{ (void *)(hdr ? hdr : &plain), sizeof(*hdr) },
		{ (void *)frame, len },
	};
	ssize_t n = writev(t->sock, iov, 2);

	if (n < 0)
		return -errno;
	return (size_t)n == len + sizeof(*hdr) ? 0 : -EMSGSIZE;
}

int peer_recv(struct tap *t, struct virtio_net_hdr *hdr, void *frame,
	      size_t len, int ms)
{
	struct virtio_net_hdr ignored;
	struct iovec iov[2] = {
		{ hdr ? hdr : &ignored, sizeof(*hdr) },
		{ frame, len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n;

	n = recvmsg(t->sock, &msg, MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && errno == EAGAIN && ms) {
		if (fd_wait(t->sock, POLLIN, ms))
			return -EAGAIN;
		n = recvmsg(t->sock, &msg, MSG_DONTWAIT | MSG_TRUNC);
	}
	if (n < 0)
		return -errno;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	return (int)n - (int)sizeof(*hdr);
}

unsigned int peer_drops(struct tap *t)
{
	struct tpacket_stats st = { 0 };
	socklen_t len = sizeof(st);

	getsockopt(t->sock, SOL_PACKET, PACKET_STATISTICS, &st, &len);
	return st.tp_drops;
}
