/*
 * What a test leaves in /tmp when it is killed is removed by the next that makes such a folder; what belongs to a living
 * process stays.
 */
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

/* A process that makes a folder with something in it, says where, and dies or waits to be killed. */
static pid_t
start_owner(const char *where, bool dies, char path_out[SCRATCH_PATH_MAX])
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char path[SCRATCH_PATH_MAX] = "", inside[SCRATCH_PATH_MAX + 8];
        bool made = scratch_make(path, where, "owned");
        snprintf(inside, sizeof inside, "%s/data", path);
        made = made && mkdir(inside, 0777) == 0;
        if (!made || write(ends[1], path, sizeof path) != (ssize_t)sizeof path) _exit(1);
        while (!dies)
            pause();
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], path_out, SCRATCH_PATH_MAX), SCRATCH_PATH_MAX);
    close(ends[0]);
    if (dies) assert_int_equal(waitpid(child, NULL, 0), child);
    return child;
}

static void
what_the_dead_have_left_goes_and_what_the_living_have_stays(void **state)
{
    char where[SCRATCH_PATH_MAX], dead[SCRATCH_PATH_MAX], living[SCRATCH_PATH_MAX], own[SCRATCH_PATH_MAX];
    (void)state;

    assert_true(scratch_make(where, "/tmp", "scratch"));
    pid_t child = start_owner(where, false, living);
    start_owner(where, true, dead);
    assert_int_equal(access(dead, F_OK), 0);
    scratch_sweep(where, "acta-owned-");
    assert_int_equal(access(dead, F_OK), -1);
    assert_int_equal(access(living, F_OK), 0);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    scratch_sweep(where, "acta-other-");
    assert_int_equal(access(living, F_OK), 0);
    scratch_sweep(where, "acta-owned-");
    assert_int_equal(access(living, F_OK), -1);
    assert_true(scratch_make(own, where, "owned"));
    assert_int_equal(rmdir(own), 0);
    assert_int_equal(rmdir(where), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_dead_have_left_goes_and_what_the_living_have_stays),
    };
    return cmocka_run_group_tests_name("scratch", tests, NULL, NULL);
}
