#!/bin/sh
# acta handlers, dispatch, state, sagas and schedule, run as a user would beside a bank that is served on the socket in its directory.
#
#     tests/tools/served.sh ACTA BANK
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
acta=$1 bank=$2
data=$scratch/data
unset ACTA_GATEWAY ACTA_HTTP
# shellcheck source=tests/tools/served_lib.sh
. "$(dirname "$0")/served_lib.sh"

handlers_are_listed() {
    says 0 'NAME                   STATE' "$acta" handlers "$data" &&
        grep -qE '^accounts +live +0 +0 +0 20[0-9-]+T[0-9:]{8}$' "$scratch/said" &&
        fits "$acta" handlers "$data" &&
        says 0 '{"name":"accounts","state":"live",' "$acta" handlers "$data" --json &&
        [ "$(wc -l <"$scratch/said")" -eq 3 ]
}

nothing_runs_later_is_told() {
    says 0 'there is no command for later' "$acta" schedule "$data" &&
        "$acta" schedule "$data" --json >"$scratch/said" 2>&1 && [ ! -s "$scratch/said" ]
}

a_handler_is_paused_and_resumed() {
    says 0 'accounts: pause is done' "$acta" handlers "$data" pause accounts --by clara --why 'a & b, ü' &&
        says 0 '"name":"accounts","state":"paused"' "$acta" handlers "$data" --json &&
        says 0 '{"name":"accounts"}' "$acta" handlers "$data" resume accounts --json &&
        says 0 '"name":"accounts","state":"live"' "$acta" handlers "$data" --json &&
        says 0 'accounts: rebuild is done' "$acta" handlers "$data" rebuild accounts --tables bank.AccountRow,bank.CustomerRow &&
        says 1 "the schema has no read model 'bank.Row'" "$acta" handlers "$data" reset accounts --tables bank.Row &&
        says 1 "there is no rebuild of 'accounts'" "$acta" handlers "$data" cancel-rebuild accounts
}

orders_that_cannot_be_are_refused() {
    says 1 "the application has no handler 'nobody'" "$acta" handlers "$data" parked nobody &&
        says 0 'POSITION' "$acta" handlers "$data" parked accounts &&
        says 1 "the application has no handler 'a b?c'" "$acta" handlers "$data" pause 'a b?c' &&
        says 1 "has no event at position 3 aside" "$acta" handlers "$data" skip accounts --position 3 &&
        says 1 "has no event at position 3 aside" "$acta" handlers "$data" replay accounts --position 3 --key k
}

commands_are_dispatched() {
    says 0 'version   1' "$acta" dispatch "$data" OpenAccount '{"account_id": "anna", "owner": "Anna", "initial_balance": 7}' &&
        says 0 'position  2' "$acta" dispatch "$data" Deposit '{"account_id": "anna", "amount": 20}' --id payment-17 &&
        says 0 '{"version":2,"position":2}' "$acta" dispatch "$data" Deposit '{"account_id": "anna", "amount": 20}' --id payment-17 --json
}

commands_that_are_refused_are_told() {
    says 1 '(insufficient_funds)' "$acta" dispatch "$data" Withdraw '{"account_id": "anna", "amount": 2000}' &&
        grep -q '^acta: [a-z].* (insufficient_funds)$' "$scratch/said" &&
        says 1 '(field amount)' "$acta" dispatch "$data" Deposit '{"account_id": "anna", "amount": "x"}' &&
        says 1 "acta: " "$acta" dispatch "$data" Deposit '{' &&
        says 1 "'Depositt'" "$acta" dispatch "$data" Depositt '{}' &&
        says 1 'another' "$acta" dispatch "$data" Deposit '{"account_id": "anna", "amount": 21}' --id payment-17 &&
        ! "$acta" dispatch "$data" Deposit '{' 2>/dev/null >"$scratch/out" && [ ! -s "$scratch/out" ]
}

# What is written while acta tail --follow looks on comes once, in order; a stream may come later than who waits for it.
new_events_are_followed() {
    "$acta" tail "$data" -n 1 --follow --json >"$scratch/followed" 2>&1 &
    all=$!
    "$acta" tail "$data" --stream Account-emil --follow --json >"$scratch/followed_one" 2>&1 &
    one=$!
    for _ in $(seq 600); do
        [ ! -s "$scratch/followed" ] || break
        sleep 0.1
    done
    for name in emil erna; do
        "$acta" dispatch "$data" OpenAccount "{\"account_id\": \"$name\", \"owner\": \"$name\", \"initial_balance\": 1}" || return 1
    done
    "$acta" dispatch "$data" Deposit '{"account_id": "emil", "amount": 3}' || return 1
    for _ in $(seq 600); do
        [ "$(wc -l <"$scratch/followed")" -lt 4 ] || [ "$(wc -l <"$scratch/followed_one")" -lt 2 ] || break
        sleep 0.1
    done
    kill -INT "$one" && kill -TERM "$all" && wait "$one" && wait "$all" || return 1
    cut -d, -f 1 "$scratch/followed" >"$scratch/positions"
    printf '{"position":%s\n' 2 3 4 5 | diff - "$scratch/positions" &&
        printf '%s\n' '{"position":3,"stream":"Account-emil","version":1' '{"position":5,"stream":"Account-emil","version":2' >"$scratch/expected" &&
        cut -d, -f 1-3 "$scratch/followed_one" | diff "$scratch/expected" -
}

a_state_is_shown_now_and_as_it_was() {
    says 0 'Account anna' "$acta" state "$data" Account anna &&
        grep -q '^version   2$' "$scratch/said" &&
        grep -q '^recorded  20.*Z$' "$scratch/said" &&
        grep -q '"balance": 27' "$scratch/said" &&
        says 0 '"balance": 7' "$acta" state "$data" Account anna --at 1 &&
        says 0 '"balance": 7' "$acta" state "$data" Account anna --at position:1 &&
        says 0 '"balance": 27' "$acta" state "$data" Account anna --at "$(date -u -d tomorrow +%Y-%m-%dT%H:%M:%SZ)" --json &&
        [ "$(wc -l <"$scratch/said")" -eq 1 ]
}

what_changed_is_shown() {
    says 0 'balance: 7 -> 27' "$acta" diff "$data" Account anna --from 1 --to 2 &&
        says 0 'balance: 0 -> 7' "$acta" diff "$data" Account anna --to position:1 &&
        says 0 '"differences":[{"path":"balance","before":7,"after":27}]' "$acta" diff "$data" Account anna --from 1 --json &&
        says 1 'from: expected a version such as 17' "$acta" diff "$data" Account anna --from 'a & b' &&
        says 1 "there is no 'Account-nobody'" "$acta" diff "$data" Account nobody
}

who_changed_it_is_shown() {
    says 0 'balance: 7 -> 27' "$acta" why "$data" Account anna balance &&
        grep -q '^version         2$' "$scratch/said" &&
        grep -q '^event           bank.MoneyDeposited$' "$scratch/said" &&
        grep -q '^command_id      [0-9a-f-]\{36\}$' "$scratch/said" &&
        says 0 'balance: 0 -> 7' "$acta" why "$data" Account anna balance 7 &&
        says 0 '"event":"bank.AccountOpened"' "$acta" why "$data" Account anna balance --at 1 --json &&
        says 1 "nothing has changed 'balance' of 'anna' to 8" "$acta" why "$data" Account anna balance 8 &&
        says 1 "'a & b' is no path in a 'bank.Account'" "$acta" why "$data" Account anna 'a & b'
}

a_state_that_is_not_there_is_told() {
    says 1 'acta: ' "$acta" state "$data" Account nobody &&
        says 1 "the schema has no aggregate 'Nothing'" "$acta" state "$data" Nothing anna &&
        ! grep -q 'did you mean' "$scratch/said" &&
        says 1 "the schema has no aggregate 'Acount'; did you mean 'Account'?" "$acta" state "$data" Acount anna &&
        says 1 "'bank.account'; did you mean 'Account'?" "$acta" diff "$data" bank.account anna &&
        says 1 'at: expected a version such as 17' "$acta" state "$data" Account anna --at 'a & b'
}

begin_standing() { # another bank, with one event and a standing order, in place of the first
    data=$scratch/standing
    "$bank" --data "$data" open ida --balance 100
    "$bank" --data "$data" standing salary ida 20 '0 6 1 * *'
}

what_runs_later_is_listed() {
    says 0 'KEY                    COMMAND' "$acta" schedule "$data" &&
        grep -qE '^salary +bank.Deposit +waiting +0 +0 20[0-9-]+-01T06:00:00$' "$scratch/said" &&
        fits "$acta" schedule "$data" &&
        says 0 '{"key":"salary","command":"bank.Deposit","state":"waiting",' "$acta" schedule "$data" --json
}

sagas_that_do_not_run_are_told() {
    says 0 'no process manager has an instance that runs' "$acta" sagas "$data" &&
        "$acta" sagas "$data" --json >"$scratch/said" 2>&1 && [ ! -s "$scratch/said" ] &&
        says 1 "no process manager has an instance 't-17' that runs" "$acta" sagas "$data" show t-17
}

# A program with two instances and a parked event, for `answer`.
cat >"$scratch/bodies.pl" <<'END'
my $why = "the account is closed. " x 6;
("/handlers" => q({"handlers":[{"name":"accounts"},{"name":"Transfers"}]}),
    "/handlers/mail%20er/parked" => q({"name":"mail er","parked":[{"position":4711,"key":"Account-anna",)
        . q("stream":"Account-anna","type":"bank.MoneyDepositedLongAgo","attempts":5,)
        . q("parked_at":"2026-11-21T10:30:00.5Z","why":"no\u001bserver"}]}),
    "/sagas/Transfers" => qq({"name":"Transfers","instances":[{"id":"t-17","phase":"backoff",)
        . qq("since":"2026-11-21T10:30:00.5Z","attempts":123456789,"queued":1,"why":"$why"},)
        . qq({"id":"t-171","phase":"idle","since":null,"attempts":0,"queued":0}],"more":true}),
    404 => q({"detail":"no process manager"}))
END

sagas_that_run_are_listed() {
    answer 3 &&
        fits "$acta" sagas "$scratch/fake" && wait $! &&
        grep -q '^Transfers$' "$scratch/said" &&
        grep -qE '^t-17 +backoff +123456789 +1 2026-11-21T10:30:00$' "$scratch/said" &&
        grep -q '^    the account is closed. the account is closed. ' "$scratch/said" &&
        grep -qE '^t-171 +idle +0 +0 -$' "$scratch/said" &&
        grep -q 'these are the first 10,000; there are more' "$scratch/said" &&
        answer 3 &&
        says 0 '{"manager":"Transfers","id":"t-171","phase":"idle"' "$acta" sagas "$scratch/fake" --json && wait $!
}

what_is_parked_is_listed() {
    answer 2 &&
        fits "$acta" handlers "$scratch/fake" parked 'mail er' &&
        grep -qE '^      4711 Account-anna       bank.MoneyDepositedL… +5 2026-11-21T10:30:00$' "$scratch/said" &&
        grep -q '^    no?server$' "$scratch/said" &&
        says 0 '{"position":4711,' "$acta" handlers "$scratch/fake" parked 'mail er' --json && wait $!
}

an_order_is_sent_whole() {
    answer 1 &&
        says 1 'acta: no process manager' "$acta" handlers "$scratch/fake" replay 'mail er' --position 7 --key 'a&b' --by clara --why 'x y' &&
        wait $! &&
        grep -qF 'POST /handlers/mail%20er/replay?position=7&key=a%26b&by=clara&why=x%20y HTTP/1.1' "$scratch/asked"
}

one_saga_is_shown() {
    answer 3 &&
        says 0 'manager          Transfers' "$acta" sagas "$scratch/fake" show t-17 && wait $! &&
        grep -q '^attempts         123456789$' "$scratch/said" &&
        ! grep -q 't-171' "$scratch/said"
}

wrong_usage_is_told() {
    says 2 'which directory?' "$acta" handlers &&
        says 2 "there is no order 'stop'; the orders are: pause, resume, replay, skip, reset, rebuild, cancel-rebuild; or: parked" "$acta" handlers "$data" stop x &&
        says 2 'which handler? pause NAME is expected' "$acta" handlers "$data" pause &&
        says 2 'skip NAME --position N is expected' "$acta" handlers "$data" skip accounts &&
        says 2 '--position: pause takes none' "$acta" handlers "$data" pause accounts --position 3 &&
        says 2 'which read models does it write? rebuild NAME --tables' "$acta" handlers "$data" rebuild accounts &&
        says 2 'of an event handler: --tables none' "$acta" handlers "$data" reset accounts &&
        says 2 '--tables: pause takes none' "$acta" handlers "$data" pause accounts --tables x &&
        says 2 '--key: skip takes none' "$acta" handlers "$data" skip accounts --position 3 --key k &&
        says 2 "'0' is no position" "$acta" handlers "$data" skip accounts --position 0 &&
        says 2 'belong to an order, and there is none' "$acta" handlers "$data" --why x &&
        says 2 'DIR NAME JSON is expected' "$acta" dispatch "$data" Deposit &&
        says 2 "--id: one line of 1 to 255 bytes is expected" "$acta" dispatch "$data" Deposit '{}' --id '' &&
        says 2 'DIR TYPE ID is expected' "$acta" state "$data" Account &&
        says 2 'DIR TYPE ID is expected' "$acta" diff "$data" Account &&
        says 2 "'x' is one argument too many" "$acta" diff "$data" Account anna x &&
        says 2 'DIR TYPE ID FIELD is expected' "$acta" why "$data" Account anna &&
        says 2 'show ID is expected' "$acta" sagas "$data" show &&
        says 2 "'t-17' is not 'show'" "$acta" sagas "$data" t-17 &&
        says 2 'which directory?' "$acta" sagas &&
        says 2 "'d' is one argument too many" "$acta" sagas a show c d &&
        says 2 'which directory?' "$acta" schedule &&
        says 2 "'b' is one argument too many" "$acta" schedule a b &&
        says 2 "'d' is one argument too many" "$acta" state a b c d &&
        says 2 'belong to an order, and there is none' "$acta" handlers "$data" parked accounts --key x &&
        says 2 'which handler? parked NAME' "$acta" handlers "$data" parked &&
        says 2 "'d' is one argument too many" "$acta" handlers a pause c d
}

# The same over TCP, with a token.
serve_far() {
    printf 'anna operate of-anna-alone\nkarl read karls-is-this\n' >"$scratch/tokens"
    chmod 600 "$scratch/tokens"
    : >"$scratch/far_log"
    ACTA_HTTP=127.0.0.1:0 ACTA_HTTP_TOKENS=$scratch/tokens "$bank" --data "$scratch/far" serve >/dev/null 2>"$scratch/far_log" &
    served=$!
    for _ in $(seq 600); do
        port=$(sed -n 's/.*listening on port //p' "$scratch/far_log")
        [ -z "$port" ] || return 0
        sleep 0.1
    done
}

an_address_is_asked() {
    far=http://127.0.0.1:$port
    export ACTA_TOKEN=of-anna-alone
    says 0 'version   1' "$acta" dispatch "$far" OpenAccount '{"account_id": "ana", "owner": "x\u009b2J\u001b[2J", "initial_balance": 7}' &&
        says 0 '"balance": 7' "$acta" state "$far" Account ana &&
        says 0 'balance: 0 -> 7' "$acta" diff "$far" Account ana &&
        says 0 'NAME                   STATE' "$acta" handlers "$far" &&
        says 0 'accounts: pause is done' "$acta" handlers "$far" pause accounts &&
        says 0 'accounts: resume is done' "$acta" handlers "$far" resume accounts &&
        for asked in actors queues schedule tree sagas; do
            "$acta" "$asked" "$far" --json >"$scratch/out" || return 1
        done &&
        says 0 'acta_store_head' "$acta" stats "$far" &&
        ACTA_TOKEN=karls-is-this says 1 'this may only be done with a token for it' "$acta" handlers "$far" pause accounts &&
        ACTA_TOKEN=nobodys-at-all says 1 'a token is needed' "$acta" handlers "$far"
}

# What is in the name of a stream or in an event is no order to the terminal.
nothing_speaks_to_the_terminal() {
    "$acta" read "$scratch/far" >"$scratch/said" && grep -qF '"owner": "x?2J\u001b[2J"' "$scratch/said" &&
        "$acta" tail "$scratch/far" >"$scratch/said2" && diff "$scratch/said" "$scratch/said2" &&
        "$acta" state "http://127.0.0.1:$port" Account ana >>"$scratch/said" &&
        ! grep -q "$(printf '[\033]')" "$scratch/said" && ! grep -q "$(printf '\302\233')" "$scratch/said"
}

# What the store says to who opens it in a program is no help to who types.
who_needs_the_store_alone_is_told() {
    beside="acta: '$data' is in use: a program has its store open; stop it first"
    says 1 "$beside, or let it back itself up (acta_store_backup_to); acta export reads the store beside it" \
        "$acta" backup "$data" "$scratch/set" &&
        says 1 "$beside, or let it forget by itself (acta_app_forget)" "$acta" forget anna "$data" &&
        says 1 "$beside, or restore from a backup" "$acta" restore "$data" "$scratch/restored" &&
        says 1 "$beside" "$acta" keep "$data" Account &&
        says 1 "$beside" "$acta" repair "$data" "$scratch/mended" &&
        [ ! -e "$scratch/set" ] && [ ! -e "$scratch/restored" ] && [ ! -e "$scratch/mended" ]
}

nobody_who_serves_is_told() {
    says 1 "there is no directory '$scratch/nothing'" "$acta" handlers "$scratch/nothing" &&
        says 1 "'$acta' is a file; the directory of a store is expected" "$acta" handlers "$acta" &&
        mkdir -p "$scratch/empty" &&
        for asked in handlers tree actors queues sagas schedule; do
            says 1 "no program has '$scratch/empty' open, or it serves nothing (ACTA_GATEWAY=off); start it, or" "$acta" "$asked" "$scratch/empty" &&
                [ "$(wc -l <"$scratch/said")" -eq 1 ] || return 1
        done
}

check "who serves nothing is told" nobody_who_serves_is_told
check "wrong usage is told" wrong_usage_is_told
check "handlers helps" helps handlers
check "dispatch helps" helps dispatch
check "state helps" helps state
check "sagas helps" helps sagas
check "schedule helps" helps schedule
check "diff helps" helps diff
check "why helps" helps why
check "tail helps" helps tail
check "streams helps" helps streams
check "sagas that run are listed" sagas_that_run_are_listed
check "what is parked is listed" what_is_parked_is_listed
check "an order is sent whole" an_order_is_sent_whole
check "one saga is shown" one_saga_is_shown
serve
check "handlers are listed" handlers_are_listed
check "that nothing runs later is told" nothing_runs_later_is_told
check "a handler is paused and resumed" a_handler_is_paused_and_resumed
check "orders that cannot be are refused" orders_that_cannot_be_are_refused
check "commands are dispatched" commands_are_dispatched
check "commands that are refused are told" commands_that_are_refused_are_told
check "new events are followed" new_events_are_followed
check "a state is shown, now and as it was" a_state_is_shown_now_and_as_it_was
check "what changed is shown" what_changed_is_shown
check "who changed it is shown" who_changed_it_is_shown
check "a state that is not there is told" a_state_that_is_not_there_is_told
kill -TERM "$served"
check "a bank that was asked ends well" wait "$served"
begin_standing >"$scratch/out"
serve
check "what runs later is listed" what_runs_later_is_listed
check "sagas that do not run are told" sagas_that_do_not_run_are_told
check "who needs the store alone is told" who_needs_the_store_alone_is_told
kill -TERM "$served"
check "a bank with an order ends well" wait "$served"
serve_far
check "an address is asked" an_address_is_asked
check "nothing speaks to the terminal" nothing_speaks_to_the_terminal
kill -TERM "$served"
check "a bank that is far ends well" wait "$served"
finish
