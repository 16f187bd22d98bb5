/*
 * Exit reports: one line for each actor that ends otherwise than it should, with who, where, why and its state as far
 * as it may be seen; none for the others.
 */
#include "harness.h"

typedef struct lines {
    char last[1200];
    uint32_t count;
} lines;

static void
keep_line(void *user, acta_log_level level, acta_str line)
{
    lines *l = user;

    if (level != ACTA_LOG_ERROR) return;
    snprintf(l->last, sizeof l->last, ACTA_FMT, ACTA_ARG(line));
    l->count++;
}

static void
start(harness *h, lines *l)
{
    memset(l, 0, sizeof *l);
    harness_start(h, 0);
    h->log = keep_line;
    h->log_user = l;
}

static void
expect(const lines *l, const char *part)
{
    if (strstr(l->last, part) == NULL) fail_msg("no '%s' in: %s", part, l->last);
}

static void
expect_not(const lines *l, const char *part)
{
    if (strstr(l->last, part) != NULL) fail_msg("'%s' in: %s", part, l->last);
}

enum { SET = 1, FAIL, SHUTDOWN, NORMAL, BAD, KEEP_AND_FAIL, GO_ON, TIMER };

typedef struct vault {
    uint64_t amount;
    char password[16];
} vault;

static acta_status
vault_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    vault *v = state;

    (void)self;
    (void)argument;
    (void)error;
    v->amount = 17;
    memcpy(v->password, "sesame", 7);
    return ACTA_OK;
}

static acta_next
do_as_told(acta_self *self, uint32_t tag)
{
    acta_ref ref;

    switch (tag) {
    case FAIL:
        acta_fail(self, "line one\nline two\x1b[31m");
    case SHUTDOWN:
        acta_set_exit_reason(self, ACTA_EXIT_SHUTDOWN, "moved elsewhere");
        return ACTA_STOP;
    case NORMAL:
        return ACTA_STOP;
    case BAD:
        return (acta_next)99;
    case GO_ON:
        return ACTA_NEXT_CONTINUE;
    case TIMER:
        acta_send_after(self, 5, 1, 2, &ref);
        return ACTA_NEXT;
    default:
        return ACTA_NEXT;
    }
}

static acta_next
vault_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    (void)state;
    (void)from;
    return do_as_told(self, message->tag);
}

static acta_next
vault_cast(acta_self *self, void *state, acta_message *message)
{
    (void)state;
    if (message->tag == KEEP_AND_FAIL) {
        acta_message_destroy(acta_message_keep(self, message));
        acta_fail(self, "lost it");
    }
    return do_as_told(self, message->tag);
}

static acta_next
vault_info(acta_self *self, void *state, const acta_info *info)
{
    (void)state;
    (void)info;
    acta_fail(self, "not now");
}

static acta_next
vault_continue(acta_self *self, void *state)
{
    (void)state;
    acta_fail(self, "no further");
}

static void
format_amount(acta_self *self, const void *state, acta_format_use use, char *text, size_t size)
{
    const vault *v = state;

    (void)self;
    snprintf(
        text, size, "%s amount=%llu", use == ACTA_FORMAT_REPORT ? "report" : "state", (unsigned long long)v->amount);
}

static void
format_password(acta_self *self, const void *state, acta_format_use use, char *text, size_t size)
{
    (void)self;
    (void)use;
    snprintf(text, size, "%s", ((const vault *)state)->password);
}

static void
format_badly(acta_self *self, const void *state, acta_format_use use, char *text, size_t size)
{
    (void)state;
    (void)use;
    snprintf(text, size, "half of it");
    acta_fail(self, "the format is broken");
}

#define VAULT                                                                                                          \
    .name = "vault", .state_size = sizeof(vault), .init = vault_init, .handle_call = vault_call,                       \
    .handle_cast = vault_cast, .handle_info = vault_info, .handle_continue = vault_continue

static const acta_behaviour plain = { VAULT };
static const acta_behaviour shown = { VAULT, .format = format_amount };
static const acta_behaviour secret = { VAULT, .format = format_password, .is_private = true };
static const acta_behaviour broken = { VAULT, .format = format_badly };

static acta_pid
open_vault(harness *h, const acta_behaviour *behaviour, const char *name)
{
    acta_pid pid = { 0 };
    acta_error error;
    acta_status status = acta_spawn(
        h->runtime, &(acta_spawn_options){ .behaviour = behaviour, .name = acta_str_of(name) }, &pid, &error);
    if (status != ACTA_OK) fail_msg("%s", error.text);
    return pid;
}

/* GS-19: normal ends, shutdowns with and without a text, and kills are nobody's report. */
static void
ends_that_were_wished_for_are_quiet(void **state)
{
    (void)state;
    static const acta_exit_reason shutdown = { .kind = ACTA_EXIT_SHUTDOWN, .text = "tonight" };
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    harness h;
    lines l;

    start(&h, &l);
    send_tag(&h, open_vault(&h, &shown, "a"), NORMAL);
    send_tag(&h, open_vault(&h, &shown, "b"), SHUTDOWN);
    acta_exit(h.runtime, (acta_pid){ 0 }, open_vault(&h, &shown, "c"), &shutdown);
    acta_exit(h.runtime, (acta_pid){ 0 }, open_vault(&h, &shown, "d"), &kill);
    harness_run(&h);
    assert_int_equal(l.count, 0);
    harness_stop(&h);
    assert_int_equal(l.count, 0);
}

/* GS-19: each other end is one report that says where it happened. */
static void
a_failure_is_one_report_with_name_place_reason_and_state(void **state)
{
    (void)state;
    static const struct {
        uint32_t tag;
        bool call;
        const char *reason, *place;
    } cases[] = {
        { FAIL, false, "failed: line one\\nline two\\x1b[31m", "in a cast of tag 2" },
        { FAIL, true, "failed: line one", "in a call of tag 2" },
        { BAD, false, "failed: bad return value", "in a cast of tag 5" },
        { BAD, true, "failed: bad return value", "in a call of tag 5" },
        { KEEP_AND_FAIL, false, "failed: lost it", "in a cast of tag 6" }, /* which it kept */
        { GO_ON, false, "failed: no further", "in a continue" },
        { TIMER, false, "failed: not now", "in TIMER" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        harness h;
        lines l;

        start(&h, &l);
        acta_pid pid = open_vault(&h, &shown, "the\nvault");
        send_tag(&h, pid, SET);
        if (cases[i].call)
            assert_int_equal(call_tag(&h, pid, cases[i].tag, 1000, NULL), ACTA_FAILED);
        else
            send_tag(&h, pid, cases[i].tag);
        harness_advance(&h, 10);
        assert_int_equal(l.count, 1);
        assert_null(strchr(l.last, '\n'));
        expect(&l, "actor 'vault' <");
        expect(&l, cases[i].reason);
        expect(&l, cases[i].place);
        expect(&l, "named 'the\\nvault'");
        expect(&l, "state: report amount=17");
        harness_stop(&h);
        assert_int_equal(l.count, 1);
    }
}

/* GS-19: an exit signal that ends an actor is said to be one; what the link's end failed with is the reason. */
static void
an_end_by_a_signal_says_so(void **state)
{
    (void)state;
    static const acta_exit_reason failed = { .kind = ACTA_EXIT_FAILED, .text = "the disk is gone" };
    static const acta_exit_reason noproc = { .kind = ACTA_EXIT_NOPROC };
    harness h;
    lines l;

    start(&h, &l);
    acta_pid pid = open_vault(&h, &plain, NULL);
    send_tag(&h, pid, SET);
    harness_run(&h);
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &failed);
    harness_run(&h);
    expect(&l, "failed: the disk is gone [by an exit signal]");
    acta_exit(h.runtime, (acta_pid){ 0 }, open_vault(&h, &plain, NULL), &noproc);
    harness_run(&h);
    expect(&l, "failed: linked to an actor that is not alive [by an exit signal]");
    assert_int_equal(l.count, 2);
    harness_stop(&h);
}

/* GS-19: the report is written all the same, and the reason is the first failure's. */
static void
a_format_function_that_fails_loses_no_report(void **state)
{
    (void)state;
    harness h;
    lines l;

    start(&h, &l);
    acta_pid pid = open_vault(&h, &broken, NULL);
    send_tag(&h, pid, FAIL);
    harness_run(&h);
    assert_int_equal(l.count, 1);
    expect(&l, "failed: line one");
    expect(&l, "state: (its format function failed: the format is broken)");
    harness_stop(&h);
}

/* GS-20: without a format function there is nothing to see; a private state isn't shown though there is one. */
static void
what_is_private_is_in_no_report(void **state)
{
    (void)state;
    harness h;
    lines l;

    start(&h, &l);
    send_tag(&h, open_vault(&h, &plain, NULL), FAIL);
    harness_run(&h);
    expect_not(&l, "state:");
    expect_not(&l, "sesame");
    send_tag(&h, open_vault(&h, &secret, NULL), FAIL);
    harness_run(&h);
    expect(&l, "state: (private)");
    expect_not(&l, "sesame");
    assert_int_equal(l.count, 2);
    harness_stop(&h);
}

/* GS-19: a report is a line of bounded length, whatever the name, the reason and the state are. */
static void
a_report_is_bounded(void **state)
{
    (void)state;
    harness h;
    lines l;
    char name[512];

    memset(name, '\n', sizeof name);
    start(&h, &l);
    acta_pid pid = { 0 };
    assert_int_equal(
        acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &shown, .name = acta_str_from(name, sizeof name) },
            &pid, NULL),
        ACTA_OK);
    send_tag(&h, pid, FAIL);
    harness_run(&h);
    assert_int_equal(l.count, 1);
    expect(&l, "state: report amount=17");
    assert_null(strchr(l.last, '\n'));
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_that_were_wished_for_are_quiet),
        cmocka_unit_test(a_failure_is_one_report_with_name_place_reason_and_state),
        cmocka_unit_test(an_end_by_a_signal_says_so),
        cmocka_unit_test(a_format_function_that_fails_loses_no_report),
        cmocka_unit_test(what_is_private_is_in_no_report),
        cmocka_unit_test(a_report_is_bounded),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
