/*
 * GET /metrics: what there is to watch, as OpenMetrics 1.0. The one table below says what each is; docs/metrics.md is made
 * of it (tests/metrics.sh).
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "acta/counters.h"
#include "acta/operations.h"
#include "acta/stages.h"

#include "internal.h"

enum { BUCKET_STEP = 8 };

/* -- all of it, read once for each answer -- */

typedef struct reader_numbers {
    const char *name;
    acta_reader_state state;
    uint64_t passed, behind, in_flight, parked, retries, handled, rebuilt;
} reader_numbers;

typedef struct snapshot {
    uint64_t head, is_writable, event_clients, requests;
    acta_store_stats store;
    acta_compaction_info compaction;
    acta_runtime_stats runtime;
    acta_app_counters app;
    acta_span_counters trace;
    acta_stage_times stages[ACTA_STAGE_COUNT];
    reader_numbers *readers;
    uint32_t reader_count;
} snapshot;

typedef enum metric_type { GAUGE, COUNTER, HISTOGRAM, STATESET } metric_type;
typedef enum metric_of { APP, READER, STAGE, STATUS } metric_of; /* what its labels tell apart */

typedef struct metric {
    const char *name;
    metric_type type;
    const char *unit; /* which its name ends with; "" */
    metric_of of;
    size_t offset; /* of a uint64_t in a snapshot, or in a reader_numbers */
    const char *help;
} metric;

#define AT(member)      offsetof(snapshot, member)
#define STORE(member)   offsetof(snapshot, store.member)
#define ROOM(member)    offsetof(snapshot, compaction.member)
#define COUNTED(member) offsetof(snapshot, app.member)
#define TRACE(member)   offsetof(snapshot, trace.member)
#define ACTORS(member)  offsetof(snapshot, runtime.member)
#define OF(member)      offsetof(reader_numbers, member)

/* A line each, for tests/metrics.sh. Names stay what they are: somebody's alarms go by them. */
/* clang-format off */
static const metric metrics[] = {
    { "acta_store_head", GAUGE, "", APP, AT(head), "Position of the newest event that is on disk." },
    { "acta_store_writable", GAUGE, "", APP, AT(is_writable), "1: the store takes writes; 0: it does not, and the log says why." },
    { "acta_store_batches", COUNTER, "", APP, STORE(batches), "Batches that were committed." },
    { "acta_store_transactions", COUNTER, "", APP, STORE(transactions), "Transactions that were committed." },
    { "acta_store_events", COUNTER, "", APP, STORE(events), "Events that were committed." },
    { "acta_store_conflicts", COUNTER, "", APP, STORE(conflicts), "Transactions whose expected version or condition did not hold." },
    { "acta_store_refused", COUNTER, "", APP, STORE(refused), "Transactions that were not taken, for the queue was full." },
    { "acta_store_queued_bytes", GAUGE, "bytes", APP, STORE(queued_bytes), "Transactions that wait for the committer." },
    { "acta_store_syncs", COUNTER, "", APP, STORE(syncs), "Syncs of the log." },
    { "acta_store_mark_syncs", COUNTER, "", APP, STORE(mark_syncs), "Syncs of the high-water mark." },
    { "acta_store_tail_hits", COUNTER, "", APP, STORE(tail_hits), "Pieces that readers found in memory." },
    { "acta_store_tail_misses", COUNTER, "", APP, STORE(tail_misses), "Pieces that readers read from the engine." },
    { "acta_store_dead_bytes", GAUGE, "bytes", APP, ROOM(dead_bytes), "Deleted or limited events whose room the files still have." },
    { "acta_store_reclaimed_bytes", COUNTER, "bytes", APP, ROOM(reclaimed_bytes), "Room that compaction has given back." },
    { "acta_store_merged_bytes", COUNTER, "bytes", APP, ROOM(merged_bytes), "Small files of the log that were written anew as larger ones." },
    { "acta_store_compaction_failures", COUNTER, "", APP, ROOM(failures), "Compactions that failed and are tried again; the log says why." },
    { "acta_actors_alive", GAUGE, "", APP, ACTORS(alive), "Actors that there are." },
    { "acta_actors_spawned", COUNTER, "", APP, ACTORS(spawned), "Actors that were begun." },
    { "acta_actors_exited", COUNTER, "", APP, ACTORS(exited), "Actors that have ended." },
    { "acta_actors_crashed", COUNTER, "", APP, ACTORS(crashed), "Actors that failed." },
    { "acta_actors_restarted", COUNTER, "", APP, ACTORS(restarted), "Children that supervisors have restarted." },
    { "acta_actors_slow", COUNTER, "", APP, ACTORS(slow), "Handlers that were reported because they took too long." },
    { "acta_actors_lent", COUNTER, "", APP, ACTORS(lent), "Spare workers that were lent because a handler blocked." },
    { "acta_messages_sent", COUNTER, "", APP, ACTORS(sent), "Casts and requests that were put into a mailbox." },
    { "acta_messages_handled", COUNTER, "", APP, ACTORS(handled), "Messages that a handler has seen." },
    { "acta_messages_dropped", COUNTER, "", APP, ACTORS(dropped), "Messages destroyed unseen, for their actor was gone." },
    { "acta_messages_refused", COUNTER, "", APP, ACTORS(refused), "Messages that were not sent, for the mailbox was full." },
    { "acta_messages_shed", COUNTER, "", APP, ACTORS(shed), "Messages that a full mailbox let go." },
    { "acta_messages_noproc", COUNTER, "", APP, ACTORS(noproc), "Messages that were not sent, for nobody was there." },
    { "acta_messages_late", COUNTER, "", APP, ACTORS(late), "Replies that came after their timeout." },
    { "acta_messages_unhandled", COUNTER, "", APP, ACTORS(unhandled), "Messages that their actors did not know." },
    { "acta_offloads_begun", COUNTER, "", APP, ACTORS(offloaded), "Work begun on threads that may block." },
    { "acta_offloads_refused", COUNTER, "", APP, ACTORS(offloads_refused), "Work for those threads that was not taken." },
    { "acta_reader_state", STATESET, "", READER, OF(state), "What a handler, projection or process manager is at: catching_up, live, retrying, stalled, stopped, paused." },
    { "acta_reader_passed", GAUGE, "", READER, OF(passed), "Position that a reader is done with." },
    { "acta_reader_behind", GAUGE, "", READER, OF(behind), "Events between that and the end of the log." },
    { "acta_reader_in_flight", GAUGE, "", READER, OF(in_flight), "Events that a reader is at." },
    { "acta_reader_parked", GAUGE, "", READER, OF(parked), "Events that a reader has put aside." },
    { "acta_reader_retries", COUNTER, "", READER, OF(retries), "Attempts of a reader that failed." },
    { "acta_reader_events", COUNTER, "", READER, OF(handled), "Events that a reader was given, one for each key that it goes to, and again when it comes again." },
    { "acta_reader_rebuilt", GAUGE, "", READER, OF(rebuilt), "Position up to which rows are made anew; 0: they are not." },
    { "acta_commands_dispatched", COUNTER, "", APP, COUNTED(dispatched), "Commands that were dispatched, also those that were refused at once." },
    { "acta_commands_answered", COUNTER, "", STATUS, COUNTED(answered), "Commands by what their callers were told." },
    { "acta_commands_open", GAUGE, "", APP, COUNTED(commands_open), "Commands that are not answered yet." },
    { "acta_commands_repeated", COUNTER, "", APP, COUNTED(repeated), "Commands whose id was known." },
    { "acta_commands_conflicts", COUNTER, "", APP, COUNTED(conflicts), "Appends that failed since somebody else was first." },
    { "acta_commands_decided_again", COUNTER, "", APP, COUNTED(decided_again), "Commands that were decided again for that." },
    { "acta_aggregates_live", GAUGE, "", APP, COUNTED(aggregates_live), "Aggregates in memory." },
    { "acta_aggregates_started", COUNTER, "", APP, COUNTED(started), "Aggregates that came into memory." },
    { "acta_aggregates_passivated", COUNTER, "", APP, COUNTED(passivated), "Aggregates that left it by themselves." },
    { "acta_aggregates_reads", COUNTER, "", APP, COUNTED(reads), "States that were asked for." },
    { "acta_rehydrations", COUNTER, "", APP, COUNTED(rehydrations), "States that were made of their events." },
    { "acta_rehydrated_events", COUNTER, "", APP, COUNTED(rehydrated_events), "Events that were read for them, behind their snapshots." },
    { "acta_snapshots", COUNTER, "", APP, COUNTED(snapshots), "Snapshots that were submitted." },
    { "acta_manager_commands", COUNTER, "", APP, COUNTED(manager_commands), "Commands of process managers, each attempt." },
    { "acta_manager_retries", COUNTER, "", APP, COUNTED(manager_retries), "Those that failed and are made again later." },
    { "acta_manager_outboxes", GAUGE, "", APP, COUNTED(outboxes_open), "Instances of process managers that have commands to dispatch." },
    { "acta_schedule_commands", COUNTER, "", APP, COUNTED(schedule_commands), "Commands of the schedule, each attempt." },
    { "acta_command_seconds", HISTOGRAM, "seconds", STAGE, 0, "How long commands take, as a whole and by stage. Not each of them is timed: count is of those that were." },
    { "acta_spans_told", COUNTER, "", APP, TRACE(spans), "Spans that the sink of the application was told of; 0 where it has none." },
    { "acta_spans_sent", COUNTER, "", APP, TRACE(sent), "Those that it has sent, and that were taken." },
    { "acta_spans_dropped", COUNTER, "", APP, TRACE(dropped), "Those that it will never send: it had no room, or has given them up." },
    { "acta_spans_retries", COUNTER, "", APP, TRACE(retries), "Attempts to send spans that failed and were made again." },
    { "acta_gateway_requests", GAUGE, "", APP, AT(requests), "Requests over HTTP that wait for the disk, for actors or for readers." },
    { "acta_gateway_event_clients", GAUGE, "", APP, AT(event_clients), "Clients that follow events." },
};
/* clang-format on */

/* False: the request is refused. */
static bool
read_readers(acti_request *request, snapshot *s)
{
    const acta_reader_info *infos = acti_readers_list(request, &s->reader_count);
    if (infos == NULL) return false;

    s->readers = acta_memory_alloc(request->memory, s->reader_count * sizeof *s->readers);
    if (s->readers == NULL) {
        acti_problem_http(request, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for this request");
        return false;
    }
    for (uint32_t i = 0; i < s->reader_count; i++) {
        const acta_reader_info *info = &infos[i];
        s->readers[i] = (reader_numbers){ .name = info->name,
            .state = info->state,
            .passed = info->passed,
            .behind = info->head > info->passed ? info->head - info->passed : 0,
            .in_flight = info->in_flight,
            .parked = info->parked,
            .retries = info->retries,
            .handled = info->handled,
            .rebuilt = info->is_rebuilding ? info->rebuilt : 0 };
    }
    return true;
}

static void
read_all(acta_gateway *gateway, snapshot *s)
{
    acta_app *app = gateway->app;

    s->head = acta_store_head(acta_app_store(app));
    s->is_writable = acta_store_health(acta_app_store(app), NULL) == ACTA_OK;
    acta_store_stats_read(acta_app_store(app), &s->store);
    acta_store_compaction(acta_app_store(app), &s->compaction);
    acta_runtime_stats_read(acta_app_runtime(app), &s->runtime);
    acta_app_count(app, &s->app);
    acta_app_count_spans(app, &s->trace);
    acta_app_stages(app, s->stages);
    pthread_mutex_lock(&gateway->lock);
    s->requests = gateway->open;
    pthread_mutex_unlock(&gateway->lock);
    pthread_mutex_lock(&gateway->hub->lock);
    s->event_clients = gateway->hub->clients;
    pthread_mutex_unlock(&gateway->hub->lock);
}

/* -- as text -- */

void
acti_metrics_add_label(acta_writer *text, const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '\n')
            acta_writer_add(text, acta_str_of("\\n"));
        else if (*c == '"' || *c == '\\')
            acta_writer_format(text, "\\%c", *c);
        else
            acta_writer_add(text, acta_str_from(c, 1));
    }
}

static uint64_t
number_at(const void *from, size_t offset)
{
    uint64_t number;

    memcpy(&number, (const char *)from + offset, sizeof number);
    return number;
}

static void
add_sample(acta_writer *text, const metric *m, const reader_numbers *reader, uint64_t number)
{
    acta_writer_format(text, "%s%s", m->name, m->type == COUNTER ? "_total" : "");
    if (reader != NULL) {
        acta_writer_add(text, acta_str_of("{reader=\""));
        acti_metrics_add_label(text, reader->name);
        acta_writer_add(text, acta_str_of("\"}"));
    }
    acta_writer_format(text, " %" PRIu64 "\n", number);
}

static void
add_states(acta_writer *text, const metric *m, const reader_numbers *reader)
{
    for (acta_reader_state state = ACTA_READER_CATCHING_UP; state <= ACTA_READER_PAUSED; state++) {
        acta_writer_format(text, "%s{reader=\"", m->name);
        acti_metrics_add_label(text, reader->name);
        acta_writer_format(text, "\",%s=\"%s\"} %d\n", m->name, acti_reader_state_name(state), state == reader->state);
    }
}

/* Of eight buckets one: the bounds double. */
static void
add_stage(acta_writer *text, const metric *m, acta_stage stage, const acta_stage_times *times)
{
    const char *name = acta_stage_name(stage);
    uint64_t count = 0;

    for (uint32_t i = 0; i < ACTA_STAGE_BUCKETS; i++) {
        count += times->buckets[i];
        if (i % BUCKET_STEP != BUCKET_STEP - 1 || i + 1 == ACTA_STAGE_BUCKETS) continue;
        uint64_t ns = acta_stage_bucket_ns(i);
        acta_writer_format(text, "%s_bucket{stage=\"%s\",le=\"%" PRIu64 ".%09" PRIu64 "\"} %" PRIu64 "\n", m->name,
            name, ns / 1000000000, ns % 1000000000, count);
    }
    acta_writer_format(text, "%s_bucket{stage=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", m->name, name, count);
    acta_writer_format(text, "%s_count{stage=\"%s\"} %" PRIu64 "\n", m->name, name, count);
    acta_writer_format(text, "%s_sum{stage=\"%s\"} %" PRIu64 ".%09" PRIu64 "\n", m->name, name,
        times->sum_ns / 1000000000, times->sum_ns % 1000000000);
}

static void
add_statuses(acta_writer *text, const metric *m, const uint64_t counts[ACTA_COUNTED_STATUSES])
{
    for (uint32_t i = 0; i < ACTA_COUNTED_STATUSES; i++) {
        char name[64];
        acti_status_spell((acta_status)i, name, sizeof name);
        acta_writer_format(text, "%s_total{status=\"%s\"} %" PRIu64 "\n", m->name, name, counts[i]);
    }
}

static void
add_metric(acta_writer *text, const metric *m, const snapshot *s)
{
    static const char *const types[] = {
        [GAUGE] = "gauge", [COUNTER] = "counter", [HISTOGRAM] = "histogram", [STATESET] = "stateset"
    };

    acta_writer_format(text, "# TYPE %s %s\n", m->name, types[m->type]);
    if (m->unit[0] != '\0') acta_writer_format(text, "# UNIT %s %s\n", m->name, m->unit);
    acta_writer_format(text, "# HELP %s %s\n", m->name, m->help);
    if (m->of == APP) add_sample(text, m, NULL, number_at(s, m->offset));
    for (uint32_t i = 0; m->of == READER && i < s->reader_count; i++) {
        if (m->type == STATESET)
            add_states(text, m, &s->readers[i]);
        else
            add_sample(text, m, &s->readers[i], number_at(&s->readers[i], m->offset));
    }
    if (m->of == STATUS) add_statuses(text, m, s->app.answered);
    for (acta_stage stage = 0; m->of == STAGE && stage < ACTA_STAGE_COUNT; stage++)
        add_stage(text, m, stage, &s->stages[stage]);
}

void
acti_get_metrics(acti_request *request)
{
    snapshot *s = acta_memory_alloc(request->memory, sizeof *s);

    if (s == NULL) {
        acti_problem_http(request, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for this request");
        return;
    }
    if (!read_readers(request, s)) return;
    read_all(request->gateway, s);
    request->type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        add_metric(&request->text, &metrics[i], s);
    acta_writer_add(&request->text, acta_str_of("# EOF\n"));
}
