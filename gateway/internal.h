/*
 * The gateway from inside.
 *
 *     gateway.c   start, stop; the listening sockets, libmicrohttpd     attach.c   the process's environment
 *     request.c   one request from its first line to its answer         routes.c   which path is whose
 *     access.c    who may do what; Host                                 pool.c     threads for what waits for the disk
 *     text.c      JSON                                                  problem.c  answers that are errors
 *     hub.c       events to all who follow them: one thread      ring.c      the newest events, written out once
 *     follow.c    one who follows events                         events.c    what he asks for
 *     deadlines.c until when a request must be whole, or an answer taken
 *     span.c      a request's span
 *     the rest    a file for each kind of path: commands.c, aggregates.c, events.c, ...
 *
 * libmicrohttpd has one thread for each listening socket. It reads requests and sends answers, and runs what can't wait.
 * Other requests are suspended there: those that the pool works on, and commands, which are answered when their events
 * are on disk.
 */
#ifndef GATEWAY_INTERNAL_H
#define GATEWAY_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "acta/gateway.h"
#include "acta/subscription.h"
#include "acta/thread.h"
#include "acta/time_travel.h"
#include "acta/writer.h"
#include "acta/span.h"

/* -- text.c -- */

/* JSON into a text: commas come by themselves. Up to 63 levels. */
typedef struct acti_json {
    acta_writer *text;
    uint64_t has_member; /* a bit a level */
    uint32_t depth;
} acti_json;

acti_json acti_json_into(acta_writer *text);
/* `key` NULL: an element of an array, or the whole. */
void acti_json_open(acti_json *json, const char *key, char bracket); /* '{' or '[' */
void acti_json_close(acti_json *json, char bracket);                 /* '}' or ']' */
void acti_json_string(acti_json *json, const char *key, acta_str value);
void acti_json_text(acti_json *json, const char *key, const char *value); /* NULL: null */
void acti_json_number(acti_json *json, const char *key, uint64_t value);
void acti_json_signed(acti_json *json, const char *key, int64_t value);
void acti_json_real(acti_json *json, const char *key, double value);
void acti_json_bool(acti_json *json, const char *key, bool value);
void acti_json_pid(acti_json *json, const char *key, acta_pid pid);      /* a string; none: null */
void acti_json_id(acti_json *json, const char *key, acta_id id);         /* none: left out */
void acti_json_time(acti_json *json, const char *key, int64_t at_us);    /* "2026-11-21T10:30:00.000000Z"; 0: null */
void acti_json_raw(acti_json *json, const char *key, acta_str finished); /* JSON already */

/* -- pool.c -- */

typedef struct acti_pool acti_pool;
typedef struct acti_job {
    struct acti_job *next;
    void (*run)(struct acti_job *job);
} acti_job;

acti_pool *acti_pool_create(const acta_allocator *allocator, uint32_t threads); /* NULL: no memory, or no threads */
/* False: so many wait that this one would wait too long. */
bool acti_pool_run(acti_pool *pool, acti_job *job);
void acti_pool_destroy(acti_pool *pool); /* does what waits first. Takes NULL */

/* -- access.c -- */

typedef struct acti_token {
    char name[64];
    uint8_t digest[32];
    acta_gateway_access access;
    int64_t until_us;
} acti_token;

typedef struct acti_guard { /* who may come in at one listening socket */
    acti_token *tokens;
    uint32_t token_count;
    char (*hosts)[256]; /* without ports, lower case; NULL: Host is not looked at */
    uint32_t host_count;
    size_t tokens_size, hosts_size; /* as they were allocated */
    acta_gateway_access without_token;
    const acta_environment *environment;
} acti_guard;

acta_status acti_guard_fill(acti_guard *guard, const acta_gateway_options *options, acta_error *error);
void acti_guard_clear(acti_guard *guard);
/* `authorization` NULL: there is none. `name_out` gets whose token it is, or "". NOTHING: no token of ours, or expired. */
acta_gateway_access acti_guard_access(const acti_guard *guard, const char *authorization, const char **name_out);
/* Two digests. The same time whatever they are: all bytes of both are read. */
bool acti_guard_is_same(const uint8_t a[32], const uint8_t b[32]);
bool acti_guard_knows_host(const acti_guard *guard, const char *host); /* NULL: no header */

/* -- request.c -- */

typedef struct acti_request acti_request;
typedef struct acti_route acti_route;
typedef struct acti_door acti_door;

enum { PART_COUNT_MAX = 4, HEADER_COUNT_MAX = 4 };

typedef struct acti_parameter { /* of the query */
    struct acti_parameter *next;
    const char *name;
    char *value; /* decoded */
} acti_parameter;

typedef struct acti_header {
    const char *name;
    char value[128];
} acti_header;

struct acti_request {
    acti_job job; /* when the pool has it */
    acta_gateway *gateway;
    acti_door *door;
    struct MHD_Connection *connection;
    const acti_route *route; /* NULL: refused already */
    const char *who;         /* whose token it came with; "" */
    acta_gateway_access access;
    acta_str parts[PART_COUNT_MAX]; /* of the path, decoded; data NULL: there are no more */
    acti_parameter *parameters;     /* in their order */
    acta_writer body;
    acta_memory *memory; /* for the time of the request */
    uint64_t taken;      /* bytes of the body, also those that were dropped because it was too large */
    bool is_suspended;
    _Atomic bool is_done;
    bool is_traced;           /* it has a span: span.c */
    const acti_route *traced; /* … by this name, whatever becomes of `route` */
    acta_span span;
    acta_str trace_state;       /* … with the tracestate that came */
    struct acti_stream *stream; /* of one that goes on: hub.c. NULL: it ends with its answer */

    /* The answer. */
    unsigned status;
    const char *type; /* of its content */
    acta_writer text;
    acti_header headers[HEADER_COUNT_MAX];
    uint32_t header_count;
};

/* A value of the query, decoded; the first of this name. It lives as long as the request, and is the caller's to cut into pieces.
 * NULL: it isn't there. */
char *acti_query(acti_request *request, const char *name);
/* A number of the query. False: it is there and no number from `least` to `most`, and the request is refused with that. */
bool acti_query_number(acti_request *request, const char *name, uint64_t least, uint64_t most, uint64_t *value);
const char *acti_request_header(acti_request *request, const char *name);

void acti_answer_header(acti_request *request, const char *name, const char *format, ...) ACTA_PRINTF(3, 4);
/* The answer is there: for requests that went aside (route way ASIDE, or ASYNC). Any thread; the request is libmicrohttpd's
 * again. */
void acti_request_done(acti_request *request);

/* What libmicrohttpd calls; `user` is the door. */
enum MHD_Result acti_request_go_on(void *user, struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *data, size_t *data_size, void **request_out);
void acti_request_ended(
    void *user, struct MHD_Connection *connection, void **request_out, enum MHD_RequestTerminationCode why);
void acti_connection_changed(
    void *user, struct MHD_Connection *connection, void **waiting, enum MHD_ConnectionNotificationCode what);
size_t acti_request_unescape(void *user, struct MHD_Connection *connection, char *text);

/* -- span.c -- */

/* Where the request is in a trace: below the one that its header names, or where it begins one. False: nobody's, or it is no
 * traceparent. */
bool acti_request_trace(acti_request *request, acta_traceparent *trace_out);
/* The tracestate that came with it, in `room` of ACTA_TRACESTATE_MAX bytes; absent: none. */
acta_str acti_request_tracestate(acti_request *request, char *room);
void acti_request_trace_begin(acti_request *request); /* its route is known */
void acti_request_trace_end(acti_request *request);

/* -- problem.c: RFC 9457 -- */

/* "ACTA_COMMAND_ID_REUSED" to "command_id_reused". */
void acti_status_spell(acta_status status, char *name, size_t size);
/* What a status is as one of HTTP. */
unsigned acti_http_status(acta_status status);
/* An answer out of an error: {"type", "title", "status", "detail", "code", "field", ...}. */
void acti_problem(acti_request *request, const acta_error *error);
void acti_problem_as(acti_request *request, unsigned status, const acta_error *error);
/* 400, and which field of the query or header it is about. */
void acti_problem_field(acti_request *request, const char *field, const char *format, ...) ACTA_PRINTF(3, 4);
/* One of HTTP's own. */
void acti_problem_http(acti_request *request, unsigned status, const char *format, ...) ACTA_PRINTF(3, 4);

/* -- routes.c -- */

typedef enum acti_way {
    WAY_AT_ONCE, /* can't wait: on libmicrohttpd's thread */
    WAY_ASIDE,   /* on a thread of the pool */
    WAY_LONG,    /* takes as long as it takes: on the one thread for such */
    WAY_ASYNC    /* begins on libmicrohttpd's thread, and calls acti_request_done later, or before it returns */
} acti_way;

struct acti_route {
    const char *method;
    const char *pattern; /* "/aggregates/{type}/{id}": each brace is a part */
    acta_gateway_access access;
    acti_way way;
    void (*run)(acti_request *request);
    const char *summary; /* for /openapi.json, as what follows: */
    const char *query;   /* its parameters, with spaces between; "count#" is a number, "show_redacted?" has no value */
    const char *type;    /* of its content; NULL: JSON */
    const char *answer;  /* its shape in openapi_answers.c; NULL: text, or the schema of the application types it */
};

extern const acti_route acti_http_routes[];
extern const uint32_t acti_http_route_count;

/* The route of a path, its parts put into `parts`. NULL: there is none; `allowed_out` then lists the methods that the path
 * has, "" when it has none. */
const acti_route *acti_http_route_find(
    const char *method, acta_str path, acta_str parts[PART_COUNT_MAX], char *allowed_out, size_t allowed_size);

/* -- what several of them read (aggregates.c); false, NULL: the request has been refused -- */

/* What strptime has read: the 30th of February is none, which timegm takes for one in March. */
bool acti_is_a_day(struct tm day);
/* ?at=17, ?at=position:4711, ?at=2026-11-21T10:30:00Z; not there: the end. */
bool acti_query_point(acti_request *request, const char *name, acta_point *point_out);
const acta_table *acti_find_table(acti_request *request, acta_str name, acta_table_role role, const char *what);

/* -- openapi_answers.c -- */

#define ACTI_SHAPE "acta." /* before the names of its components, so that they are none of the application's */

void acti_openapi_shapes(acti_json *json); /* all of them, as members of an object */
/* "$ref" of a component; `key` NULL: into the object that is open. */
void acti_json_ref(acti_json *json, const char *key, const char *component);
void acti_json_shape(acti_json *json, const char *shape); /* of one of these components, into the object that is open */

void acti_get_openapi(acti_request *request);
void acti_get_health(acti_request *request);
void acti_get_ready(acti_request *request);
void acti_post_command(acti_request *request);
void acti_get_aggregate(acti_request *request);
void acti_get_aggregate_diff(acti_request *request);
void acti_get_aggregate_why(acti_request *request);
void acti_get_streams(acti_request *request);
void acti_get_stream(acti_request *request);
void acti_get_events(acti_request *request);
/* GET /streams/{name} by who would follow it: Accept: text/event-stream. */
bool acti_wants_events(acti_request *request);
void acti_get_handlers(acti_request *request);
void acti_json_readers(acti_json *json, const acta_reader_info *infos, uint32_t count); /* "handlers" */
const char *acti_reader_state_name(acta_reader_state state);                            /* "catching_up", ... */
/* All readers of the application, in the request's memory. NULL: there is no memory, and the request is refused. */
const acta_reader_info *acti_readers_list(acti_request *request, uint32_t *count_out);
void acti_get_metrics(acti_request *request);
void acti_metrics_add_label(acta_writer *text, const char *value); /* a label's value, without its quotes */
void acti_get_parked(acti_request *request);
void acti_post_handler(acti_request *request);
void acti_post_rebuild(acti_request *request);
void acti_get_read_models(acti_request *request);
void acti_get_read_model(acti_request *request);
void acti_get_sagas(acti_request *request);
void acti_get_schedule(acti_request *request);
void acti_get_tree(acti_request *request);
void acti_get_actors(acti_request *request);
void acti_get_queues(acti_request *request);

/* An event as an object (streams.c); `memory` is the caller's, for what is made on the way. */
void acti_json_event(acti_json *json, acta_app *app, const acta_recorded *event, bool redacted, acta_memory *memory);
/* The same without its payload, which is null because of `why`. */
void acti_json_event_bare(acti_json *json, const acta_recorded *event, const char *why);

/* -- ring.c -- */

typedef struct acti_stream_options {
    acta_subscription_filter filter; /* as long as the request */
    uint64_t after;                  /* begin behind this position */
    bool redacted;
} acti_stream_options;

enum { STREAM_BYTES_MAX = 64 * 1024 }; /* of text that waits for one client: no more is added beyond that */

typedef struct acti_entry acti_entry;

typedef struct acti_ring {
    const acta_allocator *allocator;
    acti_entry **entries;
    uint32_t first, count;
    size_t bytes;
    uint64_t from, to;
} acti_ring;

/* Empty, from a position of the log on. False: no memory. */
bool acti_ring_open(acti_ring *ring, const acta_allocator *allocator, uint64_t position);
void acti_ring_close(acti_ring *ring);
/* The next event and its text. False: no memory. */
bool acti_ring_add(acti_ring *ring, const acta_recorded *event, acta_str text);
/* What is wanted behind `*passed`, which must not be before ring->from, into a text. False: it is full, and there may be more. */
bool acti_ring_copy(const acti_ring *ring, const acta_subscription_filter *filter, uint64_t *passed, acta_writer *text);

/* -- hub.c: events to all who follow them; follow.c: one who does -- */

/*
 * Whose a stream is: libmicrohttpd's thread's while its connection is not suspended, the hub's thread's while it is in the
 * list `waiting`, the catching-up thread's while it is a job there. It is handed on under the hub's lock, or by resuming.
 */
typedef struct acti_stream {
    acti_job job;
    acti_request *request;
    struct acti_stream *next; /* in `waiting` */
    acti_stream_options options;
    uint64_t passed;                 /* all up to it has been written, or isn't wanted */
    acta_subscription *subscription; /* while it is caught up */
    acta_writer out;                 /* what libmicrohttpd has not taken yet, behind `sent` */
    size_t sent;
    uint64_t due_ns, beat_ns; /* not before, and not after that is it written to */
    bool goes_on;             /* there is more where its last text came from: it is not made to wait */
    bool is_over;
} acti_stream;

typedef struct acti_feed {           /* the log as those follow it who see the same of it */
    acta_subscription *subscription; /* NULL: nobody does */
    acti_ring ring;
    uint32_t clients; /* under the hub's lock */
} acti_feed;

typedef struct acti_hub {
    acta_gateway *gateway;
    const acta_allocator *allocator;
    uint32_t clients_max;
    uint64_t beat_ms;
    acti_pool
        *catching_up; /* one thread, so that who reads the past doesn't hold up others; NULL before the first client */
    acta_memory *memory, *catch_up_memory; /* for one event, of the hub's thread and of that one */
    acta_writer text;
    acti_feed feeds[2]; /* whole, redacted */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    acti_stream *waiting;
    uint32_t clients;
    bool has_events; /* the log may have more */
    bool is_wanted;  /* somebody is not to be made to wait */
    bool is_running, stopping;
    pthread_t thread;
} acti_hub;

/* `idle_s`: how long a connection may say nothing. NULL: no memory. */
acti_hub *acti_hub_create(acta_gateway *gateway, uint32_t clients_max, uint32_t idle_s);
/* Begins with the first client. False: no threads. Under the lock. */
bool acti_hub_run(acti_hub *hub);
/* Ends all streams, whose connections are libmicrohttpd's again. Takes NULL, as destroy does. */
void acti_hub_stop(acti_hub *hub);
void acti_hub_destroy(acti_hub *hub); /* after libmicrohttpd has stopped */
uint64_t acti_hub_now_ns(const acti_hub *hub);

/* "id: 17\ndata: {...}\n\n" */
void acti_event_text(acta_writer *text, acta_app *app, const acta_recorded *event, bool redacted, acta_memory *memory);

/* The request's answer is a stream of events. False: there are too many, or no memory; it is refused. */
bool acti_stream_open(acti_request *request, const acti_stream_options *options);
struct MHD_Response *acti_stream_response(acti_stream *stream);
void acti_stream_close(acti_stream *stream); /* its request ends. Takes NULL */
void acti_stream_catch_up(acti_job *job); /* some of the past, from the store; then it is libmicrohttpd's, or waits */
void acti_stream_resume(acti_stream *stream);
void acti_stream_wait(acti_stream *stream); /* to be looked at by the hub. Under its lock */

/* -- deadlines.c: until when the next request of a connection must be whole, or its answer taken. Any thread -- */

typedef struct acti_deadlines acti_deadlines;
typedef struct acti_waiting acti_waiting; /* a connection */

acti_deadlines *acti_deadlines_create(acta_gateway *gateway, uint32_t idle_s); /* NULL: no memory, or no threads */
void acti_deadlines_destroy(acti_deadlines *deadlines);               /* takes NULL, as all of these do for w */
acti_waiting *acti_deadline_begin(acti_deadlines *deadlines, int fd); /* NULL: no memory, and no deadline */
/* From now on for the next request, or for an answer of so many bytes. */
void acti_deadline_set(acti_deadlines *deadlines, acti_waiting *w, size_t answer_size);
void acti_deadline_clear(acti_deadlines *deadlines, acti_waiting *w); /* its request is whole */
void acti_deadline_end(acti_deadlines *deadlines, acti_waiting *w);   /* before the socket is closed */

/* -- gateway.c -- */

struct acti_door { /* a listening socket */
    acta_gateway *gateway;
    struct MHD_Daemon *daemon;
    acti_guard guard;
    bool is_tls;
};

struct acta_gateway {
    acta_app *app;
    acta_environment environment;
    acti_pool *pool, *long_pool;
    struct acti_hub *hub;
    acti_deadlines *deadlines;
    acti_door inner, outer; /* unix socket, TCP; daemon NULL: it has none */
    char *socket_path;
    char *certificate, *key; /* PEM */
    uint16_t port;
    uint32_t body_bytes_max;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t all_done;
    uint64_t open;   /* requests that went aside, and are not through */
    int64_t leaving; /* through, and their answers not gone yet; below zero for a moment when one is quick */
    bool stopping;
};

/* Serve what comes to a socket that listens, which is the door's from here on; -1: only connections that are handed to the daemon.
 * `driven` are libmicrohttpd's flags for who drives it: a thread of its own, or the caller. ACTA_IO. */
acta_status acti_door_open(
    acti_door *door, unsigned driven, int fd, const acta_gateway_options *options, acta_error *error);

/* A request goes aside: false when the gateway stops. Through: after its connection was resumed. */
bool acti_request_begins(acta_gateway *gateway);
void acti_request_through(acta_gateway *gateway); /* it is answered */
void acti_request_left(acta_gateway *gateway);    /* and its answer has gone, or the client has */

/* -- listen.c: sockets that listen. ACTA_IN_USE, ACTA_INVALID, ACTA_IO -- */

acta_status acti_listen_unix(const char *path, int *fd_out, acta_error *error);
acta_status acti_listen_tcp(const char *address, int *fd_out, uint16_t *port_out, acta_error *error);

#endif
