/*
 * People: registered, welcomed by a letter, projected into rows.
 */
#include "people.h"

people_seen people_saw;

/* -- persons -- */

static acta_verdict
enrol(const people_Person *person, people_Register command, acta_decision *decision)
{
    if (person->is_here)
        return people_reject(
            decision, people_Rejection_already_registered, "'" ACTA_FMT "' is registered", ACTA_ARG(command.person_id));
    acta_str groups[] = { acta_str_of("new"), acta_str_of("paying") };
    return people_Registered_emit(
        decision, ACTA_INIT(people_Registered, .person_id = command.person_id, .name = command.name,
                      .email = command.email, .photo = command.photo, .relatives = command.relatives,
                      .city = command.city, .groups = { .data = groups, .count = 2 }));
}

static acta_verdict
change_email(const people_Person *person, people_ChangeEmail command, acta_decision *decision)
{
    if (!person->is_here)
        return people_reject(decision, people_Rejection_not_registered, "nobody of that name is here");
    return people_EmailChanged_emit(
        decision, ACTA_INIT(people_EmailChanged, .person_id = command.person_id, .email = command.email));
}

static acta_verdict
leave(const people_Person *person, people_Leave command, acta_decision *decision)
{
    if (!person->is_here)
        return people_reject(decision, people_Rejection_not_registered, "nobody of that name is here");
    return people_Left_emit(decision, ACTA_INIT(people_Left, .person_id = command.person_id));
}

static void
registered(people_Person *person, people_Registered event, acta_memory *memory)
{
    person->is_here = true;
    acta_str_assign(&person->person_id, event.person_id, memory);
    acta_str_assign(&person->name, event.name, memory);
    acta_str_assign(&person->email, event.email, memory);
    acta_str_assign(&person->city, event.city, memory);
    for (uint32_t i = 0; i < event.relatives.count; i++) {
        people_Relative relative;
        people_Relative_vector_at(event.relatives, i, &relative);
        people_Person_relatives_put(person, relative, memory);
    }
}

static void
email_changed(people_Person *person, people_EmailChanged event, acta_memory *memory)
{
    acta_str_assign(&person->email, event.email, memory);
    person->changes++;
}

static void
left(people_Person *person, people_Left event, acta_memory *memory)
{
    (void)event;
    person->is_here = false;
    acta_str_assign(&person->email, acta_str_of(NULL), memory);
}

static const people_Person_aggregate people_person =
    PEOPLE_PERSON(.execute = { .Register = enrol, .ChangeEmail = change_email, .Leave = leave },
        .apply = { .Registered = registered, .EmailChanged = email_changed, .Left = left }, .snapshot_every = 4);

/* -- letters -- */

static acta_verdict
send_letter(const people_Letter *letter, people_SendLetter command, acta_decision *decision)
{
    if (letter->sent > 0) return acta_nothing(decision);
    return people_LetterSent_emit(decision, ACTA_INIT(people_LetterSent, .letter_id = command.letter_id,
                                                .person_id = command.person_id, .address = command.address));
}

static void
letter_sent(people_Letter *letter, people_LetterSent event, acta_memory *memory)
{
    (void)event, (void)memory;
    letter->sent++;
}

static const people_Letter_aggregate people_letter =
    PEOPLE_LETTER(.execute = { .SendLetter = send_letter }, .apply = { .LetterSent = letter_sent });

const acta_aggregate *const people_aggregates[] = { &people_person.base, &people_letter.base, NULL };

/* -- readers -- */

static void
write_to(const people_Welcome *welcome, people_Registered event, acta_commands *commands)
{
    (void)welcome;
    people_SendLetter_send(commands, ACTA_INIT(people_SendLetter, .letter_id = event.person_id,
                                         .person_id = event.person_id, .address = event.email));
}

static void
welcomed(people_Welcome *welcome, people_Registered event, acta_memory *memory)
{
    acta_str_assign(&welcome->person_id, event.person_id, memory);
    acta_str_assign(&welcome->name, event.name, memory);
}

static void
count_letter(people_Welcome *welcome, people_LetterSent event, acta_memory *memory)
{
    (void)event, (void)memory;
    welcome->letters++;
}

static const people_Welcome_process_manager people_welcome =
    PEOPLE_WELCOME(.on = {
                       .Registered = { .start = people_Registered_person_id, .handle = write_to, .apply = welcomed },
                       .LetterSent = { .go_on = people_LetterSent_person_id, .apply = count_letter } });
const acta_process_manager *const people_process_managers[] = { &people_welcome.base, NULL };

static acta_status
row_of_person(void *user, people_Registered event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user, (void)recorded;
    return people_PersonRow_put(rows,
        ACTA_INIT(people_PersonRow, .person_id = event.person_id, .name = event.name, .email = event.email,
            .city = event.city),
        error);
}

static acta_status
row_of_change(void *user, people_EmailChanged event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    people_PersonRow row;
    (void)user, (void)recorded;

    acta_status status = people_PersonRow_get(rows, event.person_id, &row, error);
    if (status != ACTA_OK) return status;
    row.email = event.email;
    return people_PersonRow_put(rows, row, error);
}

static const people_projection people_rows =
    PEOPLE_PROJECTION(.name = "people", .on = { .Registered = row_of_person, .EmailChanged = row_of_change });
const acta_projection *const people_projections[] = { &people_rows.base, NULL };

static acta_status
see(void *user, people_Registered event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)recorded;
    if (people_saw.fails) return acta_error_set(error, ACTA_FAILED, "not yet");
    atomic_fetch_add(&people_saw.registered, 1);
    if (acta_is_forgotten(event.email)) atomic_fetch_add(&people_saw.forgotten, 1);
    snprintf(people_saw.email, sizeof people_saw.email, ACTA_FMT, ACTA_ARG(event.email));
    return ACTA_OK;
}

static const people_event_handler people_watch =
    PEOPLE_EVENT_HANDLER(.name = "watch", .on = { .Registered = see }, .retry_max = 1);
const acta_event_handler *const people_handlers[] = { &people_watch.base, NULL };

/* -- commands -- */

acta_status
people_register(fixture *f, const char *id, const char *name, const char *email)
{
    static const uint8_t photo[] = "PHOTO-OF-SOMEBODY";
    const people_Relative relatives[] = { ACTA_INIT(
        people_Relative, .relative_id = S("aunt"), .name = S("Aunt Agatha")) };

    return people_Register_dispatch(f->app,
        ACTA_INIT(people_Register, .person_id = acta_str_of(id), .name = acta_str_of(name), .email = acta_str_of(email),
            .photo = { .data = photo, .count = sizeof photo - 1 }, .relatives = { .data = relatives, .count = 1 },
            .city = S("Bergen"), .password = S("hunter2")),
        &patiently, &f->error);
}

acta_status
people_change_email(fixture *f, const char *id, const char *email)
{
    return people_ChangeEmail_dispatch(f->app,
        ACTA_INIT(people_ChangeEmail, .person_id = acta_str_of(id), .email = acta_str_of(email)), &patiently,
        &f->error);
}

/* -- the application over its keys -- */

static acta_key_ring *ring; /* of the memory engine: outlives a crash, as a file does */
static acta_key_service ring_service;

int
set_up_people(void **state)
{
    int failed = set_up(state);
    fixture *f = *state;
    if (failed != 0) return failed;

    f->config.schema = &people_schema;
    f->config.aggregates = people_aggregates;
    f->config.projections = people_projections;
    f->config.process_managers = people_process_managers;
    f->config.event_handlers = people_handlers;
    people_saw = (people_seen){ .email = "" };
    ring = NULL;
    if (!f->memory) return 0;
    ring = acta_key_ring_create(NULL);
    ring_service = acta_key_ring_service(ring);
    f->config.keys = &ring_service;
    return 0;
}

int
tear_down_people(void **state)
{
    int failed = tear_down(state);

    acta_key_ring_destroy(ring);
    return failed;
}

people_Person
person(fixture *f, const char *id)
{
    people_Person state;

    MUST(f, people_Person_read(f->app, acta_str_of(id), &state, f->scratch, &f->error));
    return state;
}
