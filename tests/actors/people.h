/*
 * A domain with personal data: people.fbs with its functions, and what the tests see of it.
 */
#ifndef TESTS_ACTORS_PEOPLE_H
#define TESTS_ACTORS_PEOPLE_H

#include "fixture.h"
#include "people.acta.h"

extern const acta_aggregate *const people_aggregates[];
extern const acta_process_manager *const people_process_managers[];
extern const acta_projection *const people_projections[];
extern const acta_event_handler *const people_handlers[];

/* What the event handler "watch" saw last, and how often; one thread. */
typedef struct people_seen {
    _Atomic uint32_t registered, forgotten;
    char email[256];
    bool fails; /* it answers ACTA_FAILED */
} people_seen;
extern people_seen people_saw;

/* Not started yet; on the memory engine with keys that outlive a crash. */
int set_up_people(void **state);
int tear_down_people(void **state);
#define people(test) cmocka_unit_test_setup_teardown(test, set_up_people, tear_down_people)

people_Person person(fixture *f, const char *id); /* as the application reads it */

/* Commands, of which each field is given as text; NULL: absent. */
acta_status people_register(fixture *f, const char *id, const char *name, const char *email);
acta_status people_change_email(fixture *f, const char *id, const char *email);

#endif
