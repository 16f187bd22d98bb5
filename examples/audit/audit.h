/*
 * What the auditors of the examples share: an auditor goes through a log alone, event by event, and recomputes what must
 * hold. Its rules are of its domain; that the log is a whole one, and what is known of each stream, stands here.
 *
 *     event -> position, time, version -> rule of its type -> the domain's function, with the entry of its stream
 *
 * An auditor's entry begins with an audit_stream, the auditor itself with an audit. Used by one thread.
 */
#ifndef AUDIT_H
#define AUDIT_H

#include "acta/schema.h"
#include "acta/store.h"

typedef struct audit audit;

/* What is known of a stream; the domain's members follow, and begin as zero. */
typedef struct audit_stream {
    char *name;
    size_t name_size;
    uint64_t version; /* of its last event; 0: none was seen, and another stream's event has named it */
} audit_stream;

typedef struct audit_rule {
    const acta_table *table;
    /* One event of this type, verified. NULL, or the rule that it breaks, in words that are the same for each breach. */
    const char *(*take)(audit *auditor, audit_stream *stream, acta_bytes payload);
} audit_rule;

typedef struct audit_domain {
    size_t entry_size;
    const audit_rule *rules;
    size_t rule_count;
    const char *(*taken)(audit *auditor); /* after each event: NULL, or the rule that it has broken */
} audit_domain;

struct audit {
    const audit_domain *domain;
    void *streams; /* tsearch's */
    uint64_t position;
    int64_t recorded_at_us;
    acta_error broken; /* status ACTA_OK: nothing is */
};

/* An auditor of `size` bytes, zero behind its audit; NULL: no memory. */
void *audit_create(const audit_domain *domain, size_t size);
void audit_destroy(void *auditor); /* takes NULL */

/*
 * Take the log's next event.
 * Errors: ACTA_CORRUPT: it breaks a rule, which the text begins with; it names position, stream, version and type. All that
 * follow fail with the same. Besides the domain's rules: positions 1, 2, 3 …, versions 1, 2, 3 … of each stream, no time
 * that falls, no event of an unknown type or without its content.
 */
acta_status audit_event(audit *auditor, const acta_recorded *event, acta_error *error);

/* Take all events of the store that are new since the last call. Also errors of the cursor. */
acta_status audit_read(audit *auditor, acta_store *store, acta_error *error);

/* The stream prefix + id; NULL: no event was its own or named it. */
void *audit_find(const audit *auditor, const char *prefix, acta_str id);

/* The same, made when it is missing; NULL: no memory. */
void *audit_entry(audit *auditor, const char *prefix, acta_str id);

/* Is this the stream of the id that its own event tells? */
bool audit_is_named(const audit_stream *stream, const char *prefix, acta_str id);

#endif
