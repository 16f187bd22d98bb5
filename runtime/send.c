/*
 * Messages: made, sent, destroyed.
 *
 * A message is one block: our head, the public part, the payload. It belongs to its maker until it is given away, then
 * to the mailbox, then to the handler, and is destroyed exactly once by whoever has it last.
 */
#include "internal.h"

enum { PAYLOAD_MAX = 64 << 20 };

/* -- blocks: those of small payloads are kept by the worker that frees them -- */

/* A sanitizer is to see each message's end. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KEEPS_SPARES 0
#else
#define KEEPS_SPARES 1
#endif

static const uint32_t spare_capacity[ACTI_SPARE_CLASSES] = { 16, 64, 256 };

static int
spare_class(size_t size)
{
    if (!KEEPS_SPARES || size > spare_capacity[ACTI_SPARE_CLASSES - 1]) return -1;
    return size <= spare_capacity[0] ? 0 : size <= spare_capacity[1] ? 1 : 2;
}

static acti_worker *
worker_here(const acta_runtime *runtime)
{
    acti_context *here = acti_context_here(runtime);
    return here != NULL ? here->worker : NULL;
}

static acti_message *
take_block(acta_runtime *runtime, size_t size)
{
    int class = spare_class(size);
    acti_worker *worker = class >= 0 ? worker_here(runtime) : NULL;
    size_t capacity = class >= 0 ? spare_capacity[class] : size;

    if (worker != NULL && worker->spare[class] != NULL) {
        acti_node *node = worker->spare[class];
        worker->spare[class] = atomic_load_explicit(&node->next, memory_order_relaxed); /* the worker's alone */
        worker->spare_count[class]--;
        return acti_message_at(node);
    }
    acti_message *message = acti_alloc(runtime, sizeof *message + capacity);
    if (message == NULL) return NULL;
    message->runtime = runtime;
    message->capacity = (uint32_t)capacity;
    return message;
}

void
acti_message_release(acti_message *message)
{
    int class = spare_class(message->capacity);
    acti_worker *worker = class >= 0 ? worker_here(message->runtime) : NULL;

    if (worker == NULL || worker->spare_count[class] >= ACTI_SPARE_MAX) {
        acti_free(message->runtime, message, sizeof *message + message->capacity);
        return;
    }
    atomic_store_explicit(&message->node.next, worker->spare[class], memory_order_relaxed); /* the worker's alone */
    worker->spare[class] = &message->node;
    worker->spare_count[class]++;
}

/* After the worker has ended. */
void
acti_spares_free(acti_worker *worker)
{
    for (int class = 0; class < ACTI_SPARE_CLASSES; class ++) {
        for (acti_node *node = worker->spare[class], *next; node != NULL; node = next) {
            next = atomic_load_explicit(&node->next, memory_order_relaxed); /* no other thread is left */
            acti_message *message = acti_message_at(node);
            acti_free(message->runtime, message, sizeof *message + message->capacity);
        }
        worker->spare[class] = NULL;
        worker->spare_count[class] = 0;
    }
}

acta_message *
acta_message_create(acta_runtime *runtime, uint32_t tag, size_t size)
{
    if (size > PAYLOAD_MAX) return NULL;
    acti_message *message = take_block(runtime, size);
    if (message == NULL) return NULL;

    message->node.kind = ACTI_CAST;
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
    message->node.generation = (uint32_t)(to.value >> 32);
    acti_pushed pushed = acti_mailbox_send(actor, &message->node, acti_message_weight(message));
    acti_count(runtime, pushed != ACTI_REFUSED ? ACTI_STAT_SENT : ACTI_STAT_REFUSED);
    if (pushed != ACTI_READY) return pushed == ACTI_QUEUED ? ACTA_OK : ACTA_BUSY;
    if (claimed_out != NULL)
        *claimed_out = actor;
    else
        acti_schedule(actor);
    return ACTA_OK;
}

/* The same for a message to the runtime's own part of an actor: in order with the others, and never refused. */
acta_status
acti_deliver_system(acta_runtime *runtime, acta_pid to, acti_message *message, acti_actor **claimed_out)
{
    acti_actor *actor = acti_actor_alive(runtime, to);

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
    if (acti_mailbox_push_signal(actor, node)) acti_schedule(actor);
}

/* Let the actor have a turn, so that it sees its flags. */
void
acti_wake(acti_actor *actor)
{
    /* acq_rel: one waker wins; the flag it set before is seen by the owner, who clears this with acq_rel. */
    if (!atomic_exchange_explicit(&actor->wake_queued, true, memory_order_acq_rel))
        acti_push_signal(actor, 0, &actor->wake, ACTI_WAKE);
}
