/*
 * Actors in a program that has an epoll loop of its own: the runtime has no workers, all runs on this one thread.
 *
 * The host has a clock (a timerfd) in its loop and tells an actor of each tick; the actor sets a timer for each, ends
 * after the third, and the program ends with it.
 *
 *     $ build/examples/epoll_loop/epoll_loop
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
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

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
    int loop_fd, clock_fd;
    uint32_t tick;
} host;

static void
on_clock(host *h)
{
    uint64_t expired;

    if (read(h->clock_fd, &expired, sizeof expired) != sizeof expired || h->tick == TICK_COUNT) return;
    printf("host: tick %u\n", (unsigned)++h->tick);
    acta_send(h->runtime, h->pid, acta_message_create(h->runtime, h->tick, 0));
}

static bool
add(host *h, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    return fd >= 0 && epoll_ctl(h->loop_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool
open_loop(host *h)
{
    const struct timespec period = { .tv_nsec = TICK_MS * 1000000L };
    const struct itimerspec when = { .it_interval = period, .it_value = period };

    h->loop_fd = epoll_create1(EPOLL_CLOEXEC);
    h->clock_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    return h->loop_fd >= 0 && add(h, h->clock_fd) && timerfd_settime(h->clock_fd, 0, &when, NULL) == 0 &&
           add(h, acta_runtime_fd(h->runtime)); /* this is all that it takes */
}

static void
run_loop(host *h)
{
    while (acta_is_alive(h->runtime, h->pid)) {
        struct epoll_event event;
        if (epoll_wait(h->loop_fd, &event, 1, -1) != 1) continue;
        if (event.data.fd == h->clock_fd)
            on_clock(h);
        else
            acta_run_once(h->runtime, 0);
    }
}

int
main(void)
{
    host h = { .loop_fd = -1, .clock_fd = -1 };
    acta_error error;

    acta_status status = acta_runtime_create(&(acta_runtime_config){ .host_driven = true }, &h.runtime, &error);
    if (status == ACTA_OK)
        status = acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &listener }, &h.pid, &error);
    if (status == ACTA_OK && !open_loop(&h)) status = acta_error_set(&error, ACTA_IO, "cannot open the loop");
    if (status == ACTA_OK) run_loop(&h);

    if (h.clock_fd >= 0) close(h.clock_fd);
    if (h.loop_fd >= 0) close(h.loop_fd);
    acta_runtime_destroy(h.runtime);
    if (status != ACTA_OK) fprintf(stderr, "epoll_loop: %s\n", error.text);
    return status != ACTA_OK;
}
