/*
 * Time travel: the state at a version, a position and a time; what is other between two points; which event changed a
 * field. The same from events, from a snapshot, and of a store that is only looked at.
 */
#include "acta/time_travel.h"
#include "fixture.h"

enum { EVERY = 10 };

static ledger_Counter_aggregate counter; /* a copy with settings of the test */
static const acta_aggregate *const aggregates[] = { &counter.base, NULL };

static void
start_with(fixture *f, uint32_t snapshot_every)
{
    counter = ledger_counter;
    counter.snapshot_every = snapshot_every;
    f->config.aggregates = aggregates;
    start(f);
}

static void
add_of_job(fixture *f, const char *id, int64_t amount, const char *job)
{
    ledger_Add command =
        ACTA_INIT(ledger_Add, .counter_id = acta_str_of(id), .amount = amount, .job_id = acta_str_of(job));

    MUST(f, ledger_Add_dispatch(f->app, command, NULL, &f->error));
    run_all(f); /* a snapshot is under way behind the answer */
}

static int64_t
total_at(fixture *f, const char *id, acta_point at)
{
    ledger_Counter state = { .total = -1 };

    MUST(f, ledger_Counter_read_at(acta_app_history(f->app), acta_str_of(id), at, &state, f->scratch, &f->error));
    return state.total;
}

/* A log of two counters, a second apart each; `n` of "a", whose total at version v is v. */
static void
write_past(fixture *f, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        add_of_job(f, "a", 1, i % 2 == 0 ? "even" : "odd");
        add_of_job(f, "b", 2, "other");
        pass_ms(f, 1000);
    }
}

static void
a_state_is_told_as_of_a_version_a_position_and_a_time(void **state)
{
    enum { N = 25 };
    fixture *f = FIXTURE(state);
    acta_history *history;
    acta_place place;
    ledger_Counter counter_state;

    for (uint32_t every = EVERY; every != 0; every = every == EVERY ? UINT32_MAX : 0) {
        start_with(f, every); /* one log, told with snapshots and without */
        if (every == EVERY) write_past(f, N);
        history = acta_app_history(f->app);
        for (uint32_t v = 1; v <= N; v++) {
            MUST(f, acta_aggregate_read_at(history, &ledger_Counter_table, S("a"), acta_at_version(v), &counter_state,
                        f->scratch, &place, &f->error));
            assert_int_equal(counter_state.total, v);
            assert_true(acta_str_equal(counter_state.last_job, acta_str_of(v % 2 == 1 ? "even" : "odd")));
            assert_int_equal(place.version, v);
            assert_int_equal(place.position, 2 * v - 1);
            assert_int_equal(total_at(f, "a", acta_at_position(place.position)), v);
            assert_int_equal(total_at(f, "a", acta_at_position(place.position + 1)), v);
            assert_int_equal(total_at(f, "a", acta_at_time(place.recorded_at_us)), v);
            assert_int_equal(total_at(f, "a", acta_at_time(place.recorded_at_us + 999999)), v);
            assert_int_equal(total_at(f, "b", acta_at_position(place.position + 1)), 2 * v);
        }
        assert_int_equal(total_at(f, "a", acta_at_end()), N);
        assert_int_equal(total_at(f, "a", acta_at_version(N + 100)), N);
        stop(f);
    }
}

static void
what_has_not_happened_yet_is_not_found(void **state)
{
    fixture *f = FIXTURE(state);
    ledger_Counter counter_state;
    acta_place place;

    start_with(f, EVERY);
    add(f, "first", 1);
    add(f, "a", 1);
    acta_history *history = acta_app_history(f->app);
    MUST(f, acta_aggregate_read_at(
                history, &ledger_Counter_table, S("a"), acta_at_end(), &counter_state, NULL, &place, &f->error));
    const acta_point points[] = { acta_at_version(0), acta_at_position(1), acta_at_time(place.recorded_at_us - 1),
        acta_at_time(0) };
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        assert_int_equal(
            ledger_Counter_read_at(history, S("a"), points[i], &counter_state, NULL, &f->error), ACTA_NOT_FOUND);
        assert_string_equal(f->error.text, "there is no 'Counter-a': it has no events up to that point");
    }
    assert_int_equal(
        ledger_Counter_read_at(history, S("never"), acta_at_end(), &counter_state, NULL, &f->error), ACTA_NOT_FOUND);
    assert_string_equal(f->error.text, "there is no 'Counter-never': it has no events");
    assert_int_equal(
        ledger_Counter_read_at(history, S(""), acta_at_end(), &counter_state, NULL, &f->error), ACTA_INVALID);
    assert_int_equal(acta_aggregate_read_at(
                         history, &ledger_Job_table, S("a"), acta_at_end(), &counter_state, NULL, NULL, &f->error),
        ACTA_INVALID);
}

/* -- differences -- */

typedef struct told {
    char text[2048];
    uint32_t count, count_max;
} told;

static bool
tell(void *user, const acta_difference *d)
{
    told *t = user;
    size_t used = strlen(t->text);

    snprintf(t->text + used, sizeof t->text - used, ACTA_FMT ": " ACTA_FMT " -> " ACTA_FMT "\n", ACTA_ARG(d->path),
        ACTA_ARG(d->before.data != NULL ? d->before : S("absent")),
        ACTA_ARG(d->after.data != NULL ? d->after : S("absent")));
    return ++t->count != t->count_max;
}

static const char *
diff(fixture *f, told *t, const char *id, acta_point from, acta_point to)
{
    *t = (told){ .count = 0 };
    MUST(f, acta_aggregate_diff(
                acta_app_history(f->app), &ledger_Counter_table, acta_str_of(id), from, to, tell, t, &f->error));
    return t->text;
}

static void
a_difference_is_told_field_by_field(void **state)
{
    fixture *f = FIXTURE(state);
    told t;

    start_with(f, EVERY);
    add_of_job(f, "a", 3, "rent");
    add_of_job(f, "a", 4, "food");
    assert_string_equal(diff(f, &t, "a", acta_at_version(1), acta_at_version(2)),
        "total: 3 -> 7\nlast_job: \"rent\" -> \"food\"\n"
        "entries[\"food\"]: absent -> {\"name\": \"food\",\"amount\": 4}\n");
    assert_string_equal(diff(f, &t, "a", acta_at_version(2), acta_at_version(1)),
        "total: 7 -> 3\nlast_job: \"food\" -> \"rent\"\n"
        "entries[\"food\"]: {\"name\": \"food\",\"amount\": 4} -> absent\n");
    assert_string_equal(diff(f, &t, "a", acta_at_version(0), acta_at_version(1)),
        "total: 0 -> 3\nlast_job: absent -> \"rent\"\n"
        "entries: absent -> [{\"name\": \"rent\",\"amount\": 3}]\n");
    assert_string_equal(diff(f, &t, "a", acta_at_version(2), acta_at_end()), "");
    assert_int_equal(acta_aggregate_diff(acta_app_history(f->app), &ledger_Counter_table, S("a"), acta_at_version(0),
                         acta_at_time(0), tell, &t, &f->error),
        ACTA_NOT_FOUND);
}

/* By hand: what no event of the ledger makes. */
static void
vectors_with_a_key_are_compared_by_key(void **state)
{
    (void)state;
    acta_error error;
    told t = { .count = 0 };
    const ledger_Entry old[] = { { .name = S("food"), .amount = 1 }, { .name = S("gas \"A\", ]"), .amount = 5 },
        { .name = S("rent"), .amount = 2 } };
    const ledger_Entry new[] = { { .name = S("car"), .amount = 9 }, { .name = S("gas \"A\", ]"), .amount = 6 },
        { .name = S("rent"), .amount = 2 } };
    const ledger_Counter before = { .total = 1, .entries = { .data = old, .count = 3 } };
    const ledger_Counter after = { .total = 1, .entries = { .data = new, .count = 3 } };

    assert_int_equal(acta_value_diff(&ledger_Counter_table, &before, &after, tell, &t, &error), ACTA_OK);
    assert_string_equal(t.text, "entries[\"car\"]: absent -> {\"name\": \"car\",\"amount\": 9}\n"
                                "entries[\"food\"]: {\"name\": \"food\",\"amount\": 1} -> absent\n"
                                "entries[\"gas \\\"A\\\", ]\"].amount: 5 -> 6\n");
    t = (told){ .count_max = 1 }; /* and no more */
    assert_int_equal(acta_value_diff(&ledger_Counter_table, &before, &after, tell, &t, &error), ACTA_OK);
    assert_int_equal(t.count, 1);
    t = (told){ .count = 0 };
    assert_int_equal(acta_value_diff(&ledger_Counter_table, &after, &after, tell, &t, &error), ACTA_OK);
    assert_int_equal(t.count, 0);
}

/* -- why -- */

static void
a_change_is_traced_to_its_event_and_command(void **state)
{
    fixture *f = FIXTURE(state);
    acta_change change;
    acta_id command_id = id_of("the one"), talk = id_of("a talk");

    start_with(f, 4);
    add_of_job(f, "a", 1, "rent");
    const acta_dispatch_options options = { .command_id = command_id, .correlation_id = talk };
    ledger_Add command = ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = 5, .job_id = S("food"));
    MUST(f, ledger_Add_dispatch(f->app, command, &options, &f->error));
    for (int i = 0; i < 6; i++) /* a snapshot lies behind what is looked for */
        add_of_job(f, "a", 1, "food");
    acta_history *history = acta_app_history(f->app);

    MUST(f, acta_aggregate_why(
                history, &ledger_Counter_table, S("a"), S("last_job"), acta_at_end(), f->scratch, &change, &f->error));
    assert_int_equal(change.place.version, 2);
    assert_true(acta_str_equal(change.type, S("ledger.Added")));
    assert_true(acta_str_equal(change.before, S("\"rent\"")));
    assert_true(acta_str_equal(change.after, S("\"food\"")));
    assert_true(acta_id_equal(change.command_id, command_id));
    assert_true(acta_id_equal(change.correlation_id, talk));

    MUST(f, acta_aggregate_why(
                history, &ledger_Counter_table, S("a"), S("total"), acta_at_end(), f->scratch, &change, &f->error));
    assert_int_equal(change.place.version, 8);
    assert_true(acta_str_equal(change.before, S("11")));
    assert_true(acta_str_equal(change.after, S("12")));
    assert_false(acta_id_is_none(change.command_id));
    MUST(f, acta_aggregate_why(history, &ledger_Counter_table, S("a"), S("last_job"), acta_at_version(1), f->scratch,
                &change, &f->error));
    assert_int_equal(change.place.version, 1);
    assert_null(change.before.data);

    static const char *const paths[] = { "entries[rent].amount", "entries[\"rent\"]", "entries[food].amount" };
    static const uint64_t versions[] = { 1, 1, 8 };
    for (int i = 0; i < 3; i++) {
        MUST(f, acta_aggregate_why(history, &ledger_Counter_table, S("a"), acta_str_of(paths[i]), acta_at_end(),
                    f->scratch, &change, &f->error));
        assert_int_equal(change.place.version, versions[i]);
    }
    assert_int_equal(acta_aggregate_why(history, &ledger_Counter_table, S("a"), S("entries[never]"), acta_at_end(),
                         f->scratch, &change, &f->error),
        ACTA_NOT_FOUND);
    assert_string_equal(f->error.text, "nothing has changed 'entries[never]' of 'a' up to that point");
    static const char *const values[] = { "rent", "\"rent\"" };
    for (int i = 0; i < 2; i++) {
        MUST(f, acta_aggregate_why_value(history, &ledger_Counter_table, S("a"), S("last_job"), acta_str_of(values[i]),
                    acta_at_end(), f->scratch, &change, &f->error));
        assert_int_equal(change.place.version, 1);
    }
    assert_int_equal(acta_aggregate_why_value(history, &ledger_Counter_table, S("a"), S("last_job"), S("ren"),
                         acta_at_end(), f->scratch, &change, &f->error),
        ACTA_NOT_FOUND);
    assert_string_equal(f->error.text, "nothing has changed 'last_job' of 'a' to ren up to that point");
    assert_int_equal(acta_aggregate_why(history, &ledger_Counter_table, S("a"), S("totle"), acta_at_end(), f->scratch,
                         &change, &f->error),
        ACTA_INVALID);
    assert_int_equal(acta_aggregate_why(history, &ledger_Counter_table, S("z"), S("total"), acta_at_end(), f->scratch,
                         &change, &f->error),
        ACTA_NOT_FOUND);
}

static bool
sum_up(void *user, const acta_recorded *recorded, const void *value)
{
    const ledger_Counter *counter_state = value;
    uint64_t *seen = user;

    assert_int_equal(recorded->version, ++*seen);
    assert_int_equal(counter_state->total, *seen);
    return *seen != 7;
}

static void
a_past_is_replayed_event_by_event(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t seen = 0;

    start_with(f, 3);
    write_past(f, 9);
    acta_history *history = acta_app_history(f->app);
    MUST(
        f, acta_aggregate_replay(history, &ledger_Counter_table, S("a"), acta_at_version(5), sum_up, &seen, &f->error));
    assert_int_equal(seen, 5);
    seen = 0;
    MUST(f, acta_aggregate_replay(history, &ledger_Counter_table, S("a"), acta_at_end(), sum_up, &seen, &f->error));
    assert_int_equal(seen, 7); /* it wanted no more */
}

/* -- removed events -- */

static void
a_past_whose_events_were_removed_says_so(void **state)
{
    fixture *f = FIXTURE(state);
    ledger_Counter counter_state;
    uint64_t count;

    start_with(f, 4);
    for (int i = 0; i < 6; i++)
        add_of_job(f, "a", 1, "x");
    acta_transaction *transaction = acta_transaction_create(acta_app_store(f->app));
    acta_transaction_limit_stream(transaction, S("Counter-a"), &(acta_stream_limits){ .from_version = 4 });
    commit(f, transaction);
    acta_history *history = acta_app_history(f->app);
    for (int is_scrubbed = 0; is_scrubbed < 2; is_scrubbed++) {
        assert_int_equal(total_at(f, "a", acta_at_end()), 6); /* from the snapshot at 4 */
        assert_int_equal(total_at(f, "a", acta_at_version(5)), 5);
        assert_int_equal(total_at(f, "a", acta_at_version(4)), 4);
        assert_int_equal(
            ledger_Counter_read_at(history, S("a"), acta_at_version(3), &counter_state, NULL, &f->error), ACTA_DELETED);
        assert_string_equal(f->error.text, "the past of 'Counter-a' can't be told: events of it from version 1 on were "
                                           "removed, and no snapshot before that point covers them");
        assert_int_equal(ledger_Counter_read_at(history, S("a"), acta_at_version(0), &counter_state, NULL, &f->error),
            ACTA_NOT_FOUND);
        assert_int_equal(
            ledger_Counter_read_at(history, S("a"), acta_at_time(1), &counter_state, NULL, &f->error), ACTA_NOT_FOUND);
        MUST(f, acta_store_scrub(acta_app_store(f->app), 0, &count, &f->error));
    }
}

/* -- a store that is only looked at -- */

static void
a_store_is_looked_at_without_an_application(void **state)
{
    fixture *f = FIXTURE(state);
    acta_history *history;
    ledger_Counter counter_state;
    acta_str text;

    start_with(f, EVERY);
    add_of_job(f, "a", 3, "rent");
    add_of_job(f, "a", 4, "food");
    stop(f);
    acta_app_config config = f->config;
    config.environment = &f->environment;
    if (f->memory)
        config.store.engine = acta_memory_engine(f->disk);
    else
        config.data_path = f->path;
    MUST(f, acta_history_open(&config, &history, &f->error));
    MUST(f, ledger_Counter_read_at(history, S("a"), acta_at_version(1), &counter_state, f->scratch, &f->error));
    assert_int_equal(counter_state.total, 3);
    MUST(f, acta_aggregate_json_at(
                history, &ledger_Counter_table, S("a"), acta_at_end(), false, f->scratch, &text, &f->error));
    assert_string_equal(text.data,
        "{\"total\": 7,\"last_job\": \"food\",\"entries\": [{\"name\": \"food\",\"amount\": 4},{\"name\": "
        "\"rent\",\"amount\": 3}]}");
    assert_int_equal(acta_store_health(acta_history_store(history), NULL), ACTA_READ_ONLY);
    acta_history_close(history);
    start(f); /* as it was */
    assert_int_equal(total_of(f, "a"), 7);
    acta_history_close(acta_app_history(f->app)); /* which does nothing */
    assert_int_equal(total_of(f, "a"), 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(a_state_is_told_as_of_a_version_a_position_and_a_time),
        manual(what_has_not_happened_yet_is_not_found),
        manual(a_difference_is_told_field_by_field),
        manual(vectors_with_a_key_are_compared_by_key),
        manual(a_change_is_traced_to_its_event_and_command),
        manual(a_past_is_replayed_event_by_event),
        manual(a_past_whose_events_were_removed_says_so),
        manual(a_store_is_looked_at_without_an_application),
    };
    return run_on_engines("time travel", tests);
}
