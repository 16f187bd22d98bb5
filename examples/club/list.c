/*
 * The list of members.
 *
 *     Joined, Moved, Left -> MemberRow
 */
#include "club.h"

static acta_status
joined(void *user, club_Joined event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return club_MemberRow_put(
        rows, ACTA_INIT(club_MemberRow, .member_id = event.member_id, .name = event.name, .email = event.email), error);
}

static acta_status
moved(void *user, club_Moved event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    club_MemberRow row;

    (void)user;
    (void)recorded;
    acta_status status = club_MemberRow_get(rows, event.member_id, &row, error);
    if (status != ACTA_OK) return status; /* a member's first event is that he joined */
    row.email = event.email;
    return club_MemberRow_put(rows, row, error);
}

static acta_status
left(void *user, club_Left event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return club_MemberRow_remove(rows, event.member_id, error);
}

/* clang-format off */
const club_projection club_list = CLUB_PROJECTION(
    .name = "list",
    .on = {
        .Joined = joined,
        .Moved = moved,
        .Left = left,
    });
/* clang-format on */
