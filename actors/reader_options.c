/*
 * Options of readers: what they must be, and the key that they choose.
 *
 *     kind's own key (an instance of a process manager)  or  partition(event)  or  a field of the event  or  its stream
 */
#include "reader.h"

/* -- what they must be -- */

static bool
has_lanes(const acta_reader_options *o)
{
    return o->concurrency > 1 || o->batch_size > 1 || o->batch_timeout_ms != 0 || o->handle_batch != NULL;
}

static bool
is_handlers_alone(const acta_reader_options *o)
{
    return has_lanes(o) || o->state_size != 0 || o->init != NULL || o->after_start != NULL || o->before_reset != NULL;
}

/* `whose`: "reader 'mailer'". */
static acta_status
check_failing(const char *whose, const acta_retry_backoff *b, acta_failure_then then, acta_error *error)
{
    bool is_factor = b->factor_percent == 0 || (b->factor_percent >= 100 && b->factor_percent <= 10000);

    if (!is_factor || b->jitter_percent < ACTA_NO_JITTER || b->jitter_percent > 100)
        return acta_error_set(error, ACTA_INVALID,
            "%s: backoff.factor_percent is 100 to 10000, jitter_percent 1 to 100, 0, or ACTA_NO_JITTER", whose);
    if ((unsigned)then <= ACTA_THEN_STOP) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "%s: then is %d; ACTA_THEN_… are expected", whose, (int)then);
}

acta_status
acti_error_default_check(const acta_error_default *d, acta_error *error)
{
    return check_failing("on_handler_error", &d->backoff, d->then, error);
}

acta_status
acti_reader_then_check(const char *name, acta_failure_then then, acta_error *error)
{
    char whose[ACTI_READER_ACTOR_NAME_MAX + 2];

    snprintf(whose, sizeof whose, "reader '%s'", name);
    return check_failing(whose, &(acta_retry_backoff){ .first_ms = 0 }, then, error);
}

acta_status
acti_reader_options_check(
    const char *name, const acta_reader_options *o, uint32_t window, bool is_projection, acta_error *error)
{
    char whose[ACTI_READER_ACTOR_NAME_MAX + 2];
    if (o == NULL) return ACTA_OK;

    snprintf(whose, sizeof whose, "reader '%s'", name);
    if (is_projection && is_handlers_alone(o))
        return acta_error_set(error, ACTA_INVALID,
            "projection '%s': concurrency, batches, state and callbacks of its life are for event handlers", name);
    if (o->concurrency > ACTA_CONCURRENCY_MAX || o->batch_size > ACTA_BATCH_SIZE_MAX)
        return acta_error_set(error, ACTA_INVALID,
            "event handler '%s': concurrency %" PRIu32 " and batch_size %" PRIu32 ", at most %d and %d are allowed",
            name, o->concurrency, o->batch_size, ACTA_CONCURRENCY_MAX, ACTA_BATCH_SIZE_MAX);
    if (window != 0 && o->batch_size > window)
        return acta_error_set(error, ACTA_INVALID,
            "event handler '%s': batches of %" PRIu32 " events in a window of %" PRIu32
            " are never full; raise the window, or leave it out",
            name, o->batch_size, window);
    if (o->partition != NULL && o->partition_field != NULL)
        return acta_error_set(error, ACTA_INVALID, "reader '%s': keep one of .partition and .partition_field", name);
    return check_failing(whose, &o->backoff, o->then, error);
}

static const acta_field *
find_field(const acta_table *table, const char *name)
{
    for (uint32_t i = 0; i < table->field_count; i++)
        if (strcmp(table->fields[i].name, name) == 0) return &table->fields[i];
    return NULL;
}

acta_status
acti_partition_check(const acti_reader *reader, uint32_t event, acta_error *error)
{
    const char *name = reader->options->partition_field;
    const acta_table *table = reader->events[event];
    if (name == NULL) return ACTA_OK;

    const acta_field *field = find_field(table, name);
    if (field != NULL && field->kind == ACTA_FIELD_STRING) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "reader '%s': '%s' has no string '%s' to be partitioned by; take another field, or .partition", reader->name,
        table->name, name);
}

/* -- the key -- */

static acta_str
field_of(acti_reader_actor *r, const acti_item *item)
{
    const acta_table *table = r->reader->events[item->event];
    const acta_field *field = find_field(table, r->reader->options->partition_field);
    acta_str key = { NULL, 0 };

    if (field == NULL) return key; /* of an event that it isn't interested in */
    if (r->key_memory == NULL) r->key_memory = acta_memory_create(&r->allocator);
    if (r->key_memory == NULL) acta_fail(r->self, "reader '%s': no memory for a key", r->reader->name);
    acta_memory_clear(r->key_memory);
    uint8_t *value = acta_memory_alloc(r->key_memory, table->struct_size);
    if (value == NULL) acta_fail(r->self, "reader '%s': no memory for a key", r->reader->name);
    table->read(item->recorded.payload, value);
    memcpy(&key, value + field->offset, sizeof key);
    return key;
}

acta_str
acti_reader_key(acti_reader_actor *r, const acti_item *item)
{
    const acta_reader_options *options = r->reader->options;
    acta_str key = { NULL, 0 };

    if (r->reader->kind->key != NULL) return r->reader->kind->key(r, item);
    if (options->partition != NULL)
        key = options->partition(acti_user_of(r->reader), &item->recorded);
    else if (options->partition_field != NULL)
        key = field_of(r, item);
    return key.size > 0 ? key : item->recorded.stream;
}
