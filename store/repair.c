/*
 * Repair: a sound store from what is left of a damaged one, in a new directory.
 *
 *     1 look      is it damaged at all? the first damage, and how far the log had been durable
 *     2 open      as it is; or, when the engine can't, from its files with new lists (rocksdb_salvage.c)
 *     3 rebuild   the log up to the first record that isn't sound, and what follows from it (rebuild.h)
 *     4 record    "$repaired" in "$audit": part of the new log
 *
 * The damaged store is never written to. What lies behind the first damage stays there, and is counted.
 */
#include <inttypes.h>
#include <stdio.h>

#include "acta/operations.h"

#include "rebuild.h"

#define TYPE_OF_REPAIRS "$repaired"

typedef struct repairing {
    const acta_repair_config *config;
    acta_environment environment;
    char unfinished[ACTI_PATH_MAX], salvage[ACTI_PATH_MAX];
    acta_engine *from;
    acti_rebuild rebuild;
    acta_repair_report report;
} repairing;

/* -- looking -- */

static void
keep_damage(repairing *r, const acta_error *damage)
{
    snprintf(r->report.damage, sizeof r->report.damage, "%s", damage->text);
}

/* How far the log had been durable, as the mark says, if it says anything. */
static void
read_mark(repairing *r)
{
    acti_engine_config config = {
        .path = r->config->path, .read_only = true, .memory_bytes = 1 << 20, .environment = r->environment
    };
    acta_engine *engine = acti_rocksdb_engine();
    acti_found found;
    acti_mark mark;
    acta_error ignored;
    bool blank;

    if (engine == NULL) return;
    if (engine->ops->probe(engine, &config, &found, &ignored) == ACTA_OK && found != ACTI_FOUND_NOTHING &&
        acti_mark_read(engine, &mark, &blank, &ignored) == ACTA_OK)
        r->report.durable = mark.position;
    engine->ops->close(engine);
}

/* ACTA_OK: it is damaged. */
static acta_status
look(repairing *r, acta_error *error)
{
    const acta_store_config config = {
        .path = r->config->path, .read_only = true, .memory_bytes = UINT64_C(64) << 20, .environment = &r->environment
    };
    acta_store *store;
    acta_error damage;
    acta_status status = acta_store_open(&config, &store, &damage);

    if (status == ACTA_OK) {
        status = acta_store_verify(store, NULL, NULL, NULL, &damage);
        acta_store_close(store);
        if (status == ACTA_OK)
            return acta_error_set(
                error, ACTA_INVALID, "the store '%s' is sound: there is nothing to repair", r->config->path);
    }
    if (status != ACTA_CORRUPT && status != ACTA_IO) {
        if (error != NULL) *error = damage;
        return status;
    }
    keep_damage(r, &damage);
    return ACTA_OK;
}

/* -- opening -- */

static acta_status
open_as_it_is(repairing *r, acta_error *error)
{
    acti_engine_config config = {
        .path = r->config->path, .read_only = true, .memory_bytes = UINT64_C(64) << 20, .environment = r->environment
    };
    acta_engine *engine = acti_rocksdb_engine();
    acti_found found = ACTI_FOUND_NOTHING;

    if (engine == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "there is no memory for an engine");
    acta_status status = engine->ops->probe(engine, &config, &found, error);
    if (status == ACTA_OK && found != ACTI_FOUND_STORE)
        status = acta_error_set(error, ACTA_CORRUPT, "'%s' has lost its file 'CURRENT'", r->config->path);
    if (status == ACTA_OK) status = engine->ops->start(engine, ACTI_START_READ, error);
    if (status == ACTA_OK)
        r->from = engine;
    else
        engine->ops->close(engine);
    return status;
}

static acta_status
open_damaged(repairing *r, acta_error *error)
{
    acta_error ignored;
    const char *beside = r->config->target != NULL ? r->unfinished : r->config->path;

    if (open_as_it_is(r, &ignored) == ACTA_OK) return ACTA_OK;
    if (snprintf(r->salvage, sizeof r->salvage, "%s.salvage", beside) >= (int)sizeof r->salvage)
        return acta_error_set(error, ACTA_INVALID, "the path '%s' is too long", beside);
    if (acti_path_exists(r->salvage)) {
        acta_status status = acta_error_set(
            error, ACTA_ALREADY_EXISTS, "'%s' exists, left by a repair that was cut off; remove it first", r->salvage);
        r->salvage[0] = '\0';
        return status;
    }
    r->report.files_were_rebuilt = true;
    return acti_rocksdb_salvage(
        r->config->path, r->salvage, &r->environment, &r->from, &r->report.rows_were_lost, error);
}

/* -- what was found -- */

static void
take_report(repairing *r)
{
    const acti_rebuild *rebuild = &r->rebuild;
    acta_repair_report *report = &r->report;
    uint64_t last = rebuild->last_seen > report->durable ? rebuild->last_seen : report->durable;

    if (rebuild->damage.status != ACTA_OK) keep_damage(r, &rebuild->damage);
    report->kept = rebuild->position;
    report->lost = last - rebuild->position;
    report->readable_behind = rebuild->left_out;
    report->rows_kept = rebuild->rows_kept;
    report->outcomes_dropped = rebuild->outcomes_dropped;
    report->snapshots_dropped = rebuild->snapshots_dropped;
    report->claims_dropped = rebuild->claims_dropped;
    report->table_rows_dropped = rebuild->table_rows_dropped;
    report->checkpoints_cut = rebuild->checkpoints_cut;
    report->rows_were_lost = report->rows_were_lost || rebuild->rows_were_lost;
}

/* The record of the repair, as lines of text. */
static acta_status
write_audit(repairing *r, acta_store *to, acta_error *error)
{
    const acta_repair_report *report = &r->report;
    const acta_repair_config *config = r->config;
    char text[3 * ACTA_ERROR_TEXT_MAX];
    acta_transaction *t = acta_transaction_create(to);

    if (t == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "there is no memory for the record of the repair");
    int size = snprintf(text, sizeof text,
        "who: %.200s\nwhy: %.200s\nfrom: %.300s\nfound: %.500s\nkept: positions 1 to %" PRIu64 "\nlost: %" PRIu64
        " positions behind it, of which %" PRIu64 " can be read there\ndurable: %" PRIu64 "\nrows: %" PRIu64
        " kept%s; dropped %" PRIu64 " outcomes, %" PRIu64 " snapshots, %" PRIu64 " claims, %" PRIu64
        " rows of tables; %" PRIu64 " checkpoints set back\n",
        config->who != NULL ? config->who : "unknown", config->why != NULL ? config->why : "", config->path,
        report->damage, report->kept, report->lost, report->readable_behind, report->durable, report->rows_kept,
        report->rows_were_lost ? ", some can't be read" : "", report->outcomes_dropped, report->snapshots_dropped,
        report->claims_dropped, report->table_rows_dropped, report->checkpoints_cut);
    size_t length = size < (int)sizeof text ? (size_t)size : sizeof text - 1;
    const acta_event event = { .type = acta_str_of(TYPE_OF_REPAIRS), .payload = acta_bytes_from(text, length) };
    acti_transaction_append_own(t, acta_str_of(ACTI_STREAM_OF_AUDIT), ACTA_ANY_VERSION, &event, 1);
    return acta_store_commit(to, t, NULL, error);
}

static acta_status
rebuild(repairing *r, acta_error *error)
{
    acta_store *to = NULL;
    acta_status status;

    r->rebuild = (acti_rebuild){ .from = r->from,
        .path = r->unfinished,
        .environment = &r->environment,
        .last = UINT64_MAX,
        .to_damage = true,
        .keep_tables = true,
        .durable = r->report.durable,
        .rows_were_lost = r->report.rows_were_lost };
    if (r->config->target == NULL) {
        status = acti_rebuild_log(&r->rebuild, NULL, error);
        take_report(r);
        return status;
    }
    status = acti_rebuild_run(&r->rebuild, &to, error);
    take_report(r);
    if (status == ACTA_OK) status = write_audit(r, to, error);
    return acti_new_store_finish(to, r->unfinished, r->config->target, status, error);
}

/* -- the run -- */

static acta_status
check_config(const acta_repair_config *config, acta_error *error)
{
    if (config->path == NULL || config->path[0] == '\0')
        return acta_error_set(error, ACTA_INVALID, "cannot repair: no directory was named");
    if (config->target != NULL && config->target[0] == '\0')
        return acta_error_set(error, ACTA_INVALID, "cannot repair into '': no directory was named");
    if (!acti_path_is_directory(config->path))
        return acta_error_set(error, ACTA_NOT_FOUND, "there is no store in '%s'", config->path);
    return ACTA_OK;
}

/* Nobody writes to it meanwhile, as far as its lock is there. */
static acta_status
lock_store(const char *path, int *lock_out, acta_error *error)
{
    char mark[ACTI_PATH_MAX];
    acta_status status = acti_path_join(mark, path, ACTI_MARK_FILE, error);

    if (status != ACTA_OK || !acti_path_exists(mark)) return status;
    return acti_file_lock(mark, "the store to repair is in use", lock_out, error);
}

acta_status
acta_repair(const acta_repair_config *config, acta_repair_report *report_out, acta_error *error)
{
    repairing r = { .config = config, .environment = acti_silent(config->environment) };
    int lock = -1;
    acta_status status = check_config(config, error);

    if (status == ACTA_OK && config->target != NULL) status = acti_new_store_place(config->target, r.unfinished, error);
    if (status == ACTA_OK) status = lock_store(config->path, &lock, error);
    if (status == ACTA_OK) status = look(&r, error);
    if (status == ACTA_OK) {
        read_mark(&r);
        status = open_damaged(&r, error);
        if (status == ACTA_OK) status = rebuild(&r, error);
        if (r.from != NULL) r.from->ops->close(r.from);
        if (r.salvage[0] != '\0') acti_directory_remove(r.salvage);
    }
    acti_file_unlock(lock);
    if (status == ACTA_OK && report_out != NULL) *report_out = r.report;
    return status;
}
