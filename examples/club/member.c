/*
 * Member: joins, gets another address, leaves. Here all is plain text; what is (personal) is sealed on its way to the disk.
 *
 *     (none) -- Join --> in -- Move --> in -- Leave --> gone
 */
#include "club.h"

static acta_verdict
reject_unknown(acta_str member_id, acta_decision *decision)
{
    return club_reject(decision, club_Rejection_no_member, "'" ACTA_FMT "' is no member", ACTA_ARG(member_id));
}

static acta_verdict
join(const club_Member *member, club_Join command, acta_decision *decision)
{
    if (member->member_id.size > 0)
        return club_reject(decision, club_Rejection_already_a_member, "'" ACTA_FMT "' is a member already, or was one",
            ACTA_ARG(command.member_id));
    return club_Joined_emit(
        decision, ACTA_INIT(club_Joined, .member_id = command.member_id, .name = command.name, .email = command.email));
}

static acta_verdict
move(const club_Member *member, club_Move command, acta_decision *decision)
{
    if (member->member_id.size == 0) return reject_unknown(command.member_id, decision);
    if (member->has_left)
        return club_reject(decision, club_Rejection_has_left, "'" ACTA_FMT "' has left", ACTA_ARG(command.member_id));
    if (acta_str_equal(member->email, command.email)) return acta_nothing(decision);
    return club_Moved_emit(decision, ACTA_INIT(club_Moved, .member_id = command.member_id, .email = command.email));
}

static acta_verdict
leave(const club_Member *member, club_Leave command, acta_decision *decision)
{
    if (member->member_id.size == 0) return reject_unknown(command.member_id, decision);
    if (member->has_left) return acta_nothing(decision);
    return club_Left_emit(decision, ACTA_INIT(club_Left, .member_id = command.member_id));
}

static void
joined(club_Member *member, club_Joined event, acta_memory *memory)
{
    acta_str_assign(&member->member_id, event.member_id, memory);
    acta_str_assign(&member->email, event.email, memory);
}

static void
moved(club_Member *member, club_Moved event, acta_memory *memory)
{
    acta_str_assign(&member->email, event.email, memory);
}

/* Somebody else may have the address now. */
static void
left(club_Member *member, club_Left event, acta_memory *memory)
{
    (void)event;
    member->has_left = true;
    acta_str_assign(&member->email, acta_str_of(""), memory);
}

const club_Member_aggregate club_member = CLUB_MEMBER(
    .execute = {
        .Join = join,
        .Move = move,
        .Leave = leave,
    },
    .apply = {
        .Joined = joined,
        .Moved = moved,
        .Left = left,
    });
