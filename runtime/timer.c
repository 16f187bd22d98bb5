/*
 * What handlers call: an actor's own timers, its alarms.
 *
 *     relations -> table -> chunk of 4 -> chunk of 2
 *                             [head][alarm][alarm][alarm][alarm]      one cache line each
 *
 * An alarm lies in a table of its actor's, where it stays; its reference is its place and a serial number. A chunk is
 * twice the one before.
 *
 *     FREE -> SET, in this turn -> ARMED: in the wheel, or in the mailbox -> FREE
 *                                    \ -> CANCELLED, and in the mailbox  -> FREE
 *
 * What a turn sets goes into the wheel when it ends, many by one hold of the lock: nobody misses it before, because its
 * actor couldn't be told. What is cancelled soon never was there.
 *
 * Whether an alarm that is ARMED is in the wheel is known under the wheel's lock only; the wheel pushes it under the same
 * lock. So who finds it out of the wheel has it in the mailbox. An actor's end leaves those in the mailbox, and the table
 * goes with the last of them.
 */
#include "internal.h"

enum { CHUNK_FIRST = 2, CHUNK_KEPT_MAX = 64, REF_BIT = INT32_MIN /* in a reference's lower half: it is an alarm's */ };
enum { FREE = 0, SET, ARMED, CANCELLED };
enum { SET_MAX = 64 }; /* then they go into the wheel at once, while they are in the cache */

typedef struct chunk {
    alignas(ACTI_CACHE_LINE) struct chunk *before;
    struct acti_alarms *table;
    uint32_t first, count; /* of the alarms behind it */
} chunk;

typedef struct acti_alarms {
    chunk *chunks; /* the newest */
    acti_alarm *free;
    acti_wheel_item *set; /* in this turn, and not yet in the wheel; linked by `next` and `prev` */
    uint32_t made;        /* of the newest chunk */
    uint32_t used;
    uint32_t set_count;
    bool is_orphan; /* the actor has ended */
} acti_alarms;

static acti_alarms *
table_of(const acti_actor *actor)
{
    acti_relations *r = acti_relations_of(actor);

    return r != NULL ? r->alarms : NULL;
}

static acti_alarm *
alarms_of(chunk *c)
{
    return (acti_alarm *)(void *)(c + 1);
}

static acti_alarms *
table_of_alarm(acti_alarm *alarm)
{
    uint32_t number = alarm->index + CHUNK_FIRST;
    uint32_t first = 1u << (31 - __builtin_clz(number)); /* of its chunk, by the same count */
    chunk *c = (chunk *)(void *)(alarm - (number - first)) - 1;

    return c->table;
}

static size_t
chunk_size(uint32_t count)
{
    return sizeof(chunk) + count * sizeof(acti_alarm);
}

/* -- the table -- */

static acti_alarms *
make_table(acti_actor *actor)
{
    acti_relations *r = acti_actor_relations(actor);

    if (r == NULL || r->alarms != NULL) return r != NULL ? r->alarms : NULL;
    r->alarms = acti_alloc(actor->runtime, sizeof *r->alarms);
    if (r->alarms != NULL) *r->alarms = (acti_alarms){ .chunks = NULL };
    return r->alarms;
}

static bool
add_chunk(acta_runtime *runtime, acti_alarms *table)
{
    chunk *before = table->chunks;
    uint32_t count = before != NULL ? before->count * 2 : CHUNK_FIRST;
    if (count > UINT32_C(1) << 29) return false;
    chunk *c = acti_line_alloc(&runtime->environment.allocator, chunk_size(count));

    if (c == NULL) return false;
    if (chunk_size(count) >= 2 * ACTI_HUGE_PAGE) acti_memory_prefer_huge(c, chunk_size(count));
    *c = (chunk){
        .before = before, .table = table, .first = before != NULL ? before->first + before->count : 0, .count = count
    };
    table->chunks = c;
    table->made = 0;
    return true;
}

static void
free_chunks(acta_runtime *runtime, acti_alarms *table)
{
    for (chunk *c = table->chunks, *before; c != NULL; c = before) {
        before = c->before;
        acti_line_free(&runtime->environment.allocator, c, chunk_size(c->count));
    }
    table->chunks = NULL;
    table->free = NULL;
}

static acti_alarm *
take_alarm(acta_runtime *runtime, acti_alarms *table)
{
    acti_alarm *alarm = table->free;

    if (alarm != NULL) {
        table->free = (acti_alarm *)(void *)alarm->item.next;
        return alarm;
    }
    if ((table->chunks == NULL || table->made == table->chunks->count) && !add_chunk(runtime, table)) return NULL;
    alarm = alarms_of(table->chunks) + table->made;
    alarm->index = table->chunks->first + table->made++;
    alarm->item.kind = ACTI_TIMER_ALARM;
    alarm->item.is_in = false;
    return alarm;
}

static void
give_back(acta_runtime *runtime, acti_alarms *table, acti_alarm *alarm)
{
    alarm->item.state = FREE;
    alarm->item.next = (acti_wheel_item *)(void *)table->free;
    table->free = alarm;
    if (--table->used == 0 && ACTI_UNLIKELY(table->chunks->count > CHUNK_KEPT_MAX)) free_chunks(runtime, table);
}

static acta_ref
ref_of(const acti_alarm *alarm)
{
    return (acta_ref){ (uint64_t)alarm->serial << 32 | (uint32_t)REF_BIT | (alarm->index + 1) };
}

/* NULL: there is none, or it was cancelled. */
static acti_alarm *
find(const acti_actor *actor, acta_ref ref)
{
    acti_alarms *table = table_of(actor);
    uint32_t index = ((uint32_t)ref.value ^ (uint32_t)REF_BIT) - 1;

    if (table == NULL || table->chunks == NULL || index >= table->chunks->first + table->made) return NULL;
    chunk *c = table->chunks;
    while (index < c->first)
        c = c->before;
    acti_alarm *alarm = alarms_of(c) + (index - c->first);
    bool is_used = alarm->item.state == SET || alarm->item.state == ARMED;
    return is_used && alarm->serial == (uint32_t)(ref.value >> 32) ? alarm : NULL;
}

/* -- setting -- */

static void
set(acti_actor *actor, acti_alarms *table, acti_alarm *alarm)
{
    acti_wheel_item *item = &alarm->item;

    item->state = SET;
    item->prev = NULL;
    item->next = table->set;
    if (item->next != NULL) item->next->prev = item;
    table->set = item;
    actor->at_finish |= ACTI_FINISH_ALARMS;
    if (++table->set_count == SET_MAX) acti_alarms_put(actor);
}

static void
unset(acti_alarms *table, acti_wheel_item *item)
{
    if (item->next != NULL) item->next->prev = item->prev;
    if (item->prev != NULL)
        item->prev->next = item->next;
    else
        table->set = item->next;
}

void
acti_alarms_put(acti_actor *actor)
{
    acti_alarms *table = table_of(actor);

    actor->at_finish &= (uint8_t)~ACTI_FINISH_ALARMS;
    if (table == NULL) return; /* all were cancelled, and it was trimmed */
    acti_wheel_item *first = table->set;
    table->set = NULL;
    table->set_count = 0;
    for (acti_wheel_item *item = first; item != NULL; item = item->next)
        item->state = ARMED;
    if (first != NULL) acti_wheel_put(actor->runtime, first);
}

static acta_status
arm(acti_actor *self, uint64_t due_ns, uint32_t period_ms, uint32_t tag, uint64_t user, acta_ref *ref_out)
{
    acti_alarms *table = make_table(self);
    acti_alarm *alarm = table != NULL ? take_alarm(self->runtime, table) : NULL;

    if (alarm == NULL) return ACTA_NO_MEMORY;
    table->used++;
    alarm->serial = ++acti_relations_of(self)->alarm_serial;
    alarm->actor = self;
    alarm->tag = tag;
    alarm->user = user;
    alarm->item.due_ns = due_ns;
    alarm->period_ms = period_ms;
    if (ref_out != NULL) *ref_out = ref_of(alarm);
    set(self, table, alarm);
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

static uint64_t
ns_of(uint32_t ms)
{
    return ms * UINT64_C(1000000);
}

acta_status
acta_send_after(acta_self *self, uint32_t delay_ms, uint32_t tag, uint64_t user, acta_ref *ref_out)
{
    return arm(self, now_in_handler(self) + ns_of(delay_ms), 0, tag, user, ref_out);
}

acta_status
acta_send_at(acta_self *self, uint64_t at_ns, uint32_t tag, uint64_t user, acta_ref *ref_out)
{
    return arm(self, at_ns, 0, tag, user, ref_out);
}

acta_status
acta_send_interval(acta_self *self, uint32_t period_ms, uint32_t tag, uint64_t user, acta_ref *ref_out)
{
    if (period_ms == 0) return ACTA_INVALID;
    return arm(self, now_in_handler(self) + ns_of(period_ms), period_ms, tag, user, ref_out);
}

/* -- out of the mailbox -- */

/* Due on the grid that it began on, after now: it doesn't drift, and doesn't pile up. How many were missed. */
static uint32_t
set_again(acti_actor *actor, acti_alarm *alarm)
{
    uint64_t now_ns = acti_now_ns(actor->runtime), period_ns = ns_of(alarm->period_ms);
    uint64_t missed = 0;

    alarm->item.due_ns += period_ns;
    if (now_ns >= alarm->item.due_ns) {
        missed = (now_ns - alarm->item.due_ns) / period_ns + 1;
        alarm->item.due_ns += missed * period_ns;
    }
    set(actor, table_of(actor), alarm);
    return missed < UINT32_MAX ? (uint32_t)missed : UINT32_MAX;
}

bool
acti_alarm_receive(acti_actor *actor, acti_alarm *alarm, acta_info *info_out)
{
    bool known = alarm->item.state == ARMED;

    *info_out = (acta_info){ .kind = ACTA_INFO_TIMER, .ref = ref_of(alarm), .tag = alarm->tag, .user = alarm->user };
    if (known && alarm->period_ms != 0)
        info_out->missed = set_again(actor, alarm); /* before the handler, which may cancel it */
    else
        give_back(actor->runtime, table_of(actor), alarm);
    return known;
}

/* In the mailbox of an actor that has ended. */
void
acti_alarm_drop(acti_alarm *alarm)
{
    acti_alarms *table = table_of_alarm(alarm);
    acta_runtime *runtime = alarm->actor->runtime;
    bool is_orphan = table->is_orphan;

    give_back(runtime, table, alarm);
    if (!is_orphan || table->used > 0) return;
    free_chunks(runtime, table);
    acti_free(runtime, table, sizeof *table);
}

bool
acta_cancel_timer(acta_self *self, acta_ref ref)
{
    acti_alarm *alarm = find(self, ref);

    if (alarm == NULL) return false;
    if (alarm->item.state == SET)
        unset(table_of(self), &alarm->item);
    else if (!acti_wheel_withdraw(self->runtime, &alarm->item)) {
        if (!ACTA_PLANT("cancelled_fires")) alarm->item.state = CANCELLED; /* it is in the mailbox */
        return false;
    }
    give_back(self->runtime, table_of(self), alarm);
    return true;
}

/* -- the end -- */

static void
cancel_chunk(acta_runtime *runtime, acti_alarms *table, chunk *c, uint32_t made)
{
    for (uint32_t i = 0; i < made; i++) {
        acti_alarm *alarm = alarms_of(c) + i;
        if (alarm->item.state != SET && (alarm->item.state != ARMED || !acti_wheel_withdraw(runtime, &alarm->item)))
            continue;
        alarm->item.state = FREE;
        table->used--;
    }
}

/* Those that are in the mailbox stay, and are dropped with it. */
void
acti_alarms_cancel(acti_actor *actor)
{
    acti_alarms *table = table_of(actor);

    if (table == NULL || table->used == 0) return;
    for (chunk *c = table->chunks; c != NULL; c = c->before)
        cancel_chunk(actor->runtime, table, c, c == table->chunks ? table->made : c->count);
    table->set = NULL;
}

void
acti_alarms_free(acti_actor *actor)
{
    acti_alarms *table = table_of(actor);

    if (table == NULL) return;
    table->is_orphan = true;
    if (table->used > 0) return; /* some are in the mailbox, behind one that isn't linked yet: see acti_alarm_drop */
    free_chunks(actor->runtime, table);
    acti_free(actor->runtime, table, sizeof *table);
}

/* None is in use: the memory goes, and the serial numbers go on. */
void
acti_alarms_trim(acti_actor *actor)
{
    acti_alarms *table = table_of(actor);

    if (table == NULL || table->used > 0) return;
    acti_alarms_free(actor);
    acti_relations_of(actor)->alarms = NULL;
}
