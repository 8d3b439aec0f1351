#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the fuzzer's corpus. The engine must do what the model predicts, and the
# inputs must reach every line of it.
exec "$(dirname "$(realpath "$0")")/fuzz.sh" corpus
