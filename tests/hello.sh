#!/bin/sh
# The program of the README prints what the README says, the second time too: the log remembers, and the transfer is not
# made twice. With a folder that can't be written it says so and fails.
#
#     tests/hello.sh PROGRAM
set -eu
. "$(dirname "$0")/lib.sh"
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$scratch"

prints_the_balances() { [ "$("$program")" = "alice has 20, bob has 80" ]; }

says_what_is_wrong() {
    mkdir refused
    cd refused
    : >bank-data # a file where the folder should be
    if "$program" >output 2>error; then return 1; fi
    cat error
    [ ! -s output ] && grep -q "^hello: .*bank-data" error
}

check "hello prints the balances" prints_the_balances
check "hello, run again, prints the same" prints_the_balances
check "hello says what is wrong when there is no room for its data" says_what_is_wrong
finish
