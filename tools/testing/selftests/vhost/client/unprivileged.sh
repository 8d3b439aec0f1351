#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A user in group kvm who may not lock any memory can use an instance with
# qemu-io, and boot a guest from it with QEMU, which has a network on vhx-net as
# well. Another user can't.
here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../lib/ktap.sh
. "$here/../lib/ktap.sh"
# shellcheck source-path=SCRIPTDIR source=udev.sh
. "$here/udev.sh"
vhxctl() { "$here/../../../../vhxctl/vhxctl" "$@"; }

nullb=/sys/kernel/config/nullb/unprivileged
disk=/dev/unprivileged
node=/dev/vhx/disk0
work=$(mktemp -d)
bound=120
case $(uname -r) in *debug*) bound=600 ;; esac

# as GROUP COMMAND...: as a user without any privilege.
as() {
	local group=$1
	shift

	(ulimit -l 0 && cd / && exec timeout $bound setpriv --reuid nobody \
		--regid nogroup --groups "$group" --inh-caps=-all \
		--bounding-set=-all -- "$@")
}

# A boot sector that writes 0x10 to the port of isa-debug-exit, so that QEMU's
# exit status is 0x21: mov $0x501,%dx; mov $0x10,%al; out %al,(%dx); hlt
boot_sector() {
	printf '\xba\x01\x05\xb0\x10\xee\xf4'
	head -c 503 /dev/zero
	printf '\x55\xaa'
}

# The modules are loaded: their nodes are older than udev, which starts here.
make_device() {
	modprobe null_blk nr_devices=0
	mkdir $nullb && echo 64 >$nullb/size &&
		echo 1 >$nullb/memory_backed && echo 1 >$nullb/power || return
	[[ -b $disk ]] || disk=/dev/nullb$(cat $nullb/index)
	boot_sector | dd of="$disk" oflag=direct bs=512 count=1 iflag=fullblock &&
		udev_start && udevadm trigger --settle --subsystem-match=misc &&
		vhxctl create blk disk0 --backend "$disk" --queues 4
}

permissions() {
	stat -c '%n %G %a' $node /dev/vhx-net /dev/vhx-blk | tee "$work/said"
	[[ $(grep -c ' kvm 660$' "$work/said") == 3 ]]
}

others() {
	! as nogroup cat $node && ! as nogroup cat /dev/vhx-net
}

io() {
	as kvm qemu-io --image-opts \
		"driver=virtio-blk-vhost-vdpa,path=$node,cache.direct=on" \
		-c 'write -P 7 1M 1M' -c 'read -P 7 1M 1M' | tee "$work/io"
	[[ $(grep -c '1 MiB, 1 ops' "$work/io") == 2 ]] &&
		! grep -i 'fail\|error' "$work/io"
}

# boots OPTION...: firmware in an unprivileged QEMU reads the boot sector, while
# QEMU has a network on vhx-net.
boots() {
	local accel=tcg status

	[[ ! -e /dev/kvm ]] || { accel=kvm; chmod 666 /dev/kvm; }
	ip tuntap add dev tap0 mode tap vnet_hdr user nobody &&
		ip link set tap0 up || return
	# shellcheck disable=SC2016 # the user's shell
	as kvm bash -c 'exec qemu-system-x86_64 "$@" 3<>/dev/vhx-net' bash \
		-M "q35,accel=$accel,memory-backend=ram" \
		-object memory-backend-memfd,id=ram,size=64M,share=on \
		-nodefaults -no-user-config -display none \
		-device isa-debug-exit -netdev \
		tap,id=n0,ifname=tap0,script=no,downscript=no,vhost=on,vhostfd=3 \
		-device virtio-net-pci,netdev=n0 "$@"
	status=$?
	ip link delete tap0
	echo "status $status"
	[[ $status == 33 ]]
}

in_kernel() {
	boots -device "vhost-vdpa-device-pci,vhostdev=$node,bootindex=1"
}

# As libvirt's <disk type='vhostvdpa'>.
block_layer() {
	boots -blockdev "driver=virtio-blk-vhost-vdpa,node-name=disk,path=$node,cache.direct=on" \
		-device virtio-blk-pci,drive=disk,bootindex=1
}

remove() {
	vhxctl destroy disk0 && udev_stop && echo 0 >$nullb/power &&
		rmdir $nullb
}

ktap_print_header
ktap_set_plan 7
must "a device is made" make_device
try "udev gives the nodes to group kvm" permissions
try "a user outside of it can't open them" others
try "qemu-io in group kvm" io
try "QEMU in group kvm: firmware boots from it" in_kernel
try "QEMU in group kvm: and through the block layer" block_layer
try "all of it is removed" remove
rm -rf "$work"
ktap_finished
