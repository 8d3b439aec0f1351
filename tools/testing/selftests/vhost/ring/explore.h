/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device and a driver over one ring, as threads of the explorer: the device
 * is the engine itself, the driver a model of one, with no barrier that it does
 * not need.
 */
#ifndef EXPLORE_H
#define EXPLORE_H

#include "explore_env.h"
#include "virtqueue.h"

#define EXPLORE_DEVICE 0
#define EXPLORE_DRIVER 1
/* The device's other thread, if it has one. */
#define EXPLORE_COMPLETER 2

#define EXPLORE_BUFFERS 4
#define EXPLORE_SIZE_MAX 4

/**
 * struct explore_config - what is played through
 * @name: name
 * @script: what the driver does: a: adds a buffer; b: one of two descriptors;
 *	k: looks whether to kick; w: waits for a completion; c: for all
 * @packed: ring format
 * @event_idx: VIRTIO_RING_F_EVENT_IDX
 * @in_order: VIRTIO_F_IN_ORDER
 * @listens: the driver leaves calls enabled while it looks for completions
 * @late: the device looks whether to call when it has served all, not after
 *	each push
 * @backwards: the device completes the last of a batch first
 * @singly: and each by itself
 * @apart: by a thread of its own
 * @num: entries
 * @packed_num: of a packed ring, if other
 * @wrap: of a packed ring the wrap counter that it begins with
 * @batch: how many buffers the device pops at once
 * @needs: how many it needs before it serves any, if more than one
 */
struct explore_config {
	const char *name;
	const char *script;
	bool packed;
	bool event_idx;
	bool in_order;
	bool listens;
	bool late;
	bool backwards;
	bool singly;
	bool apart;
	bool wrap;
	u16 num;
	u16 packed_num;
	u8 batch;
	u8 needs;
};

/**
 * struct explore_area - the memory that both see
 * @desc: descriptors
 * @driver: driver area
 * @device: device area
 * @data: for each buffer that is ever added the first bytes of what it holds
 * @handed: and what the completer is told of it: its id, and that it is one
 */
struct explore_area {
	void *desc;
	void *driver;
	void *device;
	u64 *data;
	u64 *handed;
};

extern struct explore_config config;
extern struct explore_area area;

#define EXPLORE_HANDED (1ULL << 32)

/* The engine, with the features and the memory; where others keep it. */
void explore_ring_init(struct vhx_ring *r, u16 *ndesc, struct vhx_held *held);
/* Reads what the driver left in a buffer, and answers. */
void explore_serve(unsigned int k);

/* How many of the buffers were popped and kept. */
unsigned int explore_popped(void);

/* Buffer @k, as the driver makes it and as the device leaves it. */
static inline u64 buffer_addr(unsigned int k)
{
	return 0x1000 * (k + 1);
}

static inline u32 buffer_len(unsigned int k)
{
	return 16 * (k + 1);
}

static inline u64 buffer_request(unsigned int k)
{
	return 0x100 + k;
}

static inline u64 buffer_answer(unsigned int k)
{
	return 0x200 + k;
}

/* Where both sides begin, as the engine has it. */
static inline u16 explore_base(void)
{
	return config.packed ? (config.num - 1) | (u16)config.wrap << 15 :
			       U16_MAX;
}

/* Of a buffer of two descriptors the second one's. */
#define BUFFER_SECOND 0x800

/* Bytes written to it; the last buffers get less than there is room for. */
static inline u32 buffer_used(unsigned int k)
{
	return k < 2 ? buffer_len(k) : buffer_len(k) - 1;
}

struct explore_thread explore_device(void);
struct explore_thread explore_completer(void);
struct explore_thread explore_driver(void);

/**
 * struct driver_ring - the driver's side of a ring
 * @num_added: entries since the driver last looked whether to kick
 * @avail: next position to write
 * @used: next position to look at
 * @avail_wrap: of a packed ring
 * @used_wrap: and
 * @disabled: no calls are wanted
 * @free: ids that nobody has, as bits
 * @back: buffers taken back
 * @out: buffers that are with the device, as bits
 * @id: for each of them what the device calls it
 * @ids: and which ids it has, as bits
 * @descs: and how many descriptors
 */
struct driver_ring {
	u16 num_added;
	u16 avail;
	u16 used;
	bool avail_wrap;
	bool used_wrap;
	bool disabled;
	u8 free;
	u8 back;
	u8 out;
	u8 id[EXPLORE_BUFFERS];
	u8 ids[EXPLORE_BUFFERS];
	u8 descs[EXPLORE_BUFFERS];
};

/**
 * struct driver_ops - what a format does
 * @init: what lies in the ring in the beginning
 * @add: makes buffer @k of @n descriptors available
 * @must_kick: whether the device wants to know
 * @get: looks at a completion; false if there is none
 * @got: goes on behind it: it is for so many buffers, with so many descriptors
 * @disable: wants no calls
 * @enable: wants calls; true if there is a completion already
 */
struct driver_ops {
	void (*init)(struct driver_ring *r);
	void (*add)(struct driver_ring *r, unsigned int k, unsigned int n);
	bool (*must_kick)(struct driver_ring *r);
	bool (*get)(struct driver_ring *r, u16 *id, u32 *len);
	void (*got)(struct driver_ring *r, unsigned int n, unsigned int descs);
	void (*disable)(struct driver_ring *r);
	bool (*enable)(struct driver_ring *r);
};

extern const struct driver_ops split_driver;
extern const struct driver_ops packed_driver;

/* The lowest id that is free; a split ring's descriptor. */
u16 driver_take_id(struct driver_ring *r);

#endif /* EXPLORE_H */
