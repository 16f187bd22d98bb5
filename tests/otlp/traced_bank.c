/*
 * Traced bank. See traced_bank.h.
 */
#include "traced_bank.h"

#include <sched.h>
#include <time.h>

/* -- the bank -- */

static void
take_record(void *user, const acta_log_record *record)
{
    fixture *f = user;

    if (strcmp(record->event, "otlp.dropped") != 0) return;
    f->told_dropped += record->fields[0].number;
    snprintf(f->why, sizeof f->why, ACTA_FMT, ACTA_ARG(record->line));
}

int
set_up(void **state)
{
    fixture *f = test_calloc(1, sizeof *f);

    *state = f;
    f->memory = acta_memory_create(NULL);
    f->environment.log = (acta_log){ .record = take_record, .user = f };
    const acta_app_config config = { .name = "bank",
        .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .process_managers = bank_process_managers,
        .environment = &f->environment,
        .store = { .engine = acta_memory_engine(f->disk = acta_disk_create(NULL)) } };
    MUST(f, acta_app_start(&config, &f->app, &f->error));
    return 0;
}

void
stop(fixture *f)
{
    MUST(f, acta_app_stop(f->app, STOP_MS, &f->error));
    f->app = NULL;
}

int
tear_down(void **state)
{
    fixture *f = *state;

    acta_app_stop(f->app, STOP_MS, NULL);
    collector_free(&f->collector);
    acta_disk_destroy(f->disk);
    acta_memory_destroy(f->memory);
    test_free(f);
    return 0;
}

/* A collector, and spans that are sent at once. */
void
send_spans(fixture *f)
{
    collector_begin(&f->collector);
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u/v1/traces", f->collector.port);
    f->options.url = f->url;
    if (f->options.delay_ms == 0) f->options.delay_ms = 1;
    f->options.retry_first_ms = 1;
    f->options.timeout_ms = STOP_MS;
    MUST(f, acta_otlp_start(f->app, &f->options, &f->error));
}

void
open_account(fixture *f, const char *id, int balance)
{
    const acta_dispatch_options patiently = { .timeout_ms = STOP_MS };
    const bank_OpenAccount open = { .account_id = S(id), .owner = S("Ada"), .initial_balance = balance };

    MUST(f, bank_OpenAccount_dispatch(f->app, open, &patiently, &f->error));
}

acta_span_counters
counters_of(const fixture *f)
{
    acta_span_counters counters;

    acta_app_count_spans(f->app, &counters);
    return counters;
}

/* Until nothing waits any more. */
acta_span_counters
await_all(const fixture *f)
{
    struct timespec begun, now;

    clock_gettime(CLOCK_MONOTONIC, &begun);
    do {
        acta_span_counters counters = counters_of(f);
        if (counters.spans > 0 && counters.sent + counters.dropped == counters.spans) return counters;
        sched_yield();
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - begun.tv_sec < PATIENCE_MS / 1000);
    fail_msg("spans still wait after a minute");
    return counters_of(f);
}

/* -- what came -- */

const json_value *
only_item(const json_value *object, const char *key)
{
    const json_value *array = json_member(object, key);

    assert_non_null(array);
    assert_int_equal(array->kind, JSON_ARRAY);
    assert_non_null(array->first);
    assert_null(array->first->next);
    return array->first;
}

/* The value of an attribute, which is of this kind; "" when there is none. */
acta_str
attribute(const json_value *object, const char *name, const char *kind)
{
    const json_value *list = json_member(object, "attributes");

    for (const json_value *a = list != NULL ? list->first : NULL; a != NULL; a = a->next) {
        if (!acta_str_equal(json_text(a, "key"), S(name))) continue;
        const json_value *value = json_member(json_member(a, "value"), kind);
        assert_non_null(value);
        assert_int_equal(value->kind, JSON_STRING);
        return value->text;
    }
    return S("");
}

const json_value *
read_body(fixture *f, const char *body)
{
    const json_value *all;

    if (json_read(S(body), f->memory, &all, &f->error) != ACTA_OK) fail_msg("%s: %s", f->error.text, body);
    return only_item(all, "resourceSpans");
}

/* All spans of all requests. */
void
read_spans(fixture *f, came *all)
{
    all->count = 0;
    for (uint32_t i = 0; i < f->collector.count; i++) {
        const json_value *scope = only_item(read_body(f, f->collector.requests[i].body), "scopeSpans");
        for (const json_value *span = json_member(scope, "spans")->first; span != NULL; span = span->next) {
            assert_true(all->count < SPANS_MAX);
            all->spans[all->count++] = span;
        }
    }
}

uint32_t
count_named(const came *all, const char *name)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < all->count; i++)
        count += acta_str_equal(json_text(all->spans[i], "name"), S(name));
    return count;
}

const json_value *
named(const came *all, const char *name)
{
    assert_int_equal(count_named(all, name), 1);
    for (uint32_t i = 0; i < all->count; i++)
        if (acta_str_equal(json_text(all->spans[i], "name"), S(name))) return all->spans[i];
    return NULL;
}

const json_value *
parent_of(const came *all, const json_value *span)
{
    for (uint32_t i = 0; i < all->count; i++)
        if (acta_str_equal(json_text(all->spans[i], "spanId"), json_text(span, "parentSpanId"))) return all->spans[i];
    return NULL;
}
