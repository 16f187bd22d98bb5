/*
 * Publishing: one message to all members of a topic, each of whom gets a part of it.
 *
 *     message --> shared (how many hold it) <-- part --> mailbox
 *                                           <-- part --> mailbox …
 *
 * Members are taken from the topic a few at a time, and given their parts while no lock is held: making a message may call
 * the user's allocator, and a refusal the user's dead letters.
 *
 * Not here: who is a member (topic.c), the mailboxes (send.c).
 */
#include "topic.h"

enum { SMALL = 64 };

/* What is published, until the last who got it is done. */
typedef struct shared {
    acta_runtime *runtime;
    _Atomic uint32_t holders;
    acta_message *original;
} shared;

static void
let_shared_go(shared *s)
{
    /* acq_rel: everybody's reads come before the original goes. */
    if (atomic_fetch_sub_explicit(&s->holders, 1, memory_order_acq_rel) > 1) return;
    acta_message_destroy(s->original);
    acti_free(s->runtime, s, sizeof *s);
}

static void
destroy_part(acta_message *part)
{
    shared *s;

    memcpy(&s, acti_message_of(part)->payload, sizeof s);
    let_shared_go(s);
}

/* A message for one of many; NULL: no memory. A small one without `destroy` is simply copied. */
static acta_message *
make_part(acta_runtime *runtime, shared *s)
{
    const acta_message *original = s->original;
    bool is_plain = original->size <= SMALL && original->destroy == NULL;
    acta_message *part = acta_message_create(runtime, original->tag, is_plain ? original->size : sizeof s);

    if (part == NULL) return NULL;
    if (is_plain) {
        if (original->size > 0) memcpy(part->payload, original->payload, original->size);
        return part;
    }
    memcpy(part->payload, &s, sizeof s);
    atomic_fetch_add_explicit(&s->holders, 1, memory_order_relaxed); /* we hold it ourselves */
    part->destroy = destroy_part;
    part->payload = original->payload;
    part->size = original->size;
    return part;
}

static void
give_to(acta_runtime *runtime, shared *s, acta_pid pid, acta_publish_result *result)
{
    acta_message *part = make_part(runtime, s);
    acta_status status = part == NULL ? ACTA_NO_MEMORY : acta_send(runtime, pid, part);

    if (status == ACTA_OK)
        result->sent++;
    else if (status == ACTA_BUSY || status == ACTA_NO_MEMORY)
        result->refused++;
}

static void
give_to_all(acta_runtime *runtime, shared *s, const acta_pid *pids, uint32_t count, acta_pid except,
    acta_publish_result *result)
{
    for (uint32_t i = 0; i < count; i++)
        if (!acta_pid_equal(pids[i], except)) give_to(runtime, s, pids[i], result);
}

acta_status
acta_topic_publish(
    acta_runtime *runtime, acta_str topic, acta_message *message, acta_pid except, acta_publish_result *result_out)
{
    acta_publish_result result = { 0, 0 };
    acta_pid pids[ACTI_TOPIC_STEP];
    acti_topic_walk walk;
    uint32_t count;

    if (result_out != NULL) *result_out = result;
    if (message == NULL) return ACTA_NO_MEMORY;
    shared *s = acti_alloc(runtime, sizeof *s);
    if (s == NULL) {
        acta_message_destroy(message);
        return ACTA_NO_MEMORY;
    }
    *s = (shared){ .runtime = runtime, .original = message };
    atomic_init(&s->holders, 1);

    if (acti_topic_walk_begin(runtime, topic, &walk)) {
        while ((count = acti_topic_walk_next(&walk, pids)) > 0)
            give_to_all(runtime, s, pids, count, except, &result);
        acti_topic_walk_end(runtime, &walk);
    }
    let_shared_go(s);
    if (result_out != NULL) *result_out = result;
    return ACTA_OK;
}
