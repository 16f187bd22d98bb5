/*
 * Messages: made, sent, destroyed.
 *
 * A message is one block: our head, the public part, the payload. It belongs to its maker until it is given away, then
 * to the mailbox, then to the handler, and is destroyed exactly once by whoever has it last. Not here: where blocks come
 * from (blocks.c).
 */
#include "bundle.h"
#include "run_queue.h"

enum { PAYLOAD_MAX = 64 << 20 };

static inline acta_message *
furnish(acti_message *message, uint32_t tag, size_t size)
{
    message->node.kind = ACTI_CAST;
    message->body.tag = tag;
    message->body.size = (uint32_t)size;
    message->body.destroy = NULL;
    message->body.payload = message->payload;
    return &message->body;
}

static inline acta_message *
create_of_spare(acti_worker *worker, uint32_t class, uint32_t tag, size_t size)
{
    acti_node *node = worker->spare[class];

    if (ACTI_UNLIKELY(node == NULL)) return NULL;
    worker->spare[class] = atomic_load_explicit(&node->next, memory_order_relaxed); /* the worker's alone */
    worker->spare_room[class]++;
    acti_message *message = acti_message_at(node);
    memset(message->payload, 0, 16); /* each has as much */
    if (class > 0) memset(message->payload + 16, 0, size - 16);
    return furnish(message, tag, size);
}

static __attribute__((noinline)) acta_message *
create_new(acta_runtime *runtime, acti_context *here, uint32_t tag, size_t size)
{
    uint32_t class = acti_spare_class(size);

    if (class < ACTI_SPARE_CLASSES && here != NULL && here->worker != NULL) {
        acta_message *body = create_of_spare(here->worker, class, tag, size);
        if (body != NULL || !acti_spares_refill(here->worker, class)) return body;
        return create_of_spare(here->worker, class, tag, size);
    }
    acti_message *message = size <= PAYLOAD_MAX ? acti_block_make(runtime, class, size) : NULL;
    if (message == NULL) return NULL;
    memset(message->payload, 0, size);
    return furnish(message, tag, size);
}

acta_message *
acta_message_create(acta_runtime *runtime, uint32_t tag, size_t size)
{
    acti_context *here = acti_context_here(runtime);

    if (ACTI_LIKELY(size <= 16 && here != NULL && here->worker != NULL)) {
        acta_message *body = create_of_spare(here->worker, 0, tag, size);
        if (ACTI_LIKELY(body != NULL)) return body;
    }
    return create_new(runtime, here, tag, size);
}

void
acta_message_destroy(acta_message *body)
{
    if (body == NULL) return;
    acti_message *message = acti_message_of(body);
    acti_message_finish(message);
    acti_message_release(message);
}

/*
 * Put a message into a mailbox. `claimed_out`, if given, gets the actor when this made it ready, instead of the
 * scheduler; otherwise NULL. Doesn't destroy the message when it fails.
 */
acta_status
acti_deliver(acta_runtime *runtime, acta_pid to, acti_message *message, acti_actor **claimed_out)
{
    acti_context *here = acti_context_here(runtime);
    acti_actor *actor = acti_actor_alive(runtime, to);

    acti_bundle_flush_here(acti_current);
    if (claimed_out != NULL) *claimed_out = NULL;
    if (ACTI_UNLIKELY(actor == NULL)) return acti_overflow_refuse(runtime, NULL, to, message);
    message->node.generation = (uint32_t)(to.value >> 32);
    ACTA_PROBE3(send, to.value, message->body.tag, message->body.size);
    acti_pushed pushed = acti_mailbox_send(actor, &message->node, acti_message_weight(message));
    if (ACTI_UNLIKELY(pushed == ACTI_REFUSED)) return acti_overflow_refuse(runtime, actor, to, message);
    acti_count_here(here, runtime, ACTI_STAT_SENT, 1);
    if (pushed != ACTI_READY) return ACTA_OK;
    if (claimed_out != NULL)
        *claimed_out = actor;
    else
        acti_schedule_here(here, actor);
    return ACTA_OK;
}

/* The same for a message to the runtime's own part of an actor: in order with the others, and never refused. */
acta_status
acti_deliver_system(acta_runtime *runtime, acta_pid to, acti_message *message, acti_actor **claimed_out)
{
    acti_actor *actor = acti_actor_alive(runtime, to);

    acti_bundle_flush_here(acti_current);
    if (claimed_out != NULL) *claimed_out = NULL;
    if (actor == NULL) return ACTA_NOPROC;
    message->node.generation = (uint32_t)(to.value >> 32);
    if (!acti_mailbox_push_signal(actor, &message->node)) return ACTA_OK;
    if (claimed_out != NULL)
        *claimed_out = actor;
    else
        acti_schedule(actor);
    return ACTA_OK;
}

/* A cast that was not delivered. */
static __attribute__((noinline)) acta_status
give_up(acti_message *message, acta_status status)
{
    acta_message_destroy(&message->body);
    return status == ACTI_SHED ? ACTA_OK : status;
}

static __attribute__((noinline)) acta_status
send_any(acta_runtime *runtime, acta_pid to, acta_message *body)
{
    if (body == NULL) return ACTA_NO_MEMORY;

    acti_message *message = acti_message_of(body);
    message->node.kind = ACTI_CAST;
    acta_status status = acti_deliver(runtime, to, message, NULL);
    return ACTI_LIKELY(status == ACTA_OK) ? ACTA_OK : give_up(message, status);
}

enum { BUNDLE_AFTER = 8 /* sends to the same busy actor in a row */ };

/* What is in the worker's bundle for another, or too long, is pushed before. */
static inline bool
is_for_bundle(acti_worker *worker, acti_actor *actor, const acti_message *message)
{
    /* relaxed: a guess. */
    bool is_idle = (atomic_load_explicit(&actor->last, memory_order_relaxed) & ACTI_MAILBOX_IDLE) != 0;

    if (ACTI_LIKELY(worker->busy_to == actor && !is_idle && acti_message_weight(message) == ACTI_WEIGHT_MIN))
        return worker->busy_row++ >= BUNDLE_AFTER;
    if (!acti_bundle_is_empty(worker)) acti_bundle_flush(worker);
    worker->busy_to = actor;
    worker->busy_row = 0;
    return false;
}

/* From a worker, to whom isn't idle, or what isn't light; or there is a bundle. */
static __attribute__((noinline)) acta_status
send_to_busy(acti_worker *worker, acti_actor *actor, acta_pid to, acti_message *message)
{
    message->node.key = acti_cast_key(to);
    if (is_for_bundle(worker, actor, message) && acti_bundle_add(worker, actor, &message->node)) {
        acti_count_by(worker, ACTI_STAT_SENT, 1);
        return ACTA_OK;
    }
    acti_pushed pushed = acti_mailbox_send(actor, &message->node, acti_message_weight(message));
    if (ACTI_UNLIKELY(pushed == ACTI_REFUSED)) {
        acta_status status = acti_overflow_refuse(worker->context.runtime, actor, to, message);
        return ACTI_LIKELY(status == ACTA_OK) ? ACTA_OK : give_up(message, status);
    }
    acti_count_by(worker, ACTI_STAT_SENT, 1);
    if (pushed == ACTI_READY) acti_schedule_on(worker, actor);
    return ACTA_OK;
}

/* Somebody was there before us: it is queued, and not the first. */
static __attribute__((noinline)) acta_status
queued_after_all(acti_actor *actor)
{
    acti_mailbox_correct(actor, false);
    return ACTA_OK;
}

static __attribute__((noinline)) acta_status
schedule_for(acti_worker *worker, acti_actor *actor)
{
    acti_schedule_on(worker, actor);
    return ACTA_OK;
}

static __attribute__((noinline)) acta_status
schedule_behind_for(acti_worker *worker, acti_actor *actor)
{
    acti_schedule_behind(worker, actor);
    return ACTA_OK;
}

/*
 * From a worker to an idle actor, as most are, in line. All else is left to functions that are called last, so that no
 * register is to be kept on the stack.
 */
acta_status
acta_send(acta_runtime *runtime, acta_pid to, acta_message *body)
{
    acti_context *here = acti_context_here(runtime);

    if (ACTI_UNLIKELY(body == NULL || here == NULL || here->worker == NULL ||
                      !acti_table_has(&runtime->actors, (uint32_t)to.value)))
        return send_any(runtime, to, body);
    acti_actor *actor = acti_actor_slot(runtime, (uint32_t)to.value);
    if (ACTI_UNLIKELY(!acti_actor_lives_as(actor, to))) return send_any(runtime, to, body);
    acti_worker *worker = here->worker;
    acti_message *message = acti_message_of(body);
    ACTA_PROBE3(send, to.value, message->body.tag, message->body.size);
    if (acti_message_weight(message) != ACTI_WEIGHT_MIN || !acti_bundle_is_empty(worker) ||
        !acti_mailbox_expects_first(actor))
        return send_to_busy(worker, actor, to, message);
    message->node.key = acti_cast_key(to);
    acti_count_by(worker, ACTI_STAT_SENT, 1);
    if (ACTI_UNLIKELY(!acti_mailbox_push(actor, &message->node))) return queued_after_all(actor);
    if (ACTI_UNLIKELY(!acti_lifo_try_enter(worker))) return schedule_for(worker, actor);
    acti_actor *before = acti_lifo_swap(worker, actor);
    return ACTI_LIKELY(before == NULL) ? ACTA_OK : schedule_behind_for(worker, before);
}

/* Signals are never refused: their memory was there before. */
void
acti_push_signal(acti_actor *actor, uint32_t generation, acti_node *node, acti_kind kind)
{
    acti_bundle_flush_here(acti_current);
    node->kind = kind;
    node->generation = generation;
    if (acti_mailbox_push_signal(actor, node)) acti_schedule(actor);
}

/* Let the actor have a turn, so that it sees its flags. */
void
acti_wake(acti_actor *actor)
{
    /* acq_rel: one waker wins; the flag it set before is seen by the owner, who clears this with acq_rel. */
    if (!atomic_exchange_explicit(&actor->wake_queued, true, memory_order_acq_rel))
        acti_push_signal(actor, 0, &acti_side_of(actor)->wake, ACTI_WAKE);
}
