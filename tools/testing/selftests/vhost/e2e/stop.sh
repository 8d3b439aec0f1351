#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A guest under load is stopped and continued by its monitor, many times, as for a
# snapshot. A stop takes the queues from the devices, and a continuation starts
# them again. Requests, completions and notifications may be in any state then,
# and none of them may be lost: traffic must go on.
#
# A process that uses all of a worker's CPU keeps it from running until the guest is
# stopped, so that the stop finds buffers on the ring. When the guest goes on the
# worker preempts QEMU's main thread, with which it shares the CPU: what was on the
# ring is completed before QEMU has set the call eventfd.
#
#	E2E_ROUNDS=10	stops under each load
#	GUEST_BOUND	seconds that a step may take
case $(uname -r) in
*debug*) : "${GUEST_BOUND:=600}" "${E2E_ROUNDS:=5}" ;;
esac
rounds=${E2E_ROUNDS:-10}

here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../lib/ktap.sh
. "$here/../lib/ktap.sh"
# shellcheck source-path=SCRIPTDIR source=../../../vm/guest.sh
. "$here/../../../vm/guest.sh"
# shellcheck source-path=SCRIPTDIR source=../../../vm/measure.sh
. "$here/../../../vm/measure.sh"

# Requests that the disk has completed.
disk_count() { awk '{ print $1 + $5 }' /sys/block/busy/stat; }
# Packets that the guest has taken from the tap.
net_count() { cat /sys/class/net/tap1/statistics/tx_packets; }

# The disk completes a request before submit_bio() returns.
devices() {
	local null=/sys/kernel/config/nullb/busy

	modprobe null_blk nr_devices=0
	mkdir $null && echo 64 >$null/size && echo 0 >$null/irqmode &&
		echo 1 >$null/power &&
		guest_disk qemu root /dev/vda &&
		guest_vdpa blk busy --backend /dev/busy --serial busy &&
		guest_net vhx tap1 1 packed=on
}

boot() {
	local each

	for each in vmlinuz initrd.img; do
		mcopy -n -i /dev/vda@@1M "::$each" "$work" || return
	done
	devices && guest_start -kernel "$work/vmlinuz" \
		-initrd "$work/initrd.img" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off"
}

# prepare: all threads but the guest's CPU share the first CPU.
prepare() {
	local each found=()

	for each in /proc/"$guest_pid"/task/*; do
		[[ $(<"$each/comm") != vhx-* ]] || found+=("${each##*/}")
	done
	for each in "$guest_pid" "${found[@]}"; do
		taskset -cp 0 "$each" || return
	done
	# QEMU makes its network back ends before its devices.
	worker[net]=$(printf '%s\n' "${found[@]}" | sort -n | head -n 1)
	worker[disk]=$(printf '%s\n' "${found[@]}" | sort -n | tail -n 1)
	[[ ${#found[@]} == 2 ]] && chrt -f -p 1 "${worker[net]}" &&
		chrt -f -p 1 "${worker[disk]}" &&
		renice -n -20 -p "$guest_pid" &&
		renice -n 19 -p "${found[@]}" && taskset -cp 1 $$ || return
	nice -n -20 taskset -c 0 bash -c "kill -STOP \$\$; while :; do :; done" &
	hog=$!
	disown
}

# in_state X PID
in_state() {
	local state

	read -r _ _ state _ <"/proc/$2/stat"
	[[ $state == "$1" ]]
}

# await COMMAND...: waits until it succeeds.
await() {
	local end=$((SECONDS + GUEST_BOUND))

	until "$@"; do
		((SECONDS < end)) || guest_fail "$*: not in $GUEST_BOUND s" ||
			return
		sleep 0.01
	done
}

# QEMU's main thread waits for a worker, or has answered.
stop_waits() { in_state D "$guest_pid" || ! kill -0 "$1" 2>/dev/null; }

# stop PID: the worker does not run until QEMU waits for it.
stop() {
	local asks

	chrt -o -p 0 "$1" && kill -CONT "$hog" || return
	# It has something to do and does not get to it.
	await in_state R "$1" || return
	guest_qmp stop &
	asks=$!
	await stop_waits $asks || return
	kill -STOP "$hog"
	chrt -f -p 1 "$1" && wait $asks
}

# goes_on COUNTER N: it grows by N.
goes_on() {
	local begin now end=$((SECONDS + GUEST_BOUND))

	begin=$("$1_count")
	while now=$("$1_count"); ((now - begin < $2)); do
		((SECONDS < end)) ||
			guest_fail "$1: $begin, $GUEST_BOUND s later $now" ||
			return
		sleep 0.02
	done
}

# stop_and_cont disk|net: then traffic goes on.
stop_and_cont() {
	local round

	for ((round = 1; round <= rounds; round++)); do
		stop "${worker[$1]}" && guest_qmp cont || return
		goes_on "$1" 300 || guest_fail "round $round" || return
	done
}

fio_starts() {
	guest_run "cd /sys/block && disk=\$(grep -lx busy */serial) || exit
		fio --filename=/dev/\${disk%/*} --ioengine=io_uring --direct=1 \
		--name=x --rw=randread --bs=4k --iodepth=4 --size=16m \
		--time_based --runtime=1d >/dev/null 2>&1 &" && goes_on disk 100
}

iperf_starts() {
	guest_run "killall fio"
	measure_serve || return
	iperf3 -c 10.0.1.2 -P 8 -t 86400 >/dev/null 2>&1 &
	client=$!
	disown
	goes_on net 100
}

ktap_print_header
if [[ ! -b /dev/vda ]]; then
	ktap_skip_all "no guest disk at /dev/vda"
	exit "$KSFT_SKIP"
fi
work=$(mktemp -d)
hog='' client=''
declare -A worker
trap 'kill -9 $hog $client 2>/dev/null; guest_cleanup' EXIT
ktap_set_plan 8

must "a guest boots" boot
must "its threads have their places" prepare
must "the guest reads its disk" fio_starts
try "the disk goes on after each of $rounds stops" stop_and_cont disk
must "the guest downloads by a packed ring, eight times" iperf_starts
try "the downloads go on after each of $rounds stops" stop_and_cont net
kill -STOP "$hog"
kill -9 "$client"
must "it powers off" guest_stop
must "the devices are removed" guest_remove
rmdir /sys/kernel/config/nullb/busy
rm -rf --one-file-system "$work"
ktap_finished
