/*
 * Where a program is asked: on the unix socket in its store's directory, or over TCP at http://HOST:PORT. A token for that is
 * in ACTA_TOKEN, or in the file that ACTA_TOKEN_FILE names: not in an argument, which anybody on the machine can see.
 */
#include "connect.h"

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

enum { SECRET_MAX = 256, HOST_MAX = 255 };

static const char scheme[] = "http://";

bool
connect_is_address(const char *where)
{
    return strncmp(where, scheme, sizeof scheme - 1) == 0 || strncmp(where, "https://", 8) == 0;
}

/* -- the socket in a directory -- */

static acta_status
is_not_served(const char *directory, acta_error *error)
{
    struct stat seen;

    if (stat(directory, &seen) != 0)
        return acta_error_set(error, ACTA_NOT_FOUND, "there is no directory '%s'", directory);
    if (!S_ISDIR(seen.st_mode))
        return acta_error_set(error, ACTA_NOT_FOUND, "'%s' is a file; the directory of a store is expected", directory);
    return acta_error_set(error, ACTA_NOT_FOUND,
        "no program has '%s' open, or it serves nothing (ACTA_GATEWAY=off); start it, or look into its store with acta "
        "streams, read, tail or stats",
        directory);
}

static acta_status
connect_inside(const char *directory, int *fd_out, acta_error *error)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int length = snprintf(to.sun_path, sizeof to.sun_path, "%s/acta.sock", directory);

    if (length < 0 || (size_t)length >= sizeof to.sun_path)
        return acta_error_set(error, ACTA_INVALID,
            "'%s/acta.sock' is too long for a socket, which may have %zu bytes: name the directory from a nearer one",
            directory, sizeof to.sun_path - 1);
    *fd_out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd_out < 0) return acta_error_set(error, ACTA_IO, "a socket can't be made: %s", strerror(errno));
    if (connect(*fd_out, (struct sockaddr *)&to, sizeof to) == 0) return ACTA_OK;
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) return is_not_served(directory, error);
    if (errno == EACCES)
        return acta_error_set(
            error, ACTA_IO, "'%s' is open to the user of the program that serves it alone", to.sun_path);
    return acta_error_set(error, ACTA_IO, "'%s' can't be connected to: %s", to.sun_path, strerror(errno));
}

/* -- TCP -- */

/* "http://127.0.0.1:8080", "http://[::1]:80/": the host without brackets, and the port. */
static bool
split(const char *where, char host[HOST_MAX + 1], char port[6])
{
    const char *at = where + sizeof scheme - 1, *end = at + strcspn(at, "/"),
               *colon = memrchr(at, ':', (size_t)(end - at));
    bool in_brackets = at[0] == '[';

    if (strncmp(where, scheme, sizeof scheme - 1) != 0 || strspn(end, "/") > 1 || end[strspn(end, "/")] != '\0')
        return false;
    if (colon == NULL || end - colon < 2 || end - colon > 6 ||
        strspn(colon + 1, "0123456789") != (size_t)(end - colon - 1))
        return false;
    if (in_brackets && colon[-1] != ']') return false;
    size_t size = (size_t)(colon - at) - 2u * in_brackets;
    if (colon - at <= 2 * in_brackets || size > HOST_MAX || strcspn(at, "@ \t\r\n") < (size_t)(end - at)) return false;
    memcpy(host, at + in_brackets, size);
    host[size] = '\0';
    memcpy(port, colon + 1, (size_t)(end - colon - 1));
    port[end - colon - 1] = '\0';
    return strtoul(port, NULL, 10) <= 65535;
}

static int
connect_one(const struct addrinfo *to, uint32_t timeout_ms)
{
    const struct timeval patience = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); /* connecting, too */
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0) return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

static acta_status
connect_outside(const char *where, uint32_t timeout_ms, int *fd_out, acta_error *error)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    char host[HOST_MAX + 1], port[6];

    if (!split(where, host, port))
        return acta_error_set(error, ACTA_INVALID,
            "'%s' is no address to ask; expected one such as http://127.0.0.1:8080 (for https: by a proxy)", where);
    int number = getaddrinfo(host, port, &hints, &found);
    if (number != 0) return acta_error_set(error, ACTA_NOT_FOUND, "'%s': %s", where, gai_strerror(number));
    for (const struct addrinfo *to = found; to != NULL && *fd_out < 0; to = to->ai_next)
        *fd_out = connect_one(to, timeout_ms);
    number = errno;
    freeaddrinfo(found);
    if (*fd_out >= 0) return ACTA_OK;
    if (number == ECONNREFUSED) return acta_error_set(error, ACTA_NOT_FOUND, "nobody listens on '%s'", where);
    return acta_error_set(error, number == EINPROGRESS ? ACTA_TIMEOUT : ACTA_IO, "'%s' can't be connected to: %s",
        where, number == EINPROGRESS ? "it took too long" : strerror(number));
}

acta_status
connect_to(const char *where, uint32_t timeout_ms, int *fd_out, acta_error *error)
{
    *fd_out = -1;
    return connect_is_address(where) ? connect_outside(where, timeout_ms, fd_out, error)
                                     : connect_inside(where, fd_out, error);
}

/* -- what an address is told besides -- */

static acta_status
read_secret(const char *path, char secret[SECRET_MAX + 2], acta_error *error)
{
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return acta_error_set(error, ACTA_IO, "the token in '%s' can't be read: %s", path, strerror(errno));
    struct stat of;
    if (fstat(fileno(file), &of) == 0 && S_ISREG(of.st_mode) && (of.st_mode & (S_IRGRP | S_IROTH)) != 0) {
        fclose(file);
        return acta_error_set(error, ACTA_INVALID,
            "others may read the token in '%s', whose mode is %04o; type: chmod 600 '%s'", path,
            (unsigned)(of.st_mode & 07777), path);
    }
    size_t size = fread(secret, 1, SECRET_MAX + 1, file);
    fclose(file);
    secret[size] = '\0';
    secret[strcspn(secret, "\r\n")] = '\0';
    return ACTA_OK;
}

acta_status
connect_headers(const char *where, acta_memory *memory, const char **headers_out, acta_error *error)
{
    const char *secret = getenv("ACTA_TOKEN"), *path = getenv("ACTA_TOKEN_FILE");
    char text[SECRET_MAX + 2] = "";

    *headers_out = "Host: localhost\r\n";
    if (!connect_is_address(where)) return ACTA_OK;
    acta_status status = secret == NULL && path != NULL ? read_secret(path, text, error) : ACTA_OK;
    if (status != ACTA_OK) return status;
    if (secret == NULL) secret = text;
    for (const char *c = secret; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~' || c - secret >= SECRET_MAX)
            return acta_error_set(error, ACTA_INVALID, "%s: a token has up to %d visible ASCII characters",
                secret == text ? path : "ACTA_TOKEN", SECRET_MAX);
    const char *host = where + sizeof scheme - 1;
    size_t size = strlen(host) + strlen(secret) + 64;
    char *headers = acta_memory_alloc(memory, size);
    if (headers == NULL) return acta_error_set(error, ACTA_NO_MEMORY, NULL);
    snprintf(headers, size, "Host: %.*s\r\n%s%s%s", (int)strcspn(host, "/"), host,
        secret[0] != '\0' ? "Authorization: Bearer " : "", secret, secret[0] != '\0' ? "\r\n" : "");
    *headers_out = headers;
    return ACTA_OK;
}
