/*
 * acta tail: the newest events of a store, and with --follow those that come, beside the program that writes it.
 *
 *     where does it begin?   backward, so many events that are wanted
 *     print                  forward, from there to the end of what is seen
 *     --follow               wait, look at the store anew (acta_store_refresh), print what came
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "events.h"

enum { TYPES_MAX = 64, COUNT_DEFAULT = 10 };

/* Looking anew costs what opening does: at least so long between two, and so many times what the last one took. */
enum { PAUSE_NS_MIN = 100000000, PAUSE_FACTOR = 4 };

typedef struct tail_line {
    const char *path, *stream, *category;
    acta_str types[TYPES_MAX];
    uint32_t type_count;
    uint64_t count;
    bool follows;
    event_style style;
} tail_line;

typedef struct tailing {
    const tail_line *line;
    acta_store *store;
    acta_memory *memory;
    uint64_t stream_id; /* whose versions `next` counts; 0: none so far */
    uint64_t next;      /* position, or with --stream version, of what wasn't printed yet */
    uint64_t end;       /* the last there is */
} tailing;

/* -- ending -- */

static volatile sig_atomic_t is_told_to_end;

static void
end(int signal_number)
{
    (void)signal_number;
    is_told_to_end = 1;
}

static void
end_by_signals(void)
{
    struct sigaction action = { .sa_handler = end }; /* without SA_RESTART: who waits for a full pipe ends too */

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Threads that the store makes inherit it: signals are this thread's. */
static void
hold_signals(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(how, &set, NULL);
}

/* -- what there is -- */

static acta_read
wanted(const tailing *t)
{
    return (acta_read){ .stream = acta_str_of(t->line->stream),
        .category = acta_str_of(t->line->category),
        .types = t->line->type_count > 0 ? t->line->types : NULL,
        .type_count = t->line->type_count };
}

/* Where the store, or the stream, ends now. A stream that isn't there is waited for, and so is what comes in its place. */
static acta_status
find_end(tailing *t, acta_error *error)
{
    acta_stream_info info;

    t->end = acta_store_head(t->store);
    if (t->line->stream == NULL) return ACTA_OK;
    t->end = 0;
    acta_status status = acta_store_stream_info(t->store, acta_str_of(t->line->stream), &info, error);
    if (status == ACTA_OK && info.deleted)
        status = acta_error_set(error, ACTA_DELETED, "the stream '%s' is deleted", t->line->stream);
    if (t->line->follows && (status == ACTA_NOT_FOUND || status == ACTA_DELETED)) return ACTA_OK;
    if (status != ACTA_OK) return status;
    if (t->stream_id != info.id) t->next = 1;
    t->stream_id = info.id;
    t->end = info.version;
    return ACTA_OK;
}

static uint64_t
place_of(const tailing *t, const acta_recorded *event)
{
    if (t->line->stream == NULL) return event->position;
    return event->link_position != 0 ? event->link_version : event->version;
}

/* The first of the newest so many that are wanted. */
static acta_status
find_begin(tailing *t, acta_error *error)
{
    acta_read read = wanted(t);
    acta_cursor *cursor;
    acta_recorded event;

    acta_status status = find_end(t, error);
    t->next = t->end + 1;
    if (status != ACTA_OK || t->end == 0 || t->line->count == 0) return status;
    read.direction = ACTA_BACKWARD;
    read.count_max = t->line->count;
    status = acta_cursor_open(t->store, &read, &cursor, error);
    if (status != ACTA_OK) return status;
    while (!is_told_to_end && (status = acta_cursor_next(cursor, &event, error)) == ACTA_OK)
        t->next = place_of(t, &event);
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* All from `next` to the end. */
static acta_status
print_new(tailing *t, acta_error *error)
{
    acta_read read = wanted(t);
    acta_cursor *cursor;
    acta_recorded event;

    if (t->next > t->end) return ACTA_OK;
    read.from = t->next;
    acta_status status = acta_cursor_open(t->store, &read, &cursor, error);
    if (status != ACTA_OK) return status;
    while (!is_told_to_end && !ferror(stdout) && (status = acta_cursor_next(cursor, &event, error)) == ACTA_OK)
        event_print(t->store, &event, &t->line->style, t->memory);
    acta_cursor_close(cursor);
    t->next = t->end + 1;
    fflush(stdout);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* -- following -- */

static int64_t
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
pause_for(int64_t ns)
{
    if (ns < PAUSE_NS_MIN) ns = PAUSE_NS_MIN;
    const struct timespec time = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

    if (!is_told_to_end) nanosleep(&time, NULL);
}

static acta_status
follow(tailing *t, acta_error *error)
{
    int64_t took_ns = 0;

    for (;;) {
        pause_for(took_ns * PAUSE_FACTOR);
        if (is_told_to_end || ferror(stdout)) return ACTA_OK;
        int64_t began_ns = now_ns();
        hold_signals(SIG_BLOCK);
        acta_status status = acta_store_refresh(t->store, error);
        hold_signals(SIG_UNBLOCK);
        took_ns = now_ns() - began_ns;
        if (status == ACTA_BUSY) continue; /* what was written last isn't durable yet */
        if (status == ACTA_OK) status = find_end(t, error);
        if (status == ACTA_OK) status = print_new(t, error);
        if (status != ACTA_OK) return status;
    }
}

static acta_status
tail_store(tailing *t, acta_error *error)
{
    const acta_store_config config = { .path = t->line->path, .must_exist = true, .read_only = true };

    t->memory = acta_memory_create(NULL);
    if (t->memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to read");
    hold_signals(SIG_BLOCK);
    acta_status status = acta_store_open(&config, &t->store, error);
    hold_signals(SIG_UNBLOCK);
    if (status == ACTA_OK) status = find_begin(t, error);
    if (status == ACTA_OK) status = print_new(t, error);
    return status == ACTA_OK && t->line->follows ? follow(t, error) : status;
}

static int
run(const tail_line *line)
{
    tailing t = { .line = line };
    acta_error error;

    if (line->follows) end_by_signals();
    acta_status status = tail_store(&t, &error);
    if ((fflush(stdout) != 0 || ferror(stdout)) && !is_told_to_end)
        status = acta_error_set(&error, ACTA_IO, "cannot write: %s", strerror(errno));
    acta_store_close(t.store);
    acta_memory_destroy(t.memory);
    if (status != ACTA_OK) fprintf(stderr, "acta: %s\n", error.text);
    return status != ACTA_OK;
}

/* -- the command line -- */

static void
take_type(tail_line *line, const char *name, struct argp_state *state)
{
    if (line->type_count == TYPES_MAX) argp_error(state, "--type: at most %d are taken", TYPES_MAX);
    line->types[line->type_count++] = acta_str_of(name);
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    tail_line *line = state->input;

    switch (key) {
    case 'n':
        line->count = strcmp(argument, "0") == 0 ? 0 : argument_number(argument, "count of events", state);
        return 0;
    case 'f':
        line->follows = true;
        return 0;
    case 's':
        line->stream = argument;
        return 0;
    case 'c':
        line->category = argument;
        return 0;
    case 't':
        take_type(line, argument, state);
        return 0;
    case 'j':
        line->style.as_json = true;
        return 0;
    case 'a':
        line->style.shows_all = true;
        return 0;
    case ARGP_KEY_END:
        if (line->stream != NULL && line->category != NULL)
            argp_error(state, "--stream and --category: give one of the two");
        return argument_directory(key, argument, state, &line->path);
    default:
        return argument_directory(key, argument, state, &line->path);
    }
}

int
command_tail(int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "count", 'n', "N", 0, "begin with the newest so many events; 10 if it isn't said", 0 },
        { "follow", 'f', NULL, 0, "go on with those that come, until SIGINT or SIGTERM", 0 },
        { "stream", 's', "NAME", 0, "only this stream; with --follow it need not be there yet", 0 },
        { "category", 'c', "NAME", 0, "only streams whose name has this before its first '-'", 0 },
        { "type", 't', "NAME", 0, "only events of this type; may be said again for others", 0 },
        { "json", 'j', NULL, 0, "one JSON object a line, for programs", 0 },
        { "show-redacted", 'a', NULL, 0,
            "print (redacted) fields as they are, and personal ones sealed, instead of ***", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "DIR",
        .doc = "Print the newest events of the store in DIR as acta read does, and with --follow those that come "
               "while a program writes it, each once and in order. The store is only read.\v"
               "Examples:\n  acta tail bank-data\n"
               "  acta tail bank-data --follow --type bank.MoneyDeposited\n"
               "  acta tail bank-data -n 0 --follow --category Account --json\n\n"
               "Exit status: 0 done, or ended by SIGINT or SIGTERM; 1 damage or failure; 2 wrong usage.",
    };
    tail_line line = { .count = COUNT_DEFAULT };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return run(&line);
}
