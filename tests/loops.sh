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
    timeout 300 "$1" >"$scratch/output" || return 1
    diff "$scratch/expected" "$scratch/output"
}

for program in "$@"; do
    check "$(basename "$program") prints what its head says" prints_what_its_head_says "$program"
done
finish
