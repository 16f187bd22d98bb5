#!/bin/sh
# Every status of acta/status.h was seen by a test that ran: tests/status_seen.h notes them, and the whole suite must
# have run with ACTA_STATUS_LOG before. A status that no test produces is a promise that nobody has tried.
#
#     tests/statuses.sh FILE    the file that ACTA_STATUS_LOG named
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/lib.sh"
seen=${1:?tests/statuses.sh needs the file of seen statuses}

statuses() {
    sed -n '/^typedef enum acta_status {/,/^}/s/^ *\(ACTA_[A-Z_]*\).*/\1/p' "$root/include/acta/status.h"
}

was_seen() { # status, file
    grep -qx "$1" "$2" || { echo "no test that ran has seen $1 (in $2)"; return 1; }
}

fails() { ! "$@"; }

check "the statuses are read from the header" test "$(statuses | wc -l)" -ge 20
for status in $(statuses); do
    check "a test produces $status" was_seen "$status" "$seen"
done
grep -vx ACTA_CONFLICT "$seen" >"$scratch/without" || true
check "a status that no test produces is found" fails was_seen ACTA_CONFLICT "$scratch/without"
finish
