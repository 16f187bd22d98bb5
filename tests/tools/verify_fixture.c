/*
 * Stores to verify, as verify_fixture.h says.
 */
#include "verify_fixture.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acta/crc.h"

static const char *acta_path, *golden_path;

bool
verify_begin(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s ACTA GOLDEN\n", argv[0]);
        return false;
    }
    acta_path = argv[1];
    golden_path = argv[2];
    return true;
}

/* -- a copy of the golden store, and the command's output -- */

static void
copy_file(const char *from, const char *to)
{
    char bytes[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t size;

    assert_non_null(in);
    assert_non_null(out);
    while ((size = fread(bytes, 1, sizeof bytes, in)) > 0)
        assert_int_equal(size, fwrite(bytes, 1, size, out));
    fclose(in);
    assert_int_equal(0, fclose(out));
}

static int
set_up_copy(void **state, const char *golden)
{
    fixture *f = calloc(1, sizeof *f);
    DIR *directory = opendir(golden);
    struct dirent *entry;

    assert_true(scratch_make(f->directory, "/tmp", "verify"));
    snprintf(f->path, sizeof f->path, "%s/data", f->directory);
    assert_int_equal(0, mkdir(f->path, 0777));
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        char from[600], to[400];
        if (entry->d_name[0] == '.') continue;
        snprintf(from, sizeof from, "%s/%s", golden, entry->d_name);
        snprintf(to, sizeof to, "%s/%s", f->path, entry->d_name);
        copy_file(from, to);
    }
    closedir(directory);
    *state = f;
    return 0;
}

int
set_up(void **state)
{
    return set_up_copy(state, golden_path);
}

int
set_up_pages(void **state)
{
    char golden[512];
    snprintf(golden, sizeof golden, "%s-2", golden_path);
    return set_up_copy(state, golden);
}

int
set_up_copies(void **state)
{
    char golden[512];
    snprintf(golden, sizeof golden, "%s-3", golden_path);
    return set_up_copy(state, golden);
}

static int
remove_one(const char *path, const struct stat *found, int kind, struct FTW *where)
{
    (void)found;
    (void)kind;
    (void)where;
    return remove(path);
}

int
tear_down(void **state)
{
    fixture *f = *state;

    nftw(f->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

/* Run the command; both its outputs go to f->output. */
void
run(fixture *f, const char *arguments)
{
    char line[512];
    snprintf(line, sizeof line, "'%s' %s 2>&1", acta_path, arguments);
    FILE *pipe = popen(line, "r");

    assert_non_null(pipe);
    size_t size = fread(f->output, 1, sizeof f->output - 1, pipe);
    f->output[size] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    f->status = WEXITSTATUS(status);
}

void
run_verify(fixture *f)
{
    char arguments[128];
    snprintf(arguments, sizeof arguments, "verify %s", f->path);
    run(f, arguments);
}

void
expect_output(fixture *f, const char *text)
{
    if (strstr(f->output, text) == NULL) fail_msg("'%s' is not in:\n%s", text, f->output);
}

size_t
count_damage(const fixture *f)
{
    size_t count = 0;
    for (const char *at = f->output; (at = strstr(at, "damage: ")) != NULL; at++)
        count++;
    return count;
}

/* Damage was found, of `count` pieces, `text` being one of them. */
void
expect_damage(fixture *f, size_t count, const char *text)
{
    run_verify(f);
    expect_output(f, text);
    if (count_damage(f) != count)
        fail_msg("%zu pieces of damage, expected %zu:\n%s", count_damage(f), count, f->output);
    expect_output(f, "verdict      DAMAGED");
    assert_int_equal(f->status, 1);
}

/* -- changing a store behind its back -- */

static const char *const family_names[FAMILIES] = { "default", "log", "index", "streams", "types", "tables" };

raw_store
raw_open(fixture *f)
{
    raw_store raw = { .options = rocksdb_options_create(),
        .write_options = rocksdb_writeoptions_create(),
        .read_options = rocksdb_readoptions_create() };
    const rocksdb_options_t *options[FAMILIES];
    char *said = NULL;

    for (int i = 0; i < FAMILIES; i++)
        options[i] = raw.options;
    raw.db = rocksdb_open_column_families(raw.options, f->path, FAMILIES, family_names, options, raw.families, &said);
    if (said != NULL) fail_msg("%s", said);
    return raw;
}

void
raw_close(raw_store *raw)
{
    for (int i = 0; i < FAMILIES; i++)
        rocksdb_column_family_handle_destroy(raw->families[i]);
    rocksdb_close(raw->db);
    rocksdb_options_destroy(raw->options);
    rocksdb_writeoptions_destroy(raw->write_options);
    rocksdb_readoptions_destroy(raw->read_options);
}

void
put(fixture *f, int family, const void *key, size_t key_size, const void *value, size_t size)
{
    raw_store raw = raw_open(f);
    char *said = NULL;

    rocksdb_put_cf(raw.db, raw.write_options, raw.families[family], key, key_size, value, size, &said);
    assert_null(said);
    raw_close(&raw);
}

void
remove_key(fixture *f, int family, const void *key, size_t key_size)
{
    raw_store raw = raw_open(f);
    char *said = NULL;

    rocksdb_delete_cf(raw.db, raw.write_options, raw.families[family], key, key_size, &said);
    assert_null(said);
    raw_close(&raw);
}

/* Flip a bit of a stored value; with `repair` the sums of a record are made right again. */
void
flip(fixture *f, int family, const void *key, size_t key_size, size_t at, bool repair)
{
    raw_store raw = raw_open(f);
    char *said = NULL;
    size_t size;
    char *value = rocksdb_get_cf(raw.db, raw.read_options, raw.families[family], key, key_size, &size, &said);
    uint8_t *bytes = (uint8_t *)value;

    assert_non_null(value);
    assert_true(at < size);
    bytes[at] ^= 1;
    if (repair) { /* all of golden's records that are changed so store no names */
        uint32_t crc = acta_crc32c(0, bytes + 152, size - 152);
        memcpy(bytes + 4, &crc, 4);
        crc = acta_crc32c(0, bytes + 4, 148);
        memcpy(bytes, &crc, 4);
    }
    rocksdb_put_cf(raw.db, raw.write_options, raw.families[family], key, key_size, value, size, &said);
    assert_null(said);
    rocksdb_free(value);
    raw_close(&raw);
}
