/*
 * The sweep over cuts and models, and over ends of the process.
 */
#include "sweep.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sweep
sweep_of(const char *name, uint32_t steps, uint32_t payload, void (*live)(void *), void (*compare)(void *))
{
    sweep s = { .name = name,
        .life = { .root = harness_root,
            .steps = steps,
            .payload = payload,
            .has_backups = true,
            .page = harness_page,
            .note = harness_note },
        .live = live,
        .compare = compare };

    harness_reset();
    s.seed = harness_seed();
    return s;
}

static void
report(const sweep *s)
{
    printf("%s: %" PRIu64 " operations, %" PRIu64 " cut points, %d models, %" PRIu64 " runs, %" PRIu64
           " cut again in recovery, %" PRIu64 " lost or wrong, %" PRIu64 " refused\n",
        s->name, s->operations, s->cuts, DISK_MODEL_COUNT, s->runs, s->deep_runs, s->losses, s->refusals);
    if (s->first_text[0] != '\0') printf("  first: %s\n", s->first_text);
}

/* -- what was noted -- */

void
check_add(check *c, const disk_journal *journal, uint64_t number)
{
    for (size_t at = 0; at < journal->size;) {
        fault_entry entry;
        memcpy(&entry, journal->bytes + at, sizeof entry);
        if (entry.number > number) break;
        at += entry.size;
        if (entry.op != FAULT_NOTE || entry.offset >= SWEEP_NOTES) continue;
        if (entry.length > c->noted[entry.offset]) c->noted[entry.offset] = entry.length;
        if (entry.length < SWEEP_POSITIONS)
            c->numbers[entry.offset][entry.length / 64] |= UINT64_C(1) << entry.length % 64;
    }
}

bool
check_was_noted(const check *c, uint64_t what, uint64_t number)
{
    return number < SWEEP_POSITIONS && (c->numbers[what][number / 64] >> number % 64 & 1) != 0;
}

/* -- runs -- */

static void
live(void *user)
{
    sweep *s = user;

    disk_remove_tree(harness_root);
    s->live(&s->life);
}

static void
tell(sweep *s, child_end end, const char *where)
{
    const char *text = harness_page->text;

    if (end == CHILD_OK) return;
    if (strncmp(text, "REFUSED", 7) == 0)
        s->refusals++;
    else
        s->losses++;
    if (s->first_text[0] == '\0') snprintf(s->first_text, sizeof s->first_text, "%s: %s", where, text);
    if (getenv("ACTA_FAULTS_LOUD") != NULL) printf("  %s: %s\n", where, text);
}

/* The number of the i-th of `chosen` places out of `count`, evenly spread, each at random within its share. */
static uint64_t
place(sweep *s, uint64_t i, uint64_t chosen, uint64_t count)
{
    uint64_t from = i * count / chosen, to = (i + 1) * count / chosen;
    return from + harness_draw(&s->seed) % (to - from);
}

static uint64_t
at_most(uint64_t count, uint64_t limit)
{
    return count < limit ? count : limit;
}

/* Without a life there is nothing to cut. */
static void
fail_life(const sweep *s)
{
    printf("%s: the life itself failed: %s\n", s->name, harness_page->text);
    exit(1);
}

/* The recovery of what is on the disk now, recorded, and cut again; `d` holds what was durable or pending before it. */
static void
cut_recovery(sweep *s, disk *d, const check *before, uint64_t runs, const char *where)
{
    disk_journal journal = harness_take_journal();
    uint64_t operations = harness_page->op_count, count = (operations + 1) * DISK_MODEL_COUNT;

    runs = at_most(count, runs);
    for (uint64_t i = 0; i < runs; i++) {
        char text[160];
        uint64_t at = place(s, i, runs, count), cut = at / DISK_MODEL_COUNT;
        disk_model model = (disk_model)(at % DISK_MODEL_COUNT);
        check c = *before;

        check_add(&c, &journal, cut);
        disk_replay(d, &journal, cut);
        disk_build(d, model, s->seed, harness_root);
        harness_page->has_journal = false;
        snprintf(text, sizeof text, "%s, then cut %" PRIu64 " %s", where, cut, disk_model_names[model]);
        tell(s, harness_run(s->compare, &c), text);
        s->deep_runs++;
    }
    free((void *)(uintptr_t)journal.bytes);
}

/* One cut: build, open, compare; now and then recorded, and cut again. */
static void
cut_once(sweep *s, disk *d, const check *c, uint64_t cut, disk_model model, uint64_t deep_runs)
{
    char where[96];

    snprintf(where, sizeof where, "cut %" PRIu64 " %s", cut, disk_model_names[model]);
    disk_build(d, model, s->seed, harness_root);
    disk *built = deep_runs > 0 ? disk_create(harness_root) : NULL;
    harness_page->has_journal = built != NULL;
    child_end end = harness_run(s->compare, (void *)(uintptr_t)c);
    tell(s, end, where);
    s->runs++;
    if (built != NULL && end == CHILD_OK) cut_recovery(s, built, c, deep_runs, where);
    disk_destroy(built);
}

/* The life's journal, to be freed. */
static disk_journal
record(sweep *s)
{
    harness_page->has_journal = true;
    if (harness_run(live, s) != CHILD_OK) fail_life(s);
    s->operations = harness_page->op_count;
    return harness_take_journal();
}

/* At `runs` points and models of what a disk went through from what it holds now. */
static void
cut_journal(sweep *s, disk *d, disk_journal *journal, uint64_t runs, uint64_t deep, uint64_t deep_runs)
{
    uint64_t count = (s->operations + 1) * DISK_MODEL_COUNT, last_cut = UINT64_MAX;

    runs = at_most(count, runs);
    deep = at_most(runs, deep);
    for (uint64_t i = 0; i < runs; i++) {
        uint64_t at = place(s, i, runs, count), cut = at / DISK_MODEL_COUNT;
        check c = { .life = &s->life };
        bool is_deep = deep > 0 && i * deep / runs != (i + 1) * deep / runs;
        check_add(&c, journal, cut);
        s->cuts += cut != last_cut;
        last_cut = cut;
        disk_replay(d, journal, cut);
        cut_once(s, d, &c, cut, (disk_model)(at % DISK_MODEL_COUNT), is_deep ? deep_runs : 0);
    }
    disk_destroy(d);
    free((void *)(uintptr_t)journal->bytes);
    report(s);
}

void
sweep_cut(sweep *s, uint64_t runs, uint64_t deep, uint64_t deep_runs)
{
    disk_journal journal = record(s);
    cut_journal(s, disk_create(NULL), &journal, runs, deep, deep_runs);
}

void
sweep_cut_opening(sweep *s, uint64_t runs, uint64_t deep, uint64_t deep_runs)
{
    disk *d = disk_create(harness_root);
    check c = { .life = &s->life };

    harness_page->has_journal = true;
    if (harness_run(s->compare, &c) != CHILD_OK) fail_life(s);
    s->operations = harness_page->op_count;
    disk_journal journal = harness_take_journal();
    cut_journal(s, d, &journal, runs, deep, deep_runs);
}

/* The operation before the first note of that kind. */
static uint64_t
operation_of_note(const sweep *s, const disk_journal *journal, uint64_t what)
{
    for (size_t at = 0; at < journal->size;) {
        fault_entry entry;
        memcpy(&entry, journal->bytes + at, sizeof entry);
        if (entry.op == FAULT_NOTE && entry.offset == what) return entry.number;
        at += entry.size;
    }
    fail_life(s);
    return 0;
}

void
sweep_cut_at_note(sweep *s, uint64_t what)
{
    disk_journal journal = record(s);
    disk *d = disk_create(NULL);
    uint64_t cut = operation_of_note(s, &journal, what);
    check c = { .life = &s->life };

    s->cuts = 1;
    check_add(&c, &journal, cut);
    disk_replay(d, &journal, cut);
    for (int model = 0; model < DISK_MODEL_COUNT; model++)
        cut_once(s, d, &c, cut, (disk_model)model, 0);
    disk_destroy(d);
    free((void *)(uintptr_t)journal.bytes);
    report(s);
}

/* -- the process alone ends -- */

enum { ENDS_IN_RECOVERY = 3 };

/* What the last child noted adds to what must, and what may be there. */
static void
add_notes(check *c)
{
    disk_journal journal = harness_take_journal();

    check_add(c, &journal, UINT64_MAX);
    free((void *)(uintptr_t)journal.bytes);
}

/* The life ends at operation `end`; each recovery of it does too, some operations later; the last one may finish. */
static void
end_at(sweep *s, uint64_t end)
{
    check c = { .life = &s->life };
    char where[64];

    harness_page->end_at = end;
    child_end ended = harness_run(live, s);
    add_notes(&c);
    snprintf(where, sizeof where, "ended at %" PRIu64, end);
    if (ended != CHILD_OK && ended != CHILD_ENDED) tell(s, ended, where);
    for (int i = 0; i < ENDS_IN_RECOVERY; i++) {
        harness_page->end_at = 1 + harness_draw(&s->seed) % 60;
        ended = harness_run(s->compare, &c);
        if (ended != CHILD_OK && ended != CHILD_ENDED) tell(s, ended, where);
        s->deep_runs += ended == CHILD_ENDED;
        add_notes(&c);
    }
    harness_page->end_at = 0;
    tell(s, harness_run(s->compare, &c), where);
    s->runs++;
}

void
sweep_end(sweep *s, uint64_t runs)
{
    harness_page->has_journal = true;
    if (harness_run(live, s) != CHILD_OK) fail_life(s);
    s->operations = harness_page->op_count;
    runs = at_most(s->operations, runs);
    for (uint64_t i = 0; i < runs; i++)
        end_at(s, place(s, i, runs, s->operations) + 1);
    printf("%s: %" PRIu64 " operations, %" PRIu64 " ended at, %" PRIu64 " times again in recovery, %" PRIu64
           " lost or wrong, %" PRIu64 " refused\n",
        s->name, s->operations, s->runs, s->deep_runs, s->losses, s->refusals);
    if (s->first_text[0] != '\0') printf("  first: %s\n", s->first_text);
}
