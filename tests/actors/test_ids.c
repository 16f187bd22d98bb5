/*
 * Command ids: the same id again gets the first answer, with one effect, whatever happened in between.
 */
#include "fixture.h"
#include "map.h"

static acta_dispatch_options
with_id(const char *id)
{
    return (acta_dispatch_options){ .command_id = id_of(id) };
}

static answer
ask(fixture *f, const char *counter, int64_t amount, const char *id)
{
    acta_dispatch_options options = with_id(id);
    answer a = { 0 };

    add_async(f, counter, amount, &options, &a);
    run_all(f);
    assert_int_equal(atomic_load(&a.calls), 1);
    return a;
}

static void
expect_same(const answer *first, const answer *again)
{
    assert_int_equal(again->status, first->status);
    assert_int_equal(again->version, first->version);
    assert_int_equal(again->position, first->position);
    assert_int_equal(again->code, first->code);
    assert_string_equal(again->text, first->text);
}

/* Passivate all aggregates. */
static void
forget(fixture *f)
{
    pass_ms(f, 3 * 60000);
}

/* AP-14: after success, passivation and a restart: one effect, one answer. */
static void
a_command_id_after_success_gets_the_first_answer(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    answer first = ask(f, "a", 5, "x");
    ask(f, "a", 6, "y");
    answer again = ask(f, "a", 5, "x");
    expect_same(&first, &again);
    assert_int_equal(first.version, 1);
    forget(f);
    again = ask(f, "a", 5, "x");
    expect_same(&first, &again);
    assert_int_equal(fold_counter(f, "a"), 11);
}

/* AP-14: the first rejection again. */
static void
a_command_id_after_a_rejection_gets_the_first_rejection(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    ask(f, "a", 90, "fill");
    answer first = ask(f, "a", 20, "x");
    assert_int_equal(first.status, ACTA_REJECTED);
    assert_int_equal(first.code, ledger_Rejection_too_much);
    add_async(f, "a", -90, NULL, &(answer){ 0 }); /* now there would be room */
    run_all(f);
    answer again = ask(f, "a", 20, "x");
    expect_same(&first, &again);
    forget(f);
    again = ask(f, "a", 20, "x");
    expect_same(&first, &again);
    assert_int_equal(fold_counter(f, "a"), 0);
}

static void
a_command_id_without_events_is_kept_too(void **state)
{
    fixture *f = FIXTURE(state);
    acta_dispatch_options options = with_id("x");
    answer answers[2] = { { 0 } };

    start(f);
    ask(f, "a", 1, "first");
    for (int i = 0; i < 2; i++) {
        ledger_Touch_dispatch_async(
            f->app, ACTA_INIT(ledger_Touch, .counter_id = S("a")), &options, take_answer, &answers[i]);
        run_all(f);
        assert_int_equal(answers[i].status, ACTA_OK);
        assert_int_equal(answers[i].version, 1);
        assert_int_equal(answers[i].position, 0);
        ask(f, "a", 1, "second");
    }
    assert_int_equal(fold_counter(f, "a"), 2);
}

/* AP-14: with other content it is refused. */
static void
a_command_id_with_another_payload_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    char id[ACTA_ID_TEXT_SIZE], text[256];

    start(f);
    ask(f, "a", 5, "x");
    answer reused = ask(f, "a", 6, "x");
    assert_int_equal(reused.status, ACTA_COMMAND_ID_REUSED);
    snprintf(text, sizeof text,
        "command id %s was used before, with another command or other content; give each command an id of its own",
        acta_id_format(id_of("x"), id));
    assert_string_equal(reused.text, text);
    reused = ask(f, "b", 5, "x"); /* the same content for another aggregate */
    assert_int_equal(reused.status, ACTA_COMMAND_ID_REUSED);
    forget(f);
    reused = ask(f, "a", 6, "x");
    assert_int_equal(reused.status, ACTA_COMMAND_ID_REUSED);
    assert_int_equal(fold_counter(f, "a"), 5);
    assert_int_equal(fold_counter(f, "b"), 0);
}

/* AP-14: at the same time: the second waits for the first, and is answered as it is. */
static void
twins_under_way_have_one_effect_and_one_answer(void **state)
{
    fixture *f = FIXTURE(state);
    acta_dispatch_options options = with_id("x");
    answer answers[4] = { { 0 } }, other = { 0 };

    start(f);
    for (int i = 0; i < 4; i++)
        add_async(f, "a", 5, &options, &answers[i]);
    add_async(f, "a", 6, &options, &other);
    run_actors(f);
    for (int i = 0; i < 4; i++)
        assert_int_equal(atomic_load(&answers[i].calls), 0);
    assert_int_equal(atomic_load(&other.calls), 0);
    run_all(f);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(answers[i].status, ACTA_OK);
        expect_same(&answers[0], &answers[i]);
    }
    assert_int_equal(other.status, ACTA_COMMAND_ID_REUSED);
    assert_int_equal(fold_counter(f, "a"), 5);
    acta_store_stats stats;
    acta_store_stats_read(acta_app_store(f->app), &stats);
    assert_int_equal(stats.refused, 0); /* it was not left to the committer to find out */
}

/* The first twin's append fails, so both are decided again; still one effect. */
static void
twins_whose_append_fails_have_one_effect_and_one_answer(void **state)
{
    fixture *f = FIXTURE(state);
    acta_dispatch_options options = with_id("x");
    answer answers[3] = { { 0 } };

    start(f);
    assert_int_equal(total_of(f, "a"), 0);
    MUST(f, acta_store_submit(acta_app_store(f->app), foreign_add(f, "a", 7, 7), NULL, NULL, &f->error));
    for (int i = 0; i < 3; i++)
        add_async(f, "a", 5, &options, &answers[i]);
    run_all(f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(answers[i].status, ACTA_OK);
        assert_int_equal(answers[i].version, 2);
        expect_same(&answers[0], &answers[i]);
    }
    assert_int_equal(fold_counter(f, "a"), 12);
}

/* The first twin's actor fails with its append under way; the next incarnation can't know of it. The committer does. */
static void
twins_of_two_incarnations_have_one_effect_and_one_answer(void **state)
{
    fixture *f = FIXTURE(state);
    acta_dispatch_options options = with_id("x");
    answer first = { 0 }, broken = { 0 }, again = { 0 }, behind = { 0 };

    start(f);
    add_async(f, "a", 5, &options, &first);
    ledger_Break_dispatch_async(f->app, ACTA_INIT(ledger_Break, .counter_id = S("a")), NULL, take_answer, &broken);
    run_actors(f);
    assert_int_equal(broken.status, ACTA_FAILED);
    add_async(f, "a", 5, &options, &again);
    add_async(f, "a", 1, NULL, &behind);
    run_all(f);
    assert_int_equal(first.status, ACTA_OK);
    expect_same(&first, &again);
    assert_int_equal(behind.status, ACTA_OK);
    assert_int_equal(fold_counter(f, "a"), 6);
}

/* The process dies at each step of a command with an id; asked again, it has one effect, and answers the same ever after. */
static void
a_command_id_after_a_crash_has_one_effect(void **state)
{
    fixture *f = FIXTURE(state);
    acta_dispatch_options options = with_id("x"), rejected = with_id("y");
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps++) {
        char counter[32], id[32], other[32];
        answer a = { 0 }, b = { 0 };
        snprintf(counter, sizeof counter, "c%u", steps);
        snprintf(id, sizeof id, "x%u", steps);
        snprintf(other, sizeof other, "y%u", steps);
        options = with_id(id);
        rejected = with_id(other);

        start(f);
        add_async(f, counter, 60, &options, &a);
        add_async(f, counter, 70, &rejected, &b);
        uint32_t taken = 0;
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        crash(f);

        start(f);
        answer again_a = ask(f, counter, 60, id), again_b = ask(f, counter, 70, other);
        assert_int_equal(again_a.status, ACTA_OK);
        assert_int_equal(again_b.status, ACTA_REJECTED);
        if (atomic_load(&a.calls) > 0) expect_same(&a, &again_a);
        if (atomic_load(&b.calls) > 0) expect_same(&b, &again_b);
        assert_int_equal(fold_counter(f, counter), 60);
        crash(f);
        assert_true(steps < 200);
    }
}

/* Outcomes go when they are old enough, and not before. */
static void
old_outcomes_go_when_their_time_has_come(void **state)
{
    fixture *f = FIXTURE(state);
    acta_outcome outcome;

    f->config.command_id_retention_ms = 10 * 60000;
    start(f);
    ask(f, "a", 1, "x");
    pass_ms(f, 9 * 60000);
    MUST(f, acta_store_outcome(acta_app_store(f->app), id_of("x"), &outcome, &f->error));
    ask(f, "a", 1, "y");
    pass_ms(f, 3 * 60000);
    assert_int_equal(acta_store_outcome(acta_app_store(f->app), id_of("x"), &outcome, &f->error), ACTA_NOT_FOUND);
    MUST(f, acta_store_outcome(acta_app_store(f->app), id_of("y"), &outcome, &f->error));
    assert_int_equal(outcome.version, 2);
}

/* An id that dispatch made up is told to nobody, so nobody asks again. */
static void
an_id_that_was_not_given_leaves_no_outcome(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    add(f, "a", 1);
    assert_int_equal(add_with(f, "a", 200, NULL), ACTA_REJECTED);
    assert_int_equal(count_rows(f, "outcomes"), 0);
}

/* -- no memory for a rejection -- */

enum { ERROR_CLASS = 768 /* bytes of the spare that an error takes (acta/spares.h) */ };
static_assert(sizeof(acta_error) <= ERROR_CLASS && sizeof(acta_error) > 512, "the class of errors");
static bool rejections_find_no_memory;
static int blocks_before; /* of that class, that are asked for before the error is */

static void *
alloc_but_errors(void *user, size_t size)
{
    (void)user;
    bool is_error = size == sizeof(acta_error) || (size == ERROR_CLASS && blocks_before-- == 0);
    return rejections_find_no_memory && is_error ? NULL : malloc(size);
}

static void
free_any(void *user, void *block, size_t size)
{
    (void)user;
    (void)size;
    free(block);
}

/* A rejection is its code: where that can't be kept the command isn't rejected, and is decided when it is asked again. */
static void
a_rejection_is_never_without_its_code(void **state)
{
    fixture *f = FIXTURE(state);

    f->environment.allocator = (acta_allocator){ .alloc = alloc_but_errors, .free = free_any };
    start(f);
    rejections_find_no_memory = true;
    blocks_before = 1; /* what it is decided in */
    answer first = ask(f, "a", 200, "x");
    assert_int_equal(first.status, ACTA_NO_MEMORY);
    rejections_find_no_memory = false;
    answer second = ask(f, "a", 200, "x");
    assert_int_equal(second.status, ACTA_REJECTED);
    assert_int_not_equal(second.code, 0);
    stop(f);
    start(f); /* without a spare of before */
    rejections_find_no_memory = true;
    blocks_before = 0;
    first = ask(f, "a", 200, "x"); /* of what is kept */
    assert_int_equal(first.status, ACTA_NO_MEMORY);
    rejections_find_no_memory = false;
    answer third = ask(f, "a", 200, "x");
    expect_same(&second, &third);
}

/* -- maps by chosen keys -- */

enum { CHAIN = 64, CHAIN_MASK = 0xff };

/* SEC-10: keys that all fall into one chain of a map fall into many of one with another seed, which nobody knows. */
static void
keys_chosen_for_one_seed_do_not_meet_under_another(void **state)
{
    (void)state;
    const acta_environment environment = acta_environment_or_default(NULL);
    static char keys[CHAIN][32];
    static acti_map_node nodes[CHAIN];
    acti_map known, unknown;
    uint32_t met = 0, together = 0;

    acti_map_init(&known, &environment.allocator, 4711);
    acti_map_init(&unknown, &environment.allocator, 4712);
    for (uint32_t i = 0; met < CHAIN; i++) {
        snprintf(keys[met], sizeof keys[met], "Account-%u-of-somebody", i);
        acti_map_add(&known, &nodes[met], acta_str_of(keys[met]));
        acti_map_remove(&known, &nodes[met]);
        met += (nodes[met].hash & CHAIN_MASK) == 0;
    }
    for (uint32_t i = 0; i < CHAIN; i++) {
        acti_map_add(&unknown, &nodes[i], acta_str_of(keys[i]));
        together += (nodes[i].hash & CHAIN_MASK) == 0;
    }
    assert_in_range(together, 0, CHAIN / 8);
    for (uint32_t i = 0; i < CHAIN; i++)
        assert_ptr_equal(acti_map_find(&unknown, acta_str_of(keys[i])), &nodes[i]);
    acti_map_deinit(&known);
    acti_map_deinit(&unknown);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(a_command_id_after_success_gets_the_first_answer),
        manual(a_command_id_after_a_rejection_gets_the_first_rejection),
        manual(a_command_id_without_events_is_kept_too),
        manual(a_command_id_with_another_payload_is_refused),
        manual(twins_under_way_have_one_effect_and_one_answer),
        manual(twins_whose_append_fails_have_one_effect_and_one_answer),
        manual(twins_of_two_incarnations_have_one_effect_and_one_answer),
        manual(a_command_id_after_a_crash_has_one_effect),
        manual(old_outcomes_go_when_their_time_has_come),
        manual(an_id_that_was_not_given_leaves_no_outcome),
        manual(a_rejection_is_never_without_its_code),
        cmocka_unit_test(keys_chosen_for_one_seed_do_not_meet_under_another),
    };
    return run_on_engines("command ids", tests);
}
