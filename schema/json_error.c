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

#include "json_text.h"

enum { LEVEL_MAX = 2 * ACTA_BUFFER_DEPTH_MAX + 2, QUOTE_MAX = 40 };

/* An object, or a list, that is open. */
typedef struct level {
    bool is_list;
    uint32_t index;          /* list: of the item in hand */
    const acta_table *table; /* object: what it is; NULL: nothing that we know */
    const acta_field *field; /* object: of the key in hand; list: whose list it is */
    acta_str key;
    bool is_type;  /* the key is that of the type of a union, which is `field` */
    size_t begin;  /* of its { or [ */
    size_t types;  /* list of a vector of unions: where the types are, up to the item in hand */
    acta_str type; /* of the item in hand */
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

static const acta_table *
table_of_type(const acta_field *field, acta_str type)
{
    const acta_union_member *chosen = acti_json_member(field->variants, type);
    return chosen != NULL ? chosen->table : NULL;
}

/* What the object that begins now is; NULL: nothing that we know. `outer`: what is around it, a list or an object. */
static const acta_table *
table_within(const walk *w, const level *outer)
{
    const acta_field *field = outer->field;

    if (field == NULL || outer->is_type) return NULL;
    if (!acti_is_union(field)) return field->table;
    if (outer->is_list) return table_of_type(field, outer->type);
    size_t at = acti_json_type_at(w->text, outer->begin, field);
    acta_str type = { NULL, 0 };
    return acti_json_token(w->text, &at, &type) ? table_of_type(field, type) : NULL;
}

/* Take the next token; false at the end. Strings with their quotes. */
static bool
next_token(walk *w)
{
    return acti_json_token(w->text, &w->at, &w->token);
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
next_type(const walk *w, level *list)
{
    if (!acti_json_next_item(w->text, &list->types, &list->type)) list->type = acta_str_from(NULL, 0);
}

static void
open_level(walk *w, bool is_list, const acta_table *root)
{
    level *outer = w->depth > 0 ? &w->levels[w->depth - 1] : NULL;
    const acta_field *field = outer != NULL ? outer->field : NULL;
    level opened = { .is_list = is_list };

    if (outer != NULL) mark_seen(outer);
    if (w->depth == LEVEL_MAX) return;
    opened.begin = w->at - 1;
    if (is_list) opened.field = field;
    opened.is_type = is_list && outer != NULL && outer->is_type;
    if (!is_list) opened.table = outer != NULL ? table_within(w, outer) : root;
    if (is_list && field != NULL && field->kind == ACTA_FIELD_UNION_VECTOR && !opened.is_type) {
        opened.types = acti_json_type_at(w->text, outer->begin, field);
        next_type(w, &opened);
    }
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
    if (top->is_list && top->field != NULL && top->field->kind == ACTA_FIELD_UNION_VECTOR && !top->is_type)
        next_type(w, top);
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
        top->field = acti_json_field(top->table, top->key, &top->is_type);
        w->wants_key = false;
    } else {
        w->value = w->token;
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

static void
put_union(const acta_union *of, bool is_type, char *out, size_t size)
{
    int used = snprintf(out, size, "%s", is_type ? "" : "what its type says: ");
    acti_json_put_members(of, out + used, size - (size_t)used);
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
        put_union(field->variants, is_type, out, size);
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
    bool is_type; /* of a union, which is what is missing then: a value has its type by now */
    const acta_field *field = acti_json_field(in->table, acta_str_from(name, strcspn(name, " ")), &is_type);
    if (field == NULL || (field->flags & ACTA_FIELD_REQUIRED) == 0) return false;
    size_t index = (size_t)(field - in->table->fields);
    return (in->seen[index / 64] >> index % 64 & 1) == 0;
}

/* Of a token that ends at `end`, where the one before it ends. */
static size_t
end_before(acta_str text, size_t end)
{
    size_t at = 0, before = 0;
    acta_str token;

    while (acti_json_token(text, &at, &token) && at < end)
        before = at;
    return before;
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
    bool is_type;
    const acta_field *field = acti_json_field(in->table, acta_str_from(name, strcspn(name, " ")), &is_type);

    put_path(w, w->depth - 1, path, sizeof path);
    snprintf(what, sizeof what, "required field '%s' of %s%s%s is missing", field->name, in->table->name,
        path[0] != '\0' ? " in " : "", path);
    say(w, w->token.data, w->depth - 1, error, what);
    if (error == NULL) return ACTA_INVALID;
    size_t used = strlen(error->where);
    snprintf(error->where + used, sizeof error->where - used, "%s%s", used > 0 ? "." : "", field->name);
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
        bool is_quoted = w.token.size == wanted.size + 2 && w.token.data[0] == '"';
        acta_str token = is_quoted ? acta_str_from(w.token.data + 1, wanted.size) : w.token;
        if (acta_str_equal(token, wanted)) found = w.at;
    }
    return found;
}

acta_status
acti_json_say(const acta_table *table, acta_str text, size_t at, const char *what, acta_error *error)
{
    walk w = { .text = text };
    char path[ACTA_ERROR_WHERE_MAX], said[ACTA_ERROR_TEXT_MAX];

    walk_to(&w, table, at + 1);
    put_path(&w, w.depth, path, sizeof path);
    snprintf(said, sizeof said, "%s %s", path, what);
    return say(&w, text.data + at, w.depth, error, said);
}

/* A struct has all of its fields, and a fixed array all of its items. */
static acta_status
say_incomplete(walk *w, const char *raw, acta_error *error)
{
    char what[ACTA_ERROR_TEXT_MAX], path[ACTA_ERROR_WHERE_MAX];

    if (begins(raw, "Fixed-length array size") && w->depth > 0 && w->levels[w->depth - 1].field != NULL) {
        uint32_t depth = w->levels[w->depth - 1].is_list ? w->depth - 1 : w->depth;
        put_path(w, depth, path, sizeof path);
        snprintf(what, sizeof what, "%s must have %u items", path, (unsigned)w->levels[w->depth - 1].field->length);
        return say(w, w->text.data + w->levels[depth].begin, depth, error, what);
    }
    const level *in = w->has_closed ? &w->levels[w->depth] : w->depth > 0 ? &w->levels[w->depth - 1] : NULL;
    if (!begins(raw, "struct: wrong number of initializers") || in == NULL || in->table == NULL) return ACTA_OK;
    for (uint32_t i = 0; i < in->table->field_count; i++) {
        if ((in->seen[i / 64] >> i % 64 & 1) != 0) continue;
        put_path(w, (uint32_t)(in - w->levels), path, sizeof path);
        snprintf(what, sizeof what, "field '%s' of the struct %s in %s is missing: structs have all of them",
            in->table->fields[i].name, in->table->name, path);
        return say(w, w->text.data + in->begin, (uint32_t)(in - w->levels), error, what);
    }
    return ACTA_OK;
}

/* What is wrong inside a buffer in the buffer: the place is counted from its {. The walk stands at its end. */
static const char *
enter_nested(walk *w, const acta_table *root, const char *raw)
{
    unsigned line, column;
    int used = 0;

    while (sscanf(raw, "%u: %u: error: %n", &line, &column, &used) == 2 && used > 0) {
        size_t begin = w->has_closed ? w->levels[w->depth].begin : w->depth > 0 ? w->levels[w->depth - 1].begin : 0;
        acta_str inner = acta_str_from(w->text.data + begin, w->text.size - begin);
        raw += used;
        used = 0;
        *w = (walk){ .text = w->text };
        walk_to(w, root, begin + end_of_number(inner, offset_of(inner, line, column), raw));
    }
    return raw;
}

acta_status
acti_json_error(
    const acta_table *table, acta_str given, const acti_json_ordered *ordered, const char *raw, acta_error *error)
{
    walk w = { .text = given };
    unsigned line = 1, column = 0;
    int used = 0;
    char what[ACTA_ERROR_TEXT_MAX];

    if (sscanf(raw, "%u: %u: error: %n", &line, &column, &used) == 2) raw += used;
    size_t cursor = end_of_number(ordered->text, offset_of(ordered->text, line, column), raw);
    if (ordered->pieces != NULL &&
        begins(raw, "required field is missing: ")) { /* what is behind the } was elsewhere */
        walk_to(&w, table, acti_json_given(ordered, end_before(ordered->text, cursor)));
        if (find_missing(&w, raw)) return say_missing_field(&w, &w.levels[w.depth - 1], raw, error);
        w = (walk){ .text = given };
    }
    walk_to(&w, table, acti_json_given(ordered, cursor));
    raw = enter_nested(&w, table, raw);

    if (find_missing(&w, raw)) return say_missing_field(&w, &w.levels[w.depth - 1], raw, error);
    acta_status status = say_incomplete(&w, raw, error);
    if (status != ACTA_OK) return status;
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

    const char *at = w.token.data != NULL ? w.token.data : given.data;
    if (strstr(raw, "instead got: end of file") != NULL) at = given.data + given.size;
    snprintf(what, sizeof what, "no JSON of %s: %.*s", table->name, (int)strcspn(raw, "\n"), raw);
    return say(&w, at, w.depth, error, what);
}
