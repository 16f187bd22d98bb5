/*
 * See event_probe.h.
 */
#include "event_probe.h"

typedef struct noter {
    slate *to;
    int number;
    acta_from from;
} noter;

static void
write_down(slate *s, const char *format, ...)
{
    size_t used = strlen(s->seen);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(s->seen + used, sizeof s->seen - used, format, arguments);
    va_end(arguments);
}

static acta_status
noter_init(acta_self *self, void *state, const void *argument, const void *before, acta_error *error)
{
    const noter_argument *given = argument;
    noter *n = state;

    n->to = given->to;
    n->number = given->number;
    if (before != NULL) n->to->before = ((const noter *)before)->number;
    if (n->to->init == INIT_REFUSE) return acta_error_set(error, ACTA_REJECTED, "no %d", n->number);
    if (n->to->init == INIT_FAIL) acta_fail(self, "init broke");
    write_down(n->to, "+%d ", n->number);
    return ACTA_OK;
}

/* The payload, if there is one, is the number of the noter that it is for. */
static bool
is_meant(const noter *n, const acta_message *event)
{
    int number;

    if (event->size == 0) return true;
    memcpy(&number, event->payload, sizeof number);
    return number == n->number;
}

static acta_gen_event_next
noter_event(acta_self *self, void *state, const acta_message *event)
{
    noter *n = state;
    acta_ref ref;

    write_down(n->to, "%d:%u ", n->number, event->tag);
    atomic_fetch_add(&n->to->seen_count, 1);
    if (!is_meant(n, event)) return ACTA_GEN_EVENT_KEEP;
    switch (event->tag) {
    case FAIL_ON:
        acta_fail(self, "event broke %d", n->number);
    case REMOVE_ON:
        return ACTA_GEN_EVENT_REMOVE;
    case BAD_ON:
        return (acta_gen_event_next)0;
    case START_TIMER:
        assert_int_equal(acta_send_after(self, 10, 7, 0, &ref), ACTA_OK);
        break;
    }
    return ACTA_GEN_EVENT_KEEP;
}

static acta_gen_event_next
noter_call(acta_self *self, void *state, acta_from from, const acta_message *message)
{
    acta_runtime *runtime = acta_self_runtime(self);
    noter *n = state;

    write_down(n->to, "%d?%u ", n->number, message->tag);
    switch (message->tag) {
    case ASK_LATER:
        if (n->from.a != 0) acta_reply(runtime, n->from, ACTA_OK, NULL, NULL);
        n->from = from;
        return ACTA_GEN_EVENT_KEEP;
    case ASK_FAIL:
        acta_fail(self, "call broke");
    case ASK_FAIL_ANSWERED:
        acta_reply(runtime, from, ACTA_OK, NULL, NULL);
        acta_fail(self, "broke later");
    case ASK_REMOVE:
        acta_reply(runtime, from, ACTA_OK, NULL, NULL);
        return ACTA_GEN_EVENT_REMOVE;
    }
    acta_reply(runtime, from, ACTA_OK, acta_message_create(runtime, (uint32_t)n->number, 0), NULL);
    return ACTA_GEN_EVENT_KEEP;
}

static acta_gen_event_next
noter_info(acta_self *self, void *state, const acta_info *info)
{
    noter *n = state;

    (void)self;
    write_down(n->to, "%d!%d ", n->number, (int)info->kind);
    return ACTA_GEN_EVENT_KEEP;
}

static void
noter_terminate(acta_self *self, void *state, acta_gen_event_cause cause, const acta_exit_reason *reason)
{
    noter *n = state;

    write_down(n->to, "-%d ", n->number);
    snprintf(n->to->end, sizeof n->to->end, "%d %d %d %s", n->number, (int)cause, (int)reason->kind, reason->text);
    if (n->to->init == TERMINATE_FAIL) acta_fail(self, "terminate broke");
}

const acta_gen_event_handler noting = { .name = "noting",
    .state_size = sizeof(noter),
    .init = noter_init,
    .handle_event = noter_event,
    .handle_call = noter_call,
    .handle_info = noter_info,
    .terminate = noter_terminate };
const acta_gen_event_handler silent = { .name = "silent" };

acta_pid
start_manager(harness *h)
{
    acta_pid pid = { 0 };
    acta_error error;

    acta_status status =
        acta_spawn(h->runtime, &(acta_spawn_options){ .behaviour = &acta_gen_event_manager }, &pid, &error);
    if (status != ACTA_OK) fail_msg("%s", error.text);
    return pid;
}

acta_gen_event_spec
spec_of(slate *s, int number, const noter_argument *argument)
{
    (void)s;
    return (acta_gen_event_spec){
        .handler = &noting, .id = (uint64_t)number, .argument = argument, .argument_size = sizeof *argument
    };
}

acta_status
add(harness *h, acta_pid manager, slate *s, int number, acta_error *error)
{
    noter_argument argument = { s, number };
    acta_gen_event_spec spec = spec_of(s, number, &argument);

    return acta_call(h->runtime, manager, acta_gen_event_add(h->runtime, &spec), 5000, NULL, error);
}

acta_status
remove_it(harness *h, acta_pid manager, int number)
{
    return acta_call(
        h->runtime, manager, acta_gen_event_remove(h->runtime, &noting, (uint64_t)number), 5000, NULL, NULL);
}

acta_status
call_one(harness *h, acta_pid manager, int number, uint32_t tag, acta_error *error)
{
    acta_message *message = acta_message_create(h->runtime, tag, 0);

    return acta_call(
        h->runtime, manager, acta_gen_event_to(h->runtime, &noting, (uint64_t)number, message), 5000, NULL, error);
}

acta_message *
event_for(harness *h, uint32_t tag, int number)
{
    acta_message *message = acta_message_create(h->runtime, tag, sizeof number);

    memcpy(message->payload, &number, sizeof number);
    return message;
}

acta_status
swap(harness *h, acta_pid manager, int old, slate *s, int number, acta_error *error)
{
    noter_argument argument = { s, number };
    acta_gen_event_spec spec = spec_of(s, number, &argument);

    return acta_call(
        h->runtime, manager, acta_gen_event_swap(h->runtime, &noting, (uint64_t)old, &spec), 5000, NULL, error);
}
