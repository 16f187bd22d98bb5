/*
 * Process managers: what their files share.
 *
 *     reader (process_manager.c: the router)                 key: the instance's id
 *        |  event, one at a time for each instance                       ^
 *        v                                                               | done | failed | parked
 *     instance (manager_instance.c) --- handle, apply, one batch --------+
 *        |
 *        +-- outbox (manager_outbox.c): the commands, in order; what failed is retried, skipped, replaced
 *
 * In the store, for a process manager "bank.Transfers":
 *
 *     pm.bank.transfers           id                ->  state, position of its last event     (manager_rows.c)
 *     pm.bank.transfers.outbox    id                ->  the commands of that event, and how many of them are through; and
 *                                                       the instance's row as that event has left it
 *     pm.bank.transfers.ended     id | 0 | position ->  it was stopped there; until the checkpoint is durably behind it
 *     pm.bank.transfers.by        association | id  ->  nothing: it runs, and is associated with that; association: the
 *                                                       digest of name and value
 *     pm.bank.transfers.story     id | 0 | position … ->  what has become of it, where that is kept (manager_story_rows.c)
 *
 * A row less for each event: while commands are open, the outbox row holds the instance's row, and the instance's own is
 * that of an earlier event. It is there from the first event to the end, so that it tells alone which instances there are;
 * what is in it counts only where no outbox row holds a newer one. What takes the outbox row away writes it, in the same
 * batch. An instance that is ending has its own row written: nothing comes behind that.
 */
#ifndef ACTI_ACTORS_MANAGER_H
#define ACTI_ACTORS_MANAGER_H

#include "acta/span.h"

#include "command.h"
#include "personal.h"
#include "reader.h"
#include "trace_place.h"

/* -- commands -- */

typedef struct acti_sent {
    const acta_table *table;
    acta_bytes payload;
    bool outcome_stays; /* an asking of it may be under way still, and only its outcome can answer that one */
} acti_sent;

struct acti_deadline; /* schedule.h */

/* What handlers add to. */
struct acta_commands {
    acta_str instance;   /* who handles */
    uint32_t delay_ms;   /* of error functions; 0: none was given */
    uint64_t kept;       /* of error functions */
    acta_memory *memory; /* of all that is in it */
    acti_sent *sent;
    uint32_t count, capacity;
    struct acti_deadline *deadlines; /* in the reverse order of their adding; NULL: none */
    acta_status status;              /* the first that could not be encoded */
    acta_error error;
};

bool acti_sent_init(acta_commands *commands, const acta_allocator *allocator); /* false: no memory */
void acti_sent_deinit(acta_commands *commands);
void acti_sent_clear(acta_commands *commands);
bool acti_sent_add(acta_commands *commands, const acta_table *table, acta_bytes payload); /* false: no memory */

/* -- routing -- */

typedef enum acti_target_kind { ACTI_TARGET_ID, ACTI_TARGET_ALL, ACTI_TARGET_ASSOCIATED } acti_target_kind;

/* Whom an event goes to. */
typedef struct acti_target {
    acti_target_kind kind;
    acta_route how;
    acta_str id;        /* ID */
    acta_id associated; /* ASSOCIATED: acti_association_of */
} acti_target;

enum { ACTI_TARGETS_INLINE = 4 };

typedef struct acti_routing {
    acta_routing head;
    acta_memory *memory; /* of what is in it */
    acti_target *targets;
    uint32_t count, capacity;
    bool failed; /* there was no memory */
    acti_target first[ACTI_TARGETS_INLINE];
} acti_routing;

/* What an instance is associated with, each once. */
struct acta_associations {
    acta_memory *memory;
    acta_id *ids;
    uint32_t count, capacity;
    acta_status status;
};

/* Where an event goes, and what it associates with; into `memory`, which is the caller's to clear. */
acta_status acti_route_event(const acta_process_manager *manager, uint32_t event, acta_bytes payload,
    acta_memory *memory, acti_routing *routing_out, acta_error *error);
acta_status acti_associate_event(const acta_process_manager *manager, uint32_t event, acta_bytes payload,
    acta_associations *associations, acta_error *error);
acta_id acti_association_of(const char *name, acta_str value);
bool acti_associations_have(const acta_associations *associations, acta_id association);
bool acti_associations_add(acta_associations *associations, acta_id association); /* false: no memory */
/* How the event goes to the instance: by the first target that names it. associations NULL: those that might be
 * associated are. */
acta_route acti_routing_find(const acti_routing *routing, acta_str id, const acta_associations *associations);

/* -- rows -- */

typedef struct acti_manager_tables {
    acti_table_name state, outbox, ended, associated, story;
} acti_manager_tables;
acti_manager_tables acti_manager_tables_of(const acta_process_manager *manager);

typedef struct acti_instance_head {
    uint64_t last_position;
    uint64_t schema_hash;
    bool is_ending;          /* it ends when its outbox is empty */
    acta_bytes associations; /* ACTA_ID_SIZE bytes each */
} acti_instance_head;

/* association | id, in `room` of ACTI_ASSOCIATED_KEY_MAX bytes */
enum { ACTI_ASSOCIATED_KEY_MAX = ACTA_ID_SIZE + ACTA_STREAM_NAME_MAX };
acta_bytes acti_associated_key(acta_id association, acta_str id, uint8_t *room);

/* The commands of one event of an instance. */
typedef struct acti_outbox {
    acta_commands commands;
    uint32_t next;       /* index of the first that is not through */
    uint32_t generation; /* how often commands were replaced */
    uint64_t position;   /* of the event */
    int64_t recorded_at_us;
    acta_id correlation_id;
    acti_trace_place place; /* of the event, for its commands; its state is in their memory */
    bool is_stored;         /* there is a row */
    bool has_digests;       /* … of format 1: ids of its commands are a digest alone */
    bool holds_instance;    /* … with the instance's row in it, which is newer than the instance's own */
    acta_bytes instance;    /* to be stored in it, or found; data NULL: none */
} acti_outbox;

/* Values are made in `memory`; data NULL: there is none. */
acta_bytes acti_instance_encode(const acti_instance_head *head, acta_bytes state, acta_memory *memory);
acta_status acti_instance_decode(
    acta_bytes value, acti_instance_head *head_out, acta_bytes *state_out, acta_error *error);
/* Rows of a log that was longer: an instance sees what comes behind the cut, and an outbox of an event behind it has command ids
 * of its own. False: nothing is changed, or the row is damaged. */
bool acti_instance_cut(uint8_t *row, size_t size, uint64_t cut);
bool acti_outbox_cut(uint8_t *row, size_t size, uint64_t cut);
/* Commands of an outbox are sealed in its row, and open in memory. */
acta_status acti_outbox_encode(
    acta_app *app, const acti_outbox *outbox, acta_memory *memory, acta_bytes *row_out, acta_error *error);
acta_status acti_outbox_decode(const acta_app *app, acta_bytes value, const acta_schema *schema, acta_memory *memory,
    acti_outbox *outbox, acta_error *error);
/* The kind of the command whose turn it is, and how many there are. */
typedef struct acti_outbox_peek {
    uint64_t position; /* of the event */
    uint32_t through, count;
    acta_str command;
} acti_outbox_peek;
acta_status acti_outbox_peek_at(acta_bytes value, acti_outbox_peek *peek_out, acta_error *error);
acta_status acti_outbox_recorded_at(acta_bytes value, int64_t *recorded_at_us_out, acta_error *error);

/* id | 0 | position, in `room` of ACTI_ENDED_KEY_MAX bytes */
enum { ACTI_ENDED_KEY_MAX = ACTA_STREAM_NAME_MAX + 1 + 8 };
acta_bytes acti_ended_key(acta_str id, uint64_t position, uint8_t *room);
bool acti_ended_parse(acta_bytes key, acta_str *id_out, uint64_t *position_out);

/* manager_cut.c: at the start of an application whose log was cut, before routers run: rows that stayed fit the log. */
acta_status acti_manager_cut(acta_app *app, const acta_process_manager *manager, uint64_t cut, acta_error *error);
/* Is it noted that the instance was stopped at `position` or behind it? */
acta_status acti_ended_behind(
    acta_app *app, const acti_manager_tables *tables, acta_str id, uint64_t position, bool *yes_out, acta_error *error);

/* When the oldest event happened whose outbox is still there; INT64_MAX: there is none. Outcomes since then are needed. */
int64_t acti_oldest_outbox_us(acta_app *app, acta_error *error);

/* -- instances -- */

typedef enum acti_instance_phase {
    ACTI_INSTANCE_COLD, /* its rows were not read yet */
    ACTI_INSTANCE_IDLE,
    ACTI_INSTANCE_COMMITTING,
    ACTI_INSTANCE_ASKING, /* a command is under way */
    ACTI_INSTANCE_BACKOFF,
    ACTI_INSTANCE_STUCK /* its commands can't get through: until the next start */
} acti_instance_phase;

typedef enum acti_instance_step {
    ACTI_STEP_EVENT,  /* handled: next_outbox is the outbox when the batch is durable */
    ACTI_STEP_OUTBOX, /* a command was skipped, or replaced: the same */
    ACTI_STEP_END,    /* it ends by its own will, with what is left of its outbox */
    ACTI_STEP_FLUSH,  /* the row of an outbox that is through */
    ACTI_STEP_BARRIER /* nothing: what the life before submitted is through when it is */
} acti_instance_step;

/*
 * What an instance has to give back whatever becomes of it; an actor that is killed can't. It belongs to the instance
 * while that lives, and to the router before and after.
 */
typedef struct acti_ticket {
    acti_map_node node;              /* by monitor */
    struct acti_ticket *prev, *next; /* reader->tickets */
    acta_app *app;
    acta_pid pid;
    acta_ref monitor;
    bool is_counted;       /* in outboxes_open */
    _Atomic uint32_t step; /* acta_event_step: where it is with an event */
    /* What others see; the instance writes it. */
    _Atomic uint32_t phase, attempts, through, commands; /* acti_instance_phase; of its outbox */
    _Atomic uint64_t last_position;
    _Atomic int64_t since_us;     /* that the phase, or the command in turn, is this one */
    _Atomic bool reason_is_taken; /* a lock, for as long as it takes to copy */
    char reason[ACTI_REASON_MAX]; /* of its last failure; "": none since its last event */
    acti_command *command;        /* under way; NULL: none */
    acta_message *event;          /* in hand, until it is answered; NULL: none */
    acta_message *later;          /* the next one, of a router's next life; NULL: none */
    acta_from later_from;
    size_t id_size;
    char id[];
} acti_ticket;

void acti_ticket_give_back(acti_ticket *ticket);

/* manager_look.c */
const acti_reader *acti_manager_find(const acta_app *app, const char *name); /* NULL: there is none */
void acti_ticket_say(acti_ticket *ticket, const char *why); /* what its last failure was; "": nothing any more */
/* What it is doing, for people. */
void acti_ticket_describe(acti_ticket *ticket, char *text, size_t size);
void acti_ticket_destroy(acti_reader *reader, acti_ticket *ticket); /* process_manager.c */

typedef struct acti_instance {
    acta_app *app;
    acti_reader *reader;
    const acta_process_manager *manager;
    const acta_process_manager_code *code;
    acta_self *self;
    acta_str id;
    acti_manager_tables tables;
    acta_memory *scratch; /* of a batch being made */
    uint32_t idle_ms;     /* UINT32_MAX: it stays */

    acti_instance_phase phase;
    bool is_behind;     /* all that its life before submitted is stored, or never will be */
    bool exists;        /* it was started, and not ended */
    bool is_row_stored; /* … and the store has its row */
    bool is_ending;     /* it ends when its outbox is empty */
    uint64_t last_position;
    uint64_t ended_position; /* where it has ended by its own will, in this life; 0: it has not */
    void *value;             /* the state's struct */
    acta_memory *memory;
    acta_associations associations;
    uint32_t associations_stored; /* of these; the others go with the next batch */
    uint64_t forget_count;        /* when it was read */

    acti_ticket *ticket;
    acti_outbox outbox;
    bool is_from_before; /* the outbox was found in the store: its commands may be through already */
    bool report_wanted;  /* the router waits to hear that the outbox is through */

    acta_from event_from; /* of ticket->event */
    bool is_traced;       /* … which has a span */
    acta_span span;

    /* The batch on its way, and what holds when it is durable. */
    acti_instance_step step;
    uint64_t number;
    acti_outbox next_outbox;

    /* The command under way. */
    acta_ref request;
    uint32_t attempts, tries;
    uint64_t kept; /* the error function's, until the next event */
    bool flush_is_set;
} acti_instance;

typedef struct acti_instance_argument {
    acti_reader *reader;
    acti_ticket *ticket;
} acti_instance_argument;

extern const acta_behaviour acti_instance_behaviour;

/* The name of an instance's actor, in `room` of ACTA_STREAM_NAME_MAX bytes. ACTA_INVALID: the id is too long. */
acta_status acti_instance_name(
    const acta_process_manager *manager, acta_str id, char *room, acta_str *name_out, acta_error *error);

/* Notices of an instance for its router: WAITING, STUCK, UNSTUCK, ENDED (by its own will, not by a route). */
typedef struct acti_notice {
    uint64_t position;
    size_t id_size;
    char id[ACTA_STREAM_NAME_MAX];
    char why[ACTI_REASON_MAX];
} acti_notice;

/* manager_instance.c */
/* Submit a batch; takes it, NULL too. Not ACTA_OK: nothing is on its way. */
acta_status acti_instance_submit(acti_instance *i, acta_transaction *batch, acti_instance_step step, acta_error *error);
void acti_instance_notify(acti_instance *i, acti_tag tag, const char *why);
void acti_instance_answer_event(acti_instance *i, acta_status status, const acta_error *error);
void acti_instance_forget(acti_instance *i); /* its state */
/* What is in memory is not what is stored, and never will be: end, so that the next incarnation reads what is. The router
 * wakes that one for an instance that failed. */
acta_next acti_instance_end(acti_instance *i, acta_status status, const acta_error *error);

/* manager_event.c */
/* The instance's row as it is in memory, made in its scratch memory. */
acta_status acti_instance_make_row(acti_instance *i, acta_bytes *row_out, acta_error *error);
/* Into a batch: that row. */
acta_status acti_instance_put(acti_instance *i, acta_transaction *batch, acta_error *error);
/* Into a batch: it ends, at its last position. */
void acti_instance_put_end(const acti_instance *i, acta_transaction *batch);
acta_next acti_instance_handle(acti_instance *i); /* the event in hand */

/* manager_look.c */
void acti_instance_publish(const acti_instance *i); /* what others see of it */

/* manager_outbox.c */
static inline bool
acti_outbox_is_through(const acti_outbox *outbox)
{
    return outbox->next >= outbox->commands.count;
}

acta_id acti_outbox_command_id(const acti_instance *i, const acti_outbox *outbox, uint32_t index);
void acti_outbox_count(acti_instance *i, bool open); /* in outboxes_open */
void acti_outbox_ask(acti_instance *i);              /* for the next command */
void acti_outbox_answered(acti_instance *i, acta_status status, const acta_error *error);
void acti_outbox_retry(acti_instance *i); /* the time has come */
/* Simulation: what was asked for more than once comes to its aggregate now that all is over, and stored. */
void acti_outbox_ask_late(acti_instance *i);
/* Into a batch: the row goes, or is overwritten by `next`; the outcomes of the commands that are through go with it. */
acta_status acti_outbox_put(acti_instance *i, acta_transaction *batch, const acti_outbox *next, acta_error *error);
void acti_outbox_take_next(acti_instance *i); /* the batch is durable */

/* schedule_manager.c: deadlines that were added to an outbox's commands, into its batch; and out of it those of an instance
 * that is being stopped. */
acta_status acti_deadlines_put(acti_instance *i, acta_transaction *batch, const acti_outbox *outbox, acta_error *error);
/* The latter, for one that ends without another event. */
acta_status acti_deadlines_end(const acti_instance *i, acta_transaction *batch, acta_error *error);

#endif
