/*
 * Readers of an application: made from the configuration, looked at from outside.
 */
#include "reader.h"

#include "database.h"
#include "manager.h"
#include "reader_row.h"
#include "counters.h"

/* -- what others see -- */

static void
lock_reason(acti_reader *reader)
{
    /* Acquire: the text as its last writer left it. Held for a copy of some hundred bytes. */
    while (atomic_exchange_explicit(&reader->reason_is_taken, true, memory_order_acquire)) {}
}

static void
unlock_reason(acti_reader *reader)
{
    atomic_store_explicit(&reader->reason_is_taken, false, memory_order_release); /* publishes the text */
}

void
acti_reader_set_reason(acti_reader *reader, const char *text)
{
    lock_reason(reader);
    snprintf(reader->reason, sizeof reader->reason, "%.*s", (int)sizeof reader->reason - 1, text);
    unlock_reason(reader);
}

void
acti_reader_read_reason(const acti_reader *const_reader, char *text)
{
    acti_reader *reader = (acti_reader *)(uintptr_t)const_reader; /* only the lock is touched */

    lock_reason(reader);
    memcpy(text, reader->reason, sizeof reader->reason);
    unlock_reason(reader);
}

static acta_reader_state
state_of(const acti_reader_actor *r)
{
    if (r->is_paused) return ACTA_READER_PAUSED;
    if (r->is_halted) return ACTA_READER_STOPPED;
    if (r->store_refuses || r->aside_count >= ACTI_PARKED_COUNT_MAX) return ACTA_READER_STALLED;
    if (r->trying_count > 0 || r->is_napping) return ACTA_READER_RETRYING;
    return r->is_live ? ACTA_READER_LIVE : ACTA_READER_CATCHING_UP;
}

static uint64_t
in_work(const acti_reader_actor *r)
{
    uint64_t in_hand = r->reader->chunk != NULL ? acta_chunk_count(r->reader->chunk) - r->chunk_next : 0;
    uint64_t resets = r->reset != NULL ? 1 : 0; /* whoever waits for rest waits for what comes of it */
    return r->pending_count + r->done.count + r->done_on_way.count + r->row_count + r->rows_on_way_count +
           r->trying_count + in_hand + resets;
}

void
acti_reader_publish(acti_reader_actor *r)
{
    acti_reader *reader = r->reader;

    /* Release, passed last: who sees that we have passed a position sees what became of its event; see clerk.c. */
    atomic_store_explicit(&reader->parked, r->parked_count, memory_order_release);
    atomic_store_explicit(&reader->in_flight, in_work(r), memory_order_release);
    int state = (int)state_of(r);
    /* Relaxed: only we write it. */
    if (atomic_load_explicit(&reader->since_us, memory_order_relaxed) == 0 ||
        atomic_load_explicit(&reader->state, memory_order_relaxed) != state)
        atomic_store_explicit(&reader->since_us, acti_wall_us(r->app), memory_order_relaxed);
    atomic_store_explicit(&reader->state, state, memory_order_release);
    if (r->subscription != NULL)
        atomic_store_explicit(&reader->passed, acta_subscription_passed(r->subscription), memory_order_release);
}

uint32_t
acta_app_readers(acta_app *app, acta_reader_info *infos, uint32_t count_max)
{
    ACTI_IN_CALL(app);
    for (uint32_t i = 0; i < app->reader_count && i < count_max; i++) {
        const acti_reader *reader = &app->readers[i];
        acta_reader_info *info = &infos[i];
        /* Acquire: what it says last it says about all before; see acti_reader_publish. */
        info->name = reader->name;
        info->passed = atomic_load_explicit(&reader->passed, memory_order_acquire);
        info->state = (acta_reader_state)atomic_load_explicit(&reader->state, memory_order_acquire);
        info->since_us = atomic_load_explicit(&reader->since_us, memory_order_relaxed);
        info->head = acta_store_head(app->store);
        info->in_flight = atomic_load_explicit(&reader->in_flight, memory_order_acquire);
        info->parked = atomic_load_explicit(&reader->parked, memory_order_acquire);
        info->retries = atomic_load_explicit(&reader->retries, memory_order_relaxed);
        info->handled = atomic_load_explicit(&reader->handled, memory_order_relaxed);
        /* Relaxed: for people. */
        info->is_rebuilding = atomic_load_explicit(&reader->is_rebuilding, memory_order_relaxed);
        info->rebuilt = atomic_load_explicit(&reader->rebuilt, memory_order_relaxed);
        info->reason[0] = '\0';
        bool is_well = info->state == ACTA_READER_LIVE || info->state == ACTA_READER_CATCHING_UP;
        if (!is_well || info->parked > 0) acti_reader_read_reason(reader, info->reason);
    }
    return app->reader_count;
}

/* It stays untouched then: workers of the life before may look at it. It changes by a reset alone, when none has anything. */
static bool
is_known(const acti_reader *reader, const acti_reader_row *row)
{
    uint32_t count = reader->replay_not_done_count;

    if (row->replay_until != reader->replay_until || row->not_done_count != count) return false;
    return count == 0 || memcmp(row->not_done, reader->replay_not_done, count * sizeof *row->not_done) == 0;
}

acta_status
acti_reader_recall(acti_reader_actor *r, acta_error *error)
{
    acti_reader *reader = r->reader;
    acta_memory *memory = acta_memory_create(&r->allocator);
    acti_reader_row row;
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for reader '%s'", reader->name);

    acta_status status = acti_reader_row_get(r->app->store, reader->name, memory, &row, error);
    if (status == ACTA_OK) row.is_paused = acti_orders_leave_paused(r, row.is_paused);
    if (status == ACTA_OK && is_known(reader, &row)) {
        r->is_paused = row.is_paused;
        acta_memory_destroy(memory);
        return ACTA_OK;
    }
    size_t size = status == ACTA_OK ? row.not_done_count * sizeof *row.not_done : 0;
    uint64_t *not_done = size > 0 ? acti_alloc(r->app, size) : NULL;
    if (size > 0 && not_done == NULL)
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for reader '%s'", reader->name);
    if (status == ACTA_OK) {
        r->is_paused = row.is_paused;
        acti_free(r->app, reader->replay_not_done, reader->replay_not_done_count * sizeof *reader->replay_not_done);
        if (size > 0) memcpy(not_done, row.not_done, size);
        reader->replay_until = row.replay_until;
        reader->replay_not_done = not_done;
        reader->replay_not_done_count = row.not_done_count;
    }
    acta_memory_destroy(memory);
    return status;
}

void
acti_reader_let_go(acti_reader *reader)
{
    acta_chunk_unref(reader->chunk);
    reader->chunk = NULL;
    acti_item_destroy(reader->app, reader->item);
    reader->item = NULL;
    acta_subscription_close(reader->subscription);
    reader->subscription = NULL;
}

void
acti_readers_release(acta_app *app)
{
    for (uint32_t i = 0; i < app->reader_count; i++) {
        acti_reader *reader = &app->readers[i];
        acti_reader_let_go(reader);
        /* relaxed: the runtime has stopped. */
        acta_message_destroy(atomic_exchange_explicit(&reader->spare_ready, NULL, memory_order_relaxed));
        while (reader->tickets != NULL)
            acti_ticket_destroy(reader, reader->tickets);
    }
}

void *
acti_user_of(const acti_reader *reader)
{
    if (reader->kind == &acti_projection_kind || reader->kind == &acti_database_kind)
        return reader->given.projection->user;
    return reader->kind == &acti_manager_kind ? NULL : reader->given.handler->user;
}

bool
acti_reader_is_replay(const acti_reader *reader, uint64_t position)
{
    uint32_t low = 0, high = reader->replay_not_done_count;
    if (position > reader->replay_until) return false;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (reader->replay_not_done[middle] < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low == reader->replay_not_done_count || reader->replay_not_done[low] != position;
}

/* -- from the configuration -- */

static bool
is_interested(const acti_reader *reader, uint32_t event)
{
    if (reader->kind == &acti_manager_kind)
        return reader->given.manager->code->interested(reader->given.manager, event);
    if (reader->kind == &acti_handler_kind || reader->kind == &acti_lanes_kind)
        return reader->given.handler->code->interested(reader->given.handler, event);
    return reader->given.projection->code->interested(reader->given.projection, event);
}

static size_t
types_room(const acti_reader *reader)
{
    return (size_t)reader->event_count + reader->app->old_count;
}

static void
add_type(acti_reader *reader, const char *name)
{
    for (uint32_t i = 0; i < reader->type_count; i++)
        if (acta_str_equal(reader->types[i], acta_str_of(name))) return;
    reader->types[reader->type_count++] = acta_str_of(name);
}

static acta_status
collect_types(acta_app *app, acti_reader *reader, acta_error *error)
{
    if (!acti_names_init(&reader->names, &app->environment.allocator, reader->events, reader->event_count))
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the application's readers");
    if (reader->event_count == 0) return ACTA_OK;
    reader->types = acti_alloc(app, types_room(reader) * sizeof *reader->types);
    if (reader->types == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the application's readers");
    for (uint32_t i = 0; i < reader->event_count; i++) {
        if (!is_interested(reader, i)) continue;
        add_type(reader, reader->events[i]->name);
        acta_status status = acti_partition_check(reader, i, error);
        if (status != ACTA_OK) return status;
    }
    if (reader->type_count == 0) return ACTA_OK;
    /* Any old event may become one of interest. */
    for (uint32_t i = 0; i < app->old_count; i++)
        add_type(reader, acti_old_at(app, i)->name);
    return ACTA_OK;
}

/* Room for a batch in work and one that is being made, in each lane. */
static uint32_t
window_of(const acta_reader_options *options)
{
    uint64_t lanes = options->concurrency > 1 ? options->concurrency : 1;
    uint64_t wanted = 2 * lanes * options->batch_size;

    if (wanted <= ACTA_WINDOW_DEFAULT) return ACTA_WINDOW_DEFAULT;
    return wanted < ACTA_WINDOW_MAX ? (uint32_t)wanted : ACTA_WINDOW_MAX;
}

static acta_start
start_of(acta_start_from from)
{
    switch (from) {
    case ACTA_FROM_CURRENT:
        return ACTA_START_CURRENT;
    case ACTA_FROM_POSITION:
        return ACTA_START_POSITION;
    case ACTA_FROM_TIME:
        return ACTA_START_TIME;
    case ACTA_FROM_ORIGIN:
        break;
    }
    return ACTA_START_ORIGIN;
}

/* Does it need actors of its own to be handled by? */
static const acti_reader_kind *
handler_kind(const acta_reader_options *options)
{
    bool is_plain =
        options == NULL || (options->concurrency <= 1 && options->batch_size <= 1 && options->handle_batch == NULL);
    return is_plain ? &acti_handler_kind : &acti_lanes_kind;
}

/* What it does about events that fail: what it says, and where it says nothing what the application does. */
static void
init_failing(acti_reader *reader, uint32_t retry_max, acta_failure_then then, const acta_error_default *otherwise)
{
    const acta_retry_backoff *own = &reader->options->backoff, *other = &otherwise->backoff;

    reader->retry_max = retry_max != 0 ? retry_max : otherwise->retry_max;
    if (reader->retry_max == 0) reader->retry_max = ACTI_RETRY_DEFAULT;
    reader->backoff = (acta_retry_backoff){ .first_ms = own->first_ms != 0 ? own->first_ms : other->first_ms,
        .factor_percent = own->factor_percent != 0 ? own->factor_percent : other->factor_percent,
        .max_ms = own->max_ms != 0 ? own->max_ms : other->max_ms,
        .jitter_percent = own->jitter_percent != 0 ? own->jitter_percent : other->jitter_percent };
    reader->stops = (then != ACTA_THEN_DEFAULT ? then : otherwise->then) == ACTA_THEN_STOP;
    reader->error = reader->options->error != NULL ? reader->options->error : otherwise->error;
    reader->error_user = reader->options->error != NULL ? acti_user_of(reader) : otherwise->user;
}

static void
init_reader(acta_app *app, acti_reader *reader, const acti_reader_kind *kind, const char *name, uint32_t window,
    const acta_reader_options *options)
{
    static const acta_reader_options none;

    reader->app = app;
    reader->self = reader;
    reader->kind = kind;
    reader->name = name;
    snprintf(reader->actor_name, sizeof reader->actor_name, "reader %s", name);
    reader->options = options != NULL ? options : &none;
    reader->window = window != 0 ? window : window_of(reader->options);
}

static void
init_all(acta_app *app, const acta_app_config *config)
{
    acti_reader *reader = app->readers;

    for (const acta_process_manager *const *m = config->process_managers; m != NULL && *m != NULL; m++, reader++) {
        init_reader(app, reader, &acti_manager_kind, acti_manager_name(*m), 0, NULL);
        reader->given.manager = *m;
        init_failing(reader, (*m)->retry_max, (*m)->then, &config->on_handler_error);
        if ((*m)->start_from == ACTA_FROM_CURRENT) reader->start = ACTA_START_CURRENT;
        reader->events = (*m)->code->events;
        reader->event_count = (*m)->code->event_count;
    }
    for (const acta_event_handler *const *h = config->event_handlers; h != NULL && *h != NULL; h++, reader++) {
        const acti_reader_kind *kind = handler_kind((*h)->options);
        init_reader(app, reader, kind, (*h)->name, (*h)->window, (*h)->options);
        reader->given.handler = *h;
        init_failing(reader, (*h)->retry_max, reader->options->then, &config->on_handler_error);
        reader->events = (*h)->code->events;
        reader->event_count = (*h)->code->event_count;
        reader->start = start_of((*h)->start_from);
    }
    for (const acta_projection *const *p = config->projections; p != NULL && *p != NULL; p++, reader++) {
        const acti_reader_kind *kind = (*p)->database != NULL ? &acti_database_kind : &acti_projection_kind;
        init_reader(app, reader, kind, (*p)->name, (*p)->window, (*p)->options);
        reader->given.projection = *p;
        init_failing(reader, (*p)->retry_max, reader->options->then, &config->on_handler_error);
        if ((*p)->window == 0) reader->window = ACTI_PROJECTION_WINDOW_DEFAULT;
        reader->events = (*p)->code->events;
        reader->event_count = (*p)->code->event_count;
    }
}

static bool
make_database(acti_reader *reader)
{
    if (reader->kind != &acti_database_kind) return true;
    if (reader->given.projection->window == 0) reader->window = ACTI_DATABASE_WINDOW_DEFAULT;
    reader->database = acti_database_create(reader, reader->given.projection->database);
    return reader->database != NULL;
}

static uint32_t
count_all(const acta_app_config *config)
{
    uint32_t count = 0;

    for (const acta_process_manager *const *m = config->process_managers; m != NULL && *m != NULL; m++)
        count++;
    for (const acta_event_handler *const *h = config->event_handlers; h != NULL && *h != NULL; h++)
        count++;
    for (const acta_projection *const *p = config->projections; p != NULL && *p != NULL; p++)
        count++;
    return count;
}

acta_status
acti_readers_create(acta_app *app, const acta_app_config *config, acta_error *error)
{
    app->reader_count = count_all(config);
    if (app->reader_count == 0) return ACTA_OK;
    app->readers = acti_alloc(app, app->reader_count * sizeof *app->readers);
    if (app->readers == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the application's readers");
    memset(app->readers, 0, app->reader_count * sizeof *app->readers);
    init_all(app, config);
    for (uint32_t i = 0; i < app->reader_count; i++)
        acti_tried_init(&app->readers[i]);
    acta_status status = ACTA_OK;
    for (uint32_t i = 0; status == ACTA_OK && i < app->reader_count; i++)
        status = collect_types(app, &app->readers[i], error);
    for (uint32_t i = 0; status == ACTA_OK && i < app->reader_count; i++)
        if (!make_database(&app->readers[i]))
            status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for the application's readers");
    return status;
}

void
acti_readers_destroy(acta_app *app)
{
    for (uint32_t i = 0; app->readers != NULL && i < app->reader_count; i++) {
        acti_reader *reader = &app->readers[i];
        acti_database_destroy(reader->database);
        acta_memory_destroy(reader->rows_memory);
        acta_memory_destroy(reader->rows_scratch);
        acta_memory_destroy(reader->opened);
        acta_memory_destroy(reader->keys_memory);
        acti_tried_deinit(reader);
        acti_free(app, reader->replay_not_done, reader->replay_not_done_count * sizeof *reader->replay_not_done);
        acti_names_deinit(&reader->names);
        acti_free(app, reader->types, types_room(reader) * sizeof *reader->types);
    }
    acti_free(app, app->readers, app->reader_count * sizeof *app->readers);
}
