/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tap and its other end, in a network namespace of their own: what a device
 * sends into the tap is read from a packet socket, and what is written to the
 * socket comes out of the tap. No other traffic is on it.
 */
#ifndef VHXT_TAP_H
#define VHXT_TAP_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The local experimental Ethertype of all test frames. */
#define TAP_ETHERTYPE	0x88b5

#define TAP_MAX_FRAME	65550

/**
 * struct tap - a tap interface
 * @fd: the tap's file, the backend of a network device
 * @index: the interface's index
 * @sock: packet socket at its other end, -1 before tap_peer()
 * @name: the interface's name
 */
struct tap {
	int fd;
	int index;
	int sock;
	char name[16];
};

/*
 * Enter a new network namespace without IPv6, which later children share. Does
 * nothing if the process has done so before. 0 or -errno.
 */
int netns_enter(void);

/*
 * Make an interface and bring it up. @hdr_len is 10 or 12 (TUNSETVNETHDRSZ);
 * @queues above 1 makes it IFF_MULTI_QUEUE, with one queue open. 0 or -errno.
 */
int tap_create(struct tap *t, const char *name, int hdr_len,
	       unsigned int queues);

/*
 * The same with IFF_ flags of one's own. @hdr_len is looked at with
 * IFF_VNET_HDR alone; without it the interface has no offloads.
 */
int tap_create_as(struct tap *t, const char *name, int flags, int hdr_len);

/* The same with a file whose interface was removed. */
int tap_recreate(struct tap *t, int flags, int hdr_len);
void tap_destroy(struct tap *t);

/* Bring the interface up or down. */
int tap_set_up(const struct tap *t, bool up);

/* TUNSETSNDBUF: bytes that may be on their way through the interface. */
int tap_set_sndbuf(const struct tap *t, int bytes);

/* ethtool -C rx-frames: what MSG_MORE lets the tap gather. */
int tap_set_coalesce(const struct tap *t, unsigned int frames);

/*
 * Have the CPUs of the mask @cpus, in hexadecimal, deliver what is sent into
 * the tap (receive packet steering), so that the sender does not.
 */
int tap_set_rps(const struct tap *t, const char *cpus);

/* TUNSETVNETHDRSZ: 10 or 12 bytes. */
int tap_set_hdr(struct tap *t, int hdr_len);

/* TUNSETQUEUE: attach or detach this queue of a multi-queue tap. */
int tap_set_queue(struct tap *t, bool on);

/* Open the packet socket at the other end. 0 or -errno. */
int tap_peer(struct tap *t);

/*
 * Write a frame to the other end, after @hdr (NULL for an empty header). Read a
 * frame from there: its length without the header, -EAGAIN if none comes within
 * @ms, or -errno.
 */
int peer_send(struct tap *t, const struct virtio_net_hdr *hdr,
	      const void *frame, size_t len);
int peer_recv(struct tap *t, struct virtio_net_hdr *hdr, void *frame,
	      size_t len, int ms);

/* The number of frames since the last call that the socket had no room for. */
unsigned int peer_drops(struct tap *t);

#endif /* VHXT_TAP_H */
