/*
 * Personal data: sealed wherever it is stored, open wherever it is used, and gone for good, everywhere, once its subject
 * is forgotten; while the log stays as it is.
 */
#include "acta/time_travel.h"
#include "people.h"

/* -- asking -- */

static void
restart(fixture *f)
{
    stop(f);
    start(f);
}

static people_PersonRow
row(fixture *f, const char *id)
{
    people_PersonRow found;

    MUST(f, people_PersonRow_find(f->app, acta_str_of(id), &found, f->scratch, &f->error));
    return found;
}

static void
expect_text(acta_str found, const char *expected)
{
    if (!acta_str_equal(found, acta_str_of(expected)))
        fail_msg("found '" ACTA_FMT "', expected '%s'", ACTA_ARG(found), expected);
}

#define MUST_FORGET(f, who) MUST(f, acta_app_forget((f)->app, S(who), NULL, &(f)->error))

/* -- searching -- */

static bool
holds(const char *bytes, size_t size, const void *what, size_t what_size)
{
    return memmem(bytes, size, what, what_size) != NULL;
}

/* All that was recorded, as it lies in the store. */
static void
expect_in_no_event(fixture *f, const char *what)
{
    acta_cursor *cursor;
    acta_recorded event;
    acta_status status;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 0 }, &cursor, &f->error));
    while ((status = acta_cursor_next(cursor, &event, &f->error)) == ACTA_OK) {
        assert_false(holds((const char *)event.payload.data, event.payload.size, what, strlen(what)));
        assert_false(holds((const char *)event.metadata.data, event.metadata.size, what, strlen(what)));
    }
    assert_int_equal(status, ACTA_NOT_FOUND);
    acta_cursor_close(cursor);
}

static void
expect_in_no_row(fixture *f, const char *table, const char *what, uint32_t least)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;
    uint32_t count = 0;

    MUST(f, acta_row_cursor_open(acta_app_store(f->app), table, acta_bytes_from(NULL, 0), &cursor, &f->error));
    while (acta_row_cursor_next(cursor, &key, &value, &f->error) == ACTA_OK) {
        assert_false(holds((const char *)value.data, value.size, what, strlen(what)));
        count++;
    }
    acta_row_cursor_close(cursor);
    assert_true(count >= least);
}

/* -- sealed and open -- */

/* What is personal is open in states, rows, handlers and commands, and in no event and no row of the store. */
static void
what_is_personal_is_open_to_the_application_alone(void **state)
{
    fixture *f = FIXTURE(state);
    people_Relative relative;

    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    MUST(f, people_change_email(f, "ida", "larsen@example.org"));
    settle(f);
    people_Person ida = person(f, "ida");
    expect_text(ida.name, "Ida Larsen");
    expect_text(ida.email, "larsen@example.org");
    assert_true(people_Person_relatives_count(&ida) == 0 || people_Relative_vector_at(ida.relatives, 0, &relative));
    people_Relative_vector_at(ida.relatives, 0, &relative);
    expect_text(relative.name, "Aunt Agatha");
    expect_text(row(f, "ida").email, "larsen@example.org");
    assert_string_equal(people_saw.email, "ida@example.org");

    static const char *const secrets[] = { "Ida Larsen", "example.org", "PHOTO-OF-SOMEBODY", "Agatha" };
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        expect_in_no_event(f, secrets[i]);
        expect_in_no_row(f, "rm.people.personrow", secrets[i], 1);
        expect_in_no_row(f, "pm.people.welcome", secrets[i], 1);
    }
    restart(f); /* and again from what is stored */
    ida = person(f, "ida");
    expect_text(ida.name, "Ida Larsen");
    expect_text(ida.email, "larsen@example.org");
    people_Relative_vector_at(ida.relatives, 0, &relative);
    expect_text(relative.name, "Aunt Agatha");
}

/* Snapshots are stored states: sealed, read back open, and void of who was forgotten meanwhile. */
static void
snapshots_are_sealed_too(void **state)
{
    fixture *f = FIXTURE(state);
    acta_snapshot snapshot;
    char email[64];

    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "0@example.org"));
    for (int i = 1; i < 9; i++) {
        snprintf(email, sizeof email, "%d@example.org", i);
        MUST(f, people_change_email(f, "ida", email));
    }
    restart(f);
    MUST(f, acta_store_snapshot(acta_app_store(f->app), S("person-ida"), f->scratch, &snapshot, &f->error));
    assert_in_range(snapshot.version, 4, 9); /* taken behind the answers: one is enough */
    assert_false(holds((const char *)snapshot.state.data, snapshot.state.size, "Larsen", 6));
    assert_false(holds((const char *)snapshot.state.data, snapshot.state.size, "example", 7));
    expect_text(person(f, "ida").email, "8@example.org");

    MUST_FORGET(f, "ida");
    restart(f);
    assert_true(acta_is_forgotten(person(f, "ida").email));
    assert_true(acta_is_forgotten(person(f, "ida").name));
    assert_int_equal(person(f, "ida").changes, 8); /* the rest is as it was */
}

/* -- forgotten -- */

static bool
take_email(void *user, const acta_recorded *event, const void *state)
{
    const people_Person *then = state;
    char(*emails)[32] = user;

    snprintf(emails[event->version - 1], sizeof emails[0], ACTA_FMT, ACTA_ARG(then->email));
    return true;
}

static bool
count_changes(void *user, const acta_difference *difference)
{
    uint32_t *count = user;
    *count += acta_str_equal(difference->path, S("changes"));
    assert_false(holds(difference->before.data, difference->before.size, "example", 7));
    assert_false(holds(difference->after.data, difference->after.size, "example", 7));
    return true;
}

/* The past of somebody who was forgotten has its events, and nothing of him; also where it begins with a snapshot. */
static void
who_is_forgotten_is_so_in_the_past_too(void **state)
{
    fixture *f = FIXTURE(state);
    char emails[3][32] = { "" };
    people_Person ida;
    uint32_t changes = 0;

    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    MUST(f, people_change_email(f, "ida", "larsen@example.org"));
    MUST(f, people_change_email(f, "ida", "ida@example.com"));
    acta_history *history = acta_app_history(f->app);
    MUST(f, acta_aggregate_replay(
                history, &people_Person_table, S("ida"), acta_at_version(3), take_email, emails, &f->error));
    assert_string_equal(emails[0], "ida@example.org");
    assert_string_equal(emails[1], "larsen@example.org");

    MUST_FORGET(f, "ida");
    for (int lives = 0; lives < 2; lives++) {
        for (uint64_t version = 1; version <= 3; version++) {
            MUST(f, people_Person_read_at(history, S("ida"), acta_at_version(version), &ida, f->scratch, &f->error));
            assert_true(acta_is_forgotten(ida.name));
            assert_true(acta_is_forgotten(ida.email));
            assert_int_equal(ida.changes, version - 1);
        }
        assert_true(acta_path_is_hidden(&people_Person_table, S("email")));
        assert_true(acta_path_is_hidden(&people_Person_table, S("relatives[a.b].name")));
        assert_true(acta_path_is_hidden(&people_Person_table, S("relatives[\"a]\"]")));
        assert_false(acta_path_is_hidden(&people_Person_table, S("relatives[name].relative_id")));
        assert_false(acta_path_is_hidden(&people_Person_table, S("city")));
        assert_false(acta_path_is_hidden(&people_Person_table, S("email_of")));
        MUST(f, acta_aggregate_diff(history, &people_Person_table, S("ida"), acta_at_version(1), acta_at_version(3),
                    count_changes, &changes, &f->error));
        restart(f);
        history = acta_app_history(f->app);
    }
    assert_int_equal(changes, 2);
}

/* Whoever reads it finds "forgotten": a running aggregate and one that is read again, rows, handlers that begin anew; nobody
 * else's data is touched, and a relative in the same event is forgotten by himself. */
static void
who_is_forgotten_is_so_everywhere(void **state)
{
    fixture *f = FIXTURE(state);
    people_Relative relative;

    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    MUST(f, people_register(f, "per", "Per Hansen", "per@example.org"));
    settle(f);
    expect_text(person(f, "ida").name, "Ida Larsen"); /* in memory from here on */
    MUST_FORGET(f, "ida");

    for (int i = 0; i < 2; i++) {
        people_Person ida = person(f, "ida");
        assert_true(acta_is_forgotten(ida.name));
        assert_true(acta_is_forgotten(ida.email));
        assert_true(ida.is_here);
        expect_text(ida.city, "Bergen");
        people_Relative_vector_at(ida.relatives, 0, &relative);
        expect_text(relative.name, "Aunt Agatha");
        assert_true(acta_is_forgotten(row(f, "ida").name));
        expect_text(person(f, "per").name, "Per Hansen");
        expect_text(row(f, "per").email, "per@example.org");
        restart(f);
    }
    MUST_FORGET(f, "aunt");
    people_Person per = person(f, "per");
    people_Relative_vector_at(per.relatives, 0, &relative);
    assert_true(acta_is_forgotten(relative.name));
    expect_text(per.name, "Per Hansen");
}

/* Of events that were there before, as their subjects are now; and of those that come. */
static void
inline_rows_are_open_to_their_projection_and_sealed_in_the_store(void **state)
{
    fixture *f = FIXTURE(state);

    f->config.projections = NULL;
    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    MUST(f, people_register(f, "per", "Per Hansen", "per@example.org"));
    MUST(f, people_change_email(f, "per", "hansen@example.org"));
    MUST_FORGET(f, "ida");
    stop(f);
    f->config.inline_projections = people_projections;
    start(f);
    assert_true(acta_is_forgotten(row(f, "ida").email));
    expect_text(row(f, "ida").city, "Bergen");
    expect_text(row(f, "per").name, "Per Hansen");
    expect_text(row(f, "per").email, "hansen@example.org");
    MUST(f, people_change_email(f, "per", "per@example.com"));
    expect_text(row(f, "per").email, "per@example.com");
    expect_in_no_row(f, "rm.people.personrow", "Hansen", 2);
    expect_in_no_row(f, "rm.people.personrow", "example", 2);
}

/* An event that a handler has not got through with is read again from the log: forgotten by then, and no failure. */
static void
a_handler_that_tries_again_sees_forgotten(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    people_saw.fails = true;
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    while (reader_info(f, "watch").parked == 0)
        acta_app_settle(f->app, 50, NULL);
    MUST_FORGET(f, "ida");
    stop(f);
    people_saw.fails = false;
    start(f);
    settle(f);
    assert_int_equal(people_saw.registered, 1);
    assert_int_equal(people_saw.forgotten, 1);
}

/* What is written of somebody after he was forgotten is forgotten at once: no key is ever made again. */
static void
what_is_said_afterwards_is_forgotten_at_once(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    settle(f);
    MUST_FORGET(f, "ida");
    MUST(f, people_change_email(f, "ida", "again@example.org"));
    settle(f);
    assert_true(acta_is_forgotten(person(f, "ida").email));
    assert_true(acta_is_forgotten(row(f, "ida").email));
    expect_in_no_event(f, "again@example.org");
    restart(f);
    assert_int_equal(person(f, "ida").changes, 1);
    MUST_FORGET(f, "ida"); /* once more: nothing to do, and no second record */
    assert_int_equal(version_of(f, "$audit"), 1);
}

static void
forgetting_is_recorded(void **state)
{
    fixture *f = FIXTURE(state);
    acta_cursor *cursor;
    acta_recorded event;

    start(f);
    assert_int_equal(acta_app_forget(f->app, S("nobody"), NULL, &f->error), ACTA_NOT_FOUND);
    assert_string_equal(f->error.text, "there is no personal data of 'nobody': no key was ever made for it");
    assert_int_equal(acta_app_forget(f->app, S(""), NULL, &f->error), ACTA_INVALID);
    assert_int_equal(acta_app_forget(f->app, S("a\nb"), NULL, &f->error), ACTA_INVALID);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    MUST(f, acta_app_forget(f->app, S("ida"),
                &(acta_forget_options){ .who = "Kari of support", .why = "she asked for it" }, &f->error));
    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .stream = S("$audit") }, &cursor, &f->error));
    MUST(f, acta_cursor_next(cursor, &event, &f->error));
    assert_true(acta_str_equal(event.type, S("$forgotten")));
    expect_text(acta_str_from(event.payload.data, event.payload.size),
        "subject: ida\nwho: Kari of support\nwhy: she asked for it\n");
    assert_int_equal(acta_cursor_next(cursor, &event, &f->error), ACTA_NOT_FOUND);
    acta_cursor_close(cursor);
}

/* -- keys that don't fit -- */

/* Another application's keys, or none: an error that names stream, version, position, type and field; never "forgotten". */
static void
a_missing_or_a_wrong_key_is_an_error_that_says_where(void **state)
{
    fixture *f = FIXTURE(state);
    acta_key_ring *other = acta_key_ring_create(NULL);
    acta_key_service service = acta_key_ring_service(other);
    people_Person ida;
    acta_key key;

    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    settle(f);
    stop(f);
    f->config.keys = &service;
    f->config.event_handlers = NULL;
    f->config.projections = NULL;
    f->config.process_managers = NULL;
    start(f);
    assert_int_equal(people_Person_read(f->app, S("ida"), &ida, f->scratch, &f->error), ACTA_CORRUPT);
    assert_string_equal(f->error.text,
        "cannot rehydrate 'person-ida': version 1, position 1: personal field name of people.Registered can't be "
        "opened: "
        "its subject's key is missing, and nobody has destroyed it; bring back the keys");
    assert_int_equal(service.get_or_make(service.user, S("ida"), &key, &f->error), ACTA_OK);
    assert_int_equal(people_Person_read(f->app, S("ida"), &ida, f->scratch, &f->error), ACTA_CORRUPT);
    assert_string_equal(f->error.text,
        "cannot rehydrate 'person-ida': version 1, position 1: personal field name of people.Registered doesn't open "
        "with its subject's key: it was changed, or belongs elsewhere, or the key is another one");
    assert_string_equal(f->error.where, "name");
    stop(f);
    acta_key_ring_destroy(other);
}

/* What is sealed for one field, type or subject opens nowhere else, and not when a bit of it was changed. */
static void
a_sealed_value_can_neither_be_changed_nor_moved(void **state)
{
    fixture *f = FIXTURE(state);
    acta_cursor *cursor;
    acta_recorded event;
    people_Registered registered;
    people_Person found;

    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    MUST(f, people_register(f, "per", "Per Hansen", "per@example.org"));
    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .count_max = 1 }, &cursor, &f->error));
    MUST(f, acta_cursor_next(cursor, &event, &f->error));
    people_Registered_decode(event.payload, &registered);
    char name[256];
    snprintf(name, sizeof name, ACTA_FMT, ACTA_ARG(registered.name));
    assert_memory_equal(name, "acta1:", 6);

    /* 0: the right one, to see that the way is right; then another field, another subject, a bit changed, cut short. */
    for (int how = 0; how < 5; how++) {
        char changed[256], id[8], stream[32];
        people_Registered forged = registered;
        acta_memory_sink sink = acta_memory_sink_of(f->scratch);
        snprintf(changed, sizeof changed, "%s", name);
        if (how == 3) changed[20] = changed[20] == 'A' ? 'B' : 'A';
        if (how == 4) changed[strlen(changed) - 8] = '\0';
        snprintf(id, sizeof id, "p%d", how);
        snprintf(stream, sizeof stream, "person-%s", id);
        forged.name = how == 1 ? registered.email : acta_str_of(changed);
        if (how == 2) forged.person_id = S("per");
        forged.email = forged.city = acta_str_of(NULL);
        forged.photo.data = NULL;
        MUST(f, people_Registered_write(&forged, &sink.sink, &f->error));
        acta_transaction *t = acta_transaction_create(acta_app_store(f->app));
        acta_event append = {
            .type = S("people.Registered"), .payload = sink.bytes, .schema_hash = people_Registered_table.schema_hash
        };
        acta_transaction_append(t, acta_str_of(stream), ACTA_NO_STREAM, &append, 1);
        commit(f, t);
        acta_status status = people_Person_read(f->app, acta_str_of(id), &found, f->scratch, &f->error);
        assert_int_equal(status, how == 0 ? ACTA_OK : ACTA_CORRUPT);
        if (how == 0) expect_text(found.name, "Ida Larsen");
        if (how != 0) assert_non_null(strstr(f->error.text, "personal field name of people.Registered doesn't open"));
    }
    acta_cursor_close(cursor);
}

/* -- beginnings and ends -- */

static acta_status
refuse_destroy(void *user, acta_str subject, acta_error *error)
{
    (void)user, (void)subject;
    return acta_error_set(error, ACTA_IO, "the key service is away");
}

/* The process dies between the record and the destruction of the key, as far as a service can make it so: the next start
 * does the rest; so it does when a copy of the keys from before is put back. */
static void
what_was_begun_is_finished_by_the_next_start(void **state)
{
    fixture *f = FIXTURE(state);
    acta_key_ring *own = acta_key_ring_create(NULL);
    acta_key_service service = acta_key_ring_service(own), broken = service;
    acta_key key;

    broken.destroy = refuse_destroy;
    f->config.keys = &broken;
    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    settle(f);
    assert_int_equal(acta_app_forget(f->app, S("ida"), NULL, &f->error), ACTA_IO);
    assert_int_equal(service.get(service.user, S("ida"), &key, NULL), ACTA_OK);
    assert_int_equal(version_of(f, "$audit"), 1);
    stop(f);
    f->config.keys = &service;
    start(f);
    assert_int_equal(service.get(service.user, S("ida"), &key, NULL), ACTA_DELETED);
    assert_true(acta_is_forgotten(person(f, "ida").name));
    assert_int_equal(version_of(f, "$audit"), 1);
    stop(f);
    acta_key_ring_destroy(own);
}

/* A service whose keys are durable only once its sync has returned. */
static struct {
    acta_key_service inner;
    _Atomic uint32_t made, synced, syncs; /* keys that were handed out; of these, durable */
    _Atomic bool fails;
} lazy;

static acta_status
make_lazily(void *user, acta_str subject, acta_key *key_out, acta_error *error)
{
    (void)user;
    acta_status status = lazy.inner.get_or_make(lazy.inner.user, subject, key_out, error);
    if (status == ACTA_OK) atomic_fetch_add(&lazy.made, 1);
    return status;
}

static acta_status
sync_lazily(void *user, acta_error *error)
{
    (void)user;
    atomic_fetch_add(&lazy.syncs, 1);
    if (atomic_load(&lazy.fails)) return acta_error_set(error, ACTA_IO, "the keys' disk is full");
    atomic_store(&lazy.synced, atomic_load(&lazy.made));
    return ACTA_OK;
}

/* Who seals doesn't wait for the keys' disk: whoever commits has them made durable first. When they can't be, nothing that
 * they have sealed is stored, and whoever waits is told. */
static void
keys_are_durable_before_what_they_seal(void **state)
{
    fixture *f = FIXTURE(state);
    acta_key_ring *own = acta_key_ring_create(NULL);
    acta_key_service service = acta_key_ring_service(own);

    memset(&lazy, 0, sizeof lazy);
    lazy.inner = service;
    service.get_or_make = make_lazily;
    service.sync = sync_lazily;
    f->config.keys = &service;
    start(f);
    MUST(f, people_register(f, "ida", "Ida Larsen", "ida@example.org"));
    assert_true(atomic_load(&lazy.made) > 0);
    settle(f);
    assert_int_equal(atomic_load(&lazy.synced), atomic_load(&lazy.made));
    uint64_t head = acta_store_head(acta_app_store(f->app));
    atomic_store(&lazy.fails, true);
    assert_int_equal(people_register(f, "per", "Per Hansen", "per@example.org"), ACTA_IO);
    assert_int_equal(acta_store_health(acta_app_store(f->app), &f->error), ACTA_IO);
    assert_non_null(strstr(f->error.text, "the keys' disk is full"));
    assert_int_equal(acta_store_head(acta_app_store(f->app)), head);
    assert_true(atomic_load(&lazy.synced) < atomic_load(&lazy.made));
    acta_app_stop(f->app, STOP_MS, NULL);
    f->app = NULL;
    atomic_store(&lazy.fails, false);
    start(f);
    assert_int_equal(version_of(f, "person-per"), 0);
    MUST(f, people_register(f, "per", "Per Hansen", "per@example.org"));
    stop(f);
    acta_key_ring_destroy(own);
}

/* A store without a place for keys refuses to start; a schema without personal fields needs none. */
static void
personal_fields_without_a_place_for_keys_are_refused(void **state)
{
    fixture *f = FIXTURE(state);

    f->config.keys = NULL;
    if (f->memory) {
        assert_int_equal(try_start(f), ACTA_INVALID);
        assert_non_null(strstr(f->error.text, "the schema has personal fields"));
    } else { /* there they lie beside the store */
        start(f);
        stop(f);
    }
    f->config.event_handlers = NULL;
    f->config.projections = NULL;
    f->config.process_managers = NULL;
    f->config.aggregates = ledger_aggregates;
    f->config.schema = &ledger_schema;
    start(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        people(what_is_personal_is_open_to_the_application_alone),
        people(snapshots_are_sealed_too),
        people(who_is_forgotten_is_so_everywhere),
        people(who_is_forgotten_is_so_in_the_past_too),
        people(inline_rows_are_open_to_their_projection_and_sealed_in_the_store),
        people(a_handler_that_tries_again_sees_forgotten),
        people(what_is_said_afterwards_is_forgotten_at_once),
        people(forgetting_is_recorded),
        people(a_missing_or_a_wrong_key_is_an_error_that_says_where),
        people(a_sealed_value_can_neither_be_changed_nor_moved),
        people(what_was_begun_is_finished_by_the_next_start),
        people(keys_are_durable_before_what_they_seal),
        people(personal_fields_without_a_place_for_keys_are_refused),
    };

    return run_on_engines("personal", tests);
}
