/*
 * Crash test: the bank's process is killed again and again, and no money may be lost or doubled.
 *
 *     this process, the observer                     the bank's process (child.c)
 *       asks items by number      -- stdin -->         dispatches them, with ids
 *       keeps what was answered   <-- stdout --        acknowledges what is on disk
 *       kills it, or waits until it dies at a named crash point; starts it again
 *
 * In the end all is asked that has no answer yet, the bank settles, and the log is read as it lies in RocksDB
 * (raw_log.c) and counted by the auditor (examples/bank/log_check.c). Neither knows anything of actors/ or store/.
 *
 * Proven: each item that was ever acknowledged is in the log, once, as it was answered; asked again it has the same
 * answer; each transfer ended in exactly one of completed, refunded, rejected; each account was debited and credited once
 * a transfer; versions and positions have no gap; the money is all there.
 *
 *     crash CHILD [--kills N] [--seed N] [--keep 1]      or ACTA_CRASH_KILLS=N; default 50
 *
 * The data stays after a failure, and with --keep.
 */
#include "log_check.h"
#include "raw_log.h"
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    KILLS_DEFAULT = 50,
    ITEM_MAX = 1 << 20,
    WINDOW = 64,             /* asked and not answered */
    NEW_PER_ROUND_MAX = 800, /* so that a fast machine's log stays small */
    REPEAT_PER_CENT = 5,     /* of what is asked was answered before */
    RANDOM_KILL_MS_MAX = 250,
    POINT_WAIT_MS = 60000, /* then it is killed wherever it is */
    IDLE_MS = 200,         /* after the last answer: the process managers are still at work */
    LAST_ROUND_MS = 1200000,
    PATH_SIZE = 256
};

typedef enum bucket {
    AFTER_SYNC,
    IN_RECOVERY,
    IN_PROCESS_MANAGER,
    IN_COMMIT,
    AT_CHECKPOINT,
    AT_RANDOM,
    BUCKET_COUNT
} bucket;

static const char *const bucket_names[BUCKET_COUNT] = { "between a sync and its reply", "in recovery",
    "inside a process manager's batch", "while a batch is written", "at a reader's checkpoint", "anywhere else" };

typedef struct crash_point {
    const char *name;
    bucket where;
    uint32_t passage_max; /* it dies at one of the first so many passages */
} crash_point;

static const crash_point points[] = {
    { "after_sync_before_reply", AFTER_SYNC, 50 },
    { "aggregate_before_reply", AFTER_SYNC, 400 },
    { "in_recovery", IN_RECOVERY, 2 },
    { "recovery_begun", IN_RECOVERY, 1 },
    { "pm_after_handle", IN_PROCESS_MANAGER, 300 },
    { "pm_after_batch", IN_PROCESS_MANAGER, 300 },
    { "pm_after_outcome", IN_PROCESS_MANAGER, 300 },
    { "between_write_and_sync", IN_COMMIT, 50 },
    { "before_write", IN_COMMIT, 50 },
    { "before_mark", IN_COMMIT, 50 },
    { "after_mark", IN_COMMIT, 50 },
    { "reader_before_checkpoint", AT_CHECKPOINT, 3 },
    { "reader_after_checkpoint", AT_CHECKPOINT, 3 },
};
enum { POINT_COUNT = sizeof points / sizeof points[0] };

/* Where the kills aim, in turn. The first finds a new store; recovery is hit twice in a row. */
static const bucket turns[] = { AFTER_SYNC, IN_PROCESS_MANAGER, IN_RECOVERY, IN_RECOVERY, IN_COMMIT, AT_CHECKPOINT,
    AT_RANDOM, IN_PROCESS_MANAGER };
enum { TURN_COUNT = sizeof turns / sizeof turns[0] };

typedef enum answer { NO_ANSWER, ACCEPTED, REJECTED } answer;

typedef struct observer {
    const char *child_path;
    char directory[PATH_SIZE], data_path[PATH_SIZE + 16], crash_log[PATH_SIZE + 16];
    uint64_t seed;
    uint64_t random;
    bool is_kept;

    uint8_t answers[ITEM_MAX];  /* of type answer: the first */
    uint8_t is_asked[ITEM_MAX]; /* in this round, and not answered in it */
    uint32_t item_count;        /* asked so far: 0 to this */
    uint32_t answered_count;
    uint32_t retry_from; /* the lowest that may be without an answer */
    uint32_t new_count;  /* in this round */

    pid_t pid;
    int to_child, from_child;
    bool is_ready;
    uint32_t in_flight;
    char line[64];
    size_t line_size;

    uint32_t aims[BUCKET_COUNT]; /* how often it was aimed at */
    uint32_t kills[BUCKET_COUNT];
    uint32_t point_kills[POINT_COUNT];
    uint64_t crash_log_size;
} observer;

static void
die(const char *what)
{
    fprintf(stderr, "crash: %s: %s\n", what, strerror(errno));
    exit(1);
}

#define EXPECT(condition, ...)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "crash: " __VA_ARGS__);                                                                    \
            fputc('\n', stderr);                                                                                       \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static uint64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint32_t
draw(observer *o, uint32_t count)
{
    o->random ^= o->random >> 12;
    o->random ^= o->random << 25;
    o->random ^= o->random >> 27;
    return (uint32_t)((o->random * UINT64_C(0x2545f4914f6cdd1d) >> 32) % count);
}

/* -- the child -- */

static void
run_child(observer *o, const int *in, const int *out, const char *point)
{
    char seed[32];

    snprintf(seed, sizeof seed, "%" PRIu64, o->seed);
    if (dup2(in[0], STDIN_FILENO) < 0 || dup2(out[1], STDOUT_FILENO) < 0) _exit(126);
    close(in[1]);
    close(out[0]);
    if (point != NULL)
        setenv("ACTA_CRASH_POINT", point, 1);
    else
        unsetenv("ACTA_CRASH_POINT");
    setenv("ACTA_CRASH_LOG", o->crash_log, 1);
    execl(o->child_path, o->child_path, o->data_path, seed, (char *)NULL);
    _exit(127);
}

static void
start_child(observer *o, const char *point)
{
    int in[2], out[2];

    if (pipe(in) != 0 || pipe(out) != 0) die("cannot make a pipe");
    o->pid = fork();
    if (o->pid < 0) die("cannot start a process");
    if (o->pid == 0) run_child(o, in, out, point);
    close(in[0]);
    close(out[1]);
    o->to_child = in[1];
    o->from_child = out[0];
    fcntl(o->to_child, F_SETFL, O_NONBLOCK);
    fcntl(o->to_child, F_SETFD, FD_CLOEXEC);
    fcntl(o->from_child, F_SETFD, FD_CLOEXEC);
    o->is_ready = false;
    o->in_flight = o->new_count = 0;
    o->line_size = 0;
    memset(o->is_asked, 0, o->item_count);
}

/* -- asking and being answered -- */

/* The next thing to ask; false: nothing now. Accounts come before closings, and those before transfers. */
static bool
choose_item(observer *o, bool is_last_round, uint32_t *number_out)
{
    while (o->retry_from < o->item_count && o->answers[o->retry_from] != NO_ANSWER)
        o->retry_from++;
    for (uint32_t n = o->retry_from; n < o->item_count; n++) {
        if (o->answers[n] != NO_ANSWER || o->is_asked[n]) continue;
        *number_out = n;
        return true;
    }
    if (is_last_round && o->item_count >= FIRST_TRANSFER) return false;
    uint32_t repeated = o->item_count > FIRST_TRANSFER ? draw(o, o->item_count) : 0;
    if (o->item_count > FIRST_TRANSFER && draw(o, 100) < REPEAT_PER_CENT && !o->is_asked[repeated]) {
        *number_out = repeated;
        return true;
    }
    bool is_stage = o->item_count == FIRST_CLOSING || o->item_count == FIRST_TRANSFER;
    if (is_stage && o->answered_count < o->item_count) return false;
    if (o->item_count == ITEM_MAX || o->new_count == NEW_PER_ROUND_MAX) return false;
    *number_out = o->item_count++;
    o->new_count++;
    return true;
}

static void
ask_items(observer *o, bool is_last_round)
{
    char line[16];
    uint32_t number;

    while (o->in_flight < WINDOW && choose_item(o, is_last_round, &number)) {
        o->is_asked[number] = true;
        int size = snprintf(line, sizeof line, "%" PRIu32 "\n", number);
        if (write(o->to_child, line, (size_t)size) != size) return; /* it is dead, and will be asked again */
        o->in_flight++;
    }
}

static void
take_answer(observer *o, uint32_t number, answer a)
{
    EXPECT(number < o->item_count && o->is_asked[number], "item %" PRIu32 " was answered and not asked", number);
    o->is_asked[number] = false;
    o->in_flight--;
    if (a == NO_ANSWER) return;
    EXPECT(o->answers[number] == NO_ANSWER || o->answers[number] == a,
        "item %" PRIu32 " was %s, and asked again it was %s", number, a == ACCEPTED ? "rejected" : "accepted",
        a == ACCEPTED ? "accepted" : "rejected");
    o->answered_count += o->answers[number] == NO_ANSWER;
    o->answers[number] = (uint8_t)a;
}

static void
take_line(observer *o)
{
    char word[16];
    uint32_t number;

    if (strcmp(o->line, "ready") == 0) {
        o->is_ready = true;
        return;
    }
    EXPECT(sscanf(o->line, "%" SCNu32 " %15s", &number, word) == 2, "the bank said '%s'", o->line);
    answer a = strcmp(word, "accepted") == 0 ? ACCEPTED : strcmp(word, "rejected") == 0 ? REJECTED : NO_ANSWER;
    take_answer(o, number, a);
}

/* False: the child is gone. A line without an end was cut by the kill, and is no acknowledgement. */
static bool
take_lines(observer *o)
{
    char bytes[4096];
    ssize_t size = read(o->from_child, bytes, sizeof bytes);

    for (ssize_t i = 0; i < size; i++) {
        if (bytes[i] != '\n') {
            EXPECT(o->line_size < sizeof o->line - 1, "the bank said too much");
            o->line[o->line_size++] = bytes[i];
            continue;
        }
        o->line[o->line_size] = '\0';
        o->line_size = 0;
        take_line(o);
    }
    return size > 0 || (size < 0 && errno == EINTR);
}

/* -- rounds -- */

/* Which crash point did it die at? POINT_COUNT: none. */
static uint32_t
read_crash_log(observer *o)
{
    char name[80] = "";
    FILE *file = fopen(o->crash_log, "re");
    if (file == NULL) return POINT_COUNT;

    fseek(file, (long)o->crash_log_size, SEEK_SET);
    bool has_line = fgets(name, sizeof name, file) != NULL;
    o->crash_log_size = (uint64_t)ftell(file);
    fclose(file);
    name[strcspn(name, "\n")] = '\0';
    for (uint32_t i = 0; has_line && i < POINT_COUNT; i++)
        if (strcmp(name, points[i].name) == 0) return i;
    return POINT_COUNT;
}

/* Until the child is dead: by itself, or killed when `limit_ms` have passed. Returns its wait status. */
static int
drive(observer *o, uint64_t limit_ms, bool is_last_round)
{
    uint64_t end_ms = now_ms() + limit_ms;
    bool is_closed = false;
    int status;

    for (;;) {
        struct pollfd p = { .fd = o->from_child, .events = POLLIN };
        uint64_t now = now_ms();
        if (now >= end_ms) kill(o->pid, SIGKILL);
        if (poll(&p, 1, now >= end_ms ? 1000 : (int)(end_ms - now)) > 0 && !take_lines(o)) break;
        if (o->is_ready && !is_closed) ask_items(o, is_last_round);
        bool is_idle = o->is_ready && o->in_flight == 0 && o->new_count == NEW_PER_ROUND_MAX;
        if (is_idle && !is_last_round && end_ms > now + IDLE_MS) end_ms = now + IDLE_MS;
        if (is_last_round && !is_closed && o->is_ready && o->answered_count == o->item_count && o->in_flight == 0) {
            close(o->to_child); /* nothing more: it settles and ends */
            is_closed = true;
        }
    }
    if (!is_closed) close(o->to_child);
    close(o->from_child);
    if (waitpid(o->pid, &status, 0) != o->pid) die("cannot wait for the bank");
    return status;
}

/* The points of a bucket, each in its turn; NULL: it has none, and the moment is left to chance. */
static const crash_point *
choose_point(observer *o, bucket where)
{
    uint32_t own[POINT_COUNT], count = 0;

    for (uint32_t i = 0; i < POINT_COUNT; i++)
        if (points[i].where == where) own[count++] = i;
    return count > 0 ? &points[own[o->aims[where]++ % count]] : NULL;
}

static void
kill_once(observer *o, bucket where)
{
    const crash_point *aim = choose_point(o, where);
    uint64_t limit_ms = POINT_WAIT_MS;
    char point[128];

    if (aim != NULL) {
        snprintf(point, sizeof point, "%s:%" PRIu32, aim->name, 1 + draw(o, aim->passage_max));
        start_child(o, point);
    } else {
        limit_ms = 1 + draw(o, RANDOM_KILL_MS_MAX);
        start_child(o, NULL);
    }
    int status = drive(o, limit_ms, false);
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
        "the bank ended by itself, with status %d, before it was killed", status);
    uint32_t hit = read_crash_log(o);
    if (hit < POINT_COUNT) o->point_kills[hit]++;
    o->kills[hit < POINT_COUNT ? points[hit].where : AT_RANDOM]++;
}

enum { TRIES_MAX = 60 };

static uint32_t
kills_where_it_hurts(const observer *o)
{
    return o->kills[AFTER_SYNC] + o->kills[IN_RECOVERY] + o->kills[IN_PROCESS_MANAGER];
}

/* An aim can miss: the point is not passed as often as it was asked for, or the machine is too slow for it. Each place that
 * nothing hit gets more tries, and so do those where it hurts. Returns how many kills there were in all. */
static uint32_t
kill_again_and_again(observer *o, uint32_t kill_count)
{
    for (uint32_t i = 0; i < kill_count; i++)
        kill_once(o, turns[i % TURN_COUNT]);
    for (uint32_t b = 0; b < BUCKET_COUNT; b++) {
        for (uint32_t tries = 0; tries < TRIES_MAX && o->kills[b] == 0; tries++, kill_count++)
            kill_once(o, (bucket)b);
    }
    for (uint32_t tries = 0; tries < TRIES_MAX && kills_where_it_hurts(o) * 3 < kill_count; tries++, kill_count++)
        kill_once(o, tries % 2 == 0 ? IN_RECOVERY : AFTER_SYNC);
    return kill_count;
}

/* -- the check -- */

typedef struct audit {
    bank_log_check *check;
    acta_error error;
} audit;

static bool
audit_event(void *user, const acta_recorded *event)
{
    audit *a = user;
    return bank_log_check_event(a->check, event, &a->error) == ACTA_OK;
}

static void
check_item(observer *o, const bank_log_check *check, uint32_t number, uint32_t *requested)
{
    item i;

    item_init(&i, o->seed, number);
    EXPECT(o->answers[number] != NO_ANSWER, "item %" PRIu32 " was never answered", number);
    if (number < FIRST_TRANSFER) {
        EXPECT(o->answers[number] == ACCEPTED, "item %" PRIu32 " was rejected", number);
        return;
    }
    bank_log_phase phase = bank_log_check_phase(check, i.value.transfer.transfer_id);
    if (o->answers[number] == REJECTED) {
        EXPECT(phase == BANK_LOG_UNKNOWN, "transfer %" PRIu32 " was rejected, and is in the log", number);
        return;
    }
    ++*requested;
    EXPECT(phase == BANK_LOG_COMPLETED || phase == BANK_LOG_REFUNDED || phase == BANK_LOG_REJECTED,
        "transfer %" PRIu32 " was acknowledged, and has not ended (phase %d)", number, (int)phase);
}

static void
check_log(observer *o)
{
    audit a = { .check = bank_log_check_create() };
    acta_error error;
    uint32_t requested = 0;

    EXPECT(a.check != NULL, "no memory");
    acta_status status = raw_log_read(o->data_path, audit_event, &a, &error);
    EXPECT(status == ACTA_OK, "%s", error.text);
    EXPECT(a.error.status == ACTA_OK, "%s", a.error.text);
    for (uint32_t n = 0; n < o->item_count; n++)
        check_item(o, a.check, n, &requested);

    const bank_log_totals *totals = bank_log_check_totals(a.check);
    EXPECT(totals->accounts == ACCOUNT_COUNT, "%" PRIu64 " accounts", totals->accounts);
    EXPECT(totals->requested == requested, "%" PRIu64 " transfers in the log, %" PRIu32 " acknowledged",
        totals->requested, requested);
    EXPECT(totals->on_the_way == 0, "%" PRId64 " are on the way for ever", totals->on_the_way);
    EXPECT(totals->on_accounts == workload_money(), "%" PRId64 " on the accounts, %" PRId64 " were brought in",
        totals->on_accounts, workload_money());
    printf("%" PRIu64 " events, %" PRIu32 " transfers acknowledged: %" PRIu64 " completed, %" PRIu64
           " refunded, %" PRIu64 " rejected; the money is all there\n",
        totals->events, requested, totals->completed, totals->refunded, totals->rejected);
    bank_log_check_destroy(a.check);
}

static void
print_histogram(const observer *o, uint32_t kill_count)
{
    static const char bar[] = "##################################################";
    uint32_t named = kills_where_it_hurts(o);

    for (int b = 0; b < BUCKET_COUNT; b++) {
        uint32_t width = o->kills[b] * 40 / kill_count;
        printf("  %-34s %4" PRIu32 "  %.*s\n", bucket_names[b], o->kills[b], (int)width, bar);
    }
    for (uint32_t i = 0; i < POINT_COUNT; i++)
        printf("    at %-31s %4" PRIu32 "\n", points[i].name, o->point_kills[i]);
    for (int b = 0; b < BUCKET_COUNT; b++)
        EXPECT(o->kills[b] > 0, "no kill hit %s", bucket_names[b]);
    EXPECT(named * 3 >= kill_count, "only %" PRIu32 " of %" PRIu32 " kills hit where it hurts", named, kill_count);
}

static int
remove_entry(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

static void
run(observer *o, uint32_t kill_count)
{
    snprintf(o->directory, sizeof o->directory, "crash-data.XXXXXX");
    if (mkdtemp(o->directory) == NULL) die("cannot make a directory here");
    snprintf(o->data_path, sizeof o->data_path, "%s/bank", o->directory);
    snprintf(o->crash_log, sizeof o->crash_log, "%s/points", o->directory);

    kill_count = kill_again_and_again(o, kill_count);
    start_child(o, NULL);
    int status = drive(o, LAST_ROUND_MS, true);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the bank did not come to its end: status %d (in %s)", status,
        o->directory);
    check_log(o);
    print_histogram(o, kill_count);
    if (!o->is_kept) nftw(o->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int
main(int argc, char **argv)
{
    const char *kills = getenv("ACTA_CRASH_KILLS"), *given = getenv("ACTA_TEST_SEED");
    uint32_t kill_count = kills != NULL ? (uint32_t)strtoul(kills, NULL, 10) : KILLS_DEFAULT;
    observer *o = calloc(1, sizeof *o);

    if (o == NULL || argc < 2) {
        fprintf(stderr, "usage: crash CHILD [--kills N] [--seed N] [--keep 1]\n");
        return 2;
    }
    o->child_path = argv[1];
    o->seed = given != NULL ? strtoull(given, NULL, 0) : 1; /* the same each time; ./dev soak gives others */
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--kills") == 0) kill_count = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--keep") == 0) o->is_kept = strcmp(argv[i + 1], "0") != 0;
        if (strcmp(argv[i], "--seed") == 0) o->seed = strtoull(argv[i + 1], NULL, 10);
    }
    o->random = o->seed * 2 + 1;
    signal(SIGPIPE, SIG_IGN);
    printf("%" PRIu32 " kills, --seed %" PRIu64 "\n", kill_count, o->seed);
    fflush(stdout);
    run(o, kill_count);
    free(o);
    return 0;
}
