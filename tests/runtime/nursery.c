/*
 * See nursery.h.
 */
#include "nursery.h"

const char *const names[CHILD_MAX] = { "a", "b", "c", "d", "e", "f", "g", "h" };
nursery the_nursery;

static void
write_down(diary *d, char what, const char *name)
{
    size_t used = strlen(d->text);
    snprintf(d->text + used, sizeof d->text - used, "%c%s ", what, name);
}

/* -- workers -- */

static void
look_for_the_living(worker *w)
{
    for (const char *name = w->old_pids; name != NULL && *name != '\0'; name++) {
        if (acta_whereis(w->h->runtime, (acta_str){ name, 1 }).value != 0) w->saw_the_living = true;
    }
}

static acta_status
worker_init(acta_self *self, void *user, acta_error *error)
{
    worker *w = user;

    look_for_the_living(w);
    if (w->start_count < 64) w->started_ns[w->start_count] = atomic_load(&w->h->now_ns);
    w->start_count++;
    if (w->info != 0) acta_set_start_info(self, w->info);
    if (w->refusals > 0) {
        if (w->refusals != FOR_EVER) w->refusals--;
        write_down(w->d, '!', w->name);
        return acta_error_set(error, ACTA_IN_USE, "the port is taken");
    }
    if (w->fails_init) acta_fail(self, "cannot even begin");
    if (w->ignores) {
        write_down(w->d, '?', w->name);
        return ACTA_IGNORE;
    }
    if (w->habit != GOES) acta_trap_exit(self, true);
    w->pid = acta_self_pid(self);
    write_down(w->d, '+', w->name);
    return ACTA_OK;
}

static acta_next
worker_cast(acta_self *self, void *user, acta_message *message)
{
    (void)user;
    if (message->tag == DIE) acta_fail(self, "told to die");
    if (message->tag == UNLINK) {
        acta_unlink(self, the_nursery.pid);
        return ACTA_NEXT;
    }
    if (message->tag == LEAVE) acta_set_exit_reason(self, ACTA_EXIT_SHUTDOWN, NULL);
    return ACTA_STOP;
}

static acta_next
worker_info(acta_self *self, void *user, const acta_info *info)
{
    worker *w = user;
    acta_ref ref;

    if (info->kind == ACTA_INFO_TIMER) {
        acta_set_exit_reason(self, ACTA_EXIT_SHUTDOWN, NULL);
        return ACTA_STOP;
    }
    if (w->habit == FAILS) acta_fail(self, "not like this");
    if (w->habit == LINGERS) assert_int_equal(acta_send_after(self, w->linger_ms, 0, 0, &ref), ACTA_OK);
    return ACTA_NEXT;
}

static void
worker_terminate(acta_self *self, void *user, const acta_exit_reason *reason)
{
    worker *w = user;
    (void)self;
    (void)reason;
    write_down(w->d, '-', w->name);
}

/* -- the nursery -- */

static void
note_line(void *user, acta_log_level level, acta_str line)
{
    nursery *n = user;
    size_t used = strlen(n->log);

    (void)level;
    if (line.size > 10 && memcmp(line.data, "supervisor", 10) == 0) n->reports++;
    if (used + line.size + 2 < sizeof n->log)
        snprintf(n->log + used, sizeof n->log - used, ACTA_FMT "\n", ACTA_ARG(line));
}

nursery *
plant(uint32_t count)
{
    nursery *n = &the_nursery;

    if (n->is_up) uproot(n); /* an assertion left it */
    memset(n, 0, sizeof *n);
    for (uint32_t i = 0; i < CHILD_MAX; i++) {
        n->workers[i] = (worker){ .d = &n->d, .h = &n->h, .name = names[i] };
        n->scripts[i] = (script){ .init = worker_init,
            .cast = worker_cast,
            .info = worker_info,
            .terminate = worker_terminate,
            .user = &n->workers[i] };
        n->specs[i] = (acta_child_spec){ .id = names[i],
            .start = { .behaviour = &scripted, .argument = &n->scripts[i], .name = acta_str_of(names[i]) } };
    }
    n->options = (acta_supervisor_options){ .children = n->specs, .child_count = count };
    harness_start(&n->h, 0);
    n->h.log = note_line;
    n->h.log_user = n;
    n->is_up = true;
    return n;
}

acta_status
grow(nursery *n, acta_error *error)
{
    acta_status status = acta_supervisor_start(n->h.runtime, &n->options, &n->pid, error);
    harness_run(&n->h);
    return status;
}

void
must_grow(nursery *n)
{
    acta_error error;

    if (grow(n, &error) != ACTA_OK) fail_msg("%s", error.text);
    n->d.text[0] = '\0';
}

void
uproot(nursery *n)
{
    n->is_up = false;
    harness_stop(&n->h);
}

void
order(nursery *n, const char *name, uint32_t tag)
{
    assert_int_equal(send_tag(&n->h, pid_of(n, name), tag), ACTA_OK);
    harness_run(&n->h);
}

void
tell(nursery *n, acta_pid pid, acta_exit_kind kind)
{
    acta_exit(n->h.runtime, (acta_pid){ 0 }, pid, &(acta_exit_reason){ .kind = kind });
    harness_run(&n->h);
}

void
finish(nursery *n, const char *name, acta_exit_kind kind)
{
    tell(n, pid_of(n, name), kind);
}

acta_pid
pid_of(nursery *n, const char *name)
{
    return acta_whereis(n->h.runtime, acta_str_of(name));
}

bool
is_up(nursery *n, const char *name)
{
    return pid_of(n, name).value != 0;
}

void
expect_diary(nursery *n, const char *text)
{
    assert_string_equal(n->d.text, text);
    n->d.text[0] = '\0';
}

acta_child_state
state_of(nursery *n, const char *id)
{
    const acta_child_list *list;

    assert_int_equal(acta_supervisor_find(n->h.runtime, n->pid, id, &list, NULL), ACTA_OK);
    assert_int_equal(list->count, 1);
    acta_child_state state = list->children[0].state;
    assert_int_equal(list->children[0].pid.value != 0, state == ACTA_CHILD_RUNNING);
    acta_child_list_destroy(list);
    return state;
}

uint64_t
alive_count(nursery *n)
{
    acta_runtime_stats stats;

    acta_runtime_stats_read(n->h.runtime, &stats);
    return stats.alive;
}
