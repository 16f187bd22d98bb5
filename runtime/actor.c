/*
 * Actors as memory: their slots (laid out in slot.h), and the tables that an actor has for its references, requests and links.
 *
 * A slot is made once and used again and again; each use has the next generation. A free slot's mailbox goes on
 * working: a message that comes late finds a generation that isn't its own and is dropped by whoever runs the slot. So
 * a slot is taken for a new actor only by taking the IDLE bit off its mailbox. After the last generation it is retired.
 *
 *     a worker's spawns and ends <-> its pile, up to 64 <- 32 at a time -> the list of all <-> other threads' spawns
 */
#include "internal.h"

/* The state is cleared when there is one: a slot's memory is touched as late as can be. */
static void
init_slot(acta_runtime *runtime, acti_actor *actor, uint32_t index)
{
    memset(actor, 0, sizeof *actor);
    acti_mailbox_init(actor);
    atomic_init(&actor->life, 0);
    actor->runtime = runtime;
    actor->index = index;

    acti_side *side = acti_side_of(actor);
    memset(side, 0, sizeof *side);
    side->wake.kind = ACTI_WAKE;
    atomic_init(acti_peak_of(actor), 0);
}

/* Free slots are linked by `state`: a free slot's turn, for a late message, has none. The list of all is under actor_lock. */
static acti_actor *
pop_free(acta_runtime *runtime)
{
    acti_actor *actor = runtime->actor_free_first;

    if (actor == NULL) return NULL;
    runtime->actor_free_first = actor->state;
    actor->state = NULL;
    if (runtime->actor_free_first == NULL) runtime->actor_free_last = NULL;
    runtime->actor_free_count--;
    return actor;
}

static void
push_free(acta_runtime *runtime, acti_actor *actor)
{
    actor->state = NULL;
    if (runtime->actor_free_last != NULL)
        runtime->actor_free_last->state = actor;
    else
        runtime->actor_free_first = actor;
    runtime->actor_free_last = actor;
    runtime->actor_free_count++;
}

/* A free slot whose mailbox is ours; the ones that somebody runs just now, for a late message, stay in the list. */
static acti_actor *
claim_free(acta_runtime *runtime)
{
    for (uint32_t tries = runtime->actor_free_count < 4 ? runtime->actor_free_count : 4; tries > 0; tries--) {
        acti_actor *actor = pop_free(runtime);
        if (acti_mailbox_try_claim(actor)) return actor;
        push_free(runtime, actor);
    }
    return NULL;
}

/* Under the lock: a slot that never was used; NULL: no memory, or the limit. */
static acti_actor *
make_slot(acta_runtime *runtime, bool *full_out)
{
    uint32_t index;

    if (!acti_table_grow(&runtime->actors, &runtime->environment.allocator, &index, full_out)) return NULL;
    if (runtime->is_manual && !acti_ready_reserve(runtime, index + 1)) return NULL;
    acti_actor *actor = acti_actor_slot(runtime, index);
    init_slot(runtime, actor, index);
    acti_table_publish(&runtime->actors);
    return actor;
}

/* -- a worker's pile: the slots that it used last, so that most spawns and ends take no lock -- */

enum { PILE_MAX = 64, PILE_MOVED = 32 /* at a time, between a pile and the list of all */ };

/* NULL: none for this thread. Near the limit there are none, so that no slot is kept from who needs it. */
static inline acti_worker *
pile_of(const acti_context *here, const acta_runtime *runtime)
{
    if (here == NULL || here->worker == NULL) return NULL;
    /* relaxed: a hint. */
    uint32_t high = atomic_load_explicit(&runtime->actors.high, memory_order_relaxed);
    return high < runtime->actors.count_max / 2 ? here->worker : NULL;
}

static void
pile_push(acti_worker *worker, acti_actor *actor)
{
    actor->state = worker->slot_first;
    worker->slot_first = actor;
    worker->slot_count++;
}

static acti_actor *
pile_pop(acti_worker *worker)
{
    acti_actor *actor = worker->slot_first;

    if (actor == NULL) return NULL;
    worker->slot_first = actor->state;
    actor->state = NULL;
    worker->slot_count--;
    /* The next spawn's is in no cache when another worker had it last. */
    if (worker->slot_first != NULL) acti_actor_fetch(worker->slot_first);
    return actor;
}

/* Under the lock. New slots only when none is free: a burst takes what has ended before it takes more memory. */
static void
fill_pile(acta_runtime *runtime, acti_worker *worker)
{
    acti_actor *actor;
    uint32_t count = 0;
    bool full;

    while (count < PILE_MOVED && (actor = pop_free(runtime)) != NULL) {
        pile_push(worker, actor);
        count++;
    }
    if (count != 0) return;
    while (count < PILE_MOVED && (actor = make_slot(runtime, &full)) != NULL) {
        pile_push(worker, actor);
        count++;
    }
}

static acti_actor *
take_from_pile(acta_runtime *runtime, acti_worker *worker)
{
    acti_actor *actor = pile_pop(worker);

    if (actor == NULL) {
        acti_mutex_lock(&runtime->actor_lock);
        fill_pile(runtime, worker);
        acti_mutex_unlock(&runtime->actor_lock);
        actor = pile_pop(worker);
    }
    if (actor == NULL || acti_mailbox_try_claim(actor)) return actor;
    acti_mutex_lock(&runtime->actor_lock); /* somebody runs it, for a late message */
    push_free(runtime, actor);
    acti_mutex_unlock(&runtime->actor_lock);
    return NULL;
}

static acti_actor *
take_from_all(acta_runtime *runtime, bool *full_out)
{
    acti_mutex_lock(&runtime->actor_lock);
    acti_actor *actor = claim_free(runtime);
    if (actor == NULL) {
        actor = make_slot(runtime, full_out);
        bool claimed = actor == NULL || acti_mailbox_try_claim(actor);
        ACTI_ASSERT(claimed);
        (void)claimed;
    }
    acti_mutex_unlock(&runtime->actor_lock);
    return actor;
}

acti_actor *
acti_actor_take(acta_runtime *runtime, bool *full_out)
{
    acti_worker *worker = pile_of(acti_context_here(runtime), runtime);

    *full_out = false;
    acti_actor *actor = worker != NULL ? take_from_pile(runtime, worker) : NULL;
    if (actor == NULL) actor = take_from_all(runtime, full_out);
    if (actor == NULL) return NULL;
    actor->listed = false;
    if (!ACTA_PLANT("generation_kept") || actor->generation == 0) actor->generation++;
    ACTI_ASSERT(actor->generation != 0);
    return actor;
}

/* The slot's mailbox may be anybody's by now: only the list is touched. */
void
acti_actor_give_back(acti_context *here, acti_actor *actor)
{
    acta_runtime *runtime = actor->runtime;
    acti_worker *worker = pile_of(here, runtime);

    if (worker != NULL && worker->slot_count < PILE_MAX) {
        pile_push(worker, actor);
        return;
    }
    acti_mutex_lock(&runtime->actor_lock);
    push_free(runtime, actor);
    for (uint32_t i = 0; worker != NULL && i < PILE_MOVED; i++)
        push_free(runtime, pile_pop(worker));
    acti_mutex_unlock(&runtime->actor_lock);
}

void
acti_actor_drop_new(acti_actor *actor)
{
    acti_context *here = acti_context_here(actor->runtime);

    actor->listed = true;
    if (acti_mailbox_try_idle(here, actor))
        acti_actor_give_back(here, actor);
    else {
        actor->listed = false;
        acti_reschedule(actor); /* a late message for the one before: its turn lists the slot */
    }
}

/* After the last thread: what the mailboxes still keep. */
void
acti_actors_deinit(acta_runtime *runtime)
{
    uint32_t high = atomic_load_explicit(&runtime->actors.high, memory_order_relaxed); /* no thread is left */

    for (uint32_t i = 0; i < high; i++) {
        acti_actor *actor = acti_actor_slot(runtime, i);
        acti_mailbox_detach(actor);
        acti_free(runtime, acti_side_of(actor)->idle, sizeof(acti_idle));
    }
    acti_table_deinit(&runtime->actors, &runtime->environment.allocator);
}

/* A sanitizer is to see a state's end. */
static bool
is_inline(size_t size)
{
    return !ACTI_IS_SANITIZED && size <= ACTI_STATE_INLINE_MAX;
}

/* Cleared. False: no memory. */
bool
acti_actor_make_state(acti_actor *actor, size_t size)
{
    if (is_inline(size))
        actor->state = acti_slots_of(actor)->states[actor->index % ACTI_SLOT_GROUP];
    else
        actor->state = acti_alloc(actor->runtime, size);
    if (actor->state == NULL) return false;
    memset(actor->state, 0, size);
    return true;
}

void
acti_actor_drop_state(acti_actor *actor)
{
    size_t size = actor->behaviour->state_size;

    if (!is_inline(size)) acti_free(actor->runtime, actor->state, size);
    actor->state = NULL;
}

acti_idle *
acti_actor_idle(acti_actor *actor)
{
    acti_side *side = acti_side_of(actor);

    if (side->idle != NULL) return side->idle;
    acti_idle *idle = acti_alloc(actor->runtime, sizeof *idle);
    if (idle == NULL) return NULL;
    memset(idle, 0, sizeof *idle);
    acti_timer_init(&idle->idle_timer, ACTI_TIMER_IDLE);
    idle->idle_node.kind = ACTI_IDLE;
    idle->idle_node.generation = actor->generation;
    idle->actor = actor;
    side->idle = idle;
    actor->sided = true;
    return idle;
}

acti_relations *
acti_actor_relations(acti_actor *actor)
{
    acti_side *side = acti_side_of(actor);

    if (side->relations != NULL) return side->relations;
    acti_relations *relations = acti_alloc(actor->runtime, sizeof *relations);
    if (relations == NULL) return NULL;
    *relations = (acti_relations){ .refs = NULL };
    side->relations = relations;
    actor->sided = true;
    return relations;
}

acta_exit_reason *
acti_exit_reason_of(const acti_actor *actor)
{
    acti_relations *r = acti_relations_of(actor);

    return r != NULL ? r->exit_reason : NULL;
}

/* Made, if it isn't there; NULL: no memory. */
acta_exit_reason *
acti_exit_reason_room(acti_actor *actor)
{
    acti_relations *r = acti_actor_relations(actor);

    if (r == NULL) return NULL;
    if (r->exit_reason == NULL) r->exit_reason = acti_alloc(actor->runtime, sizeof *r->exit_reason);
    return r->exit_reason;
}

void
acti_exit_reason_free(acti_actor *actor)
{
    acti_relations *r = acti_relations_of(actor);

    if (r == NULL) return;
    acti_free(actor->runtime, r->exit_reason, sizeof *r->exit_reason);
    r->exit_reason = NULL;
}

void
acti_relations_free(acti_actor *actor)
{
    acta_runtime *runtime = actor->runtime;
    acti_relations *r = acti_relations_of(actor);

    if (r == NULL) return;
    acti_sys_free(actor);
    acti_alarms_free(actor);
    acti_free(runtime, r->unhandled, r->unhandled_capacity * sizeof *r->unhandled);
    acti_free(runtime, r->refs, r->ref_capacity * sizeof *r->refs);
    acti_free(runtime, r->link_chains, r->link_chain_count * sizeof(acti_link *));
    acti_free(runtime, r->open, r->open_capacity * sizeof *r->open);
    acti_free(runtime, r, sizeof *r);
    acti_side_of(actor)->relations = NULL;
}

/* -- references: serial << 32 | index + 1, so that a used one is known from its successor in the same place -- */

static uint32_t
take_ref_index(acti_actor *actor, acti_relations *r)
{
    if (r->ref_free != 0) {
        uint32_t index = r->ref_free - 1;
        r->ref_free = r->refs[index].next_free;
        return index;
    }
    if (r->ref_count == r->ref_capacity &&
        !acti_array_grow(actor->runtime, (void **)&r->refs, &r->ref_capacity, 8, sizeof *r->refs))
        return UINT32_MAX;
    return r->ref_count++;
}

acta_ref
acti_ref_add(acti_actor *actor, acti_ref_kind kind, void *object, uint64_t stamp)
{
    acti_relations *r = acti_actor_relations(actor);
    uint32_t index = r != NULL ? take_ref_index(actor, r) : UINT32_MAX;

    if (index == UINT32_MAX) return (acta_ref){ 0 };
    acti_ref_entry *entry = &r->refs[index];
    if (entry->serial < r->ref_serial) entry->serial = r->ref_serial; /* new, and another table was here before */
    entry->serial++;
    r->ref_used++;
    entry->kind = kind;
    entry->object = object;
    entry->stamp = stamp;
    return (acta_ref){ (uint64_t)entry->serial << 32 | (index + 1) };
}

acti_ref_entry *
acti_ref_find(acti_actor *actor, acta_ref ref, acti_ref_kind kind)
{
    acti_relations *r = acti_relations_of(actor);
    uint32_t index = (uint32_t)ref.value - 1;

    if (r == NULL || (uint32_t)ref.value == 0 || index >= r->ref_count) return NULL;
    acti_ref_entry *entry = &r->refs[index];
    return entry->kind == kind && entry->serial == (uint32_t)(ref.value >> 32) ? entry : NULL;
}

void
acti_ref_remove(acti_actor *actor, acta_ref ref)
{
    acti_relations *r = acti_relations_of(actor);
    acti_ref_entry *entry = &r->refs[(uint32_t)ref.value - 1];

    r->ref_used--;
    entry->kind = ACTI_REF_FREE;
    entry->object = NULL;
    entry->next_free = r->ref_free;
    r->ref_free = (uint32_t)ref.value;
}

/* No reference is in use: the table goes, and the next begins above all serials of this one. */
static void
free_refs(acti_actor *actor, acti_relations *r)
{
    for (uint32_t i = 0; i < r->ref_count; i++) {
        if (r->refs[i].serial > r->ref_serial) r->ref_serial = r->refs[i].serial;
    }
    acti_free(actor->runtime, r->refs, r->ref_capacity * sizeof *r->refs);
    r->refs = NULL;
    r->ref_count = r->ref_capacity = r->ref_free = 0;
}

/* -- requests that wait for a later answer: a ring, mostly answered in order -- */

static acti_open *
open_at(acti_relations *r, uint32_t i)
{
    return &r->open[(r->open_first + i) % r->open_capacity];
}

static void
drop_answered_from_the_front(acti_relations *r)
{
    while (r->open_count > 0 && !acti_call_is_pending(open_at(r, 0)->call, open_at(r, 0)->generation)) {
        r->open_first = (r->open_first + 1) % r->open_capacity;
        r->open_count--;
    }
}

static void
drop_answered(acti_relations *r)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < r->open_count; i++) {
        acti_open open = *open_at(r, i);
        if (acti_call_is_pending(open.call, open.generation)) *open_at(r, kept++) = open;
    }
    r->open_count = kept;
}

/* Twice the room; the ring is laid out from its start. */
static bool
widen_open(acti_actor *actor, acti_relations *r)
{
    uint32_t wider = r->open_capacity == 0 ? 8 : r->open_capacity * 2;
    acti_open *grown = acti_alloc(actor->runtime, wider * sizeof *grown);

    if (grown == NULL) return false;
    for (uint32_t i = 0; i < r->open_count; i++)
        grown[i] = *open_at(r, i);
    acti_free(actor->runtime, r->open, r->open_capacity * sizeof *r->open);
    r->open = grown;
    r->open_capacity = wider;
    r->open_first = 0;
    return true;
}

/* Remember a request until it is answered, so that the actor's end answers it. False: no memory. */
bool
acti_open_add(acti_actor *actor, acta_from from)
{
    acti_relations *r = acti_actor_relations(actor);

    if (r == NULL) return false;
    drop_answered_from_the_front(r);
    if (r->open_count == r->open_capacity) {
        drop_answered(r);
        if (r->open_count > r->open_capacity / 2 || r->open_capacity == 0) {
            if (!widen_open(actor, r) && r->open_count == r->open_capacity) return false;
        }
    }
    *open_at(r, r->open_count++) = (acti_open){ (acti_call *)(uintptr_t)from.a, from.b };
    return true;
}

void
acti_actor_trim(acti_actor *actor)
{
    acta_runtime *runtime = actor->runtime;
    acti_relations *r = acti_relations_of(actor);

    if (r == NULL) return;
    acti_exit_reason_free(actor);
    drop_answered(r);
    if (r->open_count == 0) {
        acti_free(runtime, r->open, r->open_capacity * sizeof *r->open);
        r->open = NULL;
        r->open_capacity = r->open_first = 0;
    }
    if (acti_side_of(actor)->links == NULL) {
        acti_free(runtime, r->link_chains, r->link_chain_count * sizeof(acti_link *));
        r->link_chains = NULL;
        r->link_chain_count = 0;
    }
    if (r->ref_used == 0) free_refs(actor, r);
    acti_alarms_trim(actor);
    if (!ACTI_IS_NOTED(actor) && (actor->odd & (ACTI_ODD_SUSPENDED | ACTI_ODD_WAITING)) == 0) acti_sys_free(actor);
}

/* What is handed over first is mostly what came first. */
void
acta_hand_over(acta_self *self, acta_from from)
{
    acti_relations *r = acti_relations_of(self);
    acta_from *answering = &acti_current->answering;

    if (answering->a == from.a && answering->b == from.b) {
        *answering = (acta_from){ 0, 0 };
        return;
    }
    if (r == NULL) return;
    drop_answered_from_the_front(r);
    for (uint32_t i = 0; i < r->open_count; i++) {
        acti_open *open = open_at(r, i);
        if ((uint64_t)(uintptr_t)open->call != from.a || open->generation != from.b) continue;
        open->generation = 0; /* no call has that: it counts as answered */
        return;
    }
}
