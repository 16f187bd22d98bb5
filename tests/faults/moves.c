/*
 * The moves, one by one, and what must be there of each.
 */
#include "moves.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "acta/operations.h"
#include "acta/transfer.h"

enum { SOME = 5 }; /* events copied in one call */

/* -- copies by stream -- */

static acta_status
open_keeping(const life *l, const char *name, const char *const *categories, acta_store **store_out, acta_error *error)
{
    char path[FAULT_PATH_SIZE * 2];
    const acta_store_config config = { .path = path,
        .must_exist = true,
        .keep_by_stream = categories,
        .memory_bytes = 4 << 20,
        .unsafe_no_sync = l->no_sync,
        .environment = &life_quiet };

    snprintf(path, sizeof path, "%s/%s", l->root, name);
    return acta_store_open(&config, store_out, error);
}

/* What there is, some at a time, and how many of its events have copies then. */
static acta_status
copy_all(acta_store *store, uint64_t *copies_out, acta_error *error)
{
    acta_verify_report report = { .copies = 0 };
    acta_status status = ACTA_OK;
    uint64_t count = 1;

    while (status == ACTA_OK && count > 0)
        status = acta_store_copy_by_stream(store, SOME, &count, error);
    if (status == ACTA_OK) status = acta_store_verify(store, NULL, NULL, &report, error);
    *copies_out = report.copies;
    return status;
}

acta_status
moves_keep(const life *l, const char *name, acta_error *error)
{
    static const char *const all[] = { "gone", "stream", NULL }, *const none[] = { NULL };
    acta_store *store;
    uint64_t made = 0, left = 0;

    acta_status status = open_keeping(l, name, all, &store, error);
    if (status != ACTA_OK) return status;
    status = copy_all(store, &made, error);
    if (status == ACTA_OK && made == 0) life_fail(l, "nothing was copied");
    if (status == ACTA_OK) status = acta_store_compact(store, true, NULL, error);
    acta_store_close(store);
    if (status == ACTA_OK) status = open_keeping(l, name, none, &store, error);
    if (status != ACTA_OK) return status;
    status = copy_all(store, &left, error);
    if (left != 0) life_fail(l, "%" PRIu64 " copies are left", left);
    acta_store_close(store);
    return status;
}

static void
make_and_take_copies(const life *l)
{
    acta_error error;

    life_expect(l, "copies by stream", moves_keep(l, "data", &error), &error);
}

/* -- into another store -- */

static acta_status
add_all(acta_import *import, acta_export *from, acta_error *error)
{
    acta_status status = ACTA_OK;
    acta_table_row row;
    acta_entry entry;

    acta_import_await_rows(import);
    while (status == ACTA_OK && (status = acta_export_next(from, &entry, error)) == ACTA_OK)
        status = acta_import_add(import, &entry, error);
    if (status != ACTA_NOT_FOUND) return status;
    status = ACTA_OK;
    while (status == ACTA_OK && (status = acta_export_next_row(from, &row, error)) == ACTA_OK)
        status = acta_import_add_row(import, &row, error);
    return status == ACTA_NOT_FOUND ? acta_import_end_rows(import, error) : status;
}

acta_status
moves_import(const life *l, acta_store *from, const char *name, acta_error *error)
{
    char path[FAULT_PATH_SIZE * 2];
    acta_import *import;
    acta_export *entries = NULL;
    acta_error closing;

    snprintf(path, sizeof path, "%s/%s", l->root, name);
    acta_status status = acta_import_open(path, &life_quiet, &import, error);
    if (status != ACTA_OK) return status;
    status = acta_export_open(from, acta_import_position(import) + 1, &entries, error);
    if (status == ACTA_OK) status = add_all(import, entries, error);
    acta_export_close(entries);
    acta_status closed = acta_import_close(import, &closing);
    if (status != ACTA_OK) return status;
    if (closed != ACTA_OK) *error = closing;
    return closed;
}

static bool
same_bytes(acta_bytes a, acta_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static bool
same_event(const acta_recorded *a, const acta_recorded *b)
{
    return a->kind == b->kind && a->stream_id == b->stream_id && a->version == b->version &&
           a->recorded_at_us == b->recorded_at_us && a->schema_hash == b->schema_hash &&
           acta_str_equal(a->type, b->type) && same_bytes(a->payload, b->payload) && same_bytes(a->tags, b->tags);
}

static void
compare_rows(const life *l, acta_export *wanted, acta_export *there, const char *name)
{
    acta_table_row a, b;
    acta_error error;
    acta_status left, right;

    while ((left = acta_export_next_row(wanted, &a, &error)) == ACTA_OK) {
        if (acta_export_next_row(there, &b, &error) != ACTA_OK) life_fail(l, "LOST: a row of '%s'", name);
        if (!acta_str_equal(a.table, b.table) || !same_bytes(a.key, b.key) || !same_bytes(a.value, b.value))
            life_fail(l, "'%s' has another row in '" ACTA_FMT "'", name, ACTA_ARG(a.table));
    }
    right = acta_export_next_row(there, &b, &error);
    if (left != ACTA_NOT_FOUND || right != ACTA_NOT_FOUND) life_fail(l, "rows of '%s': %s", name, error.text);
}

void
moves_compare(const life *l, acta_store *from, const char *name)
{
    acta_store *to;
    acta_export *wanted, *there;
    acta_entry a, b;
    acta_error error;

    if (life_open(l, name, true, &to, &error) != ACTA_OK) life_fail(l, "REFUSED: '%s': %s", name, error.text);
    life_expect(l, name, acta_store_verify(to, NULL, NULL, NULL, &error), &error);
    life_expect(l, "export", acta_export_open(from, 1, &wanted, &error), &error);
    life_expect(l, "export", acta_export_open(to, 1, &there, &error), &error);
    for (uint64_t position = 1; position <= acta_store_head(from); position++) {
        life_expect(l, "the log", acta_export_next(wanted, &a, &error), &error);
        if (acta_export_next(there, &b, &error) != ACTA_OK)
            life_fail(l, "LOST: '%s' at %" PRIu64 ": %s", name, position, error.text);
        if (!same_event(&a.event, &b.event)) life_fail(l, "'%s' has another event at %" PRIu64, name, position);
    }
    if (acta_store_head(to) != acta_store_head(from)) life_fail(l, "INVENTED: '%s' goes on", name);
    compare_rows(l, wanted, there, name);
    acta_export_close(wanted);
    acta_export_close(there);
    acta_store_close(to);
}

/* -- all of it -- */

void
moves_live(void *user)
{
    const life *l = user;
    acta_store *store;
    acta_error error;
    uint64_t step = 0, count;

    life_expect(l, "open", life_open(l, "data", false, &store, &error), &error);
    while (step < l->steps)
        life_expect(l, "a step", life_commit(l, store, ++step, &error), &error);
    life_expect(l, "scrub", acta_store_scrub(store, 0, &count, &error), &error);
    acta_store_close(store);
    make_and_take_copies(l);
    l->note(MOVES_COPIED, step);
    life_expect(l, "open", life_open(l, "data", true, &store, &error), &error);
    life_expect(l, "import", moves_import(l, store, "imported", &error), &error);
    l->note(MOVES_IMPORTED, step);
    acta_store_close(store);
}

void
moves_check(void *user)
{
    const check *c = user;
    const life *l = c->life;
    acta_error error;
    acta_store *store;

    if (life_open(l, "data", false, &store, &error) != ACTA_OK) life_fail(l, "REFUSED: %s", error.text);
    uint64_t last = life_check(l, store, c->noted[LIFE_DONE], c->noted[LIFE_BEGUN]);
    life_expect(l, "verify", acta_store_verify(store, NULL, NULL, NULL, &error), &error);
    acta_store_close(store);
    life_expect(l, "open", life_open(l, "data", true, &store, &error), &error); /* whose rows stand still */
    if (c->noted[MOVES_IMPORTED] > 0) moves_compare(l, store, "imported");
    if (last < l->steps) { /* behind this it isn't what would be done */
        acta_store_close(store);
        return;
    }
    life_expect(l, "import", moves_import(l, store, "imported", &error), &error);
    moves_compare(l, store, "imported");
    acta_store_close(store);
    make_and_take_copies(l);
}
