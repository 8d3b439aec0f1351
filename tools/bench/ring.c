// SPDX-License-Identifier: GPL-2.0
/*
 * The ring engine alone, compiled for user space. It pops and pushes a batch of
 * buffers that the driver's side has made available, and decides whether the
 * driver wants a call.
 *
 *	packed=1	the format
 *	order=1		VIRTIO_F_IN_ORDER
 *	descs=N		of each buffer's chain
 *	batch=N
 *	num=N		entries of the ring
 *	floor=1		touch the same cache lines instead: each is read, or written, once
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "virtqueue.h"

#define MAX_BATCH	64
#define LINE		64

static struct vhx_ring ring;
static bool packed;
static void *table, *driver, *device;
static struct vhx_chain chains[MAX_BATCH];
static struct vhx_seg segs[MAX_BATCH * 16];
static unsigned int batch, descs, num;
/* Buffers that were made available, and descriptors. */
static u16 avail_idx;
static u32 ndescs;

static int no_tables(const struct vhx_ring_reader *rd, void *dst, u64 addr,
		     u32 len)
{
	return -EFAULT;
}

static const struct vhx_ring_reader reader = { no_tables };

static void offer_split(void)
{
	struct vring_avail *avail = driver;
	unsigned int i;

	for (i = 0; i < batch; i++)
		avail->ring[(avail_idx + i) & (num - 1)] =
			htole16((u16)((ndescs + i * descs) & (num - 1)));
	avail_idx += batch;
	WRITE_ONCE(avail->idx, htole16(avail_idx));
	/* As a driver does that wants a call for the last of them. */
	avail->ring[num] = htole16((u16)(avail_idx - 1));
}

static void make_avail(unsigned int at, bool next)
{
	struct vring_packed_desc *d = table;
	u16 flags = at < num ? 1 << VRING_PACKED_DESC_F_AVAIL :
			       1 << VRING_PACKED_DESC_F_USED;

	d += at < num ? at : at - num;
	d->len = htole32(4096);
	d->id = htole16((u16)at);
	d->flags = htole16(flags | (next ? VRING_DESC_F_NEXT : 0));
}

/* Here too. */
static void offer_packed(void)
{
	struct vring_packed_desc_event *event = driver;
	unsigned int at = ndescs % (2 * num), last = at, i, k;

	for (i = 0; i < batch; i++) {
		last = at;
		for (k = 0; k < descs; k++) {
			make_avail(at, k + 1 < descs);
			at = at + 1 < 2 * num ? at + 1 : 0;
		}
	}
	event->flags = htole16(VRING_PACKED_EVENT_FLAG_DESC);
	event->off_wrap = htole16((u16)(last < num ?
		last | 1 << VRING_PACKED_EVENT_F_WRAP_CTR : last - num));
}

/* The driver's part. */
static void offer(void)
{
	if (packed)
		offer_packed();
	else
		offer_split();
	ndescs += batch * descs;
}

static void serve(void)
{
	struct vhx_used done[MAX_BATCH];
	unsigned int i;
	int n;

	n = vhx_ring_pop(&ring, chains, batch, segs, ARRAY_SIZE(segs), &reader);
	if (n != (int)batch)
		bench_die(-EPROTO, "popped %d", n);
	for (i = 0; i < batch; i++)
		done[i] = (struct vhx_used){ .id = chains[i].id };
	vhx_ring_push(&ring, done, batch);
	if (!vhx_ring_need_call(&ring))
		bench_die(-EPROTO, "no call");
}

static void touch(const void *p, size_t len)
{
	const u64 *w = p;
	size_t i;

	for (i = 0; i < len / sizeof(*w); i += LINE / sizeof(*w))
		(void)READ_ONCE(w[i]);
}

static void scribble(void *p, size_t len)
{
	u64 *w = p;
	size_t i;

	for (i = 0; i < len / sizeof(*w); i += LINE / sizeof(*w))
		WRITE_ONCE(w[i], i);
}

static void touch_split(void)
{
	u16 slot = (u16)(avail_idx - batch) & (num - 1);
	const struct vring_avail *avail = driver;
	struct vring_used *used = device;

	touch(&avail->ring[slot], batch * sizeof(avail->ring[0]));
	scribble(&used->ring[slot], batch * sizeof(used->ring[0]));
	WRITE_ONCE(used->idx, avail_idx);
}

static void touch_all(void)
{
	struct vring_desc *d = table;
	size_t len = batch * descs * sizeof(*d);

	d += (ndescs - batch * descs) % num;
	touch(d, len);
	if (packed)
		scribble(d, len);
	else
		touch_split();
}

static void run_with(void (*what)(void), __u64 n)
{
	for (; n; n -= batch) {
		bench_pause();
		offer();
		bench_resume();
		what();
	}
}

static void run(__u64 n)
{
	run_with(serve, n);
}

static void run_floor(__u64 n)
{
	run_with(touch_all, n);
}

static void *area(size_t bytes)
{
	void *p = NULL;

	if (posix_memalign(&p, 4096, bytes))
		bench_die(-ENOMEM, "ring");
	memset(p, 0, bytes);
	return p;
}

static void fill_split(void)
{
	struct vring_desc *d = table;
	unsigned int i;

	for (i = 0; i < num; i++)
		d[i] = (struct vring_desc){
			.addr = htole64(0x100000 + i * 4096ULL),
			.len = htole32(4096),
			.flags = htole16(i % descs + 1 < descs ?
					 VRING_DESC_F_NEXT : 0),
			.next = htole16((u16)((i + 1) % num)),
		};
}

static void fill_packed(void)
{
	struct vring_packed_desc *d = table;
	unsigned int i;

	for (i = 0; i < num; i++)
		d[i].addr = htole64(0x100000 + i * 4096ULL);
}

void ring_bench(struct bench *b)
{
	struct vhx_ring_config config;

	descs = (unsigned int)opt_num("descs", 1);
	batch = (unsigned int)opt_num("batch", 64);
	num = (unsigned int)opt_num("num", 1024);
	if (!descs || !batch || batch > MAX_BATCH || descs > 16 ||
	    num & (num - 1) || num < batch * descs || num % descs)
		bench_die(-EINVAL, "options");

	packed = opt_num("packed", 0);
	config = (struct vhx_ring_config){
		.num = (u16)num, .packed = packed, .event_idx = true,
		.base = vhx_ring_fresh_base(packed),
		.desc = area(vhx_ring_desc_size(packed, num)),
		.driver = area(vhx_ring_driver_size(packed, num)),
		.device = area(vhx_ring_device_size(packed, num)),
	};
	if (opt_num("order", 0)) {
		config.ndesc = area(num * sizeof(*config.ndesc));
		config.held = area(num * sizeof(*config.held));
	}
	table = config.desc;
	driver = config.driver;
	device = config.device;
	if (packed)
		fill_packed();
	else
		fill_split();
	if (vhx_ring_init(&ring, &config))
		bench_die(-EINVAL, "ring");
	*b = (struct bench){
		.op = "buffer", .chunk = batch,
		.run = opt_num("floor", 0) ? run_floor : run,
	};
}
