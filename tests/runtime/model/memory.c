/*
 * What the model knows of memory: for each atomic word all of its stores, for each plain one who touched it last.
 *
 *     word:  [store 0] [store 1] [store 2]     a load may give any from its floor on: the last store that happens
 *                 ^ floor of a thread           before it, or one that it, or something before it, has read
 *
 * Clocks are vectors: component t counts the steps of thread t that happen before. A store with release order carries
 * its thread's clock, and a change (read-modify-write) carries on the clock of the store that it read. seq_cst is the
 * order in which the steps are run: such a load sees nothing older than the last such store to the word.
 *
 * Plain accesses come from the compiler's instrumentation (__tsan_read4 and so on), whose library isn't linked: these
 * are the functions. Two of them, one a write, without a happens-before are a race; so is any access to what was freed.
 */
#include "checker.h"

#include <stdlib.h>
#include <string.h>

/* -- atomic words -- */

typedef struct store {
    uint64_t value;
    int thread; /* -1: before the threads */
    uint32_t time;
    bool is_released, is_ordered; /* carries a clock; seq_cst */
    clock_vector clock;
} store;

typedef struct reading {
    int thread;
    uint32_t time, index;
} reading;

enum { WORD_COUNT = 1024, READING_MAX = 256 };

typedef struct word {
    const volatile void *object;
    store stores[VALUE_MAX]; /* by index modulo VALUE_MAX */
    uint32_t count, ordered; /* stores so far; index of the last seq_cst one, plus 1 */
    reading readings[READING_MAX];
    uint32_t reading_count;
    clock_vector lock_clock;
    uint32_t last_step;
} word;

static word words[WORD_COUNT];
static uint32_t used[WORD_COUNT], used_count;

static word *
word_of(const volatile void *object)
{
    uint32_t at = (uint32_t)(((uintptr_t)object >> 2) * 2654435761u) % WORD_COUNT;

    while (words[at].object != NULL && words[at].object != object)
        at = (at + 1) % WORD_COUNT;
    word *w = &words[at];
    if (w->object == NULL) {
        if (used_count == WORD_COUNT / 2) abort();
        w->object = object;
        w->count = w->ordered = w->reading_count = w->last_step = 0;
        memset(&w->lock_clock, 0, sizeof w->lock_clock);
        used[used_count++] = at;
    }
    return w;
}

static uint64_t
value_at(const volatile void *object, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, (const void *)(uintptr_t)object, size);
    return value;
}

/* What was written around the model (an initialisation) counts as a store that happens before everything. */
static void
notice_plain_store(word *w, size_t size)
{
    uint64_t value = value_at(w->object, size);

    if (w->count > 0 && w->stores[(w->count - 1) % VALUE_MAX].value == value) return;
    w->count = w->ordered = w->reading_count = 0;
    w->stores[w->count++] = (store){ .value = value, .thread = -1 };
}

static uint32_t
floor_of(const word *w, const thread *t, memory_order order)
{
    uint32_t floor = w->count > VALUE_MAX ? w->count - VALUE_MAX : 0;

    if (order == memory_order_seq_cst && w->ordered > floor + 1) floor = w->ordered - 1;
    for (uint32_t i = w->count - 1; i > floor; i--) {
        const store *s = &w->stores[i % VALUE_MAX];
        if (s->thread < 0 || s->time <= t->memory.at[s->thread]) floor = i;
    }
    for (uint32_t i = 0; i < w->reading_count; i++) {
        const reading *r = &w->readings[i];
        if (r->index > floor && r->time <= t->memory.at[r->thread]) floor = r->index;
    }
    return floor;
}

uint32_t
memory_choices(thread *t, const step *s)
{
    if (s->kind != STEP_LOAD || t->is_fresh) return 1;
    word *w = word_of(s->object);
    notice_plain_store(w, s->size);
    return w->count - floor_of(w, t, s->order);
}

static bool
acquires(memory_order order)
{
    return order != memory_order_relaxed && order != memory_order_release;
}

static bool
releases(memory_order order)
{
    return order == memory_order_release || order == memory_order_acq_rel || order == memory_order_seq_cst;
}

static uint64_t
read_at(word *w, thread *t, uint32_t index, memory_order order)
{
    store *s = &w->stores[index % VALUE_MAX];

    if (w->reading_count < READING_MAX)
        w->readings[w->reading_count++] = (reading){ running, t->memory.at[running], index };
    if (acquires(order) && s->is_released) clock_join(&t->memory, &s->clock);
    t->read_last = w->object;
    t->read_version = w->count;
    return s->value;
}

static void
write_to(word *w, thread *t, const step *s, uint64_t value, const store *continued)
{
    uint64_t mask = s->size == 8 ? UINT64_MAX : (UINT64_C(1) << (s->size * 8)) - 1;
    store made = { .value = value & mask, .thread = running, .time = t->memory.at[running] };

    if (continued != NULL && continued->is_released) {
        made.is_released = true;
        made.clock = continued->clock;
    }
    if (releases(s->order)) {
        made.is_released = true;
        clock_join(&made.clock, &t->memory);
    }
    made.is_ordered = s->order == memory_order_seq_cst;
    w->stores[w->count++ % VALUE_MAX] = made;
    if (made.is_ordered) w->ordered = w->count;
    memcpy((void *)(uintptr_t)w->object, &made.value, s->size);
    t->is_fresh = false;
}

static uint64_t
updated(model_update update, uint64_t value, uint64_t operand)
{
    switch (update) {
    case MODEL_SET:
        return operand;
    case MODEL_ADD:
        return value + operand;
    case MODEL_SUB:
        return value - operand;
    case MODEL_OR:
        return value | operand;
    case MODEL_AND:
        return value & operand;
    }
    return value;
}

void
memory_perform(thread *t, step *s, uint32_t choice)
{
    word *w = word_of(s->object);
    uint64_t expected = 0;

    notice_plain_store(w, s->size);
    uint32_t latest = w->count - 1;
    switch (s->kind) {
    case STEP_LOAD:
        s->result = read_at(w, t, latest - choice, s->order);
        break;
    case STEP_STORE:
        write_to(w, t, s, s->value, NULL);
        break;
    case STEP_CHANGE: {
        s->result = read_at(w, t, latest, s->order);
        store before = w->stores[latest % VALUE_MAX];
        write_to(w, t, s, updated(s->update, s->result, s->value), &before);
        break;
    }
    case STEP_COMPARE: {
        memcpy(&expected, s->expected, s->size);
        store before = w->stores[latest % VALUE_MAX];
        s->ok = before.value == expected;
        s->result = read_at(w, t, latest, s->ok ? s->order : s->failure);
        if (s->ok)
            write_to(w, t, s, s->value, &before);
        else
            memcpy(s->expected, &s->result, s->size);
        break;
    }
    case STEP_WAIT:
        s->result = read_at(w, t, latest, memory_order_relaxed);
        s->ok = s->result == s->value;
        break;
    default:
        break;
    }
}

void
memory_perform_outside(step *s)
{
    uint64_t expected = 0, value = s->value;

    s->result = value_at(s->object, s->size);
    if (s->kind == STEP_LOAD) return;
    if (s->kind == STEP_CHANGE) value = updated(s->update, s->result, s->value);
    if (s->kind == STEP_COMPARE) {
        memcpy(&expected, s->expected, s->size);
        s->ok = s->result == expected;
        if (!s->ok) {
            memcpy(s->expected, &s->result, s->size);
            return;
        }
    }
    memcpy((void *)(uintptr_t)s->object, &value, s->size);
}

uint32_t
memory_last_step(const volatile void *object, uint32_t now)
{
    word *w = word_of(object);
    uint32_t before = w->last_step;
    w->last_step = now;
    return before;
}

uint64_t
memory_version(const volatile void *object)
{
    return object != NULL ? word_of(object)->count : 0;
}

void
memory_acquire(thread *t, const volatile void *object)
{
    clock_join(&t->memory, &word_of(object)->lock_clock);
}

void
memory_release(thread *t, const volatile void *object)
{
    clock_join(&word_of(object)->lock_clock, &t->memory);
}

/* -- plain accesses -- */

typedef struct cell {
    uintptr_t address;
    int writer;
    uint32_t write_time;
    uint32_t read_time[MODEL_THREAD_MAX];
} cell;

enum { CELL_COUNT = 1 << 14, FREED_MAX = 256, ARENA_SIZE = 4 << 20 };
static cell cells[CELL_COUNT];
static uint32_t cells_used[CELL_COUNT / 2], cell_count;
static struct {
    uintptr_t from, to;
} freed[FREED_MAX];
static uint32_t freed_count;
static unsigned char arena[ARENA_SIZE] __attribute__((aligned(64)));
static size_t arena_used;

void *
model_alloc(size_t size)
{
    size = (size + 63) / 64 * 64;
    if (arena_used + size > ARENA_SIZE) return NULL;
    void *block = arena + arena_used;
    arena_used += size;
    return memset(block, 0, size);
}

void
model_free(void *block, size_t size)
{
    if (block == NULL || freed_count == FREED_MAX) return;
    freed[freed_count].from = (uintptr_t)block;
    freed[freed_count++].to = (uintptr_t)block + size;
}

static void
check_alive(uintptr_t address)
{
    for (uint32_t i = 0; i < freed_count; i++)
        if (address >= freed[i].from && address < freed[i].to) model_fail("use of memory that was freed");
}

static cell *
cell_of(uintptr_t address)
{
    uint32_t at = (uint32_t)((address >> 1) * 2654435761u) % CELL_COUNT;

    while (cells[at].address != 0 && cells[at].address != address)
        at = (at + 1) % CELL_COUNT;
    if (cells[at].address == 0) {
        if (cell_count == CELL_COUNT / 2) return NULL;
        cells_used[cell_count++] = at;
        memset(&cells[at], 0, sizeof cells[at]);
        cells[at].address = address;
        cells[at].writer = -1;
    }
    return &cells[at];
}

static void
touch(const void *place, bool writes, const void *code)
{
    if (running < 0 || place == thread_local_variable) return;
    thread *t = &threads[running];
    cell *c = cell_of((uintptr_t)place);

    if (freed_count > 0) check_alive((uintptr_t)place);
    if (c == NULL) return;
    if (c->writer >= 0 && c->writer != running && c->write_time > t->memory.at[c->writer])
        model_fail("a race on %p, at code %p: '%s' wrote it, and '%s' %s it without an order between them", place, code,
            threads[c->writer].name, t->name, writes ? "writes" : "reads");
    if (!writes) {
        c->read_time[running] = t->memory.at[running];
        return;
    }
    for (int i = 0; i < MODEL_THREAD_MAX; i++)
        if (i != running && c->read_time[i] > t->memory.at[i])
            model_fail("a race on %p, at code %p: '%s' reads it, and '%s' writes it without an order between them",
                place, code, threads[i].name, t->name);
    c->writer = running;
    c->write_time = t->memory.at[running];
}

void
memory_forget(void)
{
    for (uint32_t i = 0; i < used_count; i++)
        words[used[i]].object = NULL;
    for (uint32_t i = 0; i < cell_count; i++)
        cells[cells_used[i]].address = 0;
    used_count = cell_count = freed_count = 0;
    arena_used = 0;
}

/* -- planted defects -- */

bool
memory_plant(step *s)
{
    const model_plant *plant = &exploring->plant;

    if (plant->effect == MODEL_PLANT_NONE || strcmp(plant->function, s->site.function) != 0 ||
        strstr(s->site.text, plant->object) == NULL)
        return false;
    switch (plant->effect) {
    case MODEL_PLANT_NONE:
        return false;
    case MODEL_PLANT_BLIND:
        s->kind = STEP_CHANGE;
        s->update = MODEL_SET;
        s->ok = true;
        return false;
    case MODEL_PLANT_RELAX:
        s->order = s->failure = memory_order_relaxed;
        return false;
    case MODEL_PLANT_SKIP:
        s->ok = true;
        s->result = 0;
        return true;
    }
    return false;
}

/* -- what the compiler calls -- */

#define HERE __builtin_return_address(0)
#define ACCESS(size)                                                                                                   \
    void __tsan_read##size(const void *place);                                                                         \
    void __tsan_write##size(void *place);                                                                              \
    void __tsan_unaligned_read##size(const void *place);                                                               \
    void __tsan_unaligned_write##size(void *place);                                                                    \
    void __tsan_read##size(const void *place)                                                                          \
    {                                                                                                                  \
        touch(place, false, HERE);                                                                                     \
    }                                                                                                                  \
    void __tsan_write##size(void *place)                                                                               \
    {                                                                                                                  \
        touch(place, true, HERE);                                                                                      \
    }                                                                                                                  \
    void __tsan_unaligned_read##size(const void *place)                                                                \
    {                                                                                                                  \
        touch(place, false, HERE);                                                                                     \
    }                                                                                                                  \
    void __tsan_unaligned_write##size(void *place)                                                                     \
    {                                                                                                                  \
        touch(place, true, HERE);                                                                                      \
    }
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

void __tsan_init(void);
void __tsan_atomic_signal_fence(int order);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_read_range(const void *place, size_t size);
void __tsan_write_range(void *place, size_t size);
void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size);
void *__tsan_memset(void *to, int value, size_t size);

void
__tsan_init(void)
{
}

void
__tsan_atomic_signal_fence(int order) /* the compiler's, which leaves steps as they stand */
{
    (void)order;
}

void
__tsan_func_entry(void *caller)
{
    (void)caller;
}

void
__tsan_func_exit(void)
{
}

void
__tsan_read_range(const void *place, size_t size)
{
    for (size_t i = 0; i < size; i += 8)
        touch((const char *)place + i, false, HERE);
}

void
__tsan_write_range(void *place, size_t size)
{
    for (size_t i = 0; i < size; i += 8)
        touch((char *)place + i, true, HERE);
}

void *
__tsan_memcpy(void *to, const void *from, size_t size)
{
    return memcpy(to, from, size);
}

void *
__tsan_memmove(void *to, const void *from, size_t size)
{
    return memmove(to, from, size);
}

void *
__tsan_memset(void *to, int value, size_t size)
{
    return memset(to, value, size);
}
