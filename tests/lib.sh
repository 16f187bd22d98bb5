# shellcheck shell=sh
# For test scripts: cases that speak as cmocka's do, so that tests/tally.awk counts them. Sourced, POSIX sh.
#
#     . "$(dirname "$0")/lib.sh"
#     check "a name that reads as a sentence" command arguments...   # passes when the command exits 0
#     finish
#
# `$scratch` is a folder of the script's own, gone when it ends. What a failed command printed is shown.

# What others print is compared: it is in no language but C's, and no time but UTC.
export LC_ALL=C TZ=UTC
case_count=0
failed_count=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/acta-test.XXXXXX")
trap 'rm -rf "$scratch" 2>/dev/null || true' EXIT # what is mounted there goes with its namespace
trap 'exit 130' INT TERM

check() { # name command...
    printf '[ RUN      ] %s\n' "$1"
    case_name=$1
    case_count=$((case_count + 1))
    shift
    if "$@" >"$scratch/.output" 2>&1; then
        printf '[       OK ] %s\n' "$case_name"
    else
        cat "$scratch/.output"
        printf '[  FAILED  ] %s\n' "$case_name"
        failed_count=$((failed_count + 1))
    fi
}

skip() { # name why
    printf '[ RUN      ] %s\n%s\n[  SKIPPED ] %s\n' "$1" "$2" "$1"
    case_count=$((case_count + 1))
}

finish() {
    printf '%s of %s failed\n' "$failed_count" "$case_count"
    [ "$failed_count" -eq 0 ] && [ "$case_count" -gt 0 ]
    exit
}
