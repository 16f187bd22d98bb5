/*
 * Audit records of commands with personal and redacted fields: what is redacted is not kept, what is personal is sealed, and
 * who is forgotten is forgotten there too.
 */
#include "acta/audit.h"

#include "people.h"

/* The one record of a Register; its fields as text. */
static void
read_register(fixture *f, char *name, char *password, size_t size)
{
    acta_audit_cursor *cursor;
    acta_audit_record record;
    people_Register given;

    MUST(f, acta_audit_open(f->app, &(acta_audit_read){ .type = S("people.Register") }, &cursor, &f->error));
    MUST(f, acta_audit_next(cursor, &record, &f->error));
    assert_ptr_equal(record.table, &people_Register_table);
    assert_non_null(record.payload.data);
    people_Register_read(record.payload, &given);
    snprintf(name, size, ACTA_FMT, ACTA_ARG(given.name));
    snprintf(password, size, ACTA_FMT, ACTA_ARG(given.password));
    acta_audit_close(cursor);
}

static bool
rows_have(fixture *f, const char *what)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;
    bool found = false;

    MUST(f,
        acta_row_cursor_open(acta_app_store(f->app), "audit.commands", acta_bytes_from(NULL, 0), &cursor, &f->error));
    while (acta_row_cursor_next(cursor, &key, &value, &f->error) == ACTA_OK)
        found = found || memmem(value.data, value.size, what, strlen(what)) != NULL;
    acta_row_cursor_close(cursor);
    return found;
}

static void
nothing_redacted_is_kept_and_nobody_forgotten_is_known(void **state)
{
    fixture *f = FIXTURE(state);
    char name[64], password[64];

    f->config.audit.is_on = true;
    start(f);
    MUST(f, people_Register_dispatch(f->app,
                ACTA_INIT(people_Register, .person_id = S("ida"), .name = S("Ida Larsen"),
                    .email = S("ida@example.org"), .password = S("open sesame")),
                &patiently, &f->error));
    settle(f);
    read_register(f, name, password, sizeof name);
    assert_string_equal(name, "Ida Larsen");
    assert_string_equal(password, "***");
    assert_false(rows_have(f, "Ida Larsen"));
    assert_false(rows_have(f, "ida@example.org"));
    assert_false(rows_have(f, "open sesame"));
    assert_true(rows_have(f, "people.Register"));

    MUST(f, acta_app_forget(f->app, S("ida"), NULL, &f->error));
    read_register(f, name, password, sizeof name);
    assert_true(acta_is_forgotten(acta_str_of(name)));
    assert_string_equal(password, "***");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        people(nothing_redacted_is_kept_and_nobody_forgotten_is_known),
    };
    return run_on_engines("audit of personal data", tests);
}
