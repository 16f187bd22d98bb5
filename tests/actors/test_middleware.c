/*
 * Middleware: its functions stand around every command, in their order, each once; they may answer it, change what goes with
 * it, and keep something on the way. Over acta_dispatch, _async, _json, and for the commands of process managers.
 */
#include "fixture.h"

/* -- what ran, as words -- */

typedef struct watcher {
    const char *name;
} watcher;

enum { WORDS_MAX = 4096 };
static char words[WORDS_MAX]; /* of all watchers of a test: "1.before.Add " … */

static void
say(const watcher *w, const acta_passage *passage, const char *what)
{
    size_t used = strlen(words);
    const char *dot = strrchr(acta_passage_command(passage)->name, '.');

    snprintf(words + used, sizeof words - used, "%s.%s.%s ", w->name, what, dot + 1);
}

static void
see_before(acta_passage *passage, void *user)
{
    assert_int_equal(acta_passage_status(passage), ACTA_OK);
    assert_null(acta_passage_error(passage));
    say(user, passage, "before");
}

static void
see_after(acta_passage *passage, void *user)
{
    assert_int_equal(acta_passage_status(passage), ACTA_OK);
    say(user, passage, "after");
}

static void
see_failure(acta_passage *passage, void *user)
{
    assert_int_not_equal(acta_passage_status(passage), ACTA_OK);
    assert_int_equal(acta_passage_error(passage)->status, acta_passage_status(passage));
    say(user, passage, "failure");
}

static watcher first_watcher = { "1" }, last_watcher = { "2" }, guard_watcher = { "guard" };
#define WATCHES(who) .before = see_before, .after = see_after, .failure = see_failure, .user = &(who)
static const acta_middleware first = { .name = "first", WATCHES(first_watcher) };
static const acta_middleware last = { .name = "last", WATCHES(last_watcher) };

static void
expect_words(const char *expected)
{
    assert_string_equal(words, expected);
    words[0] = '\0';
}

static void
start_with(fixture *f, const acta_middleware *const *middleware)
{
    words[0] = '\0';
    f->config.middleware = middleware;
    start(f);
}

/* -- order -- */

/* AP-19: before in the order of definition, after and failure in the opposite one, one of the two for each. */
static void
they_stand_around_each_command_like_shells(void **state)
{
    static const acta_middleware *const both[] = { &first, &last, NULL };
    fixture *f = FIXTURE(state);
    answer told = { .calls = 0 };

    start_with(f, both);
    add(f, "a", 60);
    expect_words("1.before.Add 2.before.Add 2.after.Add 1.after.Add ");
    assert_int_equal(add_with(f, "a", 50, NULL), ACTA_REJECTED);
    assert_int_equal(f->error.code, ledger_Rejection_too_much);
    expect_words("1.before.Add 2.before.Add 2.failure.Add 1.failure.Add ");

    add_async(f, "a", 50, NULL, &told);
    run_all(f);
    assert_int_equal(told.calls, 1);
    assert_int_equal(told.status, ACTA_REJECTED);
    assert_int_equal(told.code, ledger_Rejection_too_much);
    expect_words("1.before.Add 2.before.Add 2.failure.Add 1.failure.Add ");

    MUST(f, acta_dispatch_json(f->app, S("Touch"), S("{\"counter_id\": \"a\"}"), NULL, &f->error));
    expect_words("1.before.Touch 2.before.Touch 2.after.Touch 1.after.Touch ");
}

/* AP-19: an aggregate that dies ends in failure, and so does a deadline. */
static void
an_aggregate_that_dies_calls_failure(void **state)
{
    static const acta_middleware *const one[] = { &first, NULL };
    fixture *f = FIXTURE(state);
    answer told = { .calls = 0 };

    start_with(f, one);
    acta_status status = ledger_Break_dispatch(f->app, ACTA_INIT(ledger_Break, .counter_id = S("a")), NULL, &f->error);
    assert_int_equal(status, ACTA_FAILED);
    expect_words("1.before.Break 1.failure.Break ");

    add_async(f, "a", 1, &(acta_dispatch_options){ .timeout_ms = 10 }, &told);
    run_actors(f); /* decided, and not written */
    f->now_ns += 20 * UINT64_C(1000000);
    run_actors(f);
    assert_int_equal(told.status, ACTA_TIMEOUT);
    expect_words("1.before.Add 1.failure.Add ");
    run_all(f); /* it takes effect all the same, and nobody hears of it twice */
    assert_int_equal(fold_counter(f, "a"), 1);
    assert_int_equal(told.calls, 1);
    expect_words("");
}

/* What never became a command passes nobody. */
static void
what_could_not_be_encoded_passes_nobody(void **state)
{
    static const acta_middleware *const one[] = { &first, NULL };
    fixture *f = FIXTURE(state);

    start_with(f, one);
    assert_int_equal(add_with(f, "", 1, NULL), ACTA_INVALID);
    expect_words("");
}

/* -- answering -- */

static void
refuse_all(acta_passage *passage, void *user)
{
    (void)user;
    acta_passage_respond(passage, ACTA_REJECTED, 401, "unknown_user", "who is %s?", "it");
}

static void
accept_all(acta_passage *passage, void *user)
{
    (void)user;
    acta_passage_respond(passage, ACTA_OK, 0, NULL, "nothing to say");
}

/* AP-19: halt with a response of its own: nothing behind it hears of the command, and those before it do. */
static void
one_that_responds_keeps_the_command_from_all_behind_it(void **state)
{
    static const acta_middleware guard = {
        .name = "guard", .before = refuse_all, .failure = see_failure, .user = &guard_watcher
    };
    static const acta_middleware *const all[] = { &first, &guard, &last, NULL };
    fixture *f = FIXTURE(state);
    answer told = { .calls = 0 };
    const acta_dispatch_options options = { .command_id = id_of("once") };

    start_with(f, all);
    assert_int_equal(add_with(f, "a", 1, &options), ACTA_REJECTED);
    assert_int_equal(f->error.code, 401);
    assert_string_equal(f->error.where, "unknown_user");
    assert_string_equal(f->error.text, "who is it?");
    expect_words("1.before.Add guard.failure.Add 1.failure.Add ");
    assert_int_equal(version_of(f, "Counter-a"), 0);
    acta_outcome outcome;
    assert_int_equal(acta_store_outcome(acta_app_store(f->app), options.command_id, &outcome, NULL), ACTA_NOT_FOUND);

    add_async(f, "a", 1, NULL, &told);
    assert_int_equal(told.calls, 1);
    assert_int_equal(told.code, 401);
    expect_words("1.before.Add guard.failure.Add 1.failure.Add ");
    settle(f); /* none of them is counted as under way */
}

static void
one_may_accept_a_command_itself(void **state)
{
    static const acta_middleware cache = { .name = "cache", .before = accept_all };
    static const acta_middleware *const all[] = { &first, &cache, &last, NULL };
    fixture *f = FIXTURE(state);
    answer told = { .calls = 0 };
    uint64_t version = 99;

    start_with(f, all);
    MUST(f, add_with(f, "a", 1, &(acta_dispatch_options){ .version_out = &version }));
    assert_int_equal(version, 0);
    add_async(f, "a", 1, NULL, &told);
    assert_int_equal(told.status, ACTA_OK);
    expect_words("1.before.Add 1.after.Add 1.before.Add 1.after.Add ");
    assert_int_equal(version_of(f, "Counter-a"), 0);
}

/* An answer may be changed on its way back, and who comes after that sees the changed one. */
static void
an_answer_may_be_changed_on_its_way_back(void **state)
{
    static const acta_middleware softener = { .name = "softener", .failure = accept_all };
    static const acta_middleware hardener = { .name = "hardener", .after = refuse_all };
    static const acta_middleware *const soft[] = { &first, &softener, NULL };
    static const acta_middleware *const hard[] = { &first, &hardener, NULL };
    fixture *f = FIXTURE(state);

    start_with(f, soft);
    MUST(f, add_with(f, "a", 101, NULL));
    expect_words("1.before.Add 1.after.Add ");
    stop(f);

    start_with(f, hard);
    assert_int_equal(add_with(f, "a", 5, NULL), ACTA_REJECTED);
    assert_int_equal(f->error.code, 401);
    expect_words("1.before.Add 1.failure.Add ");
    assert_int_equal(fold_counter(f, "a"), 5); /* it is stored */
}

/* -- changing -- */

static void
add_user(acta_passage *passage, void *user)
{
    fixture *f = user;

    MUST(f, acta_passage_set_metadata(passage, S("user"), S("alice"), &f->error));
    MUST(f, acta_passage_set_metadata(passage, S("from"), S("10.0.0.7"), &f->error));
    MUST(f, acta_passage_set_metadata(passage, S("user"), S("bob"), &f->error));
    MUST(f, acta_passage_set_metadata(passage, S("given"), (acta_str){ .data = NULL }, &f->error));
    assert_int_equal(acta_passage_set_metadata(passage, S("a b"), S("x"), &f->error), ACTA_INVALID);
    assert_int_equal(acta_passage_set_metadata(passage, S("ab"), S("line\n"), &f->error), ACTA_INVALID);
    if (!acta_passage_is_of_manager(passage))
        MUST(f, acta_passage_set_ids(passage, id_of("mine"), id_of("talk"), id_of("cause"), &f->error));
    else
        assert_int_equal(
            acta_passage_set_ids(passage, id_of("mine"), id_of("talk"), id_of("cause"), &f->error), ACTA_INVALID);
}

static void
cannot_change_late(acta_passage *passage, void *user)
{
    fixture *f = user;

    assert_int_equal(acta_passage_set_metadata(passage, S("user"), S("eve"), &f->error), ACTA_INVALID);
    assert_int_equal(acta_passage_set_ids(passage, id_of("x"), id_of("y"), id_of("z"), &f->error), ACTA_INVALID);
}

/* AP-19: metadata and ids that `before` sets are those of the events; an id makes the outcome one that is kept. */
static void
before_changes_what_goes_with_the_events(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_middleware enricher = { .name = "enricher", .before = add_user, .after = cannot_change_late, .user = f };
    const acta_middleware *const all[] = { &enricher, NULL };
    const acta_metadata_entry given[] = { { S("given"), S("1") }, { S("kept"), S("2") } };
    acta_cursor *cursor;
    acta_recorded event;

    start_with(f, all);
    MUST(f, add_with(f, "a", 5, &(acta_dispatch_options){ .metadata = given, .metadata_count = 2 }));
    MUST(f, add_with(f, "a", 5, NULL)); /* the same id: it was done already */
    assert_int_equal(fold_counter(f, "a"), 5);

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .stream = S("Counter-a") }, &cursor, &f->error));
    MUST(f, acta_cursor_next(cursor, &event, &f->error));
    assert_true(acta_id_equal(event.causation_id, id_of("mine")));
    assert_true(acta_id_equal(event.correlation_id, id_of("talk")));
    assert_true(acta_str_equal(acta_metadata_find(event.metadata, S("user")), S("bob")));
    assert_true(acta_str_equal(acta_metadata_find(event.metadata, S("from")), S("10.0.0.7")));
    assert_true(acta_str_equal(acta_metadata_find(event.metadata, S("kept")), S("2")));
    assert_null(acta_metadata_find(event.metadata, S("given")).data);
    acta_cursor_close(cursor);
}

/* -- keeping -- */

static void
keep_number(acta_passage *passage, void *user)
{
    fixture *f = user;
    uint64_t number = 41;

    MUST(f, acta_passage_assign(passage, "number", &number, sizeof number, &f->error));
    number = 42;
    MUST(f, acta_passage_assign(passage, "number", &number, sizeof number, &f->error));
    MUST(f, acta_passage_assign(passage, "word", "hello", 6, &f->error));
}

static void
find_number(acta_passage *passage, void *user)
{
    const uint64_t *number = acta_passage_assigned(passage, "number");
    ledger_Add add;
    (void)user;

    assert_non_null(number);
    assert_int_equal(*number, 42);
    assert_string_equal(acta_passage_assigned(passage, "word"), "hello");
    assert_null(acta_passage_assigned(passage, "nothing"));
    assert_ptr_equal(acta_passage_command(passage), &ledger_Add_table);
    ledger_Add_read(acta_passage_payload(passage), &add);
    assert_int_equal(add.amount, 5);
    assert_true(acta_str_equal(acta_passage_stream(passage), S("Counter-a")));
    assert_int_equal(acta_passage_version(passage), 1);
    assert_int_equal(acta_passage_position(passage), 1);
    strcat(words, "found ");
}

static void
what_before_keeps_after_finds(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_middleware keeper = { .name = "keeper", .before = keep_number, .after = find_number, .user = f };
    const acta_middleware *const all[] = { &keeper, NULL };

    start_with(f, all);
    add(f, "a", 5);
    expect_words("found ");
}

/* -- process managers -- */

static void
with_jobs(fixture *f)
{
    static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
    f->config.process_managers = managers;
}

/* Commands of process managers pass like those of callers. */
static void
commands_of_process_managers_pass_too(void **state)
{
    static const acta_middleware *const one[] = { &first, NULL };
    fixture *f = FIXTURE(state);

    with_jobs(f);
    start_with(f, one);
    MUST(f, start_job(f, "j", (const char *const[]){ "a", "b" }, 2, 1));
    settle(f);
    expect_words("1.before.StartJob 1.after.StartJob 1.before.Add 1.after.Add 1.before.Add 1.after.Add "
                 "1.before.EndJob 1.after.EndJob ");
    assert_int_equal(count_events(f, &ledger_JobEnded_table, "j"), 1);
}

static void
refuse_adds(acta_passage *passage, void *user)
{
    (void)user;
    if (acta_passage_command(passage) != &ledger_Add_table) return;
    assert_true(acta_passage_is_of_manager(passage));
    acta_passage_respond(passage, ACTA_REJECTED, ledger_Rejection_too_much, "too_much", "no more additions");
}

/* One that is refused on the way is for its error function, as a rejection by the aggregate is. */
static void
a_refused_command_of_a_process_manager_is_its_error_to_handle(void **state)
{
    static const acta_middleware guard = { .name = "guard", .before = refuse_adds };
    static const acta_middleware *const all[] = { &first, &guard, NULL };
    fixture *f = FIXTURE(state);

    with_jobs(f);
    start_with(f, all);
    MUST(f, start_job(f, "j", (const char *const[]){ "a", "b" }, 2, 1));
    settle(f);
    assert_int_equal(version_of(f, "Counter-a"), 0);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, "j"), 1);
    assert_non_null(strstr(words, "1.before.Add 1.failure.Add 1.before.EndJob 1.after.EndJob "));
}

/* Every `before` has its end, also when the application stops while a process manager waits for an answer. */
static void
each_before_has_one_end(void **state)
{
    static const acta_middleware *const one[] = { &first, NULL };
    fixture *f = FIXTURE(state);

    for (uint32_t steps = 0; steps < 60; steps += 3) {
        char job[16];
        snprintf(job, sizeof job, "j%" PRIu32, steps);
        with_jobs(f);
        start_with(f, one);
        MUST(f, start_job(f, job, (const char *const[]){ "a", "b" }, 2, 1));
        for (uint32_t i = 0; i < steps; i++)
            step(f);
        stop(f);
        uint32_t begun = 0, ended = 0;
        for (const char *at = words; (at = strstr(at, ".before.")) != NULL; at++)
            begun++;
        for (const char *at = words; (at = strstr(at, ".after.")) != NULL; at++)
            ended++;
        for (const char *at = words; (at = strstr(at, ".failure.")) != NULL; at++)
            ended++;
        assert_true(begun > 0);
        assert_int_equal(begun, ended);
    }
    start_with(f, one);
    settle(f);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, NULL), 20);
}

/* -- no memory -- */

typedef struct scarce {
    uint64_t count, fails_at;
} scarce;

static void *
scarce_alloc(void *user, size_t size)
{
    scarce *s = user;
    return s->fails_at != 0 && ++s->count == s->fails_at ? NULL : malloc(size);
}

static void
scarce_free(void *user, void *block, size_t size)
{
    (void)user;
    (void)size;
    free(block);
}

static void
set_one(acta_passage *passage, void *user)
{
    acta_error error;
    (void)user;

    if (acta_passage_set_metadata(passage, S("user"), S("alice"), &error) != ACTA_OK ||
        acta_passage_assign(passage, "a", "b", 2, &error) != ACTA_OK)
        acta_passage_respond(passage, error.status, 0, NULL, "%s", error.text);
}

/* Wherever there is no memory on the way, the command is refused or done, whole. */
static void
without_memory_a_command_is_done_or_refused(void **state)
{
    static const acta_middleware setter = { .name = "setter", .before = set_one };
    static const acta_middleware *const all[] = { &setter, NULL };
    fixture *f = FIXTURE(state);
    static scarce s; /* outlives the test: the application stops behind it */
    uint64_t done = 0;

    s = (scarce){ .count = 0 };
    f->environment.allocator = (acta_allocator){ .alloc = scarce_alloc, .free = scarce_free, .user = &s };
    start_with(f, all);
    for (uint64_t fails_at = 1; fails_at < 60 && done < 90; fails_at++) {
        s.count = 0;
        s.fails_at = fails_at;
        acta_status status = add_with(f, "a", 1, NULL);
        s.fails_at = 0;
        run_all(f);
        if (status == ACTA_OK) done++;
        assert_int_equal(fold_counter(f, "a"), done);
    }
    assert_true(done > 0 && done < 59);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(they_stand_around_each_command_like_shells),
        manual(an_aggregate_that_dies_calls_failure),
        manual(what_could_not_be_encoded_passes_nobody),
        manual(one_that_responds_keeps_the_command_from_all_behind_it),
        manual(one_may_accept_a_command_itself),
        manual(an_answer_may_be_changed_on_its_way_back),
        manual(before_changes_what_goes_with_the_events),
        manual(what_before_keeps_after_finds),
        manual(commands_of_process_managers_pass_too),
        manual(a_refused_command_of_a_process_manager_is_its_error_to_handle),
        manual(each_before_has_one_end),
        manual(without_memory_a_command_is_done_or_refused),
    };
    return run_on_memory("middleware", tests);
}
