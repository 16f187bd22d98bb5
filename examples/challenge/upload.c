/*
 * Upload: an activity as a watch tells of it, once, whether it counts for a challenge or not.
 *
 *     (none) -- Import --> imported -- Delete --> deleted, for good
 */
#include "challenge.h"

/* Once round the earth, in half a year: more is a broken watch, and no sum of such overflows. */
static const uint64_t METRES_MAX = 40000000, SECONDS_MAX = 15768000;

static acta_verdict
import(const challenge_Upload *upload, challenge_Import command, acta_decision *decision)
{
    if (upload->athlete.size > 0) return acta_nothing(decision);
    if (command.metres < 1 || command.metres > METRES_MAX || command.seconds < 1 || command.seconds > SECONDS_MAX)
        return challenge_reject(decision, challenge_Rejection_bad_activity,
            "activity '" ACTA_FMT "' goes too far, or nowhere", ACTA_ARG(command.activity_id));
    return challenge_Imported_emit(
        decision, ACTA_INIT(challenge_Imported, .activity_id = command.activity_id, .athlete = command.athlete,
                      .started_at_us = command.started_at_us, .metres = command.metres, .seconds = command.seconds));
}

static acta_verdict
delete_upload(const challenge_Upload *upload, challenge_Delete command, acta_decision *decision)
{
    if (upload->athlete.size == 0)
        return challenge_reject(decision, challenge_Rejection_unknown_activity, "there is no activity '" ACTA_FMT "'",
            ACTA_ARG(command.activity_id));
    if (upload->is_deleted) return acta_nothing(decision);
    return challenge_Deleted_emit(
        decision, ACTA_INIT(challenge_Deleted, .activity_id = command.activity_id, .athlete = upload->athlete));
}

static void
imported(challenge_Upload *upload, challenge_Imported event, acta_memory *memory)
{
    acta_str_assign(&upload->athlete, event.athlete, memory);
}

static void
deleted(challenge_Upload *upload, challenge_Deleted event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    upload->is_deleted = true;
}

const challenge_Upload_aggregate challenge_upload = CHALLENGE_UPLOAD(
    .execute = {
        .Import = import,
        .Delete = delete_upload,
    },
    .apply = {
        .Imported = imported,
        .Deleted = deleted,
    });
