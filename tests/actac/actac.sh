#!/bin/sh
# actac from outside: what it makes of a schema, word by word; what it says of each kind of wrong schema, with the line;
# and what the compiler says of user code that puts the wrong function into a generated struct.
#
#     CC=… CXX=… tests/actac/actac.sh ACTAC FLATC
#     ACTA_ACCEPT=1 …      write what came into expected/ and bad/; read the diff before you commit it
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/tests/lib.sh"
actac=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
flatc=$2
warnings='-Wall -Wextra -Wpedantic -Wshadow -Wundef -Werror'

binary_of() { # FILE.fbs: FILE.bfbs beside it
    "$flatc" --binary --schema --bfbs-comments --bfbs-builtins -I "$(dirname "$1")" -o "$(dirname "$1")" "$1"
}

compile() { # FILE.fbs: in its own folder, with the old versions of it that are there
    binary_of "$1" && (
        cd "$(dirname "$1")" && f=$(basename "$1" .fbs) || exit
        set --
        for old in "$f".*.fbs */"$f".*.fbs; do
            [ -f "$old" ] || continue
            binary_of "$old" || exit
            set -- "$@" --old "$old" --old-bfbs "${old%.fbs}.bfbs"
        done
        "$actac" --bfbs "$f.bfbs" --schema "$f.fbs" "$@" --out-dir .
    )
}

same() { # expected, what came
    if diff -u "$1" "$2"; then return 0; fi
    [ -z "${ACTA_ACCEPT:-}" ] || cp "$2" "$1"
    return 1
}

# -- what it makes --

mkdir "$scratch/shop"
schemas="shop parts kinds purse reflection" # kinds includes parts; purse has old versions; reflection reads binary schemas
for schema in shop parts kinds; do
    cp "$root/tests/schema/$schema.fbs" "$scratch/shop"
done
cp "$root"/tests/actors/purse*.fbs "$root/schema/reflection.fbs" "$scratch/shop"

is_as_expected() { # name
    compile "$scratch/shop/$1.fbs" || return 1
    # The bytes of the binary schema are flatc's, and differ from version to version.
    sed '/clang-format off/,/clang-format on/d' "$scratch/shop/$1.acta.c" >"$scratch/shop/$1.acta.c.short"
    same "$here/expected/$1.acta.h" "$scratch/shop/$1.acta.h" &&
        same "$here/expected/$1.acta.c" "$scratch/shop/$1.acta.c.short"
}

making_it_again_changes_nothing() {
    cp "$scratch/shop/shop.acta.c" "$scratch/shop/before"
    compile "$scratch/shop/shop.fbs" && cmp "$scratch/shop/before" "$scratch/shop/shop.acta.c"
}

a_table_takes_at_most_40_lines() { # or what many fields need: lines.awk
    for schema in $schemas; do
        awk -f "$here/lines.awk" "$scratch/shop/$schema.acta.h" "$scratch/shop/$schema.acta.c.short" || return 1
    done
    for schema in "$root"/examples/*/*.fbs; do
        name=$(basename "$schema" .fbs)
        case $name in *.v[0-9]*) continue ;; esac
        mkdir "$scratch/lines.$name"
        cp "$(dirname "$schema")"/*.fbs "$scratch/lines.$name"
        compile "$scratch/lines.$name/$name.fbs" || return 1
        awk -f "$here/lines.awk" "$scratch/lines.$name/$name.acta.h" "$scratch/lines.$name/$name.acta.c" || return 1
    done
}

it_is_formatted() {
    for schema in $schemas; do
        clang-format --style="file:$root/.clang-format" --dry-run -Werror "$scratch/shop/$schema.acta.h" \
            "$scratch/shop/$schema.acta.c" || return 1
    done
}

compiles_without_warnings() { # folder, name
    # shellcheck disable=SC2086 # compilers and warnings are lists of words
    ${CC:-cc} -std=c11 $warnings -Wmissing-prototypes -I "$root/include" -c "$scratch/$1/$2.acta.c" -o "$scratch/$2.o" &&
        echo "#include \"$2.acta.h\"" >"$scratch/user.cc" &&
        ${CXX:-c++} -std=c++17 $warnings -I "$root/include" -I "$scratch/$1" -c "$scratch/user.cc" -o "$scratch/user.o"
}

it_compiles_without_warnings() {
    for schema in $schemas; do
        compiles_without_warnings shop "$schema" || return 1
    done
}

tables_stand_in_any_order() { # the last first; those of more than a line stay
    mkdir "$scratch/order"
    { sed '/^table .*}$/d' "$root/tests/schema/shop.fbs"; sed '/^table .*}$/!d' "$root/tests/schema/shop.fbs" | tac; } \
        >"$scratch/order/shop.fbs"
    compile "$scratch/order/shop.fbs" && compiles_without_warnings order shop
}

hash_of() { # folder, table
    sed -n "/\.name = \"shop\.$2\"/,/ACTA_TABLE_MEMBERS/s/.*ACTA_TABLE_MEMBERS(.*, \(.*\), .*/\1/p" "$scratch/$1/shop.acta.c"
}

variant() { # folder, sed script: the schema of the shop, changed; compiled
    mkdir -p "$scratch/$1"
    sed "$2" "$root/tests/schema/shop.fbs" >"$scratch/$1/shop.fbs"
    ! cmp -s "$root/tests/schema/shop.fbs" "$scratch/$1/shop.fbs" && compile "$scratch/$1/shop.fbs"
}

comments_and_order_are_no_part_of_the_hash() {
    variant comments 's,^/// One line of a cart.,/// Some other words.,; s/^table Slot .*//; s/^table Nothing.*/&\
table Slot { place:int (key); material:Material = wool; note:string; }/' || return 1
    for table in Line Slot Cart Nothing; do
        [ -n "$(hash_of comments "$table")" ] && [ "$(hash_of comments "$table")" = "$(hash_of shop "$table")" ] || return 1
    done
}

hash_differs() { # folder, sed script, tables that it changes
    folder=$1
    variant "$1" "$2" || return 1
    shift 2
    for table in "$@"; do
        [ -n "$(hash_of "$folder" "$table")" ] && [ "$(hash_of "$folder" "$table")" != "$(hash_of shop "$table")" ] || return 1
    done
    [ "$(hash_of "$folder" Nothing)" = "$(hash_of shop Nothing)" ]
}

schema_hash_of() { # folder
    sed -n 's/^    \.hash = \(.*\),/\1/p' "$scratch/$1/shop.acta.c"
}

only_the_schema_differs() { # folder, sed script: the same tables to read, another schema to the log
    variant "$@" || return 1
    for table in Line CartOpened CartRow AddLine Nothing; do
        [ -n "$(hash_of "$1" "$table")" ] && [ "$(hash_of "$1" "$table")" = "$(hash_of shop "$table")" ] || return 1
    done
    [ -n "$(schema_hash_of "$1")" ] && [ "$(schema_hash_of "$1")" != "$(schema_hash_of shop)" ]
}

for schema in $schemas; do
    check "the code of $schema.fbs is as expected" is_as_expected "$schema"
done
check "making it again makes the same bytes" making_it_again_changes_nothing
check "a table takes at most 40 lines, or three a field" a_table_takes_at_most_40_lines
if command -v clang-format >/dev/null; then
    check "the code is formatted as ours" it_is_formatted
else
    skip "the code is formatted as ours" "clang-format is not installed"
fi
check "the code compiles without warnings, as C11 and C++17" it_compiles_without_warnings
check "tables stand in any order in the text" tables_stand_in_any_order
check "comments and order are no part of a table's hash" comments_and_order_are_no_part_of_the_hash
check "a changed default changes the hash of all that refer to it" \
    hash_differs default 's/count:uint = 1/count:uint = 2/' Line Cart LineAdded AddLine Watcher
check "a renamed field changes the hash" hash_differs name 's/note:string/remark:string/' Slot Cart
check "a required field changes the hash" hash_differs required 's/note:string/note:string (required)/' Slot Cart
check "a changed enum changes the hash" hash_differs enum 's/wool = -3/wool = -4/' Slot Numbers Cart
check "a prefix of streams is part of the schema's hash" \
    only_the_schema_differs prefix 's/cart_id:string (identity, required); owner/cart_id:string (identity: "c", required); owner/'
check "a tag is part of the schema's hash" \
    only_the_schema_differs tag '1iattribute "tag";
s/cart_id:string (required); owner/cart_id:string (required, tag); owner/'
check "the values of rejections are part of the schema's hash" \
    only_the_schema_differs rejection 's/cart_is_closed = 1/cart_is_closed = 2/'
check "what is sealed changes the hash" hash_differs personal '1iattribute "personal";
s/cart_id:string (required); owner:string/cart_id:string (required); owner:string (personal: "cart_id")/
s/owner:string;/owner:string (personal: "cart_id");/
s/(state) {/(state) { cart_id:string;/
s/(process_manager) {/(process_manager) { cart_id:string;/
s/^  owner:string;/  owner:string (personal: "cart_id");/' CartOpened OpenCart Cart CartRow Watcher
check "what bytes hold changes the hash" \
    hash_differs flexbuffer 's/ubytes:\[ubyte\]/ubytes:[ubyte] (flexbuffer)/' Everything

# -- what it refuses --

refused_as_expected() { # FILE.fbs
    name=$(basename "$1" .fbs)
    mkdir "$scratch/bad.$name"
    cp "$1" "$here"/bad/*.inc "$scratch/bad.$name"
    binary_of "$scratch/bad.$name/$name.fbs" || return 1
    status=0
    (cd "$scratch/bad.$name" && "$actac" --bfbs "$name.bfbs" --schema "$name.fbs" --out-dir .) \
        2>"$scratch/said" || status=$?
    cat "$scratch/said" >>"$scratch/all_said"
    [ -f "$here/bad/$name.txt" ] || [ -z "${ACTA_ACCEPT:-}" ] || : >"$here/bad/$name.txt"
    same "$here/bad/$name.txt" "$scratch/said" && [ "$status" -eq 1 ] && [ ! -e "$scratch/bad.$name/$name.acta.h" ]
}

for schema in "$here"/bad/*.fbs; do
    check "refused: $(basename "$schema" .fbs | tr _ ' ')" refused_as_expected "$schema"
done

# Old versions: a folder each, with shop.fbs and shop.vN.fbs; said.txt is what it says.
refused_with_old_ones() { # folder
    made=$scratch/bad_old.$(basename "$1")
    cp -r "$1" "$made"
    status=0
    compile "$made/shop.fbs" 2>"$scratch/said" || status=$?
    cat "$scratch/said" >>"$scratch/all_said"
    [ -f "$1/said.txt" ] || [ -z "${ACTA_ACCEPT:-}" ] || : >"$1/said.txt"
    same "$1/said.txt" "$scratch/said" && [ "$status" -eq 1 ] && [ ! -e "$made/shop.acta.h" ]
}

for folder in "$here"/bad_old/*/; do
    check "refused, with old versions: $(basename "$folder" | tr _ ' ')" refused_with_old_ones "${folder%/}"
done

# -- how it is called --

ends_with() { # status, what it says, arguments of actac...
    wanted=$1 words=$2
    shift 2
    status=0
    "$actac" "$@" >"$scratch/said" 2>&1 || status=$?
    cat "$scratch/said"
    cat "$scratch/said" >>"$scratch/all_said"
    [ "$status" -eq "$wanted" ] && grep -qF -e "$words" "$scratch/said"
}

nothing_is_left_in_a_folder_that_is_not_there() {
    ends_with 1 "cannot write '$scratch/none/shop.acta.h': No such file or directory" \
        --bfbs "$scratch/shop/shop.bfbs" --schema "$scratch/shop/shop.fbs" --out-dir "$scratch/none" && [ ! -e "$scratch/none" ]
}

a_damaged_binary_schema_is_refused_or_read() { # cut, and with bytes that are all ones, at many places
    size=$(wc -c <"$scratch/shop/shop.bfbs")
    refused=0
    at=0
    while [ "$at" -lt "$size" ]; do
        head -c "$at" "$scratch/shop/shop.bfbs" >"$scratch/cut.bfbs"
        { head -c "$at" "$scratch/shop/shop.bfbs"; printf '\377\377\377'; tail -c +$((at + 4)) "$scratch/shop/shop.bfbs"; } \
            >"$scratch/ones.bfbs"
        for damaged in cut ones; do
            status=0
            "$actac" --bfbs "$scratch/$damaged.bfbs" --schema "$scratch/shop/shop.fbs" --out-dir "$scratch" \
                2>"$scratch/said" || status=$?
            [ "$status" -le 1 ] || { cat "$scratch/said"; echo "$damaged at $at: status $status"; return 1; }
            [ "$status" -eq 0 ] || refused=$((refused + 1))
        done
        at=$((at + 97))
    done
    echo "$refused refused"
    [ "$refused" -ge $((size / 97)) ]
}

# SEC-03: a binary schema that flatc never wrote. What is no name gets into no code.
names_that_are_none_are_refused() {
    for name in 'A*/Line' 'A"dLine' 'A\\nLine' 'A\ndLine' 'A dLine' 'A%sLine' '1ddLine' 'A\0dLine' 'A\xffdLine' '.ddLine' 'A..Line' \
        'AddLin.'; do
        perl -pe "s{AddLine}{$name}g" "$scratch/shop/shop.bfbs" >"$scratch/evil.bfbs"
        ends_with 1 "evil.bfbs' is no binary schema; make it with flatc --binary --schema" \
            --bfbs "$scratch/evil.bfbs" --schema "$scratch/shop/shop.fbs" --out-dir "$scratch" || return 1
    done
    perl -pe "s/count/const/g" "$scratch/shop/shop.bfbs" >"$scratch/evil.bfbs"
    ends_with 1 "field 'const' is a word of C or C++; choose another name" \
        --bfbs "$scratch/evil.bfbs" --schema "$scratch/shop/shop.fbs" --out-dir "$scratch"
}

# SEC-03, SEC-04: of ten megabytes, and just too long.
long_names_are_refused() {
    for size in 10000000 254; do
        perl -e 'print "namespace n;\ntable ", "x" x $ARGV[0], " { a:int; }\n"' "$size" >"$scratch/long.fbs"
        binary_of "$scratch/long.fbs" && ends_with 1 "long.bfbs' has a name of more than 255 bytes" \
            --bfbs "$scratch/long.bfbs" --schema "$scratch/long.fbs" --out-dir "$scratch" || return 1
    done
}

# SEC-03: so many offsets, all to the same table.
bomb() { # count
    perl -e 'undef $/; my ($b, $n) = (scalar <STDIN>, $ARGV[0]); sub at { unpack "V", substr $b, $_[0], 4 }
        my $root = at(0); my $vtable = $root - unpack("l<", substr $b, $root, 4);
        my $field = $root + unpack("v", substr $b, $vtable + 4, 2); my $tables = $field + at($field);
        my $first = $tables + 4 + at($tables + 4); my $size = length $b; my $again = $b;
        substr $b, $field, 4, pack "V", $size - $field;
        print $b, pack("V", $n), map({ pack "V", 4 * ($n - $_) + $first } 0 .. $n - 1), $again' "$1" <"$scratch/shop/shop.bfbs"
}

few_bytes_make_no_million_tables() {
    bomb 1000000 >"$scratch/evil.bfbs"
    ends_with 1 "has 1000003 types; at most 10000 are carried" \
        --bfbs "$scratch/evil.bfbs" --schema "$scratch/shop/shop.fbs" --out-dir "$scratch" || return 1
    bomb 9000 >"$scratch/evil.bfbs"
    ends_with 1 "is no binary schema" --bfbs "$scratch/evil.bfbs" --schema "$scratch/shop/shop.fbs" --out-dir "$scratch"
}

# SEC-03: a binary schema as JSON, changed, and back: each part leads to a part, and together they are none of flatc's.
changed() { # how perl changes it: evil.bfbs of circles.fbs
    perl -0pe "$1" "$scratch/circles.json" >"$scratch/evil.json"
    ! cmp -s "$scratch/circles.json" "$scratch/evil.json" &&
        "$flatc" --binary -o "$scratch" "$root/schema/reflection.fbs" "$scratch/evil.json"
}

refused_when() { # how perl changes it
    changed "$1" && ends_with 1 "evil.bfbs' is no binary schema" \
        --bfbs "$scratch/evil.bfbs" --schema "$scratch/circles.fbs" --out-dir "$scratch"
}

refused_with_type() { # of a field, as members of JSON
    refused_when "s/\"name\": \"$1\",\\s*\"type\": \\K\\{.*?\\}/{ $2 }/s"
}

circles_and_doubles_are_refused() {
    cat >"$scratch/circles.fbs" <<'EOF'
namespace n;
struct Inner { one:int; two:int; }
struct Outer { inner:Inner; number:int; }
struct Wrapped { wraps:Outer; }
union Either { Leaf, Tree }
table Leaf { outer:Outer; text:string; }
table Tree { parts:[Tree]; leaf:Leaf; either:Either; }
EOF
    object='"base_type": "Obj", "index"' # by name: Inner 0, Leaf 1, Outer 2, Tree 3, Wrapped 4
    binary_of "$scratch/circles.fbs" &&
        "$flatc" --json --strict-json --raw-binary -o "$scratch" "$root/schema/reflection.fbs" -- "$scratch/circles.bfbs" &&
        changed 's/"id": 1,/"id":1,/' && "$actac" --bfbs "$scratch/evil.bfbs" --schema "$scratch/circles.fbs" \
        --out-dir "$scratch" &&
        refused_with_type inner "$object: 2" && # in itself
        refused_with_type wraps "$object: 4" &&
        refused_with_type inner "$object: 4" && # in one that is in it
        refused_with_type inner "$object: 1" && # a table
        refused_with_type leaf "$object: 5" &&
        refused_with_type leaf "$object: -2" &&
        refused_with_type one '"base_type": "String"' &&
        refused_with_type one '"base_type": "Array", "element": "Int", "fixed_length": 65535' &&
        refused_with_type text '"base_type": "Union"' &&
        refused_with_type text '"base_type": "Union", "index": 7' &&
        refused_with_type text '"base_type": "Int", "index": 0' &&
        refused_when 's/"name": "two"/"name": "one"/' &&
        refused_when 's/"name": "text".*?"id": \K1/0/s' &&
        refused_when 's/"name": "text".*?"id": \K1/40000/s' &&
        refused_when 's/"name": "two".*?"offset": \K4/65000/s' &&
        refused_when 's/"minalign": 4/"minalign": 3/'
}

# SEC-04: what a schema says in words stays a comment, or a string.
words_become_no_code() {
    cat >"$scratch/evil.fbs" <<'EOF'
namespace evil;
attribute "event"; attribute "command"; attribute "state"; attribute "identity";
file_identifier "\"*/\\";
/// enum */ #error enum
/// a \
/// "b" %s %n // /* 'c \n \
enum Kind : ubyte {
    /// value */ #error value \
    a }
/// command */ #error command
table Open (command: "Purse") {
    /// field */ #error field
    purse_id:string (identity, required); }
/// */
table Opened (event: "Purse") { purse_id:string (required); kind:Kind; }
table Purse (state) { open:bool; }
root_type Open;
EOF
    compile "$scratch/evil.fbs" && ! grep -q '^ *#error' "$scratch/evil.acta.h" || return 1
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c11 $warnings -fsyntax-only -I"$root/include" "$scratch/evil.acta.c"
}

# SEC-04: files that include one another, and one that is none. They are flatc's; actac reads what it is given alone.
includes_lead_nowhere() {
    printf 'include "second.fbs";\nnamespace n;\ntable First { a:int; }\n' >"$scratch/first.fbs"
    printf 'include "first.fbs";\nnamespace n;\ntable Second { a:First; }\n' >"$scratch/second.fbs"
    compile "$scratch/first.fbs" || return 1
    printf 'include "../../../../../../../../etc/passwd";\nnamespace n;\ntable Third { a:int; }\n' >"$scratch/third.fbs"
    ! compile "$scratch/third.fbs" >"$scratch/said" 2>&1 && [ ! -e "$scratch/third.acta.h" ]
}

# SEC-04: of a gigabyte, and just too large.
a_file_too_large_is_not_read() {
    for size in 1G 65M; do
        truncate -s "$size" "$scratch/large"
        ends_with 1 "cannot read '$scratch/large': File too large" \
            --bfbs "$scratch/shop/shop.bfbs" --schema "$scratch/large" --out-dir "$scratch" &&
            ends_with 1 "cannot read '$scratch/large': File too large" \
                --bfbs "$scratch/large" --schema "$scratch/shop/shop.fbs" --out-dir "$scratch" || return 1
    done
}

# SEC-12
a_link_in_its_way_is_not_followed() {
    echo "somebody else's" >"$scratch/theirs"
    ln -sf "$scratch/theirs" "$scratch/shop.acta.h.new"
    "$actac" --bfbs "$scratch/shop/shop.bfbs" --schema "$scratch/shop/shop.fbs" --out-dir "$scratch" &&
        [ "$(cat "$scratch/theirs")" = "somebody else's" ] && [ ! -L "$scratch/shop.acta.h" ]
}

check "names that are none are refused" names_that_are_none_are_refused
check "long names are refused" long_names_are_refused
check "few bytes make no million tables" few_bytes_make_no_million_tables
check "circles and doubles are refused" circles_and_doubles_are_refused
check "words become no code" words_become_no_code
check "includes lead nowhere" includes_lead_nowhere
check "a file too large is not read" a_file_too_large_is_not_read
check "a link in its way is not followed" a_link_in_its_way_is_not_followed
check "--help is on stdout, and no error" ends_with 0 "usage: actac --bfbs FILE.bfbs" --help
check "nothing given is a usage error" ends_with 2 "actac: --bfbs is missing; try 'actac --help'"
check "a missing --out-dir is a usage error" ends_with 2 "actac: --out-dir is missing" --bfbs a --schema b
check "an unknown option is a usage error" ends_with 2 "try 'actac --help'" --what
check "an extra argument is a usage error" ends_with 2 "unexpected 'b'" --bfbs a b
check "a schema that isn't there is named" ends_with 1 "cannot read '$scratch/no.fbs': No such file or directory" \
    --bfbs "$scratch/shop/shop.bfbs" --schema "$scratch/no.fbs" --out-dir "$scratch"
check "an old schema without its binary is a usage error" ends_with 2 "there are 1 --old and 0 --old-bfbs; each old schema has both" \
    --bfbs "$scratch/shop/shop.bfbs" --schema "$scratch/shop/shop.fbs" --old "$scratch/shop/shop.v1.fbs" --out-dir "$scratch"
check "an old schema that isn't there is named" ends_with 1 "cannot read '$scratch/shop.v1.fbs': No such file or directory" \
    --bfbs "$scratch/shop/shop.bfbs" --schema "$scratch/shop/shop.fbs" --out-dir "$scratch" \
    --old "$scratch/shop.v1.fbs" --old-bfbs "$scratch/shop.v1.bfbs"
check "an old binary that is none is named" ends_with 1 "purse.v1.fbs' is no binary schema; make it with flatc --binary --schema" \
    --bfbs "$scratch/shop/purse.bfbs" --schema "$scratch/shop/purse.fbs" --out-dir "$scratch" \
    --old "$scratch/shop/purse.v1.fbs" --old-bfbs "$scratch/shop/purse.v1.fbs"
check "what is no binary schema is named" ends_with 1 "is no binary schema; make it with flatc --binary --schema" \
    --bfbs "$scratch/shop/shop.fbs" --schema "$scratch/shop/shop.fbs" --out-dir "$scratch"
check "a binary schema of another file is refused" ends_with 1 \
    "shop.fbs:1:1: the binary schema has a type 'purse." \
    --bfbs "$scratch/shop/purse.bfbs" --schema "$scratch/shop/shop.fbs" --out-dir "$scratch"
check "nothing is left in a folder that isn't there" nothing_is_left_in_a_folder_that_is_not_there
check "a damaged binary schema is refused, or read" a_damaged_binary_schema_is_refused_or_read

# Each message that the source has, but for one that needs a machine without memory, was said by what ran above.
each_message_is_said() { # file of what was said
    cat "$root"/tools/actac/*.c | awk -f "$here/messages.awk" | sort -u | grep -vx 'actac: no memory' >"$scratch/messages"
    unsaid=0
    while read -r message; do
        grep -qE -e "(^|:[0-9]+: )$message\$" "$1" || { echo "no test here makes actac say: $message"; unsaid=$((unsaid + 1)); }
    done <"$scratch/messages"
    [ "$(wc -l <"$scratch/messages")" -ge 55 ] && [ "$unsaid" -eq 0 ]
}

a_message_that_is_not_said_is_found() {
    grep -v ' is both ' "$scratch/all_said" >"$scratch/less_said"
    ! each_message_is_said "$scratch/less_said" >"$scratch/unsaid" &&
        [ "$(cat "$scratch/unsaid")" = "no test here makes actac say: .* is both .* and .*; a table has one role" ]
}

check "each message of actac is said in a test" each_message_is_said "$scratch/all_said"
check "a message that is not said is found" a_message_that_is_not_said_is_found

# -- what the compiler says of user code --

user_code() { # text of an initialiser: its compilation
    cat >"$scratch/user.c" <<EOF
#include "shop.acta.h"
static acta_verdict open_cart(const shop_Cart *cart, shop_OpenCart command, acta_decision *decision)
{
    (void)cart, (void)command, (void)decision;
    return (acta_verdict){ ACTA_OK };
}
static acta_verdict add_line(const shop_Cart *cart, shop_AddLine command, acta_decision *decision)
{
    (void)cart, (void)command, (void)decision;
    return (acta_verdict){ ACTA_OK };
}
shop_Cart_aggregate cart = SHOP_CART(.execute = { $1 });
EOF
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c11 -I "$root/include" -I "$scratch/shop" -c "$scratch/user.c" -o "$scratch/user.o"
}

the_wrong_function_is_an_error() { # without a single option that would ask for it
    ! user_code '.OpenCart = open_cart, .AddLine = open_cart' 2>"$scratch/said" && cat "$scratch/said" &&
        grep -q 'error: .*incompatible.*pointer' "$scratch/said"
}

check "the right functions compile" user_code '.OpenCart = open_cart, .AddLine = add_line'
check "the wrong function is an error" the_wrong_function_is_an_error
finish
