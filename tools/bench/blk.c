// SPDX-License-Identifier: GPL-2.0
/*
 * What a 4 KiB random read costs through a virtio-blk ring: nanoseconds by
 * CLOCK_MONOTONIC, which in a test host with --icount are instructions, those
 * of this driver included.
 *
 *	blk NODE [DEPTH [REQUESTS]]
 */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vdev.h"

#define BLOCK 4096
#define MAX_DEPTH 64

/* In an array that begins on a page, data is a page. */
struct slot {
	char data[BLOCK];
	struct virtio_blk_outhdr hdr;
	__u8 status;
	char pad[BLOCK - sizeof(struct virtio_blk_outhdr) - 1];
};

static void die(const char *what, int err)
{
	fprintf(stderr, "blk: %s: %s\n", what, strerror(-err));
	exit(1);
}

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void submit(struct vdev *d, struct slot *slots, __u32 i, __u64 blocks)
{
	static __u64 state = 1;
	struct slot *s = &slots[i];
	const struct vq_seg seg[] = {
		{ gmem_gpa(d->mem, &s->hdr), sizeof(s->hdr), false },
		{ gmem_gpa(d->mem, s->data), BLOCK, true },
		{ gmem_gpa(d->mem, &s->status), 1, true },
	};

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	s->hdr.type = VIRTIO_BLK_T_IN;
	s->hdr.sector = (state >> 33) % blocks * (BLOCK / 512);
	s->status = 0xff;
	vq_add_indirect(&d->vq[0], seg, 3, i);
}

/* @n requests, @depth of them in flight. */
static void run(struct vdev *d, struct slot *slots, __u32 depth, __u32 n,
		__u64 blocks)
{
	struct vq *vq = &d->vq[0];
	__u32 begun, done = 0;
	struct vq_done c;
	int err;

	for (begun = 0; begun < depth; begun++)
		submit(d, slots, begun, blocks);
	vq_kick(vq);
	while (done < n) {
		err = vq_wait(vq, WAIT_MS);
		if (err)
			die("waiting", err);
		while (vq_pop(vq, &c) > 0) {
			if (slots[c.token].status)
				die("read", -EIO);
			done++;
			if (begun >= n)
				continue;
			submit(d, slots, c.token, blocks);
			begun++;
		}
		vq_kick(vq);
	}
}

int main(int argc, char **argv)
{
	__u32 depth = argc > 2 ? atoi(argv[2]) : 1;
	__u32 n = argc > 3 ? atoi(argv[3]) : 20000;
	struct virtio_blk_config config;
	struct slot *slots;
	struct gmem mem;
	struct vdev d;
	__u64 start;
	int err;

	if (argc < 2 || !depth || depth > MAX_DEPTH || n < depth) {
		fprintf(stderr, "usage: blk NODE [DEPTH [REQUESTS]]\n");
		return 2;
	}
	err = gmem_init(&mem, 16 << 20, GMEM_GPA, 1);
	if (err)
		die("memory", err);
	err = vdev_open(&d, argv[1]);
	if (err)
		die(argv[1], err);
	err = vdev_make_vqs(&d, &mem, BIT_ULL(VIRTIO_F_VERSION_1) |
			    BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) |
			    BIT_ULL(VIRTIO_BLK_F_FLUSH) |
			    BIT_ULL(VIRTIO_RING_F_EVENT_IDX) |
			    BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC), 1, 64);
	if (err)
		die("queues", err);
	slots = gmem_alloc(&mem, MAX_DEPTH * sizeof(*slots), BLOCK);
	memset(slots, 0, MAX_DEPTH * sizeof(*slots));
	err = vdpa_setup(&d);
	if (err)
		die(d.what, err);
	err = vdpa_get_config(&d, 0, &config, sizeof(config));
	if (err)
		die("configuration", err);

	run(&d, slots, depth, depth * 16, config.capacity / 8);
	start = now();
	run(&d, slots, depth, n, config.capacity / 8);
	printf("depth %u: %.0f a request, %llu kicks\n", depth,
	       (double)(now() - start) / n, d.vq[0].nkicks);
	vdev_close(&d);
	return 0;
}
