#!/bin/sh
# docs/guarantees.md promises nothing that no test holds: each file that it names is there, and each test, a name behind its
# file in the same row, is a function of it that its main runs. A planted row must be found.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/lib.sh"
cd "$root"

# "FILE TEST" for each test in a row that begins with a file; "FILE" alone for the file.
named_in() { # document
    awk -F'`' '/^\| `tests\// { print $2; for (i = 4; i <= NF; i += 2) print $2, $i }' "$1"
}

is_run() { # file [test]
    [ -f "$1" ] || { echo "there is no $1"; return 1; }
    [ $# -eq 1 ] || [ "$(grep -cw "$2" "$1")" -ge 2 ] || { echo "$1 has no test $2 that is run"; return 1; }
}

all_are_run() { # document
    named_in "$1" >"$scratch/named"
    while read -r file name; do
        # shellcheck disable=SC2086 # one word, or none
        is_run "$file" $name || return 1
    done <"$scratch/named"
}

planted_is_found() { # row
    printf '%s\n' "$1" >"$scratch/planted.md"
    ! all_are_run "$scratch/planted.md"
}

named_in docs/guarantees.md >"$scratch/all"
check "promises name their tests" test "$(wc -l <"$scratch/all")" -ge 50
check "each test that a promise names is there" all_are_run docs/guarantees.md
check "a test that is missing is found" planted_is_found "| \`tests/faults/test_power.c\` | \`nobody_loses_anything\` |"
check "a file that is missing is found" planted_is_found "| \`tests/faults/test_nothing.c\` | |"
finish
