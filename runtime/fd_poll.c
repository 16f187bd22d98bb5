/*
 * Files, and sleeping for them. A seam: no other file of runtime/ calls the system for these.
 */
#include "fd_poll.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "acta/watch_fd.h"

enum { NS_PER_S = 1000000000 };

static int
add_own(const acti_poll *poll, int fd, uint64_t key)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = key };

    if (fd < 0) return errno;
    return epoll_ctl(poll->set_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

int
acti_poll_open(acti_poll *poll, bool keeps_time)
{
    int problem;

    *poll = ACTI_POLL_CLOSED;
    poll->set_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poll->set_fd < 0) return errno;
    poll->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    problem = add_own(poll, poll->wake_fd, ACTI_POLL_WAKE);
    if (problem == 0 && keeps_time) {
        poll->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        problem = add_own(poll, poll->timer_fd, ACTI_POLL_TIMER);
    }
    if (problem != 0) acti_poll_close(poll);
    return problem;
}

void
acti_poll_close(acti_poll *poll)
{
    if (poll->timer_fd >= 0) close(poll->timer_fd);
    if (poll->wake_fd >= 0) close(poll->wake_fd);
    if (poll->set_fd >= 0) close(poll->set_fd);
    *poll = ACTI_POLL_CLOSED;
}

static int
control(const acti_poll *poll, int operation, int fd, uint32_t interest, uint64_t key)
{
    struct epoll_event event = { .events = EPOLLONESHOT, .data.u64 = key };

    if ((interest & ACTA_FD_READABLE) != 0) event.events |= EPOLLIN | EPOLLRDHUP;
    if ((interest & ACTA_FD_WRITABLE) != 0) event.events |= EPOLLOUT;
    return epoll_ctl(poll->set_fd, operation, fd, &event) == 0 ? 0 : errno;
}

int
acti_poll_add(const acti_poll *poll, int fd, uint32_t interest, uint64_t key)
{
    return control(poll, EPOLL_CTL_ADD, fd, interest, key);
}

int
acti_poll_rearm(const acti_poll *poll, int fd, uint32_t interest, uint64_t key)
{
    return control(poll, EPOLL_CTL_MOD, fd, interest, key);
}

void
acti_poll_forget(const acti_poll *poll, int fd)
{
    struct epoll_event unused = { .events = 0 };

    (void)epoll_ctl(poll->set_fd, EPOLL_CTL_DEL, fd, &unused); /* ENOENT, EBADF: closed before, and so forgotten */
}

static uint32_t
ready_of(uint32_t events)
{
    uint32_t ready = 0;

    if ((events & (EPOLLIN | EPOLLPRI)) != 0) ready |= ACTA_FD_READABLE;
    if ((events & EPOLLOUT) != 0) ready |= ACTA_FD_WRITABLE;
    if ((events & (EPOLLHUP | EPOLLRDHUP)) != 0) ready |= ACTA_FD_HANGUP;
    if ((events & EPOLLERR) != 0) ready |= ACTA_FD_ERROR;
    return ready;
}

uint32_t
acti_poll_wait(const acti_poll *poll, acti_poll_event *events, bool waits)
{
    struct epoll_event found[ACTI_POLL_BATCH];
    int count = epoll_wait(poll->set_fd, found, ACTI_POLL_BATCH, waits ? -1 : 0);

    for (int i = 0; i < count; i++)
        events[i] = (acti_poll_event){ .key = found[i].data.u64, .ready = ready_of(found[i].events) };
    return count > 0 ? (uint32_t)count : 0; /* EINTR: the caller comes again */
}

void
acti_poll_wake(const acti_poll *poll)
{
    uint64_t one = 1;

    while (write(poll->wake_fd, &one, sizeof one) < 0 && errno == EINTR) {} /* EAGAIN: it is awake by far */
}

void
acti_poll_take_wake(const acti_poll *poll)
{
    uint64_t count;

    while (read(poll->wake_fd, &count, sizeof count) < 0 && errno == EINTR) {} /* EAGAIN: another took it */
}

void
acti_poll_set_timer(const acti_poll *poll, uint64_t delay_ns)
{
    struct itimerspec when;

    memset(&when, 0, sizeof when); /* all zero: never */
    if (delay_ns != UINT64_MAX) {
        if (delay_ns == 0) delay_ns = 1;
        when.it_value.tv_sec = (time_t)(delay_ns / NS_PER_S);
        when.it_value.tv_nsec = (long)(delay_ns % NS_PER_S);
    }
    (void)timerfd_settime(poll->timer_fd, 0, &when, NULL);
}

void
acti_poll_sleep(const acti_poll *poll, uint64_t timeout_ns)
{
    struct pollfd set = { .fd = poll->set_fd, .events = POLLIN };
    struct timespec timeout = { .tv_sec = (time_t)(timeout_ns / NS_PER_S), .tv_nsec = (long)(timeout_ns % NS_PER_S) };

    (void)ppoll(&set, 1, timeout_ns == UINT64_MAX ? NULL : &timeout, NULL);
}
