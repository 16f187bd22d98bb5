#!/bin/sh
# docs/metrics.md is made of the table in gateway/metrics.c: a name that is not documented can't be.
#
#     tests/metrics.sh        does it stand as it is made?
#     tests/metrics.sh write  make it
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/lib.sh"

page() { # gateway/metrics.c
    cat <<'END'
# Metrics

`GET /metrics` ([http.md](http.md)) answers as [OpenMetrics 1.0](https://openmetrics.io), which Prometheus reads. This page is made of
the table in [gateway/metrics.c](../gateway/metrics.c) by [tests/metrics.sh](../tests/metrics.sh), which also checks it. All numbers begin at 0 when the
program starts, but for positions. A counter's sample has `_total` behind its name. Names don't change; new ones may come.

| name | type | labels | what it is |
|---|---|---|---|
END
    awk -F'"' '
        /^static const metric metrics\[\]/ { inside = 1; next }
        inside && /^};/ { exit }
        inside && /^    \{ "/ {
            split($3, part, /, */); type = tolower(part[2])
            split($5, part, /, */); of = part[2]
            labels = of == "READER" ? (type == "stateset" ? "`reader`, `" $2 "`" : "`reader`") : of == "STAGE" ? "`stage`, `le`" : of == "STATUS" ? "`status`" : ""
            printf "| `%s` | %s | %s | %s |\n", $2, type, labels, $6
        }' "$1"
    cat <<'END'

`reader` is the name of an event handler, projection or process manager; `stage` is `queue`, `execute`, `encode`, `apply`, `wait`, `sync`,
`reply` or `whole` ([acta/stages.h](../include/acta/stages.h)); `status` is what the caller was told, in the spelling of a problem's `title`
([http.md](http.md)), or `ok`. There are no other labels: none of them grows with the data.

    scrape_configs:
      - job_name: bank
        authorization: { credentials_file: /etc/prometheus/bank.secret }
        static_configs: [{ targets: ["127.0.0.1:8080"] }]
END
}

if [ "${1:-}" = write ]; then
    page "$root/gateway/metrics.c" >"$root/docs/metrics.md"
    exit 0
fi
stands() { # page
    page "$root/gateway/metrics.c" >"$scratch/made"
    diff "$1" "$scratch/made" >"$scratch/differs"
}

has_all() { # the table has as many lines as metrics, so that none hides in a line of another shape
    lines=$(grep -c '^| `acta_' "$root/docs/metrics.md")
    names=$(grep -c '^    { "acta_' "$root/gateway/metrics.c")
    others=$(sed -n '/^static const metric metrics/,/^};/p' "$root/gateway/metrics.c" | grep -vc '^    { "acta_.*" },$')
    [ "$lines" -gt 20 ] && [ "$lines" -eq "$names" ] && [ "$others" -eq 2 ]
}

misses_a_planted_change() {
    sed 's/on disk/on the moon/' "$root/docs/metrics.md" >"$scratch/planted"
    ! stands "$scratch/planted"
}

check "the page is the one that the table makes" stands "$root/docs/metrics.md"
check "each metric is a line of the table, and on the page" has_all
check "a page that says something else is found" misses_a_planted_change
finish
