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
acti_decision_begin(acta_decision *decision, const acta_aggregate_code *code, const acta_envelope *envelope)
{
    decision->code = code;
    decision->envelope = envelope;
    decision->status = ACTA_OK;
    decision->emitted_count = 0;
}

void
acti_decision_deinit(acta_decision *decision)
{
    if (decision->emitted == NULL) return;
    decision->allocator->free(
        decision->allocator->user, decision->emitted, decision->emitted_capacity * sizeof *decision->emitted);
    decision->emitted = NULL;
    decision->emitted_capacity = 0;
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
    acti_decision_deinit(decision);
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
