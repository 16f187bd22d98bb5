/*
 * Give a fuzzer's function the files named on the command line, as libFuzzer would: what a fuzzer has once found stays
 * found, in every build, without libFuzzer. A defect shows as a crash, or as a sanitizer's report.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

static int
replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *room = malloc(INPUT_MAX), *data = NULL;
    size_t size = file != NULL && room != NULL ? fread(room, 1, INPUT_MAX, file) : 0;

    if (size > 0) data = realloc(room, size); /* its own block: the sanitizer sees a byte too far */
    if (file != NULL) fclose(file);
    if (data == NULL) {
        free(room);
        fprintf(stderr, "'%s' can't be read, or is empty\n", path);
        return EXIT_FAILURE;
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    printf("%s: %zu bytes\n", path, size);
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    int status = argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;

    for (int i = 1; i < argc; i++)
        if (replay(argv[i]) != EXIT_SUCCESS) status = EXIT_FAILURE;
    return status;
}
