#!/bin/sh
# Tasks of docs/operating.md, as they stand there: what is typed is run, line by line, in an empty folder, and what came must
# come. Times, counts of retries, sizes and positions of commands are other ones; a line that ends in "..." goes on.
#
#     tests/tools/operating.sh ACTA docs/operating.md TASK PROGRAM    by the first words of its heading
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
PATH=$(dirname "$(realpath "$1")"):$(dirname "$(realpath "$4")"):$PATH
document=$(realpath "$2")
unset ACTA_GATEWAY ACTA_HTTP ACTA_TOKEN ACTA_TOKEN_FILE
mkdir "$scratch/room"
cd "$scratch/room"

# The lines of its blocks: "$ command" to a script of its own, what comes of it beside it.
awk -v to="$scratch/step." -v task="## $3" '
    /^## / { is_here = index($0, task) == 1 }
    !is_here { next }
    /^    \$ / { file = to sprintf("%02d", ++n); print substr($0, 7) >(file ".sh"); printf "" >(file ".told"); next }
    /^    / && file { print substr($0, 5) >(file ".told") }' "$document"

# Those of one look are not those of another.
plain() {
    sed -E -e 's/20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z?/TIME/g' -e 's/ +[0-9]+ TIME/ N TIME/' -e 's/^(position +)[0-9]+$/\1N/' \
        -e 's/^(backup .*): .*/\1/'
}

is_as_told() { # printed told
    plain <"$1" >"$scratch/left"
    plain <"$2" >"$scratch/right"
    [ "$(wc -l <"$scratch/left")" -eq "$(wc -l <"$scratch/right")" ] || return 1
    paste -d "$(printf '\001')" "$scratch/left" "$scratch/right" | awk -F "$(printf '\001')" '
        { whole = $2; if (sub(/ \.\.\.$/, "", whole)) { if (index($1, whole) != 1) exit 1 } else if ($1 != $2) exit 1 }'
}

# What comes may come a moment later: who only looks looks again. An order is given once; what it was for may have been tried again
# a moment before.
runs_as_told() { # script
    told=${1%.sh}.told
    for _ in $(seq 300); do
        sh "$1" >"$scratch/printed" 2>&1 </dev/null
        is_as_told "$scratch/printed" "$told" && return 0
        grep -q ' replay ' "$1" && grep -q 'has nothing of that aside' "$scratch/printed" && return 0
        grep -qE '^(acta (handlers [a-z-]+( parked [a-z]+| \|.*)?|read .*)|ls .*)$' "$1" || break
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

for step in "$scratch"/step.*.sh; do
    case $(cat "$step") in
    *\&) serves "$step" ;;
    *) check "$(cut -c -60 <"$step")" runs_as_told "$step" ;;
    esac
done
if [ -n "${served:-}" ]; then
    kill -INT "$served"
    check "it ends as told" wait "$served"
fi
finish
