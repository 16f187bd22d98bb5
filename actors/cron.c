/*
 * Cron expressions: read into sets of numbers, and the next minute that is in them.
 *
 *     0,15,30,45 8-17 * * mon-fri   ->   minutes {0 15 30 45}  hours {8 … 17}  days {1 … 31}  months {1 … 12}  weekdays {1 … 5}
 *
 * next: a day at a time, with months that aren't meant passed over; within the day the first hour and minute that are left.
 * Days are counted as Howard Hinnant does ("chrono-Compatible Low-Level Date Algorithms", 2013: civil_from_days).
 */
#include "acta/schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };
enum { MINUTES_A_DAY = 1440, MINUTE_US = 60000000, YEARS_MAX = 400, YEAR_MAX = 9999 };

typedef struct cron_field {
    const char *name;
    uint32_t min, max;
    const char *words; /* each of three letters, the first stands for `min`; "": none */
} cron_field;

static const cron_field fields[FIELDS] = { { "minute", 0, 59, "" }, { "hour", 0, 23, "" },
    { "day of month", 1, 31, "" }, { "month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec" },
    { "day of week", 0, 7, "sunmontuewedthufrisat" } };

/* -- reading -- */

typedef struct cron_reader {
    acta_str text;
    size_t at;
    const cron_field *field;
    acta_error *error;
} cron_reader;

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The byte in hand; '\0' at the end. */
static char
peek(const cron_reader *r)
{
    return r->at < r->text.size ? r->text.data[r->at] : '\0';
}

static acta_status
refuse(const cron_reader *r, size_t at, const char *what)
{
    const char *name = r->field != NULL ? r->field->name : "";

    acta_error_set(r->error, ACTA_INVALID, "cron expression '%.*s', column %zu%s%s: %s",
        (int)(r->text.size < 100 ? r->text.size : 100), r->text.data != NULL ? r->text.data : "", at + 1,
        r->field != NULL ? ", " : "", name, what);
    if (r->error != NULL) snprintf(r->error->where, sizeof r->error->where, "%s", name);
    return ACTA_INVALID;
}

static acta_status
refuse_number(const cron_reader *r, size_t at, uint32_t number)
{
    char what[80];

    snprintf(what, sizeof what, "%" PRIu32 " is not in %" PRIu32 "-%" PRIu32, number, r->field->min, r->field->max);
    return refuse(r, at, what);
}

static bool
read_digits(cron_reader *r, uint32_t *number_out)
{
    size_t begin = r->at;

    *number_out = 0;
    for (char c = peek(r); c >= '0' && c <= '9'; c = peek(r)) {
        if (*number_out < 100000) *number_out = *number_out * 10 + (uint32_t)(c - '0');
        r->at++;
    }
    return r->at > begin;
}

/* "mon", where the field has names; false: there is none here. */
static bool
read_word(cron_reader *r, uint32_t *number_out)
{
    const char *words = r->field->words;

    if (r->text.size - r->at < 3) return false;
    for (uint32_t i = 0; words[i * 3] != '\0'; i++) {
        const char *here = r->text.data + r->at;
        if (lower(here[0]) != words[i * 3] || lower(here[1]) != words[i * 3 + 1] || lower(here[2]) != words[i * 3 + 2])
            continue;
        *number_out = r->field->min + i;
        r->at += 3;
        return true;
    }
    return false;
}

static acta_status
read_value(cron_reader *r, uint32_t *value_out)
{
    size_t begin = r->at;

    if (!read_digits(r, value_out) && !read_word(r, value_out))
        return refuse(r, begin,
            r->field->words[0] != '\0' ? "a number, a name of three letters or '*' is missing here"
                                       : "a number or '*' is missing here");
    return *value_out >= r->field->min && *value_out <= r->field->max ? ACTA_OK : refuse_number(r, begin, *value_out);
}

static acta_status
read_step(cron_reader *r, uint32_t *step_out)
{
    *step_out = 1;
    if (peek(r) != '/') return ACTA_OK;
    size_t begin = ++r->at;
    if (!read_digits(r, step_out)) return refuse(r, begin, "a number must follow '/'");
    if (*step_out == 0 || *step_out > r->field->max) return refuse(r, begin, "no step is as long as this");
    return ACTA_OK;
}

/* The range that begins with `first`; "sat-sun" ends with the Sunday that follows. */
static acta_status
read_last(cron_reader *r, uint32_t first, uint32_t *last_out)
{
    size_t begin = ++r->at;
    acta_status status = read_value(r, last_out);
    if (status != ACTA_OK) return status;

    if (r->field == &fields[WEEKDAY] && *last_out == 0 && first > 0) *last_out = 7;
    return *last_out >= first ? ACTA_OK : refuse(r, begin, "a range ends before it begins");
}

/* One of a list. */
static acta_status
read_item(cron_reader *r, uint64_t *set)
{
    uint32_t first = r->field->min, last = r->field->max, step;
    bool is_one = false;

    if (peek(r) == '*')
        r->at++;
    else {
        acta_status status = read_value(r, &first);
        if (status == ACTA_OK && peek(r) == '-')
            status = read_last(r, first, &last);
        else
            is_one = peek(r) != '/';
        if (status != ACTA_OK) return status;
    }
    acta_status status = read_step(r, &step);
    if (status != ACTA_OK) return status;
    if (is_one) last = first;
    for (uint32_t n = first; n <= last; n += step)
        *set |= UINT64_C(1) << n;
    return ACTA_OK;
}

static acta_status
read_field(cron_reader *r, uint64_t *set_out, bool *is_star_out)
{
    *set_out = 0;
    *is_star_out = peek(r) == '*';
    if (r->at == r->text.size) return refuse(r, r->at, "the field is missing; there must be five");
    for (;;) {
        acta_status status = read_item(r, set_out);
        if (status != ACTA_OK) return status;
        if (peek(r) != ',') break;
        r->at++;
    }
    if (r->at < r->text.size && !is_blank(peek(r))) return refuse(r, r->at, "this is no part of a cron expression");
    return ACTA_OK;
}

static void
skip_blanks(cron_reader *r)
{
    while (is_blank(peek(r)))
        r->at++;
}

/* "@daily" -> "0 0 * * *"; false: there is no such name. */
static bool
expand(acta_str text, acta_str *text_out)
{
    static const char *const names[][2] = { { "@yearly", "0 0 1 1 *" }, { "@annually", "0 0 1 1 *" },
        { "@monthly", "0 0 1 * *" }, { "@weekly", "0 0 * * 0" }, { "@daily", "0 0 * * *" },
        { "@midnight", "0 0 * * *" }, { "@hourly", "0 * * * *" } };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!acta_str_equal(text, acta_str_of(names[i][0]))) continue;
        *text_out = acta_str_of(names[i][1]);
        return true;
    }
    return false;
}

static acta_status
read_fields(cron_reader *r, uint64_t *sets, bool *are_stars)
{
    for (int i = 0; i < FIELDS; i++) {
        r->field = &fields[i];
        skip_blanks(r);
        acta_status status = read_field(r, &sets[i], &are_stars[i]);
        if (status != ACTA_OK) return status;
    }
    r->field = NULL;
    skip_blanks(r);
    return r->at == r->text.size ? ACTA_OK : refuse(r, r->at, "there are more than five fields");
}

acta_status
acta_cron_parse(acta_str text, acta_cron *cron_out, acta_error *error)
{
    cron_reader r = { .text = text, .error = error };
    uint64_t sets[FIELDS];
    bool are_stars[FIELDS];
    int64_t next_us;

    if (text.size > 0 && text.data[0] == '@' && !expand(text, &r.text))
        return refuse(&r, 0, "@yearly, @monthly, @weekly, @daily and @hourly are known");
    acta_status status = read_fields(&r, sets, are_stars);
    if (status != ACTA_OK) return status;

    *cron_out = (acta_cron){ .minutes = sets[MINUTE],
        .hours = (uint32_t)sets[HOUR],
        .days = (uint32_t)sets[DAY],
        .months = (uint32_t)sets[MONTH],
        .weekdays = (uint32_t)((sets[WEEKDAY] | sets[WEEKDAY] >> 7) & 0x7f),
        .either_day = !are_stars[DAY] && !are_stars[WEEKDAY] };
    if (acta_cron_next(cron_out, 0, 0, &next_us)) return ACTA_OK;
    r.field = &fields[DAY];
    return refuse(&r, 0, "no month that is meant has such a day");
}

/* -- the next one -- */

typedef struct civil {
    int64_t year;
    uint32_t month, day, weekday;
} civil;

static int64_t
floor_of(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static civil
civil_of(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = floor_of(shifted, 146097);
    int64_t of_era = shifted - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * of_year + 2) / 153;
    uint32_t month = (uint32_t)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);

    return (civil){ .year = year_of_era + era * 400 + (month <= 2),
        .month = month,
        .day = (uint32_t)(of_year - (153 * month_from_march + 2) / 5 + 1),
        .weekday = (uint32_t)(((days + 4) % 7 + 7) % 7) };
}

static uint32_t
days_in(int64_t year, uint32_t month)
{
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (month == 2) return is_leap ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static bool
is_day(const acta_cron *cron, const civil *date)
{
    bool by_month = (cron->days >> date->day & 1) != 0, by_week = (cron->weekdays >> date->weekday & 1) != 0;
    return cron->either_day ? by_month || by_week : by_month && by_week;
}

/* The first minute of a day from `from` on; MINUTES_A_DAY: none. */
static uint32_t
minute_of_day(const acta_cron *cron, uint32_t from)
{
    for (uint32_t hour = from / 60; hour < 24; hour++) {
        if ((cron->hours >> hour & 1) == 0) continue;
        for (uint32_t minute = hour == from / 60 ? from % 60 : 0; minute < 60; minute++)
            if ((cron->minutes >> minute & 1) != 0) return hour * 60 + minute;
    }
    return MINUTES_A_DAY;
}

bool
acta_cron_next(const acta_cron *cron, int32_t utc_offset_min, int64_t after_us, int64_t *next_us_out)
{
    int64_t first = floor_of(after_us, MINUTE_US) + 1 + utc_offset_min; /* in minutes of that clock */
    int64_t day = floor_of(first, MINUTES_A_DAY);
    uint32_t from = (uint32_t)(first - day * MINUTES_A_DAY);
    int64_t last_year = civil_of(day).year + YEARS_MAX;

    if (last_year > YEAR_MAX) last_year = YEAR_MAX;
    for (;; from = 0) {
        civil date = civil_of(day);
        if (date.year > last_year) return false;
        if ((cron->months >> date.month & 1) == 0) {
            day += days_in(date.year, date.month) - date.day + 1;
            continue;
        }
        uint32_t minute = is_day(cron, &date) ? minute_of_day(cron, from) : MINUTES_A_DAY;
        if (minute < MINUTES_A_DAY) {
            *next_us_out = (day * MINUTES_A_DAY + minute - utc_offset_min) * MINUTE_US;
            return true;
        }
        day++;
    }
}
