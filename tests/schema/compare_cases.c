/*
 * Schemas in text become binary by flatc, in a directory that is removed afterwards.
 */
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compare_cases.h"

#define PRELUDE                                                                                                        \
    "attribute \"event\"; attribute \"state\"; attribute \"command\"; attribute \"read_model\"; "                      \
    "attribute \"version\"; attribute \"identity\"; attribute \"personal\"; attribute \"tag\"; attribute \"unique\"; " \
    "attribute \"redacted\"; attribute \"rejection\"; attribute \"process_manager\"; attribute \"index\"; namespace "  \
    "t;"

static char *flatc;
static char directory[] = "/tmp/acta-compare-XXXXXX";

/* -- binary schemas -- */

acta_bytes
binary_of(const char *text, const char *name, acta_memory *memory)
{
    extern char **environ;
    char source[64], binary[64];
    int status;
    pid_t pid;

    snprintf(source, sizeof source, "%s/%s.fbs", directory, name);
    snprintf(binary, sizeof binary, "%s/%s.bfbs", directory, name);
    FILE *file = fopen(source, "w");
    assert_non_null(file);
    fprintf(file, PRELUDE "%s\n", text);
    assert_int_equal(fclose(file), 0);
    char *arguments[] = { flatc, (char[]){ "--binary" }, (char[]){ "--schema" }, (char[]){ "--bfbs-builtins" },
        (char[]){ "-o" }, directory, source, NULL };
    assert_int_equal(posix_spawn(&pid, flatc, NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0) fail_msg("flatc refuses: %s", text);

    uint8_t *bytes = acta_memory_alloc(memory, 1 << 16);
    file = fopen(binary, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, 1 << 16, file);
    fclose(file);
    unlink(source);
    unlink(binary);
    return acta_bytes_from(bytes, size);
}

/* -- what was told, a line each -- */

static void
write_down(void *user, const acta_schema_change *change)
{
    char *told = user, line[512];

    snprintf(line, sizeof line, ACTA_FMT "%s" ACTA_FMT " %s\n", ACTA_ARG(change->table),
        change->member.size != 0 ? "." : "", ACTA_ARG(change->member), change->text);
    strcat(told, line);
}

void
expect(const char *before, const char *after, const char *expected)
{
    acta_memory *memory = acta_memory_create(NULL);
    char told[4096] = "";
    acta_error error;

    acta_status status = acta_schema_compare(
        binary_of(before, "before", memory), binary_of(after, "after", memory), write_down, told, &error);
    if (strcmp(told, expected) != 0)
        fail_msg("from: %s\nto: %s\nsaid: %s\nbut it should be: %s", before, after, told, expected);
    assert_int_equal(status, expected[0] == '\0' ? ACTA_OK : ACTA_SCHEMA_MISMATCH);
    if (status != ACTA_OK) { /* the error is the first of them */
        const char *rest = strstr(error.text, "' ");
        assert_non_null(rest);
        assert_memory_equal(told, error.where, strlen(error.where));
        assert_memory_equal(told + strlen(error.where) + 1, rest + 2, strlen(rest + 2));
    }
    acta_memory_destroy(memory);
}

void
begin_comparisons(int argc, char **argv)
{
    assert_int_equal(argc, 2);
    flatc = argv[1];
    assert_non_null(mkdtemp(directory));
}

int
end_comparisons(int result)
{
    rmdir(directory);
    return result;
}
