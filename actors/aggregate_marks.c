/*
 * Marks of an aggregate.
 *
 *     (tag) of an event     -> the event's tags, as it is appended
 *     (unique) of a state   -> before the events and after: what is other is given free, or claimed, with the events
 *
 * Claims are of a scope for each field, "unique.people.person.email", by the stream that has the value. Of a personal field
 * a keyed digest is claimed, and a row says whose it is, so that forgetting him gives it free.
 */
#include "aggregate_marks.h"

enum { SCOPE_AND_ENDS = ACTA_TABLE_NAME_MAX + 2 };

/* -- tags -- */

static bool
fits_a_tag(acta_str tag)
{
    for (size_t i = 0; i < tag.size; i++)
        if ((unsigned char)tag.data[i] < ' ' || tag.data[i] == 0x7f) return false;
    return tag.size <= ACTA_TAG_MAX && acta_str_is_utf8(tag);
}

static acta_status
add_tag(const acta_mark *mark, const acta_table *event, acta_str value, acta_memory *memory, acta_str *tags,
    uint32_t *count, acta_error *error)
{
    size_t begin = strlen(mark->tag);
    if (value.data == NULL) return ACTA_OK;

    char *text = acta_memory_alloc(memory, begin + 1 + value.size);
    if (text == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the tags of a '%s'", event->name);
    memcpy(text, mark->tag, begin);
    text[begin] = ':';
    memcpy(text + begin + 1, value.data, value.size);
    acta_str tag = acta_str_from(text, begin + 1 + value.size);
    if (fits_a_tag(tag) && *count < ACTA_TAG_COUNT_MAX) {
        tags[(*count)++] = tag;
        return ACTA_OK;
    }
    if (*count == ACTA_TAG_COUNT_MAX)
        acta_error_set(error, ACTA_INVALID, "a '%s' has more than %d tags", event->name, ACTA_TAG_COUNT_MAX);
    else
        acta_error_set(error, ACTA_INVALID,
            "field %s of %s makes no tag: %zu bytes with '%s:', of at most %d without control characters", mark->field,
            event->name, tag.size, mark->tag, ACTA_TAG_MAX);
    if (error != NULL) snprintf(error->where, sizeof error->where, "%s", mark->field);
    return ACTA_INVALID;
}

acta_status
acti_event_tags(const acta_table *event, const void *value, acta_memory *memory, const acta_str **tags_out,
    uint32_t *count_out, acta_error *error)
{
    acta_str *tags = NULL;
    acta_status status = ACTA_OK;
    uint32_t count = 0;

    for (uint32_t i = 0; i < event->mark_count && status == ACTA_OK; i++) {
        const acta_mark *mark = &event->marks[i];
        const void *field = (const char *)value + mark->offset;
        acta_str_vector several = { .count = 0 };
        if ((mark->what & ACTA_MARK_TAG) == 0) continue;
        if (tags == NULL) tags = acta_memory_alloc(memory, ACTA_TAG_COUNT_MAX * sizeof *tags);
        if (tags == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for tags");
        if (mark->kind == ACTA_FIELD_STRING)
            status = add_tag(mark, event, *(const acta_str *)field, memory, tags, &count, error);
        else
            memcpy(&several, field, sizeof several);
        for (uint32_t k = 0; k < several.count && status == ACTA_OK; k++)
            status = add_tag(mark, event, acta_str_vector_at(several, k), memory, tags, &count, error);
    }
    *tags_out = tags;
    *count_out = count;
    return status;
}

/* -- unique values -- */

static acti_table_name
scope_of(const acta_table *state, const acta_mark *mark)
{
    char name[ACTA_TYPE_NAME_MAX];

    snprintf(name, sizeof name, "%s.%s", state->name, mark->field);
    return acti_table_name_of("unique.", name, "");
}

static acta_status
no_memory(const acti_aggregate_actor *a, acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for what '" ACTA_FMT "' claims", ACTA_ARG(a->stream));
}

/* subject | 0 | scope | 0 | value */
static acta_bytes
row_of(acta_str subject, const char *scope, acta_bytes value, acta_memory *memory)
{
    size_t scope_size = strlen(scope) + 1, size = subject.size + 1 + scope_size + value.size;
    uint8_t *bytes = acta_memory_alloc(memory, size);
    if (bytes == NULL) return acta_bytes_from(NULL, 0);

    memcpy(bytes, subject.data, subject.size);
    memcpy(bytes + subject.size + 1, scope, scope_size);
    memcpy(bytes + subject.size + 1 + scope_size, value.data, value.size);
    return acta_bytes_from(bytes, size);
}

static acta_status
take_personal(acti_aggregate_actor *a, const acta_mark *mark, acta_str text, acti_unique *unique, uint32_t index,
    acta_error *error)
{
    const acta_table *state = a->aggregate->code->state;
    acta_str subject = *(const acta_str *)(const void *)((const char *)a->value + mark->subject_offset);
    acti_table_name scope = scope_of(state, mark);
    acta_key common;

    if (subject.size == 0 || a->app->keys.common == NULL)
        return acta_error_set(error, ACTA_INVALID, "unique field %s of %s is personal, and has no %s", mark->field,
            state->name, subject.size == 0 ? "subject" : "keys");
    acta_status status = a->app->keys.common(a->app->keys.user, &common, error);
    if (status != ACTA_OK) return status;
    acta_digest digest = acta_keyed_digest_of(&common, acta_str_bytes(text));
    acta_key_wipe(&common);
    uint8_t *copy = acta_memory_alloc(unique->memory, sizeof digest.bytes);
    if (copy == NULL) return no_memory(a, error);
    memcpy(copy, digest.bytes, sizeof digest.bytes);
    unique->values[index] = acta_bytes_from(copy, sizeof digest.bytes);
    unique->rows[index] = row_of(subject, scope.text, unique->values[index], unique->memory);
    return unique->rows[index].data != NULL ? ACTA_OK : no_memory(a, error);
}

static acta_status
take_one(acti_aggregate_actor *a, const acta_mark *mark, acti_unique *unique, uint32_t index, acta_error *error)
{
    acta_str text = *(const acta_str *)(const void *)((const char *)a->value + mark->offset);
    enum { VALUE_MAX = ACTA_KEY_MAX - SCOPE_AND_ENDS };

    if (text.size == 0 || acta_is_forgotten(text)) return ACTA_OK;
    if ((mark->what & ACTA_MARK_PERSONAL) != 0) return take_personal(a, mark, text, unique, index, error);
    if (text.size > VALUE_MAX)
        return acta_error_set(error, ACTA_INVALID, "unique field %s of %s has %zu bytes, at most %d are allowed",
            mark->field, a->aggregate->code->state->name, text.size, VALUE_MAX);
    char *copy = acta_memory_alloc(unique->memory, text.size);
    if (copy == NULL) return no_memory(a, error);
    memcpy(copy, text.data, text.size);
    unique->values[index] = acta_bytes_from(copy, text.size);
    return ACTA_OK;
}

acta_status
acti_unique_take(acti_aggregate_actor *a, acti_unique *unique, acta_error *error)
{
    const acta_table *state = a->aggregate->code->state;
    acta_status status = ACTA_OK;

    *unique = (acti_unique){ .memory = NULL };
    for (uint32_t i = 0; i < state->mark_count && status == ACTA_OK; i++) {
        if ((state->marks[i].what & ACTA_MARK_UNIQUE) == 0) continue;
        if (unique->memory == NULL) {
            acta_allocator allocator = acti_allocator_over(a->memory); /* goes with the actor, also when it fails */
            unique->memory = acta_memory_create(&allocator);
            if (unique->memory == NULL) return no_memory(a, error);
            unique->values = acta_memory_alloc(unique->memory, state->mark_count * sizeof *unique->values);
            unique->rows = acta_memory_alloc(unique->memory, state->mark_count * sizeof *unique->rows);
        }
        status = unique->values != NULL && unique->rows != NULL ? take_one(a, &state->marks[i], unique, i, error)
                                                                : no_memory(a, error);
    }
    return status;
}

void
acti_unique_free(acti_unique *unique)
{
    acta_memory_destroy(unique->memory);
    unique->memory = NULL;
}

static bool
is_same(acta_bytes a, acta_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Nobody else has it, as far as is durable; the rest is for the committer to see. */
static acta_status
check_free(const acti_aggregate_actor *a, const acta_mark *mark, const char *scope, acta_bytes value,
    acta_memory *memory, acta_error *error)
{
    acta_str owner;
    acta_status status = acta_store_claimed_by(a->app->store, scope, value, memory, &owner, error);

    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK || acta_str_equal(owner, a->stream)) return status;
    acta_error_set(error, ACTA_ALREADY_EXISTS, "the %s of '" ACTA_FMT "' is taken by '" ACTA_FMT "'", mark->field,
        ACTA_ARG(a->stream), ACTA_ARG(owner));
    if (error != NULL) snprintf(error->where, sizeof error->where, "%s", mark->field);
    return ACTA_ALREADY_EXISTS;
}

static acta_status
claim_changes(acti_aggregate_actor *a, const acti_unique *before, const acti_unique *after, acta_error *error)
{
    const acta_table *state = a->aggregate->code->state;
    static const acta_bytes nothing;

    for (uint32_t i = 0; i < state->mark_count; i++) {
        const acta_mark *mark = &state->marks[i];
        if ((mark->what & ACTA_MARK_UNIQUE) == 0 || is_same(before->values[i], after->values[i])) continue;
        acti_table_name scope = scope_of(state, mark);
        if (after->values[i].data != NULL) {
            acta_status status = check_free(a, mark, scope.text, after->values[i], after->memory, error);
            if (status != ACTA_OK) return status;
            acta_transaction_claim(a->work->transaction, scope.text, after->values[i], a->stream);
        }
        if (after->rows[i].data != NULL)
            acta_transaction_put(a->work->transaction, ACTA_PERSONAL_CLAIMS, after->rows[i], nothing);
        if (before->values[i].data != NULL)
            acta_transaction_release(a->work->transaction, scope.text, before->values[i]);
        if (before->rows[i].data != NULL)
            acta_transaction_delete(a->work->transaction, ACTA_PERSONAL_CLAIMS, before->rows[i]);
    }
    return ACTA_OK;
}

acta_status
acti_unique_claim(acti_aggregate_actor *a, const acti_unique *before, acta_error *error)
{
    acti_unique after;
    if (before->memory == NULL) return ACTA_OK;

    acta_status status = acti_unique_take(a, &after, error);
    if (status == ACTA_OK) status = claim_changes(a, before, &after, error);
    acti_unique_free(&after);
    return status;
}
