#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# End to end: stock QEMU boots a real guest from a vhx disk, with a vhx network
# and a vhx source of entropy. What the guest and the host send each other is
# compared. /dev/vda is the guest's disk (tools/testing/vm/mkguest).
#
#	E2E_MIB=64	random data written
#	E2E_SECONDS=3	of TCP each way
#	E2E_KIND=vhx	qemu: QEMU's own devices, to try the test itself
#	GUEST_BOUND	seconds that a step may take
kind=${E2E_KIND:-vhx}
mib=${E2E_MIB:-64}
TCP_SECONDS=${E2E_SECONDS:-3}
disk=/dev/vda
case $(uname -r) in *debug*) : "${GUEST_BOUND:=600}" ;; esac

here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../lib/ktap.sh
. "$here/../lib/ktap.sh"
# shellcheck source-path=SCRIPTDIR source=../../../vm/guest.sh
. "$here/../../../vm/guest.sh"
# shellcheck source-path=SCRIPTDIR source=../../../vm/measure.sh
. "$here/../../../vm/measure.sh"
# shellcheck source-path=SCRIPTDIR source=traffic.sh
. "$here/traffic.sh"

devices() {
	guest_disk "$kind" root $disk num-queues=4 bootindex=1 &&
		guest_net "$kind" tap0 1 && guest_net "$kind" tap1 2 &&
		guest_net "$kind" tap2 3 && guest_net "$kind" tap3 4 &&
		guest_rng "$kind" rng0 &&
		{ [[ $kind != vhx ]] || guest_is_unprivileged; }
}

# QEMU serves a network device itself if the kernel does not, and says so in a line.
in_kernel() {
	cat "$guest_dir/qemu"
	! grep -i vhost "$guest_dir/qemu"
}

# Firmware sets up one queue, and Linux one for each CPU; QEMU enables all four.
queues() {
	guest_run "cd /sys/block && cd \$(dirname \$(grep -lx root */serial)) &&
		ls mq && [ \$(ls mq | wc -l) = $guest_cpus ]"
}

# The disk that the guest runs from is the one that we made.
same_disk() {
	guest_run "mount; cat /sys/block/*/serial /sys/block/*/size" &&
		guest_run "disk=\$(sed -n 's|^/dev/\(vd.\)2 / .*|\1|p' /proc/mounts) &&
			cd /sys/block/\$disk && [ \$(cat serial) = root ] &&
			[ \$(cat size) = $(blockdev --getsz $disk) ]"
}

write_files() {
	guest_run "set -e
		mkdir /data
		n=0
		while [ \$n -lt 16 ]; do
			dd if=/dev/urandom of=/data/\$n bs=65536 count=$mib
			n=\$((n + 1))
		done
		cd /data
		sha256sum * >/tmp/sums
		cp /tmp/sums .
		sync" && guest_run "cat /tmp/sums" >"$work/sums"
}

read_files() {
	guest_run "echo 3 >/proc/sys/vm/drop_caches
		cd /data && cmp sums /tmp/sums && sha256sum -c sums"
}

# heard: checks the output of three pings: every answer came and was right.
heard() {
	local say

	say=$(cat)
	echo "$say"
	[[ $(grep -c " 0% packet loss" <<<"$say") == 3 && $say != *"wrong data"* ]]
}

# One after the other: a slow host cannot handle three of the largest at once.
pings() {
	local ping="for n in 1 2 3; do
		/bin/ping -c 1 -W 60 -s $1 -p 766878c0ffee"

	eval "$ping 10.0.1.2; done" | heard &&
		guest_run "$ping 10.0.1.1 2>&1; done" | heard
}

entropy() {
	guest_run "cat /sys/class/misc/hw_random/rng_current
		dd if=/dev/hwrng of=/tmp/a bs=4096 count=4 iflag=fullblock
		dd if=/dev/hwrng of=/tmp/b bs=4096 count=4 iflag=fullblock
		gzip -c /tmp/a | wc -c" &&
	guest_run "grep -q '^virtio_rng' /sys/class/misc/hw_random/rng_current &&
		[ \$(stat -c %s /tmp/a) = 16384 ] && ! cmp -s /tmp/a /tmp/b &&
		[ \$(gzip -c /tmp/a | wc -c) -gt 16384 ]"
}

# The host reads the same files from its disk, not from its page cache.
host_reads() {
	blockdev --flushbufs $disk
	mkdir "$work/mnt" && mount -o ro,noload "${disk}2" "$work/mnt" || return
	(cd "$work/mnt/data" && cmp sums "$work/sums" && sha256sum -c sums)
	local status=$?
	umount "$work/mnt" && fsck.ext4 -fn "${disk}2" && return $status
}

unload() {
	local each modules=()

	for each in vhx_net vhx_blk vhx_rng vhx; do
		! grep -q "^$each " /proc/modules || modules+=("$each")
	done
	rmmod "${modules[@]}"
	! grep '^vhx' /proc/modules
}

ktap_print_header
if [[ ! -b $disk ]]; then
	ktap_skip_all "no guest disk at $disk"
	exit "$KSFT_SKIP"
fi
work=$(mktemp -d)
ktap_set_plan 18

must "devices are made" devices
must "a guest boots from the disk by its firmware" guest_start
try "its root file system is on that disk" same_disk
try "it uses a queue of the disk for each CPU" queues
try "QEMU does not serve its network devices itself" in_kernel
must "it writes $mib MiB of files" write_files
try "it reads them back from the disk" read_files
try "TCP from host to guest" tcp 1
try "TCP from guest to host" tcp 1 -R
for size in 56 1472 9000 65000; do
	try "ping of $size bytes both ways" pings $size
done
try "it has a source of entropy" entropy
must "it powers off" guest_stop
must "the devices are removed" guest_remove
try "the host reads the files from the disk" host_reads
if [[ $kind == vhx ]]; then
	try "the modules unload" unload
else
	ktap_test_skip "the modules unload"
fi
rm -rf --one-file-system "$work"
ktap_finished
