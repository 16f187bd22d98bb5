/*
 * Servers in C++: an exception ends its actor and no more, with all frames unwound first, and the object is destroyed
 * once, whatever the end. The runs under AddressSanitizer see what a missed destructor leaves.
 */
#include "cpp_servers.h"
#include "harness.h"

static acta_pid
start(harness *h, int how)
{
    acta_pid pid = { 0 };
    acta_error error;

    acta_status status =
        acta_spawn(h->runtime, &(acta_spawn_options){ .behaviour = &cpp_counter, .argument = &how }, &pid, &error);
    if (status != ACTA_OK) fail_msg("%s", error.text);
    assert_int_equal(cpp_server_count, 1);
    return pid;
}

static acta_message *
number(harness *h, uint32_t tag, int value)
{
    acta_message *message = acta_message_create(h->runtime, tag, sizeof value);

    memcpy(message->payload, &value, sizeof value);
    return message;
}

static void
nothing_is_left(harness *h, acta_pid pid)
{
    harness_run(h);
    assert_false(acta_is_alive(h->runtime, pid));
    assert_int_equal(cpp_server_count, 0);
    assert_int_equal(cpp_frame_count, 0);
}

/* Calls, casts and continues reach the object's functions. */
static void
a_class_is_a_server(void **state)
{
    (void)state;
    harness h;
    acta_message *reply = NULL;
    int value;

    harness_start(&h, 0);
    acta_pid pid = start(&h, CPP_FINE);
    acta_send(h.runtime, pid, number(&h, CPP_ADD, 20));
    acta_send(h.runtime, pid, number(&h, CPP_ADD, 3));
    send_tag(&h, pid, CPP_CONTINUE);
    assert_int_equal(
        acta_call(h.runtime, pid, acta_message_create(h.runtime, CPP_GET, 0), 1000, &reply, NULL), ACTA_OK);
    memcpy(&value, reply->payload, sizeof value);
    assert_int_equal(value, 123);
    acta_message_destroy(reply);
    assert_int_equal(acta_stop(h.runtime, pid, NULL, 1000, NULL), ACTA_OK);
    assert_string_equal(cpp_ended, "0 ");
    nothing_is_left(&h, pid);
    harness_stop(&h);
}

/* GS-29 in C++: from a call, a cast, a continue; of any type. The caller hears what() says. */
static void
an_exception_ends_its_actor_with_its_words(void **state)
{
    (void)state;
    harness h;
    acta_error error;
    static const struct {
        uint32_t tag;
        const char *end;
    } casts[] = { { CPP_ADD, "3 a message's payload is not of the size expected" }, { CPP_CHECK, "3 value is small" },
        { CPP_THROW_LATER, "3 later" } };

    harness_start(&h, 0);
    acta_pid pid = start(&h, CPP_FINE);
    assert_int_equal(call_tag(&h, pid, CPP_THROW, 1000, &error), ACTA_FAILED);
    assert_non_null(strstr(error.text, "a text that is too long to be kept inside of the string itself"));
    nothing_is_left(&h, pid);
    pid = start(&h, CPP_FINE);
    assert_int_equal(call_tag(&h, pid, CPP_THROW_ODD, 1000, &error), ACTA_FAILED);
    assert_non_null(strstr(error.text, "an exception that is no std::exception"));
    nothing_is_left(&h, pid);
    for (size_t i = 0; i < sizeof casts / sizeof casts[0]; i++) {
        pid = start(&h, CPP_FINE);
        send_tag(&h, pid, casts[i].tag);
        nothing_is_left(&h, pid);
        assert_string_equal(cpp_ended, casts[i].end);
    }
    harness_stop(&h);
}

/* A constructor that throws fails the spawn, and nothing is left to destroy. */
static void
a_constructor_that_throws_fails_the_spawn(void **state)
{
    (void)state;
    static const struct {
        int how;
        acta_status status;
        const char *text;
    } ways[] = { { CPP_REFUSES, ACTA_FAILED, "not today" },
        { CPP_HAS_NO_MEMORY, ACTA_NO_MEMORY, "no memory to construct a server" },
        { CPP_IS_ODD, ACTA_FAILED, "an exception that is no std::exception" } };
    harness h;
    acta_pid pid;
    acta_error error;

    harness_start(&h, 0);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        acta_spawn_options options = { .behaviour = &cpp_counter, .argument = &ways[i].how };
        assert_int_equal(acta_spawn(h.runtime, &options, &pid, &error), ways[i].status);
        assert_string_equal(error.text, ways[i].text);
        assert_int_equal(cpp_server_count, 0);
        assert_int_equal(cpp_frame_count, 0);
    }
    harness_stop(&h);
}

/* GS-24: a kill runs no terminate, but the destructor; and a class of nothing is an actor, too. */
static void
a_kill_runs_the_destructor(void **state)
{
    (void)state;
    harness h;
    acta_pid pid;

    harness_start(&h, 0);
    assert_int_equal(acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &cpp_bare }, &pid, NULL), ACTA_OK);
    assert_int_equal(cpp_server_count, 1);
    send_tag(&h, pid, CPP_ADD);
    harness_run(&h);
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &(acta_exit_reason){ .kind = ACTA_EXIT_KILLED });
    nothing_is_left(&h, pid);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_class_is_a_server),
        cmocka_unit_test(an_exception_ends_its_actor_with_its_words),
        cmocka_unit_test(a_constructor_that_throws_fails_the_spawn),
        cmocka_unit_test(a_kill_runs_the_destructor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
