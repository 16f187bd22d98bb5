/*
 * Differences: two values of a table as JSON, read side by side. What was printed by acta_schema_print needs no parser that
 * distrusts it: members and elements are found by skipping over values.
 *
 *     {"balance":1,"lines":[{"sku":"A","n":1}]}
 *     {"balance":2,"lines":[{"sku":"A","n":3},{"sku":"B","n":1}]}
 *
 *     balance: 1 -> 2      lines["A"].n: 1 -> 3      lines["B"]: absent -> {"sku":"B","n":1}
 */
#include "time_travel.h"

#include <stdlib.h>

#include "acta/marks.h"
#include "counters.h"

enum { PATH_MAX_OF_OURS = 4096 };

/* -- texts -- */

static const char *
end_of(acta_str text)
{
    return text.data + text.size;
}

static const char *
skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\') at++;
    return at < end ? at + 1 : end;
}

/* Behind the value that begins at `at`. */
static const char *
skip_value(const char *at, const char *end)
{
    uint32_t depth = 0;

    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            if (depth == 0) return at;
            continue;
        }
        if (*at == '{' || *at == '[') depth++;
        if ((*at == '}' || *at == ']') && depth-- <= 1)
            return depth == 0 ? at + 1 : at; /* of ours, or around a number */
        if (depth == 0 && (*at == ',' || *at == ' ')) return at;
        at++;
    }
    return end;
}

static const char *
skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == ','))
        at++;
    return at;
}

/* The next value of an array or object, from *at on, which begins at 1. */
static bool
next_value(acta_str within, size_t *at, acta_str *name_out, acta_str *value_out)
{
    if (within.data == NULL) return false;
    const char *end = end_of(within), *begin = skip_space(within.data + *at, end);
    bool is_object = within.data[0] == '{';
    if (begin >= end - 1) return false;

    if (is_object) {
        const char *behind = skip_string(begin, end);
        *name_out = acta_str_from(begin + 1, (size_t)(behind - begin) - 2);
        begin = skip_space(behind, end);
        if (begin < end && *begin == ':') begin = skip_space(begin + 1, end);
    }
    const char *behind = skip_value(begin, end);
    *value_out = acta_str_from(begin, (size_t)(behind - begin));
    *at = (size_t)(behind - within.data);
    return true;
}

static bool
begins_with(acta_str text, char c)
{
    return text.data != NULL && text.size > 0 && text.data[0] == c;
}

static acta_str
member_of(acta_str object, acta_str name)
{
    acta_str other, value;
    size_t at = 1;

    while (begins_with(object, '{') && next_value(object, &at, &other, &value))
        if (acta_str_equal(other, name)) return value;
    return acta_str_from(NULL, 0);
}

/* -- the schema -- */

static const acta_field *
field_of(const acta_table *table, acta_str name)
{
    for (uint32_t i = 0; table != NULL && i < table->field_count; i++)
        if (acta_str_equal(acta_str_of(table->fields[i].name), name)) return &table->fields[i];
    return NULL;
}

/* What its tables are sorted by; NULL: nothing, they are told apart by their place. */
static const acta_field *
key_of(const acta_field *vector)
{
    bool has_items =
        vector != NULL && (vector->kind == ACTA_FIELD_TABLE_VECTOR || vector->kind == ACTA_FIELD_STRUCT_VECTOR);

    for (uint32_t i = 0; has_items && i < vector->table->field_count; i++)
        if ((vector->table->fields[i].flags & ACTA_FIELD_KEY) != 0) return &vector->table->fields[i];
    return NULL;
}

/* -- side by side -- */

typedef struct differ {
    acta_memory *memory;
    acta_difference_see *see;
    void *user;
    acta_error *error;
    char path[PATH_MAX_OF_OURS];
    size_t path_size;
} differ;

static acta_status compare(
    differ *d, const acta_table *table, const acta_field *field, acta_str before, acta_str after);

static acta_status
tell(differ *d, acta_str before, acta_str after)
{
    const acta_difference difference = {
        .path = acta_str_from(d->path, d->path_size), .before = before, .after = after
    };
    return d->see(d->user, &difference) ? ACTA_OK : ACTA_STOPPED;
}

/* Adds to the path; returns its size before. A path that is too long ends where it is cut. */
static size_t
enter(differ *d, const char *begin, acta_str step, const char *end)
{
    size_t before = d->path_size, room = sizeof d->path - before;
    int written = snprintf(
        d->path + before, room, "%s" ACTA_FMT "%s", before == 0 && *begin == '.' ? "" : begin, ACTA_ARG(step), end);

    if (written > 0) d->path_size += (size_t)written < room ? (size_t)written : room - 1;
    return before;
}

static acta_status
compare_objects(differ *d, const acta_table *table, acta_str before, acta_str after)
{
    acta_str name, value;
    acta_status status = ACTA_OK;

    for (size_t at = 1; status == ACTA_OK && next_value(before, &at, &name, &value);) {
        const acta_field *field = field_of(table, name);
        size_t size = enter(d, ".", name, "");
        status = compare(d, field != NULL ? field->table : NULL, field, value, member_of(after, name));
        d->path_size = size;
    }
    for (size_t at = 1; status == ACTA_OK && next_value(after, &at, &name, &value);) {
        if (member_of(before, name).data != NULL) continue;
        size_t size = enter(d, ".", name, "");
        status = tell(d, acta_str_from(NULL, 0), value);
        d->path_size = size;
    }
    return status;
}

static acta_status
compare_places(differ *d, const acta_table *item, acta_str before, acta_str after)
{
    acta_status status = ACTA_OK;
    acta_str name, old, new;
    size_t at_old = 1, at_new = 1;

    for (uint32_t i = 0; status == ACTA_OK; i++) {
        char text[16];
        if (!next_value(before, &at_old, &name, &old)) old = acta_str_from(NULL, 0);
        if (!next_value(after, &at_new, &name, &new)) new = acta_str_from(NULL, 0);
        if (old.data == NULL && new.data == NULL) break;
        snprintf(text, sizeof text, "%" PRIu32, i);
        size_t size = enter(d, "[", acta_str_of(text), "]");
        status = compare(d, item, NULL, old, new);
        d->path_size = size;
    }
    return status;
}

/* An element of a vector with keys. */
typedef struct keyed {
    acta_str key, value;
    size_t place;
} keyed;

typedef struct keyed_list {
    keyed *items;
    uint32_t count;
} keyed_list;

static int
by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    size_t size = x->key.size < y->key.size ? x->key.size : y->key.size;
    int order = size > 0 ? memcmp(x->key.data, y->key.data, size) : 0;

    if (order == 0) order = (x->key.size > y->key.size) - (x->key.size < y->key.size);
    return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static bool
list_keyed(acta_str array, const acta_field *key, acta_memory *memory, keyed_list *list_out)
{
    acta_str name, value;
    uint32_t count = 0;

    for (size_t at = 1; next_value(array, &at, &name, &value);)
        count++;
    *list_out = (keyed_list){ .items = acta_memory_alloc(memory, count * sizeof(keyed)), .count = count };
    if (list_out->items == NULL) return false;
    size_t at = 1;
    for (uint32_t i = 0; i < count && next_value(array, &at, &name, &value); i++)
        list_out->items[i] = (keyed){ .key = member_of(value, acta_str_of(key->name)), .value = value, .place = i };
    if (count > 1) qsort(list_out->items, count, sizeof(keyed), by_key);
    return true;
}

static acta_status
compare_keyed(differ *d, const acta_field *vector, const acta_field *key, acta_str before, acta_str after)
{
    keyed_list old, new;
    acta_status status = ACTA_OK;

    if (!list_keyed(before, key, d->memory, &old) || !list_keyed(after, key, d->memory, &new))
        return acta_error_set(d->error, ACTA_NO_MEMORY, "no memory for a difference");
    for (uint32_t i = 0, k = 0; status == ACTA_OK && (i < old.count || k < new.count);) {
        keyed nothing = { .value = { NULL, 0 } };
        keyed x = i < old.count ? old.items[i] : nothing, y = k < new.count ? new.items[k] : nothing;
        x.place = y.place = 0; /* equal keys are equal */
        int order = i == old.count ? 1 : k == new.count ? -1 : by_key(&x, &y);
        if (order <= 0) i++;
        if (order >= 0) k++;
        size_t size = enter(d, "[", order <= 0 ? x.key : y.key, "]");
        status =
            compare(d, vector->table, NULL, order <= 0 ? x.value : nothing.value, order >= 0 ? y.value : nothing.value);
        d->path_size = size;
    }
    acta_memory_free(d->memory, old.items);
    acta_memory_free(d->memory, new.items);
    return status;
}

/* `table`: of what is in it, if it is known; `field`: what it is a value of. */
static acta_status
compare(differ *d, const acta_table *table, const acta_field *field, acta_str before, acta_str after)
{
    if (before.data != NULL && after.data != NULL && acta_str_equal(before, after)) return ACTA_OK;
    if (begins_with(before, '{') && begins_with(after, '{')) return compare_objects(d, table, before, after);
    if (!begins_with(before, '[') || !begins_with(after, '[')) return tell(d, before, after);

    const acta_field *key = key_of(field);
    return key != NULL ? compare_keyed(d, field, key, before, after) : compare_places(d, table, before, after);
}

acta_status
acti_text_diff(const acta_table *table, acta_str before, acta_str after, acta_memory *memory, acta_difference_see *see,
    void *user, acta_error *error)
{
    differ d = { .memory = memory, .see = see, .user = user, .error = error, .path_size = 0 };
    return compare(&d, table, NULL, before, after);
}

/* -- paths -- */

/* One step of a path: a name, or what stands in brackets. */
typedef struct step {
    acta_str text;
    bool is_element;
} step;

/* False: there is none. A step that can't be is an empty name. */
static bool
next_step(acta_str *path, step *step_out)
{
    const char *at = path->data, *end = end_of(*path), *behind;
    if (path->size == 0) return false;

    if (*at == '[') {
        behind = ++at;
        while (behind < end && *behind != ']')
            behind = *behind == '"' ? skip_string(behind, end) : behind + 1;
        *step_out = (step){ .text = acta_str_from(at, (size_t)(behind - at)), .is_element = true };
        if (behind < end) behind++;
    } else {
        if (*at == '.') at++;
        behind = at;
        while (behind < end && *behind != '.' && *behind != '[')
            behind++;
        *step_out = (step){ .text = acta_str_from(at, (size_t)(behind - at)), .is_element = false };
    }
    *path = acta_str_from(behind, (size_t)(end - behind));
    return true;
}

bool
acti_text_is(acta_str text, acta_str written)
{
    if (acta_str_equal(text, written)) return true;
    return text.size == written.size + 2 && text.data[0] == '"' &&
           memcmp(text.data + 1, written.data, written.size) == 0;
}

static acta_str
element_of(acta_str array, const acta_field *vector, acta_str written)
{
    const acta_field *key = key_of(vector);
    acta_str name, value;
    uint32_t place = 0;

    for (size_t at = 1; begins_with(array, '[') && next_value(array, &at, &name, &value); place++) {
        char text[16];
        snprintf(text, sizeof text, "%" PRIu32, place);
        acta_str own = key != NULL ? member_of(value, acta_str_of(key->name)) : acta_str_of(text);
        if (acti_text_is(own, written)) return value;
    }
    return acta_str_from(NULL, 0);
}

acta_str
acti_text_at(const acta_table *table, acta_str text, acta_str path)
{
    const acta_field *field = NULL;
    step s;

    while (text.data != NULL && next_step(&path, &s)) {
        if (s.is_element) {
            text = element_of(text, field, s.text);
            table = field != NULL ? field->table : NULL;
            field = NULL;
        } else {
            text = member_of(text, s.text);
            field = field_of(table, s.text);
            table = field != NULL ? field->table : NULL;
        }
    }
    return text;
}

/* What a table's marks say of a field. */
static unsigned
marks_of(const acta_table *table, acta_str name)
{
    for (uint32_t i = 0; table != NULL && i < table->mark_count; i++)
        if (acta_str_equal(acta_str_of(table->marks[i].field), name)) return table->marks[i].what;
    return 0;
}

bool
acta_path_is_hidden(const acta_table *state, acta_str path)
{
    static const unsigned hidden = ACTA_MARK_PERSONAL | ACTA_MARK_REDACTED;
    const acta_table *table = state;
    step s;

    while (table != NULL && next_step(&path, &s)) {
        if (s.is_element) continue;
        if ((marks_of(table, s.text) & hidden) != 0) return true;
        const acta_field *field = field_of(table, s.text);
        table = field != NULL ? field->table : NULL;
    }
    return table != NULL && acta_table_is_marked(table, hidden);
}

acta_status
acti_path_field(const acta_table *table, acta_str path, const acta_field **field_out, acta_error *error)
{
    acta_str rest = path;
    step s;
    bool has_step = path.data != NULL && next_step(&rest, &s);

    *field_out = has_step && !s.is_element ? field_of(table, s.text) : NULL;
    if (*field_out != NULL) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "'" ACTA_FMT "' is no path in a '%s': it begins with no field of it",
        ACTA_ARG(path), table->name);
}

/* -- values as texts -- */

acta_status
acti_value_text(const acta_table *table, const void *value, const acta_field *only, acta_memory *memory,
    acta_str *text_out, acta_error *error)
{
    uint64_t room[ACTA_STRUCT_SIZE_MAX / sizeof(uint64_t)];
    acta_memory_sink sink = acta_memory_sink_of(memory);

    if (only != NULL) {
        memcpy(room, value, table->struct_size);
        acti_value_keep_only(table, room, only);
        value = room;
    }
    acta_status status = table->write(value, &sink.sink, error);
    if (status != ACTA_OK) return status;
    status = acta_schema_print(table->schema->binary, acta_str_of(table->name), sink.bytes, memory, text_out, error);
    acta_memory_free(memory, (void *)(uintptr_t)sink.bytes.data);
    return status;
}

/* -- for everybody -- */

static acta_status
diff_values(const acta_table *table, const void *before, const void *after, acta_memory *memory,
    acta_difference_see *see, void *user, acta_error *error)
{
    acta_str old, new;
    acta_status status = acti_value_text(table, before, NULL, memory, &old, error);

    if (status == ACTA_OK) status = acti_value_text(table, after, NULL, memory, &new, error);
    if (status == ACTA_OK) status = acti_text_diff(table, old, new, memory, see, user, error);
    return status == ACTA_STOPPED ? ACTA_OK : status;
}

acta_status
acta_value_diff(const acta_table *table, const void *before, const void *after, acta_difference_see *see, void *user,
    acta_error *error)
{
    acta_memory *memory = acta_memory_create(NULL);
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a difference");

    acta_status status = diff_values(table, before, after, memory, see, user, error);
    acta_memory_destroy(memory);
    return status;
}

/* The state at a point as text; that of nothing is the empty state's. */
static acta_status
text_at(acta_history *history, const acta_table *state, acta_str id, acta_point at, acta_memory *memory,
    acta_str *text_out, bool *exists_out, acta_error *error)
{
    acti_travel travel;
    acta_status status = acti_travel_begin(&travel, history, state, id, at, true, error);
    if (status != ACTA_OK) return status;

    status = acti_travel_to_end(&travel, error);
    *exists_out = status == ACTA_OK;
    if (status == ACTA_OK || status == ACTA_NOT_FOUND)
        status = acti_value_text(state, travel.fold.value, NULL, memory, text_out, error);
    acti_travel_end(&travel);
    return status;
}

acta_status
acta_aggregate_diff(acta_history *history, const acta_table *state, acta_str id, acta_point from, acta_point to,
    acta_difference_see *see, void *user, acta_error *error)
{
    ACTI_IN_CALL(history->app);
    acta_memory *memory = acta_memory_create(&history->app->environment.allocator);
    acta_str before, after;
    bool was = false, is = false;
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a difference");

    acta_status status = text_at(history, state, id, from, memory, &before, &was, error);
    if (status == ACTA_OK) status = text_at(history, state, id, to, memory, &after, &is, error);
    if (status == ACTA_OK && !was && !is)
        status = acta_error_set(
            error, ACTA_NOT_FOUND, "'" ACTA_FMT "' of %s had no events at either point", ACTA_ARG(id), state->name);
    if (status == ACTA_OK) status = acti_text_diff(state, before, after, memory, see, user, error);
    acta_memory_destroy(memory);
    return status == ACTA_STOPPED ? ACTA_OK : status;
}
