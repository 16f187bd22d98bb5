#!/bin/sh
# Every public header, and every header that actac generated, compiles alone and twice over, as C11 and as C++17, with
# each compiler that is there; and designated initialisers of their structs compile as C++20. The last cases plant a
# header that can't and expect to be told.
#
#     tests/headers.sh [GENERATED-HEADER...]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tests/lib.sh"

warnings='-Wall -Wextra -Wpedantic -Werror -fsyntax-only'

languages() { # "compiler standard ending", one a line
    for c in gcc clang; do command -v "$c" >/dev/null 2>&1 && echo "$c c11 c"; done
    for c in g++ clang++; do command -v "$c" >/dev/null 2>&1 && echo "$c c++17 cc"; done
    true
}

compiles_alone() { # header as it is included, include path, [its macros are tried too]
    languages >"$scratch/languages"
    [ -s "$scratch/languages" ] || { echo "no compiler found"; return 1; }
    failures=0
    while read -r compiler standard ending; do
        printf '#include "%s"\n#include "%s"\nint main(void);\nint main(void) { return 0; }\n' "$1" "$1" >"$scratch/alone.$ending"
        # shellcheck disable=SC2086 # options are words
        "$compiler" -std="$standard" $warnings -I"$root/include" -I"$2" "$scratch/alone.$ending" || {
            echo "$1 does not compile alone with $compiler -std=$standard"
            failures=1
        }
    done <"$scratch/languages"
    return "$failures"
}

designated_initialisers_compile() { # C++20 file
    for compiler in g++ clang++; do
        command -v "$compiler" >/dev/null 2>&1 || continue
        # shellcheck disable=SC2086
        "$compiler" -std=c++20 $warnings -Wno-missing-field-initializers -I"$root/include" -I"$generated_path" "$1" || return 1
    done
}

fails() { ! "$@"; }

generated_path=$scratch
for header in "$@"; do generated_path=$(cd "$(dirname "$header")" && pwd); done

for header in "$root"/include/acta/*.h; do
    check "acta/$(basename "$header") compiles alone and twice, as C11 and C++17" \
        compiles_alone "acta/$(basename "$header")" "$scratch"
done
for header in "$@"; do
    check "$(basename "$header") compiles alone and twice, as C11 and C++17" \
        compiles_alone "$(basename "$header")" "$generated_path"
done
if [ $# -gt 0 ] && command -v c++ >/dev/null 2>&1; then
    check "designated initialisers compile as C++20" designated_initialisers_compile "$root/tests/headers/designated.cc"
fi

printf 'struct planted { acta_str text; };\n' >"$scratch/needs_another.h"
printf '#ifndef ONCE_C\n#define ONCE_C\nstruct planted { int new; };\n#endif\n' >"$scratch/not_for_cpp.h"
printf 'struct planted { int count; };\n' >"$scratch/not_twice.h"
check "a planted header that needs another is found" fails compiles_alone needs_another.h "$scratch"
check "a planted header that is no C++ is found" fails compiles_alone not_for_cpp.h "$scratch"
check "a planted header without a guard is found" fails compiles_alone not_twice.h "$scratch"
finish
