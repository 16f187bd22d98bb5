/*
 * Marks of single fields, from the schema to the store: tags by which events are found, values that only one has, and what
 * is not for everybody's eyes.
 */
#include "people.h"

static uint32_t
count_tagged(fixture *f, const char *first, const char *second)
{
    const acta_str tags[] = { acta_str_of(first), acta_str_of(second) };
    const acta_read read = { .tags = tags, .tag_count = second != NULL ? 2 : 1 };
    acta_cursor *cursor;
    acta_recorded event;
    uint32_t count = 0;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &read, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK)
        count++;
    acta_cursor_close(cursor);
    return count;
}

static void
events_are_found_by_their_tags(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    MUST(f, people_register(f, "per", "Per Hansen", "per@example.org"));
    MUST(f, people_change_email(f, "ida", "larsen@example.org"));
    assert_int_equal(count_tagged(f, "person:ida", NULL), 2);
    assert_int_equal(count_tagged(f, "person:per", NULL), 1);
    assert_int_equal(count_tagged(f, "city:Bergen", NULL), 2);
    assert_int_equal(count_tagged(f, "group:paying", NULL), 2); /* each of a vector */
    assert_int_equal(count_tagged(f, "person:ida", "group:new"), 1);
    assert_int_equal(count_tagged(f, "city:Oslo", NULL), 0);
}

static void
what_makes_no_tag_is_refused_by_the_field(void **state)
{
    fixture *f = FIXTURE(state);
    char city[300];

    start(f);
    memset(city, 'x', sizeof city - 1);
    city[sizeof city - 1] = '\0';
    people_Register command = ACTA_INIT(people_Register, .person_id = S("ida"), .city = acta_str_of(city));
    assert_int_equal(people_Register_dispatch(f->app, command, NULL, &f->error), ACTA_INVALID);
    assert_string_equal(f->error.text,
        "cannot emit 'people.Registered': field city of people.Registered makes no tag: 304 "
        "bytes with 'city:', of at most 255 without control characters");
    assert_string_equal(f->error.where, "city");
    command.city = S("Ber\ngen");
    assert_int_equal(people_Register_dispatch(f->app, command, NULL, &f->error), ACTA_INVALID);
    command.city = S("Bergen");
    MUST(f, people_Register_dispatch(f->app, command, NULL, &f->error));
}

/* -- unique -- */

/* A value is its owner's as long as its state has it: given free by another one, by none, by being forgotten; kept over a
 * restart. */
static void
only_one_has_a_unique_value(void **state)
{
    fixture *f = FIXTURE(state);
    acta_cursor *cursor;
    acta_recorded event;

    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    assert_int_equal(people_register(f, "per", "Per Hansen", "ida@example.org"), ACTA_ALREADY_EXISTS);
    assert_string_equal(f->error.text, "the email of 'person-per' is taken by 'person-ida'");
    assert_string_equal(f->error.where, "email");
    assert_int_equal(version_of(f, "person-per"), 0);
    MUST(f, people_register(f, "per", "Per Hansen", "per@example.org"));
    stop(f);
    start(f);
    assert_int_equal(people_change_email(f, "per", "ida@example.org"), ACTA_ALREADY_EXISTS);
    MUST(f, people_change_email(f, "ida", "larsen@example.org")); /* the old one is free */
    MUST(f, people_change_email(f, "per", "ida@example.org"));
    MUST(f, people_change_email(f, "per", "ida@example.org")); /* nobody takes his own from himself */
    MUST(f, people_Leave_dispatch(f->app, ACTA_INIT(people_Leave, .person_id = S("per")), NULL, &f->error));
    MUST(f, people_change_email(f, "ida", "ida@example.org"));

    /* What is claimed can't be read: it is personal. */
    assert_int_equal(count_rows(f, ACTA_PERSONAL_CLAIMS), 1);
    MUST(f, acta_app_forget(f->app, S("ida"), NULL, &f->error));
    assert_int_equal(count_rows(f, ACTA_PERSONAL_CLAIMS), 0);
    MUST(f, people_register(f, "ida2", "Ida Larsen", "ida@example.org")); /* somebody else for all we know */
    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .stream = S("person-per") }, &cursor, &f->error));
    uint32_t count = 0;
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK)
        count++;
    acta_cursor_close(cursor);
    assert_int_equal(count, 4); /* what was refused left nothing */
}

/* Two who want one value at the same time: one has it, the other is told so. */
static void
of_two_at_once_one_gets_it(void **state)
{
    enum { PAIRS = 20 };
    fixture *f = FIXTURE(state);

    start(f);
    for (int i = 0; i < PAIRS; i++) {
        answer answers[2] = { { .calls = 0 }, { .calls = 0 } };
        char id[2][16], email[32];
        snprintf(email, sizeof email, "%d@example.org", i);
        for (int k = 0; k < 2; k++) {
            snprintf(id[k], sizeof id[k], "p%d-%d", i, k);
            people_Register_dispatch_async(f->app,
                ACTA_INIT(people_Register, .person_id = acta_str_of(id[k]), .email = acta_str_of(email)), &patiently,
                take_answer, &answers[k]);
        }
        await(f, &answers[0]);
        await(f, &answers[1]);
        bool first = answers[0].status == ACTA_OK;
        assert_int_equal(answers[first ? 0 : 1].status, ACTA_OK);
        assert_int_equal(answers[first ? 1 : 0].status, ACTA_ALREADY_EXISTS);
    }
}

/* -- for people -- */

static void
what_is_redacted_or_personal_prints_as_stars(void **state)
{
    fixture *f = FIXTURE(state);
    acta_memory_sink sink = acta_memory_sink_of(f->scratch);
    acta_str text;
    const people_Relative relatives[] = { ACTA_INIT(people_Relative, .relative_id = S("aunt"), .name = S("Agatha")) };
    const people_Register command =
        ACTA_INIT(people_Register, .person_id = S("ida"), .name = S("Ida"), .email = S(ACTA_FORGOTTEN_TEXT),
            .relatives = { .data = relatives, .count = 1 }, .city = S("Bergen"), .password = S("hunter2"));

    MUST(f, people_Register_write(&command, &sink.sink, &f->error));
    MUST(f, acta_json_print_redacted(&people_Register_table, sink.bytes, f->scratch, &text, &f->error));
    char printed[512];
    snprintf(printed, sizeof printed, ACTA_FMT, ACTA_ARG(text));
    assert_null(strstr(printed, "hunter2"));
    assert_null(strstr(printed, "Agatha"));
    assert_non_null(strstr(printed, "Bergen"));
    assert_non_null(strstr(printed, "aunt"));
    assert_non_null(strstr(printed, "(forgotten)"));
    uint32_t stars = 0;
    for (const char *at = printed; (at = strstr(at, "***")) != NULL; at += 3)
        stars++;
    assert_int_equal(stars, 3); /* name, the aunt's name, password */
}

/* By the schema that a log has kept, without the program: the same words. Unless asked for, all is there. */
static void
a_kept_schema_prints_the_same_stars(void **state)
{
    fixture *f = FIXTURE(state);
    acta_memory_sink sink = acta_memory_sink_of(f->scratch);
    acta_str by_program, by_schema, all, table = S("people.Register");
    static const uint8_t photo[] = "PHOTO";
    const people_Relative relatives[] = { ACTA_INIT(people_Relative, .relative_id = S("aunt"), .name = S("Agatha")),
        ACTA_INIT(people_Relative, .relative_id = S("uncle"), .name = S(ACTA_FORGOTTEN_TEXT)) };
    const people_Register command = ACTA_INIT(people_Register, .person_id = S("ida"), .name = S("Ida"),
        .email = S(ACTA_FORGOTTEN_TEXT), .photo = { .data = photo, .count = sizeof photo - 1 },
        .relatives = { .data = relatives, .count = 2 }, .city = S("Bergen"), .password = S("hunter2"));

    MUST(f, people_Register_write(&command, &sink.sink, &f->error));
    MUST(f, acta_json_print_redacted(&people_Register_table, sink.bytes, f->scratch, &by_program, &f->error));
    MUST(f, acta_schema_print_redacted(people_schema.binary, table, sink.bytes, f->scratch, &by_schema, &f->error));
    assert_string_equal(by_schema.data, by_program.data);
    MUST(f, acta_schema_print(people_schema.binary, table, sink.bytes, f->scratch, &all, &f->error));
    assert_non_null(strstr(all.data, "hunter2"));
    assert_non_null(strstr(all.data, "Agatha"));
    assert_null(strstr(all.data, "***"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        people(events_are_found_by_their_tags),
        people(what_makes_no_tag_is_refused_by_the_field),
        people(only_one_has_a_unique_value),
        people(of_two_at_once_one_gets_it),
        people(what_is_redacted_or_personal_prints_as_stars),
        people(a_kept_schema_prints_the_same_stars),
    };

    return run_on_engines("marks", tests);
}
