// SPDX-License-Identifier: GPL-2.0
/*
 * Devices under attack, and ways to write invalid rings.
 */
#include <errno.h>
#include <string.h>

#include "attr.h"
#include "victim.h"

/* A node in a folder of /dev has a ! for the slash. */
#define BROKEN	"/sys/class/misc/%s%s/broken_queues"

int victim_start(struct victim *v, const struct victim_opts *o)
{
	const char *why;
	int err;

	v->o = o;
	if (o->is_net) {
		if (!netdev_present(&o->net))
			return o->net.module ? -ENODEV : -ENOENT;
		v->d = &v->n.dev;
		err = netdev_start(&v->n, &o->net);
		if (err)
			return err;
		v->good = gmem_alloc(&v->n.mem, 4096, 4096);
	} else {
		v->d = &v->b.dev;
		err = blkdev_open(&v->b, &o->blk, &why);
		if (!err)
			err = blkdev_start(&v->b);
		if (err)
			return err;
		v->good = gmem_alloc(&v->b.mem, 4096, 4096);
	}
	v->vq = &v->d->vq[o->queue];
	return 0;
}

void victim_stop(struct victim *v)
{
	if (v->o->is_net)
		netdev_stop(&v->n);
	else
		blkdev_close(&v->b);
}

static int restart_blk(struct victim *v)
{
	unsigned int i;
	int err;

	if (v->b.kind == BLK_VHOST) {
		err = vhost_blk_attach(v->d, -1);
	} else {
		err = vdpa_set_status(v->d, 0);
		if (!err)
			err = vdpa_unmap_all(v->d);
	}
	for (i = 0; i < v->d->nvqs; i++) {
		vq_reset(&v->d->vq[i], vq_base_after(&v->d->vq[i], 0));
		event_take(v->d->vq[i].kick);
	}
	arena_reset(&v->b.arena);
	if (!err)
		err = blkdev_resume(&v->b);
	for (i = 0; i < v->d->nvqs; i++)
		event_take(v->d->vq[i].err);
	return err;
}

int victim_restart(struct victim *v)
{
	memset(v->good, 0, 4096);
	return v->o->is_net ? netdev_restart(&v->n, v->o->queue, 0) :
			      restart_blk(v);
}

int victim_move(struct victim *v)
{
	int err = 0;

	if (v->o->is_net)
		err = vhost_net_attach(v->d, v->o->queue, -1);
	else if (v->b.kind == BLK_VHOST)
		err = vhost_blk_attach(v->d, -1);
	if (!err && (v->o->is_net || v->b.kind == BLK_VHOST))
		err = vhost_set_vring(v->d, v->o->queue);
	return err ? err : victim_restart(v);
}

/* A flush on queue @q. */
static int ping_blk(struct victim *v, unsigned int q)
{
	struct blkreq r = { .type = VIRTIO_BLK_T_FLUSH };
	struct vq *vq = &v->d->vq[q];
	struct vq_done done;
	int err;

	err = blk_add(&v->b, q, &r, 0);
	if (err)
		return err;
	vq_kick(vq);
	err = vq_wait(vq, WAIT_MS);
	if (!err && vq_pop(vq, &done) != 1)
		err = -EPROTO;
	if (!err && blk_status(&r) != VIRTIO_BLK_S_OK)
		err = -EIO;
	arena_reset(&v->b.arena);
	return err;
}

static int ping(struct victim *v, unsigned int q)
{
	if (!v->o->is_net)
		return ping_blk(v, q);
	return q == TX ? netdev_ping_tx(&v->n, 1) : netdev_ping_rx(&v->n, 1);
}

int victim_ping(struct victim *v)
{
	return ping(v, v->o->queue);
}

int victim_ping_other(struct victim *v)
{
	return v->d->nvqs < 2 ? 0 : ping(v, !v->o->queue);
}

enum fate victim_fate(struct victim *v, unsigned int want)
{
	/* See the header: if nothing may happen, everything may. */
	const int ms = want & STUCK ? QUIET_MS : WAIT_MS;
	char frame[64];
	int err;

	/* For reception there must be something to receive. */
	if (v->o->is_net && v->o->queue == RX) {
		frame_make(frame, sizeof(frame), 1);
		peer_send(&v->n.tap, NULL, frame, sizeof(frame));
	}
	err = vq_wait(v->vq, ms);
	if (!err)
		return USED;
	return err == -EIO ? ERR : STUCK;
}

const char *fate_name(enum fate f)
{
	return f == ERR ? "an error" : f == USED ? "completed" : "nothing";
}

long victim_broken(const struct victim *v)
{
	const char *name = v->b.in.name;

	if (v->o->is_net)
		return attr_read_long(BROKEN, "", "vhx-net");
	if (v->b.kind == BLK_VHOST)
		return attr_read_long(BROKEN, "", "vhx-blk");
	return attr_read_long(BROKEN, "vhx!", name);
}

void raw_desc(struct vring_desc *d, __u64 gpa, __u32 len, __u16 flags,
	      __u16 next)
{
	*d = (struct vring_desc){
		.addr = gpa,
		.len = len,
		.flags = flags,
		.next = next,
	};
}

void raw_avail(struct vq *vq, __u16 head)
{
	split_make_avail(vq, head);
	vq->avail_idx++;
}

void raw_offer(struct vq *vq, __u16 head)
{
	raw_avail(vq, head);
	vq_publish(vq);
	vq_kick_always(vq);
}

void raw_packed(struct vq *vq, __u64 gpa, __u32 len, __u16 flags)
{
	__u16 pos = vq->avail_pos;

	packed_show(vq, pos, packed_next(vq, gpa, len, flags, pos));
}

void raw_packed_offer(struct vq *vq)
{
	vq_publish(vq);
	vq_kick_always(vq);
}
