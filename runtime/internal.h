/*
 * What the files of runtime/ share. Nobody else includes this.
 *
 *     slot table --> acta_self (an actor) <-- mailbox <-- nodes (messages, signals)
 *                        |                        ^
 *                        v                        | run by
 *     workers: LIFO slot, ring; injection queue; outside callers that host a turn
 *
 * It brings parts.h (nodes, timers, tables, links), slot.h (actors), worker.h (contexts, workers) and blocks.h.
 */
#ifndef ACTI_RUNTIME_INTERNAL_H
#define ACTI_RUNTIME_INTERNAL_H

#include "blocks.h"

#include "acta/probe.h"
#include "acta/sites.h"

/* ---- calls ---- */

typedef enum acti_call_kind { ACTI_CALL_WAIT, ACTI_CALL_DONE, ACTI_CALL_ACTOR, ACTI_CALL_GROUP } acti_call_kind;
enum { ACTI_CALL_FREE = 0, ACTI_CALL_PENDING = 1, ACTI_CALL_TAKEN = 2 }; /* low bits of acti_call.state */

struct acti_call {
    alignas(ACTI_CACHE_LINE) _Atomic uint64_t state; /* generation << 2 | FREE, PENDING, TAKEN */
    _Atomic uint32_t signal;                         /* WAIT: a futex; see call.c */
    acti_call_kind kind;
    acta_runtime *runtime;
    acta_status status;
    acta_message *reply;
    acta_error *error; /* WAIT: the caller's; ACTOR: a copy, or NULL */
    acta_done done;
    void *user;
    acta_pid requester;
    acta_ref ref;
    acti_node node;
    acti_timer timer;
    uint32_t index;
    _Atomic uint32_t next_free;     /* index + 1 */
    _Atomic(struct acta_job *) job; /* offload.c: in the pool's queue */
};

/* Complete a pending call, once. False: somebody else did, or it is long gone; `reply` is the caller's again. */
bool acti_call_complete(
    acti_call *call, uint64_t generation, acta_status status, acta_message *reply, const acta_error *error);
void acti_call_refuse(acta_from from, acta_status status, const char *text);
bool acti_call_is_pending(const acti_call *call, uint64_t generation);
/* A pending record, known to `self` as call->ref; *from_out answers it. NULL: no memory. */
acti_call *acti_call_begin_request(acti_actor *self, uint32_t timeout_ms, acta_from *from_out);
/* A pending record; *from_out is what the server answers to. NULL: no memory. */
acti_call *acti_call_begin(acta_runtime *runtime, acti_call_kind kind, acta_from *from_out);
void acti_call_send(acti_call *call, acta_pid to, acti_kind kind, acta_message *request, acta_from from);
uint64_t acti_deadline_after(const acta_runtime *runtime, uint32_t timeout_ms);
acta_status acti_deliver_request(
    acta_runtime *runtime, acta_pid to, acti_kind kind, acta_message *body, acta_from from, acti_actor **claimed_out);
const char *acti_undelivered_text(acta_status status); /* why a request can't be sent */
void acti_group_complete(acti_call *call);             /* request_group.c */
/* A system message instead of a request; as acta_call and acta_request otherwise. */
acta_status acti_call_system(acta_runtime *runtime, acta_pid to, acta_message *request, uint32_t timeout_ms,
    acta_message **reply_out, acta_error *error);
acta_status acti_request_system(
    acti_actor *self, acta_pid to, acta_message *request, uint32_t timeout_ms, acta_ref *ref_out);
void acti_call_release(acti_call *call);
bool acti_call_abandon(acti_call *call, uint64_t generation);
void acti_call_expire(acti_call *call, uint64_t generation);

/* ---- failures ---- */

enum { ACTI_TRACE_MAX = 600 /* of the 1,000 bytes of a line of the log */ };

/* Where a failure was, and as which words. */
typedef struct acti_trace {
    uint32_t frame_count;
    uintptr_t frames[ACTI_FRAME_MAX];
    char text[ACTI_TRACE_MAX];
} acti_trace;

/* crash.c: where this thread's acta_fail was called: " at f (program+0x12) < g (program+0x34)"; "" for other ends. */
const char *acti_trace_text(acta_runtime *runtime, char text[ACTI_TRACE_MAX]);

/* contain.c */
acta_status acti_contain_check(const acta_behaviour *behaviour, acta_error *error);
bool acti_contain_enter(acti_actor *actor);
void acti_contain_leave(acti_actor *actor);
const acta_behaviour *acti_behaviour_given(const acti_actor *actor); /* what it was spawned with */

struct acta_runtime {
    acta_environment environment;
    char *name;
    uint32_t name_size;
    bool is_manual;
    uint32_t answer_spins; /* looks of a caller before it sleeps; see call_wait.c */
    bool has_barrier;      /* acti_thread_barrier works */
    uint32_t process_id;
    uint32_t worker_count, worker_max, budget; /* worker_max: with the spares, which come behind */
    acta_driver driver;
    acti_worker *workers;
    _Atomic uint32_t worker_started_count;
    bool (*help)(void *user);
    void *help_user;

    acti_table actors;
    acti_mutex actor_lock; /* the free list, and growing */
    acti_actor *actor_free_first, *actor_free_last;
    uint32_t actor_free_count;

    acti_table calls;
    acti_mutex call_lock;                                /* growing */
    alignas(ACTI_CACHE_LINE) _Atomic uint64_t call_free; /* tag << 32 | index + 1 */

    alignas(ACTI_CACHE_LINE) acti_mutex inject_lock;
    acti_actor *inject_first, *inject_last;
    _Atomic uint32_t inject_count;

    alignas(ACTI_CACHE_LINE) _Atomic uint32_t idle; /* searching workers, and parked ones << 16 */
    alignas(ACTI_CACHE_LINE) acti_mutex idle_lock;
    acti_worker **sleepers;
    uint32_t sleeper_count;
    _Atomic(acti_worker *) timekeeper; /* the parked worker that wakes for timers; written under idle_lock */
    _Atomic uint64_t park_count;
    bool watchdog_sleeps; /* until somebody wakes a worker; under idle_lock */
    struct acti_watchdog *watchdog;

    /* Manual runtimes: ready actors in the order they became so. */
    acti_actor **ready;
    uint32_t ready_first, ready_count, ready_capacity;

    acti_wheel wheel;
    struct acti_registry *registry;
    struct acti_topics *topics;
    struct acti_offload *offload;
    struct acti_fds *fds;
    struct acti_host_loop *host_loop; /* NULL: not driven by a host */

    struct acti_recorder *recorder; /* NULL: off */
    _Atomic bool anchor_is_taken;   /* see recorder.c */
    uint32_t record_turns;          /* every n-th; 0: none */
    acta_dead_letters dead_letters;
    _Atomic uint64_t letters_logged; /* the second << 32 | dead letters in it; see overflow.c */
    bool no_backtrace;
    acti_mutex trace_lock;
    acti_trace trace; /* the last one that was reported; under trace_lock */

    /* Stopping. */
    _Atomic bool is_stopping, is_ending;
    acti_mutex stop_lock; /* one stop at a time */
    bool is_stopped;
    acta_status stop_status;
    acti_mutex exit_lock;         /* root supervisors, and waiting for exits */
    _Atomic uint32_t exit_signal; /* a futex: counts exits while somebody stops the runtime */
    acta_pid *roots;
    uint32_t root_count, root_capacity;
    _Atomic uint32_t alive_count, starting_count; /* what threads count that are no workers; see living.h */
    _Atomic uint64_t link_ids;
    _Atomic uint32_t noted_count; /* actors that are traced or counted */

    acti_blocks blocks[ACTI_SPARE_CLASSES];
    acti_stats shards[ACTI_STAT_SHARD_COUNT];
};

/* initial-exec: read by one load in a shared library too, and in a signal handler on a thread that never looked at it,
 * where the usual way might call malloc. */
extern _Thread_local acti_context *acti_current __attribute__((tls_model("initial-exec")));

static inline uint64_t
acti_now_ns(const acta_runtime *runtime)
{
    return runtime->environment.clock.monotonic_ns(runtime->environment.clock.user);
}

static inline void *
acti_alloc(const acta_runtime *runtime, size_t size)
{
    return runtime->environment.allocator.alloc(runtime->environment.allocator.user, size);
}

static inline void
acti_free(const acta_runtime *runtime, void *block, size_t size)
{
    if (block != NULL) runtime->environment.allocator.free(runtime->environment.allocator.user, block, size);
}

/* Grow an array of `capacity` items to twice as many, at least `first`. False: no memory, nothing changed. */
bool acti_array_grow(const acta_runtime *runtime, void **items, uint32_t *capacity, uint32_t first, size_t item_size);

static inline acti_context *
acti_context_here(const acta_runtime *runtime)
{
    acti_context *context = acti_current;
    return context != NULL && context->runtime == runtime ? context : NULL;
}

/* On the worker's own thread. */
static inline void
acti_count_by(acti_worker *worker, int which, uint64_t many)
{
    /* relaxed, load and store: only this worker writes its counters; readers want no order. */
    _Atomic uint64_t *value = &worker->stats.values[which];
    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + many, memory_order_relaxed);
}

/* `here`: acti_context_here(runtime). */
static inline void
acti_count_here(acti_context *here, acta_runtime *runtime, int which, uint64_t many)
{
    if (ACTI_LIKELY(here != NULL && here->worker != NULL)) {
        acti_count_by(here->worker, which, many);
        return;
    }
    acti_stats *shard = &runtime->shards[acti_thread_hash() % ACTI_STAT_SHARD_COUNT];
    atomic_fetch_add_explicit(&shard->values[which], many, memory_order_relaxed); /* a counter, no order */
}

static inline void
acti_count_many(acta_runtime *runtime, int which, uint64_t many)
{
    acti_count_here(acti_context_here(runtime), runtime, which, many);
}

static inline void
acti_count(acta_runtime *runtime, int which)
{
    acti_count_many(runtime, which, 1);
}

/* Give up a message's block; `destroy` has been called. Small ones are kept by the worker. `here`: as above. */
static inline void
acti_message_release_here(acti_context *here, acti_message *message)
{
    uint32_t class = message->spare_class;

    if (ACTI_LIKELY(here != NULL && here->worker != NULL)) {
        acti_worker *worker = here->worker;
        if (ACTI_LIKELY(worker->spare_room[class] > 0)) {
            /* relaxed: the worker's alone */
            atomic_store_explicit(&message->node.next, worker->spare[class], memory_order_relaxed);
            worker->spare[class] = &message->node;
            worker->spare_room[class]--;
            return;
        }
        acti_spares_release(worker, message);
        return;
    }
    acti_message_free(message);
}

static inline void
acti_message_release(acti_message *message)
{
    acti_message_release_here(acti_context_here(message->runtime), message);
}

/* Of a slot that is made. */
static inline acti_actor *
acti_actor_slot(const acta_runtime *runtime, uint32_t index)
{
    size_t number = (size_t)index + ACTI_SEGMENT_FIRST;
    uintptr_t group = acti_table_origin(&runtime->actors, index) + number / ACTI_SLOT_GROUP * sizeof(acti_slots);

    return (acti_actor *)(group + number % ACTI_SLOT_GROUP * sizeof(acti_actor));
}

static inline acti_actor *
acti_actor_at(const acta_runtime *runtime, acta_pid pid)
{
    return acti_table_has(&runtime->actors, (uint32_t)pid.value) ? acti_actor_slot(runtime, (uint32_t)pid.value) : NULL;
}

/* Of a cast's node, and the generation and ALIVE of the life that it is for. */
static inline uint64_t
acti_cast_key(acta_pid to)
{
    return (to.value & ACTI_LIFE_GENERATION) | ACTI_CAST;
}

/* The slot is in the life of that pid. */
static inline bool
acti_actor_lives_as(const acti_actor *actor, acta_pid pid)
{
    /* acquire: pairs with the release in spawn; the limit and so on are those of this generation or a later one. */
    uint64_t life = atomic_load_explicit(&actor->life, memory_order_acquire);
    return (life & (ACTI_LIFE_GENERATION | ACTI_ALIVE)) == acti_cast_key(pid);
}

/* The actor if the pid is that of a live one, else NULL. */
static inline acti_actor *
acti_actor_alive(const acta_runtime *runtime, acta_pid pid)
{
    acti_actor *actor = acti_actor_at(runtime, pid);

    return actor != NULL && acti_actor_lives_as(actor, pid) ? actor : NULL;
}

/* mailbox.c */
void acti_mailbox_stand_in(acti_actor *actor, acti_node *node); /* as if `node` had been the one popped last */
void acti_mailbox_init(acti_actor *actor);
void acti_mailbox_detach(acti_actor *actor);    /* free `first` from the queue: the stub takes its place */
bool acti_mailbox_try_claim(acti_actor *actor); /* true: it was idle and is ours */
bool acti_mailbox_admit(acti_actor *actor, uint64_t weight, bool is_idle);
void acti_mailbox_correct(acti_actor *actor, bool is_ready);
#include "mailbox.h"

/* recorder.c: `name` of the behaviour, or NULL. Wait-free, any thread. */
bool acti_recorder_create(acta_runtime *runtime, uint32_t count, bool is_own_clock);
void acti_recorder_destroy(acta_runtime *runtime);
void acti_record(
    acta_runtime *runtime, acta_flight_kind kind, acta_pid pid, const char *name, uint32_t tag, uint64_t detail);
void acti_record_turn(acti_context *context, const acti_actor *actor);

/* send.c: give a node to whom it is for. */
acta_status acti_deliver(acta_runtime *runtime, acta_pid to, acti_message *message, acti_actor **claimed_out);
acta_status acti_deliver_system(acta_runtime *runtime, acta_pid to, acti_message *message, acti_actor **claimed_out);
/* A cast that the bound of the mailbox doesn't refuse, and which counts in it. Owns the message. */
void acti_deliver_notice(acta_runtime *runtime, acta_pid to, acta_message *notice);
void acti_push_signal(acti_actor *actor, uint32_t generation, acti_node *node, acti_kind kind);
void acti_wake(acti_actor *actor);

/* actor.c: slots */
acti_actor *acti_actor_take(acta_runtime *runtime, bool *full_out);
void acti_actor_give_back(acti_context *here, acti_actor *actor); /* `here`: acti_context_here of its runtime */
void acti_actor_drop_new(acti_actor *actor);                      /* taken, and not used */
void acti_actors_deinit(acta_runtime *runtime);
bool acti_actor_make_state(acti_actor *actor, size_t size);
void acti_actor_drop_state(acti_actor *actor);
acti_relations *acti_actor_relations(acti_actor *actor);
acta_exit_reason *acti_exit_reason_of(const acti_actor *actor); /* NULL: none was set */
acta_exit_reason *acti_exit_reason_room(acti_actor *actor);
void acti_exit_reason_free(acti_actor *actor);
acti_idle *acti_actor_idle(acti_actor *actor); /* made, if it isn't there; NULL: no memory */
acta_ref acti_ref_add(acti_actor *actor, acti_ref_kind kind, void *object, uint64_t stamp); /* {0}: no memory */
acti_ref_entry *acti_ref_find(acti_actor *actor, acta_ref ref, acti_ref_kind kind);
void acti_ref_remove(acti_actor *actor, acta_ref ref);
void acti_relations_free(acti_actor *actor);
void acti_actor_trim(acti_actor *actor); /* give back what it has and doesn't use */
bool acti_open_add(acti_actor *actor, acta_from from);

/* bundle.c; more in bundle.h */
void acti_bundle_flush(
    acti_worker *worker); /* on its own thread: what is in there is pushed, and its actor scheduled */

static inline bool
acti_bundle_is_empty(const acti_worker *worker)
{
    /* acquire: pairs with a thief's release once it has pushed. A thief's own look is a guess. */
    return atomic_load_explicit(&worker->bundle_first, memory_order_acquire) == NULL;
}

/* Before anything that others see and that comes after what was sent. `here`: acti_current, of any runtime. */
static inline void
acti_bundle_flush_here(acti_context *here)
{
    if (here != NULL && here->worker != NULL && ACTI_UNLIKELY(!acti_bundle_is_empty(here->worker)))
        acti_bundle_flush(here->worker);
}

/* overflow.c */
#define ACTI_SHED ((acta_status)-1) /* not sent, and the sender of a cast gets ACTA_OK for it */
uint64_t acti_overflow_limit(const acta_spawn_options *options);
/* Not sent, as the actor is NULL or its mailbox full: counted, told, and what the sender gets for it. */
acta_status acti_overflow_refuse(acta_runtime *runtime, acti_actor *actor, acta_pid to, const acti_message *message);
bool acti_overflow_is_over(const acti_actor *actor);
void acti_dead_letter(acta_runtime *runtime, acta_pid to, const acti_message *message, acta_dead_reason reason);

/* turn.c */
void acti_turn(acti_context *context, acti_actor *actor);
void acti_turn_failed(acti_context *context); /* after the jump of acta_fail */
void acti_turn_guarded(acti_context *context, acti_actor *actor);
void acti_turn_finish(acti_actor *actor); /* idle, or scheduled again */
void acti_reason_set(acta_exit_reason *reason, acta_exit_kind kind, const char *text);

/* turn_signal.c. The node is ours: not in the queue any more. False: the actor is gone. */
bool acti_signal_take(acti_actor *actor, acti_node *node);

/* end.c; more in end.h */
void acti_abort_start(acti_actor *actor);

/* guard.c */
bool acti_guard(
    acti_actor *actor, void (*what)(acti_actor *actor, void *argument), void *argument, char *why_out, size_t why_size);
void acti_guard_destructor(acti_actor *actor, acti_message *message);

/* unhandled.c */
void acti_unhandled(acti_actor *actor, acti_unhandled_kind kind, uint32_t tag);

/* sys.c, trace.c */
bool acti_sys_receive(acti_actor *actor, acti_node *node, acta_exit_reason *end_out);
void acti_sys_drop(acti_node *node);
bool acti_sys_set_aside(acti_actor *actor, acti_node *node);
acti_node *acti_sys_take_waiting(acti_actor *actor);
acta_from acti_sys_take_stopper(acti_actor *actor, acta_exit_kind *wanted_out);
void acti_sys_tell_stopper(
    const acti_actor *actor, acta_from stopper, acta_exit_kind wanted, const acta_exit_reason *reason);
void acti_sys_free(acti_actor *actor);
void acti_note_message(acti_actor *actor, const acti_message *message);
void acti_note_info(acti_actor *actor, const acta_info *info);
void acti_note_continue(acti_actor *actor);
void acti_note_reply(acta_runtime *runtime, acta_status status, const acta_message *reply);
void acti_note_end(acti_actor *actor, const acta_exit_reason *reason);
void acti_trace_for_driver(acti_actor *actor); /* it begins to live */

/* report.c */
const char *acti_exit_kind_name(acta_exit_kind kind);
void acti_report_end(acti_actor *actor, const acta_exit_reason *reason);
const char *acti_info_word(acta_info_kind kind);
void acti_format_state(acti_actor *actor, acta_format_use use, char *text, size_t size);
size_t acti_escape(char *out, size_t out_size, const char *text, size_t text_size);

/* signal.c, ties.c, link.c */
typedef enum acti_exit_effect { ACTI_EXIT_IGNORED, ACTI_EXIT_TELLS, ACTI_EXIT_ENDS } acti_exit_effect;
/* Set a flag of a life. False: that one is not alive. */
bool acti_life_raise(acta_runtime *runtime, acta_pid pid, uint64_t flag);
void acti_signal_receive(acti_actor *actor, acti_node *node);
acti_exit_effect acti_exit_receive(acti_actor *actor, acti_link *link, acta_exit_reason *end_out);
bool acti_down_receive(acti_actor *actor, acti_monitor *monitor);
void acti_signal_drop(acti_actor *actor, acti_node *node); /* the receiver is gone */
bool acti_exit_find(acti_actor *actor, acta_exit_reason *reason_out);
uint32_t acti_link_count(const acti_actor *actor);
void acti_tell_the_end(acti_actor *actor, const acta_exit_reason *reason);
/* acta_exit by one who waits for the end, and would for ever if there were no memory for the signal: a kill then. */
void acti_exit_or_kill(acta_runtime *runtime, acta_pid from, acta_pid to, const acta_exit_reason *reason);

/* Reserved before init, tied after it; `tie` and `untie` take what `reserve` left, NULLs too. */
typedef struct acti_ties {
    acti_link *spawner_link, *child_link;
    acti_monitor *monitor;
    acti_watch *watch;
    acta_ref ref;
} acti_ties;
bool acti_ties_reserve(acti_ties *ties, acti_actor *linker, acti_actor *watcher, acti_actor *child);
void acti_ties_tie(acti_ties *ties, acti_actor *linker, acti_actor *watcher, acti_actor *child);
void acti_ties_drop(acti_ties *ties, acti_actor *watcher, acti_actor *child);
void acti_kill(acti_actor *actor, uint32_t generation);

/* scheduler.c */
void acti_schedule_elsewhere(acti_context *here, acti_actor *actor); /* see acti_schedule_here */
void acti_schedule_behind(acti_worker *worker, acti_actor *actor);
void acti_schedule_second(acti_worker *worker, acti_actor *actor);
void acti_schedule(acti_actor *actor);   /* the caller owns it; it is ready */
void acti_reschedule(acti_actor *actor); /* after a turn: behind the others */
acta_status acti_workers_start(acta_runtime *runtime, acta_error *error);
void acti_workers_join(acta_runtime *runtime);
bool acti_worker_start(acti_worker *worker);

/* parking.c; more in parking.h */
void acti_notify_timer(acta_runtime *runtime);
void acti_worker_rouse(acti_worker *worker);                            /* if it is parked */
bool acti_is_work_left(acta_runtime *runtime, uint64_t now_ns);         /* and no worker to do it */
bool acti_watchdog_lie_down(acta_runtime *runtime, bool if_all_parked); /* true: who wakes a worker wakes it too */

/* inject.c; more in parking.h */
void acti_inject(acti_actor *actor); /* for any worker */
acti_actor *acti_inject_take(acta_runtime *runtime);
bool acti_ready_reserve(acta_runtime *runtime, uint32_t count);
/* Where in `ready` the one with this number stands. Its capacity is a power of two. */
static inline uint32_t
acti_ready_place(const acta_runtime *runtime, uint32_t number)
{
    return (runtime->ready_first + number) & (runtime->ready_capacity - 1);
}
uint32_t acti_ready_count(acta_runtime *runtime); /* manual runtimes */

/* watchdog.c. An init on a thread that is no worker, which the watchdog wouldn't see by itself; on the spawner's stack. */
typedef struct acti_outside_init {
    struct acti_outside_init *next, *prev;
    acti_actor *actor;
    uint32_t generation;
    bool is_reported;
    uint64_t since_ns; /* as the watchdog first saw it; 0: not yet */
} acti_outside_init;
void acti_watchdog_init_begins(acti_actor *actor, acti_outside_init *init);
void acti_watchdog_init_ends(acta_runtime *runtime, acti_outside_init *init);
acta_status acti_watchdog_start(acta_runtime *runtime, uint32_t limit_ms, acta_error *error);
void acti_watchdog_wake(acta_runtime *runtime);
void acti_watchdog_join(acta_runtime *runtime); /* before the workers are */
void acti_watchdog_destroy(acta_runtime *runtime);
bool acti_spare_rest(acti_worker *worker); /* a worker that ran out of the loop; false: for good */

/* via.c */
acta_status acti_via_take(acti_actor *actor, const acta_name_service *service, acta_str name, acta_pid *holder_out);
void acti_via_leave(acti_actor *actor); /* it has one */

/* names.c */
acta_status acti_registry_create(acta_runtime *runtime);
void acti_registry_destroy(acta_runtime *runtime);
acta_status acti_name_add(acti_actor *actor, acta_pid pid, acta_str name, acta_pid *holder_out);
void acti_name_remove(acti_actor *actor);
size_t acti_name_copy(acti_actor *actor, char *out);                   /* into ACTI_NAME_MAX bytes; 0: it has none */
size_t acti_own_name_copy(acti_actor *self, char *out);                /* and one by way of a service */
void acti_name_peek(const acti_actor *actor, char *name, size_t room); /* cut, ended by 0 */

/* offload.c */
acta_status acti_offload_create(acta_runtime *runtime, const acta_runtime_config *config);
void acti_offload_destroy(acta_runtime *runtime);
void acti_offload_join(acta_runtime *runtime); /* after the last actor */
bool acti_offload_withdraw(acti_call *call, uint64_t generation);
bool acti_offload_is_waiting(const acta_runtime *runtime); /* for acti_offload_step: there are no threads for it */
bool acti_offload_step(acta_runtime *runtime);             /* run one job here; false: there is none */
_Atomic uint32_t *acti_offload_busy_count(acta_runtime *runtime);

/* watch_fd.c */
acta_status acti_fds_create(acta_runtime *runtime);
void acti_fds_destroy(acta_runtime *runtime);
void acti_fds_join(acta_runtime *runtime); /* after the last actor */
acta_status acti_fds_open(acta_runtime *runtime, bool keeps_time, acta_error *error);
bool acti_fds_poll(acta_runtime *runtime); /* tell actors of what is ready, without waiting; false: nothing was */
bool acti_fd_receive(acti_actor *actor, acti_node *node, acta_info *info_out, acta_error *error_out);
void acti_fd_watch_free(acti_actor *actor, acti_node *node);
void acti_actor_unwatch_fds(acti_actor *actor);

/* host_loop.c */
acta_status acti_host_create(acta_runtime *runtime, acta_error *error);
void acti_host_destroy(acta_runtime *runtime);
void acti_host_wake(acta_runtime *runtime);
void acti_host_timer_rang(acta_runtime *runtime);
bool acti_host_is_here(const acta_runtime *runtime); /* this thread drives the runtime */
void acti_host_take_over(acta_runtime *runtime);     /* from here on */
void acti_host_let_go(acta_runtime *runtime);        /* the fd is right again */
/* Sleep until there is something to do, while *word == expected, at most until the deadline. */
void acti_host_sleep(acta_runtime *runtime, _Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns);

/* runtime.c */
void acti_root_add(acta_runtime *runtime, acta_pid pid);
void acti_root_remove(acta_runtime *runtime, acta_pid pid);
void acti_exit_announce(acta_runtime *runtime);
void acti_stop_look(acta_runtime *runtime); /* something changed that a stop may wait for */

#endif
