/*
 * Rows of spawning. Each child gets one message with its parent's pid, answers it and ends.
 *
 *     spawn         1,000,000 in one go, out of one handler: all are alive at once
 *     spawn_window  the same, 1,000 alive at a time
 *     idle          1,000,000 actors with 64 bytes of state that have handled one message and live on: what each adds
 *                   to the resident memory
 */
#include "actors.h"

#include <unistd.h>

enum { TAG_GO, TAG_HELLO, TAG_DONE, CHILDREN = 1000000, WINDOW = 1000, SETTLE_US = 500000 };

static struct {
    uint64_t started_ns, took_ns;
    uint32_t window;
    acta_pid last;
} row;

/* -- spawn, spawn_window -- */

typedef struct parent {
    acta_pid self;
    uint32_t made, done;
} parent;

static acta_next
child_cast(acta_self *self, void *state, acta_message *message)
{
    acta_pid to;

    (void)self;
    (void)state;
    memcpy(&to, message->payload, sizeof to);
    actors_send_number(to, TAG_DONE, 1);
    return ACTA_STOP;
}

static void
make_children(parent *p)
{
    static const acta_behaviour behaviour = { .name = "child", .handle_cast = child_cast };

    for (uint32_t i = 0; i < row.window; i++)
        actors_send(actors_spawn(&behaviour, NULL), TAG_HELLO, &p->self, sizeof p->self);
    p->made += row.window;
}

static acta_next
parent_cast(acta_self *self, void *state, acta_message *message)
{
    parent *p = state;

    if (message->tag == TAG_GO) {
        p->self = acta_self_pid(self);
        row.started_ns = bench_now_ns();
    } else
        p->done++;
    if (p->done < p->made) return ACTA_NEXT;
    if (p->made < CHILDREN) {
        make_children(p);
        return ACTA_NEXT;
    }
    row.took_ns = bench_now_ns() - row.started_ns;
    actors_finished();
    return ACTA_NEXT;
}

static void
run_spawn(const actors_options *o, const char *name, uint32_t window)
{
    static const acta_behaviour behaviour = {
        .name = "parent", .state_size = sizeof(parent), .handle_cast = parent_cast
    };

    actors_start(o);
    row.window = window;
    acta_pid pid = window > ACTA_MAILBOX_COUNT_DEFAULT
                       ? actors_spawn_bounded(&behaviour, NULL, window + 1) /* in hand */
                       : actors_spawn(&behaviour, NULL);
    actors_send(pid, TAG_GO, NULL, 0);
    actors_wait();
    uint64_t peak = actors_resident_peak();
    actors_stop();
    bench_report(name, "rate", CHILDREN / ((double)row.took_ns / 1e9), "actors/s");
    bench_report(name, "rss_peak_mib", (double)peak / (1 << 20), "MiB");
}

void
actors_spawn_burst(const actors_options *o)
{
    run_spawn(o, "spawn", CHILDREN);
}

void
actors_spawn_window(const actors_options *o)
{
    run_spawn(o, "spawn_window", WINDOW);
}

/* -- idle -- */

typedef struct idler {
    uint64_t words[8];
} idler;

typedef struct nursery {
    acta_pid self;
    uint32_t made, done;
} nursery;

static acta_next
idler_cast(acta_self *self, void *state, acta_message *message)
{
    idler *i = state;
    acta_pid to;

    (void)self;
    memcpy(&to, message->payload, sizeof to);
    for (int k = 0; k < 8; k++)
        i->words[k] += to.value;
    actors_send_number(to, TAG_DONE, i->words[7]);
    return ACTA_NEXT;
}

/* A window at a time, as long as it takes: what is measured is what stays. */
static acta_next
nursery_cast(acta_self *self, void *state, acta_message *message)
{
    static const acta_behaviour behaviour = { .name = "idler", .state_size = sizeof(idler), .handle_cast = idler_cast };
    nursery *n = state;

    if (message->tag == TAG_GO)
        n->self = acta_self_pid(self);
    else
        n->done++;
    if (n->done < n->made) return ACTA_NEXT;
    for (uint32_t i = 0; i < WINDOW && n->made < CHILDREN; i++, n->made++) {
        row.last = actors_spawn(&behaviour, NULL);
        actors_send(row.last, TAG_HELLO, &n->self, sizeof n->self);
    }
    if (n->done >= CHILDREN) actors_finished();
    return ACTA_NEXT;
}

void
actors_idle(const actors_options *o)
{
    static const acta_behaviour behaviour = {
        .name = "nursery", .state_size = sizeof(nursery), .handle_cast = nursery_cast
    };
    acta_runtime_stats stats;

    actors_start(o);
    uint64_t before = actors_resident();
    acta_pid pid = actors_spawn(&behaviour, NULL);
    actors_send(pid, TAG_GO, NULL, 0);
    actors_wait();
    usleep(SETTLE_US);
    double each = (double)(actors_resident() - before) / CHILDREN;
    acta_runtime_stats_read(actors_row.runtime, &stats);
    bench_expect(stats.alive == CHILDREN + 1);
    actors_send(row.last, TAG_HELLO, &pid, sizeof pid); /* it is alive and answers */
    actors_wait();
    actors_stop();
    bench_report("idle", "bytes_per_actor", each, "B");
}
