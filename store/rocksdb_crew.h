/*
 * Crew: a few threads that read along with one who has many keys to look up. A disk answers many reads at once in little more
 * time than one, and RocksDB of before 9 does them one behind the other.
 *
 *     caller   parts 0 3 4 7 --\
 *     thread   parts 1 5 ------+--> all done
 *     thread   parts 2 6 ------/
 *
 * The threads are started by the first run, and stay. One run at a time: who comes meanwhile does all parts himself, and the disk
 * has enough to do.
 */
#ifndef ACTI_ROCKSDB_CREW_H
#define ACTI_ROCKSDB_CREW_H

#include "thread.h"

enum { ACTI_CREW_THREADS = 3 }; /* beside the caller */

typedef void acti_crew_work(void *user, uint32_t part);

typedef struct acti_crew {
    acti_monitor monitor;
    acti_store_thread threads[ACTI_CREW_THREADS];

    /* Under the monitor. */
    bool is_started, is_taken, is_stopping;
    acti_crew_work *work;
    void *user;
    uint32_t part_next, part_count, under_way;
} acti_crew;

void acti_crew_init(acti_crew *crew);
void acti_crew_deinit(acti_crew *crew); /* nobody runs anything */

/* Call `work` for each part from 0 to part_count - 1, each once, by any of these threads; returns behind the last. */
void acti_crew_run(acti_crew *crew, acti_crew_work *work, void *user, uint32_t part_count);

#endif
