#!/bin/sh
# The flight recorder is read out of what a process leaves: the core dump of one that died of a fault, one that gdb made
# of a process that lives, and a bare copy of the recorder's memory.
#
#     tests/core.sh FAULT-VICTIM ACTA-RECORDER
set -eu
. "$(dirname "$0")/lib.sh"
case $1 in /*) victim=$1 ;; *) victim=$PWD/$1 ;; esac
case $2 in /*) recorder=$2 ;; *) recorder=$PWD/$2 ;; esac

has_the_spawn() { # file, options of acta-recorder
    file=$1
    shift
    "$recorder" "$@" "$file" >"$scratch/printed" || return 1
    cat "$scratch/printed"
    grep -qx "runtime 'bank'" "$scratch/printed" && [ "$(grep -c "  out  *spawn  *<1\.0> 'teller'\$" "$scratch/printed")" -eq 1 ]
}

kernel_dump() {
    (
        cd "$scratch"
        # shellcheck disable=SC3045 # where it is not known, no core is written, and that is told
        ulimit -c unlimited
        "$victim" core 2>"$scratch/said"
    ) || true
    grep -q 'end of the report' "$scratch/said" || return 1
    core=$(find "$scratch" -name 'core*' -type f | head -n 1)
    [ -n "$core" ]
}

may_be_traced() { # containers and kernels that forbid it are no fault of ours
    sleep 60 &
    pid=$!
    gcore -o "$scratch/sleep" "$pid" >/dev/null 2>&1 || true
    kill "$pid"
    wait "$pid" 2>/dev/null || true
    [ -f "$scratch/sleep.$pid" ]
}

live_dump() {
    "$victim" wait >"$scratch/ready" &
    pid=$!
    i=0
    while ! grep -q ready "$scratch/ready" && [ $((i += 1)) -lt 1200 ]; do sleep 0.05; done
    gcore -o "$scratch/live" "$pid" || true
    kill "$pid"
    wait "$pid" || true
    [ -f "$scratch/live.$pid" ] && has_the_spawn "$scratch/live.$pid"
}

image() {
    "$victim" image >"$scratch/image" && has_the_spawn "$scratch/image"
}

is_refused() { # status words arguments...
    status=0
    expected=$1
    words=$2
    shift 2
    "$recorder" "$@" >"$scratch/refused" 2>&1 || status=$?
    cat "$scratch/refused"
    [ "$status" -eq "$expected" ] && grep -q -e "$words" "$scratch/refused"
}

check "a recorder is read from a copy of its memory" image
check "of which the newest few can be asked for" has_the_spawn "$scratch/image" --last=1
# shellcheck disable=SC3045 # where it is not known, no core is written
case $(cat /proc/sys/kernel/core_pattern):$(ulimit -H -c 2>/dev/null) in
*[/\|]*:*) skip "a recorder is read from the core dump of a fault" "the kernel gives core dumps to somebody else here" ;;
*:unlimited)
    check "a fault leaves a report and a core dump" kernel_dump
    check "a recorder is read from the core dump of a fault" has_the_spawn "${core:-none}"
    ;;
*) skip "a recorder is read from the core dump of a fault" "no core dump may be written here" ;;
esac
if command -v gcore >/dev/null 2>&1 && may_be_traced; then
    check "a recorder is read from a dump of a process that lives" live_dump
else
    skip "a recorder is read from a dump of a process that lives" "gcore is not here, or may not look into others"
fi
head -c 100000 "$scratch/image" >"$scratch/torn"
: >"$scratch/empty"
check "a recorder that isn't whole is none" is_refused 1 'no flight recorder' "$scratch/torn"
check "an empty file has none" is_refused 1 'cannot read' "$scratch/empty"
check "a missing file is an error" is_refused 1 'No such file' "$scratch/nothing"
check "no file is wrong usage" is_refused 2 'which file'
check "a bad number is wrong usage" is_refused 2 'is no number of records' --last=none "$scratch/image"
finish
