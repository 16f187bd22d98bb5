#!/bin/sh
# Completion for bash and zsh, and the man page, have each command of acta and each of its options.
#
#     tests/tools/pages.sh ACTA BASH ZSH MAN
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
acta=$1 bash_file=$(realpath "$2") zsh_file=$(realpath "$3") man_file=$(realpath "$4")

# Not as the generator finds them: by what main.c lists, and by the short list of usage.
commands=$(sed -n 's/^    { "\([a-z]*\)", command_[a-z]* },$/\1/p' "$(dirname "$0")/../../tools/main.c")
options_of() { "$acta" "$1" --usage | grep -oE -- '--[a-z][a-z-]*' | sort -u; }

all_are_there() { # file: its lines "COMMAND) wanted='WORDS'" have each option of each command
    count=0
    for name in $commands; do
        line=$(grep "^    $name) wanted='" "$1") || { echo "there is no command $name"; return 1; }
        for option in $(options_of "$name"); do
            count=$((count + 1))
            echo "$line" | grep -qE -- "['\" ]${option}['\" ]" || { echo "$name has no $option"; return 1; }
        done
    done
    [ "$count" -gt 60 ] || { echo "only $count options"; return 1; }
}

the_page_has_all() {
    for name in $commands; do
        awk -v title=".SS acta $name" '/^\.S[SH]/ { is_in = $0 == title } is_in' "$man_file" | sed 's/\\-/-/g' >"$scratch/section"
        [ -s "$scratch/section" ] || { echo "there is no command $name"; return 1; }
        for option in $(options_of "$name"); do
            grep -qE -- "^\.B (-., )?$option(\[?=.*)?$" "$scratch/section" || { echo "$name has no $option"; return 1; }
        done
        grep -q '^Exit status: ' "$scratch/section" || { echo "$name has no exit status"; return 1; }
    done
}

the_page_is_sound() { # in the eyes of groff
    groff -man -Tutf8 -ww "$man_file" >"$scratch/page" 2>"$scratch/warnings"
    [ ! -s "$scratch/warnings" ] || { cat "$scratch/warnings"; return 1; }
    grep -q 'ACTA(1)' "$scratch/page"
}

bash_completes() { # expected words...
    # shellcheck disable=SC2016 # the other shell's
    bash -c '. "$1"; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _acta; echo "${COMPREPLY[*]}"' bash "$bash_file" acta "$@" >"$scratch/words"
    cat "$scratch/words"
}

words_are_completed() {
    [ "$(bash_completes ver)" = verify ] &&
        [ "$(bash_completes handlers --po)" = --position ] &&
        [ "$(bash_completes handlers data pa)" = 'parked pause' ] &&
        cd "$scratch" && mkdir -p 'some data' && [ "$(bash_completes verify so)" = 'some data' ]
}

# What argp doesn't break, and what it breaks because it was too long: no line is longer than a terminal, or one word alone.
help_fits_a_terminal() {
    for name in '' $commands 'schema list' 'schema show' 'schema check' 'sim bank'; do
        # shellcheck disable=SC2086 # a command's two words
        "$acta" $name --help >"$scratch/help" || return 1
        LC_ALL=C.UTF-8 awk 'length($0) > 80 || /^[a-z]+$/ { print; bad = 1 } END { exit bad }' "$scratch/help" || { echo "acta $name --help"; return 1; }
    done
}

check "help fits a terminal" help_fits_a_terminal
check "bash knows all" all_are_there "$bash_file"
check "zsh knows all" all_are_there "$zsh_file"
check "the man page has all" the_page_has_all
if command -v groff >/dev/null 2>&1; then check "the man page is sound" the_page_is_sound; else skip "the man page is sound" "there is no groff"; fi
if command -v bash >/dev/null 2>&1; then check "bash completes" words_are_completed; else skip "bash completes" "there is no bash"; fi
if command -v zsh >/dev/null 2>&1; then check "zsh reads it" zsh -n "$zsh_file"; else skip "zsh reads it" "there is no zsh"; fi
finish
