#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The fuzzer's corpus: the engine does as the model, and every line is reached.
exec "$(dirname "$(realpath "$0")")/fuzz.sh" corpus
