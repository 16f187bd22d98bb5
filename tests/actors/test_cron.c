/*
 * Cron expressions: what they stand for is what a reader that knows nothing but the calendar of the C library says, minute by
 * minute over years; and what is none is refused with the field and the column.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "acta/schedule.h"
#include "seed.h"

#define S(literal) acta_str_of(literal)
#define MINUTE_US  INT64_C(60000000)

static acta_cron
parsed(const char *text)
{
    acta_cron cron;
    acta_error error;

    if (acta_cron_parse(acta_str_of(text), &cron, &error) != ACTA_OK) fail_msg("%s", error.text);
    return cron;
}

/* "2024-02-29 10:30", UTC. */
static int64_t
us_of(const char *text)
{
    struct tm tm = { .tm_year = 0 };

    assert_int_equal(sscanf(text, "%d-%d-%d %d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min), 5);
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return (int64_t)timegm(&tm) * 1000000;
}

static void
expect_next(const char *cron, int32_t offset_min, const char *after, const char *expected)
{
    acta_cron c = parsed(cron);
    int64_t next_us;

    assert_true(acta_cron_next(&c, offset_min, us_of(after), &next_us));
    if (next_us == us_of(expected)) return;
    fail_msg("'%s' behind %s: expected %s, it is %s %lld minutes apart", cron, after, expected,
        next_us > us_of(expected) ? "later by" : "earlier by", (long long)llabs(next_us - us_of(expected)) / MINUTE_US);
}

/* -- the oracle -- */

enum { MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS, FIELDS, ITEMS_MAX = 3 };
static const int least[FIELDS] = { 0, 0, 1, 1, 0 }, most[FIELDS] = { 59, 23, 31, 12, 7 };

typedef struct item {
    int from, to, step;
} item;
typedef struct drawn {
    item items[FIELDS][ITEMS_MAX];
    int counts[FIELDS];
    bool stars[FIELDS]; /* begins with '*' */
    char text[ACTA_SCHEDULE_CRON_MAX];
} drawn;

static uint64_t random_state;

static int
draw(int count)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (int)(random_state % (uint64_t)count);
}

static void
put_value(drawn *d, int field, int value)
{
    static const char *const months[] = { "", "Jan", "feb", "MAR", "apr", "may", "jun", "jul", "aug", "sep", "oct",
        "nov", "dec" };
    static const char *const weekdays[] = { "sun", "Mon", "tue", "wed", "THU", "fri", "sat" };
    size_t used = strlen(d->text);
    bool by_name = draw(3) == 0;

    if (by_name && field == MONTHS)
        snprintf(d->text + used, sizeof d->text - used, "%s", months[value]);
    else if (by_name && field == WEEKDAYS && value < 7)
        snprintf(d->text + used, sizeof d->text - used, "%s", weekdays[value]);
    else
        snprintf(d->text + used, sizeof d->text - used, draw(8) == 0 ? "%02d" : "%d", value);
}

static void
put_text(drawn *d, const char *text)
{
    strncat(d->text, text, sizeof d->text - strlen(d->text) - 1);
}

static void
draw_item(drawn *d, int field, int number)
{
    item *it = &d->items[field][number];
    int span = most[field] - least[field] + 1;
    char step[16];

    *it = (item){ least[field], most[field], 1 };
    int shape = draw(field == MINUTES ? 5 : 6);
    if (shape >= 4) {
        put_text(d, "*");
        if (number == 0) d->stars[field] = true;
    } else {
        it->from = least[field] + draw(span);
        put_value(d, field, it->from);
        if (shape == 1 || shape == 2) {
            it->to = it->from + draw(most[field] - it->from + 1);
            put_text(d, "-");
            put_value(d, field, it->to);
            if (field == WEEKDAYS && it->to == 0 && it->from > 0) it->to = 7;
        } else if (shape == 0)
            it->to = it->from;
    }
    /* a/n goes to the end: without a step it would be a number alone */
    bool needs_step = shape == 3;
    if (shape == 0 || (!needs_step && draw(2) == 0)) return;
    it->step = 1 + draw(most[field]);
    snprintf(step, sizeof step, "/%d", it->step);
    put_text(d, step);
}

static void
draw_expression(drawn *d)
{
    *d = (drawn){ .text = "" };
    for (int field = 0; field < FIELDS; field++) {
        if (field > 0) put_text(d, draw(4) == 0 ? " \t" : " ");
        d->counts[field] = 1 + (draw(3) == 0 ? draw(ITEMS_MAX) : 0);
        for (int i = 0; i < d->counts[field]; i++) {
            if (i > 0) put_text(d, ",");
            draw_item(d, field, i);
        }
    }
}

static bool
holds(const drawn *d, int field, int value)
{
    for (int i = 0; i < d->counts[field]; i++) {
        const item *it = &d->items[field][i];
        if (value >= it->from && value <= it->to && (value - it->from) % it->step == 0) return true;
    }
    return false;
}

static bool
is_meant(const drawn *d, int64_t minute, int32_t offset_min)
{
    time_t seconds = (time_t)((minute + offset_min) * 60);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    if (!holds(d, MINUTES, tm.tm_min) || !holds(d, HOURS, tm.tm_hour) || !holds(d, MONTHS, tm.tm_mon + 1)) return false;
    bool by_month = holds(d, DAYS, tm.tm_mday);
    bool by_week = holds(d, WEEKDAYS, tm.tm_wday) || (tm.tm_wday == 0 && holds(d, WEEKDAYS, 7));
    bool either = !d->stars[DAYS] && !d->stars[WEEKDAYS];
    return either ? by_month || by_week : by_month && by_week;
}

/* Every minute of the span is asked of the oracle; those that it names are the ones that come one after the other. */
static uint32_t
compare(const drawn *d, int64_t from_minute, int64_t minutes, int32_t offset_min)
{
    acta_cron cron;
    acta_error error;
    uint32_t met = 0;
    int64_t next_us = INT64_MIN;

    acta_status status = acta_cron_parse(acta_str_of(d->text), &cron, &error);
    if (status != ACTA_OK && strstr(error.text, "no month that is meant") != NULL) next_us = INT64_MAX;
    if (status != ACTA_OK && next_us != INT64_MAX) fail_msg("%s", error.text);
    if (next_us == INT64_MIN && !acta_cron_next(&cron, offset_min, from_minute * MINUTE_US - 1, &next_us))
        next_us = INT64_MAX;
    for (int64_t minute = from_minute; minute < from_minute + minutes; minute++) {
        bool expected = is_meant(d, minute, offset_min);
        if (expected != (next_us == minute * MINUTE_US))
            fail_msg("'%s', %d ahead of UTC: minute %lld since 1970 is %smeant, next is %lld", d->text, offset_min,
                (long long)minute, expected ? "" : "not ", (long long)(next_us / MINUTE_US));
        if (!expected) continue;
        met++;
        if (!acta_cron_next(&cron, offset_min, minute * MINUTE_US + draw(60000000), &next_us)) next_us = INT64_MAX;
    }
    return met;
}

/* Years of minutes: ACTA_CRON_EXPRESSIONS of them, a stretch of 20,000 minutes each, that begins anywhere in 60 years. */
static void
expressions_mean_what_the_calendar_says(void **state)
{
    enum { STRETCH = 20000, YEARS_60 = 60 * 365 * 1440 };
    const char *count = getenv("ACTA_CRON_EXPRESSIONS");
    long expressions = count != NULL ? strtol(count, NULL, 10) : 200;
    uint32_t met = 0;
    drawn d;
    (void)state;

    random_state = seed_of_this_run();
    for (long i = 0; i < expressions; i++) {
        draw_expression(&d);
        met += compare(&d, draw(YEARS_60), STRETCH, draw(3) == 0 ? draw(2 * 1439) - 1439 : 0);
    }
    assert_true(met > expressions); /* they do stand for something */
}

/* Four years by the minute, with the leap day in them. */
static void
rare_days_come_in_four_years(void **state)
{
    drawn leap = { .items = { { { 30, 30, 1 } }, { { 6, 6, 1 } }, { { 29, 29, 1 } }, { { 2, 2, 1 } }, { { 0, 7, 1 } } },
        .counts = { 1, 1, 1, 1, 1 },
        .stars = { [WEEKDAYS] = true },
        .text = "30 6 29 2 *" };
    (void)state;

    random_state = seed_of_this_run();
    assert_int_equal(compare(&leap, us_of("2023-01-01 00:00") / MINUTE_US, 4 * 365 * 1440 + 1440, 0), 1);
}

/* -- by hand -- */

static void
known_ones_come_at_known_times(void **state)
{
    (void)state;
    expect_next("* * * * *", 0, "2024-01-01 00:00", "2024-01-01 00:01");
    expect_next("*/15 8-17 * * mon-fri", 0, "2024-03-01 17:45", "2024-03-04 08:00"); /* a Friday */
    expect_next("0 0 29 2 *", 0, "2096-03-01 00:00", "2104-02-29 00:00");            /* 2100 has none */
    expect_next("0 12 13 * fri", 0, "2024-09-14 00:00", "2024-09-20 12:00");         /* either day */
    expect_next("0 12 */13 * fri", 0, "2024-09-14 00:00", "2024-09-27 12:00");       /* both: a star */
    expect_next("0 0 * * 7", 0, "2024-01-01 00:00", "2024-01-07 00:00");
    expect_next("0 0 * * sat-sun", 0, "2024-01-01 00:00", "2024-01-06 00:00");
    expect_next("@yearly", 0, "2024-01-01 00:00", "2025-01-01 00:00");
    expect_next("@monthly", 0, "2024-01-31 23:59", "2024-02-01 00:00");
    expect_next("@weekly", 0, "2024-01-01 00:00", "2024-01-07 00:00");
    expect_next("@daily", 60, "2024-01-01 00:00", "2024-01-01 23:00");
    expect_next("@daily", -300, "2024-01-01 00:00", "2024-01-01 05:00");
    expect_next("@hourly", 330, "2024-01-01 00:00", "2024-01-01 00:30");
    expect_next("59 23 31 12 *", 0, "1969-12-31 23:58", "1969-12-31 23:59");
}

static void
expect_refused(const char *text, const char *where, const char *expected)
{
    acta_cron cron;
    acta_error error;

    assert_int_equal(acta_cron_parse(acta_str_of(text), &cron, &error), ACTA_INVALID);
    if (strcmp(error.where, where) != 0 || strstr(error.text, expected) == NULL)
        fail_msg("'%s' is refused in '%s': %s", text, error.where, error.text);
}

static void
what_is_none_is_refused_with_field_and_column(void **state)
{
    (void)state;
    expect_refused("", "minute", "column 1, minute: the field is missing");
    expect_refused("60 * * * *", "minute", "column 1, minute: 60 is not in 0-59");
    expect_refused("* 24 * * *", "hour", "column 3, hour: 24 is not in 0-23");
    expect_refused("* * 0 * *", "day of month", "column 5, day of month: 0 is not in 1-31");
    expect_refused("* * * 13 *", "month", "column 7, month: 13 is not in 1-12");
    expect_refused("* * * * 8", "day of week", "column 9, day of week: 8 is not in 0-7");
    expect_refused("* * * foo *", "month", "column 7, month: a number, a name of three letters or '*'");
    expect_refused("x * * * *", "minute", "column 1, minute: a number or '*' is missing");
    expect_refused("5-3 * * * *", "minute", "column 3, minute: a range ends before it begins");
    expect_refused("*/0 * * * *", "minute", "column 3, minute: no step is as long as this");
    expect_refused("*/99999999999 * * * *", "minute", "column 3, minute: no step");
    expect_refused("*/ * * * *", "minute", "column 3, minute: a number must follow");
    expect_refused("1, * * * *", "minute", "column 3, minute: a number");
    expect_refused("1x * * * *", "minute", "column 2, minute: this is no part");
    expect_refused("* * * *", "day of week", "column 8, day of week: the field is missing");
    expect_refused("* * * * * *", "", "column 11: there are more than five fields");
    expect_refused("0 0 30 2 *", "day of month", "no month that is meant has such a day");
    expect_refused("@reboot", "", "column 1: @yearly");
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(known_ones_come_at_known_times),
        cmocka_unit_test(what_is_none_is_refused_with_field_and_column), cmocka_unit_test(rare_days_come_in_four_years),
        cmocka_unit_test(expressions_mean_what_the_calendar_says) };

    return cmocka_run_group_tests_name("cron", tests, NULL, NULL);
}
