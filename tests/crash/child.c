/*
 * The bank's process in the crash test: it is asked by numbers on stdin, answers on stdout, and is killed.
 *
 *     crash-child DATA SEED       with CRASH_LIE set it acknowledges before anything is done: the test must find it
 *     > 57            do item 57 (workload.h)
 *     < ready         the bank has started, and what was unfinished goes on
 *     < 57 accepted   its events are on disk (or "57 rejected"; or "57 unknown": ask again)
 *     > (end)         settle, stop, exit 0
 *
 * An answer is one write, from the thread that has it: nothing lies between the acknowledgement and the observer.
 */
#include "bank.h"
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "acta/app.h"

enum { SETTLE_MS = 60000, STOP_MS = 10000 };

static void
say(const char *line, int size)
{
    if (write(STDOUT_FILENO, line, (size_t)size) != size) _exit(1); /* nobody listens any more */
}

static bool is_lying;

static void
answered(void *user, const acta_dispatch_result *result)
{
    const uint32_t *number = user;
    char line[64];
    const char *word = "unknown";

    if (is_lying) {
        free(user);
        return;
    }
    if (result->status == ACTA_OK) word = "accepted";
    if (result->status == ACTA_REJECTED) word = "rejected";
    say(line, snprintf(line, sizeof line, "%" PRIu32 " %s\n", *number, word));
    free(user);
}

/* The answer that will be right, if only the bank lives on. */
static void
tell_lie(const item *i, uint32_t number)
{
    char line[64];
    const bank_RequestTransfer *t = &i->value.transfer;
    bool is_impossible = i->command == &bank_RequestTransfer_table && acta_str_equal(t->source_id, t->target_id);

    say(line, snprintf(line, sizeof line, "%" PRIu32 " %s\n", number, is_impossible ? "rejected" : "accepted"));
}

static void
ask(acta_app *app, uint64_t seed, uint32_t number)
{
    item i;
    uint32_t *user = malloc(sizeof *user);
    if (user == NULL) exit(1);

    *user = number;
    item_init(&i, seed, number);
    if (is_lying) tell_lie(&i, number);
    const acta_dispatch_options options = { .command_id = i.command_id };
    acta_dispatch_async(app, i.command, &i.value, &options, answered, user);
}

static int
fail(const acta_error *error)
{
    fprintf(stderr, "crash-child: %s\n", error->text);
    return 1;
}

int
main(int argc, char **argv)
{
    acta_error error;
    acta_app *app;
    char line[64];

    if (argc != 3) return 2;
    is_lying = getenv("CRASH_LIE") != NULL;
    uint64_t seed = strtoull(argv[2], NULL, 10);
    const acta_app_config config = { .data_path = argv[1],
        .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .process_managers = bank_process_managers,
        .projections = bank_projections };
    if (acta_app_start(&config, &app, &error) != ACTA_OK) return fail(&error);

    say("ready\n", 6);
    while (fgets(line, sizeof line, stdin) != NULL)
        ask(app, seed, (uint32_t)strtoul(line, NULL, 10));
    if (acta_app_settle(app, SETTLE_MS, &error) != ACTA_OK) return fail(&error);
    if (acta_app_stop(app, STOP_MS, &error) != ACTA_OK) return fail(&error);
    return 0;
}
