/*
 * What the files of gen_event share. Nobody else includes this.
 */
#ifndef ACTI_RUNTIME_GEN_EVENT_INTERNAL_H
#define ACTI_RUNTIME_GEN_EVENT_INTERNAL_H

#include "internal.h"

#include "acta/gen_event.h"

typedef enum acti_event_ask_kind {
    ACTI_EVENT_ADD,
    ACTI_EVENT_REMOVE,
    ACTI_EVENT_SWAP,
    ACTI_EVENT_TO,
    ACTI_EVENT_WHICH
} acti_event_ask_kind;

/* The payload of what is asked of a manager. */
typedef struct acti_event_ask {
    acti_event_ask_kind kind;
    acta_gen_event_spec spec;           /* ADD, SWAP: the new one */
    const acta_gen_event_handler *whom; /* REMOVE, SWAP (the old one), TO */
    uint64_t whom_id;
    acta_message *inner; /* TO */
    alignas(max_align_t) unsigned char argument[];
} acti_event_ask;

/* NULL: it is none, but an event. */
acti_event_ask *acti_event_ask_of(const acta_message *message);

#endif
