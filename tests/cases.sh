#!/bin/sh
# The cases of aggregates, process managers, readers and projections are numbered, AP-01 to AP-50, and each is held by a test that
# names it: in the comment right above a function that its file's main runs. A planted gap must be found.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/lib.sh"
cd "$root"
last_case=50

# "FILE TEST CASE" for each case that a comment above a function names.
named_in() { # file …
    awk '
        function tell(name,    n, i, cases) {
            n = split(comment, cases, /[^A-Z0-9-]+/)
            for (i = 1; i <= n; i++) if (cases[i] ~ /^AP-[0-9][0-9]$/) print FILENAME, name, cases[i]
        }
        /^ *\/\*/ { comment = "" ; inside = 1 }
        inside { comment = comment " " $0; if (/\*\//) inside = 0; next }
        /^[a-z_0-9]+\(void \*\*state\)$/ { sub(/\(.*/, ""); tell($0); comment = "" }
        /^}/ { comment = "" }' "$@"
}

is_run() { [ "$(grep -cw "$2" "$1")" -ge 2 ]; } # file test

# Cases that a test that is run names.
held_by() { # file …
    named_in "$@" | while read -r file test case; do
        if is_run "$file" "$test"; then echo "$case"; fi
    done | sort -u
}

all_are_held() { # file …
    held_by "$@" >"$scratch/held"
    missing=$(i=1; while [ "$i" -le "$last_case" ]; do printf 'AP-%02d\n' "$i"; i=$((i + 1)); done | comm -23 - "$scratch/held")
    [ -z "$missing" ] || { printf 'no test that is run names %s\n' "$missing"; return 1; }
}

plant() { # how sed changes all tests
    # shellcheck disable=SC2086 # words
    cat $files | sed "$1" >"$scratch/test_planted.c"
    ! all_are_held "$scratch/test_planted.c"
}

files=$(grep -rl 'AP-[0-9][0-9]' tests --include='test_*.c')
# shellcheck disable=SC2086 # words
check "each case is held by a test that names it" all_are_held $files
check "a case that no comment names is found" plant 's/AP-39/AP 39/'
check "a case that is named in the middle of a test is found" plant 's|^/\* AP-47|static int x; } /* AP-47|'
finish
