/*
 * A program without a line of code for it: the socket in the store's directory, and what the environment says.
 */
#include "http.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acta/attachment.h"
#include "scratch.h"

static int
forget_environment(void **state)
{
    static const char *const names[] = { "ACTA_GATEWAY", "ACTA_HTTP", "ACTA_HTTP_TOKENS", "ACTA_HTTP_HOSTS",
        "ACTA_HTTP_CERTIFICATE", "ACTA_HTTP_KEY", "ACTA_HTTP_EVENT_CLIENTS", "ACTA_HTTP_CONNECTIONS" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    return set_up(state);
}

#define plainly(test) cmocka_unit_test_setup_teardown(test, forget_environment, tear_down)

static void
quiet(void *user, acta_log_level level, acta_str line)
{
    (void)user, (void)level, (void)line;
}

/* A second bank, with a directory. */
static acta_status
start_bank(fixture *f, const char *path, acta_app **app)
{
    const acta_environment environment = { .log = { .write = quiet } };
    const acta_app_config config = {
        .schema = &bank_schema, .aggregates = bank_aggregates, .data_path = path, .environment = &environment
    };
    return acta_app_start(&config, app, &f->error);
}

static const char *
data_path(const fixture *f)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/data", f->folder);
    return path;
}

static void
clean(const fixture *f)
{
    nftw(data_path(f), scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
a_program_has_a_socket_without_a_line(void **state)
{
    fixture *f = FIXTURE(state);
    acta_app *app;
    struct stat what;

    MUST(f, start_bank(f, data_path(f), &app));
    snprintf(f->socket_path, sizeof f->socket_path, "%.80s/acta.sock", data_path(f));
    int fd = connect_unix(f);
    send_text(fd, "GET /health HTTP/1.1\r\nHost: whatever\r\nConnection: close\r\n\r\n");
    receive(fd, &f->last);
    close(fd);
    assert_int_equal(f->last.status, 200);
    MUST(f, acta_app_stop(app, STOP_MS, &f->error));
    assert_int_not_equal(stat(f->socket_path, &what), 0);
    clean(f);
}

static void
it_can_be_told_to_be_off(void **state)
{
    fixture *f = FIXTURE(state);
    acta_app *app;
    struct stat what;

    setenv("ACTA_GATEWAY", "off", 1);
    MUST(f, start_bank(f, data_path(f), &app));
    snprintf(f->socket_path, sizeof f->socket_path, "%.80s/acta.sock", data_path(f));
    assert_int_not_equal(stat(f->socket_path, &what), 0);
    MUST(f, acta_app_stop(app, STOP_MS, &f->error));
    clean(f);
}

static void
write_tokens(const fixture *f, char *path, size_t size, const char *text, mode_t mode)
{
    snprintf(path, size, "%s/tokens", f->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void
tokens_refuse(fixture *f, const char *text, mode_t mode, const char *why)
{
    char path[160];
    acta_app *app;

    write_tokens(f, path, sizeof path, text, mode);
    setenv("ACTA_HTTP", "127.0.0.1:0", 1);
    setenv("ACTA_HTTP_TOKENS", path, 1);
    assert_int_not_equal(start_bank(f, data_path(f), &app), ACTA_OK);
    if (strstr(f->error.text, why) == NULL) fail_msg("'%s' is not in: %s", why, f->error.text);
    assert_null(strstr(f->error.text, "secret-secret"));
    unlink(path);
    clean(f);
}

/* Who has asked for it gets it, or learns why not. */
static void
a_file_of_tokens_that_is_none_stops_the_start(void **state)
{
    fixture *f = FIXTURE(state);

    tokens_refuse(f, "anna read secret-secret\n", 0644, "others may read it: chmod 600");
    tokens_refuse(f, "# nobody\n\n", 0600, "has no token");
    tokens_refuse(f, "anna read secret-secret\nbob\n", 0600, "tokens:2: expected 'NAME ACCESS SECRET [UNTIL]'");
    tokens_refuse(f, "anna reads secret-secret\n", 0600, "tokens:1: 'reads' is no access");
    tokens_refuse(f, "anna read secret-secret tomorrow\n", 0600, "tokens:1: 'tomorrow' is no time");
    tokens_refuse(f, "anna read secret\n", 0600, "token 'anna': its secret must be");
    setenv("ACTA_HTTP_TOKENS", "/nonexistent/tokens", 1);
    acta_app *app;
    assert_int_equal(start_bank(f, data_path(f), &app), ACTA_IO);
    clean(f);
}

static void
tokens_of_a_file_let_in(void **state)
{
    fixture *f = FIXTURE(state);
    char path[160];
    acta_app *app;

    write_tokens(f, path, sizeof path, "# who may\nanna operate secret-secret 2999-01-01T00:00:00Z\n", 0600);
    setenv("ACTA_HTTP", "0.0.0.0:0", 1);
    setenv("ACTA_HTTP_TOKENS", path, 1);
    setenv("ACTA_HTTP_HOSTS", "bank.example, b.example", 1);
    MUST(f, start_bank(f, data_path(f), &app));
    MUST(f, acta_app_stop(app, STOP_MS, &f->error));
    unlink(path);
    clean(f);
}

static void
counts_of_the_environment_hold(void **state)
{
    static const char *const bad[] = { "0", "x", "12x", "-1", "1000001", "99999999999999999999999" };
    static const char *const names[] = { "ACTA_HTTP_EVENT_CLIENTS", "ACTA_HTTP_CONNECTIONS" };
    fixture *f = FIXTURE(state);
    acta_app *app;
    static answer first;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        setenv(names[i % 2], bad[i], 1);
        assert_int_equal(start_bank(f, data_path(f), &app), ACTA_INVALID);
        if (strstr(f->error.text, names[i % 2]) == NULL || strstr(f->error.text, bad[i]) == NULL)
            fail_msg("%s: %s", bad[i], f->error.text);
        unsetenv(names[i % 2]);
        clean(f);
    }
    setenv("ACTA_HTTP_EVENT_CLIENTS", "1", 1);
    MUST(f, start_bank(f, data_path(f), &app));
    snprintf(f->socket_path, sizeof f->socket_path, "%.80s/acta.sock", data_path(f));
    int fd = connect_unix(f);
    send_text(fd, "GET /events HTTP/1.0\r\n\r\n");
    receive_head(fd, &first);
    assert_int_equal(first.status, 200);
    assert_int_equal(ask_inside(f, "GET", "/events"), 503);
    close(fd);
    MUST(f, acta_app_stop(app, STOP_MS, &f->error));
    clean(f);
}

/* -- attachments -- */

static int started, stopped;
static bool refuses;

static acta_status
start_one(acta_app *app, const char *path, void **handle_out, acta_error *error)
{
    (void)app, (void)path;
    if (refuses) return acta_error_set(error, ACTA_INVALID, "the attachment doesn't want to");
    started++;
    *handle_out = &started;
    return ACTA_OK;
}

static void
stop_one(void *handle)
{
    assert_ptr_equal(handle, &started);
    stopped++;
}

static void
attachments_start_and_stop_with_each_application(void **state)
{
    static const acta_attachment one = { "one", start_one, stop_one };
    static acta_attachment more[ACTA_ATTACHMENTS_MAX];
    fixture *f = FIXTURE(state);
    acta_app *app;

    assert_int_equal(acta_attach(&one), ACTA_OK);
    assert_int_equal(acta_attach(&one), ACTA_OK);
    MUST(f, start_bank(f, data_path(f), &app));
    assert_int_equal(started, 1);
    MUST(f, acta_app_stop(app, STOP_MS, &f->error));
    assert_int_equal(stopped, 1);
    refuses = true;
    assert_int_equal(start_bank(f, data_path(f), &app), ACTA_INVALID);
    assert_non_null(strstr(f->error.text, "doesn't want to"));
    refuses = false;
    clean(f);
    acta_status status = ACTA_OK;
    for (int i = 0; i < ACTA_ATTACHMENTS_MAX && status == ACTA_OK; i++) {
        more[i] = one;
        status = acta_attach(&more[i]);
    }
    assert_int_equal(status, ACTA_BUSY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        plainly(a_program_has_a_socket_without_a_line),
        plainly(it_can_be_told_to_be_off),
        plainly(a_file_of_tokens_that_is_none_stops_the_start),
        plainly(tokens_of_a_file_let_in),
        plainly(counts_of_the_environment_hold),
        plainly(attachments_start_and_stop_with_each_application),
    };
    return cmocka_run_group_tests_name("without a line of code", tests, NULL, NULL);
}
