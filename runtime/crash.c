/*
 * Where a failure was, in words, for the report of an actor that failed.
 *
 * acta_fail only walks the stack (spawn.c; some 2 µs). The names cost a look into the program's file, 60 µs and more, and
 * an actor that fails at once after each restart would pay that each time, for the same words: so the last are kept.
 */
#include "internal.h"

static void
find_words(acti_trace *trace)
{
    acti_text text = { .bytes = trace->text, .capacity = sizeof trace->text, .fd = -1 };
    acti_symbol symbols[ACTI_FRAME_MAX];

    acti_symbols_find(trace->frames, trace->frame_count, symbols);
    for (uint32_t i = 0; i < trace->frame_count; i++) {
        acti_text_put(&text, i == 0 ? " at " : " < ");
        acti_text_symbol(&text, &symbols[i]);
    }
    acti_text_end(&text);
}

const char *
acti_trace_text(acta_runtime *runtime, char text[ACTI_TRACE_MAX])
{
    acti_context *context = acti_context_here(runtime);

    text[0] = '\0';
    if (context == NULL || context->frame_count == 0) return text;

    size_t size = context->frame_count * sizeof context->frames[0];
    acti_mutex_lock(&runtime->trace_lock);
    acti_trace *trace = &runtime->trace;
    if (trace->frame_count != context->frame_count || memcmp(trace->frames, context->frames, size) != 0) {
        trace->frame_count = context->frame_count;
        memcpy(trace->frames, context->frames, size);
        find_words(trace);
    }
    memcpy(text, trace->text, ACTI_TRACE_MAX);
    acti_mutex_unlock(&runtime->trace_lock);
    context->frame_count = 0;
    return text;
}
