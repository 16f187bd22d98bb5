/*
 * Containment: a fault in the code of an actor ends that actor alone, if its behaviour asks for it.
 *
 *     turn -> contained_cast -> [handler -> its functions -> fault]       all of it in the declared code: contained
 *     turn -> contained_cast -> [handler] -> acta_send -> fault           no
 *     turn -> contained_cast -> [handler] -> memcpy -> fault              no
 *     turn -> contained_cast -> [handler] -> qsort -> [compare -> fault]  no
 *
 * An actor that contains faults runs on a copy of its behaviour whose handlers are the functions below, which call the
 * user's. They lie in a section of their own. When a fault comes, its calls are walked from the inside out: if every one
 * of them is in the declared code until one of ours is reached, then nothing of the runtime, the C library or anybody
 * else is half done, no lock of theirs is held, and the turn may be left by a jump, as acta_fail does. Whatever the walk
 * can't follow isn't contained. Other actors pay nothing for this.
 *
 * What the actor itself has half done stays so: its state is freed, neither shown nor given to terminate.
 */
#include "fault.h"
#include "internal.h"

typedef struct contained {
    acta_behaviour shadow; /* what the actor runs on */
    const acta_behaviour *user;
} contained;

#define OURS __attribute__((section("acta_contained"), noinline))
extern const char __start_acta_contained[] __attribute__((visibility("hidden")));
extern const char __stop_acta_contained[] __attribute__((visibility("hidden")));

/* After the call, so that it is none in tail position: its frame is what the walk looks for. */
#define STAY_ON_THE_STACK() __asm__ volatile("" ::: "memory")

static inline const acta_behaviour *
user_of(const acti_actor *actor)
{
    return ACTI_CONTAINER(actor->behaviour, const contained, shadow)->user;
}

static inline bool
is_contained(const acti_actor *actor)
{
    const acti_relations *r = acti_relations_of(actor);
    return r != NULL && r->is_contained;
}

OURS static acta_status
contained_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    acta_status status = user_of(self)->init(self, state, argument, error);
    STAY_ON_THE_STACK();
    return status;
}

OURS static acta_next
contained_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    acta_next next = user_of(self)->handle_call(self, state, from, message);
    STAY_ON_THE_STACK();
    return next;
}

OURS static acta_next
contained_cast(acta_self *self, void *state, acta_message *message)
{
    acta_next next = user_of(self)->handle_cast(self, state, message);
    STAY_ON_THE_STACK();
    return next;
}

OURS static acta_next
contained_info(acta_self *self, void *state, const acta_info *info)
{
    acta_next next = user_of(self)->handle_info(self, state, info);
    STAY_ON_THE_STACK();
    return next;
}

OURS static acta_next
contained_continue(acta_self *self, void *state)
{
    acta_next next = user_of(self)->handle_continue(self, state);
    STAY_ON_THE_STACK();
    return next;
}

OURS static void
contained_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    user_of(self)->terminate(self, state, reason);
    STAY_ON_THE_STACK();
}

/* -- an actor's life -- */

acta_code_range
acta_code_of(const void *address)
{
    acta_code_range range = { NULL, NULL };

    acti_code_bounds((uintptr_t)address, &range.start, &range.end);
    return range;
}

static bool
is_in(uintptr_t address, const acta_code_range *range)
{
    return address >= (uintptr_t)range->start && address < (uintptr_t)range->end;
}

acta_status
acti_contain_check(const acta_behaviour *behaviour, acta_error *error)
{
    const acta_code_range *range = &behaviour->contain_faults;

    if (range->start == NULL && range->end == NULL) return ACTA_OK;
    if ((uintptr_t)range->start >= (uintptr_t)range->end)
        return acta_error_set(error, ACTA_INVALID, "cannot spawn '%s': contain_faults names no code", behaviour->name);
    if (is_in((uintptr_t)acti_turn, range) || is_in((uintptr_t)__start_acta_contained, range))
        return acta_error_set(error, ACTA_INVALID,
            "cannot spawn '%s': contain_faults has the runtime's own code in it; name a section, or a shared object",
            behaviour->name);
    return ACTA_OK;
}

/* False: no memory. The reason is made room for now, because a signal handler can't. */
bool
acti_contain_enter(acti_actor *actor)
{
    const acta_behaviour *user = actor->behaviour;
    contained *c = acti_alloc(actor->runtime, sizeof *c);

    if (c == NULL) return false;
    acta_exit_reason *reason = acti_exit_reason_room(actor);
    if (reason == NULL) {
        acti_free(actor->runtime, c, sizeof *c);
        return false;
    }
    memset(reason, 0, sizeof *reason);
    *c = (contained){ .shadow = *user, .user = user };
    if (user->init != NULL) c->shadow.init = contained_init;
    if (user->handle_call != NULL) c->shadow.handle_call = contained_call;
    if (user->handle_cast != NULL) c->shadow.handle_cast = contained_cast;
    if (user->handle_info != NULL) c->shadow.handle_info = contained_info;
    if (user->handle_continue != NULL) c->shadow.handle_continue = contained_continue;
    if (user->terminate != NULL) c->shadow.terminate = contained_terminate;
    acti_behaviour_set(actor, &c->shadow);
    acti_relations_of(actor)->is_contained = true;
    return true;
}

const acta_behaviour *
acti_behaviour_given(const acti_actor *actor)
{
    return is_contained(actor) ? user_of(actor) : actor->behaviour;
}

/* The actor is among the living no more: the watchdog, which reads names of behaviours of the living under the lock, has
 * either done so, or won't. */
void
acti_contain_leave(acti_actor *actor)
{
    if (!is_contained(actor)) return;
    contained *c = ACTI_CONTAINER(actor->behaviour, contained, shadow);
    acti_mutex_lock(&actor->runtime->actor_lock);
    acti_behaviour_set(actor, c->user);
    acti_mutex_unlock(&actor->runtime->actor_lock);
    acti_relations_of(actor)->is_contained = false;
    acti_free(actor->runtime, c, sizeof *c);
}

/* -- in the signal handler -- */

/* As acta_fail would have left it; but nothing of the user's may look at the state any more. */
static void
note_fault(acti_context *context, int signal, const siginfo_t *info, uintptr_t pc)
{
    acti_actor *actor = context->actor;
    contained *c = ACTI_CONTAINER(actor->behaviour, contained, shadow);
    acta_exit_reason *reason = acti_exit_reason_of(actor);
    acti_text text = { .bytes = reason->text, .capacity = sizeof reason->text, .fd = -1 };

    acti_text_fault(&text, signal, info);
    acti_text_end(&text);
    reason->kind = ACTA_EXIT_FAILED;
    c->shadow.terminate = NULL;
    c->shadow.format = NULL;
    c->shadow.release = NULL;
    if (!context->runtime->no_backtrace)
        context->frame_count = acti_backtrace_from(
            pc, context->frames, ACTI_FRAME_MAX, (uintptr_t)__start_acta_contained, (uintptr_t)__stop_acta_contained);
    acti_record(context->runtime, ACTA_FLIGHT_FAULT, acti_pid_of(actor), actor->behaviour->name, (uint32_t)signal,
        (uintptr_t)info->si_addr);
}

void
acti_contain(int signal, const siginfo_t *info, void *interrupted, uintptr_t pc)
{
    acti_context *context = acti_current;
    acti_actor *actor = context != NULL ? context->actor : NULL;

    if (actor == NULL || !is_contained(actor) || acti_exit_reason_of(actor) == NULL) return;
    if (info->si_code <= 0 || signal == SIGABRT) return; /* sent, or raised on purpose */
    const acta_code_range *within = &actor->behaviour->contain_faults;
    if (!is_in(pc, within)) return; /* most of the others, without a walk */
    if (!acti_calls_lead_to(pc, (uintptr_t)within->start, (uintptr_t)within->end, (uintptr_t)__start_acta_contained,
            (uintptr_t)__stop_acta_contained))
        return;
    note_fault(context, signal, info, pc);
    acti_signal_mask_restore(interrupted);
    siglongjmp(context->escape, 1);
}
