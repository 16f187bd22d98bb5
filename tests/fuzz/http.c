/*
 * FZ-06: any bytes, taken for requests over HTTP: cut into arbitrary pieces they are answered as they are in one.
 *
 * The gateway is a real one, but its daemon is driven from here, so that each piece has been read before the next is sent.
 * The shop's only command is refused, in words that have all of it, so that the log stays as it is and an answer depends on
 * nothing but its request. The first two bytes say how the rest is cut.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "acta/memory_engine.h"
#include "internal.h"
#include "shop.acta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    REQUEST_MAX = 4096,      /* fits into the socket's buffer */
    BODY_MAX = 128,          /* soon reached */
    PIECES_MAX = 40,         /* then the rest */
    ANSWER_MAX = 8 << 20,    /* what comes beyond that is not compared */
    QUIET_RUNS = 6,          /* of the daemon, in which nothing came: then nothing will */
    PATIENCE_RUNS = 1000000, /* of 1 ms or none: before it counts as hanging */
};

static struct shop {
    acta_disk *disk;
    acta_app *app;
    acta_gateway *gateway;
    bool is_open; /* offers are taken */
} shop;

/* -- the shop -- */

static acta_verdict
decide(const shop_Article *article, shop_Offer command, acta_decision *decision)
{
    (void)article;
    if (!shop.is_open)
        return acta_decision_reject(decision, 1, "closed", "%.*s %.*s %lld %d %.*s %u %d %u %u %u",
            ACTA_ARG(command.article_id), ACTA_ARG(command.group), (long long)command.price, command.is_new,
            ACTA_ARG(command.supplier), (unsigned)command.limit.value, command.size.value.width,
            (unsigned)command.parts.count, (unsigned)command.tags.count, (unsigned)command.picture.count);
    return shop_Offered_emit(
        decision, ACTA_INIT(shop_Offered, .article_id = command.article_id, .price = command.price));
}

static void
offered(shop_Article *article, shop_Offered event, acta_memory *memory)
{
    (void)memory;
    article->price = event.price;
}

static int64_t
wall_us(void *user)
{
    (void)user;
    return INT64_C(1767225600000000); /* 2026-01-01 */
}

static void
must(acta_status status, const acta_error *error)
{
    if (status == ACTA_OK) return;
    fprintf(stderr, "%s\n", error->text);
    abort();
}

static void
fill_log(void)
{
    acta_error error;

    shop.is_open = true;
    for (int i = 0; i < 3; i++)
        must(shop_Offer_dispatch(
                 shop.app, (shop_Offer){ .article_id = acta_str_of(i < 2 ? "pen" : "ink"), .price = i }, NULL, &error),
            &error);
    shop.is_open = false;
}

static void
close_shop(void)
{
    acta_gateway_stop(shop.gateway);
    acta_app_stop(shop.app, 60000, NULL);
    acta_disk_destroy(shop.disk);
}

static void
open_shop(void)
{
    static const shop_Article_aggregate article =
        SHOP_ARTICLE(.execute = { .Offer = decide }, .apply = { .Offered = offered });
    static const acta_aggregate *const aggregates[] = { &article.base, NULL };
    const acta_gateway_options options = { .body_bytes_max = BODY_MAX, .idle_timeout_s = 3600 },
                               outside = { .address = "127.0.0.1:80" };
    acta_environment environment = acta_environment_or_default(NULL);
    acta_error error;

    environment.clock.wall_us = wall_us; /* recorded_at is in answers */
    shop.disk = acta_disk_create(NULL);
    const acta_app_config config = { .schema = &shop_schema,
        .aggregates = aggregates,
        .store.engine = acta_memory_engine(shop.disk),
        .environment = &environment };
    must(acta_app_start(&config, &shop.app, &error), &error);
    fill_log();
    must(acta_gateway_start(shop.app, &options, &shop.gateway, &error), &error);
    acti_door *door = &shop.gateway->outer;
    must(acti_guard_fill(&door->guard, &outside, &error), &error);
    must(acti_door_open(
             door, MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_SUPPRESS_DATE_NO_CLOCK, -1, &options, &error),
        &error);
    atexit(close_shop);
}

/* -- a client -- */

typedef struct client {
    int fd;
    bool has_ended;
    char *answer;
    size_t size;
} client;

/* True: something came, or the end. */
static bool
take(client *c)
{
    ssize_t got = recv(c->fd, c->answer + c->size, ANSWER_MAX - c->size, 0);

    if (got > 0) c->size += (size_t)got;
    if (got == 0 || (got < 0 && errno != EAGAIN)) c->has_ended = true; /* also when there is no room for more */
    return got > 0 || c->has_ended;
}

static bool
has_requests(void)
{
    pthread_mutex_lock(&shop.gateway->lock);
    bool has = shop.gateway->open > 0;
    pthread_mutex_unlock(&shop.gateway->lock);
    return has;
}

/* Until all is read that was sent, and answered. `patience`: runs without anything. */
static void
run(client *c, int patience)
{
    int unread = 0;

    for (int quiet = 0, runs = 0; quiet < patience && !c->has_ended; runs++) {
        bool waits = has_requests();
        if (runs == PATIENCE_RUNS) abort();
        MHD_run_wait(shop.gateway->outer.daemon, waits);
        bool came = take(c);
        if (ioctl(c->fd, SIOCOUTQ, &unread) != 0) abort();
        quiet = waits || came || unread > 0 ? 0 : quiet + 1;
    }
}

static void
run_to_the_end(client *c)
{
    for (int runs = 0; !c->has_ended; runs++) {
        if (runs == PATIENCE_RUNS) abort();
        MHD_run_wait(shop.gateway->outer.daemon, 1);
        take(c);
    }
    close(c->fd);
    MHD_run_wait(shop.gateway->outer.daemon, 0);
}

static client
connect_client(char *answer)
{
    const struct sockaddr_un nobody = { .sun_family = AF_UNIX };
    client c = { .answer = answer };
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) abort();
    c.fd = pair[0];
    if (MHD_add_connection(shop.gateway->outer.daemon, pair[1], (const struct sockaddr *)&nobody, sizeof nobody) !=
        MHD_YES)
        abort();
    return c;
}

/* In pieces of 1 to `longest` bytes. */
static client
answered(const uint8_t *data, size_t size, uint32_t seed, size_t longest, char *answer)
{
    client c = connect_client(answer);

    for (int i = 0; size > 0 && !c.has_ended; i++) {
        seed = seed * 1664525 + 1013904223;
        size_t piece = longest < size && i < PIECES_MAX ? 1 + (seed >> 8) % longest : size;
        if (send(c.fd, data, piece, MSG_NOSIGNAL) != (ssize_t)piece) break; /* it was answered before its end */
        data += piece;
        size -= piece;
        run(&c, size > 0 ? 1 : QUIET_RUNS);
    }
    shutdown(c.fd, SHUT_WR);
    run_to_the_end(&c);
    return c;
}

/* -- what of an answer may be compared -- */

static bool
says(const uint8_t *data, size_t size, const char *word)
{
    const size_t length = strlen(word);

    for (size_t i = 0; i + length <= size; i++)
        if (strncasecmp((const char *)data + i, word, length) == 0) return true;
    return false;
}

/* Streams of events don't end, and what a timeout cuts off depends on the machine. */
static bool
is_fit(const uint8_t *data, size_t size)
{
    return !says(data, size, "event") && !says(data, size, "timeout");
}

/* What the program does right now is in it. */
static bool
changes(const uint8_t *data, size_t size)
{
    static const char *const paths[] = { "/metrics", "/actors", "/queues", "/tree", "/ready", "/health" };

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (says(data, size, paths[i])) return true;
    return false;
}

/* Who sends it in one piece, body and all, is not asked to go on. */
static void
leave_out_100(client *c)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    char *at;

    while ((at = memmem(c->answer, c->size, go_on, sizeof go_on - 1)) != NULL) {
        c->size -= sizeof go_on - 1;
        memmove(at, at + sizeof go_on - 1, c->size - (size_t)(at - c->answer));
    }
}

/* Of each answer its status. */
static void
leave_statuses(client *c)
{
    static const char line[] = "HTTP/1.1 ";
    char *to = c->answer, *from = c->answer, *end = c->answer + c->size;

    while ((from = memmem(from, (size_t)(end - from), line, sizeof line - 1)) != NULL && end - from >= 12) {
        memmove(to, from, 12);
        to += 12;
        from += 12;
    }
    c->size = (size_t)(to - c->answer);
}

static void
must_be_same(client *whole, client *pieces)
{
    if (whole->size == pieces->size && memcmp(whole->answer, pieces->answer, whole->size) == 0) return;
    fprintf(stderr, "-- in one piece:\n%.*s\n-- in pieces:\n%.*s\n", (int)whole->size, whole->answer, (int)pieces->size,
        pieces->answer);
    abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char answers[2][ANSWER_MAX];

    if (size < 3 || size > REQUEST_MAX || !is_fit(data + 2, size - 2)) return 0;
    if (shop.app == NULL) open_shop();
    client whole = answered(data + 2, size - 2, 0, SIZE_MAX, answers[0]),
           pieces = answered(data + 2, size - 2, data[0], data[1] + 1u, answers[1]);

    leave_out_100(&whole);
    leave_out_100(&pieces);
    if (changes(data + 2, size - 2)) {
        leave_statuses(&whole);
        leave_statuses(&pieces);
    }
    must_be_same(&whole, &pieces);
    return 0;
}
