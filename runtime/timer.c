/*
 * Timers: a hierarchical wheel of 1 ms ticks, eight levels of 64 slots, for all of a runtime.
 *
 *     level 0: 64 slots of 1 tick | level 1: 64 of 64 | level 2: 64 of 4096 | …
 *
 * A timer lies at the level of the highest six bits in which its tick differs from the wheel's; when the wheel comes to
 * a slot of a higher level, its timers go down. To put in and to take out is a few stores under one lock. A timer's
 * tick is its deadline rounded up, and a tick is due when the clock has passed it: never early.
 *
 * A slot may hold a million timers. It is emptied in pieces, with the lock free between them, and after some thousands
 * the thread goes back to its actors: `unfinished` is the slot that is half empty, and the clock stands still until it
 * is done.
 *
 * Timers that are set again and again (an idle timeout after each turn, a call's deadline) are lazy: setting one later
 * only writes its deadline. When the wheel comes to it, it looks at the deadline and moves it on.
 *
 * Who watches the clock: workers between turns, and one of the parked ones (parking.c).
 */
#include "internal.h"

enum { NS_PER_TICK = 1000000, LEVEL_BITS = 6 };

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
    timer->kind = kind;
    atomic_init(&timer->armed_ns, 0);
    atomic_init(&timer->deadline_ns, 0);
}

static uint64_t
tick_of(uint64_t deadline_ns)
{
    return deadline_ns / NS_PER_TICK + (deadline_ns % NS_PER_TICK != 0);
}

static int
level_of(const acti_wheel *wheel, uint64_t tick)
{
    uint64_t differing = (wheel->now_tick ^ tick) | (ACTI_WHEEL_SLOTS - 1);
    int level = (63 - __builtin_clzll(differing)) / LEVEL_BITS;
    return level < ACTI_WHEEL_LEVELS ? level : ACTI_WHEEL_LEVELS - 1;
}

static unsigned
slot_of(uint64_t tick, int level)
{
    return (unsigned)(tick >> (level * LEVEL_BITS)) & (ACTI_WHEEL_SLOTS - 1);
}

/* Under the lock. A tick that has passed goes into the next one: it is due at once. */
static void
put_in(acti_wheel *wheel, acti_timer *timer, uint64_t tick)
{
    uint64_t farthest = wheel->now_tick + ((UINT64_C(1) << (LEVEL_BITS * ACTI_WHEEL_LEVELS)) - 1);

    if (tick <= wheel->now_tick) tick = wheel->now_tick + 1;
    if (tick > farthest) tick = farthest;
    int level = level_of(wheel, tick);
    acti_timer **slot = &wheel->slots[level][slot_of(tick, level)];
    timer->tick = tick;
    timer->level = (uint8_t)level;
    timer->prev = NULL;
    timer->next = *slot;
    if (timer->next != NULL) timer->next->prev = timer;
    *slot = timer;
    wheel->bitmap[level] |= UINT64_C(1) << slot_of(tick, level);
    timer->is_in = true;
}

static void
take_out(acti_wheel *wheel, acti_timer *timer)
{
    int level = timer->level;
    unsigned at = slot_of(timer->tick, level);

    if (timer->prev != NULL)
        timer->prev->next = timer->next;
    else
        wheel->slots[level][at] = timer->next;
    if (timer->next != NULL) timer->next->prev = timer->prev;
    if (wheel->slots[level][at] == NULL) {
        wheel->bitmap[level] &= ~(UINT64_C(1) << at);
        if (wheel->unfinished == (uint32_t)level + 1 && at == slot_of(wheel->now_tick, level)) wheel->unfinished = 0;
    }
    timer->is_in = false;
}

/* The first slot after now that holds a timer: its level and first tick. False: the wheel is empty. */
static bool
find_next(const acti_wheel *wheel, int *level_out, uint64_t *tick_out)
{
    if (ACTI_UNLIKELY(wheel->unfinished != 0)) {
        *level_out = (int)wheel->unfinished - 1;
        *tick_out = wheel->now_tick;
        return true;
    }
    for (int level = 0; level < ACTI_WHEEL_LEVELS; level++) {
        if (wheel->bitmap[level] == 0) continue;
        unsigned here = slot_of(wheel->now_tick, level);
        uint64_t rotated =
            here == 0 ? wheel->bitmap[level] : wheel->bitmap[level] >> here | wheel->bitmap[level] << (64 - here);
        uint64_t ahead = (uint64_t)__builtin_ctzll(rotated);
        int shift = level * LEVEL_BITS;
        *level_out = level;
        *tick_out = ((wheel->now_tick >> shift) + ahead) << shift;
        return true;
    }
    return false;
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

/* Under the lock. True: this one is the next now, and a sleeping timekeeper must know. */
static bool
put_in_and_publish(acti_wheel *wheel, acti_timer *timer, uint64_t deadline_ns)
{
    uint64_t next_ns = atomic_load_explicit(&wheel->next_ns, memory_order_relaxed); /* written under the lock */

    put_in(wheel, timer, tick_of(deadline_ns));
    int shift = timer->level * LEVEL_BITS;
    uint64_t look_ns = ((timer->tick >> shift) << shift) * NS_PER_TICK; /* the start of its slot, as in find_next */
    if (look_ns >= next_ns) return false;
    atomic_store_explicit(&wheel->next_ns, look_ns, memory_order_seq_cst); /* see publish_next */
    return true;
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
        if (timer->is_in) take_out(wheel, timer);
        atomic_store_explicit(&timer->armed_ns, deadline_ns, memory_order_seq_cst);
        sooner = put_in_and_publish(wheel, timer, deadline_ns);
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
    if (timer->is_in) {
        take_out(wheel, timer);
        publish_next(wheel);
    }
    atomic_store_explicit(&timer->armed_ns, 0, memory_order_seq_cst);
    acti_mutex_unlock(&wheel->lock);
}

/* -- firing -- */

enum {
    EXPIRED_MAX = 64, /* calls for one hold of the lock */
    PIECE_MAX = 1024, /* timers for one hold of the lock */
    FIRED_MAX = 16384 /* timers, until the thread looks at its actors again */
};

typedef struct expired_call {
    acti_call *call;
    uint64_t generation;
} expired_call;

typedef struct firing {
    uint64_t now_ns;
    expired_call calls[EXPIRED_MAX]; /* completed after the lock is released: they run what the user gave */
    uint32_t call_count;
    uint32_t fired_count;
    uint32_t piece_count; /* taken out of the wheel since the lock was taken */
    bool fired;
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
    if (timer->kind == ACTI_TIMER_IDLE) return atomic_load_explicit(&timer->deadline_ns, memory_order_seq_cst);

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
put_back(acti_wheel *wheel, acti_timer *timer, uint64_t deadline_ns)
{
    atomic_store_explicit(&timer->armed_ns, deadline_ns, memory_order_seq_cst); /* as in acti_timer_set */
    put_in(wheel, timer, tick_of(deadline_ns));
}

static void
fire_lazy(acti_wheel *wheel, acti_timer *timer, firing *f)
{
    uint64_t state = 0;
    uint64_t deadline_ns = real_deadline(timer, &state);

    if (deadline_ns == 0) return;
    if (deadline_ns > f->now_ns) {
        put_back(wheel, timer, deadline_ns);
        return;
    }
    f->fired = true;
    f->fired_count++;
    if (timer->kind == ACTI_TIMER_CALL) {
        f->calls[f->call_count++] = (expired_call){ ACTI_CONTAINER(timer, acti_call, timer), state >> 2 };
        return;
    }
    acti_push_idle(ACTI_CONTAINER(timer, acti_idle, idle_timer)->actor);
}

static void
fire(acti_wheel *wheel, acti_timer *timer, firing *f)
{
    if (timer->kind != ACTI_TIMER_ALARM) {
        fire_lazy(wheel, timer, f);
        return;
    }
    acti_alarm *alarm = ACTI_CONTAINER(timer, acti_alarm, timer);
    /* Under the lock, so that an actor that finds it out of the wheel finds it in its mailbox. */
    acti_push_signal(alarm->actor, alarm->node.generation, &alarm->node, ACTI_TIMER);
    f->fired = true;
    f->fired_count++;
}

/* Under the lock: empty the first slot that is due. False: none is, or the piece is done. */
static bool
advance(acti_wheel *wheel, firing *f)
{
    uint64_t now_tick = f->now_ns / NS_PER_TICK;
    uint64_t tick = 0;
    int level;

    if (!find_next(wheel, &level, &tick) || tick > now_tick) {
        if (wheel->now_tick < now_tick) wheel->now_tick = now_tick;
        return false;
    }
    if (wheel->now_tick < tick) wheel->now_tick = tick;
    acti_timer **slot = &wheel->slots[level][slot_of(tick, level)];
    while (*slot != NULL && f->call_count < EXPIRED_MAX && f->piece_count < PIECE_MAX) {
        acti_timer *timer = *slot;
        take_out(wheel, timer);
        f->piece_count++;
        if (timer->tick <= wheel->now_tick)
            fire(wheel, timer, f);
        else
            put_in(wheel, timer, timer->tick);
    }
    wheel->unfinished = *slot != NULL ? (uint32_t)level + 1 : 0;
    return *slot == NULL;
}

bool
acti_wheel_run(acta_runtime *runtime, uint64_t now_ns)
{
    acti_wheel *wheel = &runtime->wheel;
    firing f = { .now_ns = now_ns };
    bool more;

    do {
        f.call_count = f.piece_count = 0;
        acti_mutex_lock(&wheel->lock);
        while (advance(wheel, &f)) {}
        more = wheel->unfinished != 0 && f.fired_count < FIRED_MAX;
        publish_next(wheel);
        acti_mutex_unlock(&wheel->lock);
        for (uint32_t i = 0; i < f.call_count; i++)
            acti_call_expire(f.calls[i].call, f.calls[i].generation);
    } while (more);
    if (ACTI_UNLIKELY(f.fired_count >= ACTA_TIMER_STORM_COUNT))
        acti_record(runtime, ACTA_FLIGHT_TIMERS, (acta_pid){ 0 }, NULL, 0, f.fired_count);
    return f.fired;
}

/* Under the lock: the earliest of the first slot that holds any; NULL: there is none. */
static acti_timer *
earliest(acti_wheel *wheel)
{
    acti_timer *first = NULL;
    uint64_t tick;
    int level;

    if (!find_next(wheel, &level, &tick)) return NULL;
    for (acti_timer *t = wheel->slots[level][slot_of(tick, level)]; t != NULL; t = t->next) {
        if (first == NULL || t->tick < first->tick) first = t;
    }
    return first;
}

/* When the first timer is really due, where next_ns may be when to look: lazy ones are moved on or out on the way. */
uint64_t
acti_wheel_next_exact_ns(acta_runtime *runtime)
{
    acti_wheel *wheel = &runtime->wheel;
    acti_timer *timer;
    uint64_t state;

    acti_mutex_lock(&wheel->lock);
    while ((timer = earliest(wheel)) != NULL && timer->kind != ACTI_TIMER_ALARM) {
        uint64_t tick = timer->tick;
        take_out(wheel, timer);
        uint64_t deadline_ns = real_deadline(timer, &state);
        if (deadline_ns != 0) put_back(wheel, timer, deadline_ns);
        if (deadline_ns != 0 && timer->tick <= tick) break;
    }
    publish_next(wheel);
    uint64_t exact = timer != NULL ? timer->tick * NS_PER_TICK : UINT64_MAX;
    acti_mutex_unlock(&wheel->lock);
    return exact;
}

/* -- what handlers call -- */

static acta_status
arm(acti_actor *self, uint64_t due_ns, uint64_t period_ns, uint32_t tag, uint64_t user, acta_ref *ref_out)
{
    acta_runtime *runtime = self->runtime;
    acti_wheel *wheel = &runtime->wheel;
    acti_alarm *alarm = acti_alloc(runtime, sizeof *alarm);

    if (alarm == NULL) return ACTA_NO_MEMORY;
    alarm->ref = acti_ref_add(self, ACTI_REF_ALARM, alarm, 0);
    if (alarm->ref.value == 0) {
        acti_free(runtime, alarm, sizeof *alarm);
        return ACTA_NO_MEMORY;
    }
    acti_timer_init(&alarm->timer, ACTI_TIMER_ALARM);
    alarm->node.generation = self->generation;
    alarm->actor = self;
    alarm->tag = tag;
    alarm->user = user;
    alarm->due_ns = due_ns;
    alarm->period_ns = period_ns;
    if (ref_out != NULL) *ref_out = alarm->ref;

    acti_mutex_lock(&wheel->lock);
    bool sooner = put_in_and_publish(wheel, &alarm->timer, due_ns);
    acti_mutex_unlock(&wheel->lock);
    if (sooner) acti_notify_timer(runtime);
    return ACTA_OK;
}

/* Now, for a handler that sets a timer. When others are due by now, its turn ends behind it, so that it doesn't delay
 * them by setting many. */
static uint64_t
now_in_handler(acti_actor *self)
{
    uint64_t now_ns = acti_now_ns(self->runtime);

    /* relaxed: a look; the wheel's lock decides. */
    if (now_ns >= atomic_load_explicit(&self->runtime->wheel.next_ns, memory_order_relaxed))
        acti_current->timers_are_due = true;
    return now_ns;
}

acta_status
acta_send_after(acta_self *self, uint32_t delay_ms, uint32_t tag, uint64_t user, acta_ref *ref_out)
{
    return arm(self, now_in_handler(self) + delay_ms * UINT64_C(1000000), 0, tag, user, ref_out);
}

acta_status
acta_send_at(acta_self *self, uint64_t at_ns, uint32_t tag, uint64_t user, acta_ref *ref_out)
{
    return arm(self, at_ns, 0, tag, user, ref_out);
}

acta_status
acta_send_interval(acta_self *self, uint32_t period_ms, uint32_t tag, uint64_t user, acta_ref *ref_out)
{
    uint64_t period_ns = period_ms * UINT64_C(1000000);

    if (period_ms == 0) return ACTA_INVALID;
    return arm(self, now_in_handler(self) + period_ns, period_ns, tag, user, ref_out);
}

/* Due on the grid that it began on, after now: it doesn't drift, and doesn't pile up. */
uint32_t
acti_alarm_again(acta_runtime *runtime, acti_alarm *alarm)
{
    acti_wheel *wheel = &runtime->wheel;
    uint64_t now_ns = acti_now_ns(runtime);
    uint64_t missed = 0;

    alarm->due_ns += alarm->period_ns;
    if (now_ns >= alarm->due_ns) {
        missed = (now_ns - alarm->due_ns) / alarm->period_ns + 1;
        alarm->due_ns += missed * alarm->period_ns;
    }
    acti_mutex_lock(&wheel->lock);
    bool sooner = put_in_and_publish(wheel, &alarm->timer, alarm->due_ns);
    acti_mutex_unlock(&wheel->lock);
    if (sooner) acti_notify_timer(runtime);
    return missed < UINT32_MAX ? (uint32_t)missed : UINT32_MAX;
}

/* True: it was in the wheel, and is gone. False: it has fired, and its node is in the mailbox. */
static bool
withdraw(acta_runtime *runtime, acti_alarm *alarm)
{
    acti_wheel *wheel = &runtime->wheel;

    acti_mutex_lock(&wheel->lock);
    bool in_time = alarm->timer.is_in;
    if (in_time) {
        take_out(wheel, &alarm->timer);
        publish_next(wheel);
    }
    acti_mutex_unlock(&wheel->lock);
    if (in_time) acti_free(runtime, alarm, sizeof *alarm);
    return in_time;
}

bool
acta_cancel_timer(acta_self *self, acta_ref ref)
{
    acti_ref_entry *entry = acti_ref_find(self, ref, ACTI_REF_ALARM);

    if (entry == NULL) return false;
    acti_alarm *alarm = entry->object;
    acti_ref_remove(self, ref);
    return withdraw(self->runtime, alarm);
}

/* At the actor's end. Those that have fired are dropped with the mailbox. */
void
acti_actor_cancel_alarms(acti_actor *actor)
{
    acti_relations *r = acti_relations_of(actor);

    for (uint32_t i = 0; r != NULL && i < r->ref_count; i++) {
        if (r->refs[i].kind == ACTI_REF_ALARM) withdraw(actor->runtime, r->refs[i].object);
    }
}
