#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tests that tools/bench/report and flame have themselves.
top=$(realpath "$(dirname "$(realpath "$0")")/../../../../..")
exec "$top/tools/testing/vm/enter" 6.12 tools/bench/selftest
