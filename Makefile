# SPDX-License-Identifier: GPL-2.0
#
# vhx: in-kernel virtio back ends.
#
#   make                  modules and tools, for the running kernel or KDIR=
#   make install          for this kernel; uninstall removes all of it
#   make dkms             the same, but DKMS builds the modules for every kernel
#   make demo             a guest on a vhx disk and network, from nothing
#   make check            the tests: SUITE=name ..., KERNEL=6.1|6.12|7.2|debug
#   make fuzz SECONDS=60  libFuzzer on the ring engine; its findings: build/fuzz
#   make bench            the benchmarks: BENCH=name ..., COMPARE=old.json
#   make profile BENCH=   the functions in which a benchmark's instructions are
#   make lint             checkpatch, sparse, shellcheck, clang-tidy
#   make clean            removes what make built; distclean: and build/

VERSION	:= $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
KREL	?= $(shell uname -r)
KDIR	?= /lib/modules/$(KREL)/build
PREFIX	?= /usr
DESTDIR	?=
SECONDS	?= 60
UDEVDIR	?= /lib/udev/rules.d
LOADDIR	?= /usr/lib/modules-load.d
DKMS_SRC := $(DESTDIR)/usr/src/vhx-$(VERSION)
MODULES	:= vhx vhx_net vhx_blk vhx_rng

# In the kernel's own tree Kconfig would set these.
CONFIGS	:= CONFIG_VHX=m CONFIG_VHX_NET=m CONFIG_VHX_BLK=m CONFIG_VHX_RNG=m
KMAKE	:= $(MAKE) -C $(KDIR) M=$(CURDIR) $(CONFIGS)

all: modules tools

modules:
	$(KMAKE) modules

tools:
	$(MAKE) -C tools

# With DESTDIR files are only put in place: depmod, udevadm and dkms are for
# whoever installs the package.
install: modules_install files_install

modules_install: modules
	$(KMAKE) $(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) modules_install
	$(if $(DESTDIR),,depmod $(KREL))

# What comes with the modules, however they are built.
files_install: tools_install
	install -D -m 644 tools/udev/60-vhx.rules \
		$(DESTDIR)$(UDEVDIR)/60-vhx.rules
	install -D -m 644 tools/modules-load/vhx.conf \
		$(DESTDIR)$(LOADDIR)/vhx.conf
	$(if $(DESTDIR),,-udevadm control --reload)

tools_install: tools
	$(MAKE) -C tools install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

# dkms_remove VERSION: a line of shell: out of DKMS, if it is there.
dkms_remove = $(if $(DESTDIR),:,! dkms status vhx/$(1) 2>&- | grep -q . || \
		dkms remove vhx/$(1) --all)

# For every kernel, and every version that DKMS has.
uninstall:
	for conf in $(DESTDIR)/usr/src/vhx-*/dkms.conf; do \
		grep -qsx 'PACKAGE_NAME="vhx"' $$conf || continue; \
		dir=$${conf%/dkms.conf}; \
		$(call dkms_remove,$${dir##*/vhx-}) && rm -r $$dir || exit; \
	done
	for dir in $(DESTDIR)/lib/modules/*/; do \
		[ ! -d $$dir ] || find $$dir -type f \
			\( $(MODULES:%=-name '%.ko*' -o) -false \) \
			-print -delete | sed 's|/[^/]*$$||' | sort -u | \
		while read -r from; do \
			rmdir -p --ignore-fail-on-non-empty $$from; \
			$(if $(DESTDIR),:,depmod $$(basename $$dir)); \
		done; \
	done
	$(MAKE) -C tools uninstall PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	rm -f $(DESTDIR)$(UDEVDIR)/60-vhx.rules $(DESTDIR)$(LOADDIR)/vhx.conf
	$(if $(DESTDIR),,-udevadm control --reload)

# The sources only, and only those of the modules.
dkms: files_install
	$(call dkms_remove,$(VERSION))
	rm -rf $(DKMS_SRC)
	install -d $(DKMS_SRC)
	tar -c --exclude='*.o' --exclude='*.ko' --exclude='*.mod' \
		--exclude='*.mod.c' --exclude='modules.order' --exclude='.*' \
		Makefile Kbuild Kconfig dkms.conf LICENSE drivers include | \
		tar -x -C $(DKMS_SRC)
	$(if $(DESTDIR),,dkms add vhx/$(VERSION) && \
		dkms install vhx/$(VERSION) -k $(KREL))

demo:
	tools/testing/demo

check:
	tools/testing/check $(if $(KERNEL),-k "$(KERNEL)") $(SUITE)

fuzz:
	tools/testing/fuzz/fuzz run $(SECONDS)

bench:
	tools/bench/bench $(if $(COMPARE),--compare "$(COMPARE)") $(BENCH)

profile:
	tools/bench/profile $(BENCH)

lint:
	tools/testing/lint

clean:
	-$(KMAKE) clean
	$(if $(wildcard tools),$(MAKE) -C tools clean)

distclean: clean
	rm -rf build

help:
	@sed -n '/^#   make/s/^#   //p' $(firstword $(MAKEFILE_LIST))

.PHONY: all modules tools install modules_install files_install tools_install \
	uninstall dkms \
	demo check fuzz bench profile lint clean distclean help
