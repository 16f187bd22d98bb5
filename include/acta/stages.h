/*
 * Stages: where the time of commands goes, from dispatch until the answer.
 *
 *     dispatch -> QUEUE -> EXECUTE, ENCODE, APPLY -> WAIT -> SYNC -> REPLY -> the caller goes on
 *                 |        the aggregate's turn      |       |       |
 *                 until its turn begins              for     gather, until the caller, or its callback, has the answer
 *                                                    a batch write,
 *                                                            sync, mark
 *
 *     acta_stage_times times[ACTA_STAGE_COUNT];
 *     acta_app_stages(app, times);
 *     printf("half of all syncs took less than %" PRIu64 " ns\n", acta_stage_part_ns(&times[ACTA_STAGE_SYNC], 500));
 *
 * Timed is one command of `stage_every` (acta_app_config), chosen by its time, so that no pattern of callers decides
 * which; only commands that led to events, and QUEUE, EXECUTE and ENCODE of those that didn't. The histograms are
 * log-linear, as HdrHistogram's: eight buckets for each doubling, so a value is told at most an eighth too high.
 */
#ifndef ACTA_STAGES_H
#define ACTA_STAGES_H

#include "acta/app.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum acta_stage {
    ACTA_STAGE_QUEUE,   /* from dispatch until the aggregate has the command in hand: encoded, found, rehydrated */
    ACTA_STAGE_EXECUTE, /* the user's function, without what it emits */
    ACTA_STAGE_ENCODE,  /* of its events, into the transaction */
    ACTA_STAGE_APPLY,   /* of them to the state */
    ACTA_STAGE_WAIT,    /* until the committer begins the batch that it goes with */
    ACTA_STAGE_SYNC,    /* until that is on disk */
    ACTA_STAGE_REPLY,   /* until the caller has its answer; those before it in the batch are told first */
    ACTA_STAGE_WHOLE,   /* from dispatch until then */
    ACTA_STAGE_COUNT
} acta_stage;

enum { ACTA_STAGE_BUCKETS = 304, ACTA_STAGE_EVERY_DEFAULT = 64 };

typedef struct acta_stage_times {
    uint64_t count;
    uint64_t sum_ns;
    uint64_t buckets[ACTA_STAGE_BUCKETS]; /* how many were of each length; acta_stage_bucket_ns has the lengths */
} acta_stage_times;

/*
 * What was timed since the start of the application.
 *   times_out  ACTA_STAGE_COUNT of them. Each number is right; taken while commands run, they are not all of one moment
 * Threads: any. Never blocks, takes no memory.
 */
ACTA_API void acta_app_stages(const acta_app *app, acta_stage_times *times_out);

/* "queue", "execute", …; "" for what is none. */
ACTA_API const char *acta_stage_name(acta_stage stage);

/* The longest time, in ns, that bucket `index` counts; the last one counts all that is longer, too. 0: no such bucket. */
ACTA_API uint64_t acta_stage_bucket_ns(uint32_t index);

/* Of all times, `per_mille` of 1,000 are not longer than this many ns. 0: nothing was timed. */
ACTA_API uint64_t acta_stage_part_ns(const acta_stage_times *times, uint32_t per_mille);

#ifdef __cplusplus
}
#endif
#endif
