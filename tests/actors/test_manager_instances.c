/*
 * The list of a process manager's instances: who runs, what each is doing, and why it waits.
 */
#include "trips.h"

static acta_instance_info infos[8];
static char ids[8][16], whys[8][192], commands[8][32];
static uint32_t info_count, wanted_count;

static bool
keep(void *user, const acta_instance_info *info)
{
    uint32_t i = info_count++;
    (void)user;

    if (i >= 8) fail_msg("more instances than there are");
    infos[i] = *info;
    snprintf(ids[i], sizeof ids[i], ACTA_FMT, ACTA_ARG(info->id));
    snprintf(whys[i], sizeof whys[i], "%s", info->why);
    snprintf(commands[i], sizeof commands[i], ACTA_FMT, ACTA_ARG(info->command));
    return info_count < wanted_count;
}

static uint32_t
look(fixture *f, const char *prefix, uint32_t count_max)
{
    info_count = 0;
    wanted_count = count_max;
    MUST(f, acta_manager_instances(f->app, "Trips", acta_str_of(prefix), keep, NULL, &f->error));
    return info_count;
}

static acta_failure_action
park_or_wait(const acta_failure *failure, acta_commands *added)
{
    trips_Write line;

    trips_Write_decode(failure->payload, &line);
    acta_commands_delay(added, 3600000);
    return line.number == -1 ? ACTA_FAILURE_PARK : ACTA_FAILURE_RETRY;
}

static void
each_instance_tells_what_it_waits_for(void **state)
{
    fixture *f = FIXTURE(state);

    trips_hook.error = park_or_wait;
    start(f);
    assert_int_equal(look(f, "", 8), 0);
    TELL(f, .what = trips_What_open, .trip = S("a-idle"), .number = 1);
    TELL(f, .what = trips_What_open, .trip = S("b-stuck"), .number = -1, .times = 3);
    TELL(f, .what = trips_What_open, .trip = S("c-waits"), .number = -5, .times = 2);
    TELL(f, .what = trips_What_go, .trip = S("c-waits"), .number = 4);
    TELL(f, .what = trips_What_open, .trip = S("d-ends"), .number = 2);
    TELL(f, .what = trips_What_close, .trip = S("d-ends"), .number = 3);
    TELL(f, .what = trips_What_must, .trip = S("e-never"), .number = 5);
    pass_ms(f, 5000);

    assert_int_equal(look(f, "", 8), 4);
    assert_string_equal(ids[0], "a-idle");
    assert_int_equal(infos[0].phase, ACTA_INSTANCE_IDLE);
    assert_int_equal(infos[0].position, 1);
    assert_int_equal(infos[0].commands, 0);
    assert_string_equal(whys[0], "");
    assert_true(infos[0].since_us > 0);

    assert_string_equal(ids[1], "b-stuck");
    assert_int_equal(infos[1].phase, ACTA_INSTANCE_STUCK);
    assert_int_equal(infos[1].commands, 3);
    assert_int_equal(infos[1].through, 0);
    assert_string_equal(commands[1], "trips.Write");
    assert_true(infos[1].is_parked);
    assert_string_equal(whys[1], "no line of -1");

    assert_string_equal(ids[2], "c-waits");
    assert_int_equal(infos[2].phase, ACTA_INSTANCE_BACKOFF);
    assert_int_equal(infos[2].attempts, 1);
    assert_int_equal(infos[2].queued, 1);
    assert_false(infos[2].is_parked);
    assert_string_equal(whys[2], "no line of -5");

    assert_string_equal(ids[3], "e-never");
    assert_int_equal(infos[3].position, 0);
    assert_true(infos[3].failed_position > 0);
    assert_int_equal(infos[3].failed_attempts, 4); /* retry_max is 3 */
    assert_true(infos[3].is_parked);
    assert_non_null(strstr(whys[3], "is to go on, and doesn't run"));

    assert_int_equal(look(f, "b", 8), 1);
    assert_string_equal(ids[0], "b-stuck");
    assert_int_equal(look(f, "", 2), 2); /* no more were wanted */
    assert_string_equal(acta_instance_phase_name(ACTA_INSTANCE_BACKOFF), "backoff");
    assert_int_equal(acta_manager_instances(f->app, "Nobody", S(""), keep, NULL, &f->error), ACTA_INVALID);
    assert_string_equal(f->error.text, "application 'test' has no process manager 'Nobody'");
}

static void
one_that_has_left_memory_is_in_the_list(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1);
    settle(f);
    pass_ms(f, 61000);
    assert_int_equal(look(f, "", 8), 1);
    assert_int_equal(infos[0].phase, ACTA_INSTANCE_COLD);
    assert_int_equal(infos[0].since_us, 0);
    assert_int_equal(infos[0].position, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_trips(each_instance_tells_what_it_waits_for),
        on_trips(one_that_has_left_memory_is_in_the_list),
    };
    return run_on_memory("instances of process managers", tests);
}
