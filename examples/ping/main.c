/*
 * The runtime alone: one actor, called from outside. Needs libacta-runtime only.
 *
 *     $ build/examples/ping/ping
 *     pong 1
 *     pong 2
 */
#include "acta/gen_server.h"
#include "acta/runtime.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PING, PONG };

typedef struct ping {
    uint64_t count; /* pings so far; nobody but this actor touches it */
} ping;

static acta_next
ping_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    ping *p = state;
    (void)message;

    p->count++;
    acta_message *reply = acta_message_create(acta_self_runtime(self), PONG, sizeof p->count);
    if (reply != NULL) memcpy(reply->payload, &p->count, sizeof p->count);
    acta_reply(acta_self_runtime(self), from, reply != NULL ? ACTA_OK : ACTA_NO_MEMORY, reply, NULL);
    return ACTA_NEXT;
}

static const acta_behaviour ping_behaviour = { .name = "ping", .state_size = sizeof(ping), .handle_call = ping_call };

static acta_status
call_ping(acta_runtime *runtime, acta_pid pid, acta_error *error)
{
    acta_message *reply;
    uint64_t count;

    acta_status status = acta_call(runtime, pid, acta_message_create(runtime, PING, 0), 5000, &reply, error);
    if (status != ACTA_OK) return status;
    memcpy(&count, reply->payload, sizeof count);
    acta_message_destroy(reply);
    printf("pong %" PRIu64 "\n", count);
    return ACTA_OK;
}

int
main(void)
{
    acta_runtime *runtime;
    acta_error error;
    acta_pid pid;

    acta_status status = acta_runtime_create(NULL, &runtime, &error);
    if (status == ACTA_OK) {
        status = acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &ping_behaviour }, &pid, &error);
        if (status == ACTA_OK) status = call_ping(runtime, pid, &error);
        if (status == ACTA_OK) status = call_ping(runtime, pid, &error);
        acta_runtime_destroy(runtime);
    }
    if (status != ACTA_OK) fprintf(stderr, "ping: %s\n", error.text);
    return status != ACTA_OK;
}
