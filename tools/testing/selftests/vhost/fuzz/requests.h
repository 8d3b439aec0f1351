/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a driver would ask a device for, and what none would.
 */
#ifndef FUZZ_REQUESTS_H
#define FUZZ_REQUESTS_H

#include "draw.h"
#include "memory.h"
#include "queue.h"

/* Guest memory for data. */
#define DATA_SIZE	0x20000UL

/**
 * struct data - guest memory that requests are made in
 * @mem: the guest's memory
 * @at: our address of it
 */
struct data {
	struct gmem *mem;
	char *at;
};

/* A plausible request, for each type of device and what it has queues for. */
typedef void (*request_fn)(struct data *data, struct draw *d, struct chain *c);

void request_receive(struct data *data, struct draw *d, struct chain *c);
void request_transmit(struct data *data, struct draw *d, struct chain *c);
void request_disk(struct data *data, struct draw *d, struct chain *c);
void request_entropy(struct data *data, struct draw *d, struct chain *c);

/* Make something wrong in it. */
void request_spoil(struct chain *c, struct draw *d, struct memory *m);

#endif /* FUZZ_REQUESTS_H */
