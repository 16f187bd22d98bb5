/*
 * Pipelining: an aggregate decides on the state as it will be, while appends are under way; and what becomes of that when
 * one of them fails. Driven step by step: run_actors lets all actors have their turns while the store does nothing, run_all
 * lets it commit.
 */
#include "acta/gen_server.h"
#include "fixture.h"

/* Appends of `count` commands are under way, none is durable. */
static void
send_adds(fixture *f, const char *counter, const int64_t *amounts, uint32_t count, answer *answers)
{
    for (uint32_t i = 0; i < count; i++)
        add_async(f, counter, amounts[i], NULL, &answers[i]);
    run_actors(f);
}

static void
submit(fixture *f, acta_transaction *transaction)
{
    MUST(f, acta_store_submit(acta_app_store(f->app), transaction, NULL, NULL, &f->error));
}

static bool
is_answered(const answer *a)
{
    return atomic_load(&a->calls) > 0;
}

/* -- the sunny side -- */

static void
commands_go_on_while_appends_are_under_way(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[5] = { { 0 } };
    acta_store_stats before, stats;

    start(f);
    acta_store_stats_read(acta_app_store(f->app), &before);
    send_adds(f, "a", (int64_t[]){ 1, 2, 3, 4, 5 }, 5, answers);
    for (int i = 0; i < 5; i++)
        assert_false(is_answered(&answers[i]));
    run_all(f);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(answers[i].status, ACTA_OK);
        assert_int_equal(answers[i].version, i + 1);
        assert_int_equal(answers[i].order, i + 1);
    }
    assert_int_equal(fold_counter(f, "a"), 15);
    acta_store_stats_read(acta_app_store(f->app), &stats);
    assert_int_equal(stats.syncs - before.syncs, 1); /* one sync for all five */
}

/* AP-13: a rejection leaves after the sync of all that the state contains */
static void
a_rejection_waits_for_the_appends_that_it_rests_on(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[2] = { { 0 } };

    start(f);
    send_adds(f, "a", (int64_t[]){ 90, 20 }, 2, answers);
    assert_false(is_answered(&answers[1]));
    run_all(f);
    assert_int_equal(answers[0].status, ACTA_OK);
    assert_int_equal(answers[1].status, ACTA_REJECTED);
    assert_string_equal(answers[1].text, "the total is 90 of 100");
    assert_true(answers[0].order < answers[1].order);
}

/* -- conflicts -- */

/*
 * AP-13: a foreign event takes the place of append 1 (expected version 0). Append 2 expects version 1, which is just what
 * the stream is at by then: by its version alone it would be let in, on a state that has never been.
 */
static void
a_pipelined_append_after_a_conflict_whose_version_matches_by_accident_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[2] = { { 0 } };

    start(f);
    assert_int_equal(total_of(f, "a"), 0); /* it runs, and is at version 0 */
    submit(f, foreign_add(f, "a", 7, 7));
    send_adds(f, "a", (int64_t[]){ 10, 20 }, 2, answers);
    run_all(f);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(atomic_load(&answers[i].calls), 1);
        assert_int_equal(answers[i].status, ACTA_OK);
        assert_int_equal(answers[i].version, i + 2); /* in their order, behind the foreign one */
    }
    assert_int_equal(fold_counter(f, "a"), 37);
    assert_int_equal(total_of(f, "a"), 37);

    acta_store_stats stats;
    acta_store_stats_read(acta_app_store(f->app), &stats);
    assert_int_equal(stats.conflicts, 2);
}

/* AP-13: 90 was to come first, so 20 more were too much. Then 90 itself is too much, and 20 is not. */
static void
a_rejection_that_rested_on_an_append_that_failed_is_computed_again(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[2] = { { 0 } };

    start(f);
    assert_int_equal(total_of(f, "a"), 0);
    submit(f, foreign_add(f, "a", 50, 50));
    send_adds(f, "a", (int64_t[]){ 90, 20 }, 2, answers);
    run_all(f);
    assert_int_equal(answers[0].status, ACTA_REJECTED);
    assert_int_equal(answers[1].status, ACTA_OK);
    assert_int_equal(fold_counter(f, "a"), 70);
}

static answer read_answer;
static int64_t read_total;

/* AP-13: a read on a thread of its own would be natural; here the same question is asked by an asynchronous Touch, whose
 * version is that of the state that it saw. */
static void
a_read_that_rested_on_an_append_that_failed_is_computed_again(void **state)
{
    fixture *f = FIXTURE(state);
    answer added = { 0 };

    memset(&read_answer, 0, sizeof read_answer);
    start(f);
    assert_int_equal(total_of(f, "a"), 0);
    submit(f, foreign_add(f, "a", 60, 60));
    add_async(f, "a", 50, NULL, &added);
    ledger_Touch_dispatch_async(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("a")), NULL, take_answer, &read_answer);
    run_actors(f);
    read_total = total_of(f, "a"); /* pumps until it is there */
    assert_int_equal(added.status, ACTA_REJECTED);
    assert_int_equal(read_answer.status, ACTA_OK);
    assert_int_equal(read_answer.version, 1);
    assert_int_equal(read_total, 60);
}

/* AP-08: read again and decided again on the new state, at most so many times */
static void
a_command_that_always_meets_another_writer_is_given_up(void **state)
{
    fixture *f = FIXTURE(state);
    answer a = { 0 };

    f->config.conflict_retry_max = 3;
    start(f);
    add_against_others(f, "a", &a);
    assert_int_equal(a.status, ACTA_CONFLICT);
    assert_non_null(strstr(a.text, "was changed by another writer each of the 4 times"));
    assert_int_equal(version_of(f, "Counter-a"), 4);
    add(f, "a", 1);
    assert_int_equal(version_of(f, "Counter-a"), 5);
}

/* -- failures of the actor -- */

static void
break_async(fixture *f, const char *counter, answer *a)
{
    ledger_Break_dispatch_async(
        f->app, ACTA_INIT(ledger_Break, .counter_id = acta_str_of(counter)), NULL, take_answer, a);
}

static void
a_failing_decision_leaves_the_others_their_answers(void **state)
{
    fixture *f = FIXTURE(state);
    answer before[3] = { { 0 } }, broken = { 0 }, after[3] = { { 0 } };

    start(f);
    for (int i = 0; i < 3; i++)
        add_async(f, "a", 10, NULL, &before[i]);
    break_async(f, "a", &broken);
    for (int i = 0; i < 3; i++)
        add_async(f, "a", 1, NULL, &after[i]);
    run_actors(f);
    assert_int_equal(broken.status, ACTA_FAILED); /* at once */
    for (int i = 0; i < 3; i++)
        assert_false(is_answered(&before[i])); /* their appends are under way */
    run_all(f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(before[i].status, ACTA_OK);
        assert_int_equal(after[i].status, ACTA_OK);
        assert_int_equal(atomic_load(&before[i].calls), 1);
        assert_int_equal(atomic_load(&after[i].calls), 1);
    }
    assert_int_equal(fold_counter(f, "a"), 33);
}

/*
 * An append is under way when its actor fails. The next incarnation reads the stream without it, which is right: nobody was
 * told of it. But once its caller is told, nobody may see a state without it.
 */
static void
an_append_that_outlives_its_actor_is_seen_by_whoever_was_told_of_it(void **state)
{
    fixture *f = FIXTURE(state);
    answer orphan = { 0 }, broken = { 0 }, early = { 0 }, late = { 0 };

    start(f);
    add_async(f, "a", 30, NULL, &orphan);
    break_async(f, "a", &broken);
    run_actors(f);
    assert_int_equal(broken.status, ACTA_FAILED);
    ledger_Touch_dispatch_async(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("a")), NULL, take_answer, &early);
    run_actors(f);
    assert_int_equal(early.status, ACTA_OK);
    assert_int_equal(early.version, 0); /* the new incarnation is there, and at version 0 */
    assert_false(is_answered(&orphan));
    while (!is_answered(&orphan))
        assert_true(acta_store_step(acta_app_store(f->app))); /* no actor has a turn */
    assert_int_equal(orphan.status, ACTA_OK);
    ledger_Touch_dispatch_async(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("a")), NULL, take_answer, &late);
    run_all(f);
    assert_int_equal(late.version, 1);
    assert_int_equal(total_of(f, "a"), 30);
}

/* The same, and the append fails: nobody is left to decide it again, but its dispatcher. */
static void
a_failed_append_whose_actor_is_gone_is_asked_again(void **state)
{
    fixture *f = FIXTURE(state);
    answer orphan = { 0 }, waiting = { 0 }, broken = { 0 };

    start(f);
    assert_int_equal(total_of(f, "a"), 0);
    submit(f, foreign_add(f, "a", 60, 60));
    add_async(f, "a", 30, NULL, &orphan);
    add_async(f, "a", 80, NULL, &waiting); /* rejected, on an append that will fail */
    break_async(f, "a", &broken);
    run_all(f);
    assert_int_equal(broken.status, ACTA_FAILED);
    assert_int_equal(orphan.status, ACTA_OK);
    assert_int_equal(orphan.version, 2);
    assert_int_equal(waiting.status, ACTA_REJECTED);
    assert_string_equal(waiting.text, "the total is 90 of 100");
    assert_int_equal(fold_counter(f, "a"), 90);
}

/* -- failures of the disk -- */

static bool
fail_next_sync(void *user, acta_disk_op op)
{
    bool *wanted = user;
    bool fails = *wanted && op == ACTA_DISK_SYNC;
    if (fails) *wanted = false;
    return fails;
}

/* AP-13: no success for either */
static void
a_failed_sync_is_told_to_all_who_rest_on_it_and_ends_all_writing(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[4] = { { 0 } }, later = { 0 };
    bool wanted = false;

    if (!f->memory) skip(); /* the disk is simulated */
    acta_disk_set_faults(f->disk, &(acta_disk_faults){ .fail = fail_next_sync, .user = &wanted });
    start(f);
    add(f, "a", 10);
    wanted = true;
    send_adds(f, "a", (int64_t[]){ 80, 5, 20 }, 3, answers); /* the third is rejected, on what is under way */
    ledger_Touch_dispatch_async(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("a")), NULL, take_answer, &answers[3]);
    run_all(f);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(atomic_load(&answers[i].calls), 1);
        assert_int_equal(answers[i].status, answers[0].status);
    }
    assert_int_equal(answers[0].status, ACTA_UNKNOWN_OUTCOME);
    add_async(f, "a", 1, NULL, &later);
    run_all(f);
    assert_int_equal(later.status, ACTA_READ_ONLY);
    assert_int_equal(total_of(f, "a"), 10); /* what is known to be durable can be read */
    assert_int_equal(acta_app_settle(f->app, 1000, &f->error), acta_store_health(acta_app_store(f->app), NULL));

    crash(f);
    start(f);
    assert_int_equal(fold_counter(f, "a"), total_of(f, "a"));
    add(f, "a", 1);
}

static void
a_full_queue_is_told_and_leaves_the_state_as_it_is(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[3] = { { 0 } };
    uint32_t busy = 0, accepted = 0;

    f->config.store.queue_bytes_max = 1; /* one transaction at a time */
    start(f);
    send_adds(f, "a", (int64_t[]){ 1, 2, 4 }, 3, answers);
    run_all(f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(atomic_load(&answers[i].calls), 1);
        busy += answers[i].status == ACTA_BUSY;
        accepted += answers[i].status == ACTA_OK;
    }
    assert_true(busy > 0);
    assert_int_equal(busy + accepted, 3);
    assert_int_equal(answers[0].status, ACTA_OK);
    assert_int_equal(total_of(f, "a"), fold_counter(f, "a"));
    add(f, "a", 8);
    assert_int_equal(total_of(f, "a"), fold_counter(f, "a"));
}

/* -- deadlines -- */

/* AP-15: the store doesn't answer in time; the command takes effect all the same, and asking again with its id tells so. */
static void
a_timeout_says_nothing_about_the_effect(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_dispatch_options options = { .command_id = id_of("slow"), .timeout_ms = 50 };
    answer first = { 0 }, again = { 0 };

    start(f);
    add_async(f, "a", 5, &options, &first);
    run_actors(f);
    f->now_ns += UINT64_C(60) * 1000000;
    run_actors(f);
    assert_int_equal(first.status, ACTA_TIMEOUT);
    assert_string_equal(first.text, "no answer to 'ledger.Add' for 'Counter-a' in time; it may still take effect");
    run_all(f);
    add_async(f, "a", 5, &options, &again);
    run_all(f);
    assert_int_equal(atomic_load(&first.calls), 1);
    assert_int_equal(again.status, ACTA_OK);
    assert_int_equal(again.version, 1);
    assert_int_equal(fold_counter(f, "a"), 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(commands_go_on_while_appends_are_under_way),
        manual(a_rejection_waits_for_the_appends_that_it_rests_on),
        manual(a_pipelined_append_after_a_conflict_whose_version_matches_by_accident_is_refused),
        manual(a_rejection_that_rested_on_an_append_that_failed_is_computed_again),
        manual(a_read_that_rested_on_an_append_that_failed_is_computed_again),
        manual(a_command_that_always_meets_another_writer_is_given_up),
        manual(a_failing_decision_leaves_the_others_their_answers),
        manual(an_append_that_outlives_its_actor_is_seen_by_whoever_was_told_of_it),
        manual(a_failed_append_whose_actor_is_gone_is_asked_again),
        manual(a_failed_sync_is_told_to_all_who_rest_on_it_and_ends_all_writing),
        manual(a_full_queue_is_told_and_leaves_the_state_as_it_is),
        manual(a_timeout_says_nothing_about_the_effect),
    };
    return run_on_engines("pipeline", tests);
}
