#!/bin/sh
# Chance sites and the places that a simulation must have come to (include/acta/sites.h): each name stands for one place,
# there are enough of both, and a release build has none of them.
#
#     tests/sites.sh            this tree
#     tests/sites.sh list       kind, name, file of each, one a line
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

floors='base runtime store actors'

list_sites() {
    cd "$root"
    for floor in $floors; do
        find "$floor" -name '*.c' -o -name '*.h'
    done | sort | while read -r file; do
        tr '\n' ' ' <"$file" | grep -oE 'ACTA_(SIM_CHANCE|SOMETIMES)\([^;"]*"[^"]*"' |
            sed -E "s|^ACTA_SIM_CHANCE.*\"(.*)\"|chance \\1 $file|; s|^ACTA_SOMETIMES.*\"(.*)\"|sometimes \\1 $file|" || true
    done
}

each_name_is_one_place() {
    cut -d' ' -f2 "$scratch/sites" | sort | uniq -d >"$scratch/twice"
    cat "$scratch/twice"
    [ ! -s "$scratch/twice" ]
}

names_are_words_by_points() {
    cut -d' ' -f2 "$scratch/sites" | grep -vE '^[a-z]+(\.[a-z]+)+$' >"$scratch/odd" || true
    cat "$scratch/odd"
    [ ! -s "$scratch/odd" ]
}

there_are_enough() { # kind at_least
    count=$(grep -c "^$1 " "$scratch/sites")
    echo "$count of kind $1, at least $2 are wanted"
    [ "$count" -ge "$2" ]
}

# The names that the compiler sees: without an argument as in a release, or with sites switched on.
names_in_text() { # [option]
    cut -d' ' -f3 "$scratch/sites" | sort -u | while read -r file; do
        ${CC:-cc} -E -P -std=c11 -D_GNU_SOURCE "$@" -I"$root/include" -I"$root/${file%/*}" "$root/$file"
    done | grep -oE '"[a-z]+(\.[a-z]+)+"' | tr -d '"' | sort -u >"$scratch/strings"
    cut -d' ' -f2 "$scratch/sites" | sort -u | comm -12 - "$scratch/strings"
}

a_release_has_none() {
    names_in_text >"$scratch/left"
    cat "$scratch/left"
    [ ! -s "$scratch/left" ]
}

other_builds_have_all() { # or the case before proves nothing
    [ "$(names_in_text -DACTA_SIM_SITES=1 | wc -l)" -eq "$(wc -l <"$scratch/sites")" ]
}

. "$root/tests/lib.sh"
if [ "${1:-}" = list ]; then
    list_sites
    exit
fi
list_sites >"$scratch/sites"
check "each name stands for one place" each_name_is_one_place
check "names are words by points" names_are_words_by_points
check "there are chance sites enough" there_are_enough chance 20
check "there are places enough to have come to" there_are_enough sometimes 25
check "a release has none of them" a_release_has_none
check "other builds have all of them" other_builds_have_all
finish
