#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Unloads and loads the modules: while they are in use that is refused, by
# their reference counts; then all of them go, and come again, several times.
# shellcheck disable=SC2317 # the functions are called by check
modules='vhx_rng vhx_blk vhx_net vhx'
vhx=/sys/kernel/config/vhx
number=0
failed=0

# check TEXT COMMAND...: one result.
check() {
	text=$1
	shift
	number=$((number + 1))
	if "$@" >/tmp/unload.out 2>&1; then
		echo "ok $number $text"
	else
		sed 's/^/# /' /tmp/unload.out
		echo "not ok $number $text"
		failed=$((failed + 1))
	fi
}

fails() {
	! "$@"
}

loaded() {
	[ -d "/sys/module/$1" ]
}

load_all() {
	# Each brings what it needs.
	for module in vhx_net vhx_blk vhx_rng; do
		loaded "$module" || modprobe "$module" || return
	done
}

unload_all() {
	for module in $modules; do
		loaded "$module" || continue
		rmmod "$module" || return
	done
}

none_left() {
	for module in $modules; do
		! loaded "$module" || return
	done
	[ ! -e /dev/vhx-net ] && [ ! -e /dev/vhx-blk ] && [ ! -e "$vhx" ]
}

all_there() {
	[ -c /dev/vhx-net ] && [ -c /dev/vhx-blk ] && [ -d "$vhx/blk" ] &&
		[ -d "$vhx/rng" ]
}

repeat() {
	for _ in 1 2; do
		unload_all && none_left && load_all && all_there || return
	done
}

instance() {
	mkdir "$vhx/rng/unload" && echo 1 >"$vhx/rng/unload/enable" &&
		[ -c /dev/vhx/unload ]
}

no_instance() {
	echo 0 >"$vhx/rng/unload/enable" && rmdir "$vhx/rng/unload"
}

echo 'TAP version 13'
echo '1..13'

check 'all modules are there' load_all
check 'vhx is in use by its back ends' fails rmmod vhx

exec 3<>/dev/vhx-net
check 'vhx_net is in use by an open file' fails rmmod vhx_net
exec 3<&-
exec 3<>/dev/vhx-blk
check 'vhx_blk is in use by an open file' fails rmmod vhx_blk
exec 3<&-

check 'an instance of vhx_rng' instance
check 'vhx_rng is in use by it' fails rmmod vhx_rng
exec 3<>/dev/vhx/unload
check 'and by whoever opened it' fails rmmod vhx_rng
exec 3<&-
check 'the instance goes' no_instance

check 'all modules go' unload_all
check 'nothing is left of them' none_left
check 'all modules come again' load_all
check 'all nodes are there again' all_there
check 'and so several times' repeat

exit $((failed > 0))
