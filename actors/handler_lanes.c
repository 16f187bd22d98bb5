/*
 * Lanes: an event handler whose events are handled by several actors at once, in batches, in the order of each key.
 *
 *     key --hash--> lane 0: [e1 e4 e9 | e12 …]     one batch at a time to its worker: what is behind it waits
 *                   lane 1: [e2 e3 | …]            a batch goes when it is full, or its time has come
 *
 *     batch done   -> each event is
 *     batch failed -> asked once for all of it; without an error callback each of its events is tried alone, so that the
 *                     one it failed on is parked, and no other
 *
 * An event that is aside is tried as a batch of its own, in its lane. A worker that ends has failed on what it had in hand;
 * what waits behind is the reader's, and goes to the next one.
 */
#include "handler_lanes.h"

enum { TRIES_MAX = ACTI_TRIES_MAX };

typedef struct queued {
    struct queued *next;
    acti_item *item;
    acta_error *why; /* it has failed before it was handled, and is to say so in its turn; NULL: it has not */
    bool is_again, has_crashed; /* … as of then */
    size_t key_size;
    char key[];
} queued;

typedef struct lane {
    uint32_t number;
    queued *first, *last;
    uint32_t count;
    uint32_t batch_count;  /* of the first: in work, or to be tried again together; 0: no batch */
    acta_ref request;      /* 0: none is under way */
    acta_ref timer;        /* 0: none */
    uint64_t timer_number; /* of the last one: what an older one tells is stale */
    bool is_due;           /* what there is goes, though it is no full batch */
    bool is_waiting;       /* the batch, until the timer */
    uint32_t attempts;     /* of the batch */
    uint32_t tries;        /* to find the worker */
    uint64_t context[ACTA_FAILURE_CONTEXT_SIZE / 8];
} lane;

typedef struct lanes {
    lane *all;
    uint32_t count;
    uint32_t batch_size, batch_timeout_ms;
    acti_item *leaving; /* in no lane any more, and not concluded yet; NULL: none */
} lanes;

/* -- queues -- */

static bool
enqueue(acti_reader_actor *r, lane *l, const acti_item *item, acta_str key)
{
    queued *q = acta_alloc(r->self, sizeof *q + key.size);
    if (q == NULL) return false;

    *q = (queued){ .item = acti_item_copy(r->app, item), .key_size = key.size };
    memcpy(q->key, key.data, key.size);
    if (q->item == NULL) {
        acta_free(r->self, q);
        return false;
    }
    if (l->last != NULL)
        l->last->next = q;
    else
        l->first = q;
    l->last = q;
    l->count++;
    return true;
}

/* The event behind `before` (NULL: the first) is DONE or has FAILED, and leaves. */
static void
conclude(acti_reader_actor *r, lane *l, queued *before, acti_work how, const acta_error *why)
{
    lanes *all = r->kind_state;
    queued *q = before != NULL ? before->next : l->first;

    if (before != NULL)
        before->next = q->next;
    else
        l->first = q->next;
    if (l->last == q) l->last = before;
    l->count--;
    r->pending_count--;
    all->leaving = q->item;
    acti_reader_worked(r, q->item, acta_str_from(q->key, q->key_size), how, why);
    acti_item_destroy(r->app, q->item);
    all->leaving = NULL;
    acta_free(r->self, q->why);
    acta_free(r->self, q);
}

/* What waits in the lane while an earlier event of its key is aside goes behind that. */
static void
follow_aside(acti_reader_actor *r, lane *l)
{
    queued *before = NULL;
    acta_error behind;

    if (r->aside_first == NULL) return;
    acta_error_set(&behind, ACTA_PARKED, "an earlier event of its key waits");
    for (queued *q = l->first; q != NULL; q = before != NULL ? before->next : l->first) {
        bool is_behind = q->item->aside == NULL && acti_aside_find(r, acta_str_from(q->key, q->key_size)) != NULL;
        if (is_behind)
            conclude(r, l, before, ACTI_WORK_FAILED, &behind);
        else
            before = q;
    }
}

/* -- batches -- */

static void
stop_timer(acti_reader_actor *r, lane *l)
{
    if (l->timer.value != 0) acta_cancel_timer(r->self, l->timer);
    l->timer = (acta_ref){ 0 };
    l->timer_number++; /* one that has fired already is stale */
}

static bool
set_timer(acti_reader_actor *r, lane *l, uint32_t delay_ms)
{
    stop_timer(r, l);
    uint64_t user = (uint64_t)l->number << 32 | (uint32_t)l->timer_number;
    return acta_send_after(r->self, delay_ms, ACTI_ALARM_FLUSH, user, &l->timer) == ACTA_OK;
}

static void
drop_batch(acta_message *message)
{
    const acti_lane_batch *batch = message->payload;

    for (uint32_t i = 0; i < batch->count; i++)
        acti_item_destroy(batch->app, batch->items[i]);
}

static acta_message *
batch_message(acti_reader_actor *r, const lane *l)
{
    size_t size = sizeof(acti_lane_batch) + l->batch_count * sizeof(acti_item *);
    acta_message *message = acta_message_create(r->app->runtime, ACTI_TAG_EVENT, size);
    if (message == NULL) return NULL;

    acti_lane_batch *batch = message->payload;
    *batch = (acti_lane_batch){ .app = r->app, .attempts = l->attempts };
    message->destroy = drop_batch;
    if (l->first->item->aside != NULL) batch->attempts = l->first->item->aside->attempts;
    for (const queued *q = l->first; batch->count < l->batch_count; q = q->next) {
        acti_item *copy = acti_item_copy(r->app, q->item);
        if (copy == NULL) {
            acta_message_destroy(message);
            return NULL;
        }
        batch->items[batch->count++] = copy;
    }
    return message;
}

static acta_status
locate(acti_reader_actor *r, const lane *l, acta_pid *pid_out, acta_error *error)
{
    char name[ACTI_READER_ACTOR_NAME_MAX + 16];
    acti_worker_argument argument = { .reader = r->reader, .number = l->number };

    snprintf(name, sizeof name, "handler %s %" PRIu32, r->reader->name, l->number);
    *pid_out = acta_whereis(r->app->runtime, acta_str_of(name));
    if (pid_out->value != 0) return ACTA_OK;
    acta_spawn_options options = {
        .behaviour = &acti_worker_behaviour, .argument = &argument, .name = acta_str_of(name)
    };
    acta_status status = acta_spawn(r->app->runtime, &options, pid_out, error);
    return status == ACTA_ALREADY_EXISTS ? ACTA_OK : status;
}

/* Not ACTA_OK: nothing is on its way, and the batch stays. */
static acta_status
send_batch(acti_reader_actor *r, lane *l, acta_error *error)
{
    acta_pid pid;
    acta_status status = locate(r, l, &pid, error);
    if (status != ACTA_OK) return status;

    status = acta_request(r->self, pid, batch_message(r, l), ACTA_INFINITE, &l->request);
    if (status != ACTA_OK) l->request = (acta_ref){ 0 };
    return status == ACTA_OK ? ACTA_OK : acta_error_set(error, status, "no memory to send a batch of events");
}

/* How many of the first events go together; 0: it is not their time. */
static uint32_t
batch_of(const lanes *all, const lane *l)
{
    uint32_t count = 0;
    if (l->first == NULL) return 0;
    if (l->first->item->aside != NULL) return 1;

    for (const queued *q = l->first; q != NULL && q->item->aside == NULL && q->why == NULL; q = q->next)
        if (++count == all->batch_size) break;
    bool is_cut = count < l->count; /* one that goes alone is behind them */
    return count == all->batch_size || all->batch_timeout_ms == 0 || l->is_due || is_cut ? count : 0;
}

/* Those that have failed already, and whose turn it is. */
static void
fail_first(acti_reader_actor *r, lane *l)
{
    while (l->first != NULL && l->first->why != NULL) {
        acta_error why = *l->first->why;
        r->is_again = l->first->is_again;
        r->has_crashed = l->first->has_crashed;
        ACTA_SOMETIMES(&r->app->environment, "lane.failed.in.its.turn");
        conclude(r, l, NULL, ACTI_WORK_FAILED, &why);
        r->is_again = false;
        follow_aside(r, l);
    }
}

static void
begin(acti_reader_actor *r, lane *l)
{
    const lanes *all = r->kind_state;
    acta_error error;

    if (l->request.value != 0 || l->is_waiting || acti_reader_is_held(r)) return;
    if (l->batch_count == 0) {
        follow_aside(r, l);
        fail_first(r, l);
        l->batch_count = batch_of(all, l);
        if (l->batch_count == 0) {
            bool is_timed = l->first != NULL && l->timer.value == 0;
            if (is_timed && !set_timer(r, l, all->batch_timeout_ms)) l->is_due = true;
            return;
        }
        stop_timer(r, l);
        l->is_due = false;
        l->attempts = 0;
        memset(l->context, 0, sizeof l->context);
    }
    if (send_batch(r, l, &error) != ACTA_OK) acti_reader_nap(r, error.text);
}

static void
proceed(acti_reader_actor *r)
{
    const lanes *all = r->kind_state;
    if (r->subscription == NULL) return;

    for (uint32_t i = 0; i < all->count; i++)
        begin(r, &all->all[i]);
}

static void
end_batch(acti_reader_actor *r, lane *l, acti_work how, const acta_error *why)
{
    uint32_t count = l->batch_count;

    l->batch_count = 0;
    l->tries = 0;
    for (; count > 0; count--)
        conclude(r, l, NULL, how, why);
    follow_aside(r, l); /* before any that comes now goes there */
}

/* -- what comes back -- */

/* Of the whole batch, from whoever has an error callback. */
static acta_event_answer
ask(acti_reader_actor *r, lane *l, bool crashed, const acta_error *why, uint32_t *delay_ms_out)
{
    acta_recorded *events = acta_alloc(r->self, l->batch_count * sizeof *events);
    const queued *q = l->first;
    acta_event_failure failure = { .position = q->item->recorded.position,
        .events = events,
        .event_count = l->batch_count,
        .attempts = ++l->attempts,
        .crashed = crashed,
        .context = l->context,
        .delay_ms = acti_reader_backoff_ms(r->reader, l->attempts) };

    for (uint32_t i = 0; events != NULL && i < l->batch_count; i++, q = q->next)
        events[i] = q->item->recorded;
    acti_reader_retried(r, why->text);
    acta_event_answer answer = acti_failure_ask(r, &failure, why);
    acta_free(r->self, events);
    *delay_ms_out = failure.delay_ms;
    return answer;
}

static void
park_all(acti_reader_actor *r, lane *l, const acta_error *why)
{
    r->is_parking = true;
    end_batch(r, l, ACTI_WORK_FAILED, why);
    r->is_parking = false;
}

static void
batch_failed(acti_reader_actor *r, lane *l, bool crashed, const acta_error *why)
{
    uint32_t delay_ms;

    ACTA_SOMETIMES(&r->app->environment, "lane.batch.failed");
    if (l->batch_count == 1 || r->reader->error == NULL) {
        r->has_crashed = crashed; /* of the first; the others are only tried again */
        end_batch(r, l, ACTI_WORK_FAILED, why);
        return;
    }
    switch (ask(r, l, crashed, why, &delay_ms)) {
    case ACTA_EVENT_RETRY_AFTER:
        l->is_waiting = set_timer(r, l, delay_ms);
        break;
    case ACTA_EVENT_SKIP:
        end_batch(r, l, ACTI_WORK_DONE, NULL);
        break;
    case ACTA_EVENT_PARK:
        park_all(r, l, why);
        break;
    case ACTA_EVENT_STOP: /* each goes aside, where an operator may skip it */
        end_batch(r, l, ACTI_WORK_FAILED, why);
        break;
    case ACTA_EVENT_RETRY: /* the same batch */
        break;
    }
}

static acta_next
answered(acti_reader_actor *r, const acta_info *info)
{
    lanes *all = r->kind_state;
    lane *l = NULL;
    acta_error error = { .text = "" };

    for (uint32_t i = 0; l == NULL && i < all->count; i++)
        if (all->all[i].request.value == info->ref.value) l = &all->all[i];
    if (l == NULL) return ACTA_NEXT;
    l->request = (acta_ref){ 0 };
    if (info->error != NULL) error = *info->error;
    switch (info->status) {
    case ACTA_OK:
        end_batch(r, l, ACTI_WORK_DONE, NULL);
        break;
    case ACTA_STOPPED: /* everything stops: it stays unacknowledged */
        break;
    case ACTA_NOPROC: /* it went before it had looked at it: the next one */
        if (++l->tries < TRIES_MAX) break;
        batch_failed(r, l, true, &error);
        break;
    default:
        if (error.text[0] == '\0') acta_error_set(&error, info->status, NULL);
        batch_failed(r, l, info->status != ACTA_REJECTED, &error);
        break;
    }
    return acti_reader_go_on(r);
}

static acta_next
timer_came(acti_reader_actor *r, const acta_info *info)
{
    lanes *all = r->kind_state;
    lane *l = &all->all[info->user >> 32];
    bool is_stale = (uint32_t)info->user != (uint32_t)l->timer_number;

    if (is_stale) return ACTA_NEXT;
    l->timer = (acta_ref){ 0 };
    l->is_waiting = false;
    l->is_due = l->batch_count == 0;
    return acti_reader_go_on(r);
}

static acta_next
lanes_info(acti_reader_actor *r, const acta_info *info)
{
    if (info->kind == ACTA_INFO_REPLY) return answered(r, info);
    return info->kind == ACTA_INFO_TIMER ? timer_came(r, info) : ACTA_NEXT;
}

/* -- the reader's side -- */

static void
close_lanes(acti_reader_actor *r)
{
    lanes *all = r->kind_state;

    for (uint32_t i = 0; all->all != NULL && i < all->count; i++) {
        for (queued *q = all->all[i].first; q != NULL; q = q->next)
            acti_item_destroy(r->app, q->item);
        all->all[i].first = NULL;
    }
    acti_item_destroy(r->app, all->leaving);
    all->leaving = NULL;
}

static acta_status
open_lanes(acti_reader_actor *r, acta_error *error)
{
    const acta_reader_options *options = r->reader->options;
    acta_handling handling = acti_handling_of_reader(r->reader, 0, NULL);
    lanes *all = r->kind_state;

    all->count = options->concurrency > 1 ? options->concurrency : 1;
    all->batch_size = options->batch_size > 1 ? options->batch_size : 1;
    all->batch_timeout_ms = options->batch_timeout_ms;
    if (all->all == NULL) all->all = acta_alloc(r->self, all->count * sizeof *all->all);
    if (all->all == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the lanes of a handler");
    for (uint32_t i = 0; i < all->count; i++) {
        lane *l = &all->all[i];
        if (l->timer.value != 0) acta_cancel_timer(r->self, l->timer);
        *l = (lane){ .number = i, .timer_number = l->timer_number + 1 };
    }
    if (options->after_start != NULL) options->after_start(acti_user_of(r->reader), &handling);
    return ACTA_OK;
}

static bool
is_idle(const acti_reader_actor *r)
{
    const lanes *all = r->kind_state;

    for (uint32_t i = 0; i < all->count; i++)
        if (all->all[i].request.value != 0) return false;
    return true;
}

static lane *
lane_of(const acti_reader_actor *r, const acti_item *item, acta_str key)
{
    const lanes *all = r->kind_state;
    if (ACTA_PLANT("lane_by_position")) return &all->all[item->recorded.position % all->count];
    return &all->all[acta_crc32c(0, key.data, key.size) % all->count];
}

static bool
has_of_key(const lane *l, acta_str key)
{
    for (const queued *q = l->first; q != NULL; q = q->next)
        if (acta_str_equal(acta_str_from(q->key, q->key_size), key)) return true;
    return false;
}

/* It must not go aside before those of its key that are in the lane: it would be tried before them. */
static bool
fails_later(acti_reader_actor *r, const acti_item *item, acta_str key, const acta_error *why)
{
    lane *l = lane_of(r, item, key);
    if (!has_of_key(l, key) || ACTA_PLANT("lane_fails_at_once")) return false;

    acta_error *kept = acta_alloc(r->self, sizeof *kept);
    if (kept == NULL || !enqueue(r, l, item, key))
        acta_fail(r->self, "reader '%s': no memory to queue an event", r->reader->name);
    *kept = *why;
    l->last->why = kept;
    l->last->is_again = r->is_again;
    l->last->has_crashed = r->has_crashed;
    r->has_crashed = false;
    return true;
}

static acti_work
work(acti_reader_actor *r, const acti_item *item, acta_str key, acta_error *error)
{
    lane *l = lane_of(r, item, key);

    if (ACTA_SIM_CHANCE(&r->app->environment, "lane.takes.none", 25) || !enqueue(r, l, item, key)) {
        acta_error_set(error, ACTA_NO_MEMORY, "no memory to queue an event");
        return ACTI_WORK_FAILED;
    }
    return ACTI_WORK_PENDING;
}

static acta_status
before_reset(acti_reader_actor *r, acta_error *error)
{
    acta_handling handling = acti_handling_of_reader(r->reader, 0, NULL);
    const acta_reader_options *options = r->reader->options;

    if (options->before_reset == NULL) return ACTA_OK;
    return options->before_reset(acti_user_of(r->reader), &handling, error);
}

const acti_reader_kind acti_lanes_kind = {
    .name = "event handler",
    .state_size = sizeof(lanes),
    .open = open_lanes,
    .close = close_lanes,
    .work = work,
    .fails_later = fails_later,
    .before_reset = before_reset,
    .is_idle = is_idle,
    .go_on = proceed,
    .info = lanes_info,
};
