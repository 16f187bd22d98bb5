/*
 * See ledger_probe.h.
 */
#include "ledger_probe.h"

typedef struct book {
    ledger *ledger; /* the test's */
} book;

static acta_status
book_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    (void)self;
    (void)error;
    ((book *)state)->ledger = (ledger *)(uintptr_t)argument;
    return ACTA_OK;
}

static acta_next
book_cast(acta_self *self, void *state, acta_message *message)
{
    ledger *l = ((book *)state)->ledger;
    acta_ref ref;

    if (l->trace_count < 64) l->trace[l->trace_count++] = message->tag;
    switch (message->tag) {
    case ADD:
        l->sum++;
        break;
    case TIMER:
        acta_send_after(self, 5, 7, 0, &ref);
        break;
    case ASK:
        acta_request(self, l->other, acta_message_create(acta_self_runtime(self), GET, 0), 1000, &ref);
        break;
    case WATCH:
        acta_monitor(self, l->other, &ref);
        break;
    case TRAP:
        acta_trap_exit(self, true);
        break;
    case SLEEP:
        while (!atomic_load(&l->may_wake))
            sleep_ms(1);
        break;
    case FAIL_IN_TERMINATE:
        l->fails_in_terminate = true;
        break;
    case GO_ON:
        return ACTA_NEXT_CONTINUE;
    default:
        break;
    }
    return ACTA_NEXT;
}

static acta_next
book_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    ledger *l = ((book *)state)->ledger;
    acta_message *reply = acta_message_create(acta_self_runtime(self), GET, sizeof l->sum);

    if (l->trace_count < 64) l->trace[l->trace_count++] = message->tag;
    memcpy(reply->payload, &l->sum, sizeof l->sum);
    acta_reply(acta_self_runtime(self), from, ACTA_OK, reply, NULL);
    return ACTA_NEXT;
}

static acta_next
book_info(acta_self *self, void *state, const acta_info *info)
{
    ledger *l = ((book *)state)->ledger;

    (void)self;
    if (l->trace_count < 64) l->trace[l->trace_count++] = 1000 + (uint32_t)info->kind;
    if (info->kind == ACTA_INFO_REPLY) {
        l->answer = info->status;
        atomic_fetch_add(&l->answers, 1);
    }
    return ACTA_NEXT;
}

static acta_next
book_continue(acta_self *self, void *state)
{
    (void)self;
    (void)state;
    return ACTA_NEXT;
}

static void
book_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    ledger *l = ((book *)state)->ledger;

    l->terminated++;
    l->why = *reason;
    if (l->fails_in_terminate) acta_fail(self, "no way to end");
}

static void
book_format(acta_self *self, const void *state, acta_format_use use, char *text, size_t size)
{
    const ledger *l = ((const book *)state)->ledger;

    (void)use;
    if (l->sum == 666) acta_fail(self, "unlucky");
    snprintf(text, size, "sum=%llu", (unsigned long long)l->sum);
}

#define BOOK                                                                                                           \
    .name = "book", .state_size = sizeof(book), .init = book_init, .handle_call = book_call, .handle_cast = book_cast, \
    .handle_info = book_info, .handle_continue = book_continue, .terminate = book_terminate, .format = book_format

const acta_behaviour open_book = { BOOK };
const acta_behaviour private_book = { BOOK, .is_private = true };
const acta_behaviour idle_book = { BOOK, .idle_timeout_ms = 50 };

acta_pid
open_a(harness *h, const acta_behaviour *behaviour, ledger *l)
{
    acta_pid pid = { 0 };
    acta_error error;

    memset(l, 0, sizeof *l);
    acta_status status =
        acta_spawn(h->runtime, &(acta_spawn_options){ .behaviour = behaviour, .argument = l }, &pid, &error);
    if (status != ACTA_OK) fail_msg("%s", error.text);
    return pid;
}

void
expect_trace(const ledger *l, const uint32_t *expected, uint32_t count)
{
    assert_int_equal(l->trace_count, count);
    assert_memory_equal(l->trace, expected, count * sizeof *expected);
}
