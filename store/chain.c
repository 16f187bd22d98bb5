/*
 * Chain: its values, proofs made of it, and checking them. See acta/chain.h; docs/format.md has the bytes of a proof.
 */
#include "chain.h"

#include <inttypes.h>

#include "internal.h"
#include "log_reader.h"

#define PROOF_BEGINS "ACTACHN1"

enum {
    PROOF_HEAD = 8 + 8 + ACTA_DIGEST_SIZE,
    WITH_CORE = 1,
    FOLDED = 2,
    STEP_HEAD = 1 + 4, /* kind, and size or count */
    ROOM_FIRST = 64 << 10
};

/* -- values -- */

acta_status
acta_store_chain_head(acta_store *store, uint64_t position, acta_chain_head *head_out, acta_error *error)
{
    uint64_t head = acti_store_head(store);
    acti_log_reader reader = { .engine = NULL };
    acti_record_view view;

    if (position > head)
        return acta_error_set(error, ACTA_NOT_FOUND,
            "there is no chain at position %" PRIu64 ": the log ends at %" PRIu64, position, head);
    *head_out = (acta_chain_head){ .position = 0 };
    if (head == 0) return ACTA_OK;
    acta_status status = acti_log_read(store->engine, position != 0 ? position : head, &reader, &view, error);
    if (status == ACTA_OK)
        *head_out = (acta_chain_head){ acti_page_last(&reader.page), acti_page_chain_value(&reader.page) };
    acti_log_reader_close(&reader);
    return status;
}

/* -- making a proof -- */

typedef struct proving {
    acta_store *store;
    uint64_t first, last, to;
    uint8_t *bytes;
    size_t size, room;
    uint8_t *core;
    size_t core_room;
} proving;

static void
free_rooms(proving *p)
{
    const acta_allocator *allocator = &p->store->environment.allocator;

    if (p->bytes != NULL) allocator->free(allocator->user, p->bytes, p->room);
    if (p->core != NULL) allocator->free(allocator->user, p->core, p->core_room);
}

/* Make `*bytes` at least `size` large, keeping `used` of it; false: no memory. */
static bool
grow(const acta_allocator *allocator, uint8_t **bytes, size_t *room, size_t used, size_t size)
{
    size_t grown_room = *room == 0 ? ROOM_FIRST : *room;

    while (grown_room < size)
        grown_room *= 2;
    if (grown_room == *room) return true;
    uint8_t *grown = allocator->alloc(allocator->user, grown_room);
    if (grown == NULL) return false;
    if (used > 0) memcpy(grown, *bytes, used);
    if (*bytes != NULL) allocator->free(allocator->user, *bytes, *room);
    *bytes = grown;
    *room = grown_room;
    return true;
}

static bool
add(proving *p, const void *bytes, size_t size)
{
    if (!grow(&p->store->environment.allocator, &p->bytes, &p->room, p->size, p->size + size)) return false;
    memcpy(p->bytes + p->size, bytes, size);
    p->size += size;
    return true;
}

static acta_status
no_memory(acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "cannot prove a range: there is no memory");
}

static acta_status
add_head(proving *p, uint64_t first_of_page, acta_error *error)
{
    acta_chain_head before = { .position = 0 };
    uint8_t position[8];
    acta_status status = ACTA_OK;

    if (first_of_page > 1) status = acta_store_chain_head(p->store, first_of_page - 1, &before, error);
    if (status != ACTA_OK) return status;
    acti_put_le64(position, before.position);
    bool added =
        add(p, PROOF_BEGINS, 8) && add(p, position, sizeof position) && add(p, before.value.bytes, ACTA_DIGEST_SIZE);
    return added ? ACTA_OK : no_memory(error);
}

/* A page: with its core if it has events that are asked for, or else with what stands for that. */
static acta_status
add_page(proving *p, const acti_page *page, acta_error *error)
{
    uint8_t step[STEP_HEAD];
    size_t size;

    if (page->is_old)
        return acta_error_set(error, ACTA_UNSUPPORTED,
            "the event at position %" PRIu64 " was written by format 1, and is not in the chain", page->first);
    if (!grow(&p->store->environment.allocator, &p->core, &p->core_room, 0, acti_page_core_size(page)))
        return no_memory(error);
    acta_status status = p->size == 0 ? add_head(p, page->first, error) : ACTA_OK;
    if (status == ACTA_OK) status = acti_page_core(page, p->core, &size, error);
    if (status != ACTA_OK) return status;

    if (page->first <= p->last) {
        step[0] = WITH_CORE;
        acti_put_le32(step + 1, (uint32_t)size);
        return add(p, step, sizeof step) && add(p, p->core, size) ? ACTA_OK : no_memory(error);
    }
    acta_bytes core = acta_bytes_from(p->core, size);
    acta_digest digest = acta_digest_of(&core, 1);
    step[0] = FOLDED;
    acti_put_le32(step + 1, page->count);
    return add(p, step, sizeof step) && add(p, digest.bytes, ACTA_DIGEST_SIZE) ? ACTA_OK : no_memory(error);
}

static acta_status
add_pages(proving *p, acta_error *error)
{
    const acti_engine_ops *ops = p->store->engine->ops;
    acti_key from = acti_log_key(0), start = acti_log_key(p->first), to = acti_log_key(p->to + 1);
    acti_range range = {
        .from = acti_key_view(&from), .to = acti_key_view(&to), .start = acti_key_view(&start), .scan = true
    };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    uint64_t end = 0;
    acti_page page;
    acta_status status = ops->iterator_open(p->store->engine, ACTI_LOG, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    while (end < p->to && (status = ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK) {
        status = acti_page_open(key, value, &page, error);
        if (status == ACTA_OK) status = add_page(p, &page, error);
        if (status != ACTA_OK) break;
        end = acti_page_last(&page);
    }
    ops->iterator_close(iterator);
    if (status == ACTA_NOT_FOUND)
        return acta_error_set(error, ACTA_CORRUPT, "the event at position %" PRIu64 " is missing", end + 1);
    if (status == ACTA_OK && end != p->to)
        return acta_error_set(error, ACTA_INVALID,
            "no value of the chain is at position %" PRIu64 ": the page that has it ends at %" PRIu64, p->to, end);
    return status;
}

acta_status
acta_store_chain_proof(acta_store *store, uint64_t first, uint64_t last, uint64_t to, acta_memory *memory,
    acta_bytes *proof_out, acta_error *error)
{
    proving p = { .store = store, .first = first, .last = last, .to = to };
    acta_chain_head end;

    if (first == 0 || last < first || (to != 0 && to < last))
        return acta_error_set(error, ACTA_INVALID,
            "positions %" PRIu64 " to %" PRIu64 ", with a proof up to %" PRIu64 ", make no range", first, last, to);
    acta_status status = acta_store_chain_head(store, to != 0 ? to : last, &end, error);
    if (status == ACTA_OK && to == 0) p.to = end.position;
    if (status == ACTA_OK) status = add_pages(&p, error);
    uint8_t *copy = status == ACTA_OK ? acta_memory_alloc(memory, p.size) : NULL;
    if (status == ACTA_OK && copy == NULL) status = no_memory(error);
    if (status == ACTA_OK) {
        memcpy(copy, p.bytes, p.size);
        *proof_out = acta_bytes_from(copy, p.size);
    }
    free_rooms(&p);
    return status;
}

/* -- checking a proof -- */

typedef struct checking {
    const uint8_t *at, *end;
    acta_chain_head now;
    void (*take)(void *user, const acta_chained *event);
    void *user;
} checking;

static bool
check_core(checking *c, acta_bytes bytes)
{
    acti_core core;
    acta_chained event;

    if (!acti_core_open(bytes, &core) || core.first != c->now.position + 1) return false;
    while (core.left > 0) {
        if (!acti_core_next(&core, &event)) return false;
        if (c->take != NULL) c->take(c->user, &event);
    }
    c->now.position = core.next - 1;
    c->now.value = acti_chain_next(&c->now.value, bytes);
    return true;
}

static bool
check_step(checking *c)
{
    if (c->end - c->at < STEP_HEAD) return false;
    uint8_t kind = c->at[0];
    uint32_t number = acti_get_le32(c->at + 1);
    size_t size = kind == FOLDED ? ACTA_DIGEST_SIZE : number;

    c->at += STEP_HEAD;
    if ((size_t)(c->end - c->at) < size || (kind != FOLDED && kind != WITH_CORE)) return false;
    acta_bytes bytes = acta_bytes_from(c->at, size);
    c->at += size;
    if (kind == WITH_CORE) return check_core(c, bytes);
    if (number == 0 || c->now.position > UINT64_MAX - number) return false;
    acta_digest digest;
    memcpy(digest.bytes, bytes.data, sizeof digest.bytes);
    c->now.position += number;
    c->now.value = acti_chain_fold(&c->now.value, &digest);
    return true;
}

acta_status
acta_chain_check(acta_bytes proof, acta_chain_head *before_out, acta_chain_head *after_out,
    void (*take)(void *user, const acta_chained *event), void *user, acta_error *error)
{
    checking c = { .at = proof.data, .end = proof.data + proof.size, .take = take, .user = user };

    if (proof.size <= PROOF_HEAD || memcmp(proof.data, PROOF_BEGINS, 8) != 0)
        return acta_error_set(error, ACTA_INVALID, "these %zu bytes are no proof of a chain", proof.size);
    c.now.position = acti_get_le64(c.at + 8);
    memcpy(c.now.value.bytes, c.at + 16, ACTA_DIGEST_SIZE);
    *before_out = c.now;
    c.at += PROOF_HEAD;
    while (c.at < c.end) {
        uint64_t position = c.now.position + 1;
        if (!check_step(&c))
            return acta_error_set(error, ACTA_INVALID, "the proof makes no sense at position %" PRIu64, position);
    }
    *after_out = c.now;
    return ACTA_OK;
}
