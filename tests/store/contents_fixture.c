/*
 * See contents_fixture.h.
 */
#include "contents_fixture.h"

void
append_tagged(fixture *f, const char *stream, const char *tag)
{
    acta_str tags[] = { acta_str_of(tag) };
    acta_event event = event_of("test.Tagged", "t");
    acta_transaction *t = acta_transaction_create(f->store);

    event.tags = tags;
    event.tag_count = 1;
    acta_transaction_append(t, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}

void
put_outcome(fixture *f, uint8_t id, const char *stream)
{
    acta_event event = event_of("test.Done", "d");
    acta_outcome outcome = { .status = stream != NULL ? ACTA_OK : ACTA_REJECTED, .rejection = "no" };
    acta_transaction *t = acta_transaction_create(f->store);

    if (stream != NULL) acta_transaction_append(t, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
    acta_transaction_outcome(t, (acta_id){ .bytes = { id } }, &outcome);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}

bool
has_outcome(fixture *f, uint8_t id)
{
    acta_outcome outcome;
    return acta_store_outcome(f->store, (acta_id){ .bytes = { id } }, &outcome, &f->error) == ACTA_OK;
}

void
put_snapshot(fixture *f, const char *stream, uint64_t version)
{
    acta_snapshot snapshot = { .version = version, .state = B("state") };
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_snapshot(t, acta_str_of(stream), &snapshot);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}

bool
has_snapshot(fixture *f, const char *stream)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_snapshot snapshot;
    acta_status status = acta_store_snapshot(f->store, acta_str_of(stream), memory, &snapshot, &f->error);

    acta_memory_destroy(memory);
    return status == ACTA_OK;
}

void
claim(fixture *f, const char *value, const char *owner)
{
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_claim(t, "email", acta_str_bytes(acta_str_of(value)), acta_str_of(owner));
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}

bool
is_claimed(fixture *f, const char *value)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_str owner;
    acta_status status =
        acta_store_claimed_by(f->store, "email", acta_str_bytes(acta_str_of(value)), memory, &owner, &f->error);

    acta_memory_destroy(memory);
    return status == ACTA_OK;
}

void
delete_stream(fixture *f, const char *stream, acta_deletion how)
{
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_delete_stream(t, acta_str_of(stream), ACTA_ANY_VERSION, how);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}
