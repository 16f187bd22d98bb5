/*
 * See statem_probe.h.
 */
#include "statem_probe.h"

static const char *const type_names[] = { "call", "cast", "info", "internal", "enter", "state_timeout", "event_timeout",
    "timeout" };

static acta_transition
look(acta_self *self, void *data, const acta_statem_event *event, uint32_t state)
{
    probe *p = *(probe **)data;
    size_t used = strlen(p->seen);
    uint64_t number = event->type == ACTA_STATEM_ENTER     ? event->old_state
                      : event->type == ACTA_STATEM_INFO    ? (uint64_t)event->info->kind
                      : event->type == ACTA_STATEM_TIMEOUT ? event->tag
                      : event->message != NULL             ? event->tag
                                                           : event->user;

    snprintf(p->seen + used, sizeof p->seen - used, "%c:%s%llu ", "abc"[state], type_names[event->type],
        (unsigned long long)number);
    acta_transition t = p->step(self, p, state, event);
    atomic_fetch_add(&p->handled, 1);
    return t;
}

acta_transition
in_a(acta_self *self, void *data, const acta_statem_event *event)
{
    return look(self, data, event, A);
}

static acta_transition
in_b(acta_self *self, void *data, const acta_statem_event *event)
{
    return look(self, data, event, B);
}

static acta_transition
in_c(acta_self *self, void *data, const acta_statem_event *event)
{
    return look(self, data, event, C);
}

static acta_status
probe_init(acta_self *self, void *data, const void *argument, uint32_t *state_out, acta_error *error)
{
    probe *const *given = argument;
    probe *p = *given;

    *(probe **)data = p;
    return p->init != NULL ? p->init(self, p, state_out, error) : ACTA_OK;
}

static void
probe_terminate(acta_self *self, void *data, uint32_t state, const acta_exit_reason *reason)
{
    probe *p = *(probe **)data;

    (void)self;
    snprintf(p->end, sizeof p->end, "%c %d %s", "abc"[state], (int)reason -> kind, reason -> text);
}

static void
probe_format(acta_self *self, const void *data, acta_format_use use, char *text, size_t size)
{
    const probe *p = *(probe *const *)data;

    (void)self;
    (void)use;
    snprintf(text, size, "count=%u", p->count);
}

static const acta_statem_state states[] = { [A] = { "a", in_a }, [B] = { "b", in_b }, [C] = { "c", in_c } };

#define PROBE_MACHINE                                                                                                  \
    .base = ACTA_STATEM(.name = "probe", .state_size = sizeof(probe *)), .states = states, .state_count = 3,           \
    .init = probe_init, .terminate = probe_terminate, .format = probe_format

const acta_statem plain = { PROBE_MACHINE };
const acta_statem entering = { PROBE_MACHINE, .state_enter = true };
const acta_statem narrow = { PROBE_MACHINE, .postponed_count_max = 3 };
const acta_statem narrow_bytes = { PROBE_MACHINE, .postponed_bytes_max = 1000 };

acta_pid
start(harness *h, const acta_statem *what, probe *p)
{
    acta_pid pid = { 0 };
    acta_error error;

    acta_status status =
        acta_spawn(h->runtime, &(acta_spawn_options){ .behaviour = &what->base, .argument = &p }, &pid, &error);
    if (status != ACTA_OK) fail_msg("%s", error.text);
    return pid;
}

static void
count_destroyed(acta_message *message)
{
    probe *p;
    memcpy(&p, message->payload, sizeof p);
    atomic_fetch_add(&p->destroyed, 1);
}

acta_message *
counted(acta_runtime *runtime, probe *p, uint32_t tag)
{
    acta_message *message = acta_message_create(runtime, tag, sizeof p);

    if (message == NULL) return NULL;
    memcpy(message->payload, &p, sizeof p);
    message->destroy = count_destroyed;
    return message;
}

void
cast(harness *h, acta_pid pid, probe *p, uint32_t tag)
{
    assert_int_equal(acta_send(h->runtime, pid, counted(h->runtime, p, tag)), ACTA_OK);
}

void
note_answer(void *user, acta_status status, const acta_message *reply, const acta_error *error)
{
    answer *a = user;

    a->status = status;
    a->tag = reply != NULL ? reply->tag : 0;
    snprintf(a->text, sizeof a->text, "%s", error != NULL ? error->text : "");
    atomic_fetch_add(&a->count, 1);
}

void
ask(harness *h, acta_pid pid, probe *p, uint32_t tag, answer *a)
{
    acta_call_async(h->runtime, pid, counted(h->runtime, p, tag), ACTA_INFINITE, note_answer, a);
}

acta_transition
walk(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    acta_runtime *runtime = acta_self_runtime(self);

    if (event->type == ACTA_STATEM_ENTER) return acta_statem_keep();
    switch (event->tag) {
    case TO_A:
    case TO_B:
    case TO_C:
        return acta_statem_next(event->tag - TO_A);
    case QUESTION:
        if (state != A) {
            acta_reply(runtime, event->from, ACTA_OK, acta_message_create(runtime, ANSWER, 0), NULL);
            return acta_statem_keep();
        }
        acta_statem_postpone(self);
        return acta_statem_keep();
    case LATER:
        if (state == A) acta_statem_postpone(self);
        return acta_statem_keep();
    case AGAIN:
        return acta_statem_repeat();
    case END:
        return acta_statem_stop();
    case BREAK:
        acta_fail(self, "asked to, in %u", state);
    case POKE:
        acta_statem_counts_read(self, &p->counts);
        return acta_statem_keep();
    }
    return acta_statem_keep();
}
