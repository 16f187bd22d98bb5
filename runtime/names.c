/*
 * Names: who has which. Read without a lock, written under one.
 *
 *     map -> [entry *][gone][NULL][entry *] …      open addressing, linear probing, a power of two
 *
 * A reader says that it reads (a counter in one of the stripes), walks the map, and says that it is done. A writer
 * replaces pointers; what it takes out (an entry, an outgrown map) waits in a row until each stripe has been seen
 * without a reader, and is freed then: whoever could have held it came before. Two counters a stripe, of which new
 * readers use the one that is not being waited for, so that a crowd of readers can't hold the writer's garbage for ever.
 *
 * An entry never moves within a map, so a name that is there throughout a walk is found by it.
 */
#include "internal.h"

enum { STRIPE_COUNT = 64, MAP_MIN = 64, GARBAGE_WAITING_MAX = 64 };

/* What an entry and a map begin with, for the day that they go: readers may still be in the rest of them then. */
typedef struct garbage {
    struct garbage *next;
    size_t size; /* of the whole block */
} garbage;

typedef struct acti_name {
    garbage garbage;
    uint64_t hash;
    acta_pid pid;
    char text[]; /* to the end of the block */
} acti_name;

typedef struct map {
    garbage garbage;
    uint64_t mask;
    _Atomic(acti_name *) entries[];
} map;

typedef struct stripe {
    alignas(ACTI_CACHE_LINE) _Atomic uint32_t readers[2];
} stripe;

typedef struct acti_registry {
    alignas(ACTI_CACHE_LINE) _Atomic(map *) map;
    _Atomic uint32_t side; /* which counter new readers use */
    uint64_t seed;

    alignas(ACTI_CACHE_LINE) acti_mutex lock;
    uint64_t used_count; /* entries and gone ones */
    uint64_t name_count;
    garbage *fresh, *waiting; /* fresh: since the last look began. waiting: until all stripes were seen empty */
    uint32_t fresh_count;
    uint64_t unseen[2]; /* stripes, by counter, that the waiting ones still wait for */

    stripe stripes[STRIPE_COUNT];
} acti_registry;

static size_t
text_size(const acti_name *entry)
{
    return entry->garbage.size - offsetof(acti_name, text);
}

/* Stands where an entry was; never read. */
static acti_name *
gone_mark(acti_registry *registry)
{
    return (acti_name *)(void *)registry;
}

/* -- hashing: multiply and fold, seeded, so that names chosen by an adversary don't collide -- */

__extension__ typedef unsigned __int128 wide;

static uint64_t
fold(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
hash_of(uint64_t seed, acta_str name)
{
    const char *next = name.data;
    size_t left = name.size;
    uint64_t hash = seed ^ (left * 0x9e3779b97f4a7c15u);
    uint64_t words[2];

    for (; left > 16; next += 16, left -= 16) {
        memcpy(words, next, 16);
        hash = fold(words[0] ^ 0xa0761d6478bd642fu, words[1] ^ hash);
    }
    words[0] = words[1] = 0;
    memcpy(words, next, left);
    hash = fold(words[0] ^ 0xe7037ed1a0b428dbu, words[1] ^ hash);
    return fold(hash ^ seed, 0x8ebc6af09c88c6e3u);
}

/* -- readers -- */

static _Atomic uint32_t *
begin_reading(acti_registry *registry)
{
    uint32_t side = atomic_load_explicit(&registry->side, memory_order_relaxed); /* either will do */
    uint32_t at = acti_thread_hash() % STRIPE_COUNT;
    _Atomic uint32_t *readers = &registry->stripes[at].readers[side];

    /* seq_cst: before our loads of map and entries. The writer takes out first and looks at the counters then, so it
     * either sees us, or we see that it took the thing out. */
    atomic_fetch_add_explicit(readers, 1, memory_order_seq_cst);
    return readers;
}

static void
end_reading(_Atomic uint32_t *readers)
{
    atomic_fetch_sub_explicit(readers, 1, memory_order_release); /* our reads are done; pairs with look_for_readers */
}

/* In a fault handler, for an actor that is in its turn here: its name, or that of a moment ago; "" for none. */
void
acti_name_peek(const acti_actor *actor, char *name, size_t room)
{
    _Atomic uint32_t *readers = begin_reading(actor->runtime->registry);
    const acti_name *entry = *(acti_name *const volatile *)&acti_side_of(actor)->name;
    size_t whole = entry != NULL ? text_size(entry) : 0, size = whole < room ? whole : room - 1;

    if (entry != NULL) memcpy(name, entry->text, size);
    name[size] = '\0';
    end_reading(readers);
}

static bool
is_named(const acti_name *entry, uint64_t hash, acta_str name)
{
    return entry->hash == hash && text_size(entry) == name.size && memcmp(entry->text, name.data, name.size) == 0;
}

/* The entry of the name, and its place if it is asked for. */
static acti_name *
find(acti_registry *registry, map *in, uint64_t hash, acta_str name, uint64_t *at_out)
{
    for (uint64_t at = hash & in->mask;; at = (at + 1) & in->mask) {
        /* seq_cst: acquires the entry's content; and see begin_reading. */
        acti_name *entry = atomic_load_explicit(&in->entries[at], memory_order_seq_cst);
        if (entry == NULL) return NULL;
        if (entry == gone_mark(registry) || !is_named(entry, hash, name)) continue;
        if (at_out != NULL) *at_out = at;
        return entry;
    }
}

acta_pid
acta_whereis(const acta_runtime *runtime, acta_str name)
{
    acti_registry *registry = runtime->registry;
    acta_pid pid = { 0 };

    if (name.size == 0 || name.size > ACTI_NAME_MAX) return pid;
    uint64_t hash = hash_of(registry->seed, name);
    _Atomic uint32_t *readers = begin_reading(registry);
    map *in = atomic_load_explicit(&registry->map, memory_order_seq_cst); /* as in find */
    acti_name *entry = find(registry, in, hash, name, NULL);
    if (entry != NULL) pid = entry->pid;
    end_reading(readers);
    return pid;
}

/* -- garbage, under the lock -- */

static void
free_row(acta_runtime *runtime, garbage *row)
{
    for (garbage *next; row != NULL; row = next) {
        next = row->next;
        acti_free(runtime, row, row->size);
    }
}

/* Strike out the stripes that have no reader at this moment. */
static void
look_for_readers(acti_registry *registry)
{
    for (int side = 0; side < 2; side++) {
        for (uint64_t left = registry->unseen[side]; left != 0; left &= left - 1) {
            int at = __builtin_ctzll(left);
            /* seq_cst: after what was taken out; acquire: after the reads of those who left. */
            if (atomic_load_explicit(&registry->stripes[at].readers[side], memory_order_seq_cst) == 0)
                registry->unseen[side] &= ~(UINT64_C(1) << at);
        }
    }
}

static void
tidy(acta_runtime *runtime)
{
    acti_registry *registry = runtime->registry;

    if (registry->waiting != NULL) {
        look_for_readers(registry);
        if ((registry->unseen[0] | registry->unseen[1]) != 0) return;
        free_row(runtime, registry->waiting);
        registry->waiting = NULL;
    }
    if (registry->fresh_count < GARBAGE_WAITING_MAX) return;
    registry->waiting = registry->fresh;
    registry->fresh = NULL;
    registry->fresh_count = 0;
    registry->unseen[0] = registry->unseen[1] = UINT64_MAX;
    uint32_t side = atomic_load_explicit(&registry->side, memory_order_relaxed); /* under the lock */
    atomic_store_explicit(&registry->side, 1 - side, memory_order_relaxed);      /* either will do for readers */
}

static void
discard(acti_registry *registry, garbage *block)
{
    block->next = registry->fresh;
    registry->fresh = block;
    registry->fresh_count++;
}

/* -- the map, under the lock -- */

static size_t
map_size(uint64_t mask)
{
    return sizeof(map) + (mask + 1) * sizeof(_Atomic(acti_name *));
}

static map *
make_map(acta_runtime *runtime, uint64_t capacity)
{
    map *made = acti_alloc(runtime, map_size(capacity - 1));

    if (made == NULL) return NULL;
    made->garbage = (garbage){ .size = map_size(capacity - 1) };
    made->mask = capacity - 1;
    for (uint64_t i = 0; i < capacity; i++)
        atomic_init(&made->entries[i], NULL);
    return made;
}

static void
put(acti_registry *registry, map *in, acti_name *entry)
{
    uint64_t at = entry->hash & in->mask;

    for (;; at = (at + 1) & in->mask) {
        acti_name *there = atomic_load_explicit(&in->entries[at], memory_order_relaxed); /* written under the lock */
        if (there == NULL) registry->used_count++;
        if (there == NULL || there == gone_mark(registry)) break;
    }
    atomic_store_explicit(&in->entries[at], entry, memory_order_release); /* publishes the entry; pairs with find */
}

/* Room for one more, with at least half of the map empty; the new map has no gone ones. */
static bool
make_room(acta_runtime *runtime)
{
    acti_registry *registry = runtime->registry;
    map *old = atomic_load_explicit(&registry->map, memory_order_relaxed); /* written under the lock */

    if (registry->used_count < (old->mask + 1) / 2) return true;
    uint64_t capacity = old->mask + 1;
    while (capacity < registry->name_count * 4)
        capacity *= 2;
    map *grown = make_map(runtime, capacity);
    if (grown == NULL)
        return registry->used_count < old->mask; /* fuller than we like, and right as long as one place is empty */

    registry->used_count = 0;
    for (uint64_t i = 0; i <= old->mask; i++) {
        acti_name *entry = atomic_load_explicit(&old->entries[i], memory_order_relaxed); /* as above */
        if (entry != NULL && entry != gone_mark(registry)) put(registry, grown, entry);
    }
    /* seq_cst: taken out before the counters are looked at; also publishes the new map. */
    atomic_store_explicit(&registry->map, grown, memory_order_seq_cst);
    discard(registry, &old->garbage);
    return true;
}

static acti_name *
make_entry(acta_runtime *runtime, acta_pid pid, uint64_t hash, acta_str name)
{
    size_t size = offsetof(acti_name, text) + name.size;
    acti_name *entry = acti_alloc(runtime, size);

    if (entry == NULL) return NULL;
    entry->garbage = (garbage){ .size = size };
    entry->hash = hash;
    entry->pid = pid;
    memcpy(entry->text, name.data, name.size);
    return entry;
}

static acta_status
add_locked(acti_actor *actor, acta_pid pid, acta_str name, acta_pid *holder_out)
{
    acta_runtime *runtime = actor->runtime;
    acti_registry *registry = runtime->registry;
    uint64_t hash = hash_of(registry->seed, name);
    map *in = atomic_load_explicit(&registry->map, memory_order_relaxed); /* written under the lock */

    if (!acti_life_raise(runtime, pid, ACTI_NAMED)) /* its end sees this and waits for the lock, or was before */
        return ACTA_NOPROC;
    acti_name *there = find(registry, in, hash, name, NULL);
    if (there != NULL || acti_side_of(actor)->name != NULL) {
        *holder_out = there != NULL ? there->pid : pid;
        return ACTA_ALREADY_EXISTS;
    }
    acti_name *entry = make_entry(runtime, pid, hash, name);
    if (entry == NULL || !make_room(runtime)) {
        if (entry != NULL) acti_free(runtime, entry, entry->garbage.size);
        return ACTA_NO_MEMORY;
    }
    put(registry, atomic_load_explicit(&registry->map, memory_order_relaxed), entry);
    registry->name_count++;
    acti_side_of(actor)->name = entry;
    return ACTA_OK;
}

acta_status
acti_name_add(acti_actor *actor, acta_pid pid, acta_str name, acta_pid *holder_out)
{
    acta_runtime *runtime = actor->runtime;

    acti_mutex_lock(&runtime->registry->lock);
    acta_status status = add_locked(actor, pid, name, holder_out);
    tidy(runtime);
    acti_mutex_unlock(&runtime->registry->lock);
    return status;
}

static void
remove_locked(acti_actor *actor, acti_name *entry)
{
    acti_registry *registry = actor->runtime->registry;
    map *in = atomic_load_explicit(&registry->map, memory_order_relaxed); /* written under the lock */
    uint64_t at = 0;

    acti_name *there = find(registry, in, entry->hash, acta_str_from(entry->text, text_size(entry)), &at);
    ACTI_ASSERT(there == entry);
    (void)there;
    /* seq_cst: taken out before the counters are looked at. */
    atomic_store_explicit(&in->entries[at], gone_mark(registry), memory_order_seq_cst);
    registry->name_count--;
    acti_side_of(actor)->name = NULL;
    discard(registry, &entry->garbage);
}

void
acti_name_remove(acti_actor *actor)
{
    acta_runtime *runtime = actor->runtime;

    acti_mutex_lock(&runtime->registry->lock);
    if (acti_side_of(actor)->name != NULL) remove_locked(actor, acti_side_of(actor)->name);
    tidy(runtime);
    acti_mutex_unlock(&runtime->registry->lock);
}

/* From any thread: the actor's registered name into `out`, which has ACTI_NAME_MAX bytes; its size, 0 when it has none. */
size_t
acti_name_copy(acti_actor *actor, char *out)
{
    acti_registry *registry = actor->runtime->registry;
    size_t size = 0;

    acti_mutex_lock(&registry->lock); /* anybody may unregister it */
    if (acti_side_of(actor)->name != NULL) {
        size = text_size(acti_side_of(actor)->name);
        memcpy(out, acti_side_of(actor)->name->text, size);
    }
    acti_mutex_unlock(&registry->lock);
    return size;
}

/* On the actor's own thread, whose `relations` nobody else may look at: the name in a service of the user's too. */
size_t
acti_own_name_copy(acti_actor *self, char *out)
{
    const acti_via *via = acti_relations_of(self) != NULL ? acti_relations_of(self)->via : NULL;

    if (via == NULL) return acti_name_copy(self, out);
    memcpy(out, via->name, via->size);
    return via->size;
}

acta_status
acta_register(acta_runtime *runtime, acta_str name, acta_pid pid, acta_error *error)
{
    acta_pid holder;

    if (name.size == 0 || name.size > ACTI_NAME_MAX)
        return acta_error_set(error, ACTA_INVALID, "a name has 1 to %d bytes, this one %zu", ACTI_NAME_MAX, name.size);
    acti_actor *actor = acti_actor_alive(runtime, pid);
    if (actor == NULL)
        return acta_error_set(
            error, ACTA_NOPROC, "cannot register '" ACTA_FMT "': the actor is not alive", ACTA_ARG(name));
    acta_status status = acti_name_add(actor, pid, name, &holder);
    if (status == ACTA_OK) return ACTA_OK;
    if (status == ACTA_ALREADY_EXISTS)
        return acta_error_set(error, status, "cannot register '" ACTA_FMT "': the %s", ACTA_ARG(name),
            acta_pid_equal(holder, pid) ? "actor has a name already" : "name is taken");
    return acta_error_set(error, status, "cannot register '" ACTA_FMT "': %s", ACTA_ARG(name),
        status == ACTA_NOPROC ? "the actor is not alive" : "there is no memory");
}

acta_status
acta_unregister(acta_runtime *runtime, acta_str name)
{
    acti_registry *registry = runtime->registry;
    acta_status status = ACTA_NOT_FOUND;

    if (name.size == 0 || name.size > ACTI_NAME_MAX) return ACTA_NOT_FOUND;
    acti_mutex_lock(&registry->lock);
    map *in = atomic_load_explicit(&registry->map, memory_order_relaxed); /* written under the lock */
    acti_name *entry = find(registry, in, hash_of(registry->seed, name), name, NULL);
    if (entry != NULL) {
        remove_locked(acti_actor_at(runtime, entry->pid), entry);
        status = ACTA_OK;
    }
    tidy(runtime);
    acti_mutex_unlock(&registry->lock);
    return status;
}

/* -- life -- */

acta_status
acti_registry_create(acta_runtime *runtime)
{
    acti_registry *registry = acti_line_alloc(&runtime->environment.allocator, sizeof *registry);

    if (registry == NULL) return ACTA_NO_MEMORY;
    memset(registry, 0, sizeof *registry);
    runtime->registry = registry;
    runtime->environment.random.fill(runtime->environment.random.user, &registry->seed, sizeof registry->seed);
    map *first = make_map(runtime, MAP_MIN);
    if (first == NULL || !acti_mutex_init(&registry->lock)) {
        acti_registry_destroy(runtime);
        return ACTA_NO_MEMORY;
    }
    atomic_init(&registry->map, first);
    return ACTA_OK;
}

/* No thread reads any more, and all actors are gone, and their names with them. */
void
acti_registry_destroy(acta_runtime *runtime)
{
    acti_registry *registry = runtime->registry;

    if (registry == NULL) return;
    free_row(runtime, registry->waiting);
    free_row(runtime, registry->fresh);
    map *last = atomic_load_explicit(&registry->map, memory_order_relaxed); /* no other thread is left */
    if (last != NULL) {
        acti_free(runtime, last, last->garbage.size);
        acti_mutex_deinit(&registry->lock);
    }
    acti_line_free(&runtime->environment.allocator, registry, sizeof *registry);
    runtime->registry = NULL;
}
