/*
 * A turn: an actor handles up to a budget of messages, on the thread that owns it.
 *
 *     take a node -> drop it, if it was for an earlier generation
 *                 -> signal: the runtime's own; some end the actor, some are told to handle_info (turn_signal.c)
 *                 -> message: handle_call, handle_cast
 *     none left   -> give the IDLE bit back; else: behind the others in the queue
 *
 * Not here: the end of an actor (end.c).
 *
 * acta_fail leaves a handler by a jump into the context that runs the turn, which then goes on in acti_turn_failed.
 */
#include "end.h"

enum {
    BURST_MIN = 512,       /* what a worker sent beyond what it handled in its last turns, 32 at most */
    LONG_TURN_NS = 2000000 /* 2 ms */
};

_Thread_local acti_context *acti_current;

void
acti_reason_set(acta_exit_reason *reason, acta_exit_kind kind, const char *text)
{
    reason->kind = kind;
    snprintf(reason->text, sizeof reason->text, "%s", text);
}

/* -- handlers -- */

static __attribute__((noinline)) acta_next
handle_request(acti_actor *actor, acti_message *message)
{
    if (actor->behaviour->handle_call == NULL) {
        acta_error error;
        acta_error_set(&error, ACTA_INVALID, "actor '%s' answers no calls", actor->behaviour->name);
        acta_reply(actor->runtime, message->from, ACTA_INVALID, NULL, &error);
        acti_unhandled(actor, ACTI_UNHANDLED_CALL, message->body.tag);
        return ACTA_NEXT;
    }
    acti_current->answering = message->from;
    acta_next next = actor->behaviour->handle_call(actor, actor->state, message->from, &message->body);
    acta_from from = acti_current->answering;
    if (next != ACTA_NEXT && next != ACTA_NEXT_CONTINUE) return next; /* the end answers it */

    acti_current->answering = (acta_from){ 0, 0 };
    if (from.a == 0) return next; /* handed over */
    if (acti_call_is_pending((acti_call *)(uintptr_t)from.a, from.b) && !acti_open_add(actor, from)) {
        acta_error error;
        acta_error_set(&error, ACTA_NO_MEMORY, "no memory to remember the request");
        acta_reply(actor->runtime, from, ACTA_NO_MEMORY, NULL, &error);
    }
    return next;
}

static inline void
take_in_hand(acti_actor *actor, acti_message *message, uint32_t what)
{
    actor->handled_load += ACTI_LOAD_COUNT + acti_message_weight(message);
    actor->handling = message;
    actor->heard = true;
    acti_task_begin(actor, what, message->body.tag);
}

static inline void
begin_message(acti_context *context, acti_actor *actor, acti_message *message, uint32_t what)
{
    acti_count_here(context, actor->runtime, ACTI_STAT_HANDLED, 1);
    if (ACTI_UNLIKELY(ACTI_IS_NOTED(actor))) acti_note_message(actor, message);
    take_in_hand(actor, message, what);
}

static inline void
end_message(acti_actor *actor, acti_message *message)
{
    if (ACTI_LIKELY(actor->handling == message && message->body.destroy == NULL)) {
        actor->handling = NULL;
        actor->first_is_spent = true;
    } else
        acti_drop_in_hand(actor);
}

/* What is in its hand. */
static inline acta_next
cast_in_hand(acti_actor *actor, acti_message *message)
{
    acta_next next = ACTA_NEXT;

    if (ACTI_LIKELY(actor->behaviour->handle_cast != NULL))
        next = actor->behaviour->handle_cast(actor, actor->state, &message->body);
    else
        acti_unhandled(actor, ACTI_UNHANDLED_CAST, message->body.tag);
    end_message(actor, message);
    return next;
}

static inline acta_next
handle_cast(acti_context *context, acti_actor *actor, acti_message *message)
{
    begin_message(context, actor, message, ACTI_TASK_CAST);
    return cast_in_hand(actor, message);
}

static __attribute__((noinline)) acta_next
handle_call(acti_context *context, acti_actor *actor, acti_message *message)
{
    begin_message(context, actor, message, ACTI_TASK_CALL);
    acta_next next = handle_request(actor, message);
    end_message(actor, message);
    return next;
}

/* With words: some 200 bytes, which most ends do without. */
static __attribute__((noinline)) void
end_in_words(acti_actor *actor, const acta_exit_reason *given)
{
    acta_exit_reason reason = { .kind = ACTA_EXIT_NORMAL };

    if (given != NULL)
        reason = *given; /* a terminate may give others */
    else
        acti_reason_set(&reason, ACTA_EXIT_FAILED, "bad return value");
    acti_terminate(actor, &reason);
}

bool
acti_obey_word(acti_actor *actor, acta_next next)
{
    static const acta_exit_reason normal = { .kind = ACTA_EXIT_NORMAL };

    if (next == ACTA_NEXT_CONTINUE) {
        actor->odd |= ACTI_ODD_CONTINUE;
        return true;
    }
    const acta_exit_reason *given = next == ACTA_STOP && actor->sided ? acti_exit_reason_of(actor) : NULL;
    if (next == ACTA_STOP && given == NULL)
        acti_terminate(actor, &normal);
    else
        end_in_words(actor, given);
    return false;
}

/* Not a cast to the one that the actor is now. False: the actor is gone. */
static __attribute__((noinline)) bool
take_odd_node(acti_context *context, acti_actor *actor, acti_node *node)
{
    bool is_message = node->kind == ACTI_CAST || node->kind == ACTI_REQUEST;

    if (is_message && node->generation == actor->generation)
        return acti_obey(actor, handle_call(context, actor, acti_message_at(node)));
    if (is_message) {
        acti_drop_node(actor, node);
        return true;
    }
    acti_mailbox_detach(actor); /* a signal's memory has a life after this */
    if (node->kind != ACTI_WAKE && node->generation != actor->generation) {
        acti_signal_drop(actor, node);
        return true;
    }
    return acti_signal_take(actor, node);
}

/* False: the actor is gone. */
static inline bool
take_node(acti_context *context, acti_actor *actor, acti_node *node)
{
    if (ACTI_UNLIKELY(node->kind != ACTI_CAST || node->generation != actor->generation))
        return take_odd_node(context, actor, node);
    return acti_obey(actor, handle_cast(context, actor, acti_message_at(node)));
}

/* Killed, or an exit signal in the mailbox. False: the actor is gone. */
static __attribute__((noinline)) bool
obey_flags(acti_actor *actor, uint64_t life)
{
    acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };

    if ((life & ACTI_KILL) != 0) {
        ACTA_SOMETIMES(&actor->runtime->environment, "actor.killed");
        acti_terminate(actor, &reason);
        return false;
    }
    /* acq_rel: cleared before the search, so that a signal that comes after is either found or sets it again. */
    atomic_fetch_and_explicit(&actor->life, ~(uint64_t)ACTI_LOOK, memory_order_acq_rel);
    if ((life & ACTI_TRAP) != 0 || !acti_exit_find(actor, &reason)) return true;
    acti_task_begin(actor, ACTI_TASK_SIGNAL, 0);
    acti_terminate(actor, &reason);
    return false;
}

/* The mailbox is empty: from here on the idle time runs, if there is one. */
static __attribute__((noinline)) void
begin_idle_time(acti_actor *actor)
{
    acta_runtime *runtime = actor->runtime;
    acti_idle *idle = acti_side_of(actor)->idle;
    bool once = (actor->odd & ACTI_ODD_IDLE_AT) != 0;

    if ((actor->odd & ACTI_ODD_SUSPENDED) != 0) return; /* see the resume */
    if (once && actor->heard) {                         /* called off */
        actor->odd &= (uint8_t)~ACTI_ODD_IDLE_AT;
        once = false;
    }
    if (!once && (!actor->heard || (actor->at_finish & ACTI_FINISH_IDLE) == 0)) return;
    actor->heard = false;
    idle->is_used = true;
    uint64_t now_ns = acti_now_ns(runtime);
    /* relaxed: we alone write it. */
    uint64_t due_ns = once ? atomic_load_explicit(&idle->idle_timer.deadline_ns, memory_order_relaxed)
                           : now_ns + idle->timeout_ms * UINT64_C(1000000);
    if (due_ns <= now_ns)
        acti_push_idle(actor);
    else
        acti_timer_set(runtime, &idle->idle_timer, due_ns);
}

/* Something to do that isn't in the mailbox. */
static bool
is_busy_with_itself(const acti_actor *actor)
{
    return (actor->odd & (ACTI_ODD_CONTINUE | ACTI_ODD_WAITING | ACTI_ODD_HIBERNATE)) != 0 &&
           (actor->odd & ACTI_ODD_SUSPENDED) == 0;
}

/* What the turn has left to its end. */
static __attribute__((noinline)) void
look_at_timers(acti_actor *actor)
{
    if ((actor->at_finish & ACTI_FINISH_ALARMS) != 0) acti_alarms_put(actor);
    if (actor->at_finish != 0 || (actor->odd & ACTI_ODD_IDLE_AT) != 0) begin_idle_time(actor);
}

/* Nothing is left to do: the actor is given up, if nothing has come. */
static inline void
rest(acti_context *here, acti_actor *actor)
{
    if (ACTI_UNLIKELY(actor->at_finish != 0 || (actor->odd & ACTI_ODD_IDLE_AT) != 0)) look_at_timers(actor);
    if (ACTI_UNLIKELY(!acti_mailbox_try_idle(here, actor))) acti_reschedule(actor);
}

void
acti_turn_finish(acti_actor *actor)
{
    if ((actor->at_finish & ACTI_FINISH_ALARMS) != 0) acti_alarms_put(actor);
    if (acti_mailbox_has_more(actor) || is_busy_with_itself(actor)) {
        acti_mailbox_settle(actor);
        acti_reschedule(actor);
    } else
        rest(acti_context_here(actor->runtime), actor);
}

/* False: the actor is gone. */
static bool
go_on(acti_actor *actor)
{
    acta_next next = ACTA_NEXT;

    actor->odd &= (uint8_t)~ACTI_ODD_CONTINUE;
    if (ACTI_IS_NOTED(actor)) acti_note_continue(actor);
    acti_task_begin(actor, ACTI_TASK_CONTINUE, 0);
    if (actor->behaviour->handle_continue != NULL) next = actor->behaviour->handle_continue(actor, actor->state);
    return acti_obey(actor, next);
}

/* The mailbox is empty: what can be had again is given back. */
static void
hibernate(acti_actor *actor)
{
    actor->odd &= (uint8_t)~ACTI_ODD_HIBERNATE;
    acti_task_begin(actor, ACTI_TASK_HIBERNATE, 0);
    acti_mailbox_detach(actor);
    if (actor->behaviour->hibernate != NULL) actor->behaviour->hibernate(actor, actor->state);
    acti_actor_trim(actor);
}

typedef enum odd_step { ODD_GONE, ODD_DONE, ODD_NONE } odd_step;

/* Too much is waiting: the oldest message goes unhandled. Signals on the way are taken as ever. */
static odd_step
shed_oldest(acti_context *context, acti_actor *actor)
{
    acti_node *node = acti_mailbox_pop(context, actor);

    if (node == NULL) return ODD_NONE;
    if ((node->kind != ACTI_CAST && node->kind != ACTI_REQUEST) || node->generation != actor->generation)
        return take_node(context, actor, node) ? ODD_DONE : ODD_GONE;
    acti_message *message = acti_message_at(node);
    actor->handled_load += ACTI_LOAD_COUNT + acti_message_weight(message);
    acti_count(actor->runtime, ACTI_STAT_SHED);
    acti_count(actor->runtime, ACTI_STAT_DROPPED);
    acti_dead_letter(actor->runtime, acti_pid_of(actor), message, ACTA_DEAD_SHED);
    if (node->kind == ACTI_REQUEST)
        acti_call_refuse(message->from, ACTA_BUSY, "the actor's mailbox is full, and let go of the request");
    acti_guard_destructor(actor, message);
    actor->first_is_spent = true;
    return ODD_DONE;
}

/* What comes before the next node of the mailbox. ODD_NONE: nothing does. */
static __attribute__((noinline)) odd_step
take_odd_step(acti_context *context, acti_actor *actor)
{
    acti_node *node;

    if ((actor->odd & ACTI_ODD_SUSPENDED) != 0) {
        node = acti_mailbox_pop(context, actor);
        if (node == NULL) return ODD_NONE;
        return acti_sys_set_aside(actor, node) || take_node(context, actor, node) ? ODD_DONE : ODD_GONE;
    }
    if ((actor->odd & ACTI_ODD_CONTINUE) != 0) return go_on(actor) ? ODD_DONE : ODD_GONE;
    if ((actor->odd & ACTI_ODD_WAITING) == 0)
        return (actor->odd & ACTI_ODD_SHEDS) != 0 && acti_overflow_is_over(actor) ? shed_oldest(context, actor)
                                                                                  : ODD_NONE;
    node = acti_sys_take_waiting(actor);
    return node == NULL || take_node(context, actor, node) ? ODD_DONE : ODD_GONE;
}

/* A turn has not emptied the mailbox: as long as it is now, with what the turn has handled, may be the longest ever. */
static void
note_peak(acti_actor *actor)
{
    /* relaxed, all: of about now; what is settled and the peak are ours. */
    uint64_t load = atomic_load_explicit(&actor->sent_load, memory_order_relaxed) -
                    atomic_load_explicit(&actor->settled_load, memory_order_relaxed);
    uint32_t count = (int64_t)load > 0 ? (uint32_t)(load / ACTI_LOAD_COUNT) : 0;

    if (count <= atomic_load_explicit(acti_peak_of(actor), memory_order_relaxed)) return;
    actor->peaked = true;
    atomic_store_explicit(acti_peak_of(actor), count, memory_order_relaxed);
}

/*
 * The budget is used up. A handler that sends by the hundred can't be parted, and what it has sent is best handled
 * while it is in the cache: then a receiver with a long mailbox goes on until it is empty or the time is over; and when
 * something is left, one other actor comes before its next turn. Each such burst is good for one such turn. What is
 * handled in a turn that goes on isn't set off against the next burst.
 * `*until_ns`: 0 before the first time.
 */
static __attribute__((noinline)) bool
goes_on(acti_context *context, acti_actor *actor, uint64_t *until_ns)
{
    acti_worker *worker = context->worker;

    if (worker == NULL) return false;
    int64_t grown = acti_grown_by(worker);
    if (*until_ns == 0 && (grown - worker->grown_before < BURST_MIN || acti_mailbox_count(actor) < BURST_MIN / 2))
        return false;
    note_peak(actor);
    worker->grown_before = worker->grown_at_look = grown;
    uint64_t now_ns = acti_now_ns(context->runtime);
    if (*until_ns == 0) *until_ns = now_ns + LONG_TURN_NS;
    return now_ns < *until_ns;
}

/* The turn ends before its mailbox is empty. `until_ns`: 0, unless it went on beyond its budget. */
static __attribute__((noinline)) void
cut_turn(acti_context *context, acti_actor *actor, uint64_t until_ns)
{
    note_peak(actor);
    context->actor = NULL;
    context->timers_are_due = true; /* it was a long turn */
    if (until_ns == 0 || !acti_mailbox_has_more(actor)) {
        acti_turn_finish(actor);
        return;
    }
    if ((actor->at_finish & ACTI_FINISH_ALARMS) != 0) acti_alarms_put(actor);
    acti_mailbox_settle(actor);
    acti_schedule_second(context->worker, actor);
}

/* `budget`: messages at most, but for one that goes on. */
static __attribute__((noinline)) void
take_turn(acti_context *context, acti_actor *actor, uint32_t budget)
{
    uint64_t until_ns = 0;

    context->actor = actor;
    ACTA_PROBE4(schedule, actor->index, actor->generation, actor->behaviour, budget);
    for (; budget > 0 || goes_on(context, actor, &until_ns); budget--) {
        if (ACTI_UNLIKELY(budget == 0)) budget = context->runtime->budget;
        /* acquire: a kill's or an exit's words are behind its flag. */
        uint64_t life = atomic_load_explicit(&actor->life, memory_order_acquire);
        if (ACTI_UNLIKELY((life & (ACTI_KILL | ACTI_LOOK)) != 0) && !obey_flags(actor, life)) break;
        if (ACTI_UNLIKELY(actor->odd != 0)) {
            odd_step step = take_odd_step(context, actor);
            if (step == ODD_GONE) break;
            if (step == ODD_DONE) continue;
        }
        acti_node *node = acti_mailbox_pop(context, actor);
        if (ACTI_UNLIKELY(node == NULL)) {
            if ((actor->odd & ACTI_ODD_HIBERNATE) != 0) {
                hibernate(actor);
                continue;
            }
            context->actor = NULL;
            acti_turn_finish(actor);
            return;
        }
        if (ACTI_UNLIKELY(!take_node(context, actor, node))) break;
        acti_bundle_flush_here(context);
        if (ACTI_LIKELY(!acti_mailbox_has_more(actor) && actor->odd == 0)) { /* as most turns end */
            context->actor = NULL;
            rest(context, actor);
            return;
        }
        if (ACTI_UNLIKELY(context->timers_are_due) && context->worker != NULL) {
            cut_turn(context, actor, until_ns);
            return;
        }
    }
    if (budget == 0)
        cut_turn(context, actor, until_ns);
    else
        context->actor = NULL;
}

static __attribute__((noinline)) void
turn_of_any(acti_context *context, acti_actor *actor)
{
    if (ACTI_UNLIKELY(actor->phase == ACTI_FREE)) {
        acti_finish_free(actor);
        return;
    }
    if (ACTI_UNLIKELY(context->runtime->record_turns != 0)) acti_record_turn(context, actor);
    bool of_one = ACTA_SIM_CHANCE(&context->runtime->environment, "turn.of.one", 25);
    take_turn(context, actor, of_one ? 1 : context->runtime->budget);
}

/* After the first message, when that wasn't all. */
static __attribute__((noinline)) void
turn_goes_on(acti_context *context, acti_actor *actor, acta_next next)
{
    if (!acti_obey(actor, next))
        context->actor = NULL;
    else if (context->timers_are_due && (acti_mailbox_has_more(actor) || actor->odd != 0))
        cut_turn(context, actor, 0);
    else
        take_turn(context, actor, context->runtime->budget - 1);
}

/*
 * Most turns are of one cast to an actor with nothing else to do, and end with an empty mailbox. Such a one is in line
 * here, with one look at each word.
 */
void
acti_turn(acti_context *context, acti_actor *actor)
{
    acti_worker *worker = context->worker;
    acti_node *node = atomic_load_explicit(&actor->first->next, memory_order_acquire); /* as in acti_mailbox_pop */
    /* acquire: a kill's or an exit's words are behind its flag. With one of these, and in a free slot, it is no cast's
     * key. */
    uint64_t life = atomic_load_explicit(&actor->life, memory_order_acquire);

    if (ACTI_UNLIKELY(node == NULL || node->key != (life & ~ACTI_LIFE_IDLY) || actor->odd != 0 ||
                      actor->first_is_spent || worker == NULL || context->runtime->record_turns != 0)) {
        turn_of_any(context, actor);
        acti_keep_order(); /* not a tail call: this is where the backtrace of a handler ends */
        return;
    }
    context->actor = actor;
    actor->first = node;
    acti_message *message = acti_message_at(node);
    acti_count_by(worker, ACTI_STAT_HANDLED, 1);
    take_in_hand(actor, message, ACTI_TASK_CAST);
    acta_next next = cast_in_hand(actor, message);
    if (ACTI_UNLIKELY(next != ACTA_NEXT || acti_mailbox_has_more(actor) || actor->odd != 0)) {
        turn_goes_on(context, actor, next);
        acti_keep_order(); /* as above */
        return;
    }
    context->actor = NULL;
    rest(context, actor);
}

/* After a jump out of a handler, or out of terminate. */
void
acti_turn_failed(acti_context *context)
{
    acti_actor *actor = context->actor;
    acti_relations *r = acti_relations_of(actor);
    acta_exit_reason reason = { .kind = ACTA_EXIT_FAILED };

    if (r != NULL && r->reply_in_hand != NULL) {
        acti_call *call = r->reply_in_hand;
        r->reply_in_hand = NULL;
        acta_message_destroy(call->reply);
        call->reply = NULL;
        acti_call_release(call);
    }
    if (r != NULL && r->exit_reason != NULL) reason = *r->exit_reason;
    if (actor->phase == ACTI_ENDING) { /* terminate failed: that is the reason now */
        acti_report_end(actor, &reason);
        acti_end(actor, &reason);
    } else
        acti_terminate(actor, &reason);
    context->actor = NULL;
}

/* A turn on a thread that has no loop with a landing place of its own. */
void
acti_turn_guarded(acti_context *context, acti_actor *actor)
{
    if (sigsetjmp(context->escape, 0) == 0)
        acti_turn(context, actor);
    else
        acti_turn_failed(context);
}
