/*
 * What event handlers and projections may be told beyond a name: where they begin, which events they want, whose order is
 * kept, batches, how many at once, and what to do when an event can't be worked on.
 *
 *     static const acta_reader_options mailing = { .partition_field = "customer_id", .concurrency = 4,
 *         .error = mail_failed, .backoff = { .first_ms = 1000, .max_ms = 60000 } };
 *     static const bank_event_handler mailer =
 *         BANK_EVENT_HANDLER(.name = "mailer", .on.MoneyDeposited = send_mail, .options = &mailing);
 *
 *     log --filter--> key --> lane 1: [e1 e4] e9 --one batch at a time--> handler        ^ each key in one lane,
 *                        \--> lane 2: [e2 e3]                             handler        | in its order
 *
 * docs/readers.md tells the whole of it.
 */
#ifndef ACTA_READER_OPTIONS_H
#define ACTA_READER_OPTIONS_H

#include "acta/schema.h"
#include "acta/store.h"

#ifdef __cplusplus
extern "C" {
#endif

struct acta_app;

enum {
    ACTA_CONCURRENCY_MAX = 1024,
    ACTA_BATCH_SIZE_MAX = 10000, /* events */
    ACTA_FAILURE_CONTEXT_SIZE = 64,
    ACTA_NO_JITTER = -1
};

/* How long to wait before an event is tried again: first_ms, then each time factor_percent of the time before, at most
 * max_ms, and each of them more or less by up to jitter_percent. On the application's clock. */
typedef struct acta_retry_backoff {
    uint32_t first_ms;       /* 0: 100 */
    uint32_t factor_percent; /* 100 to 10,000; 0: 200 */
    uint32_t max_ms;         /* 0: 30,000 */
    int32_t jitter_percent;  /* 1 to 100; 0: 20; ACTA_NO_JITTER: none */
} acta_retry_backoff;

/* -- failing -- */

/* When an event was tried as often as it may be. */
typedef enum acta_failure_then {
    ACTA_THEN_DEFAULT = 0, /* what the application says; of the application: park */
    ACTA_THEN_PARK,        /* aside, with those of its key behind it; all others go on */
    ACTA_THEN_STOP /* nothing more is handled by this reader until it is resumed (readers.h), or the next start */
} acta_failure_then;

/* What the error callback answers. Anything that is not among these is ACTA_EVENT_STOP. */
typedef enum acta_event_answer {
    ACTA_EVENT_RETRY = 1,   /* at once */
    ACTA_EVENT_RETRY_AFTER, /* after delay_ms; that of `backoff`, if the callback doesn't change it */
    ACTA_EVENT_SKIP,        /* done with it, though nothing was done: logged */
    ACTA_EVENT_PARK, /* aside, until somebody replays it (readers.h) or the next start; its key waits behind it */
    ACTA_EVENT_STOP  /* nothing more is handled by this reader until it is resumed, or the next start: then this
                                 event comes again. Others go on */
} acta_event_answer;

/* What failed. Lives until the callback returns. */
typedef struct acta_event_failure {
    const char *name;            /* the reader's */
    uint64_t position;           /* of the event; of the first one in a batch */
    const acta_recorded *events; /* what failed: one event, or the batch; NULL: it could not even be read */
    uint32_t event_count;
    uint32_t attempts;       /* how often it was tried: 1, 2, … */
    bool crashed;            /* it ended its actor (acta_fail, a failed ACTA_CHECK) */
    const acta_error *error; /* the last one */
    /* The callback's own: zero at the first failure of this event, and then what it left there; gone when the event is done
     * with. Also across crashes of the actor, not across starts of the application. */
    void *context; /* ACTA_FAILURE_CONTEXT_SIZE bytes, aligned to eight */
    uint32_t delay_ms;
} acta_event_failure;

/* Runs where the reader runs, so that nothing else of this reader goes on meanwhile; must not block. If it crashes itself
 * the reader stops. */
typedef acta_event_answer acta_event_decide(void *user, acta_event_failure *failure);

/* -- handling -- */

/* Of the call that is being made: what stands beside an event. */
typedef struct acta_handling {
    struct acta_app *app;
    const char *name;  /* the handler's */
    void *state;       /* state_size bytes; NULL: there is none */
    uint32_t worker;   /* whose state it is: 0 to concurrency - 1 */
    uint32_t attempts; /* how often this event failed before; 0: it is new */
    bool is_replay;    /* it was handled before, and comes again because of a reset */
} acta_handling;

/* One event of a batch: to be told apart by `table`, and read by its T_read. */
typedef struct acta_batch_event {
    const acta_table *table; /* &bank_MoneyDeposited_table */
    acta_bytes payload;      /* bank_MoneyDeposited_read(event.payload, &deposited) */
    const acta_recorded *recorded;
} acta_batch_event;

/*
 * What an event handler is called with, from inside `on.…`, by the `recorded` that it got.
 * is_replay is the strict one of two: recorded->replaying says that the event may have been handed out before, also when
 * nobody knows (after a crash); is_replay that it surely was handled. Who must never do it twice looks at `replaying`; who
 * must do it once at least, but not all over again when the handler is reset, at is_replay.
 *   recorded  the handler's argument, as it is; no copy of it, and no projection's
 */
ACTA_API const acta_handling *acta_handling_of(const acta_recorded *recorded);

/*
 * What becomes of an event that can't be worked on, in event handlers, process managers and projections that don't say it
 * themselves: acta_app_config.on_handler_error. Each field that is zero is as below; each that a reader has of its own (retry_max,
 * options->backoff field by field, .then, .error, a process manager's event_error) goes before the application's.
 * Not meant are a database that is down, which a projection waits for, and rejected commands (process_manager.h: .error).
 */
typedef struct acta_error_default {
    uint32_t retry_max; /* tries after the first; 0: 10 */
    acta_retry_backoff backoff;
    acta_failure_then then;
    acta_event_decide *error; /* decides instead of retry_max and `then`; NULL: nobody does */
    void *user;               /* for `error` */
} acta_error_default;

typedef struct acta_reader_options {
    /* -- which events -- */
    uint64_t start_position; /* ACTA_FROM_POSITION: the first event is the one behind it */
    int64_t start_time_us;   /* ACTA_FROM_TIME: … the first that was recorded then or later */
    const char *stream;      /* of this stream alone; NULL: any */
    const char *category;    /* of streams whose name has this before the first '-'; NULL: any */

    /* -- whose order is kept: that of the stream, if neither is set -- */
    /* A view that lives until the next call; absent: the stream. Must not block, and give the same for the same event. */
    acta_str (*partition)(void *user, const acta_recorded *recorded);
    const char *partition_field; /* a field of type string of each event that it handles */

    /* -- event handlers only: several at once, and batches -- */
    uint32_t concurrency; /* lanes; the events of a key go to one, in their order. 0: 1 */
    uint32_t batch_size;  /* events; 0: 1 */
    /* A batch that is not full goes so long after its first event; 0: as soon as the lane is free. */
    uint32_t batch_timeout_ms;
    /* Called with 1 to batch_size events of one lane, in order, instead of the functions in `on`, which then only say what
     * is wanted. All or nothing: not ACTA_OK means none is done. NULL: each goes to its function in `on`, and a batch is
     * done when all are. */
    acta_status (*handle_batch)(
        void *user, const acta_handling *handling, const acta_batch_event *events, uint32_t count, acta_error *error);

    /* -- event handlers only: state and life -- */
    size_t state_size; /* zeroed, one for each lane; kept from event to event; new when its actor had to begin anew */
    /* Before the first event of a life, in each lane. Not ACTA_OK: it fails, and is tried again by its supervisor. */
    acta_status (*init)(void *user, const acta_handling *handling, acta_error *error);
    void (*after_start)(void *user, const acta_handling *handling); /* it is subscribed; once in a life */
    /* A reset has been asked for, and nothing of this handler is under way; not ACTA_OK: it isn't made. */
    acta_status (*before_reset)(void *user, const acta_handling *handling, acta_error *error);

    /* -- what fails: what is not said here the application says (acta_error_default) -- */
    acta_event_decide *error; /* NULL: backoff, retry_max times, then what `then` says */
    acta_retry_backoff backoff;
    acta_failure_then then;
} acta_reader_options;

#ifdef __cplusplus
}
#endif
#endif
