/*
 * Subscription: one cursor over the log, from memory where that reaches, from the engine where it doesn't.
 *
 *     next ---> tail reaches back to it?  yes: take references     no: iterate over the engine's log
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

#include "chunk.h"
#include "internal.h"
#include "log_reader.h"

enum {
    LOOK_MAX = 4096,          /* records that one call looks at */
    LOOK_BYTES_MAX = 4 << 20, /* bytes that one call copies from the engine */
    TYPES_MAX = ACTI_TYPE_CHUNK * ACTI_TYPE_CHUNK_COUNT,
    WAKE_CHUNK = 32
};

#define ACKED (UINT64_C(1) << 63)

typedef struct wanted_type {
    struct wanted_type *next;
    size_t size;
    char name[];
} wanted_type;

struct acta_subscription {
    acta_store *store;
    void (*ready)(void *user);
    void *user;
    uint32_t window;
    uint64_t start, replayed; /* the checkpoint, and the head, when it was opened */

    /* The filter: which types, as names and, as far as the store knows them, as ids. */
    bool filtered;
    wanted_type *types;
    uint32_t types_resolved;
    uint64_t wanted[TYPES_MAX / 64];

    /* The reader's thread; others may look. */
    _Atomic uint64_t looked, passed;
    acti_log_reader log; /* behind `looked`, if any are left in it */
    acti_name_cache names;
    uint64_t *flight; /* ring of positions; ACKED */
    uint32_t flight_first, flight_count;

    /* Set by the reader when it runs dry, taken by whoever commits. */
    _Atomic bool thirsty;

    /* Under the store's subscriptions_lock. */
    acta_subscription *prev, *next;
    uint32_t calls; /* of ready, under way */
    char name[ACTI_SUBSCRIPTION_NAME_MAX + 1];
};

/* -- the filter -- */

/* Learn the ids of wanted types that the store has met since the last time. */
static void
resolve_types(acta_subscription *subscription)
{
    uint32_t count = acti_types_count(&subscription->store->types);

    for (uint32_t id = subscription->types_resolved; id < count; id++) {
        acta_str name = acti_types_name(&subscription->store->types, id);
        for (const wanted_type *type = subscription->types; type != NULL; type = type->next) {
            if (acta_str_equal(name, acta_str_from(type->name, type->size)))
                subscription->wanted[id / 64] |= UINT64_C(1) << (id % 64);
        }
    }
    subscription->types_resolved = count;
}

/* Stubs (type id 0) are passed over: there is nothing left to tell. */
static bool
wants(void *user, uint32_t type_id)
{
    acta_subscription *subscription = user;

    if (!subscription->filtered || type_id == 0 || type_id >= TYPES_MAX) return type_id != 0;
    if (type_id >= subscription->types_resolved) resolve_types(subscription);
    return (subscription->wanted[type_id / 64] >> (type_id % 64) & 1) != 0;
}

/* -- opening and closing -- */

static acta_status
check_config(const acta_subscription_config *config, acta_error *error)
{
    acta_str name = acta_str_of(config->name);

    if (name.size == 0 || name.size > ACTI_SUBSCRIPTION_NAME_MAX)
        return acta_error_set(error, ACTA_INVALID, "the name of a subscription has %zu bytes, 1 to %d are expected",
            name.size, ACTI_SUBSCRIPTION_NAME_MAX);
    if (config->types == NULL && config->type_count > 0)
        return acta_error_set(error, ACTA_INVALID, "subscription '%s': type_count is %" PRIu32 ", but types is NULL",
            config->name, config->type_count);
    return ACTA_OK;
}

static acta_status
copy_types(acta_subscription *subscription, const acta_subscription_config *config, acta_error *error)
{
    const acta_allocator *allocator = &subscription->store->environment.allocator;

    subscription->filtered = config->types != NULL;
    subscription->types_resolved = 1; /* ids begin there */
    for (uint32_t i = 0; i < config->type_count; i++) {
        acta_str name = config->types[i];
        wanted_type *type = allocator->alloc(allocator->user, sizeof *type + name.size);
        if (type == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot open subscription '%s'", config->name);
        *type = (wanted_type){ .next = subscription->types, .size = name.size };
        if (name.size > 0) memcpy(type->name, name.data, name.size);
        subscription->types = type;
    }
    return ACTA_OK;
}

static acta_status
join_list(acta_subscription *subscription, acta_error *error)
{
    acta_store *store = subscription->store;
    bool taken = false;

    acti_monitor_enter(&store->subscriptions_lock);
    for (const acta_subscription *s = store->subscriptions; s != NULL; s = s->next)
        taken = taken || strcmp(s->name, subscription->name) == 0;
    if (!taken) {
        subscription->next = store->subscriptions;
        if (store->subscriptions != NULL) store->subscriptions->prev = subscription;
        store->subscriptions = subscription;
        /* seq_cst: who commits sees us, or we see its head when we run dry. */
        atomic_fetch_add_explicit(&store->subscription_count, 1, memory_order_seq_cst);
    }
    acti_monitor_leave(&store->subscriptions_lock);
    if (!taken) return ACTA_OK;
    return acta_error_set(
        error, ACTA_ALREADY_EXISTS, "a subscription of the name '%s' is open already", subscription->name);
}

static void
leave_list(acta_subscription *subscription)
{
    acta_store *store = subscription->store;

    acti_monitor_enter(&store->subscriptions_lock);
    if (subscription->prev != NULL)
        subscription->prev->next = subscription->next;
    else
        store->subscriptions = subscription->next;
    if (subscription->next != NULL) subscription->next->prev = subscription->prev;
    atomic_fetch_sub_explicit(&store->subscription_count, 1, memory_order_seq_cst);
    while (subscription->calls > 0) /* after close returns, ready is not called */
        acti_monitor_wait(&store->subscriptions_lock);
    acti_monitor_leave(&store->subscriptions_lock);
}

static void
subscription_free(acta_subscription *subscription)
{
    const acta_allocator *allocator = &subscription->store->environment.allocator;

    acti_log_reader_close(&subscription->log);
    acti_name_cache_deinit(&subscription->names);
    for (wanted_type *type = subscription->types; type != NULL;) {
        wanted_type *next = type->next;
        allocator->free(allocator->user, type, sizeof *type + type->size);
        type = next;
    }
    if (subscription->flight != NULL)
        allocator->free(allocator->user, subscription->flight, subscription->window * sizeof *subscription->flight);
    allocator->free(allocator->user, subscription, sizeof *subscription);
}

/* Where it begins. A name that is new and begins at the head leaves its checkpoint there, before any later event. */
static acta_status
find_start(acta_subscription *subscription, bool from_current, acta_error *error)
{
    acta_store *store = subscription->store;
    bool found;
    acta_status status = acti_checkpoint_read(store, subscription->name, &subscription->start, &found, error);

    if (status != ACTA_OK || found || !from_current) return status;
    subscription->start = acti_store_head(store);
    if (store->read_only) return ACTA_OK;
    acta_transaction *transaction = acta_transaction_create(store);
    if (transaction == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot open subscription '%s'", subscription->name);
    acta_transaction_checkpoint(transaction, subscription->name, subscription->start);
    return acta_store_submit(store, transaction, NULL, NULL, error);
}

acta_status
acta_subscription_open(
    acta_store *store, const acta_subscription_config *config, acta_subscription **subscription_out, acta_error *error)
{
    const acta_allocator *allocator = &store->environment.allocator;
    acta_status status = check_config(config, error);

    if (status != ACTA_OK) return status;
    acta_subscription *subscription = allocator->alloc(allocator->user, sizeof *subscription);
    if (subscription == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot open subscription '%s'", config->name);
    memset(subscription, 0, sizeof *subscription);
    subscription->store = store;
    subscription->ready = config->ready;
    subscription->user = config->user;
    subscription->window = config->window == 0 ? ACTA_WINDOW_DEFAULT : config->window;
    strcpy(subscription->name, config->name);
    acti_name_cache_init(&subscription->names, store);
    subscription->flight = allocator->alloc(allocator->user, subscription->window * sizeof *subscription->flight);
    if (subscription->flight == NULL)
        status = acta_error_set(error, ACTA_NO_MEMORY, "cannot open subscription '%s'", config->name);
    if (status == ACTA_OK) status = copy_types(subscription, config, error);
    if (status == ACTA_OK) status = find_start(subscription, config->from_current, error);
    if (status == ACTA_OK) status = join_list(subscription, error);
    if (status != ACTA_OK) {
        subscription_free(subscription);
        return status;
    }
    subscription->replayed = acti_store_head(store);
    atomic_init(&subscription->looked, subscription->start);
    atomic_init(&subscription->passed, subscription->start);
    *subscription_out = subscription;
    return ACTA_OK;
}

void
acta_subscription_close(acta_subscription *subscription)
{
    if (subscription == NULL) return;
    leave_list(subscription);
    subscription_free(subscription);
}

/* -- reading -- */

/* Where it is. Relaxed: only the reader's thread writes it. */
static uint64_t
looked_at(const acta_subscription *subscription)
{
    return atomic_load_explicit(&subscription->looked, memory_order_relaxed);
}

static void
move_on(acta_subscription *subscription, uint64_t looked)
{
    uint64_t passed = looked;

    if (subscription->flight_count > 0) passed = (subscription->flight[subscription->flight_first] & ~ACKED) - 1;
    /* Release: others that see how far we are also see what was done about those events. */
    atomic_store_explicit(&subscription->looked, looked, memory_order_release);
    atomic_store_explicit(&subscription->passed, passed, memory_order_release);
}

static void
chunk_add(acta_subscription *subscription, acta_chunk *chunk, acta_recorded event)
{
    event.replaying = event.position <= subscription->replayed;
    chunk->events[chunk->count++] = event;
}

/* From memory. False: it doesn't reach back so far. */
static bool
read_tail(acta_subscription *subscription, uint64_t head, acta_chunk *chunk, uint64_t *looked)
{
    acti_tail_entry entries[ACTA_WINDOW_DEFAULT];
    uint32_t count, room = chunk->room < ACTA_WINDOW_DEFAULT ? chunk->room : ACTA_WINDOW_DEFAULT;

    if (!acti_tail_take(&subscription->store->tail, looked_at(subscription) + 1, head, LOOK_MAX, wants, subscription,
            entries, room, &count, looked))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        chunk->slabs[chunk->slab_count++] = entries[i].slab;
        chunk_add(subscription, chunk, acti_record_in_memory(entries[i].bytes));
    }
    return true;
}

/* Copy a record and its stream's name into the chunk. */
static acta_status
chunk_copy(acta_subscription *subscription, acta_chunk *chunk, acti_record_view *view, size_t *used, acta_error *error)
{
    size_t size = acti_record_copy_size(view);
    acta_str stream = { NULL, 0 };
    acta_status status = acti_name_cache_get(&subscription->names, view->event.stream_id, &stream, error);

    if (status != ACTA_OK) return status;
    uint8_t *bytes = acti_chunk_room(chunk, size + stream.size, used);
    if (bytes == NULL)
        return acta_error_set(
            error, ACTA_NO_MEMORY, "cannot read the event at position %" PRIu64, view->event.position);

    acti_record_copy(view, bytes);
    memcpy(bytes + size, stream.data, stream.size);
    view->event.stream = acta_str_from(bytes + size, stream.size);
    view->event.type = acti_types_name(&subscription->store->types, view->type_id);
    if (view->event.type.data == NULL)
        return acta_error_set(error, ACTA_CORRUPT,
            "the event at position %" PRIu64 " has type id %" PRIu32 ", which has no name", view->event.position,
            view->type_id);
    chunk_add(subscription, chunk, view->event);
    return ACTA_OK;
}

static acta_status
need_reader(acta_subscription *subscription, uint64_t head, acta_error *error)
{
    uint64_t next = looked_at(subscription) + 1;

    if (subscription->log.left > 0 && subscription->log.next == next) return ACTA_OK;
    acti_log_reader_close(&subscription->log);
    return acti_log_reader_open(&subscription->log, subscription->store->engine, next, head, false, true, error);
}

static acta_status
read_engine(acta_subscription *subscription, uint64_t head, acta_chunk *chunk, uint64_t *looked, acta_error *error)
{
    acta_status status = need_reader(subscription, head, error);
    uint64_t position = looked_at(subscription);
    size_t used = 0, bytes = 0;

    for (uint32_t i = 0; status == ACTA_OK && i < LOOK_MAX && bytes < LOOK_BYTES_MAX && chunk->count < chunk->room &&
                         subscription->log.left > 0;
         i++) {
        acti_record_view view;
        status = acti_log_reader_next(&subscription->log, &view, error);
        if (status != ACTA_OK) break;
        bytes += acti_record_copy_size(&view);
        uint32_t type_id = view.event.kind == ACTA_RECORD_STUB ? 0 : view.type_id;
        if (wants(subscription, type_id)) status = chunk_copy(subscription, chunk, &view, &used, error);
        if (status != ACTA_OK) break;
        position++;
    }
    *looked = position;
    if (status != ACTA_OK || subscription->log.left == 0) acti_log_reader_close(&subscription->log);
    return status;
}

static acta_status
read_some(acta_subscription *subscription, uint64_t head, uint32_t count_max, acta_chunk **chunk_out, acta_error *error)
{
    uint64_t looked = looked_at(subscription);
    acta_chunk *chunk = acti_chunk_create(&subscription->store->environment.allocator, count_max);
    acta_status status = ACTA_OK;

    if (chunk == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "subscription '%s' cannot read", subscription->name);
    if (read_tail(subscription, head, chunk, &looked)) {
        acti_log_reader_close(&subscription->log);
        ACTI_COUNT(subscription->store, tail_hits, 1);
    } else {
        status = read_engine(subscription, head, chunk, &looked, error);
        ACTI_COUNT(subscription->store, tail_misses, 1);
    }
    if (status != ACTA_OK || chunk->count == 0) {
        acta_chunk_unref(chunk);
        chunk = NULL;
    }
    if (status != ACTA_OK) return status;

    for (uint32_t i = 0; chunk != NULL && i < chunk->count; i++) {
        uint32_t at = (subscription->flight_first + subscription->flight_count++) % subscription->window;
        subscription->flight[at] = chunk->events[i].position;
    }
    move_on(subscription, looked);
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

acta_status
acta_subscription_next(
    acta_subscription *subscription, uint32_t count_max, acta_chunk **chunk_out, bool *more_out, acta_error *error)
{
    uint32_t room = subscription->window - subscription->flight_count;
    uint32_t count = count_max < room ? count_max : room;
    acta_status status = ACTA_OK;

    *chunk_out = NULL;
    *more_out = false;
    /* seq_cst, as everywhere with this flag. A call of ready that is on its way comes all the same. */
    atomic_store_explicit(&subscription->thirsty, false, memory_order_seq_cst);
    if (count == 0) return ACTA_OK; /* an acknowledgement makes room */

    uint64_t head = acti_store_head(subscription->store);
    if (looked_at(subscription) < head) status = read_some(subscription, head, count, chunk_out, error);
    if (status != ACTA_OK) return status;
    if (*chunk_out != NULL && (*chunk_out)->count == count)
        *more_out = count == count_max && looked_at(subscription) < head;
    else
        *more_out = looked_at(subscription) < head || run_dry(subscription, head);
    return ACTA_OK;
}

/* -- acknowledging -- */

/* The place in the ring of a position in flight; UINT32_MAX: none. */
static uint32_t
find_flight(const acta_subscription *subscription, uint64_t position)
{
    uint32_t low = 0, high = subscription->flight_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t at = (subscription->flight_first + middle) % subscription->window;
        uint64_t found = subscription->flight[at] & ~ACKED;
        if (found == position) return at;
        if (found < position)
            low = middle + 1;
        else
            high = middle;
    }
    return UINT32_MAX;
}

acta_status
acta_subscription_ack(acta_subscription *subscription, uint64_t position)
{
    uint32_t at = find_flight(subscription, position);

    if (at == UINT32_MAX || (subscription->flight[at] & ACKED) != 0) return ACTA_INVALID;
    subscription->flight[at] |= ACKED;
    while (subscription->flight_count > 0 && (subscription->flight[subscription->flight_first] & ACKED) != 0) {
        subscription->flight_first = (subscription->flight_first + 1) % subscription->window;
        subscription->flight_count--;
    }
    move_on(subscription, looked_at(subscription));
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

/* -- waking -- */

/* Take those that wait, at most WAKE_CHUNK; each is held by a call. */
static uint32_t
take_thirsty(acta_store *store, acta_subscription **taken)
{
    uint32_t count = 0;

    acti_monitor_enter(&store->subscriptions_lock);
    for (acta_subscription *s = store->subscriptions; s != NULL && count < WAKE_CHUNK; s = s->next) {
        if (s->ready == NULL || !atomic_load_explicit(&s->thirsty, memory_order_seq_cst)) continue;
        if (!atomic_exchange_explicit(&s->thirsty, false, memory_order_seq_cst)) continue;
        s->calls++;
        taken[count++] = s;
    }
    acti_monitor_leave(&store->subscriptions_lock);
    return count;
}

void
acti_subscriptions_wake(acta_store *store)
{
    acta_subscription *taken[WAKE_CHUNK];
    uint32_t count;

    if (atomic_load_explicit(&store->subscription_count, memory_order_seq_cst) == 0) return;
    do {
        count = take_thirsty(store, taken);
        for (uint32_t i = 0; i < count; i++)
            taken[i]->ready(taken[i]->user);
        if (count == 0) return;
        acti_monitor_enter(&store->subscriptions_lock);
        for (uint32_t i = 0; i < count; i++)
            taken[i]->calls--;
        acti_monitor_wake(&store->subscriptions_lock);
        acti_monitor_leave(&store->subscriptions_lock);
    } while (count == WAKE_CHUNK);
}
