# SPDX-License-Identifier: GPL-2.0
#
# vhx: in-kernel virtio back ends.
#
#   make                  modules and tools, for the running kernel or KDIR=
#   make install          for this kernel; uninstall takes it all away again
#   make dkms             registers with DKMS instead
#   make demo             a guest on a vhx disk and network, from nothing
#   make check            the tests: SUITE=name ..., KERNEL=6.1|6.12|7.2|debug
#   make fuzz SECONDS=60  the ring engine, by libFuzzer; finds: build/fuzz
#   make bench            what it costs, beside its peers: BENCH=name ..., COMPARE=
#   make profile BENCH=   where the instructions of one go
#   make lint             checkpatch, sparse, shellcheck, clang-tidy
#   make clean            what make made here; distclean: and build/

VERSION	:= $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
KREL	?= $(shell uname -r)
KDIR	?= /lib/modules/$(KREL)/build
PREFIX	?= /usr
DESTDIR	?=
SECONDS	?= 60
UDEVDIR	?= /lib/udev/rules.d
DKMS_SRC := $(DESTDIR)/usr/src/vhx-$(VERSION)

# What Kconfig would have set in the kernel's own tree.
CONFIGS	:= CONFIG_VHX=m CONFIG_VHX_NET=m CONFIG_VHX_BLK=m CONFIG_VHX_RNG=m
KMAKE	:= $(MAKE) -C $(KDIR) M=$(CURDIR) $(CONFIGS)

all: modules tools

modules:
	$(KMAKE) modules

tools:
	$(MAKE) -C tools

install: modules_install tools_install
	install -D -m 644 tools/udev/60-vhx.rules \
		$(DESTDIR)$(UDEVDIR)/60-vhx.rules
	$(if $(DESTDIR),,-udevadm control --reload)

modules_install: modules
	$(KMAKE) $(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) modules_install
	depmod $(if $(DESTDIR),-b $(DESTDIR)) $(KREL)

tools_install: tools
	$(MAKE) -C tools install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

uninstall:
	find $(DESTDIR)/lib/modules/$(KREL) -name 'vhx*.ko*' -delete
	depmod $(if $(DESTDIR),-b $(DESTDIR)) $(KREL)
	$(MAKE) -C tools uninstall PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	rm -f $(DESTDIR)$(UDEVDIR)/60-vhx.rules
	$(if $(DESTDIR),,-udevadm control --reload)

dkms:
	install -d $(DKMS_SRC)
	cp -r Makefile Kbuild Kconfig dkms.conf LICENSE drivers include $(DKMS_SRC)
	$(if $(DESTDIR),,dkms add -m vhx -v $(VERSION) && \
		dkms install -m vhx -v $(VERSION))

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

.PHONY: all modules tools install modules_install tools_install uninstall dkms \
	demo check fuzz bench profile lint clean distclean help
