// SPDX-License-Identifier: GPL-2.0
/*
 * The floor of the block benchmarks: the host's device by io_uring, with
 * registered buffers and a registered file.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>

#include "bench.h"
#include "blk.h"

static struct io_uring ring;
static const struct blk_job *job;

static void uring_open(const struct blk_job *j, const char *path)
{
	struct iovec iov[BLK_MAX_DEPTH];
	unsigned int i;
	int fd;

	job = j;
	fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		bench_die(-errno, "%s", path);
	for (i = 0; i < j->depth; i++)
		iov[i] = (struct iovec){ j->data + (size_t)i * j->bs, j->bs };
	bench_try(io_uring_queue_init(BLK_MAX_DEPTH, &ring, 0), "io_uring");
	bench_try(io_uring_register_files(&ring, &fd, 1), "files");
	bench_try(io_uring_register_buffers(&ring, iov, j->depth), "buffers");
}

static void uring_submit(unsigned int slot, __u64 off)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	char *data = job->data + (size_t)slot * job->bs;

	if (job->write)
		io_uring_prep_write_fixed(sqe, 0, data, job->bs, off,
					  (int)slot);
	else
		io_uring_prep_read_fixed(sqe, 0, data, job->bs, off,
					 (int)slot);
	sqe->flags |= IOSQE_FIXED_FILE;
	io_uring_sqe_set_data64(sqe, slot);
}

static void uring_wait(void)
{
	bench_try(io_uring_submit_and_wait(&ring, 1), "io_uring_enter");
}

static int uring_done(void)
{
	struct io_uring_cqe *cqe;
	int slot;

	if (io_uring_peek_cqe(&ring, &cqe))
		return -1;
	if (cqe->res != (int)job->bs)
		bench_die(cqe->res < 0 ? cqe->res : -EIO, "io_uring");
	slot = (int)io_uring_cqe_get_data64(cqe);
	io_uring_cqe_seen(&ring, cqe);
	return slot;
}

const struct blk_way way_uring = {
	uring_open, uring_submit, uring_wait, uring_done, NULL, NULL, NULL,
};
