/*
 * Describe: what the messages between an application's actors are, in words, for who traces them.
 */
#include <inttypes.h>
#include <stdio.h>

#include "aggregate_actor.h"
#include "manager.h"

static void
describe_command(const acti_command *command, char *text, size_t size)
{
    if (command->ask == ACTI_ASK_READ)
        snprintf(text, size, "asked for its state");
    else
        snprintf(text, size, "command %s", command->aggregate->code->commands[command->number]->name);
}

static void
describe_event(const acti_item *item, char *text, size_t size)
{
    const acta_recorded *recorded = &item->recorded;

    snprintf(text, size, "event " ACTA_FMT " of " ACTA_FMT ", position %" PRIu64, ACTA_ARG(recorded->type),
        ACTA_ARG(recorded->stream), recorded->position);
}

static const char *
words_of(uint32_t tag)
{
    static const char *const words[] = { [ACTI_TAG_WAKE] = "look at what was under way",
        [ACTI_TAG_STALE] = "an append has become durable after all",
        [ACTI_TAG_PERMIT] = "may many events be read?",
        [ACTI_TAG_RELEASE] = "they have been read",
        [ACTI_TAG_SETTLE] = "has all come to rest?",
        [ACTI_TAG_DRAIN] = "is no command under way?",
        [ACTI_TAG_NAP] = "wake me later",
        [ACTI_TAG_BEGIN] = "begin to read",
        [ACTI_TAG_READY] = "events may be there",
        [ACTI_TAG_COMMITTED] = "what it wrote is stored, or refused",
        [ACTI_TAG_WAIT] = "say when a position is passed",
        [ACTI_TAG_EVENT] = "an event",
        [ACTI_TAG_RESUME] = "go on with the outbox",
        [ACTI_TAG_WAITING] = "an event waits behind an instance's commands",
        [ACTI_TAG_TRIED_OUT] = "an instance's commands were tried as often as may be",
        [ACTI_TAG_STUCK] = "an instance's commands can't get through",
        [ACTI_TAG_UNSTUCK] = "an instance's commands have got through",
        [ACTI_TAG_SCHEDULE] = "a command for later",
        [ACTI_TAG_CANCEL] = "a command for later is cancelled",
        [ACTI_TAG_LOOK] = "something may be due" };

    return tag < sizeof words / sizeof words[0] ? words[tag] : NULL;
}

bool
acta_app_describe_message(const char *behaviour, const acta_message *message, char *text, size_t size)
{
    static const char *const ours[] = { "aggregate", "clerk", "rehydration gate", "process manager", "reader",
        "schedule" };
    bool is_ours = false;

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        is_ours = is_ours || strcmp(behaviour, ours[i]) == 0;
    if (!is_ours) return false;
    if (message->tag == ACTI_TAG_COMMAND) {
        const acti_command *command;
        if (behaviour != acti_aggregate_behaviour.name) return false;
        memcpy(&command, message->payload, sizeof command);
        describe_command(command, text, size);
        return true;
    }
    if (message->tag == ACTI_TAG_EVENT && behaviour == acti_instance_behaviour.name) {
        describe_event(message->payload, text, size);
        return true;
    }
    const char *words = words_of(message->tag);
    if (words == NULL) return false;
    snprintf(text, size, "%s", words);
    return true;
}
