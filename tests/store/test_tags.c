/*
 * Tags and claims: events found by tag, conditions on what has them, and values that only one owner has. Part of the
 * append and read cases of the catalogue; a random run is compared with a plain list of what was written.
 */
#include "fixture.h"

#include <pthread.h>

/* Append one event with tags, "a b c" in words, on a condition: nothing tagged `condition` behind `after`. */
static acta_status
append_tagged(fixture *f, const char *stream, const char *words, const char *condition, uint64_t after)
{
    acta_str tags[8], wanted[8];
    acta_event event = event_of("test.Tagged", "x");
    acta_transaction *t = acta_transaction_create(f->store);
    uint32_t wanted_count = 0;

    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        tags[event.tag_count++] = acta_str_from(at, strcspn(at, " "));
        at += strcspn(at, " ");
    }
    event.tags = tags;
    for (const char *at = condition; at != NULL && *at != '\0'; at += strspn(at, " ")) {
        wanted[wanted_count++] = acta_str_from(at, strcspn(at, " "));
        at += strcspn(at, " ");
    }
    if (condition != NULL) acta_transaction_expect_no_tagged(t, wanted, wanted_count, after);
    acta_transaction_append(t, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
    return commit(f, t, NULL);
}

/* The positions that a read by these tags gives, as a string "1 4 7". */
static const char *
found(fixture *f, acta_read read, const acta_str *tags, uint32_t count)
{
    static char text[2048];
    acta_cursor *cursor;
    acta_recorded event;
    acta_status status;
    size_t used = 0;

    text[0] = '\0';
    read.tags = tags;
    read.tag_count = count;
    status = acta_cursor_open(f->store, &read, &cursor, &f->error);
    if (status != ACTA_OK) fail_msg("%s", f->error.text);
    while ((status = acta_cursor_next(cursor, &event, &f->error)) == ACTA_OK)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%" PRIu64, used > 0 ? " " : "", event.position);
    if (status != ACTA_NOT_FOUND) fail_msg("%s", f->error.text);
    acta_cursor_close(cursor);
    return text;
}

static void
events_are_found_by_all_of_some_tags(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_str s1[] = { S("student:1"), S("course:a") }, prefix[] = { S("student:") };
    acta_read all = { .count_max = 0 }, backward = { .direction = ACTA_BACKWARD };
    acta_read from = { .from = 3, .count_max = 1 }, stream = { .stream = S("two") };

    append_tagged(f, "one", "student:1 course:a", NULL, 0);
    append_tagged(f, "one", "student:1", NULL, 0);
    append_tagged(f, "two", "student:12 course:a", NULL, 0);
    append_tagged(f, "two", "course:a student:1 extra", NULL, 0);
    append_ok(f, "two", "untagged");
    for (int restarts = 0; restarts < 2; restarts++) {
        assert_string_equal(found(f, all, s1, 1), "1 2 4");
        assert_string_equal(found(f, all, s1 + 1, 1), "1 3 4");
        assert_string_equal(found(f, all, s1, 2), "1 4");
        assert_string_equal(found(f, backward, s1, 2), "4 1");
        assert_string_equal(found(f, from, s1 + 1, 1), "3");
        assert_string_equal(found(f, stream, s1, 2), "4");
        assert_string_equal(found(f, all, prefix, 1), "");
        close_store(f);
        open_store_ok(f);
    }

    acta_read one = { .stream = S("two"), .from = 2, .count_max = 1 };
    acta_cursor *cursor;
    acta_recorded event;
    acta_str tag;
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &one, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &f->error));
    assert_true(acta_tag_next(&event.tags, &tag) && acta_str_equal(tag, S("course:a")));
    assert_true(acta_tag_next(&event.tags, &tag) && acta_str_equal(tag, S("student:1")));
    assert_true(acta_tag_next(&event.tags, &tag) && acta_str_equal(tag, S("extra")));
    assert_false(acta_tag_next(&event.tags, &tag));
    acta_cursor_close(cursor);
}

/* What was decided on must still hold, in whatever stream; also against what stands before it in the same batch. */
static void
a_condition_holds_against_log_and_batch(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_str wanted[] = { S("course:a"), S("student:1") };
    acta_event event = event_of("test.Tagged", "x");
    answer answers[4] = { { 0 } };

    assert_int_equal(ACTA_OK, append_tagged(f, "one", "course:a", "course:a", 0));
    assert_int_equal(ACTA_CONFLICT, append_tagged(f, "two", "course:a", "course:a", 0));
    assert_string_equal(f->error.text,
        "the event at position 1 has the tags of which none was expected behind position "
        "0; read them again and decide again");
    assert_int_equal(ACTA_OK, append_tagged(f, "two", "course:a", "course:a", 1));
    assert_int_equal(ACTA_OK, append_tagged(f, "two", "course:a", "course:a student:1", 0));
    assert_int_equal(ACTA_OK, append_tagged(f, "two", "student:1 course:a", "course:a student:1", 0));
    assert_int_equal(ACTA_CONFLICT, append_tagged(f, "two", "", "course:a student:1", 3));
    assert_int_equal(ACTA_OK, append_tagged(f, "two", "", "course:a student:1", 4));
    assert_int_equal(ACTA_OK, append_tagged(f, "two", "", "course:a", UINT64_MAX));
    uint64_t head = acta_store_head(f->store);

    event.tags = wanted;
    event.tag_count = 2;
    for (int i = 0; i < 4; i++) { /* all in one batch: the second finds the first */
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_expect_no_tagged(t, wanted + i % 2, 1, head);
        if (i < 3) acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
        assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, &answers[i], &f->error));
    }
    step_all(f);
    assert_int_equal(answers[0].status, ACTA_OK);
    for (int i = 1; i < 4; i++)
        assert_int_equal(answers[i].status, ACTA_CONFLICT);
    assert_int_equal(acta_store_head(f->store), head + 1);
}

static void
tags_out_of_range_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    char longest[ACTA_TAG_MAX + 1];
    acta_str many[ACTA_TAG_COUNT_MAX + 1];
    memset(longest, 't', sizeof longest);
    const acta_str bad[] = { S(""), S("a\0b"), S("a\nb"), S("\xff"), acta_str_from(longest, sizeof longest) };
    acta_event event = event_of("test.Tagged", "x");

    for (size_t i = 0; i < ACTA_TAG_COUNT_MAX + 1; i++)
        many[i] = acta_str_from(longest, ACTA_TAG_MAX - i); /* each the beginning of the one before */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        acta_transaction *t = acta_transaction_create(f->store);
        event.tags = &bad[i];
        event.tag_count = 1;
        acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
        assert_int_equal(ACTA_INVALID, commit(f, t, NULL));
        t = acta_transaction_create(f->store);
        acta_transaction_expect_no_tagged(t, &bad[i], 1, 0);
        assert_int_equal(ACTA_INVALID, commit(f, t, NULL));
    }
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_expect_no_tagged(t, many, 0, 0);
    assert_int_equal(ACTA_INVALID, commit(f, t, NULL));
    assert_string_equal(f->error.text, "a condition on tags needs one at least");
    for (uint32_t count = ACTA_TAG_COUNT_MAX; count <= ACTA_TAG_COUNT_MAX + 1; count++) {
        t = acta_transaction_create(f->store);
        event.tags = many;
        event.tag_count = count;
        acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
        assert_int_equal(count <= ACTA_TAG_COUNT_MAX ? ACTA_OK : ACTA_INVALID, commit(f, t, NULL));
    }
    assert_string_equal(f->error.text, "65 tags are more than 64");
    acta_read all = { .count_max = 0 };
    assert_string_equal(found(f, all, many, 64), "1");
    assert_string_equal(found(f, all, many + 63, 1), "1");
    assert_string_equal(found(f, all, many + 64, 1), "");
}

/* Removed events are not found by their tags any more, and stand in nobody's way. */
static void
scrubbed_events_lose_their_tags(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_str tag = S("t");
    acta_read all = { .count_max = 0 };
    uint64_t count;

    append_tagged(f, "gone", "t u", NULL, 0);
    append_tagged(f, "kept", "t", NULL, 0);
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_delete_stream(t, S("gone"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    assert_string_equal(found(f, all, &tag, 1), "1 2");
    assert_int_equal(ACTA_OK, acta_store_scrub(f->store, 0, &count, &f->error));
    assert_int_equal(count, 1);
    assert_string_equal(found(f, all, &tag, 1), "2");
    assert_int_equal(ACTA_OK, append_tagged(f, "new", "u", "u", 0));
    assert_int_equal(count_log(f), 4);
}

/* -- claims -- */

static acta_status
claim(fixture *f, const char *value, const char *owner)
{
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_claim(t, "email", acta_str_bytes(acta_str_of(value)), acta_str_of(owner));
    return commit(f, t, NULL);
}

static void
a_value_has_one_owner(void **state)
{
    fixture *f = FIXTURE(state);
    acta_memory *memory = acta_memory_create(NULL);
    acta_str owner;
    answer answers[2] = { { 0 } };

    assert_int_equal(ACTA_NOT_FOUND, acta_store_claimed_by(f->store, "email", B("a@x"), memory, &owner, &f->error));
    assert_int_equal(ACTA_OK, claim(f, "a@x", "User-1"));
    assert_int_equal(ACTA_ALREADY_EXISTS, claim(f, "a@x", "User-2"));
    assert_string_equal(f->error.text, "this value of 'email' is taken by 'User-1'");
    assert_int_equal(ACTA_OK, claim(f, "a@", "User-2"));
    assert_int_equal(ACTA_OK, acta_store_claimed_by(f->store, "email", B("a@x"), memory, &owner, &f->error));
    assert_true(acta_str_equal(owner, S("User-1")));
    assert_int_equal(ACTA_NOT_FOUND, acta_store_claimed_by(f->store, "name", B("a@x"), memory, &owner, &f->error));

    acta_transaction *t = acta_transaction_create(f->store); /* it moves to another owner in one transaction */
    acta_transaction_release(t, "email", B("a@x"));
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    for (int i = 0; i < 2; i++) { /* both in one batch */
        t = acta_transaction_create(f->store);
        acta_transaction_claim(t, "email", B("a@x"), i == 0 ? S("User-3") : S("User-4"));
        assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, &answers[i], &f->error));
    }
    step_all(f);
    assert_int_equal(answers[0].status, ACTA_OK);
    assert_int_equal(answers[1].status, ACTA_ALREADY_EXISTS);

    t = acta_transaction_create(f->store);
    acta_transaction_claim(t, "Email", B("a"), S("x"));
    assert_int_equal(ACTA_INVALID, commit(f, t, NULL));
    assert_string_equal(f->error.text, "'Email' is no scope of values: 1 to 64 of [a-z0-9_.-] are expected");
    t = acta_transaction_create(f->store);
    acta_transaction_release(t, "email", B(""));
    assert_int_equal(ACTA_INVALID, commit(f, t, NULL));
    t = acta_transaction_create(f->store);
    acta_transaction_put(t, "claims", B("email"), B("x"));
    assert_int_equal(ACTA_INVALID, commit(f, t, NULL));
    acta_memory_destroy(memory);
}

/* -- threads -- */

enum { SEATS = 20, THREADS = 4 };

typedef struct booking {
    fixture *f;
    _Atomic uint32_t *booked;
    int number;
    const char *failed;
} booking;

/* Read what is tagged, decide, write on the condition that it still holds; again when it doesn't. */
static void *
run_bookings(void *user)
{
    booking *b = user;
    const acta_str tag = S("flight:7");
    char stream[16];
    acta_error error;

    snprintf(stream, sizeof stream, "Traveller-%d", b->number);
    for (;;) {
        acta_read read = { .tags = &tag, .tag_count = 1 };
        acta_cursor *cursor;
        acta_recorded event = { .position = 0 };
        uint64_t taken = 0, after = 0;
        if (acta_cursor_open(b->f->store, &read, &cursor, &error) != ACTA_OK) break;
        while (acta_cursor_next(cursor, &event, &error) == ACTA_OK) {
            taken++;
            after = event.position;
        }
        acta_cursor_close(cursor);
        if (taken == SEATS) return NULL;
        acta_event seat = event_of("test.SeatTaken", "x");
        acta_transaction *t = acta_transaction_create(b->f->store);
        seat.tags = &tag;
        seat.tag_count = 1;
        acta_transaction_expect_no_tagged(t, &tag, 1, after);
        acta_transaction_append(t, acta_str_of(stream), ACTA_ANY_VERSION, &seat, 1);
        acta_status status = acta_store_commit(b->f->store, t, NULL, &error);
        if (status == ACTA_OK) ++*b->booked;
        if (status != ACTA_OK && status != ACTA_CONFLICT) break;
    }
    b->failed = "a traveller could not read or write";
    return NULL;
}

/* Travellers in streams of their own share one flight: not one seat too many. */
static void
a_boundary_over_streams_holds_under_contention(void **state)
{
    fixture *f = FIXTURE(state);
    _Atomic uint32_t booked = 0;
    booking bookings[THREADS];
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        bookings[i] = (booking){ f, &booked, i, NULL };
        assert_int_equal(0, pthread_create(&threads[i], NULL, run_bookings, &bookings[i]));
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        if (bookings[i].failed != NULL) fail_msg("%s", bookings[i].failed);
    }
    assert_int_equal(booked, SEATS);
    assert_int_equal(acta_store_head(f->store), SEATS);
}

/* -- a model -- */

static void
a_random_run_does_what_a_plain_list_does(void **state)
{
    enum { TAGS = 6, STEPS = 300 };
    fixture *f = FIXTURE(state);
    static uint8_t sets[STEPS + 1]; /* by position: which tags */
    uint64_t random = test_seed(), positions = 0;

    for (int step = 0; step < STEPS; step++) {
        uint8_t wanted = (uint8_t)(1 + next_random(&random) % ((1 << TAGS) - 1));
        uint8_t set = (uint8_t)(next_random(&random) % (1 << TAGS));
        uint64_t after = next_random(&random) % (positions + 2), in_the_way = 0;
        char words[64] = "", condition[64] = "", expected[2048] = "";
        acta_str tags[TAGS];
        uint32_t count = 0;
        static const char *const names[TAGS] = { "a", "ab", "abc", "b", "bc", "c" };
        for (int i = 0; i < TAGS; i++) {
            if (set >> i & 1) strcat(strcat(words, names[i]), " ");
            if (wanted >> i & 1) strcat(strcat(condition, names[i]), " ");
            if (wanted >> i & 1) tags[count++] = acta_str_of(names[i]);
        }
        for (uint64_t p = positions; p > after; p--)
            if ((sets[p] & wanted) == wanted) in_the_way = p;
        bool conditional = next_random(&random) % 2 == 0;
        acta_status status = append_tagged(f, "s", words, conditional ? condition : NULL, after);
        assert_int_equal(status, conditional && in_the_way != 0 ? ACTA_CONFLICT : ACTA_OK);
        if (status == ACTA_OK) sets[++positions] = set;
        for (uint64_t p = 1; p <= positions; p++) {
            if ((sets[p] & wanted) == wanted)
                sprintf(expected + strlen(expected), "%s%" PRIu64, expected[0] != '\0' ? " " : "", p);
        }
        acta_read all = { .count_max = 0 };
        assert_string_equal(found(f, all, tags, count), expected);
        if (step % 100 == 99) {
            close_store(f);
            open_store_ok(f);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(events_are_found_by_all_of_some_tags),
        on_manual_store(a_condition_holds_against_log_and_batch),
        on_store(tags_out_of_range_are_refused),
        on_store(scrubbed_events_lose_their_tags),
        on_manual_store(a_value_has_one_owner),
        on_store(a_boundary_over_streams_holds_under_contention),
        on_store(a_random_run_does_what_a_plain_list_does),
    };
    return run_on_engines("tags", tests);
}
