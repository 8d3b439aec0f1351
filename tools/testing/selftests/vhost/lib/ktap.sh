# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced by tests that are scripts. It has the kernel's KTAP helpers, and
# functions that run a command as a test. A test host without the kernel's source
# has the copy that the build made.
: "${KSFT:=/usr/src/linux-source-6.12/tools/testing/selftests}"
[[ -d $KSFT/kselftest ]] ||
	KSFT=$(dirname "${BASH_SOURCE[0]}")/../../../../../build/selftests
# shellcheck disable=SC1091
. "$KSFT/kselftest/ktap_helpers.sh"

# try TEXT COMMAND...: runs COMMAND as a test. Its output is shown if it fails.
try() {
	local text=$1 say
	shift

	say=$(mktemp)
	if "$@" >"$say" 2>&1; then
		ktap_test_pass "$text"
		rm "$say"
		return 0
	fi
	sed 's/^\(# \)*/# /' "$say"
	ktap_test_fail "$text"
	rm "$say"
	return 1
}

# must TEXT COMMAND...: the same, but if it fails, no further test runs.
must() { try "$@" || ktap_exit_fail_msg "$1"; }
