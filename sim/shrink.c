/*
 * Shrink: a shorter tape that fails in the same way (MacIver's Hypothesis, 2019: the choices are made smaller, never what was
 * made of them, so that no knowledge of the scenario is needed).
 *
 *     drop whole tracks -> cut their ends -> zero and delete pieces -> lower single choices -> again
 *
 * Pieces are halved when all tracks were looked at, so that the runs don't go into the last choices of one while another is
 * still long: thousands of choices take some dozens of runs to fall, if most have nothing to do with the failure.
 *
 * A candidate is always plainer than the tape: shorter, or with a smaller choice somewhere. One that fails by the same
 * invariant takes the tape's place, as the run itself has recorded it: what it never read is gone, what was out of range is
 * in it. Ends when nothing gets plainer, or after so many runs.
 */
#include <string.h>

#include "runner.h"

enum {
    SHORT_TRACK = 256, /* choices, of which each may be deleted */
    SMALL_PIECE = 8
};

typedef struct shrinker {
    acti_lab *lab;
    acti_tape *tape;      /* the best so far */
    acti_tape *candidate; /* made of it */
    acti_tape *record;    /* of the candidate's run */
    const char *invariant;
    uint32_t runs, runs_max;
} shrinker;

/* Coarse things first: what goes wrong is more often too much than what is asked. */
static const acta_sim_purpose order[] = { ACTA_SIM_FAULTS, ACTA_SIM_SETTINGS, ACTA_SIM_PLACES, ACTA_SIM_SCHEDULER,
    ACTA_SIM_WORKLOAD };
enum { PURPOSE_COUNT = sizeof order / sizeof order[0] };

static acti_track *
begin_candidate(shrinker *s, acta_sim_purpose purpose)
{
    acti_tape_copy(s->candidate, s->tape);
    return &s->candidate->tracks[purpose];
}

static bool
is_spent(const shrinker *s)
{
    return s->runs >= s->runs_max;
}

/* True: the candidate, as it ran, is the tape from here on. */
static bool
try(shrinker *s)
{
    if (is_spent(s)) return false;
    s->runs++;
    acti_attempt(s->lab, &(acti_run_setup){ .replay = s->candidate, .record = s->record }, false);
    if (!s->lab->result->failed || strcmp(s->lab->result->invariant, s->invariant) != 0) return false;
    acti_tape_trim(s->record);
    acti_tape_copy(s->tape, s->record);
    return true;
}

static bool
cut_to(shrinker *s, acta_sim_purpose purpose, size_t count)
{
    begin_candidate(s, purpose)->count = count;
    return try(s);
}

/* The shortest beginning of a track that is found by halving. */
static bool
cut_end(shrinker *s, acta_sim_purpose purpose)
{
    bool any = false;
    size_t low = 0; /* that short is too short */

    if (s->tape->tracks[purpose].count == 0) return false;
    if (cut_to(s, purpose, 0)) return true;
    while (low + 1 < s->tape->tracks[purpose].count && !is_spent(s)) {
        size_t middle = low + (s->tape->tracks[purpose].count - low) / 2;
        if (cut_to(s, purpose, middle))
            any = true;
        else
            low = middle;
    }
    return any;
}

static size_t
count_marked(const acti_track *track)
{
    size_t count = 0;

    for (size_t i = 0; i < track->count; i++)
        count += track->choices[i] != 0;
    return count;
}

/* Zero `count` choices that aren't 0, from the first-th of them on. */
static void
zero_marked(acti_track *track, size_t first, size_t count)
{
    size_t at = 0;

    for (size_t i = 0; i < track->count; i++) {
        if (track->choices[i] == 0) continue;
        if (at >= first && at < first + count) track->choices[i] = 0;
        at++;
    }
}

/* From the end: what comes last hangs on what was before, not the other way round. */
static bool
zero_pieces(shrinker *s, acta_sim_purpose purpose, size_t piece)
{
    const acti_track *track = &s->tape->tracks[purpose];
    bool any = false;

    for (size_t end = count_marked(track); end > 0 && !is_spent(s);) {
        size_t first = end > piece ? end - piece : 0;
        zero_marked(begin_candidate(s, purpose), first, end - first);
        any = try(s) || any;
        end = first;
        if (end > count_marked(track)) end = count_marked(track);
    }
    return any;
}

static bool
delete_at(shrinker *s, acta_sim_purpose purpose, size_t first, size_t count)
{
    acti_track *track = begin_candidate(s, purpose);

    memmove(&track->choices[first], &track->choices[first + count],
        (track->count - first - count) * sizeof track->choices[0]);
    track->count -= count;
    return try(s);
}

/* What stands behind moves up, so that a piece of zeros counts too. A small piece is looked for at each place of a short
 * track; in a long one, place by place, and where there is something. */
static bool
delete_pieces(shrinker *s, acta_sim_purpose purpose, size_t piece)
{
    const acti_track *track = &s->tape->tracks[purpose];
    bool any = false;

    for (size_t end = track->count; end >= piece && !is_spent(s);) {
        bool is_short = track->count <= SHORT_TRACK, is_small = piece <= SMALL_PIECE;
        bool is_plain = is_small && !is_short && track->choices[end - 1] == 0 && track->choices[end - piece] == 0;
        if (!is_plain && delete_at(s, purpose, end - piece, piece)) any = true;
        end -= is_small && is_short ? 1 : piece < end ? piece : end;
        if (end > track->count) end = track->count;
    }
    return any;
}

/* The largest power of two that isn't more than the choices of any track. */
static size_t
first_piece(const shrinker *s)
{
    size_t longest = 1, piece = 1;

    for (size_t i = 0; i < PURPOSE_COUNT; i++)
        if (s->tape->tracks[order[i]].count > longest) longest = s->tape->tracks[order[i]].count;
    while (piece * 2 <= longest)
        piece *= 2;
    return piece;
}

static bool
take_pieces(shrinker *s)
{
    bool any = false;

    for (size_t piece = first_piece(s); piece > 0 && !is_spent(s); piece /= 2) {
        for (size_t i = 0; i < PURPOSE_COUNT; i++) {
            any = zero_pieces(s, order[i], piece) || any;
            any = delete_pieces(s, order[i], piece) || any;
        }
    }
    return any;
}

/* The least value of one choice, by halving: not always the least, but soon. */
static bool
lower_at(shrinker *s, acta_sim_purpose purpose, size_t at)
{
    uint32_t low = 0; /* that is too low */
    bool any = false;

    while (at < s->tape->tracks[purpose].count && s->tape->tracks[purpose].choices[at] > low + 1 && !is_spent(s)) {
        uint32_t middle = low + (s->tape->tracks[purpose].choices[at] - low) / 2;
        begin_candidate(s, purpose)->choices[at] = middle;
        if (try(s))
            any = true;
        else
            low = middle;
    }
    return any;
}

static bool
lower_each(shrinker *s, acta_sim_purpose purpose)
{
    bool any = false;

    for (size_t i = s->tape->tracks[purpose].count; i > 0 && !is_spent(s); i--) {
        if (i <= s->tape->tracks[purpose].count) any = lower_at(s, purpose, i - 1) || any;
    }
    return any;
}

static bool
pass(shrinker *s, bool (*shorten)(shrinker *, acta_sim_purpose))
{
    bool any = false;

    for (size_t i = 0; i < PURPOSE_COUNT; i++)
        any = shorten(s, order[i]) || any;
    return any;
}

uint32_t
acti_shrink(acti_lab *lab, acti_tape *tape, const char *invariant, uint32_t runs_max)
{
    shrinker s = { .lab = lab,
        .tape = tape,
        .candidate = acti_tape_create(),
        .record = acti_tape_create(),
        .invariant = invariant,
        .runs_max = runs_max };
    bool any = s.candidate != NULL && s.record != NULL;

    while (any && !is_spent(&s)) {
        any = pass(&s, cut_end);
        any = take_pieces(&s) || any;
        any = pass(&s, lower_each) || any;
    }
    acti_tape_destroy(s.candidate);
    acti_tape_destroy(s.record);
    return s.runs;
}
