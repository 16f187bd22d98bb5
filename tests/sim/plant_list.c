/*
 * The planted defects. What each is like was found in somebody's actor runtime, event store or CQRS framework.
 */
#include "plants.h"

#include "scenarios.h"
#include "simulation.h"
#include "tree.h"

#define BANK     &bank_scenario
#define TREE     &tree_scenario
#define TRIPS    &trips_scenario
#define SCHEDULE &schedule_scenario

const plant plants[] = {
    /* the store */
    { "ack_before_sync", "acknowledged before it is on disk", BANK, 100 },
    { "sync_error_ignored", "a failed sync counts as done", BANK, 1000 },
    { "recorded_at_falls", "an event's time falls with the wall clock", BANK, 1000 },
    { "version_unchecked", "any expected version fits", BANK, 1000 },
    { "session_goes_on", "what was sent behind a failed append is appended", BANK, 1000 },
    { "index_drops_last", "the last entry of a batch is left out of the index", BANK, 100 },
    { "index_begins_late", "recovery makes the index again from one event too late", BANK, 1000 },
    { "catch_up_skips_one", "one event is skipped where the log's read blocks end", BANK, 100 },
    /* aggregates */
    { "outcome_ignored", "a stored outcome is not looked up", BANK, 100 },
    { "outcome_not_written", "an outcome isn't stored with the events", BANK, 100 },
    { "digest_ignored", "a command id is enough, whatever the command", BANK, 1000 },
    { "snapshot_ahead", "a snapshot of one version too many", BANK, 1000 },
    { "state_kept_after_failure", "the state of a failed append is used on", BANK, 1000 },
    { "chunk_drops_last", "the last event of a chunk is not applied", BANK, 1000 },
    { "successor_not_warned", "an append outlives its actor, and the next one doesn't hear of it", BANK, 1000 },
    { "answer_before_append", "an answer goes out before the append that it rests on", BANK, 1000 },
    { "failed_append_accepted", "a failed append is answered as if it were stored", BANK, 1000 },
    { "others_not_seen", "what others append to a stream is not noticed", BANK, 1000 },
    { "audit_left_out", "the audit's record is not written with the events", BANK, 100 },
    { "past_too_far", "a state at a version has the event behind it, too", BANK, 1000 },
    /* process managers */
    { "outbox_new_ids", "after a crash commands go out under new ids", BANK, 100 },
    { "asked_before_forgotten", "the outcome of a command that was asked for twice is forgotten", BANK, 500 },
    { "outbox_row_stays", "the row of an outbox that is through stays", BANK, 100 },
    { "outbox_not_read", "an outbox isn't read after a crash", BANK, 100 },
    { "end_not_remembered", "that an instance has ended is forgotten", BANK, 100 },
    { "event_handled_twice", "an event that comes again is handled again", BANK, 100 },
    { "association_not_stored", "an association is known until the process dies", TRIPS, 1000 },
    { "held_not_stored", "an event that waits for a retry of its instance is acknowledged, and in no row", BANK, 1000 },
    /* the schedule */
    { "schedule_new_ids", "what is asked again is another command", SCHEDULE, 1000 },
    { "missed_dropped", "what was missed while nobody ran is dropped", SCHEDULE, 1000 },
    { "cancel_not_written", "a cancelled command stays in the schedule", SCHEDULE, 100 },
    /* handlers and projections */
    { "checkpoint_before_work", "the checkpoint is ahead of the work", BANK, 1000 },
    { "rows_without_checkpoint", "rows and checkpoint in two transactions", BANK, 100 },
    { "room_not_told", "room in the window wakes nobody", BANK, 1000 },
    { "no_barrier", "a reader begins before what its last life wrote is through", BANK, 1000 },
    { "overtakes_aside", "an event overtakes one of its stream that waits to be tried again", BANK, 100 },
    { "lane_by_position", "an event goes to any lane, not to that of its key", BANK, 1000 },
    { "lane_fails_at_once", "an event that a lane can't take overtakes those of its key that it has", BANK, 1000 },
    { "inline_not_written", "an inline projection's rows are not in the commit of the events", BANK, 100 },
    { "wait_not_waited", "wait_for returns before the reader is there", BANK, 100 },
    /* what the simulation has found in what stood: each mend taken back */
    { "retry_dies_with_actor", "a command that is decided again is lost with its aggregate", BANK, 5000 },
    { "rejection_loses_code", "a rejection without memory for its text goes out without its code", BANK, 1000 },
    { "repeated_answer_ahead", "a repeated command is answered ahead of the mark", BANK, 5000 },
    { "stopped_begins_again", "an instance that has stopped is begun by its router's second life", BANK, 5000 },
    { "not_read_behind", "an instance reads its rows while its last life's batch is on its way", BANK, 1000 },
    /* the runtime */
    { "rest_not_restarted", "rest_for_one restarts the one child only", TREE, 100 },
    { "intensity_not_pruned", "restarts are counted for ever", TREE, 500 },
    { "abandoned_reply_taken", "the answer to an abandoned request is delivered", TREE, 100 },
    { "name_not_freed", "the dead keep their names", TREE, 100 },
    { "generation_kept", "a slot is used again under the same pid", TREE, 100 },
    { "drop_not_counted", "a dropped message isn't counted", TREE, 100 },
    { "one_down_lost", "the last of several monitors isn't told", TREE, 100 },
    { "timer_early", "a timer fires one tick early", TREE, 100 },
    { "cancelled_fires", "a timer that is cancelled while its message waits is delivered", TREE, 100 },
    { NULL, NULL, NULL, 0 },
};
