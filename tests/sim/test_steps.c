/*
 * A crash between every two steps: one transfer is run again and again, and the process dies after its 1st, 2nd, 3rd …
 * step of all (a turn of an actor, a phase of a commit, a timer), until a run has no step left. Steps lie between each
 * two things that an aggregate, a process manager and a projection do: before and after a batch is durable, between two
 * commands, between the last command and the checkpoint. In the end each account was debited and credited once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "acta/sim.h"
#include "acta/subscription.h"
#include "bank.h"
#include "log_check.h"

enum { SETTLE_MS = 600000, STEP_MAX = 20000, AFTER_REST_MS = 5000 };

typedef struct story {
    acta_sim *sim;
    acta_app *app;
    acta_error error;
    acta_status answers[8];
    uint32_t codes[8];
    uint32_t open_count; /* answers that have not come */
} story;

static void
must(const story *s, acta_status status)
{
    if (status != ACTA_OK) print_error("%s: %s\n", acta_status_name(status), s->error.text);
    assert_int_equal(status, ACTA_OK);
}

static void
start(story *s)
{
    acta_app_config config = { .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .process_managers = bank_process_managers,
        .projections = bank_projections };
    must(s, acta_sim_start(s->sim, &config, &s->app, &s->error));
}

static void
begin(story *s, uint64_t seed)
{
    *s = (story){ .sim = acta_sim_create(seed) };
    assert_non_null(s->sim);
    start(s);
}

static void
crash(story *s)
{
    acta_sim_crash(s->sim);
    s->open_count = 0;
    start(s);
}

typedef struct answer_slot {
    story *story;
    uint32_t index;
} answer_slot;
static answer_slot slots[8];

static void
answered(void *user, const acta_dispatch_result *result)
{
    answer_slot *slot = user;

    slot->story->answers[slot->index] = result->status;
    slot->story->codes[slot->index] = result->status == ACTA_REJECTED ? result->error->code : 0;
    slot->story->open_count--;
}

static void
ask(story *s, uint32_t index, const acta_table *command, const void *value)
{
    char name[16];

    snprintf(name, sizeof name, "ask-%u", index);
    slots[index] = (answer_slot){ s, index };
    s->open_count++;
    acta_dispatch_async(s->app, command, value, &(acta_dispatch_options){ .command_id = acta_id_of(acta_str_of(name)) },
        answered, &slots[index]);
}

typedef struct plot {
    bool target_exists;
    int64_t amount; /* alice has 100 */
    bank_log_phase end;
} plot;

/* The same commands with the same ids, whether they were heard before the crash or not. */
static void
ask_all(story *s, const plot *p)
{
    ask(s, 0, &bank_OpenAccount_table,
        &(bank_OpenAccount){ .account_id = acta_str_of("alice"), .initial_balance = 100 });
    if (p->target_exists) ask(s, 1, &bank_OpenAccount_table, &(bank_OpenAccount){ .account_id = acta_str_of("bob") });
}

static void
ask_transfer(story *s, const plot *p)
{
    ask(s, 2, &bank_RequestTransfer_table,
        &(bank_RequestTransfer){ .transfer_id = acta_str_of("t"),
            .source_id = acta_str_of("alice"),
            .target_id = acta_str_of("bob"),
            .amount = p->amount });
}

/* False: all was over before that many steps had been made. */
static bool
step(story *s, uint32_t *left)
{
    for (; *left > 0; (*left)--)
        if (!acta_sim_step(s->sim)) return false;
    return true;
}

static bool
steps_until_answered(story *s, uint32_t *left)
{
    while (s->open_count > 0) {
        if (*left == 0) return true;
        (*left)--;
        assert_true(acta_sim_step(s->sim));
    }
    return false; /* not at the place of the crash yet */
}

static void
check_end(story *s, const plot *p)
{
    bank_log_check *check = bank_log_check_create();
    assert_non_null(check);
    must(s, bank_log_check_read(check, acta_app_store(s->app), &s->error));

    const bank_log_totals *totals = bank_log_check_totals(check);
    int64_t moved = p->end == BANK_LOG_COMPLETED ? p->amount : 0;
    assert_int_equal(bank_log_check_phase(check, acta_str_of("t")), p->end);
    assert_int_equal(totals->requested, 1);
    assert_int_equal(totals->on_the_way, 0);
    assert_int_equal(bank_log_check_balance(check, acta_str_of("alice")), 100 - moved);
    assert_int_equal(bank_log_check_balance(check, acta_str_of("bob")), p->target_exists ? moved : -1);
    bank_log_check_destroy(check);
}

/* True: the crash happened; false: the run was over before. */
static bool
run_with_crash_after(uint32_t count, uint64_t seed, const plot *p)
{
    story s;
    uint32_t left = count;

    begin(&s, seed);
    ask_all(&s, p);
    bool crashed = steps_until_answered(&s, &left);
    if (!crashed) {
        ask_transfer(&s, p);
        crashed = step(&s, &left) && acta_sim_now_ns(s.sim) < UINT64_C(1000000) * (1000 + AFTER_REST_MS);
    }
    crash(&s);
    ask_all(&s, p);
    while (s.open_count > 0)
        assert_true(acta_sim_step(s.sim));
    ask_transfer(&s, p);
    while (s.open_count > 0)
        assert_true(acta_sim_step(s.sim));
    for (uint32_t i = 0; i < 3; i++)
        if (i != 1 || p->target_exists) assert_int_equal(s.answers[i], ACTA_OK);
    must(&s, acta_app_settle(s.app, SETTLE_MS, &s.error));
    check_end(&s, p);
    acta_sim_destroy(s.sim);
    return crashed;
}

static void
crash_after_each_step(const plot *p)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        uint32_t count = 0;
        while (run_with_crash_after(count, seed, p))
            assert_true(++count < STEP_MAX);
        assert_true(count > 30); /* or nothing was gone through */
    }
}

static void
a_completed_transfer_survives_a_crash_between_every_two_steps(void **state)
{
    (void)state;
    crash_after_each_step(&(plot){ .target_exists = true, .amount = 80, .end = BANK_LOG_COMPLETED });
}

static void
a_refunded_transfer_survives_a_crash_between_every_two_steps(void **state)
{
    (void)state;
    crash_after_each_step(&(plot){ .target_exists = false, .amount = 80, .end = BANK_LOG_REFUNDED });
}

static void
a_rejected_transfer_survives_a_crash_between_every_two_steps(void **state)
{
    (void)state;
    crash_after_each_step(&(plot){ .target_exists = true, .amount = 800, .end = BANK_LOG_REJECTED });
}

/* The process manager has ended an instance, and its position was not durable yet: the events come again, the start with
 * them, and begin nothing. The position is durable a second later; the crash comes before. */
static void
a_start_event_redelivered_after_the_stop_begins_nothing(void **state)
{
    const plot p = { .target_exists = true, .amount = 80, .end = BANK_LOG_COMPLETED };
    story s;
    uint64_t checkpoint, head;

    (void)state;
    begin(&s, 7);
    ask_all(&s, &p);
    while (s.open_count > 0)
        assert_true(acta_sim_step(s.sim));
    ask_transfer(&s, &p);
    must(&s, acta_app_settle(s.app, SETTLE_MS, &s.error));
    head = acta_store_head(acta_app_store(s.app));
    must(&s, acta_store_checkpoint(acta_app_store(s.app), "Transfers", &checkpoint, &s.error));
    assert_true(checkpoint < head); /* the premise: there is something to deliver again */

    crash(&s);
    must(&s, acta_app_settle(s.app, SETTLE_MS, &s.error));
    assert_int_equal(acta_store_head(acta_app_store(s.app)), head); /* no command took effect again */
    check_end(&s, &p);
    acta_sim_destroy(s.sim);
}

/* A rejection is remembered as an event is: the id gets it again after a crash, though the state would now accept. */
static void
a_rejected_command_id_gets_its_rejection_again_after_a_crash(void **state)
{
    bank_Withdraw too_much = { .account_id = acta_str_of("alice"), .amount = 150 };
    bank_Withdraw another = { .account_id = acta_str_of("alice"), .amount = 1 };
    bank_Deposit more = { .account_id = acta_str_of("alice"), .amount = 100 };
    story s;

    (void)state;
    begin(&s, 11);
    ask_all(&s, &(plot){ .target_exists = false });
    while (s.open_count > 0)
        assert_true(acta_sim_step(s.sim));
    ask(&s, 3, &bank_Withdraw_table, &too_much);
    while (s.open_count > 0)
        assert_true(acta_sim_step(s.sim));
    assert_int_equal(s.answers[3], ACTA_REJECTED);
    ask(&s, 4, &bank_Deposit_table, &more);
    while (s.open_count > 0)
        assert_true(acta_sim_step(s.sim));

    crash(&s);
    ask(&s, 3, &bank_Withdraw_table, &too_much);
    while (s.open_count > 0)
        assert_true(acta_sim_step(s.sim));
    assert_int_equal(s.answers[3], ACTA_REJECTED);
    assert_int_equal(s.codes[3], bank_Rejection_insufficient_funds);
    ask(&s, 3, &bank_Withdraw_table, &another);
    while (s.open_count > 0)
        assert_true(acta_sim_step(s.sim));
    assert_int_equal(s.answers[3], ACTA_COMMAND_ID_REUSED);
    acta_sim_destroy(s.sim);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_completed_transfer_survives_a_crash_between_every_two_steps),
        cmocka_unit_test(a_refunded_transfer_survives_a_crash_between_every_two_steps),
        cmocka_unit_test(a_rejected_transfer_survives_a_crash_between_every_two_steps),
        cmocka_unit_test(a_start_event_redelivered_after_the_stop_begins_nothing),
        cmocka_unit_test(a_rejected_command_id_gets_its_rejection_again_after_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
