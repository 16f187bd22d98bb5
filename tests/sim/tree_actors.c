/*
 * The actors of the simulated tree: children, which start, answer late and die; and the probe, which holds the runtime to
 * its word. See tree.h.
 */
#include <inttypes.h>
#include <string.h>

#include "acta/offload.h"
#include "tree.h"

enum { ASK_TIMEOUT_MS = 20, WORK_TIMEOUT_MS = 1500, ANSWER_MS_MAX = 40, TIMER_MS_MAX = 50, HELD_MAX = 16 };

static void
count_destroyed(acta_message *message)
{
    tree_run *run;

    memcpy(&run, message->payload, sizeof(void *));
    run->destroyed++;
}

typedef struct letter {
    tree_run *run;
    uint64_t value;
} letter;

acta_message *
tree_message(tree_run *run, uint32_t tag, uint64_t value)
{
    acta_message *message = acta_message_create(run->runtime, tag, sizeof(letter));
    if (message == NULL) return NULL;

    *(letter *)message->payload = (letter){ .run = run, .value = value };
    message->destroy = count_destroyed;
    run->made++;
    return message;
}

static uint64_t
value_of(const acta_message *message)
{
    const letter *l = message->payload;
    return l->value;
}

/* -- children -- */

/* A name in the tree: whoever bears it is in the list. */
static acta_str
name_of(uint32_t index)
{
    static const char *const names[TREE_ACTORS] = { "a", "b", "c", "l" };
    return acta_str_of(names[index]);
}

typedef struct child_state {
    tree_child *child;
    acta_from held[HELD_MAX]; /* a == 0: free */
} child_state;

static acta_status
child_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    child_state *s = state;
    tree_child *child = *(tree_child *const *)argument;
    tree_run *run = child->run;
    (void)error;

    if (child->pid.value == acta_self_pid(self).value) tree_broken(run, "a pid is used again: child %u", child->index);
    s->child = child;
    child->pid = acta_self_pid(self);
    if (child->first_pid.value == 0) child->first_pid = child->pid;
    child->start_number = ++run->starts;
    child->started_ns[child->start_count++ % (TREE_INTENSITY + 1)] = acta_sim_now_ns(run->sim);
    return ACTA_OK;
}

/* Answered later, so that some answers come when nobody waits any more. */
static acta_next
child_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    child_state *s = state;
    uint32_t at = 0;
    acta_ref ref;
    (void)message;

    while (at < HELD_MAX && s->held[at].a != 0)
        at++;
    if (at == HELD_MAX) {
        acta_reply(acta_self_runtime(self), from, ACTA_BUSY, NULL, NULL);
        return ACTA_NEXT;
    }
    s->held[at] = from;
    uint32_t delay_ms = acta_sim_choose(s->child->run->sim, ACTA_SIM_WORKLOAD, ANSWER_MS_MAX);
    ACTA_CHECK(self, acta_send_after(self, delay_ms, 0, at, &ref) == ACTA_OK);
    return ACTA_NEXT;
}

static acta_next
child_info(acta_self *self, void *state, const acta_info *info)
{
    child_state *s = state;

    if (info->kind != ACTA_INFO_TIMER) return ACTA_NEXT;
    acta_reply(acta_self_runtime(self), s->held[info->user], ACTA_OK, NULL, NULL);
    s->held[info->user] = (acta_from){ 0, 0 };
    return ACTA_NEXT;
}

static acta_next
child_cast(acta_self *self, void *state, acta_message *message)
{
    const child_state *s = state;

    if (value_of(message) != acta_self_pid(self).value)
        tree_broken(s->child->run, "a message to the dead is handled: child %u", s->child->index);
    return ACTA_NEXT;
}

const acta_behaviour tree_child_behaviour = {
    .name = "child",
    .state_size = sizeof(child_state),
    .init = child_init,
    .handle_call = child_call,
    .handle_cast = child_cast,
    .handle_info = child_info,
};

/* -- the probe -- */

typedef struct probe_state {
    tree_run *run;
    acta_ref lone; /* monitor of the supervisor */
} probe_state;

static uint32_t
choose(const tree_run *run, uint32_t count)
{
    return acta_sim_choose(run->sim, ACTA_SIM_WORKLOAD, count);
}

static tree_timer *
set_timer(acta_self *self, tree_run *run, uint64_t due_ns)
{
    if (run->timer_count == TREE_TIMERS) return NULL;
    tree_timer *timer = &run->timers[run->timer_count];
    *timer = (tree_timer){ .due_ns = due_ns };
    if (acta_send_at(self, due_ns, 0, run->timer_count, &timer->ref) != ACTA_OK) return NULL;
    run->timer_count++;
    return timer;
}

static void
set_timers(acta_self *self, tree_run *run, bool two)
{
    uint64_t due_ns = acta_sim_now_ns(run->sim) + choose(run, TIMER_MS_MAX) * UINT64_C(1000000) + choose(run, 1000000);
    tree_timer *first = set_timer(self, run, due_ns), *second = two ? set_timer(self, run, due_ns) : NULL;

    if (first == NULL || second == NULL) return;
    first->partner = (uint32_t)(second - run->timers) + 1;
    second->partner = (uint32_t)(first - run->timers) + 1;
}

static void
timer_came(acta_self *self, tree_run *run, uint64_t index)
{
    tree_timer *timer = &run->timers[index];

    if (acta_sim_now_ns(run->sim) < timer->due_ns) tree_broken(run, "a timer is early: number %" PRIu64, index);
    if (timer->cancelled) tree_broken(run, "a cancelled timer comes: number %" PRIu64, index);
    if (timer->came) tree_broken(run, "a timer comes twice: number %" PRIu64, index);
    timer->came = true;
    run->ended++;
    if (timer->partner == 0 || run->timers[timer->partner - 1].came) return;
    acta_cancel_timer(self, run->timers[timer->partner - 1].ref);
    run->timers[timer->partner - 1].cancelled = true;
    run->ended++;
}

static void
ask(acta_self *self, tree_run *run)
{
    const tree_child *child = &run->children[choose(run, TREE_ACTORS)];
    if (run->ask_count == TREE_ASKS) return;
    tree_ask *asked = &run->asks[run->ask_count];
    *asked = (tree_ask){ .answers = 0 };
    acta_message *message = tree_message(run, TREE_TAG_ASK, 0);

    if (acta_request(self, child->pid, message, ASK_TIMEOUT_MS, &asked->ref) == ACTA_OK) run->ask_count++;
}

static acta_status
work(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    const letter *l = argument->payload;
    tree_ask *asked = &l->run->asks[l->value];

    if (asked->withdrawn) tree_broken(l->run, "work is done that was taken back: number %" PRIu64, l->value);
    if (asked->works++ > 0) tree_broken(l->run, "work is done twice: number %" PRIu64, l->value);
    if (!acta_job_is_wanted(job)) return ACTA_OK;
    switch (choose(l->run, 3)) {
    case 0:
        *result_out = argument;
        return ACTA_OK;
    case 1:
        return acta_error_set(error, ACTA_NOT_FOUND, "nothing comes of it");
    default:
        return ACTA_OK;
    }
}

static void
offload(acta_self *self, tree_run *run)
{
    if (run->ask_count == TREE_ASKS) return;
    tree_ask *asked = &run->asks[run->ask_count];
    *asked = (tree_ask){ .is_work = true };
    acta_message *message = tree_message(run, TREE_TAG_WORK, run->ask_count);

    if (message != NULL && acta_offload(self, work, message, WORK_TIMEOUT_MS, &asked->ref) == ACTA_OK) run->ask_count++;
}

/* The newest that has no answer: it may be on its way. */
static void
abandon(acta_self *self, tree_run *run)
{
    for (uint32_t i = run->ask_count; i-- > 0;) {
        tree_ask *asked = &run->asks[i];
        if (asked->abandoned || asked->answers > 0) continue;
        if (asked->is_work)
            asked->withdrawn = acta_offload_cancel(self, asked->ref);
        else
            acta_request_abandon(self, asked->ref);
        asked->abandoned = true;
        run->answered++;
        return;
    }
}

static void
answer_came(tree_run *run, acta_ref ref)
{
    for (uint32_t i = 0; i < run->ask_count; i++) {
        if (!acta_ref_equal(run->asks[i].ref, ref)) continue;
        if (run->asks[i].abandoned) tree_broken(run, "an abandoned request is answered: number %u", i);
        if (run->asks[i].answers++ > 0) tree_broken(run, "a request is answered twice: number %u", i);
        run->answered++;
        return;
    }
    tree_broken(run, "an answer comes that nobody asked for: %" PRIu64, ref.value);
}

static void
watch(acta_self *self, tree_run *run)
{
    const tree_child *child = &run->children[choose(run, TREE_ACTORS)];

    for (int i = 0; i < 2 && run->watch_count < TREE_WATCHES; i++) {
        tree_watch *watched = &run->watches[run->watch_count];
        *watched = (tree_watch){ .target = child->pid, .index = child->index };
        if (acta_monitor(self, child->pid, &watched->ref) == ACTA_OK) run->watch_count++;
    }
}

/* It gives up when there is one more restart in the period than it bears: so the last ones that it made lie in one period. */
static void
check_intensity(tree_run *run)
{
    const tree_child *lone = &run->children[TREE_LONE];
    uint32_t restarts = lone->start_count - 1;

    if (restarts >= TREE_INTENSITY) {
        uint64_t last_ns = lone->started_ns[restarts % (TREE_INTENSITY + 1)];
        uint64_t first_ns = lone->started_ns[(restarts - TREE_INTENSITY + 1) % (TREE_INTENSITY + 1)];
        if (last_ns - first_ns <= TREE_PERIOD_MS * UINT64_C(1000000)) return;
    }
    tree_broken(run, "a supervisor gives up too early: after %u restarts", restarts);
}

static void
down_came(acta_self *self, probe_state *s, const acta_info *info)
{
    tree_run *run = s->run;

    if (acta_ref_equal(info->ref, s->lone)) {
        run->lone_is_down = true;
        if (strncmp(info->reason->text, "child ", 6) == 0) check_intensity(run); /* it gave up */
        return;
    }
    for (uint32_t i = 0; i < run->watch_count; i++) {
        tree_watch *watched = &run->watches[i];
        if (!acta_ref_equal(watched->ref, info->ref)) continue;
        if (watched->downs++ > 0) tree_broken(run, "an end is told twice: child %u", watched->index);
        acta_pid holder = acta_whereis(acta_self_runtime(self), name_of(watched->index));
        if (acta_pid_equal(holder, watched->target)) tree_broken(run, "the dead hold a name: child %u", watched->index);
        return;
    }
    tree_broken(run, "an end is told that nobody watches: %" PRIu64, info->ref.value);
}

static acta_status
probe_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    probe_state *s = state;
    (void)error;

    s->run = *(tree_run *const *)argument;
    return acta_monitor(self, s->run->lone, &s->lone);
}

static acta_next
probe_cast(acta_self *self, void *state, acta_message *message)
{
    const probe_state *s = state;
    tree_run *run = s->run;
    const tree_child *child = &run->children[value_of(message) % TREE_ACTORS];

    run->done++;
    switch ((tree_action)message->tag) {
    case TREE_SET_TIMER:
    case TREE_SET_TWO:
        set_timers(self, run, message->tag == TREE_SET_TWO);
        break;
    case TREE_ASK:
        ask(self, run);
        break;
    case TREE_ABANDON:
        abandon(self, run);
        break;
    case TREE_WATCH:
        watch(self, run);
        break;
    case TREE_WRITE:
        acta_send(run->runtime, child->first_pid, tree_message(run, TREE_TAG_WRITE, child->first_pid.value));
        acta_send(run->runtime, child->pid, tree_message(run, TREE_TAG_WRITE, child->pid.value));
        break;
    case TREE_OFFLOAD:
        offload(self, run);
        break;
    case TREE_ACTIONS:
        break;
    }
    return ACTA_NEXT;
}

static acta_next
probe_info(acta_self *self, void *state, const acta_info *info)
{
    probe_state *s = state;

    if (info->kind == ACTA_INFO_TIMER) timer_came(self, s->run, info->user);
    if (info->kind == ACTA_INFO_REPLY) answer_came(s->run, info->ref);
    if (info->kind == ACTA_INFO_DOWN) down_came(self, s, info);
    return ACTA_NEXT;
}

const acta_behaviour tree_probe_behaviour = {
    .name = "probe",
    .state_size = sizeof(probe_state),
    .init = probe_init,
    .handle_cast = probe_cast,
    .handle_info = probe_info,
};
