/*
 * Where spans go, and how: what a program says, and what its environment does.
 */
#include "traced_bank.h"

#include <ftw.h>
#include <unistd.h>

#include "scratch.h"

/* -- options -- */

static void
options_that_cannot_be_are_refused(void **state)
{
    static const acta_otlp_pair no_header[] = { { "a key", "x" } }, two_lines[] = { { "key", "secret\r\nX: y" } };
    static const struct {
        acta_otlp_options options;
        const char *why;
    } wrong[] = { { { .url = NULL }, "no endpoint" }, { { .url = "localhost" }, "the endpoint is no URL" },
        { { .url = "ftp://127.0.0.1/" }, "the endpoint is no URL" },
        { { .url = "http://ann:secret@127.0.0.1/" }, "has a user's name" },
        { { .url = "http://127.0.0.1/", .headers = no_header, .header_count = 1 }, "header 1 ('a key') is none" },
        { { .url = "http://127.0.0.1/", .headers = two_lines, .header_count = 1 }, "header 1 ('key') is none" },
        { { .url = "http://127.0.0.1/", .queue_max = 10, .batch_max = 11 }, "a batch of 11 spans" },
        { { .url = "http://127.0.0.1/", .queue_max = 2000000 }, "queue_max is 2000000" },
        { { .url = "http://127.0.0.1/", .roots_per_million = 1000001 }, "roots_per_million is 1000001" } };
    fixture *f = FIXTURE(state);

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(acta_otlp_start(f->app, &wrong[i].options, &f->error), ACTA_INVALID);
        if (strstr(f->error.text, wrong[i].why) == NULL) fail_msg("'%s' is not in: %s", wrong[i].why, f->error.text);
        assert_null(strstr(f->error.text, "secret"));
        assert_false(acta_app_has_span_sink(f->app));
    }
    send_spans(f);
    assert_int_equal(acta_otlp_start(f->app, &f->options, &f->error), ACTA_ALREADY_EXISTS);
}

/* -- the environment -- */

static const char *const names[] = { "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_TRACES_EXPORTER", "OTEL_SDK_DISABLED" };

static int
set_up_environment(void **state)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    return set_up(state);
}

#define in_environment(test) cmocka_unit_test_setup_teardown(test, set_up_environment, tear_down)

/* Another bank, which has a directory. */
static acta_status
start_another(fixture *f, const char *folder)
{
    const acta_app_config config = {
        .data_path = folder, .schema = &bank_schema, .aggregates = bank_aggregates, .environment = &f->environment
    };

    acta_app_stop(f->app, STOP_MS, NULL);
    f->app = NULL;
    return acta_app_start(&config, &f->app, &f->error);
}

static void
a_program_sends_without_a_line(void **state)
{
    fixture *f = FIXTURE(state);
    char folder[96], url[64];
    came all;

    assert_true(scratch_make(folder, "/tmp", "otlp"));
    collector_begin(&f->collector);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", f->collector.port);
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1);
    setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key = a%20b%2C , other=c", 1);
    setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=purse,service.version=1.2", 1);
    setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio", 1);
    setenv("OTEL_TRACES_SAMPLER_ARG", "1.0", 1);
    MUST(f, start_another(f, folder));
    open_account(f, "alice", 1);
    stop(f);
    assert_int_equal(f->collector.count, 1);
    assert_int_equal(strncmp(f->collector.requests[0].head, "POST /v1/traces ", 16), 0);
    assert_non_null(strstr(f->collector.requests[0].head, "\r\napi-key: a b,\r\n"));
    assert_non_null(strstr(f->collector.requests[0].head, "\r\nother: c\r\n"));
    const json_value *resource = json_member(read_body(f, f->collector.requests[0].body), "resource");
    assert_true(acta_str_equal(attribute(resource, "service.name", "stringValue"), S("purse")));
    assert_true(acta_str_equal(attribute(resource, "service.version", "stringValue"), S("1.2")));
    read_spans(f, &all);
    named(&all, "dispatch bank.OpenAccount");
    nftw(folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Who has asked for it gets it, or learns why not. */
static void
an_environment_that_cannot_be_stops_the_start(void **state)
{
    static const struct {
        const char *name, *value, *why;
    } wrong[] = { { "OTEL_EXPORTER_OTLP_HEADERS", "secret", "entry 1 is no NAME=VALUE" },
        { "OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "'10s' is no whole number" },
        { "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "'grpc' is not spoken" },
        { "OTEL_TRACES_SAMPLER", "sometimes", "'sometimes' is not known" },
        { "OTEL_TRACES_EXPORTER", "zipkin", "'zipkin' is not known" },
        { "OTEL_TRACES_SAMPLER_ARG", "1.5", "'1.5' is no number from 0 to 1" } };
    fixture *f = FIXTURE(state);
    char folder[96];

    assert_true(scratch_make(folder, "/tmp", "otlp"));
    setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/v1/traces", 1);
    setenv("OTEL_TRACES_SAMPLER", "traceidratio", 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *before = getenv(wrong[i].name);
        setenv(wrong[i].name, wrong[i].value, 1);
        assert_int_equal(start_another(f, folder), ACTA_INVALID);
        if (strstr(f->error.text, wrong[i].why) == NULL) fail_msg("'%s' is not in: %s", wrong[i].why, f->error.text);
        assert_null(strstr(f->error.text, "secret"));
        unsetenv(wrong[i].name);
        if (before != NULL) setenv("OTEL_TRACES_SAMPLER", "traceidratio", 1);
    }
    setenv("OTEL_SDK_DISABLED", "true", 1);
    MUST(f, start_another(f, folder));
    assert_false(acta_app_has_span_sink(f->app));
    stop(f);
    nftw(folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bank(options_that_cannot_be_are_refused),
        in_environment(a_program_sends_without_a_line),
        in_environment(an_environment_that_cannot_be_stops_the_start),
    };
    return cmocka_run_group_tests_name("options of spans", tests, NULL, NULL);
}
