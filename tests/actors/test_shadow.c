/*
 * Shadow replay: a new apply over recorded events tells each field that it would make otherwise, and the first event behind
 * which; a new apply that is the same tells nothing.
 */
#include "acta/shadow.h"
#include "fixture.h"

static ledger_Counter_aggregate today, tomorrow;
static const acta_aggregate *const of_today[] = { &today.base, NULL };
static const acta_aggregate *const of_tomorrow[] = { &tomorrow.base, NULL };

/* Counts what is added in a job "free" as nothing. */
static void
not_the_free(ledger_Counter *counter, ledger_Added event, acta_memory *memory)
{
    int64_t before = counter->total;

    ledger_counter.apply.Added(counter, event, memory);
    counter->total = before + (acta_str_equal(event.job_id, S("free")) ? 0 : event.amount);
}

static void
add_of_job(fixture *f, const char *id, int64_t amount, const char *job)
{
    ledger_Add command =
        ACTA_INIT(ledger_Add, .counter_id = acta_str_of(id), .amount = amount, .job_id = acta_str_of(job));

    MUST(f, ledger_Add_dispatch(f->app, command, NULL, &f->error));
    run_all(f);
}

static void
write_past(fixture *f)
{
    today = ledger_counter;
    today.snapshot_every = 2;
    f->config.aggregates = of_today;
    start(f);
    add_of_job(f, "a", 1, "x");
    add_of_job(f, "a", 2, "y");
    add_of_job(f, "b", 1, "x");
    add_of_job(f, "b", 5, "free");
    add_of_job(f, "b", 1, "x");
    add_of_job(f, "c", 9, "free");
    stop(f);
}

static acta_history *
open_history(fixture *f, const acta_aggregate *const *aggregates)
{
    acta_app_config config = f->config;
    acta_history *history;

    config.aggregates = aggregates;
    config.environment = &f->environment;
    config.data_path = f->path;
    MUST(f, acta_history_open(&config, &history, &f->error));
    return history;
}

typedef struct told {
    char text[1024];
    uint32_t count, count_max;
} told;

static bool
tell(void *user, const acta_shadow_difference *d)
{
    told *t = user;
    size_t used = strlen(t->text);

    snprintf(t->text + used, sizeof t->text - used,
        ACTA_FMT " %" PRIu64 " " ACTA_FMT ": " ACTA_FMT " -> " ACTA_FMT "\n", ACTA_ARG(d->stream), d->place.version,
        ACTA_ARG(d->difference.path), ACTA_ARG(d->difference.before), ACTA_ARG(d->difference.after));
    return ++t->count != t->count_max;
}

static void
a_new_apply_is_compared_with_the_one_in_service(void **state)
{
    fixture *f = FIXTURE(state);
    acta_shadow_report report;
    told t = { .count = 0 };

    write_past(f);
    tomorrow = ledger_counter;
    acta_history *now = open_history(f, of_today), *then = open_history(f, of_tomorrow);
    MUST(f, acta_shadow_states(now, then, tell, &t, &report, &f->error));
    assert_string_equal(t.text, "");
    assert_int_equal(report.streams, 3);
    assert_int_equal(report.events, 6);
    assert_int_equal(report.differing, 0);
    acta_history_close(then);

    tomorrow.apply.Added = not_the_free;
    then = open_history(f, of_tomorrow);
    MUST(f, acta_shadow_states(now, then, tell, &t, &report, &f->error));
    assert_string_equal(t.text, "Counter-b 2 total: 6 -> 1\nCounter-c 1 total: 9 -> 0\n");
    assert_int_equal(report.differing, 2);
    t = (told){ .count_max = 1 };
    MUST(f, acta_shadow_states(now, then, tell, &t, NULL, &f->error));
    assert_int_equal(t.count, 1);
    acta_history_close(then);
    acta_history_close(now);
}

static void
a_new_apply_is_compared_with_snapshots(void **state)
{
    fixture *f = FIXTURE(state);
    acta_shadow_report report;
    told t = { .count = 0 };

    write_past(f);
    tomorrow = ledger_counter;
    tomorrow.apply.Added = not_the_free;
    tomorrow.snapshot_version = 2; /* it will not trust them; they are what it is compared with */
    acta_history *then = open_history(f, of_tomorrow);
    MUST(f, acta_shadow_states(NULL, then, tell, &t, &report, &f->error));
    assert_string_equal(t.text, "Counter-b 2 total: 6 -> 1\n");
    assert_int_equal(report.streams, 2);
    assert_int_equal(report.skipped, 1); /* c has none */
    acta_history_close(then);
}

/* -- commands -- */

static acta_verdict
not_more_than_ten(const ledger_Counter *counter, ledger_Add command, acta_decision *decision)
{
    if (command.amount > 10) return ledger_reject(decision, ledger_Rejection_too_much, "too much at once");
    if (command.amount == 3)
        return ledger_Added_emit(decision, ACTA_INIT(ledger_Added, .counter_id = command.counter_id, .amount = 4,
                                               .total = counter->total + 4, .job_id = command.job_id));
    return ledger_counter.execute.Add(counter, command, decision);
}

typedef struct decisions {
    char before[4][256], after[4][256];
    uint64_t versions[4];
    uint32_t count;
} decisions;

static bool
take_decision(void *user, const acta_shadow_decision *decision)
{
    decisions *d = user;
    uint32_t i = d->count++;

    assert_true(acta_str_equal(decision->command, S("ledger.Add")));
    assert_true(acta_str_equal(decision->stream, S("Counter-a")));
    d->versions[i] = decision->version;
    snprintf(d->before[i], sizeof d->before[i], ACTA_FMT, ACTA_ARG(decision->before));
    snprintf(d->after[i], sizeof d->after[i], ACTA_FMT, ACTA_ARG(decision->after));
    return d->count < 4;
}

static void
a_new_execute_is_compared_with_what_was_decided(void **state)
{
    fixture *f = FIXTURE(state);
    acta_shadow_commands_report report;
    decisions d = { .count = 0 };

    f->config.audit.is_on = true;
    f->config.aggregates = of_today;
    today = ledger_counter;
    start(f);
    add_of_job(f, "a", 2, "x");
    add_of_job(f, "a", 50, "y");
    add_of_job(f, "a", 3, "z");
    assert_int_equal(add_with(f, "a", 60, NULL), ACTA_REJECTED); /* on version 3 */
    MUST(f, ledger_Touch_dispatch(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("a")), NULL, &f->error));
    run_all(f);
    stop(f);

    tomorrow = ledger_counter;
    acta_history *then = open_history(f, of_tomorrow);
    MUST(f, acta_shadow_commands(then, NULL, take_decision, &d, &report, &f->error));
    assert_int_equal(report.commands, 5);
    assert_int_equal(report.differing, 0);
    assert_int_equal(report.skipped, 0);
    acta_history_close(then);

    tomorrow.execute.Add = not_more_than_ten;
    then = open_history(f, of_tomorrow);
    MUST(f, acta_shadow_commands(then, NULL, take_decision, &d, &report, &f->error));
    assert_int_equal(report.commands, 5);
    assert_int_equal(report.differing, 2); /* 60 is refused as before */
    assert_int_equal(d.count, 2);
    assert_non_null(strstr(d.before[0], "ledger.Added {"));
    assert_non_null(strstr(d.before[0], "50"));
    assert_string_equal(d.after[0], "rejected: too_much");
    assert_int_equal(d.versions[0], 1);
    assert_int_equal(d.versions[1], 2);
    assert_non_null(strstr(d.before[1], "\"amount\": 3"));
    assert_non_null(strstr(d.after[1], "\"amount\": 4"));

    const acta_audit_read none = { .stream = S("Counter-b") };
    MUST(f, acta_shadow_commands(then, &none, take_decision, &d, &report, &f->error));
    assert_int_equal(report.commands, 0);
    acta_history_close(then);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(a_new_apply_is_compared_with_the_one_in_service),
        manual(a_new_execute_is_compared_with_what_was_decided),
        manual(a_new_apply_is_compared_with_snapshots),
    };
    return run_on_rocksdb("shadow replay", tests);
}
