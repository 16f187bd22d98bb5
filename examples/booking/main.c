/*
 * Apartments to let, in a shell. README.md goes through it.
 *
 *     $ booking add loft olga Berlin 80
 *     $ booking request loft ann 2019-09-10 2019-09-14
 *     $ booking accept loft loft-ann-2019-09-10 olga
 */
#include "booking.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SETTLE_MS = 60000, STOP_MS = 5000, DAY_S = 86400 };

static const acta_aggregate *const aggregates[] = { &booking_apartment.base, &booking_payment.base, NULL };
static const acta_process_manager *const process_managers[] = { &booking_charging.base, NULL };
static const acta_projection *const projections[] = { &booking_apartments.base, &booking_taken.base,
    &booking_stays.base, NULL };
static const acta_event_handler *const event_handlers[] = { &booking_notify.base, NULL };
static const acta_event_handler *const event_handlers_now[] = { &booking_notify.base, &booking_tax.base, NULL };

/* -- days -- */

static acta_status
parse_day(const char *text, int32_t *day_out, acta_error *error)
{
    struct tm date = { 0 };
    const char *rest = strptime(text, "%Y-%m-%d", &date);
    int day = date.tm_mday;
    time_t at = timegm(&date); /* makes March of the 30th of February */

    if (rest == NULL || *rest != '\0' || date.tm_mday != day)
        return acta_error_set(error, ACTA_INVALID, "'%s' is no day; one is written as 2019-09-10", text);
    *day_out = (int32_t)(at / DAY_S);
    return ACTA_OK;
}

static acta_status
parse_days(char **word, booking_Days *days_out, acta_error *error)
{
    acta_status status = parse_day(word[0], &days_out->first, error);
    return status == ACTA_OK ? parse_day(word[1], &days_out->last, error) : status;
}

static const char *
day_text(int32_t day, char *text, size_t size)
{
    time_t seconds = (time_t)day * DAY_S;
    struct tm date;

    strftime(text, size, "%Y-%m-%d", gmtime_r(&seconds, &date));
    return text;
}

/* -- commands -- */

static acta_status
add(acta_app *app, char **word, acta_error *error)
{
    char *rest;
    unsigned long price = strtoul(word[3], &rest, 10);

    if (*word[3] < '0' || *word[3] > '9' || *rest != '\0' || price > UINT32_MAX)
        return acta_error_set(error, ACTA_INVALID, "'%s' is no price", word[3]);
    return booking_AddApartment_dispatch(app,
        ACTA_INIT(booking_AddApartment, .apartment_id = acta_str_of(word[0]), .owner = acta_str_of(word[1]),
            .city = acta_str_of(word[2]), .price = (uint32_t)price),
        NULL, error);
}

static acta_status
request(acta_app *app, char **word, acta_error *error)
{
    char stay_id[128];
    booking_Days days = { 0 };

    acta_status status = parse_days(word + 2, &days, error);
    if (status != ACTA_OK) return status;
    snprintf(stay_id, sizeof stay_id, "%s-%s-%s", word[0], word[1], word[2]);
    return booking_RequestStay_dispatch(app,
        ACTA_INIT(booking_RequestStay, .apartment_id = acta_str_of(word[0]), .stay_id = acta_str_of(stay_id),
            .guest = acta_str_of(word[1]), .days = days),
        NULL, error);
}

static acta_status
accept(acta_app *app, char **word, acta_error *error)
{
    return booking_AcceptStay_dispatch(app,
        ACTA_INIT(booking_AcceptStay, .apartment_id = acta_str_of(word[0]), .stay_id = acta_str_of(word[1]),
            .owner = acta_str_of(word[2])),
        NULL, error);
}

/* -- what is read -- */

typedef struct search {
    acta_app *app;
    booking_Days days;
    bool is_taken;
    acta_status status;
    acta_error *error;
} search;

static bool
look_at_taken(void *user, const booking_TakenRow *row)
{
    search *s = user;

    s->is_taken = booking_overlap(row->days, s->days);
    return !s->is_taken;
}

static bool
look_at_apartment(void *user, const booking_ApartmentRow *row)
{
    search *s = user;

    s->is_taken = false;
    s->status = booking_TakenRow_by_apartment_id(
        s->app, &(acta_str_range){ .equal = row->apartment_id }, look_at_taken, s, s->error);
    if (s->status == ACTA_OK && !s->is_taken)
        printf("%-8.*s %4" PRIu32 " a night\n", ACTA_ARG(row->apartment_id), row->price);
    return s->status == ACTA_OK;
}

static acta_status
print_search(acta_app *app, char **word, acta_error *error)
{
    search s = { .app = app, .error = error };

    acta_status status = parse_days(word + 1, &s.days, error);
    if (status != ACTA_OK) return status;
    status = booking_ApartmentRow_by_city(
        app, &(acta_str_range){ .equal = acta_str_of(word[0]) }, look_at_apartment, &s, error);
    return status == ACTA_OK ? s.status : status;
}

static bool
print_stay(void *user, const booking_StayRow *row)
{
    char first[16], last[16];
    static const char *const answers[] = { "requested", "accepted", "declined" };

    (void)user;
    printf("%-8.*s %s to %s  %-9s  charged %" PRIu64 "\n", ACTA_ARG(row->apartment_id),
        day_text(row->days.first, first, sizeof first), day_text(row->days.last, last, sizeof last),
        answers[row->answer], row->charged);
    return true;
}

static acta_status
print_stays(acta_app *app, char **word, acta_error *error)
{
    return booking_StayRow_by_guest(app, &(acta_str_range){ .equal = acta_str_of(word[0]) }, print_stay, NULL, error);
}

/* The handler that came later has written its slips by now. */
static acta_status
nothing_more(acta_app *app, char **word, acta_error *error)
{
    (void)app;
    (void)word;
    (void)error;
    return ACTA_OK;
}

/* -- the shell -- */

typedef struct command {
    const char *name, *words;
    int word_count;
    acta_status (*run)(acta_app *app, char **word, acta_error *error);
    const acta_event_handler *const *event_handlers;
} command;

static const command commands[] = {
    { "add", "APARTMENT OWNER CITY PRICE", 4, add, event_handlers },
    { "request", "APARTMENT GUEST FIRST-DAY LAST-DAY", 4, request, event_handlers },
    { "accept", "APARTMENT STAY OWNER", 3, accept, event_handlers },
    { "search", "CITY FIRST-DAY LAST-DAY", 3, print_search, event_handlers },
    { "stays", "GUEST", 1, print_stays, event_handlers },
    { "tax", "(slips for the city)", 0, nothing_more, event_handlers_now },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static int
run(const command *c, char **word)
{
    const acta_app_config config = { .data_path = "booking-data",
        .schema = &booking_schema,
        .aggregates = aggregates,
        .process_managers = process_managers,
        .projections = projections,
        .event_handlers = c->event_handlers };
    acta_error error;
    acta_app *app;

    acta_status status = acta_app_start(&config, &app, &error);
    if (status == ACTA_OK) {
        status = c->run(app, word, &error);
        if (status == ACTA_OK) status = acta_app_settle(app, SETTLE_MS, &error); /* every reaction has had its turn */
        acta_app_stop(app, STOP_MS, NULL);
    }
    if (status != ACTA_OK) fprintf(stderr, "booking: %s\n", error.text);
    return status != ACTA_OK;
}

int
main(int argc, char **argv)
{
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (argc == commands[i].word_count + 2 && strcmp(argv[1], commands[i].name) == 0)
            return run(&commands[i], argv + 2);
    fprintf(stderr, "usage:\n");
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(stderr, "  booking %-7s %s\n", commands[i].name, commands[i].words);
    return 2;
}
