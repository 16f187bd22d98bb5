#!/bin/sh
# TLS: a bank on a port of its own with a certificate that is made here, asked by curl.
#
#     tests/gateway/tls.sh BANK
set -eu
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
bank=$1
command -v openssl >/dev/null && command -v curl >/dev/null || exit 77
unset ACTA_GATEWAY ACTA_HTTP_TOKENS ACTA_HTTP_HOSTS ACTA_HTTP_EVENT_CLIENTS http_proxy https_proxy
export ACTA_HTTP=127.0.0.1:0

certificate() { # name: $scratch/NAME.pem and $scratch/NAME.key
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=IP:127.0.0.1 -keyout "$scratch/$1.key" -out "$scratch/$1.pem" 2>/dev/null
}

# Gives $port once it listens.
serve() { # certificate key
    : >"$scratch/log"
    ACTA_HTTP_CERTIFICATE=$1 ACTA_HTTP_KEY=$2 "$bank" --data "$scratch/data" serve >"$scratch/served" 2>"$scratch/log" &
    served=$!
    for _ in $(seq 300); do
        port=$(sed -n 's/.*gateway: listening on port //p' "$scratch/log")
        [ -z "$port" ] || return 0
        sleep 0.1
    done
    cat "$scratch/log"
    return 1
}

stop() {
    kill -INT "$served" && wait "$served"
}

health() { # url options...
    url=$1
    shift
    curl --silent --show-error --max-time 60 --noproxy '*' "$@" "$url/health" >"$scratch/said" 2>&1
}

who_trusts_the_certificate_is_answered() {
    health "https://127.0.0.1:$port" --cacert "$scratch/own.pem" && grep -qx '{"status":"ok"}' "$scratch/said"
}

who_does_not_is_not() {
    ! health "https://127.0.0.1:$port" && grep -qi certificate "$scratch/said" &&
        ! health "https://127.0.0.1:$port" --cacert "$scratch/other.pem"
}

old_protocols_are_not_spoken() {
    ! health "https://127.0.0.1:$port" --cacert "$scratch/own.pem" --tls-max 1.1
}

# Nothing of it is answered, and nobody is disturbed.
plain_http_gets_nothing() {
    ! health "http://127.0.0.1:$port" && [ ! -s "$scratch/said.body" ] && ! grep -q '"status"' "$scratch/said" &&
        who_trusts_the_certificate_is_answered
}

the_socket_needs_none() {
    health http://acta --unix-socket "$scratch/data/acta.sock" && grep -qx '{"status":"ok"}' "$scratch/said"
}

refused() { # text certificate key
    ACTA_HTTP_CERTIFICATE=$2 ACTA_HTTP_KEY=$3 "$bank" --data "$scratch/data" serve >"$scratch/said" 2>&1 && return 1
    cat "$scratch/said"
    grep -qF -- "$1" "$scratch/said"
}

files_that_are_none_stop_the_start() {
    echo "no key" >"$scratch/none.key"
    : >"$scratch/empty.pem"
    chmod 600 "$scratch/none.key"
    refused "cannot read '$scratch/nothing.pem': No such file or directory" "$scratch/nothing.pem" "$scratch/own.key" &&
        refused "cannot read '$scratch/nothing.key': No such file or directory" "$scratch/own.pem" "$scratch/nothing.key" &&
        refused "cannot read '$scratch': no file in PEM form" "$scratch" "$scratch/own.key" &&
        refused 'are certificate and key in PEM form, and of one another?' "$scratch/own.pem" "$scratch/none.key" &&
        refused 'are certificate and key in PEM form, and of one another?' "$scratch/empty.pem" "$scratch/own.key" &&
        refused 'are certificate and key in PEM form, and of one another?' "$scratch/own.pem" "$scratch/other.key" &&
        refused 'TLS needs both a certificate and its key' "$scratch/own.pem" '' &&
        refused 'TLS needs both a certificate and its key' '' "$scratch/own.key"
}

# SEC-12: a key that others may read is none any more. Of root's file a group may, as of a host's shared certificates.
a_key_for_all_is_refused() {
    cp "$scratch/own.key" "$scratch/shown.key"
    for mode in 604 644 660 620 602; do
        chmod "$mode" "$scratch/shown.key"
        refused "'$scratch/shown.key' has a private key, and others may read it: chmod 600 $scratch/shown.key" \
            "$scratch/own.pem" "$scratch/shown.key" || return 1
    done
    chmod 640 "$scratch/shown.key"
    [ "$(id -u)" -eq 0 ] || refused "others may read it" "$scratch/own.pem" "$scratch/shown.key"
}

certificate own
certificate other
chmod 600 "$scratch/own.key" "$scratch/other.key"
check "files that are none stop the start" files_that_are_none_stop_the_start
check "a key for all is refused" a_key_for_all_is_refused
chmod 640 "$scratch/own.key"
[ "$(id -u)" -eq 0 ] || chmod 600 "$scratch/own.key"
serve "$scratch/own.pem" "$scratch/own.key"
check "who trusts the certificate is answered" who_trusts_the_certificate_is_answered
check "who does not is not" who_does_not_is_not
check "old protocols are not spoken" old_protocols_are_not_spoken
check "plain HTTP gets nothing" plain_http_gets_nothing
check "the socket in the directory needs none" the_socket_needs_none
check "it ends as told" stop
finish
