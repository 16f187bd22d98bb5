/*
 * One who follows events: what libmicrohttpd takes from him, and what the store has for him while he is behind.
 */
#include <string.h>

#include "internal.h"

enum {
    SLICE_EVENTS = 16, /* read from the store at once, so that not much more than STREAM_BYTES_MAX is kept */
    SLICES_MAX = 64,   /* before it is another one's turn */
    KEEP_BYTES = 4096  /* of a text that was taken */
};

/* -- libmicrohttpd's side -- */

void
acti_stream_wait(acti_stream *stream)
{
    acti_hub *hub = stream->request->gateway->hub;

    stream->next = hub->waiting;
    hub->waiting = stream;
    hub->is_wanted = hub->is_wanted || stream->goes_on;
    pthread_cond_signal(&hub->changed);
}

void
acti_stream_resume(acti_stream *stream)
{
    MHD_resume_connection(stream->request->connection);
}

/* All has been taken: its connection sleeps until there is more. */
static ssize_t
suspend(acti_stream *stream)
{
    acti_hub *hub = stream->request->gateway->hub;

    if (stream->out.room > KEEP_BYTES) acta_writer_clear(&stream->out);
    stream->out.size = stream->sent = 0;
    pthread_mutex_lock(&hub->lock);
    bool is_over = stream->is_over || hub->stopping;
    if (!is_over) {
        MHD_suspend_connection(stream->request->connection); /* under the lock: before anybody can resume it */
        acti_stream_wait(stream);
    }
    pthread_mutex_unlock(&hub->lock);
    return is_over ? MHD_CONTENT_READER_END_OF_STREAM : 0;
}

static ssize_t
take(void *user, uint64_t position, char *to, size_t room)
{
    acti_stream *stream = user;
    size_t size = stream->out.size - stream->sent;

    (void)position;
    if (stream->out.failed) return MHD_CONTENT_READER_END_WITH_ERROR;
    if (size == 0) return suspend(stream);
    if (size > room) size = room;
    memcpy(to, stream->out.data + stream->sent, size);
    stream->sent += size;
    return (ssize_t)size;
}

struct MHD_Response *
acti_stream_response(acti_stream *stream)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BYTES_MAX, take, stream, NULL);
}

/* -- life -- */

bool
acti_stream_open(acti_request *request, const acti_stream_options *options)
{
    acti_hub *hub = request->gateway->hub;
    acti_stream *stream = hub->allocator->alloc(hub->allocator->user, sizeof *stream);

    if (stream != NULL) {
        *stream = (acti_stream){ .job = { .run = acti_stream_catch_up },
            .request = request,
            .options = *options,
            .passed = options->after,
            .out = { .allocator = hub->allocator },
            .goes_on = true };
        acta_writer_add(&stream->out, acta_str_of("retry: 1000\n\n"));
    }
    pthread_mutex_lock(&hub->lock);
    bool may = stream != NULL && hub->clients < hub->clients_max && !hub->stopping && acti_hub_run(hub);
    hub->clients += may;
    hub->feeds[options->redacted].clients += may;
    pthread_mutex_unlock(&hub->lock);
    if (may) {
        request->stream = stream;
        return true;
    }
    if (stream != NULL) {
        acta_writer_clear(&stream->out);
        hub->allocator->free(hub->allocator->user, stream, sizeof *stream);
    }
    acti_problem_http(
        request, MHD_HTTP_SERVICE_UNAVAILABLE, "%u follow events already, and no more may", hub->clients_max);
    acti_answer_header(request, "Retry-After", "5");
    return false;
}

void
acti_stream_close(acti_stream *stream)
{
    if (stream == NULL) return;
    acti_hub *hub = stream->request->gateway->hub;

    pthread_mutex_lock(&hub->lock);
    hub->clients--;
    bool is_last = --hub->feeds[stream->options.redacted].clients == 0;
    hub->has_events = hub->has_events || is_last; /* what nobody follows any more is closed */
    pthread_mutex_unlock(&hub->lock);
    if (is_last) pthread_cond_signal(&hub->changed);
    acta_subscription_close(stream->subscription);
    acta_writer_clear(&stream->out);
    hub->allocator->free(hub->allocator->user, stream, sizeof *stream);
}

/* -- catching up -- */

static acta_status
open_past(acti_stream *stream, acta_store *store, acta_error *error)
{
    const acta_subscription_config config = { .start = ACTA_START_POSITION,
        .position = stream->passed,
        .filter = stream->options.filter,
        .window = SLICE_EVENTS };

    if (stream->subscription != NULL) return ACTA_OK;
    acta_status status = acta_subscription_open(store, &config, &stream->subscription, error);
    if (status != ACTA_OK) stream->subscription = NULL;
    return status;
}

static acta_status
add_slice(acti_stream *stream, bool *more_out, acta_error *error)
{
    const acti_hub *hub = stream->request->gateway->hub;
    acta_chunk *chunk = NULL;

    acta_status status = acta_subscription_next(stream->subscription, SLICE_EVENTS, &chunk, more_out, error);
    if (status != ACTA_OK) return status;
    for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++)
        acti_event_text(
            &stream->out, hub->gateway->app, acta_chunk_at(chunk, i), stream->options.redacted, hub->catch_up_memory);
    *more_out = *more_out || chunk != NULL;
    acta_chunk_unref(chunk);
    stream->passed = acta_subscription_looked(stream->subscription);
    return acta_subscription_ack_up_to(stream->subscription, stream->passed);
}

void
acti_stream_catch_up(acti_job *job)
{
    acti_stream *stream = (acti_stream *)job;
    acti_hub *hub = stream->request->gateway->hub;
    uint64_t before = stream->passed;
    bool more = true;
    acta_error error;

    acta_status status = open_past(stream, acta_app_store(hub->gateway->app), &error);
    for (uint32_t i = 0; status == ACTA_OK && more && i < SLICES_MAX && stream->out.size < STREAM_BYTES_MAX; i++)
        status = add_slice(stream, &more, &error);
    if (status != ACTA_OK) {
        acta_log_event(&hub->gateway->environment, ACTA_LOG_WARNING, "gateway.cannot_follow",
            ACTA_LOG_FIELDS(acta_log_text("error", acta_str_of(error.text))), "gateway: events can't be followed: %s",
            error.text);
        stream->is_over = true;
    }
    stream->goes_on = stream->passed != before; /* or it is looked at again in a while */
    if (stream->out.size > 0 || stream->is_over) {
        acti_stream_resume(stream);
        return;
    }
    pthread_mutex_lock(&hub->lock);
    acti_stream_wait(stream);
    pthread_mutex_unlock(&hub->lock);
}
