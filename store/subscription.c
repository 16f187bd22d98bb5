/*
 * Subscription: one cursor over the log, from memory where that reaches, from the engine where it doesn't.
 *
 *     next ---> feed: some events behind `looked`, up to the head
 *       \--> nothing left up to the head: thirsty = true, look at the head once more, and return
 *
 *     committer: head = …; for each thirsty subscription: thirsty = false, ready()
 *
 * No wake-up is lost: one of the two sees what the other wrote, for both write first and then look, in one order
 * (seq_cst). Both may see it; then ready comes once too often.
 *
 *     in flight    [p1 acked][p2][p3 acked][p4]      a ring of `window`; what is acknowledged at its front leaves it
 */
#include <inttypes.h>

#include "subscription_parts.h"

/* -- opening and closing -- */

static acta_status
check_config(const acta_subscription_config *config, acta_error *error)
{
    if (config->name != NULL && !acti_subscription_name_fits(config->name, error)) return ACTA_INVALID;
    if (config->window > ACTA_WINDOW_MAX)
        return acta_error_set(error, ACTA_INVALID, "a window of %" PRIu32 " events is too much; %d is the most",
            config->window, (int)ACTA_WINDOW_MAX);
    if ((unsigned)config->start > ACTA_START_TIME)
        return acta_error_set(error, ACTA_INVALID, "there is no start %d", (int)config->start);
    return ACTA_OK;
}

static void
subscription_free(acta_subscription *subscription)
{
    const acta_allocator allocator = subscription->store->environment.allocator;

    acti_feed_deinit(&subscription->feed);
    if (subscription->flight != NULL)
        allocator.free(allocator.user, subscription->flight, subscription->window * sizeof *subscription->flight);
    acti_monitor_deinit(&subscription->state_lock);
    acti_monitor_deinit(&subscription->bed);
    allocator.free(allocator.user, subscription, sizeof *subscription);
}

static acta_subscription *
subscription_create(acta_store *store, const acta_subscription_config *config)
{
    const acta_allocator *allocator = &store->environment.allocator;
    acta_subscription *subscription = allocator->alloc(allocator->user, sizeof *subscription);

    if (subscription == NULL) return NULL;
    memset(subscription, 0, sizeof *subscription);
    subscription->store = store;
    subscription->ready = config->ready;
    subscription->user = config->user;
    subscription->window = config->window == 0 ? ACTA_WINDOW_DEFAULT : config->window;
    subscription->has_name = config->name != NULL;
    subscription->manual_checkpoint = config->manual_checkpoint;
    subscription->checkpoint_count =
        config->checkpoint_count == 0 ? ACTA_CHECKPOINT_COUNT_DEFAULT : config->checkpoint_count;
    subscription->checkpoint_ns =
        (config->checkpoint_ms == 0 ? ACTA_CHECKPOINT_MS_DEFAULT : config->checkpoint_ms) * UINT64_C(1000000);
    if (config->name != NULL) strcpy(subscription->name, config->name);
    acti_monitor_init(&subscription->state_lock);
    acti_monitor_init(&subscription->bed);
    subscription->flight = allocator->alloc(allocator->user, subscription->window * sizeof *subscription->flight);
    if (subscription->flight != NULL) return subscription;
    subscription_free(subscription);
    return NULL;
}

/* Where a name that has no checkpoint begins. */
static acta_status
first_start(acta_subscription *subscription, const acta_subscription_config *config, acta_error *error)
{
    acta_store *store = subscription->store;
    uint64_t head = acti_store_head(store), first = 1;
    acta_status status = ACTA_OK;

    switch (config->start) {
    case ACTA_START_ORIGIN:
        subscription->start = 0;
        return ACTA_OK;
    case ACTA_START_CURRENT:
        subscription->start = head;
        return ACTA_OK;
    case ACTA_START_POSITION:
        if (config->position > head)
            return acta_error_set(error, ACTA_INVALID,
                "cannot begin behind position %" PRIu64 ": the log ends at %" PRIu64, config->position, head);
        subscription->start = config->position;
        return ACTA_OK;
    case ACTA_START_TIME:
        if (head > 0) status = acti_first_recorded_at(store, 0, head, config->time_us, &first, error);
        subscription->start = first - 1;
        return status;
    }
    return ACTA_INVALID;
}

/* All that was submitted so far is committed when this returns, or never will be. */
static acta_status
barrier(acta_store *store, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(store);

    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot subscribe: there is no memory");
    acta_status status = acta_store_commit(store, transaction, NULL, error);
    return status == ACTA_READ_ONLY ? ACTA_OK : status;
}

/* Where it begins. A name that is new leaves its checkpoint there at once, before any later event: so it goes on from there
 * after a restart. */
static acta_status
find_start(acta_subscription *subscription, const acta_subscription_config *config, acta_error *error)
{
    acta_store *store = subscription->store;
    acta_status status = ACTA_OK;
    bool found = false;

    if (acti_subscription_saves(subscription)) status = barrier(store, error);
    if (status == ACTA_OK && subscription->has_name)
        status = acti_checkpoint_read(store, subscription->name, &subscription->start, &found, error);
    if (status != ACTA_OK || found) return status;
    status = first_start(subscription, config, error);
    if (status != ACTA_OK || !subscription->has_name || store->read_only) return status;
    if (subscription->manual_checkpoint && config->start == ACTA_START_ORIGIN) return ACTA_OK;

    acta_transaction *transaction = acta_transaction_create(store);
    if (transaction == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot open subscription '%s'", subscription->name);
    acta_transaction_checkpoint(transaction, subscription->name, subscription->start);
    status = acta_store_submit(store, transaction, NULL, NULL, error);
    return status == ACTA_READ_ONLY ? ACTA_OK : status;
}

static void
begin(acta_subscription *subscription)
{
    uint64_t head = acti_store_head(subscription->store), start = subscription->start;

    subscription->replayed = head;
    atomic_init(&subscription->looked, start);
    atomic_init(&subscription->passed, start);
    atomic_init(&subscription->saved, start);
    subscription->saved_ns = acti_now_ns(subscription->store);
    acti_subscription_set_state(
        subscription, start < head ? ACTA_SUBSCRIPTION_CATCHING_UP : ACTA_SUBSCRIPTION_LIVE, NULL);
}

acta_status
acta_subscription_open(
    acta_store *store, const acta_subscription_config *config, acta_subscription **subscription_out, acta_error *error)
{
    acta_status status = check_config(config, error);

    if (status != ACTA_OK) return status;
    acta_subscription *subscription = subscription_create(store, config);
    if (subscription == NULL)
        return acta_error_set(
            error, ACTA_NO_MEMORY, "cannot open subscription '%s'", config->name != NULL ? config->name : "of no name");
    status = acti_feed_init(&subscription->feed, store, &config->filter, error);
    if (status == ACTA_OK)
        status = acti_subscription_join_list(subscription, error); /* the name is taken from here on */
    if (status != ACTA_OK) {
        subscription_free(subscription);
        return status;
    }
    status = find_start(subscription, config, error);
    if (status != ACTA_OK) {
        acti_subscription_leave_list(subscription);
        subscription_free(subscription);
        return status;
    }
    begin(subscription);
    *subscription_out = subscription;
    return ACTA_OK;
}

void
acta_subscription_close(acta_subscription *subscription)
{
    if (subscription == NULL) return;
    acti_subscription_save(subscription, true);
    acti_subscription_leave_list(subscription);
    subscription_free(subscription);
}

/* -- reading -- */

/* Where it is. Relaxed: only the reader's thread writes it. */
static uint64_t
looked_at(const acta_subscription *subscription)
{
    return atomic_load_explicit(&subscription->looked, memory_order_relaxed);
}

/* Relaxed: likewise. */
static uint32_t
in_flight(const acta_subscription *subscription)
{
    return atomic_load_explicit(&subscription->flight_count, memory_order_relaxed);
}

static acti_flight *
flight_at(const acta_subscription *subscription, uint32_t index)
{
    uint32_t at = subscription->flight_first + index;
    return &subscription->flight[at < subscription->window ? at : at - subscription->window];
}

static void
move_on(acta_subscription *subscription, uint64_t looked, uint32_t flight_count)
{
    uint64_t passed = flight_count > 0 ? flight_at(subscription, 0)->position - 1 : looked;
    bool full = flight_count == subscription->window;

    /* Release: others that see how far we are also see what was done about those events. */
    atomic_store_explicit(&subscription->looked, looked, memory_order_release);
    atomic_store_explicit(&subscription->passed, passed, memory_order_release);
    /* Relaxed: numbers for people. */
    atomic_store_explicit(&subscription->flight_count, flight_count, memory_order_relaxed);
    if (full == (atomic_load_explicit(&subscription->full_us, memory_order_relaxed) != 0)) return;
    atomic_store_explicit(&subscription->full_us, full ? acti_wall_us(subscription->store) : 0, memory_order_relaxed);
}

static acta_status
read_some(acta_subscription *subscription, uint64_t head, uint32_t count_max, acta_chunk **chunk_out, acta_error *error)
{
    uint64_t looked = looked_at(subscription);
    uint32_t flight_count = in_flight(subscription);
    acta_chunk *chunk;
    acta_status status = acti_feed_read(&subscription->feed, looked, head, count_max, &chunk, &looked, error);

    if (status != ACTA_OK) return status;
    for (uint32_t i = 0; chunk != NULL && i < chunk->count; i++) {
        acta_recorded *event = &chunk->events[i];
        event->replaying = event->position <= subscription->replayed;
        *flight_at(subscription, flight_count++) = (acti_flight){ .position = event->position };
    }
    move_on(subscription, looked, flight_count);
    *chunk_out = chunk;
    return ACTA_OK;
}

/* Nothing is left up to `head`: ask to be called. True: there is more by now. */
static bool
run_dry(acta_subscription *subscription, uint64_t head)
{
    /* Write, then look: see the head of this file. */
    atomic_store_explicit(&subscription->thirsty, true, memory_order_seq_cst);
    if (atomic_load_explicit(&subscription->store->head, memory_order_seq_cst) == head) return false;
    /* It has moved. If the committer took our wish, ready comes; otherwise take it back and say it ourselves. */
    return atomic_exchange_explicit(&subscription->thirsty, false, memory_order_seq_cst);
}

/* A stream that is soft deleted may be restored: then it goes on, woken by the commit that does so. */
static acta_status
read_failed(acta_subscription *subscription, acta_status status, uint64_t head, bool *more, const acta_error *error)
{
    acti_subscription_set_state(subscription, ACTA_SUBSCRIPTION_STALLED, error->text);
    if (status != ACTA_DELETED) return status;
    *more = run_dry(subscription, head);
    return ACTA_OK;
}

acta_status
acta_subscription_next(
    acta_subscription *subscription, uint32_t count_max, acta_chunk **chunk_out, bool *more_out, acta_error *error)
{
    uint32_t room = subscription->window - in_flight(subscription);
    uint32_t count = count_max < room ? count_max : room;
    acta_status status = ACTA_OK;
    acta_error why = { .status = ACTA_OK };

    *chunk_out = NULL;
    *more_out = false;
    acti_subscription_save(subscription, false);
    /* seq_cst, as everywhere with this flag. A call of ready that is on its way comes all the same. */
    atomic_store_explicit(&subscription->thirsty, false, memory_order_seq_cst);
    if (count == 0) return ACTA_OK; /* an acknowledgement makes room */

    uint64_t head = acti_store_head(subscription->store);
    if (looked_at(subscription) < head) status = read_some(subscription, head, count, chunk_out, &why);
    if (status != ACTA_OK) {
        status = read_failed(subscription, status, head, more_out, &why);
        if (status != ACTA_OK && error != NULL) *error = why;
        return status;
    }
    bool behind = looked_at(subscription) < head;
    acti_subscription_set_state(subscription, behind ? ACTA_SUBSCRIPTION_CATCHING_UP : ACTA_SUBSCRIPTION_LIVE, NULL);
    if (*chunk_out != NULL && (*chunk_out)->count == count)
        *more_out = count == count_max && behind;
    else
        *more_out = behind || run_dry(subscription, head);
    return ACTA_OK;
}

/* -- acknowledging -- */

/* How many in flight lie before this position. */
static uint32_t
count_before(const acta_subscription *subscription, uint64_t position)
{
    uint32_t low = 0, high = in_flight(subscription);

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (flight_at(subscription, middle)->position < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The one in flight, not acknowledged yet; NULL: there is none. */
static acti_flight *
find_flight(const acta_subscription *subscription, uint64_t position)
{
    uint32_t index = count_before(subscription, position);

    if (index == in_flight(subscription)) return NULL;
    acti_flight *flight = flight_at(subscription, index);
    return flight->position == position && !flight->acked ? flight : NULL;
}

/* What is acknowledged at the front leaves. */
static void
land(acta_subscription *subscription, uint32_t acked_count)
{
    uint32_t flight_count = in_flight(subscription);

    subscription->unsaved_count += acked_count;
    while (flight_count > 0 && flight_at(subscription, 0)->acked) {
        if (++subscription->flight_first == subscription->window) subscription->flight_first = 0;
        flight_count--;
    }
    move_on(subscription, looked_at(subscription), flight_count);
    if (subscription->unsaved_count >= subscription->checkpoint_count) acti_subscription_save(subscription, true);
}

acta_status
acta_subscription_ack(acta_subscription *subscription, uint64_t position)
{
    acti_flight *flight = find_flight(subscription, position);

    if (flight == NULL) return ACTA_INVALID;
    flight->acked = true;
    land(subscription, 1);
    return ACTA_OK;
}

acta_status
acta_subscription_ack_many(acta_subscription *subscription, const uint64_t *positions, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (find_flight(subscription, positions[i]) == NULL) return ACTA_INVALID;
    }
    for (uint32_t i = 0; i < count; i++) {
        acti_flight *flight = find_flight(subscription, positions[i]); /* NULL: it is there twice */
        if (flight != NULL) flight->acked = true;
    }
    land(subscription, count);
    return ACTA_OK;
}

acta_status
acta_subscription_ack_up_to(acta_subscription *subscription, uint64_t position)
{
    if (position > looked_at(subscription)) return ACTA_INVALID;
    uint32_t count = count_before(subscription, position + 1);
    for (uint32_t i = 0; i < count; i++)
        flight_at(subscription, i)->acked = true;
    land(subscription, count);
    return ACTA_OK;
}

uint64_t
acta_subscription_passed(const acta_subscription *subscription)
{
    return atomic_load_explicit(&subscription->passed, memory_order_acquire); /* pairs with move_on */
}

uint64_t
acta_subscription_start(const acta_subscription *subscription)
{
    return subscription->start;
}

uint64_t
acta_subscription_looked(const acta_subscription *subscription)
{
    return atomic_load_explicit(&subscription->looked, memory_order_acquire); /* pairs with move_on */
}
