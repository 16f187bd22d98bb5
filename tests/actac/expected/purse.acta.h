/*
 * Made by actac from purse.fbs: change that, not this.
 */
#ifndef PURSE_ACTA_H
#define PURSE_ACTA_H

#include "acta/generated.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const acta_schema purse_schema;

typedef enum purse_Kind ACTA_ENUM_TYPE {
    purse_Kind_food = 0,
    purse_Kind_travel = 1,
    purse_Kind_other = 2,
} purse_Kind;
/* purse_Kind_optional */
ACTA_OPTIONAL(purse_Kind);
const char *purse_Kind_name(purse_Kind value); /* as in the schema; "unknown" for any other */

/* Of each T: T_vector, and T_ref where it is no union. */
ACTA_TABLE_VIEWS(purse_Earn);
ACTA_TABLE_VIEWS(purse_Spend);
ACTA_TABLE_VIEWS(purse_Note);
ACTA_TABLE_VIEWS(purse_Earned);
ACTA_TABLE_VIEWS(purse_Spent);
ACTA_TABLE_VIEWS(purse_Charged);
ACTA_TABLE_VIEWS(purse_Moved);
ACTA_TABLE_VIEWS(purse_Owed);
ACTA_TABLE_VIEWS(purse_Noted);
ACTA_TABLE_VIEWS(purse_Purse);
ACTA_TABLE_VIEWS(purse_Diary);
ACTA_TABLE_VIEWS(purse_Diaries);
ACTA_TABLE_VIEWS(purse_PurseRow);

/* Command to the aggregate Purse. */
typedef struct purse_Earn {
    acta_str purse_id ACTA_ZERO; /* identity, required */
    int64_t hundredths ACTA_ZERO;
} purse_Earn;
ACTI_READ_TABLE(purse_Earn)
{
    value_out->hundredths = acta_view_int64(view, 2, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_Earn_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_Earn);
/* purse_Earn_dispatch, _dispatch_async, _schedule, _send, _send_at, _send_after */
ACTA_COMMAND(purse_Earn);

/* Command to the aggregate Purse. */
typedef struct purse_Spend {
    acta_str purse_id ACTA_ZERO; /* identity, required */
    int64_t hundredths ACTA_ZERO;
} purse_Spend;
ACTI_READ_TABLE(purse_Spend)
{
    value_out->hundredths = acta_view_int64(view, 3, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_Spend_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_Spend);
/* purse_Spend_dispatch, _dispatch_async, _schedule, _send, _send_at, _send_after */
ACTA_COMMAND(purse_Spend);

/* Command to the aggregate Diary. */
typedef struct purse_Note {
    acta_str purse_id ACTA_ZERO; /* identity, required */
    int64_t hundredths ACTA_ZERO;
} purse_Note;
ACTI_READ_TABLE(purse_Note)
{
    value_out->hundredths = acta_view_int64(view, 1, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_Note_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_Note);
/* purse_Note_dispatch, _dispatch_async, _schedule, _send, _send_at, _send_after */
ACTA_COMMAND(purse_Note);

/* Event of the aggregate Purse. */
typedef struct purse_Earned {
    acta_str purse_id ACTA_ZERO; /* required */
    int64_t hundredths ACTA_ZERO;
} purse_Earned;
ACTI_READ_TABLE(purse_Earned)
{
    value_out->hundredths = acta_view_int64(view, 1, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_Earned_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_Earned);
/* purse_Earned_emit */
ACTA_EVENT(purse_Earned);
/* purse_Earned_purse_id */
ACTA_FIELD_READER(purse_Earned, purse_id);

/* Event of the aggregate Purse. */
typedef struct purse_Spent {
    acta_str purse_id ACTA_ZERO; /* required */
    int64_t hundredths ACTA_ZERO;
    acta_str what ACTA_ZERO;
    purse_Kind kind ACTA_ZERO;
} purse_Spent;
ACTI_READ_TABLE(purse_Spent)
{
    value_out->kind = (purse_Kind)acta_view_uint8(view, 3, 0);
    value_out->what = acta_view_str(view, 2);
    value_out->hundredths = acta_view_int64(view, 1, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_Spent_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_Spent);
/* purse_Spent_emit */
ACTA_EVENT(purse_Spent);
/* purse_Spent_purse_id */
ACTA_FIELD_READER(purse_Spent, purse_id);
/* purse_Spent_what */
ACTA_FIELD_READER(purse_Spent, what);

/* Event of the aggregate Purse. */
typedef struct purse_Charged {
    acta_str purse_id ACTA_ZERO; /* required */
    int64_t hundredths ACTA_ZERO;
} purse_Charged;
ACTI_READ_TABLE(purse_Charged)
{
    value_out->hundredths = acta_view_int64(view, 1, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_Charged_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_Charged);
/* purse_Charged_emit */
ACTA_EVENT(purse_Charged);
/* purse_Charged_purse_id */
ACTA_FIELD_READER(purse_Charged, purse_id);

/* Event of the aggregate Purse. */
typedef struct purse_Moved {
    acta_str purse_id ACTA_ZERO; /* required */
    int64_t hundredths ACTA_ZERO;
} purse_Moved;
ACTI_READ_TABLE(purse_Moved)
{
    value_out->hundredths = acta_view_int64(view, 1, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_Moved_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_Moved);
/* purse_Moved_emit */
ACTA_EVENT(purse_Moved);
/* purse_Moved_purse_id */
ACTA_FIELD_READER(purse_Moved, purse_id);

/* Event of the aggregate Purse. */
typedef struct purse_Owed {
    acta_str purse_id ACTA_ZERO; /* required */
    int64_t hundredths ACTA_ZERO;
} purse_Owed;
ACTI_READ_TABLE(purse_Owed)
{
    value_out->hundredths = acta_view_int64(view, 1, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_Owed_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_Owed);
/* purse_Owed_emit */
ACTA_EVENT(purse_Owed);
/* purse_Owed_purse_id */
ACTA_FIELD_READER(purse_Owed, purse_id);

/* Event of the aggregate Diary. */
typedef struct purse_Noted {
    acta_str purse_id ACTA_ZERO; /* required */
    int64_t hundredths ACTA_ZERO;
} purse_Noted;
ACTI_READ_TABLE(purse_Noted)
{
    value_out->hundredths = acta_view_int64(view, 1, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_Noted_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_Noted);
/* purse_Noted_emit */
ACTA_EVENT(purse_Noted);
/* purse_Noted_purse_id */
ACTA_FIELD_READER(purse_Noted, purse_id);

/* State of the aggregate Purse. */
typedef struct purse_Purse {
    int64_t hundredths ACTA_ZERO;
    uint32_t events ACTA_ZERO;
} purse_Purse;
ACTI_READ_TABLE(purse_Purse)
{
    value_out->events = acta_view_uint32(view, 1, 0);
    value_out->hundredths = acta_view_int64(view, 0, INT64_C(0));
}
/* purse_Purse_table, _verify, _decode, _write, _vector_at, _ref_get */
ACTA_STATE_TABLE(purse_Purse);
/* purse_Purse_read, _read_at, _after */
ACTA_STATE(purse_Purse);

/* State of the aggregate Diary. */
typedef struct purse_Diary {
    uint32_t notes ACTA_ZERO;
    int64_t hundredths ACTA_ZERO;
} purse_Diary;
ACTI_READ_TABLE(purse_Diary)
{
    value_out->hundredths = acta_view_int64(view, 1, INT64_C(0));
    value_out->notes = acta_view_uint32(view, 0, 0);
}
/* purse_Diary_table, _verify, _decode, _write, _vector_at, _ref_get */
ACTA_STATE_TABLE(purse_Diary);
/* purse_Diary_read, _read_at, _after */
ACTA_STATE(purse_Diary);

/* State of the process manager Diaries. */
typedef struct purse_Diaries {
    uint32_t seen ACTA_ZERO;
} purse_Diaries;
ACTI_READ_TABLE(purse_Diaries)
{
    value_out->seen = acta_view_uint32(view, 0, 0);
}
/* purse_Diaries_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_Diaries);

/* Row of the read model PurseRow. */
typedef struct purse_PurseRow {
    acta_str purse_id ACTA_ZERO; /* identity, required */
    int64_t hundredths ACTA_ZERO;
    uint32_t events ACTA_ZERO;
} purse_PurseRow;
ACTI_READ_TABLE(purse_PurseRow)
{
    value_out->events = acta_view_uint32(view, 2, 0);
    value_out->hundredths = acta_view_int64(view, 1, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_PurseRow_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_PurseRow);
/* purse_PurseRow_get, _put, _remove, _find, _each */
ACTA_READ_MODEL(purse_PurseRow);

typedef struct purse_Purse_execute {
    acta_verdict (*Earn)(const purse_Purse *state, purse_Earn command, acta_decision *decision) ACTA_ZERO;
    acta_verdict (*Spend)(const purse_Purse *state, purse_Spend command, acta_decision *decision) ACTA_ZERO;
} purse_Purse_execute;

typedef struct purse_Purse_apply {
    void (*Earned)(purse_Purse *state, purse_Earned event, acta_memory *memory) ACTA_ZERO;
    void (*Spent)(purse_Purse *state, purse_Spent event, acta_memory *memory) ACTA_ZERO;
    void (*Charged)(purse_Purse *state, purse_Charged event, acta_memory *memory) ACTA_ZERO;
    void (*Moved)(purse_Purse *state, purse_Moved event, acta_memory *memory) ACTA_ZERO;
    void (*Owed)(purse_Purse *state, purse_Owed event, acta_memory *memory) ACTA_ZERO;
} purse_Purse_apply;

/* The aggregate Purse; fill it with PURSE_PURSE(.execute = …, .apply = …, and what acta/aggregate.h tells). */
typedef struct purse_Purse_aggregate {
    ACTA_AGGREGATE_BASE;
    purse_Purse_execute execute;
    purse_Purse_apply apply;
    acta_verdict (*before_execute)(const purse_Purse *state, acta_decision *decision) ACTA_ZERO;
    uint32_t (*lifespan)(const purse_Purse *state, const acta_lifespan_after *after) ACTA_ZERO;
} purse_Purse_aggregate;
extern const acta_aggregate_code purse_Purse_code;

typedef struct purse_Purse_settings {
    purse_Purse_execute execute ACTA_ZERO;
    purse_Purse_apply apply ACTA_ZERO;
    uint32_t snapshot_every ACTA_ZERO;
    uint32_t idle_timeout_ms ACTA_ZERO;
    uint32_t snapshot_version ACTA_ZERO;
    acta_verdict (*before_execute)(const purse_Purse *state, acta_decision *decision) ACTA_ZERO;
    uint32_t (*lifespan)(const purse_Purse *state, const acta_lifespan_after *after) ACTA_ZERO;
} purse_Purse_settings;
#ifdef __cplusplus
#define PURSE_PURSE(...)                                                                                               \
    acta_generated::aggregate<purse_Purse_aggregate>(&purse_Purse_code, purse_Purse_settings{ __VA_ARGS__ })
#else
#define PURSE_PURSE(...)                                                                                               \
    {                                                                                                                  \
        .code = &purse_Purse_code, __VA_ARGS__                                                                         \
    }
#endif

/* For .apply, of events that change nothing in the state. */
void purse_Purse_ignore_Earned(purse_Purse *state, purse_Earned event, acta_memory *memory);
void purse_Purse_ignore_Spent(purse_Purse *state, purse_Spent event, acta_memory *memory);
void purse_Purse_ignore_Charged(purse_Purse *state, purse_Charged event, acta_memory *memory);
void purse_Purse_ignore_Moved(purse_Purse *state, purse_Moved event, acta_memory *memory);
void purse_Purse_ignore_Owed(purse_Purse *state, purse_Owed event, acta_memory *memory);

typedef struct purse_Diary_execute {
    acta_verdict (*Note)(const purse_Diary *state, purse_Note command, acta_decision *decision) ACTA_ZERO;
} purse_Diary_execute;

typedef struct purse_Diary_apply {
    void (*Noted)(purse_Diary *state, purse_Noted event, acta_memory *memory) ACTA_ZERO;
} purse_Diary_apply;

/* The aggregate Diary; fill it with PURSE_DIARY(.execute = …, .apply = …, and what acta/aggregate.h tells). */
typedef struct purse_Diary_aggregate {
    ACTA_AGGREGATE_BASE;
    purse_Diary_execute execute;
    purse_Diary_apply apply;
    acta_verdict (*before_execute)(const purse_Diary *state, acta_decision *decision) ACTA_ZERO;
    uint32_t (*lifespan)(const purse_Diary *state, const acta_lifespan_after *after) ACTA_ZERO;
} purse_Diary_aggregate;
extern const acta_aggregate_code purse_Diary_code;

typedef struct purse_Diary_settings {
    purse_Diary_execute execute ACTA_ZERO;
    purse_Diary_apply apply ACTA_ZERO;
    uint32_t snapshot_every ACTA_ZERO;
    uint32_t idle_timeout_ms ACTA_ZERO;
    uint32_t snapshot_version ACTA_ZERO;
    acta_verdict (*before_execute)(const purse_Diary *state, acta_decision *decision) ACTA_ZERO;
    uint32_t (*lifespan)(const purse_Diary *state, const acta_lifespan_after *after) ACTA_ZERO;
} purse_Diary_settings;
#ifdef __cplusplus
#define PURSE_DIARY(...)                                                                                               \
    acta_generated::aggregate<purse_Diary_aggregate>(&purse_Diary_code, purse_Diary_settings{ __VA_ARGS__ })
#else
#define PURSE_DIARY(...)                                                                                               \
    {                                                                                                                  \
        .code = &purse_Diary_code, __VA_ARGS__                                                                         \
    }
#endif

/* For .apply, of events that change nothing in the state. */
void purse_Diary_ignore_Noted(purse_Diary *state, purse_Noted event, acta_memory *memory);

typedef struct purse_Diaries_on_Earned {
    acta_str (*start)(const purse_Earned *event) ACTA_ZERO;
    acta_str (*start_strict)(const purse_Earned *event) ACTA_ZERO;
    acta_str (*go_on)(const purse_Earned *event) ACTA_ZERO;
    acta_str (*go_on_strict)(const purse_Earned *event) ACTA_ZERO;
    acta_str (*stop)(const purse_Earned *event) ACTA_ZERO;
    void (*route)(const purse_Earned *event, acta_routing *routing) ACTA_ZERO;
    void (*associate)(const purse_Earned *event, acta_associations *associations) ACTA_ZERO;
    void (*handle)(const purse_Diaries *state, purse_Earned event, acta_commands *commands) ACTA_ZERO;
    void (*apply)(purse_Diaries *state, purse_Earned event, acta_memory *memory) ACTA_ZERO;
} purse_Diaries_on_Earned;

typedef struct purse_Diaries_on_Spent {
    acta_str (*start)(const purse_Spent *event) ACTA_ZERO;
    acta_str (*start_strict)(const purse_Spent *event) ACTA_ZERO;
    acta_str (*go_on)(const purse_Spent *event) ACTA_ZERO;
    acta_str (*go_on_strict)(const purse_Spent *event) ACTA_ZERO;
    acta_str (*stop)(const purse_Spent *event) ACTA_ZERO;
    void (*route)(const purse_Spent *event, acta_routing *routing) ACTA_ZERO;
    void (*associate)(const purse_Spent *event, acta_associations *associations) ACTA_ZERO;
    void (*handle)(const purse_Diaries *state, purse_Spent event, acta_commands *commands) ACTA_ZERO;
    void (*apply)(purse_Diaries *state, purse_Spent event, acta_memory *memory) ACTA_ZERO;
} purse_Diaries_on_Spent;

typedef struct purse_Diaries_on_Charged {
    acta_str (*start)(const purse_Charged *event) ACTA_ZERO;
    acta_str (*start_strict)(const purse_Charged *event) ACTA_ZERO;
    acta_str (*go_on)(const purse_Charged *event) ACTA_ZERO;
    acta_str (*go_on_strict)(const purse_Charged *event) ACTA_ZERO;
    acta_str (*stop)(const purse_Charged *event) ACTA_ZERO;
    void (*route)(const purse_Charged *event, acta_routing *routing) ACTA_ZERO;
    void (*associate)(const purse_Charged *event, acta_associations *associations) ACTA_ZERO;
    void (*handle)(const purse_Diaries *state, purse_Charged event, acta_commands *commands) ACTA_ZERO;
    void (*apply)(purse_Diaries *state, purse_Charged event, acta_memory *memory) ACTA_ZERO;
} purse_Diaries_on_Charged;

typedef struct purse_Diaries_on_Moved {
    acta_str (*start)(const purse_Moved *event) ACTA_ZERO;
    acta_str (*start_strict)(const purse_Moved *event) ACTA_ZERO;
    acta_str (*go_on)(const purse_Moved *event) ACTA_ZERO;
    acta_str (*go_on_strict)(const purse_Moved *event) ACTA_ZERO;
    acta_str (*stop)(const purse_Moved *event) ACTA_ZERO;
    void (*route)(const purse_Moved *event, acta_routing *routing) ACTA_ZERO;
    void (*associate)(const purse_Moved *event, acta_associations *associations) ACTA_ZERO;
    void (*handle)(const purse_Diaries *state, purse_Moved event, acta_commands *commands) ACTA_ZERO;
    void (*apply)(purse_Diaries *state, purse_Moved event, acta_memory *memory) ACTA_ZERO;
} purse_Diaries_on_Moved;

typedef struct purse_Diaries_on_Owed {
    acta_str (*start)(const purse_Owed *event) ACTA_ZERO;
    acta_str (*start_strict)(const purse_Owed *event) ACTA_ZERO;
    acta_str (*go_on)(const purse_Owed *event) ACTA_ZERO;
    acta_str (*go_on_strict)(const purse_Owed *event) ACTA_ZERO;
    acta_str (*stop)(const purse_Owed *event) ACTA_ZERO;
    void (*route)(const purse_Owed *event, acta_routing *routing) ACTA_ZERO;
    void (*associate)(const purse_Owed *event, acta_associations *associations) ACTA_ZERO;
    void (*handle)(const purse_Diaries *state, purse_Owed event, acta_commands *commands) ACTA_ZERO;
    void (*apply)(purse_Diaries *state, purse_Owed event, acta_memory *memory) ACTA_ZERO;
} purse_Diaries_on_Owed;

typedef struct purse_Diaries_on_Noted {
    acta_str (*start)(const purse_Noted *event) ACTA_ZERO;
    acta_str (*start_strict)(const purse_Noted *event) ACTA_ZERO;
    acta_str (*go_on)(const purse_Noted *event) ACTA_ZERO;
    acta_str (*go_on_strict)(const purse_Noted *event) ACTA_ZERO;
    acta_str (*stop)(const purse_Noted *event) ACTA_ZERO;
    void (*route)(const purse_Noted *event, acta_routing *routing) ACTA_ZERO;
    void (*associate)(const purse_Noted *event, acta_associations *associations) ACTA_ZERO;
    void (*handle)(const purse_Diaries *state, purse_Noted event, acta_commands *commands) ACTA_ZERO;
    void (*apply)(purse_Diaries *state, purse_Noted event, acta_memory *memory) ACTA_ZERO;
} purse_Diaries_on_Noted;

typedef struct purse_Diaries_on {
    purse_Diaries_on_Earned Earned ACTA_ZERO;
    purse_Diaries_on_Spent Spent ACTA_ZERO;
    purse_Diaries_on_Charged Charged ACTA_ZERO;
    purse_Diaries_on_Moved Moved ACTA_ZERO;
    purse_Diaries_on_Owed Owed ACTA_ZERO;
    purse_Diaries_on_Noted Noted ACTA_ZERO;
} purse_Diaries_on;

/* The process manager Diaries; fill it with PURSE_DIARIES(.on = …, .error, .event_error, .after_command, .name, .retry_max,
 * .idle_timeout_ms, .event_timeout_ms, .start_from, .keep_story, .then). */
typedef struct purse_Diaries_process_manager {
    ACTA_PROCESS_MANAGER_BASE;
    purse_Diaries_on on;
    acta_failure_action (*error)(const purse_Diaries *state, const acta_failure *failure, acta_commands *commands);
    acta_unhandled_action (*event_error)(const acta_unhandled *failure, acta_unhandled_retry *retry);
    acta_after_command (*after_command)(const purse_Diaries *state, const acta_accepted *accepted);
} purse_Diaries_process_manager;
extern const acta_process_manager_code purse_Diaries_code;

typedef struct purse_Diaries_settings {
    purse_Diaries_on on ACTA_ZERO;
    acta_failure_action (*error)(
        const purse_Diaries *state, const acta_failure *failure, acta_commands *commands) ACTA_ZERO;
    acta_unhandled_action (*event_error)(const acta_unhandled *failure, acta_unhandled_retry *retry) ACTA_ZERO;
    acta_after_command (*after_command)(const purse_Diaries *state, const acta_accepted *accepted) ACTA_ZERO;
    const char *name ACTA_ZERO;
    uint32_t retry_max ACTA_ZERO;
    uint32_t idle_timeout_ms ACTA_ZERO;
    uint32_t event_timeout_ms ACTA_ZERO;
    acta_start_from start_from ACTA_ZERO;
    bool keep_story ACTA_ZERO;
    acta_failure_then then ACTA_ZERO;
} purse_Diaries_settings;
#ifdef __cplusplus
#define PURSE_DIARIES(...)                                                                                             \
    acta_generated::process_manager<purse_Diaries_process_manager>(                                                    \
        &purse_Diaries_code, purse_Diaries_settings{ __VA_ARGS__ })
#else
#define PURSE_DIARIES(...)                                                                                             \
    {                                                                                                                  \
        .code = &purse_Diaries_code, __VA_ARGS__                                                                       \
    }
#endif

typedef struct purse_on_event {
    acta_status (*Earned)(void *user, purse_Earned event, const acta_recorded *recorded, acta_error *error) ACTA_ZERO;
    acta_status (*Spent)(void *user, purse_Spent event, const acta_recorded *recorded, acta_error *error) ACTA_ZERO;
    acta_status (*Charged)(void *user, purse_Charged event, const acta_recorded *recorded, acta_error *error) ACTA_ZERO;
    acta_status (*Moved)(void *user, purse_Moved event, const acta_recorded *recorded, acta_error *error) ACTA_ZERO;
    acta_status (*Owed)(void *user, purse_Owed event, const acta_recorded *recorded, acta_error *error) ACTA_ZERO;
    acta_status (*Noted)(void *user, purse_Noted event, const acta_recorded *recorded, acta_error *error) ACTA_ZERO;
} purse_on_event;

/* An event handler; fill it with PURSE_EVENT_HANDLER(.name = …, .user, .on = …, .start_from, .window, .retry_max, .options). */
typedef struct purse_event_handler {
    ACTA_EVENT_HANDLER_BASE;
    purse_on_event on;
} purse_event_handler;
extern const acta_event_handler_code purse_event_handler_code;

typedef struct purse_event_handler_settings {
    const char *name ACTA_ZERO;
    void *user ACTA_ZERO;
    purse_on_event on ACTA_ZERO;
    acta_start_from start_from ACTA_ZERO;
    uint32_t window ACTA_ZERO;
    uint32_t retry_max ACTA_ZERO;
    const acta_reader_options *options ACTA_ZERO;
} purse_event_handler_settings;
#ifdef __cplusplus
#define PURSE_EVENT_HANDLER(...)                                                                                       \
    acta_generated::event_handler<purse_event_handler>(                                                                \
        &purse_event_handler_code, purse_event_handler_settings{ __VA_ARGS__ })
#else
#define PURSE_EVENT_HANDLER(...)                                                                                       \
    {                                                                                                                  \
        .code = &purse_event_handler_code, __VA_ARGS__                                                                 \
    }
#endif

typedef struct purse_on_projected {
    acta_status (*Earned)(
        void *user, purse_Earned event, const acta_recorded *recorded, acta_rows *rows, acta_error *error) ACTA_ZERO;
    acta_status (*Spent)(
        void *user, purse_Spent event, const acta_recorded *recorded, acta_rows *rows, acta_error *error) ACTA_ZERO;
    acta_status (*Charged)(
        void *user, purse_Charged event, const acta_recorded *recorded, acta_rows *rows, acta_error *error) ACTA_ZERO;
    acta_status (*Moved)(
        void *user, purse_Moved event, const acta_recorded *recorded, acta_rows *rows, acta_error *error) ACTA_ZERO;
    acta_status (*Owed)(
        void *user, purse_Owed event, const acta_recorded *recorded, acta_rows *rows, acta_error *error) ACTA_ZERO;
    acta_status (*Noted)(
        void *user, purse_Noted event, const acta_recorded *recorded, acta_rows *rows, acta_error *error) ACTA_ZERO;
} purse_on_projected;

/* A projection; fill it with PURSE_PROJECTION(.name = …, .user, .on = …, .window, .retry_max, .database, .options). */
typedef struct purse_projection {
    ACTA_PROJECTION_BASE;
    purse_on_projected on;
} purse_projection;
extern const acta_projection_code purse_projection_code;

typedef struct purse_projection_settings {
    const char *name ACTA_ZERO;
    void *user ACTA_ZERO;
    purse_on_projected on ACTA_ZERO;
    uint32_t window ACTA_ZERO;
    uint32_t retry_max ACTA_ZERO;
    const acta_database *database ACTA_ZERO;
    const acta_reader_options *options ACTA_ZERO;
} purse_projection_settings;
#ifdef __cplusplus
#define PURSE_PROJECTION(...)                                                                                          \
    acta_generated::projection<purse_projection>(&purse_projection_code, purse_projection_settings{ __VA_ARGS__ })
#else
#define PURSE_PROJECTION(...)                                                                                          \
    {                                                                                                                  \
        .code = &purse_projection_code, __VA_ARGS__                                                                    \
    }
#endif

/* -- version 1, of purse.v1.fbs -- */

extern const acta_schema purse_v1_schema;

typedef enum purse_v1_Kind ACTA_ENUM_TYPE {
    purse_v1_Kind_food = 0,
    purse_v1_Kind_travel = 1,
} purse_v1_Kind;
/* purse_v1_Kind_optional */
ACTA_OPTIONAL(purse_v1_Kind);
const char *purse_v1_Kind_name(purse_v1_Kind value); /* as in the schema; "unknown" for any other */

/* Of each T: T_vector, and T_ref where it is no union. */
ACTA_TABLE_VIEWS(purse_v1_Line);
ACTA_TABLE_VIEWS(purse_v1_Earned);
ACTA_TABLE_VIEWS(purse_v1_Spent);
ACTA_TABLE_VIEWS(purse_v1_Renamed);
ACTA_TABLE_VIEWS(purse_v1_Lent);

typedef struct purse_v1_Line {
    acta_str what ACTA_ZERO; /* required */
    purse_v1_Kind kind ACTA_ZERO;
} purse_v1_Line;
ACTI_READ_TABLE(purse_v1_Line)
{
    value_out->kind = (purse_v1_Kind)acta_view_uint8(view, 1, 0);
    value_out->what = acta_view_str(view, 0);
}
/* purse_v1_Line_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_v1_Line);

/* In whole units. */
typedef struct purse_v1_Earned {
    acta_str purse_id ACTA_ZERO; /* required */
    int64_t amount ACTA_ZERO;
} purse_v1_Earned;
ACTI_READ_TABLE(purse_v1_Earned)
{
    value_out->amount = acta_view_int64(view, 1, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_v1_Earned_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_v1_Earned);

typedef struct purse_v1_Spent {
    acta_str purse_id ACTA_ZERO; /* required */
    int64_t amount ACTA_ZERO;
    purse_v1_Line_ref line ACTA_ZERO;
} purse_v1_Spent;
ACTI_READ_TABLE(purse_v1_Spent)
{
    value_out->line = acti_purse_v1_Line_ref_of(view, 2);
    value_out->amount = acta_view_int64(view, 1, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_v1_Spent_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_v1_Spent);

typedef struct purse_v1_Renamed {
    acta_str purse_id ACTA_ZERO; /* required */
    acta_str name ACTA_ZERO;
} purse_v1_Renamed;
ACTI_READ_TABLE(purse_v1_Renamed)
{
    value_out->name = acta_view_str(view, 1);
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_v1_Renamed_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_v1_Renamed);

typedef struct purse_v1_Lent {
    acta_str purse_id ACTA_ZERO; /* required */
    acta_str other_id ACTA_ZERO; /* required */
    int64_t amount ACTA_ZERO;
} purse_v1_Lent;
ACTI_READ_TABLE(purse_v1_Lent)
{
    value_out->amount = acta_view_int64(view, 2, INT64_C(0));
    value_out->other_id = acta_view_str(view, 1);
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_v1_Lent_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_v1_Lent);

/* -- version 2, of purse.v2.fbs -- */

extern const acta_schema purse_v2_schema;

typedef enum purse_v2_Kind ACTA_ENUM_TYPE {
    purse_v2_Kind_food = 0,
    purse_v2_Kind_travel = 1,
} purse_v2_Kind;
/* purse_v2_Kind_optional */
ACTA_OPTIONAL(purse_v2_Kind);
const char *purse_v2_Kind_name(purse_v2_Kind value); /* as in the schema; "unknown" for any other */

/* Of each T: T_vector, and T_ref where it is no union. */
ACTA_TABLE_VIEWS(purse_v2_Line);
ACTA_TABLE_VIEWS(purse_v2_Spent);

typedef struct purse_v2_Line {
    acta_str what ACTA_ZERO; /* required */
    purse_v2_Kind kind ACTA_ZERO;
} purse_v2_Line;
ACTI_READ_TABLE(purse_v2_Line)
{
    value_out->kind = (purse_v2_Kind)acta_view_uint8(view, 1, 0);
    value_out->what = acta_view_str(view, 0);
}
/* purse_v2_Line_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_v2_Line);

typedef struct purse_v2_Spent {
    acta_str purse_id ACTA_ZERO; /* required */
    int64_t amount ACTA_ZERO;
    int64_t fee ACTA_ZERO;
    purse_v2_Line_ref line ACTA_ZERO;
} purse_v2_Spent;
ACTI_READ_TABLE(purse_v2_Spent)
{
    value_out->line = acti_purse_v2_Line_ref_of(view, 3);
    value_out->fee = acta_view_int64(view, 2, INT64_C(0));
    value_out->amount = acta_view_int64(view, 1, INT64_C(0));
    value_out->purse_id = acta_view_str(view, 0);
}
/* purse_v2_Spent_table, _verify, _decode, _write, _read, _vector_at, _ref_get */
ACTA_TABLE(purse_v2_Spent);

/* For upcasters: T_upcast adds one of these to what the old event becomes. */
ACTA_UPCAST_TO(purse_Earned);
ACTA_UPCAST_TO(purse_Spent);
ACTA_UPCAST_TO(purse_Charged);
ACTA_UPCAST_TO(purse_Moved);
ACTA_UPCAST_TO(purse_Owed);
ACTA_UPCAST_TO(purse_Noted);
ACTA_UPCAST_TO(purse_v1_Earned);
ACTA_UPCAST_TO(purse_v1_Spent);
ACTA_UPCAST_TO(purse_v1_Renamed);
ACTA_UPCAST_TO(purse_v1_Lent);
ACTA_UPCAST_TO(purse_v2_Spent);

typedef struct purse_v1_upcasters {
    acta_status (*Earned)(const purse_v1_Earned *old, acta_upcast *out) ACTA_ZERO;
    acta_status (*Spent)(const purse_v1_Spent *old, acta_upcast *out) ACTA_ZERO;
    acta_status (*Renamed)(const purse_v1_Renamed *old, acta_upcast *out) ACTA_ZERO;
    acta_status (*Lent)(const purse_v1_Lent *old, acta_upcast *out) ACTA_ZERO;
} purse_v1_upcasters;

typedef struct purse_v2_upcasters {
    acta_status (*Spent)(const purse_v2_Spent *old, acta_upcast *out) ACTA_ZERO;
} purse_v2_upcasters;

typedef struct purse_upcasters_given {
    purse_v1_upcasters v1 ACTA_ZERO;
    purse_v2_upcasters v2 ACTA_ZERO;
} purse_upcasters_given;

/* From old versions to new ones; fill it with PURSE_UPCASTERS(.v1 = { … }, …). */
typedef struct purse_upcasters {
    acta_upcasters base;
    purse_upcasters_given given;
} purse_upcasters;
extern const acta_upcasters_code purse_upcasters_code;
#define PURSE_UPCASTERS(...)                                                                                           \
    {                                                                                                                  \
        { &purse_upcasters_code },                                                                                     \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

#ifdef __cplusplus
}
#endif

#endif
