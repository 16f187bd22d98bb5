/*
 * Verify: the run, marks and meta, and the summary.
 *
 * The store is opened to read only, so it may be in use: what is verified then is the store as it is at this moment. The
 * marks are read first, since a live log only goes on from there.
 */
#include "verify.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "acta/crc.h"

#include "served.h"

enum { DAMAGE_SHOWN = 20, OPEN_TRIES = 3 };

static const char *const family_names[FAMILY_COUNT] = { "log", "index", "streams", "types", "tables", "default" };

void
damaged(verify *v, const char *format, ...)
{
    char text[ACTA_ERROR_TEXT_MAX];

    if (++v->damage_count > DAMAGE_SHOWN) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fputs("damage: ", stdout);
    put_shown(acta_str_of(text)); /* names are as they lie there */
    putchar('\n');
}

/* -- reading -- */

rocksdb_iterator_t *
scan(verify *v, family in)
{
    return rocksdb_create_iterator_cf(v->db, v->scan_options, v->families[in]);
}

bool
entry_at(verify *v, family in, rocksdb_iterator_t *iterator, entry *out)
{
    char *said = NULL;

    if (rocksdb_iter_valid(iterator)) {
        out->key = (const uint8_t *)rocksdb_iter_key(iterator, &out->key_size);
        out->value = (const uint8_t *)rocksdb_iter_value(iterator, &out->value_size);
        return true;
    }
    rocksdb_iter_get_error(iterator, &said);
    if (said != NULL) {
        damaged(v, "family %s can't be read to its end: %s", family_names[in], said);
        rocksdb_free(said);
    }
    return false;
}

uint8_t *
get(verify *v, family in, const void *key, size_t key_size, size_t *size_out)
{
    char *said = NULL;
    char *value = rocksdb_get_cf(v->db, v->get_options, v->families[in], key, key_size, size_out, &said);

    if (said != NULL) {
        damaged(v, "family %s can't be read: %s", family_names[in], said);
        rocksdb_free(said);
    }
    return (uint8_t *)value;
}

/* -- marks and meta -- */

static bool
read_marks(verify *v)
{
    char file[4096];
    uint8_t slot[64];

    snprintf(file, sizeof file, "%s/acta.mark", v->path);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    for (int i = 0; i < 2; i++) {
        if (pread(fd, slot, sizeof slot, i * 4096) != (ssize_t)sizeof slot) continue;
        if (memcmp(slot, "ACTAMARK", 8) != 0 || acta_crc32c(0, slot, 60) != little(slot + 60, 4)) continue;
        v->sound_marks++;
        if (little(slot + 16, 8) <= v->mark_turn) continue;
        v->mark_turn = little(slot + 16, 8);
        v->mark_position = little(slot + 24, 8);
        v->mark_batch = little(slot + 32, 8);
        memcpy(v->store_id, slot + 40, sizeof v->store_id);
    }
    close(fd);
    return true;
}

static void
verify_format(verify *v)
{
    size_t size = 0;
    uint8_t *format = get(v, META, "format", 6, &size);

    if (format == NULL || size != 32 || acta_crc32c(0, format, 28) != little(format + 28, 4)) {
        damaged(v, "the record of the format is %s", format == NULL ? "missing" : "damaged");
    } else {
        v->format = little(format, 4);
        v->made_at_us = (int64_t)little(format + 20, 8);
        if (v->format < 1 || v->format > 3) damaged(v, "format %" PRIu64 ", this program knows 1 to 3", v->format);
        if (v->mark_turn > 0 && memcmp(v->store_id, format + 4, 16) != 0) damaged(v, "the marks are of another store");
    }
    if (format != NULL) rocksdb_free(format);

    uint8_t *verified = get(v, META, "verified", 8, &size);
    if (verified == NULL || size != 20 || acta_crc32c(0, verified, 16) != little(verified + 16, 4)) {
        damaged(v, "the record of the verified point is %s", verified == NULL ? "missing" : "damaged");
    } else {
        v->verified_position = little(verified, 8);
        v->verified_batch = little(verified + 8, 8);
    }
    if (verified != NULL) rocksdb_free(verified);
}

static void
verify_batch(verify *v, const entry *e)
{
    uint64_t batch = big(e->key + 1);

    if (v->batches > 0 && batch != v->batch + 1)
        damaged(v, "batches %" PRIu64 " to %" PRIu64 " are missing", v->batch + 1, batch - 1);
    if (v->batches == 0 && batch > v->verified_batch)
        damaged(v, "batch %" PRIu64 ", the verified one, is missing", v->verified_batch);
    if (e->value_size != 24 || acta_crc32c(0, e->value, 20) != little(e->value + 20, 4)) {
        damaged(v, "the record of batch %" PRIu64 " is damaged", batch);
    } else {
        uint64_t position = little(e->value, 8), events = little(e->value + 16, 4);
        if (v->batches > 0 && position != v->batch_position + events)
            damaged(v, "batch %" PRIu64 ": %" PRIu64 " events end at position %" PRIu64 ", the one before at %" PRIu64,
                batch, events, position, v->batch_position);
        v->batch_position = position;
    }
    v->batch = batch;
    v->batches++;
}

static void
verify_meta(verify *v)
{
    rocksdb_iterator_t *iterator = scan(v, META);
    entry e;

    verify_format(v);
    for (rocksdb_iter_seek_to_first(iterator); entry_at(v, META, iterator, &e); rocksdb_iter_next(iterator)) {
        if (e.key_size == 9 && e.key[0] == 'b')
            verify_batch(v, &e);
        else if (e.key_size >= 7 && memcmp(e.key, "schema:", 7) == 0)
            v->compared_schemas++;
        else if (e.key_size == 6 && memcmp(e.key, "import", 6) == 0)
            damaged(v, "rows of an import have not all come; begin that import again");
    }
    rocksdb_iter_destroy(iterator);
}

/* Do log, batches, verified point and mark end where they must? */
static void
compare_ends(verify *v)
{
    if (v->sound_marks == 0) damaged(v, "neither of the two marks is sound");
    if (v->mark_position > v->position)
        damaged(
            v, "the log ends at position %" PRIu64 ", it was durable up to %" PRIu64, v->position, v->mark_position);
    if (v->mark_batch > v->batch)
        damaged(v, "the store ends at batch %" PRIu64 ", it was durable up to %" PRIu64, v->batch, v->mark_batch);
    if (v->verified_position > v->position)
        damaged(v, "the log ends at position %" PRIu64 ", it was verified up to %" PRIu64, v->position,
            v->verified_position);
    if (v->batch_position != v->position)
        damaged(v, "the log ends at position %" PRIu64 ", the last batch at %" PRIu64, v->position, v->batch_position);
}

/* -- the summary -- */

/* A number with its thousands apart, in one of a few rooms. */
static const char *
grouped(uint64_t number)
{
    static char rooms[8][32];
    static unsigned next;
    char *room = rooms[next++ % 8], digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
    char *out = room;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return room;
}

static const char *
when(int64_t time_us, char *room, size_t size)
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm utc;

    if (gmtime_r(&seconds, &utc) == NULL || strftime(room, size, "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
        snprintf(room, size, "%" PRId64 " us", time_us);
    return room;
}

static void
print_summary(const verify *v)
{
    char first[40], last[40], made[40];
    size_t streams = v->streams.count == 0 ? 0 : v->streams.count - 1;
    size_t types = v->types.count == 0 ? 0 : v->types.count - 1;

    printf("store        %s\n", v->path);
    printf("format       %" PRIu64 ", made %s\n", v->format, when(v->made_at_us, made, sizeof made));
    printf("events       %s, of which %s stubs; %s bytes of payload\n", grouped(v->position), grouped(v->stubs),
        grouped(v->payload_bytes));
    if (v->position > 0)
        printf("recorded     %s to %s\n", when(v->first_recorded_us, first, sizeof first),
            when(v->last_recorded_us, last, sizeof last));
    printf("streams      %s, of %s types of events\n", grouped(streams), grouped(types));
    printf("index        %s events in %s entries", grouped(v->index_events), grouped(v->index_entries));
    if (v->copies > 0) printf(", %s copies of events", grouped(v->copies));
    putchar('\n');
    if (v->is_chained) {
        printf("chain        ");
        for (int i = 0; i < ACTA_DIGEST_SIZE; i++)
            printf("%02x", v->chain.bytes[i]);
        putchar('\n');
    }
    printf("rows         %s in %s tables; %s outcomes, %s snapshots, %s checkpoints\n", grouped(v->rows),
        grouped(v->tables), grouped(v->outcomes), grouped(v->snapshots), grouped(v->checkpoints));
    if (v->indexes > 0) printf("read models  %s entries in %s indexes\n", grouped(v->index_rows), grouped(v->indexes));
    if (v->schema_types > 0)
        printf("schemas      %s kept, of %s types of events\n", grouped(v->schemas), grouped(v->schema_types));
    printf("batches      %s told, the last is %s", grouped(v->batches), grouped(v->batch));
    if (v->compared_schemas > 0) printf("; opened by %s schemas alone", grouped(v->compared_schemas));
    putchar('\n');
    printf("mark         position %s, batch %s; %" PRIu32 " of 2 slots sound\n", grouped(v->mark_position),
        grouped(v->mark_batch), v->sound_marks);
    if (v->damage_count > DAMAGE_SHOWN) printf("damage       %s more\n", grouped(v->damage_count - DAMAGE_SHOWN));
    printf("verdict      %s\n", v->damage_count == 0 ? "sound" : "DAMAGED");
}

/* -- the run -- */

static char *
try_open(verify *v)
{
    const rocksdb_options_t *options[FAMILY_COUNT];
    char *said = NULL;

    for (int i = 0; i < FAMILY_COUNT; i++)
        options[i] = v->options;
    v->db = rocksdb_open_for_read_only_column_families(
        v->options, v->path, FAMILY_COUNT, family_names, options, v->families, 0, &said);
    return said;
}

/* A live store may delete a file between our reading of the list and of the file: then look again. */
static bool
open_store(verify *v)
{
    char *said = NULL;

    v->options = rocksdb_options_create();
    rocksdb_options_set_info_log_level(v->options, 4);
    rocksdb_options_set_paranoid_checks(v->options, 1);
    v->get_options = rocksdb_readoptions_create();
    v->scan_options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_readahead_size(v->scan_options, 2 << 20);
    rocksdb_readoptions_set_fill_cache(v->scan_options, 0);
    for (int i = 0; i < OPEN_TRIES; i++) {
        said = try_open(v);
        if (said == NULL) return true;
        if (i + 1 < OPEN_TRIES) rocksdb_free(said);
    }
    fprintf(stderr, "acta: cannot open the store '%s': %s\n", v->path, said);
    rocksdb_free(said);
    v->db = NULL;
    return false;
}

static void
close_store(verify *v)
{
    for (int i = 0; v->db != NULL && i < FAMILY_COUNT; i++)
        rocksdb_column_family_handle_destroy(v->families[i]);
    if (v->db != NULL) rocksdb_close(v->db);
    rocksdb_options_destroy(v->options);
    rocksdb_readoptions_destroy(v->get_options);
    rocksdb_readoptions_destroy(v->scan_options);
    free_names(&v->streams);
    free_names(&v->types);
    free(v->seen.items);
}

int
verify_store(const char *path)
{
    verify v = { .path = path, .last_recorded_us = INT64_MIN };

    if (!read_marks(&v)) {
        fprintf(stderr, "acta: there is no store in '%s': it has no readable file 'acta.mark'\n", path);
        return 1;
    }
    bool opened = open_store(&v);
    if (opened) {
        verify_meta(&v);
        verify_index_end(&v);
        verify_log(&v);
        verify_index(&v);
        verify_names(&v);
        verify_tables(&v);
        verify_indexes(&v);
        verify_schemas(&v);
        compare_ends(&v);
        print_summary(&v);
    }
    close_store(&v);
    return opened && v.damage_count == 0 ? 0 : 1;
}
