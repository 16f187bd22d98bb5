/*
 * See ward.h.
 */
#include "ward.h"

static void
keep_line(void *user, acta_log_level level, acta_str line)
{
    ward *w = user;

    (void)level;
    pthread_mutex_lock(&w->lock);
    if (w->line_count < 20) snprintf(w->lines[w->line_count], sizeof w->lines[0], "%.*s", (int)line.size, line.data);
    w->line_count++;
    pthread_mutex_unlock(&w->lock);
}

uint32_t
lines_with(ward *w, const char *words)
{
    uint32_t count = 0;

    pthread_mutex_lock(&w->lock);
    for (uint32_t i = 0; i < w->line_count && i < 20; i++)
        count += strstr(w->lines[i], words) != NULL;
    pthread_mutex_unlock(&w->lock);
    return count;
}

void
await_lines(ward *w, const char *words, uint32_t least)
{
    uint64_t end_ns = real_now_ns() + UINT64_C(60000000000);

    while (lines_with(w, words) < least) {
        if (real_now_ns() > end_ns) fail_msg("waited 60 s for %u lines '%s'", least, words);
        sleep_ms(1);
    }
}

void
await_line(ward *w, const char *words)
{
    await_lines(w, words, 1);
}

acta_runtime_stats
stats_of(ward *w)
{
    acta_runtime_stats stats;
    acta_runtime_stats_read(w->h.runtime, &stats);
    return stats;
}

void
wait_at_gate(ward *w, bool computes)
{
    uint64_t end_ns = real_now_ns() + UINT64_C(600000000000);

    while (atomic_load(&w->gate_closed) && real_now_ns() < end_ns) {
        if (!computes) sleep_ms(1);
    }
}

/* From the end of the handler before: the machine may have held this one up. */
void
note_end(ward *w)
{
    uint64_t now_ns = real_now_ns();

    if (now_ns - w->last_ended_ns > w->longest_ns) w->longest_ns = now_ns - w->last_ended_ns;
    w->last_ended_ns = now_ns;
}

static acta_next
obey_tag(acta_self *self, void *user, acta_message *message)
{
    ward *w = user;

    atomic_fetch_add(&w->begun, 1);
    switch (message->tag) {
    case WAKE_ALL:
        for (uint32_t i = 0; i < CROWD; i++)
            acta_send(acta_self_runtime(self), w->crowd[i], acta_message_create(acta_self_runtime(self), 1, 0));
        wait_at_gate(w, false);
        break;
    case BLOCK:
        wait_at_gate(w, false);
        break;
    case COMPUTE:
        wait_at_gate(w, true);
        break;
    case SHORT:
        sleep_ms(w->short_ms);
        note_end(w);
        break;
    default:
        break;
    }
    atomic_fetch_add(&w->ended, 1);
    return ACTA_NEXT;
}

static acta_next
be_woken(acta_self *self, void *user, acta_message *message)
{
    ward *w = user;
    (void)self;
    (void)message;
    atomic_fetch_add(&w->woken, 1);
    return ACTA_NEXT;
}

acta_next
be_timed(acta_self *self, void *user, const acta_info *info)
{
    ward *w = user;
    (void)self;
    (void)info;
    atomic_fetch_add(&w->timers, 1);
    return ACTA_NEXT;
}

void
open_ward(ward *w, acta_runtime_config config)
{
    memset(w, 0, sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    harness_start_with(&w->h, config);
    w->h.log_user = w;
    w->h.log = keep_line;
    w->s = (script){ .cast = obey_tag, .info = be_timed, .user = w };
    w->quick = (script){ .cast = be_woken, .user = w };
    for (uint32_t i = 0; i < CROWD; i++)
        w->crowd[i] = spawn(&w->h, &w->quick);
    atomic_store(&w->gate_closed, true);
}

void
close_ward(ward *w)
{
    atomic_store(&w->gate_closed, false);
    harness_stop(&w->h);
    pthread_mutex_destroy(&w->lock);
}

void
block_workers(ward *w, uint32_t count, uint32_t tag)
{
    uint64_t before = atomic_load(&w->begun);

    for (uint32_t i = 0; i < count; i++) {
        w->blocked[i] = spawn(&w->h, &w->s);
        send_tag(&w->h, w->blocked[i], tag);
    }
    await_count(&w->h, &w->begun, before + count);
}
