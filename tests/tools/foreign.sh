#!/bin/sh
# acta import --from: events of EventStore (PostgreSQL) and of KurrentDB, as docs/transfer.md says they are got, into a bank that
# goes on with them; and lines that are none. acta export --to: the way back, through a PostgreSQL of the test's own.
#
#     tests/tools/foreign.sh ACTA BANK TRANSFER_MD
# shellcheck disable=SC2016 # names with a $ are theirs and ours
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
acta=$1 bank=$2 told=$3

says() { # status text command...
    wanted=$1 text=$2 status=0
    shift 2
    "$@" >"$scratch/said" 2>&1 || status=$?
    [ "$status" -eq "$wanted" ] && grep -qF -- "$text" "$scratch/said" && return 0
    cat "$scratch/said"
    echo "status $status, expected $wanted and '$text'"
    return 1
}

eventstore() { # an edit of sed's. Positions have a gap, of a stream that was deleted; data are a text, and in the last line JSON
    cat <<'END' | sed "$1"
{"position":1,"stream_uuid":"account-anna","stream_version":1,"event_id":"a51f8f2e-0000-4000-8000-000000000001","event_type":"Elixir.Bank.AccountOpened","causation_id":"c51f8f2e-0000-4000-8000-000000000001","correlation_id":"d51f8f2e-0000-4000-8000-000000000001","data":"{\"account_id\":\"anna\",\"owner\":\"Anna \\u00c5berg\",\"initial_balance\":100}","metadata":"{\"user\":\"clara\"}","created_at":"2026-11-20T10:30:00.250001+00:00"}
{"position":2,"stream_uuid":"account-bob","stream_version":1,"event_id":"a51f8f2e-0000-4000-8000-000000000002","event_type":"Elixir.Bank.AccountOpened","causation_id":null,"correlation_id":null,"data":"{\"account_id\":\"bob\",\"owner\":\"bob\",\"initial_balance\":5}","metadata":null,"created_at":"2026-11-20T12:30:00.2+02:00"}
{"position":5,"stream_uuid":"account-anna","stream_version":2,"event_id":"a51f8f2e-0000-4000-8000-000000000003","event_type":"Elixir.Bank.Events.PaidIn","causation_id":null,"correlation_id":null,"data":{"account_id":"anna","amount":7,"balance":107},"metadata":{},"created_at":"2026-11-20T10:31:00Z"}
END
}

kurrentdb() { # an edit. An entry of a feed of $all, an event as it is asked for alone, its stream's metadata, two ways of a link
    cat <<'END' | sed "$1"
{"eventId":"b51f8f2e-0000-4000-8000-000000000001","eventType":"AccountOpened","eventNumber":0,"streamId":"Account-anna","isJson":true,"data":"{\"account_id\":\"anna\",\"initial_balance\":100}","metaData":"{\"$correlationId\":\"d51f8f2e-0000-4000-8000-000000000001\",\"$causationId\":\"job 7\"}","positionStreamId":"Account-anna","updated":"2026-11-20T10:30:00.1234567Z"}
{"eventId":"b51f8f2e-0000-4000-8000-000000000002","eventType":"$metadata","eventNumber":0,"streamId":"$$Account-anna","isJson":true,"data":"{\"$maxCount\":9}","updated":"2026-11-20T10:30:00Z"}
{"eventStreamId":"Account-anna","eventNumber":1,"eventType":"MoneyDeposited","eventId":"b51f8f2e-0000-4000-8000-000000000003","data":{"account_id":"anna","amount":7,"balance":107},"metadata":"","created":"2026-11-20T10:31:00Z"}
{"eventId":"b51f8f2e-0000-4000-8000-000000000004","eventType":"$>","eventNumber":0,"streamId":"$ce-Account","isJson":false,"data":"0@Account-anna","updated":"2026-11-20T10:32:00Z"}
{"eventId":"b51f8f2e-0000-4000-8000-000000000003","eventType":"MoneyDeposited","eventNumber":1,"streamId":"Account-anna","isJson":true,"data":"{}","positionStreamId":"copies","updated":"2026-11-20T10:32:00Z"}
END
}

cat >"$scratch/rules" <<'END'
# theirs                    ours
type Elixir.Bank.Events.PaidIn bank.MoneyDeposited
stream account-             Account-
END

new_bank() { # directory: opened once, it has its schemas and no events
    rm -rf "$1" && cp -r "$scratch/empty" "$1"
}

an_empty_bank_is_made() {
    says 1 amount_not_positive "$bank" --data "$scratch/empty" open nobody --balance -1
}

eventstore_comes_in() {
    new_bank "$scratch/es" && eventstore '' >"$scratch/rows" &&
        says 0 '3 events of 2 streams added; 0 system events and links left out, 1 times set to that of the event before' \
            "$acta" import --from eventstore --rules "$scratch/rules" "$scratch/rows" "$scratch/es" &&
        says 0 'sound' "$acta" verify "$scratch/es" && "$acta" read "$scratch/es" --json >"$scratch/read" &&
        sed -n 1p "$scratch/read" | grep -F '"stream":"Account-anna","version":1,"type":"bank.AccountOpened"' |
        grep -F '"c51f8f2e-0000-4000-8000-000000000001"' | grep -F 'd51f8f2e-0000-4000-8000-000000000001' |
            grep -F 'event_id:a51f8f2e-0000-4000-8000-000000000001' | grep -F '2026-11-20T10:30:00.250001Z' | grep -F 'clara' | grep -F 'Anna Åberg' &&
        sed -n 2p "$scratch/read" | grep -F '2026-11-20T10:30:00.250001Z' &&
        says 0 'bob has 15' "$bank" --data "$scratch/es" deposit bob 10 &&
        says 0 'anna has 77, bob has 45' "$bank" --data "$scratch/es" transfer anna bob 30
}

kurrentdb_comes_in() {
    new_bank "$scratch/kdb" && kurrentdb '' | "$acta" import --from kurrentdb - "$scratch/kdb" >"$scratch/added" &&
        grep -F '2 events of 1 streams added; 3 system events and links left out, 0 times' "$scratch/added" &&
        "$acta" read "$scratch/kdb" --json >"$scratch/read" && grep -F '2026-11-20T10:30:00.123456Z' "$scratch/read" &&
        says 0 '1 bank.AccountOpened' sh -c "\"\$1\" read \"\$2\" --correlation d51f8f2e-0000-4000-8000-000000000001 | sed 's/  */ /g'" sh "$acta" "$scratch/kdb" &&
        says 0 'anna has 108' "$bank" --data "$scratch/kdb" deposit anna 1
}

# A transfer that was done elsewhere: what is to begin behind it does nothing again.
transfer() {
    cat <<'END'
{"eventId":"b51f8f2e-0000-4000-8000-000000000001","eventType":"AccountOpened","eventNumber":0,"streamId":"Account-anna","data":"{\"account_id\":\"anna\",\"owner\":\"anna\",\"initial_balance\":100}","updated":"2026-11-20T10:30:00Z"}
{"eventId":"b51f8f2e-0000-4000-8000-000000000002","eventType":"AccountOpened","eventNumber":0,"streamId":"Account-bob","data":"{\"account_id\":\"bob\",\"owner\":\"bob\"}","updated":"2026-11-20T10:30:01Z"}
{"eventId":"b51f8f2e-0000-4000-8000-000000000003","eventType":"TransferRequested","eventNumber":0,"streamId":"Transfer-t1","data":"{\"transfer_id\":\"t1\",\"source_id\":\"anna\",\"target_id\":\"bob\",\"amount\":30}","updated":"2026-11-20T10:30:02Z"}
{"eventId":"b51f8f2e-0000-4000-8000-000000000004","eventType":"MoneyWithdrawn","eventNumber":1,"streamId":"Account-anna","data":"{\"account_id\":\"anna\",\"amount\":30,\"balance\":70,\"transfer_id\":\"t1\"}","updated":"2026-11-20T10:30:03Z"}
{"eventId":"b51f8f2e-0000-4000-8000-000000000005","eventType":"MoneyDeposited","eventNumber":1,"streamId":"Account-bob","data":"{\"account_id\":\"bob\",\"amount\":30,\"balance\":30,\"reason\":\"transfer\",\"transfer_id\":\"t1\"}","updated":"2026-11-20T10:30:04Z"}
{"eventId":"b51f8f2e-0000-4000-8000-000000000006","eventType":"TransferCompleted","eventNumber":1,"streamId":"Transfer-t1","data":"{\"transfer_id\":\"t1\"}","updated":"2026-11-20T10:30:05Z"}
END
}

what_was_handled_elsewhere_is_not_done_again() {
    new_bank "$scratch/done" && transfer | "$acta" import --from kurrentdb --handled Transfers - "$scratch/done" &&
        says 0 'anna has 69, bob has 31' "$bank" --data "$scratch/done" transfer anna bob 1 &&
        [ "$("$acta" read "$scratch/done" --json | wc -l)" -eq 10 ]
}

refused() { # of which, edit, text
    new_bank "$scratch/refused" && "$1" "$2" >"$scratch/rows" &&
        says 1 "$3" "$acta" import --from "$1" --rules "$scratch/rules" "$scratch/rows" "$scratch/refused"
}

lines_that_are_none_are_refused() {
    refused eventstore '1s/}$//' 'rows, line 1: the line is no JSON' &&
        refused eventstore '1s/.*/[]/' 'line 1: an object was expected, an event' &&
        refused eventstore '2s/"position":2/"position":1/' "line 2: 'position': one behind 1 was expected, not 1" &&
        refused eventstore '1s/"position":1,//' "line 1: 'position': expected a whole number" &&
        refused eventstore '1s/"stream_uuid":"account-anna"/"stream_uuid":7/' "line 1: 'stream_uuid': expected a text" &&
        refused eventstore '3s/"stream_version":2/"stream_version":3/' "line 3: 'stream_version': 2 of stream 'account-anna' was expected, not 3; events are missing" &&
        refused eventstore '1s/T10:30/ at 10:30/' "line 1: 'created_at': expected a time" &&
        refused eventstore '1s/-11-20T/-02-30T/' "line 1: 'created_at': expected a time" &&
        refused eventstore '2s/+02:00/+2:00/' "line 2: 'created_at': expected a time" &&
        refused eventstore '1s/Bank.AccountOpened/Bank.Elsewhere/' "line 1: the store knows no event 'Elixir.Bank.Elsewhere': a rule 'type Elixir.Bank.Elsewhere NAME' was expected" &&
        refused eventstore '1s/Bank.AccountOpened/\\u001b[2J\\u009b/' "line 1: the store knows no event 'Elixir.?[2J??'" &&
        refused eventstore '3s/"amount":7/"amuont":7/' "line 3: 'data': JSON of bank.MoneyDeposited: line 1, column " &&
        refused eventstore '3s/"amount":7/"amount":"x"/' "line 3: 'data': JSON of bank.MoneyDeposited: line 1, column " &&
        refused eventstore '3s/"data":{[^}]*}/"data":[1]/' "line 3: 'data': expected an object" &&
        refused eventstore '1s/"event_id":"[^"]*",//' "line 1: 'event_id': expected a text" &&
        refused kurrentdb '1s/"eventNumber":0/"eventNumber":4/' "line 1: 'eventNumber': 0 of stream 'Account-anna' was expected, not 4; events are missing: with --gone they are marked as removed" &&
        refused kurrentdb '1s/"isJson":true/"isJson":false/' "line 1: 'isJson': expected true" &&
        "$acta" verify "$scratch/refused" >"$scratch/verified"
}

# Versions stay; what is there can be read, and goes out again as it came; an aggregate without its beginning decides nothing.
streams_whose_first_events_are_gone_come_in() {
    new_bank "$scratch/gone" && kurrentdb '1s/"eventNumber":0/"eventNumber":4/;3s/"eventNumber":1/"eventNumber":5/' >"$scratch/later" &&
        says 0 '2 events of 1 streams added; 3 system events and links left out, 0 times set to that of the event before, 4 that are gone marked as removed' \
            "$acta" import --from kurrentdb --gone --handled Transfers "$scratch/later" "$scratch/gone" &&
        says 0 'sound' "$acta" verify "$scratch/gone" &&
        "$acta" read "$scratch/gone" --stream Account-anna --json >"$scratch/read" && cat "$scratch/read" &&
        [ "$(grep -c '"version":[56],"type":"bank' "$scratch/read")" -eq 2 ] &&
        says 1 'version 1 was removed' "$bank" --data "$scratch/gone" deposit anna 1 &&
        says 0 'bob is open' "$bank" --data "$scratch/gone" open bob &&
        "$acta" export "$scratch/gone" --to kurrentdb >"$scratch/again" && new_bank "$scratch/back" &&
        says 0 '3 events of 2 streams added; 0 system events and links left out, 0 times set to that of the event before, 4 that are gone marked as removed' \
            "$acta" import --from kurrentdb --gone "$scratch/again" "$scratch/back" &&
        "$acta" export "$scratch/back" --to kurrentdb >"$scratch/twice" && cmp "$scratch/again" "$scratch/twice" &&
        "$acta" export "$scratch/gone" >"$scratch/lines" && "$acta" import "$scratch/lines" "$scratch/copy" &&
        "$acta" export "$scratch/copy" | cmp - "$scratch/lines"
}

# A number alone must not fill the disk; and what is missing between events of a stream isn't gone, but lost.
what_cannot_be_gone_is_refused() {
    new_bank "$scratch/refused" && kurrentdb '1s/"eventNumber":0/"eventNumber":10000001/' >"$scratch/rows" &&
        says 1 "line 1: 10000001 events of stream 'Account-anna' are gone; at most 10000000" \
            "$acta" import --from kurrentdb --gone "$scratch/rows" "$scratch/refused" &&
        new_bank "$scratch/refused" && kurrentdb '3s/"eventNumber":1/"eventNumber":2/' >"$scratch/rows" &&
        says 1 "line 3: 'eventNumber': 1 of stream 'Account-anna' was expected, not 2; events are missing" \
            "$acta" import --from kurrentdb --gone "$scratch/rows" "$scratch/refused"
}

rules_that_are_none_are_refused() {
    new_bank "$scratch/refused" && eventstore '' >"$scratch/rows" && echo 'types a b' >"$scratch/wrong" &&
        says 1 "wrong, line 1: 'type THEIRS OURS' or 'stream THEIRS OURS' was expected" "$acta" import --from eventstore --rules "$scratch/wrong" "$scratch/rows" "$scratch/refused" &&
        printf '# none\n\ntype a bank.Nothing\n' >"$scratch/wrong" &&
        says 1 "wrong, line 3: the store knows no event 'bank.Nothing'" "$acta" import --from eventstore --rules "$scratch/wrong" "$scratch/rows" "$scratch/refused" &&
        says 1 "cannot open '$scratch/no.rules'" "$acta" import --from eventstore --rules "$scratch/no.rules" "$scratch/rows" "$scratch/refused"
}

stores_that_do_not_fit_are_refused() {
    says 1 "there is no store in '$scratch/nowhere'" "$acta" import --from eventstore "$scratch/rows" "$scratch/nowhere" &&
        says 1 'events: one without was expected' "$acta" import --from eventstore "$scratch/rows" "$scratch/es" &&
        "$acta" export "$scratch/empty" --without-rows | grep -v '"table"' | "$acta" import - "$scratch/bare" &&
        says 1 'knows no events: open it once with the program' "$acta" import --from eventstore "$scratch/rows" "$scratch/bare" &&
        says 1 "cannot open '$scratch/no.file'" "$acta" import --from eventstore "$scratch/no.file" "$scratch/bare" &&
        says 2 "'oracle': eventstore or kurrentdb was expected" "$acta" import --from oracle "$scratch/rows" "$scratch/bare" &&
        says 2 '--rules, --handled and --gone go with --from' "$acta" import --gone "$scratch/rows" "$scratch/bare" &&
        says 2 '--rules, --handled and --gone go with --from' "$acta" import --rules "$scratch/rules" "$scratch/rows" "$scratch/bare"
}

# -- the way back --

# Of EventStore's own and ours; names, tags and metadata of every kind.
a_log_of_all_kinds_is_made() {
    cat >"$scratch/edit" <<'END'
s/,"crc":"[0-9a-f]*"}$/}/
s/"stream":"Transfer-[^"]*"/"stream":"Transfer-[31m \\"ä\\\\"/
/"position":4,/s/"payload/"tags":["a \\"b\\"","ü"],"metadata":"no JSON\\n",&/
/"position":5,/s/"payload/"metadata":"{\\"$acta\\":1}",&/
/"position":6,/s/"payload/"metadata":"{\\"a\\" : [1, 2] }",&/
/"position":7,/s/"payload/"metadata_base64":"AAEC_w",&/
/"position":8,/s/"payload/"metadata":"[7]",&/
END
    "$acta" export "$scratch/es" --without-rows | sed -f "$scratch/edit" >"$scratch/lines" &&
        [ "$(grep -c '"position"' "$scratch/lines")" -eq 8 ] && "$acta" import --without-rows "$scratch/lines" "$scratch/all" &&
        "$acta" read "$scratch/all" --json --show-redacted >"$scratch/all.json"
}

comes_back() { # of which, lines: the same log, and of it the same lines
    new_bank "$scratch/back.$1" &&
        says 0 '8 events of 3 streams added; 0 system events and links left out, 0 times' \
            "$acta" import --from "$1" --rules "$scratch/rules" --handled Transfers "$2" "$scratch/back.$1" &&
        "$acta" read "$scratch/back.$1" --json --show-redacted | cmp - "$scratch/all.json" &&
        "$acta" export "$scratch/back.$1" --to "$1" --rules "$scratch/rules" >"$scratch/again" && cmp "$scratch/again" "$scratch/to.$1"
}

goes_out() { # to which
    says 0 "8 events; of the store's own 0, and removed ones 0, are left out" \
        sh -c '"$1" export "$2" --to "$3" --rules "$4" >"$5"' sh "$acta" "$scratch/all" "$1" "$scratch/rules" "$scratch/to.$1" &&
        comes_back "$1" "$scratch/to.$1"
}

what_goes_out_comes_back() {
    goes_out eventstore && goes_out kurrentdb &&
        grep -F '"stream_uuid":"account-anna","stream_version":2,' "$scratch/to.eventstore" | grep -F '"event_type":"Elixir.Bank.Events.PaidIn"' |
        grep -F '"event_id":"a51f8f2e-0000-4000-8000-000000000003"' | grep -F '"data":{"account_id"' | grep -F '"metadata":{},"created_at":"2026-11-20T10:31:00.000000Z"}' &&
        "$acta" export "$scratch/kdb" --to kurrentdb 2>/dev/null | grep -F '"metadata":{"$correlationId":"d51f8f2e-0000-4000-8000-000000000001","$causationId":"job 7"},' &&
        says 0 'anna has 78' "$bank" --data "$scratch/back.kurrentdb" deposit anna 1
}

its_own_and_removed_ones_stay() {
    own='{"position":9,"stream":"$audit","stream_id":4,"version":1,"type":"$repaired","recorded_at_us":2000000000000000,"payload":"a note"}'
    sed -e 's/"to":8/"to":9/' -e '/"position":1,/s/"payload.*/"removed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}/' \
        -e "s/{\"end\":8/$own\\n{\"end\":9/" "$scratch/lines" >"$scratch/lines.2" &&
        "$acta" import --without-rows "$scratch/lines.2" "$scratch/less" &&
        "$acta" export "$scratch/less" --to kurrentdb >"$scratch/rows" 2>"$scratch/said" &&
        grep -F "7 events; of the store's own 1, and removed ones 1, are left out" "$scratch/said" &&
        [ "$(grep -cF '"streamId":"Account-anna"' "$scratch/rows")" -eq 2 ] && ! grep -F repaired "$scratch/rows"
}

exports_that_can_not_be_are_refused() {
    says 2 "'oracle': eventstore or kurrentdb was expected" "$acta" export "$scratch/all" --to oracle &&
        says 2 '--rules goes with --to' "$acta" export "$scratch/all" --rules "$scratch/rules" &&
        says 2 '--to has no rows in any case' "$acta" export "$scratch/all" --to eventstore --without-rows &&
        says 1 'the log ends at position 8, before 12' "$acta" export "$scratch/all" --to eventstore --from 12 &&
        says 1 "cannot open '$scratch/no.rules'" "$acta" export "$scratch/all" --to eventstore --rules "$scratch/no.rules" &&
        sed '1s/"$acta":{"[a-z_]*"/"$acta":{"tagz"/' "$scratch/to.kurrentdb" >"$scratch/rows" && ! cmp -s "$scratch/rows" "$scratch/to.kurrentdb" &&
        new_bank "$scratch/refused" &&
        says 1 "rows, line 1: '\$acta': 'tagz' is no member" "$acta" import --from kurrentdb --rules "$scratch/rules" "$scratch/rows" "$scratch/refused"
}

# A server of the test's own, on a socket in a folder of its own. As root it would not run: then as the user that its package has made.
postgres=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | head -n 1)
postgres=${postgres%/initdb}
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
}

start_postgres() {
    PGHOST=$(mktemp -d "${TMPDIR:-/tmp}/acta-pg.XXXXXX") && export PGHOST PGUSER=postgres &&
        if [ "$(id -u)" -eq 0 ]; then chown postgres "$PGHOST"; fi &&
        as_postgres "$postgres/initdb" -D "$PGHOST/data" -A trust -U postgres --no-sync --no-locale -E UTF8 &&
        as_postgres "$postgres/pg_ctl" -D "$PGHOST/data" -w -t 300 -l "$PGHOST/log" \
            -o "-k $PGHOST -c listen_addresses= -c fsync=off -c autovacuum=off -c shared_buffers=16MB" start &&
        psql -qX -d postgres -c 'CREATE DATABASE eventstore'
}

stop_postgres() {
    as_postgres "$postgres/pg_ctl" -D "$PGHOST/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$PGHOST"
}

# EventStore's tables, its columns, keys and triggers as its schema 1.3.2 has them.
make_eventstore() {
    psql -qX -v ON_ERROR_STOP=1 -d eventstore <<'END'
CREATE TABLE streams (stream_id bigserial PRIMARY KEY, stream_uuid text NOT NULL UNIQUE, stream_version bigint NOT NULL DEFAULT 0,
    stream_origin bigint NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz);
CREATE TABLE events (event_id uuid PRIMARY KEY, event_type text NOT NULL, causation_id uuid, correlation_id uuid,
    data bytea NOT NULL, metadata bytea, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE stream_events (event_id uuid NOT NULL REFERENCES events, stream_id bigint NOT NULL REFERENCES streams,
    stream_version bigint NOT NULL, original_stream_id bigint REFERENCES streams, original_stream_version bigint,
    PRIMARY KEY (event_id, stream_id), UNIQUE (stream_id, stream_version));
CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'EventStore: %', TG_ARGV[0]; END $$ LANGUAGE plpgsql;
CREATE TRIGGER a BEFORE UPDATE OR DELETE ON events FOR EACH STATEMENT EXECUTE PROCEDURE refuse('Cannot update events');
CREATE TRIGGER b BEFORE UPDATE OR DELETE ON stream_events FOR EACH STATEMENT EXECUTE PROCEDURE refuse('Cannot update stream events');
INSERT INTO streams (stream_id, stream_uuid) VALUES (0, '$all');
END
}

as_told() { # beginning, end: the commands that the guide has from one line to the other
    sed -n "/^    $1/,/$2/p" "$told" | sed 's/^    //' >"$scratch/told.sh" && [ -s "$scratch/told.sh" ] && (cd "$scratch" && sh -eu told.sh)
}

postgres_takes_it_and_gives_it() {
    cp "$scratch/to.eventstore" "$scratch/rows.jsonl" && start_postgres && make_eventstore && as_told 'psql -v' '^    END' &&
        [ "$(psql -AtX -d eventstore -c "SELECT stream_uuid || stream_version FROM streams WHERE stream_id IN (0, 1) ORDER BY 1" | tr '\n' ' ')" = '$all8 account-anna3 ' ] &&
        as_told 'psql -AtX' 'rows.jsonl$' && ! cmp -s "$scratch/rows.jsonl" "$scratch/to.eventstore" && comes_back eventstore "$scratch/rows.jsonl"
}

check 'an empty bank is made' an_empty_bank_is_made
check 'EventStore comes in' eventstore_comes_in
check 'KurrentDB comes in' kurrentdb_comes_in
check 'what was handled elsewhere is not done again' what_was_handled_elsewhere_is_not_done_again
check 'lines that are none are refused' lines_that_are_none_are_refused
check 'streams whose first events are gone come in' streams_whose_first_events_are_gone_come_in
check 'what cannot be gone is refused' what_cannot_be_gone_is_refused
check 'rules that are none are refused' rules_that_are_none_are_refused
check 'stores that do not fit are refused' stores_that_do_not_fit_are_refused
check 'a log of all kinds is made' a_log_of_all_kinds_is_made
check 'what goes out comes back' what_goes_out_comes_back
check 'its own and removed ones stay' its_own_and_removed_ones_stay
check 'exports that can not be are refused' exports_that_can_not_be_are_refused
if [ -n "$postgres" ] && command -v psql >/dev/null && { [ "$(id -u)" -ne 0 ] || id postgres >/dev/null 2>&1; }; then
    check 'PostgreSQL takes it and gives it' postgres_takes_it_and_gives_it
    stop_postgres
else
    skip 'PostgreSQL takes it and gives it' 'PostgreSQL is not installed'
fi
finish
