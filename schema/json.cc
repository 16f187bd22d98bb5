/*
 * JSON in and out, by the official FlatBuffers library: the one C++ file below the tests.
 *
 * To make a parser from a schema's binary costs some 50 µs, so each thread keeps the one that it used last. Nothing on the
 * way of a command comes here unless it came as JSON.
 *
 * No exception leaves this file. What the library produced is verified by our own verifier before it is given out.
 */
#include <flatbuffers/flexbuffers.h>
#include <flatbuffers/idl.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <set>
#include <string>

#include "acta/crc.h"

#include "json_text.h"
#include "reflect.h"

namespace {

flatbuffers::IDLOptions
options()
{
    flatbuffers::IDLOptions options;
    options.strict_json = true;
    options.output_default_scalars_in_json = true; /* all fields by name */
    options.indent_step = -1;                      /* on one line */
    options.natural_utf8 = true;
    options.lang_to_generate = flatbuffers::IDLOptions::kCpp; /* else nested buffers go with unions of tables alone */
    return options;
}

struct kept_parser {
    const uint8_t *binary;
    uint64_t hash; /* of the schema: a library that was unloaded leaves its place to another */
    flatbuffers::Parser parser;

    kept_parser(const uint8_t *of_binary, uint64_t of_hash) : binary(of_binary), hash(of_hash), parser(options())
    {
    }
};

thread_local std::unique_ptr<kept_parser> kept;

bool
is_kept(acta_bytes binary, uint64_t hash)
{
    return kept && kept->binary == binary.data && kept->hash == hash;
}

/* This thread keeps a parser of the schema `binary`, made of `source`. False: that can't be read. */
bool
keep_parser(acta_bytes binary, uint64_t hash, acta_bytes source)
{
    kept.reset(); /* one at a time */
    std::unique_ptr<kept_parser> made(new kept_parser(binary.data, hash));
    if (!made->parser.Deserialize(source.data, source.size)) return false;
    kept = std::move(made);
    return true;
}

/* This thread's parser of the table's schema, with the table as what is to be parsed or printed; nullptr: the schema can't be
 * read. After an error it is not used again (forget_parser): what is half parsed stays in it. */
flatbuffers::Parser *
begin(const acta_table *table)
{
    const acta_schema *schema = table->schema;

    if (!is_kept(schema->binary, schema->hash) && !keep_parser(schema->binary, schema->hash, schema->binary))
        return nullptr;
    return kept->parser.SetRootType(table->name) ? &kept->parser : nullptr;
}

/* The same by a schema of other origin. */
acta_status
begin_with(acta_bytes binary, const std::string &table, acta_memory *memory, flatbuffers::Parser **out)
{
    const uint64_t hash = acta_crc32c(0, binary.data, binary.size);
    acta_bytes copy;

    if (!is_kept(binary, hash)) {
        const acta_status status = acti_schema_sound_copy(binary, memory, &copy);
        if (status == ACTA_NO_MEMORY) return status;
        if (status != ACTA_OK || !keep_parser(binary, hash, copy)) return ACTA_NOT_FOUND;
        acta_memory_free(memory, const_cast<uint8_t *>(copy.data));
    }
    *out = &kept->parser;
    return kept->parser.SetRootType(table.c_str()) ? ACTA_OK : ACTA_NOT_FOUND;
}

void
forget_parser()
{
    kept.reset();
}

acta_status
give(const void *bytes, size_t size, acta_memory *memory, uint8_t **out, acta_error *error)
{
    *out = static_cast<uint8_t *>(acta_memory_alloc(memory, size + 1)); /* zeroed: a NUL behind it */
    if (*out == nullptr) return acta_error_set(error, ACTA_NO_MEMORY, nullptr);
    std::memcpy(*out, bytes, size);
    return ACTA_OK;
}

/* The library escapes no control characters but those with a letter of their own, and its own parser refuses them. On one
 * line there are none outside of strings. */
std::string
escaped(const std::string &text)
{
    std::string out;
    char code[8];

    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= ' ') {
            out += c;
            continue;
        }
        std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
        out += code;
    }
    return out;
}

/* As we would write it. The library's printer ends the program at unions whose type and value don't fit each other, which
 * its verifier lets through; we read those as none. */
acta_status
rewrite(const acta_table *table, acta_bytes buffer, acta_memory *memory, acta_bytes *out, acta_error *error)
{
    void *value = acta_memory_alloc(memory, table->struct_size);
    acta_memory_sink sink = acta_memory_sink_of(memory);
    acta_error refusal;

    if (value == nullptr) return acta_error_set(error, ACTA_NO_MEMORY, nullptr);
    table->read(buffer, value);
    const acta_status status = table->write(value, &sink.sink, &refusal);
    acta_memory_free(memory, value);
    *out = sink.bytes;
    if (status == ACTA_OK) return ACTA_OK;
    const acta_status told = status == ACTA_INVALID ? ACTA_CORRUPT : status;
    return acta_error_set(error, told, "can't print a %s as JSON: %s", table->name, refusal.text);
}

acta_status
print(const acta_table *table, acta_bytes buffer, acta_memory *memory, acta_str *text_out, acta_error *error)
{
    const flatbuffers::Parser *parser = begin(table);
    std::string text;
    uint8_t *copy;

    if (parser == nullptr || !flatbuffers::GenerateText(*parser, buffer.data, &text))
        return acta_error_set(error, ACTA_CORRUPT, "can't print a %s as JSON", table->name);
    text = escaped(text);
    acta_status status = give(text.data(), text.size(), memory, &copy, error);
    if (status == ACTA_OK) *text_out = acta_str_from(copy, text.size());
    return status;
}

acta_status
parse(const acta_table *table, acta_str text, acta_memory *memory, acta_memory *scratch, acta_bytes *buffer_out,
    acta_error *error)
{
    acti_json_ordered ordered;
    uint8_t *copy;

    const acta_status order = acti_json_order(table, text, scratch, &ordered, error);
    if (order != ACTA_OK) return order;
    const std::string source(ordered.text.data != nullptr ? ordered.text.data : "", ordered.text.size);

    if (std::strlen(source.c_str()) != source.size())
        return acta_error_set(error, ACTA_INVALID, "JSON of %s: there is a NUL in it", table->name);
    flatbuffers::Parser *parser = begin(table);
    if (parser == nullptr) return acta_error_set(error, ACTA_INVALID, "the schema of %s can't be read", table->name);
    if (!parser->ParseJson(source.c_str())) {
        const std::string why = parser->error_;
        forget_parser();
        return acti_json_error(table, text, &ordered, why.c_str(), error);
    }

    acta_status status = give(parser->builder_.GetBufferPointer(), parser->builder_.GetSize(), memory, &copy, error);
    if (status != ACTA_OK) return status;
    const acta_bytes buffer = acta_bytes_from(copy, parser->builder_.GetSize());
    acta_error refusal;
    if (table->verify(buffer, &refusal) != ACTA_OK) { /* such as \u0000 in a string */
        acta_memory_free(memory, copy);
        const char *why = std::strstr(refusal.text, ": ");
        acta_error_set(error, ACTA_INVALID, "JSON of %s can't be stored%s", table->name, why != nullptr ? why : "");
        if (error != nullptr) std::memcpy(error->where, refusal.where, sizeof error->where);
        return ACTA_INVALID;
    }
    *buffer_out = buffer;
    return ACTA_OK;
}

/* Is there a union in it, or in what it has? Without the program's table nobody puts its type where the parser wants it. */
bool
has_union(const flatbuffers::StructDef *def, std::set<const flatbuffers::StructDef *> *seen)
{
    if (!seen->insert(def).second) return false;
    for (const flatbuffers::FieldDef *field : def->fields.vec) {
        const flatbuffers::Type &type = field->value.type;
        const flatbuffers::BaseType base = flatbuffers::IsVector(type) ? type.element : type.base_type;
        if (base == flatbuffers::BASE_TYPE_UNION) return true;
        if (base == flatbuffers::BASE_TYPE_STRUCT && has_union(type.struct_def, seen)) return true;
    }
    return false;
}

/* No string has one, as it is or as \u0000. */
bool
has_nul(const std::string &text)
{
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] == '\0') return true;
        if (text[i] == '\\' && text.compare(i, 6, "\\u0000") == 0) return true;
        i += text[i] == '\\'; /* what is escaped begins nothing */
    }
    return false;
}

/* The library says "1: 12: error: what". */
acta_status
say_parsing(const std::string &table, const std::string &raw, acta_error *error)
{
    unsigned line, column;
    int at = 0;

    if (std::sscanf(raw.c_str(), "%u: %u: error: %n", &line, &column, &at) < 2 || at == 0)
        return acta_error_set(error, ACTA_INVALID, "JSON of %s: %s", table.c_str(), raw.c_str());
    return acta_error_set(
        error, ACTA_INVALID, "JSON of %s: line %u, column %u: %s", table.c_str(), line, column, raw.c_str() + at);
}

acta_status
parse_with(acta_bytes binary, const std::string &table, const std::string &text, acta_memory *memory,
    acta_bytes *buffer_out, acta_error *error)
{
    std::set<const flatbuffers::StructDef *> seen;
    uint8_t *copy;

    flatbuffers::Parser *parser = nullptr;
    const acta_status begun = begin_with(binary, table, memory, &parser);
    if (begun == ACTA_NO_MEMORY) return acta_error_set(error, ACTA_NO_MEMORY, nullptr);
    if (begun != ACTA_OK)
        return acta_error_set(error, ACTA_NOT_FOUND, "the schema has no table '%s', or can't be read", table.c_str());
    if (has_union(parser->root_struct_def_, &seen))
        return acta_error_set(
            error, ACTA_UNSUPPORTED, "%s has a union, which is not read from JSON by a schema alone", table.c_str());
    if (has_nul(text)) return acta_error_set(error, ACTA_INVALID, "JSON of %s: there is a NUL in it", table.c_str());
    if (!parser->ParseJson(text.c_str())) {
        const std::string why = parser->error_;
        forget_parser();
        return say_parsing(table, why, error);
    }
    const size_t size = parser->builder_.GetSize();
    const acta_status status = give(parser->builder_.GetBufferPointer(), size, memory, &copy, error);
    if (status == ACTA_OK) *buffer_out = acta_bytes_from(copy, size);
    return status;
}

} // namespace

acta_status
acta_schema_parse(
    acta_bytes binary, acta_str table, acta_str text, acta_memory *memory, acta_bytes *buffer_out, acta_error *error)
{
    try {
        return parse_with(binary, std::string(table.data, table.size),
            text.size > 0 ? std::string(text.data, text.size) : std::string(), memory, buffer_out, error);
    } catch (const std::bad_alloc &) {
        forget_parser();
        return acta_error_set(error, ACTA_NO_MEMORY, nullptr);
    }
}

acta_status
acta_json_print(const acta_table *table, acta_bytes buffer, acta_memory *memory, acta_str *text_out, acta_error *error)
{
    acta_bytes plain;
    acta_status status = table->verify(buffer, error);
    if (status == ACTA_OK) status = rewrite(table, buffer, memory, &plain, error);
    if (status != ACTA_OK) return status;
    try {
        status = print(table, plain, memory, text_out, error);
        acta_memory_free(memory, const_cast<uint8_t *>(plain.data));
        return status;
    } catch (const std::bad_alloc &) {
        forget_parser();
        return acta_error_set(error, ACTA_NO_MEMORY, nullptr);
    }
}

acta_status
acta_json_parse(const acta_table *table, acta_str text, acta_memory *memory, acta_bytes *buffer_out, acta_error *error)
{
    acta_memory *scratch = acta_memory_create(nullptr);
    acta_status status;
    if (scratch == nullptr) return acta_error_set(error, ACTA_NO_MEMORY, nullptr);
    if (text.data == nullptr) text = acta_str_from("", 0);
    try {
        status = parse(table, text, memory, scratch, buffer_out, error);
    } catch (const std::bad_alloc &) {
        forget_parser();
        status = acta_error_set(error, ACTA_NO_MEMORY, nullptr);
    }
    acta_memory_destroy(scratch);
    return status;
}

acta_status
acta_json_read(const acta_table *table, acta_str text, acta_memory *memory, void *value_out, acta_error *error)
{
    acta_bytes buffer;

    if (text.data == nullptr) text = acta_str_from("", 0);
    if (acti_json_read_plain(table, text, value_out)) return ACTA_OK;
    const acta_status status = acta_json_parse(table, text, memory, &buffer, error);
    if (status == ACTA_OK) table->read(buffer, value_out);
    return status;
}

bool
acti_flex_is_sound(const uint8_t *bytes, size_t size)
{
    return flexbuffers::VerifyBuffer(bytes, size);
}
