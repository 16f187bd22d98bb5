/*
 * Clock: has a challenge started and ended when it is time. What is to come lies on the schedule, which runs it once, also when
 * the program was down at that moment.
 *
 *     Created -> remembers the period
 *     Hosted  -> StartChallenge, when it starts
 *     Started -> EndChallenge, when it ends
 */
#include "challenge.h"

static void
created(challenge_Clock *clock, challenge_Created event, acta_memory *memory)
{
    (void)memory;
    clock->starts_at_us = event.starts_at_us;
    clock->ends_at_us = event.ends_at_us;
}

static void
start_in_time(const challenge_Clock *clock, challenge_Hosted event, acta_commands *commands)
{
    challenge_StartChallenge_send_at(commands, acta_str_of("start"),
        ACTA_INIT(challenge_StartChallenge, .challenge_id = event.challenge_id, .now_us = clock->starts_at_us),
        clock->starts_at_us);
}

static void
end_in_time(const challenge_Clock *clock, challenge_Started event, acta_commands *commands)
{
    challenge_EndChallenge_send_at(commands, acta_str_of("end"),
        ACTA_INIT(challenge_EndChallenge, .challenge_id = event.challenge_id, .now_us = clock->ends_at_us),
        clock->ends_at_us);
}

const challenge_Clock_process_manager challenge_clock =
    CHALLENGE_CLOCK(.on = {
                        .Created = { .start = challenge_Created_challenge_id, .apply = created },
                        .Hosted = { .go_on = challenge_Hosted_challenge_id, .handle = start_in_time },
                        .Started = { .go_on = challenge_Started_challenge_id, .handle = end_in_time },
                        .Ended = { .stop = challenge_Ended_challenge_id },
                    });
