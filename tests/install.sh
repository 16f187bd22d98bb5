#!/bin/sh
# What `meson install` puts down is enough to build on: a program compiles and runs against the installed libraries by
# pkg-config alone; libacta-runtime needs neither RocksDB nor C++; and no library shows a name that isn't acta_.
#
#     tests/install.sh BUILD-FOLDER
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/lib.sh"
build=$(cd "$1" && pwd)
target=$scratch/target

installs() {
    DESTDIR=$target meson install -C "$build" --no-rebuild --quiet
    library=$(dirname "$(find "$target" -name 'libacta.so' | head -n 1)")
    [ -f "$library/libacta.so" ] && [ -f "$library/libacta-runtime.so" ] && [ -f "$library/pkgconfig/acta.pc" ]
}

flags() { # pkg-config module
    PKG_CONFIG_PATH=$library/pkgconfig PKG_CONFIG_SYSROOT_DIR=$target pkg-config --cflags --libs "$1"
}

compiles_and_runs() { # module, what it prints, sources...
    module=$1
    expected=$2
    shift 2
    # shellcheck disable=SC2046 # options are words
    cc -std=c11 -Wall -Werror -I"$build/examples/bank" -o "$scratch/program" "$@" $(flags "$module") || return 1
    (cd "$scratch" && LD_LIBRARY_PATH=$library ./program >printed) || return 1
    cat "$scratch/printed"
    [ "$(cat "$scratch/printed")" = "$expected" ]
}

needs_no_other() { # library
    readelf -d "$library/$1" | grep NEEDED
    ! readelf -d "$library/$1" | grep NEEDED | grep -e rocksdb -e stdc++ -e flatbuffers
}

shows_only_acta() { # library
    nm -D --defined-only "$library/$1" | awk '{ print $3 }' | sed 's/@.*//' >"$scratch/names"
    [ "$(wc -l <"$scratch/names")" -ge 20 ] && ! grep -v '^acta_' "$scratch/names"
}

# Each library of a database stands on libacta, which knows none of them.
stands_beside() { # library, module, header, its code, what libacta may not need
    if readelf -d "$library/libacta.so" | grep NEEDED | grep "$5"; then return 1; fi
    printf '#include <stdio.h>\n#include "acta/%s"\nint main(void) { puts(%s.open != NULL ? "there" : ""); return 0; }\n' "$3" "$4" \
        >"$scratch/database.c"
    needs_no_other "$1" && shows_only "$1" && compiles_and_runs "$2" there "$scratch/database.c"
}

# A program that knows nothing of it, and is linked with libacta alone, is served on the socket in its store's directory.
is_served() {
    cat >"$scratch/served.c" <<'END'
#include <stdio.h>
#include <unistd.h>
#include "acta/app.h"
#include "bank.h"
int main(void)
{
    const acta_aggregate *const aggregates[] = { &bank_account.base, NULL };
    const acta_app_config config = { .data_path = "served-data", .schema = &bank_schema, .aggregates = aggregates };
    acta_app *app;
    acta_error error;
    if (acta_app_start(&config, &app, &error) != ACTA_OK) return puts(error.text), 1;
    puts(access("served-data/acta.sock", F_OK) == 0 ? "served" : "not served");
    return acta_app_stop(app, 5000, NULL);
}
END
    if readelf -d "$library/libacta.so" | grep NEEDED | grep microhttpd; then return 1; fi
    shows_only libacta-gateway.so && compiles_and_runs acta served "$scratch/served.c" "$root/examples/bank/account.c" \
        "$root/examples/bank/transfer.c" "$root/examples/bank/transfers.c" "$build/examples/bank/bank.acta.c" \
        -I"$root/examples/bank"
}

# The exporter of spans beside libacta, which doesn't know libcurl: loaded for who names a collector, and for nobody else. Nobody
# listens here, so that a wrong protocol is what tells that it was there.
is_loaded_for_a_collector() {
    if readelf -d "$library/libacta.so" | grep NEEDED | grep curl; then return 1; fi
    shows_only libacta-otlp.so &&
        (cd "$scratch" && LD_LIBRARY_PATH=$library OTEL_EXPORTER_OTLP_PROTOCOL=grpc ./program) &&
        (cd "$scratch" && ! OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 OTEL_EXPORTER_OTLP_PROTOCOL=grpc \
            LD_LIBRARY_PATH=$library ./program >printed) &&
        grep -q "otlp: OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' is not spoken" "$scratch/printed"
}

shows_only() { ! nm -D --defined-only "$library/$1" | awk '{ print $3 }' | grep -v '^acta_'; }

library=
installs >/dev/null 2>&1 || true
check "meson install puts down libraries and pkg-config files" test -n "$library" -a -f "$library/pkgconfig/acta-runtime.pc"
check "a program runs against the installed acta" compiles_and_runs acta "alice has 20, bob has 80" \
    "$root/examples/hello/main.c" "$root/examples/bank/account.c" "$root/examples/bank/transfer.c" \
    "$root/examples/bank/transfers.c" "$build/examples/bank/bank.acta.c" -I"$root/examples/bank"
check "a program runs against the installed acta-runtime" compiles_and_runs acta-runtime "pong 1
pong 2" "$root/examples/ping/main.c"
check "acta-runtime needs neither RocksDB nor C++" needs_no_other libacta-runtime.so
check "libacta shows only names that begin with acta_" shows_only_acta libacta.so
if [ -f "$library/libacta-sqlite.so" ]; then
    check "projections into SQLite are a library of their own" \
        stands_beside libacta-sqlite.so acta-sqlite projection_sqlite.h acta_sqlite_code sqlite3
fi
if [ -f "$library/libacta-postgres.so" ]; then
    check "projections into PostgreSQL are a library of their own" \
        stands_beside libacta-postgres.so acta-postgres projection_postgres.h acta_postgres_code libpq
fi
if [ -f "$library/libacta-gateway.so" ]; then
    check "a program is served without a line of code" is_served
fi
if [ -f "$library/libacta-otlp.so" ] && [ -f "$library/libacta-gateway.so" ]; then
    check "spans go to a collector without a line of code" is_loaded_for_a_collector
fi
check "libacta-runtime shows only names that begin with acta_" shows_only_acta libacta-runtime.so
finish
