/*
 * Entrant: brings what an athlete uploads to each challenge that he is in. One for each athlete.
 *
 *     Joined   -> remembers the challenge
 *     Left     -> forgets it
 *     Imported -> RecordActivity in each
 *     Deleted  -> RemoveActivity in each
 *
 * Whether an activity counts is the challenge's to say: what it refuses is left out.
 */
#include "challenge.h"

static void
joined(challenge_Entrant *entrant, challenge_Joined event, acta_memory *memory)
{
    challenge_Entrant_entries_put(entrant, ACTA_INIT(challenge_Entry, .challenge_id = event.challenge_id), memory);
}

static void
left(challenge_Entrant *entrant, challenge_Left event, acta_memory *memory)
{
    challenge_Entrant_entries_remove(entrant, event.challenge_id, memory);
}

static void
record(const challenge_Entrant *entrant, challenge_Imported event, acta_commands *commands)
{
    for (uint32_t i = 0; i < challenge_Entrant_entries_count(entrant); i++)
        challenge_RecordActivity_send(commands,
            ACTA_INIT(challenge_RecordActivity, .challenge_id = challenge_Entrant_entries_at(entrant, i)->challenge_id,
                .activity_id = event.activity_id, .athlete = event.athlete, .started_at_us = event.started_at_us,
                .metres = event.metres, .seconds = event.seconds));
}

static void
remove_again(const challenge_Entrant *entrant, challenge_Deleted event, acta_commands *commands)
{
    for (uint32_t i = 0; i < challenge_Entrant_entries_count(entrant); i++)
        challenge_RemoveActivity_send(commands,
            ACTA_INIT(challenge_RemoveActivity, .challenge_id = challenge_Entrant_entries_at(entrant, i)->challenge_id,
                .activity_id = event.activity_id));
}

const challenge_Entrant_process_manager challenge_entrant =
    CHALLENGE_ENTRANT(.on = {
                          .Joined = { .start = challenge_Joined_athlete, .apply = joined },
                          .Left = { .go_on = challenge_Left_athlete, .apply = left },
                          .Imported = { .go_on = challenge_Imported_athlete, .handle = record },
                          .Deleted = { .go_on = challenge_Deleted_athlete, .handle = remove_again },
                      });
