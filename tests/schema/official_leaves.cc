/*
 * The official library's word on a buffer of leaves.fbs; beside official.cc, because both headers have parts.fbs.
 */
#include "official.h"

#include "leaves_generated.h"

bool
official_accepts_leaves(const uint8_t *bytes, size_t size)
{
    flatbuffers::Verifier verifier(bytes, size);
    return verifier.VerifyBuffer<leaves::All>(nullptr);
}
