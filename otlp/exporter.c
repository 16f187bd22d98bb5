/*
 * Exporter: spans are copied into a queue where they end, and a thread of its own sends them.
 *
 *     ended (any thread) -> queue -> a batch: enough of them, or the oldest has waited long enough, or the end
 *                                      '-> sent | tried again, with backoff | dropped
 *
 * A lock guards the queue, for as long as it takes to link a block in. While a collector stands still the queue fills, and what
 * comes then is dropped; nobody waits.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "acta/thread.h"

#include "internal.h"

enum {
    QUEUE_DEFAULT = 16384,
    QUEUE_MAX = 1 << 20,
    BATCH_DEFAULT = 512,
    DELAY_DEFAULT_MS = 5000,
    ATTEMPTS_DEFAULT = 5,
    RETRY_FIRST_DEFAULT_MS = 1000,
    RETRY_MAX_MS = 30000,
    FLUSH_DEFAULT_MS = 5000,
    SAY_EVERY_MS = 10000,
    WHY_SIZE = 192
};

typedef struct exporter {
    acta_environment environment;
    uint32_t queue_max, batch_max, delay_ms, attempts_max, retry_first_ms, flush_ms;
    acti_post *post;
    acta_writer resource; /* its attributes as JSON */

    /* The thread alone. */
    pthread_t thread;
    acta_writer body;
    uint64_t unsaid; /* dropped, and not told in the log */
    uint64_t say_at_ms;
    char why[WHY_SIZE]; /* … the newest of them */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    acti_kept_span *first, **last;
    uint32_t queued;
    uint64_t oldest_ms;  /* when the first came into the empty queue */
    uint64_t overflowed; /* dropped for want of room, and not yet noticed by the thread */
    bool is_stopping;
    uint64_t stop_at_ms;
    acta_span_counters counters;
} exporter;

/* The time of its own waits: a thread that talks to the network is no part of a simulation. */
static uint64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* -- the queue -- */

static void
free_span(const exporter *e, acti_kept_span *kept)
{
    e->environment.allocator.free(e->environment.allocator.user, kept, kept->size);
}

static uint32_t
free_spans(const exporter *e, acti_kept_span *first)
{
    uint32_t count = 0;

    for (acti_kept_span *next; first != NULL; first = next, count++) {
        next = first->next;
        free_span(e, first);
    }
    return count;
}

static acta_str
copy_text(char **to, acta_str text)
{
    char *copy = *to;

    if (text.size > 0) memcpy(copy, text.data, text.size);
    *to += text.size;
    return acta_str_from(copy, text.size);
}

/* Names of fields are literals. NULL: no memory. */
static acti_kept_span *
copy_span(const exporter *e, const acta_span_record *record)
{
    const acta_span_about *about = record->about;
    size_t size = sizeof(acti_kept_span) + about->field_count * sizeof about->fields[0] + about->name.size +
                  about->trace_state.size;

    for (uint32_t i = 0; i < about->field_count; i++)
        size += about->fields[i].kind == ACTA_LOG_ID ? 16 : about->fields[i].text.size;
    acti_kept_span *kept = e->environment.allocator.alloc(e->environment.allocator.user, size);
    if (kept == NULL) return NULL;
    *kept = (acti_kept_span){ .size = size, .record = *record, .span = *record->span, .about = *about };
    char *to = (char *)&kept->fields[about->field_count];
    kept->about.name = copy_text(&to, about->name);
    kept->about.trace_state = copy_text(&to, about->trace_state);
    for (uint32_t i = 0; i < about->field_count; i++) {
        acta_log_field *field = &kept->fields[i];
        *field = about->fields[i];
        if (field->kind == ACTA_LOG_ID)
            field->id = (const uint8_t *)copy_text(&to, acta_str_from((const char *)field->id, 16)).data;
        else
            field->text = copy_text(&to, field->text);
    }
    return kept;
}

static void
span_has_ended(void *user, const acta_span_record *record)
{
    exporter *e = user;
    acti_kept_span *kept = copy_span(e, record);

    pthread_mutex_lock(&e->lock);
    e->counters.spans++;
    bool is_taken = kept != NULL && e->queued < e->queue_max;
    if (is_taken) {
        if (e->queued++ == 0) e->oldest_ms = now_ms();
        *e->last = kept;
        e->last = &kept->next;
        /* Who waits for a batch looks at its first span, and then again when it is whole. */
        if (e->queued == 1 || e->queued == e->batch_max) pthread_cond_signal(&e->changed);
    } else {
        e->counters.dropped++;
        e->overflowed++;
    }
    pthread_mutex_unlock(&e->lock);
    if (!is_taken && kept != NULL) free_span(e, kept);
}

static void
count_spans(void *user, acta_span_counters *counters_out)
{
    exporter *e = user;

    pthread_mutex_lock(&e->lock);
    *counters_out = e->counters;
    pthread_mutex_unlock(&e->lock);
}

/* -- waiting: under the lock -- */

static void
wait_until(exporter *e, uint64_t until_ms)
{
    struct timespec until = { .tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000 };
    pthread_cond_clockwait(&e->changed, &e->lock, CLOCK_MONOTONIC, &until);
}

static void
wait_for_batch(exporter *e)
{
    while (!e->is_stopping && e->queued < e->batch_max) {
        uint64_t due_ms = e->oldest_ms + e->delay_ms;
        if (e->queued == 0)
            pthread_cond_wait(&e->changed, &e->lock);
        else if (now_ms() < due_ms)
            wait_until(e, due_ms);
        else
            return;
    }
}

/* The next ones, at most as many as go with a request. False: all are sent, or the time is over. */
static bool
take_batch(exporter *e, acti_kept_span **batch_out, uint32_t *count_out)
{
    uint32_t count = 0;

    pthread_mutex_lock(&e->lock);
    wait_for_batch(e);
    *batch_out = e->first;
    acti_kept_span **end = &e->first;
    for (; *end != NULL && count < e->batch_max; count++)
        end = &(*end)->next;
    e->first = *end;
    *end = NULL;
    e->queued -= count;
    e->oldest_ms = now_ms();
    if (e->first == NULL) e->last = &e->first;
    pthread_mutex_unlock(&e->lock);
    *count_out = count;
    return count > 0;
}

/* How long a request may still take: as long as its own limit says, but for the end. */
static uint32_t
left_ms(void *user)
{
    exporter *e = user;
    uint64_t now = now_ms();

    pthread_mutex_lock(&e->lock);
    uint64_t left = !e->is_stopping ? UINT32_MAX : e->stop_at_ms > now ? e->stop_at_ms - now : 0;
    pthread_mutex_unlock(&e->lock);
    return (uint32_t)left;
}

static bool
is_stopping(exporter *e)
{
    pthread_mutex_lock(&e->lock);
    bool stops = e->is_stopping;
    pthread_mutex_unlock(&e->lock);
    return stops;
}

/* -- what is dropped -- */

static void
note_dropped(exporter *e, uint64_t count, const char *why)
{
    if (count == 0) return;
    e->unsaid += count;
    snprintf(e->why, sizeof e->why, "%.*s", (int)sizeof e->why - 1, why);
}

static void
note_overflow(exporter *e)
{
    pthread_mutex_lock(&e->lock);
    uint64_t count = e->overflowed;
    e->overflowed = 0;
    pthread_mutex_unlock(&e->lock);
    note_dropped(e, count, "they came faster than they could be sent, and there was no room for more");
}

static void
say_dropped(exporter *e, bool at_once)
{
    uint64_t now = now_ms();

    note_overflow(e);
    if (e->unsaid == 0 || (!at_once && now < e->say_at_ms)) return;
    acta_log_event(&e->environment, ACTA_LOG_WARNING, "otlp.dropped",
        ACTA_LOG_FIELDS(acta_log_number("spans", e->unsaid), acta_log_text("error", acta_str_of(e->why))),
        "otlp: %" PRIu64 " spans were dropped: %s", e->unsaid, e->why);
    e->unsaid = 0;
    e->say_at_ms = now + SAY_EVERY_MS;
}

/* -- sending -- */

/* Doubled each time, give or take a fifth. */
static uint64_t
backoff_ms(const exporter *e, uint32_t attempt, uint32_t at_least_ms)
{
    uint64_t delay_ms = e->retry_first_ms;
    uint32_t draw;

    for (uint32_t i = 1; i < attempt && delay_ms < RETRY_MAX_MS; i++)
        delay_ms *= 2;
    if (delay_ms > RETRY_MAX_MS) delay_ms = RETRY_MAX_MS;
    e->environment.random.fill(e->environment.random.user, &draw, sizeof draw);
    uint64_t part_ms = delay_ms / 5;
    delay_ms = delay_ms - part_ms + draw % (2 * part_ms + 1);
    return delay_ms > at_least_ms ? delay_ms : at_least_ms;
}

/* False: the application stops, and nothing is tried again. */
static bool
wait_to_retry(exporter *e, uint64_t delay_ms)
{
    uint64_t until_ms = now_ms() + delay_ms;

    say_dropped(e, false);
    pthread_mutex_lock(&e->lock);
    while (!e->is_stopping && now_ms() < until_ms)
        wait_until(e, until_ms);
    bool goes_on = !e->is_stopping;
    if (goes_on) e->counters.retries++;
    pthread_mutex_unlock(&e->lock);
    return goes_on;
}

static void
conclude(exporter *e, uint32_t count, const acti_post_result *result)
{
    uint64_t lost = result->verdict != ACTI_POST_TAKEN ? count : result->rejected < count ? result->rejected : count;

    pthread_mutex_lock(&e->lock);
    e->counters.dropped += lost;
    e->counters.sent += count - lost;
    pthread_mutex_unlock(&e->lock);
    note_dropped(e, lost, result->why);
}

/* False: it stops, and nobody takes them: nor would he those behind them. */
static bool
send_batch(exporter *e, const acti_kept_span *batch, uint32_t count)
{
    acti_post_result result = { .verdict = ACTI_POST_REFUSED, .why = "no memory to send them" };

    e->body.size = 0;
    e->body.failed = false;
    acti_otlp_encode(&e->body, acta_str_from(e->resource.data, e->resource.size), batch);
    for (uint32_t attempt = 1; !e->body.failed; attempt++) {
        acti_post_send(e->post, acta_str_from(e->body.data, e->body.size), left_ms, e, &result);
        if (result.verdict != ACTI_POST_AGAIN || attempt >= e->attempts_max) break;
        if (is_stopping(e) || !wait_to_retry(e, backoff_ms(e, attempt, result.retry_after_ms))) break;
    }
    conclude(e, count, &result);
    return result.verdict != ACTI_POST_AGAIN || !is_stopping(e);
}

static void *
run(void *user)
{
    exporter *e = user;
    acti_kept_span *batch;
    uint32_t count;
    bool goes_on = true;

    while (goes_on && take_batch(e, &batch, &count)) {
        goes_on = send_batch(e, batch, count) && left_ms(e) > 0;
        free_spans(e, batch);
        say_dropped(e, false);
    }
    return NULL;
}

/* -- life -- */

static void
destroy(exporter *e)
{
    const acta_allocator allocator = e->environment.allocator;

    acti_post_destroy(e->post);
    acta_writer_clear(&e->resource);
    acta_writer_clear(&e->body);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
    allocator.free(allocator.user, e, sizeof *e);
    curl_global_cleanup();
}

/* What could not be sent any more. */
static void
drop_rest(exporter *e)
{
    uint32_t count = free_spans(e, e->first);

    e->counters.dropped += count;
    if (count > 0 && e->why[0] == '\0')
        note_dropped(e, count, "the application has stopped");
    else
        e->unsaid += count;
    say_dropped(e, true);
}

static void
stop(exporter *e, uint32_t timeout_ms)
{
    pthread_mutex_lock(&e->lock);
    e->is_stopping = true;
    e->stop_at_ms = now_ms() + (timeout_ms < e->flush_ms ? timeout_ms : e->flush_ms);
    pthread_cond_signal(&e->changed);
    pthread_mutex_unlock(&e->lock);
    acti_post_wake(e->post);
    pthread_join(e->thread, NULL);
    drop_rest(e);
}

static void
close_exporter(void *user, uint32_t timeout_ms)
{
    stop(user, timeout_ms);
    destroy(user);
}

static uint32_t
or_default(uint32_t value, uint32_t instead)
{
    return value != 0 ? value : instead;
}

static acta_status
check_options(const acta_otlp_options *options, acta_error *error)
{
    if (options->url == NULL) return acta_error_set(error, ACTA_INVALID, "there is no endpoint");
    if (options->queue_max > QUEUE_MAX)
        return acta_error_set(
            error, ACTA_INVALID, "queue_max is %" PRIu32 ", at most %d are allowed", options->queue_max, QUEUE_MAX);
    if (or_default(options->batch_max, BATCH_DEFAULT) <= or_default(options->queue_max, QUEUE_DEFAULT)) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "a batch of %" PRIu32 " spans is more than the %" PRIu32 " of the queue",
        or_default(options->batch_max, BATCH_DEFAULT), or_default(options->queue_max, QUEUE_DEFAULT));
}

static acta_status
make_resource(exporter *e, const acta_app *app, const acta_otlp_options *options, acta_error *error)
{
    const char *name = options->service_name != NULL ? options->service_name : acta_app_name(app);
    char text[ACTA_ID_TEXT_SIZE];
    acta_id instance;

    e->environment.random.fill(e->environment.random.user, instance.bytes, sizeof instance.bytes);
    acti_otlp_attribute(&e->resource, "service.name", acta_str_of(name));
    acti_otlp_attribute(&e->resource, "service.instance.id", acta_str_of(acta_id_format(instance, text)));
    acti_otlp_attribute(&e->resource, "telemetry.sdk.name", acta_str_of("acta"));
    acti_otlp_attribute(&e->resource, "telemetry.sdk.language", acta_str_of("c"));
    acti_otlp_attribute(&e->resource, "telemetry.sdk.version", acta_str_of(ACTA_VERSION));
    for (uint32_t i = 0; i < options->attribute_count; i++)
        acti_otlp_attribute(&e->resource, options->attributes[i].name, acta_str_of(options->attributes[i].value));
    return e->resource.failed ? acta_error_set(error, ACTA_NO_MEMORY, "no memory for the resource") : ACTA_OK;
}

static acta_status
create(const acta_app *app, const acta_environment *environment, const acta_otlp_options *options,
    exporter **exporter_out, acta_error *error)
{
    exporter *e = environment->allocator.alloc(environment->allocator.user, sizeof *e);
    if (e == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to send spans");

    memset(e, 0, sizeof *e);
    e->environment = *environment;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        environment->allocator.free(environment->allocator.user, e, sizeof *e);
        return acta_error_set(error, ACTA_IO, "libcurl doesn't start");
    }
    e->resource.allocator = e->body.allocator = &e->environment.allocator;
    e->queue_max = or_default(options->queue_max, QUEUE_DEFAULT);
    e->batch_max = or_default(options->batch_max, BATCH_DEFAULT);
    e->delay_ms = or_default(options->delay_ms, DELAY_DEFAULT_MS);
    e->attempts_max = or_default(options->attempts_max, ATTEMPTS_DEFAULT);
    e->retry_first_ms = or_default(options->retry_first_ms, RETRY_FIRST_DEFAULT_MS);
    e->flush_ms = or_default(options->flush_ms, FLUSH_DEFAULT_MS);
    e->last = &e->first;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    acta_status status = make_resource(e, app, options, error);
    if (status == ACTA_OK) status = acti_post_create(&e->environment, options, &e->post, error);
    if (status == ACTA_OK)
        *exporter_out = e;
    else
        destroy(e);
    return status;
}

acta_status
acta_otlp_start(acta_app *app, const acta_otlp_options *options, acta_error *error)
{
    const acta_environment *environment = acta_runtime_environment(acta_app_runtime(app));
    exporter *e = NULL;
    acta_status status = check_options(options, error);
    if (status == ACTA_OK) status = create(app, environment, options, &e, error);
    if (status != ACTA_OK) return status;

    const acta_span_sink sink = { .ended = span_has_ended,
        .close = close_exporter,
        .count = count_spans,
        .user = e,
        .roots_per_million = options->roots_per_million,
        .ignores_parent = options->ignores_parent };
    if (!acta_thread_start(&e->thread, "acta-otlp", run, e)) {
        destroy(e);
        return acta_error_set(error, ACTA_IO, "there are no more threads");
    }
    status = acta_app_tell_spans(app, &sink, error);
    if (status != ACTA_OK) close_exporter(e, 0);
    return status;
}
