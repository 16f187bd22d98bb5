/*
 * acta stats: what a store has, and what the program has done that has it open.
 */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "acta/store.h"

#include "commands.h"
#include "connect.h"
#include "events.h"
#include "samples.h"
#include "served.h"

typedef struct stats_line {
    const char *directory;
    bool as_json, all;
} stats_line;

/* -- the directory -- */

typedef enum file_kind { TABLES, LOGS, MARK, KEYS, OTHERS, FILE_KINDS } file_kind;

typedef struct store_stats {
    uint64_t head, streams;
    int64_t oldest_us, newest_us; /* 0: there are no events */
    uint64_t counts[FILE_KINDS], bytes[FILE_KINDS];
} store_stats;

static const char *const kind_names[FILE_KINDS] = {
    [TABLES] = "tables", [LOGS] = "logs", [MARK] = "mark", [KEYS] = "keys", [OTHERS] = "others"
};

static file_kind
kind_of(const char *name)
{
    size_t size = strlen(name);

    if (size > 4 && strcmp(name + size - 4, ".sst") == 0) return TABLES;
    if (size > 4 && strcmp(name + size - 4, ".log") == 0) return LOGS;
    if (strcmp(name, "acta.mark") == 0) return MARK;
    return strcmp(name, "subjects.keys") == 0 ? KEYS : OTHERS;
}

/* Files that go while we look are not counted. */
static acta_status
count_files(const char *path, store_stats *stats, acta_error *error)
{
    DIR *directory = opendir(path);
    struct stat file;

    if (directory == NULL) return acta_error_set(error, ACTA_IO, "'%s' can't be read: %s", path, strerror(errno));
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (fstatat(dirfd(directory), entry->d_name, &file, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(file.st_mode))
            continue;
        file_kind kind = kind_of(entry->d_name);
        stats->counts[kind]++;
        stats->bytes[kind] += (uint64_t)file.st_size;
    }
    closedir(directory);
    return ACTA_OK;
}

/* When the first event, or the last, was recorded; 0: there is none. */
static acta_status
read_time(acta_store *store, acta_direction direction, int64_t *at_us_out, acta_error *error)
{
    const acta_read end = { .direction = direction, .count_max = 1 };
    acta_cursor *cursor = NULL;
    acta_recorded event;

    *at_us_out = 0;
    acta_status status = acta_cursor_open(store, &end, &cursor, error);
    if (status == ACTA_OK) status = acta_cursor_next(cursor, &event, error);
    if (status == ACTA_OK) *at_us_out = event.recorded_at_us;
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
count_streams(acta_store *store, uint64_t *count_out, acta_error *error)
{
    const acta_str all = { NULL, 0 };
    acta_stream_cursor *cursor = NULL;
    acta_str name;

    *count_out = 0;
    acta_status status = acta_stream_cursor_open(store, all, all, &cursor, error);
    while (status == ACTA_OK && (status = acta_stream_cursor_next(cursor, &name, NULL, error)) == ACTA_OK)
        ++*count_out;
    acta_stream_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
read_store(const char *path, store_stats *stats, acta_error *error)
{
    const acta_store_config config = { .path = path, .must_exist = true, .read_only = true };
    acta_store *store = NULL;

    memset(stats, 0, sizeof *stats);
    acta_status status = acta_store_open(&config, &store, error);
    if (status == ACTA_OK) {
        stats->head = acta_store_head(store);
        status = read_time(store, ACTA_FORWARD, &stats->oldest_us, error);
    }
    if (status == ACTA_OK) status = read_time(store, ACTA_BACKWARD, &stats->newest_us, error);
    if (status == ACTA_OK) status = count_streams(store, &stats->streams, error);
    if (status == ACTA_OK) status = count_files(path, stats, error);
    acta_store_close(store);
    return status;
}

static void
put_store_line(const store_stats *stats)
{
    char at[64];

    printf("{\"events\":%" PRIu64 ",\"streams\":%" PRIu64, stats->head, stats->streams);
    if (stats->head > 0) printf(",\"oldest\":\"%s\"", time_text(stats->oldest_us, at, sizeof at));
    if (stats->head > 0) printf(",\"newest\":\"%s\"", time_text(stats->newest_us, at, sizeof at));
    printf(",\"files\":{");
    for (int i = 0; i < FILE_KINDS; i++)
        printf("%s\"%s\":{\"count\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", i > 0 ? "," : "", kind_names[i],
            stats->counts[i], stats->bytes[i]);
    printf("}}\n");
}

static void
show_store(const store_stats *stats)
{
    char at[64];

    printf("events     %" PRIu64 "\nstreams    %" PRIu64 "\n", stats->head, stats->streams);
    if (stats->head > 0) printf("oldest     %s\n", time_text(stats->oldest_us, at, sizeof at));
    if (stats->head > 0) printf("newest     %s\n", time_text(stats->newest_us, at, sizeof at));
    printf("\nFILES         COUNT           BYTES\n");
    for (int i = 0; i < FILE_KINDS; i++)
        printf("%-10s %8" PRIu64 " %15" PRIu64 "\n", kind_names[i], stats->counts[i], stats->bytes[i]);
}

/* -- the program -- */

/* Steps of histograms are for programs; and of what is told word by word, that which is so. */
static bool
is_shown(const sample *s)
{
    bool is_bucket = s->name.size > 7 && memcmp(s->name.data + s->name.size - 7, "_bucket", 7) == 0;
    bool is_one_of_many = s->labels.size > 0 && acta_str_equal(s->value, acta_str_of("0"));

    return !is_bucket && !is_one_of_many;
}

static void
put_sample_line(const sample *s)
{
    acta_str rest = s->labels, label, value;
    const char *before = "{";

    printf("{\"name\":\"" ACTA_FMT "\",\"labels\":", ACTA_ARG(s->name));
    while (sample_label(&rest, &label, &value)) { /* what is escaped in a value, is as in JSON */
        printf("%s\"" ACTA_FMT "\":\"" ACTA_FMT "\"", before, ACTA_ARG(label), ACTA_ARG(value));
        before = ",";
    }
    printf("%s},\"value\":" ACTA_FMT "}\n", *before == '{' ? "{" : "", ACTA_ARG(s->value));
}

static void
show_sample(const sample *s)
{
    int size = (int)(s->name.size + s->labels.size) + (s->labels.size > 0 ? 2 : 0);

    put_shown(s->name);
    if (s->labels.size > 0) {
        putchar('{');
        put_shown(s->labels);
        putchar('}');
    }
    printf("%*s " ACTA_FMT "\n", size < 58 ? 58 - size : 0, "", ACTA_ARG(s->value));
}

static void
show_program(const stats_line *line, const json_value *health, acta_str metrics)
{
    acta_str status = json_text(health, "status"), why = json_text(health, "why");
    sample s;

    if (line->as_json)
        printf("{\"health\":" ACTA_FMT "}\n", ACTA_ARG(health->raw));
    else
        printf(
            "\nhealth     " ACTA_FMT "%s" ACTA_FMT "\n\n", ACTA_ARG(status), why.size > 0 ? ": " : "", ACTA_ARG(why));
    while (sample_next(&metrics, &s)) {
        if (line->as_json)
            put_sample_line(&s);
        else if (line->all || is_shown(&s))
            show_sample(&s);
    }
}

/* A store that nobody serves has no more to tell. */
static acta_status
ask_program(const stats_line *line, acta_memory *memory, acta_error *error)
{
    const client_request ask_health = { .directory = line->directory, .method = "GET", .path = "/health" };
    const client_request ask_metrics = { .directory = line->directory, .method = "GET", .path = "/metrics" };
    client_answer health, metrics;
    const json_value *value;

    acta_status status = client_ask(&ask_health, memory, &health, error);
    if (status == ACTA_OK) status = client_ask(&ask_metrics, memory, &metrics, error);
    if (status == ACTA_NOT_FOUND && !connect_is_address(line->directory)) return ACTA_OK;
    if (status == ACTA_OK) status = json_read(health.body, memory, &value, error);
    if (status != ACTA_OK) return status;
    if (metrics.status != 200)
        return acta_error_set(error, ACTA_IO, "the program answered with status %u to /metrics", metrics.status);
    show_program(line, value, metrics.body);
    return ACTA_OK;
}

static int
show(const stats_line *line, acta_memory *memory)
{
    store_stats stats;
    acta_error error;

    bool is_far = connect_is_address(line->directory); /* where only the program can be asked */
    acta_status status = is_far ? ACTA_OK : read_store(line->directory, &stats, &error);
    if (status == ACTA_OK && !is_far) (line->as_json ? put_store_line : show_store)(&stats);
    if (status == ACTA_OK) status = ask_program(line, memory, &error);
    if (status != ACTA_OK) fprintf(stderr, "acta: %s\n", error.text);
    return status != ACTA_OK;
}

/* -- the command line -- */

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    stats_line *line = state->input;

    switch (key) {
    case 'j':
        line->as_json = true;
        return 0;
    case 'a':
        line->all = true;
        return 0;
    default:
        return argument_directory(key, argument, state, &line->directory);
    }
}

int
command_stats(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "all", 'a', NULL, 0, "Metrics with a label that are 0, too, and histograms", 0 },
        { "json", 'j', NULL, 0, "JSON, an object a line", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = known,
        .parser = parse,
        .args_doc = "DIR",
        .doc = "Tell what the store in DIR has, which may be in use: events, streams, when the oldest and the newest "
               "event was recorded, and the files by kind. And if a program serves it, how that is: its health, and "
               "its metrics by the names that docs/metrics.md has.\v"
               "The program is asked over DIR/acta.sock. With --json the first line is the store, the second the "
               "health, and the others are metrics, all of them.\n\n"
               "Exit status: 0 done, 1 damage or failure, 2 wrong usage.\n\n"
               "Examples:\n  acta stats bank-data\n  acta stats bank-data --json",
    };
    stats_line line = { .as_json = false };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    acta_memory *memory = acta_memory_create(NULL);
    if (memory == NULL) return has_no_memory();
    int result = show(&line, memory);
    acta_memory_destroy(memory);
    return result;
}
