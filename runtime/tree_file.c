/*
 * A whole file as text: the only place of the runtime that opens one. Reads at most one byte more than is wanted, so
 * that a file that never ends is too large as well.
 */
#include "tree_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static acta_status
read_all(int file, const char *path, char *into, size_t size, size_t *read_out, acta_error *error)
{
    *read_out = 0;
    while (*read_out < size) {
        ssize_t count = read(file, into + *read_out, size - *read_out);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return acta_error_set(error, ACTA_IO, "cannot read '%s': %s", path, strerror(errno));
        if (count == 0) break;
        *read_out += (size_t)count;
    }
    return ACTA_OK;
}

acta_status
acti_tree_read_file(const char *path, acta_memory *memory, size_t size_max, acta_str *text_out, acta_error *error)
{
    char *text = acta_memory_alloc(memory, size_max + 1);
    size_t size;

    if (text == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to read '%s'", path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return acta_error_set(error, ACTA_IO, "cannot open '%s': %s", path, strerror(errno));
    acta_status status = read_all(file, path, text, size_max + 1, &size, error);
    close(file);
    if (status != ACTA_OK) return status;
    *text_out = acta_str_from(text, size);
    return ACTA_OK;
}
