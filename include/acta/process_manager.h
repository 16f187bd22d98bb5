/*
 * Process managers: events in, commands out, with a state of their own for each instance.
 *
 * For each event an instance, in this order: handle -> apply -> one batch on disk (state, position, the commands in an
 * outbox with derived ids) -> the commands, in order -> each outcome and the deletion from the outbox in one batch.
 * A crash anywhere between repeats nothing and loses nothing. An instance takes its next event when its outbox is empty.
 *
 * What a user fills in is generated (bank_Transfers_process_manager, BANK_TRANSFERS(…), bank_Withdraw_send).
 */
#ifndef ACTA_PROCESS_MANAGER_H
#define ACTA_PROCESS_MANAGER_H

#include "acta/id.h"
#include "acta/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The commands that one event, or one failure, leads to. Lives while the handler runs. */
typedef struct acta_commands acta_commands;

/* Add a command; encoded before this returns. Sticky: after one that could not be encoded the whole event fails.
 * Generated code calls it: bank_Withdraw_send(commands, value). */
ACTA_API void acta_commands_add(acta_commands *commands, const acta_table *command, const void *value);

typedef enum acta_route {
    ACTA_ROUTE_NONE = 0, /* this event is not for this process manager */
    ACTA_ROUTE_START,    /* start the instance, or go on with it if it runs */
    ACTA_ROUTE_GO_ON,    /* go on with a running instance; ignored when there is none */
    ACTA_ROUTE_STOP      /* handle, then end the instance; ignored when there is none */
} acta_route;

/* A command of the outbox that was not accepted. */
typedef struct acta_failure {
    acta_status status;    /* ACTA_REJECTED, ACTA_FAILED, ACTA_INVALID … */
    uint32_t code;         /* the rejection */
    const char *rejection; /* its name; "" when it is none */
    const char *text;
    const acta_table *command; /* which kind */
    acta_bytes payload;        /* and its content: bank_Deposit_read(failure->payload, &deposit) */
    uint32_t attempt;          /* 1: the first time */
} acta_failure;

typedef enum acta_failure_action {
    ACTA_FAILURE_RETRY = 1, /* dispatch it again, with backoff */
    ACTA_FAILURE_SKIP,      /* leave it out, go on with the commands after it */
    ACTA_FAILURE_REPLACE    /* leave it and those after it out; dispatch what was added to `commands` instead */
} acta_failure_action;

typedef struct acta_process_manager acta_process_manager;

typedef struct acta_process_manager_code {
    const char *name; /* "Transfers" */
    const acta_table *state;
    const acta_table *const *events; /* all events of the schema; an index into it is an event's number */
    uint32_t event_count;
    /* Where an event goes. `instance_out` is a view into the buffer; an absent or empty field is ACTA_ROUTE_NONE. */
    acta_route (*route)(const acta_process_manager *self, uint32_t event, acta_bytes buffer, acta_str *instance_out);
    /* Is the event routed at all? What is not is not even read from the log. */
    bool (*interested)(const acta_process_manager *self, uint32_t event);
    void (*handle)(const acta_process_manager *self, uint32_t event, const void *state, acta_bytes buffer,
        acta_commands *commands);
    void (*apply)(
        const acta_process_manager *self, uint32_t event, void *state, acta_bytes buffer, acta_memory *memory);
    /* NULL result pointer: the user gave none; then rejections are skipped and all else is retried. */
    bool (*error)(const acta_process_manager *self, const void *state, const acta_failure *failure,
        acta_commands *commands, acta_failure_action *action_out);
    const char *(*missing)(const acta_process_manager *self); /* as in acta_aggregate_code; "on: no event is routed" */
} acta_process_manager_code;

/* First member of each generated process manager struct. */
struct acta_process_manager {
    const acta_process_manager_code *code;
    uint32_t retry_max;       /* before a command that can't get through parks its instance; 0: 10 */
    uint32_t idle_timeout_ms; /* an instance leaves memory after so long; 0: 60,000 */
};

#ifdef __cplusplus
}
#endif
#endif
