/*
 * Dies on purpose, in the way its argument says; test_fault.c looks at what is left.
 *
 *     fault_victim WAY
 *     fault_victim image       write the recorder's memory to stdout, and live
 *     fault_victim wait        say "ready", and live until it is killed
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "acta/fault.h"
#include "acta/gen_server.h"
#include "acta/offload.h"
#include "acta/runtime.h"

static const char *way;
static volatile int zero;
static int *volatile nowhere = (int *)16;
static void (*volatile no_function)(void);
static pthread_barrier_t both;

__attribute__((noinline)) static int
touch_nowhere(void)
{
    return *nowhere + 1;
}

__attribute__((noinline)) static int
divide_by_zero(void)
{
    return 100 / zero;
}

__attribute__((noinline)) static int
read_behind_the_end(void)
{
    char path[] = "/tmp/acta-fault-XXXXXX";
    int fd = mkstemp(path);

    unlink(path);
    volatile char *bytes = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0); /* of an empty file */
    return bytes[0];
}

/* In small steps, and in ones of many pages, of which only the ends are touched. */
__attribute__((noinline)) static int
recurse(volatile char *above)
{
    volatile char here[512];

    here[0] = above[0];
    if (zero != 0) return 0;
    int below = recurse(here);
    return below + here[0];
}

__attribute__((noinline)) static int
stride(volatile char *above)
{
    volatile char here[32 << 10];

    here[0] = above[0];
    if (zero != 0) return 0;
    int below = stride(here);
    return below + here[0];
}

__attribute__((noinline)) static int
die(void)
{
    char first = 1;

    if (strcmp(way, "fpe") == 0) return divide_by_zero();
    if (strcmp(way, "bus") == 0) return read_behind_the_end();
    if (strcmp(way, "ill") == 0) __builtin_trap();
    if (strcmp(way, "abort") == 0) abort();
    if (strcmp(way, "sent") == 0) raise(SIGSEGV);
    if (strcmp(way, "both") == 0) pthread_barrier_wait(&both);
    if (strcmp(way, "overflow") == 0) return recurse(&first);
    if (strcmp(way, "stride") == 0) return stride(&first);
    if (strcmp(way, "call") == 0) {
        no_function();
        return zero;
    }
    return touch_nowhere();
}

/* -- actors -- */

static acta_status
victim_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    acta_ref timer;

    (void)state;
    (void)argument;
    (void)error;
    if (strcmp(way, "init") == 0) die();
    if (strcmp(way, "info") == 0) return acta_send_after(self, 1, 0, 0, &timer);
    return ACTA_OK;
}

static acta_status
overflow_elsewhere(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    char first = 1;

    (void)job;
    (void)argument;
    (void)result_out;
    (void)error;
    return recurse(&first) != 0 ? ACTA_OK : ACTA_FAILED;
}

static acta_next
victim_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    acta_ref ref;

    (void)state;
    (void)message;
    if (strcmp(way, "offload") == 0) {
        acta_offload(self, overflow_elsewhere, NULL, ACTA_INFINITE, &ref);
        acta_hand_over(self, from);
        return ACTA_NEXT;
    }
    int result = die();
    acta_reply(acta_self_runtime(self), from, result != 0 ? ACTA_OK : ACTA_INVALID, NULL, NULL);
    return ACTA_NEXT;
}

static acta_next
victim_info(acta_self *self, void *state, const acta_info *info)
{
    (void)self;
    (void)state;
    (void)info;
    die();
    return ACTA_NEXT;
}

static void
victim_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    (void)self;
    (void)state;
    (void)reason;
    if (strcmp(way, "terminate") == 0) die();
}

static acta_behaviour victim = { .name = "teller",
    .init = victim_init,
    .handle_call = victim_call,
    .handle_info = victim_info,
    .terminate = victim_terminate };

/* -- handlers from before -- */

static sigjmp_buf retreat;
static volatile sig_atomic_t early_count;

static void
say_and_leave(int signal)
{
    static const char words[] = "earlier handler\n";
    ssize_t written = write(STDERR_FILENO, words, sizeof words - 1);
    (void)written;
    _exit(signal == SIGSEGV ? 42 : 43);
}

static void
go_back(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    early_count += info->si_addr == (void *)nowhere;
    siglongjmp(retreat, 1);
}

static void
prepare_signals(void)
{
    struct sigaction action = { .sa_handler = say_and_leave };

    if (strcmp(way, "chain") == 0) sigaction(SIGSEGV, &action, NULL);
    if (strcmp(way, "retreat") == 0) {
        action = (struct sigaction){ .sa_sigaction = go_back, .sa_flags = SA_SIGINFO };
        sigaction(SIGSEGV, &action, NULL);
    }
    if (strcmp(way, "silent") != 0 && acta_fault_handlers_install(NULL, NULL) != ACTA_OK) exit(9);
    if (strcmp(way, "removed") == 0) acta_fault_handlers_remove();
}

/* Faults that a host gets over, with our handler in between: each is reported, none is the end. */
static int
retreat_twice(void)
{
    for (volatile int i = 0; i < 2; i++)
        if (sigsetjmp(retreat, 1) == 0) touch_nowhere();
    return early_count == 2 ? 0 : 1;
}

static void *
call_second(void *argument)
{
    acta_runtime *runtime = argument;
    acta_pid pid;

    acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &victim }, &pid, NULL);
    acta_call(runtime, pid, acta_message_create(runtime, 8, 0), 5000, NULL, NULL);
    return NULL;
}

extern ACTA_API _Atomic(void *) acta_recorder_blocks[];

static int
write_recorder(void)
{
    uint64_t size;
    const char *block = atomic_load(&acta_recorder_blocks[0]);

    memcpy(&size, block + 32, sizeof size); /* as recorder.h says */
    return write(STDOUT_FILENO, block, size) == (ssize_t)size ? 0 : 9;
}

int
main(int argc, char **argv)
{
    static const struct rlimit no_core = { 0, 0 };
    acta_runtime *runtime;
    acta_error error;
    pthread_t second;
    acta_pid pid;

    way = argc > 1 ? argv[1] : "segv";
    if (strcmp(way, "core") != 0) setrlimit(RLIMIT_CORE, &no_core);
    prepare_signals();
    if (strcmp(way, "outside") == 0 || strcmp(way, "silent") == 0 || strcmp(way, "chain") == 0) return die();
    if (strcmp(way, "retreat") == 0) return retreat_twice();
    if (acta_runtime_create(&(acta_runtime_config){ .name = "bank", .worker_count = 2 }, &runtime, &error) != ACTA_OK)
        return 9;
    if (acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &victim, .name = acta_str_of("till 1") }, &pid,
            &error) != ACTA_OK)
        return 9;
    if (strcmp(way, "terminate") == 0) {
        acta_runtime_destroy(runtime);
        return 0;
    }
    if (strcmp(way, "nested") == 0) victim.name = (const char *)16;
    if (strcmp(way, "image") == 0) return write_recorder();
    if (strcmp(way, "info") == 0) pause();
    if (strcmp(way, "wait") == 0) {
        puts("ready");
        fflush(stdout);
        pause();
    }
    pthread_barrier_init(&both, NULL, 2);
    if (strcmp(way, "both") == 0) pthread_create(&second, NULL, call_second, runtime);
    acta_call(runtime, pid, acta_message_create(runtime, 7, 12), 5000, NULL, &error);
    return 8;
}
