#!/bin/sh
# acta schema list and show on a store that two programs have written, one after the other (tests/actors/purse_old.c): what
# it tells of each type holds, and what it shows is a schema. Cut between the two, the log has the first one's alone.
#
#     tests/tools/schema.sh ACTA PURSE_V1 PURSE_V2 SCHEMAS [CLUB CHALLENGE]
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
acta=$(realpath "$1") purse_v1=$2 purse_v2=$3 schemas=$4
club=${5:+$(realpath "$5")} challenge=${6:+$(realpath "$6")}
data=$scratch/data

each_type_is_listed_with_its_version_and_events() {
    "$purse_v1" "$data" && "$purse_v2" "$data" || return 1
    cat >"$scratch/expected" <<'END'
TYPE           VERSION   EVENTS    FIRST     LAST  HASH              SCHEMA
purse.Earned         1        3        1        8  HASH              2 of purse
purse.Lent           1        1        5        5  HASH              2 of purse
purse.Renamed        1        1        4        4  HASH              2 of purse
purse.Spent          1        2        3        6  HASH              1 of purse
purse.Spent          2        1        7        7  HASH              2 of purse
END
    "$acta" schema list "$data" --count | sed -E 's/[0-9a-f]{16}/HASH            /' | sort >"$scratch/came"
    diff -u "$scratch/expected" "$scratch/came" || return 1
    cut -c 1-22,50- "$scratch/expected" >"$scratch/expected.short"
    "$acta" schema list "$data" | sed -E 's/[0-9a-f]{16}/HASH            /' | sort >"$scratch/came"
    diff -u "$scratch/expected.short" "$scratch/came" &&
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

says() { # status, all that it says on stderr, arguments of acta schema show
    wanted=$1 words=$2 status=0
    shift 2
    "$acta" schema show "$@" >"$scratch/shown" 2>"$scratch/said" || status=$?
    [ "$status" -eq "$wanted" ] && [ "$(cat "$scratch/said")" = "$words" ] && return 0
    cat "$scratch/said"
    return 1
}

a_name_may_be_short() {
    "$acta" schema show purse.Spent "$data" >"$scratch/whole" &&
        says 0 '' Spent "$data" && cmp "$scratch/whole" "$scratch/shown" &&
        says 1 "acta schema: the log in '$data' has no version 7 of 'purse.Spent'; the newest is 2" Spent "$data" --version 7
}

# Two programs with a log in common.
a_name_of_two_is_none() {
    mkdir "$scratch/two"
    (cd "$scratch/two" && "$challenge" host c1 Run 2026-01-01T00:00:00Z 2026-02-01T00:00:00Z h && ln -s challenge-data club-data &&
        "$club" join ann Ann ann@example.org) || return 1
    two=$scratch/two/club-data
    says 1 "acta schema: the log in '$two' has several events 'Joined': challenge.Joined, club.Joined; give one of them whole" \
        Joined "$two" &&
        says 0 '' club.Joined "$two" && says 0 '' Moved "$two" && says 0 '' Hosted "$two"
}

the_nearest_name_is_told() {
    for near in Spemt purse.Spemt other.Spent spent; do
        says 1 "acta schema: the log in '$data' has no event '$near'; did you mean 'purse.Spent'? acta schema list tells which it has" \
            "$near" "$data" || return 1
    done
    says 1 "acta schema: the log in '$data' has no event 'Withdrawn'; acta schema list tells which it has" Withdrawn "$data"
}

a_full_output_is_an_error() {
    status=0
    "$acta" schema list "$data" >/dev/full 2>"$scratch/said" || status=$?
    [ "$status" -eq 1 ] && grep -q 'cannot write' "$scratch/said"
}

cut_at() { # position
    rm -rf "$scratch/cut"
    [ -d "$scratch/set" ] || "$acta" backup "$data" "$scratch/set" >"$scratch/said" || return 1
    if "$acta" restore "$scratch/set" "$scratch/cut" --to-position "$1" >"$scratch/said" &&
        "$acta" verify "$scratch/cut" >"$scratch/said"; then return 0; fi
    cat "$scratch/said"
    return 1
}

reads_as_before() { # positions: without any program, the events that are left print as they did
    "$acta" read "$data" --count "$1" >"$scratch/whole" && "$acta" read "$scratch/cut" >"$scratch/left" &&
        diff -u "$scratch/whole" "$scratch/left"
}

a_cut_before_the_second_program_leaves_the_first_ones_schema() {
    cut_at 6 && grep -q '^schemas      1 kept, of 4 types of events$' "$scratch/said" && reads_as_before 6 || return 1
    [ "$("$acta" schema list "$scratch/cut" | grep -c ' 1 of purse$')" -eq 4 ] || return 1
    cp -r "$scratch/cut" "$scratch/then" || return 1
    "$purse_v1" "$data" 2>"$scratch/said" && return 1 # of the second one's schema
    grep -q "which this program's can't follow" "$scratch/said" || { cat "$scratch/said"; return 1; }
    "$purse_v1" "$scratch/then" 2>"$scratch/said" && return 1 # it goes on, and finds what it had written already
    grep -q 'purse a holds 100 instead of 50' "$scratch/said" || { cat "$scratch/said"; return 1; }
    "$purse_v2" "$scratch/cut" && "$acta" verify "$scratch/cut" | grep -q '^schemas      2 kept, of 5 types of events$'
}

a_cut_behind_its_first_event_leaves_both() {
    cut_at 7 && grep -q '^schemas      2 kept, of 5 types of events$' "$scratch/said" && reads_as_before 7 || return 1
    "$acta" schema show purse.Spent "$scratch/cut" --version 1 >"$scratch/shown.fbs" &&
        "$acta" schema check "$scratch/shown.fbs" "$schemas/purse.v1.fbs" &&
        "$acta" schema list "$scratch/cut" | grep -q '^purse.Spent  *2  .*  2 of purse$' || return 1
    "$purse_v1" "$scratch/cut" 2>"$scratch/said" && return 1
    grep -q "which this program's can't follow" "$scratch/said"
}

a_cut_that_keeps_tables_keeps_all_of_them() { # which may hold what the later program wrote
    rm -rf "$scratch/cut" &&
        "$acta" restore "$scratch/set" "$scratch/cut" --to-position 6 --keep-tables >"$scratch/said" &&
        "$acta" verify "$scratch/cut" | grep -q '^schemas      2 kept, of 5 types of events$' && reads_as_before 6
}

a_cut_before_all_events_leaves_none() {
    rm -rf "$scratch/cut" &&
        "$acta" restore "$scratch/set" "$scratch/cut" --to-time '1970-01-01 00:00:01' >"$scratch/said" &&
        [ "$("$acta" schema list "$scratch/cut")" = 'no schema was kept: no program has written events here' ] &&
        [ -z "$("$acta" schema list "$scratch/cut" --json)" ] && "$purse_v1" "$scratch/cut"
}

check 'each type is listed with its version and events' each_type_is_listed_with_its_version_and_events
check 'what is shown is the schema of that version' what_is_shown_is_the_schema_of_that_version
check 'a name may be short' a_name_may_be_short
if [ -n "$challenge" ]; then
    check 'a name of two is none' a_name_of_two_is_none
else
    skip 'a name of two is none' 'the example challenge was not built'
fi
check 'the nearest name is told' the_nearest_name_is_told
check 'a cut before the second program leaves the schema of the first' a_cut_before_the_second_program_leaves_the_first_ones_schema
check 'a cut behind its first event leaves both' a_cut_behind_its_first_event_leaves_both
check 'a cut that keeps tables keeps all of them' a_cut_that_keeps_tables_keeps_all_of_them
check 'a cut before all events leaves none' a_cut_before_all_events_leaves_none
check 'a full output is an error' a_full_output_is_an_error
finish
