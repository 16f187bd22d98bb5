/*
 * A supervision tree from a file: loaded, started, altered while it runs, and printed in the form of the file.
 *
 *     $ build/examples/tree/tree examples/tree/tree.yaml
 *
 * loads the tree and prints it as it runs; asks its greeters; kills one, which its supervisor starts again; adds one and
 * terminates and deletes another; prints the tree again, and loads what was printed. With a mistake in the file it says
 * where it is and starts nothing.
 */
#include "acta/supervisor.h"
#include "acta/tree.h"

#include <stdio.h>
#include <string.h>

/* -- behaviours, and what a file may say to them -- */

typedef struct ticker_options {
    uint32_t every_ms;
} ticker_options;

static acta_status
ticker_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    const ticker_options *options = argument;
    (void)state;
    (void)error;
    return acta_send_after(self, options->every_ms, 0, 0, NULL);
}

static const acta_behaviour ticker = { .name = "ticker", .init = ticker_init };

typedef struct greeter_options {
    const char *greeting;
    bool loud;
} greeter_options;

static acta_status
greeter_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    (void)self;
    (void)error;
    memcpy(state, argument, sizeof(greeter_options));
    return ACTA_OK;
}

static acta_next
greeter_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    const greeter_options *greeter = state;
    char text[80];
    (void)message;

    int size = snprintf(text, sizeof text, "%.60s%s", greeter->greeting, greeter->loud ? "!" : "");
    acta_message *reply = acta_message_create(acta_self_runtime(self), 0, (size_t)size + 1);
    if (reply != NULL) memcpy(reply->payload, text, (size_t)size + 1);
    acta_reply(acta_self_runtime(self), from, reply != NULL ? ACTA_OK : ACTA_NO_MEMORY, reply, NULL);
    return ACTA_NEXT;
}

static const acta_behaviour greeter = {
    .name = "greeter", .state_size = sizeof(greeter_options), .init = greeter_init, .handle_call = greeter_call
};

static const acta_tree_field ticker_fields[] = {
    { .name = "every_ms",
        .type = ACTA_TREE_DURATION,
        ACTA_TREE_MEMBER(ticker_options, every_ms),
        .required = true,
        .min = 1 },
};
static const acta_tree_field greeter_fields[] = {
    { .name = "greeting",
        .type = ACTA_TREE_STRING,
        ACTA_TREE_MEMBER(greeter_options, greeting),
        .required = true,
        .min = 1,
        .max = 60 },
    { .name = "loud", .type = ACTA_TREE_BOOL, ACTA_TREE_MEMBER(greeter_options, loud) },
};
static const acta_tree_behaviour behaviours[] = {
    { .behaviour = &ticker, .argument_size = sizeof(ticker_options), .fields = ticker_fields, .field_count = 1 },
    { .behaviour = &greeter, .argument_size = sizeof(greeter_options), .fields = greeter_fields, .field_count = 2 },
};
static const acta_tree_registry registry = { .behaviours = behaviours, .behaviour_count = 2 };

/* -- what the program does with the tree -- */

static acta_status
print_tree(
    acta_runtime *runtime, acta_pid top, const char *title, acta_memory *memory, acta_str *text_out, acta_error *error)
{
    acta_status status = acta_tree_dump(&registry, runtime, top, memory, text_out, error);
    if (status == ACTA_OK) printf("# %s\n" ACTA_FMT, title, ACTA_ARG(*text_out));
    return status;
}

static acta_status
ask(acta_runtime *runtime, const char *name, acta_error *error)
{
    acta_pid pid = acta_whereis(runtime, acta_str_of(name));
    acta_message *reply;

    acta_status status = acta_call(runtime, pid, acta_message_create(runtime, 0, 0), 5000, &reply, error);
    if (status != ACTA_OK) return status;
    printf("# %s says: %s\n", name, (const char *)reply->payload);
    acta_message_destroy(reply);
    return ACTA_OK;
}

/* Until the supervisor has another pid for the child, and answers for it. */
static acta_status
await_restart(acta_runtime *runtime, acta_pid supervisor, const char *id, acta_pid old, acta_error *error)
{
    acta_status status = ACTA_OK;
    acta_pid pid = old;

    while (status == ACTA_OK && (pid.value == 0 || acta_pid_equal(pid, old)))
        status = acta_supervisor_child(runtime, supervisor, id, &pid, error);
    return status;
}

static acta_status
alter(acta_runtime *runtime, acta_pid workers, acta_error *error)
{
    static const greeter_options carols = { .greeting = "good evening" };
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    acta_child_spec carol = { .id = "carol",
        .start = { .behaviour = &greeter, .argument = &carols, .name = acta_str_of("carol") } };
    acta_pid alice;

    acta_status status = acta_supervisor_child(runtime, workers, "alice", &alice, error);
    if (status != ACTA_OK) return status;
    acta_exit(runtime, (acta_pid){ 0 }, alice, &kill);
    status = await_restart(runtime, workers, "alice", alice, error);
    if (status == ACTA_OK) printf("# alice was killed, and started again\n");
    if (status == ACTA_OK) status = ask(runtime, "alice", error);
    if (status == ACTA_OK) status = acta_supervisor_start_child(runtime, workers, &carol, NULL, error);
    if (status == ACTA_OK) status = ask(runtime, "carol", error);
    if (status == ACTA_OK) status = acta_supervisor_terminate_child(runtime, workers, "bob", error);
    if (status == ACTA_OK) status = acta_supervisor_delete_child(runtime, workers, "bob", error);
    return status;
}

static acta_status
run(acta_runtime *runtime, acta_pid top, acta_memory *memory, acta_error *error)
{
    acta_pid workers;
    acta_tree *again;
    acta_str text;

    acta_status status = print_tree(runtime, top, "the tree that was loaded", memory, &text, error);
    if (status == ACTA_OK) status = ask(runtime, "alice", error);
    if (status == ACTA_OK) status = ask(runtime, "bob", error);
    if (status == ACTA_OK) status = acta_supervisor_child(runtime, top, "workers", &workers, error);
    if (status == ACTA_OK) status = alter(runtime, workers, error);
    if (status == ACTA_OK) status = print_tree(runtime, top, "the tree with carol, without bob", memory, &text, error);
    if (status == ACTA_OK) status = acta_tree_load(&registry, text, "dump", &again, error);
    if (status != ACTA_OK) return status;
    printf("# what was printed can be loaded again\n");
    acta_tree_destroy(again);
    return ACTA_OK;
}

static acta_status
serve(const acta_tree *tree, acta_error *error)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_runtime *runtime;
    acta_pid top;

    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, NULL);
    acta_status status = acta_runtime_create(NULL, &runtime, error);
    if (status == ACTA_OK) {
        status = acta_supervisor_start(runtime, acta_tree_options(tree), &top, error);
        if (status == ACTA_OK) status = run(runtime, top, memory, error);
        acta_runtime_destroy(runtime); /* before the tree, which the children's arguments lie in */
    }
    acta_memory_destroy(memory);
    return status;
}

int
main(int argument_count, char **arguments)
{
    acta_tree *tree;
    acta_error error;

    if (argument_count != 2) {
        fprintf(stderr, "usage: %s TREE.YAML\n", arguments[0]);
        return 2;
    }
    acta_status status = acta_tree_load_file(&registry, arguments[1], &tree, &error);
    if (status == ACTA_OK) {
        status = serve(tree, &error);
        acta_tree_destroy(tree);
    }
    if (status != ACTA_OK) fprintf(stderr, "tree: %s\n", error.text);
    return status != ACTA_OK;
}
