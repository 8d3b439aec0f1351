#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The shortest of exact runs: that it ends well, and that what it writes is what
# tools/bench/schema.json says.
cd "$(dirname "$(realpath "$0")")/../../../../.." || exit
json=build/bench/smoke.json
number=0 failed=0

# try TEXT COMMAND...: a test. What COMMAND says is shown if it fails.
try() {
	local text=$1 say result=ok
	shift

	number=$((number + 1))
	say=$("$@" 2>&1) || result='not ok' failed=1
	[[ $result == ok ]] || printf '%s\n' "$say" | sed 's/^/# /'
	echo "$result $number $text"
}

run() {
	rm -f "$json"
	BENCH_JSON=$json BENCH_INSTRUCTIONS=2000000 \
		tools/bench/bench --exact net-tx-64 ring-split-1
}

checks() { tools/testing/vm/enter 6.12 tools/bench/report --check "$json"; }

# Both of them, each with all of its subjects and what is counted beside.
complete() {
	tools/testing/vm/enter 6.12 jq -e '
		[.benchmarks[].name] == ["net-tx-64", "ring-split-1"] and
		all(.benchmarks[]; .value > 0 and .floor > 0 and .mode == "exact") and
		(.benchmarks[0] | .peers.vhost > 0 and .counts.vhx.kicks > 0 and
			.counts.vhx.locked > 0 and .counts.vhx.copied > 0)' "$json"
}

echo "TAP version 13"
echo 1..3
try "an exact run" run
try "its file is what the schema says" checks
try "nothing is missing" complete
exit $failed
