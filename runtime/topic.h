/*
 * What the rest of runtime/ needs of topics.
 */
#ifndef ACTI_RUNTIME_TOPIC_H
#define ACTI_RUNTIME_TOPIC_H

#include "acta/topic.h"

#include "internal.h"

acta_status acti_topics_init(acta_runtime *runtime);
void acti_topics_deinit(acta_runtime *runtime);

/* A walk over the members of a topic, as of its beginning; whoever leaves meanwhile may be met or not. */
enum { ACTI_TOPIC_STEP = 64 };
typedef struct acti_topic_walk {
    struct acti_topic_group *group;
    uint64_t begun; /* joins before it */
    uint32_t count; /* members then: no more than these are met */
    uint32_t next;
} acti_topic_walk;
bool acti_topic_walk_begin(acta_runtime *runtime, acta_str topic, acti_topic_walk *walk_out); /* false: no such topic */
/* The next ones, at most ACTI_TOPIC_STEP; 0: that was all. No lock is held when it returns. */
uint32_t acti_topic_walk_next(acti_topic_walk *walk, acta_pid *pids_out);
void acti_topic_walk_end(acta_runtime *runtime, acti_topic_walk *walk);

/* At the end of an actor that has the flag MEMBER. */
void acti_topics_leave_all(acta_runtime *runtime, acta_pid pid);

#endif
