#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A guest behind a virtual IOMMU, by stock QEMU: its driver maps what it gives a
# device, and unmaps it when it comes back, rings included. The network devices
# look addresses up in an IOTLB that QEMU fills on demand, with the invalidations
# of the guest's ATS and without ATS. A disk's memory is mapped by QEMU when the
# guest maps it. /dev/vda is the guest's disk (tools/testing/vm/mkguest).
#
#	E2E_SECONDS=5	of TCP each way, as every frame is mapped and unmapped
#	E2E_KIND=vhx	vhost: the network devices of the kernel's own
#	GUEST_BOUND	seconds that a step may take
case $(uname -r) in
*debug*) : "${GUEST_BOUND:=600}" "${E2E_SECONDS:=15}" ;;
esac
: "${GUEST_BOUND:=300}"
TCP_SECONDS=${E2E_SECONDS:-5}
kind=${E2E_KIND:-vhx}

here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../lib/ktap.sh
. "$here/../lib/ktap.sh"
# shellcheck source-path=SCRIPTDIR source=../../../vm/guest.sh
. "$here/../../../vm/guest.sh"
# shellcheck source-path=SCRIPTDIR source=../../../vm/measure.sh
. "$here/../../../vm/measure.sh"
# shellcheck source-path=SCRIPTDIR source=traffic.sh
. "$here/traffic.sh"

# The IOMMU must come before the devices behind it. caching-mode is for the disk.
devices() {
	local null=/sys/kernel/config/nullb/far

	guest_devices=(
		-machine kernel-irqchip=split
		-device "intel-iommu,intremap=on,device-iotlb=on,caching-mode=on"
	)
	modprobe null_blk nr_devices=0
	mkdir $null && echo 16 >$null/size && echo 1 >$null/memory_backed &&
		echo 1 >$null/power &&
		guest_disk qemu root /dev/vda &&
		guest_net "$kind" tap1 1 iommu_platform=on ats=on disable-legacy=on &&
		guest_net "$kind" tap2 2 iommu_platform=on disable-legacy=on packed=on &&
		guest_disk vhx far /dev/far iommu_platform=on disable-legacy=on
}

boot() {
	local each

	for each in vmlinuz-newer initrd-newer.img; do
		mcopy -n -i /dev/vda@@1M "::$each" "$work" || return
	done
	devices && guest_start -kernel "$work/vmlinuz-newer" \
		-initrd "$work/initrd-newer.img" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off intel_iommu=on iommu=nopt iommu.strict=1"
}

# Each device has a page table of its own, which is strictly kept.
is_behind() {
	guest_run "for path in /sys/class/net/eth*/device /sys/block/vd*/device; do
			pci=\$(realpath \$path/..)
			echo \$path \$(cut -c 34 \$path/features) \$(cat \$pci/iommu_group/type)
		done" | tee "$work/behind" &&
		[[ $(grep -c '^.*/eth[01]/.* 1 DMA$' "$work/behind") == 2 &&
			$(grep -c '/vd.*/.* 1 DMA$' "$work/behind") == 1 ]]
}

in_kernel() {
	cat "$guest_dir/qemu"
	! grep -i vhost "$guest_dir/qemu"
}

# heard: checks the output of three pings: every answer came and was right.
heard() {
	local say

	say=$(cat)
	echo "$say"
	[[ $(grep -c " 0% packet loss" <<<"$say") == 3 && $say != *"wrong data"* ]]
}

# pings N: of several sizes, through device N.
pings() {
	local size

	for size in 56 1472 9000; do
		ping -c 1 -W "$GUEST_BOUND" -s $size -p 766878c0ffee "10.0.$1.2"
	done | heard
}

fio_verify() {
	guest_run "cd /sys/block && disk=\$(grep -lx far */serial) &&
		fio --filename=/dev/\${disk%/*} --ioengine=io_uring --direct=1 \
		--name=x --rw=randrw --bsrange=512-64k --iodepth=32 --size=16m \
		--verify=crc32c --verify_fatal=1 --output-format=terse"
}

# rebind N: the guest's driver lets device N go, and all its memory, and takes it
# again.
rebind() {
	guest_run "cd /sys/bus/virtio/drivers/virtio_net || exit
		path=\$(dirname \$(grep -l ':0$1\$' /sys/class/net/*/address))
		name=\$(basename \$(realpath \$path/device))
		echo \$name >unbind && echo \$name >bind || exit
		path=\$(dirname \$(grep -l ':0$1\$' /sys/class/net/*/address))
		ip address add 10.0.$1.2/24 dev \${path##*/}
		ip link set \${path##*/} up"
}

rebinds() {
	local n

	for n in 1 2 3; do
		rebind "$1" && pings "$1" || return
	done
}

ktap_print_header
if [[ ! -b /dev/vda ]]; then
	ktap_skip_all "no guest disk at /dev/vda"
	exit "$KSFT_SKIP"
fi
work=$(mktemp -d)
ktap_set_plan 14

must "a guest boots behind an IOMMU" boot
try "its devices are behind it" is_behind
try "QEMU does not serve its network devices itself" in_kernel
for n in 1 2; do
	try "device $n: it answers" pings $n
	try "device $n: TCP from host to guest" tcp $n
	try "device $n: TCP from guest to host" tcp $n -R
	try "device $n: its driver is bound again" rebinds $n
done
try "fio finds on the disk what it wrote" fio_verify
must "it powers off" guest_stop
must "the devices are removed" guest_remove
rmdir /sys/kernel/config/nullb/far
rm -rf --one-file-system "$work"
ktap_finished
