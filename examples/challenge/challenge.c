/*
 * Challenge: who takes part, what counts, and who is where.
 *
 *     created -- HostChallenge --> hosted -- StartChallenge, when it is due --> started -- EndChallenge --> ended
 *
 * Invariants
 *  - An activity never counts twice, and none that was begun outside of the challenge's time.
 *  - Nobody has a place who hasn't joined.
 *  - The ranking is in the transaction of what has changed it: each Recorded, Removed and Left that moves somebody is
 *    followed by its Ranked.
 */
#include "challenge.h"

static acta_verdict
reject_unknown(acta_str challenge_id, acta_decision *decision)
{
    return challenge_reject(decision, challenge_Rejection_unknown_challenge, "there is no challenge '" ACTA_FMT "'",
        ACTA_ARG(challenge_id));
}

static acta_verdict
reject_ended(acta_str challenge_id, acta_decision *decision)
{
    return challenge_reject(
        decision, challenge_Rejection_ended, "challenge '" ACTA_FMT "' has ended", ACTA_ARG(challenge_id));
}

/* -- its life -- */

static acta_verdict
create(const challenge_Challenge *c, challenge_CreateChallenge command, acta_decision *decision)
{
    if (c->phase != challenge_Phase_none)
        return challenge_reject(decision, challenge_Rejection_already_created,
            "there is a challenge '" ACTA_FMT "' already", ACTA_ARG(command.challenge_id));
    if (command.starts_at_us < 1 || command.starts_at_us >= command.ends_at_us)
        return challenge_reject(
            decision, challenge_Rejection_bad_period, "a challenge ends after it starts, after 1970");
    return challenge_Created_emit(
        decision, ACTA_INIT(challenge_Created, .challenge_id = command.challenge_id, .name = command.name,
                      .starts_at_us = command.starts_at_us, .ends_at_us = command.ends_at_us));
}

static acta_verdict
host(const challenge_Challenge *c, challenge_HostChallenge command, acta_decision *decision)
{
    if (c->phase == challenge_Phase_none) return reject_unknown(command.challenge_id, decision);
    if (c->phase != challenge_Phase_created) return acta_nothing(decision);
    return challenge_Hosted_emit(
        decision, ACTA_INIT(challenge_Hosted, .challenge_id = command.challenge_id, .host = command.host));
}

static acta_verdict
reject_not_due(acta_decision *decision)
{
    return challenge_reject(decision, challenge_Rejection_not_due, "it isn't time yet");
}

static acta_verdict
start(const challenge_Challenge *c, challenge_StartChallenge command, acta_decision *decision)
{
    if (c->phase == challenge_Phase_none) return reject_unknown(command.challenge_id, decision);
    if (c->phase == challenge_Phase_created)
        return challenge_reject(decision, challenge_Rejection_not_hosted, "nobody hosts it yet");
    if (c->phase != challenge_Phase_hosted) return acta_nothing(decision);
    if (command.now_us < c->starts_at_us) return reject_not_due(decision);
    return challenge_Started_emit(decision, ACTA_INIT(challenge_Started, .challenge_id = command.challenge_id));
}

static acta_verdict
end(const challenge_Challenge *c, challenge_EndChallenge command, acta_decision *decision)
{
    if (c->phase == challenge_Phase_none) return reject_unknown(command.challenge_id, decision);
    if (c->phase == challenge_Phase_ended) return acta_nothing(decision);
    if (c->phase != challenge_Phase_started)
        return challenge_reject(decision, challenge_Rejection_not_started, "it hasn't started");
    if (command.now_us < c->ends_at_us) return reject_not_due(decision);
    return challenge_Ended_emit(decision, ACTA_INIT(challenge_Ended, .challenge_id = command.challenge_id));
}

/* -- competitors and their places -- */

/* The ranking once `changed` has these sums; it has left when `has_left`. */
static acta_verdict
emit_ranked(const challenge_Challenge *c, acta_str challenge_id, const challenge_Competitor *changed, bool has_left,
    acta_decision *decision)
{
    challenge_Competitor competitors[CHALLENGE_COMPETITORS_MAX];
    challenge_Place places[CHALLENGE_COMPETITORS_MAX];
    uint32_t count = 0;

    for (uint32_t i = 0; i < challenge_Challenge_competitors_count(c); i++) {
        const challenge_Competitor *competitor = challenge_Challenge_competitors_at(c, i);
        bool is_changed = acta_str_equal(competitor->athlete, changed->athlete);
        if (!is_changed) competitors[count++] = *competitor;
        if (is_changed && !has_left) competitors[count++] = *changed;
    }
    uint32_t place_count = challenge_rank(competitors, count, places);
    return challenge_Ranked_emit(decision, ACTA_INIT(challenge_Ranked, .challenge_id = challenge_id, .name = c->name,
                                               .places = { .data = places, .count = place_count }));
}

static acta_verdict
join(const challenge_Challenge *c, challenge_Join command, acta_decision *decision)
{
    if (c->phase == challenge_Phase_none) return reject_unknown(command.challenge_id, decision);
    if (c->phase == challenge_Phase_created)
        return challenge_reject(decision, challenge_Rejection_not_hosted, "nobody hosts it yet");
    if (c->phase == challenge_Phase_ended) return reject_ended(command.challenge_id, decision);
    if (challenge_Challenge_competitors_find(c, command.athlete) != NULL)
        return challenge_reject(
            decision, challenge_Rejection_already_joined, ACTA_FMT " takes part already", ACTA_ARG(command.athlete));
    if (challenge_Challenge_competitors_count(c) == CHALLENGE_COMPETITORS_MAX)
        return challenge_reject(
            decision, challenge_Rejection_full, "no more than %d can take part", (int)CHALLENGE_COMPETITORS_MAX);
    return challenge_Joined_emit(
        decision, ACTA_INIT(challenge_Joined, .challenge_id = command.challenge_id, .athlete = command.athlete));
}

static acta_verdict
leave(const challenge_Challenge *c, challenge_Leave command, acta_decision *decision)
{
    if (c->phase == challenge_Phase_ended) return reject_ended(command.challenge_id, decision);
    const challenge_Competitor *competitor = challenge_Challenge_competitors_find(c, command.athlete);
    if (competitor == NULL)
        return challenge_reject(
            decision, challenge_Rejection_not_a_competitor, ACTA_FMT " doesn't take part", ACTA_ARG(command.athlete));
    acta_verdict verdict = challenge_Left_emit(
        decision, ACTA_INIT(challenge_Left, .challenge_id = command.challenge_id, .athlete = command.athlete));
    return competitor->metres > 0 ? emit_ranked(c, command.challenge_id, competitor, true, decision) : verdict;
}

/* -- activities -- */

static acta_verdict
record(const challenge_Challenge *c, challenge_RecordActivity command, acta_decision *decision)
{
    const challenge_Competitor *competitor = challenge_Challenge_competitors_find(c, command.athlete);

    if (challenge_Challenge_activities_find(c, command.activity_id) != NULL) return acta_nothing(decision);
    if (c->phase == challenge_Phase_ended) return reject_ended(command.challenge_id, decision);
    if (c->phase != challenge_Phase_started)
        return challenge_reject(decision, challenge_Rejection_not_started, "it hasn't started");
    if (competitor == NULL)
        return challenge_reject(
            decision, challenge_Rejection_not_a_competitor, ACTA_FMT " doesn't take part", ACTA_ARG(command.athlete));
    if (command.started_at_us < c->starts_at_us || command.started_at_us >= c->ends_at_us)
        return challenge_reject(
            decision, challenge_Rejection_outside_of_period, "it was begun before the challenge, or after it");

    challenge_Competitor changed = *competitor;
    changed.metres += command.metres;
    changed.seconds += command.seconds;
    challenge_Recorded_emit(decision,
        ACTA_INIT(challenge_Recorded, .challenge_id = command.challenge_id, .activity_id = command.activity_id,
            .athlete = command.athlete, .metres = command.metres, .seconds = command.seconds));
    return emit_ranked(c, command.challenge_id, &changed, false, decision);
}

static acta_verdict
remove_activity(const challenge_Challenge *c, challenge_RemoveActivity command, acta_decision *decision)
{
    const challenge_Activity *activity = challenge_Challenge_activities_find(c, command.activity_id);

    if (c->phase == challenge_Phase_ended) return reject_ended(command.challenge_id, decision);
    const challenge_Competitor *competitor =
        activity != NULL ? challenge_Challenge_competitors_find(c, activity->athlete) : NULL;
    if (competitor == NULL) return acta_nothing(decision); /* it doesn't count here */
    challenge_Removed_emit(
        decision, ACTA_INIT(challenge_Removed, .challenge_id = command.challenge_id, .activity_id = command.activity_id,
                      .athlete = activity->athlete, .metres = activity->metres, .seconds = activity->seconds));

    challenge_Competitor changed = *competitor;
    changed.metres -= activity->metres;
    changed.seconds -= activity->seconds;
    return emit_ranked(c, command.challenge_id, &changed, false, decision);
}

/* -- what the events make of it -- */

static void
created(challenge_Challenge *c, challenge_Created event, acta_memory *memory)
{
    acta_str_assign(&c->name, event.name, memory);
    c->starts_at_us = event.starts_at_us;
    c->ends_at_us = event.ends_at_us;
    c->phase = challenge_Phase_created;
}

static void
hosted(challenge_Challenge *c, challenge_Hosted event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    c->phase = challenge_Phase_hosted;
}

static void
started(challenge_Challenge *c, challenge_Started event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    c->phase = challenge_Phase_started;
}

static void
ended(challenge_Challenge *c, challenge_Ended event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    c->phase = challenge_Phase_ended;
}

static void
joined(challenge_Challenge *c, challenge_Joined event, acta_memory *memory)
{
    challenge_Challenge_competitors_put(c, ACTA_INIT(challenge_Competitor, .athlete = event.athlete), memory);
}

/* Who comes back begins at nothing; what he rode before is not remembered here. */
static void
left(challenge_Challenge *c, challenge_Left event, acta_memory *memory)
{
    challenge_Challenge_competitors_remove(c, event.athlete, memory);
    for (uint32_t i = challenge_Challenge_activities_count(c); i-- > 0;) {
        const challenge_Activity *activity = challenge_Challenge_activities_at(c, i);
        if (acta_str_equal(activity->athlete, event.athlete))
            challenge_Challenge_activities_remove(c, activity->activity_id, memory);
    }
}

/* What a competitor has gone from now on; who has gone nowhere has no place either. */
static void
set_sums(challenge_Challenge *c, const challenge_Competitor *competitor, uint64_t metres, uint64_t seconds,
    acta_memory *memory)
{
    challenge_Challenge_competitors_put(c,
        ACTA_INIT(challenge_Competitor, .athlete = competitor->athlete, .metres = metres, .seconds = seconds,
            .rank = metres > 0 ? competitor->rank : 0),
        memory);
}

static void
recorded(challenge_Challenge *c, challenge_Recorded event, acta_memory *memory)
{
    const challenge_Competitor *competitor = challenge_Challenge_competitors_find(c, event.athlete);

    if (competitor == NULL) return;
    set_sums(c, competitor, competitor->metres + event.metres, competitor->seconds + event.seconds, memory);
    challenge_Challenge_activities_put(c,
        ACTA_INIT(challenge_Activity, .activity_id = event.activity_id, .athlete = event.athlete,
            .metres = event.metres, .seconds = event.seconds),
        memory);
}

static void
removed(challenge_Challenge *c, challenge_Removed event, acta_memory *memory)
{
    const challenge_Competitor *competitor = challenge_Challenge_competitors_find(c, event.athlete);

    challenge_Challenge_activities_remove(c, event.activity_id, memory);
    if (competitor == NULL) return;
    set_sums(c, competitor, competitor->metres - event.metres, competitor->seconds - event.seconds, memory);
}

static void
ranked(challenge_Challenge *c, challenge_Ranked event, acta_memory *memory)
{
    challenge_Place place;

    for (uint32_t i = 0; challenge_Place_vector_at(event.places, i, &place); i++) {
        challenge_Competitor competitor = ACTA_INIT(challenge_Competitor, .athlete = place.athlete,
            .metres = place.metres, .seconds = place.seconds, .rank = place.rank);
        challenge_Challenge_competitors_put(c, competitor, memory);
    }
}

const challenge_Challenge_aggregate challenge_challenge = CHALLENGE_CHALLENGE(
    .execute = {
        .CreateChallenge = create,
        .HostChallenge = host,
        .StartChallenge = start,
        .EndChallenge = end,
        .Join = join,
        .Leave = leave,
        .RecordActivity = record,
        .RemoveActivity = remove_activity,
    },
    .apply = {
        .Created = created,
        .Hosted = hosted,
        .Started = started,
        .Ended = ended,
        .Joined = joined,
        .Left = left,
        .Recorded = recorded,
        .Removed = removed,
        .Ranked = ranked,
    });
