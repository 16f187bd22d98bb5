/*
 * actac --bfbs FILE.bfbs --schema FILE.fbs [--old FILE.v1.fbs --old-bfbs FILE.v1.bfbs]... --out-dir DIR
 *
 * Writes FILE.acta.h and FILE.acta.c. Exit status: 0 made, 1 an error in the schema or with a file, 2 usage.
 */
#include "internal.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: actac --bfbs FILE.bfbs --schema FILE.fbs [--old FILE.v1.fbs --old-bfbs FILE.v1.bfbs]... --out-dir DIR\n"
    "\n"
    "Make C from a FlatBuffers schema: FILE.acta.h and FILE.acta.c in DIR.\n"
    "\n"
    "  --bfbs FILE.bfbs   the binary schema: flatc --binary --schema --bfbs-comments --bfbs-builtins FILE.fbs\n"
    "  --schema FILE.fbs  its text, for the order of things and the places of errors\n"
    "  --old FILE.v1.fbs, --old-bfbs FILE.v1.bfbs\n"
    "                     a schema of before, with version 1 of events that have a (version: 2) now, or are gone: for\n"
    "                     each an upcaster leads on to the new ones. Once for each version\n"
    "  --out-dir DIR      where to write; must exist\n"
    "  --help             this text\n"
    "\n"
    "Errors go to stderr as FILE.fbs:line:column: what is wrong, what was expected, what to do.\n"
    "Exit status: 0 made, 1 an error in the schema or with a file, 2 usage.\n";

enum { OLD_MAX = 64, FILE_MAX = 64 << 20 };

typedef struct options {
    const char *bfbs;
    const char *schema;
    const char *out_dir;
    const char *old[OLD_MAX];
    const char *old_bfbs[OLD_MAX];
    uint32_t old_count, old_bfbs_count;
} options;

static bool
read_file(const char *path, acti_arena *arena, char **bytes_out, size_t *size_out)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    long size = -1;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    if (size > FILE_MAX) errno = EFBIG;
    if (size >= 0 && size <= FILE_MAX && fseek(file, 0, SEEK_SET) == 0) {
        bytes = arena_alloc(arena, (size_t)size + 1);
        if (fread(bytes, 1, (size_t)size, file) != (size_t)size) bytes = NULL;
    }
    if (bytes == NULL)
        fprintf(stderr, "actac: cannot read '%s': %s\n", path, errno != 0 ? strerror(errno) : "cut short");
    if (file != NULL) fclose(file);
    *bytes_out = bytes;
    *size_out = bytes != NULL ? (size_t)size : 0;
    return bytes != NULL;
}

/* What `put` writes goes to a file beside the final one first, so that no half file is ever found there. */
static bool
write_file(
    const acti_model *m, const char *path, void (*put)(const acti_model *, FILE *, acti_arena *), acti_arena *arena)
{
    const char *beside = arena_format(arena, "%s.new", path);
    remove(beside);                   /* of one that was killed; or a link that somebody else has put there */
    FILE *file = fopen(beside, "wx"); /* which would follow none */
    bool written = file != NULL;

    if (written) {
        put(m, file, arena);
        written = !ferror(file);
        written = fclose(file) == 0 && written;
        written = written && rename(beside, path) == 0;
    }
    if (!written) {
        fprintf(stderr, "actac: cannot write '%s': %s\n", path, strerror(errno));
        remove(beside);
    }
    return written;
}

/* "bank" of "examples/bank/bank.fbs". */
static const char *
stem_of(const char *path, acti_arena *arena)
{
    const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    const char *dot = strrchr(name, '.');
    return arena_copy(arena, name, dot != NULL ? (size_t)(dot - name) : strlen(name));
}

/* False: said why. */
static bool
read_model(const char *schema, const char *bfbs, acti_model *m, acti_arena *arena)
{
    char *text, *binary;
    size_t text_size;

    if (!read_file(schema, arena, &text, &text_size)) return false;
    if (!read_file(bfbs, arena, &binary, &m->binary.size)) return false;
    m->binary.bytes = (const uint8_t *)binary;
    m->stem = stem_of(schema, arena);
    scan_text(text, arena, &m->text);
    if (model_make(m, arena)) return true;
    if (m->binary.has_long_name)
        fprintf(stderr, "actac: '%s' has a name of more than 255 bytes\n", bfbs);
    else if (m->table_total + m->enum_total > TYPES_MAX)
        fprintf(stderr, "actac: '%s' has %u types; at most %d are carried\n", bfbs, m->table_total + m->enum_total,
            TYPES_MAX);
    else
        fprintf(stderr, "actac: '%s' is no binary schema; make it with flatc --binary --schema\n", bfbs);
    return false;
}

/* False: said why. */
static bool
read_old(const char *schema, const char *bfbs, const acti_model *m, acti_model *old, acti_arena *arena)
{
    acti_errors e = { .file = schema, .arena = arena };

    *old = (acti_model){ .file = schema, .version = upcast_version(schema) };
    if (old->version == 0) {
        fprintf(stderr, "actac: --old '%s' has no version in its name; call it such as '%s.v1.fbs'\n", schema, m->stem);
        return false;
    }
    old->infix = arena_format(arena, "v%u_", old->version);
    if (!read_model(schema, bfbs, old, arena)) return false;
    for (uint32_t i = 0; i < m->old_count; i++)
        if (m->olds[i].version == old->version)
            error_at(&e, (acti_place){ 1, 1 }, "'%s' is of version %u too; give one --old for each version",
                m->olds[i].file, old->version);
    upcast_reduce(m, old, &e);
    if (e.count == 0) model_check(old, &e);
    if (e.count == 0) names_check(old, &e);
    errors_print(&e, stderr);
    return e.count == 0;
}

/* The old schemas, by version. */
static bool
read_olds(const options *given, acti_model *m, acti_arena *arena)
{
    acti_errors collisions = { .file = given->schema, .arena = arena };
    bool is_good = true;

    m->olds = arena_alloc(arena, given->old_count * sizeof *m->olds);
    for (uint32_t i = 0; i < given->old_count; i++) {
        acti_model old;
        uint32_t place = m->old_count;
        if (!read_old(given->old[i], given->old_bfbs[i], m, &old, arena)) return false;
        for (; place > 0 && m->olds[place - 1].version > old.version; place--)
            m->olds[place] = m->olds[place - 1];
        m->olds[place] = old;
        m->old_count++;
    }
    for (uint32_t i = 0; i < m->old_count; i++) {
        acti_errors e = { .file = m->olds[i].file, .arena = arena };
        upcast_check_strays(m, &m->olds[i], &e);
        errors_print(&e, stderr);
        names_check_old(m, &m->olds[i], &collisions);
        is_good = is_good && e.count == 0;
    }
    errors_print(&collisions, stderr);
    return is_good && collisions.count == 0;
}

static int
compile(const options *given, acti_arena *arena)
{
    acti_model m = { 0 };
    acti_errors e = { .file = given->schema, .arena = arena };

    if (!read_model(given->schema, given->bfbs, &m, arena)) return 1;
    model_check(&m, &e);
    names_check(&m, &e);
    marks_check(&m, &e);
    upcast_check(&m, &e);
    errors_print(&e, stderr);
    if (e.count != 0 || !read_olds(given, &m, arena)) return 1;

    const char *base = arena_format(arena, "%s/%s.acta", given->out_dir, m.stem);
    if (!write_file(&m, arena_format(arena, "%s.h", base), put_header, arena)) return 1;
    return write_file(&m, arena_format(arena, "%s.c", base), put_source, arena) ? 0 : 1;
}

/* 0: go on; else the exit status plus one. */
static int
read_options(int argc, char **argv, options *out)
{
    static const struct option known[] = { { "bfbs", required_argument, NULL, 'b' },
        { "schema", required_argument, NULL, 's' }, { "out-dir", required_argument, NULL, 'o' },
        { "old", required_argument, NULL, 'v' }, { "old-bfbs", required_argument, NULL, 'w' },
        { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'b') {
            out->bfbs = optarg;
        } else if (option == 's') {
            out->schema = optarg;
        } else if (option == 'o') {
            out->out_dir = optarg;
        } else if (option == 'v' && out->old_count < OLD_MAX) {
            out->old[out->old_count++] = optarg;
        } else if (option == 'w' && out->old_bfbs_count < OLD_MAX) {
            out->old_bfbs[out->old_bfbs_count++] = optarg;
        } else if (option == 'h') {
            fputs(usage, stdout);
            return 1;
        } else {
            fputs("actac: try 'actac --help'\n", stderr);
            return 3;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "actac: unexpected '%s'; try 'actac --help'\n", argv[optind]);
        return 3;
    }
    if (out->bfbs == NULL || out->schema == NULL || out->out_dir == NULL) {
        fprintf(stderr, "actac: --%s is missing; try 'actac --help'\n",
            out->bfbs == NULL     ? "bfbs"
            : out->schema == NULL ? "schema"
                                  : "out-dir");
        return 3;
    }
    if (out->old_count != out->old_bfbs_count) {
        fprintf(stderr, "actac: there are %u --old and %u --old-bfbs; each old schema has both\n", out->old_count,
            out->old_bfbs_count);
        return 3;
    }
    return 0;
}

int
main(int argc, char **argv)
{
    options given = { 0 };
    acti_arena arena = { 0 };

    int ended = read_options(argc, argv, &given);
    if (ended != 0) return ended - 1;
    int status = compile(&given, &arena);
    arena_free(&arena);
    return status;
}
