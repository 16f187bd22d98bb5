/*
 * Large: see store_large.h.
 *
 * Events of 100 random bytes, a transaction each, 2,048 in flight, every one durable, in streams of 1,000 whose events lie far
 * apart; memory_bytes is 64 MiB for both processes, or what --memory says.
 *
 *   fill  rate of the first tenth and of the last; bytes of sorted files, and of logs, that were written for each byte
 *         given; resident memory at its highest
 *   read  opening after the kill; the whole log and streams, with the files in the system's cache and without; beside the
 *         latter 1,000 reads of 4 KiB at sorted random places of the same files
 *
 * What is written is seen from outside: the directory is looked at 20 times a second, and each file counts with the largest
 * size that it ever had. A file that came and went between two looks is missed; sorted files live longer.
 */
#include "store_large.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acta/store.h"

#include "bench.h"

enum {
    PAYLOAD = 100,
    STREAM_LENGTH = 1000,
    IN_FLIGHT = 2048,
    TENTHS = 10,
    FILES_MAX = 65536, /* numbers of RocksDB's files */
    LOOK_NS = 50000000,
    READ_SIZE = 4096,
    ROUNDS = 15,
    PATH_SIZE = 4096,
    SAMPLE_MAX = 1 << 16
};

/* -- what lies in a directory -- */

typedef void file_found(void *user, const char *path, const char *name, uint64_t size);

static void
each_file(const char *directory, file_found *found, void *user)
{
    DIR *entries = opendir(directory);
    char path[PATH_SIZE + 256];
    struct stat about;

    bench_expect(entries != NULL);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        snprintf(path, sizeof path, "%s/%.250s", directory, entry->d_name);
        if (stat(path, &about) == 0 && S_ISREG(about.st_mode))
            found(user, path, entry->d_name, (uint64_t)about.st_size);
    }
    closedir(entries);
}

static bool
ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name), ending_size = strlen(ending);
    return size > ending_size && strcmp(name + size - ending_size, ending) == 0;
}

/* The largest size of each file there ever was, by its number. */
typedef struct written {
    uint64_t sorted[FILES_MAX], logs[FILES_MAX];
    uint64_t looked_ns;
} written;

static void
take_size(void *user, const char *path, const char *name, uint64_t size)
{
    written *w = user;
    unsigned long number = strtoul(name, NULL, 10);
    uint64_t *of = ends_with(name, ".sst") ? w->sorted : ends_with(name, ".log") ? w->logs : NULL;

    (void)path;
    if (of == NULL) return;
    bench_expect(number < FILES_MAX);
    if (size > of[number]) of[number] = size;
}

static uint64_t
sum_of(const uint64_t *sizes)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < FILES_MAX; i++)
        sum += sizes[i];
    return sum;
}

static void
add_size(void *user, const char *path, const char *name, uint64_t size)
{
    (void)path;
    (void)name;
    *(uint64_t *)user += size;
}

/* A line of /proc/self/status, in MiB. */
static double
memory_mib(const char *line_begin)
{
    char line[256];
    double mib = 0;
    FILE *file = fopen("/proc/self/status", "re");

    bench_expect(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, line_begin, strlen(line_begin)) == 0)
            mib = strtod(line + strlen(line_begin), NULL) / 1024; /* it says kB */
    }
    fclose(file);
    return mib;
}

/* -- filling -- */

typedef struct filling {
    acta_store *store;
    pthread_mutex_t lock;
    pthread_cond_t came_back;
    uint32_t in_flight; /* under the lock */
    bool failed;        /* under the lock */
} filling;

static void
take_answer(void *user, const acta_commit_result *result)
{
    filling *f = user;

    pthread_mutex_lock(&f->lock);
    f->in_flight--;
    if (result->status != ACTA_OK) f->failed = true;
    pthread_cond_signal(&f->came_back);
    pthread_mutex_unlock(&f->lock);
}

static void
wait_below(filling *f, uint32_t below, uint32_t more)
{
    pthread_mutex_lock(&f->lock);
    while (f->in_flight >= below)
        pthread_cond_wait(&f->came_back, &f->lock);
    bench_expect(!f->failed);
    f->in_flight += more;
    pthread_mutex_unlock(&f->lock);
}

static acta_str
name_of(char *room, size_t size, uint64_t number)
{
    return acta_str_from(room, (size_t)snprintf(room, size, "Large-%" PRIu64, number));
}

static void
submit_event(filling *f, uint64_t stream, uint64_t *random)
{
    acta_transaction *t = acta_transaction_create(f->store);
    uint8_t payload[PAYLOAD];
    char room[32];
    acta_error error;

    bench_expect(t != NULL);
    for (size_t i = 0; i < PAYLOAD; i += 4) { /* bytes that don't compress */
        uint32_t word = (uint32_t)(bench_random(random) >> 32);
        memcpy(payload + i, &word, sizeof word);
    }
    acta_event event = { .type = acta_str_of("bench.Happened"), .payload = acta_bytes_from(payload, PAYLOAD) };
    acta_transaction_append(t, name_of(room, sizeof room, stream), ACTA_ANY_VERSION, &event, 1);
    wait_below(f, IN_FLIGHT, 1);
    bench_must(acta_store_submit(f->store, t, take_answer, f, &error), &error);
}

static acta_store *
open_large(const char *path, const large_options *o)
{
    static const char *const kept[] = { "Large", NULL };
    const acta_store_config config = {
        .path = path, .memory_bytes = (uint64_t)o->memory_mib << 20, .keep_by_stream = o->by_stream ? kept : NULL
    };
    acta_error error;
    acta_store *store;

    bench_must(acta_store_open(&config, &store, &error), &error);
    return store;
}

static void
report_filled(const char *path, written *w, uint64_t count, const uint64_t *tenth_ns)
{
    double given = (double)count * PAYLOAD, on_disk;
    uint64_t bytes = 0;

    each_file(path, take_size, w);
    each_file(path, add_size, &bytes);
    on_disk = (double)bytes;
    bench_report("large_fill", "rate_first", (double)count / TENTHS / ((double)tenth_ns[0] / 1e9), "per_second");
    bench_report(
        "large_fill", "rate_last", (double)count / TENTHS / ((double)tenth_ns[TENTHS - 1] / 1e9), "per_second");
    bench_report("large_fill", "sorted_bytes_per_given", (double)sum_of(w->sorted) / given, "times");
    bench_report("large_fill", "log_bytes_per_given", (double)sum_of(w->logs) / given, "times");
    bench_report("large_fill", "disk_bytes_per_event", on_disk / (double)count, "bytes");
    bench_report("large_fill", "memory_peak", memory_mib("VmHWM:"), "MiB");
}

void
large_fill(const char *path, const large_options *o)
{
    static written w;
    filling f = { .store = open_large(path, o) };
    const uint32_t event_count = o->event_count;
    uint64_t stream_count = event_count / STREAM_LENGTH, random = 1, begun_ns = bench_now_ns(),
             tenth_ns[TENTHS] = { 0 };

    bench_expect(stream_count > 0);
    pthread_mutex_init(&f.lock, NULL);
    pthread_cond_init(&f.came_back, NULL);
    for (uint64_t i = 0, tenth = 0; i < event_count; i++) {
        submit_event(&f, i % stream_count, &random);
        if (i % 1024 == 0 && bench_now_ns() - w.looked_ns > LOOK_NS) {
            each_file(path, take_size, &w);
            w.looked_ns = bench_now_ns();
        }
        if (i + 1 != (tenth + 1) * event_count / TENTHS) continue;
        uint64_t now_ns = bench_now_ns();
        tenth_ns[tenth++] = now_ns - begun_ns;
        begun_ns = now_ns;
    }
    wait_below(&f, 1, 0);
    bench_expect(acta_store_head(f.store) == event_count);
    report_filled(path, &w, event_count, tenth_ns);
    raise(SIGKILL);
}

/* -- reading -- */

static uint64_t
read_all(acta_store *store, const acta_read *read)
{
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;
    acta_status status;
    uint64_t count = 0;

    bench_must(acta_cursor_open(store, read, &cursor, &error), &error);
    while ((status = acta_cursor_next(cursor, &event, &error)) == ACTA_OK) {
        bench_expect(event.payload.size == PAYLOAD);
        count++;
    }
    bench_expect(status == ACTA_NOT_FOUND);
    acta_cursor_close(cursor);
    return count;
}

static void
drop_file(void *user, const char *path, const char *name, uint64_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    (void)user;
    (void)name;
    (void)size;
    if (fd < 0) return; /* a compaction has just removed it */
    (void)fdatasync(fd);
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}

static void
scan(acta_store *store, const char *name, uint64_t count)
{
    const acta_read all = { .count_max = 0 };
    uint64_t begun_ns = bench_now_ns();

    bench_expect(read_all(store, &all) == count);
    bench_report(name, "rate", (double)count / ((double)(bench_now_ns() - begun_ns) / 1e9), "per_second");
}

static double
time_stream(acta_store *store, uint64_t number, acta_read read, uint64_t expected)
{
    char room[32];
    uint64_t begun_ns = bench_now_ns();

    read.stream = name_of(room, sizeof room, number);
    bench_expect(read_all(store, &read) == expected);
    return (double)(bench_now_ns() - begun_ns);
}

/* The files that are read from, one behind the other. */
typedef struct files {
    int fds[FILES_MAX];
    uint64_t sizes[FILES_MAX];
    size_t count;
    uint64_t bytes;
} files;

static void
add_sorted(void *user, const char *path, const char *name, uint64_t size)
{
    files *f = user;

    if (!ends_with(name, ".sst") || size <= READ_SIZE || f->count == FILES_MAX) return;
    f->fds[f->count] = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fds[f->count] < 0) return;
    (void)posix_fadvise(f->fds[f->count], 0, 0, POSIX_FADV_RANDOM);
    f->sizes[f->count++] = size;
    f->bytes += size;
}

static uint64_t
time_sorted_reads(const files *f, uint64_t *random)
{
    uint64_t places[STREAM_LENGTH], begin = 0;
    static uint8_t room[READ_SIZE];
    size_t file = 0;

    for (size_t i = 0; i < STREAM_LENGTH; i++)
        places[i] = bench_random(random) % f->bytes;
    qsort(places, STREAM_LENGTH, sizeof places[0], bench_compare);
    uint64_t begun_ns = bench_now_ns();
    for (size_t i = 0; i < STREAM_LENGTH; i++) {
        while (places[i] >= begin + f->sizes[file])
            begin += f->sizes[file++];
        uint64_t offset = (places[i] - begin) & ~(uint64_t)(READ_SIZE - 1);
        bench_expect(pread(f->fds[file], room, READ_SIZE, (off_t)offset) > 0);
    }
    return bench_now_ns() - begun_ns;
}

/* In turn, each with nothing in the system's cache: a stream, and the same number of reads by hand; then the stream again. */
static void
read_streams(acta_store *store, const char *path, uint64_t stream_count)
{
    static files f;
    bench_samples cold, warm, raw;
    uint64_t random = 7;

    bench_samples_init(&cold, ROUNDS);
    bench_samples_init(&warm, ROUNDS);
    bench_samples_init(&raw, ROUNDS);
    each_file(path, add_sorted, &f);
    bench_expect(f.bytes > 0);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t number = bench_random(&random) % stream_count;
        const acta_read whole = { .count_max = 0 };
        each_file(path, drop_file, NULL);
        bench_samples_add(&raw, time_sorted_reads(&f, &random));
        each_file(path, drop_file, NULL);
        bench_samples_add(&cold, (uint64_t)time_stream(store, number, whole, STREAM_LENGTH));
        bench_samples_add(&warm, (uint64_t)time_stream(store, number, whole, STREAM_LENGTH));
    }
    bench_report("large_stream_1000", "cold_p50_us", bench_samples_us(&cold, 500), "us");
    bench_report("large_stream_1000", "raw_cold_p50_us", bench_samples_us(&raw, 500), "us");
    bench_report("large_stream_1000", "again_p50_us", bench_samples_us(&warm, 500), "us");
    for (size_t i = 0; i < f.count; i++)
        close(f.fds[i]);
    free(cold.ns);
    free(warm.ns);
    free(raw.ns);
}

static void
read_last(acta_store *store, uint64_t stream_count)
{
    const acta_read last = { .direction = ACTA_BACKWARD, .count_max = 1 };
    bench_samples samples;
    uint64_t random = 3, until_ns = bench_now_ns() + UINT64_C(500000000);

    bench_samples_init(&samples, SAMPLE_MAX);
    while (bench_now_ns() < until_ns)
        bench_samples_add(&samples, (uint64_t)time_stream(store, bench_random(&random) % stream_count, last, 1));
    bench_report("large_last_event", "p50_us", bench_samples_us(&samples, 500), "us");
    free(samples.ns);
}

void
large_read(const char *path, const large_options *o)
{
    const uint32_t event_count = o->event_count;
    bench_expect(event_count >= STREAM_LENGTH);
    uint64_t begun_ns = bench_now_ns(), stream_count = event_count / STREAM_LENGTH;
    acta_store *store = open_large(path, o);

    bench_report("large_open", "after_kill_ms", (double)(bench_now_ns() - begun_ns) / 1e6, "ms");
    bench_expect(acta_store_head(store) == event_count);
    scan(store, "large_scan_warm", event_count);
    each_file(path, drop_file, NULL);
    scan(store, "large_scan_cold", event_count);
    read_streams(store, path, stream_count);
    scan(store, "large_scan_again", event_count);
    read_last(store, stream_count);
    bench_report("large_read", "memory_peak", memory_mib("VmHWM:"), "MiB");
    acta_store_close(store);
    begun_ns = bench_now_ns();
    acta_store_close(open_large(path, o));
    bench_report("large_open", "after_close_ms", (double)(bench_now_ns() - begun_ns) / 1e6, "ms");
}

/* -- the processes -- */

static int
start_again(const char *what, const char *path, const large_options *o)
{
    char events[16], memory[16];
    int status = 0;

    snprintf(events, sizeof events, "%" PRIu32, o->event_count);
    snprintf(memory, sizeof memory, "%" PRIu32, o->memory_mib);
    pid_t child = fork();
    bench_expect(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "store", "--events", events, "--memory", memory, what, path, (char *)NULL);
        _exit(127);
    }
    while (waitpid(child, &status, 0) < 0)
        bench_expect(errno == EINTR);
    return status;
}

void
large_run(const char *data_path, const large_options *o)
{
    char path[PATH_SIZE];

    bench_make_directory(data_path, path, sizeof path);
    int status = start_again(o->by_stream ? "--fill-kept" : "--fill", path, o);
    bench_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    status = start_again("--read", path, o);
    bench_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    bench_remove(path);
}
