/*
 * JSON in the order in which the official parser reads unions right. It keeps the types that it has seen sorted by their
 * fields, and takes the last one of the same union for a value: another's, when two fields have one union and the value of
 * the first comes later; and of vectors of unions it wants the types first. JSON has no order, so any is put right here:
 *
 *     {"b_type": "Card", "b": {…}, "a": {…}, "a_type": "Cash"}   -->   {"a_type": "Cash", "a": {…}, "b_type": "Card", "b": {…}}
 *
 * Two walks: the first only looks, and most texts need no more. What the parser would take for something else (a union
 * without its type, a type without its value, a number that no member has) is refused here, with its path.
 *
 * Text that is no JSON is never judged here: both walks end, and the parser gets what was given.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_text.h"

enum { DEPTH_MAX = 2 * ACTA_BUFFER_DEPTH_MAX + 2, SHOWN_MAX = 40 };

typedef struct member {
    acta_str key;
    size_t from, value, end; /* of the key with its quotes, of the value, and behind that */
    const acta_field *field;
    bool is_type;
    uint32_t order;
} member;

typedef struct orderer {
    acta_str text;
    const acta_table *root;
    acta_memory *memory;
    acta_error *error;
    acta_status status;
    uint32_t depth;
    bool is_broken;         /* it is no JSON, or has what no table has */
    bool needs_order;       /* some object has another order */
    acti_json_ordered *out; /* NULL: only look */
} orderer;

/* -- tokens -- */

bool
acti_json_token(acta_str text, size_t *at, acta_str *token_out)
{
    size_t i = *at, end = text.size;

    while (i < end && strchr(" \t\r\n", text.data[i]) != NULL)
        i++;
    size_t from = i;
    if (from == end) {
        *at = end;
        return false;
    }
    if (strchr("{}[]:,", text.data[from]) != NULL) {
        i++;
    } else if (text.data[from] == '"') {
        for (i++; i < end && text.data[i] != '"'; i++) {
            if (text.data[i] == '\\' && i + 1 < end) i++;
        }
        if (i < end) i++;
    } else {
        while (i < end && strchr(" \t\r\n{}[]:,\"", text.data[i]) == NULL)
            i++;
    }
    *token_out = acta_str_from(text.data + from, i - from);
    *at = i;
    return true;
}

static bool
is_token(acta_str token, char one)
{
    return token.size == 1 && token.data[0] == one;
}

/* Where the next token begins; the text's end when there is none. */
static size_t
token_begin(acta_str text, size_t at)
{
    acta_str token;
    return acti_json_token(text, &at, &token) ? (size_t)(token.data - text.data) : text.size;
}

/* Behind the value that begins at or after `at`; 0: there is none. */
static size_t
value_end(acta_str text, size_t at)
{
    size_t open = 0;
    acta_str token;

    do {
        if (!acti_json_token(text, &at, &token)) return 0;
        if (is_token(token, '{') || is_token(token, '[')) open++;
        if (is_token(token, '}') || is_token(token, ']')) {
            if (open == 0) return 0;
            open--;
        } else if (open == 0 && (is_token(token, ',') || is_token(token, ':')))
            return 0;
    } while (open != 0);
    return at;
}

/* The next member of the object whose `{` or `,` is before *at. False: none, or it is broken; *at is behind what was read. */
static bool
next_member(acta_str text, size_t *at, member *out)
{
    acta_str token;

    *out = (member){ .from = token_begin(text, *at) };
    if (!acti_json_token(text, at, &token) || token.size < 2 || token.data[0] != '"') return false;
    out->key = acta_str_from(token.data + 1, token.size - 2);
    if (!acti_json_token(text, at, &token) || !is_token(token, ':')) return false;
    out->value = token_begin(text, *at);
    out->end = value_end(text, *at);
    *at = out->end;
    return out->end != 0;
}

/* -- fields and unions -- */

static const acta_field *
field_called(const acta_table *table, acta_str name)
{
    for (uint32_t i = 0; table != NULL && i < table->field_count; i++) {
        if (acta_str_equal(acta_str_of(table->fields[i].name), name)) return &table->fields[i];
    }
    return NULL;
}

const acta_field *
acti_json_field(const acta_table *table, acta_str key, bool *is_type_out)
{
    static const char ending[] = "_type";
    size_t size = sizeof ending - 1;
    const acta_field *field = field_called(table, key);

    *is_type_out = false;
    if (field != NULL || key.size <= size || memcmp(key.data + key.size - size, ending, size) != 0) return field;
    field = field_called(table, acta_str_from(key.data, key.size - size));
    if (field == NULL || !acti_is_union(field)) return NULL;
    *is_type_out = true;
    return field;
}

const acta_union_member *
acti_json_member(const acta_union *of, acta_str token)
{
    if (token.size == 0) return NULL;
    bool is_name = token.size >= 2 && token.data[0] == '"';
    acta_str name = is_name ? acta_str_from(token.data + 1, token.size - 2) : token;
    char digits[8] = "";

    for (uint32_t i = 0; i < of->member_count; i++) {
        if (is_name && acta_str_equal(acta_str_of(of->members[i].name), name)) return &of->members[i];
        snprintf(digits, sizeof digits, "%d", (int)of->members[i].number);
        if (!is_name && acta_str_equal(acta_str_of(digits), name)) return &of->members[i];
    }
    return NULL;
}

static bool
says_none(acta_str token)
{
    return acta_str_equal(token, acta_str_of("\"NONE\"")) || acta_str_equal(token, acta_str_of("0"));
}

bool
acti_json_next_item(acta_str text, size_t *at, acta_str *item_out)
{
    acta_str token;

    if (!acti_json_token(text, at, &token) || (!is_token(token, '[') && !is_token(token, ','))) return false;
    size_t from = token_begin(text, *at), end = value_end(text, *at);
    if (end == 0) return false;
    *item_out = acta_str_from(text.data + from, end - from);
    *at = end;
    return true;
}

size_t
acti_json_type_at(acta_str text, size_t object, const acta_field *field)
{
    size_t at = object, name_size = strlen(field->name);
    acta_str token;
    member one;

    if (!acti_json_token(text, &at, &token) || !is_token(token, '{')) return text.size;
    while (next_member(text, &at, &one)) {
        if (one.key.size == name_size + 5 && memcmp(one.key.data, field->name, name_size) == 0 &&
            memcmp(one.key.data + name_size, "_type", 5) == 0)
            return one.value;
        if (!acti_json_token(text, &at, &token) || !is_token(token, ',')) break;
    }
    return text.size;
}

void
acti_json_put_members(const acta_union *of, char *out, size_t size)
{
    int used = snprintf(out, size, "one of");

    for (uint32_t i = 0; i < of->member_count && used > 0 && (size_t)used < size; i++)
        used += snprintf(out + used, size - (size_t)used, "%s %s", i > 0 ? "," : "", of->members[i].name);
}

/* -- what is refused here -- */

static void ACTA_PRINTF(3, 4) complain(orderer *o, size_t at, const char *format, ...)
{
    char what[ACTA_ERROR_TEXT_MAX];
    va_list arguments;

    if (o->status != ACTA_OK || o->is_broken) return;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    o->status = acti_json_say(o->root, o->text, at, what, o->error);
}

static int
shown_size(acta_str token)
{
    return token.size > SHOWN_MAX ? SHOWN_MAX : (int)token.size;
}

static acta_str
token_at(const orderer *o, size_t at)
{
    acta_str token = { NULL, 0 };
    acti_json_token(o->text, &at, &token);
    return token;
}

/* A number that the parser would take for a member, and we would read as none. */
static void
check_type(orderer *o, const acta_field *field, acta_str token, bool may_be_none)
{
    char members[192];
    bool is_name = token.size > 0 && token.data[0] == '"';

    if (acti_json_member(field->variants, token) != NULL) return;
    if (says_none(token) ? may_be_none : is_name) return; /* of a name that isn't there the parser tells */
    acti_json_put_members(field->variants, members, sizeof members);
    complain(o, (size_t)(token.data - o->text.data), "must be %s, not %.*s", members, shown_size(token), token.data);
}

static void
check_value(orderer *o, const acta_union_member *chosen, size_t at)
{
    acta_str token = token_at(o, at);
    bool is_string = chosen->table == NULL;

    if (token.size == 0 || token.data[0] == (is_string ? '"' : '{')) return;
    if (!is_string && acti_is_struct(chosen->table) && token.data[0] == '[') return;
    complain(o, at, "must be %s, as its type says, not %.*s", is_string ? "a string in quotes" : "an object in { }",
        shown_size(token), token.data);
}

static uint32_t
count_items(const orderer *o, size_t at)
{
    uint32_t count = 0;
    acta_str item;

    while (acti_json_next_item(o->text, &at, &item))
        count++;
    return count;
}

static void
check_union_vector(orderer *o, const member *type, const member *value)
{
    size_t type_at = type->value, value_at = value->value;
    acta_str token, given;

    if (token_at(o, type_at).data[0] != '[' || token_at(o, value_at).data[0] != '[') return;
    uint32_t types = count_items(o, type_at), values = count_items(o, value_at);
    if (types != values) {
        complain(o, value_at, "has %u values, and %s_type has %u: each value needs its type", (unsigned)values,
            value->field->name, (unsigned)types);
        return;
    }
    while (o->status == ACTA_OK && acti_json_next_item(o->text, &type_at, &token) &&
           acti_json_next_item(o->text, &value_at, &given)) {
        const acta_union_member *chosen = acti_json_member(value->field->variants, token);
        check_type(o, value->field, token, false);
        if (chosen != NULL) check_value(o, chosen, (size_t)(given.data - o->text.data));
    }
}

/* `type`, `value`: NULL when the object has none. */
static void
check_union(orderer *o, const acta_field *field, const member *type, const member *value)
{
    char members[192];

    if (type == NULL && value == NULL) return;
    acti_json_put_members(field->variants, members, sizeof members);
    if (type == NULL) {
        complain(o, value->value, "needs its type: add '%s_type', %s", field->name, members);
        return;
    }
    acta_str token = token_at(o, type->value);
    if (value == NULL) {
        uint32_t count = count_items(o, type->value);
        if (field->kind == ACTA_FIELD_UNION_VECTOR && count > 0)
            complain(o, type->value, "has %u types, but there is no '%s'", (unsigned)count, field->name);
        else if (field->kind == ACTA_FIELD_UNION && !says_none(token))
            complain(o, type->value, "is %.*s, but there is no '%s'", shown_size(token), token.data, field->name);
    } else if (field->kind == ACTA_FIELD_UNION_VECTOR) {
        check_union_vector(o, type, value);
    } else {
        const acta_union_member *chosen = acti_json_member(field->variants, token);
        check_type(o, field, token, true);
        if (chosen != NULL) check_value(o, chosen, value->value);
        if (says_none(token))
            complain(o, value->value, "has a value, but %s_type says that there is none", field->name);
    }
}

static void
check_bool(orderer *o, const acta_field *field, size_t at)
{
    acta_str token = token_at(o, at);
    bool is_bool =
        field->kind == ACTA_FIELD_BOOL || (field->kind == ACTA_FIELD_VECTOR && field->element == ACTA_FIELD_BOOL);

    if (!is_bool || token.size == 0 || strchr("-0123456789", token.data[0]) == NULL) return;
    if (token.size == 1 && (token.data[0] == '0' || token.data[0] == '1')) return;
    complain(o, at, "must be true or false, not %.*s", shown_size(token), token.data);
}

/* The parser takes what is in a buffer by its text alone. */
static void
check_nested(orderer *o, const acta_field *field, size_t at)
{
    acta_str token = token_at(o, at);

    if ((field->flags & ACTA_FIELD_NESTED) == 0 || token.size == 0 || token.data[0] == '{') return;
    complain(o, at, "must be an object in { }, not %.*s", shown_size(token), token.data);
}

/* -- putting out -- */

static bool
note_piece(orderer *o, size_t given, size_t size)
{
    acti_json_ordered *out = o->out;
    acti_json_piece *last = out->piece_count > 0 ? &out->pieces[out->piece_count - 1] : NULL;

    if (last != NULL && last->given + last->size == given && last->at + last->size == out->text.size) {
        last->size += size;
        return true;
    }
    if (out->pieces == NULL || out->piece_count == out->piece_room) {
        size_t room = out->piece_room * 2 + 16;
        acti_json_piece *wider = acta_memory_alloc(o->memory, room * sizeof *wider);
        if (wider == NULL) return false;
        if (out->piece_count > 0) memcpy(wider, out->pieces, out->piece_count * sizeof *wider);
        out->pieces = wider;
        out->piece_room = room;
    }
    out->pieces[out->piece_count++] = (acti_json_piece){ out->text.size, given, size };
    return true;
}

static void
put(orderer *o, size_t from, size_t to)
{
    if (o->out == NULL || o->status != ACTA_OK || from >= to) return;
    if (!note_piece(o, from, to - from)) {
        o->status = acta_error_set(o->error, ACTA_NO_MEMORY, "no memory for JSON");
        return;
    }
    char *text = (char *)(uintptr_t)o->out->text.data; /* it is ours until it is whole */
    memcpy(text + o->out->text.size, o->text.data + from, to - from);
    o->out->text.size += to - from;
}

/* It is of no piece: a place behind it is that of the end of the one before. */
static void
put_comma(orderer *o)
{
    if (o->out == NULL || o->status != ACTA_OK) return;
    ((char *)(uintptr_t)o->out->text.data)[o->out->text.size++] = ',';
}

/* -- objects and lists -- */

static void order_value(orderer *o, const acta_table *table, const acta_field *field, size_t types, acta_str value);

static acta_str
part(const orderer *o, size_t from, size_t to)
{
    return acta_str_from(o->text.data + from, to - from);
}

/* `types`: where the types of a vector of unions are. */
static void
order_list(orderer *o, const acta_field *field, size_t types, size_t from, size_t to)
{
    size_t at = from, done = from;
    acta_str item, type;

    while (acti_json_next_item(o->text, &at, &item)) {
        const acta_table *table = field->table;
        size_t begin = (size_t)(item.data - o->text.data);
        if (acti_is_union(field)) {
            bool is_known = acti_json_next_item(o->text, &types, &type);
            const acta_union_member *chosen = is_known ? acti_json_member(field->variants, type) : NULL;
            table = chosen != NULL ? chosen->table : NULL;
        }
        put(o, done, begin);
        check_bool(o, field, begin);
        order_value(o, table, NULL, 0, item);
        done = at;
    }
    put(o, done, to);
}

/* Each member once, and no more than the table has: else it is the parser's to say so. */
static member *
read_members(orderer *o, const acta_table *table, size_t from, size_t to, uint32_t *count_out)
{
    uint32_t room = 2 * table->field_count + 1, count = 0;
    member *members = acta_memory_alloc(o->memory, room * sizeof *members);
    size_t at = from + 1;
    acta_str token;

    *count_out = 0;
    if (members == NULL) {
        o->status = acta_error_set(o->error, ACTA_NO_MEMORY, "no memory for JSON");
        return NULL;
    }
    if (token_begin(o->text, at) == to - 1) return members;
    do {
        if (count == room || !next_member(o->text, &at, &members[count])) {
            o->is_broken = true;
            return NULL;
        }
        member *one = &members[count];
        one->field = acti_json_field(table, one->key, &one->is_type);
        bool is_union = one->field != NULL && acti_is_union(one->field);
        one->order = is_union ? room + 2 * (uint32_t)one->field->id + !one->is_type : count;
        count++;
    } while (acti_json_token(o->text, &at, &token) && is_token(token, ','));
    *count_out = count;
    return members;
}

static const member *
find_member(const member *members, uint32_t count, const acta_field *field, bool is_type)
{
    for (uint32_t i = 0; i < count; i++) {
        if (members[i].field == field && members[i].is_type == is_type) return &members[i];
    }
    return NULL;
}

static int
by_order(const void *one, const void *other)
{
    uint32_t a = ((const member *)one)->order, b = ((const member *)other)->order;
    return (a > b) - (a < b);
}

/* Is a union's type or value behind what comes after it? */
static bool
is_out_of_order(const member *members, uint32_t count)
{
    uint32_t newest = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (members[i].field == NULL || !acti_is_union(members[i].field)) continue;
        if (members[i].order < newest) return true;
        newest = members[i].order;
    }
    return false;
}

/* What an object in this member is; for a vector of unions, where its types are. */
static const acta_table *
table_of(const orderer *o, const member *one, const member *members, uint32_t count, size_t *types_out)
{
    *types_out = o->text.size;
    if (one->field == NULL || one->is_type || !acti_is_union(one->field))
        return one->field != NULL ? one->field->table : NULL;
    const member *type = find_member(members, count, one->field, true);
    if (type != NULL) *types_out = type->value;
    if (type == NULL || one->field->kind == ACTA_FIELD_UNION_VECTOR) return NULL;
    const acta_union_member *chosen = acti_json_member(one->field->variants, token_at(o, type->value));
    return chosen != NULL ? chosen->table : NULL;
}

/* The object from its { on. Moved ones have a comma between them and no spaces. */
static void
put_members(orderer *o, const member *members, uint32_t count, bool is_moved, size_t from, size_t to)
{
    size_t done = from, types;

    if (is_moved) put(o, from, from + 1);
    for (uint32_t i = 0; i < count && o->status == ACTA_OK && !o->is_broken; i++) {
        const member *one = &members[i];
        if (is_moved && i > 0) put_comma(o);
        put(o, is_moved ? one->from : done, one->value);
        const acta_table *table = table_of(o, one, members, count, &types);
        const acta_field *field = one->is_type ? NULL : one->field;
        if (field != NULL) check_bool(o, field, one->value);
        if (field != NULL) check_nested(o, field, one->value);
        order_value(o, table, field, types, part(o, one->value, one->end));
        done = one->end;
    }
    put(o, is_moved ? to - 1 : done, to);
}

static void
order_object(orderer *o, const acta_table *table, size_t from, size_t to)
{
    uint32_t count;
    member *members = read_members(o, table, from, to, &count);

    for (uint32_t i = 0; i < table->field_count && members != NULL; i++) {
        const acta_field *field = &table->fields[i];
        if (!acti_is_union(field)) continue;
        check_union(o, field, find_member(members, count, field, true), find_member(members, count, field, false));
    }
    if (members != NULL && o->status == ACTA_OK && !o->is_broken) {
        bool is_moved = is_out_of_order(members, count);
        o->needs_order = o->needs_order || is_moved;
        if (is_moved) qsort(members, count, sizeof *members, by_order);
        put_members(o, members, count, is_moved, from, to);
    }
    acta_memory_free(o->memory, members);
}

/* `field`: NULL for an item of a list. */
static void
order_value(orderer *o, const acta_table *table, const acta_field *field, size_t types, acta_str value)
{
    size_t from = (size_t)(value.data - o->text.data), to = from + value.size;

    if (o->status != ACTA_OK || o->is_broken) return;
    if (o->depth == DEPTH_MAX) {
        o->is_broken = true;
        return;
    }
    o->depth++;
    if (value.data[0] == '{' && table != NULL)
        order_object(o, table, from, to);
    else if (value.data[0] == '[' && field != NULL)
        order_list(o, field, types, from, to);
    else
        put(o, from, to);
    o->depth--;
}

acta_status
acti_json_order(const acta_table *table, acta_str text, acta_memory *memory, acti_json_ordered *out, acta_error *error)
{
    orderer o = { .text = text, .root = table, .memory = memory, .error = error };
    size_t from = token_begin(text, 0), to = value_end(text, 0);

    *out = (acti_json_ordered){ .text = text };
    if (to == 0 || text.data[from] != '{') return ACTA_OK;
    order_value(&o, table, NULL, 0, part(&o, from, to));
    if (o.status != ACTA_OK || o.is_broken || !o.needs_order) return o.status;

    char *room = acta_memory_alloc(memory, text.size + 1); /* nothing but order changes, and what is between members */
    if (room == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for JSON");
    out->text = acta_str_from(room, 0);
    o.out = out;
    put(&o, 0, from);
    order_value(&o, table, NULL, 0, part(&o, from, to));
    put(&o, to, text.size);
    if (o.is_broken) *out = (acti_json_ordered){ .text = text };
    return o.status;
}

size_t
acti_json_given(const acti_json_ordered *ordered, size_t end)
{
    const acti_json_piece *piece = ordered->pieces;

    if (piece == NULL || end == 0) return end;
    for (size_t i = 1; i < ordered->piece_count && ordered->pieces[i].at < end; i++)
        piece = &ordered->pieces[i];
    size_t within = end - piece->at;
    return piece->given + (within < piece->size ? within : piece->size);
}
