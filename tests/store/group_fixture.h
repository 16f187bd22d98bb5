/*
 * What the tests of consumer groups share: a store whose time stands until a test lets it pass, a group "g", and what was
 * taken from it as text.
 */
#ifndef STORE_GROUP_FIXTURE_H
#define STORE_GROUP_FIXTURE_H

#include "fixture.h"

#include "acta/consumer_group.h"

/* Open the fixture's store, manual, with a clock of the test's own, which begins anew. */
void open_with_clock(fixture *f);
void pass_ms(uint64_t ms);
int64_t virtual_us(void *user); /* what that clock says */

acta_group *open_group(fixture *f, const acta_group_config *config);
acta_group *open_plain(fixture *f); /* "g", by stream */
void close_group(fixture *f, acta_group *group);
acta_consumer *join(fixture *f, acta_group *group); /* with a window of 100 */

/* One event to each of these streams, of one letter each. */
void append_to(fixture *f, const char *streams);

/* Take what there is, without acknowledging; positions as a text: "1 2 5". It lives until the next call. */
const char *take(fixture *f, acta_consumer *consumer);
const char *take_some(fixture *f, acta_consumer *consumer, uint32_t count_max);
void nack(acta_consumer *consumer, uint64_t position, acta_nack how);
void ack(acta_consumer *consumer, uint64_t position);

acta_subscription_info info_of(acta_group *group);
/* "key:position" of what is parked; lives until the next call. */
const char *parked(fixture *f);

#endif
