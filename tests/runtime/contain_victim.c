/*
 * Faults on purpose in an actor that contains its faults, in the way its argument says; test_contain.c looks at what is
 * left. Exit status 0: the process has lived on, and all in it was as it should be.
 *
 *     contain_victim WAY
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "acta/fault.h"
#include "acta/runtime.h"
#include "acta/supervisor.h"

#include "contain_plugin.h"

ACTA_CODE_SECTION(victim_code);
#define VICTIM ACTA_IN_SECTION(victim_code)

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) expectation_failed(__LINE__, #condition);                                                    \
    } while (0)

enum { FINE, SEGV, FPE, ILL, OVERFLOW, COPY, SORT, CALL_OUT, SEND, CREATE, RAISE, DESTROY, TAG_COUNT };
enum { ROUNDS = 1000 };

static volatile int zero;
static int *volatile nowhere = (int *)16;
static void *(*volatile copy)(void *to, const void *from, size_t size) = memcpy;
static _Atomic bool pages_only, allocator_faults;
static acta_pid bystander_pid;
static const char *way;

static void
expectation_failed(int line, const char *words)
{
    fprintf(stderr, "line %d: not so: %s\n", line, words);
    exit(7);
}

/* -- the actor's own code -- */

VICTIM static int
touch_nowhere(void)
{
    return *nowhere + 1;
}

VICTIM static int
recurse(volatile char *above)
{
    volatile char here[1024];

    here[0] = above[0];
    if (zero != 0) return 0;
    int below = recurse(here);
    return below + here[0];
}

VICTIM static int
compare_badly(const void *a, const void *b)
{
    (void)a;
    (void)b;
    return touch_nowhere();
}

VICTIM static void
destroy_badly(acta_message *message)
{
    (void)message;
    touch_nowhere();
}

/* The allocator that the runtime was given: it faults when it was told to, or gives each block pages of its own. */
VICTIM static void *
allocate(void *user, size_t size)
{
    (void)user;
    if (atomic_load(&allocator_faults)) touch_nowhere();
    if (!atomic_load(&pages_only)) return malloc(size);
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
give_back(void *user, void *block, size_t size)
{
    (void)user;
    (void)size;
    if (!atomic_load(&pages_only)) free(block);
}

__attribute__((noinline)) static int
somebody_elses(void)
{
    return *nowhere + 2;
}

/* The second message takes its place behind the first, whose page is gone when it is to be linked to it. */
VICTIM static void
send_behind_a_lost_message(acta_self *self)
{
    acta_runtime *runtime = acta_self_runtime(self);

    atomic_store(&pages_only, true);
    acta_message *first = acta_message_create(runtime, FINE, 2000);
    acta_message *second = acta_message_create(runtime, FINE, 2000);
    acta_send(runtime, bystander_pid, first);
    mprotect((void *)((uintptr_t)first & ~(uintptr_t)4095), 4096, PROT_NONE);
    acta_send(runtime, bystander_pid, second);
}

VICTIM static int
fault_by(acta_self *self, uint32_t tag)
{
    int numbers[4] = { 3, 1, 2, 0 };
    char first = 1;

    switch (tag) {
    case SEGV:
        return touch_nowhere();
    case FPE:
        return 100 / zero;
    case ILL:
        __builtin_trap();
    case OVERFLOW:
        return recurse(&first);
    case COPY:
        copy(numbers, nowhere, sizeof numbers);
        return numbers[0];
    case SORT:
        qsort(numbers, 4, sizeof numbers[0], compare_badly);
        return numbers[0];
    case CALL_OUT:
        return somebody_elses();
    case SEND:
        send_behind_a_lost_message(self);
        return 0;
    case CREATE:
        atomic_store(&allocator_faults, true);
        acta_message_destroy(acta_message_create(acta_self_runtime(self), FINE, 2000));
        return 0;
    case RAISE:
        return raise(SIGSEGV);
    default:
        return 0;
    }
}

VICTIM static acta_status
victim_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    (void)self;
    (void)state;
    (void)error;
    if (argument != NULL) touch_nowhere();
    return ACTA_OK;
}

VICTIM static acta_next
victim_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    (void)state;
    if (message->tag == DESTROY) message->destroy = destroy_badly;
    int result = fault_by(self, message->tag);
    acta_reply(acta_self_runtime(self), from, result == 0 ? ACTA_OK : ACTA_INVALID, NULL, NULL);
    return ACTA_NEXT;
}

VICTIM static acta_next
victim_cast(acta_self *self, void *state, acta_message *message)
{
    (void)state;
    if (message->tag == FINE) return ACTA_STOP;
    fault_by(self, message->tag);
    return ACTA_NEXT;
}

static _Atomic int terminate_count;

VICTIM static void
victim_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    (void)self;
    (void)state;
    (void)reason;
    atomic_fetch_add(&terminate_count, 1);
    if (strcmp(way, "terminate") == 0) touch_nowhere();
}

VICTIM static void
victim_format(acta_self *self, const void *state, acta_format_use use, char *text, size_t size)
{
    (void)self;
    (void)state;
    (void)use;
    (void)text;
    (void)size;
    touch_nowhere(); /* if it were called, that would be the end */
}

#define VICTIM_HANDLERS                                                                                                \
    .init = victim_init, .handle_call = victim_call, .handle_cast = victim_cast, .terminate = victim_terminate,        \
    .format = victim_format, .contain_faults = ACTA_CODE_OF_SECTION(victim_code)

static const acta_behaviour victim = { .name = "victim", VICTIM_HANDLERS };
static const acta_behaviour victim_on_caller = { .name = "victim", .run_on_caller = true, VICTIM_HANDLERS };

/* -- an actor on the same worker, who looks whether all is as it was -- */

static acta_next
bystander_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    static sigset_t first;
    static bool has_first;
    sigset_t now;
    stack_t stack;

    (void)state;
    (void)message;
    EXPECT(pthread_sigmask(SIG_BLOCK, NULL, &now) == 0);
    if (!has_first) first = now;
    has_first = true;
    for (int s = 1; s < SIGRTMAX; s++)
        EXPECT(sigismember(&first, s) == sigismember(&now, s));
    EXPECT(sigaltstack(NULL, &stack) == 0);
    EXPECT((stack.ss_flags & SS_ONSTACK) == 0);
    acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static acta_next
bystander_cast(acta_self *self, void *state, acta_message *message)
{
    (void)self;
    (void)state;
    (void)message;
    return ACTA_NEXT;
}

static const acta_behaviour bystander = {
    .name = "bystander", .handle_call = bystander_call, .handle_cast = bystander_cast
};

/* -- ways -- */

static acta_runtime *runtime;

static acta_pid
spawn(const acta_behaviour *behaviour)
{
    acta_pid pid;
    acta_error error;

    if (acta_spawn(runtime, &(acta_spawn_options){ .behaviour = behaviour }, &pid, &error) != ACTA_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(7);
    }
    return pid;
}

static acta_status
call(acta_pid pid, uint32_t tag, acta_error *error)
{
    return acta_call(runtime, pid, acta_message_create(runtime, tag, 0), 20000, NULL, error);
}

static void
fault_once(const acta_behaviour *behaviour, uint32_t tag)
{
    static const char *const words[TAG_COUNT] = { [SEGV] = "SIGSEGV (no memory at this address) at 0x10",
        [FPE] = "SIGFPE (division by zero) at 0x",
        [ILL] = "SIGILL (no such instruction) at 0x",
        [OVERFLOW] = "SIGSEGV (" };
    acta_error error;
    acta_pid pid = spawn(behaviour);

    EXPECT(call(pid, FINE, NULL) == ACTA_OK);
    EXPECT(call(pid, tag, &error) == ACTA_FAILED);
    if (strstr(error.text, words[tag]) == NULL) fprintf(stderr, "%s\n", error.text);
    EXPECT(strstr(error.text, words[tag]) != NULL);
    EXPECT(call(bystander_pid, FINE, NULL) == ACTA_OK);
    EXPECT(!acta_is_alive(runtime, pid));
}

/* A thousand faults in a row, of four kinds, on one worker. */
static void
fault_again_and_again(const acta_behaviour *behaviour)
{
    acta_runtime_stats stats;

    for (int i = 0; i < ROUNDS; i++)
        fault_once(behaviour, i % 100 == 0 ? OVERFLOW : SEGV + (uint32_t)i % 3);
    acta_runtime_stats_read(runtime, &stats);
    EXPECT(stats.crashed == ROUNDS);
    EXPECT(atomic_load(&terminate_count) == 0);
}

static void
fail_to_start(void)
{
    acta_error error;
    acta_pid pid;

    for (int i = 0; i < 10; i++) {
        EXPECT(acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &victim, .argument = way }, &pid, &error) ==
               ACTA_FAILED);
        EXPECT(strstr(error.text, "SIGSEGV (no memory at this address) at 0x10") != NULL);
    }
    fault_once(&victim, SEGV);
}

static void
fault_at_the_end(void)
{
    acta_pid pid = spawn(&victim);

    acta_send(runtime, pid, acta_message_create(runtime, FINE, 0));
    while (acta_is_alive(runtime, pid))
        usleep(1000);
    EXPECT(atomic_load(&terminate_count) == 1);
}

static void
be_restarted(void)
{
    acta_child_spec child = { .id = "a", .start = { .behaviour = &victim } };
    acta_pid supervisor, pid, next = { 0 };
    acta_error error;

    EXPECT(acta_supervisor_start(runtime,
               &(acta_supervisor_options){ .children = &child, .child_count = 1, .intensity = 100 }, &supervisor,
               &error) == ACTA_OK);
    for (int i = 0; i < 10; i++) {
        EXPECT(acta_supervisor_child(runtime, supervisor, "a", &pid, &error) == ACTA_OK);
        EXPECT(call(pid, SEGV, &error) == ACTA_FAILED);
        do {
            EXPECT(acta_supervisor_child(runtime, supervisor, "a", &next, &error) == ACTA_OK);
        } while (next.value == 0 || acta_pid_equal(next, pid));
        EXPECT(call(next, FINE, NULL) == ACTA_OK);
    }
}

static void
fault_in_a_shared_object(void)
{
    acta_behaviour plugin = plugin_behaviour();

    plugin.contain_faults = acta_code_of((const void *)(uintptr_t)plugin.handle_cast);
    for (int i = 0; i < 10; i++) {
        acta_pid pid = spawn(&plugin);
        acta_send(runtime, pid, acta_message_create(runtime, FINE, 0));
        while (acta_is_alive(runtime, pid))
            usleep(1000);
    }
}

/* The runtime is linked into this program. */
static void
name_the_whole_program(void)
{
    acta_behaviour behaviour = victim;
    acta_error error;
    acta_pid pid;

    behaviour.contain_faults = acta_code_of((const void *)(uintptr_t)name_the_whole_program);
    EXPECT(behaviour.contain_faults.start != NULL);
    EXPECT(acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &behaviour }, &pid, &error) == ACTA_INVALID);
    EXPECT(strstr(error.text, "the runtime's own code") != NULL);
    behaviour.contain_faults = (acta_code_range){ way, way };
    EXPECT(acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &behaviour }, &pid, &error) == ACTA_INVALID);
    EXPECT(acta_code_of(NULL).start == NULL);
}

static void
log_to_stderr(void *user, acta_log_level level, acta_str line)
{
    (void)user;
    (void)level;
    if (strcmp(way, "report") == 0) fprintf(stderr, ACTA_FMT "\n", ACTA_ARG(line));
}

static void
go(void)
{
    static const char *const deadly[TAG_COUNT] = { [COPY] = "copy",
        [SORT] = "sort",
        [CALL_OUT] = "call_out",
        [SEND] = "send",
        [CREATE] = "create",
        [RAISE] = "raise",
        [DESTROY] = "destroy",
        [SEGV] = "uninstalled" };

    if (strcmp(way, "text") == 0) fault_again_and_again(&victim);
    if (strcmp(way, "on_caller") == 0) fault_again_and_again(&victim_on_caller);
    if (strcmp(way, "report") == 0) fault_once(&victim, SEGV);
    if (strcmp(way, "init") == 0) fail_to_start();
    if (strcmp(way, "terminate") == 0) fault_at_the_end();
    if (strcmp(way, "restart") == 0) be_restarted();
    if (strcmp(way, "shared_object") == 0) fault_in_a_shared_object();
    if (strcmp(way, "whole_program") == 0) name_the_whole_program();
    for (uint32_t tag = 0; tag < TAG_COUNT; tag++)
        if (deadly[tag] != NULL && strcmp(way, deadly[tag]) == 0) call(spawn(&victim), tag, NULL);
}

int
main(int argc, char **argv)
{
    static const struct rlimit no_core = { 0, 0 };
    acta_environment environment = { .allocator = { allocate, give_back, NULL }, .log = { .write = log_to_stderr } };
    acta_runtime_config config = { .name = "ward", .worker_count = 1, .environment = &environment };
    acta_error error;

    way = argc > 1 ? argv[1] : "text";
    setrlimit(RLIMIT_CORE, &no_core);
    if (strcmp(way, "uninstalled") != 0) EXPECT(acta_fault_handlers_install(NULL, &error) == ACTA_OK);
    EXPECT(acta_runtime_create(&config, &runtime, &error) == ACTA_OK);
    bystander_pid = spawn(&bystander);
    EXPECT(call(bystander_pid, FINE, NULL) == ACTA_OK);
    go();
    EXPECT(call(bystander_pid, FINE, NULL) == ACTA_OK);
    EXPECT(acta_runtime_stop(runtime, 10000, &error) == ACTA_OK);
    acta_runtime_destroy(runtime);
    return 0;
}
