#!/bin/sh
# The program of docs/store.md prints what the comment at its head says; run again, it says that the books are there.
#
#     tests/ledger.sh PROGRAM
set -eu
. "$(dirname "$0")/lib.sh"
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
main=$(cd "$(dirname "$0")/.." && pwd)/examples/ledger/main.c
cd "$scratch"

prints_what_its_head_says() {
    sed -n '/^ \*     \$ /,/^ \*$/ s/^ \*     //p' "$main" | sed 1d >expected
    [ -s expected ]
    "$program" >output
    diff expected output
}

says_that_the_books_are_kept() {
    if "$program" >output 2>error; then return 1; fi
    [ ! -s output ] && grep -q "^ledger: the books are kept already" error
}

check "ledger prints what its head says" prints_what_its_head_says
check "ledger, run again, refuses" says_that_the_books_are_kept
finish
