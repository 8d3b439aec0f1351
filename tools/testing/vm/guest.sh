# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced in the test host by scripts that need a real guest there. It makes
# devices, boots mkguest's disk in a stock QEMU under KVM, runs commands in the
# guest and powers it off. Every wait ends after GUEST_BOUND seconds. Errors go
# to standard error, with the end of the guest's console.
#
#	guest_disk vhx disk0 /dev/vda bootindex=1
#	guest_net vhx tap0 1
#	guest_start && guest_run "uname -r" && guest_stop
#	guest_remove

GUEST_BOUND=${GUEST_BOUND:-120}
guest_here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
guest_dir=$(mktemp -d)
guest_pid=
guest_devices=()
guest_instances=()
guest_taps=()
guest_fds=()
guest_user=()
trap guest_cleanup EXIT

guest_cleanup() {
	[[ ! $guest_pid ]] || kill -9 "$guest_pid" 2>/dev/null
	wait
	guest_remove
	rm -rf "$guest_dir"
}

vhxctl() { "$guest_here/../../vhxctl/vhxctl" "$@"; }

# guest_instance TYPE NAME OPTION...: an instance of vhx, until guest_remove.
guest_instance() {
	vhxctl create "$@" && guest_instances+=("$2")
}

# guest_vdpa TYPE NAME OPTION...: gives the guest an instance; OPTION is
# vhxctl's.
guest_vdpa() {
	guest_instance "$@" || return
	# shellcheck disable=SC2207
	guest_devices+=($(vhxctl qemu "$2"))
}

# guest_disk KIND NAME DEVICE [PROPERTY=VALUE]...: NAME is its serial number.
# KIND is vhx, or qemu for QEMU's own at its best. With vhx, num-queues=N is an
# attribute of the instance.
guest_disk() {
	local kind=$1 name=$2 device=$3 queues=1
	shift 3

	if [[ $kind == vhx && ${1-} == num-queues=* ]]; then
		queues=${1#*=}
		shift
	fi
	case $kind in
	vhx)	guest_instance blk "$name" --backend "$device" \
			--serial "$name" --queues "$queues" || return
		# shellcheck disable=SC2207
		guest_devices+=($(vhxctl qemu "$name" "$@")) ;;
	qemu)	guest_devices+=(
			-object "iothread,id=$name-thread"
			-drive "if=none,id=$name,file=$device,format=raw,cache=none,aio=io_uring"
			-device "$(IFS=,; echo "virtio-blk-pci,drive=$name,serial=$name,iothread=$name-thread${*:+,$*}")"
		) ;;
	esac
}

# guest_net KIND TAP N [PROPERTY=VALUE]...: makes the tap, with address
# 10.0.N.1; in the guest the device's MAC address ends in N and its address is
# 10.0.N.2. KIND is vhx, vhost for the kernel's own, or qemu.
guest_net() {
	local vhost=off fd more

	modprobe tun
	ip link delete "$2" 2>/dev/null
	ip tuntap add dev "$2" mode tap user nobody vnet_hdr &&
		guest_taps+=("$2") && ip address add "10.0.$3.1/24" dev "$2" &&
		ip link set "$2" up || return
	more=$(printf ',%s' "${@:4}")
	[[ $# -gt 3 ]] || more=
	case $1 in
	vhx)	exec {fd}<>/dev/vhx-net || return
		guest_fds+=("$fd")
		vhost=on,vhostfd=$fd ;;
	vhost)	modprobe vhost_net
		vhost=on ;;
	esac
	guest_devices+=(
		-netdev "tap,id=$2,ifname=$2,script=no,downscript=no,vhost=$vhost"
		-device "virtio-net-pci,netdev=$2,mac=$(printf 52:54:00:00:00:%02x "$3")$more"
	)
}

# guest_rng KIND NAME: vhx or qemu.
guest_rng() {
	case $1 in
	vhx)	guest_vdpa rng "$2" ;;
	qemu)	guest_devices+=(-device virtio-rng-pci) ;;
	esac
}

# QEMU has inherited them.
guest_close_fds() {
	local fd

	for fd in "${guest_fds[@]}"; do exec {fd}>&-; done
	guest_fds=()
}

# guest_remove: removes the instances and taps of a guest that is off.
guest_remove() {
	local name status=0

	guest_close_fds
	for name in "${guest_taps[@]}"; do
		ip link delete "$name" || status=1
	done
	guest_taps=()
	for name in "${guest_instances[@]}"; do
		vhxctl destroy "$name" || status=1
	done
	guest_instances=()
	guest_devices=()
	return $status
}

guest_alive() { [[ $guest_pid ]] && kill -0 "$guest_pid" 2>/dev/null; }

# guest_fail TEXT...: prints TEXT and the end of the guest's console, and fails.
guest_fail() {
	{
		echo "guest: $*"
		tail -n 5 "$guest_dir/qemu"
		echo "guest: its console:"
		tail -n 40 "$guest_dir/console"
	} 2>&1 | tr -d '\r\033' | sed 's/^/# /' >&2
	return 1
}

# The emulator that the test host runs in (QEMU 10, target/i386/tcg,
# cpu_clear_ignne()) clears a flag of its first CPU whenever any CPU loads an
# FPU state, without a lock. If SVM changes other flags of that CPU at the same
# time its change is lost: an interrupt is lost, or comes while interrupts are
# disabled. So guests do not run on the first CPU.
guest_cpus=$(($(nproc) - 1))

# guest_is_unprivileged: QEMU runs as nobody in group kvm and may lock no more than
# 64 KiB, which is a common limit. Called after the devices are made.
guest_is_unprivileged() {
	guest_user=(
		prlimit --memlock=65536:65536
		setpriv --reuid nobody --regid kvm --clear-groups --bounding-set -all
	)
	chown nobody "$guest_dir" && chgrp kvm /dev/kvm /dev/net/tun /dev/vhx/* &&
		chmod g+rw /dev/kvm /dev/net/tun /dev/vhx/*
}

# guest_launch OPTION...: starts QEMU.
guest_launch() {
	rm -f "$guest_dir"/*
	mkfifo "$guest_dir"/{agent,qmp}.{in,out}
	[[ ${#guest_user[@]} == 0 ]] || chown nobody "$guest_dir"/*
	taskset -c "1-$guest_cpus" "${guest_user[@]}" qemu-system-x86_64 \
		-machine q35,accel=kvm -cpu host -smp "$guest_cpus" -m 512 \
		-nodefaults -no-user-config -display none -no-reboot \
		-serial "file:$guest_dir/console" \
		-device virtio-serial-pci,id=serial \
		-chardev "pipe,id=agent,path=$guest_dir/agent" \
		-device virtserialport,bus=serial.0,chardev=agent,name=vhx.agent \
		-chardev "pipe,id=qmp,path=$guest_dir/qmp" \
		-mon chardev=qmp,mode=control \
		"${guest_devices[@]}" "$@" </dev/null >"$guest_dir/qemu" 2>&1 &
	guest_pid=$!
	guest_close_fds
}

# guest_start OPTION...: starts QEMU and waits until the guest takes commands.
guest_start() {
	guest_launch "$@"
	guest_answer @ready >/dev/null || guest_fail "no boot"
}

# guest_qmp COMMAND [ARGUMENTS]: has QEMU execute a QMP command, with arguments in
# JSON, and prints its answer.
guest_qmp() {
	local line fd id=$RANDOM

	exec {fd}<>"$guest_dir/qmp.out"
	[[ -e $guest_dir/qmp.ready ]] ||
		echo '{"execute":"qmp_capabilities"}' 1<>"$guest_dir/qmp.in"
	: >"$guest_dir/qmp.ready"
	echo "{\"execute\":\"$1\",\"id\":$id${2:+,\"arguments\":$2}}" \
		1<>"$guest_dir/qmp.in"
	while read -r -t "$GUEST_BOUND" -u "$fd" line; do
		[[ $line == *"\"id\": $id"* ]] || continue
		exec {fd}>&-
		echo "$line"
		[[ $line == *'"return"'* ]]
		return
	done
	exec {fd}>&-
	guest_fail "no answer: $1"
}

# guest_answer WORD: prints what the guest says up to the line that begins with
# WORD, and that line.
guest_answer() {
	timeout "$GUEST_BOUND" sed -u "/^$1/q" "$guest_dir/agent.out" \
		>"$guest_dir/answer" &
	while guest_alive && kill -0 $! 2>/dev/null; do sleep 0.1; done
	guest_alive || kill $! 2>/dev/null
	wait $!
	cat "$guest_dir/answer"
	grep -q "^$1" "$guest_dir/answer"
}

guest_send() {
	guest_alive || return
	{ base64 -w 0 <<<"$1"; echo; } 1<>"$guest_dir/agent.in"
}

# guest_run COMMAND: prints COMMAND's output and returns its status, or 1 if the
# guest does not answer. Its standard error goes to the guest's console.
guest_run() {
	local answer

	guest_send "$1" && answer=$(guest_answer @exit) ||
		guest_fail "no answer: $1" || return
	sed '$d' <<<"$answer" | sed '${/^$/d}'
	return "${answer##*@exit }"
}

# guest_stop: powers the guest off and waits for QEMU's end.
guest_stop() {
	local n=0 status

	guest_send 'mount -o remount,ro / && poweroff -f'
	while guest_alive; do
		((n++ < GUEST_BOUND * 10)) || guest_fail "no end" || return
		sleep 0.1
	done
	wait "$guest_pid"
	status=$?
	guest_pid=
	[[ $status -eq 0 ]] || guest_fail "QEMU: status $status"
}
