/*
 * The sockets that the gateway listens on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

enum { BACKLOG = 1024 };

static acta_status
cannot(acta_error *error, const char *what, const char *where, int number)
{
    acta_status status = number == EADDRINUSE ? ACTA_IN_USE : ACTA_IO;
    return acta_error_set(error, status, "cannot %s '%s': %s", what, where,
        number == EADDRINUSE ? "somebody listens there" : strerror(number));
}

/* -- the unix socket -- */

/* A path has 107 bytes at most; by way of its open folder a longer one has less. */
static bool
make_address(const char *path, struct sockaddr_un *address, int *folder_out)
{
    const char *slash = strrchr(path, '/');
    char folder[4096];

    *folder_out = -1;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) < sizeof address->sun_path) {
        strcpy(address->sun_path, path);
        return true;
    }
    if (slash == NULL || (size_t)(slash - path) >= sizeof folder) return false;
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    *folder_out = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder_out < 0) return false;
    int length = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d%s", *folder_out, slash);
    return length > 0 && (size_t)length < sizeof address->sun_path;
}

/* What a program that was killed has left. Anything but a socket that nobody listens on stays. */
static void
remove_left_over(int fd, const struct sockaddr_un *address)
{
    struct stat what;

    if (lstat(address->sun_path, &what) != 0 || !S_ISSOCK(what.st_mode)) return;
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED)
        unlink(address->sun_path);
}

static int
bind_unix(const struct sockaddr_un *address)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return -1;
    remove_left_over(probe, address);
    close(probe);

    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    /* Nobody can connect before it listens, so that there is no moment at which others could. */
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 && chmod(address->sun_path, 0600) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

acta_status
acti_listen_unix(const char *path, int *fd_out, acta_error *error)
{
    struct sockaddr_un address;
    int folder;

    if (!make_address(path, &address, &folder)) {
        if (folder >= 0) close(folder);
        return acta_error_set(error, ACTA_INVALID,
            "no socket can be made at '%s': its name is too long, or its folder is not there", path);
    }
    *fd_out = bind_unix(&address);
    int number = errno;
    if (folder >= 0) close(folder);
    return *fd_out >= 0 ? ACTA_OK : cannot(error, "listen on", path, number);
}

/* -- TCP -- */

/* "127.0.0.1:8080", "[::1]:0", "localhost:80": numbers only, so that no name server is asked. */
static acta_status
split(const char *address, char *host, size_t size, const char **port_out, acta_error *error)
{
    const char *colon = strrchr(address, ':');
    bool in_brackets = address[0] == '[';
    size_t length = colon != NULL ? (size_t)(colon - address) : 0;

    if (colon != NULL && length > 2u * in_brackets && length < size && (!in_brackets || colon[-1] == ']') &&
        colon[1] != '\0' && strspn(colon + 1, "0123456789") == strlen(colon + 1) && strlen(colon + 1) <= 5) {
        length -= 2u * in_brackets;
        memcpy(host, address + in_brackets, length);
        host[length] = '\0';
        if (strcmp(host, "localhost") == 0) strcpy(host, "127.0.0.1");
        *port_out = colon + 1;
        return ACTA_OK;
    }
    return acta_error_set(error, ACTA_INVALID,
        "'%s' is no address to listen on; expected one such as 127.0.0.1:8080 or [::1]:0", address);
}

static uint16_t
port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;

    memset(&address, 0, sizeof address);
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) return 0;
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

acta_status
acti_listen_tcp(const char *address, int *fd_out, uint16_t *port_out, acta_error *error)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    char host[64];
    const char *port = NULL;
    int one = 1;

    acta_status status = split(address, host, sizeof host, &port, error);
    if (status != ACTA_OK) return status;
    if (strtoul(port, NULL, 10) > UINT16_MAX || getaddrinfo(host, port, &hints, &found) != 0)
        return acta_error_set(error, ACTA_INVALID,
            "'%s' is no address to listen on: an address in numbers and a port up to 65535 are expected", address);
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool listens = fd >= 0 && bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    int number = errno;
    freeaddrinfo(found);
    if (!listens) {
        if (fd >= 0) close(fd);
        return cannot(error, "listen on", address, number);
    }
    *fd_out = fd;
    *port_out = port_of(fd);
    return ACTA_OK;
}
