/*
 * Printing by reflection: word by word what the official library prints, for every kind of the language; and of damaged
 * buffers nothing is believed. The schema is in text here, and made binary by the library.
 */
#include <flatbuffers/idl.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "acta/schema.h"

namespace {

const char schema_text[] = R"(
namespace k;
enum Color : byte { red = -1, green = 0, blue }
enum Flags : ushort (bit_flags) { a, b, c }
enum Big : ulong { none, most = 18446744073709551615 }
struct V { x:float; y:float; }
struct S { n:ubyte; v:V; three:[int:3]; vs:[V:2]; colors:[Color:2]; }
table M { n:int; s:string (required); next:M; }
table Nested { n:int = 5; name:string; }
union U { M, text:string, V, Other:M }
table T {
  flag:bool = true; i8:byte; u8:ubyte = 7; i16:short; u16:ushort; i32:int = -3; u32:uint; i64:long; u64:ulong;
  f32:float = 1.5; f64:double; maybe:int = null; maybe_not:bool = null; maybe_real:double = null; maybe_color:Color = null;
  color:Color = blue; flags:Flags; big:Big; s:string; m:M; st:S; v:V;
  bools:[bool]; bytes:[byte]; longs:[long]; ulongs:[ulong]; doubles:[double]; colors:[Color]; flag_list:[Flags];
  strings:[string]; ms:[M]; sts:[S]; vs:[V];
  u:U; us:[U]; nested:[ubyte] (nested_flatbuffer: "Nested"); old:int (deprecated); last:int;
}
)";

const char *const texts[] = {
    "{}",
    R"({"flag":false,"i8":-128,"u8":255,"i16":-32768,"u16":65535,"i32":-2147483648,"u32":4294967295})",
    R"({"i64":-9223372036854775808,"u64":18446744073709551615,"f32":-0.25,"f64":1024.125})",
    R"({"maybe":0,"maybe_not":false,"maybe_real":0.5,"maybe_color":"red"})",
    R"({"color":"red","flags":"a c","big":"most"})",
    R"({"color":"green","flags":"b","big":7})",
    R"({"flags":64})",
    "{\"s\":\"a \\\"quoted\\\" \\\\ back\\nline\\ttab \xc3\xa4 \xf0\x9f\x98\x80\"}",
    R"({"s":"","m":{"n":1,"s":"x","next":{"s":"y"}}})",
    R"({"st":{"n":1,"v":{"x":1.0,"y":2.5},"three":[1,-2,3],"vs":[{"x":0.0,"y":1.0},{"x":2.0,"y":3.0}],"colors":["red",1]},
        "v":{"x":-1.0,"y":0.5}})",
    R"({"bools":[true,false],"bytes":[-1,0,1],"longs":[-1,9223372036854775807],"ulongs":[18446744073709551615],
        "doubles":[0.5,-2.0],"colors":["red","green",5],"flag_list":["a b","c",0]})",
    R"({"bools":[],"strings":["","two",""],"ms":[{"s":"a"},{"n":2,"s":"b"}],
        "sts":[{"n":9,"v":{"x":1.0,"y":1.0},"three":[0,0,0],"vs":[{"x":0.0,"y":0.0},{"x":0.0,"y":0.0}],"colors":[0,1]}],
        "vs":[{"x":1.0,"y":2.0},{"x":3.0,"y":4.0}]})",
    R"({"u_type":"M","u":{"n":4,"s":"member"}})",
    R"({"u_type":"text","u":"only text"})",
    R"({"u_type":"V","u":{"x":1.0,"y":2.0}})",
    R"({"u_type":"Other","u":{"s":"by another name"}})",
    R"({"us_type":["M","text","Other"],"us":[{"s":"one"},"two",{"n":3,"s":"three"}]})",
    R"({"us_type":[],"us":[]})",
    R"({"nested":{"n":6,"name":"inside"},"last":3})",
};

int failures;

void
check(bool holds, const char *what, const std::string &text)
{
    if (holds) return;
    std::fprintf(stderr, "%s: %s\n", what, text.c_str());
    failures++;
}

struct oracle {
    flatbuffers::Parser parser;
    std::string binary; /* schema */

    explicit oracle(const flatbuffers::IDLOptions &options) : parser(options)
    {
        check(parser.Parse(schema_text) && parser.SetRootType("k.T"), "the schema is refused", parser.error_);
        flatbuffers::Parser copy(options);
        copy.Parse(schema_text);
        copy.Serialize();
        binary.assign(reinterpret_cast<const char *>(copy.builder_.GetBufferPointer()), copy.builder_.GetSize());
    }
};

flatbuffers::IDLOptions
options()
{
    flatbuffers::IDLOptions options;
    options.strict_json = true;
    options.output_default_scalars_in_json = true;
    options.indent_step = -1;
    options.natural_utf8 = true;
    options.binary_schema_builtins = true;
    options.lang_to_generate = flatbuffers::IDLOptions::kCpp; /* with strings and structs in unions */
    return options;
}

acta_bytes
bytes_of(const std::string &text)
{
    return acta_bytes_from(text.data(), text.size());
}

/* In a block of its own size, so that a sanitizer sees each byte outside. */
acta_status
print(const std::string &binary, const std::string &buffer, std::string *text, acta_error *error)
{
    acta_memory *memory = acta_memory_create(nullptr);
    char *block = static_cast<char *>(std::malloc(buffer.size() + (buffer.empty() ? 1 : 0)));
    acta_str printed;

    std::memcpy(block, buffer.data(), buffer.size());
    acta_status status = acta_schema_print(
        bytes_of(binary), acta_str_of("k.T"), acta_bytes_from(block, buffer.size()), memory, &printed, error);
    if (status == ACTA_OK) text->assign(printed.data, printed.size);
    if (status == ACTA_OK) check(printed.data[printed.size] == '\0', "no NUL behind", *text);
    std::free(block);
    acta_memory_destroy(memory);
    return status;
}

std::string
buffer_of(oracle &official, const char *text)
{
    check(official.parser.ParseJson(text), text, official.parser.error_);
    return std::string(reinterpret_cast<const char *>(official.parser.builder_.GetBufferPointer()),
        official.parser.builder_.GetSize());
}

void
prints_what_the_official_library_prints(oracle &official)
{
    for (const char *text : texts) {
        const std::string buffer = buffer_of(official, text);
        std::string expected, printed;
        acta_error error;
        flatbuffers::GenerateText(official.parser, buffer.data(), &expected);
        acta_status status = print(official.binary, buffer, &printed, &error);
        check(status == ACTA_OK, "refused", error.text);
        check(printed == expected, "official", expected);
        check(printed == expected, "    ours", printed);
    }
}

/* More digits than the official one prints, which reads 0.1 as another number. */
void
prints_what_reads_as_the_same(oracle &official)
{
    const struct {
        const char *text, *expected;
    } cases[] = {
        { R"({"f64":0.1})", R"("f64": 0.1,)" }, { R"({"f64":1e-300})", R"("f64": 1e-300,)" },
        { R"({"f64":123456789.123456789})", R"("f64": 123456789.12345679,)" }, { R"({"f32":0.1})", R"("f32": 0.1,)" },
        { R"({"f32":16777217})", R"("f32": 16777216.0,)" }, { R"({"f64":"nan"})", R"("f64": "nan",)" },
        { R"({"f64":"-inf"})", R"("f64": "-inf",)" },
        { "{\"s\":\"\\u0001\"}", R"("s": "\u0001",)" }, /* of which it makes no JSON */
    };
    for (const auto &c : cases) {
        std::string printed;
        acta_error error;
        check(print(official.binary, buffer_of(official, c.text), &printed, &error) == ACTA_OK, "refused", error.text);
        check(printed.find(c.expected) != std::string::npos, c.expected, printed);
    }
}

/* Cut anywhere, or with any byte another: refused with a reason, or printed; never read outside. */
void
believes_nothing_of_a_damaged_buffer(oracle &official)
{
    uint32_t refused = 0;
    for (const char *text : texts) {
        const std::string whole = buffer_of(official, text);
        std::string printed;
        acta_error error;
        for (size_t size = 0; size < whole.size(); size++) {
            acta_status status = print(official.binary, whole.substr(0, size), &printed, &error);
            check(status == ACTA_OK || status == ACTA_CORRUPT, "cut", error.text);
        }
        for (size_t at = 0; at < whole.size(); at++) {
            for (int bit = 0; bit < 8; bit += 3) {
                std::string harmed = whole;
                harmed[at] = static_cast<char>(harmed[at] ^ (1 << bit));
                acta_status status = print(official.binary, harmed, &printed, &error);
                check(status == ACTA_OK || status == ACTA_CORRUPT, "harmed", error.text);
                if (status == ACTA_CORRUPT) refused++;
            }
        }
    }
    check(refused > 100, "too few were refused", std::to_string(refused));
}

void
names_the_place_of_damage(oracle &official)
{
    std::string buffer = buffer_of(official, R"({"ms":[{"s":"fine"},{"s":"broken"}]})"), printed;
    const size_t at = buffer.find("broken");
    acta_error error;

    check(at != std::string::npos, "no string", buffer);
    buffer[at + 2] = '\xff';
    check(print(official.binary, buffer, &printed, &error) == ACTA_CORRUPT, "printed", printed);
    check(std::strcmp(error.where, "ms[1].s") == 0, "where", error.where);
    check(std::strcmp(error.text, "damaged buffer: ms[1].s is not UTF-8 without NUL") == 0, "text", error.text);
}

void
names_what_is_no_schema_and_no_table(oracle &official)
{
    acta_memory *memory = acta_memory_create(nullptr);
    acta_str printed;
    acta_error error;
    const acta_bytes any = acta_bytes_from("12345678", 8);

    check(acta_schema_print(any, acta_str_of("k.T"), any, memory, &printed, &error) == ACTA_CORRUPT, "schema",
        error.text);
    for (const char *name : { "k.V", "k.Nobody", "T" }) /* a struct, nothing, without its namespace */
        check(acta_schema_print(bytes_of(official.binary), acta_str_of(name), any, memory, &printed, &error) ==
                  ACTA_NOT_FOUND,
            "table", name);
    acta_memory_destroy(memory);
}

} // namespace

int
main()
{
    oracle official(options());
    prints_what_the_official_library_prints(official);
    prints_what_reads_as_the_same(official);
    believes_nothing_of_a_damaged_buffer(official);
    names_the_place_of_damage(official);
    names_what_is_no_schema_and_no_table(official);
    if (failures == 0) std::printf("%zu buffers print as by the official library\n", sizeof texts / sizeof texts[0]);
    return failures != 0;
}
