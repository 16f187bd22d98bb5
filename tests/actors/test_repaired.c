/*
 * An application on a store that was repaired: its rows are those of the log, and nothing is handled twice because a checkpoint
 * was lost.
 */
#include <dirent.h>

#include "acta/operations.h"
#include "acta/readers.h"

#include "fixture.h"

enum { EVENTS = 40, FILES_MAX = 32 };

static uint32_t handled, replayed;

static acta_status
handle(void *user, ledger_Added event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)event, (void)error;
    handled++;
    replayed += acta_handling_of(recorded)->is_replay;
    return ACTA_OK;
}

static const ledger_event_handler handler = LEDGER_EVENT_HANDLER(.name = "handler", .on = { .Added = handle });
static const acta_event_handler *const handlers[] = { &handler.base, NULL };
static const acta_projection *const projections[] = { &ledger_rows.base, NULL };
static const acta_operator anna = { .by = "anna", .why = "it is all right" };

static void
start_readers(fixture *f)
{
    handled = replayed = 0;
    f->config.event_handlers = handlers;
    f->config.projections = projections;
    start(f);
}

static int64_t
row_total(fixture *f)
{
    ledger_CounterRow row = { .total = 0 };
    acta_status status = ledger_CounterRow_find(f->app, S("a"), &row, NULL, &f->error);

    if (status != ACTA_NOT_FOUND) MUST(f, status);
    return row.total;
}

static uint32_t
list_files(const fixture *f, char (*names)[32])
{
    DIR *directory = opendir(f->path);
    uint32_t count = 0;

    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length < 4 || strcmp(entry->d_name + length - 4, ".sst") != 0) continue;
        assert_true(count < FILES_MAX);
        snprintf(names[count++], 32, "%.31s", entry->d_name);
    }
    closedir(directory);
    return count;
}

static bool
see_note(void *user, const acta_reader_note *note)
{
    *(bool *)user |= strstr(note->text.data, "paused after a repair that lost rows") != NULL;
    return true;
}

/* What has no checkpoint any more waits for an operator; resumed, what was done comes as a replay. */
static void
expect_to_wait(fixture *f)
{
    bool is_noted = false;

    assert_int_equal(reader_info(f, "handler").state, ACTA_READER_PAUSED);
    assert_int_equal(handled, 0);
    MUST(f, acta_reader_audit(acta_app_store(f->app), "handler", see_note, &is_noted, &f->error));
    assert_true(is_noted);
    MUST(f, acta_reader_resume(f->app, "handler", &anna, &f->error));
    settle(f);
    assert_int_equal(handled, EVENTS);
    assert_int_equal(replayed, EVENTS);
}

/* One sorted file is lost. The log may be shorter then; rows and events agree, and nothing that was handled is handled anew. */
static bool
repair_without(fixture *f, const char *name)
{
    char lost[sizeof f->path + 40], aside[sizeof f->path + 40], target[sizeof f->path + 40], usual[sizeof f->path];
    const acta_repair_config config = { .path = f->path, .target = target };
    acta_repair_report report;

    snprintf(lost, sizeof lost, "%s/%.31s", f->path, name);
    snprintf(aside, sizeof aside, "%s.aside", f->path);
    snprintf(target, sizeof target, "%s.%.31s", f->path, name);
    memcpy(usual, f->path, sizeof usual);
    assert_int_equal(rename(lost, aside), 0);
    MUST(f, acta_repair(&config, &report, &f->error));
    assert_int_equal(rename(aside, lost), 0);
    snprintf(f->path, sizeof f->path, "%.255s", target);
    start_readers(f);
    pass_ms(f, 5000);
    assert_int_equal(row_total(f), fold_counter(f, "a"));
    assert_int_equal(handled - replayed, 0);
    bool waits = report.rows_were_lost && report.lost == 0;
    if (waits)
        expect_to_wait(f);
    else
        assert_int_equal(
            reader_info(f, "handler").state, report.rows_were_lost ? ACTA_READER_PAUSED : ACTA_READER_LIVE);
    stop(f);
    start_readers(f); /* once, and not at each start */
    MUST(f, acta_reader_resume(f->app, "handler", &anna, &f->error));
    add(f, "a", 1);
    settle(f);
    assert_int_equal(row_total(f), fold_counter(f, "a"));
    assert_int_equal(handled - replayed, 1);
    stop(f);
    memcpy(f->path, usual, sizeof usual);
    return waits;
}

static void
whatever_file_is_lost_nothing_is_handled_twice(void **state)
{
    fixture *f = FIXTURE(state);
    char names[FILES_MAX][32];
    uint32_t waited = 0;

    start_readers(f);
    for (int i = 0; i < EVENTS; i++)
        add(f, "a", 1);
    settle(f);
    pass_ms(f, 5000);
    assert_int_equal(handled, EVENTS);
    stop(f);
    uint32_t count = list_files(f, names);
    assert_true(count >= 4);
    for (uint32_t i = 0; i < count; i++)
        waited += repair_without(f, names[i]);
    assert_true(waited > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { manual(whatever_file_is_lost_nothing_is_handled_twice) };

    return run_on_rocksdb("repaired", tests);
}
