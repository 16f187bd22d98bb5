#!/bin/sh
# The table of docs/logging.md and what the floors tell: each event of the code stands in it, with its levels and fields, and
# nothing else does.
#
#     tests/logging.sh
#     tests/logging.sh list      the events of the code as rows, without what they mean
# shellcheck disable=SC2016 # the backticks are the page's
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tests/lib.sh
. "$root/tests/lib.sh"

# The calls of a source file, however they are broken into lines: | `event` | level | fields |
rows_of() { # file
    awk '
        { text = text " " $0 }
        END {
            while (match(text, /acta_log_event\(/)) {
                text = substr(text, RSTART + RLENGTH)
                depth = 1
                for (i = 1; depth > 0; i++) {
                    c = substr(text, i, 1)
                    depth += (c == "(") - (c == ")")
                }
                call = substr(text, 1, i)
                levels = fields = ""
                rest = call
                while (match(rest, /ACTA_LOG_(ERROR|WARNING|INFO|DEBUG)/)) {
                    level = tolower(substr(rest, RSTART + 9, RLENGTH - 9))
                    levels = levels (levels == "" ? "" : ", ") level
                    rest = substr(rest, RSTART + RLENGTH)
                }
                if (!match(call, /"[a-z]+\.[a-z_]+"/)) continue # acta_log_event itself
                event = substr(call, RSTART + 1, RLENGTH - 2)
                rest = call
                while (match(rest, /acta_log_(text|number|id)\( *"[a-z_]+"/)) {
                    name = substr(rest, RSTART, RLENGTH)
                    sub(/^[^"]*"/, "", name)
                    sub(/"$/, "", name)
                    fields = fields (fields == "" ? "" : ", ") "`" name "`"
                    rest = substr(rest, RSTART + RLENGTH)
                }
                printf "| `%s` | %s | %s |\n", event, levels, fields
            }
        }' "$1"
}

rows() { # tree
    for folder in runtime store actors sim gateway otlp; do
        find "$1/$folder" -name '*.c'
    done | sort | while read -r file; do rows_of "$file"; done | sort -u
}

if [ "${1:-}" = list ]; then
    rows "$root"
    exit 0
fi

documented() { # page
    sed -n 's/^\(| `[a-z]*\.[a-z_]*` |[^|]*|[^|]*|\).*/\1/p' "$1" | sort
}

all_are_documented() {
    rows "$root" >"$scratch/code"
    documented "$root/docs/logging.md" >"$scratch/page"
    [ "$(wc -l <"$scratch/code")" -gt 40 ] && diff "$scratch/code" "$scratch/page"
}

what_each_means_is_said() {
    ! grep -n '^| `[a-z]*\.[a-z_]*` |[^|]*|[^|]*| *|$' "$root/docs/logging.md"
}

a_planted_event_is_found() {
    mkdir -p "$scratch/tree/runtime" "$scratch/tree/store" "$scratch/tree/actors" "$scratch/tree/sim" "$scratch/tree/gateway" "$scratch/tree/otlp"
    printf 'acta_log_event(&e, ACTA_LOG_ERROR, "moon.fell",\n ACTA_LOG_FIELDS(acta_log_number(\n"height", f(x))), "it");\n' >"$scratch/tree/sim/a.c"
    [ "$(rows "$scratch/tree")" = '| `moon.fell` | error | `height` |' ]
}

no_line_is_without_a_name() { # acta_log_write is for hosts
    ! grep -rn 'acta_log_write(' "$root/runtime" "$root/store" "$root/actors" "$root/sim" "$root/gateway" "$root/otlp"
}

check "each event is documented, with levels and fields" all_are_documented
check "what each means is said" what_each_means_is_said
check "a planted event is found" a_planted_event_is_found
check "no line is without a name" no_line_is_without_a_name
finish
