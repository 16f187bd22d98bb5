/*
 * See top_model.h.
 */
#include "top_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTER_MASK = (1 << 24) - 1, TURN_MAX = 64 /* messages of a turn, which may be handled and still counted */ };

static void
copy(char *to, size_t size, acta_str text)
{
    size_t used = text.size < size ? text.size : size - 1;

    memcpy(to, text.size > 0 ? text.data : "", used);
    to[used] = '\0';
}

static double
rate_of(uint64_t now, uint64_t before, int64_t elapsed_ms)
{
    return elapsed_ms > 0 && now >= before ? (double)(now - before) * 1000 / (double)elapsed_ms : 0;
}

/* -- actors -- */

/* The claims of which not all can have been handled stay; and what waits now is one more. */
static void
claim(top_actor *actor, int64_t now_ms)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < actor->claim_count; i++)
        if (actor->claims[i].until > actor->handled) actor->claims[kept++] = actor->claims[i];
    actor->claim_count = actor->queued > 0 ? kept : 0;
    if (actor->queued > 0) {
        uint64_t sure = actor->queued > TURN_MAX ? actor->queued - TURN_MAX : 1;
        if (actor->claim_count == TOP_CLAIMS) { /* the oldest is what counts; between the others there is room */
            memmove(&actor->claims[1], &actor->claims[2], (TOP_CLAIMS - 2) * sizeof actor->claims[0]);
            actor->claim_count--;
        }
        actor->claims[actor->claim_count++] = (top_claim){ now_ms, actor->handled + sure };
    }
    actor->oldest_ms = actor->claim_count > 0 ? now_ms - actor->claims[0].at_ms : -1;
}

static const top_actor *
find_actor(const top_actor *actors, uint32_t count, const char *pid)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(actors[i].pid, pid) == 0) return &actors[i];
    return NULL;
}

static void
read_actor(top_actor *actor, const json_value *row)
{
    *actor = (top_actor){ .queued = json_number(row, "queued"),
        .peak = json_number(row, "queued_peak"),
        .bytes = json_number(row, "queued_bytes"),
        .counter = json_number(row, "handled") };
    copy(actor->pid, sizeof actor->pid, json_text(row, "pid"));
    copy(actor->name, sizeof actor->name, json_text(row, "name"));
    copy(actor->behaviour, sizeof actor->behaviour, json_text(row, "behaviour"));
    copy(actor->state, sizeof actor->state, json_text(row, "state"));
}

static void
take_actors(top_model *model, const json_value *rows, int64_t now_ms)
{
    top_actor *before = malloc(sizeof model->actors);
    uint32_t before_count = before != NULL ? model->actor_count : 0; /* without memory they are as if new */

    if (before != NULL) memcpy(before, model->actors, sizeof model->actors);
    model->actor_count = 0;
    for (const json_value *row = rows != NULL ? rows->first : NULL; row != NULL; row = row->next) {
        if (model->actor_count == TOP_ACTORS) break;
        top_actor *actor = &model->actors[model->actor_count++];
        read_actor(actor, row);
        const top_actor *old = find_actor(before, before_count, actor->pid);
        if (old != NULL) {
            actor->handled = old->handled + ((actor->counter - old->counter) & COUNTER_MASK);
            actor->rate = rate_of(actor->handled, old->handled, now_ms - model->at_ms);
            memcpy(actor->claims, old->claims, sizeof old->claims);
            actor->claim_count = old->claim_count;
        }
        claim(actor, now_ms);
    }
    free(before);
}

/* -- handlers, committer -- */

static void
take_handlers(top_model *model, const json_value *rows, int64_t now_ms)
{
    top_handler before[TOP_HANDLERS];
    uint32_t before_count = model->handler_count;

    memcpy(before, model->handlers, sizeof before);
    model->handler_count = 0;
    for (const json_value *row = rows != NULL ? rows->first : NULL; row != NULL; row = row->next) {
        if (model->handler_count == TOP_HANDLERS) break;
        top_handler *handler = &model->handlers[model->handler_count++];
        *handler = (top_handler){ .passed = json_number(row, "passed"),
            .behind = json_number(row, "behind"),
            .in_flight = json_number(row, "in_flight"),
            .parked = json_number(row, "parked") };
        copy(handler->name, sizeof handler->name, json_text(row, "name"));
        copy(handler->state, sizeof handler->state, json_text(row, "state"));
        for (uint32_t i = 0; i < before_count; i++)
            if (strcmp(before[i].name, handler->name) == 0)
                handler->rate = rate_of(handler->passed, before[i].passed, now_ms - model->at_ms);
    }
}

static void
take_committer(top_model *model, const json_value *committer, int64_t now_ms)
{
    uint64_t events = json_number(committer, "events"), transactions = json_number(committer, "transactions");
    int64_t elapsed_ms = model->at_ms != 0 ? now_ms - model->at_ms : 0;

    model->event_rate = rate_of(events, model->events, elapsed_ms);
    model->transaction_rate = rate_of(transactions, model->transactions, elapsed_ms);
    model->events = events;
    model->transactions = transactions;
    model->head = json_number(committer, "head");
    model->committer_bytes = json_number(committer, "queued_bytes");
    model->refused = json_number(committer, "refused");
}

void
top_model_take(top_model *model, const json_value *answer, int64_t now_ms)
{
    const json_value *actors = json_member(answer, "actors");

    take_committer(model, json_member(answer, "committer"), now_ms);
    take_actors(model, json_member(answer, "mailboxes"), now_ms);
    take_handlers(model, json_member(answer, "handlers"), now_ms);
    model->alive = json_number(actors, "alive");
    model->with_messages = json_number(actors, "with_messages");
    model->queued = json_number(actors, "queued");
    model->bytes = json_number(actors, "queued_bytes");
    model->at_ms = now_ms;
}

/* -- order -- */

static double
measure(const top_actor *actor, top_order order)
{
    switch (order) {
    case TOP_PEAK:
        return (double)actor->peak;
    case TOP_BYTES:
        return (double)actor->bytes;
    case TOP_RATE:
        return actor->rate;
    case TOP_OLDEST:
        return (double)actor->oldest_ms;
    default:
        return (double)actor->queued;
    }
}

static int
compare_actors(const void *a, const void *b, void *order)
{
    double x = measure(a, *(top_order *)order), y = measure(b, *(top_order *)order);

    if (x < y || x > y) return x > y ? -1 : 1;
    return strcmp(((const top_actor *)a)->pid, ((const top_actor *)b)->pid);
}

static int
compare_handlers(const void *a, const void *b)
{
    const top_handler *x = a, *y = b;

    if (x->behind != y->behind) return x->behind > y->behind ? -1 : 1;
    return strcmp(x->name, y->name);
}

void
top_model_sort(top_model *model, top_order order)
{
    qsort_r(model->actors, model->actor_count, sizeof model->actors[0], compare_actors, &order);
    qsort(model->handlers, model->handler_count, sizeof model->handlers[0], compare_handlers);
}
