#!/bin/sh
# The program `bank`, as a person uses it: what it prints, to the letter, and how it exits.
#
#     tests/examples/cli.sh BANK [served]
set -u
bank_program=$(realpath "$1")
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
data=$scratch/data

bank() { "$bank_program" --data "$data" "$@"; }

# Runs the rest as `bank`; compares exit status, stdout and stderr with what is expected.
expect() { # status stdout stderr argument...
    wanted_status=$1 wanted_out=$2 wanted_err=$3
    shift 3
    status=0
    bank "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
    printf '%s' "${wanted_out:+$wanted_out
}" >"$scratch/wanted_out"
    printf '%s' "${wanted_err:+$wanted_err
}" >"$scratch/wanted_err"
    [ "$status" -eq "$wanted_status" ] || { echo "exit status $status instead of $wanted_status"; cat "$scratch/err"; return 1; }
    diff "$scratch/wanted_out" "$scratch/out" && diff "$scratch/wanted_err" "$scratch/err"
}

usage_of() { # what stderr must begin with, argument...
    wanted=$1
    shift
    status=0
    bank "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
    cat "$scratch/err"
    [ "$status" -eq 2 ] && [ ! -s "$scratch/out" ] && [ "$(head -n 1 "$scratch/err")" = "$wanted" ]
}

empty() { rm -rf "$data"; }

# -- one account --

an_account_is_opened_used_and_closed() {
    empty
    expect 0 'alice is open with 100' '' open alice --balance 100 &&
        expect 0 'alice has 120' '' deposit alice 20 &&
        expect 0 'alice has 0' '' withdraw alice 120 &&
        expect 0 'alice is closed' '' close alice
}

what_an_account_refuses_is_told() {
    empty
    expect 0 'alice is open with 100' '' open alice --balance 100 &&
        expect 1 '' "bank: account_already_open: account 'alice' is open already" open alice &&
        expect 1 '' 'bank: insufficient_funds: the balance is 100' withdraw alice 101 &&
        expect 1 '' 'bank: amount_not_positive: the amount is 0; it must be at least 1' deposit alice 0 &&
        expect 1 '' 'bank: account_not_empty: the balance is 100; withdraw it first' close alice &&
        expect 1 '' "bank: account_not_open: there is no account 'bob'" deposit bob 1 &&
        expect 1 '' 'bank: amount_not_positive: the initial balance is -5; it must be at least 0' open carol --balance -5 &&
        expect 1 '' 'bank: balance_too_large: the balance is 100, and an account holds at most 1000000000000000' \
            deposit alice 1000000000000000
}

a_command_with_an_id_is_done_once() {
    empty
    expect 0 'alice is open with 100' '' open alice --balance 100 --id first &&
        expect 0 'alice is open with 100' '' open alice --balance 100 --id first &&
        expect 0 'alice has 120' '' deposit alice 20 --id payslip &&
        expect 0 'alice has 120' '' deposit alice 20 --id payslip &&
        expect 0 'alice has 140' '' deposit alice 20 --id another
}

the_owner_defaults_to_the_account() {
    empty
    bank open alice >/dev/null && bank open savings --owner alice --balance 7 >/dev/null &&
        expect 0 'ACCOUNT  OWNER  STATUS  BALANCE
alice    alice  open          0
savings  alice  open          7
2 accounts, 7 in all' '' list &&
        expect 0 'CUSTOMER  STATUS  ACCOUNTS  OPEN  BALANCE
alice     active         2     2        7
1 customer, 7 in all' '' list --customers
}

the_status_of_a_customer_follows_from_the_accounts() {
    empty
    bank open a --owner ann --balance 5 >/dev/null && bank open b --owner bob >/dev/null &&
        bank open c --owner cy >/dev/null && bank close c >/dev/null &&
        expect 0 'CUSTOMER  STATUS  ACCOUNTS  OPEN  BALANCE
ann       active         1     1        5
bob       empty          1     1        0
cy        closed         1     0        0
3 customers, 5 in all' '' list --customers
}

show_tells_the_last_movements() {
    empty
    bank open alice --owner Ann --balance 100 >/dev/null && bank open bob >/dev/null &&
        bank deposit alice 20 >/dev/null && bank transfer alice bob 50 --id rent >/dev/null || return 1
    bank show alice | sed 's/....-..-.. ..:..:../TIME/' >"$scratch/shown"
    cat >"$scratch/wanted" <<'EOF'
account   alice
owner     Ann
status    open
balance   70
movements, newest first:
  TIME  transfer              -50            70  rent
  TIME  deposit               +20           120  
  TIME  opened               +100           100  
EOF
    diff "$scratch/wanted" "$scratch/shown" && [ "$(bank show alice --last 1 | grep -c -e '  transfer ' -e '  deposit ')" -eq 1 ]
}

# -- transfers --

a_transfer_is_followed_to_its_end() {
    empty
    bank open alice --balance 100 >/dev/null && bank open bob >/dev/null &&
        expect 0 'transfer rent completed: alice has 20, bob has 80' '' transfer alice bob 80 --id rent &&
        expect 0 'transfer rent completed: alice has 20, bob has 80' '' transfer alice bob 80 --id rent
}

a_transfer_that_cannot_be_leaves_the_money_where_it_was() {
    empty
    bank open alice --balance 100 >/dev/null && bank open bob >/dev/null && bank open shut >/dev/null &&
        bank close shut >/dev/null &&
        expect 1 '' 'bank: transfer t1 was rejected: insufficient_funds: the balance is 100' \
            transfer alice bob 101 --id t1 &&
        expect 1 '' "bank: transfer t2 was refunded: account_not_open: there is no account 'nobody'; alice has 100" \
            transfer alice nobody 50 --id t2 &&
        expect 1 '' "bank: transfer t3 was refunded: account_not_open: account 'shut' is closed; alice has 100" \
            transfer alice shut 50 --id t3 &&
        expect 1 '' "bank: same_account: source and target are both 'alice'" transfer alice alice 1 --id t4 &&
        expect 1 '' "bank: transfer t5 was rejected: account_not_open: there is no account 'nobody'" \
            transfer nobody alice 1 --id t5 &&
        expect 1 '' "bank: transfer_already_requested: transfer 't1' is one of 101 from 'alice' to 'bob'" \
            transfer alice bob 7 --id t1 &&
        expect 0 "TRANSFER  FROM    TO      AMOUNT  STATE     REASON
t1        alice   bob        101  rejected  insufficient_funds: the balance is 100
t2        alice   nobody      50  refunded  account_not_open: there is no account 'nobody'
t3        alice   shut        50  refunded  account_not_open: account 'shut' is closed
t5        nobody  alice        1  rejected  account_not_open: there is no account 'nobody'
4 transfers, 202 in all" '' list --transfers
}

a_transfer_without_an_id_gets_one() {
    empty
    bank open alice --balance 100 >/dev/null && bank open bob >/dev/null &&
        bank transfer alice bob 1 >"$scratch/out" && bank transfer alice bob 1 >>"$scratch/out" || return 1
    cat "$scratch/out"
    [ "$(grep -c '^transfer t-[0-9a-f]\{8\} completed: ' "$scratch/out")" -eq 2 ] &&
        [ "$(cut -d ' ' -f 2 "$scratch/out" | sort -u | wc -l)" -eq 2 ]
}

# -- dispatch --

commands_by_json_are_done() {
    empty
    expect 0 'done: version 1, position 1' '' dispatch OpenAccount '{"account_id": "alice", "initial_balance": 100}' &&
        expect 0 'done: version 2, position 2' '' dispatch bank.Deposit '{"account_id": "alice", "amount": 5}' --id x &&
        expect 0 'done: version 2, position 2' '' dispatch bank.Deposit '{"account_id": "alice", "amount": 5}' --id x &&
        expect 1 '' 'bank: insufficient_funds: the balance is 105' dispatch Withdraw '{"account_id": "alice", "amount": 106}'
}

# -- backup --

a_backup_is_a_bank_of_its_own() {
    empty
    bank open alice --balance 100 >/dev/null &&
        expect 0 "'$data.copy' has all of '$data' up to position 1; look into it with: bank list --data $data.copy" '' \
            backup "$data.copy" &&
        bank deposit alice 5 >/dev/null &&
        expect 1 '' "bank: cannot back up to '$data.copy': it exists; name a new directory" backup "$data.copy" || return 1
    "$bank_program" --data "$data.copy" show alice >"$scratch/copy" || return 1
    rm -r "$data.copy"
    grep -qx 'balance   100' "$scratch/copy"
}

# -- usage --

wrong_usage_exits_2() {
    empty
    usage_of 'bank: which command? --help tells them all' &&
        usage_of "bank: there is no command 'opne'; did you mean 'open'?" opne alice &&
        usage_of "bank: there is no command 'frobnicate'" frobnicate &&
        usage_of 'bank open: which account?' open &&
        usage_of "bank open: 'b' is one argument too many" open a b &&
        usage_of 'bank deposit: how much?' deposit alice &&
        usage_of "bank deposit: AMOUNT '12.50' is no whole number of minor units (1250 for 12.50)" deposit alice 12.50 &&
        usage_of "bank deposit: AMOUNT '' is no whole number of minor units (1250 for 12.50)" deposit alice '' &&
        usage_of "bank deposit: AMOUNT '99999999999999999999' is too large; the largest is 1000000000000000" \
            deposit alice 99999999999999999999 &&
        usage_of "bank deposit: '-5' is negative; an amount is at least 1" deposit alice -5 &&
        usage_of 'bank transfer: to which account?' transfer alice &&
        usage_of "bank list: 'alice' is one argument too many; bank show alice shows one account" list alice &&
        usage_of 'bank load: which file? --accounts FILE, --transfers FILE, --payments FILE, or several of them' load &&
        usage_of "bank demo: --clients '0' is no number from 1 to 1024" demo --clients 0 &&
        [ ! -e "$data" ]
}

help_tells_every_command() {
    "$bank_program" --help >"$scratch/out" || return 1
    for command in open deposit withdraw close transfer show statement list load dispatch backup demo; do
        grep -q "^  $command " "$scratch/out" || { echo "no $command in --help"; return 1; }
        "$bank_program" "$command" --help >"$scratch/help" || return 1
        grep -q "^  bank $command" "$scratch/help" || { echo "no example in $command --help"; return 1; }
        ! grep -n '.\{81\}' "$scratch/help" || { echo "$command --help is wider than 80 columns"; return 1; }
    done
    ! grep -n '.\{81\}' "$scratch/out"
}

a_missing_bank_is_told() {
    empty
    expect 1 '' "bank: there is no bank in '$data'; begin one with: bank open ID --balance 100" list &&
        expect 1 '' "bank: there is no bank in '$data'; begin one with: bank open ID --balance 100" show alice &&
        [ ! -e "$data" ]
}

# A second passes on each side of the time that is asked for, so that no event is recorded in that second.
a_statement_is_as_of_its_time() {
    empty
    bank open alice --balance 100 >/dev/null && bank deposit alice 20 >/dev/null || return 1
    sleep 1
    moment=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    sleep 1
    bank withdraw alice 50 >/dev/null || return 1
    bank statement alice --until "$moment" | sed "s/....-..-.. ..:..:../TIME/; s/$moment/THEN/; s/ *$//" >"$scratch/shown"
    cat >"$scratch/wanted" <<'EOF'
account   alice
as of     THEN
balance   120
movements, newest first:
  TIME  deposit               +20           120
  TIME  opened               +100           100
EOF
    diff "$scratch/wanted" "$scratch/shown" && bank statement alice | grep -q '^balance   70$' &&
        expect 1 '' "bank: there was no account 'alice' at 2001-01-01T00:00:00Z" statement alice --until 2001-01-01T00:00:00Z &&
        usage_of "bank statement: 'noon' is no time; one is written as 2026-11-21T10:30:00Z, in UTC" statement alice --until noon
}

a_missing_account_is_told() {
    empty
    bank open alice >/dev/null &&
        expect 1 '' "bank: there is no account 'bob' in '$data'; bank list tells which there are" show bob
}

the_default_directory_is_made() {
    (cd "$scratch" && "$bank_program" open alice --balance 5 >/dev/null && "$bank_program" show alice >/dev/null &&
        [ -d bank-data/main ])
}

# -- the demo, small --

a_demo_counts_its_money() {
    empty
    bank demo --accounts 20 --transfers 300 --clients 4 --seed 7 >"$scratch/out" 2>"$scratch/err" || {
        cat "$scratch/out" "$scratch/err"
        return 1
    }
    cat "$scratch/out"
    ! sed '/^data  /,$d' "$scratch/out" | grep -n '.\{81\}' && # paths are as long as they are
        grep -q '^money before       190,000$' "$scratch/out" &&
        grep -q '^money after        190,000  all there, counted again from the log alone$' "$scratch/out" &&
        [ "$(awk '/^transfers  .* completed, .* refunded, .* rejected$/ { print $2 + $4 + $6 }' "$scratch/out")" -eq 300 ]
}

a_demo_runs_again_on_the_same_data() {
    bank demo --accounts 20 --transfers 300 --clients 4 --seed 7 >"$scratch/out" 2>"$scratch/err" || {
        cat "$scratch/out" "$scratch/err"
        return 1
    }
    cat "$scratch/out"
    grep -q '^money after        190,000  all there' "$scratch/out"
}

what_a_demo_tells_to_try_works() {
    sed -n '/^Try next:$/,$s/^  //p' "$scratch/out" | grep -v ' demo ' >"$scratch/next"
    cat "$scratch/next"
    [ "$(wc -l <"$scratch/next")" -ge 3 ] || return 1
    while read -r line; do
        sh -c "$line" >/dev/null || { echo "failed: $line"; return 1; }
    done <"$scratch/next"
}

progress_of_a_demo_is_plain_lines_when_nobody_watches() {
    cat "$scratch/err"
    grep -q '^accounts   100 %  20 of 20  [0-9.]* s$' "$scratch/err" &&
        grep -q '^transfers  100 %  300 of 300  [0-9.]* s$' "$scratch/err" &&
        ! grep -q "$(printf '\r\|\033')" "$scratch/err"
}

# -- over HTTP --

a_bank_that_stays_open_is_served() {
    empty
    "$bank_program" --data "$data" serve >"$scratch/served" 2>"$scratch/err" &
    for _ in $(seq 100); do
        grep -q 'curl --unix-socket' "$scratch/served" && break
        sleep 0.1
    done
    curl -sf --unix-socket "$data/acta.sock" http://acta/commands/OpenAccount -H 'Content-Type: application/json' \
        -d '{"account_id": "anna", "owner": "Anna", "initial_balance": 7}' >"$scratch/out" || { cat "$scratch/err" "$scratch/out"; return 1; }
    curl -sf --unix-socket "$data/acta.sock" http://acta/aggregates/Account/anna | tee -a "$scratch/out"
    kill -TERM $!
    wait $! && grep -q '"balance": 7' "$scratch/out" && [ ! -e "$data/acta.sock" ] && [ ! -s "$scratch/err" ]
}

what_a_bank_tells_is_lines_of_json() {
    empty
    ACTA_HTTP=127.0.0.1:0 "$bank_program" --data "$data" serve --log "$scratch/log" >"$scratch/served" 2>"$scratch/err" &
    for _ in $(seq 100); do
        grep -q 'curl --unix-socket' "$scratch/served" && break
        sleep 0.1
    done
    kill -TERM $!
    wait $! && cat "$scratch/log" && [ ! -s "$scratch/err" ] &&
        grep -q '^{"time":"20[0-9T:.-]*Z","level":"warning","area":"gateway","event":"gateway.listens","message":"gateway: listening on port [0-9]*","port":[0-9]*}$' "$scratch/log" &&
        expect 1 '' "bank: cannot write the log '/no/such/log': No such file or directory" serve --log /no/such/log
}

check "an account is opened, used and closed" an_account_is_opened_used_and_closed
check "what an account refuses is told" what_an_account_refuses_is_told
check "a command with an id is done once" a_command_with_an_id_is_done_once
check "the owner defaults to the account" the_owner_defaults_to_the_account
check "the status of a customer follows from the accounts" the_status_of_a_customer_follows_from_the_accounts
check "show tells the last movements" show_tells_the_last_movements
check "a statement is as of its time" a_statement_is_as_of_its_time
check "a transfer is followed to its end" a_transfer_is_followed_to_its_end
check "a transfer that cannot be leaves the money where it was" a_transfer_that_cannot_be_leaves_the_money_where_it_was
check "a transfer without an id gets one" a_transfer_without_an_id_gets_one
check "commands by JSON are done" commands_by_json_are_done
check "a backup is a bank of its own" a_backup_is_a_bank_of_its_own
check "wrong usage exits 2 and says what is wrong" wrong_usage_exits_2
check "help tells every command, with examples, in 80 columns" help_tells_every_command
check "a missing bank is told, and none is made" a_missing_bank_is_told
check "a missing account is told" a_missing_account_is_told
check "the default directory is made" the_default_directory_is_made
check "a demo counts its money" a_demo_counts_its_money
check "a demo runs again on the same data" a_demo_runs_again_on_the_same_data
check "what a demo tells to try works" what_a_demo_tells_to_try_works
check "progress of a demo is plain lines when nobody watches" progress_of_a_demo_is_plain_lines_when_nobody_watches
if [ "${2:-}" = served ]; then
    check "a bank that stays open is served over HTTP" a_bank_that_stays_open_is_served
    check "what a bank tells is lines of JSON" what_a_bank_tells_is_lines_of_json
else
    skip "a bank that stays open is served over HTTP" "built without libmicrohttpd"
fi
finish
