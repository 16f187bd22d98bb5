/*
 * Given events, when a command, then events. See acta/test.h.
 *
 *     given* -> state;  when -> execute -> apply -> expected events, in order;  then* takes them one by one
 *
 * One scenario a thread, in thread-local memory: tests have no object to hang it on. It begins anew with the first GIVEN
 * or WHEN after a THEN, or with another aggregate.
 */
#include "acta/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decision.h"

enum { MESSAGE_MAX = 4096 };

typedef struct scenario {
    const acta_aggregate *aggregate; /* NULL: none yet */
    acta_memory *memory;
    void *state;
    acta_envelope envelope;
    acta_decision decision;
    acta_allocator allocator;
    bool has_command;
    bool is_over; /* a THEN has been seen */
    uint32_t taken;
} scenario;

static _Thread_local scenario current;

/* One for the process, as test frameworks have it. */
static void (*failure_hook)(const char *message, const char *file, int line);

void
acta_test_on_failure(void (*hook)(const char *message, const char *file, int line))
{
    failure_hook = hook;
}

static void
fail_test(const char *file, int line, const char *message)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, message);
    if (failure_hook == NULL) abort();
    failure_hook(message, file, line);
}

static uint8_t *
reserve(acta_decision *decision, const acta_table *event, size_t size)
{
    (void)decision;
    (void)event;
    return acta_memory_alloc(current.memory, size);
}

static void
end(void)
{
    acti_decision_deinit(&current.decision);
    acta_memory_destroy(current.memory);
    memset(&current, 0, sizeof current);
}

static void
begin(const acta_aggregate *aggregate)
{
    if (current.aggregate == aggregate && !current.is_over) return;

    end();
    current.aggregate = aggregate;
    current.allocator = acta_environment_or_default(NULL).allocator;
    current.memory = acta_memory_create(&current.allocator);
    if (current.memory != NULL) current.state = acta_memory_alloc(current.memory, aggregate->code->state->struct_size);
    if (current.state == NULL) abort();
    current.decision.allocator = &current.allocator;
    current.decision.reserve = reserve;
    acti_decision_begin(&current.decision, aggregate->code, &current.envelope);
}

/* In the scenario's memory; a view without data after a failure, which is told. */
static acta_bytes
encode(const acta_table *table, const void *value, const char *file, int line)
{
    acta_memory_sink sink = acta_memory_sink_of(current.memory);
    acta_error error;

    if (table->write(value, &sink.sink, &error) == ACTA_OK) return sink.bytes;
    fail_test(file, line, error.text);
    return (acta_bytes){ NULL, 0 };
}

static uint32_t
number_of(const acta_table *const *tables, uint32_t count, const acta_table *table, const char *file, int line)
{
    char message[MESSAGE_MAX];

    for (uint32_t i = 0; i < count; i++)
        if (tables[i] == table) return i;
    snprintf(message, sizeof message, "%s doesn't belong to aggregate %s", table->name, current.aggregate->code->name);
    fail_test(file, line, message);
    return UINT32_MAX;
}

void
acta_test_given(const acta_aggregate *aggregate, const acta_table *event, const void *value, const char *file, int line)
{
    const acta_aggregate_code *code = aggregate->code;

    begin(aggregate);
    uint32_t number = number_of(code->events, code->event_count, event, file, line);
    acta_bytes buffer = encode(event, value, file, line);
    if (number != UINT32_MAX && buffer.data != NULL)
        code->apply(aggregate, number, current.state, buffer, current.memory);
}

void
acta_test_when(
    const acta_aggregate *aggregate, const acta_table *command, const void *value, const char *file, int line)
{
    const acta_aggregate_code *code = aggregate->code;

    begin(aggregate);
    uint32_t number = number_of(code->commands, code->command_count, command, file, line);
    acta_bytes buffer = encode(command, value, file, line);
    if (number == UINT32_MAX || buffer.data == NULL) return;

    acti_decision_begin(&current.decision, code, &current.envelope);
    current.has_command = true;
    current.taken = 0;
    code->execute(aggregate, number, current.state, buffer, &current.decision);
    if (current.decision.status != ACTA_OK) return;
    for (uint32_t i = 0; i < current.decision.emitted_count; i++)
        code->apply(aggregate, current.decision.emitted[i].number, current.state, current.decision.emitted[i].payload,
            current.memory);
}

/* -- what came -- */

static const char *
json_of(const acta_table *table, acta_bytes buffer)
{
    acta_str text;

    if (acta_json_print(table, buffer, current.memory, &text, NULL) != ACTA_OK) return "(not printable)";
    return text.data;
}

/* The next event that no THEN has taken; NULL after telling why there is none. */
static const acti_emitted *
next_event(const acta_aggregate *aggregate, const char *expected, const char *file, int line)
{
    const acta_decision *decision = &current.decision;
    char message[MESSAGE_MAX];

    if (current.aggregate != aggregate || !current.has_command) {
        fail_test(file, line, "THEN without a WHEN of this aggregate before it");
        return NULL;
    }
    current.is_over = true;
    if (decision->status != ACTA_OK)
        snprintf(message, sizeof message, "expected %s, but the command was %s: %s%s%s", expected,
            decision->status == ACTA_REJECTED ? "rejected" : "failed", decision->error.where,
            decision->error.where[0] != '\0' ? ": " : "", decision->error.text);
    else if (current.taken == decision->emitted_count)
        snprintf(message, sizeof message, "expected %s, but there %s", expected,
            current.taken == 0 ? "was no event" : "were no more events");
    else
        return &decision->emitted[current.taken++];
    fail_test(file, line, message);
    return NULL;
}

void
acta_test_then(const acta_aggregate *aggregate, const acta_table *event, const void *value, const char *file, int line)
{
    char message[MESSAGE_MAX];

    const acti_emitted *came = next_event(aggregate, event->name, file, line);
    if (came == NULL) return;
    const acta_table *came_table = aggregate->code->events[came->number];
    acta_bytes expected = encode(event, value, file, line);
    const char *expected_json = json_of(event, expected);
    const char *came_json = json_of(came_table, came->payload);
    if (came_table == event && strcmp(expected_json, came_json) == 0) return;

    snprintf(message, sizeof message, "expected %s %s\n  but there was %s %s", event->name, expected_json,
        came_table->name, came_json);
    fail_test(file, line, message);
}

void
acta_test_then_nothing(const acta_aggregate *aggregate, const char *file, int line)
{
    const acta_decision *decision = &current.decision;
    char message[MESSAGE_MAX];

    if (current.aggregate != aggregate || !current.has_command) {
        fail_test(file, line, "THEN without a WHEN of this aggregate before it");
        return;
    }
    current.is_over = true;
    if (decision->status == ACTA_OK && current.taken == decision->emitted_count) return;
    if (decision->status != ACTA_OK)
        snprintf(message, sizeof message, "expected nothing, but the command was rejected: %s: %s",
            decision->error.where, decision->error.text);
    else {
        const acti_emitted *came = &decision->emitted[current.taken];
        const acta_table *table = aggregate->code->events[came->number];
        snprintf(message, sizeof message, "expected no more events, but there was %s %s", table->name,
            json_of(table, came->payload));
    }
    fail_test(file, line, message);
}

void
acta_test_then_rejected(const acta_aggregate *aggregate, const char *rejection, const char *file, int line)
{
    const acta_decision *decision = &current.decision;
    char message[MESSAGE_MAX];

    if (current.aggregate != aggregate || !current.has_command) {
        fail_test(file, line, "THEN without a WHEN of this aggregate before it");
        return;
    }
    current.is_over = true;
    if (decision->status == ACTA_REJECTED && strcmp(decision->error.where, rejection) == 0) return;
    if (decision->status == ACTA_OK)
        snprintf(message, sizeof message, "expected the rejection %s, but the command was accepted with %u events",
            rejection, decision->emitted_count);
    else
        snprintf(message, sizeof message, "expected the rejection %s, but there was %s: %s", rejection,
            decision->error.where, decision->error.text);
    fail_test(file, line, message);
}
