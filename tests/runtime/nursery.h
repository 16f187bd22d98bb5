/*
 * What the tests of supervisors share: a supervisor with children that do as they are told and keep a diary, on a
 * manual runtime whose clock the test turns.
 */
#ifndef ACTA_TESTS_RUNTIME_NURSERY_H
#define ACTA_TESTS_RUNTIME_NURSERY_H

#include "harness.h"

enum { CHILD_MAX = 8 };
extern const char *const names[CHILD_MAX]; /* "a" to "h" */

/* What the children did, as a sentence: "+a " started, "-a " terminated, "!a " start refused, "?a " start ignored. */
typedef struct diary {
    char text[8000];
} diary;

/* What a worker does when it is told to end. */
typedef enum habit { GOES = 0, STAYS, LINGERS, FAILS } habit;

typedef struct worker {
    diary *d;
    harness *h;
    const char *name;
    bool fails_init, ignores;
    uint32_t refusals; /* so many more starts fail */
    habit habit;
    uint32_t linger_ms;
    uint64_t info; /* for acta_set_start_info */
    uint64_t started_ns[64];
    uint32_t start_count;
    acta_pid pid;         /* of its last start */
    const char *old_pids; /* who must be dead when it starts: the names of siblings */
    bool saw_the_living;
} worker;

#define FOR_EVER UINT32_MAX
enum { DIE = 1, GO, LEAVE, UNLINK }; /* casts: acta_fail, NORMAL, SHUTDOWN, let go of all links to the supervisor */

typedef struct nursery {
    harness h;
    diary d;
    worker workers[CHILD_MAX];
    script scripts[CHILD_MAX];
    acta_child_spec specs[CHILD_MAX];
    acta_supervisor_options options;
    acta_pid pid; /* of the supervisor */
    char log[16000];
    uint32_t reports; /* lines of the log that supervisors wrote */
    bool is_up;
} nursery;

extern nursery the_nursery;

nursery *plant(uint32_t count);                  /* options with so many children, and a runtime */
acta_status grow(nursery *n, acta_error *error); /* start the supervisor */
void must_grow(nursery *n);                      /* and empty the diary */
void uproot(nursery *n);                         /* stop; everything is accounted for */
void order(nursery *n, const char *name, uint32_t tag);
void finish(nursery *n, const char *name, acta_exit_kind kind); /* by acta_exit */
acta_pid pid_of(nursery *n, const char *name);                  /* {0}: not running */
bool is_up(nursery *n, const char *name);
void expect_diary(nursery *n, const char *text);       /* and empty it */
acta_child_state state_of(nursery *n, const char *id); /* as the supervisor says */
uint64_t alive_count(nursery *n);
void tell(nursery *n, acta_pid pid, acta_exit_kind kind);

#endif
