/*
 * What is seen of instances: each says in its ticket what it is doing, for whoever asks.
 *
 *     instance --publish--> ticket --describe--> the text of a timeout
 *                              |
 *              router: tickets, queues, what is aside --one message--> caller + rows of the store --> see, one by one
 */
#include "manager_router.h"
#include "counters.h"

/* -- the reason: a text that one writes and others copy -- */

static void
lock_reason(acti_ticket *ticket)
{
    /* Acquire: the text as its last writer left it. Held for a copy of some hundred bytes. */
    while (atomic_exchange_explicit(&ticket->reason_is_taken, true, memory_order_acquire)) {}
}

static void
unlock_reason(acti_ticket *ticket)
{
    atomic_store_explicit(&ticket->reason_is_taken, false, memory_order_release); /* publishes the text */
}

void
acti_ticket_say(acti_ticket *ticket, const char *why)
{
    size_t size = strnlen(why, sizeof ticket->reason - 1);

    lock_reason(ticket);
    memcpy(ticket->reason, why, size);
    ticket->reason[size] = '\0';
    unlock_reason(ticket);
}

static void
copy_reason(acti_ticket *ticket, char *text)
{
    lock_reason(ticket);
    memcpy(text, ticket->reason, sizeof ticket->reason);
    unlock_reason(ticket);
}

/* -- the rest: numbers, each by itself; together they may be of two moments -- */

static bool
publish_u32(_Atomic uint32_t *to, uint32_t value)
{
    return atomic_exchange_explicit(to, value, memory_order_relaxed) != value; /* for people */
}

void
acti_instance_publish(const acti_instance *i)
{
    acti_ticket *ticket = i->ticket;
    bool is_new = publish_u32(&ticket->phase, (uint32_t)i->phase);

    is_new |= publish_u32(&ticket->through, i->outbox.next);
    publish_u32(&ticket->commands, i->outbox.commands.count);
    publish_u32(&ticket->attempts, i->attempts);
    uint64_t before = atomic_exchange_explicit(&ticket->last_position, i->last_position, memory_order_relaxed);
    if (before != i->last_position && i->attempts == 0) acti_ticket_say(ticket, "");
    if (is_new || before != i->last_position)
        atomic_store_explicit(&ticket->since_us, acti_wall_us(i->app), memory_order_relaxed);
}

static uint32_t
seen(const _Atomic uint32_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

void
acti_ticket_describe(acti_ticket *ticket, char *text, size_t size)
{
    uint32_t next = seen(&ticket->through) + 1, count = seen(&ticket->commands), attempts = seen(&ticket->attempts);
    uint32_t step = seen(&ticket->step);
    char reason[ACTI_REASON_MAX];

    copy_reason(ticket, reason);
    switch ((acti_instance_phase)seen(&ticket->phase)) {
    case ACTI_INSTANCE_COLD:
        snprintf(text, size, "its rows were not read yet");
        return;
    case ACTI_INSTANCE_COMMITTING:
        snprintf(text, size, "its batch is on its way to the disk");
        return;
    case ACTI_INSTANCE_ASKING:
        snprintf(text, size, "command %" PRIu32 " of %" PRIu32 " of the event at position %" PRIu64 " is not answered",
            next, count, atomic_load_explicit(&ticket->last_position, memory_order_relaxed));
        return;
    case ACTI_INSTANCE_BACKOFF:
    case ACTI_INSTANCE_STUCK:
        snprintf(text, size, "command %" PRIu32 " of %" PRIu32 " has failed %" PRIu32 " times: %.*s", next, count,
            attempts, (int)sizeof reason - 1, reason);
        return;
    case ACTI_INSTANCE_IDLE:
        break;
    }
    snprintf(text, size, "%s has not returned", step == ACTA_STEP_APPLY ? ".apply" : ".handle");
}

/* -- the router's side: an entry for each that is in memory, or aside -- */

typedef struct entry {
    acti_map_node node; /* the caller's, by id */
    bool is_seen;
    acta_instance_phase phase;
    int64_t since_us;
    uint32_t attempts, queued, failed_attempts;
    uint64_t failed_position;
    bool is_parked;
    char reason[ACTI_REASON_MAX];
    size_t id_size;
    char id[ACTA_STREAM_NAME_MAX];
} entry;

static bool
begins_with(acta_str id, acta_str prefix)
{
    return id.size >= prefix.size && (prefix.size == 0 || memcmp(id.data, prefix.data, prefix.size) == 0);
}

static const acta_instance_phase phases[] = {
    [ACTI_INSTANCE_COLD] = ACTA_INSTANCE_IDLE, /* it reads its rows */
    [ACTI_INSTANCE_IDLE] = ACTA_INSTANCE_IDLE,
    [ACTI_INSTANCE_COMMITTING] = ACTA_INSTANCE_COMMITTING,
    [ACTI_INSTANCE_ASKING] = ACTA_INSTANCE_ASKING,
    [ACTI_INSTANCE_BACKOFF] = ACTA_INSTANCE_BACKOFF,
    [ACTI_INSTANCE_STUCK] = ACTA_INSTANCE_STUCK,
};

static void
fill_queue(const acti_reader_actor *r, entry *e, acta_str id)
{
    const acti_router *rt = r->kind_state;
    const acti_map_node *node = acti_map_find(&rt->busy_by_id, id);
    const acti_aside *aside = acti_aside_find(r, id);

    e->id_size = id.size;
    memcpy(e->id, id.data, id.size);
    if (node != NULL)
        for (const acti_queued *q = ACTI_CONTAINER(node, acti_busy, node)->first; q != NULL; q = q->next)
            e->queued++;
    if (aside == NULL) return;
    e->queued += aside->positions.count - aside->first - 1; /* those behind its first */
    e->is_parked = aside->is_parked;
    if (!aside->by_commands && aside->attempts == 0)
        return; /* it has not failed: it waits for commands, or is tried now */
    if (!aside->by_commands) {
        e->failed_position = acti_aside_first(aside);
        e->failed_attempts = aside->attempts;
    }
    memcpy(e->reason, aside->reason, sizeof e->reason);
}

static uint32_t
count_entries(const acti_reader_actor *r, acta_str prefix)
{
    uint32_t count = 0;

    for (const acti_ticket *ticket = r->reader->tickets; ticket != NULL; ticket = ticket->next)
        count += begins_with(acta_str_from(ticket->id, ticket->id_size), prefix);
    for (const acti_aside *aside = r->aside_first; aside != NULL; aside = aside->next)
        count += begins_with(acta_str_from(aside->key, aside->key_size), prefix);
    return count;
}

static uint32_t
fill_entries(const acti_reader_actor *r, acta_str prefix, entry *entries)
{
    uint32_t count = 0;

    for (acti_ticket *ticket = r->reader->tickets; ticket != NULL; ticket = ticket->next) {
        acta_str id = acta_str_from(ticket->id, ticket->id_size);
        if (!begins_with(id, prefix)) continue;
        entry *e = &entries[count++];
        *e = (entry){ .phase = phases[seen(&ticket->phase)],
            .since_us = atomic_load_explicit(&ticket->since_us, memory_order_relaxed),
            .attempts = seen(&ticket->attempts) };
        copy_reason(ticket, e->reason);
        fill_queue(r, e, id);
    }
    for (const acti_aside *aside = r->aside_first; aside != NULL; aside = aside->next) {
        acta_str id = acta_str_from(aside->key, aside->key_size);
        if (!begins_with(id, prefix) || id.size > ACTA_STREAM_NAME_MAX || acti_ticket_find(r, id) != NULL) continue;
        entries[count] = (entry){ .phase = ACTA_INSTANCE_COLD };
        fill_queue(r, &entries[count++], id);
    }
    return count;
}

void
acti_manager_look(acti_reader_actor *r, acta_from from, const acta_message *message)
{
    acta_str prefix = acta_str_from(message->payload, message->size);
    uint32_t count = count_entries(r, prefix);
    acta_message *answer =
        acta_message_create(r->app->runtime, ACTI_TAG_WATCH, sizeof(uint64_t) + count * sizeof(entry));
    if (answer == NULL) {
        acta_reply(r->app->runtime, from, ACTA_NO_MEMORY, NULL, NULL);
        return;
    }
    uint64_t filled = fill_entries(r, prefix, (entry *)(void *)((uint8_t *)answer->payload + sizeof(uint64_t)));
    memcpy(answer->payload, &filled, sizeof filled);
    acta_reply(r->app->runtime, from, ACTA_OK, answer, NULL);
}

/* -- the caller's side -- */

enum { LOOK_MS = 5000 };

typedef struct looking {
    acta_app *app;
    acti_manager_tables tables;
    acta_memory *memory;
    acti_map by_id;
    entry *entries;
    uint64_t count;
    acta_instance_see *see;
    void *user;
} looking;

static acta_status
ask_router(looking *l, const acti_reader *reader, acta_str prefix, acta_message **answer_out, acta_error *error)
{
    acta_runtime *runtime = l->app->runtime;
    acta_pid pid = { atomic_load_explicit(&reader->pid, memory_order_relaxed) }; /* a name only */
    acta_message *message = acta_message_create(runtime, ACTI_TAG_WATCH, prefix.size);

    *answer_out = NULL;
    if (message == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to look at instances");
    if (prefix.size > 0) memcpy(message->payload, prefix.data, prefix.size);
    acta_status status = acta_call(runtime, pid, message, LOOK_MS, answer_out, error);
    if (status == ACTA_NOPROC || status == ACTA_FAILED) return ACTA_OK; /* between two lives: only rows tell */
    if (status != ACTA_OK || *answer_out == NULL) return status;
    memcpy(&l->count, (*answer_out)->payload, sizeof l->count);
    l->entries = (entry *)(void *)((uint8_t *)(*answer_out)->payload + sizeof l->count);
    for (uint64_t i = 0; i < l->count; i++)
        acti_map_add(&l->by_id, &l->entries[i].node, acta_str_from(l->entries[i].id, l->entries[i].id_size));
    return ACTA_OK;
}

static void
take_entry(acta_instance_info *info, entry *e)
{
    e->is_seen = true;
    info->phase = e->phase;
    info->since_us = e->since_us;
    info->attempts = e->attempts;
    info->queued = e->queued;
    info->failed_position = e->failed_position;
    info->failed_attempts = e->failed_attempts;
    info->is_parked = e->is_parked;
    info->why = e->reason;
}

static acta_status
see_row(looking *l, acta_bytes key, acta_bytes row, bool *goes_on_out, acta_error *error)
{
    acta_instance_info info = { .id = acta_str_from(key.data, key.size), .command = acta_str_from("", 0), .why = "" };
    acti_instance_head head;
    acti_outbox_peek peek = { .command = info.command };
    acta_bytes state, outbox;

    acta_status status = acti_instance_decode(row, &head, &state, error);
    if (status != ACTA_OK) return status;
    status = acta_store_get(l->app->store, l->tables.outbox.text, key, l->memory, &outbox, error);
    if (status == ACTA_OK) status = acti_outbox_peek_at(outbox, &peek, error);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    info.position = status == ACTA_OK ? peek.position : head.last_position; /* an outbox is of the last event */
    info.commands = peek.count;
    info.through = peek.through;
    info.command = peek.command;
    acti_map_node *node = acti_map_find(&l->by_id, info.id);
    if (node != NULL) take_entry(&info, ACTI_CONTAINER(node, entry, node));
    *goes_on_out = l->see(l->user, &info);
    acta_memory_clear(l->memory);
    return ACTA_OK;
}

static acta_status
see_all(looking *l, acta_str prefix, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, row;
    bool goes_on = true;

    acta_status status =
        acta_row_cursor_open(l->app->store, l->tables.state.text, acta_str_bytes(prefix), &cursor, error);
    if (status != ACTA_OK) return status;
    while (status == ACTA_OK && goes_on) {
        status = acta_row_cursor_next(cursor, &key, &row, error);
        if (status == ACTA_OK && !begins_with(acta_str_from(key.data, key.size), prefix)) status = ACTA_NOT_FOUND;
        if (status == ACTA_OK) status = see_row(l, key, row, &goes_on, error);
    }
    acta_row_cursor_close(cursor);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    for (uint64_t i = 0; i < l->count && goes_on; i++) {
        entry *e = &l->entries[i];
        if (e->is_seen || e->failed_position == 0) continue;
        acta_instance_info info = { .id = acta_str_from(e->id, e->id_size), .command = acta_str_from("", 0) };
        take_entry(&info, e);
        goes_on = l->see(l->user, &info);
    }
    return ACTA_OK;
}

const acti_reader *
acti_manager_find(const acta_app *app, const char *name)
{
    for (uint32_t i = 0; i < app->reader_count; i++)
        if (app->readers[i].kind == &acti_manager_kind && strcmp(app->readers[i].name, name) == 0)
            return &app->readers[i];
    return NULL;
}

acta_status
acta_manager_instances(
    acta_app *app, const char *name, acta_str prefix, acta_instance_see *see, void *user, acta_error *error)
{
    ACTI_IN_CALL(app);
    const acti_reader *reader = acti_manager_find(app, name);
    looking l = { .app = app, .see = see, .user = user };
    acta_message *answer;
    if (reader == NULL)
        return acta_error_set(error, ACTA_INVALID, "application '%s' has no process manager '%s'", app->name, name);

    l.tables = acti_manager_tables_of(reader->given.manager);
    l.memory = acta_memory_create(&app->environment.allocator);
    if (l.memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to look at instances");
    acti_map_init(&l.by_id, &app->environment.allocator, app->hash_seed);
    acta_status status = ask_router(&l, reader, prefix, &answer, error);
    if (status == ACTA_OK) status = see_all(&l, prefix, error);
    acti_map_deinit(&l.by_id);
    acta_message_destroy(answer);
    acta_memory_destroy(l.memory);
    return status;
}

const char *
acta_instance_phase_name(acta_instance_phase phase)
{
    static const char *const names[] = { "cold", "idle", "committing", "asking", "backoff", "stuck" };
    return (size_t)phase < sizeof names / sizeof names[0] ? names[phase] : "?";
}
