/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A slow and simple model of the device side of a virtqueue. It follows the
 * text of virtio 1.3 (2.7 and 2.8), not the engine. It predicts which buffers
 * or which error a pop returns, and every byte that the device writes. It works
 * on a copy of the ring's memory. Instead of indices that wrap it has
 * positions: 64-bit counts of entries.
 *
 * If several things are wrong, the first one in walking order determines the
 * error. The available index comes first. For each chain its head follows, then
 * its descriptors one after the other, then the sum of their lengths. For each
 * descriptor these are checked in turn: whether the chain is longer than the
 * ring (-ELOOP), whether there is room for a segment (-E2BIG), the flags (an
 * indirect table where none may be, readable after writable), the next field.
 * The length of an indirect table is checked before the table is read.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* The most buffers in flight. */
#define MODEL_FLIGHT 4096

enum ring_area { DESC, DRIVER, DEVICE, AREAS };

struct model_config {
	u16 num;
	bool packed;
	bool event_idx;
	bool indirect;
	bool in_order;
	bool notify_on_empty;
	u32 base;
};

struct model_seg {
	u64 addr;
	u32 len;
};

/**
 * struct model_buffer - a buffer
 * @at: position of its first entry
 * @entries: number of entries that it takes: its descriptors on a packed ring,
 *	1 on a split one
 * @id: buffer id; on a split ring the head of the chain
 * @nout: number of device-readable segments
 * @nin: number of device-writable segments
 * @out_len: bytes in the device-readable segments
 * @in_len: bytes in the device-writable segments
 * @done: completed; an in-order ring shows it to the driver when all buffers
 *	before it are completed
 * @written: bytes written, as the completion says
 * @token: the engine's &struct vhx_chain.id; the model does not use it
 * @pos: the engine's &struct vhx_chain.pos; the model does not use it
 */
struct model_buffer {
	u64 at;
	u32 entries;
	u16 id;
	u32 nout;
	u32 nin;
	u64 out_len;
	u64 in_len;
	bool done;
	u32 written;
	u32 token;
	u16 pos;
};

/**
 * struct model_read - a read of guest memory by the engine
 * @addr: guest address
 * @len: number of bytes
 * @err: 0, or the errno that the engine got
 * @data: the bytes that the engine got, or NULL
 * @area: area of the ring that changed during the read, if @changed
 * @at: offset of the change in @area
 * @value: the two bytes that were written there
 * @changed: true if the ring changed during the read
 */
struct model_read {
	u64 addr;
	u32 len;
	int err;
	u8 *data;
	bool changed;
	enum ring_area area;
	u32 at;
	u16 value;
};

/**
 * struct model - a device
 * @c: configuration
 * @area: copies of the ring's areas, which may share memory
 * @next: position of the next entry to pop
 * @seen: position of the first entry that the device never saw available
 * @used: position of the next used entry to write
 * @called: @used at the last model_need_call(), if @asked
 * @asked: true after the first model_need_call()
 * @lied: true if a push since then used more entries than a packed ring has:
 *	the driver made some available again before they were used
 * @flight: buffers popped and not shown as used, in the order of the pops
 * @nflight: number of buffers in @flight
 * @reads: the engine's reads of guest memory in the current pop
 * @nreads: number of @reads
 * @nread: number of @reads that the model has made use of
 * @wrong: what is wrong with the engine's @reads, or NULL
 */
struct model {
	struct model_config c;
	u8 *area[AREAS];
	u64 next;
	u64 seen;
	u64 used;
	u64 called;
	bool asked;
	bool lied;
	struct model_buffer flight[MODEL_FLIGHT];
	unsigned int nflight;
	const struct model_read *reads;
	unsigned int nreads;
	unsigned int nread;
	const char *wrong;
};

/* A return value: the standard allows both answers. */
#define MODEL_EITHER 2

size_t model_area_size(bool packed, unsigned int num, enum ring_area area);
bool model_config_ok(const struct model_config *c);
void model_init(struct model *m, const struct model_config *c);

int model_pop(struct model *m, unsigned int n, struct model_seg *segs,
	      unsigned int room);
void model_unpop(struct model *m, unsigned int left);
bool model_push(struct model *m, const unsigned int *which, const u32 *lens,
		unsigned int n);
int model_need_call(struct model *m);
bool model_kick_enable(struct model *m);
void model_kick_disable(struct model *m);
bool model_more(const struct model *m);
u32 model_base(const struct model *m);

/**
 * struct model_chain - a chain while it is walked
 * @b: the buffer, filled in
 * @segs: its segments, filled in
 * @room: number of segments that @segs has room for
 */
struct model_chain {
	struct model_buffer *b;
	struct model_seg *segs;
	unsigned int room;
};

/**
 * struct model_format - the operations of a ring format
 * @start: begins at the configured base
 * @known: looks for available buffers before a batch is popped; returns 0 or a
 *	negative errno. Optional.
 * @pop: pops the next buffer; returns 1, 0 if there is none, or a negative
 *	errno
 * @write_used: writes the used entry at position @at
 * @show_used: shows the driver the used entries up to &struct model.used; NULL
 *	if @write_used does
 * @need_call: see model_need_call()
 * @more: see model_more()
 * @kick: see model_kick_enable() and model_kick_disable()
 * @base: see model_base()
 */
struct model_format {
	void (*start)(struct model *m);
	int (*known)(struct model *m);
	int (*pop)(struct model *m, struct model_chain *c);
	void (*write_used)(struct model *m, u64 at, u16 id, u32 len);
	void (*show_used)(struct model *m);
	int (*need_call)(struct model *m, u64 called, bool asked);
	bool (*more)(const struct model *m);
	void (*kick)(struct model *m, bool on);
	u32 (*base)(const struct model *m);
};

extern const struct model_format model_split, model_packed;

/*
 * The user of the model implements this. A pop calls it for each part of an
 * area that the device looks at, which it may read once for each call.
 */
void model_looks(enum ring_area area, size_t at, size_t len);

/* Helpers for the formats. */
u16 get16(const u8 *p);
u32 get32(const u8 *p);
u64 get64(const u8 *p);
void put16(u8 *p, u16 value);
void put32(u8 *p, u32 value);
bool model_full(const struct model_chain *c);
int model_add(struct model_chain *c, u64 addr, u32 len, bool write);
int model_entry(struct model *m, u64 table, u32 entries, u32 i, u8 *entry);

#endif /* MODEL_H */
