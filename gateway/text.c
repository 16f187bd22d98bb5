/*
 * JSON into a writer (writer.h).
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "internal.h"

acti_json
acti_json_into(acta_writer *text)
{
    return (acti_json){ .text = text };
}

static void
begin(acti_json *json, const char *key)
{
    uint64_t bit = UINT64_C(1) << json->depth;

    if (json->has_member & bit) acta_writer_add(json->text, acta_str_of(","));
    json->has_member |= bit;
    if (key == NULL) return;
    acta_writer_json(json->text, acta_str_of(key));
    acta_writer_add(json->text, acta_str_of(":"));
}

void
acti_json_open(acti_json *json, const char *key, char bracket)
{
    begin(json, key);
    acta_writer_add(json->text, acta_str_from(&bracket, 1));
    json->depth++;
    json->has_member &= ~(UINT64_C(1) << json->depth);
}

void
acti_json_close(acti_json *json, char bracket)
{
    json->depth--;
    acta_writer_add(json->text, acta_str_from(&bracket, 1));
}

void
acti_json_string(acti_json *json, const char *key, acta_str value)
{
    begin(json, key);
    acta_writer_json(json->text, value);
}

void
acti_json_text(acti_json *json, const char *key, const char *value)
{
    if (value == NULL)
        acti_json_raw(json, key, acta_str_of("null"));
    else
        acti_json_string(json, key, acta_str_of(value));
}

void
acti_json_number(acti_json *json, const char *key, uint64_t value)
{
    begin(json, key);
    acta_writer_format(json->text, "%" PRIu64, value);
}

void
acti_json_signed(acti_json *json, const char *key, int64_t value)
{
    begin(json, key);
    acta_writer_format(json->text, "%" PRId64, value);
}

void
acti_json_real(acti_json *json, const char *key, double value)
{
    char digits[32];

    begin(json, key);
    snprintf(digits, sizeof digits, isfinite(value) ? "%.6g" : "null", value);
    for (char *c = digits; *c != '\0'; c++)
        if (*c == ',') *c = '.'; /* the host may speak a language that writes it so */
    acta_writer_add(json->text, acta_str_of(digits));
}

void
acti_json_bool(acti_json *json, const char *key, bool value)
{
    acti_json_raw(json, key, acta_str_of(value ? "true" : "false"));
}

void
acti_json_pid(acti_json *json, const char *key, acta_pid pid)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, pid.value); /* numbers of JSON end at 2^53 for many */
    acti_json_text(json, key, pid.value != 0 ? text : NULL);
}

void
acti_json_id(acti_json *json, const char *key, acta_id id)
{
    char text[ACTA_ID_TEXT_SIZE];

    if (!acta_id_is_none(id)) acti_json_text(json, key, acta_id_format(id, text));
}

void
acti_json_time(acti_json *json, const char *key, int64_t at_us)
{
    char seconds[40], text[64];
    int64_t whole = at_us >= 0 ? at_us / 1000000 : (at_us - 999999) / 1000000;
    time_t at = (time_t)whole;
    struct tm utc;

    if (at_us == 0 || gmtime_r(&at, &utc) == NULL) {
        acti_json_text(json, key, NULL);
        return;
    }
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, sizeof text, "%s.%06dZ", seconds, (int)(at_us - whole * 1000000));
    acti_json_text(json, key, text);
}

void
acti_json_raw(acti_json *json, const char *key, acta_str finished)
{
    begin(json, key);
    acta_writer_add(json->text, finished);
}
