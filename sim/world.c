/*
 * World. See world.h.
 */
#include "world.h"

#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const uint64_t SEED_MAX = UINT64_C(1000000000000000);

void *
acti_world_shared_alloc(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void
acti_world_shared_free(void *memory, size_t size)
{
    if (memory != NULL) munmap(memory, size);
}

/* -- files -- */

static acta_status
file_failed(FILE *file, const char *what, const char *path, acta_error *error)
{
    acta_status status = acta_error_set(error, ACTA_IO, "cannot %s '%s': %s", what, path, strerror(errno));
    if (file != NULL) fclose(file);
    return status;
}

acta_status
acti_world_file_read(const char *path, char **text_out, acta_error *error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) return file_failed(NULL, "read", path, error);

    char *text = NULL, buffer[4096];
    size_t size = 0, part;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        fclose(file);
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot read '%s'", path);
    }
    while ((part = fread(buffer, 1, sizeof buffer, file)) > 0)
        fwrite(buffer, 1, part, out);
    bool has_failed = ferror(file) != 0;
    bool is_whole = fclose(out) == 0;
    if (has_failed || !is_whole) {
        free(text);
        return file_failed(file, "read", path, error);
    }
    fclose(file);
    *text_out = text;
    return ACTA_OK;
}

acta_status
acti_world_file_write(const char *path, const char *text, size_t size, acta_error *error)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) return file_failed(NULL, "write", path, error);
    if (fwrite(text, 1, size, file) != size) return file_failed(file, "write", path, error);
    return fclose(file) == 0 ? ACTA_OK : file_failed(NULL, "write", path, error);
}

acta_status
acti_world_directory_make(const char *path, acta_error *error)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return ACTA_OK;
    return file_failed(NULL, "make the directory", path, error);
}

/* -- numbers -- */

uint64_t
acti_world_real_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t
acti_world_random_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) seed = acti_world_real_ms();
    return seed % SEED_MAX;
}

uint32_t
acti_world_core_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : (uint32_t)count;
}

uint64_t
acti_world_thread_id(void)
{
    return (uint64_t)(uintptr_t)pthread_self();
}

uint32_t
acti_world_thread_count(void)
{
    struct stat tasks; /* a link for each, and two of its own */
    return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink > 2 ? (uint32_t)tasks.st_nlink - 2 : 0;
}

/* -- children -- */

uint32_t
acti_world_child_start(void (*work)(void *user), void *user)
{
    fflush(NULL); /* or both would write what is buffered */
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) return 0;
    if (child > 0) return (uint32_t)child;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    work(user);
    fflush(NULL);
    _exit(0);
}

bool
acti_world_child_wait(uint32_t child, bool wait, acti_world_child_end *end_out)
{
    int status;
    pid_t ended;

    do {
        ended = waitpid((pid_t)child, &status, wait ? 0 : WNOHANG);
    } while (ended < 0 && errno == EINTR);
    if (ended <= 0) return false;
    *end_out = (acti_world_child_end){ .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0 };
    return true;
}

_Static_assert(ACTI_SIGNAL_OF_LIMIT == SIGALRM, "what alarm sends");

void
acti_world_child_limit(uint32_t seconds)
{
    alarm(seconds);
}

void
acti_world_sleep_ms(uint32_t ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 }, NULL);
}

void
acti_world_child_kill(uint32_t child)
{
    kill((pid_t)child, SIGKILL);
}

const char *
acti_world_signal_name(int signal, char *text, size_t size)
{
    const char *name = sigabbrev_np(signal);
    const char *meaning = sigdescr_np(signal);

    snprintf(text, size, "SIG%s (%s)", name != NULL ? name : "?", meaning != NULL ? meaning : "unknown");
    return text;
}

void
acti_world_disguise(void)
{
    static char padding[6000];

    memset(padding, 'x', sizeof padding - 1);
    setenv("ACTA_SIM_PADDING", padding, 1);
    setenv("TZ", "Pacific/Kiritimati", 1);
    setenv("LC_ALL", "de_DE.UTF-8", 1);
    tzset();
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL) setlocale(LC_ALL, "C.UTF-8");
}
