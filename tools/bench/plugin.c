// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU's emulator for tools/bench. It counts instructions that lock
 * the bus (a lock prefix, or an xchg with memory) and bytes that are copied:
 * those that rep movs and the kernel's copy functions write. At each nop of the
 * kind that count.c has, it writes both counts since the previous one to a
 * file.
 *
 *	out=FILE	that file
 *	ranges=FILE	begin and end of each function, in hex, a line each
 *	hot=FILE	as well: where instructions were executed, and how many
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 4;

#define MAX_RANGES 64

static const uint8_t mark[] = { 0x0f, 0x1f, 0x80, 0x76, 0x68, 0x78, 0x62 };
static const uint8_t reload[] = { 0x0f, 0x1f, 0x80, 0x76, 0x68, 0x78, 0x63 };

static char out[4096], ranges[4096], hot[4096];
static struct { uint64_t begin, end; } range[MAX_RANGES];
static size_t nranges;
static uint64_t self;

/* The host that is measured has one CPU. */
static unsigned long long locked, copied;

/* A block of translated instructions, without a jump in it. */
struct block {
	struct block *next;
	unsigned long long addr;
	unsigned long long insns;
	unsigned long long count;
};

static struct block *blocks;

static void on_block(unsigned int cpu, void *data)
{
	((struct block *)data)->count++;
}

static void count_block(struct qemu_plugin_tb *tb)
{
	struct block *b = malloc(sizeof(*b));

	if (!b)
		return;
	*b = (struct block){
		.next = blocks,
		.addr = qemu_plugin_tb_vaddr(tb),
		.insns = qemu_plugin_tb_n_insns(tb),
	};
	blocks = b;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS,
					     b);
}

static void write_blocks(void)
{
	FILE *f = hot[0] ? fopen(hot, "w") : NULL;
	struct block *b;

	for (b = blocks; b; b = b->next) {
		if (f && b->count)
			fprintf(f, "%llx %llu\n", b->addr,
				b->count * b->insns);
		b->count = 0;
	}
	if (f)
		fclose(f);
}

static void on_locked(unsigned int cpu, void *data)
{
	locked++;
}

static void on_store(unsigned int cpu, uint32_t info,
		     uint64_t addr, void *data)
{
	copied += 1u << qemu_plugin_mem_size_shift(info);
}

static void on_mark(unsigned int cpu, void *data)
{
	FILE *f = fopen(out, "w");

	if (f) {
		fprintf(f, "%llu %llu\n", locked, copied);
		fclose(f);
	}
	write_blocks();
	locked = 0;
	copied = 0;
}

static bool is_locked(const uint8_t *b, size_t len)
{
	bool rep = false;
	size_t i = 0;

	for (; i < len; i++) {
		if (b[i] == 0xf0)
			return true;
		if (b[i] == 0xf2 || b[i] == 0xf3)
			rep = true;
		else if (b[i] != 0x66 && b[i] != 0x2e && b[i] != 0x36 &&
			 b[i] != 0x3e && b[i] != 0x26 && b[i] != 0x64 &&
			 b[i] != 0x65 && (b[i] & 0xf0) != 0x40)
			break;
	}
	/* xchg, whose operand is in memory unless both bits say a register. */
	return !rep && i + 1 < len && (b[i] == 0x86 || b[i] == 0x87) &&
	       b[i + 1] >> 6 != 3;
}

/*
 * Both copy functions of the kernel become this if the CPU has fast rep movs.
 */
static bool is_rep_movs(const uint8_t *b, size_t len)
{
	size_t op = len > 2 && (b[1] & 0xf0) == 0x40 ? 2 : 1;

	return len > op && b[0] == 0xf3 && (b[op] == 0xa4 || b[op] == 0xa5);
}

static bool in_range(uint64_t addr)
{
	size_t i;

	for (i = 0; i < nranges; i++)
		if (addr >= range[i].begin && addr < range[i].end)
			return true;
	return false;
}

static void start(uint64_t id);

static void on_reload(unsigned int cpu, void *data)
{
	/* Forgets what is translated, so that all of it comes by here again. */
	qemu_plugin_reset(self, start);
}

static void on_exec(struct qemu_plugin_insn *insn,
		    void (*cb)(unsigned int cpu, void *data))
{
	qemu_plugin_register_vcpu_insn_exec_cb(insn, cb,
					       QEMU_PLUGIN_CB_NO_REGS, NULL);
}

static void on_translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb), len;
	uint8_t bytes[16];

	if (hot[0])
		count_block(tb);
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		len = qemu_plugin_insn_data(insn, bytes, sizeof(bytes));
		if (len == sizeof(mark) && !memcmp(bytes, mark, len))
			on_exec(insn, on_mark);
		else if (len == sizeof(reload) && !memcmp(bytes, reload, len))
			on_exec(insn, on_reload);
		else if (is_locked(bytes, len))
			on_exec(insn, on_locked);
		if (is_rep_movs(bytes, len) ||
		    in_range(qemu_plugin_insn_vaddr(insn)))
			qemu_plugin_register_vcpu_mem_cb(insn, on_store,
							 QEMU_PLUGIN_CB_NO_REGS,
							 QEMU_PLUGIN_MEM_W,
							 NULL);
	}
}

static void start(uint64_t id)
{
	FILE *f = fopen(ranges, "r");
	unsigned long long begin, end;

	self = id;
	nranges = 0;
	while (f && nranges < MAX_RANGES &&
	       fscanf(f, "%llx %llx", &begin, &end) == 2) {
		range[nranges].begin = begin;
		range[nranges++].end = end;
	}
	if (f)
		fclose(f);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info,
			       int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			snprintf(out, sizeof(out), "%s", argv[i] + 4);
		else if (!strncmp(argv[i], "ranges=", 7))
			snprintf(ranges, sizeof(ranges), "%s", argv[i] + 7);
		else if (!strncmp(argv[i], "hot=", 4))
			snprintf(hot, sizeof(hot), "%s", argv[i] + 4);
		else
			return -1;
	}
	start(id);
	return 0;
}
