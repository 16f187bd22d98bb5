/*
 * Looking at all actors, from any thread and without asking them.
 *
 * An actor keeps its place in the table for life, so that the place is the cursor: who lives throughout is met once.
 * Everything that is read here is written atomically by its owner or by senders, or stands behind a lock:
 *
 *     life     generation, alive, suspended     between two looks at it that are the same, all is of that actor
 *     loads    what is in the mailbox           mailbox.c
 *     task     counts handlers                  acti_task_begin
 *     peaks    in the slots' tail               note_peak in turn.c
 *     name     the registry's lock
 *
 * A copy of a behaviour (contain.c) is freed under actor_lock, after its life, and so not while we hold that and have seen
 * the life.
 */
#include "actors.h"

#include "acta/actors.h"

enum { PIECE = 64 /* places looked at under one lock */ };

const acta_behaviour *
acti_behaviour_in_life(const acti_actor *actor, uint64_t *life_out)
{
    /* acquire, both: each comes before the next look; the first pairs with the release in spawn. */
    uint64_t life = atomic_load_explicit(&actor->life, memory_order_acquire);
    const acta_behaviour *behaviour = atomic_load_explicit(ACTI_BEHAVIOUR_CELL(actor), memory_order_acquire);
    uint64_t after = atomic_load_explicit(&actor->life, memory_order_relaxed); /* behind the second */
    bool is_same = (life & after & ACTI_ALIVE) != 0 && acti_life_generation(life) == acti_life_generation(after);

    *life_out = life;
    return is_same ? behaviour : NULL;
}

static bool
is_running(const acta_runtime *runtime, const acti_actor *actor)
{
    /* acquire: written once the worker is made. */
    uint32_t count = atomic_load_explicit(&runtime->worker_started_count, memory_order_acquire);

    for (uint32_t i = 0; i < count; i++) {
        /* relaxed: a moment's look, and the actor isn't touched by way of it */
        if (atomic_load_explicit(&runtime->workers[i].running, memory_order_relaxed) == actor) return true;
    }
    return false;
}

static acta_actor_state
state_of(const acta_runtime *runtime, const acti_actor *actor, uint64_t life, bool is_idle)
{
    if ((life & ACTI_SUSPENDED) != 0) return ACTA_ACTOR_SUSPENDED;
    if (is_idle) return ACTA_ACTOR_WAITING;
    return is_running(runtime, actor) ? ACTA_ACTOR_RUNNING : ACTA_ACTOR_READY;
}

static void
read_mailbox(const acti_actor *actor, bool is_idle, acta_actor_info *info)
{
    /* relaxed, all: of about now */
    uint64_t charge = is_idle ? ACTI_CHARGE : 0;
    uint64_t settled = atomic_load_explicit(&actor->settled_load, memory_order_relaxed) + charge;
    uint64_t sent = atomic_load_explicit(&actor->sent_load, memory_order_relaxed);
    uint64_t load = (int64_t)(sent - settled) > 0 ? sent - settled : 0; /* below 0: as it goes idle, or is corrected */
    uint32_t peak = atomic_load_explicit(acti_peak_of(actor), memory_order_relaxed);

    info->queued_count = (uint32_t)(load / ACTI_LOAD_COUNT);
    info->queued_bytes = info->queued_count > 0 ? load % ACTI_LOAD_COUNT : 0;
    info->queued_peak = peak > info->queued_count ? peak : info->queued_count;
    info->queued_max = (uint32_t)(atomic_load_explicit(&actor->limit, memory_order_relaxed) >> 32);
    info->handled = (uint32_t)(atomic_load_explicit(&actor->task, memory_order_relaxed) >> 40);
}

static void
read_name(acti_actor *actor, uint64_t life, acta_actor_info *info)
{
    char name[ACTI_NAME_MAX];
    size_t size = (life & ACTI_NAMED) != 0 ? acti_name_copy(actor, name) : 0;

    if (size >= sizeof info->name) size = sizeof info->name - 1;
    memcpy(info->name, name, size);
    info->name[size] = '\0';
}

/* Under actor_lock. False: nobody is there, or somebody else by the end of the look. */
static bool
read_actor(acta_runtime *runtime, acti_actor *actor, acta_actor_info *info)
{
    uint64_t life;
    const acta_behaviour *behaviour = acti_behaviour_in_life(actor, &life);

    if (behaviour == NULL) return false;
    /* relaxed: a moment's look */
    bool is_idle = (atomic_load_explicit(&actor->last, memory_order_relaxed) & ACTI_MAILBOX_IDLE) != 0;
    info->pid = acti_pid_make(actor->index, acti_life_generation(life));
    info->behaviour = behaviour->name;
    info->is_supervisor = behaviour == acta_supervisor_behaviour();
    info->state = state_of(runtime, actor, life, is_idle);
    read_mailbox(actor, is_idle, info);
    read_name(actor, life, info);
    return acti_actor_lives_as(actor, info->pid);
}

uint32_t
acta_actors_read(acta_runtime *runtime, uint64_t *cursor, acta_actor_info *infos, uint32_t count_max)
{
    /* acquire: pairs with acti_table_publish; below it every slot is made. */
    uint32_t high = atomic_load_explicit(&runtime->actors.high, memory_order_acquire);
    uint32_t count = 0;
    uint64_t place = *cursor;

    while (place < high && count < count_max) {
        uint64_t end = high - place > PIECE ? place + PIECE : high;
        acti_mutex_lock(&runtime->actor_lock);
        for (; place < end && count < count_max; place++)
            count += read_actor(runtime, acti_actor_slot(runtime, (uint32_t)place), &infos[count]);
        acti_mutex_unlock(&runtime->actor_lock);
    }
    *cursor = place < high ? place : 0;
    return count;
}
