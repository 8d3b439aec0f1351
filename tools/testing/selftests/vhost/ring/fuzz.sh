#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# A minute of the fuzzer, with a random seed, which the result names: SEED= in the
# environment repeats it. Or another command of tools/testing/fuzz/fuzz.
fuzz=$(dirname "$(realpath "$0")")/../../../fuzz/fuzz
[[ $# -gt 0 ]] || set -- run 60

echo 'TAP version 13'
echo '1..1'
if said=$("$fuzz" "$@" 2>&1); then
	result='ok 1'
else
	result='not ok 1'
fi
while IFS= read -r line; do echo "# $line"; done <<<"$said"
seed=$(grep -o '^seed [0-9]*' <<<"$said")
echo "$result fuzz $*${seed:+, SEED=${seed#seed }}"
[[ $result == 'ok 1' ]]
