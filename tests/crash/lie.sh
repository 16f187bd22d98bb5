#!/bin/sh
# The test of the crash test: a bank that acknowledges before anything is on disk must be found out.
#
#     tests/crash/lie.sh CRASH CHILD
set -u
crash=$(realpath "$1") child=$(realpath "$2")
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

a_lie_is_found() {
    cd "$scratch" || return 1
    status=0
    CRASH_LIE=1 "$crash" "$child" --kills 12 >"$scratch/out" 2>&1 || status=$?
    cat "$scratch/out"
    [ "$status" -eq 1 ] && grep -q '^crash: .*acknowledged\|^crash: .*accounts' "$scratch/out"
}

check "a bank that acknowledges too early is found" a_lie_is_found
finish
