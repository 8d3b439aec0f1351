// SPDX-License-Identifier: GPL-2.0
/*
 * Requests for each type of device, in pieces, at random places of guest
 * memory.
 */
#include <linux/virtio_blk.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "requests.h"
#include "tap.h"

static void link_add(struct chain *c, __u64 addr, __u32 len, bool write)
{
	if (c->n == CHAIN_MAX)
		return;
	if (c->n)
		c->link[c->n - 1].flags |= VRING_DESC_F_NEXT;
	c->link[c->n++] = (struct link){
		.addr = addr,
		.len = len,
		.flags = write ? VRING_DESC_F_WRITE : 0,
	};
}

/* Add @len bytes from @off on, in one or more pieces. */
static void add(struct data *data, struct draw *d, struct chain *c,
		__u32 off, __u32 len, bool write)
{
	__u64 at = gmem_gpa(data->mem, data->at + off);
	unsigned int cuts = draw_one_in(d, 3) ? draw_below(d, 4) : 0;

	for (; cuts && len > 1; cuts--) {
		__u32 piece = draw_below(d, len);

		link_add(c, at, piece, write);
		at += piece;
		len -= piece;
	}
	link_add(c, at, len, write);
}

/* A place for @len bytes: any, or one that is aligned. */
static __u32 room(struct draw *d, __u32 len)
{
	__u32 off = draw_below(d, DATA_SIZE - len);

	return draw_one_in(d, 3) ? off : off & ~511U;
}

void request_receive(struct data *data, struct draw *d, struct chain *c)
{
	static const __u32 lens[] = { 1526, 1526, 1526, 65562, 4096, 256, 64 };
	__u32 len = draw_of(d, lens);

	c->n = 0;
	add(data, d, c, room(d, len), len, true);
}

void request_transmit(struct data *data, struct draw *d, struct chain *c)
{
	static const __u32 lens[] = { 60, 60, 200, 1514, 9000, 65550, 13, 0 };
	struct virtio_net_hdr_v1 hdr = { .num_buffers = 0 };
	__u32 len = sizeof(hdr) + draw_of(d, lens), off = room(d, 80000);
	char *at = data->at + off;

	if (draw_one_in(d, 8)) {
		hdr.flags = draw_below(d, 8);
		hdr.gso_type = draw_below(d, 6);
		hdr.hdr_len = draw_below(d, 128);
		hdr.gso_size = draw_below(d, 2000);
		hdr.csum_start = draw_below(d, 128);
		hdr.csum_offset = draw_below(d, 32);
	}
	memcpy(at, &hdr, sizeof(hdr));
	memset(at + sizeof(hdr), 0xff, 12);
	at[sizeof(hdr) + 12] = (char)(TAP_ETHERTYPE >> 8);
	at[sizeof(hdr) + 13] = (char)(TAP_ETHERTYPE & 0xff);
	c->n = 0;
	add(data, d, c, off, len, false);
}

void request_disk(struct data *data, struct draw *d, struct chain *c)
{
	static const __u32 types[] = {
		VIRTIO_BLK_T_IN, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_IN,
		VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_FLUSH,
		VIRTIO_BLK_T_GET_ID, VIRTIO_BLK_T_DISCARD, 0x7fffffff,
	};
	static const __u32 lens[] = { 512, 4096, 4096, 65536, 1024, 20, 511 };
	static const __u64 sectors[] = { 0, 1, 7, 1024, 2047, 2048, ~0ULL };
	struct virtio_blk_outhdr hdr = {
		.type = draw_of(d, types),
		.sector = draw_of(d, sectors),
	};
	__u32 len = draw_of(d, lens), off = room(d, 80000);

	memcpy(data->at + off, &hdr, sizeof(hdr));
	c->n = 0;
	add(data, d, c, off, sizeof(hdr), false);
	if (hdr.type == VIRTIO_BLK_T_OUT)
		add(data, d, c, off + 512, len, false);
	else if (hdr.type != VIRTIO_BLK_T_FLUSH)
		add(data, d, c, off + 512, len, true);
	add(data, d, c, off + 256, 1, true);
}

void request_entropy(struct data *data, struct draw *d, struct chain *c)
{
	static const __u32 lens[] = { 1, 16, 64, 64, 4096, 70000 };
	__u32 len = draw_of(d, lens);

	c->n = 0;
	add(data, d, c, room(d, len), len, true);
}

void request_spoil(struct chain *c, struct draw *d, struct memory *m)
{
	static const __u32 lens[] = {
		0, 0, 1, 11, 15, 512, 65536, 0x7fffffff, 0x80000000, ~0U,
	};
	static const __u16 nexts[] = { 1, 2, 3, 7, 0x7fff, 0x8000, 0xffff };
	struct link *l = &c->link[draw_below(d, c->n)];
	struct link *other = &c->link[draw_below(d, c->n)], swap;

	switch (draw_below(d, 8)) {
	case 0:
		l->addr = memory_odd_gpa(m, d);
		break;
	case 1:
		l->len = draw_of(d, lens);
		break;
	case 2:
		l->flags ^= VRING_DESC_F_WRITE;
		break;
	case 3:
		l->flags ^= VRING_DESC_F_NEXT;
		break;
	case 4:
		l->flags ^= VRING_DESC_F_INDIRECT;
		break;
	case 5:
		l->flags = draw(d);
		break;
	case 6:
		l->next = draw_of(d, nexts);
		break;
	default:
		swap = *l;
		*l = *other;
		*other = swap;
	}
}
