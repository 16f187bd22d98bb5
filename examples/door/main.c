/*
 * A door with a code lock: a state machine with a function for each state, a state timeout, and events that wait.
 *
 *        LOCKED --(the right code)--> OPEN --(50 ms)--> LOCKED
 *
 * Buttons that are pressed while the door stands open are for the next time: they are postponed, and come again when it
 * is locked. Who wants to go through and finds it locked waits the same way, until it opens; and so does the call of who
 * wants to see it locked for the last time.
 *
 *     $ build/examples/door/door
 *     locked
 *     wrong: 1 2 3 5
 *     open
 *     somebody goes through
 *     locked
 *     open
 *     locked
 */
#include "acta/gen_statem.h"

#include <stdio.h>
#include <string.h>

enum { LOCKED, OPEN };                   /* states */
enum { PRESS, GO_THROUGH, SEE_IT_DONE }; /* messages: two to send, one to call */
enum { CODE_SIZE = 4, OPEN_MS = 50 };

typedef struct door {
    char code[CODE_SIZE], pressed[CODE_SIZE];
    int pressed_count;
    int openings_left; /* then the demonstration is done */
} door;

static acta_transition
press(acta_self *self, door *d, const acta_message *message)
{
    memcpy(&d->pressed[d->pressed_count++], message->payload, 1);
    if (d->pressed_count < CODE_SIZE) return acta_statem_keep();

    d->pressed_count = 0;
    if (memcmp(d->pressed, d->code, CODE_SIZE) != 0) {
        printf("wrong: %c %c %c %c\n", d->pressed[0], d->pressed[1], d->pressed[2], d->pressed[3]);
        return acta_statem_keep();
    }
    acta_statem_set_state_timeout(self, OPEN_MS, 0); /* of the state that we go to */
    return acta_statem_next(OPEN);
}

static acta_transition
locked(acta_self *self, void *data, const acta_statem_event *event)
{
    door *d = data;

    if (event->type == ACTA_STATEM_ENTER) printf("locked\n");
    if (event->type == ACTA_STATEM_CAST && event->tag == PRESS) return press(self, d, event->message);
    if (event->type == ACTA_STATEM_CAST) acta_statem_postpone(self); /* go through: not yet */
    if (event->type == ACTA_STATEM_CALL && d->openings_left > 0)
        acta_statem_postpone(self);
    else if (event->type == ACTA_STATEM_CALL)
        acta_reply(acta_self_runtime(self), event->from, ACTA_OK, NULL, NULL);
    return acta_statem_keep();
}

static acta_transition
open(acta_self *self, void *data, const acta_statem_event *event)
{
    door *d = data;

    switch (event->type) {
    case ACTA_STATEM_ENTER:
        printf("open\n");
        d->openings_left--;
        return acta_statem_keep();
    case ACTA_STATEM_STATE_TIMEOUT:
        return acta_statem_next(LOCKED);
    case ACTA_STATEM_CAST:
        if (event->tag == GO_THROUGH)
            printf("somebody goes through\n");
        else
            acta_statem_postpone(self); /* a button: for the next time */
        return acta_statem_keep();
    default:
        acta_statem_postpone(self);
        return acta_statem_keep();
    }
}

static acta_status
install(acta_self *self, void *data, const void *code, uint32_t *state_out, acta_error *error)
{
    door *d = data;

    (void)self;
    if (strlen(code) != CODE_SIZE) return acta_error_set(error, ACTA_INVALID, "a code has %d digits", CODE_SIZE);
    memcpy(d->code, code, CODE_SIZE);
    d->openings_left = 2;
    *state_out = LOCKED;
    return ACTA_OK;
}

static const acta_statem_state states[] = { [LOCKED] = { "locked", locked }, [OPEN] = { "open", open } };
static const acta_statem door_machine = { .base = ACTA_STATEM(.name = "door", .state_size = sizeof(door)),
    .states = states,
    .state_count = sizeof states / sizeof states[0],
    .state_enter = true,
    .init = install };

static acta_status
press_all(acta_runtime *runtime, acta_pid pid, const char *buttons)
{
    acta_status status = ACTA_OK;

    for (; status == ACTA_OK && *buttons != '\0'; buttons++) {
        acta_message *message = acta_message_create(runtime, PRESS, 1);
        if (message != NULL) memcpy(message->payload, buttons, 1);
        status = acta_send(runtime, pid, message);
    }
    return status;
}

static acta_status
use_door(acta_runtime *runtime, acta_error *error)
{
    acta_spawn_options options = { .behaviour = &door_machine.base, .argument = "1234" };
    acta_pid pid;

    acta_status status = acta_spawn(runtime, &options, &pid, error);
    if (status == ACTA_OK) status = acta_send(runtime, pid, acta_message_create(runtime, GO_THROUGH, 0));
    /* A wrong code, the right one, and the right one again, pressed while the door is open. */
    if (status == ACTA_OK) status = press_all(runtime, pid, "123512341234");
    if (status == ACTA_OK)
        status = acta_call(runtime, pid, acta_message_create(runtime, SEE_IT_DONE, 0), 5000, NULL, error);
    return status;
}

int
main(void)
{
    acta_runtime *runtime;
    acta_error error = { .status = ACTA_OK };

    acta_status status = acta_runtime_create(NULL, &runtime, &error);
    if (status == ACTA_OK) {
        status = use_door(runtime, &error);
        acta_runtime_stop(runtime, 5000, NULL);
        acta_runtime_destroy(runtime);
    }
    if (status != ACTA_OK)
        fprintf(stderr, "door: %s\n", error.status == status ? error.text : acta_status_name(status));
    return status != ACTA_OK;
}
