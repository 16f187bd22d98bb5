/*
 * Readers: what event handlers, projections and process managers share. A partitioned subscription: order kept for each
 * key, a window in flight, and what can't be worked on set aside so that all other keys go on.
 *
 *     log -> subscription -> item -> the kind's work -> ack -> checkpoint
 *                              |
 *                              +-> set aside: a row in the table "parked", durable before the position moves;
 *                                  tried again with backoff, then left there; later events of its key go behind it
 *
 * acti_reader belongs to the application; the actor that runs it (acti_reader_actor) is restarted over it.
 */
#ifndef ACTI_ACTORS_READER_H
#define ACTI_ACTORS_READER_H

#include "acta/consumer_group.h"

#include "internal.h"

typedef struct acti_reader_actor acti_reader_actor;
typedef struct acti_aside acti_aside;
typedef struct acti_order acti_order;

enum {
    ACTI_REASON_MAX = ACTA_PARKED_REASON_MAX,
    ACTI_PARKED_KEY_MAX = ACTA_PARKED_KEY_MAX,
    ACTI_READER_ACTOR_NAME_MAX = 160
};

/* -- an event on its way -- */

typedef struct acti_item {
    acta_chunk *chunk; /* a reference; NULL: what `recorded` views lies behind the item, or elsewhere for a while */
    acta_recorded recorded;
    uint32_t event;    /* its number among the reader's events */
    uint32_t old;      /* which old version of an event it is (acti_old_of); 0: none. Else `event` says nothing */
    acti_aside *aside; /* it was set aside, and this is another try; NULL: the first */
    size_t size;       /* of the block, when it is one */
    uint32_t life;     /* in an instance's hand: which one of its router sent it, as reader->lives counted */
    _Alignas(8) uint8_t bytes[];
} acti_item;

/* A copy in a block of its own, which shares the chunk. NULL: no memory. */
acti_item *acti_item_copy(const acta_app *app, const acti_item *item);
/* The same into `room`, of as many bytes as item->size, which must have been made by acti_item_copy. */
void acti_item_copy_into(const acti_item *item, void *room);
void acti_item_destroy(const acta_app *app, acti_item *item); /* takes NULL */
/* Set `event` and `old` by what was recorded. False: it is nothing that this reader could know. */
bool acti_item_identify(const acti_reader *reader, acti_item *item);
/* Call `see` with the event; of an old one with each that it has become and that this reader knows, until one fails. */
typedef acta_status acti_item_see(acti_reader_actor *r, const acti_item *item, acta_error *error);
acta_status acti_item_each(acti_reader_actor *r, const acti_item *item, acti_item_see *see, acta_error *error);

/* -- kinds -- */

typedef enum acti_work {
    ACTI_WORK_DONE,
    ACTI_WORK_FAILED, /* `error` says why: it is set aside */
    ACTI_WORK_PENDING /* acti_reader_worked comes later */
} acti_work;

/* What handlers, projections and process managers differ in. NULL: nothing to do. */
/* What is to become of an event that failed. */
typedef struct acti_verdict {
    enum { ACTI_VERDICT_RETRY, ACTI_VERDICT_SKIP, ACTI_VERDICT_PARK, ACTI_VERDICT_STOP } action;
    uint32_t delay_ms; /* RETRY; 0: the usual backoff */
    uint64_t kept;     /* the user's, for the next attempt */
    bool is_decided;   /* by the reader's own function: nobody else is asked */
} acti_verdict;

typedef struct acti_keys acti_keys;

typedef struct acti_reader_kind {
    const char *name;
    size_t state_size; /* of kind_state */
    /* Each batch is one transaction of rows and position; the next one is made while it is on its way. Nothing is ever
     * PENDING. */
    bool transactional;
    bool whole_window; /* it takes a chunk of as many events as the window has room for */
    /* Before the subscription is opened, and again when a transaction of acti_reader_submit_barrier is durable. False: not
     * yet. NULL: at once. */
    bool (*start)(acti_reader_actor *r);
    acta_status (*open)(acti_reader_actor *r, acta_error *error);
    void (*close)(acti_reader_actor *r);
    /* Whose order is kept: absent for an event that is not for this reader. NULL: what the options say, or the stream. */
    acta_str (*key)(acti_reader_actor *r, const acti_item *item);
    /* The same for events that go to several: add them all. Called for each event that an old one has become. */
    acta_status (*keys)(acti_reader_actor *r, const acti_item *item, acti_keys *keys, acta_error *error);
    /* An event has failed, which `attempt` times already; key: its stream's, as it came, when it could not be routed.
     * NULL: RETRY. */
    acti_verdict (*failed)(
        acti_reader_actor *r, const acti_item *item, acta_str key, uint32_t attempt, const acta_error *why);
    /* `item` is borrowed. */
    acti_work (*work)(acti_reader_actor *r, const acti_item *item, acta_str key, acta_error *error);
    /* It failed before it came to `work`: true when others of its key are in work, behind whom it is concluded then. NULL:
     * work is done at once. */
    bool (*fails_later)(acti_reader_actor *r, const acti_item *item, acta_str key, const acta_error *why);
    /* What was set aside by commands: let its owner try them again; acti_aside_stuck or _unstuck tells. */
    acta_status (*resume)(acti_reader_actor *r, acta_str key, acta_error *error);
    bool (*is_full)(const acti_reader_actor *r); /* the batch has enough; nothing is begun */
    void (*go_on)(acti_reader_actor *r);         /* at the end of each turn, unless it naps */
    /* Rows that are to go with a batch, though no event is: now and then. */
    bool (*has_rows)(const acti_reader_actor *r);
    /* The rows of the batch; called again when it could not be submitted. */
    void (*fill)(acti_reader_actor *r, acta_transaction *transaction);
    void (*guard)(acti_reader_actor *r, acta_transaction *transaction); /* what must hold for whatever it commits */
    void (*sent)(acti_reader_actor *r);                                 /* … it is on its way */
    void (*durable)(acti_reader_actor *r);                              /* … and there */
    acta_status (*before_reset)(acti_reader_actor *r, acta_error *error);
    bool (*is_idle)(const acti_reader_actor *r); /* nobody has any of its events in hand. NULL: nobody ever has */
    void (*look)(acti_reader_actor *r, acta_from from, const acta_message *message); /* answers ACTI_TAG_WATCH */
    acta_next (*cast)(acti_reader_actor *r, acta_message *message);
    acta_next (*info)(acti_reader_actor *r, const acta_info *info);
} acti_reader_kind;

extern const acti_reader_kind acti_handler_kind, acti_lanes_kind, acti_projection_kind, acti_database_kind,
    acti_manager_kind;

/* -- the reader -- */

struct acti_reader {
    /* Constant after the start. */
    acta_app *app;
    acti_reader *self; /* what its actor gets as its argument points here */
    const acti_reader_kind *kind;
    const char *name;
    char actor_name[ACTI_READER_ACTOR_NAME_MAX]; /* under which its actor is found: "reader NAME" */
    union {
        const acta_event_handler *handler;
        const acta_projection *projection;
        const acta_process_manager *manager;
    } given;
    const acta_table *const *events;
    uint32_t event_count;
    acti_names names; /* full name -> number */
    acta_str *types;  /* of interest */
    uint32_t type_count;
    struct acti_database *database;     /* of a projection into one; NULL: it has none */
    const acta_reader_options *options; /* never NULL */
    acta_start start;
    uint32_t window, retry_max;
    acta_retry_backoff backoff; /* its own, and where it says nothing the application's; 0: the usual */
    bool stops;                 /* behind retry_max, instead of parking */
    acta_event_decide *error;   /* its own, or the application's; NULL: none */
    void *error_user;

    /* Any thread. */
    _Atomic uint64_t pid; /* 0: between two lives */
    _Atomic uint64_t passed, in_flight, parked, retries, handled;
    _Atomic uint32_t lives;                            /* that have begun */
    _Atomic bool is_rebuilding, rebuild_is_called_off; /* reader_rebuild.c */
    _Atomic uint64_t rebuilt;                          /* how far that is; 0: there is none */
    _Atomic bool misses_ends;     /* of instances: an end may not have been heard of by the router */
    _Atomic int state;            /* acta_reader_state */
    _Atomic int64_t since_us;     /* of it */
    _Atomic bool reason_is_taken; /* a lock, for as long as it takes to copy */
    char reason[ACTI_REASON_MAX];

    _Atomic(acta_message *) spare_ready; /* READY, for when there is no memory to make another; NULL: not now */

    /* The actor alone, one life after the other: what a life that is killed leaves, the next one finds. */
    acta_subscription *subscription;
    acta_chunk *chunk;           /* in hand; NULL: none */
    acti_item *item;             /* that is tried again; NULL: none */
    acta_memory *rows_memory;    /* of a projection's rows in hand */
    acta_memory *rows_scratch;   /* … and of its event in work */
    acta_memory *keys_memory;    /* of the keys of the event in work */
    acta_memory *opened;         /* of an event with personal fields, opened; NULL: there was none */
    struct acti_ticket *tickets; /* of a process manager's instances */
    uint64_t handling; /* the position in the user's hands: if a life ends there, that counts as a failure of it */
    uint64_t judging;  /* the position that the user's error function has in its hands */
    bool is_asking;    /* … in those of his error callback: that stops the reader */
    acti_map tried;    /* what is known of the keys that are aside: reader_failure.c */
    struct acti_tried *tried_first;
    uint64_t replay_until;     /* it had passed this position before the last reset */
    uint64_t *replay_not_done; /* … but for these, which were parked; in order */
    uint32_t replay_not_done_count;
};

/* Copies of the reason, "" when there is none. `text` has ACTI_REASON_MAX bytes. */
void acti_reader_read_reason(const acti_reader *reader, char *text);

/* -- the actor -- */

typedef struct acti_positions {
    uint64_t *values;
    uint32_t count, capacity;
} acti_positions;

/* Arrays of an actor, in its memory. */
bool acti_positions_add(acta_self *self, acti_positions *positions, uint64_t position); /* false: no memory */
void acti_positions_sort(uint64_t *positions, uint32_t count);
void acti_positions_deinit(acta_self *self, acti_positions *positions);

/* A key of which events are set aside. */
struct acti_aside {
    acti_map_node node;
    acti_aside *prev, *next; /* all, in the order made */
    acti_aside *next_due;
    acti_positions positions; /* of its events, in order: each waits for those before it */
    uint32_t first;           /* index of the first that is left */
    uint32_t attempts;        /* of the first */
    bool is_due;              /* to be tried as soon as may be */
    bool is_tried;            /* right now */
    bool is_leaving;          /* the first is through; its row goes with the next batch */
    bool is_owed;             /* … and its owner, which failed meanwhile, is to be woken then */
    uint64_t owed_position;   /* … at this position, as the first */
    bool is_single;           /* an operator wants the first tried, and no other */
    bool is_parked;           /* not tried any more before the next start */
    bool by_commands;         /* the first is no event to be tried, but one whose commands are to get through */
    uint64_t kept;            /* the user's, of the first */
    acta_ref timer;
    char reason[ACTI_REASON_MAX];
    size_t key_size;
    char key[];
};

/* The keys of one event, each once. */
struct acti_keys {
    acta_memory *memory;
    acta_allocator allocator; /* over it */
    acti_map map;
    acta_str *list;
    uint32_t count, capacity;
};

/* An event whose keys are not all done. */
typedef struct acti_split acti_split;

/* A row of "parked" to be put or deleted with the batch. */
typedef struct acti_aside_row {
    acti_aside *aside;
    uint64_t position;
    bool put;
    bool by_commands;
} acti_aside_row;

struct acti_reader_actor {
    acti_reader *reader;
    acta_app *app;
    acta_self *self;
    void *kind_state;
    acta_allocator allocator;           /* over its memory */
    acta_subscription *subscription;    /* NULL: not open yet */
    bool is_live;                       /* it has been dry */
    bool may_have_more;                 /* it isn't dry now */
    bool is_napping;                    /* after something that may pass, until a timer */
    bool is_halted;                     /* its error callback said so: until it is resumed */
    bool is_paused;                     /* an operator said so */
    bool is_refused;                    /* its guard has: it begins anew when it has napped */
    acti_order *orders, *orders_on_way; /* carried out; to be answered when that is durable */
    acti_order *reset;                  /* to be carried out when nothing is under way */
    bool reset_is_on_way;
    bool store_refuses;       /* until the next start of the application */
    uint32_t naps;            /* in a row */
    uint64_t crashed_at;      /* what the last life ended on */
    bool crashed_asking;      /* … in the error callback */
    bool is_again;            /* it was aside before, in an earlier life, and its row was not durable */
    bool is_parking;          /* what fails right now is to be parked */
    bool has_crashed;         /* what fails right now did by the end of its actor */
    const acti_item *failing; /* what fails right now; NULL: it could not be read */
    acta_memory *key_memory;  /* of the key that was asked for last */

    /* The chunk in hand, and what it leads to. */
    uint32_t chunk_next;           /* in reader->chunk */
    uint64_t worked_position;      /* of the last event that was given to the kind, or set aside */
    uint32_t pending_count;        /* events that the kind has in work */
    const acti_upcasted *upcasted; /* what the old event in work has become */
    acti_keys keys;                /* of the event in work, until the next one's */
    acti_split *splits;            /* events that went to several keys */
    acti_verdict verdict;          /* on the event that is being set aside */
    bool stays;                    /* the event in work could not be routed: it is the next one, too */

    /* The batch being made, and the one on its way. */
    acti_positions done, done_on_way;
    acti_aside_row *rows;
    uint32_t row_count, row_capacity;
    acti_aside_row *rows_on_way;
    uint32_t rows_on_way_count, rows_on_way_capacity;
    bool is_on_way;
    uint64_t number; /* of the last batch */

    /* The checkpoint. */
    uint64_t checkpoint, checkpoint_on_way;
    uint32_t acked_count; /* since the last one */
    bool checkpoint_is_due, tick_is_set;

    /* What is set aside. */
    acti_map asides;
    acti_aside *aside_first, *aside_last, *due_first, *due_last;
    uint32_t aside_count;  /* events */
    uint32_t parked_count; /* of these, of keys that are parked */
    uint32_t trying_count; /* keys that are not parked */

    struct acti_wait *waits;
};

/* reader_failure.c: what becomes of an event that failed. */
typedef struct acti_tried {
    acti_map_node node; /* by key */
    struct acti_tried *prev, *next;
    uint64_t position; /* of its first event */
    uint32_t attempts;
    bool is_parked;
    uint64_t context[ACTA_FAILURE_CONTEXT_SIZE / 8];
    size_t key_size;
    char key[];
} acti_tried;

void acti_tried_init(acti_reader *reader);
void acti_tried_deinit(acti_reader *reader);
/* That of the aside's key and first event; NULL: there is none. */
acti_tried *acti_tried_find(const acti_reader *reader, const acti_aside *aside);
acti_tried *acti_tried_find_at(const acti_reader *reader, acta_str key, uint64_t position);
/* What the aside has become; NULL: no memory, and then a later life begins with nothing. */
acti_tried *acti_tried_keep(acti_reader *reader, const acti_aside *aside);
void acti_tried_forget(acti_reader *reader, const acti_aside *aside);
/* The delay before the k-th try again. */
uint32_t acti_reader_backoff_ms(const acti_reader *reader, uint32_t attempt);
/* Ask the error callback; one of the answers there are. `failure` but name, error and delay_ms is the caller's. */
acta_event_answer acti_failure_ask(acti_reader_actor *r, acta_event_failure *failure, const acta_error *why);
/* Begin nothing any more until it is resumed. */
void acti_reader_halt(acti_reader_actor *r, const char *why);
static inline bool
acti_reader_is_held(const acti_reader_actor *r)
{
    bool is_told = r->is_halted || r->is_paused || r->reset != NULL;
    return is_told || r->is_napping || r->store_refuses || acti_is_stopping(r->app);
}

/* reader_options.c */
acta_status acti_error_default_check(const acta_error_default *d, acta_error *error);
acta_status acti_reader_then_check(const char *name, acta_failure_then then, acta_error *error);
acta_status acti_reader_options_check(
    const char *name, const acta_reader_options *options, uint32_t window, bool is_projection, acta_error *error);
/* The same of one event that it is interested in. */
acta_status acti_partition_check(const acti_reader *reader, uint32_t event, acta_error *error);
/* Whose order is kept. */
static inline bool
acti_reader_has_keys(const acti_reader *reader)
{
    return reader->kind->key != NULL || reader->kind->keys != NULL || reader->options->partition != NULL ||
           reader->options->partition_field != NULL;
}
acta_str acti_reader_key(acti_reader_actor *r, const acti_item *item);

/* readers.c */
void *acti_user_of(const acti_reader *reader); /* the user's pointer */
/* Was the event handled before the last reset? */
bool acti_reader_is_replay(const acti_reader *reader, uint64_t position);

/* handler.c: one call of an event handler. */
typedef struct acti_handled {
    acta_recorded recorded; /* first: acta_handling_of */
    acta_handling handling;
} acti_handled;
acta_handling acti_handling_of_reader(const acti_reader *reader, uint32_t worker, void *state);
acta_status acti_handle_one(const acti_reader *reader, const acta_handling *handling, uint32_t event,
    const acta_recorded *recorded, acta_error *error);

/* reader_work.c */
/* All that is to be done with it now. `r->stays` afterwards: nothing was, it is to be given once more. */
void acti_reader_work_on(acti_reader_actor *r, acti_item *item);
/* Once more with the first event of a key that was set aside. */
void acti_reader_try_aside(acti_reader_actor *r, acti_aside *aside);
/* One that was PENDING is DONE or FAILED. `item` stays the caller's. */
void acti_reader_worked(
    acti_reader_actor *r, const acti_item *item, acta_str key, acti_work how, const acta_error *why);
/* One that is PENDING, and stays so for long: set aside, so that it holds up its key alone. False: the key has something aside
 * already, and this can't be in front of it. */
bool acti_reader_hold(acti_reader_actor *r, acti_item *item, acta_str key, const acta_error *why);
/* Make it readable: a buffer of another version is looked at, and what is personal is opened, into reader->opened. */
acta_status acti_reader_open_item(acti_reader_actor *r, acti_item *item, acta_error *error);

/* reader.c */
acta_child_spec acti_reader_spec(acti_reader *reader);
acta_next acti_reader_go_on(acti_reader_actor *r);
void acti_reader_retried(acti_reader_actor *r, const char *why); /* count it */
void acti_reader_begin_anew(acti_reader_actor *r);               /* after a reset */
/* Something that may pass: begin nothing for a while. */
void acti_reader_nap(acti_reader_actor *r, const char *why);
/* Submit, before the subscription is opened; kind->start is called when it is durable. */
acta_status acti_reader_submit_barrier(acti_reader_actor *r, acta_transaction *transaction, acta_error *error);
void acti_reader_refuse(acti_reader_actor *r, const char *why); /* the store refuses writes: begin nothing any more */

/* reader_keys.c */
bool acti_keys_add(acti_keys *keys, acta_str id); /* copies it; false: no memory */
/* Those of the item, into r->keys. */
acta_status acti_keys_collect(acti_reader_actor *r, const acti_item *item, acta_error *error);
/* That of them which was set aside; false: none of them. */
bool acti_keys_find_aside(const acti_reader_actor *r, const acti_aside *aside, acta_str *key_out);
bool acti_split_add(acti_reader_actor *r, uint64_t position, uint32_t count); /* false: no memory */
/* One key is done with the event. True: it was the last one, or there is only one. */
bool acti_split_is_last(acti_reader_actor *r, uint64_t position, bool *was_split_out);
void acti_splits_forget(acti_reader_actor *r); /* all of them */

/* readers.c */
void acti_reader_let_go(acti_reader *reader); /* of chunk and subscription */
/* What others see. */
void acti_reader_set_reason(acti_reader *reader, const char *text);
void acti_reader_publish(acti_reader_actor *r);
acta_status acti_reader_recall(acti_reader_actor *r, acta_error *error); /* what the store keeps of it */

/* projection.c: call the projection's functions for the item; what they stage is kept, or dropped. */
acta_status acti_projection_project(acti_reader_actor *r, const acti_item *item, acta_error *error);

/* reader_batch.c */
void acti_batch_ack(acti_reader_actor *r, uint64_t position);  /* at once */
void acti_batch_done(acti_reader_actor *r, uint64_t position); /* with the batch */
void acti_batch_flush(acti_reader_actor *r);                   /* if there is a reason to */
void acti_batch_committed(acti_reader_actor *r, const acti_committed *committed);
void acti_batch_tick(acti_reader_actor *r);
void acti_batch_set_tick(acti_reader_actor *r);
void acti_batch_last(acti_reader_actor *r); /* a last checkpoint, without waiting for it */

/* reader_aside.c. Rows go with the next batch. */
acta_status acti_asides_open(acti_reader_actor *r, acta_error *error); /* what is there from before */
acti_aside *acti_aside_find(const acti_reader_actor *r, acta_str key);
/* Is this event, which comes from the log, among those that are aside, or done with before them? */
bool acti_aside_covers(const acti_aside *aside, uint64_t position);
/* Did a life before have it aside as the first of its key? */
bool acti_aside_was(const acti_reader_actor *r, acta_str key, uint64_t position);
/* Set the event aside, behind what is aside of its key. ACTA_NO_MEMORY. */
acta_status acti_aside_add(
    acti_reader_actor *r, acta_str key, uint64_t position, const acta_error *why, acta_error *error);
/* The same of one that is in work, and stays so: its owner can't begin with it yet. */
acta_status acti_aside_hold(acti_reader_actor *r, acta_str key, uint64_t position, const acta_error *why,
    acti_aside **aside_out, acta_error *error);
/* Not an event, but the commands that the one at `position` led to, are stuck (is_tried_out: they may stop the reader); or are through
 * after all. */
acta_status acti_aside_stuck(
    acti_reader_actor *r, acta_str key, uint64_t position, bool is_tried_out, const acta_error *why, acta_error *error);
acta_status acti_aside_unstuck(acti_reader_actor *r, acta_str key, acta_error *error);
/* … or whoever is to send them has failed: to be woken, with backoff. */
acta_status acti_aside_crashed(
    acti_reader_actor *r, acta_str key, uint64_t position, const acta_error *why, acta_error *error);
void acti_aside_failed(acti_reader_actor *r, acti_aside *aside, const acta_error *why);
acta_status acti_aside_done(acti_reader_actor *r, acti_aside *aside, acta_error *error);
void acti_aside_due(acti_reader_actor *r, acti_aside *aside);
/* Try its first event as soon as may be, though it is parked; alone: those behind it stay parked. */
void acti_aside_replay(acti_reader_actor *r, acti_aside *aside, bool alone);
void acti_asides_forget(acti_reader_actor *r);         /* all of them, and their rows of no batch yet */
acti_aside *acti_aside_take_due(acti_reader_actor *r); /* NULL: none */
acta_status acti_aside_read(
    acti_reader_actor *r, acti_aside *aside, uint64_t position, acti_item **item_out, acta_error *error);
/* Position of the first that is left. */
static inline uint64_t
acti_aside_first(const acti_aside *aside)
{
    return aside->positions.values[aside->first];
}
void acti_aside_rows_fill(acti_reader_actor *r, acta_transaction *transaction);
void acti_aside_rows_durable(acti_reader_actor *r);

/* reader_wait.c: dispatch waits until readers have passed an event. */
acta_status acti_wait_for_check(const acta_app *app, const char *const *names, acta_error *error);
acta_status acti_wait_for(acta_app *app, const char *const *names, acta_str stream, uint64_t position,
    uint64_t deadline_ns, acta_error *error);
void acti_waits_add(acti_reader_actor *r, acta_from from, const acta_message *message);
void acti_waits_answer(acti_reader_actor *r);

/* reader_orders.c: what operators say. */
void acti_orders_take(acti_reader_actor *r, acta_from from, const acta_message *message);
void acti_orders_fill(acti_reader_actor *r, acta_transaction *transaction);
/* Is it paused, when it was before what was carried out and is not durable yet? */
bool acti_orders_leave_paused(const acti_reader_actor *r, bool is_paused);
void acti_orders_send(acti_reader_actor *r); /* they are on their way with the batch */
void acti_orders_durable(acti_reader_actor *r);
void acti_orders_ask_again(acti_reader_actor *r); /* those on their way have come to nothing */
void acti_orders_refuse(acti_reader_actor *r);    /* the store takes no writes any more */
/* True: a reset was given up, and what had waited for it is to go on. */
bool acti_reset_go_on(acti_reader_actor *r);
bool acti_reset_committed(acti_reader_actor *r, const acti_committed *committed); /* false: it is none of it */

/* readers_operate.c: its rows are others now. For an outside thread; waits until it has begun anew, or can't be asked. */
void acti_reader_tell_anew(acti_reader *reader);

/* reader_reset.c: into the transaction, all that a reader has left in the store. */
acta_status acti_reader_clear(acta_store *store, const char *name, const acta_table *const *row_tables,
    acta_transaction *transaction, acta_error *error);
/* … and that what it had passed comes as a replay, but for what was parked. The bytes are made in `memory`. */
acta_status acti_reader_note_replay(
    acta_store *store, const char *name, acta_transaction *transaction, acta_memory *memory, acta_error *error);

/* reader_cut.c: at the start of an application, before readers run: what a restore has left of them fits the log. */
acta_status acti_readers_join(acta_app *app, acta_error *error);

/* readers.c */
acta_status acti_readers_create(acta_app *app, const acta_app_config *config, acta_error *error);
/* After the runtime has stopped, before it and the store go. */
void acti_readers_release(acta_app *app);
void acti_readers_destroy(acta_app *app);

#endif
