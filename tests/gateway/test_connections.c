/*
 * Connections: how many there may be at once, and those that say little (SEC-06).
 */
#include "http.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void
still_serves(fixture *f)
{
    assert_int_equal(get(f, "/health"), 200);
}

/* -- how many -- */

enum { WAIT_MS = 200 };

static int
ask_and_stay(fixture *f)
{
    int fd = connect_tcp(f);

    send_text(fd, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return fd;
}

/* So many stay at once; the next one waits until one of them goes, and is served then. */
static void
expect_room_for(fixture *f, uint32_t count)
{
    int *fds = test_malloc(count * sizeof *fds);

    for (uint32_t i = 0; i < count; i++) {
        fds[i] = ask_and_stay(f);
        receive(fds[i], &f->last);
        assert_int_equal(f->last.status, 200);
    }
    struct pollfd next = { .fd = ask_and_stay(f), .events = POLLIN };
    assert_int_equal(poll(&next, 1, WAIT_MS), 0);
    close(fds[0]);
    receive(next.fd, &f->last);
    assert_int_equal(f->last.status, 200);
    close(next.fd);
    for (uint32_t i = 1; i < count; i++)
        close(fds[i]);
    test_free(fds);
    still_serves(f);
}

static void
no_more_are_let_in_than_the_host_wants(void **state)
{
    fixture *f = FIXTURE(state);

    f->options.connections_max = 7;
    serve(f);
    expect_room_for(f, 7);
}

/* Half of the files that may be open, without the 64 that are left to all else: the other half is the store's. */
static void
no_more_are_let_in_than_there_may_be_files(void **state)
{
    fixture *f = FIXTURE(state);
    struct rlimit usual, few;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    few = usual;
    few.rlim_cur = 300;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    serve(f);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    expect_room_for(f, 300 / 2 - 64);
}

/* -- who says little -- */

/* SEC-06 */
static void
who_says_nothing_is_sent_away_and_others_are_served(void **state)
{
    fixture *f = FIXTURE(state);
    enum { MANY = 200 };
    int idle[MANY];

    f->options.idle_timeout_s = 1;
    serve(f);
    for (int i = 0; i < MANY; i++) {
        idle[i] = connect_tcp(f);
        send_text(idle[i], "GET /hea");
    }
    still_serves(f);
    for (int i = 0; i < MANY; i++) {
        receive(idle[i], &f->last); /* the end, or that it took too long */
        assert_true(f->last.status == 0 || f->last.status == 408);
        close(idle[i]);
    }
    still_serves(f);
}

enum { DRIBBLERS_MAX = 10000 };

/* As many as there may be files. */
static int
many_files(void)
{
    struct rlimit files;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max == RLIM_INFINITY || files.rlim_max > DRIBBLERS_MAX + 1000) return DRIBBLERS_MAX;
    return files.rlim_max > 2000 ? (int)files.rlim_max - 1000 : 200;
}

/* A process of its own, for it needs as many files as the gateway. It says a letter a second on each of its connections,
 * and ends when none is left. */
static _Noreturn void
dribble(const fixture *f, int count, int told)
{
    static const char request[] =
        "GET /health?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const struct timespec a_second = { .tv_sec = 1 };
    static int fds[DRIBBLERS_MAX];
    const struct sockaddr_in to = { .sin_family = AF_INET,
        .sin_port = htons(acta_gateway_port(f->gateway)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int left = count;

    for (int i = 0; i < count; i++) { /* no assertion may fail here: it would go on with the next test */
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (fds[i] < 0 || connect(fds[i], (const struct sockaddr *)&to, sizeof to) != 0) _exit(2);
    }
    for (size_t letter = 0; left > 0; letter = letter + 1 < sizeof request - 1 ? letter + 1 : letter) {
        for (int i = 0; i < count; i++) {
            if (fds[i] < 0 || send(fds[i], request + letter, 1, MSG_NOSIGNAL) == 1) continue;
            close(fds[i]);
            fds[i] = -1;
            left--;
        }
        if (letter == 0) close(told);
        nanosleep(&a_second, NULL);
    }
    _exit(0);
}

/* SEC-06: ten thousand that say a byte a second keep nobody out, and are sent away although they are never silent. */
static void
who_dribbles_is_sent_away_and_others_are_served(void **state)
{
    fixture *f = FIXTURE(state);
    int many = many_files(), told[2], status;
    char none;

    f->options.idle_timeout_s = 2;
    f->options.connections_max = (uint32_t)many + 100;
    serve(f);
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(told[0]);
        dribble(f, many, told[1]);
    }
    close(told[1]);
    still_serves(f);
    assert_int_equal(read(told[0], &none, 1), 0); /* all are there */
    close(told[0]);
    still_serves(f);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    still_serves(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_bank(no_more_are_let_in_than_the_host_wants),
        with_bank(no_more_are_let_in_than_there_may_be_files),
        with_bank(who_says_nothing_is_sent_away_and_others_are_served),
        with_bank(who_dribbles_is_sent_away_and_others_are_served),
    };
    return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
