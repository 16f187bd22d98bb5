/*
 * bank serve: a bank that stays open. It is served over HTTP as every application is; there is no line about that here.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static const char socket_name[] = "acta.sock";

static const struct argp_option serve_options[] = {
    { "log", 'l', "FILE", 0, "What there is to tell, to FILE instead of stderr, as lines of JSON; - is stdout", 0 },
    { .name = NULL },
};

static error_t
parse_serve(int key, char *argument, struct argp_state *state)
{
    const char **log_path = state->input;

    if (key == 'l') {
        *log_path = argument;
        return 0;
    }
    if (key != ARGP_KEY_ARG) return ARGP_ERR_UNKNOWN;
    argp_error(state, "'%s' is one argument too many", argument);
    return 0;
}

static void
tell_where(const cli *c)
{
    char path[PATH_SIZE];

    int length = snprintf(path, sizeof path, "%s/%s", c->data_path, socket_name);
    if (length < 0 || (size_t)length >= sizeof path || access(path, F_OK) != 0)
        printf("the bank is open, but not served: Acta was built without libmicrohttpd, or ACTA_GATEWAY is off\n");
    else
        printf("the bank is open; look into it with:\n"
               "  curl --unix-socket %s http://acta/aggregates/Account/ID\n",
            path);
    fflush(stdout);
}

static acta_status
stay(cli *c, acta_app *app, void *user, acta_error *error)
{
    const sigset_t *ends = user;
    int number;

    (void)app;
    (void)error;
    tell_where(c);
    while (sigwait(ends, &number) != 0) {}
    return ACTA_OK;
}

/* What the bank tells, as lines of JSON; each event no more than a hundred times a second. */
static int
serve_with_log(const cli *c, const char *path, sigset_t *ends)
{
    bool is_stdout = strcmp(path, "-") == 0;
    acta_log_json json = {
        .fd = is_stdout ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666), .with_info = true
    };
    const acta_log lines = acta_log_json_hook(&json);
    acta_log_limit *limit;
    acta_error error;

    if (json.fd < 0) {
        fprintf(stderr, "bank: cannot write the log '%s': %s\n", path, strerror(errno));
        return EXIT_FAILED;
    }
    if (acta_log_limit_create(&lines, NULL, &limit, &error) != ACTA_OK) return cli_fail(&error);
    const acta_environment environment = { .log = acta_log_limit_hook(limit) };
    cli logged = *c;
    logged.environment = &environment;
    int exit_status = cli_with_bank(&logged, false, stay, ends);
    acta_log_limit_destroy(limit);
    if (!is_stdout) close(json.fd);
    return exit_status;
}

int
cli_serve(cli *c, int argc, char **argv)
{
    const char *log_path = NULL;
    sigset_t ends;

    cli_parse(c, argc, argv, "",
        "Keep the bank open until it is told to end (Ctrl-C, SIGTERM), and serve it over HTTP: on a unix socket in its "
        "directory, and over TCP when ACTA_HTTP says where. Its spans go to OTEL_EXPORTER_OTLP_ENDPOINT, where that is "
        "set.\vExamples:\n  bank serve\n  ACTA_HTTP=127.0.0.1:8080 bank serve\n  bank serve --log bank.log",
        serve_options, parse_serve, &log_path);
    /* Before there are threads: all inherit it, and none but this one is interrupted. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    return log_path != NULL ? serve_with_log(c, log_path, &ends) : cli_with_bank(c, false, stay, &ends);
}
