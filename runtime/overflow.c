/*
 * Full mailboxes, and dead letters.
 *
 *     send -> full? -> REFUSE: ACTA_BUSY | DROP_NEWEST: gone, ACTA_OK | DROP_OLDEST: let in up to twice the bound
 *                                                                          `-> the receiver's turn lets the oldest go
 *
 * A sender can't take anything out of a mailbox, so the oldest are let go by the receiver: its bound as senders see it
 * is twice the bound that it keeps. Room is asked for by a system message, which no bound refuses and which stands behind
 * all that is in the mailbox: when the receiver comes to it, that has been handled.
 *
 * Not here: admitting (mailbox.c), letting go of the oldest (turn.c).
 */
#include "sys_internal.h"

enum { COUNT_MAX = 8000000 /* the load's counter has 24 bits, and senders overshoot before they take it back */ };

/* What the senders' bound is, in messages << 32 | bytes. */
uint64_t
acti_overflow_limit(const acta_spawn_options *options)
{
    uint64_t count = options->mailbox_count_max != 0 ? options->mailbox_count_max : ACTA_MAILBOX_COUNT_DEFAULT;
    uint64_t bytes = options->mailbox_bytes_max != 0 ? options->mailbox_bytes_max : ACTA_MAILBOX_BYTES_DEFAULT;

    if (options->overflow == ACTA_OVERFLOW_DROP_OLDEST) {
        count *= 2;
        bytes *= 2;
    }
    if (count > COUNT_MAX) count = COUNT_MAX;
    if (bytes > UINT32_MAX) bytes = UINT32_MAX;
    return count << 32 | bytes;
}

/* The owner of one that lets go of the oldest, between two messages: is more waiting than its bound? */
bool
acti_overflow_is_over(const acti_actor *actor)
{
    /* relaxed: the limit and what is settled are the owner's; of what is sent, some moment's is enough. */
    uint64_t limit = atomic_load_explicit(&actor->limit, memory_order_relaxed);
    uint64_t load = atomic_load_explicit(&actor->sent_load, memory_order_relaxed) -
                    atomic_load_explicit(&actor->settled_load, memory_order_relaxed) - actor->handled_load;
    uint64_t count = load / ACTI_LOAD_COUNT;

    if ((int64_t)load < 0 || count < 2) return false; /* a sender is about to correct its count; one is let in always */
    return count > (limit >> 32) / 2 || load % ACTI_LOAD_COUNT > (uint32_t)limit / 2;
}

/* -- dead letters -- */

static void
log_letter(acta_runtime *runtime, const acta_dead_letter *letter)
{
    static const char *const why[ACTA_DEAD_COUNT] = { "nobody there", "mailbox full", "let go by a full mailbox",
        "its actor ended" };
    uint64_t second = (uint32_t)(acti_now_ns(runtime) / 1000000000);
    uint64_t before = atomic_load_explicit(&runtime->letters_logged, memory_order_relaxed); /* a counter, no order */
    uint64_t after;

    do
        after = before >> 32 == second ? before + ((uint32_t)before != UINT32_MAX) : second << 32 | 1;
    while (!atomic_compare_exchange_weak_explicit(
        &runtime->letters_logged, &before, after, memory_order_relaxed, memory_order_relaxed));
    uint32_t limit = runtime->dead_letters.log_per_second;
    if (before >> 32 != second && (uint32_t)before > limit)
        acta_log_event(&runtime->environment, ACTA_LOG_WARNING, "actor.dead_letters_not_told",
            ACTA_LOG_FIELDS(acta_log_number("letters", (uint32_t)before - limit)),
            "%u more dead letters were not logged", (uint32_t)before - limit);
    if ((uint32_t)after > limit) return;
    acta_log_event(&runtime->environment, ACTA_LOG_WARNING, "actor.dead_letter",
        ACTA_LOG_FIELDS(acta_log_number("tag", letter->tag), acta_log_number("bytes", letter->size),
            acta_log_number("generation", letter->to.value >> 32), acta_log_number("index", (uint32_t)letter->to.value),
            acta_log_text("reason", acta_str_of(why[letter->reason]))),
        "dead letter: tag %u, %u bytes, to %u.%u: %s", letter->tag, letter->size, (uint32_t)letter->to.value,
        (uint32_t)(letter->to.value >> 32), why[letter->reason]);
}

void
acti_dead_letter(acta_runtime *runtime, acta_pid to, const acti_message *message, acta_dead_reason reason)
{
    const acta_dead_letters *letters = &runtime->dead_letters;
    acta_dead_letter letter = { .to = to, .reason = reason, .tag = message->body.tag, .size = message->body.size };

    if (letters->tell != NULL) letters->tell(letters->user, &letter);
    if (letters->log_per_second != 0) log_letter(runtime, &letter);
}

acta_status
acti_overflow_refuse(acta_runtime *runtime, acti_actor *actor, acta_pid to, const acti_message *message)
{
    if (actor == NULL) {
        acti_count(runtime, ACTI_STAT_NOPROC);
        ACTA_SOMETIMES(&runtime->environment, "message.to.nobody");
        acti_dead_letter(runtime, to, message, ACTA_DEAD_NOPROC);
        /* relaxed: the flag only says which word to use. */
        return atomic_load_explicit(&runtime->is_stopping, memory_order_relaxed) ? ACTA_STOPPED : ACTA_NOPROC;
    }
    /* relaxed: behind the acquire of `life`. */
    uint8_t overflow = atomic_load_explicit(&actor->overflow, memory_order_relaxed);
    ACTA_SOMETIMES(&runtime->environment, "mailbox.full");
    bool is_shed = overflow != ACTA_OVERFLOW_REFUSE && message->node.kind == ACTI_CAST;
    acti_count(runtime, is_shed ? ACTI_STAT_SHED : ACTI_STAT_REFUSED);
    acti_dead_letter(runtime, to, message, is_shed ? ACTA_DEAD_SHED : ACTA_DEAD_FULL);
    return is_shed ? ACTI_SHED : ACTA_BUSY;
}

void
acti_deliver_notice(acta_runtime *runtime, acta_pid to, acta_message *notice)
{
    acti_message *message = acti_message_of(notice);
    acti_actor *actor = acti_actor_alive(runtime, to);

    acti_bundle_flush_here(acti_current);
    message->node.kind = ACTI_CAST;
    if (actor == NULL) {
        acti_overflow_refuse(runtime, NULL, to, message);
        acta_message_destroy(notice);
        return;
    }
    message->node.generation = (uint32_t)(to.value >> 32);
    /* relaxed: as in acti_mailbox_admit. Counted by itself, so the push takes no charge: as a signal's. */
    atomic_fetch_add_explicit(&actor->sent_load, ACTI_LOAD_COUNT + acti_message_weight(message), memory_order_relaxed);
    acti_count(runtime, ACTI_STAT_SENT);
    if (acti_mailbox_push_signal(actor, &message->node)) acti_schedule(actor);
}

/* -- waiting for room -- */

static acta_message *
ask_for_room(acta_runtime *runtime)
{
    return acta_message_create(runtime, ACTI_SYS_ROOM, 0);
}

/* Without counting a refusal: it is tried again. False: the mailbox is full. */
static bool
try_send(acta_runtime *runtime, acti_actor *actor, acta_pid to, acti_message *message)
{
    acti_bundle_flush_here(acti_current);
    message->node.generation = (uint32_t)(to.value >> 32);
    acti_pushed pushed = acti_mailbox_send(actor, &message->node, acti_message_weight(message));
    if (pushed == ACTI_REFUSED) return false;
    acti_count(runtime, ACTI_STAT_SENT);
    if (pushed == ACTI_READY) acti_schedule(actor);
    return true;
}

/* False: the time is over. */
static bool
wait_for_room(acta_runtime *runtime, acta_pid to, uint64_t deadline_ns)
{
    _Atomic uint32_t nobody = 0;
    uint64_t now_ns = acti_now_ns(runtime);

    if (now_ns >= deadline_ns) return false;
    uint64_t left_ms = deadline_ns == UINT64_MAX ? ACTA_INFINITE : (deadline_ns - now_ns + 999999) / 1000000;
    uint64_t before_ns = now_ns;
    acti_call_system(
        runtime, to, ask_for_room(runtime), left_ms < ACTA_INFINITE ? (uint32_t)left_ms : ACTA_INFINITE, NULL, NULL);
    /* A suspended actor answers, and makes no room: not at once again. */
    if (!runtime->is_manual && acti_now_ns(runtime) - before_ns < 100000) acti_futex_wait(&nobody, 0, 1000000);
    return true;
}

acta_status
acta_send_wait(acta_runtime *runtime, acta_pid to, acta_message *body, uint32_t timeout_ms, acta_error *error)
{
    acti_context *here = acti_context_here(runtime);

    if (body == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the message");
    if (here != NULL && here->actor != NULL) {
        acta_message_destroy(body);
        return acta_error_set(error, ACTA_CALLING_SELF, "cannot wait for room inside actor '%s': use acta_request_room",
            here->actor->behaviour->name);
    }
    uint64_t deadline_ns =
        timeout_ms == ACTA_INFINITE ? UINT64_MAX : acti_now_ns(runtime) + timeout_ms * UINT64_C(1000000);
    acti_message *message = acti_message_of(body);
    acti_actor *actor;
    message->node.kind = ACTI_CAST;
    while ((actor = acti_actor_alive(runtime, to)) != NULL) {
        if (try_send(runtime, actor, to, message)) return ACTA_OK;
        if (!wait_for_room(runtime, to, deadline_ns)) break;
    }
    acta_status status = acti_overflow_refuse(runtime, actor, to, message);
    if (status == ACTI_SHED) status = ACTA_BUSY; /* who waits is told */
    acta_message_destroy(body);
    return acta_error_set(error, status, "cannot send: %s",
        status == ACTA_BUSY     ? "the mailbox stayed full"
        : status == ACTA_NOPROC ? "the actor is not alive"
                                : "the runtime is stopping");
}

acta_status
acta_request_room(acta_self *self, acta_pid to, uint32_t timeout_ms, acta_ref *ref_out)
{
    return acti_request_system(self, to, ask_for_room(self->runtime), timeout_ms, ref_out);
}
