/*
 * The parts that actors are made of and leave to each other: nodes and messages, the type-stable table, timers, links
 * and monitors, references. internal.h includes this; files include internal.h.
 */
#ifndef ACTI_RUNTIME_PARTS_H
#define ACTI_RUNTIME_PARTS_H

#include <assert.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "acta/gen_server.h"
#include "acta/offload.h"
#include "acta/plant.h"
#include "acta/recorder.h"
#include "acta/runtime.h"
#include "acta/supervisor.h"
#include "acta/watch_fd.h"

#include "backtrace.h"
#include "thread.h"

#define ACTI_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define ACTI_LIKELY(condition)                __builtin_expect(!!(condition), 1)
#define ACTI_UNLIKELY(condition)              __builtin_expect(!!(condition), 0)
#define ACTI_ASSERT(condition)                assert(condition)

/* Memory that is used again at once hides what a sanitizer looks for. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ACTI_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ACTI_IS_SANITIZED 1
#endif
#endif
#ifndef ACTI_IS_SANITIZED
#define ACTI_IS_SANITIZED 0
#endif

enum {
    ACTI_CACHE_LINE = 64,
    ACTI_WORKER_MAX = 256,
    ACTI_OFFLOAD_THREADS_MAX = 1024,
    ACTI_RING_SIZE = 256,      /* actors a worker queues for itself before the rest goes to the injection queue */
    ACTI_NAME_MAX = 512,       /* bytes */
    ACTI_SEGMENT_COUNT = 24,   /* of a type-stable table; each is twice the one before */
    ACTI_SEGMENT_FIRST = 64,   /* items in the first */
    ACTI_SPARE_CLASSES = 3,    /* payloads of up to 16, 64 and 256 bytes */
    ACTI_WEIGHT_MIN = 128,     /* bytes: the least that a message weighs against the bound */
    ACTI_STAT_SHARD_COUNT = 16 /* for threads that are no workers */
};

typedef struct acta_self acti_actor;
typedef struct acti_call acti_call;
typedef struct acti_context acti_context;
typedef struct acti_worker acti_worker;

/* ---- nodes: what a mailbox holds ---- */

typedef enum acti_kind {
    ACTI_STUB = 0,  /* part of the actor: stands in an empty mailbox */
    ACTI_CAST,      /* acti_message; counted and bounded */
    ACTI_REQUEST,   /* acti_message with a from; counted and bounded */
    ACTI_ANSWER,    /* part of an acti_call */
    ACTI_TIMER,     /* part of an acti_alarm */
    ACTI_IDLE,      /* part of the actor: its idle timeout */
    ACTI_WAKE,      /* part of the actor: look at the flags */
    ACTI_EXIT,      /* acti_link or acti_exit: the sender is gone, or asks for the end */
    ACTI_LINK,      /* acti_link: the receiver's half of a new link */
    ACTI_UNLINK,    /* acti_link: the sender's half of a dissolved link */
    ACTI_MONITOR,   /* acti_monitor: to be kept until the receiver's end */
    ACTI_DEMONITOR, /* acti_watch: its monitor is to be dropped */
    ACTI_DOWN,      /* acti_monitor on its way back */
    ACTI_SYSTEM,    /* acti_message with a from, for the runtime's own part of the actor: sys.c */
    ACTI_FD         /* acti_fd_watch: the file is ready */
} acti_kind;

/* The receiver's generation that it was sent to, and the acti_kind; in one word, the generation above. */
typedef struct acti_node {
    _Atomic(struct acti_node *) next;
    union {
        uint64_t key;
        struct {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            uint32_t kind, generation;
#else
            uint32_t generation, kind;
#endif
        };
    };
} acti_node;

typedef struct acti_message {
    acti_node node;
    acta_runtime *runtime;
    uint32_t weight;      /* against a mailbox's bound in bytes: the block's size, at least ACTI_WEIGHT_MIN */
    uint32_t spare_class; /* ACTI_SPARE_CLASSES: none */
    union {
        acta_from from; /* REQUEST */
        struct {
            struct acti_message *next;
        } magazine; /* of the first block of one: blocks.c */
    };
    acta_message body; /* what the user sees */
    uint32_t place;    /* in its chunk, or of no class: in its bulk (topic_publish.c), from 1 on; 0: the allocator's */
    alignas(max_align_t) unsigned char payload[];
} acti_message;

static inline acti_message *
acti_message_of(const acta_message *body)
{
    return (acti_message *)(void *)((char *)(uintptr_t)body - offsetof(acti_message, body));
}

static inline acti_message *
acti_message_at(acti_node *node)
{
    return ACTI_CONTAINER(node, acti_message, node);
}

static inline uint64_t
acti_message_weight(const acti_message *message)
{
    return message->weight;
}

void acti_spares_init(acti_worker *worker);
bool acti_spares_trim(acti_worker *worker);
void acti_spares_free(acti_worker *worker);
void acti_message_free(acti_message *message); /* give the block back to where it came from */

/* Call `destroy`, once. */
static inline void
acti_message_finish(acti_message *message)
{
    if (ACTI_LIKELY(message->body.destroy == NULL)) return;
    void (*destroy)(acta_message *) = message->body.destroy;
    message->body.destroy = NULL;
    destroy(&message->body);
}

/* Memory that begins at a cache line. */
void *acti_line_alloc(const acta_allocator *allocator, size_t size);
void acti_line_free(const acta_allocator *allocator, void *lines, size_t size); /* takes NULL */

/* ---- a type-stable table: items are never freed before the runtime is ---- */

typedef struct acti_table {
    size_t item_size;
    uint32_t count_max;
    _Atomic uint32_t high;                         /* items made so far */
    _Atomic uintptr_t origins[ACTI_SEGMENT_COUNT]; /* as far before a segment as that is long; 0: none */
    unsigned char *segments[ACTI_SEGMENT_COUNT];
} acti_table;

void acti_table_init(acti_table *table, size_t item_size, uint32_t count_max);
void acti_table_deinit(acti_table *table, const acta_allocator *allocator);

/* The index of the next new item, whose memory is uninitialised and which isn't yet below `high`. False: at count_max, or
 * no memory. One thread at a time; acti_table_publish makes it visible. */
bool acti_table_grow(acti_table *table, const acta_allocator *allocator, uint32_t *index_out, bool *full_out);
void acti_table_publish(acti_table *table);

/* The origin of the segment that an index is in; the item is index + ACTI_SEGMENT_FIRST items behind it. */
static inline uintptr_t
acti_table_origin(const acti_table *table, uint32_t index)
{
    size_t segment = (size_t)(31 - __builtin_clz(index + ACTI_SEGMENT_FIRST)) - 6;

    /* acquire: pairs with the release in acti_table_grow, for callers that know the index by other ways. */
    return atomic_load_explicit(&table->origins[segment], memory_order_acquire);
}

static inline void *
acti_table_slot(const acti_table *table, uint32_t index)
{
    return (void *)(acti_table_origin(table, index) + ((size_t)index + ACTI_SEGMENT_FIRST) * table->item_size);
}

static inline bool
acti_table_has(const acti_table *table, uint32_t index)
{
    /* acquire: pairs with the release in acti_table_publish; below it every item is initialised. */
    return index < atomic_load_explicit(&table->high, memory_order_acquire);
}

/* ---- timers ---- */

typedef enum acti_timer_kind { ACTI_TIMER_ALARM, ACTI_TIMER_IDLE, ACTI_TIMER_CALL } acti_timer_kind;

/* What the wheel holds. All of it under its lock, but for `state` and, while it isn't in the wheel, the rest. */
typedef struct acti_wheel_item {
    struct acti_wheel_item *next, *prev; /* in a slot */
    uint64_t due_ns;
    uint16_t slot;
    uint8_t kind; /* acti_timer_kind */
    bool is_in;
    uint8_t state; /* alarms: see acti_alarm */
} acti_wheel_item;

/* A lazy timer. */
typedef struct acti_timer {
    acti_wheel_item item;
    _Atomic uint64_t armed_ns;    /* what the wheel has it for; 0: not in the wheel */
    _Atomic uint64_t deadline_ns; /* when it is really due; 0: never */
} acti_timer;

enum {
    ACTI_WHEEL_NEAR = 1024, /* slots of a tick */
    ACTI_WHEEL_FAR = 7,     /* levels of */
    ACTI_WHEEL_SLOTS = 64   /* slots each */
};

typedef struct acti_wheel {
    acti_mutex lock;
    uint64_t now_tick;
    uint64_t near_words; /* which of `near` aren't 0 */
    uint64_t near[ACTI_WHEEL_NEAR / 64];
    uint64_t far[ACTI_WHEEL_FAR];
    uint64_t far_again[ACTI_WHEEL_FAR]; /* the tick for the next piece of a slot that is being emptied */
    acti_wheel_item *slots[ACTI_WHEEL_NEAR + ACTI_WHEEL_FAR * ACTI_WHEEL_SLOTS];
    alignas(ACTI_CACHE_LINE) _Atomic uint64_t next_ns; /* no timer is due before; UINT64_MAX: none */
} acti_wheel;

/*
 * acta_send_after: a cache line in a table of its actor's. In the wheel, and then, on its way in the mailbox, its first
 * words are the node's.
 */
typedef struct acti_alarm {
    union {
        acti_node node;
        acti_wheel_item item;
    };
    acti_actor *actor;
    uint64_t user;
    uint32_t tag;
    uint32_t serial;
    uint32_t period_ms; /* 0: once; else item.due_ns stays on its grid */
    uint32_t index;
} acti_alarm;
static_assert(sizeof(acti_alarm) == ACTI_CACHE_LINE, "a timer's price");

/* wheel.c */
acta_status acti_wheel_init(acta_runtime *runtime);
void acti_wheel_deinit(acta_runtime *runtime);
/* Fire all that is due. True if there was anything. */
bool acti_wheel_run(acta_runtime *runtime, uint64_t now_ns);
uint64_t acti_wheel_next_exact_ns(acta_runtime *runtime);
/* Items that are linked by `next`, and not in the wheel. */
void acti_wheel_put(acta_runtime *runtime, acti_wheel_item *first);
/* True: it was in the wheel, and is out. */
bool acti_wheel_withdraw(acta_runtime *runtime, acti_wheel_item *item);

void acti_timer_init(acti_timer *timer, acti_timer_kind kind);
/* Lazy timers: due at deadline_ns, whatever it was before. Touches the wheel only when it must be earlier. */
void acti_timer_set(acta_runtime *runtime, acti_timer *timer, uint64_t deadline_ns);
void acti_push_idle(acti_actor *actor); /* the idle time is over */
/* The actor's idle node is out of its mailbox. False: it came for a deadline that was set anew meanwhile. */
bool acti_idle_receive(acti_actor *actor);
/* Lazy timers: out of the wheel now, and not on its way. */
void acti_timer_forget(acta_runtime *runtime, acti_timer *timer);

/* timer.c: an actor's alarms. */
void acti_alarms_put(acti_actor *actor);    /* into the wheel, what was set in this turn */
void acti_alarms_cancel(acti_actor *actor); /* at the end: those that have fired are dropped with the mailbox */
void acti_alarms_trim(acti_actor *actor);
void acti_alarms_free(acti_actor *actor);
bool acti_alarm_receive(acti_actor *actor, acti_alarm *alarm, acta_info *info_out); /* false: it was cancelled */
void acti_alarm_drop(acti_alarm *alarm);

/* ---- links, monitors ---- */

/* One side's half of a link; its node carries LINK to the peer, UNLINK, and at last EXIT. */
typedef struct acti_link {
    acti_node node;
    struct acti_link *prev, *next; /* in the owner's list, in the order made */
    struct acti_link *chain;       /* in the owner's hash */
    uint64_t id;                   /* of the link: both halves carry the same */
    acta_pid peer;                 /* in the list: the other side. In a mailbox: the sender */
    acta_exit_reason reason;       /* EXIT */
    bool asked;                    /* EXIT: acta_exit, not a link */
} acti_link;

/* The watched side's half of a monitor: there until it ends, then back as DOWN. */
typedef struct acti_monitor {
    acti_node node;
    struct acti_monitor *prev, *next;
    acta_pid watcher, target;
    acta_ref ref;
    acta_exit_reason reason;
} acti_monitor;

/* The watching side's half. Its node carries DEMONITOR. */
typedef struct acti_watch {
    acti_node node;
    acti_monitor *monitor; /* owned by the target; valid for the target only */
    acta_pid target;
} acti_watch;

/* ---- references of an actor: monitors, requests, files ---- */

typedef enum acti_ref_kind { ACTI_REF_FREE = 0, ACTI_REF_WATCH, ACTI_REF_REQUEST, ACTI_REF_FD } acti_ref_kind;

typedef struct acti_ref_entry {
    uint32_t serial;
    uint32_t next_free; /* index + 1 */
    acti_ref_kind kind;
    void *object;
    uint64_t stamp; /* REQUEST: the call's generation */
} acti_ref_entry;

/* A request that was seen and not yet answered when its handler returned. */
typedef struct acti_open {
    acti_call *call;
    uint64_t generation;
} acti_open;

/* A name in a service of the user's. */
typedef struct acti_via {
    const acta_name_service *service;
    uint32_t size;
    char name[];
} acti_via;

/* What most actors don't need: made on first use. */
typedef struct acti_relations {
    acti_ref_entry *refs;
    uint32_t ref_count, ref_capacity, ref_free;
    uint32_t ref_used;       /* entries that aren't free */
    uint32_t ref_serial;     /* no reference of an earlier table has more */
    acti_link **link_chains; /* by peer; NULL while the list is short */
    uint32_t link_chain_count;
    acti_open *open;
    uint32_t open_first, open_count, open_capacity;
    struct acti_sys *sys;       /* sys.c */
    struct acti_alarms *alarms; /* timer.c */
    uint32_t alarm_serial;      /* no alarm of it has more */
    struct acti_via *via;       /* via.c */
    uint64_t *unhandled;        /* kinds that were logged: unhandled.c */
    uint32_t unhandled_count, unhandled_capacity;
    void *layer; /* what a layer on the gen_server keeps beside the state: gen_statem.c, gen_event.c */
    void (*layer_end)(acti_actor *actor, void *layer); /* frees it, whatever end the actor comes to */
    acta_message *in_hand;         /* a layer's own message that a handler has; NULL when the handler has kept it */
    acti_call *reply_in_hand;      /* the answer in handle_info's hands */
    acta_exit_reason *exit_reason; /* set by acta_set_exit_reason, acta_fail */
    acta_memory *memory;
    uint32_t link_count; /* while there are chains */
    bool is_root_supervisor;
    bool is_contained; /* `behaviour` is a copy: contain.c */
} acti_relations;

#endif
