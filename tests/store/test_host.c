/*
 * The host: what a process may do to a store that lives in it, and what a store may not do to the process. Signals, stops, limits
 * of files, memory and threads. Cases CR-08, CR-09, CR-11, CR-12 of the catalogue.
 *
 *     test --fork--> child: store, at work, under a limit --page--> what was acknowledged --> opened again: all of it is there
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pthread.h>

#include "fixture.h"

/* -- threads that the system doesn't give: the linker brings the store's calls here -- */

static int threads_left = -1; /* -1: any number */

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user)
{
    if (threads_left == 0) return EAGAIN;
    if (threads_left > 0) threads_left--;
    return __real_pthread_create(thread, attributes, run, user);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* CR-08: opening fails with a word of why for each thread that isn't there, and changes nothing. */
static void
a_store_opens_with_its_threads_or_not_at_all(void **state)
{
    fixture *f = FIXTURE(state);
    int given = 0;

    append_ok(f, "a", "x");
    close_store(f);
    for (;; given++) {
        threads_left = given;
        if (open_store(f) == ACTA_OK) break;
        assert_int_equal(ACTA_NO_MEMORY, f->error.status);
        assert_non_null(strstr(f->error.text, "the system gives no thread"));
    }
    threads_left = -1;
    assert_true(given >= 2); /* who commits, and who writes the mark */
    assert_int_equal(count_log(f), 1);
    append_ok(f, "a", "y");
}

/* -- signals -- */

enum { SIGNALS = 65 };

static void
keep_handlers(struct sigaction *handlers)
{
    for (int number = 1; number < SIGNALS; number++) {
        memset(&handlers[number], 0, sizeof handlers[number]);
        (void)sigaction(number, NULL, &handlers[number]);
    }
}

/* CR-09: no handler is set, taken away or ignored, by opening, working, failing or closing. */
static void
no_handler_of_the_host_is_touched(void **state)
{
    fixture *f = FIXTURE(state);
    struct sigaction before[SIGNALS], after[SIGNALS];

    close_store(f);
    keep_handlers(before);
    open_store_ok(f);
    for (int i = 0; i < 20; i++)
        append_ok(f, "a", "x");
    assert_int_equal(ACTA_CONFLICT, append(f, "a", 3, "y"));
    assert_int_equal(count_log(f), 20);
    keep_handlers(after);
    for (int number = 1; number < SIGNALS; number++)
        assert_ptr_equal(before[number].sa_handler, after[number].sa_handler);
    close_store(f);
    keep_handlers(after);
    for (int number = 1; number < SIGNALS; number++)
        assert_ptr_equal(before[number].sa_handler, after[number].sa_handler);
}

/* What a child tells before it ends, in memory that both have. */
typedef struct page {
    _Atomic uint64_t acknowledged;
    _Atomic bool refused, read;
    char text[ACTA_ERROR_TEXT_MAX];
} page;

static page *
new_page(void)
{
    page *made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(made != MAP_FAILED);
    return made;
}

static pid_t
start(fixture *f, page *p, void (*work)(fixture *f, page *p))
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child != 0) return child;
    if (freopen("/dev/null", "w", stderr) == NULL) _exit(3);
    work(f, p);
    _exit(0);
}

static acta_status
append_large(fixture *f, size_t size)
{
    static uint8_t bytes[64 << 10];
    const acta_event event = { .type = S("test.Large"), .payload = acta_bytes_from(bytes, size) };
    acta_transaction *t = acta_transaction_create(f->store);

    if (t == NULL) return acta_error_set(&f->error, ACTA_NO_MEMORY, "no transaction");
    acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
    return acta_store_commit(f->store, t, NULL, &f->error);
}

static void
check_acknowledged(fixture *f, page *p)
{
    uint64_t acknowledged = atomic_load(&p->acknowledged);

    if (open_store(f) != ACTA_OK) _exit(1);
    uint64_t head = acta_store_head(f->store);
    if (head < acknowledged || head > acknowledged + 1 || count_stream(f, "s") != head) _exit(2);
    if (append_large(f, 10) != ACTA_OK) _exit(3);
    close_store(f);
}

/* All that was acknowledged is there, perhaps what was under way then, and the store goes on. Seen in a process of its own: a
 * child of one in which RocksDB has begun its threads has none of them. */
static void
expect_acknowledged(fixture *f, page *p)
{
    int status;

    assert_true(waitpid(start(f, p, check_acknowledged), &status, 0) > 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(0, munmap(p, sizeof *p));
}

/* No file may be larger, and the host ignores SIGXFSZ, as it must: without that the kernel ends it. */
static void
work_below_a_file_limit(fixture *f, page *p)
{
    const struct rlimit small = { .rlim_cur = 300000, .rlim_max = 300000 };

    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &small) != 0 || open_store(f) != ACTA_OK) _exit(2);
    while (append_large(f, 20000) == ACTA_OK)
        atomic_fetch_add(&p->acknowledged, 1);
    snprintf(p->text, sizeof p->text, "%s", f->error.text);
    acta_status again = append_large(f, 100);
    atomic_store(&p->refused, again == ACTA_READ_ONLY && acta_store_health(f->store, &f->error) != ACTA_OK);
    atomic_store(&p->read, count_stream(f, "s") >= atomic_load(&p->acknowledged));
    close_store(f);
}

/* CR-09: a file that may not grow is an error like any other where the host ignores SIGXFSZ. */
static void
a_limit_of_file_sizes_is_an_error_of_the_disk(void **state)
{
    fixture *f = FIXTURE(state);
    page *p = new_page();
    int status;

    assert_true(waitpid(start(f, p, work_below_a_file_limit), &status, 0) > 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(atomic_load(&p->acknowledged) > 2);
    assert_non_null(strstr(p->text, "File too large"));
    assert_true(atomic_load(&p->refused));
    assert_true(atomic_load(&p->read));
    expect_acknowledged(f, p);
}

/* -- memory -- */

typedef struct counted {
    _Atomic uint64_t now, most;
} counted;

static void *
counted_alloc(void *user, size_t size)
{
    counted *c = user;
    uint64_t now = atomic_fetch_add(&c->now, size) + size;
    if (now > atomic_load(&c->most)) atomic_store(&c->most, now);
    return malloc(size);
}

static void
counted_free(void *user, void *bytes, size_t size)
{
    counted *c = user;
    atomic_fetch_sub(&c->now, size);
    free(bytes);
}

/* CR-11: a queue that nobody empties refuses at its bound, and takes no more memory than that says. */
static void
a_full_queue_refuses_before_memory_is_gone(void **state)
{
    enum { QUEUE = 4 << 20, SUBMITS = 20000, PAYLOAD = 4000 };
    fixture *f = FIXTURE(state);
    static counted counts;
    const acta_environment environment = { .allocator = {
                                               .alloc = counted_alloc, .free = counted_free, .user = &counts } };
    static uint8_t bytes[PAYLOAD];
    const acta_event event = { .type = S("test.Queued"), .payload = acta_bytes_from(bytes, sizeof bytes) };
    uint32_t taken = 0, busy = 0;

    f->config.environment = &environment;
    f->config.queue_bytes_max = QUEUE;
    f->config.manual = true;
    open_store_ok(f);
    uint64_t before = atomic_load(&counts.now);
    atomic_store(&counts.most, before);
    for (int i = 0; i < SUBMITS; i++) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
        acta_status status = acta_store_submit(f->store, t, NULL, NULL, &f->error);
        assert_true(status == ACTA_OK || status == ACTA_BUSY);
        taken += status == ACTA_OK;
        busy += status == ACTA_BUSY;
    }
    assert_true(taken > 100 && busy > SUBMITS / 2);
    assert_true(atomic_load(&counts.most) - before < 3 * (uint64_t)QUEUE);
    step_all(f);
    assert_int_equal(count_log(f), taken);
    append_ok(f, "s", "goes on");
    close_store(f);
    assert_int_equal(atomic_load(&counts.now), 0);
    f->config.environment = NULL;
}

enum { STILL_SECONDS = 10 }; /* should RocksDB wait for what never comes, then somebody kills it */

static void
work_below_a_memory_limit(fixture *f, page *p)
{
    struct rlimit limit = { .rlim_cur = 0 };
    char line[64];
    FILE *file = fopen("/proc/self/statm", "re");

    if (file == NULL || fgets(line, sizeof line, file) == NULL || open_store(f) != ACTA_OK) _exit(2);
    fclose(file);
    if (append_large(f, 64 << 10) != ACTA_OK) _exit(2);
    atomic_fetch_add(&p->acknowledged, 1);
    limit.rlim_cur = limit.rlim_max = (strtoull(line, NULL, 10) << 12) + (UINT64_C(96) << 20);
    if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(2);
    alarm(STILL_SECONDS);
    for (int i = 0; i < 4000 && append_large(f, 64 << 10) == ACTA_OK; i++)
        atomic_fetch_add(&p->acknowledged, 1);
    snprintf(p->text, sizeof p->text, "%s", f->error.text);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WITH_SANITIZER 1 /* which ends the process in its own way when there is no memory */
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(WITH_SANITIZER)
#define OUT_OF_MEMORY_IS_ENDED true
#else
#define OUT_OF_MEMORY_IS_ENDED false
#endif

/* CR-11: where the system gives no more memory, a commit says so, or RocksDB ends the process; what was acknowledged is there all
 * the same. */
static void
a_process_without_memory_loses_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    page *p = new_page();
    int status;

    if (OUT_OF_MEMORY_IS_ENDED) skip();
    assert_true(waitpid(start(f, p, work_below_a_memory_limit), &status, 0) > 0);
    assert_true(!WIFEXITED(status) || WEXITSTATUS(status) == 0);
    print_message("ended by signal %d after %u events %s\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        (unsigned)atomic_load(&p->acknowledged), p->text);
    assert_true(atomic_load(&p->acknowledged) > 0);
    expect_acknowledged(f, p);
}

/* -- a process that is stopped -- */

static void
work_on(fixture *f, page *p)
{
    if (open_store(f) != ACTA_OK) _exit(2);
    while (atomic_load(&p->acknowledged) < 20 || !atomic_load(&p->read)) {
        if (append_large(f, 100) != ACTA_OK) _exit(1);
        atomic_fetch_add(&p->acknowledged, 1);
    }
    close_store(f);
}

/* CR-12: stopped and continued, wherever it is: the clock has gone on, nothing else has. */
static void
a_process_that_is_stopped_goes_on(void **state)
{
    fixture *f = FIXTURE(state);
    page *p = new_page();
    int status;
    pid_t child = start(f, p, work_on);

    for (int i = 0; i < 6; i++) {
        uint64_t then = atomic_load(&p->acknowledged);
        while (atomic_load(&p->acknowledged) == then && waitpid(child, &status, WNOHANG) == 0)
            usleep(200);
        assert_int_equal(0, kill(child, SIGSTOP));
        assert_int_equal(child, waitpid(child, &status, WUNTRACED));
        assert_true(WIFSTOPPED(status));
        uint64_t stopped = atomic_load(&p->acknowledged);
        usleep(2000);
        assert_int_equal(stopped, atomic_load(&p->acknowledged));
        assert_int_equal(0, kill(child, SIGCONT));
    }
    atomic_store(&p->read, true);
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    expect_acknowledged(f, p);
}

int
main(void)
{
    const struct CMUnitTest anywhere[] = {
        on_store(a_store_opens_with_its_threads_or_not_at_all),
        on_store(no_handler_of_the_host_is_touched),
        on_no_store(a_full_queue_refuses_before_memory_is_gone),
    };
    const struct CMUnitTest with_files[] = {
        on_no_store(a_limit_of_file_sizes_is_an_error_of_the_disk),
        on_no_store(a_process_without_memory_loses_nothing),
        on_no_store(a_process_that_is_stopped_goes_on),
    };
    int failed = run_on_rocksdb("host", with_files); /* first: see expect_acknowledged */
    return failed + run_on_engines("host", anywhere);
}
