/*
 * Personal data under simulation: people register, change their address, and are forgotten, while processes die, disks fail
 * and the keys can't be destroyed at once.
 *
 *     each person:  register -> change … -> perhaps forget
 *     at rest:      whoever wasn't asked to be forgotten is read as written; whoever was is read as forgotten, in the state
 *                   and in the row; and no value that is personal lies plainly anywhere in the store
 *
 * Keys are in a ring that outlives what crashes, behind a service that fails now and then: before it has done anything, or
 * when all is done already, as a file does whose write or whose sync has failed.
 */
#define ACTA_SITES_SECTION "people_sites"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acta/app.h"
#include "acta/marks.h"
#include "acta/personal.h"
#include "acta/simulate.h"

#include "people.acta.h"

/* The domain: tests/actors/people.c. */
extern const acta_aggregate *const people_aggregates[];
extern const acta_process_manager *const people_process_managers[];
extern const acta_projection *const people_projections[];

enum { PERSON_MAX = 8, CHANGE_MAX = 4, KEY_FAULT_PERCENT = 20, READ_AGAIN_MAX = 1000 };

/* What is asked for one person, in order; each ask again until it is answered. */
typedef struct somebody {
    char id[24], email[40];
    uint32_t number, changes, done; /* asks answered: one for Register, then one for each change */
    bool is_to_be_forgotten, is_forgotten, in_flight;
    struct people_run *run;
} somebody;

typedef struct people_run {
    acta_sim *sim;
    acta_key_ring *ring;
    acta_key_service keys;
    uint64_t random;
    uint32_t count, next, looked;
    somebody people[PERSON_MAX];
    acta_environment environment;
    bool has_environment; /* it has started once: its chances are the seed's from then on */
} people_run;

/* The run of this process: a scenario's configuration is constant, and its keys are not. */
static people_run *running;

/* -- keys that fail -- */

/* The same for each run of a seed; what keys look like decides nothing. */
static void
fill(void *user, void *bytes, size_t size)
{
    uint64_t *counted = user;

    for (size_t i = 0; i < size; i++) {
        *counted = *counted * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ((uint8_t *)bytes)[i] = (uint8_t)(*counted >> 56);
    }
}

#define FAILS(site)                                                                                                    \
    (running->has_environment && ACTA_SIM_CHANCE(&running->environment, "people.keys." site, KEY_FAULT_PERCENT))

static acta_status
refuse(acta_error *error, const char *what)
{
    return acta_error_set(error, ACTA_IO, "the keys can't be %s now", what);
}

static acta_status
get_or_make(void *user, acta_str subject, acta_key *key_out, acta_error *error)
{
    (void)user;
    if (FAILS("not.made")) return refuse(error, "made");
    return running->keys.get_or_make(running->keys.user, subject, key_out, error);
}

static acta_status
get(void *user, acta_str subject, acta_key *key_out, acta_error *error)
{
    (void)user;
    return running->keys.get(running->keys.user, subject, key_out, error);
}

static acta_status
destroy(void *user, acta_str subject, acta_error *error)
{
    (void)user;
    if (FAILS("not.destroyed")) return refuse(error, "destroyed");
    acta_status status = running->keys.destroy(running->keys.user, subject, error);
    return status == ACTA_OK && FAILS("not.told") ? refuse(error, "synced") : status;
}

static acta_status
common(void *user, acta_key *key_out, acta_error *error)
{
    (void)user;
    return running->keys.common(running->keys.user, key_out, error);
}

static const acta_key_service service = {
    .get_or_make = get_or_make, .get = get, .destroy = destroy, .common = common
};
static const acta_app_config config = { .name = "people",
    .schema = &people_schema,
    .aggregates = people_aggregates,
    .projections = people_projections,
    .process_managers = people_process_managers,
    .keys = &service,
    .command_id_retention_ms = UINT64_C(10) * 365 * 24 * 3600 * 1000 };

/* -- the script -- */

static void
begin(acta_sim *sim, void *state)
{
    people_run *run = state;

    run->sim = sim;
    acta_environment environment = acta_environment_or_default(NULL);
    run->random = 1;
    environment.random = (acta_random){ .fill = fill, .user = &run->random };
    run->ring = acta_key_ring_create(&environment);
    if (run->ring == NULL) return;
    run->keys = acta_key_ring_service(run->ring);
    running = run;
    run->count = 1 + acta_sim_choose(sim, ACTA_SIM_WORKLOAD, PERSON_MAX);
    for (uint32_t i = 0; i < run->count; i++) {
        somebody *one = &run->people[i];
        *one = (somebody){ .number = i, .run = run, .changes = acta_sim_choose(sim, ACTA_SIM_WORKLOAD, CHANGE_MAX) };
        one->is_to_be_forgotten = acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 2) == 1;
        snprintf(one->id, sizeof one->id, "p%" PRIu32, i);
    }
}

static void
started(acta_sim *sim, void *state, acta_app *app)
{
    people_run *run = state;
    (void)sim;

    run->environment = *acta_runtime_environment(acta_app_runtime(app));
    run->has_environment = true;
}

static void
answered(void *user, const acta_dispatch_result *result)
{
    somebody *one = user;

    one->in_flight = false;
    if (result->status == ACTA_OK) one->done++;
    acta_sim_note(one->run->sim, &result->status, sizeof result->status);
}

/* Each value has the person and the number of the ask in it, so that it is found wherever it lies. */
static void
put_email(char *out, size_t size, uint32_t person, uint32_t ask)
{
    snprintf(out, size, "SECRET-%" PRIu32 "-%" PRIu32 "@example.org", person, ask);
}

static void
ask(somebody *one, acta_app *app)
{
    char name[40];

    snprintf(name, sizeof name, "people-%" PRIu32 "-%" PRIu32, one->number, one->done);
    put_email(one->email, sizeof one->email, one->number, one->done);
    acta_dispatch_options options = { .command_id = acta_id_of(acta_str_of(name)) };
    one->in_flight = true;
    if (one->done > 0) {
        people_ChangeEmail change = { .person_id = acta_str_of(one->id), .email = acta_str_of(one->email) };
        acta_dispatch_async(app, &people_ChangeEmail_table, &change, &options, answered, one);
        return;
    }
    people_Register enrol = { .person_id = acta_str_of(one->id),
        .name = acta_str_of("SECRET-NAME"),
        .email = acta_str_of(one->email),
        .city = acta_str_of("Ulm") };
    acta_dispatch_async(app, &people_Register_table, &enrol, &options, answered, one);
}

static void
forget(somebody *one, acta_app *app)
{
    acta_error error;

    acta_status status = acta_app_forget(app, acta_str_of(one->id), NULL, &error);
    one->is_forgotten = status == ACTA_OK;
    if (status == ACTA_OK) ACTA_SOMETIMES(&one->run->environment, "people.forgotten: at once");
    if (status != ACTA_OK) ACTA_SOMETIMES(&one->run->environment, "people.forget: failed, and was asked again");
    acta_sim_note(one->run->sim, &status, sizeof status);
}

static bool
act(acta_sim *sim, void *state, acta_app *app)
{
    people_run *run = state;
    (void)sim;

    for (uint32_t i = 0; i < run->count; i++) {
        somebody *one = &run->people[(run->next + i) % run->count];
        if (one->in_flight) continue;
        bool is_last = one->done == 1 + one->changes;
        if (is_last && (!one->is_to_be_forgotten || one->is_forgotten)) continue;
        run->next = (run->next + i + 1) % run->count;
        if (is_last)
            forget(one, app);
        else
            ask(one, app);
        return true;
    }
    return false;
}

static bool
is_done(const void *state)
{
    const people_run *run = state;

    for (uint32_t i = 0; i < run->count; i++) {
        const somebody *one = &run->people[i];
        if (one->in_flight || one->done != 1 + one->changes || one->is_to_be_forgotten != one->is_forgotten)
            return false;
    }
    return true;
}

static void
crashed(acta_sim *sim, void *state)
{
    people_run *run = state;
    (void)sim;

    for (uint32_t i = 0; i < run->count; i++)
        run->people[i].in_flight = false;
}

/* -- what must hold -- */

static acta_status
check_value(const somebody *one, acta_str value, const char *where, acta_error *error)
{
    char wanted[40];

    put_email(wanted, sizeof wanted, one->number, one->changes);
    if (one->is_forgotten && !acta_is_forgotten(value))
        return acta_error_set(
            error, ACTA_CORRUPT, "not forgotten: the %s of '%s' reads '" ACTA_FMT "'", where, one->id, ACTA_ARG(value));
    if (!one->is_forgotten && !acta_str_equal(value, acta_str_of(wanted)))
        return acta_error_set(error, ACTA_CORRUPT, "not as written: the %s of '%s' reads '" ACTA_FMT "' and not '%s'",
            where, one->id, ACTA_ARG(value), wanted);
    return ACTA_OK;
}

/* At any moment: once it was acknowledged, nobody finds the value in a row, whatever has crashed since. */
static acta_status
check_step(acta_sim *sim, void *state, acta_app *app, acta_error *error)
{
    people_run *run = state;
    people_PersonRow row;
    (void)sim;

    if (app == NULL || run->count == 0) return ACTA_OK;
    const somebody *one = &run->people[run->looked++ % run->count];
    if (!one->is_forgotten) return ACTA_OK;
    acta_memory *memory = acta_memory_create(NULL);
    if (memory == NULL) return ACTA_OK;
    acta_status status = people_PersonRow_find(app, acta_str_of(one->id), &row, memory, NULL);
    bool is_read = status == ACTA_OK && row.email.data != NULL && !acta_is_forgotten(row.email);
    acta_memory_destroy(memory);
    return is_read ? acta_error_set(error, ACTA_CORRUPT, "read again: the row of '%s' is not forgotten", one->id)
                   : ACTA_OK;
}

/* What a person's actor is told behind an answer, that a snapshot is due say, may have the one place of its mailbox:
 * then it is asked again, as by any client. */
static acta_status
read_person(
    acta_sim *sim, const somebody *one, acta_app *app, people_Person *person, acta_memory *memory, acta_error *error)
{
    acta_status status = people_Person_read(app, acta_str_of(one->id), person, memory, error);

    for (uint32_t i = 0; status == ACTA_BUSY && i < READ_AGAIN_MAX && acta_sim_step(sim); i++)
        status = people_Person_read(app, acta_str_of(one->id), person, memory, error);
    return status;
}

static acta_status
check_person(acta_sim *sim, const somebody *one, acta_app *app, acta_memory *memory, acta_error *error)
{
    people_Person person = { .changes = 0 };
    people_PersonRow row = { .city = acta_str_of(NULL) };

    acta_status status = read_person(sim, one, app, &person, memory, error);
    if (status == ACTA_OK) status = check_value(one, person.email, "state", error);
    if (status == ACTA_OK && person.changes != one->changes)
        status = acta_error_set(error, ACTA_CORRUPT, "changes are missing: '%s' has %" PRIu32 " of %" PRIu32, one->id,
            person.changes, one->changes);
    if (status == ACTA_OK) status = people_PersonRow_find(app, acta_str_of(one->id), &row, memory, error);
    return status == ACTA_OK ? check_value(one, row.email, "row", error) : status;
}

static acta_status
check_bytes(acta_bytes bytes, const char *where, acta_error *error)
{
    static const char mark[] = "SECRET-";
    if (bytes.size == 0 || memmem(bytes.data, bytes.size, mark, sizeof mark - 1) == NULL) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT, "plain in the store: a personal value lies in %s", where);
}

static acta_status
check_table(acta_store *store, const char *table, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;

    acta_status status = acta_row_cursor_open(store, table, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
        status = check_bytes(key, table, error);
        if (status == ACTA_OK) status = check_bytes(value, table, error);
        if (status != ACTA_OK) break;
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
check_log(acta_store *store, acta_error *error)
{
    const acta_read all = { .from = 1 };
    acta_recorded record;
    acta_cursor *cursor;

    acta_status status = acta_cursor_open(store, &all, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &record, error)) == ACTA_OK) {
        status = check_bytes(record.payload, "the log", error);
        if (status != ACTA_OK) break;
    }
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
check(acta_sim *sim, void *state, acta_app *app, acta_error *error)
{
    static const char *const tables[] = { "snapshots", "outcomes", "parked", "rm.people.personrow", "pm.people.welcome",
        "pm.people.welcome.outbox", "unique.person.email", ACTA_PERSONAL_CLAIMS, "claims" };
    people_run *run = state;
    acta_memory *memory = acta_memory_create(NULL);
    acta_status status = ACTA_OK;

    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to check");
    for (uint32_t i = 0; i < run->count && status == ACTA_OK; i++)
        status = check_person(sim, &run->people[i], app, memory, error);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0] && status == ACTA_OK; i++)
        status = check_table(acta_app_store(app), tables[i], error);
    if (status == ACTA_OK) status = check_log(acta_app_store(app), error);
    acta_memory_destroy(memory);
    return status;
}

static void
end(acta_sim *sim, void *state)
{
    people_run *run = state;
    (void)sim;

    running = NULL;
    acta_key_ring_destroy(run->ring);
}

static const acta_scenario people_scenario = { .name = "people",
    .summary = "people with personal data, who are forgotten",
    .app = &config,
    .state_size = sizeof(people_run),
    .begin = begin,
    .started = started,
    .act = act,
    .is_done = is_done,
    .crashed = crashed,
    .check_step = check_step,
    .check = check,
    .end = end,
    .sites = ACTA_SITES };

int
main(int argc, char **argv)
{
    return acta_simulate_main(&people_scenario, argc, argv);
}
