/*
 * Given, when, then: aggregates without store and threads.
 *
 *     given  the event is written and read back, as the log would do, and applied
 *     when   the command is written and read back, and decided; what it emits is applied and kept
 *     then   the next event that was emitted must be this one, field by field
 *
 * A scenario belongs to the calling thread, and to the aggregate that it began with.
 */
#include "acta/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acta/schema.h"
#include "decision.h"
#include "test_support.h"

enum { MESSAGE_MAX = 4096, ENVELOPE_AT_US = 1 };

typedef struct scenario {
    const acta_aggregate *aggregate;
    acta_environment environment;
    acta_memory *memory; /* of all that follows */
    void *state;
    acta_decision decision; /* of the last WHEN */
    bool is_decided;
    uint32_t next; /* event that the next THEN is about */
    bool is_over;  /* a THEN was seen: the next GIVEN or WHEN begins a new one */
} scenario;

static _Thread_local scenario current;

static void
abort_on_failure(const char *message, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, message);
    abort();
}

static void (*failure_hook)(const char *message, const char *file, int line) = abort_on_failure;

void
acta_test_on_failure(void (*hook)(const char *message, const char *file, int line))
{
    failure_hook = hook != NULL ? hook : abort_on_failure;
}

void
acti_test_fail(const char *file, int line, const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    failure_hook(message, file, line);
}

/* -- scenarios -- */

static uint8_t *
reserve_in_memory(acta_decision *decision, const acta_table *event, size_t size)
{
    scenario *s = decision->user;
    (void)event;
    return acta_memory_alloc(s->memory, size);
}

static void
begin(const acta_aggregate *aggregate)
{
    static const acta_envelope envelope = { .dispatched_at_us = ENVELOPE_AT_US };
    scenario *s = &current;

    if (s->aggregate == aggregate && !s->is_over) return;
    if (s->memory != NULL) {
        acti_decision_deinit(&s->decision);
        acta_memory_destroy(s->memory);
    }
    *s = (scenario){
        .aggregate = aggregate, .environment = acta_environment_or_default(NULL), .memory = acta_memory_create(NULL)
    };
    s->state = acta_memory_alloc(s->memory, aggregate->code->state->struct_size);
    s->decision = (acta_decision){ .reserve = reserve_in_memory, .user = s, .allocator = &s->environment.allocator };
    s->decision.envelope = &envelope;
}

acta_bytes
acti_test_encode(const acta_table *table, const void *value, acta_memory *memory, const char *file, int line)
{
    acta_memory_sink sink = acta_memory_sink_of(memory);
    acta_error error;

    if (table->write(value, &sink.sink, &error) == ACTA_OK && table->verify(sink.bytes, &error) == ACTA_OK)
        return sink.bytes;
    acti_test_fail(file, line, "'%s' can't be written: %s", table->name, error.text);
    return (acta_bytes){ NULL, 0 };
}

const char *
acti_test_json(const acta_table *table, acta_bytes buffer, acta_memory *memory)
{
    acta_str text;
    acta_error error;

    return acta_json_print(table, buffer, memory, &text, &error) == ACTA_OK ? text.data : "(not to be shown)";
}

bool
acti_test_find(const acta_table *const *tables, uint32_t count, const acta_table *table, uint32_t *index_out)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tables[i] != table) continue;
        *index_out = i;
        return true;
    }
    return false;
}

void
acti_test_compare_state(const acta_table *state, const void *came, const acta_table *table, const void *expected,
    const char *whose, acta_memory *memory, const char *file, int line)
{
    if (table != state) {
        acti_test_fail(file, line, "'%s' is no state of %s, which has '%s'", table->name, whose, state->name);
        return;
    }
    acta_bytes wanted = acti_test_encode(state, expected, memory, file, line);
    acta_bytes there = acti_test_encode(state, came, memory, file, line);
    if (wanted.data == NULL || there.data == NULL) return;
    if (wanted.size == there.size && memcmp(wanted.data, there.data, wanted.size) == 0) return;
    acti_test_fail(file, line, "expected the state %s\n     but it is %s", acti_test_json(state, wanted, memory),
        acti_test_json(state, there, memory));
}

static acta_bytes
encode(const acta_table *table, const void *value, const char *file, int line)
{
    return acti_test_encode(table, value, current.memory, file, line);
}

static const char *
as_json(const acta_table *table, acta_bytes buffer)
{
    return acti_test_json(table, buffer, current.memory);
}

static void
apply(uint32_t event, acta_bytes payload)
{
    current.aggregate->code->apply(current.aggregate, event, current.state, payload, current.memory);
}

void
acta_test_given(const acta_aggregate *aggregate, const acta_table *event, const void *value, const char *file, int line)
{
    uint32_t index;

    begin(aggregate);
    if (!acti_test_find(aggregate->code->events, aggregate->code->event_count, event, &index)) {
        acti_test_fail(file, line, "'%s' is no event of aggregate %s", event->name, aggregate->code->name);
        return;
    }
    acta_bytes payload = encode(event, value, file, line);
    if (payload.data != NULL) apply(index, payload);
}

void
acta_test_when(
    const acta_aggregate *aggregate, const acta_table *command, const void *value, const char *file, int line)
{
    const acta_aggregate_code *code = aggregate->code;
    uint32_t index;

    begin(aggregate);
    scenario *s = &current;
    if (!acti_test_find(code->commands, code->command_count, command, &index)) {
        acti_test_fail(file, line, "'%s' is no command of aggregate %s", command->name, code->name);
        return;
    }
    acta_bytes payload = encode(command, value, file, line);
    if (payload.data == NULL) return;
    acti_decision_begin(&s->decision, aggregate, index, s->state, s->decision.envelope);
    s->is_decided = true;
    s->next = 0;
    code->execute(aggregate, index, s->state, payload, &s->decision);
    acti_decision_end(&s->decision);
    for (uint32_t i = 0; s->decision.status == ACTA_OK && i < s->decision.emitted_count; i++)
        apply(s->decision.emitted[i].number, s->decision.emitted[i].payload);
}

/* -- expectations -- */

/* Is there a decision to speak of? */
static bool
is_decided(const acta_aggregate *aggregate, const char *file, int line)
{
    current.is_over = true;
    if (current.aggregate == aggregate && current.is_decided) return true;
    acti_test_fail(
        file, line, "aggregate %s has decided nothing yet: there is no WHEN before this", aggregate->code->name);
    return false;
}

static bool
is_accepted(const char *expected, const char *file, int line)
{
    const acta_decision *decision = &current.decision;
    if (decision->status == ACTA_OK) return true;

    if (decision->status == ACTA_REJECTED)
        acti_test_fail(file, line, "expected %s, but it was rejected: %s: %s", expected, decision->error.where,
            decision->error.text);
    else
        acti_test_fail(file, line, "expected %s, but the decision failed: %s", expected, decision->error.text);
    return false;
}

void
acta_test_then(const acta_aggregate *aggregate, const acta_table *event, const void *value, const char *file, int line)
{
    scenario *s = &current;
    if (!is_decided(aggregate, file, line)) return;
    acta_bytes expected = encode(event, value, file, line);
    if (expected.data == NULL || !is_accepted(event->name, file, line)) return;

    if (s->next == s->decision.emitted_count) {
        acti_test_fail(file, line, "expected '%s' %s, but there are no %sevents", event->name, as_json(event, expected),
            s->next > 0 ? "more " : "");
        return;
    }
    const acti_emitted *emitted = &s->decision.emitted[s->next++];
    const acta_table *came = aggregate->code->events[emitted->number];
    bool same = came == event && expected.size == emitted->payload.size &&
                memcmp(expected.data, emitted->payload.data, expected.size) == 0;
    if (!same)
        acti_test_fail(file, line, "expected '%s' %s\n     but came '%s' %s", event->name, as_json(event, expected),
            came->name, as_json(came, emitted->payload));
}

void
acta_test_then_nothing(const acta_aggregate *aggregate, const char *file, int line)
{
    scenario *s = &current;
    if (!is_decided(aggregate, file, line) || !is_accepted("no events", file, line)) return;

    if (s->next == s->decision.emitted_count) return;
    const acti_emitted *emitted = &s->decision.emitted[s->next];
    const acta_table *came = aggregate->code->events[emitted->number];
    acti_test_fail(file, line, "expected no %sevents, but came '%s' %s", s->next > 0 ? "more " : "", came->name,
        as_json(came, emitted->payload));
}

void
acta_test_then_rejected(const acta_aggregate *aggregate, const char *rejection, const char *file, int line)
{
    const acta_decision *decision = &current.decision;
    if (!is_decided(aggregate, file, line)) return;

    if (decision->status == ACTA_OK)
        acti_test_fail(file, line, "expected the rejection '%s', but it was accepted with %u events", rejection,
            decision->emitted_count);
    else if (decision->status != ACTA_REJECTED)
        acti_test_fail(
            file, line, "expected the rejection '%s', but the decision failed: %s", rejection, decision->error.text);
    else if (strcmp(decision->error.where, rejection) != 0)
        acti_test_fail(file, line, "expected the rejection '%s', but came '%s': %s", rejection, decision->error.where,
            decision->error.text);
}

void
acta_test_then_state(
    const acta_aggregate *aggregate, const acta_table *state, const void *value, const char *file, int line)
{
    scenario *s = &current;

    if (s->aggregate != aggregate) {
        acti_test_fail(
            file, line, "aggregate %s has no state yet: there is no GIVEN or WHEN before this", aggregate->code->name);
        return;
    }
    s->is_over = true;
    acti_test_compare_state(
        aggregate->code->state, s->state, state, value, aggregate->code->name, s->memory, file, line);
}
