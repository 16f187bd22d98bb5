/*
 * What the tests of the auditors share: events put to an auditor one by one, in order unless a test says otherwise.
 * Include after what cmocka wants; `fixture.streams` names the streams of the tests.
 */
#ifndef AUDITING_H
#define AUDITING_H

#include "acta/memory.h"
#include "acta/test.h"
#include "audit.h"

enum { AUDITED_STREAMS = 4 };

typedef struct audit_fixture {
    void *auditor; /* begins with an audit */
    acta_memory *memory;
    const char *const *streams; /* AUDITED_STREAMS */
    uint64_t versions[AUDITED_STREAMS];
    acta_recorded next; /* what differs from the next event in order is set by the test */
    acta_error error;
} audit_fixture;

static int
set_up_audit(void **state, void *auditor, const char *const *streams)
{
    audit_fixture *f = test_calloc(1, sizeof *f);
    f->auditor = auditor;
    f->memory = acta_memory_create(NULL);
    f->streams = streams;
    f->next.position = 1;
    *state = f;
    return f->auditor == NULL || f->memory == NULL;
}

static int
tear_down_audit(void **state)
{
    audit_fixture *f = *state;
    audit_destroy(f->auditor);
    acta_memory_destroy(f->memory);
    test_free(f);
    return 0;
}

static acta_status
put(audit_fixture *f, const char *stream, const acta_table *table, const void *value)
{
    acta_memory_sink sink = acta_memory_sink_of(f->memory);
    size_t place = 0;

    while (strcmp(f->streams[place], stream) != 0)
        place++;
    assert_int_equal(table->write(value, &sink.sink, &f->error), ACTA_OK);
    f->next.stream = acta_str_of(stream);
    f->next.version = ++f->versions[place];
    f->next.type = acta_str_of(table->name);
    f->next.payload = sink.bytes;
    acta_status status = audit_event(f->auditor, &f->next, &f->error);
    f->next.position++;
    f->next.recorded_at_us++;
    return status;
}

#define PUT(stream, T, ...)  put(f, stream, &T##_table, &ACTA_INIT(T, __VA_ARGS__))
#define FINE(stream, T, ...) assert_int_equal(PUT(stream, T, __VA_ARGS__), ACTA_OK)
#define WRONG(what, stream, T, ...)                                                                                    \
    do {                                                                                                               \
        assert_int_equal(PUT(stream, T, __VA_ARGS__), ACTA_CORRUPT);                                                   \
        if (strstr(f->error.text, what) == NULL) fail_msg("'%s' instead of '…%s'", f->error.text, what);               \
    } while (0)

#endif
