/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring, the engine that serves it and the model that says what the engine
 * must do; and the guest's other memory. Each area is an allocation of its own,
 * as long as it must be and no longer, so that the sanitizer sees a step out of
 * it.
 */
#ifndef WORLD_H
#define WORLD_H

#include "virtqueue.h"

#include "input.h"
#include "model.h"

/* Guest memory for tables: it repeats itself up to 4 GiB, and there ends. */
#define TABLES 4096

/* Reads of tables in one pop at most: beyond, the engine runs for ever. */
#define READS 70000

/*
 * Which areas lie in the same memory, as a hostile owner may have it; or that a
 * packed ring's driver area has but the alignment of a split one's.
 */
enum alias { APART, DEVICE_ON_DESC, DEVICE_ON_DRIVER, DRIVER_ODD, ALIASES };

/**
 * struct change - what the guest changes while a table is read
 * @after: so many reads from now, if @armed
 * @armed: there is one
 * @area: in that area of the ring
 * @at: there, two bytes
 * @value: to this
 */
struct change {
	unsigned int after;
	bool armed;
	enum ring_area area;
	u32 at;
	u16 value;
};

/**
 * struct world - all there is
 * @rd: how the engine reads tables; the first member
 * @in: what is to happen
 * @c: configuration
 * @alias: areas that are one
 * @ring: the engine's
 * @block: ring memory that the engine works on, and
 * @copy: the model's
 * @size: bytes of both, 0 if the area lies in another's
 * @area: begin of the engine's areas
 * @tables: guest memory for tables
 * @ndesc: of an in-order ring
 * @held: of an in-order ring
 * @nreads: how many reads there were in the pop at hand
 * @change: what will change while it does
 * @at: a packed ring's driver: descriptors before the next it writes
 * @desc: a split ring's driver: where it writes its next chain
 * @over: there can't be more of this: the driver confused itself
 * @model: what @ring must do; does not begin as 0, for speed
 * @reads: what was read, likewise
 */
struct world {
	struct vhx_ring_reader rd;
	struct input in;
	struct model_config c;
	enum alias alias;
	struct vhx_ring ring;
	u8 *block[AREAS];
	u8 *copy[AREAS];
	size_t size[AREAS];
	u8 *area[AREAS];
	u8 tables[TABLES];
	u16 *ndesc;
	struct vhx_held *held;
	unsigned int nreads;
	struct change change;
	u64 at;
	u32 desc;
	bool over;
	struct model model;
	struct model_read reads[READS];
};

/* Exactly that much, none included. */
void *get(size_t size);

void world_begin(struct world *w, const u8 *data, size_t size);
void world_end(struct world *w);
void world_init(struct world *w, u32 base);
void world_compare(struct world *w, const char *what);
void world_forget_reads(struct world *w);

/* The driver's: to the engine's memory and to the model's. */
size_t area_size(const struct world *w, enum ring_area area);
void write16(struct world *w, enum ring_area area, size_t at, u16 value);
void write32(struct world *w, enum ring_area area, size_t at, u32 value);
void write64(struct world *w, enum ring_area area, size_t at, u64 value);
u16 read16(const struct world *w, enum ring_area area, size_t at);

void driver_step(struct world *w, u8 op);
void driver_simple(struct world *w, u16 id);
void driver_settle(struct world *w);
void device_step(struct world *w, u8 op);

/*
 * expect() - the engine did as it must; if not, tells what led there and ends.
 * note() - what happens, told only then.
 */
extern bool tracing;
void differs(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

#define expect(ok, ...) do {		\
	if (!(ok))			\
		differs(__VA_ARGS__);	\
} while (0)

#define note(...) do {				\
	if (tracing)				\
		fprintf(stderr, __VA_ARGS__);	\
} while (0)

#endif /* WORLD_H */
