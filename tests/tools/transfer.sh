#!/bin/sh
# acta export and acta import: a log out and in again, byte for byte; lines that are damaged, cut or of another log.
#
#     tests/tools/transfer.sh ACTA BANK STORE-TESTS
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
acta=$1 bank=$2 golden=$3

says() { # status text command...
    wanted=$1 text=$2 status=0
    shift 2
    "$@" >"$scratch/said" 2>&1 || status=$?
    [ "$status" -eq "$wanted" ] && grep -qF -- "$text" "$scratch/said" && return 0
    cat "$scratch/said"
    echo "status $status, expected $wanted and '$text'"
    return 1
}

# Each has something of its own: format 1, a removed stream with tags and metadata beside, copies by stream.
a_golden_store_goes_round() { # name
    cp -r "$golden/$1" "$scratch/$1" && chmod -R u+w "$scratch/$1" &&
        "$acta" export "$scratch/$1" >"$scratch/first" &&
        "$acta" import "$scratch/first" "$scratch/$1.copy" &&
        "$acta" export "$scratch/$1.copy" >"$scratch/second" &&
        cmp "$scratch/first" "$scratch/second" &&
        says 0 'sound' "$acta" verify "$scratch/$1.copy" &&
        "$acta" streams "$scratch/$1" --all --json >"$scratch/streams" &&
        "$acta" streams "$scratch/$1.copy" --all --json | cmp "$scratch/streams" -
}

# One transfer goes through, one is refused; then anna gets what would let it through.
begin_bank() {
    "$bank" --data "$scratch/bank" open anna --balance 100 && "$bank" --data "$scratch/bank" open bob --balance 5 &&
        "$bank" --data "$scratch/bank" transfer anna bob 30 &&
        says 1 'was rejected' "$bank" --data "$scratch/bank" transfer anna bob 200 &&
        "$bank" --data "$scratch/bank" deposit anna 500 && "$acta" export "$scratch/bank" >"$scratch/bank.jsonl"
}

balances() { # directory: of anna and bob
    "$bank" --data "$1" list | awk '$1 == "anna" || $1 == "bob" { print $4 }' | xargs
}

# One more transfer, whose events the process manager comes to behind all others, is all that happens: four events.
nothing_happens_twice() { # directory, balances of anna and bob with it
    before=$("$acta" read "$1" --json | wc -l)
    "$bank" --data "$1" transfer anna bob 1 && have=$(balances "$1") || return 1
    happened=$(($("$acta" read "$1" --json | wc -l) - before))
    echo "$have, $happened events" && [ "$have, $happened" = "$2 $3, 4" ]
}

# Schemas go along, so that events can be read; rows, so that a program goes on where it was.
a_bank_goes_round() {
    begin_bank && says 0 'events added, 0 were there' "$acta" import "$scratch/bank.jsonl" "$scratch/copy" &&
        "$acta" read "$scratch/bank" --json >"$scratch/read" && "$acta" read "$scratch/copy" --json | cmp "$scratch/read" - &&
        "$acta" export "$scratch/copy" | cmp "$scratch/bank.jsonl" - && says 0 'sound' "$acta" verify "$scratch/copy" &&
        nothing_happens_twice "$scratch/copy" 569 36
}

# What was done is known by the ids of its commands. What was refused is not, and would be decided anew: so it is with money that
# was there before.
a_log_alone_goes_round() {
    "$bank" --data "$scratch/spent" open anna --balance 100 && "$bank" --data "$scratch/spent" open bob --balance 5 &&
        "$bank" --data "$scratch/spent" transfer anna bob 60 && "$bank" --data "$scratch/spent" transfer bob anna 20 &&
        says 1 'was rejected' "$bank" --data "$scratch/spent" transfer anna bob 200 &&
        "$acta" export "$scratch/spent" --without-rows >"$scratch/log" && ! grep -q '"table":"checkpoints"' "$scratch/log" &&
        "$acta" import "$scratch/log" "$scratch/log.copy" &&
        "$acta" export "$scratch/log.copy" --without-rows | cmp "$scratch/log" - &&
        says 0 'sound' "$acta" verify "$scratch/log.copy" && nothing_happens_twice "$scratch/log.copy" 59 46 &&
        "$acta" export "$scratch/spent" | "$acta" import --without-rows - "$scratch/log.other" &&
        nothing_happens_twice "$scratch/log.other" 59 46
}

# Killed where it has a command under way, whose answer it has not noted: the copy has its outbox, and the outcome.
what_is_under_way_goes_on() {
    "$bank" --data "$scratch/way" open anna --balance 100 && "$bank" --data "$scratch/way" open bob --balance 5 || return 1
    ACTA_CRASH_POINT=pm_after_outcome:1 "$bank" --data "$scratch/way" transfer anna bob 30 || true
    "$acta" export "$scratch/way" >"$scratch/way.jsonl" && "$acta" import "$scratch/way.jsonl" "$scratch/way.copy" &&
        "$acta" export "$scratch/way.copy" | cmp "$scratch/way.jsonl" - || return 1
    tries=0
    until [ "$(balances "$scratch/way.copy")" = '70 35' ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || return 1
    done
    nothing_happens_twice "$scratch/way.copy" 69 36
}

# A backup has all rows, too. Of what is cut, the managers stand behind the cut, and what was under way there stays so.
what_is_restored_does_nothing_twice() {
    "$acta" backup "$scratch/spent" "$scratch/backups" && "$acta" restore "$scratch/backups" "$scratch/restored" &&
        nothing_happens_twice "$scratch/restored" 59 46 &&
        "$acta" restore "$scratch/backups" "$scratch/restored.cut" --to-position 6 &&
        "$bank" --data "$scratch/restored.cut" deposit bob 1 && says 0 'anna has 41' "$bank" --data "$scratch/restored.cut" deposit anna 1 &&
        [ "$("$acta" read "$scratch/restored.cut" --json | wc -l)" -eq 8 ]
}

# Lines that end within the rows: nobody goes on with what came, until they have all come.
rows_that_lack_are_told() {
    lines=$(wc -l <"$scratch/bank.jsonl")
    head -n $((lines - 3)) "$scratch/bank.jsonl" >"$scratch/half" &&
        says 1 'it was cut' "$acta" import "$scratch/half" "$scratch/half.copy" &&
        grep -q '^it lacks rows, and no program can go on with it' "$scratch/said" &&
        says 1 'rows of an import have not all come' "$bank" --data "$scratch/half.copy" list &&
        says 1 'rows of an import have not all come' "$acta" verify "$scratch/half.copy" &&
        says 1 'lacks rows of an import that was not finished' "$acta" import --without-rows "$scratch/bank.jsonl" "$scratch/half.copy" &&
        says 0 '0 events added' "$acta" import "$scratch/bank.jsonl" "$scratch/half.copy" &&
        "$acta" export "$scratch/half.copy" | cmp "$scratch/bank.jsonl" - && says 0 'sound' "$acta" verify "$scratch/half.copy" &&
        nothing_happens_twice "$scratch/half.copy" 569 36
}

# A program has gone on with the copy: its rows are its own, and are not set back.
rows_of_one_that_went_on_stay() {
    "$acta" export "$scratch/half.copy" >"$scratch/went.on" && says 0 '0 events added' "$acta" import "$scratch/bank.jsonl" "$scratch/half.copy" &&
        "$acta" export "$scratch/half.copy" | cmp "$scratch/went.on" -
}

what_came_since_goes_after() {
    "$bank" --data "$scratch/bank" deposit bob 1 && "$acta" import "$scratch/bank.jsonl" "$scratch/behind" || return 1
    last=$(wc -l <"$scratch/read")
    "$acta" export "$scratch/bank" --from $((last + 1)) >"$scratch/since" &&
        says 0 '1 events added, 0 were there' "$acta" import "$scratch/since" "$scratch/behind" &&
        "$acta" export "$scratch/bank" >"$scratch/whole" && "$acta" export "$scratch/behind" | cmp "$scratch/whole" - &&
        nothing_happens_twice "$scratch/behind" 569 37 &&
        says 1 ": position 1 was expected, not $((last + 1))" "$acta" import "$scratch/since" "$scratch/nothing_before"
}

# Lines that nobody signed: a thousand streams, 6 MB, more than a batch.
many() {
    awk 'BEGIN {
        text = sprintf("%250s", "x")
        print "{\"acta_export\":1,\"from\":1,\"to\":20000}"
        for (i = 1; i <= 20000; i++)
            printf "{\"position\":%d,\"stream\":\"s-%d\",\"stream_id\":%d,\"version\":%d,\"type\":\"t\",\"recorded_at_us\":%d,\"tags\":[\"n%d\"],\"payload\":\"%s %d\"}\n",
                i, i % 1000, (i - 1) % 1000 + 1, int((i - 1) / 1000) + 1, 1000 + i, i % 7, text, i
        print "{\"end\":20000}"
    }'
}

an_import_that_was_killed_goes_on() {
    many >"$scratch/many" && mkfifo "$scratch/pipe" || return 1
    "$acta" import "$scratch/pipe" "$scratch/killed" &
    importing=$!
    exec 3>"$scratch/pipe"
    head -n 19000 "$scratch/many" >&3
    kill -KILL "$importing"
    wait "$importing" 2>"$scratch/said" || true
    exec 3>&-
    says 0 '; the store ends at position 20000' "$acta" import "$scratch/many" "$scratch/killed" &&
        ! grep -q '^20000 events added' "$scratch/said" &&
        says 0 '0 events added, 20000 were there' "$acta" import "$scratch/many" "$scratch/killed" &&
        "$acta" export "$scratch/killed" --without-rows | sed 's/,"crc":"[0-9a-f]*"}$/}/' | cmp "$scratch/many" - &&
        says 0 'sound' "$acta" verify "$scratch/killed"
}

an_import_that_was_cut_goes_on() {
    lines=$(grep -n '"position":' "$scratch/bank.jsonl" | tail -n 1 | cut -d: -f1)
    head -n $((lines - 1)) "$scratch/bank.jsonl" >"$scratch/cut" &&
        says 1 "line $((lines - 1)): it ends here, and has no line with 'end': it was cut" "$acta" import "$scratch/cut" "$scratch/cut.copy" &&
        grep -q "; the store ends at position $(($(wc -l <"$scratch/read") - 1))\$" "$scratch/said" &&
        says 0 '1 events added, ' "$acta" import "$scratch/bank.jsonl" "$scratch/cut.copy" &&
        "$acta" export "$scratch/cut.copy" | cmp "$scratch/bank.jsonl" -
}

lines() { # of a log without sums, with an edit of sed's
    printf '%s\n' '{"acta_export":1,"from":1,"to":3}' \
        '{"position":1,"stream":"a","stream_id":1,"version":1,"type":"t","recorded_at_us":10,"payload":"x\ty"}' \
        '{"position":2,"stream":"a","stream_id":1,"version":2,"type":"t","recorded_at_us":20,"payload_base64":"AAEC_w"}' \
        '{"position":3,"stream":"b","stream_id":2,"version":1,"type":"u","recorded_at_us":20,"tags":["k"],"metadata":"m","payload":""}' \
        '{"end":3}' | sed "$1"
}

refused() { # edit, text: what is expected of a line that was edited; what came before it stays
    rm -rf "$scratch/refused"
    lines "$1" >"$scratch/lines"
    says 1 "$2" "$acta" import "$scratch/lines" "$scratch/refused" || return 1
    [ ! -d "$scratch/refused" ] || "$acta" verify "$scratch/refused" >"$scratch/verified"
}

import_row() { # a line
    rm -rf "$scratch/refused"
    { lines '1s/}/,"rows":true}/; 5d' && echo "$1" && echo '{"end":3}'; } | "$acta" import - "$scratch/refused"
}

refused_row() { # line, text: it comes where rows come; the store lacks rows
    says 1 "$2" import_row "$1" && says 1 'rows of an import have not all come' "$acta" verify "$scratch/refused"
}

damaged_lines_are_refused() {
    refused '1d' "line 1: the first line of an export, with 'acta_export', was expected" &&
        refused '1s/:1,/:2,/' "line 1: 'acta_export': expected format 1" &&
        refused '2s/}/,/' 'line 2: the line is no JSON' &&
        refused '2s/stream_id/stream/' "line 2: 'stream': expected it once" &&
        refused '2s/,"version":1//' "line 2: 'version' is missing" &&
        refused '2s/,"payload.*/}/' "line 2: 'payload' is missing" &&
        refused '3s/position":2/position":3/' 'line 3: position 2 was expected, not 3' &&
        grep -q '^1 events added, 0 were there; the store ends at position 1$' "$scratch/said" &&
        refused '3s/version":2/version":3/' 'line 3: version 2 of stream id 1 was expected, not 3' &&
        refused '3s/"a"/"b"/' "line 3: stream id 1 has another name than 'b'" &&
        refused '3s/us":20/us":9/' 'line 3: it was recorded before the one ahead of it: 10 or later' &&
        refused '3s/us":20/us":-9/' "line 3: 'recorded_at_us': expected a whole number" &&
        refused '3s/AAEC_w/AAEC_w==/' "line 3: 'payload_base64': expected base64" &&
        refused '4s/"b"/"a"/' "line 4: the stream 'a' is there already, with the id 1" &&
        refused '4s/id":2/id":1/' 'line 4: version 3 of stream id 1 was expected, not 1' &&
        refused "4s/\"b\"/\"\$b\"/" "line 4: the stream name '\$b' is reserved" &&
        refused "4s/\"u\"/\"\$stream\"/" "line 4: only events '\$stream' lie in the stream '\$streams'" &&
        refused "4s/\"b\"/\"\$streams\"/; 4s/\"u\"/\"\$stream\"/" 'line 4: its payload is no change of a stream' &&
        refused '4s/"k"/""/' "line 4: 'tags': expected texts of 1 to 255 bytes" &&
        refused '4s/"m"/7/' "line 4: 'metadata': expected a text" &&
        refused '4s/metadata/meta/' "line 4: 'meta' is no member of such a line" &&
        refused '4s/}/,"command_id":"7"}/' "line 4: 'command_id': expected an id such as" &&
        refused '4s/}/,"schema_hash":"7"}/' "line 4: 'schema_hash': expected 16 hexadecimal digits" &&
        refused '4s/}/,"crc":"00000000"}/' 'line 4: the line was changed, for its sum would be ' &&
        refused '4d' 'line 4: events up to position 3 were expected, and they end at 2' &&
        refused '5s/.*/[]/' "line 5: an object was expected that begins with 'acta_export'" &&
        refused '5s/.*/&\n&/' "line 6: nothing was expected behind the line with 'end'" &&
        refused '2s/.*/{"table":"balances","key_base64":"AA","value_base64":"AA"}/' "line 2: no rows of 'balances' were expected" &&
        refused '1s/}/,"rows":1}/' "line 1: 'rows': expected true" &&
        refused '1s/}/,"rows":true}/; 2s/.*/{"table":"balances","key_base64":"AA","value_base64":"AA"}/' \
            "line 2: rows of 'balances' were expected behind the events, up to position 3" &&
        refused '5s/.*/{"table":"types","key_base64":"AA","value_base64":"AA"}/' "line 5: rows of 'types' were expected ahead of events" &&
        refused_row '{"table":"Balances","key_base64":"AA","value_base64":"AA"}' "line 5: 'Balances' is no name of a table" &&
        refused_row '{"table":"tags","key_base64":"AA","value_base64":"AA"}' "line 5: rows of 'tags' are made from the log" &&
        says 0 '3 events added' import_row '{"table":"balances","key_base64":"AA","value_base64":"AA"}'
}

what_is_right_is_taken() {
    lines '' >"$scratch/lines" && rm -rf "$scratch/right" &&
        says 0 '3 events added' "$acta" import - "$scratch/right" <"$scratch/lines" &&
        "$acta" export "$scratch/right" --without-rows | sed 's/,"crc":"[0-9a-f]*"}$/}/' | cmp "$scratch/lines" -
}

a_flipped_byte_is_found() {
    sed '0,/"version":2/s/"version":2/"version":3/' "$scratch/bank.jsonl" >"$scratch/flipped" &&
        says 1 'the line was changed, for its sum would be ' "$acta" import "$scratch/flipped" "$scratch/flipped.copy"
}

another_log_is_refused() {
    sed '2s/x/z/' "$scratch/lines" >"$scratch/other" &&
        says 1 "line 2: the store has another event at position 1: version 1 of 'a'" "$acta" import "$scratch/other" "$scratch/right" &&
        says 1 'it is of another log' "$acta" import "$scratch/schema" "$scratch/copy"
}

what_cannot_be_is_told() {
    says 1 "cannot open '$scratch/no.file'" "$acta" import "$scratch/no.file" "$scratch/x" &&
        says 1 "line 2: cannot make store '$scratch/no/where'" "$acta" import "$scratch/lines" "$scratch/no/where" &&
        says 2 'FILE DIR is expected' "$acta" import "$scratch/lines" &&
        says 2 'is one argument too many' "$acta" import a b c &&
        says 1 "there is no store in '$scratch/x'" "$acta" export "$scratch/x" &&
        says 1 'the log ends at position 3, before 5' "$acta" export "$scratch/right" --from 5 &&
        says 2 'which directory?' "$acta" export &&
        says 1 'cannot write' sh -c "\"\$1\" export \"\$2\" >/dev/full" sh "$acta" "$scratch/right"
}

helps() { # command
    says 0 "Usage: acta $1" "$acta" "$1" --help && grep -q "^  acta $1 bank" "$scratch/said" &&
        grep -q '^Exit status: 0 ' "$scratch/said" && ! grep -n '.\{81\}' "$scratch/said"
}

check 'a store of format 1 goes round' a_golden_store_goes_round golden
check 'a store of format 2 goes round' a_golden_store_goes_round golden-2
check 'a store of format 3 goes round' a_golden_store_goes_round golden-3
check 'a bank goes round' a_bank_goes_round
check 'a log alone goes round' a_log_alone_goes_round
check 'what is under way goes on' what_is_under_way_goes_on
check 'what is restored does nothing twice' what_is_restored_does_nothing_twice
check 'rows that lack are told' rows_that_lack_are_told
check 'rows of one that went on stay' rows_of_one_that_went_on_stay
check 'what came since goes after' what_came_since_goes_after
check 'an import that was killed goes on' an_import_that_was_killed_goes_on
check 'an import that was cut goes on' an_import_that_was_cut_goes_on
check 'damaged lines are refused' damaged_lines_are_refused
check 'what is right is taken' what_is_right_is_taken
check 'a flipped byte is found' a_flipped_byte_is_found
sed 's/"value_base64":"[^"]*",.*/"value_base64":"AAAA"}/' "$scratch/bank.jsonl" >"$scratch/schema"
check 'another log is refused' another_log_is_refused
check 'what cannot be is told' what_cannot_be_is_told
check 'export helps' helps export
check 'import helps' helps import
finish
