/*
 * The end of an actor, in this order: terminate; not alive; its name free; timers, requests and memory gone; what is in
 * the mailbox dropped and answered; links and monitors told; the slot free. Whoever is told finds the name free.
 *
 * All of it is the owner's: it happens in the actor's last turn, or on the spawner's thread when init failed. A slot
 * without an actor goes on having turns, for messages that come late, and those turns drop them.
 *
 * Not here: what ends an actor (turn.c, signal.c), the slots (actor.c).
 */
#include "end.h"
#include "topic.h"

static void
answer_open_requests(acti_actor *actor, acta_status status, const acta_error *error)
{
    acti_relations *r = acti_relations_of(actor);

    for (uint32_t i = 0; r != NULL && i < r->open_count; i++) {
        acti_open open = r->open[(r->open_first + i) % r->open_capacity];
        acti_call_complete(open.call, open.generation, status, NULL, error);
    }
    if (r != NULL) r->open_count = 0;
}

/* What those get who asked this actor and were seen, but not answered. */
static void
answer_at_the_end(acti_actor *actor, const acta_exit_reason *reason)
{
    acta_error error;
    acta_status status = ACTA_FAILED;
    acta_from answering = acti_current->answering; /* in the actor's last turn */
    const acti_relations *r = acti_relations_of(actor);

    if (answering.a == 0 && (r == NULL || r->open_count == 0)) return;
    /* relaxed: a hint which word is the better one. */
    if (reason->kind != ACTA_EXIT_FAILED && atomic_load_explicit(&actor->runtime->is_stopping, memory_order_relaxed))
        status = ACTA_STOPPED;
    if (reason->text[0] != '\0')
        acta_error_set(&error, status, "actor '%s' ended (%s) before it answered: %s", actor->behaviour->name,
            acti_exit_kind_name(reason->kind), reason->text);
    else
        acta_error_set(&error, status, "actor '%s' ended (%s) before it answered", actor->behaviour->name,
            acti_exit_kind_name(reason->kind));
    if (answering.a != 0) acti_call_complete((acti_call *)(uintptr_t)answering.a, answering.b, status, NULL, &error);
    acti_current->answering = (acta_from){ 0, 0 };
    answer_open_requests(actor, status, &error);
}

static void
abandon_requests(acti_actor *actor)
{
    acti_relations *r = acti_relations_of(actor);

    for (uint32_t i = 0; r != NULL && i < r->ref_count; i++) {
        if (r->refs[i].kind != ACTI_REF_REQUEST) continue;
        acti_call *call = r->refs[i].object;
        acti_offload_withdraw(call, r->refs[i].stamp);
        if (acti_call_abandon(call, r->refs[i].stamp))
            acti_call_release(call); /* else its answer is in the mailbox, or about to be, and frees it there */
    }
}

void
acti_drop_node(acti_actor *actor, acti_node *node)
{
    if (node->kind != ACTI_CAST && node->kind != ACTI_REQUEST) {
        acti_mailbox_detach(actor); /* a signal's memory has a life after this */
        acti_signal_drop(actor, node);
        return;
    }
    acti_message *message = acti_message_at(node);
    actor->handled_load += ACTI_LOAD_COUNT + acti_message_weight(message);
    if (node->kind == ACTI_REQUEST)
        acti_call_refuse(message->from, ACTA_NOPROC, "the actor ended before it saw the request");
    acti_dead_letter(actor->runtime, acti_pid_make(actor->index, node->generation), message, ACTA_DEAD_DROPPED);
    acti_guard_destructor(actor, message);
    actor->first_is_spent = true;
    if (!ACTA_PLANT("drop_not_counted")) acti_count(actor->runtime, ACTI_STAT_DROPPED);
}

static void
run_release(acti_actor *actor, void *argument)
{
    (void)argument;
    actor->behaviour->release(actor->state);
}

static void
release_state(acti_actor *actor)
{
    char why[ACTA_EXIT_TEXT_MAX];

    if (actor->state == NULL || acti_guard(actor, run_release, NULL, why, sizeof why)) return;
    acta_log_event(&actor->runtime->environment, ACTA_LOG_ERROR, "actor.release_failed",
        ACTA_LOG_FIELDS(
            acta_log_text("actor", acta_str_of(actor->behaviour->name)), acta_log_text("error", acta_str_of(why))),
        "actor '%s' has ended, and its release failed: %s", actor->behaviour->name, why);
}

static void
free_state(acti_actor *actor)
{
    acti_relations *r = acti_relations_of(actor);

    if (ACTI_UNLIKELY(actor->behaviour->release != NULL)) release_state(actor);
    acti_actor_drop_state(actor);
    if (r == NULL) return;
    acta_memory_destroy(r->memory);
    r->memory = NULL;
    acti_exit_reason_free(actor);
    acti_contain_leave(actor);
}

void
acti_drop_in_hand(acti_actor *actor)
{
    acti_message *message = actor->handling;

    if (message == NULL) return;
    actor->handling = NULL;
    actor->first_is_spent = true; /* also when its destructor fails: it isn't called again */
    acti_message_finish(message);
}

/* Not alive from here on: nothing new comes but from those who looked before. */
static void
leave_the_living(acti_actor *actor)
{
    /* release: pairs with acti_actor_alive. An exchange, so that none who gives us a name or joins a topic for us now is
     * overlooked: it sets its flag before, or finds us dead. */
    uint64_t life = atomic_exchange_explicit(&actor->life, (uint64_t)actor->generation << 32, memory_order_acq_rel);
    if (ACTI_UNLIKELY((life & ACTI_NAMED) != 0) && !ACTA_PLANT("name_not_freed")) acti_name_remove(actor);
    const acti_relations *r = acti_relations_of(actor);
    if (ACTI_UNLIKELY(r != NULL && r->via != NULL)) acti_via_leave(actor);
    if (ACTI_UNLIKELY((life & ACTI_MEMBER) != 0)) acti_topics_leave_all(actor->runtime, acti_pid_of(actor));
}

static void
end_layer(acti_actor *actor)
{
    acti_relations *r = acti_relations_of(actor);
    void *layer = r->layer;

    r->layer = NULL;
    r->layer_end(actor, layer);
}

static void
release_belongings(acti_actor *actor)
{
    acti_idle *idle = acti_side_of(actor)->idle;
    const acti_relations *r = acti_relations_of(actor);

    if (idle != NULL && idle->is_used) acti_timer_forget(actor->runtime, &idle->idle_timer);
    if (r != NULL) {
        acti_alarms_cancel(actor);
        acti_actor_unwatch_fds(actor);
        abandon_requests(actor);
        if (r->layer != NULL) end_layer(actor);
    }
    free_state(actor);
}

static __attribute__((noinline)) void
drop_all(acti_actor *actor)
{
    acti_context *here = acti_context_here(actor->runtime);

    for (acti_node *node; acti_relations_of(actor) != NULL && (node = acti_sys_take_waiting(actor)) != NULL;)
        acti_drop_node(actor, node);
    for (acti_node *node; (node = acti_mailbox_pop(here, actor)) != NULL;)
        acti_drop_node(actor, node);
}

/* Mostly there is nothing. */
static inline void
drain(acti_actor *actor)
{
    if (ACTI_UNLIKELY(actor->sided || acti_mailbox_has_more(actor))) drop_all(actor);
}

/* The slot without its actor: free, once nobody's message is in it any more. */
void
acti_finish_free(acti_actor *actor)
{
    acti_context *here = acti_context_here(actor->runtime);
    bool to_list = !actor->listed && actor->generation != UINT32_MAX; /* after the last generation: retired */

    drain(actor);
    actor->listed = true;
    if (ACTI_LIKELY(acti_mailbox_try_idle(here, actor))) {
        if (to_list) acti_actor_give_back(here, actor);
        return;
    }
    if (to_list) actor->listed = false;
    acti_reschedule(actor);
}

/* What others hold of it, and what it holds of them. True: it was a supervisor at a root. */
static bool
cut_ties(acti_actor *actor, const acta_exit_reason *reason)
{
    acta_exit_kind wanted = ACTA_EXIT_NORMAL;

    acti_tell_the_end(actor, reason);
    const acti_relations *r = acti_relations_of(actor);
    bool is_root = r != NULL && r->is_root_supervisor;
    if (r != NULL) {
        acta_from stopper = acti_sys_take_stopper(actor, &wanted);
        acti_relations_free(actor);
        acti_sys_tell_stopper(actor, stopper, wanted, reason);
    }
    actor->sided = acti_side_of(actor)->idle != NULL;
    return is_root;
}

/* The last of an end: nothing is left but the slot. */
static inline void
leave_slot(acti_actor *actor, acta_exit_kind kind, bool is_root)
{
    acta_runtime *runtime = actor->runtime;
    acta_pid pid = acti_pid_of(actor);

    if (kind == ACTA_EXIT_FAILED) acti_count(runtime, ACTI_STAT_CRASHED);
    acti_count(runtime, ACTI_STAT_EXITED);
    if (ACTI_UNLIKELY(is_root)) acti_root_remove(runtime, pid);
    actor->phase = ACTI_FREE;
    acti_finish_free(actor);
    acti_exit_announce(runtime);
}

static __attribute__((noinline)) void
end_tied(acti_actor *actor, const acta_exit_reason *given)
{
    acta_exit_reason reason = *given; /* it may lie in memory that goes now */

    if (ACTI_UNLIKELY(ACTI_IS_NOTED(actor))) acti_note_end(actor, &reason);
    acti_drop_in_hand(actor);
    acti_record(actor->runtime, ACTA_FLIGHT_EXIT, acti_pid_of(actor), actor->behaviour->name, 0,
        reason.kind); /* whoever sees it dead reads it */
    leave_the_living(actor);
    ACTA_PROBE4(exit, acti_pid_of(actor).value, actor->behaviour->name, reason.kind, reason.text);
    answer_at_the_end(actor, &reason);
    release_belongings(actor);
    drain(actor);
    leave_slot(actor, reason.kind, cut_ties(actor, &reason));
}

/* Nobody is to be told or answered, no code of the user's is to be run, and nothing is to be freed but the state. Most
 * that end by themselves. */
static inline bool
is_alone(const acti_actor *actor)
{
    return !actor->sided && actor->odd == 0 && actor->behaviour->release == NULL && acti_current->answering.a == 0 &&
           actor->handling == NULL;
}

void
acti_end(acti_actor *actor, const acta_exit_reason *given)
{
    bool is_root = false;

    if (ACTI_UNLIKELY(!is_alone(actor))) {
        end_tied(actor, given);
        return;
    }
    acti_record(actor->runtime, ACTA_FLIGHT_EXIT, acti_pid_of(actor), actor->behaviour->name, 0, given->kind);
    leave_the_living(actor);
    ACTA_PROBE4(exit, acti_pid_of(actor).value, actor->behaviour->name, given->kind, given->text);
    if (actor->state != NULL) acti_actor_drop_state(actor);
    drain(actor);
    if (ACTI_UNLIKELY(actor->sided)) is_root = cut_ties(actor, given); /* a destructor of what was dropped failed */
    leave_slot(actor, given->kind, is_root);
}

void
acti_terminate(acti_actor *actor, const acta_exit_reason *reason)
{
    actor->phase = ACTI_ENDING;
    acti_report_end(actor, reason);
    if (reason->kind != ACTA_EXIT_KILLED && actor->behaviour->terminate != NULL) {
        acta_exit_reason *kept = acti_exit_reason_room(actor);
        if (kept != NULL && kept != reason) *kept = *reason; /* for acti_turn_failed, should terminate fail */
        acti_task_begin(actor, ACTI_TASK_TERMINATE, 0);
        actor->behaviour->terminate(actor, actor->state, reason);
    }
    acti_end(actor, reason);
}

/* After init failed: nobody is told, nothing is left. */
void
acti_abort_start(acti_actor *actor)
{
    static const acta_exit_reason reason = { .kind = ACTA_EXIT_FAILED };

    acti_drop_in_hand(actor);
    leave_the_living(actor);
    answer_open_requests(actor, ACTA_NOPROC, NULL);
    release_belongings(actor);
    drain(actor);
    acti_tell_the_end(actor, &reason); /* only those who linked or watched it while init ran */
    acti_relations_free(actor);
    actor->sided = acti_side_of(actor)->idle != NULL;
    actor->phase = ACTI_FREE;
    acti_finish_free(actor);
}
