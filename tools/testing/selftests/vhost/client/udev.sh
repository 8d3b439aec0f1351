# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced by tests for which udev has to run with our rule.
udev_here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

# udev_start [RULE]: starts udev with our rule, and RULE before it. Returns when
# udev listens.
udev_start() {
	local rules=/run/udev/rules.d

	mkdir -p $rules && echo "${1-}" >$rules/50-test.rules &&
		cp "$udev_here/../../../../udev/60-vhx.rules" $rules &&
		/lib/systemd/systemd-udevd --daemon &&
		udevadm control --timeout=60 --ping
}

udev_stop() { udevadm control --timeout=60 --exit && rm -r /run/udev; }
