/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device and a driver that share a ring, as threads of the explorer. The
 * device is the engine itself. The driver is a model of Linux's, with only
 * those barriers that it needs.
 */
#ifndef EXPLORE_H
#define EXPLORE_H

#include "explore_env.h"
#include "virtqueue.h"

#define EXPLORE_DEVICE 0
#define EXPLORE_DRIVER 1
/* The device's second thread, if it has one. */
#define EXPLORE_COMPLETER 2

#define EXPLORE_BUFFERS 4
#define EXPLORE_SIZE_MAX 4

/**
 * struct explore_config - a scenario
 * @name: name
 * @script: what the driver does, a letter for each action: a: adds a buffer; b:
 *	adds a buffer of two descriptors; k: checks whether to kick; w: waits
 *	for a completion; c: waits for all completions
 * @packed: the ring is packed
 * @event_idx: VIRTIO_RING_F_EVENT_IDX was negotiated
 * @in_order: VIRTIO_F_IN_ORDER was negotiated
 * @listens: the driver leaves calls enabled while it looks for completions
 * @late: the device checks whether to call once it has served all buffers, not
 *	after each push
 * @backwards: the device completes the last buffer of a batch first
 * @singly: the device pushes each completion by itself
 * @apart: the device completes buffers in a second thread
 * @num: number of entries
 * @packed_num: number of entries of a packed ring, if not @num
 * @wrap: initial wrap counter of a packed ring
 * @batch: the most buffers that the device pops at once
 * @needs: number of buffers that the device must have before it serves any, if
 *	more than 1
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
 * struct explore_area - the memory that all threads share
 * @desc: descriptor area
 * @driver: driver area
 * @device: device area
 * @data: the contents of each buffer
 * @handed: for each buffer its id and EXPLORE_HANDED, once it was handed to the
 *	completer
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

/*
 * Initialises an engine for the scenario. With VIRTIO_F_IN_ORDER it uses @ndesc
 * and @held.
 */
void explore_ring_init(struct vhx_ring *r, u16 *ndesc, struct vhx_held *held);
/* Checks the request in buffer @k and overwrites it with the answer. */
void explore_serve(unsigned int k);

/* The number of buffers that the device popped and did not give back. */
unsigned int explore_popped(void);

/* Address, length and contents of buffer @k. */
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

/* Where both sides begin: an index, or one half of a packed base. */
static inline u16 explore_base(void)
{
	return config.packed ? (config.num - 1) | (u16)config.wrap << 15 :
			       U16_MAX;
}

/*
 * Offset from buffer_addr() of the additional descriptor of a buffer of two. It
 * is device-readable and so comes first.
 */
#define BUFFER_SECOND 0x800

/* Bytes written to buffer @k: only the first two are filled completely. */
static inline u32 buffer_used(unsigned int k)
{
	return k < 2 ? buffer_len(k) : buffer_len(k) - 1;
}

struct explore_thread explore_device(void);
struct explore_thread explore_completer(void);
struct explore_thread explore_driver(void);

/**
 * struct driver_ring - the driver's side of a ring
 * @num_added: number of entries added since the driver last checked whether to
 *	kick
 * @avail: the next entry to make available
 * @used: the next used entry to look at
 * @avail_wrap: wrap counter of @avail, on a packed ring
 * @used_wrap: wrap counter of @used, on a packed ring
 * @disabled: true while the driver wants no calls
 * @free: bit mask of the free ids
 * @back: number of buffers taken back
 * @out: bit mask of the buffers that the device has
 * @id: id of each of these buffers: on a split ring its head
 * @ids: bit mask of the ids that each of these buffers occupies
 * @descs: number of descriptors of each of these buffers
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
 * struct driver_ops - the operations of a format
 * @init: initialises the ring
 * @add: makes buffer @k of @n descriptors available
 * @must_kick: returns whether the device wants a kick for what was added
 * @get: reads the next completion; returns false if there is none
 * @got: advances past a completion that is for @n buffers, which have @descs
 *	descriptors
 * @disable: disables calls
 * @enable: enables calls; returns true if there already is a completion
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

/* Takes the lowest free id: on a split ring the index of a descriptor. */
u16 driver_take_id(struct driver_ring *r);

#endif /* EXPLORE_H */
