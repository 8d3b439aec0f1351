// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to a disk.
 *
 *	way=vdpa|vhost-user|vhost-scsi|uring
 *	path=PATH	the node, the socket, the target's WWPN, the host's device
 *	disk=PATH	what is behind it, to compare with after writing
 *	rw=randread|randwrite|read|write
 *	bs=BYTES depth=N
 *	num=N		entries of the ring
 *	regions=N	that guest memory is cut into
 *	bursts=1	all requests of a depth are done before the next are begun, on
 *			the next queue
 *	queues=N devices=N	of them (vdpa); of PATH0, PATH1, ...
 *	check=0		the disk keeps nothing (null_blk)
 *
 * Every block of a disk holds its number, spread over all of its bytes, as
 * "fill" wrote it there or, bit-inverted, a write of ours. What was read is
 * compared in full, what was written is read back from the host's device at the
 * end.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"
#include "blk.h"

#define BLOCK	4096

static const struct {
	const char *name;
	const struct blk_way *way;
} ways[] = {
	{ "vdpa", &way_vdpa },
	{ "vhost-user", &way_vhost_user },
	{ "vhost-scsi", &way_vhost_scsi },
	{ "uring", &way_uring },
};

static const struct blk_way *way;
static struct blk_job job;
static struct gmem mem;
static __u64 at[BLK_MAX_DEPTH], size, next_off;
static bool sequential, check;

/* For each block: was it written? */
static bool *written;

static void fill_block(void *block, __u64 index, bool by_us)
{
	__u64 x = (index + 1) * 0x9e3779b97f4a7c15ULL, *w = block;
	unsigned int i;

	if (by_us)
		x = ~x;
	for (i = 0; i < BLOCK / sizeof(*w); i++)
		w[i] = x + i;
}

static bool block_ok(const void *block, __u64 index)
{
	static __u64 want[BLOCK / sizeof(__u64)];

	fill_block(want, index, written[index]);
	return !memcmp(block, want, BLOCK);
}

static __u64 disk_size(int fd)
{
	__u64 bytes;

	if (ioctl(fd, BLKGETSIZE64, &bytes))
		bench_die(-errno, "size");
	return bytes;
}

static int disk_open(int flags)
{
	const char *path = opt("disk", "");
	int fd = open(path, flags | O_DIRECT | O_CLOEXEC);

	if (fd < 0)
		bench_die(-errno, "%s", path);
	return fd;
}

static void *aligned(size_t bytes)
{
	void *p;

	if (posix_memalign(&p, BLOCK, bytes))
		bench_die(-ENOMEM, "buffer");
	return p;
}

void blk_fill(void)
{
	int fd = disk_open(O_RDWR);
	__u64 bytes = disk_size(fd), off;
	char *buf = aligned(1 << 20);
	unsigned int i;

	for (off = 0; off < bytes; off += 1 << 20) {
		for (i = 0; i < (1 << 20) / BLOCK; i++)
			fill_block(buf + i * BLOCK, off / BLOCK + i, false);
		if (pwrite(fd, buf, 1 << 20, (off_t)off) != 1 << 20)
			bench_die(-errno, "fill");
	}
	free(buf);
	close(fd);
}

/* After writing: checks the whole disk, and fills it again. */
static void check_disk(void)
{
	int fd = disk_open(O_RDONLY);
	char *buf = aligned(BLOCK);
	__u64 i;

	for (i = 0; i < size / BLOCK; i++) {
		if (pread(fd, buf, BLOCK, (off_t)(i * BLOCK)) != BLOCK)
			bench_die(-errno, "reading back");
		if (!block_ok(buf, i))
			bench_die(-EBADMSG, "written, block %llu", i);
	}
	free(buf);
	close(fd);
	blk_fill();
}

static __u64 choose(void)
{
	static __u64 state = 1;
	__u64 off;

	if (!sequential) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		return (state >> 33) % (size / job.bs) * job.bs;
	}
	off = next_off;
	next_off += job.bs;
	if (next_off > size - job.bs)
		next_off = 0;
	return off;
}

static void prepare(unsigned int slot)
{
	char *data = job.data + (size_t)slot * job.bs;
	__u64 block = at[slot] / BLOCK;
	unsigned int i;

	for (i = 0; i < job.bs / BLOCK; i++) {
		if (job.write) {
			fill_block(data + i * BLOCK, block + i, true);
			written[block + i] = true;
		} else {
			/* What is not read shows. */
			memset(data + i * BLOCK, 0xee, BLOCK);
		}
	}
}

static void begin(unsigned int slot)
{
	at[slot] = choose();
	if (check) {
		bench_pause();
		prepare(slot);
		bench_resume();
	}
	way->submit(slot, at[slot]);
}

static void finish(unsigned int slot)
{
	char *data = job.data + (size_t)slot * job.bs;
	unsigned int i;

	if (!check || job.write)
		return;
	bench_pause();
	for (i = 0; i < job.bs / BLOCK; i++)
		if (!block_ok(data + i * BLOCK, at[slot] / BLOCK + i))
			bench_die(-EBADMSG, "read, block %llu",
				  at[slot] / BLOCK + i);
	bench_resume();
}

/* The same number of requests on each queue, one queue after the other. */
static void run_bursts(__u64 n)
{
	unsigned int i, left;
	int slot;

	for (; n; n -= job.depth) {
		for (i = 0; i < job.depth; i++)
			begin(i);
		for (left = job.depth; left;) {
			way->wait();
			while ((slot = way->done()) >= 0) {
				finish((unsigned int)slot);
				left--;
			}
		}
		way->next();
	}
}

static void run(__u64 n)
{
	__u64 begun, done = 0;
	int slot;

	for (begun = 0; begun < job.depth; begun++)
		begin((unsigned int)begun);
	while (done < n) {
		way->wait();
		while ((slot = way->done()) >= 0) {
			finish((unsigned int)slot);
			done++;
			if (begun >= n)
				continue;
			begin((unsigned int)slot);
			begun++;
		}
	}
}

static void parse_rw(const char *rw)
{
	sequential = strncmp(rw, "rand", 4);
	if (!sequential)
		rw += 4;
	job.write = !strcmp(rw, "write");
	if (!job.write && strcmp(rw, "read") != 0)
		bench_die(-EINVAL, "rw=%s", rw);
}

void blk_bench(struct bench *b)
{
	const char *name = opt("way", "vdpa");
	unsigned int i;
	size_t bytes;
	int fd;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(ways[i].name, name))
			way = ways[i].way;
	parse_rw(opt("rw", "randread"));
	job.bs = (__u32)opt_num("bs", BLOCK);
	job.depth = (unsigned int)opt_num("depth", 1);
	check = opt_num("check", 1);
	if (!way || !job.bs || job.bs % BLOCK || job.bs > 1 << 20 ||
	    !job.depth || job.depth > BLK_MAX_DEPTH)
		bench_die(-EINVAL, "options");

	fd = disk_open(O_RDONLY);
	size = disk_size(fd);
	close(fd);
	written = calloc(size / BLOCK, sizeof(*written));
	if (!written)
		bench_die(-ENOMEM, "blocks");
	if (job.write && check)
		atexit(check_disk);

	/* Rings of the largest size fit as well, and many regions. */
	bytes = (size_t)job.bs * job.depth + (64 << 20);
	bench_try(gmem_init(&mem, bytes, GMEM_GPA,
			    (unsigned int)opt_num("regions", 1)), "memory");
	/* By this mapping, which is aligned for huge pages. */
	memset(mem.base, 0, mem.size);
	job.mem = &mem;
	job.data = gmem_alloc(&mem, (size_t)job.bs * job.depth, BLOCK);
	way->open(&job, opt("path", ""));

	*b = (struct bench){
		.op = "request", .chunk = job.depth * 4,
		.run = opt_num("bursts", 0) ? run_bursts : run,
		.kicks = way->kicks, .calls = way->calls,
	};
}
