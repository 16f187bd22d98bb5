/*
 * Publishing: one message to all members of a topic, each of whom gets a part of it.
 *
 *     message <-- bulk: [how many hold it | part | part | part | … ]     one block for up to 1,024 members
 *                                            |      |      |
 *                                        mailbox  mailbox  mailbox
 *
 * A mailbox is made of messages, so each member needs one of its own: a part, which has the original's payload. Parts lie
 * in a bulk, and go with it when the last of them has been let go of; the original goes with the first bulk. Only where
 * it has a `destroy`, which is the user's to see soon, and on an actor's thread, readers are counted besides.
 *
 * Members are taken from the topic a few at a time, and given their parts while no lock is held: making a bulk may call
 * the user's allocator, and a refusal the user's dead letters.
 *
 * Not here: who is a member (topic.c), the mailboxes (send.c).
 */
#include "topic.h"

#if defined(__SANITIZE_ADDRESS__)
#define MARKS_FREED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MARKS_FREED 1
#endif
#endif
#ifdef MARKS_FREED /* a part that was let go of lies in a block that wasn't */
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(place, size)   ((void)(place), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(place, size) ((void)(place), (void)(size))
#endif

enum { PARTS_MAX = 1024 /* of a bulk; it stays for as long as one of its members keeps a part */ };

typedef struct bulk {
    alignas(max_align_t) struct bulk *first; /* of this publish */
    acta_runtime *runtime;
    acta_message *original;   /* goes with the first one, unless it is told */
    _Atomic uint32_t readers; /* the first one's: who may still read the original, and the publisher */
    bool is_told;             /* the original has a `destroy`: then it goes with the last reader */
    uint32_t capacity, used;  /* parts; used by the publisher */
    _Atomic uint32_t holders; /* its parts, used or not, and the publisher; of the first one: the others too */
} bulk;

/* What a publish has in its hands. */
typedef struct handout {
    bulk *first, *last;
    uint32_t left; /* members that may still be met */
    acta_publish_result result;
} handout;

/* -- parts and bulks -- */

static size_t
bulk_size(const bulk *b)
{
    return sizeof *b + b->capacity * sizeof(acti_message);
}

static acti_message *
part_at(bulk *b, uint32_t index)
{
    return (acti_message *)(void *)((char *)(b + 1) + index * sizeof(acti_message));
}

static bulk *
bulk_of(acti_message *part)
{
    return (bulk *)(void *)((char *)part - (part->place - 1) * sizeof(acti_message)) - 1;
}

static void
let_go(bulk *b, uint32_t many)
{
    /* acq_rel: whatever anybody did with it comes before it goes. */
    while (atomic_fetch_sub_explicit(&b->holders, many, memory_order_acq_rel) == many) {
        bulk *first = b->first;
        bool is_last = b == first;
        if (is_last && !b->is_told) acta_message_destroy(b->original);
        ASAN_UNPOISON_MEMORY_REGION(b + 1, b->capacity * sizeof(acti_message));
        acti_free(b->runtime, b, bulk_size(b));
        if (is_last) return;
        b = first; /* which each of the others holds */
        many = 1;
    }
}

static void
stop_reading(bulk *first, uint32_t many)
{
    /* acq_rel: everybody's reads come before the original goes. */
    if (atomic_fetch_sub_explicit(&first->readers, many, memory_order_acq_rel) == many)
        acta_message_destroy(first->original);
}

static void
destroy_part(acta_message *part)
{
    stop_reading(bulk_of(acti_message_of(part))->first, 1);
}

void
acti_part_free(acti_message *part)
{
    bulk *b = bulk_of(part);

    ASAN_POISON_MEMORY_REGION(part, sizeof *part);
    let_go(b, 1);
}

/* A bulk for those who are left, behind the ones before. False: no memory, and all is as it was. */
static bool
add_bulk(acta_runtime *runtime, handout *h, acta_message *original)
{
    bulk shape = { .runtime = runtime, .original = original, .is_told = original->destroy != NULL };
    shape.capacity = h->left < PARTS_MAX ? h->left : PARTS_MAX;
    bulk *b = acti_alloc(runtime, bulk_size(&shape));

    if (b == NULL) return false;
    *b = shape;
    b->first = h->first != NULL ? h->first : b;
    atomic_init(&b->holders, b->capacity + 1);
    atomic_init(&b->readers, 1);
    /* relaxed, both: we hold the first one ourselves. */
    if (b != b->first) atomic_fetch_add_explicit(&b->first->holders, 1, memory_order_relaxed);
    if (b->is_told) atomic_fetch_add_explicit(&b->first->readers, b->capacity, memory_order_relaxed);
    h->first = b->first;
    h->last = b;
    return true;
}

static acta_message *
use_part(bulk *b)
{
    const acta_message *original = b->original;
    acti_message *part = part_at(b, b->used);

    part->node.kind = ACTI_CAST;
    part->runtime = b->runtime;
    part->weight = ACTI_WEIGHT_MIN;
    part->spare_class = ACTI_SPARE_CLASSES;
    part->place = ++b->used;
    part->body = (acta_message){ .tag = original->tag,
        .size = original->size,
        .payload = original->payload,
        .destroy = b->is_told ? destroy_part : NULL };
    return &part->body;
}

/* -- a publish -- */

/* NULL: no memory. */
static acta_message *
make_part(acta_runtime *runtime, handout *h)
{
    bulk *b = h->last;

    if (b->used < b->capacity) return use_part(b);
    if (!add_bulk(runtime, h, h->first->original)) return NULL;
    if (b != h->first) let_go(b, 1);
    return use_part(h->last);
}

static void
give_to(acta_runtime *runtime, handout *h, acta_pid pid)
{
    acta_message *part = make_part(runtime, h);
    acta_status status = part == NULL ? ACTA_NO_MEMORY : acta_send(runtime, pid, part);

    if (status == ACTA_OK)
        h->result.sent++;
    else if (status == ACTA_BUSY || status == ACTA_NO_MEMORY)
        h->result.refused++;
}

static void
give_to_all(acta_runtime *runtime, handout *h, acti_topic_walk *walk, acta_pid except)
{
    acta_pid pids[ACTI_TOPIC_STEP];
    uint32_t count;

    while ((count = acti_topic_walk_next(walk, pids)) > 0) {
        for (uint32_t i = 0; i < count; i++) {
            if (!acta_pid_equal(pids[i], except)) give_to(runtime, h, pids[i]);
            h->left--;
        }
    }
}

/* The publisher is done with it: parts that were not used are nobody's. */
static void
finish(handout *h)
{
    bulk *first = h->first, *last = h->last;
    uint32_t unused = last->capacity - last->used;

    if (first->is_told) stop_reading(first, unused + 1);
    if (last != first) {
        let_go(last, unused + 1);
        unused = 0;
    }
    let_go(first, unused + 1);
}

acta_status
acta_topic_publish(
    acta_runtime *runtime, acta_str topic, acta_message *message, acta_pid except, acta_publish_result *result_out)
{
    handout h = { .first = NULL };
    acti_topic_walk walk;

    if (result_out != NULL) *result_out = h.result;
    if (message == NULL) return ACTA_NO_MEMORY;
    if (!acti_topic_walk_begin(runtime, topic, &walk)) {
        acta_message_destroy(message);
        return ACTA_OK;
    }
    h.left = walk.count;
    bool has_bulk = add_bulk(runtime, &h, message);
    if (has_bulk) give_to_all(runtime, &h, &walk, except);
    acti_topic_walk_end(runtime, &walk);
    if (!has_bulk) {
        acta_message_destroy(message);
        return ACTA_NO_MEMORY;
    }
    finish(&h);
    if (result_out != NULL) *result_out = h.result;
    return ACTA_OK;
}
