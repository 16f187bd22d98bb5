/*
 * The exporter of a program that has no line of code for it: what the environment of the process says, in OpenTelemetry's names.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "acta/attachment.h"

#include "internal.h"

enum { PAIRS_MAX = 64, TEXT_MAX = 8192, URL_SIZE = 2048, COUNT_MAX = 1000000, MILLION = 1000000 };

typedef struct pairs {
    acta_otlp_pair list[PAIRS_MAX];
    uint32_t count;
    char text[TEXT_MAX]; /* what they are views of */
} pairs;

typedef struct settings {
    acta_otlp_options options;
    pairs headers, attributes;
    char url[URL_SIZE];
    bool is_off;
} settings;

/* -- the environment -- */

static const char *
variable(const char *name)
{
    const char *value = secure_getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* OTEL_EXPORTER_OTLP_TRACES_TIMEOUT comes before OTEL_EXPORTER_OTLP_TIMEOUT. */
static const char *
otlp_variable(const char *name)
{
    char of_traces[64], of_all[64];

    snprintf(of_traces, sizeof of_traces, "OTEL_EXPORTER_OTLP_TRACES_%s", name);
    snprintf(of_all, sizeof of_all, "OTEL_EXPORTER_OTLP_%s", name);
    const char *value = variable(of_traces);
    return value != NULL ? value : variable(of_all);
}

static acta_status
read_count(const char *text, const char *name, uint32_t *count_out, acta_error *error)
{
    char *end;

    if (text == NULL) return ACTA_OK;
    unsigned long count = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || count == 0 || count > COUNT_MAX)
        return acta_error_set(
            error, ACTA_INVALID, "%s: '%.40s' is no whole number from 1 to %d", name, text, COUNT_MAX);
    *count_out = (uint32_t)count;
    return ACTA_OK;
}

/* -- lists: "name=value,name=value", with values as in a URL -- */

/* Where it stands; what is no escape stays as it is. */
static void
decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        char digits[3] = "";
        if (*from == '%') strncat(digits, from + 1, 2);
        if (strlen(digits) == 2 && strspn(digits, "0123456789abcdefABCDEF") == 2 && strcmp(digits, "00") != 0) {
            *to++ = (char)strtol(digits, NULL, 16);
            from += 2;
        } else
            *to++ = *from;
    }
    *to = '\0';
}

static char *
trim(char *text)
{
    text += strspn(text, " \t");
    for (size_t size = strlen(text); size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'); size--)
        text[size - 1] = '\0';
    return text;
}

/* Values may be secrets, and are not told. */
static acta_status
read_pairs(const char *text, const char *name, pairs *to, acta_error *error)
{
    char *rest = NULL;
    if (text == NULL) return ACTA_OK;

    if (strlen(text) >= sizeof to->text)
        return acta_error_set(error, ACTA_INVALID, "%s has more than %d bytes", name, TEXT_MAX - 1);
    strcpy(to->text, text);
    for (char *pair = strtok_r(to->text, ",", &rest); pair != NULL; pair = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(pair, '=');
        if (value == NULL || value == pair)
            return acta_error_set(error, ACTA_INVALID, "%s: entry %u is no NAME=VALUE", name, to->count + 1);
        if (to->count == PAIRS_MAX)
            return acta_error_set(error, ACTA_INVALID, "%s has more than %d entries", name, PAIRS_MAX);
        *value++ = '\0';
        value = trim(value);
        decode(value);
        to->list[to->count++] = (acta_otlp_pair){ .name = trim(pair), .value = value };
    }
    return ACTA_OK;
}

/* A service that OTEL_SERVICE_NAME doesn't name may be named among the attributes. */
static void
take_service_name(settings *s)
{
    uint32_t count = 0;

    s->options.service_name = variable("OTEL_SERVICE_NAME");
    for (uint32_t i = 0; i < s->attributes.count; i++) {
        const acta_otlp_pair *pair = &s->attributes.list[i];
        if (strcmp(pair->name, "service.name") != 0)
            s->attributes.list[count++] = *pair;
        else if (s->options.service_name == NULL)
            s->options.service_name = pair->value;
    }
    s->attributes.count = count;
}

/* -- what is sent, and where to -- */

static acta_status
read_url(settings *s, acta_error *error)
{
    const char *whole = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), *base = variable("OTEL_EXPORTER_OTLP_ENDPOINT");
    const char *exporter = variable("OTEL_TRACES_EXPORTER"), *disabled = variable("OTEL_SDK_DISABLED");
    size_t size = base != NULL ? strlen(base) : 0;
    int length;

    s->is_off = (whole == NULL && base == NULL) || (exporter != NULL && strcmp(exporter, "none") == 0) ||
                (disabled != NULL && strcasecmp(disabled, "true") == 0);
    if (s->is_off) return ACTA_OK;
    if (exporter != NULL && strcmp(exporter, "otlp") != 0)
        return acta_error_set(
            error, ACTA_INVALID, "OTEL_TRACES_EXPORTER: '%.40s' is not known; otlp or none is expected", exporter);
    while (size > 0 && base[size - 1] == '/')
        size--;
    if (whole != NULL)
        length = snprintf(s->url, sizeof s->url, "%s", whole);
    else
        length = snprintf(s->url, sizeof s->url, "%.*s/v1/traces", (int)size, base);
    if (length < 0 || (size_t)length >= sizeof s->url)
        return acta_error_set(error, ACTA_INVALID, "the endpoint has more than %d bytes", URL_SIZE - 1);
    s->options.url = s->url;
    return ACTA_OK;
}

static acta_status
check_protocol(acta_error *error)
{
    const char *protocol = otlp_variable("PROTOCOL");

    if (protocol == NULL || strcmp(protocol, "http/json") == 0) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "OTEL_EXPORTER_OTLP_PROTOCOL: '%.40s' is not spoken; http/json is, which a collector takes where it takes "
        "http/protobuf",
        protocol);
}

/* "0.25" in millionths, whatever the host's language makes of a point. False: it is no number from 0 to 1. */
static bool
parse_share(const char *text, uint32_t *millionths_out)
{
    uint32_t whole = text[0] == '1', part = 0, unit = MILLION / 10;

    text += text[0] == '0' || text[0] == '1';
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9'; text++, unit /= 10)
            part += (uint32_t)(*text - '0') * unit;
    }
    *millionths_out = whole * MILLION + part;
    return *text == '\0' && *millionths_out <= MILLION;
}

static acta_status
read_share(const char *text, uint32_t *per_million_out, acta_error *error)
{
    uint32_t millionths = MILLION;

    if (text != NULL && !parse_share(text, &millionths))
        return acta_error_set(
            error, ACTA_INVALID, "OTEL_TRACES_SAMPLER_ARG: '%.40s' is no number from 0 to 1, such as 0.25", text);
    *per_million_out = millionths != 0 ? millionths : ACTA_SPAN_NO_ROOTS;
    return ACTA_OK;
}

static acta_status
read_sampler(settings *s, acta_error *error)
{
    static const char prefix[] = "parentbased_";
    const char *name = variable("OTEL_TRACES_SAMPLER");
    if (name == NULL) return ACTA_OK;

    s->options.ignores_parent = strncmp(name, prefix, sizeof prefix - 1) != 0;
    const char *rest = s->options.ignores_parent ? name : name + sizeof prefix - 1;
    if (strcmp(rest, "always_on") == 0) return ACTA_OK;
    if (strcmp(rest, "traceidratio") == 0)
        return read_share(variable("OTEL_TRACES_SAMPLER_ARG"), &s->options.roots_per_million, error);
    s->options.roots_per_million = ACTA_SPAN_NO_ROOTS;
    if (strcmp(rest, "always_off") == 0) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "OTEL_TRACES_SAMPLER: '%.40s' is not known; always_on, always_off, traceidratio, or one of these behind "
        "parentbased_ is expected",
        name);
}

static acta_status
read_environment(settings *s, acta_error *error)
{
    acta_status status = read_url(s, error);
    if (status != ACTA_OK || s->is_off) return status;

    s->options.ca_path = otlp_variable("CERTIFICATE");
    status = check_protocol(error);
    if (status == ACTA_OK)
        status = read_pairs(otlp_variable("HEADERS"), "OTEL_EXPORTER_OTLP_HEADERS", &s->headers, error);
    if (status == ACTA_OK)
        status = read_pairs(variable("OTEL_RESOURCE_ATTRIBUTES"), "OTEL_RESOURCE_ATTRIBUTES", &s->attributes, error);
    if (status == ACTA_OK)
        status = read_count(otlp_variable("TIMEOUT"), "OTEL_EXPORTER_OTLP_TIMEOUT", &s->options.timeout_ms, error);
    if (status == ACTA_OK)
        status =
            read_count(variable("OTEL_BSP_MAX_QUEUE_SIZE"), "OTEL_BSP_MAX_QUEUE_SIZE", &s->options.queue_max, error);
    if (status == ACTA_OK)
        status = read_count(
            variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE"), "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", &s->options.batch_max, error);
    if (status == ACTA_OK)
        status =
            read_count(variable("OTEL_BSP_SCHEDULE_DELAY"), "OTEL_BSP_SCHEDULE_DELAY", &s->options.delay_ms, error);
    if (status == ACTA_OK) status = read_sampler(s, error);
    take_service_name(s);
    s->options.headers = s->headers.list;
    s->options.header_count = s->headers.count;
    s->options.attributes = s->attributes.list;
    s->options.attribute_count = s->attributes.count;
    return status;
}

/* -- the attachment -- */

/* There is nothing to be stopped: it ends with the application, after all else that has spans. */
static acta_status
start(acta_app *app, const char *data_path, void **handle_out, acta_error *error)
{
    const acta_environment *environment = acta_runtime_environment(acta_app_runtime(app));
    acta_error why;

    (void)data_path;
    *handle_out = NULL;
    settings *s = environment->allocator.alloc(environment->allocator.user, sizeof *s);
    if (s == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to send spans");
    memset(s, 0, sizeof *s);
    acta_status status = read_environment(s, &why);
    if (status == ACTA_OK && !s->is_off) status = acta_otlp_start(app, &s->options, &why);
    environment->allocator.free(environment->allocator.user, s, sizeof *s);
    return status == ACTA_OK ? ACTA_OK : acta_error_set(error, status, "otlp: %s", why.text);
}

static void
stop(void *handle)
{
    (void)handle;
}

static const acta_attachment attachment = { .name = "otlp", .start = start, .stop = stop };

__attribute__((constructor)) static void
attach(void)
{
    acta_attach(&attachment);
}
