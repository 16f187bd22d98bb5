/*
 * What a live aggregate takes that is idle, with 64 bytes of state, counted in the allocator hook over many, and that the
 * application's own count (acta_app_aggregates) says about the same. ACTA_TEST_PRINT tells of what sizes it is:
 *
 *     252  its slot in the runtime: mailbox, life, limits (in chunks of 2^n slots)
 *     184  the actor's own: what it is, its version, its place among those that were used; and the state, counted as 64
 *      80  its idle time: a timer, and the place of its message
 *      44  its name in the registry, and some 32 of the registry's table
 *      12  the stream's name, as the aggregate has it
 *
 * A state with strings or vectors has a memory too, which is 48 and what lies in it. What it needs for work (some 300 bytes,
 * and a decision) went back a second after its last command.
 *
 * The numbers of slots are such that the last chunk is just full.
 */
#include "fixture.h"

enum { SIZE_MAX_COUNTED = 4096, WARM = 4000, INSTANCES = 4096, STATE_BYTES = 64, BYTES_MAX = 700 };

/* Live blocks by size, all bytes, and the most that there were. One thread. */
static int64_t live_bytes, peak_bytes, live_blocks[SIZE_MAX_COUNTED + 1];

static void *
counted_alloc(void *user, size_t size)
{
    void *block = malloc(size);
    (void)user;

    if (block == NULL) return NULL;
    live_bytes += (int64_t)size;
    if (live_bytes > peak_bytes) peak_bytes = live_bytes;
    live_blocks[size < SIZE_MAX_COUNTED ? size : SIZE_MAX_COUNTED]++;
    return block;
}

static void
counted_free(void *user, void *block, size_t size)
{
    (void)user;
    if (block == NULL) return;
    live_bytes -= (int64_t)size;
    live_blocks[size < SIZE_MAX_COUNTED ? size : SIZE_MAX_COUNTED]--;
    free(block);
}

static void
wake(fixture *f, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < from + count; i++) {
        char id[16];
        snprintf(id, sizeof id, "%08u", i);
        const char *none[] = { "x" };
        MUST(f, start_job(f, id, none, 0, 1));
    }
    pass_ms(f, 5000); /* idle, and far from being passivated */
}

static void
an_idle_aggregate_takes_little_memory(void **state)
{
    fixture *f = FIXTURE(state);
    static int64_t blocks_before[SIZE_MAX_COUNTED + 1];

    f->environment.allocator = (acta_allocator){ .alloc = counted_alloc, .free = counted_free };
    f->config.store.tail_bytes_max = 4096; /* the store's own memory is not what is asked for */
    start(f);
    wake(f, 0, WARM + INSTANCES); /* the streams */
    stop(f);
    start(f);
    wake(f, 0, WARM);
    int64_t before = live_bytes;
    memcpy(blocks_before, live_blocks, sizeof live_blocks);
    wake(f, WARM, INSTANCES);
    int64_t each = (live_bytes - before) / INSTANCES + STATE_BYTES - (int64_t)sizeof(ledger_Job);

    for (uint32_t size = 0; getenv("ACTA_TEST_PRINT") != NULL && size <= SIZE_MAX_COUNTED; size++) {
        int64_t more = live_blocks[size] - blocks_before[size];
        if (more * 20 > INSTANCES || (size >= 1024 && more > 0))
            printf("%5u bytes: %6.2f each\n", size, (double)more / INSTANCES);
    }
    printf("a live aggregate with %d bytes of state: %" PRId64 " bytes\n", STATE_BYTES, each);
    assert_true(each <= BYTES_MAX);
    acta_aggregates_info info;
    acta_app_aggregates(f->app, &info);
    assert_int_equal(info.live, WARM + INSTANCES);
    int64_t said = (int64_t)(info.bytes / info.live) + STATE_BYTES - (int64_t)sizeof(ledger_Job);
    assert_true(said > each * 3 / 4 && said < each * 5 / 4);
}

/* What reading a counter of so many events takes at most, beside what was there. */
static int64_t
rehydration_peak(fixture *f, const char *id, uint32_t events)
{
    enum { BURST = 5000 };

    start(f);
    for (uint32_t i = 0; i < events; i += BURST)
        MUST(f, ledger_Burst_dispatch(
                    f->app, ACTA_INIT(ledger_Burst, .counter_id = acta_str_of(id), .times = BURST), NULL, &f->error));
    stop(f);
    start(f);
    int64_t before = peak_bytes = live_bytes;
    assert_int_equal(total_of(f, id), events);
    int64_t peak = peak_bytes - before;
    stop(f);
    return peak;
}

/* AP-23, SEC-10: 100,000 events in one stream take no more memory while they are read than 10,000 do. */
static void
a_long_stream_is_read_in_little_memory(void **state)
{
    static ledger_Counter_aggregate counter;
    static const acta_aggregate *const aggregates[] = { &counter.base, NULL };
    enum { ROOM_BYTES = 256 << 10 };
    fixture *f = FIXTURE(state);

    counter = ledger_counter;
    counter.snapshot_every = UINT32_MAX;
    f->environment.allocator = (acta_allocator){ .alloc = counted_alloc, .free = counted_free };
    f->config.aggregates = aggregates;
    f->config.store.memory_bytes = 1 << 20;
    f->config.store.tail_bytes_max = 4096;
    int64_t few = rehydration_peak(f, "few", 10000), many = rehydration_peak(f, "many", 100000);
    if (getenv("ACTA_TEST_PRINT") != NULL)
        printf("10,000 events: %" PRId64 ", 100,000: %" PRId64 " bytes\n", few, many);
    assert_true(many <= few + ROOM_BYTES);
}

/* The most that asking for `count` aggregates of made-up names takes, beside what was there. */
static int64_t
made_up_peak(fixture *f, uint32_t from, uint32_t count)
{
    int64_t before = peak_bytes = live_bytes;

    for (uint32_t i = from; i < from + count; i++) {
        char id[16];
        snprintf(id, sizeof id, "%08u", i);
        assert_int_equal(total_of(f, id), 0);
    }
    return peak_bytes - before;
}

/* SEC-10: two hundred thousand aggregates of made-up names take no more memory than three thousand do. What bounds it is what the
 * application may have for them: no time passes that would make them idle. */
static void
made_up_aggregates_take_what_they_may(void **state)
{
    static ledger_Counter_aggregate counter;
    static const acta_aggregate *const aggregates[] = { &counter.base, NULL };
    enum { BUDGET_BYTES = 1 << 20, FEW = 3000, MANY = 200000, SLACK_BYTES = 256 << 10 };
    fixture *f = FIXTURE(state);
    acta_aggregates_info info;

    counter = ledger_counter;
    f->environment.allocator = (acta_allocator){ .alloc = counted_alloc, .free = counted_free };
    f->config.aggregates = aggregates;
    f->config.aggregate_memory_bytes = BUDGET_BYTES;
    f->config.store.tail_bytes_max = 4096;
    start(f);
    int64_t few = made_up_peak(f, 0, FEW), more = made_up_peak(f, FEW, MANY);
    acta_app_aggregates(f->app, &info);
    if (getenv("ACTA_TEST_PRINT") != NULL)
        printf("%u names: %" PRId64 ", %u more: %" PRId64 " bytes; %" PRIu64 " live in %" PRIu64 "\n", FEW, few, MANY,
            more, (uint64_t)info.live, (uint64_t)info.bytes);
    assert_true(few > BUDGET_BYTES / 2);
    assert_true(more <= SLACK_BYTES);
    assert_true(info.bytes <= BUDGET_BYTES);
    assert_true(info.evicted >= FEW + MANY - info.live);
    f->config.aggregate_memory_bytes = 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(an_idle_aggregate_takes_little_memory),
        manual(made_up_aggregates_take_what_they_may),
        manual(a_long_stream_is_read_in_little_memory),
    };
    return run_on_memory("live size", tests);
}
