/*
 * Key index: which subject has which slot, by a digest of its name. Slots are 0, 1, 2 … in the order they were added.
 */
#ifndef ACTI_KEY_INDEX_H
#define ACTI_KEY_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acta/environment.h"
#include "acta/id.h"
#include "acta/personal.h"

#define ACTI_KEY_NO_SLOT UINT32_MAX

typedef struct acti_key_index {
    acta_allocator allocator;
    acta_digest *digests; /* by slot */
    uint32_t count, capacity;
    uint32_t *buckets; /* 1 + slot; 0: free. Twice `capacity` of them */
} acti_key_index;

void acti_key_index_init(acti_key_index *index, const acta_allocator *allocator);
void acti_key_index_deinit(acti_key_index *index);
uint32_t acti_key_index_find(const acti_key_index *index, const acta_digest *digest); /* ACTI_KEY_NO_SLOT */
/* Make sure that the next add has room. False: no memory, and nothing has changed. */
bool acti_key_index_reserve(acti_key_index *index);
void acti_key_index_add(acti_key_index *index, const acta_digest *digest); /* reserved; as slot count */

/* Is this the name of a subject? ACTA_INVALID says why not. */
acta_status acti_subject_check(acta_str subject, acta_error *error);

#endif
