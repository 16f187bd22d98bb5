/*
 * Many who follow the events of an application, over the memory engine: every one must get every event, in order.
 *
 *   http_events  rate    events that all clients together were sent, a second
 *                p50_ms, p99_ms  from the command until a client has read the oldest event of a piece
 *                writes  pieces that a client got in a second
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "acta/gateway.h"
#include "acta/memory_engine.h"
#include "bank.h"
#include "bench.h"
#include "http.h"

enum { CLIENTS = 1000, RATE = 1000, SECONDS_MAX = 600, EVENTS_AT_ONCE = 64, DELAYS_MS = 10000, TAIL = 64 };

typedef struct follower {
    int fd;
    char tail[TAIL]; /* the end of the piece before: a line may be cut */
    size_t tail_size;
    uint64_t next; /* the position that it gets next */
} follower;

typedef struct audience {
    follower *followers;
    int epoll;
    uint64_t last;             /* the position at which all is over */
    _Atomic uint64_t *sent_ns; /* by position */
    uint64_t delays[DELAYS_MS];
    uint64_t pieces, events, done;
} audience;

/* -- events -- */

typedef struct writer {
    acta_app *app;
    uint64_t count;
    _Atomic uint64_t *sent_ns;
} writer;

static void *
write_events(void *argument)
{
    const writer *w = argument;
    uint64_t begun_ns = bench_now_ns();
    acta_error error;

    for (uint64_t i = 0; i < w->count; i++) {
        const bank_Deposit deposit = { .account_id = acta_str_of("alice"), .amount = 1 };
        uint64_t due_ns = begun_ns + i * (UINT64_C(1000000000) / RATE), now_ns = bench_now_ns();
        if (now_ns < due_ns) nanosleep(&(struct timespec){ .tv_nsec = (long)(due_ns - now_ns) }, NULL);
        /* Position 1 opened the account. Relaxed: a number alone, which was there before the event was. */
        atomic_store_explicit(&w->sent_ns[i + 2], bench_now_ns(), memory_order_relaxed);
        bench_must(bank_Deposit_dispatch(w->app, deposit, NULL, &error), &error);
    }
    return NULL;
}

/* -- those who follow them -- */

static void
connect_all(audience *a, uint16_t port)
{
    static const char request[] = "GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n";
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        follower *f = &a->followers[i];
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = f };
        char head[1024];
        size_t size = 0;
        f->next = 2;
        f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bench_expect(f->fd >= 0 && connect(f->fd, (struct sockaddr *)&to, sizeof to) == 0);
        bench_expect(send(f->fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)sizeof request - 1);
        while (size + 1 < sizeof head) { /* until it has begun */
            ssize_t got = recv(f->fd, head + size, sizeof head - 1 - size, 0);
            bench_expect(got > 0);
            size += (size_t)got;
            head[size] = '\0';
            if (strstr(head, "\n\nid: 1\n\n") != NULL) break;
        }
        bench_expect(strncmp(head + 8, " 200 ", 5) == 0);
        bench_expect(epoll_ctl(a->epoll, EPOLL_CTL_ADD, f->fd, &event) == 0);
    }
}

static void
note_delay(audience *a, uint64_t position, uint64_t now_ns)
{
    uint64_t then_ns = atomic_load_explicit(&a->sent_ns[position], memory_order_relaxed);
    uint64_t ms = now_ns > then_ns ? (now_ns - then_ns) / 1000000 : 0;

    a->delays[ms < DELAYS_MS ? ms : DELAYS_MS - 1]++;
    a->pieces++;
}

static void
take(audience *a, follower *f)
{
    static char bytes[TAIL + (1 << 20) + 1];
    static const char mark[] = "\ndata: {\"position\":";
    bool is_first = true;

    memcpy(bytes, f->tail, f->tail_size);
    ssize_t got = recv(f->fd, bytes + f->tail_size, sizeof bytes - 1 - TAIL, 0);
    bench_expect(got > 0);
    size_t size = f->tail_size + (size_t)got;
    bytes[size] = '\0';
    char *at = bytes, *rest = bytes;
    while ((at = strstr(at, mark)) != NULL) {
        char *end;
        uint64_t position = strtoull(at + sizeof mark - 1, &end, 10);
        if (*end != ',') break; /* cut in the middle */
        bench_expect(position == f->next);
        if (is_first) note_delay(a, position, bench_now_ns());
        is_first = false;
        f->next++;
        a->events++;
        a->done += position == a->last;
        at = rest = end;
    }
    /* Behind the last mark that was whole; a cut one is shorter than this. */
    f->tail_size = (size_t)(bytes + size - rest) < TAIL ? (size_t)(bytes + size - rest) : TAIL;
    memcpy(f->tail, bytes + size - f->tail_size, f->tail_size);
}

static uint64_t
delay_ms(const audience *a, uint64_t per_mille)
{
    uint64_t wanted = a->pieces * per_mille / 1000, seen = 0;

    for (uint64_t ms = 0; ms < DELAYS_MS; ms++) {
        seen += a->delays[ms];
        if (seen >= wanted) return ms;
    }
    return DELAYS_MS;
}

static void
follow_all(audience *a, acta_app *app)
{
    writer w = { .app = app, .count = a->last - 1, .sent_ns = a->sent_ns };
    struct epoll_event events[EVENTS_AT_ONCE];
    uint64_t begun_ns = bench_now_ns();
    pthread_t thread;

    bench_expect(pthread_create(&thread, NULL, write_events, &w) == 0);
    while (a->done < CLIENTS) {
        int count = epoll_wait(a->epoll, events, EVENTS_AT_ONCE, 30000);
        bench_expect(count > 0);
        for (int i = 0; i < count; i++)
            take(a, events[i].data.ptr);
    }
    double seconds = (double)(bench_now_ns() - begun_ns) / 1e9;
    pthread_join(thread, NULL);
    for (uint32_t i = 0; i < CLIENTS; i++)
        bench_expect(a->followers[i].next == a->last + 1);
    bench_report("http_events", "rate", (double)a->events / seconds, "per_second");
    bench_report("http_events", "p50_ms", (double)delay_ms(a, 500), "ms");
    bench_report("http_events", "p99_ms", (double)delay_ms(a, 990), "ms");
    bench_report("http_events", "writes", (double)a->pieces / seconds / CLIENTS, "per_second");
}

/* -- the whole -- */

static void
allow_files(void)
{
    struct rlimit files;

    bench_expect(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    bench_expect(files.rlim_cur > 2 * CLIENTS + 512);
}

void
bench_http_events(uint32_t seconds)
{
    acta_disk *disk = acta_disk_create(NULL);
    const acta_app_config config = {
        .schema = &bank_schema, .aggregates = bank_aggregates, .store = { .engine = acta_memory_engine(disk) }
    };
    const acta_gateway_options options = { .address = "127.0.0.1:0", .event_clients_max = CLIENTS };
    const bank_OpenAccount open = { .account_id = acta_str_of("alice") };
    audience *a = calloc(1, sizeof *a);
    acta_gateway *gateway;
    acta_app *app;
    acta_error error;

    if (seconds > SECONDS_MAX) seconds = SECONDS_MAX;
    setenv("ACTA_GATEWAY", "off", 1);
    allow_files();
    bench_expect(a != NULL);
    a->last = 1 + (uint64_t)seconds * RATE;
    a->followers = calloc(CLIENTS, sizeof *a->followers);
    a->sent_ns = calloc(a->last + 1, sizeof *a->sent_ns);
    bench_expect(a->followers != NULL && a->sent_ns != NULL);
    bench_must(acta_app_start(&config, &app, &error), &error);
    bench_must(bank_OpenAccount_dispatch(app, open, NULL, &error), &error);
    bench_must(acta_gateway_start(app, &options, &gateway, &error), &error);
    connect_all(a, acta_gateway_port(gateway));
    follow_all(a, app);
    for (uint32_t i = 0; i < CLIENTS; i++)
        close(a->followers[i].fd);
    close(a->epoll);
    acta_gateway_stop(gateway);
    bench_must(acta_app_stop(app, 60000, &error), &error);
    acta_disk_destroy(disk);
    free(a->sent_ns);
    free(a->followers);
    free(a);
}
