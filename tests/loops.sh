#!/bin/sh
# The examples on the runtime alone print what their heads say.
#
#     tests/loops.sh PROGRAM...
set -eu
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")/.." && pwd)

prints_what_its_head_says() { # program
    name=$(basename "$1")
    sed -n '/^ \*     \$ build/,/^ \*\//{/^ \*     [^$]/s/^ \*     //p}' "$here/examples/$name/main.c" >"$scratch/expected"
    [ -s "$scratch/expected" ] || { echo "the head of $name says nothing"; return 1; }
    # They live by the clock: on a machine that stands still for the length of their ticks, one comes before its time.
    # Then once more; what is wrong is wrong each time.
    for _ in 1 2 3 4 5 6 7 8; do
        timeout 300 "$1" >"$scratch/output" || return 1
        if diff "$scratch/expected" "$scratch/output"; then return 0; fi
    done
    return 1
}

for program in "$@"; do
    check "$(basename "$program") prints what its head says" prints_what_its_head_says "$program"
done
finish
