/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads numbers from the fuzzer's input. Beyond its end they are all 0.
 */
#ifndef INPUT_H
#define INPUT_H

#include "model.h"

struct input {
	const u8 *at;
	const u8 *end;
};

static inline u8 input8(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static inline u16 input16(struct input *in)
{
	u16 low = input8(in);

	return low | input8(in) << 8;
}

static inline u32 input32(struct input *in)
{
	u32 low = input16(in);

	return low | (u32)input16(in) << 16;
}

static inline u64 input64(struct input *in)
{
	u64 low = input32(in);

	return low | (u64)input32(in) << 32;
}

#endif /* INPUT_H */
