#!/bin/sh
# shop: a day on a new log, a second one on the same, its help, and what it says to wrong arguments.
#
#     tests/examples/shop.sh SHOP
set -u
shop_program=$(realpath "$1")
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
cd "$scratch" || exit

a_day_is_told_and_adds_up() {
    "$shop_program" --data day --orders 100 --pay-within 50 >out 2>err </dev/null || { cat err; return 1; }
    grep -q '^orders     100 placed: ' out && grep -q '0 reserved$' out && grep -q 'every rule holds$' out
}

a_second_day_goes_on_with_the_same_log() {
    "$shop_program" --data day --orders 60 --pay-within 50 >out 2>err </dev/null || { cat err; return 1; }
    grep -q '^orders     160 placed: ' out
}

help_tells_all_options() {
    "$shop_program" --help >out </dev/null || return 1
    for option in --data --orders --pay-within; do grep -q -e "$option" out || return 1; done
}

wrong_arguments_are_refused() {
    for arguments in '--orders none' '--orders 0' '--nothing' 'more'; do
        status=0
        # shellcheck disable=SC2086 # words of arguments
        "$shop_program" $arguments >out 2>err </dev/null || status=$?
        [ "$status" -eq 2 ] || { echo "$arguments: exit status $status"; return 1; }
    done
}

check "a day is told and adds up" a_day_is_told_and_adds_up
check "a second day goes on with the same log" a_second_day_goes_on_with_the_same_log
check "help tells all options" help_tells_all_options
check "wrong arguments are refused" wrong_arguments_are_refused
finish
