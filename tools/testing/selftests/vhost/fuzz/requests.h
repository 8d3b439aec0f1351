/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to the devices, valid and invalid.
 */
#ifndef FUZZ_REQUESTS_H
#define FUZZ_REQUESTS_H

#include "draw.h"
#include "memory.h"
#include "queue.h"

/* Guest memory for data. */
#define DATA_SIZE	0x20000UL

/**
 * struct data - guest memory for requests
 * @mem: the guest's memory
 * @at: where in the test's own mapping
 */
struct data {
	struct gmem *mem;
	char *at;
};

/* Make a valid request, for each type of device and queue. */
typedef void (*request_fn)(struct data *data, struct draw *d, struct chain *c);

void request_receive(struct data *data, struct draw *d, struct chain *c);
void request_transmit(struct data *data, struct draw *d, struct chain *c);
void request_disk(struct data *data, struct draw *d, struct chain *c);
void request_entropy(struct data *data, struct draw *d, struct chain *c);

/* Make one field of it wrong. */
void request_spoil(struct chain *c, struct draw *d, struct memory *m);

#endif /* FUZZ_REQUESTS_H */
