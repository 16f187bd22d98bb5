/*
 * Rebuild: the rows. Which of them fit a log that ends where the new one does (acta_restore in operations.h says which).
 *
 *     kept | dropped | changed (checkpoints)                    the table "tags" is made from the log, and never copied
 *
 * A block of rows that can't be read stops an iterator: with to_damage those behind it are read from the other end.
 */
#include "acta/consumer_group.h"

#include "kept_rows.h"
#include "rebuild.h"
#include "transaction.h"

typedef struct sorting {
    acti_rebuild *rebuild;
    acta_store *to;
    bool
        begins_anew; /* rows may tell of events that the new log hasn't, or lack what it has: what readers made of it goes */
    uint8_t changed[ACTI_CHECKPOINT_SIZE];
} sorting;

static acta_status
write_rows(acta_store *to, acta_error *error)
{
    if (to->engine->ops->batch_bytes(to->committer.batch) == 0) return ACTA_OK;
    acti_batch_close(to, 0);
    return acti_commit_own(to, error);
}

/* The id that a name had; 0: none. One that can't be read is an error; where there is damage, it is told as a loss. */
static acta_status
old_stream_id(acti_rebuild *rebuild, acta_str stream, uint64_t *id_out, acta_error *error)
{
    uint8_t room[ACTI_NAME_KEY_MAX];
    acti_value value;

    *id_out = 0;
    if (stream.size == 0 || stream.size > ACTA_STREAM_NAME_MAX) return ACTA_OK;
    acta_status status =
        rebuild->from->ops->get(rebuild->from, ACTI_STREAMS, acti_name_key(room, stream), &value, error);
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK && !rebuild->to_damage) return status;
    if (status != ACTA_OK) {
        rebuild->rows_were_lost = true;
        return ACTA_OK;
    }
    if (value.bytes.size == ACTI_ID_VALUE_SIZE) *id_out = acti_get_be64(value.bytes.data);
    rebuild->from->ops->release(rebuild->from, &value);
    return ACTA_OK;
}

/* -- does it fit? -- */

/* Had the log more? */
static bool
is_short(const acti_rebuild *rebuild)
{
    uint64_t reached = rebuild->last_seen > rebuild->durable ? rebuild->last_seen : rebuild->durable;
    return rebuild->left_out > 0 || rebuild->position < reached;
}

/* Up to when a command that led to no event was refused by the log as it is now. */
static int64_t
end_of_time_us(const acti_rebuild *rebuild)
{
    if (rebuild->left_out_from_us != INT64_MAX) return rebuild->left_out_from_us;
    return is_short(rebuild) ? rebuild->recorded_at_us + 1 : INT64_MAX;
}

static bool
outcome_fits(acti_rebuild *rebuild, acta_bytes value)
{
    uint64_t position;
    int64_t recorded_at_us;
    /* One that an import has made is younger than its events. */
    bool fits = acti_outcome_place(value, &position, &recorded_at_us) && position <= rebuild->position &&
                (position > 0 || recorded_at_us < end_of_time_us(rebuild));

    if (!fits) rebuild->outcomes_dropped++;
    return fits;
}

/* A snapshot is a state after events that are here. Of another stream of that name it would not be. */
static acta_status
snapshot_fits(sorting *s, acta_str stream, acta_bytes value, bool *fits_out, acta_error *error)
{
    uint64_t id = 0, old_id = 0, version = 0, at = acti_snapshot_version(stream, value);
    acta_status status = old_stream_id(s->rebuild, stream, &old_id, error);

    if (status == ACTA_OK) status = acti_stream_id(s->to, stream, &id, error);
    if (status == ACTA_OK && id != 0) status = acti_stream_version(s->to, id, s->rebuild->position, &version, error);
    *fits_out = id != 0 && at != 0 && at <= version && old_id == id;
    if (status == ACTA_OK && !*fits_out) s->rebuild->snapshots_dropped++;
    return status;
}

/* A claim doesn't tell when it was made. An owner that was a stream, and is none now, can't have made it. */
static acta_status
claim_fits(sorting *s, acta_str owner, bool *fits_out, acta_error *error)
{
    uint64_t id = 0, old_id;
    acta_status status = old_stream_id(s->rebuild, owner, &old_id, error);

    *fits_out = true;
    if (status != ACTA_OK || old_id == 0) return status;
    status = acti_stream_id(s->to, owner, &id, error);
    *fits_out = id != 0;
    if (status == ACTA_OK && id == 0) s->rebuild->claims_dropped++;
    return status;
}

/* One that is behind the end is set to it. */
static void
cut_checkpoint(sorting *s, acta_bytes *value)
{
    uint64_t position;

    if (!acti_checkpoint_decode(*value, &position) || position <= s->rebuild->position) return;
    acti_checkpoint_encode(s->rebuild->position, s->changed);
    *value = acta_bytes_from(s->changed, sizeof s->changed);
    s->rebuild->checkpoints_cut++;
}

/* Whoever has come so far, or keeps positions, is told where the log was cut, and that his rows are gone. `table`: where the key
 * lies, which is his name. */
static void
note_cut(sorting *s, const char *table, acta_bytes key)
{
    const size_t front = strlen(table) + 1;
    const acta_bytes name = acta_bytes_from(key.data + front, key.size - front);
    uint8_t room[sizeof ACTI_TABLE_CUTS + ACTA_SUBSCRIPTION_NAME_MAX], position[8];

    if (name.size > ACTA_SUBSCRIPTION_NAME_MAX) return;
    acti_put_le64(position, s->rebuild->position);
    s->to->engine->ops->batch_put(s->to->committer.batch, ACTI_TABLES, acti_row_key(room, ACTI_TABLE_CUTS, name),
        acta_bytes_from(position, sizeof position));
}

/* Are users' tables of a time that the log doesn't reach? */
static bool
is_cut_off(const acti_rebuild *rebuild)
{
    return rebuild->left_out > 0 && !rebuild->keep_tables;
}

/* A row that actors/ makes of the log alone, and makes again when it is told that the log was cut. */
static bool
is_made_of_log(acta_bytes key)
{
    static const char *const tables[] = { "indexes", "inline.notes", "inline.positions", "rebuilds", "versions" };

    if (key.size > 3 && (memcmp(key.data, "rm.", 3) == 0 || memcmp(key.data, "ri.", 3) == 0)) return true;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (acti_row_is_of(key, tables[i])) return true;
    return false;
}

static bool
is_kept_schema(acta_bytes key)
{
    return acti_row_is_of(key, ACTI_TABLE_SCHEMAS) || acti_row_is_of(key, ACTI_TABLE_TYPES);
}

/* Is this row wanted? Its value may be changed. */
static acta_status
judge_row(sorting *s, acta_bytes key, acta_bytes *value, bool *wanted_out, acta_error *error)
{
    bool is_cut = is_cut_off(s->rebuild);

    *wanted_out = true;
    if (acti_row_is_of(key, ACTI_TABLE_TAGS)) {
        *wanted_out = false;
    } else if (acti_row_is_of(key, ACTI_TABLE_OUTCOMES)) {
        *wanted_out = outcome_fits(s->rebuild, *value);
    } else if (acti_row_is_of(key, ACTI_TABLE_SNAPSHOTS)) {
        size_t table = sizeof ACTI_TABLE_SNAPSHOTS;
        return snapshot_fits(
            s, acta_str_from((const char *)key.data + table, key.size - table), *value, wanted_out, error);
    } else if (acti_row_is_of(key, ACTI_TABLE_CLAIMS)) {
        return claim_fits(s, acta_str_from((const char *)value->data, value->size), wanted_out, error);
    } else if (acti_row_is_of(key, ACTI_TABLE_CHECKPOINTS)) {
        cut_checkpoint(s, value);
        if (s->begins_anew) note_cut(s, ACTI_TABLE_CHECKPOINTS, key);
    } else if (acti_row_is_of(key, ACTI_TABLE_PARKED)) { /* the key ends with the event's position */
        *wanted_out = key.size > 8 && acti_get_be64(key.data + key.size - 8) <= s->rebuild->position;
        s->rebuild->table_rows_dropped += !*wanted_out;
    } else if (acti_row_is_of(key, ACTI_TABLE_READERS)) { /* what operators said holds */
        if (s->begins_anew) note_cut(s, ACTI_TABLE_READERS, key);
    } else if (is_cut && is_kept_schema(key)) {
        *wanted_out = false; /* comes later */
    } else if (s->rebuild->to_damage && is_kept_schema(key)) {
        return acti_rebuild_schema_fits(s->rebuild, key, *value, wanted_out, error);
    } else if (acti_row_is_of(key, ACTI_TABLE_NOTES)) {
        return ACTA_OK;
    } else if (is_cut || (s->begins_anew && is_made_of_log(key))) {
        *wanted_out = false;
        s->rebuild->table_rows_dropped++;
    }
    return ACTA_OK;
}

/* -- all rows -- */

acta_status
acti_rebuild_put_row(acti_rebuild *rebuild, acta_store *to, acta_bytes key, acta_bytes value, acta_error *error)
{
    to->engine->ops->batch_put(to->committer.batch, ACTI_TABLES, key, value);
    rebuild->rows_kept++;
    return to->engine->ops->batch_bytes(to->committer.batch) < ACTI_REBUILD_BATCH_BYTES ? ACTA_OK
                                                                                        : write_rows(to, error);
}

static acta_status
take_row(sorting *s, acta_bytes key, acta_bytes value, acta_error *error)
{
    bool wanted;
    acta_status status = judge_row(s, key, &value, &wanted, error);

    if (status != ACTA_OK || !wanted) return status;
    return acti_rebuild_put_row(s->rebuild, s->to, key, value, error);
}

/* From one end to the other, or to what can't be read. */
static acta_status
take_rows(sorting *s, bool backward, bool *stopped_out, acta_error *error)
{
    const acti_engine_ops *ops = s->rebuild->from->ops;
    acti_range range = { .from = acta_bytes_from((const uint8_t *)"", 0), .backward = backward, .scan = true };
    acti_engine_iterator *iterator = NULL;
    acta_bytes key, value;
    acta_status status = ops->iterator_open(s->rebuild->from, ACTI_TABLES, &range, &iterator, error);

    *stopped_out = false;
    while (status == ACTA_OK) {
        status = ops->iterator_next(iterator, &key, &value, error);
        if (status != ACTA_OK && status != ACTA_NOT_FOUND && s->rebuild->to_damage) {
            *stopped_out = true;
            status = ACTA_NOT_FOUND;
        }
        if (status == ACTA_OK) status = take_row(s, key, value, error);
    }
    if (iterator != NULL) ops->iterator_close(iterator);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* Rows were lost on the way here, and those that came before that was known have been taken. */
static acta_status
make_anew(sorting *s, acta_error *error)
{
    const acti_engine_ops *ops = s->to->engine->ops;
    acti_range range = { .from = acta_bytes_from((const uint8_t *)"", 0), .scan = true };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    acta_status status = write_rows(s->to, error);

    if (status == ACTA_OK) status = ops->iterator_open(s->to->engine, ACTI_TABLES, &range, &iterator, error);
    if (status != ACTA_OK) return status;
    while ((status = ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK) {
        if (acti_row_is_of(key, ACTI_TABLE_CHECKPOINTS)) note_cut(s, ACTI_TABLE_CHECKPOINTS, key);
        if (acti_row_is_of(key, ACTI_TABLE_READERS)) note_cut(s, ACTI_TABLE_READERS, key);
        if (!is_made_of_log(key)) continue;
        ops->batch_delete(s->to->committer.batch, ACTI_TABLES, key);
        s->rebuild->rows_kept--;
        s->rebuild->table_rows_dropped++;
    }
    ops->iterator_close(iterator);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* A reader that has no checkpoint now may have had one. */
static void
note_lost(const sorting *s)
{
    uint8_t room[sizeof ACTI_TABLE_LOST + sizeof "repair"], position[8];

    acti_put_le64(position, s->rebuild->position);
    s->to->engine->ops->batch_put(s->to->committer.batch, ACTI_TABLES,
        acti_row_key(room, ACTI_TABLE_LOST, acta_str_bytes(acta_str_of("repair"))),
        acta_bytes_from(position, sizeof position));
}

static acta_status
take_schemas(const sorting *s, acta_error *error)
{
    const acti_engine_ops *ops = s->rebuild->from->ops;
    acti_range range = { .from = acta_str_bytes(acta_str_of(ACTI_META_SCHEMA)),
        .to = acta_str_bytes(acta_str_of("schema;")) };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    acta_status status = ops->iterator_open(s->rebuild->from, ACTI_META, &range, &iterator, error);

    if (status != ACTA_OK) return status;
    while ((status = ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK)
        s->to->engine->ops->batch_put(s->to->committer.batch, ACTI_META, key, value);
    ops->iterator_close(iterator);
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    s->rebuild->rows_were_lost = true;
    return s->rebuild->to_damage ? ACTA_OK : status;
}

/* What lacks rows still lacks them. */
static acta_status
take_unfinished(const sorting *s, acta_error *error)
{
    const acta_bytes key = acta_str_bytes(acta_str_of(ACTI_META_IMPORT));
    acti_value value;
    acta_status status = s->rebuild->from->ops->get(s->rebuild->from, ACTI_META, key, &value, error);

    if (status != ACTA_OK) return status == ACTA_NOT_FOUND || s->rebuild->to_damage ? ACTA_OK : status;
    s->to->engine->ops->batch_put(s->to->committer.batch, ACTI_META, key, value.bytes);
    s->rebuild->from->ops->release(s->rebuild->from, &value);
    return ACTA_OK;
}

acta_status
acti_rebuild_rows(acti_rebuild *rebuild, acta_store *to, acta_error *error)
{
    sorting s = { .rebuild = rebuild, .to = to, .begins_anew = is_short(rebuild) || rebuild->rows_were_lost };
    bool stopped, backward_stopped;

    to->engine->ops->batch_clear(to->committer.batch);
    acta_status status = take_rows(&s, false, &stopped, error);
    if (status == ACTA_OK && stopped) status = take_rows(&s, true, &backward_stopped, error);
    if (stopped) rebuild->rows_were_lost = true;
    if (status == ACTA_OK && rebuild->rows_were_lost && !s.begins_anew) status = make_anew(&s, error);
    if (status == ACTA_OK && rebuild->rows_were_lost) note_lost(&s);
    if (status == ACTA_OK && is_cut_off(rebuild)) status = acti_rebuild_schemas(rebuild, to, error);
    if (status == ACTA_OK) status = take_schemas(&s, error);
    if (status == ACTA_OK) status = take_unfinished(&s, error);
    return status == ACTA_OK ? write_rows(to, error) : status;
}
