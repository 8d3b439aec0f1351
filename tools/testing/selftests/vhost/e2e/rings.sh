#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every kind of ring that a guest's drivers and stock QEMU can have: split and
# packed, in order and not, and a legacy device. A guest with a kernel that knows
# them all has a network and a disk of each; what it negotiated is what was asked
# for, TCP runs both ways and fio finds on the disks what it wrote. /dev/vda is
# the guest's disk (tools/testing/vm/mkguest), the root file system its own kind.
#
#	E2E_SECONDS=1	of TCP each way
#	GUEST_BOUND	seconds that a step may take
#	E2E_KINDS	which of them; on the debug kernel, which is slow, only the
#			one with most features
case $(uname -r) in
*debug*) : "${GUEST_BOUND:=600}" "${E2E_SECONDS:=3}" "${E2E_KINDS:=packed_order}" ;;
esac
TCP_SECONDS=${E2E_SECONDS:-1}

here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../lib/ktap.sh
. "$here/../lib/ktap.sh"
# shellcheck source-path=SCRIPTDIR source=../../../vm/guest.sh
. "$here/../../../vm/guest.sh"
# shellcheck source-path=SCRIPTDIR source=../../../vm/measure.sh
. "$here/../../../vm/measure.sh"
# shellcheck source-path=SCRIPTDIR source=traffic.sh
. "$here/traffic.sh"

# QEMU's properties, vhxctl's options, as its generic vdpa device offers whatever
# the instance does, and the bits VERSION_1, RING_PACKED and IN_ORDER as the guest
# shows them. That device has no legacy interface.
read -ra kinds <<<"${E2E_KINDS:-split packed order packed_order legacy}"
declare -A properties=(
	[split]='packed=off in_order=off'
	[packed]='packed=on in_order=off'
	[order]='packed=off in_order=on'
	[packed_order]='packed=on in_order=on'
	[legacy]='disable-modern=on disable-legacy=off'
)
declare -A options=(
	[split]='--packed 0' [packed]='--packed 1' [order]='--packed 0 --in-order'
	[packed_order]='--packed 1 --in-order'
)
declare -A bits=([split]=100 [packed]=110 [order]=101 [packed_order]=111 [legacy]=000)

# null_disk NAME: /dev/NAME of 16 MiB that keeps what is written.
null_disk() {
	local dir=/sys/kernel/config/nullb/$1

	modprobe null_blk nr_devices=0
	mkdir "$dir" && echo 16 >"$dir/size" && echo 1 >"$dir/memory_backed" &&
		echo 1 >"$dir/power"
}

devices() {
	local kind n=0
	local -a with

	for kind in "${kinds[@]}"; do
		read -ra with <<<"${properties[$kind]}"
		n=$((n + 1))
		guest_net vhx tap$n $n "${with[@]}" || return
		[[ $kind != legacy ]] || continue
		read -ra with <<<"${options[$kind]}"
		null_disk "$kind" && guest_vdpa blk "$kind" --backend "/dev/$kind" \
			--serial "$kind" "${with[@]}" || return
	done
	guest_vdpa blk root --backend /dev/vda --in-order
}

# The kernel is read from the guest's boot partition.
boot() {
	local each

	for each in vmlinuz-newer initrd-newer.img; do
		mcopy -n -i /dev/vda@@1M "::$each" "$work" || return
	done
	devices && guest_start -kernel "$work/vmlinuz-newer" \
		-initrd "$work/initrd-newer.img" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off"
}

# negotiated KIND PATH: the guest's device at PATH has the features of KIND.
negotiated() {
	local got

	got=$(guest_run "cut -c 33,35,36 $2/device/features") &&
		echo "$got" && [[ $got == "${bits[$1]}" ]]
}

net_negotiated() {
	negotiated "$1" "\$(dirname \$(grep -l ':0$2\$' /sys/class/net/*/address))"
}

disk_negotiated() {
	negotiated "$1" "\$(dirname \$(grep -lx $1 /sys/block/*/serial))"
}

fio_verify() {
	guest_run "cd /sys/block && disk=\$(grep -lx $1 */serial) &&
		fio --filename=/dev/\${disk%/*} --ioengine=io_uring --direct=1 \
		--name=x --rw=randrw --bsrange=512-64k --iodepth=32 --size=16m \
		--verify=crc32c --verify_fatal=1 --output-format=terse"
}

ktap_print_header
if [[ ! -b /dev/vda ]]; then
	ktap_skip_all "no guest disk at /dev/vda"
	exit "$KSFT_SKIP"
fi
work=$(mktemp -d)
plan=3
for kind in "${kinds[@]}"; do
	plan=$((plan + 4))
	[[ $kind == legacy ]] || plan=$((plan + 2))
done
ktap_set_plan $plan

must "a guest boots from a disk with a packed ring, in order" boot
n=0
for kind in "${kinds[@]}"; do
	n=$((n + 1))
	try "$kind: the network has it" net_negotiated "$kind" $n
	try "$kind: it answers" ping -c 1 -W "$GUEST_BOUND" "10.0.$n.2"
	try "$kind: TCP from host to guest" tcp $n
	try "$kind: TCP from guest to host" tcp $n -R
	[[ $kind != legacy ]] || continue
	try "$kind: the disk has it" disk_negotiated "$kind"
	try "$kind: fio finds what it wrote" fio_verify "$kind"
done
must "it powers off" guest_stop
must "the devices are removed" guest_remove
for kind in "${kinds[@]}"; do
	[[ $kind == legacy ]] || rmdir "/sys/kernel/config/nullb/$kind"
done
rm -rf --one-file-system "$work"
ktap_finished
