#!/bin/sh
# The schemas of the documentation stay true: the ```fbs blocks of each document, one after the other, are a schema that
# compiles, and what is made of it compiles too; so is each block with a name of its own, ```fbs name.
#
#     CC=… tests/actac/documents.sh ACTAC FLATC
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/tests/lib.sh"
actac=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
flatc=$2

compiles() { # document, the blocks' head
    folder=$scratch/$(basename "$1" .md)${2#\`\`\`fbs}
    mkdir -p "$folder"
    awk -v head="$2" '/^```/ { inside = !inside && $0 == head; next } inside' "$1" >"$folder/example.fbs"
    [ -s "$folder/example.fbs" ] || return 1
    (cd "$folder" && "$flatc" --binary --schema --bfbs-comments --bfbs-builtins example.fbs &&
        "$actac" --bfbs example.bfbs --schema example.fbs --out-dir . &&
        ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only -I"$root/include" example.acta.c)
}

each_attribute_has_an_example() {
    attributes=$(grep -o '^\*\*`[a-z_]*' "$root/docs/attributes.md" | tr -d '*`')
    [ "$(echo "$attributes" | sort -u | wc -l)" -ge 12 ] || return 1
    for attribute in $attributes; do
        grep -qE "\\((.*[ ,])?${attribute}[,:) ]" "$scratch/attributes/example.fbs" || { echo "$attribute has none"; return 1; }
    done
}

named=0
documents=$(grep -l '^```fbs' "$root"/docs/*.md)
for document in $documents; do
    check "the schema of docs/$(basename "$document") compiles" compiles "$document" '```fbs'
    sed -n 's/^```fbs //p' "$document" >"$scratch/names"
    while read -r name <&3; do
        check "the schema $name of docs/$(basename "$document") compiles" compiles "$document" "\`\`\`fbs $name"
        named=$((named + 1))
    done 3<"$scratch/names"
done
check "each attribute of docs/attributes.md has an example" each_attribute_has_an_example
check "there are such documents" test -n "$documents"
check "some have schemas of their own" test "$named" -ge 4
finish
