/*
 * bank serve: a bank that stays open. It is served over HTTP as every application is; there is no line about that here.
 */
#include "cli.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static const char socket_name[] = "acta.sock";

static error_t
parse_serve(int key, char *argument, struct argp_state *state)
{
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

int
cli_serve(cli *c, int argc, char **argv)
{
    sigset_t ends;

    cli_parse(c, argc, argv, "",
        "Keep the bank open until it is told to end (Ctrl-C, SIGTERM), and serve it over HTTP: on a unix socket in its "
        "directory, and over TCP when ACTA_HTTP says where.\vExamples:\n  bank serve\n  ACTA_HTTP=127.0.0.1:8080 bank "
        "serve",
        NULL, parse_serve, NULL);
    /* Before there are threads: all inherit it, and none but this one is interrupted. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    return cli_with_bank(c, false, stay, &ends);
}
