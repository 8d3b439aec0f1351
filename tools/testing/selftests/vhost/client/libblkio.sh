#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A client that is not ours: qemu-io and qemu-img use the node of an instance
# through libblkio's driver virtio-blk-vhost-vdpa. What they write is compared
# with the block device behind the instance, and what is written there with what
# they read.
#
#	CLIENT_KIND=vhx	vduse: QEMU's own vduse-blk export instead, to try the
#			test itself (6.12)
#	CLIENT_BOUND	seconds that a command may take
kind=${CLIENT_KIND:-vhx}
bound=${CLIENT_BOUND:-60}
mib=64
clients=10
case $(uname -r) in *debug*) bound=${CLIENT_BOUND:-300} clients=4 ;; esac

here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../lib/ktap.sh
. "$here/../lib/ktap.sh"
vhxctl() { "$here/../../../../vhxctl/vhxctl" "$@"; }

nullb=/sys/kernel/config/nullb/client
work=$(mktemp -d)
storage=

# The block device behind the instance.
make_disk() {
	modprobe null_blk nr_devices=0
	mkdir $nullb && echo $mib >$nullb/size &&
		echo 1 >$nullb/memory_backed && echo 1 >$nullb/power || return
	disk=/dev/client
	[[ -b $disk ]] || disk=/dev/nullb$(cat $nullb/index)
	[[ -b $disk ]]
}

make_vduse() {
	modprobe -a vduse vhost_vdpa
	qemu-storage-daemon --blockdev \
		host_device,node-name=disk,filename="$disk",cache.direct=on \
		--export vduse-blk,id=export,node-name=disk,name=client0,writable=on &
	storage=$!
	for _ in {1..50}; do
		vdpa dev add name client0 mgmtdev vduse && break
		sleep 0.2
	done
	node=/dev/vhost-vdpa-0
	[[ -c $node ]]
}

make_device() {
	if [[ $kind == vduse ]]; then
		make_vduse
		return
	fi
	node=/dev/vhx/client0
	vhxctl create blk client0 --backend "$disk" && [[ -c $node ]]
}

remove_device() {
	if [[ $kind == vduse ]]; then
		vdpa dev del client0
		kill "$storage" && wait "$storage"
		return
	fi
	vhxctl destroy client0 && [[ ! -e $node ]]
}

remove_disk() { echo 0 >$nullb/power && rmdir $nullb; }

device() { echo "driver=virtio-blk-vhost-vdpa,path=$node,cache.direct=on"; }
raw() { echo "driver=raw,file.driver=file,file.filename=$1"; }
img() { timeout "$bound" qemu-img "$@"; }

# qio ARGUMENT... -- COMMAND...: runs qemu-io. It fails if a pattern does not
# match.
qio() {
	local args=() status

	while [[ $1 != -- ]]; do args+=("$1"); shift; done
	shift
	while [[ $# -gt 0 ]]; do args+=(-c "$1"); shift; done
	timeout "$bound" qemu-io "${args[@]}" >"$work/io" 2>&1
	status=$?
	cat "$work/io"
	[[ $status == 0 ]] && ! grep -qi 'failed\|error' "$work/io"
}

# Commands on the device, and on the block device itself.
io() { qio --image-opts "$(device)" -- "$@"; }
on_disk() { qio -r -f raw -t none "$disk" -- "$@"; }

info() {
	img info --image-opts "$(device)" | tee "$work/info"
	grep -q "($((mib << 20)) bytes)" "$work/info"
}

# Sizes from one sector upwards. The first one is the first sector of the disk,
# the others end at multiples of 8 MiB, the last one at the end of the disk.
patterns() {
	local size n=1 end=512 writes=() reads=()

	for size in 512 1024 4096 12288 65536 131072 1048576 2097152 4194304; do
		writes+=("write -P $n $((end - size)) $size")
		reads+=("read -P $n $((end - size)) $size")
		end=$((n++ << 23))
	done
	io "${writes[@]}" flush "${reads[@]}" && on_disk "${reads[@]}"
}

# Data in several buffers: a chain of descriptors.
vectors() {
	io 'writev -P 0x77 8M 512 1024 4k 64k 512' \
		'readv -P 0x77 8M 64k 512 512 4k 1024' &&
		on_disk 'read -P 0x77 8M 71168'
}

# More requests than the ring has room for.
parallel() {
	local n writes=() reads=()

	for n in {1..200}; do
		writes+=("aio_write -q -P $n $((n * 64))k 64k")
		reads+=("aio_read -q -P $n $((n * 64))k 64k")
	done
	io "${writes[@]}" aio_flush "${reads[@]}" aio_flush &&
		on_disk "${reads[@]}" aio_flush
}

zeroes() {
	io 'write -P 0x33 16M 1M' 'write -z 16M 512k' 'read -P 0 16M 512k' \
		'read -P 0x33 16896k 512k' && on_disk 'read -P 0 16M 512k'
}

image_in() {
	head -c ${mib}M /dev/urandom >"$work/image"
	img convert -n -f raw "$work/image" --target-image-opts "$(device)" &&
		img compare --image-opts "$(raw "$work/image")" "$(device)" &&
		dd if="$disk" iflag=direct bs=1M status=none | cmp - "$work/image"
}

image_out() {
	img convert --image-opts "$(device)" -O raw "$work/back" &&
		cmp "$work/image" "$work/back"
}

# qemu-img compare finds a difference.
one_byte() {
	io 'write -P 0x00 32M 512' && on_disk 'read -P 0 32M 512' &&
		! img compare --image-opts "$(raw "$work/image")" "$(device)"
}

# Each of them becomes the owner of the same node.
again() {
	local n

	for ((n = 1; n <= clients; n++)); do
		io "write -P $n 0 64k" "read -P $n 0 64k" || return
	done
}

read_only() {
	[[ $kind != vduse ]] || return 0
	vhxctl destroy client0 &&
		vhxctl create blk client0 --backend "$disk" --read-only || return
	qio -r --image-opts "$(device)" -- 'read 0 64k' || return
	! io 'write -P 0x11 0 64k' && ! on_disk 'read -P 0x11 0 64k'
}

ktap_print_header
for each in qemu-io qemu-img qemu-storage-daemon; do
	command -v $each >/dev/null && continue
	ktap_skip_all "no $each"
	exit "$KSFT_SKIP"
done
ktap_set_plan 13

must "a disk is made" make_disk
must "a device is made" make_device
must "qemu-img info: its size" info
try "patterns of 512 bytes to 4 MiB" patterns
try "vectors" vectors
try "200 requests at once" parallel
try "zeroes" zeroes
try "qemu-img convert and compare: an image in" image_in
try "qemu-img convert: the image out" image_out
try "qemu-img compare sees a byte" one_byte
try "$clients clients after each other" again
try "a read-only device is not written" read_only
try "all of it is removed" eval 'remove_device && remove_disk'
rm -rf "$work"
ktap_finished
