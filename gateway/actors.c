/*
 * GET /actors: all actors, a page at a time. GET /queues: what waits: the longest mailboxes, the committer, the readers.
 *
 * Actors are looked at (acta/actors.h), not asked: one that is stuck is told as any other.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "acta/actors.h"

#include "internal.h"

enum { COUNT_DEFAULT = 100, LONGEST_DEFAULT = 20, COUNT_MAX = 1000, PIECE = 64 };

static void
add_actor(acti_json *json, const acta_actor_info *info)
{
    static const char *const states[] = { [ACTA_ACTOR_WAITING] = "waiting",
        [ACTA_ACTOR_READY] = "ready",
        [ACTA_ACTOR_RUNNING] = "running",
        [ACTA_ACTOR_SUSPENDED] = "suspended" };

    acti_json_open(json, NULL, '{');
    acti_json_pid(json, "pid", info->pid);
    acti_json_text(json, "name", info->name[0] != '\0' ? info->name : NULL);
    acti_json_text(json, "behaviour", info->behaviour);
    acti_json_bool(json, "is_supervisor", info->is_supervisor);
    acti_json_text(json, "state", states[info->state]);
    acti_json_number(json, "queued", info->queued_count);
    acti_json_number(json, "queued_peak", info->queued_peak);
    acti_json_number(json, "queued_max", info->queued_max);
    acti_json_number(json, "queued_bytes", info->queued_bytes);
    acti_json_number(json, "handled", info->handled);
    acti_json_close(json, '}');
}

/* -- /actors -- */

static uint64_t
add_page(acti_request *request, acti_json *json, uint64_t cursor, uint64_t count)
{
    acta_runtime *runtime = acta_app_runtime(request->gateway->app);
    const char *behaviour = acti_query(request, "behaviour");
    acta_actor_info infos[PIECE];

    do {
        uint32_t found = acta_actors_read(runtime, &cursor, infos, count < PIECE ? (uint32_t)count : PIECE);
        for (uint32_t i = 0; i < found; i++) {
            if (behaviour != NULL && strcmp(behaviour, infos[i].behaviour) != 0) continue;
            add_actor(json, &infos[i]);
            count--;
        }
    } while (cursor != 0 && count > 0);
    return cursor;
}

void
acti_get_actors(acti_request *request)
{
    acti_json json = acti_json_into(&request->text);
    uint64_t count = COUNT_DEFAULT, cursor = 0;

    if (!acti_query_number(request, "count", 1, COUNT_MAX, &count) ||
        !acti_query_number(request, "after", 0, UINT32_MAX, &cursor))
        return;
    acti_json_open(&json, NULL, '{');
    acti_json_open(&json, "actors", '[');
    cursor = add_page(request, &json, cursor, count);
    acti_json_close(&json, ']');
    if (cursor != 0) acti_json_number(&json, "next", cursor);
    acti_json_close(&json, '}');
}

/* -- /queues -- */

typedef struct longest {
    acta_actor_info *infos; /* room for twice as many as are asked for */
    uint32_t count, wanted;
    uint64_t (*measure)(const acta_actor_info *info);
    int (*compare)(const void *a, const void *b);
    uint64_t actors, busy, queued, queued_bytes; /* of all */
} longest;

static uint64_t
by_queued(const acta_actor_info *info)
{
    return info->queued_count;
}

static uint64_t
by_peak(const acta_actor_info *info)
{
    return info->queued_peak;
}

static uint64_t
by_bytes(const acta_actor_info *info)
{
    return info->queued_bytes;
}

/* The longest first, and of equals the one with the lower pid. */
static int
order(uint64_t (*measure)(const acta_actor_info *info), const void *a, const void *b)
{
    const acta_actor_info *x = a, *y = b;
    uint64_t of_x = measure(x), of_y = measure(y);

    if (of_x != of_y) return of_x > of_y ? -1 : 1;
    return (x->pid.value > y->pid.value) - (x->pid.value < y->pid.value);
}

static int
compare_queued(const void *a, const void *b)
{
    return order(by_queued, a, b);
}

static int
compare_peak(const void *a, const void *b)
{
    return order(by_peak, a, b);
}

static int
compare_bytes(const void *a, const void *b)
{
    return order(by_bytes, a, b);
}

/* False: `by` is none of these, and the request is refused. */
static bool
read_by(acti_request *request, longest *l)
{
    static const struct {
        const char *name;
        uint64_t (*measure)(const acta_actor_info *info);
        int (*compare)(const void *a, const void *b);
    } measures[] = { { "queued", by_queued, compare_queued }, { "queued_peak", by_peak, compare_peak },
        { "queued_bytes", by_bytes, compare_bytes } };
    const char *by = acti_query(request, "by");

    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++) {
        if (by != NULL && strcmp(by, measures[i].name) != 0) continue;
        l->measure = measures[i].measure;
        l->compare = measures[i].compare;
        return true;
    }
    acti_problem_field(request, "by", "expected queued, queued_peak or queued_bytes");
    return false;
}

static void
cut(longest *l)
{
    qsort(l->infos, l->count, sizeof *l->infos, l->compare);
    if (l->count > l->wanted) l->count = l->wanted;
}

static void
take(longest *l, const acta_actor_info *info)
{
    l->actors++;
    l->busy += info->queued_count > 0;
    l->queued += info->queued_count;
    l->queued_bytes += info->queued_bytes;
    if (l->measure(info) == 0) return;
    if (l->count == 2 * l->wanted) cut(l);
    l->infos[l->count++] = *info;
}

static void
look_at_all(acta_runtime *runtime, longest *l)
{
    acta_actor_info infos[PIECE];
    uint64_t cursor = 0;

    do {
        uint32_t found = acta_actors_read(runtime, &cursor, infos, PIECE);
        for (uint32_t i = 0; i < found; i++)
            take(l, &infos[i]);
    } while (cursor != 0);
    cut(l);
}

static void
add_committer(acti_json *json, acta_app *app)
{
    acta_store_stats stats;

    acta_store_stats_read(acta_app_store(app), &stats);
    acti_json_open(json, "committer", '{');
    acti_json_number(json, "head", acta_store_head(acta_app_store(app)));
    acti_json_number(json, "queued_bytes", stats.queued_bytes);
    acti_json_number(json, "transactions", stats.transactions);
    acti_json_number(json, "events", stats.events);
    acti_json_number(json, "refused", stats.refused);
    acti_json_close(json, '}');
}

static void
add_mailboxes(acti_json *json, const longest *l)
{
    acti_json_open(json, "actors", '{');
    acti_json_number(json, "alive", l->actors);
    acti_json_number(json, "with_messages", l->busy);
    acti_json_number(json, "queued", l->queued);
    acti_json_number(json, "queued_bytes", l->queued_bytes);
    acti_json_close(json, '}');
    acti_json_open(json, "mailboxes", '[');
    for (uint32_t i = 0; i < l->count; i++)
        add_actor(json, &l->infos[i]);
    acti_json_close(json, ']');
}

void
acti_get_queues(acti_request *request)
{
    acti_json json = acti_json_into(&request->text);
    acta_app *app = request->gateway->app;
    uint64_t count = LONGEST_DEFAULT;
    longest l = { .infos = NULL };
    uint32_t reader_count;

    if (!acti_query_number(request, "count", 1, COUNT_MAX, &count) || !read_by(request, &l)) return;
    l.wanted = (uint32_t)count;
    l.infos = acta_memory_alloc(request->memory, 2 * count * sizeof *l.infos);
    if (l.infos == NULL) {
        acti_problem_http(request, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for this request");
        return;
    }
    const acta_reader_info *readers = acti_readers_list(request, &reader_count);
    if (readers == NULL) return;
    look_at_all(acta_app_runtime(app), &l);
    acti_json_open(&json, NULL, '{');
    add_committer(&json, app);
    add_mailboxes(&json, &l);
    acti_json_readers(&json, readers, reader_count);
    acti_json_close(&json, '}');
}
