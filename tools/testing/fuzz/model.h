/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A slow and simple model of the device side of a virtqueue, from the text of
 * virtio 1.3 (2.7 and 2.8) and not from the engine: what a pop must bring or
 * must be refused with, and every byte that the device writes. It works on a
 * copy of the ring's memory, and counts buffers and descriptors in 64 bits
 * instead of in indices that wrap.
 *
 * Of two things that are wrong the first in walking order decides: the ring's
 * index, then each chain's head, then its descriptors one after the other, then
 * its length as a whole. For a descriptor there must be an end of a chain as long
 * as the ring (-ELOOP) and room (-E2BIG), then its flags count (a table that must
 * not be there, readable behind writable), then the place of the next one. A
 * table's length is looked at before it is read.
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

/* Buffers in flight at most. */
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
 * @at: entries of the ring before it
 * @entries: that it takes
 * @id: what the driver calls it
 * @nout: device-readable segments
 * @nin: device-writable segments
 * @out_len: bytes in the former
 * @in_len: bytes in the latter
 * @done: completed, and waiting for those before it
 * @written: bytes that the completion told
 * @token: the engine's own name for it; nothing to the model
 * @pos: the engine's own place of it; nothing to the model
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
 * struct model_read - the engine read guest memory, in the order it did
 * @addr: from there
 * @len: so many bytes
 * @err: what it was answered
 * @data: and given
 * @area: what of the ring changed behind its back at that time
 * @at: offset there
 * @value: two bytes, if @changed
 * @changed: it did
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
 * @area: copies of the ring's memory; areas may be the same
 * @next: entries before the one that is popped next
 * @seen: entries before the first that was never looked at
 * @used: entries before the one that is written next
 * @called: @used when a call was last considered, if @asked
 * @asked: it was ever
 * @lied: since then a batch was longer than a packed ring can be
 * @flight: buffers popped and not given back to the driver, in that order
 * @nflight: how many
 * @reads: reads of guest memory in the pop at hand
 * @nreads: how many
 * @nread: and how many were accounted for
 * @wrong: what the engine did that no answer can set right, or NULL
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

/* Answers of which the standard leaves the choice. */
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
 * struct model_chain - a buffer while it is walked
 * @b: it
 * @segs: its segments
 * @room: for so many
 */
struct model_chain {
	struct model_buffer *b;
	struct model_seg *segs;
	unsigned int room;
};

/**
 * struct model_format - what differs
 * @start: from the base and the memory
 * @pop: the next buffer: 1, 0 if there is none, or an errno
 * @known: look for what there is to be popped: 0 or an errno; or NULL
 * @write_used: tells the driver that entry @at is used
 * @show_used: and that entries up to &struct model.used are; or NULL
 *
 * The others as their namesakes above.
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

/* Implemented by who wants to know: in a pop this is looked at, once. */
void model_looks(enum ring_area area, size_t at, size_t len);

/* For the formats. */
u16 get16(const u8 *p);
u32 get32(const u8 *p);
u64 get64(const u8 *p);
void put16(u8 *p, u16 value);
void put32(u8 *p, u32 value);
bool model_full(const struct model_chain *c);
int model_add(struct model_chain *c, u64 addr, u32 len, bool write);
int model_entry(struct model *m, u64 table, u32 entries, u32 i, u8 *entry);

#endif /* MODEL_H */
