/*
 * Who may come in, and what may be done by whom (SEC-07, SEC-11).
 */
#include "http.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

static const acta_gateway_token tokens[] = {
    { "grafana", ACTA_GATEWAY_READ, "read-read-read", 0 },
    { "shop", ACTA_GATEWAY_DISPATCH, "dispatch-dispatch", 0 },
    { "anna", ACTA_GATEWAY_OPERATE, "operate-operate", 0 },
    { "former", ACTA_GATEWAY_OPERATE, "expired-expired", 1 },
};

#define JSON "Content-Type: application/json\r\n"

static void
serve_with_tokens(fixture *f)
{
    f->options.tokens = tokens;
    f->options.token_count = sizeof tokens / sizeof tokens[0];
    serve(f);
}

/* SEC-07 */
static void
without_a_token_nothing_is_done_where_there_are_some(void **state)
{
    fixture *f = FIXTURE(state);

    serve_with_tokens(f);
    open_account(f, "alice", 1);
    assert_int_equal(get(f, "/aggregates/Account/alice"), 401);
    head_has(f, "WWW-Authenticate: Bearer");
    assert_int_equal(ask(f, "GET", "/aggregates/Account/alice", "Authorization: Bearer read-read-rea\r\n", NULL), 401);
    assert_int_equal(
        ask(f, "GET", "/aggregates/Account/alice", "Authorization: Bearer expired-expired\r\n", NULL), 401);
    assert_int_equal(ask(f, "GET", "/aggregates/Account/alice", "Authorization: Basic cmVhZA==\r\n", NULL), 401);
    assert_int_equal(ask(f, "GET", "/aggregates/Account/alice?token=read-read-read", "", NULL), 401);
    assert_int_equal(ask(f, "GET", "/aggregates/Account/alice", "Authorization: Bearer read-read-read\r\n", NULL), 200);
    assert_int_equal(get(f, "/health"), 200); /* for who starts programs */
}

static sigjmp_buf at_guard_page;

static void
leave(int signal)
{
    siglongjmp(at_guard_page, signal);
}

/* Is its last byte, which can't be read, asked for? */
static bool
is_read_to_its_end(const uint8_t *cut, const uint8_t whole[32])
{
    if (sigsetjmp(at_guard_page, 1) != 0) return true;
    acti_guard_is_same(cut, whole);
    return false;
}

/* SEC-07: how many bytes are right is in no time that it takes, for all are read whichever of them differ. */
static void
digests_are_compared_to_their_ends(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *cut;
    uint8_t whole[32] = { 0 };
    const struct sigaction leaving = { .sa_handler = leave };
    struct sigaction before;

    assert_true(pages != MAP_FAILED);
    assert_true(acti_guard_is_same(pages, whole));
    for (size_t i = 0; i < sizeof whole; i++) {
        whole[i] ^= 0x10;
        assert_false(acti_guard_is_same(pages, whole));
        whole[i] ^= 0x10;
    }
    cut = pages + page - sizeof whole + 1;
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    assert_int_equal(sigaction(SIGSEGV, &leaving, &before), 0);
    for (size_t differs = 0; differs < sizeof whole; differs++) {
        whole[differs] = 1;
        assert_true(is_read_to_its_end(cut, whole));
        whole[differs] = 0;
    }
    assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
    munmap(pages, 2 * page);
}

static void
a_token_that_reads_dispatches_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    static const char body[] = "{\"account_id\":\"alice\"}";

    serve_with_tokens(f);
    assert_int_equal(
        ask(f, "POST", "/commands/OpenAccount", JSON "Authorization: Bearer read-read-read\r\n", body), 403);
    assert_int_equal(
        ask(f, "POST", "/commands/OpenAccount", JSON "Authorization: bearer dispatch-dispatch\r\n", body), 200);
    assert_int_equal(
        ask(f, "POST", "/commands/CloseAccount", JSON "Authorization: Bearer operate-operate\r\n", body), 200);
}

/* SEC-07: a name of somebody else's that leads to us, and a page of his that sends what needs no question before. */
static void
a_page_of_somebody_elses_gets_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const hosts[] = { "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "",
        "a b" };
    static const char *const ours[] = { "localhost", "LOCALHOST:99", "127.0.0.1", "127.9.9.9:1", "[::1]:80",
        "bank.example:443" };
    static const char *const names[] = { "bank.example", NULL };

    f->options.hosts = names;
    serve(f);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        ask_as(f, hosts[i], "/health");
        if (f->last.status != 421 && f->last.status != 400)
            fail_msg("Host: %s is answered %d", hosts[i], f->last.status);
    }
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        ask_as(f, ours[i], "/health");
        if (f->last.status != 200) fail_msg("Host: %s is answered %d", ours[i], f->last.status);
    }
    assert_int_equal(
        ask(f, "POST", "/commands/OpenAccount", "Content-Type: text/plain\r\n", "{\"account_id\":\"alice\"}"), 415);
    assert_int_equal(ask(f, "POST", "/commands/OpenAccount", "", "{\"account_id\":\"alice\"}"), 415);
    assert_null(strcasestr(f->last.head, "Access-Control-"));
}

/* -- what is told, and to whom -- */

static const char *const secrets[] = { "read-read-rea", "expired-expired", "Y21WaFpB", "in-the-url-it-is" };
static atomic_uint lines, secret_lines;

static void
look_at_line(void *user, acta_log_level level, acta_str line)
{
    (void)user, (void)level;
    atomic_fetch_add(&lines, 1);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (memmem(line.data, line.size, secrets[i], strlen(secrets[i])) != NULL) atomic_fetch_add(&secret_lines, 1);
}

static bool
fail_reads(void *user, acta_disk_op op)
{
    (void)user;
    return op == ACTA_DISK_READ;
}

static int
set_up_logged(void **state)
{
    static const acta_environment environment = { .log = { .write = look_at_line } };

    return set_up_with(
        state, (acta_app_config){ .schema = &bank_schema, .aggregates = bank_aggregates, .environment = &environment });
}

/* SEC-07: no secret, right or wrong, is in the log; SEC-11: what the disk says is there, and nowhere else. */
static void
secrets_are_told_nobody_and_errors_the_log(void **state)
{
    fixture *f = FIXTURE(state);
    static const acta_disk_faults broken = { .fail = fail_reads };

    serve_with_tokens(f);
    open_account(f, "alice", 1);
    assert_int_equal(ask(f, "GET", "/streams", "Authorization: Bearer read-read-rea\r\n", NULL), 401);
    assert_int_equal(ask(f, "GET", "/streams", "Authorization: Bearer expired-expired\r\n", NULL), 401);
    assert_int_equal(ask(f, "GET", "/streams", "Authorization: Basic Y21WaFpB\r\n", NULL), 401);
    assert_int_equal(ask(f, "GET", "/streams?token=in-the-url-it-is", "", NULL), 401);
    assert_int_equal(ask(f, "GET", "/streams", "Authorization: Bearer read-read-read\r\n", NULL), 200);
    ask(f, "GET", "/streams", "Authorization Bearer expired-expired\r\n", NULL); /* libmicrohttpd tells of such */

    unsigned before = atomic_load(&lines);
    acta_disk_set_faults(f->disk, &broken);
    int status = ask(f, "GET", "/streams/Account-alice", "Authorization: Bearer read-read-read\r\n", NULL);
    acta_disk_set_faults(f->disk, NULL);
    assert_int_equal(status, 500);
    body_has(f, "\"detail\":\"the store can't be read here; the program's log says why\"");
    assert_null(strstr(f->last.body, "Account-alice"));
    assert_true(atomic_load(&lines) > before);
    assert_int_equal(atomic_load(&secret_lines), 0);
}

static acta_status
try_to_serve(fixture *f)
{
    acta_status status = acta_gateway_start(f->app, &f->options, &f->gateway, &f->error);

    if (status == ACTA_OK) acta_gateway_stop(f->gateway);
    f->gateway = NULL;
    return status;
}

static void
refused(fixture *f, const char *text)
{
    assert_int_equal(try_to_serve(f), ACTA_INVALID);
    if (strstr(f->error.text, text) == NULL) fail_msg("'%s' is not in: %s", text, f->error.text);
}

/* SEC-07 */
static void
everybody_is_not_served_without_tokens(void **state)
{
    fixture *f = FIXTURE(state);

    f->options.address = "0.0.0.0:0";
    refused(f, "without tokens everybody who reaches '0.0.0.0:0'");
    f->options.tokens = tokens;
    f->options.token_count = 1;
    assert_int_equal(try_to_serve(f), ACTA_OK);
}

static void
options_that_make_no_sense_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const addresses[] = { "", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000",
        "[::1:80", "::1:80x", ":80" };
    static const char *const hosts[] = { "bank example", NULL };
    acta_gateway_token token = { "anna", ACTA_GATEWAY_READ, "too-short", 0 };

    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        f->options.address = addresses[i];
        assert_int_equal(try_to_serve(f), ACTA_INVALID);
        if (strstr(f->error.text, addresses[i]) == NULL) fail_msg("'%s' is not in: %s", addresses[i], f->error.text);
    }
    f->options.address = "127.0.0.1:0";
    f->options.hosts = hosts;
    refused(f, "'bank example' is no name of a host");
    f->options.hosts = NULL;
    f->options.tokens = &token;
    f->options.token_count = 1;
    refused(f, "token 'anna': its secret must be 12 to 256");
    assert_null(strstr(f->error.text, "too-short"));
    token.secret = "long-enough-it-is";
    token.access = ACTA_GATEWAY_NOTHING;
    refused(f, "its access must be read, dispatch or operate");
    token.access = ACTA_GATEWAY_READ;
    token.name = "";
    refused(f, "token 1: its name");
    f->options.token_count = 0;
    f->options.certificate_path = "/nonexistent.pem";
    refused(f, "TLS needs both");
    f->options.key_path = "/nonexistent.pem";
    assert_int_equal(try_to_serve(f), ACTA_IO);
}

static void
an_address_in_use_is_told(void **state)
{
    fixture *f = FIXTURE(state);
    acta_gateway_options second;
    acta_gateway *none = NULL;
    char address[32];

    serve(f);
    snprintf(address, sizeof address, "127.0.0.1:%u", acta_gateway_port(f->gateway));
    second = (acta_gateway_options){ .address = address };
    assert_int_equal(acta_gateway_start(f->app, &second, &none, &f->error), ACTA_IN_USE);
    second = (acta_gateway_options){ .socket_path = f->socket_path };
    assert_int_equal(acta_gateway_start(f->app, &second, &none, &f->error), ACTA_IN_USE);
    assert_int_equal(get(f, "/health"), 200);
    int fd = connect_unix(f);
    close(fd);
}

static void
the_socket_is_its_users_alone(void **state)
{
    fixture *f = FIXTURE(state);
    struct stat what;

    serve(f);
    assert_int_equal(lstat(f->socket_path, &what), 0);
    assert_true(S_ISSOCK(what.st_mode));
    assert_int_equal(what.st_mode & 0777, 0600);
    acta_gateway_stop(f->gateway);
    f->gateway = NULL;
    assert_int_not_equal(lstat(f->socket_path, &what), 0);
}

/* One that was killed leaves its socket; a file that is something else is nobody's to remove. */
static void
a_socket_left_behind_is_no_hindrance(void **state)
{
    fixture *f = FIXTURE(state);
    struct stat what;

    serve(f);
    char left[160];
    snprintf(left, sizeof left, "%s.left", f->socket_path);
    assert_int_equal(rename(f->socket_path, left), 0);
    acta_gateway_stop(f->gateway);
    assert_int_equal(rename(left, f->socket_path), 0);
    serve(f);
    acta_gateway_stop(f->gateway);
    f->gateway = NULL;

    FILE *file = fopen(f->socket_path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(try_to_serve(f), ACTA_IN_USE);
    assert_int_equal(lstat(f->socket_path, &what), 0);
    assert_true(S_ISREG(what.st_mode));
    unlink(f->socket_path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bank(without_a_token_nothing_is_done_where_there_are_some),
        cmocka_unit_test(digests_are_compared_to_their_ends),
        with_bank(a_token_that_reads_dispatches_nothing),
        with_bank(a_page_of_somebody_elses_gets_nothing),
        cmocka_unit_test_setup_teardown(secrets_are_told_nobody_and_errors_the_log, set_up_logged, tear_down),
        with_bank(everybody_is_not_served_without_tokens),
        with_bank(options_that_make_no_sense_are_refused),
        with_bank(an_address_in_use_is_told),
        with_bank(the_socket_is_its_users_alone),
        with_bank(a_socket_left_behind_is_no_hindrance),
    };
    return cmocka_run_group_tests_name("who may come in", tests, NULL, NULL);
}
