/*
 * Given, when, then for process managers: events in, commands and deadlines out, without store and threads.
 *
 *     given  the event is written and read back, routed, handled and applied; its commands are let go
 *     when   the same; its commands, deadlines and cancellations are kept
 *     then   the next command must be this one, field by field; the deadline of this key must be this one
 *
 * One instance at a time: the first event that starts one names it. An event that isn't for it is one that its manager ignores.
 */
#include <stdlib.h>

#include "schedule.h"
#include "test_support.h"

typedef struct manager_scenario {
    const acta_process_manager *manager;
    acta_memory *memory; /* of all that follows */
    acta_allocator allocator;
    void *state;
    acta_commands commands; /* of the last WHEN */
    acta_str id;            /* absent: no instance was started */
    bool is_running, is_decided;
    uint32_t next; /* command that the next THEN is about */
    uint32_t told; /* deadlines that a THEN was about */
    bool is_over;  /* a THEN was seen: the next GIVEN or WHEN begins a new one */
} manager_scenario;

/* Only a pointer for each thread: a shared library that is loaded late has little room for more. */
static _Thread_local manager_scenario *kept;

static manager_scenario *
in_hand(void)
{
    if (kept == NULL) kept = calloc(1, sizeof *kept);
    if (kept == NULL) abort();
    return kept;
}

static bool
begin(const acta_process_manager *manager, const char *file, int line)
{
    manager_scenario *s = in_hand();

    if (s->manager == manager && !s->is_over) return true;
    if (s->memory != NULL) {
        acti_sent_deinit(&s->commands);
        acta_memory_destroy(s->memory);
    }
    *s = (manager_scenario){ .manager = manager, .memory = acta_memory_create(NULL) };
    if (s->memory != NULL) s->state = acta_memory_alloc(s->memory, manager->code->state->struct_size);
    s->allocator = acta_environment_or_default(NULL).allocator;
    if (s->state != NULL && acti_sent_init(&s->commands, &s->allocator)) return true;
    s->manager = NULL;
    acti_test_fail(file, line, "no memory for a scenario of process manager %s", manager->code->name);
    return false;
}

static void
remember_id(manager_scenario *s, acta_str id)
{
    char *copy = acta_memory_alloc(s->memory, id.size);

    if (copy != NULL) memcpy(copy, id.data, id.size);
    s->id = acta_str_from(copy, copy != NULL ? id.size : 0);
}

/* As the router and the instance do. */
static void
give(const acta_process_manager *manager, const acta_table *event, const void *value, const char *file, int line)
{
    const acta_process_manager_code *code = manager->code;
    manager_scenario *s = in_hand();
    uint32_t index;
    acti_routing routing;

    if (!begin(manager, file, line)) return;
    acti_sent_clear(&s->commands);
    if (!acti_test_find(code->events, code->event_count, event, &index)) {
        acti_test_fail(file, line, "'%s' is no event that process manager %s knows", event->name, code->name);
        return;
    }
    acta_bytes payload = acti_test_encode(event, value, s->memory, file, line);
    if (payload.data == NULL) return;
    s->is_decided = true;
    s->next = s->told = 0;
    if (acti_route_event(manager, index, payload, s->memory, &routing, NULL) != ACTA_OK || routing.count == 0) return;
    acta_str id = s->is_running ? s->id : routing.targets[0].id;
    acta_route route = acti_routing_find(&routing, id, NULL);
    bool starts = route == ACTA_ROUTE_START || route == ACTA_ROUTE_START_STRICT;
    if (route == ACTA_ROUTE_NONE || id.size == 0 || (!s->is_running && !starts)) return;
    if (!s->is_running) {
        remember_id(s, id);
        code->state->clear(s->state, s->memory);
        memset(s->state, 0, code->state->struct_size);
    }
    code->handle(manager, index, s->state, payload, &s->commands);
    if (s->commands.status != ACTA_OK) return;
    code->apply(manager, index, s->state, payload, s->memory);
    s->is_running = route != ACTA_ROUTE_STOP;
}

void
acta_test_manager_given(
    const acta_process_manager *manager, const acta_table *event, const void *value, const char *file, int line)
{
    give(manager, event, value, file, line);
    if (in_hand()->manager == manager && in_hand()->commands.status != ACTA_OK)
        acti_test_fail(file, line, "'%s' can't be handled: %s", event->name, in_hand()->commands.error.text);
    in_hand()->is_decided = false;
}

void
acta_test_manager_when(
    const acta_process_manager *manager, const acta_table *event, const void *value, const char *file, int line)
{
    give(manager, event, value, file, line);
}

/* -- expectations -- */

static bool
is_decided(const acta_process_manager *manager, const char *expected, const char *file, int line)
{
    const char *name = manager->code->name;

    in_hand()->is_over = true;
    if (in_hand()->manager != manager || !in_hand()->is_decided) {
        acti_test_fail(file, line, "process manager %s has handled nothing yet: there is no WHEN before this", name);
        return false;
    }
    if (in_hand()->commands.status == ACTA_OK) return true;
    acti_test_fail(
        file, line, "expected %s, but the event can't be handled: %s", expected, in_hand()->commands.error.text);
    return false;
}

void
acta_test_manager_then(
    const acta_process_manager *manager, const acta_table *command, const void *value, const char *file, int line)
{
    manager_scenario *s = in_hand();
    if (!is_decided(manager, command->name, file, line)) return;
    acta_bytes expected = acti_test_encode(command, value, s->memory, file, line);
    if (expected.data == NULL) return;

    if (s->next == s->commands.count) {
        acti_test_fail(file, line, "expected '%s' %s, but there are no %scommands", command->name,
            acti_test_json(command, expected, s->memory), s->next > 0 ? "more " : "");
        return;
    }
    const acti_sent *came = &s->commands.sent[s->next++];
    bool same = came->table == command && came->payload.size == expected.size &&
                memcmp(came->payload.data, expected.data, expected.size) == 0;
    if (!same)
        acti_test_fail(file, line, "expected '%s' %s\n     but came '%s' %s", command->name,
            acti_test_json(command, expected, s->memory), came->table->name,
            acti_test_json(came->table, came->payload, s->memory));
}

static uint32_t
count_deadlines(const manager_scenario *s)
{
    uint32_t count = 0;

    for (const acti_deadline *d = s->commands.deadlines; d != NULL; d = d->next)
        count++;
    return count;
}

void
acta_test_manager_then_nothing(const acta_process_manager *manager, const char *file, int line)
{
    manager_scenario *s = in_hand();
    if (!is_decided(manager, "no commands", file, line)) return;

    if (s->next < s->commands.count) {
        const acti_sent *came = &s->commands.sent[s->next];
        acti_test_fail(file, line, "expected no %scommands, but came '%s' %s", s->next > 0 ? "more " : "",
            came->table->name, acti_test_json(came->table, came->payload, s->memory));
    } else if (count_deadlines(s) > s->told)
        acti_test_fail(file, line, "expected no %sdeadlines, but there are %u", s->told > 0 ? "more " : "",
            (unsigned)(count_deadlines(s) - s->told));
}

/* The latest of a key; NULL: there is none, and that was said. */
static const acti_deadline *
find_deadline(manager_scenario *s, acta_str key, const char *what, const char *file, int line)
{
    const acti_deadline *d = s->commands.deadlines;

    while (d != NULL && !acta_str_equal(d->key, key))
        d = d->next;
    if (d != NULL)
        s->told++;
    else
        acti_test_fail(file, line, "expected %s of the deadline '" ACTA_FMT "', but the event doesn't speak of it",
            what, ACTA_ARG(key));
    return d;
}

void
acta_test_manager_then_deadline(const acta_process_manager *manager, acta_str key, acta_deadline when,
    const acta_table *command, const void *value, const char *file, int line)
{
    manager_scenario *s = in_hand();
    if (!is_decided(manager, "a deadline", file, line)) return;
    const acti_deadline *came = find_deadline(s, key, "the setting", file, line);
    acta_bytes expected = acti_test_encode(command, value, s->memory, file, line);
    if (came == NULL || expected.data == NULL) return;

    if (came->table == NULL)
        acti_test_fail(
            file, line, "expected the setting of the deadline '" ACTA_FMT "', but it is cancelled", ACTA_ARG(key));
    else if (came->table != command || came->payload.size != expected.size ||
             memcmp(came->payload.data, expected.data, expected.size) != 0)
        acti_test_fail(file, line, "expected the deadline '" ACTA_FMT "': '%s' %s\n     but came '%s' %s",
            ACTA_ARG(key), command->name, acti_test_json(command, expected, s->memory), came->table->name,
            acti_test_json(came->table, came->payload, s->memory));
    else if (came->when.at_us != when.at_us || came->when.after_ms != when.after_ms || came->when.stays != when.stays)
        acti_test_fail(file, line,
            "expected the deadline '" ACTA_FMT "' at %" PRId64 " us, after %" PRIu64 " ms%s\n     but came at %" PRId64
            " us, after %" PRIu64 " ms%s",
            ACTA_ARG(key), when.at_us, when.after_ms, when.stays ? ", which stays" : "", came->when.at_us,
            came->when.after_ms, came->when.stays ? ", which stays" : "");
}

void
acta_test_manager_then_cancelled(const acta_process_manager *manager, acta_str key, const char *file, int line)
{
    if (!is_decided(manager, "a cancellation", file, line)) return;
    const acti_deadline *came = find_deadline(in_hand(), key, "the end", file, line);

    if (came != NULL && came->table != NULL)
        acti_test_fail(file, line, "expected the end of the deadline '" ACTA_FMT "', but it is set", ACTA_ARG(key));
}

void
acta_test_manager_then_state(
    const acta_process_manager *manager, const acta_table *state, const void *value, const char *file, int line)
{
    manager_scenario *s = in_hand();
    const char *name = manager->code->name;

    if (s->manager != manager || !s->is_running) {
        acti_test_fail(file, line, "process manager %s has no instance that runs", name);
        return;
    }
    s->is_over = true;
    acti_test_compare_state(manager->code->state, s->state, state, value, manager->code->name, s->memory, file, line);
}

void
acta_test_manager_then_ended(const acta_process_manager *manager, const char *file, int line)
{
    if (!is_decided(manager, "the end of the instance", file, line)) return;
    if (in_hand()->is_running)
        acti_test_fail(file, line, "expected that instance '" ACTA_FMT "' of %s has ended, but it runs",
            ACTA_ARG(in_hand()->id), manager->code->name);
    else if (in_hand()->id.data == NULL)
        acti_test_fail(
            file, line, "expected that an instance of %s has ended, but none has begun", manager->code->name);
}
