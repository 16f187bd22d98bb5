/*
 * Crew: see rocksdb_crew.h.
 */
#include "rocksdb_crew.h"

#include <string.h>

void
acti_crew_init(acti_crew *crew)
{
    memset(crew, 0, sizeof *crew);
    acti_monitor_init(&crew->monitor);
}

void
acti_crew_deinit(acti_crew *crew)
{
    acti_monitor_enter(&crew->monitor);
    crew->is_stopping = true;
    acti_monitor_wake(&crew->monitor);
    acti_monitor_leave(&crew->monitor);
    for (int i = 0; i < ACTI_CREW_THREADS; i++)
        acti_store_thread_join(&crew->threads[i]);
    acti_monitor_deinit(&crew->monitor);
}

/* Parts, as long as there are some. Inside of the monitor, which it leaves meanwhile. */
static void
do_parts(acti_crew *crew)
{
    while (crew->part_next < crew->part_count) {
        uint32_t part = crew->part_next++;
        crew->under_way++;
        acti_monitor_leave(&crew->monitor);
        crew->work(crew->user, part); /* neither changes before all parts are done */
        acti_monitor_enter(&crew->monitor);
        crew->under_way--;
    }
    if (crew->under_way == 0) acti_monitor_wake(&crew->monitor);
}

static void
help(void *user)
{
    acti_crew *crew = user;

    acti_monitor_enter(&crew->monitor);
    while (!crew->is_stopping) {
        if (crew->part_next < crew->part_count)
            do_parts(crew);
        else
            acti_monitor_wait(&crew->monitor);
    }
    acti_monitor_leave(&crew->monitor);
}

/* Where the system gives no threads, the caller is alone. */
static void
start(acti_crew *crew)
{
    for (int i = 0; i < ACTI_CREW_THREADS; i++)
        if (!acti_store_thread_start(&crew->threads[i], "acta-read", help, crew)) break;
    crew->is_started = true;
}

void
acti_crew_run(acti_crew *crew, acti_crew_work *work, void *user, uint32_t part_count)
{
    acti_monitor_enter(&crew->monitor);
    if (crew->is_taken) {
        acti_monitor_leave(&crew->monitor);
        for (uint32_t i = 0; i < part_count; i++)
            work(user, i);
        return;
    }
    crew->is_taken = true;
    crew->work = work;
    crew->user = user;
    crew->part_next = 0;
    crew->part_count = part_count;
    if (!crew->is_started) start(crew);
    acti_monitor_wake(&crew->monitor);
    do_parts(crew);
    while (crew->under_way > 0)
        acti_monitor_wait(&crew->monitor);
    crew->is_taken = false;
    acti_monitor_leave(&crew->monitor);
}
