/*
 * What the rest of runtime/ needs of topics.
 */
#ifndef ACTI_RUNTIME_TOPIC_H
#define ACTI_RUNTIME_TOPIC_H

#include "acta/topic.h"

#include "internal.h"

acta_status acti_topics_init(acta_runtime *runtime);
void acti_topics_deinit(acta_runtime *runtime);

/* At the end of an actor that has the flag MEMBER. */
void acti_topics_leave_all(acta_runtime *runtime, acta_pid pid);

#endif
