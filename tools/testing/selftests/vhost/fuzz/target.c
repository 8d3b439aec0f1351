// SPDX-License-Identifier: GPL-2.0
/*
 * The taps, disks and instances of the devices under test.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhx.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "target.h"

/* Small, and it stores nothing, so that no iteration depends on another. */
#define DISK_MIB	1

/* For a disk such a queue is slow, as each of its entries is a request. */
#define LARGE		128
#define LARGE_DISK	2048

/* Long enough for some requests to be in flight when a queue is stopped. */
#define DISK_DELAY_NS	200000

static int prepare_net(struct target *t)
{
	int least = 1, err;

	t->node = "/dev/vhx-net";
	err = netns_enter();
	if (!err)
		err = tap_create(&t->tap, "fuzz0", 12, 1);
	if (!err)
		err = tap_peer(&t->tap);
	if (err)
		return err;
	/* Nothing reads from this socket. */
	setsockopt(t->tap.sock, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	t->backend = t->tap.fd;
	return 0;
}

static int prepare_disk(struct target *t, unsigned long delay_ns)
{
	const struct disk_opts opts = {
		.mib = DISK_MIB,
		.delay_ns = delay_ns,
		.forgets = true,
	};

	return disk_create(&t->disk, t->type->name, &opts);
}

static int prepare_blk(struct target *t)
{
	int err = prepare_disk(t, 0);

	if (err)
		return err;
	t->node = "/dev/vhx-blk";
	t->backend = open(t->disk.path, O_RDWR | O_CLOEXEC);
	return t->backend < 0 ? -errno : 0;
}

static int prepare_instance(struct target *t, const char *type,
			    const char *queues)
{
	int err = instance_create(&t->in, type, t->type->name);

	if (!err)
		err = instance_set(&t->in, "queues", queues);
	/* As with the vhost personality. */
	if (!err)
		err = instance_set(&t->in, "queue_size", "32768");
	if (!err && t->disk.name[0])
		err = instance_set(&t->in, "backend", t->disk.path);
	t->node = t->in.node;
	return err ? err : instance_enable(&t->in);
}

static int prepare_vdpa_blk(struct target *t)
{
	int err = prepare_disk(t, DISK_DELAY_NS);

	return err ? err : prepare_instance(t, "blk", "3");
}

static int prepare_vdpa_rng(struct target *t)
{
	return prepare_instance(t, "rng", "1");
}

const struct target_type target_types[NTARGETS] = {
	{
		.name = "net",
		.queues = 2,
		.large = LARGE,
		.attach = VHOST_NET_SET_BACKEND,
		.prepare = prepare_net,
		.request = { request_receive, request_transmit },
	}, {
		.name = "blk",
		.queues = 2,
		.large = LARGE_DISK,
		.attach = VHOST_BLK_SET_BACKEND,
		.prepare = prepare_blk,
		.request = { request_disk, request_disk },
	}, {
		.name = "vdpa_blk",
		.vdpa = true,
		.queues = 3,
		.large = LARGE_DISK,
		.prepare = prepare_vdpa_blk,
		.request = { request_disk, request_disk, request_disk },
	}, {
		.name = "vdpa_rng",
		.vdpa = true,
		.queues = 1,
		.large = LARGE,
		.prepare = prepare_vdpa_rng,
		.request = { request_entropy },
	},
};

int target_prepare(struct target *t, const struct target_type *type)
{
	*t = (struct target){
		.type = type,
		.backend = -1,
		.tap = { .fd = -1, .sock = -1 },
	};
	return type->prepare(t);
}

void target_remove(struct target *t)
{
	if (t->in.name[0])
		instance_destroy(&t->in);
	if (t->disk.name[0]) {
		if (t->backend >= 0)
			close(t->backend);
		disk_destroy(&t->disk);
	}
	tap_destroy(&t->tap);
}

void target_send(struct target *t, struct draw *d)
{
	static const __u32 lens[] = { 60, 60, 60, 200, 1514, 1514 };
	static char frame[1514];
	unsigned int n = 1 + draw_below(d, 3), i;

	memset(frame, 0xff, 12);
	frame[12] = (char)(TAP_ETHERTYPE >> 8);
	frame[13] = (char)(TAP_ETHERTYPE & 0xff);
	for (i = 0; i < n; i++) {
		__u32 len = draw_of(d, lens);

		if (t->tap.sock >= 0)
			peer_send(&t->tap, NULL, frame, len);
	}
}

void target_drain(struct target *t)
{
	static char frame[TAP_MAX_FRAME];

	if (t->tap.fd < 0)
		return;
	while (read(t->tap.fd, frame, sizeof(frame)) > 0)
		;
}
