/*
 * Messages: made, sent, destroyed.
 *
 * A message is one block: our head, the public part, the payload. It belongs to its maker until it is given away, then
 * to the mailbox, then to the handler, and is destroyed exactly once by whoever has it last.
 */
#include "internal.h"

enum { PAYLOAD_MAX = 64 << 20 };

acta_message *
acta_message_create(acta_runtime *runtime, uint32_t tag, size_t size)
{
    if (size > PAYLOAD_MAX) return NULL;
    acti_message *message = acti_alloc(runtime, sizeof *message + size);
    if (message == NULL) return NULL;

    message->node.kind = ACTI_CAST;
    message->runtime = runtime;
    message->capacity = (uint32_t)size;
    message->body = (acta_message){ .tag = tag, .size = (uint32_t)size, .payload = message->payload };
    memset(message->payload, 0, size);
    return &message->body;
}

void
acti_message_finish(acti_message *message)
{
    if (message->body.destroy == NULL) return;
    void (*destroy)(acta_message *) = message->body.destroy;
    message->body.destroy = NULL;
    destroy(&message->body);
}

void
acti_message_release(acti_message *message)
{
    acti_free(message->runtime, message, sizeof *message + message->capacity);
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
    acti_actor *actor = acti_actor_alive(runtime, to);

    if (claimed_out != NULL) *claimed_out = NULL;
    if (actor == NULL) {
        /* relaxed: the flag only says which word to use. */
        bool stopping = atomic_load_explicit(&runtime->is_stopping, memory_order_relaxed);
        return stopping ? ACTA_STOPPED : ACTA_NOPROC;
    }
    if (!acti_mailbox_admit(actor, acti_message_weight(message))) {
        acti_count(runtime, ACTI_STAT_REFUSED);
        return ACTA_BUSY;
    }

    acti_count(runtime, ACTI_STAT_SENT);
    message->node.generation = (uint32_t)(to.value >> 32);
    if (!acti_mailbox_push(actor, &message->node)) return ACTA_OK;
    if (claimed_out != NULL)
        *claimed_out = actor;
    else
        acti_schedule(actor);
    return ACTA_OK;
}

acta_status
acta_send(acta_runtime *runtime, acta_pid to, acta_message *body)
{
    if (body == NULL) return ACTA_NO_MEMORY;

    acti_message *message = acti_message_of(body);
    message->node.kind = ACTI_CAST;
    acta_status status = acti_deliver(runtime, to, message, NULL);
    if (ACTI_UNLIKELY(status != ACTA_OK)) acta_message_destroy(body);
    return status;
}

/* Signals are never refused: their memory was there before. */
void
acti_push_signal(acti_actor *actor, uint32_t generation, acti_node *node, acti_kind kind)
{
    node->kind = kind;
    node->generation = generation;
    if (acti_mailbox_push(actor, node)) acti_schedule(actor);
}

/* Let the actor have a turn, so that it sees its flags. */
void
acti_wake(acti_actor *actor)
{
    /* acq_rel: one waker wins; the flag it set before is seen by the owner, who clears this with acq_rel. */
    if (!atomic_exchange_explicit(&actor->wake_queued, true, memory_order_acq_rel))
        acti_push_signal(actor, 0, &actor->wake, ACTI_WAKE);
}
