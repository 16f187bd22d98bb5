/*
 * acta keep: which categories a store keeps by stream, too, and copies of what lies in it already. See keep_by_stream in
 * include/acta/store.h, and acta_store_copy_by_stream in operations.h.
 *
 * How far it is, is told by a thread of its own, once a second and at the end: each transaction has about 1 MiB.
 */
#include <argp.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "acta/operations.h"

#include "commands.h"

typedef struct keep_line {
    const char *path;
    const char **categories; /* room for all arguments, and a NULL */
    unsigned category_count;
    bool none;
} keep_line;

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    keep_line *line = state->input;

    switch (key) {
    case 'n':
        line->none = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            line->path = argument;
        else
            line->categories[line->category_count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (line->path == NULL) argp_error(state, "which directory?");
        if (line->none && line->category_count > 0)
            argp_error(state, "--none and '%s': give one of the two", line->categories[0]);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- how far it is -- */

typedef struct progress {
    acta_store *store;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ended; /* under the lock */
} progress;

static void
tell(const progress *p)
{
    acta_store_stats stats;

    acta_store_stats_read(p->store, &stats);
    fprintf(stderr, "acta: %" PRIu64 " transactions of about 1 MiB are written\n", stats.transactions);
}

static void *
tell_each_second(void *user)
{
    progress *p = user;
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    pthread_mutex_lock(&p->lock);
    while (!p->ended) {
        until.tv_sec++;
        while (!p->ended && pthread_cond_timedwait(&p->changed, &p->lock, &until) == 0)
            continue;
        if (!p->ended) tell(p);
    }
    pthread_mutex_unlock(&p->lock);
    tell(p); /* also when it was through before this thread began */
    return NULL;
}

static acta_status
copy_all(acta_store *store, uint64_t *count_out, acta_error *error)
{
    progress p = { .store = store, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    pthread_t thread;

    if (pthread_create(&thread, NULL, tell_each_second, &p) != 0)
        return acta_error_set(error, ACTA_NO_MEMORY, "a thread cannot be made");
    acta_status status = acta_store_copy_by_stream(store, 0, count_out, error);
    pthread_mutex_lock(&p.lock);
    p.ended = true;
    pthread_cond_signal(&p.changed);
    pthread_mutex_unlock(&p.lock);
    pthread_join(thread, NULL);
    return status;
}

/* -- the command -- */

static int
keep(const keep_line *line)
{
    const acta_store_config config = { .path = line->path,
        .must_exist = true,
        .keep_by_stream = line->none || line->category_count > 0 ? line->categories : NULL };
    acta_error error;
    acta_store *store;
    uint64_t count = 0;

    acta_status status = acta_store_open(&config, &store, &error);
    if (status == ACTA_OK) {
        status = copy_all(store, &count, &error);
        acta_store_close(store);
    }
    if (status != ACTA_OK) return told_in_use(line->path, &error, NULL);
    printf("changed    %" PRIu64 " events: got a copy by stream, or lost it\n", count);
    return 0;
}

int
command_keep(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "none", 'n', NULL, 0, "Keep no category by stream any more", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = known,
        .parser = parse,
        .args_doc = "DIR [CATEGORY...]",
        .doc =
            "Keep the events of these categories by stream, too, from now on, in the store in DIR, and bring what lies "
            "in it already in line with that: events of a category get copies, those of all others lose theirs. "
            "Without a category it is those that the store was opened with before. The store must not be in use: a "
            "program that has it open does the same by acta_store_copy_by_stream. What was done before a failure, or "
            "a kill, stays done; say it again.\v"
            "A category is what stands before the first '-' of a stream's name. Reading a long stream from its "
            "beginning gets faster; the disk holds those events twice.\n\nExit status: 0 done, 1 damage or failure, 2 "
            "wrong usage.\n\nExample:\n  acta keep bank-data Account",
    };
    keep_line line = { .categories = calloc((size_t)argc + 1, sizeof *line.categories) };

    if (line.categories == NULL) return has_no_memory();
    argp_parse(&argp, argc, argv, 0, NULL, &line);
    int result = keep(&line);
    free(line.categories);
    return result;
}
