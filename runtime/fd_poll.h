/*
 * Waiting for file descriptors: what epoll, an eventfd and a timerfd give, without their names. The raw calls stand in
 * fd_poll.c.
 */
#ifndef ACTI_RUNTIME_FD_POLL_H
#define ACTI_RUNTIME_FD_POLL_H

#include <stdbool.h>
#include <stdint.h>

/* Closed: all -1. */
typedef struct acti_poll {
    int set_fd; /* readable when any of its files is ready, when it was woken, or when its time has come */
    int wake_fd;
    int timer_fd; /* -1: it keeps no time */
} acti_poll;

enum { ACTI_POLL_BATCH = 64 };
#define ACTI_POLL_WAKE  UINT64_MAX /* keys of its own */
#define ACTI_POLL_TIMER (UINT64_MAX - 1)

typedef struct acti_poll_event {
    uint64_t key;
    uint32_t ready; /* ACTA_FD_… */
} acti_poll_event;

#define ACTI_POLL_CLOSED ((acti_poll){ -1, -1, -1 })

/* 0, or an errno, and then it is closed. */
int acti_poll_open(acti_poll *poll, bool keeps_time);
void acti_poll_close(acti_poll *poll); /* closed ones too */

/* One event with `key` when the file is as asked (ACTA_FD_…), then none. 0 or an errno; EEXIST: add it once. */
int acti_poll_add(const acti_poll *poll, int fd, uint32_t interest, uint64_t key);
/* The same for a file that was added before, whether its event has come or not. ENOENT: it wasn't. */
int acti_poll_rearm(const acti_poll *poll, int fd, uint32_t interest, uint64_t key);
void acti_poll_forget(const acti_poll *poll, int fd);

/* What is ready, up to ACTI_POLL_BATCH; waits for it when asked to. May give 0 for no reason. */
uint32_t acti_poll_wait(const acti_poll *poll, acti_poll_event *events, bool waits);

/* Make it ready with the key ACTI_POLL_WAKE, until that is taken. Any thread. */
void acti_poll_wake(const acti_poll *poll);
void acti_poll_take_wake(const acti_poll *poll);

/* Ready with the key ACTI_POLL_TIMER from then on; UINT64_MAX: never; setting it again makes it unready. */
void acti_poll_set_timer(const acti_poll *poll, uint64_t delay_ns);

/* Sleep until it is ready, at most timeout_ns; nothing is taken. */
void acti_poll_sleep(const acti_poll *poll, uint64_t timeout_ns);

#endif
