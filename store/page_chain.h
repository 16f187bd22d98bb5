/*
 * Page chain: following the chain from page to page. See chain.h.
 */
#ifndef ACTI_PAGE_CHAIN_H
#define ACTI_PAGE_CHAIN_H

#include "page.h"

typedef struct acti_page_chain {
    acta_allocator allocator;
    acta_digest value; /* behind the last page */
    uint64_t next;     /* the position that follows; 0: nothing was seen yet */
    uint8_t *room;     /* for the core of a page */
    size_t room_size;
} acti_page_chain;

void acti_page_chain_init(acti_page_chain *chain, const acta_allocator *allocator);
void acti_page_chain_deinit(acti_page_chain *chain);

/* Go on with a page. One that doesn't follow the last one, unless it is the log's first, is believed. Returns ACTA_CORRUPT, and
 * goes on all the same, when the page says something else than what follows; what its records say; ACTA_NO_MEMORY. */
acta_status acti_page_chain_follow(acti_page_chain *chain, const acti_page *page, acta_error *error);

#endif
