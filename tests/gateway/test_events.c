/*
 * Events as they come: each once and in order, wherever one begins, however slow one is, and whoever else follows them.
 */
#include "http.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEXT_MAX = 24 << 20, PATIENCE_MS = 60000, LONG = 5000 };

typedef struct follower {
    int fd;
    char *text;
    size_t size, seen; /* up to `seen` there is nothing that is waited for */
} follower;

/* By HTTP/1.0, whose answers come as they are, without lengths of chunks in between. */
static follower
follow(fixture *f, const char *path, const char *headers)
{
    follower by = { .fd = connect_tcp(f), .text = test_calloc(1, TEXT_MAX) };
    char request[1024];

    snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: localhost\r\n%s\r\n", path, headers);
    send_text(by.fd, request);
    return by;
}

static void
leave(follower *by)
{
    close(by->fd);
    test_free(by->text);
}

/* False: the connection has ended. */
static bool
receive_more(follower *by)
{
    struct pollfd ready = { .fd = by->fd, .events = POLLIN };

    if (poll(&ready, 1, PATIENCE_MS) != 1) fail_msg("nothing comes any more, after: %.1000s", by->text);
    ssize_t got = recv(by->fd, by->text + by->size, TEXT_MAX - 1 - by->size, 0);
    if (got <= 0) return false;
    by->size += (size_t)got;
    by->text[by->size] = '\0';
    return true;
}

static void
await(follower *by, const char *text)
{
    while (strstr(by->text, text) == NULL)
        if (!receive_more(by)) fail_msg("it has ended, and '%s' is not in: %.1000s", text, by->text);
}

static void
await_event(follower *by, uint64_t position)
{
    char text[48];

    snprintf(text, sizeof text, "id: %llu\ndata: ", (unsigned long long)position);
    while (true) {
        const char *at = strstr(by->text + by->seen, text);
        if (at != NULL && strstr(at, "\n\n") != NULL) return;
        if (at == NULL && by->size > sizeof text) by->seen = by->size - sizeof text;
        if (!receive_more(by)) fail_msg("it has ended before '%s'", text);
    }
}

/* Each event from `first` to `last` is there, once, in order. Line by line: functions of strings look at all of the text each
 * time under AddressSanitizer, which is told to. */
static void
has_all(const follower *by, uint64_t first, uint64_t last)
{
    static const char begins[] = "data: {\"position\":";
    const char *end = by->text + by->size;
    uint64_t next = first;

    for (const char *at = by->text; (at = memchr(at, '\n', (size_t)(end - at))) != NULL;) {
        char number[24] = "";
        if (end - ++at < (ptrdiff_t)(sizeof begins + sizeof number)) break;
        if (memcmp(at, begins, sizeof begins - 1) != 0) continue;
        memcpy(number, at + sizeof begins - 1, sizeof number - 1);
        uint64_t position = strtoull(number, NULL, 10);
        if (position != next) fail_msg("%llu instead of %llu", (unsigned long long)position, (unsigned long long)next);
        next++;
    }
    assert_int_equal(next, last + 1);
}

static uint64_t
head(fixture *f)
{
    return acta_store_head(acta_app_store(f->app));
}

static void
deposit(fixture *f, const char *id, int count)
{
    const acta_dispatch_options patiently = { .timeout_ms = PATIENCE_MS };

    for (int i = 0; i < count; i++) {
        const bank_Deposit command = { .account_id = acta_str_of(id), .amount = i + 1 };
        MUST(f, bank_Deposit_dispatch(f->app, command, &patiently, &f->error));
    }
}

/* Events of somebody else's, many in one transaction. */
static void
append_with(fixture *f, const char *stream, uint32_t count, size_t size, const char *metadata)
{
    acta_store *store = acta_app_store(f->app);
    acta_transaction *transaction = acta_transaction_create(store);
    uint8_t *bytes = test_malloc(size + 1);

    memset(bytes, '\n', size);
    for (uint32_t i = 0; i < count; i++) {
        const acta_event event = { .type = acta_str_of("test.Noted"),
            .payload = acta_bytes_from(bytes, size),
            .metadata = acta_str_bytes(acta_str_of(metadata)) };
        acta_transaction_append(transaction, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
    }
    MUST(f, acta_store_commit(store, transaction, NULL, &f->error));
    test_free(bytes);
}

/* Metadata that make an event's text long. */
static void
make_long(char metadata[LONG + 8])
{
    memcpy(metadata, "by:", 3);
    memset(metadata + 3, 'x', LONG);
    memcpy(metadata + 3 + LONG, "\n", 2);
}

static void
append(fixture *f, const char *stream, uint32_t count, size_t size)
{
    append_with(f, stream, count, size, "");
}

static void
each_comes_once_from_the_first_to_the_newest(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    open_account(f, "alice", 1);
    deposit(f, "alice", 200);
    follower by = follow(f, "/events?after=0", "");
    await(&by, "Content-Type: text/event-stream\r\n");
    await(&by, "retry: 1000\n\n");
    await_event(&by, 100);
    deposit(f, "alice", 200);
    await_event(&by, head(f));
    deposit(f, "alice", 1);
    await_event(&by, head(f));
    has_all(&by, 1, head(f));
    await(&by, "data: {\"position\":1,\"stream\":\"Account-alice\",\"version\":1,\"type\":\"bank.AccountOpened\",");
    leave(&by);
}

static void
it_goes_on_where_it_was_broken_off(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t seen = 0;

    serve(f);
    open_account(f, "alice", 1);
    for (int i = 0; i < 10; i++) {
        char header[64];
        deposit(f, "alice", 20);
        snprintf(header, sizeof header, "Last-Event-ID: %llu\r\n", (unsigned long long)seen);
        follower by = follow(f, "/events?after=1", header); /* the header is newer than the query */
        deposit(f, "alice", 5);
        await_event(&by, head(f));
        has_all(&by, seen + 1, head(f));
        seen = head(f);
        leave(&by);
    }
}

/* Without a word of where, it begins with what comes. */
static void
only_what_is_wanted_comes(void **state)
{
    fixture *f = FIXTURE(state);
    const char *const paths[] = { "/events?type=bank.AccountOpened,bank.MoneyWithdrawn", "/events?prefix=Account-b",
        "/events?category=Account&type=bank.MoneyDeposited", "/streams/Account-bob" };
    follower by[4];

    serve(f);
    open_account(f, "alice", 1);
    for (int i = 0; i < 4; i++) {
        by[i] = follow(f, paths[i], "Accept: text/event-stream\r\n");
        await(&by[i], "id: 1\n\n"); /* it has begun */
    }
    open_account(f, "bob", 1);
    append(f, "Accounting-bob", 1, 1);
    deposit(f, "alice", 1);
    deposit(f, "bob", 1);
    open_account(f, "bert", 1);
    open_account(f, "carol", 1);
    deposit(f, "carol", 1);
    deposit(f, "bob", 1);
    for (int i = 0; i < 4; i++) {
        static const uint64_t wanted[4][5] = { { 2, 6, 7 }, { 2, 5, 6, 9 }, { 4, 5, 8, 9 }, { 2, 5, 9 } };
        const char *at = by[i].text;
        for (int n = 0; wanted[i][n] != 0; n++)
            await_event(&by[i], wanted[i][n]);
        for (int n = 0; wanted[i][n] != 0; n++) {
            at = strstr(at, "\ndata: {\"position\":");
            assert_non_null(at);
            assert_int_equal(strtoull(at + 19, NULL, 10), wanted[i][n]);
            at++;
        }
        assert_null(strstr(at, "\ndata: "));
        leave(&by[i]);
    }
    follower again = follow(f, "/streams/Account-bob?after=2", "Accept: text/event-stream\r\n");
    await_event(&again, 5);
    await_event(&again, 9);
    assert_null(strstr(again.text, "\"position\":2,"));
    assert_null(strstr(again.text, "\"position\":4,"));
    leave(&again);
}

static void
what_makes_no_sense_is_refused(void **state)
{
    fixture *f = FIXTURE(state);

    serve(f);
    open_account(f, "alice", 1);
    assert_int_equal(get(f, "/events?after=x"), 400);
    assert_int_equal(get(f, "/events?after=2"), 400);
    body_has(f, "position 2 is not in this log, which ends at 1");
    assert_int_equal(ask(f, "GET", "/events", "Last-Event-ID: 1x\r\n", NULL), 400);
    body_has(f, "Last-Event-ID: expected a position");
    assert_int_equal(ask(f, "GET", "/events", "Last-Event-ID: 99999999999999999999\r\n", NULL), 400);
    assert_int_equal(get(f, "/events?type=,"), 400);
    assert_int_equal(get(f, "/events?category=Account-alice"), 400);
    assert_int_equal(post(f, "/events", "{}"), 405);
}

/* SEC-06: who doesn't read has a little waiting for him, and no more; he gets all of it when he reads again, and nobody
 * waits for him. It is twice as much text as lies in memory for all, and more by far than the kernel keeps beside it. */
static void
who_is_slow_loses_nothing_and_holds_up_nobody(void **state)
{
    enum { BATCHES = 30, BATCH = 100 };
    fixture *f = FIXTURE(state);
    const int small = 256 * 1024;
    char metadata[LONG + 8];

    make_long(metadata);
    f->options.idle_timeout_s = 600; /* he is not to be taken for dead */
    serve(f);
    follower slow = follow(f, "/events", ""), quick = follow(f, "/events", "");
    setsockopt(slow.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    await(&slow, "id: 0\n\n");
    await(&quick, "id: 0\n\n");
    for (int i = 0; i < BATCHES; i++) {
        append_with(f, "Notes", BATCH, 0, metadata);
        await_event(&quick, head(f));
    }
    has_all(&quick, 1, BATCHES * BATCH);
    await_event(&slow, BATCHES * BATCH);
    has_all(&slow, 1, BATCHES * BATCH);
    leave(&slow);
    leave(&quick);
}

/* -- memory -- */

/* What the application and its gateway have, and the most that they had; allocations come from all of their threads. */
typedef struct counted {
    _Atomic size_t now, most;
} counted;

static counted memory;

static void *
count_alloc(void *user, size_t size)
{
    counted *c = user;
    size_t now = atomic_fetch_add(&c->now, size) + size, most = atomic_load(&c->most);

    while (now > most && !atomic_compare_exchange_weak(&c->most, &most, now)) {}
    return malloc(size);
}

static void
count_free(void *user, void *pointer, size_t size)
{
    counted *c = user;

    if (pointer != NULL) atomic_fetch_sub(&c->now, size);
    free(pointer);
}

static int
set_up_counted(void **state)
{
    static const acta_environment environment = { .allocator = {
                                                      .alloc = count_alloc, .free = count_free, .user = &memory } };

    return set_up_with(
        state, (acta_app_config){ .schema = &bank_schema, .aggregates = bank_aggregates, .environment = &environment });
}

/* SEC-06: forty who never read have what may wait for each, and not the log; what is kept for all is kept once. */
static void
who_does_not_read_costs_little(void **state)
{
    enum { IDLE = 40, BATCHES = 30, BATCH = 100, EACH = 256 * 1024, FOR_ALL = 48 << 20 };
    fixture *f = FIXTURE(state);
    char metadata[LONG + 8];
    int idle[IDLE];

    make_long(metadata);
    f->options.idle_timeout_s = 600;
    serve(f);
    size_t before = atomic_load(&memory.now);
    append_with(f, "Notes", BATCH, 0, metadata);
    for (int i = 0; i < IDLE; i++) { /* some are caught up, some are there before it comes */
        idle[i] = connect_tcp(f);
        send_text(idle[i], i % 2 == 0 ? "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                      : "GET /events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    follower quick = follow(f, "/events?after=0", "");
    for (int i = 1; i < BATCHES; i++) {
        append_with(f, "Notes", BATCH, 0, metadata);
        await_event(&quick, head(f));
    }
    assert_in_range(atomic_load(&memory.most), before, before + (size_t)IDLE * EACH + FOR_ALL);
    leave(&quick);
    for (int i = 0; i < IDLE; i++)
        close(idle[i]);
}

/* SEC-09: whatever is in an event, it is one line. */
static void
an_event_is_one_line(void **state)
{
    fixture *f = FIXTURE(state);
    const bank_OpenAccount evil = { .account_id = acta_str_of("eve"),
        .owner = acta_str_of("x\n\nid: 4711\ndata: {\"position\":4711}\r\n\r\n\u2028") };
    const acta_dispatch_options patiently = { .timeout_ms = PATIENCE_MS };

    serve(f);
    follower by = follow(f, "/events?show_redacted", "");
    await(&by, "id: 0\n\n");
    MUST(f, bank_OpenAccount_dispatch(f->app, evil, &patiently, &f->error));
    append(f, "Notes", 1, 3);
    await_event(&by, 2);
    has_all(&by, 1, 2);
    const char *first = strstr(by.text, "id: 1\ndata: ");
    assert_non_null(first);
    assert_int_equal(strcspn(first + 12, "\r\n"), strstr(first, "\n\nid: 2\n") - first - 12);
    leave(&by);
}

static void
of_a_large_one_the_payload_is_left_out(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_dispatch_options patiently = { .timeout_ms = PATIENCE_MS };
    static char lines[40000];

    serve(f);
    memset(lines, '\n', sizeof lines - 1); /* as text each is two bytes */
    lines[sizeof lines - 1] = '\0';
    follower by = follow(f, "/events?show_redacted", "");
    await(&by, "id: 0\n\n");
    const bank_OpenAccount large = { .account_id = acta_str_of("eve"), .owner = acta_str_of(lines) };
    MUST(f, bank_OpenAccount_dispatch(f->app, large, &patiently, &f->error));
    append(f, "Notes", 1, 100000);
    append(f, "Notes", 1, 1);
    await_event(&by, 3);
    has_all(&by, 1, 3);
    assert_true(by.size < 8192);
    await(&by, "\"payload\":null,\"why\":\"it is too large for this; /streams/{name} has it\"}\n\nid: 2\n");
    leave(&by);
}

/* SEC-10 */
static void
so_many_may_follow_and_no_more(void **state)
{
    fixture *f = FIXTURE(state);

    f->options.event_clients_max = 2;
    serve(f);
    follower first = follow(f, "/events", ""), second = follow(f, "/events", "");
    await(&first, "id: 0\n\n");
    await(&second, "id: 0\n\n");
    assert_int_equal(get(f, "/events"), 503);
    head_has(f, "Retry-After: 5\r\n");
    body_has(f, "2 follow events already");
    assert_int_equal(get(f, "/health"), 200);
    leave(&first);
    follower third;
    for (int i = 0;; i++) { /* it is seen that he has gone when there is something for him */
        append(f, "Notes", 1, 1);
        third = follow(f, "/events?after=0", "");
        await(&third, "\r\n\r\n");
        if (strstr(third.text, " 200 ") != NULL) break;
        leave(&third);
        assert_true(i < 10000);
        usleep(10000);
    }
    await_event(&third, 1);
    leave(&second);
    leave(&third);
}

/* SEC-07: a token that holds no more holds no more. While nothing happens something is said, so that a line that is broken
 * is seen. */
static void
a_token_that_expires_ends_it(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_environment *environment = acta_runtime_environment(acta_app_runtime(f->app));
    int64_t now_us = environment->clock.wall_us(environment->clock.user);
    const acta_gateway_token tokens[] = {
        { .name = "long", .access = ACTA_GATEWAY_READ, .secret = "0123456789abcdef" },
        { .name = "brief", .access = ACTA_GATEWAY_READ, .secret = "fedcba9876543210", .until_us = now_us + 1000000 },
    };

    f->options.tokens = tokens;
    f->options.token_count = 2;
    f->options.idle_timeout_s = 1;
    serve(f);
    assert_int_equal(get(f, "/events"), 401);
    follower brief = follow(f, "/events", "Authorization: Bearer fedcba9876543210\r\n"),
             lasting = follow(f, "/events", "Authorization: Bearer 0123456789abcdef\r\n");
    while (receive_more(&brief)) {}
    await(&lasting, "id: 0\n\nid: 0\n\n");
    append(f, "Notes", 1, 1);
    await_event(&lasting, 1);
    leave(&brief);
    leave(&lasting);
}

/* Some read, some are behind, some don't read at all. */
static void
all_are_sent_away_when_it_stops(void **state)
{
    fixture *f = FIXTURE(state);
    enum { MANY = 20 };
    char metadata[LONG + 8];
    int fds[MANY];

    make_long(metadata);
    serve(f);
    append_with(f, "Notes", 1500, 0, metadata);
    for (int i = 0; i < MANY; i++) {
        fds[i] = connect_tcp(f);
        send_text(fds[i], i % 2 == 0 ? "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                     : "GET /events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    append(f, "Notes", 100, 0);
    acta_gateway_stop(f->gateway);
    f->gateway = NULL;
    for (int i = 0; i < MANY; i++) {
        char bytes[65536];
        struct pollfd ready = { .fd = fds[i], .events = POLLIN };
        while (poll(&ready, 1, PATIENCE_MS) == 1 && recv(fds[i], bytes, sizeof bytes, 0) > 0) {}
        close(fds[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bank(each_comes_once_from_the_first_to_the_newest),
        with_bank(it_goes_on_where_it_was_broken_off),
        with_bank(only_what_is_wanted_comes),
        with_bank(what_makes_no_sense_is_refused),
        with_bank(who_is_slow_loses_nothing_and_holds_up_nobody),
        cmocka_unit_test_setup_teardown(who_does_not_read_costs_little, set_up_counted, tear_down),
        with_bank(an_event_is_one_line),
        with_bank(of_a_large_one_the_payload_is_left_out),
        with_bank(so_many_may_follow_and_no_more),
        with_bank(a_token_that_expires_ends_it),
        with_bank(all_are_sent_away_when_it_stops),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
