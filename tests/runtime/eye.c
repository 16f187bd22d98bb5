/*
 * See eye.h.
 */
#include "eye.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct order {
    void (*what)(acta_self *self, eye *e);
} order;

static acta_next
obey_order(acta_self *self, void *user, acta_from from, acta_message *message)
{
    order o;
    memcpy(&o, message->payload, sizeof o);
    o.what(self, user);
    acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static acta_next
note_event(acta_self *self, void *user, const acta_info *info)
{
    eye *e = user;

    assert_int_equal(info->kind, ACTA_INFO_FD);
    e->ready = info->tag;
    e->fd = info->user;
    if (info->status != ACTA_OK) {
        assert_int_equal(info->status, ACTA_NOT_FOUND);
        snprintf(e->text, sizeof e->text, "%s", info->error->text);
        atomic_fetch_add(&e->lost, 1);
        return ACTA_NEXT;
    }
    acta_next next = e->on_event != NULL ? e->on_event(self, e, info) : ACTA_NEXT;
    atomic_fetch_add(&e->events, 1);
    return next;
}

void
open_eye(eye *e, harness *h)
{
    memset(e, 0, sizeof *e);
    e->h = h;
    e->s = (script){ .call = obey_order, .info = note_event, .user = e };
    e->pid = spawn(h, &e->s);
}

void
tell_eye(eye *e, void (*what)(acta_self *self, eye *e))
{
    acta_message *m = acta_message_create(e->h->runtime, 0, sizeof(order));
    memcpy(m->payload, &(order){ what }, sizeof(order));
    assert_int_equal(acta_call(e->h->runtime, e->pid, m, 20000, NULL, NULL), ACTA_OK);
}

void
watch(acta_self *self, eye *e)
{
    acta_error error = { .text = "" };
    e->status = acta_watch_fd(self, e->number, e->interest, &e->ref, &error);
    snprintf(e->text, sizeof e->text, "%s", e->status != ACTA_OK ? error.text : "");
}

void
unwatch(acta_self *self, eye *e)
{
    e->flag = acta_unwatch_fd(self, e->ref);
}

void
have_watch(eye *e, int fd, uint32_t interest)
{
    e->number = fd;
    e->interest = interest;
    tell_eye(e, watch);
    if (e->status != ACTA_OK) fail_msg("%s", e->text);
}

acta_status
try_watch(eye *e, int fd, uint32_t interest)
{
    e->number = fd;
    e->interest = interest;
    tell_eye(e, watch);
    return e->status;
}

void
let_the_poller_pass(harness *h)
{
    eye e;
    int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);

    open_eye(&e, h);
    have_watch(&e, fd, ACTA_FD_READABLE);
    await_count(h, &e.events, 1);
    close(fd);
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    acta_exit(h->runtime, (acta_pid){ 0 }, e.pid, &kill);
    await_dead(h, e.pid);
}

void
make_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
}

void
put(int fd)
{
    assert_int_equal(write(fd, "x", 1), 1);
}

void
close_both(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}
