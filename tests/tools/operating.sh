#!/bin/sh
# Tasks of docs/operating.md, as they stand there: what is typed is run, line by line, in an empty folder, and what came must
# come. Times, ids, counts of retries, sizes and positions of commands are other ones; a line that ends in "..." goes on.
#
#     tests/tools/operating.sh ACTA docs/operating.md TASK[|TASK...] PROGRAM    by the first words of their headings
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
PATH=$(dirname "$(realpath "$1")"):$(dirname "$(realpath "$4")"):$PATH
document=$(realpath "$2")
unset ACTA_GATEWAY ACTA_HTTP ACTA_TOKEN ACTA_TOKEN_FILE
mkdir "$scratch/room"
cd "$scratch/room"

# The lines of its blocks: "$ command" to a script of its own, what comes of it beside it.
awk -v to="$scratch/step." -v tasks="^## ($3)" '
    /^## / { is_here = $0 ~ tasks }
    !is_here { next }
    /^    \$ / { file = to sprintf("%02d", ++n); print substr($0, 7) >(file ".sh"); printf "" >(file ".told"); next }
    /^    / && file { print substr($0, 5) >(file ".told") }' "$document"

uuid='[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'

# Those of one look are not those of another.
plain() {
    sed -E -e 's/20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z?/TIME/g' -e 's/ +[0-9]+ TIME/ N TIME/' -e 's/^(position +)[0-9]+$/\1N/' \
        -e 's/^(backup .*): .*/\1/' -e "s/$uuid/ID/g"
}

is_as_told() { # printed told
    plain <"$1" >"$scratch/left"
    plain <"$2" >"$scratch/right"
    [ "$(wc -l <"$scratch/left")" -eq "$(wc -l <"$scratch/right")" ] || return 1
    paste -d "$(printf '\001')" "$scratch/left" "$scratch/right" | awk -F "$(printf '\001')" '
        { whole = $2; if (sub(/ \.\.\.$/, "", whole)) { if (index($1, whole) != 1) exit 1 } else if ($1 != $2) exit 1 }'
}

# An id that the document tells is in a later command the one that came.
note_ids() { # printed told
    grep -oE "$uuid" "$1" >"$scratch/left" || true
    grep -oE "$uuid" "$2" >"$scratch/right" || true
    paste -d / "$scratch/right" "$scratch/left" | sed -n 's,..*,s/&/g,p' >>"$scratch/ids"
}

# What comes may come a moment later: who only looks looks again. An order is given once; what it was for may have been tried again
# a moment before.
runs_as_told() { # script
    told=${1%.sh}.told
    sed -i -f "$scratch/ids" "$1"
    for _ in $(seq 300); do
        sh "$1" >"$scratch/printed" 2>&1 </dev/null
        is_as_told "$scratch/printed" "$told" && note_ids "$scratch/printed" "$told" && return 0
        grep -q ' replay ' "$1" && grep -q 'has nothing of that aside' "$scratch/printed" && return 0
        grep -qE '^(acta (handlers [a-z-]+( parked [a-z]+| \|.*)?|(read|why|diff|state) .*)|ls .*)$' "$1" || break
        sleep 0.1
    done
    diff -u "$told" "$scratch/printed"
    return 1
}

serves() { # script with "&" at its end
    sed 's/^/exec /; s/ *&$//' "$1" >"$scratch/serve.sh"
    sh "$scratch/serve.sh" 2>/dev/null &
    served=$!
    for _ in $(seq 300); do
        [ ! -s served ] || return 0
        sleep 0.1
    done
    return 1
}

ends() {
    kill -INT "$served" && wait "$served" && served=
}

: >"$scratch/ids"
for step in "$scratch"/step.*.sh; do
    case $(cat "$step") in
    *\&) serves "$step" ;;
    'kill -INT %1') check "it ends as told" ends ;;
    *) check "$(cut -c -60 <"$step")" runs_as_told "$step" ;;
    esac
done
[ -z "${served:-}" ] || check "it ends as told" ends
finish
