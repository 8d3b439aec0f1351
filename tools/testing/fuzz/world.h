/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ring, the engine that serves it, the model that predicts what the engine
 * does, and the guest's other memory. Each area of the ring is an allocation
 * that ends where the area ends, so that the sanitizer detects an access beyond
 * it.
 */
#ifndef WORLD_H
#define WORLD_H

#include "virtqueue.h"

#include "input.h"
#include "model.h"

/* Guest memory for indirect tables. It repeats up to 4 GiB and ends there. */
#define TABLES 4096

/* More reads of indirect tables than this in one pop are an endless loop. */
#define READS 70000

/*
 * Which areas share memory, as a hostile owner may arrange it. With DRIVER_ODD
 * none do, but the driver area is aligned to 2 bytes only, which is not enough
 * for a packed ring.
 */
enum alias { APART, DEVICE_ON_DESC, DEVICE_ON_DRIVER, DRIVER_ODD, ALIASES };

/**
 * struct change - a change of the ring while the engine reads a table
 * @after: number of reads that are left before the change, if @armed
 * @armed: true until the change was made
 * @area: area of the ring
 * @at: offset in @area
 * @value: the two bytes that are written there
 */
struct change {
	unsigned int after;
	bool armed;
	enum ring_area area;
	u32 at;
	u16 value;
};

/**
 * struct world - the state of a run
 * @rd: reads indirect tables for the engine; must be the first member
 * @in: the rest of the input, which determines all steps
 * @c: configuration
 * @alias: which areas share memory
 * @ring: the engine's ring
 * @block: allocations of the areas that the engine works on
 * @copy: allocations of the areas that the model works on
 * @size: size of each area in bytes, or 0 if it shares another area's memory
 * @area: start of each of the engine's areas in @block
 * @tables: guest memory for indirect tables
 * @ndesc: as in &struct vhx_ring_config, for an in-order ring
 * @held: as in &struct vhx_ring_config, for an in-order ring
 * @nreads: number of reads of indirect tables in the current pop
 * @change: a change of the ring during one of the next such reads
 * @at: packed ring: position of the next descriptor that the driver writes
 * @desc: split ring: where the driver writes its next chain, modulo the size
 * @over: true once the run must end, as the engine refused the configuration or
 *	the driver has overwritten buffers in flight
 * @model: predicts what @ring does; not zeroed between runs, for speed
 * @reads: the reads that @nreads counts; not zeroed either
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

/* Allocates exactly @size zeroed bytes; @size may be 0. */
void *get(size_t size);

void world_begin(struct world *w, const u8 *data, size_t size);
void world_end(struct world *w);
void world_init(struct world *w, u32 base);
void world_compare(struct world *w, const char *what);
void world_forget_reads(struct world *w);

/* The driver's accesses. It writes to the engine's areas and to the model's. */
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
 * expect() - check what the engine did. If it is wrong, run the input again
 *	with all steps printed, print the message and abort.
 * note() - describe a step; printed only in such a run, or with TRACE set.
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
