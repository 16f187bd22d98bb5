/*
 * Watch: what a watcher is told beside the steps themselves: what actors handle, and the records that a commit has brought.
 *
 * A run that is watched is the same run: nothing here draws, and the disk has no faults while it is read here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "acta/gen_server.h"
#include "acta/sys.h"
#include "faults.h"
#include "internal.h"

enum { WHO_MAX = 64, LINE_MAX = 1000 };

/* -- what actors handle -- */

static const char *
info_word(acta_info_kind kind)
{
    switch (kind) {
    case ACTA_INFO_DOWN:
        return "another actor is down";
    case ACTA_INFO_EXIT:
        return "a linked actor has ended";
    case ACTA_INFO_TIMER:
        return "its timer";
    case ACTA_INFO_REPLY:
        return "the answer to its request";
    case ACTA_INFO_TIMEOUT:
        return "nothing has come for a while";
    default:
        return "information";
    }
}

static void
describe_message(const acta_trace_event *event, char *text, size_t size)
{
    if (acta_app_describe_message(event->behaviour, event->message, text, size)) return;
    snprintf(text, size, "%s %" PRIu32 ", %" PRIu32 " bytes", event->kind == ACTA_TRACE_CALL ? "call" : "cast",
        event->tag, event->size);
}

static void
describe(const acta_trace_event *event, char *text, size_t size)
{
    switch (event->kind) {
    case ACTA_TRACE_CALL:
    case ACTA_TRACE_CAST:
        describe_message(event, text, size);
        return;
    case ACTA_TRACE_INFO:
        snprintf(text, size, "%s%s%s", info_word(event->info), event->status != ACTA_OK ? ": " : "",
            event->status != ACTA_OK ? acta_status_name(event->status) : "");
        return;
    case ACTA_TRACE_REPLY:
        snprintf(text, size, "answers %s", acta_status_name(event->status));
        return;
    case ACTA_TRACE_EXIT:
        snprintf(text, size, "ends: %s", event->reason->text[0] != '\0' ? event->reason->text : "normally");
        return;
    case ACTA_TRACE_SUSPEND:
    case ACTA_TRACE_RESUME:
        snprintf(text, size, "%s", event->kind == ACTA_TRACE_SUSPEND ? "is suspended" : "is resumed");
        return;
    case ACTA_TRACE_CONTINUE:
        snprintf(text, size, "goes on with what it had begun");
        return;
    }
}

static acti_told_kind
kind_of(acta_trace_kind kind)
{
    return kind == ACTA_TRACE_REPLY ? ACTI_TOLD_REPLY : kind == ACTA_TRACE_EXIT ? ACTI_TOLD_END : ACTI_TOLD_TURN;
}

void
acti_watch_message(void *user, const acta_trace_event *event, acta_str name)
{
    char who[WHO_MAX], text[LINE_MAX];
    if (acti_sim_watch(user)->is_over) return;
    uint32_t generation = (uint32_t)(event->pid.value >> 32), index = (uint32_t)event->pid.value;

    if (name.size > 0)
        snprintf(who, sizeof who, ACTA_FMT, ACTA_ARG(name));
    else
        snprintf(who, sizeof who, "%s <%" PRIu32 ".%" PRIu32 ">", event->behaviour, generation, index);
    text[0] = '\0';
    describe(event, text, sizeof text);
    acti_sim_tell(user, kind_of(event->kind), who, "%s", text);
}

/* -- records -- */

static void
describe_record(const acti_watch *watch, const acta_recorded *record, char *text, size_t size)
{
    const acta_table *table = watch->schema != NULL ? acta_schema_find(watch->schema, record->type) : NULL;
    acta_memory *memory = acta_memory_create(NULL);
    acta_str json = acta_str_of("");

    if (table != NULL && memory != NULL)
        (void)acta_json_print(table, record->payload, memory, &json, NULL); /* sealed, damaged: the type must do */
    snprintf(text, size, "position %" PRIu64 ", version %" PRIu64 ": " ACTA_FMT " " ACTA_FMT, record->position,
        record->version, ACTA_ARG(record->type), ACTA_ARG(json));
    acta_memory_destroy(memory);
}

static void
tell_record(acta_sim *sim, const acta_recorded *record)
{
    const acti_watch *watch = acti_sim_watch(sim);
    char who[WHO_MAX], text[LINE_MAX] = "";

    snprintf(who, sizeof who, ACTA_FMT, ACTA_ARG(record->stream));
    if (watch->describe != NULL)
        watch->describe(watch->state, record, text, sizeof text);
    else
        describe_record(watch, record, text, sizeof text);
    acti_sim_tell(sim, ACTI_TOLD_EVENT, who, "%s", text);
}

static void
tell_from(acta_sim *sim, acta_store *store, uint64_t from)
{
    acta_cursor *cursor;
    acta_recorded record;

    if (acta_cursor_open(store, &(acta_read){ .from = from }, &cursor, NULL) != ACTA_OK) return;
    while (acta_cursor_next(cursor, &record, NULL) == ACTA_OK)
        tell_record(sim, &record);
    acta_cursor_close(cursor);
}

void
acti_watch_records(acta_sim *sim)
{
    acti_watch *watch = acti_sim_watch(sim);
    acta_store *store = acta_app_store(acti_sim_app(sim));
    uint64_t head = acta_store_head(store);

    if (head <= watch->told_head) return;
    watch->is_looking = true;
    tell_from(sim, store, watch->told_head + 1);
    watch->is_looking = false;
    watch->told_head = head;
}
