#!/bin/sh
# acta schema list and show on a store that two programs have written, one after the other (tests/actors/purse_old.c): what
# it tells of each type holds, and what it shows is a schema.
#
#     tests/tools/schema.sh ACTA PURSE_V1 PURSE_V2 SCHEMAS
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
acta=$1 purse_v1=$2 purse_v2=$3 schemas=$4
data=$scratch/data

each_type_is_listed_with_its_version_and_events() {
    "$purse_v1" "$data" && "$purse_v2" "$data" || return 1
    cat >"$scratch/expected" <<'END'
purse.Earned  version 1  in schema 2 of purse  3 events, positions 1 to 8
purse.Lent  version 1  in schema 2 of purse  1 event, positions 5 to 5
purse.Renamed  version 1  in schema 2 of purse  1 event, positions 4 to 4
purse.Spent  version 1  in schema 1 of purse  2 events, positions 3 to 6
purse.Spent  version 2  in schema 2 of purse  1 event, positions 7 to 7
END
    "$acta" schema list "$data" --count | sed 's/  hash [0-9a-f]*//' | sort >"$scratch/came"
    diff -u "$scratch/expected" "$scratch/came" &&
        [ "$("$acta" schema list "$data" | grep -c ' event')" -eq 0 ] &&
        "$acta" schema list "$data" --json --count | sort | tail -n 1 |
            grep -qE '^\{"type":"purse.Spent","version":2,"schema":"purse","schema_number":2,"hash":"[0-9a-f]{16}","events":1,"first":7,"last":7\}$'
}

what_is_shown_is_the_schema_of_that_version() {
    for version in 1 2; do
        "$acta" schema show purse.Spent "$data" --version "$version" >"$scratch/shown.fbs" &&
            "$acta" schema check "$scratch/shown.fbs" "$schemas/purse.v$version.fbs" || return 1
    done
    "$acta" schema show purse.Spent "$data" | diff -u "$scratch/shown.fbs" - && # the newest
        grep -q '^    fee:long;$' "$scratch/shown.fbs" && ! grep -q Lent "$scratch/shown.fbs"
}

a_full_output_is_an_error() {
    status=0
    "$acta" schema list "$data" >/dev/full 2>"$scratch/said" || status=$?
    [ "$status" -eq 1 ] && grep -q 'cannot write' "$scratch/said"
}

check 'each type is listed with its version and events' each_type_is_listed_with_its_version_and_events
check 'what is shown is the schema of that version' what_is_shown_is_the_schema_of_that_version
check 'a full output is an error' a_full_output_is_an_error
finish
