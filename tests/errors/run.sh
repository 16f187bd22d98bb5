#!/bin/sh
# What a user sees when something is wrong, word by word: each .txt here is one error, as a transcript.
#
#     # Comments only at the top: what is wrong, and what the user must learn.
#     $ bank --data data deposit alice -5          a command, run by sh in an empty folder
#     ! bank: the amount …                         a line on stderr
#     [1]                                          its exit status, when it isn't 0
#
# Other lines are stdout, and come before stderr's. Commands of one file run in one shell, so that `cd`, variables and
# `&` reach the next one. What differs from run to run is replaced: the folder by DIR, RocksDB's file numbers by NNNNNN.
# In a file whose name ends in .mount.txt, commands may mount (a small disk, a read-only one); it is skipped where the
# kernel allows no user namespaces.
#
#     tests/errors/run.sh PROGRAM... [-- CASE.txt...]
#     ACTA_ACCEPT=1 tests/errors/run.sh …          write what came into the files; read the diff before you commit it
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"

run_commands() { # transcript: print it as it came out this time
    started=
    while IFS= read -r line; do
        case $line in
        '$ '*) ;;
        *) [ -n "$started" ] || printf '%s\n' "$line"; continue ;;
        esac
        started=yes
        printf '%s\n' "$line"
        status=0
        eval "${line#??}" >"$work.out" 2>"$work.err" </dev/null || status=$?
        cat "$work.out"
        sed 's/^/! /' "$work.err"
        [ "$status" -eq 0 ] || printf '[%s]\n' "$status"
    done <"$1"
}

transcript_holds() { # file
    work=$scratch/$(basename "$1" .txt)
    mkdir "$work"
    (
        cd "$work"
        set +e
        run_commands "$1"
    ) | sed -e "s|$work|DIR|g" -e 's#MANIFEST-[0-9]\{6\}#MANIFEST-NNNNNN#g' \
        -e 's#/[0-9]\{6\}\.#/NNNNNN.#g' >"$work.now"
    if diff -u "$1" "$work.now"; then return 0; fi
    if [ -n "${ACTA_ACCEPT:-}" ]; then cat "$work.now" >"$1"; fi
    return 1
}


may_mount() { unshare --user --map-root-user --mount mount -t tmpfs none /mnt 2>/dev/null; }

for argument in "$@"; do
    shift
    [ "$argument" != -- ] || break
    PATH=$(cd "$(dirname "$argument")" && pwd):$PATH
done
export PATH
[ $# -gt 0 ] || set -- "$here"/*.txt

for case in "$@"; do
    case=$(cd "$(dirname "$case")" && pwd)/$(basename "$case")
    title=$(basename "$case" .txt | tr _ ' ')
    case $case in
    *.mount.txt)
        title=${title%.mount}
        if [ "${ACTA_MAY_MOUNT:-}" = yes ]; then
            check "$title" transcript_holds "$case"
        elif may_mount; then
            check "$title" env ACTA_MAY_MOUNT=yes TMPDIR="$scratch" unshare --user --map-root-user --mount sh "$here/run.sh" -- "$case"
        else
            skip "$title" "this kernel or container allows no user namespaces: nothing can be mounted"
        fi
        ;;
    *) check "$title" transcript_holds "$case" ;;
    esac
done
finish
