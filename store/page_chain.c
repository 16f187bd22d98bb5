/*
 * Page chain: one page after the other.
 */
#include "page_chain.h"

#include <inttypes.h>

void
acti_page_chain_init(acti_page_chain *chain, const acta_allocator *allocator)
{
    *chain = (acti_page_chain){ .allocator = *allocator };
}

void
acti_page_chain_deinit(acti_page_chain *chain)
{
    if (chain->room != NULL) chain->allocator.free(chain->allocator.user, chain->room, chain->room_size);
    chain->room = NULL;
    chain->room_size = 0;
}

static bool
make_room(acti_page_chain *chain, size_t size)
{
    if (chain->room_size >= size) return true;
    acti_page_chain_deinit(chain);
    chain->room = chain->allocator.alloc(chain->allocator.user, size);
    chain->room_size = chain->room != NULL ? size : 0;
    return chain->room != NULL;
}

acta_status
acti_page_chain_follow(acti_page_chain *chain, const acti_page *page, acta_error *error)
{
    acta_digest said = acti_page_chain_value(page), found;
    bool follows = page->first == 1 || page->first == chain->next;

    chain->next = acti_page_last(page) + 1;
    if (!follows || page->is_old) {
        chain->value = said;
        return ACTA_OK;
    }
    if (!make_room(chain, acti_page_core_size(page)))
        return acta_error_set(
            error, ACTA_NO_MEMORY, "cannot check the chain at position %" PRIu64 ": there is no memory", page->first);
    acta_status status = acti_page_chain_on(page, &chain->value, chain->room, &found, error);
    chain->value = said;
    if (status != ACTA_OK || memcmp(said.bytes, found.bytes, sizeof said.bytes) == 0) return status;
    return acta_error_set(error, ACTA_CORRUPT, "the chain is broken at positions %" PRIu64 " to %" PRIu64, page->first,
        acti_page_last(page));
}
