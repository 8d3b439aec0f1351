# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced after guest.sh and measure.sh: traffic between the host and its guest.

# tcp N OPTION...: the bytes that arrive in as many seconds as TCP_SECONDS says,
# over the guest's device N. An iperf3 option -R: from the guest.
tcp() {
	local say n=$1
	shift

	measure_serve || return
	say=$(timeout "$GUEST_BOUND" iperf3 -J -c "10.0.$n.2" \
		-t "$TCP_SECONDS" "$@" |
		jq -r '.error // .end.sum_received.bytes')
	echo "$say"
	[[ $say =~ ^[1-9][0-9]*$ ]]
}
