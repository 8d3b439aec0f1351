// SPDX-License-Identifier: GPL-2.0
/*
 * The thread that drives a device, and its checks.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "load.h"
#include "matrix.h"

#define LEN		300
#define TX_SLOTS	128
#define STATUS_AT	512

/* What a request of the disk does. */
enum { IDLE, WRITES, READS };

static void nap(void)
{
	const struct timespec t = { .tv_nsec = 100 * 1000 };

	nanosleep(&t, NULL);
}

static bool is_set(const bool *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static unsigned int value(const unsigned int *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void add(unsigned int *p)
{
	__atomic_fetch_add(p, 1, __ATOMIC_RELAXED);
}

/* The first thing that is wrong counts. */
static int wrong(struct load *l, int err, const char *what)
{
	if (!l->err) {
		l->what = what;
		__atomic_store_n(&l->err, err, __ATOMIC_RELAXED);
	}
	return err;
}

/*
 * Network: buffers 0 to TX_SLOTS - 1 are frames to send, whose contents never
 * change, the others are room to receive.
 */
static char *net_slot(struct load *l, unsigned int i)
{
	return l->n.slot + i * NETDEV_SLOT;
}

static int net_add(struct load *l, unsigned int q, unsigned int i)
{
	char *slot = net_slot(l, q == TX ? i : TX_SLOTS + i);
	const struct vq_seg seg = {
		.gpa = gmem_gpa(&l->n.mem, slot),
		.len = q == TX ? l->n.hlen + LEN : NETDEV_SLOT,
		.write = q == RX,
	};

	return vq_add(&l->d->vq[q], &seg, 1, i);
}

static int net_fill(struct load *l)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < TX_SLOTS; i++) {
		memset(net_slot(l, i), 0, l->n.hlen);
		frame_make(net_slot(l, i) + l->n.hlen, LEN, i);
		err = net_add(l, TX, i);
		if (!err)
			err = net_add(l, RX, i);
	}
	return err;
}

/* Is this one of our frames? */
static bool is_frame(const char *got)
{
	char want[LEN];
	__u32 seed;

	/* See frame_make(). */
	memcpy(&seed, got + 8, sizeof(seed));
	frame_make(want, LEN, seed);
	return seed < TX_SLOTS && !memcmp(got, want, LEN);
}

static int net_result(struct load *l, unsigned int q,
		      const struct vq_done *done)
{
	if (q == RX) {
		char *at = net_slot(l, TX_SLOTS + done->token) + l->n.hlen;

		if (done->len != l->n.hlen + LEN)
			return wrong(l, -EBADMSG, "a received frame's length");
		if (!is_frame(at))
			return wrong(l, -EBADMSG, "a received frame");
		memset(at, 0, LEN);
		add(&l->done);
	}
	return is_set(&l->stop) ? 0 : net_add(l, q, done->token);
}

/* The other end: what comes from the guest is checked, and some is sent. */
static int net_peer(struct load *l)
{
	char got[NETDEV_SLOT], frame[LEN];
	unsigned int i;
	int len;

	for (i = 0; i < 16; i++) {
		frame_make(frame, LEN, i);
		peer_send(&l->n.tap, NULL, frame, LEN);
	}
	for (i = 0; i < 256; i++) {
		len = peer_recv(&l->n.tap, NULL, got, sizeof(got), 0);
		if (len < 0)
			break;
		if (len != LEN || !is_frame(got))
			return wrong(l, -EBADMSG, "a transmitted frame");
		add(&l->done);
	}
	return 0;
}

/*
 * Disk: each slot has a block of its own, which it writes and reads in turn. If
 * a write fails the block may have either contents, so it is written again.
 */
static char *blk_slot(struct load *l, unsigned int i)
{
	return l->slot + (size_t)i * 2 * l->o.len;
}

/* Every other request's data is not aligned for the disk. */
static char *blk_at(struct load *l, unsigned int i)
{
	return blk_slot(l, i) + l->o.len - (i & 1);
}

static int blk_request(struct load *l, unsigned int i, bool write)
{
	struct virtio_blk_outhdr h = {
		.type = write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN,
		.sector = i * (l->o.len / BLK_SECTOR),
	};
	char *slot = blk_slot(l, i), *data = blk_at(l, i);
	__u64 gpa = gmem_gpa(&l->b.mem, slot);
	const struct vq_seg seg[3] = {
		{ gpa, sizeof(h), false },
		{ gmem_gpa(&l->b.mem, data), l->o.len, !write },
		{ gpa + STATUS_AT, 1, true },
	};

	memcpy(slot, &h, sizeof(h));
	slot[STATUS_AT] = (char)BLK_UNTOUCHED;
	if (write)
		blk_pattern(data, l->o.len, ++l->seed[i]);
	else
		memset(data, 0, l->o.len);
	l->state[i] = write ? WRITES : READS;
	return vq_add(&l->d->vq[0], seg, 3, i);
}

static int blk_fill(struct load *l)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < LOAD_DEPTH; i++)
		err = blk_request(l, i, true);
	return err;
}

static int blk_result(struct load *l, const struct vq_done *done)
{
	unsigned int i = done->token;
	unsigned char status = blk_slot(l, i)[STATUS_AT];
	bool read = l->state[i] == READS;
	static char want[LOAD_LEN_MAX];

	l->state[i] = IDLE;
	if (status == VIRTIO_BLK_S_OK && read) {
		blk_pattern(want, l->o.len, l->seed[i]);
		if (done->len != l->o.len + 1)
			return wrong(l, -EBADMSG, "the length of a read");
		if (memcmp(blk_at(l, i), want, l->o.len) != 0)
			return wrong(l, -EBADMSG, "a block that was read");
	}
	if (status == VIRTIO_BLK_S_OK)
		add(&l->done);
	else if (status == VIRTIO_BLK_S_IOERR)
		add(&l->failed);
	else
		return wrong(l, -EBADMSG, "a status");
	if (is_set(&l->stop))
		return 0;
	return blk_request(l, i, read || status != VIRTIO_BLK_S_OK);
}

static int result(struct load *l, unsigned int q, const struct vq_done *done)
{
	return l->o.kind == LOAD_NET ? net_result(l, q, done) :
				       blk_result(l, done);
}

/* Take what is there from all queues and give it back. Results, or -errno. */
static int turn(struct load *l)
{
	unsigned int q, n = 0;
	struct vq_done done;
	int ret;

	for (q = 0; q < l->d->nvqs; q++) {
		struct vq *vq = &l->d->vq[q];

		while ((ret = vq_pop(vq, &done)) == 1) {
			ret = result(l, q, &done);
			if (ret)
				return ret;
			n++;
		}
		if (ret)
			return wrong(l, ret, "a used entry");
		vq_kick(vq);
		if (event_take(vq->err))
			__atomic_store_n(&l->broken, true, __ATOMIC_RELAXED);
	}
	if (l->o.kind != LOAD_NET || is_set(&l->stop))
		return (int)n;
	ret = net_peer(l);
	return ret ? ret : (int)n;
}

/* The buffers to receive stay with the device when the load ends. */
static bool in_flight(const struct load *l)
{
	return vq_in_flight(&l->d->vq[l->o.kind == LOAD_NET ? TX : 0]);
}

static void *drive(void *arg)
{
	struct load *l = arg;

	while (!is_set(&l->stop) || in_flight(l)) {
		int n = turn(l);

		if (n < 0 || (is_set(&l->stop) && is_set(&l->broken)))
			break;
		if (!n)
			nap();
	}
	return NULL;
}

static int fill(struct load *l)
{
	return l->o.kind == LOAD_NET ? net_fill(l) : blk_fill(l);
}

int load_start(struct load *l)
{
	int err = 0;

	l->stop = false;
	l->broken = false;
	l->err = 0;
	l->what = "to fill the rings";
	if (!in_flight(l))
		err = fill(l);
	if (!err)
		err = -pthread_create(&l->thread, NULL, drive, l);
	l->running = !err;
	return err;
}

int load_stop(struct load *l, bool lost)
{
	struct timespec until;
	int err;

	if (!l->running)
		return l->err;
	if (lost)
		__atomic_store_n(&l->broken, true, __ATOMIC_RELAXED);
	__atomic_store_n(&l->stop, true, __ATOMIC_RELAXED);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_MS / 1000;
	err = -pthread_timedjoin_np(l->thread, NULL, &until);
	if (err) {
		l->what = "to complete what is in flight";
		__atomic_store_n(&l->broken, true, __ATOMIC_RELAXED);
		pthread_join(l->thread, NULL);
	}
	l->running = false;
	return l->err ? l->err : err;
}

struct more {
	struct load *l;
	unsigned int done;
	unsigned int failed;
	bool any;
};

static bool has_more(void *arg)
{
	const struct more *m = arg;
	unsigned int done = value(&m->l->done);
	unsigned int failed = value(&m->l->failed);

	if (__atomic_load_n(&m->l->err, __ATOMIC_RELAXED))
		return true;
	if (m->any)
		return is_set(&m->l->broken) ||
		       (int)(done + failed - m->done - m->failed) >= 0;
	return (int)(done - m->done) >= 0 && (int)(failed - m->failed) >= 0;
}

static int wait_more(struct load *l, unsigned int done, unsigned int failed,
		     bool any)
{
	struct more m = {
		l, value(&l->done) + done, value(&l->failed) + failed, any,
	};
	int err = cond_wait(has_more, &m, WAIT_MS);

	if (l->err)
		return l->err;
	if (err)
		l->what = "nothing more comes";
	return err;
}

int load_more(struct load *l, unsigned int n)
{
	return wait_more(l, n, 0, false);
}

int load_more_failed(struct load *l, unsigned int n)
{
	return wait_more(l, 0, n, false);
}

int load_any(struct load *l, unsigned int n)
{
	return wait_more(l, n, 0, true);
}

/* Replace guest memory, which is empty, by private memory. */
static int make_anonymous(struct gmem *m)
{
	return mmap(m->base, m->size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	       m->base ? 0 : -errno;
}

static int prepare_net(struct load *l)
{
	struct netdev_opts o = VHX(NET_PLAIN | l->o.ring);
	struct netdev *n = &l->n;
	int err;

	l->module = "vhx_net";
	l->d = &n->dev;
	n->dev.fd = -1;
	n->tap = (struct tap){ .fd = -1, .sock = -1 };
	n->hlen = sizeof(struct virtio_net_hdr_mrg_rxbuf);
	l->what = "/dev/vhx-net";
	if (!netdev_present(&o))
		return -ENOENT;
	l->what = "a tap";
	err = netns_enter();
	if (!err)
		err = tap_create(&n->tap, "tap0", (int)n->hlen, 1);
	if (!err)
		err = tap_peer(&n->tap);
	l->what = "guest memory";
	if (!err)
		err = gmem_init(&n->mem, 2 << 20, GMEM_GPA,
				l->o.nregions ? l->o.nregions : 1);
	if (!err && l->o.anonymous)
		err = make_anonymous(&n->mem);
	if (!err)
		err = vdev_open(&n->dev, o.path);
	if (!err)
		err = vdev_make_vqs(&n->dev, &n->mem, o.features, 2,
				    NETDEV_NUM);
	if (err)
		return err;
	n->slot = gmem_alloc(&n->mem, NETDEV_NUM * NETDEV_SLOT, 4096);
	arena_init(&n->arena, &n->mem, 1 << 18);
	return 0;
}

static int prepare_blk(struct load *l)
{
	const struct blkdev_opts o = {
		.kind = l->o.kind == LOAD_VDPA ? BLK_VDPA : BLK_VHOST,
		.features = BLK_PLAIN | l->o.ring,
		.num = 128,
		.backend = l->o.backend,
		.nregions = l->o.nregions,
		.mem = (4 << 20) + LOAD_DEPTH * 2 * l->o.len,
		.disk = { .mib = 16, .delay_ns = l->o.delay_ns },
	};
	int err = blkdev_open(&l->b, &o, &l->what);

	l->module = "vhx_blk";
	l->d = &l->b.dev;
	if (!err && l->o.anonymous) {
		unsigned int i;

		err = make_anonymous(&l->b.mem);
		/* What was in it is empty again. */
		for (i = 0; i < l->d->nvqs; i++)
			vq_reset(&l->d->vq[i], vq_base_after(&l->d->vq[i], 0));
		arena_reset(&l->b.arena);
	}
	if (err)
		return err;
	l->slot = gmem_alloc(&l->b.mem, LOAD_DEPTH * 2 * l->o.len,
			     LOAD_LEN);
	return 0;
}

int load_prepare(struct load *l, const struct load_opts *o)
{
	memset(l, 0, sizeof(*l));
	l->o = *o;
	if (!l->o.len)
		l->o.len = LOAD_LEN;
	return o->kind == LOAD_NET ? prepare_net(l) : prepare_blk(l);
}

int load_attach(struct load *l)
{
	if (l->o.kind == LOAD_NET)
		return vhost_net_attach_all(l->d, l->n.tap.fd);
	return blkdev_resume(&l->b);
}

int load_detach(struct load *l)
{
	if (l->o.kind == LOAD_NET)
		return vhost_net_attach_all(l->d, -1);
	return blkdev_stop(&l->b);
}

int load_setup(struct load *l)
{
	int err;

	if (l->o.kind == LOAD_NET) {
		err = vhost_setup(l->d);
		if (!err)
			err = load_attach(l);
	} else {
		err = blkdev_start(&l->b);
	}
	l->what = l->d->what;
	return err;
}

int load_open(struct load *l, const struct load_opts *o)
{
	int err = load_prepare(l, o);

	return err ? err : load_setup(l);
}

void load_close(struct load *l)
{
	load_stop(l, true);
	if (!l->d)
		return;
	if (l->o.kind == LOAD_NET)
		netdev_stop(&l->n);
	else
		blkdev_close(&l->b);
}

int load_restart(struct load *l)
{
	unsigned int i;
	int err;

	if (l->o.kind == LOAD_VDPA) {
		err = vdpa_set_status(l->d, 0);
		if (!err)
			err = vdpa_unmap_all(l->d);
	} else {
		err = load_detach(l);
	}
	for (i = 0; i < l->d->nvqs; i++) {
		struct vq *vq = &l->d->vq[i];

		vq_reset(vq, vq_base_after(vq, 0));
		event_take(vq->kick);
		if (!err && l->o.kind == LOAD_NET)
			err = vring_set_base(l->d, i, vq->base);
	}
	if (!err)
		err = load_attach(l);
	for (i = 0; i < l->d->nvqs; i++)
		event_take(l->d->vq[i].err);
	l->what = l->d->what;
	return err;
}

int load_try(struct load *l)
{
	int err = load_start(l);

	if (!err)
		err = load_more(l, 2 * LOAD_DEPTH);
	return err ? err : load_stop(l, false);
}
