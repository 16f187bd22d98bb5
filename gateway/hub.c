/*
 * Events to all who follow them, by one thread.
 *
 *     log --subscription--> ring: each event written out once --copied--> text of each client --> libmicrohttpd
 *                                                                            ^
 *     log --a subscription of his own, on another thread, until the ring has what comes next
 *
 * A client's connection is suspended while there is nothing for it. What is new goes to all of them at once, at most 20 times
 * a second, and only to those whose last text has been taken: who is slow has one text waiting and no more, and when the
 * ring has gone past him he is caught up from the store. Nothing is lost, and nobody waits for him.
 */
#include <signal.h>
#include <string.h>
#include <time.h>

#include "internal.h"

#define MS UINT64_C(1000000) /* ns */

enum {
    TICK_MS = 50, /* between two writes to one client */
    LOOK_MS = 250,
    CHUNK_EVENTS = 256,
    TURN_CHUNKS = 8,
    EVENT_BYTES_MAX = 64 * 1024, /* of one event's text: of a larger one the payload is left out */
};

uint64_t
acti_hub_now_ns(const acti_hub *hub)
{
    const acta_clock *clock = &hub->gateway->environment.clock;
    return clock->monotonic_ns(clock->user);
}

/* -- an event as text -- */

void
acti_event_text(acta_writer *text, acta_app *app, const acta_recorded *event, bool redacted, acta_memory *memory)
{
    size_t before = text->size;
    acti_json json = acti_json_into(text);

    acta_writer_format(text, "id: %llu\ndata: ", (unsigned long long)event->position);
    size_t begin = text->size;
    if (event->payload.size <= EVENT_BYTES_MAX) acti_json_event(&json, app, event, redacted, memory);
    if (text->size == begin || text->size - before > EVENT_BYTES_MAX) {
        text->size = begin;
        json = acti_json_into(text);
        acti_json_event_bare(&json, event, "it is too large for this; /streams/{name} has it");
    }
    acta_writer_add(text, acta_str_of("\n\n"));
    acta_memory_clear(memory);
}

/* -- the log -- */

static void
on_ready(void *user)
{
    acti_hub *hub = user;

    pthread_mutex_lock(&hub->lock);
    hub->has_events = true;
    pthread_mutex_unlock(&hub->lock);
    pthread_cond_signal(&hub->changed);
}

static void
close_feed(acti_feed *feed)
{
    if (feed->subscription == NULL) return;
    acta_subscription_close(feed->subscription);
    feed->subscription = NULL;
    acti_ring_close(&feed->ring);
}

static acta_status
open_feed(acti_hub *hub, acti_feed *feed, acta_error *error)
{
    const acta_subscription_config config = {
        .start = ACTA_START_CURRENT, .window = CHUNK_EVENTS, .ready = on_ready, .user = hub
    };
    acta_status status = acta_subscription_open(acta_app_store(hub->gateway->app), &config, &feed->subscription, error);
    if (status != ACTA_OK) {
        feed->subscription = NULL;
        return status;
    }
    if (acti_ring_open(&feed->ring, hub->allocator, acta_subscription_looked(feed->subscription))) return ACTA_OK;
    acta_subscription_close(feed->subscription);
    feed->subscription = NULL;
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the newest events");
}

static acta_status
add_chunk(acti_hub *hub, acti_feed *feed, const acta_chunk *chunk, acta_error *error)
{
    bool redacted = feed == &hub->feeds[1];

    for (uint32_t i = 0; i < acta_chunk_count(chunk); i++) {
        const acta_recorded *event = acta_chunk_at(chunk, i);
        hub->text.size = 0;
        acti_event_text(&hub->text, hub->gateway->app, event, redacted, hub->memory);
        if (hub->text.failed || !acti_ring_add(&feed->ring, event, acta_str_from(hub->text.data, hub->text.size))) {
            hub->text.failed = false;
            return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the newest events");
        }
    }
    return ACTA_OK;
}

/* What is new goes into the ring. `more_out`: there may be more at once. */
static acta_status
read_feed(acti_hub *hub, acti_feed *feed, bool *more_out, acta_error *error)
{
    acta_status status = feed->subscription == NULL ? open_feed(hub, feed, error) : ACTA_OK;
    bool more = true;

    for (uint32_t i = 0; status == ACTA_OK && more && i < TURN_CHUNKS; i++) {
        acta_chunk *chunk = NULL;
        status = acta_subscription_next(feed->subscription, CHUNK_EVENTS, &chunk, &more, error);
        if (status == ACTA_OK && chunk != NULL) {
            status = add_chunk(hub, feed, chunk, error);
            more = true;
        }
        acta_chunk_unref(chunk);
        uint64_t looked = acta_subscription_looked(feed->subscription);
        acta_subscription_ack_up_to(feed->subscription, looked);
        if (status == ACTA_OK) feed->ring.to = looked;
    }
    *more_out = *more_out || (status == ACTA_OK && more);
    return status;
}

/* False: it can't be read, and who follows it has to come again. */
static bool
turn_feed(acti_hub *hub, acti_feed *feed, bool *more_out)
{
    acta_error error;

    pthread_mutex_lock(&hub->lock);
    bool has_clients = feed->clients > 0;
    pthread_mutex_unlock(&hub->lock);
    if (has_clients && read_feed(hub, feed, more_out, &error) == ACTA_OK) return true;
    if (has_clients)
        acta_log_event(&hub->gateway->environment, ACTA_LOG_WARNING, "gateway.cannot_follow",
            ACTA_LOG_FIELDS(acta_log_text("error", acta_str_of(error.text))), "gateway: events can't be followed: %s",
            error.text);
    close_feed(feed);
    return false;
}

/* -- those who follow it -- */

static bool
may_still_look(const acti_stream *stream)
{
    acti_request *request = stream->request;
    const char *who;

    return acti_guard_access(&request->door->guard, acti_request_header(request, "Authorization"), &who) >=
           ACTA_GATEWAY_READ;
}

/* Something, so that both sides see that the other is there; the id is where it goes on after a break. */
static void
beat(acti_stream *stream)
{
    stream->is_over = !may_still_look(stream);
    if (!stream->is_over) acta_writer_format(&stream->out, "id: %llu\n\n", (unsigned long long)stream->passed);
}

static void
fill(acti_hub *hub, acti_stream *stream, bool is_readable, uint64_t now_ns)
{
    const acti_feed *feed = &hub->feeds[stream->options.redacted];

    if (!is_readable) {
        stream->is_over = true;
    } else if (stream->passed >= feed->ring.from) {
        acta_subscription_close(stream->subscription);
        stream->subscription = NULL;
        stream->goes_on = !acti_ring_copy(&feed->ring, &stream->options.filter, &stream->passed, &stream->out);
    }
    if (stream->out.size == 0 && now_ns >= stream->beat_ns) beat(stream);
    if (stream->out.failed) stream->is_over = true;
    if (stream->out.size == 0) return;
    stream->due_ns = now_ns + TICK_MS * MS;
    stream->beat_ns = now_ns + hub->beat_ms * MS;
}

/* True: it is somebody else's now. */
static bool
turn_stream(acti_hub *hub, acti_stream *stream, bool is_readable, uint64_t now_ns)
{
    const acti_feed *feed = &hub->feeds[stream->options.redacted];

    if (now_ns < stream->due_ns && !stream->goes_on) return false;
    fill(hub, stream, is_readable, now_ns);
    if (stream->out.size > 0 || stream->is_over) {
        acti_stream_resume(stream);
        return true;
    }
    return stream->passed < feed->ring.from && acti_pool_run(hub->catching_up, &stream->job);
}

/* -- the thread -- */

static void
turn(acti_hub *hub, acti_stream *streams, uint64_t now_ns, bool *more_out)
{
    const bool is_readable[2] = { turn_feed(hub, &hub->feeds[0], more_out), turn_feed(hub, &hub->feeds[1], more_out) };
    acti_stream *left = NULL;
    bool is_early = false;

    while (streams != NULL) {
        acti_stream *stream = streams;
        streams = stream->next;
        if (turn_stream(hub, stream, is_readable[stream->options.redacted], now_ns)) continue;
        is_early = is_early || now_ns < stream->due_ns;
        stream->next = left;
        left = stream;
    }
    pthread_mutex_lock(&hub->lock);
    while (left != NULL) {
        acti_stream *stream = left;
        left = stream->next;
        stream->next = hub->waiting;
        hub->waiting = stream;
    }
    hub->has_events = hub->has_events || is_early; /* there may be something for them at the next tick */
    pthread_mutex_unlock(&hub->lock);
}

/* Until there is something to do; false: it is the end. Under the lock. */
static bool
wait_for_work(acti_hub *hub, uint64_t tick_ns, bool more)
{
    uint64_t look_ns = acti_hub_now_ns(hub) + LOOK_MS * MS;

    while (!hub->stopping && !hub->is_wanted && !more) {
        uint64_t now_ns = acti_hub_now_ns(hub), until_ns = hub->has_events ? tick_ns : look_ns;
        struct timespec until;
        if (now_ns >= until_ns) break;
        if (hub->clients == 0 && !hub->has_events) {
            pthread_cond_wait(&hub->changed, &hub->lock);
            continue;
        }
        clock_gettime(CLOCK_MONOTONIC, &until);
        uint64_t ns = (uint64_t)until.tv_nsec + (until_ns - now_ns);
        until.tv_sec += (time_t)(ns / (1000 * MS));
        until.tv_nsec = (long)(ns % (1000 * MS));
        pthread_cond_clockwait(&hub->changed, &hub->lock, CLOCK_MONOTONIC, &until);
    }
    return !hub->stopping;
}

static void *
work(void *argument)
{
    acti_hub *hub = argument;
    uint64_t tick_ns = 0;
    bool more = false;

    pthread_mutex_lock(&hub->lock);
    while (wait_for_work(hub, tick_ns, more)) {
        acti_stream *streams = hub->waiting;
        hub->waiting = NULL;
        hub->has_events = hub->is_wanted = more = false;
        pthread_mutex_unlock(&hub->lock);
        uint64_t now_ns = acti_hub_now_ns(hub);
        tick_ns = now_ns + TICK_MS * MS; /* when those are due who are written to now: not a moment earlier */
        turn(hub, streams, now_ns, &more);
        pthread_mutex_lock(&hub->lock);
    }
    pthread_mutex_unlock(&hub->lock);
    return NULL;
}

bool
acti_hub_run(acti_hub *hub)
{
    if (hub->is_running) return true;
    if (hub->catching_up == NULL) hub->catching_up = acti_pool_create(hub->allocator, 1);
    if (hub->catching_up == NULL) return false;
    hub->is_running = acta_thread_start(&hub->thread, "acta-live", work, hub);
    return hub->is_running;
}

acti_hub *
acti_hub_create(acta_gateway *gateway, uint32_t clients_max, uint32_t idle_s)
{
    const acta_allocator *allocator = &gateway->environment.allocator;
    acti_hub *hub = allocator->alloc(allocator->user, sizeof *hub);
    if (hub == NULL) return NULL;

    memset(hub, 0, sizeof *hub);
    hub->gateway = gateway;
    hub->allocator = hub->text.allocator = allocator;
    hub->clients_max = clients_max;
    hub->beat_ms = idle_s * UINT64_C(500); /* before the other side could take the connection for dead */
    pthread_mutex_init(&hub->lock, NULL);
    pthread_cond_init(&hub->changed, NULL);
    hub->memory = acta_memory_create(allocator);
    hub->catch_up_memory = acta_memory_create(allocator);
    if (hub->memory != NULL && hub->catch_up_memory != NULL) return hub;
    acti_hub_destroy(hub);
    return NULL;
}

void
acti_hub_stop(acti_hub *hub)
{
    if (hub == NULL) return;
    pthread_mutex_lock(&hub->lock);
    bool was_running = hub->is_running;
    hub->stopping = true;
    hub->is_running = false;
    pthread_mutex_unlock(&hub->lock);
    pthread_cond_signal(&hub->changed);
    if (was_running) pthread_join(hub->thread, NULL);
    acti_pool_destroy(hub->catching_up); /* whom it had waits now, or has been resumed */
    hub->catching_up = NULL;
    pthread_mutex_lock(&hub->lock);
    acti_stream *stream = hub->waiting;
    hub->waiting = NULL;
    pthread_mutex_unlock(&hub->lock);
    while (stream != NULL) {
        acti_stream *next = stream->next;
        stream->is_over = true;
        acti_stream_resume(stream);
        stream = next;
    }
    close_feed(&hub->feeds[0]);
    close_feed(&hub->feeds[1]);
}

void
acti_hub_destroy(acti_hub *hub)
{
    if (hub == NULL) return;
    acta_memory_destroy(hub->memory);
    acta_memory_destroy(hub->catch_up_memory);
    acta_writer_clear(&hub->text);
    pthread_cond_destroy(&hub->changed);
    pthread_mutex_destroy(&hub->lock);
    hub->allocator->free(hub->allocator->user, hub, sizeof *hub);
}
