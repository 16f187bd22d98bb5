/*
 * The gateway of a program that has no line of code for it: what the environment of the process says.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "acta/attachment.h"

#include "internal.h"

enum { TOKENS_MAX = 64, HOSTS_MAX = 32, LINE_MAX = 1024, COUNT_MAX = 1000000 };

typedef struct settings {
    acta_gateway_options options;
    acta_gateway_token tokens[TOKENS_MAX];
    const char *hosts[HOSTS_MAX + 1];
    char lines[TOKENS_MAX][LINE_MAX]; /* what the tokens are views of */
    char host_text[4096];
    char socket_path[4096 + 16];
} settings;

/* -- a file of tokens -- */

static bool
read_access(const char *word, acta_gateway_access *access)
{
    static const char *const names[] = {
        [ACTA_GATEWAY_READ] = "read", [ACTA_GATEWAY_DISPATCH] = "dispatch", [ACTA_GATEWAY_OPERATE] = "operate"
    };

    for (uint32_t i = ACTA_GATEWAY_READ; i <= ACTA_GATEWAY_OPERATE; i++) {
        if (strcmp(word, names[i]) != 0) continue;
        *access = (acta_gateway_access)i;
        return true;
    }
    return false;
}

static bool
read_until(const char *word, int64_t *until_us)
{
    struct tm utc = { .tm_isdst = 0 };
    const char *end = strptime(word, "%Y-%m-%dT%H:%M:%SZ", &utc);

    if (end == NULL || *end != '\0' || !acti_is_a_day(utc)) return false;
    *until_us = (int64_t)timegm(&utc) * 1000000;
    return true;
}

/* The secret is never told. */
static acta_status
read_token(char *line, acta_gateway_token *token, const char *path, uint32_t number, acta_error *error)
{
    char *rest = NULL;
    const char *name = strtok_r(line, " \t\r\n", &rest), *access = strtok_r(NULL, " \t\r\n", &rest);
    const char *secret = strtok_r(NULL, " \t\r\n", &rest), *until = strtok_r(NULL, " \t\r\n", &rest);

    if (secret == NULL || strtok_r(NULL, " \t\r\n", &rest) != NULL)
        return acta_error_set(error, ACTA_INVALID, "%s:%u: expected 'NAME ACCESS SECRET [UNTIL]'", path, number);
    if (!read_access(access, &token->access))
        return acta_error_set(
            error, ACTA_INVALID, "%s:%u: '%s' is no access; expected read, dispatch or operate", path, number, access);
    if (until != NULL && !read_until(until, &token->until_us))
        return acta_error_set(error, ACTA_INVALID, "%s:%u: '%s' is no time; expected one such as 2027-01-31T00:00:00Z",
            path, number, until);
    token->name = name;
    token->secret = secret;
    return ACTA_OK;
}

static acta_status
read_lines(FILE *file, const char *path, settings *s, acta_error *error)
{
    acta_status status = ACTA_OK;
    uint32_t count = 0;

    for (uint32_t number = 1; status == ACTA_OK; number++) {
        char line[LINE_MAX];
        if (fgets(line, sizeof line, file) == NULL) break;
        size_t begin = strspn(line, " \t\r\n");
        if (line[begin] == '\0' || line[begin] == '#') continue;
        if (strchr(line, '\n') == NULL && !feof(file))
            return acta_error_set(
                error, ACTA_INVALID, "%s:%u: a line of more than %d bytes", path, number, LINE_MAX - 2);
        if (count == TOKENS_MAX)
            return acta_error_set(error, ACTA_INVALID, "%s:%u: there may be %d tokens", path, number, TOKENS_MAX);
        strcpy(s->lines[count], line);
        status = read_token(s->lines[count], &s->tokens[count], path, number, error);
        count++;
    }
    s->options.tokens = s->tokens;
    s->options.token_count = count;
    if (status == ACTA_OK && count == 0) return acta_error_set(error, ACTA_INVALID, "'%s' has no token", path);
    return status;
}

static acta_status
read_tokens(const char *path, settings *s, acta_error *error)
{
    FILE *file = fopen(path, "re");
    struct stat what;

    if (file == NULL)
        return acta_error_set(error, ACTA_IO, "cannot read the tokens in '%s': %s", path, strerror(errno));
    acta_status status = ACTA_OK;
    if (fstat(fileno(file), &what) != 0 || !S_ISREG(what.st_mode) || (what.st_mode & 077) != 0)
        status =
            acta_error_set(error, ACTA_INVALID, "'%s' has secrets, and others may read it: chmod 600 %s", path, path);
    if (status == ACTA_OK) status = read_lines(file, path, s, error);
    fclose(file);
    return status;
}

/* -- the environment -- */

static const char *
variable(const char *name)
{
    const char *value = secure_getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static acta_status
read_hosts(const char *text, settings *s, acta_error *error)
{
    uint32_t count = 0;
    char *rest = NULL;

    if (strlen(text) >= sizeof s->host_text) return acta_error_set(error, ACTA_INVALID, "ACTA_HTTP_HOSTS is too long");
    strcpy(s->host_text, text);
    for (char *host = strtok_r(s->host_text, ", ", &rest); host != NULL; host = strtok_r(NULL, ", ", &rest)) {
        if (count == HOSTS_MAX)
            return acta_error_set(error, ACTA_INVALID, "ACTA_HTTP_HOSTS has more than %d names", HOSTS_MAX);
        s->hosts[count++] = host;
    }
    s->options.hosts = s->hosts;
    return ACTA_OK;
}

/* Not there: 0, which stands for what it is otherwise. */
static acta_status
read_count(const char *name, uint32_t *count_out, acta_error *error)
{
    const char *text = variable(name);
    char *end;

    *count_out = 0;
    if (text == NULL) return ACTA_OK;
    unsigned long count = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || count == 0 || count > COUNT_MAX)
        return acta_error_set(
            error, ACTA_INVALID, "%s: '%.40s' is no whole number from 1 to %d", name, text, COUNT_MAX);
    *count_out = (uint32_t)count;
    return ACTA_OK;
}

static acta_status
read_environment(settings *s, acta_error *error)
{
    const char *tokens = variable("ACTA_HTTP_TOKENS"), *hosts = variable("ACTA_HTTP_HOSTS");

    s->options.address = variable("ACTA_HTTP");
    s->options.certificate_path = variable("ACTA_HTTP_CERTIFICATE");
    s->options.key_path = variable("ACTA_HTTP_KEY");
    acta_status status = read_count("ACTA_HTTP_EVENT_CLIENTS", &s->options.event_clients_max, error);
    if (status == ACTA_OK) status = read_count("ACTA_HTTP_CONNECTIONS", &s->options.connections_max, error);
    if (status != ACTA_OK || s->options.address == NULL) return status;
    if (tokens != NULL) status = read_tokens(tokens, s, error);
    if (status == ACTA_OK && hosts != NULL) status = read_hosts(hosts, s, error);
    return status;
}

/* -- the attachment -- */

/* Of any port that is free, nobody but the log can tell: then also a log that leaves out what goes as it should. */
static void
tell_port(acta_app *app, const acta_gateway *gateway, const char *address)
{
    const acta_environment *environment = acta_runtime_environment(acta_app_runtime(app));
    bool is_any = strlen(address) > 2 && strcmp(address + strlen(address) - 2, ":0") == 0;

    acta_log_event(environment, is_any ? ACTA_LOG_WARNING : ACTA_LOG_INFO, "gateway.listens",
        ACTA_LOG_FIELDS(acta_log_number("port", gateway->port)), "gateway: listening on port %u", gateway->port);
}

/* Nobody has asked for the socket, so a program is not refused for the want of it. */
static acta_status
start_with(acta_app *app, settings *s, acta_gateway **gateway, acta_error *error)
{
    acta_status status = acta_gateway_start(app, &s->options, gateway, error);

    if (status == ACTA_OK && s->options.address != NULL) tell_port(app, *gateway, s->options.address);
    if (status == ACTA_OK || s->options.address != NULL) return status;
    acta_log_event(acta_runtime_environment(acta_app_runtime(app)), ACTA_LOG_INFO, "gateway.no_socket",
        ACTA_LOG_FIELDS(acta_log_text("error", acta_str_of(error->text))), "gateway: %s", error->text);
    *gateway = NULL;
    return ACTA_OK;
}

static acta_status
start(acta_app *app, const char *data_path, void **handle_out, acta_error *error)
{
    const acta_environment *environment = acta_runtime_environment(acta_app_runtime(app));
    const char *wanted = variable("ACTA_GATEWAY");
    acta_gateway *gateway = NULL;
    acta_error why;

    *handle_out = NULL;
    if (wanted != NULL && strcmp(wanted, "off") == 0) return ACTA_OK;
    settings *s = environment->allocator.alloc(environment->allocator.user, sizeof *s);
    if (s == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the gateway");
    memset(s, 0, sizeof *s);
    int length = snprintf(s->socket_path, sizeof s->socket_path, "%s/acta.sock", data_path);
    if (length > 0 && (size_t)length < sizeof s->socket_path) s->options.socket_path = s->socket_path;
    acta_status status = read_environment(s, &why);
    if (status == ACTA_OK) status = start_with(app, s, &gateway, &why);
    environment->allocator.free(environment->allocator.user, s, sizeof *s);
    *handle_out = gateway;
    return status == ACTA_OK ? ACTA_OK : acta_error_set(error, status, "gateway: %s", why.text);
}

static void
stop(void *handle)
{
    acta_gateway_stop(handle);
}

static const acta_attachment attachment = { .name = "gateway", .start = start, .stop = stop };

__attribute__((constructor)) static void
attach(void)
{
    acta_attach(&attachment);
}
