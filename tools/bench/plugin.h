/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What plugin.c uses of the interface between QEMU and its plugins, version 4:
 * include/qemu/qemu-plugin.h of QEMU, which Debian has in no package.
 */
#ifndef VHX_BENCH_PLUGIN_H
#define VHX_BENCH_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define QEMU_PLUGIN_CB_NO_REGS	0
#define QEMU_PLUGIN_MEM_W	2

struct qemu_info_t;
struct qemu_plugin_insn;
struct qemu_plugin_tb;

/* Called for each block that is translated, to look at it and register more. */
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t id,
						      struct qemu_plugin_tb *));

/* When a block, or an instruction, is executed, or stores. */
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int cpu,
						     void *data),
					  int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int cpu,
						       void *data),
					    int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
				      void (*cb)(unsigned int cpu,
						 uint32_t info, uint64_t addr,
						 void *data),
				      int flags, int rw, void *data);

uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest,
			     size_t len);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
unsigned int qemu_plugin_mem_size_shift(uint32_t info);

/* Forget what is registered and translated; then @cb. */
void qemu_plugin_reset(uint64_t id, void (*cb)(uint64_t id));

#endif /* VHX_BENCH_PLUGIN_H */
