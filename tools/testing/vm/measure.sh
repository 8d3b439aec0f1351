# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced in the test host, after guest.sh, by scripts that measure in a real
# guest. A subject is the name, for example vhx or qemu, of a disk or a network
# device of the guest, or of one of each. Its disk is a null_blk, as the way to
# the disk is what is measured, and has the serial number disk-SUBJECT.
#
#	measure_add_disk vhx vhx && measure_add_disk qemu qemu
#	measure_add_net vhx vhx && measure_add_net qemu qemu
#	guest_start && measure_disk vhx randread 4k 32
#
# A function that measures takes about a second and prints its figure, or
# nothing if there is none.

# shellcheck disable=SC2034 # for those who source this
measure_pings=50
declare -A measure_nets=()

# measure_add_disk KIND SUBJECT: see guest_disk.
measure_add_disk() {
	local null=/sys/kernel/config/nullb/disk-$2

	modprobe null_blk nr_devices=0
	mkdir "$null" && echo 1024 >"$null/size" && echo 1 >"$null/power" &&
		guest_disk "$1" "disk-$2" "/dev/disk-$2"
}

# measure_add_net KIND SUBJECT: see guest_net.
measure_add_net() {
	local n=$((${#measure_nets[@]} + 1))

	measure_nets[$2]=$n
	guest_net "$1" "tap$((n - 1))" $n
}

# measure_disk SUBJECT read|write|randread|randwrite SIZE DEPTH: MB/s, or IOPS
# of random ones.
measure_disk() {
	local figure=.bw_bytes/1e6

	[[ $2 != rand* ]] || figure=.iops
	guest_run "cd /sys/block && disk=\$(grep -lx disk-$1 */serial) &&
		fio --filename=/dev/\${disk%/*} --ioengine=io_uring \
		--direct=1 --gtod_reduce=1 --output-format=json \
		--time_based --runtime=1 --ramp_time=0.2 \
		--name=x --rw=$2 --bs=$3 --iodepth=$4" |
		jq ".jobs[0] | select(.error == 0) | .read, .write |
			select(.total_ios > 0) | $figure"
}

# measure_serve: starts a new server for each measurement. One that serves
# several listens again after each, and resets a connection that is made too
# early.
measure_serve() {
	guest_run "listens() { grep -q ':1451 [^ ]* 0A ' /proc/net/tcp*; }
		killall -9 iperf3
		while listens; do sleep 0.1; done
		iperf3 -s -1 -D
		until listens; do sleep 0.1; done" >/dev/null
}

# measure_tcp SUBJECT rx|tx: Mbit/s that the guest receives or transmits.
measure_tcp() {
	local reverse=()

	[[ $2 == rx ]] || reverse=(-R)
	measure_serve || return
	timeout 20 iperf3 -J -c "10.0.${measure_nets[$1]}.2" -t 1 "${reverse[@]}" |
		jq '.end.sum_received.bits_per_second / 1e6'
}

# measure_trip SUBJECT: microseconds for a round trip.
measure_trip() {
	ping -c $measure_pings -i 0.01 "10.0.${measure_nets[$1]}.2" |
		sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | median |
		awk '$1 { print $1 * 1000 }'
}

# median: of the numbers on standard input, the lower one of two.
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
