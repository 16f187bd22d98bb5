#!/bin/sh
# Who may include whom: every #include of every source file against the floors of the house, and the folders at the top
# against the list of them. A folder includes public headers of its own floor and of those below, its own private
# headers, and the outside libraries that are its business. The last cases plant violations and expect to find them.
#
#     tests/layout.sh            this tree
#     tests/layout.sh list DIR   the violations in DIR, one a line: what the cases below are made of
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

# The floor of each public header. One that is missing here is a violation.
headers='
status str environment log memory id crc crash_point plant probe seal sites spares thread writer : base
runtime actors gen_server gen_statem supervisor offload recorder fault watch_fd sys topic tree request : runtime
gen_event acta.hpp                                        : runtime
schema marks buffer file plain plain_verify deep_judge deep_quick deep_verify deep_write    : schema
store personal subscription memory_engine operations chain transfer kept_schemas : store
consumer_group                                            : store
aggregate app handler index process_manager schedule generated generated_table generated_role generated_struct generated_code test shadow time_travel span traceparent acta : actors
reader_options readers                                     : actors
upcast stages counters metadata middleware returned audit           : actors
projection_database projection_inline projection_sqlite projection_postgres : actors
attachment                                                 : actors
gateway                                                    : gateway
otlp                                                       : otlp
sim simulate                                                 : sim'

# The floors that a folder, or a file without its ending, may include public headers of; the longest name that fits counts.
floors='
base         : base
runtime      : base runtime
schema       : base schema
store        : base schema store
actors       : base runtime schema store actors
sim          : base runtime schema store actors sim
tools        : base runtime schema store actors
tools/actac  : base schema
gateway      : base runtime schema store actors gateway
tests/gateway : base runtime schema store actors gateway
otlp         : base runtime schema store actors otlp
tests/otlp   : base runtime schema store actors otlp
examples     : base runtime schema store actors
bench        : base runtime schema store actors gateway
tests        : base runtime schema store actors sim
examples/bank/simulation examples/bank/sim_clients examples/bank/sim_witness examples/bank/sim_parts : base runtime schema store actors sim
examples/order/simulation : base runtime schema store actors sim
bench/sim    : base runtime schema store actors sim
tools/sim tools/simulation_list : base runtime schema store actors sim'

# Headers of outside libraries, and the only folders that may know them.
outside='
rocksdb/     : store bench/raw bench/raw_log tests/store tests/crash tests/tools tools/verify
flatbuffers/ : schema tests/schema tests/actac tests/official
ck_          : runtime tests/runtime
yaml.h       : runtime/tree_yaml
sodium       : base tests/base
csv.h        : examples tests/examples
libpq-fe.h   : actors/postgres tests/actors bench examples
sqlite3.h    : actors/sqlite tests/actors bench examples
libxml/      : examples/bank
uv.h         : examples
microhttpd.h : gateway bench
curl/        : otlp
curses.h     : tools/top_screen
term.h       : tools/top_screen
cmocka.h     : tests examples
jemalloc/    : none'

# Folders at the top.
folders='.ci .git actors base bench docs examples gateway include otlp runtime schema sim store tests tools'

list_violations() { # folder of a tree
    cd "$1"
    for folder in .[!.]* *; do
        [ -d "$folder" ] || continue
        case " $folders build .cache bank-data " in
        *" $folder "*) ;;
        *) case $folder in build-*) ;; *) echo "$folder/: no folder of the design; tests/layout.sh lists them" ;; esac ;;
        esac
    done
    for folder in $folders; do
        [ ! -d "$folder" ] || find "$folder" -path .git -prune -o \( -name '*.c' -o -name '*.h' -o -name '*.cc' -o -name '*.hpp' \) -print
    done | sort >"$scratch/files"
    # shellcheck disable=SC2046 # names of source files have no spaces
    awk -v headers="$headers" -v floors="$floors" -v outside="$outside" -v files="$scratch/files" '
        # "names : words" lines into map[name] = " words "
        function load(table, map,    lines, count, i, halves, names, n, j) {
            count = split(table, lines, "\n")
            for (i = 1; i <= count; i++) {
                if (split(lines[i], halves, ":") != 2) continue
                sub(/^ +/, "", halves[2])
                n = split(halves[1], names, " ")
                for (j = 1; j <= n; j++) map[names[j]] = " " halves[2] " "
            }
        }
        function violation(why) { print FILENAME ":" FNR ": " why }
        function folder_of(path) { sub(/\/[^\/]*$/, "", path); return path }
        # the longest entry of the table that the folder lies in
        function entry_of(folder, map) {
            while (!(folder in map) && folder ~ /\//) folder = folder_of(folder)
            return folder in map ? folder : ""
        }
        function has(words, word) { return index(words, " " word " ") > 0 }
        function within(folder, words,    list, n, i) {
            n = split(words, list, " ")
            for (i = 1; i <= n; i++) if (folder == list[i] || index(folder "/", list[i] "/") == 1) return 1
            # a single file may be named too, without its ending
            for (i = 1; i <= n; i++) if (index(FILENAME, list[i] ".") == 1) return 1
            return 0
        }
        function check_public(name,    base_name, floor, may) {
            base_name = name
            sub(/^acta\//, "", base_name)
            sub(/\.h$/, "", base_name)
            if (!(base_name in floor_of_header)) return violation("\"" name "\" has no floor; give it one in tests/layout.sh")
            floor = floor_of_header[base_name]
            gsub(/ /, "", floor)
            if (here == "") return violation("the folder has no line in tests/layout.sh")
            may = floor_may[here]
            if (!has(may, floor)) violation(here "/ may not include \"" name "\" of " floor "/; it may include" may)
        }
        function check_private(name,    folder, area) {
            folder = folder_of(FILENAME)
            if ((folder "/" name) in is_file) return
            area = folder
            if (sub(/^tests\//, "", area)) { # tests of a floor may look into it, and use what tests share
                if ((area "/" name) in is_file || ("tests/" name) in is_file) return
                while (area ~ /\//) if (((area = folder_of(area)) "/" name) in is_file) return
            }
            if (folder == "tests/fuzz" && (("store/" name) in is_file || ("actors/" name) in is_file)) return # fuzzes records, keys
            if (folder == "tests/fuzz" && ("tools/" name) in is_file) return # and paths; and reads what was written
            if (folder == "tests/fuzz" && ("tests/official/" name) in is_file) return # and verifiers
            if (folder == "tests/otlp" && ("tools/" name) in is_file) return # what was sent is read by code that is not its own
            # the parts of an example are there for its tests; those of the bank and the shop for others too
            if (folder == "tests/examples" && name in of_example) return
            if (("examples/bank/" name) in is_file && folder "/" ~ /^(examples|tests|bench)\//) return
            if (("examples/order/" name) in is_file && folder "/" ~ /^tests\//) return
            if (("examples/audit/" name) in is_file && folder "/" ~ /^(examples|tests)\//) return
            if (name ~ /^[a-z_]+(\.v[0-9]+)?(\.acta|_generated)\.h$/ && folder ~ /^(examples|tests|bench|sim)/) return # made by actac or flatc
            if ((name == "leaves.acta.c" || name == "words.acta.c") && folder == "tests/schema") return # whose own code is looked into
            if (name == "reflection.acta.h" && folder == "schema") return # how binary schemas are read
            violation("\"" name "\" is no public header (\"acta/...\") and none of this folder")
        }
        function check_outside(name,    prefix) {
            for (prefix in outside_may)
                if (index(name, prefix) == 1 && !within(folder_of(FILENAME), outside_may[prefix]))
                    violation("<" name "> is the business of" outside_may[prefix] "only")
        }
        BEGIN {
            load(headers, floor_of_header); load(floors, floor_may); load(outside, outside_may)
            while ((getline path <files) > 0) {
                is_file[path] = 1
                ARGV[ARGC++] = path
                if (sub(/^examples\/[a-z_]+\//, "", path)) of_example[path] = 1
            }
            if (ARGC == 1) exit
        }
        FNR == 1 {
            stem = FILENAME
            sub(/\.[^.\/]*$/, "", stem)
            here = entry_of(stem, floor_may)
            if (FILENAME ~ /^include\/acta\//) {
                here = FILENAME
                sub(/^include\/acta\//, "", here)
                sub(/\.h$/, "", here)
                if (!(here in floor_of_header)) { violation("this header has no floor; give it one in tests/layout.sh"); nextfile }
                here = floor_of_header[here]
                gsub(/ /, "", here)
            }
        }
        /^[ \t]*#[ \t]*include/ {
            if (!match($0, /["<][^">]*[">]/)) { violation("an include that is no plain name"); next }
            name = substr($0, RSTART + 1, RLENGTH - 2)
            quote = substr($0, RSTART, 1)
            if (name ~ /\.\.\//) violation("\"" name "\": no way up; name a public header, or move the file")
            else if (name ~ /^acta\//) check_public(name)
            else if (quote == "\"") check_private(name)
            else check_outside(name)
        }'
}

this_tree_is_in_order() {
    violations=$(list_violations "$root")
    [ -z "$violations" ] || { printf '%s\n' "$violations"; return 1; }
}

every_file_was_looked_at() { # an empty list would find nothing wrong
    list_violations "$root" >/dev/null
    [ "$(wc -l <"$scratch/files")" -ge 20 ] && grep -q '^base/status.c$' "$scratch/files" &&
        grep -q '^include/acta/acta.h$' "$scratch/files"
}

planted_is_found() { # file, line in it, what must be said
    tree=$scratch/planted
    rm -rf "$tree"
    mkdir -p "$tree/runtime" "$tree/store" "$tree/$(dirname "$1")"
    : >"$tree/runtime/internal.h"
    : >"$tree/store/internal.h"
    printf '/* planted */\n%s\n' "$2" >"$tree/$1"
    list_violations "$tree" >"$scratch/found"
    cat "$scratch/found"
    grep -qF "$1:2: " "$scratch/found" && grep -qF -- "$3" "$scratch/found" && [ "$(wc -l <"$scratch/found")" -eq 1 ]
}

planted_folder_is_found() {
    mkdir -p "$scratch/top/src" "$scratch/top/base"
    list_violations "$scratch/top" >"$scratch/found"
    [ "$(cat "$scratch/found")" = "src/: no folder of the design; tests/layout.sh lists them" ]
}

what_is_allowed_passes() {
    tree=$scratch/allowed
    mkdir -p "$tree/runtime" "$tree/tests/runtime" "$tree/include/acta"
    printf '#include <stdio.h>\n#include "acta/status.h"\n#include "internal.h"\n' >"$tree/runtime/a.c"
    printf '#include "acta/runtime.h"\n' >"$tree/runtime/internal.h"
    printf '#include "internal.h"\n#include <cmocka.h>\n' >"$tree/tests/runtime/test_a.c"
    [ -z "$(list_violations "$tree")" ]
}

. "$root/tests/lib.sh"
if [ "${1:-}" = list ]; then
    list_violations "${2:-$root}"
    exit
fi
check "includes go downward, and each folder keeps to itself" this_tree_is_in_order
check "every source file was looked at" every_file_was_looked_at
check "what is allowed passes" what_is_allowed_passes
check "a planted include of a floor above is found" \
    planted_is_found runtime/a.c '#include "acta/store.h"' 'runtime/ may not include "acta/store.h" of store/'
check "a planted include from a public header upward is found" \
    planted_is_found include/acta/runtime.h '#include "acta/app.h"' 'may not include "acta/app.h" of actors/'
check "a planted include of another folder's internal.h is found" \
    planted_is_found actors/a.c '#include "internal.h"' 'none of this folder'
check "a planted include by folder is found" \
    planted_is_found actors/a.c '#include "store/internal.h"' 'none of this folder'
check "a planted way up is found" \
    planted_is_found actors/a.c '#  include "../store/internal.h"' 'no way up'
check "a planted public header without a floor is found" \
    planted_is_found base/a.c '#include "acta/nothing.h"' 'has no floor'
check "a planted outside library is found" \
    planted_is_found runtime/a.c '#include <rocksdb/c.h>' 'the business of store'
check "a planted include by macro is found" \
    planted_is_found base/a.c '#include HEADER' 'no plain name'
check "a planted folder at the top is found" planted_folder_is_found
finish
