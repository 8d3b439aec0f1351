// SPDX-License-Identifier: GPL-2.0
/*
 * The ring engine alone, compiled for user space: pop and push of a batch of
 * buffers that the driver's side has made available, and the question whether the
 * driver wants a call.
 *
 *	descs=N		of each buffer's chain
 *	batch=N
 *	num=N		entries of the ring
 *	floor=1		touch the same cache lines instead: each is read, or written, once
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "split.h"

#define MAX_BATCH	64
#define LINE		64

static struct vhx_split ring;
static struct vring_desc *desc;
static struct vring_avail *avail;
static struct vring_used *used;
static struct vhx_chain chains[MAX_BATCH];
static struct vhx_seg segs[MAX_BATCH * 16];
static unsigned int batch, descs, num;
static u16 avail_idx, first;

static int no_tables(const struct vhx_ring_reader *rd, void *dst, u64 addr,
		     u32 len)
{
	return -EFAULT;
}

static const struct vhx_ring_reader reader = { no_tables };

/* The driver's part. */
static void offer(void)
{
	unsigned int i;

	for (i = 0; i < batch; i++)
		avail->ring[(avail_idx + i) & (num - 1)] =
			htole16((u16)((first + i * descs) & (num - 1)));
	first += batch * descs;
	avail_idx += batch;
	WRITE_ONCE(avail->idx, htole16(avail_idx));
	/* As a driver does that wants a call for the last of them. */
	avail->ring[num] = htole16((u16)(avail_idx - 1));
}

static void serve(void)
{
	struct vhx_used done[MAX_BATCH];
	unsigned int i;
	int n;

	n = vhx_split_pop(&ring, chains, batch, segs, ARRAY_SIZE(segs),
			  &reader);
	if (n != (int)batch)
		bench_die(-EPROTO, "popped %d", n);
	for (i = 0; i < batch; i++)
		done[i] = (struct vhx_used){ .id = chains[i].id };
	vhx_split_push(&ring, done, batch);
	if (!vhx_split_need_call(&ring))
		bench_die(-EPROTO, "no call");
}

static void touch(const void *p, size_t len)
{
	const u64 *w = p;
	size_t i;

	for (i = 0; i < len / sizeof(*w); i += LINE / sizeof(*w))
		(void)READ_ONCE(w[i]);
}

static void touch_all(void)
{
	u16 slot = (u16)(avail_idx - batch) & (num - 1);
	u64 *w = (u64 *)&used->ring[slot];
	size_t i;

	touch(&avail->ring[slot], batch * sizeof(avail->ring[0]));
	touch(&desc[(u16)(first - batch * descs) & (num - 1)],
	      batch * descs * sizeof(*desc));
	for (i = 0; i < batch * sizeof(used->ring[0]) / sizeof(*w);
	     i += LINE / sizeof(*w))
		WRITE_ONCE(w[i], i);
	WRITE_ONCE(used->idx, avail_idx);
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

void ring_bench(struct bench *b)
{
	unsigned int i;

	descs = (unsigned int)opt_num("descs", 1);
	batch = (unsigned int)opt_num("batch", 64);
	num = (unsigned int)opt_num("num", 1024);
	if (!descs || !batch || batch > MAX_BATCH || descs > 16 ||
	    num & (num - 1) || num < batch * descs || num % descs)
		bench_die(-EINVAL, "options");

	desc = area(vhx_split_desc_size(num));
	avail = area(vhx_split_avail_size(num));
	used = area(vhx_split_used_size(num));
	for (i = 0; i < num; i++)
		desc[i] = (struct vring_desc){
			.addr = htole64(0x100000 + i * 4096ULL),
			.len = htole32(4096),
			.flags = htole16(i % descs + 1 < descs ?
					 VRING_DESC_F_NEXT : 0),
			.next = htole16((u16)((i + 1) % num)),
		};
	ring = (struct vhx_split){
		.num = (u16)num, .event_idx = true, .desc = desc,
		.avail = avail, .used = used,
	};
	vhx_split_init(&ring, 0);
	*b = (struct bench){
		.op = "buffer", .chunk = batch,
		.run = opt_num("floor", 0) ? run_floor : run,
	};
}
