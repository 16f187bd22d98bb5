/*
 * Invariants can fail: those of what the clients were told.
 */
#include "invariants_fixture.h"

/* An ask that was answered so: with an effect, or without one. */
static bank_ask *
ask_with(fixture *f, const acta_table *command, acta_status answer, bool has_effect)
{
    for (uint32_t i = 0; i < f->clients.ask_count; i++) {
        bank_ask *ask = &f->clients.asks[i];
        bool is_lone = ask->leader == i && (i + 1 == f->clients.ask_count || f->clients.asks[i + 1].leader != i);
        if (is_lone && ask->command == command && ask->answer == answer && (ask->position != 0) == has_effect)
            return ask;
    }
    fail_msg("no such ask");
    return NULL;
}

static bank_ask *
accepted(fixture *f)
{
    return ask_with(f, &bank_OpenAccount_table, ACTA_OK, true);
}

static void
answers_say(fixture *f, const char *invariant)
{
    says(f, bank_check_answers(&f->clients, f->fold, &f->error), invariant);
}

static void
an_answer_that_never_came_is_found(void **state)
{
    fixture *f = *state;
    accepted(f)->answered_once = false;
    answers_say(f, "a command got no answer");
}

static void
an_acknowledged_command_that_is_not_there_is_found(void **state)
{
    fixture *f = *state;
    bank_ask *ask = accepted(f);
    ask->position = bank_fold_position(f->fold) + 1;
    answers_say(f, "an acknowledged command is not in the log");
    ask->position = 1;
    ask->version = 2;
    answers_say(f, "an acknowledged command is not in the log");
}

static void
an_answer_before_the_event_is_durable_is_found(void **state)
{
    fixture *f = *state;
    bank_ask *ask = accepted(f);
    ask->head_answered = ask->position - 1;
    answers_say(f, "a command was acknowledged before it was durable");
}

static void
an_effect_before_the_question_is_found(void **state)
{
    fixture *f = *state;
    bank_ask *ask = accepted(f);
    ask->head_asked = ask->position;
    answers_say(f, "a command took effect before it was asked");
}

static void
an_effect_that_the_rules_forbid_is_found(void **state)
{
    fixture *f = *state;
    accepted(f)->value.open.initial_balance = -1;
    answers_say(f, "a command was accepted that had to be refused");
}

static void
a_refusal_that_was_never_right_is_found(void **state)
{
    fixture *f = *state;
    bank_ask *ask = ask_with(f, &bank_RequestTransfer_table, ACTA_REJECTED, false);
    ask->code = bank_Rejection_account_not_open;
    answers_say(f, "an answer is of no moment");
}

static void
a_change_that_left_nothing_is_found(void **state)
{
    fixture *f = *state;
    bank_ask *ask = accepted(f);
    ask->position = 0;
    answers_say(f, "an answer is of no moment");
}

static void
a_refused_command_with_an_effect_is_found(void **state)
{
    fixture *f = *state;
    ask_with(f, &bank_RequestTransfer_table, ACTA_REJECTED, false)->command_id = accepted(f)->command_id;
    says(f, bank_check_once(&f->clients, f->fold, &f->error), "a rejected command took effect");
}

static void
a_command_with_two_effects_is_found(void **state)
{
    fixture *f = *state;
    const bank_stream *stream = first_stream(f, true);
    const bank_MoneyDeposited event = { .account_id = stream->id, .amount = 5, .balance = 5 };

    tell_fold(f, stream->name, &bank_MoneyDeposited_table, &event, stream->moments[1].command_id);
    says(f, bank_check_once(&f->clients, f->fold, &f->error), "a command took effect twice");
}

static void
an_id_that_is_wrongly_called_used_is_found(void **state)
{
    fixture *f = *state;
    accepted(f)->answer = ACTA_COMMAND_ID_REUSED;
    answers_say(f, "an id is called used that was not");
}

/* Two asks side by side become one group. */
static bank_ask *
group_of_two(fixture *f, bool is_thief)
{
    bank_ask *first = accepted(f), *second = first + 1;

    second->leader = first->leader;
    second->is_thief = is_thief;
    return second;
}

static void
two_commands_under_one_id_are_found(void **state)
{
    fixture *f = *state;
    group_of_two(f, true);
    answers_say(f, "two commands were answered under one id");
}

static void
a_twin_with_another_answer_is_found(void **state)
{
    fixture *f = *state;
    group_of_two(f, false);
    answers_say(f, "a command id got two answers");
}

/* All is asked again of a bank that remembers nothing: the clients notice themselves. */
static void
another_answer_the_second_time_is_found(void **state)
{
    fixture *f = *state;
    acta_sim *other = acta_sim_create(SEED + 1);

    bank_clients_crashed(&f->clients);
    assert_false(bank_clients_are_done(&f->clients));
    acta_sim_destroy(f->sim);
    f->sim = f->clients.sim = other;
    f->app = f->clients.app = start_bank(f, other);
    run_clients(f);
    assert_string_equal(f->found, "a command id got two answers");
}

static acta_status
do_nothing(const acta_projection *self, uint32_t event, acta_bytes buffer, const acta_recorded *recorded,
    acta_rows *rows, acta_error *error)
{
    (void)self, (void)event, (void)buffer, (void)recorded, (void)rows, (void)error;
    return ACTA_OK;
}

static bool
interested(const acta_projection *self, uint32_t event)
{
    (void)self, (void)event;
    return true;
}

/* The projection that a deposit waits for writes no rows. */
static void
a_reply_before_its_row_is_found(void **state)
{
    fixture *f = *state;
    const acta_projection_code code = { .events = bank_account_rows.base.code->events,
        .event_count = bank_account_rows.base.code->event_count,
        .interested = interested,
        .handle = do_nothing };
    const acta_projection idle = { .code = &code, .name = "accounts" };
    const acta_projection *const projections[] = { &idle, NULL };
    const acta_app_config config = { .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .process_managers = bank_process_managers,
        .projections = projections };
    bool waits = false;

    bank_clients_destroy(&f->clients);
    acta_sim_destroy(f->sim);
    f->sim = acta_sim_create(SEED);
    assert_true(bank_clients_begin(&f->clients, f->sim, note_found, f));
    for (uint32_t i = 0; i < f->clients.ask_count; i++)
        waits = waits || f->clients.asks[i].waits;
    assert_true(waits);
    must(f, acta_sim_start(f->sim, &config, &f->app, &f->error));
    f->clients.app = f->app;
    run_clients(f);
    assert_string_equal(f->found, "a reply came before the row that it waited for");
    acta_sim_destroy(f->sim); /* before what it was configured with */
    f->sim = NULL;
}

int
run_cases_of_answers(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_answer_that_never_came_is_found),
        CASE(an_acknowledged_command_that_is_not_there_is_found),
        CASE(an_answer_before_the_event_is_durable_is_found),
        CASE(an_effect_before_the_question_is_found),
        CASE(an_effect_that_the_rules_forbid_is_found),
        CASE(a_refusal_that_was_never_right_is_found),
        CASE(a_change_that_left_nothing_is_found),
        CASE(a_refused_command_with_an_effect_is_found),
        CASE(a_command_with_two_effects_is_found),
        CASE(an_id_that_is_wrongly_called_used_is_found),
        CASE(two_commands_under_one_id_are_found),
        CASE(a_twin_with_another_answer_is_found),
        CASE(another_answer_the_second_time_is_found),
        CASE(a_reply_before_its_row_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
