/*
 * Readers of an application: made from the configuration, looked at from outside.
 */
#include "reader.h"

#include "manager.h"

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
    if (r->store_refuses || r->aside_count >= ACTI_PARKED_COUNT_MAX) return ACTA_READER_STALLED;
    if (r->trying_count > 0 || r->is_napping) return ACTA_READER_RETRYING;
    return r->is_live ? ACTA_READER_LIVE : ACTA_READER_CATCHING_UP;
}

static uint64_t
in_work(const acti_reader_actor *r)
{
    uint64_t in_hand = r->reader->chunk != NULL ? acta_chunk_count(r->reader->chunk) - r->chunk_next : 0;
    return r->pending_count + r->done.count + r->done_on_way.count + r->row_count + r->rows_on_way_count +
           r->trying_count + in_hand;
}

void
acti_reader_publish(acti_reader_actor *r)
{
    acti_reader *reader = r->reader;

    /* Release, passed last: who sees that we have passed a position sees what became of its event; see clerk.c. */
    atomic_store_explicit(&reader->parked, r->parked_count, memory_order_release);
    atomic_store_explicit(&reader->in_flight, in_work(r), memory_order_release);
    atomic_store_explicit(&reader->state, (int)state_of(r), memory_order_release);
    if (r->subscription != NULL)
        atomic_store_explicit(&reader->passed, acta_subscription_passed(r->subscription), memory_order_release);
}

uint32_t
acta_app_readers(acta_app *app, acta_reader_info *infos, uint32_t count_max)
{
    for (uint32_t i = 0; i < app->reader_count && i < count_max; i++) {
        const acti_reader *reader = &app->readers[i];
        acta_reader_info *info = &infos[i];
        /* Acquire: what it says last it says about all before; see acti_reader_publish. */
        info->name = reader->name;
        info->passed = atomic_load_explicit(&reader->passed, memory_order_acquire);
        info->state = (acta_reader_state)atomic_load_explicit(&reader->state, memory_order_acquire);
        info->in_flight = atomic_load_explicit(&reader->in_flight, memory_order_acquire);
        info->parked = atomic_load_explicit(&reader->parked, memory_order_acquire);
        info->retries = atomic_load_explicit(&reader->retries, memory_order_relaxed);
        info->reason[0] = '\0';
        bool is_well = info->state == ACTA_READER_LIVE || info->state == ACTA_READER_CATCHING_UP;
        if (!is_well || info->parked > 0) acti_reader_read_reason(reader, info->reason);
    }
    return app->reader_count;
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

/* -- from the configuration -- */

static bool
is_interested(const acti_reader *reader, uint32_t event)
{
    if (reader->kind == &acti_manager_kind)
        return reader->given.manager->code->interested(reader->given.manager, event);
    if (reader->kind == &acti_handler_kind)
        return reader->given.handler->code->interested(reader->given.handler, event);
    return reader->given.projection->code->interested(reader->given.projection, event);
}

static uint32_t
old_count(const acta_app *app)
{
    return app->upcasters != NULL ? app->upcasters->code->old_count : 0;
}

static size_t
types_room(const acti_reader *reader)
{
    return (size_t)reader->event_count + old_count(reader->app);
}

static void
add_type(acti_reader *reader, const char *name)
{
    for (uint32_t i = 0; i < reader->type_count; i++)
        if (acta_str_equal(reader->types[i], acta_str_of(name))) return;
    reader->types[reader->type_count++] = acta_str_of(name);
}

static bool
collect_types(acta_app *app, acti_reader *reader)
{
    if (!acti_names_init(&reader->names, &app->environment.allocator, reader->events, reader->event_count))
        return false;
    if (reader->event_count == 0) return true;
    reader->types = acti_alloc(app, types_room(reader) * sizeof *reader->types);
    if (reader->types == NULL) return false;
    for (uint32_t i = 0; i < reader->event_count; i++)
        if (is_interested(reader, i)) add_type(reader, reader->events[i]->name);
    if (reader->type_count == 0) return true;
    /* Any old event may become one of interest. */
    for (uint32_t i = 0; i < old_count(app); i++)
        add_type(reader, app->upcasters->code->old[i]->name);
    return true;
}

static void
init_reader(acta_app *app, acti_reader *reader, const acti_reader_kind *kind, const char *name, uint32_t window,
    uint32_t retry_max)
{
    reader->app = app;
    reader->self = reader;
    reader->kind = kind;
    reader->name = name;
    snprintf(reader->actor_name, sizeof reader->actor_name, "reader %s", name);
    reader->window = window != 0 ? window : ACTA_WINDOW_DEFAULT;
    reader->retry_max = retry_max != 0 ? retry_max : ACTI_RETRY_DEFAULT;
}

static void
init_all(acta_app *app, const acta_app_config *config)
{
    acti_reader *reader = app->readers;

    for (const acta_process_manager *const *m = config->process_managers; m != NULL && *m != NULL; m++, reader++) {
        init_reader(app, reader, &acti_manager_kind, (*m)->code->name, 0, (*m)->retry_max);
        reader->given.manager = *m;
        reader->events = (*m)->code->events;
        reader->event_count = (*m)->code->event_count;
    }
    for (const acta_event_handler *const *h = config->event_handlers; h != NULL && *h != NULL; h++, reader++) {
        init_reader(app, reader, &acti_handler_kind, (*h)->name, (*h)->window, (*h)->retry_max);
        reader->given.handler = *h;
        reader->events = (*h)->code->events;
        reader->event_count = (*h)->code->event_count;
        reader->from_current = (*h)->start_from == ACTA_FROM_CURRENT;
    }
    for (const acta_projection *const *p = config->projections; p != NULL && *p != NULL; p++, reader++) {
        init_reader(app, reader, &acti_projection_kind, (*p)->name, (*p)->window, (*p)->retry_max);
        reader->given.projection = *p;
        reader->events = (*p)->code->events;
        reader->event_count = (*p)->code->event_count;
    }
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
    bool good = app->readers != NULL;
    if (good) {
        memset(app->readers, 0, app->reader_count * sizeof *app->readers);
        init_all(app, config);
    }
    for (uint32_t i = 0; good && i < app->reader_count; i++)
        good = collect_types(app, &app->readers[i]);
    return good ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, "no memory for the application's readers");
}

void
acti_readers_destroy(acta_app *app)
{
    for (uint32_t i = 0; app->readers != NULL && i < app->reader_count; i++) {
        acti_reader *reader = &app->readers[i];
        acta_memory_destroy(reader->rows_memory);
        acta_memory_destroy(reader->opened);
        acti_names_deinit(&reader->names);
        acti_free(app, reader->types, types_room(reader) * sizeof *reader->types);
    }
    acti_free(app, app->readers, app->reader_count * sizeof *app->readers);
}
