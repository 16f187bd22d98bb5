/*
 * JSON straight into a C struct, for what most commands are: one object of strings, whole numbers and bools. A tenth
 * of the instructions that the official parser, a buffer and its verifier take.
 *
 * It judges nothing. Whatever is not plain (escapes, real numbers, enums, what is nested, twice, missing, out of range, or
 * no JSON) is given up, and the official parser says what it is.
 */
#include "json_text.h"

enum { DIGITS_MAX = 18 }; /* so many fit into 64 bits, whichever they are */

typedef struct reader {
    const char *at, *end;
    const acta_table *table;
    char *value;
    uint64_t seen[ACTA_FIELD_COUNT_MAX / 64]; /* a bit a field */
} reader;

static void
pass_space(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

static bool
pass(reader *r, char wanted)
{
    pass_space(r);
    if (r->at == r->end || *r->at != wanted) return false;
    r->at++;
    return true;
}

/* Between quotes, without escapes. */
static bool
read_text(reader *r, acta_str *text_out)
{
    if (!pass(r, '"')) return false;
    const char *from = r->at;
    while (r->at < r->end && *r->at != '"' && *r->at != '\\' && (unsigned char)*r->at >= ' ')
        r->at++;
    if (r->at == r->end || *r->at != '"') return false;
    *text_out = acta_str_from(from, (size_t)(r->at - from));
    r->at++;
    return acta_str_is_utf8(*text_out);
}

static bool
pass_word(reader *r, const char *word)
{
    size_t size = strlen(word);

    if ((size_t)(r->end - r->at) < size || memcmp(r->at, word, size) != 0) return false;
    r->at += size;
    return true;
}

static bool
read_bool(reader *r, void *out)
{
    bool is_true;

    pass_space(r);
    is_true = pass_word(r, "true");
    if (!is_true && !pass_word(r, "false")) return false;
    *(bool *)out = is_true;
    return true;
}

/* Does it fit into so many bytes? */
static bool
fits(uint64_t amount, bool is_negative, bool is_signed, size_t size)
{
    unsigned bits = (unsigned)size * 8;

    if (!is_signed) return !is_negative && (bits == 64 || amount >> bits == 0);
    return amount <= (UINT64_C(1) << (bits - 1)) - !is_negative;
}

static bool
read_whole(reader *r, const acta_field *field, void *out)
{
    size_t size = acti_inline_size(field->kind);
    bool is_signed = field->kind == ACTA_FIELD_INT8 || field->kind == ACTA_FIELD_INT16 ||
                     field->kind == ACTA_FIELD_INT32 || field->kind == ACTA_FIELD_INT64;
    uint64_t amount = 0;

    pass_space(r);
    bool is_negative = r->at < r->end && *r->at == '-';
    const char *from = r->at += is_negative;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9' && r->at - from <= DIGITS_MAX; r->at++)
        amount = amount * 10 + (uint64_t)(*r->at - '0');
    if (r->at == from || r->at - from > DIGITS_MAX || (*from == '0' && (is_negative || r->at - from > 1))) return false;
    if (!fits(amount, is_negative, is_signed, size)) return false;
    if (is_negative) amount = 0 - amount;
    memcpy(out, &amount, size); /* little-endian: its first bytes */
    return true;
}

static bool
read_field(reader *r, const acta_field *field)
{
    void *out = acti_field_of(field, r->value);

    if (field->kind == ACTA_FIELD_STRING) return read_text(r, out);
    if (!acti_is_number(field) || (field->flags & ACTA_FIELD_ENUM) != 0) return false;
    if (field->flags & ACTA_FIELD_OPTIONAL) *(bool *)(r->value + field->is_set) = true;
    if (field->kind == ACTA_FIELD_BOOL) return read_bool(r, out);
    return field->kind != ACTA_FIELD_FLOAT && field->kind != ACTA_FIELD_DOUBLE && read_whole(r, field, out);
}

static bool
read_member(reader *r)
{
    acta_str key;
    bool is_type;

    if (!read_text(r, &key) || !pass(r, ':')) return false;
    const acta_field *field = acti_json_field(r->table, key, &is_type);
    if (field == NULL || is_type) return false;
    size_t index = (size_t)(field - r->table->fields);
    if (r->seen[index / 64] >> (index % 64) & 1) return false;
    r->seen[index / 64] |= UINT64_C(1) << (index % 64);
    return read_field(r, field);
}

static bool
read_object(reader *r)
{
    if (!pass(r, '{')) return false;
    if (!pass(r, '}')) {
        do {
            if (!read_member(r)) return false;
        } while (pass(r, ','));
        if (!pass(r, '}')) return false;
    }
    pass_space(r);
    return r->at == r->end;
}

/* What isn't there is as acta_table_read leaves it. False: it is required. */
static bool
fill_absent(reader *r)
{
    for (uint32_t i = 0; i < r->table->field_count; i++) {
        const acta_field *field = &r->table->fields[i];
        if (r->seen[i / 64] >> (i % 64) & 1) continue;
        if (field->flags & ACTA_FIELD_REQUIRED) return false;
        if (acti_is_number(field)) acti_read_number(field, NULL, acti_field_of(field, r->value));
    }
    return true;
}

bool
acti_json_read_plain(const acta_table *table, acta_str text, void *value_out)
{
    reader r = { .at = text.data, .end = text.data + text.size, .table = table, .value = value_out };

    memset(value_out, 0, table->struct_size);
    return !acti_is_struct(table) && read_object(&r) && fill_absent(&r);
}
