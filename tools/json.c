/*
 * See json.h.
 */
#include "json.h"

#include <ctype.h>

typedef struct reader {
    acta_str text;
    size_t at;
    unsigned depth;
    acta_memory *memory;
    acta_error *error;
} reader;

static acta_status read_value(reader *r, json_value **out);

static acta_status
expected(const reader *r, const char *what)
{
    return acta_error_set(r->error, ACTA_CORRUPT, "no JSON: %s expected at byte %zu", what, r->at);
}

static char
peek(const reader *r)
{
    return r->at < r->text.size ? r->text.data[r->at] : '\0';
}

static void
pass_space(reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' || peek(r) == '\r')
        r->at++;
}

static bool
pass(reader *r, char c)
{
    if (peek(r) != c) return false;
    r->at++;
    return true;
}

/* -- strings -- */

static bool
read_hex(reader *r, uint32_t *code_out)
{
    *code_out = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        int c = tolower((unsigned char)peek(r));
        if (!isxdigit(c)) return false;
        *code_out = *code_out * 16 + (uint32_t)(isdigit(c) ? c - '0' : c - 'a' + 10);
    }
    return true;
}

/* What follows "\u": one code, or two that are a pair of surrogates. */
static bool
read_code(reader *r, uint32_t *code_out)
{
    uint32_t low;

    if (!read_hex(r, code_out)) return false;
    if (*code_out < 0xD800 || *code_out > 0xDFFF) return true;
    if (*code_out > 0xDBFF || !pass(r, '\\') || !pass(r, 'u') || !read_hex(r, &low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return false;
    *code_out = 0x10000 + ((*code_out - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static char *
put_code(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        if (code < 0x10000) {
            *to++ = (char)(0xE0 | code >> 12);
        } else {
            *to++ = (char)(0xF0 | code >> 18);
            *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        }
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    return to;
}

static bool
read_escape(reader *r, char **to)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char c = peek(r);
    uint32_t code;
    const char *name = c != '\0' ? strchr(names, c) : NULL;

    r->at++;
    if (c == 'u') {
        if (!read_code(r, &code)) return false;
        *to = put_code(*to, code);
        return true;
    }
    if (name == NULL) return false;
    *(*to)++ = meanings[name - names];
    return true;
}

/* From its quote on. No escape is shorter than what it stands for. */
static acta_status
read_string(reader *r, acta_str *out)
{
    const char *end = r->text.data + r->text.size, *close = r->text.data + r->at + 1;

    if (peek(r) != '"') return expected(r, "a string");
    while (close < end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= end) return expected(r, "the end of a string that begins");
    char *bytes = acta_memory_alloc(r->memory, (size_t)(close - r->text.data) - r->at), *to = bytes;
    if (bytes == NULL) return acta_error_set(r->error, ACTA_NO_MEMORY, NULL);
    for (r->at++; !pass(r, '"');) {
        if ((unsigned char)peek(r) < 0x20) return expected(r, "an escape instead of a control character");
        if (!pass(r, '\\'))
            *to++ = r->text.data[r->at++];
        else if (!read_escape(r, &to))
            return expected(r, "an escape");
    }
    *out = acta_str_from(bytes, (size_t)(to - bytes));
    return ACTA_OK;
}

/* -- the other values -- */

static bool
pass_digits(reader *r)
{
    size_t before = r->at;

    while (isdigit((unsigned char)peek(r)))
        r->at++;
    return r->at > before;
}

static acta_status
pass_number(reader *r)
{
    pass(r, '-');
    if (!pass(r, '0') && !pass_digits(r)) return expected(r, "a value");
    if (pass(r, '.') && !pass_digits(r)) return expected(r, "a digit");
    if (pass(r, 'e') || pass(r, 'E')) {
        if (!pass(r, '-')) pass(r, '+');
        if (!pass_digits(r)) return expected(r, "a digit");
    }
    return ACTA_OK;
}

static bool
pass_word(reader *r)
{
    static const char *const words[] = { "true", "false", "null" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t size = strlen(words[i]);
        if (r->text.size - r->at < size || memcmp(r->text.data + r->at, words[i], size) != 0) continue;
        r->at += size;
        return true;
    }
    return false;
}

static acta_status
read_member(reader *r, bool has_key, json_value **out)
{
    acta_str key = { 0 };
    acta_status status = ACTA_OK;

    pass_space(r);
    if (has_key) {
        status = read_string(r, &key);
        if (status != ACTA_OK) return status;
        pass_space(r);
        if (!pass(r, ':')) return expected(r, "':'");
    }
    status = read_value(r, out);
    if (status == ACTA_OK) (*out)->key = key;
    return status;
}

/* From behind the bracket that opens it. */
static acta_status
read_members(reader *r, json_value *of)
{
    char close = of->kind == JSON_OBJECT ? '}' : ']';
    json_value **end = &of->first;

    pass_space(r);
    if (pass(r, close)) return ACTA_OK;
    do {
        acta_status status = read_member(r, of->kind == JSON_OBJECT, end);
        if (status != ACTA_OK) return status;
        end = &(*end)->next;
        pass_space(r);
    } while (pass(r, ','));
    return pass(r, close) ? ACTA_OK : expected(r, of->kind == JSON_OBJECT ? "',' or '}'" : "',' or ']'");
}

static acta_status
read_kind(reader *r, json_value *value)
{
    acta_status status = ACTA_OK;

    if (peek(r) == '"') {
        value->kind = JSON_STRING;
        return read_string(r, &value->text);
    }
    if (peek(r) == '{' || peek(r) == '[') {
        value->kind = peek(r) == '{' ? JSON_OBJECT : JSON_ARRAY;
        if (r->depth == JSON_DEPTH_MAX) return expected(r, "a value that is less deep");
        r->at++;
        r->depth++;
        status = read_members(r, value);
        r->depth--;
        return status;
    }
    value->kind = JSON_WORD;
    if (pass_word(r)) return ACTA_OK;
    value->kind = JSON_NUMBER;
    return pass_number(r);
}

static acta_status
read_value(reader *r, json_value **out)
{
    json_value *value = acta_memory_alloc(r->memory, sizeof *value);

    if (value == NULL) return acta_error_set(r->error, ACTA_NO_MEMORY, NULL);
    pass_space(r);
    size_t begin = r->at;
    acta_status status = read_kind(r, value);
    value->raw = acta_str_from(r->text.data + begin, r->at - begin);
    if (value->kind != JSON_STRING) value->text = value->raw;
    *out = value;
    return status;
}

acta_status
json_read(acta_str text, acta_memory *memory, const json_value **out, acta_error *error)
{
    reader r = { .text = text, .memory = memory, .error = error };
    json_value *value;

    if (!acta_str_is_utf8(text)) return acta_error_set(error, ACTA_CORRUPT, "no UTF-8");
    acta_status status = read_value(&r, &value);
    if (status != ACTA_OK) return status;
    pass_space(&r);
    if (r.at < text.size) return expected(&r, "nothing more");
    *out = value;
    return ACTA_OK;
}

const json_value *
json_member(const json_value *object, const char *key)
{
    if (object == NULL || object->kind != JSON_OBJECT) return NULL;
    for (const json_value *member = object->first; member != NULL; member = member->next)
        if (acta_str_equal(member->key, acta_str_of(key))) return member;
    return NULL;
}

acta_str
json_text(const json_value *object, const char *key)
{
    const json_value *member = json_member(object, key);

    if (member == NULL || acta_str_equal(member->raw, acta_str_of("null"))) return acta_str_of("");
    return member->text;
}

uint64_t
json_number(const json_value *object, const char *key)
{
    acta_str text = json_text(object, key);
    uint64_t number = 0;

    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || number > UINT64_MAX / 10 - 1) return 0;
        number = number * 10 + (uint64_t)(text.data[i] - '0');
    }
    return number;
}

bool
json_is_true(const json_value *object, const char *key)
{
    return acta_str_equal(json_text(object, key), acta_str_of("true"));
}
