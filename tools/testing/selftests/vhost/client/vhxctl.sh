#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vhxctl as an administrator uses it: what it creates, shows and removes, what
# it refuses, and that nothing is left of what failed.
here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../lib/ktap.sh
. "$here/../lib/ktap.sh"
# shellcheck source-path=SCRIPTDIR source=udev.sh
. "$here/udev.sh"
top=$(realpath "$here/../../../../..")
vhxctl() { "$top/tools/vhxctl/vhxctl" "$@"; }

vhx=/sys/kernel/config/vhx
nullb=/sys/kernel/config/nullb/vhxctl
disk=/dev/vhxctl
work=$(mktemp -d)
bound=60
case $(uname -r) in *debug*) bound=300 ;; esac

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

# holds NAME ATTRIBUTE VALUE: of a blk instance.
holds() {
	echo "$2: $(cat "$vhx/blk/$1/$2")"
	[[ $(cat "$vhx/blk/$1/$2") == "$3" ]]
}

create() {
	vhxctl create blk one --backend "$disk" --queues 2 --queue-size 2048 \
		--workers 2 --poll-us -1 --read-only --serial=s1 &&
		[[ -c /dev/vhx/one ]] && holds one workers 2 &&
		holds one poll_us -1 &&
		holds one backend "$disk" && holds one queues 2 &&
		holds one queue_size 2048 && holds one read_only 1 &&
		holds one serial s1 && holds one packed 1 &&
		holds one in_order 0 && holds one enable 1
}

shows() {
	vhxctl list | grep -E "^blk +one +1 +$disk\$" &&
		vhxctl show one | grep -E '^queue_size +2048$' &&
		vhxctl list -j | jq -e '.[0] | .type == "blk" and
			.name == "one" and .queues == 2 and .serial == "s1"' &&
		vhxctl show -j one | jq -e ".backend == \"$disk\""
}

# The types of all attributes, also if text looks like a number. An attribute
# that is new has to be added here, and in vhxctl if it is a number.
json_types() {
	cat >"$work/types" <<-END
	{"backend":"string","driver_features":"string","enable":"number",
	"in_order":"number","memory":"string","name":"string","packed":"number",
	"poll_us":"number","queue_size":"number","queues":"number",
	"read_only":"number","serial":"string","type":"string",
	"workers":"number"}
	END
	vhxctl create blk 7 --backend "$disk" --serial 123 &&
		vhxctl show -j 7 | tee "$work/7" &&
		jq -e --slurpfile want "$work/types" \
			'map_values(type) == $want[0]' "$work/7" &&
		jq -e '.name == "7" and .serial == "123"' "$work/7" &&
		vhxctl destroy 7
}

# What JSON has to escape, in a name that was made by hand.
json_text() {
	local name=$'a"b\\c\td&e'

	mkdir "$vhx/blk/$name" || return
	echo ' a"b\c ' >"$vhx/blk/$name/serial"
	vhxctl list -j | jq -e --arg name "$name" \
		'.[0] | .name == $name and .serial == " a\"b\\c "' &&
		rmdir "$vhx/blk/$name"
}

# serial VALUE ARGUMENT...: the serial number that create sets with them.
serial() {
	local want=$1
	shift

	vhxctl create blk two --backend "$disk" "$@" &&
		holds two serial "$want" && vhxctl destroy two
}

dashes() {
	serial -n --serial -n && serial -e --serial -e &&
		serial --queues --serial --queues && serial -- --serial -- &&
		serial --x=1 --serial=--x=1 && serial -n --read-only --serial -n
}

# A switch takes the 0 or 1 behind it, and nothing else.
switches() {
	vhxctl create blk two --backend "$disk" --in-order --packed 0 \
		--read-only 0 && holds two in_order 1 && holds two packed 0 &&
		holds two read_only 0 && vhxctl destroy two &&
		vhxctl create blk two --backend "$disk" --packed=0 --read-only &&
		holds two packed 0 && holds two read_only 1 && vhxctl destroy two
}

relative() {
	(cd /dev && vhxctl create blk two --backend "${disk#/dev/}") &&
		holds two backend "$disk" && vhxctl destroy two &&
		(cd /sys && vhxctl create blk two --backend "../$disk") &&
		holds two backend "/sys/../$disk" && vhxctl destroy two
}

# What it prints for QEMU is taken by QEMU. Queues of more than 1024 entries
# make QEMU abort if it is not told to have smaller ones.
qemu_takes() {
	echo quit | timeout $bound qemu-system-x86_64 -M q35 -m 64 -S \
		-nodefaults -display none -monitor stdio "$@"
}

qemu() {
	local options

	options=$(vhxctl qemu one bootindex=1) && echo "$options" || return
	[[ $options == *,queue-size=1024,* ]] || return
	# shellcheck disable=SC2086 # several words
	qemu_takes $options && ! qemu_takes "${options/queue-size=1024,}" &&
		vhxctl libvirt one bootindex=1 | tee "$work/xml" &&
		grep -F "value='${options#-device }'" "$work/xml" &&
		vhxctl libvirt one "a=<b>&'c'" |
		grep -F ",a=&lt;b>&amp;&apos;c&apos;'/>"
}

# The README shows what it prints.
readme() {
	local options

	vhxctl create blk disk0 --backend "$disk" &&
		options=$(vhxctl qemu disk0 bootindex=1 2>&1) &&
		vhxctl destroy disk0 || return
	echo "$options"
	grep -xF '    vhxctl qemu disk0 bootindex=1' "$top/README.md" &&
		grep -xF "    $options" "$top/README.md"
}

# QEMU takes the instance, but a guest would use queues that are too large.
small_queues() {
	vhxctl create blk two --backend "$disk" --queue-size 256 || return
	vhxctl qemu two >"$work/out" 2>"$work/err" && vhxctl destroy two ||
		return
	cat "$work/out" "$work/err"
	grep -q 'queue_size of two is 256' "$work/err" &&
		[[ $(<"$work/out") == '-device vhost-vdpa-device-pci,vhostdev=/dev/vhx/two' ]]
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
		refuses 1 'No such file' create blk two --backend --queues &&
		refuses 1 'lock device required' create blk two --backend /dev/zero &&
		refuses 1 'Invalid argument' create blk two --queue-size 3 &&
		refuses 1 'Invalid argument' create blk two &&
		refuses 1 'Invalid argument' create blk two --read-only=maybe &&
		refuses 1 'Invalid argument' create blk two --workers 0 &&
		refuses 1 'Invalid argument' create blk two --workers=17 &&
		refuses 1 'Invalid argument' create blk two --poll-us -2 &&
		refuses 2 'has no --speed' create blk two --speed 1 &&
		refuses 2 'has no --enable' create blk two --enable &&
		refuses 2 'needs a value' create blk two --backend &&
		refuses 2 'line break' create blk two --serial $'a\nb' &&
		refuses 2 'no name' create blk a/b &&
		refuses 1 'vhx_none is not loaded' create none two &&
		refuses 1 'no instances' create net two &&
		refuses 1 'no instance' destroy two &&
		refuses 1 'no instance' show .. &&
		refuses 1 'no instance' show ../blk/one &&
		refuses 2 'no NAME' destroy &&
		refuses 2 'no command' frob &&
		[[ ! -e $vhx/blk/two && ! -e /dev/vhx/two ]]
}

# Nothing that was said is ignored.
surplus() {
	refuses 2 "'two' is no option" create blk two two &&
		refuses 2 "'0' is no option" create blk two --serial x 0 &&
		refuses 2 "surplus argument 'two'" destroy one two &&
		refuses 2 "surplus argument '-x'" list -x &&
		refuses 2 "surplus argument 'one'" list -j one &&
		refuses 2 "surplus argument 'two'" show one two &&
		refuses 2 "surplus argument '-j'" show -j one -j &&
		refuses 2 "surplus argument 'one'" help one &&
		refuses 2 "'two' is not PROPERTY=VALUE" qemu one two &&
		refuses 2 "'two' is not PROPERTY=VALUE" libvirt one two &&
		[[ -c /dev/vhx/one && ! -e $vhx/blk/two ]]
}

destroy() {
	vhxctl destroy one && [[ ! -e $vhx/blk/one && ! -e /dev/vhx/one ]] &&
		[[ $(vhxctl list -j) == '[]' ]]
}

# named NAME: an instance of that name can be opened, and is listed by it.
named() {
	vhxctl create blk "$1" --backend "$disk" && [[ -c /dev/vhx/$1 ]] &&
		: <>"/dev/vhx/$1" &&
		vhxctl list -j | jq -e --arg name "$1" '.[0].name == $name' &&
		vhxctl destroy "$1" && [[ ! -e /dev/vhx/$1 ]]
}

names() {
	local longest

	longest=$(printf 'n%.0s' {1..251})
	named 6f1ed002-ab5b-4d8e-9b0a-5d1c3a7e2f10 && named "$longest" &&
		refuses 1 'File name too long' create blk "${longest}n" \
			--backend "$disk" &&
		[[ ! -e /dev/vhx/${longest}n && $(vhxctl list -j) == '[]' ]]
}

# When create returns, udev has applied its rules. Here it is slow.
permissions() {
	local said

	udev_start 'SUBSYSTEM=="misc", KERNEL=="vhx/*", PROGRAM=="/bin/sleep 1"' \
		|| return
	vhxctl create blk two --backend "$disk"
	said=$(stat -c '%G %a' /dev/vhx/two)
	vhxctl destroy two
	udev_stop
	echo "$said"
	[[ $said == 'kvm 660' ]]
}

other_type() {
	vhxctl create rng dice --packed 0 --in-order &&
		[[ -c /dev/vhx/dice ]] && grep -x 0 $vhx/rng/dice/packed &&
		grep -x 1 $vhx/rng/dice/in_order &&
		vhxctl list | grep '^rng' && vhxctl destroy dice
}

# alone TEXT COMMAND...: a test that has no instance before, nor after if it
# fails.
alone() {
	local dir

	try "$@" && return
	for dir in "$vhx"/*/*/; do
		[[ ! -d $dir ]] || rmdir "$dir"
	done
}

ktap_print_header
ktap_set_plan 19
must "a disk is made" make_disk
must "create" create
try "list and show, as text and as JSON" shows
try "qemu and libvirt" qemu
try "destroy is refused while it is open" in_use
try "what is wrong is refused with its reason" refusals
try "a surplus argument is refused" surplus
alone "destroy" destroy
alone "JSON: numbers by the attribute" json_types
alone "JSON: text is escaped" json_text
alone "values that begin with a dash" dashes
alone "switches" switches
alone "a relative path" relative
alone "names: a UUID, 251 characters, not more" names
alone "small queues: a warning" small_queues
alone "README: the options of a disk" readme
alone "create waits for udev" permissions
alone "another type" other_type
try "the disk is free again" remove_disk
rm -rf "$work"
ktap_finished
