#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's own test of vhost-net, tools/virtio/vhost_net_test, on /dev/vhx-net.
# It opens /dev/vhost-net and makes a tap in whatever network it is in, so it runs
# in namespaces of its own, where /dev/vhost-net is ours.
frames=5000
case $(uname -r) in *debug*) frames=500 ;; esac

here=$(dirname "$(realpath "$0")")
# shellcheck source-path=SCRIPTDIR source=../lib/ktap.sh
. "$here/../lib/ktap.sh"
program=$here/../../../../../build/selftests/net/vhost_net_test
[[ -x $program ]] || program=$here/vhost_net_test

if [[ ! ${inside-} ]]; then
	made=''
	[[ -e /dev/vhost-net ]] || { touch /dev/vhost-net && made=y; }
	inside=y unshare -m -n "$0"
	status=$?
	[[ ! $made ]] || rm -f /dev/vhost-net
	exit $status
fi

number() { stat -L -c %t:%T "$1"; }
ours() {
	mount --bind /dev/vhx-net /dev/vhost-net &&
		[[ $(number /dev/vhost-net) == "$(number /dev/vhx-net)" ]]
}

users() { cat /sys/module/vhx_net/refcnt; }

# run ARGUMENT...: the program fails by an assertion, and says how much it did.
# While it runs vhx_net has one user more.
run() {
	local pid before now node='' status=0

	before=$(users)
	timeout 250 "$program" --buf-num "$frames" "$@" >"$work/said" &
	pid=$!
	while [[ ! $node && -e /proc/$pid/stat ]]; do
		read -r now </sys/module/vhx_net/refcnt
		((now <= before)) || node=y
	done
	wait $pid || status=$?
	cat "$work/said"
	[[ $status == 0 && $node ]] || return
	grep -q "^TX .*completed=$(printf 0x%x $frames)$" "$work/said" &&
		grep -q "^RX .*completed=$(printf 0x%x $frames)$" "$work/said"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ktap_print_header
ktap_set_plan 6
must "/dev/vhost-net is /dev/vhx-net" ours
try "event indices, indirect tables" run
try "no event indices" run --no-event-idx
try "no indirect tables" run --no-indirect
try "neither" run --no-event-idx --no-indirect
try "delayed interrupts" run --delayed-interrupt
ktap_finished
