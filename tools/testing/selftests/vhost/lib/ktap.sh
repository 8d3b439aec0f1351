# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced by tests that are scripts: the kernel's own KTAP helpers, and a test
# that is a command.
: "${KSFT:=/usr/src/linux-source-6.12/tools/testing/selftests}"
# shellcheck disable=SC1091
. "$KSFT/kselftest/ktap_helpers.sh"

# try TEXT COMMAND...: one test. What COMMAND says is shown if it fails.
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

# must TEXT COMMAND...: the same for what the later ones build on.
must() { try "$@" || ktap_exit_fail_msg "$1"; }
