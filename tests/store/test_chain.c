/*
 * The chain: values that were kept say later what was in the log, whatever became of the store; a proof holds without it, and a
 * bit changed anywhere in one leads elsewhere.
 */
#include "acta/chain.h"

#include "fixture.h"

enum { COMMITS = 40 };

static acta_bytes
payload_of(uint64_t position, uint8_t *room)
{
    int size = snprintf((char *)room, 64, "what happened at %" PRIu64, position);
    return acta_bytes_from(room, (size_t)size);
}

/* Some commits of one to five events, metadata with some. */
static void
fill(fixture *f)
{
    uint64_t position = 0;

    for (int commit_number = 0; commit_number < COMMITS; commit_number++) {
        acta_transaction *t = acta_transaction_create(f->store);
        for (int i = 0; i <= commit_number % 5; i++) {
            uint8_t room[64];
            char stream[16];
            acta_event event = { .type = S("test.Happened"), .payload = payload_of(++position, room) };
            if (position % 3 == 0) event.metadata = B("by hand");
            snprintf(stream, sizeof stream, "s-%u", (unsigned)(position % 7));
            acta_transaction_append(t, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
        }
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
    }
}

static acta_chain_head
head_at(fixture *f, uint64_t position)
{
    acta_chain_head head;
    if (acta_store_chain_head(f->store, position, &head, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    return head;
}

static bool
equal_heads(const acta_chain_head *a, const acta_chain_head *b)
{
    return a->position == b->position && memcmp(&a->value, &b->value, sizeof a->value) == 0;
}

typedef struct told {
    uint64_t first, last, wrong;
} told;

static void
take_event(void *user, const acta_chained *event)
{
    told *t = user;
    uint8_t room[64];
    acta_bytes payload = payload_of(event->position, room);
    acta_digest digest = acta_digest_of(&payload, 1), none = { { 0 } };

    if (t->first == 0) t->first = event->position;
    t->last = event->position;
    t->wrong += memcmp(&digest, &event->payload, sizeof digest) != 0;
    t->wrong += (memcmp(&none, &event->beside, sizeof none) != 0) != (event->position % 3 == 0);
}

/* Each range leads from a value of the chain to one that was kept, and tells what was in it. */
static void
a_range_is_proven_up_to_a_value_that_was_kept(void **state)
{
    fixture *f = FIXTURE(state);
    acta_chain_head zero = head_at(f, 0);

    assert_int_equal(zero.position, 0);
    fill(f);
    acta_chain_head newest = head_at(f, 0);
    assert_int_equal(newest.position, acta_store_head(f->store));
    for (uint64_t first = 1; first <= newest.position; first += 11) {
        acta_memory *memory = acta_memory_create(NULL);
        acta_bytes proof;
        acta_chain_head before, after;
        told t = { 0 };
        uint64_t last = first + 4 < newest.position ? first + 4 : newest.position;
        if (acta_store_chain_proof(f->store, first, last, newest.position, memory, &proof, &f->error) != ACTA_OK)
            fail_msg("%s", f->error.text);
        assert_int_equal(ACTA_OK, acta_chain_check(proof, &before, &after, take_event, &t, &f->error));
        assert_true(equal_heads(&after, &newest));
        if (before.position > 0) {
            acta_chain_head there = head_at(f, before.position);
            assert_true(equal_heads(&before, &there));
        }
        assert_true(t.first <= first && t.last >= last);
        assert_int_equal(t.wrong, 0);
        acta_memory_destroy(memory);
    }
}

/* A changed proof is none, or leads to another value. */
static void
any_bit_changed_in_a_proof_is_found(void **state)
{
    fixture *f = FIXTURE(state);
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes proof;
    acta_chain_head before, after, newest, zero = head_at(f, 0);

    fill(f);
    newest = head_at(f, 0);
    assert_int_equal(ACTA_OK, acta_store_chain_proof(f->store, 1, 10, newest.position, memory, &proof, &f->error));
    uint8_t *bytes = malloc(proof.size);
    memcpy(bytes, proof.data, proof.size);
    for (size_t bit = 0; bit < proof.size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        acta_status status = acta_chain_check(acta_bytes_from(bytes, proof.size), &before, &after, NULL, NULL, NULL);
        bool believed = status == ACTA_OK && equal_heads(&before, &zero) && equal_heads(&after, &newest);
        if (believed) fail_msg("bit %zu of %zu bytes", bit, proof.size);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t size = 0; size < proof.size; size++) {
        acta_status status = acta_chain_check(acta_bytes_from(bytes, size), &before, &after, NULL, NULL, NULL);
        assert_false(status == ACTA_OK && equal_heads(&after, &newest));
    }
    free(bytes);
    acta_memory_destroy(memory);
}

/* Events that become stubs leave every value as it was, and can still be proven. */
static void
removing_events_leaves_the_chain(void **state)
{
    fixture *f = FIXTURE(state);
    acta_chain_head before, after, proven;
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes proof;
    uint64_t count;
    told t = { 0 };

    fill(f);
    before = head_at(f, 0);
    acta_transaction *transaction = acta_transaction_create(f->store);
    acta_transaction_delete_stream(transaction, S("s-3"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    assert_int_equal(ACTA_OK, commit(f, transaction, NULL));
    assert_int_equal(ACTA_OK, acta_store_scrub(f->store, 0, &count, &f->error));
    assert_true(count > 10);
    after = head_at(f, before.position);
    assert_true(equal_heads(&before, &after));
    assert_int_equal(ACTA_OK, acta_store_chain_proof(f->store, 1, before.position, 0, memory, &proof, &f->error));
    assert_int_equal(ACTA_OK, acta_chain_check(proof, &after, &proven, take_event, &t, &f->error));
    assert_true(equal_heads(&before, &proven));
    assert_int_equal(t.wrong, 0);
    assert_int_equal(t.last, before.position);
    acta_memory_destroy(memory);
}

/* The chain goes on where it was after the store was closed, and after it crashed. */
static void
the_chain_goes_on_when_the_store_is_opened_again(void **state)
{
    fixture *f = FIXTURE(state);

    f->config.manual = true;
    close_store(f);
    open_store_ok(f);
    for (int round = 0; round < 3; round++) {
        append_ok(f, "s", "x");
        acta_chain_head before = head_at(f, 0);
        if (round == 1)
            crash_store(f);
        else
            close_store(f);
        open_store_ok(f);
        acta_chain_head after = head_at(f, 0);
        assert_true(equal_heads(&before, &after));
    }
}

static void
what_makes_no_range_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    acta_chain_head head;
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes proof;

    fill(f);
    uint64_t end = acta_store_head(f->store);
    assert_int_equal(ACTA_NOT_FOUND, acta_store_chain_head(f->store, end + 1, &head, &f->error));
    assert_int_equal(ACTA_INVALID, acta_store_chain_proof(f->store, 0, 1, 0, memory, &proof, &f->error));
    assert_int_equal(ACTA_INVALID, acta_store_chain_proof(f->store, 2, 1, 0, memory, &proof, &f->error));
    assert_int_equal(ACTA_INVALID, acta_store_chain_proof(f->store, 1, 3, 2, memory, &proof, &f->error));
    assert_int_equal(
        ACTA_INVALID, acta_store_chain_proof(f->store, 1, 1, 2, memory, &proof, &f->error)); /* in a page */
    assert_int_equal(ACTA_NOT_FOUND, acta_store_chain_proof(f->store, 1, end + 1, 0, memory, &proof, &f->error));
    assert_int_equal(ACTA_INVALID, acta_chain_check(B("nothing"), &head, &head, NULL, NULL, &f->error));
    acta_memory_destroy(memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(a_range_is_proven_up_to_a_value_that_was_kept),
        on_store(any_bit_changed_in_a_proof_is_found),
        on_store(removing_events_leaves_the_chain),
        on_store(the_chain_goes_on_when_the_store_is_opened_again),
        on_store(what_makes_no_range_is_refused),
    };
    return run_on_engines("chain", tests);
}
