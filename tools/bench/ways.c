// SPDX-License-Identifier: GPL-2.0
/*
 * Disks behind a virtqueue: virtio-blk over the vdpa personality or the
 * vhost-user protocol, and virtio-scsi served by the in-tree vhost-scsi. They
 * differ in their set-up and in the format of a request.
 */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_scsi.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "blk.h"
#include "wait.h"

#define FEATURES	(BIT_ULL(VIRTIO_F_VERSION_1) | \
			 BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | \
			 BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC))

#define MAX_PIECES	32
#define SCSI_TPGT	1

/* Control and event come before the queues of requests. */
#define SCSI_OTHER_QUEUES	2

/* The parts of a request other than its data. */
union head {
	struct virtio_blk_outhdr blk;
	struct virtio_scsi_cmd_req scsi;
};

union tail {
	__u8 blk;
	struct virtio_scsi_cmd_resp scsi;
};

#define MAX_DEVICES	64

static struct vdev devs[MAX_DEVICES];
static const struct blk_job *job;
static union head *heads;
static union tail *tails;
static __u64 ncalls;

/* The queues for requests, of all devices, and the one that is in use now. */
static struct vq *vqs[MAX_DEVICES * VDEV_MAX_VQS];
static unsigned int nvqs, now;

/* At least a page, and at most as many pieces as a request may have. */
static unsigned int data_segs(struct vq_seg *seg, unsigned int slot)
{
	__u32 piece = job->bs / MAX_PIECES < 4096 ? 4096 : job->bs / MAX_PIECES;
	__u64 gpa = gmem_gpa(job->mem, job->data + (size_t)slot * job->bs);
	unsigned int n;

	for (n = 0; n * piece < job->bs; n++)
		seg[n] = (struct vq_seg){
			gpa + (__u64)n * piece, piece, !job->write,
		};
	return n;
}

static struct vq_seg seg_of(void *p, __u32 len, bool write)
{
	return (struct vq_seg){ gmem_gpa(job->mem, p), len, write };
}

static void add(const struct vq_seg *seg, unsigned int n, unsigned int slot)
{
	bench_try(vq_add_indirect(vqs[now], seg, n, slot), "ring");
}

static void blk_submit(unsigned int slot, __u64 off)
{
	struct vq_seg seg[MAX_PIECES + 2];
	unsigned int n;

	heads[slot].blk = (struct virtio_blk_outhdr){
		.type = job->write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN,
		.sector = off >> 9,
	};
	tails[slot].blk = 0xff;
	seg[0] = seg_of(&heads[slot], sizeof(heads[slot].blk), false);
	n = 1 + data_segs(seg + 1, slot);
	seg[n++] = seg_of(&tails[slot], 1, true);
	add(seg, n, slot);
}

static void scsi_submit(unsigned int slot, __u64 off)
{
	struct virtio_scsi_cmd_req *req = &heads[slot].scsi;
	__u32 lba = (__u32)(off >> 9), count = job->bs >> 9;
	struct vq_seg seg[MAX_PIECES + 2];
	unsigned int n = 0;

	memset(req, 0, sizeof(*req));
	req->lun[0] = 1;
	req->lun[1] = SCSI_TPGT;
	req->lun[2] = 0x40;
	req->tag = slot;
	req->cdb[0] = job->write ? 0x2a : 0x28;
	req->cdb[2] = (__u8)(lba >> 24);
	req->cdb[3] = (__u8)(lba >> 16);
	req->cdb[4] = (__u8)(lba >> 8);
	req->cdb[5] = (__u8)lba;
	req->cdb[7] = (__u8)(count >> 8);
	req->cdb[8] = (__u8)count;
	tails[slot].scsi.response = 0xff;

	seg[n++] = seg_of(req, sizeof(*req), false);
	if (job->write)
		n += data_segs(seg + n, slot);
	seg[n++] = seg_of(&tails[slot], sizeof(tails[slot].scsi), true);
	if (!job->write)
		n += data_segs(seg + n, slot);
	add(seg, n, slot);
}

static void ring_wait(void)
{
	struct vq *vq = vqs[now];
	__u64 count;

	vq_kick(vq);
	for (;;) {
		vq_call_enable(vq);
		if (vq_more_used(vq))
			return;
		if (fd_wait(vq->call, POLLIN, WAIT_MS))
			bench_die(-ETIMEDOUT, "no completion");
		if (read(vq->call, &count, sizeof(count)) == sizeof(count))
			ncalls += count;
	}
}

static int ring_done(void)
{
	struct vq_done done = { 0 };

	return bench_try(vq_pop(vqs[now], &done), "completion") ?
	       (int)done.token : -1;
}

static void ring_next(void)
{
	now = (now + 1) % nvqs;
}

static int blk_done(void)
{
	int slot = ring_done();

	if (slot >= 0 && tails[slot].blk != VIRTIO_BLK_S_OK)
		bench_die(-EIO, "status %u", tails[slot].blk);
	return slot;
}

static int scsi_done(void)
{
	int slot = ring_done();

	if (slot >= 0 &&
	    (tails[slot].scsi.response != VIRTIO_SCSI_S_OK ||
	     tails[slot].scsi.status))
		bench_die(-EIO, "response %u, status %u",
			  tails[slot].scsi.response, tails[slot].scsi.status);
	return slot;
}

static __u64 ring_kicks(void)
{
	unsigned int i;
	__u64 n = 0;

	for (i = 0; i < nvqs; i++)
		n += vqs[i]->nkicks;
	return n;
}

static __u64 ring_calls(void)
{
	return ncalls;
}

static void make_heads(const struct blk_job *j)
{
	job = j;
	heads = gmem_alloc(j->mem, sizeof(*heads) * BLK_MAX_DEPTH, 64);
	tails = gmem_alloc(j->mem, sizeof(*tails) * BLK_MAX_DEPTH, 64);
}

/* The queues of a device; @before of them are not for requests. */
static void make_queues(struct vdev *d, __u64 features, unsigned int before)
{
	unsigned int i, n = (unsigned int)opt_num("queues", 1);

	bench_try(vdev_make_vqs(d, job->mem, features, before + n,
				(__u16)opt_num("num", 256)), "queues");
	for (i = 0; i < n; i++)
		vqs[nvqs++] = &d->vq[before + i];
}

static void vdpa_way_open(const struct blk_job *j, const char *path)
{
	unsigned int i, n = (unsigned int)opt_num("devices", 0);
	char name[128];

	if (n > MAX_DEVICES)
		bench_die(-EINVAL, "options");
	make_heads(j);
	for (i = 0; i < (n ? n : 1); i++) {
		snprintf(name, sizeof(name), n ? "%s%u" : "%s", path, i);
		bench_try(vdev_open(&devs[i], name), "%s", name);
		make_queues(&devs[i], FEATURES | BIT_ULL(VIRTIO_BLK_F_FLUSH) |
			    BIT_ULL(VIRTIO_F_ACCESS_PLATFORM), 0);
		bench_try(vdpa_setup(&devs[i]), "%s", devs[i].what);
	}
}

static void user_way_open(const struct blk_job *j, const char *path)
{
	struct vdev *d = &devs[0];

	make_heads(j);
	bench_try(vhost_user_open(d, path), "%s", path);
	make_queues(d, FEATURES | BIT_ULL(VIRTIO_BLK_F_FLUSH), 0);
	bench_try(vhost_user_setup(d), "%s", d->what);
}

static void scsi_way_open(const struct blk_job *j, const char *path)
{
	struct vhost_scsi_target target = { .vhost_tpgt = SCSI_TPGT };
	struct vdev *d = &devs[0];

	make_heads(j);
	bench_try(vdev_open(d, "/dev/vhost-scsi"), "/dev/vhost-scsi");
	make_queues(d, FEATURES, SCSI_OTHER_QUEUES);
	bench_try(vhost_setup(d), "%s", d->what);
	snprintf(target.vhost_wwpn, sizeof(target.vhost_wwpn), "%s", path);
	bench_try(vdev_ioctl(d, "SCSI_SET_ENDPOINT", VHOST_SCSI_SET_ENDPOINT,
			     &target), "VHOST_SCSI_SET_ENDPOINT");
}

const struct blk_way way_vdpa = {
	vdpa_way_open, blk_submit, ring_wait, blk_done, ring_next, ring_kicks,
	ring_calls,
};

const struct blk_way way_vhost_user = {
	user_way_open, blk_submit, ring_wait, blk_done, ring_next, ring_kicks,
	ring_calls,
};

const struct blk_way way_vhost_scsi = {
	scsi_way_open, scsi_submit, ring_wait, scsi_done, ring_next, ring_kicks,
	ring_calls,
};
