#!/bin/sh
# What an example's README.md tells is what its program does: each ```console block is run, line by line, in one empty
# folder, and must print what stands there, errors included. What a later line prints, the log has remembered.
#
#     tests/examples/told.sh PROGRAM README.md
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
program=$(realpath "$1")
story=$(realpath "$2")
folder=$(dirname "$story")
PATH=$(dirname "$program"):$PATH
name=$(basename "$program")
mkdir "$scratch/room"
cd "$scratch/room" || exit
cp "$folder"/*.json* "$folder"/*.csv "$folder"/*.xml . 2>/dev/null # what the lines read

# Each line "$ command" to a script of its own, and what is to come of it beside it.
split_story() {
    awk -v to="$scratch/step." '
        /^```/ { inside = $0 == "```console"; next }
        inside && /^\$ / { file = to sprintf("%02d", ++n); print substr($0, 3) >(file ".sh"); printf "" >(file ".told"); next }
        inside { print >(file ".told") }' "$story"
}

runs_as_told() { # script
    sh "$1" >"$scratch/printed" 2>&1 </dev/null
    diff -u "${1%.sh}.told" "$scratch/printed"
}

fits_a_terminal() { ! grep -E '.{81}' "$scratch"/step.*.told; }

split_story
for step in "$scratch"/step.*.sh; do
    check "$name: $(cat "$step")" runs_as_told "$step"
done
check "$name fits 80 columns" fits_a_terminal
finish
