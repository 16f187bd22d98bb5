/*
 * sim/ inside: the generators of choices, tapes, and what a simulation tells while it runs. Included by sim/ alone.
 */
#ifndef ACTI_SIM_INTERNAL_H
#define ACTI_SIM_INTERNAL_H

#include "acta/sim.h"

struct acti_pool; /* pool.h */

/* -- choices (choice.c) and tapes (tape.c) -- */

/* ACTA_SIM_IDS isn't on a tape: a plain id would be one that is given twice. They come from the tape's seed. */
enum { ACTI_TRACK_MAX = 1 << 24 /* choices */ };

typedef struct acti_track {
    uint32_t *choices; /* each is an index: which of so many */
    size_t count;
} acti_track;

/* Shared with the processes that this one forks later; one at a time may write. */
typedef struct acti_tape {
    uint64_t seed;
    acti_track tracks[ACTA_SIM_PURPOSE_COUNT]; /* a choice past the end is 0; that of the ids stays empty */
} acti_tape;

acti_tape *acti_tape_create(void);       /* empty; NULL: no memory */
void acti_tape_destroy(acti_tape *tape); /* takes NULL */
void acti_tape_clear(acti_tape *tape);
void acti_tape_copy(acti_tape *to, const acti_tape *from);
void acti_tape_trim(acti_tape *tape); /* zeros at the ends of tracks mean nothing */

/* As text: `note` (lines) stands in comments at its head. The form is in tape.c. */
acta_status acti_tape_write(
    const acti_tape *tape, const char *path, const char *scenario, const char *note, acta_error *error);
/* ACTA_INVALID: error->where is "file:line"; it is another scenario's. ACTA_IO, ACTA_NO_MEMORY. */
acta_status acti_tape_read(acti_tape *tape, const char *path, const char *scenario, acta_error *error);

/* splitmix64 (Steele, Lea, Flood 2014): one word of state, equidistributed, and any seed is a good one. */
typedef struct acti_choices {
    uint64_t state[ACTA_SIM_PURPOSE_COUNT];
    const acti_tape *replay; /* NULL: draw */
    acti_tape *record;       /* NULL: don't */
    size_t at[ACTA_SIM_PURPOSE_COUNT];
} acti_choices;

void acti_choices_init(acti_choices *choices, uint64_t seed);
/* A word that no tape has; for ids. */
uint64_t acti_choices_draw(acti_choices *choices, acta_sim_purpose purpose);
/* 0 to count - 1; count > 0. */
uint32_t acti_choices_pick(acti_choices *choices, acta_sim_purpose purpose, uint32_t count);
/* True in `part` of `whole` draws; on a tape it is 0 or 1. */
bool acti_choices_chance(acti_choices *choices, acta_sim_purpose purpose, uint32_t part, uint32_t whole);

/* FNV-1a over 64-bit words and a tail of bytes: fast, and enough to tell two histories apart. */
uint64_t acti_hash(uint64_t hash, const void *bytes, size_t size);

/* -- inside of a simulation (sim.c) -- */

/* As acta_sim_create. `layout`: 0, or other bytes in fresh memory, and other places of it, for each number. `pool`: where
 * its memory comes from with layout 0, which no other simulation may use meanwhile; NULL: one of its own. */
acta_sim *acti_sim_create_with(uint64_t seed, uint64_t layout, struct acti_pool *pool);
/* The application ends, and with it the run; the disk stays as it is. */
void acti_sim_end(acta_sim *sim);
uint64_t acti_sim_elapsed_ms(const acta_sim *sim);
uint64_t acti_sim_clock_moves(const acta_sim *sim); /* steps in which nothing was ready but a timer */
/* Has every call of its clock, its log and its disk come from the thread that created it? */
bool acti_sim_is_on_one_thread(const acta_sim *sim);
acti_choices *acti_sim_choices(acta_sim *sim);
/* acta_sim_chance in other parts than 1,000. */
bool acti_sim_chance_of(acta_sim *sim, acta_sim_purpose purpose, uint32_t part, uint32_t whole);

/* What a step did, for a trace. */
typedef enum acti_told_kind {
    ACTI_TOLD_TURN,   /* an actor handles something */
    ACTI_TOLD_REPLY,  /* … answers */
    ACTI_TOLD_END,    /* … ends */
    ACTI_TOLD_COMMIT, /* a phase of a commit */
    ACTI_TOLD_EVENT,  /* a record can be read from now on; `who` is its stream */
    ACTI_TOLD_CLOCK,  /* time passed */
    ACTI_TOLD_START,
    ACTI_TOLD_CRASH,
    ACTI_TOLD_FAULT,
    ACTI_TOLD_CLIENT, /* a client acted */
    ACTI_TOLD_LOG
} acti_told_kind;

typedef struct acti_told {
    acti_told_kind kind;
    uint64_t step, now_ns;
    const char *who; /* an actor, a stream; "" for none */
    const char *text;
} acti_told;

/* Who looks on. All zero: nobody. What is told is borrowed. */
typedef struct acti_watch {
    void (*tell)(void *user, const acti_told *told);
    void *user;
    uint64_t *digests; /* of the history, before each step */
    size_t digest_max;
    const acta_schema *schema;                                                                 /* of events */
    void (*describe)(const void *state, const acta_recorded *record, char *line, size_t size); /* NULL: by the schema */
    const void *state;
    uint64_t told_head; /* position of the last record that was told */
    bool is_looking;    /* the watcher reads the disk: no faults, nothing is drawn */
    bool is_over;       /* the process is dead: what its actors end by is nobody's doing */
} acti_watch;

acti_watch *acti_sim_watch(acta_sim *sim);
/* watch.c: a message to an actor, as a driver is told of it; `user` is the simulation. */
void acti_watch_message(void *user, const struct acta_trace_event *event, acta_str name);
/* … and the records that can be read since the last time. */
void acti_watch_records(acta_sim *sim);

/* Tell the watcher, if there is one. */
void acti_sim_tell(acta_sim *sim, acti_told_kind kind, const char *who, const char *format, ...) ACTA_PRINTF(4, 5);

#endif
