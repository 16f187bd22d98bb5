/*
 * Topics: who is in which group, and one message to all of a group.
 *
 *     groups        name -> group: seats [membership *][free][membership *] …      what a publish walks
 *     memberships   (group, pid) -> membership                         one actor in one group
 *     members       pid -> member -> its memberships                   what the end of an actor takes out
 *
 * Two locks: the runtime's, over all three maps, and each group's, over its seats; who takes both takes them in that
 * order. A group goes with its last member, or with the last walk over it.
 *
 * A walk takes the group's lock for a few seats at a time, so that joins, leaves and other walks go on meanwhile. A member
 * keeps its seat while a walk goes on; a seat that became free may be taken again, but has then the number of a later join
 * than the walk's beginning, and is passed over. So a walk meets each who was a member when it began, and hasn't left when
 * it comes to the seat, once.
 *
 * An actor that joins gets the flag MEMBER into its life word, which fails when it isn't alive; who ends takes the word
 * away with an exchange, sees the flag, and waits at the runtime's lock until the join is through. So none stays behind.
 *
 * Not here: what is published (topic_publish.c).
 */
#include "topic.h"

enum { BUCKETS_FIRST = 16, SEATS_SPARSE = 64 };

/* -- maps with chains -- */

typedef struct chain {
    struct chain *next;
    uint64_t hash;
} chain;

typedef struct map {
    chain **buckets;
    uint32_t bucket_count, count; /* bucket_count: 0, or a power of two */
} map;

static uint64_t
mix(uint64_t a, uint64_t b)
{
    uint64_t hash = (a ^ (b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2))) * 0xff51afd7ed558ccdu;
    return hash ^ (hash >> 32);
}

static void
map_deinit(const acta_runtime *runtime, map *m)
{
    acti_free(runtime, m->buckets, m->bucket_count * sizeof *m->buckets);
}

/* Room for one more. False: there are no buckets at all, and no memory for them. */
static bool
map_make_room(const acta_runtime *runtime, map *m)
{
    uint32_t count = m->bucket_count == 0 ? BUCKETS_FIRST : m->bucket_count * 2;

    if (m->count < m->bucket_count) return true;
    chain **buckets = acti_alloc(runtime, count * sizeof *buckets);
    if (buckets == NULL) return m->bucket_count != 0; /* longer chains, then */

    memset(buckets, 0, count * sizeof *buckets);
    for (uint32_t i = 0; i < m->bucket_count; i++) {
        for (chain *c = m->buckets[i], *next; c != NULL; c = next) {
            next = c->next;
            c->next = buckets[c->hash & (count - 1)];
            buckets[c->hash & (count - 1)] = c;
        }
    }
    map_deinit(runtime, m);
    m->buckets = buckets;
    m->bucket_count = count;
    return true;
}

static chain *
map_first(const map *m, uint64_t hash)
{
    return m->bucket_count == 0 ? NULL : m->buckets[hash & (m->bucket_count - 1)];
}

static void
map_insert(map *m, chain *c, uint64_t hash)
{
    chain **bucket = &m->buckets[hash & (m->bucket_count - 1)];

    c->hash = hash;
    c->next = *bucket;
    *bucket = c;
    m->count++;
}

static void
map_remove(map *m, chain *c)
{
    chain **at = &m->buckets[c->hash & (m->bucket_count - 1)];

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    m->count--;
}

/* -- who is where -- */

typedef struct seat {
    struct membership *taken_by; /* NULL: free */
    uint64_t number;             /* of the join; of a free one: index + 1 of the next free one */
} seat;

typedef struct acti_topic_group {
    chain chain;
    uint32_t walkers; /* under the runtime's lock */
    uint32_t name_size;
    acti_mutex lock;
    seat *seats; /* under `lock` from here on; written under both */
    uint32_t used, capacity;
    uint32_t count, free_first; /* members; index + 1 of a free seat below `used` */
    uint64_t joins;             /* so far */
    char name[];
} group;

typedef struct member {
    chain chain;
    acta_pid pid;
    struct membership *first;
} member;

typedef struct membership {
    chain chain;
    group *group;
    member *member;
    struct membership *prev, *next; /* of the member */
    uint32_t index;                 /* of the seat */
} membership;

typedef struct acti_topics {
    uint64_t seed; /* of hashes of names, which an adversary may choose */
    acti_mutex lock;
    map groups, members, memberships;
} acti_topics;

acta_status
acti_topics_init(acta_runtime *runtime)
{
    acti_topics *topics = acti_alloc(runtime, sizeof *topics);

    if (topics == NULL) return ACTA_NO_MEMORY;
    *topics = (acti_topics){ .groups = { NULL, 0, 0 } };
    runtime->environment.random.fill(runtime->environment.random.user, &topics->seed, sizeof topics->seed);
    if (!acti_mutex_init(&topics->lock)) {
        acti_free(runtime, topics, sizeof *topics);
        return ACTA_NO_MEMORY;
    }
    runtime->topics = topics;
    return ACTA_OK;
}

/* All actors have ended, and so left. */
void
acti_topics_deinit(acta_runtime *runtime)
{
    acti_topics *topics = runtime->topics;

    if (topics == NULL) return;
    ACTI_ASSERT(topics->groups.count == 0 && topics->members.count == 0 && topics->memberships.count == 0);
    map_deinit(runtime, &topics->groups);
    map_deinit(runtime, &topics->members);
    map_deinit(runtime, &topics->memberships);
    acti_mutex_deinit(&topics->lock);
    acti_free(runtime, topics, sizeof *topics);
    runtime->topics = NULL;
}

static uint64_t
hash_of_name(const acti_topics *topics, acta_str name)
{
    uint64_t hash = mix(topics->seed, name.size);

    for (size_t i = 0; i < name.size; i += 8) {
        uint64_t word = 0;
        memcpy(&word, name.data + i, name.size - i < 8 ? name.size - i : 8);
        hash = mix(hash, word);
    }
    return hash;
}

static group *
find_group(const acti_topics *topics, acta_str name)
{
    uint64_t hash = hash_of_name(topics, name);

    for (chain *c = map_first(&topics->groups, hash); c != NULL; c = c->next) {
        group *g = ACTI_CONTAINER(c, group, chain);
        if (c->hash == hash && g->name_size == name.size && memcmp(g->name, name.data, name.size) == 0) return g;
    }
    return NULL;
}

static member *
find_member(const acti_topics *topics, acta_pid pid)
{
    for (chain *c = map_first(&topics->members, mix(pid.value, 0)); c != NULL; c = c->next) {
        member *m = ACTI_CONTAINER(c, member, chain);
        if (acta_pid_equal(m->pid, pid)) return m;
    }
    return NULL;
}

static membership *
find_membership(const acti_topics *topics, const group *g, acta_pid pid)
{
    if (g == NULL) return NULL;
    for (chain *c = map_first(&topics->memberships, mix(pid.value, g->chain.hash)); c != NULL; c = c->next) {
        membership *m = ACTI_CONTAINER(c, membership, chain);
        if (m->group == g && acta_pid_equal(m->member->pid, pid)) return m;
    }
    return NULL;
}

/* -- making and letting go; under the runtime's lock -- */

static group *
create_group(acta_runtime *runtime, acta_str name)
{
    group *g = acti_alloc(runtime, sizeof *g + name.size);

    if (g == NULL) return NULL;
    *g = (group){ .name_size = (uint32_t)name.size };
    memcpy(g->name, name.data, name.size);
    if (!acti_mutex_init(&g->lock)) {
        acti_free(runtime, g, sizeof *g + name.size);
        return NULL;
    }
    map_insert(&runtime->topics->groups, &g->chain, hash_of_name(runtime->topics, name));
    return g;
}

static void
let_group_go(acta_runtime *runtime, group *g)
{
    if (g->count > 0 || g->walkers > 0) return;
    map_remove(&runtime->topics->groups, &g->chain);
    acti_mutex_deinit(&g->lock);
    acti_free(runtime, g->seats, g->capacity * sizeof(seat));
    acti_free(runtime, g, sizeof *g + g->name_size);
}

static member *
need_member(acta_runtime *runtime, acta_pid pid)
{
    member *m = find_member(runtime->topics, pid);

    if (m != NULL) return m;
    m = acti_alloc(runtime, sizeof *m);
    if (m == NULL) return NULL;
    *m = (member){ .pid = pid };
    map_insert(&runtime->topics->members, &m->chain, mix(pid.value, 0));
    return m;
}

static void
let_member_go(acta_runtime *runtime, member *m)
{
    if (m->first != NULL) return;
    map_remove(&runtime->topics->members, &m->chain);
    acti_free(runtime, m, sizeof *m);
}

static bool
take_seat(acta_runtime *runtime, group *g, membership *m)
{
    acti_mutex_lock(&g->lock);
    bool fits = g->free_first != 0 || g->used < g->capacity ||
                acti_array_grow(runtime, (void **)&g->seats, &g->capacity, 4, sizeof(seat));
    if (fits) {
        m->index = g->free_first != 0 ? g->free_first - 1 : g->used++;
        if (g->free_first != 0) g->free_first = (uint32_t)g->seats[m->index].number;
        g->seats[m->index] = (seat){ .taken_by = m, .number = ++g->joins };
        g->count++;
    }
    acti_mutex_unlock(&g->lock);
    return fits;
}

/* Nobody walks, and most seats are free: the taken ones come together, so that the next walk is as short as it can be. */
static void
close_ranks(group *g)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < g->used; i++) {
        if (g->seats[i].taken_by == NULL) continue;
        g->seats[i].taken_by->index = used;
        g->seats[used++] = g->seats[i];
    }
    g->used = used;
    g->free_first = 0;
}

static void
leave_seat(membership *m)
{
    group *g = m->group;

    acti_mutex_lock(&g->lock);
    g->seats[m->index] = (seat){ .taken_by = NULL, .number = g->free_first };
    g->free_first = m->index + 1;
    g->count--;
    if (g->walkers == 0 && g->used > SEATS_SPARSE && g->count < g->used / 4) close_ranks(g);
    acti_mutex_unlock(&g->lock);
}

static bool
create_membership(acta_runtime *runtime, group *g, member *of)
{
    membership *m = acti_alloc(runtime, sizeof *m);

    if (m == NULL) return false;
    *m = (membership){ .group = g, .member = of, .next = of->first };
    if (!take_seat(runtime, g, m)) {
        acti_free(runtime, m, sizeof *m);
        return false;
    }
    if (of->first != NULL) of->first->prev = m;
    of->first = m;
    map_insert(&runtime->topics->memberships, &m->chain, mix(of->pid.value, g->chain.hash));
    return true;
}

static void
end_membership(acta_runtime *runtime, membership *m)
{
    group *g = m->group;

    leave_seat(m);
    if (m->prev != NULL)
        m->prev->next = m->next;
    else
        m->member->first = m->next;
    if (m->next != NULL) m->next->prev = m->prev;
    map_remove(&runtime->topics->memberships, &m->chain);
    acti_free(runtime, m, sizeof *m);
    let_group_go(runtime, g);
}

static bool
make_room(acta_runtime *runtime)
{
    acti_topics *topics = runtime->topics;
    return map_make_room(runtime, &topics->groups) && map_make_room(runtime, &topics->members) &&
           map_make_room(runtime, &topics->memberships);
}

static acta_status
join(acta_runtime *runtime, acta_str topic, acta_pid pid)
{
    group *g = find_group(runtime->topics, topic);

    if (find_membership(runtime->topics, g, pid) != NULL) return ACTA_OK;
    if (!acti_life_raise(runtime, pid, ACTI_MEMBER)) return ACTA_NOPROC;
    if (!make_room(runtime)) return ACTA_NO_MEMORY;
    if (g == NULL) g = create_group(runtime, topic);
    member *m = g != NULL ? need_member(runtime, pid) : NULL;
    bool joined = m != NULL && create_membership(runtime, g, m);
    if (!joined && m != NULL) let_member_go(runtime, m);
    if (!joined && g != NULL) let_group_go(runtime, g);
    return joined ? ACTA_OK : ACTA_NO_MEMORY;
}

acta_status
acta_topic_join(acta_runtime *runtime, acta_str topic, acta_pid pid, acta_error *error)
{
    if (topic.data == NULL || topic.size == 0 || topic.size > ACTA_TOPIC_NAME_MAX)
        return acta_error_set(error, ACTA_INVALID, "the name of a topic has %zu bytes, 1 to %d are expected",
            topic.size, ACTA_TOPIC_NAME_MAX);

    acti_mutex_lock(&runtime->topics->lock);
    acta_status status = join(runtime, topic, pid);
    acti_mutex_unlock(&runtime->topics->lock);
    if (status == ACTA_NOPROC)
        return acta_error_set(
            error, status, "cannot join topic '" ACTA_FMT "': the actor is not alive", ACTA_ARG(topic));
    if (status != ACTA_OK)
        return acta_error_set(error, status, "cannot join topic '" ACTA_FMT "': there is no memory", ACTA_ARG(topic));
    return ACTA_OK;
}

acta_status
acta_topic_leave(acta_runtime *runtime, acta_str topic, acta_pid pid, acta_error *error)
{
    acti_mutex_lock(&runtime->topics->lock);
    membership *m = find_membership(runtime->topics, find_group(runtime->topics, topic), pid);
    if (m != NULL) {
        member *of = m->member;
        end_membership(runtime, m);
        let_member_go(runtime, of);
    }
    acti_mutex_unlock(&runtime->topics->lock);
    if (m != NULL) return ACTA_OK;
    return acta_error_set(error, ACTA_NOT_FOUND, "the actor is no member of topic '" ACTA_FMT "'", ACTA_ARG(topic));
}

void
acti_topics_leave_all(acta_runtime *runtime, acta_pid pid)
{
    acti_mutex_lock(&runtime->topics->lock);
    member *m = find_member(runtime->topics, pid);
    while (m != NULL && m->first != NULL)
        end_membership(runtime, m->first);
    if (m != NULL) let_member_go(runtime, m);
    acti_mutex_unlock(&runtime->topics->lock);
}

/* -- walking a group -- */

bool
acti_topic_walk_begin(acta_runtime *runtime, acta_str topic, acti_topic_walk *walk_out)
{
    acti_mutex_lock(&runtime->topics->lock);
    group *g = find_group(runtime->topics, topic);
    if (g != NULL) {
        g->walkers++;
        *walk_out =
            (acti_topic_walk){ .group = g, .begun = g->joins, .count = g->count }; /* written under both locks */
    }
    acti_mutex_unlock(&runtime->topics->lock);
    return g != NULL;
}

uint32_t
acti_topic_walk_next(acti_topic_walk *walk, acta_pid *pids_out)
{
    group *g = walk->group;
    uint32_t count = 0, looked = 0;

    acti_mutex_lock(&g->lock);
    for (; walk->next < g->used && count < ACTI_TOPIC_STEP; walk->next++) {
        const seat *s = &g->seats[walk->next];
        if (s->taken_by != NULL && s->number <= walk->begun) pids_out[count++] = s->taken_by->member->pid;
        if (++looked % (4 * ACTI_TOPIC_STEP) != 0) continue;
        acti_mutex_unlock(&g->lock); /* many free seats: let others in */
        acti_mutex_lock(&g->lock);
    }
    acti_mutex_unlock(&g->lock);
    return count;
}

void
acti_topic_walk_end(acta_runtime *runtime, acti_topic_walk *walk)
{
    acti_mutex_lock(&runtime->topics->lock);
    walk->group->walkers--;
    let_group_go(runtime, walk->group);
    acti_mutex_unlock(&runtime->topics->lock);
}

uint32_t
acta_topic_members(acta_runtime *runtime, acta_str topic, acta_pid *pids_out, uint32_t room)
{
    acta_pid pids[ACTI_TOPIC_STEP];
    acti_topic_walk walk;
    uint32_t total = 0, count;

    if (!acti_topic_walk_begin(runtime, topic, &walk)) return 0;
    while ((count = acti_topic_walk_next(&walk, pids)) > 0) {
        for (uint32_t i = 0; i < count; i++, total++)
            if (total < room) pids_out[total] = pids[i];
    }
    acti_topic_walk_end(runtime, &walk);
    return total;
}
