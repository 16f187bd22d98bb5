/*
 * The shim loaded, children run, journals read.
 */
#include "harness.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "seed.h"

enum { HANG_SECONDS = 600, ROOM_MIN = 512 << 20 };

fault_page *harness_page;
fault_note_function *harness_note;
char harness_root[FAULT_PATH_SIZE - 64];

static void
die(const char *what)
{
    perror(what);
    exit(1);
}

/* -- the shim -- */

/* A sanitizer's runtime that is a library wants to be loaded before all others. */
static int
find_sanitizer(struct dl_phdr_info *info, size_t size, void *user)
{
    const char **found = user;
    (void)size;

    if (strstr(info->dlpi_name, "libasan") != NULL || strstr(info->dlpi_name, "libclang_rt.asan") != NULL)
        *found = info->dlpi_name;
    return *found != NULL;
}

static void
start_again(const char *shim, char **argv)
{
    const char *sanitizer = NULL;
    char preload[2048];

    dl_iterate_phdr(find_sanitizer, &sanitizer);
    snprintf(preload, sizeof preload, "%s%s%s", sanitizer != NULL ? sanitizer : "", sanitizer != NULL ? ":" : "", shim);
    if (getenv("LD_PRELOAD") != NULL) { /* it was asked for, and isn't there */
        fprintf(stderr, "the shim '%s' was not loaded\n", shim);
        exit(1);
    }
    setenv("LD_PRELOAD", preload, 1);
    execv("/proc/self/exe", argv);
    die("cannot start again");
}

static void *
shared_page(void)
{
    void *made =
        mmap(NULL, sizeof(fault_page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED) die("cannot make the page");
    return made;
}

/* In memory where there is such a place with room enough: real syncs are not what is tested here. */
static const char *
place(void)
{
    static const char memory[] = "/dev/shm";
    struct statvfs about;

    if (access(memory, W_OK) != 0 || statvfs(memory, &about) != 0) return "/tmp";
    return (uint64_t)about.f_bavail * about.f_frsize >= ROOM_MIN ? memory : "/tmp";
}

void
harness_begin(const char *shim, char **argv)
{
    fault_attach_function *attach;

    *(void **)&attach = dlsym(RTLD_DEFAULT, "fault_attach");
    *(void **)&harness_note = dlsym(RTLD_DEFAULT, "fault_note");
    if (attach == NULL || harness_note == NULL) start_again(shim, argv);
    unsetenv("LD_PRELOAD");

    if (!scratch_make(harness_root, place(), "faults")) die(harness_root);
    harness_page = shared_page();
    attach(harness_page);
    harness_reset();
}

void
harness_end(void)
{
    disk_remove_tree(harness_root);
    (void)rmdir(harness_root);
}

void
harness_reset(void)
{
    fault_page *page = harness_page;

    memset(page->rules, 0, sizeof page->rules);
    snprintf(page->root, sizeof page->root, "%s", harness_root);
    page->has_journal = false;
    page->skips_syncs = true;
    page->end_at = 0;
}

/* -- children -- */

static void
die_quietly(void)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) dup2(null, STDERR_FILENO);
}

static child_end
end_of(int status)
{
    fault_page *page = harness_page;

    if (WIFSIGNALED(status)) {
        snprintf(page->text, sizeof page->text, "died by signal %d (%s)", WTERMSIG(status),
            WTERMSIG(status) == SIGALRM ? "it hung" : strsignal(WTERMSIG(status)));
        return CHILD_DIED;
    }
    if (page->overflowed) {
        snprintf(page->text, sizeof page->text, "the journal is too small");
        return CHILD_FAILED;
    }
    /* It may have been a process that the child had work for it: then the child was told, and failed. */
    bool its_helper_ended = WEXITSTATUS(status) == 1 && page->end_at != 0 && page->op_count >= page->end_at;
    if (WEXITSTATUS(status) == FAULT_ENDED || its_helper_ended) return CHILD_ENDED;
    if (WEXITSTATUS(status) > 1 || (WEXITSTATUS(status) == 1 && page->text[0] == '\0')) {
        snprintf(page->text, sizeof page->text, "ended with status %d", WEXITSTATUS(status));
        return CHILD_DIED;
    }
    return WEXITSTATUS(status) == 0 ? CHILD_OK : CHILD_FAILED;
}

child_end
harness_run(void (*body)(void *user), void *user)
{
    fault_page *page = harness_page;
    int status = 0;

    page->op_count = page->journal_size = 0;
    page->overflowed = false;
    page->text[0] = '\0';
    for (int i = 0; i < FAULT_RULES; i++) {
        atomic_store(&page->rules[i].fitting, 0);
        atomic_store(&page->rules[i].acted, 0);
    }
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) die("cannot start a process");
    if (child == 0) {
        if (getenv("ACTA_FAULTS_LOUD") == NULL) die_quietly();
        alarm(HANG_SECONDS);
        atomic_store(&page->armed, true);
        body(user);
        _exit(0);
    }
    if (waitpid(child, &status, 0) != child) die("cannot wait");
    atomic_store(&page->armed, false);
    return end_of(status);
}

/* -- journals -- */

disk_journal
harness_take_journal(void)
{
    const fault_page *page = harness_page;
    uint8_t *bytes = malloc(page->journal_size + 1);

    if (bytes == NULL) die("no memory for the journal");
    memcpy(bytes, page->journal, page->journal_size);
    return (disk_journal){ .bytes = bytes, .size = page->journal_size };
}

uint64_t
harness_noted(const disk_journal *journal, uint64_t what, uint64_t number)
{
    uint64_t greatest = 0;

    for (size_t at = 0; at < journal->size;) {
        fault_entry entry;
        memcpy(&entry, journal->bytes + at, sizeof entry);
        if (entry.number > number) break;
        if (entry.op == FAULT_NOTE && entry.offset == what && entry.length > greatest) greatest = entry.length;
        at += entry.size;
    }
    return greatest;
}

/* -- how much -- */

uint64_t
harness_runs_max(uint64_t usual)
{
    const char *wanted = getenv("ACTA_FAULTS");

    if (wanted == NULL) return usual;
    return strcmp(wanted, "all") == 0 ? UINT64_MAX : usual * strtoull(wanted, NULL, 10);
}

uint64_t
harness_seed(void)
{
    return seed_of_this_run();
}

uint64_t
harness_draw(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(0x2545f4914f6cdd1d) >> 11;
}
