/*
 * Commands over HTTP beside an answer that costs nothing.
 *
 *     bench/http [--data DIR] [--seconds N] [ROW...]
 *
 *   http_static    libmicrohttpd alone: the same request, answered at once by the same bytes
 *   http_commands  deposits into 1,000 accounts, each answered when it is on disk
 *   http_share     the second by the first, in percent
 *   http_events    1,000 clients follow 1,000 events a second (http_events.c)
 *
 * 64 connections that stay open, one request under way on each, all by one thread of this process. --seconds is for each row
 * (default 5).
 */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acta/gateway.h"
#include "bank.h"
#include "bench.h"
#include "http.h"

enum { CONNECTIONS = 64, ACCOUNTS = 1000, SECONDS_DEFAULT = 5, REQUEST_MAX = 512, ANSWER_MAX = 4096, PATH_SIZE = 512 };

typedef struct options {
    uint32_t seconds;
    const char *data_path;
    bool wants_static, wants_commands, wants_events;
} options;

/* -- the client -- */

typedef struct connection {
    int fd;
    char answer[ANSWER_MAX + 1];
    size_t size;
} connection;

typedef struct client {
    connection connections[CONNECTIONS];
    int epoll;
    uint64_t sent, answered;
} client;

static void
send_request(client *c, connection *to)
{
    char request[REQUEST_MAX], body[128];

    int size =
        snprintf(body, sizeof body, "{\"account_id\":\"account-%04u\",\"amount\":1}", (unsigned)(c->sent++ % ACCOUNTS));
    size = snprintf(request, sizeof request,
        "POST /commands/Deposit HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        "%d\r\n\r\n%s",
        size, body);
    bench_expect(send(to->fd, request, (size_t)size, MSG_NOSIGNAL) == size);
    to->size = 0;
}

/* Is it there to its last byte? Any other than 200 ends the run. */
static bool
is_whole(connection *from)
{
    from->answer[from->size] = '\0';
    const char *end = strstr(from->answer, "\r\n\r\n"), *length = strcasestr(from->answer, "\r\nContent-Length: ");
    if (end == NULL || length == NULL) return false;
    if (strncmp(from->answer, "HTTP/1.1 200", 12) != 0) fprintf(stderr, "%s\n", from->answer);
    bench_expect(strncmp(from->answer, "HTTP/1.1 200", 12) == 0);
    return from->size == (size_t)(end + 4 - from->answer) + strtoul(length + 18, NULL, 10);
}

static void
connect_all(client *c, uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    int one = 1;

    *c = (client){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        connection *made = &c->connections[i];
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = made };
        made->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bench_expect(made->fd >= 0 && connect(made->fd, (struct sockaddr *)&to, sizeof to) == 0);
        setsockopt(made->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        bench_expect(epoll_ctl(c->epoll, EPOLL_CTL_ADD, made->fd, &event) == 0);
    }
}

static void
take(client *c, connection *from, bool goes_on)
{
    ssize_t got = recv(from->fd, from->answer + from->size, ANSWER_MAX - from->size, 0);

    bench_expect(got > 0);
    from->size += (size_t)got;
    if (!is_whole(from)) return;
    c->answered++;
    if (goes_on) send_request(c, from);
}

/* Answers a second. */
static double
drive(uint16_t port, uint32_t seconds)
{
    static client c;
    struct epoll_event events[CONNECTIONS];

    connect_all(&c, port);
    uint64_t begun_ns = bench_now_ns(), until_ns = begun_ns + seconds * UINT64_C(1000000000), now_ns = begun_ns;
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        send_request(&c, &c.connections[i]);
    while (c.answered < c.sent) {
        int count = epoll_wait(c.epoll, events, CONNECTIONS, 10000);
        bench_expect(count > 0);
        now_ns = bench_now_ns();
        for (int i = 0; i < count; i++)
            take(&c, events[i].data.ptr, now_ns < until_ns);
    }
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        close(c.connections[i].fd);
    close(c.epoll);
    return (double)c.answered * 1e9 / (double)(now_ns - begun_ns);
}

/* -- an answer that costs nothing -- */

static enum MHD_Result
answer_at_once(void *user, struct MHD_Connection *asked, const char *url, const char *method, const char *version,
    const char *data, size_t *size, void **seen)
{
    static char body[] = "{\"version\":1234,\"position\":1234567}";
    (void)user, (void)url, (void)method, (void)version, (void)data;

    if (*seen == NULL) {
        *seen = body;
        return MHD_YES;
    }
    if (*size != 0) {
        *size = 0;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(sizeof body - 1, body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "ETag", "\"1234\"");
    enum MHD_Result result = MHD_queue_response(asked, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static double
run_static(const options *o)
{
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer_at_once, NULL, MHD_OPTION_END);
    bench_expect(daemon != NULL);
    double rate = drive(MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port, o->seconds);
    MHD_stop_daemon(daemon);
    bench_report("http_static", "rate", rate, "per_second");
    return rate;
}

/* -- commands -- */

static int
remove_entry(const char *path, const struct stat *s, int flag, struct FTW *ftw)
{
    (void)s, (void)flag, (void)ftw;
    return remove(path);
}

static void
open_accounts(acta_app *app)
{
    acta_error error;
    char id[32];

    for (unsigned i = 0; i < ACCOUNTS; i++) {
        snprintf(id, sizeof id, "account-%04u", i);
        const bank_OpenAccount open = { .account_id = acta_str_of(id) };
        bench_must(bank_OpenAccount_dispatch(app, open, NULL, &error), &error);
    }
}

static double
run_commands(const options *o)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/http-%d", o->data_path, (int)getpid());
    const acta_app_config config = { .data_path = path, .schema = &bank_schema, .aggregates = bank_aggregates };
    const acta_gateway_options loopback = { .address = "127.0.0.1:0" };
    acta_gateway *gateway;
    acta_app *app;
    acta_error error;

    setenv("ACTA_GATEWAY", "off", 1); /* it has one of its own */
    mkdir(o->data_path, 0777);
    bench_must(acta_app_start(&config, &app, &error), &error);
    open_accounts(app);
    bench_must(acta_gateway_start(app, &loopback, &gateway, &error), &error);
    uint64_t before = acta_store_head(acta_app_store(app));
    double rate = drive(acta_gateway_port(gateway), o->seconds);
    bench_expect(acta_store_head(acta_app_store(app)) > before);
    acta_gateway_stop(gateway);
    bench_must(acta_app_stop(app, 60000, &error), &error);
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    bench_report("http_commands", "rate", rate, "per_second");
    return rate;
}

/* -- the command line -- */

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    options *o = state->input;

    switch (key) {
    case 's':
        o->seconds = bench_number("--seconds", argument, 1, BENCH_SECONDS_MAX, state);
        return 0;
    case 'd':
        o->data_path = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (strcmp(argument, "http_static") == 0)
            o->wants_static = true;
        else if (strcmp(argument, "http_commands") == 0)
            o->wants_commands = true;
        else if (strcmp(argument, "http_share") == 0)
            o->wants_static = o->wants_commands = true;
        else if (strcmp(argument, "http_events") == 0)
            o->wants_events = true;
        else
            argp_error(
                state, "there is no row '%s'; one of: http_static http_commands http_share http_events", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
main(int argc, char **argv)
{
    static const struct argp_option known[] = { { "seconds", 's', "N", 0, "for each row (default 5)", 0 },
        { "data", 'd', "DIR", 0, "where the store is made, and removed (default: ./bench-data)", 0 }, { 0 } };
    static const struct argp argp = { known, parse, "[ROW...]",
        "Commands over HTTP beside an answer that costs nothing. Rows: http_static http_commands http_share "
        "http_events",
        NULL, NULL, NULL };
    options o = { .seconds = SECONDS_DEFAULT, .data_path = "bench-data" };
    double at_once = 0, commands = 0;

    argp_parse(&argp, argc, argv, 0, NULL, &o);
    bool wants_all = !o.wants_static && !o.wants_commands && !o.wants_events;
    if (wants_all || o.wants_static) at_once = run_static(&o);
    if (wants_all || o.wants_commands) commands = run_commands(&o);
    if (at_once > 0 && commands > 0) bench_report("http_share", "share", 100 * commands / at_once, "percent");
    if (wants_all || o.wants_events) bench_http_events(o.seconds);
    rmdir(o.data_path); /* if nobody else uses it */
    return 0;
}
