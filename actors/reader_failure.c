/*
 * Failure: what becomes of an event that could not be worked on.
 *
 *     failed --> error callback --> retry now | after a delay | skip | park | stop
 *            \-> without one: backoff, retry_max times, then park, or stop
 *
 * What is known of a key that is aside (attempts, the callback's context, that it is parked) outlives the actor, so that
 * an event that ends it again and again is counted, and what was parked stays so. It ends with the application: its next
 * start tries everything again.
 */
#include "reader.h"

/* -- what is known -- */

void
acti_tried_init(acti_reader *reader)
{
    acti_map_init(&reader->tried, &reader->app->environment.allocator, reader->app->hash_seed);
}

static acta_str
key_of(const acti_aside *aside)
{
    return acta_str_from(aside->key, aside->key_size);
}

static acti_tried *
find(const acti_reader *reader, acta_str key)
{
    acti_map_node *node = acti_map_find(&reader->tried, key);
    return node != NULL ? ACTI_CONTAINER(node, acti_tried, node) : NULL;
}

acti_tried *
acti_tried_find_at(const acti_reader *reader, acta_str key, uint64_t position)
{
    acti_tried *tried = reader->tried_first != NULL ? find(reader, key) : NULL;
    return tried != NULL && tried->position == position ? tried : NULL;
}

acti_tried *
acti_tried_find(const acti_reader *reader, const acti_aside *aside)
{
    return acti_tried_find_at(reader, key_of(aside), aside->positions.values[aside->first]);
}

static acti_tried *
create(acti_reader *reader, acta_str key)
{
    acti_tried *tried = acti_alloc(reader->app, sizeof *tried + key.size);
    if (tried == NULL) return NULL;

    memset(tried, 0, sizeof *tried);
    tried->key_size = key.size;
    memcpy(tried->key, key.data, key.size);
    tried->next = reader->tried_first;
    if (tried->next != NULL) tried->next->prev = tried;
    reader->tried_first = tried;
    acti_map_add(&reader->tried, &tried->node, acta_str_from(tried->key, key.size));
    return tried;
}

static void
destroy(acti_reader *reader, acti_tried *tried)
{
    if (tried->prev != NULL)
        tried->prev->next = tried->next;
    else
        reader->tried_first = tried->next;
    if (tried->next != NULL) tried->next->prev = tried->prev;
    acti_map_remove(&reader->tried, &tried->node);
    acti_free(reader->app, tried, sizeof *tried + tried->key_size);
}

acti_tried *
acti_tried_keep(acti_reader *reader, const acti_aside *aside)
{
    uint64_t position = aside->positions.values[aside->first];
    acti_tried *tried = find(reader, key_of(aside));

    if (tried == NULL) tried = create(reader, key_of(aside));
    if (tried == NULL) return NULL;
    if (tried->position != position) memset(tried->context, 0, sizeof tried->context);
    tried->position = position;
    tried->attempts = aside->attempts;
    tried->is_parked = aside->is_parked;
    return tried;
}

void
acti_tried_forget(acti_reader *reader, const acti_aside *aside)
{
    acti_tried *tried = find(reader, key_of(aside));
    if (tried != NULL) destroy(reader, tried);
}

void
acti_tried_deinit(acti_reader *reader)
{
    while (reader->tried_first != NULL)
        destroy(reader, reader->tried_first);
    acti_map_deinit(&reader->tried);
}

/* -- waiting -- */

uint32_t
acti_reader_backoff_ms(const acti_reader *reader, uint32_t attempt)
{
    const acta_retry_backoff *b = &reader->backoff;
    const acta_environment *environment = &reader->app->environment;
    uint64_t delay_ms = b->first_ms != 0 ? b->first_ms : ACTI_RETRY_FIRST_MS,
             max_ms = b->max_ms != 0 ? b->max_ms : ACTI_RETRY_MAX_MS;
    uint64_t factor = b->factor_percent != 0 ? b->factor_percent : ACTI_RETRY_FACTOR_PERCENT;
    uint64_t jitter = b->jitter_percent == 0  ? ACTI_RETRY_JITTER_PERCENT
                      : b->jitter_percent > 0 ? (uint64_t)b->jitter_percent
                                              : 0;
    uint32_t draw;

    for (uint32_t i = 1; i < attempt && delay_ms < max_ms && factor > 100; i++)
        delay_ms = delay_ms * factor / 100 + (delay_ms * factor % 100 != 0);
    if (delay_ms > max_ms) delay_ms = max_ms;
    uint64_t span_ms = delay_ms * jitter / 100;
    if (span_ms == 0) return (uint32_t)delay_ms;
    environment->random.fill(environment->random.user, &draw, sizeof draw);
    delay_ms = delay_ms - span_ms + draw % (2 * span_ms + 1);
    return delay_ms < UINT32_MAX ? (uint32_t)delay_ms : UINT32_MAX;
}

/* -- asking -- */

void
acti_reader_halt(acti_reader_actor *r, const char *why)
{
    if (r->is_halted) return;
    r->is_halted = true;
    ACTA_SOMETIMES(&r->app->environment, "reader.stopped.by.its.callback");
    acti_reader_set_reason(r->reader, why);
    acta_log_event(&r->app->environment, ACTA_LOG_ERROR, "reader.stops",
        ACTA_LOG_FIELDS(
            acta_log_text("reader", acta_str_of(r->reader->name)), acta_log_text("error", acta_str_of(why))),
        "reader '%s' stops: %s", r->reader->name, why);
}

static acta_event_answer
answer_of(acti_reader_actor *r, acta_event_failure *failure)
{
    acti_reader *reader = r->reader;

    if (r->crashed_asking) {
        r->crashed_asking = false;
        return (acta_event_answer)0;
    }
    reader->handling = failure->position;
    reader->is_asking = true;
    acta_event_answer answer = reader->error(reader->error_user, failure);
    reader->handling = 0;
    reader->is_asking = false;
    return answer;
}

acta_event_answer
acti_failure_ask(acti_reader_actor *r, acta_event_failure *failure, const acta_error *why)
{
    acta_error text;

    failure->name = r->reader->name;
    failure->error = why;
    acta_event_answer answer = answer_of(r, failure);
    switch (answer) {
    case ACTA_EVENT_RETRY:
    case ACTA_EVENT_RETRY_AFTER:
    case ACTA_EVENT_PARK:
        return answer;
    case ACTA_EVENT_SKIP:
        acta_log_event(&r->app->environment, ACTA_LOG_WARNING, "reader.skips",
            ACTA_LOG_FIELDS(acta_log_text("reader", acta_str_of(r->reader->name)),
                acta_log_number("position", failure->position), acta_log_number("events", failure->event_count),
                acta_log_number("attempts", failure->attempts), acta_log_text("error", acta_str_of(why->text))),
            "reader '%s' skips %" PRIu32 " events from position %" PRIu64 " after %" PRIu32 " attempts: %s",
            r->reader->name, failure->event_count, failure->position, failure->attempts, why->text);
        return answer;
    case ACTA_EVENT_STOP:
        acta_error_set(&text, ACTA_FAILED, "at position %" PRIu64 ": %s", failure->position, why->text);
        break;
    default:
        acta_error_set(&text, ACTA_FAILED, "at position %" PRIu64 ": the error callback gave no answer to: %s",
            failure->position, why->text);
        break;
    }
    acti_reader_halt(r, text.text);
    return ACTA_EVENT_STOP;
}
