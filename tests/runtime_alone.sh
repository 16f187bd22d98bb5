#!/bin/sh
# The runtime as a library of its own: with -Dfloors=runtime this tree configures, builds, passes its tests and installs
# on a machine that has neither RocksDB nor FlatBuffers nor a C++ compiler, and asks for none of them; and what it puts
# down is enough to build on, with the shared library and with the static one.
#
# The machine without them is this one: C++ compilers and flatc are stood in for by programs that note that they were
# asked and fail, and pkg-config sees every description but those of RocksDB and FlatBuffers.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/lib.sh"
build=$scratch/build
prefix=$scratch/prefix
library=

hide_what_is_not_needed() {
    mkdir "$scratch/bin" "$scratch/pc"
    for tool in c++ g++ clang++ flatc; do
        printf '#!/bin/sh\necho "%s $*" >>"%s/asked"\nexit 1\n' "$tool" "$scratch" >"$scratch/bin/$tool"
        chmod +x "$scratch/bin/$tool"
    done
    for folder in $(pkg-config --variable pc_path pkg-config | tr : ' '); do
        [ ! -d "$folder" ] || find "$folder" -name '*.pc' ! -name 'rocksdb*' ! -name 'flatbuffers*' -exec ln -sf {} "$scratch/pc" \;
    done
    PATH=$scratch/bin:$PATH
    PKG_CONFIG_LIBDIR=$scratch/pc
    unset CXX PKG_CONFIG_PATH
    export PATH PKG_CONFIG_LIBDIR
}

they_are_hidden() {
    if c++ --version || flatc --version || pkg-config --exists rocksdb || pkg-config --exists flatbuffers; then return 1; fi
    grep -q '^c++ ' "$scratch/asked" && rm "$scratch/asked"
}

configures() { # what the outer build is made with doesn't concern this one
    env -u CFLAGS -u LDFLAGS meson setup "$build" "$root" -Dfloors=runtime -Dbuildtype=debug --prefix "$prefix"
}

asked_for_nothing() { [ ! -e "$scratch/asked" ] || { cat "$scratch/asked"; return 1; }; }

installs() {
    meson install -C "$build" --no-rebuild --quiet
    library=$(dirname "$(find "$prefix" -name libacta-runtime.so)")
    [ -f "$library/libacta-runtime.a" ] && [ -f "$library/pkgconfig/acta-runtime.pc" ]
}

# Headers of the floors base and runtime by tests/layout.sh, and no other.
installs_the_headers_of_its_floors() {
    sed -n "/^headers='/,/'\$/p" "$root/tests/layout.sh" | grep -e ': base' -e ': runtime' | sed 's/:.*//' | tr -s ' ' '\n' |
        grep . | sort >"$scratch/expected"
    find "$prefix/include/acta" -name '*.h*' -exec basename {} .h \; | sort >"$scratch/installed"
    [ "$(wc -l <"$scratch/expected")" -ge 10 ] && diff "$scratch/expected" "$scratch/installed"
}

flags() { PKG_CONFIG_PATH=$library/pkgconfig pkg-config --cflags --libs "$@" acta-runtime; }

runs() {
    (cd "$scratch" && LD_LIBRARY_PATH=$library ./program >printed) || return 1
    cat "$scratch/printed"
    [ "$(cat "$scratch/printed")" = "pong 1
pong 2" ]
}

a_program_runs_on_the_shared_one() {
    # shellcheck disable=SC2046 # options are words
    cc -std=c11 -Wall -Werror -o "$scratch/program" "$root/examples/ping/main.c" $(flags) || return 1
    readelf -d "$scratch/program" | grep -q 'NEEDED.*libacta-runtime.so' && runs
}

a_program_runs_on_the_static_one() {
    mv "$library/libacta-runtime.so" "$scratch/aside.so"
    # shellcheck disable=SC2046
    cc -std=c11 -Wall -Werror -o "$scratch/program" "$root/examples/ping/main.c" $(flags --static) || return 1
    mv "$scratch/aside.so" "$library/libacta-runtime.so"
    if readelf -d "$scratch/program" | grep 'NEEDED.*libacta'; then return 1; fi
    runs
}

needs_neither() { # file
    LD_LIBRARY_PATH=$library ldd "$1" >"$scratch/needed" || return 1
    cat "$scratch/needed"
    grep -q 'libc\.so' "$scratch/needed" && ! grep -e rocksdb -e 'stdc++' -e flatbuffers -e 'not found' "$scratch/needed"
}

hide_what_is_not_needed
check "compilers of C++, flatc, RocksDB and FlatBuffers are out of sight" they_are_hidden
check "the runtime alone configures without them" configures
check "the runtime alone builds, with its tests and examples" ninja -C "$build" -j 2
check "the tests of base and runtime are among what was built" test -x "$build/tests/base/test_base_status" -a \
    -x "$build/tests/runtime/test_runtime_supervisor" -a -x "$build/examples/ping/ping"
check "a test of the runtime passes there" meson test -C "$build" --no-rebuild --suite base supervisor
check "nothing of C++, flatc, RocksDB or FlatBuffers was asked for" asked_for_nothing
installs >"$scratch/installed.log" 2>&1 || cat "$scratch/installed.log"
check "it installs a shared library, a static one and a pkg-config file" test -n "$library"
check "it installs the headers of its floors, and no other" installs_the_headers_of_its_floors
check "a program runs on the shared library by pkg-config alone" a_program_runs_on_the_shared_one
check "it needs neither RocksDB nor C++" needs_neither "$scratch/program"
check "a program runs on the static library by pkg-config alone" a_program_runs_on_the_static_one
check "it needs neither RocksDB nor C++ either" needs_neither "$scratch/program"
finish
