#!/bin/sh
# Spans over TLS: a bank sends them to a collector that openssl stands for, whose certificate is made here.
#
#     tests/otlp/tls.sh BANK
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
bank=$1
command -v openssl >/dev/null && command -v curl >/dev/null || exit 77
unset ACTA_GATEWAY ACTA_HTTP http_proxy https_proxy
unset OTEL_TRACES_EXPORTER OTEL_SDK_DISABLED OTEL_TRACES_SAMPLER OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE
export no_proxy='*' OTEL_BSP_SCHEDULE_DELAY=1 OTEL_EXPORTER_OTLP_TIMEOUT=120000

certificate() { # name: $scratch/NAME.pem and $scratch/NAME.key
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=IP:127.0.0.1 -keyout "$scratch/$1.key" -out "$scratch/$1.pem" 2>/dev/null
}

until_true() { # command...: within a minute
    for _ in $(seq 600); do
        ! "$@" || return 0
        sleep 0.1
    done
    cat "$scratch/log" "$scratch/came"
    return 1
}

# What it gets is in $scratch/came. Each request is answered once it is seen, for as long as the pipe is there.
collector_begins() {
    mkfifo "$scratch/answers"
    : >"$scratch/came"
    openssl s_server -accept 127.0.0.1:0 -cert "$scratch/own.pem" -key "$scratch/own.key" \
        <"$scratch/answers" >"$scratch/came" 2>&1 &
    collector=$!
    (
        answered=0
        exec >"$scratch/answers"
        while [ -p "$scratch/answers" ]; do
            while [ "$answered" -lt "$(grep -c 'POST /v1/traces HTTP' "$scratch/came")" ]; do
                printf 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
                answered=$((answered + 1))
            done
            sleep 0.05
        done
    ) &
    answers=$!
    until_true grep -q '^ACCEPT 127.0.0.1:' "$scratch/came" || return 1
    port=$(sed -n 's/^ACCEPT 127.0.0.1://p' "$scratch/came" | head -n 1)
}

collector_ends() {
    rm "$scratch/answers"
    kill "$collector"
    wait "$collector" "$answers" 2>"$scratch/ended" || true
}

ask() { # path options...
    path=$1
    shift
    curl --silent --fail --max-time 60 --unix-socket "$scratch/$data/acta.sock" "$@" "http://acta$path" >"$scratch/said"
}

counted() { # metric: it is more than none
    ask /metrics && grep -q "^$1.* [1-9]" "$scratch/said"
}

trusting() { # data certificate: a bank that trusts who is in that file, until it ends
    exec env OTEL_EXPORTER_OTLP_ENDPOINT="https://127.0.0.1:$port" OTEL_EXPORTER_OTLP_CERTIFICATE="$2" \
        "$bank" --data "$scratch/$1" serve >"$scratch/served" 2>"$scratch/log"
}

# Such a bank, and one command for it.
serve() { # data certificate
    data=$1
    : >"$scratch/log"
    trusting "$@" &
    served=$!
    until_true ask /ready || return 1
    ask /commands/OpenAccount -H 'Content-Type: application/json' \
        -d '{"account_id":"alice","owner":"Ada","initial_balance":1}'
}

stop() {
    kill -INT "$served" && wait "$served"
}

a_collector_that_is_trusted_gets_spans() {
    serve trusted "$scratch/own.pem" && until_true counted acta_spans_sent && ! counted acta_spans_dropped || return 1
    stop && grep -q '"resourceSpans"' "$scratch/came" && grep -q '"name":"dispatch bank.OpenAccount"' "$scratch/came"
}

# Nothing is sent, and nobody tries again.
one_that_is_not_gets_nothing() {
    requests=$(grep -c 'POST /v1/traces HTTP' "$scratch/came")
    serve doubted "$scratch/other.pem" && until_true counted acta_spans_dropped && ! counted acta_spans_sent || return 1
    ! counted acta_spans_retries || return 1
    stop && [ "$requests" = "$(grep -c 'POST /v1/traces HTTP' "$scratch/came")" ] && cat "$scratch/log" &&
        grep -qi 'dropped.*certificate' "$scratch/log"
}

a_file_that_is_none_stops_the_start() {
    ! (trusting none "$scratch/nothing.pem") && cat "$scratch/log" &&
        grep -q "cannot read the certificates in '$scratch/nothing.pem': No such file or directory" "$scratch/log"
}

certificate own
certificate other
check "a collector begins" collector_begins
check "a collector that is trusted gets spans" a_collector_that_is_trusted_gets_spans
check "one that is not gets nothing" one_that_is_not_gets_nothing
collector_ends
check "a file that is none stops the start" a_file_that_is_none_stops_the_start
finish
