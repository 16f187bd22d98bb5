#!/bin/sh
# acta read on a store that two programs have written, one after the other, with a schema each: every event is printed by
# its own, with its tags and metadata, and without what is redacted. The programs are those of tests/actors (purse_old.c).
#
#     tests/tools/read.sh ACTA PURSE_V1 PURSE_V2 GOLDEN
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
acta=$1 purse_v1=$2 purse_v2=$3 golden=$4
data=$scratch/data

same() { # what came: as in $scratch/expected
    diff -u "$scratch/expected" "$1"
}

each_event_is_printed_by_the_schema_that_it_was_written_with() {
    "$purse_v1" "$data" && "$purse_v2" "$data" || return 1
    cat >"$scratch/expected" <<'END'
1 Purse-a 1 purse.Earned {"purse_id": "a","amount": 100}
2 Purse-b 1 purse.Earned {"purse_id": "b","amount": 50}
3 Purse-a 2 purse.Spent {"purse_id": "a","amount": 30,"line": {"what": "bread","kind": "travel"}}
4 Purse-a 3 purse.Renamed {"purse_id": "a","name": "***"}
5 Purse-a 4 purse.Lent {"purse_id": "a","other_id": "b","amount": 20}
6 Purse-b 2 purse.Spent {"purse_id": "b","amount": 5}
7 Purse-a 5 purse.Spent (version 2) {"purse_id": "a","amount": 10,"fee": 1,"line": {"what": "tea","kind": "travel"}}
8 Purse-b 3 purse.Earned {"purse_id": "b","amount": 1}
END
    "$acta" read "$data" | sed '/^    tags: /d; s/  [0-9][0-9T:.-]*Z  / /; s/  / /' | paste - - | sed 's/	 */ /' >"$scratch/came"
    same "$scratch/came"
}

lines_are_json() {
    "$acta" read "$data" --stream Purse-a --from 5 --json >"$scratch/line" || return 1
    grep -qE '^\{"position":7,"stream":"Purse-a","version":5,"type":"purse.Spent","type_version":2,"recorded_at":"[0-9][^"]*Z",.*"correlation_id":"[0-9a-f-]{36}","causation_id":"[0-9a-f-]{36}","payload":\{"purse_id": "a","amount": 10,"fee": 1,"line": \{"what": "tea","kind": "travel"\}\}\}$' "$scratch/line" &&
        [ "$(wc -l <"$scratch/line")" -eq 1 ]
}

what_is_redacted_shows_when_it_is_asked_for() {
    "$acta" read "$data" --from 4 --count 1 --show-redacted >"$scratch/came" || return 1
    printf '    {"purse_id": "a","name": "mine"}\n    tags: purse:a\n' >"$scratch/expected"
    sed 1d "$scratch/came" >"$scratch/lines"
    same "$scratch/lines" || return 1
    "$acta" read "$data" --from 4 --count 1 --json --show-redacted | grep -q '"tags":\["purse:a"\],"payload":{"purse_id": "a","name": "mine"}}$' &&
        "$acta" read "$data" --from 4 --count 1 --json | grep -q '"name": "\*\*\*"'
}

tags_and_metadata_are_printed() {
    cp -r "$golden" "$scratch/golden" && chmod -R u+w "$scratch/golden" || return 1
    "$acta" read "$scratch/golden" --from 2 --count 1 >"$scratch/came" || return 1
    printf '    tags: alice, deposit\n    metadata: "by hand"\n' >"$scratch/expected"
    sed 1,2d "$scratch/came" >"$scratch/lines"
    same "$scratch/lines" &&
        "$acta" read "$scratch/golden" --from 2 --count 1 --json | grep -qF ',"tags":["alice","deposit"],"metadata":"by hand","payload":null,"why":'
}

a_written_off_output_is_an_error() {
    status=0
    "$acta" read "$data" >/dev/full 2>"$scratch/said" || status=$?
    [ "$status" -eq 1 ] && grep -q 'cannot write' "$scratch/said"
}

check 'each event is printed by the schema that it was written with' each_event_is_printed_by_the_schema_that_it_was_written_with
check 'lines are JSON' lines_are_json
check 'what is redacted shows when it is asked for' what_is_redacted_shows_when_it_is_asked_for
check 'tags and metadata are printed' tags_and_metadata_are_printed
check 'a full output is an error' a_written_off_output_is_an_error
finish
