/*
 * Topics: who is in which group, and one message to all of a group.
 *
 *     groups        name -> group: [membership *][membership *] …      what a publish walks
 *     memberships   (group, pid) -> membership                         one actor in one group
 *     members       pid -> member -> its memberships                   what the end of an actor takes out
 *
 * Two locks: the runtime's, over all three maps, and each group's, over its array; who takes both takes them in that
 * order. A publish holds its group's only, so that other groups aren't held up. A group goes with its last member, or with
 * the last publish that still walks it.
 *
 * An actor that joins gets the flag MEMBER into its life word, which fails when it isn't alive; who ends takes the word
 * away with an exchange, sees the flag, and waits at the runtime's lock until the join is through. So none stays behind.
 *
 * Not here: the mailboxes (send.c).
 */
#include "topic.h"

enum { BUCKETS_FIRST = 16, SMALL = 64 };

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

typedef struct group {
    chain chain;
    uint32_t walkers; /* publishes that hold it; under the runtime's lock */
    uint32_t name_size;
    acti_mutex lock;
    struct membership **members; /* under `lock` from here on; written under both */
    uint32_t count, capacity;
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
    uint32_t index;                 /* in group->members */
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
    acti_free(runtime, g->members, g->capacity * sizeof(membership *));
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
add_to_group(acta_runtime *runtime, group *g, membership *m)
{
    acti_mutex_lock(&g->lock);
    bool fits =
        g->count < g->capacity || acti_array_grow(runtime, (void **)&g->members, &g->capacity, 4, sizeof(membership *));
    if (fits) {
        m->index = g->count;
        g->members[g->count++] = m;
    }
    acti_mutex_unlock(&g->lock);
    return fits;
}

static void
take_from_group(membership *m)
{
    group *g = m->group;

    acti_mutex_lock(&g->lock);
    membership *last = g->members[--g->count];
    g->members[m->index] = last;
    last->index = m->index;
    acti_mutex_unlock(&g->lock);
}

static bool
create_membership(acta_runtime *runtime, group *g, member *of)
{
    membership *m = acti_alloc(runtime, sizeof *m);

    if (m == NULL) return false;
    *m = (membership){ .group = g, .member = of, .next = of->first };
    if (!add_to_group(runtime, g, m)) {
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

    take_from_group(m);
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

/* The group, which stays until give_back; NULL: there is none. Its lock is held. */
static group *
take_group(acta_runtime *runtime, acta_str topic)
{
    acti_mutex_lock(&runtime->topics->lock);
    group *g = find_group(runtime->topics, topic);
    if (g != NULL) g->walkers++;
    acti_mutex_unlock(&runtime->topics->lock);
    if (g != NULL) acti_mutex_lock(&g->lock);
    return g;
}

static void
give_back(acta_runtime *runtime, group *g)
{
    acti_mutex_unlock(&g->lock);
    acti_mutex_lock(&runtime->topics->lock);
    g->walkers--;
    let_group_go(runtime, g);
    acti_mutex_unlock(&runtime->topics->lock);
}

uint32_t
acta_topic_members(acta_runtime *runtime, acta_str topic, acta_pid *pids_out, uint32_t room)
{
    group *g = take_group(runtime, topic);

    if (g == NULL) return 0;
    uint32_t count = g->count;
    for (uint32_t i = 0; i < count && i < room; i++)
        pids_out[i] = g->members[i]->member->pid;
    give_back(runtime, g);
    return count;
}

/* -- one payload for many -- */

/* What is published, until the last who got it is done. */
typedef struct shared {
    acta_runtime *runtime;
    _Atomic uint32_t holders;
    acta_message *original;
} shared;

static void
let_shared_go(shared *s)
{
    /* acq_rel: everybody's reads come before the original goes. */
    if (atomic_fetch_sub_explicit(&s->holders, 1, memory_order_acq_rel) > 1) return;
    acta_message_destroy(s->original);
    acti_free(s->runtime, s, sizeof *s);
}

static void
destroy_part(acta_message *part)
{
    shared *s;

    memcpy(&s, acti_message_of(part)->payload, sizeof s);
    let_shared_go(s);
}

/* A message for one of many; NULL: no memory. A small one without `destroy` is simply copied. */
static acta_message *
make_part(acta_runtime *runtime, shared *s)
{
    const acta_message *original = s->original;
    bool is_plain = original->size <= SMALL && original->destroy == NULL;
    acta_message *part = acta_message_create(runtime, original->tag, is_plain ? original->size : sizeof s);

    if (part == NULL) return NULL;
    if (is_plain) {
        if (original->size > 0) memcpy(part->payload, original->payload, original->size);
        return part;
    }
    memcpy(part->payload, &s, sizeof s);
    atomic_fetch_add_explicit(&s->holders, 1, memory_order_relaxed); /* we hold it ourselves */
    part->destroy = destroy_part;
    part->payload = original->payload;
    part->size = original->size;
    return part;
}

static void
give_to(acta_runtime *runtime, shared *s, acta_pid pid, acta_publish_result *result)
{
    acta_message *part = make_part(runtime, s);
    acta_status status = part == NULL ? ACTA_NO_MEMORY : acta_send(runtime, pid, part);

    if (status == ACTA_OK)
        result->sent++;
    else if (status == ACTA_BUSY || status == ACTA_NO_MEMORY)
        result->refused++;
}

acta_status
acta_topic_publish(
    acta_runtime *runtime, acta_str topic, acta_message *message, acta_pid except, acta_publish_result *result_out)
{
    acta_publish_result result = { 0, 0 };

    if (result_out != NULL) *result_out = result;
    if (message == NULL) return ACTA_NO_MEMORY;
    shared *s = acti_alloc(runtime, sizeof *s);
    if (s == NULL) {
        acta_message_destroy(message);
        return ACTA_NO_MEMORY;
    }
    *s = (shared){ .runtime = runtime, .original = message };
    atomic_init(&s->holders, 1);

    group *g = take_group(runtime, topic);
    for (uint32_t i = 0; g != NULL && i < g->count; i++) {
        acta_pid pid = g->members[i]->member->pid;
        if (!acta_pid_equal(pid, except)) give_to(runtime, s, pid, &result);
    }
    if (g != NULL) give_back(runtime, g);
    let_shared_go(s);
    if (result_out != NULL) *result_out = result;
    return ACTA_OK;
}
