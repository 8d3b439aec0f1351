// SPDX-License-Identifier: GPL-2.0
/*
 * Random calls: all ioctls and messages, and some numbers that do not exist,
 * with valid and invalid arguments.
 */
#include <errno.h>
#include <linux/vhx.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "setup.h"

/* What an ioctl's argument is. */
enum arg {
	ARG_NUMBER,	/* of any width */
	ARG_STATUS,
	ARG_STATE,
	ARG_FILE,
	ARG_ADDR,
	ARG_TABLE,
	ARG_CONFIG,
};

static const struct {
	unsigned long cmd;
	enum arg arg;
} calls[] = {
	{ VHOST_GET_FEATURES, ARG_NUMBER },
	{ VHOST_SET_FEATURES, ARG_NUMBER },
	{ VHOST_SET_OWNER, ARG_NUMBER },
	{ VHOST_RESET_OWNER, ARG_NUMBER },
	{ VHOST_SET_MEM_TABLE, ARG_TABLE },
	{ VHOST_SET_LOG_BASE, ARG_NUMBER },
	{ VHOST_SET_LOG_FD, ARG_NUMBER },
	{ VHOST_NEW_WORKER, ARG_STATE },
	{ VHOST_FREE_WORKER, ARG_STATE },
	{ VHOST_SET_VRING_NUM, ARG_STATE },
	{ VHOST_SET_VRING_ADDR, ARG_ADDR },
	{ VHOST_SET_VRING_BASE, ARG_STATE },
	{ VHOST_GET_VRING_BASE, ARG_STATE },
	{ VHOST_SET_VRING_ENDIAN, ARG_STATE },
	{ VHOST_GET_VRING_ENDIAN, ARG_STATE },
	{ VHOST_ATTACH_VRING_WORKER, ARG_STATE },
	{ VHOST_GET_VRING_WORKER, ARG_STATE },
	{ VHOST_SET_VRING_KICK, ARG_FILE },
	{ VHOST_SET_VRING_CALL, ARG_FILE },
	{ VHOST_SET_VRING_ERR, ARG_FILE },
	{ VHOST_SET_VRING_BUSYLOOP_TIMEOUT, ARG_STATE },
	{ VHOST_GET_VRING_BUSYLOOP_TIMEOUT, ARG_STATE },
	{ VHOST_SET_BACKEND_FEATURES, ARG_NUMBER },
	{ VHOST_GET_BACKEND_FEATURES, ARG_NUMBER },
	{ VHOST_NET_SET_BACKEND, ARG_FILE },
	{ VHOST_BLK_SET_BACKEND, ARG_FILE },
	{ VHOST_VDPA_GET_DEVICE_ID, ARG_NUMBER },
	{ VHOST_VDPA_GET_STATUS, ARG_NUMBER },
	{ VHOST_VDPA_SET_STATUS, ARG_STATUS },
	{ VHOST_VDPA_GET_CONFIG, ARG_CONFIG },
	{ VHOST_VDPA_SET_CONFIG, ARG_CONFIG },
	{ VHOST_VDPA_SET_VRING_ENABLE, ARG_STATE },
	{ VHOST_VDPA_GET_VRING_NUM, ARG_NUMBER },
	{ VHOST_VDPA_SET_CONFIG_CALL, ARG_FILE },
	{ VHOST_VDPA_GET_IOVA_RANGE, ARG_NUMBER },
	{ VHOST_VDPA_GET_CONFIG_SIZE, ARG_NUMBER },
	{ VHOST_VDPA_GET_AS_NUM, ARG_NUMBER },
	{ VHOST_VDPA_GET_GROUP_NUM, ARG_NUMBER },
	{ VHOST_VDPA_GET_VRING_GROUP, ARG_STATE },
	{ VHOST_VDPA_SET_GROUP_ASID, ARG_STATE },
	{ VHOST_VDPA_SUSPEND, ARG_NUMBER },
	{ VHOST_VDPA_RESUME, ARG_NUMBER },
	{ VHOST_VDPA_GET_VRING_SIZE, ARG_STATE },
};

#define ARG_ROOM	(MEMORY_PAGE / 2)

static __u32 index_of(struct fuzz *f, struct draw *d)
{
	return draw_one_in(d, 16) ? draw(d) :
	       draw_below(d, f->target.type->queues + 1);
}

static size_t put(struct actor *a, const void *arg, size_t size)
{
	memcpy(a->page, arg, size);
	return size;
}

static size_t put_number(struct actor *a)
{
	const __u64 numbers[] = {
		0, 1, 3, 7, 15, ~0ULL, 1ULL << draw_below(&a->draw, 64),
		draw(&a->draw),
	};

	return put(a, &draw_of(&a->draw, numbers), sizeof(*numbers));
}

static size_t put_status(struct actor *a)
{
	static const __u8 statuses[] = { 0, 1, 3, 11, 15, 15, 15, 0x8f, 0xff };

	return put(a, &draw_of(&a->draw, statuses), sizeof(*statuses));
}

static size_t put_state(struct fuzz *f, struct actor *a)
{
	static const __u32 nums[] = { 0, 1, 1, 2, 16, 50, 32769, 0x80008000 };
	struct draw *d = &a->draw;
	struct vhost_vring_state s = {
		.index = index_of(f, d),
		.num = draw_one_in(d, 8) ? draw(d) : draw_of(d, nums),
	};

	return put(a, &s, sizeof(s));
}

static size_t put_file(struct fuzz *f, struct actor *a)
{
	struct draw *d = &a->draw;
	const struct queue *q = &f->queue[draw_below(d, QUEUES_MAX)];
	/* Not err: only a broken queue may signal it. */
	const int fds[] = {
		-1, -1, q->kick, q->kick, q->call, q->call, 0, 9999,
		a->dev.fd, f->target.backend, f->target.backend,
	};
	struct vhost_vring_file file = {
		.index = index_of(f, d),
		.fd = draw_of(d, fds),
	};

	/* For ioctls whose argument is just a file descriptor. */
	if (draw_one_in(d, 8))
		file.index = draw_of(d, fds);
	return put(a, &file, sizeof(file));
}

static __u64 any_addr(struct fuzz *f, struct draw *d)
{
	const struct queue *q = &f->queue[draw_below(d, QUEUES_MAX)];
	const char *area = q->area[draw_below(d, NAREAS)];

	if (!area || draw_one_in(d, 3))
		return f->target.type->vdpa ? memory_odd_gpa(&f->mem, d) :
					      memory_odd_user(&f->mem, d);
	return f->target.type->vdpa ? gmem_gpa(q->mem, area) :
				      (__u64)(uintptr_t)area;
}

static size_t put_addr(struct fuzz *f, struct actor *a)
{
	struct vhost_vring_addr addr = {
		.index = index_of(f, &a->draw),
		.flags = draw_one_in(&a->draw, 16),
		.desc_user_addr = any_addr(f, &a->draw),
		.avail_user_addr = any_addr(f, &a->draw),
		.used_user_addr = any_addr(f, &a->draw),
	};

	return put(a, &addr, sizeof(addr));
}

static size_t put_table(struct fuzz *f, struct actor *a)
{
	static const __u32 counts[] = { 0, 1, 2, 64, 0x10000, ~0U };
	struct vhost_memory *table = (void *)a->page;
	struct row rows[MEMORY_ROWS];
	unsigned int n, i;

	n = memory_table(&f->mem, &a->draw, draw_one_in(&a->draw, 2), false,
			 rows);
	table->nregions = draw_one_in(&a->draw, 4) ? draw_of(&a->draw, counts) :
						     n;
	table->padding = 0;
	for (i = 0; i < n; i++)
		table->regions[i] = (struct vhost_memory_region){
			.guest_phys_addr = rows[i].gpa,
			.memory_size = rows[i].size,
			.userspace_addr = rows[i].user,
		};
	return sizeof(*table) + n * sizeof(*table->regions);
}

static size_t put_config(struct actor *a)
{
	static const __u32 offs[] = { 0, 0, 1, 8, 59, 60, 61, 256, ~0U };
	static const __u32 lens[] = { 0, 1, 4, 8, 60, 61, 256, 65536, ~0U };
	struct vhost_vdpa_config c = {
		.off = draw_of(&a->draw, offs),
		.len = draw_of(&a->draw, lens),
	};

	return put(a, &c, sizeof(c));
}

static size_t put_arg(struct fuzz *f, struct actor *a, enum arg arg)
{
	memset(a->page, 0, MEMORY_PAGE);
	switch (arg) {
	case ARG_STATUS:
		return put_status(a);
	case ARG_STATE:
		return put_state(f, a);
	case ARG_FILE:
		return put_file(f, a);
	case ARG_ADDR:
		return put_addr(f, a);
	case ARG_TABLE:
		return put_table(f, a);
	case ARG_CONFIG:
		return put_config(a);
	default:
		return put_number(a);
	}
}

/* A pointer to the argument, to a part of it before a hole, or to nothing. */
static void *odd_pointer(struct actor *a, size_t size)
{
	char *end = a->page + MEMORY_PAGE, *to = a->page;

	switch (draw_below(&a->draw, 24)) {
	case 0:
		return NULL;
	case 1:
		return (void *)0xffff888000000000UL;
	case 2:
		to = end - size;
		break;
	case 3:
		return memcpy(end - size / 2, a->page, size / 2);
	case 4:
		to = a->page + 1;
		break;
	default:
		break;
	}
	return memmove(to, a->page, size);
}

static void random_ioctl(struct fuzz *f, struct actor *a)
{
	unsigned int i = draw_below(&a->draw, sizeof(calls) / sizeof(*calls));
	unsigned long cmd = calls[i].cmd;
	size_t size = put_arg(f, a, calls[i].arg);

	if (draw_one_in(&a->draw, 16))
		cmd = _IOC(draw_below(&a->draw, 4), VHOST_VIRTIO,
			   draw_below(&a->draw, 256),
			   draw_below(&a->draw, 64));
	vdev_ioctl(&a->dev, "any", cmd, odd_pointer(a, size));
}

static void random_message(struct fuzz *f, struct actor *a)
{
	struct vhost_msg_v2 m = { .type = VHOST_IOTLB_MSG_V2 };
	struct row rows[MEMORY_ROWS];
	struct draw *d = &a->draw;
	unsigned int n;

	n = memory_table(&f->mem, d, draw_one_in(d, 2), true, rows);
	n = draw_below(d, n);
	m.iotlb = (struct vhost_iotlb_msg){
		.iova = rows[n].gpa,
		.size = rows[n].size,
		.uaddr = rows[n].user,
		.perm = rows[n].perm,
		.type = draw_below(d, 9),
	};
	/* The older message type, or an invalid one. */
	if (draw_one_in(d, 8))
		m.type = draw_below(d, 4);
	memcpy(a->page, &m, sizeof(m));
	if (write(a->dev.fd, a->page, draw_one_in(d, 8) ?
		  draw_below(d, ARG_ROOM) : sizeof(m)) < 0)
		return;
}

void random_call(struct fuzz *f, struct actor *a)
{
	if (f->target.type->vdpa && draw_one_in(&a->draw, 6))
		random_message(f, a);
	else
		random_ioctl(f, a);
}

int actor_init(struct actor *a)
{
	a->dev.fd = -1;
	a->page = mmap(NULL, 2 * MEMORY_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (a->page == MAP_FAILED ||
	    mprotect(a->page + MEMORY_PAGE, MEMORY_PAGE, PROT_NONE))
		return -errno;
	return 0;
}
