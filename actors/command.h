/*
 * A command (or a question for a state) on its way: one block with all that is needed to try again, counted.
 *
 *     dispatcher --ref--> command <--ref-- message, aggregate, or the transaction under way
 *
 * Who has it in hand owns the fields of its group: first the aggregate in its turn, then, from submit on, the completion.
 * The answer is written before acta_reply and read after it.
 */
#ifndef ACTI_ACTORS_COMMAND_H
#define ACTI_ACTORS_COMMAND_H

#include "internal.h"

typedef enum acti_ask { ACTI_ASK_EXECUTE, ACTI_ASK_READ } acti_ask;

typedef struct acti_pipeline acti_pipeline;
typedef struct acti_command acti_command;
typedef struct acti_events acti_events;
typedef struct acta_passage acta_passage;
typedef struct acti_command_trace acti_command_trace;

struct acti_command {
    /* Any thread. */
    _Atomic uint32_t refs;
    _Atomic bool open;               /* counted in commands_open */
    _Atomic(acti_command *) waiters; /* answered with it, newest first; see aggregate_pipeline.c */
    _Atomic uint32_t turn;           /* acta_dispatch_async: who tries again */

    /* Constant after creation. */
    acta_app *app;
    const acti_aggregate *aggregate;
    acti_ask ask;
    uint32_t number;           /* of its table among the aggregate's commands */
    bool recorded;             /* its id was given by the caller: the outcome is kept */
    bool is_of_manager;        /* a process manager sent it */
    bool is_of_schedule;       /* the schedule sent it */
    uint64_t expected_version; /* 0: any */
    acta_envelope envelope;
    acta_str stream;
    acta_bytes payload;
    acta_bytes metadata; /* of its events; the passage's, if that has changed them */
    uint32_t returning;  /* acta_returning */
    size_t size;         /* of the block */

    /* The dispatcher. */
    acta_dispatch_done done;
    void *user;
    uint64_t begun_ns, deadline_ns;
    uint32_t tries;            /* acta_dispatch_async */
    acta_passage *passage;     /* through the middleware; NULL: there is none */
    acti_command_trace *trace; /* span.h; NULL: nobody wants a span of it */

    /* Whoever has it in hand. */
    bool fresh; /* no outcome of its id can be stored yet */
    acta_from from;
    bool handed_over;     /* by its aggregate to an append, so that the aggregate's end answers it no more */
    uint64_t order;       /* in which its aggregate got it */
    bool brings_snapshot; /* when it is durable, its aggregate is told to write one */
    bool twin;            /* waits for another one of the same id, and is answered as that one is */
    uint32_t attempts;
    uint32_t decisions;
    bool is_audited;    /* its transaction has its record */
    acta_digest digest; /* recorded: of aggregate, command and payload */
    acti_pipeline *pipeline;
    uint64_t submitted_ns, durable_ns; /* 0: it is not timed, or not yet */
    acti_command *next;                /* in a list */
    acti_command *rest;                /* failed: its waiters, oldest first */

    /* The answer. */
    acta_status status;
    uint64_t version, position;
    acta_error *error;   /* NULL: nothing more to say */
    acta_bytes state;    /* READ, or returned: encoded, or absent; ours */
    acti_events *events; /* returned: ours; NULL: none */

    _Alignas(8) uint8_t bytes[]; /* payload, stream, metadata */
};

/* Events that a command is to return, as they were written. */
typedef struct acti_written {
    uint32_t number; /* among the aggregate's */
    uint32_t at, size;
} acti_written;
struct acti_events {
    size_t size; /* of the block */
    uint32_t count;
    acti_written written[]; /* and behind them the bytes */
};

/* A sink that makes a command of what is encoded into it. */
typedef struct acti_command_sink {
    acta_sink sink;
    acta_app *app;
    const acti_aggregate *aggregate;
    acta_str identity;
    size_t metadata_size;
    acti_command *command; /* NULL until then */
} acti_command_sink;
acti_command_sink acti_command_sink_of(acta_app *app, const acti_aggregate *aggregate, acta_str identity);

/* A command whose payload, and metadata, are still to be filled in; NULL: no memory. */
acti_command *acti_command_create(
    acta_app *app, const acti_aggregate *aggregate, acta_str identity, size_t payload_size, size_t metadata_size);
/* The table of what it is: a command's, or the state's that is asked for. */
const acta_table *acti_command_table(const acti_command *command);
acti_command *acti_command_ref(acti_command *command);
void acti_command_unref(acti_command *command); /* takes NULL */

/* Is this an identity that a stream of the aggregate can be named by? ACTA_INVALID says why not. */
acta_status acti_identity_check(
    const acti_aggregate *aggregate, const acta_table *command, acta_str identity, acta_error *error);

/* A message for the aggregate; holds a reference. NULL: no memory. */
acta_message *acti_command_message(acti_command *command);

/* The running aggregate of this stream, started if need be. */
acta_status acti_aggregate_locate(
    acta_app *app, const acti_aggregate *aggregate, acta_str stream, acta_pid *pid_out, acta_error *error);

/* aggregate_ids.c: what tells two commands of one id apart; personal fields don't. */
acta_status acti_command_digest(acti_command *command, acta_error *error);

/* Say what the answer is; it is sent by acti_command_answer, once. `error` is copied; where there is no memory for that of a
 * rejection, the answer is ACTA_NO_MEMORY. */
void acti_command_set_answer(acti_command *command, acta_status status, uint64_t version, const acta_error *error);
/* ACTA_NOPROC as an answer means: not executed, ask again; the dispatcher does. */
void acti_command_answer(acti_command *command);
/* Both, for one that was not decided. */
void acti_command_answer_with(acti_command *command, acta_status status, const acta_error *error);

/* It is under way no more. */
void acti_command_close(acti_command *command);

/* What the caller is told by acta_outcome, and the other way round. */
void acti_command_answer_from(acti_command *command, const acta_outcome *outcome);
acta_outcome acti_command_outcome(const acti_command *command);

/* -- lists, by `next` -- */

typedef struct acti_command_list {
    acti_command *first, *last;
} acti_command_list;

void acti_command_list_append(acti_command_list *list, acti_command *command);
acti_command *acti_command_list_take(acti_command_list *list); /* NULL: empty */
/* In the place of its order; not before `*hint`, which moves along; NULL at first. */
void acti_command_list_insert(acti_command_list *list, acti_command *command, acti_command **hint);

#endif
