/*
 * The wheel: what is due when, for all of a runtime, in ticks of 1 ms.
 *
 *     near: 1,024 slots of 1 tick | far 1: 64 slots of 256 | far 2: 64 of 4,096 | … each 16 times as long
 *
 * An item lies at the first level that reaches as far as it is away. To put in and to take out is a few stores under one
 * lock. An item's tick is its deadline rounded up, and a tick is due when the clock has passed it: never early.
 *
 * A slot may hold a million items, so none is emptied in one go. A far one goes down beginning one slot's length before
 * its time, a piece a tick: what is due meanwhile isn't late for it. A near one is fired in pieces, with the lock free
 * between them, and after some thousands the thread goes back to its actors; the wheel's time stands still until the
 * slot is empty.
 *
 * Timers that are set again and again (an idle time after each turn, a call's deadline) are lazy: setting one later only
 * writes its deadline. When the wheel comes to it, it looks at the deadline and moves it on.
 *
 * Who watches the clock: workers between turns, and one of the parked ones (parking.c). Not here: what handlers call
 * (timer.c).
 */
#include "internal.h"

enum { NS_PER_TICK = 1000000, NEAR_MASK = ACTI_WHEEL_NEAR - 1, SLOT_MASK = ACTI_WHEEL_SLOTS - 1 };

acta_status
acti_wheel_init(acta_runtime *runtime)
{
    acti_wheel *wheel = &runtime->wheel;

    if (!acti_mutex_init(&wheel->lock)) return ACTA_NO_MEMORY;
    wheel->now_tick = acti_now_ns(runtime) / NS_PER_TICK;
    atomic_init(&wheel->next_ns, UINT64_MAX);
    return ACTA_OK;
}

void
acti_wheel_deinit(acta_runtime *runtime)
{
    acti_mutex_deinit(&runtime->wheel.lock);
}

void
acti_timer_init(acti_timer *timer, acti_timer_kind kind)
{
    memset(timer, 0, sizeof *timer);
    timer->item.kind = (uint8_t)kind;
    atomic_init(&timer->armed_ns, 0);
    atomic_init(&timer->deadline_ns, 0);
}

static uint64_t
tick_of(uint64_t deadline_ns)
{
    return deadline_ns / NS_PER_TICK + (deadline_ns % NS_PER_TICK != 0 && !ACTA_PLANT("timer_early"));
}

/* A far level's slots are 1 << shift ticks long. */
static int
shift_of(int level)
{
    return 8 + 4 * level;
}

static void
link_in(acti_wheel *wheel, acti_wheel_item *item, uint32_t slot)
{
    acti_wheel_item **first = &wheel->slots[slot];

    item->slot = (uint16_t)slot;
    item->prev = NULL;
    item->next = *first;
    if (item->next != NULL) item->next->prev = item;
    *first = item;
    item->is_in = true;
}

/* Under the lock. The first tick at which the wheel must look at it. One that has passed goes into the next tick. */
static uint64_t
put_in(acti_wheel *wheel, acti_wheel_item *item)
{
    uint64_t now = wheel->now_tick, tick = tick_of(item->due_ns);

    if (tick <= now) tick = now + 1;
    if (ACTI_LIKELY(tick - now < ACTI_WHEEL_NEAR)) {
        uint32_t at = (uint32_t)tick & NEAR_MASK;
        wheel->near[at / 64] |= UINT64_C(1) << at % 64;
        wheel->near_words |= UINT64_C(1) << at / 64;
        link_in(wheel, item, at);
        return tick;
    }

    int level = 0;
    while (level < ACTI_WHEEL_FAR - 1 && (tick - now) >> shift_of(level) >= SLOT_MASK)
        level++;
    uint64_t farthest = now + ((uint64_t)(SLOT_MASK - 1) << shift_of(level));
    if (tick > farthest && level == ACTI_WHEEL_FAR - 1) tick = farthest; /* on the way it is looked at again */
    uint64_t number = tick >> shift_of(level);
    uint32_t at = (uint32_t)number & SLOT_MASK;
    wheel->far[level] |= UINT64_C(1) << at;
    link_in(wheel, item, ACTI_WHEEL_NEAR + (uint32_t)level * ACTI_WHEEL_SLOTS + at);
    return (number - 1) << shift_of(level);
}

/* True: its slot is empty now. */
static bool
take_out(acti_wheel *wheel, acti_wheel_item *item)
{
    uint32_t slot = item->slot;

    item->is_in = false;
    if (item->next != NULL) item->next->prev = item->prev;
    if (item->prev != NULL) {
        item->prev->next = item->next;
        return false;
    }
    wheel->slots[slot] = item->next;
    if (item->next != NULL) return false;
    if (slot >= ACTI_WHEEL_NEAR) {
        slot -= ACTI_WHEEL_NEAR;
        wheel->far[slot / ACTI_WHEEL_SLOTS] &= ~(UINT64_C(1) << slot % ACTI_WHEEL_SLOTS);
        return true;
    }
    wheel->near[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    if (wheel->near[slot / 64] == 0) wheel->near_words &= ~(UINT64_C(1) << slot / 64);
    return true;
}

/* The first bit that is set from `from` on, round a row of `count` bits, at most 64: how far it is. */
static uint32_t
bits_ahead(uint64_t bits, uint32_t from, uint32_t count)
{
    uint64_t behind = bits >> from;

    return behind != 0 ? (uint32_t)__builtin_ctzll(behind) : count - from + (uint32_t)__builtin_ctzll(bits);
}

/* The first near tick, from now on, that holds an item. False: none does. */
static bool
find_near(const acti_wheel *wheel, uint64_t *tick_out)
{
    enum { WORDS = ACTI_WHEEL_NEAR / 64 };
    uint32_t here = (uint32_t)wheel->now_tick & NEAR_MASK, word = here / 64;
    uint64_t rest = wheel->near[word] >> here % 64;

    if (wheel->near_words == 0) return false;
    *tick_out = wheel->now_tick;
    if (rest != 0) {
        *tick_out += (uint64_t)__builtin_ctzll(rest);
        return true;
    }
    uint32_t next = (word + 1) % WORDS;
    uint32_t words = bits_ahead(wheel->near_words, next, WORDS);
    *tick_out += 64 - here % 64 + words * UINT64_C(64) + (uint64_t)__builtin_ctzll(wheel->near[(next + words) % WORDS]);
    return true;
}

/* The first slot of a far level that holds an item: the first tick in it. There is one. */
static uint64_t
far_slot_tick(const acti_wheel *wheel, int level)
{
    int shift = shift_of(level);
    uint64_t number = wheel->now_tick >> shift;

    return (number + bits_ahead(wheel->far[level], (uint32_t)number & SLOT_MASK, ACTI_WHEEL_SLOTS)) << shift;
}

/* When that slot is to be looked at: a slot's length before, or when its next piece is due; at last at its own time. */
static uint64_t
far_look_tick(const acti_wheel *wheel, int level, uint64_t slot_tick)
{
    uint64_t look = slot_tick - (UINT64_C(1) << shift_of(level));

    if (look < wheel->far_again[level]) look = wheel->far_again[level];
    return look < slot_tick ? look : slot_tick;
}

/* What comes first: its level, -1 for near ones, and when. Far slots come before near ones of the same tick. */
static bool
find_next(const acti_wheel *wheel, int *level_out, uint64_t *tick_out)
{
    bool any = find_near(wheel, tick_out);

    *level_out = -1;
    for (int level = 0; level < ACTI_WHEEL_FAR; level++) {
        if (ACTI_LIKELY(wheel->far[level] == 0)) continue;
        uint64_t tick = far_look_tick(wheel, level, far_slot_tick(wheel, level));
        if (any && tick > *tick_out) continue;
        *tick_out = tick;
        *level_out = level;
        any = true;
    }
    return any;
}

/* Under the lock: tell the workers until when nothing is due. */
static void
publish_next(acti_wheel *wheel)
{
    uint64_t tick = 0;
    int level;
    uint64_t next_ns = find_next(wheel, &level, &tick) ? tick * NS_PER_TICK : UINT64_MAX;

    /* seq_cst: a worker about to park reads it after it is known as parked; see acti_notify_timer. */
    atomic_store_explicit(&wheel->next_ns, next_ns, memory_order_seq_cst);
}

/* Under the lock. True: `tick` is when to look next now, and a sleeping timekeeper must know. */
static bool
publish_tick(acti_wheel *wheel, uint64_t tick)
{
    uint64_t next_ns = atomic_load_explicit(&wheel->next_ns, memory_order_relaxed); /* written under the lock */

    if (tick * NS_PER_TICK >= next_ns) return false;
    atomic_store_explicit(&wheel->next_ns, tick * NS_PER_TICK, memory_order_seq_cst); /* see publish_next */
    return true;
}

void
acti_wheel_put(acta_runtime *runtime, acti_wheel_item *first)
{
    acti_wheel *wheel = &runtime->wheel;
    uint64_t soonest = UINT64_MAX;

    acti_mutex_lock(&wheel->lock);
    for (acti_wheel_item *item = first, *next; item != NULL; item = next) {
        next = item->next;
        uint64_t tick = put_in(wheel, item);
        if (tick < soonest) soonest = tick;
    }
    bool sooner = first != NULL && publish_tick(wheel, soonest);
    acti_mutex_unlock(&wheel->lock);
    if (sooner) acti_notify_timer(runtime);
}

bool
acti_wheel_withdraw(acta_runtime *runtime, acti_wheel_item *item)
{
    acti_wheel *wheel = &runtime->wheel;

    acti_mutex_lock(&wheel->lock);
    bool in_time = item->is_in;
    if (in_time && take_out(wheel, item)) publish_next(wheel);
    acti_mutex_unlock(&wheel->lock);
    return in_time;
}

/* -- lazy timers -- */

/* Under the lock: as in acti_timer_set. The tick to look at it. */
static uint64_t
put_lazy(acti_wheel *wheel, acti_timer *timer, uint64_t deadline_ns)
{
    atomic_store_explicit(&timer->armed_ns, deadline_ns, memory_order_seq_cst);
    timer->item.due_ns = deadline_ns;
    return put_in(wheel, &timer->item);
}

void
acti_timer_set(acta_runtime *runtime, acti_timer *timer, uint64_t deadline_ns)
{
    acti_wheel *wheel = &runtime->wheel;
    bool sooner = false;

    /* seq_cst, both: the wheel that takes the timer out writes armed_ns and then reads deadline_ns. One of us sees the
     * other: either it moves the timer on to this deadline, or we see 0 and put it in. */
    atomic_store_explicit(&timer->deadline_ns, deadline_ns, memory_order_seq_cst);
    uint64_t armed_ns = atomic_load_explicit(&timer->armed_ns, memory_order_seq_cst);
    if (ACTI_LIKELY(armed_ns != 0 && armed_ns <= deadline_ns)) return;

    acti_mutex_lock(&wheel->lock);
    armed_ns = atomic_load_explicit(&timer->armed_ns, memory_order_relaxed); /* written under the lock */
    if (armed_ns == 0 || armed_ns > deadline_ns) {
        if (timer->item.is_in) take_out(wheel, &timer->item);
        sooner = publish_tick(wheel, put_lazy(wheel, timer, deadline_ns));
    }
    acti_mutex_unlock(&wheel->lock);
    if (sooner) acti_notify_timer(runtime);
}

bool
acti_idle_receive(acti_actor *actor)
{
    acti_idle *idle = acti_side_of(actor)->idle;

    /* acq_rel: see acti_push_idle. The deadline is relaxed: only the owner writes it. */
    atomic_exchange_explicit(&idle->idle_queued, false, memory_order_acq_rel);
    uint64_t deadline_ns = atomic_load_explicit(&idle->idle_timer.deadline_ns, memory_order_relaxed);
    return acti_now_ns(actor->runtime) >= deadline_ns;
}

/* The idle time is over. By the wheel, or in the actor's own turn. */
void
acti_push_idle(acti_actor *actor)
{
    /* The one before may lie in the mailbox of an actor that is late for its turn. acq_rel: pairs with the owner, who has
     * taken the node out when it clears this. */
    acti_idle *idle = acti_side_of(actor)->idle;
    if (!atomic_exchange_explicit(&idle->idle_queued, true, memory_order_acq_rel))
        acti_push_signal(actor, idle->idle_node.generation, &idle->idle_node, ACTI_IDLE);
}

void
acti_timer_forget(acta_runtime *runtime, acti_timer *timer)
{
    acti_wheel *wheel = &runtime->wheel;

    atomic_store_explicit(&timer->deadline_ns, 0, memory_order_seq_cst); /* as in acti_timer_set */
    acti_mutex_lock(&wheel->lock);
    if (timer->item.is_in && take_out(wheel, &timer->item)) publish_next(wheel);
    atomic_store_explicit(&timer->armed_ns, 0, memory_order_seq_cst);
    acti_mutex_unlock(&wheel->lock);
}

/* -- firing -- */

enum {
    EXPIRED_MAX = 64, /* calls for one hold of the lock */
    PIECE_MAX = 1024, /* items for one hold of the lock, and of a far slot for a tick */
    FIRED_MAX = 16384 /* items, until the thread looks at its actors again */
};

typedef struct expired_call {
    acti_call *call;
    uint64_t generation;
} expired_call;

typedef struct firing {
    uint64_t now_ns;
    expired_call *calls; /* EXPIRED_MAX; completed after the lock is released: they run what the user gave */
    uint32_t call_count;
    uint32_t fired_count;
    uint32_t piece_count; /* taken out of the wheel since the lock was taken */
    acti_actor *actor;    /* for whom these alarms are, one behind the other */
    acti_node *first, *last;
} firing;

/*
 * Out of the wheel, a lazy timer: what is its deadline now? 0: none, or its call isn't pending any more.
 * seq_cst as in acti_timer_set: whoever sets it from here on sees armed_ns 0 and puts it in. For a call, the deadline
 * is that of the generation in *state_out.
 */
static uint64_t
real_deadline(acti_timer *timer, uint64_t *state_out)
{
    atomic_store_explicit(&timer->armed_ns, 0, memory_order_seq_cst);
    if (timer->item.kind == ACTI_TIMER_IDLE) return atomic_load_explicit(&timer->deadline_ns, memory_order_seq_cst);

    acti_call *call = ACTI_CONTAINER(timer, acti_call, timer);
    uint64_t state = atomic_load_explicit(&call->state, memory_order_seq_cst);
    uint64_t deadline_ns, before;
    do {
        before = state;
        deadline_ns = atomic_load_explicit(&timer->deadline_ns, memory_order_seq_cst);
        state = atomic_load_explicit(&call->state, memory_order_seq_cst);
    } while (state != before);
    *state_out = state;
    return (state & 3) == ACTI_CALL_PENDING ? deadline_ns : 0;
}

static void
fire_lazy(acti_wheel *wheel, acti_timer *timer, firing *f)
{
    uint64_t state = 0;
    uint64_t deadline_ns = real_deadline(timer, &state);

    if (deadline_ns == 0) return;
    if (deadline_ns > f->now_ns) {
        put_lazy(wheel, timer, deadline_ns);
        return;
    }
    f->fired_count++;
    if (timer->item.kind == ACTI_TIMER_CALL) {
        f->calls[f->call_count++] = (expired_call){ ACTI_CONTAINER(timer, acti_call, timer), state >> 2 };
        return;
    }
    acti_push_idle(ACTI_CONTAINER(timer, acti_idle, idle_timer)->actor);
}

static void
push_alarms(firing *f)
{
    if (f->actor == NULL) return;
    if (acti_mailbox_push_all(f->actor, f->first, f->last)) acti_schedule(f->actor);
    f->actor = NULL;
}

/* Those of one actor in a row go into its mailbox by one push. */
static void
fire_alarm(acti_alarm *alarm, firing *f)
{
    acti_actor *actor = alarm->actor;
    acti_node *node = &alarm->node;

    node->kind = ACTI_TIMER;
    node->generation = actor->generation; /* it hasn't ended: it would have taken the alarm out */
    f->fired_count++;
    if (actor != f->actor) {
        push_alarms(f);
        f->actor = actor;
        f->first = node;
    } else
        atomic_store_explicit(&f->last->next, node, memory_order_relaxed); /* published by the push */
    f->last = node;
}

/* Under the lock: some of the near slot whose tick it is. */
static void
fire_slot(acti_wheel *wheel, firing *f)
{
    acti_wheel_item **slot = &wheel->slots[wheel->now_tick & NEAR_MASK];

    while (*slot != NULL && f->call_count < EXPIRED_MAX && f->piece_count < PIECE_MAX) {
        acti_wheel_item *item = *slot;
        take_out(wheel, item);
        f->piece_count++;
        if (item->kind == ACTI_TIMER_ALARM)
            fire_alarm(ACTI_CONTAINER(item, acti_alarm, item), f);
        else
            fire_lazy(wheel, ACTI_CONTAINER(item, acti_timer, item), f);
    }
}

/* Under the lock: some of a far slot goes down; the rest with the next tick, unless it is high time. */
static void
empty_slot(acti_wheel *wheel, int level, firing *f)
{
    uint64_t tick = far_slot_tick(wheel, level), number = tick >> shift_of(level);
    acti_wheel_item **slot =
        &wheel->slots[ACTI_WHEEL_NEAR + (uint32_t)level * ACTI_WHEEL_SLOTS + ((uint32_t)number & SLOT_MASK)];

    for (uint32_t i = 0; *slot != NULL && i < PIECE_MAX; i++, f->piece_count++) {
        acti_wheel_item *item = *slot;
        take_out(wheel, item);
        put_in(wheel, item);
    }
    wheel->far_again[level] = *slot != NULL ? wheel->now_tick + 1 : 0;
}

/* Under the lock: a piece of the first slot that is due. False: none is, or it is enough for this hold. */
static bool
advance(acti_wheel *wheel, firing *f)
{
    uint64_t now_tick = f->now_ns / NS_PER_TICK;
    uint64_t tick = 0;
    int level;

    if (f->call_count == EXPIRED_MAX || f->piece_count >= PIECE_MAX) return false;
    if (!find_next(wheel, &level, &tick) || tick > now_tick) {
        if (wheel->now_tick < now_tick) wheel->now_tick = now_tick;
        return false;
    }
    if (wheel->now_tick < tick) wheel->now_tick = tick;
    if (level < 0)
        fire_slot(wheel, f);
    else
        empty_slot(wheel, level, f);
    return true;
}

bool
acti_wheel_run(acta_runtime *runtime, uint64_t now_ns)
{
    acti_wheel *wheel = &runtime->wheel;
    expired_call calls[EXPIRED_MAX];
    firing f = { .now_ns = now_ns, .calls = calls };
    bool more;

    do {
        f.call_count = f.piece_count = 0;
        acti_mutex_lock(&wheel->lock);
        while (advance(wheel, &f)) {}
        push_alarms(&f); /* under the lock, so that an actor that finds one out of the wheel finds it in its mailbox */
        more = f.call_count == EXPIRED_MAX || f.piece_count >= PIECE_MAX;
        publish_next(wheel);
        acti_mutex_unlock(&wheel->lock);
        for (uint32_t i = 0; i < f.call_count; i++)
            acti_call_expire(f.calls[i].call, f.calls[i].generation);
    } while (more && f.fired_count < FIRED_MAX);
    if (ACTI_UNLIKELY(f.fired_count >= ACTA_TIMER_STORM_COUNT))
        acti_record(runtime, ACTA_FLIGHT_TIMERS, (acta_pid){ 0 }, NULL, 0, f.fired_count);
    return f.fired_count > 0;
}

/* -- for a clock that stands still until somebody asks -- */

/* Under the lock: the earliest of all; NULL: there is none. */
static acti_wheel_item *
earliest(acti_wheel *wheel, uint64_t *tick_out)
{
    acti_wheel_item *first = find_near(wheel, tick_out) ? wheel->slots[*tick_out & NEAR_MASK] : NULL;

    for (int level = 0; level < ACTI_WHEEL_FAR; level++) {
        if (wheel->far[level] == 0) continue;
        uint64_t tick = far_slot_tick(wheel, level);
        if (first != NULL && tick >= *tick_out) continue;
        uint32_t at = (uint32_t)(tick >> shift_of(level)) & SLOT_MASK;
        acti_wheel_item *item = wheel->slots[ACTI_WHEEL_NEAR + (uint32_t)level * ACTI_WHEEL_SLOTS + at];
        for (; item != NULL; item = item->next) {
            uint64_t due = tick_of(item->due_ns);
            if (first != NULL && due >= *tick_out) continue;
            first = item;
            *tick_out = due;
        }
    }
    return first;
}

/* When the first timer is really due, where next_ns may be when to look: lazy ones are moved on or out on the way. */
uint64_t
acti_wheel_next_exact_ns(acta_runtime *runtime)
{
    acti_wheel *wheel = &runtime->wheel;
    uint64_t exact = UINT64_MAX, tick = 0, state;
    acti_wheel_item *item;

    acti_mutex_lock(&wheel->lock);
    while ((item = earliest(wheel, &tick)) != NULL) {
        exact = tick <= UINT64_MAX / NS_PER_TICK ? tick * NS_PER_TICK : UINT64_MAX;
        if (item->kind == ACTI_TIMER_ALARM) break;
        acti_timer *timer = ACTI_CONTAINER(item, acti_timer, item);
        take_out(wheel, item);
        uint64_t deadline_ns = real_deadline(timer, &state);
        if (deadline_ns != 0) put_lazy(wheel, timer, deadline_ns);
        if (deadline_ns != 0 && tick_of(deadline_ns) <= tick) break;
        exact = UINT64_MAX;
    }
    publish_next(wheel);
    acti_mutex_unlock(&wheel->lock);
    return exact;
}
