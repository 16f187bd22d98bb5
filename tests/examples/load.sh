#!/bin/sh
# bank load: good files, bad lines of every kind, and files loaded twice.
#
#     tests/examples/load.sh BANK
set -u
bank_program=$(realpath "$1")
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
data=$scratch/data
cd "$scratch" || exit

bank() { "$bank_program" --data "$data" "$@"; }
empty() { rm -rf "$data"; }

# Loads; compares exit status, stdout and stderr with what is expected.
expect() { # status stdout stderr argument...
    wanted_status=$1
    printf '%s' "${2:+$2
}" >wanted_out
    printf '%s' "${3:+$3
}" >wanted_err
    shift 3
    status=0
    bank load "$@" >out 2>err </dev/null || status=$?
    [ "$status" -eq "$wanted_status" ] || { echo "exit status $status instead of $wanted_status"; cat err; return 1; }
    diff wanted_out out && diff wanted_err err
}

# One bad line between two good ones; the rest must go on.
bad_account() { # line, what stderr says behind the file's name
    empty
    printf 'a,Ann,100\n%b\nz,Zoe,5\n' "$1" >accounts.csv
    expect 1 'accounts   2 opened, 0 there before, 1 bad line' "accounts.csv:$2" --accounts accounts.csv
}

bad_transfer() { # line, what stderr says behind the file's name
    empty
    printf 'a,Ann,100\nb,Bob,0\n' >accounts.csv
    printf 't1,a,b,1\n%b\nt3,a,b,1\n' "$1" >transfers.csv
    expect 1 'accounts   2 opened, 0 there before, 0 bad lines
transfers  2 requested, 0 there before, 1 bad line
ended      2 completed, 0 refunded, 0 rejected' "transfers.csv:$2" --accounts accounts.csv --transfers transfers.csv
}

accounts_and_transfers_are_loaded() {
    empty
    printf 'id,owner,initial balance\nalice,Ann,100\nbob,"Bob, the ""builder""",0\nshut,,7\n' >accounts.csv
    printf 'id,from,to,amount\nt1,alice,bob,80\nt2,alice,nobody,5\nt3,bob,alice,1000\n' >transfers.csv
    expect 0 'accounts   3 opened, 0 there before, 0 bad lines
transfers  3 requested, 0 there before, 0 bad lines
ended      1 completed, 1 refunded, 1 rejected' '' --accounts accounts.csv --transfers transfers.csv || return 1
    bank list >out
    cat >wanted <<'EOF'
ACCOUNT  OWNER               STATUS  BALANCE
alice    Ann                 open         20
bob      Bob, the "builder"  open         80
shut     shut                open          7
3 accounts, 107 in all
EOF
    diff wanted out
}

files_loaded_twice_change_nothing() {
    bank list --transfers >before
    expect 0 'accounts   0 opened, 3 there before, 0 bad lines
transfers  0 requested, 3 there before, 0 bad lines
ended      0 completed, 0 refunded, 0 rejected' '' --accounts accounts.csv --transfers transfers.csv || return 1
    bank list --transfers | diff before - && bank list | diff wanted -
}

other_values_under_a_known_id_are_bad() {
    empty
    printf 'a,Ann,100\nb,Bob,0\n' >accounts.csv
    printf 't1,a,b,1\n' >transfers.csv
    bank load --accounts accounts.csv --transfers transfers.csv >/dev/null || return 1
    printf 'a,Ann,101\nb,Bob,0\n' >accounts.csv
    printf 't1,a,b,2\n' >transfers.csv
    expect 1 'accounts   0 opened, 1 there before, 1 bad line
transfers  0 requested, 0 there before, 1 bad line
ended      0 completed, 0 refunded, 0 rejected' "accounts.csv:1:1: 'a' was loaded before, with other values
transfers.csv:1:1: 't1' was loaded before, with other values" --accounts accounts.csv --transfers transfers.csv
}

an_account_that_was_opened_by_hand_is_there() {
    empty
    bank open a --balance 100 >/dev/null
    printf 'a,Ann,100\n' >accounts.csv
    expect 0 'accounts   0 opened, 1 there before, 0 bad lines' '' --accounts accounts.csv
}

line_ends_do_not_matter() {
    empty
    printf '\357\273\277id,owner,balance\r\na,Ann,1\r\n\r\n  \r\nb,"Bob",2\r\nc,Cy,3' >accounts.csv
    expect 0 'accounts   3 opened, 0 there before, 0 bad lines' '' --accounts accounts.csv &&
        [ "$(bank list | tail -n 1)" = '3 accounts, 6 in all' ]
}

an_empty_file_is_none() {
    empty
    : >accounts.csv
    expect 0 'accounts   0 opened, 0 there before, 0 bad lines' '' --accounts accounts.csv || return 1
    printf '\n\n' >accounts.csv
    expect 0 'accounts   0 opened, 0 there before, 0 bad lines' '' --accounts accounts.csv || return 1
    printf 'id,owner,balance\n' >accounts.csv
    expect 0 'accounts   0 opened, 0 there before, 0 bad lines' '' --accounts accounts.csv
}

a_header_that_is_none_is_a_bad_line() {
    empty
    printf 'a,Ann,100\nid,owner,balance\n' >accounts.csv # only the first line may be one
    expect 1 'accounts   1 opened, 0 there before, 1 bad line' \
        "accounts.csv:2:10: 'balance' is no whole number of minor units, or too large (1250 for 12.50)" \
        --accounts accounts.csv
}

a_huge_line_is_one_bad_line() {
    empty
    { printf 'a,Ann,100\nb,' && head -c 200000 /dev/zero | tr '\0' x && printf ',7\nz,Zoe,5\n'; } >accounts.csv
    expect 1 'accounts   2 opened, 0 there before, 1 bad line' \
        'accounts.csv:2:65536: the line is longer than 65535 bytes; is it CSV with a line for each record?' \
        --accounts accounts.csv
}

a_huge_id_is_one_bad_line() {
    empty
    { printf 'a,Ann,100\n' && head -c 600 /dev/zero | tr '\0' x && printf ',X,7\nz,Zoe,5\n'; } >accounts.csv
    status=0
    bank load --accounts accounts.csv >out 2>err || status=$?
    cat out err
    [ "$status" -eq 1 ] && grep -q '^accounts.csv:2:1: ' err && [ "$(wc -l <err)" -eq 1 ] &&
        grep -q '2 opened, 0 there before, 1 bad line' out
}

bad_lines_are_told_in_their_order() {
    empty
    i=0
    : >accounts.csv
    : >wanted_err
    while [ "$i" -lt 2000 ]; do
        i=$((i + 1))
        case $((i % 4)) in
        0)  echo "a$i,Ann,-1" && echo "accounts.csv:$i:$((${#i} + 7)): amount_not_positive: the initial balance is -1; it must be at least 0" >>wanted_err ;;
        1)  echo "a$i" && echo "accounts.csv:$i:$((${#i} + 2)): 1 field where there should be 3: id, owner, initial balance" >>wanted_err ;;
        *)  echo "a$i,Ann,1" ;;
        esac >>accounts.csv
    done
    status=0
    bank load --accounts accounts.csv >out 2>err || status=$?
    [ "$status" -eq 1 ] && diff wanted_err err && grep -q '^accounts   1,000 opened, 0 there before, 1,000 bad lines$' out
}

a_file_that_cannot_be_read_is_told() {
    empty
    expect 1 '' "bank: cannot read 'nothing.csv': No such file or directory" --accounts nothing.csv &&
        expect 1 '' "bank: cannot read '.': it is a directory" --transfers . && [ ! -e "$data" ]
}

many_lines_are_loaded() {
    empty
    awk 'BEGIN { for (i = 1; i <= 500; i++) printf "a%d,owner %d,1000\n", i, i % 50 }' >accounts.csv
    awk 'BEGIN { for (i = 1; i <= 5000; i++) printf "t%d,a%d,a%d,%d\n", i, i % 500 + 1, (i * 7 + 1) % 500 + 1, i % 13 + 1 }' >transfers.csv
    bank load --accounts accounts.csv --transfers transfers.csv >out 2>err || { cat out err; return 1; }
    cat out
    [ "$(bank list | tail -n 1)" = '500 accounts, 500,000 in all' ] &&
        [ "$(bank list --customers | tail -n 1)" = '50 customers, 500,000 in all' ] &&
        ! bank list --transfers | grep -e ' requested ' -e ' withdrawn '
}

a_load_that_was_killed_is_finished_by_the_next() {
    for delay in 0.05 0.1 0.2; do
        empty
        "$bank_program" --data "$data" load --accounts accounts.csv --transfers transfers.csv >out 2>err &
        sleep "$delay"
        kill -9 $! 2>/dev/null
        wait $! 2>/dev/null
        bank load --accounts accounts.csv --transfers transfers.csv >out 2>err || { cat out err; return 1; }
        cat out
        [ "$(bank list | tail -n 1)" = '500 accounts, 500,000 in all' ] &&
            [ "$(bank list --transfers | tail -n 1 | cut -d ' ' -f 1)" = '5,000' ] &&
            ! bank list --transfers | grep -e ' requested ' -e ' withdrawn ' || return 1
    done
}

check "accounts and transfers are loaded" accounts_and_transfers_are_loaded
check "files loaded twice change nothing" files_loaded_twice_change_nothing
check "other values under a known id are bad" other_values_under_a_known_id_are_bad
check "an account that was opened by hand is there" an_account_that_was_opened_by_hand_is_there
check "CRLF, blank lines, a byte order mark and a missing last line end do not matter" line_ends_do_not_matter
check "an empty file is none" an_empty_file_is_none
check "names on another line than the first are a bad line" a_header_that_is_none_is_a_bad_line
check "a huge line is one bad line" a_huge_line_is_one_bad_line
check "a huge id is one bad line" a_huge_id_is_one_bad_line
check "bad lines are told in their order" bad_lines_are_told_in_their_order
check "a file that cannot be read is told" a_file_that_cannot_be_read_is_told
check "many lines are loaded" many_lines_are_loaded
check "a load that was killed is finished by the next" a_load_that_was_killed_is_finished_by_the_next
check "too few fields" bad_account 'b,Bob' '2:6: 2 fields where there should be 3: id, owner, initial balance'
check "one field" bad_account 'b' '2:2: 1 field where there should be 3: id, owner, initial balance'
check "too many fields" bad_account 'b,Bob,5,6' '2:9: 4 fields where there should be 3: id, owner, initial balance'
check "far too many fields" bad_account '1,2,3,4,5,6,7,8,9,10,11' '2:7: 11 fields where there should be 3: id, owner, initial balance'
check "an empty id" bad_account ',Bob,5' '2:1: the field is empty'
check "an empty balance" bad_account 'b,Bob,' '2:7: the field is empty'
check "a balance that is no number" bad_account 'b,Bob,five' "2:7: 'five' is no whole number of minor units, or too large (1250 for 12.50)"
check "a balance with a point" bad_account 'b,Bob,12.50' "2:7: '12.50' is no whole number of minor units, or too large (1250 for 12.50)"
check "a balance that is no int64" bad_account 'b,Bob,9223372036854775808' "2:7: '9223372036854775808' is no whole number of minor units, or too large (1250 for 12.50)"
check "a balance beyond the largest" bad_account 'b,Bob,1000000000000001' '2:7: balance_too_large: the initial balance is 1000000000000001; an account holds at most 1000000000000000'
check "a negative balance" bad_account 'b,Bob,-5' '2:7: amount_not_positive: the initial balance is -5; it must be at least 0'
check "a quote that is not closed" bad_account 'b,"Bob,5' '2:3: the quote that opens this field is not closed on its line'
check "a quote out of place" bad_account 'b,Bo"b,5' '2:5: a quote out of place: write the whole field in quotes, and each quote in it twice'
check "bytes that are no UTF-8" bad_account 'b,B\0377b,5' '2:3: the field is not valid UTF-8 text'
check "columns are characters" bad_account 'b,Bj\0303\0266rk,x' "2:9: 'x' is no whole number of minor units, or too large (1250 for 12.50)"
check "a transfer of nothing" bad_transfer 't2,a,b,0' '2:8: amount_not_positive: the amount is 0; it must be at least 1'
check "a negative transfer" bad_transfer 't2,a,b,-1' '2:8: amount_not_positive: the amount is -1; it must be at least 1'
check "a transfer to oneself" bad_transfer 't2,a,a,1' "2:6: same_account: source and target are both 'a'"
check "a transfer with an empty target" bad_transfer 't2,a,,1' '2:6: the field is empty'
check "a transfer with too few fields" bad_transfer 't2,a,b' '2:7: 3 fields where there should be 4: id, from, to, amount'
check "a transfer that is no number" bad_transfer 't2,a,b,1e3' "2:8: '1e3' is no whole number of minor units, or too large (1250 for 12.50)"
finish
