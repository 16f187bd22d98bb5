#!/bin/sh
# FZ-05: another random schema than those of the build: made, compiled, and put through the same tests, with other values too.
# Part of ./dev soak, and of CI with a fresh one.
#
#     tests/official/dice.sh BUILD [SEED [TABLES]]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$1" && pwd)
seed=${2:-$(date +%s)} tables=${3:-160}

scratch=$(mktemp -d /tmp/acta-dice.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
ACTA_TEST_SEED=${ACTA_TEST_SEED:-$seed}
export ACTA_TEST_SEED
echo "dice of seed $seed, $tables tables, ACTA_TEST_SEED=$ACTA_TEST_SEED"

"$build/tests/official/generate" dice "$seed" "$tables" dice.fbs dice.inc
flatc --binary --schema --bfbs-comments --bfbs-builtins dice.fbs
flatc --cpp dice.fbs
"$build/tools/actac/actac" --schema dice.fbs --bfbs dice.bfbs --out-dir .

libraries=$(pkg-config --libs flatbuffers cmocka libsodium jemalloc)
cc -std=c11 -I"$root/include" -I. -c dice.acta.c
c++ -std=c++17 -DDICE=dice -I"$root/include" -I"$here" -I. -include dice.acta.h -include dice_generated.h -include dice.inc \
    -c "$here/official_dice.cc"
cc -std=c11 -DDICES="EACH(dice)" -I"$root/include" -c "$here/dice.c"
for name in dice verdict; do
    cc -std=c11 -D_GNU_SOURCE -I"$root/include" -I"$root/tests" -I"$here" -c "$here/test_$name.c"
    # shellcheck disable=SC2086 # words on purpose
    c++ -o "test_$name" "test_$name.o" dice.o official_dice.o dice.acta.o "$build/tests/official/libofficial.a" \
        "$build/schema/libacta-schema.a" "$build/base/libacta-base.a" $libraries
    "./test_$name" >"$name.txt" 2>&1 || { cat "$name.txt"; echo "dice of seed $seed: $name failed"; exit 1; }
done
awk '/^ *[0-9]+ / { if (rows++ == 0 || $1 < least) least = $1 }
    END { print rows " features of the language, each in " least " values or more" }' dice.txt
