/*
 * Gateway: start and stop.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

enum {
    BODY_DEFAULT = 1024 * 1024,
    CONNECTIONS_DEFAULT = 1200,
    FILES_LEFT = 64, /* of the process's open files, for everything else; half of them are the store's */
    IDLE_DEFAULT_S = 30,
    WORKERS_DEFAULT = 2,
    EVENT_CLIENTS_DEFAULT = 1000,
    LEAVING_S_MAX = 5,
    HEADERS_MAX = 16 * 1024, /* of a request, and what its answer's take */
    PEM_MAX = 1024 * 1024,
};

/* -- small things -- */

static char *
keep(const acta_gateway *gateway, const char *text)
{
    const acta_allocator *allocator = &gateway->environment.allocator;
    char *copy = allocator->alloc(allocator->user, strlen(text) + 1);

    return copy != NULL ? strcpy(copy, text) : NULL;
}

static void
drop(const acta_gateway *gateway, char *text)
{
    const acta_allocator *allocator = &gateway->environment.allocator;
    if (text != NULL) allocator->free(allocator->user, text, strlen(text) + 1);
}

/* May others read a private key in it? Of root's file a group may: that is how a host's certificates are shared out. */
static bool
is_for_others(const struct stat *what)
{
    return (what->st_mode & (what->st_uid == 0 ? 037 : 077)) != 0;
}

static acta_status
read_pem(acta_gateway *gateway, const char *path, bool is_key, char **text_out, acta_error *error)
{
    const acta_allocator *allocator = &gateway->environment.allocator;
    FILE *file = fopen(path, "re");
    struct stat what;

    if (file == NULL || fstat(fileno(file), &what) != 0 || !S_ISREG(what.st_mode) || what.st_size > PEM_MAX) {
        acta_error_set(
            error, ACTA_IO, "cannot read '%s': %s", path, file == NULL ? strerror(errno) : "no file in PEM form");
        if (file != NULL) fclose(file);
        return ACTA_IO;
    }
    if (is_key && is_for_others(&what)) {
        fclose(file);
        return acta_error_set(
            error, ACTA_INVALID, "'%s' has a private key, and others may read it: chmod 600 %s", path, path);
    }
    size_t size = (size_t)what.st_size;
    char *text = allocator->alloc(allocator->user, size + 1);
    bool is_read = text != NULL && fread(text, 1, size, file) == size && memchr(text, '\0', size) == NULL;
    fclose(file);
    if (is_read) {
        text[size] = '\0';
        *text_out = text;
        return ACTA_OK;
    }
    if (text != NULL) allocator->free(allocator->user, text, size + 1);
    return acta_error_set(error, ACTA_IO, "'%s' is no file in PEM form", path);
}

static void
log_line(void *user, const char *format, va_list arguments)
{
    const acta_gateway *gateway = user;
    char line[512];

    vsnprintf(line, sizeof line, format, arguments);
    for (char *c = line; *c != '\0'; c++)
        if ((unsigned char)*c < ' ') *c = ' ';
    acta_log_event(&gateway->environment, ACTA_LOG_DEBUG, "gateway.library",
        ACTA_LOG_FIELDS(acta_log_text("text", acta_str_of(line))), "gateway: %s", line);
}

static unsigned
connections_max(const acta_gateway_options *options)
{
    struct rlimit files;
    unsigned wanted = options->connections_max != 0 ? options->connections_max : CONNECTIONS_DEFAULT;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return wanted;
    rlim_t half = files.rlim_cur / 2 < UINT_MAX ? files.rlim_cur / 2 : UINT_MAX;
    unsigned left = (unsigned)(half > 2 * FILES_LEFT ? half - FILES_LEFT : half / 2);
    return wanted < left ? wanted : left;
}

/* -- doors -- */

acta_status
acti_door_open(acti_door *door, unsigned driven, int fd, const acta_gateway_options *options, acta_error *error)
{
    acta_gateway *gateway = door->gateway;
    unsigned flags = driven | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    unsigned idle_s = options->idle_timeout_s != 0 ? options->idle_timeout_s : IDLE_DEFAULT_S;
    struct MHD_OptionItem more[4];
    uint32_t count = 0;
    sigset_t all, before;

    if (fd >= 0) more[count++] = (struct MHD_OptionItem){ MHD_OPTION_LISTEN_SOCKET, fd, NULL };
    if (door->is_tls) {
        flags |= MHD_USE_TLS;
        more[count++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, gateway->certificate };
        more[count++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, gateway->key };
    }
    more[count] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the host's signals are for the host's threads */
    door->daemon = MHD_start_daemon(flags, 0, NULL, NULL, acti_request_go_on, door, MHD_OPTION_EXTERNAL_LOGGER,
        log_line, gateway, MHD_OPTION_NOTIFY_COMPLETED, acti_request_ended, door, MHD_OPTION_NOTIFY_CONNECTION,
        acti_connection_changed, door, MHD_OPTION_UNESCAPE_CALLBACK, acti_request_unescape, door,
        MHD_OPTION_CONNECTION_LIMIT, connections_max(options), MHD_OPTION_CONNECTION_TIMEOUT, idle_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY,
        more, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (door->daemon != NULL) return ACTA_OK;
    if (fd >= 0) close(fd);
    return acta_error_set(error, ACTA_IO, "libmicrohttpd doesn't start%s",
        door->is_tls ? ": are certificate and key in PEM form, and of one another?" : "");
}

static acta_status
open_inner(acta_gateway *gateway, const acta_gateway_options *options, acta_error *error)
{
    int fd;

    gateway->socket_path = keep(gateway, options->socket_path);
    if (gateway->socket_path == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the gateway");
    acta_status status = acti_listen_unix(options->socket_path, &fd, error);
    if (status != ACTA_OK) {
        drop(gateway, gateway->socket_path); /* which is somebody else's */
        gateway->socket_path = NULL;
        return status;
    }
    gateway->inner.guard.without_token = ACTA_GATEWAY_OPERATE;
    return acti_door_open(&gateway->inner, MHD_USE_EPOLL_INTERNAL_THREAD, fd, options, error);
}

static acta_status
open_outer(acta_gateway *gateway, const acta_gateway_options *options, acta_error *error)
{
    acti_door *door = &gateway->outer;
    int fd;

    acta_status status = acti_guard_fill(&door->guard, options, error);
    if (status == ACTA_OK && (options->certificate_path != NULL) != (options->key_path != NULL))
        status = acta_error_set(error, ACTA_INVALID, "TLS needs both a certificate and its key");
    door->is_tls = options->certificate_path != NULL;
    if (status == ACTA_OK && door->is_tls)
        status = read_pem(gateway, options->certificate_path, false, &gateway->certificate, error);
    if (status == ACTA_OK && door->is_tls) status = read_pem(gateway, options->key_path, true, &gateway->key, error);
    if (status == ACTA_OK) status = acti_listen_tcp(options->address, &fd, &gateway->port, error);
    if (status != ACTA_OK) return status;
    return acti_door_open(door, MHD_USE_EPOLL_INTERNAL_THREAD, fd, options, error);
}

/* -- life -- */

acta_status
acta_gateway_start(acta_app *app, const acta_gateway_options *options, acta_gateway **gateway_out, acta_error *error)
{
    const acta_environment *environment = acta_runtime_environment(acta_app_runtime(app));
    const acta_allocator *allocator = &environment->allocator;
    acta_gateway *gateway = allocator->alloc(allocator->user, sizeof *gateway);
    if (gateway == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the gateway");

    memset(gateway, 0, sizeof *gateway);
    gateway->app = app;
    gateway->environment = *environment;
    gateway->inner.gateway = gateway->outer.gateway = gateway;
    gateway->inner.guard.environment = gateway->outer.guard.environment = &gateway->environment;
    gateway->body_bytes_max = options->body_bytes_max != 0 ? options->body_bytes_max : BODY_DEFAULT;
    pthread_mutex_init(&gateway->lock, NULL);
    pthread_cond_init(&gateway->all_done, NULL);
    gateway->pool =
        acti_pool_create(&gateway->environment.allocator, options->workers != 0 ? options->workers : WORKERS_DEFAULT);
    gateway->long_pool = acti_pool_create(&gateway->environment.allocator, 1);
    const uint32_t idle_s = options->idle_timeout_s != 0 ? options->idle_timeout_s : IDLE_DEFAULT_S;
    gateway->hub = acti_hub_create(
        gateway, options->event_clients_max != 0 ? options->event_clients_max : EVENT_CLIENTS_DEFAULT, idle_s);
    gateway->deadlines = acti_deadlines_create(gateway, idle_s);
    acta_status status = ACTA_OK;
    if (gateway->pool == NULL || gateway->long_pool == NULL || gateway->hub == NULL || gateway->deadlines == NULL)
        status = acta_error_set(error, ACTA_NO_MEMORY, "no threads for the gateway");
    if (status == ACTA_OK && options->address != NULL) status = open_outer(gateway, options, error);
    if (status == ACTA_OK && options->socket_path != NULL) status = open_inner(gateway, options, error);
    if (status != ACTA_OK) {
        acta_gateway_stop(gateway);
        return status;
    }
    *gateway_out = gateway;
    return ACTA_OK;
}

uint16_t
acta_gateway_port(const acta_gateway *gateway)
{
    return gateway->port;
}

bool
acti_request_begins(acta_gateway *gateway)
{
    pthread_mutex_lock(&gateway->lock);
    bool may = !gateway->stopping;
    gateway->open += may;
    pthread_mutex_unlock(&gateway->lock);
    return may;
}

void
acti_request_through(acta_gateway *gateway)
{
    pthread_mutex_lock(&gateway->lock);
    gateway->leaving++;
    if (--gateway->open == 0) pthread_cond_broadcast(&gateway->all_done);
    pthread_mutex_unlock(&gateway->lock);
}

void
acti_request_left(acta_gateway *gateway)
{
    pthread_mutex_lock(&gateway->lock);
    gateway->leaving--;
    pthread_cond_broadcast(&gateway->all_done);
    pthread_mutex_unlock(&gateway->lock);
}

/* All are answered, and their answers on the way; who doesn't take its own in time gets no more. */
static void
wait_for_answers(acta_gateway *gateway)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LEAVING_S_MAX;
    pthread_mutex_lock(&gateway->lock);
    while (gateway->leaving > 0 &&
           pthread_cond_clockwait(&gateway->all_done, &gateway->lock, CLOCK_MONOTONIC, &until) == 0) {}
    pthread_mutex_unlock(&gateway->lock);
}

static void
quiesce(acti_door *door)
{
    if (door->daemon == NULL) return;
    MHD_socket fd = MHD_quiesce_daemon(door->daemon);
    if (fd != MHD_INVALID_SOCKET) close(fd);
}

void
acta_gateway_stop(acta_gateway *gateway)
{
    if (gateway == NULL) return;
    quiesce(&gateway->inner);
    quiesce(&gateway->outer);
    if (gateway->socket_path != NULL) unlink(gateway->socket_path);
    pthread_mutex_lock(&gateway->lock);
    gateway->stopping = true;
    while (gateway->open > 0) /* each has a deadline of its own; a rebuild ends when the application is to stop */
        pthread_cond_wait(&gateway->all_done, &gateway->lock);
    pthread_mutex_unlock(&gateway->lock);
    acti_hub_stop(gateway->hub); /* libmicrohttpd stops only when no connection is suspended */
    wait_for_answers(gateway);
    if (gateway->inner.daemon != NULL) MHD_stop_daemon(gateway->inner.daemon);
    if (gateway->outer.daemon != NULL) MHD_stop_daemon(gateway->outer.daemon);
    acti_hub_destroy(gateway->hub);
    acti_deadlines_destroy(gateway->deadlines);
    acti_pool_destroy(gateway->pool);
    acti_pool_destroy(gateway->long_pool);
    acti_guard_clear(&gateway->inner.guard);
    acti_guard_clear(&gateway->outer.guard);
    drop(gateway, gateway->socket_path);
    drop(gateway, gateway->certificate);
    drop(gateway, gateway->key);
    pthread_cond_destroy(&gateway->all_done);
    pthread_mutex_destroy(&gateway->lock);
    const acta_allocator allocator = gateway->environment.allocator;
    allocator.free(allocator.user, gateway, sizeof *gateway);
}
