/*
 * Actors in a program that lives in libuv's loop: the runtime has no workers, all runs on this one thread.
 *
 * The host has a clock (a uv_timer) and tells an actor of each tick; the actor sets a timer for each, ends after the
 * third, and the program ends with it.
 *
 *     $ build/examples/libuv_loop/libuv_loop
 *     host: tick 1
 *     actor: tick 1, and 5 ms later
 *     host: tick 2
 *     actor: tick 2, and 5 ms later
 *     host: tick 3
 *     actor: tick 3, and 5 ms later
 */
#include "acta/gen_server.h"
#include "acta/runtime.h"

#include <stdio.h>
#include <uv.h>

enum { TICK_MS = 50, TICK_COUNT = 3 };

/* -- the actor -- */

static acta_next
listener_cast(acta_self *self, void *state, acta_message *message)
{
    acta_ref ref;
    (void)state;
    return acta_send_after(self, 5, message->tag, 0, &ref) == ACTA_OK ? ACTA_NEXT : ACTA_STOP;
}

static acta_next
listener_info(acta_self *self, void *state, const acta_info *info)
{
    (void)self;
    (void)state;
    if (info->kind != ACTA_INFO_TIMER) return ACTA_NEXT;
    printf("actor: tick %u, and 5 ms later\n", (unsigned)info->tag);
    return info->tag < TICK_COUNT ? ACTA_NEXT : ACTA_STOP;
}

static const acta_behaviour listener = {
    .name = "listener",
    .handle_cast = listener_cast,
    .handle_info = listener_info,
};

/* -- the host -- */

typedef struct host {
    acta_runtime *runtime;
    acta_pid pid;
    uv_loop_t loop;
    uv_timer_t clock;
    uv_poll_t runtime_file;
    uint32_t tick;
} host;

static void
on_clock(uv_timer_t *clock)
{
    host *h = clock->data;

    if (h->tick == TICK_COUNT) return;
    printf("host: tick %u\n", (unsigned)++h->tick);
    acta_send(h->runtime, h->pid, acta_message_create(h->runtime, h->tick, 0));
}

static void
on_runtime(uv_poll_t *file, int status, int events)
{
    host *h = file->data;
    (void)status;
    (void)events;

    acta_run_once(h->runtime, 0);
    if (acta_is_alive(h->runtime, h->pid)) return;
    uv_close((uv_handle_t *)&h->clock, NULL); /* the loop ends with its last handle */
    uv_close((uv_handle_t *)&h->runtime_file, NULL);
}

static bool
run_loop(host *h)
{
    if (uv_loop_init(&h->loop) != 0) return false;
    h->clock.data = h;
    h->runtime_file.data = h;
    bool opened = uv_timer_init(&h->loop, &h->clock) == 0 &&
                  uv_timer_start(&h->clock, on_clock, TICK_MS, TICK_MS) == 0 &&
                  uv_poll_init(&h->loop, &h->runtime_file, acta_runtime_fd(h->runtime)) == 0 &&
                  uv_poll_start(&h->runtime_file, UV_READABLE, on_runtime) == 0; /* this is all that it takes */
    if (opened) uv_run(&h->loop, UV_RUN_DEFAULT);
    uv_loop_close(&h->loop);
    return opened;
}

int
main(void)
{
    host h = { .runtime = NULL };
    acta_error error;

    acta_status status = acta_runtime_create(&(acta_runtime_config){ .host_driven = true }, &h.runtime, &error);
    if (status == ACTA_OK)
        status = acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &listener }, &h.pid, &error);
    if (status == ACTA_OK && !run_loop(&h)) status = acta_error_set(&error, ACTA_IO, "cannot open the loop");

    acta_runtime_destroy(h.runtime);
    if (status != ACTA_OK) fprintf(stderr, "libuv_loop: %s\n", error.text);
    return status != ACTA_OK;
}
