/*
 * acta top: what waits in a running program, on the whole screen, again and again.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "commands.h"
#include "top_screen.h"

enum { EVERY_MS_DEFAULT = 2000, ANSWER_MS = 10000 };

/* What the program is asked for the 200 longest by. Of rates and ages it knows nothing. */
static const char *
asked_by(top_order order)
{
    return order == TOP_PEAK ? "queued_peak" : order == TOP_BYTES ? "queued_bytes" : "queued";
}

static acta_status
ask(const top_view *view, top_model *model, acta_memory *memory, acta_error *error)
{
    char path[64];
    const client_request request = {
        .directory = view->directory, .method = "GET", .path = path, .timeout_ms = ANSWER_MS
    };
    client_answer answer;
    const json_value *value;

    snprintf(path, sizeof path, "/queues?count=%d&by=%s", TOP_ACTORS, asked_by(view->order));
    acta_status status = client_ask(&request, memory, &answer, error);
    if (status == ACTA_OK) status = json_read(answer.body, memory, &value, error);
    if (status == ACTA_OK && answer.status != 200)
        status = acta_error_set(error, ACTA_IO, "the program answered with status %u", answer.status);
    if (status == ACTA_OK) top_model_take(model, value, client_now_ms());
    return status;
}

/* The numbers stay what they were when there are no newer ones, and why is told above them. */
static top_wish
show_until(top_view *view, top_model *model, const acta_error *error, int64_t asked_ms)
{
    view->problem = error->status != ACTA_OK ? error->text : NULL;
    for (;;) {
        top_model_sort(model, view->order);
        top_screen_draw(model, view);
        int64_t left = asked_ms + view->every_ms - client_now_ms();
        top_wish wish = left > 0 ? top_screen_wait(view, left) : TOP_ANEW;
        if (wish != TOP_GO_ON) return wish;
    }
}

static void
look_on(top_view *view, top_model *model, acta_memory *memory, acta_error *error)
{
    while (show_until(view, model, error, client_now_ms()) != TOP_QUIT) {
        acta_memory_clear(memory);
        error->status = ACTA_OK;
        error->status = ask(view, model, memory, error);
    }
}

/* Who doesn't answer at all is told before the screen is taken. */
static int
run(top_view *view)
{
    acta_memory *memory = acta_memory_create(NULL);
    top_model *model = calloc(1, sizeof *model);
    acta_error error = { .status = ACTA_OK };

    if (memory == NULL || model == NULL) {
        acta_memory_destroy(memory);
        free(model);
        return has_no_memory();
    }
    acta_status status = ask(view, model, memory, &error);
    if (status == ACTA_OK) status = top_screen_begin(&error);
    if (status == ACTA_OK) {
        look_on(view, model, memory, &error);
        top_screen_end();
    } else
        fprintf(stderr, "acta: %s\n", error.text);
    free(model);
    acta_memory_destroy(memory);
    return status != ACTA_OK;
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    static const char *const orders[] = { "length", "peak", "bytes", "rate", "oldest" };
    top_view *view = state->input;

    switch (key) {
    case 'd': {
        char *end;
        double seconds = strtod(argument, &end);
        if (end == argument || *end != '\0' || !(seconds >= 0.25 && seconds <= 60))
            argp_error(state, "--delay: '%s' is no number of seconds from 0.25 to 60", argument);
        view->every_ms = (uint32_t)(seconds * 1000);
        return 0;
    }
    case 'b':
        for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
            if (strcmp(argument, orders[i]) != 0) continue;
            view->order = (top_order)i;
            return 0;
        }
        argp_error(state, "--by: '%s' is not length, peak, bytes, rate or oldest", argument);
        return 0;
    default:
        return argument_directory(key, argument, state, &view->directory);
    }
}

int
command_top(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "by", 'b', "WHAT", 0, "Actors by: length, peak, bytes, rate or oldest; otherwise length", 0 },
        { "delay", 'd', "SECONDS", 0, "Between two looks, from 0.25 to 60; otherwise 2", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = known,
        .parser = parse,
        .args_doc = "DIR",
        .doc = "Show on the whole screen what waits in the program that has the store in DIR open, again and again: "
               "the committer, the event handlers that are furthest behind, and the actors with the longest mailboxes "
               "(messages now, the most that there were, handlers begun a second, and how long at least something has "
               "waited).\v"
               "Keys: l, p, b, r, o sort by length, peak, bytes, rate, oldest; + and - look less and more often; "
               "space looks now; ? helps; q quits.\n\n"
               "The program is asked over DIR/acta.sock. For one look without a terminal there is acta queues.\n\n"
               "Exit status: 0 done, 1 nobody answers or there is no terminal, 2 wrong usage.\n\n"
               "Examples:\n  acta top bank-data\n  acta top bank-data --by peak --delay 0.5",
    };
    top_view view = { .every_ms = EVERY_MS_DEFAULT, .order = TOP_QUEUED };

    argp_parse(&argp, argc, argv, 0, NULL, &view);
    return run(&view);
}
