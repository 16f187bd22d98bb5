#!/bin/sh
# `acta sim OBJECT`: a user's scenario as a shared object, one that fails, and those that are none.
#
#     tests/sim/objects.sh ACTA FOLDER      the program, and where the objects lie
set -eu
acta=$1
folder=$2
. "$(dirname "$0")/../lib.sh"

sim() { # status object [argument...]: run it, and expect this exit status
    expected=$1
    object=$2
    shift 2
    status=0
    "$acta" sim "$object" --jobs 2 --keep "$scratch/kept" "$@" >"$scratch/told" 2>&1 || status=$?
    cat "$scratch/told"
    [ "$status" -eq "$expected" ]
}

told() { grep -qF -- "$1" "$scratch/told"; }

a_good_one_holds() {
    sim 0 "$folder/libuser-good.so" --seeds 1..60 && told '60 seeds, 6 of them twice'
}

places_of_both_are_told() { # those of the object's library, and its own
    if told ' places, '; then told ' reached' && ! told 'user.asks'; fi
}

a_failing_one_is_explained() {
    sim 1 "$folder/libuser-failing.so" --seeds 1..60 &&
        told 'fails: too many accounts: 3, account-2 is one of them' &&
        told "sim $folder/libuser-failing.so --tape $scratch/kept/user-" && told 'AccountOpened'
}

its_tape_fails_again() {
    sim 1 "$folder/libuser-failing.so" --tape "$(echo "$scratch"/kept/user-*.tape)" && told 'too many accounts: 3'
}

another_symbol_is_told() {
    sim 2 "$folder/libuser-symbol.so" && told "exports no 'acta_sim_scenario'"
}

no_library_is_told() {
    sim 2 "$folder/libuser-unlinked.so" && told 'is not linked with libacta'
}

a_missing_file_is_told() {
    sim 2 "$folder/nothing.so" && told "cannot load '$folder/nothing.so'"
}

what_is_no_object_is_told() {
    echo "no object" >"$scratch/text.so"
    sim 2 "$scratch/text.so" && told "cannot load '$scratch/text.so'"
}

check "a scenario in a shared object holds" a_good_one_holds
check "its places are told with the library's" places_of_both_are_told
check "one that fails is shortened and explained" a_failing_one_is_explained
check "its tape fails in the same way" its_tape_fails_again
check "an object with another symbol is refused" another_symbol_is_told
check "an object without the library is refused" no_library_is_told
check "a missing file is refused" a_missing_file_is_told
check "a file that is no object is refused" what_is_no_object_is_told
finish
