/*
 * See harness.h.
 */
#include "harness.h"

#include <dirent.h>
#include <time.h>

#include "seed.h"

enum {
    PATIENCE_S = 60,           /* far beyond what the slowest machine needs: only a hang takes it */
    HANDLER_LIMIT_MS = 3600000 /* unless a test says otherwise: one that the machine holds up is no line in the log */
};

uint64_t
real_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void
sleep_ms(unsigned ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    nanosleep(&t, NULL);
}

uint64_t
scaled(uint64_t normal)
{
    const char *stress = getenv("ACTA_STRESS");
    long factor = stress != NULL ? atol(stress) : 1;
    return factor > 1 ? normal * (uint64_t)factor : normal;
}

uint64_t
test_seed(void)
{
    return seed_of_this_run();
}

uint32_t
draw(uint64_t *state, uint32_t bound)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) % bound);
}

/* -- seams -- */

static void *
counting_alloc(void *user, size_t size)
{
    harness *h = user;

    int64_t left = atomic_load(&h->allocs_left);
    while (left != 0 && left != -1 &&
           !atomic_compare_exchange_weak(&h->allocs_left, &left, left > 0 ? left - 1 : left + 1)) {}
    if (left == 0 || left == -2) return NULL;
    atomic_fetch_add(&h->blocks, 1);
    atomic_fetch_add(&h->bytes, (int64_t)size);
    return memset(malloc(size), 0xa5, size);
}

static void
counting_free(void *user, void *pointer, size_t size)
{
    harness *h = user;

    atomic_fetch_sub(&h->blocks, 1);
    atomic_fetch_sub(&h->bytes, (int64_t)size);
    memset(pointer, 0x5a, size);
    free(pointer);
}

static uint64_t
turned_clock(void *user)
{
    harness *h = user;
    return atomic_load(&h->now_ns);
}

static int64_t
turned_wall(void *user)
{
    harness *h = user;
    return (int64_t)(atomic_load(&h->now_ns) / 1000) + atomic_load(&h->wall_jump_us);
}

static void
seeded_fill(void *user, void *bytes, size_t size)
{
    harness *h = user;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)draw(&h->random, 256);
}

static void
count_line(void *user, acta_log_level level, acta_str line)
{
    harness *h = user;
    if (h->log != NULL) h->log(h->log_user, level, line);
    atomic_fetch_add(&h->log_lines, 1);
}

void
harness_start_with(harness *h, acta_runtime_config config)
{
    acta_error error;

    atomic_store(&h->blocks, 0);
    atomic_store(&h->bytes, 0);
    atomic_store(&h->allocs_left, -1);
    atomic_store(&h->log_lines, 0);
    atomic_store(&h->wall_jump_us, 0);
    atomic_store(&h->now_ns, UINT64_C(5000000000));
    h->random = 7;
    h->log = NULL;
    h->environment = (acta_environment){ .allocator = { counting_alloc, counting_free, h },
        .log = { .write = count_line, .user = h } };
    if (config.manual) {
        h->environment.clock = (acta_clock){ turned_clock, turned_wall, h };
        h->environment.random = (acta_random){ seeded_fill, h };
    }
    if (config.handler_limit_ms == 0) config.handler_limit_ms = HANDLER_LIMIT_MS;
    config.environment = &h->environment;
    acta_status status = acta_runtime_create(&config, &h->runtime, &error);
    if (status != ACTA_OK) fail_msg("%s", error.text);
}

void
harness_start(harness *h, uint32_t workers)
{
    harness_start_with(h, (acta_runtime_config){ .worker_count = workers, .manual = workers == 0 });
}

void
harness_stop(harness *h)
{
    acta_runtime_stats stats;

    acta_runtime_stop(h->runtime, 60000, NULL);
    acta_runtime_stats_read(h->runtime, &stats);
    assert_int_equal(stats.sent, stats.handled + stats.dropped);
    assert_int_equal(stats.spawned, stats.exited);
    assert_int_equal(stats.alive, 0);
    acta_runtime_destroy(h->runtime);
    assert_int_equal(atomic_load(&h->blocks), 0);
    assert_int_equal(atomic_load(&h->bytes), 0);
}

void
harness_run(harness *h)
{
    while (acta_runtime_step(h->runtime)) {}
}

void
harness_advance(harness *h, uint64_t ms)
{
    uint64_t end_ns = atomic_load(&h->now_ns) + ms * 1000000;

    for (;;) {
        harness_run(h);
        uint64_t next_ns = acta_runtime_next_timer_ns(h->runtime);
        if (next_ns > end_ns) break;
        if (next_ns > atomic_load(&h->now_ns)) atomic_store(&h->now_ns, next_ns);
    }
    atomic_store(&h->now_ns, end_ns);
    harness_run(h);
}

/* -- scripted actors -- */

static acta_status
scripted_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    const script **s = state;
    *s = argument;
    return (*s)->init != NULL ? (*s)->init(self, (*s)->user, error) : ACTA_OK;
}

static acta_next
scripted_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    const script *s = *(const script **)state;
    if (s->call != NULL) return s->call(self, s->user, from, message);
    acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static acta_next
scripted_cast(acta_self *self, void *state, acta_message *message)
{
    const script *s = *(const script **)state;
    return s->cast != NULL ? s->cast(self, s->user, message) : ACTA_NEXT;
}

static acta_next
scripted_info(acta_self *self, void *state, const acta_info *info)
{
    const script *s = *(const script **)state;
    return s->info != NULL ? s->info(self, s->user, info) : ACTA_NEXT;
}

static acta_next
scripted_continue(acta_self *self, void *state)
{
    const script *s = *(const script **)state;
    return s->go_on != NULL ? s->go_on(self, s->user) : ACTA_NEXT;
}

static void
scripted_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    const script *s = *(const script **)state;
    if (s->terminate != NULL) s->terminate(self, s->user, reason);
}

#define SCRIPTED                                                                                                       \
    .name = "scripted", .state_size = sizeof(const script *), .init = scripted_init, .handle_call = scripted_call,     \
    .handle_cast = scripted_cast, .handle_info = scripted_info, .handle_continue = scripted_continue,                  \
    .terminate = scripted_terminate

const acta_behaviour scripted = { SCRIPTED };
const acta_behaviour scripted_on_caller = { SCRIPTED, .run_on_caller = true };
const acta_behaviour scripted_idle_50 = { SCRIPTED, .idle_timeout_ms = 50 };

acta_pid
spawn_named(harness *h, const script *what, const char *name)
{
    acta_error error;
    acta_pid pid = { 0 };

    acta_status status = acta_spawn(h->runtime,
        &(acta_spawn_options){ .behaviour = &scripted, .argument = what, .name = acta_str_of(name) }, &pid, &error);
    if (status != ACTA_OK) fail_msg("%s", error.text);
    return pid;
}

acta_pid
spawn(harness *h, const script *what)
{
    return spawn_named(h, what, NULL);
}

typedef struct errand {
    void (*what)(acta_self *self, void *user);
    void *user;
} errand;

static acta_next
run_errand(acta_self *self, void *user, acta_from from, acta_message *message)
{
    errand *e = user;
    (void)message;
    e->what(self, e->user);
    acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_STOP;
}

void
inside(harness *h, void (*what)(acta_self *self, void *user), void *user)
{
    errand e = { what, user };
    script s = { .call = run_errand, .user = &e };
    acta_pid pid = spawn(h, &s);

    assert_int_equal(call_tag(h, pid, 0, 10000, NULL), ACTA_OK);
    await_dead(h, pid); /* it reads the script until then */
}

acta_status
send_tag(harness *h, acta_pid to, uint32_t tag)
{
    return acta_send(h->runtime, to, acta_message_create(h->runtime, tag, 0));
}

acta_status
call_tag(harness *h, acta_pid to, uint32_t tag, uint32_t timeout_ms, acta_error *error)
{
    return acta_call(h->runtime, to, acta_message_create(h->runtime, tag, 0), timeout_ms, NULL, error);
}

/* -- waiting for what other threads do -- */

static void
pause_or_run(harness *h)
{
    if (h->environment.clock.monotonic_ns != NULL)
        harness_run(h);
    else
        sleep_ms(1);
}

void
await_count(harness *h, _Atomic uint64_t *value, uint64_t least)
{
    uint64_t end_ns = real_now_ns() + PATIENCE_S * UINT64_C(1000000000), seen = 0;

    while (atomic_load(value) < least) {
        if (atomic_load(value) != seen) {
            seen = atomic_load(value);
            end_ns = real_now_ns() + PATIENCE_S * UINT64_C(1000000000);
        }
        if (real_now_ns() > end_ns)
            fail_msg("waited %d s for %llu, there are %llu", PATIENCE_S, (unsigned long long)least,
                (unsigned long long)atomic_load(value));
        pause_or_run(h);
    }
}

void
await_dead(harness *h, acta_pid pid)
{
    uint64_t end_ns = real_now_ns() + PATIENCE_S * UINT64_C(1000000000);

    while (acta_is_alive(h->runtime, pid)) {
        if (real_now_ns() > end_ns) fail_msg("waited %d s for an actor's end", PATIENCE_S);
        pause_or_run(h);
    }
}

/* How often all threads with such a name left the processor; one that has it now counts as one that does so always. */
static uint64_t
naps_of(const char *prefix, uint32_t *thread_count)
{
    DIR *tasks = opendir("/proc/self/task");
    static uint64_t running;
    uint64_t sum = 0;

    *thread_count = 0;
    for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
        char path[300], line[256], name[64] = "", run_state = 'S';
        unsigned long long naps = 0, pushed = 0;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
        FILE *status = task->d_name[0] != '.' ? fopen(path, "r") : NULL;
        while (status != NULL && fgets(line, sizeof line, status) != NULL) {
            sscanf(line, "Name: %63s", name);
            sscanf(line, "State: %c", &run_state);
            sscanf(line, "voluntary_ctxt_switches: %llu", &naps);
            sscanf(line, "nonvoluntary_ctxt_switches: %llu", &pushed);
        }
        if (status != NULL) fclose(status);
        if (strncmp(name, prefix, strlen(prefix)) != 0) continue;
        sum += naps + pushed + (run_state == 'R' ? ++running : 0);
        ++*thread_count;
    }
    closedir(tasks);
    return sum;
}

uint32_t
await_quiet(const char *prefix)
{
    uint64_t end_ns = real_now_ns() + PATIENCE_S * UINT64_C(1000000000), before, after;
    uint32_t count_before, count_after;

    after = naps_of(prefix, &count_after);
    do {
        if (real_now_ns() > end_ns)
            fail_msg("the threads '%s...' did not sleep for 300 ms in %d s", prefix, PATIENCE_S);
        before = after;
        count_before = count_after;
        sleep_ms(300);
        after = naps_of(prefix, &count_after);
    } while (after != before || count_after != count_before);
    return count_after;
}

void
await_threads(const char *prefix, uint32_t count)
{
    uint64_t end_ns = real_now_ns() + PATIENCE_S * UINT64_C(1000000000);
    uint32_t there;

    for (naps_of(prefix, &there); there != count; naps_of(prefix, &there)) {
        if (real_now_ns() > end_ns)
            fail_msg("waited %d s for %u threads '%s...', there are %u", PATIENCE_S, count, prefix, there);
        sleep_ms(1);
    }
}
