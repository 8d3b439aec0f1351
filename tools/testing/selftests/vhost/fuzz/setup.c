// SPDX-License-Identifier: GPL-2.0
/*
 * The correct set-up, in which each step may be left out, be done twice, have
 * an odd argument, or come after a random call.
 */
#include <errno.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "setup.h"

static bool slips(struct fuzz *f)
{
	return f->slip && draw_one_in(&f->me.draw, f->slip);
}

/* A step of the set-up. Was it done, and did it succeed? */
static bool step(struct fuzz *f, unsigned long cmd, void *arg)
{
	int err;

	if (slips(f))
		random_call(f, &f->me);
	if (slips(f))
		return false;
	if (slips(f))
		vdev_ioctl(&f->me.dev, "again", cmd, arg);
	err = vdev_ioctl(&f->me.dev, "set-up", cmd, arg);
	f->now.refused |= err < 0;
	return err >= 0;
}

static void set_status(struct fuzz *f, __u8 status)
{
	bool done = step(f, VHOST_VDPA_SET_STATUS, &status);

	if (status & VIRTIO_CONFIG_S_DRIVER_OK)
		f->now.started |= done && f->enabled;
}

static __u32 odd_index(struct fuzz *f, __u32 index)
{
	static const __u32 indices[] = { 0, 1, 2, 3, 16, 64, 0x80000000, ~0U };

	return slips(f) ? draw_of(&f->me.draw, indices) : index;
}

static void set_state(struct fuzz *f, unsigned long cmd, __u32 index, __u32 num)
{
	const __u32 nums[] = {
		0, 1, 3, num + 1, num * 2, num ^ 0x8000, num ^ 0x10000,
		32769, 65535, 65536, ~0U,
	};
	struct vhost_vring_state s = {
		.index = odd_index(f, index),
		.num = slips(f) ? draw_of(&f->me.draw, nums) : num,
	};
	bool done = step(f, cmd, &s);

	if (cmd == VHOST_VDPA_SET_VRING_ENABLE)
		f->enabled |= done && s.num;
}

static bool set_file(struct fuzz *f, unsigned long cmd, __u32 index, int fd)
{
	const int fds[] = {
		-1, -1, -2, 0, 9999, f->me.dev.fd, f->mem.parts.memfd,
		f->target.backend, f->queue[0].kick, f->queue[0].call,
	};
	struct vhost_vring_file file = {
		.index = odd_index(f, index),
		.fd = slips(f) ? draw_of(&f->me.draw, fds) : fd,
	};

	return step(f, cmd, &file) && file.fd == fd;
}

static __u64 area_addr(struct fuzz *f, const struct queue *q, enum area area)
{
	static const int moves[] = { 1, 2, 4, 8, 16, -16, 4096 };
	struct draw *d = &f->me.draw;
	bool vdpa = f->target.type->vdpa;
	__u64 addr;

	/*
	 * User addresses are those of the test's own mapping, which has no
	 * canaries: the ring may become larger than the test knows.
	 */
	if (slips(f))
		area = draw_below(d, NAREAS);
	addr = vdpa ? gmem_gpa(q->mem, q->area[area]) :
		      (__u64)(uintptr_t)q->area[area];
	if (!slips(f))
		return addr;
	if (draw_one_in(d, 2))
		return addr + draw_of(d, moves);
	addr = vdpa ? memory_odd_gpa(&f->mem, d) : memory_odd_user(&f->mem, d);
	return draw_one_in(d, 4) ? addr : addr & ~15ULL;
}

static void set_addr(struct fuzz *f, unsigned int i)
{
	struct queue *q = &f->queue[i];
	struct vhost_vring_addr a = {
		.index = odd_index(f, i),
		.flags = slips(f),
		.desc_user_addr = area_addr(f, q, AREA_DESC),
		.avail_user_addr = area_addr(f, q, AREA_DRIVER),
		.used_user_addr = area_addr(f, q, AREA_DEVICE),
	};

	step(f, VHOST_SET_VRING_ADDR, &a);
}

/* The steps for a queue, in a random order. */
static void set_queue(struct fuzz *f, unsigned int i)
{
	const struct queue *q = &f->queue[i];
	const struct {
		unsigned long cmd;
		__u32 num;
	} states[] = {
		{ VHOST_SET_VRING_NUM, q->num },
		{ VHOST_SET_VRING_BASE, q->base },
		{ VHOST_VDPA_SET_VRING_ENABLE, 1 },
	};
	const struct {
		unsigned long cmd;
		int fd;
	} files[] = {
		{ VHOST_SET_VRING_KICK, q->kick },
		{ VHOST_SET_VRING_CALL, q->call },
		{ VHOST_SET_VRING_ERR, q->err },
	};
	unsigned int first = draw_below(&f->me.draw, 7), n;

	for (n = 0; n < 7; n++) {
		unsigned int k = (first + n) % 7;

		if (k == 6)
			set_addr(f, i);
		else if (k >= 3)
			set_file(f, files[k - 3].cmd, i, files[k - 3].fd);
		else if (k < 2 || f->target.type->vdpa)
			set_state(f, states[k].cmd, i, states[k].num);
	}
}

static void set_table(struct fuzz *f)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region regions[MEMORY_ROWS];
	} table = { 0 };
	struct row rows[MEMORY_ROWS];
	unsigned int n, i;

	n = memory_table(&f->mem, &f->me.draw, slips(f), false, rows);
	table.head.nregions = n;
	table.head.padding = slips(f);
	for (i = 0; i < n; i++)
		table.regions[i] = (struct vhost_memory_region){
			.guest_phys_addr = rows[i].gpa,
			.memory_size = rows[i].size,
			.userspace_addr = rows[i].user,
		};
	step(f, VHOST_SET_MEM_TABLE, &table);
}

static void message(struct fuzz *f, __u8 type, const struct row *r)
{
	if (slips(f))
		random_call(f, &f->me);
	if (!slips(f) && !memory_message(f->me.dev.fd, type, r))
		f->now.refused = true;
}

/* Replace the whole table, in a batch or in single messages. */
static void write_table(struct fuzz *f)
{
	static const struct row none, all = { .size = ~0ULL };
	bool batch = !draw_one_in(&f->me.draw, 8);
	struct row rows[MEMORY_ROWS];
	unsigned int n, i;

	n = memory_table(&f->mem, &f->me.draw, slips(f), true, rows);
	if (batch)
		message(f, VHOST_IOTLB_BATCH_BEGIN, &none);
	message(f, VHOST_IOTLB_INVALIDATE, &all);
	for (i = 0; i < n; i++)
		message(f, VHOST_IOTLB_UPDATE, &rows[i]);
	if (batch)
		message(f, VHOST_IOTLB_BATCH_END, &none);
}

void setup_memory(struct fuzz *f)
{
	if (f->target.type->vdpa)
		write_table(f);
	else
		set_table(f);
}

static void attach(struct fuzz *f, unsigned int i, int fd)
{
	bool done = set_file(f, f->target.type->attach, i, fd);

	f->now.started |= done && fd >= 0;
}

/* Set the backend of each queue, or of the device. */
static void attach_all(struct fuzz *f, int fd)
{
	unsigned int i;

	if (f->target.type->attach == VHOST_NET_SET_BACKEND)
		for (i = f->first; i < f->end; i++)
			attach(f, i, fd);
	else
		attach(f, 0, fd);
}

/* Small queues, as few buffers are added, and sometimes the largest. */
static void make_queues(struct fuzz *f)
{
	static const __u16 nums[] = {
		1, 2, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 64, 256,
	};
	const unsigned int queues = f->target.type->queues;
	bool packed = f->features & BIT_ULL(VIRTIO_F_RING_PACKED);
	struct draw *d = &f->me.draw;
	unsigned int i;

	f->first = draw_below(d, queues);
	f->end = f->first + 1;
	if (draw_one_in(d, 2))
		f->end += draw_below(d, queues - f->first);

	memory_reuse(&f->mem);
	f->data = (struct data){ .mem = &f->mem.parts };
	f->data.at = gmem_alloc(&f->mem.parts, DATA_SIZE, 512);
	for (i = f->first; i < f->end; i++) {
		struct gmem *mem = &f->mem.parts;
		__u16 num = draw_of(d, nums);

		if (packed && draw_one_in(d, 2))
			num = 1 + draw_below(d, draw_one_in(d, 8) ? 1000 : 30);
		if (i == f->first && draw_one_in(d, f->target.type->large)) {
			f->mem.use_big = true;
			mem = &f->mem.big;
			num = packed && draw_one_in(d, 2) ? 32767 : 32768;
		}
		queue_init(&f->queue[i], mem, d, packed, num);
	}
}

static void choose_features(struct fuzz *f)
{
	const __u64 packed = BIT_ULL(VIRTIO_F_RING_PACKED);
	struct draw *d = &f->me.draw;

	f->features = f->offered & (draw(d) | draw(d)) & ~packed;
	if (draw_one_in(d, 2))
		f->features |= f->offered & packed;
	/* With an empty IOTLB, or without a log, little is done. */
	if (!f->target.type->vdpa && !draw_one_in(d, 16))
		f->features &= ~BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
	if (!draw_one_in(d, 16))
		f->features &= ~BIT_ULL(VHOST_F_LOG_ALL);
}

static void set_features(struct fuzz *f)
{
	__u64 told = f->features;

	if (slips(f))
		told ^= BIT_ULL(draw_below(&f->me.draw, 64));
	step(f, VHOST_SET_FEATURES, &told);
}

static void setup_vhost(struct fuzz *f)
{
	unsigned int i;

	/* It fails if there is an owner already. */
	vdev_ioctl(&f->me.dev, "owner", VHOST_SET_OWNER, NULL);
	set_features(f);
	set_table(f);
	for (i = f->first; i < f->end; i++)
		set_queue(f, i);
	attach_all(f, f->target.backend);
}

static void setup_vdpa(struct fuzz *f)
{
	__u64 backend = BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2) |
			BIT_ULL(VHOST_BACKEND_F_IOTLB_BATCH) |
			BIT_ULL(VHOST_BACKEND_F_SUSPEND);
	bool memory_first = draw_one_in(&f->me.draw, 2);
	unsigned int i;

	set_status(f, VDEV_S_DRIVER);
	vdev_ioctl(&f->me.dev, "owner", VHOST_SET_OWNER, NULL);
	step(f, VHOST_SET_BACKEND_FEATURES, &backend);
	set_features(f);
	set_status(f, VDEV_S_FEATURES);
	if (memory_first)
		write_table(f);
	for (i = f->first; i < f->end; i++)
		set_queue(f, i);
	if (!memory_first)
		write_table(f);
	set_status(f, VDEV_S_RUNNING);
}

void setup(struct fuzz *f)
{
	f->now = (struct outcome){ 0 };
	f->enabled = false;
	choose_features(f);
	make_queues(f);
	if (f->target.type->vdpa)
		setup_vdpa(f);
	else
		setup_vhost(f);
}

void setup_restart(struct fuzz *f, unsigned int i)
{
	bool net = f->target.type->attach == VHOST_NET_SET_BACKEND;
	struct queue *q = &f->queue[i];

	if (f->target.type->vdpa)
		set_state(f, VHOST_VDPA_SET_VRING_ENABLE, i, 0);
	else
		attach(f, net ? i : 0, -1);
	queue_look(q);
	/* Without this feature it continues at its position. */
	if (f->target.type->vdpa &&
	    !(f->features & BIT_ULL(VIRTIO_F_RING_RESET))) {
		set_state(f, VHOST_VDPA_SET_VRING_ENABLE, i, 1);
		return;
	}
	queue_begin(q, &f->me.draw);
	set_queue(f, i);
	if (!f->target.type->vdpa)
		attach(f, net ? i : 0, f->target.backend);
}

void setup_pause(struct fuzz *f)
{
	if (f->target.type->vdpa) {
		step(f, VHOST_VDPA_SUSPEND, NULL);
		step(f, VHOST_VDPA_RESUME, NULL);
	} else {
		attach_all(f, -1);
		attach_all(f, f->target.backend);
	}
}

void setup_end(struct fuzz *f)
{
	__u8 none = 0;

	switch (draw_below(&f->me.draw, 4)) {
	case 0:
		/* Just close it. */
		break;
	case 1:
		if (!f->target.type->vdpa)
			step(f, VHOST_RESET_OWNER, NULL);
		else
			step(f, VHOST_VDPA_SUSPEND, NULL);
		break;
	default:
		if (!f->target.type->vdpa)
			attach_all(f, -1);
		else
			step(f, VHOST_VDPA_SET_STATUS, &none);
	}
}
