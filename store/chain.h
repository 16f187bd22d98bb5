/*
 * Chain: each page's core is hashed together with what was hashed before it, so that no event of the past can be changed,
 * taken out or put in without changing the value at the head.
 *
 *     value 0 (32 zeros) --core of page 1--> value 1 --core of page 2--> value 2 … head
 *
 *     value n = BLAKE2b-256( value n-1, BLAKE2b-256( core n ) ), each part preceded by its length as LE 64
 *
 * A core has, of each record, all but payload, metadata and tags, of which it has digests: so it can be told from a stub too.
 */
#ifndef ACTI_CHAIN_H
#define ACTI_CHAIN_H

#include "acta/id.h"

static inline acta_digest
acti_chain_fold(const acta_digest *before, const acta_digest *core_digest)
{
    const acta_bytes parts[] = { acta_bytes_from(before->bytes, ACTA_DIGEST_SIZE),
        acta_bytes_from(core_digest->bytes, ACTA_DIGEST_SIZE) };
    return acta_digest_of(parts, 2);
}

static inline acta_digest
acti_chain_next(const acta_digest *before, acta_bytes core)
{
    acta_digest digest = acta_digest_of(&core, 1);
    return acti_chain_fold(before, &digest);
}

#endif
