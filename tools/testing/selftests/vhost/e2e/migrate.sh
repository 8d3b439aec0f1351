#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A guest under load moves from one QEMU to another, both in this host, again and
# again: between vhx and vhx, QEMU's own device and the kernel's vhost. Each QEMU
# has a tap of its own; both are ports of one bridge:
#
#	           br0 10.0.1.1
#	          /            \
#	        m0              m1
#	   QEMU, it has   -->   QEMU, it gets
#	   the guest            the guest (10.0.1.2)
#
# All the while the host pings the guest, iperf3 sends to it, and a stream is sent
# to it whose sum is compared: a page that the guest received and that was not in the
# dirty log would arrive as it was before. The guest reads files, too. The load is
# far from what the device can do: migration has to end on a slow machine.
#
#	E2E_KINDS	kinds of device, in their order, on a split ring
#	E2E_PACKED	likewise on a packed ring, which the kernel's has not
#	GUEST_BOUND	seconds that a step may take
read -ra split <<<"${E2E_KINDS:-vhx vhost vhx qemu vhx}"
read -ra packed <<<"${E2E_PACKED:-vhx vhx qemu}"

here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../lib/ktap.sh
. "$here/../lib/ktap.sh"
# shellcheck source-path=SCRIPTDIR source=../../../vm/guest.sh
. "$here/../../../vm/guest.sh"
# shellcheck source-path=SCRIPTDIR source=../../../vm/measure.sh
. "$here/../../../vm/measure.sh"

# The QEMU that runs the guest is number $side, the next one the other.
side=0
format=
load=()

network() {
	local tap

	modprobe tun && modprobe bridge && modprobe vhost_net &&
		ip link add br0 type bridge forward_delay 0 &&
		ip address add 10.0.1.1/24 dev br0 && ip link set br0 up || return
	for tap in m0 m1; do
		ip tuntap add dev $tap mode tap vnet_hdr &&
			ip link set $tap master br0 up || return
	done
}

no_network() {
	ip link delete m0 && ip link delete m1 && ip link delete br0
}

# launch SIDE KIND OPTION...: a QEMU with that kind of network device.
launch() {
	local tap=m$1 kind=$2 fd vhost=off
	shift 2

	guest_dir=$work/$tap
	rm -rf "$guest_dir"
	mkdir "$guest_dir"
	guest_devices=()
	guest_disk qemu root /dev/vda || return
	case $kind in
	vhx)	exec {fd}<>/dev/vhx-net || return
		guest_fds+=("$fd")
		vhost=on,vhostfd=$fd ;;
	vhost)	vhost=on ;;
	esac
	guest_devices+=(
		-netdev "tap,id=net,ifname=$tap,script=no,downscript=no,vhost=$vhost"
		-device "virtio-net-pci,netdev=net,mac=52:54:00:00:00:01,packed=$format,queue_reset=off"
	)
	guest_launch -m 256 -kernel "$work/vmlinuz" -initrd "$work/initrd.img" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off" "$@"
}

boot() {
	side=0
	launch 0 "$1" || return
	guest_answer @ready >/dev/null || guest_fail "no boot"
}

# In the guest: files whose sums are known, and a place for the stream.
prepare() {
	guest_run "dd if=/dev/urandom of=/tmp/file bs=65536 count=32 &&
		sha256sum /tmp/file >/tmp/sum && sha256sum -c /tmp/sum
		{ nc -l -p 5000 | sha256sum >/tmp/stream; } 2>&1 &
		until grep -q ':1388 ' /proc/net/tcp /proc/net/tcp6; do
			sleep 0.1
		done"
}

# stream: sends blocks that differ to the guest, until it may stop.
stream() {
	local n=0

	while [[ ! -e $work/enough ]]; do
		echo "block $((n++))"
		cat "$work/block"
		sleep 0.05
	done
}

start_load() {
	rm -f "$work/enough"
	dd if=/dev/urandom of="$work/block" bs=64k count=1 status=none
	measure_serve || return
	rm -f "$work/sum"
	stream | tee >(sha256sum >"$work/sum") >/dev/tcp/10.0.1.2/5000 &
	stream_pid=$!
	ping -i 0.2 -s 1000 -p 766878c0ffee 10.0.1.2 >"$work/ping" 2>&1 &
	load+=($!)
	iperf3 -c 10.0.1.2 -t 86400 -b 20M >"$work/iperf3" 2>&1 &
	load+=($!)
}

answers() { grep -c 'bytes from' "$work/ping"; }
received() { cat "/sys/class/net/m$side/statistics/tx_packets"; }

# goes_on COUNTER N: it grows by N.
goes_on() {
	local begin now end=$((SECONDS + GUEST_BOUND))

	begin=$("$1")
	while now=$("$1"); ((now - begin < $2)); do
		((SECONDS < end)) ||
			guest_fail "$1: $begin, $GUEST_BOUND s later $now" ||
			return
		sleep 0.05
	done
}

# on SIDE: what follows is about that QEMU.
on() {
	guest_dir=$work/m$1
	guest_pid=${pids[$1]}
}

# migration: waits for its end.
migration() {
	local say end=$((SECONDS + GUEST_BOUND))

	while ((SECONDS < end)); do
		say=$(guest_qmp query-migrate) || return
		case $say in
		*'"status": "completed"'*) echo "$say"; return ;;
		*'"status": "failed"'* | *'"status": "cancelled"'*) break ;;
		esac
		sleep 0.2
	done
	guest_fail "$say"
}

# migrate KIND: to the other QEMU, with that kind of device.
migrate() {
	local from=$side to=$((1 - side))

	pids[from]=$guest_pid
	rm -f "$work/socket"
	launch $to "$1" -incoming "unix:$work/socket" || return
	pids[to]=$guest_pid
	until [[ -S $work/socket ]]; do
		guest_alive || guest_fail "no QEMU" || return
		sleep 0.05
	done
	on $from
	guest_qmp migrate-set-parameters \
		'{"downtime-limit":10000,"max-bandwidth":10000000000}' &&
		guest_qmp migrate "{\"uri\":\"unix:$work/socket\"}" &&
		migration && guest_qmp quit && wait "$guest_pid" || return
	on $to
	side=$to
	pids[from]=''
	cat "$guest_dir/qemu"
	! grep -i vhost "$guest_dir/qemu" && goes_on answers 3 &&
		goes_on received 100 && guest_run "sha256sum -c /tmp/sum"
}

# The stream arrives as it was sent, the pings had the right data.
compare() {
	: >"$work/enough"
	wait "$stream_pid"
	guest_run "n=0
		until [ -s /tmp/stream ] || [ \$((n += 1)) -gt $GUEST_BOUND ]; do
			sleep 1
		done
		cat /tmp/stream" >"$work/arrived" || return
	cat "$work/sum" "$work/arrived"
	tail -n 3 "$work/ping"
	cmp "$work/sum" "$work/arrived" && ! grep "wrong data" "$work/ping"
}

stop_load() {
	kill "${load[@]}" 2>/dev/null
	wait "${load[@]}"
	load=()
	return 0
}

# moves KIND...: boots a guest on the first, and moves it to each of the others.
moves() {
	local at=$1 kind
	shift

	must "a guest boots with $at, packed=$format" boot "$at"
	must "it has files" prepare
	must "it is under load" start_load
	for kind; do
		must "it moves from $at to $kind, packed=$format" migrate "$kind"
		at=$kind
	done
	try "what it received is what was sent" compare
	stop_load
	must "it powers off" guest_stop
}

ktap_print_header
if [[ ! -b /dev/vda ]]; then
	ktap_skip_all "no guest disk at /dev/vda"
	exit "$KSFT_SKIP"
fi
if ! modprobe bridge; then
	ktap_skip_all "no bridge"
	exit "$KSFT_SKIP"
fi
work=$(mktemp -d)
pids=('' '')
trap 'kill -9 ${pids[*]} ${load[*]} 2>/dev/null; guest_cleanup' EXIT
ktap_set_plan $((2 + 5 + ${#split[@]} - 1 + 5 + ${#packed[@]} - 1))

for each in vmlinuz initrd.img; do
	mcopy -n -i /dev/vda@@1M "::$each" "$work"
done
must "there is a network" network
format=off
moves "${split[@]}"
format=on
moves "${packed[@]}"
try "the network is removed" no_network
rm -rf --one-file-system "$work"
ktap_finished
