#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vhxctl as an administrator uses it: what it makes, shows and removes, what it
# refuses, and that nothing is left of what failed.
here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../lib/ktap.sh
. "$here/../lib/ktap.sh"
vhxctl() { "$here/../../../../vhxctl/vhxctl" "$@"; }

vhx=/sys/kernel/config/vhx
nullb=/sys/kernel/config/nullb/vhxctl
disk=/dev/vhxctl

make_disk() {
	modprobe null_blk nr_devices=0
	mkdir $nullb && echo 64 >$nullb/size && echo 1 >$nullb/power || return
	[[ -b $disk ]] || disk=/dev/nullb$(cat $nullb/index)
	[[ -b $disk ]]
}

remove_disk() { echo 0 >$nullb/power && rmdir $nullb; }

# refuses STATUS TEXT COMMAND...: vhxctl's status, and its words.
refuses() {
	local want=$1 text=$2 said status
	shift 2

	said=$(vhxctl "$@" 2>&1)
	status=$?
	echo "status $status: $said"
	[[ $status == "$want" && $said == *"$text"* ]]
}

create() {
	vhxctl create blk one --backend "$disk" --queues 2 --queue-size 256 \
		--read-only --serial=s1 && [[ -c /dev/vhx/one ]] &&
		grep -x "$disk" $vhx/blk/one/backend &&
		grep -x 2 $vhx/blk/one/queues &&
		grep -x 256 $vhx/blk/one/queue_size &&
		grep -x 1 $vhx/blk/one/read_only &&
		grep -x s1 $vhx/blk/one/serial &&
		grep -x 1 $vhx/blk/one/packed &&
		grep -x 0 $vhx/blk/one/in_order && grep -x 1 $vhx/blk/one/enable
}

shows() {
	vhxctl list | grep -E "^blk +one +1 +$disk\$" &&
		vhxctl show one | grep -E '^queue_size +256$' &&
		vhxctl list -j | jq -e '.[0] | .type == "blk" and
			.name == "one" and .queues == 2 and .serial == "s1"' &&
		vhxctl show -j one | jq -e ".backend == \"$disk\""
}

# What it prints for QEMU is taken by QEMU.
qemu() {
	local options

	options=$(vhxctl qemu one bootindex=1) && echo "$options" || return
	# shellcheck disable=SC2086 # several words
	echo quit | timeout 60 qemu-system-x86_64 -M q35 -m 64 -S -nodefaults \
		-display none -monitor stdio $options && vhxctl libvirt one |
		grep -F "vhostdev=/dev/vhx/one"
}

in_use() {
	local status

	exec 5<>/dev/vhx/one
	refuses 1 busy destroy one
	status=$?
	exec 5>&-
	return $status
}

refusals() {
	refuses 1 exists create blk one --backend "$disk" &&
		refuses 1 busy create blk two --backend "$disk" &&
		refuses 1 'No such file' create blk two --backend /dev/none &&
		refuses 1 'lock device required' create blk two --backend /dev/zero &&
		refuses 1 'Invalid argument' create blk two --queue-size 3 &&
		refuses 1 'Invalid argument' create blk two &&
		refuses 2 'has no --speed' create blk two --speed 1 &&
		refuses 2 'needs a value' create blk two --backend &&
		refuses 2 'no name' create blk a/b &&
		refuses 1 'vhx_none is not loaded' create none two &&
		refuses 1 'no instance' destroy two &&
		refuses 2 'no command' frob &&
		[[ ! -e $vhx/blk/two && ! -e /dev/vhx/two ]]
}

destroy() {
	vhxctl destroy one && [[ ! -e $vhx/blk/one && ! -e /dev/vhx/one ]] &&
		[[ $(vhxctl list -j) == '[]' ]]
}

other_type() {
	vhxctl create rng dice --packed 0 --in-order &&
		[[ -c /dev/vhx/dice ]] && grep -x 0 $vhx/rng/dice/packed &&
		grep -x 1 $vhx/rng/dice/in_order && vhxctl list | grep '^rng' && vhxctl destroy dice
}

ktap_print_header
ktap_set_plan 9
must "a disk is made" make_disk
must "create" create
try "list and show, as text and as JSON" shows
try "qemu and libvirt" qemu
try "destroy is refused while it is open" in_use
try "what is wrong is refused with its reason" refusals
try "destroy" destroy
try "another type" other_type
try "the disk is free again" remove_disk
ktap_finished
