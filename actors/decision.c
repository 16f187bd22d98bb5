/*
 * Decision: emit and reject.
 *
 * Sticky: the first rejection or failed emit decides, and voids all events, also those emitted before.
 */
#include "decision.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "acta/environment.h"
#include "map.h"

enum { EMITTED_FIRST = 4 };

void
acti_decision_begin(acta_decision *decision, const acta_aggregate *aggregate, uint32_t number, const void *state,
    const acta_envelope *envelope)
{
    decision->aggregate = aggregate;
    decision->code = aggregate->code;
    decision->command = aggregate->code->commands[number];
    decision->state = state;
    decision->envelope = envelope;
    decision->status = ACTA_OK;
    decision->emitted_count = 0;
}

void
acti_decision_end(acta_decision *decision)
{
    acta_memory_destroy(decision->after_memory);
    decision->after_memory = NULL;
    decision->after = NULL;
    decision->after_count = 0;
}

static void
free_emitted(acta_decision *decision)
{
    if (decision->emitted == NULL) return;
    decision->allocator->free(
        decision->allocator->user, decision->emitted, decision->emitted_capacity * sizeof *decision->emitted);
    decision->emitted = NULL;
    decision->emitted_capacity = 0;
}

void
acti_decision_deinit(acta_decision *decision)
{
    acti_decision_end(decision);
    free_emitted(decision);
}

static acta_verdict
verdict_of(const acta_decision *decision)
{
    return (acta_verdict){ decision->status };
}

acta_verdict
acta_nothing(acta_decision *decision)
{
    return verdict_of(decision);
}

static bool
make_room(acta_decision *decision)
{
    const acta_allocator *allocator = decision->allocator;
    if (decision->emitted_count < decision->emitted_capacity) return true;

    uint32_t capacity = decision->emitted_capacity == 0 ? EMITTED_FIRST : decision->emitted_capacity * 2;
    acti_emitted *grown = allocator->alloc(allocator->user, capacity * sizeof *grown);
    if (grown == NULL) return false;
    if (decision->emitted_count > 0) memcpy(grown, decision->emitted, decision->emitted_count * sizeof *grown);
    free_emitted(decision);
    decision->emitted = grown;
    decision->emitted_capacity = capacity;
    return true;
}

static bool
number_of(const acta_aggregate_code *code, const acta_table *event, uint32_t *number_out)
{
    for (uint32_t i = 0; i < code->event_count; i++) {
        if (code->events[i] != event) continue;
        *number_out = i;
        return true;
    }
    return false;
}

static uint8_t *
reserve_event(acta_sink *sink, size_t size)
{
    acta_decision *decision = ACTI_CONTAINER(sink, acta_decision, sink);
    uint8_t *bytes = decision->reserve(decision, decision->encoding, size);

    decision->encoded = acta_bytes_from(bytes, size);
    return bytes;
}

acta_verdict
acta_decision_emit(acta_decision *decision, const acta_table *event, const void *value)
{
    acti_emitted emitted;
    if (decision->status != ACTA_OK) return verdict_of(decision);

    if (!number_of(decision->code, event, &emitted.number)) {
        decision->status = acta_error_set(&decision->error, ACTA_INVALID,
            "aggregate %s emitted '%s', which is no event of it", decision->code->name, event->name);
        return verdict_of(decision);
    }
    if (!make_room(decision)) {
        decision->status = acta_error_set(&decision->error, ACTA_NO_MEMORY, "no memory for an event '%s'", event->name);
        return verdict_of(decision);
    }
    decision->sink.reserve = reserve_event;
    decision->encoding = event;
    decision->status = decision->write != NULL ? decision->write(decision, event, value, &decision->error)
                                               : event->write(value, &decision->sink, &decision->error);
    if (decision->status != ACTA_OK)
        return (
            acta_verdict){ acta_error_prefix(&decision->error, decision->status, "cannot emit '%s': ", event->name) };
    emitted.payload = decision->encoded;
    decision->emitted[decision->emitted_count++] = emitted;
    return verdict_of(decision);
}

/* What was cut to fit may end within a character. */
static void
cut_to_whole_characters(char *text)
{
    size_t size = strlen(text);

    while (size > 0 && !acta_str_is_utf8(acta_str_from(text, size)))
        size--;
    text[size] = '\0';
}

acta_verdict
acta_decision_reject(acta_decision *decision, uint32_t code, const char *name, const char *format, ...)
{
    va_list arguments;
    if (decision->status != ACTA_OK) return verdict_of(decision);

    decision->status = acta_error_set(&decision->error, ACTA_REJECTED, NULL);
    decision->error.code = code;
    snprintf(decision->error.where, sizeof decision->error.where, "%s", name != NULL ? name : "");
    va_start(arguments, format);
    vsnprintf(decision->error.text, ACTI_REJECTION_TEXT_MAX + 1, format, arguments);
    va_end(arguments);
    cut_to_whole_characters(decision->error.text);
    return verdict_of(decision);
}

const acta_envelope *
acta_decision_envelope(const acta_decision *decision)
{
    return decision->envelope;
}

const acta_table *
acta_decision_command(const acta_decision *decision)
{
    return decision->command;
}

/* -- steps -- */

/* A copy of the state, with nothing of the original. */
static acta_status
copy_state(acta_decision *decision, acta_error *error)
{
    const acta_table *table = decision->code->state;
    acta_memory *memory = acta_memory_create(decision->allocator);
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a step of a decision");

    decision->after_memory = memory;
    void *copy = acta_memory_alloc(memory, table->struct_size);
    acta_memory_sink sink = acta_memory_sink_of(memory);
    if (copy == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a step of a decision");
    acta_status status = table->write(decision->state, &sink.sink, error);
    if (status != ACTA_OK) return acta_error_prefix(error, status, "a step can't see the state after the one before: ");
    status = table->load(copy, sink.bytes, memory);
    if (status != ACTA_OK) return acta_error_set(error, status, "no memory for a step of a decision");
    acta_memory_free(memory, (void *)(uintptr_t)sink.bytes.data);
    decision->after = copy;
    return ACTA_OK;
}

static acta_status
apply_next(acta_decision *decision, acta_error *error)
{
    const acti_emitted *emitted = &decision->emitted[decision->after_count];
    acta_memory *memory = decision->after_memory;
    acta_bytes payload = emitted->payload;
    acta_status status = ACTA_OK;

    if (decision->open != NULL)
        status = decision->open(decision, decision->code->events[emitted->number], &payload, memory, error);
    if (status != ACTA_OK) return status;
    decision->code->apply(decision->aggregate, emitted->number, decision->after, payload, memory);
    decision->after_count++;
    if (!acta_memory_failed(memory)) return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a step of a decision");
}

const void *
acta_state_after(acta_decision *decision)
{
    acta_status status = ACTA_OK;

    if (decision->status == ACTA_OK && decision->emitted_count > 0 && decision->after == NULL)
        status = copy_state(decision, &decision->error);
    while (status == ACTA_OK && decision->after != NULL && decision->after_count < decision->emitted_count)
        status = apply_next(decision, &decision->error);
    if (status != ACTA_OK && decision->status == ACTA_OK) decision->status = status;
    return decision->after != NULL ? decision->after : decision->state;
}
