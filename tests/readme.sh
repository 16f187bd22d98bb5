#!/bin/sh
# The documentation stays true: C code in it stands word for word in a program that is compiled and run, links lead
# somewhere, the map of the README shows every folder, and the commands of ./dev that it names exist.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/lib.sh"
cd "$root"

documents() { find README.md CONTRIBUTING.md docs examples -name '*.md' | sort; }

# Write each block of a language in a document to a file of its own.
split_code() { # document, language
    rm -f "$scratch"/block.*
    awk -v to="$scratch/block." -v fence="\`\`\`$2" '
        /^```/ { inside = !inside && $0 == fence; if (inside) n++; next } inside { print >(to n) }' "$1"
}

# Is a file's text part of another's, line by line?
stands_in() { # block, source
    awk 'NR == FNR { want[++n] = $0; next }
        { line[FNR] = $0; last = FNR }
        END {
            for (start = 1; start + n - 1 <= last; start++) {
                for (i = 1; i <= n && line[start + i - 1] == want[i]; i++);
                if (i > n) exit 0
            }
            exit 1
        }' "$1" "$2"
}

code_is_compiled() { # document, language: of docs/, schemas are compiled by tests/actac
    split_code "$1" "${2:-c}"
    for block in "$scratch"/block.*; do
        [ -f "$block" ] || continue
        found=
        for source in $(find examples -name "*.${2:-c}" | sort); do
            if stands_in "$block" "$source"; then found=$source && break; fi
        done
        [ -n "$found" ] || { echo "$1 has code that no file of examples/ has:"; cat "$block"; return 1; }
    done
}

links_lead_somewhere() { # document
    grep -o '](\([^)#]*\))' "$1" | sed 's/^](//; s/)$//' | grep -v '^https*:' >"$scratch/links" || true
    while read -r link; do
        [ -e "$(dirname "$1")/$link" ] || { echo "$1: '$link' leads nowhere"; return 1; }
    done <"$scratch/links"
}

map_is_complete() {
    awk '/^```/ { inside = !inside } inside' README.md >"$scratch/map"
    for folder in $(git ls-files 2>/dev/null | grep / | cut -d/ -f1 | sort -u | grep -v '^\.') include; do
        grep -q "\(^\| \)$folder/" "$scratch/map" || { echo "the map of README.md lacks $folder/"; return 1; }
    done
}

index_is_complete() {
    for document in docs/*.md; do
        [ "$document" != docs/README.md ] || continue
        grep -qF "]($(basename "$document"))" docs/README.md || { echo "docs/README.md lacks $document"; return 1; }
    done
}

commands_exist() {
    documents | xargs grep -ho '\./dev [a-z][a-z]*' | cut -d' ' -f2 | sort -u >"$scratch/words"
    [ -s "$scratch/words" ] || { echo "no document names a command"; return 1; }
    while read -r word; do
        grep -q "^$word)" dev || { echo "./dev has no command '$word'"; return 1; }
    done <"$scratch/words"
}

fails() { ! "$@"; }

for document in $(documents); do
    check "the code in $document is compiled and run" code_is_compiled "$document"
    check "the links in $document lead somewhere" links_lead_somewhere "$document"
done
check "the schema in README.md is compiled and run" code_is_compiled README.md fbs
check "the map of README.md shows every folder" map_is_complete
check "docs/README.md names every document" index_is_complete
check "the commands of ./dev that are named exist" commands_exist
# shellcheck disable=SC2016 # backquotes of Markdown
printf '```c\nint planted(void);\n```\n' >"$scratch/planted.md"
printf 'a [link](nowhere.md)\n' >"$scratch/nowhere.md.md"
check "planted code that is nowhere compiled is found" fails code_is_compiled "$scratch/planted.md"
check "a planted link that leads nowhere is found" fails links_lead_somewhere "$scratch/nowhere.md.md"
finish
