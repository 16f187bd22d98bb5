/*
 * What is wrong with JSON, in words: the official parser says what it stumbled over and where its cursor was then; this
 * finds which field that is, and says what it should have been.
 *
 *     {"lines": [{"sku": "a"}, {"count": 1.5}]}
 *                                        ^ cursor          lines[1].count must be a whole number …, not 1.5
 *
 * The text is walked token by token up to the cursor, with a stack of the objects and lists that are open there. The
 * parser has accepted all before it, so the walk needn't judge; it only must never leave the text.
 */
#include <inttypes.h>
#include <stdio.h>

#include "internal.h"

enum { LEVEL_MAX = 2 * ACTA_BUFFER_DEPTH_MAX + 2, QUOTE_MAX = 40 };

/* An object, or a list, that is open. */
typedef struct level {
    bool is_list;
    uint32_t index;          /* list: of the item in hand */
    const acta_table *table; /* object: what it is; NULL: nothing that we know */
    const acta_field *field; /* object: of the key in hand; list: whose list it is */
    acta_str key;
    bool is_type;                             /* the key is that of the type of a union, which is `field` */
    acta_str chosen;                          /* the newest type of a union, in quotes */
    uint64_t seen[ACTA_FIELD_COUNT_MAX / 64]; /* object: which fields were there, by their index */
} level;

typedef struct walk {
    acta_str text;
    size_t at;
    level levels[LEVEL_MAX];
    uint32_t depth;  /* 0: before the first object */
    bool wants_key;  /* a string is a key now */
    bool has_closed; /* the token before was a }, and levels[depth] is still what it closed */
    acta_str value;  /* the newest value of the key or item in hand; empty: none yet */
    acta_str token;
} walk;

static const acta_field *
field_called(const acta_table *table, acta_str name)
{
    for (uint32_t i = 0; table != NULL && i < table->field_count; i++) {
        if (acta_str_equal(acta_str_of(table->fields[i].name), name)) return &table->fields[i];
    }
    return NULL;
}

/* The union whose type has this name: "payment_type" of payment. */
static const acta_field *
union_of_type(const acta_table *table, acta_str name)
{
    static const char ending[] = "_type";
    size_t size = sizeof ending - 1;

    if (name.size <= size || memcmp(name.data + name.size - size, ending, size) != 0) return NULL;
    const acta_field *field = field_called(table, acta_str_from(name.data, name.size - size));
    return field != NULL && acti_is_union(field) ? field : NULL;
}

/* What an object is, by the type of its union; NULL: not known, or no object. */
static const acta_table *
table_chosen(const acta_field *field, acta_str chosen)
{
    if (field->kind != ACTA_FIELD_UNION || chosen.size < 2) return NULL;
    acta_str name = acta_str_from(chosen.data + 1, chosen.size - 2);
    for (uint32_t i = 0; i < field->variants->member_count; i++) {
        if (acta_str_equal(acta_str_of(field->variants->members[i].name), name))
            return field->variants->members[i].table;
    }
    return NULL;
}

/* Take the next token; false at the end. Strings with their quotes. */
static bool
next_token(walk *w)
{
    const char *text = w->text.data;
    size_t end = w->text.size;

    while (w->at < end && strchr(" \t\r\n", text[w->at]) != NULL)
        w->at++;
    size_t from = w->at;
    if (from == end) return false;
    if (strchr("{}[]:,", text[from]) != NULL) {
        w->at++;
    } else if (text[from] == '"') {
        for (w->at++; w->at < end && text[w->at] != '"'; w->at++) {
            if (text[w->at] == '\\' && w->at + 1 < end) w->at++;
        }
        if (w->at < end) w->at++;
    } else {
        while (w->at < end && strchr(" \t\r\n{}[]:,\"", text[w->at]) == NULL)
            w->at++;
    }
    w->token = acta_str_from(text + from, w->at - from);
    return true;
}

/* The key in hand has a value. */
static void
mark_seen(level *in)
{
    if (in->is_list || in->field == NULL || in->is_type) return;
    size_t index = (size_t)(in->field - in->table->fields);
    in->seen[index / 64] |= UINT64_C(1) << index % 64;
}

static void
open_level(walk *w, bool is_list, const acta_table *root)
{
    level *outer = w->depth > 0 ? &w->levels[w->depth - 1] : NULL;
    const acta_field *field = outer != NULL ? outer->field : NULL;
    level opened = { .is_list = is_list };

    if (outer != NULL) mark_seen(outer);
    if (w->depth == LEVEL_MAX) return;
    if (is_list) opened.field = field;
    opened.is_type = is_list && outer != NULL && outer->is_type;
    if (!is_list && outer == NULL)
        opened.table = root;
    else if (!is_list && field != NULL)
        opened.table = acti_is_union(field) ? table_chosen(field, outer->chosen) : field->table;
    w->levels[w->depth++] = opened;
    w->wants_key = !is_list;
    w->value = acta_str_from(NULL, 0);
}

static void
close_level(walk *w)
{
    if (w->depth > 0) w->depth--;
    w->wants_key = false;
    w->value = acta_str_from(NULL, 0);
}

static void
take_comma(walk *w)
{
    level *top = &w->levels[w->depth - 1];

    if (top->is_list) top->index++;
    w->wants_key = !top->is_list;
    w->value = acta_str_from(NULL, 0);
}

static void
take_token(walk *w, const acta_table *root)
{
    char first = w->token.data[0];

    w->has_closed = first == '}';
    if (first == '{' || first == '[') {
        open_level(w, first == '[', root);
    } else if (first == '}' || first == ']') {
        close_level(w);
    } else if (w->depth == 0 || first == ':') {
        return;
    } else if (first == ',') {
        take_comma(w);
    } else if (w->wants_key) {
        level *top = &w->levels[w->depth - 1];
        bool quoted = w->token.size >= 2 && first == '"';
        top->key = quoted ? acta_str_from(w->token.data + 1, w->token.size - 2) : w->token;
        top->field = field_called(top->table, top->key);
        top->is_type = top->field == NULL && union_of_type(top->table, top->key) != NULL;
        if (top->is_type) top->field = union_of_type(top->table, top->key);
        w->wants_key = false;
    } else {
        w->value = w->token;
        if (w->levels[w->depth - 1].is_type) w->levels[w->depth - 1].chosen = w->token;
        if (!acta_str_equal(w->token, acta_str_of("null"))) mark_seen(&w->levels[w->depth - 1]);
    }
}

/* To the token that ends where the parser's cursor was: that one is looked at, but not taken. */
static void
walk_to(walk *w, const acta_table *root, size_t cursor)
{
    while (next_token(w)) {
        if (w->at >= cursor) {
            bool is_value =
                w->depth > 0 && !w->wants_key && w->value.data == NULL && strchr("}]:,", w->token.data[0]) == NULL;
            if (is_value) w->value = w->token;
            return;
        }
        take_token(w, root);
    }
    w->token = acta_str_from(w->text.data + w->at, 0);
}

/* -- saying it -- */

/* "lines[1].count", of the first `depth` levels. */
static void
put_path(const walk *w, uint32_t depth, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < depth && used < size; i++) {
        const level *at = &w->levels[i];
        int length = 0;
        if (at->is_list)
            length = snprintf(out + used, size - used, "[%" PRIu32 "]", at->index);
        else if (at->key.data != NULL)
            length = snprintf(out + used, size - used, "%s" ACTA_FMT, used > 0 ? "." : "", ACTA_ARG(at->key));
        if (length > 0) used += (size_t)length;
    }
}

static void
put_number_range(const acta_field *field, uint8_t kind, char *out, size_t size)
{
    static const int64_t least[] = { 0, INT8_MIN, 0, INT16_MIN, 0, INT32_MIN, 0, INT64_MIN, 0 };
    static const uint64_t most[] = { 1, INT8_MAX, UINT8_MAX, INT16_MAX, UINT16_MAX, INT32_MAX, UINT32_MAX, INT64_MAX,
        UINT64_MAX };

    if (field->flags & ACTA_FIELD_ENUM)
        snprintf(out, size, "a name of its enum");
    else if (kind == ACTA_FIELD_BOOL)
        snprintf(out, size, "true or false");
    else if (kind >= ACTA_FIELD_FLOAT)
        snprintf(out, size, "a number");
    else
        snprintf(out, size, "a whole number from %" PRId64 " to %" PRIu64, least[kind], most[kind]);
}

/* "one of kinds.Shape: Circle, Point", or for the value "what its type says". */
static void
put_members(const acta_union *of, bool is_type, char *out, size_t size)
{
    int used = snprintf(out, size, is_type ? "one of" : "what its type says: one of");

    for (uint32_t i = 0; i < of->member_count && used > 0 && (size_t)used < size; i++)
        used += snprintf(out + used, size - (size_t)used, "%s %s", i > 0 ? "," : "", of->members[i].name);
}

static void
put_expected(const acta_field *field, bool is_type, bool is_item, char *out, size_t size)
{
    bool is_vector = field->kind == ACTA_FIELD_VECTOR || field->kind == ACTA_FIELD_STRING_VECTOR ||
                     field->kind == ACTA_FIELD_UNION_VECTOR || acti_has_items(field);

    if (field->length != 0 && !is_item)
        snprintf(out, size, "a list of %u in [ ]", (unsigned)field->length);
    else if (is_vector && !is_item)
        snprintf(out, size, "a list in [ ]");
    else if (acti_is_union(field))
        put_members(field->variants, is_type, out, size);
    else if (field->kind == ACTA_FIELD_STRING || field->kind == ACTA_FIELD_STRING_VECTOR)
        snprintf(out, size, "a string in quotes");
    else if (field->table != NULL)
        snprintf(out, size, "an object in { }");
    else
        put_number_range(field, is_vector ? field->element : field->kind, out, size);
}

/* "line 1, column 12: ", of a place in the text. */
static void
put_place(acta_str text, const char *at, char *out, size_t size)
{
    unsigned line = 1;
    const char *line_begin = text.data;

    for (const char *c = text.data; c < at; c++) {
        if (*c != '\n') continue; /* NOLINT(clang-analyzer-core.NullDereference): `at` lies in the text */
        line++;
        line_begin = c + 1;
    }
    snprintf(out, size, "line %u, column %u: ", line, (unsigned)(at - line_begin) + 1);
}

static bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static acta_status
say(const walk *w, const char *at, uint32_t path_depth, acta_error *error, const char *what)
{
    char place[64];

    put_place(w->text, at, place, sizeof place);
    acta_error_set(error, ACTA_INVALID, "%s%s", place, what);
    if (error != NULL) put_path(w, path_depth, error->where, sizeof error->where);
    return ACTA_INVALID;
}

static acta_status
say_unknown_field(const walk *w, const level *in, acta_error *error)
{
    char what[ACTA_ERROR_TEXT_MAX], path[ACTA_ERROR_WHERE_MAX];

    put_path(w, w->depth - 1, path, sizeof path);
    int used = snprintf(what, sizeof what, "unknown field '" ACTA_FMT "' of %s%s%s; it has", ACTA_ARG(in->key),
        in->table->name, path[0] != '\0' ? " in " : "", path);
    for (uint32_t i = 0; i < in->table->field_count && used > 0 && (size_t)used < sizeof what; i++)
        used += snprintf(what + used, sizeof what - (size_t)used, "%s %s", i > 0 ? "," : "", in->table->fields[i].name);
    return say(w, in->key.data - 1, w->depth, error, what);
}

static acta_status
say_wrong_value(const walk *w, const level *in, acta_error *error)
{
    char what[ACTA_ERROR_TEXT_MAX], path[ACTA_ERROR_WHERE_MAX], expected[192];
    int shown = w->value.size > QUOTE_MAX ? QUOTE_MAX : (int)w->value.size;

    put_path(w, w->depth, path, sizeof path);
    put_expected(in->field, in->is_type, in->is_list, expected, sizeof expected);
    snprintf(what, sizeof what, "%s must be %s, not %.*s%s", path, expected, shown, w->value.data,
        shown < (int)w->value.size ? "…" : "");
    return say(w, w->value.data, w->depth, error, what);
}

static bool
is_about_a_value(const char *raw)
{
    static const char *const beginnings[] = { "Cannot assign", "cannot assign", "invalid number", "enum values need",
        "unknown enum value", "expecting: string constant", "expecting: [", "expecting: {", "cannot parse value" };

    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (begins(raw, beginnings[i])) return true;
    }
    return false;
}

/* Is this the object that "required field is missing: sku in Line" is about? */
static bool
misses(const level *in, const char *raw)
{
    const char *name = raw + strlen("required field is missing: ");

    if (in->is_list || in->table == NULL) return false;
    const acta_field *field = field_called(in->table, acta_str_from(name, strcspn(name, " ")));
    if (field == NULL || (field->flags & ACTA_FIELD_REQUIRED) == 0) return false;
    size_t index = (size_t)(field - in->table->fields);
    return (in->seen[index / 64] >> index % 64 & 1) == 0;
}

/* The parser sees it at the }: of an inner object when it has looked one token further, of the outermost one at once. */
static bool
find_missing(walk *w, const char *raw)
{
    if (!begins(raw, "required field is missing: ")) return false;
    if (w->has_closed && misses(&w->levels[w->depth], raw)) w->depth++;
    return w->depth > 0 && misses(&w->levels[w->depth - 1], raw);
}

static acta_status
say_missing_field(const walk *w, const level *in, const char *raw, acta_error *error)
{
    char what[ACTA_ERROR_TEXT_MAX], path[ACTA_ERROR_WHERE_MAX];
    const char *name = raw + strlen("required field is missing: ");
    int size = (int)strcspn(name, " ");

    put_path(w, w->depth - 1, path, sizeof path);
    snprintf(what, sizeof what, "required field '%.*s' of %s%s%s is missing", size, name, in->table->name,
        path[0] != '\0' ? " in " : "", path);
    say(w, w->token.data, w->depth - 1, error, what);
    if (error == NULL) return ACTA_INVALID;
    size_t used = strlen(error->where);
    snprintf(error->where + used, sizeof error->where - used, "%s%.*s", used > 0 ? "." : "", size, name);
    return ACTA_INVALID;
}

static size_t
offset_of(acta_str text, unsigned line, unsigned column)
{
    size_t at = 0;

    for (; line > 1 && at < text.size; at++)
        line -= text.data[at] == '\n';
    return at + column < text.size ? at + column : text.size;
}

/* Numbers are converted when their object ends, and then the error quotes the number: the place is behind the last such
 * token before the cursor. */
static size_t
end_of_number(acta_str text, size_t cursor, const char *raw)
{
    static const char beginning[] = "invalid number: \"";
    walk w = { .text = text };
    size_t found = cursor;

    if (!begins(raw, beginning)) return cursor;
    const char *number = raw + sizeof beginning - 1;
    acta_str wanted = acta_str_from(number, strcspn(number, "\""));
    while (next_token(&w) && w.at <= cursor) {
        if (acta_str_equal(w.token, wanted)) found = w.at;
    }
    return found;
}

acta_status
acti_json_error(const acta_table *table, acta_str text, const char *raw, acta_error *error)
{
    walk w = { .text = text };
    unsigned line = 1, column = 0;
    int used = 0;
    char what[ACTA_ERROR_TEXT_MAX];

    if (sscanf(raw, "%u: %u: error: %n", &line, &column, &used) == 2) raw += used;
    walk_to(&w, table, end_of_number(text, offset_of(text, line, column), raw));

    if (find_missing(&w, raw)) return say_missing_field(&w, &w.levels[w.depth - 1], raw, error);
    const level *in = w.depth > 0 ? &w.levels[w.depth - 1] : NULL;
    bool in_object = in != NULL && !in->is_list && in->table != NULL;
    if (in_object && begins(raw, "unknown field: ") && in->field == NULL && in->key.data != NULL)
        return say_unknown_field(&w, in, error);
    if (in_object && begins(raw, "field set more than once: ") && in->key.data != NULL) {
        snprintf(what, sizeof what, "field '" ACTA_FMT "' of %s is set twice", ACTA_ARG(in->key), in->table->name);
        return say(&w, in->key.data - 1, w.depth, error, what);
    }
    if (in != NULL && in->field != NULL && w.value.data != NULL && is_about_a_value(raw))
        return say_wrong_value(&w, in, error);

    const char *at = w.token.data != NULL ? w.token.data : text.data;
    if (strstr(raw, "instead got: end of file") != NULL) at = text.data + text.size;
    snprintf(what, sizeof what, "no JSON of %s: %.*s", table->name, (int)strcspn(raw, "\n"), raw);
    return say(&w, at, w.depth, error, what);
}
