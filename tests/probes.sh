#!/bin/sh
# The probes of a program, as bpftrace finds them: each has its place in the notes, with as many arguments as docs/tracing.md
# says, and there are no others. The scripts of tools/bpftrace use none that isn't there.
#
#     tests/probes.sh PROGRAM FLOORS      FLOORS: all, or runtime
# shellcheck disable=SC2016 # the backticks are the page's
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/lib.sh
. "$root/tests/lib.sh"
program=$1
floors=$2

# "name arguments", a line each
built() {
    readelf -n "$program" | awk '
        /Provider: / { ours = $2 == "acta" }
        ours && /Name: / { name = $2 }
        ours && /Arguments: / { print name, NF - 1; ours = 0 }' | sort -u
}

documented() { # page
    awk -F'|' -v floors="$floors" '
        /^\| `[a-z_]+` \| (runtime|store|actors) \|/ {
            gsub(/[` ]/, "", $2); gsub(/ /, "", $3)
            if (floors == "all" || $3 == "runtime") print $2, split($4, arguments, /, /)
        }' "$1" | sort -u
}

each_is_there() {
    built >"$scratch/built"
    documented "$root/docs/tracing.md" >"$scratch/documented"
    wanted=4
    [ "$floors" != all ] || wanted=8
    [ "$(wc -l <"$scratch/documented")" -ge "$wanted" ] && diff "$scratch/documented" "$scratch/built"
}

scripts_use_what_is_there() {
    floors=all
    documented "$root/docs/tracing.md" >"$scratch/all"
    cat "$root"/tools/bpftrace/*.bt | sed -n 's/^usdt:\*:acta:\([a-z_]*\)$/\1/p' | sort -u >"$scratch/used"
    [ "$(wc -l <"$scratch/used")" -ge 8 ] || return 1
    while read -r name; do grep -q "^$name " "$scratch/all" || { echo "there is no probe $name"; return 1; }; done <"$scratch/used"
}

another_table_is_not_this_one() { # a row less, and a row with an argument less
    built >"$scratch/built"
    for planted in '/^| `exit`/d' 's/pid, tag, bytes/pid, tag/'; do
        sed "$planted" "$root/docs/tracing.md" >"$scratch/planted.md"
        documented "$scratch/planted.md" >"$scratch/documented"
        ! cmp -s "$scratch/documented" "$scratch/built" || return 1
    done
}

check "each probe is in the program, with its arguments" each_is_there
check "a table that tells something else is found" another_table_is_not_this_one
check "the scripts use probes that are there" scripts_use_what_is_there
finish
