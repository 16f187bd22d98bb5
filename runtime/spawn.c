/*
 * Spawning, and what an actor may ask about and do to itself.
 *
 * The spawner takes a free slot by its mailbox's IDLE bit and so owns the new actor until init is done, on its own
 * thread. From the moment it is alive, which is before init, others may find it by name and send to it; what they send
 * waits. When init is done the actor goes the way of one that has had a turn.
 */
#include "living.h"

#include <stdarg.h>

static acta_status
check_options(const acta_spawn_options *options, acta_error *error)
{
    if (options->behaviour == NULL)
        return acta_error_set(error, ACTA_INVALID, "cannot spawn an actor without a behaviour");
    if (options->via != NULL && options->name.size == 0)
        return acta_error_set(
            error, ACTA_INVALID, "cannot spawn '%s' via a name service without a name", options->behaviour->name);
    if (options->name.size > ACTI_NAME_MAX)
        return acta_error_set(error, ACTA_INVALID, "cannot spawn '%.32s…': a name has at most %d bytes",
            options->name.data, ACTI_NAME_MAX);
    if ((unsigned)options->overflow > ACTA_OVERFLOW_DROP_OLDEST)
        return acta_error_set(error, ACTA_INVALID, "cannot spawn '%s': %d is no policy of a mailbox; see acta_overflow",
            options->behaviour->name, (int)options->overflow);
    return acti_contain_check(options->behaviour, error);
}

/* False: no memory. */
static bool
begin_idle_times(acti_actor *actor, uint32_t timeout_ms)
{
    actor->at_finish = timeout_ms != 0 ? ACTI_FINISH_IDLE : 0;
    if (ACTI_LIKELY(timeout_ms == 0 && !actor->sided)) return true;
    acti_idle *idle = timeout_ms != 0 ? acti_actor_idle(actor) : acti_side_of(actor)->idle;
    if (idle == NULL) return timeout_ms == 0;
    idle->idle_node.generation = actor->generation;
    idle->is_used = false;
    idle->timeout_ms = timeout_ms;
    return true;
}

/* It was the slot's last actor's. */
static void
forget_peak(acti_actor *actor)
{
    actor->peaked = false;
    atomic_store_explicit(acti_peak_of(actor), 0, memory_order_relaxed); /* published by `life` */
}

/* Alive from here on. False: no memory for the state. */
static bool
bring_to_life(acti_actor *actor, const acta_spawn_options *options)
{
    const acta_behaviour *behaviour = options->behaviour;

    acti_behaviour_set(actor, behaviour);
    actor->state = NULL;
    if (ACTI_UNLIKELY(behaviour->contain_faults.start != NULL) && !acti_contain_enter(actor)) return false;
    if (behaviour->state_size > 0 && !acti_actor_make_state(actor, behaviour->state_size)) return false;
    actor->phase = ACTI_STARTING;
    if (ACTI_UNLIKELY(actor->peaked)) forget_peak(actor);
    acti_task_begin(actor, ACTI_TASK_NOTHING, 0);
    actor->odd = options->overflow == ACTA_OVERFLOW_DROP_OLDEST ? ACTI_ODD_SHEDS : 0;
    if (ACTI_UNLIKELY(actor->runtime->driver.told != NULL)) acti_trace_for_driver(actor);
    actor->heard = true; /* the idle time runs from the start */
    if (!begin_idle_times(actor, behaviour->idle_timeout_ms)) return false;
    /* relaxed: published by `life`. */
    atomic_store_explicit(&actor->on_caller, behaviour->run_on_caller, memory_order_relaxed);
    atomic_store_explicit(&actor->overflow, (uint8_t)options->overflow, memory_order_relaxed);
    uint64_t limit = acti_overflow_limit(options);
    if (options->mailbox_count_max == 0 && ACTA_SIM_CHANCE(&actor->runtime->environment, "mailbox.of.one", 10))
        limit = UINT64_C(1) << 32 | (uint32_t)limit;
    atomic_store_explicit(&actor->limit, limit, memory_order_relaxed);
    /* release: pairs with acti_actor_alive. */
    atomic_store_explicit(&actor->life, (uint64_t)actor->generation << 32 | ACTI_ALIVE, memory_order_release);
    return true;
}

/* Run init where a jump lands safely; the actor whose handler spawns is put back after it. */
static acta_status
run_init(acti_actor *actor, const acta_spawn_options *options, acta_error *error)
{
    acti_context *outer = acti_current;
    acti_context context;
    acta_status volatile status = ACTA_OK;

    acti_context_init(&context, actor->runtime, actor);
    if (outer != NULL && outer->runtime == actor->runtime) {
        context.worker = outer->worker;
        context.host = outer->host;
    }
    acti_current = &context;
    if (sigsetjmp(context.escape, 0) == 0)
        status = actor->behaviour->init(actor, actor->state, options->argument, error);
    else {
        const acta_exit_reason *reason = acti_exit_reason_of(actor);
        status = acta_error_set(error, ACTA_FAILED, "%s", reason != NULL ? reason->text : "");
    }
    acti_current = outer;
    if (options->info_out != NULL) *options->info_out = context.start_info;
    if (context.start_failed && outer != NULL && outer->runtime == actor->runtime) {
        outer->start_failed = true;
        outer->start_error = context.start_error;
    }
    return status;
}

static acta_status
run_init_watched(acti_actor *actor, const acta_spawn_options *options, acta_error *error)
{
    acti_outside_init init;

    if (actor->runtime->watchdog == NULL) return run_init(actor, options, error);
    acti_watchdog_init_begins(actor, &init);
    acta_status status = run_init(actor, options, error);
    acti_watchdog_init_ends(actor->runtime, &init);
    return status;
}

/* The spawner's task is this init as long as it lasts, so that one which hangs can be told by name. */
static acta_status
run_init_as_task(acti_actor *actor, const acta_spawn_options *options, acta_error *error)
{
    const acti_context *here = acti_context_here(actor->runtime);
    acti_actor *spawner = here != NULL ? here->actor : NULL;

    if (actor->behaviour->init == NULL) return ACTA_OK;
    if (spawner == NULL) return run_init_watched(actor, options, error);
    uint64_t before = acti_task_own(spawner);
    acti_task_begin(spawner, ACTI_TASK_INIT, actor->index);
    acta_status status =
        here->worker != NULL ? run_init(actor, options, error) : run_init_watched(actor, options, error);
    acti_task_begin(spawner, acti_task_what(before), (uint32_t)before);
    return status;
}

static bool
is_status(acta_status status)
{
    return strcmp(acta_status_name(status), acta_status_name((acta_status)-1)) != 0;
}

static __attribute__((noinline)) acta_status
run_and_tie(acti_actor *actor, const acta_spawn_options *options, acta_error *error)
{
    acti_ties ties;
    acta_error unused;

    if (error == NULL) error = &unused;
    if (!acti_ties_reserve(&ties, options->link, options->monitor, actor))
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory to spawn '%s'", options->behaviour->name);

    error->text[0] = '\0';
    error->status = ACTA_OK;
    uint64_t begun_ns = options->init_timeout_ms != 0 ? acti_now_ns(actor->runtime) : 0;
    acta_status status = run_init_as_task(actor, options, error);
    if (status == ACTA_OK && options->init_timeout_ms != 0 &&
        acti_now_ns(actor->runtime) - begun_ns > options->init_timeout_ms * UINT64_C(1000000))
        status = acta_error_set(error, ACTA_TIMEOUT, "actor '%s': init took more than %u ms", options->behaviour->name,
            options->init_timeout_ms);
    if (ACTI_UNLIKELY(status != ACTA_OK && !is_status(status)))
        status = acta_error_set(
            error, ACTA_FAILED, "actor '%s': init gave %d, which is no status", options->behaviour->name, (int)status);
    if (status != ACTA_OK) {
        acti_ties_drop(&ties, options->monitor, actor);
        if (error->status != status || error->text[0] == '\0')
            acta_error_set(
                error, status, "actor '%s': init gave %s", options->behaviour->name, acta_status_name(status));
        return status;
    }
    acti_ties_tie(&ties, options->link, options->monitor, actor);
    if (options->monitor_out != NULL && options->monitor != NULL) *options->monitor_out = ties.ref;
    return ACTA_OK;
}

static inline acta_status
init_and_tie(acti_actor *actor, const acta_spawn_options *options, acta_error *error)
{
    if (options->info_out != NULL) *options->info_out = 0;
    if (actor->behaviour->init == NULL && options->link == NULL && options->monitor == NULL) return ACTA_OK;
    return run_and_tie(actor, options, error);
}

static acta_status
take_name(acti_actor *actor, const acta_spawn_options *options, acta_pid *pid_out, acta_error *error)
{
    acta_str name = options->name;
    acta_pid holder = { 0 };

    if (name.size == 0) return ACTA_OK;
    acta_status status = options->via != NULL ? acti_via_take(actor, options->via, name, &holder)
                                              : acti_name_add(actor, acti_pid_of(actor), name, &holder);
    if (status == ACTA_ALREADY_EXISTS) {
        *pid_out = holder;
        return acta_error_set(error, status, "the name '" ACTA_FMT "' is taken", ACTA_ARG(name));
    }
    if (status != ACTA_OK && status != ACTA_NO_MEMORY)
        return acta_error_set(error, status, "the name service did not take '" ACTA_FMT "'", ACTA_ARG(name));
    if (status != ACTA_OK)
        return acta_error_set(error, status, "no memory for the name '" ACTA_FMT "'", ACTA_ARG(name));
    return ACTA_OK;
}

static acta_status
no_slot(acta_runtime *runtime, const acta_spawn_options *options, bool full, acta_error *error)
{
    if (full)
        return acta_error_set(error, ACTA_BUSY, "cannot spawn '%s': %u actors is the limit", options->behaviour->name,
            runtime->actors.count_max);
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory to spawn '%s'", options->behaviour->name);
}

/* Count the actor to be, unless the runtime is stopping: either we see the stop, or the stop sees us and waits until we
 * are through. */
static bool
enter(acta_runtime *runtime)
{
    acti_worker *worker = acti_worker_here(runtime);

    acti_living_starting(runtime, worker, 1);
    acti_living_alive(runtime, worker, 1);
    if (!atomic_load_explicit(&runtime->is_stopping, memory_order_seq_cst)) return true; /* see living.h */
    acti_living_starting(runtime, worker, UINT32_MAX);
    acti_exit_announce(runtime);
    return false;
}

static void
leave_start(acta_runtime *runtime)
{
    acti_living_starting(runtime, acti_worker_here(runtime), UINT32_MAX);
    acti_stop_look(runtime);
}

static void
record_spawn(const acti_actor *actor)
{
    const acti_context *here = acti_context_here(actor->runtime);
    uint64_t spawner = here != NULL && here->actor != NULL ? acti_pid_of(here->actor).value : 0;

    acti_record(actor->runtime, ACTA_FLIGHT_SPAWN, acti_pid_of(actor), actor->behaviour->name, 0, spawner);
    ACTA_PROBE3(spawn, acti_pid_of(actor).value, actor->behaviour->name, spawner);
}

static acta_pid
find_name(const acta_runtime *runtime, const acta_spawn_options *options)
{
    const acta_name_service *via = options->via;

    return via != NULL ? via->whereis_name(via->user, options->name) : acta_whereis(runtime, options->name);
}

acta_status
acta_spawn(acta_runtime *runtime, const acta_spawn_options *options, acta_pid *pid_out, acta_error *error)
{
    bool full;

    acti_bundle_flush_here(acti_current);
    acta_status status = check_options(options, error);
    if (status != ACTA_OK) return status;
    if (options->name.size > 0) { /* the usual way of a lost race costs no slot */
        acta_pid holder = find_name(runtime, options);
        if (holder.value != 0) {
            *pid_out = holder;
            return acta_error_set(
                error, ACTA_ALREADY_EXISTS, "the name '" ACTA_FMT "' is taken", ACTA_ARG(options->name));
        }
    }

    acti_actor *actor = acti_actor_take(runtime, &full);
    if (actor == NULL) return no_slot(runtime, options, full, error);
    if (!enter(runtime)) {
        acti_actor_drop_new(actor);
        return acta_error_set(
            error, ACTA_STOPPED, "cannot spawn '%s': the runtime is stopping", options->behaviour->name);
    }
    if (bring_to_life(actor, options))
        status = take_name(actor, options, pid_out, error);
    else
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory to spawn '%s'", options->behaviour->name);
    if (status == ACTA_OK) {
        record_spawn(actor);
        status = init_and_tie(actor, options, error);
        if (status != ACTA_OK)
            acti_record(runtime, ACTA_FLIGHT_REFUSE, acti_pid_of(actor), actor->behaviour->name, 0, status);
    }
    if (status != ACTA_OK) {
        acti_abort_start(actor);
        leave_start(runtime);
        acti_exit_announce(runtime);
        return status;
    }

    *pid_out = acti_pid_of(actor);
    acti_count(runtime, ACTI_STAT_SPAWNED);
    actor->phase = ACTI_RUNNING;
    acti_turn_finish(actor);
    leave_start(runtime);
    return ACTA_OK;
}

bool
acta_is_alive(const acta_runtime *runtime, acta_pid pid)
{
    return acti_actor_alive(runtime, pid) != NULL;
}

acta_self *
acta_self_here(void)
{
    return acti_current != NULL ? acti_current->actor : NULL;
}

acta_pid
acta_self_pid(const acta_self *self)
{
    return acti_pid_of(self);
}

acta_runtime *
acta_self_runtime(const acta_self *self)
{
    return self->runtime;
}

acta_memory *
acta_self_memory(acta_self *self)
{
    acti_relations *r = acti_actor_relations(self);

    if (r == NULL) return NULL;
    if (r->memory == NULL) r->memory = acta_memory_create(&self->runtime->environment.allocator);
    return r->memory;
}

void *
acta_alloc(acta_self *self, size_t size)
{
    acta_memory *memory = acta_self_memory(self);
    return memory != NULL ? acta_memory_alloc(memory, size) : NULL;
}

void
acta_free(acta_self *self, void *block)
{
    if (block != NULL) acta_memory_free(acti_relations_of(self)->memory, block);
}

acta_message *
acta_message_keep(acta_self *self, acta_message *body)
{
    acti_message *message = acti_message_of(body);
    acti_relations *r = acti_relations_of(self);

    if (self->handling == message) {
        self->handling = NULL;
        acti_mailbox_detach(self);
    } else if (r != NULL && r->reply_in_hand != NULL && r->reply_in_hand->reply == body)
        r->reply_in_hand->reply = NULL;
    else if (r != NULL && r->in_hand == body)
        r->in_hand = NULL;
    return body;
}

static void
set_reason(acti_actor *actor, acta_exit_kind kind, const char *format, va_list arguments)
{
    acta_exit_reason *reason = acti_exit_reason_room(actor);

    if (reason == NULL) return; /* the end goes without words */
    reason->kind = kind;
    reason->text[0] = '\0';
    if (format != NULL) vsnprintf(reason->text, sizeof reason->text, format, arguments);
}

void
acta_set_start_info(acta_self *self, uint64_t info)
{
    if (acti_current != NULL && acti_current->actor == self) acti_current->start_info = info;
}

void
acta_set_exit_reason(acta_self *self, acta_exit_kind kind, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_reason(self, kind, format, arguments);
    va_end(arguments);
}

void
acta_fail(acta_self *self, const char *format, ...)
{
    va_list arguments;

    ACTI_ASSERT(acti_current != NULL && acti_current->actor == self);
    va_start(arguments, format);
    set_reason(self, ACTA_EXIT_FAILED, format, arguments);
    va_end(arguments);
    if (!self->runtime->no_backtrace)
        acti_current->frame_count = acti_backtrace(acti_current->frames, ACTI_FRAME_MAX, 1, (void (*)(void))acti_turn);
    siglongjmp(acti_current->escape, 1);
}

void
acta_set_idle_deadline(acta_self *self, uint64_t at_ns)
{
    if (acti_actor_idle(self) == NULL) acta_fail(self, "no memory for an idle time");
    self->odd |= ACTI_ODD_IDLE_AT;
    self->heard = false; /* whatever comes from here on calls it off */
    /* seq_cst, as all stores of a deadline; see acti_timer_set. 0 would be none. */
    atomic_store_explicit(
        &acti_side_of(self)->idle->idle_timer.deadline_ns, at_ns != 0 ? at_ns : 1, memory_order_seq_cst);
}

void
acta_hibernate(acta_self *self)
{
    self->odd |= ACTI_ODD_HIBERNATE;
}

void
acta_continue(acta_self *self)
{
    self->odd |= ACTI_ODD_CONTINUE;
}

void
acta_set_idle_timeout(acta_self *self, uint32_t timeout_ms)
{
    if (timeout_ms != 0 && acti_actor_idle(self) == NULL) acta_fail(self, "no memory for an idle time");
    self->at_finish &= (uint8_t)~ACTI_FINISH_IDLE;
    if (timeout_ms != 0) {
        self->at_finish |= ACTI_FINISH_IDLE;
        acti_side_of(self)->idle->timeout_ms = timeout_ms;
    }
    self->heard = true; /* the time runs from the end of this turn */
}
