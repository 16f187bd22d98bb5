/*
 * Links: events that stand for events of other streams. Case ES-25 of the catalogue.
 */
#include "fixture.h"

static acta_status
link_to(fixture *f, const char *stream, uint64_t expected, const uint64_t *positions, uint32_t count)
{
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_link(t, acta_str_of(stream), expected, positions, count);
    return commit(f, t, NULL);
}

static acta_status
change(fixture *f, const char *stream, int how)
{
    acta_transaction *t = acta_transaction_create(f->store);
    const acta_stream_limits limits = { .count_max = 1 };

    if (how == 'l')
        acta_transaction_limit_stream(t, acta_str_of(stream), &limits);
    else if (how == 'r')
        acta_transaction_restore_stream(t, acta_str_of(stream));
    else
        acta_transaction_delete_stream(
            t, acta_str_of(stream), ACTA_ANY_VERSION, how == 's' ? ACTA_DELETE_SOFT : ACTA_DELETE_HARD);
    return commit(f, t, NULL);
}

/* "STREAM@VERSION<LINK VERSION PAYLOAD " for each event read. */
static const char *
told(fixture *f, const acta_read *read)
{
    static char text[1024];
    acta_cursor *cursor;
    acta_recorded e;
    acta_status status;
    size_t used = 0;

    text[0] = '\0';
    if (acta_cursor_open(f->store, read, &cursor, &f->error) != ACTA_OK) return acta_status_name(f->error.status);
    while ((status = acta_cursor_next(cursor, &e, &f->error)) == ACTA_OK) {
        used += (size_t)snprintf(text + used, sizeof text - used, ACTA_FMT "@%" PRIu64, ACTA_ARG(e.stream), e.version);
        if (e.link_version != 0) {
            assert_true(acta_str_equal(e.link_stream, read->stream));
            assert_true(e.link_position > e.position);
            used += (size_t)snprintf(text + used, sizeof text - used, "<%" PRIu64, e.link_version);
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "%.*s ",
            acta_str_equal(e.type, S("$link")) ? 0 : (int)e.payload.size, (const char *)e.payload.data);
    }
    if (status != ACTA_NOT_FOUND) fail_msg("%s", f->error.text);
    acta_cursor_close(cursor);
    return text;
}

static const char *
told_of(fixture *f, const char *stream)
{
    const acta_read read = { .stream = acta_str_of(stream) };
    return told(f, &read);
}

/* Streams a: "x" "y" (positions 1, 2), b: "z" (3); stream l: links to 2, 3, an event "own", a link to 1. */
static void
make_links(fixture *f)
{
    const uint64_t first[] = { 2, 3 }, last[] = { 1 };
    append_ok(f, "a", "x");
    append_ok(f, "a", "y");
    append_ok(f, "b", "z");
    assert_int_equal(ACTA_OK, link_to(f, "l", ACTA_NO_STREAM, first, 2));
    append_ok(f, "l", "own");
    assert_int_equal(ACTA_OK, link_to(f, "l", 3, last, 1));
}

/* ES-25: read through a link gives the original, with both places; both ways, from everywhere, after a restart too. */
static void
a_stream_of_links_reads_as_the_originals(void **state)
{
    fixture *f = FIXTURE(state);

    make_links(f);
    for (int restarts = 0; restarts < 2; restarts++) {
        assert_string_equal(told_of(f, "l"), "a@2<1y b@1<2z l@3own a@1<4x ");
        const acta_read back = { .stream = S("l"), .direction = ACTA_BACKWARD, .from = 3 };
        assert_string_equal(told(f, &back), "l@3own b@1<2z a@2<1y ");
        const acta_read some = { .stream = S("l"), .from = 2, .count_max = 1 };
        assert_string_equal(told(f, &some), "b@1<2z ");
        assert_int_equal(version_of(f, "l"), 4);
        assert_int_equal(version_of(f, "a"), 2); /* whoever is linked to doesn't know */
        close_store(f);
        open_store_ok(f);
    }
    acta_cursor *cursor;
    acta_recorded e;
    const acta_read read = { .stream = S("l") };
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &e, &f->error));
    assert_int_equal(e.position, 2);
    assert_int_equal(e.link_position, 4);
    assert_true(acta_str_equal(e.type, S("test.Happened")));
    acta_cursor_close(cursor);
}

/* ES-25: the whole log has each event once; the links in it, and those that are asked for, are events of their own. */
static void
links_themselves_are_events_of_the_log(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_read all = { .count_max = 0 }, links = { .stream = S("l"), .links = true };

    make_links(f);
    assert_string_equal(told(f, &all), "a@1x a@2y b@1z l@1 l@2 l@3own l@4 ");
    assert_string_equal(told(f, &links), "l@1 l@2 l@3own l@4 ");
    assert_int_equal(count_log(f), 7);
    acta_cursor *cursor;
    acta_recorded e;
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &links, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &e, &f->error));
    assert_true(acta_str_equal(e.type, S("$link")));
    assert_int_equal(e.link_position, 0);
    assert_int_equal(e.payload.data[0], 2); /* the original's position */
    acta_cursor_close(cursor);
}

/* ES-25: a filter looks at the originals. */
static void
filters_see_the_originals(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_read read = { .stream = S("l"), .stream_prefix = S("a") };

    make_links(f);
    assert_string_equal(told(f, &read), "a@2<1y a@1<4x ");
}

/* ES-25: linking what doesn't exist fails, and leaves nothing; a version that isn't there neither. */
static void
what_does_not_exist_is_not_linked(void **state)
{
    fixture *f = FIXTURE(state);
    const uint64_t good[] = { 1 }, mixed[] = { 1, 3 }, zero[] = { 0 }, change_of_b[] = { 3 };

    append_ok(f, "a", "x");
    append_ok(f, "b", "y");
    assert_int_equal(ACTA_NOT_FOUND, link_to(f, "l", ACTA_NO_STREAM, mixed, 2));
    assert_string_equal(f->error.text, "there is no event at position 3 to link to: the log ends at 2");
    assert_int_equal(ACTA_NOT_FOUND, link_to(f, "l", ACTA_NO_STREAM, zero, 1));
    assert_int_equal(ACTA_CONFLICT, link_to(f, "l", 1, good, 1));
    assert_int_equal(f->error.actual_version, 0);
    assert_int_equal(ACTA_INVALID, link_to(f, "$l", ACTA_ANY_VERSION, good, 1));
    assert_int_equal(ACTA_OK, link_to(f, "l", ACTA_NO_STREAM, good, 0)); /* only checks the version */
    assert_int_equal(acta_store_head(f->store), 2);
    assert_int_equal(ACTA_OK, change(f, "b", 's'));
    assert_int_equal(ACTA_INVALID, link_to(f, "l", ACTA_NO_STREAM, change_of_b, 1));
    assert_string_equal(
        f->error.text, "the event at position 3 is the store's own ('$stream'); only events of users are linked");
}

/* ES-25: a link to a link is one to the original, and goes on when the one between is deleted. */
static void
a_link_to_a_link_is_one_to_the_original(void **state)
{
    fixture *f = FIXTURE(state);
    const uint64_t original[] = { 1 }, link[] = { 2 };

    append_ok(f, "a", "x");
    assert_int_equal(ACTA_OK, link_to(f, "l", ACTA_NO_STREAM, original, 1));
    assert_int_equal(ACTA_OK, link_to(f, "m", ACTA_NO_STREAM, link, 1));
    assert_int_equal(ACTA_OK, change(f, "l", 'h'));
    acta_store_scrub(f->store, 0, &(uint64_t){ 0 }, NULL);
    assert_string_equal(told_of(f, "m"), "a@1<1x ");
}

/* ES-25: what can't be read in its own stream is passed over, before and after it was removed, and can't be linked. */
static void
originals_that_cannot_be_read_are_passed_over(void **state)
{
    fixture *f = FIXTURE(state);
    const uint64_t of_b[] = { 3 }, of_a[] = { 1 };
    uint64_t count;

    make_links(f);
    assert_int_equal(ACTA_OK, change(f, "b", 's'));
    assert_string_equal(told_of(f, "l"), "a@2<1y l@3own a@1<4x ");
    assert_int_equal(ACTA_DELETED, link_to(f, "l", ACTA_ANY_VERSION, of_b, 1));
    assert_int_equal(ACTA_OK, change(f, "b", 'r'));
    assert_string_equal(told_of(f, "l"), "a@2<1y b@1<2z l@3own a@1<4x ");
    assert_int_equal(ACTA_OK, change(f, "b", 'h'));
    assert_int_equal(ACTA_OK, change(f, "a", 'l'));
    append_ok(f, "b", "another b"); /* of the same name, and another stream */
    for (int scrubbed = 0; scrubbed < 2; scrubbed++) {
        assert_string_equal(told_of(f, "l"), "a@2<1y l@3own ");
        assert_int_equal(ACTA_NOT_FOUND, link_to(f, "l", ACTA_ANY_VERSION, of_b, 1));
        assert_int_equal(ACTA_NOT_FOUND, link_to(f, "l", ACTA_ANY_VERSION, of_a, 1));
        assert_int_equal(version_of(f, "l"), 4); /* the links are still there */
        assert_int_equal(ACTA_OK, acta_store_scrub(f->store, 0, &count, &f->error));
        assert_int_equal(count, scrubbed == 0 ? 2 : 0);
    }
}

/* Many links in one transaction, mixed with an append; more than one may hold are refused. */
static void
many_links_are_one_transaction(void **state)
{
    fixture *f = FIXTURE(state);
    enum { N = 300 };
    uint64_t positions[N];
    const acta_event event = event_of("test.Happened", "x");
    acta_commit_result result;
    const acta_read read = { .stream = S("l") };
    acta_cursor *cursor;
    acta_recorded e;

    assert_int_equal(ACTA_OK, append_many(f, "a", ACTA_NO_STREAM, N, NULL));
    for (uint64_t i = 0; i < N; i++)
        positions[i] = N - i;
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_append(t, S("l"), ACTA_NO_STREAM, &event, 1);
    acta_transaction_link(t, S("l"), ACTA_NO_STREAM, positions, N);
    assert_int_equal(ACTA_OK, commit(f, t, &result));
    assert_int_equal(result.version, N + 1);
    assert_int_equal(result.last_position, 2 * N + 1);
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &e, &f->error));
    for (uint64_t i = 0; i < N; i++) {
        assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &e, &f->error));
        assert_int_equal(e.version, N - i);
        assert_int_equal(e.link_version, i + 2);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &e, &f->error));
    acta_cursor_close(cursor);
    assert_int_equal(ACTA_INVALID, link_to(f, "l", ACTA_ANY_VERSION, positions, ACTA_APPEND_COUNT_MAX + 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(a_stream_of_links_reads_as_the_originals),
        on_store(links_themselves_are_events_of_the_log),
        on_store(filters_see_the_originals),
        on_store(what_does_not_exist_is_not_linked),
        on_store(a_link_to_a_link_is_one_to_the_original),
        on_store(originals_that_cannot_be_read_are_passed_over),
        on_store(many_links_are_one_transaction),
    };
    return run_on_engines("links", tests);
}
