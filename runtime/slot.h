/*
 * An actor's slot, and the words that say what it is about. internal.h includes this.
 *
 * Who owns an actor: whoever took the IDLE bit off its mailbox (a sender, who hands it to a queue; the spawner) and,
 * from the queue, the context that runs its turn. All fields under "owner" are touched by that one only; the bit goes
 * back on with the last thing the owner does.
 */
#ifndef ACTI_RUNTIME_SLOT_H
#define ACTI_RUNTIME_SLOT_H

#include "parts.h"

enum { /* in acta_self.life, below the generation; flags are no part of any acti_kind */
    ACTI_ALIVE = 1,
    ACTI_TRAP = 16, /* traps exits */
    ACTI_LOOK = 32, /* an exit signal is in the mailbox */
    ACTI_KILL = 64,
    ACTI_MEMBER = 128,   /* has joined topics */
    ACTI_NAMED = 256,    /* has had a name in the registry, or nearly */
    ACTI_SUSPENDED = 512 /* for who looks from outside: actors.c */
};
#define ACTI_MAILBOX_IDLE ((uintptr_t)1)
#define ACTI_LOAD_COUNT   ((uint64_t)1 << 40) /* of a load: messages above, bytes below */

/* What a turn must look at before it takes the next node, or when it handles one: bits of acta_self.odd. */
enum {
    ACTI_ODD_CONTINUE = 1,  /* handle_continue comes first */
    ACTI_ODD_SUSPENDED = 2, /* nothing but system messages; see sys.c */
    ACTI_ODD_WAITING = 4,   /* resumed: what was set aside comes before the mailbox */
    ACTI_ODD_TRACED = 8,
    ACTI_ODD_COUNTED = 16,
    ACTI_ODD_IDLE_AT = 32,   /* acta_set_idle_deadline: idle_timer.deadline_ns is the one to use */
    ACTI_ODD_HIBERNATE = 64, /* once the mailbox is empty */
    ACTI_ODD_SHEDS = 128     /* all its life: what is too many and oldest goes unhandled; see overflow.c */
};
/* What is to be done at a turn's end, before the actor is given up: bits of acta_self.at_finish. */
enum {
    ACTI_FINISH_IDLE = 1,  /* all the while that it has an idle time: idle->timeout_ms isn't 0 */
    ACTI_FINISH_ALARMS = 2 /* some were set */
};
#define ACTI_IS_NOTED(actor) (((actor)->odd & (ACTI_ODD_TRACED | ACTI_ODD_COUNTED)) != 0)

/* What the actor's own code does, or did last: in acta_self.task as count << 40 | what << 32 | tag. */
enum {
    ACTI_TASK_NOTHING = 0, /* or init */
    ACTI_TASK_CAST,
    ACTI_TASK_CALL,
    ACTI_TASK_CONTINUE,
    ACTI_TASK_SIGNAL, /* an exit signal or a stop ends it */
    ACTI_TASK_TERMINATE,
    ACTI_TASK_HIBERNATE,
    ACTI_TASK_INIT,     /* of one that it spawns; the tag is that one's index */
    ACTI_TASK_OWN_INIT, /* on a thread that no worker is; for reports only */
    ACTI_TASK_INFO = 16 /* and the acta_info_kind */
};

typedef enum acti_unhandled_kind {
    ACTI_UNHANDLED_CALL,
    ACTI_UNHANDLED_CAST,
    ACTI_UNHANDLED_INFO /* the tag is the acta_info_kind */
} acti_unhandled_kind;

typedef enum acti_phase { ACTI_FREE = 0, ACTI_STARTING, ACTI_RUNNING, ACTI_ENDING } acti_phase;

/* An actor's idle time: made when it first has one, and then the slot's. Its node is ACTI_IDLE. */
typedef struct acti_idle {
    acti_node idle_node;
    acti_timer idle_timer;
    acti_actor *actor;
    uint32_t timeout_ms;      /* with ACTI_FINISH_IDLE */
    bool is_used;             /* by this generation: `idle_timer` has been set */
    _Atomic bool idle_queued; /* `idle_node` is in the mailbox */
} acti_idle;

/*
 * A slot is in three places, so that none of them is cut by the end of a cache line: see acti_slots. This is the first:
 * one line that each send touches, one that each turn does.
 */
struct acta_self {
    /* Any thread. */
    alignas(ACTI_CACHE_LINE) _Atomic uintptr_t last; /* acti_node *, and ACTI_MAILBOX_IDLE: nobody owns the actor */
    _Atomic uint64_t sent_load;                      /* messages sent so far, and their bytes; wraps */
    _Atomic uint64_t settled_load;                   /* of those, what turns have handled; only the owner writes it */
    _Atomic uint64_t life;                           /* generation << 32 | flags */
    _Atomic uint64_t limit;                          /* count << 32 | bytes */
    acti_node stub;
    uint32_t index;
    _Atomic bool on_caller;   /* behaviour->run_on_caller */
    _Atomic uint8_t overflow; /* acta_overflow */
    _Atomic bool wake_queued; /* `wake` is in the mailbox */
    uint8_t at_finish;        /* the owner's: ACTI_FINISH_… */

    /* The owner, in each turn. */
    alignas(ACTI_CACHE_LINE) acti_node *first; /* the node consumed last */
    acta_runtime *runtime;
    void *state; /* in acti_slots, or a block of its own */
    const acta_behaviour *behaviour;
    union {
        acti_message *handling;          /* the message in the handler's hands; NULL when it was kept */
        struct acta_self *next_injected; /* between turns; under inject_lock. NULL again when it is taken out */
    };
    uint64_t handled_load; /* settled at the end of the turn */
    _Atomic uint64_t task; /* only the owner writes it */
    uint32_t generation;
    uint8_t phase : 2;
    uint8_t listed : 1; /* in the free list, or retired */
    uint8_t peaked : 1; /* acti_peak_of isn't 0 */
    uint8_t sided : 1;  /* what is the owner's in acti_side may be there; else all of it is NULL, and needn't be read */
    uint8_t odd;        /* ACTI_ODD_… */
    bool first_is_spent; /* `first` is a message whose memory is ours to free */
    bool heard;          /* a message came in this turn: the idle time begins again */
};
static_assert(sizeof(struct acta_self) == 2 * ACTI_CACHE_LINE, "an idle actor's price");

/* What most turns leave alone. */
typedef struct acti_side {
    /* The owner. */
    acti_relations *relations;
    acti_idle *idle;        /* NULL: it never had an idle time */
    acti_link *links;       /* the first, whose `prev` is the last */
    acti_monitor *monitors; /* of those who watch this one; as `links` */
    /* Others. */
    struct acti_name *name; /* under the registry's lock */
    acti_node wake;         /* whoever set wake_queued */
} acti_side;

enum {
    ACTI_SLOT_GROUP = 16,
    ACTI_STATE_INLINE_MAX = 64 /* bytes of a state that lies in its slot */
};

/*
 * Slots in memory: the states and the sides of 16 actors stand behind those, so that 252 bytes each are enough and no
 * part begins in the middle of a cache line that it needn't.
 *
 *     actor 0 … 15: 128 bytes each | state 0 … 15: 64 each | side 0 … 15: 56 each | peak 0 … 15: 4 each
 */
typedef struct acti_slots {
    struct acta_self actors[ACTI_SLOT_GROUP];
    alignas(ACTI_CACHE_LINE) unsigned char states[ACTI_SLOT_GROUP][ACTI_STATE_INLINE_MAX];
    acti_side sides[ACTI_SLOT_GROUP];
    _Atomic uint32_t peaks[ACTI_SLOT_GROUP]; /* longest mailboxes that a turn didn't empty; the owner writes them */
} acti_slots;
enum { ACTI_SLOT_SIZE = sizeof(acti_slots) / ACTI_SLOT_GROUP };
#define ACTI_LIFE_GENERATION ((uint64_t)UINT32_MAX << 32)
#define ACTI_LIFE_IDLY                                                                                                 \
    ((uint64_t)(ACTI_TRAP | ACTI_MEMBER | ACTI_NAMED | ACTI_SUSPENDED)) /* flags that a cast doesn't look at */
static_assert(ACTI_ALIVE == (int)ACTI_CAST, "a cast's key is the life that it is for, but for the idle flags");
static_assert((int)ACTI_FD < ACTI_TRAP, "a life with a flag that a cast looks at is the key of no node");
static_assert(ACTI_SEGMENT_FIRST % ACTI_SLOT_GROUP == 0, "a group lies in one segment of the table");
static_assert(sizeof(acti_slots) == ACTI_SLOT_GROUP * 252, "an idle actor's price");

static inline acti_slots *
acti_slots_of(const acti_actor *actor)
{
    return (acti_slots *)(uintptr_t)(actor - actor->index % ACTI_SLOT_GROUP);
}

static inline acti_side *
acti_side_of(const acti_actor *actor)
{
    return &acti_slots_of(actor)->sides[actor->index % ACTI_SLOT_GROUP];
}

/* What its next turn touches first is on its way to the cache. The actor may be anybody's. */
static inline void
acti_actor_fetch(const acti_actor *actor)
{
    __builtin_prefetch(&actor->last, 1);
    __builtin_prefetch(&actor->first, 1);
}

static inline _Atomic uint32_t *
acti_peak_of(const acti_actor *actor)
{
    return &acti_slots_of(actor)->peaks[actor->index % ACTI_SLOT_GROUP];
}

static inline acti_relations *
acti_relations_of(const acti_actor *actor)
{
    return ACTI_UNLIKELY(actor->sided) ? acti_side_of(actor)->relations : NULL;
}

/* The owner reads it plainly; the watchdog may read it at the same time, of a slot that is used again, and looks then
 * whether the life is still the same. So what both touch is touched atomically. */
typedef const acta_behaviour *_Atomic acti_behaviour_cell;
#define ACTI_BEHAVIOUR_CELL(actor) ((acti_behaviour_cell *)(uintptr_t) & (actor)->behaviour)

static inline void
acti_behaviour_set(acti_actor *actor, const acta_behaviour *behaviour)
{
    atomic_store_explicit(ACTI_BEHAVIOUR_CELL(actor), behaviour, memory_order_relaxed); /* published by `life` */
}

/* A handler begins: for reports, and for the watchdog, which on its own thread sees by the count that it is another one
 * than before. */
static inline void
acti_task_begin(acti_actor *actor, uint32_t what, uint32_t tag)
{
    /* relaxed, load and store: only the owner writes it, and it stands for itself. */
    uint64_t count = (atomic_load_explicit(&actor->task, memory_order_relaxed) >> 40) + 1;
    atomic_store_explicit(&actor->task, count << 40 | (uint64_t)what << 32 | tag, memory_order_relaxed);
}

static inline uint32_t
acti_task_what(uint64_t task)
{
    return (uint32_t)(task >> 32) & 0xff;
}

/* On the actor's own thread. */
static inline uint64_t
acti_task_own(const acti_actor *actor)
{
    return atomic_load_explicit(&actor->task, memory_order_relaxed); /* ours */
}

static inline uint32_t
acti_life_generation(uint64_t life)
{
    return (uint32_t)(life >> 32);
}

static inline acta_pid
acti_pid_make(uint32_t index, uint32_t generation)
{
    return (acta_pid){ (uint64_t)generation << 32 | index };
}

static inline acta_pid
acti_pid_of(const acti_actor *actor)
{
    return acti_pid_make(actor->index, actor->generation);
}

#endif
